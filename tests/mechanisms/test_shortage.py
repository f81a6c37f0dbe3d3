"""Months in which the outside delivers less: stocks by hand, and a run with a shortage under each rule."""

import copy
from functools import partial

import numpy as np
import pytest

from sim import accounts
from sim.inputoutput.rationing import NoConvergenceError
from sim.mechanisms.prices import input_coefficients
from sim.mechanisms.production import Production, node_basis
from sim.mechanisms.shortage import OutsideSupply, Shortage, restock
from sim.resolvers import close_firms, shortage
from sim.statistics import leader_purchases
from sim.world import load_world

MONTHS = 9
FIRST, LAST = 4, 6  # months of the shortage
COURSE = [{"from": "2014-04", "value": 0.3}, {"from": "2014-07", "value": 1}]
SHOCK = {"shortage.outside_supply": {"S_MELT": COURSE, "B_CATH": COURSE}}


@pytest.fixture(scope="module")
def courses(baseline):
    """Nine months without a shortage and with one under each rule: models, output by row, flows of the stocks."""
    from sim.model import NingdeModel

    found = {}
    for name, changes in {
        "none": {},
        "local_first": SHOCK,
        "proportional": SHOCK | {"run.rationing": "proportional"},
        "no stocks": SHOCK | {"io.inventory_months": 0.0},
    }.items():
        model = NingdeModel(baseline.replace(changes, name="changed") if changes else baseline, 1)
        output, flows, tables, orders = [], [], [], []
        for _ in range(MONTHS):
            model.step()
            state = model.state
            output.append(np.bincount(state.firms.product, state.firms.output, minlength=state.world.product_count))
            flows.append(state.ledger.critical)
            tables.append(state.table)
            orders.append(state.firms.orders.copy())
        found[name] = model, np.array(output), flows, tables, orders
    return found


# --- stocks by hand ---------------------------------------------------------------------------------------------------


def test_stock_is_used_first_and_filled_with_what_is_left():
    """Uses of 5 and 3 with stocks of 4 and 1: 1 and 2 are bought. Of 12 delivered 9 are left for lacks of 8 and 4."""
    stock, use, target = np.array([[4.0, 1.0]]), np.array([[5.0, 3.0]]), np.array([[8.0, 4.0]])
    drawn, bought, filled = restock(stock, use, target, np.array([12.0]))
    assert drawn.tolist() == [[4.0, 1.0]]
    assert bought.tolist() == [[1.0, 2.0]]
    assert filled == pytest.approx(np.array([[6.0, 3.0]]))


def test_without_a_limit_stocks_are_full_and_a_surplus_is_used_up():
    stock, use, target = np.array([[9.0, 0.0]]), np.array([[2.0, 3.0]]), np.array([[4.0, 5.0]])
    drawn, bought, filled = restock(stock, use, target, np.array([np.inf]))
    assert (stock - drawn + filled).tolist() == [[7.0, 5.0]]
    assert bought.tolist() == [[0.0, 3.0]]


def test_nothing_is_filled_while_use_takes_all():
    drawn, bought, filled = restock(np.zeros((1, 1)), np.array([[3.0]]), np.array([[2.0]]), np.array([3.0]))
    assert (drawn.item(), bought.item(), filled.item()) == (0.0, 3.0, 0.0)


# --- the setting ------------------------------------------------------------------------------------------------------


def test_the_course_is_told_by_month_and_product(baseline, fresh):
    scenario = baseline.replace(SHOCK, name="short")
    part = OutsideSupply.of(scenario[Shortage], MONTHS)
    model = fresh()
    world = model.world
    told = []
    for month in range(1, MONTHS + 1):
        model.state.month = month
        part.step(model.state, model.streams)
        told.append(model.state.boards.outside_supply.copy())
    told = np.array(told)
    named = [world.product("S_MELT"), world.product("B_CATH")]
    assert told[:, named[0]].tolist() == [1, 1, 1, 0.3, 0.3, 0.3, 1, 1, 1]
    assert (np.delete(told, named, axis=1) == 1.0).all()


def test_where_no_product_is_named_nothing_is_written_and_nothing_kept(courses):
    model, _, flows, tables, _ = courses["none"]
    assert model.state.boards.outside_supply is None
    assert model.state.critical is None
    assert flows == [None] * MONTHS
    assert all(len(table.scarce) == 0 for table in tables)


