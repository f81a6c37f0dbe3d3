"""The price model: duality, given prices, and physical units."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import spsolve

from sim.inputoutput import price_model
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.leontief import Leontief, NotProductiveError

SYSTEM = arrays(float, (4, 4), elements=st.floats(0.0, 0.24))
COST = arrays(float, 4, elements=st.floats(0.0, 5.0))

# tonnes of three goods; a tonne of the second takes 6 tonnes of the first
PHYSICAL = np.array([[0.1, 6.0, 0.0], [0.02, 0.1, 0.3], [0.05, 1.0, 0.2]])


@given(SYSTEM, COST, COST)
def test_primary_cost_equals_the_value_of_final_demand(
    coefficients: np.ndarray, cost: np.ndarray, final: np.ndarray
) -> None:
    both = price_model.prices_and_quantities(coefficients, cost, final)
    assert both.primary_cost == pytest.approx(both.final_value, rel=1e-9, abs=1e-9)
    assert_allclose(both.prices, both.prices @ coefficients + cost, rtol=1e-9, atol=1e-12)
    assert_allclose(both.output, coefficients @ both.output + final, rtol=1e-9, atol=1e-12)
    assert (both.prices >= 0).all()


@given(SYSTEM, COST, arrays(float, (2, 4), elements=st.floats(0.0, 5.0)), st.floats(0.0, 3.0))
def test_both_sides_are_linear_and_monotone(
    coefficients: np.ndarray, cost: np.ndarray, final: np.ndarray, factor: float
) -> None:
    one = price_model.prices_and_quantities(coefficients, cost, final[0])
    two = price_model.prices_and_quantities(coefficients, factor * cost, final[1])
    both = price_model.prices_and_quantities(coefficients, (1.0 + factor) * cost, final.sum(axis=0))
    assert_allclose(both.output, one.output + two.output, rtol=1e-9, atol=1e-12)
    assert_allclose(both.prices, one.prices + two.prices, rtol=1e-9, atol=1e-12)
    assert (both.output >= one.output * (1 - 1e-12)).all()
    assert min(one.output.min(), one.prices.min(), two.output.min(), two.prices.min()) >= 0.0


@given(SYSTEM)
def test_prices_of_a_table_in_money_are_one(coefficients: np.ndarray) -> None:
    assert_allclose(price_model.prices(coefficients, 1.0 - coefficients.sum(axis=0)), 1.0, rtol=1e-10)


@given(SYSTEM, COST, COST)
def test_a_change_is_the_difference_of_two_solutions(
    coefficients: np.ndarray, before: np.ndarray, more: np.ndarray
) -> None:
    change = price_model.price_change(coefficients, more)
    difference = price_model.prices(coefficients, before + more) - price_model.prices(coefficients, before)
    assert_allclose(change, difference, rtol=1e-9, atol=1e-9)
    assert (change >= more * (1 - 1e-12)).all()  # monotone: passed on in full, and more


def test_physical_units_may_need_more_than_one_unit_of_inputs() -> None:
    assert PHYSICAL.sum(axis=0).max() > 7.0
    cost = np.array([2.0, 30.0, 1.0])
    found = price_model.prices(PHYSICAL, cost)
    assert_allclose(found, spsolve(csc_matrix(np.eye(3) - PHYSICAL.T), cost), rtol=1e-11)
    # in other units of the second good the price only changes its unit
    unit = np.array([1.0, 1000.0, 1.0])
    assert_allclose(price_model.prices(PHYSICAL * unit / unit[:, None], cost * unit), found * unit, rtol=1e-11)


def test_kinds_of_primary_cost_add_up_to_the_price() -> None:
    kinds = np.array([[1.0, 10.0, 0.5], [1.0, 20.0, 0.5]])
    found = price_model.prices(Leontief(PHYSICAL), kinds)
    assert found.shape == (2, 3)
    assert_allclose(found.sum(axis=0), price_model.prices(PHYSICAL, kinds.sum(axis=0)), rtol=1e-12)


@given(SYSTEM, COST, st.floats(0.1, 9.0), st.floats(0.1, 9.0))
def test_given_prices_against_the_whole_system(
    coefficients: np.ndarray, cost: np.ndarray, first: float, third: float
) -> None:
    found = price_model.prices_with_given(coefficients, cost, {2: third, 0: first})
    assert found.prices[0] == first
    assert found.prices[2] == third
    # with the margins as primary cost the ordinary model gives these prices
    assert_allclose(price_model.prices(coefficients, cost + found.margin), found.prices, rtol=1e-9, atol=1e-9)
    assert (found.margin[[1, 3]] == 0.0).all()


def test_given_prices_by_hand() -> None:
    # oil costs 5; power takes 0.4 oil and 0.5 of its own, goods 0.2 power: p = (2 + 1) / 0.5 = 6, then 1.2 + 3
    coefficients = np.array([[0.0, 0.4, 0.0], [0.1, 0.5, 0.2], [0.0, 0.0, 0.0]])
    found = price_model.prices_with_given(coefficients, [1.0, 1.0, 3.0], {0: 5.0})
    assert_allclose(found.prices, [5.0, 6.0, 4.2])
    assert_allclose(found.margin, [5.0 - 0.6 - 1.0, 0.0, 0.0])


def test_the_solved_price_as_given_price_leaves_no_margin() -> None:
    cost = np.array([2.0, 30.0, 1.0])
    solved = price_model.prices(PHYSICAL, cost)
    found = price_model.prices_with_given(PHYSICAL, cost, {1: solved[1]})
    assert_allclose(found.prices, solved, rtol=1e-12)
    assert_allclose(found.margin, 0.0, atol=1e-10)
    assert_allclose(price_model.prices_with_given(PHYSICAL, cost, {}).prices, solved, rtol=1e-12)


def test_changes_of_given_prices() -> None:
    cost, given_price = np.array([2.0, 30.0, 1.0]), 400.0
    base = price_model.prices_with_given(PHYSICAL, cost, {1: given_price})
    dearer = price_model.prices_with_given(PHYSICAL, cost + 0.5, {1: given_price + 7.0})
    change = price_model.prices_with_given(PHYSICAL, np.full(3, 0.5), {1: 7.0})
    assert_allclose(change.prices, dearer.prices - base.prices, rtol=1e-10)


def test_only_the_other_products_must_be_productive() -> None:
    coefficients = np.array([[1.5, 0.2], [0.1, 0.3]])
    found = price_model.prices_with_given(coefficients, [1.0, 1.0], {0: 2.0})
    assert found.prices[1] == pytest.approx((0.4 + 1.0) / 0.7)
    with pytest.raises(NotProductiveError, match=r"Column 0 \(ore\) buys 1\.5"):
        price_model.prices_with_given(coefficients, [1.0, 1.0], {1: 2.0}, ("ore", "metal"))
    with pytest.raises(
        NotProductiveError, match=r"Column (0|1) \(ore\) buys 1\.5"
    ):  # its place among the others is 0 too
        price_model.prices_with_given(coefficients[::-1, ::-1], [1.0, 1.0], {0: 2.0}, ("metal", "ore"))
    with pytest.raises(NotProductiveError, match=r"Column 1 buys 1\.5"):
        price_model.prices_with_given(coefficients[::-1, ::-1], [1.0, 1.0], {0: 2.0})


def test_all_prices_may_be_given() -> None:
    found = price_model.prices_with_given([[0.2]], [1.0], {0: 3.0})
    assert found.prices.tolist() == [3.0]
    assert found.margin == pytest.approx([3.0 - 0.6 - 1.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: price_model.prices(PHYSICAL, [1.0, 2.0]),
            r"^primary cost must be a vector of 3 numbers.*shape \(2,\)",
        ),
        (lambda: price_model.price_change(PHYSICAL, [1.0]), r"^change of primary cost must be a vector of 3 numbers"),
        (
            lambda: price_model.prices_with_given(PHYSICAL, np.ones((2, 3)), {}),
            r"^primary cost must be a vector of 3 num",
        ),
        (
            lambda: price_model.prices_with_given(PHYSICAL, np.ones(3), {3: 1.0}),
            "^given prices: position 3 is not in 0 to 2",
        ),
        (
            lambda: price_model.prices_with_given(PHYSICAL, np.ones(3), {-1: 1.0}),
            "^given prices: position -1 is not in 0",
        ),
        (lambda: price_model.prices_with_given(PHYSICAL, np.ones(3), {1: np.nan}), "^given price in row 0 is nan"),
        (
            lambda: price_model.prices_and_quantities(PHYSICAL, np.ones(3), np.ones((2, 3))),
            r"^final demand must be a vector of 3 numbers, not of shape \(2, 3\)",
        ),
    ],
)
def test_bad_input_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()
