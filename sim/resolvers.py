"""Resolvers: one function a phase turns the boards of the month into ledger flows, and flows into stocks.

Mechanisms propose, resolvers post: a stock changes here and nowhere else, so stocks cannot drift from flows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.construction import Construction, work_of
from sim.mechanisms.labour import staff
from sim.mechanisms.leaders import RIVAL_BUILD_MONTHS, Leaders, site_weights
from sim.mechanisms.location import Location, inclusive_value, logistic
from sim.mechanisms.production import (
    cost_parts,
    home_sales,
    leading_rows,
    local_final_demand,
    month_table,
    network_of,
    solve,
)
from sim.mechanisms.promotion import plan_pressure
from sim.mechanisms.sourcing import Connection, Sourcing, nameplate
from sim.parameters import Month
from sim.settings import Projects as ProjectSettings
from sim.settings import Run
from sim.state import YEAR, Channel, Firms, Ledger, Stage, State
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

OPENING_YEAR_MONTH = Month("2013-12")


def open_ledger(state: State) -> Ledger:
    """A new ledger at the start of a month."""
    return Ledger(
        capital_before=state.firms.capital.copy(),
        firms_before=int(state.firms.alive.sum()),
        stages_before=np.bincount(state.projects.stage, minlength=len(Stage)),
        developed_before=state.parks.developed.copy(),
        quota_before=state.counties.quota.copy(),
        invested=np.zeros(len(state.firms)),
        scrapped=np.zeros(len(state.firms)),
    )


def the_ledger(state: State) -> Ledger:
    """The open ledger of the month."""
    if state.ledger is None:
        raise RuntimeError("no ledger is open: a month begins with open_ledger")
    return state.ledger


def resolve_world(state: State, streams: Streams) -> None:
    """Markets, prices and rain of the month."""
    del streams
    boards, markets = state.boards, state.markets
    if boards.components is not None and boards.volume is not None:
        markets.components, markets.volume = boards.components, boards.volume
    if boards.commodity is not None and boards.price is not None:
        markets.commodity, markets.price, markets.price_level = boards.commodity, boards.price, boards.price_level
        assert boards.conversion is not None and boards.experience is not None
        markets.conversion, markets.material_factor = boards.conversion, boards.material_factor
        markets.experience = boards.experience
    if boards.rain is not None:
        markets.rain = boards.rain
    if boards.candidates is not None:
        state.slots += len(boards.candidates)
        the_ledger(state).candidates = len(boards.candidates)
    calendar = (OPENING_YEAR_MONTH + state.month).month
    if calendar == 1:
        state.signed_this_year = 0.0
    state.pressure = plan_pressure(state.signed_this_year, state.lever("promotion.plan_target"), calendar)


def resolve_propose(state: State, streams: Streams) -> None:
    """Order books; leads are counted; leaders' own plants are signed; rival sites grow."""
    boards, rows, ledger = state.boards, state.leaders, the_ledger(state)
    if boards.share is not None and boards.orders is not None:
        rows.share = boards.share
        rows.ordered = boards.orders + rows.backlog
        rows.annual_orders[:, (state.month - 1) % rows.annual_orders.shape[1]] = boards.orders
    if boards.effort is not None:
        state.effort = boards.effort
    ledger.thinned = boards.thinned
    ledger.leads = sum(len(leads["product"]) for leads in boards.leads)
    if boards.capped:
        state.events.append(f"{state.month}: {boards.capped} lead rates above the candidate pool were capped")
    luck = streams.draw("projects.own", state.month).random((max(len(boards.own_projects), 1), 2))
    for index, columns in enumerate(boards.own_projects):
        _sign_own(state, columns, luck[index])
    if boards.rival_building is not None and boards.rival_noise is not None:
        rivals = state.rivals
        finished = rivals.building / RIVAL_BUILD_MONTHS
        rivals.capacity = rivals.capacity + finished
        rivals.building = rivals.building - finished + boards.rival_building
        rivals.noise = boards.rival_noise


def _sign_own(state: State, columns: dict[str, Any], luck: Floats) -> None:
    """A leader's own plant is signed at once; a dated plant brings its own land."""
    columns = dict(columns)
    serviced = float(columns.pop("serviced", 0.0))
    construction = state.scenario[Construction]
    work = float(work_of(np.array([columns["investment"]]), np.ones(1), construction)[0])
    row = state.projects.append(
        1,
        stage=Stage.SIGNED,
        channel=Channel.OWN,
        work=work,
        work_left=work,
        requisition_luck=0.75 + 0.5 * luck[0],
        born=state.month,
        signed=state.month,
        **columns,
    )
    ledger = the_ledger(state)
    ledger.own += 1
    ledger.entered[Stage.SIGNED, Channel.OWN] += 1
    if "event" in columns:
        _event_land(state, int(row[0]), float(columns["land"]), serviced)


