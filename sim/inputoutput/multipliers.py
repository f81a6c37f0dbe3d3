"""Multipliers: what one unit of final demand calls for, directly and indirectly, without and with households."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput.leontief import Leontief

Floats = NDArray[np.float64]


def output_multipliers(coefficients: ArrayLike) -> Floats:
    """Type I output multipliers, the column sums of the Leontief inverse: (n,) output per unit of final demand."""
    system = Leontief(coefficients)
    return system.solve_left(np.ones(system.size))
