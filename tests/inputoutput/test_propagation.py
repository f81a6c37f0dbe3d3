"""Stages of production: chains by hand, sums over rounds, and the identities that tie them to the accounts."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from sim.inputoutput import leontief, linkage, propagation
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.leontief import NotProductiveError

CHAIN = np.array([[0.0, 10.0, 0.0], [0.0, 0.0, 30.0], [0.0, 0.0, 0.0]])
"""Ore to metal to goods; all goods go to final users."""

CHAIN_OUTPUT = np.array([10.0, 30.0, 60.0])

FLOWS = arrays(float, (4, 4), elements=st.floats(0.0, 10.0))
REST = arrays(float, 4, elements=st.floats(1.0, 20.0))


def whole_output(flows: np.ndarray, rest: np.ndarray) -> np.ndarray:
    return np.maximum(flows.sum(axis=0), flows.sum(axis=1)) + rest


def test_a_chain_counts_its_stages() -> None:
    assert_allclose(propagation.upstreamness(CHAIN, CHAIN_OUTPUT), [3.0, 2.0, 1.0])
    # goods: half of their cost is made in the third stage, a third in the second, a sixth in the first
    down = propagation.downstreamness(leontief.technical_coefficients(CHAIN, CHAIN_OUTPUT))
    assert_allclose(down, [1.0, 4.0 / 3.0, 0.5 * 1.0 + 0.5 * (1.0 + 4.0 / 3.0)])


@given(FLOWS, REST)
def test_upstreamness_is_the_mean_number_of_sales_until_final_use(flows: np.ndarray, rest: np.ndarray) -> None:
    # the definition of Antràs and others (2012), round by round: 1 F + 2 d F + 3 d d F ..., over Y
    output = whole_output(flows, rest)
    sold = output - flows.sum(axis=1)
    coefficients = flows / output
    stages, total, final = 1, np.zeros(4), sold
    while final.max() > 1e-15 * output.max():
        total += stages * final
        stages, final = stages + 1, coefficients @ final
    assert_allclose(propagation.upstreamness(flows, output), total / output, rtol=1e-8)


@given(FLOWS, REST)
def test_stages_are_never_below_one_and_average_to_output_over_income(flows: np.ndarray, rest: np.ndarray) -> None:
    output = whole_output(flows, rest)
    up = propagation.upstreamness(flows, output)
    down = propagation.downstreamness(leontief.technical_coefficients(flows, output))
    assert min(up.min(), down.min()) >= 1.0 - 1e-12
    value_added, final = output - flows.sum(axis=0), output - flows.sum(axis=1)
    assert propagation.weighted_average(up, value_added) == pytest.approx(output.sum() / value_added.sum(), rel=1e-9)
    assert propagation.weighted_average(down, final) == pytest.approx(output.sum() / final.sum(), rel=1e-9)


def test_upstreamness_is_the_forward_linkage() -> None:
    flows, output = np.array([[150.0, 500.0], [200.0, 100.0]]), np.array([1000.0, 2000.0])
    assert_allclose(propagation.upstreamness(flows, output), linkage.linkages(flows, output).forward, rtol=1e-12)


def test_trade_goes_on_in_the_shares_of_home_use() -> None:
    # metal: output 30, of which 20 exported, and 10 imported: 20 used at home, 15 of it in goods
    flows = np.array([[0.0, 10.0, 0.0], [0.0, 0.0, 15.0], [0.0, 0.0, 0.0]])
    trade = {"exports": [0.0, 20.0, 0.0], "imports": [0.0, 10.0, 0.0]}
    found = propagation.upstreamness(flows, CHAIN_OUTPUT, **trade)
    assert_allclose(found, [1.0 + 1.75, 1.75, 1.0])
    stocks = propagation.upstreamness(flows, CHAIN_OUTPUT, **trade, inventories=[0.0, -5.0, 0.0])
    assert_allclose(stocks, [1.0 + 1.6, 1.6, 1.0])  # 15 of 25
    closed = propagation.upstreamness(flows, CHAIN_OUTPUT)
    assert_allclose(closed, [1.0 + 1.5, 1.5, 1.0])  # exports as final use: 15 of 30


def test_an_absent_industry_is_at_the_end() -> None:
    assert propagation.upstreamness([[0.0, 0.0], [0.0, 1.0]], [0.0, 4.0])[0] == 1.0


# --- propagation lengths ----------------------------------------------------------------------------------------------


def test_lengths_of_a_chain_are_the_steps_along_it() -> None:
    lengths = propagation.average_propagation_lengths(leontief.technical_coefficients(CHAIN, CHAIN_OUTPUT))
    nowhere = np.nan
    np.testing.assert_array_equal(lengths, [[nowhere, 1.0, 2.0], [nowhere, nowhere, 1.0], [nowhere] * 3])
    means = propagation.average_lengths(lengths)
    np.testing.assert_array_equal(means.forward, [1.5, 1.0, nowhere])
    np.testing.assert_array_equal(means.backward, [nowhere, 1.0, 1.5])
    assert means.overall == pytest.approx(4.0 / 3.0)


def test_a_loop_of_one_industry() -> None:
    # sum of k a^k over sum of a^k is 1 / (1 - a)
    assert propagation.average_propagation_lengths([[0.2]])[0, 0] == pytest.approx(1.25)
    assert propagation.average_propagation_lengths([[1e-9]])[0, 0] == pytest.approx(1 / (1 - 1e-9), rel=1e-15)


@given(arrays(float, (4, 4), elements=st.floats(0.01, 0.22)))
def test_lengths_are_the_weighted_mean_of_rounds(coefficients: np.ndarray) -> None:
    power, weighted, total = np.eye(4), np.zeros((4, 4)), np.zeros((4, 4))
    for stage in range(1, 600):
        power = power @ coefficients
        weighted += stage * power
        total += power
    lengths = propagation.average_propagation_lengths(coefficients)
    assert_allclose(lengths, weighted / total, rtol=1e-8)
    # the formula of Dietzenbacher, Romero and Bosma (2005)
    inverse = np.linalg.inv(np.eye(4) - coefficients)
    assert_allclose(lengths, inverse @ (inverse - np.eye(4)) / (inverse - np.eye(4)), rtol=1e-8)


@given(arrays(float, (4, 4), elements=st.floats(0.1, 10.0)), REST)
def test_lengths_forward_and_backward_are_the_same(flows: np.ndarray, rest: np.ndarray) -> None:
    output = whole_output(flows, rest)
    backward = propagation.average_propagation_lengths(leontief.technical_coefficients(flows, output))
    forward = propagation.average_propagation_lengths(leontief.allocation_coefficients(flows, output))
    assert_allclose(backward, forward, rtol=1e-9)


def test_no_path_is_found_in_rounding() -> None:
    # two blocks, of which only the first delivers to the second; physical units force exchanges of rows
    generator = np.random.default_rng(2)
    coefficients = generator.uniform(0.0, 0.25, (6, 6))
    coefficients[3:, :3] = 0.0
    unit = 10.0 ** np.array([0.0, 3.0, -3.0, 2.0, -2.0, 4.0])
    lengths = propagation.average_propagation_lengths(coefficients * unit / unit[:, None])
    assert np.isnan(lengths[3:, :3]).all()
    assert_allclose(lengths, propagation.average_propagation_lengths(coefficients), rtol=1e-9)


def test_long_paths_with_small_weights_are_kept() -> None:
    # twenty industries in a row, each taking a thousandth: the longest path weighs 1e-57 and has 19 steps
    coefficients = np.diag(np.full(19, 1e-3), k=1)
    lengths = propagation.average_propagation_lengths(coefficients)
    assert lengths[0, 19] == pytest.approx(19.0)
    assert np.isnan(lengths[19, 0])


def test_means_can_leave_out_own_loops() -> None:
    lengths = np.array([[1.2, 2.0], [3.0, 1.4]])
    assert propagation.average_lengths(lengths).overall == pytest.approx(1.9)
    apart = propagation.average_lengths(lengths, own=False)
    assert apart.forward.tolist() == [2.0, 3.0]
    assert apart.backward.tolist() == [3.0, 2.0]
    assert lengths[0, 0] == 1.2
    assert np.isnan(propagation.average_lengths([[np.nan]]).overall)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: propagation.upstreamness(CHAIN, CHAIN_OUTPUT, exports=[0, 35, 0], labels=("ore", "metal", "goods")),
            r"^industry 1 \(metal\) sells 30 to industries but output - exports \+ imports - inventories is -5: check",
        ),
        (lambda: propagation.upstreamness(CHAIN, [0.0, 30.0, 60.0]), "^industry 0 sells 10 to industries but output"),
        (lambda: propagation.upstreamness(CHAIN, CHAIN_OUTPUT, imports=[1.0]), "^imports must have 3 entries"),
        (lambda: propagation.upstreamness(CHAIN, CHAIN_OUTPUT, imports=CHAIN), "^imports must be a vector of 3 numb"),
        (lambda: propagation.upstreamness(np.ones((2, 3)), np.ones(2)), "^flows must be a square matrix"),
        (lambda: propagation.weighted_average([1.0, 2.0], [1.0, -1.0]), "^the weights sum to 0: there is nothing"),
        (lambda: propagation.weighted_average([[1.0]], [1.0]), r"^distances must be a vector, not of shape \(1, 1\)"),
        (lambda: propagation.average_lengths([["far"]]), "^lengths: these are not all numbers"),
        (lambda: propagation.average_lengths(np.ones((2, 3))), r"^lengths must be a square matrix, not of shape"),
    ],
)
def test_bad_input_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()


def test_sales_beyond_what_there_is_name_the_row() -> None:
    message = r"row 0 \(ore\) sells 1\.5 per unit of its output to industries.*to column 1 \(metal\)"
    with pytest.raises(NotProductiveError, match=message):
        propagation.upstreamness([[5.0, 10.0], [10.0, 5.0]], [10.0, 10.0], labels=("ore", "metal"))
