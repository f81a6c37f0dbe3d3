"""The identities of a table hold for a good one and name the cell of a bad one; labels address every cell."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.inputoutput import identities, tables
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.identities import IdentityError
from sim.inputoutput.leontief import NotProductiveError
from sim.inputoutput.multiregional import regionalise, total_coefficients
from sim.inputoutput.tables import Table, aggregate
from tests.inputoutput.made_up import HOME_OUTPUT, REGIONS, nation, rules

ARRAYS = tuple(tables.arrays(nation()))


def regional() -> Table:
    return regionalise(nation(), REGIONS, HOME_OUTPUT, total_coefficients(nation()), rules()).table


def changed(table: Table, name: str, cell: tuple[int, ...], amount: float) -> Table:
    """The table with one amount changed."""
    array = getattr(table, name).copy()
    array[cell] += amount
    changes: dict[str, Any] = {name: array}
    return replace(table, **changes)


def test_a_good_table_passes() -> None:
    assert max(identities.check_table(nation(), 1e-12).values()) < 1e-12
    assert identities.check_productive(nation()) < 1.0
    assert identities.check_inputs(nation()) < 1.0


@pytest.mark.parametrize(
    ("check", "name", "cell", "message"),
    [
        (identities.check_rows, "intermediate", (1, 2), "I1 rows.*metal"),
        (identities.check_rows, "final", (2, 0), "I1 rows.*goods"),
        (identities.check_columns, "imports", (1, 2), "I2 columns.*goods"),
        (identities.check_columns, "value_added", (0, 3), "I2 columns.*care.*a difference of 0.0001"),
        (identities.check_income, "value_added", (0, 3), "I3 value added"),
        (identities.check_income, "final_imports", (1, 1), None),  # a final import is use and import at once
        (identities.check_income, "imports", (1, 1), "I3 value added"),
        (identities.check_solution, "intermediate", (1, 2), "I4 "),
    ],
)
def test_one_wrong_cell_is_found(
    check: Callable[[Table], float], name: str, cell: tuple[int, ...], message: str | None
) -> None:
    wrong = changed(nation(), name, cell, 1e-4)
    if message is None:
        check(wrong)
        return
    with pytest.raises(IdentityError, match=message):
        check(wrong)


@pytest.mark.parametrize("name", ARRAYS)
def test_parts_must_match_in_every_array(name: str) -> None:
    whole = nation()
    cell = (0,) * getattr(whole, name).ndim
    with pytest.raises(IdentityError, match=rf"I16 parts add up: {name} 0 \("):
        identities.check_parts(whole, changed(whole, name, cell, 1e-6))
    assert identities.check_parts(whole, whole) == 0.0


def test_parts_of_another_shape_are_refused() -> None:
    with pytest.raises(IdentityError, match=r"intermediate has shape \(2, 2\), expected \(4, 4\)"):
        identities.check_parts(
            nation(), aggregate(nation(), {"ore": "heavy", "metal": "heavy", "goods": "l", "care": "l"})
        )


@pytest.mark.parametrize("name", ARRAYS)
def test_a_missing_number_is_refused_with_its_cell(name: str) -> None:
    cell = (1,) * getattr(nation(), name).ndim
    with pytest.raises(ArgumentError, match=rf"Table.{name} in row 1 \(.*is nan: fill the gap"):
        changed(nation(), name, cell, np.nan)


def test_negative_output_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"industry 1 \(here metal\) is negative: -5"):
        changed(nation(), "output", (1,), -5.0 - nation().output[1])


def test_output_of_nothing_with_purchases_is_refused() -> None:
    table = changed(nation(), "output", (1,), -nation().output[1])
    with pytest.raises(ArgumentError, match=r"industry 1 \(here metal\) has purchases but no output: 40 in row 0"):
        identities.check_table(table)


def test_inputs_above_output_are_refused() -> None:
    table = changed(nation(), "intermediate", (2, 1), 100.0)
    with pytest.raises(IdentityError, match=r"column 1 \(metal\) buys 1\..*from goods: check that cell"):
        identities.check_table(table)


def test_an_unproductive_table_is_found() -> None:
    table = changed(nation(), "intermediate", (2, 2), 2.0 * nation().output[2])
    with pytest.raises(NotProductiveError, match=r"Column 2 \(here goods\) buys 2\."):
        identities.check_productive(table)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"final": np.zeros((4, 3))}, r"Table.final has shape \(4, 3\), the labels ask for \(4, 4\)"),
        ({"intermediate": np.zeros((4, 5))}, r"Table.intermediate has shape \(4, 5\)"),
        ({"incomes": ("a", "b", "c")}, r"Table.value_added has shape \(4, 4\), the labels ask for \(3, 4\)"),
        ({"imported": ("a", "b", "a", "c")}, "'a' appears twice"),
        ({"producers": (("x", "a"), ("x", "b"), ("x", "a"), ("x", "c"))}, r"\('x', 'a'\) appears twice"),
        ({"producers": (("x", "a"), ("y", "b"), ("x", "b"), ("y", "c"))}, "region 'x' do not stand together"),
        ({"producers": ("a", "b", "c", "d")}, "'a' is not a pair of texts"),
    ],
)
def test_labels_and_shapes_must_agree(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(nation(), **change)


def test_tables_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        nation().intermediate[0, 0] = 1.0


def test_every_cell_has_an_address() -> None:
    table = regional()
    assert table.is_regular
    assert table.regions == REGIONS
    assert table.at("south", "goods").tolist() == [6]
    assert table.at(product="ore").tolist() == [0, 4, 8, 12]
    assert table.at("province").tolist() == [8, 9, 10, 11]
    assert table.users[table.to("exports")[1]] == ("south", "exports")
    assert table.names[6] == "south goods"
    with pytest.raises(ArgumentError, match="no industry of region 'west'"):
        table.at("west")
    with pytest.raises(ArgumentError, match="no final user with use 'gifts'; the table has household"):
        table.to("gifts")


def test_exports_leave_from_their_own_region_only() -> None:
    table = regional()
    sold = table.final_by_region[:, :, tables.EXPORTS].reshape(4, 4, 4)  # region, product, region of the user
    assert all(sold[r, :, s].sum() == 0 for r in range(4) for s in range(4) if r != s)
    np.testing.assert_allclose(table.exports.reshape(4, 4).sum(axis=0), nation().final[:, tables.EXPORTS])


def test_trade_is_what_industries_and_residents_of_a_region_buy() -> None:
    table = regional()
    goods, care = 2, 3
    south_from_north = table.intermediate[goods, 4:8].sum() + table.final_by_region[goods, 1, :3].sum()
    assert table.trade[goods, 0, 1] == pytest.approx(south_from_north)
    assert table.domestic_use[care, 0] == pytest.approx(table.trade[care, :, 0].sum())


def test_aggregating_products_keeps_totals_and_identities() -> None:
    fine = nation()
    coarse = aggregate(fine, {"goods": "light", "care": "light", "ore": "heavy", "metal": "heavy"}, order=("light",))
    assert coarse.products == ("light", "heavy")
    assert coarse.imported == ("light", "heavy")
    assert coarse.intermediate[1, 0] == pytest.approx(fine.intermediate[:2, 2:].sum())
    assert coarse.imports[0, 1] == pytest.approx(fine.imports[2:, :2].sum())
    assert coarse.output.sum() == pytest.approx(fine.output.sum())
    assert max(identities.check_table(coarse, 1e-12).values()) < 1e-12


def test_aggregating_regions_is_the_same_before_and_after_products() -> None:
    table = regional()
    products = {"ore": "heavy", "metal": "heavy"}
    one = aggregate(aggregate(table, products), regions={"north": "city", "south": "city"})
    other = aggregate(aggregate(table, regions={"north": "city", "south": "city"}), products)
    assert one.regions == ("city", "province", "nation")
    assert one.users[:2] == (("city", "household"), ("city", "government"))
    assert identities.check_parts(one, other) < 1e-12
    assert identities.check_parts(aggregate(nation(), products), tables.nation(one, "here")) < 1e-12
    with pytest.raises(ArgumentError, match="the table has no region 'west'"):
        aggregate(table, regions={"west": "city"})


def test_a_table_with_fewer_industries_in_one_region() -> None:
    # Miller and Blair (2009), chapter 3: three sectors in region L, two in region M
    flows = np.array(
        [
            [150, 500, 50, 25, 75], [200, 100, 400, 200, 100], [300, 500, 50, 60, 40], [75, 100, 60, 200, 250],
            [50, 25, 25, 150, 100],
        ]
    )  # fmt: skip
    output = np.array([1000.0, 2000.0, 1000.0, 1200.0, 800.0])
    cells = (("L", "1"), ("L", "2"), ("L", "3"), ("M", "1"), ("M", "2"))
    final = (output - flows.sum(axis=1))[:, None]
    none = np.zeros((0, 5))
    table = Table(
        cells, (("L", "final"),), (), ("value added",), flows, none, final, np.zeros((0, 1)),
        (output - flows.sum(axis=0))[None], output,
    )  # fmt: skip
    assert max(identities.check_table(table, 1e-12).values()) < 1e-12
    assert not table.is_regular
    assert table.at(product="3").tolist() == [2]
    both = aggregate(table, regions={"L": "all", "M": "all"})
    assert both.products == ("1", "2", "3")
    assert both.intermediate[0, 1] == 500 + 75 + 100 + 250
    with pytest.raises(ValueError, match="whose regions all list the same products"):
        table.by_region(output)


def test_scaling_keeps_shares() -> None:
    table = nation()
    np.testing.assert_allclose(table.scaled(0.7).value_added_share, table.value_added_share)
    assert table.scaled(0.7).output.sum() == pytest.approx(0.7 * table.output.sum())


def test_a_table_keeps_its_own_numbers() -> None:
    flows, base = np.ones((1, 1)), np.full((1, 1), 3.0)
    one = np.full((1, 4), 0.25)
    table = tables.single_region(
        "here", ["x"], flows, np.zeros((1, 1)), one * 2, np.zeros((1, 4)), np.full((4, 1), 0.5), base[0]
    )
    flows[0, 0], base[0, 0] = 99.0, 99.0  # the caller's arrays stay his own
    assert table.intermediate[0, 0] == 1.0
    assert table.output[0] == 3.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: aggregate(nation(), order=["tin"]), "no new product 'tin'; it has ore, metal"),
        (lambda: aggregate(nation(), order="ore"), "'ore' is one text: give a list of names"),
        (lambda: tables.inside(regional(), "north"), "'north' is one text: give a list of names"),
        (lambda: tables.inside(regional(), []), "name at least one region"),
        (lambda: tables.inside(regional(), ["west"]), "no region 'west'; it has north"),
        (lambda: replace(nation(), imported=("a\n", "b", "c", "d")), "are not all texts that can be printed"),
    ],
)
def test_names_that_are_no_names(call: Callable[[], Table], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()


def test_an_import_row_that_is_no_product_can_be_renamed() -> None:
    table = replace(nation(), imported=("ore", "oil", "goods", "care"))
    assert aggregate(table, {"oil": "fuel"}).imported == ("ore", "goods", "care", "fuel")
