"""Forecasts from the past alone: against closed forms, textbook least squares, and planted processes."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.statistics.rivals import (
    MOST_LOG,
    OF_ONE_SERIES,
    Announcement,
    Autoregression,
    Past,
    TooFewPointsError,
    amounts,
    announced_capacity,
    autoregression,
    constant_share,
    drift_of,
    fit_autoregression,
    known_by,
    random_walk,
    random_walk_with_drift,
)

DRAWS = 20_000
CLOSE = 1.63 / np.sqrt(DRAWS)
"""Kolmogorov's distance that draws of the right law exceed in one of a hundred tests."""

YEARS = np.array([2012.0, 2013.0, 2014.0, 2016.0, 2017.0, 2018.0])
VALUES = np.array([1.0, 1.3, 1.2, 1.9, 2.1, 2.0])
PAST = Past(YEARS, VALUES)


def luck(seed=1):
    return np.random.default_rng(seed)


def simulated(count, memory, constant, seed, spread=1.0):
    noise, found = luck(seed).standard_normal(count), [constant / (1.0 - memory)]
    for each in noise:
        found.append(constant + memory * found[-1] + spread * each)
    return np.array(found)


# --- random walks -----------------------------------------------------------------------------------------------------


def test_a_random_walk_is_student_t_with_a_variance_that_grows_with_time():
    """Changes by hand: 0.3, -0.1, 0.7 over two years, 0.2, -0.1; five degrees of freedom."""
    squares = 0.09 + 0.01 + 0.49 / 2.0 + 0.04 + 0.01
    scale = np.sqrt(squares / 5.0)
    found = random_walk(PAST, [2019.0, 2020.0, 2022.0], DRAWS, luck())
    for at, years in enumerate((1.0, 2.0, 4.0)):
        law = stats.t(5, loc=2.0, scale=scale * np.sqrt(years))
        assert stats.kstest(found[:, at], law.cdf).statistic < CLOSE
    by_year = found.var(axis=0)
    assert by_year[1] / by_year[0] == pytest.approx(2.0, rel=0.05)
    assert by_year[2] / by_year[0] == pytest.approx(4.0, rel=0.05)
    assert np.corrcoef(found[:, 0], found[:, 2])[0, 1] == pytest.approx(0.5, abs=0.05), "one path, not three forecasts"


def test_drift_is_the_change_from_first_to_last_over_all_years():
    assert drift_of(PAST) == pytest.approx(1.0 / 6.0)
    scale = np.sqrt(((0.3 - 1 / 6) ** 2 + (-0.1 - 1 / 6) ** 2 + (0.7 - 2 / 6) ** 2 / 2 + (0.2 - 1 / 6) ** 2
                     + (-0.1 - 1 / 6) ** 2) / 4.0)  # fmt: skip
    found = random_walk_with_drift(PAST, [2019.0, 2022.0], DRAWS, luck())
    for at, years in enumerate((1.0, 4.0)):
        law = stats.t(4, loc=2.0 + years / 6.0, scale=scale * np.sqrt(years + years**2 / 6.0))
        assert stats.kstest(found[:, at], law.cdf).statistic < CLOSE


def test_a_random_walk_covers_as_often_as_it_says():
    """The next point of 400 planted walks with five changes lies in the 80 % interval in four of five cases."""
    inside = []
    for seed in range(400):
        walk = np.cumsum(luck(seed).standard_normal(8) + 0.5)
        ends = np.quantile(random_walk_with_drift(Past(np.arange(7.0), walk[:7]), [7.0], 400, luck(seed)), [0.1, 0.9])
        inside.append(ends[0] <= walk[7] <= ends[1])
    assert np.mean(inside) == pytest.approx(0.8, abs=0.06)


def test_a_missing_year_is_two_years_of_one_change():
    """A straight line leaves no residual, with or without the year that is missing."""
    line = Past(np.array([0.0, 1.0, 3.0]), np.array([0.0, 1.0, 3.0]))
    np.testing.assert_allclose(random_walk_with_drift(line, [4.0, 6.0], 100, luck()), [[4.0, 6.0]] * 100)


# --- AR(1) ------------------------------------------------------------------------------------------------------------


def test_yearly_points_give_least_squares():
    values = simulated(40, 0.5, 1.0, 3)
    fit = fit_autoregression(Past(np.arange(41.0), values))
    design = np.column_stack([np.ones(40), values[:-1]])
    (constant, memory), squares, *_ = np.linalg.lstsq(design, values[1:], rcond=None)
    assert fit.memory[0] == pytest.approx(memory, abs=1e-7)
    assert fit.constant[0] == pytest.approx(constant, abs=1e-7)
    assert fit.squares[0] == pytest.approx(squares[0], rel=1e-12)


