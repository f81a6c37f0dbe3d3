"""Concentration, specialisation, sizes and tiers on figures made by hand."""

import numpy as np
import pytest

from sim.statistics.structure import (
    ellison_glaeser,
    herfindahl,
    herfindahl_of_group,
    hill_exponent,
    krugman_specialisation,
    tier_counts,
)


def test_herfindahl_by_hand():
    found = herfindahl(np.array([0, 0, 1]), np.array([30.0, 10.0, 5.0]), np.array([40.0, 10.0, 0.0]))
    assert found[:2] == pytest.approx([0.75**2 + 0.25**2, 0.25]), "half of the second product is fringe"
    assert np.isnan(found[2])


def test_herfindahl_of_a_group_is_that_of_its_plants():
    jobs = np.array([30.0, 10.0, 5.0, 15.0])
    product = np.array([0, 0, 1, 1])
    total = np.array([40.0, 20.0, 0.0])
    own = herfindahl(product, jobs, total)
    assert herfindahl_of_group(own, total) == pytest.approx(((jobs / jobs.sum()) ** 2).sum())
    assert np.isnan(herfindahl_of_group(own[2:], total[2:]))


def test_krugman_goes_from_nothing_to_two():
    same = np.array([[1.0, 3.0], [2.0, 6.0]])
    apart = np.array([[4.0, 0.0], [0.0, 9.0], [0.0, 0.0]])
    assert krugman_specialisation(same) == pytest.approx([0.0, 0.0])
    found = krugman_specialisation(apart)
    assert found[:2] == pytest.approx([2.0, 2.0])
    assert np.isnan(found[2])
    mixed = np.array([[3.0, 1.0], [1.0, 1.0]])
    assert krugman_specialisation(mixed)[0] == pytest.approx(abs(0.75 - 0.5) * 2)


def test_plants_thrown_by_dice_have_an_index_of_nothing():
    """Mean over many throws of 20 equal plants into counties with the shares of all industry."""
    shares = np.array([0.5, 0.3, 0.2])
    random = np.random.default_rng(3)
    found = [ellison_glaeser(random.multinomial(20, shares).astype(float), shares, 1 / 20) for _ in range(3000)]
    assert np.mean(found) == pytest.approx(0.0, abs=0.004)


def test_a_gathered_industry_has_a_high_index():
    shares = np.array([0.5, 0.3, 0.2])
    assert ellison_glaeser(np.array([0.0, 0.0, 9.0]), shares, 0.05) > 0.9
    by_hand = (((1 - 0.2) ** 2 + 0.3**2 + 0.5**2) / (1 - 0.38) - 0.05) / 0.95
    assert ellison_glaeser(np.array([0.0, 0.0, 9.0]), shares, 0.05) == pytest.approx(by_hand)


@pytest.mark.parametrize(("jobs", "plants"), [(np.zeros(3), 0.1), (np.ones(3), 1.0), (np.ones(3), np.nan)])
def test_an_index_without_plants_is_no_number(jobs, plants):
    assert np.isnan(ellison_glaeser(jobs, np.array([0.5, 0.3, 0.2]), plants))


@pytest.mark.parametrize("exponent", [0.9, 1.3])
def test_the_tail_of_a_pareto_sample_is_found(exponent):
    sizes = 20.0 * np.random.default_rng(5).random(60_000) ** (-1.0 / exponent)
    assert hill_exponent(sizes) == pytest.approx(exponent, rel=0.04)
    assert hill_exponent(sizes * 7.0) == pytest.approx(hill_exponent(sizes)), "no matter of units"


def test_too_few_firms_have_no_tail():
    assert np.isnan(hill_exponent(np.arange(1.0, 11.0)))
    assert np.isnan(hill_exponent(np.ones(100)))
    assert hill_exponent(np.arange(1.0, 12.0)) > 0


def test_tiers_by_hand():
    quality = np.array([0.39, 0.4, 0.69, 0.7, 0.9])
    found = tier_counts(quality, np.array([0, 0, 1, 1, 1]), (0.4, 0.7), 2)
    np.testing.assert_array_equal(found, [[1, 0], [1, 1], [0, 2]])
