"""Each declaration says the date of the newest fact behind it, and its text does not contradict that."""

import re
from pathlib import Path
from typing import Any

import pytest

from sim.model import GROUPS
from sim.parameters import Month, Row, describe, last_month
from sim.parameters.declarations import Number

ROWS = {f"{row.table}.{row.name}": row for group in GROUPS for row in describe(group)}

HOUSE = Month("2019-11")
"""No default is moved to meet a fact dated after this month."""

NO_EVIDENCE = {
    "run.world": "2021 is where the data end: the sentence explains the choice",
    "land.mu_per_GWh": "2070 is an area in mu",
}
"""Years in a source that date nothing, with the reason."""

CALIBRATION = Path(__file__).parents[2] / "docs" / "calibration.md"


def years(text: str) -> list[int]:
    """Years that a text names outside addresses; digits beside a comma, point or slash belong to another number."""
    words = re.sub(r"https?://\S+|\S+\.(?:com|org|cn|html?)\S*", " ", text)
    return [int(found) for found in re.findall(r"(?<![\d.,/])((?:1[89]|20)\d\d)(?![\d/]|[.,]\d)", words)]


def dated(row: Row) -> int:
    """Newest year among the dates of a declaration, 0 for none."""
    return max((last_month(date).year for date in (row.newest_fact, row.published) if date), default=0)


def number(**dates: str) -> Number:
    about: dict[str, Any] = {"unit": "share", "grade": "assumed", "source": "assumption"}
    return Number(default=1.0, **about, **dates)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if years(row.source)])
def test_no_source_names_a_year_later_than_the_dates_beside_it(name: str) -> None:
    row = ROWS[name]
    if name in NO_EVIDENCE:
        assert max(years(row.source)) > dated(row), f"{name} needs no excuse"
    else:
        assert max(years(row.source)) <= dated(row), f"{name}: {row.source}"


def test_the_years_of_sources_are_found() -> None:
    assert years("plan of 2019; Xinhua, 4 Jan 2020, http://a.cn/2031/x; 2,030 mu, 20.25, 2316/2045, 2024/3") == [
        2019,
        2020,
    ]
    assert sum(bool(years(row.source)) for row in ROWS.values()) > 100


def test_a_plan_of_a_plant_or_an_article_named_without_a_year_is_dated_too() -> None:
    """Cheliwan was announced in February 2020, the first Fuding plant in December 2020, the article printed in 2019."""
    for name, row in ROWS.items():
        for word, month in (("Cheliwan", "2020-02"), ("Fuding phase", "2020-12"), ("the article", "2019-11")):
            if word in row.source:
                assert row.newest_fact, name
                assert last_month(row.newest_fact) >= Month(month), name


def test_no_fact_is_later_than_2021_and_none_is_printed_long_before_it() -> None:
    for name, row in ROWS.items():
        if row.newest_fact:
            assert last_month(row.newest_fact) <= Month("2021-12"), name
        if row.newest_fact and row.published:
            assert last_month(row.newest_fact) <= last_month(row.published), name


def moved() -> dict[str, str]:
    """Defaults that docs/calibration.md says were moved, with the fact that each meets."""
    text = CALIBRATION.read_text(encoding="utf-8").split("## ")[0]
    return dict(re.findall(r"^\| `(\w+\.\w+)` \| \S+ \| \S+ \| ([^|]*) \|", text, flags=re.MULTILINE))


def test_no_default_was_moved_to_meet_a_fact_after_november_2019() -> None:
    found = moved()
    assert len(found) >= 12
    for name, fact in found.items():
        date = ROWS[name].newest_fact
        assert bool(date) == (fact != "none in Ningde"), name
        assert not date or last_month(date) <= HOUSE, f"{name} was moved to meet a fact of {date}"


def test_every_default_said_to_be_fitted_has_a_fact() -> None:
    fitted = [row for row in ROWS.values() if "fitted" in row.source]
    assert len(fitted) >= 6
    assert all(row.newest_fact for row in fitted)


def test_figures_of_the_coefficients_carry_their_dates() -> None:
    assert ROWS["io.split.C_CATH"].published == "2019-01"
    assert ROWS["prices.unit_value.power_cell"].newest_fact == "2020-02"


def test_a_year_is_its_december() -> None:
    assert (last_month("2019"), last_month("2019-03")) == (Month("2019-12"), Month("2019-03"))


@pytest.mark.parametrize("date", ["2019-13", "19", "2019-1", "Dec 2019", "2019-12-26"])
def test_a_date_that_is_no_year_and_no_month_is_refused(date: str) -> None:
    with pytest.raises(ValueError, match="is not a month"):
        number(newest_fact=date)
    with pytest.raises(ValueError, match="is not a month"):
        number(published=date)


def test_a_fact_after_2021_is_refused_but_not_a_later_print() -> None:
    assert number(newest_fact="2021", published="2022-02").published == "2022-02"
    with pytest.raises(ValueError, match="facts of Ningde end in 2021-12, but 2022-01 is later"):
        number(newest_fact="2022-01")