def test_the_next_year_of_an_autoregression_is_the_t_of_least_squares():
    """Where the data leave no doubt that the process is stationary, the cut does not matter."""
    values = simulated(60, 0.3, 1.0, 5)
    design, result = np.column_stack([np.ones(60), values[:-1]]), values[1:]
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ result
    variance = ((result - design @ coefficients) ** 2).sum() / 58.0
    at = np.array([1.0, values[-1]])
    law = stats.t(58, loc=at @ coefficients, scale=np.sqrt(variance * (1.0 + at @ inverse @ at)))
    found = autoregression(Past(np.arange(61.0), values), [61.0], DRAWS, luck())
    assert stats.kstest(found[:, 0], law.cdf).statistic < CLOSE


def test_a_planted_autoregression_with_missing_years_is_found():
    values = simulated(1500, 0.6, 1.0, 6)
    kept = luck(7).random(len(values)) < 0.7
    fit = fit_autoregression(Past(np.flatnonzero(kept).astype(float), values[kept]))
    assert fit.memory[0] == pytest.approx(0.6, abs=0.06)
    assert fit.constant[0] / (1.0 - fit.memory[0]) == pytest.approx(2.5, abs=0.2)


def test_what_a_process_keeps_over_two_years_is_what_it_keeps_over_one_twice():
    """The likelihood of a fit on even years only is that of the process with f^2."""
    values = simulated(30, 0.6, 1.0, 8)
    two = Autoregression.of(Past(2.0 * np.arange(31), values), 0.8)
    one = Autoregression.of(Past(np.arange(31.0), values), 0.64)
    assert two.squares[0] * (1.0 + 0.64) == pytest.approx(one.squares[0])
    assert two.constant[0] * (1.0 + 0.8) == pytest.approx(one.constant[0])


def test_far_ahead_an_autoregression_has_forgotten_where_it_stood():
    values = simulated(200, 0.5, 1.0, 9)
    found = autoregression(Past(np.arange(201.0), values), [202.0, 231.0], DRAWS, luck())
    assert np.median(found[:, 1]) == pytest.approx(values.mean(), abs=0.1)
    assert found[:, 1].std() == pytest.approx(values.std(), rel=0.15)


def test_months_between_points_leave_only_memory_above_nought():
    """A negative memory means nothing over half a year; whatever the data, draws are numbers."""
    values = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    found = autoregression(Past(np.array([0.0, 1.0, 2.0, 2.5, 3.5, 4.0]), values), [4.25, 5.0], 500, luck())
    assert np.isfinite(found).all()
    yearly = fit_autoregression(Past(np.arange(6.0), values + 0.1 * np.arange(6)))
    assert yearly.memory[0] < -0.5


# --- constant share ---------------------------------------------------------------------------------------------------


def test_a_share_that_never_moved_is_kept_of_whatever_the_total_becomes():
    total = Past(YEARS, np.exp(VALUES))
    own = Past(YEARS[3:], 0.25 * np.exp(VALUES[3:]))
    found = constant_share(own, total, [2019.0, 2020.0], 300, luck())
    whole = np.exp(random_walk_with_drift(total.logs(), [2019.0, 2020.0], 300, luck()))
    np.testing.assert_allclose(found, 0.25 * whole, rtol=1e-12)


def test_a_share_that_moved_spreads_around_its_last_value():
    total = Past(YEARS, np.exp(VALUES))
    own = Past(YEARS, np.array([0.1, 0.2, 0.1, 0.3, 0.1, 0.2]) * np.exp(VALUES))
    found = constant_share(own, total, [2019.0], DRAWS, luck())
    whole = np.exp(random_walk_with_drift(total.logs(), [2019.0], DRAWS, luck(2)))
    assert np.median(found) == pytest.approx(0.2 * np.median(whole), rel=0.1)
    width = [np.diff(np.quantile(np.log(each), [0.1, 0.9]))[0] for each in (found, whole)]
    assert width[0] > 1.2 * width[1]


# --- announced capacity -----------------------------------------------------------------------------------------------


def announced(name, planned, amount, outcome=None, *, at=2016.0):
    return Announcement(name, at, planned, amount, outcome, None if outcome is None else planned)


def test_announcements_come_by_their_dates_times_the_ratio_of_those_known():
    """Every known project came to one half, so what is open comes to one half, without any doubt."""
    past = [announced(f"p{each}", 2018.0, 10.0 * each, 5.0 * each) for each in (1, 2, 3)]
    coming = [announced("late", 2018.5, 8.0), announced("next", 2020.0, 20.0), announced("far", 2025.0, 100.0)]
    found = announced_capacity(50.0, [*past, *coming], [2019.0, 2020.0, 2022.0], 100, luck())
    np.testing.assert_allclose(found, np.tile([54.0, 64.0, 64.0], (100, 1)), rtol=1e-12)


def test_projects_come_to_nothing_as_often_as_they_did():
    """Of outcomes 0, 0, 1 a single open project has the ratio 0 in two of three draws."""
    past = [announced("a", 2018.0, 5.0, 0.0), announced("b", 2018.0, 5.0, 0.0), announced("c", 2018.0, 5.0, 5.0)]
    found = announced_capacity(0.0, [*past, announced("d", 2020.0, 10.0)], [2021.0], DRAWS, luck())
    assert set(np.unique(found)) == {0.0, 10.0}
    assert (found == 0.0).mean() == pytest.approx(2.0 / 3.0, abs=0.015)
    many = [*past, *(announced(f"d{each}", 2020.0, 10.0) for each in range(40))]
    spread = (announced_capacity(0.0, many, [2021.0], DRAWS, luck()) / 400.0).std()
    assert spread > 1.5 * np.sqrt(2.0 / 9.0 / 40.0), "the ratio itself is uncertain, many projects do not help"


