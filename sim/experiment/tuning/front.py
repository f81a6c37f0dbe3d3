"""What a search recommends: its best points looked at again with fresh luck, which of them are better beyond it.

The points of the search have been chosen among many by what they came to with its seeds, so these figures flatter them
(the winner's curse). The best are therefore run again with seeds that the search has not met, the current policy beside
them, and everything told of them comes from these runs: the front (:func:`sim.statistics.fronts.front`), the points
that are better than the current policy, the recommended one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.experiment.kept_runs import Tick
from sim.experiment.tuning.evaluation import Evaluated, Evaluator
from sim.experiment.tuning.problem import Problem
from sim.experiment.tuning.search import Search, SearchError
from sim.statistics.fronts import Better, Recommendation, front, nearest_better, pareto, recommended

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MOST_POINTS = 12
"""Points of a search that are looked at again (assumption: more than a reader compares)."""

FRESH_SEEDS = 8
"""Fresh seeds of each case, if a problem has fewer (assumption: intervals are about half the spread wide)."""

TOLERANCE = 0.002
"""What nobody would argue about, as part of what the current policy comes to, if a goal does not say (assumption)."""


@dataclass(frozen=True, eq=False)
class Front:
    """The best points of a search with fresh luck.

    Attributes:
        problem: what was asked.
        evaluated: the current policy, which may break limits, then points that keep them, in fresh futures.
        left_out: points that broke a limit with fresh luck, or of which a run failed.
    """

    problem: Problem
    evaluated: tuple[Evaluated, ...]
    left_out: int = 0

    @property
    def signs(self) -> Floats:
        """(G,) 1 where more of a goal is better, -1 where less is."""
        return np.array([float(goal.better) for goal in self.problem.goals])

    @cached_property
    def values(self) -> Floats:
        """(P, G, S) what each seed contributes to each goal of each point."""
        return np.array([[each.by_seed(goal) for goal in self.problem.goals] for each in self.evaluated])

    @property
    def means(self) -> Floats:
        """(P, G) what each point comes to."""
        return np.array([[each.figure(goal) for goal in self.problem.goals] for each in self.evaluated])

    @property
    def tolerance(self) -> Floats:
        """(G,) what nobody would argue about, in the unit of the goal."""
        now = np.abs(self.means[0])
        return np.array(
            [
                TOLERANCE * value if goal.tolerance is None else goal.tolerance
                for goal, value in zip(self.problem.goals, now, strict=True)
            ]
        )

    @cached_property
    def members(self) -> Bools:
        """(P,) points that keep all limits and that none of these is better than, beyond luck."""
        first = 1 if self.broken_now else 0
        found = np.zeros(len(self.evaluated), dtype=np.bool_)
        found[first:] = front(self.values[first:], self.signs, self.tolerance)
        return found

    @property
    def broken_now(self) -> tuple[str, ...]:
        """Limits that the current policy breaks, by how much: then it is compared with, but is no choice."""
        return broken(self.problem, self.evaluated[0].excesses(self.problem))

    @property
    def levers(self) -> Floats:
        """(P, d) values of the levers."""
        names = [lever.name for lever in self.problem.levers]
        return np.array([[each.settings[name] for name in names] for each in self.evaluated])

    @cached_property
    def better(self) -> tuple[Better, ...]:
        """Points that are better than the current policy, those that change least first; else those that come near."""
        ranges = np.array([lever.high - lever.low for lever in self.problem.levers])
        return nearest_better(self.values, self.signs, self.tolerance, self.levers, ranges, 0)

    @cached_property
    def recommended(self) -> Recommendation:
        """The point that leaves least to regret."""
        return recommended(self.values, self.signs, self.members)

    @property
    def chosen(self) -> tuple[int, ...]:
        """Points of the front in the order of the first goal, best first."""
        order = np.argsort(-self.means[:, 0] * self.signs[0], kind="stable")
        return tuple(int(point) for point in order if self.members[point])


def best_points(found: Search, most: int = MOST_POINTS) -> list[int]:
    """Numbers of the points of a search that nothing beats with its own seeds, spread over the front.

    Args:
        found: a search.
        most: points that are wanted.

    Raises:
        SearchError: no point keeps all limits.
    """
    allowed = np.flatnonzero(found.allowed)
    if not len(allowed):
        raise SearchError(_why_none(found))
    signs = np.array([float(goal.better) for goal in found.problem.goals])
    values = found.values[allowed]
    best = np.flatnonzero(pareto(values, signs))
    best = best[np.unique(found.points[allowed[best]], axis=0, return_index=True)[1]]
    return [int(allowed[point]) for point in best[_spread_out(values[best], most)]]


def _spread_out(values: Floats, most: int) -> list[int]:
    """Points far from each other: the best in each goal, then always the one farthest from those taken."""
    width = np.ptp(values, axis=0)
    scaled = (values - values.min(axis=0)) / np.where(width > 0, width, 1.0)
    taken = list(dict.fromkeys([*scaled.argmax(axis=0).tolist(), *scaled.argmin(axis=0).tolist()]))[:most]
    while len(taken) < min(most, len(values)):
        apart = np.linalg.norm(scaled[:, None] - scaled[taken][None], axis=2).min(axis=1)
        apart[taken] = -1.0
        taken.append(int(apart.argmax()))
    return taken


def _why_none(found: Search) -> str:
    """Which limits stand in the way."""
    failed = sum(each.failed for each in found.evaluated)
    if failed == len(found.evaluated):
        return f"every point failed, the first because of: {found.evaluated[0].faults[0]}"
    ended = [each for each in found.evaluated if not each.failed]
    closest = min(ended, key=lambda each: sum(max(part, 0.0) for part in each.margins(found.problem)))
    words = ", ".join(broken(found.problem, closest.excesses(found.problem)))
    return f"none of {len(found.evaluated)} points keeps all limits; the closest breaks {words}"


def broken(problem: Problem, excesses: Sequence[float] | Floats) -> tuple[str, ...]:
    """Limits that are broken, and by how much."""
    each = zip(problem.limits, excesses, strict=True)
    return tuple(f"{limit.name} by {excess:.4g}" for limit, excess in each if excess > 0)


def look_again(found: Search, evaluate: Evaluator, progress: Tick | None = None) -> Front:
    """The best points of a search with fresh luck.

    Args:
        found: a search.
        evaluate: runs points in fresh futures (:meth:`Problem.futures` from :data:`sim.experiment.tuning.problem.FRESH`
            on).
        progress: called after each run.

    Raises:
        SearchError: no point keeps all limits, with the seeds of the search or with fresh luck, or the current policy
            fails.
    """
    problem = found.problem
    chosen = [problem.present(), *(found.evaluated[point].settings for point in best_points(found) if point)]
    current, *points = evaluate(chosen, progress)
    if current.failed:
        raise SearchError(f"the current policy failed with fresh luck: {current.faults[0]}")
    kept = [each for each in points if not each.failed and max(each.excesses(problem), default=0.0) <= 0.0]
    front_ = Front(problem, (current, *kept), len(points) - len(kept))
    if not kept and front_.broken_now:
        raise SearchError(
            f"none of the {len(points)} best points keeps all limits with fresh luck, nor does the current policy,"
            f" which breaks {', '.join(front_.broken_now)}: search more points, or leave limits some room"
        )
    return front_
