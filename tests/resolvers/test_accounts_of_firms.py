"""Accounts of firms: where the cash goes, who pays for growth, and what happens to debt at the end."""

import numpy as np
import pytest

from sim import resolvers
from sim.mechanisms.production import cost_parts
from sim.resolvers.accounts_of_firms import month_accounts, settle, working_cash
from sim.settings import Projects
from sim.state import Channel, Stage
from tests.runs import aged


def test_cash_first_then_debt_then_owners_by_hand():
    """A loss beyond cash, a loss within cash, a gain that fills cash, repays, and is paid out."""
    cash, debt, paid = settle(
        np.array([10.0, 10.0, 10.0, 10.0, 30.0]),
        np.array([5.0, 5.0, 0.0, 8.0, 3.0]),
        np.array([-14.0, -4.0, 6.0, 30.0, 0.0]),
        np.full(5, 20.0),
    )
    np.testing.assert_allclose(cash, [0.0, 6.0, 16.0, 20.0, 20.0])
    np.testing.assert_allclose(debt, [9.0, 5.0, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(paid, [0.0, 0.0, 0.0, 12.0, 7.0])


def test_accounts_of_one_firm_by_hand(fresh):
    """Every entry of the largest legacy firm from its own figures."""
    model = fresh()
    for _ in range(3):
        model.step()
    state = model.state
    firms, books, markets = state.firms, state.firm_accounts, state.markets
    row = int(np.where(state.world.legacy[firms.product] & ~firms.fringe, firms.output, 0.0).argmax())
    product, level = int(firms.product[row]), markets.price_level
    materials, _ = cost_parts(state)
    value_added = firms.output[row] * (markets.price[product] - materials[product]) / level
    sales = firms.output[row] * markets.price[product] / level
    assert books.value_added[row] == pytest.approx(value_added)
    assert books.wages[row] == pytest.approx(firms.wages[row])
    r = state.public.rates
    depreciation = state.ledger.capital_before[row] * model.plan[Projects].depreciation / 12
    overhead = (
        r.overhead[product] * firms.output[row] * markets.conversion[product] / state.technology.conversion[product]
    )
    before = value_added - firms.wages[row] - depreciation - overhead - books.interest[row]
    smaller = 0.035 * value_added + 0.0027 * firms.land[row] / 12 + r.other[product] * sales
    taxes = smaller + 0.25 * max(before - smaller, 0.0)
    assert books.taxes[row] == pytest.approx(taxes, rel=1e-6)  # land of the firm may have grown after the accounts
    surplus = value_added - taxes - firms.wages[row] - depreciation
    assert firms.surplus[row] == pytest.approx(surplus, rel=1e-6)
    assert firms.margin12[row, 2] == pytest.approx(surplus / sales, rel=1e-6)


def test_investment_is_paid_from_cash_and_then_by_debt():
    """The money of all firms: what they earn, less investment and land, is in cash, debt and owners' hands."""
    model = aged(24)
    state, books = model.state, model.state.firm_accounts
    assert books.invested.sum() > 0
    np.testing.assert_array_equal(books.invested, state.boards.investment)
    firm = ~state.firms.block
    earned = (books.gross_surplus - books.invested - books.projects - books.land)[firm].sum()
    kept = (state.firms.cash - books.cash_before - state.firms.debt + books.debt_before)[firm].sum()
    assert earned == pytest.approx(kept + (books.distributed - books.written_off)[firm].sum())
    assert (state.firms.cash[state.firms.block] == 0).all()
    np.testing.assert_allclose(books.distributed[~firm], books.gross_surplus[~firm])


def test_interest_is_owed_on_debt(fresh, next_month):
    model = fresh({"firms.interest": 0.06})
    state = next_month(model.state)
    state.firms.debt[5] = 1200.0
    books = month_accounts(state, state.public.rates)
    assert books.interest[5] == pytest.approx(6.0)
    assert books.interest.sum() == pytest.approx(6.0)


def test_a_closed_firm_pays_what_it_can(fresh):
    """Cash covers debt or lenders lose; owners get the rest; the books still balance."""
    model = fresh()
    for _ in range(2):
        model.step()
    state = model.state
    rows = np.flatnonzero(state.firms.alive & ~state.firms.block & ~state.firms.fringe & (state.firms.leader < 0))[:2]
    books = state.firm_accounts
    state.firms.cash[rows], state.firms.debt[rows] = [10.0, 10.0], [4.0, 25.0]
    distributed, lost = books.distributed[rows].copy(), books.written_off[rows].copy()
    resolvers.close_firms(state, rows)
    np.testing.assert_allclose(books.distributed[rows] - distributed, [6.0, 0.0])
    np.testing.assert_allclose(books.written_off[rows] - lost, [0.0, 15.0])
    assert (state.firms.cash[rows] == 0).all()
    assert (state.firms.debt[rows] == 0).all()


def test_opening_cash_is_two_months_of_cost(opening):
    books, firms = opening.firm_accounts, opening.firms
    cost = books.sales - books.value_added + books.wages + books.taxes
    row = int(firms.capital.argmax())
    assert firms.cash[row] == pytest.approx(2.0 * cost[row])
    assert (working_cash(books, 2.0, firms.block)[firms.block] == 0).all()
    assert (firms.debt == 0).all()


def test_a_project_pays_for_land_gets_its_grant_and_land_money_back_when_it_fails(fresh):
    """A plot of 100 mu: bought at the park's price, the promised share of the work comes back, the price on failure."""
    model = fresh()
    model.step()
    state = model.state
    park = int(state.parks.free[:19].argmax())
    county = int(state.world.park_county[park])
    common = {"stage": Stage.SIGNED, "channel": Channel.CHAIN, "product": 1, "county": county, "park": park}
    common |= {"land": 10.0, "signed": state.month, "work": 1.0, "work_left": 1.0, "investment": 50.0}
    row = state.projects.append(2, incentive=0.03, slot=0, capital_intensity=0.4, **common)
    state.projects.serviced_land[row] = True
    model.step()
    assert (state.projects.stage[row] == Stage.LAND).all()
    np.testing.assert_allclose(state.projects.land_paid[row], 10.0 * state.parks.price[park])
    received = state.public.land_received[county]
    resolvers.funnel.fail(state, row[1:])
    assert state.public.land_received[county] == pytest.approx(received - 10.0 * state.parks.price[park])
    assert state.projects.land_paid[row[1]] == 0.0
    state.public.land_received[county] = received - 10.0 * state.parks.price[park]
    for _ in range(24):
        model.step()
        if state.projects.stage[row[0]] == Stage.DONE:
            break
    assert state.projects.stage[row[0]] == Stage.DONE
    assert state.projects.grant[row[0]] == pytest.approx(0.03 * 50.0)
    born = int(np.flatnonzero(state.firms.birth == state.month)[-1])
    brought = state.firm_accounts.cash_before[state.firms.birth == state.month].sum()
    assert state.firm_accounts.cash_before[born] > 0
    assert state.ledger.endowed == pytest.approx(brought)  # founders bring the working cash


def test_plants_announced_before_the_opening_have_settled_with_their_county():
    """They pay for no land and get no grant; later dated plants do both."""
    model = aged(40)
    projects = model.state.projects
    dated = projects.event >= 0
    old, new = dated & projects.land_settled, dated & ~projects.land_settled & (projects.stage >= Stage.BUILD)
    assert old.sum() == 3
    assert new.any()
    assert (projects.land_paid[old] + projects.grant[old] + projects.incentive[old] == 0.0).all()
    assert (projects.land_paid[new] > 0).all()
    assert (projects.grant[new] > 0).all()
    assert not projects.land_settled[~dated].any()


def test_a_firm_that_grows_beyond_its_plot_pays_its_county(fresh):
    """Land beside the plot: the firm's books, the county's revenue and the sum of all payments move alike."""
    model = fresh()
    model.step()
    state = model.state
    row = int(np.flatnonzero((state.firms.park >= 0) & ~state.firms.fringe)[7])
    county, price = int(state.firms.county[row]), float(state.parks.price[state.firms.park[row]])
    land, investment = np.zeros(len(state.firms)), np.full(len(state.firms), 2.0)
    land[row] = 3.0
    before = state.ledger.revenue[1].copy()
    resolvers.closing._pay(state, investment, land)
    books = state.firm_accounts
    assert price > 0
    assert books.land[row] == state.firms.land_paid[row] == pytest.approx(3.0 * price)
    assert books.land.sum() == books.land[row]
    np.testing.assert_array_equal(books.invested, investment)
    np.testing.assert_allclose(state.ledger.revenue[1] - before, 3.0 * price * (np.arange(11) == county))
