"""Null versions that are tables (N8, N2): output by Leontief from a path of final demand, with fixed coefficients.

    x_t = (I - A)^-1 f_t ;  value added = (1 - sum_i a_i) x ;  nominal value added = (p - sum_i a_i p_i) x

N8, table alone: A of the opening table. f_t is exogenous: what the outside buys of each plant of the opening grows with
the market of the plant (world draws and known years as in the model), what households, governments and investors buy
grows with national income, as the demand of the model that nobody at home pays for does. No firm enters or leaves, no
industry comes that was not there, no share moves.

N2, fixed-coefficient table: up to the last known month the model itself; from then on A of the table of that month and
f_t of the model, month by month. It knows the final demand that the model makes, and not how its suppliers move.

Both run the full model with the same seed beside them: markets, prices paid, and for N2 final demand, are those of its
months. The part of output above scale stays that of the base month in each county and product. Hypothetical events of a
scenario reach N8 by markets and prices only. Identities I1 (rows) and I2 (columns) are checked in every month.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.accounts import SMALL_CELL, TOLERANCE, not_negative, the_table, worst
from sim.experiment.nulls.base import Progress
from sim.inputoutput.tables import Table
from sim.mechanisms.demand import OPENING
from sim.mechanisms.prices import input_coefficients
from sim.mechanisms.production import national_income, prices_paid
from sim.model import NingdeModel
from sim.opening.technology import base_demand
from sim.results import Run, dataset
from sim.scenario import Scenario
from sim.state import MARKETS, State
from sim.statistics import ENERGY
from sim.statistics.record import above_scale
from sim.sums import sum_by

Floats = NDArray[np.float64]

BASES: tuple[str, ...] = ("output", "value_added", "output_above_scale", "value_added_above_scale")
"""Variables by county and product that a table gives, each at constant and at current prices."""

GIVEN: tuple[str, ...] = (
    *BASES,
    *(f"{name}_nominal" for name in BASES),
    "value_added_above_scale_double",
    "intermediate_industry",
    "intermediate_industry_nominal",
)
"""What is made from the table."""

OUTSIDE_WORLD: tuple[str, ...] = ("price", "price_level", "world_volume", "commodity_price")
"""What is taken from the run beside it. Other variables of a run are absent, since a table has no firms or people."""


@dataclass(frozen=True)
class FixedTable:
    """A table with fixed coefficients.

    Attributes:
        home: (N, N) A, home inputs per unit of output.
        inputs: (K, N) all inputs per unit of output, from home and outside.
        above: (N,) share of output made by firms above scale, 0-1; 0 outside industry.
    """

    home: Floats
    inputs: Floats
    above: Floats

    @cached_property
    def inverse(self) -> Floats:
        """(N, N) (I - A)^-1."""
        return np.asarray(np.linalg.inv(np.eye(len(self.home)) - self.home), dtype=np.float64)

    def output(self, final: Floats) -> Floats:
        """(N,) x = (I - A)^-1 f, M yuan a month.

        Args:
            final: (N,) f, final demand of home users and the outside, M yuan a month at 2018 prices.
        """
        return np.asarray(self.inverse @ final)

    @classmethod
    def of_opening(cls, model: NingdeModel) -> FixedTable:
        """The opening table of the counties.

        Args:
            model: at its opening.
        """
        size, table = model.state.node_count, model.basis.built.table
        return cls._made(model.state, table.intermediate[:size, :size], table.output[:size])

    @classmethod
    def of_month(cls, state: State) -> FixedTable:
        """The table of the month that was simulated last."""
        table = the_table(state)
        return cls._made(state, table.flows, table.output)

    @classmethod
    def _made(cls, state: State, flows: Floats, output: Floats) -> FixedTable:
        """Coefficients; an industry that is absent has no home inputs, and would be above scale if it came."""
        world, made = state.world, np.where(output > 0, output, 1.0)
        large = sum_by(state.firms.node, np.where(above_scale(state), state.firms.output, 0.0), len(output))
        total = sum_by(state.firms.node, state.firms.output, len(output))
        industry = world.agent | (np.arange(world.product_count) == world.product(ENERGY))
        usual = np.tile(industry, world.county_count).astype(float)
        above = np.divide(large, total, out=usual, where=total > 0)
        home = np.where(output > 0, flows / made, 0.0)
        return cls(home, input_coefficients(state).copy(), above)


@dataclass(frozen=True)
class ExogenousDemand:
    """Final demand that nothing at home moves.

    Attributes:
        home: (N, 3) orders of home households, governments and investors at the opening, M yuan a month.
        outside: (N, M) orders from outside by the market that they follow.
        opening: (M,) volumes of the markets at the opening.
    """

    home: Floats
    outside: Floats
    opening: Floats

    @classmethod
    def of_opening(cls, model: NingdeModel) -> ExogenousDemand:
        """Final demand of the opening table; the plants of a county and product share its sales by their output.

        Args:
            model: at its opening.
        """
        state, firms, size = model.state, model.state.firms, model.state.node_count
        final = base_demand(model.basis.built.table, state.world.county_count, state.world.product_count)
        total = sum_by(firms.node, firms.output, size)
        own = np.divide(firms.output, total[firms.node], out=np.zeros(len(firms)), where=total[firms.node] > 0)
        market = np.where(firms.block, MARKETS.index("national_gdp"), firms.market)
        cell = firms.node * len(MARKETS) + market
        outside = sum_by(cell, own * final[firms.node, 3], size * len(MARKETS)).reshape(size, -1)
        return cls(final[:, :3], outside, state.markets.volume_opening.copy())

    def of(self, state: State) -> Floats:
        """(N,) final demand of the month, M yuan at 2018 prices."""
        return np.asarray(
            self.home.sum(axis=1) * national_income(state) + self.outside @ (state.markets.volume / self.opening)
        )


def cells_of(table: FixedTable, output: Floats, state: State) -> dict[str, Floats]:
    """The variables of one month, M yuan, (C, K) each and numbers for sales inside industry.

    Args:
        table: coefficients.
        output: (N,) x, M yuan at 2018 prices.
        state: prices of the month.
    """
    world, price = state.world, state.markets.price
    shape = (world.county_count, world.product_count)
    each = np.tile(price, world.county_count)
    paid = np.tile(prices_paid(state), (1, world.county_count))
    margin = each - (table.inputs * paid).sum(axis=0)
    added, large = (1.0 - table.inputs.sum(axis=0)) * output, table.above * output
    sold = table.above * (table.home @ large)
    found = {
        "output": output,
        "output_nominal": output * each,
        "value_added": added,
        "value_added_nominal": margin * output,
        "output_above_scale": large,
        "output_above_scale_nominal": large * each,
        "value_added_above_scale": large * margin / each,
        "value_added_above_scale_nominal": large * margin,
        "value_added_above_scale_double": table.above * added,
    }
    sums = {"intermediate_industry": sold.sum(), "intermediate_industry_nominal": (sold * each).sum()}
    return {name: values.reshape(shape) for name, values in found.items()} | {k: np.array(v) for k, v in sums.items()}


def residuals(table: FixedTable, output: Floats, final: Floats, state: State) -> dict[str, float]:
    """Largest relative residual of I1 and I2 in a month.

    Raises:
        BrokenIdentityError: above the tolerance; names identity, month, county and product.
    """
    used, added = table.home @ output + final, (1.0 - table.inputs.sum(axis=0)) * output
    products = state.world.product_count
    from_home = (table.home * output[None, :]).reshape(-1, products, len(output)).sum(axis=0)
    outside = table.inputs * output[None, :] - from_home
    made = from_home.sum(axis=0) + outside.sum(axis=0) + added
    not_negative("I2 outside inputs >= 0 of the fixed table", state, outside.min(axis=0), SMALL_CELL, 1e-6, "node")
    rows, columns = "I1 rows X = Z 1 + F of the fixed table", "I2 columns X = 1'Z + IMP + V of the fixed table"
    return {
        "I1": worst(rows, state, output, used, SMALL_CELL, TOLERANCE, "node"),
        "I2": worst(columns, state, output, made, SMALL_CELL, TOLERANCE, "node"),
    }


Month = tuple[dict[str, Floats], dict[str, float]]
"""Variables of a month by name, and the residuals of its identities."""


class TableRun:
    """A null version that is a table, beside the full model whose outside world it shares.

    Args:
        model: the full model, at its opening.
        null: name of the null version.
        month: gives the variables of the month that the model has just simulated, and its residuals.
    """

    def __init__(self, model: NingdeModel, null: str, month: Callable[[NingdeModel], Month]) -> None:
        self.model, self.null, self._month = model, null, month

    def months(self, progress: Progress | None = None) -> Iterator[tuple[int, Month]]:
        """Simulate month by month; gives each with its row in the record, below 0 before the first recorded month."""
        model = self.model
        while model.state.month < model.months:
            model.step()
            yield model.state.month - model.recorder.first, self._month(model)
            if progress is not None:
                progress(model.state.month, model.months)

    def run(self, progress: Progress | None = None) -> Run:
        """Run to the end of the scenario; the dataset has :data:`GIVEN` and :data:`OUTSIDE_WORLD`."""
        arrays = {name: np.zeros_like(self.model.recorder.arrays[name]) for name in GIVEN}
        largest: dict[str, float] = {}
        for at, (values, residual) in self.months(progress):
            largest |= {name: max(value, largest.get(name, 0.0)) for name, value in residual.items()}
            if at >= 0:
                for name in GIVEN:
                    arrays[name][at] = values[name]
        return Run(self._dataset(arrays, largest))

    def _dataset(self, arrays: dict[str, Floats], largest: dict[str, float]) -> xr.Dataset:
        """The dataset of a run with what a table gives in the place of what the model gave."""
        model, record = self.model, self.model.recorder
        residual = record.residual | largest
        whole = dataset(
            model.plan, record.arrays | arrays, residual, seed=model.seed_of_run, opening=model.basis.origin
        )
        kept = whole[[*GIVEN, *OUTSIDE_WORLD, "residual"]].sel(identity=list(largest))
        return kept.assign_attrs(whole.attrs | {"null": self.null})


def table_alone(scenario: Scenario, seed: int | None, table: Table | None) -> TableRun:
    """N8: the opening table and the path of exogenous final demand."""
    model = NingdeModel(scenario, seed, table=table)
    fixed, demand = FixedTable.of_opening(model), ExogenousDemand.of_opening(model)

    def month(model: NingdeModel) -> Month:
        final = demand.of(model.state)
        output = fixed.output(final)
        return cells_of(fixed, output, model.state), residuals(fixed, output, final, model.state)

    return TableRun(model, "table_alone", month)


def fixed_coefficient_table(scenario: Scenario, seed: int | None, table: Table | None) -> TableRun:
    """N2: the table of the last known month and the final demand of the model."""
    model = NingdeModel(scenario, seed, table=table)
    origin = max(scenario.run.known_until - OPENING, 1)
    base: list[FixedTable] = []

    def month(model: NingdeModel) -> Month:
        state, record = model.state, model.recorder
        if state.month <= origin:
            if state.month == origin:
                base.append(FixedTable.of_month(state))
            at = state.month - record.first
            return {name: record.arrays[name][at] for name in GIVEN}, {"I1": 0.0, "I2": 0.0}
        final = the_table(state).final.sum(axis=1)
        output = base[0].output(final)
        return cells_of(base[0], output, state), residuals(base[0], output, final, state)

    return TableRun(model, "fixed_coefficient_table", month)
