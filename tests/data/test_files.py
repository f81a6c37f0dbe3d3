"""The data files: every figure has a source, the tables fit each other, and nothing about Ningde is later than 2021."""

import csv
import json
import re
from itertools import combinations
from pathlib import Path

import pytest

from sim import data
from sim.inputoutput.tables import USES
from sim.mechanisms.labour import Labour
from sim.settings import InputOutput, Opening, Projects

CSV_FILES = [name for name in data.names() if name.endswith(".csv")]
WITH_SOURCES = [name for name in CSV_FILES if name != "national_2018.csv"]
COUNTIES = ("JC", "DQ", "FA", "FD", "XP", "GT", "PN", "SN", "ZN", "ZR")
PRODUCTS = [row["code"] for row in data.rows("products.csv")]


@pytest.mark.parametrize("name", WITH_SOURCES)
def test_every_row_has_a_source_and_a_grade(name: str) -> None:
    for number, row in enumerate(data.rows(name), start=2):
        assert row["source"].strip(), f"{name}:{number}"
        assert row["grade"] in data.GRADES, f"{name}:{number}"
        if row["grade"] == "assumed" and name not in ("coefficients.csv", "counties_2013.csv", "opening_output.csv"):
            assert row.get("assumed_fields") or re.search("assum|none at opening", row["source"]), f"{name}:{number}"


@pytest.mark.parametrize("name", CSV_FILES)
def test_no_stray_spaces_or_paths(name: str) -> None:
    for line in csv.reader(data.text(name).splitlines()):
        assert all(cell == cell.strip() for cell in line)
        assert not any(re.search(r"(^|[\s\"'(])(/work|/tmp|/home)/", cell) for cell in line)


def test_sources_are_described() -> None:
    described = Path(data.__file__).with_name("SOURCES.md").read_text(encoding="utf-8")
    assert [name for name in data.names() if f"`{name}`" not in described] == []


def test_nothing_about_ningde_is_later_than_2021() -> None:
    assert max(int(row["year"]) for row in data.rows("facts.csv")) == 2021
    for row in data.rows("history.csv"):
        assert all(row[stage] <= "2021-12" for stage in ("announced", "work_start", "production"))
    assert all(row["date"] <= "2021-12" for row in data.rows("policies.csv"))


def test_counties_and_products_stand_in_model_order() -> None:
    assert data.codes("regions.csv") == COUNTIES
    chains = [row["chain"] for row in data.rows("products.csv")]
    assert chains == ["BAT"] * 7 + ["NEV"] * 3 + ["SST"] * 3 + ["CU"] * 2 + [""] * 9
    assert PRODUCTS[15:] == ["MACH", "FOOD", "OTHM", "ENER", "AGRI", "CONS", "TRAN", "BUSS", "CSRV"]
    assert [row["official"] for row in data.rows("regions.csv")] == ["JC", "JC", *COUNTIES[2:]]
    assert [row["kind"] for row in data.rows("products.csv")] == ["agent"] * 18 + ["block"] * 6


def test_names_are_plain_pinyin() -> None:
    assert all(re.fullmatch("[A-Z][a-z]+", row["name"]) for row in data.rows("regions.csv"))


def test_censuses_add_up_to_the_published_city() -> None:
    published = {row["year"]: float(row["value"]) for row in data.rows("facts.csv") if _is_city_census(row)}
    for year in ("2010", "2020"):
        total = sum(int(row[f"population_{year}"] or 0) for row in data.rows("regions.csv"))
        assert total == published[year]


def _is_city_census(row: dict[str, str]) -> bool:
    return row["place"] == "Ningde" and row["variable"] == "population_census"


def test_county_facts_agree_with_the_regions() -> None:
    regions = {row["name"]: row for row in data.rows("regions.csv")}
    for row in data.rows("facts.csv"):
        if row["scope"] == "county" and row["variable"] == "population_census":
            assert regions[row["place"]][f"population_{row['year']}"] == row["value"]


def test_every_pair_of_counties_has_minutes_once() -> None:
    pairs = [frozenset((row["from"], row["to"])) for row in data.rows("minutes.csv")]
    expected = {frozenset(pair) for pair in combinations(COUNTIES, 2)} | {frozenset((code,)) for code in COUNTIES}
    assert len(pairs) == len(expected) == len(set(pairs))
    assert set(pairs) == expected
    assert all(float(row["minutes"]) > 0 for row in data.rows("minutes.csv"))


