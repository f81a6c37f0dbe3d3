"""Production: capacity, the joint solve of firms and table, and the month's table (section 9.12).

    cap_i = (K_i / kappa_i) A_i ramp(age) / 12 ,   ramp = 1 - exp(-age / tau_ramp)
    z = min(cap_eff, M z + f)                                                                            (C1)
    (M z)_j = sum_i M_ji z_i + sigma_j sum_c P_c(j),c X_c ,   X = G z
    phi = min(1, z / (M z)) ;  Zf = diag(phi) M diag(z) ;  Ff = z - rowsum(Zf)
    IMP = a z - colsum(Zf) ;  VA = (1 - sum a) z

Explicit links run between chain firms; everything else runs over a pool of county-node coefficients P. M is
non-negative with column sums below 1, so the map contracts and its fixed point is unique. Home intermediate buyers
are served first. The table of the month is the exact sum of the firms; there is no second forecast beside it.

Owns no parameters (reads io, projects and run). Writes: capacity, outside_demand, unit_cost,
relative_cost.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sim.draws import Streams
from sim.inputoutput.rationing import HeldOrders, Rule, served
from sim.mechanisms import Phase
from sim.mechanisms.demand import Demand, export_shares
from sim.mechanisms.prices import (
    Prices,
    chain_inputs,
    exposure_matrix,
    home_pool,
    input_coefficients,
    needed_inputs,
    paid_by_industry,
)
from sim.mechanisms.shocks import effect, share_abroad
from sim.mechanisms.sourcing import Sourcing, bonus_relief
from sim.settings import Projects
from sim.state import MARKETS, YEAR, FinalOrders, Firms, MonthTable, State, read_monthly, read_once
from sim.sums import extended, sum_by

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

NONE: Ints = np.zeros(0, dtype=np.int64)
"""No product."""

FIRST: NDArray[np.int32] = np.zeros(1, dtype=np.int32)
"""Where the first row of a sparse matrix begins, in the type of index that scipy takes as it is."""


def ramp(age: Floats, scale: float) -> Floats:
    """Share of nameplate capacity that a plant of an age (months) can use: 1 - exp(-age / tau_ramp)."""
    return np.asarray(1.0 - np.exp(-np.maximum(age, 0.0) / scale))


def capacity(capital: Floats, intensity: Floats, productivity: Floats, ramped: Floats) -> Floats:
    """Capacity in M yuan a month from capital (M yuan), capital per annual output, productivity and ramp (0-1)."""
    return np.asarray(capital / intensity * productivity * ramped / YEAR)


@dataclass(frozen=True)
class Network:
    """The two parts of M for one month.

    Attributes:
        links: (F, F) sparse matrix of explicit links, a_kq w_ij, supplier x buyer.
        pool: (N, N) home flow per unit of buyer output.
        node: (F,) county-node of each row.
        share: (F,) sigma, share of the row in the supply of its county-node.
        size: number of county-nodes N.
    """

    links: sparse.csr_matrix
    pool: Floats
    node: NDArray[np.int64]
    share: Floats
    size: int

    def nodes(self, rows: Floats) -> Floats:
        """County-node sums of row values (the matrix G of the model description)."""
        return sum_by(self.node, rows, self.size)

    def demand(self, output: Floats) -> Floats:
        """(F,) intermediate demand M z addressed to each row, M yuan a month."""
        orders = (self.pool @ self.nodes(output))[self.node]
        orders *= self.share  # in place: this runs every round of the joint solve
        orders += self.links @ output
        return np.asarray(orders)

    def intake(self, supplied: Floats) -> Floats:
        """(F,) what each row gets per unit of output where row j delivers the share ``supplied[j]`` of its orders."""
        return np.asarray(self.links.T @ supplied + (self.nodes(supplied * self.share) @ self.pool)[self.node])


def supply_shares(firms: Firms, cap: Floats, size: int) -> Floats:
    """(F,) sigma: share of each operating row in the capacity of its county-node; blocks stand alone."""
    weight = np.where(firms.block, 1.0, cap) * firms.alive
    total = sum_by(firms.node, weight, size)[firms.node]
    return np.asarray(np.divide(weight, total, out=np.zeros(len(weight)), where=total > 0))


def network_of(state: State, cap: Floats) -> Network:
    """M of the month from the firms, the links and the pool."""
    firms, links, relations = state.firms, state.links, state.relations
    live = links.weight > 0
    relation = links.relation[live]
    entries = needed_inputs(state)[relation] * links.weight[live]
    rows, supplier, buyer = len(firms), links.supplier[live], relations.buyer[relation]
    order = np.argsort(supplier * rows + buyer)  # row by row: cheaper than scipy's way through a list of pairs
    ends = np.cumsum(np.bincount(supplier, minlength=rows), dtype=np.int32)
    matrix = sparse.csr_matrix(
        (entries[order], buyer[order].astype(np.int32), np.concatenate([FIRST, ends])), shape=(rows, rows)
    )
    share = supply_shares(firms, cap, state.node_count)
    return Network(matrix, home_pool(state), firms.node, share, state.node_count)


def unit_costs(state: State) -> tuple[Floats, Floats]:
    """(F,) nominal cost of one unit, and (F,) m, the same over a frontier plant's; blocks: price level and 1.

    Unit cost is materials at paid prices plus conversion cost over productivity. Productivity acts on the conversion
    cost only: the solve and value added use undivided materials, so the cost must too (choice of this project on a soft
    spot of the model description). Wages deviate by the county's wage gap. A frontier plant has A = 1 and mean wages.
    Talent lowers conversion cost and wages of skill-intensive products (9.11), a bonus what home purchases cost (9.5).

    Args:
        state: firms, prices, wages.
    """
    firms, agent = state.firms, state.world.agent
    materials, conversion = cost_parts(state)
    saving = skill_saving(state)
    cost = materials[firms.product] + saving * conversion[firms.product] / firms.productivity + wage_cost(state)
    if state.lever("sourcing.local_bonus") != 0.0:
        cost = cost - bonus_relief(state)
    relative = cost / np.where(agent, materials + conversion, 1.0)[firms.product]
    made = agent[firms.product]
    return np.where(made, cost, state.markets.price_level), np.where(made, relative, 1.0)


@read_once
def wage_cost(state: State) -> Floats:
    """(F,) nominal cost of one unit that is due to the county's wage against the nation's."""
    firms = state.firms
    gap = wage_gap(state)[firms.county] * wage_share(state)[firms.product] * state.markets.price_level
    return np.asarray(skill_saving(state) * gap / firms.productivity)


@read_once
def skill_saving(state: State) -> Floats:
    """(F,) g_h: conversion cost of a row over what it would be without the talent plan; 1 outside skilled products."""
    if state.talent is None:  # the opening before people are at work
        return np.ones(len(state.firms))
    skilled = state.world.skill[state.firms.product]
    return np.where(skilled, state.talent.conversion[state.firms.county], 1.0)


@read_monthly
def prices_paid(state: State) -> Floats:
    """(K, K) price that industry j pays for input i in this month."""
    return paid_by_industry(state, chain_inputs(state), exposure_matrix_of(state), state.markets.commodity)


@read_monthly
def cost_parts(state: State) -> tuple[Floats, Floats]:
    """(K,) nominal material cost and conversion cost of one unit at a frontier plant."""
    materials = np.einsum("ij,ij->j", chain_inputs(state), prices_paid(state))
    return materials, state.markets.conversion * state.markets.price_level


@read_monthly
def value_added_shares(state: State) -> Floats:
    """(N,) value added per unit of output in each county-node, at the prices of 2018."""
    return np.asarray(1.0 - input_coefficients(state).sum(axis=0))


@read_monthly
def material_costs(state: State) -> Floats:
    """(N,) nominal material cost of one unit in each county-node: its own inputs at the prices that its industry pays.

    The estimated table has one technology for all counties; a table of the user may differ from county to county.
    """
    products = state.world.product_count
    inputs = input_coefficients(state).reshape(products, -1, products)
    return np.asarray((inputs * prices_paid(state)[:, None, :]).sum(axis=0).reshape(-1))


def exposure_matrix_of(state: State) -> Floats:
    """(K, Q) commodity exposure of the run's scenario."""
    return exposure_matrix(state.scenario[Prices], state.world)


