"""BUILD: land, requisition, work, and the births of finished plants.

Model description, sections 9.9, 9.10 and 9.12.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms.construction import Construction
from sim.mechanisms.demand import HORIZON
from sim.mechanisms.firms import Firms as FirmSettings
from sim.mechanisms.labour import Labour
from sim.mechanisms.land import Land
from sim.mechanisms.leaders import Leaders
from sim.mechanisms.production import frontier_jobs, ramp
from sim.mechanisms.sourcing import Connection, Sourcing, nameplate
from sim.mechanisms.talent import Talent
from sim.resolvers.enclaves import settle_land, start_contracts
from sim.resolvers.land_reform import finish_upgrades
from sim.resolvers.ledger import pay_households, sell_land, spend, spend_earmarked, the_ledger
from sim.resolvers.production import unit_margins
from sim.settings import Projects
from sim.state import YEAR, Stage, State
from sim.sums import extended, sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


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
        cost = state.scenario[Land].dev_cost
        spend(state, "land development", cost * used)
        asked = used if boards.development_asked is None else boards.development_asked
        ledger.asked[:-1] += cost * asked
        beyond = cost * np.maximum(used - asked * state.funded[: len(used)], 0.0)
        spend_earmarked(state, np.minimum(beyond, state.earmarked), on_land=True)
    _works(state)
    rows = _before(state)
    _build(state, rows)
    _requisition(state, rows)
    _take_land(state, rows)
    settle_land(state)


def _works(state: State) -> None:
    """Goods that policies order this month; road works, the minutes after them, and who can commute."""
    boards, roads = state.boards, state.roads
    state.public_works = sum(boards.public_works[1:], boards.public_works[0]) if boards.public_works else None
    if boards.household_grants is not None:
        pay_households(state, boards.household_grants)
    if boards.road_work is not None and boards.minutes is not None:
        before = state.minutes
        if boards.road_begun > 0:
            roads.begun, roads.left = (
                np.append(roads.begun, boards.road_begun),
                np.append(roads.left, boards.road_begun),
            )
        roads.left = np.maximum(roads.left - boards.road_work, 0.0)
        roads.minutes = boards.minutes
        nearer = np.exp(state.scenario[Labour].commute_decay * (before - boards.minutes))
        state.people.kernel = state.people.kernel * nearer


def _before(state: State) -> Ints:
    """Rows under way that were already signed when the month began: a stage lasts at least one month."""
    projects = state.projects
    rows = np.flatnonzero((projects.stage >= Stage.SIGNED) & (projects.stage <= Stage.BUILD))
    return rows[projects.signed[rows] < state.month]


def _take_land(state: State, rows: Ints) -> None:
    """SIGNED -> LAND: projects take land of their park, first come first served; released land goes before free land.

    On land that is ready to build on, released or serviced for their chain, requisition lasts one month.
    """
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
        ready_made = parks.serviced_chain[park] == state.world.chain[projects.product[order]]
        granted = within <= parks.on_offer[park] - np.where(ready_made, 0.0, parks.serviced[park]) + 1e-9
        given, mu, where = order[granted], land[granted], park[granted]
        np.add.at(parks.occupied, where, mu)
        projects.land_held[given] = mu
        quick = within[granted] <= parks.released[where] + np.where(ready_made[granted], parks.serviced[where], 0.0)
        projects.serviced_land[given] = quick
        projects.released_land[given] = np.clip(parks.released[where] - np.maximum(within[granted] - mu, 0.0), 0.0, mu)
        reused = sum_by(where, projects.released_land[given], len(parks.released))
        parks.released = np.maximum(parks.released - reused, 0.0)
        taken = np.maximum(sum_by(where, mu * quick, len(parks.serviced)) - reused, 0.0)
        parks.serviced = np.minimum(np.maximum(parks.serviced - taken, 0.0), np.maximum(parks.free, 0.0))
        ready = np.concatenate([ready, given])
    _pay_land(state, ready)
    move(state, ready, Stage.SIGNED, Stage.LAND)


def _pay_land(state: State, rows: Ints) -> None:
    """Investors pay the county for the land of their project; a project on its firm's own plot needs none."""
    projects = state.projects
    rows = rows[(projects.graft[rows] < 0) & ~projects.land_settled[rows]]
    amount = projects.land_held[rows] * state.parks.price[projects.park[rows]]
    projects.land_paid[rows] += amount
    sell_land(state, projects.county[rows], amount)


