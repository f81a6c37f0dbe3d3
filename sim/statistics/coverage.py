"""How much of what the two cell makers use comes from nearby, in three senses (sections 3.4 and 9.5).

=============  ======================================================================================================
sense          measured on
=============  ======================================================================================================
potential      what qualified home capacity could deliver of each chain input at present need (``sourcing``)
realised       what home suppliers deliver: of chain goods, or of all industrial goods with raw metals and energy
value added    what is earned at home, directly and through home suppliers, in one unit of the leaders' cells
=============  ======================================================================================================

Purchases count a cathode whole though its metals came from outside; value added does not. So the third share lies below
the second where suppliers nearby refine what they buy elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.accounts import the_table
from sim.mechanisms.prices import input_coefficients
from sim.state import State
from sim.statistics.bureau import ENERGY
from sim.statistics.table import leader_purchases

Floats = NDArray[np.float64]

CELLS = "B_CELL"
"""Product of the two leading firms of the article."""


def local_share_realised(state: State) -> float:
    """C_real: home purchases of the cell makers over all their purchases of chain goods; NaN without a cell maker.

    Raw metals, ores and energy are left out (they stand in other industry and energy); see section 9.5.
    """
    table, firms, relations = the_table(state), state.firms, state.relations
    links = table.links
    cell = state.world.product("B_CELL")
    buyer = relations.buyer
    makers = firms.alive[buyer] & (firms.leader[buyer] >= 0) & (firms.product[buyer] == cell)
    coefficient = np.where(makers, relations.coefficient, 0.0)
    total = (coefficient * firms.output[buyer]).sum()
    if total <= 0:
        return float("nan")
    served = table.served[links.supplier]
    ordered = coefficient * table.basis_of(firms.output, relations.product, buyer)
    return float((links.weight * served * ordered[links.relation]).sum() / total)


def cell_makers(state: State) -> tuple[int, ...]:
    """The leaders that make cells."""
    return tuple(np.flatnonzero(state.leaders.product == state.world.product(CELLS)).tolist())


def cell_purchases(state: State) -> tuple[Floats, float]:
    """What the cell makers buy of each product by county of the supplier, outside last, and what they make.

    Returns:
        (K, C + 1) and a number, M yuan a month at 2018 prices.
    """
    firms, makers = state.firms, cell_makers(state)
    bought = sum((leader_purchases(state, leader) for leader in makers), np.zeros((1, 1)))
    made = firms.alive & np.isin(firms.leader, makers) & (firms.product == state.world.product(CELLS))
    return np.asarray(bought), float(firms.output[made].sum())


def local_share_of_goods(state: State, bought: Floats) -> float:
    """Realised share over all goods of industry: chain goods, raw metals, ores, other goods and energy; NaN without.

    Args:
        state: for the products.
        bought: (K, C + 1) purchases by product and county, outside last.
    """
    world = state.world
    goods = world.agent.copy()
    goods[world.product(ENERGY)] = True
    total = float(bought[goods].sum())
    return float(bought[goods, :-1].sum()) / total if total > 0 else float("nan")


def local_content(state: State, bought: Floats, output: float) -> float:
    """Home value added in one unit of the leaders' cells: v_L + v (I - A)^-1 a_L; NaN while they make nothing.

    A and v are home flows and value added per unit of output in the month's table; v_L and a_L those of the leaders'
    own plants, which buy more nearby or less than other cell firms of their county.

    Args:
        state: the month's table.
        bought: (K, C + 1) purchases of the leaders, M yuan a month.
        output: output of the leaders, M yuan a month.
    """
    if output <= 0:
        return float("nan")
    table, world = the_table(state), state.world
    safe = np.where(table.output > 0, table.output, 1.0)
    earned = np.linalg.solve(np.eye(len(safe)) - (table.flows / safe).T, table.value_added / safe)
    home = bought[:, :-1].T.ravel() / output
    own = 1.0 - float(input_coefficients(state)[:, world.product(CELLS)].sum())
    return own + float(earned @ home)
