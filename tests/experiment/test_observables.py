"""What a run can be asked for: the same numbers as the moments, any region and period, units and scales."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
import pytest

import sim
from sim.experiment.followed import PositionMeasure, Record, follow
from sim.experiment.moments import MOMENTS
from sim.experiment.observables import FIRST, OBSERVABLES, Done, on_the_way, simulate
from sim.experiment.observations import read_observations
from sim.experiment.periods import Period
from sim.experiment.validation import ending
from sim.model import NingdeModel
from sim.parameters import Month
from sim.results import Run
from sim.world import load_world
from tests.experiment.same_figures import SAME
from tests.report import fake

WORLD = load_world()


class Asked(NamedTuple):
    variable: str
    region: str
    period: Period


def asked(variable: str, region: str, period: str) -> Asked:
    return Asked(variable, region, Period.read(period))


OFFICIAL = tuple(name for name in WORLD.county_names if name != "Dongqiao")
PARTS = (
    "projects_introduced.BAT",
    "signed_investment.INDUSTRY",
    "signed_projects.INDUSTRY",
    "vehicles",
    "cell_capacity",
)
"""Observables whose counties add up to the city; Dongqiao is counted in Jiaocheng."""


@pytest.fixture(scope="module")
def whole() -> tuple[Done, dict[Hashable, float]]:
    """One run of the baseline to the end of 2021, asked for observables and for moments."""
    baseline = ending(sim.load("baseline"), Month("2021-12"), "conditional")
    wanted = [asked(*told[:3]) for told in SAME.values()]
    wanted += [Asked(one.variable, name, one.period) for one in wanted for name in OFFICIAL if one.variable in PARTS]
    wanted += [Asked(*row.subject) for row in read_observations()]
    positions: dict[str, dict[Hashable, PositionMeasure]] = on_the_way(wanted)
    for name in SAME:
        if (measure := MOMENTS[name].position) is not None:
            positions.setdefault(MOMENTS[name].month, {})[name] = measure
    record, found = follow(NingdeModel(baseline, 2), positions)
    at_end = {name: measure(record) for name in SAME if (measure := MOMENTS[name].record) is not None}
    return Done(record, found), {**found, **at_end}


def test_the_moments_chosen_are_of_every_kind() -> None:
    assert all(name in MOMENTS for name in SAME)
    kinds = {told[0].split(".")[0] for told in SAME.values()}
    unlike = {"revenue_total_growth", "revenue_local_growth", "output_growth_nominal", "value_added_nominal", "plants"}
    unlike |= {"agricultural_output", "building_months_best", "building_months_median"}
    assert {name.split(".")[0] for name in OBSERVABLES} - kinds == unlike


@pytest.mark.parametrize("name", SAME)
def test_an_observable_gives_the_number_of_its_moment(name: str, whole: tuple[Done, dict[Hashable, float]]) -> None:
    done, moments = whole
    variable, region, period, units = SAME[name]
    found = OBSERVABLES[variable].measure(done, region, Period.read(period))
    assert found == pytest.approx(moments[name] * units, rel=1e-12)
    assert np.isfinite(found)


@pytest.mark.parametrize("variable", PARTS)
def test_counties_add_up_to_the_city(variable: str, whole: tuple[Done, dict[Hashable, float]]) -> None:
    done, one = whole[0], OBSERVABLES[variable]
    periods = [Period.read(told[2]) for told in SAME.values() if told[0] == variable]
    assert periods
    for period in periods:
        parts = [one.measure(done, name, period) for name in OFFICIAL]
        city = one.measure(done, "Ningde", period)
        assert sum(parts) == pytest.approx(city)
        assert max(parts) < city or variable == "vehicles", "more than one county takes part"


def test_every_shipped_figure_of_the_years_of_the_model_is_measured(whole: tuple[Done, dict[Hashable, float]]) -> None:
    found = read_observations()
    numbers = [OBSERVABLES[row.variable].measure(whole[0], row.region, row.period) for row in found]
    covered = [row.covered for row in found]
    assert [bool(np.isfinite(number)) for number in numbers] == covered
    assert sum(covered) > 120
    first = {row.subject[:2]: row.covered for row in found if row.period.first.year in (2013, 2014)}
    assert first == {("gdp_nominal", "Ningde"): True, ("value_added_growth.INDUSTRY", "Ningde"): False}


def test_any_months_and_any_county_are_measured(whole: tuple[Done, dict[Hashable, float]]) -> None:
    done = whole[0]
    output, growth = OBSERVABLES["output_nominal.FOOD"], OBSERVABLES["value_added_growth.INDUSTRY"]
    halves = [output.measure(done, "Gutian", Period.read(when)) for when in ("2018-01/2018-06", "2018-07/2018-12")]
    assert sum(halves) == pytest.approx(output.measure(done, "Gutian", Period.read("2018")))
    across = growth.measure(done, "Xiapu", Period.read("2018-07/2019-06"))
    made = [done.record.total("value_added_above_scale", Period.read(when), "industry", "Xiapu") for when in
            ("2018-07/2019-06", "2017-07/2018-06")]  # fmt: skip
    assert across == pytest.approx(made[0] / made[1] - 1.0)


def test_official_jiaocheng_contains_dongqiao() -> None:
    data = fake.monthly(fake.scenario(end="2021-12"))
    data["population"].values[...] = 0.0
    for name, people in (("Jiaocheng", 400.0), ("Dongqiao", 50.0), ("Fuan", 300.0)):
        data["population"].values[:, WORLD.county_names.index(name)] = people
    done, one, month = Done(Record(Run(data), WORLD), {}), OBSERVABLES["population"], Period.read("2020-11")
    found = [one.measure(done, name, month) for name in ("Jiaocheng", "Dongqiao", "Fuan", "Ningde")]
    assert found == [450.0, 50.0, 300.0, 750.0]


def test_what_no_run_covers_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> NingdeModel:
        raise AssertionError("no run is needed")

    monkeypatch.setattr("sim.experiment.observables.NingdeModel", never)
    early = [asked("gdp_nominal", "Ningde", "2013"), asked("gdp_growth", "Ningde", "2014"),
             asked("population", "Fuan", "2010-11"), asked("vehicles", "Ningde", "2013-07/2014-06")]  # fmt: skip
    assert np.isnan(simulate(sim.load("baseline"), 1, early)).all()
    data = fake.monthly(fake.scenario(end="2017-12"))
    short = Done(Record(Run(data), WORLD), {})
    for one in OBSERVABLES.values():
        period = Period.read("2018" if one.kind == "months" else "2018-12")
        region = "Fuan" if one.places == "county" else "Ningde"
        assert np.isnan(one.measure(short, region, period)), one.name


def test_simulate_answers_in_the_order_asked_and_runs_to_the_last_month() -> None:
    wanted = [
        asked("projects_introduced.BAT", "Ningde", "2014-06"),
        asked("gdp_nominal", "Ningde", "2014-01/2014-06"),
        asked("gdp_growth", "Ningde", "2014"),
        asked("gdp_nominal", "Ningde", "2014"),
        asked("population", "Fuan", "2014-12"),
    ]
    baseline, ends = sim.load("baseline"), []
    found = simulate(baseline, 3, wanted, change=lambda model: ends.append(model.months))
    assert ends == [12]
    assert found.shape == (5,)
    assert np.isnan(found[2])
    assert 0 < found[1] < found[3] < 2.2 * found[1]
    assert 500_000 < found[4] < 650_000
    assert simulate(baseline, 3, wanted[::-1])[::-1] == pytest.approx(found, nan_ok=True, rel=0, abs=0)


def test_a_change_of_the_model_reaches_the_figures() -> None:
    def half(model: NingdeModel) -> None:
        model.state.people.working_age[...] *= 0.5

    one, baseline = [asked("population", "Ningde", "2014-01")], sim.load("baseline")
    assert simulate(baseline, 1, one, change=half) == pytest.approx(simulate(baseline, 1, one) / 2, rel=0.05)


def test_what_is_measured_on_the_way_cannot_be_asked_for_later() -> None:
    done = Done(Record(Run(fake.monthly(fake.scenario(end="2021-12"))), WORLD), {})
    with pytest.raises(ValueError, match=r"plants.BAT of Ningde, 2020-10, is measured during a run"):
        OBSERVABLES["plants.BAT"].measure(done, "Ningde", Period.read("2020-10"))
    with pytest.raises(ValueError, match="no region is called 'Atlantis'"):
        OBSERVABLES["gdp_nominal"].measure(done, "Atlantis", Period.read("2020"))


def test_scores_are_told_in_logs_of_amounts_and_levels_of_shares() -> None:
    amounts = OBSERVABLES["output_nominal.BAT"].scored(np.array([1.0, np.e, 0.0]))
    assert amounts.tolist() == [0.0, 1.0, -np.inf]
    assert OBSERVABLES["gdp_growth"].scored(np.array([-0.02])).tolist() == [-0.02]
    for one in OBSERVABLES.values():
        assert next(iter(one.units.values())) == 1.0
        assert one.scale == "level" or one.low == 0.0, one.name
        assert (one.record is None) != (one.position is None)
        assert one.since(Period.of_year(2015)) == (FIRST if one.compares else Month("2015-01"))
