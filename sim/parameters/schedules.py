"""Dated values by product: a table that names products, each with a constant or a dated list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import data
from sim.parameters.declarations import Declaration, Number, Row
from sim.parameters.levers import Lever, LeverRule
from sim.parameters.months import Month
from sim.parameters.words import Place, RefusedError, refuse, show, unknown

Floats = NDArray[np.float64]


@lru_cache(maxsize=1)
def product_codes() -> tuple[str, ...]:
    """Codes of the products in the order of the model (sim/data/products.csv)."""
    return tuple(row["code"] for row in data.rows("products.csv"))


@dataclass(frozen=True)
class Schedule:
    """Dated values of some products.

    Attributes:
        neutral: value of a product that is not named, and of a named one before its first date.
        courses: course of each named product, in the order of the model.
    """

    neutral: float
    courses: tuple[tuple[str, Lever], ...] = ()

    def values(self, start: Month, months: int) -> Floats:
        """(months, K) the values in every month from ``start``, products in the order of the model."""
        values = np.full((months, len(product_codes())), self.neutral)
        for code, course in self.courses:
            values[:, product_codes().index(code)] = course.values(start, months, ())
        return values


@dataclass(frozen=True, kw_only=True)
class ScheduleRule(Declaration):
    """A table of products with a constant or a dated list each; nobody is named by default.

    Attributes:
        value: declaration of a single value; its default is the neutral value.
    """

    value: Number

    def initial(self) -> Schedule:
        return Schedule(self.value.initial())

    @property
    def course(self) -> LeverRule:
        """How the course of one product is read: like a lever of the city."""
        about: dict[str, Any] = {"unit": self.unit, "grade": self.grade, "source": self.source, "symbol": self.symbol}
        return LeverRule(
            value=self.value,
            scope="city",
            neutral=self.value.default,
            starts=None,
            payer="nobody: outside condition",
            **about,
        )

    def read(self, raw: object) -> Schedule:
        if isinstance(raw, Schedule):
            raw = self.plain(raw)
        if not isinstance(raw, dict):
            raise refuse(f'{show(raw)} is not a table of products such as {{ B_CATH = [{{ from = "2020-01", ... }}] }}')
        courses: dict[str, Lever] = {}
        faults: list[tuple[Place, str]] = []
        for key, item in raw.items():
            if key not in product_codes():
                faults.append(((key,), unknown(key, product_codes(), len(faults))))
                continue
            try:
                courses[key] = self.course.read(item)
            except RefusedError as refusal:
                faults += [((key, *place), sentence) for place, sentence in refusal.faults]
        if faults:
            raise RefusedError(faults)
        ordered = tuple((code, courses[code]) for code in product_codes() if code in courses)
        return Schedule(self.value.initial(), ordered)

    def plain(self, value: Schedule) -> dict[str, Any]:
        return {code: course.plain() for code, course in value.courses}

    def schema(self) -> dict[str, Any]:
        course = self.course.schema()
        properties = dict.fromkeys(product_codes(), course)
        return {"type": "object", "properties": properties, "additionalProperties": False}

    def rows(self, name: str) -> Iterator[Row]:
        yield Row.of(self, name, default="none", low=self.value.low, high=self.value.high)
