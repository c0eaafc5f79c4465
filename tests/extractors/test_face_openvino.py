"""The landmarker's graphs run with our own tracker: its geometry, and its agreement with MediaPipe's task."""

import os
import threading
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from pipeline.config import weights
from pipeline.config.loading import validated
from pipeline.core.errors import ConfigError
from pipeline.core.fingerprints import FileHashes
from pipeline.extraction.resolved import resolve_extractor
from pipeline.extractors import bert, face
from pipeline.extractors._base import ClipInput
from pipeline.extractors._face import crop, detector, pose
from pipeline.extractors._face.crop import RotatedRegion
from pipeline.extractors._face.graphs import Graphs
from pipeline.extractors._face.smoothing import Smoother
from pipeline.extractors._face.tracker import joined
from pipeline.media.span import MediaSpan
from pipeline.media.video import Video

EYES = (33, 263)


def points_around(x: float, y: float, width: float, height: float) -> np.ndarray:
    """478 points in a rectangle, with level eyes inside of it."""
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (478, 3)).astype(np.float32)
    points[0], points[1] = (-0.5, -0.5, 0), (0.5, 0.5, 0)
    points[EYES[0]], points[EYES[1]] = (-0.3, 0, 0), (0.3, 0, 0)
    return points * np.array([width, height, width], np.float32) + np.array([x, y, 0], np.float32)


def test_region_of_a_face_is_half_as_wide_again_as_its_longer_side():
    region = crop.region_of_points(points_around(100, 80, 40, 60))
    assert (region.x_px, region.y_px) == pytest.approx((100, 80), abs=1e-3)
    assert (region.width_px, region.height_px) == pytest.approx((90, 90), abs=1e-3)
    assert region.angle_rad == 0


def test_region_turns_with_the_line_between_the_eyes():
    points = points_around(100, 80, 40, 60)
    points[EYES[1], :2] = points[EYES[0], :2] + (10, 10)
    assert crop.region_of_points(points).angle_rad == pytest.approx(np.pi / 4)


def test_whole_pixels_are_cut_out_as_they_are():
    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    shown = crop.cut(picture, RotatedRegion(26.0, 24.0, 20.0, 20.0), 20, is_black_outside=True)
    assert np.array_equal(shown, picture[14:34, 16:36])


@pytest.mark.parametrize("is_black_outside", [True, False])
def test_outside_of_the_picture_is_black_or_its_edge(is_black_outside):
    shown = crop.cut(
        np.full((8, 8, 3), 200, np.uint8), RotatedRegion(0.0, 4.0, 8.0, 8.0), 8, is_black_outside=is_black_outside
    )
    assert shown[4, 1, 0] == (0 if is_black_outside else 200)
    assert shown[4, 6, 0] == 200


@pytest.mark.parametrize("angle_rad", [0.0, 0.4, -2.0])
def test_what_is_seen_in_a_turned_region_is_found_again_in_the_picture(angle_rad):
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[60:63, 90:93] = 255
    region = RotatedRegion(80.0, 66.0, 64.0, 64.0, angle_rad)
    shown = crop.cut(picture, region, 64, is_black_outside=True)[:, :, 0].astype(float)
    y, x = (np.average(places, weights=shown) / 64 for places in np.indices(shown.shape))
    (point,) = crop.into_picture(np.array([[x, y, 0.5]], np.float32), region, (160, 120))
    assert point[:2] == pytest.approx((91, 61), abs=0.1)


def test_depth_keeps_the_unit_of_a_level_region():
    points = np.array([[0.5, 0.5, 0.25]], np.float32)
    level, turned = (RotatedRegion(50.0, 50.0, 40.0, 40.0, angle_rad) for angle_rad in (0.0, np.pi / 2))
    assert crop.into_picture(points, level, (200, 100))[0, 2] == 10
    assert crop.into_picture(points, turned, (200, 100))[0, 2] == pytest.approx(20)


def test_guesses_of_one_face_are_averaged_by_their_scores():
    boxes, logits = np.zeros((896, 16), np.float32), np.full(896, -9.0, np.float32)
    boxes[100:102, 2:4] = 32.0
    boxes[101, :2] = 4.0
    logits[100:102] = 2.0
    (face,) = detector.detections(boxes, logits, 0.5)
    middle = detector.anchors()[100] + 2.0 / 128
    assert face.box == pytest.approx([*(middle - 0.125), *(middle + 0.125)], abs=1e-6)
    assert detector.detections(boxes, logits, 0.9) == []


def test_later_of_two_overlapping_regions_is_kept():
    first, second, apart = (
        RotatedRegion(10.0, 10.0, 8.0, 8.0),
        RotatedRegion(11.0, 10.0, 8.0, 8.0),
        RotatedRegion(40.0, 10.0, 8.0, 8.0),
    )
    assert joined([first, apart, second], 0.5) == [apart, second]


