"""The command line around many runs: run --seeds, results, verify; each refusal is one line with what to do."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import sim
from sim import cli
from sim.experiment import verification
from sim.experiment.ensemble import ensemble
from sim.experiment.store import open_store
from sim.experiment.verification import first_departure, first_departure_of_vectors

PROJECT = Path(__file__).parents[1]


def ningde(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def scenario():
    return sim.load("baseline").replace({"run.end": "2014-12"})


@pytest.fixture(scope="module")
def made(scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ensemble of two runs."""
    folder = tmp_path_factory.mktemp("made") / "store"
    ensemble(scenario, 2, workers=1, folder=folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in a working directory of its own."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made, tmp_path / "store")
    return Path("store")


def flip(path: Path, place: int = 5000) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 4
    path.write_bytes(content)


def the_run(folder: Path, seed: int) -> Path:
    return next(folder.glob(f"runs/*/seed-{seed:09d}.run"))


# --- run --seeds ------------------------------------------------------------------------------------------------------


def test_run_with_seeds_adds_what_is_missing_and_says_what_came_out(folder: Path) -> None:
    done = ningde("run", "baseline", "--seeds", "3", "--workers", 1, "--end", "2014-12", "--out", folder)
    assert done.exit_code == 0
    assert "store has 2 of 3 runs already" in done.stderr
    assert "1 of 1 runs" in done.stderr
    assert done.stdout.startswith("baseline: 3 runs; above-scale output of the 12 months to 2014-12: median ")
    assert open_store(folder).seeds("baseline") == (1, 2, 3)


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ("1-3,3-5", "--seeds: 1-3 and 3-5 overlap: runs would count double; give each seed once"),
        ("4,1-9", "--seeds: 1-9 and 4 overlap: runs would count double; give each seed once"),
        ("2147483648-2147483649", "--seeds: 2147483649 is above the highest seed 2147483647"),
        ("2000000", "--seeds: more than 1000000 seeds; a few hundred tell what chance does"),
        ("9-3", "--seeds: 9-3 holds no seed; write the smaller number first"),
        ("0", "--seeds: 0 holds no seed; write the smaller number first"),
        ("many", '--seeds: "many" is neither a number of seeds such as 200 nor a span such as 201-400'),
        ("-5", '--seeds: "-5" is neither a number of seeds such as 200 nor a span such as 201-400'),
    ],
)
def test_seeds_that_cannot_be_meant_are_refused_before_anything_is_read(seeds: str, message: str) -> None:
    refused = ningde("run", "no_such_scenario", f"--seeds={seeds}")
    assert (refused.exit_code, refused.stderr.strip()) == (2, message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--workers", "2"], "--workers and --cluster are for many runs"),
        (["--cluster", "tcp://a:1"], "--workers and --cluster are for many runs"),
        (["--seeds", "2", "--seed", "3"], "--seed is for one run, --seeds for many"),
        (["--seeds", "2", "--table", "mine.csv"], "--table: runs of many seeds start from the estimated table"),
        (["--seeds", "2", "--workers", "2", "--cluster", "tcp://a:1"], "--workers: the cluster has its own"),
    ],
)
def test_options_that_exclude_each_other_are_refused(options: list[str], message: str) -> None:
    refused = ningde("run", "baseline", *options)
    assert refused.exit_code == 2
    assert refused.stderr.startswith(message)
    assert refused.stderr.count("\n") == 1


def test_more_memory_than_the_machine_has_is_refused_with_the_number_that_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.experiment.ensemble.memory_of_machine", lambda: 1e9)
    refused = ningde("run", "baseline", "--seeds", "2", "--workers", 64, "--out", tmp_path / "store")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("--workers: 64 processes would need about ")
    assert "this machine has 1.0 GB; give --workers 2" in refused.stderr
    assert not (tmp_path / "store").exists()


