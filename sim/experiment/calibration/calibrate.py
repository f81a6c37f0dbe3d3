"""A calibration from its facts to draws of the parameters."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import data
from sim.experiment import dates
from sim.experiment.calibration.gate import Gate
from sim.experiment.calibration.identify import Told, identify
from sim.experiment.calibration.prior import Prior, prior
from sim.experiment.calibration.targets import (
    COMMON,
    DISCREPANCY,
    Facts,
    Target,
    checked,
    digest_of,
    discrepancies,
    planned,
)
from sim.experiment.calibration.waves import (
    FIRST_SEED,
    NOT_MEASURED,
    Laboratory,
    Plan,
    Runs,
    emulate,
    emulated,
    first_points,
    kept_in,
)
from sim.experiment.drawn import Posterior, value_of
from sim.experiment.kept_runs import Tick
from sim.experiment.unknown import Unknown
from sim.parameters import Month
from sim.results.provenance import PACKAGE, code_digest, code_version
from sim.scenario import Scenario
from sim.statistics.emulator import Diagnosis, Emulators, diagnose
from sim.statistics.history_matching import (
    HIGHEST,
    SECOND,
    Remaining,
    distance,
    implausibility,
    remaining,
    spread_out,
)
from sim.statistics.posterior import Draws, draw_posterior, log_likelihood

Floats = NDArray[np.float64]

DRAWS = 200
"""Draws that a posterior file keeps (assumption: quantiles at 5 and 95 % within about two points of probability)."""

SEED = 2019
"""Seed of designs and samplers; the runs have seeds of their own (assumption: any is as good as another)."""


FEWEST_OPENINGS = 50
"""Points of the prior that must open for a first wave (assumption)."""


class CalibrationError(RuntimeError):
    """A calibration that leads to nothing; the message is one sentence with what to do."""


@dataclass(frozen=True, eq=False)
class Emulation:
    """Emulators beside the facts.

    Attributes:
        targets: the m facts that runs can be measured for.
        emulators: of the m outputs.
        discrepancy: (m, m) covariance of what the model leaves out.
        gate: where openings are possible.
    """

    targets: tuple[Target, ...]
    emulators: Emulators
    discrepancy: Floats
    gate: Gate

    @cached_property
    def observed(self) -> Floats:
        """(m,) the facts on the scale of comparison."""
        return np.array([target.observed for target in self.targets])

    @cached_property
    def error(self) -> Floats:
        """(m,) variance of the observation."""
        return np.array([target.spread**2 for target in self.targets])

    @cached_property
    def fixed(self) -> Floats:
        """(m, m) covariance of all that parts a fact from the mean over seeds."""
        return self.emulators.luck + self.discrepancy + np.diag(self.error + 1e-12)

    def implausible(self, points: Floats) -> Floats:
        """(q, m) implausibility of points."""
        mean, variance = self.emulators.predict(points)
        return implausibility(
            mean, variance, self.observed, self.error + 1e-12, self.emulators.noise, np.diag(self.discrepancy)
        )

    def far(self, points: Floats) -> Floats:
        """(q,) distance of points on the way to being ruled out; infinite where nothing opens."""
        found = np.full(len(points), np.inf)
        inside = self.gate(points)
        found[inside] = distance(self.implausible(points[inside]))
        return found

    def log_likelihood(self, points: Floats) -> Floats:
        """(q,) logarithm of the likelihood of the facts; minus infinity where nothing opens."""
        found = np.full(len(points), -np.inf)
        inside = self.gate(points)
        mean, variance = self.emulators.predict(points[inside])
        found[inside] = log_likelihood(mean, variance, self.observed, self.fixed)
        return found


@dataclass(frozen=True, eq=False)
class Calibration:
    """What a calibration found.

    Attributes:
        prior: free parameters.
        as_of: month up to which facts count.
        unknown: what was not known then, and drawn with the luck of each run.
        used: (m + unused,) which of the facts known are used.
        unused: facts that too few runs can be measured for.
        runs: all of them.
        left: share of the prior that is not ruled out after each wave.
        emulation: after the last wave.
        draws: of the posterior.
        kept: (n, d) those of the file, tried to open, unit cube.
        told: what the facts say of each parameter.
        facts_digest: of where the facts come from.
    """

    prior: Prior
    as_of: Month
    unknown: Unknown
    used: NDArray[np.bool_]
    unused: tuple[Target, ...]
    runs: Runs
    left: tuple[float, ...]
    emulation: Emulation
    draws: Draws
    kept: Floats
    told: tuple[Told, ...]
    facts_digest: str

    @property
    def targets(self) -> tuple[Target, ...]:
        """The facts used."""
        return self.emulation.targets

    @cached_property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """How good each emulator is."""
        return tuple(diagnose(each) for each in self.emulation.emulators.each)

    @cached_property
    def predicted(self) -> Floats:
        """(draws, m) outputs by the emulators for the draws of the file, with the luck of a seed each."""
        luck = np.random.default_rng([SEED, 1])
        mean, variance = self.emulation.emulators.predict(self.kept)
        chance = luck.multivariate_normal(np.zeros(mean.shape[1]), self.emulation.emulators.luck, len(mean))
        found: Floats = mean + np.sqrt(variance) * luck.standard_normal(mean.shape) + chance
        return found

    @cached_property
    def misfit(self) -> Floats:
        """(m,) standard deviations between each fact and what the posterior gives in the mean."""
        mean, variance = self.emulation.emulators.predict(self.kept)
        all_else = np.diag(self.emulation.fixed) + variance.mean(axis=0) + mean.var(axis=0)
        found: Floats = (self.emulation.observed - mean.mean(axis=0)) / np.sqrt(all_else)
        return found

    def posterior(self, name: str) -> Posterior:
        """The draws as a file holds them, with their manifest."""
        changes = self.prior.changes(self.kept)
        names = tuple(changes[0])  # with shares that are scaled with a free one
        draws = tuple(tuple(values.values()) for values in changes)
        before = {key: value_of(self.prior.scenario, key) for key in names}
        told: dict[str, Any] = {
            "name": name,
            "as_of": str(self.as_of),
            "scenario": {"name": self.prior.scenario.name, "hash": self.prior.scenario.hash},
            "before": before,
            "facts": [_fact(target) for target in self.targets],
            "facts_sha256": digest_of(self.targets),
            "facts_source_sha256": self.facts_digest,
            "facts_unused": [target.name for target in self.unused],
            "runs": {"made": self.runs.made, "failed": len(self.runs.faults)},
            "space_that_opens": self.emulation.gate.share,
            "waves": [{"space_left": share} for share in self.left],
            "effective_sample_size": round(self.draws.effective, 1),
            "log_evidence": self.draws.log_evidence,
            "discrepancy": {"share_of_figure": DISCREPANCY, "common": COMMON},
            "drawn": sorted(self.unknown.ranges),
            "limits": {"highest": HIGHEST, "second": SECOND},
            "parameters": [_parameter(each) for each in self.told],
            "code_version": code_version(),
            "code_sha256": code_digest(PACKAGE, without=NOT_MEASURED),
            "data_sha256": data.digest(),
        }
        return Posterior(name, names, draws, told)


def _fact(target: Target) -> dict[str, Any]:
    """A fact as the manifest tells it."""
    told = {"name": target.name, "value": target.value, "low": target.low, "high": target.high, "unit": target.unit}
    return told | {"month": str(target.month), "published": str(target.published)}


def _parameter(each: Told) -> dict[str, Any]:
    """What the facts say of a parameter, as the manifest tells it."""
    return {"name": each.name, "facts": list(each.facts), "narrower": round(each.narrower, 3)}


Shown = Callable[[str, int], AbstractContextManager[Tick | None]]
"""Shows the progress of a wave: its label and its runs, to a callback for runs done."""


def calibrate(
    scenario: Scenario,
    as_of: Month,
    facts: Facts,
    *,
    folder: Path | None = None,
    workers: int = 1,
    plan: Plan | None = None,
    names: tuple[str, ...] | None = None,
    shown: Shown | None = None,
    tell: Callable[[str], None] | None = None,
) -> Calibration:
    """Calibrate a scenario on what was published up to a month.

    Args:
        scenario: what is calibrated; values of free parameters are those of its prior.
        as_of: facts published later do not count, and the runs know nothing later.
        facts: where facts come from and how runs are measured.
        folder: where runs are kept, so that an interrupted calibration goes on; nothing is kept without one.
        workers: processes at once.
        plan: how many runs.
        names: free parameters, see :func:`sim.experiment.calibration.prior.prior`.
        shown: shows the progress of a wave.
        tell: told what each wave came to, a sentence each.

    Raises:
        TargetError: the facts cannot be used.
        NothingFreeError: no parameter is free.
        CalibrationError: most runs failed, or no parameter values agree with the facts.
        PosteriorError: the sampler could not follow the likelihood.
    """
    how = plan or Plan()
    targets = checked(facts.targets(as_of), as_of)
    free = prior(scenario, names)
    known = dates.as_of(scenario, as_of)
    plan_of_runs = planned(known.scenario, as_of, targets)
    unknown = replace(Unknown.of(known, plan_of_runs.run.world), scenario=plan_of_runs).without(free.given)
    place = Laboratory(free, unknown, facts, targets, kept_in(folder), workers)
    found = _waves(place, how, shown or _silent, tell or _mute)
    emulation = found.emulation
    draws = draw_posterior(emulation.log_likelihood, len(free.free), SEED)
    kept = _kept(place, draws)
    told = identify(
        free.names,
        emulation.targets,
        emulation.emulators,
        emulation.error + np.diag(emulation.discrepancy),
        draws.points,
        emulation.gate,
        SEED,
    )
    unused = tuple(target for target, use in zip(targets, found.used, strict=True) if not use)
    return Calibration(
        free, as_of, unknown, found.used, unused, found.runs, found.left, emulation, draws, kept, told, facts.digest
    )


def _silent(_label: str, _runs: int) -> AbstractContextManager[None]:
    """No progress."""
    return nullcontext()


def _mute(_sentence: str) -> None:
    """Nothing is told."""


@dataclass(frozen=True, eq=False)
class _Found:
    """What the waves came to: runs, emulators after the last, which facts are used, what was left after each."""

    runs: Runs
    emulation: Emulation
    used: NDArray[np.bool_]
    left: tuple[float, ...]


def _waves(place: Laboratory, plan: Plan, shown: Shown, tell: Callable[[str], None]) -> _Found:
    """All waves."""
    gate = _gate(place, plan, shown, tell)
    found, seed = None, FIRST_SEED
    points = first_points(plan, gate.points[gate.opened])
    for wave in range(plan.waves):
        with shown(f"wave {wave + 1} of {plan.waves}", len(points)) as tick:
            new = place.run(points, wave, seed, tick)
        seed += len(points)
        found, rest = _after(place, gate, found, new, wave)
        tell(f"wave {wave + 1}: {_counted(new)}; {found.left[-1]:.2%} of the space that allows an opening is left")
        if wave + 1 < plan.waves:
            chosen = spread_out(rest.points, plan.later * points.shape[1], found.runs.points)
            points = place.possible(chosen)
    assert found is not None
    return found


def _gate(place: Laboratory, plan: Plan, shown: Shown, tell: Callable[[str], None]) -> Gate:
    """Where openings are possible."""
    with shown("values that allow an opening", plan.tried) as tick:
        gate = place.gate(SEED, plan.tried, tick)
    count = int(gate.opened.sum())
    if count < min(FEWEST_OPENINGS, plan.per_parameter * len(place.prior.free)):
        raise CalibrationError(f"{count} of {len(gate.opened)} points of the prior allow an opening: too few")
    tell(f"{gate.share:.0%} of the space of parameters allows an opening")
    return gate


def _after(place: Laboratory, gate: Gate, before: _Found | None, new: Runs, wave: int) -> tuple[_Found, Remaining]:
    """What is known after a wave, and the space that is left.

    Facts and discrepancy are fixed by the first wave, whose points cover the prior.
    """
    if before is None:
        _enough(new)
        runs, used = new, emulated(new.outputs)
        chosen = [target for target, use in zip(place.targets, used, strict=True) if use]
        discrepancy = discrepancies(chosen, new.outputs[:, used])
    else:
        runs, used, discrepancy = before.runs.with_those(new), before.used, before.emulation.discrepancy
    emulation = _emulation(place, runs, used, discrepancy, gate)
    rest = remaining(emulation.far, len(place.prior.free), SEED + wave)
    if not len(rest.points):
        raise CalibrationError(_nothing_left(emulation, gate.points[gate.opened]))
    left = (*(() if before is None else before.left), min(rest.volume / gate.share, 1.0))
    return _Found(runs, emulation, used, left), rest


def _kept(place: Laboratory, draws: Draws) -> Floats:
    """(n, d) draws for the file: tried one after the other until enough of them open."""
    order = np.random.default_rng([SEED, DRAWS]).permutation(len(draws.points))
    found: list[Floats] = []
    for start in range(0, len(order), DRAWS):
        found += list(place.possible(draws.points[order[start : start + DRAWS]]))
        if len(found) >= DRAWS:
            break
    if not found:
        raise CalibrationError("no draw of the posterior allows an opening")
    return np.array(found[:DRAWS])


def _emulation(place: Laboratory, runs: Runs, used: NDArray[np.bool_], discrepancy: Floats, gate: Gate) -> Emulation:
    """Emulators of the facts that are used, on all runs."""
    kept = replace(runs, outputs=runs.outputs[:, used])
    targets = tuple(target for target, use in zip(place.targets, used, strict=True) if use)
    return Emulation(targets, emulate(kept, place.workers), discrepancy, gate)


def _enough(runs: Runs) -> None:
    """Raise if most runs of the first wave failed."""
    if len(runs) < 0.5 * runs.made:
        first = runs.faults[0]
        raise CalibrationError(f"{len(runs.faults)} of {runs.made} runs of the first wave failed, the first: {first}")
    if emulated(runs.outputs).sum() < 2:
        raise CalibrationError("the runs can be measured for fewer than two of the facts: nothing to calibrate on")


def _counted(runs: Runs) -> str:
    """Runs of a wave in words."""
    failed = f" ({len(runs.faults)} failed)" if runs.faults else ""
    return f"{runs.made} runs{failed}"


def _nothing_left(emulation: Emulation, sample: Floats) -> str:
    """Why nothing is left: the facts furthest from the best of some points (n, d)."""
    implausible = emulation.implausible(sample)
    best = implausible[int(distance(implausible).argmin())]
    worst = [int(at) for at in np.argsort(-best)[:3]]
    told = ", ".join(f"{emulation.targets[at].name} ({best[at]:.1f} standard deviations off)" for at in worst)
    return f"no parameter values agree with the facts; furthest off at the best point: {told}"


__all__ = ["Calibration", "CalibrationError", "Emulation", "Remaining", "calibrate"]
