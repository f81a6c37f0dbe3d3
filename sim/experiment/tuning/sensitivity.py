"""Which levers and which uncertain parameters move what a policy is judged by, in which counties, and what is chance.

Factors are the levers of a problem over their ranges, its uncertain parameters (``vary``), and which of its cases comes
true, if it has several. Two steps: a screening (Morris) of all of them, on the seeds of the problem at every point;
then the parts of the variance (Sobol) for those that can be told from luck, with chance as one factor more and
everything else as the scenario has it, in the first case. Chance is all that a seed decides: luck, and the draws
of the opening table and of the posterior where the problem asks for them. PAWN looks at the two samples of the
second step once more, at whole distributions instead of variances. The methods are in
:mod:`sim.statistics.sensitivity`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim.experiment.kept_runs import Tick
from sim.experiment.tuning.futures import Future
from sim.experiment.tuning.outcomes import outcomes
from sim.experiment.tuning.problem import Problem
from sim.experiment.tuning.runs import Runner, in_year, plan_of
from sim.experiment.tuning.search import Shown
from sim.scenario import Scenario
from sim.statistics.sensitivity import (
    LEVELS,
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

FEWEST_FOR_PAWN = 100
"""Runs below which whole distributions are not compared (assumption: ten slices of ten)."""

STEP = LEVELS / (2 * (LEVELS - 1))
"""A step of the screening, as a part of the range."""


class StudyError(RuntimeError):
    """A study that tells nothing; the message is one sentence."""


@dataclass(frozen=True)
class Factor:
    """Something that is varied.

    Attributes:
        name: of the lever, or dotted name of the parameter.
        unit: its unit; empty for a parameter.
        low, high: ends of its range; of the case the numbers of the first and the last.
        kind: a lever is policy, a parameter is not known, a case comes true or does not.
    """

    name: str
    unit: str
    low: float
    high: float
    kind: Literal["lever", "parameter", "case"]


def factors(problem: Problem) -> tuple[Factor, ...]:
    """The levers, then the uncertain parameters of a problem, then which case comes true if there are several."""
    found = [Factor(each.name, each.unit, each.low, each.high, "lever") for each in problem.levers]
    found += [Factor(name, "", *problem.vary[name], "parameter") for name in sorted(problem.vary)]
    cases = len(problem.cases)
    return tuple(found + ([Factor("case", "", 0.0, cases - 1.0, "case")] if cases > 1 else []))


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
        runs: runs that were looked at, equal ones each time.
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
    """Runs the designs of a study.

    Attributes:
        run: makes them.
        shown: shows the progress of a step.
        runs: so far, equal ones each time.
        faults: why runs failed, a sentence each.
    """

    run: Runner
    shown: Shown | None = None
    runs: int = field(default=0, init=False)
    faults: list[str] = field(default_factory=list, init=False)

    @property
    def problem(self) -> Problem:
        """Whose levers and parameters."""
        return self.run.problem

    @property
    def years(self) -> tuple[int, ...]:
        """That are looked at."""
        return self.run.years

    def __call__(self, label: str, points: Floats, seed_of: Sequence[Sequence[int]]) -> dict[str, Floats]:
        """(n, r) of each ``outcome year``: n points, r seeds each; NaN where a run failed.

        Args:
            label: of the step.
            points: (n, k) of all factors, in the unit cube.
            seed_of: the r seeds of each point.
        """
        wanted = [run for point, each in zip(points, seed_of, strict=True) for run in self._wanted(point, each)]
        with (self.shown or _silent)(label, len(wanted)) as tick:
            results = self.run(wanted, tick)
        self.runs += len(wanted)
        self.faults += [result for result in results if isinstance(result, str)]
        names = [in_year(name, year) for year in self.years for name in measured(self.problem)]
        known = [{} if isinstance(result, str) else result for result in results]
        return {name: np.array([one.get(name, np.nan) for one in known]).reshape(len(points), -1) for name in names}

    def _wanted(self, point: Floats, seeds: Sequence[int]) -> list[tuple[Scenario | str, Future]]:
        """The scenario of a point, or why there is none, with each of the futures that it meets."""
        problem, levers, cases = self.problem, len(self.problem.levers), len(self.problem.cases)
        drawn = tuple(
            (each.name, each.low + float(share) * (each.high - each.low))
            for each, share in zip(self._factors[levers:], point[levers:], strict=True)
            if each.kind == "parameter"
        )
        case = problem.cases[min(int(point[-1] * cases), cases - 1) if cases > 1 else 0]
        plan = plan_of(problem, problem.settings(point[:levers]))
        return [(plan, Future(case, seed, drawn, seed if problem.tables else 0)) for seed in seeds]

    @cached_property
    def _factors(self) -> tuple[Factor, ...]:
        return factors(self.problem)


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
    results = place("screening", _with_cases(design, problem), each)
    _enough(results, place)
    screening = {name: morris(design, values, seed=SEED) for name, values in results.items()}
    if len(problem.cases) > 1:
        screening = {name: _of_a_switch(found) for name, found in screening.items()}
    if not rows:
        return Sensitivity(problem, place.years, all_factors, screening, runs=place.runs, faults=tuple(place.faults))
    chosen = matter(screening, problem.seeds)
    here = np.array([*problem.point(problem.present()), *_as_they_are(problem), 0.0])
    design = sobol_design(len(chosen), rows, SEED)
    points = np.tile(here[: len(all_factors)], (len(design), 1))
    points[:, chosen] = design[:, :-1]
    results = place("parts of the variance", points, [[int(seed)] for seed in seeds(design[:, -1])])
    _enough(results, place)
    indices = {name: sobol(values[:, 0], len(chosen), SEED) for name, values in results.items()}
    distances = {
        name: pawn(design[: 2 * rows, :-1], values[: 2 * rows, 0], seed=SEED)
        for name, values in results.items()
        if np.isfinite(values[: 2 * rows]).sum() >= FEWEST_FOR_PAWN
    }
    faults = tuple(place.faults)
    return Sensitivity(problem, place.years, all_factors, screening, chosen, indices, distances, place.runs, faults)


def _as_they_are(problem: Problem) -> list[float]:
    """Places of the uncertain parameters in their ranges as the scenario has them; those outside lie at the ends."""
    found = []
    for name in sorted(problem.vary):
        table, key = name.split(".")
        low, high = problem.vary[name]
        found.append(min(max((float(problem.scenario.tables[table][key]) - low) / (high - low), 0.0), 1.0))
    return found


def _with_cases(design: Floats, problem: Problem) -> Floats:
    """A screening in which a step of the case leads from one case to another: all pairs in turn, one a trajectory."""
    cases = len(problem.cases)
    if cases < 2:
        return design
    pairs = np.array(list(combinations(range(cases), 2)))
    trajectory = np.arange(len(design)) // (design.shape[1] + 1)
    chosen = pairs[trajectory % len(pairs), (design[:, -1] > 0.5).astype(int)]
    return np.column_stack([design[:, :-1], (chosen + 0.5) / cases])


def _of_a_switch(found: Screening) -> Screening:
    """Effects of which the last factor is the case: another case is a whole change, and no part of a range."""
    scale = np.ones(len(found.mu))
    scale[-1] = STEP
    names = [each.name for each in fields(found) if each.name != "trajectories"]
    return replace(found, **{name: getattr(found, name) * scale for name in names})


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
