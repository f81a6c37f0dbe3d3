"""Shapley values: their axioms, brute force on three players, and the estimate from drawn orders."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from sim.statistics.paired import intervals
from sim.statistics.shapley import (
    coalitions,
    draw_orders,
    exact_parts,
    exact_values,
    interaction_values,
    passed,
    sampled_parts,
)


def brute(values: np.ndarray, players: int) -> np.ndarray:
    """Mean contribution over all orders, written out."""
    orders = list(permutations(range(players)))
    found = np.zeros((players, *values.shape[1:]))
    for order in orders:
        made = 0
        for player in order:
            found[player] += values[made | 1 << player] - values[made]
            made |= 1 << player
    return found / len(orders)


@pytest.fixture
def game() -> np.ndarray:
    return np.random.default_rng(7).normal(size=(8, 5, 2))


def test_equals_brute_force_on_three(game: np.ndarray) -> None:
    np.testing.assert_allclose(exact_values(game), brute(game, 3), atol=1e-12)


@pytest.mark.parametrize("players", [1, 2, 4, 8])
def test_parts_add_up_to_the_whole(players: int) -> None:
    values = np.random.default_rng(players).normal(scale=1e3, size=(2**players, 4))
    np.testing.assert_allclose(exact_values(values).sum(axis=0), values[-1] - values[0], rtol=1e-9, atol=1e-9)


def test_symmetric_and_null_players() -> None:
    rng = np.random.default_rng(8)
    numbers = np.arange(16)
    count = (numbers & 1) + (numbers >> 1 & 1)  # players 0 and 1 do the same
    third = numbers >> 2 & 1  # player 3 does nothing
    values = rng.normal(size=(3, 2))[count, third]
    found = exact_values(values)
    assert found[0] == pytest.approx(found[1], abs=1e-9)
    assert found[3] == pytest.approx(0.0, abs=1e-9)
    assert interaction_values(values)[3] == pytest.approx(0.0, abs=1e-9)


def test_glove_game() -> None:
    # One left glove, two right ones: the known answer is 2/3, 1/6, 1/6.
    values = np.array([float(s & 1 and s & 6 > 0) for s in range(8)])
    assert exact_values(values) == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_interactions_of_a_planted_product() -> None:
    # v = 2 x0 + 3 x1 + 5 x0 x1 + x2
    x = np.array([[s >> i & 1 for i in range(3)] for s in range(8)], dtype=float)
    values = 2 * x[:, 0] + 3 * x[:, 1] + 5 * x[:, 0] * x[:, 1] + x[:, 2]
    together = interaction_values(values)
    assert together[0, 1] == together[1, 0] == pytest.approx(5.0)
    assert together[0, 2] == pytest.approx(0.0)
    parts = exact_parts(values[:, None])
    assert parts.alone == pytest.approx([2.0, 3.0, 1.0])
    assert parts.mean == pytest.approx([4.5, 5.5, 1.0])


def test_what_is_alone_and_together_adds_up(game: np.ndarray) -> None:
    parts = exact_parts(game)
    assert parts.alone is not None
    assert parts.interactions is not None
    whole = (game[-1] - game[0]).mean(axis=0)
    np.testing.assert_allclose(parts.alone.sum(axis=0) + parts.interactions.sum(axis=(0, 1)) / 2, whole, atol=1e-12)


def test_intervals_are_those_of_paired_seeds(game: np.ndarray) -> None:
    parts = exact_parts(game)
    mean, low, high = intervals(exact_values(game)[1])
    assert parts.mean[1] == pytest.approx(mean)
    assert parts.low[1] == pytest.approx(low)
    assert parts.high[1] == pytest.approx(high)


def test_drawn_orders_come_with_their_reverse_and_need_few_coalitions() -> None:
    orders = draw_orders(10, 3, np.random.default_rng(9))
    assert orders.shape == (6, 10)
    assert (orders[::2] == orders[1::2, ::-1]).all()
    assert passed([1, 0]) == [0, 2, 3]
    needed = coalitions(orders)
    assert needed[0] == 0
    assert needed[-1] == 1023
    assert len(needed) <= 2 + 6 * 9


def _many(players: int, seeds: int, rng: np.random.Generator) -> dict[int, np.ndarray]:
    """A game with pairs that act together and luck of seeds."""
    own, pair = rng.normal(size=players), rng.normal(size=(players, players))
    luck = rng.normal(size=(seeds, players))
    found = {}
    for mask in range(2**players):
        x = np.array([mask >> i & 1 for i in range(players)], dtype=float)
        found[mask] = (own @ x + x @ pair @ x + luck @ x)[:, None] * np.array([1.0, -2.0])
    return found


def test_drawn_orders_add_up_exactly_and_meet_the_exact_values() -> None:
    rng = np.random.default_rng(10)
    values = _many(9, 4, rng)
    orders = draw_orders(9, 40, rng)
    parts = sampled_parts(values, orders)
    whole = (values[511] - values[0]).mean(axis=0)
    np.testing.assert_allclose(parts.mean.sum(axis=0), whole, rtol=1e-9, atol=1e-9)
    exact = exact_values(np.array([values[mask] for mask in range(512)])).mean(axis=1)
    # pairs alone act together, and an order and its reverse meet each pair both ways: the draw is then exact
    np.testing.assert_allclose(parts.mean, exact, atol=1e-9)


def test_interval_of_drawn_orders_covers_the_exact_value() -> None:
    inside = []
    for trial in range(60):
        rng = np.random.default_rng(trial)
        weights = rng.normal(size=5)
        values = {m: np.array([max(weights @ [m >> i & 1 for i in range(5)], 0.0) ** 1.5] * 2) for m in range(32)}
        exact = exact_values(np.array([values[m] for m in range(32)]))[:, 0]
        parts = sampled_parts(values, draw_orders(5, 6, rng))  # seeds alike: only orders are drawn
        inside.append((parts.low - 1e-9 <= exact) & (exact <= parts.high + 1e-9))
    assert np.mean(inside) > 0.8


def test_refuses_what_is_no_game() -> None:
    with pytest.raises(ValueError, match="power of 2"):
        exact_values(np.zeros(3))
    with pytest.raises(ValueError, match="reverse"):
        sampled_parts({0: np.zeros(1), 1: np.zeros(1), 2: np.zeros(1), 3: np.zeros(1)}, np.array([[0, 1], [0, 1]]))
