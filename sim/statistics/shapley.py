"""Who did it: the parts of several changes in their common effect (Shapley values), and how they act together.

A coalition S is the set of changes that are made, v(S) the outcome. The part of change i of n is its contribution
averaged over all orders in which the changes can be made::

    phi_i = sum over S without i of  |S|! (n - |S| - 1)! / n!  (v(S + i) - v(S))

It is the only rule by which the parts add up to v(all) - v(none) (efficiency), changes that do the same get the same
(symmetry), a change that does nothing gets nothing (null player), and parts of a sum of outcomes are sums of parts
(Shapley, A value for n-person games, 1953; for decompositions in economics Shorrocks, Journal of Economic Inequality
11, 2013). How two changes act together (Grabisch and Roubens, International Journal of Game Theory 28, 1999)::

    I_ij = sum over S without i, j of  |S|! (n - |S| - 2)! / (n - 1)!  (v(S + ij) - v(S + i) - v(S + j) + v(S))

above 0 where they help one another. phi_i - 1/2 sum_j I_ij is what change i does apart from that, and all of these with
all pairs add up to the whole again (Lundberg and others, Nature Machine Intelligence 2, 2020).

Beyond 8 changes orders are drawn, each with its reverse (Castro, Gomez and Tejada, Computers and Operations Research
36, 2009; Mitchell and others, Journal of Machine Learning Research 23, 2022, on reversed orders). The contributions
along one order add up to the whole effect, so their mean over any orders does, too.

Coalitions are numbers: bit i is set where change i is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from sim.statistics.paired import CONFIDENCE, intervals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_EXACT = 8
"""Most changes whose coalitions are all computed: 256 scenarios (the cost doubles with each change)."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Parts of the changes in their common effect.

    Attributes:
        mean: (n, ...) part of each change; the sum over the changes is the mean whole effect.
        low: (n, ...) lower end of the 90 % interval.
        high: (n, ...) upper end.
        interactions: (n, n, ...) how two changes act together, mean over seeds, diagonal 0; None where orders are
            drawn.
    """

    mean: Floats
    low: Floats
    high: Floats
    interactions: Floats | None

    @property
    def alone(self) -> Floats | None:
        """(n, ...) what each change does apart from the others; with half of each interaction it is its part."""
        return None if self.interactions is None else self.mean - 0.5 * self.interactions.sum(axis=1)


def exact_values(values: Floats) -> Floats:
    """(n, ...) Shapley values of a game.

    Args:
        values: (2^n, ...) outcome of every coalition, by its number.

    Raises:
        ValueError: the first dimension is not a power of 2.
    """
    players = _players(values)
    found = np.zeros((players, *values.shape[1:]))
    numbers = np.arange(len(values))
    size = _sizes(numbers, players)
    for player in range(players):
        without = numbers[(numbers >> player) & 1 == 0]
        weight = np.array([factorial(s) * factorial(players - s - 1) for s in size[without]]) / factorial(players)
        gain = values[without | (1 << player)] - values[without]
        found[player] = np.tensordot(weight, gain, axes=1)
    return found


def interaction_values(values: Floats) -> Floats:
    """(n, n, ...) Shapley interaction of every two changes, symmetric, 0 on the diagonal.

    Args:
        values: (2^n, ...) as for :func:`exact_values`.
    """
    players = _players(values)
    found = np.zeros((players, players, *values.shape[1:]))
    numbers = np.arange(len(values))
    size = _sizes(numbers, players)
    for one in range(players):
        for other in range(one + 1, players):
            a, b = 1 << one, 1 << other
            rest = numbers[numbers & (a | b) == 0]
            weight = np.array([factorial(s) * factorial(players - s - 2) for s in size[rest]]) / factorial(players - 1)
            bend = values[rest | a | b] - values[rest | a] - values[rest | b] + values[rest]
            found[one, other] = found[other, one] = np.tensordot(weight, bend, axes=1)
    return found


def exact_parts(values: Floats) -> Parts:
    """Parts with intervals over paired seeds.

    Args:
        values: (2^n, seeds, ...) outcome of every coalition and seed.
    """
    by_seed = exact_values(values)
    mean, low, high = intervals(np.swapaxes(by_seed, 0, 1))
    return Parts(mean, low, high, interaction_values(values).mean(axis=2))


def draw_orders(players: int, pairs: int, luck: np.random.Generator) -> Ints:
    """(2 pairs, players) orders of the changes: each drawn one is followed by its reverse.

    Args:
        players: number of changes.
        pairs: orders drawn.
        luck: where they are drawn from.
    """
    drawn = np.array([luck.permutation(players) for _ in range(pairs)], dtype=np.int64).reshape(pairs, players)
    return np.stack([drawn, drawn[:, ::-1]], axis=1).reshape(2 * pairs, players)


def coalitions(orders: Ints) -> list[int]:
    """Numbers of all coalitions that the orders pass through, none and all among them, in rising order."""
    return sorted({mask for order in orders for mask in passed(order)})


def passed(order: Sequence[int] | Ints) -> list[int]:
    """The coalitions that one order passes through, from none to all."""
    masks = [0]
    for player in order:
        masks.append(masks[-1] | 1 << int(player))
    return masks


def sampled_parts(values: Mapping[int, Floats], orders: Ints) -> Parts:
    """Parts estimated from drawn orders, with intervals that hold both the draw of orders and the seeds.

    The variance of the mean is the sum of that of means by order pair and that of means by seed, each over its number:
    a little too large where the two act together, never too small on average. Degrees of freedom are those of the
    smaller number.

    Args:
        values: (seeds, ...) by number of the coalition; all those of :func:`coalitions` are needed.
        orders: (2 m, n) from :func:`draw_orders`: every two are each other's reverse.

    Raises:
        ValueError: the orders do not come in pairs.
        KeyError: the outcome of a coalition is missing.
    """
    if len(orders) % 2 or (orders[::2] != orders[1::2, ::-1]).any():
        raise ValueError("orders must come in pairs, each followed by its reverse")
    gains = np.array([_along(values, order) for order in orders])  # (2 m, n, seeds, ...)
    pairs = 0.5 * (gains[::2] + gains[1::2])
    mean = pairs.mean(axis=(0, 2))
    spread = _variance_of_mean(pairs.mean(axis=2)) + _variance_of_mean(np.swapaxes(pairs.mean(axis=0), 0, 1))
    count = min(pairs.shape[0], pairs.shape[2])
    half = student.ppf(0.5 + CONFIDENCE / 2, count - 1) * np.sqrt(spread) if count > 1 else np.full(mean.shape, np.inf)
    return Parts(mean, mean - half, mean + half, None)


def _along(values: Mapping[int, Floats], order: Ints) -> Floats:
    """(n, seeds, ...) contribution of each change where the changes are made in this order."""
    masks = passed(order)
    found = np.empty((len(order), *values[0].shape))
    for player, before, after in zip(order, masks, masks[1:], strict=False):
        found[player] = values[after] - values[before]
    return found


def _variance_of_mean(values: Floats) -> Floats:
    """Variance of the mean over the first dimension; 0 where there is only one (the other part then stands alone)."""
    return values.var(axis=0, ddof=1) / len(values) if len(values) > 1 else np.zeros(values.shape[1:])


def _players(values: Floats) -> int:
    """Number of changes of 2^n coalitions."""
    players = max(len(values), 1).bit_length() - 1
    if len(values) != 1 << players:
        raise ValueError(f"{len(values)} outcomes are not those of all coalitions, whose number is a power of 2")
    return players


def _sizes(numbers: Ints, players: int) -> Ints:
    """Number of changes made in each coalition."""
    return np.array([sum((number >> player) & 1 for player in range(players)) for number in numbers.tolist()])
