"""MediaPipe's FaceLandmarker, with its result read directly from the C struct.

Building Python objects for 478 landmarks takes about 10 % of a frame's time. Reading the struct needs private names of
MediaPipe; if they have changed, the public interface is used instead, with equal numbers.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

LANDMARKS = 478
BLENDSHAPES = 52


@dataclass(frozen=True)
class Faces:
    """The faces of one frame.

    Attributes:
        landmarks: x and y as fractions of the picture, z in the unit of x; smaller is nearer.
        blendshapes: scores in [0, 1], in MediaPipe's order; one row a face in VIDEO mode, none in IMAGE mode.
        matrices: canonical face to camera, in centimetres; as many.
    """

    landmarks: Float32[np.ndarray, "faces 478 3"]
    blendshapes: Float32[np.ndarray, "tracked 52"]
    matrices: Float32[np.ndarray, "tracked 4 4"]

    def __len__(self) -> int:
        return len(self.landmarks)


@dataclass(frozen=True)
class LandmarkerOptions:
    """Settings of a landmarker.

    Attributes:
        weights: ``face_landmarker.task``.
        max_faces: most faces per frame.
        min_detection: lowest detector score of a face.
        min_presence: lowest landmark score of a tracked face.
        min_tracking: lowest overlap between frames of a tracked face; below it the detector runs again.
    """

    weights: Path
    max_faces: int
    min_detection: float
    min_presence: float
    min_tracking: float


class MediaPipeLandmarker:
    """A landmarker for one clip (VIDEO mode, follows the face) or for single pictures (IMAGE mode).

    VIDEO mode keeps state between frames: create a new one for each clip.

    Args:
        options: settings.
        is_video: follow faces over frames, with blendshapes and pose; else landmarks of single pictures only.
        block_read: False reads through the public interface.

    Raises:
        ImportError: MediaPipe or a system library it needs is absent.
    """

    def __init__(self, options: LandmarkerOptions, *, is_video: bool, block_read: bool = True):
        with quiet_stderr():
            from mediapipe.tasks.python import BaseOptions, vision

            self._vision = vision
            self._landmarker = vision.FaceLandmarker.create_from_options(
                vision.FaceLandmarkerOptions(
                    base_options=BaseOptions(model_asset_path=str(options.weights)),
                    running_mode=vision.RunningMode.VIDEO if is_video else vision.RunningMode.IMAGE,
                    num_faces=options.max_faces,
                    min_face_detection_confidence=options.min_detection,
                    min_face_presence_confidence=options.min_presence,
                    min_tracking_confidence=options.min_tracking,
                    output_face_blendshapes=is_video,
                    output_facial_transformation_matrixes=is_video,
                )
            )
        self._is_video = is_video
        self._followed: list[Faces] = []
        self._module = _private_module(self._landmarker) if block_read else None

    @property
    def reads_blocks(self) -> bool:
        """Whether results are read from the C struct."""
        return self._module is not None

    def faces(self, rgb: UInt8[np.ndarray, "height width 3"], time_ms: int = 0) -> Faces:
        """Find the faces of a frame.

        Args:
            rgb: the picture.
            time_ms: increases from frame to frame in VIDEO mode.
        """
        from mediapipe import Image, ImageFormat

        image = Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(rgb))
        if self._module is not None:
            return self._faces_by_block(self._module, image, time_ms)
        if self._is_video:
            return _from_public(self._landmarker.detect_for_video(image, time_ms))
        return _from_public(self._landmarker.detect(image))

    def follow(self, rgb: UInt8[np.ndarray, "height width 3"], time_ms: int) -> None:
        """Follow the faces into the next frame of the clip.

        Args:
            rgb: the picture.
            time_ms: increases from frame to frame.
        """
        self._followed.append(self.faces(rgb, time_ms))

    def followed(self) -> list[Faces]:
        """The faces of all frames so far, one entry per frame."""
        return self._followed

    def close(self) -> None:
        """Release the graph."""
        self._landmarker.close()

    def __enter__(self) -> "MediaPipeLandmarker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _faces_by_block(self, module: Any, image: Any, time_ms: int) -> Faces:
        library, handle = self._landmarker._lib, self._landmarker._handle
        result = module.MpFaceLandmarkerResultC()
        if self._is_video:
            library.MpFaceLandmarkerDetectForVideo(handle, image._image_ptr, None, time_ms, ctypes.byref(result))
        else:
            library.MpFaceLandmarkerDetectImage(handle, image._image_ptr, None, ctypes.byref(result))
        try:
            return _from_block(result)
        finally:
            library.MpFaceLandmarkerCloseResult(ctypes.byref(result))


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep native libraries from writing start-up lines to the terminal."""
    sys.stderr.flush()
    saved, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)


def _private_module(landmarker: Any) -> Any | None:
    """The module of the C structs, if all private names and fields are as expected."""
    module = sys.modules[type(landmarker).__module__]
    try:
        struct = module.MpFaceLandmarkerResultC
        fields = [name for name, _ in struct._fields_]
        landmark = dict(dict(struct._fields_)["face_landmarks"]._type_._fields_)["landmarks"]._type_
        category = dict(dict(struct._fields_)["face_blendshapes"]._type_._fields_)["categories"]._type_
        is_known = (
            fields[0::2] == ["face_landmarks", "face_blendshapes", "facial_transformation_matrixes"]
            and [name for name, _ in landmark._fields_[:3]] == ["x", "y", "z"]
            and ctypes.sizeof(landmark) % 4 == 0
            and category.score.offset == 4
            and all(hasattr(landmarker, name) for name in ("_lib", "_handle"))
            and hasattr(landmarker._lib, "MpFaceLandmarkerDetectForVideo")
        )
    except (AttributeError, KeyError):
        return None
    return module if is_known else None


def _from_block(result: Any) -> Faces:
    faces = result.face_landmarks_count
    landmarks = np.zeros((faces, LANDMARKS, 3), np.float32)
    blendshapes = np.zeros((result.face_blendshapes_count, BLENDSHAPES), np.float32)
    matrices = np.zeros((result.facial_transformation_matrixes_count, 4, 4), np.float32)
    for face in range(faces):
        points = result.face_landmarks[face]
        landmarks[face] = _floats(points.landmarks, points.landmarks_count)[:, :3]
    for face in range(len(blendshapes)):
        scores = result.face_blendshapes[face]
        blendshapes[face] = _floats(scores.categories, scores.categories_count)[:, 1]
    for face in range(len(matrices)):
        matrix = result.facial_transformation_matrixes[face]
        matrices[face] = np.ctypeslib.as_array(matrix.data, shape=(4, 4)).T  # stored by columns
    return Faces(landmarks, blendshapes, matrices)


def _floats(pointer: Any, count: int) -> Float32[np.ndarray, "items words"]:
    """View an array of C structs as rows of 32-bit words; valid while the result is open."""
    words = ctypes.sizeof(pointer._type_) // 4
    return np.ctypeslib.as_array(ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float)), shape=(count, words))


def _from_public(result: Any) -> Faces:
    landmarks = [[(p.x, p.y, p.z) for p in face] for face in result.face_landmarks]
    blendshapes = [[category.score for category in face] for face in result.face_blendshapes]
    return Faces(
        np.array(landmarks, np.float32).reshape(-1, LANDMARKS, 3),
        np.array(blendshapes, np.float32).reshape(-1, BLENDSHAPES),
        np.array(result.facial_transformation_matrixes, np.float32).reshape(-1, 4, 4),
    )
