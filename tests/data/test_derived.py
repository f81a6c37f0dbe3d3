"""The derived files are what the script makes of the carried figures."""

import csv

import pytest

from sim import data
from sim.data import derive


@pytest.mark.parametrize("name", list(derive.FILES))
def test_the_shipped_file_is_what_the_script_makes(name: str) -> None:
    assert derive.differs(derive.FILES[name](), data.text(name)) is None


@pytest.mark.parametrize("name", list(derive.FILES))
def test_a_changed_figure_is_noticed(name: str) -> None:
    lines = list(csv.reader(data.text(name).splitlines()))
    number, column = _first_number(lines)
    lines[number][column] = f"{float(lines[number][column]) * (1 + 1e-6):.12g}"
    changed = "\n".join(",".join(f'"{cell}"' for cell in line) for line in lines)
    assert f"line {number + 1}, column {lines[0][column]}" in str(derive.differs(data.text(name), changed))


def _first_number(lines: list[list[str]]) -> tuple[int, int]:
    """Line and column of the first figure above 1."""
    for number, line in enumerate(lines[1:], start=1):
        for column, cell in enumerate(line):
            if cell.replace(".", "").isdigit() and float(cell) > 1:
                return number, column
    raise AssertionError("no figure")


def test_missing_lines_and_cells_are_noticed() -> None:
    assert derive.differs("a,b\n1,2\n", "a,b\n") == "1 lines instead of 2"
    assert derive.differs("a,b\n1,2\n", "a,b\n1\n") == "line 2 has 1 cells instead of 2"
    assert derive.differs("a,b\n1,2\n", "a,b\n1,x\n") == "line 2, column b: x instead of 2"


def test_rounding_is_no_difference() -> None:
    assert derive.differs("a\n1234.56789012\n", "a\n1234.56789013\n") is None


def test_check_tells_and_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert derive.main(["--check"]) == 0
    monkeypatch.setattr(derive, "FILES", {"opening_output.csv": lambda: "county\n", "no_such.csv": lambda: "a\n"})
    assert derive.main(["--check"]) == 1
    told = capsys.readouterr().out
    assert "opening_output.csv: 241 lines instead of 1" in told
    assert "no_such.csv: the file is missing" in told


def test_the_national_products_close_in_the_file_itself() -> None:
    rows = data.rows("national_products_2018.csv")
    products = data.codes("products.csv")
    made = next(row for row in rows if row["block"] == "output")
    for row in rows:
        if row["block"] == "domestic":
            assert float(row["total"]) == pytest.approx(float(made[row["row"]]), rel=1e-9)
    for product in products:
        spent = sum(float(row[product]) for row in rows if row["block"] != "output")
        assert spent == pytest.approx(float(made[product]), rel=1e-9)
