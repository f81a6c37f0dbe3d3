"""Rationing and scarce inputs: numbers worked out by hand, order and bounds on random economies, the spiral."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sim.inputoutput.rationing import (
    HeldOrders,
    Matrix,
    NoConvergenceError,
    Position,
    Scarce,
    _Rounds,
    compare_rules,
    outside_use,
    ration,
    served,
    solve,
)

TOLERANCE = 1e-13
RULES = ("local_first", "proportional")


def scarce(maker, need, supply, stock=None, quota=None):
    need = np.array(need, dtype=float)
    stock = np.zeros_like(need) if stock is None else np.array(stock, dtype=float)
    return Scarce(np.array(maker), need, np.array(supply, dtype=float), stock, quota)


def in_shortage(home, cap, final, what, rule, rounds=2000):
    """x0, the rounds of (C2), and output of an economy."""
    matrix = Matrix(np.array(home, dtype=float))
    cap, final = np.array(cap, dtype=float), np.array(final, dtype=float)
    usual, _ = solve(matrix, cap, final, np.zeros(len(final)), TOLERANCE)
    found = ration(matrix, usual, final, what, rule, rounds=rounds)
    orders = HeldOrders(matrix, what, found)
    output, _ = solve(orders, np.minimum(cap, found.share * usual), final, usual, TOLERANCE)
    return usual, found, orders, output


def economy(seed, products=2):
    """A random economy of 3 to 8 rows: M, caps that bind for some, final demand, makers, needs of scarce products.

    Needs cover what is bought at home and mostly more; some buyers can do without. Sums of inputs stay below 1.
    """
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(3, 9))
    home = rng.uniform(0.0, 1.0, (rows, rows)) * (rng.uniform(size=(rows, rows)) < 0.5)
    home *= rng.uniform(0.2, 0.7) / max(home.sum(axis=0).max(), 1e-9)
    maker = rng.integers(-1, products, rows)
    at_home = np.array([home[maker == product].sum(axis=0) for product in range(products)])
    need = at_home * rng.uniform(1.0, 1.3, at_home.shape) + rng.uniform(0.0, 0.04, at_home.shape)
    need[rng.uniform(size=need.shape) < 0.2] = 0.0
    final = rng.uniform(0.0, 5.0, rows)
    free = np.linalg.solve(np.eye(rows) - home, final)
    cap = np.where(rng.uniform(size=rows) < 0.5, free * rng.uniform(0.4, 1.0, rows), np.inf)
    return home, cap, final, maker, need, rng


# --- who is served ----------------------------------------------------------------------------------------------------


def test_home_producers_first_or_all_alike():
    """Makes 12; home producers order 10, others 20: 10 of 10 are served, or 12 of 30 everywhere."""
    output, wanted, final = np.array([12.0, 0.0]), np.array([10.0, 0.0]), np.array([20.0, 0.0])
    assert served("local_first", output, wanted, final) == pytest.approx([1.0, 1.0])
    assert served("proportional", output, wanted, final) == pytest.approx([0.4, 1.0])


# --- shortages by hand ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_a_buyer_that_lacks_a_fifth_of_an_input_makes_four_fifths(rule):
    """Row 1 makes 100 and needs 50: 30 from row 0, 20 from outside, of which 10 come. 40 of 50 are there: it makes 80.

    It goes on taking 30 at home; row 0 makes those and its final 10.
    """
    what = scarce([0, -1], [[0.0, 0.5]], [10.0])
    usual, found, orders, output = in_shortage([[0, 0.3], [0, 0]], [np.inf, np.inf], [10, 100], what, rule)
    assert usual == pytest.approx([40.0, 100.0])
    assert found.offers[0, 1] == pytest.approx(30.0)
    assert found.imports[0, 1] == pytest.approx(10.0)
    assert found.share == pytest.approx([1.0, 0.8])
    assert output == pytest.approx([40.0, 80.0])
    use = outside_use(orders.deliveries, what, found.served, output, orders.basis(output))
    assert use == pytest.approx(np.array([[0.0, 10.0]]))


def test_stocks_come_before_the_shortage_bites():
    """As before with 6 in stock: 50 - 30 - 6 = 14 are missing, 10 come, 4 lack: 92 % of the output."""
    what = scarce([0, -1], [[0.0, 0.5]], [10.0], [[0.0, 6.0]])
    _, found, _, output = in_shortage([[0, 0.3], [0, 0]], [np.inf, np.inf], [10, 100], what, "local_first")
    assert found.share == pytest.approx([1.0, 0.92])
    assert output == pytest.approx([40.0, 92.0])


def test_the_outside_supply_is_shared_by_what_each_lacks():
    """Needs of 50 each; 40 and 10 come from home; gaps of 10 and 40 share 25: 5 and 20. So 45 and 30 of 50."""
    what = scarce([0, -1, -1], [[0.0, 0.5, 0.5]], [25.0])
    home = [[0, 0.4, 0.1], [0, 0, 0], [0, 0, 0]]
    _, found, _, output = in_shortage(home, [np.inf] * 3, [0, 100, 100], what, "local_first")
    assert found.imports[0] == pytest.approx([0.0, 5.0, 20.0])
    assert output == pytest.approx([50.0, 90.0, 60.0])


def test_fixed_quotas_leave_what_a_customer_does_not_need():
    """Quotas of 15 and 10 in place of the pool of 25: the first needs only 10 of its 15, the second has 20 of 50."""
    what = scarce([0, -1, -1], [[0.0, 0.5, 0.5]], [25.0], quota=np.array([[0.0, 15.0, 10.0]]))
    home = [[0, 0.4, 0.1], [0, 0, 0], [0, 0, 0]]
    _, found, _, output = in_shortage(home, [np.inf] * 3, [0, 100, 100], what, "local_first")
    assert found.imports[0] == pytest.approx([0.0, 10.0, 10.0])
    assert output == pytest.approx([50.0, 100.0, 40.0])


@pytest.mark.parametrize(
    ("rule", "offered", "output"), [("local_first", 30, [60, 75, 75]), ("proportional", 24, [60, 60, 60])]
)
def test_a_short_home_supplier_under_both_rules(rule, offered, output):
    """Row 0 makes 60 of 100 ordered: 80 by rows 1 and 2, 20 by others; nothing comes from outside.

    Local first: 60 / 80 of the orders of each producer. Proportional: 60 / 100, and others get 12 of their 20.
    """
    what = scarce([0, -1, -1], [[0.0, 0.4, 0.4]], [0.0])
    home = [[0, 0.4, 0.4], [0, 0, 0], [0, 0, 0]]
    _, found, _, made = in_shortage(home, [60, np.inf, np.inf], [20, 100, 100], what, rule)
    assert found.offers[0, 1:] == pytest.approx([offered, offered])
    assert made == pytest.approx(output)


@pytest.mark.parametrize(("rule", "output"), [("local_first", [30, 60]), ("proportional", [30, 50])])
def test_a_shortage_runs_down_the_chain(rule, output):
    """Row 0 needs 30 of ore from outside for 60 and gets 15: it makes 30. Row 1 needs 50 of it and has no other source.

    Local first: all 30 go to row 1, 60 % of its need. Proportional: half of each order, so 25 for row 1, 5 for others.
    """
    what = scarce([1, -1], [[0.5, 0.0], [0.0, 0.5]], [15.0, 0.0])
    usual, found, _, made = in_shortage([[0, 0.5], [0, 0]], [np.inf, np.inf], [10, 100], what, rule)
    assert usual == pytest.approx([60.0, 100.0])
    assert found.share[0] == pytest.approx(0.5)
    assert made == pytest.approx(output)


def test_the_scarcest_input_binds():
    """Three quarters of the first input are there, two fifths of the second: the buyer makes two fifths."""
    what = scarce([-1, -1], [[0.0, 0.4], [0.0, 0.2]], [30.0, 8.0])
    _, found, _, output = in_shortage(np.zeros((2, 2)), [np.inf, np.inf], [1, 100], what, "local_first")
    assert found.share == pytest.approx([1.0, 0.4])
    assert output == pytest.approx([1.0, 40.0])


def test_who_can_do_without_is_not_held_up():
    """Row 2 buys 0.1 at home but can do without: it makes all, takes its share at home and leaves the pool alone."""
    what = scarce([0, -1, -1], [[0.0, 0.5, 0.0]], [0.0])
    home = [[0, 0.3, 0.1], [0, 0, 0], [0, 0, 0]]
    _, _, _, output = in_shortage(home, [np.inf] * 3, [0, 100, 100], what, "local_first")
    assert output == pytest.approx([40.0, 60.0, 100.0])


def test_a_maker_that_needs_its_own_product_stops_under_proportional_rationing():
    """Row 0 needs 0.2 of its own product, half from home, half from outside, which delivers nothing.

    Home producers first: 5 of the 10 it needs are there, it makes 25 of 50. All alike: at output 50 s it is offered
    5 s of 10, so s = s / 2 in every round: it stops.
    """
    what = scarce([0], [[0.2]], [0.0])
    _, first, _, output = in_shortage([[0.1]], [np.inf], [45], what, "local_first")
    assert first.offers[0, 0] == pytest.approx(5.0)
    assert output == pytest.approx([25.0])
    _, alike, _, output = in_shortage([[0.1]], [np.inf], [45], what, "proportional")
    assert alike.converged
    assert output == pytest.approx([0.0], abs=1e-6)


def test_rounds_that_end_too_early_are_told():
    what = scarce([0], [[0.2]], [0.0])
    _, found, _, _ = in_shortage([[0.1]], [np.inf], [45], what, "proportional", rounds=5)
    assert not found.converged
    assert found.rounds == 5
    assert found.change == pytest.approx(0.5**5)


# --- the spiral -------------------------------------------------------------------------------------------------------


def test_leaps_end_a_fall_that_plain_rounds_follow_for_thousands():
    """Makers in a ring buy half their output of each other and 0.001 outside: each round leaves 0.5/0.501 of it."""
    home, need = 0.5 * np.roll(np.eye(4), 1, axis=0), np.full((1, 4), 0.501)
    matrix, final = Matrix(home), np.ones(4)
    usual, _ = solve(matrix, np.full(4, np.inf), final, np.zeros(4), TOLERANCE)
    what = scarce([0, 0, 0, 0], need, [0.0])
    assert ration(matrix, usual, final, what, "proportional", rounds=2).share == pytest.approx((0.5 / 0.501) ** 2)
    plain = ration(matrix, usual, final, what, "proportional", rounds=20_000)
    assert plain.rounds > 2_000
    quick = ration(matrix, usual, final, what, "proportional", rounds=60, patience=100)
    assert quick.converged
    assert quick.rounds < 100
    assert (quick.share < plain.share).all()
    assert (quick.share >= 0.0).all()
    assert not ration(matrix, usual, final, what, "proportional", rounds=60, patience=1).converged


def naive(home, final, maker, need, supply, rounds):
    """The wrong rule: caps fall with the gap at the output of the round itself, home orders with output."""
    home, final = np.array(home, dtype=float), np.array(final, dtype=float)
    output = np.linalg.solve(np.eye(len(final)) - home, final)
    for _ in range(rounds):
        wants = need * output
        gap = np.maximum(wants - home[maker == 0].sum(axis=0) * output, 0.0)
        imports = gap * min(1.0, supply / gap.sum()) if gap.sum() else gap
        share = np.divide(wants - gap + imports, wants, out=np.ones(len(final)), where=wants > 0)
        cap = np.where(wants > 0, share * output, np.inf)
        output, _ = solve(Matrix(home), cap, final, output, TOLERANCE)
    return output


def test_the_pooled_rule_does_not_spiral():
    """Nothing comes from outside, three fifths of the need are made at home: three fifths of the output is possible.

    The naive rule multiplies output by 0.6 in every round and ends at nothing.
    """
    home, final, need = [[0, 0.3], [0, 0]], [0, 100], np.array([0.0, 0.5])
    maker = np.array([0, -1])
    one = naive(home, final, maker, need, 0.0, 1)
    many = naive(home, final, maker, need, 0.0, 40)
    assert one[1] == pytest.approx(60.0)
    assert many[1] < 1e-6
    what = scarce(maker, [need], [0.0])
    _, _, _, output = in_shortage(home, [np.inf, np.inf], final, what, "local_first")
    assert output == pytest.approx([30.0, 60.0])


# --- order, bounds and books on random economies ----------------------------------------------------------------------

seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_without_limits_output_is_the_leontief_solution(seed):
    home, _, final, *_ = economy(seed)
    none = np.full(len(final), np.inf)
    output, rounds = solve(Matrix(home), none, final, np.zeros(len(final)), TOLERANCE)
    assert_allclose(output, np.linalg.solve(np.eye(len(final)) - home, final), rtol=1e-10, atol=1e-12)
    assert rounds < 120


class Turning:
    """Orders that turn while they shrink, so that guesses of a steady rate lead astray (no economy does this)."""

    turn = 0.9 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])

    def demand(self, output):
        return self.turn @ output


def test_guesses_that_lead_astray_are_given_up():
    final = np.array([3.0, 5.0])
    output, _ = solve(Turning(), np.full(2, np.inf), final, np.zeros(2), TOLERANCE)
    assert_allclose(output, np.linalg.solve(np.eye(2) - Turning.turn, final), rtol=1e-10)


def test_guesses_save_rounds():
    """A circular flow of 0.5 alone: plain rounds need about 40 for twelve digits."""
    _, rounds = solve(Matrix(np.array([[0.5]])), np.array([np.inf]), np.ones(1), np.zeros(1), 1e-12)
    assert rounds <= 5


@given(seeds)
def test_one_fixed_point_from_above_and_below(seed):
    home, cap, final, *_ = economy(seed)
    free = np.linalg.solve(np.eye(len(final)) - home, final)
    below, _ = solve(Matrix(home), cap, final, np.zeros(len(final)), TOLERANCE)
    above, _ = solve(Matrix(home), cap, final, 50.0 * free, TOLERANCE)
    assert_allclose(above, below, rtol=1e-10, atol=1e-11)
    assert_allclose(below, np.minimum(cap, home @ below + final), rtol=1e-10, atol=1e-11)


@given(seeds, st.floats(1.0, 2.0))
def test_output_rises_with_caps_and_demand_and_scales_with_both(seed, more):
    home, cap, final, _, _, rng = economy(seed)
    start = np.zeros(len(final))
    base, _ = solve(Matrix(home), cap, final, start, TOLERANCE)
    one = rng.integers(len(final))
    wider, larger = cap.copy(), final.copy()
    wider[one] *= more
    larger[one] *= more
    assert (solve(Matrix(home), wider, final, start, TOLERANCE)[0] >= base - 1e-10).all()
    assert (solve(Matrix(home), cap, larger, start, TOLERANCE)[0] >= base - 1e-10).all()
    scaled, _ = solve(Matrix(home), more * cap, more * final, start, TOLERANCE)
    assert_allclose(scaled, more * base, rtol=1e-9, atol=1e-10)


def usual_purchases(home, cap, final, maker, need, rule):
    """(Q, n) what buyers import without a shortage."""
    matrix, rows = Matrix(home), len(final)
    usual, _ = solve(matrix, cap, final, np.zeros(rows), TOLERANCE)
    phi = served(rule, usual, matrix.demand(usual), final)
    what = scarce(maker, need, np.full(len(need), np.inf))
    return outside_use(matrix, what, phi, usual, np.broadcast_to(usual, need.shape))


@given(seeds, st.sampled_from(RULES))
def test_a_supply_that_suffices_changes_nothing(seed, rule):
    home, cap, final, maker, need, _ = economy(seed)
    bought = usual_purchases(home, cap, final, maker, need, rule)
    what = scarce(maker, need, bought.sum(axis=1) * (1 + 1e-12) + 1e-12)
    usual, found, _, output = in_shortage(home, cap, final, what, rule)
    assert_array_equal(found.share, np.ones(len(final)))
    assert_allclose(output, usual, rtol=1e-10, atol=1e-11)


@given(seeds, st.sampled_from(RULES), st.floats(0.0, 1.0))
def test_nothing_is_promised_twice_and_no_more_comes_than_is_delivered(seed, rule, part):
    home, cap, final, maker, need, rng = economy(seed)
    supply = part * usual_purchases(home, cap, final, maker, need, rule).sum(axis=1)
    stock = rng.uniform(0.0, 0.2, need.shape) * (rng.uniform() < 0.5)
    what = scarce(maker, need, supply, stock)
    usual, found, orders, output = in_shortage(home, cap, final, what, rule)
    assert found.converged
    promised = orders.demand(output)
    makes = maker >= 0
    assert (promised[makes] <= output[makes] + 1e-6).all(), "makers deliver what they promised"
    rest = output - np.where(makes, promised, served(rule, output, promised, final) * promised)
    assert (rest >= -1e-6).all()
    assert (rest <= final + 1e-6).all(), "nobody is sent more than was ordered"
    use = outside_use(orders.deliveries, what, found.served, output, orders.basis(output))
    bought = np.maximum(use - stock, 0.0)
    assert (bought.sum(axis=1) <= supply + 1e-6).all()
    assert (output <= usual + 1e-9).all()
    below, _ = solve(orders, np.minimum(cap, found.share * usual), final, np.zeros(len(final)), TOLERANCE)
    assert_allclose(below, output, rtol=1e-8, atol=1e-9)


@given(seeds, st.sampled_from(RULES), st.floats(0.0, 1.0))
def test_leaps_end_where_plain_rounds_end(seed, rule, part):
    home, cap, final, maker, need, rng = economy(seed)
    supply = part * usual_purchases(home, cap, final, maker, need, rule).sum(axis=1)
    what = scarce(maker, need, supply, rng.uniform(0.0, 0.2, need.shape) * (rng.uniform() < 0.5))
    matrix = Matrix(home)
    usual, _ = solve(matrix, cap, final, np.zeros(len(final)), TOLERANCE)
    plain = ration(matrix, usual, final, what, rule, rounds=100_000, tolerance=1e-13)
    leaping = ration(matrix, usual, final, what, rule, rounds=1, patience=10_000, tolerance=1e-13)
    assert leaping.converged
    assert_allclose(leaping.share, plain.share, atol=1e-9)


@given(seeds, st.sampled_from(RULES), st.floats(0.1, 0.9), st.booleans())
def test_the_slope_of_a_round_is_that_of_its_chord(seed, rule, part, fixed):
    home, cap, final, maker, need, rng = economy(seed)
    bought = usual_purchases(home, cap, final, maker, need, rule)
    quota = part * bought if fixed else None
    what = scarce(maker, need, part * bought.sum(axis=1), quota=quota)
    matrix = Matrix(home)
    usual, _ = solve(matrix, cap, final, np.zeros(len(final)), TOLERANCE)
    one_round = _Rounds(matrix, usual, final, what, rule)
    share, way = rng.uniform(0.1, 0.9, len(final)), rng.uniform(-1.0, 0.0, len(final))
    chord = (one_round.following(share + 1e-7 * way) - one_round.following(share - 1e-7 * way)) / 2e-7
    assert_allclose(one_round.slope(share)(way), chord, atol=1e-5)


@given(seeds, st.sampled_from(RULES), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_more_can_be_made_with_more_deliveries_and_with_stocks(seed, rule, one, other):
    home, cap, final, maker, need, rng = economy(seed)
    bought = usual_purchases(home, cap, final, maker, need, rule).sum(axis=1)
    low, high = sorted((one, other))
    stock = rng.uniform(0.0, 0.3, need.shape)
    less, more, stocked = (
        in_shortage(home, cap, final, scarce(maker, need, share * bought, held), rule)[1].share
        for share, held in ((low, None), (high, None), (low, stock))
    )
    assert (more >= less - 1e-7).all()
    assert (stocked >= less - 1e-7).all()


@given(seeds, st.floats(0.0, 1.0))
def test_serving_all_alike_leaves_producers_no_more_than_serving_them_first(seed, part):
    home, cap, final, maker, need, _ = economy(seed)
    supply = part * usual_purchases(home, cap, final, maker, need, "local_first").sum(axis=1)
    first, alike = (in_shortage(home, cap, final, scarce(maker, need, supply), rule)[1].share for rule in RULES)
    assert (alike <= first + 1e-7).all()


@given(seeds, st.sampled_from(("output", "income")))
def test_no_rule_beats_the_best_case(seed, goal):
    home, cap, final, maker, need, rng = economy(seed)
    weight = rng.uniform(0.1, 0.6, len(final)) if goal == "income" else None
    position = Position(home, cap, final, maker, need, weight=weight)
    shock = np.where(np.isinf(cap), cap, cap * rng.uniform(0.5, 1.0, len(cap)))
    found = compare_rules(position, cap=shock, supply=rng.uniform(0.0, 1.0, len(need)))
    best = found["best"].value
    for name in ("local_first", "proportional", "pooled"):
        assert found[name].converged
        assert found[name].value <= best + 1e-6 * max(1.0, best)
        assert found[name].loss >= found["best"].loss - 1e-6


@given(seeds)
def test_while_the_outside_delivers_the_rule_does_not_matter(seed):
    """Without a scarce product all rules make the fixed point, and the fixed point is the best case."""
    home, cap, final, *_ = economy(seed)
    rows = len(final)
    found = compare_rules(Position(home, cap, final, np.full(rows, -1), np.zeros((0, rows))), cap=0.9 * cap)
    expected, _ = solve(Matrix(home), 0.9 * cap, final, np.zeros(rows), TOLERANCE)
    for name in ("local_first", "proportional", "pooled", "best"):
        assert_allclose(found[name].output, expected, rtol=1e-7, atol=1e-8)


# --- the range of rules by hand ---------------------------------------------------------------------------------------


def test_the_range_of_rules_of_a_plant_that_fails():
    """Row 0 sells 80 of its 100 to rows 1 and 2 and loses 40 %; the outside gave them 20 and 0 and keeps to it.

    Local first: phi 60/80; row 1 has 30 + 20 of 60, row 2 30 of 40. All alike: phi 60/100; 24 + 20 of 60, 24 of 40.
    Pooled: gaps of 30 and 10 share 20: 15 and 5, so 45 of 60 and 35 of 40. Before: 300.
    Best: 60 at home and 20 from outside make 80 of the 100 needed; row 2 needs 0.4 a unit, row 1 needs 0.6. Row 2 may
    take its usual 40 at home, row 1 the other 20 and the 20 of the outside: 40 of 60.
    """
    home = np.array([[0, 0.4, 0.4], [0, 0, 0], [0, 0, 0]])
    position = Position(
        home, np.full(3, np.inf), np.array([20.0, 100.0, 100.0]), np.array([0, -1, -1]), np.array([[0, 0.6, 0.4]])
    )
    found = compare_rules(position, cap=np.array([60, np.inf, np.inf]))
    assert found["local_first"].output == pytest.approx([60.0, 100 * 50 / 60, 75.0])
    assert found["proportional"].output == pytest.approx([60.0, 100 * 44 / 60, 60.0])
    assert found["pooled"].output == pytest.approx([60.0, 75.0, 87.5])
    assert found["best"].output == pytest.approx([60.0, 100 * 40 / 60, 100.0])
    assert found["pooled"].loss == pytest.approx(1 - 222.5 / 300)
    assert found["best"].loss == pytest.approx(1 - (160 + 200 / 3) / 300)


def test_a_system_that_grows_without_end_is_refused():
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(NoConvergenceError):
        solve(Matrix(np.array([[1.2]])), np.array([np.inf]), np.ones(1), np.ones(1), TOLERANCE)
