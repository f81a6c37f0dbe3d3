"""Dated plants: what is known enters in its month, what is not known does not exist."""

from dataclasses import replace

import numpy as np
import pytest

from sim import data
from sim.mechanisms.demand import OPENING
from sim.mechanisms.events import DATED_PLANTS, Events, History, dated_plants, plants_of_leaders, share_done
from sim.mechanisms.prices import Prices
from sim.opening.position import leader_names, leader_rows
from sim.parameters import Month
from sim.state import Channel, Stage
from tests.runs import aged


@pytest.fixture
def plants(opening):
    """Dated plants by code, for a month of knowledge."""
    markets = tuple(row["market"].replace("vehicle", "vehicles") for row in leader_rows())

    def known(until, events=None):
        scenario = opening.scenario
        found = dated_plants(
            opening.world,
            leader_names(),
            markets,
            opening.technology,
            scenario[Prices],
            events or scenario[Events],
            Month(until),
        )
        rows = data.rows("history.csv")
        return {rows[plant.row]["code"]: plant for plant in found}

    return known


@pytest.mark.parametrize("until", ["2014-12", "2016-12", "2018-12", "2019-11", "2021-12"])
def test_only_announced_plants_and_only_known_stages(plants, until):
    rows = {row["code"]: row for row in data.rows("history.csv")}
    found = plants(until)
    for code, row in rows.items():
        known = row["kind"] == "leader" and Month(row["announced"]) <= Month(until)
        assert (code in found) == known, code
        if not known:
            continue
        for stage, month in (("work_start", found[code].work), ("production", found[code].production)):
            if not row[stage] or Month(row[stage]) > Month(until):
                assert month == -1, f"{code} {stage} is not known in {until}"
            else:
                assert month == max(Month(row[stage]) - OPENING, 0), f"{code} {stage}"


def test_more_knowledge_changes_no_plant_but_its_later_stages(plants):
    early, late = plants("2018-12"), plants("2021-12")
    assert set(early) < set(late)
    for code, plant in early.items():
        twin = late[code]
        for name in ("announced", "product", "park", "investment", "output", "land", "serviced"):
            assert getattr(plant, name) == getattr(twin, name), code
        assert plant.work in (twin.work, -1)
        assert plant.production in (twin.production, -1)


def test_a_physical_capacity_is_valued_and_has_its_own_capital_intensity(plants, opening):
    prices = opening.scenario[Prices]
    found = plants("2021-12")
    assert found["CATL_HUXI_24A"].output == pytest.approx(12 * prices.unit_value["power_cell"])
    assert found["SAIC_1"].output == pytest.approx(240 * prices.unit_value["vehicle"])
    assert found["QINGTUO_ROLL_1"].output == pytest.approx(3.0 * prices.unit_value["stainless_roll"])
    assert found["QINGTUO_NICKEL_1"].output == pytest.approx(1.18 * prices.unit_value["stainless_melt"])
    for plant in found.values():
        assert plant.output > 0
        assert plant.investment > 0
        assert plant.land > 0


def test_the_vehicle_base_brings_serviced_land_for_its_suppliers(plants, opening):
    events = opening.scenario[Events]
    base = plants("2018-12")["SAIC_1"]
    assert (base.land, base.serviced) == (events.vehicle_base_plant_land, events.vehicle_base_supplier_land)
    assert base.land + base.serviced == pytest.approx(6879.0)
    assert all(plant.serviced == 0 for code, plant in plants("2021-12").items() if code != "SAIC_1")


def test_a_plant_of_uncertain_size_is_scaled_as_a_whole_and_no_other(plants, opening):
    events = opening.scenario[Events]
    sizes = {**events.plant_size, "CATL_FAW": 0.75}
    usual, other = plants("2019-11"), plants("2019-11", events.model_copy(update={"plant_size": sizes}))
    for code, plant in usual.items():
        size = 0.75 if code == "CATL_FAW" else 1.0
        scaled = {name: size * getattr(plant, name) for name in ("investment", "output", "land")}
        assert other[code] == replace(plant, **scaled)


