"""A search for readers: the front, what is recommended, what it changes and for whom: tables, files, scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from sim.report.files import save_tables, save_texts
from sim.results.tables import harmless
from sim.statistics.paired import paired

if TYPE_CHECKING:
    from sim.experiment.tuning.front import Front
    from sim.experiment.tuning.goals import Goal
    from sim.experiment.tuning.search import Search
    from sim.scenario import Scenario

WIDTH = 118
"""Width of the tables where nobody says how wide the screen is."""

NEAREST = 3
"""Points better than the current policy that are told (assumption: more is not read)."""

CURRENT = "now"
"""Name of the current policy among the points."""


def names(front: Front) -> dict[int, str]:
    """Names of the points that are told, by number: the current policy, then the front, A, B, ... by the first goal."""
    found = {0: CURRENT}
    letters = (chr(ord("A") + at) for at in range(26))
    return found | {point: next(letters) for point in front.chosen if point}


def told(front: Front) -> list[int]:
    """Numbers of the points that are told: the current policy and the front."""
    return list(names(front))


def number(value: float) -> str:
    """A number with four digits."""
    if not np.isfinite(value):
        return "-"
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def signed(value: float) -> str:
    """A difference with its sign and three digits that count."""
    return f"{float(f'{value:.3g}'):+,.0f}" if abs(value) >= 1e3 else f"{value:+.3g}"


def sentences(found: Search, front: Front) -> Iterator[str]:
    """What came out, in a few sentences."""
    problem, label = front.problem, names(front)
    futures = len(problem.cases) * problem.seeds
    allowed = int(found.allowed.sum())
    yield (
        f"{problem.title}: {len(found.evaluated)} points in {futures} futures each, {allowed} of them keep all limits;"
        f" the best were looked at again in {len(front.evaluated[0].futures)} fresh ones"
    )
    if front.left_out:
        yield f"{front.left_out} of these broke a limit or failed with fresh luck and were left out"
    if front.broken_now:
        yield f"the current policy breaks {', '.join(front.broken_now)}: it is compared with, but is no choice"
    on_front = [name for point, name in label.items() if point and front.members[point]]
    now = "the current policy is one more" if front.members[0] else "the current policy is beaten"
    yield f"{len(on_front)} points are not beaten by any other beyond luck" + ("" if front.broken_now else f"; {now}")
    chosen = front.recommended
    again = "" if np.isnan(chosen.share) else f"; other seeds would recommend it in {chosen.share:.0%} of draws"
    gives = f"which gives away at most {chosen.regret:.0%} of the range of any goal"
    yield f"recommended: {label[chosen.point]}, {gives}{again}"
    better = [each for each in front.better if each.dominates and each.point in label]
    if better:
        yield f"better than now beyond luck, those that change least first: {', '.join(label[b.point] for b in better)}"
        for each in better[:NEAREST]:
            yield f"{label[each.point]} changes {_changes(front, each.point)}"
    elif front.members[0] or front.broken_now:
        yield "no point is shown to be better than now in one goal without a loss in another"
    else:
        yield "what is better than now is itself beaten by points that lose something against now"
    for lever, side in ends(front):
        yield f"{lever} ends at its {side} end in every point of the front: widen its range, or ask what it costs"


def _changes(front: Front, point: int) -> str:
    """The levers that a point moves most, as parts of their ranges, from now to there."""
    levers = front.problem.levers
    moved = np.array(
        [(front.levers[point, at] - front.levers[0, at]) / (one.high - one.low) for at, one in enumerate(levers)]
    )
    order = [int(at) for at in np.argsort(-np.abs(moved)) if abs(moved[at]) > 0.02]
    told_of = [
        f"{levers[at].name} {number(front.levers[0, at])} to {number(front.levers[point, at])}" for at in order[:4]
    ]
    rest = len(order) - len(told_of)
    return ", ".join(told_of) + (f" and {rest} more" if rest > 0 else "") if told_of else "hardly anything"


def ends(front: Front) -> Iterator[tuple[str, str]]:
    """Levers that stand at one end of their range in all points of the front, with the end."""
    points = [point for point in front.chosen if point]
    for at, lever in enumerate(front.problem.levers):
        values = front.levers[points, at]
        slack = 0.01 * (lever.high - lever.low)
        if points and (values <= lever.low + slack).all():
            yield lever.name, "lower"
        elif points and (values >= lever.high - slack).all():
            yield lever.name, "upper"


def print_search(found: Search, front: Front) -> None:
    """Print sentences, goals and levers of the points."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, WIDTH)
    for text in sentences(found, front):
        console.print(text, markup=False)
    console.print()
    console.print(_goal_table(front))
    console.print()
    console.print(_lever_table(front))


