"""The cells of one published figure: what each may hold, and the figure that they make."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from sim.data import GRADES
from sim.experiment.followed import CITY
from sim.experiment.observables import OBSERVABLES, Observable, regions
from sim.experiment.periods import Period
from sim.parameters import Month
from sim.parameters.words import show, suggestion

Read = TypeVar("Read")

REQUIRED = ("region", "variable", "period", "value", "unit", "published", "source", "grade")
"""Columns that a file must have."""

OPTIONAL = ("low", "high", "confidence", "note")
"""Columns that it may have."""

GRADED: Mapping[str, str] = {"sourced": "B", "derived": "D", "recalled": "C", "assumed": "", "calibrate": ""}
"""Mark of confidence of a row that has none, by its grade."""

CONFIDENCE = ("A", "B", "C", "D", "R-high", "R-med", "R-low")
"""Marks of confidence, see sim/data/SOURCES.md."""


@dataclass(frozen=True)
class Figure:
    """A figure in the unit of its observable."""

    period: Period
    value: float
    low: float
    high: float
    unit: str
    published: Month


class CellsError(ValueError):
    """A row that cannot be used.

    Attributes:
        texts: a sentence for each fault.
    """

    def __init__(self, texts: list[str]) -> None:
        super().__init__("; ".join(texts))
        self.texts = texts


def figure_of(cells: Mapping[str, str]) -> Figure:
    """The figure of a row.

    Args:
        cells: all required columns and perhaps others, without spaces around.

    Raises:
        CellsError: with every fault of the row.
    """
    faults: list[str] = []

    def attempt(read: Callable[[], Read]) -> Read | None:
        """What could be read; a fault is kept."""
        try:
            return read()
        except ValueError as error:
            faults.append(str(error))
            return None

    observable = attempt(lambda: _observable(cells["variable"]))
    region = attempt(lambda: _region(cells["region"], observable))
    period = attempt(lambda: _period(cells["period"], observable))
    factor = attempt(lambda: _factor(cells["unit"], observable))
    numbers = attempt(lambda: _numbers(cells))
    published = attempt(lambda: _published(cells["published"], period))
    attempt(lambda: _words(cells))
    if observable is not None and numbers is not None and factor is not None:
        value, low, high = (number * factor for number in numbers)
        attempt(lambda: _meaning(value, cells, observable))
    if faults or region is None or observable is None or period is None or published is None:
        raise CellsError(faults)
    return Figure(period, value, low, high, observable.unit, published)


def _observable(name: str) -> Observable:
    """The observable of that name."""
    if name not in OBSERVABLES:
        near = suggestion(name, tuple(OBSERVABLES))
        raise ValueError(f"the model publishes no variable {show(name)}{near}; docs/observations.md lists them")
    return OBSERVABLES[name]


def _region(name: str, observable: Observable | None) -> str:
    """The region, where the observable has a meaning for it."""
    if name not in regions():
        near = suggestion(name, regions()) or f"; there are {', '.join(regions())}"
        raise ValueError(f"unknown region {show(name)}{near}")
    if observable is not None and observable.places == "city" and name != CITY:
        raise ValueError(f"{observable.name} is a figure of the whole city; write {CITY} as the region")
    if observable is not None and observable.places == "county" and name == CITY:
        raise ValueError(f"{observable.name} is a figure of a county, not of {CITY}")
    return name


def _period(text: str, observable: Observable | None) -> Period:
    """The period, where it is of the right kind."""
    period = Period.read(text)
    if observable is None or observable.kind == period.kind:
        return period
    if observable.kind == "position":
        raise ValueError(f"{observable.name} stands at the end of a month; write {period.last} instead of {text}")
    raise ValueError(f"{observable.name} is a figure of months; write {text}/{text} for the month, or a year")


def _factor(unit: str, observable: Observable | None) -> float:
    """What turns the unit into that of the observable."""
    if observable is None:
        return 1.0
    if unit not in observable.units:
        near = suggestion(unit, tuple(observable.units))
        raise ValueError(
            f"unknown unit {show(unit)} of {observable.name}{near}; it takes {', '.join(observable.units)}"
        )
    return observable.units[unit]


def _numbers(cells: Mapping[str, str]) -> tuple[float, float, float]:
    """Value, low and high as the row says; without a range half a unit of the last digit written."""
    value = _number(cells["value"], "value")
    if not math.isfinite(value):
        raise ValueError(f"value {show(cells['value'])} is no figure")
    half = rounding(cells["value"])
    low = _number(cells["low"], "low") if cells.get("low") else value - half
    high = _number(cells["high"], "high") if cells.get("high") else value + half
    if not low <= value <= high:
        raise ValueError(f"value {cells['value']} does not lie between low {low:g} and high {high:g}")
    return value, low, high


def _number(text: str, column: str) -> float:
    """A number as Python reads it."""
    try:
        number = float(text)
    except ValueError:
        comma = f"; write {text.replace(',', '')}" if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", text) else ""
        raise ValueError(f"{column} {show(text)} is no number{comma}") from None
    if math.isnan(number):
        raise ValueError(f"{column} {show(text)} is no number")
    return number


def rounding(text: str) -> float:
    """Half a unit of the last digit of a number as written: 0.05 for ``13.3``."""
    exponent = Decimal(text).as_tuple().exponent
    return 0.5 * 10.0**exponent if isinstance(exponent, int) else 0.0


def _published(text: str, period: Period | None) -> Month:
    """The month of publication, not before the period ended."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            datetime.date.fromisoformat(text)
        except ValueError:
            raise ValueError(f"published {show(text)} is no day of the calendar") from None
    elif not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text):
        raise ValueError(f"published {show(text)} is no date; write 2020-01-20, or 2020-01 where the day is not known")
    published = Month(text[:7])
    if period is not None and published < period.last:
        raise ValueError(
            f"published {text} lies before the end of the period, {period.last}; a goal or a plan is no observation"
        )
    return published


def _words(cells: Mapping[str, str]) -> None:
    """Source, grade and mark of confidence."""
    if not cells["source"]:
        raise ValueError('the source is missing; write where it was read, or "assumption"')
    if cells["grade"] not in GRADES:
        near = suggestion(cells["grade"], GRADES)
        raise ValueError(f"unknown grade {show(cells['grade'])}{near}; there are {', '.join(GRADES)}")
    mark = cells.get("confidence", "")
    if mark and mark not in CONFIDENCE:
        raise ValueError(f"unknown confidence {show(mark)}; there are {', '.join(CONFIDENCE)}")


def _meaning(value: float, cells: Mapping[str, str], observable: Observable) -> None:
    """A figure is within what its observable can be."""
    told = f"{observable.name} of {cells['value']} {cells['unit']}"
    if value < observable.low or (value == 0.0 and observable.scale == "log"):
        least = "0 or less" if observable.scale == "log" else f"below {observable.low:g} {observable.unit}"
        raise ValueError(f"{told} is {least}, which it cannot be")
    if value > observable.high:
        unit = "; is the unit %?" if "%" in observable.units and cells["unit"] != "%" else ""
        raise ValueError(f"{told} is above {observable.high:g} {observable.unit}, which it cannot be{unit}")
    if observable.whole and abs(value - round(value)) > 1e-6 * max(1.0, abs(value)):  # 3.14 million persons is whole
        raise ValueError(f"{told} is no whole number of {observable.unit}")
