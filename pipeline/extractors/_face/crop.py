"""Squares around a face: where to look, how to cut it out, and how to get back into the picture.

A region may be turned: its x axis runs along the line between the eyes. Lengths are pixels of the picture.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

#: A face's region is this much wider than its points, so that they are still inside it in the next frame.
_ROOM = 1.5
#: Outer corners of the eyes among the 478 points.
_EYES = (33, 263)


@dataclass(frozen=True)
class RotatedRegion:
    """A turned rectangle.

    Attributes:
        x_px: its centre.
        y_px: its centre.
        width_px: along its own x axis.
        height_px: along its own y axis.
        angle_rad: by which its x axis is turned, clockwise as the picture is seen.
    """

    x_px: float
    y_px: float
    width_px: float
    height_px: float
    angle_rad: float = 0.0


def whole_as_square(width_px: int, height_px: int) -> RotatedRegion:
    """The smallest square around a picture; what lies outside of the picture is black."""
    side_px = float(max(width_px, height_px))
    return RotatedRegion(width_px / 2, height_px / 2, side_px, side_px)


def region_of_points(points_px: Float32[np.ndarray, "478 3"]) -> RotatedRegion:
    """The square in which the face with these points is looked for in the next frame."""
    (left, top), (right, bottom) = points_px[:, :2].min(axis=0), points_px[:, :2].max(axis=0)
    side_px = _ROOM * float(max(right - left, bottom - top))
    eyes = points_px[list(_EYES), :2]
    return RotatedRegion(float(left + right) / 2, float(top + bottom) / 2, side_px, side_px, angle_between(*eyes))


def region_of_box(box_px: Float32[np.ndarray, "4"], eyes_px: Float32[np.ndarray, "2 2"]) -> RotatedRegion:
    """The region of a face that the detector found.

    Args:
        box_px: left, top, right, bottom.
        eyes_px: x and y of the eye on the picture's left and of the other.
    """
    left, top, right, bottom = (float(value) for value in box_px)
    width_px, height_px = _ROOM * (right - left), _ROOM * (bottom - top)
    return RotatedRegion((left + right) / 2, (top + bottom) / 2, width_px, height_px, angle_between(*eyes_px))


def angle_between(start_px: Float32[np.ndarray, "2"], end_px: Float32[np.ndarray, "2"]) -> float:
    """By how much the way from one point to another is turned from the picture's x axis, in (-pi, pi]."""
    return math.atan2(float(end_px[1] - start_px[1]), float(end_px[0] - start_px[0]))


def cut(
    rgb: UInt8[np.ndarray, "height width 3"], region: RotatedRegion, side_px: int, *, is_black_outside: bool
) -> UInt8[np.ndarray, "side side 3"]:
    """Show a region as an upright square.

    Args:
        rgb: the picture.
        region: what to show.
        side_px: of the square.
        is_black_outside: outside of the picture is black; else its edge goes on.
    """
    import cv2

    across, down = _axes(region)
    # OpenCV wants the way back, from the square to the picture.
    to_picture = np.array(
        [
            [across[0] / side_px, down[0] / side_px, region.x_px - (across[0] + down[0]) / 2],
            [across[1] / side_px, down[1] / side_px, region.y_px - (across[1] + down[1]) / 2],
        ]
    )
    border = cv2.BORDER_CONSTANT if is_black_outside else cv2.BORDER_REPLICATE
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    # With a fourth channel OpenCV's vectorised code is used: twice as fast, the same numbers.
    padded = cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA)
    turned = cv2.warpAffine(padded, to_picture, (side_px, side_px), flags=flags, borderMode=border)
    return cv2.cvtColor(turned, cv2.COLOR_RGBA2RGB)


def into_picture(
    points: Float32[np.ndarray, "points 3"], region: RotatedRegion, size_px: tuple[int, int]
) -> Float32[np.ndarray, "points 3"]:
    """Turn points of a region into points of the picture.

    Args:
        points: as fractions of the region, from its upper left corner; depth in the unit of x.
        region: where they were found.
        size_px: width and height of the picture.

    Returns:
        In pixels of the picture. Depth grows with the region's angle where the picture is no square: MediaPipe scales
        it by the length of the region's edge in fractions of the picture.
    """
    across, down = _axes(region)
    mapped = np.empty_like(points)
    x, y = points[:, 0] - np.float32(0.5), points[:, 1] - np.float32(0.5)
    mapped[:, 0] = x * across[0] + y * down[0] + region.x_px
    mapped[:, 1] = x * across[1] + y * down[1] + region.y_px
    mapped[:, 2] = points[:, 2] * math.hypot(across[0], across[1] * size_px[0] / size_px[1])
    return mapped


def overlap(one: RotatedRegion, other: RotatedRegion) -> float:
    """Intersection over union, as if the regions were not turned."""
    shared = 1.0
    for place, length in (("x_px", "width_px"), ("y_px", "height_px")):
        ends = [getattr(region, place) + getattr(region, length) / 2 for region in (one, other)]
        starts = [getattr(region, place) - getattr(region, length) / 2 for region in (one, other)]
        shared *= max(0.0, min(ends) - max(starts))
    union = one.width_px * one.height_px + other.width_px * other.height_px - shared
    return shared / union if union > 0 else 0.0


def _axes(region: RotatedRegion) -> tuple[tuple[float, float], tuple[float, float]]:
    """A region's two edges as steps in the picture."""
    cos, sin = math.cos(region.angle_rad), math.sin(region.angle_rad)
    return (region.width_px * cos, region.width_px * sin), (-region.height_px * sin, region.height_px * cos)
