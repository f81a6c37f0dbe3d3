"""Location: leads are won or lost against other places and choose a park, with failure before building (section 9.6).

    V_jp = b_MA ln(1+MA_kp) + b_SA ln(1+SA_kp) + b_own ln(1+n_kp) - b_t min_to_sponsor
           - b_r ln(r_p/r_ref) - b_w ln(w_c/w_ref)
           + b_inc g_j inc_c + b_port port  (+ terms of zoning, service and later mechanisms)
    g_j = A_j^-psi / E[A^-psi] ,  E[A^-psi] = exp(psi^2 sd_A^2 / 2)                      worth of a grant to a lead
    MA_kp = sum_i need_ki exp(-b_m min_pi) ;  SA_kp = sum_q a_qk sum_j cap_j exp(-b_m min_pj)        (bn yuan a year)
    IV = lam_n ln sum exp(V/lam_n) ;  sign if u_sign < Lam(a0 + IV - V_out,k) ;  park = argmax of V/lam_n + Gumbel
    V_out(t+1) = Vbar + rho_V (V_out - Vbar) + (1 - rho_V) rho_inc b_inc (inc_city - inc_ref)^+
    V_out to j = Vbar + g_j (V_out - Vbar)
    failure per month in SIGNED and LAND: h_fail exp(m at signing) (1 + unfunded share of the promised incentive)

The parks of a county share its minutes. Counties decide whom to admit (the screen of tax per mu and, short of land, a
stricter one of their own); spin-offs stay in the county of their parent with probability p_home; grafts skip the park
choice, normal entry is placed by its county. Counties that would take a lead outbid one another for it
(:mod:`sim.mechanisms.fiscal`); other places that are outbid match the share rho_inc of the difference, in the end, and
take nothing back where this city offers less than they do (it is one of many). Without the factor 1 - rho_V they would
answer a lasting offer 1 / (1 - rho_V) = 20 times over.

A grant is set beside profit, so it decides for the firms that earn least: whoever wins with grants wins weaker firms
(Baldwin & Okubo 2006, recalled). g_j is 1 on average, here and elsewhere.

Reads access, land prices, wages, incentives. Writes: appeal, allowed, offers, offered, outside_value, failed, survival.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.fiscal import Race, competing_counties
from sim.mechanisms.prices import chain_inputs, input_coefficients
from sim.parameters import Parameters, parameter
from sim.settings import Opening
from sim.state import YEAR, Channel, Stage, State, read_once
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Location(Parameters):
    """Weights of the choice among parks, signing and failure."""

    table: ClassVar[str] = "location"

    outside_value_persist: float = parameter(
        0.95,
        symbol="rho_V",
        unit="per month",
        low=0.85,
        high=0.99,
        grade="assumed",
        source="assumption",
    )
    rival_response: float = parameter(
        0.5,
        symbol="rho_inc",
        unit="share of what is offered beyond theirs that rivals come to match",
        low=0.2,
        high=0.9,
        grade="assumed",
        source="assumption; direction Wang 2013 later zones more distortion",
        published="2013",
    )
    sign_const: float = parameter(
        -0.5,
        symbol="a0",
        unit="utility",
        low=-2.0,
        high=1.0,
        grade="calibrate",
        source="to calibrate to P_sign",
        newest_fact="2018-04",
    )
    fail_monthly: float = parameter(
        0.03,
        symbol="h_fail",
        unit="probability per month in SIGNED or LAND",
        low=0.01,
        high=0.06,
        grade="calibrate",
        source="identified by target.started_in_year_one and target.producing_in_5y",
        newest_fact="2018-05",
        published="2018-05",
    )
    market_access: float = parameter(
        0.6,
        symbol="b_MA",
        unit="utility per ln local buyers",
        low=0.2,
        high=1.2,
        grade="calibrate",
        source="direction: Amiti & Javorcik 2008; value to calibrate",
        published="2008",
    )
    supplier_access: float = parameter(
        0.45,
        symbol="b_SA",
        unit="utility per ln local suppliers",
        low=0.1,
        high=1.0,
        grade="assumed",
        source="direction: Amiti & Javorcik 2008",
        published="2008",
    )
    own_agglomeration: float = parameter(
        0.2,
        symbol="b_own",
        unit="utility per ln(1+n)",
        low=0.0,
        high=0.6,
        grade="assumed",
        source="same-industry weaker than upstream (Hu et al. 2015)",
        published="2015",
    )
    leader_time: float = parameter(
        0.025,
        symbol="b_t",
        unit="utility per minute to leader",
        low=0.01,
        high=0.05,
        grade="assumed",
        source=(
            "direction: Klier & McMillen 2008; value assumption; synthetic check gives mountain share .29"
            " at .012, .15 at .025, .11 at .03"
        ),
        published="2008",
    )
    market_decay: float = parameter(
        0.012,
        symbol="b_m",
        unit="per minute, in market and supplier access",
        low=0.006,
        high=0.03,
        grade="assumed",
        source="assumption; used in synthetic location check",
    )
    land_price: float = parameter(
        0.35,
        symbol="b_r",
        unit="utility per ln land price",
        low=0.1,
        high=0.8,
        grade="assumed",
        source="assumption",
    )
    wage: float = parameter(
        0.8,
        symbol="b_w",
        unit="utility per ln wage",
        low=0.2,
        high=1.5,
        grade="assumed",
        source="assumption",
    )
    incentive: float = parameter(
        6.0,
        symbol="b_inc",
        unit="utility per unit of investment share",
        low=2,
        high=12,
        grade="recalled",
        source="recalled: tax elasticities of location -0.2 to -0.6",
    )
    grant_selection: float = parameter(
        5.0,
        symbol="psi",
        unit="elasticity of the worth of a grant to productivity, with the sign turned",
        low=0,
        high=10,
        grade="assumed",
        source=(
            "assumption: with a margin of a tenth to a fifth of sales, profit moves five to ten times as much as "
            "productivity; direction recalled: Baldwin & Okubo 2006"
        ),
        published="2006",
    )
    service: float = parameter(
        0.4,
        symbol="b_s",
        unit="utility per unit service",
        low=0.0,
        high=0.8,
        grade="assumed",
        source="assumption",
    )
    zone_fit: float = parameter(
        0.8,
        symbol="b_z",
        unit="utility per unit fit",
        low=0.0,
        high=2.0,
        grade="assumed",
        source="assumption",
    )
    port: float = parameter(
        0.5,
        symbol="b_port",
        unit="utility, bulk nodes only",
        low=0.0,
        high=1.0,
        grade="assumed",
        source="assumption (Wanwu chosen for location, wharves, environment: published)",
    )
    nest: float = parameter(
        0.6,
        symbol="lam_n",
        unit="nest parameter",
        low=0.4,
        high=1.0,
        grade="assumed",
        source="assumption",
    )
    linked_transfer_bonus: float = parameter(
        0.3,
        symbol="u_link",
        unit="utility of a partner's park for a lead passed on",
        low=0.0,
        high=1.0,
        grade="assumed",
        source="assumption",
    )
    scarce_land: float = parameter(
        0.1,
        symbol="l_scarce",
        unit="share of planned land left below which a county picks its projects",
        low=0.0,
        high=0.3,
        grade="assumed",
        source="assumption",
    )
    picky: float = parameter(
        1.3,
        symbol="x_scarce",
        unit="times the city's screen that a county short of land asks for",
        low=1.0,
        high=2.0,
        grade="assumed",
        source="assumption: at the default screen this leaves out the legacy products, which yield least per mu",
    )


BILLION = 1000.0
"""M yuan in a bn yuan."""


def logistic(value: Floats) -> Floats:
    """Lam(u) = 1 / (1 + exp(-u))."""
    return np.asarray(1.0 / (1.0 + np.exp(-value)))


def inclusive_value(utility: Floats, allowed: Bools, nest: float) -> Floats:
    """IV = lam_n ln sum exp(V / lam_n) over the allowed alternatives; -inf where none is allowed.

    Args:
        utility: (J, P) V.
        allowed: (J, P) mask.
        nest: lam_n in (0, 1].
    """
    scaled = np.where(allowed, utility / nest, -np.inf)
    top = scaled.max(axis=1, initial=-np.inf)
    safe = np.where(np.isfinite(top), top, 0.0)
    total = np.exp(scaled - safe[:, None]).sum(axis=1)
    with np.errstate(divide="ignore"):
        return np.asarray(nest * (safe + np.log(total)))


def market_access(minutes: Floats, need: Floats, decay: float) -> Floats:
    """(C, K) sum over counties of need (C, K; bn yuan a year) discounted by exp(-b_m minutes)."""
    return np.asarray(np.exp(-decay * minutes) @ need)


@read_once
def needs_by_county(state: State) -> Floats:
    """(C, K) annual home need of each product by county, bn yuan."""
    firms, size = state.firms, state.world.product_count
    output = sum_by(firms.node, firms.output, state.node_count) * YEAR / BILLION
    need = input_coefficients(state) * output[None, :]
    return np.asarray(need.reshape(size, -1, size).sum(axis=2).T)


def capacity_by_county(state: State) -> Floats:
    """(C, K) annual capacity of operating firms by county, bn yuan; blocks by their output."""
    firms = state.firms
    weight = np.where(firms.block, firms.output, firms.capacity) * firms.alive * YEAR / BILLION
    return sum_by(firms.node, weight, state.node_count).reshape(-1, state.world.product_count)


def firms_by_park(state: State) -> Floats:
    """(P, K) number of operating firms of a product in a park."""
    firms, size = state.firms, state.world.product_count
    here = firms.alive & (firms.park >= 0) & ~firms.fringe
    cell = firms.park[here] * size + firms.product[here]
    return np.bincount(cell, minlength=len(state.parks.planned) * size).reshape(-1, size).astype(float)


@read_once
def sponsor_county(state: State) -> Ints:
    """(G,) county of the largest home plant of each leader, -1 without one (then of its plant being built)."""
    firms, projects = state.firms, state.projects
    found = np.full(len(state.leaders), -1, dtype=np.int64)
    plants = np.flatnonzero(firms.alive & (firms.leader >= 0))
    building = np.flatnonzero((projects.leader >= 0) & (projects.stage <= Stage.BUILD))
    # Of several rows of a leader the last one written stays: the first plant under way, then the largest at work.
    found[projects.leader[building][::-1]] = projects.county[building][::-1]
    rising = plants[np.lexsort((-plants, firms.capital[plants]))]
    found[firms.leader[rising]] = firms.county[rising]
    return found


def neighbours(state: State, location: Location) -> Floats:
    """(P, K) the terms of V that come from buyers, suppliers and firms of the same trade."""
    q, world = location, state.world
    county = world.park_county
    buyers = market_access(state.minutes, needs_by_county(state), q.market_decay)
    sellers = market_access(state.minutes, capacity_by_county(state), q.market_decay)
    inputs = chain_inputs(state)
    suppliers = sellers @ inputs
    same = firms_by_park(state)
    return np.asarray(
        q.market_access * np.log1p(buyers)[county]
        + q.supplier_access * np.log1p(suppliers)[county]
        + q.own_agglomeration * np.log1p(same)
    )


@read_once
def place_terms(state: State) -> Floats:
    """(P, K) :func:`neighbours` with the weights of the scenario."""
    return neighbours(state, state.scenario[Location])


def grant_worth(productivity: Floats, spread: float, selection: float) -> Floats:
    """g_j = A_j^-psi / E[A^-psi]: what a grant is worth to a firm beside what it is worth to the average one.

    Args:
        productivity: (J,) A_j, lognormal with mean 0 of ln A.
        spread: sd_A, standard deviation of ln A.
        selection: psi.
    """
    return np.asarray(productivity**-selection * np.exp(-0.5 * (selection * spread) ** 2))


def worth_to_leads(state: State, productivity: NDArray[Any]) -> Floats:
    """(J,) :func:`grant_worth` with the values of the scenario."""
    spread = state.scenario[Opening].productivity_spread
    return grant_worth(np.asarray(productivity, dtype=np.float64), spread, state.scenario[Location].grant_selection)


def base_utility(
    state: State,
    location: Location,
    product: Ints,
    sponsor: Ints,
    rent: Floats,
    wage: Floats,
    worth: Floats | None = None,
) -> Floats:
    """(J, P) V without the terms of other mechanisms.

    Args:
        state: firms, parks, counties.
        location: parameters.
        product: (J,) product of each lead.
        sponsor: (J,) leader that vouches for it, -1 without.
        rent: (P,) land price relative to the city mean at opening.
        wage: (C,) wage relative to the city mean at opening.
        worth: (J,) g_j, what a grant is worth to each lead; all 1 if not given.
    """
    q, world = location, state.world
    county = world.park_county
    place = place_terms(state) if q is state.scenario[Location] else neighbours(state, q)
    weight = np.ones(len(product)) if worth is None else worth
    grant = q.incentive * state.counties.incentive[county]
    fixed = -q.land_price * np.log(rent) - q.wage * np.log(wage)[county]
    value = place.T[product] + fixed[None, :] + weight[:, None] * grant[None, :]
    value = value + q.port * (world.port[product][:, None] & world.park_port[None, :])
    home = np.append(sponsor_county(state), -1)[sponsor]
    minutes = np.where(home[:, None] >= 0, state.minutes[home][:, county], 0.0)
    return np.asarray(value - q.leader_time * minutes)


def physical_mask(state: State, product: Ints, land: Floats) -> Bools:
    """(J, P) parks that have or can develop the land, and a port where the product needs one.

    Of town plots only land that land reform has released is on offer.
    """
    world, parks = state.world, state.parks
    room = room_left(state)
    enough = room[None, :] >= land[:, None]
    port = ~world.port[product][:, None] | world.park_port[None, :]
    named = np.arange(len(room)) < len(room) - world.county_count
    on_offer = np.asarray(named[None, :])
    if parks.released[~named].any():
        on_offer = named[None, :] | (parks.released - committed_land(state) >= land[:, None])
    return np.asarray(enough & port & on_offer)


def room_left(state: State) -> Floats:
    """(P,) land that a park can still give to new projects: undeveloped, free and released, less what is promised."""
    parks = state.parks
    return np.asarray(parks.planned - parks.developed + parks.on_offer - committed_land(state))


def share_left(state: State) -> Floats:
    """(C,) :func:`room_left` of a county over its planned land, town plots counted; a plan is at least 1 mu."""
    size, where = state.world.county_count, state.world.park_county
    return sum_by(where, room_left(state), size) / np.maximum(sum_by(where, state.parks.planned, size), 1.0)


@read_once
def committed_land(state: State) -> Floats:
    """(P,) land that signed projects wait for, mu."""
    projects = state.projects
    signed = np.flatnonzero(projects.stage == Stage.SIGNED)
    waiting = signed[(projects.graft[signed] < 0) & (projects.land_held[signed] <= 0)]
    return sum_by(projects.park[waiting], projects.land[waiting], len(state.parks.planned))


class ParkChoice:
    """Writes the utilities and masks of the month's leads; counties decide whom to admit."""

    phase: ClassVar[Phase] = Phase.PLACE
    writes: ClassVar[tuple[str, ...]] = ("appeal", "allowed", "offers", "offered", "outside_value")

    def __init__(self, location: Location, plan_pressure: float, rival_incentive: float, race: Race) -> None:
        """Keep the parameters.

        Args:
            location: parameters of this table.
            plan_pressure: xi_m, how much pressure relaxes the screen.
            rival_incentive: inc_ref, grant share of rivals.
            race: how counties outbid one another.
        """
        self.location, self.relaxation, self.rival_incentive = location, plan_pressure, rival_incentive
        self.race = race

    def step(self, state: State, streams: Streams) -> None:
        """Offers to all leads that look for a park, their utilities, and V_out."""
        del streams
        q = self.location
        city = float(state.counties.incentive.mean()) if state.public is None else state.public.offered
        state.boards.outside_value = (
            state.outside_value_mean
            + q.outside_value_persist * (state.outside_value - state.outside_value_mean)
            + (1.0 - q.outside_value_persist) * q.rival_response * q.incentive * max(city - self.rival_incentive, 0.0)
        )
        for leads in state.boards.leads:
            rent, wage = relative_prices(state)
            allowed = physical_mask(state, leads["product"], leads["land"]) & self._admitted(state, leads)
            takers = competing_counties(allowed, state.world.park_county, state.world.county_count)
            offers = self.race.offers(state, takers.sum(axis=1).astype(float))
            worth = worth_to_leads(state, leads["productivity"])
            raised = q.incentive * worth[:, None] * (offers - state.counties.incentive)
            value = base_utility(state, q, leads["product"], leads["sponsor"], rent, wage, worth)
            state.boards.appeal.append(value + raised[:, state.world.park_county])
            state.boards.allowed.append(allowed)
            state.boards.offers.append(offers)
            if takers.any():
                state.boards.offered = float(offers[takers].mean())

    def _admitted(self, state: State, leads: dict[str, NDArray[np.generic]]) -> Bools:
        """(J, P) whether the county of each park makes an offer."""
        assert state.deciders is not None
        product = np.asarray(leads["product"], dtype=np.int64)
        tax = state.technology.tax[product] / state.technology.land[product]
        screen = state.lever("promotion.screen_tax_per_mu") * (1.0 - self.relaxation * state.pressure)
        share = share_left(state)
        by_county = np.zeros((len(product), len(share)), dtype=bool)
        for county in state.deciders.counties:
            by_county[:, county.index] = county.admit(tax, screen, float(share[county.index]))
        here = by_county[:, state.world.park_county]
        home = np.asarray(leads["home"])[:, None]
        return np.asarray(here & ((home < 0) | (state.world.park_county[None, :] == home)))


