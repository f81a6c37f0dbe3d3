"""The runs of a calibration: waves of points in the space that is left, kept on disk, emulated.

The first wave covers the prior with about ten points a parameter (Loeppky, Sacks and Welch, Technometrics 51, 2009),
each with a seed of its own, and runs some of them again with other seeds, which tells luck from parameters. Each later
wave runs points in what is not ruled out yet, far from each other and from those before; emulators rest on all runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.experiment.calibration.gate import TRIED, Gate, OpeningJob, gate, try_openings
from sim.experiment.calibration.prior import Prior
from sim.experiment.calibration.targets import Facts, Target
from sim.experiment.executor import run_all
from sim.experiment.kept_runs import NOT_RUN, Cache, Tick, collect_runs, counting_kept
from sim.experiment.unknown import Unknown
from sim.statistics.emulator import FEWEST_ROWS, Emulator, Emulators, fit_emulator, together
from sim.statistics.history_matching import spread_out

Floats = NDArray[np.float64]

NOT_MEASURED = (
    *NOT_RUN,
    "experiment/calibration",
    "experiment/drawn.py",
    "statistics/emulator.py",
    "statistics/history_matching.py",
    "statistics/planted_truth.py",
    "statistics/posterior.py",
)
"""Parts of the package on which no measured run depends."""

FIRST_SEED = 1
"""Seed of the first run of a calibration; each run has the next."""


@dataclass(frozen=True)
class Plan:
    """How many runs a calibration makes.

    Attributes:
        waves: waves in all.
        per_parameter: points a parameter in the first wave.
        later: points a parameter in each later wave.
        repeated: points of the first wave that are run again.
        again: how often.
        tried: openings that are tried before the first wave, a power of 2.
    """

    waves: int = 3
    per_parameter: int = 10
    later: int = 5
    repeated: int = 10
    again: int = 4
    tried: int = TRIED

    def runs(self, parameters: int) -> list[int]:
        """Runs of each wave."""
        first = self.per_parameter * parameters + self.repeated * self.again
        return [first] + [self.later * parameters] * (self.waves - 1)


@dataclass(frozen=True)
class RunJob:
    """One run.

    Attributes:
        unknown: where all other values come from.
        changes: values of the free parameters by dotted name.
        seed: of all chance.
        names: of the facts it is measured for.
        facts: how.
    """

    unknown: Unknown
    changes: tuple[tuple[str, float], ...]
    seed: int
    names: tuple[str, ...]
    facts: Facts

    @property
    def key(self) -> str:
        """What makes the result: scenario, ranges, values, seed, and what is measured."""
        told = json.dumps([self.unknown.key, self.changes, self.seed, self.names])
        return hashlib.sha256(told.encode()).hexdigest()[:32]


def run_job(job: RunJob) -> dict[str, float]:
    """Run a job and measure it. A function of the job alone.

    Raises:
        OpeningError, BrokenIdentityError, NoConvergenceError: its values do not go together.
    """
    scenario = job.unknown.member(job.seed, dict(job.changes))
    return dict(zip(job.names, job.facts.measure(scenario, job.seed, job.names).tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs that came to their end.

    Attributes:
        points: (n, d) in the unit cube.
        outputs: (n, m) what they gave for the facts, on the scale of comparison; NaN where they have nothing.
        wave: (n,) in which wave, from 0.
        faults: why others failed, a sentence each.
    """

    points: Floats
    outputs: Floats
    wave: NDArray[np.int64]
    faults: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.points)

    @property
    def made(self) -> int:
        """Runs in all, those that failed counted."""
        return len(self) + len(self.faults)

    def with_those(self, other: Runs) -> Runs:
        """These and others."""
        return Runs(
            np.concatenate([self.points, other.points]),
            np.concatenate([self.outputs, other.outputs]),
            np.concatenate([self.wave, other.wave]),
            self.faults + other.faults,
        )


def first_points(plan: Plan, possible: Floats) -> Floats:
    """(n, d) points of the first wave, spread out, those that are run again at the end.

    Args:
        plan: how many.
        possible: (k, d) points that open.
    """
    points = spread_out(possible, plan.per_parameter * possible.shape[1])
    return np.concatenate([points, np.repeat(points[: plan.repeated], plan.again, axis=0)])


