"""Block bootstrap over clusters: all resamples counted out, variances known from theory, coverage, skill."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from sim.statistics.scores import ScoreError, mean_difference, skill_score
from sim.statistics.scores.resampling import resample

NAN = float("nan")


def test_interval_is_that_of_all_resamples_counted_out() -> None:
    """Six clusters of 1 to 3 cases have 6^6 resamples; the ends are their expanded percentiles (Hesterberg 2015)."""
    rng = np.random.default_rng(1)
    cluster = np.array([2016, 2016, 2017, 2018, 2018, 2018, 2019, 2020, 2021, 2021])
    a, b = rng.normal(size=(2, 10))
    sums = np.array([(a - b)[cluster == c].sum() for c in range(2016, 2022)])
    sizes = np.array([2, 1, 3, 1, 1, 2])
    picks = np.array(list(product(range(6), repeat=6)))
    means = np.sort(sums[picks].sum(axis=1) / sizes[picks].sum(axis=1))
    # Phi(-sqrt(6 / 5) t_{0.95, 5}) = Phi(-1.0954 * 2.0150) = Phi(-2.2074) = 0.01364 from tables
    low, high = np.quantile(means, [0.01364, 1 - 0.01364])
    found = mean_difference(a, b, cluster, draws=60_000, seed=3)
    assert found.value == pytest.approx((a - b).mean())
    assert found.low == pytest.approx(low, abs=0.04 * (high - low))
    assert found.high == pytest.approx(high, abs=0.04 * (high - low))
    assert (found.clusters, found.cases) == (6, 10)


def test_circular_blocks_have_the_variance_of_block_means() -> None:
    x = np.random.default_rng(2).normal(size=12).cumsum()
    drawn = x[resample(12, 3, "circular", 40_000, 1)].mean(axis=1)
    blocks = np.array([x[(start + np.arange(3)) % 12].mean() for start in range(12)])
    assert drawn.var() == pytest.approx(blocks.var() / 4, rel=0.03)
    assert drawn.mean() == pytest.approx(x.mean(), abs=0.03)


def test_stationary_blocks_have_the_variance_of_politis_and_romano() -> None:
    """Lemma 1 of their paper: (c_0 + 2 sum (1 - i / n) (1 - p)^i c_i) / n put into circular covariances c_i."""
    n, p = 12, 1 / 3
    x = np.random.default_rng(2).normal(size=n).cumsum()
    e = x - x.mean()
    c = [float(e @ np.roll(e, -i)) / n for i in range(n)]
    expected = (c[0] + 2 * sum((1 - i / n) * (1 - p) ** i * c[i] for i in range(1, n))) / n
    drawn = x[resample(n, 3, "stationary", 40_000, 1)].mean(axis=1)
    assert drawn.var() == pytest.approx(expected, rel=0.03)


def test_blocks_are_neighbours_on_a_circle() -> None:
    drawn = resample(7, 3, "circular", 200, 5)
    assert drawn.shape == (200, 7)
    steps = np.diff(drawn, axis=1) % 7
    assert (np.delete(steps, [2, 5], axis=1) == 1).all(), "only a new block jumps"
    assert set(drawn.ravel().tolist()) == set(range(7))
    follows = (np.diff(resample(50, 4, "stationary", 400, 5), axis=1) % 50 == 1).mean()
    assert follows == pytest.approx(3 / 4 + 1 / 4 / 50, abs=0.01)


def test_interval_covers_about_as_said() -> None:
    rng = np.random.default_rng(6)
    hits = 0
    cluster = np.repeat(np.arange(8), 3)
    for seed in range(300):
        x = (rng.normal(size=8)[:, None] + rng.normal(size=(8, 3))).ravel()
        found = mean_difference(x, np.zeros(24), cluster, draws=400, seed=seed)
        hits += found.low <= 0 <= found.high
    assert hits / 300 == pytest.approx(0.9, abs=0.05)


def test_clusters_that_move_together_widen_the_interval() -> None:
    surprise = np.random.default_rng(7).normal(size=6)
    x = np.repeat(surprise, 10)
    zeros, alone = np.zeros(60), np.arange(60)
    together, apart = mean_difference(x, zeros, np.repeat(np.arange(6), 10)), mean_difference(x, zeros, alone)
    assert together.high - together.low > 2 * (apart.high - apart.low)
    assert together.value == pytest.approx(apart.value)


def test_same_seed_same_interval_and_swapped_rivals_mirror() -> None:
    a, b = np.random.default_rng(8).normal(size=(2, 30))
    cluster = np.repeat(np.arange(10), 3)
    for scheme in ("circular", "stationary"):
        one = mean_difference(a, b, cluster, block=2, scheme=scheme, seed=4)
        assert one == mean_difference(a, b, cluster, block=2, scheme=scheme, seed=4)
        assert one != mean_difference(a, b, cluster, block=2, scheme=scheme, seed=5)
        other = mean_difference(b, a, cluster, block=2, scheme=scheme, seed=4)
        assert (other.value, other.low, other.high) == pytest.approx((-one.value, -one.high, -one.low))


def test_order_of_cases_does_not_matter_and_order_of_clusters_is_theirs() -> None:
    a, b = np.random.default_rng(9).normal(size=(2, 20))
    cluster = np.array([f"20{year}-12" for year in np.repeat(np.arange(10, 20), 2)])
    mixed = np.random.default_rng(10).permutation(20)
    one = mean_difference(a, b, cluster, block=3)
    other = mean_difference(a[mixed], b[mixed], cluster[mixed], block=3)
    assert (other.value, other.low, other.high) == pytest.approx((one.value, one.low, one.high))


def test_skill_by_hand_and_its_interval() -> None:
    s, r = np.array([1.0, 2.0, 3.0, 2.0]), np.array([2.0, 4.0, 6.0, 4.0])
    found = skill_score(s, r, [1, 2, 3, 4])
    assert found.value == pytest.approx(0.5)
    assert (found.low, found.high) == pytest.approx((0.5, 0.5)), "half of the reference in every case"
    mixed = skill_score([1.0, 2.0, 9.0, 2.0], r, [1, 2, 3, 4])
    assert mixed.value == pytest.approx(1 - 14 / 16)
    assert mixed.low < mixed.value < mixed.high <= 0.5


def test_skill_is_a_ratio_of_means_not_a_mean_of_ratios() -> None:
    assert skill_score([1.0, 1.0], [1.0, 3.0], [1, 2]).value == pytest.approx(0.5)


@pytest.mark.filterwarnings("error")
def test_reference_without_error_has_no_skill_score() -> None:
    assert math.isnan(skill_score([1.0, 1.0], [0.0, 0.0], [1, 2]).value)
    assert math.isnan(skill_score([0.0, 0.0], [0.0, 0.0], [1, 2]).low)
    some = skill_score([1.0, 1.0, 0.5], [0.0, 0.0, 4.0], [1, 2, 3])
    assert some.value == pytest.approx(1 - 2.5 / 4)
    assert some.low == -math.inf


@pytest.mark.filterwarnings("error")
def test_few_clusters_have_no_bounds_and_none_nothing() -> None:
    one = mean_difference([1.0, 3.0], [0.0, 0.0], [2016, 2016])
    assert (one.value, one.low, one.high, one.clusters) == (2.0, -math.inf, math.inf, 1)
    assert mean_difference([1.0, 3.0, 2.0], [0.0] * 3, [1, 2, 3], block=2).low == -math.inf
    nothing = mean_difference([NAN], [1.0], [2016], block=3)
    assert math.isnan(nothing.value)
    assert (nothing.clusters, nothing.cases) == (0, 0)


def test_cases_without_both_scores_are_left_out() -> None:
    a, b = np.array([1.0, NAN, 5.0, 2.0]), np.array([0.0, 1.0, 1.0, NAN])
    assert mean_difference(a, b, [1, 2, 3, 4]) == mean_difference(a[[0, 2]], b[[0, 2]], [1, 3])
    assert skill_score(a, b, [1, 2, 3, 4]).cases == 2


def test_equal_differences_have_no_width() -> None:
    found = mean_difference(np.full(9, 1.25), np.zeros(9), np.arange(9))
    assert (found.value, found.low, found.high) == (1.25, 1.25, 1.25)


def test_bad_input_is_named() -> None:
    x = [1.0, 2.0, 3.0]
    with pytest.raises(ScoreError, match="3, 2 and 3 cases"):
        mean_difference(x, x[:2], [1, 2, 3])
    with pytest.raises(ScoreError, match="a block of 4 clusters is none of 3; give 1 to 3"):
        mean_difference(x, x, [1, 2, 3], block=4)
    with pytest.raises(ScoreError, match="a block of 0"):
        mean_difference(x, x, [1, 2, 3], block=0)
    with pytest.raises(ScoreError, match="no scheme 'moving'"):
        mean_difference(x, x, [1, 2, 3], scheme="moving")
    with pytest.raises(ScoreError, match="confidence lies above 0 and below 1, not 90"):
        skill_score(x, x, [1, 2, 3], confidence=90)
    with pytest.raises(ScoreError, match="seed that is not negative"):
        skill_score(x, x, [1, 2, 3], seed=-1)
    with pytest.raises(ScoreError, match="case 3 of 3: a score is infinite"):
        mean_difference([1.0, 2.0, math.inf], x, [1, 2, 3])
