"""The store: what is finished stays, what is damaged is known by name, and two do not write at once.

The runs are made-up numbers, so that hundreds of them cost nothing.
"""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.experiment import store as store_module
from sim.experiment.layout import layout_of
from sim.experiment.store import Plan, StoreError, open_store, origin, writing
from sim.results import DamagedError, FolderError
from sim.scenario import Scenario

FORK = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return sim.load("baseline").replace({"run.end": "2014-12"})


def numbers(scenario: Scenario, seed: int) -> np.ndarray:
    """A vector of its own for each seed, with the odd values a run has."""
    vector = np.random.default_rng(seed).standard_normal(layout_of(scenario).size)
    vector[:3] = np.nan, -0.0, 5e-324
    return vector


def fill(folder: Path, scenario: Scenario, seeds: range, said: Path | None = None) -> None:
    """Add the seeds that are missing; each is noted as said only when the store has taken it."""
    with writing(folder, [scenario]) as store:
        for seed in seeds:
            if seed not in store.seeds(scenario.name):
                store.add(Plan.of(scenario), seed, numbers(scenario, seed), 0.1)
                if said is not None:
                    with said.open("a") as file:
                        file.write(f"{seed}\n")


@pytest.fixture
def folder(tmp_path: Path, scenario: Scenario) -> Path:
    fill(tmp_path / "store", scenario, range(4))
    return tmp_path / "store"


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("runs/*/*.run"))


# --- what comes back --------------------------------------------------------------------------------------------------


def test_every_bit_comes_back(folder: Path, scenario: Scenario) -> None:
    store = open_store(folder)
    assert store.names == ("baseline",)
    assert store.seeds("baseline") == (0, 1, 2, 3)
    for seed in range(4):
        assert store.vector("baseline", seed).tobytes() == numbers(scenario, seed).tobytes()
    place = store.layout.entry("jobs").place
    read = store.entry("baseline", (3, 1), "jobs").reshape(2, -1)
    assert np.array_equal(read, [numbers(scenario, 3)[place], numbers(scenario, 1)[place]])
    assert store.check() == []


def test_the_manifest_is_enough_to_run_a_scenario_again(folder: Path, scenario: Scenario) -> None:
    told = json.loads((folder / "manifest.json").read_text())
    kept = told["scenarios"][0]
    assert (kept["name"], kept["hash"], kept["text"]) == ("baseline", scenario.hash, scenario.text)
    assert told["origin"]["code"] == origin().code
    assert told["origin"]["data"] == origin().data
    assert "numpy" in told["origin"]["versions"]
    assert "seed, purpose, month" in told["luck"]


def test_equal_runs_are_equal_files_whatever_the_order(tmp_path: Path, folder: Path, scenario: Scenario) -> None:
    with writing(tmp_path / "other", [scenario]) as store:
        for seed in (2, 0, 3, 1):
            store.add(Plan.of(scenario), seed, numbers(scenario, seed), 9.9)
    assert [path.read_bytes() for path in files(folder)] == [path.read_bytes() for path in files(tmp_path / "other")]
    assert open_store(tmp_path / "other").digest == open_store(folder).digest
    with writing(tmp_path / "third", [scenario]) as store:
        store.add(Plan.of(scenario), 0, numbers(scenario, 1), 0.1)
    assert open_store(tmp_path / "third").digest != open_store(folder).digest


def test_the_journal_has_a_line_a_run_with_the_digest_of_its_file(folder: Path) -> None:
    rows = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    assert [row["seed"] for row in rows] == [0, 1, 2, 3]
    for row in rows:
        sha256 = subprocess.run(["sha256sum", folder / row["file"]], capture_output=True, text=True, check=True).stdout
        assert sha256.split()[0] == row["sha256"]


# --- damage -----------------------------------------------------------------------------------------------------------


