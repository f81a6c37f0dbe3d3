"""What could be known at an origin: dates of defaults and data, the scenario as of a month, runs that learn no more."""

from collections.abc import Callable

import numpy as np
import pytest

import sim
from sim import data
from sim.experiment.dated_data import KEYS, ahead_of, dated_rows, dates_named
from sim.experiment.dates import ORIGINS, as_of, later_than, newest_facts
from sim.model import GROUPS
from sim.parameters import Lever, Month, declarations, describe
from sim.parameters.levers import LeverRule
from sim.scenario import Scenario
from sim.scenario.faults import ScenarioError
from tests.test_information import assert_same, read, run

__all__ = ["read"]

O1, O2, O3 = ORIGINS
LATER_FACT = "fiscal.tax_gdp"  # public revenue and GDP of Ningde in 2020
OF_THE_ARTICLE = "promotion.lead_rate_chain"  # fitted to projects of November 2019, printed in December
MODEL_OF_OTHERS = "prices.learning_rate_cell"  # an article of 2021 about the world


@pytest.fixture(scope="module")
def baseline() -> Scenario:
    return sim.load("baseline")


def names(found) -> set[str]:
    return {basis.name for basis in found}


# --- dates behind values ----------------------------------------------------------------------------------------------


def test_every_value_of_a_scenario_file_is_listed_once(baseline: Scenario) -> None:
    declared = [f"{row.table}.{row.name}" for group in GROUPS for row in describe(group)]
    assert [basis.name for basis in newest_facts()] == [basis.name for basis in newest_facts(baseline)] == declared


def test_the_shipped_baseline_stands_at_the_defaults(baseline: Scenario) -> None:
    assert newest_facts(baseline) == newest_facts()


def test_a_value_that_the_scenario_sets_has_no_date_of_its_default(baseline: Scenario) -> None:
    course = [{"from": "2015-01", "value": 100}, {"from": "2018-01", "value": 300}]
    changed = baseline.replace({LATER_FACT: 0.095, "linkage.pairs": [["DQ", "GT"]], "promotion.budget": course})
    found = {basis.name: basis for basis in newest_facts(changed)}
    assert found[LATER_FACT].value == 0.095
    for name in (LATER_FACT, "linkage.pairs", "promotion.budget"):
        assert (found[name].newest_fact, found[name].source) == ("", "set by the scenario")
    assert LATER_FACT in names(later_than(O2, baseline)) - names(later_than(O2, changed))


def test_what_is_later_than_an_origin_follows_the_rule() -> None:
    by_fact = [names(later_than(origin)) for origin in ORIGINS]
    assert [LATER_FACT in found for found in by_fact] == [True, True, False]
    assert [OF_THE_ARTICLE in found for found in by_fact] == [True, False, False]
    assert {OF_THE_ARTICLE, MODEL_OF_OTHERS} <= names(later_than(O2, rule="print"))
    assert MODEL_OF_OTHERS not in names(later_than(O1))


def test_less_is_later_than_a_later_origin_and_more_by_the_print() -> None:
    for rule in ("fact", "print"):
        assert names(later_than(O1, rule=rule)) > names(later_than(O2, rule=rule)) > names(later_than(O3, rule=rule))
    for origin in ORIGINS:
        assert names(later_than(origin)) < names(later_than(origin, rule="print"))


def test_the_settings_of_the_run_are_never_drawn() -> None:
    assert not [name for name in names(later_than(Month("2014-12"), rule="print")) if name.startswith("run.")]


# --- the scenario as of a month ---------------------------------------------------------------------------------------


def levers_of(scenario: Scenario, starts: set[str]) -> list[tuple[str, Lever, LeverRule]]:
    """Levers of the policies whose start has one of these names."""
    found = []
    for group in scenario.parameters:
        for key, rule in declarations(type(group)).items():
            if isinstance(rule, LeverRule) and f"{group.table}.{rule.starts}" in starts:
                found.append((f"{group.table}.{key}", getattr(group, key), rule))
    return found


