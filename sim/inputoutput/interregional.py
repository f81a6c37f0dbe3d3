"""Several regions in one system: what comes back to a region, what spills over to others, and for whom it is made.

Isard, Review of Economics and Statistics 33 (1951); Miller, Journal of Regional Science 6 (1966), for feedback; Round,
Review of Economics and Statistics 67 (1985), for open and closed loops; Miller and Blair, Input-Output Analysis (2009),
chapters 3 and 6. A label tells the region of each industry; regions may have different industries. Final demand of a
region means, in :func:`spillovers`, :func:`loops` and the multipliers, final demand for its products, wherever they are
bought; in :func:`footprints` it means the purchases of its own final users, wherever they were made.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.leontief import Leontief
from sim.inputoutput.vectors import totals, vector

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Regions:
    """Which industry lies in which region; R regions, in the order of their first industry.

    Attributes:
        names: R labels.
        index: (n,) position of each industry's region.
    """

    names: tuple[Hashable, ...]
    index: NDArray[np.int64]

    @property
    def membership(self) -> Floats:
        """(R, n) 1 where the industry lies in the region; times an array of industries it gives sums by region."""
        return np.asarray(self.index == np.arange(len(self.names))[:, None], dtype=np.float64)

    def positions(self, name: Hashable) -> NDArray[np.int64]:
        """Positions of the industries of a region.

        Raises:
            ArgumentError: there is no such region.
        """
        if name not in self.names:
            raise ArgumentError(f"no industry lies in {name!r}: the regions are {', '.join(map(str, self.names))}")
        return np.flatnonzero(self.index == self.names.index(name))


def regions_of(labels: Sequence[Hashable] | NDArray[np.generic], size: int) -> Regions:
    """The regions of n industries.

    Args:
        labels: the region of each industry: texts, numbers or any other value that can be compared.
        size: n.

    Raises:
        ArgumentError: not one label an industry, or a label that is missing or no single value.
    """
    given = _listed(labels)
    if len(given) != size:
        raise ArgumentError(f"there are {len(given)} region labels for {size} industries: give one for each")
    for position, label in enumerate(given):
        if not _names_a_region(label):
            raise ArgumentError(
                f"region label of industry {position} is {label!r:.60}: give one text or number for each"
            )
    names = tuple(dict.fromkeys(given))
    place = {name: position for position, name in enumerate(names)}
    return Regions(names, np.array([place[label] for label in given], dtype=np.int64))


def _listed(labels: Sequence[Hashable] | NDArray[np.generic]) -> list[Hashable]:
    """The labels as a list of plain values."""
    try:
        return list(labels.tolist() if isinstance(labels, np.ndarray) else labels)
    except TypeError:
        raise ArgumentError(f"region labels are {labels!r:.60}: give one for each industry") from None


def _names_a_region(label: Hashable) -> bool:
    """Whether a label is one value that is there; a nan is not itself, so every industry would be its own region."""
    try:
        hash(label)
        return label is not None and bool(label == label)
    except (TypeError, ValueError):
        return False


@dataclass(frozen=True, eq=False)
class Spillovers:
    """Output for a final demand, by the way it is caused; n industries, R regions.

    Attributes:
        regions: the regions.
        by_origin: (n, R) output of the whole system for the final demand of each region's products.
        alone: (n,) output of each region for its final demand if it were alone, (I - A_rr)^-1 f_r.
        feedback: (n,) output of each region for its own final demand that only the detour through others causes.
    """

    regions: Regions
    by_origin: Floats
    alone: Floats
    feedback: Floats

    @property
    def full(self) -> Floats:
        """(n,) output of the whole system: alone + feedback + the row sums of spillover."""
        return np.asarray(self.by_origin.sum(axis=1))

    @property
    def spillover(self) -> Floats:
        """(n, R) output of an industry for the final demand of each other region's products; 0 for its own region."""
        own = self.regions.index[:, None] == np.arange(len(self.regions.names))
        return np.where(own, 0.0, self.by_origin)

    @property
    def between(self) -> Floats:
        """(R, R) spillover to the region of the row from final demand of the region of the column."""
        return np.asarray(self.regions.membership @ self.spillover)


