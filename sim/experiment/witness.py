"""A witness in the month: what spoke for the park of each lead, why leads were lost, and why signed projects failed.

Added to the list of the month only by those who ask (:mod:`sim.experiment.explanation`); it writes no board, so the
run is the same with and without it. It stands last in PLACE and reads what the resolver of the phase will read.

A lead signs where u < Lam(a0 + IV - V_out). With s = softmax(V / lam) over all named parks with the port it needs, and
s0, V0 the same at the opening, where V_out starts as IV0, that is exactly

    a0 + sum over terms (s term - s0 term0) + lam (H(s) - H(s0)) + room + closed - (V_out - IV0) - ln(u / (1 - u)) > 0

    room   = IV of the parks with land less IV of all ;  closed = IV of the parks open to it less IV of those with land

with H the entropy: many parks about as good as one another raise the chance that one fits. What rivals match of the
grants here stands with the grants. So each lead has its own account of what spoke for and against Ningde, against
other places that are as good as Ningde was at the opening. A lead that was lost is filed under the term that told most
against Ningde; where the terms together did not tell against it, under its luck.

A signed project fails with hazard h exp(m) (1 + unfunded). The hazard over base is shared between plan pressure and
unpaid grants by their logarithms, and added up over the months that the project waited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Mechanism, Phase
from sim.mechanisms.enclave import parks_for_leads
from sim.mechanisms.gaps import sponsors
from sim.mechanisms.location import (
    Location,
    capacity_by_county,
    failure_hazards,
    firms_by_park,
    inclusive_value,
    market_access,
    needs_by_county,
    physical_mask,
    relative_prices,
    sponsor_county,
    worth_to_leads,
)
from sim.mechanisms.prices import chain_inputs
from sim.state import Channel, Stage, State

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

TERMS: dict[str, str] = {
    "buyers": "buyers near by",
    "suppliers": "suppliers near by",
    "peers": "firms of its own trade",
    "minutes": "minutes to the sponsor",
    "rent": "price of land",
    "wage": "wages",
    "incentive": "incentives",
    "port": "port",
}
"""Terms of the utility of a park in :func:`sim.mechanisms.location.base_utility`, as a reader would call them."""

REST, TASTE = "rest", "taste"
"""What the location utility holds beyond its known terms; the luck of the lead."""

LOST_REASONS: tuple[str, ...] = ("no room", "refused", "elsewhere")
"""Why leads were lost: no park has the land (or the port, or an idle plot); parks have it, but county or plan refuse,
or the grid has no electricity for it; an offer was made and another place was better.
"""

CHOICE, ROOM, CLOSED, ODDS, LUCK = "choice", "room", "closed", "odds", "luck"
"""Parts of the odds of signing beside the terms: how many parks are about as good, parks without land, parks closed by
county or plan (or because a spin-off stays), the odds between equals a0, and the luck of the lead."""

NO_CAUSE = -1

HAZARDS: tuple[str, ...] = ("base", "pressure", "unpaid")
"""Parts of the hazard of signed projects: base rate, plan pressure at signing, promised grants that are not paid."""

WAITS: tuple[Stage, ...] = (Stage.SIGNED, Stage.LAND)
"""Stages in which a project may fail."""


def utility_terms(state: State, q: Location, product: Ints, sponsor: Ints) -> dict[str, Floats]:
    """(J, P) each: the terms of the utility of every park; their sum is the base utility.

    Args:
        state: as the mechanisms of PLACE see it.
        q: parameters.
        product: (J,) product of each lead.
        sponsor: (J,) leader that vouches for it, -1 without.
    """
    world, county = state.world, state.world.park_county
    rent, wage = relative_prices(state)
    buyers = market_access(state.minutes, needs_by_county(state), q.market_decay)
    inputs = chain_inputs(state)
    suppliers = market_access(state.minutes, capacity_by_county(state), q.market_decay) @ inputs
    home = np.append(sponsor_county(state), -1)[sponsor]
    minutes = np.where(home[:, None] >= 0, state.minutes[home][:, county], 0.0)
    every = np.zeros((len(product), len(county)))
    return {
        "buyers": q.market_access * np.log1p(buyers)[county].T[product],
        "suppliers": q.supplier_access * np.log1p(suppliers)[county].T[product],
        "peers": q.own_agglomeration * np.log1p(firms_by_park(state)).T[product],
        "minutes": -q.leader_time * minutes,
        "rent": every - q.land_price * np.log(rent),
        "wage": every - q.wage * np.log(wage)[county],
        "incentive": every + q.incentive * state.counties.incentive[county],
        "port": every + q.port * (world.port[product][:, None] & world.park_port[None, :]),
    }


def advantage(terms: dict[str, Floats], open_parks: Bools, chosen: Ints) -> dict[str, Floats]:
    """(J,) each: a term at the chosen park less its mean over the other parks that were open; NaN without others.

    Args:
        terms: (J, P) each.
        open_parks: (J, P) parks that were open to the lead.
        chosen: (J,) park, -1 without.
    """
    rows = np.arange(len(chosen))
    others = open_parks & (np.arange(open_parks.shape[1]) != chosen[:, None])
    count = others.sum(axis=1)
    known = (count > 0) & (chosen >= 0)
    found = {}
    for name, value in terms.items():
        mean = np.where(others, value, 0.0).sum(axis=1) / np.maximum(count, 1)
        found[name] = np.where(known, value[rows, np.maximum(chosen, 0)] - mean, np.nan)
    return found


def park_shares(utility: Floats, parks: Bools, nest: float) -> Floats:
    """(J, P) s: chance of each park among those given, softmax(V / lam); 0 everywhere where none is given."""
    scaled = np.where(parks, utility / nest, -np.inf)
    top = scaled.max(axis=1, initial=-np.inf)
    weight = np.exp(scaled - np.where(np.isfinite(top), top, 0.0)[:, None])
    total = weight.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(weight, total, out=np.zeros_like(weight), where=total > 0))


def spread(shares: Floats, nest: float) -> Floats:
    """(J,) lam H(s): utility of having several parks that are about as good."""
    return np.asarray(-nest * np.where(shares > 0, shares * np.log(np.where(shares > 0, shares, 1.0)), 0.0).sum(axis=1))


def means(terms: dict[str, Floats], shares: Floats) -> dict[str, Floats]:
    """(J,) each: mean of a term over parks, by their shares (J, P)."""
    return {name: (shares * value).sum(axis=1) for name, value in terms.items()}


def cause_of(odds: Floats, names: tuple[str, ...]) -> Ints:
    """(J,) position in ``names`` of what told most against signing.

    That is the worst of the terms where they sum to less than 0, else the luck.

    Args:
        odds: (J, names) parts of the odds.
        names: of the parts; a0 and luck among them.
    """
    terms = np.array([name not in (ODDS, LUCK) for name in names])
    worst = np.where(terms[None, :], odds, np.inf).argmin(axis=1)
    return np.asarray(np.where(odds[:, terms].sum(axis=1) < 0, worst, names.index(LUCK)))


def hazard_shares(pressure: Floats, unpaid: Floats) -> Floats:
    """(J, 3) share of the base rate, of plan pressure and of unpaid grants in h exp(m) (1 + unpaid).

    Args:
        pressure: (J,) m at signing, at least 0.
        unpaid: (J,) share of the promised grant that is not paid, 0-1.
    """
    more, both = np.log1p(unpaid), pressure + np.log1p(unpaid)
    base = np.exp(-both)
    part = np.divide(more, both, out=np.zeros(len(both)), where=both > 0)
    return np.column_stack([base, (1.0 - base) * (1.0 - part), (1.0 - base) * part])


@dataclass
class _Scene:
    """What the leads of a month saw."""

    terms: dict[str, Floats]
    open_parks: Bools
    room: Bools
    slot: Ints
    odds: Floats


class Witness:
    """Sees the leads of every month.

    Attributes:
        candidates: (channels, K) candidates so far.
        names: the terms, in the order of the record.
    """

    phase: ClassVar[Phase] = Phase.PLACE
    writes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, state: State, month: tuple[Mechanism, ...]) -> None:
        """Prepare the record.

        Args:
            state: the opening position, with which other places are compared.
            month: the mechanisms of the month, without the witness; those that write the appeal of parks name terms.
        """
        self.location = state.scenario[Location]
        writers = [type(part).__module__.rpartition(".")[2] for part in month if "appeal" in part.writes]
        self.writers = tuple(writers)
        others = tuple(name for name in writers if name != Location.table)
        self.names: tuple[str, ...] = (*TERMS, *others, REST, TASTE)
        self.parts: tuple[str, ...] = (*TERMS, *others, REST, CHOICE, ROOM, CLOSED, ODDS, LUCK)
        self.candidates = np.zeros((len(Channel), state.world.product_count))
        self.closed = np.full(len(state.firms), -1, dtype=np.int64)
        self.hazard = np.zeros((0, len(HAZARDS), len(WAITS)))
        self.failed_in = np.zeros(0, dtype=np.int64)
        self._opening = self._at_the_opening(state)
        self._scene: _Scene | None = None
        self._rows: list[Ints] = []
        self._why: list[Floats] = []
        self._open: list[Ints] = []
        self._lost: list[Ints] = []
        self._odds: list[Floats] = []

    def _at_the_opening(self, state: State) -> dict[str, Floats]:
        """(K,) each: terms of V_out at the opening by product, their spread, and what they leave unexplained."""
        products = np.arange(state.world.product_count)
        sponsor = np.where(state.world.chain_product, sponsors(state, products), -1)
        terms = utility_terms(state, self.location, products, sponsor)
        parks = physical_mask(state, products, np.zeros(len(products)))
        shares = park_shares(np.sum(list(terms.values()), axis=0), parks, self.location.nest)
        found = {**means(terms, shares), CHOICE: spread(shares, self.location.nest)}
        found[REST] = state.outside_value_mean - np.sum(list(found.values()), axis=0)
        return found

    def step(self, state: State, streams: Streams) -> None:
        """Keep the terms of the month's leads and the hazards of its projects; nothing is written."""
        del streams
        boards, self._scene = state.boards, None
        self._hazards(state)
        pool = boards.candidates
        if pool is None:
            return
        np.add.at(self.candidates, (pool.channel, pool.product), 1.0)
        if not boards.leads:
            return
        leads = boards.leads[0]
        product, sponsor = (np.asarray(leads[name], dtype=np.int64) for name in ("product", "sponsor"))
        terms = utility_terms(state, self.location, product, sponsor)
        grants = worth_to_leads(state, leads["productivity"])[:, None] * boards.offers[0]
        terms["incentive"] = self.location.incentive * grants[:, state.world.park_county]
        written = dict(zip(self.writers, boards.appeal, strict=True))
        base = written.pop(Location.table)
        terms = {**terms, **written, REST: base - np.sum(list(terms.values()), axis=0)}
        land = np.asarray(leads["land"], dtype=np.float64)
        room = physical_mask(state, product, land)
        _, offered = parks_for_leads(state)
        odds = self._odds_of(state, terms, room, offered)
        terms[TASTE] = self.location.nest * pool.taste(leads["candidate"])
        slot = np.asarray(leads["slot"], dtype=np.int64)
        self._scene = _Scene(terms, offered, np.asarray(room.any(axis=1)), slot, odds)

    def _odds_of(self, state: State, terms: dict[str, Floats], room: Bools, open_parks: Bools) -> Floats:
        """(J, parts) what speaks for and against signing; the sum is above 0 for the leads that sign.

        Args:
            state: with the boards of PLACE.
            terms: (J, P) each: all that makes up V.
            room: (J, P) parks with land for the lead.
            open_parks: (J, P) parks that are open to it.
        """
        q, boards, leads = self.location, state.boards, state.boards.leads[0]
        product = np.asarray(leads["product"], dtype=np.int64)
        utility = np.sum(list(terms.values()), axis=0)
        every = physical_mask(state, product, np.full(len(product), -np.inf))
        whole, with_land, offered = (inclusive_value(utility, parks, q.nest) for parks in (every, room, open_parks))
        shares = park_shares(utility, every, q.nest)
        parts = {**means(terms, shares), CHOICE: spread(shares, q.nest)}
        parts = {
            name: value - self._opening[name][product] if name in self._opening else value
            for name, value in parts.items()
        }
        outside = state.outside_value if boards.outside_value is None else boards.outside_value
        answer = (outside - state.outside_value_mean)[product]
        parts["incentive"] = parts["incentive"] - worth_to_leads(state, leads["productivity"]) * answer
        with np.errstate(invalid="ignore"):
            parts[ROOM] = np.where(np.isfinite(with_land), with_land - whole, -np.inf)
            parts[CLOSED] = np.where(np.isfinite(offered), offered - with_land, -np.inf)
        luck = np.asarray(leads["luck_sign"], dtype=np.float64)
        parts[ODDS], parts[LUCK] = np.full(len(product), q.sign_const), -np.log(luck / (1.0 - luck))
        grafts = np.asarray(leads["graft"]) >= 0
        found = np.column_stack([parts[name] for name in self.parts])
        weighed = np.array([name not in (ODDS, LUCK) for name in self.parts])
        found[np.ix_(grafts, weighed)] = 0.0  # a graft stays where its firm is
        found[np.asarray(leads["channel"]) == Channel.NORMAL] = np.nan
        return found

    def _hazards(self, state: State) -> None:
        """Add the hazard of the month to the account of every project that may fail."""
        projects, boards = state.projects, state.boards
        if boards.failed is None:
            return
        self.hazard, self.failed_in = (_longer(each, len(projects), 0) for each in (self.hazard, self.failed_in))
        rows, unpaid, hazard = failure_hazards(state, self.location)
        wait = np.searchsorted(WAITS, projects.stage[rows])
        self.hazard[rows, :, wait] += hazard[:, None] * hazard_shares(projects.pressure[rows], unpaid)
        failed = np.flatnonzero(boards.failed)
        self.failed_in[failed] = projects.stage[failed]

    def after(self, state: State) -> None:
        """After the month: where its leads went, and by what."""
        self._see_closed(state)
        scene = self._scene
        if scene is None:
            return
        projects, size = state.projects, len(scene.slot)
        # Leads become the last rows of the month, but for what land reform sets going: that is signed at its end.
        reform = (projects.moved > 0) | ((projects.graft >= 0) & (projects.graft == projects.parent))
        rows = np.flatnonzero(~reform)[-size:]
        if not (projects.slot[rows] == scene.slot).all():
            raise RuntimeError("the leads of the month are not the last rows of the projects")
        placed = (projects.signed[rows] >= 0) & (projects.graft[rows] < 0) & (projects.channel[rows] != Channel.NORMAL)
        chosen = np.where(placed, projects.park[rows], -1)
        why = advantage({name: scene.terms[name] for name in self.names}, scene.open_parks, chosen)
        self._rows.append(rows)
        self._why.append(np.column_stack([why[name] for name in self.names]))
        self._open.append(np.where(placed, scene.open_parks.sum(axis=1), 0))
        self._lost.append(_lost_reason(state, rows, scene))
        self._odds.append(scene.odds)

    def _see_closed(self, state: State) -> None:
        """Keep the month in which a firm closed."""
        firms = state.firms
        self.closed = _longer(self.closed, len(firms), -1)
        self.closed[~firms.alive & (self.closed < 0)] = state.month

    def record(self, projects: int) -> tuple[Floats, Ints, Ints]:
        """By project row: (J, terms) advantage, NaN where none was weighed; (J,) open parks; (J,) reason of loss or -1.

        Args:
            projects: rows of the project table.
        """
        why = np.full((projects, len(self.names)), np.nan)
        open_parks, lost = np.zeros(projects, dtype=np.int64), np.full(projects, -1, dtype=np.int64)
        if self._rows:
            rows = np.concatenate(self._rows)
            why[rows], open_parks[rows] = np.concatenate(self._why), np.concatenate(self._open)
            lost[rows] = np.concatenate(self._lost)
        return why, open_parks, lost

    def odds(self, projects: int) -> tuple[Floats, Ints]:
        """By project row: (J, parts) what spoke for and against signing, and (J,) the cause if it was lost elsewhere.

        NaN and -1 where nothing was weighed: plants of leaders, normal entry, leads without a place.

        Args:
            projects: rows of the project table.
        """
        found, cause = np.full((projects, len(self.parts)), np.nan), np.full(projects, NO_CAUSE, dtype=np.int64)
        if self._rows:
            rows = np.concatenate(self._rows)
            found[rows] = np.concatenate(self._odds)
            lost = np.concatenate(self._lost) == LOST_REASONS.index("elsewhere")
            cause[rows[lost]] = cause_of(found[rows[lost]], self.parts)
            full = rows[lost & (found[rows].sum(axis=1) >= 0)]  # parks filled up in the month of the lead
            cause[full] = self.parts.index(ROOM)
        found[~np.isfinite(found).all(axis=1)] = np.nan
        return found, cause

    def failures(self, projects: int) -> tuple[Floats, Ints]:
        """By project row: (J, 3) shares of :data:`HAZARDS` in the hazard it lived with, and (J,) stage of its failure.

        NaN and 0 for those that did not fail.

        Args:
            projects: rows of the project table.
        """
        hazard, stage = (_longer(each, projects, 0) for each in (self.hazard.sum(axis=2), self.failed_in))
        found = np.full((projects, len(HAZARDS)), np.nan)
        failed = stage > 0
        found[failed] = hazard[failed] / hazard[failed].sum(axis=1, keepdims=True)
        return found, stage


def _longer(values: NDArray[Any], size: int, fill: int) -> NDArray[Any]:
    """Values by row with a fill for rows that were appended since."""
    more = np.full((size - len(values), *values.shape[1:]), fill, dtype=values.dtype)
    return np.concatenate([values, more])


def _lost_reason(state: State, rows: Ints, scene: _Scene) -> Ints:
    """(J,) position in :data:`LOST_REASONS`, -1 for leads that were signed.

    Parks that fill up within the month count as open; a graft needs no park, so it went elsewhere; normal entry gets no
    offer and is lost for want of a plot only.
    """
    projects = state.projects
    normal, graft = projects.channel[rows] == Channel.NORMAL, projects.graft[rows] >= 0
    reason = np.where(scene.room, np.where(scene.open_parks.any(axis=1), 2, 1), 0)
    reason = np.where(normal, 0, np.where(graft, 2, reason))
    for refused in state.boards.refused:
        reason = np.where(refused, 1, reason)
    return np.asarray(np.where(projects.signed[rows] < 0, reason, -1))
