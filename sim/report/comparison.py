"""Policies beside what they are compared with, for the terminal and as CSV.

Every amount is a mean paired difference with its 90 % interval. Where the interval holds 0 the table says so with a
dot: the runs do not tell an effect from none, however large the mean may look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TextIO

import numpy as np
import pandas as pd
from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.data import prefecture
from sim.experiment.comparison import CITY, Comparison
from sim.report.ensemble_values import DEFINITIONS, MEASURES, Measure, words
from sim.report.style import month_name
from sim.world import GROUPS, load_world

Cell = Mapping[str, Any]
"""Mean, low, high and base of a difference."""

WIDTH = 100
"""Columns where there is no terminal."""

SHOWN = ("output", "value_added", "jobs", "local_tax", "public_debt")
"""Measures of the table on the terminal; the CSV has them all."""

REACHED = ("above_scale_output", "above_scale_output_real", "without_chain_double_counting", "four_chains", "gdp")
"""Definitions of the table on the terminal."""

SHORT: Mapping[str, str] = {
    "above_scale_output": "Above-scale output, current prices",
    "above_scale_output_real": "Above-scale output, 2018 prices",
    "without_chain_double_counting": "Without double counting, current prices",
    "four_chains": "Four chains, current prices",
    "four_chains_real": "Four chains, 2018 prices",
}
"""Definitions where there is little room."""

NOT_TOLD = "."
"""Mark of a difference whose interval holds 0."""


def regions() -> tuple[str, ...]:
    """The city, its groups, its counties."""
    return (CITY, *GROUPS, *load_world().county_names)


def comparison_table(found: Comparison, year: int | None = None) -> pd.DataFrame:
    """Differences of a year, a row each policy, measure and region.

    Args:
        found: the comparison.
        year: a full year of the runs; the last one if not given.

    Returns:
        Columns scenario, against, seeds, year, variable, unit, region, base, mean, low, high, positive (share of seeds
        in which it rises), variance_reduction. Money and people in the units of readers.
    """
    chosen, rows = found.years[-1] if year is None else year, []
    for policy in found.policies:
        for name, measure in MEASURES.items():
            product = "all" if "product" in found.values(policy, name).dims else None
            for region in regions():
                cell = found.difference(name, policy, region=region, product=product, year=chosen)
                amounts = {key: float(cell[key]) * measure.factor for key in ("base", "mean", "low", "high")}
                rows.append(
                    {
                        "scenario": policy,
                        "against": found.against,
                        "seeds": len(found.runs.seeds),
                        "year": chosen,
                        "variable": name,
                        "unit": measure.unit,
                        "region": region,
                        **amounts,
                        "positive": float(cell["positive"]),
                        "variance_reduction": float(cell["reduction"]),
                    }
                )
    return pd.DataFrame(rows)


def comparison_view(found: Comparison, year: int | None = None) -> RenderableType:
    """The comparison for a terminal of 100 columns.

    Args:
        found: the comparison.
        year: of the differences; the last full one if not given.
    """
    table = comparison_table(found, year)
    parts: list[RenderableType] = [_header(found, table)]
    for policy in found.policies:
        parts += [_differences(table[table["scenario"] == policy], policy, found.against), Text()]
    parts += [_reach(found), Text()]
    parts += [_cost(found, policy) for policy in found.policies]
    parts.append(Text(_luck(table)))
    return Group(*parts)


def print_comparison(found: Comparison, year: int | None = None, file: TextIO | None = None) -> None:
    """Print the comparison on standard output or into a text file; 100 columns where there is no terminal."""
    console = Console(file=file, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(comparison_view(found, year))


def _header(found: Comparison, table: pd.DataFrame) -> Text:
    """What is compared with what."""
    count = len(found.runs.seeds)
    names = ", ".join(words(name) for name in found.policies)
    text = Text(f"{names} beside {words(found.against)}", "bold")
    text.append(
        f"\n{count} pair{'s' if count != 1 else ''} of runs under common luck, {int(table['year'].iloc[0])}. "
        "A projection given stated demand and policy,\nnot a forecast; the opening position is synthetic.\n",
        style="not bold",
    )
    return text


def _differences(rows: pd.DataFrame, policy: str, against: str) -> Group:
    """Regions by measures: mean and interval of the difference."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("region", no_wrap=True)
    for name in SHOWN:
        measure = MEASURES[name]
        heading = f"{measure.label.lower()},\n{measure.unit.split(',')[0].replace(' a year', '')}"
        table.add_column(heading, justify="right", no_wrap=True)
    found = cells_of(rows)
    for region in regions():
        if region in (GROUPS[0], load_world().county_names[0]):
            table.add_section()
        cells = [difference_text(found[name, region], MEASURES[name]) for name in SHOWN]
        table.add_row(prefecture.name() if region == CITY else region, *cells, style="bold" if region == CITY else "")
    title = f"{words(policy)} less {words(against)}: mean ± half of the 90 % interval ({NOT_TOLD} holds 0)"
    return Group(Text(title, "bold"), table)


