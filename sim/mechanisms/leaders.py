"""Leaders: world shares, order books, expansion and the choice of site (model description, section 9.3).

    s_g(t+1) = s_g exp((psi_s/12) [ln(cbar/c_g) + a_fill (fill_g - 1) + a_q (q_g - qbar)]) / normaliser
    O_g = s_g Q_m u / 12 ;  B_g(t+1) = rho_B (B_g + O_g - y_g)^+ ;  a site gets pi_gb (O_g + B_g)
    pi_gb = Kap_gb exp(-theta_b (c_gb/cbar_g - 1)) / sum_b
    Khat_g = (1 + ghat_g)^t_plan 12 O_g / u_star ,  ghat from an AR(1) on annual growth, within its bounds
    V_b = b_C C_pot,b - b_r ln r_b - b_w ln w_b + b_s s_b + b_inc inc_b + b_e headroom_b + b_H ln H_b
          - b_t (minutes to the largest home plant) - risk_conc share_b + Gumbel

If Khat exceeds present capacity and pipeline, the leader builds a lumpy plant at home or at a rival site (nested
logit with nests home and rivals). In the known period dated plants enter as events (:mod:`sim.mechanisms.events`) and
count as pipeline here; leaders build what these leave open, for the list of dated plants is not complete. A dated plant
brings the customers for whom it was built: the share of its leader rises by what fills u_star of it. The share of the
power-cell leader follows its known shipments. What a site cannot deliver passes on to sites of the group that can.

Reads markets, costs, coverage, land, wages, service, incentives. Writes: share, orders, site_orders, away_orders,
own_projects, rival_building, rival_noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams, gumbel
from sim.mechanisms import Phase
from sim.mechanisms.demand import HORIZON, OPENING, annual_series, monthly_logs
from sim.mechanisms.energy import Energy, left_over, limit_of, need
from sim.mechanisms.fiscal import Race, competing_counties
from sim.mechanisms.location import Location, room_left, sponsor_county
from sim.mechanisms.production import abroad, leading_rows
from sim.mechanisms.shocks import effect, gone
from sim.mechanisms.sourcing import nameplate, potential_coverage
from sim.parameters import Parameters, parameter
from sim.settings import Run
from sim.state import YEAR, Stage, State, read_once
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NESTS = 2
"""Nests of the choice of site: home and rivals; each has a taste shock of its own, after those of the sites."""


class Leaders(Parameters):
    """Order books, expectations and sites of the lead firms."""

    table: ClassVar[str] = "leaders"

    share_selection: float = parameter(
        0.6,
        symbol="psi_s",
        unit="replicator intensity per year",
        low=0.2,
        high=1.5,
        grade="assumed",
        source="assumption",
    )
    base_allocation: float = parameter(
        10.0,
        symbol="theta_b",
        unit="elasticity of plant allocation to unit cost",
        low=4,
        high=20,
        grade="assumed",
        source="assumption",
    )
    expect_window: float = parameter(
        36.0,
        symbol="W_e",
        unit="months for AR(1) expectation",
        low=24,
        high=60,
        grade="recalled",
        source="recalled: adaptive AR(1) learning as in Poledna et al. 2023",
        published="2023",
    )
    fill_gain: float = parameter(
        0.5,
        symbol="a_fill",
        unit="share gain per unit fill rate",
        low=0.0,
        high=1.5,
        grade="assumed",
        source="assumption",
    )
    quality_gain: float = parameter(
        0.3,
        symbol="a_q",
        unit="share gain per unit quality",
        low=0.0,
        high=1.0,
        grade="assumed",
        source="assumption",
    )
    diversification: float = parameter(
        1.5,
        symbol="risk_conc",
        unit="utility loss at 100% share in one site",
        low=0.5,
        high=4.0,
        grade="assumed",
        source="assumption; direction published (announced need to disperse sites, Dec 2020)",
        newest_fact="2020-12",
    )
    coverage_pull: float = parameter(
        1.0,
        symbol="b_C",
        unit="utility per unit C_pot",
        low=0.2,
        high=2.0,
        grade="assumed",
        source="assumption; direction published (OEM came for battery supply, 2021 report)",
        newest_fact="2021",
        published="2021",
    )
    utilisation_target: float = parameter(
        0.85,
        symbol="u_star",
        unit="share",
        low=0.75,
        high=0.92,
        grade="assumed",
        source="assumption",
    )
    talent_pull: float = parameter(
        0.15,
        symbol="b_H",
        unit="utility per ln talent stock",
        low=0.0,
        high=0.5,
        grade="assumed",
        source="assumption",
    )
    energy_pull: float = parameter(
        0.3,
        symbol="b_e",
        unit="utility per unit headroom",
        low=0.0,
        high=1.0,
        grade="assumed",
        source="assumption",
    )
    backlog_keep: float = parameter(
        0.9,
        symbol="rho_B",
        unit="share kept per month",
        low=0.7,
        high=1.0,
        grade="assumed",
        source="assumption",
    )
    rival_sites: float = parameter(
        3.0,
        symbol="n_riv",
        unit="number of rival sites per leader",
        low=1,
        high=8,
        grade="assumed",
        source="assumption",
    )
    rival_coverage: float = parameter(
        0.5,
        symbol="riv_C",
        unit="C_pot at a rival site",
        low=0.2,
        high=0.8,
        grade="assumed",
        source="assumption",
    )
    rival_land_price: float = parameter(
        0.3,
        symbol="riv_r",
        unit="M yuan per mu",
        low=0.1,
        high=0.6,
        grade="assumed",
        source="assumption",
    )
    rival_wage: float = parameter(
        1.1,
        symbol="riv_w",
        unit="wage / mean home wage",
        low=0.9,
        high=1.4,
        grade="assumed",
        source="assumption",
    )
    rival_service: float = parameter(
        0.5,
        symbol="riv_s",
        unit="service index",
        low=0,
        high=1,
        grade="assumed",
        source="assumption",
    )
    rival_incentive: float = parameter(
        0.04,
        symbol="riv_inc",
        unit="grant share of investment",
        low=0,
        high=0.12,
        grade="assumed",
        source="assumption",
    )
    rival_headroom: float = parameter(
        0.3,
        symbol="riv_e",
        unit="energy headroom share",
        low=0,
        high=1,
        grade="assumed",
        source="assumption",
    )
    rival_talent: float = parameter(
        1.5,
        symbol="riv_H",
        unit="talent stock / core opening stock",
        low=0.5,
        high=4,
        grade="assumed",
        source="assumption",
    )
    rival_noise: float = parameter(
        0.3,
        symbol="riv_sd",
        unit="sd of utility, AR(1)",
        low=0.1,
        high=0.8,
        grade="assumed",
        source="assumption",
    )
    rival_persist: float = parameter(
        0.97,
        symbol="riv_rho",
        unit="per month",
        low=0.9,
        high=0.99,
        grade="assumed",
        source="assumption",
    )
    rival_quality: float = parameter(
        0.9,
        symbol="riv_q",
        unit="mean quality of the rest of a market, 0-1",
        low=0.6,
        high=1.0,
        grade="assumed",
        source="assumption: as of the home leaders at the opening",
    )
    rival_build: float = parameter(
        24.0,
        symbol="riv_W",
        unit="mean months until capacity at a rival site produces",
        low=12,
        high=36,
        grade="assumed",
        source="assumption: the announced limit of 26 months less permits",
        newest_fact="2019-11",
        published="2019-12",
    )
    growth_least: float = parameter(
        -0.3,
        symbol="ghat_lo",
        unit="least annual growth that a leader expects",
        low=-0.5,
        high=0.0,
        grade="assumed",
        source="assumption",
    )
    growth_most: float = parameter(
        0.6,
        symbol="ghat_hi",
        unit="greatest annual growth that a leader expects",
        low=0.2,
        high=1.2,
        grade="assumed",
        source="assumption",
    )
    plan_years: float = parameter(
        1.5,
        symbol="t_plan",
        unit="years ahead for whose orders a leader plans capacity",
        low=1.0,
        high=3.0,
        grade="assumed",
        source="assumption",
    )
    small_plant: float = parameter(
        0.5,
        symbol="l_min",
        unit="least plant of a small group, share of what it has",
        low=0.25,
        high=1.0,
        grade="assumed",
        source="assumption",
    )
    starting_share: float = parameter(
        0.5,
        symbol="n_start",
        unit="share of its announced output with which a leader's first plant under way counts",
        low=0.25,
        high=1.0,
        grade="assumed",
        source="assumption",
    )


def order_book(share: Floats, volume: Floats, unit_value: Floats) -> Floats:
    """O_g: monthly orders of each leader, M yuan at 2018 prices, from share, market volume a year and unit value."""
    return np.asarray(share * volume * unit_value / YEAR)


def expected_growth(history: Floats, window: int, least: float, most: float) -> float:
    """ghat: one-year-ahead forecast of an AR(1) on annual growth of monthly orders.

    Args:
        history: monthly orders, oldest first.
        window: months of growth observations used.
        least: lower bound of what is expected, a year.
        most: upper bound.

    Returns:
        Annual growth within the bounds; 0 where fewer than two observations exist.
    """
    history = history[np.maximum.accumulate(history > 0)]  # a new leader's growth counts from its first order
    if len(history) < YEAR + 2:
        return 0.0
    if history[-1] <= 0.0:  # a leader that has left
        return least
    growth = np.log(history[YEAR:] / history[:-YEAR])[-window:]
    mean = float(growth.sum()) / len(growth)
    left, right = growth[:-1] - mean, growth[1:] - mean
    variance = float((left * left).sum())
    persistence = min(max(float((left * right).sum()) / variance, 0.0), 1.0) if variance > 1e-12 else 0.0
    forecast = mean + persistence**YEAR * (float(growth[-1]) - mean)
    return min(max(float(np.expm1(forecast)), least), most)


@lru_cache(maxsize=64)
def growth_of_orders(window: int) -> Callable[[State], Floats]:
    """Reading of (G,) the growth that the monthly orders of each leader promise, see :func:`expected_growth`.

    Args:
        window: months of growth observations used.
    """

    def growth(state: State) -> Floats:
        rings = state.leaders.annual_orders
        depth = rings.shape[1]
        months = min(state.month - 1, depth)
        order = (state.month - 1 - months + np.arange(months)) % depth
        bounds = state.scenario[Leaders].growth_least, state.scenario[Leaders].growth_most
        return np.array([expected_growth(ring[order], window, *bounds) for ring in rings])

    return read_once(growth)


def share_step(
    share: Floats, cost: Floats, fill: Floats, quality: Floats, leaders: Leaders, rivals_cost: Floats
) -> Floats:
    """World shares one month later by replicator selection against the rest of the market.

    Args:
        share: (G,) s_g.
        cost: (G,) unit cost of the group relative to the frontier price level.
        fill: (G,) share of orders delivered, 0-1.
        quality: (G,) 0-1.
        leaders: parameters.
        rivals_cost: (G,) unit cost of the rest of the market.
    """
    rest_quality = leaders.rival_quality
    mean_cost = share * cost + (1.0 - share) * rivals_cost
    mean_quality = share * quality + (1.0 - share) * rest_quality
    speed = leaders.share_selection / YEAR
    fitness = (
        np.log(mean_cost / cost) + leaders.fill_gain * (fill - 1.0) + leaders.quality_gain * (quality - mean_quality)
    )
    rest = np.log(mean_cost / rivals_cost) + leaders.quality_gain * (rest_quality - mean_quality)
    own, other = share * np.exp(speed * fitness), (1.0 - share) * np.exp(speed * rest)
    return np.asarray(own / (own + other))


@dataclass(frozen=True)
class KnownShare:
    """Known world share of a power-cell leader: log share by month, NaN where it is simulated.

    The share follows known shipments from 2014 and is reached in logs from the opening share.
    """

    logs: Floats

    @classmethod
    def of(cls, run: Run, opening_share: float, series: str, months: int = HORIZON) -> KnownShare:
        """Read shipments up to known_until only, also in a conditional world (they lie too close to an outcome).

        Args:
            run: settings of the run.
            opening_share: world share of the leader at the opening.
            series: its shipments in world.csv; empty if none are known.
            months: months covered.
        """
        known = run.known_until
        if run.world == "flat" or not series:
            return cls(np.full(months + 1, np.nan))
        shipments = annual_series(series, known)
        world = {
            year: value + annual_series("storage_cells_world", known)[year]
            for year, value in annual_series("ev_battery_world", known).items()
        }
        annual = {year: shipments[year] / world[year] for year in shipments if year >= FIRST_KNOWN_SHIPMENT}
        logs = monthly_logs(annual, months)
        first = (FIRST_KNOWN_SHIPMENT - OPENING.year) * YEAR + 7 - OPENING.month
        before = np.arange(min(first, months) + 1)
        ends = [np.log(opening_share), np.log(annual[FIRST_KNOWN_SHIPMENT])]
        logs[before] = np.interp(before, [0, first], ends)
        return cls(logs)


FIRST_KNOWN_SHIPMENT = 2014
"""First year whose shipments fix the leader's share (model description, section 9.3): the first after the opening."""


