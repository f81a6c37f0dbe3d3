"""The supply-driven model: the same table as Leontief's, read along its rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from sim.inputoutput import ghosh, leontief, price_model
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.leontief import NotProductiveError

FLOWS = np.array([[150.0, 500.0], [200.0, 100.0]])
OUTPUT = np.array([1000.0, 2000.0])

ANY_FLOWS = arrays(float, (4, 4), elements=st.floats(0.0, 10.0))
FINAL = arrays(float, 4, elements=st.floats(1.0, 20.0))


def table(flows: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Output, final demand and value added of flows, all above 0."""
    output = np.maximum(flows.sum(axis=0), flows.sum(axis=1)) + rest
    return output, output - flows.sum(axis=1), output - flows.sum(axis=0)


@given(ANY_FLOWS, FINAL)
def test_leontief_and_ghosh_give_the_output_of_the_table(flows: np.ndarray, rest: np.ndarray) -> None:
    output, final, value_added = table(flows, rest)
    by_demand = leontief.solve(leontief.technical_coefficients(flows, output), final)
    by_supply = ghosh.supply_driven_output(leontief.allocation_coefficients(flows, output), value_added)
    assert_allclose(by_demand, output, rtol=1e-10)
    assert_allclose(by_supply, output, rtol=1e-10)


@given(ANY_FLOWS, FINAL, arrays(float, 4, elements=st.floats(0.0, 30.0)))
def test_ghosh_is_the_price_model(flows: np.ndarray, rest: np.ndarray, value_added: np.ndarray) -> None:
    # Dietzenbacher (1997): new primary cost moves the value of unchanged quantities as Leontief prices do
    output, _, _ = table(flows, rest)
    value = ghosh.supply_driven_output(leontief.allocation_coefficients(flows, output), value_added)
    price = price_model.prices(leontief.technical_coefficients(flows, output), value_added / output)
    assert_allclose(value, price * output, rtol=1e-9, atol=1e-9)


@given(ANY_FLOWS, FINAL)
def test_the_two_inverses_are_similar(flows: np.ndarray, rest: np.ndarray) -> None:
    output, _, _ = table(flows, rest)
    inverse = leontief.leontief_inverse(leontief.technical_coefficients(flows, output))
    expected = np.linalg.inv(np.eye(4) - flows / output[:, None])
    assert_allclose(ghosh.ghosh_from_leontief(inverse, output), expected, rtol=1e-9, atol=1e-12)


def test_rows_of_primary_inputs_add_up() -> None:
    allocation = leontief.allocation_coefficients(FLOWS, OUTPUT)
    kinds = np.array([[400.0, 900.0], [250.0, 500.0]])
    found = ghosh.supply_driven_output(allocation, kinds)
    assert found.shape == (2, 2)
    assert_allclose(found.sum(axis=0), OUTPUT, rtol=1e-12)
    assert_allclose(ghosh.supply_driven_output(ghosh.ghosh_system(allocation), kinds[0]), found[0])


def test_an_absent_industry_keeps_to_itself() -> None:
    flows = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 0.0], [3.0, 0.0, 1.0]])
    output = np.array([10.0, 0.0, 8.0])
    inverse = leontief.leontief_inverse(leontief.technical_coefficients(flows, output))
    expected = ghosh.ghosh_inverse(leontief.allocation_coefficients(flows, output))
    found = ghosh.ghosh_from_leontief(inverse, output)
    assert_allclose(found, expected, rtol=1e-12)
    assert found[1].tolist() == found[:, 1].tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("cell", [(1, 0), (0, 1)])
def test_deliveries_without_output_are_refused(cell: tuple[int, int]) -> None:
    inverse = np.eye(2)
    inverse[cell] = 0.4
    message = (
        rf"^industry 1 \(care\) has no output but the Leontief inverse has 0.4 in row {cell[0]}, column {cell[1]};"
    )
    with pytest.raises(ArgumentError, match=message):
        ghosh.ghosh_from_leontief(inverse, [5.0, 0.0], ("ore", "care"))


def test_sales_beyond_output_name_the_row() -> None:
    message = (
        r"row 1 \(metal\) sells 1\.4 per unit of its output to industries, most of it \(0\.8\) to column 0 \(ore\)"
    )
    with pytest.raises(NotProductiveError, match=message):
        ghosh.ghosh_system([[0.5, 0.3], [0.8, 0.6]], ("ore", "metal"))
    with pytest.raises(NotProductiveError, match=r"row 1 sells 1\.4"):
        ghosh.ghosh_inverse([[0.5, 0.3], [0.8, 0.6]])


def test_primary_inputs_of_another_length_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"^value added must be a vector of 2 numbers.*not of shape \(3,\)"):
        ghosh.supply_driven_output([[0.1, 0.2], [0.3, 0.1]], np.ones(3))
    with pytest.raises(ArgumentError, match=r"^allocation must be a square matrix"):
        ghosh.supply_driven_output(np.ones((2, 3)), np.ones(3))
