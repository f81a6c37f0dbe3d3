"""Coverage, PIT and probabilities of events: perfect ensembles, hand-made numbers, a published table, identities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.statistics.scores import (
    ScoreError,
    brier_parts,
    brier_score,
    coverage,
    pit,
    pit_histogram,
    reliability_table,
)

NAN = float("nan")

# Wilks, Statistical Methods in the Atmospheric Sciences (1995), table 7.3: probabilities of precipitation in the United
# States, winter 1980/81; relative frequency of each probability and of rain after it. Rain fell in 0.162 of the cases.
SAID = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
OFTEN = np.array([0.4112, 0.0671, 0.1833, 0.0986, 0.0616, 0.0366, 0.0303, 0.0275, 0.0245, 0.0220, 0.0170, 0.0203])
RAIN = np.array([0.006, 0.019, 0.059, 0.150, 0.277, 0.377, 0.511, 0.587, 0.723, 0.779, 0.934, 0.933])


@pytest.fixture(scope="module")
def wilks():
    """The table as single cases: 10,000 forecasts, and rain to the nearest case."""
    counts = np.rint(OFTEN * 10_000).astype(int)
    rained = np.rint(RAIN * counts).astype(int)
    events = [np.repeat([1.0, 0.0], [r, n - r]) for r, n in zip(rained, counts, strict=True)]
    return np.repeat(SAID, counts), np.concatenate(events)


def test_published_table_of_rain_comes_back(wilks) -> None:
    rows = reliability_table(*wilks, bins=None)
    assert [row.probability for row in rows] == pytest.approx(SAID.tolist())
    np.testing.assert_allclose([row.cases / 10_000 for row in rows], OFTEN)
    np.testing.assert_allclose([row.frequency for row in rows], RAIN, atol=0.003)  # to the nearest case of about 200
    parts = brier_parts(*wilks)
    assert parts.uncertainty == pytest.approx(0.162 * 0.838, abs=4e-4)
    assert parts.reliability == pytest.approx(float(OFTEN @ (SAID - RAIN) ** 2), abs=2e-5)
    assert parts.resolution == pytest.approx(float(OFTEN @ (RAIN - 0.162) ** 2), abs=2e-4)


def test_parts_by_hand() -> None:
    # 0.2 said twice, happened once; 0.8 said twice, happened twice; base rate 3/4
    parts = brier_parts([0.2, 0.2, 0.8, 0.8], [1.0, 0.0, 1.0, 1.0])
    assert parts.score == pytest.approx((0.64 + 0.04 + 0.04 + 0.04) / 4)
    assert parts.reliability == pytest.approx((0.3**2 + 0.2**2) / 2)
    assert parts.resolution == pytest.approx((0.25**2 + 0.25**2) / 2)
    assert parts.uncertainty == pytest.approx(3 / 16)
    assert parts.within == pytest.approx(0.0, abs=1e-15)
    assert parts.cases == 4


cases = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=25)


@given(cases, st.sampled_from([None, 1, 3, 10]))
@settings(max_examples=80, deadline=None)
def test_parts_add_up_to_the_score_however_grouped(pairs, bins) -> None:
    p, o = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    parts = brier_parts(p, o, bins)
    whole = parts.reliability - parts.resolution + parts.uncertainty + parts.within
    assert whole == pytest.approx(float(np.mean((p - o) ** 2)), abs=1e-12)
    assert parts.score == pytest.approx(float(np.nanmean(brier_score(p, o))), abs=1e-15)
    assert parts.reliability >= 0
    assert -1e-12 <= parts.resolution <= parts.uncertainty + 1e-12
    if bins is None:
        assert abs(parts.within) < 1e-12
    assert sum(row.cases for row in reliability_table(p, o, bins)) == len(p)


def test_true_probability_has_the_best_mean_score() -> None:
    o = (np.random.default_rng(1).random(20_000) < 0.3).astype(float)
    means = [brier_score(np.full(o.size, p), o).mean() for p in (0.1, 0.2, 0.3, 0.4, 0.5)]
    assert int(np.argmin(means)) == 2


def test_edges_of_groups_belong_to_the_group_above() -> None:
    rows = reliability_table([0.1, 0.3, 3 / 10, 0.1 + 0.2, 1.0 - 0.7, 1.0], [0.0, 1, 1, 1, 1, 1], bins=10)
    assert [(row.low, row.cases) for row in rows] == [(0.1, 1), (0.3, 4), (0.9, 1)]
    assert rows[-1].high == 1.0


def test_what_is_not_known_to_have_happened_is_left_out() -> None:
    p, o = np.array([0.2, NAN, 0.8]), np.array([0.0, NAN, 1.0])
    np.testing.assert_allclose(brier_score(p, o), [0.04, NAN, 0.04])
    assert brier_parts(p, o) == brier_parts(p[[0, 2]], o[[0, 2]])
    assert len(reliability_table(p, o)) == 2
    nothing = brier_parts([0.5], [NAN])
    assert math.isnan(nothing.score)
    assert nothing.cases == 0
    assert reliability_table([0.5], [NAN]) == ()


def test_constant_probability_has_no_resolution() -> None:
    parts = brier_parts([0.4] * 5, [1.0, 0, 0, 1, 0])
    assert parts.resolution == pytest.approx(0.0, abs=1e-15)
    assert parts.reliability == pytest.approx(0.0, abs=1e-15)
    assert parts.score == pytest.approx(parts.uncertainty)


def test_perfect_ensemble_is_covered_as_said_up_to_what_it_can_reach() -> None:
    rng = np.random.default_rng(2)
    for size, reachable in ((39, (0.5, 0.8, 0.9)), (9, (0.5, 0.8, 0.8)), (1, (0.0, 0.0, 0.0))):
        x, y = rng.normal(size=(size, 20_000)), rng.normal(size=20_000)
        found = coverage(x, y)
        assert [c.level for c in found] == [0.5, 0.8, 0.9]
        assert [c.reachable for c in found] == pytest.approx(reachable)
        assert [c.share for c in found] == pytest.approx(reachable, abs=0.012)


def test_coverage_by_hand() -> None:
    x = np.array([[10.0, 10.0, 10.0, 0.0], [20.0, 20.0, 20.0, 0.0], [30.0, 30.0, 30.0, 0.0]])
    # ranks 1 and 3 of 4 are the outermost members; an observation on an end is inside, even of an interval of no width
    half, *_ = coverage(x, [10.0, 31.0, NAN, 0.0], levels=[0.5])
    assert half.share == pytest.approx(2 / 3)
    assert half.width == pytest.approx((20 + 20 + 0) / 3)
    assert half.cases == 3
    nothing = coverage(x, [NAN] * 4)[0]
    assert math.isnan(nothing.share)
    assert nothing.cases == 0
    with pytest.raises(ScoreError, match="level of an interval"):
        coverage(x, [1.0] * 4, levels=[1.0])


def test_pit_by_hand_with_ties() -> None:
    x = np.array([[1.0], [2.0], [2.0], [5.0]]) * np.ones(6)
    y = [0.0, 1.5, 2.0, 9.0, NAN, 5.0]
    # steps [0, 1], [1, 2], [1, 4], [4, 5], -, [3, 5] of fifths
    np.testing.assert_allclose(pit(x, y), [0.1, 0.3, 0.5, 0.9, NAN, 0.8])
    assert pit([[3.0]], [3.0])[0] == 0.5
    assert pit(np.full((9, 1), 3.0), [3.0])[0] == 0.5


def test_histogram_spreads_each_case_over_its_step() -> None:
    x = np.array([[1.0], [2.0], [2.0], [5.0]])
    np.testing.assert_allclose(pit_histogram(x, [2.0], bins=5), [0, 1 / 3, 1 / 3, 1 / 3, 0], atol=1e-15)
    np.testing.assert_allclose(pit_histogram(x, [0.0], bins=2), [1.0, 0.0])
    np.testing.assert_allclose(pit_histogram(x, [1.5], bins=10), [0, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0], atol=1e-15)
    assert np.isnan(pit_histogram(x, [NAN], bins=3)).all()
    with pytest.raises(ScoreError, match="0 bins hold nothing"):
        pit_histogram(x, [1.0], bins=0)


def test_histogram_of_a_perfect_ensemble_is_flat_and_of_others_is_not() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(7, 30_000)), rng.normal(size=30_000)
    np.testing.assert_allclose(pit_histogram(x, y), 0.1, atol=0.006)
    np.testing.assert_allclose(pit_histogram(np.round(x), np.round(y)), 0.1, atol=0.006, err_msg="with many ties")
    np.testing.assert_allclose(pit(x, y).mean(), 0.5, atol=0.006)
    wide, narrow, low = pit_histogram(2 * x, y), pit_histogram(x / 2, y), pit_histogram(x - 1, y)
    assert wide[4] > 1.3 * wide[0]
    assert narrow[0] > 1.3 * narrow[4]
    assert low[-1] > 2 * low[0]
    assert wide.sum() == pytest.approx(1.0)


def test_bad_input_is_named() -> None:
    with pytest.raises(ScoreError, match="case 3 of 3: a probability lies between"):
        brier_score([NAN, 0.5, 1.2], [NAN, 1.0, 1.0])
    with pytest.raises(ScoreError, match="case 2 of 2: an event happened"):
        brier_parts([0.5, 0.5], [1.0, 0.5])
    with pytest.raises(ScoreError, match="it has an observation but probabilities are missing"):
        reliability_table([NAN], [1.0])
    with pytest.raises(ScoreError, match="0 bins"):
        reliability_table([0.5], [1.0], bins=0)
    with pytest.raises(ScoreError, match="members are missing"):
        pit([[1.0], [NAN]], [1.0])
