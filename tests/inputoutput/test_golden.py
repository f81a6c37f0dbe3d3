"""The input-output core against worked examples of the literature (sources in tests/golden/inputoutput.json)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sim.inputoutput import gravity, leontief, multipliers, quotients
from sim.inputoutput.balancing import gras, ras
from sim.inputoutput.splitting import Child, split
from sim.inputoutput.tables import NationalTable, aggregate, check_parts

GOLDEN = Path(__file__).parents[1] / "golden" / "inputoutput.json"
CASES = {case["id"]: case for case in json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]}


def case(name: str) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Inputs, expected results (both as arrays where they are lists of numbers) and tolerance."""
    record = CASES[name]
    return _arrays(record["inputs"]), _arrays(record["expected"]), record["tol"]


def _arrays(values: dict[str, Any]) -> dict[str, Any]:
    numeric = {key: isinstance(value, list) and not isinstance(value[0], str) for key, value in values.items()}
    return {key: np.array(value, dtype=float) if numeric[key] else value for key, value in values.items()}


def test_every_case_has_a_source_and_is_used() -> None:
    assert all(record["source"] and record["status"] for record in CASES.values())
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in CASES if f'case("{name}")' not in text] == []


def test_two_sectors() -> None:
    given, expected, tolerance = case("leontief_two_sector")
    coefficients = leontief.technical_coefficients(given["Z"], given["x"])
    assert_allclose(coefficients, expected["A"], rtol=1e-12)
    assert_allclose(leontief.leontief_inverse(coefficients), expected["L"], atol=tolerance["L"])
    assert_allclose(leontief.solve(coefficients, given["f_new"]), expected["x_new"], atol=tolerance["x_new"])
    assert_allclose(leontief.solve(coefficients, given["f"]), given["x"], rtol=1e-12)


def test_type_one_multipliers() -> None:
    given, expected, tolerance = case("type_I_multipliers")
    assert_allclose(multipliers.output_multipliers(given["A"]), expected["output_simple"], atol=tolerance)


def test_germany_1995() -> None:
    given, expected, tolerance = case("germany_1995_six_sector")
    coefficients = leontief.technical_coefficients(given["Z_domestic"], given["x"])
    assert_allclose(np.diag(coefficients)[:3], [expected[f"A_{i}_{i}"] for i in range(3)], atol=tolerance)
    assert_allclose(np.diag(leontief.leontief_inverse(coefficients))[:3], expected["L_diag"], atol=tolerance)
    assert_allclose(multipliers.output_multipliers(coefficients), expected["output_multipliers"], atol=tolerance)


def test_two_regions() -> None:
    given, expected, tolerance = case("two_region_interregional")
    coefficients = leontief.technical_coefficients(given["Z"], given["x"])
    assert_allclose(leontief.leontief_inverse(coefficients), expected["L"], atol=tolerance)
    assert_allclose(leontief.solve(coefficients, given["delta_f"]), expected["x_full"], atol=tolerance)
    alone = leontief.solve(coefficients[:3, :3], given["delta_f"][:3])
    assert_allclose(alone, expected["x_single_region_L"], atol=tolerance)


def test_two_regions_three_sectors() -> None:
    given, expected, tolerance = case("two_region_three_sector_mrio")
    output = given["Z"].sum(axis=1) + given["Y"].sum(axis=1)
    assert_allclose(output, expected["x"], atol=tolerance)
    inverse = leontief.leontief_inverse(leontief.technical_coefficients(given["Z"], output))
    found = [inverse[0, 0], inverse[4, 4], inverse[5, 1]]
    assert_allclose(found, [expected["L_0_0"], expected["L_4_4"], expected["L_5_1"]], atol=tolerance)


def test_ras() -> None:
    given, expected, tolerance = case("ras_update_3x3")
    assert_allclose(given["true_Z1"].sum(axis=1), given["u"])
    assert_allclose(given["true_Z1"].sum(axis=0), given["v"])
    result = ras(given["A0"] * given["x1"], given["u"], given["v"])
    assert_allclose(result.matrix, expected["Z"], atol=tolerance)
    assert_allclose(result.matrix / given["x1"], expected["A"], atol=tolerance)


def test_gras_with_a_column_that_has_no_positive_cell() -> None:
    given, expected, tolerance = case("gras_negative_column")
    result = gras(given["T"], given["u"], given["v"])
    assert_allclose(result.matrix, expected["X"], atol=tolerance)
    assert result.rounds < 40


def test_location_quotients() -> None:
    given, expected, tolerance = case("location_quotients_three_sector")
    region, nation, delta = given["x_region"], given["x_nation"], given["delta"]
    slq = quotients.simple_location_quotients(region, nation)
    assert_allclose(slq, expected["slq"], atol=tolerance)
    assert_allclose(quotients.size_factor(region.sum(), nation.sum(), delta), expected["lam"], atol=tolerance)
    found = {
        "A_slq": slq,
        "A_cilq": quotients.cross_industry_location_quotients(slq),
        "A_flq": quotients.flegg_location_quotients(region, nation, delta),
        "A_aflq": quotients.augmented_flegg_location_quotients(region, nation, delta),
    }
    for name, quotient in found.items():
        coefficients = quotients.regional_coefficients(given["A_national_domestic"], quotient)
        assert_allclose(coefficients, expected[name], atol=tolerance, err_msg=name)


def test_gravity() -> None:
    given, expected, tolerance = case("gravity_doubly_constrained")
    attraction = gravity.exponential_decay(given["cost"], given["beta"])
    flow = gravity.flows(given["origin"], given["destination"], attraction)
    assert_allclose(flow, expected["flow"], atol=tolerance)
    assert flow[0, 0] * flow[1, 1] / (flow[0, 1] * flow[1, 0]) == pytest.approx(expected["odds_00_11"], rel=1e-9)


def test_split_by_output_alone() -> None:
    given, expected, tolerance = case("sector_split_uninformed")
    flows, output = given["Z"], given["x"]
    zero = np.zeros((2, 2))
    final = np.zeros((2, 4))
    final[:, 0] = output - flows.sum(axis=1)
    value_added = np.zeros((4, 2))
    value_added[3] = output - flows.sum(axis=0)
    whole = NationalTable(("one", "two"), flows, zero, final, np.zeros((2, 4)), value_added, output)
    small, large = given["weights"]
    parts = split(whole, {"two": [Child("child", small)]})
    assert parts.table.products == ("one", "child", "two rest")
    assert_allclose(parts.table.domestic, expected["Z"], atol=tolerance)
    assert_allclose(parts.table.output, expected["x"], atol=tolerance)
    assert parts.table.output[2] == pytest.approx(large * output[1])
    found = multipliers.output_multipliers(parts.table.domestic_coefficients)
    assert_allclose(found, expected["output_multipliers"], atol=tolerance)
    assert check_parts(whole, aggregate(parts.table, parts.parent, whole.products)) < 1e-12
