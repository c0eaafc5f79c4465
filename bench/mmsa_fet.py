"""Whole extractions by MMSA-FET 0.4.1 and by Triptych, over the same clips, alternating; prints Markdown.

Both make openSMILE's eGeMAPS descriptors, MiniLM's hidden states and a face's features at 25 rows a second, and one
pickle of them. MMSA-FET runs MediaPipe's FaceMesh (landmarks); Triptych runs the FaceLandmarker, blendshapes and pose
included (side ``task``: by MediaPipe's own engine), or in the side ``mesh`` the same FaceMesh as MMSA-FET. The first
run creates MMSA-FET's environment in the folder given by ``--environment``; its pinned versions need Python 3.11.

example: python bench/mmsa_fet.py DATA/grid --environment FOLDER --rounds 2 --json fet_grid.json
example: python bench/mmsa_fet.py DATA/grid --environment FOLDER --clips 200 --sides fet triptych --cases cold added
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from _clip_dataset import ClipDataset
from _extraction_sides import DATASET, PEER, Ours, Peer
from _report import keep, show
from _watched import watch

SIDES = ("fet", "triptych", "mesh", "task")
CASES = ("cold", "added", "edited", "setting", "killed")
COMPARED = ("cpu s", "wall s", "peak mb", "first clip s")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips_folder", type=Path, help="folder of clips, with transcripts.csv (file, text) or without")
    parser.add_argument("--environment", type=Path, required=True, help="folder of MMSA-FET's virtual environment")
    parser.add_argument("--clips", type=int, help="number of clips, repeating those of the folder (default: each once)")
    parser.add_argument("--height", type=int, help="scale the pictures to this height in pixels first")
    parser.add_argument("--cores", type=int, default=1, help="workers of either side")
    parser.add_argument("--rounds", type=int, default=1, help="cold runs of each side, alternating")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=SIDES[:3])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES, help="all but cold: fet and triptych alone")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        rows: list[dict[str, Any]] = []
        for row in measured(Path(root).resolve(), arguments):
            rows.append(row)
            show([row], with_head=len(rows) == 1)
            keep(arguments.json, {"rows": rows, "ratios": ratios(rows)})
    if ratios(rows):
        print()
        show(ratios(rows))


def measured(root: Path, arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One row per run: cold runs first, then reruns after a change or a kill."""
    dataset = ClipDataset(root / "raw" / DATASET)
    dataset.fill(arguments.clips_folder, arguments.clips, arguments.height)
    sides = {name: side_of(name, root, arguments.environment) for name in arguments.sides}
    for side in arguments.rounds * list(sides.values()):
        side.begin()
        yield row_of(side, "cold", arguments.cores)
    for case in (case for case in CASES if case in arguments.cases and case != "cold"):
        change = {"added": dataset.add, "edited": dataset.edit}.get(case)
        if change:
            change()
        for side in (sides[name] for name in ("fet", "triptych") if name in sides):
            if case == "killed":
                side.begin()
                watch(side.command(arguments.cores), side.place(), kill_after=len(dataset.texts) // 2)
            yield row_of(side, case, arguments.cores)


def side_of(name: str, root: Path, environment: Path) -> Peer | Ours:
    """A side by its name on the command line."""
    folder, raw = root / name, root / "raw"
    if name == "triptych":
        return Ours(folder, raw)
    if name == "task":
        return Ours(folder, raw, "Triptych, engine mediapipe", face={"engine": "mediapipe"})
    peer = Peer(folder, raw, environment)
    peer.install()
    return peer if name == "fet" else Ours(folder, raw, "Triptych, FaceMesh", mesh_of=environment)


def row_of(side: Peer | Ours, case: str, cores: int) -> dict[str, Any]:
    """Run a side once."""
    spent = watch(side.command(cores, changed=case == "setting"), side.place())
    figures = {name.replace("_", " "): value for name, value in asdict(spent).items()}
    return {"side": side.name, "case": case, "clips": side.clips(), **figures}


def ratios(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """MMSA-FET's figures divided by ours, case by case; medians over rounds."""
    named = {(row["side"], row["case"]): [] for row in rows}
    for row in rows:
        named[row["side"], row["case"]].append(row)
    middle = {key: {name: median(row[name] for row in some) for name in COMPARED} for key, some in named.items()}
    return [
        {"MMSA-FET /": side, "case": case, **{name: middle[PEER, case][name] / ours[name] for name in COMPARED}}
        for (side, case), ours in middle.items()
        if side != PEER and (PEER, case) in middle
    ]


if __name__ == "__main__":
    main()