def _event_land(state: State, row: int, land: float, serviced: float) -> None:
    """Free land of the park first, then new land out of its plan; serviced land for suppliers besides."""
    parks, park, ledger = state.parks, int(state.projects.park[row]), the_ledger(state)
    new = max(land - max(float(parks.free[park]), 0.0), 0.0) + serviced
    if parks.developed[park] + new > parks.planned[park] + 1e-9:
        raise ValueError(
            f"the dated plant of {state.world.parks[park]} needs {new:.0f} mu of new land, "
            f"but only {parks.planned[park] - parks.developed[park]:.0f} mu of its plan are left"
        )
    parks.developed[park] += new
    parks.occupied[park] += land
    parks.serviced[park] += serviced
    ledger.developed_by_event += new
    state.projects.land_held[row] = land


def resolve_place(state: State, streams: Streams) -> None:
    """Leads of the month are resolved in random slot order; land is updated after each; failed projects leave."""
    boards, projects = state.boards, state.projects
    if boards.project_service is not None and boards.county_service is not None:
        projects.service = boards.project_service
        state.counties.service, state.reform = boards.county_service, boards.reform
    if boards.failed is not None and boards.survival is not None:
        projects.survival = boards.survival
        _fail(state, np.flatnonzero(boards.failed))
    if boards.outside_value is not None:
        state.outside_value = boards.outside_value
    if boards.leads:
        _resolve_leads(state, streams)


def _fail(state: State, rows: Ints) -> None:
    """Projects that fail give their land back."""
    projects, parks, ledger = state.projects, state.parks, the_ledger(state)
    held = rows[projects.land_held[rows] > 0]
    np.add.at(parks.occupied, projects.park[held], -projects.land_held[held])
    projects.land_held[held] = 0.0
    np.add.at(ledger.moves, (projects.stage[rows], np.full(len(rows), Stage.FAILED)), 1)
    np.add.at(ledger.entered, (np.full(len(rows), Stage.FAILED), projects.channel[rows]), 1)
    projects.stage[rows] = Stage.FAILED


def _resolve_leads(state: State, streams: Streams) -> None:
    """Sign or lose each lead and give it a park."""
    leads = state.boards.leads[0]
    size = len(leads["product"])
    q = state.scenario[Location]
    utility = np.sum(state.boards.appeal, axis=0)
    allowed = np.logical_and.reduce(state.boards.allowed)
    pool = state.boards.candidates
    assert pool is not None
    taste = pool.taste[leads["candidate"]]
    room = state.parks.planned - state.parks.developed + state.parks.free - _waiting_land(state)
    park, signed = np.full(size, -1, dtype=np.int64), np.zeros(size, dtype=bool)
    value = inclusive_value(utility, allowed, q.nest)
    normal, graft = leads["channel"] == Channel.NORMAL, leads["graft"] >= 0
    score = utility / q.nest + taste
    for row in streams.draw("location.order", state.month).permutation(size):
        if normal[row]:
            park[row] = _place_normal(state, leads, row)
            signed[row] = park[row] >= 0
        elif graft[row]:
            park[row] = state.firms.park[leads["graft"][row]]
            signed[row] = leads["luck_sign"][row] < logistic(np.array(q.sign_const))
        else:
            open_ = allowed[row] & (room >= leads["land"][row])
            if not open_.any():
                continue
            full = open_ is allowed[row] or bool((open_ == allowed[row]).all())
            worth = value[row] if full else inclusive_value(utility[row : row + 1], open_[None, :], q.nest)[0]
            chance = logistic(np.array(q.sign_const + worth - state.outside_value[leads["product"][row]]))
            if leads["luck_sign"][row] < chance:
                signed[row] = True
                park[row] = int(np.where(open_, score[row], -np.inf).argmax())
                room[park[row]] -= leads["land"][row]
    _append_leads(state, leads, park, signed)


def _waiting_land(state: State) -> Floats:
    """(P,) land that signed projects wait for, mu."""
    projects = state.projects
    waiting = (projects.stage == Stage.SIGNED) & (projects.graft < 0) & (projects.land_held <= 0)
    return sum_by(projects.park[waiting], projects.land[waiting], len(state.parks.planned))


