"""The runs of a problem, each made once and kept.

A run is known by its scenario, its seed, the number of its opening table and the years that are looked at, so that two
points with the same settings, a study that was interrupted and another one with the same futures share runs. Points in
one future share what lies before the first month of any lever (:mod:`sim.experiment.common_past`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sim.experiment.common_past import Pasts
from sim.experiment.executor import Pool
from sim.experiment.kept_runs import NOT_RUN, Cache, Tick, collect_runs, counting_kept
from sim.experiment.single import run
from sim.experiment.tuning.futures import Future
from sim.experiment.tuning.outcomes import outcomes_of
from sim.experiment.tuning.problem import Problem
from sim.inputoutput.tables import Table
from sim.mechanisms.demand import Demand
from sim.mechanisms.labour import Labour
from sim.opening.uncertainty import draw_table
from sim.parameters import Month
from sim.scenario import Scenario, ScenarioError
from sim.settings import InputOutput, Opening

NOT_MEASURED = (
    *NOT_RUN,
    *(
        f"experiment/tuning/{name}.py"
        for name in ("asking", "evaluation", "front", "goals", "problem_file", "robustness", "search", "sensitivity")
    ),
    "experiment/calibration",
    "experiment/backtest",
    "statistics/scores",
    "statistics/surrogates.py",
)
"""Parts of the package on which no run of a problem depends; this file draws tables, so it is none of them."""

TABLE_SEED = 2019
"""Seed of the draws of tables (numerical): the same for all problems."""


@dataclass(frozen=True)
class Job:
    """One run.

    Attributes:
        scenario: as it is run.
        seed: of all chance.
        years: that are looked at.
        table: number of its opening table; 0 for the estimated one.
        since: first month in which it may differ from others of its future; None where it has the future alone.
    """

    scenario: Scenario
    seed: int
    years: tuple[int, ...]
    table: int = 0
    since: Month | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        """What makes the result."""
        years = ",".join(map(str, self.years))
        return f"{self.scenario.hash}:{self.seed}:{years}{f':table {self.table}' if self.table else ''}"


def in_year(outcome: str, year: int) -> str:
    """The name of an outcome of a year among the results of a run."""
    return f"{outcome} {year}"


def run_job(job: Job) -> dict[str, float]:
    """Run a job and keep every outcome of each year, by :func:`in_year`.

    Raises:
        OpeningError, BrokenIdentityError, NoConvergenceError: the run does not come to its end.
    """
    if job.since is None:
        done = run(job.scenario, job.seed, table=drawn_table(job))
    else:
        done = _PASTS.run(job.scenario, job.seed, job.since, partial(drawn_table, job), job.table)
    return {in_year(name, year): value for year in job.years for name, value in outcomes_of(done, year).items()}


_PASTS = Pasts()
"""What this process has of pasts."""


def drawn_table(job: Job) -> Table | None:
    """The opening table of a job; None for the estimated one."""
    if not job.table:
        return None
    plan = job.scenario
    nev = plan[Demand].nev_share_local
    return draw_table(plan[Opening], plan[InputOutput], plan[Labour], TABLE_SEED, job.table, nev_share=nev).table


@dataclass
class Runner:
    """Makes the runs of a problem; its processes stay, with the pasts that they know, as long as it does.

    Attributes:
        problem: whose scenarios.
        folder: where results are kept; they stay in memory without one.
        workers: processes at once.
        cluster: address of a dask scheduler instead.
        years: that are looked at; the year of the problem if not given.
        function: what is run.
    """

    problem: Problem
    folder: Path | None = None
    workers: int = 1
    cluster: str | None = None
    years: tuple[int, ...] = ()
    function: Callable[[Job], dict[str, float]] = run_job
    _cache: Cache = field(init=False, repr=False)
    _pool: Pool[Job, dict[str, float]] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.years = self.years or (self.problem.year,)
        self._cache = Cache(self.folder, NOT_MEASURED)
        self._pool = Pool(self.function, self.workers) if self.workers > 1 and self.cluster is None else None

    def __call__(
        self, wanted: Sequence[tuple[Scenario | str, Future]], progress: Tick | None = None
    ) -> list[Mapping[str, float] | str]:
        """What scenarios come to in futures.

        Args:
            wanted: scenarios, each with the future that it meets; a sentence stands for one that there cannot be.
            progress: called after each run with runs done and runs in all, equal ones once and those kept as done.

        Returns:
            Results of each by :func:`in_year`, or why there are none.
        """
        points = Counter(_branch(future) for _, future in wanted)
        jobs = [self._job(plan, future, points[_branch(future)] > 1) for plan, future in wanted]
        order = sorted(range(len(jobs)), key=lambda at: _branch(wanted[at][1]))  # runs with one past follow each other
        by_key = {job.key: job for at in order if isinstance(job := jobs[at], Job)}
        tick = counting_kept(progress, len(by_key))
        results, faults = collect_runs(
            by_key,
            self._cache,
            self.workers,
            tick,
            function=self.function,
            cluster=self.cluster,
            pool=self._pool,
        )
        known: dict[str, Mapping[str, float] | str] = {**results, **faults}
        return [job if isinstance(job, str) else known[job.key] for job in jobs]

    def _job(self, plan: Scenario | str, future: Future, shared: bool) -> Job | str:
        """The run of a scenario in a future, shared with others or not; or why there is none."""
        if isinstance(plan, str):
            return plan
        try:
            since = min(lever.since for lever in self.problem.levers) if shared else None
            return Job(self.problem.in_future(plan, future), future.seed, self.years, future.table, since)
        except ScenarioError as error:
            return first_line(error)


def _branch(future: Future) -> tuple[int, str, tuple[tuple[str, float], ...]]:
    """What futures with one past have in common."""
    return future.seed, future.case.name, future.drawn


def plan_of(problem: Problem, settings: Mapping[str, float]) -> Scenario | str:
    """The scenario of settings, or why there is none."""
    try:
        return problem.plan(settings)
    except ScenarioError as error:
        return first_line(error)


def first_line(error: Exception) -> str:
    """The first fault of several."""
    return str(error).split("\n")[0]