class OrderBooks:
    """Shares and orders of the month, and what each home plant is asked to deliver."""

    phase: ClassVar[Phase] = Phase.PROPOSE
    writes: ClassVar[tuple[str, ...]] = ("share", "orders", "site_orders", "away_orders")

    def __init__(self, leaders: Leaders, known: KnownShare, known_leader: int) -> None:
        self.leaders, self.known, self.known_leader = leaders, known, known_leader

    def step(self, state: State, streams: Streams) -> None:
        """Selection moves shares, markets make orders, plants share them by capacity and cost."""
        del streams
        rows = state.leaders
        fill = np.divide(rows.delivered, rows.ordered, out=np.ones(len(rows)), where=rows.ordered > 0)
        cost = group_cost(state)
        share = share_step(rows.share, cost, np.minimum(fill, 1.0), rows.quality, self.leaders, np.ones(len(rows)))
        known = self.known.logs[state.month]
        if np.isfinite(known):
            share[self.known_leader] = np.exp(known)
        share = np.where(rows.active, share, rows.share)
        orders = order_book(share, state.markets.volume[rows.market], rows.unit_value) * rows.active
        orders = after_shocks(state, orders)
        state.boards.share, state.boards.orders = share, orders
        total = orders + rows.backlog
        home, away = site_weights(state, self.leaders.base_allocation)
        firms = state.firms
        group = np.where(home > 0, firms.leader, -1)
        state.boards.site_orders, state.boards.away_orders = pass_on(
            home * np.append(total, 0.0)[firms.leader],
            away * total,
            group,
            firms.capacity,
            state.rivals.capacity.sum(axis=1),
        )


