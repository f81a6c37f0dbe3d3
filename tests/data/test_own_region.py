"""A folder of data files of another prefecture: what is wrong with it is told with file and line."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from sim import data
from sim.data import own_region
from sim.data.own_region_checks import MOST_PLANTS, faults
from sim.mechanisms.events import DATED_PLANTS

SHILI = Path(__file__).parents[2] / "examples" / "shili"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the example, to be spoilt."""
    return copytree(SHILI, tmp_path / "shili")


def change(file: Path, edit: Callable[[list[list[str]]], object]) -> None:
    """Edit the cells of a file; the first line is the heading."""
    with file.open(encoding="utf-8", newline="") as text:
        lines = list(csv.reader(text))
    edit(lines)
    with file.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text, lineterminator="\n").writerows(lines)


def put(line: int, column: str, cell: str) -> Callable[[list[list[str]]], object]:
    """An edit: a cell of a line of the file."""
    return lambda lines: lines[line - 1].__setitem__(lines[0].index(column), cell)


def test_the_example_has_no_fault() -> None:
    assert faults(SHILI) == []


def test_the_shipped_files_pass_the_checks_of_a_folder_of_the_user(tmp_path: Path) -> None:
    for name in data.names():
        (tmp_path / name).write_text(data.text(name), encoding="utf-8")
    assert faults(tmp_path) == []


CELLS = [
    ("regions.csv", 2, "code", "ha", "'ha' is no code"),
    ("regions.csv", 3, "name", "Harbour", "'Harbour' is taken"),
    ("regions.csv", 3, "name", "Shili", "'Shili' is taken"),
    ("regions.csv", 2, "group", "cost", "unknown 'cost'; do you mean coast?"),
    ("regions.csv", 2, "official", "XX", "unknown 'XX'; known are HA, PL, HI, RI"),
    ("regions.csv", 2, "population_2010", "", "population_2010 and population_2020, or population_2013, are needed"),
    ("regions.csv", 2, "official", "PL", "a zone inside a county needs population_2013, and gdp_share_2013"),
    ("regions.csv", 2, "rural_share", "35", "35 is outside 0 to 1"),
    ("regions.csv", 2, "lat", "north", "'north' is no number"),
    ("parks.csv", 2, "developed_mu", "99999", "QUAY: more is developed than planned"),
    ("parks.csv", 2, "port", "yes", "unknown 'yes'; known are 0, 1"),
    ("parks.csv", 3, "code", "QUAY", "QUAY stands there twice"),
    ("minutes.csv", 6, "minutes", "0", "0 is outside"),
    ("minutes.csv", 6, "to", "HA", "the way between HA and HA stands there twice"),
    ("pairs.csv", 2, "mountain", "PL", "PL is no mountain county"),
    ("zoning.csv", 2, "BAT", "2", "2 is outside 0 to 1"),
    ("leaders.csv", 3, "market", "cells", "unknown 'cells'; known are power_cell, consumer_cell, vehicle"),
    ("leaders.csv", 3, "enters", "STEEL_ROLL_2", "STEEL_ROLL_2 in history.csv is no plant of CELLS"),
    ("leaders.csv", 3, "enters", "opening", "CELLS enters at the opening but has no row in opening_plants.csv"),
    ("leaders.csv", 2, "shipments_series", "leader_shipments_power", "only a leader of power cells"),
    ("opening_plants.csv", 2, "product", "V_OEM", "V_OEM is no product of STEEL"),
    ("opening_plants.csv", 2, "share_parameter", "", "a number is missing"),
    ("history.csv", 3, "announced", "2016", "'2016' is no month such as 2019-11"),
    ("history.csv", 3, "newest_fact", "", "a plant of a lead firm needs it"),
    ("history.csv", 3, "leader", "NOBODY", "unknown 'NOBODY'"),
    ("history.csv", 3, "grade", "sure", "unknown 'sure'"),
    ("history.csv", 3, "source", "", "a figure without a source says assumption"),
    ("parameters.csv", 2, "value", "999", "value lies outside low to high"),
    ("parameters.csv", 2, "name", "gdp", "'gdp' is no dotted name of a parameter"),
    ("prefecture.csv", 5, "high", "", "low and high are needed"),
]


