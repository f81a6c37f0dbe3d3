"""Linkages: four sums from one factorisation, dispersion, and key sectors by hand."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from sim.inputoutput import leontief, linkage, multipliers
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.leontief import Leontief, NotProductiveError

FLOWS = np.array([[150.0, 500.0], [200.0, 100.0]])
OUTPUT = np.array([1000.0, 2000.0])

ANY_FLOWS = arrays(float, (4, 4), elements=st.floats(0.0, 10.0))
REST = arrays(float, 4, elements=st.floats(1.0, 20.0))


@given(ANY_FLOWS, REST)
def test_all_linkages_are_sums_of_the_matrices(flows: np.ndarray, rest: np.ndarray) -> None:
    output = np.maximum(flows.sum(axis=0), flows.sum(axis=1)) + rest
    coefficients, allocation = flows / output, flows / output[:, None]
    found = linkage.linkages(flows, output)
    assert_allclose(found.direct_backward, coefficients.sum(axis=0), rtol=1e-12)
    assert_allclose(found.direct_forward, allocation.sum(axis=1), rtol=1e-12)
    assert_allclose(found.backward, np.linalg.inv(np.eye(4) - coefficients).sum(axis=0), rtol=1e-9)
    assert_allclose(found.forward, np.linalg.inv(np.eye(4) - allocation).sum(axis=1), rtol=1e-9)
    assert_allclose(linkage.direct_backward_linkages(coefficients), found.direct_backward, rtol=1e-12)
    assert_allclose(linkage.direct_forward_linkages(allocation), found.direct_forward, rtol=1e-12)
    assert_allclose(linkage.backward_linkages(coefficients), found.backward, rtol=1e-9)
    assert_allclose(linkage.forward_linkages(allocation), found.forward, rtol=1e-9)


@given(ANY_FLOWS, REST)
def test_weighted_by_primary_input_and_final_demand_linkages_agree(flows: np.ndarray, rest: np.ndarray) -> None:
    # v' G 1 = 1' x = 1' L f: both add up to all output
    output = np.maximum(flows.sum(axis=0), flows.sum(axis=1)) + rest
    found = linkage.linkages(flows, output)
    assert found.forward @ (output - flows.sum(axis=0)) == pytest.approx(output.sum(), rel=1e-9)
    assert found.backward @ (output - flows.sum(axis=1)) == pytest.approx(output.sum(), rel=1e-9)


def test_an_absent_industry_has_no_direct_linkage_and_a_total_of_one() -> None:
    flows = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 0.0], [3.0, 0.0, 1.0]])
    found = linkage.linkages(flows, [10.0, 0.0, 8.0])
    assert found.direct_backward[1] == found.direct_forward[1] == 0.0
    assert found.backward[1] == found.forward[1] == 1.0


def test_dispersion_by_hand() -> None:
    # Miller and Blair (2009), table of chapter 2: column sums of L 1.5182 and 1.4521, row sums 1.5842 and 1.3861
    coefficients = leontief.technical_coefficients(FLOWS, OUTPUT)
    power = linkage.power_of_dispersion(coefficients)
    sensitivity = linkage.sensitivity_of_dispersion(coefficients)
    assert_allclose(power, np.array([1.5182, 1.4521]) / 1.48515, atol=1e-4)
    assert_allclose(sensitivity, np.array([1.5842, 1.3861]) / 1.48515, atol=1e-4)
    weighted = linkage.power_of_dispersion(Leontief(coefficients), OUTPUT)
    assert_allclose(weighted, np.array([1.5182, 1.4521]) / ((1.5182 + 2 * 1.4521) / 3), atol=1e-4)
    by_output = linkage.sensitivity_of_dispersion(coefficients, OUTPUT)
    assert_allclose(by_output, np.array([1.5842, 1.3861]) / ((1.5842 + 2 * 1.3861) / 3), atol=1e-4)


@given(arrays(float, 6, elements=st.floats(0.1, 9.0)), arrays(float, 6, elements=st.floats(0.1, 9.0)))
def test_normalised_linkages_average_to_one_and_stay(pull: np.ndarray, weights: np.ndarray) -> None:
    plain, weighted = linkage.normalised(pull), linkage.normalised(pull, weights)
    assert plain.mean() == pytest.approx(1.0)
    assert np.average(weighted, weights=weights) == pytest.approx(1.0)
    assert_allclose(linkage.normalised(weighted, weights), weighted, rtol=1e-12)
    assert_allclose(linkage.normalised(pull, np.full(6, 3.0)), plain, rtol=1e-12)


def test_a_weight_of_zero_leaves_an_industry_out_of_the_mean() -> None:
    assert_allclose(linkage.normalised([1.0, 2.0, 4.0], [0.0, 1.0, 1.0]), np.array([1.0, 2.0, 4.0]) / 3.0)


def test_output_weights_do_not_feel_how_finely_an_industry_is_cut() -> None:
    # the second industry in three equal parts: a plain mean moves, the weighted one does not
    whole = linkage.linkages(FLOWS, OUTPUT).backward
    member = np.array([[1.0, 0.0], [0.0, 0.2], [0.0, 0.3], [0.0, 0.5]])
    output = member @ OUTPUT
    cut = linkage.linkages(member @ FLOWS @ member.T, output).backward
    assert_allclose(linkage.normalised(cut, output)[:2], linkage.normalised(whole, OUTPUT), rtol=1e-12)
    assert abs(linkage.normalised(cut)[0] - linkage.normalised(whole)[0]) > 0.005


@pytest.mark.parametrize("size", [2, 63, 64, 150])
def test_variation_passes_in_blocks_over_the_whole_inverse(size: int) -> None:
    generator = np.random.default_rng(size)
    coefficients = generator.uniform(0.0, 1.6 / size, (size, size)) * generator.uniform(0.2, 1.0, size)
    inverse = np.linalg.inv(np.eye(size) - coefficients)
    columns = np.sqrt(((inverse - inverse.mean(axis=0)) ** 2).sum(axis=0) / (size - 1)) / inverse.mean(axis=0)
    rows = np.sqrt(((inverse.T - inverse.mean(axis=1)) ** 2).sum(axis=0) / (size - 1)) / inverse.mean(axis=1)
    assert_allclose(linkage.backward_variation(coefficients), columns, rtol=1e-10)
    assert_allclose(linkage.forward_variation(coefficients), rows, rtol=1e-10)


def test_an_industry_that_buys_evenly_varies_less() -> None:
    coefficients = np.array([[0.1, 0.0, 0.0], [0.1, 0.0, 0.0], [0.1, 0.0, 0.3]])
    variation = linkage.backward_variation(coefficients)
    assert variation[0] < variation[2]
    assert_allclose(variation[1:], np.sqrt(3))  # all in one of three cells


def test_key_sectors_by_hand() -> None:
    found = linkage.key_sectors([2.0, 2.0, 1.0, 1.0], [3.0, 1.0, 3.0, 1.0], ("steel", "cars", "ore", "care"))
    assert found.kinds == ("key", "backward", "forward", "weak")
    assert found.of("key") == ("steel",)
    assert found.of("weak") == ("care",)
    assert_allclose(found.backward, np.array([2.0, 2.0, 1.0, 1.0]) / 1.5)
    assert linkage.key_sectors([2.0, 1.0], [2.0, 1.0]).of("key") == (0,)


def test_weights_move_the_bar_of_key_sectors() -> None:
    pull = [3.0, 2.0, 1.0]
    assert linkage.key_sectors(pull, pull).of("key") == (0,)
    assert linkage.key_sectors(pull, pull, weights=[1.0, 1.0, 4.0]).of("key") == (0, 1)


def test_equal_industries_are_average_and_not_key() -> None:
    third = np.full(3, 1.0 / 3.0) + np.array([0.0, 1e-16, 0.0])
    assert linkage.key_sectors(third, third).kinds == ("weak", "weak", "weak")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: linkage.linkages([[1.0, 1.0], [0.0, 1.0]], [5.0, 0.0], ("ore", "care")),
            r"^industry 1 \(care\) has purchases but no output: 1 in row 0; give its output",
        ),
        (
            lambda: linkage.linkages([[1.0, 0.0], [2.0, 0.0]], [5.0, 0.0], ("ore", "care")),
            r"^industry 1 \(care\) has sales but no output: 2 in column 0; give its output",
        ),
        (lambda: linkage.linkages(np.ones((2, 3)), np.ones(3)), r"^flows must be a square matrix"),
        (lambda: linkage.direct_backward_linkages([1.0]), r"^coefficients must be a matrix, not of shape \(1,\)"),
        (lambda: linkage.direct_forward_linkages([1.0]), r"^allocation must be a matrix, not of shape \(1,\)"),
        (lambda: linkage.normalised([[1.0]]), r"^linkage must be a vector, not of shape \(1, 1\)"),
        (lambda: linkage.normalised([1.0, -1.0]), "^the mean linkage is 0: only a mean above 0"),
        (lambda: linkage.normalised([1.0, 2.0], [1.0, -2.0]), "^weight of industry 1 is -2: a weight must not be neg"),
        (lambda: linkage.normalised([1.0, 2.0], [0.0, 0.0]), "^all weights are 0: give at least one"),
        (lambda: linkage.normalised([1.0, 2.0], [1.0]), "^weights must have 2 entries"),
        (lambda: linkage.normalised([1.0, 2.0], np.ones((2, 2))), "^weights must be a vector of 2 numbers"),
        (lambda: linkage.backward_variation([[0.5]]), "needs at least two industries, not 1"),
        (
            lambda: linkage.key_sectors([1.0, 2.0], [1.0, 2.0, 3.0]),
            "^there are 2 backward linkages, 3 forward linkages and 2 labels: give one of each",
        ),
        (lambda: linkage.key_sectors([1.0], [1.0]).of("best"), "^no kind is called 'best': ask for key, backward"),
    ],
)
def test_bad_input_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()


def test_an_unproductive_table_is_refused() -> None:
    with pytest.raises(NotProductiveError, match=r"Column 0 buys 1\.3"):
        linkage.linkages([[60.0, 60.0], [70.0, 60.0]], [100.0, 100.0])
    with pytest.raises(NotProductiveError, match=r"row 1 sells 1\.3"):
        linkage.forward_linkages([[0.6, 0.6], [0.7, 0.6]])


def test_a_caller_cannot_change_a_shared_system() -> None:
    system = Leontief([[0.1, 0.2], [0.3, 0.1]])
    before = system.requirements.copy()
    linkage.forward_linkages(system)[:] = 0.0
    assert_allclose(system.requirements, before)
    assert_allclose(linkage.backward_linkages(system), multipliers.output_multipliers(system))