def cells_of(rows: pd.DataFrame) -> dict[tuple[str, str], Cell]:
    """Rows of one policy by variable and region."""
    return {(str(row["variable"]), str(row["region"])): row for row in records(rows)}


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as dictionaries by column."""
    return [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")]


def difference_text(cell: Cell, measure: Measure) -> str:
    """Mean and half of the interval of a difference: "+2.4 ± 1.4"; marked where the interval holds 0."""
    half = (float(cell["high"]) - float(cell["low"])) / 2
    width = f"{half:,.{measure.digits}f}" if np.isfinite(half) else "?"
    mark = NOT_TOLD if cell["low"] <= 0 <= cell["high"] else " "
    return f"{signed(float(cell['mean']), measure.digits)} ± {width}{mark}"


def signed(value: float, digits: int) -> str:
    """A number with its sign; a zero, also one that rounding leaves, has none."""
    if not np.isfinite(value):
        return "?"
    rounded = round(value, digits)
    return f"{rounded:+,.{digits}f}" if rounded else f"{0:.{digits}f}"


def _reach(found: Comparison) -> Group:
    """Share of runs that reach the trillion, and when."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("definition", "scenario"):
        table.add_column(heading, no_wrap=True)
    for heading in ("runs", "1 of 10", "half", "9 of 10"):
        table.add_column(heading, justify="right", no_wrap=True, min_width=8)
    for definition in (name for name in REACHED if name in found.definitions):
        reach = found.reach(definition=definition)
        for at, row in enumerate(reach.dates.to_dict("records")):
            dates = [month_name(str(row[key])) if row[key] else "-" for key in ("p10", "p50", "p90")]
            label = short_definition(definition) if at == 0 else ""
            table.add_row(label, words(str(row["scenario"])), f"{100 * float(row['reached']):.0f} %", *dates)
        table.add_section()
    title = f"1,000 bn yuan over 12 months: share of runs that reach it by {found.years[-1]}, and when"
    return Group(Text(title, "bold"), table)


def short_definition(name: str) -> str:
    """A definition in at most 45 characters."""
    return SHORT.get(name, DEFINITIONS.get(name, words(name)))


def _cost(found: Comparison, policy: str) -> Text:
    """What a policy costs all budgets over the whole run, and what a yuan of gain costs."""
    total = next(row for row in records(found.cost(policy)) if row["item"] == "all items")
    text = (
        f"{words(policy)}: public money over the whole run {signed(total['mean'] / 1e3, 2)} bn yuan "
        f"({signed(total['low'] / 1e3, 2)} {signed(total['high'] / 1e3, 2)})"
    )
    for label, effect in found.cost_per_yuan(policy).items():
        text += f"; {per_yuan(effect.mean, effect.low, effect.high)} a yuan of {label}"
    return Text(text + ".")


def per_yuan(mean: float, low: float, high: float) -> str:
    """What a yuan of gain costs, or that this cannot be said."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return "no bounded cost"
    return f"{mean:,.2f} ({low:,.2f} to {high:,.2f})"


def _luck(table: pd.DataFrame) -> str:
    """How much the pairing helped."""
    city = table[(table["region"] == CITY) & (table["variable"] == "output")]["variance_reduction"].dropna()
    if city.empty:
        return ""
    return (
        f"Common luck took away {100 * city.min():.0f} to {100 * city.max():.0f} % of the variance of the difference "
        "in output."
    )
