"""Trade between regions, level by level, and who draws on whom.

Own flows are judged by location quotients, the others follow a gravity model inside the trade of the level above
(Wilson 1970); the buyers of a region share its suppliers in the same proportions (Chenery 1953, Moses 1955).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from sim.inputoutput import checks, gravity, quotients
from sim.inputoutput.balancing import BalancingError, sinkhorn
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.identities import EXACT
from sim.inputoutput.regional_rules import OUTSIDE, Position, Rules
from sim.inputoutput.shares import share

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


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
    own = quotients.own_shares(
        position.uses[inner].sum(axis=0),
        final[inner].sum(axis=0),
        output[inner].sum(axis=0),
        output[outer].sum(axis=0),
        rules.delta,
    )
    wanted = _with_least(own, rules) * reached * position.demand[:, inner].sum(axis=1)
    return np.asarray(np.minimum(wanted, position.supply[:, inner].sum(axis=1)))


def _county_flows(position: Position, reached: Floats, rules: Rules) -> Floats:
    """(n, H) what each home region delivers to itself, at most its supply."""
    home = slice(0, -OUTSIDE)
    output, final = position.output[home], np.maximum(position.final[home], 0.0).sum(axis=2)
    own = quotients.own_shares(position.uses[home], final, output, output.sum(axis=0), rules.delta)
    wanted = _with_least(own, rules).T * reached[:, None] * position.demand[:, home]
    return np.asarray(np.minimum(wanted, position.supply[:, home]))


def _with_least(own: Floats, rules: Rules) -> Floats:
    """Own shares moved by their shift; products that are not traded have at least their least own share."""
    if np.any(rules.own_shift):
        # shares leave 0 to 1 by rounding only
        moved = expit(logit(np.clip(own, 0.0, 1.0)) + rules.own_shift)
        own = np.where(np.equal(rules.own_shift, 0.0), own, moved)
    return np.maximum(own, np.where(rules.traded, 0.0, rules.nontraded_share))


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
    flows, miss = sinkhorn(off_diagonal, positive(rows - held), positive(columns - held), tolerance=tolerance)
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


def closed_flows(flows: Floats, position: Position, products: Sequence[str], regions: Sequence[str]) -> Floats:
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


def positive(array: Floats) -> Floats:
    """Rounding can leave a margin a hair below zero."""
    return np.maximum(array, 0.0)
