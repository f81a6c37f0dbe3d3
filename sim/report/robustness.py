"""Policies over many futures for readers: regret, share of futures that go well, and when they do not, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from sim.report import style
from sim.report.files import save_figures, save_tables
from sim.report.tuning import WIDTH, number

if TYPE_CHECKING:
    from sim.experiment.tuning.goals import Goal
    from sim.experiment.tuning.robustness import Robustness
    from sim.statistics.discovery import Box


def boxes(found: Robustness) -> dict[str, tuple[Box, ...]]:
    """Conditions under which each policy misses a threshold, by policy; empty where the futures differ in nothing."""
    from sim.statistics.discovery import prim_boxes

    if not found.thresholds or found.conditions.empty:
        return {}
    return {
        name: prim_boxes(found.conditions, found.failed(at), together=found.seeds)
        for at, name in enumerate(found.policies)
    }


def sentences(found: Robustness) -> Iterator[str]:
    """What came out, in a few sentences."""
    from sim.statistics.discovery import answer, cart, words

    yield f"{found.problem.title}: {len(found.policies)} policies in {len(found.futures)} futures" + (
        f"; {found.left_out} more were left out because a run failed (the first: {found.faults[0]})"
        if found.left_out
        else ""
    )
    if not found.thresholds:
        yield "the problem has no limit on an outcome and no goal with a threshold: there is nothing to fail in"
        return
    yield f"a policy fails in a future if it misses: {' or '.join(each.name for each in found.thresholds)}"
    told = boxes(found)
    for at, name in enumerate(found.policies):
        if name in told:
            yield f"{name}: {answer(told[name], found.failed(at))}"
            leaves = cart(found.conditions, found.failed(at), together=found.seeds)
            if leaves:
                yield f"{name}, by a tree: {words(leaves[0])}"


def print_robustness(found: Robustness) -> None:
    """Print the table and the sentences."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, WIDTH)
    console.print(_table(found))
    console.print()
    for text in sentences(found):
        console.print(text, markup=False)


def _table(found: Robustness) -> Table:
    """A row a policy: mean, worst tenth and largest regret of each goal, share of futures without a miss."""
    table = Table("policy", box=None, title="mean / worst tenth / largest regret", title_justify="left")
    for goal in found.problem.goals:
        table.add_column(f"{_heading(goal)}, {goal.outcome.unit}", justify="right")
    table.add_column("all thresholds reached", justify="right")
    for at, name in enumerate(found.policies):
        cells = []
        for goal in found.problem.goals:
            values = found.of(goal)[at]
            parts = float(values.mean()), float(found.worst(goal)[at]), float(found.regret(goal).largest[at])
            cells.append(" / ".join(number(part) for part in parts))
        reached = found.reached
        share = "-" if reached is None else f"{reached.share[at]:.0%} [{reached.low[at]:.0%}, {reached.high[at]:.0%}]"
        table.add_row(name, *cells, share)
    return table


def _heading(goal: Goal) -> str:
    """The outcome of a goal, however it is summed up, and its case."""
    return f"{goal.outcome.name} if {goal.case}" if goal.case else goal.outcome.name


# --- files ------------------------------------------------------------------------------------------------------------


def future_frame(found: Robustness) -> pd.DataFrame:
    """A row a policy and future: its conditions, its figures, whether it fails."""
    parts = []
    for at, name in enumerate(found.policies):
        table = found.conditions.copy()
        table.insert(0, "policy", name)
        table.insert(1, "seed", [each.seed for each in found.futures])
        for figure in found.problem.figures:
            table[figure.outcome.name] = found.outcomes[figure.outcome.name][at]
        table["fails"] = found.failed(at)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def policy_frame(found: Robustness) -> pd.DataFrame:
    """A row a policy and goal: mean, worst tenth, regrets; share of futures without a miss."""
    rows = []
    for at, name in enumerate(found.policies):
        for goal in found.problem.goals:
            missed, values = found.regret(goal), found.of(goal)[at]
            row: dict[str, object] = {"policy": name, "goal": _heading(goal), "unit": goal.outcome.unit}
            row |= {"mean": float(values.mean()), "worst_tenth": float(found.worst(goal)[at])}
            row |= {"mean_regret": float(missed.mean[at]), "high_regret": float(missed.high[at])}
            row |= {"largest_regret": float(missed.largest[at])}
            row["worst_future"] = found.futures[int(missed.worst_future[at])].name
            if found.reached is not None:
                row |= {"reached": float(found.reached.share[at]), "reached_low": float(found.reached.low[at])}
                row["reached_high"] = float(found.reached.high[at])
            rows.append(row)
    return pd.DataFrame(rows)


def save_robustness(found: Robustness, folder: Path) -> list[Path]:
    """Write tables and figures into an existing folder.

    Returns:
        The files.

    Raises:
        FolderError: a file could not be written.
    """
    frames = {"futures.csv": future_frame(found), "policies.csv": policy_frame(found)}
    figures = {"policies.png": policy_figure(found)}
    if any(boxes(found).values()):
        figures["conditions.png"] = condition_figure(found)
    return save_tables(frames, folder) + save_figures(figures, folder)


