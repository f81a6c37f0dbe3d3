"""The facts of a calibration: what was published up to a month, with its error, and how a run is measured for it.

As-of rule: a fact counts if it was published in the as-of month or before; the runs know the world and the history up
to that month and nothing later, and see no later world (``run.world = "unconditional"``). Policies that could not be
known are off (:func:`sim.experiment.dates.as_of`), and defaults that rest on a later fact are not used: those that are
not free are drawn from their range with the luck of each run (:mod:`sim.experiment.unknown`), so that not knowing them
counts as luck.

Errors, as standard deviations:

- observation: the band between low and high of the fact is taken as uniform, its width over the root of 12 (rounding,
  or the doubt its source leaves); the fact is its middle;
- discrepancy: what the model leaves out, :data:`DISCREPANCY` of the figure, or of the standard deviation that the free
  parameters give it a priori, whichever is more (an assumption, one for all facts, made before any fit). Half of its
  variance is common to figures that the parameters move together, so that one episode told in three figures is not
  three proofs.

Amounts are compared as logarithms, counts of few things as square roots: the luck of a count grows with the count, that
of its root hardly does (Anscombe, Biometrika 35, 1948). Shares and growth are compared as they are.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.parameters import Month
from sim.scenario import Scenario

Floats = NDArray[np.float64]

DISCREPANCY = 0.1
"""Standard deviation of what the model leaves out, share of the figure (assumption, the same for all)."""

COMMON = 0.5
"""Part of the variance of the discrepancy that figures moved together have in common (assumption)."""

Scale = Literal["log", "root", "level"]
"""Scales on which figures are compared."""

FIRST = Month("2014-01")
"""First month of every run."""


class TargetError(ValueError):
    """Facts that cannot be used; the message is one sentence with what to do."""


@dataclass(frozen=True)
class Target:
    """A fact as a calibration sees it.

    Attributes:
        name: key among the facts.
        label: what it is, for readers.
        unit: of value and error.
        value: what was published.
        low, high: the band in which it is trusted.
        scale: on which it is compared; the band is above 0 where that is "log", and not below where it is "root".
        month: last month it covers.
        published: month of publication.
    """

    name: str
    label: str
    unit: str
    value: float
    low: float
    high: float
    scale: Scale
    month: Month
    published: Month

    @property
    def observed(self) -> float:
        """Middle of the band on the scale on which it is compared."""
        return 0.5 * (self.compared(self.low) + self.compared(self.high))

    @property
    def spread(self) -> float:
        """Standard deviation of the observation on that scale."""
        return (self.compared(self.high) - self.compared(self.low)) / math.sqrt(12.0)

    @property
    def discrepancy(self) -> float:
        """Standard deviation of what the model leaves out, on that scale, by the figure alone."""
        if self.scale == "log":
            return DISCREPANCY
        return (0.5 if self.scale == "root" else 1.0) * DISCREPANCY * abs(self.observed)

    def compared(self, measured: float) -> float:
        """What a run gave on that scale; NaN where it has no place on it."""
        if self.scale == "log":
            return math.log(measured) if measured > 0 else float("nan")
        if self.scale == "root":
            return math.sqrt(measured) if measured >= 0 else float("nan")
        return measured

    def told(self, compared: float) -> float:
        """The inverse of :meth:`compared`."""
        if self.scale == "log":
            return math.exp(compared)
        return max(compared, 0.0) ** 2 if self.scale == "root" else compared


class Facts(Protocol):
    """Where facts come from, and how a run is measured for them. It is pickled with every run."""

    @property
    def digest(self) -> str:
        """SHA-256 of all that counts of the facts."""

    def targets(self, as_of: Month) -> tuple[Target, ...]:
        """The facts published up to a month."""

    def measure(self, scenario: Scenario, seed: int, names: Sequence[str]) -> Floats:
        """(m,) what a run gives for facts, in their units; NaN where it has nothing.

        Raises:
            OpeningError, BrokenIdentityError, NoConvergenceError: the run does not come to its end.
        """


def digest_of(targets: Sequence[Target]) -> str:
    """SHA-256 of facts: names, bands and dates."""
    told = [[each.name, each.low, each.high, each.scale, str(each.month), str(each.published)] for each in targets]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def checked(targets: Sequence[Target], as_of: Month) -> tuple[Target, ...]:
    """Facts that obey the as-of rule.

    Raises:
        TargetError: there are fewer than two, a fact was published later, speaks of a later month, stands twice, or
            has no logarithm where it needs one.
    """
    if len(targets) < 2:
        raise TargetError(f"{len(targets)} facts are known by {as_of}: a calibration needs at least two")
    names = [each.name for each in targets]
    for each in targets:
        if names.count(each.name) > 1:
            raise TargetError(f"the fact {each.name} stands twice")
        if each.published > as_of:
            raise TargetError(f"the fact {each.name} was published in {each.published}, after {as_of}")
        if each.month > as_of:
            raise TargetError(f"the fact {each.name} speaks of {each.month}, after {as_of}")
        if each.scale == "log" and not each.low > 0:
            raise TargetError(f"the band of the fact {each.name} begins at {each.low:g}, which has no logarithm")
    return tuple(targets)


def planned(scenario: Scenario, as_of: Month, targets: Sequence[Target]) -> Scenario:
    """The scenario as it is run in a calibration: to the last month a fact needs, knowing what was known then."""
    end = max(*(each.month for each in targets), Month(f"{FIRST.year}-12"))
    settings = {"run.start": str(FIRST), "run.end": str(end), "run.known_until": str(as_of)}
    world = "unconditional" if scenario.run.world == "conditional" else scenario.run.world
    return scenario.replace(settings | {"run.world": world}, name=scenario.name)


def discrepancies(targets: Sequence[Target], outputs: Floats) -> Floats:
    """(m, m) covariance of what the model leaves out.

    Args:
        targets: m facts.
        outputs: (n, m) what runs drawn from the prior gave, on the scale of comparison; NaN where a run has nothing.
    """
    moved = np.nanstd(outputs, axis=0)
    deviation = np.maximum([each.discrepancy for each in targets], DISCREPANCY * moved)
    whole = outputs[np.isfinite(outputs).all(axis=1)]
    together: Floats = np.eye(len(targets))
    if len(whole) > len(targets) > 1 and (whole.std(axis=0) > 0).all():
        together = np.asarray(np.corrcoef(whole.T), dtype=np.float64)
    found: Floats = np.outer(deviation, deviation) * (COMMON * together + (1.0 - COMMON) * np.eye(len(targets)))
    return found
