"""Planted truths of a linear model with luck: covered as often as told, and less if the luck is told too small."""

from dataclasses import replace

import numpy as np
import pytest

from sim.statistics.emulator import Emulators, fit_emulators
from sim.statistics.history_matching import sobol
from sim.statistics.planted_truth import Planted, planted

SLOPES = np.array([[1.0, 0.3], [0.0, 1.0], [0.5, -0.5]])
SPREAD = np.array([0.15, 0.1, 0.2])
CHANCE = np.outer(SPREAD, SPREAD) * (0.4 + 0.6 * np.eye(3))


def run(points, luck):
    return points @ SLOPES.T + luck.multivariate_normal(np.zeros(3), CHANCE, len(points))


@pytest.fixture(scope="module")
def emulators() -> Emulators:
    points = sobol(2, 512, 1)
    return fit_emulators(points, run(points, np.random.default_rng(1)))


def found(emulators: Emulators) -> Planted:
    luck = np.random.default_rng(2)
    truths = luck.random((300, 2))
    return planted(emulators, truths, run(truths, luck), np.zeros((3, 3)), seed=3, points=2048)


def test_intervals_cover_as_often_as_they_say(emulators: Emulators) -> None:
    told = found(emulators)
    assert told.shares.shape == (3, 2)
    assert (told.too_few > 0.01).all()
    assert (told.shares - told.levels[:, None] < 0.1).all()
    assert (told.uniform > 0.01).all()
    assert told.effective.min() > 20


def test_luck_that_is_told_too_small_is_found_out(emulators: Emulators) -> None:
    told = found(replace(emulators, luck=emulators.luck / 9))
    assert (told.too_few < 0.01).all()
    assert (told.uniform < 0.01).any()
