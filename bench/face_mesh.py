"""Vision features for ``bench/mmsa_fet.py``: the landmarks of MediaPipe's former FaceMesh, which MMSA-FET runs.

The benchmark copies this file into the extractors of a copy of Triptych, so that both sides run the same kernel; it
needs MediaPipe 0.10, the last with FaceMesh.
"""

import numpy as np
from jaxtyping import Float32
from pydantic import Field

from pipeline.extractors._base import ClipInput, Extractor, ExtractorConfig
from pipeline.extractors._face.mediapipe_task import quiet_stderr
from pipeline.features.features import Features
from pipeline.media.video import Video

VERSION = 1
MODALITY = "vision"
READS = ("video",)
REQUIRES = ("mediapipe", "av", "numpy")
SHARD_CLIPS = 32

POINTS = 478


class Config(ExtractorConfig):
    """Settings of the mesh."""

    rate_hz: float = Field(25.0, gt=0)
    """Rows per second."""
    max_side_px: int = Field(480, ge=64)
    """The picture's longer side is scaled down to this."""


class FaceMeshExtractor(Extractor):
    """478 points of one face, with the confidences of MMSA-FET's example."""

    feature_names = tuple(f"{axis}_{point:03d}" for point in range(POINTS) for axis in "xyz")

    def __init__(self, config: Config):
        with quiet_stderr():
            import mediapipe

        self._config = config
        self._mesh = mediapipe.solutions.face_mesh.FaceMesh

    def extract(self, clip: ClipInput) -> Features:
        """One row for each place on the grid; rows without a face are zero and masked."""
        rows = self._rows(clip.video)
        starts_s = np.arange(len(rows)) / self._config.rate_hz
        return Features(
            values=np.stack([np.zeros(3 * POINTS, np.float32) if row is None else row for row in rows]),
            times=np.stack([starts_s, starts_s + 1 / self._config.rate_hz], axis=1),
            mask=np.array([row is not None for row in rows]),
        )

    def _rows(self, video: Video) -> list[Float32[np.ndarray, "1434"] | None]:
        options = {"refine_landmarks": True, "min_detection_confidence": 0.35, "min_tracking_confidence": 0.5}
        with self._mesh(static_image_mode=False, max_num_faces=1, **options) as mesh:
            frames = video.frames(self._config.rate_hz, self._config.max_side_px)
            return [_points(mesh.process(frame.rgb).multi_face_landmarks) for frame in frames]


def _points(faces: list | None) -> Float32[np.ndarray, "1434"] | None:
    if not faces:
        return None
    return np.array([(point.x, point.y, point.z) for point in faces[0].landmark], np.float32).ravel()


extractor = FaceMeshExtractor
