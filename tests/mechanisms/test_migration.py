"""Migration: people follow expected pay, nobody is lost, and at rest nobody moves."""

import numpy as np
import pytest

from sim.mechanisms.labour import Labour
from sim.mechanisms.migration import Migration, expected_pay, moves_between


def mechanism(model):
    return next(part for part in model.month_list if isinstance(part, Migration))


def test_expected_pay_is_wage_times_the_chance_of_work():
    pay = expected_pay(np.array([[50.0, 40.0]]), np.array([[100.0, 0.0]]), np.array([[80.0, 0.0]]))
    assert pay == pytest.approx(np.array([[40.0, 40.0]]))


def test_two_counties_by_hand():
    moved = moves_between(np.array([[300.0, 100.0]]), np.array([[0.0, 0.2]]), 0.9)
    assert moved[0] == pytest.approx(np.array([[0.0, 0.9 / 12 * 300 * 0.25 * 0.2], [0.0, 0.0]]))


def test_at_the_opening_nobody_moves_between_counties(fresh):
    model = fresh()
    mechanism(model).step(model.state, model.streams)
    boards = model.state.boards
    assert np.abs(boards.moves).max() < 1e-6
    assert boards.arrivals.max() < 1e-6
    assert boards.departures.max() < 1e-6
    rate = model.state.scenario[Labour].natural_growth
    np.testing.assert_allclose(boards.births_of_people, model.state.people.working_age * rate / 12)


def test_jobs_draw_people_from_next_door_and_from_outside(fresh):
    model = fresh()
    state = model.state
    state.people.workers[0, 2, 2] += 20_000.0
    mechanism(model).step(state, model.streams)
    boards = state.boards
    assert boards.arrivals[0, 2] > 0
    assert boards.moves[0][:, 2].sum() > 0
    assert boards.moves[0][2].sum() == 0
    assert boards.moves[1].sum() == pytest.approx(0.0, abs=1e-6), "skills move by their own pay"


def test_a_county_behind_the_nation_loses_people(fresh):
    model = fresh()
    state = model.state
    state.people.national_wage = 1.1
    mechanism(model).step(state, model.streams)
    people = state.people.working_age
    np.testing.assert_allclose(state.boards.departures, 0.9 / 12 * people * np.log(1.1), rtol=1e-6)
    assert np.abs(state.boards.moves).max() < 1e-6, "all fell behind alike"


def test_moves_keep_the_number_of_people():
    rng = np.random.default_rng(0)
    residents, pay = rng.uniform(1e3, 1e5, (2, 10)), rng.normal(0, 0.2, (2, 10))
    moved = moves_between(residents, pay, 0.9)
    net = moved.sum(axis=1) - moved.sum(axis=2)
    assert net.sum() == pytest.approx(0.0, abs=1e-6)
    assert (moved >= 0).all()
    assert (np.diagonal(moved, axis1=1, axis2=2) == 0).all()
    best, worst = pay.argmax(axis=1), pay.argmin(axis=1)
    assert (net[[0, 1], best] > 0).all()
    assert (net[[0, 1], worst] < 0).all()


# --- ablation ---------------------------------------------------------------------------------------------------------


def test_without_elasticity_nobody_moves_and_counties_grow_by_births_alone(usual, beside):
    still, months = beside({"labour.migration_elasticity": 0.0}), usual.state.month
    left, right = still.recorder.arrays["population"][:months], usual.recorder.arrays["population"][:months]
    rate = usual.state.scenario[Labour].natural_growth / 12
    born = (1.0 + rate) ** np.arange(1, months + 1)  # all months lie in the known world, where the rate does not fade
    start = usual.state.people.residents_opening
    np.testing.assert_allclose(left, start * born[:, None], rtol=1e-12)
    for name in ("moves", "arrivals", "departures"):
        assert not getattr(still.state.boards, name).any(), name
    gap = right[-1] / left[-1] - 1.0
    assert np.abs(gap).max() > 0.005, "with it people move"
    pay = still.state.people
    better = np.log(
        expected_pay(still.state.counties.wage_by_skill, pay.labour_force, pay.workers.sum(axis=2))
        / (pay.pay_opening * pay.national_wage)
    )
    assert np.corrcoef(better.mean(axis=0), gap)[0, 1] > 0.8, "they would have gone where pay pulls"
    np.testing.assert_array_equal(still.recorder.arrays["output"][0], usual.recorder.arrays["output"][0])


def test_without_the_mechanism_residents_stand_still(usual, beside):
    alone = beside(without=(Migration,), months=12)
    people = alone.recorder.arrays["population"][:12]
    np.testing.assert_array_equal(people, np.tile(people[0], (12, 1)))
    np.testing.assert_allclose(people[0], usual.state.people.residents_opening, rtol=1e-12)
