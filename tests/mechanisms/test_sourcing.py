"""Who buys from whom: logit shares weighted by capacity, habit, qualification, devoted capacity, first options."""

from copy import deepcopy

import numpy as np
import pytest

from sim.accounts import BrokenIdentityError, check_all, check_budgets
from sim.draws import Streams
from sim.mechanisms.prices import needed_inputs
from sim.mechanisms.production import unit_costs
from sim.mechanisms.sourcing import (
    Connection,
    Sourcing,
    SupplierChoice,
    bonus_of,
    dearer_share,
    devoted,
    largest,
    market_volume,
    month_bonus,
    nameplate,
    potential_coverage,
    purchase_weights,
    qualified_capacity,
    relative_cost,
    target_shares,
    utility,
)
from sim.resolvers.accounts_of_firms import month_accounts
from sim.resolvers.production import resolve_supply
from sim.state import SPENDING_ITEMS

# --- formulas ---------------------------------------------------------------------------------------------------------


def test_utility_of_a_link():
    sourcing = Sourcing()
    cost, quality = np.array([1.0, 1.1, 1.0, 1.0]), np.array([0.5, 0.5, 0.5, 0.5])
    key, linked = np.array([False, False, True, False]), np.array([False, False, False, True])
    found = utility(cost, quality, key, linked, sourcing)
    assert found == pytest.approx([0.3, 0.3 - 8.0 * np.log(1.1), 0.6, 1.8])


def test_target_shares_are_logit_shares_against_the_outside_option():
    attraction, relation = np.array([2.0, 1.0, 4.0, 0.0]), np.array([0, 0, 1, 2])
    option = np.array([1.0, 4.0, 5.0])
    assert target_shares(attraction, relation, option) == pytest.approx([0.5, 0.25, 0.5, 0.0])


@pytest.mark.parametrize("seed", range(4))
def test_target_shares_of_a_buyer_sum_below_one(seed):
    rng = np.random.default_rng(seed)
    relation = rng.integers(0, 20, 200)
    shares = target_shares(rng.uniform(0, 50, 200), relation, rng.uniform(0.01, 1, 20))
    total = np.bincount(relation, shares, minlength=20)
    assert ((shares >= 0) & (total[relation] < 1)).all()


def test_no_supplier_devotes_more_than_its_share_of_capacity():
    weight, need = np.array([0.5, 0.4, 0.3]), np.array([100.0, 100.0, 10.0])
    supplier, cap = np.array([0, 0, 1]), np.array([60.0, 60.0])
    cut = devoted(weight, need, supplier, cap, 0.85)
    assert (cut * need)[:2].sum() == pytest.approx(51.0)
    assert cut[:2] / weight[:2] == pytest.approx([51.0 / 90.0] * 2), "buyers are cut in proportion"
    assert cut[2] == weight[2]


def test_parity_gives_one_half():
    """Capacity equal to need, average quality, parity of cost, no habit: half is bought nearby."""
    sourcing = Sourcing()
    key = np.array([False, True])
    need = np.array([30.0, 30.0])
    option = Connection(sourcing).parity_option(need, key)
    value = utility(np.ones(2), np.full(2, 0.5), key, np.zeros(2, dtype=bool), sourcing)
    assert target_shares(need * np.exp(value), np.arange(2), option) == pytest.approx([0.5, 0.5])


def test_farther_suppliers_are_dearer_and_vehicle_parts_feel_minutes(fresh):
    state = fresh().state
    world, sourcing = state.world, Sourcing()
    supplier = np.zeros(world.county_count, dtype=int)
    buyers = state.firms.append(
        world.county_count, county=np.arange(world.county_count), product=world.product("S_ROLL"), alive=True
    )
    supplier[:] = state.firms.append(1, county=world.county("FA"), product=world.product("S_MELT"), alive=True)[0]
    cost = relative_cost(state, supplier, buyers, sourcing)
    road = world.kilometres[world.county("FA")]
    assert (np.diff(cost[np.argsort(road)]) >= 0).all()
    assert cost.max() > cost.min()
    assert cost == pytest.approx((1.0 + sourcing.freight * road) / (1.0 + sourcing.freight * 1000.0))
    state.firms.product[buyers], state.firms.product[supplier] = world.product("V_OEM"), world.product("V_BODY")
    with_minutes = relative_cost(state, supplier, buyers, sourcing)
    extra = sourcing.jit_cost * world.minutes[world.county("FA")] / (1.0 + sourcing.freight * 1000.0)
    np.testing.assert_allclose(with_minutes - cost, extra, rtol=1e-9)


