"""Sums by group: the one reduction that the whole model is made of; and arrays that follow a growing table."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def sum_by(group: Ints, values: Floats, size: int) -> Floats:
    """Sum of values by group, in the fixed order of the rows, so that the same rows give the same bits.

    Args:
        group: (n,) group of each value, 0 to size - 1.
        values: (n,) numbers.
        size: number of groups; groups without a value get 0.
    """
    return cast(Floats, np.bincount(group, values, size))  # whole numbers only without values


def median(values: Floats) -> float:
    """Median of at least one number, as :func:`numpy.median` without its preparations, which take longer than the work.

    Args:
        values: (n,) numbers, none of them NaN.
    """
    middle = len(values) // 2
    parted = np.partition(values, middle)
    upper = float(parted[middle])
    return upper if len(values) % 2 else 0.5 * (float(parted[:middle].max()) + upper)


def extended(values: Floats, size: int) -> Floats:
    """Values of rows with zeros for the rows that were appended since; the array itself where there are none.

    Args:
        values: (n,) numbers.
        size: rows now, at least n.
    """
    return values if len(values) == size else np.concatenate([values, np.zeros(size - len(values))])
