"""The ensemble behind ``ningde validate``: which runs are needed, and what one of them leaves behind.

Facts up to the last known month of the scenario are set beside the scenario as it is. Later facts are out of sample;
for them the world outside (volumes, prices) is given up to the end of 2021, because the question is what Ningde makes
of it, not whether somebody can foresee the price of nickel. The two are different runs, and not only after the last
known month: annual figures are known when the year is over, so a world known to November 2019 knows 2018, and from the
middle of that year on its path to 2019 is a projection.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.experiment.executor import Outcome, run_all
from sim.experiment.followed import FOUR, INDUSTRY, PositionMeasure, Record, follow
from sim.experiment.measures import OUTPUT_NOMINAL, VA_NOMINAL
from sim.experiment.moments import MOMENTS, Moment, keep_first
from sim.model import NingdeModel
from sim.parameters import Month
from sim.results.variables import VARIABLES
from sim.scenario import Scenario

Floats = NDArray[np.float64]

FIRST, LAST = Month("2014-01"), Month("2021-12")
"""First recorded month, and the last month about which anything is compared (later outcomes are kept out)."""

KNOWN, LATER = "known", "later"
"""Parts of the ensemble: up to the last known month, and out of sample."""

PATHS: Mapping[str, str] = {
    "output_lithium": "lithium output, bn yuan at current prices, trailing 12 months",
    "share_four": "four chains in above-scale value added at current prices, trailing 12 months",
    "introduced": "battery projects introduced so far",
    "electricity": "electricity, TWh, trailing 12 months",
}
"""Monthly series kept of every run, for figures."""


@dataclass(frozen=True)
class Job:
    """One run.

    Attributes:
        part: :data:`KNOWN` or :data:`LATER`.
        scenario: what is run, with its last month and its world.
        seed: seed of all chance.
        moments: names of what is measured.
        undated: month at which undated moments are measured.
    """

    part: str
    scenario: Scenario
    seed: int
    moments: tuple[str, ...]
    undated: str


@dataclass(frozen=True)
class Observed:
    """What a run leaves behind: moments by name, and monthly paths by name from January 2014 on."""

    moments: dict[str, float]
    paths: dict[str, Floats]


def measurable(moment: Moment) -> bool:
    """Whether this version records what the moment needs."""
    return not moment.missing and all(name in VARIABLES for name in moment.needs)


def out_of_sample(moment: Moment, scenario: Scenario) -> bool:
    """Whether the moment lies after what the scenario knows; a statistic without a date does not."""
    return bool(moment.month) and Month(moment.month) > scenario.run.known_until


def jobs(scenario: Scenario, seeds: Sequence[int]) -> list[Job]:
    """The runs of an ensemble: two a seed, or one where the later part would not differ.

    Args:
        scenario: what is validated. Its world is "conditional" out of sample; any other choice than "unconditional"
            is kept as it is, and then one run serves both.
        seeds: one or two runs each.
    """
    wanted = [moment for moment in MOMENTS.values() if measurable(moment)]
    late = [moment.name for moment in wanted if out_of_sample(moment, scenario)]
    early = [moment.name for moment in wanted if moment.name not in late]
    undated = scenario.run.known_until
    if scenario.run.world != "unconditional" or not late:
        whole = ending(scenario, LAST if late else undated, scenario.run.world)
        return [Job(KNOWN, whole, seed, tuple(early + late), str(undated)) for seed in seeds]
    parts = (
        (KNOWN, ending(scenario, undated, scenario.run.world), tuple(early)),
        (LATER, ending(scenario, LAST, "conditional"), tuple(late)),
    )
    return [Job(part, plan, seed, names, str(undated)) for seed in seeds for part, plan, names in parts]


def ending(scenario: Scenario, end: Month, world: str) -> Scenario:
    """The scenario from January 2014 to a month, in a world."""
    return scenario.replace({"run.start": str(FIRST), "run.end": str(end), "run.world": world}, name=scenario.name)


def observe(job: Job) -> Observed:
    """Run one job and measure it. A function of the job alone.

    Raises:
        OpeningError: its parameters allow no opening position.
        BrokenIdentityError: an account does not balance.
    """
    at_month: dict[str, dict[Hashable, PositionMeasure]] = {}
    for name in job.moments:
        moment = MOMENTS[name]
        if moment.position is not None:
            at_month.setdefault(moment.month or job.undated, {})[name] = moment.position
    record, found = follow(NingdeModel(job.scenario, job.seed), at_month, keep_first)
    for name in job.moments:
        measure = MOMENTS[name].record
        if measure is not None:
            found[name] = float(measure(record))
    return Observed({name: found.get(name, float("nan")) for name in job.moments}, paths(record))


def paths(record: Record) -> dict[str, Floats]:
    """The monthly series of :data:`PATHS`."""
    chains, whole = (record.trailing(VA_NOMINAL, group) for group in (FOUR, INDUSTRY))
    four = np.divide(chains, whole, out=np.full(whole.size, np.nan), where=whole > 0)
    return {
        "output_lithium": record.trailing(OUTPUT_NOMINAL, "BAT") / 1e3,
        "share_four": four,
        "introduced": record.run.monthly["introduced"].sel(chain="BAT").values,
        "electricity": record.trailing("electricity") / 1e6,
    }


def ensemble(
    scenario: Scenario,
    seeds: Sequence[int],
    workers: int,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Outcome[Job, Observed]]:
    """Run all of it; outcomes come as they end, a run that fails as an outcome with a fault."""
    return run_all(observe, jobs(scenario, seeds), workers, progress)


# --- tables -----------------------------------------------------------------------------------------------------------


def moment_table(scenario: Scenario, outcomes: Sequence[Outcome[Job, Observed]]) -> pd.DataFrame:
    """A row a run: scenario, hash, what it knows, seed, part, world, fault, and its moments, empty if not measured."""
    head = ("scenario", "hash", "known_until", "seed", "part", "world", "fault")
    rows = []
    for done in sorted(outcomes, key=lambda one: (one.job.seed, one.job.part)):
        run = done.job.scenario.run
        told = (scenario.name, scenario.hash, str(run.known_until), done.job.seed, done.job.part, run.world, done.fault)
        rows.append(dict(zip(head, told, strict=True)) | (done.result.moments if done.result else {}))
    return pd.DataFrame(rows, columns=[*head, *MOMENTS])


def path_table(outcomes: Sequence[Outcome[Job, Observed]]) -> pd.DataFrame:
    """A row a run and month with the series of :data:`PATHS`."""
    frames = []
    for done in sorted(outcomes, key=lambda one: (one.job.seed, one.job.part)):
        if done.result is not None:
            months = [str(FIRST + number) for number in range(len(next(iter(done.result.paths.values()))))]
            frames.append(
                pd.DataFrame({"seed": done.job.seed, "part": done.job.part, "month": months, **done.result.paths})
            )
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["seed", "part", "month", *PATHS])