def damages(content: bytes) -> dict[str, bytes]:
    """Ways in which a file breaks: cut off, longer, empty, and one bit in each of its parts."""
    found = {
        "empty": b"",
        "half": content[: len(content) // 2],
        "one byte short": content[:-1],
        "longer": content + b"\0",
        "zeros": bytes(len(content)),
        "no line end": content.replace(b"\n", b" "),
    }
    for place in [0, 7, 8, 30, 200, *np.linspace(300, len(content) - 1, 40).astype(int)]:
        broken = bytearray(content)
        broken[place] ^= 1 << int(place) % 8
        found[f"bit {int(place) % 8} of byte {place}"] = bytes(broken)
    return found


def test_no_damaged_file_is_trusted(folder: Path) -> None:
    path = files(folder)[1]
    content = path.read_bytes()
    for journal in (True, False):
        if not journal:
            (folder / "journal.jsonl").unlink()
        for what, broken in damages(content).items():
            path.write_bytes(broken)
            store = open_store(folder)
            told = store.check()
            assert [bad.file for bad in told] == [path], what
            assert str(path) in told[0].why
            assert store.seeds("baseline") == (0, 2, 3)
    path.write_bytes(content)
    assert open_store(folder).check() == []


def test_reading_an_entry_notices_damage_in_it(folder: Path) -> None:
    path = files(folder)[1]
    broken = bytearray(path.read_bytes())
    broken[-1] ^= 1  # the last number: months
    path.write_bytes(broken)
    store = open_store(folder)
    assert store.entry("baseline", (0, 1), "output").shape == (2, 1, 10, 24)
    with pytest.raises(DamagedError, match=r"seed-000000001\.run: the file is damaged \(the numbers of months"):
        store.entry("baseline", (0, 1), "months")


def test_a_file_of_another_run_is_not_taken(folder: Path) -> None:
    first, second = files(folder)[:2]
    shutil.copy(first, second)
    (folder / "journal.jsonl").unlink()
    assert "that of another run (its seed is '0')" in open_store(folder).check()[0].why


def test_damaged_files_are_set_aside_by_name_and_made_anew(folder: Path, scenario: Scenario) -> None:
    before, path = open_store(folder).digest, files(folder)[2]
    broken = path.read_bytes()[:-9]
    path.write_bytes(broken)
    with writing(folder, [scenario]) as store:
        assert [bad.file for bad in store.bad] == [path]
        assert store.seeds("baseline") == (0, 1, 3)
        assert path.with_name(path.name + ".bad").read_bytes() == broken
    fill(folder, scenario, range(4))
    assert open_store(folder).digest == before
    assert open_store(folder).check() == []


@pytest.mark.parametrize("left", [0, 1, 40, -1, -30])
def test_a_torn_or_lost_journal_loses_no_run(folder: Path, scenario: Scenario, left: int) -> None:
    before, journal = open_store(folder).digest, folder / "journal.jsonl"
    content = journal.read_bytes()
    journal.write_bytes(content[:left] if left else b"")
    fill(folder, scenario, range(5))
    store = open_store(folder)
    assert store.seeds("baseline") == (0, 1, 2, 3, 4)
    assert store.noted.keys() == store.files.keys(), "every run stands in the journal again"
    assert store.check() == []
    files(folder)[4].unlink()
    assert open_store(folder).digest == before


def test_a_damaged_manifest_is_made_anew_and_the_runs_are_kept(folder: Path, scenario: Scenario) -> None:
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text()[:100])
    with pytest.raises(StoreError, match="manifest is damaged; run the same command again"):
        open_store(folder)
    with writing(folder, [scenario]) as store:
        assert store.seeds("baseline") == (0, 1, 2, 3)
    assert open_store(folder).check() == []
    assert (folder / "manifest.json.bad").is_file()


# --- what does not belong together ------------------------------------------------------------------------------------


def test_runs_of_other_code_figures_or_libraries_are_not_mixed_in(folder: Path, scenario: Scenario) -> None:
    here = origin()
    others = {
        "code": replace(here, code="0" * 64),
        "figures of sim/data": replace(here, data="0" * 64),
        "numpy": replace(here, versions={**here.versions, "numpy": "0.1"}),
    }
    for what, other in others.items():
        with (
            pytest.raises(StoreError, match=f"made by other {what}.*name another folder"),
            writing(folder, [scenario], other),
        ):
            pass
    assert open_store(folder).seeds("baseline") == (0, 1, 2, 3)


def test_other_months_or_values_under_one_name_are_refused(folder: Path, scenario: Scenario) -> None:
    longer = scenario.replace({"run.end": "2015-01"})
    other = scenario.replace({"promotion.budget": 321.0}, name="baseline")
    with (
        pytest.raises(StoreError, match="from 2014-01 to 2014-12, not from 2014-01 to 2015-01"),
        writing(folder, [longer]),
    ):
        pass
    with pytest.raises(StoreError, match="another scenario baseline"), writing(folder, [other]):
        pass
    with pytest.raises(StoreError, match="cover the same months; give --end"), writing(folder, [scenario, longer]):
        pass
    with pytest.raises(StoreError, match="two scenarios are called baseline"), writing(folder, [scenario, scenario]):
        pass


def test_scenarios_can_be_added_later(folder: Path, scenario: Scenario) -> None:
    second = scenario.replace({"promotion.budget": 321.0}, name="more")
    with writing(folder, [second]) as store:
        store.add(Plan.of(second), 1, numbers(second, 1), 0.1)
    store = open_store(folder)
    assert store.names == ("baseline", "more")
    assert (store.seeds("baseline"), store.seeds("more")) == ((0, 1, 2, 3), (1,))


def test_a_folder_with_other_files_is_no_store(tmp_path: Path, scenario: Scenario) -> None:
    (tmp_path / "thesis.doc").write_text("mine")
    with pytest.raises(StoreError, match=r"holds other files \(thesis.doc\)"), writing(tmp_path, [scenario]):
        pass
    with pytest.raises(StoreError, match=r"no manifest\.json, so this is no folder of an ensemble"):
        open_store(tmp_path)


# --- one writer -------------------------------------------------------------------------------------------------------