# --- the month --------------------------------------------------------------------------------------------------------


def choice_of(model):
    return next(part for part in model.month_list if isinstance(part, SupplierChoice))


def supply(model, next_month, months=1):
    """SUPPLY alone, for some months."""
    state = model.state
    for _ in range(months):
        next_month(state)
        choice_of(model).step(state, Streams(1))
        resolve_supply(state, Streams(1))
    return state


def test_the_opening_stands_still(fresh, next_month):
    model = fresh()
    before = model.state.links.weight.copy()
    assert len(before) > 300
    supply(model, next_month, 24)
    np.testing.assert_allclose(model.state.links.weight, before, rtol=1e-9)


def home_share(state, product):
    """Share of the cell makers' purchases of a product that is bought nearby, and capacity over need."""
    firms, relations, links = state.firms, state.relations, state.links
    mine = (relations.product == product) & (firms.leader[relations.buyer] >= 0)
    need = np.where(mine, relations.coefficient * firms.output[relations.buyer], 0.0)
    bought = (links.weight * need[links.relation])[mine[links.relation]].sum()
    return bought / need.sum()


@pytest.mark.parametrize(
    ("times", "low", "high"), [pytest.param(30, 0.25, 0.65, marks=pytest.mark.slow), (100, 0.50, 0.85)]
)
def test_more_local_capacity_raises_the_home_share_without_filling_it(fresh, next_month, times, low, high):
    """Cathode capacity times 30 and times 100; a logit without capacity weights goes to 1 at once or stays."""
    model = fresh({"io.flq_delta": 0.15})  # that of the reference computation, which gave 0.54 and 0.79
    state = model.state
    cathode = state.world.product("B_CATH")
    before = home_share(state, cathode)
    state.firms.capacity = np.where(state.firms.product == cathode, times * state.firms.capacity, state.firms.capacity)
    supply(model, next_month, 120)
    after = home_share(state, cathode)
    assert low < after < high
    odds = before / (1.0 - before)
    assert after == pytest.approx(times * odds / (1.0 + times * odds), rel=0.02), "odds grow with capacity"


def test_shares_move_by_their_part_of_the_gap(fresh, next_month):
    model = fresh()
    state = model.state
    state.relations.option *= 0.5
    before = state.links.weight.copy()
    buyer = np.bincount(state.links.relation, before, minlength=len(state.relations))[state.links.relation]
    goal = before / (buyer + 0.5 * (1.0 - buyer))  # attraction was w / (1 - sum w) of the option
    supply(model, next_month)
    moved = state.links.weight - before
    free = ~np.isclose(moved, 0.0)
    assert free.any()
    uncut = np.isclose(moved, state.scenario[Sourcing].adjust * (goal - before), rtol=1e-6)
    assert uncut.mean() > 0.9, "a few suppliers have sold all they may"
    sold = np.bincount(
        state.links.supplier,
        state.links.weight
        * (state.relations.coefficient * state.firms.output[state.relations.buyer])[state.links.relation],
        minlength=len(state.firms),
    )
    assert (sold <= 0.85 * state.firms.capacity * (1 + 1e-9))[state.links.supplier].all()


def test_the_outside_option_grows_with_its_market(fresh, next_month):
    one, two = fresh(), fresh()
    two.state.markets.volume *= 2.0
    supply(one, next_month)
    supply(two, next_month)
    assert two.state.links.weight.sum() < one.state.links.weight.sum()


