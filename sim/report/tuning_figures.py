"""Figures of a search: the front in pairs of goals, levers along it, and what each point means for each county."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.report import style
from sim.report.files import save_figures
from sim.report.tuning import names, number, told
from sim.statistics.paired import intervals
from sim.world import load_world

if TYPE_CHECKING:
    from sim.experiment.tuning.front import Front
    from sim.experiment.tuning.search import Search

COUNTY_GOALS = ("value_added", "jobs", "income", "debt")
"""What is shown for each county, in per cent but for debt, which may be next to nothing."""

COLUMNS = 3
"""Panels beside each other."""


def save_front_figures(found: Search, front: Front, folder: Path) -> list[Path]:
    """Write all figures into an existing folder.

    Raises:
        FolderError: a file could not be written.
    """
    figures = {"front_levers.png": lever_figure(front)}
    if len(told(front)) > 1:
        figures["front_counties.png"] = county_figure(front)
    if len(front.problem.goals) > 1:
        figures = {"front_goals.png": goal_figure(found, front)} | figures
    return save_figures(figures, folder)


def goal_figure(found: Search, front: Front) -> Figure:
    """A panel each pair of goals, as changes to now: points of the search, the front with paired intervals."""
    goals = front.problem.goals
    pairs = list(combinations(range(len(goals)), 2))
    columns = min(COLUMNS, len(pairs))
    rows = -(-len(pairs) // columns)
    with style.applied():
        figure = Figure(figsize=(4.6 * columns + 0.4 if columns > 1 else 8.5, 1.55 + 4.0 * rows))
        words = "change to today's policy with the same luck; better is towards the arrow of each axis"
        style.title(figure, f"{front.problem.title}: the front", words)
        height = figure.get_figheight()
        panels = figure.subplots(rows, columns, squeeze=False)
        figure.subplots_adjust(0.09 if columns > 1 else 0.12, 1.15 / height, 0.975, 1 - 0.75 / height, 0.32, 0.34)
        for axes in panels.flat[len(pairs) :]:
            axes.set_visible(False)
        for axes, pair in zip(panels.flat, pairs, strict=False):
            _pair(axes, found, front, pair)
        handles, words = panels.flat[0].get_legend_handles_labels()
        figure.legend(handles, words, loc="lower left", ncols=4, bbox_to_anchor=(0.03, 0.28 / height))
        _small_print(figure, front)
    return figure


def _pair(axes: Axes, found: Search, front: Front, pair: tuple[int, int]) -> None:
    """Two goals."""
    label, (x, y) = names(front), pair
    searched = found.values[found.allowed] - found.values[0]
    axes.scatter(searched[:, x], searched[:, y], s=9, color=style.PALE, label="points of the search", zorder=1)
    mean, low, high = (
        np.moveaxis(part, -1, 0) for part in intervals(np.moveaxis(front.values - front.values[0], 2, 0))
    )
    points = [point for point in told(front) if point]
    axes.errorbar(
        mean[x][points],
        mean[y][points],
        xerr=(mean[x] - low[x], high[x] - mean[x]) @ np.eye(len(mean[x]))[:, points],
        yerr=(mean[y] - low[y], high[y] - mean[y]) @ np.eye(len(mean[y]))[:, points],
        fmt="o",
        color=style.BLUE,
        markersize=5,
        elinewidth=0.8,
        label="front, fresh futures, 90 %",
        zorder=3,
    )
    best = front.recommended.point
    axes.plot(mean[x][best], mean[y][best], "o", ms=11, mfc="none", mec=style.VERMILLION, mew=1.6, label="recommended")
    axes.plot(mean[x][0], mean[y][0], "D", color=style.INK, markersize=6, label="now", zorder=4)
    for point in points:
        axes.annotate(label[point], (mean[x][point], mean[y][point]), (5, 4), textcoords="offset points", fontsize=8.5)
    for which, at in ((axes.set_xlabel, x), (axes.set_ylabel, y)):
        goal = front.problem.goals[at]
        up = "→" if goal.better > 0 else "←"
        which(f"{goal.name}, {goal.unit.partition(';')[0]}  {up}")
    axes.grid(axis="both")
    axes.xaxis.set_major_locator(MaxNLocator(5))


def lever_figure(front: Front) -> Figure:
    """Parallel coordinates: levers, then goals, each over its range; a line a point."""
    problem, label = front.problem, names(front)
    levers, goals = problem.levers, problem.goals
    lows = [lever.low for lever in levers] + front.means[told(front)].min(axis=0).tolist()
    highs = [lever.high for lever in levers] + front.means[told(front)].max(axis=0).tolist()
    low, high = np.array(lows), np.array(highs)
    width = np.where(high > low, high - low, 1.0)
    heads = [lever.name.replace(".", ".\n", 1).replace("@", "\n@") for lever in levers]
    heads += [f"{goal.name} {'↑' if goal.better > 0 else '↓'}".replace(" (", "\n(") for goal in goals]
    with style.applied():
        figure = Figure(figsize=(max(8.5, 1.35 * len(heads) + 2.2), 6.2))
        style.title(
            figure,
            f"{problem.title}: levers along the front",
            "each axis is the range of a lever, then that of a goal, better towards the arrow",
        )
        axes = figure.add_axes((0.05, 0.2, 0.88, 0.62))
        colours = colormaps["viridis"](np.linspace(0.05, 0.9, max(len(told(front)) - 1, 1)))
        lines = [(np.concatenate([front.levers[point], front.means[point]]) - low) / width for point in told(front)]
        places = _apart([line[-1] for line in lines])
        for number_of, point in enumerate(told(front)):
            values = lines[number_of]
            colour = style.INK if point == 0 else colours[number_of - 1]
            thick = 2.6 if point == front.recommended.point else 1.3
            axes.plot(values, color=colour, linewidth=thick, linestyle="--" if point == 0 else "-")
            axes.text(len(heads) - 0.96, places[number_of], label[point], color=colour, va="center", fontsize=8.5)
        for at in range(len(heads)):
            axes.axvline(at, color=style.GREY if at < len(levers) else style.VERMILLION, linewidth=0.8, zorder=0)
            axes.text(at, 1.03, number(float(high[at])), ha="center", fontsize=7.5)
            axes.text(at, -0.05, number(float(low[at])), ha="center", va="top", fontsize=7.5)
        axes.set_xticks(range(len(heads)), heads, fontsize=7.5)
        axes.tick_params(axis="x", length=0, pad=16)
        axes.set_yticks([])
        axes.set_ylim(-0.03, 1.03)
        axes.grid(visible=False)
        for side in axes.spines.values():
            side.set_visible(False)
        _small_print(figure, front)
    return figure


def _apart(values: list[float], gap: float = 0.033) -> list[float]:
    """Heights of labels: the values, moved apart where they would touch, and none above the axis."""
    order, found, last = np.argsort(values), list(values), -1.0
    for at in order:
        found[at] = last = max(values[at], last + gap)
    above = 1.0
    for at in order[::-1]:
        found[at] = min(found[at], above)
        above = found[at] - gap
    return found


def county_figure(front: Front) -> Figure:
    """A panel each outcome: change to now in every county, a row a point, in per cent."""
    world, label = load_world(), names(front)
    points = [point for point in told(front) if point]
    height = 1.7 + (0.55 + 0.3 * len(points)) * 2 + 0.9
    with style.applied():
        figure = Figure(figsize=(13.5, max(height, 5.0)))
        height = figure.get_figheight()
        style.title(
            figure,
            f"{front.problem.title}: who gains, who loses",
            f"change to now in {front.problem.year}, per cent, debt in M yuan; pale where it could be luck (90 %)",
        )
        panels = figure.subplots(2, 2, squeeze=False)
        free = (height - 1.8 - 0.8) / 2
        figure.subplots_adjust(0.045, 0.85 / height, 0.985, 1 - 0.95 / height, 0.1, 0.8 / free)
        for axes, goal in zip(panels.flat, COUNTY_GOALS, strict=True):
            _counties(axes, front, goal, points, [label[point] for point in points])
        for axes in panels.flat:
            axes.set_xticks(range(len(world.county_names)), world.county_names, fontsize=7.5, rotation=18)
        _small_print(figure, front)
    return figure


def _counties(axes: Axes, front: Front, goal: str, points: list[int], rows: list[str]) -> None:
    """One outcome."""
    counties = load_world().county_names
    shown, seen = np.zeros((len(points), len(counties))), np.zeros((len(points), len(counties)), dtype=bool)
    for at, point in enumerate(points):
        for column, county in enumerate(counties):
            now, then = (front.evaluated[each].outcomes[f"{goal}.{county}"] for each in (0, point))
            base = abs(float(now.mean()))
            mean, low, high = (float(value) for value in intervals(then - now))
            shown[at, column] = mean if goal == "debt" else 100.0 * mean / base if base > 0 else 0.0
            seen[at, column] = low > 0 or high < 0
    most = max(float(np.abs(shown).max()), 0.1)
    turned = "RdBu" if goal != "debt" else "RdBu_r"
    axes.imshow(shown, cmap=turned, vmin=-most, vmax=most, aspect="auto", alpha=np.where(seen, 0.9, 0.25))
    for (row, column), value in np.ndenumerate(shown):
        strong = seen[row, column] and abs(value) > 0.6 * most
        axes.text(
            column,
            row,
            f"{value:+,.0f}" if goal == "debt" else f"{value:+.1f}",
            ha="center",
            va="center",
            fontsize=7.5,
            color="white" if strong else style.INK,
        )
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    axes.set_title(goal.replace("_", " "))
    axes.grid(visible=False)


def _small_print(figure: Figure, front: Front) -> None:
    """What was run."""
    problem = front.problem
    text = (
        f"Scenario {problem.scenario.name}, year {problem.year}, {len(front.evaluated[0].futures)} fresh futures"
        f"{_cases(front)}. Facts known until {style.month_name(str(problem.scenario.run.known_until))}."
        " A projection, not a forecast."
    )
    figure.text(0.012, 0.09 / figure.get_figheight(), text, fontsize=7.5, color="#555555", va="bottom")


def _cases(front: Front) -> str:
    """The cases, if there are several."""
    cases = [case.name for case in front.problem.cases]
    return f" ({', '.join(cases)})" if len(cases) > 1 else ""
