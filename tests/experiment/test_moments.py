"""Moments on hand-made records, and the registry: names, dates, parameters."""

from __future__ import annotations

import re

import numpy as np
import pytest

import sim
from sim.experiment.followed import FollowedRun, Record, product_group
from sim.experiment.measures import LARGE_PROJECT
from sim.experiment.moments import (
    GROUPS,
    MOMENTS,
    reached_within,
    sign_share,
    signed_count,
    signed_value,
)
from sim.experiment.validation import LAST, measurable, paths
from sim.model import GROUPS as TABLES
from sim.model import NingdeModel
from sim.parameters import Month, describe
from sim.results import Run, dataset
from sim.results.variables import VARIABLES
from sim.state import Channel, Stage
from sim.world import load_world
from tests.report import fake

WORLD = load_world()
MONTHS = 96


def record(**arrays: np.ndarray) -> Record:
    """A record of 2014 to 2021 in which nothing happens but what is given."""
    data = fake.monthly(fake.scenario(end="2021-12"))
    for name in data.data_vars:
        if "month" in data[name].dims:
            data[name].values[...] = 0.0
    data["price"].values[...] = 1.0
    for name, values in arrays.items():
        data[name].values[...] = values
    return Record(Run(data), WORLD)


def cells(**yearly: dict[int, float]) -> np.ndarray:
    """(96, C, K) monthly values, a yearly amount at one product (in Fuan) spread over the months."""
    found = np.zeros((MONTHS, WORLD.county_count, WORLD.product_count))
    county = WORLD.county_names.index("Fuan")
    for product, amounts in yearly.items():
        for year, amount in amounts.items():
            at = (year - 2014) * 12
            found[at : at + 12, county, WORLD.product(product)] = amount / 12
    return found


def measure(name: str, seen: Record) -> float:
    moment = MOMENTS[name]
    assert moment.record is not None
    return moment.record(seen)


GROWING = cells(
    B_CELL={2018: 220.0, 2019: 330.0},
    S_MELT={2018: 240.0, 2019: 288.0},
    V_OEM={2019: 34.0},
    FOOD={2018: 540.0, 2019: 486.0},
)
"""Value added: 1,000 in 2018 and 1,138 in 2019; the four chains 460 and 652."""


def test_growth_pull_and_contribution_by_hand() -> None:
    seen = record(value_added_above_scale=GROWING)
    assert measure("industry_va_growth_2019m11", seen) == pytest.approx(0.138)
    assert measure("va_growth_four_2019m11", seen) == pytest.approx(652 / 460 - 1)
    assert measure("pull_four_2019m11", seen) == pytest.approx(19.2)
    assert measure("contribution_four_2019m11", seen) == pytest.approx(19.2 / 13.8)
    assert measure("rest_growth_2019", seen) == pytest.approx(-0.1)
    assert measure("growth_lithium_2019", seen) == pytest.approx(0.5)
    assert measure("pull_lithium_2019m11", seen) == pytest.approx(11.0)
    assert measure("pull_stainless_2019m11", seen) == pytest.approx(4.8)
    assert measure("share_four_base_2018", seen) == pytest.approx(0.46)


def test_a_chain_of_new_plants_has_a_pull_though_it_has_no_growth() -> None:
    seen = record(value_added_above_scale=GROWING)
    assert measure("pull_nev_copper_2019", seen) == pytest.approx(3.4)
    assert measure("share_nev_copper_base_2018", seen) == 0.0


def test_pulls_add_up_to_growth() -> None:
    seen = record(value_added_above_scale=GROWING)
    names = ("pull_lithium_2019m11", "pull_stainless_2019m11", "pull_nev_copper_2019")
    assert sum(measure(name, seen) for name in names) == pytest.approx(measure("pull_four_2019m11", seen))


