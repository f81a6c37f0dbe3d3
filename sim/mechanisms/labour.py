"""Labour: staffing of plants, wages by county and skill (model description, section 9.11).

    wanted_i = l_i 12 e_i / (A_i D_k)           e_i = expected output: last month's orders, at most capacity
    posts    = wanted / (1 - vbar)             matched with the labour force in :mod:`sim.mechanisms.commuting`
    a_rh     = min(1, matched_rh / wanted_rh)  by county r and skill h
    cap_eff  = min(cap, (1 + o) e_i a_low^(1-h_i) a_high^h_i)                            firms; blocks are not limited
    d ln w_rh = g_w(t)/12 + phi_w (v_rh - vbar)/12 ,   d ln W = g_w(t)/12                real: less general inflation
    d ln D_k  = g_Dk(t)/12                                                               firms, farming, services

Firms look for the people that the orders of last month need; at the normal vacancy rate they find all of them. Where
people are short, output is limited to what those who came can make, with the overtime o that the law allows. W is the
national real wage. Choice: jobs per output do not stay as they were for twenty years while wages triple. They fall by
the capital and know-how that the nation puts in place of labour, D, in firms besides the common trend of productivity
of 9.15: fast in farming, slower in services. In the known years wages rise faster than jobs per output fall, so
labour-intensive industries pay more for labour everywhere; after them g_w fades to the long-run growth of national
income, and g_D such that unit labour costs of the nation stand still. A county's unit cost differs from the frontier
by its wage against the nation's.

Blocks (farming, services) hire on the same market and are never limited by it: whoever is short of people serves
slower, not less. Farming pays a share of the county's wage.

Reads orders, capacity, productivity, wages, residents. Writes: wanted, expected, wage, national_wage, deepening.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.commuting import first_offered, match
from sim.mechanisms.demand import Demand, fading
from sim.mechanisms.production import plant_capacity, skill_saving
from sim.mechanisms.shocks import effect
from sim.parameters import Parameters, parameter
from sim.settings import Run
from sim.state import YEAR, Firms, State
from sim.sums import sum_by

Floats = NDArray[np.float64]


class Labour(Parameters):
    """Jobs per unit of output, wages at opening, participation."""

    table: ClassVar[str] = "labour"

    jobs_cell: float = parameter(
        16.0,
        symbol="j_cell",
        unit="jobs per 100 M yuan announced output",
        low=8,
        high=80,
        grade="derived",
        source=(
            "announced plans: Cheliwan 4,000-6,000 jobs for 50 bn; Fuding phase one 10,000 for 50 bn; "
            "whole company 24,000 people (LEG Thueringen, about 2019, https://invest-in-thuringia.de/news"
            "/catl-weltmarktfuehrer-in-einem-rasant-wachsenden-wirtschaftszweig) on 29.6 bn in 2018 "
            "(MarkLines, https://www.marklines.com/en/top500/cf/s500_551_hl2018) = 81"
        ),
        newest_fact="2020-12",
    )
    jobs_hotroll: float = parameter(
        5.0,
        symbol="j_hr",
        unit="jobs per 100 M yuan",
        low=2,
        high=10,
        grade="derived",
        source="announced plan of a 3 Mt hot-rolling mill (2021): 2,000 jobs for 30-40 bn a year",
        newest_fact="2021-05",
        published="2021",
    )
    jobs_ssprod: float = parameter(
        50.0,
        symbol="j_ssp",
        unit="jobs per 100 M yuan",
        low=25,
        high=80,
        grade="derived",
        source="2019 plan of the Zhouning stainless park: 6,000 jobs for 10-12 bn a year",
        newest_fact="2019",
        published="2020-11",
    )
    wage_level: float = parameter(
        55000.0,
        symbol="w_0",
        unit="yuan per year 2018",
        low=45000,
        high=70000,
        grade="derived",
        source=(
            "Fujian urban non-private about 67,300 in 2017 (7,000 below the national 74,318; Xiamen "
            "Daily, 13 Jun 2018, http://epaper.xmnn.cn/syzk/20180613/201806/t20180613_5191150.htm) x "
            "82,413/74,318 (NBS, https://www.marketscreener.com/news/The-Average-Annual-Wage-of-Persons-E"
            "mployed-in-Urban-Non-private-Units-In-2019--30625731/) = 74,600; low end: manufacturing in "
            "Quanzhou 55,955 (Quanzhou Yearbook 2019, table 5-3)"
        ),
        published="2019",
    )
    jobs_smelt: float = parameter(
        10.0,
        symbol="j_sm",
        unit="jobs per 100 M yuan",
        low=5,
        high=25,
        grade="calibrate",
        source="assumption",
    )
    jobs_materials: float = parameter(
        20.0,
        symbol="j_mat",
        unit="jobs per 100 M yuan",
        low=10,
        high=35,
        grade="assumed",
        source="assumption",
    )
    jobs_oem: float = parameter(
        12.0,
        symbol="j_oem",
        unit="jobs per 100 M yuan",
        low=6,
        high=20,
        grade="assumed",
        source="assumption",
    )
    jobs_parts: float = parameter(
        60.0,
        symbol="j_part",
        unit="jobs per 100 M yuan",
        low=30,
        high=90,
        grade="assumed",
        source="assumption",
    )
    jobs_copper: float = parameter(
        5.0,
        symbol="j_cop",
        unit="jobs per 100 M yuan",
        low=2,
        high=10,
        grade="assumed",
        source="assumption",
    )
    jobs_other: float = parameter(
        90.0,
        symbol="j_oth",
        unit="jobs per 100 M yuan at opening",
        low=70,
        high=130,
        grade="derived",
        source=(
            "NBS: revenue of 1.28 M yuan per person in above-scale industry, first half 2018 = 78 jobs "
            "per 100 M yuan (https://govt.chinadaily.com.cn/s/201808/01/WS5b7ac2d8498e67d6a60e33e8/indust"
            "rial-profits-increased-in-the-first-six-months-of-2018_2.html); legacy industry in 2013 set "
            "above it"
        ),
        published="2018-08",
    )
    participation: float = parameter(
        0.84,
        symbol="p_work",
        unit="labour force / working-age residents",
        low=0.76,
        high=0.88,
        grade="assumed",
        source="assumption; Fuding jobs stay below 0.97 of its labour force",
    )
    jobs_energy: float = parameter(
        15.0,
        symbol="j_en",
        unit="jobs per 100 M yuan, 2018 prices",
        low=8,
        high=30,
        grade="assumed",
        source="assumption; with the others gives about 1.2 M jobs at opening",
    )
    jobs_agri: float = parameter(
        1000.0,
        symbol="j_ag",
        unit="jobs per 100 M yuan, 2018 prices",
        low=700,
        high=1400,
        grade="assumed",
        source="assumption; with the others gives about 1.2 M jobs at opening",
    )
    jobs_construction: float = parameter(
        280.0,
        symbol="j_con",
        unit="jobs per 100 M yuan, 2018 prices",
        low=180,
        high=400,
        grade="assumed",
        source="assumption; with the others gives about 1.2 M jobs at opening",
    )
    jobs_transport_trade: float = parameter(
        600.0,
        symbol="j_tr",
        unit="jobs per 100 M yuan, 2018 prices",
        low=400,
        high=900,
        grade="assumed",
        source="assumption; with the others gives about 1.2 M jobs at opening",
    )
    jobs_business: float = parameter(
        150.0,
        symbol="j_bus",
        unit="jobs per 100 M yuan, 2018 prices",
        low=80,
        high=250,
        grade="assumed",
        source="assumption; with the others gives about 1.2 M jobs at opening",
    )
    jobs_public: float = parameter(
        550.0,
        symbol="j_pub",
        unit="jobs per 100 M yuan, 2018 prices",
        low=350,
        high=800,
        grade="assumed",
        source="assumption; with the others gives about 1.2 M jobs at opening",
    )

    commute_decay: float = parameter(
        0.07,
        symbol="b_commute",
        unit="per minute",
        low=0.04,
        high=0.13,
        grade="derived",
        source=(
            'De Vries, Nijkamp and Rietveld, "Exponential or power distance-decay for commuting?", cost elasticity -4 '
            "near 20 km; turned into minutes"
        ),
        published="2009",
    )
    wage_curve: float = parameter(
        0.1,
        symbol="phi_w",
        unit="wage growth per unit vacancy gap per year",
        low=0.04,
        high=0.2,
        grade="derived",
        source=(
            "Blanchflower and Oswald, International wage curves, NBER working paper 4200, 1992 (unemployment "
            "elasticity of pay about -0.1)"
        ),
        published="1992",
    )
    migration_elasticity: float = parameter(
        0.9,
        symbol="e_mig",
        unit="inflow per ln wage gap per year",
        low=0.3,
        high=2.0,
        grade="recalled",
        source="recalled",
    )
    vacancy_normal: float = parameter(
        0.04,
        symbol="vbar",
        unit="share",
        low=0.02,
        high=0.08,
        grade="assumed",
        source="assumption",
    )
    national_wage_growth: float = parameter(
        0.085,
        symbol="g_w",
        unit="nominal per year",
        low=0.05,
        high=0.105,
        grade="sourced",
        source=(
            "NBS: non-private +9.8% and private +8.1% in 2019 (https://www.marketscreener.com/news/The-Average-Annual-"
            "Wage-of-Persons-Employed-in-Urban-Non-private-Units-In-2019--30625731/)"
        ),
        published="2019",
    )
    amenity: float = parameter(
        0.0,
        symbol="AM_r",
        unit="ln wage equivalent",
        low=-0.15,
        high=0.15,
        grade="assumed",
        source="assumption",
    )
    wage_factor_agri: float = parameter(
        0.6,
        symbol="f_wA",
        unit="wage relative to county wage",
        low=0.4,
        high=0.8,
        grade="assumed",
        source="assumption",
    )
    skill_premium: float = parameter(
        1.6,
        symbol="w_h/w_l",
        unit="wage of high skill over low skill at the opening",
        low=1.2,
        high=2.2,
        grade="assumed",
        source="assumption; college premium of urban China in the 2000s about 0.4 to 0.5 in logs (recalled)",
        published="2009",
    )
    deepening: float = parameter(
        0.03,
        symbol="g_D",
        unit="fall of jobs per output in firms beyond the common trend, per year, in the known period",
        low=0.0,
        high=0.06,
        grade="recalled",
        source=(
            "recalled: employees of above-scale industry fell from about 98 million in 2013 to 79 million in 2018 at "
            "much the same revenue, 4.3 % a year, less agglomeration.productivity_growth"
        ),
        published="2018",
    )
    deepening_services: float = parameter(
        0.04,
        symbol="g_D,serv",
        unit="fall of jobs per output in services, construction and energy, per year, in the known period",
        low=0.0,
        high=0.07,
        grade="recalled",
        source=(
            "recalled, National Bureau of Statistics: value added of services grew by 8.0 % a year from 2013 to 2018, "
            "people at work in them by 3.9 %"
        ),
        published="2018",
    )
    deepening_farming: float = parameter(
        0.075,
        symbol="g_D,farm",
        unit="fall of jobs per output in farming, per year, in the known period",
        low=0.03,
        high=0.1,
        grade="recalled",
        source=(
            "recalled, National Bureau of Statistics: value added of farming grew by 3.8 % a year from 2013 to 2018, "
            "people at work in it fell by 3.5 %"
        ),
        published="2018",
    )
    overtime: float = parameter(
        0.1,
        symbol="o",
        unit="output above expectation that the same staff can make",
        low=0.0,
        high=0.2,
        grade="assumed",
        source=(
            "assumption; Labour Law of 1994, article 41, allows 36 hours of overtime a month, a fifth of normal hours"
        ),
        published="1994",
    )
    wage_coast: float = parameter(
        0.95,
        symbol="w_coast",
        unit="wage of coastal counties over that of the core at the opening",
        low=0.85,
        high=1.05,
        grade="assumed",
        source="assumption",
    )
    wage_mountain: float = parameter(
        0.88,
        symbol="w_mtn",
        unit="wage of mountain counties over that of the core at the opening",
        low=0.75,
        high=1.0,
        grade="assumed",
        source="assumption",
    )
    natural_growth: float = parameter(
        0.006,
        symbol="n",
        unit="natural growth of residents, per year; fades to 0 after the known period",
        low=0.0,
        high=0.009,
        grade="recalled",
        source="recalled: natural increase of Fujian 0.6 to 0.9 % a year in 2014-2019, fewer at working age",
        published="2019",
    )


def staff(firms: Firms, output: Floats, progress: Floats | float = 1.0) -> Floats:
    """(F,) persons that a monthly output needs: own job intensity x annual output / labour productivity.

    Args:
        firms: job intensities of the opening and productivity A.
        output: (F,) M yuan a month.
        progress: labour productivity of the nation relative to the opening, (F,) or one figure for all.
    """
    return np.asarray(firms.jobs_intensity * output * YEAR / (firms.productivity * progress) * firms.alive)


def labour_progress(state: State) -> Floats:
    """(F,) labour productivity relative to the opening that is neither in A nor in the job intensity.

    Deepening of the nation, and talent in skill-intensive products.
    """
    return np.asarray(state.people.deepening[state.firms.product] / skill_saving(state))


def real_wage_growth(labour: Labour, inflation: float, long_run: float, years: float, half_life: float) -> float:
    """Growth of national real wages, per year: nominal growth less inflation, fading to the long run.

    Args:
        labour: nominal growth of the known period.
        inflation: general inflation of the month, per year.
        long_run: growth of national income in the long run, per year.
        years: since the end of the known world, negative inside it.
        half_life: years in which the difference from the long run halves.
    """
    return fading(labour.national_wage_growth - inflation, long_run, years, half_life)


def skill_wages(mean: Floats, share: Floats, premium: float) -> Floats:
    """(2, C) wages by skill whose average over the workers is the mean wage.

    Args:
        mean: (C,) yuan a year.
        share: (C,) high-skilled share of workers.
        premium: wage of high over low skill.
    """
    low = mean / (1.0 + share * (premium - 1.0))
    return np.array([low, premium * low])


def mean_wage(wage: Floats, share: Floats) -> Floats:
    """(C,) mean wage at fixed shares of skills, yuan a year.

    Args:
        wage: (2, C) by skill.
        share: (C,) high-skilled share of workers.
    """
    return np.asarray((1.0 - share) * wage[0] + share * wage[1])


def by_skill(total: Floats, share: Floats) -> Floats:
    """(2, n) persons by skill from totals and high-skilled shares."""
    return np.array([total * (1.0 - share), total * share])


def wanted_by_county(state: State, wanted: Floats) -> Floats:
    """(2, C) persons wanted by skill and county of the workplace."""
    firms, size = state.firms, state.world.county_count
    return np.array([sum_by(firms.county, part, size) for part in by_skill(wanted, firms.skill_share)])


def staffing(state: State, wanted: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Who is hired: the month's matching of jobs and people.

    Args:
        state: residents, kernel of the matching, last solution.
        wanted: (F,) persons wanted by each row.

    Returns:
        (2, C) share of the wanted workers found by skill and county; (2, C, C) workers by skill, residence and
        workplace; (2, C) vacancy rates; (2, C) roots of the vacancies, the start of next month.
    """
    people = state.people
    asked = wanted_by_county(state, wanted)
    posts = asked / (1.0 - state.scenario[Labour].vacancy_normal)
    first = _first_hired(state, wanted)
    if first is None:
        workers, root = match(people.labour_force, posts, people.kernel, people.open_root)
    else:
        left, still_open = people.labour_force - first.sum(axis=2), posts - first.sum(axis=1)
        workers, root = match(left, still_open, people.kernel, people.open_root)
        workers = workers + first
    found = workers.sum(axis=1)
    share = np.minimum(1.0, np.divide(asked, found, out=np.ones_like(found), where=found > 0))
    workers = workers * share[:, None, :]
    hired = found * share
    missing = effect(state, "pandemic")
    if missing is not None:  # they keep their posts
        workers, hired = workers * (1.0 - missing), hired * (1.0 - missing)
    filled = np.minimum(1.0, np.divide(hired, asked, out=np.ones_like(asked), where=asked > 0))
    vacancy = np.divide(posts - found, posts, out=np.full_like(posts, 0.0), where=posts > 0)
    return filled, workers, vacancy, root


