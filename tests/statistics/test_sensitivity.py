"""Sensitivity against functions whose indices are known, and against luck alone."""

from __future__ import annotations

import numpy as np
import pytest

from sim.statistics.sensitivity import (
    SensitivityError,
    morris,
    morris_design,
    pawn,
    seeds,
    sobol,
    sobol_design,
)

ISHIGAMI_VARIANCE = 0.5 + 7.0**2 / 8 + 0.1 * np.pi**4 / 5 + 0.1**2 * np.pi**8 / 18


def ishigami(unit: np.ndarray) -> np.ndarray:
    """With a = 7, b = 0.1 (Ishigami and Homma 1990), of the first three columns."""
    x = np.pi * (2.0 * unit[:, :3] - 1.0)
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def luck_of(design: np.ndarray) -> np.ndarray:
    """Standard normal luck of a run whose seed the last column decides."""
    return np.array([np.random.default_rng(seed).normal() for seed in seeds(design[:, -1])])


def test_indices_of_ishigami_are_the_known_ones() -> None:
    found = sobol(ishigami(sobol_design(3, 4096, 1, chance=False)), 3, chance=False, resamples=100)
    assert found.variance == pytest.approx(ISHIGAMI_VARIANCE, rel=0.02)
    assert found.first == pytest.approx([0.3139, 0.4424, 0.0], abs=0.02)
    assert found.total == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.02)
    assert (found.first_low < [0.3139, 0.4424, 0.0]).all()
    assert (found.first_high > [0.3139, 0.4424, 0.0]).all()
    assert (found.total_low < [0.5576, 0.4424, 0.2437]).all()
    assert (found.total_high > [0.5576, 0.4424, 0.2437]).all()
    assert found.chance == 0.0
    assert found.rest == pytest.approx(1 - 0.3139 - 0.4424, abs=0.03), "the first and third act together"


def test_indices_of_sobols_g_are_the_known_ones() -> None:
    a = np.array([0.0, 1.0, 4.5, 9.0])
    alone = 1.0 / (3.0 * (1.0 + a) ** 2)
    variance = np.prod(1.0 + alone) - 1.0
    total = alone * np.prod(1.0 + alone) / (1.0 + alone)
    design = sobol_design(4, 4096, 2, chance=False)
    found = sobol(np.prod((np.abs(4.0 * design - 2.0) + a) / (1.0 + a), axis=1), 4, chance=False, resamples=2)
    assert found.first == pytest.approx(alone / variance, abs=0.02)
    assert found.total == pytest.approx(total / variance, abs=0.02)


def test_noise_of_known_variance_is_the_part_of_chance() -> None:
    design = sobol_design(3, 2048, 3)
    found = sobol(ishigami(design) + 2.0 * luck_of(design), 3, resamples=100)
    whole = ISHIGAMI_VARIANCE + 4.0
    assert found.chance == pytest.approx(4.0 / whole, abs=0.02)
    assert found.chance_low < 4.0 / whole < found.chance_high
    assert found.first == pytest.approx(np.array([0.3139, 0.4424, 0.0]) * ISHIGAMI_VARIANCE / whole, abs=0.03)
    assert found.total == pytest.approx(np.array([0.5576, 0.4424, 0.2437]) * ISHIGAMI_VARIANCE / whole, abs=0.03)
    assert found.first.sum() + found.rest + found.chance == pytest.approx(1.0)


def test_luck_that_a_factor_scales_counts_as_chance_and_in_the_total_of_the_factor() -> None:
    """The result is u e, e standard normal, of variance E u^2 = 1/3; what u moves of it is var u = 1/12."""
    design = sobol_design(1, 4096, 4)
    found = sobol(design[:, 0] * luck_of(design), 1, resamples=2)
    assert found.chance == pytest.approx(1.0, abs=0.05)
    assert found.total[0] == pytest.approx(0.25, abs=0.03)
    assert found.first[0] == pytest.approx(0.0, abs=0.05)