def test_the_share_of_the_four_at_current_prices_and_at_constant_weights() -> None:
    nominal = GROWING.copy()
    nominal[:, :, WORLD.product("FOOD")] *= 0.5
    seen = record(value_added_above_scale=GROWING, value_added_above_scale_nominal=nominal)
    assert measure("share_four_2019_constant", seen) == pytest.approx(652 / 1138)
    assert measure("share_four_2019_reported", seen) == pytest.approx(652 / (652 + 243))


def test_eleven_months_are_not_twelve() -> None:
    late = GROWING.copy()
    late[71] *= 100.0  # December 2019
    seen = record(value_added_above_scale=late)
    assert measure("industry_va_growth_2019m11", seen) == pytest.approx(0.138)


def test_output_is_in_billions_at_current_prices_and_by_county() -> None:
    output = cells(B_CELL={2016: 25_000.0, 2021: 158_000.0}, B_CATH={2021: 2_000.0}, S_ROLL={2021: 155_000.0})
    seen = record(output_above_scale_nominal=output)
    assert measure("output_lithium_2016", seen) == pytest.approx(25.0)
    assert measure("output_lithium_2021", seen) == pytest.approx(160.0)
    assert measure("output_stainless_fuan_2021", seen) == pytest.approx(155.0)
    assert measure("output_fuan_2021", seen) == pytest.approx(315.0)
    assert measure("output_fuding_2021", seen) == 0.0


def test_real_gdp_is_deflated_product_by_product() -> None:
    nominal = cells(B_CELL={2018: 100.0, 2019: 100.0}, CSRV={2018: 100.0, 2019: 100.0})
    price = np.ones((MONTHS, WORLD.product_count))
    price[60:, WORLD.product("B_CELL")] = 0.5
    seen = record(value_added_nominal=nominal, price=price)
    assert measure("gdp_growth_2019", seen) == pytest.approx(0.5)
    assert measure("gdp_2019", seen) == pytest.approx(0.2)


def test_jiaocheng_is_counted_with_dongqiao() -> None:
    nominal = np.zeros((MONTHS, WORLD.county_count, WORLD.product_count))
    for name, before, after in (("Jiaocheng", 100.0, 110.0), ("Dongqiao", 50.0, 70.0), ("Fuan", 200.0, 210.0)):
        at = WORLD.county_names.index(name)
        nominal[72:84, at, 0], nominal[84:, at, 0] = before / 12, after / 12
    seen = record(value_added_nominal=nominal)
    assert measure("gdp_growth_share_jiaocheng_2021", seen) == pytest.approx(0.75)
    assert measure("gdp_growth_rank_jiaocheng_2021", seen) == 1.0
    assert measure("gdp_dongqiao_2020", seen) == pytest.approx(0.05)


def test_power_projects_and_signing() -> None:
    entered = np.zeros((MONTHS, len(Stage), len(Channel)))
    entered[48:60, 0, 0], entered[48:60, 1, 0] = 10.0, 4.0
    entered[48:60, Stage.SIGNED, Channel.OWN] = 100.0  # the leaders' own plants do not count
    entered[48:60, [Stage.LEAD, Stage.SIGNED], Channel.NORMAL] = 50.0  # nor does normal entry
    introduced = np.zeros((MONTHS, 4))
    introduced[70, WORLD.chains.index("BAT")] = 38.0
    seen = record(
        electricity=cells(S_MELT={2019: 12e6}),
        entered=entered,
        introduced=introduced,
    )
    assert measure("industrial_power_2019m11", seen) == pytest.approx(11.0)
    assert measure("sign_share", seen) == pytest.approx(0.4)
    assert measure("chain_projects_2019", seen) == 38.0


@pytest.fixture(scope="module")
def observed() -> tuple[FollowedRun, Record]:
    """A run of the baseline to November 2019, with its position and its record."""
    scenario = sim.load("baseline").replace({"run.start": "2014-01", "run.end": "2019-11"}, name="baseline")
    model = NingdeModel(scenario, 1)
    seen = FollowedRun(model)
    while model.state.month < model.months:
        seen.step()
    recorder = model.recorder
    run = Run(dataset(scenario, recorder.arrays, recorder.residual, seed=1, opening=model.basis.origin))
    return seen, Record(run, model.world)


