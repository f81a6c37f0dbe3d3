"""Trade between places by the doubly constrained gravity model, t_rs = A_r O_r B_s D_s g(cost_rs) (Wilson 1970)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.inputoutput.balancing import BalancingError, sinkhorn

Floats = NDArray[np.float64]


def exponential_decay(cost: Floats, decay: float) -> Floats:
    """Attraction exp(-decay x cost); decay per unit of cost (for minutes: per minute), >= 0."""
    return np.exp(-decay * cost)


def power_decay(distance: Floats, elasticity: float) -> Floats:
    """Attraction distance^-elasticity; distance > 0 in any unit."""
    if (distance <= 0).any():
        raise ValueError("a power decay needs distances above 0")
    return np.asarray(distance, dtype=np.float64) ** -elasticity


def flows(
    supply: Floats, demand: Floats, attraction: Floats, *, tolerance: float = 1e-12, rounds: int = 2000
) -> Floats:
    """Flows between places that use up every supply and meet every demand.

    Args:
        supply: (m,) shipped by each origin, money, >= 0.
        demand: (n,) taken by each destination, same sum as the supply.
        attraction: (m, n) decay factors g >= 0; 0 forbids a flow.
        tolerance: largest miss of a supply, relative to all supply.
        rounds: give up after so many rounds of scaling.

    Returns:
        (m, n) flows in the money of the supply.

    Raises:
        BalancingError: sums differ, or the permitted flows cannot meet them.
    """
    if abs(supply.sum() - demand.sum()) > 1e-9 * max(supply.sum(), demand.sum()):
        raise BalancingError(f"supply sums to {supply.sum():.12g}, demand to {demand.sum():.12g}: they must agree")
    prior = np.outer(supply, demand) * attraction
    result, miss = sinkhorn(prior[None], supply[None], demand[None], tolerance=tolerance, rounds=rounds)
    if miss[0] > max(tolerance, 1e-14) * 10:
        raise BalancingError(f"the permitted flows miss supply or demand by {miss[0]:.2g} of their sum")
    return np.asarray(result[0])
