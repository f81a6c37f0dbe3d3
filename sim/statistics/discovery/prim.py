"""Boxes in which cases fail, by the patient rule induction method (PRIM); see :mod:`sim.statistics.discovery`."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.statistics.discovery.boxes import (
    LEAST_MASS,
    LEVEL,
    Bools,
    Box,
    Limit,
    all_hold,
    checked,
    enough,
    halves,
    judged,
    more_often,
    tested_sides,
)

MOST_BOXES = 3
"""Boxes after which nobody reads on (assumption)."""


def prim_boxes(
    inputs: pd.DataFrame,
    failed: Bools,
    seed: int = 0,
    most: int = MOST_BOXES,
    together: NDArray[np.int64] | None = None,
) -> tuple[Box, ...]:
    """Boxes in which cases fail, each found in the cases outside those before.

    Args:
        inputs: (n, k) numbers, or choices as text, category or truth value.
        failed: (n,).
        seed: of the lot by which cases find or judge.
        most: boxes at most.
        together: (n,) numbers; cases with one number share their luck: they find, or they judge.

    Returns:
        Coverage and mass count all cases, density only those outside earlier boxes. Empty if all or no case failed, if
        too few did (:data:`~sim.statistics.discovery.boxes.FEWEST`), or if no condition sets the failures apart; see
        :func:`~sim.statistics.discovery.answer`.

    Raises:
        DiscoveryError: shapes that do not fit, or inputs that miss a value.
    """
    table, bad = checked(inputs, failed)
    finds, found = halves(bad, seed, together), list[Box]()
    left = np.ones(len(bad), dtype=bool)
    while len(found) < most and enough(bad[left]):
        limits = _most_telling(table[left & finds], bad[left & finds])
        judge = left & ~finds
        limits = supported(limits, table[judge], bad[judge])
        if not limits:
            break
        found.append(judged(limits, table, bad, ~finds, left))
        left &= ~all_hold(limits, table)
    return tuple(found)


def _most_telling(inputs: pd.DataFrame, failed: Bools) -> tuple[Limit, ...]:
    """The sides of the box with the largest F1 along the peeling; none if that is the box of all cases."""
    best, chosen = 2.0 * failed.sum() / (failed.sum() + len(failed)), tuple[Limit, ...]()
    if inputs.shape[1] == 0:
        return chosen
    for limits in _trajectories(inputs, failed):
        inside = all_hold(limits, inputs)
        score = 2.0 * np.count_nonzero(inside & failed) / (failed.sum() + inside.sum())  # F1, multiplied out
        if score > best:
            best, chosen = score, limits
    return chosen


def _trajectories(inputs: pd.DataFrame, failed: Bools) -> list[tuple[Limit, ...]]:
    """Boxes along two peelings of the EMA workbench, each as its sides; the workbench's own shares are not used.

    One takes the peel with the largest gain a case, which is patient with choices but stops where chance lets no strip
    gain; the other that with the largest mean, which goes on. Version 2.5 wants a threshold and counts cases of
    interest by it, version 3 has none. Both fail with whole numbers under pandas 3, hence floats; and names are ours
    because a column `scenario` would be dropped.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what else could be installed, and of pandas to come
        from ema_workbench.analysis import prim

        plain = inputs.set_axis([f"x{place}" for place in range(inputs.shape[1])], axis=1).reset_index(drop=True)
        wanted = {"threshold": 0.0} if "threshold" in inspect.signature(prim.Prim.__init__).parameters else {}
        boxes = []
        for gain in (prim.PRIMObjectiveFunctions.LENIENT1, prim.PRIMObjectiveFunctions.ORIGINAL):
            search = prim.Prim(plain, failed.astype(np.int64), obj_function=gain, mass_min=LEAST_MASS, **wanted)
            start, *later = search.find_box().box_lims
            boxes += [_sides(box, start, inputs.columns) for box in later]
    return boxes


def _sides(box: pd.DataFrame, start: pd.DataFrame, names: pd.Index[str]) -> tuple[Limit, ...]:
    """What a box of the workbench restricts, one limit a side."""
    sides = []
    for place, name in enumerate(names):
        if f"x{place}" not in box:
            continue
        (low, high), (first, last) = box[f"x{place}"], start[f"x{place}"]
        if isinstance(low, set):
            if low != first:
                sides.append(Limit(name, values=tuple(sorted(low))))
            continue
        if low > first:
            sides.append(Limit(name, low=float(low)))
        if high < last:
            sides.append(Limit(name, high=float(high)))
    return tuple(sides)


def supported(sides: tuple[Limit, ...], inputs: pd.DataFrame, failed: Bools) -> tuple[Limit, ...]:
    """What the judging half leaves of a box: nothing if it fails there no more than elsewhere, else no weak side."""
    if not more_often(all_hold(sides, inputs), failed):
        return ()
    while sides:
        tested = tested_sides(sides, inputs, failed)
        weakest = max(range(len(tested)), key=lambda place: tested[place].p)
        if tested[weakest].p <= LEVEL:
            return _joined(tested)
        sides = tuple(side for place, side in enumerate(sides) if place != weakest)
    return ()


def _joined(sides: Sequence[Limit]) -> tuple[Limit, ...]:
    """One limit a factor, the clearest first."""
    factors: dict[str, Limit] = {}
    for side in sides:
        other = factors.get(side.factor, side)
        low, high, p = max(side.low, other.low), min(side.high, other.high), max(side.p, other.p)
        factors[side.factor] = replace(side, low=low, high=high, p=p)
    return tuple(sorted(factors.values(), key=lambda limit: limit.p))
