"""The commands compare, attribute and spread on tiny runs: what they print, what they refuse and with which code."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import sim
from sim.cli import BAD_INPUT, app
from sim.experiment.ensemble import ensemble

TWO = 'extends = "baseline"\n[fiscal]\nincentive_cap = 0.12\n[land]\ndiscount = 0.3\n'
END = "2014-12"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two scenarios run on two seeds, and one of another period."""
    folder = tmp_path_factory.mktemp("compare")
    base = sim.load("baseline").replace({"run.end": END})
    two = base.replace({"fiscal.incentive_cap": 0.12, "land.discount": 0.3}, name="two")
    ensemble([base, two], range(1, 3), workers=1, folder=folder / "runs")
    short = [each.replace({"run.end": "2015-01"}) for each in (base, two)]
    ensemble(short, [1], workers=1, folder=folder / "short")
    (folder / "scenarios").mkdir()
    text = Path("scenarios/baseline.toml").read_text(encoding="utf-8")
    (folder / "scenarios" / "baseline.toml").write_text(text, encoding="utf-8")
    (folder / "scenarios" / "two.toml").write_text(TWO, encoding="utf-8")
    return folder


def call(place: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    monkeypatch.chdir(place)
    found = CliRunner().invoke(app, list(words))
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found.exit_code, found.stdout, found.stderr


def test_a_folder_is_compared(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = call(
        place, monkeypatch, "compare", "runs", "--variable", "output", "--view", "difference", "--view", "cost"
    )
    assert code == 0
    assert "less baseline" in out
    assert "Fuding" in out
    assert "cost for a yuan of value added" in out


def test_without_a_question_all_measures_are_shown(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = call(place, monkeypatch, "compare", "runs", "--out", "csv")
    assert code == 0
    assert all(word in out for word in ("gross output", "jobs", "public debt", "Fuding"))
    assert "share of runs that reach it" in out
    assert "public money over the whole run" in out
    whole = pd.read_csv(place / "csv" / "overview.csv").set_index(["variable", "region"])
    frame = pd.read_csv(place / "csv" / "difference.csv").set_index("region")
    assert whole.loc[("output", "city"), "mean"] == pytest.approx(frame.loc["city", "mean"] / 1e3)
    counties = [name for name in frame.index if name[0].isupper()]
    assert len(counties) == 10
    assert frame.loc[counties, "mean"].sum() == pytest.approx(frame.loc["city", "mean"])
    assert frame.loc["city", "reduction"] <= 1
    assert (place / "csv" / "inequality.csv").is_file(), "the folder gets every view"


def test_scenarios_are_run_first_and_kept(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("compare", "two", "--end", END, "--seeds", "2", "--workers", "1", "--runs", "runs", "--view", "tails")
    code, out, err = call(place, monkeypatch, *words)
    assert code == 0
    assert "4 of 4 runs already" in err
    assert "worst tenth" in out


def test_a_package_is_taken_apart(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("attribute", "two", "--end", END, "--seeds", "1", "--workers", "1", "--out", "parts", "--region", "coast")
    code, out, err = call(place, monkeypatch, *words)
    assert code == 0
    assert "2 changes, all mixes: 4 scenarios, 4 runs" in err
    assert "how two changes act together" in out
    frame = pd.read_csv(place / "parts" / "parts.csv").set_index("change")
    assert frame.loc[["fiscal.incentive_cap", "land.discount"], "mean"].sum() == pytest.approx(
        frame.loc["all changes", "mean"], abs=1e-6
    )
    assert frame.loc["land.discount", "mean"] != 0
    counties = pd.read_csv(place / "parts" / "counties.csv")
    assert set(counties["year"]) == {2014}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("compare", "runs", "--region", "Fudin"), "did you mean 'Fuding'"),
        (("compare", "runs", "--variable", "outptu"), "did you mean 'output'"),
        (("compare", "runs", "--product", "B_CEL"), "did you mean 'B_CELL'"),
        (("compare", "runs", "--view", "reach", "--given", "Nix above"), "did you mean 'Ni'"),
        (("compare", "runs", "--view", "reach", "--definition", "gpd"), "did you mean 'gdp'"),
        (("compare", "runs", "--view", "reach", "--target", "-4"), "not above 0"),
        (("compare", "runs", "--year", "2030"), "no full year of the runs"),
        (("compare", "runs", "--view", "costs"), "did you mean 'cost'"),
        (("compare", "runs", "--against", "nothing"), "no scenario of the ensemble"),
        (("compare", "runs", "two"), "name folders only, or scenarios only"),
        (("compare", "runs", "short"), "do not cover the same months"),
        (("compare", "scenarios"), "manifest.json"),
        (("attribute", "baseline"), "nothing to attribute"),
        (("attribute", "two", "--by", "county"), "choose lever or table"),
    ],
)
def test_bad_input_is_refused_in_one_line(
    place: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], line: str
) -> None:
    code, out, err = call(place, monkeypatch, *words)
    assert code == BAD_INPUT
    assert line in err
    assert len(err.strip().splitlines()) == 1
    assert not out


def test_other_code_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (place / "runs" / "manifest.json").read_text(encoding="utf-8")
    code = sim.Ensemble.load(place / "runs").made_by.code
    other = place / "other"
    other.mkdir()
    (other / "manifest.json").write_text(text.replace(code, "0" * 64), encoding="utf-8")
    (other / "runs").symlink_to(place / "runs" / "runs")
    code_, _, err = call(place, monkeypatch, "compare", "runs", "other")
    assert code_ == BAD_INPUT
    assert "not run under common luck" in err or "another run" in err
    assert len(err.strip().splitlines()) == 1
