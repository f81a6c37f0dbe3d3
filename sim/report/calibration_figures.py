"""Figures of a calibration: prior and posterior of each parameter, and the facts beside both."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.report import style
from sim.report.calibration import Matched, facts, number, parameters, part_left
from sim.report.files import save_figures

if TYPE_CHECKING:
    from sim.experiment.calibration.calibrate import Calibration

COLUMNS = 5
"""Panels beside each other."""

BINS = 16
"""Bars of a posterior."""

ROW = 0.34
"""Height of a fact, inches."""


def parameter_figure(found: Calibration) -> Figure:
    """A panel each free parameter: uniform prior as a line, draws of the posterior as bars, the value before."""
    rows = -(-len(found.prior.free) // COLUMNS)
    values, told = found.prior.changes(found.kept), parameters(found)
    with style.applied():
        figure = Figure(figsize=(13.5, 1.0 + 1.75 * rows))
        style.title(
            figure,
            f"What the facts known in {style.month_name(str(found.as_of))} say of the parameters",
            f"{len(found.kept)} draws of the posterior (bars), declared range (grey), value before (dashed);"
            " the share is by how much the variance fell",
        )
        height = figure.get_figheight()
        panels = figure.subplots(rows, COLUMNS, squeeze=False)
        figure.subplots_adjust(0.02, 0.5 / height, 0.985, 1 - 0.95 / height, wspace=0.14, hspace=0.75)
        for at, axes in enumerate(panels.flat):
            if at >= len(found.prior.free):
                axes.set_visible(False)
                continue
            one = told[at]
            drawn, ends = [each[one.name] for each in values], (one.low, one.high)
            axes.hist(drawn, BINS, range=ends, density=True, color=style.BLUE)
            axes.fill_between([one.low, one.high], 1.0 / (one.high - one.low), color=style.PALE, alpha=0.6, zorder=0.5)
            axes.axvline(one.before, color=style.INK, linewidth=1.0, linestyle=(0, (4, 3)))
            axes.set_title(f"{one.name}  {max(one.narrower, 0.0):.0%}", fontsize=8.5)
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.tick_params(labelsize=7.5)
        _small_print(figure, found)
    return figure


def fact_figure(found: Calibration) -> Figure:
    """A line a fact: prior and posterior as deviations from what was published."""
    matched = facts(found)
    height = 1.75 + ROW * len(matched)
    with style.applied():
        figure = Figure(figsize=(13.5, height))
        style.title(
            figure,
            f"Facts known in {style.month_name(str(found.as_of))}, before and after calibration",
            "median and 90 % band of the model less the published figure; amounts and counts in per cent, shares and"
            " growth in points of per cent, others in their unit",
        )
        axes = figure.add_axes((0.42, 0.85 / height, 0.43, 1 - 1.75 / height))
        for at, one in enumerate(matched):
            _fact(axes, len(matched) - 1 - at, one)
        axes.axvline(0.0, color=style.INK, linewidth=1.0)
        axes.set_yticks(range(len(matched)), [_label(one) for one in reversed(matched)], fontsize=8)
        axes.set_ylim(-0.7, len(matched) - 0.3)
        axes.grid(axis="x")
        axes.set_xlim(*_limits(matched))
        axes.set_xlabel("model less published figure")
        for colour, text, width in (
            (style.GREY, "prior", 3),
            (style.BLUE, "posterior", 3),
            (style.PALE, "trusted band", 8),
        ):
            axes.plot([], [], color=colour, linewidth=width, label=text)
        axes.legend(loc="lower left", bbox_to_anchor=(1.01, 0.0))
        _small_print(figure, found)
    return figure


def _fact(axes: Axes, row: int, one: Matched) -> None:
    """The band in which a fact is trusted, and two bands of the model."""
    ends = [_off(one, one.target.low), _off(one, one.target.high)]
    axes.plot(ends, [row] * 2, color=style.PALE, linewidth=14, solid_capstyle="butt", zorder=0.9)
    for shift, band, colour in ((0.16, one.before, style.GREY), (-0.16, one.after, style.BLUE)):
        low, middle, high = (_off(one, value) for value in band)
        axes.plot([low, high], [row + shift] * 2, color=colour, linewidth=3, solid_capstyle="butt")
        axes.plot(middle, row + shift, "o", color=colour, markersize=4, markeredgecolor="white")


def _off(one: Matched, value: float) -> float:
    """A value less the published figure: per cent of it where it is a level, hundredths where it is a share."""
    target = one.target
    if target.scale != "level":
        return 100.0 * (value / target.value - 1.0)
    hundredths = 100.0 if abs(target.value) < 1.5 else 1.0
    return hundredths * (value - target.value)


def _limits(matched: list[Matched]) -> tuple[float, float]:
    """Limits of the axis that show all of the posterior and most of the prior."""
    after = np.array([[_off(one, value) for value in one.after] for one in matched])
    before = np.array([[_off(one, value) for value in one.before] for one in matched])
    low = min(after.min(), np.quantile(before[:, 0], 0.25))
    high = max(after.max(), np.quantile(before[:, 2], 0.75))
    room = 0.05 * (high - low)
    return float(low - room), float(high + room)


def _label(one: Matched) -> str:
    """A fact in two lines at most."""
    text = f"{one.target.label}: {number(one.target.value)} {one.target.unit}"
    return "\n".join(textwrap.wrap(text, 72)[:2])


def _small_print(figure: Figure, found: Calibration) -> None:
    """What was calibrated, along the lower edge."""
    text = (
        f"Scenario {found.prior.scenario.name}; {len(found.targets)} facts published by {found.as_of},"
        f" {found.runs.made} runs, {part_left(found.left[-1])} of the space that allows an opening not ruled out."
        " Bands of the posterior are emulated and hold the luck of seeds."
    )
    figure.text(0.012, 0.09 / figure.get_figheight(), text, fontsize=7.5, color="#555555", va="bottom")


def save_calibration_figures(found: Calibration, folder: Path) -> list[Path]:
    """Draw both figures into an existing folder.

    Returns:
        ``calibration_parameters.png`` and ``calibration_facts.png``.

    Raises:
        FolderError: a file could not be written.
    """
    figures = {"parameters": parameter_figure(found), "facts": fact_figure(found)}
    return save_figures({f"calibration_{name}.png": figure for name, figure in figures.items()}, folder)