def wage_gap(state: State) -> Floats:
    """(C,) county wage relative to the opening mean that has grown with the nation, less 1."""
    return np.asarray(state.counties.wage / (state.wage_reference * state.people.national_wage) - 1.0)


def wage_share(state: State) -> Floats:
    """(K,) wages per unit of output of a frontier plant at the national wage, 2018 prices."""
    people = state.people
    wage = state.wage_reference * people.national_wage
    return np.asarray(frontier_jobs(state) / people.deepening * wage / 1e6)


def frontier_jobs(state: State) -> Floats:
    """(K,) persons per M yuan of annual output at a frontier plant of the month, before deepening (section 9.15)."""
    return np.asarray(state.technology.jobs / state.markets.frontier)


@read_once
def plant_capacity(state: State) -> Floats:
    """(F,) what plants can make with enough people, M yuan a month; 0 for blocks, which have no capacity."""
    firms = state.firms
    age = (state.month - firms.birth + 1).astype(float)
    ramped = np.where(firms.opening, 1.0, ramp(age, state.scenario[Projects].ramp_tau))  # opening plants are run in
    cap = capacity(firms.capital, firms.capital_intensity, firms.productivity, ramped)
    return np.where(firms.alive & ~firms.block, cap, 0.0)


def outside_orders(state: State, cap: Floats, unit_cost: Floats, elasticity: float, site_orders: Floats) -> Floats:
    """(F,) orders from outside the ten regions, M yuan a month (section 9.5).

    Firms: cap_j min(1, ebar_j (p_k / c_j)^theta_x Q_k / Q_k0); home plants of leaders: their site orders less what they
    delivered at home last month; blocks: base demand that grows with national GDP.
    """
    firms, markets = state.firms, state.markets
    growth = market_growth(state)
    relative = markets.price[firms.product] / np.where(unit_cost > 0, unit_cost, 1.0)
    own = cap * np.minimum(1.0, firms.outside_share * relative**elasticity * growth)
    leading = leading_rows(state)
    own = np.where(leading, np.maximum(site_orders - firms.home_sales, 0.0), own)
    base = np.maximum(state.technology.base_demand[:, 3][firms.node], 0.0) * national_income(state)
    orders = np.where(firms.block, base, own) * firms.alive
    lost = effect(state, "trade_shock")
    if lost is None:
        return np.asarray(orders)
    kept = 1.0 - abroad(state)[firms.product] * lost[firms.market]
    return np.where(leading, orders, orders * kept)  # the order books of leaders have lost theirs already