def position(name: str, seen: FollowedRun) -> float:
    measure = MOMENTS[name].position
    assert measure is not None
    return measure(seen)


def test_validation_and_published_tables_count_the_same_signatures(observed: tuple[FollowedRun, Record]) -> None:
    seen, record = observed
    entered = record.run.monthly["entered"].sel(month="2018", stage="SIGNED").sum("month")
    assert float(entered.sel(channel="N")) > 10, "normal entry signs, so that counting it would be seen"
    assert float(entered.sel(channel="X")) > 0
    found = record.run.published.pipeline(2018)
    assert measure("sign_share", record) == pytest.approx(float(found["sign_share"]))
    assert position("signed_count_2018", seen) == float(found["signed_by_plan"])
    assert position("signed_count_2018", seen) == float(entered.sum() - entered.sel(channel="N"))
    assert position("signed_industry_2018", seen) == pytest.approx(float(found["signed_investment"]))
    for year in range(2014, 2019):
        told = record.run.published.pipeline(year)
        assert sign_share(year)(record) == pytest.approx(float(told["sign_share"]))
        assert signed_count(f"{year}-01", f"{year}-12")(seen) == float(told["signed_by_plan"])
        assert signed_value(f"{year}-01", f"{year}-12")(seen) == pytest.approx(float(told["signed_investment"]))


def test_validation_and_published_tables_count_the_same_starts(observed: tuple[FollowedRun, Record]) -> None:
    seen, record = observed
    for year in range(2014, 2018):
        told = float(record.run.published.pipeline(year)["started_share"])
        assert reached_within(f"{year}-01", f"{year}-12", "built", 12)(seen) == pytest.approx(told)
    parts = [record.run.published.pipeline(period) for period in ("2016", "2017", "2018-10")]
    signed = np.array([float(part["signed"]) for part in parts])
    started = np.array([float(part["started_share"]) for part in parts])
    assert position("started_in_year_one", seen) == pytest.approx((started * signed).sum() / signed.sum())


def test_only_promoted_projects_can_be_late(observed: tuple[FollowedRun, Record]) -> None:
    """Normal entry and leaders' plants change neither the share that produces nor that which begins to build."""
    seen, _ = observed
    projects, names = seen.model.state.projects, ("started_in_year_one", "producing_in_5y")
    before = [position(name, seen) for name in names]
    built, done = projects.built.copy(), projects.done.copy()
    others = np.isin(projects.channel, (Channel.NORMAL, Channel.OWN))
    assert ((projects.signed >= 0) & others).sum() > 50
    projects.built[others], projects.done[others] = -1, -1
    assert [position(name, seen) for name in names] == before
    projects.built[:], projects.done[:] = -1, -1
    assert [position(name, seen) for name in names] == [0.0, 0.0]
    projects.built[:], projects.done[:] = built, done


def test_large_buildings_of_leaders_are_measured_and_normal_entry_is_not(observed: tuple[FollowedRun, Record]) -> None:
    seen, _ = observed
    projects = seen.model.state.projects
    large = (projects.event < 0) & (projects.investment >= LARGE_PROJECT) & (projects.stage == Stage.DONE)
    large &= (projects.built >= 0) & (projects.channel != Channel.NORMAL)
    assert (projects.channel[large] == Channel.OWN).any()
    months = (projects.done - projects.built)[large]
    assert position("building_median_months", seen) == np.median(months)
    kept = projects.channel.copy()
    projects.channel[np.flatnonzero(large)[months > np.median(months)]] = Channel.NORMAL
    assert position("building_median_months", seen) < np.median(months)
    projects.channel[:] = kept


def test_what_the_record_does_not_cover_is_no_number() -> None:
    data = fake.monthly(fake.scenario(end="2017-12"))
    seen = Record(Run(data), WORLD)
    for name, moment in MOMENTS.items():
        if moment.record is not None and measurable(moment) and moment.month > "2017-12":
            assert np.isnan(moment.record(seen)), name


