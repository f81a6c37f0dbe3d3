"""Declarations, months and levers, on a small group of their own."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim import data
from sim.parameters import (
    Entries,
    Lever,
    Month,
    Parameters,
    choice,
    counties,
    declarations,
    describe,
    entries,
    integer,
    lever,
    month,
    parameter,
    sum_to_one,
)

ABOUT: dict[str, Any] = {"grade": "assumed", "source": "assumption"}


class Policy(Parameters):
    """An example."""

    table: ClassVar[str] = "policy"

    cost: float = parameter(12.0, unit="M yuan", low=5, high=25, **ABOUT)
    rivals: int = integer(3, unit="rivals", low=1, high=8, **ABOUT)
    world: str = choice("open", options=("open", "closed"), **ABOUT)
    budget: Lever = lever(200, unit="M yuan a year", low=0, high=600, payer="city level", **ABOUT)
    teams: Lever = lever(8, unit="teams", low=0, high=20, neutral=1, starts="start", payer="city level", **ABOUT)
    discount: Lever = lever(0.1, unit="share", low=0, high=0.6, scope="county", payer="city level", **ABOUT)
    bonus: Lever = lever(
        0.3, unit="share", low=0.2, high=0.6, scope="county", neutral=0, starts="start", payer="city level", **ABOUT
    )
    direction: Lever = lever(
        "both",
        unit="direction",
        options=("none", "forward", "both"),
        neutral="none",
        starts="start",
        payer="city level",
        **ABOUT,
    )
    start: Month = month("2017-01", low="2014-01", high="2035-12", **ABOUT)
    unit_value: Mapping[str, float] = entries("prices.unit_value")
    exposure: Mapping[str, float] = entries("prices.exposure")


def policy(**values: Any) -> Policy:
    return Policy.model_validate(values)


def refusal(**values: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        policy(**values)
    return "; ".join(detail["msg"].removeprefix("Value error, ") for detail in caught.value.errors())


# --- months


def test_a_month_counts_from_year_zero() -> None:
    assert Month("2017-01") == 2017 * 12
    assert (Month("2017-12").year, Month("2017-12").month) == (2017, 12)
    assert str(Month("0987-03")) == f"{Month('0987-03')}" == "0987-03"
    assert repr(Month("2017-01")) == 'Month("2017-01")'


@given(st.integers(0, 9999 * 12), st.integers(0, 600))
def test_months_are_read_printed_ordered_and_subtracted(count: int, later: int) -> None:
    first = Month(count)
    assert Month(str(first)) == first
    assert isinstance(first + later, Month)
    assert (first + later) - first == later
    assert first <= first + later
    assert pickle.loads(pickle.dumps(first)) == first
    assert type(pickle.loads(pickle.dumps(first))) is Month


@pytest.mark.parametrize(
    "text", ["2017", "2017-13", "2017-00", "2017-1", "17-01", "2017-01-01", " 2017-01", "２０１７-01", ""]
)
def test_anything_else_is_no_month(text: str) -> None:
    with pytest.raises(ValueError, match="is not a month"):
        Month(text)


# --- single values


def test_values_are_read_strictly() -> None:
    assert policy(cost=5).cost == 5.0
    assert isinstance(policy(cost=5).cost, float)
    assert policy(cost=np.float64(6.5)).cost == 6.5
    assert policy(rivals=8).rivals == 8
    assert policy(world="closed").world == "closed"
    assert policy(start="2014-01").start == Month("2014-01")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"cost": True}, "true is not a number (M yuan)"),
        ({"cost": "7"}, '"7" is not a number (M yuan)'),
        ({"cost": float("nan")}, "nan is not a finite number (M yuan)"),
        ({"cost": float("-inf")}, "-inf is not a finite number (M yuan)"),
        ({"cost": 25.5}, "25.5 is above 25 (M yuan)"),
        ({"cost": -0.0}, "0 is below 5 (M yuan)"),
        ({"cost": 10**400}, f"1{'0' * 56}... is above 25 (M yuan)"),
        ({"cost": [7]}, "a list is not a number (M yuan)"),
        ({"cost": {}}, "a table is not a number (M yuan)"),
        ({"cost": None}, "None is not a number (M yuan)"),
        ({"rivals": 2.0}, "2 is not a whole number (rivals)"),
        ({"rivals": True}, "true is not a whole number (rivals)"),
        ({"rivals": 9}, "9 is above 8 (rivals)"),
        ({"world": "close"}, "\"close\" is not one of open, closed (did you mean 'closed'?)"),
        ({"world": 1}, "1 is not one of open, closed"),
        ({"start": "2036-01"}, '"2036-01" is after 2035-12 (month)'),
        ({"start": "2013-12"}, '"2013-12" is before 2014-01 (month)'),
        ({"start": 2017}, '2017 is not a month such as "2017-01" (with quotation marks)'),
        ({"start": "2017\n01\u202e"}, '"2017\\n01\\u202e" is not a month such as "2017-01"'),
    ],
)
def test_refusals_say_what_was_read_and_what_is_allowed(values: dict[str, Any], sentence: str) -> None:
    assert refusal(**values) == sentence


def test_a_parameter_without_range_takes_every_finite_number() -> None:
    class Free(Parameters):
        table: ClassVar[str] = "free"
        value: float = parameter(0.0, unit="1", **ABOUT)

    assert Free.model_validate({"value": -1e300}).value == -1e300
    with pytest.raises(ValidationError, match=r"is above 1\.79"):
        Free.model_validate({"value": 10**400})


# --- groups


def test_a_group_is_frozen_hashable_and_pickles() -> None:
    group = policy(teams=[{"from": "2018-01", "value": 3}], unit_value={"vehicle": 95})
    assert hash(group) == hash(pickle.loads(pickle.dumps(group)))
    assert group == pickle.loads(pickle.dumps(group)) != policy()
    with pytest.raises(ValidationError, match="frozen"):
        group.cost = 6.0  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        policy(costs=6)


def test_a_declaration_needs_unit_source_grade_and_a_default_in_range() -> None:
    for wrong in ({"unit": ""}, {"source": ""}, {"grade": "sure"}, {"low": 13}):
        with pytest.raises(ValueError, match=r"needs a unit|is below"):
            parameter(12.0, **({"unit": "1", **ABOUT} | wrong))
    with pytest.raises(ValueError, match="a lever needs the name of who pays for it"):
        lever(1, unit="1", payer=" ", **ABOUT)
    with pytest.raises(TypeError, match="payer"):
        lever(1, unit="1", **ABOUT)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="needs a neutral value"):
        lever(1, unit="1", starts="start", payer="city level", **ABOUT)
    with pytest.raises(ValueError, match="is not one of"):
        lever("a", unit="1", options=("a", "b"), neutral="c", payer="city level", **ABOUT)


def test_a_group_is_written_with_the_declaring_functions_only() -> None:
    class Careless(Parameters):
        table: ClassVar[str] = "careless"
        value: float = 1.0

    class Astray(Parameters):
        table: ClassVar[str] = "astray"
        value: Lever = lever(1, unit="1", neutral=0, starts="begin", payer="city level", **ABOUT)

    with pytest.raises(TypeError, match=r"Careless\.value is not declared"):
        declarations(Careless)
    with pytest.raises(TypeError, match=r"Astray\.value starts with 'begin'"):
        declarations(Astray)


def test_shares_are_checked_and_never_normalised() -> None:
    class Shares(Parameters):
        table: ClassVar[str] = "shares"
        one: float = parameter(0.4, unit="share", low=0, high=1, **ABOUT)
        two: float = parameter(0.6, unit="share", low=0, high=1, **ABOUT)

        def checks(self) -> Iterator[tuple[tuple[str, ...], str]]:
            yield from sum_to_one(self, "one", "two")

    class Mix(Parameters):
        table: ClassVar[str] = "mix"
        one: Lever = lever(0.4, unit="share", low=0, high=1, neutral=0, starts="start", payer="city level", **ABOUT)
        two: Lever = lever(0.6, unit="share", low=0, high=1, neutral=0, starts="start", payer="city level", **ABOUT)
        start: Month = month("2017-01", low="2014-01", high="2035-12", **ABOUT)

        def checks(self) -> Iterator[tuple[tuple[str, ...], str]]:
            yield from sum_to_one(self, "one", "two")

    assert Shares.model_validate({"one": 0.1, "two": 0.9}).one == 0.1
    with pytest.raises(ValidationError, match=r"one \+ two is 1.1; these shares must sum to 1"):
        Shares.model_validate({"one": 0.5})
    later = [{"from": "2015-01", "value": 0.4}, {"from": "2020-01", "value": 0.7}]
    with pytest.raises(ValidationError, match=r"one \+ two is 1.3 from 2020-01; these shares"):
        Mix.model_validate({"one": later})
    both = Mix.model_validate(
        {"one": later, "two": [{"from": "2014-01", "value": 0.6}, {"from": "2020-01", "value": 0.3}]}
    )
    assert both.two.at(Month("2020-01")) == 0.3
    early = [{"from": "2015-01", "value": 0.9}, {"from": "2017-01", "value": 0.4}]
    assert Mix.model_validate({"one": early}).one.at(Month("2016-12")) == 0.0, "nothing is summed before the start"
    with pytest.raises(ValidationError, match=r"one \+ two is 1.5;"):
        Mix.model_validate({"one": 0.9})


# --- levers

START = Month("2016-11")


def values(lever_: Lever, months: int = 4) -> list[Any]:
    array: list[Any] = lever_.values(START, months, ("JC", "Fuan", "ZR")).tolist()
    return array


def test_a_constant_holds_from_the_start_of_the_policy() -> None:
    assert values(policy().budget) == [200, 200, 200, 200]
    assert values(policy().teams) == [1, 1, 8, 8]
    assert values(policy(start="2014-01").teams) == [8, 8, 8, 8]
    assert values(policy(start="2035-12").teams) == [1, 1, 1, 1]


def test_a_choice_becomes_its_position() -> None:
    assert values(policy().direction) == [0, 0, 2, 2]
    assert values(policy(direction="forward").direction) == [0, 0, 1, 1]
    dated = [{"from": "2016-12", "value": "forward"}, {"from": "2017-02", "value": "none"}]
    assert values(policy(direction=dated).direction) == [0, 0, 1, 0]


def test_before_the_first_date_stands_the_neutral_value_or_the_default() -> None:
    dated = [{"from": "2016-12", "value": 5}, {"from": "2017-02", "value": 7}]
    assert values(policy(budget=dated).budget) == [200, 5, 5, 7]
    assert values(policy(teams=dated, start="2014-01").teams) == [1, 5, 5, 7]
    assert values(policy(teams=dated, start="2017-01").teams) == [1, 1, 5, 7], "nothing before the start"
    long_ago = [{"from": "1999-01", "value": 5}, {"from": "2099-01", "value": 7}]
    assert values(policy(budget=long_ago).budget) == [5, 5, 5, 5]


def test_counties_may_differ() -> None:
    assert values(policy().discount, 1) == [[0.1, 0.1, 0.1]]
    assert values(policy(discount={"FA": 0.3}).discount, 1) == [[0.1, 0.3, 0.1]]
    assert values(policy(discount={"Fuan": 0.3, "default": 0.2}).discount, 1) == [[0.2, 0.3, 0.2]]
    dated = [{"from": "2016-12", "value": 0.4}]
    assert values(policy(discount={"FA": dated, "ZR": 0}).discount, 2) == [[0.1, 0.1, 0], [0.1, 0.4, 0]]
    bonus = policy(bonus={"FA": [{"from": "2015-01", "value": 0.5}]}).bonus
    assert values(bonus, 3) == [[0, 0, 0], [0, 0, 0], [0.3, 0.5, 0.3]]


def test_levers_have_the_shape_of_their_scope() -> None:
    assert policy().budget.values(START, 7, counties()).shape == (7,)
    assert policy().discount.values(START, 7, counties()).shape == (7, 10)
    assert policy().discount.values(START, 7, ()).shape == (7, 0)
    assert counties() == data.codes("regions.csv")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"budget": 601}, "601 is above 600 (M yuan a year)"),
        ({"budget": True}, "true is not a number (M yuan a year)"),
        ({"budget": []}, "an empty list holds no value"),
        ({"budget": [200]}, '200 is not a dated value such as { from = "2020-01", value = ... }'),
        ({"budget": [{"from": "2020-01"}]}, "a dated value needs 'value'"),
        ({"budget": [{"value": 3}]}, "a dated value needs 'from'"),
        ({"budget": [{"from": "2020-01", "value": -1}]}, "-1 is below 0 (M yuan a year)"),
        (
            {"budget": [{"form": "2020-01", "value": 1}]},
            "unknown key (did you mean 'from'?); a dated value needs 'from'",
        ),
        (
            {"budget": [{"from": "2020-01", "value": 1}, {"from": "2020-01", "value": 2}]},
            '"2020-01" does not come after "2020-01": dates must ascend',
        ),
        ({"budget": [{"from": "2020-01", "value": 1}] * 601}, "a list of 601 dates is longer than 600"),
        (
            {"budget": {"FA": 1}},
            "a table by county, but this lever holds for the whole city: give one value or a dated list",
        ),
        ({"discount": {}}, "an empty table holds no value"),
        ({"discount": {"Fuann": 0.1}}, "unknown county (did you mean 'Fuan'?)"),
        ({"discount": {"Xanadu": 0.1}}, "unknown county"),
        ({"discount": {"FA": 0.1, "Fuan": 0.2}}, "county FA is named twice"),
        ({"discount": {"FA": 0.7, "FD": "x"}}, '0.7 is above 0.6 (share); "x" is not a number (share)'),
        ({"discount": {"FA": {"FD": 0.1}}}, "a table is not a number (share)"),
        ({"discount": {str(i): 0.1 for i in range(50)}}, "a table of 50 names, but there are 10 counties"),
        ({"direction": "sideways"}, '"sideways" is not one of none, forward, both'),
    ],
)
def test_levers_are_refused_with_every_reason(values: dict[str, Any], sentence: str) -> None:
    assert refusal(**values) == sentence


MONTHS = st.integers(Month("2010-01"), Month("2040-12")).map(Month)
SHARES = st.floats(0.2, 0.6)
DATED = st.lists(st.tuples(MONTHS, SHARES), min_size=1, max_size=6, unique_by=lambda pair: pair[0]).map(
    lambda pairs: [{"from": str(month_), "value": value} for month_, value in sorted(pairs)]
)
COURSE = st.one_of(SHARES, DATED)
TABLE = st.dictionaries(st.sampled_from([*counties(), "default"]), COURSE, min_size=1)


def plainly(raw: Any, county: str, month_: Month, start: Month) -> float:
    """The bonus of one county in one month, told as slowly as possible."""
    if month_ < start:
        return 0.0
    course = raw.get(county, raw.get("default", 0.3)) if isinstance(raw, dict) else raw
    if not isinstance(course, list):
        return float(course)
    known = [item["value"] for item in course if Month(item["from"]) <= month_]
    return float(known[-1]) if known else 0.0


@given(st.one_of(COURSE, TABLE), st.integers(Month("2014-01"), Month("2035-12")).map(Month))
def test_a_lever_is_compiled_as_told_and_written_as_read(raw: Any, start: Month) -> None:
    group = policy(bonus=raw, start=str(start))
    first = Month("2013-06")
    expected = [[plainly(raw, county, first + step, start) for county in counties()] for step in range(330)]
    np.testing.assert_array_equal(group.bonus.values(first, 330, counties()), expected)
    again = policy(bonus=group.bonus.plain(), start=str(start))
    assert again == group
    assert hash(again) == hash(group)


# --- tables of figures


def test_a_scenario_changes_single_figures() -> None:
    group = policy(exposure={"B_CATH": {"Li": 0.25}}, unit_value={"vehicle": 100})
    assert group.exposure["B_CATH.Li"] == 0.25
    assert group.exposure["B_CATH.Ni"] == policy().exposure["B_CATH.Ni"] == 0.2
    assert group.unit_value["vehicle"] == 100
    assert list(group.exposure) == list(policy().exposure)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"exposure": {"B_CAHT": {"Li": 0.25}}}, "unknown key (did you mean 'B_CATH'?)"),
        ({"exposure": {"B_CATH": {"Lithium": 0.25}}}, "unknown key"),
        ({"exposure": {"B_CATH": {"Li": 2}}}, "2 is above 0.39 (share of 2018 unit cost indexed to the commodity)"),
        ({"exposure": {"B_CATH": 2}}, "2 is not a table of figures"),
        ({"exposure": {"B_CATH.Li": 0.25}}, "unknown key (did you mean 'B_CATH'?)"),
        ({"unit_value": 3}, "3 is not a table of figures"),
    ],
)
def test_figures_are_refused_with_every_reason(values: dict[str, Any], sentence: str) -> None:
    assert refusal(**values) == sentence


def test_entries_are_immutable_and_compare_by_content() -> None:
    one, other = Entries({"a": 1.0, "b": 2.0}), Entries({"a": 1.0, "b": 2.0})
    assert one == other == pickle.loads(pickle.dumps(one))
    assert hash(one) == hash(other)
    assert one != Entries({"a": 1.0})
    assert one != {"a": 1.0, "b": 2.0}
    with pytest.raises(TypeError):
        one["a"] = 2.0  # type: ignore[index]


# --- lists


def test_a_description_has_a_row_for_every_value() -> None:
    rows = {row.name: row for row in describe(Policy)}
    assert {"cost", "teams", "unit_value.vehicle", "exposure.B_CATH.Li"} <= rows.keys()
    assert all(row.table == "policy" and row.unit and row.source and row.grade in data.GRADES for row in rows.values())
    teams = rows["teams"]
    assert (teams.kind, teams.default, teams.low, teams.high, teams.neutral) == ("lever", 8, 0, 20, 1)
    assert (teams.scope, teams.starts) == ("city", "start")
    assert rows["direction"].options == ("none", "forward", "both")
    assert rows["discount"].scope == "county"
    assert rows["cost"].kind == "parameter"
    assert rows["unit_value.vehicle"].symbol == "u_veh"