def add_firm(state, product, county, month=None, capacity=100.0):
    """A new plant of a chain product, connected."""
    world = state.world
    node = world.county(county) * world.product_count + world.product(product)
    rows = state.firms.append(
        1,
        product=world.product(product),
        county=world.county(county),
        node=node,
        capacity=capacity,
        capital=12.0 * capacity,
        capital_intensity=1.0,
        birth=state.month if month is None else month,
        quality=0.5,
        alive=True,
    )
    Connection(state.scenario[Sourcing]).connect(state, rows)
    return int(rows[0])


def test_a_new_supplier_qualifies_before_it_sells(fresh, next_month):
    model = fresh()
    state = model.state
    row = add_firm(state, "B_CATH", "DQ", month=1, capacity=1000.0)
    mine = state.links.supplier == row
    assert mine.any()
    assert (state.links.weight[mine] == 0).all()
    months = int(state.scenario[Sourcing].qualification)
    supply(model, next_month, months)
    assert (state.links.weight[mine] == 0).all()
    supply(model, next_month, 1)
    assert (state.links.weight[mine] > 0).all()
    supply(model, next_month, 60)
    total = np.bincount(state.links.relation, state.links.weight, minlength=len(state.relations))
    assert (total < 1.0).all()


def test_a_new_buyer_of_an_old_county_compares_as_its_neighbours_do(fresh):
    state = fresh().state
    relations, world = state.relations, state.world
    cathode = world.product("B_CATH")
    cell_buyers = state.firms.product[relations.buyer] == world.product("B_CELL")
    in_dq = state.firms.county[relations.buyer] == world.county("DQ")
    peers = np.flatnonzero((relations.product == cathode) & cell_buyers & in_dq)
    need = relations.coefficient[peers] * state.firms.capacity[relations.buyer[peers]]
    expected = np.average(relations.option[peers], weights=need)
    row = add_firm(state, "B_CELL", "DQ")
    mine = np.flatnonzero((relations.buyer == row) & (relations.product == cathode))
    assert len(mine) == 1
    assert relations.option[mine[0]] == pytest.approx(expected)
    assert relations.option_set[mine[0]]
    assert relations.option_reference[mine[0]] == market_volume(state, np.array([cathode]))[0]


def test_new_buyers_of_a_county_share_one_parity(fresh, next_month):
    """Two first buyers: local capacity equal to the need of both gives one half to each, after long years."""
    model = fresh()
    state = model.state
    world = state.world
    buyers = [add_firm(state, "V_OEM", "JC", capacity=500.0) for _ in range(2)]
    body = world.product("V_BODY")
    relations = state.relations
    mine = [np.flatnonzero((relations.buyer == row) & (relations.product == body))[0] for row in buyers]
    supply(model, next_month)
    need = relations.coefficient[mine] * 500.0
    option = relations.option[mine]
    assert option[0] == pytest.approx(option[1])
    parity = need.sum() * np.exp(state.scenario[Sourcing].quality * 0.5)
    assert option[0] == pytest.approx(parity)


def test_potential_coverage_weighs_inputs_and_stops_at_need(fresh):
    state = fresh().state
    cell = state.world.product("B_CELL")
    weights = purchase_weights(state, cell)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights[state.world.legacy] == 0).all()
    state.firms.capacity[:] = 0.0
    assert potential_coverage(state, cell, 0.0) == pytest.approx(np.zeros(10))
    cathode = state.world.product("B_CATH")
    rows = np.flatnonzero(state.firms.product == cathode)
    output = state.firms.output[state.firms.product == cell].sum()
    state.firms.capacity[rows[0]] = 0.5 * state.technology.inputs[cathode, cell] * output
    assert potential_coverage(state, cell, 0.0) == pytest.approx(np.full(10, 0.5 * weights[cathode]), rel=0.02)
    state.firms.capacity[rows[0]] *= 100.0
    assert potential_coverage(state, cell, 0.0) == pytest.approx(np.full(10, weights[cathode]))
    near = potential_coverage(state, cell, 0.05)
    assert near.min() < near.max() <= weights[cathode] * (1 + 1e-12)