def _first_hired(state: State, wanted: Floats) -> Floats | None:
    """(2, C, C) residents who take posts that were offered to their county first; None without such posts.

    Args:
        state: boards with the plants that keep posts.
        wanted: (F,) persons wanted by each row.
    """
    kept, people, firms, size = state.boards.reserved, state.people, state.firms, state.world.county_count
    if kept is None:
        return None
    asked = kept.share * wanted[kept.firm] / (1.0 - state.scenario[Labour].vacancy_normal)
    cell = kept.county * size + firms.county[kept.firm]
    parts = by_skill(asked, firms.skill_share[kept.firm])
    posts = np.array([sum_by(cell, part, size * size).reshape(size, size) for part in parts])
    return first_offered(people.labour_force, posts, people.kernel)


def staff_limit(firms: Firms, expected: Floats, filled: Floats, overtime: float) -> Floats:
    """(F,) output that the staff can make, M yuan a month; blocks have no limit.

    Args:
        firms: county and high-skilled share of each row.
        expected: (F,) output for which people were sought, M yuan a month.
        filled: (2, C) share of wanted workers found, by skill and county.
        overtime: share above expectation that the same staff can make.
    """
    low, high = filled[0, firms.county], filled[1, firms.county]
    both = low ** (1.0 - firms.skill_share) * high**firms.skill_share
    return np.where(firms.block, np.inf, (1.0 + overtime) * expected * both)


