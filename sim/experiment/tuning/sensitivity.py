"""Which levers and which uncertain parameters move what a policy is judged by, in which counties, and what is chance.

Factors are the levers of a problem over their ranges, then its uncertain parameters (``vary``). Two steps: a screening
(Morris) of all of them, on the seeds of the problem at every point; then the parts of the variance (Sobol) for those
that can be told from luck, with chance as one factor more and everything else as the scenario has it. PAWN looks at the
same runs once more, at whole distributions instead of variances. The methods are in
:mod:`sim.statistics.sensitivity`. Cases of futures are no factors: the first one is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.experiment.kept_runs import Cache, Tick, collect_runs, counting_kept
from sim.experiment.single import run
from sim.experiment.tuning.evaluation import NOT_MEASURED
from sim.experiment.tuning.outcomes import outcomes, outcomes_of
from sim.experiment.tuning.problem import Case, Future, Problem
from sim.experiment.tuning.search import Shown
from sim.scenario import Scenario, ScenarioError
from sim.statistics.sensitivity import (
    Distances,
    Indices,
    Screening,
    morris,
    morris_design,
    pawn,
    seeds,
    sobol,
    sobol_design,
)
from sim.world import GROUPS

Floats = NDArray[np.float64]

TRAJECTORIES = 10
"""Trajectories of a screening, the usual number."""

ROWS = 64
"""Rows of a Sobol design, a power of 2 (assumption: intervals of shares about 0.2 wide)."""

SEED = 2019
"""Seed of designs and intervals (numerical)."""


class StudyError(RuntimeError):
    """A study that tells nothing; the message is one sentence."""


@dataclass(frozen=True)
class YearsJob:
    """One run and the years that are looked at."""

    scenario: Scenario
    seed: int
    years: tuple[int, ...]

    @property
    def key(self) -> str:
        """What makes the result."""
        return f"{self.scenario.hash}:{self.seed}:{','.join(map(str, self.years))}"


def run_years(job: YearsJob) -> dict[str, float]:
    """Run a job and keep every outcome of each year, as ``outcome year``.

    Raises:
        OpeningError, BrokenIdentityError, NoConvergenceError: the run does not come to its end.
    """
    done = run(job.scenario, job.seed)
    return {f"{name} {year}": value for year in job.years for name, value in outcomes_of(done, year).items()}


@dataclass(frozen=True)
class Factor:
    """Something that is varied.

    Attributes:
        name: of the lever, or dotted name of the parameter.
        unit: its unit; empty for a parameter.
        low, high: ends of its range.
        lever: whether it is policy.
    """

    name: str
    unit: str
    low: float
    high: float
    lever: bool


def factors(problem: Problem) -> tuple[Factor, ...]:
    """The levers, then the uncertain parameters of a problem."""
    levers = [Factor(each.name, each.unit, each.low, each.high, True) for each in problem.levers]
    return tuple(levers + [Factor(name, "", *problem.vary[name], False) for name in sorted(problem.vary)])


def measured(problem: Problem) -> tuple[str, ...]:
    """Outcomes that are told: those of goals and limits, and the same in each group of counties."""
    names: list[str] = []
    for goal in problem.figures:
        names += [goal.outcome.name, *(f"{goal.outcome.name}.{group}" for group in GROUPS)]
    return tuple(name for name in dict.fromkeys(names) if name in outcomes())


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """What moves each outcome.

    Attributes:
        problem: whose levers and parameters.
        years: that were looked at.
        factors: all that was screened.
        screening: by ``outcome year``; of all factors.
        chosen: numbers of the factors whose parts of the variance were found.
        indices: by ``outcome year``; of the chosen factors.
        distances: by ``outcome year``; of the chosen factors.
        runs: runs that were made.
        faults: why runs failed, a sentence each.
    """

    problem: Problem
    years: tuple[int, ...]
    factors: tuple[Factor, ...]
    screening: Mapping[str, Screening]
    chosen: tuple[int, ...] = ()
    indices: Mapping[str, Indices] = field(default_factory=dict)
    distances: Mapping[str, Distances] = field(default_factory=dict)
    runs: int = 0
    faults: tuple[str, ...] = ()


@dataclass
class Laboratory:
    """Makes the runs of a study.

    Attributes:
        problem: whose levers and parameters.
        years: that are looked at.
        folder: where results are kept; nothing is kept without one.
        workers: processes at once.
        shown: shows the progress of a step.
    """

    problem: Problem
    years: tuple[int, ...]
    folder: Path | None = None
    workers: int = 1
    shown: Shown | None = None
    runs: int = field(default=0, init=False)
    faults: list[str] = field(default_factory=list, init=False)

    @cached_property
    def _cache(self) -> Cache | None:
        return None if self.folder is None else Cache(self.folder, NOT_MEASURED)

    def __call__(self, label: str, points: Floats, seed_of: Sequence[Sequence[int]]) -> dict[str, Floats]:
        """(n, r) of each ``outcome year``: n points, r seeds each; NaN where a run failed.

        Args:
            label: of the step.
            points: (n, k) of all factors, in the unit cube.
            seed_of: the r seeds of each point.
        """
        jobs = [[self._job(point, seed) for seed in each] for point, each in zip(points, seed_of, strict=True)]
        by_key = {job.key: job for row in jobs for job in row if isinstance(job, YearsJob)}
        with (self.shown or _silent)(label, len(by_key)) as tick:
            results, failed = collect_runs(
                by_key, self._cache, self.workers, counting_kept(tick, len(by_key)), function=run_years
            )
        self.runs += len(by_key)
        self.faults += [*failed.values(), *(job for row in jobs for job in row if isinstance(job, str))]
        names = [f"{name} {year}" for year in self.years for name in measured(self.problem)]
        nothing: dict[str, float] = {}
        rows = [[nothing if isinstance(job, str) else results.get(job.key, nothing) for job in row] for row in jobs]
        return {name: np.array([[one.get(name, np.nan) for one in row] for row in rows]) for name in names}

    def _job(self, point: Floats, seed: int) -> YearsJob | str:
        """The run of a point, or why there is none."""
        problem, levers = self.problem, len(self.problem.levers)
        varied = factors(problem)[levers:]
        drawn = tuple(
            (each.name, each.low + float(u) * (each.high - each.low))
            for each, u in zip(varied, point[levers:], strict=True)
        )
        case: Case = problem.cases[0]
        try:
            plan = problem.plan(problem.settings(point[:levers]))
            return YearsJob(problem.in_future(plan, Future(case, seed, drawn)), seed, self.years)
        except ScenarioError as error:
            return str(error).split("\n")[0]


def _silent(_label: str, _runs: int) -> AbstractContextManager[Tick | None]:
    """No progress."""
    return nullcontext()


def runs_needed(problem: Problem, trajectories: int, rows: int, chosen: int | None = None) -> int:
    """Runs of a study.

    Args:
        problem: whose levers and parameters.
        trajectories: of the screening.
        rows: of the Sobol design, 0 for none.
        chosen: factors that go on to it; all if not given.
    """
    many = len(factors(problem))
    second = rows * ((many if chosen is None else chosen) + 3) if rows else 0
    return trajectories * (many + 1) * problem.seeds + second


def sensitivity(place: Laboratory, trajectories: int = TRAJECTORIES, rows: int = ROWS) -> Sensitivity:
    """Screen all factors, then find the parts of the variance of those that matter.

    Args:
        place: makes the runs.
        trajectories: of the screening.
        rows: of the Sobol design, a power of 2; 0 ends after the screening.

    Raises:
        StudyError: too few runs came to their end.
        SensitivityError: a design that cannot be made.
    """
    problem, all_factors = place.problem, factors(place.problem)
    if rows:
        sobol_design(1, rows, SEED)  # rows that are no power of 2 are refused before the first run
    design = morris_design(len(all_factors), trajectories, SEED)
    each = [range(1, problem.seeds + 1)] * len(design)
    results = place("screening", design, each)
    _enough(results, place)
    screening = {name: morris(design, values, seed=SEED) for name, values in results.items()}
    if not rows:
        return Sensitivity(problem, place.years, all_factors, screening, runs=place.runs, faults=tuple(place.faults))
    chosen = matter(screening, problem.seeds)
    here = np.concatenate([problem.point(problem.present()), np.full(len(problem.vary), 0.5)])
    design = sobol_design(len(chosen), rows, SEED)
    points = np.tile(here, (len(design), 1))
    points[:, chosen] = design[:, :-1]
    results = place("parts of the variance", points, [[int(seed)] for seed in seeds(design[:, -1])])
    _enough(results, place)
    indices = {name: sobol(values[:, 0], len(chosen), SEED) for name, values in results.items()}
    distances = {
        name: pawn(design[:, :-1], values[:, 0], seed=SEED)
        for name, values in results.items()
        if np.isfinite(values).sum() >= 100
    }
    faults = tuple(place.faults)
    return Sensitivity(problem, place.years, all_factors, screening, chosen, indices, distances, place.runs, faults)


def matter(screening: Mapping[str, Screening], replications: int) -> tuple[int, ...]:
    """Numbers of the factors that can be told from luck in any outcome; all with one seed, or if there is none."""
    each = [found.distinguishable for found in screening.values()]
    some = np.any(each, axis=0)
    if replications < 2 or not some.any():
        return tuple(range(len(some)))
    return tuple(int(at) for at in np.flatnonzero(some))


def _enough(results: Mapping[str, Floats], place: Laboratory) -> None:
    """Raise if most runs failed."""
    known = [name for name in results if name.partition(" ")[0] in measured(place.problem)]
    if not known or np.isfinite(results[known[0]]).mean() < 0.5:
        why = f", the first because of: {place.faults[0]}" if place.faults else ""
        raise StudyError(f"most runs failed{why}")