def test_dongqiao_is_as_far_as_jiaocheng() -> None:
    minutes = {(row["from"], row["to"]): row["minutes"] for row in data.rows("minutes.csv")}
    assert all(minutes["JC", code] == minutes["DQ", code] for code in COUNTIES[2:])


def test_parks_add_up_to_the_land_of_fuan() -> None:
    """Fu'an: 100,000 mu planned and 22,000 developed in all (assumptions of the model description)."""
    parks = data.rows("parks.csv")
    planned = {code: sum(float(p["planned_mu"]) for p in parks if p["county"] == code) for code in COUNTIES}
    developed = {code: sum(float(p["developed_mu"]) for p in parks if p["county"] == code) for code in COUNTIES}
    assert planned["FA"] == 100_000
    assert developed["FA"] == 22_000
    assert all(0 <= float(park["developed_mu"]) <= float(park["planned_mu"]) for park in parks)
    assert {park["county"] for park in parks} == set(COUNTIES)


def test_sectors_and_products_fit_each_other() -> None:
    sectors, products = data.rows("sectors.csv"), set(PRODUCTS)
    heading = data.text("national_2018.csv").splitlines()[0].split(",")
    assert [row["code"] for row in sectors] == heading[3:39]
    children = [child for row in sectors for child in row["children"].split(";") if child]
    assert sorted(children) == sorted(InputOutput().split)
    assert set(children) == {row["code"] for row in data.rows("products.csv") if row["chain"]}
    assert {row["product"] for row in sectors if row["product"]} | set(children) == products
    for row in sectors:
        weight = sum(InputOutput().split[child] for child in row["children"].split(";") if child)
        assert (weight == pytest.approx(1.0)) == (row["product"] == ""), row["code"]


def test_products_name_parameters_that_exist() -> None:
    known = {"io": InputOutput, "labour": Labour, "projects": Projects}
    for row in data.rows("products.csv"):
        for column, value in row.items():
            if column.endswith("_parameter") and value:
                table, name = value.split(".")
                if table in known:
                    assert name in known[table].model_fields, f"{row['code']}: {value}"
        assert bool(row["va_parameter"]) == bool(row["chain"])


def test_bills_of_materials_leave_value_added() -> None:
    io = InputOutput()
    for row in data.rows("products.csv"):
        bill = [value for key, value in io.bom.items() if key.startswith(f"{row['code']}.")]
        if row["va_parameter"]:
            share = getattr(io, row["va_parameter"].removeprefix("io."))
            assert sum(bill) + share == pytest.approx(1.0), row["code"]
        else:
            assert bill == []


def test_location_weights_cover_industry() -> None:
    assert data.codes("location_weights.csv", "product") == tuple(PRODUCTS[:19])
    for row in data.rows("location_weights.csv"):
        assert all(0 <= int(row[county]) <= 5 for county in COUNTIES)


def test_zoning_and_pairs() -> None:
    zoning = {row["county"]: row for row in data.rows("zoning.csv")}
    assert tuple(zoning) == COUNTIES
    assert {zoning[county][chain] for county in COUNTIES for chain in ("BAT", "NEV", "SST", "CU")} == {"0", "0.5", "1"}
    groups = {row["code"]: row["group"] for row in data.rows("regions.csv")}
    for row in data.rows("pairs.csv"):
        assert groups[row["coast"]] != "mountain"
        assert groups[row["mountain"]] == "mountain"


def test_history_is_complete_and_in_order() -> None:
    parks, leaders = data.codes("parks.csv"), data.codes("leaders.csv")
    history = data.rows("history.csv")
    assert len({row["code"] for row in history}) == len(history)
    for row in history:
        assert row["kind"] in ("leader", "named")
        assert row["product"] in PRODUCTS
        assert row["park"] in ("", *parks)
        assert set(filter(None, row["assumed_fields"].split(";"))) <= set(row)
        stages = [row[stage] for stage in ("announced", "work_start", "production") if row[stage]]
        assert stages == sorted(stages)
        assert all(re.fullmatch(r"20[0-2]\d-(0[1-9]|1[0-2])", stage) for stage in stages)
        assert row["capacity_unit"] in ("", "GWh", "Mt", "thousand vehicles")
        assert bool(row["capacity"]) == bool(row["capacity_unit"])
        if row["kind"] == "leader":
            assert row["leader"] in leaders
            assert row["announced"]
            assert row["park"]
            assert float(row["investment_m"]) > 0
            assert float(row["land_mu"]) > 0


