"""The gravity model: what it keeps, and what it refuses by name."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.inputoutput import gravity
from sim.inputoutput.balancing import BalancingError
from sim.inputoutput.checks import ArgumentError

AMOUNTS = arrays(float, (3, 4), elements=st.floats(0.5, 50.0))
PLACES = (("Fuding", "Xiapu"), ("Gutian", "Pingnan"))


@given(AMOUNTS, AMOUNTS)
@settings(max_examples=30)
def test_flows_meet_supply_and_demand_and_keep_the_odds_of_the_attraction(
    target: np.ndarray, attraction: np.ndarray
) -> None:
    supply, demand = target.sum(axis=1), target.sum(axis=0)
    flow = gravity.flows(supply, demand, attraction)
    np.testing.assert_allclose(flow.sum(axis=1), supply, rtol=1e-9)
    np.testing.assert_allclose(flow.sum(axis=0), demand, rtol=1e-9)
    odds = flow[0, 0] * flow[2, 3] / (flow[0, 3] * flow[2, 0])
    wanted = attraction[0, 0] * attraction[2, 3] / (attraction[0, 3] * attraction[2, 0])
    assert odds == pytest.approx(wanted, rel=1e-8)


def test_places_without_supply_or_demand_have_no_flow() -> None:
    flow = gravity.flows([0.0, 3.0], [3.0, 0.0], np.ones((2, 2)))
    assert flow.tolist() == [[0.0, 0.0], [3.0, 0.0]]


def test_totals_that_the_permitted_flows_cannot_meet_are_named() -> None:
    with pytest.raises(BalancingError, match=r"supply sums to 3, demand to 4: they must agree; .* difference of -1"):
        gravity.flows([1.0, 2.0], [2.0, 2.0], np.ones((2, 2)))
    with pytest.raises(
        BalancingError,
        match=r"miss supply or demand by .*: origin 1 \(Xiapu\) needs 2 but its cells lie only in destination 1"
        r" \(Pingnan\), whose total is 1: open a cell elsewhere, or lower the former or raise the latter by 1",
    ):
        gravity.flows([1.0, 2.0], [2.0, 1.0], np.eye(2), labels=PLACES, rounds=100)
    with pytest.raises(BalancingError, match=r"the cell in origin 0, destination 1 become 0"):
        gravity.flows([1.0, 1.0], [1.0, 1.0], [[1.0, 1.0], [0.0, 1.0]], rounds=100)
    with pytest.raises(BalancingError, match=r"they can be met, so allow more rounds"):
        gravity.flows([1.0, 2.0], [2.0, 1.0], [[1.0, 2.0], [5.0, 1.0]], rounds=1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gravity.power_decay(np.array([1.0, 0.0]), 1.0), r"distances above 0, position \(1\) has 0"),
        (lambda: gravity.power_decay([1.0], -1.0), r"elasticity must be 0 or above"),
        (lambda: gravity.exponential_decay([1.0, np.nan], 1.0), r"cost in row 1 is nan"),
        (lambda: gravity.exponential_decay([1.0], np.nan), r"decay must be 0 or above, not nan"),
        (lambda: gravity.flows([-1.0, 2.0], [1.0, 0.0], np.eye(2), labels=PLACES), r"supply of origin 0 \(Fuding\) is"),
        (lambda: gravity.flows([1.0, 2.0], [4.0, -1.0], np.eye(2)), r"demand of destination 1 is negative: -1"),
        (
            lambda: gravity.flows([1.0, 2.0], [2.0, 1.0], [[1.0, -1.0], [1.0, 1.0]]),
            r"origin 0 and destination 1 is neg",
        ),
        (lambda: gravity.flows([1.0, np.inf], [2.0, 1.0], np.eye(2)), r"supply in row 1 is inf"),
        (lambda: gravity.flows([1.0, 2.0], [3.0], np.eye(2)), r"attraction of shape \(2, 2\) does not fit"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()


def test_decay_functions() -> None:
    assert gravity.exponential_decay(np.array([0.0, 100.0]), 0.01) == pytest.approx([1.0, np.exp(-1)])
    assert gravity.power_decay(np.array([1.0, 150.0]), 1.0) == pytest.approx([1.0, 1 / 150])
    assert gravity.power_decay(np.array([4.0]), 0.5) == pytest.approx([0.5])


@pytest.mark.parametrize("gap", [1e-12, 1e-10, 9e-10, -9e-10])
def test_sums_that_differ_by_rounding_scale_the_demand(gap: float) -> None:
    flow = gravity.flows([1.0, 2.0], [1.0, 2.0 * (1.0 + gap)], [[1.0, 2.0], [3.0, 1.0]])
    np.testing.assert_allclose(flow.sum(axis=1), [1.0, 2.0], rtol=1e-11)
    np.testing.assert_allclose(flow.sum(axis=0), [1.0, 2.0], rtol=1e-9)


@pytest.mark.parametrize("shift", [0.0, 300.0, 600.0, -600.0])
def test_a_constant_on_all_costs_changes_no_flow(shift: float) -> None:
    cost = np.array([[0.0, 10.0], [30.0, 20.0]])
    plain = gravity.flows([1.0, 2.0], [2.0, 1.0], gravity.exponential_decay(cost, 0.1))
    moved = gravity.flows([1.0, 2.0], [2.0, 1.0], gravity.exponential_decay(cost + 10.0 * shift, 0.1))
    np.testing.assert_allclose(moved, plain, rtol=1e-9)


def test_factors_of_rows_and_columns_of_the_attraction_change_no_flow() -> None:
    pull, factors = np.array([[1.0, 2.0], [5.0, 1.0]]), np.outer([1e-140, 1e130], [1e-150, 1e140])
    plain = gravity.flows([1.0, 2.0], [2.0, 1.0], pull)
    np.testing.assert_allclose(gravity.flows([1.0, 2.0], [2.0, 1.0], pull * factors), plain, rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: gravity.exponential_decay([[0.0, 1000.0], [1000.0, 2000.0]], 1.0),
            r"cost with decay 1: position \(0, 1\) has 1000, whose attraction exp\(-1000\) leaves the range",
        ),
        (lambda: gravity.exponential_decay([[-1000.0]], 1.0), r"position \(0, 0\) has -1000, .* exp\(1000\)"),
        (lambda: gravity.exponential_decay(1e308, 10.0), r"attraction exp\(-inf\)"),
        (lambda: gravity.power_decay([[1e-200]], 2.0), r"distance with elasticity 2: position \(0, 0\) has 1e-200"),
        (lambda: gravity.power_decay([1e200], 2.0), r"position \(0\) has 1e\+200"),
    ],
)
def test_attractions_beyond_the_range_of_numbers_are_named(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()


def test_small_places_are_met_as_well_as_large_ones() -> None:
    supply, demand = np.array([1e12, 0.5, 3.0]), np.array([1e12, 1.5, 2.0])
    flow = gravity.flows(supply, demand, [[1.0, 2.0, 1.0], [1.0, 5.0, 1.0], [3.0, 1.0, 9.0]])
    np.testing.assert_allclose(flow.sum(axis=1), supply, rtol=1e-10)
    np.testing.assert_allclose(flow.sum(axis=0), demand, rtol=1e-10)
    with pytest.raises(BalancingError, match=r"destination 1 needs 2 but its cells lie only in origin 1, whose total"):
        gravity.flows([1e13, 1.0], [1e13 - 1.0, 2.0], np.eye(2), rounds=100)
