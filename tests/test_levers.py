"""What holds for every lever, read from the declarations: a new policy is tested here without a line of its own.

A lever that nobody reads changes nothing; a policy that never starts is the policy at neutral values; what is set for
later changes nothing before. "Nothing" means bit for bit, in everything that is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import ClassVar

import numpy as np
import pytest

import sim
from sim.model import GROUPS, NingdeModel
from sim.parameters import Lever, Month, Parameters, declarations, lever, month
from sim.parameters.declarations import Choice, Setting
from sim.parameters.levers import LeverRule
from sim.scenario import Scenario, ScenarioError, parse

SHORT, LONG = "2015-06", "2021-12"
LATER = "2014-10"
"""Month for which values are set ahead of time."""
RARE = {"enclave": ("2017-12", "2016-06")}
"""End and later month for policies whose first decision comes late."""


class Placebo(Parameters):
    """Levers that nobody reads."""

    table: ClassVar[str] = "placebo"

    everywhere: Lever = lever(
        0, unit="1", low=0, high=9, neutral=0, starts="start", payer="nobody", grade="assumed", source="assumption"
    )
    by_county: Lever = lever(
        1, unit="1", low=0, high=9, scope="county", payer="nobody", grade="assumed", source="assumption"
    )
    start: Month = month(
        "2015-01", unit="month", low="2014-01", high="2035-12", grade="assumed", source="assumption"
    )  # fmt: skip


def baseline(end: str, changes: Mapping[str, object] | None = None) -> Scenario:
    """The shipped baseline to a month, with changes."""
    return sim.load("baseline").replace({"run.end": end, **(changes or {})}, name="lever")


@lru_cache(maxsize=4)
def arrays(scenario: Scenario) -> dict[str, np.ndarray]:
    """Everything a run records."""
    model = NingdeModel(scenario, 1)
    model.run()
    return model.recorder.arrays


def differing(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray], months: int | None = None) -> list[str]:
    """Names of what differs, in the first months."""
    assert one.keys() == other.keys()
    return [name for name in one if not np.array_equal(one[name][:months], other[name][:months], equal_nan=True)]


def rules(group: type[Parameters]) -> dict[str, LeverRule]:
    return {name: rule for name, rule in declarations(group).items() if isinstance(rule, LeverRule)}


LIVE = [group for group in GROUPS if rules(group)]
STARTS = sorted({(group.table, rule.starts) for group in LIVE for rule in rules(group).values() if rule.starts})
TABLES = {group.table: group for group in GROUPS if rules(group)}
OFTEN = ("promotion", "land_cage")
"""Tables looked at in every run of the tests; the others are slow tests."""


def seldom(tables: Iterable[str]) -> list[object]:
    """The tables as cases, those that are not looked at often marked slow."""
    return [table if table in OFTEN else pytest.param(table, marks=pytest.mark.slow) for table in tables]


def at_neutral(scenario: Scenario, table: str, start: str) -> Scenario:
    """The scenario whose levers of one start stand at neutral throughout, also where no file may say so."""
    group = next(values for values in scenario.parameters if values.table == table and rules(type(values)))
    still = {
        name: replace(getattr(group, name), others=rule.neutral, counties=(), since=None)
        for name, rule in rules(type(group)).items()
        if rule.starts == start
    }
    changed = group.model_copy(update=still)
    return replace(
        scenario, parameters=tuple(changed if each is group else each for each in scenario.parameters)
    )  # fmt: skip


def another(rule: LeverRule, present: Setting) -> Setting:
    """A value of the lever far from the present one."""
    if isinstance(rule.value, Choice):
        return next(word for word in rule.value.options if word != present)
    low, high = rule.value.bounds()
    return high if abs(high - float(present)) >= abs(float(present) - low) else low


# --- nobody reads it


def test_a_lever_that_nobody_reads_changes_nothing() -> None:
    text = sim.load("baseline").replace({"run.end": SHORT}).text
    groups = (*GROUPS, Placebo)
    moved = "[placebo]\neverywhere = 9\nstart = '2014-02'\nby_county = {FA = 9, default = 3}\n"
    without, beside = parse(text, groups), parse(f"{text}\n{moved}", groups)
    assert beside.lever("placebo.everywhere").tolist() == [0.0] + [9.0] * 17
    assert differing(arrays(without), arrays(beside)) == []
    assert differing(arrays(parse(text, GROUPS)), arrays(without)) == []


# --- off and not yet


def assert_off(table: str, start: str, end: str) -> None:
    """A start beyond the run is neutral values in it; and the policy, from the first month on, is something else."""
    never = {f"{table}.{start}": "2035-12"}
    off = arrays(baseline(end, never))
    assert differing(off, arrays(at_neutral(baseline(end, {f"{table}.{start}": "2014-01"}), table, start))) == []
    if end == LONG:
        assert differing(off, arrays(baseline(end, {f"{table}.{start}": "2014-01"})))


@pytest.mark.parametrize(
    ("table", "start"),
    [each if each[0] in OFTEN else pytest.param(*each, marks=pytest.mark.slow) for each in STARTS],
)
def test_a_policy_that_never_starts_is_the_policy_at_neutral_values(table: str, start: str) -> None:
    assert_off(table, start, "2015-02")  # land reform acts in January


@pytest.mark.slow
@pytest.mark.parametrize(("table", "start"), STARTS)
def test_a_policy_that_never_starts_is_neutral_for_years_and_one_that_does_is_not(table: str, start: str) -> None:
    assert_off(table, start, LONG)


def one_by_one(group: type[Parameters], change: str = LATER) -> dict[str, object]:
    """Every lever of a group far away from a month on; of shares that must sum to 1 one takes all."""
    shares = [name for name in rules(group) if name.startswith(("mix_", "weight_"))]
    firsts = {name[: name.index("_")]: name for name in shares}  # the last of each prefix
    course: dict[str, object] = {}
    for name, rule in rules(group).items():
        present = rule.value.initial()
        value: Setting = 1.0 if group.table == "energy" else another(rule, present)  # a cap that binds
        if name in shares:
            value = 1.0 if name in firsts.values() else 0.0
        course[f"{group.table}.{name}"] = [{"from": "2014-01", "value": present}, {"from": change, "value": value}]
    return course


@pytest.mark.parametrize("table", seldom(TABLES))
def test_what_is_set_for_later_changes_nothing_before(table: str) -> None:
    group = TABLES[table]
    starts = {f"{table}.{rule.starts}": "2014-01" for rule in rules(group).values() if rule.starts}
    end, change = RARE.get(table, (SHORT, LATER))
    course = one_by_one(group, change)
    if table == "prices":  # a world utilisation of 0 means the normal one, and the highest leaves a margin
        course = {key: value for key, value in course.items() if key == "prices.tariff"}
    before = Month(change) - Month("2014-01")
    as_it_is, later = arrays(baseline(end, starts)), arrays(baseline(end, {**starts, **course}))
    assert differing(as_it_is, later, before) == []
    assert differing(as_it_is, later), "the levers are read at all"


@pytest.mark.parametrize("table", seldom(group.table for group in LIVE if any(r.starts for r in rules(group).values())))
def test_before_its_start_the_values_of_a_policy_do_not_matter(table: str) -> None:
    group = TABLES[table]
    end, change = RARE.get(table, (SHORT, LATER))
    starts = {f"{table}.{rule.starts}": change for rule in rules(group).values() if rule.starts}
    course = {
        key: [entry["value"] for entry in entries][-1]  # type: ignore[index]
        for key, entries in one_by_one(group, change).items()
        if rules(group)[key.partition(".")[2]].starts
    }
    before = Month(change) - Month("2014-01")
    as_it_is, other = arrays(baseline(end, starts)), arrays(baseline(end, {**starts, **course}))
    assert differing(as_it_is, other, before) == []
    assert differing(as_it_is, other), "from its start on they do"


def test_every_start_of_a_policy_is_known_here() -> None:
    assert ("promotion", "start") in STARTS
    assert ("service", "permit_start") in STARTS


# --- bad input

PATHS = [f"{table}.{name}" for table, group in TABLES.items() for name in rules(group)]


def wrong_values(rule: LeverRule) -> list[tuple[str, str]]:
    """TOML that no lever of this kind may have, with a part of the sentence that refuses it."""
    early, late = '{ from = "2019-01", value = %s }', '{ from = "2021-01", value = %s }'
    if isinstance(rule.value, Choice):
        good, bad = f'"{rule.value.options[0]}"', [('"sideways"', "is not one of"), ("1", "is not one of")]
    else:
        low, high = rule.value.bounds()
        good = str(rule.value.default)
        bad = [
            (str(high + 1), "is above"),
            (str(low - 1), "is below"),
            ("nan", "is not a finite number"),
            ("true", "is not a number"),
            (f'"{good}"', "is not a number"),
            (f"[{early % (high + 1)}]", "is above"),
        ]
    bad += [
        (f"[{late % good}, {early % good}]", "dates must ascend"),
        (f"[{early % good}, {early % good}]", "dates must ascend"),
        (f"[{{ from = 2019, value = {good} }}]", "is not a month"),
        (f'[{{ until = "2019-01", value = {good} }}]', "unknown key"),
        ("[]", "an empty list"),
        ("{ Fuann = 1 }", "unknown county" if rule.scope == "county" else "holds for the whole city"),
    ]
    return bad


@pytest.mark.parametrize("path", PATHS)
def test_bad_values_of_every_lever_are_refused_with_line_and_rule(path: str) -> None:
    table, _, name = path.partition(".")
    for value, sentence in wrong_values(rules(TABLES[table])[name]):
        with pytest.raises(ScenarioError) as caught:
            parse(f"# a remark\n[{table}]\n{name} = {value}\n", GROUPS)
        assert all(f":3: {path}" in line for line in str(caught.value).split("\n")), str(caught.value)
        assert sentence in str(caught.value), value


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[promotion]\nmix_leader = 0.6\nmix_chain = 0.6\n", "these shares must sum to 1"),
        (
            '[promotion]\nmix_leader = [{ from = "2018-01", value = 0.3 }]\n',
            "these shares must sum to 1",  # before its first date a share stands at its neutral value
        ),
        ("[promotion]\nweight_extend = 1\n", "these shares must sum to 1"),
        ("[zoning]\nstrictness = { FA = 1 }\n", "holds for the whole city"),
        ("[fiscal]\nincentive_cap = { FA = 0.1, Fuan = 0.1 }\n", "county FA is named twice"),
        ('[service]\nstart = "2036-01"\n', "is after 2035-12"),
        ("[prices]\nutilisation_batteries = 0.1\n", "0.1"),
    ],
)
def test_values_that_contradict_one_another_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(sentence)):
        parse(text, GROUPS)