def _requisition(state: State, rows: Ints) -> None:
    """LAND -> BUILD: when requisition and permits are through, or in the dated month of an event."""
    projects, boards = state.projects, state.boards
    if boards.land_progress is None:
        return
    progress = extended(boards.land_progress, len(projects))
    here = rows[projects.stage[rows] == Stage.LAND]
    projects.land_left[here] -= progress[here]
    forced = projects.forced_work[here]
    through = np.where(forced >= 0, state.month >= forced, projects.land_left[here] <= 1e-12)
    moved = here[through]
    projects.built[moved] = state.month
    move(state, moved, Stage.LAND, Stage.BUILD)


def _build(state: State, rows: Ints) -> None:
    """Work of the month; BUILD -> DONE; finished plants become firms or enlarge them; the money is spent."""
    projects, boards = state.projects, state.boards
    here = rows[projects.stage[rows] == Stage.BUILD]
    construction = state.scenario[Construction]
    spending = np.zeros((state.world.county_count, state.world.product_count))
    if len(here) and boards.work_progress is not None:
        work = extended(boards.work_progress, len(projects))[here]
        left = np.maximum(projects.forced_production[here] - state.month + 1, 1)
        forced = projects.forced_production[here] >= 0
        work = np.minimum(np.where(forced, projects.work_left[here] / left, work), projects.work_left[here])
        share = work / projects.work[here]
        projects.work_left[here] -= work
        cost = projects.investment[here] * share
        projects.invested[here] += cost
        paid = cost * (1.0 + construction.service_overrun * projects.service[here])
        projects.spent[here] += paid
        the_ledger(state).project_work = float(paid.sum())
        _grants(state, here, cost, paid)
        spending += investment_demand(state, projects.county[here], projects.product[here], paid)
        done = here[projects.work_left[here] <= 1e-9 * projects.work[here]]
        projects.done[done] = state.month
        projects.work_left[done] = 0.0
        projects.invested[done] = projects.investment[done]
        move(state, done, Stage.BUILD, Stage.DONE)
        _births(state, done)
    state.spending = spending if state.incumbent_spending is None else spending + state.incumbent_spending


def _grants(state: State, rows: Ints, work: Floats, paid: Floats) -> None:
    """Counties pay the promised share of the work done, as far as they can; a graft is work of its firm.

    Args:
        state: with an open ledger.
        rows: projects that are being built.
        work: (n,) work of the month at the announced cost, M yuan.
        paid: (n,) the same with overrun.
    """
    projects, ledger, counties = state.projects, the_ledger(state), state.world.county_count
    county = projects.county[rows]
    promised = projects.incentive[rows] * work
    grant = promised * state.funded[county]
    projects.grant[rows] += grant
    by_county = sum_by(county, grant, counties)
    asked = sum_by(county, promised, counties)
    brought = np.flatnonzero(projects.top_up[rows] > 0)
    if len(brought):  # origins of enclaves grant more than the host
        here = rows[brought]
        origin, more = projects.origin[here], projects.top_up[here] * work[brought]
        topped = more * state.funded[origin]
        projects.grant[here] += topped
        projects.top_up_paid[here] += topped
        by_county = by_county + sum_by(origin, topped, counties)
        asked = asked + sum_by(origin, more, counties)
    state.budgets.grants_paid += by_county
    spend(state, "incentives", by_county)
    ledger.asked[:-1] += asked
    graft = projects.graft[rows]
    own = graft >= 0
    np.add.at(ledger.project_spending, graft[own], paid[own])
    np.add.at(ledger.project_grants, graft[own], grant[own])


def investment_demand(state: State, county: Ints, product: Ints, amount: Floats) -> Floats:
    """(C, K) money for construction, and for equipment for cells or machinery; the rest is spent outside."""
    world, construction = state.world, state.scenario[Construction]
    demand = np.zeros((world.county_count, world.product_count))
    demand[:, world.product("CONS")] = construction.spend_construction * sum_by(county, amount, world.county_count)
    cell = product == world.product("B_CELL")
    for kind, mask in (("B_EQPT", cell), ("MACH", ~cell)):
        demand[:, world.product(kind)] += construction.spend_equipment * sum_by(
            county[mask], amount[mask], world.county_count
        )
    return demand


def move(state: State, rows: Ints, start: Stage, end: Stage) -> None:
    """Projects step to their next stage; the ledger counts them."""
    ledger, projects = the_ledger(state), state.projects
    ledger.moves[start, end] += len(rows)
    np.add.at(ledger.entered, (np.full(len(rows), end), projects.channel[rows]), 1)
    projects.stage[rows] = end


