"""The feature store: round trip, and the same bytes however the clips came together."""

import resource
import subprocess
import sys

import numpy as np
import pytest

from pipeline.core.errors import StoreError
from pipeline.features.store import StoreEntry, StoreReader, open_if_usable, write_store
from tests.support.stores import HEADER, make_features, new


def test_features_come_back_as_they_were_written(tmp_path):
    write_store(tmp_path / "s.h5", HEADER, [new("a$_$1", 1), new("a$_$2", 2)])
    with StoreReader(tmp_path / "s.h5") as reader:
        assert reader.header == HEADER
        assert reader.sound_keys() == {"a$_$1": "ka$_$1", "a$_$2": "ka$_$2"}
        back, truth = reader.read("a$_$2"), make_features(2)
    for name in ("values", "times", "mask"):
        np.testing.assert_array_equal(getattr(back, name), getattr(truth, name))
    np.testing.assert_array_equal(back.extras["ids"], truth.extras["ids"])
    assert back.notes == truth.notes


def test_a_store_of_copied_and_new_clips_has_the_bytes_of_a_new_store(tmp_path):
    ids = [f"v{i:02d}$_$1" for i in range(20)]
    write_store(tmp_path / "cold.h5", HEADER, [new(name, i) for i, name in enumerate(ids)])
    write_store(tmp_path / "old.h5", HEADER, [new(name, i) for i, name in enumerate(ids) if i % 3])
    with StoreReader(tmp_path / "old.h5") as old:
        mixed = [StoreEntry(name, "k" + name, reader=old) if i % 3 else new(name, i) for i, name in enumerate(ids)]
        write_store(tmp_path / "warm.h5", HEADER, mixed)
    assert (tmp_path / "warm.h5").read_bytes() == (tmp_path / "cold.h5").read_bytes()


@pytest.mark.parametrize("content", [b"", b"not HDF5 at all", None])
def test_a_damaged_store_is_refused_in_one_line_and_ignored_for_reuse(tmp_path, content):
    path = tmp_path / "s.h5"
    write_store(path, HEADER, [new("a$_$1", 1)])
    path.write_bytes(path.read_bytes()[:700] if content is None else content)
    with pytest.raises(StoreError, match=r"delete it and run again") as caught:
        StoreReader(path)
    assert "\n" not in str(caught.value)
    assert open_if_usable(path) is None


def test_a_failed_write_leaves_the_old_store(tmp_path):
    path = tmp_path / "s.h5"
    write_store(path, HEADER, [new("a$_$1", 1)])
    before = path.read_bytes()

    def broken():
        yield new("a$_$1", 2)
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        write_store(path, HEADER, broken())
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["s.h5"]


def limited_to_64_kb():
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))


def test_a_store_that_cannot_be_written_is_an_error_and_no_crash(tmp_path):
    code = (
        "import sys; from pathlib import Path; from pipeline.features.store import write_store\n"
        "from tests.support.stores import HEADER, new\n"
        "write_store(Path(sys.argv[1]), HEADER, [new(f'a$_${n:02}', n) for n in range(40)])"
    )
    path = tmp_path / "s.h5"
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, preexec_fn=limited_to_64_kb, check=False
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[-1].startswith("OSError: [Errno 27] File too large: 's.h5@")
    assert list(tmp_path.iterdir()) == []