def after_shocks(state: State, orders: Floats) -> Floats:
    """(G,) orders that are left after hypothetical events: a cut, an exit, a trade shock (section 9.21).

    Args:
        state: rows of the leaders, the month, and last month's sales.
        orders: (G,) O_g without the events, M yuan a month.
    """
    rows = state.leaders
    for name in ("leader_cut", "leader_exit"):
        lost = effect(state, name)
        if lost is not None:
            orders = orders * (1.0 - lost)
    lost = effect(state, "trade_shock")
    return orders if lost is None else orders * (1.0 - abroad(state)[rows.product] * lost[rows.market])


def pass_on(home: Floats, away: Floats, group: Ints, capacity: Floats, elsewhere: Floats) -> tuple[Floats, Floats]:
    """Orders of sites after those that cannot deliver have passed on to those of the same group that can.

    A buyer waits rather than goes without only where the whole group is sold out.

    Args:
        home: (F,) orders addressed to home plants, M yuan a month.
        away: (G,) orders addressed to rival sites.
        group: (F,) leader of the row, -1 for rows without an order book.
        capacity: (F,) capacity of home plants, M yuan a month.
        elsewhere: (G,) capacity of rival sites.

    Returns:
        The same two arrays; the sum of each group is unmoved.
    """
    size, mine = len(away), group >= 0
    own = np.where(mine, group, 0)
    over, room = (np.where(mine, np.maximum(part, 0.0), 0.0) for part in (home - capacity, capacity - home))
    over_away, room_away = np.maximum(away - elsewhere, 0.0), np.maximum(elsewhere - away, 0.0)
    asked, offered = sum_by(own, over, size) + over_away, sum_by(own, room, size) + room_away
    moved = np.minimum(asked, offered)
    gone = np.divide(moved, asked, out=np.zeros(size), where=asked > 0)
    come = np.divide(moved, offered, out=np.zeros(size), where=offered > 0)
    return home - over * gone[own] + room * come[own], away - over_away * gone + room_away * come