def test_a_supply_of_one_and_stocks_change_no_output(baseline, courses):
    from sim.model import NingdeModel

    model = NingdeModel(baseline.replace({"shortage.outside_supply": {"S_MELT": 1.0}}, name="full"), 1)
    for month in range(MONTHS):
        model.step()
        np.testing.assert_array_equal(
            np.bincount(model.state.firms.product, model.state.firms.output, minlength=model.world.product_count),
            courses["none"][1][month],
        )
    np.testing.assert_array_equal(model.state.table.flows, courses["none"][3][-1].flows)
    assert model.state.critical is not None


# --- a run with a shortage --------------------------------------------------------------------------------------------


def test_cells_fall_with_their_cathodes_and_come_back(courses):
    """The books are checked in every month of every run here; cathodes for cells come from outside in 2014."""
    model, short, *_ = courses["local_first"]
    free = courses["none"][1]
    cell = model.world.product("B_CELL")
    ratio = short[:, cell] / free[:, cell]
    assert (ratio[: FIRST - 1] == 1.0).all()
    assert (ratio[FIRST:LAST] < 0.6).all()
    assert (ratio[FIRST:LAST] > 0.3 - 1e-9).all(), "never below the share that is delivered"
    assert 0.95 < ratio[-1] < 1.3, "what waited in the order books is delivered as well, as far as there is room"
    other = model.world.product("C_CATH")
    assert short[LAST - 1, other] == pytest.approx(free[LAST - 1, other], rel=0.02)


def test_stocks_soften_the_first_month(courses):
    cell = courses["none"][0].world.product("B_CELL")
    at = FIRST - 1
    free, stocked, bare = (courses[name][1][at, cell] for name in ("none", "local_first", "no stocks"))
    assert bare < stocked - 0.2 * free
    assert stocked <= free


def test_serving_all_alike_makes_no_more_cells_in_the_shortage(courses):
    cell = courses["none"][0].world.product("B_CELL")
    at = slice(FIRST - 1, LAST)
    assert (courses["proportional"][1][at, cell] <= courses["local_first"][1][at, cell] * (1 + 1e-9)).all()


@pytest.mark.parametrize("name", ["local_first", "proportional", "no stocks"])
def test_stocks_change_by_what_is_bought_and_used_and_no_more_comes_than_is_delivered(courses, name):
    model, _, flows, *_ = courses[name]
    usual = None
    for month, flow in enumerate(flows, start=1):
        after = flow.before - flow.written_off - flow.drawn + flow.filled
        following = flows[month].before if month < MONTHS else model.state.critical.stock
        np.testing.assert_allclose(following[:, : after.shape[1]], after, rtol=1e-12, atol=1e-12)
        bought = (flow.use - flow.drawn + flow.filled).sum(axis=1)
        if FIRST <= month <= LAST:
            np.testing.assert_allclose(flow.supply, 0.3 * usual, rtol=1e-12)
            assert (bought <= flow.supply * (1 + 1e-6)).all()
        else:
            assert np.isinf(flow.supply).all()
            usual = flow.use.sum(axis=1)
    cathodes = model.state.critical.products.tolist().index(model.world.product("B_CATH"))
    held = np.array([flow.before[cathodes].sum() for flow in flows])
    if name == "no stocks":
        assert (held == 0.0).all()
    else:
        assert held[FIRST] < 0.2 * held[FIRST - 1]
        assert held[LAST + 1] > 0.9 * held[FIRST - 1]


def test_in_a_shortage_home_orders_hold_while_output_falls(courses):
    """Home deliveries of a scarce product per unit of the buyers' output rise, up to what buyers need."""
    model, _, _, tables, _ = courses["local_first"]
    world = model.world
    cathode, cell = world.product("B_CATH"), world.product("B_CELL")
    before, during = tables[FIRST - 2], tables[LAST - 1]
    cells = np.arange(cell, len(before.output), world.product_count)
    suppliers = np.arange(cathode, len(before.output), world.product_count)

    def home(table):
        return table.flows[np.ix_(suppliers, cells)].sum() / table.output[cells].sum()

    assert during.output[cells].sum() < 0.6 * before.output[cells].sum()
    assert home(during) > 1.5 * home(before) > 0.0
    assert home(during) <= input_coefficients(model.state)[cathode, cells].max()
    assert set(during.scarce) == {cathode, world.product("S_MELT")}
    assert len(before.scarce) == 0


def test_makers_of_what_is_scarce_know_what_was_wanted(courses):
    """Their orders are those of the month without the shortage; investment does not shrink with their buyers."""
    firms = courses["none"][0].state.firms
    usual, short = (courses[name][4][FIRST - 1] for name in ("none", "no stocks"))
    makers = firms.product[: len(usual)] == courses["none"][0].world.product("B_CATH")
    assert usual[makers].sum() > 0
    np.testing.assert_allclose(short[makers], usual[makers], rtol=1e-9, atol=1e-12)


