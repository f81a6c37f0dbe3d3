"""From a file to a scenario: inheritance, typed access, levers, the text that says it all, hash, changes."""

from __future__ import annotations

import json
import pickle
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mechanisms.enclave import Enclave
from sim.mechanisms.land_cage import LandCage
from sim.mechanisms.linkage import Linkage
from sim.mechanisms.talent import Talent
from sim.model import GROUPS
from sim.parameters import Lever, LeverRule, Month, Parameters, declarations, describe, lever, month, parameter
from sim.parameters.declarations import Choice
from sim.scenario import Scenario, ScenarioError, differences, known_keys, locate, parse, read, schema
from sim.settings import InputOutput, Opening, Projects, Run

FOLDER = Path(__file__).parents[1] / "scenarios"
SHIPPED = sorted(path.stem for path in FOLDER.glob("*.toml"))
LATE = (Talent, Enclave, Linkage, LandCage)
ABOUT: dict[str, Any] = {"grade": "assumed", "source": "assumption"}


class Promotion(Parameters):
    """A small stand-in for a mechanism's parameters."""

    table: ClassVar[str] = "promotion"

    budget: Lever = lever(200, unit="M yuan per year", low=0, high=600, payer="city level", **ABOUT)
    teams: Lever = lever(
        8, unit="teams", low=0, high=20, neutral=1, starts="start", scope="county", payer="city level", **ABOUT
    )
    start: Month = month("2016-01", low="2014-01", high="2035-12", **ABOUT)


class PromotionCosts(Parameters):
    """A second group of the same table."""

    table: ClassVar[str] = "promotion"

    decay: float = parameter(0.9, unit="per month", low=0.8, high=0.97, **ABOUT)


SMALL = (Run, InputOutput, Promotion, PromotionCosts, Talent)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


# --- reading


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    scenario = read(write(tmp_path, "nothing", ""), SMALL)
    assert (scenario.name, scenario.title, scenario.question, scenario.extends) == ("nothing", "nothing", "", ())
    assert scenario.parameters == (Run(), InputOutput(), Promotion(), PromotionCosts(), Talent())
    assert scenario.groups == SMALL


def test_values_reach_the_groups_that_declare_them(tmp_path: Path) -> None:
    text = """
    title = "A  title"
    question = '''What
      if?'''
    [run]
    end = "2020-12"
    seed = 7
    [promotion]
    budget = 300
    decay = 0.85
    """
    scenario = read(write(tmp_path, "x", text), SMALL)
    assert (scenario.title, scenario.question) == ("A title", "What if?")
    assert scenario[Run].seed == scenario.run.seed == 7
    assert (scenario.start, scenario.end, scenario.months) == (Month("2014-01"), Month("2020-12"), 84)
    assert scenario[PromotionCosts].decay == 0.85
    assert scenario.lever("promotion.budget").tolist() == [300.0] * 84
    with pytest.raises(KeyError, match="Opening is not among the groups of scenario x"):
        scenario[Opening]


def test_levers_are_compiled_once_and_read_only(tmp_path: Path) -> None:
    scenario = read(write(tmp_path, "x", "[promotion.teams]\nFuan = 3\n[run]\nend = '2016-02'"), SMALL)
    teams = scenario.lever("promotion.teams")
    assert teams.shape == (26, 10)
    assert teams[23].tolist() == [1.0] * 10
    assert teams[24].tolist() == [8, 8, 3, 8, 8, 8, 8, 8, 8, 8]
    assert scenario.lever("promotion.teams") is teams
    with pytest.raises(ValueError, match="read-only"):
        teams[0] = 0.0
    for path in ("promotion.start", "promotion.team", "service.teams", "promotion"):
        with pytest.raises(KeyError, match="is not a lever of scenario x"):
            scenario.lever(path)


def test_a_file_of_a_windows_editor_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xef\xbb\xbf[run]\r\nseed = 3\r\n")
    assert read(path, SMALL).run.seed == 3


def test_titles_lose_control_and_direction_characters(tmp_path: Path) -> None:
    scenario = read(write(tmp_path, "x", 'title = "a\\u202eb\\u0007c\\u200b\\td 宁德"'), SMALL)
    assert scenario.title == "abc d 宁德"


# --- extends


