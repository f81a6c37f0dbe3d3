"""The comparison on the terminal and as CSV: its numbers, in 100 columns, and what is not told from none."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from sim.experiment.comparison import Comparison
from sim.report import comparison as report
from sim.report.ensemble_values import MEASURES, by_area
from sim.report.questions import Answer, to_csv
from tests.report.fake_ensemble import ensemble


@pytest.fixture(scope="module")
def found() -> Comparison:
    return Comparison(
        ensemble({"baseline": {}, "more": {"output": 1.2, "jobs": 0.9, "headline": 1.5, "public_debt_city_level": 1.3}})
    )


@pytest.fixture(scope="module")
def text(found: Comparison) -> str:
    out = io.StringIO()
    report.print_comparison(found, file=out)
    return out.getvalue()


def test_the_table_has_the_differences_in_the_units_of_readers(found: Comparison) -> None:
    table = report.comparison_table(found, 2015).set_index(["variable", "region"])
    for name, region in (("output", "city"), ("jobs", "mountain"), ("income", "Fuding")):
        chosen = {"product": "all"} if name in ("output", "jobs") else {}
        cell = found.difference(name, region=region, year=2015, **chosen)
        for key in ("base", "mean", "low", "high"):
            assert table.loc[(name, region), key] == pytest.approx(float(cell[key]) * MEASURES[name].factor)
    assert set(table.index.get_level_values("variable")) == set(MEASURES)
    assert table.loc[("output", "city"), "mean"] == pytest.approx(0.2 * table.loc[("output", "city"), "base"])


def test_counties_add_up_to_the_city_but_for_the_debt_of_the_city_level(found: Comparison) -> None:
    table = report.comparison_table(found).set_index(["variable", "region"])["base"]
    level = float(found.values("baseline", "public_debt_city_level").mean("seed")[-1]) / 1e3
    assert level > 0
    for name in MEASURES:
        counties = [region for region in report.regions() if region[0].isupper()]
        assert len(counties) == 10
        own = level if name == "public_debt" else 0.0
        assert sum(table[name, county] for county in counties) == pytest.approx(table[name, "city"] - own)


def test_the_debt_of_the_city_is_that_of_the_figures(found: Comparison) -> None:
    table = report.comparison_table(found).set_index(["scenario", "variable", "region"])
    shown = by_area(found.runs, "more", "public_debt").isel(year=-1).mean("seed")
    for region in ("city", "core", "coast", "mountain"):
        cell = table.loc["more", "public_debt", region]
        assert cell["base"] + cell["mean"] == pytest.approx(float(shown.sel(area=region)))


def test_the_csv_reads_back(found: Comparison) -> None:
    table = report.comparison_table(found)
    again = pd.read_csv(io.StringIO(to_csv(Answer("", table))))
    pd.testing.assert_frame_equal(again, table, check_dtype=False, rtol=1e-9)


def test_it_fits_100_columns_and_cuts_nothing(text: str) -> None:
    assert max(len(line.rstrip()) for line in text.splitlines()) <= report.WIDTH
    assert "…" not in text


def test_a_dot_marks_what_is_not_told_from_none(text: str) -> None:
    rows = {line.split()[0]: line.strip() for line in text.splitlines() if " ± " in line}
    assert not rows["Ningde"].split(" ± ")[1].split()[0].endswith(report.NOT_TOLD)  # output rises
    assert not rows["Ningde"].endswith(report.NOT_TOLD)  # and so does the debt of the city level
    assert rows["mountain"].endswith("0.00 ± 0.00.")  # that of counties is the same in every pair


@pytest.mark.parametrize(("value", "digits", "written"), [(0.04, 1, "0.0"), (-0.04, 1, "0.0"), (1234.5, 0, "+1,234")])
def test_a_zero_has_no_sign(value: float, digits: int, written: str) -> None:
    assert report.signed(value, digits) == written


def test_a_cost_without_bounds_is_not_given_as_a_number(text: str) -> None:
    assert report.per_yuan(1.2, float("-inf"), float("inf")) == "no bounded cost"
    assert report.per_yuan(1.2, 0.5, 2.0) == "1.20 (0.50 to 2.00)"
    assert "no bounded cost a" in " ".join(text.split())  # value added is the same in every pair