@read_once
def group_cost(state: State) -> Floats:
    """(G,) unit cost of each group's home plants over the frontier cost, capacity-weighted; 1 without plants."""
    firms, leading = state.firms, leading_rows(state)
    live = leading & firms.alive & (firms.capacity > 0)
    group, size = firms.leader[live], len(state.leaders)
    weight = sum_by(group, firms.capacity[live], size)
    cost = sum_by(group, firms.capacity[live] * firms.relative_cost[live], size)
    return np.divide(cost, weight, out=np.ones(size), where=weight > 0)


def site_weights(state: State, elasticity: float) -> tuple[Floats, Floats]:
    """(F,) pi_gb of home plants, 0 for other rows, and (G,) share of the group's orders that goes to rival sites."""
    firms, leading = state.firms, leading_rows(state)
    live = leading & firms.alive & (firms.capacity > 0)
    group = np.where(live, firms.leader, 0)
    mean = group_cost(state)
    attraction = np.where(live, firms.capacity * np.exp(-elasticity * (firms.relative_cost / mean[group] - 1.0)), 0.0)
    rivals = (state.rivals.capacity * np.exp(-elasticity * (1.0 / mean[:, None] - 1.0))).sum(axis=1)
    total = sum_by(group, attraction, len(mean)) + rivals
    home = np.divide(attraction, total[group], out=np.zeros(len(group)), where=live & (total[group] > 0))
    return home, np.divide(rivals, total, out=np.zeros(len(mean)), where=total > 0)