def test_a_row_with_a_run_without_result_is_left_out() -> None:
    results = ishigami(sobol_design(3, 256, 1, chance=False)).reshape(5, 256)
    results[3, 7] = np.nan
    found = sobol(results.ravel(), 3, chance=False, resamples=2)
    assert found.rows == 255
    assert found.total == pytest.approx(sobol(np.delete(results, 7, 1).ravel(), 3, chance=False, resamples=2).total)


def test_a_result_that_does_not_vary_has_no_parts() -> None:
    found = sobol(np.full(4 * 6, 0.1), 3, resamples=10)
    assert found.variance == 0.0
    assert np.isnan(found.total).all()
    assert np.isnan(found.chance)


def test_a_block_of_the_design_differs_from_the_base_in_one_factor() -> None:
    base, other, *blocks = sobol_design(2, 64, 1).reshape(5, 64, 3)
    for factor, block in enumerate(blocks):
        assert (block[:, factor] == other[:, factor]).all()
        rest = np.arange(3) != factor
        assert (block[:, rest] == base[:, rest]).all()
    assert len(np.unique(seeds(np.concatenate([base, other])[:, -1]))) == 128


@pytest.mark.oracle
def test_indices_agree_with_those_of_salib() -> None:
    from SALib.analyze import sobol as oracle

    design = sobol_design(3, 1024, 5, chance=False)
    ours = ishigami(design).reshape(5, 1024)
    # SALib interleaves: a row of A, that with each factor from B, the row of B
    theirs = oracle.analyze(
        {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0, 1]] * 3},
        ours[[0, 2, 3, 4, 1]].T.ravel(),
        calc_second_order=False,
        num_resamples=2,
        seed=1,
    )
    found = sobol(ours.ravel(), 3, chance=False, resamples=2)
    assert found.total == pytest.approx(theirs["ST"], rel=0.01), "the same estimator but for the variance"
    assert found.first == pytest.approx(theirs["S1"], abs=0.05), "another estimator"


def test_elementary_effects_of_a_straight_line_are_its_slopes() -> None:
    design = morris_design(3, 6, 1)
    assert design.shape == (24, 3)
    np.testing.assert_allclose(np.abs(np.diff(design.reshape(6, 4, 3), axis=1)).sum(axis=2), 2 / 3)
    slopes = np.array([3.0, -1.0, 0.0])
    found = morris(design, design @ slopes)
    assert found.mu == pytest.approx(slopes)
    assert found.mu_star == pytest.approx(np.abs(slopes))
    assert found.sigma == pytest.approx(0.0, abs=1e-12)
    assert found.low == pytest.approx(found.mu_star)
    assert np.isnan(found.limit).all()
    assert not found.distinguishable.any(), "without replications luck is not known"


def test_a_bent_factor_and_a_pair_have_spread_effects() -> None:
    design = morris_design(4, 12, 2)
    found = morris(design, 5.0 * design[:, 0] * design[:, 1] + design[:, 2] ** 2 + design[:, 3])
    assert (found.sigma[:3] > 0.1).all()
    assert found.sigma[3] == pytest.approx(0.0, abs=1e-12)
    assert found.mu_star[3] == pytest.approx(1.0)


def test_luck_of_known_size_is_found_and_the_idle_factor_told_apart() -> None:
    """Effects differ by luck of sd 0.6 sqrt(2) / (2/3) in a run, over the root of 8 replications."""
    design = morris_design(3, 20, 3)
    noise = 0.6 * np.random.default_rng(4).normal(size=(len(design), 8))
    found = morris(design, (design @ [3.0, 1.0, 0.0])[:, None] + noise, common_seeds=False)
    assert found.luck == pytest.approx([0.6 * np.sqrt(2) * 1.5 / np.sqrt(8)] * 3, rel=0.2)
    assert found.from_luck == pytest.approx(found.luck * np.sqrt(2 / np.pi), rel=0.05)
    assert found.distinguishable.tolist() == [True, True, False]


