"""Exports: never more than what is sold outside, at the shares of the scenario."""

import numpy as np
import pytest

import sim
from sim.mechanisms.demand import Demand
from sim.statistics.exports import export_shares, exports
from sim.world import load_world


def test_exports_by_hand():
    output = np.array([[100.0, 50.0, 10.0], [100.0, 0.0, 0.0]])
    outside = np.array([[30.0, 4.0, 0.0], [10.0, 0.0, 0.0]])
    found = exports(output, outside, np.array([0.1, 0.2, 0.5]))
    np.testing.assert_allclose(found, [[15.0, 4.0, 0.0], [5.0, 0.0, 0.0]])
    assert (found <= outside).all()


def test_three_groups_have_shares_of_their_own():
    world, scenario = load_world(), sim.load("baseline")
    opening = np.full(world.product_count, 0.05)
    found = dict(zip(world.products, export_shares(opening, world, scenario[Demand]), strict=True))
    assert (found["V_OEM"], found["B_CELL"], found["S_MELT"], found["S_PROD"]) == (0.1, 0.18, 0.12, 0.12)
    assert found["V_BODY"] == found["FOOD"] == 0.05
    assert (opening == 0.05).all()


def test_shares_of_the_opening_are_those_of_its_table():
    model = sim.NingdeModel(sim.load("baseline"), 1)
    table, share = model.basis.built.table, model.state.technology.export_share
    for product in (15, 16, 19):
        rows = range(product, 240, 24)
        assert share[product] == pytest.approx(table.exports[rows].sum() / table.output[rows].sum())
    assert 0.0 <= share.min() <= share.max() < 0.7