@pytest.mark.parametrize("rule", ["fact", "print"])
def test_a_policy_that_is_off_is_neutral_in_every_month(baseline: Scenario, rule) -> None:
    known = as_of(baseline, O1, rule)
    found = levers_of(known.scenario, {each.name for each in known.omitted})
    assert len(found) > 15
    for name, lever, declared in found:
        neutral = declared.neutral
        place = declared.value.options.index(neutral) if isinstance(neutral, str) else neutral
        assert np.all(known.scenario.lever(name) == place), name
        assert not np.all(baseline.lever(name) == place) or place == lever.others, name


def test_policies_that_had_not_begun_in_2016_are_off() -> None:
    """By the fact promotion and zoning of 2016 are there; enclaves were first agreed in March 2017."""
    off = {each.name for each in as_of(sim.load("baseline"), O1).omitted}
    assert {"enclave.start", "land_cage.start", "promotion.plan_start"} <= off
    assert not off & {"promotion.start", "zoning.start"}


def test_by_the_print_a_policy_waits_for_its_report(baseline: Scenario) -> None:
    """Service of 2018 was told in December 2019, as was zoning; the agreement of March 2017 was news in that month."""
    before = {each.name: each for each in as_of(baseline, O2, "print").omitted}
    assert all("2019-12" in before[name].reason for name in ("zoning.start", "service.start"))
    assert "enclave.start" not in before
    assert not as_of(baseline, O3, "print").omitted


def test_an_announced_policy_may_start_after_the_origin(baseline: Scenario) -> None:
    later = baseline.replace({"enclave.start": "2020-06", "infrastructure.minutes_cut": 0.1})
    assert not as_of(later, O2).omitted  # enclaves have been reported since 2017
    assert [each.name for each in as_of(baseline.replace({"zoning.start": "2020-06"}), O2).omitted] == ["zoning.start"]


def test_the_scenario_knows_the_origin_and_ends_before_a_policy_that_is_off(baseline: Scenario) -> None:
    assert as_of(baseline, O2).scenario == baseline
    first = as_of(baseline, O1).scenario
    assert (first.run.known_until, first.end) == (O1, Month("2035-11"))
    short = baseline.replace({"run.end": "2021-12"})
    assert as_of(short, O1).scenario.end == Month("2021-12")


def test_values_and_shocks_dated_after_the_origin_are_dropped(baseline: Scenario) -> None:
    """What holds at the origin goes on; a list of which nothing is left leaves the lever neutral."""
    changes = {
        "promotion.budget": [{"from": "2015-01", "value": 100}, {"from": "2020-01", "value": 300}],
        "energy.cap": [{"from": "2020-01", "value": 20}],
        "shortage.outside_supply": {"B_CATH": [{"from": "2020-02", "value": 0.4}]},
        "events.shocks": [
            {"type": "pandemic", "target": "all", "start": "2020-02"},
            {"type": "leader_cut", "target": "CATL", "start": "2018-02"},
        ],
    }
    told = baseline.replace({**changes, "run.end": "2021-12"})
    known = as_of(told, O2)
    assert {each.name: each.date for each in known.omitted} == {
        "promotion.budget": "2020-01",
        "energy.cap": "2020-01",
        "shortage.outside_supply": "2020-02",
        "events.shocks": "2020-02",
    }
    assert known.scenario.lever("promotion.budget")[-1] == 100
    assert np.all(known.scenario.lever("energy.cap") == 0)
    assert [row["type"] for row in known.scenario.tables["events"]["shocks"]] == ["leader_cut"]
    assert as_of(told, O3).scenario == told.replace({"run.known_until": str(O3)})


def test_what_is_drawn_has_a_range_around_its_value_and_no_lever_that_is_off(baseline: Scenario) -> None:
    for origin in ORIGINS:
        known = as_of(baseline, origin)
        ranges = known.ranges
        assert set(ranges) <= names(known.drawn) <= names(later_than(origin, baseline))
        values = {basis.name: float(basis.value) for basis in known.drawn if basis.name in ranges}
        assert all(ranges[name][0] <= value <= ranges[name][1] for name, value in values.items())
        idle = {name for name, _, _ in levers_of(known.scenario, {each.name for each in known.omitted})}
        assert not idle & names(known.drawn)
    assert "enclave.tax_share_origin" in as_of(baseline, O2).ranges
    assert "enclave.tax_share_origin" not in as_of(baseline, O1).ranges


