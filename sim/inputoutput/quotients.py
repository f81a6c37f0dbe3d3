"""Location quotients: how much of its inputs a region makes itself, judged from its output structure alone.

Flegg and Webber (1997, 2000). A quotient is a prior only: it ignores who buys from whom.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def simple(regional: Floats, parent: Floats) -> Floats:
    """SLQ_i = (x_i^r / x^r) / (x_i^p / x^p).

    Args:
        regional: (..., n) output of each industry in the region, money.
        parent: (n,) output of each industry in the larger region that contains it, same money.

    Returns:
        (..., n) quotients; 0 where the parent makes nothing.
    """
    share_in_region = regional / np.maximum(regional.sum(axis=-1, keepdims=True), np.finfo(float).tiny)
    share_in_parent = parent / parent.sum()
    quotient = np.zeros(regional.shape)
    np.divide(share_in_region, share_in_parent, out=quotient, where=np.broadcast_to(parent > 0, quotient.shape))
    return quotient


def cross_industry(slq: Floats) -> Floats:
    """(..., n, n) CILQ_ij = SLQ_i / SLQ_j for seller i and buyer j, SLQ_i on the diagonal; 0 for an absent buyer."""
    seller, buyer = slq[..., :, None], slq[..., None, :]
    quotient = np.divide(seller, buyer, out=np.zeros((*slq.shape, slq.shape[-1])), where=buyer > 0)
    diagonal = np.eye(slq.shape[-1], dtype=bool)
    return np.where(diagonal, seller, quotient)


def size_factor(regional_total: Floats, parent_total: float, delta: float) -> Floats:
    """Lambda = [log2(1 + x^r / x^p)]^delta, the part of the FLQ that grows with the region's size; between 0 and 1."""
    return np.asarray(np.log2(1.0 + regional_total / parent_total) ** delta)


def flegg(regional: Floats, parent: Floats, delta: float) -> Floats:
    """FLQ_ij = lambda CILQ_ij (diagonal lambda SLQ_i), not yet capped at 1.

    Args:
        regional: (..., n) output of the industries of one or several regions, money.
        parent: (n,) output of the industries of the region that contains them.
        delta: exponent, 0 to 1.

    Returns:
        (..., n, n) quotients of seller i and buyer j.
    """
    factor = size_factor(regional.sum(axis=-1), float(parent.sum()), delta)
    return factor[..., None, None] * cross_industry(simple(regional, parent))


def own_shares(uses: Floats, final: Floats, regional: Floats, parent: Floats, delta: float) -> Floats:
    """Share R_i of its own use of each product that a region makes itself, relative to what its parent makes itself.

    R_i = sum_j rho_ij use_ij / sum_j use_ij with rho_ij = min(1, FLQ_ij) and, for final uses, min(1, lambda SLQ_i).

    Args:
        uses: (..., n, n) domestic inputs of product i used by industry j in the region, money.
        final: (..., n) domestic final use of each product, money, >= 0.
        regional: (..., n) output of the industries of the region, money.
        parent: (n,) output of the industries of the region that contains it.
        delta: exponent, 0 to 1.

    Returns:
        (..., n) shares between 0 and 1; 0 for a product nobody uses or the region does not make.
    """
    slq = simple(regional, parent)
    factor = size_factor(regional.sum(axis=-1), float(parent.sum()), delta)
    of_inputs = np.minimum(1.0, factor[..., None, None] * cross_industry(slq))
    of_final = np.minimum(1.0, factor[..., None] * slq)
    met = (of_inputs * uses).sum(axis=-1) + of_final * final
    needed = uses.sum(axis=-1) + final
    shares = np.zeros(needed.shape)
    np.divide(met, needed, out=shares, where=needed > 0)
    return shares
