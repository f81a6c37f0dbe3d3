"""The quantity model: refusals and properties that hold for every productive system."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.inputoutput import checks, leontief, multipliers
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.leontief import Leontief, NotProductiveError

SYSTEM = arrays(float, (4, 4), elements=st.floats(0.0, 0.24))


@given(SYSTEM, arrays(float, 4, elements=st.floats(0.0, 1e6)))
def test_output_covers_inputs_and_final_demand(coefficients: np.ndarray, final: np.ndarray) -> None:
    output = leontief.solve(coefficients, final)
    np.testing.assert_allclose(output, coefficients @ output + final, rtol=1e-9, atol=1e-6)
    assert (output >= final * (1 - 1e-9)).all()


@given(SYSTEM)
def test_multipliers_are_the_column_sums_of_the_inverse(coefficients: np.ndarray) -> None:
    sums = leontief.leontief_inverse(coefficients).sum(axis=0)
    np.testing.assert_allclose(multipliers.output_multipliers(coefficients), sums, rtol=1e-10)


@given(SYSTEM)
def test_the_inverse_is_the_sum_of_all_rounds_of_purchases(coefficients: np.ndarray) -> None:
    total, round_of_purchases = np.eye(4), np.eye(4)
    for _ in range(2000):
        round_of_purchases = round_of_purchases @ coefficients
        total = total + round_of_purchases
    np.testing.assert_allclose(leontief.leontief_inverse(coefficients), total, rtol=1e-8)


def test_an_absent_industry_has_no_coefficients() -> None:
    flows = np.array([[1.0, 0.0], [2.0, 0.0]])
    assert leontief.technical_coefficients(flows, np.array([10.0, 0.0])).tolist() == [[0.1, 0.0], [0.2, 0.0]]


def test_purchases_without_output_are_refused() -> None:
    with pytest.raises(ValueError, match="industry 1 has purchases but no output"):
        leontief.technical_coefficients(np.ones((2, 2)), np.array([10.0, 0.0]))


def test_negative_output_is_refused() -> None:
    with pytest.raises(ValueError, match="output of industry 0 is negative"):
        leontief.technical_coefficients(np.ones((2, 2)), np.array([-1.0, 2.0]))


def test_a_system_that_eats_more_than_it_makes_is_refused() -> None:
    with pytest.raises(NotProductiveError, match=r"not productive.*Column 0 buys 1.3"):
        leontief.solve(np.array([[0.6, 0.7], [0.7, 0.6]]), np.ones(2))


def test_a_system_without_net_output_is_refused() -> None:
    with pytest.raises(NotProductiveError, match="no inverse"):
        leontief.solve(np.eye(2), np.ones(2))


def test_spectral_radius_of_a_known_matrix() -> None:
    assert leontief.spectral_radius(np.array([[0.0, 0.5], [0.32, 0.0]])) == pytest.approx(0.4)


LARGE = 130
"""Industries of a system that is factorised in single precision first."""


def large(radius: float) -> np.ndarray:
    """Coefficients >= 0 with this spectral radius, some industries without inputs or sales."""
    cells = np.random.default_rng(3).random((LARGE, LARGE)) ** 4
    cells[:, ::9] = cells[::7] = 0.0
    return cells * radius / np.abs(np.linalg.eigvals(cells)).max()


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("gap", [0.5, 1e-3, 1e-6, 1e-8, 1e-10])
def test_the_border_of_productive_systems_is_sharp(gap: float, sign: float) -> None:
    below, above = large(1.0 - gap), large(1.0 + gap)
    for cells in (below, above):
        cells[0, 1] *= sign  # row 0 sells nothing: a negative cell there leaves the radius, but not the way to it
        cells[0, 1] = cells[0, 1] or sign * 1e-3
    system = leontief.Leontief(below)
    demand = np.ones(LARGE)
    np.testing.assert_allclose(system.requirements, np.linalg.solve(np.eye(LARGE) - below, demand), rtol=1e-14 / gap)
    with pytest.raises(NotProductiveError, match="spectral radius of A is"):
        leontief.Leontief(above)


def test_rounding_in_single_precision_does_not_let_a_system_pass() -> None:
    for seed in range(12):
        cells = np.random.default_rng(seed).random((LARGE, LARGE))
        cells /= np.abs(np.linalg.eigvals(cells)).max()
        for gap in (1e-9, 1e-8):
            assert leontief.Leontief(cells * (1.0 - gap)).requirements.min() > 0.1 / gap
            with pytest.raises(NotProductiveError, match="spectral radius of A is 1 or more"):
                leontief.Leontief(cells * (1.0 + gap))


def test_negative_cells_are_judged_by_their_eigenvalues() -> None:
    with pytest.raises(NotProductiveError, match=r"spectral radius of A is 1\.5"):  # although x = A x + 1 is positive
        leontief.Leontief([[-1.5, 0.0], [0.0, 0.0]])
    assert leontief.Leontief(0.9 * np.array([[0.5, -0.9], [0.9, 0.5]])).size == 2  # a radius of 0.93 beside 1.26


def test_a_large_system_that_is_its_own_input_has_no_inverse() -> None:
    with pytest.raises(NotProductiveError, match="no inverse"):
        leontief.solve(np.eye(LARGE), np.ones(LARGE))


def test_a_system_does_not_change_with_the_array_that_it_was_made_of() -> None:
    cells = large(0.6)
    expected = np.linalg.solve(np.eye(LARGE) - cells, np.ones(LARGE))
    system = leontief.Leontief(cells)
    cells[:] = 0.0
    np.testing.assert_allclose(system.requirements, expected, rtol=1e-12)
    np.testing.assert_allclose(system.solve(np.eye(LARGE)).sum(axis=1), expected, rtol=1e-12)
    np.testing.assert_allclose(system.solve_left(np.eye(LARGE)).sum(axis=1), expected, rtol=1e-12)
    np.testing.assert_allclose(system.inverse().sum(axis=1), expected, rtol=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("other", [1.0, -1e200])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_gap_is_found_wherever_it_is(bad: float, other: float, order: str) -> None:
    cells = np.full((3, 4), other, order=order)
    cells[1, 2] = bad
    with pytest.raises(ArgumentError, match=r"in row 1, column 2 is"):
        checks.numbers(cells, "flows")
    with pytest.raises(ArgumentError, match=r"in row 1, column 1 is"):
        checks.numbers(cells[:, ::-1], "flows")
    cells[1, 2] = 0.0
    assert checks.numbers(cells, "flows") is cells


@pytest.mark.parametrize("order", ["C", "F"])
def test_what_an_absent_industry_buys_or_sells_is_named(order: str) -> None:
    flows = np.zeros((4, 4), order=order)
    flows[1, 3], flows[2, 3] = 2.0, -2.0  # they cancel
    output = np.array([0.0, 5.0, 5.0, 0.0])
    with pytest.raises(ArgumentError, match="industry 3 has purchases but no output: 2 in row 1;"):
        leontief.technical_coefficients(flows, output)
    with pytest.raises(ArgumentError, match="industry 3 has sales but no output: 2 in column 1;"):
        leontief.allocation_coefficients(flows.T, output)


UNITS = np.array([1e-9, 1.0, 1e12, 1e4])


@pytest.mark.parametrize(
    "matrix",
    [
        [[0.0, 1e14], [0.0, 0.0]],
        0.2 * np.ones((4, 4)) * UNITS[:, None] / UNITS,
        (0.2 * np.ones((4, 4)) - 0.3 * np.eye(4)) * UNITS[:, None] / UNITS,
        [[0.5, 1e15, 0.0], [0.0, 0.5, 1e15], [0.0, 0.0, 0.5]],
    ],
)
def test_units_do_not_make_a_system_unproductive(matrix: np.ndarray) -> None:
    found = leontief.leontief_inverse(matrix)
    expected = np.linalg.inv(np.eye(len(found)) - np.asarray(matrix))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize(
    "matrix",
    [
        [[1.0]],
        [[1.0 - 1e-15, 1e-3], [0.0, 0.0]],
        [[0.0, 1.0], [1.0, 0.0]],
        [[0.5, 0.5], [0.5, 0.5]],
        [[0.2, 0.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.6, 0.0]],  # one of two parts
        1.01 * 0.25 * np.ones((4, 4)) * UNITS[:, None] / UNITS,
        [[-1.5, 0.0], [0.0, 0.1]],
        [[0.9, -0.9], [0.9, 0.9]],
    ],
)
def test_a_radius_of_one_or_more_is_refused_in_any_units(matrix: np.ndarray) -> None:
    with pytest.raises(NotProductiveError, match=r"the system is not productive: .*\. Column \d"):
        Leontief(matrix)


def test_the_largest_eigenvalue_of_a_large_signed_matrix() -> None:
    turn = np.array([[0.2, -0.9], [-0.9, 0.2]])  # its largest belongs to (1, -1), which a start of ones never sees
    matrix = np.kron(np.eye(150), turn)
    assert leontief.spectral_radius(matrix) == pytest.approx(1.1)
    with pytest.raises(NotProductiveError, match=r"the spectral radius of A is 1\.1"):
        Leontief(matrix)


def test_the_same_question_always_gets_the_same_answer() -> None:
    luck = np.random.default_rng(3)
    matrix = luck.random((150, 150)) / 250.0
    system, demand = Leontief(matrix), luck.random(150)
    first, left = system.solve(demand), system.solve_left(demand)
    system.inverse()
    for _ in range(6):
        system.solve(luck.random((150, 9)))
        assert np.array_equal(system.solve(demand), first)
        assert np.array_equal(system.solve_left(demand), left)
    assert np.array_equal(Leontief(matrix).solve(demand), first)


def test_too_little_output_to_divide_by() -> None:
    with pytest.raises(ArgumentError, match=r"output of industry 1 \(b\) is 1e-300, too little to divide"):
        leontief.technical_coefficients([[1.0, 1e10], [1.0, 1.0]], [1.0, 1e-300], ("a", "b"))
    with pytest.raises(ArgumentError, match="output of industry 0 is 1e-300"):
        leontief.allocation_coefficients([[1e10]], [1e-300])


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.array([[0.1 + 5j]]), "coefficients: these are complex numbers, not real numbers"),
        ([[0.1 + 5j]], "complex numbers"),
        (np.array([["0.1"]]), "coefficients: these are texts"),
        ([["0.1"]], "coefficients: these are texts"),
        (np.array([[0.1, "a"]], dtype=object), "texts or complex numbers"),
        (np.array([["2020-01-01"]], dtype="datetime64[D]"), "coefficients: these are dates"),
        (np.ma.masked_array([[0.1]], [[True]]), "some cells are masked"),
        ([[0.1], [0.1, 0.2]], "the rows have different lengths"),
        ([[object()]], "these are not all numbers"),
    ],
)
def test_what_are_no_real_numbers(matrix: object, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Leontief(matrix)  # type: ignore[arg-type]


def test_labels_are_one_for_each_industry() -> None:
    with pytest.raises(ArgumentError, match="there are 2 industries but 1 labels: give one for each"):
        leontief.technical_coefficients(np.ones((2, 2)), [1.0, 1.0], ("a",))
    with pytest.raises(ArgumentError, match="flows in row 0, column 1 is nan"):
        leontief.technical_coefficients([[1.0, np.nan]], [1.0, 1.0], ("a",))


def test_intensities_are_named_as_they_were_given() -> None:
    rows = np.zeros((3, 2))
    rows[2, 0] = np.nan
    with pytest.raises(ArgumentError, match="intensity in row 2, column 0 is nan"):
        Leontief(np.zeros((2, 2))).solve_left(rows)
