"""Comparison of models: statistics against scipy or by hand, tables, and what is refused."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.core.errors import ConfigError, StoreError
from pipeline.results.significance import holm, paired_difference, seed_p
from pipeline.steps.compare import run as compare

CLIPS = [f"video{index // 4}$_${index}" for index in range(40)]
LABELS = np.random.default_rng(0).uniform(-3, 3, len(CLIPS)).round(1)


def write_run(root, model, seed, noise, *, clips=CLIPS, labels=None, predictions=None):
    """A run whose test predictions are off by noise of this size."""
    folder = root / "toy" / "runs" / "aligned" / model / str(seed)
    folder.mkdir(parents=True)
    labels = LABELS[: len(clips)] if labels is None else labels
    if predictions is None:
        predictions = (labels + np.random.default_rng(seed).normal(0, noise, len(labels))).round(6)
    frame = pd.DataFrame({"id": clips, "split": "test", "label": labels, "prediction": predictions})
    unseen = pd.DataFrame({"id": ["v$_$0"], "split": ["valid"], "label": [9.0], "prediction": [0.0]})
    pd.concat([unseen, frame]).to_csv(folder / "predictions.csv", index=False)
    if frame["label"].dtype.kind == "f":
        test = {"Has0_acc_2": 0.5, "MAE": float(np.abs(predictions - labels).mean())}
    else:
        test = {"Acc": float((frame["label"] == frame["prediction"]).mean())}
    (folder / "metrics.json").write_text(json.dumps({"test": test}))


@pytest.fixture
def processed(tmp_path):
    for seed in range(5):
        for model, noise in (("best", 0.1), ("best@blind", 1.5), ("same", 0.101)):
            write_run(tmp_path, model, seed, noise)
    return tmp_path


def read_table(processed, name="toy.aligned"):
    return pd.read_csv(processed / "compare" / f"{name}.csv").set_index("model")


def test_models_are_ordered_by_error_and_compared_with_the_best(processed):
    compare(dataset="toy", processed=processed)
    table = read_table(processed)
    assert list(table.index) == ["best", "same", "best@blind"]
    assert list(table["reference"]) == [True, False, False]
    assert table["error"].to_numpy() == pytest.approx(table["MAE"].to_numpy(), abs=1e-5)
    errors = {}
    for seed in range(5):
        rows = pd.read_csv(processed / "toy" / "runs" / "aligned" / "best@blind" / str(seed) / "predictions.csv")
        errors[seed] = (rows["prediction"] - rows["label"]).abs()[rows["split"] == "test"].mean()
    assert table.loc["best@blind", "MAE"] == pytest.approx(np.mean(list(errors.values())), abs=1e-5)
    assert table.loc["best@blind", "MAE_sd"] == pytest.approx(np.std(list(errors.values()), ddof=1), abs=1e-5)


def test_a_clear_difference_is_significant_and_a_tiny_one_is_small(processed):
    compare(dataset="toy", processed=processed)
    blind, same = (read_table(processed).loc[name] for name in ("best@blind", "same"))
    assert blind["p_clips_holm"] < 0.001
    assert blind["p_seeds_holm"] < 0.001
    assert blind["low"] < blind["difference"] < blind["high"]
    assert blind["low"] > 0.5
    assert same["difference"] < 0.01


def test_markdown_and_latex_mark_the_best_and_survive_odd_names(processed):
    compare(dataset="toy", processed=processed)
    markdown = (processed / "compare" / "toy.aligned.md").read_text()
    best = next(line for line in markdown.splitlines() if line.startswith("| best |"))
    assert "**0.0" in best
    assert "reference" in best
    assert markdown.count("**0.0") == 1
    latex = (processed / "compare" / "toy.aligned.tex").read_text()
    assert r"\textbf{0.0" in latex
    assert r"Has0\_acc\_2" in latex
    assert "_" not in latex.replace(r"\_", "")


def test_equal_runs_give_equal_bytes(processed):
    stems = [processed / "one", processed / "two"]
    for stem in stems:
        compare(dataset="toy", processed=processed, output=stem)
    for suffix in (".csv", ".md", ".tex"):
        assert stems[0].with_suffix(suffix).read_bytes() == stems[1].with_suffix(suffix).read_bytes()


def test_an_ablation_compares_variants_with_the_model_even_when_one_is_better(processed):
    for seed in range(5):
        write_run(processed, "best@sharp", seed, 0.01)
    compare(dataset="toy", ablation="best", processed=processed)
    table = read_table(processed, "toy.aligned.best_ablation")
    assert list(table.index) == ["best", "best@sharp", "best@blind"]
    assert table.loc["best", "reference"]
    assert table.loc["best@sharp", "difference"] < 0 < table.loc["best@blind", "difference"]


def test_emotions_are_compared_by_the_share_of_wrong_ones(tmp_path):
    truth = np.array(["joy", "anger"] * 20, object)
    write_run(tmp_path, "right", 1, 0, labels=truth, predictions=truth)
    write_run(tmp_path, "half", 1, 0, labels=truth, predictions=np.array(["joy"] * 40, object))
    compare(dataset="toy", processed=tmp_path)
    table = read_table(tmp_path)
    assert list(table.index) == ["right", "half"]
    assert table.loc["half", "difference"] == pytest.approx(0.5)
    assert np.isnan(table.loc["half", "p_seeds"])


def test_what_cannot_be_compared_is_refused_in_one_line(processed):
    write_run(processed, "elsewhere", 1, 3.0, clips=CLIPS[:30])
    with pytest.raises(StoreError, match="elsewhere and best were tested on different clips"):
        compare(dataset="toy", processed=processed)
    with pytest.raises(ConfigError, match=r"no evaluated run of 'bset'.*did you mean 'best'"):
        compare(dataset="toy", models=["bset"], processed=processed)
    with pytest.raises(ConfigError, match=r"no evaluated run on other; choose one with --pack: aligned"):
        compare(dataset="toy", pack="other", processed=processed)
    with pytest.raises(ConfigError, match="no evaluated variant of 'same'"):
        compare(dataset="toy", ablation="same", processed=processed)
    with pytest.raises(StoreError, match="no evaluated runs"):
        compare(dataset="absent", processed=processed)


def test_few_clips_are_tested_exactly():
    errors, reference = np.array([1.0, 1, 1, 1, 1, 1]), np.zeros(6)
    assert paired_difference(errors, reference, "abcdef").p == pytest.approx(2 / 2**6)
    assert paired_difference(reference, reference, "abcdef").p == 1.0


def test_clips_of_one_video_count_once_when_they_are_flipped_together():
    errors, reference = np.ones(40), np.zeros(40)
    alone = paired_difference(errors, reference, [str(index) for index in range(40)])
    together = paired_difference(errors, reference, [str(index // 10) for index in range(40)])
    assert alone.p < 0.001
    assert together.p == pytest.approx(2 / 2**4)


def test_the_test_finds_differences_no_more_often_than_it_says():
    rng = np.random.default_rng(1)
    significant = [paired_difference(*rng.normal(size=(2, 12)), "abcdefghijkl").p < 0.1 for _ in range(100)]
    assert np.mean(significant) == pytest.approx(0.1, abs=0.07)


def test_holm_multiplies_the_smallest_by_the_number_of_tests_and_never_falls():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.9]) == pytest.approx([1.0, 1.0])
    adjusted = holm([float("nan"), 0.02, 0.01])
    assert np.isnan(adjusted[0])
    assert adjusted[1:] == pytest.approx([0.02, 0.02])


def test_seeds_are_tested_from_five_on():
    ours, theirs = np.array([0.7, 0.8, 0.75, 0.72, 0.71]), np.array([0.9, 0.85, 0.88, 0.9, 0.8])
    assert seed_p(ours, theirs) == pytest.approx(stats.ttest_rel(ours, theirs).pvalue)
    assert np.isnan(seed_p(ours[:4], theirs[:4]))
