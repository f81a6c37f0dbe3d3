"""The city plan: fit weighs with strictness, a binding plan refuses misfits, unplanned leads ignore it."""

import numpy as np
import pytest

from sim.draws import Streams
from sim.mechanisms.location import Location
from sim.mechanisms.zoning import CityPlan
from sim.state import Channel


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
