"""The main job: runs repeat to the bit, levers act, agents decide, nothing grows by itself."""

import copy

import mesa
import numpy as np
import pytest

import sim
from sim.mechanisms import agglomeration, candidates, events, firms, labour, land_cage, promotion, talent
from sim.model import NingdeModel

MONTHS = 42
"""Every policy of the baseline is at work: service teams, the last to start, for half a year."""


def run_arrays(scenario, seed, months=MONTHS, **options):
    model = NingdeModel(scenario, seed, **options)
    for _ in range(months):
        model.step()
    return model.recorder.arrays


def assert_same(left, right):
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)


@pytest.fixture(scope="module")
def baseline():
    return sim.load("baseline")


@pytest.fixture(scope="module")
def baseline_arrays(baseline):
    return run_arrays(baseline, 5)


def test_same_seed_same_bits(baseline, baseline_arrays):
    assert_same(baseline_arrays, run_arrays(baseline, 5))


def test_another_seed_differs(baseline, baseline_arrays):
    assert (run_arrays(baseline, 6, 3)["output"][:3] != baseline_arrays["output"][:3]).any()


def test_a_lever_that_starts_later_changes_nothing_before(baseline, baseline_arrays):
    later = baseline.replace({"service.teams": [{"from": "2018-01", "value": 20}]}, name="later")
    arrays = run_arrays(later, 5)
    assert_same({k: v[:36] for k, v in baseline_arrays.items()}, {k: v[:36] for k, v in arrays.items()})
    assert (arrays["output"] != baseline_arrays["output"]).any()


@pytest.mark.parametrize(
    ("change", "months"),
    [
        ({"promotion.budget": 600}, 6),
        ({"service.start": "2030-01"}, MONTHS),
        ({"land.new_quota": 2000}, 6),
        ({"zoning.strictness": 1.0}, 30),
    ],
)
def test_a_real_lever_changes_output(baseline, baseline_arrays, change, months):
    arrays = run_arrays(baseline.replace(change, name="changed"), 5, months)
    assert (arrays["output"][:months] != baseline_arrays["output"][:months]).any()


def test_policies_meet_the_same_luck(baseline):
    """A switched lever changes no number drawn, only its use: candidates of every month are the same."""
    unplanned = baseline.replace({"promotion.start": "2035-12"}, name="unplanned")
    one, two = NingdeModel(baseline, 4), NingdeModel(unplanned, 4)
    for _ in range(28):  # promotion starts after two years
        one.step()
        two.step()
        left, right = one.state.boards.candidates, two.state.boards.candidates
        for name in ("channel", "product", "slot", "keep", "sign", "fail", "size", "quality", "work", "taste_luck"):
            np.testing.assert_array_equal(getattr(left, name), getattr(right, name), err_msg=name)
    assert len(one.state.projects) != len(two.state.projects)


@pytest.mark.slow
def test_two_models_side_by_side_do_not_touch(baseline, baseline_arrays):
    one, other = NingdeModel(baseline, 5), NingdeModel(baseline, 9)
    for _ in range(MONTHS):
        one.step()
        other.step()
        other.agents_by_type[sim.Firm]
    assert_same(baseline_arrays, one.recorder.arrays)
    firm = next(iter(one.agents_by_type[sim.Firm]))
    twin = next(view for view in other.agents_by_type[sim.Firm] if view.row == firm.row)
    before = twin.capital
    firm.capital = 12345.0
    assert one.state.firms.capital[firm.row] == 12345.0
    assert twin.capital == before


