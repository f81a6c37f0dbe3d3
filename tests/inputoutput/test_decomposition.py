"""Structural decomposition: exact sums, orders against brute force, factors without change, refusals."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.decomposition import (
    Decomposition,
    Diagonal,
    Inverse,
    decompose,
    final_demand_factors,
    output_change,
)

SYSTEM = arrays(float, (3, 3), elements=st.floats(0.0, 0.3))
VECTOR = arrays(float, 3, elements=st.floats(0.0, 100.0))


@given(SYSTEM, VECTOR, SYSTEM, VECTOR)
def test_effects_of_technology_and_final_demand(a0, f0, a1, f1) -> None:
    found = output_change(a0, f0, a1, f1)
    l0, l1 = np.linalg.inv(np.eye(3) - a0), np.linalg.inv(np.eye(3) - a1)
    close = {"rtol": 1e-9, "atol": 1e-9}
    assert_allclose(found.change, l1 @ f1 - l0 @ f0, **close)
    assert_allclose(found.first, [(l1 - l0) @ f1, l0 @ (f1 - f0)], **close)
    assert_allclose(found.second, [(l1 - l0) @ f0, l1 @ (f1 - f0)], **close)
    assert_allclose(found["technology"], (l1 - l0) @ (f0 + f1) / 2, **close)
    assert_allclose(found["final demand"], (l0 + l1) @ (f1 - f0) / 2, **close)


RANDOM = np.random.default_rng(1998)


def chain() -> list:
    """Jobs by industry: intensity, technology, product mix, shares of the uses, level."""
    intensity, final = RANDOM.random(3), RANDOM.random((3, 2))
    return [Diagonal(intensity), Inverse(RANDOM.random((3, 3)) / 4), *final_demand_factors(final)]


def matrices(factors: list) -> list[np.ndarray]:
    """The same factors as plain matrices."""
    jobs, technology, mix, shares, level = factors
    inverse = np.linalg.inv(np.eye(3) - technology.coefficients)
    return [np.diag(jobs.values), inverse, mix, shares[:, None], np.full((1, 1), level)]


def brute_force(before: list[np.ndarray], after: list[np.ndarray], orders: list) -> np.ndarray:
    """(orders, k, n) effects, one factor after the other as the order says."""
    effects = np.zeros((len(orders), len(before), len(before[0])))
    for row, order in enumerate(orders):
        current = list(before)
        for i in order:
            old = np.linalg.multi_dot(current)
            current[i] = after[i]
            effects[row, i] = (np.linalg.multi_dot(current) - old)[:, 0]
    return effects


def test_five_factors_in_all_orders() -> None:
    before, after = chain(), chain()
    every = brute_force(matrices(before), matrices(after), list(permutations(range(5))))
    assert len(every) == 120
    found = decompose(before, after, orders="all")
    assert_allclose(found.effects, every.mean(axis=0), rtol=1e-12)
    assert_allclose(found.lowest, every.min(axis=0), rtol=1e-12)
    assert_allclose(found.highest, every.max(axis=0), rtol=1e-12)


def test_five_factors_in_polar_order() -> None:
    before, after = chain(), chain()
    polar = brute_force(matrices(before), matrices(after), [range(4, -1, -1), range(5)])
    found = decompose(before, after, ("jobs", "technology", "mix", "shares", "level"))
    assert_allclose(found.first, polar[0], rtol=1e-12)
    assert_allclose(found.second, polar[1], rtol=1e-12)
    assert_allclose(found.effects, polar.mean(axis=0), rtol=1e-12)
    assert_allclose(found["mix"], polar.mean(axis=0)[2], rtol=1e-12)


@pytest.mark.parametrize("orders", ["polar", "all"])
@pytest.mark.parametrize("part", [slice(0, 5), slice(1, 3), slice(0, 2), slice(1, 2), slice(2, 4), slice(4, 5)])
def test_effects_add_up_whatever_the_chain(part: slice, orders: str) -> None:
    before, after = chain()[part], chain()[part]
    found = decompose(before, after, orders=orders)
    for effects in (found.effects, found.first, found.second):
        assert_allclose(effects.sum(axis=0), found.change, rtol=1e-12)
    expected = [np.linalg.multi_dot([np.eye(len(m[0])), *m]) for m in (matrices_of(after), matrices_of(before))]
    assert_allclose(found.change.ravel(), (expected[0] - expected[1]).ravel(), rtol=1e-12)


def matrices_of(factors: list) -> list[np.ndarray]:
    found = []
    for factor in factors:
        if isinstance(factor, Inverse):
            found.append(np.linalg.inv(np.eye(3) - factor.coefficients))
        elif isinstance(factor, Diagonal):
            found.append(np.diag(factor.values))
        else:
            found.append(np.asarray(factor).reshape(np.shape(factor) + (1,) * (2 - np.ndim(factor))))
    return found


def test_a_row_of_intensities_in_front() -> None:
    jobs, a, mix = RANDOM.random((2, 3)), RANDOM.random((2, 3, 3)) / 4, RANDOM.random((2, 3, 2))
    found = decompose([jobs[0], Inverse(a[0]), mix[0]], [jobs[1], Inverse(a[1]), mix[1]])
    inverse = [np.linalg.inv(np.eye(3) - matrix) for matrix in a]
    assert_allclose(found.change, jobs[1] @ inverse[1] @ mix[1] - jobs[0] @ inverse[0] @ mix[0], rtol=1e-12)
    assert_allclose(found.effects.sum(axis=0), found.change, rtol=1e-12)
    multipliers = decompose([jobs[0], Inverse(a[0])], [jobs[1], Inverse(a[1])])
    assert_allclose(multipliers.second[1], jobs[1] @ (inverse[1] - inverse[0]), rtol=1e-10)
    assert_allclose(multipliers.first[1], jobs[0] @ (inverse[1] - inverse[0]), rtol=1e-10)


def test_a_factor_that_does_not_change_has_no_effect() -> None:
    before, after = chain(), chain()
    after[1] = before[1]
    found = decompose(before, after, orders="all")
    assert not found.effects[1].any()
    assert found.effects[0].all()


def test_a_tiny_change_of_technology_keeps_its_digits() -> None:
    a0, f = RANDOM.random((3, 3)) / 4, np.ones(3)
    step = 1e-13 * RANDOM.random((3, 3))
    inverse = np.linalg.inv(np.eye(3) - a0)
    found: Decomposition = output_change(a0, f, a0 + step, f)
    true_step = (a0 + step) - a0
    assert_allclose(found["technology"], inverse @ true_step @ inverse @ f, rtol=1e-9)


@given(arrays(float, (3, 4), elements=st.floats(0.01, 50.0)))
def test_factors_of_final_demand(final: np.ndarray) -> None:
    mix, shares, level = final_demand_factors(final)
    assert_allclose(mix.sum(axis=0), 1.0)
    assert shares.sum() == pytest.approx(1.0)
    assert_allclose(mix * shares * level, final, rtol=1e-12)


def test_a_use_that_buys_nothing() -> None:
    mix, shares, level = final_demand_factors(np.array([[1.0, 0.0], [3.0, 0.0]]))
    assert (mix.tolist(), shares.tolist(), level) == ([[0.25, 0.0], [0.75, 0.0]], [1.0, 0.0], 4.0)


def test_uses_without_shares_are_refused() -> None:
    with pytest.raises(ArgumentError, match="column 1 of final demand adds up to 0"):
        final_demand_factors([[1.0, 2.0], [3.0, -2.0]])
    with pytest.raises(ArgumentError, match="final demand adds up to 0"):
        final_demand_factors([[1.0], [-1.0]])
    with pytest.raises(ArgumentError, match="must be a matrix"):
        final_demand_factors([1.0, 2.0])


SQUARE, PAIR = np.eye(2) / 2, np.ones(2)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ([SQUARE, PAIR], [SQUARE], "2 factors before, 1 after"),
        ([], [], "0 factors before"),
        ([SQUARE, PAIR], [Inverse(SQUARE), PAIR], "F1 is ndarray .* before but Inverse .* after"),
        ([SQUARE, PAIR], [SQUARE, np.ones(3)], r"F2 is .* \(2,\) before but .* \(3,\) after"),
        ([np.ones((2, 3)), PAIR], [np.ones((2, 3)), PAIR], "F1 has 3 columns but F2 has 2 rows"),
        ([SQUARE, PAIR, SQUARE], [SQUARE, PAIR, SQUARE], r"F2 is a vector inside the chain: write Diagonal"),
        ([Diagonal(SQUARE), PAIR], [Diagonal(SQUARE), PAIR], "F1: a diagonal must be a vector"),
        ([np.ones((2, 2, 2))], [np.ones((2, 2, 2))], "F1: a factor is a number, a vector or a matrix"),
        ([SQUARE, [1.0, np.nan]], [SQUARE, PAIR], "F2 in row 1 is nan"),
    ],
)
def test_refusals(before: list, after: list, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        decompose(before, after)


def test_too_many_factors_for_all_orders() -> None:
    with pytest.raises(ArgumentError, match="all orders of 7 factors"):
        decompose([1.0] * 7, [2.0] * 7, orders="all")
    assert decompose([1.0] * 7, [2.0] * 7).effects.sum() == 127.0


def test_orders_and_names_are_what_they_say() -> None:
    with pytest.raises(ArgumentError, match="orders is 'mean': choose one of polar, all"):
        decompose([1.0], [2.0], orders="mean")
    with pytest.raises(ArgumentError, match="2 factors are called 'level': give each a name of its own"):
        decompose([1.0, 2.0, 3.0], [2.0, 3.0, 4.0], ("level", "mix", "level"))
    with pytest.raises(ArgumentError, match="no factor is called 'jobs': there are F1, F2"):
        decompose([1.0, 2.0], [2.0, 3.0])["jobs"]
