"""Location quotients: limits and the treatment of absent products."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.inputoutput import gravity, quotients
from sim.inputoutput.balancing import BalancingError

OUTPUT = arrays(float, 4, elements=st.floats(1.0, 1e4))


@given(OUTPUT, st.floats(0.0, 1.0))
def test_a_region_equal_to_its_parent_supplies_itself(output: np.ndarray, delta: float) -> None:
    assert quotients.simple(output, output) == pytest.approx(np.ones(4))
    own = quotients.own_shares(np.ones((4, 4)), np.ones(4), output, output, delta)
    assert own == pytest.approx(np.ones(4))


@given(OUTPUT, OUTPUT, st.floats(0.0, 1.0))
def test_own_shares_lie_between_none_and_all(region: np.ndarray, rest: np.ndarray, delta: float) -> None:
    own = quotients.own_shares(np.ones((4, 4)), np.ones(4), region, region + rest, delta)
    assert (own >= 0).all()
    assert (own <= 1 + 1e-12).all()


def test_a_larger_delta_means_less_own_supply() -> None:
    region, parent = np.array([1.0, 2.0, 3.0]), np.array([100.0, 100.0, 100.0])
    uses, final = np.ones((3, 3)), np.ones(3)
    shares = [quotients.own_shares(uses, final, region, parent, delta).mean() for delta in (0.05, 0.15, 0.25)]
    assert shares[0] > shares[1] > shares[2]


def test_absent_products_and_buyers() -> None:
    region, parent = np.array([0.0, 5.0, 5.0]), np.array([10.0, 10.0, 0.0])
    slq = quotients.simple(region, parent)
    assert slq[0] == 0.0
    assert slq[2] == 0.0
    assert (quotients.cross_industry(slq)[:2, 0] == 0).all()
    own = quotients.own_shares(np.zeros((3, 3)), np.zeros(3), region, parent, 0.15)
    assert own.tolist() == [0.0, 0.0, 0.0]


def test_several_regions_at_once_equal_one_by_one() -> None:
    regions, parent = np.array([[1.0, 2.0], [3.0, 1.0]]), np.array([40.0, 60.0])
    both = quotients.flegg(regions, parent, 0.2)
    for region, found in zip(regions, both, strict=True):
        np.testing.assert_allclose(found, quotients.flegg(region, parent, 0.2))


def test_gravity_refuses_what_cannot_be() -> None:
    with pytest.raises(BalancingError, match="supply sums to 3, demand to 4"):
        gravity.flows(np.array([1.0, 2.0]), np.array([2.0, 2.0]), np.ones((2, 2)))
    with pytest.raises(BalancingError, match="miss supply or demand"):
        gravity.flows(np.array([1.0, 2.0]), np.array([2.0, 1.0]), np.eye(2), rounds=100)
    with pytest.raises(ValueError, match="distances above 0"):
        gravity.power_decay(np.zeros(2), 1.0)


def test_decay_functions() -> None:
    assert gravity.exponential_decay(np.array([0.0, 100.0]), 0.01) == pytest.approx([1.0, np.exp(-1)])
    assert gravity.power_decay(np.array([1.0, 150.0]), 1.0) == pytest.approx([1.0, 1 / 150])
