"""What changes during a run: firms, links, projects, parks, counties, markets, leaders; and the month's boards.

Money is million yuan at 2018 prices, land is mu, time is months since the opening (month 0 = opening position), people
are persons. Firms and projects are rows of columns (numpy arrays): rows are append-only, the row number is the
identity for life, closing clears a flag. Nothing in this file decides anything.

Index letters: F firm rows, L links, R sourcing relations (buyer x input product), J projects, P parks, C counties (10),
K products (24), N = C * K county-nodes (flat index county * K + product), G leaders, M markets, Q commodities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.columns import Table, column
from sim.draws import gumbel
from sim.world import World

if TYPE_CHECKING:
    from sim.mechanisms.shocks import Effects
    from sim.scenario import Scenario

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

Result = TypeVar("Result")

YEAR = 12
"""Months in a year and the depth of the trailing memories of a firm."""


class Stage(IntEnum):
    """Stages of a project (model description, section 3.2); stages cannot be skipped."""

    LEAD = 0
    SIGNED = 1
    LAND = 2
    BUILD = 3
    DONE = 4
    FAILED = 5
    LOST = 6


class Channel(IntEnum):
    """Where a lead comes from (model description, section 9.4)."""

    LEADER = 0
    CHAIN = 1
    CLUSTER = 2
    UNPLANNED = 3
    SPINOFF = 4
    NORMAL = 5
    BRANCH = 6
    OWN = 7


CHANNEL_LABELS: tuple[str, ...] = (
    "follow the leader",
    "along the chain",
    "watch the cluster",
    "unplanned",
    "spin-off",
    "normal entry",
    "incumbent's other site",
    "leader's own plant",
)
MARKETS: tuple[str, ...] = ("power_cell", "consumer_cell", "vehicles", "stainless", "copper", "national_gdp", "legacy")
COMMODITIES: tuple[str, ...] = ("Li", "Ni", "Cu")
REVENUE_ITEMS: tuple[str, ...] = ("taxes", "land sales", "transfers from above", "enclaves", "linkage")
"""What budgets take in."""
BETWEEN: tuple[str, ...] = ("enclaves", "linkage")
"""Revenue from other budgets: negative for the budget that pays, adds up to 0 over all budgets."""
SPENDING_ITEMS: tuple[str, ...] = (
    "ordinary spending",
    "promotion",
    "incentives",
    "service teams",
    "permit reform",
    "land development",
    "talent",
    "land reform",
    "infrastructure",
    "local purchases",
    "training",
    "interest",
)
"""What budgets pay for. A policy that costs money adds its line here and posts it (:mod:`sim.resolvers.ledger`)."""
PAID_AT_HOME: tuple[str, ...] = ("talent", "infrastructure", "land reform", "training")
"""Spending of budgets that goes to builders, public services, residents and owners at home."""


@dataclass
class Firms(Table):
    """Producers: blocks (one a county and block product), fringe rows (one a county and agent product) and firms."""

    county: Ints = column(0)
    park: Ints = column(-1)
    product: Ints = column(0)
    node: Ints = column(0)
    leader: Ints = column(-1)
    slot: Ints = column(-1)
    birth: Ints = column(0)
    alive: Bools = column(True)
    block: Bools = column(False)
    fringe: Bools = column(False)
    opening: Bools = column(False)
    parent: Ints = column(-1)  # firm row whose second site this is, -1 = none
    capital: Floats = column(0.0)  # M yuan
    capital_intensity: Floats = column(0.0)  # M yuan of capital per M yuan of annual output
    productivity: Floats = column(1.0)  # index, 1 = a frontier plant
    quality: Floats = column(0.5)  # 0-1
    jobs_intensity: Floats = column(0.0)  # persons per M yuan of annual output at the productivity of the opening
    skill_share: Floats = column(0.0)  # high-skilled share of the workers it wants
    energy_intensity: Floats = column(0.0)  # MWh per M yuan
    land: Floats = column(0.0)  # mu
    plot: Floats = column(0.0)  # M yuan of capital for which the land was laid out
    outside_share: Floats = column(0.0)  # ebar: share of capacity wanted outside at parity of price and cost
    market: Ints = column(5)  # index into MARKETS
    market_reference: Floats = column(1.0)  # volume of the firm's market at its birth
    unit_cost: Floats = column(1.0)  # cost of one unit, 2018 price of the product = 1
    relative_cost: Floats = column(1.0)  # m: unit cost over that of a frontier plant of the product
    capacity: Floats = column(0.0)  # M yuan a month
    orders: Floats = column(0.0)  # M yuan a month
    output: Floats = column(0.0)  # M yuan a month
    home_sales: Floats = column(0.0)  # sales to home buyers, M yuan a month
    outside_orders: Floats = column(0.0)  # orders from outside the ten regions, M yuan a month
    staff: Floats = column(0.0)  # persons at work
    wages: Floats = column(0.0)  # wages paid, real M yuan a month
    premium: Floats = column(0.0)  # paid above home prices (9.5, 9.12) less what it gets above them, nominal M yuan
    surplus: Floats = column(0.0)  # value added less wages, taxes and depreciation, real M yuan a month
    cash: Floats = column(0.0)  # M yuan
    debt: Floats = column(0.0)  # M yuan
    land_paid: Floats = column(0.0)  # M yuan paid for land that the operating firm took, so far
    utilisation12: Floats = column(0.0, YEAR)
    margin12: Floats = column(0.0, YEAR)
    orders12: Floats = column(0.0, YEAR)
    tax12: Floats = column(0.0, YEAR)  # all taxes, real M yuan a month (section 9.16)
    settled_jobs: Floats = column(0.0)  # persons that the neighbours are used to (section 9.15)


def trailing_mean(memory: Floats) -> Floats:
    """(F,) mean of a twelve-month memory (F, 12)."""
    return np.asarray(memory @ np.full(YEAR, 1.0 / YEAR))


@dataclass
class Relations(Table):
    """One row a buyer and chain input: the outside option against which local suppliers compete (section 9.5)."""

    buyer: Ints = column(0)
    product: Ints = column(0)
    coefficient: Floats = column(0.0)  # a: input per unit of output
    option: Floats = column(0.0)  # O, M yuan a month of capacity-equivalents
    option_reference: Floats = column(1.0)  # market volume when O was set
    option_set: Bools = column(False)


@dataclass
class Links(Table):
    """Supplier -> buyer links between chain firms; w is the share of the buyer's need bought from the supplier.

    The one table whose rows leave: links of a closed firm are dropped at the end of the month, nobody refers to them.
    """

    supplier: Ints = column(0)
    relation: Ints = column(0)
    weight: Floats = column(0.0)  # w
    taste: Floats = column(1.0)  # v


@dataclass
class Projects(Table):
    """Everything that once became a lead (or a leader's own project)."""

    stage: Ints = column(0)
    channel: Ints = column(0)
    product: Ints = column(0)
    sponsor: Ints = column(-1)  # leader that vouches for the project
    leader: Ints = column(-1)  # leader that owns the project
    county: Ints = column(-1)
    park: Ints = column(-1)
    graft: Ints = column(-1)  # firm row that the project expands, -1 = new firm
    parent: Ints = column(-1)  # firm row that has no room left or leaves its plot, its own graft: upgrades; -1 = none
    event: Ints = column(-1)  # position among the dated plants of leaders, -1 = simulated
    slot: Ints = column(-1)
    investment: Floats = column(0.0)  # M yuan
    capital_intensity: Floats = column(0.0)
    announced_output: Floats = column(0.0)  # M yuan a year at full capacity
    land: Floats = column(0.0)  # mu
    land_held: Floats = column(0.0)  # mu reserved in the park
    released_land: Floats = column(0.0)  # mu of it that land reform had released
    serviced_land: Bools = column(False)
    quality: Floats = column(0.5)
    productivity: Floats = column(1.0)
    requisition_luck: Floats = column(1.0)
    work: Floats = column(0.0)  # effective months in all
    work_left: Floats = column(0.0)
    land_left: Floats = column(1.0)
    survival: Floats = column(1.0)  # probability of not having failed so far
    failure_luck: Floats = column(0.0)  # the project fails when survival falls below it
    pressure: Floats = column(0.0)  # plan pressure m at signing
    service: Floats = column(0.0)  # share of its service load that is covered
    born: Ints = column(0)
    signed: Ints = column(-1)
    built: Ints = column(-1)  # month in which building began
    done: Ints = column(-1)
    forced_work: Ints = column(-1)  # dated start of building of an event (month), -1 = free
    forced_production: Ints = column(-1)
    incentive: Floats = column(0.0)  # grant promised at signing, share of investment
    grant: Floats = column(0.0)  # M yuan of the promise paid so far
    land_settled: Bools = column(False)  # land and grants were settled before the opening
    land_paid: Floats = column(0.0)  # M yuan paid to the county for land, less what was paid back
    origin: Ints = column(-1)  # county that brought the project into an enclave, -1 = none
    top_up: Floats = column(0.0)  # share of investment that the origin grants besides the host
    top_up_paid: Floats = column(0.0)  # M yuan of it paid so far; part of the grant
    spent: Floats = column(0.0)  # M yuan of work done, with overrun
    invested: Floats = column(0.0)  # M yuan of work done, without overrun
    moved: Floats = column(0.0)  # M yuan of machines that the owner brings along from a plot taken back (section 9.16)


@dataclass
class Contracts(Table):
    """Enclave contracts, one row a project: terms as signed, what came of them, and how they ended (section 9.18)."""

    project: Ints = column(-1)
    firm: Ints = column(-1)  # row of the plant once it produces
    origin: Ints = column(-1)
    host: Ints = column(-1)
    park: Ints = column(-1)
    product: Ints = column(0)
    forward: Bools = column(True)  # from the coast to the mountains; False: the other way
    tax_share: Floats = column(0.0)  # tau_o
    credit_share: Floats = column(0.0)  # chi_o
    capital_share: Floats = column(0.0)  # kap_o
    fixed_yield: Floats = column(0.0)  # y_enc per year
    quota_share: Floats = column(0.0)  # q_o, mu ceded per mu used
    reserved_jobs: Floats = column(0.0)  # rho_res
    term: Floats = column(0.0)  # years from production
    land: Floats = column(0.0)  # mu
    investment: Floats = column(0.0)  # M yuan
    expected_host: Floats = column(0.0)  # NPV_h at signing, M yuan
    expected_origin: Floats = column(0.0)  # NPV_o at signing, M yuan
    signed: Ints = column(0)
    settled: Bools = column(False)  # the project has its land, and the origin has paid its share of it
    capital: Floats = column(0.0)  # M yuan of land development that the origin paid
    quota_due: Floats = column(0.0)  # mu of quota still to be ceded
    quota_ceded: Floats = column(0.0)  # mu ceded so far
    promised: Floats = column(0.0)  # M yuan due to the origin so far
    paid: Floats = column(0.0)  # M yuan of it paid so far
    produced: Ints = column(-1)
    ended: Ints = column(-1)
    reason: Ints = column(0)  # index into ENDS

    @property
    def credited(self) -> Ints:
        """Rows whose plant is credited to two counties in this month, as long as the month has not been closed."""
        return np.flatnonzero((self.firm >= 0) & (self.ended < 0))


ENDS: tuple[str, ...] = ("runs", "project failed", "plant closed", "term over")
"""How a contract stands."""


@dataclass(frozen=True)
class EnclaveOffers:
    """Contracts that an origin and a host would both sign this month; E leads that may come by one.

    Attributes:
        lead: (E,) their positions among the leads of the month.
        origin: (E, P) county that would bring each to a park of another, -1 where not both agree.
        top_up: (E, P) share of investment that it grants besides the host.
        bonus: (E, P) utility that the contract adds for the investor.
        host_gain, origin_gain: (E, P) NPV_h and NPV_o, M yuan.
    """

    lead: Ints
    origin: Ints
    top_up: Floats
    bonus: Floats
    host_gain: Floats
    origin_gain: Floats


@dataclass(frozen=True)
class EnclaveShares:
    """What enclave contracts owe their origins for the month, (N,) M yuan each."""

    contract: Ints
    promised: Floats
    paid: Floats


@dataclass(frozen=True)
class ReservedPosts:
    """Plants that offer a share of their posts to residents of another county first, (N,) each."""

    firm: Ints
    county: Ints
    share: Floats


@dataclass
class Leaders(Table):
    """Lead firms: order book, shares, and capacity at rival sites (capacity at home stands in the firm rows)."""

    product: Ints = column(0)
    market: Ints = column(0)
    unit_value: Floats = column(1.0)  # M yuan per unit of market volume, 2018
    lump_low: Floats = column(0.0)  # least and most annual output of a new plant, M yuan
    lump_high: Floats = column(0.0)
    active: Bools = column(False)
    share: Floats = column(0.0)  # world share s_g
    share_opening: Floats = column(0.0)
    backlog: Floats = column(0.0)  # M yuan a month
    quality: Floats = column(0.9)
    annual_orders: Floats = column(0.0, 60)  # trailing monthly orders, ring of five years
    delivered: Floats = column(0.0)
    ordered: Floats = column(0.0)


@dataclass
class Parks:
    """Land by park, mu, and its price. occupied + free + idle + released = developed <= planned."""

    planned: Floats
    developed: Floats
    occupied: Floats
    idle: Floats
    released: Floats
    serviced: Floats  # free land that is ready to build on (LAND lasts one month)
    serviced_chain: Ints  # chain for which it was made ready, -1 without
    price: Floats  # M yuan per mu
    crowding: Floats  # excess of jobs per mu over the threshold, squared (section 9.15)
    clearing: Floats  # (P, lag) part of the idle land that is taken back and being cleared, by month of release mod lag
    idle_least: Floats  # (P,) least idle land that nobody cleared since last January: idle for long (section 9.16)

    @property
    def free(self) -> Floats:
        """(P,) developed land that nobody holds, mu."""
        return self.developed - self.occupied - self.idle - self.released

    @property
    def on_offer(self) -> Floats:
        """(P,) developed land that projects may take: free and released, mu."""
        return self.free + self.released

    @property
    def idle_plots(self) -> Floats:
        """(P,) idle land that is not being cleared, mu."""
        return np.asarray(self.idle - self.clearing.sum(axis=1))


@dataclass
class Counties:
    """County columns (C,)."""

    wage: Floats  # mean wage at the skills of the opening, yuan a year, 2018 prices
    wage_by_skill: Floats  # (2, C) yuan a year, 2018 prices
    talent: Floats  # talented people per job over what there would be without the talent plan
    service: Floats  # service index s_c, 0-1
    incentive: Floats  # grant share of investment on offer
    quota: Floats  # mu of land quota not yet used


@dataclass
class People:
    """Who lives where, who works where; skills are low and high, in this order (model description, section 9.11)."""

    working_age: Floats  # (2, C) residents of working age by skill, persons
    per_working_age: float  # residents of all ages per resident of working age
    participation: float  # labour force per resident of working age
    skill_share: Floats  # (C,) high-skilled share of the workers wanted at the opening
    kernel: Floats  # (2, C, C) efficiency of matching residence x workplace
    open_root: Floats  # (2, C) roots of the vacancies of last month, where the matching starts
    workers: Floats  # (2, C, C) persons at work, residence x workplace
    vacancy: Floats  # (2, C) share of posts that stay open
    wage_bill: Floats  # (2, C) wages paid by workplace, real M yuan a month
    pay_opening: Floats  # (2, C) expected pay at the opening, yuan a year
    amenity: Floats  # (C,) ln wage equivalent
    residents_opening: Floats  # (C,) persons
    consumption_opening: Floats  # (C,) M yuan a month
    income: Floats  # (C,) disposable income by residence, real M yuan a month
    usual_profits: Floats  # (C,) profits that local owners count on, real M yuan a month
    consumption: Floats  # (C,) what households spend next month, real M yuan
    deepening: Floats  # (K,) output per job by capital and know-how in place of labour, relative to the opening
    national_wage: float = 1.0  # national real wage relative to the opening

    @property
    def labour_force(self) -> Floats:
        """(2, C) persons who work or want to, by residence."""
        return self.participation * self.working_age

    @property
    def residents(self) -> Floats:
        """(C,) residents of all ages, persons."""
        return np.asarray(self.per_working_age * self.working_age.sum(axis=0))

    @property
    def growth(self) -> Floats:
        """(C,) residents relative to the opening."""
        return self.residents / self.residents_opening


@dataclass
class TalentPlan:
    """What the talent plan has brought and built, by county (model description, section 9.11).

    Attributes:
        usual: (C,) talented people of the opening by workplace, persons; their number follows the jobs of the county.
        workers: (C,) persons at work at the opening, by workplace.
        extra: (C,) talented people here because of the plan; negative where others have drawn more away.
        amenity: (C,) schools and health care of the plan, ln wage equivalent.
        housing: (12, C) paid for housing in the last months, M yuan, a ring by month.
        services: (48, C) paid for schooling and health, likewise.
        conversion: (C,) conversion cost of skill-intensive products over what it would be without the plan.
        qualification: (C,) months until a supplier is qualified, likewise.
    """

    usual: Floats
    workers: Floats
    extra: Floats
    amenity: Floats
    housing: Floats
    services: Floats
    conversion: Floats
    qualification: Floats


@dataclass
class Roads:
    """Road works, one entry a decision to begin: share of the minutes of the opening that each cuts, and is left."""

    begun: Floats = field(default_factory=lambda: np.zeros(0))  # (W,)
    left: Floats = field(default_factory=lambda: np.zeros(0))  # (W,)
    minutes: Floats | None = None  # (C, C) at present; None: those of the opening


@dataclass
class Markets:
    """World and national markets."""

    volume: Floats  # (M,) in market units a year (power and consumer cells GWh, stainless and copper Mt, others index)
    volume_opening: Floats
    components: Floats  # (X,) latent series behind the markets, in logs (see mechanisms/demand.py)
    commodity: Floats  # (Q,) price relative to 2018
    price: Floats  # (K,) nominal price index, 2018 = 1
    price_level: float  # general price level PI, 2018 = 1
    conversion: Floats  # (K,) conversion cost v_k in 2018 prices per unit
    material_factor: float  # material use per cell relative to the opening
    experience: Floats  # (K,) cumulative world-and-home experience, 1 = opening
    national_experience: Floats  # (K,) what the country had made by the opening, M yuan
    rain: Floats  # (C,) share of rainy days of the month
    frontier: Floats  # (K,) output per job of a frontier plant, 1 = opening
    price_level_before: float = 1.0  # PI of last month


@dataclass
class Rivals:
    """Rival sites of leaders, (G, S): capacity in M yuan a month and AR(1) noise of their appeal."""

    capacity: Floats
    building: Floats
    noise: Floats


@dataclass(frozen=True)
class Technology:
    """Fixed engineering of the products (opening table and intensities by product).

    Attributes:
        inputs: (K, N) total input coefficients (home, Chinese and foreign supply) of every county-node.
        pool: (N, N) home flow per unit of buyer output outside the explicit links (section 9.12).
        linked: (K, K) whether input i of industry j runs over explicit links (both chain products).
        home_share: (K, C, C) share of all use of a product in county s that comes from home county r, [k, r, s].
        household_shares: (K, C) what households of a county buy of each product, from wherever it comes; sums to 1.
        base_demand: (N, 4) monthly final demand at opening by household, government, investment, outside, less what
            mechanisms deliver in the frozen opening month, M yuan a month at 2018 prices; that of governments at the
            prices of the opening, because budgets plan money.
        imported: (K, K) share of input i of industry j that comes from abroad, in the table of all regions.
        export_share: (K,) exports abroad over home output in the opening table, 0 for what is not made at home.
        value_added_share, capital, land, jobs, energy, tax, markup: (K,) per unit of output (land in mu, jobs in
            persons, energy in MWh, all per M yuan of annual output; capital in M yuan per M yuan).
        project_size: (K,) mean investment of a promoted project, M yuan.
        conversion: (K,) conversion cost of 2018 per unit; steady_cost: (K,) wages, depreciation and taxes in it.
    """

    inputs: Floats
    pool: Floats
    linked: Bools
    home_share: Floats
    household_shares: Floats
    base_demand: Floats
    value_added_share: Floats
    capital: Floats
    project_size: Floats
    land: Floats
    jobs: Floats
    energy: Floats
    tax: Floats
    markup: Floats
    conversion: Floats
    steady_cost: Floats
    national_share: Floats
    imported: Floats
    export_share: Floats


@dataclass
class Candidates:
    """The luck of the candidates of one month, drawn before any policy is read (section 5)."""

    channel: Ints
    product: Ints
    slot: Ints
    keep: Floats
    sign: Floats
    fail: Floats
    size: Floats  # standard normal
    quality: Floats
    work: Floats  # Gamma with mean 1
    requisition: Floats  # Gamma with mean 1
    graft: Floats
    place: Floats
    order: Floats  # leads of a month are resolved in this order
    productivity: Floats  # standard normal
    taste_luck: Floats  # (n, P) uniform

    def taste(self, rows: Ints | slice) -> Floats:
        """(..., P) taste of some candidates for the parks, standard Gumbel; few of them become leads and need one."""
        return gumbel(self.taste_luck[rows])

    def __len__(self) -> int:
        return len(self.channel)


@dataclass(frozen=True)
class LandReformPlan:
    """What counties take back in a January and what the owners then do (section 9.16).

    Attributes:
        idle: (P,) mu of idle plots bought.
        bought: (F,) plants whose plot is bought.
        upgraded: (F,) capital that owners are to put on a plot that they keep, M yuan.
        park: (F,) park to which the owner of a bought plot moves, -1 = closes.
        asked: (B,) what it would cost if money were no limit, M yuan.
    """

    idle: Floats
    bought: Bools
    upgraded: Floats
    park: Ints
    asked: Floats


@dataclass
class Boards:
    """What mechanisms of one month write and resolvers read; made anew each month."""

    # WORLD
    volume: Floats | None = None
    components: Floats | None = None
    commodity: Floats | None = None
    price: Floats | None = None
    price_level: float = 1.0
    conversion: Floats | None = None
    material_factor: float = 1.0
    experience: Floats | None = None
    rain: Floats | None = None
    # PROPOSE
    share: Floats | None = None
    orders: Floats | None = None  # (G,) O_g
    site_orders: Floats | None = None  # (F,) orders and backlog addressed to a leader's home plant
    away_orders: Floats | None = None  # (G,) orders and backlog addressed to rival sites
    leads: list[dict[str, NDArray[Any]]] = field(default_factory=list)
    own_projects: list[dict[str, Any]] = field(default_factory=list)
    rival_building: Floats | None = None
    rival_noise: Floats | None = None
    candidates: Candidates | None = None
    branches: Floats | None = None  # (F,) capital that incumbents cannot build at home, M yuan
    effort: Floats | None = None
    thinned: int = 0
    capped: int = 0
    incentive: Floats | None = None  # (C,) grant share of investment that a county offers alone
    # PLACE
    offers: list[Floats] = field(default_factory=list)  # (J', C) grant share offered to each lead
    offered: float | None = None  # mean offer to the leads of the month
    appeal: list[Floats] = field(default_factory=list)  # (J', P) utility terms of the open leads
    allowed: list[Bools] = field(default_factory=list)  # (J', P) masks
    refused: list[Bools] = field(default_factory=list)  # (J',) open leads that nobody may sign
    referred: list[Ints] = field(default_factory=list)  # (J',) coastal county that passes a lead on to its partners, -1
    invited: list[Bools] = field(default_factory=list)  # (J', P) parks that open under a contract though not admitted
    enclaves: EnclaveOffers | None = None
    outside_value: Floats | None = None  # (K,) V_out
    failed: Bools | None = None  # (J,)
    survival: Floats | None = None  # (J,)
    project_service: Floats | None = None  # (J,)
    county_service: Floats | None = None
    reform: float = 0.0
    # BUILD
    developed: Floats | None = None  # (P,) new developed land
    development_asked: Floats | None = None  # (C,) mu that counties would develop if money were no limit
    quota_issued: Floats | None = None
    land_price: Floats | None = None
    land_progress: Floats | None = None  # (J,)
    work_progress: Floats | None = None
    talent_spending: Floats | None = None  # (4, C) M yuan: cash, housing, schooling, health
    household_grants: Floats | None = None  # (C,) M yuan paid to residents by budgets
    public_works: list[Floats] = field(default_factory=list)  # (C, K) M yuan of goods that policies order this month
    road_begun: float = 0.0  # share of minutes that works begun this month will cut
    road_work: Floats | None = None  # (W,) share of minutes cut by the work of the month
    minutes: Floats | None = None  # (C, C) after it
    # SUPPLY
    weight: Floats | None = None
    option: Floats | None = None  # (R,) O, where it is set for the first time; NaN elsewhere
    # PRODUCE
    capacity: Floats | None = None
    electricity_limit: float = float("inf")  # MWh a month
    outside_demand: Floats | None = None  # (F,)
    unit_cost: Floats | None = None
    relative_cost: Floats | None = None
    market_growth: Floats | None = None  # (F,) volume of the outside market over that of its reference
    wage_cost: Floats | None = None  # (F,) part of unit cost due to the county's wage against the nation's
    expected: Floats | None = None  # (F,) output for which people are sought, M yuan a month
    wanted: Floats | None = None  # (F,) persons sought
    reserved: ReservedPosts | None = None
    limit: Floats | None = None  # (F,) capacity that can be staffed and has its electricity; written by the resolver
    staff_factor: Floats | None = None  # (F,) share of capacity that the staff found can run, 0-1; by the resolver
    energy_factor: Floats | None = None  # (F,) share of that which electricity allows; by the resolver
    outside_supply: Floats | None = None  # (K,) share of the usual outside supply; None where no product is critical
    # GROW
    investment: Floats | None = None  # (F,) completed net and replacement investment
    expansion_wished: Floats | None = None  # (F,) net investment before land allows or cuts it; read by the record only
    scrapped: Floats | None = None
    productivity_growth: Floats | None = None
    frontier_growth: Floats | None = None  # (K,) d ln of output per job, everywhere
    cluster_growth: Floats | None = None  # (F,) d ln A from the place
    settled_jobs: Floats | None = None  # (F,)
    crowding: Floats | None = None  # (P,)
    land_taken: Floats | None = None
    wage: Floats | None = None  # (2, C) yuan a year, next month
    national_wage: float = 1.0
    deepening: Floats | None = None  # (K,)
    arrivals: Floats | None = None  # (2, C) people of working age from outside
    departures: Floats | None = None  # (2, C) to outside
    moves: Floats | None = None  # (2, C, C) between counties
    births_of_people: Floats | None = None  # (2, C) natural growth at working age
    talent: TalentPlan | None = None  # after the month
    talent_arrivals: Floats | None = None  # (C,) high-skilled people from outside
    talent_departures: Floats | None = None  # (C,) to outside
    talent_moves: Floats | None = None  # (C, C) between counties, from the first to the second
    trained: Floats | None = None  # (C,) residents of working age who become high-skilled
    income: Floats | None = None  # (C,) M yuan a month
    usual_profits: Floats | None = None  # (C,) M yuan a month
    consumption: Floats | None = None  # (C,) M yuan a month
    # CLOSE
    exits: Bools | None = None
    land_reform: LandReformPlan | None = None  # in a January with land reform
    leaving: Bools | None = None  # (F,) home plants that a lead firm closes because it leaves
    withdrawn: Bools | None = None  # (J,) its plants under way that it gives up
    # SHARE: by budget, the counties first and the city level last
    public_revenue: dict[str, Floats] = field(default_factory=dict)  # (B,) M yuan by item
    public_spending: dict[str, Floats] = field(default_factory=dict)  # (B,) M yuan by item
    public_asked: dict[str, Floats] = field(default_factory=dict)  # (B,) the same if money were no limit, by item
    public_ahead: dict[str, Floats] = field(default_factory=dict)  # (B,) asked for next month, where that is known
    enclave_shares: EnclaveShares | None = None


@dataclass
class MonthTable:
    """The month's table: the exact aggregate of the firms (section 9.12), M yuan a month at 2018 prices."""

    flows: Floats  # Z (N, N)
    final: Floats  # F (N, 4) household, government, investment, outside
    outside_inputs: Floats  # IMP (K, N) inputs bought outside the ten regions
    value_added: Floats  # V (N,)
    output: Floats  # X (N,)
    firm_value_added: Floats  # (F,)
    served: Floats  # (F,) phi: share of home producers' orders that a row delivers
    shares: Floats  # (F,) sigma: share of a row in the supply of its county-node
    links: Links  # the links that the month was made with; those of closed firms leave the state at its end
    scarce: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # (Q,) products in shortage
    basis: Floats = field(default_factory=lambda: np.zeros((0, 0)))  # (Q, F) output for which they are ordered at home

    def basis_of(self, output: Floats, product: Ints, buyer: Ints) -> Floats:
        """Output for which a buyer orders a product at home: its own output, held up in a shortage of the product.

        Args:
            output: (F,) z.
            product: (n,) products bought.
            buyer: (n,) firm rows that buy.
        """
        amount = output[buyer]
        for at, short in enumerate(self.scarce):
            amount = np.where(product == short, self.basis[at][buyer], amount)
        return amount


@dataclass
class CriticalInputs:
    """Inputs whose outside supply a scenario may limit, and the stocks that buyers hold of them."""

    products: Ints  # (Q,)
    stock: Floats  # (Q, F) M yuan at 2018 prices
    usual: Floats  # (Q,) outside use of the last month without a limit, M yuan; NaN before the first


@dataclass
class CriticalFlows:
    """What happened to the stocks of critical inputs in a month, M yuan at 2018 prices."""

    before: Floats  # (Q, F) stocks at the beginning; those of the first month are endowment
    written_off: Floats  # (Q, F) stocks of firms that closed
    use: Floats  # (Q, F) use of goods from outside
    drawn: Floats  # (Q, F) part of the use that came from stock
    filled: Floats  # (Q, F) bought for stock
    supply: Floats  # (Q,) what the outside delivers, infinite without a limit
    usual: Floats  # (Q,) usual outside use and what home makers would make without the shortage


@dataclass(frozen=True)
class FinalOrders:
    """What home households, governments and investors (in this order) order in a month, M yuan at 2018 prices.

    Attributes:
        home: (N, 3) orders to each county-node, the base demand that others pay for included.
        own: (N, 3) part of it that they pay from incomes, budgets, and money for projects and capital.
        total: (K, 3) what they order with this money, from home and outside; of investors construction and equipment.
    """

    home: Floats
    own: Floats
    total: Floats


@dataclass
class Ledger:
    """Flows of the month, posted by the resolvers; the identities are checked against them."""

    capital_before: Floats
    alive_before: Bools
    stages_before: Ints  # (7,) projects by stage
    developed_before: Floats
    quota_before: Floats
    invested: Floats  # (F,) capital put into service
    scrapped: Floats  # (F,)
    births: int = 0
    exits: int = 0
    candidates: int = 0
    thinned: int = 0
    leads: int = 0
    signed: int = 0
    lost: int = 0
    own: int = 0
    moves: Ints = field(default_factory=lambda: np.zeros((len(Stage), len(Stage)), dtype=np.int64))
    entered: Ints = field(default_factory=lambda: np.zeros((len(Stage), len(Channel)), dtype=np.int64))
    quota_issued: Floats | None = None
    developed_by_quota: Floats | None = None  # (C,)
    quota_ceded: Floats | None = None  # (C,) mu received from partners in enclaves, negative for who cedes
    developed_by_event: float = 0.0
    rationed: float = 1.0  # phi: share of their output that the limit on electricity leaves to plants
    rounds: int = 0
    critical: CriticalFlows | None = None
    revenue: Floats = field(default_factory=lambda: np.zeros((len(REVENUE_ITEMS), 0)))  # (items, B) M yuan
    spending: Floats = field(default_factory=lambda: np.zeros((len(SPENDING_ITEMS), 0)))  # (items, B) M yuan
    asked: Floats = field(default_factory=lambda: np.zeros(0))  # (B,) cost of the levers if money were no limit
    balance_before: Floats = field(default_factory=lambda: np.zeros(0))  # (B,)
    public_debt_before: Floats = field(default_factory=lambda: np.zeros(0))  # (B,)
    project_spending: Floats = field(default_factory=lambda: np.zeros(0))  # (F,) projects that enlarge the firm
    project_grants: Floats = field(default_factory=lambda: np.zeros(0))  # (F,) grants for them
    bonus: Floats = field(default_factory=lambda: np.zeros(0))  # (F,) paid by the city for purchases over links
    endowed: float = 0.0  # working cash that founders brought to new firms
    ordered: FinalOrders | None = None
    payments: dict[str, float] | None = None  # who paid whom, by name as in sim.flows, real M yuan
    household_spending: float = 0.0  # out of the incomes of last month
    project_work: float = 0.0  # paid for work on all projects, with overrun
    firm_money_before: float = 0.0  # cash less debt of all firms
    prepaid_before: float = 0.0  # of State.prepaid
    working_age_before: Floats | None = None  # (2, C)
    natural: Floats | None = None  # (2, C)
    arrived: Floats | None = None  # (2, C) from outside and from other counties
    departed: Floats | None = None  # (2, C)
    trained: Floats | None = None  # (C,) persons who become high-skilled
    to_households: Floats = field(default_factory=lambda: np.zeros(0))  # (C,) paid to residents, by residence
    to_owners: Floats = field(default_factory=lambda: np.zeros(0))  # (C,) compensation of owners of idle plots
    earmarked_before: Floats = field(default_factory=lambda: np.zeros(0))  # (C,) of Public.earmarked
    earmarked_spent: Floats = field(default_factory=lambda: np.zeros(0))  # (C,)


@dataclass(frozen=True)
class TaxRates:
    """Rates of the four kinds of tax and who gets them (section 9.17).

    Attributes:
        value_added: share of value added.
        profit: share of positive profit.
        land: M yuan per mu and year.
        other: (K,) share of sales; negative where rebates exceed the smaller taxes.
        overhead: (K,) conversion cost per unit of 2018 that is neither wage nor depreciation nor tax: headquarters,
            development, selling. It belongs to gross surplus, but no profit tax is due on it.
        made_by_firms: (K,) products that pay profit tax.
        local_value_added, local_profit, local_other: parts below the central government; land tax is local whole.
    """

    value_added: float
    profit: float
    land: float
    other: Floats
    overhead: Floats
    made_by_firms: Bools
    local_value_added: float
    local_profit: float
    local_other: float


@dataclass
class FirmAccounts:
    """Accounts of every firm row for one month, real M yuan (F,); sections 9.12 and 9.17."""

    sales: Floats
    value_added: Floats
    wages: Floats
    value_added_tax: Floats
    profit_tax: Floats
    land_tax: Floats
    other_tax: Floats
    local_tax: Floats  # part of the four that stays below the central government
    interest: Floats
    grants: Floats  # for projects that enlarge the firm
    bonus: Floats  # paid by the city for purchases from home suppliers
    depreciation: Floats
    cash_before: Floats
    debt_before: Floats
    invested: Floats  # replacement and expansion
    projects: Floats  # spending on projects that enlarge the firm
    land: Floats  # land bought by the operating firm
    distributed: Floats  # profits paid out to owners
    written_off: Floats  # debt of closed firms that nobody pays
    compensation: Floats  # received from budgets for land

    @property
    def taxes(self) -> Floats:
        """(F,) all four taxes."""
        return self.value_added_tax + self.profit_tax + self.land_tax + self.other_tax

    @property
    def gross_surplus(self) -> Floats:
        """(F,) value added, grants and bonus less wages, taxes and interest."""
        return self.value_added + self.grants + self.bonus - self.wages - self.taxes - self.interest


@dataclass
class Public:
    """Budgets of the counties and, last, of the city level: B = C + 1, M yuan at 2018 prices.

    Attributes:
        rates: taxes.
        balance, debt: (B,) at the end of the month; one of the two is 0.
        base: (B,) ordinary spending of the opening, M yuan a month.
        ordinary: (B,) ordinary spending of the month.
        transfers: (B,) general transfers from above at the opening, M yuan a month.
        funded: (B,) share of the discretionary levers that can be paid, 0-1.
        offered: mean grant share offered to the latest leads.
        mix: (C, K) share of each product in ordinary spending in the county.
        county_base: (C,) ordinary spending of all budgets in each county at the opening, M yuan a month.
        taxes12, land12, asked12, spent12: (B, 12) local taxes with what enclaves move, land sales, cost of the
            discretionary levers as asked (without what is known ahead) and as paid, by month.
        earmarked: (C,) transfers received for parks and training and not yet spent, part of the balance.
        earmarked_land: (C,) what of them was spent on land and not paid back by origins of enclaves.
        land_received, grants_paid: (C,) sums since the opening, against which the books of the other side are checked.
    """

    rates: TaxRates
    balance: Floats
    debt: Floats
    base: Floats
    ordinary: Floats
    transfers: Floats
    funded: Floats
    offered: float
    mix: Floats
    county_base: Floats
    taxes12: Floats
    land12: Floats
    asked12: Floats
    spent12: Floats
    earmarked: Floats
    earmarked_land: Floats
    land_received: Floats
    grants_paid: Floats

    @property
    def extra(self) -> Floats:
        """(C, K) ordinary spending above the opening's by county and product; the city level's goes by county size."""
        change = self.ordinary - self.base
        by_county = change[:-1] + change[-1] * self.county_base / self.county_base.sum()
        return np.asarray(by_county[:, None] * self.mix)


class CityDecisions(Protocol):
    """What mechanisms ask of the prefecture."""

    def fund(self, share: float) -> None:
        """Take note of the share of its discretionary levers that the budget can pay."""

    def link(self, referral: float, transfer: float) -> None:
        """Take note of the rates of mountain-sea linkage."""

    def split_quota(self, quota: float, waiting: Floats, developed: Floats, queue_weight: float) -> Floats:
        """(C,) mu of new quota for each county."""

    def zone(self, fit: Floats, strictness: float) -> tuple[Floats, Bools]:
        """(C, K) weight of the zoning fit and where projects are refused."""


class CountyDecisions(Protocol):
    """What mechanisms ask of a county."""

    index: int

    def fund(self, share: float) -> None:
        """Take note of the share of its discretionary levers that the budget can pay."""

    def admit(self, tax_per_mu: Floats, screen: float, land_left: float) -> Bools:
        """(leads,) whether the county makes an offer to each lead."""

    def request_land(self, waiting: float, free: float, developed: float, headroom: float, quota: float) -> float:
        """Mu to be developed this month."""

    def take_back(self, plots: float, listed: float, intensity: float, funded: float) -> tuple[float, float]:
        """Mu of idle plots and of listed plants to be bought this year."""

    def accept_enclaves(self, role: str, gain: Floats) -> Bools:
        """(n,) whether the county, as "host" or "origin", signs each contract on offer that brings it this gain."""

    def sign_enclave(self, product: str, park: str, host: str, gains: tuple[float, float], tax_share: float) -> None:
        """Take note of a contract by which it brings a project to the park of another county."""


class LeaderDecisions(Protocol):
    """What mechanisms ask of a lead firm."""

    index: int

    def plan(
        self, orders: float, growth: float, target: float, capacity: float, pipeline: float, least: float, most: float
    ) -> float:
        """Annual output of the next plant, M yuan, 0 = none."""

    def choose_site(self, utility: Floats, taste: Floats, parks: int) -> int:
        """Index of the chosen site: home parks first, then rival sites."""


@dataclass
class Deciders:
    """The agents that decide, seen through protocols so that mechanisms need not know Mesa."""

    city: CityDecisions
    counties: Sequence[CountyDecisions]
    leaders: Sequence[LeaderDecisions]


@dataclass
class State:
    """The whole position of the economy at one moment."""

    world: World
    scenario: Scenario
    technology: Technology
    month: int
    firms: Firms
    relations: Relations
    links: Links
    projects: Projects
    leaders: Leaders
    rivals: Rivals
    parks: Parks
    counties: Counties
    people: People
    markets: Markets
    effort: Floats  # (4,) smoothed promotion effort by channel, M yuan a year
    outside_value: Floats  # (K,) V_out
    outside_value_mean: Floats  # (K,) Vbar
    markets_of_product: Ints  # (K,) market of the outside sales of a product
    outside_shares: Floats  # (K,) ebar of new firms
    leader_outside_shares: Floats  # (K,) ebar of new plants of leaders
    levers: dict[str, Floats]  # compiled policy: (months + 1,) or (months + 1, C), row = month
    rent_reference: float = 1.0  # mean land price at opening, M yuan per mu
    wage_reference: float = 1.0  # mean wage at opening, yuan a year
    slots: int = 0  # luck slots issued; the same in every scenario of a seed
    own_slots: int = 0  # first slot of leaders' own plants: one a leader and month, then one a dated plant
    signed_this_year: float = 0.0
    pressure: float = 0.0  # plan pressure m of the month
    reform: float = 0.0  # effective permit reform
    boards: Boards = field(default_factory=Boards)
    ledger: Ledger | None = None
    table: MonthTable | None = None
    critical: CriticalInputs | None = None  # None where the scenario limits no product
    shocks: Effects | None = None  # hypothetical events of the scenario; None without any
    deciders: Deciders | None = None
    spending: Floats | None = None  # (C, K) money for investment of the month by county and product, real M yuan
    incumbent_spending: Floats | None = None  # (C, K) what incumbents ordered last month
    prepaid: float = 0.0  # what they paid for it, with the part that is bought outside, M yuan
    opening_firms: Ints | None = None  # (K,) above-scale firms at opening
    events: list[str] = field(default_factory=list)
    firm_accounts: FirmAccounts | None = None
    public: Public | None = None
    public_works: Floats | None = None  # (C, K) M yuan of goods that policies order this month; None: nothing
    talent: TalentPlan | None = None  # every opening has one
    roads: Roads = field(default_factory=Roads)
    contracts: Contracts = field(default_factory=Contracts)
    trust: Floats = field(default_factory=lambda: np.ones((0, 0)))  # (C, C) origin x host: share believed to be paid
    readings: dict[Callable[[State], Any], Any] | None = None  # of :func:`read_once`; None: the state may change
    price_readings: dict[Callable[[State], Any], Any] | None = None  # of :func:`read_monthly`; None: prices may change

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """For as long as nobody changes the state: the mechanisms of one phase, or the checks and the record.

        What :func:`read_once` marks is then computed once. Resolvers work outside, where everything is read anew.
        """
        self.readings = {}
        try:
            yield
        finally:
            self.readings = None

    @property
    def budgets(self) -> Public:
        """Public budgets; every opening has them."""
        if self.public is None:
            raise RuntimeError("no public budgets: the opening is not finished")
        return self.public

    @property
    def funded(self) -> Floats:
        """(B,) share of the discretionary levers of each budget that can be paid, the city level last."""
        return np.ones(self.world.county_count + 1) if self.public is None else self.public.funded

    @property
    def minutes(self) -> Floats:
        """(C, C) road minutes between counties at present, own minutes on the diagonal."""
        return self.world.minutes if self.roads.minutes is None else self.roads.minutes

    @property
    def earmarked(self) -> Floats:
        """(C,) transfers received for parks and training and not yet spent, M yuan."""
        return np.zeros(self.world.county_count) if self.public is None else self.public.earmarked

    @property
    def node_count(self) -> int:
        """Number of county-nodes N."""
        return self.world.county_count * self.world.product_count

    def lever(self, name: str) -> float:
        """Value of a city-wide lever in this month."""
        return float(self.levers[name][self.month])

    def lever_by_county(self, name: str) -> Floats:
        """(C,) value of a lever of the counties in this month."""
        return np.asarray(self.levers[name][self.month])


def talent_of(state: State) -> TalentPlan:
    """What the talent plan has done so far; every opening has one."""
    if state.talent is None:
        raise RuntimeError("no talent plan: the opening is not finished")
    return state.talent


def read_once(function: Callable[[State], Result]) -> Callable[[State], Result]:
    """Mark a reading of the state that several mechanisms of a phase need: it is computed once while the state stands.

    Arrays are given out read-only, since all readers get the same. Outside of :meth:`State.standing_still` the function
    is computed at each call.

    Args:
        function: a reading that depends on nothing but the state without the boards, and gives out no part of it.
    """
    return _kept(function, "readings")


def read_monthly(function: Callable[[State], Result]) -> Callable[[State], Result]:
    """Mark a reading of technology, levers and what WORLD writes (prices, use of materials): computed once a month.

    As :func:`read_once`, but kept from the end of WORLD to that of the month, through all resolvers: they move neither
    prices nor technology. Elsewhere, as in WORLD itself, it is computed at each call.

    Args:
        function: a reading that depends on nothing else, and gives out no part of the state.
    """
    return _kept(function, "price_readings")


def _kept(function: Callable[[State], Result], store: str) -> Callable[[State], Result]:
    """The reading with a memory: the dictionary of the state by that name, where there is one."""

    @wraps(function)
    def reading(state: State) -> Result:
        known = getattr(state, store, None)  # small states made for tests have none
        if known is None:
            return function(state)
        if function not in known:
            found = known[function] = function(state)
            for array in found if isinstance(found, tuple) else (found,):
                if isinstance(array, np.ndarray):
                    array.setflags(write=False)
        result: Result = known[function]
        return result

    return reading
