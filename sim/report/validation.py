"""Published facts beside the bands of an ensemble: verdicts, the printed table, CSV and Markdown.

The rules are few and stand in docs/validation.md. A band is that of the runs, not of the model's truth: it holds chance
(demand, luck of projects, firms), not the doubt about parameters, unless the scenario's runs differ in them.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from sim import data
from sim.experiment.moments import GROUPS, MOMENTS, Moment
from sim.experiment.validation import KNOWN, LATER, PATHS, measurable
from sim.parameters import Month
from sim.report.style import month_name
from sim.results.tables import harmless

Floats = NDArray[np.float64]

TOO_WIDE = 1.0
"""Width of the 90 % band over the size of the fact above which the band shows nothing (a decision of this project).

A band of width 1 around a fact in its middle reaches from half of it to one and a half times it."""

SURE = 0.9
"""Share of the runs that must agree on a fact of one side (a sign, "more than") for a verdict."""

FEWEST_MEASURED = 0.5
"""Share of the runs that must give a number for a band to be shown."""

ENOUGH_RUNS = 30
"""Runs below which a 90 % band is hardly known (a decision of this project): of fewer, one or two lie outside it."""

INSIDE, ABOVE, BELOW, WIDE = "inside", "model above", "model below", "too wide"
HOLDS, FAILS, OPEN = "holds", "fails", "open"
NO_FACT, NOT_MEASURED, NOT_HERE = "no figure", "not measured", "not in this version"

VERDICTS: dict[str, str] = {
    INSIDE: "the published figure lies in the 90 % band of the runs",
    ABOVE: "the whole 90 % band lies above the published figure",
    BELOW: "the whole 90 % band lies below it",
    WIDE: "it lies inside, but the band is wider than the figure itself and would hold nearly anything",
    HOLDS: "a sign or one-sided statement is true in at least 90 % of the runs",
    FAILS: "it is true in at most 10 %",
    OPEN: "it is true in some runs and not in others",
    NO_FACT: "nothing was published to compare with",
    NOT_MEASURED: "fewer than half of the runs give a number",
    NOT_HERE: "the model cannot give it yet",
}
"""Every verdict and what it means."""


@dataclass(frozen=True)
class Fact:
    """What was published.

    Attributes:
        value: the figure.
        low, high: its own range by rounding or by doubt; an endless one says that only one side is known.
        unit, source, grade: as in the data.
    """

    value: float
    low: float
    high: float
    unit: str
    source: str
    grade: str

    @property
    def one_sided(self) -> bool:
        """Whether it only says "more than" or "less than"."""
        return math.isinf(self.low) or math.isinf(self.high)

    @property
    def size(self) -> float:
        """What a width is measured against: the figure's absolute value, or its own range where that is larger."""
        return abs(self.value) if self.one_sided else max(abs(self.value), self.high - self.low)


def facts() -> dict[str, Fact]:
    """Published figures by the name of their moment."""
    return {
        row["name"]: Fact(
            float(row["value"]), float(row["low"]), float(row["high"]), row["unit"], row["source"], row["grade"]
        )
        for row in data.rows("targets.csv")
    }


@dataclass(frozen=True)
class Band:
    """Quantiles of a moment over the runs.

    Attributes:
        runs: runs that gave a number.
        asked: runs that were asked.
        median, low50, high50, low90, high90: 50, 25, 75, 5 and 95 % points; NaN without a number.
    """

    runs: int
    asked: int
    median: float
    low50: float
    high50: float
    low90: float
    high90: float

    @classmethod
    def of(cls, values: Floats) -> Band:
        """The band of values by run; NaN where a run gave no number."""
        known = values[~np.isnan(values)]
        points = np.quantile(known, (0.5, 0.25, 0.75, 0.05, 0.95)) if known.size else np.full(5, np.nan)
        return cls(known.size, values.size, *(float(point) for point in points))

    @property
    def measured(self) -> bool:
        """Whether enough runs gave a number."""
        return self.runs > 0 and self.runs >= FEWEST_MEASURED * self.asked


def relative_width(band: Band, fact: Fact) -> float:
    """Width of the 90 % band over the size of the fact; NaN for a fact of size 0 or of one side."""
    if fact.one_sided or fact.size == 0:
        return float("nan")
    return (band.high90 - band.low90) / fact.size


def share_within(values: Floats, fact: Fact) -> float:
    """Share of the runs whose figure lies in the fact's own range; NaN without a number."""
    known = values[~np.isnan(values)]
    return float(((known >= fact.low) & (known <= fact.high)).mean()) if known.size else float("nan")


