"""The members of a back-test: runs of the model or of a null version, one a seed, kept on disk.

Member k has seed k and the k-th parameters (:mod:`sim.experiment.unknown`); a null version has the same.
One run measures all that is asked. A job is known by what decides its outcome, so that a back-test that was interrupted
goes on where it stopped, and one with more members makes only the new ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.experiment.followed import Record, follow
from sim.experiment.kept_runs import NOT_RUN, Cache
from sim.experiment.nulls import NULLS, ModelRun
from sim.experiment.observables import EARLIEST_END, FIRST, OBSERVABLES, Done, on_the_way, simulate
from sim.experiment.periods import Period
from sim.experiment.unknown import Unknown
from sim.scenario import Scenario
from sim.world import load_world

Floats = NDArray[np.float64]

MODEL, PAIRED = "ours", "ours, seeds of the nulls"
"""The full model among the forecasters: all its members, and those with the seeds that null versions have."""

NOT_MEASURED = (
    *NOT_RUN,
    *(
        f"experiment/backtest/{name}.py"
        for name in ("plan", "questions", "scoring", "events", "pooling", "marks", "study")
    ),
    *("experiment/rivals.py", "experiment/calibration", "statistics/scores", "statistics/rivals.py"),
    *(f"statistics/{name}.py" for name in ("emulator", "history_matching", "planted_truth", "posterior")),
)
"""Parts of the package on which no member depends."""


@dataclass(frozen=True)
class Asked:
    """A figure that a run is asked for."""

    variable: str
    region: str
    period: Period

    @property
    def name(self) -> str:
        """Variable, region and period."""
        return f"{self.variable} {self.region} {self.period}"


@dataclass(frozen=True)
class Job:
    """One member.

    Attributes:
        parameters: where its parameters come from.
        seed: its seed and the number of its draw.
        null: name of a null version; empty for the full model.
        wanted: what is measured.
    """

    parameters: Unknown
    seed: int
    null: str
    wanted: tuple[Asked, ...]

    @property
    def key(self) -> str:
        """What decides the outcome."""
        asked = hashlib.sha256("\n".join(each.name for each in self.wanted).encode()).hexdigest()
        return f"{self.parameters.key}:{self.seed}:{self.null}:{asked[:16]}"


def run_job(job: Job) -> dict[str, float]:
    """Run a member and measure all that is asked, by name; what a null version does not have is missing.

    Raises:
        OpeningError, BrokenIdentityError, NoConvergenceError: the run does not come to its end.
    """
    plan = job.parameters.member(job.seed)
    if job.null:
        return _measured_null(plan, job)
    values = simulate(plan, job.seed, job.wanted)
    return {each.name: float(value) for each, value in zip(job.wanted, values, strict=True)}


def _measured_null(plan: Scenario, job: Job) -> dict[str, float]:
    """A null version; what it does not record is left out."""
    end = max([EARLIEST_END, *(one.period.last for one in job.wanted)])
    plan = plan.replace({"run.start": str(FIRST), "run.end": str(end)}, name=plan.name)
    run = NULLS[job.null].build(plan, job.seed)
    if isinstance(run, ModelRun):
        done = Done(*follow(run.model, on_the_way(job.wanted)))
    else:
        done = Done(Record(run.run(), load_world()), {})
    found = {}
    for each in job.wanted:
        try:
            found[each.name] = float(OBSERVABLES[each.variable].measure(done, each.region, each.period))
        except (KeyError, ValueError):  # not recorded, or no position to look at
            continue
    return found


def kept_in(folder: Path | None) -> Cache:
    """Where the results of members are kept; in memory without a folder."""
    return Cache(folder, NOT_MEASURED)


@dataclass(frozen=True)
class Members:
    """What the members of one forecaster gave.

    Attributes:
        values: (members, wanted) in the unit of each observable; NaN where a member has nothing.
        seeds: (members,) their seeds.
        missing: names that no member has, since the forecaster does not know them.
        faults: by seed, why a member failed.
    """

    values: Floats
    seeds: tuple[int, ...] = ()
    missing: frozenset[str] = frozenset()
    faults: Mapping[int, str] = field(default_factory=dict)

    def up_to(self, seed: int) -> Members:
        """Those with a seed up to one."""
        chosen = np.array([each <= seed for each in self.seeds], dtype=bool)
        return replace(self, values=self.values[chosen], seeds=tuple(each for each in self.seeds if each <= seed))


def members_of(
    jobs: Iterable[Job], results: Mapping[str, Mapping[str, float]], faults: Mapping[str, str], wanted: Sequence[Asked]
) -> Members:
    """The members of one forecaster, in the order of their seeds; failed ones are left out and told."""
    each = sorted(jobs, key=lambda job: job.seed)
    ended = [results[job.key] for job in each if job.key in results]
    rows = [[result.get(one.name, np.nan) for one in wanted] for result in ended]
    values = np.array(rows, dtype=np.float64).reshape(len(ended), len(wanted))
    seeds = tuple(job.seed for job in each if job.key in results)
    absent = frozenset(one.name for one in wanted if not any(one.name in result for result in ended))
    return Members(values, seeds, absent, {job.seed: faults[job.key] for job in each if job.key in faults})
