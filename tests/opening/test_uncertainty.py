"""The ensemble of opening tables: every draw is a table, keyed by seed and number, and has the spread it should."""

from dataclasses import replace

import numpy as np
import pytest

from sim.inputoutput import identities, tables
from sim.inputoutput.multipliers import output_multipliers
from sim.mechanisms.labour import Labour
from sim.opening import uncertainty
from sim.opening.national import OpeningError, value_added_share
from sim.opening.table import opening_nation, opening_table
from sim.opening.totals import JOBS_LIMIT, labour_force, opening_totals, product_figures
from sim.opening.uncertainty import draw_table, sample_tables
from sim.settings import InputOutput, Opening
from sim.world import load_world

OPENING, IO, LABOUR, WORLD = Opening(), InputOutput(), Labour(), load_world()
DRAWS = tuple(sample_tables(OPENING, IO, LABOUR, seed=7, draws=12))
HOME = 240


def city_multiplier(table: tables.Table) -> float:
    """Output in the ten counties per unit of their final demand, weighted by output."""
    inside = output_multipliers(table.coefficients[:HOME, :HOME])
    return float(np.average(inside, weights=table.output[:HOME]))


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: str(draw.number))
def test_every_draw_is_a_table_that_adds_up_to_the_nation(draw: uncertainty.TableDraw) -> None:
    assert max(identities.check_table(draw.table, 1e-12).values()) < 1e-12
    nation = tables.nation(draw.table, "CN")
    assert identities.check_parts(opening_nation(draw.io), nation, 1e-12) < 1e-12
    assert draw.table.total_value_added.min() >= 0.0


def test_only_too_many_jobs_or_too_large_chains_make_a_trial_fail() -> None:
    assert np.mean([draw.trials for draw in DRAWS]) < 4.0
    known = ("has jobs for", "the four chains make")
    assert all(any(words in reason for words in known) for draw in DRAWS for reason in draw.refused)


def test_no_county_has_more_jobs_than_people() -> None:
    per_output = product_figures("jobs_parameter", labour=LABOUR) / 100.0
    force = np.bincount(WORLD.official, labour_force(opening_totals(OPENING, IO), LABOUR), minlength=10)
    for draw in DRAWS:
        made = draw.table.by_region(draw.table.output)[:10]
        jobs = np.bincount(WORLD.official, made @ per_output, minlength=10)
        assert (jobs <= JOBS_LIMIT * force + 1e-6).all()
    assert any(draw.trials > 1 for draw in DRAWS)  # the limit was met and kept


def test_plants_of_leaders_stay_where_they_are_known_to_be() -> None:
    best = opening_table(OPENING, IO).table
    known = best.at(product="B_CELL")[:10]
    for draw in DRAWS:
        made = draw.table.output[known]
        np.testing.assert_allclose(made / made.sum(), best.output[known] / best.output[known].sum())


def test_a_draw_is_keyed_by_seed_and_number_alone() -> None:
    again = draw_table(OPENING, IO, LABOUR, seed=7, number=5)
    assert np.array_equal(again.table.intermediate, DRAWS[5].table.intermediate)
    assert again.io == DRAWS[5].io
    later = next(sample_tables(OPENING, IO, LABOUR, seed=7, draws=1, first=5))
    assert np.array_equal(later.table.output, DRAWS[5].table.output)
    other = draw_table(OPENING, IO, LABOUR, seed=8, number=5)
    assert not np.array_equal(other.table.intermediate, again.table.intermediate)


def test_city_totals_do_not_move_but_counties_and_province_do() -> None:
    totals = [draw.table.by_region(draw.table.total_value_added)[:10] for draw in DRAWS]
    best = opening_table(OPENING, IO).table
    gdp = best.by_region(best.total_value_added)[:10].sum(axis=1)
    for each in totals:
        np.testing.assert_allclose(each.sum(axis=1), gdp, rtol=1e-9)  # county GDP is known
    food = WORLD.product("FOOD")
    share = np.array([each[:, food] / each[:, food].sum() for each in totals])
    assert (share.std(axis=0) > 0.01).any()
    province = np.array([draw.table.by_region(draw.table.output)[10] for draw in DRAWS])
    spread = np.log(province / (IO.base_scale * province.mean(axis=0))).std(axis=0)
    assert spread.mean() == pytest.approx(uncertainty.PROVINCE_SPREAD, rel=0.25)


