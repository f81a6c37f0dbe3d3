"""Factors in single precision give solutions of double precision, or give way to factors in double precision."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sim.inputoutput import factors
from sim.inputoutput.factors import COLUMNS, ROWS, Factors, SingularError

SIZE = ROWS + 20
RANDOM = np.random.default_rng(7)
LAYOUTS = pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray])
Layout = Callable[[np.ndarray], np.ndarray]


def system(size: int = SIZE) -> np.ndarray:
    """I - A with a spectral radius of A below 0.8 and cells of both signs."""
    cells = RANDOM.random((size, size)) * RANDOM.choice([-0.3, 1.0], (size, size))
    return np.eye(size) - 0.8 * cells / np.abs(cells).sum(axis=0)


@pytest.fixture
def single_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Factors in double precision are out of reach."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("factors in double precision were asked for")

    monkeypatch.setattr(factors.lapack, "dgetrf", refuse)


@LAYOUTS
@pytest.mark.parametrize("columns", [None, 0, 1, 3])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.usefixtures("single_only")
def test_few_solutions_from_single_precision_have_all_digits(
    layout: Layout, columns: int | None, transposed: bool
) -> None:
    matrix = system()
    right = RANDOM.random(SIZE if columns is None else (SIZE, columns))
    found = Factors(layout(matrix.copy())).solve(right, transposed)
    assert found.shape == right.shape
    assert_allclose(found, np.linalg.inv(matrix.T if transposed else matrix) @ right, rtol=1e-12)


@LAYOUTS
@pytest.mark.parametrize("transposed", [False, True])
def test_many_solutions_from_double_precision(layout: Layout, transposed: bool) -> None:
    matrix = system()
    right = RANDOM.random((SIZE, COLUMNS + 1))
    found = Factors(layout(matrix.copy())).solve(right, transposed)
    assert_allclose(found, np.linalg.inv(matrix.T if transposed else matrix) @ right, rtol=1e-12)


def test_one_solution_after_another() -> None:
    matrix, right = system(), RANDOM.random(SIZE)
    shared, expected = Factors(matrix.copy()), np.linalg.solve(matrix, right)
    for _ in range(COLUMNS + 2):
        assert_allclose(shared.solve(right), expected, rtol=1e-12)


@LAYOUTS
@pytest.mark.parametrize("size", [0, 1, 5, SIZE])
def test_inverse(layout: Layout, size: int) -> None:
    matrix = system(size)
    shared = Factors(layout(matrix.copy()))
    assert_allclose(shared.inverse(), np.linalg.inv(matrix), rtol=1e-11, atol=1e-15)
    assert_allclose(shared.inverse(), np.linalg.inv(matrix), rtol=1e-11, atol=1e-15)  # the factors are still there
    assert_allclose(shared.solve(np.ones(size)), np.linalg.solve(matrix, np.ones(size)), rtol=1e-12)


@pytest.mark.usefixtures("single_only")
def test_units_leave_every_entry_its_digits() -> None:
    matrix, units = system(), 10.0 ** RANDOM.integers(-6, 7, SIZE)
    found = Factors(matrix * units[:, None] / units).solve(units)
    assert_allclose(found, units * np.linalg.solve(matrix, np.ones(SIZE)), rtol=1e-11)


@pytest.mark.parametrize("small", [1e-20, 1e-60, 1e-300])
def test_small_entries_beside_large_ones_are_not_lost(small: float) -> None:
    half, scale = SIZE // 2, np.repeat([1.0, small], SIZE // 2)
    matrix = system(2 * half)
    matrix[:half, half:] = matrix[half:, :half] = 0.0
    found = Factors(matrix.copy()).solve(scale)
    assert_allclose(found, scale * np.linalg.solve(matrix, np.ones(SIZE)), rtol=1e-11)


def test_cells_beyond_single_precision() -> None:
    matrix, units = system(), np.where(np.arange(SIZE) % 2, 1e60, 1.0)
    found = Factors(matrix * units[:, None]).solve(units)
    assert_allclose(found, np.linalg.solve(matrix, np.ones(SIZE)), rtol=1e-11)


@pytest.mark.parametrize("gap", [1e-4, 1e-7, 1e-9, 1e-12])
def test_matrices_near_to_singular_ones(gap: float) -> None:
    matrix = np.eye(SIZE)
    matrix[:2, :2] = [[1.0, 1.0], [1.0, 1.0 + gap]]  # also with no inverse at all in single precision
    gap = matrix[1, 1] - 1.0
    right = np.ones(SIZE)
    right[1] = 3.0
    expected = np.ones(SIZE)
    expected[:2] = 1.0 - 2.0 / gap, 2.0 / gap
    assert_allclose(Factors(matrix.copy()).solve(right), expected, rtol=1e-12)
    rotated = np.linalg.qr(RANDOM.random((SIZE, SIZE)))[0]
    matrix = rotated * np.where(np.arange(SIZE), 1.0, gap) @ rotated.T
    found = Factors(matrix.copy()).solve(right)
    open_part = np.abs(right - matrix @ found) / (np.abs(matrix) @ np.abs(found) + np.abs(right))
    assert open_part.max() < 1e-14


@pytest.mark.parametrize("size", [3, SIZE])
def test_a_matrix_without_inverse(size: int) -> None:
    matrix = system(size)
    matrix[:, 1] = 0.0
    with pytest.raises(SingularError):
        Factors(matrix)


def test_nothing_asked_gives_nothing() -> None:
    assert not Factors(system()).solve(np.zeros(SIZE)).any()


@pytest.mark.parametrize("size", [3, SIZE])
def test_an_estimate_has_some_digits(size: int) -> None:
    matrix, right = system(size), RANDOM.random(size)
    assert_allclose(Factors(matrix.copy()).estimate(right), np.linalg.solve(matrix, right), rtol=1e-4)
