"""Facts from the registry of moments: what `ningde validate` compares, with the date of publication in the source."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim import data
from sim.experiment.calibration.targets import Target, digest_of
from sim.experiment.moments import MOMENTS
from sim.experiment.validation import KNOWN, Job, measurable, observe
from sim.parameters import Month
from sim.scenario import Scenario

Floats = NDArray[np.float64]

USED_GRADES = ("sourced", "derived")
"""Grades of facts that count; recalled and assumed figures do not."""

_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(rf"(?:\d{{1,2}} )?({'|'.join(_NAMES)})[a-z]* (\d{{4}})")

LEVELS = re.compile(r"bn yuan|million|thousand|vehicles|TWh|GWh|firms|projects|suppliers")
"""Units of figures that are compared as logarithms."""


@dataclass(frozen=True)
class MomentFacts:
    """Published figures by name of the moment."""

    @cached_property
    def _all(self) -> tuple[Target, ...]:
        rows = {row["name"]: row for row in data.rows("targets.csv")}
        found = (_target(name, rows[name]) for name in MOMENTS if name in rows)
        return tuple(target for target in found if target is not None)

    @property
    def digest(self) -> str:
        return digest_of(self._all)

    def targets(self, as_of: Month) -> tuple[Target, ...]:
        return tuple(each for each in self._all if each.published <= as_of and each.month <= as_of)

    def measure(self, scenario: Scenario, seed: int, names: Sequence[str]) -> Floats:
        found = observe(Job(KNOWN, scenario, seed, tuple(names), str(scenario.end))).moments
        return np.array([found[name] for name in names])


def _target(name: str, row: Mapping[str, str]) -> Target | None:
    """A row as a fact; None where it is no figure with a date that a run can be measured for."""
    moment = MOMENTS[name]
    low, high, value = float(row["low"]), float(row["high"]), float(row["value"])
    dates = [Month(f"{year}-{_NAMES.index(word) + 1:02d}") for word, year in _DATE.findall(row["source"])]
    if row["grade"] not in USED_GRADES or not moment.month or not measurable(moment) or not np.isfinite(high - low):
        return None
    month = Month(moment.month)
    published = max([*dates, month + 1])
    log = bool(LEVELS.search(row["unit"])) and value > 0
    return Target(name, moment.label, row["unit"], value, (high - low) / 2 / 3**0.5, log, month, published)
