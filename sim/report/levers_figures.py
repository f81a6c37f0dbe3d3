"""Figures of the page about levers: what each value does to each group of counties, four goals side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.experiment.levers_runs import AREAS
from sim.experiment.levers_study import Study
from sim.report import style
from sim.report.files import save_figures
from sim.report.levers import SHORT

COLOURS: Mapping[str, str] = {
    "city": style.INK,
    "core": style.BLUE,
    "coast": style.ORANGE,
    "mountain": style.GREEN,
}
"""Colours of the areas."""

PANELS = ("output", "jobs", "local_tax", "debt")
"""Goals that are drawn; the table beside the figure has them all."""

DPI = 80
"""Dots per inch: there is a figure a lever."""

SHIFT = 0.07
"""How far the areas of one value stand apart."""

NEAR = 0.25
"""Distance on the axis below which the second of two values is written a line lower."""


def lever_figure(lever: str, study: Study, year: int) -> Figure:
    """Differences from the scenario as it is with 90 % intervals, by value and area."""
    with style.applied():
        figure = Figure(figsize=(10.4, 3.0))
        grid = figure.subplots(1, len(PANELS))
        figure.subplots_adjust(left=0.055, right=0.99, top=0.70, bottom=0.21, wspace=0.3)
        for axes, goal in zip(grid.flat, PANELS, strict=True):
            _panel(axes, study, goal)
        style.title(
            figure, lever, f"Change against the scenario as it is, {year}: mean and 90 % interval of paired runs"
        )
        handles, labels = grid.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="lower center", ncols=len(AREAS), handlelength=1.2)
    return figure


def places_of(study: Study) -> NDArray[np.float64]:
    """Where values stand on the axis: numbers by their size, so that a bend is a bend; months and words evenly."""
    places = np.arange(len(study.points), dtype=np.float64)
    if study.ordered:
        values = np.array([float(point.value) for point in study.points])
        places = (values - values[0]) / (values[-1] - values[0]) * (len(values) - 1)
    return places


def _panel(axes: Axes, study: Study, goal: str) -> None:
    """One goal: in %, debt in bn yuan."""
    places = places_of(study)
    for number, area in enumerate(AREAS):
        effects = [study.effect(f"{goal}.{area}", at) for at in range(len(study.points))]
        values = np.array([(e.mean / 1e3, e.low / 1e3, e.high / 1e3) if goal == "debt" else e.percent for e in effects])
        values = np.where(np.isfinite(values), values, values[:, :1])
        spread = np.abs(values[:, 1:] - values[:, :1]).T
        axes.errorbar(
            places + SHIFT * (number - (len(AREAS) - 1) / 2), values[:, 0], yerr=spread, color=COLOURS[area],
            marker="o", markersize=3.5, linewidth=1.1, elinewidth=1.0, label=area,
        )  # fmt: skip
    axes.axhline(0, color=style.GREY, linewidth=0.8, zorder=1)
    near = np.diff(places, prepend=-1.0) < NEAR
    axes.set_xticks(places, ["\n" * int(close) + point.text for close, point in zip(near, study.points, strict=True)])
    axes.set_xlim(-0.3, len(places) - 0.7)
    axes.set_title(f"{SHORT[goal]}, {'bn yuan' if goal == 'debt' else '%'}")
    axes.yaxis.set_major_formatter("{x:,g}")


def save_lever_figures(studies: Mapping[str, Study], year: int, folder: Path) -> list[Path]:
    """Draw a figure a lever into an existing folder; the files are the same for the same results.

    Raises:
        FolderError: a file could not be written.
    """
    drawn = {lever: study for lever, study in studies.items() if len(study.points) > 1}
    return [
        file  # one figure at a time: there are dozens
        for lever, study in drawn.items()
        for file in save_figures({f"{lever}.png": lever_figure(lever, study, year)}, folder, DPI)
    ]
