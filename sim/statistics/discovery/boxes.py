"""Conditions under which cases fail, in numbers and in words, and how the judging half judges them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import hypergeom

from sim.statistics.tails import share

Bools = NDArray[np.bool_]

LEVEL = 0.05
"""Chance at most that a box is told where there is none, and that one of its sides means nothing."""

FEWEST = 10
"""Cases that failed, and cases that did not, which a search needs: five in each half (assumption)."""

LEAST_MASS = 0.05
"""Smallest part of the cases that a box or a leaf may hold (Bryant and Lempert's)."""


class DiscoveryError(ValueError):
    """Cases that cannot be searched; the message is one sentence."""


@dataclass(frozen=True)
class Limit:
    """What a condition says of one factor.

    Attributes:
        factor: its name.
        low, high: ends, infinite where there is none; both belong to it.
        values: of a factor that is a choice, those that belong to it; empty for a number.
        p: chance of so many failures in the judging half if the side did nothing, of the weaker side.
    """

    factor: str
    low: float = -np.inf
    high: float = np.inf
    values: tuple[str, ...] = ()
    p: float = float("nan")

    def holds(self, column: pd.Series) -> Bools:
        """(n,) in which cases it holds."""
        if self.values:
            return np.asarray(column.astype(str).isin(self.values))
        number = column.to_numpy(np.float64)
        return np.asarray((number >= self.low) & (number <= self.high))


@dataclass(frozen=True)
class Box:
    """Conditions, and what happens under them; shares are those of the judging half.

    Attributes:
        limits: of the factors that matter, the clearest first.
        coverage: share of all failures that lie inside.
        density: share of failures among the cases inside.
        low, high: 90 % interval of the density.
        mass: share of all cases that lie inside.
        everywhere: share of failures among all cases.
        cases: in the judging half inside.
    """

    limits: tuple[Limit, ...]
    coverage: float
    density: float
    low: float
    high: float
    mass: float
    everywhere: float
    cases: int

    def inside(self, inputs: pd.DataFrame) -> Bools:
        """(n,) which cases meet all conditions."""
        return all_hold(self.limits, inputs)


def words(box: Box, units: Mapping[str, str] | None = None, verb: str = "fails") -> str:
    """A sentence that says under which conditions a policy fails, how often, and how much of all failure that is.

    Args:
        box: of :func:`~sim.statistics.discovery.prim_boxes` or :func:`~sim.statistics.discovery.cart`.
        units: of factors, put behind their limits; a factor without one has a bare number.
        verb: what happens in the cases that were searched for.
    """
    conditions = " and ".join(_condition(limit, (units or {}).get(limit.factor, "")) for limit in box.limits)
    return (
        f"It {verb} in {_percent(box.density)} of the cases in which {conditions} "
        f"(90 % interval {_percent(box.low)} to {_percent(box.high)}; in all cases {_percent(box.everywhere)}); "
        f"this covers {_percent(box.coverage)} of all cases in which it {verb}."
    )


def answer(boxes: Sequence[Box], failed: Bools, units: Mapping[str, str] | None = None, verb: str = "fails") -> str:
    """What a search found, also where it found nothing, and why.

    Args:
        boxes: of :func:`~sim.statistics.discovery.prim_boxes`; of a tree give the leaves that matter to :func:`words`,
            one by one.
        failed: (n,) that was searched.
        units: as for :func:`words`.
        verb: as for :func:`words`.
    """
    count, hits = len(failed), int(np.count_nonzero(failed))
    if boxes:
        first, *others = [words(box, units, verb) for box in boxes]
        return " ".join([first, *(f"Of the other cases, it{sentence[2:]}" for sentence in others)])
    if hits in (0, count):
        return f"It {verb} in {'none' if hits == 0 else 'all'} of {count} cases, so there is nothing to set apart."
    if not enough(np.asarray(failed, dtype=bool)):
        return f"It {verb} in {hits} of {count} cases; to say when, at least {FEWEST} cases of both kinds are needed."
    return f"It {verb} in {hits} of {count} cases, and no condition on the inputs sets them apart."


def checked(inputs: pd.DataFrame, failed: Bools) -> tuple[pd.DataFrame, Bools]:
    """Numbers as floats and choices as text, without factors that have one value only."""
    if len(inputs) != len(failed) or np.ndim(failed) != 1:
        raise DiscoveryError(f"{len(inputs)} cases and results of shape {np.shape(failed)} do not belong together")
    if missing := [str(name) for name in inputs if inputs[name].isna().any()]:
        raise DiscoveryError(f"the input {missing[0]} misses a value; leave such cases out")
    if not inputs.columns.is_unique:
        raise DiscoveryError("two inputs have one name")
    table = {
        str(name): column.astype(np.float64).to_numpy() if is_number(column) else column.astype(str).to_numpy(object)
        for name, column in inputs.items()
        if column.nunique() > 1
    }
    return pd.DataFrame(table, index=range(len(inputs))), np.asarray(failed, dtype=bool)


def is_number(column: pd.Series) -> bool:
    """Whether limits make sense; a truth value is a choice."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def enough(failed: Bools) -> bool:
    """Whether there are enough cases of both kinds."""
    return bool(min(np.count_nonzero(failed), np.count_nonzero(~failed)) >= FEWEST)


def halves(failed: Bools, seed: int, together: NDArray[np.int64] | None = None) -> Bools:
    """(n,) the cases that find: half of those that failed and half of those that did not, by lot.

    Args:
        failed: (n,).
        seed: of the lot.
        together: (n,) numbers; cases with one number share their luck and stay together.
    """
    rng, finds = np.random.default_rng(seed), np.zeros(len(failed), dtype=bool)
    _, group = np.unique(np.arange(len(failed)) if together is None else together, return_inverse=True)
    failures = np.bincount(group, weights=failed)
    for count in np.unique(failures)[::-1]:
        alike = rng.permutation(np.flatnonzero(failures == count))
        finds |= np.isin(group, alike[: len(alike) // 2])
    return finds


def all_hold(limits: Sequence[Limit], inputs: pd.DataFrame) -> Bools:
    """(n,) which cases meet all conditions."""
    inside = np.ones(len(inputs), dtype=bool)
    for limit in limits:
        inside &= limit.holds(inputs[limit.factor])
    return inside


def p_more_often(inside: Bools, failed: Bools) -> float:
    """Chance of so many failures inside if as many cases were drawn by lot: Fisher's exact test; 1 without any inside.

    Bryant and Lempert (2010) take the share among all as known and test by the binomial. That misses the plain case of
    a wide box around most failures, as the cases inside make up most of that share.

    Args:
        inside: (n,) which cases.
        failed: (n,) which failed.
    """
    if not inside.any():
        return 1.0
    hits = int(np.count_nonzero(inside & failed))
    return float(hypergeom.sf(hits - 1, len(failed), int(np.count_nonzero(failed)), int(np.count_nonzero(inside))))


def more_often(inside: Bools, failed: Bools) -> bool:
    """Whether cases inside fail more often than all do, beyond chance."""
    return p_more_often(inside, failed) <= LEVEL


def tested_sides(sides: Sequence[Limit], inputs: pd.DataFrame, failed: Bools) -> tuple[Limit, ...]:
    """The same with chances, 1 if no case is inside."""
    tested, inside = [], all_hold(sides, inputs)
    for place, side in enumerate(sides):
        around = all_hold([other for at, other in enumerate(sides) if at != place], inputs)
        tested.append(replace(side, p=p_more_often(inside[around], failed[around])))
    return tuple(tested)


def judged(limits: Sequence[Limit], inputs: pd.DataFrame, failed: Bools, judge: Bools, left: Bools) -> Box:
    """A box with its shares among the cases that judge; of the cases left outside earlier boxes."""
    inside = all_hold(limits, inputs) & judge & left
    density, low, high = share(failed[inside])
    return Box(
        tuple(limits),
        float(np.count_nonzero(failed & inside) / max(int(np.count_nonzero(failed & judge)), 1)),
        float(density),
        float(low),
        float(high),
        float(inside.sum() / judge.sum()),
        float(failed[judge].mean()),
        int(inside.sum()),
    )


def _condition(limit: Limit, unit: str) -> str:
    """A limit in words."""
    name, behind = limit.factor.replace("_", " "), f" {unit}" if unit else ""
    if limit.values:
        return f"{name} is {' or '.join(limit.values)}"
    if np.isinf(limit.low):
        return f"{name} is at most {_number(limit.high)}{behind}"
    if np.isinf(limit.high):
        return f"{name} is at least {_number(limit.low)}{behind}"
    return f"{name} is between {_number(limit.low)} and {_number(limit.high)}{behind}"


def _number(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _percent(part: float) -> str:
    """A share in whole %."""
    return f"{100 * part:.0f} %"
