"""Where to look next, if a look is dear: models of what is known, and points that a draw of them finds best.

Thompson sampling with several goals, after Bradford, Schweidtmann and Lapkin, Journal of Global Optimization 71 (2018),
407-438: each goal has a Gaussian process, and each new point is the candidate that adds most hypervolume to what is
known in one joint draw of all of them. So points spread where the models are unsure as well as where they promise most,
and a dozen may be asked for at a time. Candidates are recombinations of the points that nothing beats, with some of
their coordinates moved: in many dimensions good points lie near good points.

A bound on a figure is a process of its own: a candidate counts if it keeps the bound in the same draw.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sim.statistics.emulator import fit_emulator
from sim.statistics.fronts import hypervolume, pareto, reference

Floats = NDArray[np.float64]

CANDIDATES = 500
"""Points among which each draw chooses (numerical)."""

MOVED, STEP = 0.3, 0.15
"""Part of the coordinates of a candidate that are moved, half of them anywhere, half by a normal step of this size
(numerical)."""

MOST_KNOWN = 200
"""Points that a process knows (numerical; its time grows with the third power): the newest of those that nothing beats,
then the newest others."""

LEAST_BROKEN = 5
"""Points to go on from while no known one keeps all bounds (numerical)."""


def next_points(
    points: Floats,
    values: Floats,
    signs: Floats,
    margins: Floats,
    count: int,
    luck: np.random.Generator,
    beyond: Callable[[Floats], Floats] | None = None,
) -> Floats:
    """Points to look at next.

    Args:
        points: (n, d) known ones, in the unit cube, at least ten.
        values: (n, G) goals of each, finite.
        signs: (G,) 1 where more is better, -1 where less is.
        margins: (n, M) by which part of it each bound is broken, below 0 where there is room, finite; M may be 0.
        count: how many.
        luck: for candidates and draws.
        beyond: gives the margins of further bounds, (c, K), of candidates (c, d), where they are known without a look.

    Returns:
        (count, d) in the unit cube, none of them known.
    """
    bounds = beyond or (lambda candidates: np.zeros((len(candidates), 0)))
    broken = np.maximum(np.hstack([margins, bounds(points)]), 0.0).sum(axis=1)
    kept = broken <= 0
    best = np.flatnonzero(kept)[pareto(values[kept], signs)] if kept.any() else np.argsort(broken)[:LEAST_BROKEN]
    candidates = _candidates(points[best], points, count, luck)
    exact = np.maximum(bounds(candidates), 0.0).sum(axis=1)
    rows = _known(len(points), best)
    drawn = [
        fit_emulator(points[rows], column[rows]).draws(candidates, count, luck)
        for column in np.hstack([values, margins]).T
    ]
    goals = values.shape[1]
    front = values[best] if kept.any() else values[:0]
    chosen: list[int] = []
    for draw in range(count):
        figures = np.column_stack([each[:, draw] for each in drawn])
        breaks = exact + np.maximum(figures[:, goals:], 0.0).sum(axis=1)
        free = np.setdiff1d(np.arange(len(candidates)), chosen)
        allowed = free[breaks[free] <= 0]
        if len(allowed):
            held = [each for each in chosen if breaks[each] <= 0]
            before = np.vstack([front, figures[held, :goals]])
            chosen.append(int(allowed[most_added(before, figures[allowed, :goals], signs)]))
        else:
            chosen.append(int(free[breaks[free].argmin()]))
    return candidates[chosen]


def _candidates(parents: Floats, known: Floats, count: int, luck: np.random.Generator) -> Floats:
    """(c, d) recombinations of parents (p, d) with some coordinates moved, each once; at least so many, none known."""
    size = CANDIDATES, parents.shape[1]
    one, other = (parents[luck.integers(len(parents), size=size[0])] for _ in range(2))
    mixed = np.where(luck.random(size) < 0.5, one, other)
    near = np.clip(mixed + STEP * luck.normal(size=size), 0.0, 1.0)
    elsewhere = np.where(luck.random(size) < 0.5, near, luck.random(size))
    found = np.unique(np.where(luck.random(size) < MOVED, elsewhere, mixed), axis=0)
    found = found[~(found[:, None, :] == known[None, :, :]).all(axis=2).any(axis=1)]
    return found if len(found) >= count else np.vstack([found, luck.random((count, size[1]))])


def _known(points: int, best: NDArray[np.intp]) -> NDArray[np.intp]:
    """Numbers of the points that processes are given."""
    rest = np.setdiff1d(np.arange(points), best)
    return np.sort(np.concatenate([np.sort(best)[::-1], rest[::-1]])[:MOST_KNOWN])


def most_added(before: Floats, offered: Floats, signs: Floats) -> int:
    """Which point adds most hypervolume to those before; if none adds any, the one that has most by itself.

    Args:
        before: (b, G) values that there are; b may be 0.
        offered: (c, G) values to choose from, at least one.
        signs: (G,) 1 where more is better, -1 where less is.
    """
    both = np.vstack([before, offered])
    some = np.flatnonzero(pareto(both, signs)[len(before) :])
    if not len(some):
        return most_added(offered[:0], offered, signs)
    box = reference(both, signs)
    return int(some[np.argmax([hypervolume(np.vstack([before, offered[[each]]]), box) for each in some])])
