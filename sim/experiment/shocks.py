"""A sudden shock to one month under every rule of rationing, with the best case as a bound (section 9.12).

How much a shock costs depends on who is served first. A result that holds under one rule only is a result about the
rule; so the loss is told as a range.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sim.accounts import the_table
from sim.inputoutput.rationing import Outcome, Position, compare_rules
from sim.mechanisms.prices import input_coefficients
from sim.mechanisms.shortage import Shortage
from sim.state import State
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def shock_position(state: State, products: tuple[str, ...]) -> Position:
    """The economy of the month by county and product, with the needs of products that may fall short.

    Rows are county-nodes: firms of one product and county count as one plant, which can help out for each other; the
    month of the model itself rations firm by firm.

    Args:
        state: after at least one month.
        products: codes of the products that may fall short, outside or at home.
    """
    table, world, firms = the_table(state), state.world, state.firms
    output = table.output
    home = np.divide(table.flows, output[None, :], out=np.zeros_like(table.flows), where=output[None, :] > 0)
    capacity = sum_by(firms.node, np.where(firms.block, np.inf, firms.capacity) * firms.alive, state.node_count)
    codes = np.array([world.product(code) for code in products], dtype=np.int64)
    needs = input_coefficients(state)[codes]
    needs = np.where(needs >= state.scenario[Shortage].critical_input, needs, 0.0)
    position = np.full(world.product_count, -1, dtype=np.int64)
    position[codes] = np.arange(len(codes))
    value_added = np.divide(table.value_added, output, out=np.zeros_like(output), where=output > 0)
    return Position(
        home=home,
        cap=np.maximum(capacity, output),
        final=np.maximum(table.final.sum(axis=1), 0.0),
        maker=np.tile(position, world.county_count),
        need=np.maximum(needs, np.where(needs > 0, _at_home(home, codes, world.product_count), 0.0)),
        weight=value_added,
    )


def _at_home(home: Floats, codes: Ints, products: int) -> Floats:
    """(Q, N) home deliveries of products per unit of output of each county-node."""
    return np.stack([home[code::products].sum(axis=0) for code in codes]) if len(codes) else np.zeros((0, len(home)))


def range_of_rules(
    state: State, *, outside: Mapping[str, float] | None = None, capacity: Mapping[str, float] | None = None
) -> Mapping[str, Outcome]:
    """Value added lost to a sudden shock under each rule, and at best.

    Args:
        state: after at least one month.
        outside: share of the usual outside supply that still comes, by code of the product.
        capacity: share of their usual output that home plants can still make, by code of the product. What they no
            longer deliver to home buyers is missing: the outside keeps to what it usually sells.

    Returns:
        Outcomes by name: ``local_first``, ``proportional``, ``pooled`` and ``best``, see
        :func:`sim.inputoutput.rationing.compare_rules`; M yuan a month at 2018 prices.
    """
    outside, capacity = outside or {}, capacity or {}
    products = tuple(dict.fromkeys((*outside, *capacity)))
    position = shock_position(state, products)
    left = np.ones(state.world.product_count)
    for code, share in capacity.items():
        left[state.world.product(code)] = share
    made = np.tile(left, state.world.county_count)
    usual = the_table(state).output
    cap = np.where(made < 1.0, made * np.minimum(position.cap, usual), position.cap)
    supply = np.array([outside.get(code, 1.0) for code in products])
    return compare_rules(position, cap=cap, supply=supply)
