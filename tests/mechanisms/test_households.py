"""Households: pay comes home with the commuters, is spent there, and the opening comes back from its own incomes."""

import numpy as np
import pytest

import sim
from sim.mechanisms.households import (
    Consumption,
    Households,
    household_income,
    local_profits,
    paid_out,
    pay_by_residence,
)
from sim.mechanisms.production import household_orders, local_final_demand
from sim.model import NingdeModel
from tests.runs import aged


def test_commuters_take_the_mean_wage_of_their_workplace_home():
    workers = np.array([[[60.0, 40.0], [0.0, 160.0]]])
    bill = np.array([[6.0, 10.0]])
    assert pay_by_residence(workers, bill) == pytest.approx([6.0 + 2.0, 8.0])


def test_pay_by_residence_is_pay_by_workplace(opening):
    people = opening.people
    pay = pay_by_residence(people.workers, people.wage_bill)
    assert pay.sum() == pytest.approx(people.wage_bill.sum(), rel=1e-12)
    assert pay.sum() == pytest.approx(opening.firms.wages.sum(), rel=1e-12)
    zone = opening.world.county("DQ")
    assert pay[zone] < 0.8 * people.wage_bill[:, zone].sum(), "Dongqiao's pay is spent elsewhere"


def test_profits_of_leaders_and_losses_stay_away_from_households(fresh):
    model = fresh()
    model.step()
    state, firms = model.state, model.state.firms
    books = state.firm_accounts
    books.distributed = np.full(len(firms), -1.0)
    assert paid_out(state).sum() == 0.0
    books.distributed = np.where(firms.leader >= 0, 5.0, 0.0)
    assert paid_out(state).sum() == 0.0
    row = int(np.flatnonzero((firms.leader < 0) & ~firms.block)[0])
    books.distributed[row] = 3.0
    expected = np.zeros(state.world.county_count)
    expected[firms.county[row]] = 3.0
    assert paid_out(state) == pytest.approx(expected)


def test_the_first_month_pays_out_what_the_opening_expects(fresh):
    """Where nothing moves, profits settled in the first month are those that the opening took for granted."""
    model = fresh({"run.world": "flat"})
    before = paid_out(model.state)
    model.step()
    np.testing.assert_allclose(paid_out(model.state), before, rtol=0.1)


def test_income_is_pay_and_a_part_of_profits(opening):
    settings = Households()
    pay = pay_by_residence(opening.people.workers, opening.people.wage_bill)
    expected = pay + settings.extra * paid_out(opening)
    assert household_income(opening, settings) == pytest.approx(expected)
    assert opening.people.consumption == pytest.approx(settings.consumption_share * expected)


def test_shares_of_spending_sum_to_one(opening):
    shares = opening.technology.household_shares
    assert shares.sum(axis=0) == pytest.approx(1.0)
    assert (shares >= 0).all()


def test_a_yuan_is_spent_at_home_by_the_home_shares_and_the_rest_outside(opening):
    """What one county spends more is ordered from the producers of all counties in the shares of the table."""
    before = household_orders(opening)
    county = 3
    opening.people.consumption[county] += 1.0
    more = household_orders(opening) - before
    opening.people.consumption[county] -= 1.0
    technology, world = opening.technology, opening.world
    real = opening.markets.price_level / opening.markets.price
    expected = technology.home_share[:, :, county] * (technology.household_shares[:, county] * real)[:, None]
    np.testing.assert_allclose(more.reshape(world.county_count, -1), expected.T, atol=1e-9)
    assert 0.3 < more.sum() < 0.9


def test_base_follows_residents_and_national_income(opening):
    before = local_final_demand(opening)
    orders = household_orders(opening)
    volume = opening.markets.volume.copy()
    opening.markets.volume[5] *= 1.1
    after = local_final_demand(opening)
    opening.markets.volume[:] = volume
    np.testing.assert_allclose(after[:, 0] - orders, 1.1 * (before[:, 0] - orders), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(after[:, 1], before[:, 1], rtol=1e-12, err_msg="governments follow their budgets")


def test_spending_of_a_month_is_ordered_in_the_next(fresh):
    model = fresh()
    model.step()
    state = model.state
    pay = pay_by_residence(state.people.workers, state.people.wage_bill)
    assert state.people.consumption == pytest.approx(0.7 * (pay + state.people.usual_profits))
    state.people.consumption *= 2.0
    assert household_orders(state).sum() > 0
    part = next(each for each in model.month_list if isinstance(each, Consumption))
    part.step(state, model.streams)
    assert state.boards.consumption == pytest.approx(0.7 * (pay + state.boards.usual_profits))


def test_a_windfall_of_owners_is_spent_over_a_year(fresh):
    """A twelfth of a change counts at once; what lasts counts in full in the end. Pay is spent as it comes."""
    model = fresh()
    model.step()
    state = model.state
    part = next(each for each in model.month_list if isinstance(each, Consumption))
    before, profits = state.people.usual_profits.copy(), local_profits(state, part.households)
    assert np.abs(profits / before - 1.0).max() > 0.01
    for month in range(60):
        part.step(state, model.streams)
        state.people.usual_profits = state.boards.usual_profits
        left = (11.0 / 12.0) ** (month + 1)
        np.testing.assert_allclose(state.boards.usual_profits, profits + (before - profits) * left, rtol=1e-9)
    spent = state.boards.consumption
    state.people.wage_bill *= 1.1
    part.step(state, model.streams)
    np.testing.assert_allclose(
        state.boards.consumption - spent,
        0.07 * pay_by_residence(state.people.workers, state.people.wage_bill / 1.1),
        rtol=0.01,
    )


def test_jobs_make_local_demand():
    """Without spending out of incomes a growing city makes less: services follow the pay of industry."""
    baseline = sim.load("baseline")

    def services(without):
        model = NingdeModel(baseline, 1, without=without) if without else aged(0)
        while model.state.month < 36:
            model.step()
        made = model.recorder.arrays["output"][30:36].sum(axis=(0, 1))
        return made[model.world.product("CSRV")]

    assert services(()) > 1.03 * services((Consumption,))
