"""The input-output core against worked examples of the literature (sources in tests/golden/inputoutput.json)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sim.inputoutput import ghosh, gravity, leontief, linkage, multipliers, price_model, quotients
from sim.inputoutput.balancing import gras, ras
from sim.inputoutput.decomposition import output_change
from sim.inputoutput.dynamic import balanced_growth, forward_step
from sim.inputoutput.extraction import Kind, extract, extract_each
from sim.inputoutput.identities import check_parts
from sim.inputoutput.interregional import footprints, spillovers
from sim.inputoutput.splitting import Child, split
from sim.inputoutput.tables import single_region

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
    # the book multiplies its rounded output, so the last digit printed is not that of the table
    labour = given["labour_coeff"] * leontief.solve(coefficients, given["f_new"])
    assert_allclose(labour, expected["labour"], atol=tolerance["labour"])
    needed = multipliers.total_content(coefficients, given["labour_coeff"]) @ given["f_new"]
    assert needed == pytest.approx(labour.sum(), rel=1e-12)


def test_type_one_and_two_multipliers() -> None:
    given, expected, tolerance = case("type_I_and_II_multipliers")
    households = multipliers.Households(given["household_row"], given["household_col"], given["household_own"])
    closed = leontief.Leontief(multipliers.closed(given["A"], households))
    assert_allclose(closed.inverse(), expected["L_closed"], atol=tolerance)
    assert_allclose(closed.solve(given["f_star"]), expected["x_closed"], atol=0.005)  # printed with two decimals
    found = multipliers.type_two(given["A"], households)
    assert_allclose(found.output_simple, expected["output_simple"], atol=tolerance)
    assert_allclose(found.output_total, expected["output_total"], atol=tolerance)
    assert_allclose(found.output_truncated, expected["output_total_truncated"], atol=tolerance)
    assert_allclose(found.income_simple, expected["income_simple"], atol=tolerance)
    assert_allclose(found.income_type_one, expected["income_type_I"], atol=tolerance)
    assert_allclose(found.income_total, expected["income_total"], atol=tolerance)
    assert_allclose(found.income_type_two, expected["income_type_II"], atol=tolerance)
    assert found.circulation == pytest.approx(expected["L_closed"][2, 2], abs=tolerance)


def test_prices_and_quantities_are_dual() -> None:
    given, expected, tolerance = case("leontief_price_quantity_duality")
    # bushels of wheat and yards of cloth: a column of physical units
    coefficients = given["Z"] / given["x"]
    assert_allclose(coefficients, expected["A"], rtol=1e-12)
    assert_allclose(leontief.leontief_inverse(coefficients), expected["L"], atol=5e-7)  # six decimals
    wages = given["wage"] * given["labour"] / given["x"]
    assert_allclose(price_model.prices(coefficients, wages), expected["prices"], atol=tolerance)
    both = price_model.prices_and_quantities(coefficients, wages, given["f"])
    assert_allclose(both.prices, expected["prices"], atol=tolerance)
    assert_allclose(both.output, expected["x"], rtol=tolerance)
    assert given["labour"].sum() == expected["labour_total_in_sectors"]
    assert both.primary_cost == pytest.approx(expected["value_added"], rel=tolerance)
    assert both.final_value == pytest.approx(expected["value_final_demand"], rel=tolerance)


def test_germany_1995() -> None:
    given, expected, tolerance = case("germany_1995_six_sector")
    flows, output = given["Z_domestic"], given["x"]
    # the printed row total of manufacturing, 1079400, is not the sum of its row
    assert_allclose(flows.sum(axis=1) + given["final_use"].sum(axis=1), output, rtol=1e-12)
    bought = flows.sum(axis=0) + given["imports"] + given["taxes_on_products"]
    assert_allclose(bought + given["value_added"], output, rtol=1e-12)
    coefficients = leontief.technical_coefficients(flows, output)
    assert_allclose(np.diag(coefficients)[:3], [expected[f"A_{i}_{i}"] for i in range(3)], atol=tolerance)
    system = leontief.Leontief(coefficients)
    assert_allclose(np.diag(system.inverse())[:3], expected["L_diag"], atol=tolerance)
    assert_allclose(multipliers.output_multipliers(system), expected["output_multipliers"], atol=tolerance)
    content = multipliers.total_content(system, np.array([given["value_added"], given["employment"]]) / output)
    assert_allclose(content[0], expected["gva_multipliers"], atol=tolerance)
    assert_allclose(content[1], expected["employment_multipliers"], atol=tolerance)


def test_germany_1995_by_ghosh() -> None:
    given, expected, tolerance = case("germany_1995_six_sector")
    flows, output = given["Z_domestic"], given["x"]
    allocation = leontief.allocation_coefficients(flows, output)
    inverse = ghosh.ghosh_inverse(allocation)
    assert_allclose(inverse[:, 0], expected["ghosh_column_0"], atol=tolerance)
    # manufacturing is 1.6910; the source prints 1.6691, which its own table does not give
    assert_allclose(linkage.forward_linkages(allocation), expected["ghosh_row_sums"], atol=tolerance)
    assert_allclose(linkage.linkages(flows, output).forward, expected["ghosh_row_sums"], atol=tolerance)
    primary = given["imports"] + given["taxes_on_products"] + given["value_added"]
    assert_allclose(ghosh.supply_driven_output(allocation, primary), output, rtol=1e-12)


def test_two_regions() -> None:
    given, expected, tolerance = case("two_region_interregional")
    coefficients = leontief.technical_coefficients(given["Z"], given["x"])
    assert_allclose(leontief.leontief_inverse(coefficients), expected["L"], atol=tolerance)
    assert_allclose(leontief.solve(coefficients, given["f"]), given["x"], rtol=1e-12)
    found = spillovers(coefficients, given["regions"], given["delta_f"])
    assert found.regions.names == ("L", "M")
    assert_allclose(found.full, expected["x_full"], atol=tolerance)
    assert_allclose(found.alone, [*expected["x_single_region_L"], 0.0, 0.0], atol=tolerance)
    assert_allclose(found.feedback, [*expected["feedback_in_L"], 0.0, 0.0], atol=tolerance)
    assert_allclose(found.spillover[:, 0], [0.0, 0.0, 0.0, *expected["spillover_to_M"]], atol=tolerance)
    assert not found.spillover[:, 1].any()


def test_two_regions_three_sectors() -> None:
    given, expected, tolerance = case("two_region_three_sector_mrio")
    output = given["Z"].sum(axis=1) + given["Y"].sum(axis=1)
    assert_allclose(output, expected["x"], atol=tolerance)
    coefficients = leontief.technical_coefficients(given["Z"], output)
    inverse = leontief.leontief_inverse(coefficients)
    found = [inverse[0, 0], inverse[4, 4], inverse[5, 1]]
    assert_allclose(found, [expected["L_0_0"], expected["L_4_4"], expected["L_5_1"]], atol=tolerance)
    intensity = leontief.technical_coefficients(given["F"], output)
    accounts = footprints(coefficients, given["regions"], intensity, given["Y"])
    assert_allclose(accounts.consumption, expected["consumption_footprint"], atol=tolerance)
    assert_allclose(accounts.production, given["F"].reshape(2, 2, 3).sum(axis=2), atol=tolerance)


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


def test_structural_decomposition() -> None:
    given, expected, tolerance = case("structural_decomposition")
    output = [given["Z0"].sum(axis=1) + given["f0"], given["Z1"].sum(axis=1) + given["f1"]]
    assert_allclose(output, [expected["x0"], expected["x1"]], rtol=1e-12)
    before, after = (leontief.technical_coefficients(given[f"Z{t}"], output[t]) for t in (0, 1))
    found = output_change(before, given["f0"], after, given["f1"])
    assert_allclose(found.change, expected["x1"] - expected["x0"], rtol=1e-9)
    assert_allclose(found["technology"], expected["technology"], atol=tolerance)
    assert_allclose(found["final demand"], expected["final_demand"], atol=tolerance)
    totals = [expected["technology_total"], expected["final_demand_total"]]
    assert_allclose(found.effects.sum(axis=1), totals, atol=tolerance)


def test_hypothetical_extraction() -> None:
    given, expected, tolerance = case("hypothetical_extraction_two_sector")
    flows, output, sector = given["Z"], given["x"], given["sector"]
    allocation = leontief.allocation_coefficients(flows, output)
    assert_allclose(allocation, expected["B"], rtol=1e-12)
    assert_allclose(ghosh.ghosh_inverse(allocation), expected["G"], atol=tolerance)
    kinds: list[Kind] = ["total", "backward", "forward"]
    for kind in kinds:
        loss = expected[f"{kind}_loss"]
        assert extract(flows, output, sector, kind).total == pytest.approx(loss, abs=tolerance)
        assert extract_each(flows, output, kind).total[sector] == pytest.approx(loss, abs=tolerance)


def test_dynamic_model() -> None:
    given, expected, tolerance = case("dynamic_leontief")
    balanced = balanced_growth(given["A"], given["K"])
    assert balanced.rate == pytest.approx(expected["balanced_growth_rate"], abs=tolerance)
    assert_allclose(balanced.shares, expected["balanced_shares"], atol=tolerance)
    after = forward_step(given["A"], given["K"], given["x0"], given["c0"])
    assert_allclose(after, expected["x1"], atol=tolerance)


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
    whole = single_region("here", ("one", "two"), flows, zero, final, np.zeros((2, 4)), value_added, output)
    small, large = given["weights"]
    parts = split(whole, {"two": [Child("child", small)]})
    assert parts.table.products == ("one", "child", "two rest")
    assert_allclose(parts.table.intermediate, expected["Z"], atol=tolerance)
    assert_allclose(parts.table.output, expected["x"], atol=tolerance)
    assert parts.table.output[2] == pytest.approx(large * output[1])
    found = multipliers.output_multipliers(parts.table.coefficients)
    assert_allclose(found, expected["output_multipliers"], atol=tolerance)
    assert check_parts(whole, parts.rejoined(whole.products)) < 1e-12
