"""Enclaves: a county brings a project to the park of another and both share what it yields (sections 9.6 and 9.18).

FORWARD: a core or coastal county short of land (origin) brings a lead to a park in the mountains (host); documented:
Dongqiao and Gutian, 17 March 2017. REVERSE: a mountain county brings a lead that its offers won, but that needs buyers,
skills or a port, to a core or coastal park; precedent: Fuzhou's rule of 2001, tax 7:3 for the origin.

    NPV_h = a (T + spill - enf D) - (1 - kap_o) c_dev mu + (r_p - shadow_h + q_o v_h) mu - grant_h            >= 0
    NPV_o = a (trust D + chi_o a_cr T) - (kap_o c_dev + q_o v_o) mu - c_intro - top_up                        >= own
    a     = (1 - (1 + r_g)^-T_e) / r_g ;  D = tau_o T, or y_enc kap_o c_dev mu ;  spill = c_y wages tau phi_loc
    own   = P_stay max_p [a (T + spill) - c_dev mu + (r_p - shadow_o) mu - grant_o]^+        over own parks with room
    P_stay = E_o / (E_o + exp(V_hp / lam_n)) ,  E_o = sum of exp(V_op / lam_n) over them
    shadow_c = a (T / mu of who comes next) Phi((n T_e m - room_c) / sqrt(n T_e m2))
    bonus = b_inc g_j (inc_o - inc_h)^+ + b_s (s_o - s_h)^+

T is the local tax a year that the county of the plant keeps, mu its land, I its investment; n, m and m2 are the number
a year, mean and mean square of land of projects that signed in the county lately, room_c its free land with what plan
and quota still allow within the term; who comes next is who waits for land, else who came lately. v is shadow where the
county's quota is used up, else 0. trust is the share of promises that the origin has seen the host keep, 1 before there
was any; it follows experience with rate r_tr. The origin pays top_up = (inc_o - inc_h)^+ I besides the host's grant.

Who introduces a lead: for channels L and C the county of the sponsor's plant; for K the largest cluster of the product
among core and coast; else a core or coastal county by its share of industry. In the reverse direction a mountain county
by a logit of what a county can offer (grants, service, price of land, wages). The lead takes the form that brings it
more in each park; a taste for each form would count a park twice and make any contract raise the chance to sign (red
bus, blue bus). With NPV_h >= 0 the host admits a lead that its screen of tax per mu would refuse.

Then the plant is the host's, and month by month: kap_o of c_dev mu when the land is taken; q_o mu of quota per mu as
the origin has it; rho_res of its posts offered to residents of the origin first; enf D to the origin for T_e years from
production. A plant that closes ends the contract. The credited ledger counts chi_o of it with the origin.

Reads leads, offers, parks, quota, contracts, taxes. Writes: appeal, invited, enclaves, reserved, public_revenue,
enclave_shares.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.households import Households
from sim.mechanisms.land import Land
from sim.mechanisms.linkage import Linkage, partner_matrix
from sim.mechanisms.location import (
    Location,
    base_utility,
    capacity_by_county,
    committed_land,
    physical_mask,
    relative_prices,
    sponsor_county,
    worth_to_leads,
)
from sim.parameters import Lever, Month, Parameters, lever, month, parameter
from sim.state import (
    YEAR,
    Channel,
    EnclaveOffers,
    EnclaveShares,
    ReservedPosts,
    Stage,
    State,
    Technology,
    read_once,
)
from sim.sums import sum_by
from sim.world import GROUPS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Enclave(Parameters):
    """Terms of contracts between the county that brings a project and the one that hosts it; none before the start."""

    table: ClassVar[str] = "enclave"

    direction: Lever = lever(
        "both",
        options=("none", "forward", "reverse", "both"),
        symbol="dir",
        unit="direction of contracts",
        payer="origin and host counties",
        neutral="none",
        starts="start",
        grade="sourced",
        source="forward case documented: Dongqiao-Gutian, 17 Mar 2017 (Ningde net)",
        newest_fact="2017-03",
        published="2017-03",
    )
    tax_share_origin: Lever = lever(
        0.5,
        symbol="tau_o",
        unit="share of local-retained tax",
        payer="origin and host counties",
        low=0,
        high=0.8,
        neutral=0,
        starts="start",
        grade="sourced",
        source=("equal split reported as practice (National Business Daily, 22 Feb 2022); Fuzhou 2001 rule 7:3"),
        newest_fact="2021",
        published="2022-02",
    )
    credit_share_origin: Lever = lever(
        0.5,
        symbol="chi_o",
        unit="share in the credited ledger",
        payer="origin and host counties",
        low=0,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="Fuzhou rule credited the introducer fully; official statistics are in place",
    )
    enforcement: Lever = lever(
        0.7,
        symbol="enf",
        unit="share of promise paid",
        payer="origin and host counties",
        low=0.3,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    capital_share_origin: Lever = lever(
        0.3,
        symbol="kap_o",
        unit="share of park cost",
        payer="origin and host counties",
        low=0,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    fixed_yield: Lever = lever(
        0,
        symbol="y_enc",
        unit="per year on origin capital (0 = tax-share form)",
        payer="origin and host counties",
        low=0,
        high=0.1,
        neutral=0,
        starts="start",
        grade="sourced",
        source="alternative form, 10% in Qingtian-Pinghu (Xinhua)",
    )
    quota_ceded: Lever = lever(
        0.5,
        symbol="q_o",
        unit="mu ceded per mu used",
        payer="origin and host counties",
        low=0,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption; direction Qingtian-Pinghu",
    )
    term: Lever = lever(
        10,
        symbol="T_e",
        unit="years",
        payer="origin and host counties",
        low=5,
        high=20,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    reserved_jobs: Lever = lever(
        0.2,
        symbol="rho_res",
        unit="share of hires",
        payer="origin and host counties",
        low=0,
        high=0.5,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    start: Month = month(
        "2017-03",
        symbol="t_enc",
        unit="month",
        low="2014-01",
        high="2035-12",
        grade="sourced",
        source="date of the first agreement",
        newest_fact="2017-03",
        published="2017-03",
    )
    credit_value: float = parameter(
        0.2,
        symbol="a_cr",
        unit="value of credited output as share of local tax T",
        low=0.0,
        high=1.0,
        grade="assumed",
        source="assumption; 0 makes chi_o a pure bookkeeping share",
    )
    discount: float = parameter(
        0.06,
        symbol="r_g",
        unit="per year",
        low=0.04,
        high=0.1,
        grade="assumed",
        source="assumption: at what counties discount the yield of a contract",
    )
    introduction: float = parameter(
        5.0,
        symbol="c_intro",
        unit="M yuan per contract",
        low=1.0,
        high=15.0,
        grade="assumed",
        source="assumption: what it costs the origin to win the project and see it through",
    )
    experience: float = parameter(
        0.5,
        symbol="r_tr",
        unit="per year, towards the share of promises that is kept",
        low=0.1,
        high=1.0,
        grade="assumed",
        source="assumption: budgets settle once a year, so half of the gap is learned at each",
    )
    pace: float = parameter(
        3.0,
        symbol="t_pace",
        unit="years of past signings by which a county judges how fast its land goes",
        low=1.0,
        high=5.0,
        grade="assumed",
        source="assumption",
    )

    def checks(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """A fixed yield is paid on what the origin put in, so there must be some of it."""
        for month_ in sorted({*self.fixed_yield.changes(), *self.capital_share_origin.changes()}):
            if self.fixed_yield.at(month_) > 0 and self.capital_share_origin.at(month_) <= 0:
                yield (
                    ("fixed_yield", "capital_share_origin"),
                    f"from {month_} a fixed yield is promised on a capital share of 0; put in some, or promise none",
                )
                return


# --- what a contract is worth -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """Terms of the contracts that are signed this month; units as in :class:`Enclave`."""

    tax_share: float
    credit_share: float
    enforcement: float
    capital_share: float
    fixed_yield: float
    quota_ceded: float
    years: float
    reserved_jobs: float

    @classmethod
    def of(cls, state: State) -> Terms:
        """The levers of the month."""
        names = ("tax_share_origin", "credit_share_origin", "enforcement", "capital_share_origin", "fixed_yield")
        return cls(*(state.lever(f"enclave.{name}") for name in (*names, "quota_ceded", "term", "reserved_jobs")))


def annuity(rate: float, years: float) -> float:
    """Present value of 1 a year for some years, paid at the end of each: (1 - (1 + r)^-T) / r."""
    return float((1.0 - (1.0 + rate) ** -years) / rate)


def promised_a_year(tax: Floats, land: Floats, terms: Terms, dev_cost: float) -> Floats:
    """D: what the host promises the origin, M yuan a year.

    Args:
        tax: local tax that the host keeps, M yuan a year, any shape.
        land: mu.
        terms: with a fixed yield it is paid on the capital of the origin in place of a share of the tax.
        dev_cost: c_dev, M yuan per mu.
    """
    if terms.fixed_yield > 0:
        return np.asarray(terms.fixed_yield * terms.capital_share * dev_cost * land + 0.0 * tax)
    return np.asarray(terms.tax_share * tax)


def host_gain(
    tax: Floats,
    land: Floats,
    terms: Terms,
    *,
    worth: float,
    dev_cost: float,
    shadow: Floats | float,
    spill: Floats | float = 0.0,
    price: Floats | float = 0.0,
    quota_value: Floats | float = 0.0,
    grant: Floats | float = 0.0,
) -> Floats:
    """NPV_h, M yuan; the arguments broadcast.

    Args:
        tax: T, local tax that the host keeps, M yuan a year.
        land: mu.
        terms: of the contract; the host knows which share of its promise it will pay.
        worth: a, present value of 1 a year over the term.
        dev_cost: c_dev, M yuan per mu.
        shadow: what the land would yield otherwise, M yuan per mu.
        spill: tax on what its workers spend, M yuan a year.
        price: what the investor pays for the land, M yuan per mu.
        quota_value: v, what a mu of quota is worth to the host, M yuan.
        grant: what the host grants the investor, M yuan.
    """
    due = terms.enforcement * promised_a_year(tax, land, terms, dev_cost)
    by_land = price - shadow + terms.quota_ceded * quota_value - (1.0 - terms.capital_share) * dev_cost
    return np.asarray(worth * (tax + spill - due) + by_land * land - grant)


def origin_gain(
    tax: Floats,
    land: Floats,
    terms: Terms,
    *,
    worth: float,
    dev_cost: float,
    trust: Floats | float,
    credit_value: float,
    introduction: float,
    quota_value: Floats | float = 0.0,
    top_up: Floats | float = 0.0,
) -> Floats:
    """NPV_o, M yuan; the arguments broadcast.

    Args:
        tax: T, local tax that the host keeps, M yuan a year.
        land: mu.
        terms: of the contract.
        worth: a, present value of 1 a year over the term.
        dev_cost: c_dev, M yuan per mu.
        trust: share of the promise that the origin believes will be paid, 0-1.
        credit_value: a_cr, value of a credited yuan of tax.
        introduction: what it costs to win the project, M yuan.
        quota_value: v, what a mu of quota is worth to the origin, M yuan.
        top_up: what the origin grants the investor, M yuan.
    """
    yearly = trust * promised_a_year(tax, land, terms, dev_cost) + terms.credit_share * credit_value * tax
    by_land = terms.capital_share * dev_cost + terms.quota_ceded * quota_value
    return np.asarray(worth * yearly - by_land * land - introduction - top_up)


def chance_to_fill(room: Floats, a_year: Floats, mean: Floats, square: Floats, years: float) -> Floats:
    """(C,) probability that the projects of the coming years take all the room.

    They come at random (Poisson) with random land, so their sum has mean n T m and variance n T m2; normal law.

    Args:
        room: (C,) mu.
        a_year: (C,) n, projects a year.
        mean: (C,) m, mu a project.
        square: (C,) m2, mean of the squares of their land, mu^2.
        years: T.
    """
    expected, spread = a_year * years * mean, np.sqrt(a_year * years * square)
    far = np.divide(expected - room, spread, out=np.where(room > 0, -np.inf, np.inf), where=spread > 0)
    return np.asarray(ndtr(far))


def stay_chance(own: Floats, there: Floats) -> Floats:
    """P_stay: share of a logit that own parks have beside one park of a host.

    Args:
        own: sum of exp(V / lam_n) over own parks, 0 without any.
        there: exp(V / lam_n) of the park of the host.
    """
    both = own + there
    return np.divide(own, both, out=np.zeros_like(both), where=both > 0)


# --- what counties know -----------------------------------------------------------------------------------------------


@read_once
def kept_share(state: State) -> float:
    """Part of all taxes of a firm that the budget of its county keeps, by last month's accounts of firms."""
    books = state.firm_accounts
    assert books is not None
    firm = state.budgets.rates.made_by_firms[state.firms.product]
    local = books.local_tax @ firm / (books.taxes @ firm)
    return float(local) * (1.0 - state.lever("fiscal.city_share_local"))