def served_by_the_present(state: State, expected: Floats, limit: Floats) -> Floats:
    """(F,) output that the staff can make when a pandemic keeps people away: it limits blocks too (section 9.21).

    Who cannot find people serves slower; who misses those he has serves less, unless overtime makes up for them.

    Args:
        state: county of each row, and the month.
        expected: (F,) output for which people were sought, M yuan a month.
        limit: (F,) of :func:`staff_limit`, infinite for blocks.
    """
    missing, firms = effect(state, "pandemic"), state.firms
    if missing is None:
        return limit
    present = (1.0 + state.scenario[Labour].overtime) * (1.0 - missing[firms.county])
    return np.where(firms.block & (present < 1.0), present * expected, limit)


def hired_and_paid(state: State, wanted: Floats, filled: Floats) -> tuple[Floats, Floats, Floats]:
    """(F,) persons at work, (F,) wages paid, (2, C) the same by skill and county; M yuan a month at 2018 prices."""
    firms, size = state.firms, state.world.county_count
    found = by_skill(wanted, firms.skill_share) * filled[:, firms.county]
    farming = firms.product == state.world.product("AGRI")
    factor = np.where(farming, state.scenario[Labour].wage_factor_agri, 1.0) / 1e6 / YEAR
    pay = found * state.counties.wage_by_skill[:, firms.county] * factor
    bill = np.array([sum_by(firms.county, part, size) for part in pay])
    return found.sum(axis=0), pay.sum(axis=0), bill