def verdict(values: Floats, fact: Fact | None) -> str:
    """What the runs say about a fact.

    Args:
        values: the moment by run, NaN where a run gave no number.
        fact: what was published; None for nothing.

    Returns:
        One of :data:`VERDICTS`.
    """
    band = Band.of(values)
    if not band.measured:
        return NOT_MEASURED
    if fact is None:
        return NO_FACT
    if fact.one_sided:
        agreed = share_within(values, fact)
        return HOLDS if agreed >= SURE else FAILS if agreed <= 1.0 - SURE else OPEN
    if band.low90 > fact.high:
        return ABOVE
    if band.high90 < fact.low:
        return BELOW
    return WIDE if relative_width(band, fact) > TOO_WIDE else INSIDE


@dataclass(frozen=True)
class Line:
    """A moment with its fact, its values over the runs, and the verdict."""

    moment: Moment
    fact: Fact | None
    values: Floats
    late: bool
    world: str

    @cached_property
    def band(self) -> Band:
        """Quantiles over the runs."""
        return Band.of(self.values)

    @cached_property
    def verdict(self) -> str:
        """What the runs say."""
        return verdict(self.values, self.fact) if measurable(self.moment) else NOT_HERE


@dataclass(frozen=True)
class Validation:
    """All lines of an ensemble, and what one must know of it.

    Attributes:
        scenario: its name.
        known_until: last month with known facts, such as "2019-11".
        seeds: seeds asked for.
        faults: part, seed and reason of each run that failed.
        lines: a line a moment, in the order of the registry.
    """

    scenario: str
    known_until: str
    seeds: int
    faults: tuple[tuple[str, int, str], ...]
    lines: tuple[Line, ...]

    @property
    def runs(self) -> int:
        """Runs that came to their end, in the part of the ensemble with fewer of them."""
        lost = Counter(part for part, _, _ in self.faults)
        return self.seeds - max(lost.values(), default=0)

    def counts(self, late: bool) -> dict[str, int]:
        """Verdicts and how often each was reached, facts known or out of sample, in the order of :data:`VERDICTS`."""
        found = [line.verdict for line in self.lines if line.late == late]
        return {name: found.count(name) for name in VERDICTS if name in found}


HEAD = ("scenario", "hash", "known_until", "seed", "part", "world", "fault")
"""Columns of the table of moments that are no moment."""


def validation(table: pd.DataFrame) -> Validation:
    """The facts beside the moments of an ensemble.

    Args:
        table: as :func:`sim.experiment.validation.moment_table` makes it, or as read from its file.

    Raises:
        ValueError: the table lacks a column, or mixes scenarios.
    """
    missing = [name for name in HEAD if name not in table]
    if missing or table.empty:
        lack = f"lacks the column {missing[0]!r}" if missing else "has no rows"
        raise ValueError(f"this is no table of moments as ningde validate writes it: it {lack}")
    if table["hash"].nunique() > 1 or table["known_until"].nunique() > 1:
        raise ValueError("the rows come from different scenarios; validate one at a time")
    known_until, published = str(table["known_until"].iloc[0]), facts()
    split = (table["part"] == LATER).any()
    lines = []
    for name, moment in MOMENTS.items():
        late = bool(moment.month) and Month(moment.month) > Month(known_until)
        rows = table[table["part"] == (LATER if late and split else KNOWN)]
        good = rows[rows["fault"].fillna("") == ""]
        values = good[name].to_numpy(dtype=np.float64) if name in good else np.full(len(good), np.nan)
        world = str(rows["world"].iloc[0]) if len(rows) else ""
        lines.append(Line(moment, published.get(name), values, late, world))
    failed = table[table["fault"].fillna("") != ""]
    faults = tuple((str(row["part"]), int(row["seed"]), str(row["fault"])) for _, row in failed.iterrows())
    name = str(table["scenario"].iloc[0])
    return Validation(name, known_until, table["seed"].nunique(), faults, tuple(lines))


def read_moments(file: Path) -> pd.DataFrame:
    """A table of moments from its file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no CSV.
    """
    try:
        return pd.read_csv(file, dtype={"fault": str, "scenario": str, "known_until": str}, keep_default_na=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"this is no CSV: {str(error).strip()}") from None


def read_paths(file: Path) -> pd.DataFrame | None:
    """The monthly series beside a table of moments; None if they do not lie there or are something else."""
    if not file.is_file():
        return None
    try:
        found = pd.read_csv(file)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        return None
    return found if {"seed", "part", "month", *PATHS} <= set(found.columns) else None


# --- figures in words -------------------------------------------------------------------------------------------------


