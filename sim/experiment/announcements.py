"""What was announced: output and capacity of plants and chains, and goals, for the rival forecast "announced capacity".

Announcements are no observations: nothing is calibrated on them or scored by them, and the model never reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sim import data
from sim.experiment.observables import regions
from sim.parameters import Month

KINDS = ("plant", "sum", "goal")
"""One plant, many projects added up, or a goal; they overlap and must not be added across kinds."""


@dataclass(frozen=True)
class Announcement:
    """One announcement.

    Attributes:
        place: the city or a county.
        cluster: chain, or ``INDUSTRY`` for all of it.
        kind: one of :data:`KINDS`.
        name: plant or goal.
        announced: month of the announcement.
        published: month of the publication that gives the figures, so that they could be known.
        planned: month for which it was planned; None if not said.
        output: bn yuan a year; None if not said.
        capacity, capacity_unit: physical capacity and its unit; None and empty if not said.
        source, grade, confidence, note: as in the file.
        line: where it stands.
    """

    place: str
    cluster: str
    kind: str
    name: str
    announced: Month
    published: Month
    planned: Month | None
    output: float | None
    capacity: float | None
    capacity_unit: str
    source: str
    grade: str
    confidence: str
    note: str
    line: int


def read_announcements(rows: list[dict[str, str]] | None = None) -> tuple[Announcement, ...]:
    """The announcements in the order of their publication.

    Args:
        rows: cells by column; those of the shipped file if not given.

    Raises:
        ValueError: a cell cannot be used; the message names the line.
    """
    table = data.rows("announcements.csv") if rows is None else rows
    return tuple(_announcement(line, cells) for line, cells in enumerate(table, start=2))


def known_announcements(as_of: Month) -> tuple[Announcement, ...]:
    """The shipped announcements whose figures could be read at the end of a month."""
    return tuple(one for one in read_announcements() if one.published <= as_of)


def _announcement(line: int, cells: Mapping[str, str]) -> Announcement:
    """One row."""
    try:
        found = Announcement(
            cells["place"],
            cells["cluster"],
            cells["kind"],
            cells["name"],
            Month(cells["announced"]),
            Month(cells["published"][:7]),
            Month(cells["planned"]) if cells["planned"] else None,
            float(cells["output_bn"]) if cells["output_bn"] else None,
            float(cells["capacity"]) if cells["capacity"] else None,
            cells["capacity_unit"],
            cells["source"],
            cells["grade"],
            cells["confidence"],
            cells["note"],
            line,
        )
        _check(found)
    except ValueError as error:
        raise ValueError(f"{data.place('announcements.csv')}:{line}: {error}") from None
    return found


def _check(one: Announcement) -> None:
    """An announcement has a known place and kind, says something, and is published when it is announced or later."""
    if one.place not in regions():
        raise ValueError(f"unknown place {one.place!r}")
    if one.kind not in KINDS:
        raise ValueError(f"unknown kind {one.kind!r}; there are {', '.join(KINDS)}")
    if one.output is None and one.capacity is None:
        raise ValueError("neither output nor capacity is given")
    if any(amount is not None and not amount > 0 for amount in (one.output, one.capacity)):
        raise ValueError("output and capacity have to be above 0")
    if (one.capacity is None) != (not one.capacity_unit):
        raise ValueError("capacity and its unit go together")
    if one.published < one.announced:
        raise ValueError(f"published in {one.published}, before it was announced in {one.announced}")