def test_a_scenario_says_only_what_differs(tmp_path: Path) -> None:
    write(tmp_path, "base", 'title = "Base"\n[run]\nseed = 5\n[promotion]\nbudget = 100\nstart = "2015-01"')
    write(tmp_path, "middle", 'extends = "base"\n[promotion]\nbudget = [{from = "2020-01", value = 500}]')
    scenario = read(write(tmp_path, "last", 'extends = "middle"\n[promotion]\nstart = "2018-01"'), SMALL)
    assert scenario.extends == ("middle", "base")
    assert scenario.title == "last", "a title is not inherited"
    assert scenario.run.seed == 5
    assert scenario[Promotion].start == Month("2018-01")
    assert scenario.lever("promotion.budget")[[71, 72]].tolist() == [200.0, 500.0], "a dated list replaces a constant"


def test_a_file_in_any_folder_extends_a_scenario_of_the_project_unless_its_folder_has_one(tmp_path: Path) -> None:
    mine = write(tmp_path, "mine", 'extends = "baseline"\n[service]\nteams = 3\n')
    ours = read(locate("baseline"), GROUPS)
    assert [change.key for change in differences(ours, read(mine, GROUPS))] == ["service.teams"]
    write(tmp_path, "baseline", "[land]\nnew_quota = 3000\n")
    assert read(mine, GROUPS).tables["land"]["new_quota"] == 3000


def test_tables_of_figures_are_merged_and_tables_by_county_replaced(tmp_path: Path) -> None:
    write(tmp_path, "base", "[io.bom.B_CELL]\nB_CATH = 0.2\n[promotion]\nteams = {FA = 3, FD = 4}")
    scenario = read(
        write(tmp_path, "x", 'extends = "base"\nio.bom.B_CELL.B_ANOD = 0.05\npromotion.teams = {FA = 5}'), SMALL
    )
    bom = scenario[InputOutput].bom
    assert (bom["B_CELL.B_CATH"], bom["B_CELL.B_ANOD"], bom["B_CELL.B_SEPA"]) == (0.2, 0.05, 0.03)
    assert scenario.lever("promotion.teams")[-1].tolist() == [8, 8, 5, 8, 8, 8, 8, 8, 8, 8]


def test_five_scenarios_deep_is_allowed(tmp_path: Path) -> None:
    write(tmp_path, "s0", "[run]\nseed = 9")
    for number in range(1, 6):
        write(tmp_path, f"s{number}", f'extends = "s{number - 1}"')
    assert read(tmp_path / "s5.toml", SMALL).run.seed == 9


def test_a_link_inside_the_folder_may_be_extended(tmp_path: Path) -> None:
    write(tmp_path, "base", "[run]\nseed = 9")
    (tmp_path / "other.toml").symlink_to("base.toml")
    assert read(write(tmp_path, "x", 'extends = "other"'), SMALL).run.seed == 9


# --- equality, hash, text, pickles


def test_the_hash_is_of_the_values_alone(tmp_path: Path) -> None:
    one = read(write(tmp_path, "one", 'title = "One"\n[promotion]\nbudget = 300\n[run]\nseed = 2'), SMALL)
    other = read(write(tmp_path, "other", "run.seed = 2\npromotion = {budget = 3e2} # the same"), SMALL)
    assert one.hash == other.hash
    assert one.hash == parse(one.text, SMALL[::-1]).hash, "the order of groups does not count"
    assert one != other
    assert one.parameters == other.parameters
    assert one.hash != one.replace({"promotion.budget": 301}).hash


def test_the_hash_knows_no_spelling() -> None:
    def spelt(text: str) -> str:
        return parse(text, SMALL).hash

    assert spelt("promotion.budget = -0.0") == spelt("promotion.budget = 0")
    assert spelt("promotion.teams = {FD = 1, FA = 2}") == spelt("promotion.teams = {Fuan = 2, Fuding = 1.0}")
    assert spelt("promotion.budget = 1") != spelt("promotion.budget = 2")


def test_the_hash_does_not_move() -> None:
    """A stored result is found again by its hash; change this number only with the values it stands for."""
    scenario = parse('[run]\nseed = 7\n[promotion]\nteams = {FA = [{from = "2020-01", value = 3}]}', (Run, Promotion))
    assert scenario.hash == "b3f25744c24541f6a501584ff26d6504e22c13e7aab3d9235ca328dd6bf539f5"