def _goal_table(front: Front) -> Table:
    """A row a point: what it comes to, and the difference to now with its interval."""
    label, goals = names(front), front.problem.goals
    table = Table("", box=None, title="What the points come to; less now, with 90 % interval", title_justify="left")
    for goal in goals:
        table.add_column(
            f"{goal.name}, {goal.unit} ({'more' if goal.better > 0 else 'less'} is better)", justify="right"
        )
    for point in told(front):
        cells = []
        for at in range(len(goals)):
            mean = number(front.means[point, at])
            if point:
                effect = paired(front.values[point, at] - front.values[0, at])
                mean += f"  {signed(effect.mean)} [{signed(effect.low)}, {signed(effect.high)}]"
            cells.append(mean)
        table.add_row(_heading(front, point, label), *cells)
    return table


def _lever_table(front: Front) -> Table:
    """A row a point, a column a lever; ranges last."""
    label, levers = names(front), front.problem.levers
    table = Table("", box=None, title="Levers", title_justify="left")
    for lever in levers:
        table.add_column(lever.name.replace(".", ".\n", 1), justify="right")
    for point in told(front):
        table.add_row(_heading(front, point, label), *(number(value) for value in front.levers[point]))
    table.add_row("range", *(f"{number(lever.low)}..{number(lever.high)}" for lever in levers))
    return table


def _heading(front: Front, point: int, label: Mapping[int, str]) -> str:
    """Name of a point, the recommended one marked."""
    return f"{label[point]} *" if point == front.recommended.point else label[point]


# --- files ------------------------------------------------------------------------------------------------------------


def search_frame(found: Search) -> pd.DataFrame:
    """A row a point of the search: levers, figures, limits."""
    rows = []
    for at, each in enumerate(found.evaluated):
        row: dict[str, object] = {"point": at, **each.settings}
        row |= {_column(goal): each.figure(goal) for goal in found.problem.figures}
        row |= {"keeps_all_limits": bool(found.allowed[at]), "fault": harmless("; ".join(each.faults[:1]))}
        rows.append(row)
    return pd.DataFrame(rows)


def front_frame(front: Front) -> pd.DataFrame:
    """A row a point that was looked at again: levers, figures with differences to now, every outcome's mean."""
    rows, label = [], names(front)
    for point, each in enumerate(front.evaluated):
        row: dict[str, object] = {"point": label.get(point, ""), "on_front": bool(front.members[point])}
        row |= {"recommended": point == front.recommended.point, **each.settings}
        for at, goal in enumerate(front.problem.goals):
            effect = paired(front.values[point, at] - front.values[0, at])
            column = _column(goal)
            row |= {column: front.means[point, at], f"{column} less now": effect.mean}
            row |= {f"{column} low": effect.low, f"{column} high": effect.high}
        rows.append(row | {f"mean of {name}": float(np.mean(values)) for name, values in each.outcomes.items()})
    return pd.DataFrame(rows)


def _column(goal: Goal) -> str:
    """Heading of a figure."""
    return f"{goal.name}, {goal.unit}"


def scenarios(front: Front) -> dict[str, Scenario]:
    """The points of the front as ordinary scenarios, by name."""
    found, label, problem = {}, names(front), front.problem
    for point in front.chosen:
        if not point:
            continue
        name = f"{problem.name[:50]}_{label[point].lower()}"
        comes_to = "; ".join(
            f"{goal.name} {number(front.means[point, at])} (now {number(front.means[0, at])})"
            for at, goal in enumerate(problem.goals)
        )
        plan = problem.plan(front.evaluated[point].settings, name)
        found[name] = plan.replace(
            {},
            name=name,
            title=f"{problem.title}: {label[point]}"[:200],
            question=f"In {problem.year}: {comes_to}"[:1000],
        )
    return found


def save_search(found: Search, front: Front, folder: Path) -> list[Path]:
    """Write tables, scenarios and figures into an existing folder.

    Returns:
        The files.

    Raises:
        FolderError: a file could not be written.
    """
    from sim.report.tuning_figures import save_front_figures

    plans = {f"{name}.toml": plan.text for name, plan in scenarios(front).items()}
    files = save_tables({"points.csv": search_frame(found), "front.csv": front_frame(front)}, folder)
    return files + save_texts(plans, folder) + save_front_figures(found, front, folder)