@read_once
def abroad(state: State) -> Floats:
    """(K,) part of outside sales that leaves the country when there is no trade shock (section 9.21).

    From the sales of last month; in the first month the share of output that is exported.
    """
    world, firms = state.world, state.firms
    exported = export_shares(state.technology.export_share, world, state.scenario[Demand])
    before = effect(state, "trade_shock", ago=1)
    if state.table is None or before is None:
        return exported
    by_product = state.table.output.reshape(-1, world.product_count).sum(axis=0)
    outside = np.maximum(state.table.final[:, 3], 0.0).reshape(-1, world.product_count).sum(axis=0)
    sold = firms.outside_orders
    weight = sum_by(firms.product, sold, world.product_count)
    lost = sum_by(firms.product, sold * before[firms.market], world.product_count)
    lost = np.divide(lost, weight, out=np.zeros(len(lost)), where=weight > 0)
    return share_abroad(np.maximum(by_product - outside, 0.0), outside, exported, lost)


def national_income(state: State) -> float:
    """Real national income relative to the opening."""
    at = MARKETS.index("national_gdp")
    return float(state.markets.volume[at] / state.markets.volume_opening[at])


def market_growth(state: State) -> Floats:
    """(F,) volume of a row's outside market over that for which its present capacity was laid out."""
    return np.asarray(state.markets.volume[state.firms.market] / state.firms.market_reference)


