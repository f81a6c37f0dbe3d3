"""Dated values by product in a scenario file."""

import pytest

import sim
from sim.model import GROUPS
from sim.parameters import Month
from sim.scenario import ScenarioError
from sim.scenario.reading import parse
from sim.world import load_world

TEXT = """
[shortage.outside_supply]
S_MELT = 0.8
B_CATH = [{from = "2016-03", value = 0.4}, {from = "2016-07", value = 1}]
"""


def shares(text):
    scenario = parse(text, GROUPS)
    group = next(each for each in scenario.parameters if each.table == "shortage")
    return scenario, group.outside_supply


def test_products_in_the_order_of_the_model_and_one_for_all_others():
    _, found = shares(TEXT)
    assert [code for code, _ in found.courses] == ["B_CATH", "S_MELT"]
    values, world = found.values(Month("2016-01"), 12), load_world()
    assert values.shape == (12, world.product_count)
    assert values[:, world.product("B_CATH")].tolist() == [1, 1, 0.4, 0.4, 0.4, 0.4, 1, 1, 1, 1, 1, 1]
    assert (values[:, world.product("S_MELT")] == 0.8).all()
    assert values.sum() == pytest.approx(12 * (world.product_count - 1 + 0.8) - 4 * 0.6)


def test_nobody_is_named_by_default():
    scenario, found = shares("")
    assert found.courses == ()
    assert (found.values(Month("2014-01"), 3) == 1.0).all()
    assert parse(scenario.text, GROUPS) == scenario


def test_the_text_of_a_scenario_holds_its_shortages():
    scenario, found = shares(TEXT)
    again, same = shares(scenario.text)
    assert same == found
    assert again.hash == scenario.hash
    assert again.hash != parse("", GROUPS).hash


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[shortage.outside_supply]\nB_CATHODE = 0.4", "did you mean 'B_CATH'"),
        ("[shortage.outside_supply]\nB_CATH = 1.4", "1.4 is above 1"),
        ('[shortage.outside_supply]\nB_CATH = [{from = "2016-03", value = -1}]', "-1 is below 0"),
        ("[shortage]\noutside_supply = 0.5", "0.5 is not a table of products"),
        ("[shortage.outside_supply]\nB_CATH = []", "an empty list holds no value"),
    ],
)
def test_what_is_wrong_is_told(text, told):
    with pytest.raises(ScenarioError, match=told):
        parse(text, GROUPS)


def test_a_changed_scenario_is_checked_like_a_file():
    scenario = sim.load("baseline").replace({"shortage.outside_supply": {"B_CATH": 0.5}})
    assert scenario.hash != sim.load("baseline").hash
    with pytest.raises(ScenarioError):
        sim.load("baseline").replace({"shortage.outside_supply": {"XX": 0.5}})
