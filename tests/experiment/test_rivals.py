from dataclasses import dataclass

import numpy as np
import pytest

from sim.experiment.rivals import RIVALS, Question, Span, UnansweredError, ask, past_of
from sim.statistics.rivals import Announcement, Past, TooFewPointsError

YEARS = np.arange(2014.0, 2020.0)
PAST = Past(YEARS, np.array([100.0, 110.0, 125.0, 130.0, 150.0, 160.0]))
TOTAL = Past(YEARS, np.array([1000.0, 1100.0, 1200.0, 1300.0, 1400.0, 1500.0]))


@dataclass(frozen=True)
class Row:
    period: str
    value: float


def question(**changes):
    values = {"name": "Xiapu gdp_nominal", "past": PAST, "ahead": (2020.0, 2022.0), "scale": "log"} | changes
    return Question(**values)


@pytest.mark.parametrize(
    ("period", "end", "months"),
    [("2019", 2020.0, 12), ("2019-01/2019-11", 2019.0 + 11 / 12, 11), ("2019-12", 2020.0, 0)],
)
def test_periods_end_where_they_end(period, end, months):
    assert Span.of(period).end == pytest.approx(end)
    assert Span.of(period).months == months


@pytest.mark.parametrize("period", ["2019-13", "spring", "2019-05/2019-03", "19"])
def test_what_is_no_period_is_refused(period):
    with pytest.raises(ValueError, match=r"period|month"):
        Span.of(period)


def test_amounts_of_other_months_are_no_smaller_years():
    rows = [Row("2019", 160.0), Row("2017", 130.0), Row("2020-01/2020-11", 150.0), Row("2018-12", 7.0)]
    past = past_of(rows, "2021")
    np.testing.assert_array_equal(past.times, [2018.0, 2020.0])
    np.testing.assert_array_equal(past.values, [130.0, 160.0])
    np.testing.assert_array_equal(past_of(rows, "2021-12").values, [7.0])
    with pytest.raises(ValueError, match="as many months as 2021-01/2021-03"):
        past_of(rows, "2021-01/2021-03")


def test_rates_of_growth_are_taken_whatever_months_they_cover():
    rows = [Row("2018", 7.0), Row("2019-01/2019-11", 9.0), Row("2019-01/2019-06", 8.0)]
    past = past_of(rows, "2020", rates=True)
    np.testing.assert_allclose(past.times, [2019.0, 2019.5, 2019.0 + 11 / 12])
    np.testing.assert_array_equal(past.values, [7.0, 8.0, 9.0])
    half = past_of([*rows, Row("2018-07/2018-12", 5.0)], "2020", rates=True)
    np.testing.assert_array_equal(half.values, past.values, "the whole year counts")


def test_two_figures_of_one_time_are_refused():
    with pytest.raises(ValueError, match="two values of one time"):
        past_of([Row("2019", 1.0), Row("2019-01/2019-12", 2.0)], "2020")


def test_every_rival_answers_with_the_same_draws_each_time():
    known = [Announcement(f"p{each}", 2015.0, 2018.0, 10.0, 5.0, 2018.0) for each in range(3)]
    asked = question(total=TOTAL, announcements=(*known, Announcement("next", 2019.0, 2021.0, 30.0)))
    one, other = ask(asked, 1, draws=200), ask(asked, 1, draws=200)
    assert one.draws.keys() == RIVALS.keys()
    assert not one.left_out
    for name, values in one.draws.items():
        assert values.shape == (200, 2)
        np.testing.assert_array_equal(values, other.draws[name])
    np.testing.assert_allclose(one.draws["announced capacity"], [[160.0, 175.0]] * 200)
    assert (ask(asked, 2, draws=200).draws["random walk"] != one.draws["random walk"]).all()
    named = ask(question(name="Fuan gdp_nominal"), 1, draws=200, rivals=["random walk"]).draws["random walk"]
    assert (named != one.draws["random walk"]).all(), "each question has its own luck"


def test_a_rival_has_the_luck_of_its_own_name_whoever_else_is_asked():
    alone = ask(question(), 1, rivals=["AR(1)"], draws=100).draws["AR(1)"]
    together = ask(question(), 1, rivals=["random walk", "AR(1)"], draws=100).draws["AR(1)"]
    np.testing.assert_array_equal(alone, together)


def test_amounts_are_forecast_in_logs_and_rates_as_they_are():
    logs = ask(question(), 1, rivals=["random walk"], draws=4000).draws["random walk"]
    levels = ask(question(scale="level"), 1, rivals=["random walk"], draws=4000).draws["random walk"]
    assert (logs > 0).all()
    for values in (logs, levels):
        assert np.median(values[:, 0]) == pytest.approx(160.0, rel=0.02)
    low, middle, high = np.quantile(logs[:, 0], [0.1, 0.5, 0.9])
    assert np.log(high / middle) == pytest.approx(np.log(middle / low), rel=0.1)
    low, middle, high = np.quantile(levels[:, 0], [0.1, 0.5, 0.9])
    assert high - middle == pytest.approx(middle - low, rel=0.1)


def test_rivals_without_enough_to_go_by_stop_the_forecast_unless_they_may_be_left_out():
    short = question(past=Past(YEARS[:2], PAST.values[:2]))
    with pytest.raises(TooFewPointsError, match="random walk with drift needs at least 3 points"):
        ask(short, 1)
    found = ask(short, 1, leave_out=True, draws=50)
    assert found.draws.keys() == {"random walk"}
    assert found.left_out.keys() == RIVALS.keys() - {"random walk"}
    assert found.left_out["AR(1)"] == "AR(1) needs at least 4 points of the series, there are 2"
    assert "total" in found.left_out["constant share"]
    with pytest.raises(UnansweredError, match="announcements"):
        ask(question(), 1, rivals=["announced capacity"])


def test_a_fault_of_the_question_is_never_left_out():
    with pytest.raises(ValueError, match="not above 0"):
        ask(question(past=Past(YEARS[:3], np.array([1.0, 0.0, 2.0]))), 1, leave_out=True)
