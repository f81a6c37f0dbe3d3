"""What the data files tell of the counties at the opening: numbers or parameters, zones, sites of lead firms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim import data
from sim.opening import counties
from sim.opening.national import OpeningError
from sim.settings import Opening
from sim.world import load_world

WORLD, OPENING = load_world(), Opening()
Give = Callable[[str, dict[int, str]], None]


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Give:
    """Cells of a column of regions.csv by region; the others are as shipped."""
    rows = [dict(row) for row in data.rows("regions.csv")]
    shipped = data.rows

    def put(column: str, cells: dict[int, str]) -> None:
        for at, cell in cells.items():
            rows[at][column] = cell
        monkeypatch.setattr(data, "rows", lambda name: rows if name == "regions.csv" else shipped(name))

    return put


def shares() -> np.ndarray:
    return counties.county_gdp_shares(OPENING, counties.county_population(OPENING))


def test_a_number_stands_for_itself_and_a_name_for_the_parameter(give: Give) -> None:
    coast, zone = WORLD.county("XP"), WORLD.county("DQ")
    give("gdp_share_2013", {coast: "0.11"})
    found = shares()
    assert found[coast] == 0.11
    assert found[WORLD.county("FD")] == OPENING.fuding_gdp_share
    assert found[zone] == pytest.approx(OPENING.dongqiao_share * (found[zone] + found[WORLD.county("JC")]))
    assert found.sum() == pytest.approx(1.0)


def test_the_residents_of_a_zone_are_taken_out_of_its_county(give: Give) -> None:
    before, zone, core = counties.county_population(OPENING), WORLD.county("DQ"), WORLD.county("JC")
    give("population_2013", {zone: "80000"})
    after = counties.county_population(OPENING)
    assert after[zone] == 80_000
    assert after.sum() == pytest.approx(before.sum())
    assert before[core] - after[core] == pytest.approx(80_000 - OPENING.dongqiao_population)


def test_a_prefecture_without_zones_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert counties.zones() == (WORLD.county("DQ"),)
    monkeypatch.setattr(counties, "load_world", lambda: type("W", (), {"official": np.arange(4)}))
    assert counties.zones() == ()


def test_all_shares_may_be_known_if_they_make_a_whole(give: Give) -> None:
    known = {at: "0.1" for at in range(10) if at != WORLD.county("DQ")}
    give("gdp_share_2013", known)
    with pytest.raises(OpeningError, match="has to be 1, for there is no other county"):
        shares()
    give("gdp_share_2013", {0: "0.2"})
    assert shares().sum() == pytest.approx(1.0)
    assert shares()[0] == pytest.approx(0.2 * (1.0 - OPENING.dongqiao_share))


def test_known_shares_leave_something_to_the_others(give: Give) -> None:
    give("gdp_share_2013", {4: "0.8"})
    with pytest.raises(OpeningError, match=r"shares of 1[.]0615 are known, which leaves nothing"):
        shares()


@pytest.mark.parametrize("cell", ["opening.nobody", "io.va_cell", "much"])
def test_a_cell_that_is_neither_is_told_with_file_and_line(cell: str, give: Give) -> None:
    give("per_head_2013", {2: cell})
    with pytest.raises(
        OpeningError, match=f"^regions.csv:4: per_head_2013: '{cell}' is neither a number nor a parameter"
    ):
        shares()


def test_plants_decide_where_a_product_is_made_only_if_they_make_all_of_it() -> None:
    found = counties.sites_of_leaders(OPENING)
    assert list(found) == [WORLD.product("B_CELL")]
    cells = found[WORLD.product("B_CELL")]
    assert cells[WORLD.county("DQ")] == OPENING.share_catl_dongqiao + OPENING.share_atl_dongqiao
    assert cells.sum() == pytest.approx(1.0)
    some = Opening.model_construct(**(dict(OPENING) | {"share_atl_jiaocheng": 0.3}))
    assert counties.sites_of_leaders(some) == {}
