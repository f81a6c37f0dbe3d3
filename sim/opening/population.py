"""The synthetic population of firms in December 2013 (model description, section 8.5).

Blocks and fringe rows first, then the plants of the leaders, then drawn firms: sizes are Pareto with a cap, scaled so
that they sum to the cell; intensities carry lognormal noise and are rescaled to cell totals. Everything here is
synthetic and drawn from the seed of the run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim import data
from sim.draws import Streams
from sim.opening.counties import opening_figure
from sim.opening.totals import OpeningTotals
from sim.scenario import Scenario
from sim.settings import Opening
from sim.state import YEAR, Firms, Technology
from sim.sums import sum_by
from sim.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OLDEST = 15
"""Greatest age of a firm at opening, years; model description, section 8.5."""

LEADER_AGE = 36
"""Age of leaders' plants at opening, months: long enough to be run in; assumption."""

BISECTIONS = 80
"""Halvings of the scale of firm sizes: enough for the last bit."""


@dataclass(frozen=True)
class Drawn:
    """Firms of the opening: one entry a firm.

    Attributes:
        cell: flat county x agent-product cell.
        size: annual output, M yuan.
        leader: leader index, -1 for others.
        park: named park of a leader's plant, -1 where the park is still to be chosen.
    """

    cell: Ints
    size: Floats
    leader: Ints
    park: Ints


def leader_plants(world: World, scenario: Scenario, names: tuple[str, ...], city: Floats) -> Drawn:
    """Plants of the leaders at opening: shares of the city's output of their product.

    Args:
        world: parks and products.
        scenario: opening shares.
        names: leader codes in model order.
        city: (K,) above-scale output of the city by product, M yuan a year.
    """
    cells, sizes, leaders, parks = [], [], [], []
    opening = scenario[Opening]
    for line, row in enumerate(data.rows("opening_plants.csv"), start=2):
        product, park = world.product(row["product"]), world.parks.index(row["park"])
        share = opening_figure(row["share_parameter"], opening, "opening_plants.csv", line, "share_parameter")
        cells.append(int(world.park_county[park]) * world.agent_count + product)
        sizes.append(share * float(city[product]))
        leaders.append(names.index(row["leader"]))
        parks.append(park)
    return Drawn(np.array(cells), np.array(sizes), np.array(leaders), np.array(parks))


def firm_counts(cell_output: Floats, mean_size: float, least: float) -> Ints:
    """Firms of each cell: output over the mean size, at least one, at most output / threshold; none below it.

    Args:
        cell_output: (cells,) above-scale output left after leaders, M yuan a year.
        mean_size: mean output of a firm, M yuan a year.
        least: official threshold, M yuan a year.
    """
    wanted = np.maximum(1, np.round(cell_output / mean_size))
    return np.where(cell_output >= least, np.minimum(wanted, np.floor(cell_output / least)), 0).astype(np.int64)


def firm_sizes(uniform: Floats, cell: Ints, totals: Floats, opening: Opening) -> Floats:
    """Sizes min(y_min + b (u^(-1/zeta) - 1), cap) that sum to their cell, b found by bisection in every cell at once.

    Args:
        uniform: one uniform a firm.
        cell: index of its cell.
        totals: (cells,) output of each cell, M yuan a year.
        opening: threshold, exponent and largest size.
    """
    count = np.bincount(cell, minlength=len(totals))
    mean = np.divide(totals, count, out=np.zeros_like(totals), where=count > 0)
    cap = np.maximum(opening.max_size, 2.0 * mean)[cell]
    tail = np.maximum(uniform, np.finfo(float).tiny) ** (-1.0 / opening.pareto_exponent) - 1.0
    low, high = np.zeros_like(totals), np.maximum(totals, 1.0) * 1e6
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        total = sum_by(cell, np.minimum(opening.min_size + middle[cell] * tail, cap), len(totals))
        low, high = np.where(total < totals, middle, low), np.where(total < totals, high, middle)
    sizes = np.minimum(opening.min_size + high[cell] * tail, cap)
    found = sum_by(cell, sizes, len(totals))
    return np.asarray(sizes * np.divide(totals, found, out=np.ones_like(totals), where=found > 0)[cell])


