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


MOST_PAIRS = 400
"""Links between two county-nodes above which firms share partners instead of each dealing with each; assumption,
numerical: the opening of the baseline has at most 144, so that it changes only economies of many more firms."""


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
    total = sum_by(firms.node, firms.output, state.node_count)
    own = firms.output / np.where(total > 0, total, 1.0)[firms.node]
    supplier, relation, part = _partners(state, chain, own)
    share = supply_shares(
        table, relations.coefficient[relation], firms.node[supplier], firms.node[relations.buyer[relation]]
    )
    weight = share * part
    some = weight > 0
    state.links.append(int(some.sum()), supplier=supplier[some], relation=relation[some], weight=weight[some])
    _calibrate(state)


def paired(own: Floats, need: Floats) -> tuple[Ints, Ints, Floats]:
    """Few links among many suppliers and buyers that give everybody what a link of each with each would give.

    Suppliers lie side by side along a line by their shares, buyers along the same line by their needs; who meets there
    is linked. At most m + n - 1 links in place of m n; what each sells and what each buys stay what they are (the
    north-west corner rule of the transport problem).

    Args:
        own: (m,) share of each supplier in the supply, > 0.
        need: (n,) need of each buyer, any unit, > 0.

    Returns:
        (l,) supplier and buyer of each link, and the part of the buyer's purchases here that runs over it.
    """
    ends, stops = np.cumsum(own) / own.sum(), np.cumsum(need) / need.sum()
    ends[-1] = stops[-1] = 1.0  # sums round
    edges = np.unique(np.concatenate([[0.0], ends, stops]))
    width, middle = np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
    real = width > 1e-15  # what is less is rounding of the sums
    width, middle = width[real], middle[real]
    supplier, buyer = np.searchsorted(ends, middle), np.searchsorted(stops, middle)
    return supplier, buyer, own.sum() * width * (need.sum() / need)[buyer]


def _partners(state: State, chain: Ints, own: Floats) -> tuple[Ints, Ints, Floats]:
    """Who may sell to whom at the opening: (l,) supplier, relation, the supplier's part of what its node sells there.

    Everybody sells to everybody of a pair of county-nodes by his share, unless these are more than
    :data:`MOST_PAIRS` links; then see :func:`paired`. Links would otherwise grow with the square of the firms.

    Args:
        state: with relations.
        chain: (n,) rows that may sell.
        own: (F,) share of each row in the output of its county-node.
    """
    firms, relations, size = state.firms, state.relations, state.node_count
    at_home = np.bincount(firms.node[chain], minlength=size)
    asking = firms.node[relations.buyer] * state.world.product_count + relations.product
    buyers = np.bincount(asking, minlength=size * state.world.product_count).reshape(size, -1)
    product = np.arange(size) % state.world.product_count  # of the supplying county-node
    if (at_home[:, None] * buyers.T[product]).max(initial=0) <= MOST_PAIRS:
        left, relation = np.nonzero(firms.product[chain][:, None] == relations.product[None, :])
        return chain[left], relation, own[chain[left]]
    found: list[tuple[Ints, Ints, Floats]] = []
    need = relations.coefficient * firms.output[relations.buyer]
    for seller in np.flatnonzero(at_home):
        rows = chain[firms.node[chain] == seller]
        for buyer in np.flatnonzero(buyers[:, product[seller]]):
            wants = np.flatnonzero(asking == buyer * state.world.product_count + product[seller])
            if len(rows) * len(wants) <= MOST_PAIRS:
                at, of = (index.ravel() for index in np.indices((len(rows), len(wants))))
                part = own[rows[at]]
            else:
                at, of, part = paired(own[rows], need[wants])
            found.append((rows[at], wants[of], part))
    supplier, relation, part = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((relation, supplier))
    return supplier[order], relation[order], part[order]


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