def run_history(model, months):
    """Months in which dated plants of the run were signed, began to build and produced, by row of the history."""
    for _ in range(months):
        model.step()
    projects = model.state.projects
    rows = np.flatnonzero(projects.event >= 0)
    return {int(projects.event[row]): (projects.signed[row], projects.built[row], projects.done[row]) for row in rows}


@pytest.fixture(scope="module")
def history_until_2021():
    import sim

    model = sim.NingdeModel(sim.load("baseline").replace({"run.known_until": "2021-12"}, name="known"), 6)
    return model, run_history(model, 97)


def test_dated_stages_happen_in_their_month(history_until_2021):
    model, found = history_until_2021
    part = next(each for each in model.month_list if isinstance(each, History))
    assert len(found) == len(part.plants) > 12
    for plant in part.plants:
        signed, built, done = found[plant.row]
        assert signed == plant.announced, plant.name
        if plant.work >= 0:
            assert built == max(plant.work, plant.announced + 2), plant.name  # signed, then land, then work
        if plant.production >= 0:
            assert done == plant.production, plant.name


def test_a_full_park_does_not_stop_history(history_until_2021):
    """Seed 6 fills a park before its dated plant comes."""
    model, _ = history_until_2021
    assert (model.state.parks.developed <= model.state.parks.planned + 1e-6).all()


def test_undated_stages_are_simulated(baseline):
    model = aged(51, 1, baseline.replace({"run.known_until": "2018-12"}, name="known"))
    found = run_history(model, 21)
    part = next(each for each in model.month_list if isinstance(each, History))
    free = [plant for plant in part.plants if plant.production < 0]
    assert free
    for plant in free:
        assert found[plant.row][2] != 0
    assert max(plant.announced for plant in part.plants) <= Month("2018-12") - OPENING


def test_work_done_before_the_opening_is_not_done_again(fresh):
    """A plant under way at the opening spends only what is left of its money."""
    model = fresh()
    spent = {}
    for _ in range(14):
        model.step()
    projects = model.state.projects
    for row in np.flatnonzero(projects.event >= 0):
        code = data.rows("history.csv")[projects.event[row]]["code"]
        spent[code] = projects.spent[row] / projects.investment[row]
        if projects.stage[row] == Stage.DONE:
            assert projects.invested[row] == pytest.approx(projects.investment[row])
    assert 0.0 < spent["QINGTUO_NICKEL_1"] < 0.6
    assert 0.0 < spent["QINGTUO_ROLL_1"] < 0.8


def test_a_dated_plant_brings_its_own_land(baseline):
    model = aged(Month("2018-04") - OPENING - 1, 1, baseline.replace({"run.known_until": "2018-12"}, name="known"))
    state = model.state
    park = state.world.parks.index("SANYU")
    before = state.parks.developed[park], state.parks.serviced[park]
    model.step()
    events = model.plan[Events]
    assert state.parks.developed[park] - before[0] >= events.vehicle_base_supplier_land - 1e-6
    first = events.vehicle_base_supplier_land - (state.parks.serviced[park] - before[1])
    assert 0.0 <= first < 500.0, "projects that waited in the park may take some in the same month"
    assert state.ledger.developed_by_event > 0


def test_what_a_row_does_not_tell_follows_the_intensities_of_its_product(plants, opening, monkeypatch):
    technology, cell = opening.technology, opening.world.product("B_CELL")
    part = plants("2021-12")["ATL_3A"]  # neither output nor capacity is told
    assert part.output == pytest.approx(part.investment / technology.capital[cell])
    real = data.rows
    blank = [row | {"land_mu": "", "investment_m": ""} for row in real("history.csv")]
    monkeypatch.setattr(data, "rows", lambda name: blank if name == "history.csv" else real(name))
    part = plants("2021-12")["CATL_HUXI_24A"]
    assert part.land == pytest.approx(part.output * technology.land[cell])
    assert part.investment == pytest.approx(part.output * technology.capital[cell])


