"""Output, value added and people of each county in December 2013 (model description, sections 8.1 to 8.3). Synthetic.

City totals come from few published or recalled figures; a county figure is used where there is one, otherwise the rest
of the city is shared by a driver that is named here. All money is M yuan a year at 2018 prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sim import data
from sim.data import prefecture
from sim.inputoutput.balancing import BalancingError, ras
from sim.opening.counties import county_gdp_shares, county_population, sites_of_leaders
from sim.opening.national import OpeningError, national_products, value_added_share
from sim.settings import InputOutput, Opening
from sim.world import GROUPS, load_world

__all__ = [
    "JOBS_LIMIT",
    "OpeningError",
    "OpeningTotals",
    "check_jobs",
    "home_value_added_shares",
    "industrial",
    "labour_force",
    "opening_jobs",
    "opening_totals",
    "product_figures",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BILLION = 1000.0
"""M yuan in a bn yuan: the parameters of the opening are in bn yuan."""

BATTERY_MIX = {"B_STRU": 0.4, "B_EQPT": 0.4, "B_CATH": 0.1, "B_ANOD": 0.1 / 3, "B_SEPA": 0.1 / 3, "B_ELEC": 0.1 / 3}
"""Shares of the battery nodes other than cells; assumption (model description, section 8.1)."""

VEHICLE_MIX = {"V_BODY": 0.6, "V_PWTR": 0.4}
"""Shares of the vehicle nodes, parts only; assumption (model description, section 8.1)."""

SERVICES = ("TRAN", "BUSS", "CSRV")
BALANCED = ("MACH", "FOOD", "OTHM", "CONS", "TRAN", "BUSS", "CSRV")
"""Industries whose county shares give way so that counties reach their GDP; chains, energy and farming stay."""

FISHERY_FACTOR = 1.2
"""Farm output per rural resident on the coast, fishery included, against the mountains; assumption (section 8.2)."""

BUSINESS_CORE_FACTOR = 1.3
"""Business services per GDP in the core against other counties; assumption (section 8.2)."""

JOBS_LIMIT = 0.97
"""Largest share of a county's labour force at work, after commuters; assumption (section 8.2)."""


@dataclass(frozen=True)
class OpeningTotals:
    """The city in December 2013; C counties, K products, M yuan a year at 2018 prices. Synthetic.

    Attributes:
        output: (C, K) gross output, above scale and fringe together.
        above_scale: (C, K) output of firms of at least ``opening.min_size`` a year; all of energy, nothing of services.
        fringe: (C, K) output of smaller industrial firms.
        value_added: (C, K).
        value_added_share: (K,) value added per unit of output of home plants.
        gdp: (C,) value added of all industries.
        population: (C,) residents, persons.
        working_age: (C,) residents of working age, persons.
    """

    output: Floats
    above_scale: Floats
    fringe: Floats
    value_added: Floats
    value_added_share: Floats
    gdp: Floats
    population: Floats
    working_age: Floats


class LabourFigures(Protocol):
    """What the opening reads of the labour parameters, besides the jobs per output that products.csv names."""

    @property
    def participation(self) -> float:
        """Labour force per resident of working age."""


@lru_cache(maxsize=64)
def opening_totals(opening: Opening, io: InputOutput) -> OpeningTotals:
    """Totals by county and product that agree with the city's and the counties' GDP; see :func:`build_totals`."""
    return build_totals(opening, io)


def build_totals(opening: Opening, io: InputOutput, tilt: Floats | float = 1.0) -> OpeningTotals:
    """Totals by county and product that agree with the city's and the counties' GDP.

    Args:
        opening: control totals and drivers.
        io: value-added shares and the national table.
        tilt: (C, K) factors on the drivers that share a product over counties; 1 leaves them as they are.

    Raises:
        OpeningError: the parameters contradict each other, or a cross-check of section 8.1 fails.
    """
    shares = home_value_added_shares(io)
    city = city_value_added(opening, shares, national_products(io).total_value_added)
    population = county_population(opening)
    gdp_share = county_gdp_shares(opening, population)
    value_added = county_value_added(city, gdp_share, population, opening, tilt)
    output = value_added / shares
    above = above_scale_output(output, value_added, opening)
    industry = industrial()
    totals = OpeningTotals(
        output=output,
        above_scale=above,
        fringe=np.where(industry, output - above, 0.0),
        value_added=value_added,
        value_added_share=shares,
        gdp=value_added.sum(axis=1),
        population=population,
        working_age=population * opening.working_age_share,
    )
    check_totals(totals)
    for array in vars(totals).values():
        array.setflags(write=False)
    return totals


