"""The command `ningde published`: the statistics of a saved run, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sim import cli
from tests.report import fake


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    return fake.run(fake.scenario(end="2020-12")).save(folder)[0]


def published(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["published", str(file), *arguments], catch_exceptions=False)


def test_the_end_of_known_facts_in_official_counties(saved: Path) -> None:
    result = published(saved)
    assert result.exit_code == 0
    assert "statistics as published, Jan to Nov 2019" in result.stdout
    assert "Dongqiao inside Jiaocheng" in result.stdout
    assert "rank" not in result.stdout


def test_another_period_view_and_rivals(saved: Path, tmp_path: Path) -> None:
    rivals = tmp_path / "rivals.csv"
    rivals.write_text("prefecture,indicator,period,value,unit\nAlpha,exports,2020,1000,%\n", encoding="utf-8")
    result = published(saved, "--period", "2020", "--view", "model", "--rivals", str(rivals))
    assert result.exit_code == 0
    assert "10 regions of the model" in result.stdout
    assert "2/2" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--view", "oficial"), "--view: unknown 'oficial' (did you mean 'official'?)"),
        (("--period", "2013"), "period 2013: the record does not cover"),
        (("--period", "soon"), "period 'soon': write a year"),
        (("--rivals", "none.csv"), "none.csv: the file cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(saved: Path, arguments: tuple[str, ...], message: str) -> None:
    result = published(saved, *arguments)
    assert result.exit_code == cli.BAD_INPUT
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_file_that_is_no_run_is_refused(tmp_path: Path) -> None:
    result = published(tmp_path / "run-seed0001.nc")
    assert result.exit_code == cli.BAD_INPUT
    assert "there is no such file" in result.stderr
