"""Contrastive training of a sentence encoder on the texts of a union.

Gao, Yao and Chen, "SimCSE: Simple Contrastive Learning of Sentence Embeddings", EMNLP 2021,
https://arxiv.org/abs/2104.08821. Unsupervised: two passes of a text under different dropout are a positive pair, the
other texts of the batch are negatives (equation 4).

Supervised adds the labels. These datasets have no entailment pairs, the paper's own supervision. The contrast of Khosla
et al. 2020 (https://arxiv.org/abs/2004.11362, equation 2) makes every text of a class a positive; its optimum is one
point per class (Graf et al. 2021, https://arxiv.org/abs/2102.08817), which we observed too. Borrowing only needs the
nearest texts to have the right label: `vote_loss` requires just that, and leaves the other texts of the class where
they are (neighbourhood component analysis, Goldberger et al., NIPS 2004).
"""

import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from pipeline.config.unions import SimcseConfig
from pipeline.labels.encoder import SentenceEncoder
from pipeline.labels.geometry import label_numbers, relations
from pipeline.labels.utterances import Utterance

_log = logging.getLogger(__name__)
_GRAD_NORM = 1.0
_LOG_EVERY = 10


@dataclass(frozen=True)
class Curve:
    """The loss, averaged over every ten steps."""

    steps: list[int]
    losses: list[float]


def train(encoder: SentenceEncoder, rows: Sequence[Utterance], settings: SimcseConfig) -> Curve:
    """Train an encoder in place; it is left in evaluation mode.

    Args:
        encoder: the encoder.
        rows: train rows with a text.
        settings: mode, temperature, steps.
    """
    torch.manual_seed(settings.seed)
    encoder.train()
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=settings.learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / settings.steps)
    curve, recent = Curve([], []), []
    selected = [row for row in rows if _is_trained_on(row, settings)]
    for step, batch in enumerate(_batches(selected, settings), 1):
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
    first: Float[Tensor, "batch width"], second: Float[Tensor, "batch width"], temperature: float
) -> Float[Tensor, ""]:
    """Cross-entropy of each text's other view among the other views of all texts.

    Args:
        first: one view of each text, as unit vectors.
        second: another view of each.
        temperature: divides cosines.
    """
    return functional.cross_entropy(first @ second.T / temperature, torch.arange(len(first)))


def vote_loss(
    first: Float[Tensor, "batch width"],
    second: Float[Tensor, "batch width"],
    labels: Int[Tensor, "batch fields"],
    temperature: float,
) -> Float[Tensor, ""]:
    """Negative log of the share of votes for texts with similar labels, averaged over texts that have both kinds.

    A vote has the weight exp(cosine / temperature). The text itself and texts with unknown relation do not vote.

    Args:
        first: one view of each text, as unit vectors.
        second: another view of each.
        labels: as `relations` takes them.
        temperature: divides cosines.
    """
    like, differ = relations(labels)
    like &= ~torch.eye(len(like), dtype=torch.bool)
    judged = like.any(dim=1) & differ.any(dim=1)
    scores = (first @ second.T / temperature)[judged]
    votes = scores.masked_fill(~(like | differ)[judged], -torch.inf).logsumexp(dim=1)
    won = scores.masked_fill(~like[judged], -torch.inf).logsumexp(dim=1)
    return (votes - won).sum() / max(1, len(scores))


def _loss(encoder: SentenceEncoder, batch: Sequence[Utterance], settings: SimcseConfig) -> Tensor:
    views = encoder.encode([row.text for row in batch] * 2, settings.max_tokens)
    first, second = views.chunk(2)
    loss = info_nce(first, second, settings.temperature)
    if settings.mode == "unsupervised":
        return loss
    labels = torch.from_numpy(label_numbers(batch))
    return loss + vote_loss(first, second, labels, settings.vote_temperature)


def _is_trained_on(row: Utterance, settings: SimcseConfig) -> bool:
    """Neutral rows neither lend nor borrow, so supervised training leaves them out."""
    return settings.mode == "unsupervised" or row.polarity != "neutral"


def _batches(rows: Sequence[Utterance], settings: SimcseConfig) -> Iterator[list[Utterance]]:
    """Batches of distinct texts, reshuffled by the seed after each pass."""
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
