"""Figures of behaviour are read from the scenario: moved inside their range they move what they decide, and no more."""

import numpy as np
import pytest

FIGURES = {
    "opening.productivity_spread": 0.2,
    "opening.utilisation": 0.85,
    "opening.leader_quality": 0.8,
    "io.km_rest_china": 1200.0,
    "prices.past_years_batteries": 8.0,
    "prices.past_years": 30.0,
    "leaders.rival_quality": 0.7,
    "leaders.rival_build": 12.0,
    "leaders.growth_most": 0.3,
    "leaders.plan_years": 2.5,
    "service.large_project": 2000.0,
    "land.reserve": 0.3,
    "land.requisition_cv": 0.5,
    "land.permit_gain": 0.8,
    "construction.rain_spring": 0.7,
    "construction.rain_autumn": 0.25,
    "construction.rain_rest": 0.4,
    "construction.rain_concentration": 15.0,
    "labour.wage_coast": 1.0,
    "labour.wage_mountain": 0.8,
    "firms.plot_room": 1.0,
}
"""A value of each that shows in the output of three years; the others are met by tests of their formula."""


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_behaviour_moves_the_run_and_not_the_world(at_once, usual, name):
    moved, months = type(usual)(at_once.replace({name: FIGURES[name]}, name="moved"), 1), usual.state.month
    for _ in range(months):
        moved.step()
    left, right = moved.recorder.arrays, usual.recorder.arrays
    assert not np.array_equal(left["output"][:months], right["output"][:months])
    for series in ("world_volume", "commodity_price"):
        np.testing.assert_array_equal(left[series][:months], right[series][:months], err_msg=series)
    assert moved.state.slots == usual.state.slots, "luck is the same"


def test_a_county_picks_and_keeps_land_free_by_its_parameters(fresh):
    county = fresh({"location.scarce_land": 0.2, "location.picky": 1.5, "land.reserve": 0.2}).counties[0]
    taxes = np.array([0.07, 0.11, 0.13])
    assert county.admit(taxes, 0.08, 0.19).tolist() == [False, False, True], "0.08 x 1.5"
    assert county.admit(taxes, 0.08, 0.21).tolist() == [False, True, True]
    assert county.request_land(0.0, 50.0, 1_000.0, 500.0, 400.0) == pytest.approx(150.0)


def test_a_leader_plans_as_far_and_as_small_as_its_parameters_say(fresh):
    leader = fresh({"leaders.plan_years": 2.0, "leaders.small_plant": 0.25}).leaders[0]
    needed = 1.2**2.0 * 12 * 100.0 / 0.85
    for gap, built in ((260.0, True), (240.0, False)):  # a quarter of 1,000 is the least plant
        size = leader.plan(100.0, 0.2, 0.85, 1_000.0, needed - 1_000.0 - gap, 5_000.0, 9_000.0)
        assert size == pytest.approx(gap if built else 0.0)
