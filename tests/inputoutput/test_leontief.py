"""The quantity model: refusals and properties that hold for every productive system."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.inputoutput import leontief, multipliers
from sim.inputoutput.leontief import NotProductiveError

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
