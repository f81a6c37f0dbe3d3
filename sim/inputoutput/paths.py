"""Structural path analysis: the supply chains, one by one, through which final demand calls for output, jobs or energy.

Defourny and Thorbecke, Economic Journal 94 (1984); Crama, Defourny and Gazon, Économie Appliquée 37 (1984); Treloar,
Economic Systems Research 9 (1997). A total e (I - A)^-1 f = e f + e A f + e A A f + ... is a sum over chains
e_i a_ij ... a_jk f_k that begin with the final demand for product k and go back from supplier to supplier to industry
i, where the amount arises. A chain that passes the same industry twice is a chain of its own (Crama, Treloar);
Defourny and Thorbecke list elementary chains, which do not, and multiply each by the loops along it:
:func:`path_multiplier`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError, Labels
from sim.inputoutput.leontief import Leontief
from sim.inputoutput.vectors import totals, vector

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CELLS_AT_ONCE = 5_000_000
"""Suppliers times chains that are looked at together (numerical: bounds memory)."""

ROUNDING = 1e-12
"""Chains below the tolerance by less than this share of it count as reaching it (numerical)."""


@dataclass(frozen=True)
class Path:
    """One supply chain.

    Attributes:
        industries: positions, first the product that is finally bought, then supplier by supplier; the amount arises in
            the last.
        value: amount that arises, unit of the intensity times money.
        label: the chain in words.
    """

    industries: tuple[int, ...]
    value: float
    label: str


@dataclass(frozen=True)
class Paths:
    """All chains that matter, the largest first.

    Attributes:
        total: amount of all chains, e (I - A)^-1 f; 0 where they cancel to rounding.
        paths: every chain of at least the threshold, and no other.
        threshold: smallest absolute value that is listed.
    """

    total: float
    paths: tuple[Path, ...]
    threshold: float

    @property
    def covered(self) -> float:
        """Sum of the listed chains."""
        return float(sum(path.value for path in self.paths))

    @property
    def rest(self) -> float:
        """What all smaller chains amount to: total - covered."""
        return self.total - self.covered

    @property
    def covered_share(self) -> float:
        """Listed part of the total; 1 where there is nothing at all, nan where the chains cancel to a total of 0."""
        if self.total == 0.0:
            return float("nan") if self.paths else 1.0
        return self.covered / self.total


def structural_paths(
    coefficients: ArrayLike,
    intensity: ArrayLike,
    final_demand: ArrayLike,
    tolerance: float = 0.001,
    *,
    amount: float | None = None,
    most: int = 100_000,
    labels: Labels = None,
) -> Paths:
    """Every chain whose value reaches a tolerance, by branch and bound; none is missed.

    A chain is followed further only while some chain that begins with it reaches the tolerance. What lies beyond an
    industry is bounded by its best chain, the largest product e_i a_ij ... that ends in it; that bound is sharper than
    its multiplier, which adds up all chains beyond, and every chain that is followed leads to one that is listed.

    Args:
        coefficients: (n, n) input per unit of output; cells may be negative.
        intensity: (n,) amount per unit of output.
        final_demand: (n,) money.
        tolerance: smallest chain, as a share of the absolute total.
        amount: smallest chain as an amount instead; use it where positive and negative chains cancel.
        most: refuse to list more chains than this.
        labels: n names for messages and labels.

    Raises:
        ArgumentError: a shape does not fit, the tolerance is not positive, there are too many chains, or the total is
            0 although there are chains.
        NotProductiveError: the system is not productive.
    """
    matrix = checks.square(coefficients, "coefficients", labels)
    size = len(matrix)
    arising = vector(intensity, size, "intensity", labels)
    demand = vector(final_demand, size, "final demand", labels)
    total = _total(Leontief(matrix, labels), arising, demand)
    if not (tolerance if amount is None else amount) > 0.0:
        raise ArgumentError(f"the tolerance is {tolerance if amount is None else amount}: it must be above 0")
    best = _best_beyond(np.abs(matrix), np.abs(arising))
    if not (best * np.abs(demand)).any():
        return Paths(total, (), amount or 0.0)
    threshold = tolerance * abs(total) if amount is None else amount
    if threshold == 0.0:
        raise ArgumentError("the total is 0 because positive and negative chains cancel: give the tolerance as amount")
    found = _chains(matrix, arising, demand, best, threshold * (1.0 - ROUNDING), most)
    found.sort(key=lambda chain: (-abs(chain[1]), chain[0]))
    names = [_text(i if labels is None else labels[i]) for i in range(size)]
    paths = (Path(chain, value, " ← ".join(names[i] for i in chain)) for chain, value in found)
    return Paths(total, tuple(paths), threshold)


def path_multiplier(coefficients: ArrayLike, industries: Sequence[int]) -> float:
    """How much the loops along an elementary chain magnify it (Defourny and Thorbecke 1984).

    The chain's direct influence a_ij ... times this multiplier is its total influence, and the total influences of all
    elementary chains from k to i add up to the element l_ik of the Leontief inverse. It is det(I - A without the chain)
    / det(I - A), which by Jacobi's identity is the determinant of L within the chain.

    Args:
        coefficients: (n, n) input per unit of output.
        industries: positions on the chain, none twice.

    Raises:
        ArgumentError: an industry stands on the chain twice, or outside the system.
        NotProductiveError: the system is not productive.
    """
    system = Leontief(coefficients)
    chain = checks.positions(list(industries), system.size, "chain")
    if len(chain) != len(industries):
        raise ArgumentError(
            f"chain {list(industries)} passes an industry twice: the multiplier is for elementary chains"
        )
    starts = np.zeros((system.size, len(chain)))
    starts[chain, range(len(chain))] = 1.0
    return float(np.linalg.det(system.solve(starts)[chain]))


def _text(label: object) -> str:
    return " ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def _total(system: Leontief, intensity: Floats, demand: Floats) -> float:
    """The total e (I - A)^-1 f; 0 where its parts, by industry where it arises or by product bought, cancel."""
    by_industry, by_product = intensity * system.solve(demand), system.solve_left(intensity) * demand
    return float(totals(by_industry)) if totals(by_product) != 0.0 else 0.0


def _best_beyond(coefficients: Floats, intensity: Floats) -> Floats:
    """(n,) largest absolute value of a chain that begins with one unit of output of each industry.

    Best chains pass no industry twice as long as no loop gives back what it takes, so n rounds suffice.
    """
    best = intensity
    for _ in range(len(best) + 1):
        longer = np.maximum(best, (coefficients * best[:, None]).max(axis=0, initial=0.0))
        if (longer == best).all():
            return best
        best = longer
    raise ArgumentError("a loop of negative coefficients gives back as much as it takes: its chains have no end")


def _chains(
    matrix: Floats, intensity: Floats, demand: Floats, best: Floats, threshold: float, most: int
) -> list[tuple[tuple[int, ...], float]]:
    """Chains and their values, tier by tier."""
    found: list[tuple[tuple[int, ...], float]] = []
    tips = np.flatnonzero(best * np.abs(demand) >= threshold)
    chains, carried = tips[:, None], demand[tips]
    while len(tips):
        values = intensity[tips] * carried
        listed = np.abs(values) >= threshold
        found += zip(map(tuple, chains[listed].tolist()), values[listed].tolist(), strict=True)
        # every chain that is followed leads to one that is listed, so neither may outgrow the limit
        if max(len(found), len(tips)) > most:
            raise ArgumentError(
                f"more than {most} chains reach the tolerance: raise it, give it as amount where positive"
                " and negative chains nearly cancel, or allow more of them"
            )
        tips, origin, carried = _suppliers(matrix, tips, carried, best, threshold)
        chains = np.column_stack([chains[origin], tips])
    return found


def _suppliers(
    matrix: Floats, tips: Integers, carried: Floats, best: Floats, threshold: float
) -> tuple[Integers, Integers, Floats]:
    """Suppliers with which a chain can still reach the threshold: their position, their chain, the amount bought."""
    step = max(1, CELLS_AT_ONCE // len(matrix))
    parts = []
    for start in range(0, len(tips), step):
        bought = matrix[:, tips[start : start + step]] * carried[start : start + step]
        supplier, chain = np.nonzero(np.abs(bought) * best[:, None] >= threshold)
        parts.append((supplier, chain + start, bought[supplier, chain]))
    supplier, chain, bought = (np.concatenate(part) for part in zip(*parts, strict=True))
    return supplier, chain, bought
