"""RAS, GRAS and the many-matrix scaling: what they keep, and what they refuse by name."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize

from sim.inputoutput.balancing import BalancingError, gras, ras, sinkhorn
from sim.inputoutput.checks import ArgumentError

POSITIVE = arrays(float, (3, 4), elements=st.floats(1.0, 50.0))
FACTORS = st.floats(0.1, 10.0)
RATIO = arrays(float, (3, 4), elements=st.floats(0.3, 3.0))
SIGNED = arrays(float, (3, 4), elements=st.sampled_from([-3.0, -1.0, 0.0, 0.0, 0.5, 2.0, 7.0]))


@given(POSITIVE, POSITIVE)
@settings(max_examples=30)
def test_ras_meets_the_totals_and_keeps_odds(start: np.ndarray, target: np.ndarray) -> None:
    rows, columns = target.sum(axis=1), target.sum(axis=0)
    result = ras(start, rows, columns)
    np.testing.assert_allclose(result.matrix.sum(axis=1), rows, rtol=1e-9)
    np.testing.assert_allclose(result.matrix.sum(axis=0), columns, rtol=1e-9)
    np.testing.assert_allclose(odds(result.matrix), odds(start), rtol=1e-8)
    np.testing.assert_allclose(result.matrix, np.outer(result.row_factors, result.column_factors) * start, rtol=1e-9)


def odds(matrix: np.ndarray) -> np.ndarray:
    """Cross ratios a_ij a_00 / (a_i0 a_0j), which no scaling of rows and columns changes."""
    return matrix * matrix[0, 0] / np.outer(matrix[:, 0], matrix[0])


@given(POSITIVE, POSITIVE, arrays(float, 3, elements=FACTORS), arrays(float, 4, elements=FACTORS))
@settings(max_examples=30)
def test_ras_does_not_see_how_rows_and_columns_of_the_prior_are_scaled(
    start: np.ndarray, target: np.ndarray, row: np.ndarray, column: np.ndarray
) -> None:
    rows, columns = target.sum(axis=1), target.sum(axis=0)
    rescaled = ras(row[:, None] * start * column, rows, columns).matrix
    np.testing.assert_allclose(rescaled, ras(start, rows, columns).matrix, rtol=1e-7)


@given(SIGNED, RATIO)
@settings(max_examples=30)
def test_gras_keeps_signs_and_zeros_and_meets_the_totals(start: np.ndarray, ratio: np.ndarray) -> None:
    target = start * ratio
    rows, columns = target.sum(axis=1), target.sum(axis=0)
    result = gras(start, rows, columns, rounds=20_000, tolerance=1e-10)
    assert (np.sign(result.matrix) == np.sign(start)).all()
    scale = max(np.abs(rows).max(), np.abs(columns).max(), 1e-300)
    assert np.abs(result.matrix.sum(axis=1) - rows).max() <= 2e-10 * scale
    assert np.abs(result.matrix.sum(axis=0) - columns).max() <= 2e-10 * scale


@given(SIGNED, RATIO, arrays(float, 3, elements=FACTORS), arrays(float, 4, elements=FACTORS))
@settings(max_examples=30)
def test_gras_does_not_see_factors_that_go_against_the_sign(
    start: np.ndarray, ratio: np.ndarray, row: np.ndarray, column: np.ndarray
) -> None:
    target, factors = start * ratio, np.outer(row, column)
    totals = target.sum(axis=1), target.sum(axis=0)
    rescaled = gras(np.where(start > 0, start * factors, start / factors), *totals, rounds=20_000)
    plain = gras(start, *totals, rounds=20_000)
    np.testing.assert_allclose(rescaled.matrix, plain.matrix, atol=1e-6 * np.abs(target).max())


@given(SIGNED, RATIO)
@settings(max_examples=30)
def test_the_unit_of_money_does_not_matter(start: np.ndarray, ratio: np.ndarray) -> None:
    target = start * ratio
    totals = target.sum(axis=1), target.sum(axis=0)
    thousands = gras(1000.0 * start, 1000.0 * totals[0], 1000.0 * totals[1], rounds=20_000).matrix
    plain = gras(start, *totals, rounds=20_000).matrix
    np.testing.assert_allclose(thousands, 1000.0 * plain, atol=1e-6 * np.abs(thousands).max())


@given(POSITIVE)
@settings(max_examples=30)
def test_a_balanced_matrix_stays_as_it_is(matrix: np.ndarray) -> None:
    result = ras(matrix, matrix.sum(axis=1), matrix.sum(axis=0))
    np.testing.assert_allclose(result.matrix, matrix, rtol=1e-12)
    assert result.rounds == 1


def test_gras_without_change_of_totals_changes_nothing() -> None:
    # the least sum |a| z ln z of the first published form would: Lenzen, Wood and Gallego (2007)
    matrix = np.array([[7.0, 3.0, -3.0], [2.0, 9.0, 8.0], [-2.0, 1.0, 2.0]])
    totals = matrix.sum(axis=1), matrix.sum(axis=0)
    np.testing.assert_allclose(gras(matrix, *totals).matrix, matrix, rtol=1e-12)
    assert np.abs(gras(matrix / np.e, *totals).matrix - matrix).max() > 0.1


# the example of Junius and Oosterhaven (2003)
EXAMPLE = np.array([[7.0, 3.0, 5.0, -3.0], [2.0, 9.0, 8.0, 1.0], [-2.0, 0.0, 2.0, 1.0]])
EXAMPLE_TOTALS = np.array([15.0, 26.0, -1.0]), np.array([9.0, 16.0, 17.0, -2.0])


@pytest.mark.parametrize(
    ("linear", "prior"),
    [(1.0, EXAMPLE), (0.0, EXAMPLE / np.e), (1.0, np.where(EXAMPLE > 0, np.e, 1 / np.e) * EXAMPLE)],
    ids=["sum |a| (z ln z - z + 1)", "sum |a| z ln z", "e that r takes up"],
)
def test_gras_is_the_least_distance_by_direct_minimisation(linear: float, prior: np.ndarray) -> None:
    cells, places = EXAMPLE[EXAMPLE != 0], np.argwhere(EXAMPLE != 0)
    sums = np.zeros((7, len(cells)))
    for k, (i, j) in enumerate(places):
        sums[i, k] = sums[3 + j, k] = cells[k]
    totals = np.concatenate(EXAMPLE_TOTALS)
    found = minimize(
        lambda z: np.abs(cells) @ (z * np.log(z) - linear * z),
        np.ones(len(cells)),
        jac=lambda z: np.abs(cells) * (np.log(z) + 1.0 - linear),
        bounds=[(1e-9, None)] * len(cells),
        constraints={"type": "eq", "fun": lambda z: (sums @ z - totals)[:-1], "jac": lambda _: sums[:-1]},
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    result = gras(prior, *EXAMPLE_TOTALS).matrix
    np.testing.assert_allclose(result[EXAMPLE != 0], cells * found.x, rtol=1e-5)


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


def test_a_line_of_one_sign_with_the_total_0_vanishes() -> None:
    # row 0 has gains only, column 2 losses only; both totals are 0
    matrix = np.array([[1.0, 2.0, 0.0], [3.0, 1.0, -1.0], [2.0, -1.0, -2.0]])
    result = gras(matrix, np.array([0.0, 5.0, 2.0]), np.array([4.0, 3.0, 0.0]))
    assert (result.matrix[0] == 0).all()
    assert (result.matrix[:, 2] == 0).all()
    assert (np.sign(result.matrix[1:, :2]) == np.sign(matrix[1:, :2])).all()
    np.testing.assert_allclose(result.matrix.sum(axis=1), [0.0, 5.0, 2.0], atol=1e-11)
    assert result.row_factors[0] == 0.0
    assert result.column_factors[2] == np.inf


def test_a_line_that_vanishes_may_take_others_with_it() -> None:
    # without row 0 column 0 has only its loss, whose total is 0
    matrix = np.array([[2.0, 1.0], [-1.0, 3.0]])
    result = gras(matrix, np.array([0.0, 4.0]), np.array([0.0, 4.0]))
    assert result.matrix.tolist() == [[0.0, 0.0], [0.0, 4.0]]
    with pytest.raises(BalancingError, match="row 1 needs 4 but its cells lie only in column 1, whose total is 3"):
        ras(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0.0, 4.0]), np.array([1.0, 3.0]))


def test_a_total_of_0_with_both_signs_is_met() -> None:
    matrix = np.array([[4.0, -1.0], [1.0, 2.0]])
    result = gras(matrix, np.array([0.0, 3.0]), np.array([2.0, 1.0])).matrix
    np.testing.assert_allclose(result.sum(axis=1), [0.0, 3.0], atol=1e-11)
    assert (np.sign(result) == np.sign(matrix)).all()


def test_sums_that_differ_by_rounding_leave_the_miss_in_the_rows() -> None:
    rows, columns = np.array([1.0, 2.0]), np.array([1.5, 1.5 + 3e-12])
    result = ras(np.ones((2, 2)), rows, columns)
    np.testing.assert_allclose(result.matrix.sum(axis=0), columns, rtol=1e-15)
    assert result.residual == pytest.approx(1e-12, rel=0.01)  # 3e-12 of 3, the same share of each row


LABELS = (("steel", "copper"), ("cars", "ships"))


@pytest.mark.parametrize(
    ("matrix", "rows", "columns", "message"),
    [
        ([[1, 2], [0, 0]], [3, 4], [3, 4], r"row 1 \(copper\) has only zeros but the total 4: open a cell"),
        ([[1, 0], [2, 0]], [3, 4], [3, 4], r"column 1 \(ships\) has only zeros but the total 4"),
        ([[1, 2], [3, 4]], [3, 4], [3, 5], r"rows sum to 7, columns to 8: they must agree; .* difference of -1"),
        ([[-1, -2], [3, 4]], [3, 4], [3, 4], r"row 0 \(steel\) cannot reach 3: its cells have the other sign"),
        ([[1, 2], [3, 4]], [3, -4], [-3, 2], r"row 1 \(copper\) cannot reach -4: its cells have the other sign"),
        (
            [[1, 0], [0, 1]],
            [3, 4],
            [4, 3],
            r"50 rounds: .*; row 1 \(copper\) needs 4 but its cells lie only in column 1 \(ships\), whose total is 3",
        ),
        (
            [[1, 1], [0, 1]],
            [1, 1],
            [1, 1],
            r"only if the cell in row 0 \(steel\), column 1 \(ships\) become 0, .* only in the limit",
        ),
        (
            [[1, 0], [0, -1]],
            [200, -100],
            [300, -200],
            r"row 1 \(copper\) must sum to -100 and column 1 \(ships\) to -200, but the former cannot exceed",
        ),
    ],
)
def test_gras_refuses_by_name(matrix: list, rows: list, columns: list, message: str) -> None:
    with pytest.raises(BalancingError, match=message):
        gras(np.array(matrix, float), np.array(rows, float), np.array(columns, float), labels=LABELS, rounds=50)


@pytest.mark.parametrize(
    ("matrix", "rows", "columns", "message"),
    [
        ([[1, np.nan], [3, 4]], [3, 4], [3, 4], r"matrix in row 0 \(steel\), column 1 \(ships\) is nan: fill the gap"),
        ([[1, 2], [3, 4]], [3, 4], [np.inf, 5], r"column totals in row 0 \(cars\) is inf"),
        ([[1, 2], [3, 4]], [3, 4, 5], [3, 5], r"a matrix of \(2, 2\) cannot have row totals of \(3,\)"),
        ([1, 2], [3, 4], [3, 5], r"must have rows and columns"),
        ([[1, 2, 3], [3, 4, 5]], [3, 4], [3, 2, 2], r"the matrix has 3 columns but there are 2 labels"),
    ],
)
def test_what_is_no_matrix_with_totals_is_refused(matrix: list, rows: list, columns: list, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        gras(np.array(matrix, float), np.array(rows, float), np.array(columns, float), labels=LABELS)


def test_ras_refuses_negative_cells_and_totals() -> None:
    with pytest.raises(BalancingError, match=r"row 0 \(steel\), column 1 \(ships\) is -2; use gras"):
        ras(np.array([[1.0, -2.0], [3.0, 4.0]]), np.ones(2), np.ones(2), labels=LABELS)
    with pytest.raises(BalancingError, match=r"column 0 has -1"):
        ras(np.ones((2, 2)), np.ones(2), np.array([-1.0, 3.0]))


def test_too_few_rounds_are_called_that() -> None:
    with pytest.raises(BalancingError, match=r"no balance after 2 rounds: .* can be met, so allow more rounds"):
        ras(np.array([[1.0, 2.0], [3.0, 1.0]]), np.array([5.0, 1.0]), np.array([2.0, 4.0]), rounds=2)


def test_factors_that_run_away_end_the_scaling() -> None:
    # the excess is a millionfold, so that factors leave the range of numbers within some dozen rounds
    with pytest.raises(BalancingError, match=r"no balance after \d\d rounds: .* row 0 needs 1000000 but"):
        ras(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([1e6, 1.0]), np.array([1.0, 1e6]))


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


SMALL_BESIDE_LARGE = [
    ([[1.0, 1.0], [1.0, 3.0]], [1e12, 0.5], [1e12, 0.5]),
    ([[5e11, 1.0, 1.0], [1.0, 1e-3, 1.0], [1.0, 1.0, 1e-3]], [1e12, 0.5, 0.1], [1e12, 0.5, 0.1]),
    ([[5e6, 1.0, 1e-6], [1e6, 2.0, 1e-6], [1e6, 1.0, 3e-6]], [1e7, 2.0, 1e-6], [1e7, 2.0, 1e-6]),
    ([[5.0, 1.0, 2e9], [2.0, -1e-6, 0.0], [1.0, 3e-6, 1e9]], [3e9, 2.1, 1e9 + 7.0], [9.1, 3e-6, 4e9 - 3e-6]),
]


@pytest.mark.parametrize(("matrix", "rows", "columns"), SMALL_BESIDE_LARGE)
def test_small_lines_are_met_as_well_as_large_ones(matrix: list, rows: list, columns: list) -> None:
    result = gras(matrix, rows, columns)
    np.testing.assert_allclose(result.matrix.sum(axis=1), rows, rtol=1e-11)
    np.testing.assert_allclose(result.matrix.sum(axis=0), columns, rtol=1e-11)
    assert result.residual <= 1e-11


@pytest.mark.parametrize(
    ("matrix", "rows", "columns", "message"),
    [
        ([[1, 0], [0, 1]], [1e13, 1], [1e13, 2], r"misses its total 1 by 1; column 1 \(ships\) needs 2 but its cells"),
        ([[1, 0], [0, 1]], [1e13, 1e-3], [1e13, 2e-3], r"column 1 \(ships\) needs 0.002 but its cells lie only in"),
        ([[1, 0], [0, 0]], [1e13, 1], [1e13, 1], r"row 1 \(copper\) has only zeros but the total 1: open a cell"),
        ([[1, 0], [0, 0]], [1e13, 1e-4], [1e13, 1e-4], r"row 1 \(copper\) has only zeros but the total 0.0001"),
        ([[1, 0], [0, -1]], [1e13, 1], [1e13, 1], r"row 1 \(copper\) cannot reach 1: its cells have the other sign"),
        # row 0 must vanish and leaves column 0 without a cell
        ([[1, 1], [0, 1]], [0, 1e13], [1, 1e13], r"column 0 \(cars\) needs 1 but its cells lie only in row 0"),
    ],
)
def test_small_totals_beside_large_ones_are_not_taken_for_rounding(
    matrix: list, rows: list, columns: list, message: str
) -> None:
    with pytest.raises(BalancingError, match=message):
        gras(np.array(matrix, float), rows, columns, labels=LABELS)


def test_totals_of_0_are_met_to_the_rounding_of_the_cells_that_cancel() -> None:
    generator = np.random.default_rng(4)
    matrix = generator.normal(size=(40, 40)) * 10.0 ** generator.integers(-3, 4, (40, 1))
    target = np.exp(0.1 * generator.normal(size=(40, 40))) * matrix
    gains, losses = np.maximum(target, 0.0), np.minimum(target, 0.0)
    target = losses - gains * (losses.sum(axis=1) / gains.sum(axis=1))[:, None]
    result = gras(matrix, np.zeros(40), target.sum(axis=0), rounds=5000)
    assert np.abs(result.matrix.sum(axis=1) / np.abs(result.matrix).sum(axis=1)).max() < 2e-14
    assert result.residual < 1e-11


def test_a_total_that_is_0_but_for_rounding_lets_a_line_vanish() -> None:
    matrix = np.array([[1.0, 2.0], [3.0, 4.0]])
    result = gras(matrix, [-1e-16, 5.0], [2.0, 3.0])
    assert result.matrix.tolist() == [[0.0, 0.0], [2.0, 3.0]]
    with pytest.raises(BalancingError, match="row 0 cannot reach -1e-12"):
        gras(matrix, [-1e-12, 5.0], [2.0, 3.0 - 1e-12])


@pytest.mark.parametrize("tolerance", [np.nan, -1.0, np.inf])
def test_a_tolerance_that_is_no_share_is_refused(tolerance: float) -> None:
    with pytest.raises(ArgumentError, match="tolerance must be 0 or above"):
        gras(np.ones((2, 2)), [1.0, 2.0], [1.5, 1.5], tolerance=tolerance)


def test_a_gap_that_is_let_pass_is_not_named_as_what_stands_in_the_way() -> None:
    with pytest.raises(BalancingError, match=r"no balance after 2 rounds: .* can be met, so allow more rounds"):
        ras([[1.0, 2.0], [3.0, 1.0]], [5.0, 1.0], [2.0, 4.0 + 9e-12], rounds=2)
