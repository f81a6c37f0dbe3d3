"""Robustness over futures, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.statistics.robustness import RobustnessError, regret, regrets, satisficing, worst_tenth

VALUES = np.array([[10.0, 2.0, 6.0], [8.0, 5.0, 6.0], [1.0, 7.0, 0.0]])


def test_regret_by_hand_where_more_and_where_less_is_better() -> None:
    assert regret(VALUES, 1.0).tolist() == [[0, 5, 0], [2, 2, 0], [9, 0, 6]]
    assert regret(VALUES, -1.0).tolist() == [[9, 0, 6], [7, 3, 6], [0, 5, 0]]


def test_largest_high_and_mean_regret_by_hand() -> None:
    found = regrets(VALUES, 1.0)
    assert found.largest.tolist() == [5, 2, 9]
    assert found.mean == pytest.approx([5 / 3, 4 / 3, 5.0])
    # between the second and the third of three at 0.8 of the way
    assert found.high == pytest.approx([0.8 * 5, 2.0, 6 + 0.8 * 3])
    assert found.worst_future.tolist() == [1, 0, 0]


def test_the_point_of_least_largest_regret_need_be_best_in_no_future() -> None:
    missed = regret(np.array([[9.0, 1.0], [1.0, 9.0], [7.0, 7.0]]), 1.0)
    assert missed.max(axis=1).argmin() == 2
    assert (missed[2] > 0).all()


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, (4, 5), elements=st.floats(-9, 9)), st.sampled_from([-1.0, 1.0]))
def test_some_point_has_no_regret_in_each_future_and_one_more_point_lowers_none(values, sign) -> None:
    missed = regret(values, sign)
    assert (missed >= 0).all()
    assert (missed.min(axis=0) == 0).all()
    assert (missed[:3] >= regret(values[:3], sign)).all()


def test_satisficing_counts_futures_in_which_all_thresholds_are_reached() -> None:
    values = np.array(
        [
            [[5.0, 6.0, 7.0, 4.0], [1.0, 2.0, 3.0, 1.0]],
            [[5.0, 5.0, 5.0, 5.0], [2.0, 2.0, 2.0, 2.0]],
            [[9.0, 9.0, np.nan, 9.0], [9.0, 9.0, 0.0, 9.0]],
        ]
    )
    found = satisficing(values, np.array([1.0, -1.0]), np.array([5.0, 2.0]))
    assert found.share.tolist() == [0.5, 1.0, 0.0]
    # Wilson at 90 %, by hand: z^2 = 2.7055; (0.5 + z^2/8) / (1 + z^2/4) = 0.5, half-width 0.3177
    assert found.low[0] == pytest.approx(0.1823, abs=1e-3)
    assert found.high[0] == pytest.approx(0.8177, abs=1e-3)
    assert (found.high[1], found.low[2]) == (1.0, 0.0)
    free = satisficing(values, np.array([1.0, -1.0]), np.array([5.0, np.inf]))
    assert free.share.tolist() == [0.75, 1.0, 0.75]


def test_worst_tenth_by_hand() -> None:
    values = np.stack([np.arange(20.0), np.full(20, 3.0)])
    assert worst_tenth(values, 1.0).tolist() == [0.5, 3.0]
    assert worst_tenth(values, -1.0).tolist() == [18.5, 3.0]
    assert worst_tenth(VALUES, 1.0).tolist() == [2.0, 5.0, 0.0], "fewer than ten futures: the worst"


def test_what_tells_nothing_of_robustness_is_named() -> None:
    with pytest.raises(RobustnessError, match="not points in futures"):
        regret(np.zeros((0, 3)), 1.0)
    with pytest.raises(RobustnessError, match="misses a future"):
        regrets(np.array([[1.0, np.nan]]), 1.0)
    with pytest.raises(RobustnessError, match="1 or -1, not 0"):
        worst_tenth(VALUES, 0.0)
    with pytest.raises(RobustnessError, match="do not fit"):
        satisficing(np.zeros((2, 1, 3)), np.ones(2), np.zeros(2))
    with pytest.raises(RobustnessError, match="signs must be"):
        satisficing(np.zeros((2, 1, 3)), np.zeros(1), np.zeros(1))
