"""The opening of public money: anchors, closing, transfers."""

import numpy as np
import pytest

import sim
from sim.mechanisms.fiscal import Fiscal, normal_profit
from sim.mechanisms.prices import Prices
from sim.mechanisms.production import local_final_demand, wage_share
from sim.model import NingdeModel
from sim.opening.public import government_demand
from sim.opening.totals import OpeningError
from sim.settings import Projects


@pytest.fixture(scope="module")
def model():
    return NingdeModel(sim.load("baseline"), seed=1)


def test_taxes_of_the_opening_are_the_published_share_of_gdp(model):
    """All taxes / GDP and local / all, at the prices and firms of the opening."""
    books, fiscal = model.state.firm_accounts, model.plan[Fiscal]
    assert books.taxes.sum() / books.value_added.sum() == pytest.approx(fiscal.tax_gdp)
    assert books.local_tax.sum() / books.taxes.sum() == pytest.approx(fiscal.local_share)
    assert 0.0 <= model.state.public.rates.local_other <= 1.0


def test_at_normal_margin_each_product_pays_its_anchor(model):
    state, plan, rates = model.state, model.plan, model.state.public.rates
    t = state.technology
    left = t.value_added_share - wage_share(state) - t.tax - t.capital * plan[Projects].depreciation
    normal, overhead = normal_profit(left, plan[Prices].margin_normal, 0.25)
    paid = rates.value_added * t.value_added_share + 0.25 * normal + rates.land * t.land + rates.other
    agent = state.world.agent
    np.testing.assert_allclose(paid[agent], t.tax[agent])
    np.testing.assert_allclose(rates.overhead[agent], overhead[agent])
    assert dict(zip(state.world.products, t.tax, strict=True))["B_CELL"] == 0.03
    assert dict(zip(state.world.products, t.tax, strict=True))["S_MELT"] == 0.025


def test_no_tax_on_output_is_absurd(model):
    """Between a rebate of a third of a per cent and 3 % of sales."""
    other = model.state.public.rates.other
    assert other.min() > -0.0035
    assert other.max() < 0.03


def test_budgets_open_in_balance_and_with_the_demand_of_the_table(model):
    """Ordinary spending is the table's government demand, and transfers close every budget."""
    public, table = model.state.public, model.basis.built.table
    demand = government_demand(table, 10)
    assert public.base.sum() == pytest.approx(demand.sum())
    homemade = table.final_by_region[:, :10, 1].sum() + table.final_imports_by_region[:, :10, 1].sum()
    assert public.base.sum() == pytest.approx(homemade / 12)
    interest = model.plan[Fiscal].interest / 12 * public.debt
    np.testing.assert_allclose(public.taxes12[:, 0] + public.transfers, public.base + interest)
    np.testing.assert_allclose(public.debt, 0.6 * 12 * public.taxes12[:, 0])
    assert public.base[-1] == pytest.approx(0.25 * public.base.sum())
    np.testing.assert_allclose(public.mix.sum(axis=1), 1.0)


def test_more_ordinary_spending_reaches_home_producers(model):
    """Nothing is added at the opening; a county that spends more orders by its mix, part of it at home."""
    state = model.state
    before = local_final_demand(state)
    np.testing.assert_array_equal(before[:, 1], state.technology.base_demand[:, 1])
    public, kept = state.public, state.public.ordinary
    public.ordinary = kept.copy()
    public.ordinary[3] += 50.0
    more = local_final_demand(state)[:, 1] - before[:, 1]
    expected = 50.0 * (state.technology.home_share[:, :, 3] * public.mix[3][:, None]).T.reshape(-1)
    np.testing.assert_allclose(more, expected, atol=1e-12)
    assert 0.0 < more.sum() < 50.0
    public.ordinary = kept.copy()
    public.ordinary[-1] += 50.0
    np.testing.assert_allclose(public.extra.sum(), 50.0)
    public.ordinary = kept


def test_what_contradicts_the_published_shares_is_refused(monkeypatch):
    """Firms alone beyond all taxes; more local than there is: both say which parameter to look at."""
    plan = sim.load("baseline")
    monkeypatch.setattr("sim.opening.public.MOST_FACTOR", 0.5)
    with pytest.raises(OpeningError, match=r"all taxes cannot be 0\.089 of GDP"):
        NingdeModel(plan, seed=1)
    monkeypatch.undo()
    with pytest.raises(OpeningError, match=r"fiscal\.local_share 0\.65 cannot be reached: 1\.\d+ of other taxes"):
        NingdeModel(plan.replace({"fiscal.local_share": 0.65, "fiscal.vat_rate": 0.04}, name="x"), seed=1)