def test_a_copied_model_goes_on_the_same(baseline, baseline_arrays):
    model = NingdeModel(baseline, 5)
    for _ in range(MONTHS // 2):
        model.step()
    twin = copy.deepcopy(model)
    for _ in range(MONTHS // 2):
        twin.step()
    assert_same(baseline_arrays, twin.recorder.arrays)


COLLECTED = 42
"""Months of the model whose agents are looked at: by then leaders have planned plants, and counties enclaves."""

# --- agents -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(baseline):
    running = NingdeModel(baseline, 5)
    for _ in range(COLLECTED):
        running.datacollector.collect(running)
        running.step()
    return running


def test_it_is_a_mesa_model(model):
    assert isinstance(model, mesa.Model)
    kinds = {type(agent) for agent in model.agents}
    assert kinds == {sim.City, sim.County, sim.Leader, sim.Firm}
    assert len(model.agents_by_type[sim.County]) == 10


def test_agent_sets_see_the_firm_columns(model):
    table = model.state.firms
    views = model.agents.select(agent_type=sim.Firm)
    operating = table.alive & ~table.block
    assert len(views) == operating.sum()
    assert views.agg("output", sum) == pytest.approx(table.output[operating].sum(), rel=1e-12)
    counts = views.groupby("county").count()
    for index, name in enumerate(model.world.county_names):
        assert counts.get(name, 0) == (operating & (table.county == index)).sum()
    big = views.select(lambda firm: firm.output > 100.0)
    assert len(big) == (operating & (table.output > 100.0)).sum()


def test_views_have_stable_identities(model):
    first = {view.row: view.unique_id for view in model.agents_by_type[sim.Firm]}
    again = {view.row: view.unique_id for view in model.agents_by_type[sim.Firm]}
    assert first == again
    assert len(set(first.values())) == len(first)
    assert not {agent.unique_id for agent in model.agents if not isinstance(agent, sim.Firm)} & set(first.values())


def test_a_misspelt_column_of_a_view_is_refused(model):
    view = next(iter(model.agents_by_type[sim.Firm]))
    with pytest.raises(AttributeError, match="outptu"):
        _ = view.outptu


def test_the_data_collector_reads_model_and_counties(model):
    frame = model.datacollector.get_model_vars_dataframe()
    assert len(frame) == COLLECTED
    assert frame["output"].iloc[0] > 0
    counties = model.datacollector.get_agenttype_vars_dataframe(sim.County)
    assert len(counties) == COLLECTED * 10


def test_deciders_say_why_in_sentences(model):
    agents = {agent for _, agent, _ in model.log}
    assert "Ningde" in agents
    assert agents & set(model.world.county_names)
    assert any("plans a plant" in sentence for _, _, sentence in model.log)
    assert all(any(letter.isdigit() for letter in sentence) for _, _, sentence in model.log)


def test_without_a_countys_decisions_outcomes_change(baseline, baseline_arrays):
    """A county that admits nobody and develops no land loses projects to the others."""
    model = NingdeModel(baseline, 5)
    silent = model.counties[model.world.county("FA")]
    silent.admit = lambda tax_per_mu, *_: np.zeros(len(tax_per_mu), dtype=bool)
    silent.request_land = lambda *_: 0.0
    silent.accept_enclaves = lambda _, gain: np.zeros(len(gain), dtype=bool)
    for _ in range(24):
        model.step()
    projects = model.state.projects
    chosen = (projects.county == silent.index) & (projects.signed >= 0) & (projects.channel < 4) & (projects.graft < 0)
    assert not chosen.any()
    assert (model.recorder.arrays["output"] != baseline_arrays["output"]).any()


# --- nothing grows by itself ------------------------------------------------------------------------------------------

STILL = (
    candidates.CandidatePool,
    promotion.Funnel,
    events.History,
    firms.ProductivityNoise,
    land_cage.LandReform,
    talent.TalentMoves,
)


def value_added_by_year(scenario, without, years=22):
    model = NingdeModel(scenario, 1, without=without)
    for _ in range(12 * years):
        model.step()
    return model, model.recorder.arrays["value_added"].sum(axis=(1, 2)).reshape(-1, 12).sum(axis=1)[:years]


@pytest.mark.parametrize("years", [5, pytest.param(22, marks=pytest.mark.slow)])
def test_growth_without_drivers(baseline, years):
    """Flat outside demand, no entry, events, noise or exit: value added moves by less than 0.5 % a year."""
    flat = baseline.replace({"run.world": "flat"}, name="flat")
    _, value_added = value_added_by_year(flat, (*STILL, firms.Exit), years)
    growth = np.diff(value_added) / value_added[:-1]
    assert np.abs(growth).max() < 0.005


def test_exit_takes_what_the_lost_capacity_sold(baseline):
    """With exit on and capacity otherwise unmoved, outside sales fall by exactly what the leavers sold outside."""
    flat = baseline.replace({"run.world": "flat"}, name="flat")
    model = NingdeModel(flat, 1, without=(*STILL, firms.Investment, labour.Wages, agglomeration.Clusters))
    table = model.state.firms
    model.step()
    others = (table.leader < 0) & ~table.block
    first = model.state.firms.outside_orders.copy()
    for _ in range(17):
        model.step()
    table = model.state.firms
    left = ~table.alive
    assert left.sum() > 50
    now = table.outside_orders[others & ~left].sum()
    assert now == pytest.approx(first[others].sum() - first[others & left].sum(), rel=1e-9)
    assert now < first[others].sum()
