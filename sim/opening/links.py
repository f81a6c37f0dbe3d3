"""Opening links between chain firms: the firms and the opening table are one (model description, section 8.5).

w_ij = (table flow from the county-node of j to that of i / need of i's county-node) x (output of j / output of its
county-node), so that links and pool add up to the table. The constants v and O are set so that the target share of
every link is its opening share (section 9.5).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.inputoutput.tables import Table
from sim.mechanisms.sourcing import Sourcing, market_volume, relative_cost, utility
from sim.state import State
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def supply_shares(table: Table, coefficient: Floats, suppliers: Ints, buyers: Ints) -> Floats:
    """Share of a buyer county-node's need for a product that comes from a supplier county-node.

    Args:
        table: opening table.
        coefficient: input per unit of output of each buyer.
        suppliers: county-node of each pair's supplier.
        buyers: county-node of each pair's buyer.
    """
    flow = table.intermediate[suppliers, buyers]
    need = coefficient * table.output[buyers]
    return np.divide(flow, need, out=np.zeros_like(flow), where=need > 0)


def connect_opening(state: State, table: Table) -> None:
    """Fill relations and links of the opening.

    Args:
        state: opening state with firms, prices and unit costs.
        table: opening table, home regions first.
    """
    firms, linked = state.firms, state.technology.linked
    chain = np.flatnonzero(state.world.chain_product[firms.product] & ~firms.block)
    product, buyer = np.nonzero(linked[:, firms.product[chain]])
    buyer = chain[buyer]
    coefficient = state.technology.inputs[product, firms.node[buyer]]
    keep = coefficient > 0
    state.relations.append(int(keep.sum()), buyer=buyer[keep], product=product[keep], coefficient=coefficient[keep])
    relations = state.relations
    match = firms.product[chain][:, None] == relations.product[None, :]
    left, relation = np.nonzero(match)
    supplier = chain[left]
    total = sum_by(firms.node, firms.output, state.node_count)
    own = firms.output[supplier] / np.where(total > 0, total, 1.0)[firms.node[supplier]]
    share = supply_shares(
        table, relations.coefficient[relation], firms.node[supplier], firms.node[relations.buyer[relation]]
    )
    weight = share * own
    some = weight > 0
    state.links.append(int(some.sum()), supplier=supplier[some], relation=relation[some], weight=weight[some])
    _calibrate(state)


def _calibrate(state: State) -> None:
    """Set v and O such that s* = w for every opening link.

    v_ij = w_ij exp(-U_ij) sum cap / (cap_j sum w exp(-U)),  O_ik = (1 - sum w) sum cap / sum w exp(-U).
    """
    links, relations, firms = state.links, state.relations, state.firms
    sourcing = state.scenario[Sourcing]
    buyer = relations.buyer[links.relation]
    cost = relative_cost(state, links.supplier, buyer, sourcing)
    key = state.world.key[relations.product[links.relation]]
    value = utility(cost, firms.quality[links.supplier], key, np.ones(len(links), dtype=bool), sourcing)
    size, cap = len(relations), firms.capacity[links.supplier]

    def by_relation(values: Floats) -> Floats:
        return sum_by(links.relation, values, size)

    inverse = links.weight * np.exp(-value)
    capacity, spread, bought = by_relation(cap), by_relation(inverse), by_relation(links.weight)
    links.taste = inverse * capacity[links.relation] / (cap * spread[links.relation])
    found = spread > 0
    relations.option = np.divide(np.maximum(1.0 - bought, 0.0) * capacity, spread, out=np.zeros(size), where=found)
    relations.option_set = found
    relations.option_reference = market_volume(state, relations.product)