def test_anchors_of_the_history() -> None:
    history = {row["code"]: row for row in data.rows("history.csv")}
    base = history["SAIC_1"]
    assert float(base["land_mu"]) + float(base["services_land_mu"]) == 6879
    assert (base["work_start"], base["production"]) == ("2018-04", "2019-09")
    assert (history["SECOPPER_1"]["work_start"], history["SECOPPER_1"]["production"]) == ("2017-03", "2018-08")
    assert float(history["SECOPPER_1"]["capacity"]) == 0.4
    assert (history["ATL_3A"]["work_start"], history["ATL_3A"]["production"]) == ("2016-05", "2017-03")


def test_leaders_and_their_opening_plants() -> None:
    history, parks = data.codes("history.csv"), data.codes("parks.csv")
    leaders = {row["code"]: row for row in data.rows("leaders.csv")}
    for row in leaders.values():
        assert row["enters"] in ("opening", *history)
        assert set(row["sites"].split(";")) <= set(parks)
        assert set(row["products"].split(";")) <= set(PRODUCTS)
    plants = data.rows("opening_plants.csv")
    assert {plant["leader"] for plant in plants} == {
        code for code, row in leaders.items() if row["enters"] == "opening"
    }
    opening = Opening()
    cells = [
        getattr(opening, p["share_parameter"].removeprefix("opening.")) for p in plants if p["product"] == "B_CELL"
    ]
    assert sum(cells) == pytest.approx(1.0)


def test_world_series_are_complete() -> None:
    names = {row["series"] for row in data.rows("world.csv")}
    assert len(names) == 15
    for name in names:
        years = [int(row["year"]) for row in data.rows("world.csv") if row["series"] == name]
        assert years == list(range(2013, 2022)), name
    for row in data.rows("world.csv"):
        assert float(row["low"]) <= float(row["value"]) <= float(row["high"]), row


def test_targets_lie_in_their_bands() -> None:
    for row in data.rows("targets.csv"):
        assert float(row["low"]) <= float(row["value"]) <= float(row["high"]), row["name"]


def test_the_carried_national_table_has_the_published_totals() -> None:
    rows = data.rows("national_2018.csv")
    output = next(row for row in rows if row["block"] == "output")
    assert float(output["total"]) == pytest.approx(249.5498e8, rel=1e-6)  # trillion yuan in 10,000 yuan
    earned = sum(float(row["total"]) for row in rows if row["block"] == "value_added")
    assert earned == pytest.approx(92.2057e8, rel=1e-6)
    exports = sum(float(row["exports"]) for row in rows if row["block"] in ("domestic", "import"))
    assert exports == pytest.approx(17.5694e8, rel=1e-5)
    assert len(USES) == 4


def test_outlines_match_the_regions() -> None:
    outlines = json.loads(data.text("outlines.geojson"))["features"]
    codes = {feature["properties"]["adcode"] for feature in outlines}
    assert codes == {row["admin_code"] for row in data.rows("regions.csv") if row["admin_code"]}


# --- readers ----------------------------------------------------------------------------------------------------------


def test_an_unknown_file_is_refused_with_those_there_are() -> None:
    with pytest.raises(FileNotFoundError, match=r"no data file 'region.csv'; there are .*regions.csv"):
        data.rows("region.csv")


def test_a_torn_row_is_refused_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "text", lambda _: "a,b\n1,2\n3\n")
    with pytest.raises(ValueError, match=r"torn.csv:3: 1 cells, the heading has 2"):
        data.rows("torn.csv")


def test_rows_are_fresh_copies() -> None:
    data.rows("pairs.csv")[0]["coast"] = "changed"
    assert data.rows("pairs.csv")[0]["coast"] == "DQ"


def test_the_digest_covers_every_file(monkeypatch: pytest.MonkeyPatch) -> None:
    before = data.digest()
    data.digest.cache_clear()
    assert data.digest() == before
    monkeypatch.setattr(data, "names", lambda: CSV_FILES[1:])
    data.digest.cache_clear()
    assert data.digest() != before
    data.digest.cache_clear()
