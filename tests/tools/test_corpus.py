"""Every kind of bad input of tools/corpus ends as its table says; media are in tests/end_to_end/test_bad_media.py."""

import contextlib
import json
import re
import subprocess
import sys

import pytest
import torch
import yaml

from pipeline.config.settings import DatasetConfig
from pipeline.config.weights import resolve_face_landmarker, resolve_text_encoder
from pipeline.core.errors import PipelineError
from pipeline.core.paths import DatasetPaths
from pipeline.features.store import StoreReader, open_if_usable, write_store
from pipeline.packs.formats.contents import read_contents
from pipeline.packs.formats.files import read_pickle, to_arrays
from pipeline.packs.mmsa_rules import check
from pipeline.scanning.scan import scan
from pipeline.steps import gate
from pipeline.training.checkpoint import load_state, load_weights, save_weights
from pipeline.workflow.job_files import Workflow
from tests.support.splits import make_splits
from tests.support.stores import HEADER, new
from tools.corpus import configs, packs, stores, tables, weights
from tools.corpus.__main__ import AREAS, page_with


def kinds(area):
    return pytest.mark.parametrize("kind", area, ids=[kind.name for kind in area])


def outcome(kind, action, *arguments, **named):
    """The error message of an action, one line or a list of rows; for an accepted kind, its result."""
    if kind.outcome == "accepted":
        return action(*arguments, **named)
    with pytest.raises(PipelineError) as caught:
        action(*arguments, **named)
    message = str(caught.value)
    assert re.search(kind.says, message), message
    assert "Traceback" not in message
    return message


def make_raw(raw, table=tables.TABLE):
    for video in range(1, 5):
        media = raw / "Raw" / f"v{video}" / "001.mp4"
        media.parent.mkdir(parents=True)
        media.write_bytes(b"media")
    (raw / "label.csv").write_bytes(table)
    return raw


@kinds(tables.TABLES)
def test_label_tables(tmp_path, kind):
    raw = make_raw(tmp_path / "raw" / "toy", kind.make())
    message = outcome(kind, scan, "toy", DatasetConfig(), raw=raw, paths=DatasetPaths(tmp_path / "processed"))
    assert sorted(path.name for path in tmp_path.iterdir()) in (["processed", "raw"], ["raw"])
    if kind.outcome == "error":
        assert "label.csv" in message


@pytest.fixture
def splits():
    return make_splits()


@kinds(packs.FILES)
def test_pickles(tmp_path, splits, kind):
    kind.make(tmp_path / "pack.pkl", splits)
    assert "\n" not in outcome(kind, read_pickle, tmp_path / "pack.pkl")


_SPY = """
import sys
from pathlib import Path
from pipeline.core.errors import StoreError
from pipeline.packs.formats.files import read_pickle
import numpy as np, pickle
pickle.loads(pickle.dumps(np.zeros(2), 2), encoding="latin1")  # imports what reading any array imports
seen = []
files = [Path(name) for name in sys.argv[1:]]
sys.addaudithook(lambda event, arguments: seen.append((event, str(arguments[0]) if arguments else "")))
for path in files:
    try:
        read_pickle(path)
    except StoreError:
        pass
harmless = ("pickle.find_class", "object.__getattr__", "sys._getframe", "builtins.id")
seen = [row for row in seen if row[0] not in harmless and row not in [("open", str(path)) for path in files]]
print(sorted(set(seen)))
"""


