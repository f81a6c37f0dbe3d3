"""Footprints, the Ghosh inverse and output against pymrio (LGPL-3.0, only run beside this code)."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sim.inputoutput import leontief
from sim.inputoutput.ghosh import ghosh_inverse
from sim.inputoutput.interregional import footprints, regional_multipliers

pymrio = pytest.importorskip("pymrio")

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def world():
    """The made-up world of pymrio of six regions and eight sectors, all its accounts calculated by pymrio."""
    return pymrio.load_test().calc_all()


def test_footprints(world) -> None:
    output = world.Z.to_numpy().sum(axis=1) + world.Y.to_numpy().sum(axis=1)
    assert_allclose(output, world.x.to_numpy()[:, 0], rtol=1e-12)
    coefficients = leontief.technical_coefficients(world.Z.to_numpy(), output)
    final = world.Y.T.groupby(level="region", sort=False).sum().T.to_numpy()
    regions = world.Z.index.get_level_values("region").to_numpy()
    accounts = world.emissions
    intensity = leontief.technical_coefficients(accounts.F.to_numpy(), output)
    found = footprints(coefficients, regions, intensity, final)
    assert list(found.regions.names) == list(world.get_regions())
    theirs = {"consumption": "D_cba", "production": "D_pba", "imports": "D_imp", "exports": "D_exp"}
    for ours, name in theirs.items():
        by_region = getattr(accounts, name).T.groupby(level="region", sort=False).sum().T.to_numpy()
        assert np.abs(by_region).min() > 0.0
        assert_allclose(getattr(found, ours), by_region, rtol=1e-9)


def test_inverses_and_multipliers_by_region(world) -> None:
    flows, output = world.Z.to_numpy(), world.x.to_numpy()[:, 0]
    coefficients = leontief.technical_coefficients(flows, output)
    assert_allclose(leontief.leontief_inverse(coefficients), world.L.to_numpy(), atol=1e-12)
    ghosh = pymrio.calc_G(pymrio.calc_B(world.Z, world.x)).to_numpy()
    allocation = leontief.allocation_coefficients(flows, output)
    assert_allclose(ghosh_inverse(allocation), ghosh, atol=1e-12)
    regions = world.Z.index.get_level_values("region").to_numpy()
    by_region = world.L.groupby(level="region", sort=False).sum().to_numpy()
    assert_allclose(regional_multipliers(coefficients, regions).by_region, by_region, rtol=1e-9)
