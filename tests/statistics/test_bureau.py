"""Groups that make up a whole, and the one switch of county tables."""

import numpy as np
import pytest

from sim.statistics import (
    by_view,
    cluster_names,
    cluster_of,
    contribution,
    growth_of_groups,
    pull,
    rest_growth,
    share_at_constant_weights,
)
from sim.world import load_world


def test_the_article_of_2019_from_levels():
    """Four chains 48.24 of 100, +39.8 %, the rest -8.65 %: the bureau's 14.7 %, 19.2 points, 130.4 %."""
    before = np.array([48.24, 51.76])
    now = before * np.array([1.398, 1.0 - 0.0865])
    found = growth_of_groups(now, before)
    assert round(100 * found.total, 1) == 14.7
    assert round(found.pull[0], 1) == 19.2
    assert found.contribution[0] == pytest.approx(1.304, abs=5e-3)
    assert found.pull[1] < 0 > found.contribution[1]
    assert round(100 * found.share[0], 1) == 58.8
    assert found.share[0] == pytest.approx(share_at_constant_weights(0.4824, 0.398, found.total))


def test_groups_agree_with_the_formulas_and_add_up():
    before, now = np.array([3.0, 5.0, 2.0]), np.array([6.0, 4.0, 2.5])
    found = growth_of_groups(now, before)
    np.testing.assert_allclose(found.growth, [1.0, -0.2, 0.25])
    for at in range(3):
        assert found.pull[at] == pytest.approx(pull(found.growth[at], found.base_share[at]))
        assert found.contribution[at] == pytest.approx(contribution(found.pull[at], found.total))
    rest = rest_growth(found.total, found.pull[0], found.base_share[0])
    assert rest == pytest.approx((now[1:].sum() / before[1:].sum()) - 1)
    assert found.pull.sum() == pytest.approx(100 * found.total)
    assert found.contribution.sum() == pytest.approx(1.0)
    assert found.base_share.sum() == found.share.sum() == pytest.approx(1.0)


def test_a_group_from_nothing_pulls_without_a_rate():
    found = growth_of_groups(np.array([10.0, 3.0]), np.array([10.0, 0.0]))
    assert np.isnan(found.growth[1])
    assert found.pull[1] == pytest.approx(30.0)
    assert found.contribution[1] == pytest.approx(1.0)


def test_nothing_before_gives_no_number():
    found = growth_of_groups(np.array([1.0, 2.0]), np.array([np.nan, np.nan]))
    assert np.isnan([found.total, *found.growth, *found.pull, *found.contribution, *found.base_share]).all()
    still = growth_of_groups(np.array([1.0, 2.0]), np.array([2.0, 1.0]))
    assert still.total == 0.0
    assert np.isnan(still.contribution).all()


def test_every_product_of_industry_has_one_place():
    world = load_world()
    names, cluster = cluster_names(world), cluster_of(world)
    assert names == ("BAT", "NEV", "SST", "CU", "legacy", "energy")
    members = {
        name: {code for code, at in zip(world.products, cluster, strict=True) if at == names.index(name)}
        for name in names
    }
    assert members["legacy"] == {"MACH", "FOOD", "OTHM"}
    assert members["energy"] == {"ENER"}
    assert members["NEV"] == {"V_OEM", "V_BODY", "V_PWTR"}
    assert {code for code, at in zip(world.products, cluster, strict=True) if at < 0} == {
        "AGRI",
        "CONS",
        "TRAN",
        "BUSS",
        "CSRV",
    }


@pytest.mark.parametrize("shape", [(10,), (10, 24), (10, 3, 2)])
def test_dongqiao_is_counted_once_in_both_views(shape):
    world = load_world()
    amounts = np.random.default_rng(1).random(shape)
    names, rows = by_view(amounts, world, "model")
    assert names == world.county_names
    np.testing.assert_array_equal(rows, amounts)
    official, merged = by_view(amounts, world, "official")
    assert len(official) == len(merged) == 9
    assert "Dongqiao" not in official
    np.testing.assert_allclose(merged.sum(axis=0), amounts.sum(axis=0), rtol=1e-14)
    zone, home = world.county_names.index("Dongqiao"), world.county_names.index("Jiaocheng")
    np.testing.assert_allclose(merged[official.index("Jiaocheng")], amounts[home] + amounts[zone], rtol=1e-15)
    for name in set(official) - {"Jiaocheng"}:
        np.testing.assert_array_equal(merged[official.index(name)], amounts[world.county_names.index(name)])


def test_another_view_is_refused():
    with pytest.raises(ValueError, match="official"):
        by_view(np.ones(10), load_world(), "both")
