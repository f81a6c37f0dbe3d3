"""Answers from many paired runs as tables: one question each, for the terminal and as CSV.

A dot after an interval says that it holds 0: the runs do not tell the effect from none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TextIO

import numpy as np
import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.experiment.attribution import Attribution, mix_name
from sim.experiment.comparison import ALL, CITY, Comparison, known
from sim.experiment.spread import SpreadStudy
from sim.report.comparison import regions

WIDTH = 100
"""Columns where there is no terminal."""

YEARS_TOLD = 6
"""Most years in a table of probabilities on the terminal; the CSV has them all."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a comparison.

    Attributes:
        variable: a variable of the ensemble.
        by: "region", "product" or "year": what stays apart in the view of differences.
        region: a region, or the city.
        product: a product, a chain, or all.
        year: a full year; the last one if not given.
        definition: series of the target.
        target: bn yuan; the usual one if not given.
        given: condition on the world, such as "Li above".
    """

    variable: str = "output"
    by: str = "region"
    region: str = CITY
    product: str | None = None
    year: int | None = None
    definition: str = "above_scale_output"
    target: float | None = None
    given: str | None = None


@dataclass(frozen=True)
class Answer:
    """A table with its heading and what a reader must know of it."""

    title: str
    frame: pd.DataFrame
    note: str = ""
    shown: pd.DataFrame | None = None

    @property
    def on_screen(self) -> pd.DataFrame:
        """The rows that a terminal shows."""
        return self.frame if self.shown is None else self.shown


def _product(found: Comparison, asked: Asked) -> str | None:
    """The product asked for; all together where the variable has products and none is named."""
    has = found.values(found.against, asked.variable).dims
    return asked.product or (ALL if "product" in has else None)


def difference(found: Comparison, asked: Asked) -> Answer:
    """Paired differences, one dimension apart."""
    year = found.years[-1] if asked.year is None else asked.year
    product = _product(found, asked)
    unit = found.values(found.against, asked.variable).attrs.get("unit", "")
    if asked.by == "region":
        frames = []
        for region in regions():
            frame = found.table(asked.variable, region=region, product=product, year=year)
            frame.insert(1, "region", region)
            frames.append(frame)
        frame, place = pd.concat(frames, ignore_index=True), f"{year}"
        frame = frame.sort_values("scenario", kind="stable", ignore_index=True)
    elif asked.by == "product":
        frame = found.table(asked.variable, region=asked.region, year=year)
        frame, place = frame[frame["base"] != 0].reset_index(drop=True), f"{asked.region}, {year}"
    else:
        frame, place = found.table(asked.variable, region=asked.region, product=product), asked.region
    columns = ["scenario", asked.by, "mean", "low", "high", "base", "positive", "reduction"]
    return Answer(
        f"{asked.variable}, {place}: less {found.against}, {unit}",
        frame[columns],
        "mean and 90 % interval of paired differences; base: mean of what it is compared with; positive: share of pairs"
        " in which it rises; reduction: share of the variance that common luck took away",
    )


def reach(found: Comparison, asked: Asked) -> Answer:
    """Probability of a target by year."""
    answer = found.reach(asked.target, asked.definition, asked.given)
    gains = answer.gains.rename(columns={"mean": "gain", "low": "gain_low", "high": "gain_high"})
    frame = answer.by_year.merge(gains, on=["scenario", "year"], how="left")
    years = sorted(set(frame["year"]))
    told = {years[round(at)] for at in np.linspace(0, len(years) - 1, min(YEARS_TOLD, len(years)))} if years else set()
    given = f", given {answer.given}" if answer.given else ""
    return Answer(
        f"Probability of {answer.target:,.0f} bn yuan over 12 months by December, {answer.definition}{given},"
        f" {answer.runs} runs",
        frame,
        "standing: share of runs at or above it in that December; gain: paired difference of probabilities",
        frame[frame["year"].isin(told)],
    )


def dates(found: Comparison, asked: Asked) -> Answer:
    """Distribution of the date of the usual target for each definition."""
    frame = found.reach_all(asked.given)
    return Answer(
        "First month at the target, bn yuan over 12 months, by definition",
        frame,
        "reached: share of runs that get there; p50: month by which half of all runs have; empty: not by the end",
    )


def additionality(found: Comparison, asked: Asked) -> Answer:
    """What a region gains, and what the others lose."""
    variable = asked.variable
    frames = []
    for policy in found.policies:
        frame = found.additionality(variable, policy, asked.year)
        frame.insert(0, "scenario", policy)
        frames.append(frame)
    when = "all years" if asked.year is None else str(asked.year)
    frame = pd.concat(frames, ignore_index=True)
    return Answer(
        f"{variable}, {when}: how much of a gain is drawn from the others",
        frame,
        "others: change in all other counties; drawn: part of the gain that they lose. Row city: sums of the counties"
        " that gain and of those that lose",
        frame.drop(columns=["others_low", "others_high", "net_low", "net_high"]),
    )


def inequality(found: Comparison, asked: Asked) -> Answer:
    """Inequality between places."""
    year = found.years[-1] if asked.year is None else asked.year
    return Answer(
        f"Inequality between places, {year}",
        found.inequality(year),
        "level: mean of runs; mean, low, high: paired difference",
    )


def cost(found: Comparison, asked: Asked) -> Answer:
    """Public cost by item, gains, and cost for a yuan gained."""
    del asked
    frames = []
    for policy in found.policies:
        frame = found.cost(policy)
        rows = [
            {"item": f"cost for a yuan of {label}", "mean": effect.mean, "low": effect.low, "high": effect.high}
            for label, effect in found.cost_per_yuan(policy).items()
        ]
        frame = pd.concat([frame, pd.DataFrame(rows)], ignore_index=True)
        frame.insert(0, "scenario", policy)
        frames.append(frame)
    return Answer(
        "Public cost and gain over the whole run, M yuan at 2018 prices",
        pd.concat(frames, ignore_index=True),
        "the interval of a ratio is Fieller's; without bounds where the gain may be nothing",
    )


def tails(found: Comparison, asked: Asked) -> Answer:
    """The bad end of a result."""
    year = found.years[-1] if asked.year is None else asked.year
    product = _product(found, asked)
    frame = found.tails(asked.variable, region=asked.region, product=product, year=year)
    return Answer(
        f"{asked.variable}, {asked.region}, {year}: the worst tenth",
        frame,
        "worst_tenth: mean of the lowest tenth of runs; ahead: share of pairs in which the policy is higher",
    )


def exceedance(found: Comparison, asked: Asked) -> Answer:
    """Share of runs at or above thresholds."""
    year = found.years[-1] if asked.year is None else asked.year
    product = _product(found, asked)
    frame = found.exceedance(asked.variable, region=asked.region, product=product, year=year)
    return Answer(f"{asked.variable}, {asked.region}, {year}: share of runs at or above a threshold", frame)


VIEWS: Mapping[str, Callable[[Comparison, Asked], Answer]] = {
    "difference": difference,
    "reach": reach,
    "dates": dates,
    "additionality": additionality,
    "inequality": inequality,
    "cost": cost,
    "tails": tails,
    "exceedance": exceedance,
}
"""Questions to a comparison, by name."""


def attribution(found: Attribution, asked: Asked) -> dict[str, Answer]:
    """Parts of the changes in a region and year, by county, and how they act together."""
    year = found.comparison.years[-1] if asked.year is None else asked.year
    has = found.comparison.values(mix_name(0, len(found.names)), asked.variable).dims
    product = asked.product or (ALL if "product" in has else None)
    where = f"{asked.variable}, {asked.region}, {year}"
    frame = found.table(asked.variable, region=asked.region, product=product, year=year)
    how = "all mixes" if found.plan.exact else "drawn orders"
    unit = found.comparison.values(mix_name(0, len(found.names)), asked.variable).attrs.get("unit", "")
    answers = {
        "parts": Answer(
            f"{where}: part of each change in {found.package} less {found.base}, {unit}",
            frame,
            f"Shapley values from {how}; they add up to the whole; alone: apart from the other changes",
        ),
        "counties": Answer(
            f"{asked.variable} by county and year: part of each change",
            found.table(asked.variable, product=product),
            shown=found.table(asked.variable, product=product, year=year).pipe(_wide),
        ),
    }
    if found.plan.exact:
        pairs = found.interactions(asked.variable, region=asked.region, product=product, year=year)
        answers["interactions"] = Answer(
            f"{where}: how two changes act together",
            pd.DataFrame(pairs.values, index=found.names, columns=found.names).rename_axis("change").reset_index(),
            "above 0 where they help one another",
        )
    return answers


def _wide(frame: pd.DataFrame) -> pd.DataFrame:
    """A row each county, a column each change; means only."""
    return frame.pivot_table(index="county", columns="change", values="mean", sort=False).reset_index()


def where_spread(study: SpreadStudy) -> Answer:
    """Parts of the sources of doubt."""
    frame = study.table()
    parts = frame.pivot_table(
        index=["headline", "mean", "sd", "evidence"], columns="source", values="total", sort=False
    )
    left = f"; {len(study.faults)} runs failed and their rows are left out" if study.faults else ""
    return Answer(
        f"Where the spread comes from: share of the variance that a source moves while the others stand,"
        f" {study.rows} rows, {study.runs} runs",
        frame,
        "sources that act together count in each of them; evidence: what sourced parameters move among all that figures"
        f" move. The CSV has parts that add up, with their intervals{left}",
        parts.reset_index(),
    )


# --- on the terminal --------------------------------------------------------------------------------------------------


def print_answers(answers: Mapping[str, Answer], file: TextIO | None = None) -> None:
    """Print tables on standard output or into a text file; 100 columns where there is no terminal."""
    console = Console(file=file, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    for answer in answers.values():
        console.print(Text(answer.title, "bold"))
        console.print(_table(answer.on_screen))
        if answer.note:
            console.print(Text(answer.note + ".", "italic"))
        console.print()


def _table(frame: pd.DataFrame) -> Table:
    """A frame as a table: words left, numbers right; repeated words of the first column once."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    number = {name: pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns}
    for name in frame.columns:
        heading = str(name).replace("_", " ").replace(".", ".\n")  # the table of a lever above its name
        table.add_column(heading, justify="right" if number[name] else "left", overflow="fold")
    last = ""
    for row in frame.itertuples(index=False):
        cells = [_cell(value) for value in row]
        first, cells[0] = cells[0], "" if cells[0] == last else cells[0]
        last = first
        table.add_row(*cells)
    return table


def _cell(value: object) -> str:
    """A number with four significant digits at most below a million; words as they are; nothing for NaN."""
    if not isinstance(value, float):  # numpy's float64 is one
        return str(value)
    if np.isnan(value):
        return ""
    if np.isinf(value):
        return "no bound"
    if value == 0:
        return "0"
    digits = max(0, 3 - int(np.floor(np.log10(abs(value)))))
    return f"{value:,.{min(digits, 4)}f}"


def to_csv(answer: Answer) -> str:
    """The whole table as CSV."""
    return answer.frame.to_csv(index=False, lineterminator="\n", float_format="%.10g")


def check(asked: Asked, found: Comparison) -> None:
    """Refuse what the views do not know, before anything is printed.

    Raises:
        ComparisonError: an unknown region, or a dimension that does not exist.
    """
    known("--by", asked.by, ("region", "product", "year"))
    found.amounts(found.against, asked.variable, region=asked.region, product=asked.product, year=asked.year)
