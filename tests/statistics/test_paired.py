"""Intervals of paired differences, and what pairing takes away."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_rel

from sim.statistics.paired import intervals, paired, ratio, variance_reduction


def test_interval_is_that_of_the_paired_t_test() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(12, 3)), rng.normal(size=(12, 3))
    _, low, high = intervals(one - other)
    expected = ttest_rel(one, other).confidence_interval(0.9)
    np.testing.assert_allclose(low, expected.low, rtol=1e-12)
    np.testing.assert_allclose(high, expected.high, rtol=1e-12)


def test_interval_of_another_share_is_that_of_the_paired_t_test() -> None:
    values = np.random.default_rng(1).normal(size=(12, 3))
    _, low, high = intervals(values, 0.95)
    expected = ttest_rel(values, np.zeros_like(values)).confidence_interval(0.95)
    np.testing.assert_allclose([low, high], [expected.low, expected.high], rtol=1e-12)


def test_interval_by_hand() -> None:
    effect = paired(np.array([1.0, 3.0]), base=10.0)
    half = student.ppf(0.95, 1)  # sd sqrt 2, over sqrt 2
    assert effect.mean == 2.0
    assert effect.high == pytest.approx(2.0 + half)
    assert effect.percent[0] == 20.0
    assert effect.sign == 0


def test_equal_differences_have_no_width_and_one_seed_has_no_bounds() -> None:
    third = 1.0 / 3.0
    mean, low, high = intervals(np.full((7, 2), third))
    assert (mean == third).all()
    assert (low == third).all()
    assert (high == third).all()
    _, low, high = intervals(np.array([[1.0, np.nan]]))
    assert low[0] == -np.inf
    assert high[0] == np.inf
    assert np.isnan(low[1])
    with pytest.raises(ValueError, match="no pair"):
        intervals(np.zeros((0, 2)))


def test_interval_covers_nine_of_ten() -> None:
    draws = np.random.default_rng(2).normal(size=(8, 20_000))
    _, low, high = intervals(draws)
    assert ((low < 0) & (high > 0)).mean() == pytest.approx(0.9, abs=0.01)


def test_variance_reduction_of_planted_common_luck() -> None:
    rng = np.random.default_rng(3)
    luck, own, others = rng.normal(size=(3, 200_000, 1))
    assert variance_reduction(own, others)[0] == pytest.approx(0.0, abs=0.01)
    # common part of variance 4 beside 1: 1 - 2 / 10
    assert variance_reduction(2 * luck + own, 2 * luck + others)[0] == pytest.approx(0.8, abs=0.01)
    assert variance_reduction(luck, luck + 5.0)[0] == pytest.approx(1.0)
    assert variance_reduction(luck, -luck)[0] == pytest.approx(-1.0), "opposite luck harms"
    assert np.isnan(variance_reduction(np.ones((3, 1)), np.zeros((3, 1)))[0])
    assert np.isnan(variance_reduction(luck[:1], own[:1])[0])
    with pytest.raises(ValueError, match="shapes"):
        variance_reduction(luck, own[:3])


def test_ratio_by_hand_and_its_limits() -> None:
    exact = ratio(np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0]))
    assert (exact.mean, exact.low, exact.high) == pytest.approx((2.0, 2.0, 2.0))
    assert ratio(np.array([1.0, 1.0, 1.1]), np.array([-1.0, 1.0, 0.5])).high == np.inf
    assert np.isnan(ratio(np.array([1.0, 2.0]), np.array([-1.0, 1.0])).mean)
    assert ratio(np.array([1.0]), np.array([2.0])).low == -np.inf


def test_interval_of_a_ratio_covers_nine_of_ten() -> None:
    rng, inside = np.random.default_rng(4), 0
    for _ in range(2_000):
        below = 4.0 + rng.normal(size=10)
        found = ratio(2.0 * below + rng.normal(size=10), below)
        inside += found.low <= 2.0 <= found.high
    assert inside / 2_000 == pytest.approx(0.9, abs=0.025)