def draw_firms(totals: OpeningTotals, plants: Drawn, world: World, opening: Opening, streams: Streams) -> Drawn:
    """Leaders' plants and drawn firms of all above-scale cells.

    Args:
        totals: above-scale output by county and product.
        plants: leaders' plants.
        world: products.
        opening: number of firms, sizes.
        streams: named streams of the run.
    """
    cells = totals.above_scale[:, : world.agent_count].ravel()
    taken = sum_by(plants.cell, plants.size, len(cells))
    left = np.maximum(cells - taken, 0.0)
    mean = left.sum() / (opening.firms_above_scale - len(plants.cell))
    count = firm_counts(left, float(mean), opening.min_size)
    cell = np.repeat(np.arange(len(cells)), count)
    uniform = streams.draw("opening.size", 0).random(len(cell))
    size = firm_sizes(uniform, cell, np.where(count > 0, left, 0.0), opening)
    none = np.full(len(cell), -1, dtype=np.int64)
    return Drawn(
        np.concatenate([plants.cell, cell]),
        np.concatenate([plants.size, size]),
        np.concatenate([plants.leader, none]),
        np.concatenate([plants.park, none]),
    )


def choose_parks(drawn: Drawn, land: Floats, world: World, fill: float) -> tuple[Ints, Floats]:
    """Park of every firm and occupied land of every park at opening.

    Larger firms first; products that need a port only into port parks; leaders where they stand; every other firm
    into the park of its county with the largest share of developed land still free. Parks fill to a limit, the rest
    stands on the county's town plots.

    Args:
        drawn: firms.
        land: mu of each firm.
        world: parks.
        fill: greatest occupied share of developed land.

    Returns:
        Park of each firm, and (P,) occupied mu.
    """
    named = len(world.parks) - world.county_count
    limit, occupied = fill * world.park_developed, np.zeros(len(world.parks))
    county, product = np.divmod(drawn.cell, world.agent_count)
    park = drawn.park.copy()
    own = [np.flatnonzero(world.park_county[:named] == index) for index in range(world.county_count)]
    np.add.at(occupied, park[park >= 0], land[park >= 0])
    # One firm after the other, each on few parks: plain numbers are faster here than arrays.
    options = {
        (at, port): (of[world.park_port[of]] if port else of).tolist()
        for at, of in enumerate(own)
        for port in (False, True)
    }
    town = world.town_plots(np.arange(world.county_count)).tolist()
    taken, most, size = occupied.tolist(), limit.tolist(), np.maximum(world.park_developed, 1.0).tolist()
    order = np.argsort(-drawn.size, kind="stable")
    order = order[park[order] < 0]
    for firm, at, port, need in zip(
        order, county[order].tolist(), world.port[product[order]].tolist(), land[order].tolist(), strict=True
    ):
        room = [option for option in options[at, port] if taken[option] + need <= most[option]]
        chosen = max(room, key=lambda option: 1.0 - taken[option] / size[option], default=town[at])
        park[firm] = chosen
        taken[chosen] += need
    return park, np.array(taken)


def noisy(total_weight: Floats, cell: Ints, normal: Floats, spread: float, cells: int) -> Floats:
    """Lognormal factors of firms whose output-weighted mean in every cell is 1.

    Args:
        total_weight: output of each firm.
        cell: cell of each firm.
        normal: standard normal of each firm.
        spread: sd of the log.
        cells: number of cells.
    """
    factor = np.exp(spread * normal)
    weight = sum_by(cell, total_weight, cells)
    mean = sum_by(cell, total_weight * factor, cells)
    return np.asarray(factor * (weight / np.where(mean > 0, mean, 1.0))[cell])


def opening_firms(
    totals: OpeningTotals,
    scenario: Scenario,
    world: World,
    technology: Technology,
    streams: Streams,
    names: tuple[str, ...],
) -> tuple[Firms, Floats]:
    """The firm table of the opening and (P,) occupied land.

    Args:
        totals: output by county and product.
        scenario: opening and project parameters.
        world: counties, products, parks.
        technology: intensities.
        streams: named streams of the run.
        names: leader codes.
    """
    firms = Firms()
    _append_blocks(firms, totals, world, technology)
    above, fringe = _fringe(totals, world, scenario[Opening].min_size)
    _append_fringe(firms, fringe, world, technology, scenario[Opening].utilisation)
    city = above.sum(axis=0)
    opening = scenario[Opening]
    plants = leader_plants(world, scenario, names, np.pad(city, (0, world.product_count - world.agent_count)))
    shifted = _with_leaders(totals, above, world)
    drawn = draw_firms(shifted, plants, world, opening, streams)
    occupied = _append_drawn(firms, drawn, scenario, world, technology, streams)
    return firms, occupied


