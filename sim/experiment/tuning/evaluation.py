"""What points of a problem come to in all futures, each run made once and kept.

A run is known by its scenario, its seed and the year that is judged, so that two points with the same settings, an
interrupted search and another search with the same futures share runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.experiment.executor import run_all
from sim.experiment.kept_runs import NOT_RUN, Cache, Tick
from sim.experiment.single import run
from sim.experiment.tuning.goals import Goal
from sim.experiment.tuning.outcomes import outcomes_of
from sim.experiment.tuning.problem import Future, Problem
from sim.inputoutput.tables import Table
from sim.mechanisms.demand import Demand
from sim.mechanisms.labour import Labour
from sim.opening.uncertainty import draw_table
from sim.scenario import Scenario, ScenarioError
from sim.settings import InputOutput, Opening

Floats = NDArray[np.float64]

NOT_MEASURED = (
    *NOT_RUN,
    *(f"experiment/tuning/{name}.py" for name in ("front", "goals", "problem_file", "robustness", "search")),
    "experiment/calibration",
    "experiment/backtest",
    "statistics/scores",
)
"""Parts of the package on which no run of a search depends; this file draws tables, so it is none of them."""

TABLE_SEED = 2019
"""Seed of the draws of tables (numerical): the same for all problems."""


@dataclass(frozen=True)
class Job:
    """One run: the scenario as it is run, its seed, the year that is judged, the number of its opening table."""

    scenario: Scenario
    seed: int
    year: int
    table: int = 0

    @property
    def key(self) -> str:
        """What makes the result."""
        return f"{self.scenario.hash}:{self.seed}:{self.year}{f':table {self.table}' if self.table else ''}"


def run_job(job: Job) -> dict[str, float]:
    """Run a job and keep every outcome, by name.

    Raises:
        OpeningError, BrokenIdentityError, NoConvergenceError: the run does not come to its end.
    """
    return outcomes_of(run(job.scenario, job.seed, table=drawn_table(job)), job.year)


def drawn_table(job: Job) -> Table | None:
    """The opening table of a job; None for the estimated one."""
    if not job.table:
        return None
    plan = job.scenario
    nev = plan[Demand].nev_share_local
    return draw_table(plan[Opening], plan[InputOutput], plan[Labour], TABLE_SEED, job.table, nev_share=nev).table


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What a point came to.

    Attributes:
        settings: values of the levers by name.
        outcomes: (F,) by name of the outcome, in the order of the futures; NaN where a run failed.
        faults: why, a sentence each run that failed.
    """

    settings: Mapping[str, float]
    outcomes: Mapping[str, Floats]
    faults: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether a future has no result: such a point is not compared."""
        return bool(self.faults)

    def figure(self, goal: Goal) -> float:
        """What a goal, or a figure of a limit, comes to."""
        return goal.summed_up(self.outcomes[goal.outcome.name]) if not self.failed else float("nan")

    def excesses(self, problem: Problem) -> tuple[float, ...]:
        """By how much each limit is broken; 0 where it is kept."""
        found = []
        for limit in problem.limits:
            what, levers = limit.what, [self.settings[name] for name in limit.levers]
            value = sum(levers) if what is None else self.figure(what)
            found.append(float("inf") if np.isnan(value) else limit.excess(value))
        return tuple(found)


@dataclass
class Evaluator:
    """Makes the runs of points.

    Attributes:
        problem: what is asked.
        futures: in which futures.
        folder: where results are kept; nothing is kept without one.
        workers: processes at once.
        cluster: address of a dask scheduler instead.
        function: what is run.
    """

    problem: Problem
    futures: tuple[Future, ...]
    folder: Path | None = None
    workers: int = 1
    cluster: str | None = None
    function: Callable[[Job], dict[str, float]] = run_job
    _known: dict[str, dict[str, float]] = field(default_factory=dict, init=False, repr=False)
    _cache: Cache | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.folder is not None:
            self._cache = Cache(self.folder, NOT_MEASURED)
            self._known |= self._cache.read()

    def __call__(self, many: Sequence[Mapping[str, float]], progress: Tick | None = None) -> list[Evaluated]:
        """What settings come to.

        Args:
            many: values of the levers by name, a mapping a point.
            progress: called after each run with runs done and runs in all, those made before left out.
        """
        plans = [self._plan(settings) for settings in many]
        return self._made(plans, many, progress)

    def plans(self, plans: Sequence[Scenario], progress: Tick | None = None) -> list[Evaluated]:
        """The same for whole scenarios, which need not be points of the problem; they have no settings."""
        return self._made(plans, [{}] * len(plans), progress)

    def _made(
        self, plans: Sequence[Scenario | str], many: Sequence[Mapping[str, float]], progress: Tick | None
    ) -> list[Evaluated]:
        """What plans come to; a sentence stands for a plan that there cannot be."""
        jobs = [self._jobs(plan) for plan in plans]
        wanted = {job.key: job for each in jobs for job in each if isinstance(job, Job)}
        waiting = [job for key, job in wanted.items() if key not in self._known]
        faults: dict[str, str] = {}
        for outcome in run_all(self.function, waiting, self.workers, progress, cluster=self.cluster):
            if outcome.result is None:
                faults[outcome.job.key] = outcome.fault
                continue
            self._known[outcome.job.key] = outcome.result
            if self._cache is not None:
                self._cache.add(outcome.job.key, outcome.result)
        return [self._evaluated(settings, each, faults) for settings, each in zip(many, jobs, strict=True)]

    def _plan(self, settings: Mapping[str, float]) -> Scenario | str:
        """The scenario of settings, or why there is none."""
        try:
            return self.problem.plan(settings)
        except ScenarioError as error:
            return str(error).split("\n")[0]

    def _jobs(self, plan: Scenario | str) -> list[Job | str]:
        """The run of each future, or why there is none."""
        problem, found = self.problem, list[Job | str]()
        if isinstance(plan, str):
            return [plan] * len(self.futures)
        for future in self.futures:
            try:
                found.append(Job(problem.in_future(plan, future), future.seed, problem.year, future.table))
            except ScenarioError as error:
                found.append(str(error).split("\n")[0])
        return found

    def _evaluated(
        self, settings: Mapping[str, float], jobs: Sequence[Job | str], faults: Mapping[str, str]
    ) -> Evaluated:
        """A point from the results of its runs."""
        results, told = list[Mapping[str, float]](), list[str]()
        for future, job in zip(self.futures, jobs, strict=True):
            fault = job if isinstance(job, str) else faults.get(job.key, "")
            if fault:
                told.append(f"{future.name}: {fault}")
            results.append({} if fault or isinstance(job, str) else self._known[job.key])
        names = dict.fromkeys(name for result in results for name in result)
        values = {name: np.array([result.get(name, np.nan) for result in results]) for name in names}
        return Evaluated(dict(settings), values, tuple(told))
