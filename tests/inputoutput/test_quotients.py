"""Location quotients: limits, the treatment of absent products, and what is refused; cross-hauling."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.inputoutput import quotients
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.quotients import (
    augmented_flegg_location_quotients,
    charm_trade,
    cross_industry_location_quotients,
    flegg_location_quotients,
    regional_coefficients,
    semilogarithmic_location_quotients,
    simple_location_quotients,
    size_factor,
)

OUTPUT = arrays(float, 4, elements=st.floats(1.0, 1e4))
MAYBE = arrays(float, 4, elements=st.one_of(st.just(0.0), st.floats(1.0, 1e4)))
COEFFICIENTS = np.random.default_rng(3).uniform(0.0, 0.25, (4, 4))


@given(OUTPUT, st.floats(0.0, 1.0))
@settings(max_examples=40)
def test_a_region_equal_to_its_parent_supplies_itself(output: np.ndarray, delta: float) -> None:
    assert simple_location_quotients(output, output) == pytest.approx(np.ones(4))
    own = quotients.own_shares(np.ones((4, 4)), np.ones(4), output, output, delta)
    assert own == pytest.approx(np.ones(4))
    whole = regional_coefficients(COEFFICIENTS, flegg_location_quotients(output, output, delta))
    np.testing.assert_allclose(whole, COEFFICIENTS)


@given(OUTPUT, OUTPUT, st.floats(0.0, 1.0))
@settings(max_examples=40)
def test_own_shares_lie_between_none_and_all(region: np.ndarray, rest: np.ndarray, delta: float) -> None:
    own = quotients.own_shares(np.ones((4, 4)), np.ones(4), region, region + rest, delta)
    assert (own >= 0).all()
    assert (own <= 1 + 1e-12).all()


@given(MAYBE, OUTPUT, st.floats(0.0, 1.0))
@settings(max_examples=40)
def test_quotients_lie_within_their_bounds(region: np.ndarray, rest: np.ndarray, delta: float) -> None:
    parent = region + rest
    slq = simple_location_quotients(region, parent)
    if region.any():
        # shares of the parent, weighted with the quotients, are shares of the region
        assert (slq * parent).sum() / parent.sum() == pytest.approx(1.0)
    factor = size_factor(region.sum(), parent.sum(), delta)
    assert 0.0 <= factor <= 1.0
    flegg = flegg_location_quotients(region, parent, delta)
    assert (flegg <= cross_industry_location_quotients(slq)).all()
    augmented = augmented_flegg_location_quotients(region, parent, delta)
    assert (np.minimum(flegg, 1.0) <= augmented).all()
    assert (augmented <= np.maximum(1.0, np.log2(1.0 + slq)) + 1e-12).all()
    for quotient in (slq, cross_industry_location_quotients(slq), flegg, augmented):
        regional = regional_coefficients(COEFFICIENTS, quotient)
        assert (regional >= 0.0).all()
        assert (regional <= COEFFICIENTS).all()


@given(MAYBE, OUTPUT)
@settings(max_examples=40)
def test_flegg_with_delta_0_is_the_cross_industry_quotient_bit_for_bit(region: np.ndarray, rest: np.ndarray) -> None:
    parent = region + rest
    cross = cross_industry_location_quotients(simple_location_quotients(region, parent))
    flegg = flegg_location_quotients(region, parent, 0.0)
    assert size_factor(region.sum(), parent.sum(), 0.0) == 1.0
    assert (flegg == cross).all()
    assert (regional_coefficients(COEFFICIENTS, flegg) == regional_coefficients(COEFFICIENTS, cross)).all()


def test_the_cross_industry_quotient_holds_cell_by_cell() -> None:
    found = cross_industry_location_quotients([0.5, 2.0, 4.0])
    assert found.tolist() == [[0.5, 0.25, 0.125], [4.0, 2.0, 0.5], [8.0, 2.0, 4.0]]


def test_the_size_factor_by_share_of_the_nation() -> None:
    # printed with three digits: Flegg's lambda at delta 0.25 for regions of 0.05 to 30 per cent of the nation
    shares = np.array([0.0005, 0.0025, 0.042, 0.058, 0.10, 0.30])
    found = size_factor(shares, 1.0, 0.25)
    np.testing.assert_allclose(found, [0.164, 0.245, 0.494, 0.534, 0.609, 0.784], atol=1e-3)


def test_a_larger_delta_means_less_own_supply() -> None:
    region, parent = np.array([1.0, 2.0, 3.0]), np.array([100.0, 100.0, 100.0])
    uses, final = np.ones((3, 3)), np.ones(3)
    shares = [quotients.own_shares(uses, final, region, parent, delta).mean() for delta in (0.05, 0.15, 0.25)]
    assert shares[0] > shares[1] > shares[2]


def test_own_shares_weigh_capped_quotients_by_use() -> None:
    region, parent, delta = np.array([60.0, 30.0, 110.0]), np.array([1000.0, 2000.0, 1000.0]), 0.3
    uses, final = np.array([[1.0, 2.0, 3.0], [4.0, 0.0, 1.0], [2.0, 2.0, 2.0]]), np.array([4.0, 0.0, 1.0])
    rho = np.minimum(1.0, flegg_location_quotients(region, parent, delta))
    at_home = np.minimum(1.0, size_factor(200.0, 4000.0, delta) * np.array([1.2, 0.3, 2.2]))
    wanted = [(rho[i] @ uses[i] + at_home[i] * final[i]) / (uses[i].sum() + final[i]) for i in range(3)]
    np.testing.assert_allclose(quotients.own_shares(uses, final, region, parent, delta), wanted, rtol=1e-14)


def test_absent_products_and_buyers() -> None:
    region, parent = np.array([0.0, 5.0, 0.0]), np.array([10.0, 10.0, 0.0])
    slq = simple_location_quotients(region, parent)
    assert slq[0] == 0.0
    assert slq[2] == 0.0
    for quotient in (cross_industry_location_quotients(slq), flegg_location_quotients(region, parent, 0.2)):
        assert (quotient[[0, 2]] == 0).all()
        assert (quotient[:, [0, 2]] == 0).all()
    own = quotients.own_shares(np.zeros((3, 3)), np.zeros(3), region, parent, 0.15)
    assert own.tolist() == [0.0, 0.0, 0.0]


def test_the_national_column_stays_for_an_absent_buyer_if_wanted() -> None:
    region, parent = np.array([0.0, 1.0, 5.0]), np.array([10.0, 10.0, 10.0])
    for quotient in (
        cross_industry_location_quotients(simple_location_quotients(region, parent), absent_buyer=1.0),
        flegg_location_quotients(region, parent, 0.2, absent_buyer=1.0),
        augmented_flegg_location_quotients(region, parent, 0.2, absent_buyer=1.0),
    ):
        assert quotient[:, 0].tolist() == [0.0, 1.0, 1.0]  # who is absent cannot sell
        assert (quotient[0] == 0.0).all()


def test_a_region_that_makes_nothing_supplies_nothing() -> None:
    flegg = flegg_location_quotients(np.zeros((2, 3)), np.ones(3), 0.2)
    assert (flegg == 0.0).all()


def test_the_published_augmented_quotient_may_exceed_the_national_coefficient() -> None:
    region, parent = np.array([60.0, 30.0, 110.0]), np.array([1000.0, 2000.0, 1000.0])
    augmented = augmented_flegg_location_quotients(region, parent, 0.3)
    flegg = np.minimum(flegg_location_quotients(region, parent, 0.3), 1.0)
    # buyer 1 has SLQ 0.3 and is not augmented; buyer 2 has SLQ 2.2
    np.testing.assert_allclose(augmented / flegg, np.tile([np.log2(2.2), 1.0, np.log2(3.2)], (3, 1)))
    national = np.full((3, 3), 0.2)
    free, capped = (regional_coefficients(national, augmented, cap=cap) for cap in (False, True))
    assert free[2, 2] > 0.2
    assert (capped == np.minimum(free, 0.2)).all()


def test_several_regions_at_once_equal_one_by_one() -> None:
    regions, parent = np.array([[1.0, 2.0, 0.0], [3.0, 1.0, 4.0], [2.0, 2.0, 2.0]]), np.array([40.0, 60.0, 50.0])
    national = np.array([[0.1, 0.2, 0.0], [0.3, 0.1, 0.2], [0.0, 0.1, 0.1]])
    for rule in (flegg_location_quotients, augmented_flegg_location_quotients):
        both = rule(regions, parent, 0.2)
        together = regional_coefficients(national, both)
        for region, found, coefficients in zip(regions, both, together, strict=True):
            np.testing.assert_array_equal(found, rule(region, parent, 0.2))
            np.testing.assert_array_equal(coefficients, regional_coefficients(national, rule(region, parent, 0.2)))
    slq = simple_location_quotients(regions, parent)
    together = regional_coefficients(national, slq[..., None])
    for one, coefficients in zip(slq, together, strict=True):
        np.testing.assert_array_equal(coefficients, regional_coefficients(national, one))


def test_quotients_of_the_seller_go_along_rows() -> None:
    national = np.array([[0.1, 0.2], [0.3, 0.4]])
    np.testing.assert_allclose(regional_coefficients(national, [0.5, 3.0]), [[0.05, 0.1], [0.3, 0.4]])
    np.testing.assert_allclose(regional_coefficients(national, [0.5, 3.0], cap=False), [[0.05, 0.1], [0.9, 1.2]])


LABELS = ("ore", "metal")
GOOD = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: simple_location_quotients([-1.0, 2.0], [3.0, 3.0], LABELS), r"region of 0 \(ore\) is negative: -1"),
        (lambda: simple_location_quotients(GOOD, [3.0, -3.0], LABELS), r"output of industry 1 \(metal\) is negative"),
        (lambda: simple_location_quotients([1.0, np.nan], [3.0, 3.0]), r"output of the region in row 1 is nan"),
        (lambda: simple_location_quotients(GOOD, [0.5, 3.0], LABELS), r"makes 1 of 0 \(ore\), its parent only 0.5"),
        (lambda: simple_location_quotients([GOOD, [9.0, 0.0]], [3.0, 3.0]), r"makes 9 of 0, its parent only 3"),
        (lambda: simple_location_quotients(GOOD, [3.0, 3.0, 3.0]), r"must have 2 entries"),
        (lambda: simple_location_quotients([0.0, 0.0], [0.0, 0.0]), r"parent makes nothing"),
        (lambda: cross_industry_location_quotients([1.0, -0.5]), r"quotient of 1 is negative: -0.5"),
        (lambda: cross_industry_location_quotients(GOOD, absent_buyer=-1.0), r"absent_buyer must be a quotient"),
        (lambda: flegg_location_quotients(GOOD, [3.0, 3.0], 1.5), r"delta must lie between 0 and 1, not 1.5"),
        (lambda: flegg_location_quotients(GOOD, [3.0, 3.0], np.nan), r"delta must lie between 0 and 1, not nan"),
        (lambda: augmented_flegg_location_quotients(GOOD, [3.0, 3.0], -0.1), r"delta must lie between 0 and 1"),
        (lambda: size_factor(5.0, 4.0, 0.2), r"a region that makes 5 is no part of one that makes 4"),
        (lambda: size_factor(1.0, 0.0, 0.2), r"the parent makes 0"),
        (lambda: regional_coefficients(np.ones((2, 2)), [1.0, -2.0]), r"quotient of 1 is negative"),
        (lambda: regional_coefficients(np.ones((2, 3)), GOOD), r"must be a square matrix"),
        (lambda: regional_coefficients(np.ones((2, 2)), np.ones(3)), r"quotients of shape \(3,\) do not fit 2 industr"),
        (
            lambda: cross_industry_location_quotients(1.0),
            r"quotient: give one number for each industry, not a single 1",
        ),
        (lambda: cross_industry_location_quotients(GOOD, diagonal="two"), r"diagonal must be 'slq' or 'one'"),
        (lambda: simple_location_quotients(1.0, [1.0]), r"output of the region: give one number for each industry"),
        (lambda: simple_location_quotients([1.0, -2.0], [3.0, 3.0], ("ore",)), r"2 industries but 1 labels"),
        (lambda: flegg_location_quotients(GOOD, [3.0, 3.0], 0.1, labels=("a", "b", "c")), r"2 industries but 3 labels"),
        (lambda: flegg_location_quotients(GOOD, [3.0, 3.0], [0.1, 0.2, 0.3]), r"each of 2 buying .* shape \(3,\)"),
        (lambda: flegg_location_quotients(GOOD, [3.0, 3.0], [0.1, 1.2]), r"delta must lie between 0 and 1, not 1.2"),
        (lambda: charm_trade(GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, labels=("ore",)), r"2 industries but 1 labels"),
        (
            lambda: quotients.own_shares(np.ones((2, 1)), GOOD, GOOD, [3.0, 3.0], 0.1),
            r"uses of shape \(2, 1\), .* give",
        ),
        (
            lambda: quotients.own_shares(np.eye(2), 1.0, GOOD, [3.0, 3.0], 0.1),
            r"final use of \(\) .* do not fit output",
        ),
        (lambda: quotients.own_shares(np.eye(2), GOOD, GOOD, [3.0, 3.0], [0.1, 0.2]), r"delta of \(2,\) do not fit"),
        (
            lambda: quotients.own_shares(np.eye(2), [-0.1, 3.0], GOOD, [3.0, 3.0], 0.1, LABELS),
            r"final use of 0 \(ore\) is negative: -0.1",
        ),
        (
            lambda: quotients.own_shares([[9.0, -8.0], [0.0, 0.0]], [0.0, 1.0], GOOD, [300.0, 3.0], 0.1, LABELS),
            r"own share of product 0 \(ore\) is .*: its uses are of both signs",
        ),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()


def test_a_region_may_equal_its_parent_to_rounding() -> None:
    assert np.isfinite(flegg_location_quotients([0.1 + 0.2, 1.0], [0.3, 1.0], 0.3)).all()
    assert size_factor(0.1 + 0.2, 0.3, 0.5) == 1.0


NATION = {
    "national_output": np.array([100.0, 50.0, 80.0]),
    "national_use": np.array([90.0, 60.0, 80.0]),
    "national_exports": np.array([30.0, 5.0, 0.0]),
    "national_imports": np.array([20.0, 15.0, 0.0]),
}


def test_cross_hauling_by_hand() -> None:
    # product 0: trade 50, balance 10, so h = 40 / 190; a region that makes 10 and uses 9 has q = 4 and trades 5
    trade = charm_trade([10.0, 5.0, 2.0], [9.0, 8.0, 3.0], **NATION)
    h = np.array([40 / 190, 10 / 110, 0.0])
    np.testing.assert_allclose(trade.hauled, h * np.array([19.0, 13.0, 5.0]), rtol=1e-14)
    np.testing.assert_allclose(trade.exports, [(4 + 1 + 1) / 2, h[1] * 13 / 2, 0.0], rtol=1e-14)
    np.testing.assert_allclose(trade.imports, [(4 + 1 - 1) / 2, h[1] * 13 / 2 + 3, 1.0], rtol=1e-14)


def test_the_nation_as_a_region_has_its_own_trade() -> None:
    trade = charm_trade(NATION["national_output"], NATION["national_use"], **NATION)
    np.testing.assert_allclose(trade.exports, NATION["national_exports"], rtol=1e-14)
    np.testing.assert_allclose(trade.imports, NATION["national_imports"], rtol=1e-14)


@given(arrays(float, (2, 3), elements=st.floats(5.0, 10.0)), arrays(float, (2, 3), elements=st.floats(5.0, 10.0)))
@settings(max_examples=40)
def test_the_balance_of_trade_is_output_less_use(output: np.ndarray, use: np.ndarray) -> None:
    trade = charm_trade(output, use, **NATION)
    np.testing.assert_allclose(trade.exports - trade.imports, output - use, atol=1e-12)
    np.testing.assert_allclose(2.0 * np.minimum(trade.exports, trade.imports), trade.hauled, atol=1e-12)
    assert (trade.exports <= output + 1e-12).all()


def test_trade_that_cannot_be_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"product 0 \(ore\): the region would export .* but makes 1"):
        charm_trade([1.0, 5.0, 2.0], [20.0, 8.0, 3.0], **NATION, labels=("ore", "metal", "care"))
    with pytest.raises(ArgumentError, match=r"product 1: the nation's output and imports exceed its use .* by 2"):
        charm_trade(np.ones(3), np.ones(3), **(NATION | {"national_use": np.array([90.0, 58.0, 80.0])}))
    with pytest.raises(ArgumentError, match=r"use of 2 is negative"):
        charm_trade(np.ones(3), [1.0, 1.0, -1.0], **NATION)
    with pytest.raises(ArgumentError, match=r"output of shape \(3,\) and use of \(2, 3\) must fit"):
        charm_trade(np.ones(3), np.ones((2, 3)), **NATION)


def test_the_diagonal_of_the_cross_industry_quotient_may_be_1() -> None:
    found = cross_industry_location_quotients([0.5, 2.0, 0.0], diagonal="one", absent_buyer=0.7)
    assert found.tolist() == [[1.0, 0.25, 0.7], [4.0, 1.0, 0.7], [0.0, 0.0, 0.0]]


def test_the_semilogarithmic_quotient_holds_cell_by_cell() -> None:
    # log2(1 + SLQ) of 1, 3, 0 is 1, 2, 0
    found = semilogarithmic_location_quotients([1.0, 3.0, 0.0], absent_buyer=0.7)
    assert found.tolist() == [[1.0, 0.5, 0.7], [3.0, 1.5, 0.7], [0.0, 0.0, 0.0]]


@given(arrays(float, 4, elements=st.floats(1.0, 5.0)))
@settings(max_examples=30)
def test_the_semilogarithmic_quotient_lies_between_seller_and_cross_industry(slq: np.ndarray) -> None:
    # for buyers with SLQ > 1: 1 < log2(1 + SLQ) < SLQ
    found, cross = semilogarithmic_location_quotients(slq), cross_industry_location_quotients(slq, diagonal="one")
    assert (found <= slq[:, None] * (1 + 1e-12)).all()
    assert (found >= cross * (1 - 1e-12)).all()


def test_each_buyer_may_have_its_own_delta() -> None:
    regions, parent = np.array([[1.0, 2.0, 0.0], [3.0, 1.0, 4.0]]), np.array([40.0, 60.0, 50.0])
    delta = np.array([0.1, 0.3, 0.0])
    for rule in (flegg_location_quotients, augmented_flegg_location_quotients):
        found = rule(regions, parent, delta)
        for buyer in range(3):
            one = rule(regions, parent, float(delta[buyer]))
            np.testing.assert_allclose(found[..., buyer], one[..., buyer], rtol=1e-14)