class Expansion:
    """Leaders plan capacity and choose where to build."""

    phase: ClassVar[Phase] = Phase.PROPOSE
    writes: ClassVar[tuple[str, ...]] = ("own_projects", "rival_building", "rival_noise")

    def __init__(self, leaders: Leaders, location: Location, race: Race) -> None:
        self.leaders, self.location, self.race = leaders, location, race

    def step(self, state: State, streams: Streams) -> None:
        """Each active leader compares planned with present and coming capacity; a gap becomes a plant somewhere."""
        p, rivals = self.leaders, state.rivals
        noise = streams.draw("leaders.rivals", state.month).standard_normal(rivals.noise.shape)
        state.boards.rival_noise = (
            p.rival_persist * rivals.noise + p.rival_noise * np.sqrt(1.0 - p.rival_persist**2) * noise
        )
        building = np.zeros_like(rivals.building)
        state.boards.rival_building = building
        assert state.deciders is not None
        capacity = (standing_capacity(state) + rivals.capacity.sum(axis=1)) * YEAR
        pipeline = announced_output(state) + rivals.building.sum(axis=1) * YEAR
        leaves, elsewhere = gone(state), effect(state, "diversification")
        for leader in state.deciders.leaders:
            group = leader.index
            if not state.leaders.active[group] or leaves[group]:
                continue
            output = leader.plan(*self._position(state, group, float(capacity[group]), float(pipeline[group])))
            if output <= 0:
                continue
            utility, allowed, offers = self._utilities(state, group, output)
            parks = len(state.parks.planned)
            value = np.where(allowed, utility, -np.inf)
            choice = leader.choose_site(value, self._taste(state, streams)[group], parks)
            if choice >= parks:
                building[group, choice - parks] = output / YEAR
                continue
            if elsewhere is not None:
                moved = output * float(elsewhere[group])
                building[group, int(utility[parks:].argmax())] += moved / YEAR
                output -= moved
            offer = float(offers[state.world.park_county[choice]])
            if output > 0:
                state.boards.own_projects.append(own_project(state, group, choice, output) | {"incentive": offer})

    @staticmethod
    def _taste(state: State, streams: Streams) -> Floats:
        """(G, P + S + nests) taste of the leaders of the month; drawn only where somebody builds, always the same."""
        sites = len(state.parks.planned) + state.rivals.noise.shape[1] + NESTS
        return gumbel(streams.draw("leaders.site", state.month).random((len(state.leaders), sites)))

    def _position(
        self, state: State, group: int, capacity: float, pipeline: float
    ) -> tuple[float, float, float, float, float, float, float]:
        """Orders (M yuan a month), growth, target use, capacity, pipeline, least and most of a plant (a year)."""
        rows = state.leaders
        last = (state.month - 2) % rows.annual_orders.shape[1]
        orders = float(rows.annual_orders[group, last]) if state.month > 1 else 0.0
        growth = float(growth_of_orders(int(self.leaders.expect_window))(state)[group])
        lump = float(rows.lump_low[group]), float(rows.lump_high[group])
        return orders, growth, self.leaders.utilisation_target, capacity, pipeline, *lump

    @staticmethod
    def _detour(state: State, group: int) -> Floats:
        """(C,) minutes from the leader's largest home plant beyond those inside its county: plants share heads."""
        minutes, home = state.minutes, int(sponsor_county(state)[group])
        return np.asarray(minutes[home] - minutes[home, home] if home >= 0 else np.zeros(len(minutes)))

    def _utilities(self, state: State, group: int, output: float) -> tuple[Floats, NDArray[np.bool_], Floats]:
        """(P + S,) utility of every home park and rival site, and whether it can take the plant; (C,) incentives.

        Energy headroom stands at the rivals' value at home without a cap; under one a plant must fit what is left.
        """
        p, q, world, parks, counties = self.leaders, self.location, state.world, state.parks, state.counties
        product, county = int(state.leaders.product[group]), state.world.park_county
        headroom, supplied = self._energy(state, product, output)
        home = home_capacity_by_park(state, group)
        away = state.rivals.capacity[group]
        total = home.sum() + away.sum()
        left = room_left(state)
        room = left >= output * state.technology.land[product]
        banned = (world.fit[county, product] <= 0) & (state.lever("zoning.strictness") >= 1.0)
        fits = ~banned & (world.park_port | ~world.port[product])
        allowed = room & fits & supplied & (np.arange(len(room)) < len(room) - world.county_count)
        takers = competing_counties(allowed[None, :], county, world.county_count).sum()
        offers = self.race.offers(state, np.array([float(takers)]))[0]
        concentration = np.concatenate([home, away]) / total if total > 0 else np.zeros(len(home) + len(away))
        price = np.where(parks.price > 0, parks.price, p.rival_land_price)
        wage = counties.wage / (state.wage_reference * state.people.national_wage)
        here = (
            p.coverage_pull * potential_coverage(state, product, q.market_decay)[county]
            - q.land_price * np.log(price)
            - q.wage * np.log(wage[county])
            + q.service * counties.service[county]
            + q.incentive * offers[county]
            + p.energy_pull * headroom
            + p.talent_pull * np.log(counties.talent[county])
            - q.leader_time * self._detour(state, group)[county]
        )
        there = (
            p.coverage_pull * p.rival_coverage
            - q.land_price * np.log(p.rival_land_price)
            - q.wage * np.log(p.rival_wage)
            + q.service * p.rival_service
            + q.incentive * p.rival_incentive
            + (state.outside_value - state.outside_value_mean)[product]  # rivals answer grants: see location
            + p.energy_pull * p.rival_headroom
            + p.talent_pull * np.log(p.rival_talent)
            + state.rivals.noise[group]
        )
        value = np.concatenate([here, there]) - p.diversification * concentration
        return value, np.concatenate([allowed, np.ones(len(away), dtype=bool)]), offers

    def _energy(self, state: State, product: int, output: float) -> tuple[float, bool]:
        """Energy headroom at home, a share, and whether a plant of an annual output (M yuan) fits into what is left."""
        limit = limit_of(state)
        if np.isinf(limit):
            return self.leaders.rival_headroom, True
        left = left_over(state, limit)
        intensity = state.technology.energy[product]
        asked = float(need(np.array(output), intensity, state.month, state.scenario[Energy].efficiency))
        return max(left / limit, 0.0), asked <= left


