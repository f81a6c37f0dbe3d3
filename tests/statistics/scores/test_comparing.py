"""Diebold-Mariano test: worked by hand, beside another library, its size in small samples, and its odd cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_rel

from sim.statistics.scores import ScoreError, diebold_mariano

NAN = float("nan")


def test_one_step_is_the_paired_t_test() -> None:
    """With h = 1 the correction of Harvey, Leybourne and Newbold turns 1 / n into 1 / (n - 1), as Student has it."""
    rng = np.random.default_rng(1)
    a, b = rng.exponential(size=(2, 14))
    found, expected = diebold_mariano(a, b), ttest_rel(a, b)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-12)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-12)
    assert found.difference == pytest.approx((a - b).mean())


def test_two_steps_by_hand() -> None:
    # d = 1 2 3 2 0 4, mean 2, centred -1 0 1 0 -2 2: g0 = 10 / 6, g1 = (0 + 0 + 0 + 0 - 4) / 6
    # V = (10 - 8) / 36; correction (6 + 1 - 4 + 2 / 6) / 6 = 5 / 9
    found = diebold_mariano([1.0, 2, 3, 2, 0, 4], np.zeros(6), horizon=2)
    expected = 2 / math.sqrt(2 / 36) * math.sqrt(5 / 9)
    assert found.statistic == pytest.approx(expected)
    assert found.p_value == pytest.approx(2 * student.sf(expected, 5))
    assert found.kernel == "rectangular"
    bartlett = diebold_mariano([1.0, 2, 3, 2, 0, 4], np.zeros(6), horizon=2, kernel="bartlett")
    assert bartlett.statistic == pytest.approx(2 / math.sqrt((10 - 4) / 36) * math.sqrt(5 / 9))


@pytest.mark.oracle
@pytest.mark.parametrize(("kernel", "name"), [("rectangular", "acf"), ("bartlett", "bartlett")])
def test_another_library_finds_the_same(kernel, name) -> None:
    library = pytest.importorskip("dieboldmariano")
    rng = np.random.default_rng(2)
    errors = rng.normal(size=(2, 45)).cumsum(axis=1)
    errors = errors[:, 4:] - errors[:, :-4]  # overlapping, so that neighbours go together
    for horizon in (1, 2, 4):
        found = diebold_mariano(errors[0] ** 2, errors[1] ** 2, horizon, kernel)
        statistic, p = library.dm_test(
            [0.0] * 41, errors[0].tolist(), errors[1].tolist(), h=horizon, variance_estimator=name
        )
        assert found.statistic == pytest.approx(statistic, rel=1e-10)
        assert found.p_value == pytest.approx(p, rel=1e-6)


def test_swapping_the_rivals_turns_the_sign() -> None:
    a, b = np.random.default_rng(3).exponential(size=(2, 20))
    one, other = diebold_mariano(a, b, 3), diebold_mariano(b, a, 3)
    assert one.statistic == -other.statistic
    assert one.difference == -other.difference
    assert one.p_value == other.p_value


def test_equal_rivals_are_refused_one_time_in_ten_in_small_samples() -> None:
    rng = np.random.default_rng(4)
    losses = rng.normal(size=(2, 1_500, 12)) ** 2
    refused = [diebold_mariano(a, b).p_value < 0.1 for a, b in zip(*losses, strict=True)]
    assert np.mean(refused) == pytest.approx(0.1, abs=0.025)


def test_variance_that_is_not_positive_is_replaced_by_bartlett() -> None:
    # alternating differences: g0 = 1, g1 = -(n - 1) / n, so g0 + 2 g1 < 0
    a = 5.0 + np.tile([1.0, -1.0], 5)
    found = diebold_mariano(a, np.full(10, 4.0), horizon=2)
    assert found.kernel == "bartlett"
    assert found == diebold_mariano(a, np.full(10, 4.0), horizon=2, kernel="bartlett")
    assert math.isfinite(found.statistic)
    # g0 + 2 g1 = 0 exactly: centred 1 -1 0 0 ... has g1 = -g0 / 2
    edge = diebold_mariano([2.0, 0.0, 1.0, 1.0, 1.0], np.zeros(5), horizon=2)
    assert edge.kernel == "bartlett"


@pytest.mark.filterwarnings("error")
def test_losses_that_differ_by_a_constant_have_no_test() -> None:
    a = np.random.default_rng(5).exponential(size=9)
    for other, difference in ((a, 0.0), (a - 0.1, 0.1)):
        found = diebold_mariano(a, other, horizon=2)
        assert math.isnan(found.statistic)
        assert math.isnan(found.p_value)
        assert found.difference == pytest.approx(difference)


def test_gap_in_time_keeps_the_distance_of_the_others() -> None:
    a = np.array([1.0, 4.0, NAN, 2.0, 5.0, 3.0])
    found = diebold_mariano(a, np.zeros(6), horizon=2)
    # mean 3, centred -2 1 . -1 2 0: neighbours (-2, 1), (-1, 2), (2, 0); not (1, -1)
    variance = (10 + 2 * (-2 - 2 + 0)) / 25
    correction = (5 + 1 - 4 + 2 / 5) / 5
    assert found.statistic == pytest.approx(3 / math.sqrt(variance) * math.sqrt(correction))
    assert found.cases == 5
    assert diebold_mariano(np.zeros(6), a, horizon=2).cases == 5


def test_bad_input_is_named() -> None:
    with pytest.raises(ScoreError, match="horizon 3 needs more than 3 cases, there are 3"):
        diebold_mariano([1.0, 2, 4, NAN], [0.0] * 4, horizon=3)
    with pytest.raises(ScoreError, match="there are 1"):
        diebold_mariano([1.0], [0.0])
    with pytest.raises(ScoreError, match="horizon of 0"):
        diebold_mariano([1.0, 2.0], [0.0, 0.0], horizon=0)
    with pytest.raises(ScoreError, match="the first has 2 losses, the second 3"):
        diebold_mariano([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ScoreError, match="case 2 of 2: a loss is infinite"):
        diebold_mariano([1.0, math.inf], [1.0, 2.0])
    with pytest.raises(ScoreError, match="no kernel 'parzen'"):
        diebold_mariano([1.0, 2.0, 5.0], [1.0, 2.0, 3.0], kernel="parzen")
