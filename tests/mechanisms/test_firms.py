"""Investment, productivity noise and exit of incumbent firms."""

import numpy as np
import pytest

from sim.draws import Streams
from sim.mechanisms.agglomeration import Clusters
from sim.mechanisms.firms import (
    Exit,
    Firms,
    Investment,
    ProductivityNoise,
    desired_expansion,
    exit_probability,
    reference_after,
    shock_spread,
)
from sim.mechanisms.production import outside_orders
from sim.resolvers.closing import resolve_close, resolve_grow

FIRMS = Firms()


def yearly(monthly):
    return 1.0 - (1.0 - monthly) ** 12


# --- exit -------------------------------------------------------------------------------------------------------------


def chance(margin=0.0, size=1.0, young=False):
    return float(exit_probability(np.array([margin]), np.array([size]), np.array([young]), FIRMS)[0])


def test_the_base_hazard_is_that_of_a_median_firm_without_margin():
    assert yearly(chance()) == pytest.approx(FIRMS.exit_base)
    assert yearly(chance(young=True)) == pytest.approx(FIRMS.exit_base * (1.0 + FIRMS.young_exit))
    assert yearly(chance(margin=0.05)) == pytest.approx(FIRMS.exit_base * np.exp(-3.0 * 0.05))
    assert yearly(chance(size=16.0)) == pytest.approx(FIRMS.exit_base * 0.5)


def test_exit_falls_with_margin_and_size_and_rises_in_youth():
    margins, sizes = np.linspace(-0.9, 0.9, 30), np.geomspace(0.01, 100, 30)
    assert (np.diff(exit_probability(margins, np.ones(30), np.zeros(30, dtype=bool), FIRMS)) < 0).all()
    assert (np.diff(exit_probability(np.zeros(30), sizes, np.zeros(30, dtype=bool), FIRMS)) < 0).all()
    assert chance(young=True) > chance()


def test_the_monthly_probability_is_capped():
    assert chance(margin=-1.0, size=1e-9, young=True) == 0.5
    assert 0.0 < chance(margin=1.0, size=1e6) < 1e-3


def part_of(model, kind):
    return next(part for part in model.month_list if isinstance(part, kind))


