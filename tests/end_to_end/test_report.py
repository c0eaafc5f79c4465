"""The report page and the card of one clip, from real stores and synthetic runs."""

import base64
import json
import re
from html.parser import HTMLParser

import pytest

from pipeline.core.errors import ConfigError, StoreError
from pipeline.packs.formats.files import write_card, write_h5
from pipeline.packs.schema import PackCard
from pipeline.report.page import make_page
from pipeline.steps import report, show
from tests.support.reported import HOSTILE, reported_project
from tests.support.splits import DIMS, make_split

__all__ = ["reported_project"]


class _Links(HTMLParser):
    """What a page refers to, and its ids."""

    def __init__(self, page: str):
        super().__init__()
        self.targets: set[str] = set()
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.targets |= {value for name, value in attrs if name in ("href", "src", "xlink:href", "action")}
        self.ids += [value for name, value in attrs if name == "id"]


@pytest.fixture(scope="module")
def page(reported_project):
    return (reported_project.processed / "report.html").read_text()


def test_the_page_refers_to_nothing_outside_and_every_link_has_its_place(page):
    links = _Links(page)
    inside = {target for target in links.targets if target.startswith("#")}
    assert {target.partition(":")[0] for target in links.targets - inside} == {"data"}
    assert {target[1:] for target in inside} <= set(links.ids)
    assert "default-src 'none'" in page


def test_the_page_has_every_section(page):
    for section in ("summary", "datasets", "features", "clips", "models", "run"):
        assert f'<section id="{section}"' in page
    for what in ("Predicted against true", "Learning curves", "Ablation", "Robustness", "Comparison: papers"):
        assert what in page, what


def test_text_of_the_data_cannot_become_markup(page):
    assert HOSTILE not in page
    assert page.count("<script") == 1


def test_the_best_model_is_chosen_on_the_validation_split_and_variants_are_no_models(page):
    sentence = re.search(r"<p>(On demo, unaligned_50:.*?)</p>", page)[1]
    assert "good, selected by MAE on the validation split (0.200)" in sentence
    assert "over 2 seeds" in sentence


def test_a_page_without_models_keeps_to_its_limit_and_counts_omitted_cards(packed, tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.report.page.MAX_CARD_BYTES", 1)
    bare = make_page(processed=packed.processed, raw=tmp_path)
    assert "No model is trained yet" in bare
    assert re.search(r"[1-9]\d* more cards are omitted", bare)


def test_an_imported_pickle_has_a_page_without_any_index(tmp_path):
    splits = {
        name: make_split(clips, seed=seed, name=name)
        for seed, (name, clips) in enumerate((("train", 9), ("valid", 3), ("test", 4)))
    }
    counts = {name: len(split) for name, split in splits.items()}
    (tmp_path / "theirs" / "packs").mkdir(parents=True)
    write_h5(tmp_path / "theirs" / "packs" / "unaligned_50.h5", splits)
    write_card(
        tmp_path / "theirs" / "packs" / "unaligned_50.json",
        PackCard(dataset="theirs", pack="unaligned_50", num_clips=counts, dims=DIMS),
    )
    page = make_page(processed=tmp_path, raw=tmp_path)
    assert "unaligned_50: audio" in page
    assert "no media file is known" in page


def test_an_unknown_dataset_is_refused(packed, tmp_path):
    with pytest.raises(StoreError, match="nothing of dataset other; found demo"):
        report.run(processed=packed.processed, raw=tmp_path, datasets=["other"], output=tmp_path / "page.html")


def _labels(project):
    return (project.processed / "demo" / "index" / "labels.jsonl").read_text().splitlines()


def test_a_clip_is_shown_as_a_page_and_as_a_picture(reported_project, tmp_path):
    clip = next(row["clip_id"] for row in map(json.loads, _labels(reported_project)) if row["split"] == "test")
    folders = {"processed": reported_project.processed, "raw": reported_project.root / "raw"}
    show.run(clip=clip, output=tmp_path / "clip.html", **folders)
    page = (tmp_path / "clip.html").read_text()
    assert page.count("<img") == 5
    assert "data:image/webp" in page
    assert "waveform, pitch" in page
    assert "Predictions, mean" in page
    show.run(clip=clip, output=tmp_path / "clip.png", **folders)
    assert (tmp_path / "clip.png").read_bytes().startswith(b"\x89PNG")


def test_a_clip_without_its_media_is_shown_from_the_stores(packed, tmp_path):
    clip = json.loads(_labels(packed)[0])["clip_id"]
    show.run(clip=clip, output=tmp_path / "clip.html", processed=packed.processed, raw=tmp_path)
    page = (tmp_path / "clip.html").read_text()
    assert "is not in the raw folder: no pictures, no waveform" in page
    assert "<img" not in page
    assert "<figure" in page


def test_show_names_what_is_wrong(packed, tmp_path):
    folders = {"processed": packed.processed, "raw": tmp_path}
    with pytest.raises(StoreError, match="no clip 'video_0001'; near: video_0001"):
        show.run(clip="video_0001", output=tmp_path / "clip.html", **folders)
    with pytest.raises(ConfigError, match=r"clip\.pdf: unknown format; expected a name that ends in \.html or \.png"):
        show.run(clip="video_0001", output=tmp_path / "clip.pdf", **folders)


def test_snakemakes_own_report_contains_the_page(packed, tmp_path):
    project = packed.copy_to(tmp_path / "project")
    project.configure(models=[])
    assert project.run("report").status == 0
    done = project.run("report", "--report", "all.html")
    assert done.status == 0, done.output
    page = (project.processed / "report.html").read_bytes()
    assert base64.b64encode(page).decode() in (project.root / "all.html").read_text()