def standing_capacity(state: State) -> Floats:
    """(G,) capacity of leaders' home plants at full ramp, M yuan a month."""
    rows = np.flatnonzero(leading_rows(state) & state.firms.alive)
    return sum_by(state.firms.leader[rows], nameplate(state, rows), len(state.leaders))


@read_once
def announced_output(state: State) -> Floats:
    """(G,) annual output announced by leaders' plants under way that make their product, M yuan."""
    projects, leaders = state.projects, state.leaders
    rows = np.flatnonzero(projects.leader >= 0)
    stage = projects.stage[rows]
    coming = (stage >= Stage.SIGNED) & (stage <= Stage.BUILD)
    coming &= projects.product[rows] == leaders.product[projects.leader[rows]]
    rows = rows[coming]
    return sum_by(projects.leader[rows], projects.announced_output[rows], len(leaders))


def home_capacity_by_park(state: State, group: int) -> Floats:
    """(P,) capacity of a leader's home plants, M yuan a month."""
    firms = state.firms
    mine = leading_rows(state) & firms.alive & (firms.leader == group) & (firms.park >= 0)
    return sum_by(firms.park[mine], firms.capacity[mine], len(state.parks.planned))


def own_project(state: State, group: int, park: int, output: float) -> dict[str, float | int]:
    """Columns of a leader's own plant; capital, land and size follow the node's intensities."""
    product = int(state.leaders.product[group])
    technology = state.technology
    return {
        "product": product,
        "leader": group,
        "sponsor": group,
        "park": park,
        "county": int(state.world.park_county[park]),
        "investment": output * float(technology.capital[product]),
        "capital_intensity": float(technology.capital[product]),
        "announced_output": output,
        "land": output * float(technology.land[product]),
        "quality": float(state.leaders.quality[group]),
    }
