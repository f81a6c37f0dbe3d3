"""The account of legacy output adds up, and each cause stands where it belongs."""

import numpy as np
import pytest

import sim
from sim.mechanisms.production import cost_parts
from sim.statistics.decline import CAUSES, TERMS, Books, LegacyChange, change, made, polar_split
from tests.runs import aged

THETA = 2.0


def books(rows, **given):
    """Books of firms with plain figures, some of them changed."""
    n = len(rows)
    parts = {
        "market": 0.5,
        "other": 1.0,
        "home": 10.0,
        "wages": 0.0,
        "price": 1.0,
        "cost": 1.0,
        "cap": 100.0,
        "land": 0.0,
        "held": 0.0,
    }
    parts = {name: np.broadcast_to(np.asarray(given.get(name, value), float), n) for name, value in parts.items()}
    terms = (
        (parts["market"], parts["other"]), (parts["home"],), (parts["wages"],), (parts["price"], parts["cost"]),
        (parts["cap"] + parts["land"],), (parts["land"],), (parts["held"],),
    )  # fmt: skip
    output = made(*(part for term in terms for part in term), THETA)
    return Books(np.asarray(rows), output, terms)


def test_output_by_hand():
    def of(market=0.5, home=0.0, wages=0.0, price=1.0, land=0.0, held=0.0):
        terms = (market, 1.0, home, wages, price, 1.0, 100.0, land, held)
        return made(*(np.array([each]) for each in terms), THETA)

    assert of(home=10) == pytest.approx(60)
    assert of(home=80) == pytest.approx(100), "capacity"
    assert of(home=-70) == pytest.approx(0)
    assert of(market=0.9, price=1.2) == pytest.approx(100)
    assert of(wages=0.25) == pytest.approx(32)
    assert of(land=20) == pytest.approx(40), "land"
    assert of(home=40, held=30) == pytest.approx(70), "staff"


def test_effects_of_any_function_add_up():
    random = np.random.default_rng(1)
    before = tuple((random.random(50),) for _ in range(4))
    after = (before[0], *((random.random(50),) for _ in range(3)))
    value = lambda a, b, c, d: np.minimum(a * b, c) + d**2  # noqa: E731
    found = polar_split(before, after, value)
    whole = value(*(term[0] for term in after)) - value(*(term[0] for term in before))
    np.testing.assert_allclose(found.sum(axis=0), whole, atol=1e-15)
    assert np.abs(found[0]).max() == 0.0, "what does not move has no effect"
    assert np.abs(found[1:]).max(axis=1).min() > 0.0


def test_the_order_of_terms_does_not_matter_for_two():
    """Of a product of two factors the mean of both orders gives half of the interaction to each."""
    found = polar_split(((np.array([2.0]),), (np.array([3.0]),)), ((np.array([4.0]),), (np.array([5.0]),)), np.multiply)
    assert found.ravel() == pytest.approx([2.0 * 4.0, 2.0 * 3.0])


@pytest.mark.parametrize(
    ("term", "moved", "sign"),
    [
        ("outside demand", {"market": 0.3}, -1),
        ("outside demand", {"other": 0.5}, -1),
        ("home orders", {"home": 2.0}, -1),
        ("wages", {"wages": 0.1}, -1),
        ("costs", {"cost": 0.8}, 1),
        ("costs", {"price": 0.8}, -1),
        ("capacity", {"cap": 80.0}, -1),
    ],
)
def test_a_change_of_one_term_is_its_own_cause(term, moved, sign):
    before, after = books([4, 7]), books([4, 7], **moved)
    found = change(before, after, np.ones(2, bool), np.zeros(2, bool), THETA)
    difference = after.output - before.output
    assert (np.sign(difference) == sign).all()
    np.testing.assert_allclose(found.effects[TERMS.index(term)], difference, rtol=1e-12)
    np.testing.assert_allclose(found.effects.sum(axis=0), difference, rtol=1e-12)


