"""Where to look next: better than looking evenly, within bounds, the same for the same luck."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from sim.statistics import surrogates
from sim.statistics.fronts import hypervolume, pareto, reference
from sim.statistics.surrogates import most_added, next_points

SIGNS = np.array([1.0, -1.0])
NONE = np.zeros((12, 0))


def goals(points: np.ndarray) -> np.ndarray:
    """Gain and cost of four levers of which the last costs at once and gains nothing: good points leave it alone."""
    gain = np.sqrt(points[:, 0]) + 0.5 * points[:, 1] - (points[:, 2] - 0.3) ** 2
    cost = points[:, 0] + points[:, 1] + 2.0 * np.minimum(points[:, 3], 0.1) / 0.1
    return np.column_stack([gain, cost])


def start(seed: int) -> np.ndarray:
    return np.vstack([[0.2, 0.2, 0.8, 0.0], qmc.Sobol(4, rng=np.random.default_rng(seed)).random(16)])[:12]


def looked(seed: int, rounds: int = 4) -> np.ndarray:
    """Points of a search of so many dozens."""
    points, luck = start(seed), np.random.default_rng(seed)
    for _ in range(rounds - 1):
        none = np.zeros((len(points), 0))
        points = np.vstack([points, next_points(points, goals(points), SIGNS, none, 12, luck)])
    return points


def test_it_finds_more_than_even_points_of_four_times_the_number() -> None:
    found = [goals(looked(seed)) for seed in range(3)]
    even = [goals(np.random.default_rng(seed).random((4 * 48, 4))) for seed in range(3)]
    box = reference(np.vstack([*found, *even]), SIGNS)
    assert min(hypervolume(each, box) for each in found) > max(hypervolume(each, box) for each in even) + 0.05


def test_points_lie_in_the_cube_are_new_and_depend_on_luck_alone() -> None:
    points = start(1)
    one, same, other = (
        next_points(points, goals(points), SIGNS, NONE, 12, np.random.default_rng(s)) for s in (5, 5, 6)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.shape == (12, 4)
    assert ((one >= 0) & (one <= 1)).all()
    assert len(np.unique(np.vstack([points, one]), axis=0)) == 24


def test_bounds_that_are_known_without_a_look_are_kept() -> None:
    points = start(2)

    def beyond(each: np.ndarray) -> np.ndarray:
        return each[:, [0]] + each[:, [1]] - 0.6

    found = next_points(points, goals(points), SIGNS, NONE, 12, np.random.default_rng(0), beyond)
    assert beyond(found).max() <= 0
    assert beyond(next_points(points, goals(points), SIGNS, NONE, 12, np.random.default_rng(0))).max() > 0.3


def test_bounds_on_figures_are_learned() -> None:
    points = start(3)
    margin = (goals(points)[:, [0]] - 0.7) * 2.0  # the gain itself must not be too large
    found = next_points(points, goals(points), SIGNS, margin, 12, np.random.default_rng(0))
    free = next_points(points, goals(points), SIGNS, NONE, 12, np.random.default_rng(0))
    assert np.mean(goals(found)[:, 0] <= 0.75) >= 0.75
    assert np.mean(goals(free)[:, 0] <= 0.75) < 0.5


def test_while_nothing_keeps_the_bounds_it_goes_where_they_are_broken_least() -> None:
    points = start(4)

    def margins(each: np.ndarray) -> np.ndarray:
        return (each[:, [3]] - each[:, [0]] + 1.1) / 2.0  # broken everywhere, least where the last is 0, the first 1

    found = next_points(points, goals(points), SIGNS, margins(points), 12, np.random.default_rng(0))
    assert np.median(margins(found)) < np.sort(margins(points)[:, 0])[2]
    assert len(np.unique(found, axis=0)) == 12


def test_a_goal_that_nothing_moves_is_no_goal() -> None:
    points = start(5)
    still = np.column_stack([goals(points), np.zeros(len(points))])
    with_it = next_points(points, still, np.array([1.0, -1.0, 1.0]), NONE, 12, np.random.default_rng(0))
    np.testing.assert_array_equal(
        with_it, next_points(points, goals(points), SIGNS, NONE, 12, np.random.default_rng(0))
    )


def test_no_known_point_is_asked_for_again_and_there_are_as_many_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surrogates, "CANDIDATES", 30)
    points = np.linspace(0.0, 1.0, 12)[:, None]
    values = np.column_stack([points[:, 0], points[:, 0] ** 2])
    found = next_points(points, values, SIGNS, NONE, 40, np.random.default_rng(0))
    assert found.shape == (40, 1)
    assert not np.isin(found, points).any()


def test_what_is_chosen_already_adds_no_more() -> None:
    before, offered = np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[0.8, 0.2], [0.79, 0.2], [0.3, 0.05]])
    assert most_added(before, offered, SIGNS) == 0
    assert most_added(np.vstack([before, offered[:1]]), offered[1:], SIGNS) == 1


def test_where_nothing_adds_the_best_is_taken() -> None:
    both_up = np.array([1.0, 1.0])
    assert most_added(np.array([[2.0, 2.0]]), np.array([[0.1, 0.1], [0.9, 0.8], [0.4, 0.9]]), both_up) == 1
    assert most_added(np.array([[2.0]]), np.array([[0.1], [0.9], [0.5]]), np.array([1.0])) == 1


def test_each_point_has_a_draw_of_its_own_and_counts_those_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[tuple[np.ndarray, np.ndarray]]()

    def watched(before: np.ndarray, offered: np.ndarray, signs: np.ndarray) -> int:
        seen.append((before, offered))
        return most_added(before, offered, signs)

    monkeypatch.setattr(surrogates, "most_added", watched)
    next_points(start(6), goals(start(6)), SIGNS, NONE, 2, np.random.default_rng(0))
    (first, one), (second, other) = seen
    assert len(second) == len(first) + 1
    assert len(one) == len(other) + 1
    assert not np.isin(other[:, 0], one[:, 0]).any()


def test_candidates_come_from_what_nothing_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surrogates, "MOVED", 0.0)
    points = start(7)
    found = next_points(points, goals(points), SIGNS, NONE, 12, np.random.default_rng(0))
    front = points[pareto(goals(points), SIGNS)]
    assert all(np.isin(found[:, lever], front[:, lever]).all() for lever in range(4))


def test_models_know_the_newest_that_nothing_beats_then_the_newest_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surrogates, "MOST_KNOWN", 5)
    assert surrogates._known(20, np.array([3, 0])).tolist() == [0, 3, 17, 18, 19]
    assert surrogates._known(20, np.arange(2, 12)).tolist() == [7, 8, 9, 10, 11]
