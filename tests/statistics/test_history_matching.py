"""History matching by hand and on bodies of known volume."""

import numpy as np
import pytest

from sim.statistics.history_matching import (
    HIGHEST,
    SECOND,
    distance,
    implausibility,
    remaining,
    sobol,
    spread_out,
)


def test_implausibility_is_the_gap_over_the_root_of_all_variances() -> None:
    found = implausibility(
        np.array([[7.0, 4.0]]),
        np.array([[1.0, 0.25]]),
        np.array([10.0, 5.0]),
        np.array([2.0, 0.25]),
        np.array([3.0, 0.25]),
        np.array([3.0, 0.25]),
    )
    np.testing.assert_allclose(found, [[3.0 / 3.0, 1.0 / 1.0]])


def test_two_facts_that_are_far_off_rule_out_what_one_does_not() -> None:
    one, two, very = [HIGHEST - 0.1, 0.0, 0.5], [SECOND + 0.1, 0.2, SECOND + 0.1], [HIGHEST + 0.1, 0.0, 0.0]
    found = distance(np.array([one, two, very]))
    assert found[0] < 1.0 < min(found[1], found[2])


def test_one_output_has_no_second() -> None:
    np.testing.assert_allclose(distance(np.array([[2.0]]), 4.0, 3.0), [0.5])


def ball(radius: float):
    """Distance from the middle over a radius."""
    return lambda points: np.sqrt(((points - 0.5) ** 2).sum(axis=1)) / radius


def test_the_volume_of_a_ball_is_counted() -> None:
    found = remaining(ball(0.4), 3, seed=1)
    assert found.rungs == 0
    assert found.volume == pytest.approx(4 / 3 * np.pi * 0.4**3, rel=0.03)
    assert (ball(0.4)(found.points) <= 1.0).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_volume_of_a_small_ball_is_found_by_the_ladder(seed: int) -> None:
    found = remaining(ball(0.08), 4, seed)
    assert found.rungs > 0
    assert found.volume == pytest.approx(np.pi**2 / 2 * 0.08**4, rel=0.25)
    assert (ball(0.08)(found.points) <= 1.0).all()


def test_the_points_left_fill_the_ball_evenly() -> None:
    found = remaining(ball(0.1), 3, seed=1)
    inside = np.sqrt(((found.points - 0.5) ** 2).sum(axis=1)) < 0.1 / 2 ** (1 / 3)  # half of the volume
    assert inside.mean() == pytest.approx(0.5, abs=0.06)
    np.testing.assert_allclose(found.points.mean(axis=0), 0.5, atol=0.01)


def test_nothing_is_left_where_everything_is_impossible() -> None:
    found = remaining(lambda points: np.full(len(points), np.inf), 2, seed=1)
    assert found.volume == 0.0
    assert found.points.shape == (0, 2)


def test_a_thin_possible_part_counts_whole() -> None:
    def far(points):
        return np.where(points[:, 0] < 0.05, 0.5, np.inf)

    assert remaining(far, 2, seed=1).volume == pytest.approx(0.05, rel=0.1)


def test_equal_seeds_leave_equal_points() -> None:
    first, again = remaining(ball(0.08), 4, 5), remaining(ball(0.08), 4, 5)
    np.testing.assert_array_equal(first.points, again.points)
    assert (sobol(3, 8, 1) != sobol(3, 8, 2)).any()


def test_points_are_chosen_far_from_each_other_and_from_known_ones() -> None:
    candidates = np.array([[0.0], [0.1], [0.5], [0.9], [1.0]])
    assert sorted(spread_out(candidates, 2, np.array([[0.05]])).ravel().tolist()) == [0.5, 1.0]
    assert spread_out(candidates, 9).tolist() == candidates.tolist()
    assert spread_out(candidates, 3)[0].item() == 0.5