THOUSANDS = 10_000.0
"""Figures from here on are told in thousands."""


def figure_text(value: float, moment: Moment) -> str:
    """A figure for readers: per cent where it reads best, three or so digits otherwise."""
    if math.isnan(value):
        return "-"
    if moment.percent:
        return f"{100 * value:.{0 if abs(value) >= 2 else 1}f} %"
    if abs(value) >= THOUSANDS:
        return f"{value / 1e3:,.0f}k"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if float(value).is_integer() and abs(value) >= 1:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def band_text(low: float, high: float, moment: Moment, between: str = " to ") -> str:
    """A band for readers: "12.0 to 14.2 %"."""
    if math.isnan(low):
        return "-"
    left = figure_text(low, moment)
    return f"{left.removesuffix(' %')}{between}{figure_text(high, moment)}"


def fact_text(line: Line) -> str:
    """The published figure; a fact of one side says so."""
    if line.fact is None:
        return "-"
    if not line.fact.one_sided:
        return figure_text(line.fact.value, line.moment)
    sign, bound = (">", line.fact.low) if math.isinf(line.fact.high) else ("<", line.fact.high)
    return f"{sign} {figure_text(bound, line.moment) if bound else '0'}"


def width_text(line: Line) -> str:
    """Relative width of the band, "0.4"; a dash where there is none."""
    if line.fact is None or not line.band.measured:
        return "-"
    width = relative_width(line.band, line.fact)
    return "-" if math.isnan(width) else f"{width:.2f}"


def label_text(line: Line) -> str:
    """Label of a line, marked where it is out of sample."""
    return f"{line.moment.label} °" if line.late else line.moment.label


LABEL, PUBLISHED, MEDIAN, HALF, MOST, WIDTH, VERDICT, GRADE = (
    "",
    "published",
    "median",
    "50 % band",
    "90 % band",
    "width",
    "verdict",
    "grade",
)

COLUMNS: Mapping[str, int] = {
    LABEL: 28,
    PUBLISHED: 9,
    MEDIAN: 7,
    HALF: 16,
    MOST: 16,
    WIDTH: 5,
    VERDICT: 19,
    GRADE: 9,
}
"""Columns of the table and their width where it is printed."""

SHORT_COLUMNS: Mapping[str, int] = {LABEL: 28, PUBLISHED: 8, MEDIAN: 7, MOST: 14, VERDICT: 19}
"""Columns where there is less room, and their width."""

LEFT = (LABEL, VERDICT, GRADE)
"""Columns of words."""

WIDE_TABLE, NARROW_TABLE = 118, 80
"""Columns of a terminal that the whole table and the short one need."""


def cells(line: Line, between: str = " to ") -> dict[str, str]:
    """The cells of a line by column; low and high end of a band with a text between them."""
    band, moment, shown = line.band, line.moment, line.verdict not in (NOT_HERE, NOT_MEASURED)
    return {
        LABEL: label_text(line),
        PUBLISHED: fact_text(line),
        MEDIAN: figure_text(band.median, moment) if shown else "-",
        HALF: band_text(band.low50, band.high50, moment, between) if shown else "-",
        MOST: band_text(band.low90, band.high90, moment, between) if shown else "-",
        WIDTH: width_text(line) if shown else "-",
        VERDICT: line.verdict,
        GRADE: line.fact.grade if line.fact else "-",
    }


def headline(found: Validation) -> list[str]:
    """What was run and what came of it, a sentence a line."""
    known = month_name(found.known_until)
    texts = [
        f"{found.scenario}, {found.seeds} seeds. Facts known until {known}; ° marks facts after it (out of sample)."
    ]
    if found.runs < ENOUGH_RUNS:
        texts.append(
            f"Caution: a 90 % band of {found.runs} runs is hardly known; "
            f"take {ENOUGH_RUNS} or more seeds before you trust a verdict."
        )
    for late, words in ((False, "Known facts"), (True, "Out of sample")):
        counts = found.counts(late)
        if counts:
            texts.append(f"{words}: " + ", ".join(f"{count} {name}" for name, count in counts.items()) + ".")
    texts += [f"Seed {seed} ({part}) is missing: {fault}" for part, seed, fault in found.faults]
    return texts


RULES = (
    "inside: the published figure, with its own range, lies in the 90 % band of the runs.",
    "too wide: it does, but the band is wider than the figure is large (width above 1).",
    "holds, fails: a sign or one-sided statement is true in 90 % of the runs, or in 10 %.",
    "A band holds chance, not the doubt about parameters.",
)
"""The rules in short, below the printed table."""

