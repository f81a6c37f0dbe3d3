"""WORLD, PROPOSE and PLACE: markets, leads, signing and failure of projects.

Model description, sections 9.3 and 9.6.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms.construction import Construction, work_of
from sim.mechanisms.demand import OPENING
from sim.mechanisms.enclave import parks_for_leads
from sim.mechanisms.land import Land
from sim.mechanisms.leaders import Leaders
from sim.mechanisms.linkage import Linkage, partner_matrix
from sim.mechanisms.location import (
    Location,
    capacity_by_county,
    inclusive_value,
    logistic,
    room_left,
    worth_to_leads,
)
from sim.mechanisms.promotion import plan_pressure
from sim.resolvers.enclaves import brought_by, sign_contracts
from sim.resolvers.ledger import sell_land, spend, the_ledger
from sim.state import Channel, Stage, State

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def resolve_world(state: State, streams: Streams) -> None:
    """Markets, prices and rain of the month; slots are handed out; how far signing lags behind the plan of the year."""
    del streams
    boards, markets = state.boards, state.markets
    if boards.components is not None and boards.volume is not None:
        markets.components, markets.volume = boards.components, boards.volume
    if boards.commodity is not None and boards.price is not None:
        markets.price_level_before = markets.price_level
        markets.commodity, markets.price, markets.price_level = boards.commodity, boards.price, boards.price_level
        assert boards.conversion is not None
        assert boards.experience is not None
        markets.conversion, markets.material_factor = boards.conversion, boards.material_factor
        markets.experience = boards.experience
    if boards.rain is not None:
        markets.rain = boards.rain
    if boards.candidates is not None:
        state.slots += len(boards.candidates)
        the_ledger(state).candidates = len(boards.candidates)
    calendar = (OPENING + state.month).month
    if calendar == 1:
        state.signed_this_year = 0.0
    state.pressure = plan_pressure(state.signed_this_year, state.lever("promotion.plan_target"), calendar - 1)


def resolve_propose(state: State, streams: Streams) -> None:
    """Order books; leads are counted; leaders' own plants are signed; rival sites grow."""
    boards, rows, ledger = state.boards, state.leaders, the_ledger(state)
    if boards.share is not None and boards.orders is not None:
        rows.share = boards.share
        rows.ordered = boards.orders + rows.backlog
        rows.annual_orders[:, (state.month - 1) % rows.annual_orders.shape[1]] = boards.orders
    if boards.effort is not None:
        state.effort = boards.effort
    if boards.incentive is not None:
        state.counties.incentive = boards.incentive
    ledger.thinned = boards.thinned
    ledger.leads = sum(len(leads["product"]) for leads in boards.leads)
    if boards.capped:
        state.events.append(f"{state.month}: {boards.capped} lead rates above the candidate pool were capped")
    luck = streams.draw("projects.own", state.month).random(len(rows))
    for columns in boards.own_projects:
        _sign_own(state, columns, float(luck[columns["leader"]]))
    if boards.rival_building is not None and boards.rival_noise is not None:
        rivals = state.rivals
        finished = rivals.building / state.scenario[Leaders].rival_build
        rivals.capacity = rivals.capacity + finished
        rivals.building = rivals.building - finished + boards.rival_building
        rivals.noise = boards.rival_noise


def _sign_own(state: State, columns: dict[str, Any], luck: float) -> None:
    """A leader's own plant is signed at once; a dated plant brings its own land."""
    columns = dict(columns)
    serviced, done = float(columns.pop("serviced", 0.0)), float(columns.pop("done", 0.0))
    settled = bool(columns.get("land_settled", False))
    promised = 0.0 if settled else float(state.counties.incentive[int(columns["county"])])
    construction = state.scenario[Construction]
    work = float(work_of(np.array([columns["investment"]]), np.ones(1), construction)[0])
    row = state.projects.append(
        1,
        stage=Stage.SIGNED,
        channel=Channel.OWN,
        work=work,
        work_left=work * (1.0 - done),
        invested=columns["investment"] * done,
        requisition_luck=0.75 + 0.5 * luck,
        born=state.month,
        signed=state.month,
        **{"incentive": promised, **columns},
    )
    state.signed_this_year += float(columns["investment"])
    ledger = the_ledger(state)
    ledger.own += 1
    ledger.entered[Stage.SIGNED, Channel.OWN] += 1
    if "event" in columns:
        _event_land(state, int(row[0]), float(columns["land"]), serviced)