def test_a_second_writer_is_refused_and_told_who_writes(folder: Path, scenario: Scenario) -> None:
    message = f"process {os.getpid()} on .* writes there now"
    with writing(folder, [scenario]), pytest.raises(FolderError, match=message), writing(folder, [scenario]):
        pass
    with writing(folder, [scenario]):
        pass


# --- disks that are full, folders that cannot be written --------------------------------------------------------------


@pytest.mark.parametrize("step", ["write", "fsync"])
def test_a_full_disk_loses_nothing_that_was_finished(
    folder: Path, scenario: Scenario, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = open_store(folder).digest

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with writing(folder, [scenario]) as store:
        if step == "write":
            monkeypatch.setattr(Path, "write_bytes", full)
        else:
            monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(FolderError, match=r"could not be written \(No space left on device\)"):
            store.add(Plan.of(scenario), 9, numbers(scenario, 9), 0.1)
    monkeypatch.undo()
    assert open_store(folder).digest == before
    assert list(folder.glob("runs/*/.*")) == []
    fill(folder, scenario, range(10))
    assert open_store(folder).seeds("baseline") == tuple(range(10))


def test_a_journal_that_cannot_grow_has_no_half_line_and_the_run_is_found_by_its_file(
    folder: Path, scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = folder / "journal.jsonl"
    before, fsync = journal.read_bytes(), os.fsync

    def full(descriptor: int) -> None:
        if os.path.samestat(os.fstat(descriptor), journal.stat()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with writing(folder, [scenario]) as store:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(FolderError, match=r"journal.jsonl: .*No space left"):
            store.add(Plan.of(scenario), 9, numbers(scenario, 9), 0.1)
    monkeypatch.undo()
    assert journal.read_bytes() == before
    with writing(folder, [scenario]) as store:
        assert 9 in store.seeds("baseline")
        assert store.bad == []


@pytest.fixture
def small_disk(tmp_path: Path):
    """A disk of 256 kB of its own, where this system lets the test have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", disk], capture_output=True, check=False
    ).returncode:
        pytest.skip("only the administrator can mount a disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_disk_that_runs_full_keeps_what_fits(small_disk: Path, scenario: Scenario) -> None:
    folder = small_disk / "store"
    with pytest.raises(FolderError, match="No space left on device"):
        fill(folder, scenario, range(1000))
    store = open_store(folder)
    kept = store.seeds("baseline")
    assert len(kept) > 2
    assert store.check() == []
    for seed in kept:
        assert store.vector("baseline", seed).tobytes() == numbers(scenario, seed).tobytes()


def test_a_folder_that_cannot_be_written_is_refused_and_can_still_be_read(small_disk: Path, scenario: Scenario) -> None:
    folder = small_disk / "store"
    fill(folder, scenario, range(2))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with (
        pytest.raises(FolderError, match=r"cannot be written there \(Read-only file system"),
        writing(folder, [scenario]),
    ):
        pass
    assert open_store(folder).seeds("baseline") == (0, 1)
    assert open_store(folder).check() == []


# --- kills ------------------------------------------------------------------------------------------------------------


def killed(folder: Path, scenario: Scenario, seeds: range, said: Path, after: float) -> bool:
    """Fill the folder in a process that is killed after some seconds; whether it was still at work."""
    process = FORK.Process(target=fill, args=(folder, scenario, seeds, said))
    process.start()
    process.join(after)
    at_work = process.is_alive()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    return at_work


def test_ten_kills_in_the_middle_of_writing_lose_no_run_and_tear_none(tmp_path: Path, scenario: Scenario) -> None:
    folder, said, seeds = tmp_path / "store", tmp_path / "said", range(20_000)
    random, at_work = np.random.default_rng(int(time.time())), 0
    for _ in range(10):
        at_work += killed(folder, scenario, seeds, said, random.uniform(0.05, 0.3))
        if (folder / "manifest.json").is_file():
            store = open_store(folder)
            assert store.check() == [], "no file is torn"
            promised = {int(line) for line in said.read_text().splitlines()} if said.is_file() else set()
            assert promised <= set(store.seeds("baseline")), "no finished run is lost"
    assert at_work == 10, "every kill came in the middle of the work"
    with writing(folder, [scenario]):
        pass
    assert list(folder.glob("runs/*/.*")) == []
    store = open_store(folder)
    there = store.seeds("baseline")
    assert there == tuple(range(len(there)))
    assert len(there) > 10
    straight = tmp_path / "straight"
    fill(straight, scenario, range(len(there)))
    assert open_store(straight).digest == store.digest


def test_the_code_that_only_reads_numbers_does_not_count_as_their_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    left_out: list[tuple[str, ...]] = []
    monkeypatch.setattr(store_module, "code_digest", lambda _package, without: left_out.append(without) or "x")
    origin.__wrapped__()
    assert "report" in left_out[0]
    assert "experiment/store.py" in left_out[0]
    assert not {"experiment/layout.py", "experiment/single.py", "model.py"} & set(left_out[0])
