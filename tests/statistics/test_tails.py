"""Shares of runs, exceedance and the worst tenth by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from sim.statistics.tails import exceedance, share, worst_mean


@pytest.mark.parametrize(("hits", "runs"), [(0, 5), (3, 10), (10, 10), (1, 1), (77, 200)])
def test_interval_is_that_of_wilson(hits: int, runs: int) -> None:
    found, low, high = share(np.arange(runs) < hits)
    expected = binomtest(hits, runs).proportion_ci(0.9, method="wilson")
    assert found == hits / runs
    assert low == pytest.approx(expected.low, abs=1e-12)
    assert high == pytest.approx(expected.high, abs=1e-12)


def test_without_runs_nothing_is_known() -> None:
    found, low, high = share(np.zeros((0, 2), dtype=bool))
    assert np.isnan(found).all()
    assert low.tolist() == [0, 0]
    assert high.tolist() == [1, 1]


def test_exceedance_counts_runs_at_or_above() -> None:
    values = np.array([1.0, 2.0, 2.0, np.nan])
    assert exceedance(values, np.array([0.0, 2.0, 2.5])).tolist() == [0.75, 0.5, 0.0]


def test_worst_tenth_takes_part_of_the_run_at_the_edge() -> None:
    values = np.arange(15.0)[::-1]  # a tenth of 15 runs: the lowest and half of the next
    assert worst_mean(values) == pytest.approx((0 + 0.5 * 1) / 1.5)
    assert worst_mean(np.arange(20.0)) == pytest.approx(0.5)
    assert worst_mean(np.array([3.0, 1.0])) == 1.0
    assert worst_mean(values, 1.0) == pytest.approx(7.0)
    assert worst_mean(np.stack([values, -values], axis=1)).shape == (2,)
    with pytest.raises(ValueError, match="share"):
        worst_mean(values, 0.0)
    with pytest.raises(ValueError, match="no run"):
        worst_mean(values[:0])
