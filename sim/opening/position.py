"""The opening position of December 2013: everything a run starts from, checked before the first month.

The build is refused when the joint solve of firms and links does not give back the opening table in every county-node.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim import data
from sim.draws import Streams
from sim.inputoutput.rationing import solve
from sim.inputoutput.tables import Table
from sim.mechanisms.agglomeration import Agglomeration, settle_opening
from sim.mechanisms.construction import Construction
from sim.mechanisms.demand import HORIZON, Demand, DemandPath, market_volumes
from sim.mechanisms.events import DATED_PLANTS
from sim.mechanisms.firms import YOUNG, exit_probability
from sim.mechanisms.firms import Firms as FirmSettings
from sim.mechanisms.gaps import sponsors
from sim.mechanisms.labour import Labour
from sim.mechanisms.land import Land, base_price, land_price
from sim.mechanisms.land_cage import LandCage
from sim.mechanisms.leaders import Leaders as LeaderSettings
from sim.mechanisms.location import Location, base_utility, inclusive_value, physical_mask, relative_prices
from sim.mechanisms.prices import (
    PricePath,
    Prices,
    WorldPrices,
    experience_reference,
    market_of_product,
    past_years,
)
from sim.mechanisms.production import (
    leading_rows,
    local_final_demand,
    network_of,
    outside_orders,
    relative_price,
    unit_costs,
)
from sim.mechanisms.promotion import Promotion
from sim.mechanisms.sourcing import Sourcing
from sim.opening.basis import Basis
from sim.opening.checks import check_position, remarks
from sim.opening.counties import opening_figure
from sim.opening.links import connect_opening
from sim.opening.people import opening_people, put_to_work, settle_households
from sim.opening.population import opening_firms
from sim.opening.public import open_accounts
from sim.opening.technology import county_wages, technology
from sim.opening.totals import OpeningError, check_jobs
from sim.parameters import Month
from sim.resolvers.accounts_of_firms import post_accounts
from sim.resolvers.building import investment_demand
from sim.resolvers.production import unit_margins
from sim.scenario import Scenario
from sim.settings import Opening, Projects, Run
from sim.state import (
    MARKETS,
    YEAR,
    Counties,
    Leaders,
    Links,
    Markets,
    Parks,
    Relations,
    Rivals,
    State,
    Technology,
    trailing_mean,
)
from sim.state import Projects as ProjectTable
from sim.sums import sum_by
from sim.world import World

Floats = NDArray[np.float64]

SETTLED = 1e-9
"""Largest relative miss of the opening table by the joint solve of the opening firms."""

MARKET_OF_LEADER = {"power_cell": 0, "consumer_cell": 1, "vehicle": 2, "stainless": 3, "copper": 4}
"""Market index of the names in leaders.csv."""

LUMPS: dict[str, tuple[float, float, str]] = {
    "power_cell": (15.0, 60.0, "power_cell"),
    "consumer_cell": (15.0, 60.0, "consumer_cell"),
    "vehicle": (240.0, 240.0, "vehicle"),
    "stainless": (0.6, 3.0, "stainless_melt"),
    "copper": (0.2, 0.4, "copper"),
}
"""Least and greatest new plant (GWh, thousand vehicles, Mt) and its unit value; model description, section 9.3."""


def leader_rows() -> list[dict[str, str]]:
    """Leaders in model order."""
    return data.rows("leaders.csv")


def leader_names() -> tuple[str, ...]:
    """Codes of the leaders in model order."""
    return tuple(row["code"] for row in leader_rows())


def empty_leaders(world: World, prices: Prices, vehicles: float) -> Leaders:
    """The leader table before any share is known.

    Args:
        world: products.
        prices: unit values.
        vehicles: vehicles sold in China in the reference year, thousand; one unit of the vehicle index.
    """
    leaders, rows = Leaders(), leader_rows()
    unit = [prices.unit_value[LUMPS[row["market"]][2]] for row in rows]
    market = [MARKET_OF_LEADER[row["market"]] for row in rows]
    value = [u * vehicles if m == MARKETS.index("vehicles") else u for u, m in zip(unit, market, strict=True)]
    lumps = np.array([LUMPS[row["market"]][:2] for row in rows]) * np.array(unit)[:, None]
    leaders.append(
        len(rows),
        product=[world.product(row["products"].split(";")[0]) for row in rows],
        market=market,
        unit_value=value,
        lump_low=lumps[:, 0],
        lump_high=lumps[:, 1],
    )
    return leaders


def opening_state(scenario: Scenario, world: World, seed: int, levers: dict[str, Floats], basis: Basis) -> State:
    """Build the opening position.

    Args:
        scenario: all parameters.
        world: fixed sets.
        seed: root seed; the synthetic firms are drawn from it.
        levers: compiled levers by name.
        basis: totals and table that the firms have to give back.

    Raises:
        OpeningError: totals contradict each other, the firms do not give back the table, or the position cannot be
            (:mod:`sim.opening.checks`).
    """
    streams = Streams(seed)
    totals, table = basis.totals, basis.built.table
    check_jobs(totals, scenario[Labour])
    engineering = technology(scenario, world, basis.built)
    firms, occupied = opening_firms(totals, scenario, world, engineering, streams, leader_names())
    path = DemandPath.of(scenario.run, known_world(scenario), scenario[Demand].legacy_trend)
    volume = market_volumes(path.known[:, 0], scenario[Demand].nev_share_local, path.reference)
    vehicles = float(path.reference[1]) * 1000.0
    leaders = empty_leaders(world, scenario[Prices], vehicles)
    count = world.county_count
    national = table.output.reshape(-1, world.product_count).sum(axis=0)
    state = State(
        world=world,
        scenario=scenario,
        technology=engineering,
        month=0,
        firms=firms,
        relations=Relations(),
        links=Links(),
        projects=ProjectTable(),
        leaders=leaders,
        rivals=no_rivals(len(leaders), int(scenario[LeaderSettings].rival_sites)),
        parks=opening_parks(world, occupied, scenario[LandCage].lag),
        counties=Counties(
            wage=county_wages(world, scenario[Labour]),
            wage_by_skill=np.tile(county_wages(world, scenario[Labour]), (2, 1)),
            talent=np.ones(count),
            service=np.zeros(count),
            incentive=np.full(count, scenario[LeaderSettings].rival_incentive),
            quota=np.zeros(count),
        ),
        people=opening_people(totals, scenario, world),
        markets=opening_markets(scenario, world, path.known[:, 0], volume, national),
        markets_of_product=market_of_product(world),
        outside_shares=np.full(world.product_count, scenario[Sourcing].outside_share),
        leader_outside_shares=np.full(world.product_count, scenario[Sourcing].outside_share),
        levers=levers,
        effort=np.zeros(4),
        wage_reference=float(county_wages(world, scenario[Labour]).mean()),
        outside_value=np.zeros(world.product_count),
        outside_value_mean=np.zeros(world.product_count),
        trust=np.ones((count, count)),
        own_slots=int(firms.slot.max()) + 1,
        slots=int(firms.slot.max()) + 1 + len(leaders) * HORIZON + DATED_PLANTS,
    )
    _prices_and_costs(state, scenario)
    put_to_work(state)
    connect_opening(state, table)
    _outside_sales(state)
    _leader_shares(state)
    open_accounts(state, table)
    _memories(state)
    settle_opening(state, scenario[Agglomeration])
    _investment_base(state)
    settle_households(state)
    _check_settled(state, table)
    _land_and_location(state)
    entry_balance(state)
    check_position(state, table)
    state.events += [f"{name}: {sentence}" for name, sentence in remarks(state)]
    return state


def known_world(scenario: Scenario) -> Month:
    """Last month of knowledge about the outside world: later in a conditional world."""
    return Month("2021-12") if scenario.run.world == "conditional" else scenario.run.known_until


def no_rivals(leaders: int, sites: int) -> Rivals:
    """Rival sites without capacity."""
    shape = (leaders, sites)
    return Rivals(capacity=np.zeros(shape), building=np.zeros(shape), noise=np.zeros(shape))


def opening_parks(world: World, occupied: Floats, months: int) -> Parks:
    """Parks with the opening firms on them; town plots are as large as what stands on them.

    Args:
        world: parks.
        occupied: (P,) mu.
        months: that land taken back is cleared before it is released.
    """
    town = np.arange(len(world.parks)) >= len(world.parks) - world.county_count
    return Parks(
        planned=np.where(town, occupied, world.park_planned),
        developed=np.where(town, occupied, world.park_developed),
        occupied=occupied.copy(),
        idle=np.zeros(len(occupied)),
        released=np.zeros(len(occupied)),
        serviced=np.zeros(len(occupied)),
        serviced_chain=np.full(len(occupied), -1),
        price=np.zeros(len(occupied)),
        crowding=np.zeros(len(occupied)),
        clearing=np.zeros((len(occupied), months)),
        idle_least=np.zeros(len(occupied)),
    )


def opening_markets(scenario: Scenario, world: World, components: Floats, volume: Floats, national: Floats) -> Markets:
    """Markets and prices of December 2013; prices start at their target (set once costs are known).

    Args:
        scenario: parameters.
        world: products and counties.
        components: (X,) logs of the outside series.
        volume: (M,) volumes of the markets.
        national: (K,) annual output of all regions of the table, M yuan.
    """
    size = world.product_count
    return Markets(
        volume=volume,
        volume_opening=volume.copy(),
        components=components.copy(),
        commodity=np.ones(3),
        price=np.ones(size),
        price_level=1.0,
        conversion=np.zeros(size),
        material_factor=1.0,
        experience=np.ones(size),
        national_experience=national * past_years(world, scenario[Prices]),
        rain=np.full(world.county_count, scenario[Construction].rain_mean),
        frontier=np.ones(size),
    )


ROUNDS_OF_PRICES = 200
"""Most rounds in which opening prices, which pay for one another, settle (numerical)."""


def _prices_and_costs(state: State, scenario: Scenario) -> None:
    """Commodity prices, price level, learned costs and product prices at opening; unit costs and capacity of firms."""
    markets, mechanism = state.markets, price_mechanism(scenario, state.technology, state.world)
    markets.commodity = np.exp(mechanism.path.commodity[:, 0])
    markets.price_level = markets.price_level_before = float(np.exp(mechanism.path.level[0]))
    markets.conversion = mechanism.learned(state.technology, markets.experience)
    markets.price[:] = markets.price_level
    for _ in range(ROUNDS_OF_PRICES):
        before, markets.price = (
            markets.price,
            mechanism.target(state, markets.commodity, markets.price_level, markets.conversion),
        )
        if np.array_equal(markets.price, before):
            break  # settled to the last bit: further rounds would change nothing
    firms = state.firms
    firms.unit_cost, firms.relative_cost = unit_costs(state)
    firms.capacity = np.where(firms.block, 0.0, firms.capital / firms.capital_intensity * firms.productivity / YEAR)
    firms.market = state.markets_of_product[firms.product]
    consumer = leader_market(state) == MARKETS.index("consumer_cell")
    firms.market[consumer] = MARKETS.index("consumer_cell")
    firms.market_reference = markets.volume[firms.market]


def price_mechanism(scenario: Scenario, technology: Technology, world: World) -> WorldPrices:
    """The price mechanism of a run."""
    known = known_world(scenario)
    path = PricePath.of(scenario.run, known)
    demand = scenario[Demand]
    outside = DemandPath.of(scenario.run, known, demand.legacy_trend)
    flat = scenario.run.world == "flat"
    reference = (
        np.ones(world.product_count)
        if flat
        else experience_reference(outside.known, demand.nev_share_local, outside.reference, world, scenario[Prices])
    )
    return WorldPrices(path, scenario[Prices], technology, world, reference, flat)


def leader_market(state: State) -> NDArray[np.int64]:
    """(F,) market of the leader that owns each row, -1 for others."""
    return np.asarray(np.append(state.leaders.market, -1)[state.firms.leader])


def _outside_sales(state: State) -> None:
    """Outside share ebar of opening firms, so that they sell what the table says.

    Entrants of legacy products get the mean of their product, and so do later plants of leaders that have plants of the
    product at the opening: they come with the customers of their group.
    """
    firms, world = state.firms, state.world
    sourcing = state.scenario[Sourcing]
    total = sum_by(firms.node, firms.output, state.node_count)
    own = firms.output / np.where(total > 0, total, 1.0)[firms.node]
    sales = state.technology.base_demand[firms.node, 3] * own
    price = state.markets.price[firms.product] / firms.unit_cost
    wanted = firms.capacity * price**sourcing.outside_elasticity
    firms.outside_share = np.divide(sales, wanted, out=np.zeros(len(firms)), where=(wanted > 0) & ~firms.block)
    for product in np.flatnonzero(world.legacy):
        mine = (firms.product == product) & ~firms.fringe
        state.outside_shares[product] = np.average(firms.outside_share[mine], weights=firms.capacity[mine])
    for product in np.unique(firms.product[firms.leader >= 0]):
        mine = (firms.product == product) & (firms.leader >= 0)
        state.leader_outside_shares[product] = np.average(firms.outside_share[mine], weights=firms.capacity[mine])


def _leader_shares(state: State) -> None:
    """World shares at opening; what exceeds home output is capacity at rival sites."""
    leaders, firms, scenario = state.leaders, state.firms, state.scenario
    leading = leading_rows(state)
    home = sum_by(firms.leader[leading], firms.output[leading], len(leaders))
    opening = scenario[Opening]
    for group, row in enumerate(leader_rows()):
        leaders.active[group] = row["enters"] == "opening"
        if not leaders.active[group]:
            continue
        market = state.markets.volume[leaders.market[group]] * leaders.unit_value[group] / YEAR
        known, share = row["world_share_parameter"], home[group] / market
        if known:
            given = opening_figure(known, opening, "leaders.csv", group + 2, "world_share_parameter")
            share = max(given, share)
        leaders.share[group] = leaders.share_opening[group] = share
        away = share * market - home[group]
        sites = state.rivals.capacity.shape[1]
        state.rivals.capacity[group] = away / scenario[Opening].utilisation / sites
    leaders.quality[:] = scenario[Opening].leader_quality
    leaders.ordered = leaders.share * state.markets.volume[leaders.market] * leaders.unit_value / YEAR * leaders.active
    leaders.delivered = leaders.ordered.copy()


def _memories(state: State) -> None:
    """Twelve-month memories of firms: opening utilisation, margins and orders."""
    firms = state.firms
    firms.orders = firms.output.copy()
    post_accounts(state)
    firms.utilisation12[:] = state.scenario[Opening].utilisation
    firms.margin12[:] = unit_margins(state)[firms.product][:, None]
    firms.orders12[:] = firms.output[:, None]
    assert state.firm_accounts is not None
    firms.tax12[:] = state.firm_accounts.taxes[:, None]


def _investment_base(state: State) -> None:
    """Take from base investment demand what replacement of the opening capital orders, so that nothing counts twice."""
    firms = state.firms
    replacement = state.scenario[Projects].depreciation / YEAR * np.where(firms.block, 0.0, firms.capital)
    state.incumbent_spending = investment_demand(state, firms.county, firms.product, replacement)
    state.spending, state.prepaid = state.incumbent_spending, float(replacement.sum())
    bought = state.incumbent_spending / relative_price(state)
    delivered = np.einsum("krs,sk->rk", state.technology.home_share, bought).reshape(-1)
    state.technology.base_demand[:, 2] -= delivered


def _check_settled(state: State, table: Table) -> None:
    """The joint solve of the opening firms gives back the opening table, county-node by county-node.

    Raises:
        OpeningError: with the worst county-node.
    """
    firms, world = state.firms, state.world
    network = network_of(state, firms.capacity)
    final = local_final_demand(state)[firms.node] * network.share[:, None]
    firms.home_sales = np.clip(network.demand(firms.output) + final.sum(axis=1), 0.0, firms.output)
    capacity = np.where(firms.block, np.inf, firms.capacity)
    site = np.where(leading_rows(state), firms.output, 0.0)
    elasticity = state.scenario[Sourcing].outside_elasticity
    outside = outside_orders(state, firms.capacity, firms.unit_cost, elasticity, site)
    demand = np.maximum(final.sum(axis=1) + outside, 0.0)
    output, _ = solve(network, capacity, demand, firms.output, state.scenario[Run].tolerance)
    nodes, expected = network.nodes(output), table.output[: state.node_count] / YEAR
    miss = np.abs(nodes - expected) / np.maximum(expected, 1e-3)
    if miss.max() > SETTLED:
        county, product = divmod(int(miss.argmax()), world.product_count)
        raise OpeningError(
            f"the opening firms do not give back the table: {world.county_names[county]}, {world.products[product]} "
            f"makes {nodes[miss.argmax()]:.6g} instead of {expected[miss.argmax()]:.6g} M yuan a month; plants of the"
            " leaders follow opening.share_*"
        )


ENTRY_BAND = (0.8, 1.2)
"""Yearly capacity of normal entry over that lost by exit at opening margins; model description, section 9.4."""


def entry_balance(state: State) -> float:
    """Yearly capacity of normal entry over the yearly capacity lost by exit, legacy products, at the opening.

    Outside :data:`ENTRY_BAND` a remark names the promotion.normal_entry that would balance.
    """
    firms, world, scenario = state.firms, state.world, state.scenario
    legacy = firms.alive & ~firms.block & ~firms.fringe & (firms.leader < 0) & world.legacy[firms.product]
    relative = firms.output / float(np.median(firms.output[legacy]))
    monthly = exit_probability(trailing_mean(firms.margin12), relative, -firms.birth < YOUNG, scenario[FirmSettings])
    lost = float(((1.0 - (1.0 - monthly) ** YEAR) * firms.capacity * YEAR)[legacy].sum())
    entrants = np.bincount(firms.product[legacy], minlength=world.product_count)[world.legacy]
    mean_size = scenario[Projects].size_bump_mean / state.technology.capital[world.legacy]
    rate = scenario[Promotion].normal_entry
    ratio = float((rate * entrants * mean_size).sum()) / lost
    if not ENTRY_BAND[0] <= ratio <= ENTRY_BAND[1]:
        state.events.append(
            f"normal entry brings {ratio:.2f} of the capacity that exit takes: {rate / ratio:.3f} would balance"
        )
    return ratio


def _land_and_location(state: State) -> None:
    """Opening land prices, reference prices and wages, promotion effort, and the value of other places."""
    world, scenario = state.world, state.scenario
    land = scenario[Land]
    discount = state.levers["land.discount"][1][world.park_county]
    state.parks.price = land_price(state.parks.free, state.parks.developed, base_price(world, land), discount, land)
    priced = state.parks.price > 0
    named = np.arange(len(priced)) < len(priced) - world.county_count
    state.rent_reference = float(state.parks.price[priced & named].mean())
    mix = ("mix_leader", "mix_chain", "mix_cluster", "mix_bump")
    state.effort = (
        np.array([state.levers[f"promotion.{name}"][1] for name in mix]) * state.levers["promotion.budget"][1]
    )
    state.opening_firms = np.bincount(
        state.firms.product[~state.firms.block & ~state.firms.fringe], minlength=world.product_count
    )
    state.outside_value_mean = value_of_city(state)
    state.outside_value = state.outside_value_mean.copy()


def value_of_city(state: State) -> Floats:
    """(K,) what the parks of the city are worth to a project of each product; at the opening other places are worth it.

    Args:
        state: the opening position with its land prices.
    """
    world, location = state.world, state.scenario[Location]
    products = np.arange(world.product_count)
    rent, wage = relative_prices(state)
    sponsor = np.where(world.chain_product, sponsors(state, products), -1)
    value = base_utility(state, location, products, sponsor, rent, wage)
    allowed = physical_mask(state, products, np.zeros(world.product_count))
    return inclusive_value(value, allowed, location.nest)
