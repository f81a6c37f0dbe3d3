"""Balancing and quotients against quadrium, an independent implementation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sim.inputoutput import quotients
from sim.inputoutput.balancing import BalancingError, gras, ras

pytest.importorskip("quadrium")

from quadrium import balancing as oracle_balancing
from quadrium import gras as oracle_gras
from quadrium import regionalise as oracle_regionalise

SIZES = ((3, 3), (8, 5), (20, 30))


def problem(shape: tuple[int, int], seed: int, *, signed: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A prior with zeros and totals that its pattern can meet."""
    generator = np.random.default_rng(seed)
    prior = generator.lognormal(0.0, 1.0, shape)
    prior[generator.random(shape) < 0.2] = 0.0
    if signed:
        prior[generator.random(shape) < 0.15] *= -1.0
    target = prior * generator.lognormal(0.0, 0.4, shape)
    return prior, target.sum(axis=1), target.sum(axis=0)


@pytest.mark.oracle
@pytest.mark.parametrize("shape", SIZES)
def test_ras(shape: tuple[int, int]) -> None:
    prior, rows, columns = problem(shape, 1, signed=False)
    theirs, converged, _ = oracle_balancing.ras(prior, rows, columns, tol=1e-12)
    assert converged
    assert_allclose(ras(prior, rows, columns, tolerance=1e-13).matrix, theirs, rtol=1e-9)


@pytest.mark.oracle
@pytest.mark.parametrize("shape", SIZES)
def test_gras(shape: tuple[int, int]) -> None:
    prior, rows, columns = problem(shape, 2, signed=True)
    theirs = oracle_gras.gras(prior, rows, columns, eps=1e-13)
    assert theirs.converged
    assert_allclose(gras(prior, rows, columns, tolerance=1e-13, rounds=5000).matrix, theirs.X, rtol=1e-9)


@pytest.mark.oracle
def test_gras_with_lines_of_losses_only() -> None:
    prior = np.array([[7.0, 3.0, -1.0], [-2.0, -1.0, -4.0], [3.0, 2.0, -2.0]])
    rows, columns = np.array([10.0, -5.0, 4.0]), np.array([10.0, 5.0, -6.0])
    theirs = oracle_gras.gras(prior, rows, columns, eps=1e-13)
    assert_allclose(gras(prior, rows, columns, tolerance=1e-13).matrix, theirs.X, rtol=1e-9)


@pytest.mark.oracle
def test_both_refuse_signs_that_no_single_line_betrays() -> None:
    prior, rows, columns = np.diag([1.0, -1.0]), np.array([200.0, -100.0]), np.array([300.0, -200.0])
    feasible, _ = oracle_gras.sign_pattern_feasible(prior, rows, columns)
    assert not feasible
    with pytest.raises(BalancingError, match="cannot exceed"):
        gras(prior, rows, columns)


def economies(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """National coefficients, output of a region and of the nation."""
    generator = np.random.default_rng(seed)
    nation = generator.lognormal(3.0, 1.0, 12)
    return generator.uniform(0.0, 0.08, (12, 12)), nation * generator.beta(0.6, 6.0, 12), nation


@pytest.mark.oracle
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("method", ["SLQ", "CILQ", "FLQ"])
def test_quotients(method: str, seed: int) -> None:
    national, region, nation = economies(seed)
    theirs = oracle_regionalise.regionalise(national, region, nation, method=method, delta=0.23)
    assert_allclose(quotients.simple_location_quotients(region, nation), theirs.slq, rtol=1e-9)
    assert_allclose(
        quotients.regional_coefficients(national, by_name(method, region, nation, 0.23)), theirs.A, rtol=1e-9
    )


def by_name(method: str, region: np.ndarray, nation: np.ndarray, delta: float) -> Any:
    """Our quotients under the abbreviation of the field, with the national column for absent buyers."""
    slq = quotients.simple_location_quotients(region, nation)
    if method == "SLQ":
        return slq
    if method == "CILQ":
        return quotients.cross_industry_location_quotients(slq, absent_buyer=1.0)
    return quotients.flegg_location_quotients(region, nation, delta, absent_buyer=1.0)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("method", ["CILQ", "FLQ"])
def test_an_absent_buyer_keeps_the_national_column_in_both(method: str) -> None:
    national, region, nation = economies(4)
    region[5] = 0.0
    theirs = oracle_regionalise.regionalise(national, region, nation, method=method, delta=0.23)
    ours = quotients.regional_coefficients(national, by_name(method, region, nation, 0.23))
    assert_allclose(ours, theirs.A, rtol=1e-9)
    assert_allclose(ours[np.arange(12) != 5, 5], national[np.arange(12) != 5, 5])
