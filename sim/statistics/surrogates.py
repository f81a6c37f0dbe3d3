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

MOST_KNOWN = 400
"""Points that a process knows (numerical; its time grows with the third power): all that nothing beats, the newest."""

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
        points: (n, d) known ones, in the unit cube, at least two.
        values: (n, G) goals of each.
        signs: (G,) 1 where more is better, -1 where less is.
        margins: (n, M) by which part of it each bound is broken, below 0 where there is room; M may be 0.
        count: how many.
        luck: for candidates and draws.
        beyond: gives the margins of further bounds, (c, K), of candidates (c, d), where they are known without a look.

    Returns:
        (count, d) in the unit cube.
    """
    bounds = beyond or (lambda candidates: np.zeros((len(candidates), 0)))
    broken = np.maximum(np.hstack([margins, bounds(points)]), 0.0).sum(axis=1)
    kept = broken <= 0
    best = np.flatnonzero(kept)[pareto(values[kept], signs)] if kept.any() else np.argsort(broken)[:LEAST_BROKEN]
    candidates = _candidates(points[best], luck)
    exact = np.maximum(bounds(candidates), 0.0).sum(axis=1)
    known = _known(len(points), best)
    drawn = [
        fit_emulator(points[known], column[known]).draws(candidates, count, luck)
        for column in np.hstack([values, margins]).T
    ]
    goals = values.shape[1]
    chosen: list[int] = []
    for draw in range(count):
        figures = np.column_stack([each[:, draw] for each in drawn])
        would_break = exact + np.maximum(figures[:, goals:], 0.0).sum(axis=1)
        would_break[chosen] = np.inf
        if would_break.min() > 0:
            chosen.append(int(would_break.argmin()))
        else:
            chosen.append(
                _most_added(values[kept], figures[:, :goals], signs, chosen, np.flatnonzero(would_break <= 0))
            )
    return candidates[chosen]


def _candidates(parents: Floats, luck: np.random.Generator) -> Floats:
    """(c, d) recombinations of parents (p, d) with some coordinates moved, each once."""
    size = CANDIDATES, parents.shape[1]
    one, other = (parents[luck.integers(len(parents), size=size[0])] for _ in range(2))
    mixed = np.where(luck.random(size) < 0.5, one, other)
    near = np.clip(mixed + STEP * luck.normal(size=size), 0.0, 1.0)
    elsewhere = np.where(luck.random(size) < 0.5, near, luck.random(size))
    return np.unique(np.where(luck.random(size) < MOVED, elsewhere, mixed), axis=0)


def _known(points: int, best: NDArray[np.intp]) -> NDArray[np.intp]:
    """Numbers of the points that processes are given: the best, then the newest."""
    rest = np.setdiff1d(np.arange(points), best)[::-1]
    return np.sort(np.concatenate([best, rest])[:MOST_KNOWN])


def _most_added(known: Floats, drawn: Floats, signs: Floats, chosen: list[int], allowed: NDArray[np.intp]) -> int:
    """The allowed candidate that adds most hypervolume to known values and to those of the candidates chosen."""
    base = np.vstack([known, drawn[chosen]])
    box = reference(np.vstack([base, drawn[allowed]]), signs)
    on_front = pareto(np.vstack([base, drawn[allowed]]), signs)[len(base) :]
    some = allowed[on_front] if on_front.any() else allowed
    return int(some[np.argmax([hypervolume(np.vstack([base, drawn[[each]]]), box) for each in some])])
