"""What the detector's raw output means: boxes and eyes of faces.

BlazeFace, short range: Bazarevsky et al. 2019, https://arxiv.org/abs/1907.05047.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float32

#: Side of the picture that the detector saw.
_SIDE_PX = 128
#: Cells per side of the two grids, and guesses per cell.
_GRIDS = ((16, 2), (8, 6))
#: Boxes that overlap more than this are one face, and are averaged by their scores.
_SAME_FACE_OVERLAP = 0.5


@dataclass(frozen=True)
class Detection:
    """A face that the detector found, in fractions of the square it saw.

    Attributes:
        box: left, top, right, bottom.
        eyes: x and y of the eye on the picture's left and of the other.
    """

    box: Float32[np.ndarray, "4"]
    eyes: Float32[np.ndarray, "2 2"]


def detections(
    raw_boxes: Float32[np.ndarray, "896 16"], raw_scores: Float32[np.ndarray, "896"], min_score: float
) -> list[Detection]:
    """Gather the detector's guesses into faces, the surest first.

    Args:
        raw_boxes: centre, size and six points of each guess, in pixels from its anchor.
        raw_scores: logits.
        min_score: guesses below this are none.
    """
    scores = 1 / (1 + np.exp(-np.clip(raw_scores, -80, 80)))
    sure = np.flatnonzero(scores >= min_score)
    if not len(sure):
        return []
    sure = sure[np.argsort(-scores[sure], kind="stable")]
    values = _decoded(raw_boxes[sure], anchors()[sure])
    return [Detection(face[:4], face[4:].reshape(2, 2)) for face in _averaged(values, scores[sure])]


@cache
def anchors() -> Float32[np.ndarray, "896 2"]:
    """Centres of the cells that the guesses start from, as fractions of the square."""
    grids = []
    for cells, guesses in _GRIDS:
        places = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        y, x = np.meshgrid(places, places, indexing="ij")
        grids.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), guesses, axis=0))
    return np.concatenate(grids)


def _decoded(
    raw: Float32[np.ndarray, "guesses 16"], centres: Float32[np.ndarray, "guesses 2"]
) -> Float32[np.ndarray, "guesses 8"]:
    """Box and eyes of each guess."""
    scaled = raw / np.float32(_SIDE_PX)
    middle, half = scaled[:, :2] + centres, scaled[:, 2:4] / 2
    eyes = scaled[:, 4:8] + np.tile(centres, 2)
    return np.concatenate([middle - half, middle + half, eyes], axis=1)


def _averaged(
    values: Float32[np.ndarray, "guesses 8"], scores: Float32[np.ndarray, "guesses"]
) -> list[Float32[np.ndarray, "8"]]:
    """Weighted non-maximum suppression."""
    faces = []
    while len(values):
        is_same = _overlaps(values[:, :4], values[0, :4]) > _SAME_FACE_OVERLAP
        if not is_same.any():  # a box without area
            break
        weights = scores[is_same, None]
        faces.append((values[is_same] * weights).sum(axis=0) / weights.sum())
        values, scores = values[~is_same], scores[~is_same]
    return faces


def _overlaps(boxes: Float32[np.ndarray, "guesses 4"], one: Float32[np.ndarray, "4"]) -> Float32[np.ndarray, "guesses"]:
    """Intersection over union of each box with one."""
    shared = np.minimum(boxes[:, 2:], one[2:]) - np.maximum(boxes[:, :2], one[:2])
    shared_area = np.prod(np.maximum(shared, 0), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return shared_area / np.maximum(areas + np.prod(one[2:] - one[:2]) - shared_area, 1e-12)
