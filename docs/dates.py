"""Writes docs/dates.md, the newest fact behind each default and each row of data, from the declarations and the files.

``python docs/dates.py`` rewrites the page; a test tells when it is old.
"""
# ruff: noqa: INP001  (a folder of texts with one script is no package)

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import sim
from sim.experiment.dated_data import DatedRow, ahead_of, dated_rows
from sim.experiment.dates import ORIGINS, AsOf, Basis, Rule, as_of, newest_facts
from sim.parameters import Month, last_month, plain_text

PAGE = Path(__file__).with_name("dates.md")

OPENING = Month("2013-12")

INTRODUCTION = """# What each default knows

Made by `python docs/dates.py` from the declarations in `sim/` and the files in `sim/data/`; do not edit by hand. A
forecast from an origin may use nothing that was not known there. This page shows what the shipped defaults and data
rest on; `sim.experiment.dates` gives the same lists to a program, and the scenario *as of* a month.
[calibration.md](calibration.md) tells which defaults were moved to meet facts.

**Newest fact**: the last month that the newest fact of Ningde behind a default or its range speaks of: a figure of
the city, of a county, of one of its firms or plants; of an event its month, of a plan the month in which it became
known. A year stands for its December. Facts that a default was moved to meet count.
**Print**: when the newest source of any kind appeared: press, national statistics, articles, laws. Where the source
does not date its print, the last period of which it gives figures: the true print is then later.

Two rules say what an origin knows. By the **fact**, what had happened by then counts as known. This is the
convention of `run.known_until`: the article of 26 December 2019 reports up to November 2019, and a run that knows
November 2019 knows what it reports. By the **print**, only what had also been printed counts, of Ningde or not.

What no date shows: a guess made by people who know how the story went on. "Assumption" says that no fact was used,
not that none was in mind; and the declared ranges, from which a forecast draws, may rest on later reading. Figures
that are "recalled" without a date stand among those without one.
"""

DATA = """## Data ahead of the origins

A run reads a project when it was announced, an outside figure when its year has ended, and every other row always.
Where a fact behind a row is later than the month from which it is read, the run knows more than it says. Rows of
`history.csv` have the date of the newest fact behind their sizes; of other files the newest date that the source
names counts, mostly that of a print about earlier years (the site of a leader, founded long before). Values of
`world.csv` are of the newest print, with later revisions in them: growth of the country is that after the census of
2018, and prices are those of the update named in the file. Of the census of November 2020 the opening takes three
tenths of the way from that of 2010; it was printed in May 2021. The national table is that of 2018 in every year:
its technology is no forecast at an origin before its print.
"""

HEAD = "| default | value | range | newest fact | print | grade | source |\n|---|---|---|---|---|---|---|"


def cell(text: str) -> str:
    """Text that cannot break a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def span(basis: Basis) -> str:
    """Range or options."""
    if basis.options:
        return ", ".join(basis.options)
    return "" if basis.low is None else f"{plain_text(basis.low)} to {plain_text(basis.high)}"


def line(basis: Basis) -> str:
    """One line of the table."""
    columns = (basis.name, plain_text(basis.value), span(basis), basis.newest_fact, basis.published, basis.grade)
    return f"| {' | '.join(cell(text) for text in (*columns, basis.source))} |"


def newest_first(found: Iterable[Basis]) -> list[Basis]:
    """Those with the newest fact first, then those with the newest print; in one month by name."""

    def order(basis: Basis) -> tuple[int, int, str]:
        fact, printed = (last_month(date) if date else Month(0) for date in (basis.newest_fact, basis.published))
        return -fact, -printed, basis.name

    return sorted(found, key=order)


def by_table(found: Iterable[Basis]) -> Iterator[str]:
    """One line a table of the scenario file: its names, short."""
    for table, group in groupby(found, key=lambda basis: basis.name.partition(".")[0]):
        yield f"- **{table}**: {', '.join(basis.name.partition('.')[2] for basis in group)}"


def listed(names: Sequence[str]) -> str:
    """Names in one sentence."""
    return ", ".join(f"`{name}`" for name in names) if names else "none"


def origin(month: Month) -> Iterator[str]:
    """What is later than an origin, by both rules."""
    yield f"## As of {month}\n"
    baseline = sim.load("baseline")
    known: dict[Rule, AsOf] = {"fact": as_of(baseline, month), "print": as_of(baseline, month, "print")}
    drawn = [basis.name for basis in known["fact"].drawn]
    further = [basis.name for basis in known["print"].drawn if basis.name not in drawn]
    yield f"By the fact, {len(drawn)} defaults are later; a forecast draws them from their range: {listed(drawn)}.\n"
    yield f"By the print, {len(further)} more: {listed(further)}.\n"
    for rule, found in known.items():
        off = [f"`{each.name}` ({each.date}; {each.reason})" for each in found.omitted]
        yield f"Policies of the baseline that are off by the {rule}: {', '.join(off) if off else 'none'}.\n"
    yield f"Data: {'; '.join(files(ahead_of(month))) or 'none'}.\n"


def files(rows: Sequence[DatedRow]) -> Iterator[str]:
    """Rows by file, with their dates where they are few."""
    for file, group in groupby(rows, key=lambda row: row.file):
        found = list(group)
        if len(found) > 12:
            yield f"`{file}`: {len(found)} rows"
        else:
            yield f"`{file}`: {', '.join(f'{row.row} ({row.newest_fact})' for row in found)}"


def opening() -> Iterator[str]:
    """What the position of December 2013 rests on that came later."""
    yield "## The opening of December 2013\n"
    tables = ("opening.", "io.", "prices.unit_value", "labour.jobs", "fiscal.tax", "fiscal.local", "fiscal.vat_rate")
    later = [
        f"`{basis.name}` ({basis.newest_fact or 'print ' + basis.published})"
        for basis in newest_facts()
        if basis.name.startswith(tables) and (basis.known("print") or OPENING) > OPENING
    ]
    rows = [row for row in dated_rows() if row.read_from is None and (row.newest_fact or OPENING) > OPENING]
    yield (
        "The opening is synthetic: no table of counties and industries of 2013 is at hand, so it is made of later "
        "figures carried back. Later than December 2013 are the dates behind these of its defaults (the newest fact, "
        f"or the print where there is no fact): {', '.join(later)}.\n\n"
        f"Later are those of these data: {'; '.join(files(rows))}.\n"
    )


def sections() -> Iterator[str]:
    """The whole page, part by part."""
    found = newest_facts()
    dated = newest_first(basis for basis in found if basis.known("print") is not None)
    yield INTRODUCTION
    for month in ORIGINS:
        yield "\n".join(origin(month))
    yield DATA
    yield "\n".join(opening())
    yield f"## Defaults with a date\n\n{len(dated)} of {len(found)}, those with the newest fact first.\n\n{HEAD}"
    yield from (line(basis) for basis in dated)
    undated = [basis for basis in found if basis.known("print") is None]
    yield (
        f"\n## Defaults without a date\n\n{len(undated)} of {len(found)}: assumptions, definitions, figures recalled "
        "without a date, and what follows from other defaults. Their sources stand in [parameters.md](parameters.md).\n"
    )
    yield from by_table(undated)


def page() -> str:
    """The whole page."""
    return "\n".join(sections()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
