"""Hypothetical events in a scenario file: rows are read, written out again and, where they are wrong, refused."""

import json

import pytest

import sim
from sim.mechanisms.shocks import KINDS, Events
from sim.model import GROUPS
from sim.parameters import Month, Shock, describe
from sim.scenario import ScenarioError, read, schema
from sim.scenario.reading import parse

ROWS = """
[events]
shocks = [
    { type = "leader_cut", target = "CATL", start = "2022-01", size = 0.3, half_life = 24 },
    { type = "leader_exit", target = "ATL", start = "2023-01" },
    { type = "technology_switch", target = "B_CATH > B_CELL", start = "2022-01", to = "OTHM" },
    { type = "pandemic", target = "Fuding", start = "2025-02", products = ["B_CATH", "B_SEPA"] },
    { type = "price_collapse", target = "Li", start = "2021-06", half_life = 0 },
]
"""


def rows(text):
    scenario = parse(text, GROUPS)
    return scenario, scenario[Events].shocks


def test_rows_hold_what_the_file_says_and_defaults_where_it_says_nothing():
    scenario, found = rows(ROWS)
    assert found[0] == Shock("leader_cut", "CATL", Month("2022-01"), 0.3, 24.0)
    assert found[3].names("products") == ("B_CATH", "B_SEPA")
    assert found[2].names("to") == ("OTHM",)
    values = scenario[Events]
    assert [values.size_of(shock) for shock in found] == [0.3, 1.0, 0.2, 0.3, 0.5]
    assert [values.half_life_of(shock) for shock in found] == [24, 0, 30, 2, 0]


def test_a_default_may_be_changed_for_all_rows_that_give_none():
    scenario, found = rows(ROWS + "pandemic_size = 0.5\n")
    assert scenario[Events].size_of(found[3]) == 0.5


def test_the_long_way_of_writing_rows_is_the_same():
    _, short = rows('[events]\nshocks = [{ type = "leader_exit", target = "CATL", start = "2022-01" }]')
    _, long = rows('[[events.shocks]]\ntype = "leader_exit"\ntarget = "CATL"\nstart = "2022-01"')
    assert short == long


def test_the_text_of_a_scenario_holds_its_events():
    scenario, found = rows(ROWS)
    again, same = rows(scenario.text)
    assert same == found
    assert again.hash == scenario.hash != parse("", GROUPS).hash


def test_the_schema_knows_every_type_and_its_keys():
    made = schema(GROUPS)["properties"]["events"]["properties"]["shocks"]
    kinds = {item["properties"]["type"]["const"]: item for item in made["items"]["anyOf"]}
    assert kinds.keys() == {kind.name for kind in KINDS}
    assert "size" not in kinds["leader_exit"]["properties"]
    assert kinds["leader_cut"]["properties"]["size"]["maximum"] == 0.95
    assert "products" in kinds["pandemic"]["properties"]
    json.dumps(made)


def test_the_list_of_parameters_names_the_types():
    row = next(row for row in describe(Events) if row.name == "shocks")
    assert row.options == tuple(kind.name for kind in KINDS)