def _births(state: State, done: Ints) -> None:
    """Finished projects: grafts enlarge their incumbent, all others become a firm on their land."""
    projects, firms, ledger, technology = state.projects, state.firms, the_ledger(state), state.technology
    graft = done[projects.graft[done] >= 0]
    finish_upgrades(state, graft)
    np.add.at(firms.capital, projects.graft[graft], projects.investment[graft])
    np.add.at(ledger.invested, projects.graft[graft], projects.investment[graft])
    new = done[projects.graft[done] < 0]
    if not len(new):
        return
    product, county = projects.product[new], projects.county[new]
    own = projects.leader[new] >= 0
    market = state.markets_of_product[product]
    margin = unit_margins(state)[product]
    capital = projects.investment[new] + projects.moved[new]
    sales = capital / projects.capital_intensity[new] / YEAR
    sales = sales * state.markets.price[product] / state.markets.price_level
    first = sales * ramp(np.ones(len(new)), state.scenario[Projects].ramp_tau)  # what the plant can sell in month 1
    cash = state.scenario[FirmSettings].working_cash * first * (1.0 - margin)  # founders bring it along
    ledger.endowed += float(cash.sum())
    planned = projects.leader[new] * HORIZON + projects.born[new] - 1
    dated = len(state.leaders) * HORIZON + projects.event[new]
    own_slots = state.own_slots + np.where(projects.event[new] >= 0, dated, planned)
    slots = np.where(own, own_slots, projects.slot[new])
    rows = firms.append(
        len(new),
        county=county,
        park=projects.park[new],
        product=product,
        node=county * state.world.product_count + product,
        leader=projects.leader[new],
        parent=projects.parent[new],
        slot=slots,
        birth=state.month,
        capital=capital,
        capital_intensity=projects.capital_intensity[new],
        productivity=np.where(own, 1.0, projects.productivity[new]),
        quality=_quality(state, projects.quality[new], county, own),
        jobs_intensity=frontier_jobs(state)[product],
        skill_share=state.people.skill_share[county],
        energy_intensity=technology.energy[product],
        land=projects.land_held[new],
        plot=capital,
        outside_share=np.where(own, state.leader_outside_shares[product], state.outside_shares[product]),
        market=market,
        market_reference=state.markets.volume[market],
        unit_cost=state.markets.price[product],
        margin12=np.repeat(margin[:, None], YEAR, axis=1),
        cash=cash,
    )
    ledger.invested = np.concatenate([ledger.invested, capital])
    ledger.scrapped = np.concatenate([ledger.scrapped, np.zeros(len(new))])
    ledger.births += len(new)
    start_contracts(state, new, rows)
    projects.land_held[new] = 0.0
    Connection(state.scenario[Sourcing]).connect(state, rows)
    _won_customers(state, rows, projects.event[new] >= 0)


def _quality(state: State, quality: Floats, county: Ints, own: Bools) -> Floats:
    """(n,) quality of new firms: higher where talent is plentiful; leaders bring their own.

    Args:
        state: talent of the counties.
        quality: (n,) of the projects, 0-1.
        county: (n,) their counties.
        own: (n,) plants of leaders.
    """
    better = state.scenario[Talent].new_quality * np.log(state.counties.talent[county])
    return np.where(own, quality, np.clip(quality + better, 0.0, 1.0))


def _won_customers(state: State, rows: Ints, dated: Bools) -> None:
    """A dated plant was built for customers that its leader had won: its share rises by what fills u_star of the plant.

    So a leader that enters by event starts with the share of its first plant, and a leader that doubled its plants did
    so because it was doubling its sales. Plants that leaders plan in the model follow orders and win none.
    """
    leaders, firms = state.leaders, state.firms
    target = state.scenario[Leaders].utilisation_target
    for row in rows[dated]:
        group = int(firms.leader[row])
        if group >= 0 and firms.product[row] == leaders.product[group]:
            annual = float(nameplate(state, np.array([row]))[0]) * YEAR
            volume = state.markets.volume[leaders.market[group]] * leaders.unit_value[group]
            before = leaders.share[group] if leaders.active[group] else 0.0
            leaders.share[group] = min(before + target * annual / volume, 1.0)
            if not leaders.active[group]:
                leaders.share_opening[group] = leaders.share[group]
                leaders.active[group] = True
