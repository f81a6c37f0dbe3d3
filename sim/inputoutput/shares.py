"""Parts of wholes, the one division that most of the methods need."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def share(part: Floats, whole: Floats) -> Floats:
    """Part / whole cell by cell, 0 where there is no whole.

    Args:
        part: array of any shape.
        whole: array that broadcasts with it; an absent sector is 0.

    Returns:
        An array of the shape of both.
    """
    found = np.zeros(np.broadcast_shapes(part.shape, whole.shape))
    np.divide(part, whole, out=found, where=whole != 0.0)
    return found
