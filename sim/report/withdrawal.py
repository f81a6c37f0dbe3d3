"""The report of a lead firm's withdrawal: tables for 80 columns, CSV files and figures.

Every figure is a difference between runs of the same seed with and without the event; where several seeds are told, the
mean, and the least and greatest of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sim.experiment.withdrawal import Withdrawal, by_county, by_year, recoveries, smoothed, supplier_table
from sim.report import style
from sim.report.explain import leader_codes
from sim.report.files import save_figures, save_tables

Floats = NDArray[np.float64]

WIDTH = 80
"""Columns of the report where there is no terminal, and the least of one."""

AFTER = 36
"""Months after which counties and suppliers are told: three years, the middle of the life of a plan (assumption)."""

YEARS_TOLD = (0, 1, 2, 3, 5, 8, 13)
"""Years of the path, counted from that of the event; the last of the run is added."""

NAMES = {
    "output": "output",
    "others": "output of all others",
    "suppliers": "output of its suppliers",
    "jobs": "jobs",
    "local_tax": "local taxes",
}
"""Series whose loss is told, in the words of a reader."""

COLOURS = {
    "output": style.INK,
    "others": style.BLUE,
    "suppliers": style.VERMILLION,
    "jobs": style.GREEN,
    "local_tax": style.PURPLE,
}


def headline(found: Withdrawal) -> str:
    """What happens, in a few words."""
    event = found.event
    name, when = short_name(event.leader), style.month_name(event.start)
    if event.size is None:
        return f"{name} leaves from {when}"
    return f"{name} loses {100 * event.size:g} % of its orders in {when}"


def short_name(code: str) -> str:
    """A lead firm as the public calls it."""
    return code if code in ("CATL", "ATL", "SAIC") else leader_codes()[code].split(",")[0].removesuffix(" group")


# --- tables -----------------------------------------------------------------------------------------------------------


def print_withdrawal(
    found: Withdrawal, files: Sequence[Path] = (), file: TextIO | None = None, width: int | None = None
) -> None:
    """Print the report.

    Args:
        found: pairs of runs.
        files: what was written, to say where it is.
        file: where to print; standard output if not given.
        width: columns; those of the terminal, at least 80, if not given.
    """
    console = Console(file=file, highlight=False)
    console.width = width or (max(console.width, WIDTH) if console.is_terminal else WIDTH)
    console.print(report(found, files))


def report(found: Withdrawal, files: Sequence[Path] = ()) -> RenderableType:
    """The report as something to print."""
    parts: list[RenderableType] = [*_head(found), Text(), _path(found), Text(), _recovery(found), Text()]
    parts += [_suppliers(found), Text(), _counties(found), Text(), Text(_static(found))]
    if files:
        parts.append(Text(f"Written to {files[0].parent}: {', '.join(each.name for each in files)}"))
    return Group(*parts)


def _head(found: Withdrawal) -> Iterator[Text]:
    """What was asked and what was run."""
    seeds = f"seed {found.seeds[0]}" if len(found.seeds) == 1 else f"{len(found.seeds)} seeds"
    yield Text(headline(found), style="bold")
    yield Text(
        f"Purely hypothetical; event, date and size are assumptions. Scenario {found.scenario}, {seeds}, each run with"
        " and without the event under the same luck. Losses are without less with; prices of 2018."
    )
    for fault in found.faults:
        yield Text(f"A pair is missing: {fault}", style="bold")


def _path(found: Withdrawal) -> Table:
    """Losses of the city by year."""
    frame = by_year(found)
    years = frame["year"].unique().tolist()
    told = [years[at] for at in YEARS_TOLD if at < len(years) - 1] + years[-1:]
    several = len(found.seeds) > 1
    table = _table("The city, by year: what is lost")
    table.add_column("year", no_wrap=True)
    headings = ("output,\nbn yuan", "output,\n%", "least to\ngreatest, %", "others',\n%", "suppliers',\n%")
    for heading in (*headings, "jobs,\n1,000", "taxes,\nbn yuan", "debt,\nbn yuan"):
        if several or "least" not in heading:
            table.add_column(heading, justify="right", no_wrap=True)
    for year in told:
        rows = frame[frame["year"] == year]
        output = _share(rows, "output")
        spread = [f"{_number(output.min(), 1)} to {_number(output.max(), 1)}"] if several else []
        cells = [_mean(_lost(rows, "output"), 1), _mean(output, 1), *spread]
        cells += [_mean(_share(rows, name), 1) for name in ("others", "suppliers")]
        cells += [_mean(_lost(rows, "jobs") / 1000.0, 1), _mean(_lost(rows, "local_tax"), 2)]
        table.add_row(str(year), *cells, _mean(-_lost(rows, "public_debt"), 2))
    means = "means of the seeds, the range for output; " if several else ""
    table.caption = (
        f"{means}suppliers: firms that delivered to it in the month before; taxes: local; debt: what is owed more"
    )
    return table


def _lost(rows: pd.DataFrame, name: str) -> Floats:
    """(S,) a series without the event less the same with it."""
    return np.asarray(rows[f"{name}_without"] - rows[f"{name}_with"], dtype=float)


def _share(rows: pd.DataFrame, name: str) -> Floats:
    """(S,) percentage of a series that is lost; NaN where there is nothing to lose."""
    without = np.asarray(rows[f"{name}_without"], dtype=float)
    share = np.divide(_lost(rows, name), without, out=np.full(len(without), np.nan), where=without > 0)
    return np.asarray(100.0 * share)


def _mean(values: Floats, digits: int) -> str:
    """The mean of the seeds; a dash where there is nothing to measure."""
    values = values[np.isfinite(values)]
    return _number(float(values.mean()), digits) if len(values) else "-"


def _number(value: float, digits: int) -> str:
    """A number without a minus before a zero."""
    return f"{round(float(value), digits) + 0.0:,.{digits}f}"


def _recovery(found: Withdrawal) -> Table:
    """How deep each series falls and when half of it is made good."""
    several = len(found.seeds) > 1
    table = _table("Recovery")
    table.add_column("what", no_wrap=True)
    for heading in (
        "deepest\nloss, %",
        "least to\ngreatest, %",
        "months\nto it",
        "months from\nthere to half",
        "loss at\nend, %",
    ):
        if several or "least" not in heading:
            table.add_column(heading, justify="right", no_wrap=True)
    for name, words in NAMES.items():
        each = recoveries(found, name)
        depths = 100.0 * np.array([one.depth for one in each])
        spread = [f"{_number(depths.min(), 1)} to {_number(depths.max(), 1)}"] if several else []
        months = f"{np.median([one.deepest for one in each]):.0f}"
        end = _number(float(np.mean([100.0 * one.left for one in each])), 1)
        table.add_row(words, _mean(depths, 1), *spread, months, _half([one.half for one in each]), end)
    table.caption = (
        "deepest: in the first three years; half: of it made good; means over three months, at the end over twelve"
    )
    return table


def _half(months: Sequence[float]) -> str:
    """The median of the seeds in which half is made good, and how many these are."""
    found = [each for each in months if np.isfinite(each)]
    if not found:
        return "not in this run" if len(months) == 1 else "in no run"
    if len(months) == 1:
        return f"{found[0]:.0f}"
    several = f"{np.median(found):.0f} ({min(found):.0f} to {max(found):.0f})"
    return several if len(found) == len(months) else f"{several}, {len(found)} of {len(months)}"


def _suppliers(found: Withdrawal) -> Table:
    """Suppliers by county: what they sold to the firm, what they lost, how many closed."""
    frame = by_county(found, AFTER)
    mean = frame.groupby("county", sort=False).mean(numeric_only=True)
    mean = mean[mean["suppliers_before"] > 0].sort_values("sold_to_firm", ascending=False)
    table = _table(f"Its suppliers, {_after(found)} months on")
    table.add_column("county", no_wrap=True)
    headings = (
        "firms\nbefore",
        "sold to it,\nbn a year",
        "output\nlost, bn",
        "output\nlost, %",
        "closed\nwithout",
        "closed\nwith",
    )
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for county, row in mean.iterrows():
        table.add_row(str(county), *_supplier_cells(row))
    if len(mean):
        table.add_section()
        table.add_row("City", *_supplier_cells(mean.sum()), style="bold")
    seeds = "" if len(found.seeds) == 1 else "means of the seeds; "
    table.caption = f"{seeds}output lost: in the last twelve of these months"
    return table


def _supplier_cells(row: pd.Series) -> Iterator[str]:
    """Cells of a county, or of their sum."""
    lost = row["suppliers_without"] - row["suppliers_with"]
    yield _number(row["suppliers_before"], 1)
    yield _number(row["sold_to_firm"], 2)
    yield _number(lost, 2)
    yield _number(100.0 * lost / row["suppliers_without"], 1) if row["suppliers_without"] > 0 else "-"
    yield _number(row["suppliers_before"] - row["open_without"], 1)
    yield _number(row["suppliers_before"] - row["open_with"], 1)


def _counties(found: Withdrawal) -> Table:
    """Jobs, local taxes and debt by county."""
    mean = by_county(found, AFTER).groupby("county", sort=False).mean(numeric_only=True)
    table = _table(f"Counties, {_after(found)} months on: what is lost")
    table.add_column("county", no_wrap=True)
    for heading in (
        "output,\nbn a year",
        "output,\n%",
        "jobs",
        "jobs,\n%",
        "local tax,\nM a year",
        "local\ntax, %",
        "more debt,\nM yuan",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for county, row in mean.iterrows():
        table.add_row(str(county), *_county_cells(row))
    table.add_section()
    table.add_row("City", *_county_cells(mean.sum()), style="bold")
    table.caption = "output and taxes: of the last twelve of these months; M and bn yuan"
    return table


def _county_cells(row: pd.Series) -> Iterator[str]:
    """Cells of a county, or of their sum; the city level has a budget only."""
    for name, digits, scale in (("output", 2, 1.0), ("jobs", 0, 1.0), ("local_tax", 1, 1000.0)):
        lost, without = row[f"{name}_without"] - row[f"{name}_with"], row[f"{name}_without"]
        yield _number(lost * scale, digits) if without > 0 else "-"
        yield _number(100.0 * lost / without, 1) if without > 0 else "-"
    yield _number(1000.0 * (row["public_debt_with"] - row["public_debt_without"]), 0)


def _after(found: Withdrawal) -> int:
    """Months after the month before the event that are told of counties and suppliers."""
    return min(AFTER, len(found.months) - 1)


def _static(found: Withdrawal) -> str:
    """The static limit beside the model."""
    own = 12.0 * float(np.mean([run.own for run in found.without])) / 1000.0
    loss = 12.0 * float(np.mean([run.static.sum() for run in found.without])) / 1000.0
    city = 12.0 * float(np.mean([run.series["output"][0].sum() for run in found.without])) / 1000.0
    return (
        f"To compare: in the month before, its plants make {own:,.1f} bn yuan a year. Hypothetical extraction, with all"
        f" else frozen, takes {loss:,.1f} bn ({100 * loss / city:.1f} % of the city's output), of which"
        f" {loss - own:,.1f} bn from others. In the model prices, buyers, people, budgets and investment answer, and"
        " time passes. What a sudden stop costs under each rule of rationing tells range_of_rules of"
        " sim/experiment/shocks.py."
    )


def _table(title: str) -> Table:
    """An empty table in the style of the summary."""
    return Table(
        title=escape(title), box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left", title_style="bold",
        caption_style="dim", padding=0, pad_edge=False, show_edge=False,
    )  # fmt: skip


# --- files ------------------------------------------------------------------------------------------------------------


def save_withdrawal(found: Withdrawal, folder: Path) -> list[Path]:
    """Tables as CSV and figures, into an existing folder.

    Args:
        found: pairs of runs.
        folder: where ``city.csv``, ``counties.csv``, ``suppliers.csv``, ``loss.png`` and ``counties.png`` go.

    Returns:
        The files.

    Raises:
        FolderError: a file could not be written.
    """
    frames = {
        "city": by_year(found),
        "counties": by_county(found, AFTER),
        "suppliers": supplier_table(found, AFTER),
    }
    files = save_tables({f"{name}.csv": frame for name, frame in frames.items()}, folder, 10)
    return files + save_figures({"loss.png": loss_figure(found), "counties.png": county_figure(found)}, folder)


# --- figures ----------------------------------------------------------------------------------------------------------


def loss_figure(found: Withdrawal) -> Figure:
    """The loss of the city by month: output, its parts, jobs and taxes; bands span the seeds."""
    years = np.array([(int(month) + 1) / 12 for month in found.months])
    with style.applied():
        figure = Figure(figsize=(9.6, 5.2))
        left, right = figure.add_axes((0.075, 0.19, 0.4, 0.6)), figure.add_axes((0.56, 0.19, 0.4, 0.6))
        panels = ((left, "Output", ("output", "others", "suppliers")), (right, "Jobs and taxes", ("jobs", "local_tax")))
        for axes, heading, names in panels:
            for name in names:
                _loss_line(axes, years, found, name)
            axes.axhline(0, color=style.GREY, linewidth=0.8)
            axes.set_xlim(years[0], years[-1])
            axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
            axes.xaxis.set_major_formatter("{x:.0f}")
            axes.set_title(heading)
            axes.set_ylabel("% less than without the event")
            axes.invert_yaxis()
            axes.legend(loc="best", frameon=True, framealpha=0.9, edgecolor="none")
        style.title(figure, headline(found), "Loss of the city, means over three months; 0 = the run without the event")
        _small_print(figure, found, "Bands: least and greatest of the seeds." if len(found.seeds) > 1 else "")
    return figure


def _loss_line(axes: Axes, years: Floats, found: Withdrawal, name: str) -> None:
    """The loss of a series: mean of the seeds, and their span."""
    paths = 100.0 * np.array([smoothed(loss) for loss in found.loss(name)])
    axes.plot(years, paths.mean(axis=0), color=COLOURS[name], label=NAMES[name])
    if len(paths) > 1:
        axes.fill_between(years, paths.min(axis=0), paths.max(axis=0), color=COLOURS[name], alpha=0.15, linewidth=0)


def county_figure(found: Withdrawal) -> Figure:
    """What counties lose after three years: output, jobs, local taxes, and their new debt."""
    mean = by_county(found, AFTER).groupby("county", sort=False).mean(numeric_only=True).iloc[:-1]
    jobs = mean["jobs_without"] - mean["jobs_with"]
    order = mean.assign(lost=jobs).sort_values("lost").index
    panels = (
        ("Jobs lost, 1,000", (mean["jobs_without"] - mean["jobs_with"]) / 1000.0, style.GREEN),
        ("Output lost, bn yuan a year", mean["output_without"] - mean["output_with"], style.BLUE),
        ("Local tax lost, M yuan", 1000 * (mean["local_tax_without"] - mean["local_tax_with"]), style.PURPLE),
        ("More debt, M yuan", 1000 * (mean["public_debt_with"] - mean["public_debt_without"]), style.ORANGE),
    )
    with style.applied():
        figure = Figure(figsize=(9.6, 4.8))
        for number, (heading, values, colour) in enumerate(panels):
            axes = figure.add_axes((0.1 + 0.225 * number, 0.17, 0.19, 0.6))
            axes.barh(np.arange(len(order)), values[order].to_numpy(), color=colour, height=0.7)
            axes.set_yticks(np.arange(len(order)), list(order) if number == 0 else [""] * len(order))
            axes.tick_params(axis="y", length=0)
            axes.grid(visible=False, axis="y")
            axes.grid(visible=True, axis="x")
            axes.axvline(0, color=style.GREY, linewidth=0.8)
            axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
            axes.xaxis.set_major_formatter("{x:,g}")
            axes.set_title(heading, fontsize=9.5)
        line = f"Counties {_after(found)} months on, against the run without the event"
        style.title(figure, headline(found), line)
        _small_print(figure, found, "Means of the seeds." if len(found.seeds) > 1 else "")
    return figure


def _small_print(figure: Figure, found: Withdrawal, remark: str) -> None:
    """What was run, along the lower edge."""
    seeds = ", ".join(str(seed) for seed in found.seeds[:8]) + (", ..." if len(found.seeds) > 8 else "")
    known = style.month_name(found.known_until)
    lines = [
        f"Purely hypothetical: event, date and size are assumptions. {remark}".strip(),
        f"Scenario {found.scenario}, seeds {seeds}. Facts known until {known}. {style.opening_sentence(found.opening)}",
    ]
    height = figure.get_figheight()
    figure.text(0.012, 0.09 / height, "\n".join(lines), fontsize=7.5, color="#555555", va="bottom")
