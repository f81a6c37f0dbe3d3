import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.experiment.nulls import NULLS
from sim.experiment.nulls.base import swap
from sim.experiment.nulls.behaviour import ShuffledFunnel, even_utility, one_ring
from sim.mechanisms.firms import Exit
from sim.mechanisms.location import inclusive_value
from sim.mechanisms.promotion import Funnel
from sim.mechanisms.sourcing import SupplierChoice
from sim.model import NingdeModel
from sim.state import Boards, Channel, Stage
from sim.sums import sum_by
from tests.experiment.nulls.conftest import MONTHS


@pytest.fixture(scope="module")
def agents(short):
    """The three null versions with agents after the routine months."""
    found = {}
    for name in ("no_links", "random_location", "shuffled_gaps"):
        found[name] = NULLS[name].build(short, 1).model
        for _ in range(MONTHS):
            found[name].step()
    return found


# --- what all share ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["no_links", "random_location", "shuffled_gaps"])
def test_the_opening_is_that_of_the_full_model(opening, short, name):
    null = NULLS[name].build(short, 1).model.state
    for spec in null.firms.specs:
        np.testing.assert_array_equal(getattr(null.firms, spec.name), getattr(opening.state.firms, spec.name))
    np.testing.assert_allclose(null.links.weight, opening.state.links.weight, rtol=1e-12)
    np.testing.assert_array_equal(null.outside_value_mean, opening.state.outside_value_mean)


@pytest.mark.parametrize("name", ["no_links", "random_location", "shuffled_gaps"])
def test_the_luck_is_that_of_the_full_model(agents, full, name):
    null = agents[name]
    assert null.state.slots == full.state.slots, "the same candidates"
    for variable in ("world_volume", "commodity_price"):
        np.testing.assert_array_equal(null.recorder.arrays[variable], full.recorder.arrays[variable])
    assert (null.recorder.arrays["output"] != full.recorder.arrays["output"]).any() or name != "no_links"


@pytest.mark.parametrize("name", ["no_links", "random_location", "shuffled_gaps"])
def test_a_null_version_is_the_same_every_time(short, agents, name):
    again = NULLS[name].build(short, 1).model
    for _ in range(3):
        again.step()
    for variable, values in agents[name].recorder.arrays.items():
        np.testing.assert_array_equal(again.recorder.arrays[variable][:3], values[:3], err_msg=variable)


def test_a_run_says_which_null_version_it_is(short):
    run = NULLS["shuffled_gaps"].build(short.replace({"run.end": "2014-12"}, name="one"), 3).run()
    assert run.monthly.attrs["null"] == "shuffled_gaps"
    assert run.name == "one-shuffled_gaps"
    assert run.seed == 3


def test_a_mechanism_that_is_not_there_cannot_be_replaced(short):
    model = NingdeModel(short, 1, without=(Exit,))
    with pytest.raises(LookupError, match="not exactly one Exit"):
        swap(model, Exit, lambda part: part)


# --- N7 ---------------------------------------------------------------------------------------------------------------


def test_in_the_pool_suppliers_of_a_county_sell_by_their_capacity_and_nothing_else(short):
    """Within a buyer's input and a county of supply, every share over capacity is the same; with links it is not.

    Some suppliers have not sold so far, some are born this month, cost and quality differ.
    """

    def spread(model):
        state, luck = model.state, np.random.default_rng(1)
        state.links.weight[luck.random(len(state.links)) < 0.3] = 0.0
        young = luck.random(len(state.firms)) < 0.2
        state.firms.opening[young], state.firms.birth[young] = False, 0
        state.firms.relative_cost = state.firms.relative_cost * np.exp(0.1 * luck.standard_normal(len(state.firms)))
        state.month += 1
        choice = next(part for part in model.month_list if isinstance(part, SupplierChoice))
        state.boards = Boards()
        choice.step(state, model.streams)
        weight, links, capacity = state.boards.weight, state.links, state.firms.capacity[state.links.supplier]
        key = links.relation * state.world.county_count + state.firms.county[links.supplier]
        rate = weight / capacity
        size = key.max() + 1
        total, count = sum_by(key, rate, size), np.bincount(key, minlength=size)
        assert (count > 1).sum() > 20
        mean = (total / np.maximum(count, 1))[key]
        return np.abs(rate[mean > 0] / mean[mean > 0] - 1.0).max()

    assert spread(NULLS["no_links"].build(short, 1).model) < 1e-6
    assert spread(NingdeModel(short, 1)) > 0.5


