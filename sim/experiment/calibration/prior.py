"""Which parameters are free in a calibration, and how a point of the unit cube becomes values.

Free are the parameters graded "calibrate" that a published figure speaks to (:data:`Moment.parameters`), and those of
:data:`ADDED`. Left out are levers, which are policy, and what no published figure up to 2021 speaks to: land prices,
land and jobs of a smelter, capital of rolling, the export share of vehicles. A parameter that the scenario sets to
something else than its default is taken as known and stays.

The prior is uniform on the declared range, parameters independent. Not triangular with the default as mode, as where
spread is told (:mod:`sim.experiment.spread`): some defaults were chosen by a look at figures of 2016 to 2019
(docs/calibration.md), so that a default is no knowledge of an earlier date, while a range leaves it to the facts of
that date.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.experiment.moments import MOMENTS
from sim.experiment.shares import value_in, with_scaled_shares
from sim.experiment.spread import ranged
from sim.parameters import Parameters, Row
from sim.scenario import Scenario

Floats = NDArray[np.float64]

ADDED: Mapping[str, str] = {
    "leaders.base_allocation": "where the leaders put new plants",
    "leaders.diversification": "how far leaders spread their plants",
    "location.leader_time": "how far from its leader a supplier settles",
    "sourcing.adjust": "how fast buyers turn to home suppliers",
    "opening.industry_share": "size of industry at the opening",
    "opening.cells_output": "size of the lithium chain at the opening",
    "opening.stainless_output": "size of the stainless chain at the opening",
    "opening.gdp_2013": "size of the economy at the opening",
    "labour.migration_elasticity": "how people follow wages",
    "energy.mwh_smelt": "electricity of the largest user",
}
"""Free parameters of other grades, and what each stands for: assumed, recalled or interpolated figures that published
series speak to (judgement)."""

SPOKEN_ELSEWHERE = ("fiscal.tax_output_stainless", "fiscal.tax_output_other")
"""Graded "calibrate", but moved only by public revenue, of which nothing is published before 2020: they stay."""


class NothingFreeError(ValueError):
    """A scenario without a parameter that could be calibrated; the message is one sentence."""


@dataclass(frozen=True)
class Free:
    """A free parameter.

    Attributes:
        name: dotted name.
        unit: its unit.
        low, high: declared range.
        present: its value in the scenario.
        grade: evidence grade of the default.
        whole: whether it is a whole number.
    """

    name: str
    unit: str
    low: float
    high: float
    present: float
    grade: str
    whole: bool = False


@dataclass(frozen=True)
class Prior:
    """The free parameters of a scenario, uniform on their ranges.

    Attributes:
        scenario: whose values all others have.
        free: in the order of the columns of the unit cube.
    """

    scenario: Scenario
    free: tuple[Free, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Dotted names, in order."""
        return tuple(each.name for each in self.free)

    @property
    def given(self) -> frozenset[str]:
        """Dotted names of all values that a point gives: also shares that are scaled with a free one."""
        return frozenset(self.values(np.full(len(self.free), 0.5)))

    def values(self, point: Floats) -> dict[str, float]:
        """The values of a point by dotted name; shares that must sum to 1 are scaled, whole numbers rounded.

        Args:
            point: (d,) in the unit cube.
        """
        raw = {each.name: _within(each, float(u)) for each, u in zip(self.free, point, strict=True)}
        return with_scaled_shares(self.scenario, raw)

    def point(self, values: Mapping[str, float]) -> Floats:
        """(d,) place of values in the unit cube; the inverse of :meth:`values` where nothing is scaled or rounded."""
        return np.array([(values[each.name] - each.low) / (each.high - each.low) for each in self.free])

    def changes(self, points: Floats) -> list[dict[str, float]]:
        """The values of several points (n, d)."""
        return [self.values(point) for point in points]


def _within(each: Free, share: float) -> float:
    """The value at a share of the range."""
    value = each.low + share * (each.high - each.low)
    return round(value) if each.whole else value


def prior(scenario: Scenario, names: Sequence[str] | None = None) -> Prior:
    """The prior of a scenario.

    Args:
        scenario: what is calibrated.
        names: dotted names of the free parameters; those of the rule above if not given.

    Raises:
        NothingFreeError: no parameter is free, or a name is no parameter with a range.
    """
    rows = {f"{group.table}.{row.name}": (group, row) for group in scenario.parameters for row in ranged(group)}
    if names is None:
        wanted = [name for name, (group, row) in rows.items() if _free(name, row) and _untouched(group, row)]
    else:
        wanted = list(names)
    unknown = [name for name in wanted if name not in rows]
    if unknown:
        raise NothingFreeError(f"{unknown[0]} is no parameter with a range that could be calibrated")
    if not wanted:
        raise NothingFreeError(f"{scenario.name} sets every parameter that could be calibrated: nothing is free")
    return Prior(scenario, tuple(_described(name, *rows[name]) for name in wanted))


def _free(name: str, row: Row) -> bool:
    """Whether the rule makes a parameter free."""
    spoken = {name for moment in MOMENTS.values() for name in moment.parameters}
    return name in ADDED or (row.grade == "calibrate" and name in spoken and name not in SPOKEN_ELSEWHERE)


def _untouched(group: Parameters, row: Row) -> bool:
    """Whether the scenario has the default."""
    return value_in(group, row.name) == row.default


def _described(name: str, group: Parameters, row: Row) -> Free:
    """A row as a free parameter."""
    present = value_in(group, row.name)
    low, high = float(row.low or 0.0), float(row.high or 0.0)
    whole = isinstance(row.default, int) and not isinstance(row.default, bool)
    return Free(name, row.unit, low, high, present, row.grade, whole)
