"""A calendar month."""

from __future__ import annotations

import re
from typing import Self

from sim.parameters.words import show


class Month(int):
    """A calendar month, counted in months since January of the year 0.

    ``Month("2017-01")`` prints as ``2017-01``. Months are ordered; the difference of two is a number of months (a plain
    int), and a month plus a number of months is a month again.
    """

    def __new__(cls, value: str | int) -> Self:
        """Read ``"2017-01"`` (year-month), or take a count of months since January of the year 0.

        Raises:
            ValueError: the text is not a year and a month from 01 to 12.
        """
        if not isinstance(value, str):
            return super().__new__(cls, value)
        match = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", value)
        if match is None:
            raise ValueError(f'{show(value)} is not a month such as "2017-01"')
        return super().__new__(cls, int(match[1]) * 12 + int(match[2]) - 1)

    @property
    def year(self) -> int:
        """The calendar year."""
        return int(self) // 12

    @property
    def month(self) -> int:
        """The month of the year, 1 to 12."""
        return int(self) % 12 + 1

    def __add__(self, months: int) -> Month:
        """The month so many months later."""
        return Month(int(self) + int(months))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    def __repr__(self) -> str:
        return f'Month("{self}")'


def last_month(date: str) -> Month:
    """The last month of a date written as a year or as a month: ``"2019"`` is December 2019.

    Raises:
        ValueError: the text is neither a year nor a year and a month.
    """
    return Month(f"{date}-12" if re.fullmatch(r"[0-9]{4}", date) else date)
