"""Hypothetical events: formulas by hand, each type in its first month against the run without it, and what follows."""

import copy

import numpy as np
import pytest

import sim
from sim.mechanisms.events import History
from sim.mechanisms.leaders import Expansion, expected_growth
from sim.mechanisms.prices import (
    given_up_by_county,
    home_pool,
    input_coefficients,
    lasting_inputs,
    needed_inputs,
    paid_by_industry,
)
from sim.mechanisms.production import abroad, exposure_matrix_of
from sim.mechanisms.shocks import (
    Effects,
    Events,
    Switch,
    Withdrawal,
    compile_shocks,
    course,
    effect,
    leaving,
    share_abroad,
    switched,
)
from sim.model import NingdeModel
from sim.parameters import Month
from sim.state import MARKETS, Boards, Stage
from sim.sums import sum_by
from sim.world import load_world
from tests.runs import aged

START = "2015-03"
FIRST = Month(START) - Month("2013-12")
END = {"run.end": "2016-12"}


def event(kind, target, start=START, **more):
    return {"type": kind, "target": target, "start": start, **more}


ALL_KINDS = [
    event("leader_cut", "CATL"),
    event("diversification", "QINGTUO"),
    event("trade_shock", "all"),
    event("technology_switch", "B_CATH > B_CELL"),
    event("pandemic", "all", products=["B_CATH", "S_MELT"]),
    event("price_collapse", "B_CELL"),
    event("price_collapse", "Ni"),
]


@pytest.fixture(scope="module")
def run_with(baseline):
    """Runs some months of the baseline with some events."""

    def build(*rows, months, more=None, seed=1):
        changes = END | {"events.shocks": list(rows)} | (more or {})
        scenario = baseline.replace(changes, name="changed")
        if not rows:
            return aged(months, seed, scenario)
        model = NingdeModel(scenario, seed)
        for _ in range(months):
            model.step()
        return model

    return build


@pytest.fixture(scope="module")
def calm(run_with):
    """The first month of the events, without them; to be read only."""
    return run_with(months=FIRST)


@pytest.fixture(scope="module")
def later(run_with):
    """Nine months on, without events; to be read only."""
    return run_with(months=FIRST + 9)


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_an_effect_is_nothing_before_its_start_and_halves_from_there():
    assert course(0.4, 2.0, 3, 7).tolist() == pytest.approx([0, 0, 0, 0.4, 0.4 / 2**0.5, 0.2, 0.2 / 2**0.5, 0.1])


def test_a_half_life_of_nothing_is_for_ever():
    assert course(0.4, 0.0, 2, 4).tolist() == [0, 0, 0.4, 0.4, 0.4]


def test_an_exit_is_done_in_equal_steps():
    assert leaving(2, 4.0, 7).tolist() == [0, 0, 0.25, 0.5, 0.75, 1, 1, 1]


def test_a_switch_is_nothing_at_its_start_half_done_after_the_half_life_and_whole_after_two():
    path = switched(0.6, 10.0, 5, 40)
    assert path[:6].tolist() == [0] * 6
    assert path[15] == pytest.approx(0.3)
    assert path[25] == pytest.approx(0.6)
    assert (path[25:] == path[25]).all()
    steps = np.diff(path[5:26])
    assert (steps > 0).all()
    assert steps.argmax() in (9, 10), "fastest in the middle"
    assert path[5 + 4] + path[5 + 16] == pytest.approx(0.6), "the second half mirrors the first"
    assert switched(0.6, 0.0, 2, 3).tolist() == [0, 0, 0.6, 0.6]


def test_the_part_that_leaves_the_country_is_found_through_the_shock():
    """Home 80, outside 20, a tenth of all exported: 10 of 20. Half of it lost: outside sales are 15, again 10/20."""
    home, exported = np.array([80.0, 80.0, 0.0]), np.array([0.1, 0.4, 0.1])
    none, half = np.zeros(3), np.full(3, 0.5)
    assert share_abroad(home, np.array([20.0, 20.0, 0.0]), exported, none).tolist() == [0.5, 1.0, 0.1]
    assert share_abroad(home[:1], np.array([15.0]), exported[:1], half[:1]).tolist() == pytest.approx([0.5])


def compiled(rows, months=60):
    scenario = sim.load("baseline").replace({"events.shocks": rows})
    return compile_shocks(scenario[Events], load_world(), months)


