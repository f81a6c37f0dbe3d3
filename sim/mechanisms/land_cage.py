"""Land reform, "empty the cage for new birds": land of low yield is taken back and built on again (section 9.16).

    yield_i    taxes of twelve months / mu , all four kinds, local or not              each January
    listed     plants older than g_LCB years with yield_i < th_LCB, and plots that have been idle for a year
    bought     lowest yield first, while  before_i + u_c land_i < i_LCB f_c listed_c ;  f_c = min(funded_c, funded_city)
    cost       c_LCB per mu + c_sev per worker laid off ; the county pays 1 - s_LCB, the city level s_LCB
    released   after t_LCB months of clearing

    an owner whose turn has come
    1 upgrades in place   if  cash - debt + y_up surplus > v_up K , margin12 > 0 , its plot has room for (1 + v_up) K
                          and the county's vacancy of high skill < vac_up :
                          K <- (1 + v_up) K , A <- (A + v_up max(A, 1)) / (1 + v_up)
    2 moves in the city   else, with probability p_rel, if margin12 > 0 and a park has the land: parks of mountain
                          partners first, then any, by utility of location; machines come along, buildings are new
    3 closes              else

Idle plots yield nothing and come with the plants in the same proportion: the reform reuses both. Compensation goes to
the firm, which pays its debt and its owners; severance to the homes of its workers. Until the land is released its
output, jobs and orders are missing, and afterwards something better comes only where land was what was lacking:
released land is on offer beside free land, with permits of a month, at the price of the park.

Choices.

- *All taxes of twelve months*, as local rankings of output per mu count them; a single January would list by season.
- *Leaders' plants, fringe and blocks are not ranked*: a leader's plant closes by its plan, the others hold no plot of
  their own. Young plants have their first years to fill, as local rules grant; who builds on the plot is left alone.
- *An upgrade* is a project on the plot: it takes time and builders as any work does, and its owner pays for it.
- *The last plot* is bought with the probability that its land fits what is left (u_c), so that counties with few plants
  do in the mean what the lever says; in a single year a county may go beyond it by part of a plot.
- *Owners of idle plots* are those of firms that have closed; what they get is profit of the county's owners.

Reads firms, parks, budgets, vacancies. Writes: land_reform.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.demand import OPENING
from sim.mechanisms.firms import Firms
from sim.mechanisms.location import Location, base_utility, physical_mask, relative_prices, room_left
from sim.parameters import Lever, Month, Parameters, integer, lever, month, parameter
from sim.state import YEAR, LandReformPlan, Stage, State, trailing_mean
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class LandCage(Parameters):
    """Land reform, emptying the cage for new birds: land of low yield is taken back; none before the start."""

    table: ClassVar[str] = "land_cage"

    intensity: Lever = lever(
        0.05,
        symbol="i_LCB",
        unit="share of listed land per year",
        payer="counties and city level",
        low=0,
        high=0.3,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption; 0 before land_cage.start in the shipped baseline",
    )
    threshold_tax: Lever = lever(
        0.05,
        symbol="th_LCB",
        unit="M yuan tax per mu per year",
        payer="counties and city level",
        low=0.02,
        high=0.12,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption; a Zhangzhou case rose from 0.08 to 0.30",
    )
    compensation: Lever = lever(
        0.45,
        symbol="c_LCB",
        unit="M yuan per mu",
        payer="counties and city level",
        low=0.2,
        high=1.0,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    start: Month = month(
        "2019-01",
        symbol="t_cage",
        unit="month",
        low="2014-01",
        high="2035-12",
        grade="assumed",
        source="assumption: named in the article of December 2019",
        newest_fact="2019-11",
        published="2019-12",
    )
    lag: int = integer(
        15,
        symbol="t_LCB",
        unit="months to reuse",
        low=9,
        high=30,
        grade="assumed",
        source="assumption",
    )
    relocate_share: float = parameter(
        0.35,
        symbol="p_rel",
        unit="share of displaced owners who would move inside the city",
        low=0.1,
        high=0.6,
        grade="assumed",
        source="assumption",
    )
    severance: float = parameter(
        0.06,
        symbol="c_sev",
        unit="M yuan per worker",
        low=0.03,
        high=0.12,
        grade="recalled",
        source="recalled: a month of pay per year of service, Labour Contract Law of 2008, article 47",
        published="2008",
    )
    city_share: float = parameter(
        0.3,
        symbol="s_LCB",
        unit="share of compensation paid by the city level",
        low=0.0,
        high=0.7,
        grade="assumed",
        source="assumption",
    )
    grace: float = parameter(
        3.0,
        symbol="g_LCB",
        unit="years of age before a plant is ranked",
        low=1.0,
        high=5.0,
        grade="recalled",
        source="recalled: rankings of output per mu in Zhejiang leave out new plants for about three years",
    )
    upgrade: float = parameter(
        0.2,
        symbol="v_up",
        unit="share of its capital that an owner adds who keeps the plot",
        low=0.1,
        high=0.5,
        grade="assumed",
        source="assumption",
    )
    upgrade_years: float = parameter(
        2.0,
        symbol="y_up",
        unit="years of surplus that an upgrade may cost beside cash at hand",
        low=0.0,
        high=5.0,
        grade="assumed",
        source="assumption: payback that lenders accept",
    )
    upgrade_vacancy: float = parameter(
        0.08,
        symbol="vac_up",
        unit="vacancy rate of high-skilled posts above which nobody upgrades",
        low=0.04,
        high=0.2,
        grade="assumed",
        source="assumption: twice the normal rate (labour.vacancy_normal)",
    )


def tax_per_mu(taxes: Floats, land: Floats) -> Floats:
    """(F,) taxes of twelve months per mu, M yuan; infinite where a row holds no land.

    Args:
        taxes: (F, 12) M yuan by month.
        land: (F,) mu.
    """
    return np.asarray(np.divide(taxes.sum(axis=1), land, out=np.full(len(land), np.inf), where=land > 0))


def first_in_line(county: Ints, land: Floats, worth: Floats, limit: Floats, luck: Floats) -> Bools:
    """(n,) who is bought: lowest worth first, while before + u land < limit, so that the mean is the limit.

    Args:
        county: (n,) of each plot.
        land: (n,) mu.
        worth: (n,) tax per mu.
        limit: (C,) mu that a county buys.
        luck: (C,) uniform.
    """
    order = np.lexsort((worth, county))
    running = np.cumsum(land[order])
    first = np.searchsorted(county[order], county[order])
    before = running - land[order] - np.where(first > 0, running[first - 1], 0.0)
    found = np.zeros(len(land), dtype=np.bool_)
    found[order] = before + luck[county[order]] * land[order] < limit[county[order]]
    return found


def upgraded_productivity(productivity: Floats, share: float) -> Floats:
    """(n,) (A + v max(A, 1)) / (1 + v): productivity with the new part of the capital at the frontier.

    Args:
        productivity: (n,) A, 1 = a frontier plant.
        share: v, capital added over capital at hand.
    """
    return np.asarray((productivity + share * np.maximum(productivity, 1.0)) / (1.0 + share))


class LandReform:
    """What counties take back each January, and what the owners do."""

    phase: ClassVar[Phase] = Phase.CLOSE
    writes: ClassVar[tuple[str, ...]] = ("land_reform",)

    def __init__(self, cage: LandCage, firms: Firms, location: Location, partners: Bools) -> None:
        """Keep the parameters.

        Args:
            cage: parameters of this table.
            firms: room on plots.
            location: how owners compare parks.
            partners: (C, C) mountain partners of each county.
        """
        self.cage, self.firms, self.location, self.partners = cage, firms, location, partners

    def step(self, state: State, streams: Streams) -> None:
        """List, choose, and ask the owners."""
        intensity = state.lever("land_cage.intensity")
        if intensity <= 0 or (OPENING + state.month).month != 1:
            return
        assert state.deciders is not None
        firms, parks, size = state.firms, state.parks, state.world.county_count
        worth = tax_per_mu(firms.tax12, firms.land)
        rows = np.flatnonzero(self._ranked(state) & (worth < state.lever("land_cage.threshold_tax")))
        plots = np.maximum(np.minimum(parks.idle_least, parks.idle_plots), 0.0)
        by_county = sum_by(state.world.park_county, plots, size)
        listed = sum_by(firms.county[rows], firms.land[rows], size)
        funded = np.minimum(state.funded[:-1], state.funded[-1] if self.cage.city_share > 0 else 1.0)
        bought_plots, limit = np.zeros(size), np.zeros(size)
        for county in state.deciders.counties:
            at = county.index
            bought_plots[at], limit[at] = county.take_back(
                float(by_county[at]), float(listed[at]), intensity, float(funded[at])
            )
        luck = streams.draw("land_cage.last_plot", state.month).random(size)
        turn = rows[first_in_line(firms.county[rows], firms.land[rows], worth[rows], limit, luck)]
        share = np.divide(bought_plots, by_county, out=np.zeros(size), where=by_county > 0)
        bought, upgraded = np.zeros(len(firms), dtype=np.bool_), np.zeros(len(firms))
        keeps = self._upgrades(state, turn)
        upgraded[turn[keeps]] = self.cage.upgrade * firms.capital[turn[keeps]]
        bought[turn[~keeps]] = True
        state.boards.land_reform = LandReformPlan(
            idle=plots * share[state.world.park_county],
            bought=bought,
            upgraded=upgraded,
            park=self._moves(state, turn[~keeps], streams),
            asked=self._unpaid(state, rows, by_county + listed, intensity * (1.0 - funded)),
        )

    def _ranked(self, state: State) -> Bools:
        """(F,) incumbents on a plot of their own, old enough to be judged."""
        firms = state.firms
        own = firms.alive & ~firms.block & ~firms.fringe & (firms.leader < 0) & (firms.park >= 0) & (firms.land > 0)
        return np.asarray(own & (state.month - firms.birth >= self.cage.grace * YEAR) & ~_building(state))

    def _upgrades(self, state: State, rows: Ints) -> Bools:
        """(n,) owners who keep their plot by investing: they can pay, earn, find room and skilled people."""
        firms, cage = state.firms, self.cage
        cost = cage.upgrade * firms.capital[rows]
        means = firms.cash[rows] - firms.debt[rows] + cage.upgrade_years * YEAR * firms.surplus[rows]
        earns = trailing_mean(firms.margin12)[rows] > 0
        room = firms.capital[rows] + cost <= self.firms.plot_room * firms.plot[rows]
        people = state.people.vacancy[1, firms.county[rows]] < cage.upgrade_vacancy
        return np.asarray((means > cost) & earns & room & people)

    def _moves(self, state: State, rows: Ints, streams: Streams) -> Ints:
        """(F,) park to which each displaced owner moves, -1 = closes; mountain partners first, best park first."""
        firms, world = state.firms, state.world
        found = np.full(len(firms), -1, dtype=np.int64)
        luck = streams.draw("land_cage.owner", state.month).random(max(state.slots, 1))
        willing = luck[np.maximum(firms.slot[rows], 0)] < self.cage.relocate_share
        rows = rows[willing & (trailing_mean(firms.margin12)[rows] > 0)]
        if not len(rows):
            return found
        product, land = firms.product[rows], land_for_move(state, rows)
        rent, wage = relative_prices(state)
        value = base_utility(state, self.location, product, np.full(len(rows), -1), rent, wage)
        fits, room = physical_mask(state, product, land), room_left(state)
        first = self.partners[firms.county[rows]][:, world.park_county]
        for at, row in enumerate(rows.tolist()):  # a handful a year; what one takes the next must see
            able = fits[at] & (room >= land[at])
            able = able & first[at] if (able & first[at]).any() else able
            if able.any():
                found[row] = park = int(np.where(able, value[at], -np.inf).argmax())
                room[park] -= land[at]
        return found

    def _unpaid(self, state: State, rows: Ints, listed: Floats, share: Floats) -> Floats:
        """(B,) cost of what cannot be paid, M yuan.

        Args:
            state: with the levers.
            rows: listed plants.
            listed: (C,) listed land with idle plots, mu.
            share: (C,) of it that would be bought if money were no limit and is not.
        """
        workers = sum_by(state.firms.county[rows], state.firms.staff[rows], len(listed))
        cost = share * (state.lever("land_cage.compensation") * listed + self.cage.severance * workers)
        return by_budget(cost, self.cage.city_share)


def _building(state: State) -> Bools:
    """(F,) firms that are enlarging their plant on its plot."""
    projects = state.projects
    open_ = (projects.graft >= 0) & (projects.stage >= Stage.SIGNED) & (projects.stage <= Stage.BUILD)
    found = np.zeros(len(state.firms), dtype=np.bool_)
    found[projects.graft[open_]] = True
    return found


def land_for_move(state: State, rows: Ints) -> Floats:
    """(n,) mu that a firm needs on new land, by the land intensity of its product."""
    firms = state.firms
    output = firms.capital[rows] / firms.capital_intensity[rows]
    return np.asarray(output * state.technology.land[firms.product[rows]])


def by_budget(cost: Floats, city_share: float) -> Floats:
    """(B,) cost of the counties less what the city level takes over, and that.

    Args:
        cost: (C,) M yuan.
        city_share: s_LCB.
    """
    return np.append((1.0 - city_share) * cost, city_share * cost.sum())
