"""Energy and variogram score: plain loops, one dimension, propriety, and what each of them sees."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.statistics.scores import ScoreError, crps, energy_score, variogram_score

NAN = float("nan")


@pytest.fixture
def drawn():
    """Six members of three variables in four cases, with ties."""
    rng = np.random.default_rng(1)
    return np.round(rng.normal(size=(6, 3, 4)), 1), np.round(rng.normal(size=(3, 4)), 1)


@pytest.mark.parametrize("fair", [False, True])
def test_energy_score_is_the_double_sum(drawn, fair) -> None:
    x, y = drawn
    for case, found in enumerate(energy_score(x, y, fair=fair)):
        near = sum(math.dist(x[i, :, case], y[:, case]) for i in range(6)) / 6
        far = sum(math.dist(x[i, :, case], x[j, :, case]) for i in range(6) for j in range(6))
        assert found == pytest.approx(near - far / (2 * 6 * (5 if fair else 6)), rel=1e-12)


@pytest.mark.parametrize("fair", [False, True])
def test_energy_score_of_one_variable_is_the_crps(drawn, fair) -> None:
    x, y = drawn
    np.testing.assert_allclose(energy_score(x[:, :1], y[:1], fair=fair), crps(x[:, 0], y[0], fair=fair), rtol=1e-12)


@pytest.mark.parametrize("order", [0.5, 1.0])
def test_variogram_score_is_the_sum_over_pairs(drawn, order) -> None:
    x, y = drawn
    weights = np.array([[0.0, 1, 2], [3, 0, 4], [5, 6, 0]])
    for case, found in enumerate(variogram_score(x, y, order=order, weights=weights)):
        total = 0.0
        for k in range(3):
            for m in range(3):
                expected = sum(abs(x[i, k, case] - x[i, m, case]) ** order for i in range(6)) / 6
                total += weights[k, m] * (abs(y[k, case] - y[m, case]) ** order - expected) ** 2
        assert found == pytest.approx(total, rel=1e-12)


def test_variogram_score_by_hand() -> None:
    # two members with gaps 1 and 9, observed gap 4: (2 - (1 + 3) / 2)^2 = 0; observed gap 0: 2 (0 - 2)^2
    x = np.array([[[0.0, 0.0], [1.0, 1.0]], [[0.0, 0.0], [9.0, 9.0]]])
    assert variogram_score(x, [[0.0, 5.0], [4.0, 5.0]]).tolist() == [0.0, 8.0]


def test_one_member_scores_the_distance(drawn) -> None:
    x, y = drawn
    distance = np.linalg.norm(x[0] - y, axis=0)
    np.testing.assert_allclose(energy_score(x[:1], y), distance)
    np.testing.assert_allclose(energy_score(np.repeat(x[:1], 5, axis=0), y), distance, rtol=1e-12)
    assert variogram_score(y[None], y).tolist() == [0.0] * 4
    with pytest.raises(ScoreError, match="at least 2 member"):
        energy_score(x[:1], y, fair=True)


def test_true_distribution_has_the_best_mean_score() -> None:
    rng = np.random.default_rng(2)

    def sample(size, cases, dependence, shift=0.0, width=1.0):
        own, common = rng.normal(size=(size, 3, cases)), rng.normal(size=(size, 1, cases))
        return shift + width * (math.sqrt(dependence) * common + math.sqrt(1 - dependence) * own)

    y = sample(1, 500, 0.7)[0]
    true = sample(25, 500, 0.7)
    energy, variogram = energy_score(true, y).mean(), variogram_score(true, y).mean()
    assert energy < energy_score(sample(25, 500, 0.7, shift=0.5), y).mean()
    assert energy < energy_score(sample(25, 500, 0.7, width=1.6), y).mean()
    assert variogram < 0.9 * variogram_score(sample(25, 500, 0.0), y).mean(), "wrong dependence"
    assert variogram < variogram_score(sample(25, 500, 0.7, width=1.6), y).mean()
    blind = variogram_score(true + 5.0, y)
    np.testing.assert_allclose(blind, variogram_score(true, y), rtol=1e-9, err_msg="it does not see a common shift")


def test_scale_divides_each_variable(drawn) -> None:
    x, y = drawn
    units = np.array([1.0, 1000.0, 0.01])
    np.testing.assert_allclose(energy_score(x * units[:, None], y * units[:, None], scale=units), energy_score(x, y))
    found = variogram_score(x * units[:, None], y * units[:, None], scale=units)
    np.testing.assert_allclose(found, variogram_score(x, y))


@pytest.mark.filterwarnings("error")
def test_variables_not_observed_are_left_out_of_their_case(drawn) -> None:
    x, y = drawn
    y[1, 0] = y[:, 1] = NAN
    y[1:, 2] = NAN
    x[:, :, 1] = NAN
    energy, variogram = energy_score(x, y), variogram_score(x, y, weights=np.arange(9.0).reshape(3, 3))
    assert energy[0] == pytest.approx(energy_score(x[:, [0, 2]], y[[0, 2]])[0])
    assert variogram[0] == pytest.approx(variogram_score(x[:, [0, 2]], y[[0, 2]], weights=[[0.0, 2], [6, 8]])[0])
    assert np.isnan(energy).tolist() == [False, True, False, False]
    assert energy[2] == pytest.approx(crps(x[:, 0], y[0])[2])
    assert np.isnan(variogram).tolist() == [False, True, True, False], "one variable has no pair"


def test_bad_input_is_named(drawn) -> None:
    x, y = drawn
    with pytest.raises(ScoreError, match=r"\(3, 4\), observations for \(2, 4\)"):
        energy_score(x, y[:2])
    with pytest.raises(ScoreError, match="scale must be 3 numbers above 0"):
        energy_score(x, y, scale=[1.0, 0.0, 1.0])
    with pytest.raises(ScoreError, match="order of a variogram"):
        variogram_score(x, y, order=0.0)
    with pytest.raises(ScoreError, match="weights must be 3 x 3"):
        variogram_score(x, y, weights=-np.ones((3, 3)))
    x[0, 2, 3] = NAN
    with pytest.raises(ScoreError, match="case 4 of 4: it has an observation but members"):
        energy_score(x, y)
    y[0, 2] = math.inf
    with pytest.raises(ScoreError, match="case 3 of 4: an observation is infinite"):
        variogram_score(x, y)
