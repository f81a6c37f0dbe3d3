"""Statistics of firms against distributions whose parameters are known."""

from __future__ import annotations

import numpy as np
import pytest

from sim.experiment.firm_statistics import (
    ellison_glaeser,
    hill_exponent,
    net_entry_share,
    size_slope,
    subbotin_shape,
)

LUCK = np.random.default_rng(1)


@pytest.mark.parametrize("exponent", [0.9, 1.5])
def test_the_tail_of_a_pareto_law_has_its_exponent(exponent: float) -> None:
    sizes = (1.0 - LUCK.random(20_000)) ** (-1.0 / exponent)
    assert hill_exponent(sizes) == pytest.approx(exponent, rel=0.05)


def test_the_tail_by_hand() -> None:
    sizes = np.concatenate([np.exp([4.0, 3.0, 2.0]), np.ones(12), np.full(15, 0.5)])  # top fifth of 30: 6 firms
    assert hill_exponent(sizes) == pytest.approx(1.0 / ((4.0 + 3.0 + 2.0 + 0.0 + 0.0) / 5))
    assert np.isnan(hill_exponent(sizes[:29]))


@pytest.mark.parametrize(("shape", "draw"), [(1.0, LUCK.laplace), (2.0, LUCK.normal)])
def test_the_shape_tells_a_tent_from_a_bell(shape: float, draw) -> None:
    assert subbotin_shape(draw(0.0, 0.3, 20_000)) == pytest.approx(shape, rel=0.05)


def test_the_shape_does_not_know_the_unit() -> None:
    rates = LUCK.laplace(0.0, 1.0, 500)
    assert subbotin_shape(rates) == pytest.approx(subbotin_shape(rates * 1e-3), rel=1e-4)
    assert np.isnan(subbotin_shape(rates[:20]))


def test_the_slope_of_the_spread_on_size() -> None:
    sizes = np.exp(LUCK.uniform(0.0, 8.0, 40_000))
    rates = LUCK.normal(0.0, 1.0, sizes.size) * sizes**-0.2
    assert size_slope(sizes, rates) == pytest.approx(-0.2, abs=0.01)
    assert np.isnan(size_slope(sizes[:99], rates[:99]))


def test_plants_in_one_place_are_concentrated_and_plants_like_all_industry_are_not() -> None:
    area = np.array([1.0, 1.0])
    one_place = ellison_glaeser(area, np.ones(50), np.zeros(50, dtype=np.int64))
    # G = 1/2, room = 1/2, H = 1/50: (1/2 - 1/100) / (1/2 x 49/50) = 1
    assert one_place == pytest.approx(1.0)
    both = ellison_glaeser(area, np.ones(50), np.arange(50) % 2)
    assert both == pytest.approx(-0.02 / 0.98)
    assert np.isnan(ellison_glaeser(area, np.ones(1), np.zeros(1, dtype=np.int64)))


def test_net_entry_by_hand() -> None:
    before, after = np.array([1.0, 1.0, 0.0]), np.array([1.0, 0.0, 1.0])
    start, end = np.array([0.0, -0.2, 9.0]), np.array([0.1, 9.0, 0.3])
    # mean at the start -0.1, at the end 0.2; entry 0.5 (0.3 + 0.1), exit 0.5 (-0.2 + 0.1); (0.2 + 0.05) / 0.3
    assert net_entry_share(before, after, start, end) == pytest.approx(0.25 / 0.3)
    assert np.isnan(net_entry_share(before, before, start, start))
    assert np.isnan(net_entry_share(np.zeros(3), after, start, end))