@read_once
def leading_rows(state: State) -> Bools:
    """(F,) home plants whose outside sales are the order book of a leader: they make the leader's product."""
    firms = state.firms
    return np.asarray((firms.leader >= 0) & (firms.product == state.leaders.product[firms.leader]))


@read_monthly
def relative_price(state: State) -> Floats:
    """(K,) real price of each product: what one unit costs at the general price level of 2018."""
    return np.asarray(state.markets.price / state.markets.price_level)


def local_final_demand(state: State) -> Floats:
    """(N, 3) demand of home households, governments and investors addressed to each county-node, M yuan a month."""
    return final_orders(state).home


def final_orders(state: State) -> FinalOrders:
    """What home households, governments and investors order this month.

    Base demand of the opening plus what mechanisms spend: the incomes of residents, construction work and equipment of
    projects and of incumbents' investment. The base of households is paid from outside (pensions, money sent
    home), so it follows residents and national income; governments order what their budgets plan (section 9.17); the
    base of investors is housing and public works, which follow what residents spend. What policies order besides
    (roads, what a talent plan builds and whom it employs) is bought like other public orders. Stocks run down may make
    it negative; the sum of a row's orders is cut at zero by the resolver. Whoever spends money gets less of what has
    become dearer; only the bases that others pay for (households, investors) are amounts of goods.
    """
    technology, people, price = state.technology, state.people, relative_price(state)
    base = technology.base_demand[:, :3].copy()
    spent, at_opening = people.consumption, people.consumption_opening
    by_county = base.reshape(-1, state.world.product_count, 3)  # a view
    by_county[:, :, 0] *= (people.growth * national_income(state))[:, None]
    by_county[:, :, 1] /= price
    by_county[:, :, 2] *= np.divide(spent, at_opening, out=np.ones(len(spent)), where=at_opening > 0)[:, None]
    own, total = np.zeros_like(base), np.zeros((len(price), 3))
    bought = household_purchases(state)
    own[:, 0], total[:, 0] = household_orders(state), bought.sum(axis=1)
    if state.spending is not None:
        bought = state.spending / price
        per_product = np.einsum("krs,sk->rk", state.technology.home_share, bought)
        own[:, 2], total[:, 2] = per_product.reshape(-1), bought.sum(axis=0)
    if state.public is not None:
        more = state.public.extra if state.public_works is None else state.public.extra + state.public_works
        extra = np.einsum("krs,sk->rk", state.technology.home_share, more / price).reshape(-1)
        base[:, 1] += extra
        total[:, 1] = (state.public.county_base @ state.public.mix + more.sum(axis=0)) / price
    home = base + own
    own[:, 1] = home[:, 1]
    return FinalOrders(home, own, total)


def household_purchases(state: State) -> Floats:
    """(K, C) what households buy out of their incomes, from wherever it comes, M yuan a month at 2018 prices."""
    return np.asarray(state.technology.household_shares * state.people.consumption / relative_price(state)[:, None])


def household_orders(state: State) -> Floats:
    """(N,) what households order out of their incomes from each county-node, M yuan a month at 2018 prices."""
    bought = household_purchases(state)
    return np.asarray((state.technology.home_share @ bought[:, :, None])[:, :, 0].T.reshape(-1))