def test_other_months_and_other_code_are_refused_in_one_line(folder: Path) -> None:
    refused = ningde("run", "baseline", "--seeds", "2", "--end", "2015-01", "--out", folder)
    assert refused.exit_code == 2
    assert "its runs go from 2014-01 to 2014-12, not from 2014-01 to 2015-01; name another folder" in refused.stderr
    manifest = folder / "manifest.json"
    told = json.loads(manifest.read_text())
    told["origin"]["code"] = "0" * 64
    manifest.write_text(json.dumps(told))
    refused = ningde("run", "baseline", "--seeds", "2", "--workers", 1, "--end", "2014-12", "--out", folder)
    assert refused.exit_code == 2
    assert "its runs were made by other code (" in refused.stderr.splitlines()[-1]
    assert open_store(folder).seeds("baseline") == (1, 2)


def test_a_file_where_the_folder_should_be_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("mine")
    refused = ningde("run", "baseline", "--seeds", "2", "--end", "2014-12", "--out", tmp_path / "store")
    assert refused.exit_code == 2
    assert "is a file, so there can be no folder for the results" in refused.stderr
    assert (tmp_path / "store").read_text() == "mine"


def test_a_full_disk_says_what_is_kept_and_how_to_go_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    stopped = ningde("run", "baseline", "--seeds", "3", "--workers", 1, "--end", "2014-12", "--out", folder, "--quiet")
    assert stopped.exit_code == 2
    assert stopped.stderr.count("\n") == 1
    assert "No space left on device" in stopped.stderr
    assert "2 of 3 runs are finished and kept in store; mend that, and the same command goes on" in stopped.stderr


def test_a_second_writer_is_told_who_writes(folder: Path, scenario) -> None:
    from sim.experiment.store import writing

    with writing(folder, [scenario]):
        refused = ningde("run", "baseline", "--seeds", "3", "--end", "2014-12", "--out", folder, "--quiet")
    assert refused.exit_code == 2
    assert f"process {os.getpid()} on " in refused.stderr
    assert "writes there now" in refused.stderr


def test_a_run_that_fails_ends_with_its_code_and_the_others_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sim.run

    def fails(scenario, seed):
        if seed == 1:
            raise ValueError("no such luck")
        return real(scenario, seed)

    monkeypatch.setattr("sim.experiment.ensemble.run", fails)
    done = ningde("run", "baseline", "--seeds", "2", "--workers", 1, "--end", "2014-12", "--out", tmp_path / "s")
    assert done.exit_code == 3
    assert "baseline, seed 1: ValueError: no such luck" in done.stderr
    assert done.stderr.splitlines()[-1] == "1 run failed"
    assert open_store(tmp_path / "s").seeds("baseline") == (2,)


def test_ctrl_c_stops_cleanly_and_says_how_to_resume(tmp_path: Path) -> None:
    words = ["run", "baseline", "--seeds", "500", "--workers", "2", "--end", "2014-12", "--out", "store"]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "sim.cli", *words],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + 120
    while not list(tmp_path.glob("store/runs/*/*.run")) and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the command
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    last = said.splitlines()[-1]
    there = len(open_store(tmp_path / "store").seeds("baseline"))
    assert last == (f"stopped: {there} of 500 runs are finished and kept in store; the same command goes on from there")
    assert "Traceback" not in said
    assert open_store(tmp_path / "store").check() == []
    assert not left_of(process.pid), "no process is left"


def left_of(group: int) -> list[str]:
    """Commands of the processes of a group that are there after a while."""
    found: list[str] = []
    for _ in range(50):
        listed = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()]
        found = [row[2] for row in rows if row[0] == str(group) and not row[1].startswith("Z")]
        if not found:
            break
        time.sleep(0.1)
    return found


# --- results ----------------------------------------------------------------------------------------------------------


def test_results_lists_what_is_there(folder: Path) -> None:
    told = ningde("results", folder)
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert lines[0].startswith("store: runs from 2014-01 to 2014-12, made by ")
    assert "baseline: 2 runs (seeds 1-2)" in lines[1]
    assert ningde("results", ".").stdout == told.stdout, "also found from the folder above"


def test_results_tells_damaged_files_by_name(folder: Path) -> None:
    flip(the_run(folder, 2))
    told = ningde("results", folder)
    assert told.exit_code == 2
    assert "seed-000000002.run: the file is damaged" in told.stderr
    assert "the same ningde run makes it anew" in told.stderr
    assert "baseline: 1 run (seeds 1)" in told.stdout


