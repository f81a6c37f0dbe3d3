"""RAS, GRAS and the many-matrix scaling: what they keep, and what they refuse by name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.inputoutput.balancing import BalancingError, gras, ras, sinkhorn

POSITIVE = arrays(float, (3, 4), elements=st.floats(0.1, 100.0))


@given(POSITIVE, POSITIVE)
def test_ras_meets_the_totals_and_keeps_odds(start: np.ndarray, target: np.ndarray) -> None:
    rows, columns = target.sum(axis=1), target.sum(axis=0)
    result = ras(start, rows, columns)
    np.testing.assert_allclose(result.matrix.sum(axis=1), rows, rtol=1e-9)
    np.testing.assert_allclose(result.matrix.sum(axis=0), columns, rtol=1e-9)
    kept = start[0, 0] * start[1, 1] / (start[0, 1] * start[1, 0])
    found = result.matrix
    assert found[0, 0] * found[1, 1] / (found[0, 1] * found[1, 0]) == pytest.approx(kept, rel=1e-8)
    np.testing.assert_allclose(result.matrix, np.outer(result.row_factors, result.column_factors) * start, rtol=1e-9)


@given(POSITIVE)
def test_a_balanced_matrix_stays_as_it_is(matrix: np.ndarray) -> None:
    result = ras(matrix, matrix.sum(axis=1), matrix.sum(axis=0))
    np.testing.assert_allclose(result.matrix, matrix, rtol=1e-12)
    assert result.rounds == 1


def test_gras_keeps_signs() -> None:
    matrix = np.array([[7.0, 3.0, -3.0], [2.0, 9.0, 8.0], [-2.0, 1.0, 2.0]])
    rows = np.array([9.0, 22.0, 0.5])
    result = gras(matrix, rows, np.array([8.0, 15.0, 8.5])).matrix
    assert (np.sign(result) == np.sign(matrix)).all()
    np.testing.assert_allclose(result.sum(axis=1), rows, atol=1e-10)


def test_gras_keeps_digits_when_losses_dwarf_gains() -> None:
    # a row of 1 and -1000000 with total -1: the textbook root would lose its digits to cancellation
    matrix = np.array([[1.0, -1e6], [1.0, 1e6]])
    result = gras(matrix, np.array([-1.0, 2e6]), np.array([2.0, 2e6 - 3.0]), tolerance=1e-13)
    np.testing.assert_allclose(result.matrix.sum(axis=1), [-1.0, 2e6], atol=1e-6)


LABELS = (("steel", "copper"), ("cars", "ships"))


@pytest.mark.parametrize(
    ("matrix", "rows", "columns", "message"),
    [
        ([[1, 2], [0, 0]], [3, 4], [3, 4], r"row 1 \(copper\) has only zeros but the total 4"),
        ([[1, 0], [2, 0]], [3, 4], [3, 4], r"column 1 \(ships\) has only zeros but the total 4"),
        ([[1, 2], [3, 4]], [3, 4], [3, 5], r"rows sum to 7, columns to 8: they must agree"),
        ([[1, 2], [3, 4]], [3, 4], [np.nan, 5], r"finite"),
        ([[-1, -2], [3, 4]], [3, 4], [3, 4], r"row 0 \(steel\) cannot reach 3: its cells have the other sign"),
        ([[1, 0], [0, 1]], [3, 4], [4, 3], r"no balance after 50 rounds: .* where other totals leave no room"),
    ],
)
def test_gras_refuses_by_name(matrix: list, rows: list, columns: list, message: str) -> None:
    with pytest.raises(BalancingError, match=message):
        gras(np.array(matrix, float), np.array(rows, float), np.array(columns, float), labels=LABELS, rounds=50)


def test_ras_refuses_negative_cells_and_totals() -> None:
    with pytest.raises(BalancingError, match=r"row 0 \(steel\), column 1 \(ships\) is -2"):
        ras(np.array([[1.0, -2.0], [3.0, 4.0]]), np.ones(2), np.ones(2), labels=LABELS)
    with pytest.raises(BalancingError, match=r"column 0 has -1"):
        ras(np.ones((2, 2)), np.ones(2), np.array([-1.0, 3.0]))


def test_wrong_number_of_totals_is_refused() -> None:
    with pytest.raises(BalancingError, match="cannot have 3 row and 2 column totals"):
        ras(np.ones((2, 2)), np.ones(3), np.full(2, 1.5))


def test_sinkhorn_agrees_with_ras_for_each_matrix() -> None:
    generator = np.random.default_rng(1)
    prior, target = generator.uniform(0.1, 1.0, (5, 3, 4)), generator.uniform(0.1, 1.0, (5, 3, 4))
    scaled, miss = sinkhorn(prior, target.sum(axis=2), target.sum(axis=1))
    for matrix, start, goal in zip(scaled, prior, target, strict=True):
        np.testing.assert_allclose(matrix, ras(start, goal.sum(axis=1), goal.sum(axis=0)).matrix, rtol=1e-9)
    assert miss.max() < 1e-11


def test_sinkhorn_reports_what_it_cannot_reach() -> None:
    prior = np.array([np.eye(2), np.ones((2, 2))])
    totals = np.array([[3.0, 4.0], [3.0, 4.0]])
    _, miss = sinkhorn(prior, totals, totals[:, ::-1], rounds=50)
    assert miss[0] > 0.1
    assert miss[1] < 1e-12


def test_sinkhorn_leaves_empty_lines_empty() -> None:
    scaled, miss = sinkhorn(np.ones((1, 3, 2)), np.array([[0.0, 1.0, 2.0]]), np.array([[3.0, 0.0]]))
    assert scaled[0].tolist() == [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]
    assert miss[0] == 0.0
