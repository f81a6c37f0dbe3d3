"""Figures of one run: the way to the trillion, chains, regions, supplier chain, county map.

Each function takes a run and returns a matplotlib figure that nobody else holds; units stand on every axis. Published
figures appear only as marks to compare with; no run reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim import data
from sim.report import files, style
from sim.report.map import county_map
from sim.report.style import CHAIN_COLOURS, CHAIN_NAMES
from sim.results import TRILLION, Run, first_month_above
from sim.results.variables import CHANNELS
from sim.state import CHANNEL_LABELS

PATH_LINES: Mapping[str, tuple[str, str, str]] = {
    "nominal": ("at current prices", style.BLUE, "-"),
    "real": ("at 2018 prices", style.VERMILLION, "--"),
    "net": ("without chain double\ncounting, current prices", style.GREEN, "-."),
}
"""Series of the way to the trillion: label, colour, line."""

CHANNEL_COLOURS: Mapping[str, str] = {
    "L": style.BLUE,
    "C": style.SKY,
    "K": style.GREEN,
    "F": style.YELLOW,
    "E": style.ORANGE,
    "X": style.VERMILLION,
    "B": style.PURPLE,
    "N": style.PALE,
}
"""Channels of projects in the order of the stack: targeted first, then the leaders' own, then who comes anyway."""

FUNNEL: tuple[tuple[str, str], ...] = (
    ("LEAD", "leads"),
    ("SIGNED", "signed"),
    ("LAND", "got land"),
    ("BUILD", "began to build"),
    ("DONE", "completed"),
)
"""Stages every project passes, in order; the rest failed, was lost, or waits."""


GROSS = f"Gross output of above-scale industry in {style.PREFECTURE}"

ARTICLE = "2019-11"
"""Month of the figures published in the Mindong Daily, 26 Dec 2019."""


def path(run: Run) -> Figure:
    """The way to the trillion: above-scale industrial output over the trailing 12 months, three measures."""
    trailing = run.trailing_output()
    years = style.year_axis(trailing["month"])
    with style.applied():
        figure = Figure(figsize=(9.6, 5.6))
        axes = figure.add_axes((0.08, 0.15, 0.715, 0.7))
        for name, (label, colour, line) in PATH_LINES.items():
            axes.plot(years, trailing[name].values, color=colour, linestyle=line, label=label)
        style.time_axis(axes, years)
        axes.set_ylim(0, 1.08 * max(TRILLION, float(trailing.to_array().max())))
        axes.set_ylabel("bn yuan, trailing 12 months")
        axes.axhline(TRILLION, color=style.INK, linewidth=1)
        axes.text(years[0], TRILLION * 0.985, " goal: a trillion yuan (1,000 bn)", fontsize=9, va="top")
        _label_ends(axes, {name: float(trailing[name].values[-1]) for name in PATH_LINES})
        published = _target("output_city_2021")
        ring = _ring(axes, "2021-12", published, style.INK) if published is not None else False
        style.boundary(axes, run)
        style.title(figure, f"{run.title}: {_passing(trailing)}", GROSS)
        note = "Output counts a good again at every stage; value added is in the summary."
        if ring:
            note += f" Ring: about {published:,.0f} bn in 2021, derived from press figures (weak), to compare with."
        style.small_print(figure, run, note)
    return figure


def _passing(trailing: xr.Dataset) -> str:
    """Whether and when nominal output reaches the trillion, as a headline."""
    month = first_month_above(trailing["nominal"])
    return f"a trillion in {style.month_name(month)}" if month else "the trillion is not reached"


def _label_ends(axes: Axes, ends: Mapping[str, float]) -> None:
    """Name each line at its right end, moving labels apart where lines end close together."""
    low, high = axes.get_ylim()
    line = 0.043 * (high - low)  # height of a line of text
    top = -np.inf
    for name, value in sorted(ends.items(), key=lambda end: end[1]):
        label, colour, _ = PATH_LINES[name]
        text = f"{value:,.0f}  {label}"
        half = line * (text.count("\n") + 1) / 2
        height = max(value, top + half)
        top = height + half + 0.2 * line
        axes.annotate(
            text, (axes.get_xlim()[1], height), (6, 0), textcoords="offset points", color=colour, va="center",
            fontsize=9, annotation_clip=False,
        )  # fmt: skip


