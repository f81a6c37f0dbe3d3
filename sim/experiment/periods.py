"""The time that a published figure speaks of: a year, some months, or the end of a month."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sim.parameters import Month
from sim.parameters.words import show
from sim.state import YEAR

PeriodKind = Literal["months", "position"]
"""Months are added up or compared with those of the year before; a position stands at the end of one month."""


@dataclass(frozen=True, order=True)
class Period:
    """Months from the first to the last, or the end of a month.

    Attributes:
        first, last: first and last month; the same for a position.
        kind: "months" for what happened in them, "position" for what stood at the end of the last.
    """

    first: Month
    last: Month
    kind: PeriodKind = "months"

    @classmethod
    def of_year(cls, year: int, months: int = YEAR) -> Period:
        """The first months of a year, all of them if not said."""
        return cls(Month(f"{year}-01"), Month(f"{year}-{months:02d}"))

    @classmethod
    def at(cls, month: str) -> Period:
        """The end of a month."""
        return cls(Month(month), Month(month), "position")

    @classmethod
    def read(cls, text: str) -> Period:
        """Read ``2019`` (a year), ``2019-01/2019-11`` (months) or ``2019-11`` (the end of a month).

        Raises:
            ValueError: the text is none of these, or ends before it begins; the message says so.
        """
        if re.fullmatch(r"[0-9]{4}", text):
            return cls.of_year(int(text))
        parts = text.split("/")
        try:
            months = [Month(part) for part in parts]
        except ValueError:
            months = []
        if len(months) == 1:
            return cls(months[0], months[0], "position")
        if len(months) != 2:
            raise ValueError(
                f"{show(text)} is no period: write 2019 for a year, 2019-01/2019-11 for months, "
                "2019-11 for the end of a month"
            )
        if months[1] < months[0]:
            raise ValueError(f"the period {text} ends before it begins")
        return cls(months[0], months[1])

    @property
    def months(self) -> int:
        """Number of months, 1 for a position."""
        return self.last - self.first + 1

    @property
    def year_before(self) -> Period:
        """The same months of the year before."""
        return Period(self.first + -YEAR, self.last + -YEAR, self.kind)

    def __str__(self) -> str:
        """As it is read."""
        if self.kind == "position":
            return str(self.last)
        whole = self.first.month == 1 and self.months == YEAR
        return f"{self.first.year:04d}" if whole else f"{self.first}/{self.last}"