class Production:
    """Plant capacity, outside orders and unit costs of the month; the resolver finds staff and runs the joint solve."""

    phase: ClassVar[Phase] = Phase.PRODUCE
    writes: ClassVar[tuple[str, ...]] = (
        "capacity",
        "outside_demand",
        "unit_cost",
        "relative_cost",
        "wage_cost",
        "market_growth",
    )

    def __init__(self, sourcing: Sourcing) -> None:
        self.sourcing = sourcing

    def step(self, state: State, streams: Streams) -> None:
        """Write effective capacity, unit cost and outside orders of every row."""
        del streams
        firms, boards = state.firms, state.boards
        finite = plant_capacity(state)
        boards.capacity = np.where(firms.block, np.inf, finite)
        boards.unit_cost, boards.relative_cost = unit_costs(state)
        boards.wage_cost, boards.market_growth = wage_cost(state), market_growth(state)
        site_orders = boards.site_orders if boards.site_orders is not None else np.zeros(len(firms))
        site_orders = extended(site_orders, len(firms))
        boards.outside_demand = outside_orders(
            state, finite, boards.unit_cost, self.sourcing.outside_elasticity, site_orders
        )


@dataclass(frozen=True)
class HomeSupply:
    """What home suppliers deliver to home producers in a month.

    Attributes:
        wanted: (F,) orders of home producers, M yuan a month; of makers of scarce products those that they promised.
        delivered: (F,) deliveries to home producers.
        served: (F,) phi, share of the orders that a row delivers.
        scarce: (Q,) products whose outside supply falls short this month.
        basis: (Q, F) output for which a row orders each of them at home; other products are ordered for its output.
    """

    wanted: Floats
    delivered: Floats
    served: Floats
    scarce: Ints
    basis: Floats


def home_supply(
    network: Network,
    output: Floats,
    final: Floats,
    rule: Rule,
    held: HeldOrders | None = None,
    scarce: Ints = NONE,
) -> HomeSupply:
    """Ration the output of home suppliers.

    Args:
        network: M.
        output: (F,) z.
        final: (F,) demand other than of home producers, >= 0.
        rule: who is served when a supplier is short.
        held: orders in a shortage of outside supply; None: all orders follow output.
        scarce: the products of the shortage, in the order of ``held``.
    """
    if held is None:
        wanted = network.demand(output)
        share = served(rule, output, wanted, final)
        return HomeSupply(wanted, share * wanted, share, scarce, np.zeros((0, len(output))))
    wanted = held.demand(output)
    share = served(rule, output, wanted, final)
    makes = held.scarce.maker >= 0
    # Makers of scarce products deliver what they promised; more than they make only within the tolerance of the rounds.
    kept = np.divide(output, wanted, out=np.ones(len(output)), where=wanted > output)
    delivered = np.where(makes, kept, share) * wanted
    share = np.where(makes, held.shortage.served * kept, share)
    return HomeSupply(wanted, delivered, share, scarce, held.basis(output))


