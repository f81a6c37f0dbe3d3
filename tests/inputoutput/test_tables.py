"""The identities of a table hold for a good one and name the cell of a bad one."""

import re
from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from sim.inputoutput import tables
from sim.inputoutput.tables import IdentityError, NationalTable
from tests.inputoutput.made_up import nation


def changed(table: NationalTable, name: str, cell: tuple[int, ...], amount: float) -> NationalTable:
    """The table with one amount changed."""
    array = getattr(table, name).copy()
    array[cell] += amount
    return replace(table, **{name: array})


def test_a_good_table_passes() -> None:
    good = nation()
    for check in (tables.check_rows, tables.check_columns, tables.check_income, tables.check_solution):
        assert check(good) < 1e-12
    assert tables.check_productive(good.domestic_coefficients) < 1.0


@pytest.mark.parametrize(
    ("check", "name", "cell", "message"),
    [
        (tables.check_rows, "domestic", (1, 2), "I1 rows.*metal"),
        (tables.check_rows, "final_domestic", (2, 0), "I1 rows.*goods"),
        (tables.check_columns, "imports", (1, 2), "I2 columns.*goods"),
        (tables.check_columns, "value_added", (0, 3), "I2 columns.*care"),
        (tables.check_income, "value_added", (0, 3), "I3 value added"),
        (tables.check_income, "final_imports", (1, 1), None),  # a final import is use and import at once
        (tables.check_income, "imports", (1, 1), "I3 value added"),
        (tables.check_solution, "domestic", (1, 2), "I4 "),
    ],
)
def test_one_wrong_cell_is_found(
    check: Callable[[NationalTable], float], name: str, cell: tuple[int, ...], message: str | None
) -> None:
    wrong = changed(nation(), name, cell, 1e-4)
    if message is None:
        check(wrong)
        return
    with pytest.raises(IdentityError, match=message):
        check(wrong)


@pytest.mark.parametrize("name", [field.name for field in fields(NationalTable) if field.name != "products"])
def test_parts_must_match_in_every_array(name: str) -> None:
    whole = nation()
    cell = (0,) * getattr(whole, name).ndim
    with pytest.raises(IdentityError, match=re.escape(f"I16 parts add up: {name}{list(cell)}")):
        tables.check_parts(whole, changed(whole, name, cell, 1e-6))
    assert tables.check_parts(whole, whole) == 0.0


def test_a_missing_number_is_refused() -> None:
    with pytest.raises(ValueError, match=r"NationalTable.output holds a number that is not finite"):
        changed(nation(), "output", (0,), np.nan)


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"NationalTable.final_domestic has shape \(4, 3\), expected \(4, 4\)"):
        replace(nation(), final_domestic=np.zeros((4, 3)))


def test_tables_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        nation().domestic[0, 0] = 1.0


def test_aggregating_keeps_totals_and_identities() -> None:
    fine = nation()
    coarse = tables.aggregate(fine, (0, 0, 1, 1), ("heavy", "light"))
    assert coarse.products == ("heavy", "light")
    assert coarse.output.sum() == pytest.approx(fine.output.sum())
    assert coarse.domestic[0, 1] == pytest.approx(fine.domestic[:2, 2:].sum())
    assert tables.check_rows(coarse) < 1e-12
    assert tables.check_columns(coarse) < 1e-12


def test_scaling_keeps_shares() -> None:
    table = nation()
    np.testing.assert_allclose(table.scaled(0.7).value_added_share, table.value_added_share)
    assert table.scaled(0.7).output.sum() == pytest.approx(0.7 * table.output.sum())


def test_an_unproductive_table_is_found() -> None:
    with pytest.raises(IdentityError, match=r"spectral radius of A is 1\.2"):
        tables.check_productive(np.array([[1.2, 0.0], [0.0, 0.1]]))