def test_leaders_fringe_and_blocks_do_not_leave_by_chance(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    state.firms.margin12[:] = -1.0
    state.firms.output[:] = 1e-6
    leaving = np.zeros(len(state.firms), dtype=bool)
    for month in range(1, 40):
        state.month = month
        part_of(model, Exit).step(state, model.streams)
        leaving |= state.boards.exits
    firms = state.firms
    assert leaving.any()
    assert not leaving[firms.block | firms.fringe | (firms.leader >= 0)].any()


def test_a_firm_that_leaves_frees_land_and_links(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    firms = state.firms
    row = int(
        np.flatnonzero(np.isin(np.arange(len(firms)), state.links.supplier) & ~firms.fringe & (firms.leader < 0))[0]
    )
    park, land, capital = firms.park[row], firms.land[row], firms.capital[row]
    idle, occupied = state.parks.idle[park], state.parks.occupied[park]
    state.boards.exits = np.arange(len(firms)) == row
    resolve_close(state, Streams(1))
    assert not firms.alive[row]
    assert state.parks.idle[park] == pytest.approx(idle + land)
    assert state.parks.occupied[park] == pytest.approx(occupied - land)
    assert row not in state.links.supplier
    assert state.ledger.scrapped[row] == capital
    assert firms.output[row] > 0, "the output of the month stays counted"


# --- investment -------------------------------------------------------------------------------------------------------


def test_desired_expansion_is_capital_for_expected_orders_at_target_use():
    found = desired_expansion(
        np.array([85.0, 85.0, 85.0]), np.full(3, 0.8), np.array([1.0, 1.25, 1.0]), np.array([60.0, 60.0, 90.0]), 0.85
    )
    assert found == pytest.approx([20.0, 4.0, 0.0])


def invest(model, state):
    part_of(model, Investment).step(state, model.streams)
    return state.boards


def test_replacement_leaves_flat_capacity_flat(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    state.firms.margin12[:] = 0.05
    boards = invest(model, state)
    np.testing.assert_array_equal(boards.investment, boards.scrapped)
    before = state.firms.capital.copy()
    resolve_grow(state, Streams(1))
    np.testing.assert_allclose(state.firms.capital, before, rtol=1e-14)


def test_without_margin_capital_wears_out(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    state.firms.margin12[:] = -0.01
    boards = invest(model, state)
    able = ~state.firms.block
    assert (boards.investment == 0).all()
    rate = model.plan[type(part_of(model, Investment).projects)].depreciation
    np.testing.assert_allclose(boards.scrapped[able], rate / 12 * state.firms.capital[able])
    assert (boards.scrapped[~able] == 0).all()


def test_outside_demand_follows_the_market_and_not_what_was_built(fresh, next_month):
    """Orders of a firm that builds stay as they were; with n_x = 1 they grow with its capacity."""
    reference, capital = np.array([2.0, 2.0, 2.0]), np.array([100.0, 100.0, 0.0])
    change = np.array([10.0, -20.0, 0.0])
    assert reference_after(reference, capital, change, 0.0) == pytest.approx([2.2, 1.6, 2.0])
    assert reference_after(reference, capital, change, 0.5) == pytest.approx([2 * 1.1**0.5, 2 * 0.8**0.5, 2.0])
    assert (reference_after(reference, capital, change, 1.0) == reference).all()

    def orders(new_customers):
        model = fresh({"firms.new_customers": new_customers})
        state, firms = next_month(model.state), model.state.firms
        row = int(np.flatnonzero((firms.outside_share > 0.1) & (firms.leader < 0) & ~firms.fringe)[0])
        built = 0.1 * firms.capital * (np.arange(len(firms)) == row)
        size = np.zeros(len(firms))
        state.boards.investment, state.boards.scrapped, state.boards.land_taken = built, size, size
        ask = []
        for _ in range(2):
            capacity = firms.capital / np.where(firms.block, 1.0, firms.capital_intensity) * firms.productivity / 12
            ask.append(outside_orders(state, capacity, firms.unit_cost, 3.0, size)[row])
            resolve_grow(state, Streams(1))
        return ask

    before, after = orders(0.0)
    assert after == pytest.approx(before)
    before, after = orders(1.0)
    assert after == pytest.approx(1.1 * before)


@pytest.fixture
def pressed(fresh, next_month):
    """Every firm sold out, with good margins and orders half above capacity."""
    model = fresh()
    state = next_month(model.state)
    firms = state.firms
    firms.margin12[:], firms.utilisation12[:] = 0.1, 0.95
    firms.orders12[:] = (1.5 * firms.capacity)[:, None]
    return model, state


def test_pressed_firms_close_their_part_of_the_gap(pressed):
    model, state = pressed
    firms = state.firms
    boards = invest(model, state)
    net = boards.investment - boards.scrapped
    eager = ~firms.block & ~firms.fringe & (firms.leader < 0)
    gap = desired_expansion(18.0 * firms.capacity, firms.capital_intensity, firms.productivity, firms.capital, 0.85)
    np.testing.assert_allclose(net[eager], 0.3 / 12 * gap[eager], rtol=1e-9)
    assert (net[eager] > 0).all()
    assert (net[~eager] == 0).all(), "leaders plan, the fringe only replaces"


@pytest.mark.parametrize(("memory", "value"), [("margin12", 0.02), ("utilisation12", 0.84)])
def test_nobody_expands_below_a_hurdle(pressed, memory, value):
    model, state = pressed
    getattr(state.firms, memory)[:] = value
    boards = invest(model, state)
    assert (boards.investment <= boards.scrapped).all()


def test_expansion_beyond_the_plot_takes_land_in_proportion(pressed):
    model, state = pressed
    firms = state.firms
    row = int(np.flatnonzero(~firms.block & ~firms.fringe & (firms.leader < 0) & (firms.park == 4))[0])
    firms.plot[:] = 1e9
    firms.plot[row] = firms.capital[row] / 1.5  # this plot is full
    boards = invest(model, state)
    net = boards.investment[row] - boards.scrapped[row]
    assert boards.land_taken[row] == pytest.approx(firms.land[row] * net / firms.capital[row])
    assert boards.land_taken.sum() == pytest.approx(boards.land_taken[row])
    occupied = state.parks.occupied[4]
    taken = boards.land_taken[row]
    resolve_grow(state, Streams(1))
    assert state.parks.occupied[4] == pytest.approx(occupied + taken)


def test_without_free_land_a_full_plot_does_not_grow(pressed):
    model, state = pressed
    firms = state.firms
    firms.plot[:] = firms.capital / 1.5
    state.parks.developed = state.parks.occupied + state.parks.idle + state.parks.released
    boards = invest(model, state)
    assert boards.land_taken.sum() == 0.0
    np.testing.assert_allclose(boards.investment, boards.scrapped, rtol=1e-9)


# --- productivity noise -----------------------------------------------------------------------------------------------


def test_noise_has_the_declared_spread_and_does_not_lift_the_mean(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    state.slots = 60_000
    rows = state.firms.append(50_000, slot=np.arange(50_000) + 5_000, alive=True, capacity=3.0)
    part_of(model, ProductivityNoise).step(state, Streams(4))
    change = state.boards.productivity_growth[rows]
    sigma = FIRMS.shock / np.sqrt(12)
    assert change.std() == pytest.approx(sigma, rel=0.03)
    assert np.exp(change).mean() == pytest.approx(1.0, abs=5 * sigma / np.sqrt(len(rows)))
    kurtosis = ((change - change.mean()) ** 4).mean() / change.var() ** 2
    assert kurtosis > 4.5, "tails are those of Laplace, not of a normal"


def test_large_firms_meet_smaller_shocks():
    """Sd falls with size to the power of the published exponent; very small firms are held at twice the mean."""
    spread = shock_spread(np.array([1.0, 32.0, 1024.0, 1e-9, 1e9]), FIRMS)
    assert spread[1] == pytest.approx(FIRMS.shock), "of the median firm"
    assert spread[0] / spread[2] == pytest.approx(1024.0**FIRMS.shock_size)
    assert spread[3] == pytest.approx(2.0 * FIRMS.shock)
    assert spread[4] < spread[2]


def test_luck_is_read_by_slot(fresh, next_month):
    """A firm meets the same shock whatever its row, and however many slots were issued after it."""
    changes = []
    for extra in (0, 300):
        model = fresh()
        state = next_month(model.state)
        state.slots += extra
        state.firms.append(extra, slot=np.arange(extra), alive=False)
        twin = np.flatnonzero(state.firms.slot == 700)[0]
        row = state.firms.append(1, slot=700, alive=True, capacity=state.firms.capacity[twin])[0]
        part_of(model, ProductivityNoise).step(state, Streams(9))
        changes.append(state.boards.productivity_growth[row])
        assert state.boards.productivity_growth[twin] == changes[-1]
    assert changes[0] == changes[1]


def test_rows_without_a_slot_and_closed_firms_keep_their_productivity(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    state.firms.alive[100] = False
    part_of(model, ProductivityNoise).step(state, Streams(9))
    still = (state.firms.slot < 0) | ~state.firms.alive
    assert still.sum() > 60
    assert (state.boards.productivity_growth[still] == 0).all()


def test_who_leaves_is_settled_by_hazard_and_the_luck_of_the_slot(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    firms = state.firms
    firms.margin12[:] = np.linspace(-0.9, 0.5, len(firms))[:, None]
    luck = Streams(6).draw("firms.exit", state.month).random(state.slots)
    part_of(model, Exit).step(state, Streams(6))
    leaving = state.boards.exits
    at_risk = [
        row for row in range(len(firms)) if not (firms.block[row] or firms.fringe[row] or firms.leader[row] >= 0)
    ]
    median = np.median(firms.output[at_risk])
    for row in at_risk:
        hazard = FIRMS.exit_base * np.exp(-3.0 * firms.margin12[row].mean())
        hazard *= (firms.output[row] / median) ** -FIRMS.exit_size
        if state.month - firms.birth[row] < 60:
            hazard *= 1.0 + FIRMS.young_exit
        assert leaving[row] == (luck[firms.slot[row]] < min(1.0 - (1.0 - min(hazard, 1.0)) ** (1 / 12), 0.5))
    assert 3 < leaving.sum() < 200


# --- ablations --------------------------------------------------------------------------------------------------------


def test_without_exit_nobody_leaves_and_the_city_keeps_their_output(usual, beside):
    kept, months = beside(without=(Exit,)), usual.state.month
    assert kept.state.firms.alive.all()
    opening = usual.state.firms.opening
    left = opening & ~usual.state.firms.alive
    assert 0.1 < left.sum() / (opening & ~usual.state.firms.block & ~usual.state.firms.fringe).sum() < 0.4
    for name in ("output", "firms", "jobs"):
        one, other = (model.recorder.arrays[name][months - 1].sum() for model in (kept, usual))
        assert one > other, name
    np.testing.assert_array_equal(kept.recorder.arrays["output"][0], usual.recorder.arrays["output"][0])
    for name in ("keep", "sign", "work", "slot"):
        pools = [getattr(model.state.boards.candidates, name) for model in (kept, usual)]
        np.testing.assert_array_equal(*pools, err_msg="luck does not ask who is left")


def test_a_hazard_of_nothing_is_the_run_without_exit(beside, same_run):
    """So small that no luck falls below it: the opening weighs entry against exit and cannot weigh it against none."""
    same_run(beside({"firms.exit_base": 1e-12}, months=6), beside(without=(Exit,), months=6))


@pytest.mark.slow
def test_without_noise_productivity_stays_with_noise_it_spreads_around_the_same_mean(beside):
    still = beside(without=(ProductivityNoise, Clusters, Exit), months=24)
    noisy = beside(without=(Clusters, Exit), months=24)
    first = beside(months=0).state.firms
    size = np.flatnonzero(~first.block & ~first.fringe & (first.slot >= 0))
    np.testing.assert_array_equal(still.state.firms.productivity[size], first.productivity[size])
    ratio = noisy.state.firms.productivity[size] / first.productivity[size]
    years = noisy.state.month / 12
    spread = shock_spread(first.capacity[size], FIRMS)
    assert np.log(ratio).std() == pytest.approx(np.sqrt(years * (spread**2).mean()), rel=0.1)
    assert abs(ratio.mean() - 1.0) < 4 * ratio.std() / np.sqrt(len(ratio)), "the mean is unmoved"
    for name in ("output", "wage", "firms", "price"):  # the first shock counts from the second month on
        left, right = (model.recorder.arrays[name] for model in (still, noisy))
        np.testing.assert_array_equal(left[0], right[0], err_msg=name)
        if name != "price":
            assert (left[1] != right[1]).any(), name


def test_shocks_of_nothing_are_the_run_without_noise(beside, same_run):
    same_run(beside({"firms.shock": 0.0}, months=6), beside(without=(ProductivityNoise,), months=6))
