"""Local coverage of the cell makers in three senses, recomputed from the table of the month."""

import numpy as np
import pytest

from sim.inputoutput.content import value_added_content
from sim.statistics import leader_purchases, regional_table
from sim.statistics.coverage import cell_makers, cell_purchases, local_content, local_share_of_goods
from tests.runs import aged


@pytest.fixture(scope="module")
def december():
    """The baseline in December 2015."""
    return aged(24)


def test_purchases_are_those_of_both_makers(december):
    state = december.state
    bought, output = cell_purchases(state)
    assert [december.leader_names[leader] for leader in cell_makers(state)] == ["CATL", "ATL"]
    np.testing.assert_allclose(bought, leader_purchases(state, 0) + leader_purchases(state, 1))
    plants = (state.firms.leader >= 0) & (state.firms.product == 0) & state.firms.alive
    assert output == pytest.approx(state.firms.output[plants].sum())
    assert december.recorder.arrays["local_share_goods"][23] == local_share_of_goods(state, bought)
    assert december.recorder.arrays["local_content"][23] == local_content(state, bought, output)
    assert np.isnan(december.recorder.arrays["local_content"][22]), "December only"


def test_goods_with_metals_and_energy(december):
    bought, _ = cell_purchases(december.state)
    goods = range(19)  # firm products and energy; services left out
    expected = sum(bought[k, :-1].sum() for k in goods) / sum(bought[k].sum() for k in goods)
    assert local_share_of_goods(december.state, bought) == pytest.approx(expected)
    chain_only = bought[:15, :-1].sum() / bought[:15].sum()
    assert december.recorder.arrays["local_share_realised"][23] == pytest.approx(chain_only, rel=1e-6)


def test_content_of_the_average_cell_is_that_of_the_table(december):
    """With the purchases of a whole industry of a county in place of the leaders', content is that of its column."""
    state = december.state
    table = regional_table(state)
    node = int(np.argmax(table.output[0::24])) * 24
    bought = np.zeros((24, 11))
    bought[:, :10] = table.intermediate[:, node].reshape(10, 24).T
    coefficients = table.intermediate / np.where(table.output > 0, table.output, 1.0)
    share = table.total_value_added / np.where(table.output > 0, table.output, 1.0)
    home = value_added_content(coefficients, ["Ningde"] * 240, share)
    found = local_content(state, bought, float(table.output[node]))
    assert found == pytest.approx(home.shares[0, node], rel=1e-9)
    assert 0.33 < found < 0.9


def test_home_suppliers_raise_the_content(december):
    state = december.state
    bought, output = cell_purchases(state)
    own = 1.0 - state.technology.inputs[:, 0].sum()
    nothing = np.zeros_like(bought)
    assert local_content(state, nothing, output) == pytest.approx(own, abs=0.01)
    assert local_content(state, bought, output) > local_content(state, nothing, output)
    assert np.isnan(local_content(state, bought, 0.0))
    assert np.isnan(local_share_of_goods(state, nothing))
