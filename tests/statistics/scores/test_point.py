"""Scores of point forecasts: a published table, hand-made numbers, plain loops, and what is missing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.statistics.scores import (
    ScoreError,
    growth,
    log_points,
    mean_absolute_error,
    mean_absolute_growth_error,
    mean_absolute_log_error,
    mean_absolute_scaled_error,
    naive_scale,
    rank_correlation,
    root_mean_squared_error,
    sign_hits,
)

# Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 2nd ed., 3.4: quarterly beer production of Australia
# 2008 Q1 to 2010 Q2 and its seasonal naive forecast, the quarters of 2007. Their table: RMSE 14.31, MAE 13.40, MAPE
# 3.17, MASE 0.94; the naive forecast has MAE 57.40 and MASE 4.01, so their scale is 57.40 / 4.01.
BEER = np.array([420.0, 390, 410, 488, 415, 398, 419, 488, 414, 374])
SEASONAL_NAIVE = np.array([427.0, 383, 394, 473, 427, 383, 394, 473, 427, 383])
NAN = float("nan")


def test_published_table_of_beer_forecasts() -> None:
    assert round(root_mean_squared_error(SEASONAL_NAIVE, BEER).value, 2) == 14.31
    assert round(mean_absolute_error(SEASONAL_NAIVE, BEER).value, 2) == 13.40
    assert round(mean_absolute_scaled_error(SEASONAL_NAIVE, BEER, 57.40 / 4.01).value, 2) == 0.94
    assert mean_absolute_error(SEASONAL_NAIVE, BEER).cases == 10
    percentage = mean_absolute_growth_error(SEASONAL_NAIVE, BEER, base=BEER)  # in % of what was observed
    assert round(percentage.value, 2) == 3.17
    assert mean_absolute_log_error(SEASONAL_NAIVE, BEER).value == pytest.approx(percentage.value, rel=0.015), "nearly"


def test_errors_of_logs_are_the_same_up_and_down() -> None:
    up, down = mean_absolute_log_error([200.0], [100.0]), mean_absolute_log_error([50.0], [100.0])
    assert up.value == pytest.approx(100 * math.log(2))
    assert down.value == pytest.approx(up.value)
    both = log_points([[math.e, 1.0], [math.e**2, NAN]])
    np.testing.assert_allclose(both, [[100.0, 0.0], [200.0, NAN]])


def test_errors_of_growth_are_percentage_points() -> None:
    assert growth([110.0, 90.0], [100.0, 100.0]).tolist() == pytest.approx([10.0, -10.0])
    found = mean_absolute_growth_error([110.0, 210.0, 5.0], [105.0, 230.0, NAN], [100.0, 200.0, 0.0])
    assert found.value == pytest.approx((5.0 + 10.0) / 2)
    assert found.cases == 2
    assert mean_absolute_growth_error([1.0, 2.0], [1.0, 3.0], [NAN, 2.0]).cases == 1
    with pytest.raises(ScoreError, match="case 2 of 2: growth needs a level before"):
        mean_absolute_growth_error([1.0, 2.0], [1.0, 2.0], [1.0, 0.0])


def test_scale_is_the_mean_change_within_the_sample() -> None:
    assert naive_scale([1.0, 4.0, 2.0]) == 2.5
    assert naive_scale([1.0, 4.0, 2.0, 9.0], period=2) == 3.0
    assert naive_scale([1.0, 4.0, NAN, 9.0, 8.0]) == 2.0, "a change needs both ends"
    assert naive_scale([3.0, 3.0, 3.0]) == 0.0
    assert math.isnan(naive_scale([3.0]))
    with pytest.raises(ScoreError, match="period of 0"):
        naive_scale([1.0, 2.0], period=0)


def test_scaled_error_of_the_naive_forecast_within_its_own_sample_is_one() -> None:
    series = np.random.default_rng(1).normal(size=30).cumsum()
    found = mean_absolute_scaled_error(series[:-1], series[1:], naive_scale(series))
    assert found.value == pytest.approx(1.0, rel=1e-12)


def test_scaled_errors_of_several_series_pool_and_leave_out_what_has_no_scale() -> None:
    found = mean_absolute_scaled_error([3.0, 10.0, 5.0, 1.0], [1.0, 40.0, 9.0, NAN], [2.0, 10.0, NAN, 0.0])
    assert found.value == pytest.approx((2 / 2 + 30 / 10) / 2)
    assert found.cases == 2
    with pytest.raises(ScoreError, match="case 1 of 2: the series never moved"):
        mean_absolute_scaled_error([1.0, 2.0], [1.0, 2.0], [0.0, 1.0])
    with pytest.raises(ScoreError, match="scales are of shape"):
        mean_absolute_scaled_error([1.0, 2.0], [1.0, 2.0], [1.0, 1.0, 1.0])


def test_sign_hits_count_zeros_as_said() -> None:
    found = sign_hits([1.0, -1.0, 0.0, 2.0, 0.0, 3.0], [2.0, 3.0, -1.0, 0.0, 0.0, NAN])
    # hit, miss, half a hit; two without a direction; one missing
    assert found.rate == pytest.approx((1 + 0 + 0.5) / 3)
    assert (found.cases, found.observed_zeros, found.forecast_zeros) == (3, 2, 1)
    assert math.isnan(sign_hits([1.0], [0.0]).rate)


def test_rank_correlation_of_ties_is_the_published_one() -> None:
    # example of tau-b in the manual of scipy, by hand: 2 concordant, 6 discordant, two pairs tied in the one and one in
    # the other of 10 pairs: (2 - 6) / sqrt(8 * 9)
    found = rank_correlation([12.0, 2, 1, 12, 2], [1.0, 4, 7, 1, 0])
    assert found.value == pytest.approx(-4 / math.sqrt(72))
    assert found.cases == 5


def test_rank_correlation_agrees_with_counting_pairs() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        f, y = rng.integers(0, 5, 12).astype(float), rng.integers(0, 5, 12).astype(float)
        score = untied_f = untied_y = 0.0
        for i in range(12):
            for j in range(i):
                score += np.sign(f[i] - f[j]) * np.sign(y[i] - y[j])
                untied_f += f[i] != f[j]
                untied_y += y[i] != y[j]
        assert rank_correlation(f, y).value == pytest.approx(score / math.sqrt(untied_f * untied_y))


@pytest.mark.filterwarnings("error")
def test_rank_correlation_is_not_defined_for_one_case_or_one_great_tie() -> None:
    assert math.isnan(rank_correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]).value)
    assert math.isnan(rank_correlation([1.0, 5.0], [2.0, NAN]).value)
    assert rank_correlation([1.0, 5.0], [2.0, NAN]).cases == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "score", [root_mean_squared_error, mean_absolute_error, mean_absolute_log_error, rank_correlation]
)
def test_missing_observations_are_left_out_and_counted(score) -> None:
    f, y = np.array([1.0, NAN, 3.0, 2.0]), np.array([2.0, NAN, 7.0, 3.0])
    assert score(f, y) == score(f[[0, 2, 3]], y[[0, 2, 3]])
    assert score(f, y).cases == 3
    nothing = score([1.0, NAN], [NAN, NAN])
    assert math.isnan(nothing.value)
    assert nothing.cases == 0
    assert score([], []).cases == 0


def test_constant_forecasts_without_error_score_zero() -> None:
    constant = np.full(5, 3.7)
    assert root_mean_squared_error(constant, constant).value == 0.0
    assert mean_absolute_scaled_error(constant, constant, 2.0).value == 0.0
    assert mean_absolute_log_error(constant, constant).value == 0.0


def test_bad_input_is_named() -> None:
    with pytest.raises(ScoreError, match="case 2 of 2: it has an observation but forecasts are missing"):
        mean_absolute_error([1.0, NAN], [1.0, 2.0])
    with pytest.raises(ScoreError, match="case 1 of 2: the observation is infinite"):
        root_mean_squared_error([1.0, 1.0], [math.inf, 2.0])
    with pytest.raises(ScoreError, match="forecasts are for 1 cases, observations for 2"):
        mean_absolute_error([1.0], [1.0, 2.0])
    with pytest.raises(ScoreError, match="case 3 of 3: a level of 0 or below"):
        mean_absolute_log_error([1.0, 1.0, -1.0], [NAN, 2.0, 2.0])
    assert mean_absolute_log_error([1.0, -1.0], [1.0, NAN]).cases == 1, "a level that is not scored may be anything"
    with pytest.raises(ScoreError, match=r"forecasts must have 1 dimension.*\(1, 2\)"):
        mean_absolute_error([[1.0, 2.0]], [1.0, 2.0])
    with pytest.raises(ScoreError, match="forecasts: could not convert"):
        mean_absolute_error(["much"], [1.0])
    with pytest.raises(ScoreError, match="2, 1 and 1 cases"):
        mean_absolute_growth_error([1.0, 2.0], [1.0], [1.0])
