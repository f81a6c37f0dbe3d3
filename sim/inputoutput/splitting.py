"""Splitting sectors of a national table into children so that the children add back to their parent exactly.

Start from output shares alone (Wolsky 1984), fix what is known of the children's inputs and value added, put the
difference on the rest of the sector, and scale the free cells until children and rests add up to the published cells.
What a child sells to its own rest is unknown and drives multipliers (Lindner, Legault and Guan 2012).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.inputoutput.shares import share
from sim.inputoutput.tables import Table, aggregate, single_region

Floats = NDArray[np.float64]

SUMS_AGREE = 1e-9
"""Value added of children that differs from that of their sector by this share of it, is rounded."""


@dataclass(frozen=True)
class Child:
    """A part of a sector.

    Attributes:
        name: name of the new industry and its product.
        weight: share of the sector's output, above 0, at most 1.
        value_added: value added per unit of output, 0 to 1; None keeps the sector's share, or what other children leave
            of it where there is no rest.
        inputs: known input per unit of output by child name, >= 0; only children can be known inputs.
        bought_by: names of its main users besides exports, children or rests ("BATT rest"); None where not known.
    """

    name: str
    weight: float
    value_added: float | None = None
    inputs: Mapping[str, float] | None = None
    bought_by: Sequence[str] | None = None


@dataclass(frozen=True)
class SplitTable:
    """A national table with children, and how it was reached.

    Attributes:
        table: industries in the order of their sectors, the children of a sector before its rest; the rest of a sector
            is named like the sector with " rest".
        parent: for each industry the index of its sector.
        child: for each industry its child name, None for a whole sector or a rest.
        anchor_scale: factor on the known inputs of each (input sector, buying sector) whose cell could not hold them.
        output_scale: factor on the known uses of each child that would have taken too much of its output.
        rounds: rounds of scaling.
        residual: largest miss of a child's total before the rest of rounding was booked, relative to that total.
    """

    table: Table
    parent: tuple[int, ...]
    child: tuple[str | None, ...]
    anchor_scale: Mapping[tuple[str, str], float]
    output_scale: Mapping[str, float]
    rounds: int
    residual: float

    def rejoined(self, sectors: Sequence[str]) -> Table:
        """The children added back to their sectors, whose names are given in their order."""
        names = [sectors[parent] for parent in self.parent]
        return aggregate(self.table, dict(zip(self.table.products, names, strict=True)))


class SplitError(ValueError):
    """Weights, value added or known inputs that no split of the sector can have."""


def split(
    sectors: Table,
    children: Mapping[str, Sequence[Child]],
    *,
    anchor_cap: float = 0.9,
    minor_use: float = 0.05,
    own_use: float = 1.0,
    tolerance: float = 1e-12,
    rounds: int = 200,
) -> SplitTable:
    """Split sectors into children and a rest.

    Args:
        sectors: the published table, of one region, whose imports have the products as rows.
        children: children by sector; what their weights leave of 1 is the rest of the sector. The rest takes the
            difference between the sector's value added and that of the children. Without a rest children of unknown
            value added take it; if all is known, it must add up to that of the sector. The children of a sector without
            output have none.
        anchor_cap: share of a published cell, and of the output of a child, that known inputs may take, 0 to 1; beyond
            it they are scaled down together.
        minor_use: prior weight of users outside ``Child.bought_by``, >= 0 (assumption of the model description).
        own_use: prior weight, > 0, of what a child sells to itself, against 1 for what output shares alone say. Nothing
            published tells it, and it drives multipliers: show both a low and a high one.
        tolerance: largest miss of a child's row or column total, relative to it.
        rounds: refuse after so many rounds of scaling.

    Raises:
        SplitError: the table has several regions, other import rows than products, or no value added; a sector, child
            or user is unknown; a figure is no number or out of its range; weights exceed 1; value added does not add
            up; known inputs exceed what value added leaves; a cell or value added turns negative; or the scaling does
            not settle.
    """
    _refuse_unfit(sectors, anchor_cap, minor_use, own_use)
    parts = _parts(sectors, children)
    weight, parent = np.array([part.weight for part in parts.members]), np.array(parts.parent)
    output = weight * sectors.output[parent]
    value_added = _value_added(sectors, parts, output)

    published = np.block([[sectors.intermediate, sectors.final], [sectors.imports, sectors.final_imports]])
    blocks = _Blocks(parent, len(sectors.products), len(sectors.users))
    row_weight, column_weight = np.tile(weight, 2), np.concatenate([weight, np.ones(len(sectors.users))])
    start = blocks.spread(published) * np.outer(row_weight, column_weight)

    anchors, anchor_scale, output_scale = _anchors(sectors, parts, published, output, anchor_cap)
    known_cells = anchors > 0.0
    free = np.where(known_cells, 0.0, start * _prior_weights(parts, minor_use, own_use, sectors.uses))
    column_targets = output - value_added.sum(axis=0) - anchors.sum(axis=0)[: len(output)]
    if column_targets.min() < 0.0:
        worst = int(column_targets.argmin())
        excess = -column_targets[worst]
        raise SplitError(f"{parts.names[worst]}: known inputs exceed what value added leaves by {excess:g}")
    row_targets = output - anchors.sum(axis=1)[: len(output)]
    left = published - blocks.sums(anchors)
    free, count, residual = _fit(free, column_targets, row_targets, left, blocks, tolerance, rounds)
    table = _closed(sectors, parts, free + anchors, value_added)
    child = tuple(part.name if known else None for part, known in zip(parts.members, parts.is_child, strict=True))
    return SplitTable(table, parts.parent, child, anchor_scale, output_scale, count, residual)


@dataclass(frozen=True)
class _Parts:
    """The new industries: their child records (a rest has its own), names and sectors."""

    members: tuple[Child, ...]
    parent: tuple[int, ...]
    names: tuple[str, ...]
    is_child: tuple[bool, ...]
    position: Mapping[str, int]
    """Index of each new industry by its name; the rest of a sector is called like the sector with " rest"."""


def _refuse_unfit(sectors: Table, anchor_cap: float, minor_use: float, own_use: float) -> None:
    """Refuse tables that cannot be split and weights out of their range."""
    if len(sectors.regions) != 1 or sectors.imported != sectors.products or not sectors.incomes:
        raise SplitError(
            "only a table of one region with the products as import rows and at least one row of value added can be"
            f" split; this one has the regions {', '.join(sectors.regions)}, {len(sectors.imported)} import rows for"
            f" {len(sectors.products)} products, and {len(sectors.incomes)} rows of value added"
        )
    if not 0.0 <= anchor_cap <= 1.0:
        raise SplitError(f"anchor_cap is {anchor_cap:g}; it must be a share between 0 and 1")
    if not 0.0 <= minor_use < np.inf:
        raise SplitError(f"minor_use is {minor_use:g}; a prior weight must be 0 or above")
    if not 0.0 < own_use < np.inf:
        raise SplitError(f"own_use, the weight of own use, is {own_use:g}; it must be above 0")


def _refuse_child(child: Child) -> None:
    """Refuse figures of a child that are no numbers or out of their range."""
    if not isinstance(child, Child):
        raise SplitError(f"children must be given as Child(name, weight), not {child!r}")
    if not 0.0 < child.weight <= 1.0:
        raise SplitError(f"{child.name}: weight {child.weight:g} is not above 0 and at most 1")
    if child.value_added is not None and not 0.0 <= child.value_added <= 1.0:
        raise SplitError(f"{child.name}: value added per unit of output is {child.value_added:g}, not between 0 and 1")
    for name, coefficient in (child.inputs or {}).items():
        if not 0.0 <= coefficient < np.inf:
            raise SplitError(
                f"{child.name}: known input of {name} per unit of output is {coefficient:g}, not 0 or above"
            )


def _parts(sectors: Table, children: Mapping[str, Sequence[Child]]) -> _Parts:
    """List the new industries, sector by sector, children before the rest."""
    unknown = [name for name in children if name not in sectors.products]
    if unknown:
        raise SplitError(f"no sector is called {unknown[0]!r}")
    members: list[Child] = []
    parent: list[int] = []
    is_child: list[bool] = []
    for index, sector in enumerate(sectors.products):
        own = children.get(sector, ())
        for child in own:
            _refuse_child(child)
        rest = 1.0 - sum(child.weight for child in own)
        if rest < -1e-12:
            raise SplitError(f"{sector}: weights of its children sum to {1 - rest:g}, more than 1")
        listed = [*own, *([Child(f"{sector} rest" if own else sector, rest)] if rest > 1e-12 else [])]
        members += listed
        parent += [index] * len(listed)
        is_child += [part in own for part in listed]
    names = tuple(part.name for part in members)
    if len(set(names)) < len(names):
        raise SplitError(f"two industries are called {next(name for name in names if names.count(name) > 1)!r}")
    position = {name: place for place, name in enumerate(names)}
    for part in members:
        for user in part.bought_by or ():
            if user not in position:
                raise SplitError(f"{part.name}: its user {user!r} is no child, rest or sector of the split table")
    return _Parts(tuple(members), tuple(parent), names, tuple(is_child), position)


def _value_added(sectors: Table, parts: _Parts, output: Floats) -> Floats:
    """(V, n) value added of children by their shares, in the mix of incomes of their sector."""
    parent = np.array(parts.parent)
    proportional = sectors.value_added[:, parent] * np.array([part.weight for part in parts.members])
    total = proportional.sum(axis=0)
    wanted = total.copy()
    for index in range(len(sectors.products)):
        inside = np.flatnonzero(parent == index)
        given = np.array([parts.members[member].value_added is not None for member in inside])
        if not parts.is_child[inside[-1]]:
            takers = inside[-1:]  # the rest
        elif given.any():
            takers = inside[~given]
        else:
            continue  # all keep the sector's share
        for member in inside[given]:
            wanted[member] = (parts.members[member].value_added or 0.0) * output[member]
        _put_difference(wanted, total, inside, takers, sectors.products[index])
    # every part has the sector's mix of incomes, so that each row of value added adds up, too
    return np.asarray(proportional * np.divide(wanted, total, out=np.ones_like(total), where=total > 0))


def _put_difference(
    wanted: Floats, total: Floats, inside: NDArray[np.int64], takers: NDArray[np.int64], sector: str
) -> None:
    """Give those who take it what the others leave of a sector's value added, by their share of its output, in place.

    Raises:
        SplitError: the others take more than there is, or something is left and nobody takes it.
    """
    whole = float(total[inside].sum())
    others = float(wanted[np.setdiff1d(inside, takers)].sum())
    if not len(takers):
        if abs(others - whole) > SUMS_AGREE * abs(whole):
            raise SplitError(
                f"{sector}: value added of its children sums to {others:.9g}, that of the sector is {whole:.9g}; leave"
                " a rest, or one child without a given value added, to take the difference"
            )
        wanted[inside] *= whole / others if others else 1.0
    elif whole < others:
        raise SplitError(
            f"{sector}: value added of its children exceeds that of the sector: {others:.9g} of {whole:.9g}"
        )
    elif len(takers) == 1:
        wanted[takers] = whole - others
    else:
        weights = share(total[takers], np.broadcast_to(total[takers].sum(), takers.shape))
        wanted[takers] = (whole - others) * weights


class _Blocks:
    """Sums over published cells, and their spreading, for stacked (2 n, n + F) arrays in the order of the sectors."""

    def __init__(self, parent: NDArray[np.int64], sectors: int, users: int) -> None:
        self._rows = np.concatenate([parent, parent + sectors])
        self._columns = np.concatenate([parent, np.arange(sectors, sectors + users)])
        self._row_starts = np.flatnonzero(np.diff(self._rows, prepend=-1))
        self._column_starts = np.flatnonzero(np.diff(self._columns, prepend=-1))

    def sums(self, cells: Floats) -> Floats:
        """Sum of the new cells inside each published cell."""
        by_row = np.add.reduceat(cells, self._row_starts, axis=0)
        return np.asarray(np.add.reduceat(by_row, self._column_starts, axis=1))

    def spread(self, published: Floats) -> Floats:
        """Each new cell takes the value of its published cell."""
        return np.asarray(published[np.ix_(self._rows, self._columns)])


def _prior_weights(parts: _Parts, minor_use: float, own_use: float, uses: Sequence[str]) -> Floats:
    """(2 n, n + F) prior weights: own use as given, minor users of a child with known main users little, others 1."""
    size = len(parts.members)
    weights = np.ones((2 * size, size + len(uses)))
    exports = [size + use for use, name in enumerate(uses) if name == "exports"]
    for row, part in enumerate(parts.members):
        if parts.is_child[row]:
            weights[[row, row + size], row] = own_use
        if part.bought_by is None:
            continue
        main = [parts.position[name] for name in part.bought_by] + exports
        for line in (row, row + size):
            own = weights[line, row]
            weights[line] = minor_use
            weights[line, main] = 1.0
            weights[line, row] *= own
    return weights


def _anchors(
    sectors: Table, parts: _Parts, published: Floats, output: Floats, cap: float
) -> tuple[Floats, dict[tuple[str, str], float], dict[str, float]]:
    """(2 n, n + F) cells fixed by known inputs, domestic and imported as the published cell is.

    Known inputs that would take more than ``cap`` of a published cell, or of the output of the child that is bought,
    are scaled down together; the factors come back by cell and by child.
    """
    size, count, parent = len(parts.members), len(sectors.products), np.array(parts.parent)
    wanted = np.zeros((size, size))
    for buyer, part in enumerate(parts.members):
        for name, coefficient in (part.inputs or {}).items():
            if name not in parts.position or not parts.is_child[parts.position[name]]:
                raise SplitError(f"{part.name}: known input {name!r} is not a child of any sector")
            wanted[parts.position[name], buyer] = coefficient * output[buyer]
    whole = published[:count, :count] + published[count:, :count]
    held = np.zeros((count, count))
    np.add.at(held, (parent[:, None], parent[None, :]), wanted)
    in_cell = np.minimum(1.0, _ratio(cap * whole, held))
    at_home = share(published[:count, :count], whole)[np.ix_(parent, parent)]
    fitting = wanted * in_cell[np.ix_(parent, parent)]
    of_output = np.minimum(1.0, _ratio(cap * output, (fitting * at_home).sum(axis=1)))
    fitting *= of_output[:, None]
    anchors = np.zeros((2 * size, size + len(sectors.users)))
    anchors[:size, :size], anchors[size:, :size] = fitting * at_home, fitting * (1.0 - at_home)
    cells = {(sectors.products[i], sectors.products[j]): float(in_cell[i, j]) for i, j in np.argwhere(in_cell < 1.0)}
    return anchors, cells, {parts.names[i]: float(of_output[i]) for i in np.flatnonzero(of_output < 1.0)}


def _fit(
    free: Floats,
    column_targets: Floats,
    row_targets: Floats,
    block_targets: Floats,
    blocks: _Blocks,
    tolerance: float,
    rounds: int,
) -> tuple[Floats, int, float]:
    """Scale the free cells in turn to column totals, domestic row totals and published cells, the last one exactly."""
    size = len(column_targets)
    residual = float("inf")
    for count in range(1, rounds + 1):
        free[:, :size] *= _ratio(column_targets, free[:, :size].sum(axis=0))
        domestic = free[:size]
        gains, losses = np.maximum(domestic, 0.0), np.minimum(domestic, 0.0)
        free[:size] = gains * _ratio(row_targets - losses.sum(axis=1), gains.sum(axis=1))[:, None] + losses
        free *= blocks.spread(_ratio(block_targets, blocks.sums(free)))
        # an absent sector has nothing to miss
        misses = share(np.abs(free[:, :size].sum(axis=0) - column_targets), column_targets + row_targets)
        row_misses = share(np.abs(free[:size].sum(axis=1) - row_targets), column_targets + row_targets)
        residual = float(max(misses.max(), row_misses.max()))
        if residual <= tolerance:
            return free, count, residual
    raise SplitError(f"the split does not settle: after {rounds} rounds a total is missed by {residual:.2g} of itself")


def _ratio(target: Floats, reached: Floats) -> Floats:
    """Factor to the target, 1 where there is nothing to scale: a factor, not a part of a whole as in ``share``."""
    return np.divide(target, reached, out=np.ones_like(target), where=reached != 0.0)


def _closed(sectors: Table, parts: _Parts, cells: Floats, value_added: Floats) -> Table:
    """The finished table: output is the sum of its row, the last rounding of a column goes to the operating surplus."""
    size = len(parts.members)
    if cells[:, :size].min() < 0.0:
        raise SplitError(f"a purchase turned negative: {cells[:, :size].min():g}")
    output = cells[:size].sum(axis=1)
    value_added = value_added.copy()
    value_added[-1] += output - cells[:, :size].sum(axis=0) - value_added.sum(axis=0)
    if value_added.sum(axis=0).min() < 0.0:
        raise SplitError(f"value added of {parts.names[int(value_added.sum(axis=0).argmin())]} turned negative")
    return single_region(
        sectors.regions[0],
        parts.names,
        cells[:size, :size],
        cells[size:, :size],
        cells[:size, size:],
        cells[size:, size:],
        value_added,
        output,
        uses=sectors.uses,
        incomes=sectors.incomes,
        unit=sectors.unit,
    )
