"""A talking face: one public-domain portrait, warped frame by frame.

The portrait is `skimage.data.astronaut()` (NASA, public domain). Every frame samples it through one displacement map;
all lengths below are pixels of the portrait. Smile, brows and jaw are smooth Gaussian fields. Lips and lids are
curtains: they open along a curve, and uncover teeth, the dark mouth, or the eye.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

PICTURE_PX = 256

# Where the portrait's features are, as MediaPipe finds them (x, upper y, lower y).
_MOUTH = np.array(
    [
        (203.9, 139.7, 139.7),
        (209.5, 140.7, 145.1),
        (217.7, 142.3, 148.5),
        (223.2, 143.1, 149.2),
        (233.7, 142.2, 147.7),
        (240.4, 141.4, 144.1),
        (242.9, 141.1, 141.1),
    ]
)
_EYES = np.array(
    [
        (195.3, 100.6, 100.6),
        (199.2, 98.2, 103.7),
        (202.6, 97.8, 104.2),
        (206.1, 98.4, 104.1),
        (213.6, 103.6, 103.6),
        (236.4, 104.9, 104.9),
        (244.3, 100.3, 106.0),
        (248.1, 100.2, 106.5),
        (251.5, 101.0, 106.4),
        (255.3, 103.8, 103.8),
    ]
)
_MOUTH_CENTRE_X = 223.5
_MOUTH_HALF_WIDTH_PX = 19.5
_NOSE_Y = 132.0
_CHIN_Y = 176.0
_NECK_Y = 200.0
# Wide enough for every sway and expression.
_EYE_ROWS_Y = (80.0, 118.0)
_MOUTH_ROWS_Y = (120.0, 210.0)
_LID_FOLD_PX = 5.0
_TEETH_PX = 3.0
_MOUTH_RGB = np.array((52, 16, 18), np.float32)

PixelMap = Float32[np.ndarray, "height width"]
XAxis = Float32[np.ndarray, "1 width"]
YAxis = Float32[np.ndarray, "height 1"]


@dataclass(frozen=True)
class Look:
    """Appearance of one speaker: placement in the frame and skin tone.

    Attributes:
        centre_x: portrait pixel in the middle of the picture, across.
        centre_y: portrait pixel in the middle of the picture, down.
        zoom: picture pixels per portrait pixel.
        tone_rgb: gain of each colour.
    """

    centre_x: float = 224.0
    centre_y: float = 128.0
    zoom: float = 1.5
    tone_rgb: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Pose:
    """The face in one frame.

    Attributes:
        smile: -1 frowns, 1 smiles as the portrait does.
        brows: -1 knits them down, 1 raises them.
        jaw: 0 is a closed mouth, 1 a wide open one.
        blink: 0 is an open eye, 1 a shut one.
        sway_x: shift of the head to the right, in portrait pixels.
        sway_y: shift of the head down, in portrait pixels.
    """

    smile: float = 0.0
    brows: float = 0.0
    jaw: float = 0.0
    blink: float = 0.0
    sway_x: float = 0.0
    sway_y: float = 0.0


def load_portrait(look: Look) -> UInt8[np.ndarray, "512 512 3"]:
    """Read the portrait and give it the speaker's skin tone."""
    from skimage.data import astronaut

    return np.clip(astronaut() * np.array(look.tone_rgb), 0, 255).astype(np.uint8)


