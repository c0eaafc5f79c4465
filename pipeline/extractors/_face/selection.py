"""Selects one face per frame, and drops short runs as false detections."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32

from pipeline.extractors._face.mediapipe_task import Faces

#: The same face is followed while its box overlaps the last one by this much (intersection over union) ...
_SAME_FACE_OVERLAP = 0.3
#: ... unless another face is larger by this factor.
_CLEARLY_LARGER = 2.0

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Face:
    """One face of one frame; see `Faces`."""

    landmarks: Float32[np.ndarray, "478 3"]
    blendshapes: Float32[np.ndarray, "52"]
    matrix: Float32[np.ndarray, "4 4"]

    @property
    def box(self) -> Box:
        """Left, top, right, bottom as fractions of the picture."""
        return box_of(self.landmarks)


def box_of(landmarks: Float32[np.ndarray, "478 3"]) -> Box:
    """Left, top, right, bottom of a face, in the unit of its landmarks."""
    (left, top), (right, bottom) = landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def area(box: Box) -> float:
    """Area of a box."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def followed_face(faces: Faces, last: Face | None) -> Face | None:
    """Choose the largest face of a frame, or the last chosen one while it is of similar size.

    Args:
        faces: of the frame, with blendshapes and matrices.
        last: the face chosen in the frame before, if any.
    """
    candidates = [Face(*parts) for parts in zip(faces.landmarks, faces.blendshapes, faces.matrices, strict=True)]
    if len(candidates) < 2:
        return candidates[0] if candidates else None
    largest = max(candidates, key=lambda face: area(face.box))
    if last is None:
        return largest
    nearest = max(candidates, key=lambda face: _overlap(face.box, last.box))
    is_same = _overlap(nearest.box, last.box) >= _SAME_FACE_OVERLAP
    return nearest if is_same and area(largest.box) < _CLEARLY_LARGER * area(nearest.box) else largest


def runs(flags: Bool[np.ndarray, "frames"]) -> list[tuple[int, int]]:
    """Find the intervals [first, end) in which flags are set."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def present(faces: Sequence[Face | None]) -> Bool[np.ndarray, "frames"]:
    """Which frames show a face."""
    return np.array([face is not None for face in faces], bool)


def without_short_runs(faces: Sequence[Face | None], min_run_frames: int) -> list[Face | None]:
    """Drop faces seen in too few consecutive frames, as false detections. Shorter clips are left unchanged."""
    remaining = list(faces)
    if len(remaining) < min_run_frames:
        return remaining
    for first, end in runs(present(remaining)):
        if end - first < min_run_frames:
            remaining[first:end] = [None] * (end - first)
    return remaining


def pose(matrix: Float32[np.ndarray, "4 4"]) -> tuple[float, ...]:
    """Pitch, yaw, roll in radians and x, y, z in centimetres of a transformation matrix.

    Its rotation is read as Rz(roll) Ry(yaw) Rx(pitch), in axes x right, y up, z towards the viewer.
    """
    rotation = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
    pitch = np.arctan2(rotation[2, 1], rotation[2, 2])
    yaw = np.arcsin(np.clip(-rotation[2, 0], -1, 1))
    roll = np.arctan2(rotation[1, 0], rotation[0, 0])
    return float(pitch), float(yaw), float(roll), *(float(value) for value in matrix[:3, 3])


def _overlap(one: Box, other: Box) -> float:
    shared = area((max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])))
    union = area(one) + area(other) - shared
    return shared / union if union > 0 else 0.0
