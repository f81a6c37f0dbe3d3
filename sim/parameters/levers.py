"""Policy levers: a constant, a dated list, or a table by county of either."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from sim.parameters.declarations import MONTH_PATTERN, Choice, Declaration, Number, Row, Setting, read_month
from sim.parameters.months import Month
from sim.parameters.places import counties, county_code, county_codes
from sim.parameters.words import Place, RefusedError, refuse, show, unknown

Floats = NDArray[np.float64]

DATES_LIMIT = 600
"""Longest dated list of a lever; more than the months of the longest run (numerical safety, assumption)."""

Dated = tuple[tuple[Month, Setting], ...]
"""Values from given months on, ascending."""
Course = Setting | Dated
"""What a lever does over time: a constant or a dated list."""


@dataclass(frozen=True, kw_only=True)
class LeverRule(Declaration):
    """A policy lever: a constant, a dated list, or a table by county of either.

    Attributes:
        value: declaration of a single value (a number within a range, or a choice).
        scope: ``city`` for one value, ``county`` where counties may differ.
        neutral: the value at which the policy is absent; it holds before the policy starts.
        starts: name of the month field of the same group from which on the policy exists.
        payer: whose budget pays for it, or who bears it if none does; a few words, no lever is free.
    """

    kind: ClassVar[str] = "lever"
    value: Number | Choice
    scope: Literal["city", "county"]
    neutral: Setting | None
    starts: str | None
    payer: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.payer.strip():
            raise ValueError(f"a lever needs the name of who pays for it: {self}")
        if self.starts is not None and self.neutral is None:
            raise ValueError(f"a lever with a start needs a neutral value before it: {self}")
        if isinstance(self.value, Choice) and self.neutral is not None:
            self.value.read(self.neutral)

    def initial(self) -> Lever:
        return Lever(rule=self, others=self.value.initial())

    def read(self, raw: object) -> Lever:
        if isinstance(raw, Lever) and raw.rule == self:
            return raw
        if not isinstance(raw, dict):
            return Lever(rule=self, others=self._course(raw))
        if self.scope == "city":
            raise refuse("a table by county, but this lever holds for the whole city: give one value or a dated list")
        return self._by_county(raw)

    def _by_county(self, raw: dict[str, object]) -> Lever:
        """A table by county, with ``default`` for the counties it does not name."""
        if not raw:
            raise refuse("an empty table holds no value")
        if len(raw) > len(county_codes()):
            raise refuse(f"a table of {len(raw)} names, but there are {len(counties())} counties")
        courses: dict[str, Course] = {}
        faults: list[tuple[Place, str]] = []
        for key, item in raw.items():
            try:
                code = "default" if key == "default" else county_code(key)
                if code in courses:
                    raise refuse(f"county {code} is named twice")
                courses[code] = self._course(item)
            except RefusedError as refusal:
                faults += [((key, *place), sentence) for place, sentence in refusal.faults]
        if faults:
            raise RefusedError(faults)
        others = courses.pop("default", self.value.initial())
        return Lever(rule=self, others=others, counties=tuple((c, courses[c]) for c in counties() if c in courses))

    def _course(self, raw: object) -> Course:
        """A constant, or a list of tables with ``from`` and ``value`` in ascending order of months."""
        if not isinstance(raw, list | tuple):
            return self.value.read(raw)
        if not raw:
            raise refuse("an empty list holds no value")
        if len(raw) > DATES_LIMIT:
            raise refuse(f"a list of {len(raw)} dates is longer than {DATES_LIMIT}")
        dated: list[tuple[Month, Setting]] = []
        faults: list[tuple[Place, str]] = []
        for number, item in enumerate(raw):
            try:
                since, value = self._dated_value(item)
                if dated and since <= dated[-1][0]:
                    raise refuse(f'"{since}" does not come after "{dated[-1][0]}": dates must ascend', ("from",))
                dated.append((since, value))
            except RefusedError as refusal:
                faults += [((number, *place), sentence) for place, sentence in refusal.faults]
        if faults:
            raise RefusedError(faults)
        return tuple(dated)

    def _dated_value(self, item: object) -> tuple[Month, Setting]:
        """One table of a dated list."""
        if not isinstance(item, dict):
            raise refuse(f'{show(item)} is not a dated value such as {{ from = "2020-01", value = ... }}')
        faults: list[tuple[Place, str]] = []
        for key in item:
            if key not in ("from", "value"):
                faults.append(((key,), unknown(key, ("from", "value"), len(faults))))
        read: dict[str, Any] = {}
        for key, reader in (("from", read_month), ("value", self.value.read)):
            try:
                if key not in item:
                    raise refuse(f"a dated value needs '{key}'")
                read[key] = reader(item[key])
            except RefusedError as refusal:
                place = (key,) if key in item else ()
                faults += [((*place, *inner), sentence) for inner, sentence in refusal.faults]
        if faults:
            raise RefusedError(faults)
        return read["from"], read["value"]

    def plain(self, value: Lever) -> Any:
        return value.plain()

    def schema(self) -> dict[str, Any]:
        dated = {
            "type": "array",
            "minItems": 1,
            "maxItems": DATES_LIMIT,
            "items": {
                "type": "object",
                "properties": {"from": {"type": "string", "pattern": MONTH_PATTERN}, "value": self.value.schema()},
                "required": ["from", "value"],
                "additionalProperties": False,
            },
        }
        course = [self.value.schema(), dated]
        if self.scope == "city":
            return {"anyOf": course}
        keys = (*county_codes(), "default")
        table = {
            "type": "object",
            "minProperties": 1,
            "properties": {key: {"anyOf": course} for key in keys},
            "additionalProperties": False,
        }
        return {"anyOf": [*course, table]}

    def rows(self, name: str) -> Iterator[Row]:
        for row in self.value.rows(name):
            yield row._replace(
                kind=self.kind, scope=self.scope, neutral=self.neutral, starts=self.starts, payer=self.payer
            )


@dataclass(frozen=True)
class Lever:
    """The course of one policy lever, as a scenario sets it.

    Attributes:
        rule: the declaration.
        others: the course in the counties that are not named (all of them for a lever of the city).
        counties: courses of the counties that differ, by code, in the order of the model.
        since: the month from which the policy exists; before it the lever stands at its neutral value.
    """

    rule: LeverRule
    others: Course
    counties: tuple[tuple[str, Course], ...] = ()
    since: Month | None = None

    def values(self, start: Month, months: int, counties: tuple[str, ...]) -> Floats:
        """The lever in every month of a run, in its unit; choices as positions in the list of options.

        Args:
            start: first month.
            months: number of months.
            counties: codes or pinyin names of the counties wanted, in this order.

        Returns:
            Array (months,) for a lever of the city, (months, counties) for a lever of the counties.
        """
        others = self._series(self.others, start, months)
        if self.rule.scope == "city":
            return others
        codes = county_codes()
        named = {code: self._series(course, start, months) for code, course in self.counties}
        series = [named.get(codes[county], others) for county in counties]
        return np.stack(series, axis=1) if series else np.empty((months, 0))

    def at(self, month: Month) -> float:
        """The value in one month; for a lever of the counties that of the counties not named."""
        return float(self._series(self.others, month, 1)[0])

    def changes(self) -> tuple[Month, ...]:
        """The months from which a new value holds, ascending, the start of the policy included."""
        courses = (self.others, *(course for _, course in self.counties))
        months = {since for course in courses if isinstance(course, tuple) for since, _ in course}
        if self.since is not None:
            months = {month for month in months if month > self.since} | {self.since}
        return tuple(sorted(months))

    def plain(self) -> Any:
        """Plain TOML types: a value, a list of dated tables, or a table by county code."""
        others = _plain_course(self.others)
        if not self.counties:
            return others
        return {code: _plain_course(course) for code, course in self.counties} | {"default": others}

    def _series(self, course: Course, start: Month, months: int) -> Floats:
        """One course over the months; before the policy starts, its neutral value."""
        rule = self.rule
        if isinstance(course, tuple):
            before = rule.value.default if rule.neutral is None else rule.neutral
            series = np.full(months, self._number(before))
            for since, value in course:
                series[max(since - start, 0) :] = self._number(value)
        else:
            series = np.full(months, self._number(course))
        if self.since is not None and rule.neutral is not None:
            series[: max(self.since - start, 0)] = self._number(rule.neutral)
        return series

    def _number(self, value: Setting) -> float:
        """A number as it is, an option as its position in the list of options."""
        if isinstance(self.rule.value, Choice):
            return float(self.rule.value.options.index(str(value)))
        return float(value)


def _plain_course(course: Course) -> Any:
    """Plain TOML types for a constant or a dated list."""
    if not isinstance(course, tuple):
        return course
    return [{"from": str(since), "value": value} for since, value in course]
