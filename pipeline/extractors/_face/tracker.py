"""Follows faces over the frames of a clip, as MediaPipe's FaceLandmarker does in VIDEO mode."""

import numpy as np
from jaxtyping import Float32, UInt8

from pipeline.extractors._face import crop, detector
from pipeline.extractors._face.crop import RotatedRegion
from pipeline.extractors._face.graphs import DETECTOR_PX, FACE_PX, Graphs
from pipeline.extractors._face.mediapipe_task import BLENDSHAPES, LANDMARKS, Faces, LandmarkerOptions
from pipeline.extractors._face.pose import pose_matrices
from pipeline.extractors._face.smoothing import Smoother

_Points = Float32[np.ndarray, "478 3"]


class OpenVinoLandmarker:
    """Faces of the frames of one clip, or of single pictures; see `MediaPipeLandmarker`.

    Args:
        graphs: compiled once for all clips.
        options: settings; the weights are those of the graphs.
        is_video: follow faces over frames, with blendshapes and pose; else landmarks of single pictures only.
    """

    def __init__(self, graphs: Graphs, options: LandmarkerOptions, *, is_video: bool):
        self._graphs, self._options, self._is_video = graphs, options, is_video
        self._regions: list[RotatedRegion] = []
        self._frames_px: list[list[_Points]] = []
        self._sizes_px: list[tuple[int, int]] = []
        # MediaPipe smooths only when it follows a single face.
        self._smoother = Smoother() if is_video and options.max_faces == 1 else None

    def faces(self, rgb: UInt8[np.ndarray, "height width 3"]) -> Faces:
        """Find the faces of a single picture, without blendshapes and pose."""
        height_px, width_px = rgb.shape[:2]
        faces_px = self._points_px(rgb, self._detected(rgb))
        return _faces(_landmarks(faces_px, (width_px, height_px)))

    def follow(self, rgb: UInt8[np.ndarray, "height width 3"], time_ms: int) -> None:
        """Follow the faces into the next frame of the clip.

        Args:
            rgb: the picture.
            time_ms: must grow from frame to frame.
        """
        size_px = (rgb.shape[1], rgb.shape[0])
        regions = self._regions if size_px in self._sizes_px[-1:] else []
        if len(regions) < self._options.max_faces:
            regions = joined([*regions, *self._detected(rgb)], self._options.min_tracking)
        faces_px = self._points_px(rgb, regions)
        self._regions = [crop.region_of_points(points_px) for points_px in faces_px]
        self._frames_px.append(self._smoothed(faces_px, time_ms))
        self._sizes_px.append(size_px)

    def followed(self) -> list[Faces]:
        """The faces of the frames so far, one entry a frame."""
        if not self._frames_px:
            return []
        landmarks = [_landmarks(*frame) for frame in zip(self._frames_px, self._sizes_px, strict=True)]
        points_px = np.array([points for faces_px in self._frames_px for points in faces_px], np.float32)
        blendshapes = self._graphs.blendshapes(points_px.reshape(-1, LANDMARKS, 3))
        counts = [len(faces_px) for faces_px in self._frames_px]
        aspects = np.repeat([width_px / height_px for width_px, height_px in self._sizes_px], counts)
        flat = np.concatenate([np.zeros((0, LANDMARKS, 3), np.float32), *landmarks])
        matrices = pose_matrices(flat, aspects, self._graphs.canonical_face)
        ends = np.cumsum(counts)[:-1]
        parts = zip(landmarks, np.split(blendshapes, ends), np.split(matrices, ends), strict=True)
        return [Faces(*described) for described in parts]

    def close(self) -> None:
        """Nothing to release."""

    def __enter__(self) -> "OpenVinoLandmarker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _points_px(self, rgb: UInt8[np.ndarray, "height width 3"], regions: list[RotatedRegion]) -> list[_Points]:
        """Landmarks of the faces in some regions."""
        faces_px = []
        for region in regions[: self._options.max_faces]:
            points, presence = self._graphs.points(crop.cut(rgb, region, FACE_PX, is_black_outside=False))
            if presence > self._options.min_presence:
                faces_px.append(crop.into_picture(points, region, (rgb.shape[1], rgb.shape[0])))
        return faces_px

    def _detected(self, rgb: UInt8[np.ndarray, "height width 3"]) -> list[RotatedRegion]:
        square = crop.whole_as_square(rgb.shape[1], rgb.shape[0])
        seen = crop.cut(rgb, square, DETECTOR_PX, is_black_outside=True)
        faces = detector.detections(*self._graphs.detect(seen), self._options.min_detection)
        corner = np.array([square.x_px, square.y_px], np.float32) - np.float32(square.width_px / 2)
        return [
            crop.region_of_box(face.box * square.width_px + np.tile(corner, 2), face.eyes * square.width_px + corner)
            for face in faces[: self._options.max_faces]
        ]

    def _smoothed(self, faces_px: list[_Points], time_ms: int) -> list[_Points]:
        if self._smoother is None:
            return faces_px
        if not faces_px:
            self._smoother.reset()
        return [self._smoother.smoothed(points_px, time_ms / 1000) for points_px in faces_px]


def joined(regions: list[RotatedRegion], max_overlap: float) -> list[RotatedRegion]:
    """Drop every region that overlaps with a later one."""
    remaining: list[RotatedRegion] = []
    for region in regions:
        remaining = [other for other in remaining if crop.overlap(region, other) <= max_overlap]
        remaining.append(region)
    return remaining


def _landmarks(faces_px: list[_Points], size_px: tuple[int, int]) -> Float32[np.ndarray, "faces 478 3"]:
    """Points as fractions of the picture; depth in the unit of x."""
    points_px = np.array(faces_px, np.float32).reshape(-1, LANDMARKS, 3)
    return points_px / np.array([size_px[0], size_px[1], size_px[0]], np.float32)


def _faces(landmarks: Float32[np.ndarray, "faces 478 3"]) -> Faces:
    return Faces(landmarks, np.zeros((0, BLENDSHAPES), np.float32), np.zeros((0, 4, 4), np.float32))