def land_values(state: State, years: float, worth: float, memory: float) -> tuple[Floats, Floats]:
    """(C,) shadow price of land and (C,) value of quota, M yuan per mu.

    Args:
        state: parks, projects, quota.
        years: T_e.
        worth: a, present value of 1 a year over the term.
        memory: years of past signings by which the pace is judged.
    """
    world, parks, projects = state.world, state.parks, state.projects
    size, where = world.county_count, world.park_county
    named = np.arange(len(where)) < len(where) - size
    since = max(state.month - YEAR * memory, 0.0)
    recent = np.flatnonzero((projects.signed > since) & (projects.stage != Stage.FAILED))
    recent = recent[(projects.graft[recent] < 0) & (projects.channel[recent] != Channel.NORMAL)]
    county, land = projects.county[recent], projects.land[recent]
    product = projects.product[recent]
    tax = projects.announced_output[recent] * state.technology.tax[product] * kept_share(state)
    waits = projects.stage[recent] == Stage.SIGNED
    count = np.bincount(county, minlength=size)
    total, queue = sum_by(county, land, size), sum_by(county, land * waits, size)
    yields = np.where(queue > 0, sum_by(county, tax * waits, size), sum_by(county, tax, size))
    per_mu = np.divide(yields, np.where(queue > 0, queue, total), out=np.zeros(size), where=total > 0)
    several = np.maximum(count, 1)
    committed = committed_land(state)
    free = sum_by(where, np.where(named, parks.free - committed, 0.0), size)
    headroom = sum_by(where, np.where(named, parks.planned - parks.developed, 0.0), size)
    built = sum_by(where, parks.developed, size)
    quota = state.counties.quota
    coming = state.lever("land.new_quota") * years * built / built.sum()
    room = free + np.minimum(headroom, quota + coming)
    seen = min(memory, state.month / YEAR)
    fill = chance_to_fill(room, count / seen, total / several, sum_by(county, land * land, size) / several, years)
    shadow = worth * per_mu * fill
    lacking = sum_by(where, np.where(named, np.maximum(committed - parks.free, 0.0), 0.0), size)
    return shadow, np.where(lacking >= quota, shadow, 0.0)


