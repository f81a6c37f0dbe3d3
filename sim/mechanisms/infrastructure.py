"""Infrastructure: roads and rails that cut the minutes between counties (model description, section 9.20).

    begun(t)   = max(0, x - sum of shares begun before)              x: lever, share of the minutes of the opening
    asked_w    = min(share_w / T_b, left_w) ,  done_w = min(funded_city share_w / T_b, left_w)   a month, each work w
    minutes_ij = minutes_ij(0) (1 - sum of done)                     between counties; minutes inside a county stay
    cost       = c_min sum_w done_w x sum of minutes_ij(0) over direct roads ij
    commuting kernel x exp(-b (minutes - minutes before))

A raised lever begins a work that takes T_b months where the city can pay and longer where it cannot; works that were
begun are finished, and a lowered lever tears no road up. Minutes fall as the work is done and paid, everywhere by the
same share.

A work is decided in one month and at work from the next, for money is planned in between: what works ask for is known
ahead, so the budget of next month is planned with just that (`public_ahead`), and not with a mean of the last twelve
months, which would let a programme far beyond all money be paid in full at first and stop everything afterwards.

Choices. *Who pays for which road:* a way that leads through a third county uses the roads of the two parts. A pair of
counties has a road of its own where every way over a third county is longer by more than `detour`; only these direct
roads are built and paid for, and all pairs become faster. Paid by pair, the 36 pairs would build the same expressway
several times over. Regions of one county of official statistics (Dongqiao and Jiaocheng) count as one: the way between
them is no road of the programme and is not cut. *Who is paid:* builders. Half of the money for a road is ordered in
each of its two counties, and goes to builders by the trade shares of the table. *Kilometres* stay, so freight by
distance does; what falls is what goes by time: commuting, delivery just in time, access to markets and suppliers,
the way to the leader, the reach of builders. The trade shares of pooled goods (9.12) stay those of the opening.

What it does to a county is open: its people reach jobs elsewhere, its parks lie nearer to customers, its builders and
suppliers meet others. Money of the city level that goes into roads is missing for its other levers.

Reads the lever, funded shares, works. Writes: road_begun, road_work, minutes, public_works; public_spending,
public_asked, public_ahead (SHARE).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.fiscal import city_level
from sim.parameters import Lever, Parameters, lever, parameter
from sim.state import Roads, State
from sim.world import World

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


LEAST_WORK = 1e-9
"""Share of minutes below which a raised lever is rounding and begins no work: it would cost about a thousand yuan."""


class Infrastructure(Parameters):
    """Roads and rails: travel minutes cut between counties."""

    table: ClassVar[str] = "infrastructure"

    minutes_cut: Lever = lever(
        0,
        symbol="dmin",
        unit="share of travel minutes cut",
        payer="city level",
        low=0,
        high=0.3,
        neutral=0,
        grade="assumed",
        source="assumption",
    )
    cost_per_minute: float = parameter(
        800.0,
        symbol="c_min",
        unit="M yuan per minute saved on a direct road between two counties",
        low=200,
        high=2500,
        grade="assumed",
        source="assumption",
    )
    build_months: float = parameter(
        36.0,
        symbol="T_b",
        unit="months of a work that can be paid",
        low=12,
        high=72,
        grade="assumed",
        source="assumption: an expressway through mountains takes three to four years",
    )
    detour: float = parameter(
        0.15,
        symbol="det",
        unit="share by which a way over a third county may be longer than the road between two",
        low=0.0,
        high=0.3,
        grade="assumed",
        source="assumption: a sixth of the way to pass a town",
    )


def between_counties(official: NDArray[np.int64]) -> Bools:
    """(C, C) pairs of regions that belong to different counties of official statistics.

    Args:
        official: (C,) county to which official statistics add each region.
    """
    return np.asarray(official[:, None] != official[None, :])


def direct_roads(minutes: Floats, official: NDArray[np.int64], detour: float) -> Bools:
    """(C, C) upper triangle: pairs with a road of their own; of the regions of one official county only itself.

    Args:
        minutes: (C, C) at the opening.
        official: (C,) county of each region.
        detour: share by which the way over a third county may be longer.
    """
    size = len(official)
    own = official == np.arange(size)
    by_way = minutes[:, :, None] + minutes[None, :, :]  # [i, k, j]
    third = own & ~np.eye(size, dtype=np.bool_)  # [i, k]: k is a county and not i
    allowed = third[:, :, None] & third.T[None, :, :]
    shortest = np.where(allowed, by_way, np.inf).min(axis=1)
    alone = shortest > (1.0 + detour) * minutes
    return np.asarray(np.triu(alone & own[:, None] & own[None, :], 1))


def work_done(roads: Roads, months: float, funded: float) -> Floats:
    """(W,) share of the minutes that each work cuts this month.

    Args:
        roads: works before this month.
        months: T_b.
        funded: share of its policies that the city level can pay, 0-1; 1 gives what the works ask for.
    """
    return np.asarray(np.minimum(funded * roads.begun / months, roads.left))


def shortened(minutes: Floats, pairs: Bools, cut: float) -> Floats:
    """(C, C) minutes after a share of those of the opening has been cut.

    Args:
        minutes: (C, C) at the opening.
        pairs: (C, C) pairs that become faster.
        cut: share.
    """
    return np.where(pairs, minutes * (1.0 - cut), minutes)


def road_orders(world: World, direct: Bools, money: float) -> Floats:
    """(C, K) construction ordered for a share of all direct roads: half of a road in each of its counties.

    Args:
        world: minutes of the opening, products.
        direct: (C, C) upper triangle, direct roads.
        money: M yuan.
    """
    orders = np.zeros((world.county_count, world.product_count))
    length = np.where(direct, world.minutes, 0.0)
    weight = length.sum(axis=0) + length.sum(axis=1)
    orders[:, world.product("CONS")] = money * weight / weight.sum()
    return orders


class RoadWorks:
    """The work of the month, the minutes after it, and what builders are paid."""

    phase: ClassVar[Phase] = Phase.BUILD
    writes: ClassVar[tuple[str, ...]] = ("road_begun", "road_work", "minutes", "public_works")

    def __init__(self, infrastructure: Infrastructure, world: World) -> None:
        """Find the direct roads.

        Args:
            infrastructure: parameters of this table.
            world: minutes of the opening.
        """
        self.infrastructure = infrastructure
        self.pairs = between_counties(world.official)
        self.direct = direct_roads(world.minutes, world.official, infrastructure.detour)
        self.cost = infrastructure.cost_per_minute * float(world.minutes[self.direct].sum())

    def step(self, state: State, streams: Streams) -> None:
        """Decide on what the lever asks for beyond what was begun; works go on as far as the city level can pay."""
        del streams
        roads, boards = state.roads, state.boards
        begun = state.lever("infrastructure.minutes_cut") - float(roads.begun.sum())
        if begun <= LEAST_WORK and not roads.left.any():
            return
        work = work_done(roads, self.infrastructure.build_months, float(state.funded[-1]))
        if begun > LEAST_WORK:  # no work is done on it before money has been planned for it
            boards.road_begun, work = begun, np.append(work, 0.0)
        cut = float(roads.begun.sum() - roads.left.sum() + work.sum())
        boards.road_work = work
        boards.minutes = shortened(state.world.minutes, self.pairs, cut)
        boards.public_works.append(road_orders(state.world, self.direct, self.cost * float(work.sum())))


class RoadCosts:
    """What the works of the month cost the city level, and what they will ask for in the next."""

    phase: ClassVar[Phase] = Phase.SHARE
    writes: ClassVar[tuple[str, ...]] = ("public_spending", "public_asked", "public_ahead")

    def __init__(self, works: RoadWorks) -> None:
        self.works = works

    def step(self, state: State, streams: Streams) -> None:
        """Post the cost of the work done and asked for; the works of the month stand in the state already."""
        del streams
        roads, boards, done = state.roads, state.boards, state.boards.road_work
        if done is None:
            return
        at_work = len(done) - (boards.road_begun > 0)
        before = Roads(roads.begun[:at_work], (roads.left + done)[:at_work])
        months = self.works.infrastructure.build_months
        for board, work in (
            (boards.public_spending, done),
            (boards.public_asked, work_done(before, months, 1.0)),
            (boards.public_ahead, work_done(roads, months, 1.0)),
        ):
            board["infrastructure"] = city_level(state, self.works.cost * float(work.sum()))