def _place_normal(state: State, leads: dict[str, NDArray[Any]], row: int) -> int:
    """Normal entry takes idle plots of a county drawn by its share of the node, then free land; -1 without land.

    The land changes hands at once: such a firm needs no offer and no requisition.
    """
    world, firms, parks = state.world, state.firms, state.parks
    product, land = int(leads["product"][row]), float(leads["land"][row])
    counted = firms.alive & ~firms.block & (firms.product == product)
    ladder = np.cumsum(sum_by(firms.county[counted], firms.capacity[counted], world.county_count))
    if ladder[-1] <= 0:
        return -1
    county = int(min(np.searchsorted(ladder, leads["place"][row] * ladder[-1]), world.county_count - 1))
    mine = np.flatnonzero(world.park_county == county)
    idle, free = parks.idle[mine], parks.free[mine] - parks.serviced[mine]
    if idle.max() >= land:
        park = int(mine[idle.argmax()])
        parks.idle[park] -= land
        parks.occupied[park] += land
        return park
    if free.max() >= land:
        park = int(mine[free.argmax()])
        parks.occupied[park] += land
        return park
    return -1


def _append_leads(state: State, leads: dict[str, NDArray[Any]], park: Ints, signed: Bools) -> None:
    """Leads become project rows: signed or lost."""
    projects, ledger, size = state.projects, the_ledger(state), len(park)
    normal = leads["channel"] == Channel.NORMAL
    held = np.where(normal & signed, leads["land"], 0.0)
    work = work_of(leads["investment"], leads["work_luck"], state.scenario[Construction])
    names = ("channel", "product", "sponsor", "graft", "slot", "investment", "capital_intensity", "announced_output")
    names += ("land", "quality", "productivity", "requisition_luck", "failure_luck")
    county = np.where(park >= 0, state.world.park_county[np.maximum(park, 0)], -1)
    graft = leads["graft"] >= 0
    county = np.where(graft, state.firms.county[np.maximum(leads["graft"], 0)], county)
    projects.append(
        size,
        stage=np.where(signed, Stage.SIGNED, Stage.LOST),
        county=county,
        park=park,
        work=work,
        work_left=work,
        born=state.month,
        signed=np.where(signed, state.month, -1),
        pressure=np.where(normal, 0.0, state.pressure),
        land_held=held,
        serviced_land=normal,
        **{name: leads[name] for name in names},
    )
    ledger.signed, ledger.lost = int(signed.sum()), int((~signed).sum())
    np.add.at(ledger.entered, (np.full(size, Stage.LEAD), leads["channel"]), 1)
    np.add.at(ledger.entered, (np.where(signed, Stage.SIGNED, Stage.LOST), leads["channel"]), 1)
    planned = signed & ~normal
    state.signed_this_year += float(leads["investment"][planned].sum())


def resolve_build(state: State, streams: Streams) -> None:
    """New land, land for waiting projects, requisition, work, and the births of finished plants."""
    del streams
    boards, parks, ledger = state.boards, state.parks, the_ledger(state)
    if boards.developed is not None and boards.quota_issued is not None and boards.land_price is not None:
        used = sum_by(state.world.park_county, boards.developed, state.world.county_count)
        parks.developed = parks.developed + boards.developed
        parks.price = boards.land_price
        state.counties.quota = state.counties.quota + boards.quota_issued - used
        ledger.quota_issued, ledger.developed_by_quota = boards.quota_issued, used
    rows = _before(state)
    _build(state, rows)
    _requisition(state, rows)
    _take_land(state, rows)


def _before(state: State) -> Ints:
    """Rows that were already signed when the month began: a stage lasts at least one month."""
    return np.flatnonzero((state.projects.signed >= 0) & (state.projects.signed < state.month))