def _with_leaders(totals: OpeningTotals, above: Floats, world: World) -> OpeningTotals:
    """The totals with cells below the threshold moved to the fringe."""
    padded = totals.above_scale.copy()
    padded[:, : world.agent_count] = above
    values = dict(vars(totals))
    values["above_scale"] = padded
    return OpeningTotals(**values)


def _fringe(totals: OpeningTotals, world: World, least: float) -> tuple[Floats, Floats]:
    """(C, A) above-scale output, and fringe output with the cells below the threshold."""
    agents = world.agent_count
    above, fringe = totals.above_scale[:, :agents].copy(), totals.fringe[:, :agents].copy()
    small = above < least
    fringe[small] += above[small]
    above[small] = 0.0
    return above, fringe


def _append_blocks(firms: Firms, totals: OpeningTotals, world: World, technology: Technology) -> None:
    """One row a county and block product, in the order of the table."""
    county, product = (
        index.ravel()
        for index in np.meshgrid(np.arange(world.county_count), np.flatnonzero(~world.agent), indexing="ij")
    )
    firms.append(
        len(county),
        county=county,
        product=product,
        node=county * world.product_count + product,
        block=True,
        opening=True,
        birth=-LEADER_AGE,
        capital_intensity=1.0,
        jobs_intensity=technology.jobs[product],
        energy_intensity=technology.energy[product],
        output=totals.output[county, product] / YEAR,
    )


def _append_fringe(firms: Firms, fringe: Floats, world: World, technology: Technology, utilisation: float) -> None:
    """One row a county and agent product that has small firms."""
    county, product = (index.ravel() for index in np.indices(fringe.shape))
    output = fringe.ravel()
    some = output > 0
    county, product, output = county[some], product[some], output[some]
    age = np.full(len(county), OLDEST * YEAR)
    firms.append(
        len(county),
        county=county,
        product=product,
        node=county * world.product_count + product,
        fringe=True,
        opening=True,
        birth=-age,
        capital_intensity=technology.capital[product],
        capital=_capital(output, technology.capital[product], np.ones(len(county)), utilisation),
        jobs_intensity=technology.jobs[product],
        energy_intensity=technology.energy[product],
        output=output / YEAR,
    )


def _capital(output: Floats, intensity: Floats, productivity: Floats, utilisation: float) -> Floats:
    """K such that capacity is output over utilisation; plants of the opening are run in."""
    return np.asarray(intensity * output / (utilisation * productivity))


def _append_drawn(
    firms: Firms, drawn: Drawn, scenario: Scenario, world: World, technology: Technology, streams: Streams
) -> Floats:
    """Rows of leaders' plants and drawn firms; returns (P,) occupied land."""
    county, product = np.divmod(drawn.cell, world.agent_count)
    size, cells, opening = len(drawn.size), world.county_count * world.agent_count, scenario[Opening]
    normal = streams.draw("opening.intensity", 0).standard_normal((size, 3))
    land, jobs, energy = (
        noisy(drawn.size, drawn.cell, normal[:, column], opening.noise_intensity, cells) for column in range(3)
    )
    leading = drawn.leader >= 0
    luck = streams.draw("opening.firm", 0).random((size, 2))
    spread = streams.draw("opening.productivity", 0).standard_normal(size)
    productivity = np.where(leading, 1.0, np.exp(opening.productivity_spread * spread))
    age = np.where(leading, LEADER_AGE, YEAR + np.ceil(luck[:, 0] * (OLDEST - 1) * YEAR)).astype(np.int64)
    mu = technology.land[product] * drawn.size * land
    park, occupied = choose_parks(drawn, mu, world, opening.park_fill)
    capital = _capital(drawn.size, technology.capital[product], productivity, opening.utilisation)
    firms.append(
        size,
        county=county,
        park=park,
        product=product,
        node=county * world.product_count + product,
        leader=drawn.leader,
        slot=np.arange(size),
        birth=-age,
        opening=True,
        capital=capital,
        capital_intensity=technology.capital[product],
        productivity=productivity,
        quality=np.where(leading, opening.leader_quality, 0.3 + 0.4 * luck[:, 1]),
        jobs_intensity=technology.jobs[product] * jobs,
        energy_intensity=technology.energy[product] * energy,
        land=mu,
        plot=capital,
        output=drawn.size / YEAR,
    )
    return occupied
