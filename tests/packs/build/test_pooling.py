"""Measured rows averaged within steps of equal length."""

import numpy as np

from pipeline.features.features import Features
from pipeline.packs.build.pooling import pool_to_rate


def test_pooling_averages_measured_rows_by_their_centre():
    times = np.stack([np.arange(10) * 0.1, np.arange(10) * 0.1 + 0.1], 1)
    values = np.arange(10, dtype=np.float32)[:, None].copy()
    mask = np.ones(10, bool)
    mask[[0, 1]] = False
    values[:2] = 0
    pooled, measured = pool_to_rate(Features(values, times, mask), 5.0)
    np.testing.assert_allclose(pooled[:, 0], [0, 2.5, 4.5, 6.5, 8.5])
    assert measured.tolist() == [False, True, True, True, True]