def spending_tax(technology: Technology) -> Floats:
    """(C,) all taxes that home producers pay on a yuan that residents of each county spend."""
    at_home = technology.home_share.sum(axis=1)  # (K, C)
    return np.asarray((technology.household_shares * at_home * technology.tax[:, None]).sum(axis=0))


def by_share(weight: Floats, luck: Floats) -> Ints:
    """(E,) county drawn by its weight, -1 where all weights are 0.

    Args:
        weight: (E, C) at least 0.
        luck: (E,) uniform.
    """
    ladder = np.cumsum(weight, axis=1)
    rung = (ladder <= luck[:, None] * ladder[:, -1:]).sum(axis=1)
    return np.where(ladder[:, -1] > 0, np.minimum(rung, weight.shape[1] - 1), -1)


def introducers(
    state: State, channel: Ints, product: Ints, sponsor: Ints, appeal: Floats, luck: Floats
) -> tuple[Ints, Ints]:
    """(E,) county of core or coast and (E,) county of the mountains that would bring each lead; -1 = none.

    Args:
        state: firms and leaders.
        channel: (E,) of each lead.
        product: (E,).
        sponsor: (E,) leader that vouches for it, -1 without.
        appeal: (C,) what counties offer, in units of taste.
        luck: (E, 2) uniforms that draw a county, one for each direction.
    """
    lower = state.world.group < MOUNTAIN
    capacity = capacity_by_county(state) * state.world.agent
    industry = np.broadcast_to(capacity.sum(axis=1) * lower, (len(product), len(lower)))
    forward = by_share(industry, luck[:, 0])
    cluster = np.where(lower[:, None], capacity, 0.0)
    home = np.append(sponsor_county(state), -1)[sponsor]
    follows = (channel == Channel.CLUSTER) | ((channel == Channel.CHAIN) & (home < 0))
    follows &= cluster.max(axis=0)[product] > 0
    forward = np.where(follows, cluster.argmax(axis=0)[product], forward)
    vouched = (channel <= Channel.CHAIN) & (home >= 0)
    forward = np.where(vouched, np.where(np.append(lower, False)[home], home, -1), forward)
    weight = np.where(lower, 0.0, np.exp(appeal - appeal.max()))
    return forward, by_share(np.broadcast_to(weight, industry.shape), luck[:, 1])