@pytest.mark.parametrize(
    ("start", "production", "known", "share"),
    [
        ("2013-01", "2014-06", "2016-12", 12 / 17),
        ("2013-12", "2014-12", "2016-12", 1 / 12),
        ("2014-01", "2014-12", "2016-12", 0.0),
        ("2012-01", "2013-06", "2016-12", 0.99),
        ("2013-01", "2017-06", "2016-12", 0.0),
        ("", "2014-06", "2016-12", 0.0),
        ("2013-01", "", "2016-12", 0.0),
    ],
)
def test_share_of_the_work_done_before_the_opening(start, production, known, share):
    assert share_done(start, production, Month(known)) == pytest.approx(share)


def test_a_plant_enters_with_its_own_figures(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    part = next(each for each in model.month_list if isinstance(each, History))
    part.step(state, model.streams)
    first = [plant for plant in part.plants if plant.announced == 1]
    assert len(state.boards.own_projects) == len(first) >= 3
    for columns, plant in zip(state.boards.own_projects, first, strict=True):
        assert columns["capital_intensity"] == pytest.approx(plant.investment / plant.output)
        assert columns["county"] == state.world.park_county[plant.park]
        for name in ("product", "leader", "park", "investment", "land", "serviced", "done"):
            assert columns[name] == getattr(plant, name)


# --- ablation ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_without_history_no_dated_plant_comes_and_steel_is_missing_where_it_stood(usual, beside):
    blank, months = beside(without=(History,)), usual.state.month
    assert (usual.state.projects.event >= 0).sum() >= 4
    assert not (blank.state.projects.event >= 0).any()
    left, right = (model.recorder.arrays for model in (blank, usual))
    np.testing.assert_array_equal(left["output"][0], right["output"][0], err_msg="nobody produces at once")
    np.testing.assert_array_equal(left["world_volume"][:months], right["world_volume"][:months])
    county, melt = usual.world.county("FA"), usual.world.product("S_MELT")
    missing = right["output"][months - 1] - left["output"][months - 1]
    assert missing[county, melt] > 0.3 * right["output"][months - 1, county, melt]
    place, product = np.unravel_index(missing.argmax(), missing.shape)
    assert place == county, "no other place loses more"
    assert usual.world.products[product] in ("S_MELT", "S_ROLL")
    steel = usual.leader_names.index("QINGTUO")
    share = [model.state.leaders.share[steel] for model in (blank, usual)]
    assert share[0] < 0.7 * share[1], "a dated plant brings its customers"
    unlike = usual.state.boards.candidates, blank.state.boards.candidates
    np.testing.assert_array_equal(unlike[0].keep, unlike[1].keep, err_msg="others meet the same luck")
    leads = [model.recorder.arrays["entered"][:months, Stage.LEAD, Channel.LEADER].sum() for model in (blank, usual)]
    assert leads[0] < 0.5 * leads[1], "and the suppliers that follow it"
    free = {"promotion.plan_target": 0.0}  # without a plan that dated plants help to fulfil
    spread = [
        model.recorder.arrays["entered"][:months, Stage.LEAD, Channel.UNPLANNED]
        for model in (beside(free, without=(History,)), beside(free))
    ]
    np.testing.assert_array_equal(*spread, err_msg="unplanned leads do not look at plants")


def test_more_dated_plants_than_there_is_luck_for_are_refused(monkeypatch):
    plant = next(row for row in data.rows("history.csv") if row["kind"] == "leader")
    monkeypatch.setattr(data, "rows", lambda _: [plant] * DATED_PLANTS)
    assert len(plants_of_leaders()) == DATED_PLANTS
    monkeypatch.setattr(data, "rows", lambda _: [plant] * (DATED_PLANTS + 1))
    with pytest.raises(ValueError, match="raise DATED_PLANTS in sim"):
        plants_of_leaders()


def test_the_position_of_a_dated_plant_finds_its_name():
    """Other firms of the file do not count."""
    assert [row["code"] for row in plants_of_leaders()][:2] == ["QINGTUO_NICKEL_1", "QINGTUO_NICKEL_2"]
    assert {row["kind"] for row in plants_of_leaders()} == {"leader"}
