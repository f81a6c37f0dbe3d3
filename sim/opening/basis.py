"""What an opening is built on: our estimate, or a table of the user in its place.

A better table, say from a survey of the counties or from published tables of cities, replaces the estimated one whole:
its outputs and value added become those of the counties, its coefficients the technology of the opening, its trade the
links of the opening firms. What no table holds (population, firm sizes, land) stays as in the scenario.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from sim.data import prefecture
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.identities import check_table as check_identities
from sim.inputoutput.multiregional import Regionalisation
from sim.inputoutput.tables import USES, Table, aggregate, arrays, placed
from sim.mechanisms.demand import Demand
from sim.opening.counties import county_population
from sim.opening.national import OpeningError, home_technology
from sim.opening.table import OUTSIDE_REGIONS, check_table, inside_shares, opening_nation, opening_table
from sim.opening.totals import (
    OpeningTotals,
    above_scale_output,
    check_totals,
    home_value_added_shares,
    industrial,
    opening_totals,
)
from sim.scenario import Scenario
from sim.settings import InputOutput, Opening
from sim.world import load_world

SYNTHETIC = "synthetic"
"""Origin of an opening that rests on the estimated table."""

OUTSIDE_NAMES = (f"Rest of {prefecture.province()}", "Rest of China")
"""Names of the two outside regions."""

ROUNDED = 1e-6
"""Largest relative residual of a table from outside (printed figures are rounded)."""


@dataclass(frozen=True, eq=False)
class Basis:
    """Totals and table of an opening.

    Attributes:
        totals: output, value added and people by county and product.
        built: the table of twelve regions and what goes with it.
        origin: "synthetic", or the digest of the table that was given.
        residual: largest relative residual of the identities of the table.
    """

    totals: OpeningTotals
    built: Regionalisation
    origin: str
    residual: float


def estimated_basis(scenario: Scenario) -> Basis:
    """The opening as the project estimates it.

    Raises:
        OpeningError: parameters contradict each other.
    """
    opening, io = scenario[Opening], scenario[InputOutput]
    built = opening_table(opening, io, scenario[Demand].nev_share_local)
    return Basis(opening_totals(opening, io), built, SYNTHETIC, check_table(built, opening_nation(io)))


def given_basis(scenario: Scenario, table: Table) -> Basis:
    """The opening on a table of the user.

    Args:
        scenario: everything that no table holds.
        table: the ten counties, the rest of Fujian and the rest of China (codes or names), the products of the model by
            code, final users household, government, investment and exports of each region, imports by product; M yuan a
            year at producers' prices of 2018, activity of December 2013. An industry that is left out has no output.

    Raises:
        OpeningError: regions, products or users are not those of the model, or the cross-checks of section 8.1 fail.
        IdentityError, NotProductiveError: the table does not balance, an industry adds no value, or the whole is not
            productive.
    """
    world = load_world()
    names = dict(zip((*world.county_names, *OUTSIDE_NAMES), (*world.counties, *OUTSIDE_REGIONS), strict=True))
    known = {name: code for name, code in names.items() if name in table.regions}
    regions = (*world.counties, *OUTSIDE_REGIONS)
    try:
        whole = placed(
            aggregate(table, regions=known),
            tuple((region, product) for region in regions for product in world.products),
            tuple((region, use) for region in regions for use in USES),
            world.products,
        )
    except ArgumentError as fault:
        raise OpeningError(
            f"{fault}: regions are {', '.join(regions)} (or their names), products those of the model, uses"
            f" {', '.join(USES)}"
        ) from None
    residual = max(check_identities(whole, ROUNDED).values())
    return Basis(_totals(scenario, whole), _built(scenario, whole), f"table {_digest(whole)}", residual)


def _totals(scenario: Scenario, table: Table) -> OpeningTotals:
    """Output and value added of the table; people and the part below the size threshold as in the scenario."""
    opening, io = scenario[Opening], scenario[InputOutput]
    home = len(load_world().counties)
    output = table.by_region(table.output)[:home].copy()
    value_added = table.by_region(table.total_value_added)[:home].copy()
    made = output.sum(axis=0)
    shares = np.divide(value_added.sum(axis=0), made, out=home_value_added_shares(io), where=made > 0)
    above = above_scale_output(output, value_added, opening)
    population = county_population(opening)
    totals = OpeningTotals(
        output=output,
        above_scale=above,
        fringe=np.where(industrial(), output - above, 0.0),
        value_added=value_added,
        value_added_share=shares,
        gdp=value_added.sum(axis=1),
        population=population,
        working_age=population * opening.working_age_share,
    )
    check_totals(totals)
    return totals


def _built(scenario: Scenario, table: Table) -> Regionalisation:
    """The record of a table that was not built here: own shares are read from its trade."""
    technology = home_technology(scenario[InputOutput], scenario[Demand].nev_share_local)
    province, city = inside_shares(table)
    return Regionalisation(table, technology, np.ones(len(table.products)), province, city, ())


def _digest(table: Table) -> str:
    """SHA-256 over labels and cells, hexadecimal, its first 16 digits."""
    digest = hashlib.sha256(repr((table.producers, table.users, table.imported)).encode())
    for array in arrays(table).values():
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
