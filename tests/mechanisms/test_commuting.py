"""Matching of jobs and people: margins are limits, one solution, and what it does when people or posts are short."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mechanisms.commuting import MatchingError, efficiency, match, positive_root


def market(seed, counties=5, skills=2):
    rng = np.random.default_rng(seed)
    supply = rng.uniform(1e3, 1e5, (skills, counties))
    posts = rng.uniform(1e3, 1e5, (skills, counties))
    place = rng.uniform(0.0, 80.0, (counties, 2))
    minutes = np.linalg.norm(place[:, None] - place[None, :], axis=2) + 12.0
    kappa = rng.uniform(5.0, 40.0, (skills, counties))
    return supply, posts, kappa[:, None, :] * np.exp(-0.07 * minutes)


def test_one_county_by_hand():
    """T = k sqrt((S - T)(D - T)): with S = D the matching fills k / (1 + k) of the posts."""
    workers, root = match(np.array([[100.0]]), np.array([[100.0]]), np.array([[[4.0]]]), np.array([[1.0]]))
    assert workers[0, 0, 0] == pytest.approx(80.0, rel=1e-12)
    assert root[0, 0] ** 2 == pytest.approx(20.0, rel=1e-12)


@given(st.integers(0, 10_000))
def test_margins_are_limits_and_the_matching_function_holds_in_every_pair(seed):
    supply, posts, kernel = market(seed)
    workers, _ = match(supply, posts, kernel, np.ones_like(posts))
    idle, empty = supply - workers.sum(axis=2), posts - workers.sum(axis=1)
    assert (idle > 0).all()
    assert (empty > 0).all()
    np.testing.assert_allclose(workers, kernel * np.sqrt(idle[:, :, None] * empty[:, None, :]), rtol=1e-6)


@given(st.integers(0, 10_000))
def test_the_solution_is_one_from_wherever_it_starts(seed):
    supply, posts, kernel = market(seed)
    low, _ = match(supply, posts, kernel, np.full_like(posts, 1e-3))
    high, _ = match(supply, posts, kernel, np.full_like(posts, 1e3))
    np.testing.assert_allclose(low, high, rtol=1e-9, atol=1e-6)


@given(st.integers(0, 10_000), st.floats(0.1, 10.0))
def test_returns_to_scale_are_constant(seed, factor):
    supply, posts, kernel = market(seed)
    one, _ = match(supply, posts, kernel, np.ones_like(posts))
    more, _ = match(factor * supply, factor * posts, kernel, np.ones_like(posts))
    np.testing.assert_allclose(more, factor * one, rtol=1e-8)


def test_more_posts_fill_more_and_leave_a_larger_share_open():
    supply, posts, kernel = market(3)
    before, _ = match(supply, posts, kernel, np.ones_like(posts))
    boom = posts.copy()
    boom[:, 2] *= 2.0
    after, _ = match(supply, boom, kernel, np.ones_like(posts))
    assert (after.sum(axis=1)[:, 2] > before.sum(axis=1)[:, 2]).all()
    assert ((1 - after.sum(axis=1) / boom)[:, 2] > (1 - before.sum(axis=1) / posts)[:, 2]).all()
    others = [0, 1, 3, 4]
    assert (after.sum(axis=1)[:, others] < before.sum(axis=1)[:, others]).all(), "the boom draws people from next door"


def test_who_lives_nearer_commutes_more():
    minutes = np.array([[12.0, 30.0, 60.0], [30.0, 12.0, 60.0], [60.0, 60.0, 12.0]])
    level = np.full((1, 3), 1e4)
    workers, _ = match(level, level, 10.0 * np.exp(-0.07 * minutes)[None], np.ones((1, 3)))
    assert workers[0, 0, 0] > workers[0, 1, 0] > workers[0, 2, 0]
    assert workers[0, 1, 0] / workers[0, 2, 0] > np.exp(0.07 * 25)


def test_a_county_without_posts_has_no_workers():
    supply, posts, kernel = market(4)
    posts[:, 1] = 0.0
    workers, _ = match(supply, posts, kernel, np.ones_like(posts))
    assert (workers[:, :, 1] == 0).all()
    assert np.isfinite(workers).all()


def test_the_efficiency_fills_the_jobs_of_the_opening():
    supply, jobs, _ = market(5)
    jobs *= 0.8 * supply.sum() / jobs.sum()
    jobs[1] *= 0.9 * supply[1].sum() / jobs[1].sum()
    jobs[0] *= 0.9 * supply[0].sum() / jobs[0].sum()
    rng = np.random.default_rng(1)
    distance = np.exp(-0.05 * rng.uniform(10, 60, (5, 5)))
    open_posts = 0.04 / 0.96 * jobs
    kappa = efficiency(supply, jobs, open_posts, distance)
    workers, root = match(supply, jobs + open_posts, kappa[:, None, :] * distance, np.sqrt(open_posts))
    np.testing.assert_allclose(workers.sum(axis=1), jobs, rtol=1e-9)
    np.testing.assert_allclose(root**2, open_posts, rtol=1e-8)


def test_more_jobs_than_people_are_refused():
    with pytest.raises(MatchingError, match="more jobs than people"):
        efficiency(np.full((1, 2), 10.0), np.full((1, 2), 10.0), np.full((1, 2), 0.4), np.ones((2, 2)))


def test_the_root_loses_no_digits_against_a_large_linear_term():
    assert positive_root(np.array(1e9), np.array(1.0)) == pytest.approx(1e-9, rel=1e-12)
    assert positive_root(np.array(0.0), np.array(9.0)) == 3.0


# --- ablation: the roads between counties -----------------------------------------------------------------------------


def test_without_roads_between_counties_nobody_commutes_and_the_core_lacks_people(beside):
    usual, cut = beside(months=0), beside(months=0)
    cut.state.people.kernel *= np.eye(cut.world.county_count)
    for _ in range(3):
        usual.step()
        cut.step()
    across = ~np.eye(usual.world.county_count, dtype=bool)
    left, right = (model.recorder.arrays for model in (cut, usual))
    assert right["commuters"][0][across].sum() > 1e4
    assert left["commuters"][:3, across].sum() == 0
    assert left["at_work"][0].sum() < right["at_work"][0].sum()
    host, home = usual.world.county("DQ"), usual.world.county("JC")  # few live in Dongqiao, many work there
    assert left["vacancy"][0, host] > right["vacancy"][0, host] + 0.1
    assert left["jobs"][0, host].sum() < 0.8 * right["jobs"][0, host].sum()
    assert left["at_work"][0, home] < right["at_work"][0, home]
    assert left["wage"][2, host] / left["wage"][0, host] > right["wage"][2, host] / right["wage"][0, host]
    for name in ("labour_force", "world_volume", "price"):
        np.testing.assert_array_equal(left[name][0], right[name][0], err_msg=name)


def test_where_minutes_do_not_matter_more_people_commute_to_the_same_jobs(beside):
    """The efficiency of the opening fills the jobs whatever the decay: it moves who comes, not how many."""
    usual, near = beside(months=0), beside({"labour.commute_decay": 0.0}, months=0)
    far, few = near.state.people.workers.sum(axis=0), usual.state.people.workers.sum(axis=0)
    np.testing.assert_allclose(far.sum(axis=0), few.sum(axis=0), rtol=1e-9)
    assert np.trace(far) < 0.5 * np.trace(few)