def test_what_is_left_out_is_told(baseline: Scenario) -> None:
    text = as_of(baseline, O1).text()
    assert "off: enclave.start (2017-03): announced in Ningde first in 2017-03" in text
    assert "fiscal.tax_gdp = 0.0892 rests on 2020 and print of 2021-01: draw from 0.08 to 0.1" in text
    assert "linkage.pairs" in text
    assert "no policy of the scenario is later" in as_of(baseline, O2).text()


def test_an_origin_outside_the_data_is_refused(baseline: Scenario) -> None:
    with pytest.raises(ScenarioError, match="known_until"):
        as_of(baseline, Month("2022-01"))


# --- dates behind rows of data ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Mindong Daily, 26 Dec 2019; electrive, Feb 2020", ["2019-12", "2020-02"]),
        ("Mindong Daily 2019-12-26; map of 2021", ["2019-12", "2021-12"]),
        ("Xinhua, September 2018", ["2018-09"]),
        ("18 months; 2,018 mu; 12.2019; 1780 mm; 2070/60; 2,000; 2019/3, http://x.cn/a-2020-b and a.com/b-2021-c", []),
        ("", []),
    ],
)
def test_dates_in_a_source_are_read(text: str, found: list[str]) -> None:
    assert [str(month) for month in dates_named(text)] == found


def test_each_row_is_named_once() -> None:
    rows = [(row.file, row.row) for row in dated_rows()]
    assert len(rows) == len(set(rows)) > 200


def test_a_plant_sized_by_later_shipments_is_ahead_of_its_announcement() -> None:
    """The plant of 2016 whose size was worked out from shipments of 2017."""
    assert "CATL_HUXI_2017" in {row.row for row in ahead_of(O1)}
    assert "CATL_HUXI_2017" not in {row.row for row in ahead_of(Month("2017-12"))}
    assert not {row.row for row in ahead_of(O1) if row.file == "world.csv"}


def test_every_plant_whose_size_became_known_after_an_origin_has_a_size_to_draw() -> None:
    declared = {basis.name.removeprefix("events.plant_size."): basis.newest_fact for basis in newest_facts()}
    late = {row.row: row.newest_fact for origin in ORIGINS for row in ahead_of(origin) if row.file == "history.csv"}
    assert len(late) > 5
    assert {name: declared.get(name) for name in late} == {name: str(date) for name, date in late.items()}


STAGES = {"ATL_3B", "SECOPPER_1", "CATL_HUXI_24B", "CATL_HUXI_2020", "CHELIWAN_1", "FUDING_1"}
"""Plants whose note names a later month of work or production: stages are read by their own dates."""


def test_no_note_on_a_plant_names_a_later_fact_than_its_row() -> None:
    plants = [row for row in data.rows("history.csv") if row["kind"] == "leader"]
    assert all("2012-06" <= row["newest_fact"] <= "2021-12" for row in plants)
    later = {row["code"] for row in plants if max(dates_named(row["note"]), default=0) > Month(row["newest_fact"])}
    assert later == STAGES


def test_a_run_opens_no_file_without_a_rule_of_dates(read) -> None:
    opened: set[str] = set()
    read(lambda name, _: opened.add(name))
    model = sim.model.NingdeModel(sim.load("baseline"), 1)
    for _ in range(3):
        model.step()
    assert {"world.csv", "history.csv", "regions.csv", "national_2018.csv"} <= opened
    assert opened <= {*KEYS, "national_2018.csv", "coefficients.csv"}


# --- no leakage -------------------------------------------------------------------------------------------------------

FACTOR = 1.37
"""By which every figure dated after the origin is multiplied."""

