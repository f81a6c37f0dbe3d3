"""The range of rules on the economy of the model."""

import numpy as np
import pytest

from sim.experiment import range_of_rules
from sim.experiment.shocks import shock_position
from tests.runs import aged

RULES = ("local_first", "proportional", "pooled")


@pytest.fixture(scope="module")
def state():
    model = aged(24)
    return model.state


def test_the_position_makes_what_the_month_made(state):
    position = shock_position(state, ("OTHM", "B_CATH"))
    np.testing.assert_allclose(position.home @ state.table.output + position.final, state.table.output, rtol=1e-9)
    assert (position.home.sum(axis=0) < 1.0).all()
    assert position.need.shape == (2, state.node_count)
    for product, code in enumerate(("OTHM", "B_CATH")):
        assert set(np.flatnonzero(position.maker == product) % 24) == {state.world.product(code)}
    assert (position.need[1] > 0).sum() == 20, "cells and cathodes in ten counties; the rest can do without"


def test_without_a_shock_nothing_is_lost(state):
    for outcome in range_of_rules(state, outside={"OTHM": 1.0}).values():
        assert outcome.loss == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    "shock",
    [
        {"outside": {"OTHM": 0.6}},
        {"outside": {"B_CATH": 0.4}},
        {"capacity": {"S_MELT": 0.5}},
        {"outside": {"ENER": 0.5}, "capacity": {"ENER": 0.8}},
    ],
)
def test_every_rule_loses_and_none_less_than_at_best(state, shock):
    found = range_of_rules(state, **shock)
    assert set(found) == {*RULES, "best"}
    for name in RULES:
        assert found[name].converged
        assert found[name].loss >= found["best"].loss - 1e-9
        assert 0.0 < found[name].loss < 1.0
    assert found["proportional"].loss >= found["local_first"].loss - 1e-9


def test_rationing_decides_where_an_industry_feeds_itself(state):
    """Other industry uses much of its own product: who is served first moves the loss by a fifth of itself."""
    found = range_of_rules(state, outside={"OTHM": 0.6})
    assert found["proportional"].loss > 1.2 * found["local_first"].loss
    assert found["local_first"].loss > found["best"].loss + 0.1
