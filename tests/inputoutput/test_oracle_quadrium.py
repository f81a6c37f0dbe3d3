"""The same numbers as quadrium: A, L and the truncated type II multipliers, closed on the wages of the table."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sim.inputoutput import leontief, multipliers
from tests.inputoutput.made_up import nation

diagnostics = pytest.importorskip("quadrium.diagnostics")
pytestmark = pytest.mark.oracle


def random_table(seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    flows = generator.uniform(0.0, 10.0, (12, 12)) * (generator.uniform(size=(12, 12)) < 0.6)
    return flows, flows.sum(axis=0) + generator.uniform(20.0, 60.0, 12)


@pytest.mark.parametrize("seed", range(3))
def test_coefficients_and_inverse(seed: int) -> None:
    flows, output = random_table(seed)
    coefficients = leontief.technical_coefficients(flows, output)
    assert_allclose(coefficients, diagnostics.technical_coefficients(flows, output), rtol=1e-12)
    inverse, about = diagnostics.leontief_inverse(coefficients)
    assert_allclose(leontief.leontief_inverse(coefficients), inverse, rtol=1e-10, atol=1e-16)
    assert_allclose(multipliers.output_multipliers(coefficients), diagnostics.output_multipliers(inverse), rtol=1e-10)
    assert leontief.spectral_radius(coefficients) == pytest.approx(about["spectral_radius"], rel=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_type_two(seed: int) -> None:
    # quadrium divides consumption by the income of the table, has no own income, and leaves out the household row
    flows, output = random_table(seed)
    coefficients = leontief.technical_coefficients(flows, output)
    generator = np.random.default_rng(100 + seed)
    income = generator.uniform(0.3, 0.6, 12) * (output - flows.sum(axis=0))
    consumption = generator.dirichlet(np.ones(12)) * 0.8 * income.sum()
    expected = diagnostics.type_ii_multipliers(coefficients, income, consumption, output)
    households = multipliers.households(income, consumption, output)
    found = multipliers.type_two(coefficients, households)
    assert_allclose(found.output_truncated, expected["multipliers"], rtol=1e-10)
    assert households.consumption.sum() == pytest.approx(expected["propensity"], rel=1e-12)
    radius = leontief.spectral_radius(multipliers.closed(coefficients, households))
    assert radius == pytest.approx(expected["closure_spectral_radius"], rel=1e-10)


def test_type_two_of_a_table_with_an_absent_industry() -> None:
    whole = nation()
    keep = np.array([1.0, 1.0, 1.0, 0.0])
    flows = whole.intermediate * keep * keep[:, None]
    output, income = whole.output * keep, whole.value_added[0] * keep
    consumption = 0.2 * whole.final[:, 0] * keep
    coefficients = leontief.technical_coefficients(flows, output)
    expected = diagnostics.type_ii_multipliers(coefficients, income, consumption, output)
    found = multipliers.type_two(coefficients, multipliers.households(income, consumption, output))
    assert_allclose(found.output_truncated, expected["multipliers"], rtol=1e-10)


def test_content_of_a_satellite_account() -> None:
    flows, output = random_table(7)
    jobs = np.random.default_rng(8).uniform(0.0, 5.0, 12)
    coefficients = leontief.technical_coefficients(flows, output)
    expected = diagnostics.satellite_effects(jobs, output, leontief.leontief_inverse(coefficients))
    assert_allclose(multipliers.total_content(coefficients, jobs / output), expected["total"], rtol=1e-10)
