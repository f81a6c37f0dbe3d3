"""Why a matrix cannot meet its totals: the lines that ask for too much, or the cells that would have to vanish.

Totals and signs are a network: a positive cell is a pipe from its row to its column, a negative one a pipe from its
column to its row, a total what a row puts in and a column takes out. Totals can be met if and only if all that is put
in can flow out (Gale 1957; Hoffman 1960). The minimum cut of the maximum flow (Ford and Fulkerson 1956) names the lines
that stand in the way, and the strong components of what is left of the pipes name the cells that are 0 in every
solution. Used only after a failure, so that a success costs nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, maximum_flow

from sim.inputoutput.checks import Labels, name

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LineLabels = tuple[Labels, Labels] | None
"""Names of rows and names of columns, for messages."""

UNITS = 2**29  # scipy counts flows in whole numbers of 32 bits
NAMED = 6  # a message names so many lines of a kind at most


class Block(NamedTuple):
    """Rows whose totals exceed those of the columns beside which they have no positive cell.

    Attributes:
        rows: their positions.
        columns: the only columns in which these rows have positive cells; outside these rows they have no negative one.
        excess: sum of the totals of the rows less that of the columns, > 0 where no matrix of the pattern exists.
        others: how many blocks of this kind there are beside this one, the worst.
    """

    rows: Integers
    columns: Integers
    excess: float
    others: int


class _Network(NamedTuple):
    """Pipes of a pattern with a flow: nodes are rows, then columns; ``supply`` of rows less demand of columns."""

    tail: Integers
    head: Integers
    flow: Floats
    open: Floats
    supply: Floats


def infeasible_block(matrix: Floats, rows: Floats, columns: Floats, tolerance: float = 0.0) -> Block | None:
    """The rows and columns that make the totals impossible for the signs of the matrix, None if they are possible.

    Args:
        matrix: (m, n); only the signs of its cells count.
        rows: (m,) totals.
        columns: (n,) totals, with the same sum.
        tolerance: an excess up to this share of the totals of the block counts as rounding.

    Returns:
        The block with the largest excess (Gale 1957 for non-negative cells).
    """
    network = _network(matrix, rows, columns)
    return _worst_block(network, len(rows), tolerance)


def vanishing_cells(matrix: Floats, rows: Floats, columns: Floats, tolerance: float = 0.0) -> Integers:
    """(k, 2) cells that are 0 in every matrix that meets the totals: scaling reaches these totals only in the limit.

    Args:
        matrix: (m, n); only the signs of its cells count.
        rows: (m,) totals.
        columns: (n,) totals, that the pattern can meet.
        tolerance: amounts up to this share of the totals of the lines they belong to count as 0.
    """
    network = _network(matrix, rows, columns)
    tail, head, nodes, noise = network.tail, network.head, len(network.supply), _noise(network)
    back = network.flow > noise[tail]
    residual = _graph(np.concatenate([tail, head[back]]), np.concatenate([head, tail[back]]), nodes)
    _, component = connected_components(residual, directed=True, connection="strong")
    # a cell between two components carries nothing and never can: no way leads back. The lines behind it put in exactly
    # what they take out, which is verified from the totals themselves, because flows are known to rounding only
    crossing = np.flatnonzero(component[tail] != component[head])
    closed = {}
    for node in np.unique(head[crossing]):
        put_in = network.supply[breadth_first_order(residual, int(node), directed=True, return_predecessors=False)]
        closed[int(node)] = abs(put_in.sum()) <= max(0.5 * tolerance * np.abs(put_in).sum(), noise[node])
    cells = [pipe for pipe in crossing if closed[int(head[pipe])]]
    return _cells(network, np.array(cells, dtype=np.int64), len(rows))


def explain(
    matrix: Floats,
    rows: Floats,
    columns: Floats,
    labels: LineLabels = None,
    tolerance: float = 0.0,
    kinds: tuple[str, str] = ("row", "column"),
) -> str | None:
    """In words: why the matrix cannot be scaled to its totals and how to mend it; None if it can.

    Args:
        matrix: (m, n) prior.
        rows: (m,) totals.
        columns: (n,) totals.
        labels: names of rows and columns.
        tolerance: amounts up to this share of the totals of the lines they belong to count as rounding.
        kinds: what rows and columns are called.
    """
    block = infeasible_block(matrix, rows, columns, tolerance)
    if block is not None:
        return _describe_block(block, matrix, rows, columns, labels, kinds)
    # what columns lack is what rows have too much, but beside much larger rows that is lost in rounding
    block = infeasible_block(matrix.T, columns, rows, tolerance)
    if block is not None:
        turned = None if labels is None else (labels[1], labels[0])
        return _describe_block(block, matrix.T, columns, rows, turned, (kinds[1], kinds[0]))
    cells = vanishing_cells(matrix, rows, columns, tolerance)
    if not len(cells):
        return None
    row, column = cells[0]
    more = f" and {len(cells) - 1} more" if len(cells) > 1 else ""
    return (
        f"the totals can be met only if the cell in {kinds[0]} {_label(labels, 0, row)}, {kinds[1]}"
        f" {_label(labels, 1, column)}{more} become 0, which scaling reaches only in the limit: set to 0 what is to be"
        " 0, or move the totals"
    )


def names(labels: Labels, positions: Integers, kind: str) -> str:
    """``rows 0 (steel), 3 (copper)``, cut after a few."""
    listed = ", ".join(name(labels, int(position)) for position in positions[:NAMED])
    more = f" and {len(positions) - NAMED} more" if len(positions) > NAMED else ""
    return f"{kind}{'s' if len(positions) > 1 else ''} {listed}{more}"


def _network(matrix: Floats, rows: Floats, columns: Floats) -> _Network:
    """The pipes of a pattern with a maximum flow."""
    size = len(rows)
    up, down = np.argwhere(matrix > 0), np.argwhere(matrix < 0)
    tail = np.concatenate([up[:, 0], down[:, 1] + size])
    head = np.concatenate([up[:, 1] + size, down[:, 0]])
    supply = np.concatenate([rows, -columns])
    nodes, pipes = len(supply), len(tail)
    sources, sinks = np.flatnonzero(supply > 0), np.flatnonzero(supply < 0)
    whole = float(supply[sources].sum())
    tails = np.concatenate([tail, np.full(len(sources), nodes), sinks])
    heads = np.concatenate([head, sources, np.full(len(sinks), nodes + 1)])
    capacity = np.concatenate([np.full(pipes, np.inf), supply[sources], -supply[sinks]])
    flow = _maximum_flow(tails, heads, capacity, nodes, whole)
    left = np.zeros(nodes)
    left[sources] = supply[sources] - flow[pipes : pipes + len(sources)]
    return _Network(tail, head, flow[:pipes], left, supply)


def _maximum_flow(tail: Integers, head: Integers, capacity: Floats, source: int, whole: float) -> Floats:
    """Maximum flow from ``source`` to the node after it, to rounding of doubles.

    Whole units leave less than a unit open in each pipe of a cut; the next round moves that in finer units.
    """
    flow = np.zeros(len(tail))
    ends = (np.concatenate([tail, head]), np.concatenate([head, tail]))
    unit = whole / UNITS
    for _ in range(3 if whole > 0.0 else 0):
        room = np.clip(np.concatenate([capacity - flow, flow]) / unit, 0.0, UNITS)
        graph = csr_array((room.astype(np.int32), ends), shape=(source + 2, source + 2))
        graph.eliminate_zeros()
        moved = maximum_flow(graph, source, source + 1).flow.toarray()[tail, head]
        flow = np.clip(flow + unit * moved, 0.0, capacity)
        unit *= 2.0 * (source + 2) / UNITS
    return flow


def _worst_block(network: _Network, rows: int, tolerance: float) -> Block | None:
    """The minimum cut, split into parts that have no cell in common."""
    nodes, noise = len(network.supply), _noise(network)
    stuck = np.flatnonzero(network.open > noise / nodes)
    back = network.flow > noise[network.tail] / nodes
    tails = np.concatenate([network.tail, network.head[back], np.full(len(stuck), nodes)])
    heads = np.concatenate([network.head, network.tail[back], stuck])
    reached = breadth_first_order(_graph(tails, heads, nodes + 1), nodes, directed=True, return_predecessors=False)
    inside = np.zeros(nodes, dtype=bool)
    inside[reached[reached < nodes]] = True
    within = inside[network.tail] & inside[network.head]
    joined = _graph(network.tail[within], network.head[within], nodes)
    count, part = connected_components(joined, directed=True, connection="weak")
    excess, size = (
        np.bincount(part[inside], weights=weights[inside], minlength=count)
        for weights in (network.supply, np.abs(network.supply))
    )
    rounding = np.zeros(count)
    rounding[part] = noise  # the same in all lines of a part
    # half: the size of a block counts what its rows put in and what its columns take out
    impossible = excess > np.maximum(0.5 * tolerance * size, rounding)
    if not impossible.any():
        return None
    worst = int(np.where(impossible, excess, -np.inf).argmax())
    lines = np.flatnonzero(inside & (part == worst))
    others = int(impossible.sum()) - 1
    return Block(lines[lines < rows], lines[lines >= rows] - rows, float(excess[worst]), others)


def _describe_block(
    block: Block, matrix: Floats, rows: Floats, columns: Floats, labels: LineLabels, kinds: tuple[str, str]
) -> str:
    """A block in words, from the side that has fewer lines to name."""
    first, second, axis = block.rows, block.columns, 0
    if len(first) + len(second) > (len(rows) + len(columns)) / 2:
        # the other side of the same cut: the other columns ask for more than the other rows can give
        first = np.setdiff1d(np.arange(len(columns)), block.columns)
        second, axis = np.setdiff1d(np.arange(len(rows)), block.rows), 1
    totals = (rows, columns) if axis == 0 else (columns, rows)
    asked = names(labels[axis] if labels else None, first, kinds[axis])
    given = names(labels[1 - axis] if labels else None, second, kinds[1 - axis])
    need, have = float(totals[0][first].sum()), float(totals[1][second].sum())
    if not len(first):
        text = f"{given} cannot come down to {have:.9g} without a negative cell"
    elif not len(second):
        text = f"{asked} cannot reach {need:.9g} without a positive cell"
    elif (matrix < 0).any():
        text = (
            f"{asked} must sum to {need:.9g} and {given} to {have:.9g}, but the former cannot exceed the latter: they"
            " have no positive cell where they do not cross, and the latter no negative one"
        )
    else:
        verb, possessive = ("need", "their") if len(first) > 1 else ("needs", "its")
        their_sum = "whose totals sum to" if len(second) > 1 else "whose total is"
        text = f"{asked} {verb} {need:.9g} but {possessive} cells lie only in {given}, {their_sum} {have:.9g}"
    others = f" ({block.others} more such blocks)" if block.others else ""
    return f"{text}: open a cell elsewhere, or lower the former or raise the latter by {block.excess:.9g}{others}"


def _cells(network: _Network, pipes: Integers, rows: int) -> Integers:
    """(k, 2) row and column of pipes, sorted."""
    ends = np.sort(np.column_stack([network.tail[pipes], network.head[pipes]]), axis=1)
    ends[:, 1] -= rows
    return np.asarray(ends[np.lexsort((ends[:, 1], ends[:, 0]))])


def _graph(tail: Integers, head: Integers, nodes: int) -> csr_array:
    return csr_array((np.ones(len(tail), dtype=np.int32), (tail, head)), shape=(nodes, nodes))


def _label(labels: LineLabels, axis: int, line: int) -> str:
    return name(labels[axis] if labels else None, line)


def _noise(network: _Network) -> Floats:
    """What sums of totals may miss by rounding, for each line: a small line far from large ones has little of it."""
    _, part = connected_components(_graph(network.tail, network.head, len(network.supply)), directed=False)
    return np.asarray(1e-15 * np.bincount(part, weights=np.abs(network.supply))[part])