def test_parameters_stay_in_their_ranges_and_bills_are_complete() -> None:
    for draw in DRAWS:
        assert 0.05 <= draw.io.flq_delta <= 0.35
        assert draw.io.split["V_BODY"] + draw.io.split["V_PWTR"] == pytest.approx(1.0)
        cathode = sum(value for key, value in draw.io.bom.items() if key.startswith("B_CATH."))
        assert cathode + value_added_share("B_CATH", draw.io, "io.va_cathode") == pytest.approx(1.0)
    assert len({draw.io.flq_delta for draw in DRAWS}) == len(DRAWS)


def test_the_band_holds_the_best_table_and_has_width() -> None:
    found = [city_multiplier(draw.table) for draw in DRAWS]
    best = city_multiplier(opening_table(OPENING, IO).table)
    assert min(found) < best < max(found)
    assert np.std(found) > 0.02


def test_sources_of_doubt_one_by_one() -> None:
    first = next(draw.number for draw in DRAWS if draw.trials == 1)
    best = opening_table(OPENING, IO).table
    alone = {
        source: draw_table(OPENING, IO, LABOUR, seed=7, number=first, vary=(source,)) for source in uncertainty.SOURCES
    }
    none = draw_table(OPENING, IO, LABOUR, seed=7, number=first, vary=())
    assert np.allclose(none.table.intermediate, best.intermediate, rtol=1e-9)
    for source, draw in alone.items():
        assert not np.allclose(draw.table.intermediate, best.intermediate, rtol=1e-3), source
        assert draw.trials == 1
    assert (
        alone["own_shares"].io.flq_delta == DRAWS[first].io.flq_delta != IO.flq_delta
    )  # the luck of each stays its own
    assert alone["own_shares"].io.gravity_decay == IO.gravity_decay
    assert alone["trade"].io.gravity_decay == DRAWS[first].io.gravity_decay
    assert alone["technology"].io.bom == DRAWS[first].io.bom
    outputs = {source: draw.table.by_region(draw.table.output) for source, draw in alone.items()}
    makers = best.by_region(best.output)
    assert np.allclose(outputs["province"][:10], makers[:10])
    assert not np.allclose(outputs["province"][10], makers[10], rtol=0.01)
    assert np.allclose(outputs["own_shares"], makers)
    with pytest.raises(ValueError, match="no source of doubt is called 'luck'; choose from own_shares, trade"):
        draw_table(OPENING, IO, LABOUR, seed=7, number=0, vary=("luck",))


def test_own_use_of_split_products_at_low_and_high_weight() -> None:
    found = []
    for weight in (0.25, 1.0, 4.0):
        table = opening_nation(IO.model_copy(update={"split_own_use": weight}))
        cell = table.at(product="B_CELL")[0]
        found.append((table.coefficients[cell, cell], output_multipliers(table.coefficients)[cell]))
    own, multiplier = np.array(found).T
    assert (np.diff(own) > 0.005).all()  # 0.004, 0.013, 0.040
    assert (np.diff(multiplier) > 0.001).all()  # known value added leaves the multiplier little room


def test_own_shares_move_with_their_shift() -> None:
    from sim.inputoutput.multiregional import regionalise, total_coefficients
    from tests.inputoutput.made_up import HOME_OUTPUT, REGIONS, nation, rules

    technology = total_coefficients(nation())
    shares = [
        regionalise(nation(), REGIONS, HOME_OUTPUT, technology, replace(rules(), own_shift=shift)).own_share_province
        for shift in (-0.5, 0.0, 0.5)
    ]
    traded = slice(0, 3)
    assert (shares[0][traded] < shares[1][traded]).all()
    assert (shares[1][traded] < shares[2][traded]).all()


def test_values_that_never_agree_are_given_up_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uncertainty, "TRIALS", 3)
    crowded = OPENING.model_copy(update={"cells_output": 200.0})
    with pytest.raises(OpeningError, match="table draw 0: 3 trials allowed no table, the last because of"):
        draw_table(crowded, IO, LABOUR, seed=1, number=0)
