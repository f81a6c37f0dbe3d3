"""Refusals of arguments that have no meaning: each names row, column and amount, and says how to mend it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Labels = Sequence[object] | None
"""Names of industries for messages: texts, or pairs such as (region, product); None leaves only the position."""


class ArgumentError(ValueError):
    """An argument that has no meaning: wrong shape, not a number, negative output, use without output."""


def name(labels: Labels, position: int) -> str:
    """Position and, where it is known, the name of an industry: ``3 (Fuding B_CELL)``."""
    if labels is None or position >= len(labels):
        return str(int(position))
    label = labels[int(position)]
    text = " ".join(str(part) for part in label) if isinstance(label, tuple) else str(label)
    return f"{int(position)} ({text})"


def numbers(values: ArrayLike, what: str, rows: Labels = None, columns: Labels = None) -> Floats:
    """The values as an array of floats.

    Args:
        values: numbers of any shape; complex numbers, texts, dates and masked cells are refused.
        what: what they are, for messages ("flows", "output").
        rows: names along the first axis.
        columns: names along the second axis.

    Raises:
        ArgumentError: a value is not a finite number; the message names its place.
    """
    array = _floats(values, what)
    if not _all_finite(array):
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        where = ""
        if len(place) > 0:
            where = f" in row {name(rows, place[0])}"
        if len(place) > 1:
            where += f", column {name(columns, place[1])}"
        raise ArgumentError(f"{what}{where} is {array[place]}: fill the gap, with 0 where there is no flow")
    return array


def _floats(values: ArrayLike, what: str) -> Floats:
    """The values as floats, if all of them are real numbers; an array of floats is not copied."""
    if np.ma.isMaskedArray(values) and np.ma.getmaskarray(values).any():
        raise ArgumentError(f"{what}: some cells are masked; fill the gaps, with 0 where there is no flow")
    try:
        raw = np.asarray(values)
    except ValueError:
        raise ArgumentError(f"{what}: the rows have different lengths") from None
    if raw.dtype.kind in "biuf":
        return np.asarray(raw, dtype=np.float64)
    kinds = {"c": "complex numbers", "U": "texts", "S": "texts", "M": "dates", "m": "spans of time"}
    found = kinds.get(raw.dtype.kind)
    if found is None and any(isinstance(cell, str | bytes | complex) for cell in raw.flat):
        found = "texts or complex numbers"
    if found is not None:
        raise ArgumentError(f"{what}: these are {found}, not real numbers")
    try:
        return np.asarray(raw, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"{what}: these are not all numbers") from None


def _all_finite(array: Floats) -> bool:
    """Whether no cell is infinite or no number."""
    # A sum of squares is finite only if every cell is, and takes half the time; cells beyond 1e150 need a longer look.
    line = array.ravel(order="K")
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.dot(line, line)
    return bool(np.isfinite(squares) or np.isfinite(array).all())


def square(matrix: ArrayLike, what: str, labels: Labels = None) -> Floats:
    """The matrix, if it is square, made of finite numbers, and as long as its labels.

    Raises:
        ArgumentError: it is not.
    """
    array = numbers(matrix, what, labels, labels)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ArgumentError(
            f"{what} must be a square matrix, rows sell and columns buy in the same order, not of shape {array.shape}"
        )
    if labels is not None and len(labels) != len(array):
        raise ArgumentError(f"{what} has {len(array)} rows but there are {len(labels)} labels")
    return array


def lines(values: ArrayLike, size: int, what: str, labels: Labels = None) -> Floats:
    """The values, if their first axis has one entry for each of ``size`` industries.

    Raises:
        ArgumentError: another length, or a value that is no number.
    """
    array = numbers(values, what, labels)
    if array.ndim == 0 or array.shape[0] != size:
        raise ArgumentError(f"{what} must have {size} entries on its first axis, one an industry, not {array.shape}")
    if labels is not None and len(labels) != size:
        raise ArgumentError(f"there are {size} industries but {len(labels)} labels: give one for each")
    return array


def rows(values: ArrayLike, size: int, what: str) -> Floats:
    """The values, a vector or rows of vectors, if each has one entry for each of ``size`` industries.

    Raises:
        ArgumentError: another length or number of axes, or a value that is no number.
    """
    array = numbers(values, what)
    if array.ndim not in (1, 2) or array.shape[-1] != size:
        raise ArgumentError(
            f"{what} must be a vector of {size} numbers, one an industry, or rows of such vectors, not of shape"
            f" {array.shape}"
        )
    return array


def output(values: ArrayLike, size: int, labels: Labels = None) -> Floats:
    """(n,) output, if none is negative.

    Raises:
        ArgumentError: another shape, a value that is no number, or a negative output.
    """
    array = lines(values, size, "output", labels)
    if array.ndim != 1:
        raise ArgumentError(f"output must be a vector of {size} numbers, not of shape {array.shape}")
    if (array < 0).any():
        worst = int(array.argmin())
        raise ArgumentError(
            f"output of industry {name(labels, worst)} is negative: {array[worst]:g}; an industry sells what it"
            " makes, so look for a wrong sign or a stock change booked as output"
        )
    return array


def positions(selection: ArrayLike, size: int, what: str) -> NDArray[np.int64]:
    """Positions of industries from a position, a list of positions or a mask, in rising order without repeats.

    Raises:
        ArgumentError: nothing is selected, or a position lies outside.
    """
    array = np.atleast_1d(np.asarray(selection))
    if array.dtype == np.bool_:
        if array.shape != (size,):
            raise ArgumentError(f"{what}: a mask must have {size} entries, not {array.shape}")
        array = np.flatnonzero(array)
    if array.ndim != 1 or not len(array) or not np.issubdtype(array.dtype, np.integer):
        raise ArgumentError(f"{what}: name at least one industry, by position (0 to {size - 1}) or by a mask")
    found = np.unique(array).astype(np.int64)
    if found[0] < 0 or found[-1] >= size:
        raise ArgumentError(f"{what}: position {found[0] if found[0] < 0 else found[-1]} is not in 0 to {size - 1}")
    return found
