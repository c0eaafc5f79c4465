"""The statistics that scale a pack's columns."""

import numpy as np
import pytest

from pipeline.packs.build import scaling
from pipeline.packs.build.scaling import fit_scaler
from pipeline.packs.build.spool import Spool


@pytest.mark.parametrize("method", ["zscore", "robust"])
def test_statistics_of_spooled_rows_are_those_of_rows_in_memory(tmp_path, monkeypatch, method):
    rng = np.random.default_rng(0)
    clips = {f"clip{index}": rng.normal(3, 2, (rng.integers(1, 30), 7)).astype(np.float32) for index in range(20)}
    masks = {clip_id: rng.random(len(rows)) > 0.2 for clip_id, rows in clips.items()}
    spool = Spool(tmp_path)
    for clip_id, rows in reversed(clips.items()):
        spool[clip_id] = rows
    monkeypatch.setattr(scaling, "_COLUMN_BYTES", 4000)  # two columns at a time
    scaler = fit_scaler(method, spool, masks, sorted(clips)[:15])
    train = np.concatenate([clips[clip_id][masks[clip_id]] for clip_id in sorted(clips)[:15]]).astype(np.float64)
    low, middle, high = np.percentile(train, (25, 50, 75), axis=0)
    centre, scale = (train.mean(0), train.std(0)) if method == "zscore" else (middle, (high - low) / 1.349)
    np.testing.assert_allclose(scaler.mean, centre, rtol=1e-12)
    np.testing.assert_allclose(scaler.scale, scale, rtol=1e-12)
    assert not list(tmp_path.iterdir()), "a killed pack must leave nothing behind"
