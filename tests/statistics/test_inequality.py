"""Inequality by hand, and the decomposition of Theil."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.statistics.inequality import gini, location_gini, theil, theil_by_group

LOG2 = np.log(2.0)


def test_theil_by_hand() -> None:
    assert theil(np.array([1.0, 1.0]), np.array([1.0, 1.0])) == 0.0
    assert theil(np.array([1.0, 0.0]), np.array([1.0, 1.0])) == pytest.approx(LOG2)
    # shares of income 3/4 and 1/4, of people 1/2 each
    assert theil(np.array([3.0, 1.0]), np.array([5.0, 5.0])) == pytest.approx(0.75 * np.log(1.5) + 0.25 * np.log(0.5))
    assert np.isnan(theil(np.zeros(2), np.ones(2)))
    assert theil(np.array([1.0, 1.0]), np.array([1.0, 0.0])) == np.inf
    with pytest.raises(ValueError, match="negative"):
        theil(np.array([1.0, -1.0]), np.ones(2))


def test_groups_by_hand() -> None:
    # Two groups of two, equal people; incomes 2, 2 and 4, 0: shares of groups 1/2 each, so nothing between.
    found = theil_by_group(np.array([2.0, 2.0, 4.0, 0.0]), np.ones(4), np.array([0, 0, 1, 1]))
    assert found.between == pytest.approx(0.0)
    assert found.by_group == pytest.approx([0.0, 0.5 * LOG2])
    found = theil_by_group(np.array([3.0, 3.0, 1.0, 1.0]), np.ones(4), np.array([0, 0, 1, 1]))
    assert found.within == pytest.approx(0.0)
    assert found.between == pytest.approx(0.75 * np.log(1.5) + 0.25 * np.log(0.5))


@given(
    arrays(float, (3, 6), elements=st.floats(0.0, 1e6)),
    arrays(float, (6,), elements=st.floats(1.0, 1e6)),
    arrays(int, (6,), elements=st.integers(0, 2)),
)
def test_between_and_within_are_the_whole(amounts: np.ndarray, persons: np.ndarray, group: np.ndarray) -> None:
    amounts = amounts + 1e-3
    found = theil_by_group(amounts, persons, group)
    np.testing.assert_allclose(found.total, theil(amounts, persons), rtol=1e-10, atol=1e-12)
    assert (found.between > -1e-12).all()


def test_gini_by_hand() -> None:
    ones = np.ones(4)
    assert gini(ones, ones) == 0.0
    assert gini(np.array([1.0, 0.0, 0.0, 0.0]), ones) == pytest.approx(0.75)
    assert gini(np.array([1.0, 2.0, 3.0, 4.0]), ones) == pytest.approx(0.25)
    # a place of two persons counts as two places of one
    assert gini(np.array([2.0, 3.0]), np.array([2.0, 1.0])) == pytest.approx(
        gini(np.array([1.0, 1.0, 3.0]), np.ones(3))
    )
    with pytest.raises(ValueError, match="without persons"):
        gini(np.array([1.0, 1.0]), np.array([1.0, 0.0]))


def test_location_gini_by_hand() -> None:
    # Product 0 is spread as all production is; product 1 stands in one county of half the production; 2 is nowhere.
    jobs = np.array([[2.0, 2.0, 0.0], [4.0, 0.0, 0.0]])
    everywhere, gathered, nowhere = location_gini(np.array([[3.0, 2.0, 0.0], [4.0, 0.0, 0.0]]) * 0 + jobs)
    shares = np.array([0.5, 0.5])
    assert gathered == pytest.approx(gini(np.array([1.0, 0.0]), shares))
    assert everywhere == pytest.approx(gini(np.array([1 / 3, 2 / 3]), shares))
    assert np.isnan(nowhere)
    alike = location_gini(np.array([[1.0, 2.0], [3.0, 6.0]]))
    assert alike == pytest.approx([0.0, 0.0], abs=1e-15)
    assert location_gini(np.stack([jobs, jobs])).shape == (2, 3)
