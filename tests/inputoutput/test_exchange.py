"""Tables go out and come back unchanged; a file that is no table is refused with line and column."""

import numpy as np
import pytest
import xarray as xr

from sim.inputoutput import exchange, identities, tables
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.exchange import ExchangeError
from sim.inputoutput.identities import IdentityError
from sim.inputoutput.multiregional import regionalise, total_coefficients
from sim.inputoutput.tables import Table, aggregate
from tests.inputoutput.made_up import HOME_OUTPUT, REGIONS, nation, rules

REGIONAL = regionalise(nation(), REGIONS, HOME_OUTPUT, total_coefficients(nation()), rules()).table

SMALL = """\
,,kind,producer,producer,user
,bn yuan,region,North,South,South
block,region,name,ore,metal,household
domestic,North,ore,5,40,6
domestic,South,metal,4,30,60
import,,ore,1,20,0.5
value_added,,compensation,41,4,
output,,output,51,94,
"""


def same(one: Table, other: Table) -> bool:
    labels = ("producers", "users", "imported", "incomes", "unit")
    cells = tables.arrays(other)
    return all(getattr(one, name) == getattr(other, name) for name in labels) and all(
        np.array_equal(array, cells[name]) for name, array in tables.arrays(one).items()
    )


@pytest.mark.parametrize("table", [nation(), REGIONAL], ids=["nation", "regions"])
def test_csv_there_and_back(table: Table) -> None:
    assert same(exchange.from_csv(exchange.to_csv(table)), table)


@pytest.mark.parametrize("table", [nation(), REGIONAL], ids=["nation", "regions"])
def test_xarray_there_and_back_through_a_file(table: Table, tmp_path) -> None:
    exchange.to_xarray(table).to_netcdf(tmp_path / "table.nc")
    with xr.open_dataset(tmp_path / "table.nc") as stored:
        assert same(exchange.from_xarray(stored), table)


