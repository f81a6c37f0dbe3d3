"""What each change of a package does: parts of its levers in the whole difference, by county and year.

A package differs from the scenario it is compared with in several values. Every mix of them is a scenario of its own;
all are run on the same seeds, and the part of a change is its Shapley value (:mod:`sim.statistics.shapley`): its
contribution averaged over all orders in which the changes could be made. The parts add up to the whole difference,
cell by cell. With n changes there are 2^n mixes; up to 8 all are run. With more changed values the changes are taken
together by table (all of [promotion] is one change); with more than 8 tables orders are drawn, and the intervals hold
that, too.

Shares that must sum to 1 are one change together, since one of them cannot be moved alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from sim.draws import Streams
from sim.experiment.comparison import Comparison, ComparisonError, Runs
from sim.experiment.levers_runs import shares_with
from sim.parameters import Lever, Parameters
from sim.scenario import Scenario, ScenarioError
from sim.statistics.shapley import (
    MOST_EXACT,
    Parts,
    coalitions,
    draw_orders,
    exact_parts,
    sampled_parts,
)

Floats = NDArray[np.float64]

ORDER_PAIRS = 12
"""Orders drawn (each with its reverse) where there are more than 8 changes: assumption, about 150 to 200 mixes."""

STREAM = "attribution.orders"
"""Named stream of the drawn orders."""

NOT_A_CHANGE = ("run.seed",)
"""Values that are no part of a package: seeds are those that are asked for."""


@dataclass(frozen=True)
class Change:
    """One part of a package.

    Attributes:
        name: the lever ("promotion.budget"), shares together ("promotion.mix_leader + ..."), or the table.
        values: what it sets, by dotted name.
    """

    name: str
    values: Mapping[str, Any]


RunMixes = Callable[[Sequence[Scenario], Sequence[int]], Runs]
"""Runs scenarios on seeds and gives them as an ensemble."""


@dataclass(frozen=True, eq=False)
class Plan:
    """The mixes of a package that are run.

    Attributes:
        changes: the parts, in the order of the scenario's tables.
        mixes: scenario of each mix by its number: bit i is set where change i is made.
        orders: (2 m, n) orders that were drawn; None where all mixes are run.
    """

    changes: tuple[Change, ...]
    mixes: Mapping[int, Scenario]
    orders: NDArray[np.int64] | None

    @property
    def exact(self) -> bool:
        """Whether all mixes are run."""
        return self.orders is None


def plan_of(package: Scenario, base: Scenario, by: str | None = None, pairs: int = ORDER_PAIRS) -> Plan:
    """Which mixes are run.

    Args:
        package: all changes made.
        base: none of them made.
        by: "lever" or "table": what counts as one change; the first if not given, unless there are more than 8 of them
            or one cannot be made without another.
        pairs: orders drawn (each with its reverse) where there are more than 8 changes.

    Raises:
        ComparisonError: the scenarios do not differ, cover different months, or a mix is refused.
    """
    _same_months(package, base)
    if by not in (None, "lever", "table"):
        raise ComparisonError(f"'{by}' is nothing to attribute to: choose lever or table")
    changes = changes_of(package, base, by or "lever")
    if not changes:
        raise ComparisonError(f"{package.name} and {base.name} have the same values: there is nothing to attribute")
    if by is None and len(changes) > MOST_EXACT:
        changes = changes_of(package, base, "table")
    try:
        return _plan(package, base, changes, pairs)
    except ScenarioError:
        if by is not None:
            raise
    return _plan(package, base, changes_of(package, base, "table"), pairs)


def _plan(package: Scenario, base: Scenario, changes: tuple[Change, ...], pairs: int) -> Plan:
    """The mixes of these changes, each read and checked like a file."""
    orders = None
    if len(changes) > MOST_EXACT:
        orders = draw_orders(len(changes), pairs, Streams(base.run.seed).draw(STREAM, 0))
    masks = range(1 << len(changes)) if orders is None else coalitions(orders)
    mixes = {mask: _mix(base, changes, mask) for mask in masks}
    if mixes[(1 << len(changes)) - 1].hash != package.replace({"run.seed": base.run.seed}).hash:
        raise AssertionError(f"the changes of {package.name} together are not the package")
    return Plan(changes, mixes, orders)


def _mix(base: Scenario, changes: Sequence[Change], mask: int) -> Scenario:
    """The scenario in which the changes of a mix are made."""
    made = [change for at, change in enumerate(changes) if mask >> at & 1]
    values = {key: value for change in made for key, value in change.values.items()}
    title = f"{base.title} with {', '.join(change.name for change in made) or 'nothing'}"
    return base.replace(values, name=mix_name(mask, len(changes)), title=title[:200])


def mix_name(mask: int, changes: int) -> str:
    """Name of a mix: a digit for each change in order, 1 where it is made."""
    return "mix_" + "".join(str(mask >> at & 1) for at in range(changes))


def changes_of(package: Scenario, base: Scenario, by: str) -> tuple[Change, ...]:
    """The parts of a package.

    Args:
        package: all changes made.
        base: none of them made.
        by: "lever": every value is a change, shares that must sum to 1 one together; "table": every table is one.
    """
    found: list[Change] = []
    for group in package.parameters:
        keys = [key for key in _changed(group, base) if f"{group.table}.{key}" not in NOT_A_CHANGE]
        parts: Iterator[tuple[str, ...]] = iter([tuple(keys)] if keys else []) if by == "table" else _apart(group, keys)
        for part in parts:
            name = group.table if by == "table" else " + ".join(f"{group.table}.{key}" for key in part)
            found.append(Change(name, {f"{group.table}.{key}": package.tables[group.table][key] for key in part}))
    return tuple(_merged(found) if by == "table" else found)


def _changed(group: Parameters, base: Scenario) -> list[str]:
    """Names of the values of a group that differ from the base."""
    new, old = group.model_dump(), base.tables[group.table]
    return [key for key in new if new[key] != old[key]]


def _apart(group: Parameters, keys: list[str]) -> Iterator[tuple[str, ...]]:
    """The keys one by one; shares that must sum to 1 together."""
    done: set[str] = set()
    for key in keys:
        if key not in done:
            partners = shares_with(group, key) if isinstance(getattr(group, key), Lever) else ()
            part = tuple(other for other in keys if other == key or other in partners)
            done |= set(part)
            yield part


def _merged(changes: Sequence[Change]) -> Iterator[Change]:
    """Changes of groups that share a table are one."""
    for name in dict.fromkeys(change.name for change in changes):
        yield Change(name, {k: v for change in changes if change.name == name for k, v in change.values.items()})


def _same_months(package: Scenario, base: Scenario) -> None:
    """Refuse scenarios of unlike periods."""
    for word in ("start", "end"):
        one, two = (str(getattr(each, word)) for each in (package, base))
        if one != two:
            raise ComparisonError(
                f"{package.name} and {base.name} {word} in different months ({one} and {two}): give both the same"
                f" run.{word}"
            )


class Attribution:
    """The parts of a package in what it changes.

    Args:
        plan: its mixes.
        runs: all of them, run on the same seeds.
        package: name of the package, for headings.
        base: name of what it is compared with.
    """

    def __init__(self, plan: Plan, runs: Runs, package: str, base: str) -> None:
        self.plan, self.runs, self.package, self.base = plan, runs, package, base
        self.comparison = Comparison(runs, mix_name(0, len(plan.changes)))

    def __repr__(self) -> str:
        return (
            f"Attribution({self.package} against {self.base}, {len(self.names)} changes, {len(self.runs.seeds)} seeds)"
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the changes."""
        return tuple(change.name for change in self.plan.changes)

    @cached_property
    def _full(self) -> int:
        """Number of the mix with all changes."""
        return (1 << len(self.plan.changes)) - 1

    def parts(
        self, name: str, *, region: str | None = None, product: str | None = None, year: int | None = None
    ) -> xr.Dataset:
        """Part of each change in the difference of the package, by the cells that are left.

        Args:
            name: a variable of the ensemble.
            region: as for :meth:`sim.experiment.comparison.Comparison.amounts`.
            product: likewise.
            year: likewise.

        Returns:
            Dimension change and those left: mean, low, high (90 % interval); alone (part apart from the others, exact
            attribution only); whole, without the dimension change: mean difference of the package, sum of the parts.
        """
        values, template = self._values(name, region, product, year)
        parts = self._parts(values)
        dims = ("change", *template.dims[1:])
        labels = {"change": list(self.names)} | {str(dim): template[dim].values for dim in template.dims[1:]}
        found: dict[str, Any] = {"mean": (dims, parts.mean), "low": (dims, parts.low), "high": (dims, parts.high)}
        if parts.alone is not None:
            found["alone"] = (dims, parts.alone)
        found["whole"] = (dims[1:], (values[self._full] - values[0]).mean(axis=0))
        return xr.Dataset(found, labels, dict(template.attrs))

    def interactions(
        self, name: str, *, region: str | None = None, product: str | None = None, year: int | None = None
    ) -> xr.DataArray:
        """How each two changes act together, mean over seeds: above 0 where they help one another.

        Args:
            name: a variable of the ensemble.
            region: as for :meth:`parts`.
            product: likewise.
            year: likewise.

        Returns:
            Dimensions change, other and those left. A part is :attr:`alone` and half of each of its interactions.

        Raises:
            ComparisonError: orders were drawn, so that not all mixes were run.
        """
        values, template = self._values(name, region, product, year)
        found = self._parts(values).interactions
        if found is None:
            raise ComparisonError(
                f"interactions need all mixes, and {len(self.names)} changes have too many: use tables"
            )
        labels: dict[str, Any] = {"change": list(self.names), "other": list(self.names)}
        labels |= {str(dim): template[dim].values for dim in template.dims[1:]}
        return xr.DataArray(found, labels, ("change", "other", *template.dims[1:]), attrs=dict(template.attrs))

    def table(self, name: str, **chosen: Any) -> pd.DataFrame:
        """The parts as a table: a row each change and cell, and "all changes" with the whole difference.

        Args:
            name: a variable of the ensemble.
            **chosen: region, product, year as for :meth:`parts`.
        """
        found = self.parts(name, **chosen)
        rows = found.drop_vars("whole").to_dataframe().reset_index()
        package = self.comparison.difference(name, mix_name(self._full, len(self.names)), **chosen)
        whole = package[["mean", "low", "high"]].expand_dims(change=["all changes"]).to_dataframe().reset_index()
        return pd.concat([rows, whole], ignore_index=True)[[*rows.columns]]

    def _parts(self, values: Mapping[int, Floats]) -> Parts:
        """Parts of the changes in outcomes by mix."""
        if self.plan.orders is not None:
            return sampled_parts(values, self.plan.orders)
        return exact_parts(np.array([values[mask] for mask in range(len(values))]))

    def _values(
        self, name: str, region: str | None, product: str | None, year: int | None
    ) -> tuple[dict[int, Floats], xr.DataArray]:
        """(seeds, ...) outcomes by mix, and one of them with its labels."""
        amounts = {
            mask: self.comparison.amounts(plan.name, name, region=region, product=product, year=year)
            for mask, plan in self.plan.mixes.items()
        }
        return {mask: np.asarray(array.values, dtype=np.float64) for mask, array in amounts.items()}, amounts[0]


def attribute(plan: Plan, seeds: Sequence[int], run: RunMixes, package: str, base: str) -> Attribution:
    """Run the mixes of a package and find the parts of its changes.

    Args:
        plan: from :func:`plan_of`; it tells how many scenarios will be run.
        seeds: one run of every mix each.
        run: runs scenarios on seeds, such as :func:`sim.experiment.ensemble.ensemble`.
        package: name for headings.
        base: name for headings.

    Raises:
        ComparisonError: no seed ended in all mixes.
    """
    return Attribution(plan, run(list(plan.mixes.values()), seeds), package, base)