def _event_land(state: State, row: int, land: float, serviced: float) -> None:
    """Free land of the park first, then new land; serviced land for suppliers besides. A full plan is widened."""
    parks, park, ledger = state.parks, int(state.projects.park[row]), the_ledger(state)
    new = max(land - max(float(parks.free[park]), 0.0), 0.0) + serviced
    lack = parks.developed[park] + new - parks.planned[park]
    if lack > 0:  # history shows that the plant was built, so the plan was widened
        parks.planned[park] += lack
        state.events.append(f"{state.month}: {state.world.parks[park]} widened by {lack:.0f} mu for a dated plant")
    parks.developed[park] += new
    parks.occupied[park] += land
    if serviced > 0:
        parks.serviced[park] += serviced
        parks.serviced_chain[park] = state.world.chain[state.projects.product[row]]
    ledger.developed_by_event += new
    cost = np.zeros(state.world.county_count)
    due = 0.0 if state.projects.land_settled[row] else new
    cost[state.world.park_county[park]] = state.scenario[Land].dev_cost * due
    spend(state, "land development", cost)
    ledger.asked[:-1] += cost
    state.projects.land_held[row] = land


def resolve_place(state: State, streams: Streams) -> None:
    """Leads are resolved in the order drawn with the candidates; land is updated after each; failed projects leave."""
    del streams
    boards, projects = state.boards, state.projects
    if boards.project_service is not None and boards.county_service is not None:
        projects.service = boards.project_service
        state.counties.service, state.reform = boards.county_service, boards.reform
    if boards.failed is not None and boards.survival is not None:
        projects.survival = boards.survival
        fail(state, np.flatnonzero(boards.failed))
    if boards.outside_value is not None:
        state.outside_value = boards.outside_value
    if boards.offered is not None:
        state.budgets.offered = boards.offered
    if boards.leads:
        _resolve_leads(state)


def fail(state: State, rows: Ints) -> None:
    """Projects that fail give their land back, and the county gives back what it was paid for it."""
    projects, parks, ledger = state.projects, state.parks, the_ledger(state)
    held = rows[projects.land_held[rows] > 0]
    ready = held[projects.serviced_land[held] & (projects.channel[held] != Channel.NORMAL)]
    released = projects.released_land[held]
    np.add.at(parks.serviced, projects.park[ready], projects.land_held[ready] - projects.released_land[ready])
    np.add.at(parks.released, projects.park[held], released)
    np.add.at(parks.occupied, projects.park[held], -projects.land_held[held])
    projects.land_held[held] = projects.released_land[held] = 0.0
    sell_land(state, projects.county[rows], -projects.land_paid[rows])
    projects.land_paid[rows] = 0.0
    np.add.at(ledger.moves, (projects.stage[rows], np.full(len(rows), Stage.FAILED)), 1)
    np.add.at(ledger.entered, (np.full(len(rows), Stage.FAILED), projects.channel[rows]), 1)
    projects.stage[rows] = Stage.FAILED


def _resolve_leads(state: State) -> None:
    """Sign or lose each lead and give it a park."""
    leads = state.boards.leads[0]
    size = len(leads["product"])
    q = state.scenario[Location]
    utility = np.sum(state.boards.appeal, axis=0)
    admitted, allowed = parks_for_leads(state)
    refused = np.logical_or.reduce([np.zeros(size, dtype=bool), *state.boards.refused])
    pool = state.boards.candidates
    assert pool is not None
    taste = pool.taste(leads["candidate"])
    room = room_left(state)
    park, signed = np.full(size, -1, dtype=np.int64), np.zeros(size, dtype=bool)
    fits = allowed & (room >= leads["land"][:, None])
    value = inclusive_value(utility, fits, q.nest)
    normal, graft = leads["channel"] == Channel.NORMAL, leads["graft"] >= 0
    score = utility / q.nest + taste
    answer = (state.outside_value - state.outside_value_mean)[leads["product"]]  # grants elsewhere, worth to whom?
    elsewhere = state.outside_value_mean[leads["product"]] + worth_to_leads(state, leads["productivity"]) * answer
    chance, at_home = logistic(q.sign_const + value - elsewhere), float(logistic(np.array(q.sign_const)))
    order = np.argsort(pool.order[leads["candidate"]])
    order = order[~refused[order]]
    entering = order[normal[order]]  # takes land that is there already, the others wait for theirs: they do not meet
    park[entering] = _place_normal(state, *(leads[name][entering] for name in ("product", "place", "land")))
    signed[entering] = park[entering] >= 0
    luck, land = leads["luck_sign"].tolist(), leads["land"]
    for row in order[~normal[order]].tolist():
        if graft[row]:
            park[row] = state.firms.park[leads["graft"][row]]
            signed[row] = luck[row] < at_home
        elif luck[row] < chance[row]:  # 0 where it fits nowhere
            signed[row] = True
            taken = park[row] = int(np.where(fits[row], score[row], -np.inf).argmax())
            room[taken] -= land[row]
            shut = np.flatnonzero(fits[:, taken] & (room[taken] < land))  # what is left is too small for these
            if len(shut):
                fits[shut, taken] = False
                value[shut] = inclusive_value(utility[shut], fits[shut], q.nest)
                chance[shut] = logistic(q.sign_const + value[shut] - elsewhere[shut])
    origin, top_up = brought_by(state, park, signed, admitted)
    rows = _append_leads(state, leads, park, signed, origin, top_up)
    sign_contracts(state, rows)