def test_the_text_gives_an_equal_scenario(tmp_path: Path) -> None:
    text = """
    title = 'a "quoted" title with \\ and 宁德'
    [promotion.teams]
    FA = [{from = "2020-01", value = 3}, {from = "2021-01", value = 4}, {from = "2022-01", value = 5}]
    default = 2
    [io.bom.B_CELL]
    B_CATH = 0.1999999999999999
    """
    scenario = read(write(tmp_path, "x", text), SMALL)
    again = parse(scenario.text, SMALL, name="x")
    assert again == scenario
    assert hash(again) == hash(scenario)
    assert again.text == scenario.text
    assert 'title = "a \\"quoted\\" title with \\\\ and 宁德"' in scenario.text


@given(
    st.dictionaries(st.sampled_from(["FA", "Fuding", "ZR", "default"]), st.floats(0, 20), min_size=1),
    st.integers(0, 2**31 - 1),
    st.text(max_size=200),
)
def test_any_accepted_scenario_survives_its_text(teams: dict[str, float], seed: int, title: str) -> None:
    scenario = parse("", SMALL).replace({"promotion.teams": teams, "run.seed": seed}, name="any", title=title)
    again = parse(scenario.text, SMALL, name="any")
    assert again.replace({}, title=scenario.title) == scenario
    assert again.hash == scenario.hash


def test_scenarios_pickle_and_compare(tmp_path: Path) -> None:
    scenario = read(write(tmp_path, "x", "[promotion]\nbudget = 300"), SMALL)
    scenario.lever("promotion.budget")
    again = pickle.loads(pickle.dumps(scenario))
    assert again == scenario
    assert hash(again) == hash(scenario)
    assert again.hash == scenario.hash
    np.testing.assert_array_equal(again.lever("promotion.budget"), scenario.lever("promotion.budget"))


# --- changes


def test_replace_gives_a_checked_new_scenario() -> None:
    base = parse('title = "Base"\nquestion = "What?"\n[promotion]\nbudget = 100', SMALL, name="base")
    new = base.replace({"promotion.budget": 300, "io.bom.B_CELL.B_CATH": 0.2, "run.end": "2020-12"}, name="more")
    assert (new.name, new.title, new.question, new.extends) == ("more", "more", "", ("base",))
    assert new.lever("promotion.budget").tolist() == [300.0] * 84
    assert new[InputOutput].bom["B_CELL.B_ANOD"] == base[InputOutput].bom["B_CELL.B_ANOD"]
    assert base.lever("promotion.budget")[0] == 100.0, "the first scenario is as it was"
    same = base.replace({"run.seed": 4})
    assert (same.name, same.title, same.question, same.extends) == ("base", "Base", "What?", ())
    assert base.replace({}) == base


