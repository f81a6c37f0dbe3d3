"""A study of levers and uncertain parameters for readers: what moves each outcome, and what is chance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from sim.report import style
from sim.report.files import save_figures, save_tables
from sim.report.tuning import WIDTH, number

if TYPE_CHECKING:
    from sim.experiment.tuning.sensitivity import Sensitivity

COLUMNS = 3
"""Panels beside each other."""

COLOURS = {"lever": style.BLUE, "parameter": style.ORANGE, "case": style.GREEN}

FEWEST_SEEDS = 5
"""Replications below which luck is hardly known (see :func:`sim.statistics.sensitivity.morris`)."""


def sentences(found: Sensitivity) -> Iterator[str]:
    """What came out, in a few sentences."""
    problem = found.problem
    levers = sum(factor.kind == "lever" for factor in found.factors)
    rest = sum(factor.kind == "parameter" for factor in found.factors)
    cases = f", {len(problem.cases)} cases" if len(problem.cases) > 1 else ""
    yield (
        f"{problem.title}: {levers} levers and {rest} uncertain parameters{cases}, {found.runs} runs"
        + (f", {len(found.faults)} of which failed (the first: {found.faults[0]})" if found.faults else "")
    )
    if problem.seeds < FEWEST_SEEDS:
        yield f"{problem.seeds} seeds tell little of luck: {FEWEST_SEEDS} or more tell what is lost in it"
    for name, screened in found.screening.items():
        seen = np.flatnonzero(screened.distinguishable)
        order = seen[np.argsort(-screened.mu_star[seen])]
        listed = ", ".join(found.factors[at].name for at in order[:5]) or "nothing that can be told from luck"
        yield f"{name} moves most with {listed}"
    if found.chosen and len(found.chosen) < len(found.factors):
        idle = [factor.name for at, factor in enumerate(found.factors) if at not in found.chosen]
        yield f"not told from luck in any outcome, and left out of the second step: {', '.join(idle)}"


def print_sensitivity(found: Sensitivity) -> None:
    """Print sentences and both tables."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, WIDTH)
    for text in sentences(found):
        console.print(text, markup=False)
    year = found.years[-1]
    console.print()
    console.print(_screening_table(found, year))
    if found.indices:
        console.print()
        console.print(_index_table(found, year))


def _asked(found: Sensitivity, year: int) -> list[str]:
    """Outcomes that goals and limits are about, in a year; the other ones are theirs in groups of counties."""
    names = dict.fromkeys(f"{figure.outcome.name} {year}" for figure in found.problem.figures)
    return [name for name in names if name in found.screening]


def _screening_table(found: Sensitivity, year: int) -> Table:
    """A row a factor, a column an outcome: mu*, marked where luck could be all of it."""
    names = _asked(found, year)
    title = f"Mean size of the effect over the whole range in {year}; (in brackets: luck could be all of it)"
    table = Table("factor", "range", box=None, title=title, title_justify="left")
    for name in names:
        table.add_column(name.removesuffix(f" {year}"), justify="right")
    for at, factor in enumerate(found.factors):
        cells = []
        for name in names:
            screened = found.screening[name]
            text = number(float(screened.mu_star[at]))
            cells.append(text if screened.distinguishable[at] or np.isnan(screened.luck[at]) else f"({text})")
        span = f"{number(factor.low)} .. {number(factor.high)}"
        if factor.kind == "case":
            span = ", ".join(case.name for case in found.problem.cases)
        table.add_row(factor.name, span, *cells)
    return table


def _index_table(found: Sensitivity, year: int) -> Table:
    """A row a factor, a column an outcome: part of the variance, alone and in total."""
    names = [name for name in _asked(found, year) if name in found.indices]
    table = Table(
        "factor", box=None, title=f"Part of the variance in {year}: alone / in total [90 %]", title_justify="left"
    )
    for name in names:
        table.add_column(name.removesuffix(f" {year}"), justify="right")
    for at, chosen in enumerate(found.chosen):
        cells = []
        for name in names:
            parts = found.indices[name]
            span = f"[{parts.total_low[at]:.2f}, {parts.total_high[at]:.2f}]"
            cells.append(f"{parts.first[at]:.2f} / {parts.total[at]:.2f} {span}")
        table.add_row(found.factors[chosen].name, *cells)
    table.add_row("chance", *(f"{found.indices[name].chance:.2f}" for name in names))
    return table


# --- files ------------------------------------------------------------------------------------------------------------


def screening_frame(found: Sensitivity) -> pd.DataFrame:
    """A row an outcome, year and factor."""
    rows = []
    for name, each in found.screening.items():
        outcome, _, year = name.rpartition(" ")
        for at, factor in enumerate(found.factors):
            row: dict[str, object] = {"outcome": outcome, "year": int(year), "factor": factor.name}
            row |= {"low": factor.low, "high": factor.high, "mu": each.mu[at], "mu_star": each.mu_star[at]}
            row |= {"mu_star_low": each.low[at], "mu_star_high": each.high[at], "sigma": each.sigma[at]}
            row |= {"from_luck": each.from_luck[at], "limit_of_luck": each.limit[at]}
            rows.append(row | {"told_from_luck": bool(each.distinguishable[at])})
    return pd.DataFrame(rows)


