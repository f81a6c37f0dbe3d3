"""I15: every payment has a payer and a receiver, and what each sector keeps is what its own books say."""

from dataclasses import replace

import numpy as np
import pytest

import sim
from sim import accounts, flows, resolvers
from sim.accounts import BrokenIdentityError
from sim.experiment.tables import with_names
from sim.flows import ABOVE, BUDGETS, FIRMS, HOUSEHOLDS, OUTSIDE, PAYMENTS, SECTORS, matrix_of, net_received, payments
from sim.mechanisms.firms import Investment
from sim.mechanisms.households import Consumption
from sim.mechanisms.production import final_orders, material_costs, relative_price
from sim.model import NingdeModel
from sim.opening.basis import estimated_basis
from tests.runs import aged

BASE = sim.load("baseline")


@pytest.fixture(scope="module")
def model() -> NingdeModel:
    """Five years into the baseline: projects are built, land is sold, firms have closed, prices have moved."""
    return aged(60, 3)


@pytest.fixture
def state(model, monkeypatch):
    """The state of the month with a ledger of one's own."""
    monkeypatch.setattr(model.state, "ledger", replace(model.state.ledger, payments=payments(model.state)))
    return model.state


@pytest.fixture(scope="module")
def three_years():
    return sim.run(BASE.replace({"run.end": "2016-12"}, name="three"), seed=1)


# --- it holds ---------------------------------------------------------------------------------------------------------


def test_it_is_recorded_with_every_payment(three_years):
    monthly = three_years.monthly
    assert float(monthly["residual"].sel(identity="I15")) <= 1e-12
    assert monthly["flows"].dims == ("month", "receiver", "payer")
    assert tuple(monthly["receiver"].values) == tuple(monthly["payer"].values) == SECTORS
    assert tuple(monthly["payment"].values) == tuple(PAYMENTS)
    first = dict(zip(PAYMENTS, monthly["payments"].values[0].tolist(), strict=True))
    np.testing.assert_array_equal(monthly["flows"].values[0], matrix_of(first))
    assert (monthly["payments"].sel(payment="debt written off").values >= 0).all()


