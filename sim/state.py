"""What changes during a run: firms, links, projects, parks, counties, markets, leaders; and the month's boards.

Money is million yuan at 2018 prices, land is mu, time is months since the opening (month 0 = opening position), people
are persons. Firms and projects are rows of columns (numpy arrays): rows are append-only, the row number is the
identity for life, closing clears a flag. Nothing in this file decides anything.

Index letters: F firm rows, L links, R sourcing relations (buyer x input product), J projects, P parks, C counties (10),
K products (24), N = C * K county-nodes (flat index county * K + product), G leaders, M markets, Q commodities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.columns import Table, column
from sim.world import World

if TYPE_CHECKING:
    from sim.scenario import Scenario

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

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
    OWN = 6


CHANNEL_LABELS: tuple[str, ...] = (
    "follow the leader",
    "along the chain",
    "watch the cluster",
    "unplanned",
    "spin-off",
    "normal entry",
    "leader's own plant",
)
MARKETS: tuple[str, ...] = ("power_cell", "consumer_cell", "vehicles", "stainless", "copper", "national_gdp", "legacy")
COMMODITIES: tuple[str, ...] = ("Li", "Ni", "Cu")


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
    capital: Floats = column(0.0)  # M yuan
    capital_intensity: Floats = column(0.0)  # M yuan of capital per M yuan of annual output
    productivity: Floats = column(1.0)  # index, 1 = opening mean
    quality: Floats = column(0.5)  # 0-1
    jobs_intensity: Floats = column(0.0)  # persons per M yuan of annual output
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
    surplus: Floats = column(0.0)  # value added less wages, taxes and depreciation, real M yuan a month
    utilisation12: Floats = column(0.0, YEAR)
    margin12: Floats = column(0.0, YEAR)
    orders12: Floats = column(0.0, YEAR)


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
    event: Ints = column(-1)  # row of the dated history, -1 = simulated
    slot: Ints = column(-1)
    investment: Floats = column(0.0)  # M yuan
    capital_intensity: Floats = column(0.0)
    announced_output: Floats = column(0.0)  # M yuan a year at full capacity
    land: Floats = column(0.0)  # mu
    land_held: Floats = column(0.0)  # mu reserved in the park
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
    spent: Floats = column(0.0)  # M yuan of work done, with overrun
    invested: Floats = column(0.0)  # M yuan of work done, without overrun


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

    @property
    def free(self) -> Floats:
        """(P,) developed land that nobody holds, mu."""
        return self.developed - self.occupied - self.idle - self.released


@dataclass
class Counties:
    """County columns (C,)."""

    wage: Floats  # yuan a year, 2018 prices
    talent: Floats  # high-skill stock, index, core opening = 1
    service: Floats  # service index s_c, 0-1
    incentive: Floats  # grant share of investment on offer
    quota: Floats  # mu of land quota not yet used


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
    home_experience: Floats  # (K,) cumulative home output, M yuan
    rain: Floats  # (C,) share of rainy days of the month


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
        base_demand: (N, 4) monthly final demand at opening by household, government, investment, outside, less what
            mechanisms deliver in the frozen opening month, M yuan a month.
        value_added_share, capital, land, jobs, energy, tax, markup: (K,) per unit of output (land in mu, jobs in
            persons, energy in MWh, all per M yuan of annual output; capital in M yuan per M yuan).
    """

    inputs: Floats
    pool: Floats
    linked: Bools
    home_share: Floats
    base_demand: Floats
    value_added_share: Floats
    capital: Floats
    land: Floats
    jobs: Floats
    energy: Floats
    tax: Floats
    markup: Floats
    conversion: Floats
    national_share: Floats


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
    taste: Floats  # (n, P) Gumbel

    def __len__(self) -> int:
        return len(self.channel)


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
    effort: Floats | None = None
    thinned: int = 0
    capped: int = 0
    # PLACE
    appeal: list[Floats] = field(default_factory=list)  # (J', P) utility terms of the open leads
    allowed: list[Bools] = field(default_factory=list)  # (J', P) masks
    outside_value: Floats | None = None  # (K,) V_out
    failed: Bools | None = None  # (J,)
    survival: Floats | None = None  # (J,)
    project_service: Floats | None = None  # (J,)
    county_service: Floats | None = None
    reform: float = 0.0
    # BUILD
    developed: Floats | None = None  # (P,) new developed land
    quota_issued: Floats | None = None
    land_price: Floats | None = None
    land_progress: Floats | None = None  # (J,)
    work_progress: Floats | None = None
    # SUPPLY
    weight: Floats | None = None
    option: Floats | None = None  # (R,) O, where it is set for the first time; NaN elsewhere
    # PRODUCE
    capacity: Floats | None = None
    outside_demand: Floats | None = None  # (F,)
    unit_cost: Floats | None = None
    relative_cost: Floats | None = None
    # GROW
    investment: Floats | None = None  # (F,) completed net and replacement investment
    expansion_wished: Floats | None = None  # (F,) net investment before land allows or cuts it; read by the record only
    scrapped: Floats | None = None
    productivity_growth: Floats | None = None
    land_taken: Floats | None = None
    # CLOSE
    exits: Bools | None = None


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
    developed_by_event: float = 0.0
    rounds: int = 0


class CityDecisions(Protocol):
    """What mechanisms ask of the prefecture."""

    def split_quota(self, quota: float, waiting: Floats, developed: Floats, queue_weight: float) -> Floats:
        """(C,) mu of new quota for each county."""

    def zone(self, fit: Floats, strictness: float) -> tuple[Floats, Bools]:
        """(C, K) weight of the zoning fit and where projects are refused."""


class CountyDecisions(Protocol):
    """What mechanisms ask of a county."""

    index: int

    def admit(self, tax_per_mu: Floats, screen: float, land_left: float) -> Bools:
        """(leads,) whether the county makes an offer to each lead."""

    def request_land(self, waiting: float, free: float, developed: float, headroom: float, quota: float) -> float:
        """Mu to be developed this month."""


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
    markets: Markets
    effort: Floats  # (4,) smoothed promotion effort by channel, M yuan a year
    outside_value: Floats  # (K,) V_out
    outside_value_mean: Floats  # (K,) Vbar
    markets_of_product: Ints  # (K,) market of the outside sales of a product
    outside_shares: Floats  # (K,) ebar of new firms
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
    deciders: Deciders | None = None
    spending: Floats | None = None  # (C, K) investment demand of the month by county and product, M yuan a month
    incumbent_spending: Floats | None = None  # (C, K) what incumbents ordered last month
    opening_firms: Ints | None = None  # (K,) above-scale firms at opening
    events: list[str] = field(default_factory=list)

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