def test_a_small_file(tmp_path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(SMALL, encoding="utf-8")
    table = exchange.read_csv(file)
    assert table.producers == (("North", "ore"), ("South", "metal"))
    assert table.users == (("South", "household"),)
    assert table.unit == "bn yuan"
    assert table.intermediate.tolist() == [[5.0, 40.0], [4.0, 30.0]]
    assert table.final_imports.tolist() == [[0.5]]


def test_what_is_left_out_is_calculated() -> None:
    lines = [line for line in SMALL.splitlines() if not line.startswith(("import", "value_added", "output"))]
    table = exchange.from_csv("\n".join(lines))
    assert table.output.tolist() == [51.0, 94.0]
    assert table.imported == ()
    assert table.incomes == (exchange.LEFT_OPEN,)
    assert table.value_added.tolist() == [[42.0, 24.0]]


def test_value_added_is_what_all_inputs_leave() -> None:
    lines = [line for line in SMALL.splitlines() if not line.startswith("value_added")]
    assert exchange.from_csv("\n".join(lines)).value_added.tolist() == [[41.0, 4.0]]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("4,30,60", "4,3O,60", r"line 5, column 5: '3O' is not a number"),
        ("4,30,60", "4,30", "line 5 has 5 cells, the heading has 6"),
        ("domestic,South,metal", "domestic,South,ore", "line 5 is 'South ore', but the column .* 'South metal'"),
        ("domestic,South,metal,4,30,60\n", "", "1 domestic lines for 2 columns of producers: the table is not square"),
        ("import,,ore", "imports,,ore", "line 6: 'imports' is none of the blocks domestic, import"),
        (",producer,user", ",user,producer", "columns of producers come first"),
        ("kind,producer", "kind,industry", "line 1, column 4: 'industry' is not producer or user"),
        (",,kind", ",,type", "line 1 must have the word 'kind'"),
        ("output,,output,51,94,", "output,,output,51,94,\noutput,,output,1,1,", "line 9: a second line of outputs"),
        ("4,30,60", "4,nan,60", "line 5, column 5: 'nan' is not a number; write it like 1234.5"),
        ("4,30,60", "4,1e999,60", "line 5, column 5: '1e999' is not a number"),
        ("4,30,60", "4,1_000,60", "line 5, column 5: '1_000' is not a number"),
        ("41,4,", "41,4,7", r"line 7, column 6: '7' in a column of final users; value_added is that of industries"),
        ("name,ore,metal", "name,ore,ore", "line 5 is 'South metal', but the column at this place is 'South ore'"),
        ("North,South,South", "South,South,South", "line 4 is 'North ore'"),
        ("region,North,South,South\nblock,region,name,ore,metal", "region,N,N,South\nblock,region,name,x,x",
         "column 5 is called 'N x' like column 4"),
        ("import,,ore,1,20,0.5\n", "import,,ore,1,20,0.5\n" * 2, "line 7: 'ore' stands in line 6 already"),
        ("4,30,60", '4,"30,60', "this is no CSV .*look for a quote without its pair"),
        (SMALL[SMALL.index("domestic") :], "", "needs 3 heading lines and its rows, this text has 3 lines"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table(old: str, new: str, message: str) -> None:
    assert old in SMALL
    with pytest.raises(ExchangeError, match=message):
        exchange.from_csv(SMALL.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ("4,30,60", "4,30,61", IdentityError, r"I1 rows.*South metal has 94 against 95"),
        ("41,4,", "41,5,", IdentityError, r"I2 columns.*South metal has 94 against 95"),
        ("51,94,", "51,-94,", ArgumentError, r"industry 1 \(South metal\) is negative: -94"),
        ("51,94,", "0,94,", ArgumentError, r"industry 0 \(North ore\) has purchases but no output: 5 in row 0"),
        ("5,40,6", "5,80,6", IdentityError, r"column 1 \(South metal\) buys 1\.38.*from North ore"),
    ],
)  # fmt: skip
def test_a_file_whose_table_cannot_be(old: str, new: str, error: type, message: str, tmp_path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(SMALL.replace(old, new), encoding="utf-8")
    with pytest.raises(error, match=message):
        exchange.read_csv(file)


def test_a_file_in_another_encoding_is_refused(tmp_path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(SMALL.replace("ore", "矿石").encode("gbk"))
    with pytest.raises(ExchangeError, match="not in UTF-8: save it as CSV UTF-8"):
        exchange.read_csv(file)


def test_names_like_formulas_are_harmless_and_come_back() -> None:
    odd = aggregate(nation(), {"ore": "=1+1", "metal": "'-x", "goods": "@sum"})
    text = exchange.to_csv(odd)
    assert ",=1+1" not in text
    assert exchange.from_csv(text).products == odd.products


def test_a_spreadsheet_may_write_its_lines_as_it_likes(tmp_path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert same(exchange.read_csv(file), exchange.from_csv(SMALL))


def test_an_industry_that_earns_nothing_is_read_if_one_says_so(tmp_path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(SMALL.replace("40,6", "40,6").replace("41,4,", "41,-50,").replace("1,20,0.5", "1,74,0.5"), "utf-8")
    with pytest.raises(IdentityError, match=r"column 1 \(South metal\) buys 1\.5.*inputs_below_output=False"):
        exchange.read_csv(file)
    assert exchange.read_csv(file, inputs_below_output=False).value_added[0, 1] == -50.0


def test_dimensions_of_a_dataset_may_stand_in_any_order() -> None:
    turned = exchange.to_xarray(nation()).transpose("buyer", "seller", "imported", "user", "income")
    assert same(exchange.from_xarray(turned), nation())
    other = exchange.to_xarray(nation())
    other = other.assign(output=other["output"].rename(seller="buyer"))
    with pytest.raises(ExchangeError, match="'output' has the dimensions"):
        exchange.from_xarray(other)


def test_a_dataset_without_a_variable_is_refused() -> None:
    with pytest.raises(ExchangeError, match="no variable 'imports'"):
        exchange.from_xarray(exchange.to_xarray(nation()).drop_vars("imports"))


@pytest.mark.oracle
def test_pymrio_there_and_back() -> None:
    pytest.importorskip("pymrio")
    system = exchange.to_pymrio(REGIONAL)
    back = exchange.from_pymrio(system, extension="factor_inputs", unit=REGIONAL.unit)
    assert same(back, REGIONAL)
    with pytest.raises(ExchangeError, match="no extension 'jobs'"):
        exchange.from_pymrio(system, extension="jobs")


@pytest.mark.oracle
def test_a_system_of_pymrio_is_a_table() -> None:
    pymrio = pytest.importorskip("pymrio")
    system = pymrio.load_test()
    table = exchange.from_pymrio(system)
    assert len(table.regions) == 6
    assert max(identities.check_table(table, 1e-9).values()) < 1e-9
    calculated = exchange.to_pymrio(table).calc_all()
    np.testing.assert_allclose(calculated.A.to_numpy(), table.coefficients, rtol=1e-12)
    assert identities.check_parts(table, exchange.from_pymrio(calculated)) < 1e-9


@pytest.mark.oracle
@pytest.mark.parametrize("frame", ["x", "F", "F_Y columns", "F_Y rows"])
def test_frames_of_a_system_in_another_order_are_refused(frame: str) -> None:
    pytest.importorskip("pymrio")
    system = exchange.to_pymrio(REGIONAL)
    factors = system.factor_inputs
    if frame == "x":
        system.x = system.x[::-1]
    elif frame == "F":
        factors.F = factors.F.iloc[:, ::-1]
    elif frame == "F_Y columns":
        factors.F_Y = factors.F_Y.iloc[:, ::-1]
    else:
        factors.F_Y = factors.F_Y[::-1]
    with pytest.raises(ExchangeError, match=r"the labels of .* are not those of Z and Y in the same order"):
        exchange.from_pymrio(system, extension="factor_inputs")


def test_a_system_without_flows_is_refused() -> None:
    with pytest.raises(ExchangeError, match="no Z or no Y"):
        exchange.from_pymrio(object())
