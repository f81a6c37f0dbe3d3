"""Figures of a validation: every fact over its band on one page, and the paths of the runs with what was published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.experiment.moments import GROUPS
from sim.experiment.validation import KNOWN, LATER
from sim.report import style
from sim.report.files import save_figures
from sim.report.validation import (
    ABOVE,
    BELOW,
    INSIDE,
    WIDE,
    Line,
    Validation,
    facts,
    label_text,
)

REACH = 1.5
"""Deviation up to which bands are drawn, in sizes of the fact; what lies beyond is marked at the edge."""

VERDICT_COLOURS: Mapping[str, str] = {
    INSIDE: style.GREEN,
    WIDE: style.ORANGE,
    ABOVE: style.VERMILLION,
    BELOW: style.VERMILLION,
}

PANELS: Sequence[tuple[str, str, str, float]] = (
    ("output_lithium", "Lithium output", "bn yuan, current prices, 12 months", 1.0),
    ("share_four", "The four chains in above-scale value added", "% of value added, 12 months", 100.0),
    ("introduced", "Battery projects", "projects introduced so far", 1.0),
    ("electricity", "Electricity of industry", "TWh, 12 months", 1.0),
)
"""Panels of the paths: series, title, axis, factor."""

MARKS: Mapping[str, Mapping[str, tuple[str, float]]] = {
    "output_lithium": {
        "output_lithium_2016": ("2016-12", 1.0),
        "output_lithium_2017": ("2017-12", 1.0),
        "output_lithium_2019": ("2019-12", 1.0),
        "output_lithium_2020": ("2020-12", 1.0),
        "output_lithium_2021": ("2021-12", 1.0),
    },
    "share_four": {
        "share_four_base_2018": ("2018-11", 1.0),
        "share_four_2019_reported": ("2019-11", 1.0),
        "share_four_2021": ("2021-12", 1.0),
    },
    "introduced": {
        "chain_projects_2018": ("2018-12", 1.0),
        "chain_projects_2019": ("2019-11", 1.0),
        "chain_projects_late2021": ("2021-12", 1.0),
    },
    "electricity": {"industrial_power_2019m11": ("2019-11", 12 / 11)},
}
"""Published figures on the paths: month, and what brings them to twelve months."""


def drawable(found: Validation) -> list[Line]:
    """Lines that have a place on the page: measured, with a fact of two sides that is not 0."""
    return [
        line for line in found.lines if line.verdict in VERDICT_COLOURS and line.fact is not None and line.fact.size > 0
    ]


def facts_page(found: Validation) -> Figure:
    """All facts on one page: each fact is a dot at 0, the band of its moment a bar in sizes of the fact."""
    lines = drawable(found)
    groups = [(name, [line for line in lines if line.moment.group == name]) for name in GROUPS]
    rows = [(name, members) for name, members in groups if members]
    columns = _two_columns(rows)
    tallest = max((sum(len(members) + 1.4 for _, members in column) for column in columns), default=1.0)
    height = 0.185 * tallest + 1.75
    with style.applied():
        figure = Figure(figsize=(13.2, height))
        bottom, top = 1.15 / height, 1 - 0.72 / height
        for column, left in zip(columns, (0.205, 0.705), strict=True):
            axes = figure.add_axes((left, bottom, 0.27, top - bottom))
            _facts_column(axes, column, tallest)
        style.title(
            figure,
            f"{found.scenario}: what was published and what {found.seeds} runs give",
            "Dot: published figure. Bar: model less published, in sizes of the published figure; thick 50 %, thin 90 % "
            "of the runs; line: median",
        )
        _facts_legend(figure, height)
        _notes(figure, _facts_notes(found, len(lines)))
    return figure


def _two_columns(rows: list[tuple[str, list[Line]]]) -> tuple[list[tuple[str, list[Line]]], ...]:
    """Groups dealt to two columns as even as they can be; in each they keep their order."""
    sizes = [len(members) + 1.4 for _, members in rows]

    def gap(choice: int) -> float:
        return abs(sum(size if choice >> at & 1 else -size for at, size in enumerate(sizes)))

    best = min(range(1 << len(rows)), key=gap)
    sides = tuple([row for at, row in enumerate(rows) if (best >> at & 1) == side] for side in (1, 0))
    return sides if not rows or rows[0] in sides[0] else (sides[1], sides[0])


def _facts_column(axes: Axes, column: list[tuple[str, list[Line]]], tallest: float) -> None:
    """Groups with their facts, from the top."""
    axes.set_xlim(-REACH, REACH)
    axes.set_ylim(tallest, -0.6)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.set_xticks([-1.5, -1, -0.5, 0, 0.5, 1, 1.5], ["-150 %", "-100 %", "-50 %", "0", "+50 %", "+100 %", "+150 %"])
    height = 0.0
    for name, members in column:
        axes.text(-0.68, height, name, transform=axes.get_yaxis_transform(), fontsize=9, fontweight="bold", va="center")
        for line in members:
            height += 1.0
            _fact_row(axes, height, line)
        height += 1.4
    axes.plot([0, 0], [0.4, height - 0.9], color=style.GREY, linewidth=0.8, zorder=1)


def _fact_row(axes: Axes, height: float, line: Line) -> None:
    """Label, bars and dot of one fact."""
    assert line.fact is not None
    band, value, size = line.band, line.fact.value, line.fact.size
    colour = VERDICT_COLOURS[line.verdict]
    axes.text(
        -0.03, height, label_text(line), transform=axes.get_yaxis_transform(), fontsize=8, va="center", ha="right"
    )
    points = [(point - value) / size for point in (band.low90, band.low50, band.median, band.high50, band.high90)]
    low, low50, middle, high50, high = (float(np.clip(point, -REACH, REACH)) for point in points)
    if low < high:
        axes.plot([low, high], [height, height], color=colour, linewidth=1.3, solid_capstyle="butt")
    if low50 < high50:
        axes.plot([low50, high50], [height, height], color=colour, linewidth=5.5, solid_capstyle="butt", alpha=0.55)
    if abs(points[2]) <= REACH:
        axes.plot([middle, middle], [height - 0.3, height + 0.3], color=colour, linewidth=1.8)
    for edge, beyond, marker in ((REACH, points[4] > REACH, ">"), (-REACH, points[0] < -REACH, "<")):
        if beyond:
            axes.plot([edge], [height], marker=marker, color=colour, markersize=5, clip_on=False)
    own = [float(np.clip((point - value) / size, -REACH, REACH)) for point in (line.fact.low, line.fact.high)]
    axes.plot(own, [height, height], color=style.INK, linewidth=0.9, zorder=3)
    axes.plot([0], [height], marker="o", markersize=4, color=style.INK, zorder=4)


def _facts_legend(figure: Figure, height: float) -> None:
    """Colours of the verdicts."""
    handles = [
        Patch(color=style.GREEN, label="inside the 90 % band"),
        Patch(color=style.ORANGE, label="inside, but the band is too wide to show anything"),
        Patch(color=style.VERMILLION, label="outside the 90 % band"),
        Line2D([], [], linewidth=0.9, marker="o", markersize=4, color=style.INK, label="published, with its own range"),
    ]
    figure.legend(handles=handles, loc="center", bbox_to_anchor=(0.5, 0.62 / height), ncols=4, handlelength=1.2)


def _facts_notes(found: Validation, drawn: int) -> list[str]:
    """What the page leaves out, and what was run."""
    left_out = len(found.lines) - drawn
    gone = (
        f"{left_out} lines have no place here: signs, figures without a published value, and what this version cannot "
        "measure; they stand in validation.md."
    )
    return [gone, _origin(found)]


def _origin(found: Validation) -> str:
    """What was run, in one line."""
    known = style.month_name(found.known_until)
    gone = f" {len(found.faults)} runs failed." if found.faults else ""
    return (
        f"Scenario {found.scenario}, {found.seeds} seeds.{gone} Facts known until {known}; ° out of sample: there the "
        "world outside is given. The opening position of the counties is synthetic."
    )


def _notes(figure: Figure, lines: Sequence[str]) -> None:
    """Small print along the lower edge."""
    figure.text(0.012, 0.09 / figure.get_figheight(), "\n".join(lines), fontsize=7.5, color="#555555", va="bottom")


def path_figure(found: Validation, paths: pd.DataFrame) -> Figure:
    """Four monthly series: median, 50 % and 90 % of the runs, known world and given world, with published figures."""
    with style.applied():
        figure = Figure(figsize=(11.6, 7.6))
        grid = figure.subplots(2, 2)
        figure.subplots_adjust(left=0.065, right=0.985, top=0.875, bottom=0.155, hspace=0.32, wspace=0.17)
        split = bool((paths["part"] == LATER).any())
        for axes, panel in zip(grid.flat, PANELS, strict=True):
            _path_panel(axes, panel, paths, found.known_until, split)
        style.title(
            figure,
            f"{found.scenario}: paths of {found.seeds} runs and what was published",
            "Line: median; dark: 50 %, pale: 90 % of the runs",
        )
        handles = [
            Patch(color=style.BLUE, alpha=0.5, label="what the scenario knows"),
            *([Patch(color=style.ORANGE, alpha=0.5, label="out of sample, world outside given")] if split else []),
            Line2D(
                [], [], linestyle="", marker="o", markersize=6.5, markerfacecolor="white", markeredgewidth=1.6,
                color=style.INK, label="published",
            ),
        ]  # fmt: skip
        figure.legend(handles=handles, loc="center", bbox_to_anchor=(0.5, 0.093), ncols=3, handlelength=1.4)
        periods = (
            "Published: shares are those of January to November 2018 and 2019 and of 2021; electricity of January to "
            "November 2019 is brought to twelve months."
        )
        _notes(figure, [periods, _origin(found)])
    return figure


def _path_panel(
    axes: Axes, panel: tuple[str, str, str, float], paths: pd.DataFrame, known_until: str, split: bool
) -> None:
    """One series with its bands and marks."""
    name, title, label, factor = panel
    tops = [_path_band(axes, paths[paths["part"] == KNOWN], name, factor, style.BLUE)]
    if split:
        late = paths[(paths["part"] == LATER) & (paths["month"] >= known_until)]
        tops.append(_path_band(axes, late, name, factor, style.ORANGE))
    published = facts()
    for fact, (month, scale) in MARKS[name].items():
        value = published[fact].value * scale * factor
        axes.plot(
            [style.at_end_of(month)], [value], marker="o", markersize=6.5, markerfacecolor="white", markeredgewidth=1.6,
            color=style.INK, linestyle="", zorder=5, clip_on=False,
        )  # fmt: skip
        tops.append(value)
    axes.set_title(title)
    axes.set_ylabel(label)
    axes.set_ylim(0, 1.08 * float(np.nanmax(tops)))
    ends = paths["month"].max()
    axes.set_xlim(2014, style.at_end_of(ends) + 0.02)
    axes.set_xticks(range(2014, 2023, 2))
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.yaxis.set_major_formatter("{x:,g}")
    known = style.at_end_of(known_until)
    if 2014 < known < axes.get_xlim()[1]:
        axes.axvline(known, color=style.GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=1.5)


def _path_band(axes: Axes, paths: pd.DataFrame, name: str, factor: float, colour: str) -> float:
    """Median and bands of a series; its highest value."""
    by_month = (
        paths.groupby("month")[name].quantile(np.array([0.05, 0.25, 0.5, 0.75, 0.95])).unstack().dropna() * factor
    )
    if by_month.empty:
        return 0.0
    years = np.array([style.at_end_of(str(month)) for month in by_month.index])
    low, low50, middle, high50, high = (by_month[point].to_numpy() for point in (0.05, 0.25, 0.5, 0.75, 0.95))
    axes.fill_between(years, low, high, color=colour, alpha=0.22, linewidth=0)
    axes.fill_between(years, low50, high50, color=colour, alpha=0.4, linewidth=0)
    axes.plot(years, middle, color=colour)
    return float(high.max())


def save_validation_figures(found: Validation, paths: pd.DataFrame | None, folder: Path) -> list[Path]:
    """Draw the figures into an existing folder.

    Args:
        found: what was found.
        paths: monthly series of the runs; without them that figure is left out.
        folder: where ``facts.png`` and ``paths.png`` go.

    Returns:
        The files.

    Raises:
        FolderError: a file could not be written.
    """
    figures = {"facts": facts_page(found)} if drawable(found) else {}
    if paths is not None and len(paths):
        figures["paths"] = path_figure(found, paths)
    return save_figures({f"{name}.png": figure for name, figure in figures.items()}, folder)
