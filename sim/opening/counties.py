"""What regions.csv and opening_plants.csv tell of the counties at the opening (model description, section 8.2).

A cell holds a number, or the name of a parameter of the opening that a scenario may change and a calibration may free.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim import data
from sim.opening.national import OpeningError
from sim.settings import Opening
from sim.world import GROUPS, load_world

Floats = NDArray[np.float64]

CENSUS_YEARS = (2010, 2020)
OPENING_YEAR = 2013
"""Censuses are of November 2010 and 2020, the opening is 0.3 of the way between them."""

WHOLE = 1e-9
"""Distance from 1 within which shares make a whole (rounding)."""


def county_population(opening: Opening) -> Floats:
    """(C,) residents at opening: censuses joined by a straight line, or the figure of the region; zones are carved out.

    The residents of a zone are counted in the county of official statistics to which it belongs.
    """
    world = load_world()
    way = (OPENING_YEAR - CENSUS_YEARS[0]) / (CENSUS_YEARS[1] - CENSUS_YEARS[0])
    population = world.population_2010 + way * (world.population_2020 - world.population_2010)
    known = region_figures("population_2013", opening)
    population[list(known)] = list(known.values())
    for zone in zones():
        population[world.official[zone]] -= known[zone]
        if population[world.official[zone]] <= 0:
            names = world.county_names[zone], world.county_names[int(world.official[zone])]
            raise OpeningError(
                f"the residents of {names[0]} exceed those of {names[1]}, where they are counted: see "
                f"{data.rows('regions.csv')[zone]['population_2013']}"
            )
    return population


def county_gdp_shares(opening: Opening, population: Floats) -> Floats:
    """(C,) shares of city GDP: some are known, the others follow residents times relative GDP per head.

    A zone has its share of the county to which it belongs in official statistics.

    Args:
        opening: known shares and relative GDP per head.
        population: (C,) residents.
    """
    world = load_world()
    official = np.bincount(world.official, population, minlength=len(population))
    by_group = {"core": opening.per_head_core, "coast": 1.0, "mountain": opening.per_head_mountain}
    weights = official * np.array([by_group[GROUPS[group]] for group in world.group])
    for county, factor in region_figures("per_head_2013", opening).items():
        weights[county] *= factor
    given = region_figures("gdp_share_2013", opening)
    known = {county: share for county, share in given.items() if county not in zones()}
    weights[list(known)] = 0.0
    rest, others = 1.0 - sum(known.values()), weights.any()
    if rest <= 0 if others else abs(rest) > WHOLE:
        raise OpeningError(
            f"{data.place('regions.csv')}: gdp_share_2013: shares of {1.0 - rest:.6g} are known, which "
            + ("leaves nothing to the other counties" if others else "has to be 1, for there is no other county")
        )
    shares = np.asarray(weights / weights.sum() * rest) if others else weights
    shares[list(known)] = list(known.values())
    for zone in zones():
        part = given[zone] * shares[world.official[zone]]
        shares[zone] = part
        shares[world.official[zone]] -= part
    return shares


def zones() -> tuple[int, ...]:
    """Regions that official statistics count in another one (Dongqiao in Jiaocheng)."""
    official = load_world().official
    return tuple(at for at in range(len(official)) if official[at] != at)


def region_figures(column: str, opening: Opening) -> dict[int, float]:
    """Figures of a column of regions.csv by region, where there is one: numbers, or parameters of the opening.

    Raises:
        OpeningError: a cell names no parameter of the opening.
    """
    cells = [row[column] for row in data.rows("regions.csv")]
    return {at: opening_figure(cell, opening, "regions.csv", at + 2, column) for at, cell in enumerate(cells) if cell}


def opening_figure(cell: str, opening: Opening, file: str, line: int, column: str) -> float:
    """A number, or the parameter of the opening that a cell names, such as opening.dongqiao_share.

    Raises:
        OpeningError: there is no such parameter; with file and line.
    """
    group, _, name = cell.partition(".")
    if group == opening.table and name in type(opening).model_fields:
        return float(getattr(opening, name))
    try:
        return float(cell)
    except ValueError:
        where = f"{data.place(file)}:{line}: {column}"
        raise OpeningError(f"{where}: {cell!r} is neither a number nor a parameter of the opening") from None


def sites_of_leaders(opening: Opening) -> dict[int, Floats]:
    """(C,) shares of counties in products that plants of leaders make alone at the opening, by product (cells)."""
    world, found = load_world(), dict[int, Floats]()
    for line, row in enumerate(data.rows("opening_plants.csv"), start=2):
        shares = found.setdefault(world.product(row["product"]), np.zeros(world.county_count))
        share = opening_figure(row["share_parameter"], opening, "opening_plants.csv", line, "share_parameter")
        shares[world.park_county[world.parks.index(row["park"])]] += share
    return {product: shares for product, shares in found.items() if abs(shares.sum() - 1.0) <= WHOLE}
