"""Parts of sources in a variance, against planted ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.statistics.variance import spread

ROWS = 20_000


def design(function: Callable[[np.ndarray], np.ndarray], sources: int, rows: int, seed: int) -> tuple[np.ndarray, ...]:
    """Results of a pick-and-freeze design of standard normal sources."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, rows, sources))
    swapped = []
    for source in range(sources):
        mixed = a.copy()
        mixed[:, source] = b[:, source]
        swapped.append(function(mixed))
    return function(a), function(b), np.array(swapped)


def test_planted_sum_is_found() -> None:
    found = spread(*design(lambda u: u @ np.array([3.0, 1.0, 0.0]), 3, ROWS, 1), np.random.default_rng(0), 2)
    assert found.variance == pytest.approx(10.0, rel=0.03)
    assert found.alone == pytest.approx([0.9, 0.1, 0.0], abs=0.02)
    assert found.total == pytest.approx([0.9, 0.1, 0.0], abs=0.02)
    assert found.total[2] == 0.0, "a source without effect moves nothing"


def test_planted_nested_design_is_found() -> None:
    """Units (variance 4), sub-units whose size the unit sets (mean variance 2), and luck (1)."""
    found = spread(
        *design(lambda u: 2 * u[:, 0] + np.sqrt(2) * u[:, 0] * u[:, 1] + u[:, 2], 3, 5 * ROWS, 2),
        np.random.default_rng(0),
        2,
    )
    assert found.alone == pytest.approx([4 / 7, 0.0, 1 / 7], abs=0.02)
    assert found.total == pytest.approx([6 / 7, 2 / 7, 1 / 7], abs=0.03)
    assert found.part == pytest.approx([5 / 7, 1 / 7, 1 / 7], abs=0.02), "a pair shares what it does together"
    assert found.rest == pytest.approx(0.0, abs=0.03)


def test_three_acting_together_are_the_rest() -> None:
    found = spread(*design(lambda u: u.prod(axis=1), 3, 5 * ROWS, 3), np.random.default_rng(0), 2)
    assert found.part == pytest.approx([0.5] * 3, abs=0.05)
    assert found.rest == pytest.approx(-0.5, abs=0.1)


def test_interval_of_few_runs_covers_the_planted_share() -> None:
    inside = []
    for seed in range(80):
        found = spread(*design(lambda u: u @ np.array([2.0, 1.0]), 2, 24, seed), np.random.default_rng(seed))
        inside.append((found.low <= [0.8, 0.2]) & (found.high >= [0.8, 0.2]))
    assert np.mean(inside) > 0.75


def test_nothing_moves_and_no_design() -> None:
    flat = np.ones(4)
    assert np.isnan(spread(flat, flat, np.ones((2, 4)), np.random.default_rng(0)).part).all()
    with pytest.raises(ValueError, match="no design"):
        spread(flat, flat, np.ones((2, 3)), np.random.default_rng(0))
    with pytest.raises(ValueError, match="no design"):
        spread(flat[:1], flat[:1], np.ones((2, 1)), np.random.default_rng(0))