class Staffing:
    """What every row expects to make this month and how many people it wants for it."""

    phase: ClassVar[Phase] = Phase.PRODUCE
    writes: ClassVar[tuple[str, ...]] = ("expected", "wanted")

    def step(self, state: State, streams: Streams) -> None:
        """Orders of last month, at most what the plant can make; a plant without a past wants its whole capacity."""
        del streams
        firms = state.firms
        plant = plant_capacity(state)
        known = np.where(firms.orders > 0, firms.orders, np.inf)
        expected = np.where(firms.block, firms.orders, np.minimum(plant, known)) * firms.alive
        state.boards.expected = expected
        state.boards.wanted = staff(firms, expected, labour_progress(state))


class Wages:
    """Wages of next month by county and skill, and the national wage."""

    phase: ClassVar[Phase] = Phase.GROW
    writes: ClassVar[tuple[str, ...]] = ("wage", "national_wage", "deepening")

    def __init__(self, labour: Labour, demand: Demand, run: Run, known_month: int, trend: float) -> None:
        """Keep the parameters.

        Args:
            labour: parameters of this table.
            demand: long-run growth and its half-life.
            run: a flat world has no national growth.
            known_month: last month of knowledge about the world.
            trend: g_A, common growth of productivity, per year.
        """
        self.labour, self.demand, self.flat, self.known_month = labour, demand, run.world == "flat", known_month
        self.trend = trend

    def step(self, state: State, streams: Streams) -> None:
        """Wages follow the nation and the vacancies of their county."""
        del streams
        people = state.people
        growth = self.national(state)
        tight = self.labour.wage_curve * (people.vacancy - self.labour.vacancy_normal)
        state.boards.wage = state.counties.wage_by_skill * np.exp((growth + tight) / YEAR)
        state.boards.national_wage = people.national_wage * float(np.exp(growth / YEAR))
        state.boards.deepening = people.deepening * np.exp(self.deepening(state) / YEAR)

    def national(self, state: State) -> float:
        """Growth of national real wages in the month, per year."""
        if self.flat:
            return 0.0
        inflation = YEAR * float(np.log(state.markets.price_level / state.markets.price_level_before))
        years = self.years(state)
        return real_wage_growth(
            self.labour, inflation, self.demand.long_run_growth, years, self.demand.growth_half_life
        )

    def deepening(self, state: State) -> Floats:
        """(K,) g_D: growth of labour productivity by capital and know-how in place of labour, per year."""
        world, labour, demand = state.world, self.labour, self.demand
        if self.flat:
            return np.zeros(world.product_count)
        first = np.where(world.agent, labour.deepening, labour.deepening_services)
        first[world.product("AGRI")] = labour.deepening_farming
        last = demand.long_run_growth - np.where(world.agent, self.trend, 0.0)
        return last + (first - last) * fading(1.0, 0.0, self.years(state), demand.growth_half_life)

    def years(self, state: State) -> float:
        """Years since the end of the known world, negative inside it."""
        return (state.month - self.known_month) / YEAR
