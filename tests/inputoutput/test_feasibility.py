"""Why totals cannot be met: the named lines and cells against a linear programme, and the words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from sim.inputoutput.feasibility import Block, explain, infeasible_block, vanishing_cells

SIGNS = arrays(float, (3, 4), elements=st.sampled_from([-1.0, 0.0, 0.0, 1.0, 1.0]))
AMOUNTS = arrays(float, (3, 4), elements=st.integers(0, 3).map(float))


def system(signs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which totals each cell of the pattern adds to, and the positions of the cells."""
    places = np.argwhere(signs != 0)
    matrix = np.zeros((sum(signs.shape), len(places)))
    for k, (i, j) in enumerate(places):
        matrix[i, k] = matrix[signs.shape[0] + j, k] = signs[i, j]
    return matrix, places


def possible(signs: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> bool:
    """Whether amounts of these signs have these totals, by a linear programme."""
    matrix, places = system(signs)
    if not len(places):
        return bool((rows == 0).all() and (columns == 0).all())
    found = linprog(np.zeros(len(places)), A_eq=matrix, b_eq=np.concatenate([rows, columns]), method="highs")
    return bool(found.status == 0)


def always_zero(signs: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> list[tuple[int, int]]:
    """Cells that no solution fills, each by a linear programme of its own."""
    matrix, places = system(signs)
    totals = np.concatenate([rows, columns])
    empty = []
    for k, (i, j) in enumerate(places):
        price = np.zeros(len(places))
        price[k] = -1.0
        found = linprog(price, A_eq=matrix, b_eq=totals, bounds=(0, 100), method="highs")
        if -found.fun < 1e-6:
            empty.append((int(i), int(j)))
    return empty


@given(SIGNS, AMOUNTS, st.permutations(range(3)))
@settings(max_examples=40, deadline=None)
def test_a_block_is_found_where_a_linear_programme_finds_no_solution(
    signs: np.ndarray, amounts: np.ndarray, order: list[int]
) -> None:
    rows, columns = (signs * amounts).sum(axis=1)[order], (signs * amounts).sum(axis=0)
    block = infeasible_block(signs, rows, columns)
    assert (block is None) == possible(signs, rows, columns)
    if block is not None:
        check_block(block, signs, rows, columns)


def check_block(block: Block, signs: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None:
    """What the block says proves that there is no solution."""
    other_rows = np.setdiff1d(np.arange(3), block.rows)
    other_columns = np.setdiff1d(np.arange(4), block.columns)
    assert (signs[np.ix_(block.rows, other_columns)] <= 0).all()
    assert (signs[np.ix_(other_rows, block.columns)] >= 0).all()
    assert block.excess == rows[block.rows].sum() - columns[block.columns].sum() > 0


@given(SIGNS, AMOUNTS)
@settings(max_examples=20, deadline=None)
def test_cells_that_must_vanish_are_those_no_linear_programme_can_fill(signs: np.ndarray, amounts: np.ndarray) -> None:
    rows, columns = (signs * amounts).sum(axis=1), (signs * amounts).sum(axis=0)
    found = [tuple(cell) for cell in vanishing_cells(signs, rows, columns).tolist()]
    assert found == always_zero(signs, rows, columns)


def test_a_small_excess_beside_large_totals_is_found() -> None:
    block = infeasible_block(np.eye(3), np.array([1e10, 1.0, 2.0]), np.array([1e10, 1.01, 1.99]))
    assert block is not None
    assert block.rows.tolist() == block.columns.tolist() == [2]
    assert block.excess == pytest.approx(0.01)


def test_the_words_name_the_side_with_fewer_lines() -> None:
    # rows 0 and 1 reach columns 2 and 3 only
    matrix = np.ones((6, 5))
    matrix[:2, [0, 1, 4]] = 0.0
    rows, columns = np.array([7.0, 5.0, 1.0, 1.0, 1.0, 1.0]), np.array([3.0, 3.0, 4.0, 5.0, 1.0])
    labels = (("a", "b", "c", "d", "e", "f"), ("p", "q", "r", "s", "t"))
    assert explain(matrix, rows, columns, labels) == (
        "rows 0 (a), 1 (b) need 12 but their cells lie only in columns 2 (r), 3 (s), whose totals sum to 9:"
        " open a cell elsewhere, or lower the former or raise the latter by 3"
    )
    # the same seen from a pattern in which most lines are in the block: one column asks for more than one row can give
    matrix = np.ones((4, 4))
    matrix[:3, 3] = 0.0
    assert explain(
        matrix, np.array([4.0, 4.0, 4.0, 1.0]), np.array([3.0, 4.0, 4.0, 2.0]), kinds=("origin", "goal")
    ) == (
        "goal 3 needs 2 but its cells lie only in origin 3, whose total is 1:"
        " open a cell elsewhere, or lower the former or raise the latter by 1"
    )


def test_several_blocks_are_counted_and_the_worst_is_named() -> None:
    text = explain(np.eye(5), np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([2.0, 1.0, 6.0, 3.0, 3.0]))
    assert text is not None
    assert "row 4 needs 5 but its cells lie only in column 4, whose total is 3" in text
    assert text.endswith("by 2 (2 more such blocks)")


def test_long_lists_are_cut() -> None:
    matrix = np.ones((12, 3))
    matrix[:8, :2] = 0.0
    rows, columns = np.ones(12), np.array([4.0, 4.0, 4.0])
    text = explain(np.pad(matrix, ((0, 0), (0, 20))), rows, np.pad(columns, (0, 20)))
    assert text is not None
    assert text.startswith("rows 0, 1, 2, 3, 4, 5 and 2 more need 8 but their cells lie only in column 2")


def test_what_is_possible_has_no_explanation() -> None:
    assert explain(np.ones((2, 2)), np.array([1.0, 2.0]), np.array([2.0, 1.0])) is None
    assert explain(np.zeros((2, 2)), np.zeros(2), np.zeros(2)) is None
