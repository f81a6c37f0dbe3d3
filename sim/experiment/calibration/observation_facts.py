"""Facts of files of observations as a calibration sees them.

Sourced and recalled figures count, with the band that their row gives. Derived ones do not: they are arithmetic of
others of the same file (a contribution is a pull over growth) and would count twice; assumed ones are no facts. The
months of a figure, and those it is compared with, must lie within the run, from January 2014 on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.experiment.calibration.targets import FIRST, Scale, Target
from sim.experiment.observables import OBSERVABLES, simulate
from sim.experiment.observations import Observation, Observations
from sim.experiment.units import RANK
from sim.parameters import Month
from sim.scenario import Scenario

Floats = NDArray[np.float64]

USED_GRADES = ("sourced", "recalled")
"""Grades of figures that count."""


@dataclass(frozen=True)
class ObservationFacts:
    """Published figures.

    Attributes:
        rows: all of them, whenever published.
    """

    rows: tuple[Observation, ...]

    @classmethod
    def of(cls, observations: Observations) -> ObservationFacts:
        """Those of files, without files and lines, on which nothing depends."""
        return cls(observations.rows)

    @cached_property
    def digest(self) -> str:
        told = [
            f"{name_of(row)} {row.value!r} {row.low!r} {row.high!r} {row.unit} {row.published} {row.grade}"
            for row in self.rows
        ]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()

    @cached_property
    def _by_name(self) -> dict[str, Observation]:
        """The figures by name; those of one name differ in what was published, not in what is measured."""
        return {name_of(row): row for row in self.rows}

    def targets(self, as_of: Month) -> tuple[Target, ...]:
        """The figures known by a month, that a run can be measured for."""
        return tuple(_target(row) for row in Observations(self.rows).known(as_of) if _usable(row, as_of))

    def measure(self, scenario: Scenario, seed: int, names: Sequence[str]) -> Floats:
        return simulate(scenario, seed, [self._by_name[name] for name in names])


def name_of(row: Observation) -> str:
    """Variable, region and period of a figure."""
    return f"{row.variable} {row.region} {row.period}"


def _usable(row: Observation, as_of: Month) -> bool:
    """Whether a figure can be matched."""
    observable = OBSERVABLES[row.variable]
    bounded = bool(np.isfinite([row.low, row.high]).all())
    within = observable.since(row.period) >= FIRST and row.period.last <= as_of
    positive = observable.scale != "log" or row.low > 0
    return row.grade in USED_GRADES and bounded and within and positive


def _target(row: Observation) -> Target:
    """A figure as a calibration sees it."""
    observable = OBSERVABLES[row.variable]
    label = f"{row.variable}, {row.region}, {row.period}"
    counted = observable.whole and observable.scale == "level" and observable.unit != next(iter(RANK))
    scale: Scale = "root" if counted else observable.scale
    return Target(name_of(row), label, row.unit, row.value, row.low, row.high, scale, row.period.last, row.published)
