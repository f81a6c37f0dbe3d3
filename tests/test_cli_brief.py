"""``ningde brief`` and ``ningde export``: from two names to a page, from a folder to files; faults in one line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from sim.cli import BAD_INPUT, app


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs of a brief, and the brief."""
    folder = tmp_path_factory.mktemp("brief")
    done = call(
        *("brief", "baseline", "no_enclaves", "--seeds", "2", "--workers", "1", "--end", "2014-12", "--quiet"),
        *("--runs", str(folder / "runs"), "--out", str(folder / "page")),
    )
    assert done.exit_code == 0, done.output
    assert f"wrote {folder / 'page' / 'brief.html'}" in done.output
    return folder


def test_a_brief_is_about_the_second_scenario_and_keeps_its_runs(place: Path) -> None:
    html = (place / "page" / "brief.html").read_text(encoding="utf-8")
    assert "<h1>No enclaves</h1>" in html
    assert "Compared with <b>Baseline</b>. 2 pairs of runs" in html
    assert len(list((place / "runs").rglob("*.run"))) == 4


def test_runs_of_a_brief_are_exported(place: Path) -> None:
    done = call(
        "export", str(place / "runs"), "--format", "iamc", "--scenario", "baseline", "--out", str(place / "out")
    )
    assert done.exit_code == 0, done.output
    table = pd.read_csv(place / "out" / "iamc.csv")
    assert set(table["Scenario"]) == {"baseline"}
    assert table.columns[-1] == "2014"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("export", "RUNS", "--format", "xslx"), "--format: unknown 'xslx' (did you mean 'xlsx'?)"),
        (("export", "nowhere"), "nowhere: there is no manifest.json"),
        (("export", "RUNS", "--scenario", "basline"), "basline"),
        (("brief", "baseline", "baseline"), "two scenarios are called baseline"),
        (
            ("brief", "baseline", "no_enclaves", "--end", "2015-12", "--year", "2030"),
            "2030 is no full year of the runs",
        ),
        (("brief", "baseline", "no_enclaves", "--seeds", "many"), '--seeds: "many" is neither a number'),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    place: Path, words: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call(*(str(place / "runs") if word == "RUNS" else word for word in words))
    assert done.exit_code == BAD_INPUT
    assert message in done.output
    assert "Traceback" not in done.output
    assert len(done.output.strip().splitlines()) == 1