# --- figures ----------------------------------------------------------------------------------------------------------


def policy_figure(found: Robustness) -> Figure:
    """A panel each goal: the outcome of every policy over all futures."""
    goals = found.problem.goals
    with style.applied():
        figure = Figure(figsize=(max(9.0, 4.4 * len(goals)), 1.9 + 0.55 * len(found.policies)))
        height = figure.get_figheight()
        style.title(
            figure,
            f"{found.problem.title}: policies in {len(found.futures)} futures",
            "a dot a future; black: mean; bar: mean of the worst tenth; dashed: thresholds",
        )
        panels = figure.subplots(1, len(goals), squeeze=False)
        longest = max(len(name) for name in found.policies)
        figure.subplots_adjust(0.02 + 0.0075 * longest, 0.85 / height, 0.985, 1 - 1.0 / height, 0.1)
        for place, (axes, goal) in enumerate(zip(panels.flat, goals, strict=True)):
            for at in range(len(found.policies)):
                _dots(axes, found.of(goal)[at], at, float(found.worst(goal)[at]))
            for each in found.thresholds:
                if each.outcome == goal.outcome.name and each.case in ("", goal.case):
                    axes.axvline(each.value, color=style.INK, linewidth=1.0, linestyle=(0, (4, 3)))
            axes.set_yticks(range(len(found.policies)), found.policies if place == 0 else [""] * len(found.policies))
            axes.set_ylim(len(found.policies) - 0.5, -0.5)
            axes.set_xlabel(f"{_heading(goal)}, {goal.outcome.unit} {'→' if goal.side > 0 else '←'}")
            axes.grid(visible=False, axis="y")
            axes.grid(axis="x")
        _small_print(figure, found)
    return figure


def _dots(axes: Axes, values: np.ndarray, row: int, worst: float) -> None:
    """One policy."""
    jitter = np.random.default_rng(row).uniform(-0.22, 0.22, len(values))
    axes.scatter(values, row + jitter, s=8, color=style.BLUE, alpha=0.45, linewidths=0)
    axes.plot([worst] * 2, [row - 0.33, row + 0.33], color=style.VERMILLION, linewidth=2.2)
    axes.plot(values.mean(), row, "o", color=style.INK, markersize=5)


def condition_figure(found: Robustness) -> Figure:
    """A panel each policy with a condition: its futures over the two clearest conditions, the box, where it fails."""
    told = {name: each for name, each in boxes(found).items() if each}
    with style.applied():
        figure = Figure(figsize=(max(8.5, 4.6 * len(told)), 5.2))
        height = figure.get_figheight()
        style.title(
            figure,
            f"{found.problem.title}: when it fails",
            "a dot a future, red where a threshold is missed; the box holds the conditions that were found",
        )
        panels = figure.subplots(1, len(told), squeeze=False)
        figure.subplots_adjust(0.09, 1.0 / height, 0.98, 1 - 1.15 / height, 0.28)
        for axes, (name, each) in zip(panels.flat, told.items(), strict=True):
            _condition(axes, found, found.policies.index(name), each[0])
        _small_print(figure, found)
    return figure


def _condition(axes: Axes, found: Robustness, policy: int, box: Box) -> None:
    """One policy over its first two conditions."""
    numbers = [str(name) for name, column in found.conditions.items() if pd.api.types.is_numeric_dtype(column)]
    named = [limit.factor for limit in box.limits if limit.factor in numbers]
    order: list[str | None] = [*named, *(name for name in numbers if name not in named), None, None]
    x, y = order[:2]
    failed = found.failed(policy)
    spread = np.random.default_rng(0).uniform(0, 1, len(failed))
    across = spread if x is None else found.conditions[x].to_numpy()
    up = spread if y is None else found.conditions[y].to_numpy()
    axes.scatter(across[~failed], up[~failed], s=14, color=style.PALE)
    axes.scatter(across[failed], up[failed], s=14, color=style.VERMILLION)
    for limit in box.limits:
        for end in (limit.low, limit.high):
            if np.isfinite(end) and limit.factor in (x, y):
                (axes.axvline if limit.factor == x else axes.axhline)(end, color=style.INK, linewidth=1.4)
    axes.set_xlabel(x or "")
    axes.set_ylabel(y or "")
    rates = f"fails in {failed.mean():.0%}, inside in {box.density:.0%}"
    axes.set_title(f"{found.policies[policy]}\n{rates}", fontsize=9.5)
    axes.grid(visible=False)


def _small_print(figure: Figure, found: Robustness) -> None:
    """What was run."""
    problem = found.problem
    known = style.month_name(str(problem.scenario.run.known_until))
    text = f"Year {problem.year}. Facts known until {known}. A projection, not a forecast: no future is called likely."
    figure.text(0.012, 0.09 / figure.get_figheight(), text, fontsize=7.5, color="#555555", va="bottom")
