"""Feedback, spillover, loops, multipliers and footprints: identities and brute force over rounds of purchases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.interregional import footprints, loops, regional_multipliers, regions_of, spillovers
from sim.inputoutput.leontief import NotProductiveError

SYSTEM = arrays(float, (5, 5), elements=st.floats(0.0, 0.19))
FINAL = arrays(float, 5, elements=st.floats(0.0, 100.0))
REGIONS = st.sampled_from([list("ababa"), list("aaaab"), list("abcca"), list("abcde"), list("aaaaa")])
CLOSE = {"rtol": 1e-9, "atol": 1e-9}


def inverse(matrix: np.ndarray) -> np.ndarray:
    return np.linalg.inv(np.eye(len(matrix)) - matrix)


@given(SYSTEM, REGIONS, FINAL)
def test_own_output_feedback_and_spillover_are_all_output(matrix, regions, final) -> None:
    found = spillovers(matrix, regions, final)
    assert_allclose(found.alone + found.feedback + found.spillover.sum(axis=1), inverse(matrix) @ final, **CLOSE)
    assert_allclose(found.full, inverse(matrix) @ final, **CLOSE)
    assert found.feedback.min() >= -1e-12
    assert found.spillover.min() >= 0.0


@given(SYSTEM, REGIONS, FINAL)
def test_each_part_by_brute_force(matrix, regions, final) -> None:
    found = spillovers(matrix, regions, final)
    label = np.array(regions)
    for column, region in enumerate(dict.fromkeys(regions)):
        own = label == region
        output = inverse(matrix) @ np.where(own, final, 0.0)
        alone = inverse(matrix[np.ix_(own, own)]) @ final[own]
        assert_allclose(found.alone[own], alone, **CLOSE)
        assert_allclose(found.feedback[own], output[own] - alone, **CLOSE)
        assert_allclose(found.spillover[~own, column], output[~own], **CLOSE)
        assert not found.spillover[own, column].any()
        for row, other in enumerate(dict.fromkeys(regions)):
            expected = 0.0 if other == region else output[label == other].sum()
            assert found.between[row, column] == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(SYSTEM, REGIONS, FINAL)
def test_loops_count_the_borders_that_a_chain_crosses(matrix, regions, final) -> None:
    found = loops(matrix, regions, final)
    label = np.array(regions)
    inside = np.where(label[:, None] == label, matrix, 0.0)
    crossing = inverse(inside) @ (matrix - inside)
    m1, m2, m3 = inverse(inside), np.eye(5) + crossing, inverse(crossing @ crossing)
    assert_allclose(m3 @ m2 @ m1, inverse(matrix), **CLOSE)
    assert_allclose(found.intraregional, m1 @ final, **CLOSE)
    assert_allclose(found.open, (m2 - np.eye(5)) @ m1 @ final, **CLOSE)
    assert_allclose(found.closed, (m3 - np.eye(5)) @ m2 @ m1 @ final, **CLOSE)


@given(SYSTEM, REGIONS, FINAL)
def test_multipliers_by_region(matrix, regions, final) -> None:
    found, total = regional_multipliers(matrix, regions), inverse(matrix)
    label = np.array(regions)
    names = list(dict.fromkeys(regions))
    assert_allclose(found.by_region, [total[label == name].sum(axis=0) for name in names], **CLOSE)
    own = np.array([total[label == label[j], j].sum() for j in range(5)])
    assert_allclose(found.intraregional, own, **CLOSE)
    assert_allclose(found.interregional, total.sum(axis=0) - own, **CLOSE)
    assert (found.alone <= found.intraregional + 1e-9).all()
    weights = final + 1.0
    for r, name in enumerate(names):
        part = np.where(label == name, weights, 0.0)
        expected = found.by_region @ part / part.sum()
        assert_allclose(found.between(weights)[:, r], expected, **CLOSE)
        assert_allclose(found.between()[:, r], found.by_region[:, label == name].mean(axis=1), **CLOSE)


def test_multipliers_alone_are_those_of_the_region_s_own_table() -> None:
    matrix = np.array([[0.1, 0.2, 0.3], [0.0, 0.3, 0.1], [0.2, 0.1, 0.2]])
    found = regional_multipliers(matrix, ["a", "b", "a"])
    assert_allclose(found.alone[[0, 2]], inverse(matrix[np.ix_([0, 2], [0, 2])]).sum(axis=0))
    assert found.alone[1] == pytest.approx(1 / 0.7)


@given(SYSTEM, REGIONS, st.data())
def test_footprints_balance(matrix, regions, data) -> None:
    count = len(set(regions))
    final = data.draw(arrays(float, (5, count), elements=st.floats(0.0, 100.0)))
    intensity = data.draw(arrays(float, (2, 5), elements=st.floats(0.0, 10.0)))
    found = footprints(matrix, regions, intensity, final)
    output = inverse(matrix) @ final.sum(axis=1)
    assert_allclose(found.consumption, intensity @ inverse(matrix) @ final, **CLOSE)
    label = np.array(regions)
    arising = [(intensity * output)[:, label == name].sum(axis=1) for name in dict.fromkeys(regions)]
    assert_allclose(found.production, np.array(arising).T, **CLOSE)
    assert_allclose(found.production + found.imports - found.exports, found.consumption, **CLOSE)
    assert_allclose(found.imports.sum(), found.exports.sum(), **CLOSE)
    assert_allclose(footprints(matrix, regions, intensity[1], final).flows, found.flows[1], **CLOSE)


def test_footprints_of_regions_that_do_not_trade_are_their_own() -> None:
    found = footprints(np.diag([0.5, 0.2]), [7, 3], [1.0, 2.0], np.diag([10.0, 4.0]))
    assert_allclose(found.flows, [[20.0, 0.0], [0.0, 10.0]])
    assert found.regions.names == (7, 3)
    assert not found.imports.any()


def test_regions_by_name() -> None:
    regions = regions_of(np.array(["s", "n", "s"]), 3)
    assert regions.positions("s").tolist() == [0, 2]
    assert regions.membership.tolist() == [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    with pytest.raises(ArgumentError, match="no industry lies in 'x': the regions are s, n"):
        regions.positions("x")


def test_refusals() -> None:
    matrix = np.eye(2) / 2
    with pytest.raises(ArgumentError, match="there are 3 region labels for 2 industries"):
        spillovers(matrix, ["a", "b", "c"], [1.0, 1.0])
    with pytest.raises(ArgumentError, match="final demand must be a vector of 2 numbers"):
        spillovers(matrix, ["a", "b"], np.ones((2, 2)))
    with pytest.raises(ArgumentError, match="one column for each of a, b"):
        footprints(matrix, ["a", "b"], [1.0, 1.0], np.ones((2, 3)))
    with pytest.raises(ArgumentError, match="the weights of b add up to 0"):
        regional_multipliers(matrix, ["a", "b"]).between([1.0, 0.0])
    with pytest.raises(NotProductiveError):
        loops(np.array([[0.0, 1.2], [1.0, 0.0]]), ["a", "b"], [1.0, 1.0])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([["a", "b"], ["c", "d"]]), "region label of industry 0 is .* give one text or number"),
        ([["a"], ["b"]], "region label of industry 0 is .* give one text or number"),
        ([("a", ["x"]), "b"], "region label of industry 0 is .* give one text or number"),
        (["a", float("nan")], "region label of industry 1 is nan"),
        (np.array([1.0, np.nan]), "region label of industry 1 is nan"),
        (["a", None], "region label of industry 1 is None"),
        (7, "region labels are 7: give one for each industry"),
        (np.array("a"), "region labels are .*: give one for each industry|1 region labels for 2"),
    ],
)
def test_labels_that_name_no_region(labels, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        regions_of(labels, 2)


def test_intensities_are_checked_as_they_were_given() -> None:
    matrix, final = np.eye(2) / 2, np.eye(2)
    with pytest.raises(ArgumentError, match="intensity in row 4, column 1 is nan"):
        footprints(matrix, "ab", [[1.0, 1.0]] * 4 + [[1.0, np.nan]], final)
    with pytest.raises(ArgumentError, match=r"intensity must be .* not of shape \(3, 5\)"):
        footprints(matrix, "ab", np.ones((3, 5)), final)
    with pytest.raises(ArgumentError, match="intensity: these are complex numbers, not real numbers"):
        footprints(matrix, "ab", [1.0, 1.0j], final)


@pytest.mark.parametrize("method", [lambda *a: spillovers(*a, [1.0] * 3), regional_multipliers])
def test_a_region_that_is_not_productive_alone_is_counted_as_the_caller_does(method) -> None:
    whole = [[-0.3, 0.0, -1.0], [0.0, 0.1, 0.0], [1.0, 0.0, 1.2]]  # productive together, industry 2 alone is not
    with pytest.raises(NotProductiveError, match=r"Column 2 buys 1\.2 .* from row 2"):
        method(whole, ["n", "n", "s"])
