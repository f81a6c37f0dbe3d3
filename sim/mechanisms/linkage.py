"""Mountain-sea linkage: leads passed on to partner counties, and money for their parks and schools (section 9.19).

    coast r of lead j   county of the sponsor's plant; without sponsor drawn by capacity of the product
    referred_j          u_j < rho_ref full_r, channel C or K, investment < 500 M yuan, no graft, and a partner m of r
                        with F_mk > 0 has a park for it
    full_r              1 - land that projects can still have / planned land
    V_jp                + u_link - 10 l_ref in the parks of these partners; the parks of all helping counties are closed
    A                   (1 - l_ref) A for who signs in a partner's park on referral
    transfer_r          th_tr (12-month mean of local taxes - those of the opening)^+ funded_r, M yuan a month
    to partner m of r   by residents of the partners
    parks of m          what its budget cannot fund of the land it asks for, from the earmarked money
    training in m       with the rest: persons = money / c_tr, at most x_tr of low-skilled residents a year

Counties that help make no offer to a lead that one of them has passed on: had they kept their offers, a referral with
u_link < 10 l_ref would send nobody, and with that of the others two of three leads would stay on the coast. So a
referral costs the city the leads that then sign elsewhere, unless the coast had no room for them. A county with land to
spare keeps its leads: what it passes on grows with how full it is.
Firms foresee the loss l_ref: it stands in their utility and in their plant.

The transfer counts the growth since the opening, as revenue sharing over a base year does; over the year before it
would come and go with the coast's business, and parks and schools cannot live on that. The payer plans with it like
with its own policies. The receiver keeps it apart from what ordinary spending is planned from, and spends it on parks
and training alone.

Reads leads, parks, budgets, residents. Writes: appeal, allowed, referred, public_revenue, public_asked, trained.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.location import Location, capacity_by_county, physical_mask, share_left, sponsor_county
from sim.parameters import Lever, Month, Pairs, Parameters, lever, month, pairs, parameter
from sim.state import YEAR, Channel, State
from sim.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

COST_IN_UTILITY = 10.0
"""Utility per unit of cost (model description, section 9.6)."""


class Linkage(Parameters):
    """Mountain-sea linkage: leads passed on to the paired county, and transfers to it; none before the start."""

    table: ClassVar[str] = "linkage"

    referral: Lever = lever(
        0.15,
        symbol="rho_ref",
        unit="share of eligible leads that a county without land left passes on",
        payer="coastal counties",
        low=0,
        high=0.5,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    transfer: Lever = lever(
        0.03,
        symbol="th_tr",
        unit="share of growth of coastal local revenue",
        payer="coastal counties",
        low=0,
        high=0.1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    start: Month = month(
        "2017-03",
        symbol="t_lnk",
        unit="month",
        low="2014-01",
        high="2035-12",
        grade="assumed",
        source="same date as the first enclave; earlier pairing was province-level",
        newest_fact="2017-03",
        published="2017-03",
    )
    pairs: Pairs = pairs(
        symbol="pairs",
        unit="counties of the core or the coast and the mountain counties that they help",
        grade="assumed",
        source="assumption; helping counties named in Mindong Daily, 26 Dec 2019 (sim/data/pairs.csv)",
        newest_fact="2019-11",
        published="2019-12",
    )
    referral_productivity_loss: float = parameter(
        0.05,
        symbol="l_ref",
        unit="share of productivity lost in a place chosen by others",
        low=0.0,
        high=0.15,
        grade="assumed",
        source="assumption",
    )
    largest_referred: float = parameter(
        500.0,
        symbol="I_ref",
        unit="M yuan of investment below which a lead may be passed on",
        low=100,
        high=2000,
        grade="assumed",
        source="assumption of the model description, section 9.19",
    )
    training_cost: float = parameter(
        0.03,
        symbol="c_tr",
        unit="M yuan per person trained",
        low=0.01,
        high=0.08,
        grade="assumed",
        source=(
            "assumption: two years of vocational school at about 15,000 yuan a year for teaching and keep (recalled: "
            "public spending per vocational student near 13,000 yuan in 2016)"
        ),
        published="2016",
    )
    training_most: float = parameter(
        0.02,
        symbol="x_tr",
        unit="share of low-skilled residents who can be trained, per year",
        low=0.005,
        high=0.05,
        grade="assumed",
        source="assumption: places of the vocational schools of a county",
    )


def partner_matrix(linkage: Linkage, world: World) -> Bools:
    """(C, C) whether the county of the column is a mountain partner of the county of the row."""
    found = np.zeros((world.county_count, world.county_count), dtype=np.bool_)
    for coast, mountain in linkage.pairs:
        found[world.county(coast), world.county(mountain)] = True
    return found


def passing_county(sponsor: Ints, luck: Floats, ladder: Floats) -> Ints:
    """(J,) county that deals with each lead: the sponsor's, else one drawn by its share in the capacity of the product.

    Args:
        sponsor: (J,) county of the sponsor's plant, -1 without.
        luck: (J,) uniform.
        ladder: (C, J) running sum over counties of the capacity of the lead's product; 0 where nobody makes it.
    """
    drawn = np.minimum((ladder < luck * ladder[-1]).sum(axis=0), len(ladder) - 1)
    return np.where(sponsor >= 0, sponsor, np.where(ladder[-1] > 0, drawn, -1))


def transfers(local: Floats, opening: Floats, rate: float, partners: Bools, residents: Floats) -> Floats:
    """(C, C) what the county of the row owes to the county of the column, M yuan a month.

    Args:
        local: (C,) 12-month mean of local taxes, M yuan a month.
        opening: (C,) local taxes of the opening.
        rate: th_tr, share of the growth.
        partners: (C, C) mountain partners of each county.
        residents: (C,) by which a county divides among its partners.
    """
    weight = partners * residents[None, :]
    total = weight.sum(axis=1, keepdims=True)
    share = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    return np.asarray((rate * np.maximum(local - opening, 0.0))[:, None] * share)


def trained(money: Floats, residents: Floats, cost: float, most: float) -> Floats:
    """(C,) persons who become high-skilled in a month.

    Args:
        money: (C,) earmarked and not spent on land, M yuan.
        residents: (C,) low-skilled residents of working age.
        cost: M yuan per person.
        most: share of them who can be trained in a year.
    """
    return np.minimum(money / cost, most / YEAR * residents)


def fullness(state: State) -> Floats:
    """(C,) 1 - land that projects can still have / planned land of the county, 0-1."""
    return np.clip(1.0 - share_left(state), 0.0, 1.0)


class Referral:
    """Coastal counties pass leads on to the parks of their partners."""

    phase: ClassVar[Phase] = Phase.PLACE
    writes: ClassVar[tuple[str, ...]] = ("appeal", "allowed", "referred")

    def __init__(self, linkage: Linkage, location: Location, world: World) -> None:
        """Keep the parameters.

        Args:
            linkage: parameters of this table.
            location: u_link.
            world: counties.
        """
        self.linkage, self.partners = linkage, partner_matrix(linkage, world)
        self.bonus = location.linked_transfer_bonus - COST_IN_UTILITY * linkage.referral_productivity_loss

    def step(self, state: State, streams: Streams) -> None:
        """Who is passed on, by whom, and what that does to the choice of parks."""
        boards, rate = state.boards, state.lever("linkage.referral")
        if state.deciders is not None:
            state.deciders.city.link(rate, state.lever("linkage.transfer"))
        for leads in boards.leads:
            product, land = np.asarray(leads["product"], dtype=np.int64), np.asarray(leads["land"])
            shape = (len(product), len(state.parks.planned))
            appeal, allowed, by = np.zeros(shape), np.ones(shape, dtype=np.bool_), np.full(len(product), -1)
            asked = self._eligible(leads) if rate > 0 else np.zeros(len(product), dtype=np.bool_)
            if asked.any():
                pool = boards.candidates
                assert pool is not None
                luck = streams.draw("linkage.referral", state.month).random((2, len(pool)))[:, leads["candidate"]]
                county = self._passing(state, leads, luck[1])
                asked &= luck[0] < rate * np.append(fullness(state), 0.0)[county]
                where = state.world.park_county
                fit = np.asarray(state.world.fit[:, product].T > 0)
                welcome = np.asarray(self.partners[county] & fit & (county[:, None] >= 0))
                offered = welcome[:, where] & physical_mask(state, product, land)
                asked &= offered.any(axis=1)
                by = np.where(asked, county, -1)
                appeal[asked] = self.bonus * welcome[asked][:, where]
                allowed[asked] = ~np.asarray(self.partners.any(axis=1))[where]
            boards.appeal.append(appeal)
            boards.allowed.append(allowed)
            boards.referred.append(by)

    def _eligible(self, leads: dict[str, NDArray[np.generic]]) -> Bools:
        """(J,) leads along the chain and watching the cluster, small enough, for a new plant."""
        channel = np.asarray(leads["channel"])
        wanted = (channel == Channel.CHAIN) | (channel == Channel.CLUSTER)
        small = np.asarray(leads["investment"], dtype=np.float64) < self.linkage.largest_referred
        return np.asarray(wanted & small & (np.asarray(leads["graft"]) < 0))

    @staticmethod
    def _passing(state: State, leads: dict[str, NDArray[np.generic]], luck: Floats) -> Ints:
        """(J,) county that deals with each lead."""
        sponsor = np.append(sponsor_county(state), -1)[np.asarray(leads["sponsor"], dtype=np.int64)]
        ladder = np.cumsum(capacity_by_county(state), axis=0)[:, np.asarray(leads["product"], dtype=np.int64)]
        return passing_county(sponsor, luck, ladder)


class Training:
    """Earmarked money that no park needs trains residents."""

    phase: ClassVar[Phase] = Phase.GROW
    writes: ClassVar[tuple[str, ...]] = ("trained",)

    def __init__(self, linkage: Linkage) -> None:
        self.linkage = linkage

    def step(self, state: State, streams: Streams) -> None:
        """Persons trained in the month."""
        del streams
        p, residents = self.linkage, state.people.working_age[0]
        state.boards.trained = trained(state.earmarked, residents, p.training_cost, p.training_most)


class Transfers:
    """What coastal budgets owe to those of their partners."""

    phase: ClassVar[Phase] = Phase.SHARE
    writes: ClassVar[tuple[str, ...]] = ("public_revenue", "public_asked")

    def __init__(self, linkage: Linkage, opening: Floats, world: World) -> None:
        """Keep what the growth is measured from.

        Args:
            linkage: parameters of this table.
            opening: (B,) local taxes of the opening, M yuan a month, the city level last.
            world: counties.
        """
        self.opening, self.partners = opening[:-1].copy(), partner_matrix(linkage, world)

    def step(self, state: State, streams: Streams) -> None:
        """Payers plan with the whole, pay what is funded, and receivers get just that."""
        del streams
        rate = state.lever("linkage.transfer")
        if rate <= 0:
            return
        local = state.budgets.taxes12[:-1].mean(axis=1)
        owed = transfers(local, self.opening, rate, self.partners, state.people.residents)
        paid = owed * state.funded[:-1, None]
        state.boards.public_asked["linkage"] = np.append(owed.sum(axis=1), 0.0)
        state.boards.public_revenue["linkage"] = np.append(paid.sum(axis=0) - paid.sum(axis=1), 0.0)
