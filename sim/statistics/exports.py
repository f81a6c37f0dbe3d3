"""Exports: the part of a product's sales outside Ningde that leaves the country (model description, sections 3.4, 9.1).

    exports_k = min(x_k X_k, outside sales_k) ,   by county in proportion to outside sales

x is ``demand.export_share_*`` for vehicles, cells and stainless, and the share of exports in home output of the opening
table for all other products. The cap is taken by product and not by county, because a county that delivers its melt to
the mill next door exports through the mill: what is not sold outside cannot leave the country from there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.mechanisms.demand import export_shares

__all__ = ["export_shares", "exports"]

Floats = NDArray[np.float64]


def exports(output: Floats, outside: Floats, share: Floats) -> Floats:
    """(C, K) exports, never more than what a county sells outside.

    Args:
        output: (C, K) output.
        outside: (C, K) sales outside the ten counties, same unit.
        share: (K,) share of output that leaves the country.
    """
    sold = outside.sum(axis=0)
    leaving = np.minimum(share * output.sum(axis=0), sold)
    return np.asarray(outside * np.divide(leaving, sold, out=np.zeros(len(sold)), where=sold > 0))
