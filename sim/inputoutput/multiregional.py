"""A nation's table in regions that add up to it exactly (Chenery 1953, Moses 1955).

Regions stand in three nested levels: home counties inside their city, the city inside its province, the province inside
the nation. Own use is judged by location quotients level by level, trade by a gravity model that respects the flows of
the level above, and every buyer of a region draws on its suppliers in the same proportions. Whatever the home regions
and the rest of the province do differently from the nation, the rest of the nation carries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from sim.inputoutput import checks, gravity, quotients
from sim.inputoutput.balancing import BalancingError, ras, sinkhorn
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.identities import EXACT
from sim.inputoutput.shares import share
from sim.inputoutput.tables import EXPORTS, GOVERNMENT, HOUSEHOLD, INVESTMENT, USES, Table

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

OUTSIDE = 2
"""Regions outside home: the rest of the province and the rest of the nation, last on the region axis."""


@dataclass(frozen=True)
class Rules:
    """How output, use and trade are shared over regions; H home regions, n products.

    Attributes:
        province_share: output of the rest of the province per national output, 0 to 1, one for all products or one
            each (n,).
        delta: exponent of the location quotients, 0 to 1.
        traded: (n,) whether the product is traded between regions at all.
        nontraded_share: least own share of the other products, at each level, 0 to 1.
        minutes: (H, H) road minutes between home regions, >= 0.
        decay: gravity decay between home regions, per minute, >= 0.
        km_province, km_nation: distance of home to the outside regions, km, > 0.
        decay_far: elasticity of flows to km, >= 0.
        investing: (n,) whether the value added of the industry draws investment; at least one does.
        population: (H + 2,) residents, persons, >= 0; they share government use.
        own_shift: added to the log odds of every own share, one for all products or one each (n,), any finite number; 0
            leaves the shares as the quotients have them. It carries what quotients cannot know.
    """

    province_share: float | Floats
    delta: float
    traded: Bools
    nontraded_share: float
    minutes: Floats
    decay: float
    km_province: float
    km_nation: float
    decay_far: float
    investing: Bools
    population: Floats
    own_shift: float | Floats = 0.0


@dataclass(frozen=True)
class Position:
    """What the regions make and use before trade between them is known; R regions, n products.

    Attributes:
        output: (R, n).
        value_added: (R, n).
        uses: (R, n, n) domestic product i used by industry j.
        imports: (R, n, n) imported product i used by industry j.
        final: (R, n, 3) domestic final use but exports.
        final_imports: (R, n, 4).
        exports: (R, n) to the rest of the world; they leave from own output.
    """

    output: Floats
    value_added: Floats
    uses: Floats
    imports: Floats
    final: Floats
    final_imports: Floats
    exports: Floats

    @property
    def supply(self) -> Floats:
        """(n, R) output for domestic use."""
        return np.asarray((self.output - self.exports).T)

    @property
    def demand(self) -> Floats:
        """(n, R) domestic use, exports left out."""
        return np.asarray((self.uses.sum(axis=2) + self.final.sum(axis=2)).T)


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
    trade = _closed(trade, position, nation.products, regions)
    names = tuple(name for name, loose in zip(nation.products, released, strict=True) if loose)
    shares = [share(trade[:, :r, :r].sum(axis=(1, 2)), position.demand[:, :r].sum(axis=1)) for r in (-1, -OUTSIDE)]
    return Regionalisation(_table(position, trade, nation, regions), used, weight, shares[0], shares[1], names)


def checked(rules: Rules, homes: int, products: int) -> Rules:
    """The rules with arrays in place of lists, if each fits the regions and lies in its range.

    Raises:
        ArgumentError: one does not; the message names it.
    """
    for name in ("traded", "investing"):
        mask = np.asarray(getattr(rules, name))
        if mask.dtype != np.bool_ or mask.shape != (products,):
            raise ArgumentError(f"rules: {name} must be {products} times true or false, one a product, not {mask!r}")
    if not np.any(rules.investing):
        raise ArgumentError("rules: investing is false for every industry, so that nothing shares investment use")
    a_product = ((), (products,))
    population = _rule(rules, "population", ((homes + OUTSIDE,),))
    if not population.any():
        raise ArgumentError("rules: population is 0 in all regions, so that nothing shares government use")
    for name, least, most in (
        ("delta", 0.0, 1.0),
        ("nontraded_share", 0.0, 1.0),
        ("decay", 0.0, np.inf),
        ("decay_far", 0.0, np.inf),
        ("km_province", np.finfo(float).tiny, np.inf),
        ("km_nation", np.finfo(float).tiny, np.inf),
    ):
        _rule(rules, name, ((),), least, most)
    return replace(
        rules,
        province_share=_rule(rules, "province_share", a_product, 0.0, 1.0),
        traded=np.asarray(rules.traded),
        minutes=_rule(rules, "minutes", ((homes, homes),)),
        investing=np.asarray(rules.investing),
        population=population,
        own_shift=_rule(rules, "own_shift", a_product, -np.inf),
    )


def _rule(
    rules: Rules, name: str, shapes: tuple[tuple[int, ...], ...], least: float = 0.0, most: float = np.inf
) -> Floats:
    """One of the rules as an array, if it has one of the shapes and lies between the bounds."""
    try:
        values = np.asarray(getattr(rules, name), dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"rules: {name}: these are not all numbers") from None
    if values.shape not in shapes:
        wanted = " or ".join("one number" if not shape else f"shape {shape}" for shape in shapes)
        raise ArgumentError(f"rules: {name} must be {wanted}, not of shape {values.shape}")
    wrong = ~(np.isfinite(values) & (values >= least) & (values <= most))
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = f" at position {', '.join(map(str, place))}" if place else ""
        within = "a number" if least < 0.0 else "above 0" if least > 0.0 else "0 or above"
        if most < np.inf:
            within = f"between {least:g} and {most:g}"
        raise ArgumentError(f"rules: {name}{where} is {values[place]:g}; it must be {within}")
    return values


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
    positive, negative = uses.sum(axis=2) + final.sum(axis=2), np.minimum(national, 0.0)
    whole = positive.sum(axis=0)
    unused = whole + negative.sum(axis=1) < 0.0
    if unused.any():
        short = int(np.flatnonzero(unused)[0])
        raise BalancingError(
            f"{nation.products[short]}: final use of {negative[short].sum():g} exceeds the {whole[short]:g} that"
            " are used of it at home; book what stocks give to exports as a supply"
        )
    final += share(positive, np.broadcast_to(whole, positive.shape))[:, :, None] * negative
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


def regional_trade(position: Position, rules: Rules) -> tuple[Floats, Bools]:
    """Trade of each product between all regions, level by level.

    Returns:
        flows (n, R, R), and for which products own flows could not stay fixed (n,).
    """
    home = slice(0, -OUTSIDE)
    supply, demand = position.supply, position.demand
    # the province in the nation: two regions, so one own flow settles all four
    inside = _own_flow(position, slice(0, -1), slice(None), np.ones(len(supply)), rules)
    into, out_of = demand[:, :-1].sum(axis=1) - inside, supply[:, :-1].sum(axis=1) - inside
    # the city in the province, whose rest takes whatever is open
    reached = share(inside, demand[:, :-1].sum(axis=1))
    city = _own_flow(position, home, slice(0, -1), reached, rules)
    level, loose_city = split_flows(
        np.column_stack([city, np.zeros_like(city)]),
        np.array([True, False]),
        np.column_stack([supply[:, home].sum(axis=1), supply[:, -OUTSIDE]]),
        np.column_stack([demand[:, home].sum(axis=1), demand[:, -OUTSIDE]]),
        into[:, None],
        out_of[:, None],
        _far_attraction(rules),
    )
    # the counties in the city
    reached = share(level[:, 0, 0], demand[:, home].sum(axis=1))
    attraction = np.ones((supply.shape[1], supply.shape[1]))
    attraction[home, home] = gravity.exponential_decay(rules.minutes, rules.decay)
    flows, loose_county = split_flows(
        _county_flows(position, reached, rules),
        np.ones(supply.shape[1] - OUTSIDE, dtype=bool),
        supply[:, home],
        demand[:, home],
        level[:, 1:, 0],
        level[:, 0, 1:],
        attraction,
    )
    flows[:, -OUTSIDE:, -OUTSIDE:] = level[:, 1:, 1:]
    flows[:, -1, -1] = supply[:, -1] - into
    return flows, loose_city | loose_county


def _own_flow(position: Position, inner: slice, outer: slice, reached: Floats, rules: Rules) -> Floats:
    """(n,) what a region of several delivers to itself, at most its supply; ``reached``: own share of its parent."""
    output, final = position.output, np.maximum(position.final, 0.0).sum(axis=2)
    share = quotients.own_shares(
        position.uses[inner].sum(axis=0),
        final[inner].sum(axis=0),
        output[inner].sum(axis=0),
        output[outer].sum(axis=0),
        rules.delta,
    )
    wanted = _with_least(share, rules) * reached * position.demand[:, inner].sum(axis=1)
    return np.asarray(np.minimum(wanted, position.supply[:, inner].sum(axis=1)))


def _county_flows(position: Position, reached: Floats, rules: Rules) -> Floats:
    """(n, H) what each home region delivers to itself, at most its supply."""
    home = slice(0, -OUTSIDE)
    output, final = position.output[home], np.maximum(position.final[home], 0.0).sum(axis=2)
    share = quotients.own_shares(position.uses[home], final, output, output.sum(axis=0), rules.delta)
    wanted = _with_least(share, rules).T * reached[:, None] * position.demand[:, home]
    return np.asarray(np.minimum(wanted, position.supply[:, home]))


def _with_least(share: Floats, rules: Rules) -> Floats:
    """Own shares moved by their shift; products that are not traded have at least their least own share."""
    if np.any(rules.own_shift):
        # shares leave 0 to 1 by rounding only
        moved = expit(logit(np.clip(share, 0.0, 1.0)) + rules.own_shift)
        share = np.where(np.equal(rules.own_shift, 0.0), share, moved)
    return np.maximum(share, np.where(rules.traded, 0.0, rules.nontraded_share))


def split_flows(
    own: Floats,
    fixed: Bools,
    supply: Floats,
    demand: Floats,
    inflow: Floats,
    outflow: Floats,
    attraction: Floats,
    *,
    tolerance: float = 1e-10,
) -> tuple[Floats, Bools]:
    """Trade between the m children of a region and k regions outside it, given the region's own trade with those.

    Own flows of children stay where they are fixed; the other flows follow S_r D_s g_rs, scaled to what is left of
    supply and demand. Where that is impossible (one child alone makes and uses a product), its own flows are released
    and only weigh in the prior.

    Args:
        own: (b, m) own flows of b products.
        fixed: (m,) which of them stay.
        supply: (b, m) of the children.
        demand: (b, m) of the children.
        inflow: (b, k) from outside regions.
        outflow: (b, k) to outside regions.
        attraction: (m + k, m + k) decay factors; flows between outside regions are not treated.
        tolerance: largest miss of a supply, relative to all supply of the product.

    Returns:
        (b, m + k, m + k) flows, 0 between outside regions; (b,) whether own flows were released.
    """
    children, size = supply.shape[1], len(attraction)
    inside = np.arange(children)
    weight = np.ones((size, size))
    weight[children:, children:] = 0.0
    rows, columns = np.hstack([supply, inflow]), np.hstack([demand, outflow])
    prior = rows[:, :, None] * columns[:, None, :] * (attraction * weight)

    kept = np.where(fixed, own, 0.0)
    held = np.hstack([kept, np.zeros_like(inflow)])
    off_diagonal = prior.copy()
    off_diagonal[:, inside[fixed], inside[fixed]] = 0.0
    flows, miss = sinkhorn(off_diagonal, _positive(rows - held), _positive(columns - held), tolerance=tolerance)
    flows[:, inside, inside] += kept
    released = miss > 1e-6  # numerical: a slower approach than this means that the own flows block the way
    if released.any():
        open_flows = (rows - held)[released].sum(axis=1) / off_diagonal[released].sum(axis=(1, 2))
        prior = off_diagonal[released] * open_flows[:, None, None]
        prior[:, inside, inside] += kept[released]
        flows[released], _ = sinkhorn(prior, rows[released], columns[released], tolerance=tolerance)
    return flows, released


def _far_attraction(rules: Rules) -> Floats:
    """(3, 3) attraction between the city, the rest of the province and the rest of the nation."""
    near, wide = rules.km_province, rules.km_nation
    return gravity.power_decay(np.array([[near, near, wide], [near, near, wide], [wide, wide, wide]]), rules.decay_far)


def _closed(flows: Floats, position: Position, products: Sequence[str], regions: Sequence[str]) -> Floats:
    """Scale away what the levels left open, so that every supply and demand is met to rounding."""
    supply, demand = position.supply, position.demand
    demand = demand * share(supply.sum(axis=1), demand.sum(axis=1))[:, None]  # their sums differ by rounding
    closed, _ = sinkhorn(flows, supply, demand, tolerance=1e-15)
    gap = share(np.abs(closed.sum(axis=2) - supply), np.maximum(supply, 1e-9 * supply.mean(axis=1, keepdims=True)))
    if not gap.max() <= EXACT:  # a gap that is no number is one, too
        product, region = divmod(int(gap.argmax()), len(regions))
        miss = f"{regions[region]} misses its supply by {gap.max():.2g} of it"
        raise BalancingError(f"trade of {products[product]} does not close: {miss}")
    return closed


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


def chenery_moses(trade: ArrayLike, uses: ArrayLike) -> Floats:
    """Deliveries by region of the seller: all buyers of a region share its suppliers in the same proportions.

    z_risj = t_irs / sum_r t_irs * u_sij (Chenery 1953; Moses, American Economic Review 45, 1955; Miller and Blair 2009,
    chapter 3.4). What one buyer really takes from which region is unknown; that is the price of the method.

    Args:
        trade: (n, R, R) deliveries of product i from region r to region s, any unit, >= 0.
        uses: (R, n, m) product i used in region s by its m buyers (industries or final users), money.

    Returns:
        (R, n, R, m) product i from region r used in region s by its m buyers; 0 where a region gets and uses none of a
        product.

    Raises:
        ArgumentError: a shape does not fit, something is no number, a delivery is negative, or a region uses a product
            that no region delivers to it.
    """
    flows, used = checks.numbers(trade, "trade"), checks.numbers(uses, "uses")
    if flows.ndim != 3 or flows.shape[1] != flows.shape[2]:
        raise ArgumentError(f"trade must have the shape (products, regions, regions), not {flows.shape}")
    if used.ndim != 3 or used.shape[:2] != (flows.shape[1], flows.shape[0]):
        raise ArgumentError(
            f"uses must have the shape ({flows.shape[1]} regions, {flows.shape[0]} products, buyers), not {used.shape}"
        )
    if (flows < 0.0).any():
        i, r, s = (int(position) for position in np.argwhere(flows < 0.0)[0])
        raise ArgumentError(
            f"trade of product {i} from region {r} to region {s} is negative: {flows[i, r, s]:g}; book it as a"
            " delivery the other way"
        )
    received = flows.sum(axis=1, keepdims=True)
    without = (used != 0.0).any(axis=2) & (received[:, 0].T == 0.0)
    if without.any():
        s, i = (int(position) for position in np.argwhere(without)[0])
        raise ArgumentError(
            f"region {s} uses {used[s, i].sum():g} of product {i}, but no region delivers any to it: give it a supplier"
        )
    source = share(flows, np.repeat(received, flows.shape[1], axis=1))
    return np.asarray(np.einsum("irs,sij->risj", source, used))


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
    return _positive(left)


def _positive(array: Floats) -> Floats:
    """Rounding can leave a margin a hair below zero."""
    return np.maximum(array, 0.0)