def test_capacity_counts_once_it_is_qualified(fresh):
    state = fresh().state
    before = qualified_capacity(state).sum()
    add_firm(state, "B_CATH", "DQ", month=0, capacity=10.0)
    state.month = 8
    assert qualified_capacity(state).sum() == pytest.approx(before)
    state.month = 9
    assert qualified_capacity(state).sum() == pytest.approx(before + 10.0)


def test_a_new_link_starts_with_the_taste_of_its_county_pair(fresh):
    state = fresh().state
    world, links, relations, firms = state.world, state.links, state.relations, state.firms
    cathode, cell = world.product("B_CATH"), world.product("B_CELL")
    buyers = relations.buyer[links.relation]
    peers = (firms.product[links.supplier] == cathode) & (firms.product[buyers] == cell) & (links.weight > 0)
    peers &= (firms.county[links.supplier] == world.county("DQ")) & (firms.county[buyers] == world.county("DQ"))
    assert peers.any()
    expected = np.average(links.taste[peers], weights=firms.capacity[links.supplier[peers]])
    row = add_firm(state, "B_CATH", "DQ")
    buyers = relations.buyer[links.relation]
    mine = (links.supplier == row) & (firms.product[buyers] == cell) & (firms.county[buyers] == world.county("DQ"))
    np.testing.assert_allclose(links.taste[mine], expected)
    far = add_firm(state, "B_CATH", "GT")
    buyers = relations.buyer[links.relation]
    lone = (links.supplier == far) & (firms.product[buyers] == cell)
    assert lone.any()
    assert (links.taste[lone] == 1.0).all(), "this pair of counties had no supply"


def test_a_new_plant_is_linked_to_every_buyer_and_supplier_of_its_goods(fresh):
    state = fresh().state
    world, firms, linked = state.world, state.firms, state.technology.linked
    row = add_firm(state, "B_STRU", "FD")
    relations, links = state.relations, state.links
    product = world.product("B_STRU")
    chain = np.flatnonzero(world.chain_product[firms.product] & ~firms.block & firms.alive)
    buyers = [each for each in chain if linked[product, firms.product[each]]]
    sold = relations.buyer[links.relation[links.supplier == row]]
    assert sorted(sold) == sorted(buyers)
    inputs = np.flatnonzero(linked[:, product])
    assert sorted(relations.product[relations.buyer == row]) == sorted(inputs)
    bought = links.supplier[relations.buyer[links.relation] == row]
    sellers = [each for each in chain if firms.product[each] in inputs]
    assert sorted(bought) == sorted(sellers)


def test_nameplate_is_capacity_at_full_ramp(opening):
    rows = np.flatnonzero(~opening.firms.block)
    np.testing.assert_allclose(nameplate(opening, rows), opening.firms.capacity[rows], rtol=1e-12)
    assert (opening.firms.productivity[rows] != 1.0).any()


def test_first_options_of_two_counties_do_not_mix(fresh, next_month):
    model = fresh()
    state = model.state
    body = state.world.product("V_BODY")
    buyers = [add_firm(state, "V_OEM", county, capacity=cap) for county, cap in (("JC", 500.0), ("FD", 300.0))]
    supply(model, next_month)
    relations = state.relations
    options = [float(relations.option[(relations.buyer == row) & (relations.product == body)][0]) for row in buyers]
    assert options[1] / options[0] == pytest.approx(0.6)


# --- economies of many firms ------------------------------------------------------------------------------------------


def test_the_largest_of_every_group_are_kept_and_the_first_of_equals():
    group = np.array([0, 1, 0, 0, 1, 0])
    size = np.array([5.0, 1.0, 7.0, 5.0, 2.0, 9.0])
    assert largest(group, size, 3).tolist() == [True, True, True, False, True, True]
    assert largest(group, size, 4).all()
    assert largest(group, size, 1).tolist() == [False, False, False, False, True, True]