def _take_land(state: State, rows: Ints) -> None:
    """SIGNED -> LAND: projects take free developed land of their park, first come first served."""
    projects, parks = state.projects, state.parks
    waiting = rows[projects.stage[rows] == Stage.SIGNED]
    ready = waiting[(projects.graft[waiting] >= 0) | (projects.land_held[waiting] > 0)]
    asking = waiting[(projects.graft[waiting] < 0) & (projects.land_held[waiting] <= 0)]
    order = asking[np.lexsort((projects.signed[asking], projects.park[asking]))]
    if len(order):
        park, land = projects.park[order], projects.land[order]
        running = np.cumsum(land)
        first = np.searchsorted(park, park, side="left")
        within = running - np.where(first > 0, running[first - 1], 0.0)
        granted = within <= parks.free[park] + 1e-9
        given, mu, where = order[granted], land[granted], park[granted]
        np.add.at(parks.occupied, where, mu)
        projects.land_held[given] = mu
        projects.serviced_land[given] = within[granted] <= parks.serviced[where]
        taken = sum_by(where, mu, len(parks.serviced))
        parks.serviced = np.minimum(np.maximum(parks.serviced - taken, 0.0), np.maximum(parks.free, 0.0))
        ready = np.concatenate([ready, given])
    _move(state, ready, Stage.SIGNED, Stage.LAND)


def _requisition(state: State, rows: Ints) -> None:
    """LAND -> BUILD: when requisition and permits are through, or in the dated month of an event."""
    projects, boards = state.projects, state.boards
    if boards.land_progress is None:
        return
    progress = np.pad(boards.land_progress, (0, len(projects) - len(boards.land_progress)))
    here = rows[projects.stage[rows] == Stage.LAND]
    projects.land_left[here] -= progress[here]
    forced = projects.forced_work[here]
    through = np.where(forced >= 0, state.month >= forced, projects.land_left[here] <= 1e-12)
    moved = here[through]
    projects.built[moved] = state.month
    _move(state, moved, Stage.LAND, Stage.BUILD)


def _build(state: State, rows: Ints) -> None:
    """Work of the month; BUILD -> DONE; finished plants become firms or enlarge them; the money is spent."""
    projects, boards = state.projects, state.boards
    here = rows[projects.stage[rows] == Stage.BUILD]
    construction = state.scenario[Construction]
    spending = np.zeros((state.world.county_count, state.world.product_count))
    if len(here) and boards.work_progress is not None:
        work = np.pad(boards.work_progress, (0, len(projects) - len(boards.work_progress)))[here]
        left = np.maximum(projects.forced_production[here] - state.month + 1, 1)
        forced = projects.forced_production[here] >= 0
        work = np.minimum(np.where(forced, projects.work_left[here] / left, work), projects.work_left[here])
        share = work / projects.work[here]
        projects.work_left[here] -= work
        cost = projects.investment[here] * share
        projects.invested[here] += cost
        paid = cost * (1.0 + construction.service_overrun * projects.service[here])
        projects.spent[here] += paid
        spending += investment_demand(state, projects.county[here], projects.product[here], paid)
        done = here[projects.work_left[here] <= 1e-9 * projects.work[here]]
        projects.done[done] = state.month
        projects.work_left[done] = 0.0
        projects.invested[done] = projects.investment[done]
        _move(state, done, Stage.BUILD, Stage.DONE)
        _births(state, done)
    state.spending = spending if state.incumbent_spending is None else spending + state.incumbent_spending


def investment_demand(state: State, county: Ints, product: Ints, amount: Floats) -> Floats:
    """(C, K) orders of investors: construction, and equipment for cells or machinery; the rest is bought outside."""
    world, construction = state.world, state.scenario[Construction]
    demand = np.zeros((world.county_count, world.product_count))
    demand[:, world.product("CONS")] = construction.spend_construction * sum_by(county, amount, world.county_count)
    cell = product == world.product("B_CELL")
    for kind, mask in (("B_EQPT", cell), ("MACH", ~cell)):
        demand[:, world.product(kind)] += construction.spend_equipment * sum_by(
            county[mask], amount[mask], world.county_count
        )
    return demand


def _move(state: State, rows: Ints, start: Stage, end: Stage) -> None:
    """Projects step to their next stage; the ledger counts them."""
    ledger, projects = the_ledger(state), state.projects
    ledger.moves[start, end] += len(rows)
    np.add.at(ledger.entered, (np.full(len(rows), end), projects.channel[rows]), 1)
    projects.stage[rows] = end


