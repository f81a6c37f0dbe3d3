"""The same numbers as pymrio (Stadler 2021) gives for its test table of six regions with eight sectors."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sim.inputoutput import ghosh, leontief, linkage, multipliers

pymrio = pytest.importorskip("pymrio")
pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def table() -> Any:
    loaded = pymrio.load_test()
    return loaded.calc_all(include_ghosh=True)


@pytest.fixture(scope="module")
def arrays(table: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flows, output and final demand."""
    return table.Z.to_numpy(), table.x.to_numpy().ravel(), table.Y.to_numpy()


def test_coefficients(table: Any, arrays: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    flows, output, _ = arrays
    assert flows.shape == (48, 48)
    assert_allclose(leontief.technical_coefficients(flows, output), table.A.to_numpy(), rtol=1e-10)
    assert_allclose(leontief.allocation_coefficients(flows, output), table.B.to_numpy(), rtol=1e-10)


def test_inverses(table: Any, arrays: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    flows, output, _ = arrays
    inverse = leontief.leontief_inverse(leontief.technical_coefficients(flows, output))
    # cells far below the others are what is left of cancelled terms
    assert_allclose(inverse, table.L.to_numpy(), rtol=1e-10, atol=1e-16)
    assert_allclose(ghosh.ghosh_from_leontief(inverse, output), table.G.to_numpy(), rtol=1e-10, atol=1e-16)
    direct = ghosh.ghosh_inverse(leontief.allocation_coefficients(flows, output))
    assert_allclose(direct, table.G.to_numpy(), rtol=1e-10, atol=1e-16)


def test_output(table: Any, arrays: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    flows, output, final = arrays
    system = leontief.Leontief(leontief.technical_coefficients(flows, output))
    assert_allclose(system.solve(final.sum(axis=1)), output, rtol=1e-10)
    assert_allclose(system.solve(final), table.L.to_numpy() @ final, rtol=1e-10)


def test_multipliers_of_each_satellite_account(table: Any, arrays: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    flows, output, _ = arrays
    coefficients = leontief.technical_coefficients(flows, output)
    accounts = list(table.get_extensions(data=True))
    assert {account.name for account in accounts} == {"Factor Inputs", "Emissions"}
    for account in accounts:
        intensity = account.F.to_numpy() / output
        assert_allclose(intensity, account.S.to_numpy(), rtol=1e-10)
        assert_allclose(multipliers.total_content(coefficients, intensity), account.M.to_numpy(), rtol=1e-10)


def test_linkages(table: Any, arrays: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    flows, output, _ = arrays
    found = linkage.linkages(flows, output)
    assert_allclose(found.backward, table.L.to_numpy().sum(axis=0), rtol=1e-10)
    assert_allclose(found.forward, table.G.to_numpy().sum(axis=1), rtol=1e-10)
