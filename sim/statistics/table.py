"""The input-output table of a month with labels, and what a leader buys (model description, sections 3.4 and 9.12)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.accounts import the_table
from sim.data import prefecture
from sim.inputoutput.tables import Table
from sim.mechanisms.prices import home_pool, input_coefficients, needed_inputs
from sim.state import State
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CITY, OUTSIDE = prefecture.name(), "outside"
"""Regions of the final users of the month's table: residents of the ten counties together, and everybody else."""

PUBLISHED_INCOMES = ("compensation", "taxes", "depreciation and surplus")
"""Rows of value added of the month's table."""


def regional_table(state: State) -> Table:
    """The input-output table of a month: ten counties, M yuan a month at 2018 prices, the exact sum of the firms.

    Import rows hold what industries buy outside the ten counties, from the rest of China and from abroad; what final
    users buy outside is not followed by the model. Compensation is staff times wage; it may exceed value added in a bad
    month, and then depreciation and surplus are negative.
    """
    world, month = state.world, the_table(state)
    output = month.output
    compensation = wages_paid(state)
    assert state.firm_accounts is not None
    taxes = sum_by(state.firms.node, state.firm_accounts.taxes, state.node_count)
    return Table(
        tuple((county, product) for county in world.county_names for product in world.products),
        ((CITY, "household"), (CITY, "government"), (CITY, "investment"), (OUTSIDE, "exports")),
        world.products,
        PUBLISHED_INCOMES,
        month.flows,
        month.outside_inputs,
        month.final,
        np.zeros((world.product_count, 4)),
        np.vstack([compensation, taxes, month.value_added - compensation - taxes]),
        output,
        "M yuan a month, prices of 2018",
    )


def jobs_by_node(state: State) -> Floats:
    """(N,) persons at work in each county and product."""
    return sum_by(state.firms.node, state.firms.staff, state.node_count)


def wages_paid(state: State) -> Floats:
    """(N,) compensation in each county and product, M yuan a month at 2018 prices."""
    return sum_by(state.firms.node, state.firms.wages, state.node_count)


def link_sales(state: State, chosen: Ints) -> Floats:
    """(n,) what is sold over some links, M yuan a month; before the first month every order counts as delivered."""
    relations, table = state.relations, state.table
    links = state.links if table is None else table.links
    relation = links.relation[chosen]
    buyer, ordered = relations.buyer[relation], links.weight[chosen] * needed_inputs(state)[relation]
    if table is None:
        return np.asarray(ordered * state.firms.output[buyer])
    basis = table.basis_of(state.firms.output, relations.product[relation], buyer)
    return np.asarray(ordered * basis * table.served[links.supplier[chosen]])


def leader_purchases(state: State, leader: int) -> Floats:
    """(K, C + 1) what the plants of a leader buy of each product, by county of the supplier, outside last.

    M yuan a month at 2018 prices. Before the first month every order counts as delivered.
    """
    firms, relations, world, table = state.firms, state.relations, state.world, state.table
    products, counties = world.product_count, world.county_count
    links = state.links if table is None else table.links
    served = np.ones(len(firms)) if table is None else table.served
    shares = np.zeros(0) if table is None else table.shares
    mine = np.flatnonzero(firms.alive & (firms.leader == leader))
    bought = np.zeros((products, counties + 1))
    own = np.flatnonzero(np.isin(relations.buyer[links.relation], mine))
    supplier, amount = links.supplier[own], link_sales(state, own)
    cell = firms.product[supplier] * (counties + 1) + firms.county[supplier]
    bought += sum_by(cell, amount, bought.size).reshape(bought.shape)
    supplied = np.ones(state.node_count) if table is None else sum_by(firms.node, served * shares, state.node_count)
    nodes, output = firms.node[mine], firms.output[mine]
    pool = home_pool(state)
    pooled = (supplied[:, None] * pool[:, nodes] * output).sum(axis=1).reshape(counties, products)
    if table is not None:
        for short, basis in zip(table.scarce, table.basis, strict=True):
            rows = slice(short, None, products)
            pooled[:, short] = supplied[rows] * (pool[rows][:, nodes] @ basis[mine])
    bought[:, :counties] += pooled.T
    bought[:, counties] = (input_coefficients(state)[:, nodes] * output).sum(axis=1) - bought.sum(axis=1)
    return bought
