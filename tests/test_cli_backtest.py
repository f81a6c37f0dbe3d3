"""The command `ningde backtest`: made-up members from beginning to end, a second telling without runs, refusals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sim import cli
from sim.experiment.backtest import study
from sim.experiment.backtest.runs import Job
from sim.report import backtest_figures
from tests.experiment.backtest import made_up

PROJECT = Path(__file__).parents[1]

HEADING = "region,variable,period,value,low,high,unit,published,source,grade"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the baseline and a file of facts, in which the command works; members cost nothing."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "baseline.toml").write_bytes((PROJECT / "scenarios" / "baseline.toml").read_bytes())
    rows = [
        f"Ningde,gdp_nominal,{year},{90 + year - 2000},,,bn CNY,{year + 1}-03,own,sourced" for year in range(2010, 2022)
    ]
    (tmp_path / "own.csv").write_text("\n".join([HEADING, *rows]) + "\n", encoding="utf-8")
    few = "\n".join([HEADING, rows[4], rows[5], rows[7]])
    (tmp_path / "few.csv").write_text(few + "\n", encoding="utf-8")
    made: Callable[[Job], dict[str, float]] = made_up.run
    monkeypatch.setattr(study, "backtest", partial(study.backtest, function=made))
    return tmp_path


def ningde(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ("backtest", *arguments), catch_exceptions=False)


def small(*arguments: str) -> Result:
    chosen = () if "--origins" in arguments else ("--origins", "2016-12,2018-12")
    few = ("--members", "4", "--null-members", "2", "--workers", "1", "--quiet")
    return ningde(*chosen, "--facts", "own.csv", "--skip", *few, *arguments)


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest_figures, "save_backtest_figures", lambda *_: [])


def test_facts_of_the_user_are_forecast_scored_and_told(folder: Path) -> None:
    found = small("--out", "told", "--modes", "conditional")
    assert found.exit_code == 0, found.output
    assert "random walk with drift" in found.output
    names = {"scores.csv", "forecasts.csv", "backtest.json", "record.md", "skill.png", "doubt.png", "fans_2018-12.png"}
    assert names <= {path.name for path in (folder / "told").iterdir()}
    record = (folder / "told" / "record.md").read_text(encoding="utf-8")
    assert "own.csv" in record
    assert "## All origins together" in record


@pytest.mark.usefixtures("no_figures")
def test_telling_it_again_runs_nothing_and_says_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = small("--out", "told", "--origins", "2018-12", "--modes", "conditional")
    record = (folder / "told" / "record.md").read_text(encoding="utf-8")
    monkeypatch.setattr(study, "backtest", None)
    again = ningde("--from", "told")
    assert (again.exit_code, again.stdout) == (0, first.stdout)
    assert (folder / "told" / "record.md").read_text(encoding="utf-8") == record


@pytest.mark.usefixtures("no_figures")
def test_the_record_states_the_protocol_that_was_given(folder: Path) -> None:
    (folder / "mine.md").write_text("my own rules", encoding="utf-8")
    small("--out", "told", "--origins", "2018-12", "--modes", "conditional", "--protocol", "mine.md")
    told = json.loads((folder / "told" / "backtest.json").read_text(encoding="utf-8"))
    assert told["protocol_sha256"] == hashlib.sha256(b"my own rules").hexdigest()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--origins", "2019"), "2019"),
        (("--origins", "2016-12,2009-01"), "2009-01: runs can know up to"),
        (("--modes", "given"), "there is no mode 'given'; choose from unconditional, conditional"),
        (("--facts", "none.csv"), "none.csv: there is no such file"),
        (("--protocol", "none.md", "--facts", "own.csv", "--skip"), "--protocol: none.md: the file cannot be read"),
        (("--from", "none"), "--from: none/backtest.json: the file cannot be read"),
        (("--posterior", "nowhere"), "--posterior: "),
        (("--facts", "few.csv", "--origins", "2016-12"), "few.csv:4: gdp_nominal of Ningde, 2017: from 2016-12: "),
    ],
)
def test_bad_input_is_one_clear_line_a_fault(arguments: tuple[str, ...], sentence: str) -> None:
    found = ningde(*arguments)
    assert found.exit_code == cli.BAD_INPUT
    assert sentence in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.usefixtures("no_figures")
def test_faulty_rows_are_named_by_line_and_left_out_only_when_asked(folder: Path) -> None:
    with (folder / "own.csv").open("a", encoding="utf-8") as file:
        file.write("Ningde,gdp_nominal,2019,5,,,bushels,2020-05,own,sourced\n")
    refused = ningde("--facts", "own.csv", "--origins", "2018-12")
    assert refused.exit_code == cli.BAD_INPUT
    assert "own.csv:14: " in refused.stderr
    found = small("--out", "told", "--origins", "2018-12", "--modes", "conditional", "--null-members", "0")
    assert found.exit_code == 0, found.output
    assert "left out: own.csv:14: " in found.stderr


def test_members_that_all_fail_end_it_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_job: Job) -> dict[str, float]:
        raise ValueError("nothing is left")

    monkeypatch.setattr(study, "backtest", partial(study.backtest.func, function=broken))  # type: ignore[attr-defined]
    found = small("--out", "told")
    assert found.exit_code == cli.BROKEN_BOOKS
    assert "no member came to its end: ValueError: nothing is left" in found.stderr


def test_a_posterior_serves_the_origin_of_its_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.cli import backtesting
    from sim.experiment import drawn
    from sim.experiment.backtest.plan import BacktestError
    from sim.parameters import Month

    class Draws:
        names = ("location.market_access",)

        def __init__(self, month: str) -> None:
            self.as_of, self.name, self.digest = Month(month), f"from {month}", month

    monkeypatch.setattr(drawn, "read_posterior", Draws)
    monkeypatch.setattr(drawn, "shipped", lambda: ("2016-12",))
    origins = (Month("2016-12"), Month("2018-12"))
    assert [str(month) for month in backtesting._posteriors(None, origins)] == ["2016-12"]
    assert [str(month) for month in backtesting._posteriors(["2018-12"], origins)] == ["2018-12"]
    assert backtesting._posteriors(["none"], origins) == {}
    with pytest.raises(BacktestError, match="none of the origins"):
        backtesting._posteriors(["2017-12"], origins)
    with pytest.raises(BacktestError, match=r"both of 2016-12"):
        backtesting._posteriors(["2016-12", "2016-12"], origins)
