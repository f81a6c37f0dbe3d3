"""The books: they balance in every month of a run, and every check sees its own breach."""

import copy

import numpy as np
import pytest

import sim
from sim import accounts, resolvers
from sim.accounts import BrokenIdentityError
from sim.model import NingdeModel
from tests.runs import aged


@pytest.fixture(scope="module")
def two_years() -> NingdeModel:
    """Two years into the baseline, with the ledger and table of the last month at hand."""
    return aged(30, 3)


@pytest.fixture
def model(two_years: NingdeModel) -> NingdeModel:
    """A copy of one's own, to be spoiled."""
    return copy.deepcopy(two_years)


def test_every_identity_holds_every_month(baseline_run):
    """The largest residual of a full baseline run, in any cell and month, is far below a billionth."""
    residual = baseline_run.monthly["residual"]
    assert set(residual["identity"].values) == set(accounts.CHECKS) | {"I16", "I17"}
    assert float(residual.max()) <= 1e-9


def spoil_rows(state):
    state.table.final[int(state.table.output.argmax())] *= 1.0 + 1e-6


def spoil_columns(state):
    state.table.value_added[int(state.table.output.argmax())] += 1.0


def spoil_income(state):
    state.table.outside_inputs[0, 0] += 1.0


def spoil_aggregation(state):
    state.firms.output[int(state.firms.output.argmax())] *= 1.0 + 1e-6


def spoil_capital(state):
    state.firms.capital[int(state.firms.capital.argmax())] += 1.0


def spoil_land(state):
    state.parks.occupied[0] += 1.0


def spoil_quota(state):
    state.counties.quota[2] += 5.0


def spoil_residents(state):
    state.people.working_age[0, 4] += 1.0


def spoil_staff(state):
    state.firms.staff[int(state.firms.staff.argmax())] += 10.0


def spoil_labour_force(state):
    state.people.participation *= 0.3


def spoil_pipeline(state):
    state.projects.stage[int(np.flatnonzero(state.projects.stage == 4)[0])] = 3


def spoil_firms(state):
    state.firms.alive[int(np.flatnonzero(state.firms.alive)[-1])] = False


def spoil_firm_cash(state):
    state.firms.cash[int(state.firms.cash.argmax())] += 1.0


def spoil_firm_tax(state):
    state.firm_accounts.profit_tax[int(state.firm_accounts.profit_tax.argmax())] += 0.01


def spoil_debt(state):
    state.public.debt[3] += 1.0


def spoil_tax_payers(state):
    state.firm_accounts.local_tax[int(state.firm_accounts.local_tax.argmax())] -= 1.0


def spoil_land_money(state):
    state.projects.land_paid[int(state.projects.land_paid.argmax())] += 0.1


def spoil_grants(state):
    state.public.grants_paid[0] += 0.1


def spoil_transfers(state):
    state.ledger.revenue[-1, 2] += 5.0
    state.public.debt[2] -= 5.0


def spoil_purchases(state):
    leader = int(np.flatnonzero(state.firms.leader >= 0)[0])
    state.table.outside_inputs[1, state.firms.node[leader]] += 0.5


@pytest.mark.parametrize(
    ("check", "spoil", "words"),
    [
        (accounts.check_rows, spoil_rows, "I1 rows"),
        (accounts.check_columns, spoil_columns, "I2 columns"),
        (accounts.check_income, spoil_income, "I3"),
        (accounts.check_aggregation, spoil_aggregation, "I5"),
        (accounts.check_firm_accounts, spoil_firm_cash, "I6 VA"),
        (accounts.check_firm_accounts, spoil_firm_tax, "I6 VA"),
        (accounts.check_capital, spoil_capital, "I7"),
        (accounts.check_land, spoil_land, "I8"),
        (accounts.check_land, spoil_quota, "I8 quota"),
        (accounts.check_people, spoil_residents, "I9 residents"),
        (accounts.check_people, spoil_staff, "I9 staff"),
        (accounts.check_people, spoil_labour_force, "I9 at work"),
        (accounts.check_pipeline, spoil_pipeline, "I10"),
        (accounts.check_population, spoil_firms, "I11"),
        (accounts.check_budgets, spoil_debt, "I12 change of balance"),
        (accounts.check_budgets, spoil_tax_payers, "I12 local taxes"),
        (accounts.check_budgets, spoil_land_money, "I12 land sales"),
        (accounts.check_budgets, spoil_grants, "I12 incentives"),
        (accounts.check_budgets, spoil_transfers, "I12 payments between budgets"),
        (accounts.check_purchases, spoil_purchases, "I14"),
    ],
)
def test_a_breach_is_seen_and_named(model, check, spoil, words):
    """A small wrong entry in one cell stops the run and says what, when and where."""
    check(model.state)
    spoil(model.state)
    with pytest.raises(BrokenIdentityError, match=words) as caught:
        check(model.state)
    assert "month 30" in str(caught.value)


def test_a_breach_names_county_product_and_amount(model):
    """The message has everything that is needed to find the fault."""
    cell = int(model.state.table.output.argmax())
    model.state.table.value_added[cell] += 2.5
    county, product = divmod(cell, model.world.product_count)
    with pytest.raises(BrokenIdentityError) as caught:
        accounts.check_columns(model.state)
    for part in (model.world.county_names[county], model.world.products[product], "2.5"):
        assert part in str(caught.value)


def test_the_inverse_gives_output_back(model):
    """I4 holds in a December and sees a wrong final demand."""
    for _ in range(6):
        model.step()
    assert model.state.month == 36
    assert accounts.check_inverse(model.state) < 1e-10
    model.state.table.final[50, 0] += 1.0
    with pytest.raises(BrokenIdentityError, match="I4"):
        accounts.check_inverse(model.state)


def test_not_a_number_is_a_breach(model):
    """A residual that is not a number never passes as small."""
    model.state.table.output[3] = np.nan
    with pytest.raises(BrokenIdentityError, match="I1"):
        accounts.check_rows(model.state)


def test_a_breach_stops_the_run(monkeypatch):
    """A resolver that loses money stops the model in the same month."""
    running = sim.NingdeModel(sim.load("baseline"), seed=1)
    running.step()

    def leak(state, streams):
        resolvers.resolve_produce(state, streams)
        state.table.final[10] -= 0.01

    monkeypatch.setitem(resolvers.RESOLVERS, resolvers.Phase.PRODUCE, leak)
    with pytest.raises(BrokenIdentityError, match="month 2"):
        running.step()