def index_frame(found: Sensitivity) -> pd.DataFrame:
    """A row an outcome, year and factor, and one for chance."""
    rows: list[dict[str, object]] = []
    for name, each in found.indices.items():
        outcome, _, year = name.rpartition(" ")
        about: dict[str, object] = {"outcome": outcome, "year": int(year)}
        for at, chosen in enumerate(found.chosen):
            row = about | {"factor": found.factors[chosen].name, "alone": each.first[at], "total": each.total[at]}
            row |= {"alone_low": each.first_low[at], "alone_high": each.first_high[at]}
            row |= {"total_low": each.total_low[at], "total_high": each.total_high[at]}
            distance = found.distances.get(name)
            if distance is not None:
                row |= {"pawn": distance.median[at], "pawn_without_effect": distance.threshold[at]}
            rows.append(row)
        part: dict[str, object] = {"factor": "chance", "alone": each.chance, "total": each.chance}
        rows.append(about | part | {"total_low": each.chance_low, "total_high": each.chance_high})
    return pd.DataFrame(rows)


def save_sensitivity(found: Sensitivity, folder: Path) -> list[Path]:
    """Write tables and figures into an existing folder.

    Returns:
        The files.

    Raises:
        FolderError: a file could not be written.
    """
    tables = {"screening.csv": screening_frame(found)}
    figures = {"tornado.png": tornado_figure(found)}
    if found.indices:
        tables["variance.csv"] = index_frame(found)
        figures["variance.png"] = heat_figure(found)
    return save_tables(tables, folder) + save_figures(figures, folder)


# --- figures ----------------------------------------------------------------------------------------------------------


def tornado_figure(found: Sensitivity) -> Figure:
    """A panel each outcome that is asked for, in the last year: factors by the size of their effect, beside luck."""
    year = found.years[-1]
    names = _asked(found, year)
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    tall = 0.27 * len(found.factors) + 0.9
    with style.applied():
        figure = Figure(figsize=(max(4.9 * columns, 9.0), 1.25 + tall * rows))
        style.title(
            figure,
            f"{found.problem.title}: what moves the outcomes in {year}",
            "mean size of the effect over the whole range of a lever (blue) or parameter (orange)"
            + (", or of another case (green)" if len(found.problem.cases) > 1 else "")
            + ", 90 %; pale: luck could be all of it",
        )
        height = figure.get_figheight()
        panels = figure.subplots(rows, columns, squeeze=False)
        figure.subplots_adjust(
            0.2 if columns > 1 else 0.33, 0.8 / height, 0.985, 1 - 1.0 / height, 0.75, 0.5 / (tall - 0.5)
        )
        for axes in panels.flat[len(names) :]:
            axes.set_visible(False)
        for axes, name in zip(panels.flat, names, strict=False):
            _tornado(axes, found, name)
        _small_print(figure, found, "Red: what luck alone exceeds once in 20 times.")
    return figure


def _tornado(axes: Axes, found: Sensitivity, name: str) -> None:
    """One outcome."""
    from sim.experiment.tuning.outcomes import outcomes

    each, outcome = found.screening[name], outcomes()[name.rpartition(" ")[0]]
    order = np.argsort(each.mu_star)
    for row, at in enumerate(order):
        colour = COLOURS[found.factors[at].kind]
        pale = not each.distinguishable[at] and not np.isnan(each.luck[at])
        axes.barh(row, each.mu_star[at], color=colour, alpha=0.3 if pale else 0.9, height=0.7)
        axes.plot([each.low[at], each.high[at]], [row, row], color=style.INK, linewidth=1.0)
        if np.isfinite(each.limit[at]):
            axes.plot([each.limit[at]] * 2, [row - 0.4, row + 0.4], color=style.VERMILLION, linewidth=1.2)
    axes.set_yticks(range(len(order)), [found.factors[at].name for at in order], fontsize=7.5)
    axes.set_title(outcome.name)
    axes.set_xlabel(outcome.unit, fontsize=8)
    axes.tick_params(axis="x", labelsize=7.5)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x")


def heat_figure(found: Sensitivity) -> Figure:
    """Total part of the variance: a row an outcome and year, a column a factor, chance last."""
    names = list(found.indices)
    factors = [found.factors[at].name for at in found.chosen]
    table = np.array([[*found.indices[name].total, found.indices[name].chance] for name in names])
    with style.applied():
        figure = Figure(figsize=(max(8.5, 3.4 + 0.95 * (len(factors) + 1)), 2.3 + 0.3 * len(names)))
        height, width = figure.get_figheight(), figure.get_figwidth()
        style.title(
            figure,
            f"{found.problem.title}: where the variance comes from",
            "part of the variance of each outcome that would go if the factor were known, alone and with others",
        )
        axes = figure.add_axes((2.6 / width, 1.2 / height, 1 - 2.8 / width, 1 - 1.95 / height))
        axes.imshow(np.clip(table, 0, 1), cmap=colormaps["Blues"], vmin=0, vmax=1, aspect="auto")
        for (row, column), value in np.ndenumerate(table):
            if np.isfinite(value):
                ink = "white" if value > 0.6 else style.INK
                axes.text(column, row, f"{max(value, 0.0):.2f}", ha="center", va="center", fontsize=7.5, color=ink)
        heads = [each.replace(".", ".\n", 1) for each in [*factors, "chance"]]
        axes.set_xticks(range(len(heads)), heads, fontsize=7.5, rotation=35, ha="right")
        axes.set_yticks(range(len(names)), names, fontsize=8)
        axes.tick_params(length=0)
        axes.grid(visible=False)
        _small_print(figure, found, "Estimates; a part may come out above 1 with few rows.")
    return figure


def _small_print(figure: Figure, found: Sensitivity, mark: str) -> None:
    """What was run, and what a mark means."""
    problem = found.problem
    known = style.month_name(str(problem.scenario.run.known_until))
    text = (
        f"Scenario {problem.scenario.name}, {found.runs} runs, {problem.seeds} seeds in the screening. Facts known"
        f" until {known}. {mark}"
    )
    figure.text(0.012, 0.09 / figure.get_figheight(), text, fontsize=7.5, color="#555555", va="bottom")
