"""Totals by county and product in December 2013 (model description, sections 8.1 to 8.3)."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sim import data
from sim.mechanisms.labour import Labour
from sim.opening import totals
from sim.opening.national import national_products
from sim.opening.totals import OpeningError, opening_totals
from sim.settings import InputOutput, Opening
from sim.world import load_world

WORLD, OPENING, IO, LABOUR = load_world(), Opening(), InputOutput(), Labour()
TOTALS = opening_totals(OPENING, IO)
BN = 1000.0


def products(*codes: str) -> list[int]:
    return [WORLD.product(code) for code in codes]


def test_city_gdp() -> None:
    assert TOTALS.gdp.sum() / BN == pytest.approx(123.9 * 1.14 * 1.105)
    assert TOTALS.gdp.sum() / BN == pytest.approx(156, abs=0.5)


def test_city_outputs_of_the_description() -> None:
    city = dict(zip(WORLD.products, TOTALS.output.sum(axis=0) / BN, strict=True))
    given = {
        "ENER": 12,
        "B_CELL": 6.5,
        "S_MELT": 13,
        "S_ROLL": 5,
        "S_PROD": 2,
        "B_STRU": 0.2,
        "B_EQPT": 0.2,
        "B_CATH": 0.05,
    }
    given |= {"V_BODY": 0.3, "V_PWTR": 0.2, "V_OEM": 0, "C_CATH": 0, "C_PROC": 0.3}
    assert {code: city[code] for code in given} == pytest.approx(given)
    assert city["B_ANOD"] == pytest.approx(city["B_SEPA"]) == pytest.approx(city["B_ELEC"]) == pytest.approx(0.05 / 3)
    assert city["AGRI"] == pytest.approx(40, abs=0.5)
    assert city["CONS"] == pytest.approx(39, abs=0.5)


def test_shares_of_the_city() -> None:
    before_census = 123.9 * 1.105 * BN
    value_added = TOTALS.value_added.sum(axis=0)
    industry = totals.industrial()
    assert value_added[industry].sum() == pytest.approx(OPENING.industry_share * before_census)
    services = products("TRAN", "BUSS", "CSRV")
    assert value_added[services].sum() / TOTALS.gdp.sum() == pytest.approx(0.42, abs=0.005)
    national = national_products(IO).total_value_added[services]
    assert_allclose(value_added[services] / value_added[services].sum(), national / national.sum())
    rest = value_added[WORLD.legacy]
    assert_allclose(rest / rest.sum(), [OPENING.mix_machinery, OPENING.mix_food, OPENING.mix_other])


def test_above_scale_output() -> None:
    by_product = TOTALS.above_scale.sum(axis=0) / BN
    outside = by_product[~WORLD.chain_product]
    assert by_product.sum() == pytest.approx(200, abs=3)
    assert outside.sum() == pytest.approx(173, abs=1)
    assert by_product[WORLD.legacy].sum() == pytest.approx(161, abs=1)
    assert by_product[WORLD.product("ENER")] == pytest.approx(12)


def test_share_of_the_chains_lies_in_its_band() -> None:
    by_product = (TOTALS.above_scale * TOTALS.value_added_share).sum(axis=0)
    assert 0.05 <= by_product[WORLD.chain_product].sum() / by_product.sum() <= 0.15


def test_above_scale_firms_make_their_share_outside_energy() -> None:
    shares = TOTALS.value_added_share
    small_chains = (TOTALS.fringe * shares)[:, WORLD.chain_product].sum()
    industry = TOTALS.value_added[:, WORLD.agent].sum() - small_chains
    above = (TOTALS.above_scale * shares)[:, WORLD.agent].sum()
    assert above / industry == pytest.approx(OPENING.above_scale_share)


def test_small_cells_of_chains_are_fringe() -> None:
    chains = WORLD.chain_product
    fringe = (TOTALS.fringe > 0) & chains
    assert fringe.sum() == 17
    assert (TOTALS.output[fringe] < OPENING.min_size).all()
    assert (TOTALS.above_scale[:, chains][TOTALS.above_scale[:, chains] > 0] >= OPENING.min_size).all()


def test_above_scale_and_fringe_are_all_of_industry() -> None:
    industry = totals.industrial()
    assert_allclose((TOTALS.above_scale + TOTALS.fringe)[:, industry], TOTALS.output[:, industry])
    assert (TOTALS.above_scale[:, ~industry] == 0).all()
    assert (TOTALS.fringe[:, ~WORLD.agent] == 0).all()


def test_population() -> None:
    people = dict(zip(WORLD.counties, TOTALS.population / 1000, strict=True))
    assert people["JC"] + people["DQ"] == pytest.approx(487.6, abs=0.05)
    expected = {"FA": 577.5, "FD": 536.6, "XP": 465.6, "GT": 323.7, "PN": 138.4, "SN": 176.5, "ZN": 123.8, "ZR": 89.8}
    assert {code: people[code] for code in expected} == pytest.approx(expected, abs=0.06)
    assert people["DQ"] == 60


def test_county_gdp_shares() -> None:
    share = dict(zip(WORLD.counties, TOTALS.gdp / TOTALS.gdp.sum(), strict=True))
    expected = {
        "FD": 0.2235,
        "SN": 0.038,
        "FA": 0.2351,
        "XP": 0.1289,
        "GT": 0.0843,
        "PN": 0.0361,
        "ZN": 0.0323,
        "ZR": 0.0234,
    }
    assert {code: share[code] for code in expected} == pytest.approx(expected, abs=0.0001)
    assert share["JC"] + share["DQ"] == pytest.approx(0.1985, abs=0.0001)
    assert share["DQ"] == pytest.approx(0.3 * (share["JC"] + share["DQ"]))


def test_counties_add_up_to_the_city() -> None:
    city = totals.city_value_added(OPENING, TOTALS.value_added_share, national_products(IO).total_value_added)
    assert_allclose(TOTALS.value_added.sum(axis=0), city, rtol=1e-10)
    assert_allclose(TOTALS.value_added, TOTALS.output * TOTALS.value_added_share)


def test_balancing_moves_the_county_cells_little() -> None:
    share = totals.county_gdp_shares(OPENING, TOTALS.population)
    weights = totals.county_weights(share, TOTALS.population, OPENING)
    start = weights / weights.sum(axis=0) * TOTALS.value_added.sum(axis=0)
    moved = products(*totals.BALANCED)
    factors = TOTALS.value_added[:, moved] / start[:, moved]
    assert 0.79 < factors.min() < 1 < factors.max() < 1.41
    kept = np.delete(np.arange(24), moved)
    assert_allclose(TOTALS.value_added[:, kept], start[:, kept])


def test_industry_stands_where_the_record_has_it() -> None:
    cells, melt = TOTALS.output[:, products("B_CELL")[0]], TOTALS.output[:, products("S_MELT")[0]]
    assert cells[WORLD.county("DQ")] == pytest.approx(0.52 * cells.sum())
    assert cells[WORLD.county("JC")] == pytest.approx(0.48 * cells.sum())
    assert melt[WORLD.county("FA")] == melt.sum()
    assert TOTALS.above_scale[WORLD.county("FD")].sum() / BN == pytest.approx(43, abs=1.5)


def test_jobs() -> None:
    jobs, force = totals.opening_jobs(TOTALS, LABOUR), totals.labour_force(TOTALS, LABOUR)
    assert jobs.sum() / 1e6 == pytest.approx(1.2, abs=0.03)
    assert jobs.sum() / force.sum() == pytest.approx(0.80, abs=0.005)
    ratio = dict(zip((code for code in WORLD.counties if code != "DQ"), totals.check_jobs(TOTALS, LABOUR), strict=True))
    assert ratio["JC"] == pytest.approx(0.85, abs=0.02)
    assert 0.93 < ratio["FD"] < 0.97
    zone = WORLD.county("DQ")
    assert jobs[zone].sum() > force[zone]


def test_too_many_jobs_are_refused_by_county() -> None:
    with pytest.raises(OpeningError, match=r"FD has jobs for 1\.\d+ of its labour force, more than 0.97"):
        totals.check_jobs(TOTALS, Labour(participation=0.76))


def test_product_figures_come_from_the_named_parameters() -> None:
    figures = totals.product_figures("jobs_parameter", labour=LABOUR)
    for code, value in (("B_CELL", LABOUR.jobs_cell), ("S_MELT", LABOUR.jobs_smelt), ("AGRI", LABOUR.jobs_agri)):
        assert figures[WORLD.product(code)] == value
    assert totals.product_figures("va_parameter", io=IO)[WORLD.product("CSRV")] == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"stainless_output": 35.0},
            r"the four chains make 1[6-9]\..% of above-scale value added .* expected 5% to 15%",
        ),
        ({"stainless_output": 10.0, "cells_output": 3.0, "industry_share": 0.36, "energy_output": 20.0}, None),
        (
            {
                "gdp_2013": 112.0,
                "above_scale_share": 0.75,
                "energy_output": 6.0,
                "industry_share": 0.36,
                "stainless_output": 10.0,
            },
            r"is 1[34]\d bn yuan",
        ),
        ({"dongqiao_population": 500_000.0}, "residents of Dongqiao exceed those of Jiaocheng"),
        ({"industry_share": 0.05}, "chains and energy exceed the value added of industry"),
        ({"primary_share": 0.7}, "farming, industry and construction exceed GDP"),
        ({"above_scale_share": 0.1}, "leaves no above-scale firm"),
        ({"dongqiao_share": 0.01}, "DQ: chains, energy and farming exceed its GDP"),
    ],
)
def test_contradictions_stop_with_a_message(change: dict[str, float], message: str | None) -> None:
    opening = OPENING.model_copy(update=change)
    if message is None:
        opening_totals(opening, IO)
        return
    with pytest.raises(OpeningError, match=message):
        opening_totals(opening, IO)


def test_a_figure_outside_its_band_does_not_read_like_the_end_of_the_band() -> None:
    low, high = (OPENING.stainless_output, 35.0)
    for _ in range(40):  # the largest output of stainless steel that the band allows
        middle = (low + high) / 2.0
        try:
            opening_totals(OPENING.model_copy(update={"stainless_output": middle}), IO)
            low = middle
        except OpeningError:
            high = middle
    with pytest.raises(OpeningError, match=r"make 15\.0\d*[1-9]% of above-scale .* expected 5% to 15%"):
        opening_totals(OPENING.model_copy(update={"stainless_output": high}), IO)
    assert totals._beside(149.7, 150.0, 280.0, 0) == "149.7"
    assert totals._beside(16.04, 5.0, 15.0, 1) == "16.0"


def test_results_are_shared_and_protected() -> None:
    assert opening_totals(Opening(), InputOutput()) is opening_totals(Opening(), InputOutput())
    with pytest.raises(ValueError, match="read-only"):
        TOTALS.output[0, 0] = 1.0


def test_targets_are_never_read() -> None:
    for module in (
        totals,
        __import__("sim.opening.national", fromlist=["_"]),
        __import__("sim.opening.table", fromlist=["_"]),
    ):
        assert module.__file__ is not None
        with open(module.__file__, encoding="utf-8") as text:
            assert "targets.csv" not in (source := text.read())
            assert "facts.csv" not in source
    assert data.rows("targets.csv")