def test_land_takes_what_capacity_would_have_given():
    """A firm wants a quarter more and finds no land: capacity as before, one cause up and the other down."""
    before, after = books([1]), books([1], cap=100.0, land=25.0)
    found = change(before, after, np.ones(1, bool), np.zeros(1, bool), THETA).effects[:, 0]
    assert before.output == after.output
    assert found[TERMS.index("capacity")] == pytest.approx(-found[TERMS.index("land")])
    assert found[TERMS.index("land")] < -5.0


def test_a_firm_at_its_limit_does_not_feel_demand():
    before, after = books([1], home=90.0), books([1], home=70.0)
    found = change(before, after, np.ones(1, bool), np.zeros(1, bool), THETA).effects
    assert before.output == after.output == 100.0
    assert np.abs(found).max() < 1e-12


def test_exits_beginners_and_new_firms_stand_apart():
    before = books([1, 2, 5], home=[10.0, 20.0, 30.0])
    after = books([2, 5, 9], home=[25.0, 33.0, 7.0])
    found = change(before, after, np.array([False, True, True]), np.array([False, True, True]), THETA)
    assert found.closed.tolist() == [1]
    assert found.exits == pytest.approx([-60.0])
    assert found.stayed.tolist() == [2]
    assert found.effects[TERMS.index("home orders")] == pytest.approx([5.0])
    assert found.young.tolist() == [5, 9]
    assert found.entries == pytest.approx([3.0, 57.0]), "the change of a beginner, all of a new firm"
    total = found.effects.sum() + found.exits.sum() + found.entries.sum()
    assert total == pytest.approx(after.output.sum() - before.output.sum())


# --- in the model -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded():
    """Three years of the baseline."""
    return aged(36)


def test_the_account_of_the_model_adds_up_in_every_county_and_month(recorded):
    arrays = recorded.recorder.arrays
    legacy = arrays["output"][:36][:, :, recorded.world.legacy].sum(axis=2)
    parts = arrays["legacy_change"][:36]
    np.testing.assert_allclose(parts[1:].sum(axis=1), np.diff(legacy, axis=0), atol=1e-8)
    by_cause = dict(zip(CAUSES, parts.sum(axis=(0, 2)), strict=True))
    assert by_cause["exits"] < -100
    assert by_cause["entries"] > 10
    assert min(abs(by_cause["capacity"]), abs(by_cause["home orders"])) > 1


def test_orders_of_the_model_are_explained_by_the_terms(recorded):
    """Nothing moves outside orders but market, price and cost: what is left for the last term is rounding."""
    state = recorded.state
    account = recorded.recorder.activity.legacy
    found = account.books
    other = found.terms[0][1]
    assert np.abs(other - 1.0).max() < 1e-9
    again = made(*(part for term in found.terms for part in term), account.elasticity)
    np.testing.assert_allclose(again, found.output, rtol=1e-7, atol=1e-9)
    assert len(found.rows) > 500
    assert (state.world.legacy[state.firms.product[found.rows]]).all()


def test_wages_are_what_the_unit_cost_holds_of_them(recorded):
    """Unit cost = materials + (conversion + gap) / A; gap / A is read off when plants produce, before wages move."""
    state, found = recorded.state, recorded.recorder.activity.legacy.books
    product = state.firms.product[found.rows]
    materials, conversion = (part[product] for part in cost_parts(state))
    unit, wages = state.firms.unit_cost[found.rows], found.terms[2][0]
    productivity = conversion / (unit - materials - wages)
    moved = np.exp(state.boards.productivity_growth + state.boards.cluster_growth)[found.rows]
    np.testing.assert_allclose(productivity, state.firms.productivity[found.rows] / moved, rtol=1e-9)
    np.testing.assert_allclose(found.terms[3][1] + wages, unit, rtol=1e-12)
    assert np.unique(np.sign(wages)).tolist() == [-1.0, 1.0], "dear counties and cheap ones"


def test_the_opening_is_the_first_month_to_compare_with():
    model = sim.NingdeModel(sim.load("baseline"), 3)
    before = model.state.firms.output[model.world.legacy[model.state.firms.product]].sum()
    account = LegacyChange(model.state)
    model.step()
    after = model.state.firms.output[model.world.legacy[model.state.firms.product]].sum()
    assert account.step(model.state).sum() == pytest.approx(after - before, abs=1e-8)
