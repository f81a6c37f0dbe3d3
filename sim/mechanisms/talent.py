"""Talent plan: money that brings skilled people, and what they change (model description, section 9.11).

    money_mr = budget mix_m split_r funded_city / 12         m: cash, housing, schooling, health; split by open posts
    split_r  = open_r / sum open ,   open_r = v_r,high / (1 - v_r,high) x high-skilled staff of skilled products
    S_r(t)   = S_r(0) jobs_r(t) / jobs_r(0)                  talented people without the plan, S_r(0) by skilled jobs
    gain_r   = att S_r/12 [12 (cash_r(t) + housing_r(t - 12)) / (c_h att S_r)]^chi_H exp(AM_r)
    from s to r: sip gain_r (S_s + T_s) / sum over s /= r ,  the rest of gain_r from outside
    T_r(t+1) = T_r + gain_r - drawn away_r - att/12 T_r
    AM_r(t+1) = AM_r + rho_AM/12 (v_AM (schooling_r + health_r)(t - 48) / pay of residents_r - AM_r)
    h_r      = (S_r + T_r) / S_r ,   g_h = h_r^(-xi_h) ,   t_q h_r^(-e_q) ,   q_j + b_q ln h_r

T are persons: who comes is a high-skilled resident more in the county and one less where he came from, who leaves (att)
goes elsewhere. So the plan fills skilled posts, loosens wages of the skilled, and people leave again where it loosened
them too much (migration). T below 0 is what others have drawn away; the posts are filled again from outside at att. In
balance S_r renews itself, so without a plan h_r is exactly 1 and nothing happens. Money at c_h each that replaces the
attrition of S_r doubles it in the long run; more money finds fewer people, because chi_H < 1. h_r enters unit costs and
wages of skill-intensive products (9.2, 9.12), qualification of suppliers (9.5), quality of new firms, choice of park
for skill-intensive leads, b_H hi_k ln h_c (9.6), and leaders' sites (9.3). AM_r enters migration of all residents.

Choices. *People, not only an index:* the model has residents by skill, so a talented person is one of them; the index
is read from persons, and persons are conserved (I9). *Talented people are fewer than the high-skilled:* those whom a
plan of 150 M yuan a year at 0.25 each would just replace, 150 / 0.25 / 0.06 = 10,000. *Where the money goes* is not
decreed: employers of skill-intensive products ask for it, where posts stay open; without such employers all skilled
posts count. *Per job:* talent serves where there are more jobs, so a county that grows thins it out. *Schools and
hospitals are open to all residents*, so a yuan of them is worth v_AM yuan of everybody's pay, spread over all; they
cost as much where many people live and few talented ones. *Siphon:* drawn from all other counties by their talent, as
people move in 9.11. *Who is paid:* cash goes to residents; housing, and beta of schooling and health, to builders; the
rest to public services, by the trade shares of the table.

Reads vacancies, staff, jobs, wages, funded shares. Writes: talent_spending, household_grants, public_works (BUILD);
talent, talent_arrivals, talent_departures, talent_moves (GROW); appeal (PLACE); public_spending, public_asked (SHARE).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.fiscal import city_level, post_lever
from sim.mechanisms.households import pay_by_residence
from sim.parameters import Lever, Month, Parameters, lever, month, parameter, sum_to_one
from sim.state import YEAR, State, TalentPlan, talent_of
from sim.sums import sum_by

Floats = NDArray[np.float64]

KINDS: tuple[str, ...] = ("cash", "housing", "schooling", "health")
"""What the budget is spent on; the first two go to people, the others to places."""

HOUSING_MONTHS, SERVICE_MONTHS = 12, 48
"""Months from payment to a flat, and to a school or hospital that works (model description, section 9.11)."""

HIGH = 1
"""Place of the high-skilled in arrays by skill."""

LEAST = 0.05
"""Least part of the usual talent that a county keeps (numerical safety)."""


class Talent(Parameters):
    """Talent plan: yearly budget, what it is spent on, and what talent does; nothing before the start."""

    table: ClassVar[str] = "talent"

    budget: Lever = lever(
        150,
        symbol="E_H",
        unit="M yuan per year",
        payer="city level",
        low=0,
        high=1000,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption; plan named in the article",
        newest_fact="2019-11",
        published="2019-12",
    )
    mix_cash: Lever = lever(
        0.4,
        symbol="e_H_cash",
        unit="share (four sum to 1)",
        payer="city level, out of talent.budget",
        low=0,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    mix_housing: Lever = lever(
        0.25,
        symbol="e_H_housing",
        unit="share (four sum to 1)",
        payer="city level, out of talent.budget",
        low=0,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    mix_schooling: Lever = lever(
        0.2,
        symbol="e_H_schooling",
        unit="share (four sum to 1)",
        payer="city level, out of talent.budget",
        low=0,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    mix_health: Lever = lever(
        0.15,
        symbol="e_H_health",
        unit="share (four sum to 1)",
        payer="city level, out of talent.budget",
        low=0,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    effect_quality: float = parameter(
        0.04,
        symbol="xi_h",
        unit="conversion-cost gain per ln talent share",
        low=0.0,
        high=0.1,
        grade="assumed",
        source="assumption",
    )
    inflow_elasticity: float = parameter(
        0.7,
        symbol="chi_H",
        unit="elasticity of gains to money",
        low=0.4,
        high=1.0,
        grade="assumed",
        source="assumption; direction published Shi et al. 2022",
        published="2022",
    )
    siphon: float = parameter(
        0.25,
        symbol="sip_h",
        unit="share of gains drawn from other counties",
        low=0.0,
        high=0.5,
        grade="assumed",
        source="assumption; direction published Shi et al. 2022 (siphon on neighbours)",
        published="2022",
    )
    cost: float = parameter(
        0.25,
        symbol="c_h",
        unit="M yuan per retained talent",
        low=0.1,
        high=0.5,
        grade="assumed",
        source="assumption",
    )
    amenity_build: float = parameter(
        0.08,
        symbol="rho_AM",
        unit="share of gap closed per year",
        low=0.03,
        high=0.2,
        grade="assumed",
        source="assumption: schools and hospitals are slow",
    )
    attrition: float = parameter(
        0.06,
        symbol="att_H",
        unit="per year",
        low=0.02,
        high=0.12,
        grade="assumed",
        source="assumption",
    )
    usual: float = parameter(
        10000.0,
        symbol="S_0",
        unit="talented people of the opening, persons",
        low=5000,
        high=30000,
        grade="derived",
        source="those whom 150 M yuan a year at 0.25 each replace at 6 % a year (assumptions above): 600 / 0.06; a"
        " sixteenth of the high-skilled residents of the opening",
    )
    amenity_value: float = parameter(
        1.0,
        symbol="v_AM",
        unit="yuan of pay that a yuan of schooling and health is worth to residents",
        low=0.3,
        high=2.0,
        grade="assumed",
        source="assumption: par, as where public services are of the size that residents want (Samuelson 1954)",
        published="1954",
    )
    qualification_speed: float = parameter(
        0.2,
        symbol="e_q",
        unit="fall of months of qualification per ln talent share, ln",
        low=0.0,
        high=0.5,
        grade="assumed",
        source="assumption",
    )
    new_quality: float = parameter(
        0.05,
        symbol="b_q",
        unit="quality of new firms per ln talent share",
        low=0.0,
        high=0.2,
        grade="assumed",
        source="assumption: a doubling moves a firm by a tenth of the spread of leads",
    )
    building_share: float = parameter(
        0.5,
        symbol="beta_H",
        unit="share of schooling and health money that builds; the rest employs people",
        low=0.2,
        high=0.8,
        grade="assumed",
        source="assumption",
    )
    start: Month = month(
        "2017-01",
        symbol="t_H",
        unit="month",
        low="2014-01",
        high="2035-12",
        grade="assumed",
        source="assumption",
    )

    def checks(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """The four parts of the budget sum to 1."""
        yield from sum_to_one(self, *(f"mix_{kind}" for kind in KINDS))


# --- formulas ---------------------------------------------------------------------------------------------------------


def split_by_open_posts(vacancy: Floats, staff: Floats, everybody: Floats) -> Floats:
    """(C,) share of the budget by open high-skilled posts; equal to staff where no post is open; sums to 1.

    Args:
        vacancy: (C,) share of high-skilled posts that stay open.
        staff: (C,) high-skilled staff of skill-intensive products, persons.
        everybody: (C,) all high-skilled staff, taken where there are no such products.
    """
    base = staff if staff.sum() > 0 else everybody
    filled = 1.0 - vacancy  # 0 where nobody came: without staff nobody asks for talent there
    open_posts = np.divide(base * vacancy, filled, out=np.zeros(len(base)), where=filled > 0)
    weight = open_posts if open_posts.sum() > 0 else base
    return np.asarray(weight / weight.sum())


def gains(money: Floats, usual: Floats, amenity: Floats, talent: Talent) -> Floats:
    """(C,) talented people won in a month, persons.

    Args:
        money: (C,) cash and housing that act this month, M yuan a month.
        usual: (C,) S, persons.
        amenity: (C,) AM, ln wage equivalent.
        talent: parameters.
    """
    leaving = talent.attrition * usual / YEAR
    enough = talent.cost * leaving
    relative = np.divide(money, enough, out=np.zeros(len(money)), where=enough > 0)
    return np.asarray(leaving * relative**talent.inflow_elasticity * np.exp(amenity))


def drawn(gained: Floats, stock: Floats, siphon: float) -> Floats:
    """(C, C) talented people who move from county (first) to county (second), persons a month.

    Args:
        gained: (C,) gains of each county.
        stock: (C,) talented people there, persons, above 0; none loses more than half of them in a month (numerical).
        siphon: share of the gains that comes from other counties.
    """
    others = stock.sum() - stock
    moves = siphon * gained[None, :] * stock[:, None] / np.where(others > 0, others, np.inf)[None, :]
    np.fill_diagonal(moves, 0.0)
    asked = moves.sum(axis=1)
    return np.asarray(moves * np.minimum(1.0, 0.5 * stock / np.where(asked > 0, asked, np.inf))[:, None])


def built_amenity(amenity: Floats, services: Floats, pay: Floats, talent: Talent) -> Floats:
    """(C,) AM of next month.

    Args:
        amenity: (C,) AM of this month.
        services: (C,) schooling and health of the plan that work now, M yuan a month.
        pay: (C,) pay of residents, M yuan a month.
        talent: parameters.
    """
    worth = talent.amenity_value * np.divide(services, pay, out=np.zeros(len(pay)), where=pay > 0)
    return np.asarray(amenity + talent.amenity_build / YEAR * (worth - amenity))


# --- the plan ---------------------------------------------------------------------------------------------------------


def opening_plan(state: State) -> TalentPlan:
    """Nothing done yet: usual talent lives where the skilled jobs are.

    Args:
        state: opening with people at work.
    """
    count, workers = state.world.county_count, state.people.workers
    skilled, zero = workers[HIGH].sum(axis=0), np.zeros(count)
    return TalentPlan(
        usual=state.scenario[Talent].usual * skilled / skilled.sum(),
        workers=workers.sum(axis=(0, 1)),
        extra=zero,
        amenity=zero.copy(),
        housing=np.zeros((HOUSING_MONTHS, count)),
        services=np.zeros((SERVICE_MONTHS, count)),
        conversion=np.ones(count),
        qualification=np.ones(count),
    )


def usual_talent(state: State) -> Floats:
    """(C,) S: talented people without the plan, persons; they follow the jobs of the county."""
    plan = talent_of(state)
    workers = state.people.workers.sum(axis=(0, 1))
    jobs = np.divide(workers, plan.workers, out=np.ones(len(workers)), where=plan.workers > 0)
    return np.asarray(plan.usual * np.maximum(jobs, LEAST))


def talent_per_job(usual: Floats, extra: Floats) -> Floats:
    """(C,) h: talented people over what there would be without the plan.

    Args:
        usual: (C,) S, persons.
        extra: (C,) T, persons.
    """
    stock = np.maximum(usual + extra, LEAST * usual)
    return np.divide(stock, usual, out=np.ones(len(usual)), where=usual > 0)


class TalentAppeal:
    """Skill-intensive leads look for talent, as leaders do."""

    phase: ClassVar[Phase] = Phase.PLACE
    writes: ClassVar[tuple[str, ...]] = ("appeal",)

    def __init__(self, pull: float) -> None:
        """Keep the weight.

        Args:
            pull: b_H, utility per ln talent stock (leaders.talent_pull).
        """
        self.pull = pull

    def step(self, state: State, streams: Streams) -> None:
        """b_H ln h of the county of each park, for skill-intensive products."""
        del streams
        value = self.pull * np.log(state.counties.talent)[state.world.park_county]
        for leads in state.boards.leads:
            state.boards.appeal.append(state.world.skill[leads["product"]][:, None] * value[None, :])


class TalentMoney:
    """Where the money of the month goes: to counties by open posts, to residents, builders and public services."""

    phase: ClassVar[Phase] = Phase.BUILD
    writes: ClassVar[tuple[str, ...]] = ("talent_spending", "household_grants", "public_works")

    def __init__(self, talent: Talent) -> None:
        self.talent = talent

    def step(self, state: State, streams: Streams) -> None:
        """Spend what the city level can pay."""
        del streams
        budget = state.lever("talent.budget") / YEAR * float(state.funded[-1])
        if budget <= 0:
            return
        mix = np.array([state.lever(f"talent.mix_{kind}") for kind in KINDS])
        money = state.boards.talent_spending = budget * (mix / mix.sum())[:, None] * self._split(state)[None, :]
        state.boards.household_grants = money[0]
        world, services = state.world, money[2] + money[3]
        orders = np.zeros((world.county_count, world.product_count))
        orders[:, world.product("CONS")] = money[1] + self.talent.building_share * services
        orders[:, world.product("CSRV")] = (1.0 - self.talent.building_share) * services
        state.boards.public_works.append(orders)

    @staticmethod
    def _split(state: State) -> Floats:
        """(C,) shares of the counties."""
        firms, people, size = state.firms, state.people, state.world.county_count
        skilled = firms.staff * firms.skill_share * state.world.skill[firms.product]
        everybody = people.workers[HIGH].sum(axis=0)
        return split_by_open_posts(people.vacancy[HIGH], sum_by(firms.county, skilled, size), everybody)


class TalentMoves:
    """Who comes and goes because of the plan, amenities, and what the talent of a county does next month."""

    phase: ClassVar[Phase] = Phase.GROW
    writes: ClassVar[tuple[str, ...]] = ("talent", "talent_arrivals", "talent_departures", "talent_moves")

    def __init__(self, talent: Talent) -> None:
        self.talent = talent

    def step(self, state: State, streams: Streams) -> None:
        """Cash acts at once, housing of twelve and services of 48 months ago act now."""
        del streams
        t, plan, boards, people = self.talent, talent_of(state), state.boards, state.people
        money = boards.talent_spending
        if money is None:
            money = np.zeros((len(KINDS), state.world.county_count))
        housing, services = plan.housing.copy(), plan.services.copy()
        flats, schools = housing[state.month % HOUSING_MONTHS], services[state.month % SERVICE_MONTHS]
        usual = usual_talent(state)
        gained = gains(money[0] + flats, usual, plan.amenity, t)
        stock = np.maximum(usual + plan.extra, LEAST * usual)
        moves = drawn(gained, stock, t.siphon)
        outside = gained - moves.sum(axis=0)
        left = t.attrition / YEAR * plan.extra
        pay = pay_by_residence(people.workers, people.wage_bill)
        amenity = built_amenity(plan.amenity, schools, pay, t)
        housing[state.month % HOUSING_MONTHS], services[state.month % SERVICE_MONTHS] = money[1], money[2] + money[3]
        extra = plan.extra + gained - moves.sum(axis=1) - left
        share = talent_per_job(usual, extra)
        boards.talent_arrivals, boards.talent_departures = outside + np.maximum(-left, 0.0), np.maximum(left, 0.0)
        boards.talent_moves = moves
        boards.talent = TalentPlan(
            usual=plan.usual,
            workers=plan.workers,
            extra=extra,
            amenity=amenity,
            housing=housing,
            services=services,
            conversion=share**-t.effect_quality,
            qualification=share**-t.qualification_speed,
        )


class TalentCosts:
    """What the plan costs the city level."""

    phase: ClassVar[Phase] = Phase.SHARE
    writes: ClassVar[tuple[str, ...]] = ("public_spending", "public_asked")

    def step(self, state: State, streams: Streams) -> None:
        """Post the budget of the month."""
        del streams
        budget = state.lever("talent.budget") / YEAR
        if budget > 0:
            post_lever(state, "talent", city_level(state, budget))
