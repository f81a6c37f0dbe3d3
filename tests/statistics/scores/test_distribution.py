"""CRPS, pinball and weighted interval score: closed forms, plain loops, the library's other code, and propriety."""

from __future__ import annotations

import math
from importlib import import_module
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from sim.statistics.scores import (
    LEVELS,
    ScoreError,
    checks,
    crps,
    ensemble_quantiles,
    mean_score,
    quantile_score,
    weighted_interval_score,
)

NAN = float("nan")


def by_loops(x, y, fair=False):
    """The kernel form of Gneiting and Raftery (2007), written out."""
    m = len(x)
    spread = sum(abs(a - b) for a in x for b in x)
    return sum(abs(a - y) for a in x) / m - spread / (2 * m * (m - 1 if fair else m))


def by_area(x, y):
    """The definition: the squared distance of two step functions, integrated piece by piece."""
    points = np.sort(np.append(x, y))
    return sum((b - a) * (np.mean(np.asarray(x) <= a) - (y <= a)) ** 2 for a, b in pairwise(points))


values = st.lists(st.integers(-6, 6), min_size=2, max_size=7)


@given(values, st.integers(-6, 6))
@settings(max_examples=60, deadline=None)
def test_crps_is_the_double_sum_and_the_area_with_ties_too(members, observed) -> None:
    x = np.array(members, dtype=float)[:, None]
    assert crps(x, [observed])[0] == pytest.approx(by_loops(members, observed), abs=1e-12)
    assert crps(x, [observed])[0] == pytest.approx(by_area(members, observed), abs=1e-12)
    assert crps(x, [observed], fair=True)[0] == pytest.approx(by_loops(members, observed, fair=True), abs=1e-12)


def test_crps_of_the_normal_is_the_published_closed_form() -> None:
    # Gneiting, Raftery, Westveld and Goldman, Monthly Weather Review 133, 2005:
    # sd (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt pi)
    members = norm.ppf((np.arange(4000) + 0.5) / 4000)[:, None] * 2.0 + 5.0
    z = np.array([-1.5, 0.0, 0.3, 2.0])
    expected = 2.0 * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / math.sqrt(math.pi))
    np.testing.assert_allclose(crps(np.repeat(members, 4, axis=1), 5.0 + 2.0 * z), expected, atol=1e-3)
    assert expected[1] / 2 == pytest.approx(0.2337, abs=5e-5)


def test_one_member_and_constant_ensembles_score_the_absolute_error() -> None:
    assert crps([[3.0, 5.0]], [1.0, 5.0]).tolist() == [2.0, 0.0]
    np.testing.assert_allclose(crps(np.full((7, 1), 3.3), [1.1]), 2.2, rtol=1e-14)
    np.testing.assert_allclose(crps(np.full((7, 1), 3.3), [1.1], fair=True), 2.2, rtol=1e-14)
    with pytest.raises(ScoreError, match="at least 2 member"):
        crps([[3.0]], [1.0], fair=True)
    with pytest.raises(ScoreError, match="at least 1 member"):
        crps(np.zeros((0, 2)), [1.0, 2.0])


def test_fair_crps_does_not_depend_on_the_size_of_the_ensemble_and_the_usual_does() -> None:
    rng = np.random.default_rng(3)
    y = rng.normal(size=40_000)
    expected = 1 / math.sqrt(math.pi)  # mean CRPS of the standard normal for its own draws
    for size in (2, 5):
        x = rng.normal(size=(size, y.size))
        assert crps(x, y, fair=True).mean() == pytest.approx(expected, abs=0.01)
        assert crps(x, y).mean() == pytest.approx(expected * (1 + 1 / size), abs=0.01)  # Ferro et al. 2008


def test_true_distribution_has_the_best_mean_score() -> None:
    rng = np.random.default_rng(4)
    y = rng.normal(size=4_000)
    standard = norm.ppf((np.arange(60) + 0.5) / 60)[:, None] * np.ones(y.size)

    def scored(shift, width):
        x = shift + width * standard
        quantiles = norm.ppf(LEVELS, shift, width)[:, None] * np.ones(y.size)
        return [crps(x, y).mean(), crps(x, y, fair=True).mean(), weighted_interval_score(quantiles, LEVELS, y).mean()]

    best = scored(0.0, 1.0)
    for shift, width in ((0.3, 1.0), (-0.3, 1.0), (0.0, 0.7), (0.0, 1.4)):
        assert (np.array(scored(shift, width)) > best).all()


def test_score_keeps_its_digits_at_large_levels() -> None:
    x, y = np.array([[1.0], [2.0], [4.0]]), np.array([3.0])
    np.testing.assert_allclose(crps(x + 1e9, y + 1e9, fair=True), crps(x, y, fair=True), rtol=1e-12)


def test_pinball_at_the_median_is_the_absolute_error() -> None:
    assert quantile_score([[4.0, 4.0]], [0.5], [1.0, 6.0]).tolist() == [[3.0, 2.0]]


def test_pinball_is_that_of_hyndman_and_athanasopoulos() -> None:
    # Forecasting, 3rd ed., 5.9: 2 (1 - p) (f - y) where y < f, else 2 p (y - f)
    found = quantile_score([[10.0, 10.0, 10.0], [20.0, 20.0, 20.0]], [0.1, 0.9], [4.0, 14.0, 10.0])
    np.testing.assert_allclose(found, [[2 * 0.9 * 6, 2 * 0.1 * 4, 0.0], [2 * 0.1 * 16, 2 * 0.1 * 6, 2 * 0.1 * 10]])


