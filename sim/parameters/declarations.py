"""What is declared about a number, a choice or a month; how it is read, and what a list prints."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from sim.data import GRADES
from sim.parameters.months import Month, last_month
from sim.parameters.words import refuse, show, suggestion

Setting = float | str
"""One value: a number, or one word out of a few."""


class Row(NamedTuple):
    """One line of the list of parameters and levers."""

    table: str
    name: str
    symbol: str
    kind: str
    unit: str
    default: Setting
    low: Setting | None
    high: Setting | None
    scope: str
    source: str
    grade: str
    options: tuple[str, ...] = ()
    neutral: Setting | None = None
    starts: str | None = None
    payer: str = ""
    newest_fact: str = ""
    published: str = ""

    @classmethod
    def of(
        cls,
        declaration: Declaration,
        name: str,
        *,
        default: Setting,
        low: Setting | None = None,
        high: Setting | None = None,
        options: tuple[str, ...] = (),
    ) -> Row:
        """The row of a declaration; the table is filled in by `describe`."""
        about = declaration
        return cls(
            "", name, about.symbol, about.kind, about.unit, default, low, high, "", about.source, about.grade, options
        )._replace(newest_fact=about.newest_fact, published=about.published)


LAST_FACT = Month("2021-12")
"""Facts of Ningde end here; what came later is kept out (CONTRIBUTING)."""


@dataclass(frozen=True, kw_only=True)
class Declaration(ABC):
    """What is known about one parameter beside its value.

    Attributes:
        unit: unit of measurement.
        grade: evidence grade, one of `sim.data.GRADES`.
        source: where the default comes from, or the word assumption.
        symbol: symbol in the model description, or nothing.
        newest_fact: date of the newest fact of Ningde behind the default or its range: the last month that a figure of
            the city, of a county, of one of its firms or plants speaks of; of an event its month, of a plan the month
            in which it became known. Facts that a default was moved to meet count. A year ("2019") means its December.
            Empty: no dated fact of Ningde.
        published: date on which the newest source of any kind appeared: press, statistics of the country or the world,
            articles, laws. Where the text does not date the print, the last period of which it gives figures. Empty:
            no source with a date.
    """

    kind: ClassVar[str] = "parameter"
    unit: str
    grade: str
    source: str
    symbol: str = ""
    newest_fact: str = ""
    published: str = ""

    def __post_init__(self) -> None:
        """No unit, no source, no known grade, a wrong date or a default outside its range: a mistake of the code."""
        if not self.unit or not self.source or self.grade not in GRADES:
            raise ValueError(f"a parameter needs a unit, a source and a grade of {GRADES}: {self}")
        for date in filter(None, (self.newest_fact, self.published)):
            last_month(date)
        if self.newest_fact and last_month(self.newest_fact) > LAST_FACT:
            raise ValueError(f"facts of Ningde end in {LAST_FACT}, but {self.newest_fact} is later: {self}")
        self.initial()

    @abstractmethod
    def initial(self) -> Any:
        """The default, as the value a group holds."""

    @abstractmethod
    def read(self, raw: object) -> Any:
        """The value for what stands in a scenario file (plain TOML types).

        Raises:
            RefusedError: with every reason why the value cannot be accepted.
        """

    def plain(self, value: Any) -> Any:
        """The inverse of `read`: plain TOML types for a value."""
        return value

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """JSON schema of what a scenario file may hold."""

    def __call__(self, schema: dict[str, Any]) -> None:
        """Complete the JSON schema that pydantic makes of the field (the ``json_schema_extra`` protocol)."""
        default = self.plain(self.initial())
        schema |= {"description": f"{self.unit}; {self.grade}: {self.source}", "default": default} | self.schema()

    @abstractmethod
    def rows(self, name: str) -> Iterator[Row]:
        """What the list of levers prints: one row, or one for each entry of a table of figures."""


@dataclass(frozen=True, kw_only=True)
class Number(Declaration):
    """A number within a range; ``whole`` for integers. Bounds belong to the range; none means unbounded."""

    default: float
    low: float | None = None
    high: float | None = None
    whole: bool = False

    def initial(self) -> float:
        return self.read(self.default)

    def read(self, raw: object) -> float:
        kind = "a whole number" if self.whole else "a number"
        if isinstance(raw, bool) or not isinstance(raw, int if self.whole else int | float):
            raise refuse(f"{show(raw)} is not {kind} ({self.unit})")
        if isinstance(raw, float) and not math.isfinite(raw):
            raise refuse(f"{show(raw)} is not a finite number ({self.unit})")
        low, high = self.bounds()
        if not raw >= low:
            raise refuse(f"{show(raw)} is below {show(low)} ({self.unit})")
        if not raw <= high:
            raise refuse(f"{show(raw)} is above {show(high)} ({self.unit})")
        return int(raw) if self.whole else float(raw) + 0.0  # + 0.0 turns -0.0 into 0.0

    def bounds(self) -> tuple[float, float]:
        """Least and greatest value; the largest floats where none is declared."""
        limit = float(np.finfo(float).max)
        return (-limit if self.low is None else self.low, limit if self.high is None else self.high)

    def schema(self) -> dict[str, Any]:
        bounds = {"minimum": self.low, "maximum": self.high}
        return {"type": "integer" if self.whole else "number"} | {k: v for k, v in bounds.items() if v is not None}

    def rows(self, name: str) -> Iterator[Row]:
        yield Row.of(self, name, default=self.default, low=self.low, high=self.high)


@dataclass(frozen=True, kw_only=True)
class Choice(Declaration):
    """One word out of a few."""

    default: str
    options: tuple[str, ...]

    def initial(self) -> str:
        return self.read(self.default)

    def read(self, raw: object) -> str:
        if not isinstance(raw, str) or raw not in self.options:
            near = suggestion(raw, self.options) if isinstance(raw, str) else ""
            raise refuse(f"{show(raw)} is not one of {', '.join(self.options)}{near}")
        return raw

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.options)}

    def rows(self, name: str) -> Iterator[Row]:
        yield Row.of(self, name, default=self.default, options=self.options)


@dataclass(frozen=True, kw_only=True)
class Date(Declaration):
    """A month within a range."""

    default: str
    low: str
    high: str

    def initial(self) -> Month:
        return self.read(self.default)

    def read(self, raw: object) -> Month:
        value = read_month(raw)
        if value < Month(self.low):
            raise refuse(f'"{value}" is before {self.low} ({self.unit})')
        if value > Month(self.high):
            raise refuse(f'"{value}" is after {self.high} ({self.unit})')
        return value

    def plain(self, value: Month) -> str:
        return str(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": MONTH_PATTERN}

    def rows(self, name: str) -> Iterator[Row]:
        yield Row.of(self, name, default=self.default, low=self.low, high=self.high)


MONTH_PATTERN = "^[0-9]{4}-(0[1-9]|1[0-2])$"


def read_month(raw: object) -> Month:
    """A month from a scenario file.

    Raises:
        RefusedError: anything but text such as "2017-01".
    """
    if isinstance(raw, Month):
        return raw
    if not isinstance(raw, str):
        raise refuse(f'{show(raw)} is not a month such as "2017-01" (with quotation marks)')
    try:
        return Month(raw)
    except ValueError as error:
        raise refuse(str(error)) from None
