"""What is asked and what is known, counted by hand."""

import math

import numpy as np
import pytest

import sim
from sim.experiment.backtest.plan import (
    AMOUNTS,
    CHAINS_OUTPUT,
    CITY_GROWTH,
    CONTRIBUTIONS,
    COUNTIES,
    COUNTS,
    PEOPLE_AND_MONEY,
    PIPELINE,
    POINTS_POOL,
    BacktestError,
    chosen_modes,
    group_of,
    origin_of,
    plan_of,
    pool_of,
    scored,
)
from sim.experiment.observations import read_observations
from sim.parameters import Month
from tests.experiment.backtest import made_up
from tests.experiment.backtest.made_up import fact, facts


def names(rows):
    return [str(row) for row in rows]


def test_a_figure_is_known_or_asked_or_neither():
    early, late = fact("gdp_nominal", 2016, 1.0, "2017-03"), fact("gdp_nominal", 2018, 2.0, "2019-03")
    mixed = [early, late, fact("gdp_nominal", 2019, 3.0, "2020-03"), fact("population", "2019-01", 5e6, "2019-06")]
    plan = plan_of(facts(*mixed), Month("2018-12"))
    assert names(plan.known) == ["gdp_nominal of Ningde, 2016"]
    assert names(plan.neither) == ["gdp_nominal of Ningde, 2018"]
    assert [case.name for case in plan.cases] == ["gdp_nominal Ningde 2019", "population Ningde 2019-01"]


def test_what_no_run_covers_and_what_is_weak_is_not_asked():
    rows = [
        fact("gdp_growth", 2014, 0.1, "2015-03"),  # compares with 2013, before the first run
        fact("gdp_growth", 2015, 0.1, "2016-03"),
        fact("gdp_nominal", 2015, 9.0, "2016-03", confidence="R-low"),
    ]
    assert [case.name for case in plan_of(facts(*rows), Month("2014-01")).cases] == ["gdp_growth Ningde 2015"]


def test_a_weak_figure_is_no_past_for_a_rival():
    rows = [fact("gdp_nominal", 2015, 9.0, "2016-03", confidence="R-low"), fact("gdp_nominal", 2019, 9.0, "2020-03")]
    assert not len(plan_of(facts(*rows), Month("2018-12")).known)


@pytest.mark.parametrize(
    ("period", "horizon"),
    [("2018-12", 1), ("2018-01/2018-12", 1), ("2019-11", 1), ("2019-12", 2), ("2020-11", 2), ("2021-12", 4)],
)
def test_horizons_are_years_rounded_up(period, horizon):
    variable = "gdp_nominal" if "/" in period else "population"
    plan = plan_of(facts(fact(variable, period, 10.0, "2022-03")), Month("2018-11"))
    assert plan.cases[0].horizon == horizon


def test_the_figures_of_the_article_are_neither_known_nor_asked_in_november_2019():
    plan = plan_of(read_observations(), Month("2019-11"))
    of_it = {"value_added_growth.FOUR of Ningde, 2019-01/2019-11", "projects_introduced.BAT of Ningde, 2019-11"}
    assert of_it <= set(names(plan.neither))
    assert not of_it & {str(case.row) for case in plan.cases}
    assert not of_it & set(names(plan.known))


def test_the_protocol_counts_the_cases_of_its_origins():
    found = read_observations()
    plans = [plan_of(found, Month(month)) for month in ("2016-12", "2019-11", "2020-12")]
    text = (made_up_docs() / "forecast-protocol.md").read_text(encoding="utf-8")
    for plan in plans:
        years = max(case.horizon for case in plan.cases)
        span = "1 " if years == 1 else f"1 to {years} "
        assert f"| {len(plan.known)} figures published until then |" in text
        assert f"| {len(plan.cases)} | {span}|" in text


def made_up_docs():
    from pathlib import Path

    return Path(sim.__file__).parents[1] / "docs"


@pytest.mark.parametrize(
    ("variable", "region", "group", "pool"),
    [
        ("output_nominal.BAT", "Ningde", CHAINS_OUTPUT, AMOUNTS),
        ("output_nominal.B_CELL", "Ningde", CHAINS_OUTPUT, AMOUNTS),
        ("vehicles", "Ningde", CHAINS_OUTPUT, AMOUNTS),
        ("output_nominal.INDUSTRY", "Ningde", CITY_GROWTH, AMOUNTS),
        ("gdp_growth", "Ningde", CITY_GROWTH, POINTS_POOL),
        ("pull.BAT", "Ningde", CITY_GROWTH, POINTS_POOL),
        ("contribution.BAT", "Ningde", CITY_GROWTH, CONTRIBUTIONS),
        ("output_nominal.SST", "Fuan", COUNTIES, AMOUNTS),
        ("gdp_growth_share", "Jiaocheng", COUNTIES, CONTRIBUTIONS),
        ("population", "Ningde", PEOPLE_AND_MONEY, AMOUNTS),
        ("revenue_total_growth", "Ningde", PEOPLE_AND_MONEY, POINTS_POOL),
        ("projects_introduced.BAT", "Ningde", PIPELINE, COUNTS),
        ("cell_capacity_with_building", "Ningde", PIPELINE, AMOUNTS),
        ("sign_share", "Ningde", PIPELINE, POINTS_POOL),
    ],
)
def test_groups_and_scales(variable, region, group, pool):
    assert (group_of(variable, region), pool_of(variable)) == (group, pool)


def test_scales_by_hand():
    np.testing.assert_allclose(scored("gdp_nominal", np.array([math.e, 0.0])), [100.0, 100 * math.log(0.1)])
    assert scored("gdp_growth", 0.05) == pytest.approx(5.0)
    assert scored("contribution.BAT", 1.3) == pytest.approx(130.0)
    assert scored("pull.BAT", 4.0) == 4.0
    assert scored("projects_introduced.BAT", 38.0) == 38.0
    assert np.isnan(scored("gdp_nominal", np.nan))


def test_the_newest_figure_known_covers_as_many_months():
    rows = [
        fact("gdp_nominal", 2016, 1.0, "2017-03"),
        fact("gdp_nominal", "2017-01/2017-06", 0.5, "2017-08"),
        fact("gdp_nominal", 2016, 1.1, "2017-09"),  # a revision
        fact("gdp_nominal", 2019, 3.0, "2020-03"),
        fact("gdp_growth", "2017-01/2017-06", 0.2, "2017-08"),
        fact("gdp_growth", 2019, 0.1, "2020-03"),
        fact("population", "2019-12", 1e6, "2020-03"),
    ]
    plan = plan_of(facts(*rows), Month("2017-12"))
    gdp, growth, people = plan.cases
    assert plan.last_known(gdp).value == 1.1
    assert plan.last_known(growth).value == 0.2
    assert plan.last_known(people) is None


def test_an_origin_after_all_facts_asks_nothing():
    with pytest.raises(BacktestError, match="2021-12: no figure"):
        plan_of(made_up.region(), Month("2021-12"))


@pytest.mark.parametrize(
    ("word", "why"), [("2019", "month"), ("2019-13", "month"), ("2010-01", "2014-12"), ("2030-01", "2021-12")]
)
def test_words_that_are_no_origin_are_refused(word, why):
    with pytest.raises(BacktestError, match=why):
        origin_of(word, sim.load("baseline"))


def test_words_that_are_no_mode_are_refused():
    assert chosen_modes(["conditional"]) == ("conditional",)
    with pytest.raises(BacktestError, match="no mode 'given'"):
        chosen_modes(["given"])
