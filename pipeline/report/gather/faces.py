"""The detected face in a frame: stored landmarks, else the head's pose."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from pipeline.features.features import Features

#: The camera that MediaPipe assumes for its transformation matrices (vertical field of view).
_HALF_FIELD = np.tan(np.radians(63.0) / 2)
_POSE = ("pitch_rad", "yaw_rad", "roll_rad", "x_cm", "y_cm", "z_cm")
#: Ends of a cross on the face and of a line out of it, in cm of the head: x right, y up, z out of the face.
_CROSS_CM = np.array([[[-6.0, 0, 4], [6, 0, 4]], [[0, -8.5, 4], [0, 7, 4]], [[0, 0, 4], [0, 0, 14]]])


@dataclass(frozen=True)
class Marks:
    """Marks of one picture, x and y as fractions of its width and height.

    Attributes:
        points: landmarks; empty if they were not stored.
        lines: a cross on the face and a line in the direction of the head; empty if there are landmarks.
    """

    points: Float64[np.ndarray, "points 2"]
    lines: Float64[np.ndarray, "lines 2 2"]


NOTHING = Marks(np.zeros((0, 2)), np.zeros((0, 2, 2)))


def marks_at(features: Features, names: tuple[str, ...], row: int, aspect: float) -> Marks:
    """Marks of the row of a store.

    Args:
        features: the clip's vision features.
        names: their column names.
        row: which row.
        aspect: width of the picture over its height.
    """
    if not features.mask[row]:
        return NOTHING
    if "landmarks" in features.extras:
        return Marks(features.extras["landmarks"][row][:, :2].astype(np.float64), NOTHING.lines)
    if not set(_POSE) <= set(names):
        return NOTHING
    pose = features.values[row][[names.index(name) for name in _POSE]].astype(np.float64)
    return Marks(NOTHING.points, _projected(pose, aspect))


def _projected(pose: Float64[np.ndarray, "6"], aspect: float) -> Float64[np.ndarray, "lines 2 2"]:
    """The cross projected by the assumed camera."""
    seen = _CROSS_CM @ _rotation(*pose[:3]).T + pose[3:]
    depth = -seen[..., 2:] * _HALF_FIELD
    place = seen[..., :2] / np.where(depth > 0, depth, np.nan) / [aspect, 1.0]
    return np.nan_to_num((place * [1, -1] + 1) / 2)


def _rotation(pitch: float, yaw: float, roll: float) -> Float64[np.ndarray, "3 3"]:
    """Rz(roll) Ry(yaw) Rx(pitch), the extractor's definition of its angles."""
    (sx, sy, sz), (cx, cy, cz) = (f(np.array([pitch, yaw, roll])) for f in (np.sin, np.cos))
    x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return z @ y @ x
