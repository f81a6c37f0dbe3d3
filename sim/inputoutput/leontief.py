"""The Leontief quantity model: how much output a final demand needs.

Leontief, Input-Output Economics (1986); Miller and Blair, Input-Output Analysis (2009), chapters 2 and 6.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class NotProductiveError(ValueError):
    """An input-output system that needs more than one unit of inputs, directly and indirectly, for a unit of output."""


def technical_coefficients(flows: Floats, output: Floats) -> Floats:
    """Input per unit of output, A = Z / x by column.

    Args:
        flows: (m, n) purchases of industry j from row i, money.
        output: (n,) output of the industries, same money, >= 0.

    Returns:
        (m, n) shares of output; the column of an industry without output is 0.

    Raises:
        ValueError: an industry without output buys something, or an output is negative.
    """
    if (output < 0).any():
        raise ValueError(f"output of industry {int(np.argmin(output))} is negative: {output.min():g}")
    absent = output == 0
    if np.any(flows[:, absent] != 0):
        bad = int(np.flatnonzero(absent & (flows != 0).any(axis=0))[0])
        raise ValueError(f"industry {bad} has purchases but no output")
    return flows / np.where(absent, 1.0, output)


def solve(coefficients: Floats, final_demand: Floats) -> Floats:
    """Output x = (I - A)^-1 f, by factorisation and without forming the inverse.

    Args:
        coefficients: (n, n) input per unit of output.
        final_demand: (n,) or (n, m), money.

    Returns:
        Output, same shape and money as the final demand.

    Raises:
        NotProductiveError: I - A is singular, or a non-negative demand would need a negative output.
    """
    try:
        output = np.linalg.solve(np.eye(len(coefficients)) - coefficients, final_demand)
    except np.linalg.LinAlgError:
        raise NotProductiveError("I - A has no inverse: the coefficients leave no net output") from None
    if (final_demand >= 0).all() and output.min(initial=0.0) < -1e-9 * max(1.0, float(np.abs(output).max(initial=0.0))):
        raise NotProductiveError(
            "a non-negative final demand would need a negative output: inputs exceed output somewhere"
        )
    return np.asarray(output)


def inverse(coefficients: Floats) -> Floats:
    """The Leontief inverse L = (I - A)^-1, (n, n): output of row i for one unit of final demand of column j."""
    return solve(coefficients, np.eye(len(coefficients)))


def output_multipliers(coefficients: Floats) -> Floats:
    """Type I output multipliers, the column sums of the Leontief inverse: (n,) output per unit of final demand."""
    return solve(coefficients.T, np.ones(len(coefficients)))


def spectral_radius(coefficients: Floats) -> float:
    """Largest absolute eigenvalue of A; below 1 every final demand can be met."""
    return float(np.abs(np.linalg.eigvals(coefficients)).max())