def test_no_malicious_pickle_runs_code_or_opens_another_file(tmp_path, splits):
    files = []
    for number, kind in enumerate(packs.FILES):
        kind.make(tmp_path / f"{number}.pkl", splits)
        files.append(str(tmp_path / f"{number}.pkl"))
    done = subprocess.run(
        [sys.executable, "-c", _SPY, *files], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert not (tmp_path / "ran").exists()


@kinds(packs.HDF5)
def test_hdf5_packs(tmp_path, splits, kind):
    kind.make(tmp_path / "pack.h5", splits)
    assert "\n" not in outcome(kind, read_contents, tmp_path / "pack.h5")


@kinds(packs.RULES)
def test_rules_of_packs(splits, kind):
    arrays = {name: to_arrays(split) for name, split in splits.items()}
    kind.make(arrays)
    findings = [f"{finding.level}: {finding.where}: {finding.what}" for finding in check(arrays)]
    assert any(re.search(kind.says, line) for line in findings), findings
    assert any(line.startswith("error") for line in findings) == (kind.outcome == "error")


@pytest.fixture
def stored(tmp_path):
    """A dataset of three clips with one store."""
    paths = DatasetPaths(tmp_path / "toy")
    ids = [f"v{number}$_$1" for number in range(3)]
    write_store(paths.store("egemaps", "000"), HEADER, [new(clip_id, seed) for seed, clip_id in enumerate(ids)])
    paths.failed("egemaps", "000").write_text("")
    paths.index.mkdir(parents=True)
    paths.labels.write_text("".join(json.dumps({"clip_id": clip_id}) + "\n" for clip_id in ids))
    summary = {"manifests": 1, "clips": 3, "rejected": 0, "absent": 0, "signature": ""}
    paths.summary.write_text(json.dumps(summary))
    return paths


@kinds(stores.REPLACED)
def test_stores_that_the_next_run_meets(stored, kind):
    path = stored.store("egemaps", "000")
    kind.make(path)
    reader = open_if_usable(path)
    with reader or contextlib.nullcontext():
        keys = reader.sound_keys() if reader else {}
    expected = {clip_id: f"k{clip_id}" for clip_id in ("v0$_$1", "v1$_$1", "v2$_$1")}
    if kind.says == stores.AGAIN:
        assert keys.get("v0$_$1") != expected["v0$_$1"]
    else:
        assert keys.items() >= expected.items()


@kinds(stores.READ)
def test_stores_that_later_steps_meet(stored, tmp_path, kind):
    path = stored.store("egemaps", "000")
    kind.make(path)

    def read():
        gate.run(dataset="toy", extractor="egemaps", processed=tmp_path)
        with StoreReader(path) as reader:
            for clip_id in reader.ids():
                reader.read(clip_id)

    assert "\n" not in outcome(kind, read)


@kinds(configs.CONFIGS)
def test_settings(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    make_raw(tmp_path / "raw" / "demo")
    run = {"datasets": ["demo"], "packs": ["unaligned_50"], "models": ["amccl"], "seeds": [1]}
    for name, content in kind.make().items():
        if name == "config.yaml":
            run = {key: value for key, value in {**run, **content}.items() if value is not None}
            continue
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content if isinstance(content, bytes) else yaml.safe_dump(content).encode())
    assert "\n" not in outcome(kind, Workflow, run, scan_now=True)
    assert not (tmp_path / "ran").exists()


@kinds(weights.LANDMARKER)
def test_landmarkers(tmp_path, kind):
    outcome(kind, resolve_face_landmarker, str(kind.make(tmp_path)))


@kinds(weights.ENCODERS)
def test_text_encoders(tmp_path, kind):
    outcome(kind, resolve_text_encoder, str(kind.make(tmp_path)))


@kinds(weights.TRAINED)
def test_trained_weights(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "best.safetensors"
    save_weights(torch.nn.Linear(3, 2), path)
    if kind.make:
        kind.make(path)
    model = torch.nn.Linear(3, 2) if kind.make else torch.nn.Linear(4, 2)
    assert "\n" not in outcome(kind, load_weights, model, path)
    assert not (tmp_path / "ran").exists()


@kinds(weights.STATES)
def test_states_of_unfinished_runs(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    kind.make(tmp_path / "state.pt")
    assert load_state(tmp_path / "state.pt", identity="x") is None
    assert not (tmp_path / "ran").exists()


def test_the_table_of_kinds_is_what_the_corpus_says(repository):
    page = (repository / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert page == page_with(page), "run: python -m tools.corpus"
    assert sum(map(len, AREAS.values())) >= 60
    assert all(len({kind.name for kind in area}) == len(area) for area in AREAS.values())
