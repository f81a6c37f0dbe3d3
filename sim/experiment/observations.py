"""Published figures as tidy rows: read from files, checked, turned into the units of the model, dated.

A row is a figure: ``region, variable, period, value, low, high, unit, published, source, grade, confidence, note``.
What the columns mean stands in docs/observations.md. Every fault of every file is found before anything is refused.

What was known at a time is what had been published by then (:meth:`Observations.known`); a figure that was revised
later counts as it was known at the time.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from sim import data
from sim.data import own_region
from sim.experiment.observables import FIRST, OBSERVABLES
from sim.experiment.observation_cells import GRADED, OPTIONAL, REQUIRED, CellsError, Figure, figure_of
from sim.experiment.periods import Period
from sim.parameters import Month
from sim.parameters.words import show, suggestion

SHIPPED = Path(data.__file__).with_name("observations.csv")
"""The figures of Ningde that come with the project, up to the end of 2021."""


def default_files() -> list[Path]:
    """The files that are read where none are named: the shipped one, or that of the user's own prefecture, if any."""
    own = own_region.folder()
    files = [SHIPPED if own is None else own / SHIPPED.name]
    return [file for file in files if file.is_file()]


SHIPPED_NAME = "sim/data/observations.csv"
"""What that file is called in messages, wherever the project is installed."""

WEAK = "R-low"
"""Mark of confidence of figures on which nothing may be calibrated."""


@dataclass(frozen=True)
class Observation:
    """A published figure.

    Attributes:
        region: the city or a county.
        variable: name of an observable, see :data:`sim.experiment.observables.OBSERVABLES`.
        period: the months, or the end of the month, that it speaks of.
        value, low, high: the figure and the range in which it is trusted, in :attr:`unit`; an endless end is open.
        unit: unit of the observable, whatever the file says.
        published: month in which it could first be read.
        source, grade, confidence, note: as in the file.
        file, line: where it stands.
    """

    region: str
    variable: str
    period: Period
    value: float
    low: float
    high: float
    unit: str
    published: Month
    source: str
    grade: str
    confidence: str
    note: str
    file: str
    line: int

    @property
    def subject(self) -> tuple[str, str, Period]:
        """What it is a figure of: variable, region and period."""
        return self.variable, self.region, self.period

    @property
    def weak(self) -> bool:
        """Whether it is recalled and unverified, so that nothing may be calibrated on it."""
        return self.confidence == WEAK

    @property
    def covered(self) -> bool:
        """Whether a run can give the figure: runs begin in January 2014, growth needs the year before."""
        return OBSERVABLES[self.variable].since(self.period) >= FIRST

    def __str__(self) -> str:
        """In a few words, for messages."""
        return f"{self.variable} of {self.region}, {self.period}"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a file or one of its lines (line 0: the whole file)."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        """One line for the reader."""
        return f"{self.file}:{self.line}: {self.text}" if self.line else f"{self.file}: {self.text}"


class ObservationsError(ValueError):
    """Files of observations that cannot be used as they are.

    Attributes:
        faults: everything that was found, in the order of the files.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Observations(Sequence[Observation]):
    """Figures in the order of their files; a sequence that does not change.

    Attributes:
        rows: the figures, with all that were published about the same subject.
        left_out: faults of the rows that were skipped on request.
    """

    rows: tuple[Observation, ...]
    left_out: tuple[Fault, ...] = ()

    @overload
    def __getitem__(self, at: int) -> Observation: ...
    @overload
    def __getitem__(self, at: slice) -> Observations: ...
    def __getitem__(self, at: int | slice) -> Observation | Observations:
        return Observations(self.rows[at], self.left_out) if isinstance(at, slice) else self.rows[at]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Observation]:
        return iter(self.rows)

    def where(self, keep: Callable[[Observation], bool]) -> Observations:
        """The figures for which something holds."""
        return Observations(tuple(row for row in self.rows if keep(row)), self.left_out)

    def of(self, variable: str) -> Observations:
        """The figures of an observable."""
        return self.where(lambda row: row.variable == variable)

    def latest(self) -> Observations:
        """One figure a subject: the one that was published last."""
        newest: dict[tuple[str, str, Period], Observation] = {}
        for row in self.rows:
            if row.subject not in newest or row.published > newest[row.subject].published:
                newest[row.subject] = row
        return self.where(lambda row: newest[row.subject] is row)

    def known(self, as_of: Month) -> Observations:
        """What could be read at the end of a month, one figure a subject: the one published last by then."""
        return self.where(lambda row: row.published <= as_of).latest()

    def after(self, origin: Month) -> Observations:
        """The figures about times that end after a month, one a subject: what a forecast made then is scored by.

        A figure about a time up to that month which was published later is in neither :meth:`known` nor here.
        """
        return self.where(lambda row: row.period.last > origin).latest()