def draw_face(portrait: UInt8[np.ndarray, "512 512 3"], look: Look, pose: Pose) -> UInt8[np.ndarray, "height width 3"]:
    """Draw one frame, RGB."""
    offset = (np.arange(PICTURE_PX) - PICTURE_PX / 2) / look.zoom
    column_x = (look.centre_x - pose.sway_x + offset)[None, :].astype(np.float32)
    row_y = (look.centre_y - pose.sway_y + offset)[:, None].astype(np.float32)
    x, y = _move_features(column_x, row_y, pose)
    eyes, mouth = _rows_between(look, *_EYE_ROWS_Y), _rows_between(look, *_MOUTH_ROWS_Y)
    y[eyes] = _close_lids(x[eyes], y[eyes], pose.blink)
    y[mouth], darkness = _part_lips(x[mouth], y[mouth], pose.jaw)
    picture = cv2.remap(portrait, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    shade = darkness[..., None] * (_MOUTH_RGB - picture[mouth])
    picture[mouth] = np.clip(picture[mouth] + shade, 0, 255).astype(np.uint8)
    return picture


def _rows_between(look: Look, top_y: float, bottom_y: float) -> slice:
    """Picture rows that show these rows of the portrait; the rest need no curtain, which halves the work."""
    top, bottom = ((edge - look.centre_y) * look.zoom + PICTURE_PX / 2 for edge in (top_y, bottom_y))
    return slice(max(int(top), 0), max(int(bottom), 0))


def _bump(x: XAxis, y: YAxis, *, centre: tuple[float, float], width: tuple[float, float]) -> PixelMap:
    """Gaussian of height 1, as the product of one row and one column."""
    return np.exp(-0.5 * ((x - centre[0]) / width[0]) ** 2) * np.exp(-0.5 * ((y - centre[1]) / width[1]) ** 2)


def _move_features(x: XAxis, y: YAxis, pose: Pose) -> tuple[PixelMap, PixelMap]:
    """Move mouth corners, brows and chin; returns the portrait coordinates to sample."""
    corner_down = 5.0 - (5.5 if pose.smile > 0 else 8.0) * pose.smile
    corner_in = 2.0 - 2.5 * max(pose.smile, 0.0)
    left, right = ((204.0, 140.0 + corner_down), (242.5, 141.0 + corner_down))
    shift_x, shift_y = np.zeros((2, y.size, x.size), np.float32)
    for side, corner in ((1, left), (-1, right)):
        bump = _bump(x, y, centre=corner, width=(11.0, 11.5))
        shift_x += side * corner_in * bump
        shift_y += corner_down * bump
    for side, brow in ((1, (204.0, 90.0)), (-1, (247.0, 92.0))):
        bump = _bump(x, y, centre=brow, width=(15.0, 7.0))
        shift_x += side * max(-pose.brows, 0.0) * bump
        shift_y -= 4.0 * pose.brows * bump
    shift_y += 5.0 * pose.jaw * _bump(x, y, centre=(_MOUTH_CENTRE_X, _CHIN_Y), width=(26.0, 14.0))
    return x - shift_x, y - shift_y


def _close_lids(x: PixelMap, y: PixelMap, blink: float) -> PixelMap:
    """Pull the upper lids over the eyes by stretching the skin of their fold."""
    upper, lower = (np.interp(x, _EYES[:, 0], _EYES[:, i]).astype(np.float32) for i in (1, 2))
    lid = upper + np.float32(blink) * (lower - upper)
    fold = upper - _LID_FOLD_PX
    stretched = fold + (y - fold) * _LID_FOLD_PX / (lid - fold)
    return np.where((y > fold) & (y < lid), stretched, y)


def _part_lips(x: PixelMap, y: PixelMap, jaw: float) -> tuple[PixelMap, PixelMap]:
    """Close the portrait's lips, then part them; returns rows to sample and the darkness of the mouth."""
    upper, lower = (np.interp(x, _MOUTH[:, 0], _MOUTH[:, i]).astype(np.float32) for i in (1, 2))
    across = np.clip(1 - ((x - _MOUTH_CENTRE_X) / _MOUTH_HALF_WIDTH_PX) ** 2, 0, 1)
    seam = upper + 0.45 * (lower - upper)
    top = seam - np.float32(1.5 * jaw) * across
    bottom = seam + np.float32(12.0 * jaw) * across
    above = y + (upper - top) * np.clip((y - _NOSE_Y) / (top - _NOSE_Y), 0, 1)
    below = y + (lower - bottom) * np.clip((_NECK_Y - y) / (_NECK_Y - bottom), 0, 1)
    within = upper + (y - top)
    rows = np.where(y < top, above, np.where(y > bottom, below, np.minimum(within, lower)))
    inside = np.clip(y - top + 0.5, 0, 1) * np.clip(bottom - y + 0.5, 0, 1) * np.sqrt(across)
    teeth = np.clip((top + _TEETH_PX * across - y) / 1.5 + 0.5, 0, 1)
    return rows, (inside * (1 - 0.75 * teeth)).astype(np.float32)
