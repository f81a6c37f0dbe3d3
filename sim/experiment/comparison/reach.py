"""When a target is reached, and with what probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.experiment.comparison.amounts import Amounts, Floats
from sim.experiment.comparison.runs import ComparisonError, known
from sim.statistics.paired import intervals
from sim.statistics.passage import Passage, first_passage, standing
from sim.world import load_world

TRILLION, CLUSTER_TARGET = 1000.0, 300.0
"""Goals in bn yuan a year: of the city's industry (Mindong Daily, 26 Dec 2019), and asked of a cluster."""

BILLION = 1000.0
"""M yuan in a bn yuan."""

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Quantiles of the date at which a target is reached."""

DRIVERS = ("world_volume", "commodity_price")
"""Series of a run that come from outside and do not depend on policy."""

SIDES = ("above", "below")


@dataclass(frozen=True)
class Driver:
    """A condition on the world: an outside series above or below its median over the runs.

    Attributes:
        variable: one of :data:`DRIVERS`.
        label: market or commodity.
        side: "above" or "below".
    """

    variable: str
    label: str
    side: str

    @property
    def text(self) -> str:
        """The condition in words."""
        return f"{self.label} {self.side} its median"


@dataclass(frozen=True, eq=False)
class Reach:
    """When a target is reached in each scenario.

    Attributes:
        definition: name of the series.
        target: bn yuan a year.
        given: condition in words, empty if there is none.
        runs: number of runs of each scenario.
        by_year: columns scenario, year, probability (reached by December), low, high, standing (share of runs at or
            above the target in that December).
        dates: columns scenario, reached (share of runs that ever get there), and a column each quantile of the month at
            which it is first reached, empty where that lies beyond the end of the runs.
        gains: columns scenario, year, mean, low, high: probability less that of the scenario it is compared with, by
            paired runs.
    """

    definition: str
    target: float
    given: str
    runs: int
    by_year: pd.DataFrame
    dates: pd.DataFrame
    gains: pd.DataFrame


class Dates(Amounts):
    """The question when each scenario reaches a target."""

    @cached_property
    def definitions(self) -> tuple[str, ...]:
        """Names of the monthly series of 12-month sums that can reach a target."""
        return tuple(str(name) for name in self.values(self.against, "headline")["series"].values)

    @cached_property
    def clusters(self) -> tuple[str, ...]:
        """Those of them that are clusters."""
        return tuple(name for name in self.definitions if name in load_world().chains)

    def reach(
        self, target_billion: float | None = None, definition: str = "above_scale_output", given: str | None = None
    ) -> Reach:
        """When each scenario first reaches a target, over 12 months.

        Args:
            target_billion: bn yuan a year; 1,000, or 300 for a cluster, if not given.
            definition: what is counted, one of :attr:`definitions`.
            given: only the seeds in which the world is so, such as "Li above": a market or commodity whose mean
                over the run is above or below its median over the seeds. The world does not depend on policy, so this
                chooses the same seeds in all scenarios and explains nothing by its own consequence.

        Raises:
            ComparisonError: an unknown definition or driver, or a target that is not above 0.
        """
        known("no definition of what is counted", definition, self.definitions)
        default = CLUSTER_TARGET if definition in self.clusters else TRILLION
        target = default if target_billion is None else float(target_billion)
        if not (np.isfinite(target) and target > 0):
            raise ComparisonError(f"a target of {target:g} bn yuan is not above 0")
        driver = None if given is None else self.driver(given)
        chosen = self._seeds_given(driver)
        series = {
            name: self.values(name, "headline").sel(series=definition).values[chosen] / BILLION
            for name in (self.against, *self.policies)
        }
        months = self.values(self.against, "headline")["month"].values.astype("datetime64[M]")
        december = np.flatnonzero(months.astype(int) % 12 == 11)
        passages = {name: first_passage(values, target) for name, values in series.items()}
        years = months[december].astype("datetime64[Y]").astype(int) + 1970
        by_year = [_by_year(name, passages[name], series[name], target, december, years) for name in series]
        base = passages[self.against].reached_by()[:, december].astype(np.float64)
        gains = []
        for name in self.policies:
            mean, low, high = intervals(passages[name].reached_by()[:, december] - base)
            gains.append(pd.DataFrame({"scenario": name, "year": years, "mean": mean, "low": low, "high": high}))
        return Reach(
            definition,
            target,
            "" if driver is None else driver.text,
            int(chosen.sum()),
            pd.concat(by_year, ignore_index=True),
            pd.DataFrame([_dates(name, passage, months) for name, passage in passages.items()]),
            pd.concat(gains, ignore_index=True),
        )

    def reach_all(self, given: str | None = None) -> pd.DataFrame:
        """Dates of the usual target of every definition, a row each definition and scenario; see :class:`Reach`."""
        frames = []
        for definition in self.definitions:
            found = self.reach(definition=definition, given=given)
            frame = found.dates
            frame.insert(0, "target", found.target)
            frame.insert(0, "definition", definition)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    @cached_property
    def drivers(self) -> Mapping[str, str]:
        """Variable of each market and commodity whose course is recorded."""
        found: dict[str, str] = {}
        for variable in DRIVERS:
            if variable in self.runs.layout.names:
                array = self.values(self.against, variable)
                found |= {str(label): variable for label in array[array.dims[-1]].values}
        return found

    def driver(self, text: str) -> Driver:
        """The condition that words such as "Li above" mean.

        Raises:
            ComparisonError: an unknown driver, or no side.
        """
        label, _, side = text.strip().rpartition(" ")
        if side not in SIDES:
            raise ComparisonError(f"'{text}' is no condition: write a driver and above or below, such as 'Li above'")
        known("no driver from outside", label.strip(), tuple(self.drivers))
        return Driver(self.drivers[label.strip()], label.strip(), side)

    def _seeds_given(self, driver: Driver | None) -> NDArray[np.bool_]:
        """(seeds,) where the condition holds; the middle one of an odd number is on neither side."""
        if driver is None:
            return np.ones(len(self.runs.seeds), dtype=bool)
        array = self.values(self.against, driver.variable)
        course = array.sel({array.dims[-1]: driver.label}).mean("year").values
        median = np.median(course)
        chosen = course > median if driver.side == "above" else course < median
        if not chosen.any():
            raise ComparisonError(
                f"no run has {driver.text}: with so few seeds, or a given world, there is no such side"
            )
        return np.asarray(chosen)


def _by_year(
    name: str, passage: Passage, series: Floats, target: float, december: NDArray[np.int64], years: NDArray[np.int64]
) -> pd.DataFrame:
    """Probabilities of one scenario at the end of each year."""
    found, low, high = (each[december] for each in passage.by_month())
    there = standing(series[:, december], target)[0]
    row = {"scenario": name, "year": years, "probability": found, "low": low, "high": high, "standing": there}
    return pd.DataFrame(row)


def _dates(name: str, passage: Passage, months: NDArray[np.datetime64]) -> dict[str, Any]:
    """Share of runs that reach the target, and quantiles of the month."""
    row: dict[str, Any] = {"scenario": name, "reached": float(passage.reached)}
    for quantile in QUANTILES:
        at = passage.quantile(quantile)
        row[f"p{round(100 * quantile)}"] = "" if at is None else str(months[at])
    return row
