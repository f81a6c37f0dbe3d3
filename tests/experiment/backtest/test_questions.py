"""What rivals are told, and what they say when they lack points."""

from dataclasses import replace

import numpy as np
import pytest

from sim.experiment.announcements import Announcement
from sim.experiment.backtest.plan import BacktestError, plan_of
from sim.experiment.backtest.questions import ask_rivals, question_of
from sim.parameters import Month
from tests.experiment.backtest import made_up
from tests.experiment.backtest.made_up import fact, facts


def test_a_rival_that_lacks_points_is_named_with_case_file_and_line():
    few = facts(fact("gdp_nominal", 2019, 3.0, "2020-03", line=7), fact("gdp_nominal", 2016, 1.0, "2017-03"))
    plan = plan_of(few, Month("2018-12"))
    with pytest.raises(
        BacktestError, match=r"own\.csv:7: gdp_nominal of Ningde, 2019: from 2018-12: random walk needs"
    ):
        ask_rivals(plan)
    answers = ask_rivals(plan, skip=True, draws=5)
    assert np.isnan(answers.draws["random walk"]).all()
    assert "at least 2 points" in answers.left_out["random walk", "gdp_nominal Ningde 2019"]


def test_a_figure_without_a_past_is_left_out_with_its_reason():
    plan = plan_of(facts(fact("vehicles", 2020, 3e4, "2021-03")), Month("2018-12"))
    answers = ask_rivals(plan, skip=True, draws=5)
    assert answers.left_out["AR(1)", "vehicles Ningde 2020"] == "nothing about vehicles of Ningde had been published"


def test_nothing_after_the_origin_moves_a_rival():
    plan = made_up.plan()
    changed = facts(
        *(replace(row, value=row.value * 3) if row.published > made_up.ORIGIN else row for row in made_up.region())
    )
    before, after = (ask_rivals(each, skip=True, draws=20) for each in (plan, plan_of(changed, made_up.ORIGIN)))
    assert np.isfinite(before.draws["random walk with drift"]).any()
    for name, drawn in before.draws.items():
        np.testing.assert_array_equal(drawn, after.draws[name])


def test_something_before_the_origin_does_move_it():
    changed = facts(
        *(replace(row, value=row.value * 3) if row.period.last.year == 2017 else row for row in made_up.region())
    )
    before, after = (
        ask_rivals(plan_of(each, made_up.ORIGIN), skip=True, draws=20) for each in (made_up.region(), changed)
    )
    assert not np.array_equal(before.draws["random walk"], after.draws["random walk"], equal_nan=True)


def test_the_share_of_a_county_is_that_in_the_city():
    plan = made_up.plan()
    county = next(case for case in plan.cases if case.region == "Fuan")
    total = question_of(plan, county).total
    np.testing.assert_array_equal(
        total.values, [row.value for row in plan.known if row.subject[:2] == ("gdp_nominal", "Ningde")]
    )
    city = next(case for case in plan.cases if case.name == "gdp_nominal Ningde 2019")
    assert question_of(plan, city).total is None


def announced(kind, place="Ningde", planned="2016-12", output=10.0):
    when = Month("2015-06")
    planned = None if planned is None else Month(planned)
    return Announcement(
        place, "BAT", kind, f"{kind} of {place}", when, when, planned, output, None, "", "", "sourced", "A", "", 2
    )


def test_announcements_are_plants_and_goals_whose_outcome_is_known():
    rows = [
        fact("output_nominal.BAT", 2016, 8.0, "2017-03"),
        fact("output_nominal.BAT", 2020, 20.0, "2021-03"),
        fact("output_nominal.BAT", 2020, 5.0, "2021-03", "Fuding"),
        fact("output_nominal.BAT", 2016, 4.0, "2017-03", "Fuding"),
        fact("output_nominal.SST", 2020, 5.0, "2021-03"),
        fact("output_nominal.SST", 2016, 5.0, "2017-03"),
    ]
    plan = plan_of(facts(*rows), Month("2018-12"))
    said = [announced("goal"), announced("goal", planned="2019-12"), announced("plant", "Fuan", None), announced("sum")]
    found = question_of(plan, plan.cases[0], said).announcements
    assert [(one.name, one.planned, one.outcome, one.known) for one in found] == [
        ("goal of Ningde", 2017.0, 8.0, 2017.25),
        ("plant of Fuan", 2018.5, None, None),
    ]
    assert question_of(plan, plan.cases[1], said).announcements == ()
    assert question_of(plan, plan.cases[2], said).announcements == ()


def test_a_rival_that_does_not_apply_is_no_fault():
    rows = facts(*(fact("gdp_nominal", year, 1.0 + year - 2010, f"{year + 1}-03") for year in range(2010, 2021)))
    answers = ask_rivals(plan_of(rows, Month("2018-12")), draws=5)
    assert np.isfinite(answers.draws["AR(1)"]).all()
    assert answers.left_out["constant share", "gdp_nominal Ningde 2019"] == "the series is no part of a known total"
