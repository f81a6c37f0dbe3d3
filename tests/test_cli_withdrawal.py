"""The command `ningde withdrawal`: what is printed, what is written, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sim import cli

PROJECT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the baseline and one that ends early, in which the command works."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "baseline.toml").write_bytes((PROJECT / "scenarios" / "baseline.toml").read_bytes())
    text = 'extends = "baseline"\n[run]\nend = "2015-12"\n'
    (tmp_path / "scenarios" / "short.toml").write_text(text)
    return tmp_path


def ningde(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["withdrawal", *arguments], catch_exceptions=False)


def refused(*arguments: str) -> str:
    result = ningde(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    return result.stderr.rstrip("\n")


def test_a_cut_is_told_and_written(folder: Path) -> None:
    few = ("--seeds", "1", "--workers", "1", "--quiet")
    result = ningde("short", "--leader", "Tsingtuo", "--size", "0.3", "--start", "2015-01", *few)
    assert result.exit_code == 0, result.stderr
    assert "Tsingtuo loses 30 % of its orders in Jan 2015" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    written = {path.name for path in (folder / "results" / "short_withdrawal").iterdir()}
    assert written == {"city.csv", "counties.csv", "suppliers.csv", "loss.png", "counties.png"}


def test_what_is_wrong_is_refused_in_one_line_and_leaves_nothing_behind(folder: Path) -> None:
    assert refused("short", "--start", "2022-01") == '--start: "2022-01" is after the last month of the run, 2015-12'
    assert refused("short", "--start", "2014-01").startswith('--start: "2014-01" has no month of the run before it')
    assert refused("short", "--start", "soon") == '--start: "soon" is not a month such as "2017-01"'
    assert "no leader is called 'CATTL' (did you mean 'CATL'?)" in refused("short", "--leader", "CATTL")
    assert refused("short", "--size", "all") == "--size: 'all' is neither exit nor a share such as 0.3"
    assert refused("short", "--size", "1.5", "--start", "2015-01") == "--size: 1.5 is above 0.95 (share)"
    assert refused("short", "--half-life", "3").startswith("--half-life: a firm that leaves does not come back")
    line = refused("short", "--size", "0.3", "--half-life=-1", "--start", "2015-01")
    assert line == "--half-life: -1 is below 0 (months, 0 = permanent)"
    assert not (folder / "results").exists()


def test_a_firm_without_a_plant_is_refused() -> None:
    line = refused("short", "--leader", "SAIC", "--start", "2014-03", "--seeds", "1", "--workers", "1", "--quiet")
    assert line == "--leader: SAIC makes nothing in Ningde in 2014-02, before the event"