def test_what_is_left_of_several_rows_multiplies():
    found = compiled([event("leader_cut", "CATL", size=0.5, half_life=0), event("leader_exit", "CATL")])
    assert found.leader_cut[FIRST, 0] == 0.5
    both = compiled(
        [event("pandemic", "all", size=0.5, half_life=0), event("pandemic", "Fuding", size=0.2, half_life=0)]
    )
    fuding = load_world().county("FD")
    assert both.pandemic[FIRST, fuding] == pytest.approx(1 - 0.5 * 0.8)
    assert both.pandemic[FIRST, fuding - 1] == pytest.approx(0.5)


def test_a_county_may_be_called_by_name_or_code():
    name, code = (compiled([event("pandemic", county)]).pandemic for county in ("Fuding", "FD"))
    np.testing.assert_array_equal(name, code)


def test_a_market_or_all_of_them():
    one = compiled([event("trade_shock", "stainless")]).trade_shock[FIRST]
    assert np.flatnonzero(one).tolist() == [MARKETS.index("stainless")]
    assert (compiled([event("trade_shock", "all")]).trade_shock[FIRST] > 0).all()


def test_rows_of_size_nothing_leave_nothing_behind():
    assert compiled([]) is None
    assert compiled([row | {"size": 0} for row in ALL_KINDS]) is None


def test_a_supply_that_lacks_next_to_nothing_is_no_shortage():
    found = compiled([event("pandemic", "all", size=0.5, half_life=1, products=["B_CATH"])]).supply
    cathode = load_world().product("B_CATH")
    assert found[FIRST, cathode] == 0.5
    assert found[FIRST + 8, cathode] > 0
    assert not found[FIRST + 9 :].any()


def test_a_leader_without_orders_expects_the_least_growth():
    assert expected_growth(np.array([1.0] * 20 + [0.0]), 36, -0.3, 0.6) == -0.3


# --- nothing, and before ----------------------------------------------------------------------------------------------


def test_size_nothing_is_the_run_without_events_to_the_last_bit(run_with, later, same_run):
    empty = run_with(*[row | {"size": 0} for row in ALL_KINDS], months=FIRST + 9)
    same_run(empty, later)


def test_before_the_start_every_bit_is_that_of_the_run_without_events(run_with, later, same_run):
    """A product that may fall short has stocks from the beginning (9.12), so the pandemic here names none."""
    rows = [{key: value for key, value in row.items() if key != "products"} for row in ALL_KINDS]
    model = run_with(*rows, event("leader_exit", "ATL"), months=FIRST - 1)
    same_run(model, later)
    model.step()
    assert model.recorder.arrays["output"][FIRST - 1].sum() != later.recorder.arrays["output"][FIRST - 1].sum()


def test_books_balance_in_months_in_which_everything_happens_at_once_also_in_a_shortage(run_with):
    shortage = {"shortage.outside_supply": {"B_SEPA": [{"from": "2015-05", "value": 0.4}]}}
    for rule in ("local_first", "proportional"):
        model = run_with(
            *ALL_KINDS,
            event("leader_exit", "ATL", "2015-05"),
            event("technology_switch", "ENER > B_CELL", to="OTHM", half_life=3),
            months=FIRST + 9,
            more=shortage | {"run.rationing": rule},
        )
        assert max(model.recorder.residual.values()) < 1e-8
        assert model.state.ledger.critical is not None


# --- one type after the other -----------------------------------------------------------------------------------------


def test_a_cut_takes_its_share_of_the_orders_and_gives_it_back_with_the_half_life(run_with, calm, later):
    model = run_with(event("leader_cut", "QINGTUO", size=0.3, half_life=9), months=FIRST)
    group = model.leader_names.index("QINGTUO")
    usual = calm.state.boards.orders
    assert model.state.boards.orders[group] == pytest.approx(0.7 * usual[group], rel=1e-12)
    np.testing.assert_array_equal(np.delete(model.state.boards.orders, group), np.delete(usual, group))
    np.testing.assert_array_equal(model.state.boards.share, calm.state.boards.share)
    for _ in range(9):
        model.step()
    back = model.state.boards.orders[group] / later.state.boards.orders[group]
    assert back == pytest.approx(0.85, abs=0.02), "selection answers a little besides"
    orders = [each.recorder.arrays["output"][: FIRST + 9].sum(axis=(1, 2)) for each in (later, model)]
    lost = orders[0] - orders[1]
    assert lost[FIRST + 1] > 0
    assert lost[FIRST + 8] < lost[FIRST + 1 : FIRST + 6].max(), "it recovers"