def _ring(axes: Axes, month: str, value: float, colour: str, label: str = "") -> bool:
    """A published value to compare with; False if its month is not on the axis."""
    when = style.at_end_of(month)
    left, right = axes.get_xlim()
    if not left <= when <= right:
        return False
    ring = Line2D([when], [value], marker="o", markersize=7, linestyle="", markerfacecolor="white", color=colour)
    ring.set(markeredgewidth=1.6, zorder=5, label=label or "_published")
    axes.add_line(ring)
    return True


def _target(name: str) -> float | None:
    """A published moment from the file of targets, in its unit; None if nothing is published of the prefecture."""
    return next((float(row["value"]) for row in data.rows("targets.csv") if row["name"] == name), None)


def chains(run: Run) -> Figure:
    """Output by chain, stacked, at current and at 2018 prices side by side on one scale."""
    trailing = run.trailing_output("chain")
    years = style.year_axis(trailing["month"])
    with style.applied():
        figure = Figure(figsize=(10.4, 5.2))
        left = figure.add_axes((0.07, 0.205, 0.435, 0.62))
        right = figure.add_axes((0.545, 0.205, 0.435, 0.62), sharey=left)
        for axes, name, heading in ((left, "nominal", "Current prices"), (right, "real", "2018 prices")):
            _stack(axes, years, trailing[name])
            axes.set_title(heading)
            style.boundary(axes, run)
        left.set_ylabel("bn yuan, trailing 12 months")
        left.set_ylim(0, 1.12 * float(trailing.to_array().sum("chain").max()) or 1.0)
        right.tick_params(labelleft=False)
        _chain_legend(figure, 0.1)
        style.title(figure, f"{run.title}: output by chain", GROSS)
        style.small_print(figure, run)
    return figure


def _stack(axes: Axes, years: np.ndarray, output: xr.DataArray) -> None:
    """Areas of the chains over time, in the order of the colours."""
    layers = [output.sel(chain=chain).values for chain in CHAIN_COLOURS]
    axes.stackplot(years, layers, colors=list(CHAIN_COLOURS.values()), linewidth=0)
    style.time_axis(axes, years)


def _chain_legend(figure: Figure, height: float) -> None:
    """Names of the chains in one row; height in shares of the figure."""
    patches = [Patch(color=CHAIN_COLOURS[chain], label=name) for chain, name in CHAIN_NAMES.items()]
    figure.legend(handles=patches, loc="center", bbox_to_anchor=(0.5, height), ncols=5, handlelength=1.2)


