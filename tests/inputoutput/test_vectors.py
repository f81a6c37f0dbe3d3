"""Vectors are checked once for all, and sums that are only rounding are 0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from sim import inputoutput as io
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.interregional import regional_multipliers
from sim.inputoutput.linkage import backward_variation, forward_variation, normalised
from sim.inputoutput.propagation import upstreamness, weighted_average
from sim.inputoutput.vectors import scalar, totals, vector

CANCEL = [0.1 + 0.2, -0.3]  # 5.6e-17 in doubles
SMALL = np.eye(2) / 10


@given(arrays(float, 6, elements=st.floats(-1e3, 1e3)), st.integers(-200, 200))
def test_what_is_taken_off_again_leaves_nothing(values: np.ndarray, power: int) -> None:
    terms = np.concatenate([values * 10.0**power, [-np.sum(values * 10.0**power)]])
    assert totals(terms) == 0.0
    assert totals(np.array([terms, terms[::-1]]), axis=1).tolist() == [0.0, 0.0]


@given(arrays(float, (4, 3), elements=st.floats(0.0, 1e6)))
def test_sums_of_one_sign_stay_what_they_are(values: np.ndarray) -> None:
    assert totals(values) == values.sum()
    assert_allclose(totals(-values, axis=0), -values.sum(axis=0), rtol=1e-15)
    assert totals(np.array([1.0, -1.0 + 1e-12])) == pytest.approx(1e-12, rel=1e-3)


def test_vectors_and_numbers() -> None:
    assert vector([1, 2], None, "amounts").tolist() == [1.0, 2.0]
    assert scalar(np.float64(0.5), "share") == 0.5
    with pytest.raises(ArgumentError, match=r"^amounts must be a vector, not of shape \(1, 2\)"):
        vector([[1, 2]], None, "amounts")
    with pytest.raises(ArgumentError, match=r"^amounts must have 3 entries"):
        vector([1, 2], 3, "amounts")
    with pytest.raises(ArgumentError, match=r"^amounts in row 1 \(ore\) is nan"):
        vector([1, np.nan], 2, "amounts", ["tin", "ore"])
    with pytest.raises(ArgumentError, match=r"^share must be one finite number, not \[1, 2\]"):
        scalar([1, 2], "share")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: weighted_average([1.0, 2.0], CANCEL), "the weights sum to 0"),
        (lambda: io.vertical_specialisation(SMALL, [0.1, 0.2], CANCEL), "^exports add up to 0"),
        (
            lambda: io.vertical_specialisation(SMALL, [0.1, 0.2], [[1.0, CANCEL[0]], [1.0, CANCEL[1]]]),
            "^exports in column 1 add up to 0",
        ),
        (lambda: io.final_demand_factors([[0.1, 1], [0.2, 1], [-0.3, 1]]), "column 0 of final demand adds up to 0"),
        (lambda: io.final_demand_factors([[0.1], [0.2], [-0.3]]), "final demand adds up to 0"),
        (lambda: io.final_demand_factors([[0.1, 0.2, -0.3]]), "^final demand adds up to 0"),
        (lambda: io.structural_paths([[0.1, 0.2], [0.2, 0.1]], CANCEL, [1, 1]), "give the tolerance as amount"),
        (lambda: io.structural_paths([[0.1, 0.2], [0.2, 0.1]], [1.0, 0.0], [0.3, -1.35]), "give the tolerance as am"),
        (lambda: io.direct_content(SMALL, "ab").basket(CANCEL), "the basket adds up to 0"),
        (lambda: regional_multipliers(SMALL, "aa").between(CANCEL), "the weights of a add up to 0"),
        (lambda: io.direct_content([[0.1, 0.3], [0.2, 0.1]], "ab", [-0.3, 0.0]), "inputs of industry 0 are of both"),
        (lambda: io.output_content([[0.0, 0.0], [-1.0, 0.0]], "ab"), "final demand of product 0 are of both signs"),
        (lambda: normalised(CANCEL), "^the mean linkage is 0: only a mean above 0"),
        (lambda: normalised([]), "^linkage is empty"),
    ],
)
def test_totals_that_are_only_rounding_are_refused(call, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()


def test_a_product_that_is_all_exported_and_never_sold_to_industries() -> None:
    found = upstreamness([[0.0, 0.0], [0.0, 0.1]], [0.3, 1.0], exports=[0.1 + 0.2, 0.0])
    assert found.tolist() == pytest.approx([1.0, 1.0 / 0.9])


def test_columns_whose_mean_is_0_have_no_variation() -> None:
    found = backward_variation([[0.0, 0.0], [-1.0, 0.0]])
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(2**0.5)
    rows = forward_variation([[0.0, -1.0], [0.0, 0.0]])
    assert np.isnan(rows[0])
    assert rows[1] == pytest.approx(2**0.5)
