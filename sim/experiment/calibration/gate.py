"""Which parameter values allow an opening position at all: the support of the prior.

Values within their declared ranges may contradict each other (shares of cells that leave nothing for other inputs,
chains larger than published, more jobs than people). Points are tried by making the opening, which takes a small
part of the time of a run. Between them an emulator of "opens, 1, or not, 0" says where openings are possible, at 1/2;
it only guides, since designs and the draws that are kept are tried themselves. Where other parameters are drawn with
the luck of the run, a point is possible if one of a few draws of them opens with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.experiment.calibration.prior import Prior
from sim.experiment.kept_runs import Cache, Tick, collect_runs, counting_kept
from sim.experiment.unknown import Unknown
from sim.opening.totals import OpeningError
from sim.statistics.emulator import Emulator, fit_emulator
from sim.statistics.history_matching import sobol

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TRIED = 1024
"""Points of the prior that are tried (numerical): the share that opens is known within 0.03."""

SEED_OF_OPENING = 1
"""Seed of the openings that are tried (numerical)."""

TRIALS = 4
"""Draws of the other parameters with which a point is tried (numerical): if three in four open, 0.4 % of the possible
points are missed."""

HALF = 0.5
"""Emulated value from which a point is taken to open."""


@dataclass(frozen=True)
class OpeningJob:
    """An opening to be tried: what is not given, the values that are, and a key for what is kept."""

    unknown: Unknown
    changes: tuple[tuple[str, float], ...]
    key: str


def opens(job: OpeningJob) -> bool:
    """Whether the values allow an opening position."""
    try:
        job.unknown.member(SEED_OF_OPENING, dict(job.changes), TRIALS)
    except OpeningError:
        return False
    return True


def try_openings(jobs: Sequence[OpeningJob], cache: Cache, workers: int, progress: Tick | None = None) -> Bools:
    """(n,) which openings are possible, from what is kept or tried now."""
    by_key = {job.key: job for job in jobs}
    found, _ = collect_runs(by_key, cache, workers, counting_kept(progress, len(by_key)), function=_tried)
    return np.array([bool(found.get(job.key, {}).get("opens")) for job in jobs], dtype=bool)


def _tried(job: OpeningJob) -> dict[str, float]:
    """What is kept of an opening."""
    return {"opens": float(opens(job))}


@dataclass(frozen=True, eq=False)
class Gate:
    """Where openings are possible.

    Attributes:
        points: (n, d) tried, a Sobol sample of the unit cube.
        opened: (n,) which of them open.
        emulator: of the two between them; None where all open, or none.
    """

    points: Floats
    opened: Bools
    emulator: Emulator | None

    @property
    def share(self) -> float:
        """Share of the unit cube that opens."""
        return float(self.opened.mean())

    def __call__(self, points: Floats) -> Bools:
        """(q,) whether points are taken to open."""
        if self.emulator is None:
            return np.full(len(points), bool(self.opened.all()))
        found: Bools = self.emulator.mean(points) >= HALF
        return found

    @property
    def wrong(self) -> float:
        """Share of the tried points that the emulator, without each of them, takes for the other kind."""
        if self.emulator is None:
            return 0.0
        error, _ = self.emulator.left_out()
        said = self.emulator.outputs - error >= HALF
        return float((said != self.opened).mean())


def gate(
    free: Prior,
    jobs: Callable[[Floats], Sequence[OpeningJob]],
    cache: Cache,
    workers: int,
    seed: int,
    progress: Tick | None = None,
    tried: int = TRIED,
) -> Gate:
    """Try a sample of the prior.

    Args:
        free: free parameters.
        jobs: openings of points.
        cache: where results are kept.
        workers: processes at once.
        seed: of the sample.
        progress: called after each opening.
        tried: points, a power of 2.
    """
    points = sobol(len(free.free), tried, seed)
    opened = try_openings(jobs(points), cache, workers, progress)
    both = bool(opened.any()) and not bool(opened.all())
    return Gate(points, opened, fit_emulator(points, opened.astype(np.float64)) if both else None)
