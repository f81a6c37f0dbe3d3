"""Hypothetical extraction against a plain solution of the reduced system, its bounds, and one firm set apart."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.extraction import FirmTable, extract, extract_each, linkage_loss, set_apart
from sim.inputoutput.leontief import NotProductiveError

SYSTEM = arrays(float, (4, 4), elements=st.floats(0.0, 0.24))
FINAL = arrays(float, 4, elements=st.floats(0.0, 100.0))
SETS = st.sampled_from([s for size in (1, 2, 3) for s in itertools.combinations(range(4), size)])
CASES = list(itertools.product(("total", "backward", "forward"), (1.0, 0.3), (False, True)))


def table(coefficients: np.ndarray, final: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    output = np.linalg.inv(np.eye(len(final)) - coefficients) @ final
    return coefficients * output, output


def dense(flows: np.ndarray, output: np.ndarray, chosen: tuple[int, ...], kind: str, share: float, keep: bool):
    """Loss from both systems solved in full, cell by cell after the definitions (Miller and Lahr 2001)."""
    if kind == "forward":
        return dense(flows.T, output, chosen, "backward", share, keep)
    left, final = flows / np.where(output > 0, output, 1.0), output - flows.sum(axis=1)
    for i, j in itertools.product(range(len(output)), repeat=2):
        touched = i in chosen if kind == "total" and not keep else j in chosen or (kind == "total" and i in chosen)
        if touched and not (keep and i in chosen and j in chosen):
            left[i, j] *= 1.0 - share
    if kind == "total" and not keep:
        final = np.where(np.isin(np.arange(len(output)), chosen), (1.0 - share) * final, final)
    return output - np.linalg.inv(np.eye(len(output)) - left) @ final


@given(SYSTEM, FINAL, SETS, st.sampled_from(CASES))
def test_a_set_taken_out(coefficients, final, chosen, variant) -> None:
    kind, share, keep = variant
    flows, output = table(coefficients, final)
    found = extract(flows, output, chosen, kind, share, keep_internal=keep)
    assert_allclose(found.loss, dense(flows, output, chosen, kind, share, keep), atol=1e-9)
    assert found.total == pytest.approx(found.loss[list(chosen)].sum() + found.outside)
    mask = np.isin(np.arange(4), chosen)
    assert_allclose(extract(flows, output, mask, kind, share, keep_internal=keep).loss, found.loss, rtol=1e-12)


@given(SYSTEM, FINAL, st.sampled_from(CASES))
def test_every_industry_in_turn_from_one_inverse(coefficients, final, variant) -> None:
    kind, share, keep = variant
    flows, output = table(coefficients, final)
    found = extract_each(flows, output, kind, share, keep_internal=keep)
    expected = np.column_stack([dense(flows, output, (k,), kind, share, keep) for k in range(4)])
    assert_allclose(found.loss, expected, atol=1e-9)
    assert_allclose(found.total, expected.sum(axis=0), atol=1e-8)
    assert_allclose(found.outside, (expected * (1 - np.eye(4))).sum(axis=0), atol=1e-8)


@pytest.mark.parametrize(("kind", "share", "keep"), CASES)
def test_twelve_industries_in_three_regions(kind: str, share: float, keep: bool) -> None:
    random = np.random.default_rng(1984)
    flows, output = table(random.random((12, 12)) / 10, random.random(12))
    expected = [dense(flows, output, (k,), kind, share, keep) for k in range(12)]
    found = extract_each(flows, output, kind, share, keep_internal=keep)
    assert_allclose(found.loss, np.column_stack(expected), atol=1e-12)
    region = np.repeat(["north", "south", "east"], 4) == "south"
    loss = extract(flows, output, region, kind, share, keep_internal=keep).loss
    assert_allclose(loss, dense(flows, output, (4, 5, 6, 7), kind, share, keep), atol=1e-12)


@pytest.mark.parametrize(("kind", "share", "keep"), CASES)
def test_signed_cells(kind: str, share: float, keep: bool) -> None:
    flows = np.array([[10.0, -3.0, 5.0], [4.0, 0.0, -2.0], [-6.0, 8.0, 20.0]])
    output = np.array([40.0, 30.0, 50.0])
    for k in range(3):
        expected = dense(flows, output, (k,), kind, share, keep)
        assert_allclose(extract(flows, output, k, kind, share, keep_internal=keep).loss, expected, atol=1e-12)
        each = extract_each(flows, output, kind, share, keep_internal=keep)
        assert_allclose(each.loss[:, k], expected, atol=1e-12)


@given(SYSTEM, FINAL, SETS)
def test_bounds_of_losses(coefficients: np.ndarray, final: np.ndarray, chosen: tuple[int, ...]) -> None:
    flows, output = table(coefficients, final)
    whole = extract(flows, output, chosen).loss
    assert_allclose(whole[list(chosen)], output[list(chosen)], rtol=1e-12)
    assert (whole <= output * (1 + 1e-9) + 1e-9).all()
    for kind in ("backward", "forward"):
        loss = extract(flows, output, chosen, kind).loss
        less = extract(flows, output, chosen, kind, keep_internal=True).loss
        assert (loss >= less - 1e-9).all()
        assert (less >= -1e-9).all()
    assert (whole >= extract(flows, output, chosen, "backward").loss - 1e-9).all()
    assert (whole >= extract(flows, output, chosen, keep_internal=True).loss - 1e-9).all()
    one = extract(flows, output, chosen[0]).loss
    assert (whole >= one - 1e-9).all()


def test_nothing_taken_out_and_absent_industries() -> None:
    flows, output = np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 0.0], [1.0, 0.0, 4.0]]), np.array([10.0, 0.0, 9.0])
    for kind in ("total", "backward", "forward"):
        assert extract(flows, output, [0, 2], kind, share=0.0).total == 0.0
        assert extract(flows, output, 1, kind).total == 0.0
        assert extract_each(flows, output, kind).total[1] == 0.0


FLOWS, OUTPUT = np.array([[150.0, 500.0], [200.0, 100.0]]), np.array([1000.0, 2000.0])  # Miller and Blair, table 2.3
LABELS = ["farms", "mills"]


def test_everything_taken_out(capfd: pytest.CaptureFixture[str]) -> None:
    assert extract(FLOWS, OUTPUT, [0, 1]).loss.tolist() == OUTPUT.tolist()
    assert extract(FLOWS, OUTPUT, [0, 1], keep_internal=True).total == 0.0
    assert_allclose(extract(FLOWS, OUTPUT, [0, 1], "backward").loss, FLOWS.sum(axis=1))
    assert_allclose(extract(FLOWS, OUTPUT, [0, 1], "forward").loss, FLOWS.sum(axis=0))
    assert "".join(capfd.readouterr()) == ""  # LAPACK complains about a system without industries


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"selection": 2}, "selection: position 2 is not in 0 to 1"),
        ({"selection": []}, "selection: name at least one industry"),
        ({"kind": "sideways"}, "'sideways', choose one of total, backward, forward"),
        ({"share": 1.5}, "share of the selection to take out is 1.5"),
        ({"output": [1000.0, 0.0]}, r"industry 1 \(mills\) has purchases but no output"),
        ({"output": [1000.0, 0.0], "kind": "forward"}, r"industry 1 \(mills\) has sales but no output"),
    ],
)
def test_refusals(arguments: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        extract(**{"flows": FLOWS, "output": OUTPUT, "selection": 0, "labels": LABELS, **arguments})


# --- one firm ---------------------------------------------------------------------------------------------------------

FINAL_USES = np.array([[300.0, 50.0], [1800.0, -100.0]])


def firm(share: float, industry: int = 0, own: bool = False) -> FirmTable:
    """A firm with the structure of its industry; with ``own``, all of the industry's own cell is the firm's."""
    buys, sells = share * FLOWS[:, industry], share * FLOWS[industry]
    buys[industry] = sells[industry] = 0.0 if own else share * (1.0 - share) * FLOWS[industry, industry]
    used = FLOWS[industry, industry] if own else share**2 * FLOWS[industry, industry]
    ends = share * FINAL_USES[industry]
    return set_apart(FLOWS, FINAL_USES, OUTPUT, industry, buys, sells, ends, firm_own_use=used)


@given(st.floats(0.01, 0.99), st.integers(0, 1))
def test_a_firm_set_apart_adds_back(share: float, industry: int) -> None:
    parts = firm(share, industry)
    assert parts.firm == 2
    assert parts.output[2] == pytest.approx(share * OUTPUT[industry])
    assert_allclose(parts.flows.sum(axis=1) + parts.final.sum(axis=1), parts.output, rtol=1e-9)
    for found, whole in zip(parts.merged(), (FLOWS, FINAL_USES, OUTPUT), strict=True):
        assert_allclose(found, whole, rtol=1e-14)


@given(st.floats(0.01, 0.99), st.integers(0, 1))
def test_a_share_of_an_industry_is_a_firm_of_the_same_structure(share: float, industry: int) -> None:
    parts = firm(share, industry)
    loss = extract(parts.flows, parts.output, parts.firm).loss
    loss[industry] += loss[2]
    assert_allclose(extract(FLOWS, OUTPUT, industry, share=share).loss, loss[:2], rtol=1e-9)


@pytest.mark.parametrize("kind", ["total", "backward", "forward"])
def test_an_industry_of_one_firm(kind: str) -> None:
    parts = firm(1.0, own=True)
    assert parts.output[0] == 0.0
    assert not parts.flows[0].any()
    assert not parts.flows[:, 0].any()
    for keep in (False, True):
        alone = extract(parts.flows, parts.output, parts.firm, kind, keep_internal=keep)
        industry = extract(FLOWS, OUTPUT, 0, kind, keep_internal=keep)
        assert_allclose(alone.loss[[2, 1]], industry.loss, rtol=1e-12)
        assert alone.outside == pytest.approx(industry.outside)


def test_final_demand_of_one_column_and_stated_output() -> None:
    final = OUTPUT - FLOWS.sum(axis=1)
    parts = set_apart(FLOWS, final, OUTPUT, 1, [40.0, 5.0], [60.0, 10.0], 100.0, 172.0, 2.0)
    assert parts.flows.tolist() == [[150.0, 460.0, 40.0], [140.0, 83.0, 5.0], [60.0, 10.0, 2.0]]
    assert parts.final.tolist() == [350.0, 1600.0, 100.0]
    assert parts.output.tolist() == [1000.0, 1828.0, 172.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"firm_purchases": [501.0, 0.0]}, r"flows of row 0 \(farms\), column 1 \(mills\) is 500, .* has 501"),
        ({"firm_sales": [201.0, 0.0]}, r"flows of row 1 \(mills\), column 0 \(farms\) is 200, .* has 201"),
        ({"firm_purchases": [0, 50], "firm_sales": [0, 51]}, r"row 1 \(mills\), column 1 \(mills\) is 100, .* has 101"),
        ({"firm_final": [1801.0, 0.0]}, r"final demand of row 1 \(mills\), column 0 is 1800, .* has 1801"),
        ({"firm_final": [0.0, -101.0]}, r"final demand of row 1 \(mills\), column 1 is -100, .* has -101"),
        ({"firm_final": [10.0]}, r"firm final demand has the shape \(1,\), not .* \(2,\)"),
        ({"firm_output": 7.0, "firm_final": [5.0, 0.0]}, "firm's output is 7 but its sales .* add up to 5"),
        ({"output": [1000.0, 20.0], "firm_final": [21.0, 0.0]}, r"output of 1 \(mills\) is 20, .* has 21"),
    ],
)
def test_a_firm_larger_than_its_industry_is_refused(arguments: dict, message: str) -> None:
    given_arguments = {
        "flows": FLOWS,
        "final": FINAL_USES,
        "output": OUTPUT,
        "industry": 1,
        "firm_purchases": [0.0, 0.0],
        "firm_sales": [0.0, 0.0],
        "firm_final": [0.0, 0.0],
        "labels": LABELS,
    }
    with pytest.raises(ArgumentError, match=message):
        set_apart(**{**given_arguments, **arguments})


def test_stock_changes_are_not_bounded() -> None:
    parts = set_apart(FLOWS, FINAL_USES, OUTPUT, 1, [0, 0], [0, 0], [200.0, -150.0], stock_changes=1)
    assert parts.final[1].tolist() == [1600.0, 50.0]
    assert parts.final[2].tolist() == [200.0, -150.0]


# --- signed tables and wording ----------------------------------------------------------------------------------------

NO_REST = np.array([[-0.5, 1.0], [-1.0, 1.0]])  # productive, but industry 1 alone needs all that it makes


def test_a_rest_that_is_not_productive_is_refused_one_by_one_as_alone() -> None:
    with pytest.raises(NotProductiveError, match=r"Column 1 \(mills\) buys 1 "):
        extract(NO_REST, [1.0, 1.0], 0, labels=LABELS)
    with pytest.raises(NotProductiveError, match=r"without industry 0 \(farms\): .* Column 1 \(mills\) buys 1 "):
        extract_each(NO_REST, [1.0, 1.0], labels=LABELS)


@given(arrays(float, (4, 4), elements=st.floats(-0.9, 0.9)), st.sampled_from(CASES))
def test_signed_tables_one_by_one(coefficients: np.ndarray, variant: tuple) -> None:
    kind, share, keep = variant
    output = np.array([2.0, 1.0, 4.0, 3.0])
    flows = coefficients * output if kind != "forward" else coefficients * output[:, None]

    def alone(k: int) -> np.ndarray | None:
        try:
            return extract(flows, output, k, kind, share, keep_internal=keep).loss
        except NotProductiveError:
            return None

    losses = [alone(k) for k in range(4)]
    try:
        found = extract_each(flows, output, kind, share, keep_internal=keep).loss
    except NotProductiveError:
        whole = np.abs(np.linalg.eigvals(coefficients)).max()
        assert whole > 1.0 - 1e-9 or any(loss is None for loss in losses)
    else:
        for k, loss in enumerate(losses):
            assert_allclose(found[:, k], loss, rtol=1e-6, atol=1e-9)


def test_a_refusal_counts_industries_as_the_caller_does() -> None:
    flows = [[-2.0, 0.0, -2.0], [0.0, 0.1, 0.0], [2.0, 0.0, 1.2]]
    with pytest.raises(NotProductiveError, match=r"Column 2 \(C\) buys 1.2 .* row 2 \(C\)"):
        extract(flows, [1.0, 1.0, 1.0], [0], labels="ABC")


@pytest.mark.parametrize("take", [lambda *a, **k: extract(*a[:2], [0], *a[2:], **k), extract_each])
def test_forward_refusals_speak_of_sales(take) -> None:
    with pytest.raises(NotProductiveError, match=r"row 1 \(mills\) sells 1.22 .* \(1.2\) to column 1 \(mills\)"):
        take([[0.1, 5.0], [0.1, 6.0]], [5.0, 5.0], "forward", labels=LABELS)


def test_extractions_compare_by_identity() -> None:
    one, other = extract(FLOWS, OUTPUT, 0), extract(FLOWS, OUTPUT, 0)
    assert one != other
    assert len({one, other}) == 2


@pytest.mark.parametrize("share", ["1", [0.1, 0.2], None, float("nan")])
def test_a_share_is_one_number(share) -> None:
    with pytest.raises(ArgumentError, match="share of the selection to take out"):
        extract(FLOWS, OUTPUT, 0, share=share)


def test_a_stated_output_of_a_firm_is_one_number() -> None:
    with pytest.raises(ArgumentError, match="firm output must be one finite number, not 'x'"):
        set_apart(FLOWS, FINAL_USES, OUTPUT, 1, [0, 0], [0, 0], [1.0, 0.0], "x")


# --- Cella's two parts ------------------------------------------------------------------------------------------------


@given(SYSTEM, FINAL, SETS)
def test_backward_and_forward_parts_of_the_loss(coefficients, final, chosen) -> None:
    flows, output = table(coefficients, final)
    found = linkage_loss(flows, output, chosen)
    whole = extract(flows, output, chosen, keep_internal=True).loss
    assert_allclose(found.backward + found.forward, whole, atol=1e-9)
    # the partitioned inverse of Cella (1984), block by block
    j, r = np.isin(np.arange(4), chosen), ~np.isin(np.arange(4), chosen)
    own, rest = (np.linalg.inv(np.eye(m.sum()) - coefficients[np.ix_(m, m)]) for m in (j, r))
    a_jr, a_rj = coefficients[np.ix_(j, r)], coefficients[np.ix_(r, j)]
    h = np.linalg.inv(np.eye(j.sum()) - coefficients[np.ix_(j, j)] - a_jr @ rest @ a_rj)
    f = output - flows.sum(axis=1)
    backward, forward = (h - own).sum(axis=0) + (rest @ a_rj @ h).sum(axis=0), h @ a_jr @ rest
    forward = forward.sum(axis=0) + (rest @ a_rj @ forward).sum(axis=0)
    assert found.backward.sum() == pytest.approx(backward @ f[j], rel=1e-9, abs=1e-9)
    assert found.forward.sum() == pytest.approx(forward @ f[r], rel=1e-9, abs=1e-9)


def test_an_industry_with_no_buyers_has_no_forward_part() -> None:
    found = linkage_loss([[1.0, 4.0], [0.0, 2.0]], [10.0, 10.0], 1)
    assert found.forward.tolist() == [0.0, 0.0]
    assert found.backward[0] == pytest.approx(4.0 / 0.9)
    other = linkage_loss([[1.0, 4.0], [0.0, 2.0]], [10.0, 10.0], 0)
    assert other.backward.tolist() == [0.0, 0.0]