DATED = {"policies.csv": "date", "history.csv": "announced", "world.csv": "year"}
"""Column with the date, of every file with dated rows."""


def disturbed(origin: Month, spared: Callable[[str, dict[str, str]], bool] = lambda *_: False):
    """Every figure of rows dated after the origin times a factor, later stages of earlier rows half a year later.

    And more rows: a plant announced the month after, a further year of the outside world.

    Args:
        origin: last month that is known.
        spared: file and row of what stays as it is.
    """
    closed = {(row.file, row.row) for row in dated_rows() if not row.read_at(origin)}

    def change(name: str, table: list[dict[str, str]]) -> None:
        for row in table:
            if spared(name, row):
                continue
            if (name in KEYS and (name, KEYS[name](row)) in closed) or _late(name, row, origin):
                row.update({key: _scaled(key, value) for key, value in row.items() if key != DATED.get(name)})
            for stage in ("work_start", "production"):
                if row.get(stage) and Month(row[stage]) > origin:
                    row[stage] = str(Month(row[stage]) + 6)
        if name == "history.csv":
            table.append(
                {**table[0], "code": "LATER", "announced": str(origin + 1), "work_start": "", "production": ""}
            )
        if name == "world.csv":
            table += [{**row, "year": "2022"} for row in table if row["year"] == "2021"]

    return change


def _late(name: str, row: dict[str, str], origin: Month) -> bool:
    date = row.get(DATED.get(name, ""), "")
    return bool(date) and (date if "-" in date else f"{date}-12") > str(origin)


def _scaled(key: str, value: str) -> str:
    try:
        return str(FACTOR * float(value)) if key != "newest_fact" else value
    except ValueError:
        return value


def scenario_of(origin: Month, end: str, world: str = "unconditional") -> Scenario:
    return sim.load("baseline").replace({"run.known_until": str(origin), "run.end": end, "run.world": world})


SHORT = (Month("2014-12"), "2015-09")
LONG = [pytest.param(origin, "2021-12", marks=pytest.mark.slow) for origin in ORIGINS]


@pytest.mark.parametrize(("origin", "end"), [SHORT, *LONG])
def test_no_figure_dated_after_the_origin_changes_a_bit(read, origin: Month, end: str) -> None:
    honest = run(scenario_of(origin, end))
    read(disturbed(origin))
    table = {(row["series"], row["year"]): float(row["value"]) for row in data.rows("world.csv")}
    assert table["nickel", "2021"] == pytest.approx(FACTOR * 18465)
    assert_same(honest, run(scenario_of(origin, end)))


@pytest.mark.parametrize(("origin", "end"), LONG)
def test_a_conditional_world_reads_outside_series_to_2021_and_nothing_else(read, origin: Month, end: str) -> None:
    """Shipments of the leader are no part of the outside world: they stay hidden."""

    def outside(name: str, row: dict[str, str]) -> bool:
        return name == "world.csv" and not row["series"].startswith("leader_")

    honest = run(scenario_of(origin, end, "conditional"))
    read(disturbed(origin, outside))
    assert_same(honest, run(scenario_of(origin, end, "conditional")))


@pytest.mark.slow
def test_the_same_disturbance_of_a_conditional_world_is_seen(read) -> None:
    """Without sparing the outside series the run differs: the two tests above can fail."""
    origin, end = SHORT
    honest = run(scenario_of(origin, end, "conditional"))
    read(disturbed(origin))
    with pytest.raises(AssertionError):
        assert_same(honest, run(scenario_of(origin, end, "conditional")))


@pytest.mark.slow
def test_a_month_of_known_history_is_seen(read) -> None:
    """The same disturbance from a month earlier reaches the last known figures and changes the run."""
    origin, end = SHORT
    honest = run(scenario_of(origin, end))
    read(disturbed(Month("2013-12")))
    try:
        other = run(scenario_of(origin, end))
    except (ValueError, KeyError, ArithmeticError, RuntimeError):
        return
    with pytest.raises(AssertionError):
        assert_same(honest, other)
