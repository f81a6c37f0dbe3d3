"""Sizes and places of firms: concentration, specialisation, the tail of sizes, quality tiers (section 3.4).

Herfindahl of plants          H_k = sum_i (jobs_i / jobs_k)^2                     (fringe firms: infinitely many)
Krugman specialisation        S_c = sum_k |share of k in county c - share of k in all other counties|           0 to 2
Ellison and Glaeser (1997)    gamma = (G / (1 - sum_c x_c^2) - H) / (1 - H) ,   G = sum_c (s_c - x_c)^2
Hill (1975) exponent          zeta = 1 / mean of ln(size_i / size of the (n+1)-th) over the n largest firms

gamma is 0 where plants lie as dice would throw them, above 0 where an industry gathers more than its few large plants
force it to (Ellison and Glaeser, Journal of Political Economy 105, 1997). Krugman, Geography and Trade (1991). Hill,
Annals of Statistics 3 (1975).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TIERS: tuple[str, ...] = ("basic", "standard", "specialised")
"""Quality tiers of suppliers; their bounds are sourcing.tier_standard and sourcing.tier_specialised."""

TAIL_SHARE = 0.1
"""Share of firms that count as the tail of sizes; assumption, the usual tenth."""

LEAST_TAIL = 10
"""Fewest firms of which a tail is read; assumption."""


def herfindahl(product: Ints, jobs: Floats, total: Floats) -> Floats:
    """(K,) sum over firms of squared shares in the jobs of their product; NaN where a product has no jobs.

    Args:
        product: (n,) product of each firm.
        jobs: (n,) persons of each firm.
        total: (K,) persons of each product, those of firms too small to be listed included.
    """
    squares = sum_by(product, jobs**2, len(total))
    return np.asarray(np.divide(squares, total**2, out=np.full(len(total), np.nan), where=total > 0))


def herfindahl_of_group(own: Floats, total: Floats) -> float:
    """Herfindahl over the plants of several products: sum_k (jobs_k / all jobs)^2 H_k; NaN for an empty group.

    Args:
        own: (k,) Herfindahl of each product, NaN where it has no jobs.
        total: (k,) jobs of each product.
    """
    whole = float(total.sum())
    return float(np.nansum(own * total**2) / whole**2) if whole > 0 else float("nan")


def krugman_specialisation(amounts: Floats) -> Floats:
    """(C,) specialisation of each county against all others together, 0 (the same) to 2 (nothing in common).

    Args:
        amounts: (C, K) jobs or output; NaN comes out for a county without any, or if it is the only one.
    """
    county, others = amounts.sum(axis=1, keepdims=True), amounts.sum(axis=0) - amounts
    rest = others.sum(axis=1, keepdims=True)
    fine = (county > 0) & (rest > 0)
    here = np.divide(amounts, county, out=np.full(amounts.shape, np.nan), where=fine)
    there = np.divide(others, rest, out=np.full(amounts.shape, np.nan), where=fine)
    return np.asarray(np.abs(here - there).sum(axis=1))


def ellison_glaeser(jobs: Floats, all_jobs: Floats, plants: float) -> float:
    """Concentration of an industry beyond that of all industry and beyond the size of its plants; NaN if undefined.

    Args:
        jobs: (C,) jobs of the industry by county.
        all_jobs: (C,) jobs of all industry.
        plants: H, Herfindahl of its plants.
    """
    if not (jobs.sum() > 0 and all_jobs.sum() > 0 and plants < 1.0):
        return float("nan")
    own, all_shares = jobs / jobs.sum(), all_jobs / all_jobs.sum()
    spread = 1.0 - float((all_shares**2).sum())
    gap = float(((own - all_shares) ** 2).sum())
    return (gap / spread - plants) / (1.0 - plants) if spread > 0 else float("nan")


def hill_exponent(sizes: Floats, share: float = TAIL_SHARE) -> float:
    """Exponent of the tail of firm sizes, about 1 where Zipf's law holds; NaN with too few firms.

    Args:
        sizes: (n,) positive sizes.
        share: share of firms in the tail, at least ten firms.
    """
    tail = max(LEAST_TAIL, round(share * len(sizes)))
    if len(sizes) <= tail:
        return float("nan")
    ordered = np.sort(sizes)[::-1]
    mean = float(np.log(ordered[:tail] / ordered[tail]).mean())
    return 1.0 / mean if mean > 0 else float("nan")


def tier_counts(quality: Floats, group: Ints, bounds: tuple[float, float], groups: int) -> Floats:
    """(tiers, groups) firms by quality tier: basic below the first bound, specialised from the second.

    Args:
        quality: (n,) q of each firm, 0-1.
        group: (n,) group of each firm.
        bounds: least quality of the standard and of the specialised tier.
        groups: number of groups.
    """
    tier = (quality >= bounds[0]).astype(np.int64) + (quality >= bounds[1])
    counts = np.bincount(tier * groups + group, minlength=len(TIERS) * groups)
    return counts.astype(np.float64).reshape(len(TIERS), groups)
