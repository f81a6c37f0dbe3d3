"""First passage against the analytic answer of a drifting random walk, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from sim.statistics.passage import OPEN, first_passage, standing

NAN = np.nan


def inverse_gaussian(t: np.ndarray, way: float, drift: float, sd: float) -> np.ndarray:
    """Probability that a Brownian motion with drift has gone the way by time t."""
    root = sd * np.sqrt(t)
    back = np.exp(2 * drift * way / sd**2) * norm.cdf((-way - drift * t) / root)
    return np.asarray(norm.cdf((drift * t - way) / root) + back)


@pytest.mark.parametrize(("drift", "sd"), [(0.5, 2.0), (-0.1, 2.0), (0.5, 0.4)])
def test_drifting_walk_reaches_as_the_inverse_gaussian_law_says(drift: float, sd: float) -> None:
    steps, runs, way, every = 16, 6_000, 20.0, 12
    rng = np.random.default_rng(5)
    walk = np.cumsum(rng.normal(drift / steps, sd / np.sqrt(steps), size=(runs, 100 * steps)), axis=1)
    # A walk seen at steps reaches a target as a continuous one reaches a target 0.5826 sd of a step higher (Broadie,
    # Glasserman and Kou, Mathematical Finance 7, 1997).
    seen = way - 0.5826 * sd / np.sqrt(steps)
    found, low, high = first_passage(walk, seen).by_month()
    at = np.arange(every, 101, every)
    expected = inverse_gaussian(at.astype(float), way, drift, sd)
    error = 4 * np.sqrt(expected * (1 - expected) / runs) + 2e-3
    assert (np.abs(found[at * steps - 1] - expected) < error).all()
    inside = (low[at * steps - 1] - 2e-3 <= expected) & (expected <= high[at * steps - 1] + 2e-3)
    assert inside.mean() > 0.6


def test_quantile_of_the_walk_is_the_analytic_one() -> None:
    steps, rng = 16, np.random.default_rng(6)
    walk = np.cumsum(rng.normal(0.5 / steps, 2.0 / np.sqrt(steps), size=(4_000, 150 * steps)), axis=1)
    median = first_passage(walk, 20.0 - 0.5826 * 2.0 / 4).quantile(0.5)
    assert median is not None
    assert inverse_gaussian(np.array([(median + 1) / steps]), 20.0, 0.5, 2.0)[0] == pytest.approx(0.5, abs=0.03)


def test_by_hand_with_an_open_end() -> None:
    series = np.array([[NAN, 1.0, 3.0, 1.0], [NAN, 0.0, 1.0, 2.0], [NAN, 0.0, 0.0, 0.0]])
    found = first_passage(series, 2.0)
    assert found.first.tolist() == [2, 3, OPEN]
    assert found.by_month()[0].tolist() == pytest.approx([0, 0, 1 / 3, 2 / 3])
    assert found.reached == pytest.approx(2 / 3)
    assert (found.quantile(1 / 3), found.quantile(0.5), found.quantile(0.9)) == (2, 3, None)
    assert standing(series, 2.0)[0].tolist() == pytest.approx([0, 0, 1 / 3, 1 / 3]), "reaching is not staying"


def test_quantile_of_a_hundred_runs_is_not_moved_by_rounding() -> None:
    series = np.array([[0.0] * k + [1.0] * (100 - k) for k in range(100)])
    assert 0.55 * 100 > 55, "a little more than 55 in binary numbers"
    assert first_passage(series, 1.0).quantile(0.55) == 54


def test_refuses_what_is_no_question() -> None:
    with pytest.raises(ValueError, match="at least one run"):
        first_passage(np.zeros((0, 3)), 1.0)
    with pytest.raises(ValueError, match="not a number"):
        first_passage(np.zeros((1, 3)), NAN)
    with pytest.raises(ValueError, match="probability"):
        first_passage(np.zeros((1, 3)), 1.0).quantile(0.0)
