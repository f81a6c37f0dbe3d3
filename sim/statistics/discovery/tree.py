"""Trees that part cases that fail from those that do not; see :mod:`sim.statistics.discovery`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.statistics.discovery.boxes import (
    LEAST_MASS,
    Bools,
    Box,
    Limit,
    all_hold,
    checked,
    enough,
    halves,
    is_number,
    judged,
    more_often,
    tested_sides,
)

FOLDS = 10
"""Parts of the cross-validation of a tree, the usual number."""


def cart(
    inputs: pd.DataFrame, failed: Bools, seed: int = 0, together: NDArray[np.int64] | None = None
) -> tuple[Box, ...]:
    """The leaves of a tree, those that fail most first; together they hold all cases.

    Args:
        inputs: as for :func:`~sim.statistics.discovery.prim_boxes`.
        failed: (n,).
        seed: of the lot and of the folds.
        together: as for :func:`~sim.statistics.discovery.prim_boxes`.

    Returns:
        Empty where :func:`~sim.statistics.discovery.prim_boxes` would be.

    Raises:
        DiscoveryError: shapes that do not fit, or inputs that miss a value.
    """
    table, bad = checked(inputs, failed)
    if not enough(bad) or table.shape[1] == 0:
        return ()
    finds = halves(bad, seed, together)
    leaves = _leaves(table[finds], bad[finds], seed)
    if len(leaves) < 2:
        return ()
    rate = [bad[finds][all_hold(leaf, table[finds])].mean() for leaf in leaves]
    everything = np.ones(len(bad), dtype=bool)
    boxes = [judged(tested_sides(leaf, table[~finds], bad[~finds]), table, bad, ~finds, everything) for leaf in leaves]
    worst = boxes[int(np.argmax(rate))]
    if not more_often(all_hold(worst.limits, table[~finds]), bad[~finds]):
        return ()
    return tuple(sorted(boxes, key=lambda box: -box.density if box.cases else 1.0))


def _leaves(inputs: pd.DataFrame, failed: Bools, seed: int) -> list[tuple[Limit, ...]]:
    """Conditions of the leaves of the smallest tree within one standard error of the best."""
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.tree import DecisionTreeRegressor

    columns = [
        (str(name), value)
        for name in inputs
        for value in ([None] if is_number(inputs[name]) else sorted(inputs[name].unique()))
    ]
    x = np.column_stack([inputs[name] if value is None else inputs[name] == value for name, value in columns])
    x, y = x.astype(np.float64), failed.astype(np.float64)  # a tree of shares: the squared error is Gini's and Brier's

    def tree(alpha: float) -> Any:
        """A tree that pays alpha for a leaf."""
        return DecisionTreeRegressor(min_samples_leaf=LEAST_MASS, ccp_alpha=alpha, random_state=seed)

    prices = tree(0.0).cost_complexity_pruning_path(x, y).ccp_alphas
    between = np.append(np.sqrt(np.maximum(prices[:-1] * prices[1:], 0.0)), prices[-1])
    parts = min(FOLDS, int(np.count_nonzero(failed)), int(np.count_nonzero(~failed)))
    folds = list(StratifiedKFold(parts, shuffle=True, random_state=seed).split(x, y))
    errors = np.array(
        [-cross_val_score(tree(alpha), x, y, cv=folds, scoring="neg_mean_squared_error") for alpha in between]
    )
    mean, doubt = errors.mean(axis=1), errors.std(axis=1, ddof=1) / np.sqrt(parts)
    best = int(mean.argmin())
    small = int(np.flatnonzero(mean <= mean[best] + doubt[best]).max())
    return _paths(tree(float(between[small])).fit(x, y).tree_, columns, inputs)


def _paths(tree: Any, columns: Sequence[tuple[str, str | None]], inputs: pd.DataFrame) -> list[tuple[Limit, ...]]:
    """Conditions on the way to each leaf of scikit-learn's tree, those of one factor joined."""
    leaves, ways = [], [(0, tuple[Limit, ...]())]
    while ways:
        node, limits = ways.pop()
        if tree.children_left[node] < 0:
            leaves.append(limits)
            continue
        name, value = columns[tree.feature[node]]
        if value is None:
            edge = float(tree.threshold[node])
            below, above = Limit(name, high=edge), Limit(name, low=float(np.nextafter(edge, np.inf)))
        else:
            below = Limit(name, values=tuple(sorted(set(inputs[name].unique()) - {value})))
            above = Limit(name, values=(value,))
        ways += [
            (int(tree.children_right[node]), _and(limits, above)),
            (int(tree.children_left[node]), _and(limits, below)),
        ]
    return leaves


def _and(limits: tuple[Limit, ...], more: Limit) -> tuple[Limit, ...]:
    """Limits with one more, joined with that of the same factor."""
    for place, limit in enumerate(limits):
        if limit.factor == more.factor:
            values = tuple(value for value in limit.values if value in more.values)
            joined = Limit(limit.factor, max(limit.low, more.low), min(limit.high, more.high), values)
            return limits[:place] + (joined,) + limits[place + 1 :]
    return (*limits, more)