def _births(state: State, done: Ints) -> None:
    """Finished projects: grafts enlarge their incumbent, all others become a firm on their land."""
    projects, firms, ledger, technology = state.projects, state.firms, the_ledger(state), state.technology
    graft = done[projects.graft[done] >= 0]
    np.add.at(firms.capital, projects.graft[graft], projects.investment[graft])
    np.add.at(ledger.invested, projects.graft[graft], projects.investment[graft])
    new = done[projects.graft[done] < 0]
    if not len(new):
        return
    product, county = projects.product[new], projects.county[new]
    own = projects.leader[new] >= 0
    market = state.markets_of_product[product]
    margin = unit_margins(state)[product]
    slots = np.where(projects.slot[new] >= 0, projects.slot[new], state.slots + np.arange(len(new)))
    state.slots = max(state.slots, int(slots.max()) + 1)
    rows = firms.append(
        len(new),
        county=county,
        park=projects.park[new],
        product=product,
        node=county * state.world.product_count + product,
        leader=projects.leader[new],
        slot=slots,
        birth=state.month,
        capital=projects.investment[new],
        capital_intensity=projects.capital_intensity[new],
        productivity=np.where(own, 1.0, projects.productivity[new]),
        quality=projects.quality[new],
        jobs_intensity=technology.jobs[product],
        energy_intensity=technology.energy[product],
        land=projects.land_held[new],
        outside_share=state.outside_shares[product],
        market=market,
        market_reference=state.markets.volume[market],
        unit_cost=state.markets.price[product],
        margin12=np.repeat(margin[:, None], YEAR, axis=1),
    )
    ledger.invested = np.concatenate([ledger.invested, projects.investment[new]])
    ledger.scrapped = np.concatenate([ledger.scrapped, np.zeros(len(new))])
    ledger.births += len(new)
    projects.land_held[new] = 0.0
    Connection(state.scenario[Sourcing]).connect(state, rows)
    _activate_leaders(state, rows)


def _activate_leaders(state: State, rows: Ints) -> None:
    """A leader that enters by event starts with the share that fills u_star of its first plant."""
    leaders, firms = state.leaders, state.firms
    target = state.scenario[Leaders].utilisation_target
    for row in rows:
        group = int(firms.leader[row])
        if group >= 0 and not leaders.active[group] and firms.product[row] == leaders.product[group]:
            annual = float(nameplate(state, np.array([row]))[0]) * YEAR
            volume = state.markets.volume[leaders.market[group]] * leaders.unit_value[group]
            leaders.share[group] = leaders.share_opening[group] = min(target * annual / volume, 1.0)
            leaders.active[group] = True


def unit_margins(state: State) -> Floats:
    """(K,) margin on sales of an average plant at the month's prices, before firm differences."""
    materials, _ = cost_parts(state)
    technology, price, level = state.technology, state.markets.price, state.markets.price_level
    wages = technology.jobs * state.counties.wage.mean() / 1e6 * level
    capital = technology.capital * state.scenario[ProjectSettings].depreciation * level
    return np.asarray((price - materials - wages - technology.tax * price - capital) / price)


def resolve_supply(state: State, streams: Streams) -> None:
    """Input shares of the month."""
    del streams
    if state.boards.weight is not None:
        state.links.weight = state.boards.weight


def resolve_produce(state: State, streams: Streams) -> None:
    """Capacity, joint solve, the month's table, and the accounts of firms (in this order)."""
    del streams
    boards, firms = state.boards, state.firms
    assert boards.capacity is not None and boards.outside_demand is not None and boards.unit_cost is not None
    firms.capacity = np.where(firms.block, 0.0, boards.capacity)
    firms.unit_cost = boards.unit_cost
    network = network_of(state, firms.capacity)
    home = local_final_demand(state)
    final = home[firms.node] * network.share[:, None]
    demand = np.maximum(final.sum(axis=1) + boards.outside_demand, 0.0)
    output, rounds = solve(network, boards.capacity, demand, firms.output, state.scenario[Run].tolerance)
    the_ledger(state).rounds = rounds
    state.table = month_table(state, network, output, final, boards.outside_demand)
    firms.orders = network.demand(output) + demand
    firms.outside_orders = boards.outside_demand
    firms.home_sales = home_sales(network, output, final.sum(axis=1))
    firms.output = output
    _accounts(state)
    _order_books(state)


def _accounts(state: State) -> None:
    """Surplus, margins and utilisation of firms; twelve-month memories."""
    firms, markets = state.firms, state.markets
    slot = (state.month - 1) % YEAR
    materials, _ = cost_parts(state)
    price = markets.price[firms.product]
    wages = staff(firms, firms.output) * state.counties.wage[firms.county] / 1e6 / YEAR
    capital = state.scenario[ProjectSettings].depreciation * firms.capital / YEAR
    value_added = firms.output * (price - materials[firms.product])
    taxes = state.technology.tax[firms.product] * price * firms.output
    firms.surplus = (value_added - taxes) / markets.price_level - wages - capital
    sales = price * firms.output / markets.price_level
    margin = np.divide(firms.surplus, sales, out=np.full(len(firms), -1.0), where=sales > 1e-9)
    firms.margin12[:, slot] = np.clip(margin, -1.0, 1.0)
    firms.utilisation12[:, slot] = np.divide(
        firms.output, firms.capacity, out=np.zeros(len(firms)), where=firms.capacity > 0
    )
    firms.orders12[:, slot] = firms.orders