def test_resting_points_are_smoothed_and_moving_ones_are_not():
    rest = points_around(100, 80, 40, 60)
    noise = np.random.default_rng(1).normal(0, 0.05, (40, *rest.shape)).astype(np.float32)
    smoother = Smoother()
    smooth = [smoother.smoothed(rest + jitter, 1 + index / 25) for index, jitter in enumerate(noise)]
    assert np.array_equal(smooth[0], rest + noise[0])
    assert np.std(smooth[20:], axis=0).mean() < 0.5 * np.std(noise[20:], axis=0).mean()
    moved = [smoother.smoothed(rest + 20 * step, 3 + step / 25) for step in range(5)]
    assert np.abs(moved[-1] - (rest + 80)).mean() < 4
    smoother.reset()
    assert np.array_equal(smoother.smoothed(rest, 9.0), rest)


@pytest.fixture(scope="module")
def canonical_face():
    with zipfile.ZipFile(weights.resolve_face_landmarker(None)) as bundle:
        return pose.read_canonical_face(bundle.read("geometry_pipeline_metadata_landmarks.binarypb"))


def test_pose_of_a_projected_canonical_face_is_found_again(canonical_face):
    angle_rad, place_cm = 0.3, np.array([3.0, -2.0, -60.0])
    turn = np.array([[np.cos(angle_rad), 0, np.sin(angle_rad)], [0, 1, 0], [-np.sin(angle_rad), 0, np.cos(angle_rad)]])
    height = 2 * np.tan(np.radians(63) / 2)
    width = height * 640 / 480
    placed = canonical_face.points_cm @ turn.T + place_cm
    points = np.zeros((1, 478, 3), np.float32)
    seen = placed / -placed[:, 2:]
    points[0, canonical_face.indices, 0] = seen[:, 0] / width + 0.5
    points[0, canonical_face.indices, 1] = 0.5 - seen[:, 1] / height
    points[0, canonical_face.indices, 2] = (place_cm[2] - placed[:, 2]) / 60 / width
    points[0, :, 2] -= points[0, : canonical_face.num_points, 2].mean()
    (matrix,) = pose.pose_matrices(points, np.array([640 / 480]), canonical_face)
    assert matrix[:3, :3] == pytest.approx(turn, abs=0.05)
    assert matrix[:3, 3] == pytest.approx(place_cm, rel=0.1, abs=0.5)


def test_engine_and_its_library_are_part_of_the_identity(tmp_path):
    with FileHashes(tmp_path / "hashes.sqlite") as hashes:
        task, fast = (resolve_extractor("face", {"engine": name}, "test", hashes) for name in ("mediapipe", "openvino"))
    assert task.identity != fast.identity
    assert "mediapipe" in task.libraries
    assert "openvino" in fast.libraries
    assert "mediapipe" not in fast.libraries


@pytest.mark.parametrize("config", [face.Config, bert.Config])
def test_old_name_of_the_engine_is_an_error_that_names_the_new_one(config):
    with pytest.raises(ConfigError, match=r"^config.yaml: engine is 'direct': renamed to 'openvino'$"):
        validated(config, {"engine": "direct"}, "config.yaml")


def test_openvino_agrees_with_the_task_on_a_real_clip(shared_data):
    path = shared_data / "grid" / "lbid2n.mpg"
    spans = [MediaSpan(path, 0.0, 1.0), MediaSpan(path, 1.0, 1.5), MediaSpan(path, 0.0, 1.0)]
    (task,) = features_of(face.Config(engine="mediapipe", landmarks=True), spans[:1])
    fast, _, again = features_of(face.Config(landmarks=True), spans)
    assert np.array_equal(task.mask, fast.mask)
    seen = task.mask
    assert seen.mean() > 0.9
    one, other = (features.extras["landmarks"][seen, :, :2] * (360, 288) for features in (task, fast))
    eyes_px = np.linalg.norm(one[:, EYES[0]] - one[:, EYES[1]], axis=1)
    assert (np.linalg.norm(one - other, axis=2) / eyes_px[:, None]).mean() < 0.001
    assert np.abs(task.values - fast.values)[seen, :52].mean() < 0.001
    assert np.abs(task.values - fast.values)[seen, 52:55].max() < 0.01
    assert fast.values.tobytes() == again.values.tobytes()


def features_of(config: face.Config, spans: list[MediaSpan]):
    built = face.FaceExtractor(config)
    features = [built.extract(ClipInput("clip", video=Video(span))) for span in spans]
    built.close()
    return features


def test_many_processes_do_not_bind_themselves_to_one_core():
    """OpenVINO would bind its thread to the first core while it computes, in every process to the same."""
    cores = os.sched_getaffinity(0)
    if len(cores) < 2:
        pytest.skip("one core")
    graphs, seen, is_over = Graphs(weights.resolve_face_landmarker(None)), set(), threading.Event()

    def look() -> None:
        while not is_over.is_set():
            for task in Path("/proc/self/task").iterdir():
                with suppress(OSError):  # threads come and go
                    seen.add(frozenset(os.sched_getaffinity(int(task.name))))

    watcher = threading.Thread(target=look)
    watcher.start()
    for _ in range(50):
        graphs.points(np.zeros((256, 256, 3), np.uint8))
    is_over.set()
    watcher.join()
    assert seen == {frozenset(cores)}