def _place_normal(state: State, product: Ints, luck: Floats, land: Floats) -> Ints:
    """(n,) park of each normal entry, -1 without land: idle plots, then free, then released land, one after the other.

    Each goes to a county drawn by its share of the capacity of the product. The land changes hands at once: such a firm
    needs no offer and no requisition.

    Args:
        state: parks.
        product: (n,) product of each entry, in the order in which they come.
        luck: (n,) uniform that picks the county.
        land: (n,) mu.
    """
    world, parks = state.world, state.parks
    found = np.full(len(product), -1, dtype=np.int64)
    ladder = np.cumsum(capacity_by_county(state), axis=0)[:, product]  # (C, n)
    rung = (ladder < luck * ladder[-1]).sum(axis=0)
    counties = np.where(ladder[-1] > 0, np.minimum(rung, world.county_count - 1), -1)
    members: list[list[int]] = [[] for _ in range(world.county_count)]
    for park, county in enumerate(world.park_county.tolist()):
        members[county].append(park)
    # Plain numbers: there may be hundreds of entries, each looks at a few parks, and what one takes the next must see.
    idle, occupied, released = parks.idle.tolist(), parks.occupied.tolist(), parks.released.tolist()
    clearing = parks.clearing.sum(axis=1).tolist()
    fixed = list(zip(parks.developed.tolist(), parks.serviced.tolist(), strict=True))

    def free(park: int) -> float:
        developed, serviced = fixed[park]
        return float(developed - occupied[park] - idle[park] - released[park] - serviced)

    def open_plots(park: int) -> float:
        return float(idle[park] - clearing[park])

    for entry, (county, mu) in enumerate(zip(counties.tolist(), land.tolist(), strict=True)):
        if county < 0:
            continue
        park = max(members[county], key=open_plots)
        if open_plots(park) >= mu:
            idle[park] -= mu
        elif free(park := max(members[county], key=free)) < mu:
            park = max(members[county], key=released.__getitem__)
            if released[park] < mu:
                continue
            released[park] -= mu
        occupied[park] += mu
        found[entry] = park
    parks.idle[:], parks.occupied[:], parks.released[:] = idle, occupied, released
    return found


def _append_leads(
    state: State, leads: dict[str, NDArray[Any]], park: Ints, signed: Bools, origin: Ints, top_up: Floats
) -> Ints:
    """Leads become project rows: signed or lost; gives their rows."""
    projects, ledger, size = state.projects, the_ledger(state), len(park)
    normal = leads["channel"] == Channel.NORMAL
    held = np.where(normal & signed, leads["land"], 0.0)
    work = work_of(leads["investment"], leads["work_luck"], state.scenario[Construction])
    offers = state.boards.offers[0] if state.boards.offers else np.tile(state.counties.incentive, (size, 1))
    names: tuple[str, ...] = ("channel", "product", "sponsor", "graft", "parent", "slot", "investment")
    names += ("capital_intensity", "announced_output", "land", "quality")
    names += ("requisition_luck", "failure_luck")
    county = np.where(park >= 0, state.world.park_county[np.maximum(park, 0)], -1)
    graft = leads["graft"] >= 0
    productivity = np.asarray(leads["productivity"], dtype=np.float64)
    if state.boards.referred:
        by, linkage = state.boards.referred[0], state.scenario[Linkage]
        came = signed & (by >= 0) & partner_matrix(linkage, state.world)[by, county]
        productivity = np.where(came, 1.0 - linkage.referral_productivity_loss, 1.0) * productivity
    county = np.where(graft, state.firms.county[np.maximum(leads["graft"], 0)], county)
    rows = projects.append(
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
        productivity=productivity,
        incentive=np.where(signed & ~normal, offers[np.arange(size), np.maximum(county, 0)], 0.0),
        origin=origin,
        top_up=top_up,
        **{name: leads[name] for name in names},
    )
    ledger.signed, ledger.lost = int(signed.sum()), int((~signed).sum())
    np.add.at(ledger.entered, (np.full(size, Stage.LEAD), leads["channel"]), 1)
    np.add.at(ledger.entered, (np.where(signed, Stage.SIGNED, Stage.LOST), leads["channel"]), 1)
    planned = signed & ~normal
    state.signed_this_year += float(leads["investment"][planned].sum())
    return rows
