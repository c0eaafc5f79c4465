"""Rotated square crops around a face, and the way from a crop's coordinates back to the picture's.

The x axis of a region is parallel to the line between the eyes. Lengths are in pixels of the picture.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

#: A region is this much wider than the face, so that the face is still inside it in the next frame.
_ROOM = 1.5
#: Outer corners of the eyes among the 478 points.
_EYES = (33, 263)


@dataclass(frozen=True)
class RotatedRegion:
    """A rotated rectangle.

    Attributes:
        x_px: x of its centre.
        y_px: y of its centre.
        width_px: along its own x axis.
        height_px: along its own y axis.
        angle_rad: rotation of its x axis, clockwise in the picture.
    """

    x_px: float
    y_px: float
    width_px: float
    height_px: float
    angle_rad: float = 0.0


def whole_as_square(width_px: int, height_px: int) -> RotatedRegion:
    """The smallest square around a picture."""
    side_px = float(max(width_px, height_px))
    return RotatedRegion(width_px / 2, height_px / 2, side_px, side_px)


def region_of_points(points_px: Float32[np.ndarray, "478 3"]) -> RotatedRegion:
    """The square that is searched for this face in the next frame."""
    (left, top), (right, bottom) = points_px[:, :2].min(axis=0), points_px[:, :2].max(axis=0)
    side_px = _ROOM * float(max(right - left, bottom - top))
    eyes = points_px[list(_EYES), :2]
    return RotatedRegion(float(left + right) / 2, float(top + bottom) / 2, side_px, side_px, angle_between(*eyes))


def region_of_box(box_px: Float32[np.ndarray, "4"], eyes_px: Float32[np.ndarray, "2 2"]) -> RotatedRegion:
    """The region of a detected face.

    Args:
        box_px: left, top, right, bottom.
        eyes_px: x and y of the eye on the picture's left and of the other.
    """
    left, top, right, bottom = (float(value) for value in box_px)
    width_px, height_px = _ROOM * (right - left), _ROOM * (bottom - top)
    return RotatedRegion((left + right) / 2, (top + bottom) / 2, width_px, height_px, angle_between(*eyes_px))


def angle_between(start_px: Float32[np.ndarray, "2"], end_px: Float32[np.ndarray, "2"]) -> float:
    """Angle between the picture's x axis and the line from one point to another, in (-pi, pi]."""
    return math.atan2(float(end_px[1] - start_px[1]), float(end_px[0] - start_px[0]))


def cut(
    rgb: UInt8[np.ndarray, "height width 3"], region: RotatedRegion, side_px: int, *, is_black_outside: bool
) -> UInt8[np.ndarray, "side side 3"]:
    """Cut a region out of a picture, as an upright square.

    Args:
        rgb: the picture.
        region: the region to cut out.
        side_px: side of the result.
        is_black_outside: fill the area outside of the picture with black; else repeat its border.
    """
    import cv2

    across, down = _axes(region)
    # OpenCV needs the inverse map, from the square to the picture.
    to_picture = np.array(
        [
            [across[0] / side_px, down[0] / side_px, region.x_px - (across[0] + down[0]) / 2],
            [across[1] / side_px, down[1] / side_px, region.y_px - (across[1] + down[1]) / 2],
        ]
    )
    border = cv2.BORDER_CONSTANT if is_black_outside else cv2.BORDER_REPLICATE
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    # With four channels OpenCV uses its vectorised code: twice as fast, same numbers.
    padded = cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA)
    turned = cv2.warpAffine(padded, to_picture, (side_px, side_px), flags=flags, borderMode=border)
    return cv2.cvtColor(turned, cv2.COLOR_RGBA2RGB)


def into_picture(
    points: Float32[np.ndarray, "points 3"], region: RotatedRegion, size_px: tuple[int, int]
) -> Float32[np.ndarray, "points 3"]:
    """Transform points from a region to the picture.

    Args:
        points: as fractions of the region, from its upper left corner; depth in the unit of x.
        region: the region.
        size_px: width and height of the picture.

    Returns:
        In pixels of the picture. For a picture that is not square, depth depends on the angle: MediaPipe scales it by
        the length of the region's edge in fractions of the picture.
    """
    across, down = _axes(region)
    mapped = np.empty_like(points)
    x, y = points[:, 0] - np.float32(0.5), points[:, 1] - np.float32(0.5)
    mapped[:, 0] = x * across[0] + y * down[0] + region.x_px
    mapped[:, 1] = x * across[1] + y * down[1] + region.y_px
    mapped[:, 2] = points[:, 2] * math.hypot(across[0], across[1] * size_px[0] / size_px[1])
    return mapped


def overlap(one: RotatedRegion, other: RotatedRegion) -> float:
    """Intersection over union, ignoring the rotation."""
    shared = 1.0
    for place, length in (("x_px", "width_px"), ("y_px", "height_px")):
        ends = [getattr(region, place) + getattr(region, length) / 2 for region in (one, other)]
        starts = [getattr(region, place) - getattr(region, length) / 2 for region in (one, other)]
        shared *= max(0.0, min(ends) - max(starts))
    union = one.width_px * one.height_px + other.width_px * other.height_px - shared
    return shared / union if union > 0 else 0.0


def _axes(region: RotatedRegion) -> tuple[tuple[float, float], tuple[float, float]]:
    """The two edges of a region as vectors in the picture."""
    cos, sin = math.cos(region.angle_rad), math.sin(region.angle_rad)
    return (region.width_px * cos, region.width_px * sin), (-region.height_px * sin, region.height_px * cos)
