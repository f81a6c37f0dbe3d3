"""A witness in the month: what spoke for the park of each lead, and why leads were lost.

Added to the list of the month only by those who ask (:mod:`sim.experiment.explanation`); it writes no board, so the
run is the same with and without it. It stands last in PLACE and reads what the resolver of the phase will read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Mechanism, Phase
from sim.mechanisms.location import (
    Location,
    capacity_by_county,
    firms_by_park,
    market_access,
    needs_by_county,
    physical_mask,
    relative_prices,
    sponsor_county,
)
from sim.mechanisms.prices import chain_inputs
from sim.state import Channel, State

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
"""Why leads were lost: no park has the land (or the port, or an idle plot); parks have it, but county or plan refuse;
an offer was made and another place was better.
"""


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
    buyers = market_access(world.minutes, needs_by_county(state), q.market_decay)
    inputs = chain_inputs(state)
    suppliers = market_access(world.minutes, capacity_by_county(state), q.market_decay) @ inputs
    home = np.append(sponsor_county(state), -1)[sponsor]
    minutes = np.where(home[:, None] >= 0, world.minutes[home][:, county], 0.0)
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


@dataclass
class _Scene:
    """What the leads of a month saw."""

    terms: dict[str, Floats]
    open_parks: Bools
    room: Bools
    slot: Ints


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
            state: for the sizes.
            month: the mechanisms of the month, without the witness; those that write the appeal of parks name terms.
        """
        self.location = state.scenario[Location]
        writers = [type(part).__module__.rpartition(".")[2] for part in month if "appeal" in part.writes]
        self.writers = tuple(writers)
        others = tuple(name for name in writers if name != Location.table)
        self.names: tuple[str, ...] = (*TERMS, *others, REST, TASTE)
        self.candidates = np.zeros((len(Channel), state.world.product_count))
        self._scene: _Scene | None = None
        self._rows: list[Ints] = []
        self._why: list[Floats] = []
        self._open: list[Ints] = []
        self._lost: list[Ints] = []

    def step(self, state: State, streams: Streams) -> None:
        """Keep the terms of the month's leads; nothing is written."""
        del streams
        boards, self._scene = state.boards, None
        pool = boards.candidates
        if pool is None:
            return
        np.add.at(self.candidates, (pool.channel, pool.product), 1.0)
        if not boards.leads:
            return
        leads = boards.leads[0]
        product, sponsor = (np.asarray(leads[name], dtype=np.int64) for name in ("product", "sponsor"))
        terms = utility_terms(state, self.location, product, sponsor)
        written = dict(zip(self.writers, boards.appeal, strict=True))
        base = written.pop(Location.table)
        terms = {**terms, **written, REST: base - np.sum(list(terms.values()), axis=0)}
        terms[TASTE] = self.location.nest * pool.taste(leads["candidate"])
        land = np.asarray(leads["land"], dtype=np.float64)
        room = np.asarray(physical_mask(state, product, land).any(axis=1))
        slot = np.asarray(leads["slot"], dtype=np.int64)
        self._scene = _Scene(terms, _all_of(boards.allowed), room, slot)

    def after(self, state: State) -> None:
        """After the month: where its leads went, and by what."""
        scene = self._scene
        if scene is None:
            return
        projects, size = state.projects, len(scene.slot)
        rows = np.arange(len(projects) - size, len(projects))  # leads become the last rows of the month
        if not (projects.slot[rows] == scene.slot).all():
            raise RuntimeError("the leads of the month are not the last rows of the projects")
        placed = (projects.signed[rows] >= 0) & (projects.graft[rows] < 0) & (projects.channel[rows] != Channel.NORMAL)
        chosen = np.where(placed, projects.park[rows], -1)
        why = advantage({name: scene.terms[name] for name in self.names}, scene.open_parks, chosen)
        self._rows.append(rows)
        self._why.append(np.column_stack([why[name] for name in self.names]))
        self._open.append(np.where(placed, scene.open_parks.sum(axis=1), 0))
        self._lost.append(_lost_reason(state, rows, scene))

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


def _all_of(masks: list[Bools]) -> Bools:
    """Where every mask allows."""
    found: Bools = np.ones_like(masks[0])
    for mask in masks:
        found &= mask
    return found


def _lost_reason(state: State, rows: Ints, scene: _Scene) -> Ints:
    """(J,) position in :data:`LOST_REASONS`, -1 for leads that were signed.

    Parks that fill up within the month count as open; a graft needs no park, so it went elsewhere; normal entry gets no
    offer and is lost for want of a plot only.
    """
    projects = state.projects
    normal, graft = projects.channel[rows] == Channel.NORMAL, projects.graft[rows] >= 0
    reason = np.where(scene.room, np.where(scene.open_parks.any(axis=1), 2, 1), 0)
    reason = np.where(normal, 0, np.where(graft, 2, reason))
    return np.asarray(np.where(projects.signed[rows] < 0, reason, -1))
