"""The pool of candidates: reference rates, slots and luck that no policy moves."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim.draws import Streams
from sim.mechanisms.candidates import CandidatePool, reference_rates, related_nodes
from sim.mechanisms.promotion import Promotion
from sim.model import NingdeModel
from sim.state import SPENDING_ITEMS, Channel, Stage


def test_reference_rates_by_channel():
    promotion = Promotion(
        lead_rate_leader=0.4,
        lead_rate_chain=0.3,
        lead_rate_cluster=0.5,
        lead_rate_bump=8.0,
        spinoff_rate=0.05,
        normal_entry=0.1,
    )
    national = np.array([0.7, 0.3, 0.0])
    related = np.array([0.25, 0.75, 0.0])
    rates = reference_rates(
        promotion, national, related, np.array([0.0, 240.0, 0.0]), np.array([0.5, 1.0, 1.0]), agents=2
    )
    assert rates[Channel.LEADER] == pytest.approx([0.8, 0.4, 0.0]), "twice as many of half the size"
    assert rates[Channel.CHAIN] == pytest.approx([0.6, 0.3, 0.0])
    assert rates[Channel.CLUSTER] == pytest.approx([0.5, 0.5, 0.0])
    assert rates[Channel.UNPLANNED] == pytest.approx(8.0 * national)
    assert rates[Channel.SPINOFF] == pytest.approx(0.05 / 12 * 10.0 * related), "per month, ten thousand leader jobs"
    assert rates[Channel.NORMAL] == pytest.approx([0.0, 0.1 / 12 * 240.0, 0.0])


def test_related_nodes_are_shares(opening):
    related = related_nodes(opening)
    assert related.sum() == pytest.approx(1.0)
    assert (related >= 0).all()
    assert (related[opening.world.agent_count :] == 0).all()


def draw(seed, month, rates, slots=100, parks=4):
    room = SimpleNamespace(planned=np.zeros(parks))
    state = SimpleNamespace(month=month, slots=slots, parks=room, boards=SimpleNamespace())
    CandidatePool(Promotion(), rates, 0.25, 0.25).step(state, Streams(seed))
    return state.boards.candidates


def test_candidates_take_the_next_slots_and_luck_within_its_range():
    pool = draw(1, 7, np.full((6, 5), 0.4))
    np.testing.assert_array_equal(pool.slot, 100 + np.arange(len(pool)))
    for name in ("keep", "sign", "fail", "quality", "graft", "place"):
        values = getattr(pool, name)
        assert ((values >= 0) & (values < 1)).all(), name
    for name in ("work", "requisition"):
        assert (getattr(pool, name) > 0).all(), name


def test_counts_are_poisson_with_the_pool_rate_and_luck_has_its_moments():
    rates = np.zeros((6, 3))
    rates[Channel.CHAIN, 1] = 0.5
    months = 1500
    pools = [draw(2, month, rates) for month in range(months)]
    counts = np.array([len(pool) for pool in pools])
    mean = Promotion().pool_factor * 0.5
    assert abs(counts.sum() - months * mean) < 5 * np.sqrt(months * mean)
    assert counts.var() / mean == pytest.approx(1.0, abs=5 * np.sqrt(2.0 / months))
    work = np.concatenate([pool.work for pool in pools])
    assert work.mean() == pytest.approx(1.0, abs=5 * 0.25 / np.sqrt(len(work)))
    assert work.std() == pytest.approx(0.25, rel=0.08)
    ground = np.concatenate([pool.requisition for pool in pools])
    assert ground.mean() == pytest.approx(1.0, abs=5 * 0.25 / np.sqrt(len(ground)))
    assert ground.std() == pytest.approx(0.25, rel=0.08)


def test_a_pool_does_not_depend_on_other_months_or_on_slots():
    rates = np.full((6, 5), 0.4)
    one, two = draw(3, 9, rates, slots=0), draw(3, 9, rates, slots=77)
    np.testing.assert_array_equal(one.sign, two.sign)
    np.testing.assert_array_equal(one.taste_luck, two.taste_luck)
    assert (draw(3, 10, rates).sign[:5] != one.sign[:5]).any()


@pytest.mark.slow
def test_slots_are_numbered_alike_in_all_scenarios(baseline):
    """Service moves the month in which plants are born, and must not move the numbers of later candidates."""
    without = baseline.replace({"service.start": "2014-01", "service.teams": 0}, name="without")
    one, two = NingdeModel(baseline, 1), NingdeModel(without, 1)
    for _ in range(60):
        one.step()
        two.step()
        np.testing.assert_array_equal(one.state.boards.candidates.slot, two.state.boards.candidates.slot)


def test_without_the_pool_nobody_comes_and_the_money_for_promotion_is_spent_in_vain(usual, beside):
    alone, months = beside(without=(CandidatePool,)), usual.state.month
    entered = [model.recorder.arrays["entered"][:months, Stage.LEAD].sum() for model in (alone, usual)]
    assert entered[0] == 0 < entered[1]
    assert (alone.state.projects.channel == Channel.OWN).all()
    assert alone.state.slots < usual.state.slots
    left, right = alone.recorder.arrays, usual.recorder.arrays
    for name in ("output", "firms", "jobs", "wage", "price"):
        np.testing.assert_array_equal(left[name][0], right[name][0], err_msg=f"{name}: nobody produces at once")
    np.testing.assert_array_equal(left["world_volume"][:months], right["world_volume"][:months])
    paid = SPENDING_ITEMS.index("promotion")
    spent = [each["public_spending"][:months, :, paid].sum() for each in (left, right)]
    assert spent[0] > spent[1] > 0, "campaigns chase a plan that nobody fulfils"
    dated = [each.state.projects.signed[each.state.projects.event >= 0] for each in (alone, usual)]
    np.testing.assert_array_equal(*dated, err_msg="history does not wait for candidates")
    assert left["firms"][months - 1].sum() < right["firms"][months - 1].sum()
    assert left["output"][months - 1].sum() < right["output"][months - 1].sum()
