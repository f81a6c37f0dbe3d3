"""The city plan: fit weighs with strictness, a binding plan refuses misfits, unplanned leads ignore it."""

import numpy as np
import pytest

from sim.draws import Streams
from sim.mechanisms.location import Location
from sim.mechanisms.zoning import CityPlan
from sim.state import Channel, Stage
from sim.statistics.structure import krugman_specialisation


def plan(fresh, next_month, strictness):
    """Appeal and mask of a steel plant, once promoted along its chain, once unplanned."""
    model = fresh({"zoning.strictness": strictness})
    state = next_month(model.state)
    state.month = 60
    melt = state.world.product("S_MELT")
    state.boards.leads.append(
        {"product": np.array([melt, melt]), "channel": np.array([int(Channel.CHAIN), int(Channel.UNPLANNED)])}
    )
    part = next(each for each in model.month_list if isinstance(each, CityPlan))
    part.step(state, Streams(1))
    fit = state.world.fit[state.world.park_county, melt]
    return state, fit, state.boards.appeal[0], state.boards.allowed[0]


@pytest.mark.parametrize("strictness", [0.0, 0.5, 0.99, 1.0])
def test_fit_adds_utility_in_proportion_to_strictness(fresh, next_month, strictness):
    state, fit, appeal, _ = plan(fresh, next_month, strictness)
    np.testing.assert_allclose(appeal[0], state.scenario[Location].zone_fit * strictness * fit)
    np.testing.assert_array_equal(appeal[1], 0.0)
    assert set(np.unique(fit)) == {0.0, 0.5, 1.0}


@pytest.mark.parametrize("strictness", [0.0, 0.5, 0.99])
def test_a_plan_that_does_not_bind_refuses_nobody(fresh, next_month, strictness):
    assert plan(fresh, next_month, strictness)[3].all()


def test_a_binding_plan_refuses_what_does_not_fit(fresh, next_month):
    _, fit, _, allowed = plan(fresh, next_month, 1.0)
    np.testing.assert_array_equal(allowed[0], fit > 0)
    assert allowed[1].all(), "unplanned leads ignore the plan"


def test_before_its_start_there_is_no_plan(fresh, next_month):
    model = fresh({"zoning.strictness": 1.0})
    state = next_month(model.state)
    assert state.lever("zoning.strictness") == 0.0
    fit, refused = model.city.zone(state.world.fit, state.lever("zoning.strictness"))
    assert not fit.any()
    assert not refused.any()


# --- ablations --------------------------------------------------------------------------------------------------------


def fit_of_planned(model):
    """Fit of county and product of all signed projects that the plan looks at."""
    projects = model.state.projects
    rows = np.flatnonzero((projects.signed >= 0) & (projects.graft < 0) & (projects.channel < Channel.UNPLANNED))
    return model.state.world.fit[projects.county[rows], projects.product[rows]]


@pytest.mark.slow
def test_a_plan_brings_chains_where_they_belong_and_leaves_the_unplanned_alone(beside):
    """No plan of promotion, whose pressure would carry what planned leads miss to all others."""
    free = {"promotion.plan_target": 0.0}
    usual, absent = beside(free), beside(free, without=(CityPlan,))
    binding = beside({**free, "zoning.strictness": 1.0})
    none, half, full = fit_of_planned(absent), fit_of_planned(usual), fit_of_planned(binding)
    assert none.mean() < half.mean() < full.mean()
    assert (none == 0).any()
    assert (full > 0).all(), "a binding plan refuses"
    for channel in (Channel.UNPLANNED, Channel.NORMAL):
        leads = [model.recorder.arrays["entered"][:36, Stage.LEAD, channel] for model in (absent, usual, binding)]
        np.testing.assert_array_equal(leads[0], leads[1])
        np.testing.assert_array_equal(leads[2], leads[1])
    projects = binding.state.projects
    rows = (projects.signed >= 0) & (projects.graft < 0) & (projects.channel == Channel.UNPLANNED)
    assert (binding.state.world.fit[projects.county[rows], projects.product[rows]] == 0).any()
    for model in (absent, binding):
        np.testing.assert_array_equal(model.recorder.arrays["output"][0], usual.recorder.arrays["output"][0])


def test_strictness_of_nothing_adds_nothing_to_the_choice_of_parks(beside, same_run):
    """Left out or silent, the plan is the same run; the race of counties reads strictness by itself."""
    silent = {"zoning.strictness": 0.0}
    same_run(beside(silent, months=12), beside(silent, without=(CityPlan,), months=12))


def specialisation(model):
    """Krugman index of the chains among signed projects that the plan looks at, counties weighted by their number."""
    projects, world = model.state.projects, model.state.world
    planned = (projects.signed >= 0) & (projects.graft < 0) & (projects.event < 0)
    rows = np.flatnonzero(planned & (projects.channel < Channel.UNPLANNED) & (world.chain[projects.product] >= 0))
    counts = np.zeros((world.county_count, len(world.chains)))
    np.add.at(counts, (projects.county[rows], world.chain[projects.product[rows]]), 1.0)
    weight = counts.sum(axis=1)
    return np.nansum(krugman_specialisation(counts) * weight) / weight.sum()


@pytest.mark.slow
def test_specialisation_of_new_chain_projects_rises_with_strictness_and_the_signed_value_moves(beside):
    """Three seeds. Without the race of counties, which strictness ends, so that only the city plan itself acts.

    Nor with a plan of promotion, whose campaigns would make up for what is signed less.
    """
    alone, seeds = {"zoning.incentive_war": 0.0, "promotion.plan_target": 0.0}, (1, 2, 3)
    sets = [[beside({"zoning.strictness": z, **alone}, seed=seed) for z in (0.0, 0.5, 1.0)] for seed in seeds]
    index = np.mean([[specialisation(model) for model in runs] for runs in sets], axis=0)
    assert index[0] < index[1] < index[2]
    signed = np.sum(
        [[model.recorder.arrays["signed_investment"][: model.state.month].sum() for model in runs] for runs in sets],
        axis=0,
    )
    for strictness, value in ((0.0, signed[0]), (1.0, signed[2])):
        assert abs(value / signed[1] - 1.0) > 0.01, f"strictness {strictness} against 0.5"
    for runs in sets:
        assert runs[0].state.slots == runs[1].state.slots == runs[2].state.slots
