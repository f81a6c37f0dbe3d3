"""Engineering of the products and the frozen parts of the opening table (model description, sections 3.1 and 9.12)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sim.inputoutput.multiregional import Regionalisation
from sim.inputoutput.shares import share
from sim.inputoutput.tables import EXPORTS, Table
from sim.mechanisms.energy import Energy
from sim.mechanisms.fiscal import Fiscal
from sim.mechanisms.labour import Labour
from sim.mechanisms.land import Land
from sim.mechanisms.prices import Prices
from sim.opening.table import ORE_CARRIER
from sim.opening.totals import product_figures
from sim.scenario import Scenario
from sim.settings import InputOutput, Projects
from sim.state import YEAR, Technology
from sim.world import World

Floats = NDArray[np.float64]

PER_HUNDRED = 100.0
"""Jobs are declared per 100 M yuan of output."""

PER_BILLION = 1000.0
"""Land is declared in mu per bn yuan of output."""


def county_wages(world: World, labour: Labour) -> Floats:
    """(C,) wage at opening, yuan a year at 2018 prices."""
    return labour.wage_level * np.array([1.0, labour.wage_coast, labour.wage_mountain])[world.group]


def land_intensity(world: World, land: Land, prices: Prices) -> Floats:
    """(K,) mu per M yuan of annual output; cells are declared per GWh."""
    figures = product_figures("land_parameter", land=land)
    cells = np.array(world.products) == "B_CELL"
    return np.where(cells, figures / prices.unit_value["power_cell"], figures / PER_BILLION)


def markups(value_added: Floats, wages: Floats, tax: Floats, depreciation: Floats, normal: float) -> Floats:
    """(K,) normal markup on unit cost; smaller where value added leaves less after wages, taxes and depreciation.

    Args:
        value_added: (K,) value added per unit of output.
        wages: (K,) per unit of output.
        tax: (K,) all taxes per unit of output.
        depreciation: (K,) per unit of output.
        normal: mbar, markup of section 9.2.
    """
    left = np.clip(value_added - wages - tax - depreciation, 0.0, 0.9)
    return np.minimum(normal, left / (1.0 - left))


def home_shares(table: Table, counties: int, products: int) -> Floats:
    """(K, C, C) share of all use of product k in county s that comes from home county r, imports included."""
    used = table.imports.reshape(products, -1, products).sum(axis=2)[:, :counties]
    used = used + table.final_imports_by_region[:, :counties, :EXPORTS].sum(axis=2)
    total = table.domestic_use[:, :counties] + used
    trade = table.trade[:, :counties, :counties]
    return share(trade, total[:, None, :])


def ore_parts(world: World, ores: Mapping[str, float]) -> Floats:
    """(K, K) share of input i of industry j that no home producer supplies: ores inside other industry."""
    parts = np.zeros((world.product_count, world.product_count))
    for code, part in ores.items():
        parts[world.product(ORE_CARRIER), world.product(code)] = part
    return parts


def pool_coefficients(table: Table, inputs: Floats, linked: NDArray[np.bool_], shares: Floats, ores: Floats) -> Floats:
    """(N, N) home flow per unit of buyer output without the node pairs of explicit links.

    For an industry absent at opening: trade share of the county times its input coefficient, less ores.

    Args:
        table: opening table.
        inputs: (K, N) total input coefficients.
        linked: (K, K) pairs that run over links.
        shares: (K, C, C) home shares.
        ores: (K, K) share of an input that no home producer supplies.
    """
    products, counties = linked.shape[0], shares.shape[1]
    size = products * counties
    flows, output = table.intermediate[:size, :size], table.output[:size]
    pool = share(flows, output[None, :])
    from_home = inputs.reshape(products, counties, products) * (1.0 - ores)[:, None, :]
    by_share = shares[:, :, :, None] * from_home[:, None, :, :]
    absent = by_share.transpose(1, 0, 2, 3).reshape(size, size)
    pool = np.where(output[None, :] > 0, pool, absent)
    pool[np.tile(linked, (counties, counties))] = 0.0
    return pool


def input_coefficients(table: Table, home: Floats, counties: int) -> Floats:
    """(K, N) total input coefficients of the opening table, home technology where the industry is absent."""
    products = home.shape[0]
    size = products * counties
    flows = table.intermediate[:, :size].reshape(-1, products, size).sum(axis=0) + table.imports[:, :size]
    output = table.output[:size]
    given = share(flows, output[None, :])
    return np.where(output[None, :] > 0, given, np.tile(home, (1, counties)))


def imported_shares(table: Table, products: int) -> Floats:
    """(K, K) share of input i of industry j that comes from abroad, 0 where nothing is bought.

    Of all regions of the table together: industries that come later have no column of their own at home.
    """
    regions = table.intermediate.shape[0] // products
    bought = table.intermediate.reshape(regions, products, regions, products).sum(axis=(0, 2))
    abroad = table.imports.reshape(products, regions, products).sum(axis=1)
    return share(abroad, bought + abroad)


def base_demand(table: Table, counties: int, products: int) -> Floats:
    """(N, 4) final demand of home users and demand from outside (other regions and exports), M yuan a month."""
    size = counties * products
    final = table.final_by_region[:size, :, :EXPORTS]
    home = final[:, :counties].sum(axis=1)
    outside = final[:, counties:].sum(axis=(1, 2)) + table.intermediate[:size, size:].sum(axis=1)
    return np.asarray(np.column_stack([home, outside + table.exports[:size]]) / YEAR)


def household_shares(table: Table, counties: int, products: int) -> Floats:
    """(K, C) share of each product in what the households of a county buy, from home, elsewhere and abroad."""
    bought = table.final_by_region[:, :counties, 0].reshape(-1, products, counties).sum(axis=0)
    bought = np.maximum(bought + table.final_imports_by_region[:, :counties, 0], 0.0)
    return np.asarray(bought / bought.sum(axis=0))


def technology(scenario: Scenario, world: World, built: Regionalisation) -> Technology:
    """All fixed engineering of a run.

    Args:
        scenario: parameters of projects, labour, land, energy, taxes and prices.
        world: counties and products.
        built: the opening table with the technology of home plants.
    """
    table, counties, products = built.table, world.county_count, world.product_count
    inputs = input_coefficients(table, built.home_coefficients, counties)
    chain = world.chain_product
    linked = chain[:, None] & chain[None, :]
    shares = home_shares(table, counties, products)
    capital = product_figures("capital_parameter", projects=scenario[Projects])
    jobs = product_figures("jobs_parameter", labour=scenario[Labour]) / PER_HUNDRED
    tax = product_figures("tax_parameter", fiscal=scenario[Fiscal])
    wages = jobs * float(county_wages(world, scenario[Labour]).mean()) / 1e6
    used = inputs[:, :products].sum(axis=0)
    prices = scenario[Prices]
    depreciation = capital * scenario[Projects].depreciation
    markup = markups(1.0 - used, wages, tax, depreciation, prices.margin_normal)
    home = slice(counties * products)

    def by_product(values: Floats) -> Floats:
        return np.asarray(values[home].reshape(-1, products).sum(axis=0))

    national = np.where(world.agent, table.output.reshape(-1, products).sum(axis=0), 0.0)
    return Technology(
        inputs=inputs,
        pool=pool_coefficients(table, inputs, linked, shares, ore_parts(world, scenario[InputOutput].ores)),
        linked=linked & (inputs[:, :products] > 0),
        home_share=shares,
        household_shares=household_shares(table, counties, products),
        base_demand=base_demand(table, counties, products),
        value_added_share=1.0 - used,
        capital=capital,
        project_size=product_figures("size_parameter", projects=scenario[Projects]),
        land=land_intensity(world, scenario[Land], prices),
        jobs=jobs,
        energy=product_figures("energy_parameter", energy=scenario[Energy]),
        tax=tax,
        markup=markup,
        conversion=1.0 / (1.0 + markup) - used,
        steady_cost=wages + tax + depreciation,
        national_share=national / national.sum(),
        imported=imported_shares(table, products),
        export_share=share(by_product(table.exports), by_product(table.output)),
    )
