"""The kernels of extraction in a bare loop: a lower bound for any pipeline around them.

The loop checks, stores and logs nothing. One PyAV decode gives pictures (25 per second, at most 480 pixels) and sound;
each clip gets a fresh landmarker, and results are read as a block.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np

from pipeline.extractors._face.engines import AnyLandmarker
from pipeline.extractors._text.openvino import OpenVinoEncoder

RATE_HZ, MAX_SIDE_PX = 25.0, 480


def landmarks(path: Path, landmarker: AnyLandmarker, sound: list[np.ndarray] | None = None) -> int:
    """Landmarks, blendshapes and matrix of all pictures of a file; their number. Sound is gathered on the way."""
    with landmarker:
        for time_ms, rgb in pictures(path, sound):
            landmarker.follow(rgb, time_ms)
        return len(landmarker.followed())


def pictures(path: Path, sound: list[np.ndarray] | None) -> Iterator[tuple[int, np.ndarray]]:
    """Times in milliseconds and pixels, on the grid."""
    resampler = av.AudioResampler("s16", "mono", 16_000)
    slot, shown = 0, None
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        video.thread_type = "NONE"
        streams = [video, *(container.streams.audio[:1] if sound is not None else [])]
        for frame in container.decode(*streams):
            if isinstance(frame, av.AudioFrame):
                sound.extend(part.to_ndarray()[0] for part in resampler.resample(frame))
                continue
            while shown is not None and slot / RATE_HZ + 0.001 < frame.time - (video.start_time or 0) * video.time_base:
                yield round(1000 * slot / RATE_HZ), scaled(shown)
                slot += 1
            shown = frame
    if shown is not None:
        yield round(1000 * slot / RATE_HZ), scaled(shown)


def scaled(frame: av.VideoFrame) -> np.ndarray:
    """Pixels, at most 480 along the longer side."""
    part = min(1.0, MAX_SIDE_PX / max(frame.width, frame.height))
    size = (round(frame.width * part), round(frame.height * part))
    turned = np.rot90(
        frame.reformat(*size, format="rgb24", interpolation="FAST_BILINEAR").to_ndarray(),
        round(frame.rotation / 90) % 4,
    )
    return np.ascontiguousarray(turned)


def speech_descriptors(sounds: Sequence[np.ndarray]) -> None:
    """EGeMAPS of each sound."""
    import opensmile

    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors)
    for samples in sounds:
        smile.process_signal(samples.astype(np.float32) / 32768, 16_000)


def hidden_states(texts: Sequence[str], folder: Path) -> list[np.ndarray]:
    """BERT's last hidden states, sorted by length, 32 at a time, with the extractor's engine."""
    encoder = OpenVinoEncoder(folder)
    tokens = sorted((list(encoder.tokens(text).ids) for text in texts), key=len)
    return [_batch(encoder, tokens[first : first + 32]) for first in range(0, len(tokens), 32)]


def _batch(encoder: OpenVinoEncoder, tokens: Sequence[list[int]]) -> np.ndarray:
    mask = np.array([[column < len(ids) for column in range(len(tokens[-1]))] for ids in tokens], np.int64)
    padded = np.zeros_like(mask)
    padded[mask == 1] = np.concatenate(tokens)
    return encoder.hidden_states(padded, np.zeros_like(mask), mask)