def test_the_local_share_of_cell_makers_rises_when_imports_fail(courses):
    usual, short = (courses[name][0].recorder.arrays["local_share_realised"] for name in ("none", "local_first"))
    np.testing.assert_array_equal(short[: FIRST - 1], usual[: FIRST - 1])
    assert (short[FIRST:LAST] > usual[FIRST:LAST] + 1e-4).all()


def test_purchases_from_the_pool_follow_the_orders_held(fresh):
    model = fresh(
        {"shortage.outside_supply": {"OTHM": [{"from": "2014-02", "value": 0.5}]}, "io.inventory_months": 0.0}
    )
    model.step()
    model.step()
    state = model.state
    table, firms, other = state.table, state.firms, model.world.product("OTHM")
    leader = model.leader_names.index("ATL")
    mine = np.flatnonzero(firms.alive & (firms.leader == leader))
    sellers = firms.product == other
    pool = state.technology.pool[np.ix_(firms.node[sellers], firms.node[mine])]
    sold = (table.served * table.shares)[sellers] @ pool @ table.basis[0][mine]
    assert table.basis[0][mine].sum() > 1.01 * firms.output[mine].sum()
    assert leader_purchases(state, leader)[other, :-1].sum() == pytest.approx(sold, rel=1e-9)


def test_leaders_purchases_add_up_in_a_shortage(baseline):
    from sim.model import NingdeModel

    model = NingdeModel(baseline.replace(SHOCK, name="short"), 1)
    for _ in range(LAST):
        model.step()
    state = model.state
    assert len(state.table.scarce) == 2
    leader = model.leader_names.index("ATL")
    mine = np.flatnonzero(state.firms.alive & (state.firms.leader == leader))
    cathode = model.world.product("B_CATH")
    home = 0.0
    for supplier in np.flatnonzero(state.firms.product == cathode):
        linked = state.table.links.supplier == supplier
        for weight, relation in zip(state.table.links.weight[linked], state.table.links.relation[linked], strict=True):
            if state.relations.buyer[relation] in mine:
                at = list(state.table.scarce).index(cathode)
                ordered = state.table.basis[at][state.relations.buyer[relation]]
                coefficient = state.relations.coefficient[relation] * state.markets.material_factor
                home += weight * coefficient * ordered * state.table.served[supplier]
    bought = leader_purchases(state, leader)
    assert home > 0.0
    assert bought[cathode, :-1].sum() == pytest.approx(home, rel=1e-9)
    assert bought.min() > -1e-6
    basis = node_basis(state.table, state.firms.node, state.firms.output, state.world.product_count)
    raised = basis > np.bincount(state.firms.node, state.firms.output, minlength=state.node_count) + 1e-9
    assert set(np.flatnonzero(raised.any(axis=1))) <= set(state.table.scarce)


def test_stocks_of_a_closed_firm_are_written_off(courses):
    model = copy.deepcopy(courses["local_first"][0])
    state = model.state
    holder = int(np.argmax(np.where(state.firms.alive & (state.firms.leader < 0), state.critical.stock[0], -1.0)))
    left = state.critical.stock[:, holder].copy()
    assert left.sum() > 0
    close_firms(state, np.array([holder]))
    model.step()
    np.testing.assert_array_equal(state.ledger.critical.written_off[:, holder], left)
    assert (state.critical.stock[:, holder] == 0.0).all()


def test_the_books_notice_a_stock_that_drifts(courses):
    state = copy.copy(courses["local_first"][0].state)
    accounts.check_stocks(state)
    state.critical = copy.deepcopy(state.critical)
    state.critical.stock[0, int(state.critical.stock[0].argmax())] += 0.5
    with pytest.raises(accounts.BrokenIdentityError, match="I18 stocks"):
        accounts.check_stocks(state)


def test_the_books_notice_a_purchase_nobody_delivered(courses):
    state = copy.copy(courses["local_first"][0].state)
    state.ledger = copy.copy(state.ledger)
    state.ledger.critical = copy.deepcopy(state.ledger.critical)
    state.ledger.critical.supply = 0.5 * state.ledger.critical.use.sum(axis=1)
    with pytest.raises(accounts.BrokenIdentityError, match="I18 bought"):
        accounts.check_stocks(state)


