"""The shipped figures: all of them, as their sources give them, dated by rule, nothing later than 2021."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim import data
from sim.experiment.announcements import known_announcements, read_announcements
from sim.experiment.observables import OBSERVABLES, regions
from sim.experiment.observations import Observation, read_observations
from sim.experiment.periods import Period
from sim.parameters import Month
from tests.experiment.same_figures import SAME

FOUND = read_observations()
RAW = data.rows("observations.csv")
PAGE = Path(__file__).parents[2].joinpath("docs", "observations.md").read_text(encoding="utf-8")


def one(variable: str, period: str, region: str = "Ningde") -> Observation:
    (row,) = [row for row in FOUND if row.subject == (variable, region, Period.read(period))]
    return row


def test_every_row_is_read_and_nothing_is_about_a_time_after_2021() -> None:
    assert len(FOUND) == len(RAW) > 150
    assert max(row.period.last for row in FOUND) == Month("2021-12")
    assert max(row.published for row in FOUND) <= Month("2022-12"), "published later, about years up to 2021"


def unused() -> Iterator[dict[str, str]]:
    """Rows of facts.csv without an observation of their figure."""
    for fact in data.rows("facts.csv"):
        if not any(
            (row["value"], row["source"], row["period"][:4]) == (fact["value"], fact["source"], fact["year"])
            for row in RAW
        ):
            yield fact


def test_every_fact_is_an_observation_or_left_out_for_a_reason() -> None:
    left_out = PAGE[PAGE.index("## What is left out") : PAGE.index("## Your own figures")]
    named = set(re.findall(r"`([A-Za-z_0-9]+)`", left_out))
    without = {fact["variable"] for fact in unused()}
    assert without - named == set()
    used = {fact["variable"] for fact in data.rows("facts.csv")} - without
    assert named & used == set(), "left out by the page, but there"


@pytest.mark.parametrize(
    ("variable", "period", "region", "value"),
    [
        ("gdp_nominal", "2019", "Ningde", 2451.70 / 10),  # 100M yuan are a tenth of a bn
        ("gdp_nominal", "2020", "Fuding", 418.7 / 10),
        ("gdp_growth", "2021", "Ningde", 0.133),
        ("value_added_growth.FOUR", "2019-01/2019-11", "Ningde", 0.398),
        ("pull.FOUR", "2019-01/2019-11", "Ningde", 19.2),
        ("contribution.FOUR", "2019-01/2019-11", "Ningde", 1.304),
        ("share_constant.FOUR", "2018-01/2018-11", "Ningde", 0.482),
        ("share.FOUR", "2021", "Ningde", 0.783),
        ("output_nominal.BAT", "2017", "Ningde", 35.837),
        ("value_added_nominal.BAT", "2017", "Ningde", 15.159),
        ("output_nominal.SST", "2021", "Fuan", 155.0),
        ("electricity", "2019-01/2019-11", "Ningde", 125.08 * 1e8 * 1e-9),  # 100M kWh to TWh
        ("population", "2020-11", "Ningde", 3_146_789.0),
        ("population", "2010-11", "Zhouning", 112_701.0),
        ("revenue_total", "2019", "Xiapu", 1.277),
        ("projects_introduced.BAT", "2019-11", "Ningde", 38.0),
        ("signed_investment.FOUR", "2021-01/2021-06", "Ningde", 30.697),
        ("signed_projects.INDUSTRY", "2018", "Ningde", 230.0),
        ("vehicle_suppliers", "2020-07", "Ningde", 31.0),
        ("vehicles", "2021", "Ningde", 226_000.0),
    ],
)  # fmt: skip
def test_a_figure_is_what_its_source_says(variable: str, period: str, region: str, value: float) -> None:
    assert one(variable, period, region).value == pytest.approx(value)


def test_counties_of_a_census_add_up_to_the_city() -> None:
    for census in ("2010-11", "2020-11"):
        parts = [one("population", census, name).value for name in regions() if name not in ("Ningde", "Dongqiao")]
        assert sum(parts) == one("population", census).value


@pytest.mark.parametrize("moment", SAME)
def test_a_target_and_its_observation_agree(moment: str) -> None:
    variable, region, period, units = SAME[moment]
    rows = [row for row in FOUND if row.subject == (variable, region, Period.read(period))]
    targets = [row for row in data.rows("targets.csv") if row["name"] == moment]
    for row, target in [(row, target) for row in rows for target in targets]:
        assert row.value == pytest.approx(float(target["value"]) * units, rel=2e-3)
        low, high = float(target["low"]) * units, float(target["high"]) * units
        width = max(high - low, row.high - row.low)
        assert row.low == pytest.approx(low, abs=0.1 * width + 3e-3 * abs(low))
        assert row.high == pytest.approx(high, abs=0.1 * width + 3e-3 * abs(high))


def test_most_targets_that_are_measured_have_an_observation() -> None:
    subjects = {row.subject for row in FOUND}
    lost = {name for name, (what, where, when, _) in SAME.items() if (what, where, Period.read(when)) not in subjects}
    assert lost == {
        "gdp_growth_rank_jiaocheng_2021",  # follows from the share
        "local_share_realised_2019",  # nothing was published
        "battery_capacity_2021",  # told in November, not December
        "sign_share",  # of four months, not of the year
    }


FORMULA = re.compile(r"derived\b.*: ([-+*/().0-9]+)(?: \(.*)?$")
FORMULAS = [row for row in FOUND if FORMULA.match(row.source)]


@pytest.mark.parametrize("row", FORMULAS, ids=str)
def test_a_derived_figure_is_what_its_formula_gives(row: Observation) -> None:
    """Formulas stand in the unit of the file, or as shares where that is per cent."""
    formula = FORMULA.match(row.source)
    assert formula is not None
    result = float(eval(formula[1], {"__builtins__": {}}))
    cells = RAW[row.line - 2]
    low, high = float(cells["low"]) - 1e-9, float(cells["high"]) + 1e-9
    assert low <= result <= high or (cells["unit"] == "%" and low <= 100 * result <= high)
    assert row.confidence == "D"


def test_there_are_formulas_to_check() -> None:
    assert len(FORMULAS) > 15
    derived = [row for row in FOUND if row.grade == "derived"]
    assert len(derived) >= len(FORMULAS)
    independent = [str(row) for row in derived if "not independent of" not in row.note]
    assert independent == ["sign_share of Ningde, 2018-01/2018-04"]


def test_a_date_stands_in_the_source_or_is_a_rule_named_in_the_note() -> None:
    for cells, row in zip(RAW, FOUND, strict=True):
        dates = re.findall(r"(?:19|20)\d\d-\d\d(?:-\d\d)?", cells["source"])
        told = any(date.startswith(cells["published"]) or cells["published"].startswith(date) for date in dates)
        words = re.search(r"\b(Nov) (2021)\b", cells["source"])
        ruled = re.search(r"\(assumption\)|day not known|month not given", cells["note"])
        assert told or words or ruled or row.grade == "derived", f"{row}: {cells['published']}"
        if ruled and not told and "assumption)" in cells["note"]:
            assert len(cells["published"]) == len("2020-03") or told, str(row)


def test_yearly_figures_without_a_date_count_from_march() -> None:
    ruled = [cells for cells in RAW if "rule of yearly statistics" in cells["note"]]
    assert len(ruled) > 15
    for cells in ruled:
        assert cells["published"] == f"{int(cells['period'][:4]) + 1}-03"


def test_the_article_of_december_2019_is_not_known_in_november() -> None:
    """The news that the project starts from came out on 26 December and tells of January to November."""
    article = [row for row in FOUND if "2019-12-2" in row.source and row.period.last == Month("2019-11")]
    assert len(article) > 10
    known = set(FOUND.known(Month("2019-11")))
    assert not known & set(article)
    assert set(article) <= set(FOUND.known(Month("2019-12"))) | {row for row in article if row.grade == "derived"}
    assert {row.published for row in article} == {Month("2019-12")}


def test_recalled_figures_are_marked() -> None:
    weak = {(row.variable, row.period.first.year) for row in FOUND if row.weak}
    assert weak == {("gdp_nominal", year) for year in (2010, 2011, 2013, 2014, 2015)}
    assert all(row.grade == "recalled" for row in FOUND if row.confidence.startswith("R"))


def test_no_range_is_narrower_than_the_digits_of_a_measured_amount() -> None:
    for row in FOUND:
        assert row.low <= row.value <= row.high
        if not OBSERVABLES[row.variable].whole:
            assert row.high > row.low, str(row)


# --- announcements ----------------------------------------------------------------------------------------------------


def test_announcements_are_dated_and_no_observations() -> None:
    found = read_announcements()
    assert max(row.announced for row in found) <= Month("2021-12")
    assert [row.published for row in found] == sorted(row.published for row in found)
    assert {row.cluster for row in found} == {"BAT", "NEV", "SST", "INDUSTRY"}
    goals = {(row.output, row.planned) for row in found if row.cluster == "BAT" and row.kind == "goal"}
    assert (100.0, Month("2020-12")) in goals
    assert all(row.value != 100.0 for row in FOUND.of("output_nominal.BAT")), "a goal is no outcome"


def test_an_announcement_is_known_from_its_publication_on() -> None:
    names = {row.name for row in known_announcements(Month("2019-11"))}
    assert "lithium output at the end of the 13th five-year plan" in names
    assert "38 projects of the chain at capacity" not in names
    assert "CATL Fuding" not in {row.name for row in known_announcements(Month("2021-12"))}


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"place": "Atlantis"}, "unknown place 'Atlantis'"),
        ({"kind": "dream"}, "unknown kind 'dream'; there are plant, sum, goal"),
        ({"output_bn": "", "capacity": "", "capacity_unit": ""}, "neither output nor capacity is given"),
        ({"output_bn": "-1"}, "output and capacity have to be above 0"),
        ({"output_bn": "about 5"}, "could not convert string to float"),
        ({"capacity": "5", "capacity_unit": ""}, "capacity and its unit go together"),
        ({"published": "2007-01"}, "published in 2007-01, before it was announced in 2012-06"),
        ({"announced": "2012"}, '"2012" is not a month'),
    ],
)
def test_a_bad_announcement_is_named_by_its_line(cells: dict[str, str], told: str) -> None:
    good = data.rows("announcements.csv")
    with pytest.raises(ValueError, match=re.escape(f"announcements.csv:3: {told}")):
        read_announcements([good[0], good[0] | cells])


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_names_every_variable_and_column() -> None:
    table = PAGE[PAGE.index("## Variables") : PAGE.index("## Rules of dates")]
    named = set(re.findall(r"`([a-z_]+)", table))
    families = {name.split(".")[0] for name in OBSERVABLES}
    assert families - {f"{name}_growth" for name in ("revenue_total", "revenue_local")} <= named
    assert all(f"`{column}`" in PAGE for column in RAW[0])


def test_the_example_of_the_page_is_a_good_file(tmp_path: Path) -> None:
    block = re.search(r"```\n(region,.*?)```", PAGE, re.DOTALL)
    assert block is not None
    path = tmp_path / "example.csv"
    path.write_text(block[1], encoding="utf-8")
    shown = read_observations([path])
    assert len(shown) == 3
    assert [row.value for row in shown] == [one(row.variable, str(row.period), row.region).value for row in shown]
