"""Links of the opening in economies of many firms: few of them, and everybody sells and buys what he would with all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from sim.model import NingdeModel
from sim.opening import links
from sim.opening.links import paired


@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 60))
def test_few_links_carry_what_all_would(seed, suppliers, buyers):
    rng = np.random.default_rng(seed)
    own, need = rng.pareto(1.2, suppliers) + 0.01, rng.pareto(1.2, buyers) + 0.01
    own /= 1.25 * own.sum()  # these suppliers make 80 % of what their node makes
    supplier, buyer, part = paired(own, need)
    assert len(part) <= suppliers + buyers - 1
    np.testing.assert_allclose(np.bincount(buyer, part, minlength=buyers), 0.8, rtol=1e-9)
    sold = np.bincount(supplier, part * need[buyer], minlength=suppliers)
    np.testing.assert_allclose(sold, own * need.sum(), rtol=1e-9, atol=1e-12 * need.sum())


def opened():
    return NingdeModel(sim.load("baseline"), seed=1).state


def flows(state):
    """Need of relations that links cover, and sales of suppliers over links, M yuan a month."""
    of, by, firms = state.links.relation, state.links.supplier, state.firms
    need = (state.relations.coefficient * firms.output[state.relations.buyer])[of] * state.links.weight
    return np.bincount(of, need, minlength=len(state.relations)), np.bincount(by, need, minlength=len(firms))


def test_an_opening_with_shared_partners_trades_as_one_where_all_deal_with_all(monkeypatch):
    """The bound put so low that it acts in the baseline: every firm buys and sells the same over fewer links."""
    plain = opened()
    monkeypatch.setattr(links, "MOST_PAIRS", 10)
    shared = opened()
    assert len(shared.links) < 0.7 * len(plain.links)
    for left, right in zip(flows(plain), flows(shared), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-9)
    assert np.unique(shared.links.supplier * len(shared.relations) + shared.links.relation).size == len(shared.links)


def test_the_bound_does_not_touch_the_baseline(monkeypatch):
    plain = opened().links
    monkeypatch.setattr(links, "MOST_PAIRS", 10**9)
    free = opened().links
    for name in ("supplier", "relation", "weight", "taste"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(free, name))


@pytest.mark.parametrize("own", [np.array([1.0]), np.full(7, 1.0 / 7.0)])
def test_one_buyer_buys_from_everybody(own):
    supplier, buyer, part = paired(own, np.array([3.0]))
    assert supplier.tolist() == list(range(len(own)))
    assert (buyer == 0).all()
    np.testing.assert_allclose(part, own)