def spillovers(
    coefficients: ArrayLike, regions: Sequence[Hashable] | NDArray[np.generic], final_demand: ArrayLike
) -> Spillovers:
    """Feedback to each region and spillover to the others (Miller 1966; Miller and Blair 2009, chapter 3).

    The feedback is solved for, (I - A_rr)^-1 sum_s A_rs x_s, and not left as a small difference of large outputs.

    Args:
        coefficients: (n, n) interregional input per unit of output.
        regions: the region of each industry.
        final_demand: (n,) final demand for the products of each industry, or its change; money.

    Raises:
        ArgumentError: a shape does not fit. NotProductiveError: the system, or one of its regions, is not productive.
    """
    matrix, where, demand = _system(coefficients, regions, final_demand)
    columns = np.arange(len(where.names))
    by_origin = Leontief(matrix).solve(np.where(where.index[:, None] == columns, demand[:, None], 0.0))
    within, between = _apart(matrix, where)
    bought = (between @ by_origin)[np.arange(len(matrix)), where.index]
    alone, feedback = within.solve(np.column_stack([demand, bought])).T
    return Spillovers(where, by_origin, alone, feedback)


@dataclass(frozen=True, eq=False)
class Loops:
    """Output by the loops of trade that cause it; intraregional + open + closed = output of the whole system.

    Attributes:
        intraregional: (n,) M1 f, each region for its own final demand alone.
        open: (n,) (M2 - I) M1 f, what regions call for in others directly, worked through inside those.
        closed: (n,) (M3 - I) M2 M1 f, all later rounds.
    """

    intraregional: Floats
    open: Floats
    closed: Floats


def loops(coefficients: ArrayLike, regions: Sequence[Hashable] | NDArray[np.generic], final_demand: ArrayLike) -> Loops:
    """The multiplicative convention (Round 1985): (I - A)^-1 = M3 M2 M1, in additive effects.

    M1 = (I - A_in)^-1 with the deliveries inside regions, D = M1 A_between, M2 = I + D, M3 = (I - D D)^-1. With two
    regions D crosses the border once, so that M2 is the open loop (spillover) and M3 the closed loop (feedback, which
    reaches both regions); with more of them, closed holds every chain that crosses borders twice or more.
    :func:`spillovers` draws the line by place instead: what happens in the region of the demand, and what elsewhere.

    Args:
        coefficients: (n, n) interregional input per unit of output.
        regions: the region of each industry.
        final_demand: (n,) money.

    Raises:
        ArgumentError: a shape does not fit. NotProductiveError: the system, or one of its regions, is not productive.
    """
    matrix, where, demand = _system(coefficients, regions, final_demand)
    within, between = _apart(matrix, where)
    intraregional = within.solve(demand)
    opened = within.solve(between @ intraregional)
    # x = M1 f + D x, so that the rounds from the second on are x - M1 f - D M1 f = D (x - M1 f)
    later = within.solve(between @ (Leontief(matrix).solve(demand) - intraregional))
    return Loops(intraregional, opened, later)


@dataclass(frozen=True, eq=False)
class RegionalMultipliers:
    """Output multipliers by the region in which the output is made (Miller and Blair 2009, chapter 6).

    Attributes:
        regions: the regions.
        by_region: (R, n) output in the region of the row per unit of final demand for the product of the column.
        alone: (n,) multiplier of the region's own table, without the others.
    """

    regions: Regions
    by_region: Floats
    alone: Floats

    @property
    def intraregional(self) -> Floats:
        """(n,) output in the product's own region, feedback included."""
        return self.by_region[self.regions.index, np.arange(len(self.regions.index))]

    @property
    def interregional(self) -> Floats:
        """(n,) output in all other regions."""
        return np.asarray(self.by_region.sum(axis=0) - self.intraregional)

    def between(self, weights: ArrayLike | None = None) -> Floats:
        """(R, R) mean multiplier: output in the region of the row per unit of final demand of that of the column.

        Args:
            weights: (n,) such as final demand, to weigh the products of a region; None: all alike.

        Raises:
            ArgumentError: the weights of a region add up to 0, or a shape does not fit.
        """
        count = len(self.regions.index)
        heavy = np.ones(count) if weights is None else vector(weights, count, "weights")
        whole = totals(self.regions.membership * heavy, axis=1)
        if (whole == 0.0).any():
            region = self.regions.names[int((whole == 0.0).argmax())]
            raise ArgumentError(f"the weights of {region} add up to 0: no mean of its products exists")
        return np.asarray((self.by_region * heavy) @ self.regions.membership.T / whole)