def industrial() -> Bools:
    """(K,) industry in the sense of the statistics: the products made by firm agents, and energy."""
    world = load_world()
    return np.asarray(world.agent | np.array([code == "ENER" for code in world.products]))


def home_value_added_shares(io: InputOutput) -> Floats:
    """(K,) value added per unit of output: parameters for the chain products, the national column for the others."""
    shares = national_products(io).value_added_share.copy()
    for index, row in enumerate(data.rows("products.csv")):
        if row["va_parameter"]:
            shares[index] = value_added_share(row["code"], io, row["va_parameter"])
    return shares


def city_value_added(opening: Opening, shares: Floats, national: Floats) -> Floats:
    """(K,) value added of the city by product.

    GDP is moved to the basis of the later census and to 2018 prices. Farming, industry and construction are shares of
    GDP before that census; services take what is left of the revised GDP, in national proportions. In industry the
    chains and energy have given outputs, and MACH, FOOD and OTHM share the rest.

    Args:
        opening: control totals.
        shares: (K,) value added per unit of output.
        national: (K,) value added of the nation, any money.
    """
    world = load_world()
    before_census = opening.gdp_2013 * opening.price_2013_to_2018 * BILLION
    output = dict.fromkeys(world.products, 0.0)
    output["ENER"] = opening.energy_output
    output["B_CELL"] = opening.cells_output
    output["S_MELT"] = opening.stainless_output * opening.stainless_melt_share
    output["S_ROLL"] = opening.stainless_output * opening.stainless_roll_share
    output["S_PROD"] = opening.stainless_output - output["S_MELT"] - output["S_ROLL"]
    output["C_PROC"] = opening.copper_output
    output |= {code: share * opening.battery_materials_output for code, share in BATTERY_MIX.items()}
    output |= {code: share * opening.vehicle_output for code, share in VEHICLE_MIX.items()}
    value_added = np.array([output[code] * BILLION for code in world.products]) * shares
    rest = opening.industry_share * before_census - value_added.sum()
    if rest <= 0:
        excess = f"chains and energy exceed the value added of industry by {-rest:.0f} M yuan"
        raise OpeningError(f"{excess}: see opening.industry_share")
    for code, part in (("MACH", opening.mix_machinery), ("FOOD", opening.mix_food), ("OTHM", opening.mix_other)):
        value_added[world.product(code)] = part * rest
    value_added[world.product("AGRI")] = opening.primary_share * before_census
    value_added[world.product("CONS")] = opening.construction_share * before_census
    services = before_census * opening.census_revision - value_added.sum()
    if services <= 0:
        raise OpeningError(f"farming, industry and construction exceed GDP by {-services:.0f} M yuan")
    places = [world.product(code) for code in SERVICES]
    value_added[places] = services * national[places] / national[places].sum()
    return value_added


def county_value_added(
    city: Floats, gdp_share: Floats, population: Floats, opening: Opening, tilt: Floats | float = 1.0
) -> Floats:
    """(C, K) value added: city totals shared by drivers, then balanced to county GDP.

    Args:
        city: (K,) value added of the city.
        gdp_share: (C,) shares of city GDP.
        population: (C,) residents.
        opening: shares of the leaders' sites in cells.
        tilt: (C, K) factors on the drivers.
    """
    world = load_world()
    weights = county_weights(gdp_share, population, opening) * tilt
    value_added = np.asarray(weights / weights.sum(axis=0) * city)
    places = [world.product(code) for code in BALANCED]
    fixed = np.delete(value_added, places, axis=1).sum(axis=1)
    room = gdp_share * city.sum() - fixed
    if room.min() <= 0:
        county = world.counties[int(room.argmin())]
        raise OpeningError(f"{county}: chains, energy and farming exceed its GDP by {-room.min():.0f} M yuan")
    try:
        balanced = ras(value_added[:, places], room, city[places], labels=(world.counties, BALANCED))
    except BalancingError as fault:
        raise OpeningError(f"value added of counties and city do not agree: {fault}") from fault
    value_added[:, places] = balanced.matrix
    return value_added


def county_weights(gdp_share: Floats, population: Floats, opening: Opening) -> Floats:
    """(C, K) drivers that share each product's city total over counties, before balancing."""
    world = load_world()
    weights = np.tile(gdp_share[:, None], (1, world.product_count))
    for row in data.rows("location_weights.csv"):
        scores = np.array([float(row[county]) for county in world.counties])
        weights[:, world.product(row["product"])] *= scores if scores.any() else 1.0
    for product, shares in sites_of_leaders(opening).items():
        weights[:, product] = shares
    rural = np.array([float(row["rural_share"]) for row in data.rows("regions.csv")])
    group = np.array(GROUPS)[world.group]
    weights[:, world.product("AGRI")] = population * rural * np.where(group == "coast", FISHERY_FACTOR, 1.0)
    weights[:, world.product("BUSS")] *= np.where(group == "core", BUSINESS_CORE_FACTOR, 1.0)
    return weights


