"""A nation's table in regions that add up to it exactly (Chenery 1953, Moses 1955).

Regions stand in three nested levels: home counties inside their city, the city inside its province, the province inside
the nation. Own use is judged by location quotients level by level, trade by a gravity model that respects the flows of
the level above, and every buyer of a region draws on its suppliers in the same proportions. Whatever the home regions
and the rest of the province do differently from the nation, the rest of the nation carries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks
from sim.inputoutput.balancing import BalancingError, ras
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.regional_rules import OUTSIDE, Position, Rules, checked
from sim.inputoutput.shares import share
from sim.inputoutput.tables import EXPORTS, GOVERNMENT, HOUSEHOLD, INVESTMENT, USES, Table
from sim.inputoutput.trade import chenery_moses, closed_flows, positive, regional_trade

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Regionalisation:
    """A regional table and what was decided on the way.

    Attributes:
        table: the table; home regions first, then the rest of the province and of the nation.
        home_coefficients: (n, n) input per unit of output in home regions as used, domestic and imported together.
        home_weight: (n,) weight of the given home column against the national one; below 1 where the rest of the nation
            would have got a negative cell.
        own_share_province, own_share_city: (n,) share of domestic use met inside the province and inside the city.
        released: products whose own flows of counties could not stay fixed, because nobody else could take or give.
    """

    table: Table
    home_coefficients: Floats
    home_weight: Floats
    own_share_province: Floats
    own_share_city: Floats
    released: tuple[str, ...]


def regionalise(
    nation: Table,
    regions: Sequence[str],
    home_output: ArrayLike,
    home_coefficients: ArrayLike,
    rules: Rules,
) -> Regionalisation:
    """Build the regional table.

    A product that the nation does not make is made nowhere; what it imports of it, it uses and re-exports.

    Args:
        nation: the table to which all regions add up; money and year of the result.
        regions: names of the home regions, then of the two outside regions.
        home_output: (H, n) output of the home regions, >= 0.
        home_coefficients: (n, n) input of product i per unit of output of industry j in home regions.
        rules: shares, decay and weights.

    Raises:
        ArgumentError: the nation is no table of one region with the uses of :data:`~sim.inputoutput.tables.USES`, a
            shape does not fit, something is no number, a home output is negative, or a rule lies outside its range.
        BalancingError: home and province make more of a product than the nation, or supply and use of a region cannot
            be brought together; the message names the product and the region.
    """
    if nation.uses != USES or nation.imported != nation.products or len(nation.regions) != 1 or not nation.incomes:
        raise ArgumentError(
            f"regions are made of a table of one region with the uses {', '.join(USES)}, imports by product, and at"
            " least one row of value added"
        )
    made, technology = _home(home_output, home_coefficients, regions, nation.products)
    rules = checked(rules, len(made), len(nation.products))
    output = regional_output(nation.output, made, rules.province_share, regions, nation.products)
    used, weight = home_columns(nation, output, technology)
    uses, imports, value_added = regional_inputs(nation, output, used)
    exports = output * share(nation.final[:, EXPORTS], nation.output)
    final = regional_final(nation, uses, output - exports, value_added, rules, regions)
    final_imports = regional_final_imports(nation, output, value_added, rules)
    position = Position(output, value_added, uses, imports, final, final_imports, exports)
    trade, released = regional_trade(position, rules)
    trade = closed_flows(trade, position, nation.products, regions)
    names = tuple(name for name, loose in zip(nation.products, released, strict=True) if loose)
    shares = [share(trade[:, :r, :r].sum(axis=(1, 2)), position.demand[:, :r].sum(axis=1)) for r in (-1, -OUTSIDE)]
    return Regionalisation(_table(position, trade, nation, regions), used, weight, shares[0], shares[1], names)


def _home(
    home_output: ArrayLike, home_coefficients: ArrayLike, regions: Sequence[str], products: Sequence[str]
) -> tuple[Floats, Floats]:
    """Output and input coefficients of the home regions, if they fit regions and products."""
    made = checks.numbers(home_output, "home output", regions, products)
    wanted = (len(regions) - OUTSIDE, len(products))
    if made.shape != wanted or wanted[0] < 1:
        raise ArgumentError(
            f"home output has the shape {made.shape}: it needs a row for each of the {len(regions)} regions but the"
            f" last {OUTSIDE}, at least one, and a column for each of the {len(products)} products"
        )
    if (made < 0.0).any():
        i, j = (int(position) for position in np.argwhere(made < 0.0)[0])
        raise ArgumentError(f"home output of {products[j]} in {regions[i]} is negative: {made[i, j]:g}")
    if not made.any():
        raise ArgumentError("home output is 0 everywhere: there is no home to set apart from the nation")
    technology = checks.square(home_coefficients, "home coefficients")
    if len(technology) != len(products):
        raise ArgumentError(f"home coefficients of {len(technology)} industries do not fit {len(products)} products")
    return made, technology


def regional_output(
    national: Floats, home: Floats, province_share: float | Floats, regions: Sequence[str], products: Sequence[str]
) -> Floats:
    """(H + 2, n) output: home as given, the rest of the province by its share, the rest of the nation the remainder."""
    province = province_share * national
    rest = national - province - home.sum(axis=0)
    empty = (rest <= 0) & (home.any(axis=0) | (national != 0.0))  # what the nation does not make leaves no rest
    if empty.any():
        worst = int(np.where(empty, rest, np.inf).argmin())
        made = national[worst] - rest[worst]
        raise BalancingError(
            f"{products[worst]}: home and {regions[-2]} make {made:g} of the nation's {national[worst]:g}"
        )
    return np.vstack([home, province, rest])


def home_columns(nation: Table, output: Floats, home_coefficients: Floats) -> tuple[Floats, Floats]:
    """Home columns moved towards the national ones until the rest of the nation keeps no negative cell.

    Returns:
        (n, n) columns as used and (n,) the weight of the given column in them; 1 = not moved.
    """
    national = total_coefficients(nation)
    wanted = np.vstack([home_coefficients, 1.0 - home_coefficients.sum(axis=0)])  # last row: value added
    given = np.vstack([national, 1.0 - national.sum(axis=0)])
    taken = (wanted - given) * output[:-OUTSIDE].sum(axis=0)
    left = given * output[-1]
    limit = np.divide(left, taken, out=np.full_like(taken, np.inf), where=taken > 0.0).min(axis=0)
    weight = np.minimum(1.0, limit)
    return national + weight * (home_coefficients - national), weight


def regional_inputs(nation: Table, output: Floats, home_coefficients: Floats) -> tuple[Floats, Floats, Floats]:
    """Inputs and value added by region; the last region takes what is left of the nation.

    Returns:
        domestic and imported inputs (R, n, n) of product i by industry j, and value added (R, n). Every region imports
        the national share of each input; where the nation buys none, the share of the product over all its uses.
    """
    whole = nation.intermediate + nation.imports
    by_product = nation.imports.sum(axis=1) / np.maximum(whole.sum(axis=1), np.finfo(float).tiny)
    imported = np.repeat(by_product[:, None], len(whole), axis=1)
    np.divide(nation.imports, whole, out=imported, where=whole > 0)
    home = home_coefficients * output[:-OUTSIDE, None, :]
    province = total_coefficients(nation) * output[-OUTSIDE, None, :]
    inputs = np.concatenate([home, province[None]])
    domestic, imports = inputs * (1.0 - imported), inputs * imported
    domestic = np.concatenate([domestic, _remainder(nation.intermediate, domestic)[None]])
    imports = np.concatenate([imports, _remainder(nation.imports, imports)[None]])
    return domestic, imports, output - domestic.sum(axis=1) - imports.sum(axis=1)


def use_weights(value_added: Floats, rules: Rules) -> Floats:
    """(R, 3) shares of regions in household, government and investment use.

    Households follow value added, government residents, investment the value added of investing industries.
    """
    weights = np.empty((len(value_added), 3))
    weights[:, HOUSEHOLD] = value_added.sum(axis=1)
    weights[:, GOVERNMENT] = rules.population
    weights[:, INVESTMENT] = value_added[:, rules.investing].sum(axis=1)
    return np.asarray(weights / weights.sum(axis=0))


def regional_final(
    nation: Table, uses: Floats, supply: Floats, value_added: Floats, rules: Rules, regions: Sequence[str]
) -> Floats:
    """(R, n, 3) domestic final use of households, government and investment by region.

    A negative national cell (stocks run down) is shared like the other uses of the product, so that no region is left
    with less than nothing. Products that are not traded are used where they are made.

    Args:
        nation: the table to which the regions add up.
        uses: (R, n, n) domestic inputs.
        supply: (R, n) output less exports.
        value_added: (R, n).
        rules: weights and which products are traded.
        regions: names for messages.

    Raises:
        BalancingError: a region needs more of a product that is not traded than it makes, or stocks of a product run
            down by more than is used of it.
    """
    weights = use_weights(value_added, rules)
    national = nation.final[:, :EXPORTS]
    final = weights[:, None, :] * np.maximum(national, 0.0)
    used, drawn = uses.sum(axis=2) + final.sum(axis=2), np.minimum(national, 0.0)
    whole = used.sum(axis=0)
    unused = whole + drawn.sum(axis=1) < 0.0
    if unused.any():
        short = int(np.flatnonzero(unused)[0])
        raise BalancingError(
            f"{nation.products[short]}: final use of {drawn[short].sum():g} exceeds the {whole[short]:g} that"
            " are used of it at home; book what stocks give to exports as a supply"
        )
    final += share(used, np.broadcast_to(whole, used.shape))[:, :, None] * drawn
    for product in np.flatnonzero(~rules.traded):
        room = supply[:, product] - uses[:, product].sum(axis=1)
        if room.min() < 0:
            region, name = regions[int(room.argmin())], nation.products[product]
            raise BalancingError(f"{name} is not traded, but {region} uses {-room.min():g} more as input than it makes")
        # the sum over regions differs from the national total by rounding only
        if room.any():
            room *= national[product].sum() / room.sum()
        final[:, product] = ras(final[:, product], room, national[product], labels=(regions, USES[:EXPORTS])).matrix
    return final


def regional_final_imports(nation: Table, output: Floats, value_added: Floats, rules: Rules) -> Floats:
    """(R, n, 4) imported final use by region, re-exports (by output) last."""
    shared = use_weights(value_added, rules)[:, None, :] * nation.final_imports[:, :EXPORTS]
    # what the nation does not make itself goes by all that a region makes
    by_output = np.repeat(output.sum(axis=1, keepdims=True) / nation.output.sum(), output.shape[1], axis=1)
    np.divide(output, nation.output, out=by_output, where=nation.output > 0.0)
    re_exports = by_output * nation.final_imports[:, EXPORTS]
    return np.concatenate([shared, re_exports[:, :, None]], axis=2)


def _table(position: Position, trade: Floats, nation: Table, regions: Sequence[str]) -> Table:
    """Every buyer of a region draws on the suppliers of a product in the proportions of the region's trade.

    Value added of a region has the rows of the nation in the proportions that they have in the nation's industry.
    """
    count, n = position.output.shape
    intermediate = chenery_moses(trade, position.uses).reshape(count * n, count * n)
    final = np.zeros((count, n, count, len(USES)))
    final[..., :EXPORTS] = chenery_moses(trade, position.final)
    own = np.arange(count)
    final[own, :, own, EXPORTS] = position.exports
    mix = share(nation.value_added, np.broadcast_to(nation.total_value_added, nation.value_added.shape))
    mix[-1] = 1.0 - mix[:-1].sum(axis=0)
    incomes = mix[:, None, :] * position.value_added[None]
    return Table(
        tuple((region, product) for region in regions for product in nation.products),
        tuple((region, use) for region in regions for use in USES),
        nation.imported,
        nation.incomes,
        intermediate,
        np.ascontiguousarray(position.imports.transpose(1, 0, 2)).reshape(n, count * n),
        final.reshape(count * n, count * len(USES)),
        np.ascontiguousarray(position.final_imports.transpose(1, 0, 2)).reshape(n, count * len(USES)),
        incomes.reshape(len(incomes), count * n),
        position.output.reshape(-1),
        nation.unit,
    )


def total_coefficients(nation: Table) -> Floats:
    """(n, n) input from domestic and imported supply per unit of output of a nation that imports by product."""
    return nation.coefficients + nation.import_coefficients


def _remainder(whole: Floats, parts: Floats) -> Floats:
    """What the parts leave of the whole; rounding can leave a hair less than nothing, more than that is refused."""
    left = whole - parts.sum(axis=0)
    short = left < -1e-9 * np.abs(whole) - np.finfo(float).tiny
    if short.any():
        i, j = np.argwhere(short)[0]
        raise BalancingError(f"the regions use {-left[i, j]:g} more of row {i} in column {j} than the nation has")
    return positive(left)