def regional_multipliers(
    coefficients: ArrayLike, regions: Sequence[Hashable] | NDArray[np.generic]
) -> RegionalMultipliers:
    """Intraregional and interregional output multipliers of every product.

    Args:
        coefficients: (n, n) interregional input per unit of output.
        regions: the region of each industry.

    Raises:
        ArgumentError: a shape does not fit. NotProductiveError: the system, or one of its regions, is not productive.
    """
    matrix, where, _ = _system(coefficients, regions, None)
    alone = _apart(matrix, where)[0].solve_left(np.ones(len(matrix)))
    return RegionalMultipliers(where, Leontief(matrix).solve_left(where.membership), alone)


@dataclass(frozen=True, eq=False)
class Footprints:
    """An amount such as jobs, energy or value added by the region where it arises and the one that finally consumes.

    Attributes:
        regions: the regions.
        flows: (k, R, R) or (R, R): amount in the region of the row for final demand of the region of the column.
    """

    regions: Regions
    flows: Floats

    @property
    def consumption(self) -> Floats:
        """(k, R) or (R,): all that final demand of a region needs anywhere, its footprint."""
        return np.asarray(self.flows.sum(axis=-2))

    @property
    def production(self) -> Floats:
        """(k, R) or (R,): all that arises in a region."""
        return np.asarray(self.flows.sum(axis=-1))

    @property
    def imports(self) -> Floats:
        """(k, R) or (R,): what final demand of a region needs in others; production + imports - exports = footprint."""
        return np.asarray(self.consumption - np.einsum("...rr->...r", self.flows))

    @property
    def exports(self) -> Floats:
        """(k, R) or (R,): what arises in a region for final demand of others."""
        return np.asarray(self.production - np.einsum("...rr->...r", self.flows))


def footprints(
    coefficients: ArrayLike,
    regions: Sequence[Hashable] | NDArray[np.generic],
    intensity: ArrayLike,
    final_demand: ArrayLike,
) -> Footprints:
    """Consumption-based against production-based accounts (Peters, Ecological Economics 65, 2008; Wiedmann 2009).

    Args:
        coefficients: (n, n) interregional input per unit of output.
        regions: the region of each industry.
        intensity: (n,) or (k, n) amount per unit of output.
        final_demand: (n, R) purchases of the final users of each region, regions in the order of their first industry.
            What final users emit themselves is not part of it.

    Raises:
        ArgumentError: a shape does not fit. NotProductiveError: the system is not productive.
    """
    matrix, where, _ = _system(coefficients, regions, None)
    size, count = len(matrix), len(where.names)
    demand = checks.lines(final_demand, size, "final demand")
    if demand.shape != (size, count):
        names = ", ".join(map(str, where.names))
        raise ArgumentError(f"final demand must have one column for each of {names}, not the shape {demand.shape}")
    direct = checks.rows(intensity, size, "intensity")
    output = Leontief(matrix).solve(demand)
    arising = direct[..., None, :] * where.membership
    return Footprints(where, np.asarray(arising @ output))


def _system(
    coefficients: ArrayLike, regions: Sequence[Hashable] | NDArray[np.generic], final_demand: ArrayLike | None
) -> tuple[Floats, Regions, Floats]:
    """Coefficients, regions and a vector of final demand, checked."""
    matrix = checks.square(coefficients, "coefficients")
    where = regions_of(regions, len(matrix))
    demand = np.zeros(len(matrix)) if final_demand is None else final_demand
    return matrix, where, vector(demand, len(matrix), "final demand")


def _apart(matrix: Floats, where: Regions) -> tuple[Leontief, Floats]:
    """The system of all regions without each other, and the deliveries between them.

    One system of all industries, so that a refusal counts them as the caller does.
    """
    inside = where.index[:, None] == where.index
    return Leontief(np.where(inside, matrix, 0.0)), np.where(inside, 0.0, matrix)
