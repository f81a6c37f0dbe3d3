"""Growth is even where everything that drives it is even, and bends where something is scarce."""

import numpy as np
import pytest

import sim
from sim.mechanisms import agglomeration, candidates, demand, events, firms, labour, migration, promotion
from sim.model import NingdeModel

STILL = (
    candidates.CandidatePool,
    promotion.Funnel,
    events.History,
    firms.ProductivityNoise,
    firms.Exit,
    agglomeration.Clusters,
    migration.Migration,
)
YEARS = 12


def even_growth(rate, changes=None, years=YEARS):
    """Yearly output by product where everybody outside asks for `rate` a year more, at flat prices.

    Nothing is drawn, nobody enters or leaves, nobody moves. Wages and output per job rise by the same rate, so the same
    people make more and are paid more; households, governments and investors at home follow by themselves.
    """
    scenario = sim.load("baseline").replace({"run.world": "flat", **(changes or {})}, name="even")
    model = NingdeModel(scenario, 1, without=STILL)
    path = next(part for part in model.month_list if isinstance(part, demand.OutsideDemand)).path
    path.known = path.known[:, :1] + rate / 12 * np.arange(path.known.shape[1])
    pay = next(part for part in model.month_list if isinstance(part, labour.Wages))
    pay.national = pay.deepening = lambda _: rate
    for _ in range(12 * years):
        model.step()
    by_product = model.recorder.arrays["output"][: 12 * years].sum(axis=1)
    return by_product.reshape(years, 12, -1).sum(axis=1), model


def drift(output):
    """Largest change of a product's share of output in a year."""
    shares = output / output.sum(axis=1, keepdims=True)
    return np.abs(np.diff(shares, axis=0)).max()


@pytest.fixture(scope="module")
def even():
    return even_growth(0.01)


def test_shares_stay_where_all_demand_grows_alike(even):
    """One percent a year, so that nobody is at capacity at the end of twelve years (80 % at the start)."""
    output, _ = even
    growth = np.diff(np.log(output.sum(axis=1)))
    assert np.abs(growth[1:] - 0.01).max() < 0.0005
    assert abs(growth[0] - 0.01) < 0.001, "owners, who spend what they are used to, come from an opening at rest"
    assert drift(output[1:]) < 0.001 / 5


@pytest.mark.slow
def test_capacity_follows_demand_with_the_trigger_and_does_not_run_ahead():
    """After twenty years capacity that stood still would be full."""
    _, model = even_growth(0.01, years=20)
    table = model.state.firms
    mine = table.alive & ~table.block & ~table.fringe & (table.leader < 0)
    used = table.output[mine].sum() / table.capacity[mine].sum()
    trigger = model.plan[firms.Firms].utilisation_trigger
    assert trigger < used < 0.95


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.0, 0.01, 0.02, 0.03])
def test_other_rates_keep_shares_too(rate):
    """At two percent fringe rows and leaders' plants, which cannot grow here, fill up in the second decade."""
    output, _ = even_growth(rate, years=20)
    assert drift(output) < 0.001


@pytest.mark.slow
def test_demand_that_follows_capacity_feeds_itself():
    """The ablation: with orders proportional to what was built, growth leaves its drivers behind."""
    output, _ = even_growth(0.01, {"firms.new_customers": 1.0}, years=14)
    growth = np.diff(np.log(output.sum(axis=1)))
    assert growth[-1] > 0.014
    assert growth[-1] > growth[-2] > growth[-3]


@pytest.mark.slow
def test_a_cap_on_electricity_bends_the_path():
    """Same economy, three percent a year: output follows the cap from when it binds, and services lag less."""
    cap, years = 8.7, 7
    free, _ = even_growth(0.03, years=years)
    bent, model = even_growth(0.03, {"energy.cap": cap}, years=years)
    gap = np.log(bent.sum(axis=1) / free.sum(axis=1))
    use = model.recorder.arrays["electricity"][: 12 * years].sum(axis=(1, 2)).reshape(years, 12).sum(axis=1) / 1e6
    binding = use > cap * (1 - 1e-9)
    first = int(np.argmax(binding))
    assert 1 < first < 5
    assert binding[first:].all()
    assert use.max() <= cap * (1 + 1e-9)
    np.testing.assert_array_equal(bent[: first - 1], free[: first - 1])
    assert (np.diff(gap[first:]) < -0.001).all(), "the gap widens every year"
    made, blocks = model.world.agent, ~model.world.agent
    industry = np.log(bent[-1, made].sum() / free[-1, made].sum())
    services = np.log(bent[-1, blocks].sum() / free[-1, blocks].sum())
    assert industry < services < 0
    # electricity per unit falls by 1.5 % a year: that much industry may still grow
    growth = np.diff(np.log(bent[first + 1 :, made].sum(axis=1)))
    np.testing.assert_allclose(growth, -np.log(1 - 0.015), atol=0.002)


@pytest.mark.slow
def test_the_grown_region_bends_under_a_cap_too():
    """The whole model, with entry, exit and leaders: a cap costs little before it binds, and more every later year."""
    paths = {}
    for cap in (0, 13):
        model = NingdeModel(sim.load("baseline").replace({"energy.cap": cap}, name="cap"), 2)
        for _ in range(120):
            model.step()
        paths[cap] = model.recorder.arrays["output"][:120].sum(axis=(1, 2)).reshape(10, 12).sum(axis=1)
    loss = 1 - paths[13] / paths[0]
    assert abs(loss[0]) < 0.002
    assert np.abs(loss[:3]).max() < 0.02  # so far: a melt shop that its leader builds elsewhere, refused entrants
    assert loss[-1] > 0.05
    assert (np.diff(loss[5:]) > 0).all()