COLOURS = {INSIDE: "green", HOLDS: "green", ABOVE: "red", BELOW: "red", FAILS: "red", WIDE: "yellow", OPEN: "yellow"}


def print_validation(found: Validation) -> None:
    """Print the table, in the width there is: fewer columns in a narrow terminal, nothing cut off in either."""
    console = Console(highlight=False)
    known = console.is_terminal or "COLUMNS" in os.environ
    width = console.width if known else WIDE_TABLE
    console.width = max(width, NARROW_TABLE)
    columns, between = (COLUMNS, " .. ") if width >= WIDE_TABLE else (SHORT_COLUMNS, "..")
    for text in headline(found):
        console.print(text, markup=False)
    console.print()
    console.print(_row(columns, {name: name for name in columns}), style="bold")
    for group in GROUPS:
        console.print(Text(group, style="bold"))
        for line in found.lines:
            if line.moment.group == group:
                row = _row(columns, cells(line, between))
                row.highlight_words([line.verdict], COLOURS.get(line.verdict, ""))
                console.print(row, no_wrap=True, overflow="ignore", crop=False)
    console.print()
    for text in RULES:
        console.print(text, markup=False, style="dim")


def _row(columns: Mapping[str, int], texts: Mapping[str, str]) -> Text:
    """One line of the printed table; a cell wider than its column pushes the others, it is not cut."""
    parts = [
        f"{texts[name]:<{width}}" if name in LEFT else f"{texts[name]:>{width}}" for name, width in columns.items()
    ]
    return Text(" ".join(parts).rstrip())


# --- files ------------------------------------------------------------------------------------------------------------


def to_csv(found: Validation) -> str:
    """Everything as CSV, a row a moment; every text harmless to a spreadsheet."""
    rows = []
    for line in found.lines:
        moment, fact, band = line.moment, line.fact, line.band
        rows.append(
            {
                "scenario": found.scenario,
                "moment": moment.name,
                "group": moment.group,
                "label": moment.label,
                "unit": moment.unit,
                "text": moment.text or moment.missing,
                "month": moment.month,
                "out_of_sample": line.late,
                "world": line.world,
                "published": fact.value if fact else np.nan,
                "published_low": fact.low if fact else np.nan,
                "published_high": fact.high if fact else np.nan,
                "runs": band.runs,
                "median": band.median,
                "p05": band.low90,
                "p25": band.low50,
                "p75": band.high50,
                "p95": band.high90,
                "relative_width": relative_width(band, fact) if fact and band.runs else np.nan,
                "share_in_published_range": share_within(line.values, fact) if fact else np.nan,
                "verdict": line.verdict,
                "parameters": " ".join(moment.parameters),
                "grade": fact.grade if fact else "",
                "source": fact.source if fact else "",
            }
        )
    frame = pd.DataFrame(rows)
    texts = frame.select_dtypes(include=["object", "string"]).columns
    safe = frame.assign(**{name: frame[name].map(lambda text: harmless(str(text))) for name in texts})
    return str(safe.to_csv(index=False, lineterminator="\n", float_format="%.10g"))


def markdown_tables(found: Validation) -> list[str]:
    """Headline and a table a group, as lines of Markdown."""
    lines = [f"- {text}" for text in headline(found)]
    for group in GROUPS:
        head = (group, *list(COLUMNS)[1:])
        lines += ["", f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(COLUMNS) - 3)}---|---|"]
        members = [line for line in found.lines if line.moment.group == group]
        lines += [f"| {' | '.join(cells(line)[name].replace('|', '/') for name in COLUMNS)} |" for line in members]
    return lines


def to_markdown(found: Validation, figures: Sequence[str] = ()) -> str:
    """The report as a page of Markdown.

    Args:
        found: what was found.
        figures: names of the image files beside it.
    """
    lines = [f"# Facts and bands: {found.scenario}", "", *markdown_tables(found), ""]
    lines += [f"![{name.removesuffix('.png')}]({name})\n" for name in figures]
    lines += ["## How to read it", "", *(f"- **{name}**: {text}." for name, text in VERDICTS.items()), ""]
    lines += [
        "## What each line is",
        "",
        "| | unit | measured | period ends | published by | parameters that speak to it |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for line in found.lines:
        moment = line.moment
        source = line.fact.source if line.fact else "-"
        texts = (
            moment.label,
            moment.unit,
            moment.text or moment.missing,
            moment.month or "no date",
            source,
            ", ".join(moment.parameters),
        )
        lines.append(f"| {' | '.join(text.replace('|', '/') for text in texts)} |")
    return "\n".join(lines) + "\n"
