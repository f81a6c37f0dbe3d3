"""GROW and CLOSE: capital, productivity and exits; wages and residents of next month.

Model description, sections 9.11, 9.13 and 9.15.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms.demand import OPENING
from sim.mechanisms.firms import Firms as FirmSettings
from sim.mechanisms.firms import reference_after
from sim.mechanisms.labour import mean_wage
from sim.mechanisms.linkage import Linkage
from sim.mechanisms.talent import HIGH, talent_per_job, usual_talent
from sim.resolvers.accounts_of_firms import close_accounts, settle_month
from sim.resolvers.building import investment_demand
from sim.resolvers.funnel import fail
from sim.resolvers.land_reform import clear, pay_for_land, release_cleared, sign_moves, sign_upgrades
from sim.resolvers.ledger import pay_households, sell_land, spend, spend_earmarked, the_ledger
from sim.state import Firms, LandReformPlan, Stage, State, talent_of
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def resolve_grow(state: State, streams: Streams) -> None:
    """Capital and productivity of next month; what incumbents order is built next month."""
    del streams
    boards, firms, ledger, parks = state.boards, state.firms, the_ledger(state), state.parks
    if boards.investment is not None and boards.scrapped is not None and boards.land_taken is not None:
        ledger.invested = ledger.invested + boards.investment
        ledger.scrapped = ledger.scrapped + boards.scrapped
        firms.market_reference = reference_after(
            firms.market_reference,
            firms.capital,
            boards.investment - boards.scrapped,
            state.scenario[FirmSettings].new_customers,
        )
        firms.capital = firms.capital + boards.investment - boards.scrapped
        land = np.where(firms.park >= 0, boards.land_taken, 0.0)
        firms.plot = firms.plot * np.divide(
            firms.land + land, firms.land, out=np.ones(len(firms)), where=firms.land > 0
        )
        firms.land = firms.land + land
        np.add.at(parks.occupied, firms.park[land > 0], land[land > 0])
        parks.serviced = np.minimum(parks.serviced, np.maximum(parks.free, 0.0))
        _pay(state, boards.investment, land)
        state.incumbent_spending = investment_demand(state, firms.county, firms.product, boards.investment)
        state.prepaid = float(boards.investment.sum())
    if boards.productivity_growth is not None:
        firms.productivity = firms.productivity * np.exp(boards.productivity_growth)
    if boards.cluster_growth is not None and boards.frontier_growth is not None:
        assert boards.settled_jobs is not None
        assert boards.crowding is not None
        firms.productivity = firms.productivity * np.exp(boards.cluster_growth)
        firms.settled_jobs, parks.crowding = boards.settled_jobs, boards.crowding
        state.markets.frontier = state.markets.frontier * np.exp(boards.frontier_growth)
        firms.jobs_intensity = firms.jobs_intensity * np.exp(-boards.frontier_growth)[firms.product]
    settle_month(state)
    _people(state)


def _pay(state: State, investment: Floats, land: Floats) -> None:
    """Firms pay for their investment, and the county for the land they take.

    Args:
        state: parks and accounts of firms.
        investment: (F,) M yuan.
        land: (F,) mu.
    """
    firms, books = state.firms, state.firm_accounts
    paid = land * state.parks.price[np.maximum(firms.park, 0)]
    firms.land_paid = firms.land_paid + paid
    sell_land(state, firms.county, paid)
    if books is not None:
        books.invested, books.land = investment, paid


def _people(state: State) -> None:
    """Wages and residents of next month."""
    boards, people, counties, ledger = state.boards, state.people, state.counties, the_ledger(state)
    if boards.wage is not None:
        counties.wage_by_skill, people.national_wage = boards.wage, boards.national_wage
        assert boards.deepening is not None
        people.deepening = boards.deepening
        counties.wage = mean_wage(boards.wage, people.skill_share)
    if boards.moves is not None and boards.arrivals is not None and boards.departures is not None:
        assert boards.births_of_people is not None
        ledger.natural = boards.births_of_people
        ledger.arrived = boards.arrivals + boards.moves.sum(axis=1)
        ledger.departed = boards.departures + boards.moves.sum(axis=2)
        people.working_age = people.working_age + ledger.natural + ledger.arrived - ledger.departed
    _talent(state)
    _trained(state)


def _talent(state: State) -> None:
    """People who move because of the talent plan, and what it leaves behind."""
    boards, people, ledger = state.boards, state.people, the_ledger(state)
    if boards.talent is None or boards.talent_moves is None:
        return
    assert boards.talent_arrivals is not None
    assert boards.talent_departures is not None
    came = boards.talent_arrivals + boards.talent_moves.sum(axis=0)
    went = boards.talent_departures + boards.talent_moves.sum(axis=1)
    people.working_age = people.working_age.copy()
    people.working_age[HIGH] += came - went
    if ledger.arrived is not None and ledger.departed is not None:
        ledger.arrived[HIGH], ledger.departed[HIGH] = ledger.arrived[HIGH] + came, ledger.departed[HIGH] + went
    people.amenity = people.amenity + (boards.talent.amenity - talent_of(state).amenity)
    state.talent = boards.talent
    state.counties.talent = talent_per_job(usual_talent(state), boards.talent.extra)


def _trained(state: State) -> None:
    """Residents who were trained, and what it cost."""
    boards, people, ledger = state.boards, state.people, the_ledger(state)
    if boards.trained is not None and boards.trained.any():
        ledger.trained = boards.trained
        people.working_age = people.working_age + np.array([-boards.trained, boards.trained])
        cost = state.scenario[Linkage].training_cost * boards.trained
        spend(state, "training", cost)
        spend_earmarked(state, cost)
        pay_households(state, cost)


def resolve_close(state: State, streams: Streams) -> None:
    """Exits: capital is scrapped, land falls idle, links end, grafts on the firm fail. Then land reform."""
    del streams
    boards, parks = state.boards, state.parks
    parks.idle_least = np.minimum(parks.idle_least, parks.idle_plots)
    if boards.withdrawn is not None:
        fail(state, np.flatnonzero(boards.withdrawn))
    closing = [board for board in (boards.exits, boards.leaving) if board is not None]
    if closing:
        close_firms(state, np.flatnonzero(np.logical_or.reduce(closing)))
    release_cleared(state)
    if boards.land_reform is not None:
        _take_back(state, boards.land_reform)
    if (OPENING + state.month).month == 1:
        parks.idle_least = parks.idle_plots


def _take_back(state: State, plan: LandReformPlan) -> None:
    """Land reform: who has not closed by chance is paid and closes, moves or upgrades; the land is cleared."""
    firms, parks = state.firms, state.parks
    bought = np.flatnonzero(plan.bought & firms.alive)
    sign_upgrades(state, np.where(firms.alive, plan.upgraded, 0.0))
    moving = bought[plan.park[bought] >= 0]
    pay_for_land(state, plan, bought)
    sign_moves(state, moving, plan.park[moving])
    clear(state, plan.idle + sum_by(firms.park[bought], firms.land[bought], len(parks.planned)))
    close_firms(state, bought)


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
    close_accounts(state, rows)
    _empty(firms, rows)
    alive = firms.alive
    state.links.keep(alive[state.links.supplier] & alive[state.relations.buyer[state.links.relation]])
    closed = np.zeros(len(firms) + 1, dtype=np.bool_)  # the last stands for -1: no graft
    closed[rows] = True
    stopped = closed[projects.graft] & (projects.stage >= Stage.SIGNED) & (projects.stage <= Stage.BUILD)
    fail(state, np.flatnonzero(stopped))


def _empty(firms: Firms, rows: Ints) -> None:
    """Clear what a closed firm no longer has; this month's output stays counted."""
    firms.alive[rows] = False
    firms.capital[rows] = 0.0
    firms.land[rows] = 0.0
    firms.plot[rows] = 0.0
    firms.capacity[rows] = 0.0