def test_mean_pinball_is_least_at_the_quantile() -> None:
    y = np.random.default_rng(5).exponential(size=4_000)
    means = [quantile_score(np.full((1, y.size), q), [0.8], y).mean() for q in np.arange(0.6, 2.8, 0.1)]
    assert np.arange(0.6, 2.8, 0.1)[int(np.argmin(means))] == pytest.approx(-math.log(0.2), abs=0.11)


def test_weighted_interval_score_is_the_sum_over_intervals() -> None:
    """Equation of Bracher et al. (2021) with the interval score of the library, and by hand for one interval."""
    interval_score = import_module("scoringrules").interval_score
    rng = np.random.default_rng(6)
    quantiles, y = np.sort(rng.normal(size=(len(LEVELS), 30)), axis=0), rng.normal(size=30) * 2
    count = len(LEVELS) // 2
    total = 0.5 * np.abs(y - quantiles[count])
    for k in range(count):
        alpha = 2 * LEVELS[k]
        total += alpha / 2 * interval_score(y, quantiles[k], quantiles[-1 - k], alpha, backend="numpy")
    np.testing.assert_allclose(weighted_interval_score(quantiles, LEVELS, y), total / (count + 0.5), rtol=1e-12)
    # 80 % from 2 to 4, median 3, observed 5: (|5 - 3| / 2 + 0.1 (2 + 10 (5 - 4))) / 1.5
    assert weighted_interval_score([[2.0], [3.0], [4.0]], [0.1, 0.5, 0.9], [5.0])[0] == pytest.approx(2.2 / 1.5)


def test_weighted_interval_score_of_many_levels_tends_to_the_crps() -> None:
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(41, 20)), rng.normal(size=20)
    levels = (np.arange(4001) + 0.5) / 4001
    steps = np.quantile(x, levels, axis=0, method="inverted_cdf")
    np.testing.assert_allclose(weighted_interval_score(steps, levels, y), crps(x, y), atol=2e-3)


def test_median_alone_is_a_weighted_interval_score() -> None:
    assert weighted_interval_score([[4.0]], [0.5], [1.0])[0] == 3.0


def test_quantiles_lie_at_rank_p_of_members_and_one() -> None:
    x = np.array([[40.0], [10.0], [30.0], [20.0]])  # ranks 1 to 4 at levels 0.2 to 0.8
    np.testing.assert_allclose(ensemble_quantiles(x, [0.2, 0.3, 0.5, 0.8])[:, 0], [10, 15, 25, 40])
    assert ensemble_quantiles(x, [0.05, 0.95])[:, 0].tolist() == [10.0, 40.0]
    assert ensemble_quantiles([[7.0]], [0.1, 0.9])[:, 0].tolist() == [7.0, 7.0]
    with pytest.raises(ScoreError, match="without members"):
        ensemble_quantiles(np.zeros((0, 1)), [0.5])


@pytest.mark.filterwarnings("error")
def test_missing_observations_have_no_score_whatever_the_members() -> None:
    x = np.array([[1.0, NAN, 2.0], [4.0, 1.0, 3.0]])
    y = np.array([2.0, NAN, 9.0])
    for fair in (False, True):
        found = crps(x, y, fair=fair)
        assert np.isnan(found).tolist() == [False, True, False]
        np.testing.assert_array_equal(found[[0, 2]], crps(x[:, [0, 2]], y[[0, 2]], fair=fair))
    scores = weighted_interval_score(np.array([[0.0, 5.0], [1.0, NAN], [2.0, 3.0]]), [0.1, 0.5, 0.9], [1.0, NAN])
    assert np.isnan(scores).tolist() == [False, True]
    assert np.isnan(crps(x, [NAN] * 3)).all()
    assert crps(np.zeros((3, 0)), []).shape == (0,)
    assert mean_score([1.0, NAN, 3.0]) == checks.Score(2.0, 2)
    assert math.isnan(mean_score([NAN]).value)


def test_bad_input_is_named() -> None:
    with pytest.raises(ScoreError, match="case 2 of 2: it has an observation but members are missing"):
        crps([[1.0, 2.0], [1.0, math.inf]], [1.0, 2.0])
    with pytest.raises(ScoreError, match="members are for 2 cases, observations for 3"):
        crps([[1.0, 2.0]], [1.0, 2.0, 3.0])
    with pytest.raises(ScoreError, match="1 quantiles but 2 levels"):
        quantile_score([[1.0]], [0.1, 0.2], [1.0])
    with pytest.raises(ScoreError, match="above 0 and below 1"):
        quantile_score([[1.0]], [1.0], [1.0])
    with pytest.raises(ScoreError, match="case 2 of 2: it has an observation but quantiles"):
        quantile_score([[1.0, NAN]], [0.5], [1.0, 1.0])
    for levels in ([0.1, 0.5, 0.8], [0.1, 0.9], [0.9, 0.5, 0.1]):
        with pytest.raises(ScoreError, match=r"rising levels that hold 0\.5"):
            weighted_interval_score(np.ones((len(levels), 1)), levels, [1.0])
    with pytest.raises(ScoreError, match="case 1 of 1: a quantile is below one of a lower level"):
        weighted_interval_score([[2.0], [1.0], [3.0]], [0.1, 0.5, 0.9], [1.0])


def test_without_the_library_the_reader_is_told_what_to_install(monkeypatch) -> None:
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(checks, "import_module", absent)
    with pytest.raises(ScoreError, match=r'pip install -e "\.\[tune\]"'):
        crps([[1.0], [2.0]], [1.0])
