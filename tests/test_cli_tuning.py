"""The commands for problems of policy: whole runs of each on a short problem, and every refusal in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sim
from sim.cli import BAD_INPUT, app
from sim.experiment.tuning.problem_file import read_problem
from tests.experiment.tuning.problems import TOY, written

ROOT = Path(__file__).parents[1]

SHORT = TOY.replace("year = 2030", 'year = 2016\nsince = "2015-01"').replace("seeds = 2", "seeds = 2\nvary = { VARY }")
SHORT = SHORT.replace("VARY", '"demand.legacy_trend" = [-0.2, 0.03]') + '[[limits]]\noutcome = "gap"\nmost = 1.7\n'


def called(*words: object) -> tuple[int, str]:
    """Exit code, and what was printed, in one line."""
    found = CliRunner().invoke(app, [str(word) for word in words], terminal_width=200)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.exit_code, " ".join(found.output.split())


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "problems").glob("*.toml")))
def test_every_shipped_problem_can_be_read_and_holds_the_current_policy(name: str) -> None:
    found = read_problem(ROOT / "problems" / f"{name}.toml")
    assert found.title
    assert found.question.endswith("?")
    for lever, value in found.present().items():
        bounds = next((each.low, each.high) for each in found.levers if each.name == lever)
        assert bounds[0] <= value <= bounds[1], lever
    found.plan(found.settings([0.5] * len(found.levers)))


def test_outcomes_are_listed() -> None:
    code, text = called("search", "--outcomes")
    assert code == 0
    assert "mountain_share share of the mountain counties in value added (share); usually more is better" in text
    assert "Zherong" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("search",), "which problem? Give a file, or one of"),
        (("search", "nowhere"), "there is no such file"),
        (("search", "PROBLEM", "--method", "magic"), "--method: unknown 'magic'; choose from surrogate, tpe"),
        (("sensitivity", "PROBLEM", "--years", "2013"), "--years: '2013' is no year from 2014 to 2016"),
        (("sensitivity", "PROBLEM", "--rows", "3", "--trajectories", "2"), "a power of 2 as rows, not 1 and 3"),
        (("robustness", "PROBLEM", "nowhere"), "nowhere"),
        (("search", "BROKEN"), "levers[1].path: \"promotion.budgt\" is no lever (did you mean 'promotion.budget'?)"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    problem = written(tmp_path, SHORT, "short")
    broken = written(tmp_path, SHORT.replace('"promotion.budget"\nlow', '"promotion.budgt"\nlow'), "broken")
    files = {"PROBLEM": problem, "BROKEN": broken}
    code, text = called(*(files.get(word, word) for word in words))
    assert code == BAD_INPUT
    assert said in text


@pytest.mark.slow
def test_a_search_goes_from_the_file_to_scenarios_and_again_without_a_run(tmp_path: Path) -> None:
    problem, out = written(tmp_path, SHORT, "short"), tmp_path / "out"
    words = ("search", problem, "--points", 12, "--population", 6, "--fresh", 2, "--workers", 2, "--out", out)
    code, text = called(*words)
    assert code == 0
    assert "warning: 12 points can hardly tell 3 levers apart: give --points 30" in text
    assert "recommended:" in text
    names = {file.name for file in out.iterdir()}
    assert {"points.csv", "front.csv", "front_goals.png", "front_levers.png", "front_counties.png"} <= names
    plans = sorted(out.glob("short_*.toml"))
    assert plans
    assert sim.load(plans[0]).end == sim.load(plans[0]).run.end
    kept = (out / "runs.jsonl").read_bytes()
    assert called(*words)[0] == 0
    assert (out / "runs.jsonl").read_bytes() == kept
    assert json.loads((out / "search.json").read_text())["problem"] == read_problem(problem).digest
    code, text = called("search", problem, "--points", 12, "--population", 5, "--workers", 2, "--out", out)
    assert code == 3
    assert "holds another way of searching" in text
    code, text = called("robustness", problem, *plans[:2], "--futures", 8, "--workers", 2, "--out", tmp_path / "r")
    assert code == 0
    assert "in 8 futures" in text
    assert (tmp_path / "r" / "policies.png").stat().st_size > 10_000


@pytest.mark.slow
def test_a_study_of_sensitivity_goes_from_the_file_to_tables_and_figures(tmp_path: Path) -> None:
    problem, out = written(tmp_path, SHORT, "short"), tmp_path / "out"
    words = ("sensitivity", problem, "--trajectories", 3, "--rows", 4, "--workers", 2, "--out", out, "--years")
    code, text = called(*words, "2015,2016")
    assert code == 0
    assert "3 levers and 1 uncertain parameters" in text
    assert {file.name for file in out.iterdir()} >= {"screening.csv", "variance.csv", "tornado.png", "variance.png"}
