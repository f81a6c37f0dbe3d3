"""The double ledger on the terminal and in a folder: both views, each contract, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sim import cli
from sim.report.ledger import NoYearError, ledger_years, print_ledger, views
from sim.results import DamagedError, Run
from sim.results.contracts import COLUMNS, read_contracts
from tests.report import fake

ROWS = (
    "2017-04,Jiaocheng,Zherong,ZHERONG,V_PWTR,forward,0.5,0.5,0.3,0,0.5,0.2,10,32,96.5,9,2,2.88,16,4.1,2.87,2019-11,"
    "2028-10,plant closed\n"
    "2018-01,Shouning,Fuan,GANTANG,S_MELT,reverse,0.5,0.5,0.3,0,0.5,0.2,10,97,167,33,3,0,0,0,0,,2018-09,"
    "project failed\n"
)


@pytest.fixture(scope="module")
def run() -> Run:
    plain = fake.run(fake.scenario(end="2020-12"))
    monthly = plain.monthly
    residual = monthly["residual"].assign_coords(identity=["I1", "I2", "I13"])
    return Run(monthly.drop_dims("identity").assign(residual=residual), "", ",".join(COLUMNS) + "\n" + ROWS)


@pytest.fixture(scope="module")
def saved(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    return run.save(folder)[0]


def printed(run: Run, year: int = 2019) -> str:
    text = io.StringIO()
    print_ledger(run, year, text)
    return text.getvalue()


def command(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["ledger", *arguments], catch_exceptions=False)


def test_both_views_stand_side_by_side_in_eighty_columns(run: Run) -> None:
    text = printed(run)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text, "a column was cut"
    for name in (
        "Jiaocheng",
        "Zherong",
        "City",
        "2019: output, bn yuan and value added, bn yuan",
        "in place",
        "credited",
    ):
        assert name in text
    place, credited = views(run, "output", 2019)
    row = next(line for line in text.splitlines() if line.strip().startswith("Dongqiao"))
    first, second, moved = (float(cell.replace(",", "")) for cell in row.split()[1:4])
    assert first == pytest.approx(float(place.sel(county="Dongqiao")) / 1000, abs=0.006)
    assert second == pytest.approx(float(credited.sel(county="Dongqiao")) / 1000, abs=0.006)
    assert moved == pytest.approx(second - first, abs=0.011)
    city = next(line for line in text.splitlines() if line.strip().startswith("City"))
    assert city.split()[1] == city.split()[2]
    assert city.split()[3] == "+0.00"


def test_each_contract_tells_its_life(run: Run) -> None:
    lines = printed(run).splitlines()
    closed = next(line for line in lines if line.strip().startswith("2017-04"))
    cells = "2017-04 JC > ZR V_PWTR 96 32 2019-11 4.1 2.9 2028-10 closed"
    assert closed.split() == cells.split()
    failed = next(line for line in lines if line.strip().startswith("2018-01"))
    assert failed.split()[-4:] == ["0.0", "0.0", "2018-09", "failed"]
    text = " ".join(" ".join(lines).split())
    assert "2 contracts: 1 forward (to the mountains), 1 reverse" in text
    assert "; 1 failed before production, 1 ended with the plant. " in text


def test_without_contracts_it_says_so(run: Run) -> None:
    assert "No enclave contract was signed, so both views are the same." in printed(Run(run.monthly))


def test_the_table_of_contracts_is_stored_with_the_run_and_read_again(run: Run, saved: Path) -> None:
    assert Run.load(saved).contracts.equals(run.contracts)
    assert list(run.contracts) == list(COLUMNS)
    assert read_contracts("").empty


def test_a_damaged_table_is_refused(run: Run, tmp_path: Path) -> None:
    file = run.save(tmp_path)[0]
    table = tmp_path / "contracts-seed0001.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("96.5", "96.6"), encoding="utf-8")
    with pytest.raises(DamagedError, match="not the one its manifest describes"):
        Run.load(file)
    table.unlink()
    with pytest.raises(DamagedError, match="cannot be read"):
        Run.load(file)


def test_the_command_prints_a_saved_run(saved: Path) -> None:
    result = command(str(saved), "--year", "2018")
    assert result.exit_code == 0
    assert "2018: land of plants, mu" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--year", "2013"), "--year: 2013 is not a full year of the run, which has 2014 to 2020"),
        (("--seed", "3"), "--seed: a saved run has its seed already"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(saved: Path, arguments: tuple[str, ...], message: str) -> None:
    result = command(str(saved), *arguments)
    assert result.exit_code == 2
    assert result.stderr.strip() == message


def test_a_file_that_is_not_there_is_refused() -> None:
    result = command("nothing/run-seed0001.nc")
    assert result.exit_code == 2
    assert "there is no such file" in result.stderr


def test_the_last_full_year_is_told_if_none_is_named(run: Run) -> None:
    assert ledger_years(run, None) == 2020
    short = fake.run(fake.scenario(start="2014-03", end="2014-12"))
    with pytest.raises(NoYearError, match="no full calendar year"):
        ledger_years(short, None)