def above_scale_output(output: Floats, value_added: Floats, opening: Opening) -> Floats:
    """(C, K) output of above-scale firms.

    Energy counts as above scale. A cell of a chain that could not fill one firm of the smallest size is fringe. The
    rest of the fringe is in MACH, FOOD and OTHM, an equal part of each: outside energy, above-scale firms make
    ``opening.above_scale_share`` of the value added of industry (the small cells of chains left out).
    """
    world = load_world()
    above = np.where(world.agent, output, 0.0)
    small = world.chain_product & (output < opening.min_size)
    above[small] = 0.0
    fringe = (1.0 - opening.above_scale_share) * float(value_added[above > 0].sum())
    legacy = float(value_added[:, world.legacy].sum())
    if fringe >= legacy:
        raise OpeningError("opening.above_scale_share leaves no above-scale firm in MACH, FOOD and OTHM")
    above[:, world.legacy] *= 1.0 - fringe / legacy
    energy = industrial() & ~world.agent
    above[:, energy] = output[:, energy]
    return np.asarray(above)


def check_totals(totals: OpeningTotals) -> None:
    """The cross-checks of section 8.1.

    Raises:
        OpeningError: the chains' share of above-scale value added or above-scale output lies outside its band.
    """
    world = load_world()
    by_product = (totals.above_scale * totals.value_added_share).sum(axis=0)
    share = float(by_product[world.chain_product].sum() / by_product.sum())
    low, high = prefecture.band("chain_share_2013") or (0.0, 1.0)
    if not low <= share <= high:
        raise OpeningError(
            f"the four chains make {_beside(100.0 * share, 100.0 * low, 100.0 * high, 1)}% of above-scale value added"
            f" at opening, expected {low:.0%} to {high:.0%}: see opening.cells_output and opening.stainless_output"
        )
    output = float(totals.above_scale.sum())
    low, high = (BILLION * end for end in prefecture.band("above_scale_output_2013") or (0.0, np.inf))
    if not low <= output <= high:
        raise OpeningError(
            f"above-scale output at opening is {_beside(output / BILLION, low / BILLION, high / BILLION, 0)} bn yuan"
            " at 2018 prices, expected"
            f" {low / BILLION:.0f} to {high / BILLION:.0f}: see opening.industry_share and opening.above_scale_share"
        )


def _beside(value: float, low: float, high: float, digits: int) -> str:
    """A value outside its band with so many digits behind the point that it does not read like the end of the band."""
    while digits < 15 and low <= round(value, digits) <= high:
        digits += 1
    return f"{value:.{digits}f}"


def product_figures(column: str, **groups: object) -> Floats:
    """(K,) parameters that a column of products.csv names, 0 where it names none.

    Args:
        column: such as ``jobs_parameter``.
        groups: the parameter groups by table name, such as ``labour=scenario[Labour]``.
    """
    figures = []
    for row in data.rows("products.csv"):
        table, _, name = row[column].partition(".")
        figures.append(float(getattr(groups[table], name)) if name else 0.0)
    return np.array(figures)


def opening_jobs(totals: OpeningTotals, labour: LabourFigures) -> Floats:
    """(C, K) persons at work: output times jobs per 100 M yuan."""
    return totals.output * product_figures("jobs_parameter", labour=labour) / 100.0


def labour_force(totals: OpeningTotals, labour: LabourFigures) -> Floats:
    """(C,) persons who work or want to."""
    return totals.working_age * labour.participation


def check_jobs(totals: OpeningTotals, labour: LabourFigures) -> Floats:
    """Jobs per labour force of each official county, (9,) in model order; Dongqiao and Jiaocheng count together.

    Raises:
        OpeningError: a county has more jobs than :data:`JOBS_LIMIT` of its labour force.
    """
    world = load_world()
    jobs = np.bincount(world.official, opening_jobs(totals, labour).sum(axis=1), minlength=world.county_count)
    force = np.bincount(world.official, labour_force(totals, labour), minlength=world.county_count)
    present = force > 0
    ratio = jobs[present] / force[present]
    if ratio.max() > JOBS_LIMIT:
        names = np.array(world.counties)[present]
        raise OpeningError(
            f"{names[int(ratio.argmax())]} has jobs for {ratio.max():.3f} of its labour force, more than {JOBS_LIMIT}:"
            " see labour.participation and opening.working_age_share"
        )
    return np.asarray(ratio)
