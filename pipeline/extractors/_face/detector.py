"""Decodes the face detector's raw output into boxes and eyes.

BlazeFace, short range: Bazarevsky et al. 2019, https://arxiv.org/abs/1907.05047.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float32

#: Side of the detector's input.
_SIDE_PX = 128
#: Cells per side of the two anchor grids, and anchors per cell.
_GRIDS = ((16, 2), (8, 6))
#: Boxes that overlap more than this are merged, weighted by their scores.
_SAME_FACE_OVERLAP = 0.5


@dataclass(frozen=True)
class Detection:
    """A detected face, in fractions of the detector's input.

    Attributes:
        box: left, top, right, bottom.
        eyes: x and y of the eye on the picture's left and of the other.
    """

    box: Float32[np.ndarray, "4"]
    eyes: Float32[np.ndarray, "2 2"]


def detections(
    raw_boxes: Float32[np.ndarray, "896 16"], raw_scores: Float32[np.ndarray, "896"], min_score: float
) -> list[Detection]:
    """Decode and merge the detector's candidates; highest score first.

    Args:
        raw_boxes: centre, size and six keypoints of each candidate, in pixels relative to its anchor.
        raw_scores: logits.
        min_score: candidates below this are dropped.
    """
    scores = 1 / (1 + np.exp(-np.clip(raw_scores, -80, 80)))
    candidates = np.flatnonzero(scores >= min_score)
    if not len(candidates):
        return []
    candidates = candidates[np.argsort(-scores[candidates], kind="stable")]
    values = _decoded(raw_boxes[candidates], anchors()[candidates])
    return [Detection(face[:4], face[4:].reshape(2, 2)) for face in _merged(values, scores[candidates])]


@cache
def anchors() -> Float32[np.ndarray, "896 2"]:
    """Centres of the anchors, as fractions of the input."""
    grids = []
    for cells, per_cell in _GRIDS:
        places = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        y, x = np.meshgrid(places, places, indexing="ij")
        grids.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), per_cell, axis=0))
    return np.concatenate(grids)


def _decoded(
    raw: Float32[np.ndarray, "candidates 16"], centres: Float32[np.ndarray, "candidates 2"]
) -> Float32[np.ndarray, "candidates 8"]:
    """Box and eyes of each candidate."""
    scaled = raw / np.float32(_SIDE_PX)
    middle, half = scaled[:, :2] + centres, scaled[:, 2:4] / 2
    eyes = scaled[:, 4:8] + np.tile(centres, 2)
    return np.concatenate([middle - half, middle + half, eyes], axis=1)


def _merged(
    values: Float32[np.ndarray, "candidates 8"], scores: Float32[np.ndarray, "candidates"]
) -> list[Float32[np.ndarray, "8"]]:
    """Weighted non-maximum suppression."""
    faces = []
    while len(values):
        is_same = _overlaps(values[:, :4], values[0, :4]) > _SAME_FACE_OVERLAP
        if not is_same.any():  # an empty box
            break
        weights = scores[is_same, None]
        faces.append((values[is_same] * weights).sum(axis=0) / weights.sum())
        values, scores = values[~is_same], scores[~is_same]
    return faces


def _overlaps(
    boxes: Float32[np.ndarray, "candidates 4"], one: Float32[np.ndarray, "4"]
) -> Float32[np.ndarray, "candidates"]:
    """Intersection over union of each box with one."""
    shared = np.minimum(boxes[:, 2:], one[2:]) - np.maximum(boxes[:, :2], one[:2])
    shared_area = np.prod(np.maximum(shared, 0), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return shared_area / np.maximum(areas + np.prod(one[2:] - one[:2]) - shared_area, 1e-12)
