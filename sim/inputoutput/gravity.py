"""Trade between places by the doubly constrained gravity model, t_rs = A_r O_r B_s D_s g(cost_rs) (Wilson 1970)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks, feasibility
from sim.inputoutput.balancing import BalancingError, sinkhorn
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.feasibility import LineLabels
from sim.inputoutput.shares import share

Floats = NDArray[np.float64]

KINDS = ("origin", "destination")

SUMS_AGREE = 1e-9
"""Supply and demand whose sums differ by this share are meant to agree, and are rounded."""

LARGEST_EXPONENT = 700.0
"""Attractions beyond e to this power, or below its inverse, leave the range of numbers (numerical)."""


def exponential_decay(cost: ArrayLike, decay: float) -> Floats:
    """Attraction exp(-decay x cost); decay per unit of cost (for minutes: per minute), >= 0.

    Raises:
        ArgumentError: a cost is no number, the decay is negative or no number, or an attraction leaves the range of
            numbers: an attraction of 0 would forbid the flow, while the model does not change when a constant is taken
            off all costs of a row or of a column.
    """
    if not (np.isfinite(decay) and decay >= 0.0):
        raise ArgumentError(f"decay must be 0 or above, not {decay:g}: flows fall with cost")
    costs = checks.numbers(cost, "cost")
    with np.errstate(over="ignore"):
        exponent = -decay * costs
    _refuse_out_of_range(exponent, costs, f"cost with decay {decay:g}")
    return np.asarray(np.exp(exponent))


def power_decay(distance: ArrayLike, elasticity: float) -> Floats:
    """Attraction distance^-elasticity; distance > 0 in any unit, elasticity >= 0.

    Raises:
        ArgumentError: a distance is no number or not above 0, the elasticity is negative or no number, or an attraction
            leaves the range of numbers.
    """
    if not (np.isfinite(elasticity) and elasticity >= 0.0):
        raise ArgumentError(f"elasticity must be 0 or above, not {elasticity:g}: flows fall with distance")
    far = checks.numbers(distance, "distance")
    if (far <= 0).any():
        place = ", ".join(str(int(i)) for i in np.argwhere(far <= 0)[0])
        raise ArgumentError(
            f"a power decay needs distances above 0, position ({place}) has {far[far <= 0][0]:g}; give a place a"
            " distance to itself, such as half the square root of its area over pi"
        )
    with np.errstate(over="ignore"):
        exponent = -elasticity * np.log(far)
    _refuse_out_of_range(exponent, far, f"distance with elasticity {elasticity:g}")
    return np.asarray(far**-elasticity)


def _refuse_out_of_range(exponent: Floats, values: Floats, what: str) -> None:
    """Refuse an attraction e to this exponent that would be 0 or infinite."""
    out = np.abs(exponent) > LARGEST_EXPONENT
    if out.any():
        place = tuple(int(i) for i in np.argwhere(out)[0])
        raise ArgumentError(
            f"{what}: position ({', '.join(map(str, place))}) has {values[place]:g}, whose attraction"
            f" exp({exponent[place]:g}) leaves the range of numbers; take a constant off costs of its row or column,"
            " which changes no flow, use another unit, or forbid the flow by an attraction of 0"
        )


def flows(
    supply: ArrayLike,
    demand: ArrayLike,
    attraction: ArrayLike,
    *,
    labels: LineLabels = None,
    tolerance: float = 1e-12,
    rounds: int = 2000,
) -> Floats:
    """Flows between places that use up every supply and meet every demand.

    Wilson (1970), the doubly constrained form: of all flows that meet supply and demand those nearest to
    O_r D_s g_rs in cross-entropy. Odds t_rs t_qp / (t_rp t_qs) are those of the attraction, so that factors of its rows
    and columns do not matter.

    Args:
        supply: (m,) shipped by each origin, money, >= 0.
        demand: (n,) taken by each destination, same sum as the supply; a difference of up to 1e-9 of it is taken for
            rounding, and demand is scaled to the supply.
        attraction: (m, n) decay factors g >= 0; 0 forbids a flow.
        labels: names of origins and destinations for messages.
        tolerance: largest miss of a supply or demand, relative to it, so that small places are met as well as large.
        rounds: give up after so many rounds of scaling.

    Returns:
        (m, n) flows in the money of the supply.

    Raises:
        ArgumentError: a shape does not fit, or something is no number or negative.
        BalancingError: sums differ, or the permitted flows cannot meet them, with the origins and destinations that
            stand in the way.
    """
    shipped, taken, pull = _arrays(supply, demand, attraction, labels)
    gap = float(shipped.sum() - taken.sum())
    if abs(gap) > SUMS_AGREE * max(shipped.sum(), taken.sum()):
        raise BalancingError(
            f"supply sums to {shipped.sum():.12g}, demand to {taken.sum():.12g}: they must agree; book the difference"
            f" of {gap:.9g} as trade with another place"
        )
    if gap != 0.0:
        taken = taken * (shipped.sum() / taken.sum())
    prior = np.outer(shipped, taken) * _scaled(pull)
    result, miss = sinkhorn(prior[None], shipped[None], taken[None], tolerance=tolerance, rounds=rounds, each=True)
    if miss[0] > max(tolerance, 1e-14) * 10:
        # places without supply or demand have no flow in the prior, but that does not make their totals impossible
        reason = feasibility.explain(pull, shipped, taken, labels, SUMS_AGREE, KINDS)
        reason = reason or "they can be met, so allow more rounds or a larger tolerance"
        raise BalancingError(f"the permitted flows miss supply or demand by {miss[0]:.2g} of it: {reason}")
    return np.asarray(result[0])


def _scaled(attraction: Floats) -> Floats:
    """The attraction with 1 as the largest of each row and column that has any, which keeps flows off underflow."""
    by_row = share(attraction, attraction.max(axis=1, initial=0.0)[:, None])
    return share(by_row, by_row.max(axis=0, initial=0.0))


def _arrays(
    supply: ArrayLike, demand: ArrayLike, attraction: ArrayLike, labels: LineLabels
) -> tuple[Floats, Floats, Floats]:
    """Supply, demand and attraction, if they fit together and none is negative."""
    origins, destinations = labels or (None, None)
    shipped = checks.numbers(supply, "supply", origins)
    taken = checks.numbers(demand, "demand", destinations)
    pull = checks.numbers(attraction, "attraction", origins, destinations)
    if shipped.ndim != 1 or taken.ndim != 1 or pull.shape != (len(shipped), len(taken)):
        raise ArgumentError(
            f"attraction of shape {pull.shape} does not fit supply of {shipped.shape} and demand of {taken.shape}"
        )
    for axis, (values, what) in enumerate(((shipped, "supply"), (taken, "demand"))):
        if (values < 0).any():
            line = int(values.argmin())
            place = checks.name(labels[axis] if labels else None, line)
            raise ArgumentError(
                f"{what} of {KINDS[axis]} {place} is negative: {values[line]:g}; count it on the other side"
            )
    if (pull < 0).any():
        row, column = (int(i) for i in np.argwhere(pull < 0)[0])
        raise ArgumentError(
            f"attraction of origin {checks.name(origins, row)} and destination {checks.name(destinations, column)} is"
            f" negative: {pull[row, column]:g}; use 0 to forbid a flow"
        )
    return shipped, taken, pull
