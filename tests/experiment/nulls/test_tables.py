from itertools import islice

import numpy as np
import pytest

from sim.accounts import BrokenIdentityError
from sim.experiment.followed import Record
from sim.experiment.nulls import NULLS
from sim.experiment.nulls.tables import GIVEN, ExogenousDemand, FixedTable, cells_of, residuals
from sim.experiment.periods import Period
from sim.experiment.single import run_model
from sim.model import NingdeModel
from sim.state import YEAR


@pytest.fixture(scope="module")
def known(short):
    """The baseline to February 2015 that knows the world to December 2014."""
    return short.replace({"run.known_until": "2014-12", "run.end": "2015-02"}, name="known")


@pytest.fixture(scope="module")
def runs(known):
    """The full model with its tables, what the opening table makes of its months, and the run of the fixed one."""
    alone, made, tables = NULLS["table_alone"].build(known, 1), [], []
    for _, (values, _) in alone.months():
        made.append(values)
        tables.append(alone.model.state.table)
    return run_model(alone.model), tables, made, NULLS["fixed_coefficient_table"].build(known, 1).run()


def test_the_opening_table_gives_back_the_opening_exactly(opening):
    made = FixedTable.of_opening(opening).output(ExogenousDemand.of_opening(opening).of(opening.state))
    table = opening.basis.built.table.output[: opening.state.node_count] / YEAR
    np.testing.assert_allclose(made, table, rtol=1e-10, atol=1e-10)


def test_table_alone_is_a_leontief_solve_by_hand(runs, known):
    """Of the last month: coefficients from the table, demand from the volumes on record."""
    (full, _, alone, _), opening = runs, NingdeModel(known, 1)
    table, size = opening.basis.built.table, opening.state.node_count
    output = table.output[:size]
    coefficients = np.divide(
        table.intermediate[:size, :size], output, out=np.zeros((size, size)), where=np.tile(output > 0, (size, 1))
    )
    volume = full.monthly["world_volume"].values[-1] / opening.state.markets.volume_opening
    income = volume[5]
    home = table.final_by_region[:size, :10, :3].sum(axis=(1, 2)) / YEAR
    outside = output / YEAR - coefficients @ (output / YEAR) - home
    firms = opening.state.firms
    growth = np.where(firms.block, income, volume[firms.market])
    node = np.bincount(firms.node, firms.output, minlength=size)
    mean = np.bincount(firms.node, firms.output * growth, minlength=size) / np.where(node > 0, node, 1.0)
    made = np.linalg.solve(np.eye(size) - coefficients, home * income + outside * mean)
    given = alone[-1]["output"].ravel()
    np.testing.assert_allclose(given, made, rtol=1e-9, atol=1e-9)
    assert np.abs(given - full.monthly["output"].values[-1].ravel()).sum() > 1.0


def test_the_fixed_table_is_the_model_up_to_the_last_known_month(runs):
    full, _, _, fixed = runs
    for name in GIVEN:
        np.testing.assert_array_equal(fixed.monthly[name][:12], full.monthly[name][:12])


def test_afterwards_it_is_the_old_table_times_the_new_final_demand(runs):
    _, tables, _, fixed = runs
    base, last = tables[11], tables[-1]
    coefficients = base.flows / np.where(base.output > 0, base.output, 1.0)
    made = np.linalg.solve(np.eye(len(base.output)) - coefficients, last.final.sum(axis=1))
    given = fixed.monthly["output"].values[-1].ravel()
    np.testing.assert_allclose(given, made, rtol=1e-9, atol=1e-9)
    assert np.abs(given - last.output).max() > 1e-6, "coefficients of the model have moved since"


def test_in_the_base_month_every_variable_is_that_of_the_model(known):
    """Prices paid, above-scale shares and sales inside industry are made as the record makes them."""
    model = NingdeModel(known, 1)
    for _ in range(3):
        model.step()
    found = cells_of(FixedTable.of_month(model.state), model.state.table.output, model.state)
    premium = model.state.firms.premium
    assert not premium.any() or np.abs(premium).sum() < 1e-6 * found["output"].sum()
    for name in GIVEN:
        np.testing.assert_allclose(found[name], model.recorder.arrays[name][2], rtol=1e-8, atol=1e-8, err_msg=name)


def test_a_record_reads_the_run_of_a_table(runs, opening):
    full, _, _, fixed = runs
    asked = "value_added_above_scale_nominal", Period.read("2014-01/2015-02"), "industry", "Xiapu"
    record = Record(fixed, opening.world)
    assert record.total(*asked) == pytest.approx(Record(full, opening.world).total(*asked), rel=0.01)
    assert not record.has("jobs"), "a table employs nobody"
    assert fixed.monthly.attrs["null"] == "fixed_coefficient_table"
    np.testing.assert_array_equal(fixed.monthly["world_volume"], full.monthly["world_volume"])
    assert fixed.largest_residual[1] < 1e-9


def test_a_table_whose_rows_do_not_add_up_stops(opening):
    table, state = FixedTable.of_opening(opening), opening.state
    final = ExogenousDemand.of_opening(opening).of(state)
    output = table.output(final)
    assert max(residuals(table, output, final, state).values()) < 1e-12
    wrong = output.copy()
    wrong[3] *= 1.001
    with pytest.raises(BrokenIdentityError, match="I1 rows"):
        residuals(table, wrong, final, state)


def test_a_table_run_is_the_same_every_time(runs, known):
    for at, (values, _) in islice(NULLS["table_alone"].build(known, 1).months(), 3):
        for name in GIVEN:
            np.testing.assert_array_equal(values[name], runs[2][at][name])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["table_alone", "fixed_coefficient_table"])
def test_tables_hold_for_three_years(short, name):
    run = NULLS[name].build(short.replace({"run.end": "2016-12", "run.known_until": "2015-06"}, name="three"), 2).run()
    assert run.largest_residual[1] < 1e-9
    assert run.trailing_output("county").sizes["month"] == 25
    assert (run.monthly["output"].sum(("county", "product")) > 0).all()
