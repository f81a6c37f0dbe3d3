"""Multipliers: the bordered system against the closed matrix, conventions, and refusals."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.sparse.linalg import spsolve

from sim.inputoutput import leontief, multipliers
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.leontief import Leontief, NotProductiveError
from sim.inputoutput.multipliers import Households

A = np.array([[0.15, 0.25], [0.2, 0.05]])
HOUSEHOLDS = Households(np.array([0.3, 0.25]), np.array([0.05, 0.4]), 0.05)

SYSTEM = arrays(float, (4, 4), elements=st.floats(0.0, 0.24))
ROW = arrays(float, 4, elements=st.floats(0.0, 0.5))
COLUMN = arrays(float, 4, elements=st.floats(0.0, 0.24))


def productive_systems(coefficients: np.ndarray, row: np.ndarray, column: np.ndarray, own: float) -> Households:
    """Households, if the closed system has a spectral radius well below 1."""
    households = Households(row, column, own)
    assume(leontief.spectral_radius(multipliers.closed(coefficients, households)) < 0.98)
    return households


@given(SYSTEM, ROW, COLUMN, st.floats(0.0, 0.2))
def test_the_bordered_system_equals_the_inverse_of_the_closed_matrix(
    coefficients: np.ndarray, row: np.ndarray, column: np.ndarray, own: float
) -> None:
    households = productive_systems(coefficients, row, column, own)
    jobs = np.array([[0.1, 0.2, 0.0, 0.4], [5.0, 1.0, 2.0, 0.5]])
    found = multipliers.type_two(coefficients, households, jobs)
    inverse = np.linalg.inv(np.eye(5) - np.block([[coefficients, column[:, None]], [row[None, :], np.array([[own]])]]))
    assert_allclose(found.output_total, inverse[:, :4].sum(axis=0), rtol=1e-9)
    assert_allclose(found.output_truncated, inverse[:4, :4].sum(axis=0), rtol=1e-9)
    assert_allclose(found.income_total, inverse[4, :4], rtol=1e-9, atol=1e-14)
    assert_allclose(found.content_closed, jobs @ inverse[:4, :4], rtol=1e-9)
    assert found.circulation == pytest.approx(inverse[4, 4], rel=1e-9)
    opened = np.linalg.inv(np.eye(4) - coefficients)
    assert_allclose(found.output_simple, opened.sum(axis=0), rtol=1e-9)
    assert_allclose(found.income_simple, row @ opened, rtol=1e-9, atol=1e-14)
    assert_allclose(found.content_open, jobs @ opened, rtol=1e-9)


@given(SYSTEM, ROW, COLUMN, st.floats(0.0, 0.2))
def test_type_two_is_not_below_type_one_and_type_one_not_below_one(
    coefficients: np.ndarray, row: np.ndarray, column: np.ndarray, own: float
) -> None:
    found = multipliers.type_two(coefficients, productive_systems(coefficients, row, column, own))
    slack = 1 - 1e-12
    assert (found.output_simple >= slack).all()
    assert (found.output_truncated >= slack * found.output_simple).all()
    assert (found.output_total >= slack * found.output_truncated).all()
    assert (found.income_total >= slack * found.income_simple).all()
    paid = row > 1e-6  # the ratio of denormal numbers has no digits
    assert (found.income_type_one[paid] >= slack).all()
    assert (found.income_type_two[paid] >= slack * found.income_type_one[paid]).all()


def test_total_over_simple_income_is_the_same_number_in_every_industry() -> None:
    # Miller and Blair (2009), chapter 6.2
    found = multipliers.type_two(A, HOUSEHOLDS)
    assert_allclose(found.income_type_two / found.income_type_one, found.circulation, rtol=1e-12)


def test_multipliers_are_rounds_of_spending() -> None:
    # household income added up round by round, in place of any solve
    closed = multipliers.closed(A, HOUSEHOLDS)
    spending, total = np.eye(3), np.zeros((3, 3))
    for _ in range(400):
        total += spending
        spending = closed @ spending
    found = multipliers.type_two(A, HOUSEHOLDS)
    assert_allclose(found.output_total, total[:, :2].sum(axis=0), rtol=1e-12)
    assert_allclose(found.income_total, total[2, :2], rtol=1e-12)


def test_content_against_a_sparse_solver() -> None:
    generator = np.random.default_rng(5)
    coefficients = generator.uniform(0.0, 1.0, (40, 40)) * (generator.uniform(size=(40, 40)) < 0.2)
    coefficients *= 0.7 / coefficients.sum(axis=0).max()
    intensity = generator.uniform(size=(3, 40))
    system = sparse.csc_matrix(np.eye(40) - coefficients.T)
    expected = np.array([spsolve(system, row) for row in intensity])
    assert_allclose(multipliers.total_content(coefficients, intensity), expected, rtol=1e-11)
    shared = Leontief(coefficients)
    assert_allclose(multipliers.total_content(shared, intensity[1]), expected[1], rtol=1e-11)
    assert_allclose(shared.solve(intensity[0]), spsolve(system.T.tocsc(), intensity[0]), rtol=1e-11)


@given(SYSTEM)
def test_value_added_content_is_one_when_all_inputs_are_counted(coefficients: np.ndarray) -> None:
    value_added = 1.0 - coefficients.sum(axis=0)
    assert_allclose(multipliers.total_content(coefficients, value_added), 1.0, rtol=1e-10)


@given(SYSTEM, arrays(float, (2, 4), elements=st.floats(0.0, 10.0)), st.floats(-3.0, 3.0))
def test_content_is_linear_and_monotone(coefficients: np.ndarray, intensity: np.ndarray, factor: float) -> None:
    one, two = multipliers.total_content(coefficients, intensity)
    mixed = multipliers.total_content(coefficients, intensity[0] + factor * intensity[1])
    assert_allclose(mixed, one + factor * two, rtol=1e-9, atol=1e-9)
    more = multipliers.total_content(coefficients, intensity[0] + intensity[1])
    assert (more >= one * (1 - 1e-12)).all()
    assert (one >= intensity[0] * (1 - 1e-12)).all()


def test_type_one_in_ratio_form() -> None:
    intensity = np.array([[0.3, 0.25], [0.0, 0.1]])
    found = multipliers.type_one(A, intensity)
    assert_allclose(found[0], [1.4741, 1.5182], atol=5e-5)  # Miller and Blair (2009), chapter 6
    inverse = np.linalg.inv(np.eye(2) - A)
    assert found[1, 1] == pytest.approx(inverse[1, 1])  # only industry 1 has jobs
    assert np.isnan(found[1, 0])  # jobs at suppliers, none of its own: no ratio


def test_households_come_from_the_flows_of_a_table() -> None:
    # Miller and Blair (2009), chapter 2.5: the household row and column of the two-sector table, with 50 of own labour
    found = multipliers.households([300.0, 500.0], [50.0, 400.0], [1000.0, 2000.0], own=50.0, total_income=1000.0)
    assert_allclose(found.income, [0.3, 0.25])
    assert_allclose(found.consumption, [0.05, 0.4])
    assert found.own == pytest.approx(0.05)
    table = multipliers.households([300.0, 500.0], [50.0, 400.0], [1000.0, 2000.0], own=50.0)
    assert table.consumption == pytest.approx(np.array([50.0, 400.0]) / 850.0)
    assert table.own == pytest.approx(50.0 / 850.0)


def test_more_income_from_elsewhere_means_smaller_multipliers() -> None:
    flows = ([300.0, 500.0], [50.0, 400.0], [1000.0, 2000.0])
    wages = multipliers.type_two(A, multipliers.households(*flows))
    wider = multipliers.type_two(A, multipliers.households(*flows, total_income=1500.0))
    assert (wages.output_truncated > wider.output_truncated).all()


def test_without_households_type_two_is_type_one() -> None:
    found = multipliers.type_two(A, Households(np.zeros(2), np.zeros(2)))
    assert_allclose(found.output_total, found.output_simple)
    assert np.isnan(found.income_type_two).all()
    assert found.circulation == 1.0
    assert found.content_open.shape == found.content_closed.shape == (0, 2)


def test_one_intensity_gives_one_content() -> None:
    found = multipliers.type_two(A, HOUSEHOLDS, [0.3, 0.25])
    assert found.content_open.shape == found.content_closed.shape == (2,)
    assert_allclose(found.content_open, found.income_simple)
    # industries pay all income but what households pay each other
    assert_allclose(found.content_closed, 0.95 * found.income_total)


def test_an_absent_industry_has_a_multiplier_of_one() -> None:
    coefficients = np.array([[0.2, 0.0], [0.0, 0.0]])
    found = multipliers.type_two(coefficients, Households([0.3, 0.0], [0.5, 0.0]))
    assert found.output_simple[1] == found.output_truncated[1] == 1.0
    assert np.isnan(found.income_type_two[1])


def test_negative_cells_are_tested_on_the_closed_matrix() -> None:
    # a by-product booked as a negative input; the Schur complement alone would let the second system pass
    found = multipliers.type_two([[0.2, -0.1], [0.3, 0.1]], HOUSEHOLDS)
    inverse = np.linalg.inv(np.eye(3) - multipliers.closed([[0.2, -0.1], [0.3, 0.1]], HOUSEHOLDS))
    assert_allclose(found.output_total, inverse[:, :2].sum(axis=0), rtol=1e-12)
    with pytest.raises(NotProductiveError, match=r"spectral radius of A is 1\.2"):
        multipliers.type_two(np.zeros((2, 2)), Households([1.2, 0.0], [-1.2, 0.0]))


def test_an_income_that_feeds_itself_is_refused() -> None:
    message = (
        r"closed by households is not productive: one unit of household income comes back as 1\.20248 \(0\.05 from"
    )
    with pytest.raises(NotProductiveError, match=message):
        multipliers.type_two(A, Households([0.6, 0.7], [0.6, 0.6], 0.05))
    # exactly one: all income is spent at home and all output becomes income
    with pytest.raises(NotProductiveError, match="comes back as 1 "):
        multipliers.type_two(np.zeros((1, 1)), Households([1.0], [1.0]))


@given(SYSTEM, ROW, arrays(float, 4, elements=st.floats(0.0, 2.0)))
def test_closure_is_accepted_if_and_only_if_the_spectral_radius_is_below_one(
    coefficients: np.ndarray, row: np.ndarray, column: np.ndarray
) -> None:
    households = Households(row, column)
    radius = leontief.spectral_radius(multipliers.closed(coefficients, households))
    assume(abs(radius - 1.0) > 1e-6)
    if radius < 1.0:
        assert multipliers.type_two(coefficients, households).circulation >= 1.0 - 1e-12
        return
    with pytest.raises(NotProductiveError):
        multipliers.type_two(coefficients, households)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: multipliers.total_content(A, [1.0, 2.0, 3.0]),
            r"^intensity must be a vector of 2 numbers, one an industry, or rows of such vectors, not of shape \(3,\)$",
        ),
        (lambda: multipliers.total_content(A, np.ones((2, 2, 2))), r"not of shape \(2, 2, 2\)"),
        (lambda: multipliers.total_content(A, [1.0, np.nan]), r"^intensity in row 1 is nan: fill the gap"),
        (lambda: multipliers.ratio([1.0], [1.0, 2.0]), r"^content of shape \(1,\) and intensity of shape \(2,\)"),
        (lambda: Households([0.1, 0.2], [0.1]), "^household income has 2 entries but consumption 1: give one"),
        (lambda: Households([[0.1]], [0.1]), r"^household income must be a vector, not of shape \(1, 1\)"),
        (lambda: Households([0.1], [np.inf]), "^household consumption in row 0 is inf"),
        (lambda: Households([0.1], [0.1], np.nan), "^household own income is nan"),
        (lambda: Households([0.1], [0.1], [0.1, 0.2]), r"^household own income must be one number, not of sh"),
        (lambda: multipliers.closed(A, Households([0.1], [0.1])), "^households have 1 entries but there are 2 indus"),
        (lambda: multipliers.type_two(A, Households([0.1], [0.1])), "^households have 1 entries but there are 2 indus"),
        (lambda: multipliers.type_two(np.ones((2, 3)), HOUSEHOLDS), r"^coefficients must be a square matrix"),
        (
            lambda: multipliers.households([0.0, 0.0], [1.0, 1.0], [1.0, 1.0]),
            "^total household income is 0, it must be above 0: name the rows that pay income",
        ),
        (
            lambda: multipliers.households([1.0, 2.0], [1.0, 1.0], [1.0, 0.0], labels=("ore", "care")),
            r"^industry 1 \(care\) has purchases but no output: 2 in row 0",
        ),
        (lambda: multipliers.households([1.0], [1.0, 1.0], [1.0, 1.0]), "^household income must have 2 entries"),
        (lambda: multipliers.households(1.0, 1.0, 1.0), r"^output must be a vector, not of shape \(\)"),
    ],
)
def test_bad_input_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()


def test_an_unproductive_open_system_names_its_industry() -> None:
    with pytest.raises(NotProductiveError, match=r"Column 0 \(ore\) buys 1\.3.*from row 1 \(metal\)"):
        multipliers.type_two(np.array([[0.6, 0.6], [0.7, 0.6]]), HOUSEHOLDS, labels=("ore", "metal"))
