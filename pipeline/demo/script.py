"""The script of the demo: labels, splits, sentences and speakers of its clips."""

import random
from dataclasses import dataclass

from pipeline.core.errors import ConfigError
from pipeline.core.types import Split
from pipeline.demo.face import Look
from pipeline.demo.grammar import compose_sentence

CLIPS_PER_VIDEO = 4
MIN_CLIPS = 6

# Magnitude and sign of the clips of a video, in turn: both signs come first, for the smallest videos.
_STRATA = ((-3.0, -1.5), (1.5, 3.0), (-1.5, -0.1), (0.1, 1.5))
_MODALITY_NOISE = 1.0
# No breathy voice: espeak seeds their noise with the clock.
_VARIANTS = ("f1", "f4", "steph", "Annie", "steph3")


@dataclass(frozen=True)
class Speaker:
    """Voice and picture of one video."""

    video_id: str
    split: Split
    voice: str
    base_pitch: int
    look: Look


@dataclass(frozen=True)
class ClipScript:
    """The script of one clip.

    Attributes:
        speaker: who says it.
        clip_id: number within the video.
        text: the sentence.
        label: sentiment of the clip, -3 to 3, one decimal.
        label_text: sentiment of the text alone.
        label_audio: sentiment of the voice.
        label_vision: sentiment of the face.
        seed: of the other random choices of the clip.
    """

    speaker: Speaker
    clip_id: str
    text: str
    label: float
    label_text: float
    label_audio: float
    label_vision: float
    seed: int


def write_scripts(num_clips: int, seed: int) -> list[ClipScript]:
    """Write the scripts of all clips, video by video.

    Raises:
        ConfigError: too few clips for three splits with both signs.
    """
    if num_clips < MIN_CLIPS:
        raise ConfigError(f"a demo of {num_clips} clips cannot fill three splits; ask for {MIN_CLIPS} or more")
    rng = random.Random(seed)
    num_videos = max(3, round(num_clips / CLIPS_PER_VIDEO))
    speakers = [_cast_speaker(i, split, rng) for i, split in enumerate(_deal_splits(num_videos, rng))]
    texts: set[str] = set()
    return [
        _write_script(speaker, number, texts, rng)
        for video, speaker in enumerate(speakers)
        for number in range(len(range(video, num_clips, num_videos)))
    ]


def _deal_splits(num_videos: int, rng: random.Random) -> list[Split]:
    """About 60 % train, 15 % valid, 25 % test, at least one video each."""
    num_test, num_valid = max(1, round(0.25 * num_videos)), max(1, round(0.15 * num_videos))
    counts: dict[Split, int] = {"test": num_test, "valid": num_valid, "train": num_videos - num_test - num_valid}
    splits = [split for split, count in counts.items() for _ in range(count)]
    rng.shuffle(splits)
    return splits


def _cast_speaker(index: int, split: Split, rng: random.Random) -> Speaker:
    look = Look(
        centre_x=224 + rng.uniform(-6, 6),
        centre_y=126 + rng.uniform(-5, 5),
        zoom=rng.uniform(1.4, 1.6),
        tone_rgb=(rng.uniform(0.85, 1.08), rng.uniform(0.85, 1.08), rng.uniform(0.85, 1.08)),
    )
    voice = f"en-us+{_VARIANTS[index % len(_VARIANTS)]}"
    return Speaker(f"video_{index + 1:04d}", split, voice, rng.randint(42, 58), look)


def _write_script(speaker: Speaker, number: int, texts: set[str], rng: random.Random) -> ClipScript:
    sentiment = rng.uniform(*_STRATA[number % len(_STRATA)])
    text_label, audio_label, vision_label = (_to_grid(sentiment + rng.gauss(0, _MODALITY_NOISE)) for _ in range(3))
    return ClipScript(
        speaker=speaker,
        clip_id=f"{number + 1:04d}",
        text=_new_sentence(text_label, texts, rng),
        label=_to_grid(sentiment),
        label_text=text_label,
        label_audio=audio_label,
        label_vision=vision_label,
        seed=rng.getrandbits(32),
    )


def _new_sentence(sentiment: float, texts: set[str], rng: random.Random) -> str:
    """Compose until a sentence is new; after 100 tries, accept a repeated one."""
    for _ in range(100):
        text = compose_sentence(sentiment, rng)
        if text not in texts:
            break
    texts.add(text)
    return text


def _to_grid(sentiment: float) -> float:
    """One decimal, within [-3, 3], never minus zero."""
    return round(min(max(sentiment, -3.0), 3.0), 1) + 0.0