def read_observations(paths: Sequence[str | Path] | None = None, *, skip_faulty: bool = False) -> Observations:
    """Read one or several files of published figures.

    Args:
        paths: CSV files, :data:`SHIPPED` among them if its figures are wanted too; :func:`default_files` if not given.
        skip_faulty: leave out the rows with faults and tell them in :attr:`Observations.left_out`. Of rows that
            contradict each other all are left out, of a row that stands twice the second.

    Raises:
        ObservationsError: something is wrong; every fault is named by file and line. A file that cannot be read as a
            table at all is refused in any case.
    """
    faults: list[Fault] = []
    rows: list[Observation] = []
    broken: list[Fault] = []
    for path in default_files() if paths is None else [Path(path) for path in paths]:
        name = SHIPPED_NAME if path == SHIPPED else str(path)
        try:
            table = _table(path, name)
        except ObservationsError as error:
            broken += error.faults
            continue
        for line, cells in table:
            found = _row(name, line, cells)
            if isinstance(found, Observation):
                rows.append(found)
            else:
                faults += found
    again, wrong = _compared(rows)
    faults += again
    if broken or (faults and not skip_faulty):
        raise ObservationsError(broken + faults)
    return Observations(tuple(row for row in rows if (row.file, row.line) not in wrong), tuple(faults))


# --- a file as a table ------------------------------------------------------------------------------------------------


def _table(path: Path, name: str) -> list[tuple[int, dict[str, str] | str]]:
    """Lines of a file, each with its cells by column, or with what is wrong with it as a whole.

    Raises:
        ObservationsError: it is no table of observations.
    """
    lines = _lines(path, name)
    if not lines:
        raise ObservationsError([Fault(name, 0, f"the file is empty; its heading has to be {','.join(REQUIRED)}")])
    at, heading = lines[0]
    columns = [cell.strip() for cell in heading]
    faults = [
        Fault(name, at, f"the column {column!r} is missing; needed are {', '.join(REQUIRED)}")
        for column in REQUIRED
        if column not in columns
    ]
    for number, column in enumerate(columns):
        if column not in (*REQUIRED, *OPTIONAL):
            near = suggestion(column, (*REQUIRED, *OPTIONAL))
            faults.append(Fault(name, at, f"unknown column {show(column)}{near}"))
        elif column in columns[:number]:
            faults.append(Fault(name, at, f"the column {column!r} stands twice"))
    if faults:
        raise ObservationsError(faults)
    return [(line, _cells(columns, cells)) for line, cells in lines[1:]]


def _lines(path: Path, name: str) -> list[tuple[int, list[str]]]:
    """Lines that are not empty, each with the number of its first line in the file."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader, found, before = csv.reader(file, strict=True), [], 0
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    found.append((before + 1, cells))
                before = reader.line_num
            return found
    except FileNotFoundError:
        raise ObservationsError([Fault(name, 0, "there is no such file")]) from None
    except OSError as error:
        raise ObservationsError([Fault(name, 0, f"it cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise ObservationsError([Fault(name, 0, "it is not UTF-8 text; save it as CSV UTF-8")]) from None
    except csv.Error as error:
        raise ObservationsError([Fault(name, before + 1, f"it is no CSV from here on: {error}")]) from None


def _cells(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str] | str:
    """Cells by column; a sentence where there are too many or too few."""
    if len(cells) != len(columns):
        return f"{len(cells)} cells, the heading has {len(columns)}; put quotes around a text with commas"
    return {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}


def _row(name: str, line: int, cells: dict[str, str] | str) -> Observation | list[Fault]:
    """A figure, or what is wrong with its line."""
    if isinstance(cells, str):
        return [Fault(name, line, cells)]
    try:
        figure = figure_of(cells)
    except CellsError as error:
        return [Fault(name, line, text) for text in error.texts]
    return _observation(figure, cells, name, line)


def _observation(figure: Figure, cells: dict[str, str], name: str, line: int) -> Observation:
    """A checked figure with what its row says in words."""
    return Observation(
        cells["region"],
        cells["variable"],
        figure.period,
        figure.value,
        figure.low,
        figure.high,
        figure.unit,
        figure.published,
        cells["source"],
        cells["grade"],
        cells.get("confidence", "") or GRADED[cells["grade"]],
        cells.get("note", ""),
        name,
        line,
    )


# --- rows beside each other -------------------------------------------------------------------------------------------


def _compared(rows: Sequence[Observation]) -> tuple[list[Fault], set[tuple[str, int]]]:
    """Rows that say the same or contradict each other.

    A second figure of a subject is a revision if it was published in another month, differs, and their ranges overlap.

    Returns:
        The faults, and file and line of the rows that cannot be used.
    """
    faults: list[Fault] = []
    wrong: set[tuple[str, int]] = set()
    by_subject: dict[tuple[str, str, Period], list[Observation]] = {}
    for row in rows:
        earlier = by_subject.setdefault(row.subject, [])
        texts = [text for other in earlier if (text := _conflict(row, other))]
        if texts:
            faults.append(Fault(row.file, row.line, texts[0]))
            against = [other for other in earlier if _apart(row, other)]
            wrong.update((one.file, one.line) for one in (row, *against))
        earlier.append(row)
    return faults, wrong


def _conflict(row: Observation, other: Observation) -> str:
    """What is wrong with a row beside an earlier one of the same subject; empty if it is a revision."""
    place = f"line {other.line}" if other.file == row.file else f"{other.file}:{other.line}"
    if _apart(row, other):
        return (
            f"{row} is {row.value:g} {row.unit} here and {other.value:g} in {place}, and their ranges do not overlap; "
            "keep one, or widen low and high"
        )
    if math.isclose(row.value, other.value, rel_tol=1e-9):  # the units may differ
        return f"{row} stands already in {place}; keep one of them"
    if row.published == other.published:
        return f"{row} stands already in {place}, published in the same month; keep one of them"
    return ""


def _apart(row: Observation, other: Observation) -> bool:
    """Whether two ranges have nothing in common."""
    return row.low > other.high or other.low > row.high