@pytest.mark.parametrize("common", [True, False])
def test_luck_alone_passes_for_an_effect_once_in_twenty_times(common: bool) -> None:
    design, passed = morris_design(4, 8, 1), []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        # seeds that all points share push the effects of all trajectories to one side
        results = design @ rng.normal(size=(4, 4)) if common else rng.normal(size=(len(design), 4))
        passed.append(morris(design, results, common_seeds=common, resamples=200).distinguishable)
    assert 0.0 < np.mean(passed) < 0.11


def test_luck_that_all_points_share_is_no_effect_and_hides_none() -> None:
    design = morris_design(2, 5, 1)
    found = morris(design, design[:, :1] + 100.0 * np.random.default_rng(1).normal(size=(1, 3)))
    assert found.luck == pytest.approx([0.0, 0.0], abs=1e-10)
    assert found.mu_star == pytest.approx([1.0, 0.0], abs=1e-10)


def test_luck_in_the_effect_of_one_factor_is_that_factors() -> None:
    design, slopes = morris_design(3, 5, 1), np.array([1.0, 4.0, 7.0])
    found = morris(design, design[:, 2:] * slopes)
    assert found.luck == pytest.approx([0.0, 0.0, 3.0 / np.sqrt(3)], abs=1e-10)


def test_a_trajectory_with_a_run_without_result_is_left_out() -> None:
    design = morris_design(2, 5, 1)
    results = design @ [2.0, 1.0]
    results[4] = np.nan
    assert morris(design, results).trajectories == 4
    assert morris(design, results).mu_star == pytest.approx([2.0, 1.0])


def test_pawn_finds_what_moves_the_distribution_and_says_what_does_not() -> None:
    unit = np.random.default_rng(1).random((1200, 4))
    found = pawn(unit, ishigami(unit))
    assert found.distinguishable.tolist() == [True, True, True, False]
    assert found.median.argmax() == 1


def test_pawn_sees_a_factor_that_only_widens() -> None:
    rng = np.random.default_rng(2)
    unit = rng.random((400, 2))
    found = pawn(unit, np.where(unit[:, 0] > 0.5, 5.0, 1.0) * rng.normal(size=400))
    assert found.distinguishable.tolist() == [True, False]


@pytest.mark.slow
def test_a_factor_without_effect_passes_pawn_once_in_twenty_times() -> None:
    passed = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        inputs = np.column_stack([rng.random((150, 2)), rng.integers(0, 3, 150)])  # a choice of three as well
        passed.append(pawn(inputs, rng.normal(size=150), seed=seed).distinguishable)
    assert np.mean(passed) < 0.1


def test_equal_seeds_give_equal_designs_and_other_seeds_others() -> None:
    for design in (lambda seed: morris_design(3, 4, seed), lambda seed: sobol_design(3, 8, seed)):
        assert (design(1) == design(1)).all()
        assert not (design(1) == design(2)).all()


def test_what_is_no_design_is_said() -> None:
    with pytest.raises(SensitivityError, match="even number of levels"):
        morris_design(3, 4, 1, levels=3)
    with pytest.raises(SensitivityError, match="power of 2"):
        sobol_design(3, 12, 1)
    with pytest.raises(SensitivityError, match="do not belong to a Morris design"):
        morris(morris_design(3, 4, 1), np.zeros(15))
    with pytest.raises(SensitivityError, match="only 0 trajectories"):
        morris(morris_design(3, 4, 1), np.full(16, np.nan))
    with pytest.raises(SensitivityError, match="do not belong to a Sobol design"):
        sobol(np.zeros(13), 3)
    with pytest.raises(SensitivityError, match="only 0 rows"):
        sobol(np.full(24, np.nan), 3)
    with pytest.raises(SensitivityError, match="too few for 10 slices"):
        pawn(np.zeros((50, 2)), np.zeros(50))
    with pytest.raises(SensitivityError, match="cannot cut a sample into 6 slices"):
        pawn(np.zeros((90, 2)), np.zeros(90), slices=6)
