"""Policies with several goals, each run with the same seeds: which are better, beyond luck, and which to recommend.

Values are arrays (points, goals, seeds); seed j is the same luck at all points, so differences are paired
(:mod:`sim.statistics.paired`). Each goal has a sign, 1 where more is better and -1 where less is, and a tolerance in
its own unit: what nobody would argue about. Point a dominates point b if, by the intervals of the paired differences,

1. in at least one goal a is better than b by more than the tolerance (lower end above it),
2. in no goal a may be worse than b by more than the tolerance (lower end not below minus it), and
3. the mean gains, each measured in its tolerance, outweigh the mean losses.

Intervals cover 1 - 0.1/G of cases, G goals (Bonferroni). The first is a test of superiority, the second one of
non-inferiority, as for medicines with several endpoints (Roehmel and others, Biometrical Journal 48, 2006). Merely "not
shown to be worse" would not do for the second: the more luck, the more points would dominate. Nothing dominates itself,
for 0 is not above a tolerance; no two points dominate each other, for 1. for the one contradicts 2. for the other; and
by 3., since gains and losses around a circle add up to 0, points never dominate each other in a circle. So a front is
never empty. Without luck and with tolerances of 0 this is Pareto's dominance, which moocore computes (Lopez-Ibanez and
others; extra ``tune``). One seed shows nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.statistics.paired import CONFIDENCE, intervals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MARGIN = 0.1
"""By what part of a goal's range the reference point lies beyond the worst of the front: the usual tenth, without which
the ends of a front would count for nothing (Ishibuchi and others, Evolutionary Computation 26, 2018)."""

RESAMPLES = 200
"""Times that seeds are drawn again to see whether a recommendation stays (numerical)."""


class FrontError(ValueError):
    """Values that cannot be compared; the message is one sentence."""


@dataclass(frozen=True, eq=False)
class Reference:
    """The box in which hypervolume is measured.

    Attributes:
        worst: (G,) the reference point; what does not reach it in every goal counts for nothing.
        best: (G,) the best of each goal.
        signs: (G,) 1 where more is better, -1 where less is.
    """

    worst: Floats
    best: Floats
    signs: Floats


@dataclass(frozen=True, eq=False)
class Better:
    """A point that is better than the current policy, or comes near to it.

    Attributes:
        point: its number.
        dominates: whether it dominates the current policy.
        shortfall: how far it is from the first two conditions, in ranges of goals; 0 or less if they hold.
        distance: sum of the moves of all levers, each as part of its range.
        changes: (L,) new less current levers, in their units.
        gains: (G,) mean gain in each goal, in its unit, above 0 where it is better.
    """

    point: int
    dominates: bool
    shortfall: float
    distance: float
    changes: Floats
    gains: Floats


@dataclass(frozen=True)
class Recommendation:
    """The point that leaves least to regret.

    Attributes:
        point: its number.
        regret: largest regret over the goals, as part of the goal's range on the front.
        share: of draws of the seeds in which it is again the one; near 1 if other seeds would recommend it too, NaN
            with one seed.
    """

    point: int
    regret: float
    share: float


def dominance(values: Floats, signs: Floats, tolerance: Floats) -> Bools:
    """(P, P) whether the row's point dominates the column's, see above.

    Args:
        values: (P, G, R) of P points, G goals and R seeds, which are the same for all points.
        signs: (G,) 1 or -1.
        tolerance: (G,) 0 or more, in the unit of the goal.

    Raises:
        FrontError: shapes that do not fit, values that are not finite, signs or tolerances that are none.
    """
    gains = _gains(values, signs, tolerance)
    return np.stack([_better_than(one - gains, tolerance) for one in gains])


def dominates(one: Floats, other: Floats, signs: Floats, tolerance: Floats) -> bool:
    """Whether one point of (G, R) values dominates another; see :func:`dominance`."""
    return bool(dominance(np.stack([one, other]), signs, tolerance)[0, 1])


def front(values: Floats, signs: Floats, tolerance: Floats) -> Bools:
    """(P,) which points nothing dominates; never none. See :func:`dominance`."""
    return np.asarray(~dominance(values, signs, tolerance).any(axis=0))


def pareto(means: Floats, signs: Floats) -> Bools:
    """(P,) which of (P, G) values without luck nothing dominates; equal points stay all."""
    import moocore

    return np.asarray(moocore.is_nondominated(-np.asarray(means) * signs, keep_weakly=True), dtype=bool)


def reference(means: Floats, signs: Floats) -> Reference:
    """The box for hypervolumes: from the best of each goal to beyond the worst on the front.

    Fronts that are compared need one box: give the points of all of them. Only the front counts, so that a poor point
    which a search happened to try does not change the measure; a goal without range on it has that of all points, and
    1 if there is none either.

    Args:
        means: (P, G) means over seeds.
        signs: (G,) 1 or -1.

    Raises:
        FrontError: as for :func:`dominance`.
    """
    gains = _gains(means[:, :, None], signs, np.zeros(len(signs)))[:, :, 0]
    edge = gains[pareto(means, signs)]
    best, width = edge.max(axis=0), np.ptp(edge, axis=0)
    width = np.where(width > 0, width, np.ptp(gains, axis=0))
    worst = edge.min(axis=0) - MARGIN * np.where(width > 0, width, 1.0)
    return Reference(worst * signs, best * signs, np.asarray(signs, dtype=np.float64))


def hypervolume(means: Floats, box: Reference) -> float:
    """Part of a box that points dominate (Zitzler and Thiele 1999): 0 if none is inside, 1 if one reaches its end.

    Args:
        means: (P, G) means over seeds, any number of points, none included.
        box: of :func:`reference`.
    """
    import moocore

    scale = (box.best - box.worst) * box.signs
    inside = np.clip((np.asarray(means) - box.worst) * box.signs / scale, 0.0, 1.0).reshape(-1, len(scale))
    return float(moocore.hypervolume(-inside, ref=np.zeros(len(scale)))) if len(inside) else 0.0


def nearest_better(
    values: Floats, signs: Floats, tolerance: Floats, levers: Floats, ranges: Floats, current: int
) -> tuple[Better, ...]:
    """Points that dominate the current policy, those that change least first.

    Args:
        values: (P, G, R) of all points, the current policy among them.
        signs: (G,) 1 or -1.
        tolerance: (G,).
        levers: (P, L) levers of the points, in their units.
        ranges: (L,) width of what may be chosen, above 0.
        current: number of the current policy.

    Returns:
        If no point dominates it: all others, those that come nearest to doing so first.

    Raises:
        FrontError: as for :func:`dominance`, and levers that do not fit.
    """
    gains = _gains(values, signs, tolerance)
    if levers.shape != (len(values), len(ranges)) or not (np.asarray(ranges) > 0).all():
        raise FrontError(f"levers of shape {levers.shape} need as many rows as points and ranges above 0")
    ahead, changes = gains - gains[current], levers - levers[current]
    moved = np.abs(changes / ranges).sum(axis=1)
    spread = np.ptp(gains.mean(axis=2), axis=0)
    _, low, _ = _intervals(ahead)
    unit = np.where(spread > 0, spread, 1.0)
    with np.errstate(invalid="ignore"):
        short = np.maximum(((-tolerance - low) / unit).max(axis=1), ((tolerance - low) / unit).min(axis=1))
    beats = _better_than(ahead, tolerance)
    found = [
        Better(
            point, bool(beats[point]), float(short[point]), float(moved[point]), changes[point], mean * signs * signs
        )
        for point, mean in enumerate(ahead.mean(axis=2))
        if point != current
    ]
    if beats.any():
        return tuple(sorted((one for one in found if one.dominates), key=lambda one: one.distance))
    return tuple(sorted(found, key=lambda one: (one.shortfall, one.distance)))


def recommended(
    values: Floats, signs: Floats, members: Bools, seed: int = 0, resamples: int = RESAMPLES
) -> Recommendation:
    """The point of a front whose largest regret is least (Savage, Journal of the American Statistical Association 46).

    Regret is what a point gives away in a goal against the best of the front, as part of the range of that goal on the
    front. No weights are chosen, no goal can be bought out by another, and any number of goals will do; a knee, far
    from the plane through the ends of the front, needs a bulging front and hangs on its two or three end points alone.
    Seeds are drawn again, the same for all points, and the point that comes out most often is the one, which a lucky
    seed moves less than the point of the means.

    Args:
        values: (P, G, R) of all points.
        signs: (G,) 1 or -1.
        members: (P,) of :func:`front`.
        seed: of the draws.
        resamples: draws.

    Raises:
        FrontError: as for :func:`dominance`, and a front without points.
    """
    points = np.flatnonzero(members)
    if len(points) == 0:
        raise FrontError("there is no point on the front to recommend")
    gains = _gains(values, signs, np.zeros(len(signs)))[points]
    again = np.random.default_rng(seed).integers(gains.shape[2], size=(resamples, gains.shape[2]))
    chosen = np.array([_largest_regret(gains[:, :, draw].mean(axis=2)).argmin() for draw in again])
    times = np.bincount(chosen, minlength=len(points))
    regret = _largest_regret(gains.mean(axis=2))
    place = int(np.lexsort((regret, -times))[0])
    share = float(times[place] / resamples) if gains.shape[2] > 1 else float("nan")
    return Recommendation(int(points[place]), float(regret[place]), share)


def _largest_regret(gains: Floats) -> Floats:
    """(P,) largest over goals of what (P, G) gains miss of the best, as part of the range; 0 where there is none."""
    width = np.ptp(gains, axis=0)
    missed: Floats = ((gains.max(axis=0) - gains) / np.where(width > 0, width, 1.0)).max(axis=1)
    return missed


def _intervals(gains: Floats) -> tuple[Floats, Floats, Floats]:
    """(..., G) mean and ends of (..., G, R) paired gains, at a level corrected for the number of goals."""
    return intervals(np.moveaxis(gains, -1, 0), 1.0 - (1.0 - CONFIDENCE) / gains.shape[-2])


def _better_than(ahead: Floats, tolerance: Floats) -> Bools:
    """(P,) which of (P, G, R) paired gains meet the three conditions."""
    mean, low, _ = _intervals(ahead)
    counted = np.divide(mean, tolerance, out=np.where(mean > 0, np.inf, 0.0), where=tolerance > 0).sum(axis=1)
    return np.asarray((low > tolerance).any(axis=1) & (low >= -tolerance).all(axis=1) & (counted > 0))


def _gains(values: Floats, signs: Floats, tolerance: Floats) -> Floats:
    """(P, G, R) values turned so that more is better, after a look at them."""
    found, sides, enough = (np.asarray(one, dtype=np.float64) for one in (values, signs, tolerance))
    if found.ndim != 3 or sides.shape != found.shape[1:2] or enough.shape != sides.shape or 0 in found.shape:
        raise FrontError(
            f"values of shape {found.shape} (points, goals, seeds), {sides.size} signs and {enough.size} tolerances "
            "do not fit"
        )
    if not np.isfinite(found).all():
        raise FrontError("a point misses a value; leave out points of which a run ended early")
    if not np.isin(sides, (-1.0, 1.0)).all() or not (enough >= 0).all():
        raise FrontError("signs must be 1 or -1, tolerances 0 or more")
    return found * sides[:, None]