def test_results_of_nothing_is_refused(tmp_path: Path) -> None:
    for place, message in ((tmp_path / "none", "there is no such folder"), (tmp_path, "there are no results in it")):
        refused = ningde("results", place)
        assert refused.exit_code == 2
        assert message in refused.stderr


def test_results_lists_single_runs_too(tmp_path: Path, scenario) -> None:
    sim.run(scenario, 7).save(tmp_path / "baseline")
    told = ningde("results", tmp_path)
    assert told.exit_code == 0
    assert "run-seed0007.nc: baseline, seed 7, 2014-01 to 2014-12" in told.stdout.replace("\n", "")


# --- verify -----------------------------------------------------------------------------------------------------------


def test_verify_says_bit_identical_of_a_run_of_an_ensemble(folder: Path) -> None:
    by_name = ningde("verify", "baseline:2", "--in", folder)
    assert by_name.exit_code == 0
    numbers = len(open_store(folder).vector("baseline", 2))
    assert numbers > 1_000
    assert by_name.stdout == f"baseline, seed 2: bit-identical, {numbers:,} numbers\n"
    assert ningde("verify", the_run(folder, 2)).stdout == by_name.stdout


def test_verify_names_the_first_year_region_and_column_that_differ(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = verification.record

    def other(run, layout):
        vector = real(run, layout)
        jobs = layout.view(vector, "jobs")
        jobs[0, 4, 2] = np.nextafter(jobs[0, 4, 2], np.inf)  # the last bit of one number
        return vector

    monkeypatch.setattr(verification, "record", other)
    told = ningde("verify", "baseline:1", "--in", folder)
    assert told.exit_code == 3
    county, product = (open_store(folder).layout.coords[dim] for dim in ("county", "product"))
    assert told.stderr.startswith(f"baseline, seed 1: differs first in 2014, {county[4]}, jobs ({product[2]}): stored ")


def test_verify_of_a_saved_run_names_the_first_month(tmp_path: Path, scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = sim.run(scenario, 3)
    saved.save(tmp_path)
    same = ningde("verify", tmp_path)
    assert same.exit_code == 0
    assert same.stdout.startswith("baseline, seed 3: bit-identical, ")
    real = verification.run

    def other(*arguments, **more):
        run = real(*arguments, **more)
        run.monthly["wage"].values[5, 2] += 1e-9
        run.monthly["output"].values[7, 1, 3] += 1.0
        return run

    monkeypatch.setattr(verification, "run", other)
    told = ningde("verify", tmp_path / "run-seed0003.nc")
    assert told.exit_code == 3
    county = str(saved.monthly["county"].values[2])
    assert told.stderr.startswith(f"baseline, seed 3: differs first in 2014-06, {county}, wage: stored ")


def test_verify_refuses_what_it_cannot_run_again(folder: Path, tmp_path: Path) -> None:
    flip(the_run(folder, 2))
    for words, message in (
        (["baseline:2", "--in", folder], "the file is damaged"),
        (["baseline:9", "--in", folder], "it has no run of baseline with seed 9"),
        (["less:1", "--in", folder], "no scenario 'less'; there are baseline"),
        (["baseline:1", "--in", tmp_path / "none"], "this is no folder of an ensemble"),
        ([tmp_path], "it holds no saved run"),
        ([tmp_path / "run-seed0001.nc"], "there is no such file"),
    ):
        refused = ningde("verify", *words)
        assert refused.exit_code == 2, words
        assert message in refused.stderr
        assert refused.stderr.count("\n") == 1


def test_not_a_number_equals_itself_and_minus_zero_is_not_zero(scenario, folder: Path) -> None:
    store = open_store(folder)
    vector = store.vector("baseline", 1)
    assert np.isnan(vector).any()
    assert first_departure_of_vectors(vector, vector.copy(), store.layout) is None
    other = vector.copy()
    zero = int(np.flatnonzero(vector == 0.0)[0])
    other[zero] = -0.0
    assert first_departure_of_vectors(vector, other, store.layout) is not None
    monthly = sim.run(scenario, 1).monthly
    assert first_departure(monthly, monthly.copy(deep=True)) is None
