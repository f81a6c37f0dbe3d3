"""Anchors: limits of useless and of sure ones, compromise by reliability, and what is refused by name."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy.linalg import null_space
from scipy.optimize import minimize

from sim.inputoutput.anchors import Anchor, balance
from sim.inputoutput.balancing import BalancingError, gras, ras
from sim.inputoutput.checks import ArgumentError

PRIOR = np.array([[4.0, 2.0, 3.0], [1.0, 5.0, 2.0], [3.0, 3.0, 6.0]])
ROWS, COLUMNS = np.array([10.0, 9.0, 11.0]), np.array([9.0, 10.0, 11.0])
SIGNED = np.array([[7.0, 3.0, 5.0, -3.0], [2.0, 9.0, 8.0, 0.0], [-2.0, 0.0, 2.0, 0.0]])
SIGNED_ROWS, SIGNED_COLUMNS = np.array([15.0, 26.0, -1.0]), np.array([9.0, 16.0, 17.0, -2.0])


def test_without_anchors_it_is_gras() -> None:
    for problem in ((PRIOR, ROWS, COLUMNS), (SIGNED, SIGNED_ROWS, SIGNED_COLUMNS)):
        assert_allclose(balance(*problem, []).matrix, gras(*problem).matrix, rtol=1e-9)


@pytest.mark.parametrize("error", [np.inf, 1e9])
def test_useless_anchors_leave_gras(error: float) -> None:
    found = balance(SIGNED, SIGNED_ROWS, SIGNED_COLUMNS, [Anchor("flow", (0, 0), 12.0, error)])
    plain = gras(SIGNED, SIGNED_ROWS, SIGNED_COLUMNS).matrix
    assert_allclose(found.matrix, plain, rtol=1e-9)
    assert found.anchors[0].residual == pytest.approx(plain[0, 0] - 12.0, rel=1e-9)


@pytest.mark.parametrize("error", [0.0, 1e-7])
def test_a_known_cell_is_that_of_modified_ras(error: float) -> None:
    # Paelinck and Waelbroeck (1963): take the cell out of the matrix and of its totals, balance, and put it back
    rest, rows, columns = PRIOR.copy(), ROWS.copy(), COLUMNS.copy()
    rest[1, 2], rows[1], columns[2] = 0.0, rows[1] - 4.0, columns[2] - 4.0
    wanted = ras(rest, rows, columns).matrix
    wanted[1, 2] = 4.0
    found = balance(PRIOR, ROWS, COLUMNS, [Anchor("flow", (1, 2), 4.0, error)])
    assert_allclose(found.matrix, wanted, rtol=1e-8)
    assert abs(found.anchors[0].residual) < 1e-9


ANCHORS = [
    Anchor("block", np.ix_([0, 1], [0, 1]), 14.0, 0.5),
    Anchor("cells", ([0, 2], [2, 0]), 5.0, 0.2),
    Anchor("mix", np.s_[2, :], 20.0, 1.0, [2.0, -1.0, 3.0]),
    Anchor("sure", (1, 1), 4.5, 0.0),
]


def exact_sums() -> np.ndarray:
    """Which cells of a flattened 3 by 3 matrix each row and column total sums."""
    return np.vstack([np.kron(np.eye(3), np.ones(3)), np.kron(np.ones(3), np.eye(3))])


def test_the_result_minimises_distance_and_squared_misses() -> None:
    # the primal problem by a search without slopes, for a matrix of both signs
    prior, theta = PRIOR * np.array([[1, 1, 1], [1, 1, -1], [1, 1, 1]]), 0.3**2 * PRIOR.mean()
    rows, columns = np.array([10.0, 4.0, 11.0]), np.array([9.0, 9.0, 7.0])

    def total(x: np.ndarray) -> float:
        ratio = x.reshape(3, 3) / prior
        distance = (np.abs(prior) * (ratio * np.log(ratio) - ratio + 1.0)).sum() / theta
        misses = [
            (x[[0, 1, 3, 4]].sum() - 14.0) / 0.5,
            (x[2] + x[6] - 5.0) / 0.2,
            (x[6:] @ [2.0, -1.0, 3.0] - 20.0) / 1.0,
        ]
        return float(distance + 0.5 * np.square(misses).sum())

    # what the exact figures leave free: three directions, searched from a point off the solution
    found = balance(prior, rows, columns, ANCHORS, cell_error=0.3)
    free = null_space(np.vstack([exact_sums(), np.eye(9)[4]]))
    off = found.matrix.ravel() + free @ np.full(free.shape[1], 0.2)

    def moved(step: np.ndarray) -> float:
        x = off + free @ step
        return total(x) if (x / prior.ravel() > 0).all() else np.inf

    limits = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000}
    wanted = minimize(moved, np.zeros(free.shape[1]), method="Nelder-Mead", options=limits)
    assert wanted.success
    assert_allclose(found.matrix.ravel(), off + free @ wanted.x, atol=1e-6)
    assert total(found.matrix.ravel()) <= wanted.fun + 1e-12
    assert [report.name for report in found.anchors] == ["block", "cells", "mix", "sure"]
    assert found.anchors[2].reached == pytest.approx(found.matrix[2] @ [2.0, -1.0, 3.0])


def test_small_changes_are_those_of_least_squares() -> None:
    # Stone, Champernowne and Meade (1942), cells of variance theta a: x = a + V K' (K V K' + S)^-1 (b - K a)
    rows, columns = PRIOR.sum(axis=1), PRIOR.sum(axis=0)
    change = 1e-4
    anchors = [Anchor("one", (0, 0), 4.0 + change, 0.3), Anchor("two", ([1, 2], [1, 1]), 8.0 - 2.0 * change, 0.1)]
    variance = 0.1**2 * PRIOR.mean() * PRIOR.ravel()
    system = np.vstack([exact_sums(), np.zeros((2, 9))])
    system[6, 0] = system[7, [4, 7]] = 1.0
    gap = np.array([0, 0, 0, 0, 0, 0, change, -2.0 * change])
    spread = system @ (variance[:, None] * system.T) + np.diag([0, 0, 0, 0, 0, 0, 0.3**2, 0.1**2])
    wanted = variance * (system.T @ np.linalg.lstsq(spread, gap, rcond=1e-10)[0])
    found = balance(PRIOR, rows, columns, anchors, tolerance=1e-14).matrix - PRIOR
    assert_allclose(found.ravel(), wanted, atol=1e-3 * change)


def test_two_figures_of_one_cell_are_weighed_by_their_inverse_squared_errors() -> None:
    conflict = [Anchor("survey", (0, 0), 5.0, 0.01), Anchor("register", (0, 0), 6.0, 0.02)]
    found = balance(PRIOR, ROWS, COLUMNS, conflict, cell_error=1.0)
    assert found.matrix[0, 0] == pytest.approx((5.0 * 4.0 + 6.0 * 1.0) / 5.0, abs=2e-4)
    assert found.anchors[0].residual == pytest.approx(0.2, abs=2e-4)
    assert found.anchors[1].errors == pytest.approx(-0.8 / 0.02, abs=0.02)
    assert_allclose(found.matrix.sum(axis=1), ROWS, rtol=1e-10)


def test_a_balance_is_reached_where_rounding_hides_the_slope() -> None:
    """The last step of this one, found by chance, lowers neither the function nor its slope by more than rounding."""
    prior = np.array([[0.0, -1.0, 0.0, 0.0], [0.0, 2.0, 2.0, -1.0], [4.0, 2.0, 2.0, -1.0]])
    ratio = [
        [0.443480304651161, 0.4816033687086512, 1.0297626205976056, 2.318341203780849],
        [1.374910183491943, 2.378916295395859, 1.6897082300735975, 1.7458979410447855],
        [2.352840293035965, 1.2577154970648898, 2.1645474545760224, 0.777105378378063],
    ]
    target, cells = prior * np.array(ratio), np.s_[:2, :2]
    value = float(target[cells].sum()) - 2.104246440782058
    found = balance(prior, target.sum(axis=1), target.sum(axis=0), [Anchor("block", cells, value, 1.0)])
    assert_allclose(found.matrix.sum(axis=1), target.sum(axis=1), rtol=1e-10, atol=1e-10)


PRIORS = arrays(float, (3, 4), elements=st.sampled_from([-3.0, -1.0, 0.0, 0.5, 2.0, 4.0, 7.0]))
RATIOS = arrays(float, (3, 4), elements=st.floats(0.4, 2.5))


@given(PRIORS, RATIOS, st.floats(-3.0, 3.0))
@settings(max_examples=30, deadline=None)
def test_the_miss_falls_as_the_anchor_becomes_surer(prior: np.ndarray, ratio: np.ndarray, off: float) -> None:
    target = prior * ratio
    cells = np.s_[:2, :2]
    if not prior[cells].any():
        return
    value = float(target[cells].sum()) + off
    totals = target.sum(axis=1), target.sum(axis=0)
    misses = [
        abs(balance(prior, *totals, [Anchor("block", cells, value, error)]).anchors[0].residual)
        for error in (10.0, 1.0, 0.1, 0.03)
    ]
    assert all(later <= earlier + 1e-8 for earlier, later in pairwise(misses))


@given(PRIORS, RATIOS, st.floats(0.5, 2.0), st.sampled_from([0.0, 0.1, 1.0]))
@settings(max_examples=30, deadline=None)
def test_signs_and_zeros_stay_and_totals_hold(prior: np.ndarray, ratio: np.ndarray, off: float, error: float) -> None:
    target = prior * ratio
    # an exact anchor is taken from the target, so that it can be met; a soft one may lie off it
    value = float(target[0, :2].sum()) * (1.0 if error == 0.0 else off)
    if not prior[0, :2].any():
        return
    found = balance(prior, target.sum(axis=1), target.sum(axis=0), [Anchor("pair", np.s_[0, :2], value, error)])
    assert (np.sign(found.matrix) == np.sign(prior)).all()
    scale = np.abs(target).max() + np.abs(target.sum(axis=1)).max() + np.abs(target.sum(axis=0)).max()
    assert_allclose(found.matrix.sum(axis=1), target.sum(axis=1), atol=1e-10 * scale)
    assert_allclose(found.matrix.sum(axis=0), target.sum(axis=0), atol=1e-10 * scale)
    if error == 0.0:
        assert abs(found.anchors[0].residual) < 1e-9 * scale


@given(st.floats(0.05, 2.0), st.floats(0.05, 2.0))
@settings(max_examples=20, deadline=None)
def test_of_two_figures_in_conflict_the_surer_prevails(first: float, second: float) -> None:
    conflict = [Anchor("low", np.s_[:2, 0], 5.0, first), Anchor("high", np.s_[:2, 0], 7.0, second)]
    low, high = balance(PRIOR, ROWS, COLUMNS, conflict, cell_error=5.0).anchors
    # the prior is worth little: misses are in proportion to squared standard errors
    assert (abs(low.residual) < abs(high.residual)) == (first < second) or first == pytest.approx(second, rel=0.1)


def test_the_unit_of_money_and_of_coefficients_does_not_matter() -> None:
    plain = balance(PRIOR, ROWS, COLUMNS, ANCHORS).matrix
    thousands = [Anchor(a.name, a.cells, 1e3 * a.value, 1e3 * a.standard_error, a.coefficients) for a in ANCHORS]
    assert_allclose(balance(1e3 * PRIOR, 1e3 * ROWS, 1e3 * COLUMNS, thousands).matrix, 1e3 * plain, rtol=1e-8)
    tons = [
        Anchor(a.name, a.cells, 7.0 * a.value, 7.0 * a.standard_error, 7.0 * np.asarray(a.coefficients))
        for a in ANCHORS
    ]
    assert_allclose(balance(PRIOR, ROWS, COLUMNS, tons).matrix, plain, rtol=1e-8)


def test_a_cell_named_twice_counts_twice() -> None:
    twice = balance(PRIOR, ROWS, COLUMNS, [Anchor("flow", ([0, 0], [0, 0]), 9.0, 0.0)])
    assert twice.matrix[0, 0] == pytest.approx(4.5)


def test_a_row_without_a_total_follows_its_anchor_alone() -> None:
    found = balance(
        PRIOR, ROWS, COLUMNS, [Anchor("output", np.s_[0, :], 18.0, 0.0)], row_errors=np.inf, column_errors=np.inf
    )
    assert_allclose(found.matrix, PRIOR * np.array([[2.0], [1.0], [1.0]]), rtol=1e-9)


def test_totals_that_are_not_exact_share_the_gap_by_their_errors() -> None:
    # rows sum to 36, columns to 30: row totals of equal standard errors give way alike, the exact row does not
    found = balance(PRIOR, [13.0, 10.0, 13.0], COLUMNS, [], row_errors=[0.01, 0.0, 0.01])
    assert_allclose(found.matrix.sum(axis=0), COLUMNS, rtol=1e-10)
    assert_allclose(found.matrix.sum(axis=1), [10.0, 10.0, 10.0], atol=0.05)
    assert found.matrix[1].sum() == pytest.approx(10.0, rel=1e-10)


def test_a_total_with_an_error_is_an_anchor_of_its_line() -> None:
    as_total = balance(PRIOR, [13.0, 9.0, 11.0], COLUMNS, [], row_errors=[0.4, 0.4, 0.4], column_errors=0.1)
    sums = [Anchor(str(i), np.s_[i, :], total, 0.4) for i, total in enumerate((13.0, 9.0, 11.0))]
    as_anchors = balance(PRIOR, np.zeros(3), COLUMNS, sums, row_errors=np.inf, column_errors=0.1)
    assert_allclose(as_total.matrix, as_anchors.matrix, rtol=1e-8)


def test_an_exact_line_of_one_sign_with_the_total_0_vanishes() -> None:
    found = balance([[1.0, 2.0], [3.0, 4.0]], [0.0, 5.0], [2.0, 3.0], [Anchor("flow", (1, 0), 2.5, 1.0)])
    assert found.matrix.tolist() == [[0.0, 0.0], [pytest.approx(2.0), pytest.approx(3.0)]]
    assert found.anchors[0].residual == pytest.approx(-0.5)


def test_a_total_that_an_anchor_repeats_does_no_harm() -> None:
    repeated = [Anchor("total", np.s_[0, :], ROWS[0], 0.0), Anchor("other", np.s_[0, :], ROWS[0] + 1.0, 0.5)]
    found = balance(PRIOR, ROWS, COLUMNS, repeated)
    assert_allclose(found.matrix, ras(PRIOR, ROWS, COLUMNS).matrix, rtol=1e-9)
    assert found.anchors[1].errors == pytest.approx(-2.0)


def test_a_large_table_with_many_anchors() -> None:
    generator = np.random.default_rng(5)
    prior = generator.lognormal(0.0, 2.0, (300, 340)) * (generator.random((300, 340)) > 0.3)
    prior[generator.random(prior.shape) < 0.03] *= -1.0
    target = prior * generator.lognormal(0.0, 0.5, prior.shape)
    blocks = [np.ix_(range(k, k + 20), range(k, k + 30)) for k in range(0, 280, 7)]
    anchors = [
        Anchor(f"block {k}", block, float(target[block].sum()), 0.0 if k % 2 else 5.0) for k, block in enumerate(blocks)
    ]
    found = balance(prior, target.sum(axis=1), target.sum(axis=0), anchors)
    assert found.rounds < 15
    assert found.residual < 1e-11
    assert max(abs(report.residual) for report in found.anchors[1::2]) < 1e-7


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: balance(PRIOR, ROWS, COLUMNS, [Anchor("flow", (0, 0), 50.0, 0.0)]),
            r"exact figures contradict each other: at best anchor flow misses 50 by 41\. Give a standard error",
        ),
        (
            lambda: balance(PRIOR, ROWS, COLUMNS, [Anchor("flow", (0, 0), -1.0, 0.0)]),
            r"at best anchor flow misses -1 by 1",
        ),
        (
            lambda: balance(PRIOR, ROWS, COLUMNS, [Anchor(n, (0, 0), v, 0.0) for n, v in (("a", 5.0), ("b", 6.0))]),
            r"at best anchor [ab] misses [56] by 1",
        ),
        (
            lambda: balance(PRIOR, ROWS, COLUMNS, [Anchor("output", np.s_[0, :], 12.0, 0.0)]),
            r"at best anchor output misses 12 by 2",
        ),
        (
            lambda: balance(
                PRIOR,
                ROWS,
                COLUMNS,
                [Anchor(n, np.s_[0, :], 12.0, 0.0) for n in ("output", "same")],
                column_errors=np.inf,
            ),
            r"at best anchor output misses 12 by 2; anchor same misses 12 by 2\. Give",
        ),
        (
            lambda: balance(np.eye(2) + 0.0, [3.0, 4.0], [4.0, 3.0], [Anchor("flow", (0, 0), 3.0, 1.0)]),
            r"row 1 needs 4 but its cells lie only in column 1, whose total is 3",
        ),
        (
            lambda: balance(PRIOR, ROWS + 5.0, COLUMNS, [], row_errors=[0.0, 0.0, 0.0]),
            r"rows sum to 45, columns to 30: they must agree",
        ),
        (
            lambda: balance(np.diag([1.0, 2.0]), [3.0, 5.0], [4.0, 9.0], [], column_errors=[0.0, np.inf]),
            r"at best (row|column) 0 misses [34] by 1",
        ),
        (
            lambda: balance(SIGNED, SIGNED_ROWS, SIGNED_COLUMNS, [Anchor("flow", (1, 3), 1.0, 0.1)]),
            r"anchor flow wants 1 but all its cells are 0 in the prior",
        ),
        (
            lambda: balance(PRIOR, ROWS, COLUMNS, [Anchor(n, (0, 0), v, 1e-6) for n, v in (("a", 5.0), ("b", 6.0))]),
            r"figures conflict by many standard errors, anchor [ab] by .*e\+05, anchor [ab] by .*e\+05; enlarge these",
        ),
    ],
)
def test_figures_that_cannot_be_met_are_named(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(BalancingError, match=message):
        call()


@pytest.mark.parametrize(
    ("anchor", "message"),
    [
        (Anchor("flow", (5, 0), 1.0, 0.1), r"anchor flow does not fit a matrix of \(3, 3\): index 5 is out of bounds"),
        (Anchor("flow", np.s_[0, :], 1.0, 0.1, [1.0, 2.0]), r"anchor flow does not fit a matrix"),
        (Anchor("flow", np.s_[0, :], 1.0, 0.1, [1.0, np.nan, 1.0]), r"anchor flow in row 1 is nan"),
        (Anchor("flow", np.s_[0, 3:], 1.0, 0.1), r"anchor flow names no cell"),
        (Anchor("flow", (0, 0), np.nan, 0.1), r"anchor flow: value nan and standard error 0.1 must be numbers"),
        (Anchor("flow", (0, 0), 1.0, -0.1), r"anchor flow: value 1 and standard error -0.1"),
    ],
)
def test_anchors_without_meaning_are_refused(anchor: Anchor, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        balance(PRIOR, ROWS, COLUMNS, [anchor])


def test_errors_without_meaning_are_refused() -> None:
    with pytest.raises(ArgumentError, match="cell_error must be above 0"):
        balance(PRIOR, ROWS, COLUMNS, [], cell_error=0.0)
    with pytest.raises(ArgumentError, match=r"row errors of shape \(2,\) do not fit 3 rows"):
        balance(PRIOR, ROWS, COLUMNS, [], row_errors=[1.0, 1.0])
    with pytest.raises(ArgumentError, match="column errors must be 0"):
        balance(PRIOR, ROWS, COLUMNS, [], column_errors=-1.0)
