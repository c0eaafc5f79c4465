"""One clip of the demo: a spoken sentence and a face that moves with it, as an MP4."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int16, UInt8

from pipeline.demo.face import PICTURE_PX, Pose, draw_face, load_portrait
from pipeline.demo.script import ClipScript
from pipeline.demo.voice import RATE_HZ, Prosody, SpokenWord, speak

FRAMES_PER_S = 25
_SAMPLES_PER_FRAME = RATE_HZ // FRAMES_PER_S
_ROOM_NOISE = 4.0


def make_clip(script: ClipScript, path: Path) -> list[SpokenWord]:
    """Write one MP4; the same script gives the same bytes.

    Returns:
        The words and their times in the clip.
    """
    rng = np.random.default_rng(script.seed)
    speech, words = speak(script.text, _choose_prosody(script))
    sound, lead_s = _add_silence(speech, rng)
    portrait = load_portrait(script.speaker.look)
    poses = _animate(sound, script.label_vision, rng)
    _encode(path, sound, (draw_face(portrait, script.speaker.look, pose) for pose in poses))
    return [SpokenWord(w.word, w.start_s + lead_s, w.end_s + lead_s) for w in words]


def _choose_prosody(script: ClipScript) -> Prosody:
    """Positive is higher, faster, livelier and louder."""
    mood = script.label_audio
    return Prosody(
        voice=script.speaker.voice,
        words_per_min=round(205 + 12 * mood),
        pitch=round(script.speaker.base_pitch + 8 * mood),
        pitch_range=round(50 + 12 * mood),
        rms=2800.0 + 350.0 * mood,
    )


def _add_silence(
    speech: Int16[np.ndarray, "samples"], rng: np.random.Generator
) -> tuple[Int16[np.ndarray, "padded"], float]:
    """Set the speech between short silences, over the faint noise of a room; returns the first one's seconds."""
    lead, tail = (int(rng.uniform(0.15, 0.30) * RATE_HZ) for _ in range(2))
    num_frames = -(-(lead + len(speech) + tail) // _SAMPLES_PER_FRAME)
    sound = rng.normal(0, _ROOM_NOISE, num_frames * _SAMPLES_PER_FRAME)
    sound[lead : lead + len(speech)] += speech
    return sound.clip(-32768, 32767).astype(np.int16), lead / RATE_HZ


def _animate(sound: Int16[np.ndarray, "samples"], mood: float, rng: np.random.Generator) -> list[Pose]:
    """One pose per frame: the jaw follows the sound, mouth corners and brows follow the mood."""
    jaw = _measure_loudness(sound)
    time_s = np.arange(len(jaw)) / FRAMES_PER_S
    phases = rng.uniform(0, 2 * np.pi, 4)
    waves = [np.sin(2 * np.pi * f * time_s + p) for f, p in zip((0.5, 0.4, 0.35, 0.6), phases, strict=True)]
    blink = _schedule_blinks(time_s, rng)
    smile, brows = mood / 3.2 + 0.06 * waves[0], mood / 3.2 + 0.12 * waves[1]
    columns = (smile, brows, jaw, blink, 1.5 * waves[2], 1.0 * waves[3])
    return [Pose(*map(float, row)) for row in zip(*columns, strict=True)]


def _measure_loudness(sound: Int16[np.ndarray, "samples"]) -> Float64[np.ndarray, "frames"]:
    """Amplitude of each frame, smoothed over three, 0 to about 1."""
    frames = sound.reshape(-1, _SAMPLES_PER_FRAME).astype(np.float64)
    rms = np.convolve(np.sqrt((frames**2).mean(axis=1)), (0.25, 0.5, 0.25), mode="same")
    return np.clip(rms / np.percentile(rms, 95), 0, 1)


def _schedule_blinks(time_s: Float64[np.ndarray, "frames"], rng: np.random.Generator) -> np.ndarray:
    """Lids shut for a fifth of a second, every two or three seconds."""
    middles_s = np.cumsum(rng.uniform(1.5, 3.0, 10)) - 1.0
    distance_s = np.abs(time_s[:, None] - middles_s).min(axis=1)
    return np.clip(1.2 * (1 - distance_s / 0.12), 0, 1)


def _encode(
    path: Path, sound: Int16[np.ndarray, "samples"], pictures: Iterator[UInt8[np.ndarray, "height width 3"]]
) -> None:
    """Write H.264 and AAC; one thread and bitexact flags, so that the bytes depend on nothing else."""
    import av

    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        options = {"preset": "veryfast", "crf": "20", "threads": "1", "flags": "+bitexact"}
        video = container.add_stream("libx264", rate=FRAMES_PER_S, options=options)
        video.width, video.height, video.pix_fmt = PICTURE_PX, PICTURE_PX, "yuv420p"
        audio = container.add_stream("aac", rate=RATE_HZ, options={"flags": "+bitexact"})
        audio.layout, audio.bit_rate = "mono", 64_000
        for picture in pictures:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(sound[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
