import pytest

from pipeline.core.errors import StoreError
from pipeline.core.paths import Layout
from pipeline.index.dataset_index import DatasetIndex
from pipeline.index.manifest import to_jsonl
from pipeline.index.summary import Summary


@pytest.fixture
def index(tmp_path) -> DatasetIndex:
    paths = Layout(tmp_path).dataset("demo")
    Summary(8, 200, 0, 0, "").write(paths.summary)
    return DatasetIndex(paths)


def test_each_manifest_belongs_to_one_shard_of_an_extractor(index):
    assert (index.shards("face"), len(index.shards("bert"))) == ([f"{number:03x}" for number in range(8)], 1)
    assert index.shard_manifests("media", "face", "003") == [index.paths.manifest("media", "003")]
    assert index.shard_manifests("text", "bert", "000") == index.manifests("text")


def test_an_extractor_has_no_manifests_of_a_kind_that_it_does_not_read(index):
    assert index.shard_manifests("text", "face", "000") == []
    assert index.shard_manifests("media", "bert", "000") == []


def test_stores_of_a_corruption_have_the_same_shards(index):
    corrupted = index.paths.corrupted("blur", 2)
    assert [path.stem for path in index.stores("face", corrupted)] == index.shards("face")
    assert all(path.is_relative_to(corrupted.root) for path in index.stores("face", corrupted))


def test_rows_of_all_manifests_are_read(index):
    for number, path in enumerate(index.manifests("text")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(to_jsonl([{"clip_id": f"a$_${number}", "text": "word"}]))
    assert index.texts() == {f"a$_${number}": "word" for number in range(8)}


def test_a_dataset_that_was_never_scanned_is_an_error(tmp_path):
    with pytest.raises(StoreError, match=r"no such file; run: python -m pipeline scan"):
        _ = DatasetIndex(Layout(tmp_path).dataset("demo")).summary
