"""What a back-test asks: origins, cases, groups, and the scale on which each case is scored.

At an origin the published figures fall into three parts: those known (published by its end), those asked about (their
period ends later), and those that are neither, since they speak of a time up to the origin and came out after it. The
figures of January to November 2019 are of that third kind at the origin November 2019: they were printed in December
2019.

A case is asked about if a run covers it and it is not marked R-low. Its horizon is the time from the origin to the end
of its period in years, rounded up: December 2019 has horizon 1 at the origin November 2019, all of 2020 has horizon 2.

Scales, the same for forecasts and facts:

amounts            100 ln max(amount, floor): log points. Floors keep a forecast of nothing finite (:data:`FLOORS`)
growth and shares  percentage points
contributions      parts of a growth, percent: pooled alone, since they explode where that growth is near 0
counts             projects, plants, months and ranks, as they are
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim.experiment.followed import CITY
from sim.experiment.observables import OBSERVABLES
from sim.experiment.observations import Observation, Observations
from sim.experiment.periods import Period
from sim.experiment.units import CAPACITY, MONEY, PERSONS, POINTS, POWER, RATIO, SHARE, VEHICLES
from sim.parameters import Month, describe
from sim.scenario import Scenario
from sim.settings import Run
from sim.state import YEAR

Floats = NDArray[np.float64]

Mode = Literal["unconditional", "conditional"]
MODES: tuple[Mode, ...] = ("unconditional", "conditional")
"""World demand and prices projected from their own past, or as realised to 2021."""

CHAINS_OUTPUT, CITY_GROWTH, COUNTIES, PEOPLE_AND_MONEY, PIPELINE = GROUPS = (
    "chains' output",
    "city growth",
    "county figures",
    "people and money",
    "projects and pipeline",
)
"""Groups of cases; within a scale each weighs the same."""

AMOUNTS, POINTS_POOL, CONTRIBUTIONS, COUNTS = POOLS = ("amounts", "growth and shares", "contributions", "counts")
"""Scales on which cases are pooled."""

POOL_UNITS: Mapping[str, str] = {
    AMOUNTS: "log points",
    POINTS_POOL: "points",
    CONTRIBUTIONS: "%",
    COUNTS: "as counted",
}
"""Unit of errors and of CRPS in each pool."""

FLOORS: Mapping[str, float] = {
    next(iter(MONEY)): 0.1,
    next(iter(VEHICLES)): 1000.0,
    next(iter(CAPACITY)): 0.1,
    next(iter(POWER)): 0.1,
    next(iter(PERSONS)): 1000.0,
}
"""Amounts below these count as these, by unit; 1 of what has another unit. An assumption made before any score: about
five plants of the smallest published size, less than any published figure of that kind."""

CHAIN_OUTPUT = ("output_nominal.", "value_added_nominal.")
PIPELINE_WORDS = (
    *("firms.", "plants.", "projects_introduced.", "signed_", "sign_share", "building_months", "local_share"),
    *("vehicle_suppliers", "cell_capacity"),
)
PEOPLE_WORDS = ("population", "revenue_", "electricity", "agricultural_output")


class BacktestError(ValueError):
    """A back-test that cannot be made as asked; the message is one sentence a fault, for the user."""


@dataclass(frozen=True)
class Case:
    """A figure that is asked about at an origin.

    Attributes:
        row: the published figure.
        origin: last month that is known.
    """

    row: Observation
    origin: Month

    @property
    def variable(self) -> str:
        """Name of the observable."""
        return self.row.variable

    @property
    def region(self) -> str:
        """The city or a county."""
        return self.row.region

    @property
    def period(self) -> Period:
        """The time asked about."""
        return self.row.period

    @property
    def horizon(self) -> int:
        """Years from the origin to the end of the period, rounded up."""
        return -(-(self.period.last - self.origin) // YEAR)

    @property
    def year(self) -> int:
        """Calendar year in which the period ends: the cluster of the bootstrap."""
        return self.period.last.year

    @property
    def group(self) -> str:
        """One of :data:`GROUPS`."""
        return group_of(self.variable, self.region)

    @property
    def pool(self) -> str:
        """One of :data:`POOLS`."""
        return pool_of(self.variable)

    @property
    def name(self) -> str:
        """Variable, region and period, unique in a plan."""
        return f"{self.variable} {self.region} {self.period}"

    @property
    def observed(self) -> float:
        """The fact on the scale of scores."""
        return float(scored(self.variable, self.row.value))


def group_of(variable: str, region: str) -> str:
    """The group of a variable of a region, one of :data:`GROUPS`."""
    if region != CITY:
        return COUNTIES
    if variable == "vehicles" or (variable.startswith(CHAIN_OUTPUT) and not variable.endswith((".INDUSTRY", ".REST"))):
        return CHAINS_OUTPUT
    if variable.startswith(PIPELINE_WORDS):
        return PIPELINE
    return PEOPLE_AND_MONEY if variable.startswith(PEOPLE_WORDS) else CITY_GROWTH


def pool_of(variable: str) -> str:
    """The scale on which a variable is pooled, one of :data:`POOLS`."""
    observable = OBSERVABLES[variable]
    if observable.scale == "log":
        return AMOUNTS
    if observable.units is RATIO or variable == "gdp_growth_share":
        return CONTRIBUTIONS
    return POINTS_POOL if observable.units in (SHARE, POINTS) else COUNTS


def scored(variable: str, values: float | Floats) -> Floats:
    """Figures on the scale of scores; NaN stays.

    Args:
        variable: name of the observable.
        values: in its unit, any shape.
    """
    observable, amounts = OBSERVABLES[variable], np.asarray(values, dtype=np.float64)
    if observable.scale == "log":
        return np.asarray(100.0 * np.log(np.maximum(amounts, FLOORS.get(observable.unit, 1.0))))
    return amounts * (100.0 if observable.units in (SHARE, RATIO) else 1.0)


@dataclass(frozen=True)
class Plan:
    """What is asked at one origin, and what may be used to answer.

    Attributes:
        origin: last month that is known.
        known: figures published by then, weak ones left out.
        cases: figures asked about, in the order of their files.
        neither: figures of times up to the origin that came out later, one a subject.
    """

    origin: Month
    known: Observations
    cases: tuple[Case, ...]
    neither: tuple[Observation, ...]

    @property
    def observed(self) -> Floats:
        """(cases,) the facts in the unit of their observables."""
        return np.array([case.row.value for case in self.cases], dtype=np.float64)

    def last_known(self, case: Case) -> Observation | None:
        """The newest known figure with which a case can be compared; None without one.

        Amounts and counts of months compare with those of as many months, shares and rates with any.
        """
        rows = [row for row in self.known if (row.variable, row.region) == (case.variable, case.region)]
        if case.pool in (AMOUNTS, COUNTS) and case.period.kind == "months":
            rows = [row for row in rows if row.period.months == case.period.months]
        return max(rows, key=lambda row: (row.period.last, row.period.months), default=None)


def plan_of(facts: Observations, origin: Month) -> Plan:
    """The plan of an origin.

    Args:
        facts: everything that was published, of all times.
        origin: last month that is known.

    Raises:
        BacktestError: there is nothing to ask.
    """
    usable = facts.where(lambda row: not row.weak)
    cases = tuple(Case(row, origin) for row in usable.after(origin) if row.covered)
    if not cases:
        raise BacktestError(f"{origin}: no figure that a run could give speaks of a later time; add facts or go back")
    neither = usable.where(lambda row: row.period.last <= origin).latest()
    spoken = {row.subject for row in usable.known(origin)}
    late = tuple(row for row in neither if row.subject not in spoken)
    return Plan(origin, usable.known(origin), cases, late)


def origin_of(word: str, scenario: Scenario) -> Month:
    """An origin by its word.

    Raises:
        BacktestError: it is no month, or one up to which no run can know.
    """
    try:
        month = Month(word)
    except ValueError as error:
        raise BacktestError(f"{word}: {error}") from None
    low, high = next((row.low, row.high) for row in describe(Run) if row.name == "known_until")
    if not Month(str(low)) <= month <= Month(str(high)):
        raise BacktestError(f"{month}: runs can know up to {low} to {high}, not beyond")
    if month < scenario.start:
        raise BacktestError(f"{month}: {scenario.name} begins in {scenario.start}; take a later origin")
    return month


def chosen_modes(words: Sequence[str]) -> tuple[Mode, ...]:
    """The modes of words.

    Raises:
        BacktestError: a word is none.
    """
    wrong = [word for word in words if word not in MODES]
    if wrong:
        raise BacktestError(f"there is no mode {wrong[0]!r}; choose from {', '.join(MODES)}")
    return tuple(mode for mode in MODES if mode in words)
