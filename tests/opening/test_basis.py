"""A table of the user takes the place of the estimated one: same table, same run; another table, another economy."""

from dataclasses import replace

import numpy as np
import pytest

import sim
from sim.experiment.tables import with_names
from sim.inputoutput import exchange, identities
from sim.inputoutput.tables import Table, placed
from sim.mechanisms.labour import Labour
from sim.model import NingdeModel
from sim.opening.basis import estimated_basis, given_basis
from sim.opening.national import OpeningError
from sim.opening.uncertainty import draw_table
from sim.settings import InputOutput, Opening

BASE = sim.load("baseline")
TABLE = with_names(estimated_basis(BASE).built.table)


def test_our_own_table_given_back_is_our_own_run() -> None:
    read = exchange.from_csv(exchange.to_csv(TABLE))
    ours, given = NingdeModel(BASE, 1), NingdeModel(BASE, 1, table=read)
    for _ in range(3):
        ours.step()
        given.step()
    assert np.array_equal(ours.state.firms.output, given.state.firms.output)
    assert ours.basis.origin == "synthetic"
    assert given.basis.origin.startswith("table ")
    assert given.basis.residual < 1e-12


def test_the_order_of_regions_and_products_does_not_matter() -> None:
    turned = placed(TABLE, sorted(TABLE.producers), sorted(TABLE.users), sorted(TABLE.imported))
    basis = given_basis(BASE, turned)
    best = estimated_basis(BASE)
    np.testing.assert_array_equal(basis.built.table.intermediate, best.built.table.intermediate)
    np.testing.assert_array_equal(basis.totals.output, best.totals.output)
    np.testing.assert_allclose(basis.totals.above_scale, best.totals.above_scale, rtol=1e-12)
    np.testing.assert_allclose(basis.built.own_share_city, best.built.own_share_city, atol=1e-12)


def test_another_table_gives_another_opening_that_settles() -> None:
    drawn = draw_table(
        Opening(), InputOutput(), Labour(), seed=5, number=2
    ).table  # other outputs, trade and technology
    model = NingdeModel(BASE, 1, table=drawn)  # the build is refused where firms do not give back the table
    food = model.world.product("FOOD")
    opening = model.basis.totals.output[:, food]
    assert np.abs(opening / estimated_basis(BASE).totals.output[:, food] - 1.0).max() > 0.02
    np.testing.assert_allclose(opening, drawn.by_region(drawn.output)[:10, food])
    model.step()
    assert model.recorder.residual["I16"] < 1e-12


def test_industries_that_are_left_out_have_no_output() -> None:
    made = TABLE.output > 0
    small = replace(
        TABLE,
        producers=tuple(label for label, here in zip(TABLE.producers, made, strict=True) if here),
        intermediate=TABLE.intermediate[np.ix_(made, made)],
        imports=TABLE.imports[:, made],
        final=TABLE.final[made],
        value_added=TABLE.value_added[:, made],
        output=TABLE.output[made],
    )
    assert len(small.producers) < len(TABLE.producers)
    np.testing.assert_array_equal(given_basis(BASE, small).built.table.output, TABLE.output)


def changed(name: str, cell: tuple[int, ...], amount: float) -> Table:
    array = getattr(TABLE, name).copy()
    array[cell] += amount
    if name == "intermediate":
        return replace(TABLE, intermediate=array)
    return replace(TABLE, value_added=array)


def test_a_table_that_does_not_balance_is_refused() -> None:
    with pytest.raises(identities.IdentityError, match=r"I1 rows.*JC B_CELL"):
        given_basis(BASE, changed("intermediate", (0, 20), 50.0))


def test_an_industry_that_adds_no_value_is_refused() -> None:
    cell = TABLE.at("Fuding", "FOOD")[0]
    more = 1.2 * TABLE.output[cell]
    inputs, value_added = TABLE.imports.copy(), TABLE.value_added.copy()
    inputs[0, cell] += more
    value_added[3, cell] -= more
    with pytest.raises(identities.IdentityError, match=r"FD FOOD\) buys .* per unit of output"):
        given_basis(BASE, replace(TABLE, imports=inputs, value_added=value_added))


def test_other_regions_or_products_are_refused() -> None:
    far = tuple(("Xiamen" if region == "Fuding" else region, product) for region, product in TABLE.producers)
    with pytest.raises(OpeningError, match=r"'Xiamen', 'B_CELL'\), for which there is no place: regions are JC, DQ"):
        given_basis(BASE, replace(TABLE, producers=far))
    other = tuple((region, use.replace("exports", "gifts")) for region, use in TABLE.users)
    with pytest.raises(OpeningError, match=r"the final user \('JC', 'gifts'\)"):
        given_basis(BASE, replace(TABLE, users=other))


def test_a_table_far_from_the_known_facts_is_refused() -> None:
    with pytest.raises(OpeningError, match="above-scale output at opening is"):
        given_basis(BASE, TABLE.scaled(3.0))


def test_the_run_says_what_its_opening_rests_on() -> None:
    short = BASE.replace({"run.end": "2014-12"})
    run = sim.run(short, seed=1, table=TABLE)
    assert run.opening.startswith("table ")
    assert sim.run(short, seed=1).opening == "synthetic"