def test_a_shortage_that_does_not_settle_ends_the_run_with_what_to_change(fresh, monkeypatch):
    """Other industry needs much of its own product: served like everybody else it loses more in every round."""
    monkeypatch.setattr(shortage, "ration", partial(hurried, shortage.ration))
    changes = {
        "shortage.outside_supply": {"OTHM": [{"from": "2014-02", "value": 0.5}]},
        "run.rationing": "proportional",
        "io.inventory_months": 0.0,
    }
    model = fresh(changes)
    model.step()
    words = r"shortage of OTHM does not settle in month 2: .* after 4 rounds; raise shortage.outside_supply or io"
    with pytest.raises(NoConvergenceError, match=words):
        model.step()


def hurried(ration, *arguments, rounds, patience):
    """The rounds of a shortage with a limit far below the one of the scenario."""
    assert (rounds, patience) == (60, shortage.PATIENCE)
    return ration(*arguments, rounds=4)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.02])
@pytest.mark.parametrize("product", load_world().products)
def test_books_balance_for_two_years_with_hardly_any_outside_supply(fresh, product, share):
    """Each month checks the books; output of those that need the product stays what the outside allows."""
    model = fresh({"shortage.outside_supply": {product: share}})
    for _ in range(24):
        model.step()
    assert np.isfinite(model.state.firms.output).all()


@pytest.mark.parametrize(("product", "course"), [
    ("OTHM", 0.0),
    pytest.param("OTHM", 0.02, marks=pytest.mark.slow),
    ("OTHM", [{"from": "2015-01", "value": 0.0}]),
    ("ENER", 0.0),
    pytest.param("TRAN", 0.0, marks=pytest.mark.slow),
])  # fmt: skip
def test_books_balance_where_the_makers_of_what_is_missing_need_it_themselves(fresh, product, course):
    """Without other industry from outside its makers starve one another: in the end next to nothing is made of it."""
    model = fresh({"shortage.outside_supply": {product: course}})
    for _ in range(18):
        model.step()
    firms, world = model.state.firms, model.world
    made = firms.output[firms.product == world.product(product)].sum()
    usual = model.state.ledger.critical.usual[0]
    assert model.state.ledger.critical.use[0].sum() < 0.05 * usual
    if product == "OTHM" and course != 0.02:
        assert made < 1e-3 * usual


def test_a_run_may_open_within_a_shortage(fresh):
    """What is usual is then the need of the first month."""
    model = fresh({"shortage.outside_supply": {"S_MELT": 0.5}, "io.inventory_months": 0.0})
    other = fresh()
    model.step()
    other.step()
    flow = model.state.ledger.critical
    assert np.isfinite(flow.supply).all()
    assert flow.use.sum() == pytest.approx(flow.supply.sum(), rel=1e-6)
    assert model.state.firms.output.sum() < other.state.firms.output.sum()


# --- the premium ------------------------------------------------------------------------------------------------------


def test_the_premium_lowers_the_surplus_of_buyers_by_itself(fresh, monkeypatch):
    """Steel works stand still after buyers have chosen their suppliers; rolling mills buy outside, dearer."""
    whole = Production.step

    def halted(part, state, streams):
        whole(part, state, streams)
        melting = state.firms.product == state.world.product("S_MELT")
        state.boards.capacity = np.where(melting, 0.1 * state.boards.capacity, state.boards.capacity)

    monkeypatch.setattr(Production, "step", halted)
    dear, free = fresh({"io.premium_import": 0.1}), fresh({"io.premium_import": 0.0})
    for model in (dear, free):
        model.step()
    state, paid = dear.state, dear.state.firms.premium
    assert (free.state.firms.premium == 0.0).all()
    assert (paid >= 0.0).all()
    rolling = state.firms.product == state.world.product("S_ROLL")
    price = state.markets.price[state.world.product("S_MELT")]
    assert 0.9 * paid.sum() < paid[rolling].sum() < 0.1 * price * 0.78 * state.firms.output[rolling].sum()
    earned = [each.state.firm_accounts.value_added for each in (free, dear)]
    np.testing.assert_allclose(earned[0] - earned[1], paid / state.markets.price_level, atol=1e-9)
    worse = free.state.firms.surplus - state.firms.surplus
    assert (worse[paid > 1e-6] > 0).all(), "taxes bear a part, the firm the rest"
    assert (worse <= paid / state.markets.price_level + 1e-9).all()
    lower = free.recorder.arrays["value_added_nominal"][0] - dear.recorder.arrays["value_added_nominal"][0]
    np.testing.assert_allclose(lower.sum(), paid.sum(), rtol=1e-6)
