"""Contrastive training of a sentence encoder on the texts of a union.

Gao, Yao and Chen, "SimCSE: Simple Contrastive Learning of Sentence Embeddings", EMNLP 2021,
https://arxiv.org/abs/2104.08821. Unsupervised: two passes of a text under different dropout are a positive pair, the
other texts of the batch are negatives (equation 4). Supervised: texts of like label are positives too, as in Khosla
et al. 2020, https://arxiv.org/abs/2004.11362, equation 2; the paper's own supervision, entailment pairs, is not to be
had from these datasets.
"""

import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from pipeline.config.unions import SimcseConfig
from pipeline.labels.encoder import SentenceEncoder, padded
from pipeline.labels.geometry import label_numbers
from pipeline.labels.utterances import Utterance

_log = logging.getLogger(__name__)
_GRAD_NORM = 1.0
_LOG_EVERY = 10


@dataclass(frozen=True)
class Curve:
    """How a training went: the loss averaged over each ten steps."""

    steps: list[int]
    losses: list[float]


def train(encoder: SentenceEncoder, rows: Sequence[Utterance], settings: SimcseConfig) -> Curve:
    """Train an encoder in place; it is left in evaluation mode.

    Args:
        encoder: what is trained.
        rows: train rows with a text.
        settings: mode, temperature, steps.
    """
    torch.manual_seed(settings.seed)
    encoder.train()
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=settings.learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / settings.steps)
    curve, recent = Curve([], []), []
    for step, batch in enumerate(_batches(rows, settings), 1):
        loss = _loss(encoder, batch, settings)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), _GRAD_NORM)
        optimiser.step()
        schedule.step()
        recent.append(loss.item())
        if step % _LOG_EVERY == 0 or step == settings.steps:
            curve.steps.append(step)
            curve.losses.append(round(sum(recent) / len(recent), 4))
            _log.info("step %d of %d: loss %.4f", step, settings.steps, curve.losses[-1])
            recent = []
    encoder.eval()
    return curve


def info_nce(
    first: Float[Tensor, "batch width"],
    second: Float[Tensor, "batch width"],
    positive: Bool[Tensor, "batch batch"],
    temperature: float,
) -> Float[Tensor, ""]:
    """Cross-entropy of each anchor's positives among all candidates, averaged over positives, then over anchors.

    Args:
        first: anchors of length one.
        second: candidates of length one; candidate i is another view of anchor i.
        positive: which candidates are an anchor's positives; at least one each.
        temperature: divides cosines.
    """
    log_shares = functional.log_softmax(first @ second.T / temperature, dim=1)
    return -((log_shares * positive).sum(dim=1) / positive.sum(dim=1)).mean()


def positives(labels: Int[Tensor, "batch fields"]) -> Bool[Tensor, "batch batch"]:
    """Pairs of like label: the same polarity, and no emotion of one taxonomy that differs; a text goes with itself.

    Args:
        labels: polarity, then one emotion per taxonomy; -1 where a row has none.
    """
    first, second = labels[:, None], labels[None, :]
    like = ((first == second) | (first < 0) | (second < 0)).all(dim=-1)
    return like | torch.eye(len(labels), dtype=torch.bool)


def _loss(encoder: SentenceEncoder, batch: Sequence[Utterance], settings: SimcseConfig) -> Tensor:
    encoded = encoder.token_ids([row.text for row in batch], settings.max_tokens)
    ids, mask = padded(encoded, encoder.padding)
    first, second = encoder(ids, mask), encoder(ids, mask)
    if settings.mode == "supervised":
        like = positives(torch.from_numpy(label_numbers(batch)))
    else:
        like = torch.eye(len(batch), dtype=torch.bool)
    return info_nce(first, second, like, settings.temperature)


def _batches(rows: Sequence[Utterance], settings: SimcseConfig) -> Iterator[list[Utterance]]:
    """Batches of different texts, in an order that the seed decides, over and over."""
    distinct = sorted({row.text: row for row in sorted(rows, key=lambda row: row.key, reverse=True)}.values(), key=_key)
    shuffle = random.Random(settings.seed)
    waiting: list[Utterance] = []
    size = min(settings.batch_size, len(distinct))
    for _ in range(settings.steps):
        if len(waiting) < size:
            waiting = shuffle.sample(distinct, len(distinct))
        batch, waiting = waiting[:size], waiting[size:]
        yield batch


def _key(row: Utterance) -> str:
    return row.key