SHOCKS = {
    "shortage": {
        "shortage.outside_supply": {"OTHM": [{"from": "2014-06", "value": 0.6}, {"from": "2015-06", "value": 1.0}]},
        "io.premium_import": 0.1,
    },
    "proportional": {"run.rationing": "proportional", "io.premium_import": 0.1},
    "tariff": {"prices.tariff": 0.25},
    "energy": {"energy.cap": 6.0},
    "poor": {"fiscal.debt_cap": 0.8, "promotion.budget": 600.0},
    "crisis": {
        "firms.exit_base": 0.12,
        "firms.working_cash": 1.0,
        "construction.spend_outside": 1.0,
        "construction.spend_construction": 0.0,
        "construction.spend_equipment": 0.0,
    },
}
"""Runs in which orders stay unfilled, inputs get dearer, budgets run out and firms close in debt."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in ("proportional", "tariff") else name for name in SHOCKS],
)
def test_it_holds_under_shocks(name):
    running = NingdeModel(BASE.replace(SHOCKS[name], name=name), seed=2)
    total = dict.fromkeys(PAYMENTS, 0.0)
    for _ in range(18):
        running.step()
        for kind, amount in running.state.ledger.payments.items():
            total[kind] += amount
    assert running.recorder.residual["I15"] <= 1e-12
    seen = {"shortage": "premium on unfilled orders", "tariff": "tariffs"}
    assert name not in seen or total[seen[name]] > 0.01


@pytest.mark.parametrize("without", [(Consumption,), (Investment,)])
def test_it_holds_where_a_mechanism_is_left_out(without):
    running = NingdeModel(BASE, 1, without=without)
    for _ in range(6):
        running.step()
    assert running.recorder.residual["I15"] <= 1e-12


def test_it_holds_on_a_table_whose_government_buys_what_changes_its_price():
    """Budgets pay the price of the month for batteries, too; at the opening they get what the table gives them."""
    table = with_names(estimated_basis(BASE).built.table)
    cell = next(row for row, (_, product) in enumerate(table.producers) if product == "B_CELL" and table.output[row])
    at, final = table.users.index((table.producers[cell][0], "government")), table.final.copy()
    moved = 0.1 * final[cell].max()
    final[cell, int(final[cell].argmax())] -= moved
    final[cell, at] += moved
    running = NingdeModel(BASE, 1, table=replace(table, final=final))
    world = running.world
    demand = final_orders(running.state).home[:, 1].reshape(world.county_count, -1)
    assert demand[:, world.product("B_CELL")].sum() == pytest.approx(moved / 12, rel=1e-6)
    for _ in range(12):
        running.step()
    assert running.recorder.residual["I15"] <= 1e-12


# --- it is seen when it does not hold ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [name for name, (payer, receiver) in PAYMENTS.items() if payer != receiver])
def test_a_wrong_payment_is_seen(state, kind):
    """A yuan in ten million of all payments, booked by one side only, stops the run and names a sector."""
    accounts.check_flows(state)
    state.ledger.payments[kind] += 1e-7 * sum(map(abs, state.ledger.payments.values()))
    with pytest.raises(BrokenIdentityError, match="I15") as caught:
        accounts.check_flows(state)
    assert "month 60" in str(caught.value)
    assert any(SECTORS[sector] in str(caught.value) for sector in PAYMENTS[kind])


BOOKS = (
    "table.final",
    "table.outside_inputs",
    "people.wage_bill",
    "firm_accounts.distributed",
    "firm_accounts.interest",
    "firm_accounts.profit_tax",
    "firm_accounts.local_tax",
    "firm_accounts.invested",
    "firm_accounts.land",
    "firm_accounts.grants",
    "firm_accounts.written_off",
    "firms.premium",
    "ledger.revenue",
    "ledger.project_work",
    "ledger.endowed",
    "spending",
    "markets.commodity",
)
STOCKS = {
    "firms.cash": "firms",
    "firms.debt": "firms",
    "public.balance": "budgets",
    "public.debt": "budgets",
    "people.income": "households",
    "ledger.household_spending": "households",
    "prepaid": "investment",
}


def spoil(state, place, monkeypatch):
    """Add a yuan in a million of all payments to one entry of a book, the largest."""
    *parents, name = place.split(".")
    owner = state
    for parent in parents:
        owner = getattr(owner, parent)
    wrong = np.array(getattr(owner, name), dtype=float)
    wrong.flat[int(np.abs(wrong).argmax())] += 1e-6 * sum(map(abs, state.ledger.payments.values()))
    monkeypatch.setattr(owner, name, wrong if wrong.ndim else float(wrong))


@pytest.mark.parametrize("place", BOOKS)
def test_a_wrong_book_behind_a_payment_is_seen(state, place, monkeypatch):
    spoil(state, place, monkeypatch)
    state.ledger.payments = payments(state)
    with pytest.raises(BrokenIdentityError, match="I15"):
        accounts.check_flows(state)


@pytest.mark.parametrize("place", STOCKS)
def test_a_wrong_stock_is_seen_and_its_sector_named(state, place, monkeypatch):
    spoil(state, place, monkeypatch)
    with pytest.raises(BrokenIdentityError, match=f"I15.*month 60 .{STOCKS[place]}"):
        accounts.check_flows(state)


def month_two():
    running = NingdeModel(BASE, seed=1)
    running.step()
    running.step()
    accounts.check_flows(running.state)
    return running.state


def test_a_payment_without_payer_and_receiver_is_refused(state):
    with pytest.raises(ValueError, match="bonus"):
        matrix_of(state.ledger.payments | {"bonus": 1.0})
    del state.ledger.payments["wages"]
    with pytest.raises(ValueError, match="wages"):
        matrix_of(state.ledger.payments)


# --- what is booked ---------------------------------------------------------------------------------------------------


def test_income_of_households_is_what_others_pay_them(state):
    """Wages of all firms, what local owners get, and grants of budgets; money sent home passes through."""
    paid = state.ledger.payments
    assert paid["wages"] == pytest.approx(state.firms.wages.sum())
    by_budgets = paid["paid to residents"]
    assert paid["wages"] + paid["profits of local owners"] + by_budgets == pytest.approx(state.people.income.sum())
    received = matrix_of(paid)[HOUSEHOLDS]
    assert received.sum() == pytest.approx(state.people.income.sum() + paid["pensions and money sent home"])
    assert received[BUDGETS] == by_budgets
    assert by_budgets > 150 / 12 * 0.4 * (1 - 1e-9), "cash for talent, and severance or pay for training"
    assert received[ABOVE] == 0.0
    spent = paid["household purchases at home"] + paid["household purchases outside"]
    assert spent - paid["pensions and money sent home"] == pytest.approx(state.ledger.household_spending)


def test_firms_receive_their_sales(state):
    sales = (state.firms.output * state.markets.price[state.firms.product]).sum() / state.markets.price_level
    paid = state.ledger.payments
    kinds = ("grants to firms", "land taken back", "working cash of founders", "debt written off")
    gifts = sum(paid[kind] for kind in kinds)
    assert matrix_of(paid)[FIRMS].sum() - gifts == pytest.approx(sales, rel=1e-12)


def test_metals_and_tariffs_leave_the_city():
    """Dearer metals raise what firms pay outside by all that they add to the cost; a tariff goes above."""
    running = month_two()
    before = payments(running)
    running.markets.commodity = running.markets.commodity + 1.0
    dearer = payments(running)
    exposure = material_costs(running)
    running.markets.commodity = running.markets.commodity - 1.0
    added = (running.firms.output * (exposure - material_costs(running))[running.firms.node]).sum()
    assert added > 0
    rise = dearer["outside inputs"] - before["outside inputs"]
    assert rise == pytest.approx(added / running.markets.price_level)
    assert before["tariffs"] == 0.0


def test_what_a_closed_firm_owes_is_lost_by_the_lenders():
    running = NingdeModel(BASE, seed=1)
    running.step()
    firms = running.state.firms
    row = int(np.flatnonzero(~firms.block & ~firms.fringe & (firms.leader < 0))[0])
    firms.debt[row] = 10_000.0
    running.step()
    owed = firms.debt[row] - firms.cash[row]
    resolvers.close_firms(running.state, np.array([row]))
    running.state.ledger.payments = payments(running.state)
    assert running.state.ledger.payments["debt written off"] == pytest.approx(owed)
    assert owed > 9_000.0
    accounts.check_flows(running.state)


def test_all_money_that_is_spent_buys_something(state):
    """Budgets and investors spend what they have, at home and outside, at the price of the month."""
    paid, ledger = state.ledger.payments, state.ledger
    ordered = ledger.spending[0].sum() + 150 / 12 * 0.6  # and what the talent plan builds and employs
    assert paid["public purchases at home"] + paid["public purchases outside"] == pytest.approx(ordered)
    invested = paid["investment goods at home"] + paid["investment goods outside"] - paid["housing and public works"]
    assert invested == pytest.approx(ledger.prepaid_before + ledger.project_work)
    assert min(paid["public purchases outside"], paid["investment goods outside"]) > 0


def test_investors_and_budgets_get_less_of_what_is_dearer(model):
    """Where equipment costs twice as much, the same money orders half of it; of building as much as before."""
    state, world = model.state, model.world
    before, price = final_orders(state), state.markets.price.copy()
    equipment = world.product("B_EQPT")
    state.markets.price = price.copy()
    state.markets.price[equipment] *= 2.0
    after = final_orders(state)
    state.markets.price = price
    ratio = after.total[:, 2] / np.where(before.total[:, 2] > 0, before.total[:, 2], 1.0)
    assert ratio[equipment] == pytest.approx(0.5)
    assert ratio[world.product("CONS")] == 1.0
    spent = relative_price(state) @ before.total
    assert spent[2] == pytest.approx(state.spending.sum())
    assert spent[1] == pytest.approx(state.public.ordinary.sum() + state.public_works.sum())
    assert spent[0] == pytest.approx(state.people.consumption.sum())


def test_what_one_lends_another_borrows(state):
    net = net_received(matrix_of(state.ledger.payments))
    assert net.sum() == pytest.approx(0.0, abs=1e-6)
    assert net[HOUSEHOLDS] > 0 > net[OUTSIDE]
    np.testing.assert_allclose(flows.net_lending(state), net[:4], atol=1e-6)


# --- what is published ------------------------------------------------------------------------------------------------


def test_a_year_is_published_in_bn_yuan(three_years):
    found = three_years.published.flows("2016")
    months = three_years.monthly.sel(month=slice("2016-01", "2016-12"))
    np.testing.assert_allclose(found["paid"], months["flows"].sum("month") / 1000.0)
    wages = months["payments"].sel(payment="wages").sum() / 1000.0
    assert float(found["by_kind"].sel(payment="wages")) == pytest.approx(float(wages))
    assert float(found["net_lending"].sum()) == pytest.approx(0.0, abs=1e-9)
    budgets = months["public_balance"] - months["public_debt"]
    before = three_years.monthly.sel(month="2015-12-01")
    change = budgets.isel(month=-1).sum() - (before["public_balance"] - before["public_debt"]).sum()
    assert float(found["net_lending"].sel(receiver="budgets")) * 1000.0 == pytest.approx(float(change))
