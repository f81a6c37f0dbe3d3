"""Figures of many runs: fans, paired differences, maps of differences, parts of a difference, the way to a target.

Two kinds of uncertainty are drawn apart wherever both exist: the *interval of the mean* (90 %, Student, of paired runs)
says how well the average effect of a policy is known, and shrinks with more seeds; the *band of runs* says how far
single courses of events lie apart, and does not.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from sim.experiment.comparison import Runs
from sim.report import map as maps
from sim.report import style
from sim.report.ensemble_values import (
    DEFINITIONS,
    MEASURES,
    by_area,
    by_county,
    chosen_year,
    headline,
    words,
)
from sim.report.files import save_figures
from sim.results import TRILLION
from sim.statistics.paired import intervals
from sim.statistics.passage import first_passage
from sim.world import GROUPS, load_world

Floats = NDArray[np.float64]

BANDS = (5.0, 25.0, 50.0, 75.0, 95.0)
"""Percentiles of a fan: 90 % band, 50 % band, median."""

SINGLE = 3
"""Single runs drawn over a fan, so that nobody takes the median for a course of events."""

SCENARIO_COLOURS = (style.GREY, style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE, style.ORANGE)
"""Colours of scenarios, what is compared with first."""


def _members(group: str) -> str:
    """The counties of a group, or how many they are."""
    world = load_world()
    names = [name for name, at in zip(world.county_names, world.group, strict=True) if GROUPS[at] == group]
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} counties"


AREA_TITLES: Mapping[str, str] = {
    "city": style.PREFECTURE,
    **{group: f"{word}: {_members(group)}" for group, word in zip(GROUPS, ("Core", "Coast", "Mountains"), strict=True)},
}

GAINS = ("output", "jobs", "local_tax", "public_debt")
"""Measures of the chart that tells who gains and who pays."""


def fan_figure(
    runs: Runs,
    series: str = "above_scale_output",
    target: float | None = TRILLION,
    scenarios: Sequence[str] = (),
) -> Figure:
    """A headline series of every scenario: 50 and 90 % band of runs, median, a few single runs.

    Args:
        runs: the ensemble.
        series: name of the headline series, see :data:`DEFINITIONS`.
        target: dashed line, bn yuan; None for none.
        scenarios: those drawn; all if none is named.
    """
    names = tuple(scenarios) or tuple(runs.scenarios)
    columns = min(len(names), 3)
    rows = math.ceil(len(names) / columns)
    paths = {name: headline(runs, name, series) for name in names}
    highest = max(float(np.quantile(path.values, 0.95, axis=0).max()) for path in paths.values())
    top = 1.06 * max(highest, target if target is not None and target < 2 * highest else 0.0)
    with style.applied():
        figure, grid, height = _grid(rows, columns, panel=3.1, width=10.4 if columns > 1 else 7.6)
        for at, (name, path) in enumerate(paths.items()):
            axes = grid[at]
            years = style.year_axis(path["month"])
            _fan(axes, years, path.values, SCENARIO_COLOURS[1])
            axes.set_ylim(0, top)
            _time_axis(axes, years, most=5)
            axes.set_title(words(name), fontweight="bold")
            if target is not None and target < top:
                axes.axhline(target, color=style.INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1.5)
                label = f" {target:,.0f} bn"
                axes.text(years[0], target, label, fontsize=8.5, va="bottom", color=style.INK)
        for axes in grid[len(names) :]:
            axes.set_visible(False)
        for axes in grid[::columns]:
            axes.set_ylabel("bn yuan over 12 months")
        _fan_legend(figure, height)
        style.title(figure, DEFINITIONS.get(series, words(series)), _seeds(runs, "Each panel"))
        _notes(figure, "A band is not a forecast interval: it holds what was drawn, not what is left out of the model.")
    return figure


def _fan(axes: Axes, years: Floats, values: Floats, colour: str) -> None:
    """Bands, median and single runs of (seed, time) values."""
    low, lower, middle, upper, high = np.percentile(values, BANDS, axis=0)
    axes.fill_between(years, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.fill_between(years, lower, upper, color=colour, alpha=0.32, linewidth=0)
    for run in values[:SINGLE]:
        axes.plot(years, run, color=style.INK, linewidth=0.6, alpha=0.65)
    axes.plot(years, middle, color=colour, linewidth=2.2)


def _fan_legend(figure: Figure, height: float) -> None:
    colour = SCENARIO_COLOURS[1]
    handles: list[Any] = [
        Line2D([], [], color=colour, linewidth=2.2, label="median"),
        Patch(color=colour, alpha=0.5, label="half of the runs"),
        Patch(color=colour, alpha=0.18, label="nine tenths of the runs"),
        Line2D([], [], color=style.INK, linewidth=0.6, label="single runs"),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=4, bbox_to_anchor=(0.5, 0.32 / height), handlelength=1.6)


def difference_figure(runs: Runs, scenario: str, against: str, measure: str = "output") -> Figure:
    """What a scenario changes by year in the city and its groups: interval of the mean and band of single pairs."""
    quantity = MEASURES[measure]
    differences = by_area(runs, scenario, measure) - by_area(runs, against, measure)
    years = differences["year"].values.astype(np.float64)
    with style.applied():
        figure, grid, height = _grid(1, 4, panel=2.9, width=11.4)
        for axes, area in zip(grid, ("city", *GROUPS), strict=True):
            values = differences.sel(area=area).values
            _paired_path(axes, years, values)
            axes.set_title(AREA_TITLES[area], fontweight="bold" if area == "city" else "normal")
        grid[0].set_ylabel(quantity.unit)
        handles: list[Any] = [
            Line2D([], [], color=style.BLUE, linewidth=2, label="mean of the pairs"),
            Patch(color=style.BLUE, alpha=0.3, label="90 % interval of the mean"),
            Line2D([], [], color=style.GREY, linewidth=1.1, linestyle=(0, (3, 2)), label="nine tenths of the pairs"),
        ]
        figure.legend(
            handles=handles, loc="lower center", ncols=3, bbox_to_anchor=(0.5, 0.32 / height), handlelength=1.6
        )
        style.title(
            figure,
            f"{quantity.label}: {words(scenario)} less {words(against)}",
            _seeds(runs, "Paired by seed"),
        )
        _notes(figure, "Each panel has its own scale. A mean interval that holds 0 does not tell the two apart.")
    return figure


def _paired_path(axes: Axes, years: Floats, values: Floats) -> None:
    """Mean, interval and band of (seed, year) differences."""
    mean, low, high = intervals(values)
    if np.isfinite(low).all():
        axes.fill_between(years, low, high, color=style.BLUE, alpha=0.3, linewidth=0)
    for edge in np.percentile(values, (5, 95), axis=0):
        axes.plot(years, edge, color=style.GREY, linewidth=1.1, linestyle=(0, (3, 2)))
    axes.plot(years, mean, color=style.BLUE)
    axes.axhline(0, color=style.INK, linewidth=0.9)
    _time_axis(axes, years, most=3)
    axes.locator_params(axis="y", nbins=5)


def gains_figure(runs: Runs, scenario: str, against: str, year: int | None = None) -> Figure:
    """Who gains and who pays: paired differences of four measures in every county, with their intervals."""
    chosen = chosen_year(runs, year)
    with style.applied():
        figure, grid, height = _grid(1, len(GAINS), panel=3.6, width=11.4, left=1.6, gap=0.14, foot=1.3, sharey=True)
        for axes, name in zip(grid, GAINS, strict=True):
            quantity = MEASURES[name]
            pair = [by_county(runs, each, name).sel(year=chosen) for each in (scenario, against)]
            differences = pair[0] - pair[1]
            _dots(axes, differences.values, quantity.better)
            axes.set_title(quantity.label, fontweight="bold")
            axes.set_xlabel(quantity.unit.replace(", December", "").replace(" a year", "").replace(", ", ",\n"))
        counties = [str(each) for each in differences["county"].values]
        grid[0].set_yticks(range(len(counties)), [style.county_label(name) for name in counties])
        grid[0].set_ylim(len(counties) - 0.5, -0.5)
        handles = [
            Line2D([], [], color=colour, marker="o", linewidth=2, label=label)
            for colour, label in ((style.BLUE, "better"), (style.VERMILLION, "worse"), (style.GREY, "not told apart"))
        ]
        figure.legend(
            handles=handles, loc="lower center", ncols=3, bbox_to_anchor=(0.5, 0.32 / height), handlelength=1.6
        )
        style.title(
            figure,
            f"Who gains, who pays: {words(scenario)} less {words(against)}, {chosen}",
            _seeds(runs, "Mean and 90 % interval of pairs"),
        )
        _notes(figure, "More debt counts as worse. Debt of the city level belongs to no county and is not drawn.")
    return figure


def _dots(axes: Axes, values: Floats, better: int) -> None:
    """Mean and interval of (seed, county) differences, one row a county."""
    mean, low, high = intervals(values)
    for row, (middle, left, right) in enumerate(zip(mean, low, high, strict=True)):
        sign = better * (int(left > 0) - int(right < 0))
        colour = {1: style.BLUE, -1: style.VERMILLION, 0: style.GREY}[sign]
        if np.isfinite(left):
            axes.plot([left, right], [row, row], color=colour, linewidth=2, solid_capstyle="butt")
        axes.plot([middle], [row], "o", color=colour, markersize=5)
    axes.axvline(0, color=style.INK, linewidth=0.9, zorder=1.5)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter("{x:,g}")


def difference_map(
    runs: Runs, scenario: str, against: str, year: int | None = None, measures: Sequence[str] = ("output", "jobs")
) -> Figure:
    """Counties coloured by the mean paired difference of two measures; hatched where its interval holds 0."""
    chosen = chosen_year(runs, year)
    shapes, note = maps.shapes_with_note()
    with style.applied():
        figure = Figure(figsize=(11.4, 5.2))
        for left, name in zip((0.005, 0.505), measures, strict=True):
            quantity = MEASURES[name]
            pair = [by_county(runs, each, name).sel(year=chosen) for each in (scenario, against)]
            mean, low, high = intervals((pair[0] - pair[1]).values)
            reach = 1.25 * max(float(np.abs(mean).max()), 1e-9)  # no county as dark as its label
            norm = TwoSlopeNorm(0.0, -reach, reach)
            colours = "RdBu" if quantity.better >= 0 else "RdBu_r"
            axes = figure.add_axes((left + 0.007, 0.07, 0.415, 0.75))
            differences = xr.DataArray(mean, {"county": pair[0]["county"].values}, ("county",))
            unclear = (low <= 0) & (high >= 0)
            maps.draw_differences(axes, differences, unclear, shapes, norm, colours, quantity.digits)
            axes.set_title(f"{quantity.label}, {quantity.unit.split(',')[0]}", fontweight="bold", y=1.0)
            bar = figure.colorbar(ScalarMappable(norm, colours), cax=figure.add_axes((left + 0.432, 0.22, 0.011, 0.46)))
            bar.ax.locator_params(axis="y", nbins=5)
            bar.ax.yaxis.set_major_formatter("{x:+,.3g}")
        style.title(
            figure,
            f"{words(scenario).capitalize()} less {words(against)}, {chosen}",
            _seeds(runs, "Mean of pairs; hatched: the 90 % interval holds 0"),
        )
        _notes(figure, note)
    return figure


def waterfall_figure(
    names: Sequence[str],
    mean: Floats,
    low: Floats,
    high: Floats,
    *,
    title: str,
    line: str,
    unit: str,
    whole: tuple[float, float, float] | None = None,
) -> Figure:
    """Parts of a difference, one after the other, up to the whole.

    Args:
        names: of the parts.
        mean: (n,) parts; they add up to the whole.
        low: (n,) lower ends of their intervals.
        high: (n,) upper ends.
        title: heading.
        line: what is measured.
        unit: of the parts.
        whole: mean, low and high of the whole; the sum without interval if not given.
    """
    total, left, right = (float(mean.sum()), math.nan, math.nan) if whole is None else whole
    order = np.argsort(-mean, kind="stable")
    with style.applied():
        height = 1.65 + 0.36 * (len(names) + 1)
        figure = Figure(figsize=(9.2, height))
        axes = figure.add_axes((0.3, 0.85 / height, 0.66, 1 - 1.6 / height))
        start = 0.0
        for row, at in enumerate(order):
            part = float(mean[at])
            colour = style.BLUE if part >= 0 else style.VERMILLION
            axes.barh(row, part, left=start, height=0.62, color=colour)
            _whisker(axes, row, start + float(low[at]), start + float(high[at]))
            axes.plot([start + part] * 2, [row, row + 1], color=style.GREY, linewidth=0.8)
            start += part
        axes.barh(len(order), total, height=0.62, color=style.INK)
        _whisker(axes, len(order), left, right, colour=style.GREY)
        axes.set_yticks(range(len(order) + 1), [*(_wrapped(names[at]) for at in order), "together"])
        axes.get_yticklabels()[-1].set_fontweight("bold")
        axes.set_ylim(len(order) + 0.6, -0.6)
        axes.margins(x=0.12)
        _bar_values(axes, [float(mean[at]) for at in order], total)
        axes.axvline(0, color=style.INK, linewidth=0.9)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(unit)
        axes.xaxis.set_major_formatter("{x:,g}")
        style.title(figure, title, line)
        _notes(figure, "Shapley values: parts add up to the whole. Whisker: 90 % interval of the part.")
    return figure


def _whisker(axes: Axes, row: float, left: float, right: float, colour: str = style.INK) -> None:
    """Interval of a part."""
    if np.isfinite(left) and np.isfinite(right):
        axes.plot([left, right], [row, row], color=colour, linewidth=1.1, zorder=3)
        axes.plot([left, right], [row, row], "|", color=colour, markersize=6, zorder=3)


def _bar_values(axes: Axes, parts: Sequence[float], total: float) -> None:
    """The amount of each part at the right edge."""
    for row, value in enumerate([*parts, total]):
        axes.text(
            1.0, row, f"{value:+,.3g}", transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=9,
            bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.0}, zorder=4,
        )  # fmt: skip


def reach_figure(
    runs: Runs, target: float = TRILLION, definitions: Sequence[str] = tuple(DEFINITIONS), scenarios: Sequence[str] = ()
) -> Figure:
    """Probability of having reached a target by each month, one panel a definition, one line a scenario.

    Args:
        runs: the ensemble.
        target: bn yuan over 12 months.
        definitions: headline series.
        scenarios: those drawn; all if none is named.
    """
    names = tuple(scenarios) or tuple(runs.scenarios)
    columns = min(len(definitions), 4)
    rows = math.ceil(len(definitions) / columns)
    with style.applied():
        figure, grid, height = _grid(
            rows, columns, panel=2.2, width=11.4, gap=0.16, head=1.08, sharey=True, row_gap=0.85
        )
        left = _first_year(runs, names, definitions, target)
        for axes, definition in zip(grid, definitions, strict=False):
            never = True
            for at, (colour, name) in enumerate(zip(_colours(len(names)), names, strict=True)):
                path = headline(runs, name, definition)
                years = style.year_axis(path["month"])
                passage = first_passage(path.values, target)
                middle, low, high = passage.by_month()
                axes.fill_between(years, 100 * low, 100 * high, color=colour, alpha=0.2, linewidth=0, step="post")
                thick = 3.0 if at == 0 and len(names) > 1 else 1.7  # what is compared with shows behind the others
                axes.step(years, 100 * middle, color=colour, where="post", linewidth=thick)
                never &= float(passage.reached) == 0
            _time_axis(axes, years[years >= left], most=4)
            axes.set_ylim(-3, 103)
            axes.set_title(_wrapped(DEFINITIONS.get(definition, words(definition)), 31), fontsize=9)
            if never:
                axes.text(0.5, 0.5, "in no run", transform=axes.transAxes, ha="center", color="#666666")
        for axes in grid[len(definitions) :]:
            axes.set_visible(False)
        for axes in grid[::columns]:
            axes.set_ylabel("% of runs")
        handles = [
            Line2D([], [], color=colour, label=words(name))
            for colour, name in zip(_colours(len(names)), names, strict=True)
        ]
        figure.legend(
            handles=handles, loc="lower center", ncols=min(len(names), 4), bbox_to_anchor=(0.5, 0.32 / height)
        )
        style.title(
            figure,
            f"Probability of having reached {target:,.0f} bn yuan, by definition",
            _seeds(runs, "Share of runs with 90 % interval"),
        )
        _notes(figure, "Probability given the model and what was drawn; reaching a level is not staying above it.")
    return figure


def _first_year(runs: Runs, names: Sequence[str], definitions: Sequence[str], target: float) -> float:
    """Where the time axis of probabilities begins: two years before the first passage of any run."""
    first = []
    for name in names:
        for definition in definitions:
            path = headline(runs, name, definition)
            years = style.year_axis(path["month"])
            above = (path.values >= target).any(axis=0)
            first.append(float(years[above.argmax()]) if above.any() else float(years[-1]))
    return max(min(first) - 2.0, float(years[0]))


def _colours(count: int) -> list[str]:
    """One colour a scenario; grey for what is compared with, if there is more than one."""
    colours = SCENARIO_COLOURS if count > 1 else SCENARIO_COLOURS[1:]
    return [colours[at % len(colours)] for at in range(count)]


def _grid(
    rows: int, columns: int, *, panel: float, width: float, left: float = 0.72, gap: float = 0.26,
    row_gap: float = 0.42, head: float = 0.95, foot: float = 0.95, sharey: bool = False,
) -> tuple[Figure, list[Axes], float]:  # fmt: skip
    """A figure with panels of a fixed height in inches, room for title, legend and small print; and its height."""
    height = head + rows * panel + (rows - 1) * row_gap + foot
    figure = Figure(figsize=(width, height))
    grid = figure.subplots(rows, columns, squeeze=False, sharey=sharey)
    figure.subplots_adjust(
        left=left / width, right=1 - 0.2 / width, top=1 - head / height, bottom=foot / height, wspace=gap,
        hspace=row_gap / panel,
    )  # fmt: skip
    return figure, list(grid.flat), height


def _seeds(runs: Runs, what: str) -> str:
    """Second line of the heading."""
    count = len(runs.seeds)
    return f"{what}, {count} seed{'s' if count != 1 else ''} under common luck"


def _time_axis(axes: Axes, years: Floats, most: int) -> None:
    """The time axis of the project; a run of a single year has half a year on both sides."""
    span = years if years[-1] > years[0] else np.array([years[0] - 0.5, years[0] + 0.5])
    style.time_axis(axes, span, most=most)


def _notes(figure: Figure, *lines: str) -> None:
    """Small print along the lower edge."""
    text = "\n".join([*lines[:-1], f"{lines[-1]} Synthetic opening; a projection, not a forecast."])
    figure.text(0.012, 0.09 / figure.get_figheight(), text, fontsize=7.5, color="#555555", va="bottom")


def _wrapped(text: str, width: int = 30) -> str:
    """A label on lines of at most so many characters."""
    return "\n".join(textwrap.wrap(text, width))


def save_comparison_figures(figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Write figures into an existing folder, ``NAME.png`` each.

    Raises:
        FolderError: a file could not be written.
    """
    return save_figures({f"{name}.png": figure for name, figure in figures.items()}, folder)
