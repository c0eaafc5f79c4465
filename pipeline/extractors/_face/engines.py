"""The two engines of the face landmarker: MediaPipe's task, or its graphs run by OpenVINO."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

from pipeline.extractors._face.mediapipe_task import MediaPipeLandmarker
from pipeline.extractors._face.tracker import OpenVinoLandmarker

AnyLandmarker = MediaPipeLandmarker | OpenVinoLandmarker

#: MediaPipe's names, in the order of the scores.
_NAMES = """
    _neutral browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft
    cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight eyeLookInLeft eyeLookInRight
    eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight
    jawForward jawLeft jawOpen jawRight mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft mouthFrownRight
    mouthFunnel mouthLeft mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight mouthPucker mouthRight
    mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft mouthSmileRight mouthStretchLeft
    mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft noseSneerRight
"""
BLENDSHAPE_NAMES = tuple(_NAMES.split())


def engine(name: Literal["mediapipe", "openvino"], weights: Path) -> Callable[..., AnyLandmarker]:
    """A factory of landmarkers, called with `LandmarkerOptions` and ``is_video``.

    Args:
        name: which engine.
        weights: ``face_landmarker.task``.

    Raises:
        ImportError: a library of the engine is absent.
    """
    if name == "mediapipe":
        return MediaPipeLandmarker
    from pipeline.extractors._face.graphs import Graphs

    return partial(OpenVinoLandmarker, Graphs(weights))
