"""The command `ningde explain`: what is printed, what is written, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sim import cli

PROJECT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the baseline, in which the command works."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "baseline.toml").write_bytes((PROJECT / "scenarios" / "baseline.toml").read_bytes())
    return tmp_path


def ningde(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, arguments, catch_exceptions=False)


@pytest.mark.slow
def test_a_run_is_explained_and_written(folder: Path) -> None:
    result = ningde("explain", "baseline", "--until", "2015-06", "--seed", "2", "--quiet", "--out", "why")
    assert result.exit_code == 0
    assert "Who came, where and why: Ningde, Jan 2014 to Jun 2015" in result.stdout
    assert "seed 2" in result.stdout
    assert "It has no plant in Ningde by Jun 2015." in result.stdout
    written = {path.name for path in (folder / "why").iterdir()}
    assert {"funnel.csv", "limits.csv", "projects.csv", "chains.csv", "limits.png", "chain_map_atl.png"} <= written
    assert "chain_map_saic.png" not in written
    assert "Written to why: funnel.csv" in result.stdout


def test_names_may_be_written_in_any_case() -> None:
    result = ningde("explain", "--until", "2014-03", "--county", "fuan", "--quiet")
    assert result.exit_code == 0
    assert "Projects of Fuan by way in" in result.stdout
    result = ningde("explain", "--until", "2014-03", "--leader", "tsingtuo", "--quiet")
    assert "The chain of Tsingtuo group, Mar 2014" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--county", "Fudin"), "--county: no county is called 'Fudin' (did you mean 'Fuding'?); choose one of"),
        (("--leader", "CATTL"), "--leader: no leader is called 'CATTL' (did you mean 'CATL'?); choose from CATL (Cont"),
        (("--until", "2036-01"), "--until: baseline is recorded from 2014-01 to 2035-12: 2036-01 is not in it"),
        (("--until", "soon"), '--until: "soon" is not a month'),
        (("--table", "none.csv"), "none.csv: the file cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    result = ningde("explain", *arguments, "--out", "why", "--quiet")
    assert result.exit_code == cli.BAD_INPUT
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (folder / "why").exists()
