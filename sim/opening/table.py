"""The opening table: ten home counties, the rest of Fujian and the rest of China (model description, section 7).

All regions together are the national table of 2018 times ``io.base_scale``, national activity of 2013 at 2018 prices.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from sim.inputoutput.balancing import BalancingError
from sim.inputoutput.identities import EXACT, check_columns, check_income, check_parts, check_rows
from sim.inputoutput.multiregional import Regionalisation, regionalise
from sim.inputoutput.regional_rules import Rules
from sim.inputoutput.tables import Table, nation
from sim.opening.national import NATION, OpeningError, home_technology, national_products
from sim.opening.totals import OpeningTotals, industrial, opening_totals
from sim.settings import InputOutput, Opening
from sim.world import load_world

OUTSIDE_REGIONS = ("RF", "RC")
"""Rest of Fujian and rest of China, after the counties."""


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
    check_table(built, base)
    return built


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