def _order_books(state: State) -> None:
    """Deliveries of leaders at all sites and their backlog: B(t+1) = rho_B (B + O - y)^+."""
    p, rows, firms = state.scenario[Leaders], state.leaders, state.firms
    leading = leading_rows(state) & firms.alive
    home = sum_by(firms.leader[leading], firms.output[leading], len(rows))
    weight = site_weights(state, p.base_allocation)
    at_home = sum_by(firms.leader[leading], weight[leading], len(rows))
    away = np.minimum((1.0 - np.minimum(at_home, 1.0)) * rows.ordered, state.rivals.capacity.sum(axis=1))
    rows.delivered = home + np.where(at_home > 0, away, 0.0)
    orders = rows.ordered - rows.backlog
    rows.backlog = p.backlog_keep * np.maximum(rows.backlog + orders - rows.delivered, 0.0)


def resolve_grow(state: State, streams: Streams) -> None:
    """Capital and productivity of next month; what incumbents order is built next month."""
    del streams
    boards, firms, ledger, parks = state.boards, state.firms, the_ledger(state), state.parks
    if boards.investment is not None and boards.scrapped is not None and boards.land_taken is not None:
        ledger.invested = ledger.invested + boards.investment
        ledger.scrapped = ledger.scrapped + boards.scrapped
        firms.capital = firms.capital + boards.investment - boards.scrapped
        land = np.where(firms.park >= 0, boards.land_taken, 0.0)
        firms.land = firms.land + land
        np.add.at(parks.occupied, firms.park[land > 0], land[land > 0])
        parks.serviced = np.minimum(parks.serviced, np.maximum(parks.free, 0.0))
        state.incumbent_spending = investment_demand(state, firms.county, firms.product, boards.investment)
    if boards.productivity_growth is not None:
        firms.productivity = firms.productivity * np.exp(boards.productivity_growth)


def resolve_close(state: State, streams: Streams) -> None:
    """Exits: capital is scrapped, land falls idle, links end, grafts on the firm fail."""
    del streams
    if state.boards.exits is not None:
        close_firms(state, np.flatnonzero(state.boards.exits))


def close_firms(state: State, rows: Ints) -> None:
    """Close firm rows; the row stays, its capital and land do not.

    Args:
        state: the state.
        rows: operating firm rows.
    """
    firms, parks, ledger, projects = state.firms, state.parks, the_ledger(state), state.projects
    if not len(rows):
        return
    placed = rows[firms.park[rows] >= 0]
    np.add.at(parks.occupied, firms.park[placed], -firms.land[placed])
    np.add.at(parks.idle, firms.park[placed], firms.land[placed])
    ledger.scrapped[rows] += firms.capital[rows]
    ledger.exits += len(rows)
    _empty(firms, rows)
    gone = np.isin(state.links.supplier, rows) | np.isin(state.relations.buyer[state.links.relation], rows)
    state.links.weight[gone] = 0.0
    stopped = np.isin(projects.graft, rows) & (projects.stage >= Stage.SIGNED) & (projects.stage <= Stage.BUILD)
    _fail(state, np.flatnonzero(stopped))


def _empty(firms: Firms, rows: Ints) -> None:
    """Clear what a closed firm no longer has; this month's output stays counted."""
    firms.alive[rows] = False
    firms.capital[rows] = 0.0
    firms.land[rows] = 0.0
    firms.capacity[rows] = 0.0


def resolve_nothing(state: State, streams: Streams) -> None:
    """Phases whose mechanisms do not exist yet."""
    del state, streams


RESOLVERS: dict[Phase, Callable[[State, Streams], None]] = {
    Phase.WORLD: resolve_world,
    Phase.PROPOSE: resolve_propose,
    Phase.PLACE: resolve_place,
    Phase.BUILD: resolve_build,
    Phase.SUPPLY: resolve_supply,
    Phase.PRODUCE: resolve_produce,
    Phase.GROW: resolve_grow,
    Phase.CLOSE: resolve_close,
    Phase.SHARE: resolve_nothing,
    Phase.OBSERVE: resolve_nothing,
}
