"""Vectors, one entry an industry, and sums that know when they are nothing but rounding."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError, Labels

Floats = NDArray[np.float64]


def vector(values: ArrayLike, size: int | None, what: str, labels: Labels = None) -> Floats:
    """The values, if they are a vector of one number for each of ``size`` industries.

    Args:
        values: the numbers.
        size: how many there must be; None: any number of them.
        what: what they are, for messages.
        labels: names of the industries for messages.

    Raises:
        ArgumentError: another shape, or a value that is no finite number.
    """
    array = checks.numbers(values, what, labels)
    if array.ndim != 1:
        length = "" if size is None else f" of {size} numbers"
        raise ArgumentError(f"{what} must be a vector{length}, not of shape {array.shape}")
    return array if size is None else checks.lines(array, size, what, labels)


def scalar(value: ArrayLike, what: str) -> float:
    """The value, if it is one finite number.

    Raises:
        ArgumentError: it is a text, several numbers or not finite.
    """
    try:
        number = np.asarray(float("nan") if isinstance(value, str) else value, dtype=np.float64)
    except (TypeError, ValueError):
        number = np.asarray(np.nan)
    if number.ndim != 0 or not np.isfinite(number):
        raise ArgumentError(f"{what} must be one finite number, not {value!r:.60}")
    return float(number)


def totals(values: Floats, axis: int | None = None) -> Floats:
    """Sums along an axis; exactly 0 where positive and negative terms cancel to rounding.

    0.1 + 0.2 - 0.3 is 5.6e-17 in doubles: a division by it gives digits without meaning. A sum of n terms counts as 0
    from n epsilon times the sum of their absolute values down, the bound of its rounding error (Higham, Accuracy and
    Stability of Numerical Algorithms, 2002, chapter 4).

    Args:
        values: the terms.
        axis: along which they are added; None: all of them.

    Returns:
        The sums, of the shape that is left.
    """
    found = np.asarray(values.sum(axis=axis))
    count = values.size if axis is None else values.shape[axis]
    bound = count * np.finfo(np.float64).eps * np.abs(values).sum(axis=axis)
    return np.where(np.abs(found) <= bound, 0.0, found)