def test_a_new_supplier_gets_to_know_the_largest_buyers_only(fresh, monkeypatch):
    """With a bound of two, one link for each of the two largest relations of its product; without, one for each."""
    model = fresh()
    model.step()
    model.step()
    model.state.deciders = None  # agents hold the model, which need not be copied
    product = np.bincount(model.state.relations.product).argmax()
    counts = {}
    for most in (2, 10**6):
        state = deepcopy(model.state)
        monkeypatch.setattr("sim.mechanisms.sourcing.MOST_PARTNERS", most)
        row = state.firms.append(1, product=product, node=product, county=0, capital=1.0, capital_intensity=1.0)
        Connection(model.plan[Sourcing]).connect(state, row)
        mine = state.links.relation[(state.links.supplier == row[0])]
        mine = mine[state.relations.buyer[mine] != row[0]]
        counts[most] = len(mine)
        if most == 2:
            asked = np.flatnonzero((state.relations.product == product) & (state.relations.buyer != row[0]))
            need = state.relations.coefficient * state.firms.capacity[state.relations.buyer]
            assert set(mine) == set(asked[np.argsort(-need[asked], kind="stable")[:2]])
    assert counts[2] == 2
    assert counts[10**6] > 2


# --- ablations --------------------------------------------------------------------------------------------------------


def shares(model):
    """Shares of the links by supplier and relation, of opening suppliers and of those born since."""
    links, opening = model.state.links, model.state.firms.opening
    found = dict(zip(zip(links.supplier, links.relation, strict=True), links.weight, strict=True))
    old = {key: weight for key, weight in found.items() if opening[key[0]]}
    return old, {key: weight for key, weight in found.items() if not opening[key[0]]}


@pytest.mark.parametrize("how", [pytest.param("no speed", marks=pytest.mark.slow), "left out"])
def test_without_adjustment_shares_stand_still(usual, beside, how):
    values, without = ({"sourcing.adjust": 0.0}, ()) if how == "no speed" else ({}, (SupplierChoice,))
    still = beside(values, without=without, months=24)
    first = shares(beside(months=0))[0]
    old, new = shares(still)
    assert len(new) > 0, "plants that came have links"
    assert not any(new.values()), "but sell nothing over them"
    kept = [key for key in old if key in first]
    assert len(kept) > 0.5 * len(first)
    np.testing.assert_allclose([old[key] for key in kept], [first[key] for key in kept], rtol=1e-12)
    old, new = shares(usual)
    moved = np.array([old[key] - first[key] for key in old if key in first])
    assert (moved > 1e-4).any(), "with it some gain"
    assert (moved < -1e-4).any(), "and some lose"
    assert any(new.values()), "and newcomers sell"
    for name in ("world_volume", "entered"):
        left, right = (model.recorder.arrays[name][:12] for model in (still, usual))
        np.testing.assert_array_equal(left, right, err_msg=name)


def test_without_habit_the_opening_is_the_same_and_a_newcomer_is_tried_sooner(beside, next_month):
    """Habit is in the tastes of the opening; what it hinders is the first order of one who comes later."""
    models = [beside(months=0), beside({"sourcing.habit": 0.0}, months=0)]
    usual, free = (shares(model)[0] for model in models)
    assert free == pytest.approx(usual, rel=1e-12)
    first, later = [], []
    for model in models:
        row = add_firm(model.state, "B_CATH", "DQ", month=-100, capacity=1.0)
        mine = model.state.links.supplier == row
        supply(model, next_month)
        target = model.state.links.weight[mine] / model.state.scenario[Sourcing].adjust
        first.append(target / (1.0 - target))
        supply(model, next_month, 120)
        later.append(model.state.links.weight[mine])
    assert len(first[0]) > 2
    np.testing.assert_allclose(first[1], np.exp(Sourcing().habit) * first[0], rtol=0.01)
    np.testing.assert_allclose(later[1], later[0], rtol=0.01, err_msg="once tried, it has the habit on its side too")