def regions(run: Run) -> Figure:
    """Output by county as small multiples, chains stacked.

    Each panel has its own scale, because the smallest county is a hundredth of the largest; first and last value stand
    above it.
    """
    trailing = run.trailing_output("county", "chain")["real"]
    years = style.year_axis(trailing["month"])
    counties = trailing["county"].values.tolist()
    with style.applied():
        figure = Figure(figsize=(12.0, 6.4))
        columns = min(len(counties), 5)
        grid = figure.subplots(-(-len(counties) // columns), columns, sharex=True, squeeze=False)
        figure.subplots_adjust(left=0.055, right=0.985, top=0.83, bottom=0.175, hspace=0.28, wspace=0.3)
        for axes in grid.flat[len(counties) :]:
            axes.set_axis_off()
        for axes, county in zip(grid.flat, counties, strict=False):  # the last row may have room left
            output = trailing.sel(county=county)
            total = output.sum("chain").values
            _stack(axes, years, output)
            axes.set_ylim(0, 1.12 * float(total.max()) or 1.0)
            axes.set_title(county, fontweight="bold", fontsize=10)
            axes.set_title(f"{total[0]:,.1f} → {total[-1]:,.1f}", loc="right", fontsize=8.5, color="#444444")
            axes.locator_params(axis="y", nbins=4)
            axes.locator_params(axis="x", nbins=3)
            style.boundary(axes, run, label=False)
        for axes in grid[:, 0]:
            axes.set_ylabel("bn yuan, 2018 prices")
        _chain_legend(figure, 0.105)
        heading = "Above-scale industrial output, trailing 12 months, bn yuan at 2018 prices; numbers: first and last"
        style.title(figure, f"{run.title}: {len(counties)} regions", heading)
        style.small_print(figure, run, f"Each panel has its own scale. Dashed: end of known facts.{style.zones_note()}")
    return figure


def suppliers(run: Run) -> Figure:
    """How the supplier chain fills up: local share of the cell makers' purchases, projects introduced, funnel."""
    with style.applied():
        figure = Figure(figsize=(12.4, 5.6))
        _local_shares(figure.add_axes((0.055, 0.255, 0.255, 0.545)), run)
        _introduced(figure.add_axes((0.37, 0.255, 0.245, 0.545)), run)
        _funnel(figure.add_axes((0.725, 0.365, 0.26, 0.435)), run)
        line = "What the two cell makers buy nearby, projects that came, and how many leads became plants"
        style.title(figure, f"{run.title}: the supplier chain", line)
        note = "Rings: published on 26 Dec 2019 (Mindong Daily), to compare with; no run reads them."
        ringed = run.start <= ARTICLE <= run.end and _target("chain_projects_2019") is not None
        style.small_print(figure, run, *([note] if ringed else []))
    return figure


def _local_shares(axes: Axes, run: Run) -> None:
    """Potential and realised local share of goods purchases, per cent."""
    years = style.year_axis(run.monthly["month"])
    lines = (
        ("local_share_potential", "could be bought nearby", style.SKY),
        ("local_share_realised", "is bought nearby", style.BLUE),
    )
    for name, label, colour in lines:
        axes.plot(years, 100 * run.monthly[name].values, color=colour, label=label)
    style.time_axis(axes, years)
    axes.set_ylim(0, 105)
    axes.set_ylabel("% of goods purchases of the two cell makers")
    axes.set_title("Bought nearby")
    reported = _target("leader_procurement_local")
    if reported is not None:
        _ring(axes, ARTICLE, 100 * reported, style.SKY, f"could be, as published: {100 * reported:.0f} %")
    style.boundary(axes, run, label=False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.09), ncols=1, handlelength=1.6)


def _introduced(axes: Axes, run: Run) -> None:
    """Projects introduced so far in each chain."""
    years = style.year_axis(run.monthly["month"])
    introduced = run.monthly["introduced"]
    for chain in (name for name in CHAIN_NAMES if name in introduced["chain"]):
        axes.plot(years, introduced.sel(chain=chain).values, color=CHAIN_COLOURS[chain], label=CHAIN_NAMES[chain])
    style.time_axis(axes, years)
    reported = _target("chain_projects_2019")
    axes.set_ylim(0, 1.12 * max(float(introduced.max()), reported or 1.0))
    axes.set_ylabel("projects with land or beyond, so far")
    axes.set_title("Projects introduced by chain")
    if reported is not None:
        _ring(axes, ARTICLE, reported, CHAIN_COLOURS["BAT"], f"as published: {reported:.0f}")
    style.boundary(axes, run, label=False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.09), ncols=2, handlelength=1.2, columnspacing=1.2)


def _funnel(axes: Axes, run: Run) -> None:
    """Projects that reached each stage in the whole run, by channel."""
    reached = run.monthly["entered"].sum("month")
    labels = dict(zip(CHANNELS, CHANNEL_LABELS, strict=True))
    stages = [stage for stage, _ in FUNNEL]
    left = np.zeros(len(stages))
    for channel, colour in CHANNEL_COLOURS.items():
        width = reached.sel(channel=channel, stage=stages).values
        axes.barh(range(len(stages)), width, left=left, color=colour, label=labels[channel], height=0.72)
        left = left + width
    for position, total in enumerate(left):
        axes.text(total, position, f" {total:,.0f}", va="center", fontsize=8.5)
    axes.set_yticks(range(len(stages)), [label for _, label in FUNNEL])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.16 * max(float(left.max()), 1.0))
    axes.locator_params(axis="x", nbins=5)
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.set_xlabel("projects, whole run")
    axes.set_title("From lead to plant, by channel")
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.42, -0.2), ncols=2, handlelength=1.0, fontsize=8.5, columnspacing=1.2
    )


FIGURES: Mapping[str, Callable[[Run], Figure]] = {
    "path": path,
    "chains": chains,
    "regions": regions,
    "suppliers": suppliers,
    "map": county_map,
}
"""All figures by the name of their file."""


YEARS_TO_DRAW = 2
"""Full calendar years from which there is a path to draw: trailing sums of two Decembers."""


def save_figures(run: Run, folder: Path | str) -> list[Path]:
    """Draw every figure of a run into an existing folder.

    Args:
        run: a run of at least two full calendar years; a shorter one has no path to draw.
        folder: where ``path.png`` and the others go; figures of an earlier run are replaced.

    Returns:
        The files, none for a run of less than two full years.

    Raises:
        FolderError: a file could not be written.
    """
    if run.yearly.sizes["year"] < YEARS_TO_DRAW:
        return []
    return files.save_figures({f"{name}.png": draw(run) for name, draw in FIGURES.items()}, Path(folder))
