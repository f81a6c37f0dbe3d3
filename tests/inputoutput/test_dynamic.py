"""The dynamic model: balanced growth, why the forward recursion is used for one step only, and the capacity rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy import linalg

from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.dynamic import balanced_growth, capacity_step, forward_step, path_output
from sim.inputoutput.leontief import Leontief, NotProductiveError

SYSTEM = arrays(float, (3, 3), elements=st.floats(0.0, 0.3))
CAPITAL = arrays(float, (3, 3), elements=st.floats(0.1, 3.0))
POSITIVE = arrays(float, 3, elements=st.floats(1.0, 100.0))

# tools are the only capital good that matters; goods are stocked a little; care is no capital good, so K is singular
A = np.array([[0.2, 0.1, 0.1], [0.3, 0.2, 0.1], [0.1, 0.2, 0.1]])
K = np.array([[0.9, 1.5, 0.6], [0.2, 0.1, 0.1], [0.0, 0.0, 0.0]])


@given(SYSTEM, CAPITAL, st.floats(0.0, 0.02))
def test_balanced_growth_is_the_generalised_eigenvalue(coefficients, capital, depreciation) -> None:
    found = balanced_growth(coefficients, capital, depreciation)
    gross = coefficients + (found.rate + depreciation) * capital
    assert_allclose(gross @ found.shares, found.shares, rtol=1e-8, atol=1e-10)
    assert found.shares.min() > 0.0
    assert found.shares.sum() == pytest.approx(1.0)
    roots = linalg.eigvals(capital, np.eye(3) - coefficients - depreciation * capital)
    assert found.rate == pytest.approx(1.0 / roots.real.max(), rel=1e-6)


def test_balanced_growth_where_some_products_are_no_capital_good() -> None:
    found = balanced_growth(A, K, [0.05, 0.1, 0.0])
    gross = A + K * (found.rate + np.array([0.05, 0.1, 0.0]))
    assert_allclose(gross @ found.shares, found.shares, rtol=1e-12)
    assert balanced_growth(A, 2 * K).rate == pytest.approx(balanced_growth(A, K).rate / 2)


@given(SYSTEM, CAPITAL, POSITIVE, st.floats(0.0, 0.9))
def test_output_on_a_path_that_grows_with_final_demand(coefficients, capital, final, slack) -> None:
    rate = slack * balanced_growth(coefficients, capital, 0.01).rate
    output = path_output(coefficients, capital, final, rate, 0.01)
    built = capital @ ((1.0 + rate) * output - 0.99 * output)
    assert_allclose(output, coefficients @ output + built + final, rtol=1e-8)


def test_no_path_grows_faster_than_balanced_growth() -> None:
    rate = balanced_growth(A, K).rate
    assert (path_output(A, K, [1.0, 1.0, 1.0], 0.99 * rate) > 0).all()
    with pytest.raises(NotProductiveError):
        path_output(A, K, [1.0, 1.0, 1.0], 1.01 * rate)


REGULAR = K + np.diag([0.0, 0.0, 0.05])


def test_one_step_forward_follows_the_path_on_the_path() -> None:
    final = np.array([5.0, 20.0, 40.0])
    output = path_output(A, REGULAR, final, 0.04, 0.02)
    assert_allclose(forward_step(A, REGULAR, output, final, 0.02), 1.04 * output, rtol=1e-9)


def test_the_forward_recursion_explodes_off_the_path() -> None:
    balanced = balanced_growth(A, REGULAR)
    output = balanced.shares * (1 + 1e-6 * np.array([1.0, 0.0, -1.0]))
    periods = 0
    while output.min() >= 0.0 and periods < 50:
        output = forward_step(A, REGULAR, output, np.zeros(3))
        periods += 1
    assert output.min() < 0.0
    assert periods < 12


def test_a_balanced_start_stays_balanced_under_the_capacity_rule() -> None:
    worn = np.array([0.05, 0.1, 0.02])
    balanced = balanced_growth(A, K, worn)
    capacity, growth = balanced.shares, 1 + balanced.rate
    for _ in range(200):
        step = capacity_step(A, K, capacity, np.zeros(3), growth * capacity, worn)
        assert_allclose(step.output, capacity, rtol=1e-9)
        assert_allclose(step.capacity, growth * capacity, rtol=1e-9)
        capacity = step.capacity
    assert_allclose(capacity, growth**200 * balanced.shares, rtol=1e-9)


def test_growing_final_demand_is_served_for_many_periods() -> None:
    final, rate, worn = np.array([5.0, 20.0, 40.0]), 0.03, 0.06
    start = path_output(A, K, final, rate, worn)
    capacity, system = start, Leontief(A)
    for period in range(200):
        demand = final * (1 + rate) ** period
        step = capacity_step(system, K, capacity, demand, start * (1 + rate) ** (period + 1), worn)
        assert min(step.final_share, step.investment_share) > 1 - 1e-9
        capacity = step.capacity
    assert_allclose(capacity, start * (1 + rate) ** 200, rtol=1e-9)


@pytest.mark.parametrize(("priority", "recovers"), [("none", True), ("investment", True), ("final demand", False)])
def test_whether_an_unbalanced_start_finds_back(priority: str, recovers: bool) -> None:
    final, rate, worn = np.array([5.0, 20.0, 40.0]), 0.03, 0.06
    path = path_output(A, K, final, rate, worn)
    capacity = path * np.array([0.8, 1.3, 1.0])
    gaps = []
    for period in range(100):
        planned = path * (1 + rate) ** (period + 1)
        step = capacity_step(A, K, capacity, final * (1 + rate) ** period, planned, worn, priority)
        capacity = step.capacity
        gaps.append(np.abs(capacity / planned - 1).max())
    assert gaps[0] > 0.05
    assert (gaps[-1] < 1e-9) == recovers


PRIORITIES = st.sampled_from(["none", "final demand", "investment"])


@given(SYSTEM, CAPITAL, POSITIVE, POSITIVE, POSITIVE, st.floats(0.0, 1.0), PRIORITIES)
def test_a_step_keeps_its_accounts_and_its_limits(coefficients, capital, capacity, final, planned, worn, first) -> None:
    step = capacity_step(coefficients, capital, capacity, final, planned, worn, first)
    used = coefficients @ step.output + step.final_demand + step.investment
    assert_allclose(step.output, used, rtol=1e-9, atol=1e-9)
    assert (step.output <= capacity * (1 + 1e-9)).all()
    assert step.expansion.min() >= 0.0
    assert_allclose(step.investment, capital @ step.expansion, rtol=1e-9, atol=1e-12)
    assert_allclose(step.capacity, (1 - worn) * capacity + step.expansion, rtol=1e-12)
    assert (step.capacity <= np.maximum(planned, (1 - worn) * capacity) * (1 + 1e-9)).all()
    short = step.output >= capacity * (1 - 1e-9)
    assert step.final_share == step.investment_share == 1.0 or short.any()
    if first == "none":
        assert step.final_share == step.investment_share


def test_by_hand() -> None:
    # no inputs: output is what is delivered; each unit of capacity ties up half a unit of the first product
    none, half, capacity, planned = np.zeros((2, 2)), [[0.5, 0.5], [0.0, 0.0]], [10.0, 8.0], [14.0, 12.0]
    step = capacity_step(none, half, capacity, [6.0, 8.0], planned, [0.1, 0.25], "final demand")
    assert step.investment_share == 4.0 / 5.5  # wanted: 14 - 9 and 12 - 6, half of it 5.5; left: 10 - 6
    assert_allclose(step.output, [10.0, 8.0])
    assert_allclose(step.capacity, [9.0 + 5.0 * 4.0 / 5.5, 6.0 + 6.0 * 4.0 / 5.5])
    alike = capacity_step(none, half, capacity, [6.0, 8.0], planned, [0.1, 0.25])
    assert alike.final_share == alike.investment_share == 10.0 / 11.5
    assert_allclose(alike.output, [10.0, 80.0 / 11.5])
    later = capacity_step(none, half, capacity, [6.0, 8.0], planned, [0.1, 0.25], "investment")
    assert (later.final_share, later.investment_share) == (4.5 / 6.0, 1.0)
    cut = capacity_step(none, half, capacity, [6.0, 16.0], planned, 0.0, "final demand")
    assert cut.final_share == 0.5
    assert_allclose(cut.output, [7.0, 8.0])  # 3 for final demand and half of 4 + 4 to build
    idle = capacity_step(none, half, capacity, [1.0, 1.0], [2.0, 2.0], 0.1)
    assert idle.expansion.tolist() == [0.0, 0.0]
    assert_allclose(idle.capacity, [9.0, 7.2])


def test_refusals() -> None:
    with pytest.raises(ArgumentError, match="capital is singular"):
        forward_step(A, K, [1.0, 1.0, 1.0], [0.0, 0.0, 0.0])
    with pytest.raises(ArgumentError, match="nothing limits growth"):
        balanced_growth(A, np.zeros((3, 3)))
    with pytest.raises(ArgumentError, match="nothing limits growth"):
        balanced_growth(np.zeros((2, 2)), [[0.0, 1.0], [0.0, 0.0]])
    with pytest.raises(ArgumentError, match="no balanced growth: negative coefficients"):
        balanced_growth([[0.0, -0.5], [-0.5, 0.0]], [[1.0, 0.0], [0.0, 1.0]])
    with pytest.raises(ArgumentError, match=r"capital in row 0 \(tools\), column 1 \(care\) is -1"):
        balanced_growth(np.zeros((2, 2)), [[1.0, -1.0], [0.0, 1.0]], labels=["tools", "care"])
    with pytest.raises(ArgumentError, match=r"depreciation is a share of the stock in 0 to 1, not 1.5"):
        balanced_growth(A, K, 1.5)
    with pytest.raises(ArgumentError, match=r"capital must be \(2, 2\) and depreciation a number or \(2,\)"):
        balanced_growth(np.zeros((2, 2)), K)
    with pytest.raises(ArgumentError, match="output of industry 1 would be -5"):
        capacity_step(np.zeros((2, 2)), np.eye(2), [1.0, 1.0], [1.0, -5.0], [0.0, 0.0])
    with pytest.raises(ArgumentError, match="priority is 'exports': choose none, final demand or investment"):
        capacity_step(A, K, [1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0], priority="exports")
    with pytest.raises(NotProductiveError):
        balanced_growth(A, K, 0.9)


# --- units, parts and ties --------------------------------------------------------------------------------------------


def test_units_do_not_decide_what_limits_growth() -> None:
    found = balanced_growth(np.zeros((2, 2)), [[1.0, 1e14], [0.0, 1.0]])
    assert found.rate == pytest.approx(1.0)
    assert found.shares.tolist() == [1.0, 0.0]
    with pytest.raises(ArgumentError, match="nothing limits growth"):
        balanced_growth(np.zeros((2, 2)), [[0.0, 1e14], [0.0, 0.0]])


@given(SYSTEM, CAPITAL, arrays(float, 3, elements=st.floats(-9.0, 9.0)))
def test_other_units_give_the_same_growth_and_the_same_next_output(coefficients, capital, powers) -> None:
    unit = 10.0**powers
    there = balanced_growth(coefficients * unit[:, None] / unit, capital * unit[:, None] / unit)
    here = balanced_growth(coefficients, capital)
    assert there.rate == pytest.approx(here.rate, rel=1e-9)
    assert_allclose(there.shares / unit / (there.shares / unit).sum(), here.shares, rtol=1e-7)
    stock = capital + 4.0 * np.eye(3)
    step = forward_step(coefficients, stock, [1.0, 2.0, 3.0], [0.1, 0.1, 0.1])
    final, output = 0.1 * unit, np.array([1.0, 2.0, 3.0]) * unit
    scaled = forward_step(coefficients * unit[:, None] / unit, stock * unit[:, None] / unit, output, final)
    assert_allclose(scaled / unit, step, rtol=1e-8)


def test_small_units_are_not_singular() -> None:
    found = forward_step(np.zeros((2, 2)), np.diag([1e-7, 1e6]), [1.0, 1.0], [0.0, 0.0])
    assert_allclose(found, [1.0 + 1e7, 1.0 + 1e-6])


@given(
    arrays(float, (3, 3), elements=st.floats(0.05, 0.3)),
    arrays(float, (3, 3), elements=st.floats(0.1, 2.0)),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_twin_regions_grow_as_one_of_them(coefficients, capital, count, random) -> None:
    order = list(range(3 * count))
    random.shuffle(order)
    twins = [np.kron(part, np.eye(count))[np.ix_(order, order)] for part in (coefficients, capital)]
    found, one = balanced_growth(*twins, 0.01), balanced_growth(coefficients, capital, 0.01)
    assert found.rate == pytest.approx(one.rate, rel=1e-10)
    assert_allclose(found.shares, (np.repeat(one.shares, count) / count)[order], rtol=1e-8)


def test_a_multiple_root_with_inputs_from_a_by_product() -> None:
    pair = balanced_growth([[0.3, 0.2], [-0.1, 0.4]], [[0.5, 1.0], [0.4, 0.2]])
    twins = balanced_growth(np.kron(np.eye(2), [[0.3, 0.2], [-0.1, 0.4]]), np.kron(np.eye(2), [[0.5, 1.0], [0.4, 0.2]]))
    unit = np.array([1e-5, 1e4])
    other = balanced_growth(
        np.array([[0.3, 0.2], [-0.1, 0.4]]) * unit[:, None] / unit,
        np.array([[0.5, 1.0], [0.4, 0.2]]) * unit[:, None] / unit,
    )
    assert_allclose(other.shares / unit / (other.shares / unit).sum(), pair.shares, rtol=1e-9)
    assert other.rate == pytest.approx(pair.rate)
    assert twins.rate == pytest.approx(pair.rate)
    assert_allclose(twins.shares, np.tile(pair.shares, 2) / 2, rtol=1e-9)


PARTS = arrays(float, (5, 5), elements=st.sampled_from([0.0, 0.0, 0.0, 0.05, 0.1, 0.15]))


@given(PARTS, PARTS)
def test_an_economy_in_any_number_of_parts(coefficients, capital) -> None:
    # the root without shares, from the eigenvalues of the whole: the largest that any part has
    roots = np.linalg.eigvals(np.linalg.solve(np.eye(5) - coefficients, capital))
    if roots.real.max() < 1e-3:  # an eigenvalue 0 of a large Jordan block is found with few digits
        return
    found = balanced_growth(coefficients, capital)
    assert found.rate == pytest.approx(1.0 / roots.real.max(), rel=1e-2)
    assert found.shares.min() >= 0.0
    assert_allclose((coefficients + found.rate * capital) @ found.shares, found.shares, rtol=1e-9, atol=1e-12)


def test_a_cycle_of_capital_goods() -> None:
    # all eigenvalues have the same absolute value, which a power iteration never separates
    found = balanced_growth(np.zeros((3, 3)), [[0.0, 8.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    assert found.rate == pytest.approx(0.5)
    assert_allclose(found.shares, np.array([4.0, 1.0, 2.0]) / 7.0)


def test_many_industries_need_no_eigenvalues(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np.linalg, "eig", None)
    random = np.random.default_rng(5)
    coefficients = random.random((200, 200)) / 400
    capital = random.random((200, 200)) * (random.random(200) < 0.1)[:, None]
    found = balanced_growth(coefficients, capital)
    assert_allclose((coefficients + found.rate * capital) @ found.shares, found.shares, rtol=1e-9)
