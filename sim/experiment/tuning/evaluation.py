"""What points of a problem come to in all futures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.experiment.kept_runs import Tick
from sim.experiment.tuning.futures import Future
from sim.experiment.tuning.goals import Goal
from sim.experiment.tuning.problem import Problem
from sim.experiment.tuning.runs import Runner, in_year, plan_of
from sim.scenario import Scenario

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What a point came to.

    Attributes:
        settings: values of the levers by name.
        futures: that it met.
        outcomes: (F,) by name of the outcome, in the order of the futures; NaN where a run failed.
        faults: why, a sentence each run that failed.
    """

    settings: Mapping[str, float]
    futures: tuple[Future, ...]
    outcomes: Mapping[str, Floats]
    faults: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether a future has no result: such a point is not compared."""
        return bool(self.faults)

    def figure(self, goal: Goal) -> float:
        """What a goal, or a figure of a limit, comes to."""
        if self.failed:
            return float("nan")
        return goal.summed_up(self.outcomes[goal.outcome.name][goal.counts(self.futures)])

    def by_seed(self, goal: Goal) -> Floats:
        """(S,) figures of single seeds whose mean is the goal."""
        return goal.by_seed(self.outcomes[goal.outcome.name], self.futures)

    def excesses(self, problem: Problem) -> tuple[float, ...]:
        """By how much each limit is broken, in the units of the figures; 0 where it is kept, infinite if not known."""
        both = zip(problem.limits, self._bounded(problem), strict=True)
        return tuple(float("inf") if np.isnan(value) else limit.excess(value) for limit, value in both)

    def margins(self, problem: Problem) -> tuple[float, ...]:
        """By which part of its bound each limit is broken; below 0 where it is kept, NaN if not known."""
        return tuple(limit.margin(value) for limit, value in zip(problem.limits, self._bounded(problem), strict=True))

    def _bounded(self, problem: Problem) -> list[float]:
        """The figure of each limit."""
        return [
            sum(self.settings[name] for name in limit.levers) if limit.what is None else self.figure(limit.what)
            for limit in problem.limits
        ]


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Runs points in the same futures.

    Attributes:
        run: makes the runs; other years that it looks at are left out.
        futures: in which futures.

    Raises:
        ValueError: the year that is judged is not looked at.
    """

    run: Runner
    futures: tuple[Future, ...]

    def __post_init__(self) -> None:
        if self.problem.year not in self.run.years:
            raise ValueError(f"the year that is judged, {self.problem.year}, is none of those that are looked at")

    @property
    def problem(self) -> Problem:
        """What is asked."""
        return self.run.problem

    def __call__(self, many: Sequence[Mapping[str, float]], progress: Tick | None = None) -> list[Evaluated]:
        """What settings come to.

        Args:
            many: values of the levers by name, a mapping a point.
            progress: called after each run with runs done and runs in all.
        """
        return self._made([plan_of(self.problem, settings) for settings in many], many, progress)

    def plans(self, plans: Sequence[Scenario], progress: Tick | None = None) -> list[Evaluated]:
        """The same for whole scenarios, which need not be points of the problem; they have no settings."""
        return self._made(plans, [{}] * len(plans), progress)

    def _made(
        self, plans: Sequence[Scenario | str], many: Sequence[Mapping[str, float]], progress: Tick | None
    ) -> list[Evaluated]:
        """What plans come to; a sentence stands for a plan that there cannot be."""
        results = iter(self.run([(plan, future) for plan in plans for future in self.futures], progress))
        return [self._evaluated(settings, [next(results) for _ in self.futures]) for settings in many]

    def _evaluated(self, settings: Mapping[str, float], results: Sequence[Mapping[str, float] | str]) -> Evaluated:
        """A point from the results of its runs."""
        both = list(zip(self.futures, results, strict=True))
        faults = tuple(f"{future.name}: {result}" for future, result in both if isinstance(result, str))
        known = [{} if isinstance(result, str) else result for _, result in both]
        year = in_year("", self.problem.year)
        names = dict.fromkeys(name for result in known for name in result if name.endswith(year))
        values = {name.removesuffix(year): np.array([result.get(name, np.nan) for result in known]) for name in names}
        return Evaluated(dict(settings), self.futures, values, faults)
