"""The chain fills up because leaders, gaps and promotion draw suppliers; nothing of it is put in (40 paired seeds)."""

import numpy as np
import pytest

import sim
from sim import resolvers
from sim.mechanisms import events, promotion
from sim.model import NingdeModel
from sim.state import Channel, Stage

SEEDS = range(1, 41)
MONTHS = 96
"""January 2014 to December 2021."""


def realised_share(model):
    """Realised local share of the cell makers, mean of the last year run."""
    values = model.recorder.arrays["local_share_realised"][model.state.month - 12 : model.state.month]
    return float(np.nanmean(values))


def run(scenario, seed, months=MONTHS):
    model = NingdeModel(scenario, seed)
    for _ in range(months):
        model.step()
    return model


def paired_drop(differences):
    """Mean difference and its standard error."""
    values = np.asarray(differences)
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values))


@pytest.fixture(scope="module")
def baseline():
    return sim.load("baseline")


@pytest.fixture(scope="module")
def with_promotion(baseline):
    return [realised_share(run(baseline, seed)) for seed in SEEDS]


def remove_battery_leaders(model):
    """Take the plants, orders and dated projects of the two cell makers away at the start."""
    state = model.state
    gone = [index for index, name in enumerate(model.leader_names) if name in ("CATL", "ATL")]
    state.ledger = resolvers.open_ledger(state)
    resolvers.close_firms(state, np.flatnonzero(np.isin(state.firms.leader, gone)))
    state.leaders.active[gone] = False
    state.rivals.capacity[gone] = 0.0
    for part in model.month_list:
        if isinstance(part, events.History):
            part.plants = tuple(plant for plant in part.plants if plant.leader not in gone)


def battery_suppliers(model):
    """Battery suppliers that came: projects of the chain that reached production, leaders' own plants left out."""
    projects, world = model.state.projects, model.world
    chain = world.chain[projects.product] == world.chains.index("BAT")
    done = chain & (projects.stage == Stage.DONE) & (projects.channel != Channel.OWN)
    return int((done & (projects.product != world.product("B_CELL"))).sum())


@pytest.mark.slow
def test_without_battery_leaders_most_suppliers_never_come(baseline):
    came, stayed = 0, 0
    for seed in list(SEEDS)[:10]:
        came += battery_suppliers(run(baseline, seed))
        alone = NingdeModel(baseline, seed)
        remove_battery_leaders(alone)
        for _ in range(MONTHS):
            alone.step()
        stayed += battery_suppliers(alone)
    assert came > 100
    assert stayed < 0.5 * came


@pytest.mark.slow
def test_without_chain_promotion_the_local_share_falls(baseline, with_promotion):
    """The money of the directed channels goes to unplanned promotion instead."""
    change = {"promotion.mix_leader": 0.0, "promotion.mix_chain": 0.0, "promotion.mix_bump": 0.75}
    alone = baseline.replace(change, name="no-chain-promotion")
    mean, error = paired_drop(
        [realised_share(run(alone, seed)) - full for seed, full in zip(SEEDS, with_promotion, strict=True)]
    )
    assert mean < -3.0 * error


@pytest.mark.slow
def test_leads_blind_to_gaps_lower_the_local_share(baseline, with_promotion, monkeypatch):
    """Channels L and C keep their expected number of leads, but spread them evenly over all agent products."""
    seeing = promotion.Funnel.lead_rates

    def blind(self, state, effort):
        rates = seeing(self, state, effort)
        agents = state.world.agent_count
        for channel in (Channel.LEADER, Channel.CHAIN):
            rates[channel, :agents] = rates[channel].sum() / agents
        return rates

    monkeypatch.setattr(promotion.Funnel, "lead_rates", blind)
    mean, error = paired_drop(
        [realised_share(run(baseline, seed)) - full for seed, full in zip(SEEDS, with_promotion, strict=True)]
    )
    assert mean < -3.0 * error