def test_a_leader_that_leaves_closes_its_plants_one_by_one_and_stops_those_under_way(run_with, later):
    model = run_with(event("leader_exit", "QINGTUO", "2014-05"), months=4, more={"events.leader_exit_months": 6})
    group, state = model.leader_names.index("QINGTUO"), model.state
    own, firms = state.projects.leader == group, state.firms
    under_way = np.flatnonzero(own & (state.projects.stage >= Stage.SIGNED) & (state.projects.stage <= Stage.BUILD))
    assert len(under_way)
    open_, orders = [int((firms.alive & (firms.leader == group)).sum())], []
    for _ in range(6):
        model.step()
        open_.append(int((firms.alive & (firms.leader == group)).sum()))
        orders.append(model.state.boards.orders[group])
    assert (state.projects.stage[under_way] == Stage.FAILED).all()
    assert open_[0] >= 2
    assert open_[-1] == 0
    assert sorted(open_, reverse=True) == open_
    assert max(-np.diff(open_)) <= -(-open_[0] // 6), "not all at once"
    assert orders[0] > orders[2] > orders[4] > orders[5] == 0.0
    closed = [row for row in np.flatnonzero(firms.leader == group) if not firms.alive[row]]
    assert len(closed) == open_[0]
    for _ in range(6):
        model.step()
    assert state.projects.signed[state.projects.leader == group].max() < 5, "it plans nothing any more"
    for name in ("output", "jobs"):
        here, there = (each.recorder.arrays[name][state.month - 1].sum() for each in (model, later))
        assert here < 0.99 * there, name


def test_who_has_left_signs_no_dated_plant(fresh, next_month):
    model = fresh()
    state, group = next_month(model.state), model.leader_names.index("QINGTUO")
    state.shocks = Effects(leader_exit=np.zeros((2, 5)))
    state.shocks.leader_exit[1, group] = 0.01
    history = next(part for part in model.month_list if isinstance(part, History))
    first = [plant.leader for plant in history.plants if plant.announced == 1]
    assert first.count(group) >= 2
    history.step(state, model.streams)
    assert len(state.boards.own_projects) == len(first) - first.count(group)
    assert group not in {plant["leader"] for plant in state.boards.own_projects}
    state.shocks = None
    history.step(state, model.streams)
    assert group in {plant["leader"] for plant in state.boards.own_projects}


def test_the_oldest_plants_close_first(run_with):
    model = run_with(event("leader_exit", "QINGTUO", "2014-05"), months=4)
    state, group = model.state, model.leader_names.index("QINGTUO")
    plants = np.flatnonzero(state.firms.leader == group)
    state.shocks = Effects(leader_exit=np.full((60, 5), 0.0))
    state.shocks.leader_exit[:, group] = 0.5
    state.boards = Boards()
    Withdrawal().step(state, model.streams)
    closing = state.boards.leaving
    kept = np.setdiff1d(plants, np.flatnonzero(closing))
    assert closing.sum() == len(plants) // 2 >= 1
    assert state.firms.birth[closing].max() <= state.firms.birth[kept].min()


class Builder:
    """A leader that wants a plant of 1,000 M yuan a year in the first park, whatever its position."""

    index = 0

    def plan(self, *_):
        return 1000.0

    def choose_site(self, *_):
        return 0


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_diversification_sends_its_part_of_a_home_plant_to_the_best_rival_site(fresh, next_month, share):
    model = fresh()
    state = next_month(model.state)
    state.deciders.leaders = [Builder()]
    if share:
        state.shocks = Effects(diversification=np.full((2, 5), share))
    next(each for each in model.month_list if isinstance(each, Expansion)).step(state, model.streams)
    home = sum(plant["announced_output"] for plant in state.boards.own_projects)
    away = 12 * state.boards.rival_building[0]
    assert home == pytest.approx(1000.0 * (1.0 - share))
    assert away.sum() == pytest.approx(1000.0 * share)
    assert (away > 0).sum() == (share > 0)
    if share:
        assert away.argmax() == state.rivals.noise[0].argmax(), "rival sites differ in nothing else at the opening"
    assert all(plant["investment"] > 0 for plant in state.boards.own_projects)


def test_a_trade_shock_takes_what_is_sold_abroad_and_nothing_else(run_with, calm):
    model = run_with(event("trade_shock", "stainless", size=0.5, half_life=18), months=FIRST - 1)
    part = abroad(model.state).copy()
    model.step()
    state, usual, firms = model.state, calm.state, model.state.firms
    market = MARKETS.index("stainless")
    hit = (firms.market == market) & (firms.leader < 0) & (usual.boards.outside_demand > 0)
    assert hit.sum() > 5
    left = state.boards.outside_demand / np.where(usual.boards.outside_demand > 0, usual.boards.outside_demand, 1.0)
    assert left[hit] == pytest.approx(1.0 - 0.5 * part[firms.product[hit]], rel=1e-12)
    untouched = (firms.market != market) & (firms.leader < 0)
    np.testing.assert_array_equal(state.boards.outside_demand[untouched], usual.boards.outside_demand[untouched])
    group = model.leader_names.index("QINGTUO")
    others = np.arange(len(usual.boards.orders)) != group
    np.testing.assert_array_equal(state.boards.orders[others], usual.boards.orders[others])
    size = len(usual.boards.site_orders)
    leading = (firms.leader == group) & (firms.product == state.world.product("S_MELT"))
    plants = np.flatnonzero(leading & (state.boards.outside_demand > 0))
    plants = plants[plants < size]
    fall = [each.boards.outside_demand[plants] - each.boards.site_orders[plants] for each in (state, usual)]
    assert len(plants)
    np.testing.assert_allclose(*fall, rtol=1e-9, err_msg="plants of leaders lose with their order books, not again")
    kept = state.boards.orders[group] / usual.boards.orders[group]
    assert kept == pytest.approx(1.0 - 0.5 * part[state.world.product("S_MELT")], rel=1e-12)


def test_exports_fall_by_the_size_of_a_trade_shock(run_with):
    """Cells: a share x of output is exported; the first month of the shock loses half of that, as the books tell it."""
    row = event("trade_shock", "all", size=0.5, half_life=0)
    model = run_with(row, months=FIRST - 1)
    state = model.state
    exported = abroad(state).copy()
    assert ((exported >= 0) & (exported <= 1)).all()
    model.step()
    cell = state.world.product("B_CELL")
    before = abroad(state)[cell]
    for _ in range(3):
        model.step()
    assert abroad(state)[cell] == pytest.approx(before, rel=0.2), "the shock does not eat into its own measure"


def test_in_a_pandemic_the_missing_are_neither_at_work_nor_paid_and_their_posts_are_kept(run_with, calm):
    model = run_with(event("pandemic", "Fuding", size=0.4, half_life=2), months=FIRST)
    state, usual, place = model.state, calm.state, model.world.county("FD")
    for name in ("staff", "wages"):
        here, there = (sum_by(each.firms.county, getattr(each.firms, name), 10) for each in (state, usual))
        assert here[place] == pytest.approx(0.6 * there[place], rel=1e-12), name
        np.testing.assert_array_equal(np.delete(here, place), np.delete(there, place))
    np.testing.assert_array_equal(state.people.vacancy, usual.people.vacancy)
    firms, overtime = state.firms, 1.1
    here = (firms.county == place) & firms.alive
    assert (firms.output[here] <= overtime * 0.6 * state.boards.expected[here] * (1 + 1e-9)).all(), "services too"
    assert firms.output[here].sum() < 0.75 * usual.firms.output[here].sum()


def test_while_overtime_makes_up_for_the_missing_services_are_not_limited(run_with):
    model = run_with(event("pandemic", "all", size=0.05, half_life=2), months=FIRST)
    firms = model.state.firms
    assert np.isinf(model.state.boards.limit[firms.block & firms.alive]).all()


def test_a_pandemic_limits_the_outside_supply_of_what_it_names(run_with, calm):
    model = run_with(event("pandemic", "Fuding", size=0.4, half_life=2, products=["B_CATH"]), months=FIRST)
    shares, cathode = model.state.boards.outside_supply, model.world.product("B_CATH")
    assert shares[cathode] == pytest.approx(0.6)
    assert (np.delete(shares, cathode) == 1.0).all()
    assert model.state.critical.products.tolist() == [cathode]
    assert model.state.ledger.critical.supply[0] == pytest.approx(0.6 * model.state.critical.usual[0])
    assert calm.state.critical is None


def test_a_pandemic_and_a_shortage_of_one_product_multiply(run_with):
    more = {"shortage.outside_supply": {"B_CATH": 0.5, "B_SEPA": 0.8}}
    rows = [event("pandemic", "Fuding", size=0.4, half_life=2, products=["B_CATH"])]
    model = run_with(*rows, months=FIRST, more=more)
    shares = model.state.boards.outside_supply
    assert shares[model.world.product("B_CATH")] == pytest.approx(0.3)
    assert shares[model.world.product("B_SEPA")] == pytest.approx(0.8)


def test_a_collapse_of_a_commodity_takes_its_part_of_every_quotation_and_no_more(run_with, later):
    model = run_with(event("price_collapse", "Ni", size=0.5, half_life=6), months=FIRST + 9)
    fall = course(0.5, 6.0, FIRST, FIRST + 9)[1:]
    here, there = (each.recorder.arrays["commodity_price"][: FIRST + 9] for each in (model, later))
    np.testing.assert_allclose(here[:, 1], there[:, 1] * (1 - fall), rtol=1e-12)
    np.testing.assert_array_equal(here[:, [0, 2]], there[:, [0, 2]])
    steel = model.world.product("S_MELT")
    price = [each.recorder.arrays["price"][: FIRST + 9, steel] for each in (model, later)]
    assert (price[0][FIRST:] < price[1][FIRST:]).all(), "what is cheaper to make becomes cheaper"


def test_a_projected_commodity_returns_with_the_half_life_and_not_faster(run_with):
    """Known only to 2014, so that the quotations are drawn and the path of last month matters."""
    known = {"run.known_until": "2014-12"}
    calm = run_with(months=FIRST + 9, more=known)
    model = run_with(event("price_collapse", "Li", size=0.5, half_life=6), months=FIRST + 9, more=known)
    fall = course(0.5, 6.0, FIRST, FIRST + 9)[1:]
    here, there = (each.recorder.arrays["commodity_price"][: FIRST + 9, 0] for each in (model, calm))
    np.testing.assert_allclose(here, there * (1 - fall), rtol=1e-12)


def test_a_collapse_of_a_product_cuts_its_price_and_what_its_makers_earn(run_with, calm, later):
    model = run_with(event("price_collapse", "B_CELL", size=0.4, half_life=6), months=FIRST)
    cell = model.world.product("B_CELL")
    here, there = (each.recorder.arrays["price"][FIRST - 1] for each in (model, calm))
    assert here[cell] == pytest.approx(0.6 * there[cell], rel=1e-12)
    np.testing.assert_array_equal(np.delete(here, cell), np.delete(there, cell))
    earned = [each.recorder.arrays["value_added_nominal"][FIRST - 1, :, cell].sum() for each in (model, calm)]
    assert earned[0] < 0.7 * earned[1]
    for _ in range(9):
        model.step()
    here, there = (each.recorder.arrays["price"][FIRST + 8, cell] for each in (model, later))
    left = course(0.4, 6.0, 0, 9)[9]
    assert here == pytest.approx((1 - left) * there, rel=0.01)


# --- a switch of technology -------------------------------------------------------------------------------------------


def switching(state, part, buyer, to, share):
    """A copy of a state in whose month a share of an input has been given up."""
    world = state.world
    taker = world.product(to) if to else -1
    state = copy.copy(state)
    path = np.full(state.month + 1, share)
    state.shocks = Effects(switches=(Switch(world.product(part), world.product(buyer), taker, path),))
    return state


def test_a_material_from_outside_leaves_the_columns_as_they_are_and_the_home_makers_without_orders(calm):
    state = switching(calm.state, "B_CATH", "B_CELL", None, 0.25)
    world, plain = state.world, calm.state
    np.testing.assert_array_equal(input_coefficients(state), input_coefficients(plain))
    part, cell = world.product("B_CATH"), world.product("B_CELL")
    relations = plain.relations
    given = (relations.product == part) & (plain.firms.product[relations.buyer] == cell)
    assert given.any()
    np.testing.assert_allclose(needed_inputs(state)[given], 0.75 * needed_inputs(plain)[given], rtol=1e-12)
    np.testing.assert_array_equal(needed_inputs(state)[~given], needed_inputs(plain)[~given])
    ratio = lasting_inputs(state)[part, cell] / lasting_inputs(plain)[part, cell]
    assert ratio == pytest.approx(0.75), "nobody promotes what is no longer needed"


def test_another_product_takes_the_place_at_equal_value_over_links_and_over_the_pool(calm):
    plain, world = calm.state, calm.world
    cell, size = world.product("B_CELL"), world.product_count
    for part, to in (("B_CATH", "B_ANOD"), ("B_CATH", "OTHM"), ("OTHM", "B_ANOD")):
        state = switching(plain, part, "B_CELL", to, 0.25)
        before, after = (input_coefficients(each).reshape(size, -1, size)[:, :, cell] for each in (plain, state))
        old, new = world.product(part), world.product(to)
        np.testing.assert_allclose(after.sum(axis=0), before.sum(axis=0), rtol=1e-12)
        np.testing.assert_allclose(after[old], 0.75 * before[old], rtol=1e-12)
        np.testing.assert_allclose(after[new] - before[new], 0.25 * before[old], rtol=1e-9)
        bought = after.sum() - before.sum()
        assert bought == pytest.approx(0.0, abs=1e-12)
        pools = [home_pool(each).reshape(10, size, 10, size)[:, :, :, cell] for each in (plain, state)]
        np.testing.assert_allclose(pools[1][:, old], 0.75 * pools[0][:, old], rtol=1e-12)
        over_pool = not plain.technology.linked[new, cell]
        more = (pools[1][:, new] - pools[0][:, new]).sum(axis=0)
        share = plain.technology.home_share[new].sum(axis=0) if over_pool else np.zeros(10)
        np.testing.assert_allclose(more, share * 0.25 * before[old], atol=1e-12)
        relations, firms = plain.relations, plain.firms
        taking = (relations.product == new) & (firms.product[relations.buyer] == cell)
        more = (needed_inputs(state) - needed_inputs(plain))[taking]
        assert taking.any() == bool(plain.technology.linked[new, cell])
        np.testing.assert_allclose(more, 0.25 * before[old][firms.county[relations.buyer[taking]]], rtol=1e-9)


def test_what_is_given_up_counts_the_thrift_of_cells(calm):
    state = switching(calm.state, "B_CATH", "B_CELL", "OTHM", 0.25)
    (switch,) = state.shocks.switches
    cell = input_coefficients(calm.state).reshape(24, -1, 24)[switch.part, :, switch.buyer]
    np.testing.assert_allclose(given_up_by_county(state, switch), cell, rtol=1e-12)
    assert state.markets.material_factor < 1.0


def test_a_unit_of_metal_costs_the_same_however_many_are_used(calm):
    state = switching(calm.state, "OTHM", "B_CATH", "B_ANOD", 0.5)
    assert (exposure_matrix_of(state)[state.world.product("B_CATH")] > 0).any()
    prices = [
        paid_by_industry(
            each, input_coefficients(each)[:, :24].copy(), exposure_matrix_of(each), each.markets.commodity
        )
        for each in (calm.state, state)
    ]
    np.testing.assert_allclose(*prices, rtol=1e-12)


def test_makers_of_what_is_given_up_lose_and_the_books_balance(run_with, later):
    model = run_with(event("technology_switch", "B_CATH > B_CELL", size=0.8, half_life=2), months=FIRST + 9)
    cathode = model.world.product("B_CATH")
    made = [each.recorder.arrays["output"][FIRST + 8, :, cathode].sum() for each in (model, later)]
    assert made[0] < 0.95 * made[1]
    assert max(model.recorder.residual.values()) < 1e-8


# --- signs and ablation -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        event("leader_cut", "CATL"),
        event("leader_exit", "CATL"),
        event("trade_shock", "all"),
        event("pandemic", "all"),
    ],
    ids=lambda row: row["type"],
)
def test_leader_trade_and_pandemic_lower_output_at_first(run_with, later, row):
    model = run_with(row, months=FIRST + 2)
    here, there = (each.recorder.arrays["output"][FIRST - 1 : FIRST + 2].sum() for each in (model, later))
    assert here < there


def test_without_the_closing_of_plants_a_leader_that_leaves_keeps_them_empty(baseline, same_run):
    rows = [event("leader_exit", "QINGTUO", "2014-03")]
    plan = baseline.replace(END | {"events.shocks": rows, "events.leader_exit_months": 3}, name="changed")
    usual, blank = NingdeModel(plan, 1), NingdeModel(plan, 1, without=(Withdrawal,))
    for model in (usual, blank):
        for _ in range(7):
            model.step()
    group = usual.leader_names.index("QINGTUO")
    open_ = [(model.state.firms.alive & (model.state.firms.leader == group)).sum() for model in (usual, blank)]
    assert open_[0] == 0
    assert open_[1] >= 2
    assert effect(blank.state, "leader_exit")[group] == 1.0
    assert blank.state.boards.orders[group] == 0.0
    calm = [NingdeModel(baseline, 1, without=without) for without in ((), (Withdrawal,))]
    for model in calm:
        for _ in range(3):
            model.step()
    same_run(*calm)