@pytest.mark.parametrize(("file", "line", "column", "cell", "told"), CELLS)
def test_a_wrong_cell_is_told_with_file_and_line(
    file: str, line: int, column: str, cell: str, told: str, folder: Path
) -> None:
    change(folder / file, put(line, column, cell))
    found = [fault for fault in faults(folder) if fault.startswith(f"{folder / file}:{line}: ") and told in fault]
    assert found, faults(folder)


@pytest.mark.parametrize("name", own_region.NEEDED)
def test_a_prefecture_needs_its_files(name: str, folder: Path) -> None:
    (folder / name).unlink()
    assert faults(folder)[0].startswith(f"{folder / name}: the file is missing")


@pytest.mark.parametrize("name", ["parameters.csv", "observations.csv"])
def test_other_files_about_a_prefecture_may_be_missing(name: str, folder: Path) -> None:
    (folder / name).unlink()
    assert faults(folder) == []


def test_a_misspelt_file_is_told(folder: Path) -> None:
    (folder / "leader.csv").write_text("code\n", encoding="utf-8")
    assert faults(folder) == [f"{folder / 'leader.csv'}: no data file has this name; do you mean leaders.csv?"]


def test_missing_and_unknown_columns_are_told(folder: Path) -> None:
    change(folder / "parks.csv", lambda lines: lines[0].__setitem__(3, "planned"))
    assert [fault.removeprefix(f"{folder / 'parks.csv'}:1: ") for fault in faults(folder)] == [
        "the column 'planned_mu' is missing",
        "column: unknown 'planned'; do you mean planned_mu?",
    ]


def test_a_county_without_its_column_of_weights_is_told(folder: Path) -> None:
    change(folder / "location_weights.csv", lambda lines: lines[0].__setitem__(4, "ZZ"))
    found = "\n".join(faults(folder))
    assert "unknown 'ZZ'" in found
    assert "the column of the county 'RI' is missing" in found


def test_a_missing_way_is_told(folder: Path) -> None:
    change(folder / "minutes.csv", lambda lines: lines.pop())
    assert faults(folder) == [f"{folder / 'minutes.csv'}: no row between HI and RI"]


def test_each_group_needs_a_county(folder: Path) -> None:
    change(folder / "regions.csv", put(2, "group", "coast"))
    assert (
        f"{folder / 'regions.csv'}: no county of the group 'core'; each of core, coast, mountain needs one"
        in faults(folder)
    )


def test_a_broken_table_is_told(folder: Path) -> None:
    change(folder / "pairs.csv", lambda lines: lines[1].append("x"))
    (folder / "zoning.csv").write_bytes("county,Größe\n".encode("latin-1"))
    told = faults(folder)
    assert any(f"{folder / 'pairs.csv'}:2: 5 cells, the heading has 4" in fault for fault in told)
    assert any("it is not UTF-8 text" in fault for fault in told)


def test_no_folder_is_told(tmp_path: Path) -> None:
    assert "there is no such folder" in faults(tmp_path / "nowhere")[0]


def test_there_is_luck_for_as_many_plants_as_a_folder_may_name(folder: Path) -> None:
    assert MOST_PLANTS == DATED_PLANTS
    change(folder / "history.csv", lambda lines: lines.extend([f"P_{n}", *lines[1][1:]] for n in range(MOST_PLANTS)))
    assert f"{folder / 'history.csv'}: 36 plants of lead firms; a run has luck for 33" in faults(folder)


# --- whose file is read -----------------------------------------------------------------------------------------------


def content(name: str) -> str | None:
    """A data file under the example, None where the shipped one counts."""
    found = own_region.content(SHILI, Path(data.__file__).parent, name)
    return None if found is None else found.decode("utf-8")


def test_files_about_a_prefecture_are_the_users_or_empty_never_ours() -> None:
    for name in data.names():
        found = content(name)
        if (SHILI / name).exists():
            assert found == (SHILI / name).read_text(encoding="utf-8")
        elif name == own_region.OUTLINES:
            assert found == own_region.NO_OUTLINES
        elif name not in own_region.OURS:
            assert found == data.text(name).splitlines()[0] + "\n"
    ours = {name.removesuffix(".csv") for name in data.names() if content(name) is None}
    assert ours == {"coefficients", "national_2018", "national_products_2018", "products", "sectors", "world"}


def test_other_files_cannot_be_chosen_once_files_were_read() -> None:
    data.rows("regions.csv")
    with pytest.raises(own_region.DataFolderError, match="other data files were read before"):
        own_region.choose(SHILI)
    assert own_region.folder() is None
