"""The command `ningde io`, and a table of one's own: what is printed, what is written, what is refused."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import sim
from sim import cli
from sim.inputoutput import exchange
from sim.inputoutput.tables import Table

PROJECT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the baseline, in which the command works."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "baseline.toml").write_bytes((PROJECT / "scenarios" / "baseline.toml").read_bytes())
    return tmp_path


@pytest.fixture(scope="module")
def opening() -> Table:
    return sim.table(sim.load(PROJECT / "scenarios" / "baseline.toml"))


def ningde(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, arguments, catch_exceptions=False)


def test_the_opening_is_printed_for_a_person() -> None:
    result = ningde("io")
    assert result.exit_code == 0
    for title in ("Multipliers:", "Linkages", "Hypothetical extraction", "Local content"):
        assert title in result.stdout
    assert "Input-output table of Ningde by product, Dec 2013" in result.stdout


def test_one_view_as_csv() -> None:
    result = ningde("io", "--view", "content", "--place", "Fuding", "--csv")
    lines = list(csv.DictReader(io.StringIO(result.stdout)))
    assert {line["county"] for line in lines} == {"Fuding"}
    assert float(lines[0]["bought_ningde"]) >= float(lines[0]["bought_own_county"])


def test_a_csv_is_sorted_too() -> None:
    result = ningde("io", "--view", "extraction", "--csv", "--sort", "loss_jobs")
    losses = [float(line["loss_jobs"]) for line in csv.DictReader(io.StringIO(result.stdout))]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.slow
def test_everything_is_written_to_a_folder(folder: Path, opening: Table) -> None:
    result = ningde("io", "--view", "linkages", "--draws", "3", "--quiet", "--out", "tables")
    assert result.exit_code == 0
    written = {path.name for path in (folder / "tables").iterdir()}
    assert {
        "table.csv",
        "linkages.csv",
        "content.csv",
        "extraction.csv",
        "bands.csv",
        "table.png",
        "multipliers.png",
        "chain_catl.png",
    } <= written
    back = exchange.read_csv(folder / "tables" / "table.csv")
    assert (back.intermediate == opening.intermediate).all()


def test_a_month_of_a_run() -> None:
    result = ningde("io", "--month", "2014-02", "--view", "extraction", "--sort", "loss_jobs", "--quiet")
    assert result.exit_code == 0
    assert "Feb 2014" in result.stdout
    first = next(line for line in result.stdout.splitlines() if line.startswith(" Agri"))
    assert result.stdout.index(first) < result.stdout.index(" Battery cells")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--view", "multiplier"), "--view: unknown 'multiplier' (did you mean 'multipliers'?); choose from"),
        (("--place", "Fudin"), "--place: no county is called 'Fudin' (did you mean 'Fuding'?); choose one"),
        (("--month", "2012-01"), "--month: the tables of baseline reach from 2013-12 to 2035-12: there is none"),
        (("--month", "soon"), '--month: "soon" is not a month'),
        (("--csv",), "--csv: choose one view with --view"),
        (("--sort", "size"), "--sort: unknown 'size'"),
        (("--draws", "2", "--month", "2014-01"), "--draws: only our own opening table is drawn"),
        (("--table", "none.csv"), "none.csv: the file cannot be read: No such file or directory"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_line(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    result = ningde("io", *arguments, "--out", "tables")
    assert result.exit_code == cli.BAD_INPUT
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (folder / "tables").exists()


def test_a_run_on_a_table_of_ones_own(folder: Path, opening: Table) -> None:
    (folder / "mine.csv").write_text(exchange.to_csv(opening), encoding="utf-8")
    result = ningde("run", "baseline", "--table", "mine.csv", "--end", "2014-12", "--quiet")
    assert result.exit_code == 0
    assert "The opening rests on a table of the user (table " in result.stdout


def test_a_table_of_ones_own_with_a_fault_is_refused_before_anything_runs(folder: Path, opening: Table) -> None:
    text = exchange.to_csv(opening)
    line = text.splitlines()[40]
    cells = line.split(",")
    cells[50] = str(float(cells[50]) + 1000.0)
    (folder / "mine.csv").write_text(text.replace(line, ",".join(cells)), encoding="utf-8")
    for command in (("run", "baseline"), ("io",)):
        result = ningde(*command, "--table", "mine.csv")
        assert result.exit_code == cli.BAD_INPUT
        assert "mine.csv: I1 rows, output = deliveries: Dongqiao" in result.stderr
    assert not (folder / "results").exists()
