"""Emulators against closed forms, scikit-learn and brute force."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from sim.statistics.emulator import (
    LINEAR_SCALE,
    Emulator,
    EmulatorError,
    Emulators,
    correlation,
    covariance,
    diagnose,
    fit_emulator,
    fit_emulators,
    prior_variance,
    total_effects,
    widened,
)
from sim.statistics.history_matching import sobol

LUCK = np.random.default_rng(7)


def curved(points):
    """A smooth function of two of three inputs."""
    return 3.0 + 2.0 * points[:, 0] + np.sin(4.0 * points[:, 1])


@pytest.fixture(scope="module")
def exact() -> Emulator:
    """The emulator of a function without luck."""
    points = sobol(3, 32, 1)
    return fit_emulator(points, curved(points))


@pytest.fixture(scope="module")
def noisy() -> Emulators:
    """Emulators of two outputs whose luck has standard deviations 0.2 and 0.4 and correlation 0.7."""
    points = np.concatenate([sobol(2, 64, 2), np.repeat(sobol(2, 8, 3), 5, axis=0)])
    spread = np.array([0.2, 0.4])
    chance = LUCK.multivariate_normal([0, 0], np.outer(spread, spread) * [[1.0, 0.7], [0.7, 1.0]], len(points))
    return fit_emulators(points, np.column_stack([curved(points), 5.0 * points[:, 1]]) + chance)


def test_without_luck_it_interpolates_and_knows_that_it_does(exact: Emulator) -> None:
    mean, variance = exact.predict(exact.points)
    np.testing.assert_allclose(mean, exact.outputs, atol=0.01)
    assert np.sqrt(variance).max() < 0.02


def test_between_the_rows_it_is_near_and_errors_are_as_large_as_it_says(exact: Emulator) -> None:
    points = np.random.default_rng(3).random((400, 3))
    mean, variance = exact.predict(points)
    scaled = (mean - curved(points)) / np.sqrt(variance + exact.noise)
    assert np.abs(mean - curved(points)).max() < 0.15
    assert 0.2 < scaled.std() < 1.6


def test_means_alone_are_the_means(exact: Emulator) -> None:
    points = sobol(3, 4096, 5)  # more than one chunk
    np.testing.assert_array_equal(exact.mean(points), exact.predict(points)[0])


def test_draws_have_the_mean_and_the_variance_of_predictions_and_are_smooth(noisy: Emulators) -> None:
    emulator = noisy.each[0]
    points = np.vstack([np.random.default_rng(4).random((6, 2)), [[0.0, 0.0], [0.001, 0.0]]])
    drawn = emulator.draws(points, 4000, np.random.default_rng(5))
    mean, variance = emulator.predict(points)
    np.testing.assert_allclose(drawn.mean(axis=1), mean, atol=4 * np.sqrt(variance.max() / 4000))
    np.testing.assert_allclose(drawn.var(axis=1), variance, rtol=0.15)  # the luck of a seed, 0.04, is no part of it
    assert variance.max() < 0.04
    assert np.corrcoef(drawn[-2:])[0, 1] > 0.999


def test_an_input_that_does_nothing_gets_a_long_length(exact: Emulator) -> None:
    assert exact.lengths[2] > 5 * exact.lengths[1]


def test_far_from_all_rows_less_is_known() -> None:
    points = 0.3 * sobol(2, 32, 4)
    emulator = fit_emulator(points, curved(np.c_[points, points[:, :1]]))
    _, near = emulator.predict(np.array([[0.15, 0.15]]))
    _, far = emulator.predict(np.array([[0.95, 0.95]]))
    assert far[0] > 10 * near[0]


def test_predictions_are_those_of_scikit_learn(noisy: Emulators) -> None:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Matern, WhiteKernel

    emulator = noisy.each[0]
    kernel = (
        ConstantKernel(emulator.amplitude) * Matern(emulator.lengths, nu=2.5)
        + ConstantKernel(LINEAR_SCALE**2) * DotProduct(1.0)
        + WhiteKernel(emulator.noise / emulator.scale**2)
    )
    process = GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None)
    process.fit(emulator.points - 0.5, (emulator.outputs - emulator.centre) / emulator.scale)
    points = np.random.default_rng(4).random((50, 2))
    mean, deviation = process.predict(points - 0.5, return_std=True)
    ours, variance = emulator.predict(points)
    np.testing.assert_allclose(ours, emulator.centre + emulator.scale * mean, rtol=1e-8)
    np.testing.assert_allclose(variance + emulator.noise, (emulator.scale * deviation) ** 2, rtol=1e-6)


def test_left_out_errors_are_those_of_predicting_each_row_by_the_others(noisy: Emulators) -> None:
    emulator = noisy.each[0]
    error, variance = emulator.left_out()
    standard = (emulator.outputs - emulator.centre) / emulator.scale
    noise = emulator.noise / emulator.scale**2
    for row in (0, 17, 90):
        others = np.delete(np.arange(len(standard)), row)
        point, rest = emulator.points[[row]], emulator.points[others]
        among = covariance(rest, rest, emulator.lengths, emulator.amplitude) + noise * np.eye(len(rest))
        cross = covariance(point, rest, emulator.lengths, emulator.amplitude)[0]
        missed = standard[row] - cross @ np.linalg.solve(among, standard[others])
        known = prior_variance(point, emulator.amplitude)[0] + noise - cross @ np.linalg.solve(among, cross)
        assert error[row] == pytest.approx(emulator.scale * missed, rel=1e-6)
        assert variance[row] == pytest.approx(emulator.scale**2 * known, rel=1e-6)


def test_the_luck_of_seeds_is_found_with_its_correlation(noisy: Emulators) -> None:
    np.testing.assert_allclose(np.sqrt(noisy.noise), [0.2, 0.4], rtol=0.2)
    assert noisy.luck[0, 1] / np.sqrt(noisy.luck[0, 0] * noisy.luck[1, 1]) == pytest.approx(0.7, abs=0.15)
    np.testing.assert_allclose(np.diag(noisy.luck), noisy.noise * 103 / 100)  # 104 rows, two outputs


def test_the_inverse_of_a_widened_covariance_is_right_in_the_mean() -> None:
    luck = np.random.default_rng(9)
    inverses = [np.linalg.inv(widened(np.cov(luck.standard_normal((20, 4)).T), 20)) for _ in range(3000)]
    np.testing.assert_allclose(np.mean(inverses, axis=0), np.eye(4), atol=0.04)
    np.testing.assert_array_equal(widened(np.eye(4), 5), 2.0 * np.eye(4))


def test_a_diagnosis_tells_luck_from_what_is_explained(noisy: Emulators) -> None:
    found = diagnose(noisy.each[0])
    total = noisy.each[0].outputs.var()
    assert found.luck == pytest.approx(0.04 / total, rel=0.4)
    assert 1.0 - 1.6 * found.luck < found.explained < 1.0 - 0.6 * found.luck
    assert 0.9 < found.within_two <= 1.0


def test_rows_without_a_number_are_left_out() -> None:
    points = sobol(2, 32, 6)
    outputs = points[:, 0].copy()
    outputs[::4] = np.nan
    found = fit_emulator(points, outputs)
    assert found.rows.tolist() == [row for row in range(32) if row % 4]
    np.testing.assert_allclose(found.mean(points), points[:, 0], atol=0.01)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(EmulatorError, match="9 runs have the output"):
        fit_emulator(sobol(1, 16, 1), np.where(np.arange(16) < 9, 1.0, np.nan))


def test_an_output_that_nothing_moves_is_that_number() -> None:
    mean, variance = fit_emulator(sobol(2, 16, 1), np.full(16, 5.0)).predict(np.array([[0.1, 0.9]]))
    assert mean[0] == pytest.approx(5.0)
    assert variance[0] < 1e-3


def test_luck_is_likeliest_on_all_rows_where_lengths_are_found_on_some() -> None:
    points = sobol(2, 512, 10)[:320]
    outputs = points[:, 0] + np.random.default_rng(7).normal(0.0, 0.3, 320)
    found = fit_emulator(points, outputs)
    among = covariance(points, points, found.lengths, found.amplitude)
    standard = (outputs - found.centre) / found.scale

    def log_density(noise: float) -> float:
        spread = among + noise / found.scale**2 * np.eye(320)
        return multivariate_normal.logpdf(standard, np.zeros(320), spread)

    assert log_density(found.noise) > max(log_density(0.98 * found.noise), log_density(1.02 * found.noise))


def test_equal_rows_give_equal_emulators(exact: Emulator) -> None:
    again = fit_emulator(exact.points, exact.outputs)
    np.testing.assert_array_equal(again.weights, exact.weights)


def test_total_effects_of_a_linear_function_are_its_squared_slopes_over_twelve() -> None:
    points = sobol(3, 64, 8)
    found = fit_emulators(points, (points @ [2.0, 0.0, 1.0])[:, None])
    both = sobol(6, 2048, 9)
    effects = total_effects(found, both[:, :3], both[:, 3:])[:, 0]
    np.testing.assert_allclose(effects, np.array([4.0, 0.0, 1.0]) / 12.0, rtol=0.05, atol=1e-4)


def test_swaps_to_impossible_points_do_not_count() -> None:
    points = sobol(2, 64, 8)
    found = fit_emulators(points, points[:, :1])
    both = sobol(4, 2048, 9)
    sample = both[both[:, 0] < 0.5, :2]
    effects = total_effects(found, sample, both[both[:, 0] < 0.5, 2:], lambda swapped: swapped[:, 0] < 0.5)
    assert effects[0, 0] == pytest.approx(0.25 / 12.0, rel=0.1)


def test_few_rows_show_no_correlation() -> None:
    np.testing.assert_array_equal(correlation(np.ones((3, 2))), np.eye(2))
