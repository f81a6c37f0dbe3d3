"""The arithmetic of the statistics bureau: growth, pull and contribution of groups, one county switch (section 3.4).

Pure functions, arrays in and arrays out:

    growth  g = sum of months 1..m of this year / the same months of last year - 1
    pull    = 100 g_G s_G ,   s_G share of the base period            (points)
    contribution = pull / (100 g)                                     (above 1 where the rest shrinks)
    share at constant weights = s_G (1 + g_G) / (1 + g)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim.state import YEAR
from sim.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

View = Literal["official", "model"]
"""Rows of a county table: those of official statistics, with Dongqiao inside Jiaocheng, or the regions of the model."""

ENERGY = "ENER"
"""Block product that counts as industry, and as above scale (model description, section 3.4)."""

LEGACY, ENERGY_CLUSTER = "legacy", "energy"
"""Industry outside the four chains: what was there before them, and energy and utilities."""


# --- groups -----------------------------------------------------------------------------------------------------------


def cluster_names(world: World) -> tuple[str, ...]:
    """The parts of industry: the four chains, legacy industry, energy; each product of industry is in one of them."""
    return (*world.chains, LEGACY, ENERGY_CLUSTER)


def cluster_of(world: World) -> Ints:
    """(K,) index into :func:`cluster_names`, -1 outside industry."""
    chains = len(world.chains)
    found = np.where(world.chain >= 0, world.chain, np.where(world.legacy, chains, -1))
    found[world.product(ENERGY)] = chains + 1
    return np.asarray(found, dtype=np.int64)


def by_view(values: Floats, world: World, view: View) -> tuple[tuple[str, ...], Floats]:
    """Amounts by region in the rows of official statistics or of the model; the only place where regions are merged.

    Args:
        values: (C, ...) amounts that may be added up (no shares, no indices), regions first.
        world: the regions.
        view: "official" adds zones (Dongqiao) to their county and has no row for them; "model" leaves all regions.

    Returns:
        Names of the rows, and the amounts by row; their sum is that of the regions in both views.

    Raises:
        ValueError: the view is neither of the two.
    """
    if view == "model":
        return world.county_names, values
    if view != "official":
        raise ValueError(f"view {view!r}: choose official (zones inside their counties) or model (a row each region)")
    kept = sorted(set(world.official.tolist()))
    merged = np.zeros((world.county_count, *values.shape[1:]))
    for region, row in zip(values, world.official.tolist(), strict=True):
        merged[row] += region
    return tuple(world.county_names[row] for row in kept), merged[kept]


# --- growth -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GroupGrowth:
    """Growth of groups that make up a whole, over the same months of the year before; (G,) arrays.

    Attributes:
        growth: of each group, a share; NaN where there was nothing before.
        base_share: share of the whole in the base period.
        pull: points that the group adds to the growth of the whole; they add up to 100 x its growth.
        contribution: share of the growth of the whole; NaN where the whole did not move.
        share: share of the whole in this period at the prices of the figures, that is at constant weights.
        total: growth of the whole, a share.
    """

    growth: Floats
    base_share: Floats
    pull: Floats
    contribution: Floats
    share: Floats
    total: float


def growth_of_groups(now: Floats, before: Floats) -> GroupGrowth:
    """Growth, pull and contribution of groups at base-period shares.

    The pull is taken as 100 (now - before) / whole before, which is 100 g s for a group that was there and also holds
    for one that starts from nothing.

    Args:
        now: (G,) real value added of this period.
        before: (G,) the same of the base period.
    """
    whole, base = float(now.sum()), float(before.sum())
    nothing = np.full(len(now), np.nan)
    points = 100.0 * (now - before) / base if base > 0 else nothing
    total = whole / base - 1.0 if base > 0 else float("nan")
    return GroupGrowth(
        growth=np.divide(now, before, out=nothing.copy(), where=before > 0) - 1.0,
        base_share=before / base if base > 0 else nothing,
        pull=points,
        contribution=points / (100.0 * total) if total else nothing,
        share=now / whole if whole > 0 else nothing,
        total=total,
    )


def share_at_constant_weights(base_share: float, group_growth: float, total_growth: float) -> float:
    """Share of a group after growth, valued at the weights of the base period: s (1 + g_G) / (1 + g)."""
    return base_share * (1.0 + group_growth) / (1.0 + total_growth)


def year_to_date_growth(monthly: Floats, year: int, first_year: int, months: int) -> float:
    """Growth of the first months of a year over the same months of the year before.

    Args:
        monthly: real values by month, starting in January of ``first_year``.
        year: year of the numerator.
        first_year: year of ``monthly[0]``.
        months: 11 for January to November.

    Returns:
        A share: 0.147 is 14.7 %.

    Raises:
        ValueError: the months are not covered.
    """
    start = (year - first_year) * YEAR
    if start - YEAR < 0 or start + months > len(monthly) or not 1 <= months <= YEAR:
        raise ValueError(f"no {months} months of {year} and {year - 1} in the series")
    now, before = monthly[start : start + months].sum(), monthly[start - YEAR : start - YEAR + months].sum()
    return float(now / before - 1.0)


def pull(growth: float, base_share: float) -> float:
    """Points that a group adds to the growth of the whole: 100 x growth x its share of the base period."""
    return 100.0 * growth * base_share


def contribution(group_pull: float, total_growth: float) -> float:
    """Share of the whole's growth that comes from a group; above 1 where the rest shrinks.

    Args:
        group_pull: points.
        total_growth: growth of the whole, a share.
    """
    return group_pull / (100.0 * total_growth)


def growth_from_contribution(group_pull: float, share_of_growth: float) -> float:
    """Growth of the whole implied by a group's pull (points) and contribution: 19.2 / 1.304 = 14.72 %, as a share."""
    return group_pull / share_of_growth / 100.0


def rest_growth(total_growth: float, group_pull: float, base_share: float) -> float:
    """Growth of everything outside a group, a share: (g - pull) / (1 - s)."""
    return (total_growth - group_pull / 100.0) / (1.0 - base_share)
