"""Local content in three senses, and the import content of exports."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from sim.inputoutput import content
from sim.inputoutput.checks import ArgumentError

SYSTEM = arrays(float, (5, 5), elements=st.floats(0.0, 0.19))
PARTS = arrays(float, (2, 5), elements=st.floats(0.01, 1.0))
REGIONS = st.sampled_from([list("ababa"), list("abcca"), list("abcde"), list("aaaaa")])


def accounts(matrix: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """(2, n) value added and imports that together close every column."""
    return parts / parts.sum(axis=0) * (1.0 - matrix.sum(axis=0))


@given(SYSTEM, PARTS, REGIONS)
def test_value_added_everywhere_and_imports_are_the_whole_value(matrix, parts, regions) -> None:
    value_added, imports = accounts(matrix, parts)
    found = content.value_added_content(matrix, regions, value_added, imports)
    assert_allclose(found.shares.sum(axis=0) + found.imported, 1.0, rtol=1e-9, atol=1e-12)
    assert_allclose(found.remainder, 0.0, atol=1e-9)
    assert found.shares.min() >= 0.0
    inverse = np.linalg.inv(np.eye(5) - matrix)
    for r, name in enumerate(dict.fromkeys(regions)):
        assert_allclose(
            found.shares[r], np.where(np.array(regions) == name, value_added, 0.0) @ inverse, rtol=1e-9, atol=1e-12
        )
    assert_allclose(found.of(*regions), found.shares.sum(axis=0), rtol=1e-12, atol=1e-12)
    rows = content.value_added_content(matrix, regions, np.outer([0.3, 0.7], value_added), imports[None])
    assert_allclose(rows.shares, found.shares, rtol=1e-9, atol=1e-12)


@given(SYSTEM, PARTS, REGIONS)
def test_direct_and_output_shares_add_up(matrix, parts, regions) -> None:
    value_added, imports = accounts(matrix, parts)
    direct = content.direct_content(matrix, regions, imports)
    assert_allclose(direct.remainder, 0.0, atol=1e-9)
    per_output = content.direct_content(matrix, regions, imports, per_output=True)
    assert_allclose(per_output.remainder, value_added, atol=1e-9)
    assert_allclose(content.output_content(matrix, regions, imports).remainder, 0.0, atol=1e-9)
    inverse = np.linalg.inv(np.eye(5) - matrix)
    own = np.array(regions) == regions[0]
    found = content.output_content(matrix, regions)
    assert_allclose(found.of(regions[0]), inverse[own].sum(axis=0) / inverse.sum(axis=0), rtol=1e-9, atol=1e-12)
    assert not found.imported.any()


@given(SYSTEM, PARTS, arrays(float, 5, elements=st.floats(0.1, 10.0)))
def test_vertical_specialisation_and_domestic_content_are_all_exports(matrix, parts, exports) -> None:
    value_added, imports = accounts(matrix, parts)
    found = content.vertical_specialisation(matrix, imports, exports)
    everywhere = content.value_added_content(matrix, ["home"] * 5, value_added, imports)
    assert_allclose(found.content, everywhere.imported, rtol=1e-9, atol=1e-12)
    assert_allclose(found.share, 1.0 - everywhere.basket(exports)[0], rtol=1e-9, atol=1e-12)
    assert_allclose(found.amount.sum(), imports @ np.linalg.inv(np.eye(5) - matrix) @ exports, rtol=1e-9, atol=1e-12)


def test_an_assembler_of_imported_parts() -> None:
    # cells (north) buy 0.6 of materials (south); materials import 0.5: the arithmetic fits in the head
    matrix = np.array([[0.0, 0.0], [0.6, 0.0]])
    value_added, imports, regions = [0.4, 0.5], [0.0, 0.5], ["north", "south"]
    direct = content.direct_content(matrix, regions, imports)
    assert_allclose(direct.of("south"), [1.0, 0.0])
    assert_allclose(direct.imported, [0.0, 1.0])
    output = content.output_content(matrix, regions)
    assert_allclose(output.of("north"), [1.0 / 1.6, 0.0])
    earned = content.value_added_content(matrix, regions, value_added, imports)
    assert_allclose(earned.of("north"), [0.4, 0.0])
    assert_allclose(earned.of("south"), [0.3, 0.5])
    assert_allclose(earned.of("south", "north", "south"), [0.7, 0.5])
    assert_allclose(earned.imported, [0.3, 0.5])
    assert_allclose(earned.basket([3.0, 1.0]), [0.3, 0.35, 0.35])
    several = content.vertical_specialisation(matrix, imports, [[10.0, 0.0], [0.0, 20.0]])
    assert_allclose(several.share, [0.3, 0.5])
    assert_allclose(several.amount, [[3.0, 0.0], [0.0, 10.0]])


def test_what_the_accounts_leave_open_stays_visible() -> None:
    found = content.value_added_content([[0.5]], ["here"], [0.3])
    assert_allclose(found.remainder, [0.4])


def test_an_industry_that_buys_nothing() -> None:
    found = content.direct_content([[0.0, 0.5], [0.0, 0.0]], ["a", "b"])
    assert found.shares.tolist() == [[0.0, 1.0], [0.0, 0.0]]


def test_refusals() -> None:
    matrix = np.eye(2) / 2
    with pytest.raises(
        ArgumentError, match=r"value added must be a vector of 2 numbers, one an industry, .* not of shape \(3,\)"
    ):
        content.value_added_content(matrix, ["a", "b"], [0.1, 0.2, 0.3])
    with pytest.raises(ArgumentError, match="no industry lies in 'c'"):
        content.direct_content(matrix, ["a", "b"]).of("c")
    with pytest.raises(ArgumentError, match="the basket adds up to 0"):
        content.direct_content(matrix, ["a", "b"]).basket([1.0, -1.0])
    with pytest.raises(ArgumentError, match="exports add up to 0"):
        content.vertical_specialisation(matrix, [0.1, 0.1], [0.0, 0.0])
    with pytest.raises(ArgumentError, match="name at least one region: a, b"):
        content.direct_content(matrix, ["a", "b"]).of()
    with pytest.raises(ArgumentError) as refused:
        content.direct_content(np.zeros((1000, 1000)), ["a"] * 1000).basket(np.zeros(1000))
    assert len(str(refused.value)) < 120