def test_cell_makers_buy_no_more_at_home_than_home_suppliers_could_cover(usual):
    """C_real stays below C_pot, with room for what is measured at other moments of the month."""
    months = usual.state.month
    realised, potential = (usual.recorder.arrays[f"local_share_{name}"][:months] for name in ("realised", "potential"))
    assert (realised <= potential + 0.02).all()
    assert (realised > 0).all()


# --- bonus on purchases at home ---------------------------------------------------------------------------------------


def test_what_dearer_suppliers_get_is_the_triangle_of_the_bonus():
    """Bonus on all home purchases less the fall of the logit price index, by hand at half and half."""
    share, bonus, theta = np.array([0.0, 0.6, 1.0]), 0.05, 8.0
    raised = (1 - bonus) ** -theta
    before = 0.6 / raised / (0.4 + 0.6 / raised)  # share without the bonus: A / (O + A), with A' = raised A
    gain = np.log((1 - before) + before * raised) / theta
    by_hand = -0.6 * np.log(1 - bonus) - gain
    found = dearer_share(share, bonus, theta)
    assert found == pytest.approx([0.0, by_hand, 0.0], abs=1e-15)
    assert found[1] == pytest.approx(theta * 0.25 * bonus**2 / 2, rel=0.1)
    assert (dearer_share(share, 0.0, theta) == 0).all()


def with_bonus(bonus):
    return {"sourcing.local_bonus": bonus}


def test_without_bonus_nothing_is_paid_and_no_bit_moves(fresh, same_run):
    never, later = fresh(), fresh(with_bonus([{"from": "2014-07", "value": 0.05}]))
    for model in (never, later):
        for _ in range(6):
            model.step()
    same_run(never, later)
    assert not later.state.firm_accounts.bonus.any()
    later.step()
    assert later.state.firm_accounts.bonus.sum() > 0


def test_a_bonus_draws_purchases_home_with_less_and_less_effect(fresh):
    shares = []
    for bonus in (0.0, 0.02, 0.04):
        model = fresh(with_bonus(bonus))
        for _ in range(8):
            model.step()
        links, relations = model.state.links, model.state.relations
        weight = np.bincount(links.relation, links.weight, minlength=len(relations))
        need = relations.coefficient * model.state.firms.output[relations.buyer]
        shares.append((weight * need).sum() / need.sum())
    assert shares[0] < shares[1] < shares[2]


def test_home_suppliers_attract_by_the_price_after_the_bonus(fresh, next_month):
    model = fresh(with_bonus(0.05))
    state = next_month(model.state)
    choice = next(part for part in model.month_list if isinstance(part, SupplierChoice))
    paid = choice._pull(state)
    state.budgets.funded[-1] = 0.5
    half = choice._pull(state)
    state.budgets.funded[-1] = 0.0
    unpaid = choice._pull(state)
    some = unpaid > 0
    np.testing.assert_allclose(paid[some] / unpaid[some], 0.95**-8.0)
    np.testing.assert_allclose(half[some] / unpaid[some], 0.975**-8.0)


def test_the_bonus_has_payer_and_payees(fresh):
    model = fresh(with_bonus(0.04))
    for _ in range(8):
        model.step()
    state = model.state
    books, item = state.firm_accounts, SPENDING_ITEMS.index("local purchases")
    paid = state.ledger.spending[item]
    assert paid[-1] > 0
    assert (paid[:-1] == 0).all()
    assert books.bonus.sum() == pytest.approx(paid[-1], rel=1e-12)
    assert state.ledger.payments["bonus on local purchases"] == pytest.approx(paid[-1], rel=1e-12)
    links, relations, firms = state.table.links, state.relations, state.firms
    by_hand = np.zeros(len(firms))
    needed = needed_inputs(state)
    for link in np.flatnonzero(links.weight > 0):
        relation, supplier = links.relation[link], links.supplier[link]
        buyer, product = relations.buyer[relation], relations.product[relation]
        bought = needed[relation] * links.weight[link] * firms.output[buyer] * state.table.served[supplier]
        by_hand[buyer] += 0.04 * bought * state.markets.price[product] / state.markets.price_level
    np.testing.assert_allclose(books.bonus, by_hand, rtol=1e-9, atol=1e-12)
    check_all(state)
    state.ledger.spending[item, -1] *= 1 + 1e-6
    with pytest.raises(BrokenIdentityError, match="I12"):
        check_budgets(state)


