"""Scenario discovery against planted conditions, and where there are none.

The EMA workbench takes seconds to import and to peel: one test of boxes is enough for every day, the rest is slow.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim.statistics.discovery import Box, DiscoveryError, Limit, answer, cart, prim_boxes, words
from sim.statistics.discovery.boxes import halves, p_more_often
from sim.statistics.discovery.prim import supported


def planted(seed: int, cases: int = 400) -> tuple[pd.DataFrame, np.ndarray]:
    """Nine of ten cases fail where growth is at most 0.4 and price at least 50, one of twenty elsewhere."""
    rng = np.random.default_rng(seed)
    inputs = pd.DataFrame({"growth": rng.random(cases), "price": 100 * rng.random(cases), "idle": rng.random(cases)})
    box = ((inputs.growth <= 0.4) & (inputs.price >= 50.0)).to_numpy()
    return inputs, rng.random(cases) < np.where(box, 0.9, 0.05)


def test_prim_finds_the_planted_box() -> None:
    inputs, failed = planted(1)
    (box,) = prim_boxes(inputs, failed, most=1)
    limits = {limit.factor: limit for limit in box.limits}
    assert set(limits) == {"growth", "price"}
    assert limits["growth"].high == pytest.approx(0.4, abs=0.05)
    assert limits["price"].low == pytest.approx(50.0, abs=5.0)
    assert limits["growth"].low == -np.inf
    assert limits["price"].high == np.inf
    assert max(limit.p for limit in box.limits) < 1e-3
    assert box.coverage > 0.7
    assert box.density > 0.75
    assert box.low < box.density < box.high
    assert box.density == pytest.approx(0.9, abs=0.1)
    assert box.mass == pytest.approx(0.2, abs=0.06)


def test_a_wide_box_around_most_failures_is_found_in_few_cases() -> None:
    rng = np.random.default_rng(5)
    inputs = pd.DataFrame({"growth": rng.random(48), "idle": rng.random(48)})
    failed = rng.random(48) < np.where(inputs.growth < 0.65, 0.95, 0.15)
    (box,) = prim_boxes(inputs, failed, most=1)
    assert [limit.factor for limit in box.limits] == ["growth"]
    assert box.limits[0].high == pytest.approx(0.65, abs=0.15)
    # inside 10 of 14 fail, outside 1 of 6: drawn by lot so many come with 4 %
    inside, bad = np.arange(20) < 14, np.isin(np.arange(20), [*range(10), 19])
    assert p_more_often(inside, bad) == pytest.approx(0.037926, abs=1e-6)
    assert p_more_often(inside[:0], bad[:0]) == 1.0


@pytest.mark.slow
def test_prim_finds_a_choice_and_whole_numbers() -> None:
    rng = np.random.default_rng(2)
    inputs = pd.DataFrame(
        {"scenario": rng.choice(["calm", "trade war", "boom"], 400), "plants": rng.integers(0, 4, 400), "one": 3}
    )
    failed = ((inputs.scenario == "trade war") & (inputs.plants >= 2)).to_numpy() & (rng.random(400) < 0.9)
    (box,) = prim_boxes(inputs, failed)
    limits = {limit.factor: limit for limit in box.limits}
    assert limits["scenario"].values == ("trade war",)
    assert 1 < limits["plants"].low <= 2
    assert box.coverage == 1.0
    assert (box.inside(inputs) == ((inputs.scenario == "trade war") & (inputs.plants >= 2))).all()


@pytest.mark.slow
def test_a_second_box_lies_in_what_the_first_leaves() -> None:
    rng = np.random.default_rng(3)
    inputs = pd.DataFrame({"growth": rng.random(500), "price": rng.random(500)})
    failed = ((inputs.growth < 0.2) | (inputs.price > 0.9)).to_numpy()
    one, two = prim_boxes(inputs, failed, most=2)
    assert {one.limits[0].factor, two.limits[0].factor} == {"growth", "price"}
    assert one.coverage + two.coverage > 0.9
    assert two.density > 0.9
    assert "Of the other cases, it fails in" in answer([one, two], failed)


@pytest.mark.slow
def test_no_box_and_no_tree_where_failure_does_not_depend_on_the_inputs() -> None:
    boxes = trees = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        inputs, failed = pd.DataFrame(rng.random((160, 3)), columns=list("abc")), rng.random(160) < 0.3
        boxes += bool(prim_boxes(inputs, failed, most=1))
        trees += bool(cart(inputs, failed))
    assert boxes <= 3, "once in 20 times"
    assert trees <= 3


@pytest.mark.slow
def test_one_sample_without_conditions_has_no_box_and_the_answer_says_so() -> None:
    rng = np.random.default_rng(5)
    inputs, failed = pd.DataFrame(rng.random((200, 3)), columns=list("abc")), rng.random(200) < 0.3
    assert prim_boxes(inputs, failed) == ()
    assert cart(inputs, failed) == ()
    assert "no condition" in answer((), failed)


@pytest.mark.parametrize("search", [prim_boxes, cart])
def test_few_all_and_none_failed_have_an_answer(search) -> None:
    inputs = pd.DataFrame(np.random.default_rng(1).random((40, 2)), columns=["a", "b"])
    for failed, said in (
        (np.zeros(40, dtype=bool), "none of 40 cases"),
        (np.ones(40, dtype=bool), "all of 40 cases"),
        (np.arange(40) < 9, "9 of 40 cases; to say when, at least 10"),
        (np.arange(40) > 8, "31 of 40 cases; to say when, at least 10"),
    ):
        assert search(inputs, failed) == ()
        assert said in answer((), failed)
    assert search(inputs[:0], np.zeros(0, dtype=bool)) == ()


def test_a_tree_finds_the_planted_box_and_its_leaves_hold_all_cases() -> None:
    inputs, failed = planted(1, 600)
    leaves = cart(inputs, failed)
    limits = {limit.factor: limit for limit in leaves[0].limits}
    assert limits["growth"].high == pytest.approx(0.4, abs=0.05)
    assert limits["price"].low == pytest.approx(50.0, abs=5.0)
    assert leaves[0].density > 0.75
    assert leaves[0].coverage > 0.7
    assert (np.sum([leaf.inside(inputs) for leaf in leaves], axis=0) == 1).all()
    assert sum(leaf.mass for leaf in leaves) == pytest.approx(1.0)
    assert sum(leaf.coverage for leaf in leaves) == pytest.approx(1.0)
    assert [leaf.density for leaf in leaves] == sorted((leaf.density for leaf in leaves), reverse=True)


def test_a_tree_cuts_by_choices() -> None:
    rng = np.random.default_rng(2)
    inputs = pd.DataFrame({"world": rng.choice(["calm", "war", "boom"], 300), "built": rng.random(300) < 0.5})
    failed = ((inputs.world == "war") & inputs.built).to_numpy() & (rng.random(300) < 0.9)
    worst = cart(inputs, failed)[0]
    assert {limit.factor: limit.values for limit in worst.limits} == {"world": ("war",), "built": ("True",)}
    assert (np.sum([leaf.inside(inputs) for leaf in cart(inputs, failed)], axis=0) == 1).all()


@pytest.mark.slow
@pytest.mark.parametrize("one_half_only", [True, False])
def test_a_condition_of_one_half_only_is_none(one_half_only: bool) -> None:
    """Below 0.5 all cases of one half fail and none above; in the other half failure is by lot."""
    rng = np.random.default_rng(1)
    failed = np.arange(200) < 60
    finds = halves(failed, 0)
    assert np.count_nonzero(finds & failed) == 30
    assert np.count_nonzero(finds) == 100
    value = rng.random(200)
    half = finds == one_half_only
    value[half] = 0.5 * (value[half] + ~failed[half])
    inputs = pd.DataFrame({"a": value})
    assert prim_boxes(inputs, failed) == ()
    assert cart(inputs, failed) == ()


def test_cases_that_share_their_luck_find_or_judge_together() -> None:
    failed, seeds = np.random.default_rng(3).random(120) < 0.4, np.repeat(np.arange(40), 3)
    finds = halves(failed, 0, seeds).reshape(40, 3)
    assert (finds == finds[:, :1]).all()
    assert 15 <= finds[:, 0].sum() <= 20
    np.testing.assert_array_equal(halves(failed, 0), halves(failed, 0, np.arange(120)))


def test_a_side_that_the_judging_half_does_not_support_is_dropped() -> None:
    inputs, failed = planted(4)
    sides = (Limit("growth", high=0.4), Limit("idle", low=0.2), Limit("price", low=50.0))
    assert {limit.factor for limit in supported(sides, inputs, failed)} == {"growth", "price"}


def test_a_box_that_fails_no_more_than_the_average_is_none_whatever_its_sides() -> None:
    """Of 100 cases 30 fail; of 40 with a 18, which alone would pass (p = 0.03); of 20 with a and b 8 (p = 0.2)."""
    a, failed, b = np.arange(100) < 40, np.zeros(100, dtype=bool), np.zeros(100, dtype=bool)
    failed[:18] = failed[40:52] = True
    b[:8] = b[18:30] = b[40:52] = b[60:78] = True
    inputs = pd.DataFrame({"a": a.astype(float), "b": b.astype(float)})
    assert supported((Limit("a", low=1.0),), inputs, failed) != ()
    assert supported((Limit("a", low=1.0), Limit("b", low=1.0)), inputs, failed) == ()


def test_a_sentence_by_hand() -> None:
    box = Box(
        (Limit("demand_growth", high=0.04), Limit("price", low=2.0, high=1234.5), Limit("world", values=("a", "b"))),
        coverage=0.71,
        density=0.83,
        low=0.7,
        high=0.9,
        mass=0.1,
        everywhere=0.2,
        cases=40,
    )
    assert words(box, {"price": "yuan"}) == (
        "It fails in 83 % of the cases in which demand growth is at most 0.04 and price is between 2 and 1,234 yuan "
        "and world is a or b (90 % interval 70 % to 90 %; in all cases 20 %); "
        "this covers 71 % of all cases in which it fails."
    )


def test_cases_that_cannot_be_searched_are_named() -> None:
    failed = np.arange(30) < 15
    with pytest.raises(DiscoveryError, match="do not belong together"):
        prim_boxes(pd.DataFrame({"a": np.arange(20.0)}), failed)
    with pytest.raises(DiscoveryError, match="the input a misses a value"):
        cart(pd.DataFrame({"a": np.where(failed, np.nan, 1.0)}), failed)


def test_inputs_that_never_vary_set_nothing_apart() -> None:
    failed = np.arange(30) < 15
    assert prim_boxes(pd.DataFrame({"a": np.ones(30)}), failed) == ()
    assert cart(pd.DataFrame({"a": np.ones(30)}), failed) == ()