MOUNTAIN = GROUPS.index("mountain")
"""Group of the mountain counties; core and coast come before it (:class:`sim.world.World`)."""

NONE, FORWARD, REVERSE, BOTH = range(4)
"""Positions of ``enclave.direction``."""


class Negotiation:
    """Which contracts origin and host would sign for the leads of the month, and what they bring the investor."""

    phase: ClassVar[Phase] = Phase.PLACE
    writes: ClassVar[tuple[str, ...]] = ("appeal", "invited", "enclaves")

    def __init__(self, enclave: Enclave, location: Location, service: float, technology: Technology) -> None:
        """Keep the parameters.

        Args:
            enclave: parameters of this table.
            location: weights of the choice of parks.
            service: b_s, utility per unit of service.
            technology: for the tax on what residents spend.
        """
        self.enclave, self.location, self.service = enclave, location, service
        self.spending_tax = spending_tax(technology)

    def step(self, state: State, streams: Streams) -> None:
        """Value the contracts; both counties decide; what the contract adds for the investor joins the appeal."""
        boards, parks = state.boards, len(state.parks.planned)
        direction = int(state.lever("enclave.direction"))
        for leads in boards.leads:
            bonus = np.zeros((len(leads["product"]), parks))
            boards.appeal.append(bonus)
            if direction == NONE:
                continue
            free = (leads["channel"] <= Channel.SPINOFF) & (leads["graft"] < 0) & (leads["home"] < 0)
            rows = np.flatnonzero(free)
            if not len(rows):
                continue
            assert boards.candidates is not None
            luck = streams.draw("enclave.introducer", state.month).random((len(boards.candidates), 2))
            luck = luck[np.asarray(leads["candidate"])[rows]]
            known = {name: leads[name][rows] for name in COLUMNS}
            worth = worth_to_leads(state, leads["productivity"][rows])
            offers = self._offers(state, known, rows, luck, worth, direction)
            boards.enclaves = offers
            bonus[rows] = offers.bonus
            invited = np.zeros(bonus.shape, dtype=np.bool_)
            invited[rows] = offers.origin >= 0
            boards.invited.append(invited)

    def _offers(
        self, state: State, leads: dict[str, NDArray[Any]], rows: Ints, luck: Floats, worth: Floats, direction: int
    ) -> EnclaveOffers:
        """Contracts that both counties would sign; only the lead knows what a grant is worth to it."""
        world, q, counties = state.world, self.location, state.counties
        product, county = leads["product"], world.park_county
        rent, wage = relative_prices(state)
        offer = self._offer_of_counties(state, rent, wage)
        forward, reverse = introducers(state, leads["channel"], product, leads["sponsor"], offer, luck)
        up = world.group[county] == MOUNTAIN
        origin = np.where(up, forward[:, None], reverse[:, None])
        able = self._able(state, leads)
        possible = able & (origin >= 0) & np.where(up, direction & FORWARD > 0, direction & REVERSE > 0)
        at = np.maximum(origin, 0)
        ahead = np.maximum(counties.incentive[at] - counties.incentive[county], 0.0)
        bonus = q.incentive * worth[:, None] * ahead + self.service * np.maximum(
            counties.service[at] - counties.service[county], 0.0
        )
        value = base_utility(state, q, product, leads["sponsor"], rent, wage) + self.service * counties.service[county]
        gains = self._gains(state, leads, able, value / q.nest, at, ahead)
        accepted = self._decisions(state, possible, at, *gains)
        return EnclaveOffers(
            lead=rows,
            origin=np.where(accepted, origin, -1),
            top_up=np.where(accepted, ahead, 0.0),
            bonus=np.where(accepted, bonus, 0.0),
            host_gain=gains[0],
            origin_gain=gains[1],
        )

    def _offer_of_counties(self, state: State, rent: Floats, wage: Floats) -> Floats:
        """(C,) what a county itself can offer: grants, service, its cheapest land, wages; in units of taste."""
        q, counties, size = self.location, state.counties, state.world.county_count
        cheapest = np.full(size, np.inf)
        named = len(rent) - size
        np.minimum.at(cheapest, state.world.park_county[:named], rent[:named])
        value = q.incentive * counties.incentive + self.service * counties.service
        return np.asarray((value - q.land_price * np.log(cheapest) - q.wage * np.log(wage)) / q.nest)

    @staticmethod
    def _able(state: State, leads: dict[str, NDArray[Any]]) -> Bools:
        """(E, P) parks with the land and the port, which a binding plan does not refuse."""
        assert state.deciders is not None
        _, refused = state.deciders.city.zone(state.world.fit, state.lever("zoning.strictness"))
        planned = (leads["channel"] != Channel.UNPLANNED)[:, None]
        against = planned & refused[:, leads["product"]].T[:, state.world.park_county]
        return np.asarray(physical_mask(state, leads["product"], leads["land"]) & ~against)

    def _gains(
        self, state: State, leads: dict[str, NDArray[Any]], able: Bools, value: Floats, origin: Ints, ahead: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """(E, P) each: NPV_h, NPV_o, and what the origin expects of the lead without the contract, M yuan.

        Args:
            state: counties and parks.
            leads: E leads.
            able: (E, P) parks that could take them.
            value: (E, P) V / lam_n on own terms.
            origin: (E, P) who would bring them.
            ahead: (E, P) top-up, share of investment.
        """
        world, e, technology = state.world, self.enclave, state.technology
        terms, dev_cost, county = Terms.of(state), state.scenario[Land].dev_cost, world.park_county
        worth, kept = annuity(e.discount, terms.years), kept_share(state)
        shadow, quota_value = land_values(state, terms.years, worth, e.pace)
        product, land = leads["product"], leads["land"][:, None]
        output, investment = leads["announced_output"], leads["investment"][:, None]
        tax = (output * technology.tax[product] * kept)[:, None]
        jobs = (output * technology.jobs[product])[:, None]
        wages = jobs * state.counties.wage / 1e6  # (E, C) M yuan a year
        spill = state.scenario[Households].consumption_share * self.spending_tax * kept * wages
        price = np.where(state.parks.price > 0, state.parks.price, state.rent_reference)
        grant = state.counties.incentive[county] * investment
        common = {"worth": worth, "dev_cost": dev_cost}
        hosts = host_gain(
            tax,
            land,
            terms,
            shadow=shadow[county],
            spill=spill[:, county],
            price=price,
            quota_value=quota_value[county],
            grant=grant,
            **common,
        )
        origins = origin_gain(
            tax,
            land,
            terms,
            trust=state.trust[origin, county],
            credit_value=e.credit_value,
            introduction=e.introduction,
            quota_value=quota_value[origin],
            top_up=ahead * investment,
            **common,
        )
        alone = worth * (tax + spill[:, county]) + (price - shadow[county] - dev_cost) * land - grant
        alone = np.where(able, np.maximum(alone, 0.0), 0.0)
        weight = np.exp(value - value.max(axis=1, keepdims=True))
        order = np.argsort(county, kind="stable")  # every county has a park: its town plots
        first = np.searchsorted(county[order], np.arange(world.county_count))
        best = np.maximum.reduceat(alone[:, order], first, axis=1)
        attraction = np.add.reduceat(np.where(able, weight, 0.0)[:, order], first, axis=1)
        rows = np.arange(len(land))[:, None]
        stay = stay_chance(attraction[rows, origin], weight)
        return hosts, origins, stay * best[rows, origin]

    @staticmethod
    def _decisions(
        state: State, possible: Bools, origin: Ints, hosts: Floats, origins: Floats, without: Floats
    ) -> Bools:
        """(E, P) contracts that both counties accept."""
        assert state.deciders is not None
        better, counties = origins - without, state.deciders.counties
        row, park = np.nonzero(possible)
        accepted = np.ones(len(row), dtype=np.bool_)
        asked = (("host", state.world.park_county[park], hosts), ("origin", origin[row, park], better))
        for role, who, gain in asked:
            order = np.argsort(who, kind="stable")
            value, first = gain[row, park][order], np.searchsorted(who[order], np.arange(len(counties) + 1)).tolist()
            agreed = np.ones(len(row), dtype=np.bool_)
            for county, start, end in zip(counties, first, first[1:], strict=False):
                if start < end:
                    agreed[start:end] = county.accept_enclaves(role, value[start:end])
            accepted[order] &= agreed
        signed = np.zeros(possible.shape, dtype=np.bool_)
        signed[row, park] = accepted
        return signed


def parks_for_leads(state: State) -> tuple[Bools, Bools]:
    """(J, P) parks that admit each lead of the month on its own terms, and parks open to it by contracts besides.

    A contract lifts the screen of the host, but no referral: helping counties honour what one of them has passed on, so
    their parks stay closed to such a lead whatever contract is on offer (section 9.19).

    Args:
        state: with the boards of PLACE.
    """
    boards = state.boards
    admitted = np.asarray(np.logical_and.reduce(boards.allowed))
    found = np.asarray(np.logical_or.reduce([admitted, *boards.invited]))
    if boards.referred:
        helping = np.asarray(partner_matrix(state.scenario[Linkage], state.world).any(axis=1))
        found &= (boards.referred[0] < 0)[:, None] | ~helping[state.world.park_county]
    return admitted, found


COLUMNS: tuple[str, ...] = ("channel", "product", "sponsor", "land", "investment", "announced_output")
"""What a county knows of a lead."""


# --- what contracts do ------------------------------------------------------------------------------------------------


class FirstOffer:
    """Plants in enclaves offer some of their posts to residents of the origin first."""

    phase: ClassVar[Phase] = Phase.PRODUCE
    writes: ClassVar[tuple[str, ...]] = ("reserved",)

    def step(self, state: State, streams: Streams) -> None:
        """Write the plants with running contracts, the county of the origin and the share of posts."""
        del streams
        contracts = state.contracts
        if not len(contracts):
            return
        rows = contracts.credited
        rows = rows[contracts.reserved_jobs[rows] > 0]
        if len(rows):
            state.boards.reserved = ReservedPosts(
                contracts.firm[rows], contracts.origin[rows], contracts.reserved_jobs[rows]
            )


class TaxSharing:
    """What hosts owe and pay to origins for the month."""

    phase: ClassVar[Phase] = Phase.SHARE
    writes: ClassVar[tuple[str, ...]] = ("public_revenue", "enclave_shares")

    def step(self, state: State, streams: Streams) -> None:
        """A share of the local tax that the host keeps, or the yield on the capital of the origin."""
        del streams
        contracts, books, boards = state.contracts, state.firm_accounts, state.boards
        if not len(contracts):
            return
        assert books is not None
        rows = contracts.credited
        kept = np.maximum(books.local_tax[contracts.firm[rows]], 0.0)
        kept = kept * (1.0 - state.lever("fiscal.city_share_local"))
        fixed = contracts.fixed_yield[rows]
        due = np.where(fixed > 0, fixed / YEAR * contracts.capital[rows], contracts.tax_share[rows] * kept)
        paid = state.lever("enclave.enforcement") * due
        size = state.world.county_count
        moved = sum_by(contracts.origin[rows], paid, size) - sum_by(contracts.host[rows], paid, size)
        boards.public_revenue["enclaves"] = np.append(moved, 0.0)
        boards.enclave_shares = EnclaveShares(rows, due, paid)


# --- the double ledger ------------------------------------------------------------------------------------------------

MEASURES: tuple[str, ...] = ("output", "value_added", "tax", "jobs", "land")
"""What both ledgers count: M yuan a month at 2018 prices (output, value added, all taxes), persons, mu."""


@read_once
def ledgers(state: State) -> Floats:
    """(2, 5, C) the month in place and as credited, by measure and county.

    In place a plant counts where it stands; as credited, chi_o of it counts with the origin as long as the contract
    runs, and the rest with the host. Nothing is counted twice: both views share out the same plants.
    """
    firms, table, books, size = state.firms, state.table, state.firm_accounts, state.world.county_count
    assert table is not None
    assert books is not None
    of_firms = (
        firms.output,
        table.firm_value_added,
        books.taxes,
        firms.staff,
        np.where(firms.park >= 0, firms.land, 0.0),
    )
    in_place = np.array([sum_by(firms.county, values, size) for values in of_firms])
    credited, contracts = in_place.copy(), state.contracts
    rows = np.flatnonzero((contracts.firm >= 0) & ((contracts.ended < 0) | (contracts.ended == state.month)))
    if len(rows):
        plants, chi, each = contracts.firm[rows], contracts.credit_share[rows], np.arange(len(rows))
        moved = np.zeros((len(rows), size))
        moved[each, contracts.origin[rows]] += chi
        moved[each, contracts.host[rows]] -= chi
        credited += np.array([values[plants] for values in of_firms]) @ moved
    return np.array([in_place, credited])
