"""The three networks of ``face_landmarker.task``, run by OpenVINO on one CPU core.

Detector: Bazarevsky et al. 2019, https://arxiv.org/abs/1907.05047. Landmarks: Grishchenko et al. 2020,
https://arxiv.org/abs/2006.10962. Blendshapes: Grishchenko et al. 2023, https://arxiv.org/abs/2309.05782.
"""

import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from pipeline.extractors._face.mediapipe_task import BLENDSHAPES, LANDMARKS
from pipeline.extractors._face.pose import CanonicalFace, read_canonical_face
from pipeline.extractors._openvino import ONE_CORE

#: Input sizes of the detector and of the landmark network.
DETECTOR_PX, FACE_PX = 128, 256
#: Faces per batch of blendshapes: 25 % less time than one by one, with equal numbers.
_BATCH = 8

#: Landmarks that the blendshape network reads.
_POINTS_READ = """
    0 1 4 5 6 7 8 10 13 14 17 21 33 37 39 40 46 52 53 54 55 58 61 63 65 66 67 70 78 80 81 82 84 87 88 91 93 95 103 105
    107 109 127 132 133 136 144 145 146 148 149 150 152 153 154 155 157 158 159 160 161 162 163 168 172 173 176 178 181
    185 191 195 197 234 246 249 251 263 267 269 270 276 282 283 284 285 288 291 293 295 296 297 300 308 310 311 312 314
    317 318 321 323 324 332 334 336 338 356 361 362 365 373 374 375 377 378 379 380 381 382 384 385 386 387 388 389 390
    397 398 400 402 405 409 415 454 466 468 469 470 471 472 473 474 475 476 477
"""
BLENDSHAPE_POINTS = np.array(_POINTS_READ.split(), np.intp)


class Graphs:
    """Detector, landmarks and blendshapes, compiled once; no result depends on earlier runs.

    Args:
        weights: ``face_landmarker.task``, a zip archive.

    Attributes:
        canonical_face: the face that is fitted to landmarks to estimate the pose.

    Raises:
        ImportError: OpenVINO or OpenCV is absent.
    """

    canonical_face: CanonicalFace

    def __init__(self, weights: Path):
        import cv2
        import openvino

        cv2.setNumThreads(1)
        core = openvino.Core()
        # OpenVINO can read TFLite from files only.
        with zipfile.ZipFile(weights) as bundle, tempfile.TemporaryDirectory() as folder:
            bundle.extractall(folder)
            files = Path(folder)
            self._detector = _Graph(core, core.read_model(files / "face_detector.tflite"))
            points = core.read_model(files / "face_landmarks_detector.tflite")
            points.reshape([1, FACE_PX, FACE_PX, 3])
            self._points = _Graph(core, points)
            self._blendshapes = _Graph(core, _batched(core.read_model(files / "face_blendshapes.tflite"), _BATCH))
            metadata = (files / "geometry_pipeline_metadata_landmarks.binarypb").read_bytes()
            self.canonical_face = read_canonical_face(metadata)

    def detect(
        self, square: UInt8[np.ndarray, "128 128 3"]
    ) -> tuple[Float32[np.ndarray, "896 16"], Float32[np.ndarray, "896"]]:
        """Raw boxes and logits of faces in a picture; see `detector.detections`."""
        np.multiply(square, np.float32(2 / 255), out=self._detector.input[0])
        self._detector.input[0] -= 1
        boxes, logits = self._detector.run()
        return boxes[0], logits[0, :, 0]

    def points(self, square: UInt8[np.ndarray, "256 256 3"]) -> tuple[Float32[np.ndarray, "478 3"], float]:
        """Points of a face as fractions of the picture, and the probability that there is a face."""
        np.multiply(square, np.float32(1 / 255), out=self._points.input[0])
        raw, logit, *_ = self._points.run()
        return raw.reshape(LANDMARKS, 3) / np.float32(FACE_PX), float(1 / (1 + np.exp(-logit.ravel()[0])))

    def blendshapes(self, points_px: Float32[np.ndarray, "faces 478 3"]) -> Float32[np.ndarray, "faces 52"]:
        """Blendshape scores of faces; no face depends on another."""
        scores = np.zeros((len(points_px), BLENDSHAPES), np.float32)
        for first in range(0, len(points_px), _BATCH):
            batch = points_px[first : first + _BATCH][:, BLENDSHAPE_POINTS, :2]
            self._blendshapes.input[: len(batch)] = batch
            (outputs,) = self._blendshapes.run()
            scores[first : first + _BATCH] = outputs.reshape(_BATCH, BLENDSHAPES)[: len(batch)]
        return scores


class _Graph:
    def __init__(self, core: Any, model: Any):
        self._request = core.compile_model(model, "CPU", ONE_CORE).create_infer_request()
        self.input = self._request.get_input_tensor().data
        self.input[...] = 0
        self._outputs = [tensor.data for tensor in self._request.output_tensors]

    def run(self) -> list[Float32[np.ndarray, "..."]]:
        """Outputs for the current ``input``; valid until the next run."""
        self._request.infer()
        return self._outputs


def _batched(model: Any, size: int) -> Any:
    """Give the blendshape network a batch dimension: a shape and a constant in it are fixed to one face."""
    from openvino import Model, PartialShape, opset13

    (faces,) = model.get_parameters()
    faces.set_partial_shape(PartialShape([size, len(BLENDSHAPE_POINTS), 2]))
    nodes = {node.get_type_name(): node for node in reversed(model.get_ordered_ops())}  # the first of each kind
    shape = [-1, *nodes["Reshape"].input_value(1).get_node().get_data()[1:]]
    nodes["Reshape"].input(1).replace_source_output(opset13.constant(shape).output(0))
    token = nodes["Concat"].input_value(0)
    repeated = opset13.broadcast(token, opset13.constant([size, *token.get_shape()[1:]]))
    nodes["Concat"].input(0).replace_source_output(repeated.output(0))
    batched = Model([nodes["Sigmoid"].output(0)], [faces])
    batched.validate_nodes_and_infer_types()
    return batched