def test_dearer_suppliers_are_paid_by_who_buys_from_them(fresh):
    """What buyers pay above the price is what suppliers get: nothing is lost, and less than the bonus."""
    model = fresh(with_bonus(0.05))
    for _ in range(6):
        model.step()
    state = model.state
    bonus = month_bonus(state, state.table, state.firms.output)
    assert bonus.dearer.sum() == pytest.approx(0.0, abs=1e-9 * np.abs(bonus.dearer).sum())
    assert bonus.dearer.min() < 0 < bonus.dearer.max()
    assert np.abs(bonus.dearer).sum() / 2 < 0.3 * bonus.paid.sum() * state.markets.price_level
    np.testing.assert_allclose(state.firms.premium, bonus.dearer, atol=1e-9)


def test_the_bonus_is_profit_and_taxed_as_such(fresh):
    model = fresh(with_bonus(0.05))
    for _ in range(6):
        model.step()
    state, rates = model.state, model.state.budgets.rates
    books = state.firm_accounts
    before = (state.firms.surplus + books.depreciation - books.interest + books.grants)[: len(books.bonus)]
    np.testing.assert_allclose(books.gross_surplus, before, rtol=1e-9, atol=1e-9)
    with_it = month_accounts(state, rates)
    state.ledger.bonus = np.zeros_like(state.ledger.bonus)
    without = month_accounts(state, rates)
    earns = (without.profit_tax > 0) & (with_it.bonus > 0)
    assert earns.any()
    np.testing.assert_allclose((with_it.profit_tax - without.profit_tax)[earns], 0.25 * with_it.bonus[earns], rtol=1e-6)
    np.testing.assert_allclose((with_it.gross_surplus - without.gross_surplus)[earns], 0.75 * with_it.bonus[earns])


def test_unit_cost_falls_by_less_than_the_bonus(fresh, next_month):
    model = fresh(with_bonus([{"from": "2014-02", "value": 0.05}]))
    model.step()
    before, _ = unit_costs(model.state)
    state = next_month(model.state)
    after, _ = unit_costs(state)
    fall = before - after
    links, relations = state.links, state.relations
    share = np.bincount(links.relation, links.weight, minlength=len(relations))
    price = state.markets.price[relations.product]
    most = np.bincount(relations.buyer, 0.05 * share * needed_inputs(state) * price, minlength=len(fall))
    assert (fall[most > 0] > 0).all()
    assert (fall <= most + 1e-12).all()
    assert (np.abs(fall[most == 0]) < 1e-12).all()


def test_a_city_that_cannot_pay_gives_no_bonus(fresh):
    model = fresh(with_bonus(0.05))
    model.step()
    assert bonus_of(model.state) == 0.05 * model.state.funded[-1]
    model.state.budgets.funded[-1] = 0.0
    assert bonus_of(model.state) == 0.0
    assert not month_bonus(model.state, model.state.table, model.state.firms.output).dearer.any()
    model.step()
    asked = month_bonus(model.state, model.state.table, model.state.firms.output).paid.sum()
    assert not model.state.firm_accounts.bonus.any()
    other = fresh()
    for _ in range(2):
        other.step()
    more = model.state.ledger.asked[-1] - other.state.ledger.asked[-1]
    assert more == pytest.approx(asked), "what cannot be paid is asked for all the same"
    assert asked > 0
