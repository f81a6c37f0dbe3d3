"""The opening table: ten home counties, the rest of Fujian and the rest of China (model description, section 7).

All regions together are the national table of 2018 times ``io.base_scale``, national activity of 2013 at 2018 prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim.inputoutput.balancing import BalancingError
from sim.inputoutput.identities import EXACT, check_columns, check_income, check_parts, check_rows
from sim.inputoutput.multiregional import Regionalisation, regionalise
from sim.inputoutput.regional_rules import Rules
from sim.inputoutput.shares import share
from sim.inputoutput.tables import Table, nation
from sim.opening.national import NATION, OpeningError, home_technology, national_products
from sim.opening.totals import OpeningTotals, industrial, opening_totals
from sim.settings import InputOutput, Opening
from sim.world import load_world

Floats = NDArray[np.float64]

OUTSIDE_REGIONS = ("RF", "RC")
"""Rest of Fujian and rest of China, after the counties."""


ORE_CARRIER = "OTHM"
"""Product that holds ores and raw metals (model description, section 6.1)."""


@lru_cache(maxsize=64)
def opening_table(opening: Opening, io: InputOutput, nev_share: float = 1.0) -> Regionalisation:
    """The table of twelve regions in December 2013, M yuan a year at 2018 prices, with its identities checked.

    Args:
        opening: totals of the city.
        io: table parameters.
        nev_share: share of electric vehicles in home vehicles (demand.nev_share_local); it scales their input of cells.

    Raises:
        OpeningError: the totals contradict each other, or supply and use of a region cannot be brought together.
        IdentityError: rows, columns or the sum of the regions miss by more than 1e-12 of a cell.
    """
    totals = opening_totals(opening, io)
    return build_table(io, totals, trade_rules(opening, io, totals), nev_share)


def build_table(io: InputOutput, totals: OpeningTotals, rules: Rules, nev_share: float) -> Regionalisation:
    """The table of twelve regions from given totals and rules; arguments and errors as for :func:`opening_table`."""
    base = opening_nation(io)
    regions = (*load_world().counties, *OUTSIDE_REGIONS)
    try:
        built = regionalise(base, regions, totals.output, home_technology(io, nev_share), rules)
    except BalancingError as fault:
        raise OpeningError(f"table of regions with the groups opening and io: {fault}") from fault
    table = ores_from_outside(built.table, io.ores)
    province, city = inside_shares(table)
    built = replace(built, table=table, own_share_province=province, own_share_city=city)
    check_table(built, base)
    return built


def inside_shares(table: Table) -> tuple[Floats, Floats]:
    """(K,) shares of domestic use that the province and the city meet themselves, read from the trade of a table."""
    trade, use = table.trade, table.domestic_use
    province, city = (
        share(trade[:, :count, :count].sum(axis=(1, 2)), use[:, :count].sum(axis=1))
        for count in (-1, -len(OUTSIDE_REGIONS))
    )
    return province, city


def ores_from_outside(table: Table, ores: Mapping[str, float]) -> Table:
    """The table with the ores of home industries bought from the rest of China instead of home other industry.

    A region's own share of other industry is one figure for all its buyers, though Ningde has no mines. What the home
    producers lose they sell to buyers in the rest of China, whose suppliers give way to them in proportion; every row,
    every column and every national cell stays as it is.

    Args:
        table: twelve regions.
        ores: share of ores in the purchases of other industry, by product of the buyer.
    """
    world, products = load_world(), len(table.products)
    home = world.county_count * products
    carrier = table.products.index(ORE_CARRIER)
    rows, far = np.arange(carrier, home, products), len(table.producers) - products + carrier
    ore = np.tile([ores.get(code, 0.0) for code in table.products], world.county_count)
    inputs, final = table.intermediate.copy(), table.final.copy()
    moved = inputs[rows, :home] * ore
    inputs[rows, :home] -= moved
    inputs[far, :home] += moved.sum(axis=0)
    buyers = slice(len(table.producers) - products, None)
    last = table.regions[-1]
    users = np.array([at for at, (region, use) in enumerate(table.users) if region == last and use != "exports"])
    sold = np.concatenate([inputs[far, buyers], final[far, users]])
    part = np.maximum(sold, 0.0) / np.maximum(sold, 0.0).sum()
    given = np.outer(moved.sum(axis=1), part)
    inputs[rows, buyers] += given[:, :products]
    final[np.ix_(rows, users)] += given[:, products:]
    inputs[far, buyers] -= given[:, :products].sum(axis=0)
    final[far, users] -= given[:, products:].sum(axis=0)
    return replace(table, intermediate=inputs, final=final)


def opening_nation(io: InputOutput) -> Table:
    """The nation of the opening: the table of 2018 scaled to the activity of 2013."""
    return national_products(io).scaled(io.base_scale)


def trade_rules(opening: Opening, io: InputOutput, totals: OpeningTotals) -> Rules:
    """What the regional table needs to know beside the nation and the home totals."""
    world = load_world()
    city = totals.population.sum()
    outside = [opening.population_fujian - city, opening.population_china - opening.population_fujian]
    construction = np.array([code == "CONS" for code in world.products])
    return Rules(
        province_share=opening.rest_fujian_share_gdp,
        delta=io.flq_delta,
        traded=world.traded,
        nontraded_share=io.nontraded_share,
        minutes=world.minutes,
        decay=io.gravity_decay,
        km_province=io.km_rest_fujian,
        km_nation=io.km_rest_china,
        decay_far=io.gravity_decay_far,
        investing=industrial() | construction,
        population=np.concatenate([totals.population, outside]),
    )


def check_table(built: Regionalisation, base: Table) -> float:
    """I1, I2, I3 and I16 of the opening table; the largest relative residual.

    Raises:
        IdentityError: an identity misses by more than 1e-12 of a cell.
    """
    table = built.table
    return max(
        check_rows(table, EXACT),
        check_columns(table, EXACT),
        check_income(table, EXACT),
        check_parts(base, nation(table, NATION), EXACT),
    )
