"""Structural paths against enumeration of every chain, and path multipliers against the Leontief inverse."""

from collections.abc import Iterator
from itertools import permutations
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from sim.inputoutput import paths
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.leontief import NotProductiveError
from sim.inputoutput.paths import path_multiplier, structural_paths

LARGEST = 0.3


def chains(matrix, intensity, carried: float, chain: tuple[int, ...], links: int) -> Iterator[tuple[tuple, float]]:
    """Every chain that continues this one by at most so many links, with its value."""
    yield chain, intensity[chain[-1]] * carried
    if links:
        for supplier in range(len(matrix)):
            bought = matrix[supplier, chain[-1]] * carried
            yield from chains(matrix, intensity, bought, (*chain, supplier), links - 1)


@given(
    arrays(float, (3, 3), elements=st.floats(-LARGEST, LARGEST)),
    arrays(float, 3, elements=st.floats(-1.0, 1.0)),
    arrays(float, 3, elements=st.floats(-1.0, 1.0)),
    st.floats(0.001, 0.1),
    st.booleans(),
)
def test_no_chain_is_missed_and_none_is_listed_in_vain(matrix, intensity, final, amount, signed) -> None:
    if not signed:
        matrix, intensity, final = np.abs(matrix), np.abs(intensity), np.abs(final)
    links = 6
    assert LARGEST ** (links + 1) < amount  # longer chains are smaller than what is listed
    every = [c for k in range(3) for c in chains(matrix, intensity, final[k], (k,), links)]
    expected = {chain: value for chain, value in every if abs(value) >= amount * (1 + 1e-9)}
    close = {chain for chain, value in every if abs(abs(value) / amount - 1) < 1e-9}
    found = structural_paths(matrix, intensity, final, amount=amount)
    listed = {path.industries: path.value for path in found.paths}
    assert len(listed) == len(found.paths)
    assert set(listed) - close == set(expected)
    assert_allclose([listed[chain] for chain in expected], list(expected.values()), rtol=1e-12)
    sizes = [abs(path.value) for path in found.paths]
    assert sizes == sorted(sizes, reverse=True)
    total = intensity @ np.linalg.inv(np.eye(3) - matrix) @ final
    assert found.total == pytest.approx(total, rel=1e-9, abs=1e-12)
    assert found.covered + found.rest == pytest.approx(total, rel=1e-9, abs=1e-9)
    if not signed:
        assert found.rest >= -1e-12


def test_chains_by_hand() -> None:
    matrix = np.array([[0.0, 0.2, 0.0], [0.0, 0.1, 0.5], [0.0, 0.0, 0.0]])  # ore -> steel (-> steel) -> cars
    intensity, final = [12.0, 2.0, 3.0], [0.0, 0.0, 100.0]
    found = structural_paths(matrix, intensity, final, 0.05, labels=["ore", ("N", "steel"), "cars"])
    assert [path.label for path in found.paths] == ["cars", "cars ← N steel ← ore", "cars ← N steel"]
    assert_allclose([path.value for path in found.paths], [300.0, 120.0, 100.0])
    assert found.total == pytest.approx(300.0 + (120.0 + 100.0) / 0.9)
    assert found.covered_share == pytest.approx(520.0 / found.total)
    assert found.threshold == pytest.approx(0.05 * found.total)
    finer = structural_paths(matrix, intensity, final, 0.01)
    assert [path.industries for path in finer.paths[3:]] == [(2, 1, 1, 0), (2, 1, 1)]
    assert [path.label for path in finer.paths[3:]] == ["2 ← 1 ← 1 ← 0", "2 ← 1 ← 1"]


def test_a_fine_tolerance_covers_everything() -> None:
    matrix = np.random.default_rng(1984).random((4, 4)) / 8
    found = structural_paths(matrix, np.ones(4), np.ones(4), 1e-6)
    assert found.covered_share == pytest.approx(1.0, abs=0.01)


def test_looking_at_few_chains_at_a_time_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1997)
    arguments = random.random((5, 5)) / 8, random.random(5), random.random(5), 1e-4
    whole = structural_paths(*arguments)
    monkeypatch.setattr(paths, "CELLS_AT_ONCE", 7)
    assert structural_paths(*arguments) == whole
    assert len(whole.paths) > 100


def test_the_full_model_is_quick() -> None:
    random = np.random.default_rng(288)
    matrix = random.pareto(1.0, (288, 288))
    matrix *= 0.6 / matrix.sum(axis=0)
    start = perf_counter()
    found = structural_paths(matrix, random.random(288), random.pareto(1.0, 288), 0.001)
    assert perf_counter() - start < 1.0
    assert 10 < len(found.paths) < 1000


def test_nothing_to_list() -> None:
    found = structural_paths(np.eye(2) / 2, [1.0, 1.0], [0.0, 0.0])
    assert (found.paths, found.total, found.covered_share) == ((), 0.0, 1.0)
    assert structural_paths(np.eye(2) / 2, [1.0, 0.0], [0.0, 3.0]).paths == ()


@given(arrays(float, (4, 4), elements=st.floats(0.0, 0.24)))
def test_elementary_chains_with_their_loops_are_the_whole_influence(matrix: np.ndarray) -> None:
    inverse = np.linalg.inv(np.eye(4) - matrix)
    for k, i in ((0, 1), (3, 2), (2, 2)):
        total = path_multiplier(matrix, [k]) if k == i else 0.0
        others = [j for j in range(4) if j not in (k, i)]
        for size in range(len(others) + 1) if k != i else ():
            for between in permutations(others, size):
                chain = (k, *between, i)
                direct = np.prod([matrix[chain[step + 1], chain[step]] for step in range(len(chain) - 1)])
                total += direct * path_multiplier(matrix, chain)
        assert total == pytest.approx(inverse[i, k], rel=1e-9, abs=1e-12)


def test_refusals() -> None:
    matrix = np.eye(2) / 2
    with pytest.raises(ArgumentError, match=r"the tolerance is 0\.0: it must be above 0"):
        structural_paths(matrix, [1.0, 1.0], [1.0, 1.0], 0.0)
    with pytest.raises(ArgumentError, match="the tolerance is nan"):
        structural_paths(matrix, [1.0, 1.0], [1.0, 1.0], amount=np.nan)
    with pytest.raises(ArgumentError, match="positive and negative chains cancel: give the tolerance as amount"):
        structural_paths(matrix, [1.0, -1.0], [1.0, 1.0])
    with pytest.raises(ArgumentError, match="more than 5 chains reach the tolerance"):
        structural_paths(matrix, [1.0, 1.0], [1.0, 1.0], 1e-9, most=5)
    with pytest.raises(ArgumentError, match=r"intensity must be a vector of 2 numbers, not of shape \(2, 1\)"):
        structural_paths(matrix, [[1.0], [1.0]], [1.0, 1.0])
    with pytest.raises(ArgumentError, match="a loop of negative coefficients"):
        structural_paths([[0.7, 1.5], [-0.9, -0.7]], [1.0, 1.0], [1.0, 1.0])
    with pytest.raises(ArgumentError, match=r"chain \[0, 1, 0\] passes an industry twice"):
        path_multiplier(matrix, [0, 1, 0])
    with pytest.raises(NotProductiveError):
        structural_paths([[1.1]], [1.0], [1.0])


def test_chains_that_cancel_have_no_covered_share() -> None:
    found = structural_paths(np.eye(2) / 2, [1.0, -1.0], [1.0, 1.0], amount=0.5)
    assert len(found.paths) == 4
    assert np.isnan(found.covered_share)
