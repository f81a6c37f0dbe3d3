"""The command `ningde validate`: two seeds from beginning to end, a second telling without runs, and refusals."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from sim import cli
from sim.experiment import validation
from sim.experiment.validation import KNOWN, PATHS, Job, Observed
from sim.opening.totals import OpeningError
from sim.report import validation as report

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


def stub(job: Job) -> Observed:
    """A run that costs nothing: what was published, a little apart in each seed."""
    if job.seed == BROKEN:
        raise OpeningError("opening: the counties hold less than nothing")
    published = report.facts()
    moments = {name: published[name].value * (1 + job.seed / 97) if name in published else 0.3 for name in job.moments}
    months = 71 if job.part == KNOWN else 96
    return Observed(moments, {name: np.arange(months) * (1.0 + job.seed / 7) for name in PATHS})


BROKEN = 5


def told(folder: Path) -> list[list[str]]:
    return list(csv.reader((folder / "validation.csv").read_text(encoding="utf-8").splitlines()))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "observe", stub)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_from_the_runs_to_the_report_and_again_without_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = ningde("validate", "--seeds", "4", "--workers", "1", "--out", "out")
    assert result.exit_code == 0, result.stderr
    assert "baseline, 4 seeds: 8 of 8 runs" in result.stderr
    assert "baseline, 4 seeds. Facts known until Nov 2019" in result.stdout
    assert "Caution: a 90 % band of 4 runs is hardly known" in result.stdout
    assert "a 90 % band of 4 runs is hardly known" in (folder / "out" / "validation.md").read_text(encoding="utf-8")
    names = {"moments.csv", "paths.csv", "validation.csv", "validation.md", "facts.png", "paths.png"}
    assert {path.name for path in (folder / "out").iterdir()} == names
    assert pd.read_csv(folder / "out" / "moments.csv")["fault"].isna().all()
    first = told(folder / "out")
    (folder / "out" / "validation.csv").unlink()
    monkeypatch.delattr(validation, "observe")  # nothing is run
    again = ningde("validate", "--from", "out/moments.csv")
    assert again.exit_code == 0
    assert again.stdout == result.stdout
    assert told(folder / "out") == first


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_a_seed_that_fails_is_told_and_the_report_stands(folder: Path) -> None:
    result = ningde("validate", "--seeds", "6", "--workers", "1", "--out", "out", "--quiet")
    assert result.exit_code == 0
    fault = "Seed 5 (known) is missing: OpeningError: opening: the counties hold less than nothing"
    assert fault in " ".join(result.stdout.split())
    assert fault in (folder / "out" / "validation.md").read_text(encoding="utf-8")
    rows = {row["moment"]: row for row in csv.DictReader((folder / "out" / "validation.csv").open(encoding="utf-8"))}
    assert rows["chain_projects_2019"]["runs"] == "5"


@pytest.mark.slow
def test_two_seeds_in_two_processes(folder: Path) -> None:
    """The whole way, with real runs; two processes give what one gives."""
    for workers in ("2", "1"):
        result = ningde("validate", "--seeds", "2", "--workers", workers, "--out", f"out{workers}", "--quiet")
        assert result.exit_code == 0, result.stderr
    assert told(folder / "out1") == told(folder / "out2")
    moments = pd.read_csv(folder / "out1" / "moments.csv")
    assert moments["seed"].tolist() == [1, 1, 2, 2]
    assert moments["fault"].isna().all()


@pytest.mark.slow
def test_an_interrupt_from_the_keyboard_ends_the_pool_without_a_traceback(folder: Path) -> None:
    command = [sys.executable, "-m", "sim.cli", "validate", "--seeds", "60", "--workers", "2", "--out", "out"]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True) as run:
        assert run.stderr is not None
        first = run.stderr.readline()  # a run is done
        os.killpg(run.pid, signal.SIGINT)
        try:
            _, rest = run.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            raise
        assert run.returncode == cli.INTERRUPTED
    assert "of 120 runs" in first
    assert "Traceback" not in rest
    assert "runs are done and kept in out/moments.csv" in rest
    assert len(report.read_moments(folder / "out" / "moments.csv")) >= 1


def test_if_no_run_ends_the_reason_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Job) -> Observed:
        raise OpeningError("opening: nothing fits")

    monkeypatch.setattr(validation, "observe", refuse)
    result = ningde("validate", "--seeds", "2", "--workers", "1", "--out", "out", "--quiet")
    assert result.exit_code == cli.BROKEN_BOOKS
    assert result.stderr == "baseline: no run came to its end: OpeningError: opening: nothing fits\n"


def test_an_interrupt_keeps_what_is_done(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(job: Job) -> Observed:
        if job.seed == 2:
            raise KeyboardInterrupt
        return stub(job)

    monkeypatch.setattr(validation, "observe", stop)
    result = ningde("validate", "--seeds", "5", "--workers", "1", "--out", "out", "--quiet")
    assert result.exit_code == cli.INTERRUPTED
    assert "stopped: 2 of 10 runs are done and kept in out/moments.csv" in result.stderr
    assert report.read_moments(folder / "out" / "moments.csv")["seed"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "none.csv"), "--from: none.csv: the file cannot be read: No such file or directory"),
        (("--from", "scenarios/baseline.toml"), "--from: scenarios/baseline.toml: this is no"),
        (("--from", "x.csv", "--seeds", "3"), "--from: the runs stand in the file; leave --seeds and --workers out"),
        (("baselin",), "baselin"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    result = ningde("validate", *arguments, "--out", "out")
    assert result.exit_code == cli.BAD_INPUT
    assert message in result.stderr
    assert not (folder / "out").exists()