def month_table(
    state: State, network: Network, output: Floats, final: Floats, outside: Floats, supply: HomeSupply | None = None
) -> MonthTable:
    """The month's 240 x 240 table as the exact aggregate of the firms.

    Args:
        state: firms and technology.
        network: M of the month.
        output: (F,) z.
        final: (F, 3) home final demand addressed to each row.
        outside: (F,) outside orders.
        supply: deliveries of home suppliers; home producers first, if not given.

    Returns:
        Flows, final deliveries by user, outside inputs, value added and output, M yuan a month at 2018 prices.
    """
    size, products = network.size, state.world.product_count
    orders = (*final.T, outside)
    total = sum(orders)
    if supply is None:
        supply = home_supply(network, output, np.maximum(total, 0.0), "local_first")
    nodes = network.nodes(output)
    offered = network.nodes(supply.served * network.share)
    flows = network.pool * nodes[None, :]  # in place from here on: this is the largest array of the month
    flows *= offered[:, None]
    for short, basis in zip(supply.scarce, supply.basis, strict=True):
        rows = slice(short, None, products)
        flows[rows] = offered[rows, None] * network.pool[rows] * network.nodes(basis)[None, :]
    _add_link_flows(flows, network, output, supply, products)
    filled = np.divide(output - supply.delivered, total, out=np.zeros(len(output)), where=total > 0)
    users = np.array([network.nodes(filled * each) for each in orders]).T
    inputs = input_coefficients(state)
    used = inputs * nodes[None, :]
    outside_inputs = used - flows.reshape(-1, products, size).sum(axis=0)
    firm_value_added = value_added_shares(state)[network.node] * output
    return MonthTable(
        flows=flows,
        final=users,
        outside_inputs=outside_inputs,
        value_added=network.nodes(firm_value_added),
        output=nodes,
        firm_value_added=firm_value_added,
        served=supply.served,
        shares=network.share,
        links=copy(state.links),
        scarce=supply.scarce,
        basis=supply.basis,
    )


def _add_link_flows(flows: Floats, network: Network, output: Floats, supply: HomeSupply, products: int) -> None:
    """Add what runs over explicit links to the flows between county-nodes, (N, N)."""
    links = network.links
    supplier = np.repeat(np.arange(links.shape[0]), np.diff(links.indptr))
    ordered = output[links.indices]
    for short, basis in zip(supply.scarce, supply.basis, strict=True):
        ordered = np.where(network.node[supplier] % products == short, basis[links.indices], ordered)
    cell = network.node[supplier] * network.size + network.node[links.indices]
    np.add.at(flows.reshape(-1), cell, links.data * ordered * supply.served[supplier])


def home_sales(supply: HomeSupply, output: Floats, home: Floats, final: Floats, rule: Rule) -> Floats:
    """(F,) deliveries to home producers and home final users, M yuan a month.

    Args:
        supply: deliveries of home suppliers.
        output: (F,) z.
        home: (F,) orders of home final users; running down of stocks may make them negative.
        final: (F,) all orders other than of home producers, >= 0.
        rule: local first: home final users are served before the outside; proportional: alike.
    """
    if rule == "local_first":
        return np.clip(supply.wanted + home, 0.0, output)
    part = np.divide(home, final, out=np.zeros(len(output)), where=final > 0)
    return np.clip(supply.delivered + part * (output - supply.delivered), 0.0, output)


def node_basis(table: MonthTable, node: Ints, output: Floats, products: int) -> Floats:
    """(K, N) output of each county-node for which it orders a product at home, M yuan a month.

    Args:
        table: of the month.
        node: (F,) county-node of each row.
        output: (F,) z.
        products: number of products K.
    """
    size = len(table.output)
    basis = np.repeat(sum_by(node, output, size)[None, :], products, axis=0)
    for short, line in zip(table.scarce, table.basis, strict=True):
        basis[short] = sum_by(node, line, size)
    return basis


def import_premium(network: Network, table: MonthTable, output: Floats, price: Floats, rate: float) -> Floats:
    """(F,) what buyers pay above home prices for home orders that were not filled, nominal M yuan a month.

    Args:
        network: M.
        table: of the month.
        output: (F,) z.
        price: (K,) nominal price of the products.
        rate: premium, share of the price.
    """
    if rate == 0.0:
        return np.zeros(len(output))
    product = network.node % len(price)
    value = price[product]
    lacking = (1.0 - table.served) * value
    for short in table.scarce:
        lacking[product == short] = 0.0
    unfilled = network.intake(lacking) * output if lacking.any() else np.zeros(len(output))
    for short, basis in zip(table.scarce, table.basis, strict=True):
        of_short = np.where(product == short, value, 0.0)
        missing = network.intake(of_short) * output - network.intake(of_short * table.served) * basis
        unfilled += np.maximum(missing, 0.0)
    return np.asarray(rate * unfilled)
