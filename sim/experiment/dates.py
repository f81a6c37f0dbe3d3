"""What an analyst could have known: the date behind each default, and the scenario as of a month.

A default has up to two dates (:class:`sim.parameters.Declaration`): the newest fact of Ningde behind it, and the print
of its newest source. They give two rules, and every function here takes either:

- ``"fact"``: what had happened by the origin counts as known. This is the convention of ``run.known_until``: the
  article of 26 December 2019 reports up to November 2019, and a run that knows November 2019 knows what it reports.
- ``"print"``: only what had also been printed by the origin counts as known, of Ningde or not: the stricter rule of a
  forecaster on that day. The lists are long, since many figures of early years were found in later prints.

A declared range is kept under both rules: it is what the modellers hold possible, and it may rest on later reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sim import data
from sim.data import prefecture
from sim.experiment.dated_data import dates_named
from sim.model import GROUPS
from sim.parameters import Month, Row, Setting, declarations, describe, last_month
from sim.parameters.declarations import Date
from sim.scenario import Scenario

Rule = Literal["fact", "print"]
"""By which date something counts as known."""

ORIGINS: tuple[Month, ...] = (Month("2016-12"), Month("2019-11"), Month("2020-12"))
"""The origins of the back-test."""


class Basis(NamedTuple):
    """What one value of a scenario rests on.

    Attributes:
        name: dotted name.
        value: what the scenario says.
        low: least value of the declared range, None where there is none.
        high: greatest value.
        options: words to choose from, for a choice.
        grade: evidence grade of the default.
        newest_fact: date of the newest fact of Ningde, a year or a month; empty for none.
        published: date of the newest source; empty for none with a date.
        source: where the default comes from; of a value that the scenario changed, that it did.
    """

    name: str
    value: Setting
    low: Setting | None
    high: Setting | None
    options: tuple[str, ...]
    grade: str
    newest_fact: str
    published: str
    source: str

    def known(self, rule: Rule = "fact") -> Month | None:
        """First month in which the value could be known; None where it rests on nothing dated."""
        dates = (self.newest_fact,) if rule == "fact" else (self.newest_fact, self.published)
        return max((last_month(date) for date in dates if date), default=None)


def newest_facts(scenario: Scenario | None = None) -> tuple[Basis, ...]:
    """Every value that a scenario file may set, with the dates behind it, in the order of the tables.

    Args:
        scenario: whose values; the defaults if nothing is given. A value that the scenario changed is its own: the
            dates behind the default say nothing about it, and it has none.
    """
    return tuple(_basis(row, scenario) for row in _rows(scenario))


def _rows(scenario: Scenario | None) -> Iterator[Row]:
    """The declarations of a scenario, or of all groups."""
    for group in GROUPS if scenario is None else scenario.groups:
        yield from describe(group)


def _basis(row: Row, scenario: Scenario | None) -> Basis:
    """The dates behind one value."""
    name = f"{row.table}.{row.name}"
    default = Basis(
        name, row.default, row.low, row.high, row.options, row.grade, row.newest_fact, row.published, row.source
    )
    if scenario is None:
        return default
    value: Any = scenario.tables[row.table]
    for key in row.name.split("."):
        value = value[key]
    single = isinstance(value, str | int | float)  # else pairs, a schedule, shocks, dates, a table by county
    if value == (row.default if single else _plain_default(row, scenario)):
        return default
    shown = value if single else "dated or by county"
    return default._replace(value=shown, newest_fact="", published="", source="set by the scenario")


def _plain_default(row: Row, scenario: Scenario) -> Any:
    """The default of a value that is no single number or word, as a file would hold it."""
    group = next(group for group in scenario.groups if group.table == row.table)
    declared = declarations(group)[row.name]
    return declared.plain(declared.initial())


def later_than(origin: Month, scenario: Scenario | None = None, rule: Rule = "fact") -> tuple[Basis, ...]:
    """The values that rest on something later than a month: a forecast from there must draw them from their range.

    Args:
        origin: last month that may be known.
        scenario: whose values; the defaults if nothing is given.
        rule: by which date something counts as known.

    Returns:
        In the order of the tables. The settings of the run itself are left out: they are no claims about Ningde.
    """
    found = []
    for basis in newest_facts(scenario):
        known = basis.known(rule)
        if known is not None and known > origin and not basis.name.startswith("run."):
            found.append(basis)
    return tuple(found)


class Omitted(NamedTuple):
    """Something that the scenario holds and that could not be known.

    Attributes:
        name: dotted name of the start of a policy, of a dated lever, or of a shock.
        date: its month in the scenario.
        reason: why it is left out, one sentence.
    """

    name: str
    date: str
    reason: str


@dataclass(frozen=True)
class AsOf:
    """A scenario as an analyst could have had it.

    Attributes:
        origin: last month that is known.
        rule: by which date something counts as known.
        scenario: ``known_until`` is the origin; what could not be known is switched off.
        drawn: values that rest on something later; a forecast draws them from their range. Levers of a policy that is
            switched off are left out.
        omitted: policies, later values of levers and shocks that are switched off.
    """

    origin: Month
    rule: Rule
    scenario: Scenario
    drawn: tuple[Basis, ...]
    omitted: tuple[Omitted, ...]

    @property
    def ranges(self) -> Mapping[str, tuple[float, float]]:
        """Range of each number to be drawn; starts of policies and choices have none and are not drawn."""
        return {
            basis.name: (float(basis.low), float(basis.high))
            for basis in self.drawn
            if isinstance(basis.low, int | float) and isinstance(basis.high, int | float)
        }

    def text(self) -> str:
        """What was left out and what is to be drawn, as lines to print."""
        said = f"As of {self.origin}, by the date of the {self.rule}:"
        lines = [said, *(f"  off: {each.name} ({each.date}): {each.reason}" for each in self.omitted)]
        if not self.omitted:
            lines.append("  no policy of the scenario is later")
        ranges = self.ranges
        for basis in self.drawn:
            dates = " and ".join(filter(None, (basis.newest_fact, basis.published and f"print of {basis.published}")))
            span = f"draw from {basis.low} to {basis.high}" if basis.name in ranges else "kept, it has no range"
            lines.append(f"  {basis.name} = {basis.value} rests on {dates}: {span}")
        return "\n".join(lines)


def as_of(scenario: Scenario, origin: Month, rule: Rule = "fact") -> AsOf:
    """The scenario that an analyst could have had.

    ``run.known_until`` becomes the origin. A policy that could not be known stands at its neutral value throughout; by
    ``"fact"`` that is one which starts after the origin and which nothing in sim/data/policies.csv had announced in
    Ningde by then, by ``"print"`` every one that nothing printed by then reports. Values of levers and products dated
    later, and shocks that start later, are dropped: whatever holds at the origin goes on.

    Args:
        scenario: any scenario. The last month in which a policy can start is December 2035; a run that reaches it ends
            a month earlier, so that what is off stays off.
        origin: last month that may be known, December 2014 to December 2021.
        rule: by which date something counts as known.

    Raises:
        ScenarioError: the origin lies outside its range.
    """
    changes: dict[str, object] = {"run.known_until": str(origin)}
    omitted: list[Omitted] = []
    for name, start, latest in _starts(scenario):
        reason = unknown_policy(name.partition(".")[0], start, origin, rule)
        if reason:
            omitted.append(Omitted(name, str(start), reason))
            changes[name] = str(latest)
            if scenario.end >= latest:
                changes["run.end"] = str(latest + -1)
    for table, values in scenario.tables.items():
        for key, value in values.items() if table != "run" else ():
            kept = _until(value, origin, scenario.end + 1)
            if kept != value:
                changes[f"{table}.{key}"] = kept
                dates = sorted(str(month) for month in _months(value) if month > origin)
                reason = f"values dated after {origin} are dropped: what holds then goes on"
                omitted.append(Omitted(f"{table}.{key}", ", ".join(dates), reason))
    known = scenario.replace(changes)
    off = {each.name for each in omitted}
    idle = {f"{row.table}.{row.name}" for row in _rows(known) if row.starts and f"{row.table}.{row.starts}" in off}
    drawn = tuple(basis for basis in later_than(origin, known, rule) if basis.name not in idle)
    return AsOf(origin, rule, known, drawn, tuple(omitted))


def _starts(scenario: Scenario) -> Iterator[tuple[str, Month, Month]]:
    """The months in which policies of a scenario start: name, month, latest month that a file may hold."""
    for values in scenario.parameters:
        for key, declaration in declarations(type(values)).items():
            if isinstance(declaration, Date) and values.table != "run":
                yield f"{values.table}.{key}", getattr(values, key), Month(declaration.high)


def unknown_policy(table: str, start: Month, origin: Month, rule: Rule) -> str:
    """Why a policy could not be known at an origin; empty if it could.

    Args:
        table: its table in the scenario file, and in sim/data/policies.csv.
        start: month in which it starts in the scenario.
        origin: last month that may be known.
        rule: by which date something counts as known.
    """
    if rule == "fact" and start <= origin:
        return ""
    months = [_reported(row, rule) for row in data.rows("policies.csv") if _tells_of(row, table)]
    if months and min(months) <= origin:
        return ""
    done = "announced" if rule == "fact" else "reported in print"
    home = prefecture.name()
    return f"{done} in {home} first in {min(months)}" if months else f"nothing {done} in {home} up to the end of 2021"


def _tells_of(row: Mapping[str, str], table: str) -> bool:
    """Whether a row of policies.csv is about a policy of Ningde of that table: no precedent elsewhere, no essay."""
    return table in row["table"].split(";") and row["level"] == prefecture.name() and bool(row["date"])


def _reported(row: Mapping[str, str], rule: Rule) -> Month:
    """Month from which a policy was known: by the date of the row, or by the newest print that its source names too."""
    month = Month(row["date"])
    printed = dates_named(row["source"]) if rule == "print" else ()
    return max(month, *printed) if printed else month


def _until(value: Any, origin: Month, never: Month) -> Any:
    """A value of a scenario without what it dates after a month.

    A dated list of which nothing is left keeps its first value, from a month that the run does not reach: before it the
    lever is neutral.
    """
    if isinstance(value, Mapping):
        return {key: _until(item, origin, never) for key, item in value.items()}
    if (
        not isinstance(value, Sequence)
        or isinstance(value, str)
        or not all(isinstance(item, Mapping) for item in value)
    ):
        return value
    if any("from" in item for item in value):
        return [item for item in value if Month(item["from"]) <= origin] or [{**value[0], "from": str(never)}]
    return [item for item in value if Month(item.get("start", str(origin))) <= origin]


def _months(value: Any) -> Iterable[Month]:
    """Every month that dated values and shocks of a setting name."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in ("from", "start"):
                yield Month(item)
            else:
                yield from _months(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _months(item)
