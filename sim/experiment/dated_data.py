"""The dates behind the rows of data that make a run.

A row is *read from* a month: a project when it was announced, an outside figure when its year has ended, everything
else always. Its *newest fact* may be later: the size of a plant known since 2016 may have been worked out from
shipments of 2017. Where the two differ, a run that knows the world up to a month knows a little more than that;
:func:`ahead_of` lists where.

Rules, by file:

- ``history.csv``: read from ``announced``; the newest fact behind its sizes stands in the column ``newest_fact``. Its
  dates of work and production are facts of their own and are read only up to ``known_until``.
- ``world.csv``: read from December of ``year``, which is also the date of the fact. Values are of the newest print:
  later revisions are in them.
- ``leaders.csv``: a leader that enters later is read from the announcement of its first plant.
- ``national_2018.csv``: 2018, read always.
- all others: read always; the newest date that the source names counts, although it is mostly that of the print; none
  where it names none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from sim import data
from sim.parameters import Month, last_month

NAMES_OF_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_YEAR = r"(?:1[89]|20)[0-9]{2}"
_DATES = re.compile(
    rf"(?P<iso>(?<![0-9.,/-]){_YEAR}-(?:0[1-9]|1[0-2])(?![0-9]))"
    rf"|(?P<name>{'|'.join(NAMES_OF_MONTHS)})[a-z]* (?P<of>{_YEAR})(?![0-9])"
    rf"|(?P<year>(?<![0-9.,/]){_YEAR}(?![0-9]|[.,/][0-9]| ?(?:yuan|mu|mm|GWh|USD)))"
)
"""A month in figures (2019-12-26, 2019-12), a month by name (Dec 2019), or a year that is no part of another number."""


def dates_named(text: str) -> tuple[Month, ...]:
    """Every date that a source names, as its last month, in the order of the text; addresses of pages are left out."""
    found = []
    for match in _DATES.finditer(re.sub(r"https?://\S+|[a-z0-9.]+/\S+", " ", text)):
        if match["name"]:
            month = NAMES_OF_MONTHS.index(match["name"]) + 1
            found.append(Month(f"{match['of']}-{month:02d}"))
        else:
            found.append(last_month(match["iso"] or match["year"]))
    return tuple(found)


class DatedRow(NamedTuple):
    """One row of data.

    Attributes:
        file: the data file.
        row: what identifies the row in it.
        read_from: first month that a run must know to read the row; None: every run reads it.
        newest_fact: last month that the newest fact behind it speaks of, by the rule of the file; None: nothing dated.
        source: where it comes from.
    """

    file: str
    row: str
    read_from: Month | None
    newest_fact: Month | None
    source: str

    def read_at(self, known_until: Month) -> bool:
        """Whether a run reads the row that knows the world up to a month."""
        return self.read_from is None or self.read_from <= known_until


KEYS: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "history.csv": lambda row: row["code"],
    "world.csv": lambda row: f"{row['series']} {row['year']}",
    "leaders.csv": lambda row: row["code"],
    "opening_plants.csv": lambda row: f"{row['leader']} {row['product']} {row['park']}",
    "parks.csv": lambda row: row["code"],
    "prefecture.csv": lambda row: row["key"],
    "regions.csv": lambda row: row["code"],
    "minutes.csv": lambda row: f"{row['from']}-{row['to']}",
    "pairs.csv": lambda row: f"{row['coast']}-{row['mountain']}",
    "zoning.csv": lambda row: row["county"],
    "location_weights.csv": lambda row: row["product"],
    "products.csv": lambda row: row["code"],
    "sectors.csv": lambda row: row["code"],
}
"""The files that make a run beside the national table and the declared figures, and what names a row of each."""


def dated_rows() -> tuple[DatedRow, ...]:
    """Every row of data that the dynamics may read, with its dates, and the national table as one.

    Of ``history.csv`` only the plants of leaders are read; other firms stand there to compare with. Figures of
    ``coefficients.csv`` are parameters (:mod:`sim.experiment.dates`).
    """
    table = DatedRow(
        "national_2018.csv", "the whole table", None, last_month("2018"), "National Bureau of Statistics of China"
    )
    rows = [_dated(file, row) for file in KEYS for row in data.rows(file) if row.get("kind") != "named"]
    return (*rows, table)


def _dated(file: str, row: Mapping[str, str]) -> DatedRow:
    """The dates of one row, by the rule of its file."""
    read_from, newest = None, max(dates_named(row["source"]), default=None)
    if file == "history.csv":
        read_from, newest = Month(row["announced"]), last_month(row["newest_fact"])
    elif file == "world.csv":
        read_from = newest = last_month(row["year"])
    elif file == "leaders.csv" and row["enters"] != "opening":
        read_from = next(Month(each["announced"]) for each in data.rows("history.csv") if each["code"] == row["enters"])
    return DatedRow(file, KEYS[file](row), read_from, newest, row["source"])


def ahead_of(origin: Month) -> tuple[DatedRow, ...]:
    """The rows that a run reads although a fact behind them is later than what it is said to know.

    Args:
        origin: last month that is known.
    """
    return tuple(
        row for row in dated_rows() if row.read_at(origin) and row.newest_fact is not None and row.newest_fact > origin
    )
