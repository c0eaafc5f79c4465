"""Batches of clips: grouped by length, trimmed to the longest clip, on the device of the model."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int64

from models._base import Batch
from pipeline.core.errors import StoreError
from pipeline.core.types import MODALITIES, Modality
from pipeline.packs.schema import PackSplit
from pipeline.training.seeding import derived_seed

#: Clips are shuffled, then sorted by length within pools of this many batches.
_POOL_BATCHES = 16
#: Share of the device's free memory that a split may take; a larger split is moved batch by batch.
_RESIDENT_SHARE = 0.4


@dataclass(frozen=True)
class ClipLengths:
    """Rows up to the last measured one, at least 1, per clip and modality."""

    text: Int64[np.ndarray, "clips"]
    audio: Int64[np.ndarray, "clips"]
    vision: Int64[np.ndarray, "clips"]

    @property
    def sort_key(self) -> Float64[np.ndarray, "clips"]:
        """Sum over the modalities of a clip's length relative to the longest clip's."""
        parts = (self.text, self.audio, self.vision)
        return np.sum([part / part.max() for part in parts], axis=0)


class ClipTensors:
    """One split as tensors; `take` gives trimmed batches."""

    def __init__(
        self,
        split: PackSplit,
        *,
        use: Collection[Modality] = MODALITIES,
        device: torch.device | None = None,
    ) -> None:
        """Convert a split.

        Args:
            split: the arrays; not changed.
            use: modalities that the model may see; the others are masked.
            device: of the batches; the split moves there if it fits.

        Raises:
            StoreError: the split is empty.
        """
        if len(split) == 0:
            raise StoreError("a split of the pack has no clips; train, valid and test each need at least one")
        self.device = device or torch.device("cpu")
        seen = {"text": split.text_bert[:, 1] > 0, "audio": split.audio_mask, "vision": split.vision_mask}
        masks = {name: mask if name in use else np.zeros_like(mask) for name, mask in seen.items()}
        self.lengths = ClipLengths(**{name: _last_true(mask) for name, mask in masks.items()})
        self._all = _to_batch(split, masks)
        if self.device.type != "cpu" and _fits(self._all, self.device):
            self._all = self._all.to(self.device)

    def __len__(self) -> int:
        """The number of clips."""
        return len(self._all)

    @property
    def ids(self) -> tuple[str, ...]:
        """Names of the clips."""
        return self._all.ids

    def take(self, clips: Int64[np.ndarray, "batch"]) -> Batch:
        """The clips of these indices, trimmed to their longest text, audio and vision."""
        all_clips = self._all
        index = torch.from_numpy(clips).to(all_clips.audio.device)
        text, audio, vision = (int(part[clips].max()) for part in vars(self.lengths).values())
        rows = text if all_clips.text.shape[1] == all_clips.text_mask.shape[1] else all_clips.text.shape[1]
        batch = Batch(
            ids=_pick(all_clips.ids, clips),
            raw_text=_pick(all_clips.raw_text, clips),
            token_ids=all_clips.token_ids[:, :text].index_select(0, index),
            token_types=all_clips.token_types[:, :text].index_select(0, index),
            text_mask=all_clips.text_mask[:, :text].index_select(0, index),
            text=all_clips.text[:, :rows].index_select(0, index),
            audio=all_clips.audio[:, :audio].index_select(0, index),
            audio_mask=all_clips.audio_mask[:, :audio].index_select(0, index),
            vision=all_clips.vision[:, :vision].index_select(0, index),
            vision_mask=all_clips.vision_mask[:, :vision].index_select(0, index),
            labels={key: label.index_select(0, index) for key, label in all_clips.labels.items()},
            annotations=_pick(all_clips.annotations, clips),
        )
        return batch if all_clips.audio.device == self.device else batch.to(self.device)


def training_order(
    lengths: ClipLengths, batch_size: int, *, seed: int, epoch: int, visits: Int64[np.ndarray, "visits"] | None = None
) -> list[Int64[np.ndarray, "batch"]]:
    """Shuffled batches of clip indices for one epoch, clips of similar length together.

    The order depends on the arguments only.

    Args:
        lengths: of the clips.
        batch_size: clips per batch.
        seed: of the run.
        epoch: counted from 0.
        visits: the clips of this epoch, from `epoch_visits`; None: every clip once.
    """
    rng = np.random.default_rng(derived_seed(seed, epoch))
    shuffled = rng.permutation(np.arange(len(lengths.text)) if visits is None else visits)
    key = lengths.sort_key
    pool_size = batch_size * _POOL_BATCHES
    batches = []
    for start in range(0, len(shuffled), pool_size):
        pool = shuffled[start : start + pool_size]
        pool = pool[np.argsort(key[pool], kind="stable")]
        batches += [pool[first : first + batch_size] for first in range(0, len(pool), batch_size)]
    return [batches[index] for index in rng.permutation(len(batches))]


def epoch_visits(
    ids: Sequence[str], shares: Mapping[str, float], *, seed: int, epoch: int
) -> Int64[np.ndarray, "visits"]:
    """Indices of the clips of a union that an epoch visits.

    Args:
        ids: ``<dataset>/<clip>``.
        shares: share of a dataset's clips to visit, 1 by default. At 2.5 every clip is visited twice, and half of them
            once more, drawn without replacement.
        seed: of the run.
        epoch: counted from 0.
    """
    rng = np.random.default_rng(derived_seed(seed, epoch))
    owners = np.array([clip_id.partition("/")[0] for clip_id in ids])
    chosen = []
    for name in sorted(set(owners.tolist())):
        clips = np.flatnonzero(owners == name)
        visits = round(shares.get(name, 1.0) * len(clips))
        rounds, rest = divmod(visits, len(clips))
        chosen += [clips] * rounds + [rng.permutation(clips)[:rest]]
    return np.concatenate(chosen)


def prediction_order(lengths: ClipLengths, batch_size: int) -> list[Int64[np.ndarray, "batch"]]:
    """Batches of clip indices, from short to long clips."""
    ordered = np.argsort(lengths.sort_key, kind="stable")
    return [ordered[first : first + batch_size] for first in range(0, len(ordered), batch_size)]


def _to_batch(split: PackSplit, masks: Mapping[str, np.ndarray]) -> Batch:
    mask = {name: torch.from_numpy(values) for name, values in masks.items()}
    tokens = torch.from_numpy(split.text_bert)
    return Batch(
        ids=tuple(split.ids),
        raw_text=tuple(split.raw_text),
        token_ids=tokens[:, 0].long() * mask["text"],
        token_types=tokens[:, 2].long() * mask["text"],
        text_mask=mask["text"],
        text=torch.from_numpy(split.text if mask["text"].any() else np.zeros_like(split.text)),
        audio=torch.from_numpy(split.audio),
        audio_mask=mask["audio"],
        vision=torch.from_numpy(split.vision),
        vision_mask=mask["vision"],
        labels={key: torch.from_numpy(values) for key, values in split.labels.items()},
        annotations=tuple(split.annotations),
    )


def _last_true(mask: np.ndarray) -> np.ndarray:
    positions = np.arange(1, mask.shape[1] + 1)
    return np.maximum((mask * positions).max(axis=1), 1).astype(np.int64)


def _pick(values: Sequence[str], clips: np.ndarray) -> tuple[str, ...]:
    return tuple(values[index] for index in clips) if values else ()


def _fits(batch: Batch, device: torch.device) -> bool:
    if device.type != "cuda":
        return True
    size = sum(value.nbytes for value in vars(batch).values() if isinstance(value, torch.Tensor))
    return size < _RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]
