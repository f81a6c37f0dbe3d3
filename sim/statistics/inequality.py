"""Inequality between places, and how far a product gathers in few of them.

With amounts Y_c (income, output) and persons P_c, shares y_c and p_c, ratios r_c = y_c / p_c (mean 1)::

    Theil          T = sum_c y_c ln r_c = between groups + within groups                    0 to ln(1 / smallest p)
      between          sum_g y_g ln(y_g / p_g)
      within           sum_g y_g T_g
    Gini           G = 1/2 sum_c sum_d p_c p_d |r_c - r_d|                                  0 to 1
    location Gini  the same with y_c the county's share in a product and p_c its share in all products

Theil, Economics and Information Theory (1967), chapter 4: the only measure of the family that splits into groups
weighted by their shares of income (Shorrocks, Econometrica 48, 1980). Location Gini: Krugman, Geography and Trade
(1991), in the weighted form of the locational Gini (Kim, Quarterly Journal of Economics 110, 1995). Krugman's
specialisation and the index of Ellison and Glaeser are in :mod:`sim.statistics.structure`.

All functions take further leading dimensions (runs, years).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Theil:
    """A Theil index and its parts, dimensionless.

    Attributes:
        between: (...) what differs between the groups.
        by_group: (..., G) part of each group in what differs within groups; a share times the index of the group.
    """

    between: Floats
    by_group: Floats

    @property
    def within(self) -> Floats:
        """(...) what differs within the groups."""
        return np.asarray(self.by_group.sum(axis=-1))

    @property
    def total(self) -> Floats:
        """(...) the index of all places."""
        return self.between + self.within


def theil(amounts: Floats, persons: Floats) -> Floats:
    """(...) Theil index over places; 0 where all have the same a head, NaN where there is nothing.

    Args:
        amounts: (..., C) not negative; a place without any adds 0, the limit of y ln y.
        persons: (..., C) not negative, in the same order; a place with an amount and nobody gives infinity.

    Raises:
        ValueError: an amount or a number of persons is negative.
    """
    return np.asarray(rel_entr(_shares(amounts), _shares(persons)).sum(axis=-1))


def theil_by_group(amounts: Floats, persons: Floats, group: Ints) -> Theil:
    """The index split into what differs between groups of places and within each; the parts add up to the whole.

    Args:
        amounts: (..., C) as for :func:`theil`.
        persons: (..., C) likewise.
        group: (C,) number of the group of each place, from 0.

    Raises:
        ValueError: an amount or a number of persons is negative.
    """
    y, p = np.broadcast_arrays(_shares(amounts), _shares(persons))
    belongs = np.asarray(group)[:, None] == np.arange(int(np.max(group)) + 1)[None, :]
    y_group, p_group = y @ belongs, p @ belongs
    own, among = _ratio(y, (y_group @ belongs.T)), _ratio(p, (p_group @ belongs.T))
    return Theil(np.asarray(rel_entr(y_group, p_group).sum(axis=-1)), y_group * (rel_entr(own, among) @ belongs))


def gini(amounts: Floats, persons: Floats) -> Floats:
    """(...) Gini coefficient of amounts a head over places weighted by persons; NaN where there is nothing.

    Args:
        amounts: (..., C) not negative.
        persons: (..., C) not negative; places with nobody must have no amount.

    Raises:
        ValueError: an amount or a number of persons is negative, or an amount belongs to nobody.
    """
    y, p = np.broadcast_arrays(_shares(amounts), _shares(persons))
    if ((y > 0) & (p <= 0)).any():
        raise ValueError("an amount belongs to a place without persons")
    # p_c p_d |r_c - r_d| = |y_c p_d - y_d p_c|, so that no ratio is needed
    gaps = np.abs(y[..., :, None] * p[..., None, :] - y[..., None, :] * p[..., :, None])
    return np.asarray(0.5 * gaps.sum(axis=(-2, -1)))


def location_gini(amounts: Floats) -> Floats:
    """(..., K) how unevenly each product is spread, given where all production is; 0 where it is spread alike.

    Args:
        amounts: (..., C, K) jobs or output, not negative. NaN comes out for a product that is nowhere.

    Raises:
        ValueError: an amount is negative.
    """
    return gini(np.swapaxes(amounts, -1, -2), amounts.sum(axis=-1)[..., None, :])


def _shares(amounts: Floats) -> Floats:
    """Shares in the sum over the last dimension; NaN where it is 0."""
    values = np.asarray(amounts, dtype=np.float64)
    if (values < 0).any():
        raise ValueError("inequality is not defined for negative amounts")
    total = values.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(values, total, out=np.full(values.shape, np.nan), where=total > 0))


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Part of a whole, 0 where there is no whole."""
    return np.asarray(np.divide(part, whole, out=np.zeros(part.shape), where=whole != 0))