def test_population_and_revenue_are_read_as_soon_as_they_are_recorded() -> None:
    data = fake.monthly(fake.scenario(end="2021-12"))
    people = np.ones((MONTHS, WORLD.county_count, 2)) * 1_000.0
    data["population"] = (("month", "county", "skill"), people)
    data["revenue_total"] = (("month", "county"), np.full((MONTHS, WORLD.county_count), 100.0))
    seen = Record(Run(data), WORLD)
    people[MONTHS - 14] = 2_000.0  # November 2020, the census
    people[59] = 3_000.0  # December 2018, the end of the year
    assert measure("population_2020", seen) == pytest.approx(40_000 / 1e6)
    assert measure("population_2018", seen) == pytest.approx(60_000 / 1e6)
    assert measure("population_2017", seen) == pytest.approx(20_000 / 1e6)
    assert measure("population_jiaocheng_2020", seen) == pytest.approx(8.0)
    assert measure("total_revenue_2020", seen) == pytest.approx(12.0)
    assert measure("total_revenue_fuan_2021", seen) == pytest.approx(1.2)


def test_paths_are_twelve_months_and_begin_when_there_are_twelve() -> None:
    seen = record(output_above_scale_nominal=cells(B_CELL={2014: 12_000.0, 2015: 24_000.0}))
    path = paths(seen)["output_lithium"]
    assert np.isnan(path[:11]).all()
    assert path[11] == pytest.approx(12.0)
    assert path[23] == pytest.approx(24.0)


# --- the registry -----------------------------------------------------------------------------------------------------


def test_every_parameter_that_speaks_to_a_moment_exists() -> None:
    known = {f"{row.table}.{row.name}" for group in TABLES for row in describe(group)}
    named = {(moment.name, name) for moment in MOMENTS.values() for name in moment.parameters}
    assert len(named) > 200
    assert {(moment, name) for moment, name in named if name not in known} == set()


def test_every_moment_that_can_be_measured_has_parameters_and_one_measure() -> None:
    for moment in MOMENTS.values():
        assert moment.group in GROUPS
        if moment.missing:
            assert moment.record is None
            assert moment.position is None
        else:
            assert (moment.record is None) != (moment.position is None), moment.name
            assert moment.parameters, moment.name


def test_no_moment_is_dated_after_2021() -> None:
    dated = [moment for moment in MOMENTS.values() if moment.month]
    assert len(dated) > 60
    assert [moment.name for moment in dated if Month(moment.month) > LAST] == []


def test_only_statistics_that_speak_of_no_month_of_ningde_have_no_date() -> None:
    """A moment dated too early would count as known what a run cannot know: what names a year ends in it or later."""
    undated = {moment.name for moment in MOMENTS.values() if not moment.month and not moment.missing}
    assert undated == {
        "building_best_months",
        "building_median_months",
        "firm_tail",
        "growth_shape",
        "size_variance_slope",
        "entry_share_productivity",
        "concentration_gap",
        "concentration_rise",
        "colocation",
        "multiplier_melt",
        "multiplier_roll",
        "multiplier_products",
        "local_multiplier",
        "learning_cell",
    }
    for name, moment in MOMENTS.items():
        for year in re.findall(r"20\d\d", f"{name} {moment.label}"):
            assert moment.month[:4] == year, name


def test_a_moment_waits_only_for_variables_that_are_not_recorded_yet_or_are() -> None:
    waiting = {name for moment in MOMENTS.values() for name in moment.needs}
    assert waiting == {"population", "revenue_total", "revenue_local"}
    for moment in MOMENTS.values():
        assert measurable(moment) == (not moment.missing and all(name in VARIABLES for name in moment.needs))


def test_groups_of_products() -> None:
    four = product_group(WORLD, "four")
    assert four.sum() == 15
    assert not (four & product_group(WORLD, "rest")).any()
    assert (product_group(WORLD, "industry") == (four | product_group(WORLD, "rest"))).all()
    with pytest.raises(KeyError):
        product_group(WORLD, "gold")