def failure_hazards(state: State, location: Location) -> tuple[Ints, Floats, Floats]:
    """(n,) rows of the projects that may fail, the unpaid share of their grants, and their hazard of the month.

    h = h_fail exp(m) (1 + unfunded), at most 1 (model description, section 9.6); leaders do not drop their own plants.
    """
    projects = state.projects
    rows = np.flatnonzero((projects.stage == Stage.SIGNED) | (projects.stage == Stage.LAND))
    rows = rows[projects.channel[rows] != Channel.OWN]
    unpaid = np.where(projects.incentive[rows] > 0, 1.0 - state.funded[np.maximum(projects.county[rows], 0)], 0.0)
    return rows, unpaid, np.minimum(location.fail_monthly * np.exp(projects.pressure[rows]) * (1.0 + unpaid), 1.0)


class Failure:
    """Signed projects that fail before building."""

    phase: ClassVar[Phase] = Phase.PLACE
    writes: ClassVar[tuple[str, ...]] = ("failed", "survival")

    def __init__(self, location: Location) -> None:
        self.location = location

    def step(self, state: State, streams: Streams) -> None:
        """Survival falls by the hazard of the month; a project fails when it drops below its luck."""
        del streams
        projects = state.projects
        rows, _, hazard = failure_hazards(state, self.location)
        survival, failed = projects.survival.copy(), np.zeros(len(projects), dtype=np.bool_)
        survival[rows] *= 1.0 - hazard
        failed[rows] = survival[rows] < projects.failure_luck[rows]
        state.boards.survival, state.boards.failed = survival, failed


def relative_prices(state: State) -> tuple[Floats, Floats]:
    """(P,) land price and (C,) wage relative to the city means at opening; a park without price counts as the mean.

    The mean wage of the opening has grown with the nation: elsewhere wages rise too.
    """
    rent = np.where(state.parks.price > 0, state.parks.price / state.rent_reference, 1.0)
    return rent, state.counties.wage / (state.wage_reference * state.people.national_wage)
