"""Land: parks, requisition and price (model description, section 9.10).

    free_p = developed - occupied - idle - released
    r_p = r0_c (max(free_p + released_p, 1 % developed) / developed)^(-eps_r) (1 - discount), at least fl_r c_dev
    requisition takes t_req0 + (t_req - t_req0) s_j months on average, permits t_perm (1 - g_perm b)
    serviced land takes 1 month

The city issues a quota and splits it by the counties' waiting queue and developed area; counties turn quota into
developed land as their queue and their reserve ask for it, never beyond the plan of a park. A park without developed
land has no price. Requisition and permits are one stage whose monthly progress is the inverse of its length at
present service.

Reads queues, quota, service. Writes: quota_issued, developed, development_asked, land_price, land_progress.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.location import committed_land
from sim.parameters import Lever, Parameters, lever, parameter
from sim.state import YEAR, Stage, State
from sim.sums import sum_by
from sim.world import World

Floats = NDArray[np.float64]


class Land(Parameters):
    """Land intensities, prices, requisition times, quota and discount."""

    table: ClassVar[str] = "land"

    mu_per_bn_chain: float = parameter(
        40.0,
        symbol="l_mat",
        unit="mu per bn yuan announced output",
        low=30,
        high=150,
        grade="derived",
        source="3500/88; Shanshan 153",
        newest_fact="2019-11",
        published="2019-12",
    )
    mu_per_GWh: float = parameter(
        43.0,
        symbol="l_cell",
        unit="mu per GWh",
        low=34,
        high=52,
        grade="derived",
        source="2316/45, 2070/60",
        newest_fact="2020-12",
    )
    mu_oem: float = parameter(
        55.0,
        symbol="l_oem",
        unit="mu per bn yuan announced output, plant only",
        low=40,
        high=80,
        grade="assumed",
        source=("3,000 mu (events.vehicle_base_plant_land) / 55 bn announced; the supplier park is counted apart"),
        newest_fact="2019-09",
        published="2019-09",
    )
    mu_ssprod: float = parameter(
        170.0,
        symbol="l_ssprod",
        unit="mu per bn yuan",
        low=100,
        high=300,
        grade="derived",
        source="2019 plan of the Zhouning stainless park: 1,743 mu (phase one) for 10 bn a year",
        newest_fact="2019",
        published="2020-11",
    )
    price_core: float = parameter(
        0.4,
        symbol="r_core",
        unit="M yuan per mu",
        low=0.2,
        high=0.7,
        grade="calibrate",
        source="assumption",
    )
    price_coast: float = parameter(
        0.25,
        symbol="r_coast",
        unit="M yuan per mu",
        low=0.12,
        high=0.4,
        grade="calibrate",
        source="assumption",
    )
    price_mountain: float = parameter(
        0.1,
        symbol="r_mtn",
        unit="M yuan per mu",
        low=0.03,
        high=0.2,
        grade="calibrate",
        source="assumption; near statutory floor prices",
    )
    scarcity_elasticity: float = parameter(
        0.35,
        symbol="eps_r",
        unit="d ln price / d ln free share (absolute)",
        low=0.1,
        high=0.8,
        grade="assumed",
        source="assumption",
    )
    dev_cost: float = parameter(
        0.3,
        symbol="c_dev",
        unit="M yuan per mu",
        low=0.15,
        high=0.6,
        grade="assumed",
        source="assumption; SAIC infrastructure 10 bn / 6879 mu = 1.45 (upper outlier)",
        newest_fact="2019-09",
        published="2019-09",
    )
    requisition_mean: float = parameter(
        6.0,
        symbol="t_req",
        unit="months",
        low=3,
        high=14,
        grade="sourced",
        source="SAIC base: 6,460 mu in 6 months (Taihai, 29 Sep 2019)",
        newest_fact="2019-09",
        published="2019-09",
    )
    permit_mean: float = parameter(
        2.0,
        symbol="t_perm",
        unit="months",
        low=1,
        high=6,
        grade="sourced",
        source="SAIC 43 preconditions in 2 months",
        newest_fact="2019-09",
    )
    requisition_mean_noservice: float = parameter(
        11.0,
        symbol="t_req0",
        unit="months",
        low=8,
        high=16,
        grade="assumed",
        source="assumption",
    )
    new_quota: Lever = lever(
        6000,
        symbol="q_new",
        unit="mu per year, city",
        payer="counties: development",
        low=2000,
        high=12000,
        grade="assumed",
        source="assumption; SAIC alone took 6,460 mu in 6 months",
        newest_fact="2019-09",
        published="2019-09",
        scope="city",
    )
    discount: Lever = lever(
        0.1,
        symbol="disc",
        unit="share of price",
        payer="counties: revenue forgone",
        low=0,
        high=0.6,
        grade="assumed",
        source="assumption",
        scope="county",
    )
    quota_weight_queue: Lever = lever(
        0.6,
        symbol="q_queue",
        unit="share of quota given by waiting projects (rest by developed area)",
        payer="counties: development",
        low=0,
        high=1,
        grade="assumed",
        source="assumption",
        scope="city",
    )
    mu_smelt: float = parameter(
        60.0,
        symbol="l_sm",
        unit="mu per bn yuan",
        low=30,
        high=150,
        grade="calibrate",
        source="assumption",
    )
    mu_parts: float = parameter(
        200.0,
        symbol="l_part",
        unit="mu per bn yuan",
        low=100,
        high=350,
        grade="assumed",
        source="assumption",
    )
    mu_other: float = parameter(
        350.0,
        symbol="l_oth",
        unit="mu per bn yuan",
        low=150,
        high=700,
        grade="assumed",
        source="assumption",
    )
    price_floor: float = parameter(
        0.7,
        symbol="fl_r",
        unit="share of development cost",
        low=0.4,
        high=1.0,
        grade="assumed",
        source="assumption",
    )
    reserve: float = parameter(
        0.1,
        symbol="k_r",
        unit="share of developed land that a county wants to keep free",
        low=0.0,
        high=0.3,
        grade="assumed",
        source="assumption: what the opening leaves free (opening.park_fill)",
    )
    requisition_cv: float = parameter(
        0.25,
        symbol="cv_req",
        unit="coefficient of variation of the luck of requisition",
        low=0.1,
        high=0.5,
        grade="assumed",
        source="assumption: as of construction work (construction.cv)",
    )
    permit_gain: float = parameter(
        0.5,
        symbol="g_perm",
        unit="share of permit time that full reform saves",
        low=0.2,
        high=0.8,
        grade="assumed",
        source="assumption",
    )


LEAST_FREE_SHARE = 0.01
"""Free share below which scarcity raises the price no further (model description, section 9.10)."""


def land_price(free: Floats, developed: Floats, base: Floats, discount: Floats, land: Land) -> Floats:
    """Price of developed land by park, M yuan per mu; 0 where nothing is developed.

    Args:
        free: (P,) land on offer, mu: free and released.
        developed: (P,) developed land, mu.
        base: (P,) r0 of the county group.
        discount: (P,) lever, share of the price.
        land: parameters.
    """
    share = np.maximum(free, LEAST_FREE_SHARE * developed) / np.where(developed > 0, developed, 1.0)
    safe = np.where(developed > 0, share, 1.0)
    price = base * safe ** (-land.scarcity_elasticity) * (1.0 - discount)
    return np.where(developed > 0, np.maximum(price, land.price_floor * land.dev_cost), 0.0)


def base_price(world: World, land: Land) -> Floats:
    """(P,) r0 by the county group of each park, M yuan per mu."""
    by_group = np.array([land.price_core, land.price_coast, land.price_mountain])
    return np.asarray(by_group[world.group[world.park_county]])


def months_on_land(service: Floats, luck: Floats, reform: float, serviced: NDArray[np.bool_], land: Land) -> Floats:
    """Length of the LAND stage at present service, months, at least 1.

    Args:
        service: (J,) s_j.
        luck: (J,) Gamma luck with mean 1.
        reform: effective permit reform b, 0-1.
        serviced: (J,) serviced or released land, or a graft on an incumbent's plot: one month.
        land: parameters.
    """
    requisition = land.requisition_mean_noservice + (land.requisition_mean - land.requisition_mean_noservice) * service
    permits = land.permit_mean * (1.0 - land.permit_gain * reform)
    return np.where(serviced, 1.0, np.maximum(requisition * luck + permits, 1.0))


class Development:
    """Quota, new developed land and prices."""

    phase: ClassVar[Phase] = Phase.BUILD
    writes: ClassVar[tuple[str, ...]] = ("quota_issued", "developed", "development_asked", "land_price")

    def __init__(self, land: Land, world: World) -> None:
        self.land, self.base = land, base_price(world, land)

    def step(self, state: State, streams: Streams) -> None:
        """The city splits the quota, counties decide what to develop, prices follow scarcity."""
        del streams
        assert state.deciders is not None
        world, parks, boards = state.world, state.parks, state.boards
        count = world.county_count
        waiting = committed_land(state)
        by_county = sum_by(world.park_county, waiting, count)
        developed = sum_by(world.park_county, parks.developed, count)
        quota = state.lever("land.new_quota") / YEAR
        weight = state.lever("land.quota_weight_queue")
        boards.quota_issued = state.deciders.city.split_quota(quota, by_county, developed, weight)
        boards.developed, boards.development_asked = self._develop(
            state, waiting, state.counties.quota + boards.quota_issued
        )
        discount = state.lever_by_county("land.discount")[world.park_county]
        boards.land_price = land_price(
            parks.on_offer + boards.developed, parks.developed + boards.developed, self.base, discount, self.land
        )

    def _develop(self, state: State, waiting: Floats, quota: Floats) -> tuple[Floats, Floats]:
        """(P,) mu developed this month: what each county asks for and can pay, given first to parks with a queue.

        What its own budget cannot pay, transfers earmarked for parks pay as far as they go (section 9.19). Beside it
        (C,) what each asks for.
        """
        assert state.deciders is not None
        world, parks = state.world, state.parks
        named = np.arange(len(parks.planned)) < len(parks.planned) - world.county_count
        headroom = np.where(named, parks.planned - parks.developed, 0.0)
        short = np.minimum(np.maximum(waiting - parks.on_offer, 0.0), headroom)
        home, count = world.park_county, world.county_count
        lacking, free, built, room = (
            sum_by(home, np.where(named, each, 0.0), count)
            for each in (short, parks.on_offer, parks.developed, headroom)
        )
        wanted = np.zeros(count)
        for county in state.deciders.counties:
            at = county.index
            wanted[at] = county.request_land(
                float(lacking[at]), float(free[at]), float(built[at]), float(room[at]), float(quota[at])
            )
        own = wanted * state.funded[:count]
        asked = own + np.minimum(wanted - own, state.earmarked / self.land.dev_cost)
        queue = np.minimum(asked, lacking)
        new = short * np.divide(queue, lacking, out=np.zeros(count), where=lacking > 0)[home]
        rest = headroom - new
        left = sum_by(home, rest, count)
        more = np.minimum(asked - queue, left)
        new += rest * np.divide(more, left, out=np.zeros(count), where=left > 0)[home]
        return new, wanted


class Requisition:
    """Progress of projects in the LAND stage."""

    phase: ClassVar[Phase] = Phase.BUILD
    writes: ClassVar[tuple[str, ...]] = ("land_progress",)

    def __init__(self, land: Land) -> None:
        self.land = land

    def step(self, state: State, streams: Streams) -> None:
        """A month's share of requisition and permits."""
        del streams
        projects = state.projects
        rows = np.flatnonzero(projects.stage == Stage.LAND)
        quick = projects.serviced_land[rows] | (projects.graft[rows] >= 0)
        luck = projects.requisition_luck[rows]
        progress = np.zeros(len(projects))
        progress[rows] = 1.0 / months_on_land(projects.service[rows], luck, state.reform, quick, self.land)
        state.boards.land_progress = progress
