"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Tests run one process per core; torch's threads of several processes would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# After the environment is set: these load NumPy.
from tests.support.numbered_clips import make_clip, read_number  # noqa: F401
from tests.support.project import REPOSITORY
from tests.support.speech import say  # noqa: F401
from tests.support.splits import save_encoder

SHARED_DATA = Path(os.environ.get("TRIPTYCH_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real clips, texts and features to measure on; never part of the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data is not at {SHARED_DATA}; set TRIPTYCH_SHARED_DATA to its folder")
    return SHARED_DATA


@pytest.fixture(scope="session")
def encoder(tmp_path_factory) -> Path:
    """Folder of a tiny BERT with random weights, the text encoder of small models; read only."""
    return save_encoder(tmp_path_factory.mktemp("encoder"))