@dataclass(frozen=True)
class Laboratory:
    """Where runs are made.

    Attributes:
        prior: free parameters.
        unknown: the scenario as planned for the as-of month, and what is drawn in it beside the free parameters.
        facts: how runs are measured.
        targets: for what.
        cache: where results are kept.
        workers: processes at once.
    """

    prior: Prior
    unknown: Unknown
    facts: Facts
    targets: tuple[Target, ...]
    cache: Cache
    workers: int

    def openings(self, points: Floats) -> list[OpeningJob]:
        """The openings of points (n, d)."""
        jobs = [RunJob(self.unknown, tuple(each.items()), 0, (), self.facts) for each in self.prior.changes(points)]
        return [OpeningJob(job.unknown, job.changes, f"opening {job.key}") for job in jobs]

    def possible(self, points: Floats) -> Floats:
        """Those of the points (n, d) that open."""
        return points[try_openings(self.openings(points), self.cache, self.workers)]

    def gate(self, seed: int, tried: int = TRIED, progress: Tick | None = None) -> Gate:
        """Where openings are possible."""
        return gate(self.prior, self.openings, self.cache, self.workers, seed, progress, tried)

    def run(self, points: Floats, wave: int, first_seed: int, progress: Tick | None = None) -> Runs:
        """Run points, each with the next seed.

        Args:
            points: (n, d) in the unit cube.
            wave: number of the wave.
            first_seed: seed of the first point.
            progress: called after each run with runs done and runs of the wave, those kept before counted.
        """
        names = tuple(target.name for target in self.targets)
        jobs = [
            RunJob(self.unknown, tuple(changes.items()), first_seed + at, names, self.facts)
            for at, changes in enumerate(self.prior.changes(points))
        ]
        by_key = {job.key: job for job in jobs}
        results, failed = collect_runs(
            by_key, self.cache, self.workers, counting_kept(progress, len(by_key)), function=run_job
        )
        faults = sorted(f"seed {by_key[key].seed}: {fault}" for key, fault in failed.items())
        ended = [at for at, job in enumerate(jobs) if job.key in results]
        outputs = np.array([self._compared(results[jobs[at].key]) for at in ended]).reshape(len(ended), len(names))
        return Runs(points[ended], outputs, np.full(len(ended), wave), tuple(faults))

    def _compared(self, result: Mapping[str, float]) -> list[float]:
        """(m,) a result on the scale of comparison."""
        return [target.compared(result[target.name]) for target in self.targets]


# --- emulators --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Column:
    """One output of all runs."""

    points: Floats
    outputs: Floats
    place: int


def fit_column(job: Column) -> Emulator:
    """The emulator of a column."""
    return fit_emulator(job.points, job.outputs)


def emulate(runs: Runs, workers: int) -> Emulators:
    """Emulators of all outputs, several at once.

    Raises:
        RuntimeError: one could not be made; the message says why.
    """
    columns = [Column(runs.points, column, place) for place, column in enumerate(runs.outputs.T)]
    found: dict[int, Emulator] = {}
    for outcome in run_all(fit_column, columns, min(workers, len(columns))):
        if outcome.result is None:
            raise RuntimeError(f"an emulator could not be made: {outcome.fault}")
        found[outcome.job.place] = outcome.result
    return together((found[place] for place in range(len(columns))), len(runs))


def emulated(outputs: Floats, least: float = 0.5) -> NDArray[np.bool_]:
    """(m,) outputs that enough runs have.

    Args:
        outputs: (n, m) with NaN where a run has nothing.
        least: share of the runs that must have it.
    """
    there = np.isfinite(outputs)
    enough: NDArray[np.bool_] = (there.mean(axis=0) >= least) & (there.sum(axis=0) >= FEWEST_ROWS)
    return enough


def kept_in(folder: Path | None) -> Cache:
    """The cache of a calibration in its folder; in memory without one."""
    return Cache(folder, NOT_MEASURED)
