"""Posterior draws against a linear model whose posterior is known."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from sim.statistics.posterior import (
    Draws,
    PosteriorError,
    draw_posterior,
    effective,
    independent,
    intervals,
    log_likelihood,
    rank,
    weights,
)

SLOPES = np.array([[2.0, 0.5, 0.0], [0.0, 1.0, -1.0], [1.0, 0.0, 1.5], [0.5, 0.5, 0.5]])
ERROR = np.diag([0.02, 0.03, 0.04, 0.02]) ** 2 * 4 + 2e-4
TRUTH = np.array([0.45, 0.55, 0.5])


def linear(points):
    """Log likelihood of observing the truth exactly through the linear model."""
    return log_likelihood(points @ SLOPES.T, np.zeros((len(points), 4)), SLOPES @ TRUTH, ERROR)


@pytest.fixture(scope="module")
def drawn() -> Draws:
    return draw_posterior(linear, 3, seed=1)


def test_the_likelihood_is_that_of_the_normal_law() -> None:
    mean = np.array([[1.0, 2.0], [0.5, 2.5]])
    variance = np.array([[0.1, 0.2], [0.3, 0.0]])
    observed, fixed = np.array([1.2, 2.2]), np.array([[0.5, 0.2], [0.2, 0.4]])
    found = log_likelihood(mean, variance, observed, fixed)
    expected = [
        multivariate_normal.logpdf(observed, centre, fixed + np.diag(own))
        for centre, own in zip(mean, variance, strict=True)
    ]
    np.testing.assert_allclose(found, expected)


def test_draws_have_mean_and_covariance_of_the_closed_form(drawn: Draws) -> None:
    expected = np.linalg.inv(SLOPES.T @ np.linalg.inv(ERROR) @ SLOPES)
    deviation = np.sqrt(np.diag(expected))
    assert deviation.max() < 0.1  # so that the walls of the cube do not matter
    np.testing.assert_allclose(drawn.points.mean(axis=0), TRUTH, atol=4 * deviation.max() / np.sqrt(drawn.effective))
    np.testing.assert_allclose(drawn.points.std(axis=0), deviation, rtol=0.1)
    assert np.corrcoef(drawn.points.T)[0, 2] == pytest.approx(expected[0, 2] / deviation[0] / deviation[2], abs=0.1)


def test_the_evidence_is_that_of_the_closed_form(drawn: Draws) -> None:
    precision = SLOPES.T @ np.linalg.inv(ERROR) @ SLOPES
    at_truth = linear(TRUTH[None])[0]
    expected = at_truth + 1.5 * np.log(2 * np.pi) - 0.5 * np.linalg.slogdet(precision)[1]
    assert drawn.log_evidence == pytest.approx(expected, abs=0.15)


def test_many_draws_are_independent_and_powers_rise_to_one(drawn: Draws) -> None:
    assert 300 < drawn.effective <= len(drawn.points)
    assert drawn.powers[0] == 0.0
    assert drawn.powers[-1] == 1.0
    assert (np.diff(drawn.powers) > 0).all()
    assert len(drawn.powers) > 3


def test_a_flat_likelihood_gives_the_prior() -> None:
    found = draw_posterior(lambda points: np.zeros(len(points)), 2, seed=1, particles=1024)
    np.testing.assert_allclose(found.points.mean(axis=0), 0.5, atol=0.04)
    np.testing.assert_allclose(found.points.var(axis=0), 1 / 12, rtol=0.1)
    assert found.log_evidence == pytest.approx(0.0, abs=1e-12)


def test_impossible_values_are_never_drawn_and_cost_evidence() -> None:
    def half(points):
        return np.where(points[:, 0] < 0.25, 0.0, -np.inf)

    found = draw_posterior(half, 2, seed=1, particles=1024)
    assert found.points[:, 0].max() < 0.25
    assert found.log_evidence == pytest.approx(np.log(0.25), abs=0.05)


def test_nothing_possible_is_told() -> None:
    with pytest.raises(PosteriorError, match="no parameter values explain the facts"):
        draw_posterior(lambda points: np.full(len(points), -np.inf), 2, seed=1, particles=64)


def test_equal_seeds_give_equal_draws() -> None:
    first, again, other = (draw_posterior(linear, 3, seed, 256) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.points, again.points)
    assert (first.points != other.points).any()


def test_weights_and_their_effective_number() -> None:
    weight = weights(np.log([1.0, 1.0, 2.0]) + 500.0)
    np.testing.assert_allclose(weight, [0.25, 0.25, 0.5])
    assert effective(weight) == pytest.approx(1 / (0.0625 + 0.0625 + 0.25))


def test_one_family_that_sticks_together_is_one_draw() -> None:
    points = np.array([[0.0], [0.0], [1.0], [1.0]])
    assert independent(points, np.array([0, 0, 1, 1])) == pytest.approx(2.0)
    assert independent(points, np.array([0, 1, 2, 3])) == pytest.approx(4.0)


def test_intervals_and_ranks_of_a_weighted_sample() -> None:
    sample = (np.arange(1000)[:, None] + 0.5) / 1000
    low, high = intervals(sample, np.full(1000, 1e-3), np.array([0.5, 0.9]))
    np.testing.assert_allclose(low[:, 0], [0.25, 0.05], atol=1e-3)
    np.testing.assert_allclose(high[:, 0], [0.75, 0.95], atol=1e-3)
    doubled = np.where(sample[:, 0] < 0.5, 1.5e-3, 0.5e-3)
    np.testing.assert_allclose(rank(sample, doubled, np.array([0.5])), [0.75])