def row(kind="leader_cut", target="CATL", start="2022-01", more=""):
    return f'{{ type = "{kind}", target = "{target}", start = "{start}"{more} }}'


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ([row("leader_cuts")], "shocks[1].type: \"leader_cuts\" is not a type of event (did you mean 'leader_cut'?)"),
        ([row(target="CATLL")], "shocks[1].target: \"CATLL\" is not a lead firm (did you mean 'CATL'?)"),
        ([row("trade_shock", "copper_")], "(did you mean 'copper'?)"),
        ([row("price_collapse", "Zn")], 'shocks[1].target: "Zn" is not a commodity or a product of a chain'),
        ([row("price_collapse", "AGRI")], 'shocks[1].target: "AGRI" is not a commodity or a product of a chain'),
        ([row("pandemic", "Fudin")], "is not a county (did you mean 'Fuding'?)"),
        ([row("technology_switch", "B_CELL > B_CELL")], "is not an input and its buyer"),
        ([row(more=", size = 1.2")], "shocks[1].size: 1.2 is above 0.95 (share)"),
        ([row(more=", size = -0.1")], "shocks[1].size: -0.1 is below 0 (share)"),
        ([row(more=", half_life = -2")], "shocks[1].half_life: -2 is below 0 (months, 0 = permanent)"),
        ([row(more=", halflife = 2")], "shocks[1].halflife: unknown key (did you mean 'half_life'?)"),
        ([row("leader_exit", more=", size = 0.5")], "a leader_exit has no size: it is whole and lasts"),
        ([row(start="2013-06")], 'shocks[1].start: "2013-06" is before 2014-01, the first month of a run'),
        ([row(start="2036-01")], 'shocks[1].start: "2036-01" is after the last month of the run, 2035-12'),
        ([row(start="January")], "is not a month such as"),
        ([row("pandemic", "all", more=', products = ["B_CATHODE"]')], "shocks[1].products[1]: \"B_CATHODE\" is not"),
        ([row("pandemic", "all", more=', products = ["B_CATH", "B_CATH"]')], "a name stands twice"),
        ([row("technology_switch", "B_CATH > B_CELL", more=', to = "B_CELL"')], "cannot be replaced by itself"),
        (['{ target = "CATL", start = "2022-01" }'], "a row needs 'type', one of leader_cut"),
        (['{ type = "leader_cut", start = "2022-01" }'], "a leader_cut needs 'target'"),
        (["3"], "shocks[1]: 3 is not a row with type, target and start"),
        ([row(), row(start="2024-01")], "leader_cut of CATL overlaps row 1, from 2022-01: it fades until 2036-01"),
        ([row(start="2024-01"), row()], "shocks[1].start: leader_cut of CATL overlaps row 2, from 2022-01"),
        ([row("leader_exit"), row("leader_exit", start="2030-01")], "it is permanent"),
        (
            [row("pandemic", "FD", "2020-02"), row("pandemic", "Fuding", "2020-09")],
            "pandemic of Fuding overlaps row 1, from 2020-02: it fades until 2021-04",
        ),
    ],
)  # fmt: skip
def test_a_wrong_row_is_refused_in_one_line(wrong, told):
    lines = ",\n    ".join(wrong)
    with pytest.raises(ScenarioError) as caught:
        parse(f"[events]\nshocks = [\n    {lines},\n]\n", GROUPS)
    (fault,) = caught.value.faults
    assert told in str(fault)
    assert fault.line == 2 + (2 if "[2]" in fault.key else 1)


def test_what_does_not_overlap_is_accepted():
    several = [
        row("pandemic", "all", "2020-02"),
        row("pandemic", "all", "2021-04"),  # seven half-lives of two months later
        row("pandemic", "Fuding", "2020-02"),
        row(),
        row("leader_exit"),
        row(target="ATL"),
    ]
    _, found = rows(f"[events]\nshocks = [{', '.join(several)}]")
    assert len(found) == 6


def test_several_faults_are_told_at_once_each_with_its_line():
    with pytest.raises(ScenarioError) as caught:
        parse(f"[events]\nshocks = [\n{row('leader_cuts')},\n{row(target='X', more=', size = 2')},\n]", GROUPS)
    assert [(fault.line, fault.key) for fault in caught.value.faults] == [
        (3, "events.shocks[1].type"),
        (4, "events.shocks[2].target"),
        (4, "events.shocks[2].size"),
    ]


def test_a_list_is_needed():
    with pytest.raises(ScenarioError, match="is not a list of rows such as"):
        parse("[events]\nshocks = 3", GROUPS)


def test_a_run_cut_short_of_its_event_is_refused_and_says_where(tmp_path):
    text = '[run]\nend = "2018-12"\n\n[[events.shocks]]\ntype = "leader_exit"\ntarget = "CATL"\nstart = "2019-02"\n'
    file = tmp_path / "late.toml"
    file.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        read(file, GROUPS)
    assert str(caught.value) == (
        f'{file}:7: events.shocks[1].start: "2019-02" is after the last month of the run, 2018-12'
    )
    with pytest.raises(ScenarioError, match="after the last month"):
        sim.load("lead_firm_leaves").replace({"run.end": "2021-06"})
