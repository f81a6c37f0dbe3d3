"""Statistics of firms that stylised facts are told in; pure functions, arrays in, numbers out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST = 30
"""Observations below which a statistic of a distribution is not given (assumption)."""


def hill_exponent(sizes: Floats, top: float = 0.2) -> float:
    """Pareto exponent of the largest firms, Hill, Annals of Statistics 3:1163 (1975).

    Args:
        sizes: (n,) positive sizes.
        top: share of the firms that counts as the tail.

    Returns:
        One over the mean log distance to the smallest firm of the tail; NaN with fewer than 30 firms.
    """
    if sizes.size < FEWEST:
        return float("nan")
    ordered = np.sort(sizes)[::-1]
    count = max(round(top * sizes.size), 2)
    distance = float(np.log(ordered[: count - 1] / ordered[count - 1]).mean())
    return 1.0 / distance if distance > 0 else float("nan")


def subbotin_shape(residuals: Floats) -> float:
    """Shape b of the density exp(-|x / a|^b / b): 1 is Laplace (a tent), 2 is normal; by maximum likelihood.

    Bottazzi and Secchi, Physica A 324:213 (2003). The scale a = (mean |x|^b)^(1/b) is put in,
    so one search over b is left.

    Args:
        residuals: (n,) growth rates less their mean.

    Returns:
        The shape, between 0.2 and 5; NaN with fewer than 30 observations.
    """
    sizes = np.abs(residuals[residuals != 0.0])
    if sizes.size < FEWEST:
        return float("nan")
    logs = np.log(sizes)

    def loss(shape: float) -> float:
        scale = np.log(np.mean(np.exp(shape * (logs - logs.max())))) / shape + logs.max()
        return float(scale + np.log(shape) / shape + gammaln(1.0 + 1.0 / shape) + 1.0 / shape)

    return float(minimize_scalar(loss, bounds=(0.2, 5.0), method="bounded").x)


def size_slope(sizes: Floats, residuals: Floats, bins: int = 10) -> float:
    """Slope of the log standard deviation of growth on log size, over bins with as many firms each.

    Args:
        sizes: (n,) positive sizes before the growth.
        residuals: (n,) growth rates less their mean.
        bins: how many.

    Returns:
        Least-squares slope; NaN with fewer than ten firms a bin.
    """
    if sizes.size < 10 * bins:
        return float("nan")
    order = np.argsort(sizes, kind="stable")
    groups = np.array_split(order, bins)
    spread = np.array([residuals[group].std() for group in groups])
    middle = np.array([np.log(sizes[group]).mean() for group in groups])
    used = spread > 0
    return float(np.polyfit(middle[used], np.log(spread[used]), 1)[0]) if used.sum() > 2 else float("nan")


def ellison_glaeser(output: Floats, plant_output: Floats, plant_place: Ints) -> float:
    """Concentration of an industry beyond that of all industry and of its own plants.

    Ellison and Glaeser, Journal of Political Economy 105:889 (1997).

    Args:
        output: (C,) output of all industry by place.
        plant_output: (n,) output of the plants of the industry.
        plant_place: (n,) place of each plant.

    Returns:
        The index: 0 where plants fall like darts, 1 where all stand in one place; NaN with fewer than two plants.
    """
    total = plant_output.sum()
    if plant_output.size < 2 or total <= 0:
        return float("nan")
    area = output / output.sum()
    here = np.bincount(plant_place, weights=plant_output, minlength=area.size) / total
    herfindahl = float(((plant_output / total) ** 2).sum())
    room = 1.0 - float((area**2).sum())
    if herfindahl >= 1.0 or room <= 0.0:
        return float("nan")
    raw = float(((here - area) ** 2).sum())
    return (raw - room * herfindahl) / (room * (1.0 - herfindahl))


def net_entry_share(before: Floats, after: Floats, level_before: Floats, level_after: Floats) -> float:
    """Share of productivity growth that comes from firms that entered or left.

    Foster, Haltiwanger and Krizan (2001): growth of the output-weighted mean of log productivity, split into firms
    that stay, enter and leave; those that enter or leave are measured against the mean at the start.

    Args:
        before: (n,) output at the start, 0 for firms that came later.
        after: (n,) output at the end, 0 for firms that left.
        level_before: (n,) log productivity at the start (read where there was output).
        level_after: (n,) log productivity at the end (likewise).

    Returns:
        Net entry over total growth; NaN without firms or without growth (below 0.1 %).
    """
    if before.sum() <= 0 or after.sum() <= 0:
        return float("nan")
    start, end = before / before.sum(), after / after.sum()
    mean = float((start * np.where(before > 0, level_before, 0.0)).sum())
    growth = float((end * np.where(after > 0, level_after, 0.0)).sum()) - mean
    entered = float((end * (level_after - mean))[(before == 0) & (after > 0)].sum())
    left = float((start * (level_before - mean))[(before > 0) & (after == 0)].sum())
    return (entered - left) / growth if abs(growth) > 1e-3 else float("nan")