def test_what_became_known_later_is_forgotten():
    early, late = announced("early", 2018.0, 5.0, 4.0), announced("late", 2020.0, 5.0, 4.0)
    known = known_by([early, late, announced("new", 2022.0, 5.0, at=2019.5)], 2019.0)
    assert [each.name for each in known] == ["early", "late"]
    assert [each.outcome for each in known] == [4.0, None]


@pytest.mark.parametrize(("amount", "outcome", "known"), [(0.0, None, None), (1.0, -1.0, 2018.0), (1.0, 1.0, None)])
def test_an_announcement_that_cannot_be_is_refused(amount, outcome, known):
    with pytest.raises(ValueError, match="announcement Works"):
        Announcement("Works", 2016.0, 2018.0, amount, outcome, known)


# --- what all share ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OF_ONE_SERIES)
def test_the_same_luck_gives_the_same_draws(name):
    one, other, third = (OF_ONE_SERIES[name](PAST, [2019.0, 2020.0], 50, luck(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, other)
    assert (one != third).all()


@pytest.mark.parametrize(
    ("name", "needed"), [("random walk", 2), ("random walk with drift", 3), ("AR(1)", 4)], ids=["walk", "drift", "ar"]
)
def test_too_few_points_are_counted(name, needed):
    short = Past(YEARS[: needed - 1], VALUES[: needed - 1])
    with pytest.raises(TooFewPointsError, match=rf"needs at least {needed} points .*there are {needed - 1}"):
        OF_ONE_SERIES[name](short, [2020.0], 10, luck())
    enough = Past(YEARS[:needed], VALUES[:needed])
    assert np.isfinite(OF_ONE_SERIES[name](enough, [2020.0], 10, luck())).all()


def test_too_few_points_of_part_and_total_or_outcomes_are_counted():
    total = Past(YEARS, np.exp(VALUES))
    with pytest.raises(TooFewPointsError, match="2 points of part and total, there are 1"):
        constant_share(Past(YEARS[2:3], VALUES[2:3]), total, [2019.0], 10, luck())
    with pytest.raises(TooFewPointsError, match="3 announcements with a known outcome, there are 1"):
        announced_capacity(1.0, [announced("a", 2018.0, 1.0, 1.0)], [2019.0], 10, luck())
    fault = pickle.loads(pickle.dumps(TooFewPointsError("AR(1)", 4, 2)))
    assert (fault.needed, fault.found) == (4, 2)


@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=12), st.sampled_from(sorted(OF_ONE_SERIES)))
def test_any_series_gives_numbers_and_a_level_moves_the_forecast_with_it(values, name):
    past = Past(np.arange(len(values), dtype=float), np.array(values))
    ahead = [len(values) + 0.0, len(values) + 3.0]
    found = OF_ONE_SERIES[name](past, ahead, 20, luck())
    assert np.isfinite(found).all()
    if name != "AR(1)":  # whose constant is a level
        moved = OF_ONE_SERIES[name](Past(past.times, past.values + 5.0), ahead, 20, luck())
        np.testing.assert_allclose(moved, found + 5.0, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", OF_ONE_SERIES)
def test_a_series_that_never_moved_stays(name):
    found = OF_ONE_SERIES[name](Past(np.arange(5.0), np.full(5, 3.0)), [5.0, 7.0], 10, luck())
    np.testing.assert_array_equal(found, 3.0)


def test_a_past_is_put_in_order_and_missing_years_are_left_out():
    past = Past.of([2016, 2014, 2015], [3.0, 1.0, np.nan])
    np.testing.assert_array_equal(past.times, [2014.0, 2016.0])
    np.testing.assert_array_equal(past.values, [1.0, 3.0])


@pytest.mark.parametrize(
    ("times", "values", "words"),
    [
        ([2014.0, 2014.0], [1.0, 2.0], "two values of one time"),
        ([2014.0, np.inf], [1.0, 2.0], "numbers only"),
        ([2014.0], [np.nan], "at least one"),
    ],
)
def test_a_past_that_cannot_be_is_refused(times, values, words):
    with pytest.raises(ValueError, match=words):
        Past.of(times, values)


def test_times_that_are_past_already_and_logs_of_nothing_are_refused():
    with pytest.raises(ValueError, match="later than the newest point"):
        random_walk(PAST, [2018.0], 10, luck())
    with pytest.raises(ValueError, match="2013 is not above 0"):
        Past(YEARS[:2], np.array([1.0, 0.0])).logs()


def test_far_tails_of_logs_stay_numbers():
    assert np.isfinite(amounts(np.array([-1e9, 1e9]))).all()
    assert amounts(np.array([1.0]))[0] == np.exp(1.0)
    assert np.log(np.finfo(float).max) > MOST_LOG