# --- N4 ---------------------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.floats(0.4, 1.0))
def test_even_utility_keeps_the_chance_of_signing_and_makes_counties_alike(seed, nest):
    luck = np.random.default_rng(seed)
    county = np.array([0, 0, 0, 1, 2, 2])
    utility, open_parks = luck.normal(0.0, 2.0, (5, 6)), luck.random((5, 6)) < 0.6
    value = inclusive_value(utility, open_parks, nest)
    even = even_utility(value, open_parks, county, nest)
    np.testing.assert_allclose(inclusive_value(even, open_parks, nest), value, rtol=1e-12, atol=1e-12)
    for row in range(5):
        if not open_parks[row].any():
            continue
        weight = np.where(open_parks[row], np.exp(even[row] / nest), 0.0)
        chance = np.bincount(county, weight / weight.sum(), minlength=3)
        np.testing.assert_allclose(chance[chance > 0], 1.0 / (chance > 0).sum(), rtol=1e-9)


def placed(model):
    """(C,) projects that chose their county: no grafts, no normal entry, no spin-offs that stay, no dated plants."""
    projects = model.state.projects
    free = (projects.signed >= 0) & (projects.graft < 0) & (projects.event < 0)
    free &= ~np.isin(projects.channel, (Channel.NORMAL, Channel.SPINOFF))
    return np.bincount(projects.county[free], minlength=10)


def test_random_location_moves_places_and_not_who_comes(agents, full):
    null = agents["random_location"]
    leads = [model.recorder.arrays["entered"][:, Stage.LEAD].sum(axis=1) for model in (null, full)]
    np.testing.assert_array_equal(leads[0][:3], leads[1][:3])
    signed = [model.recorder.arrays["entered"][:, Stage.SIGNED].sum() for model in (null, full)]
    assert signed[0] == pytest.approx(signed[1], rel=0.1)
    one, other = placed(null), placed(full)
    assert one.sum() > 20
    assert (one != other).any()
    assert ((one / one.sum()) ** 2).sum() < ((other / other.sum()) ** 2).sum(), "more even than by choice"


# --- N5 ---------------------------------------------------------------------------------------------------------------


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_one_ring_leaves_no_product_its_own_gap_and_others_alone(count, seed):
    products = np.arange(3, 3 + count)
    order = one_ring(products, 20, np.random.default_rng(seed))
    assert sorted(order) == list(range(20))
    assert (order[products] != products).all()
    assert (order[:3] == np.arange(3)).all()
    assert (order[3 + count :] == np.arange(3 + count, 20)).all()


def test_shuffled_gaps_are_the_gaps_of_other_products(agents):
    """The sum over products is unchanged in all that promotion knows, and hardly a product keeps its own."""
    model = agents["shuffled_gaps"]
    funnel = next(part for part in model.month_list if isinstance(part, ShuffledFunnel))
    wrong, right = funnel.chains(model.state), Funnel.chains(funnel, model.state)
    chain = model.world.chain_product
    for name, values in vars(right).items():
        np.testing.assert_allclose(getattr(wrong, name).sum(), values.sum(), rtol=1e-12, err_msg=name)
        np.testing.assert_array_equal(getattr(wrong, name)[~chain], values[~chain], err_msg=name)
        np.testing.assert_array_equal(np.sort(getattr(wrong, name)), np.sort(values), err_msg=name)
    assert right.gap[chain].max() > 0
    some = chain & (right.gap > 0)
    assert (wrong.gap[some] != right.gap[some]).all()
    np.testing.assert_array_equal(
        funnel.order, next(p for p in NULLS["shuffled_gaps"].build(model.plan, 1).model.month_list
                           if isinstance(p, ShuffledFunnel)).order)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["no_links", "random_location", "shuffled_gaps", "representative_firm"])
def test_all_identities_hold_for_three_years(short, name):
    """The run stops at the first breach."""
    run = NULLS[name].build(short.replace({"run.end": "2016-12"}, name="three"), 2).run()
    assert run.largest_residual[1] < 1e-6
    assert run.published is not None
    assert (run.monthly["output"].sum(("county", "product")) > 0).all()
