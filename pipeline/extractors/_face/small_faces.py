"""Square crops of a frame, to find faces too small for MediaPipe's short-range detector.

The detector scales the whole frame to 128 x 128 pixels and misses faces narrower than about an eighth of it. Enlarging
the frame does not help; cropping does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from pipeline.core.types import Seconds
from pipeline.extractors._face.engines import AnyLandmarker
from pipeline.extractors._face.mediapipe_task import Faces
from pipeline.extractors._face.pose import FIELD_OF_VIEW_RAD
from pipeline.extractors._face.selection import Box, area, box_of
from pipeline.media.video import PixelRegion

#: Sides of the squares, as fractions of the frame's shorter side; neighbours overlap by half.
_SIDES = (1.0, 0.5)
#: A square is this much wider than the face, so that the head can move in it.
_ROOM = 3.0
#: Detections at several times share a square that is at most this much wider than the face.
_MAX_ROOM = 5.0


@dataclass(frozen=True)
class FollowedSquare:
    """A square crop in which a face is followed for some time.

    Attributes:
        region: the square.
        start_s: start.
        end_s: end (exclusive).
    """

    region: PixelRegion
    start_s: Seconds
    end_s: Seconds


def search_squares(width_px: int, height_px: int) -> list[list[PixelRegion]]:
    """Overlapping squares that cover the picture, grouped by size, largest first."""
    sides = [max(1, round(part * min(width_px, height_px))) for part in _SIDES]
    return [[(x, y, side, side) for y in _starts(height_px, side) for x in _starts(width_px, side)] for side in sides]


def find_small_face(rgb: UInt8[np.ndarray, "height width 3"], landmarker: AnyLandmarker) -> Box | None:
    """Search the squares of a picture for faces, large squares first; returns the box of the largest face.

    Args:
        rgb: the picture at its own resolution.
        landmarker: for single pictures.
    """
    height_px, width_px = rgb.shape[:2]
    for squares in search_squares(width_px, height_px):
        boxes = [
            box_of(landmarks)
            for region in squares
            for landmarks in landmarks_in_picture(
                landmarker.faces(_cut(rgb, region)).landmarks, region, (width_px, height_px)
            )
        ]
        if boxes:
            return max(boxes, key=area)
    return None


def squares_to_follow(
    boxes_at: Mapping[Seconds, Box], step_s: Seconds, size_px: tuple[int, int]
) -> list[FollowedSquare]:
    """Group detections into squares, as long as consecutive ones are close to each other.

    A face that is detected only once is dropped as an error.

    Args:
        boxes_at: time -> box of the largest face, as fractions of the picture.
        step_s: time between two searches.
        size_px: width and height of the picture.
    """
    groups: list[list[Seconds]] = []
    for time_s in sorted(boxes_at):
        group = groups[-1] if groups else []
        is_next = bool(group) and time_s - group[-1] <= 1.5 * step_s
        if is_next and _share_a_square([boxes_at[seen_s] for seen_s in [*group, time_s]], size_px):
            group.append(time_s)
        else:
            groups.append([time_s])
    return [
        FollowedSquare(
            square_around([boxes_at[time_s] for time_s in group], *size_px),
            group[0] - step_s / 2,
            group[-1] + step_s / 2,
        )
        for group in groups
        if len(group) > 1
    ]


def square_around(boxes: Sequence[Box], width_px: int, height_px: int) -> PixelRegion:
    """A square with room around the detections of several frames, inside the picture.

    Args:
        boxes: of the faces, as fractions of the picture; at least one.
        width_px: of the picture.
        height_px: of the picture.
    """
    face_px, (left, top, right, bottom) = _extent_px(boxes, (width_px, height_px))
    spread_px = max(right - left, bottom - top)
    side = round(min(max(_ROOM * face_px, spread_px + face_px), width_px, height_px))
    x = round((left + right) / 2 - side / 2)
    y = round((top + bottom) / 2 - side / 2)
    return min(max(x, 0), width_px - side), min(max(y, 0), height_px - side), side, side


def faces_in_picture(faces: Faces, region: PixelRegion, size_px: tuple[int, int]) -> Faces:
    """Transform faces from a region's coordinates to the picture's."""
    return Faces(
        landmarks_in_picture(faces.landmarks, region, size_px),
        faces.blendshapes,
        matrices_in_picture(faces.matrices, region, size_px),
    )


def landmarks_in_picture(
    landmarks: Float32[np.ndarray, "faces 478 3"], region: PixelRegion, size_px: tuple[int, int]
) -> Float32[np.ndarray, "faces 478 3"]:
    """Transform fractions of a region to fractions of the picture; depth is in the unit of x."""
    x, y, width, height = region
    scale = np.array([width / size_px[0], height / size_px[1], width / size_px[0]], np.float32)
    offset = np.array([x / size_px[0], y / size_px[1], 0], np.float32)
    return landmarks * scale + offset


def matrices_in_picture(
    matrices: Float32[np.ndarray, "faces 4 4"], region: PixelRegion, size_px: tuple[int, int]
) -> Float32[np.ndarray, "faces 4 4"]:
    """Transform poses from the virtual camera of a region to that of the whole picture.

    Both cameras have the same field of view, so in the picture's camera the distance is larger by the ratio of the
    heights, and the position is shifted by the region's offset. The rotation is unchanged: the small angle between
    the two lines of sight is ignored.
    """
    x, y, width, height = region
    mapped = matrices.copy()
    mapped[:, 2, 3] *= size_px[1] / height
    right_px = x + width / 2 - size_px[0] / 2
    up_px = size_px[1] / 2 - (y + height / 2)
    cm_per_px = -mapped[:, 2, 3] / focal_px(size_px[1])  # the camera looks along -z
    mapped[:, 0, 3] += right_px * cm_per_px
    mapped[:, 1, 3] += up_px * cm_per_px
    return mapped


def _cut(rgb: UInt8[np.ndarray, "height width 3"], region: PixelRegion) -> UInt8[np.ndarray, "side side 3"]:
    x, y, width, height = region
    return np.ascontiguousarray(rgb[y : y + height, x : x + width])


def focal_px(height_px: int) -> float:
    """Focal length of MediaPipe's virtual camera in pixels of a picture this high."""
    return height_px / 2 / float(np.tan(FIELD_OF_VIEW_RAD / 2))


def _share_a_square(boxes: Sequence[Box], size_px: tuple[int, int]) -> bool:
    face_px, (left, top, right, bottom) = _extent_px(boxes, size_px)
    return max(right - left, bottom - top) + face_px <= _MAX_ROOM * face_px


def _extent_px(boxes: Sequence[Box], size_px: tuple[int, int]) -> tuple[float, Box]:
    """Longer side of the median face, and the box around all faces."""
    left, top, right, bottom = (np.array(boxes) * np.array([*size_px, *size_px])).T
    face_px = float(np.median(np.maximum(right - left, bottom - top)))
    return face_px, (float(left.min()), float(top.min()), float(right.max()), float(bottom.max()))


def _starts(length_px: int, side_px: int) -> list[int]:
    """Starts of the squares along one edge: at most half a side apart, the last one flush with the end."""
    steps = max(0, -(-(length_px - side_px) * 2 // side_px))
    return [round(step * (length_px - side_px) / steps) for step in range(steps)] + [length_px - side_px]