def test_changes_of_different_settings_commute() -> None:
    base = parse("", SMALL)
    one, other = {"promotion.budget": 300}, {"promotion.teams": {"FA": 2}}
    assert base.replace(one).replace(other) == base.replace(other).replace(one) == base.replace(one | other)


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"promotion.budget": 900}, ["promotion.budget: 900 is above 600 (M yuan per year)"]),
        ({"promotion.bugdet": 9}, ["promotion.bugdet: unknown key (did you mean 'budget'?)"]),
        ({"promotoin.budget": 9}, ["promotoin.budget: unknown table (did you mean 'promotion'?)"]),
        ({"promotion": 9}, ["promotion: unknown table (did you mean 'promotion'?)"]),
        (
            {"run.seed": True, "run.end": "2014-13"},
            [
                "run.seed: true is not a whole number (root seed of all random streams)",
                'run.end: "2014-13" is not a month such as "2017-01"',
            ],
        ),
        (
            {"promotion.teams": 3, "promotion.teams.FA": 3},
            ["promotion.teams.FA: given twice, as a value and as a table"],
        ),
        ({"io.bom.B_CELL": 3}, ["io.bom.B_CELL: 3 is not a table of figures"]),
    ],
)
def test_replace_tells_every_fault(changes: Mapping[str, object], lines: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse("", SMALL).replace(changes)
    assert str(caught.value).split("\n") == lines


def test_replace_wants_a_proper_name() -> None:
    with pytest.raises(ScenarioError, match=r'"\.\./x" is not a name'):
        parse("", SMALL).replace({}, name="../x")


def test_differences_are_told_value_by_value() -> None:
    base = parse("", SMALL, name="base")
    new = base.replace({"io.bom.B_CELL.B_CATH": 0.2, "promotion.teams": {"FA": 2}, "run.world": "conditional"})
    assert [tuple(each) for each in differences(base, new)] == [
        ("run.world", '"unconditional"', '"conditional"'),
        ("io.bom.B_CELL.B_CATH", "0.23", "0.2"),
        ("promotion.teams", "8.0", "{ FA = 2.0, default = 8.0 }"),
    ]
    assert list(differences(new, new)) == []


# --- groups of the model


def test_two_groups_may_share_a_table_but_no_key() -> None:
    class Again(Parameters):
        table: ClassVar[str] = "promotion"
        decay: float = parameter(0.9, unit="per month", **ABOUT)

    with pytest.raises(ValueError, match=r"promotion\.decay is declared twice"):
        known_keys((*SMALL, Again))


def test_a_policy_is_absent_before_its_start() -> None:
    scenario = parse("", (Run, *LATE))
    first = {"talent": "2017-01", "enclave": "2017-03", "linkage": "2017-03", "land_cage": "2019-01"}
    for group in LATE:
        for name, declaration in declarations(group).items():
            if isinstance(declaration, LeverRule) and declaration.starts:
                series = scenario.lever(f"{group.table}.{name}")
                before = Month(first[group.table]) - scenario.start
                neutral = 0.0
                default = getattr(scenario[group], name).values(scenario.end, 1, ())[0]
                assert series[:before].tolist() == [neutral] * before
                assert set(series[before:]) == {default}
    assert scenario.lever("enclave.direction")[-1] == 3.0
    assert scenario[Enclave].start == Month("2017-03")


def test_a_talent_plan_spends_all_it_has() -> None:
    with pytest.raises(ScenarioError, match=r"talent\.mix_cash: mix_cash \+ .* is 1.1; these shares must sum to 1"):
        parse("[talent]\nmix_cash = 0.5", SMALL)


def test_settings_contradict_nothing() -> None:
    groups = (Run, Opening, InputOutput, Projects)
    assert parse("", groups).run == Run()
    shares = "these shares must sum to 1"
    faults = {
        '[run]\n\nstart = "2018-01"\nend = "2018-01"': ':4: run.end: "2018-01" is not after run.start = "2018-01"',
        "\n[opening]\nmix_food = 0.35": f":3: opening.mix_food: mix_machinery + mix_food + mix_other is 1.05; {shares}",
        "[opening]\nshare_atl_dongqiao = 0.2": ":2: opening.share_atl_dongqiao: share_catl_dongqiao + "
        f"share_atl_dongqiao + share_atl_jiaocheng is 0.73; {shares}",
        "[opening]\nstainless_melt_share = 0.8": ":2: opening.stainless_melt_share: "
        "stainless_melt_share + stainless_roll_share is 1.05, which is above 1",
        "\n[io.split]\nV_PWTR = 0.4\nV_BODY = 0.5": f":4: io.split.V_BODY: V_BODY + V_PWTR is 0.9; {shares}",
    }
    for text, sentence in faults.items():
        with pytest.raises(ScenarioError) as caught:
            parse(text, groups)
        assert str(caught.value) == f"scenario{sentence}"


def test_shares_that_do_not_sum_are_told_at_the_line_that_the_nearest_file_changed(tmp_path: Path) -> None:
    write(tmp_path, "baseline", "[talent]\nmix_cash = 0.4\nmix_housing = 0.3\nmix_schooling = 0.2\nmix_health = 0.1\n")
    middle = write(tmp_path, "middle", 'extends = "baseline"\n[talent]\n\nmix_housing = 0.4\n')
    shares = "mix_cash + mix_housing + mix_schooling + mix_health is"
    with pytest.raises(ScenarioError) as caught:
        read(middle, SMALL)
    assert str(caught.value) == f"{middle}:4: talent.mix_housing: {shares} 1.1; these shares must sum to 1"
    child = write(tmp_path, "child", 'extends = "middle"\n[talent]\nbudget = 10\nmix_health = 0.2\n')
    with pytest.raises(ScenarioError) as caught:
        read(child, SMALL)
    assert str(caught.value) == f"{child}:4: talent.mix_health: {shares} 1.2; these shares must sum to 1"


# --- shipped scenarios


def shipped(name: str) -> Scenario:
    return read(FOLDER / f"{name}.toml", GROUPS)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_scenarios_have_a_title_and_a_question(name: str) -> None:
    scenario = shipped(name)
    assert len(scenario.title) > 5
    assert scenario.question.endswith("?")
    assert parse(scenario.text, GROUPS, name=name) == scenario


def test_the_baseline_writes_out_every_lever_and_its_date() -> None:
    document = parse((FOLDER / "baseline.toml").read_text(encoding="utf-8"), GROUPS).tables
    levers = {(row.table, row.name) for group in GROUPS for row in describe(group) if row.kind == "lever"}
    dates = {(row.table, row.starts) for group in GROUPS for row in describe(group) if row.starts}
    written = tomllib.loads((FOLDER / "baseline.toml").read_text(encoding="utf-8"))
    assert {(table, key) for table, values in written.items() if isinstance(values, dict) for key in values} == (
        levers | dates | {("run", key) for key in ("start", "end", "known_until", "world", "seed")}
    )
    assert document.keys() >= written.keys() - {"title", "question"}


def test_the_baseline_is_history_as_declared() -> None:
    assert list(differences(parse("", GROUPS), shipped("baseline"))) == []


def test_history_starts_one_policy_after_the_other() -> None:
    baseline = shipped("baseline")

    def at(path: str, when: str) -> float:
        return float(baseline.lever(path)[Month(when) - baseline.start])

    assert [at(f"promotion.mix_{mix}", "2015-12") for mix in ("leader", "chain", "cluster", "bump")] == [0, 0, 0, 1]
    assert [at(f"promotion.mix_{mix}", "2016-01") for mix in ("leader", "chain", "cluster", "bump")] == [
        0.3,
        0.35,
        0.25,
        0.1,
    ]
    assert (at("zoning.strictness", "2015-12"), at("zoning.strictness", "2016-01")) == (0, 0.5)
    assert (at("service.teams", "2016-12"), at("service.teams", "2017-01")) == (1, 8)
    assert (at("service.permit_reform", "2017-12"), at("service.permit_reform", "2018-01")) == (0, 0.5)
    assert (at("promotion.plan_target", "2017-12"), at("promotion.plan_target", "2018-01")) == (0, 100_000)
    assert (at("talent.budget", "2016-12"), at("talent.budget", "2017-01")) == (0, 150)
    assert (at("enclave.direction", "2017-02"), at("enclave.direction", "2017-03")) == (0, 3)
    assert (at("linkage.transfer", "2017-02"), at("linkage.transfer", "2017-03")) == (0, 0.03)
    assert (at("land_cage.intensity", "2018-12"), at("land_cage.intensity", "2019-01")) == (0, 0.05)
    assert baseline.run.known_until == Month("2019-11")
    assert baseline.months == 264


MIX = [f"promotion.mix_{name}" for name in ("leader", "chain", "cluster", "bump")]


CHANGED = {
    "along_chain_only": MIX,
    "baseline": [],
    "battery_price_collapse": ["events.shocks"],
    "bidding_war": ["zoning.strictness", "fiscal.incentive_cap"],
    "capped_energy": ["energy.cap"],
    "follow_leaders_only": MIX,
    "fragmented_counties": ["zoning.strictness"],
    "land_reform": ["land_cage.intensity", "land_cage.threshold_tax"],
    "lead_firm_cuts": ["events.shocks"],
    "lead_firm_leaves": ["events.shocks"],
    "no_enclaves": ["enclave.direction"],
    "no_service_teams": ["service.teams", "service.start"],
    "pandemic": ["events.shocks"],
    "referral_only": ["linkage.referral", "linkage.transfer"],
    "shorter_roads": ["infrastructure.minutes_cut"],
    "strict_city_plan": ["zoning.strictness"],
    "talent": ["talent.budget"],
    "technology_switch": ["events.shocks"],
    "tight_land": ["land.new_quota"],
    "trade_shock": ["events.shocks"],
    "transfer_only": ["linkage.referral", "linkage.transfer"],
    "unplanned_promotion": ["promotion.start"],
    "watch_clusters_only": MIX,
    "wide_land": ["land.new_quota"],
}
"""What the shipped scenarios change, those with many changes left out."""


def test_nothing_is_every_policy_at_its_neutral_value_and_everything_none() -> None:
    nothing, everything = shipped("nothing"), shipped("everything")
    for group in GROUPS:
        for name, rule in declarations(group).items():
            if isinstance(rule, LeverRule) and rule.starts:
                neutral = at_neutral(rule)
                assert set(nothing.lever(f"{group.table}.{name}")[:-1].ravel()) == {neutral}, name
    assert {nothing.lever(path).max() for path in ("promotion.budget", "land.discount", "fiscal.incentive_cap")} == {0}
    baseline = shipped("baseline")
    tables = {"promotion", "zoning", "service", "land", "fiscal", *(group.table for group in LATE)}
    assert {each.key.partition(".")[0] for each in differences(baseline, everything)} >= tables
    assert {each.key.partition(".")[2] for each in differences(baseline, everything)}.isdisjoint({"start"})


def at_neutral(rule: LeverRule) -> float:
    """The neutral value as the model sees it."""
    if isinstance(rule.value, Choice):
        return float(rule.value.options.index(str(rule.neutral)))
    assert rule.neutral is not None
    return float(rule.neutral)


def test_the_other_scenarios_differ_as_their_titles_say() -> None:
    baseline = shipped("baseline")
    changed = {name: {each.key for each in differences(baseline, shipped(name))} for name in SHIPPED}
    enclaves = {key for key in baseline.text.split() if key in Enclave.model_fields} - {"start", "fixed_yield"}
    assert changed.keys() == CHANGED.keys() | {"everything", "nothing", "forward_enclaves", "reverse_enclaves"}
    assert {name: changed[name] for name in CHANGED} == {name: set(keys) for name, keys in CHANGED.items()}
    for name in ("forward_enclaves", "reverse_enclaves"):
        assert changed[name] <= {f"enclave.{key}" for key in enclaves}
        assert "enclave.direction" in changed[name]
    quota = {name: shipped(name).lever("land.new_quota")[[71, 72]].tolist() for name in ("tight_land", "wide_land")}
    assert quota == {"tight_land": [6000, 3000], "wide_land": [6000, 10000]}
    assert shipped("unplanned_promotion").lever("promotion.mix_bump")[:-1].tolist() == [1.0] * 263
    assert shipped("no_service_teams").lever("service.teams").max() == 0.0


# --- finding and describing


def test_a_bare_name_is_looked_for_in_scenarios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert locate("baseline") == FOLDER / "baseline.toml", "that of the project"
    (tmp_path / "scenarios").mkdir()
    write(tmp_path / "scenarios", "baseline", "")
    assert locate("baseline") == Path("scenarios/baseline.toml"), "that of the working directory"
    assert locate("nowhere") == Path("scenarios/nowhere.toml")
    assert locate("x/baseline.toml") == Path("x/baseline.toml")


def test_the_schema_knows_every_setting() -> None:
    made = json.loads(json.dumps(schema(GROUPS)))
    tables = made["properties"]
    for group in GROUPS:
        assert declarations(group).keys() <= tables[group.table]["properties"].keys()
        assert not tables[group.table]["additionalProperties"]
    assert tables["run"]["properties"]["seed"]["maximum"] == 2**31 - 1
    assert tables["io"]["properties"]["bom"]["properties"]["B_CELL"]["properties"]["B_CATH"]["maximum"] == 0.32
    small = schema(SMALL)["properties"]["promotion"]["properties"]
    constant, dated, by_county = small["teams"]["anyOf"]
    assert constant == {"type": "number", "minimum": 0, "maximum": 20}
    assert dated["items"]["required"] == ["from", "value"]
    assert {"FA", "Fuan", "default"} <= by_county["properties"].keys()
    assert len(small["budget"]["anyOf"]) == 2
    assert small["decay"]["description"] == "per month; assumed: assumption"


def test_an_editor_accepts_and_refuses_what_the_reader_does() -> None:
    check = jsonschema.Draft7Validator(schema(GROUPS))
    for name in SHIPPED:
        check.validate(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")))
        check.validate(tomllib.loads(shipped(name).text))
    for text in (
        "[enclave]\ntax_share_origin = 1.4",
        "[enclave]\nshair = 0.2",
        "[enclav]",
        'extends = "../x"',
        "[run]\nseed = true",
        "[run]\nseed = 1.5",
        '[run]\nend = "2020-13"',
        '[promotion]\nbudget = [{ form = "2020-01", value = 3 }]',
        "[promotion.budget]\nFA = 3",
        "[land.discount]\nXanadu = 0.1",
        "[io.bom.B_CELL]\nB_CATH = 0.9",
    ):
        assert list(check.iter_errors(tomllib.loads(text))), text
        with pytest.raises(ScenarioError):
            parse(text, GROUPS)
