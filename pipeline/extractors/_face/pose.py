"""Head pose relative to a virtual camera: fits a canonical face to the landmarks.

Weighted orthogonal Procrustes: Akca 2003, https://doi.org/10.3929/ethz-a-004656648, section 2.4. The points have a
relative depth only, so the face's scale is estimated first without it, then with it, as MediaPipe does.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Int

#: MediaPipe's virtual camera: vertical field of view, distance of its picture plane.
FIELD_OF_VIEW_RAD = np.radians(63.0)
_NEAR_CM = 1.0
#: Kinds of values in a protocol buffer.
_VARINT, _SIZED, _FIXED_BYTES = 0, 2, {1: 8, 5: 4}

_Points = Float64[np.ndarray, "frames basis 3"]
_Scales = Float64[np.ndarray, "frames"]


@dataclass(frozen=True)
class CanonicalFace:
    """The points of a face that do not move with its expression.

    Attributes:
        points_cm: x to the right, y up, z towards the viewer.
        indices: which of the 478 points they are.
        weights: weight of each point; they sum to 1.
        num_points: number of landmarks, from the first, whose mean depth is the depth of the face.
    """

    points_cm: Float64[np.ndarray, "basis 3"]
    indices: Int[np.ndarray, "basis"]
    weights: Float64[np.ndarray, "basis"]
    num_points: int


def read_canonical_face(metadata: bytes) -> CanonicalFace:
    """Read ``geometry_pipeline_metadata_landmarks.binarypb``, a protocol buffer.

    Its field 1 is the mesh, whose field 3 are the vertices as x, y, z, u, v; its field 2 are the landmarks that count,
    as index (1) and weight (2).
    """
    fields = list(_fields(metadata))
    mesh = next(value for number, value in fields if number == 1)
    vertices = _floats(value for number, value in _fields(mesh) if number == 3).reshape(-1, 5)[:, :3]
    basis = [dict(_fields(value)) for number, value in fields if number == 2]
    indices = np.array([entry.get(1, 0) for entry in basis])
    weights = _floats(entry[2] for entry in basis).astype(np.float64)
    return CanonicalFace(vertices[indices].astype(np.float64), indices, weights / weights.sum(), len(vertices))


def pose_matrices(
    points: Float32[np.ndarray, "frames 478 3"], aspects: Float64[np.ndarray, "frames"], face: CanonicalFace
) -> Float32[np.ndarray, "frames 4 4"]:
    """Fit the canonical face to the points of some frames.

    Args:
        points: x and y as fractions of the picture, z in the unit of x.
        aspects: width of each picture over its height.
        face: the canonical face.

    Returns:
        Canonical face to camera, in centimetres.
    """
    height_cm = 2 * _NEAR_CM * np.tan(FIELD_OF_VIEW_RAD / 2)
    # x and depth are in the unit of the width, y in that of the height.
    units_cm = height_cm * np.stack([aspects, -np.ones_like(aspects), aspects], axis=1)[:, None]
    depth = points[:, : face.num_points, 2].mean(axis=1, keepdims=True, dtype=np.float64) * units_cm[:, :, 2]
    on_plane = (points[:, face.indices] - [0.5, 0.5, 0.0]) * units_cm
    scale = _fit(_flipped(on_plane), face)[1]
    scale = scale * _fit(_flipped(_unprojected(on_plane, depth, scale)), face)[1]
    rotation, scale_of_pose, offset = _fit(_flipped(_unprojected(on_plane, depth, scale)), face)
    matrices = np.zeros((len(points), 4, 4), np.float32)
    matrices[:, :3, :3] = rotation * scale_of_pose[:, None, None]
    matrices[:, :3, 3] = offset
    matrices[:, 3, 3] = 1
    return matrices


def _unprojected(on_plane: _Points, depth: Float64[np.ndarray, "frames 1"], scale: _Scales) -> _Points:
    """Points at the distances that follow from a scale of the face."""
    z = (on_plane[:, :, 2] - depth + _NEAR_CM) / scale[:, None]
    return np.stack([on_plane[:, :, 0] * z / _NEAR_CM, on_plane[:, :, 1] * z / _NEAR_CM, z], axis=2)


def _flipped(points: _Points) -> _Points:
    """Reverse the direction of depth."""
    return points * [1, 1, -1]


def _fit(
    points: _Points, face: CanonicalFace
) -> tuple[Float64[np.ndarray, "frames 3 3"], _Scales, Float64[np.ndarray, "frames 3"]]:
    """Rotation, scale and offset that fit the canonical face to the points of each frame."""
    weights = face.weights[:, None]
    middle = (face.points_cm * weights).sum(axis=0)
    centred = face.points_cm - middle
    left, _, right = np.linalg.svd(points.transpose(0, 2, 1) @ (centred * weights))
    left[:, :, 2] *= np.sign(np.linalg.det(left @ right))[:, None]  # no reflection
    rotation = left @ right
    turned = centred @ rotation.transpose(0, 2, 1)
    scale = (turned * points * weights).sum(axis=(1, 2)) / (centred**2 * weights).sum()
    offset = (points * weights).sum(axis=1) - scale[:, None] * (rotation @ middle)
    return rotation, scale, offset


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Numbers and values of a protocol buffer's fields; fixed-width values as bytes."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, place = _varint(message, place)
            yield number, value
            continue
        if kind == _SIZED:
            length, place = _varint(message, place)
        else:
            length = _FIXED_BYTES[kind]
        yield number, message[place : place + length]
        place += length


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def _floats(values: Iterable[bytes]) -> Float32[np.ndarray, "items"]:
    return np.frombuffer(b"".join(values), "<f4")
