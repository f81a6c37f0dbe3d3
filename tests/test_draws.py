"""Named streams, and variates that one uniform gives."""

from zlib import crc32

import numpy as np
import pytest

from sim.draws import Streams, gumbel, laplace

GRID = (np.arange(1_000_000) + 0.5) / 1_000_000
"""Evenly spread uniforms: means over them are integrals, without chance."""


def test_laplace_has_mean_zero_and_variance_one():
    values = laplace(GRID)
    assert values.mean() == pytest.approx(0.0, abs=1e-9)
    assert (values**2).mean() == pytest.approx(1.0, abs=1e-3)
    assert np.abs(values).mean() == pytest.approx(1 / np.sqrt(2), abs=1e-4), "the mean deviation of that law"
    assert (values**4).mean() == pytest.approx(6.0, rel=0.01)


def test_laplace_is_symmetric_and_finite_at_the_ends():
    np.testing.assert_allclose(laplace(GRID[::-1]), -laplace(GRID), atol=1e-9)
    assert np.isfinite(laplace(np.array([0.0, 0.5, np.nextafter(1.0, 0.0)]))).all()
    assert (np.diff(laplace(GRID)) > 0).all()


def test_gumbel_has_its_mean_and_variance_and_is_finite():
    values = gumbel(GRID)
    assert values.mean() == pytest.approx(0.5772157, abs=1e-4)
    assert values.var() == pytest.approx(np.pi**2 / 6, rel=1e-3)
    assert np.isfinite(gumbel(np.array([0.0, np.nextafter(1.0, 0.0)]))).all()


def test_drawing_more_does_not_change_what_came_before():
    """Luck is read by slot: who comes later must not move who was there."""
    streams = Streams(12)
    few, many = (laplace(streams.draw("firms.shock", 5).random(size)) for size in (10, 10_000))
    np.testing.assert_array_equal(few, many[:10])
    rows, more = (streams.draw("promotion.luck", 5).random((size, 7)) for size in (10, 10_000))
    np.testing.assert_array_equal(rows, more[:10])


def test_a_stream_depends_on_seed_purpose_and_month_alone():
    first = Streams(1).draw("a", 3).random(5)
    Streams(1).draw("b", 9).random(100)
    np.testing.assert_array_equal(Streams(1).draw("a", 3).random(5), first)
    for other in (Streams(2).draw("a", 3), Streams(1).draw("b", 3), Streams(1).draw("a", 4)):
        assert (other.random(5) != first).all()


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**40 + 3, 2**200 + 9])
def test_a_stream_is_the_child_of_the_seed_by_purpose_and_month(seed):
    """The words of the key are put together by hand, as numpy would."""
    for purpose, month in (("firms.exit", 0), ("promotion.luck", 263)):
        child = np.random.SeedSequence(seed, spawn_key=(crc32(purpose.encode()), month))
        expected = np.random.Generator(np.random.PCG64(child)).random(4)
        np.testing.assert_array_equal(Streams(seed).draw(purpose, month).random(4), expected)


def test_streams_look_independent():
    """Neighbouring months and like purposes are uncorrelated and uniform."""
    streams = Streams(7)
    table = np.array([streams.draw("firms.exit", month).random(400) for month in range(60)])
    apart = np.corrcoef(table)[np.triu_indices(60, 1)]
    assert np.abs(apart).max() < 5.5 / np.sqrt(400)
    assert abs(table.mean() - 0.5) < 5 / np.sqrt(12 * table.size)
