"""Ensembles: the same bits whoever computes them and in whatever order, nothing finished is lost, one view."""

from __future__ import annotations

import functools
import gc
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.experiment.ensemble import (
    HIGHEST_SEED,
    MOST_RUNS,
    Ensemble,
    SeedError,
    Task,
    checked_seeds,
    ensemble,
    memory_needed,
    run_task,
)
from sim.experiment.executor import DIED_ON_CLUSTER, ClusterError, Outcome, run_all
from sim.experiment.layout import layout_of, record
from sim.experiment.store import StoreError, open_store, origin, writing
from sim.model import NingdeModel
from sim.results import DamagedError, FolderError
from sim.scenario import Scenario

ROOT = Path(__file__).parents[2]
SEEDS = (1, 2)


@pytest.fixture(scope="module")
def scenarios() -> list[Scenario]:
    base = sim.load("baseline").replace({"run.end": "2014-12"})
    return [base, base.replace({"promotion.budget": 400.0}, name="more")]


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run is made once in this process: for tests of what is done with runs, not of how they come about."""
    monkeypatch.setattr("sim.experiment.ensemble.run", made_once)


@functools.lru_cache(maxsize=8)
def made_once(scenario: Scenario, seed: int) -> sim.Run:
    return sim.run(scenario, seed)


@pytest.fixture(scope="module")
def straight(scenarios: list[Scenario], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The undisturbed ensemble: one process, in order."""
    folder = tmp_path_factory.mktemp("straight") / "store"
    ensemble(scenarios, SEEDS, workers=1, folder=folder)
    return folder


@pytest.fixture(scope="module")
def digest(straight: Path) -> str:
    return open_store(straight).digest


# --- the same bits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("workers", "method"),
    [
        (2, "spawn"),
        pytest.param(2, "fork", marks=pytest.mark.slow),
        pytest.param(4, "fork", marks=pytest.mark.slow),
        pytest.param(4, "spawn", marks=pytest.mark.slow),
    ],
)
def test_workers_and_the_way_they_start_change_no_bit(
    scenarios: list[Scenario], digest: str, tmp_path: Path, workers: int, method: str
) -> None:
    ticks: list[tuple[int, int]] = []
    found = ensemble(
        scenarios,
        SEEDS,
        workers=workers,
        folder=tmp_path / "store",
        method=method,
        progress=lambda done, total: ticks.append((done, total)),
    )
    assert found.faults == ()
    assert open_store(tmp_path / "store").digest == digest
    assert ticks == [(done, 4) for done in range(1, 5)]


def test_the_order_of_runs_changes_no_bit(scenarios: list[Scenario], digest: str, tmp_path: Path) -> None:
    tasks = [Task(plan, seed, origin().digest) for seed in SEEDS for plan in scenarios]
    random.Random(3).shuffle(tasks)
    with writing(tmp_path / "store", scenarios) as store:
        for outcome in run_all(run_task, tasks, 1):
            store.add(store.plan(outcome.job.scenario.name), outcome.job.seed, outcome.result.vector, 0.0)
    assert open_store(tmp_path / "store").digest == digest


def with_hash_seed(number: int, folder: Path) -> str:
    """Digest of one run in a process with another seed of Python's own hashes."""
    words = ["run", "baseline", "--seeds", "1-1", "--workers", "1", "--end", "2014-12", "--quiet", "--out", str(folder)]
    environment = {**os.environ, "PYTHONHASHSEED": str(number), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "sim.cli", *words], env=environment, check=True, capture_output=True)
    return open_store(folder).digest


def one_run(straight: Path, folder: Path) -> str:
    """Digest of the first run of the baseline alone."""
    ignored = [path.name for path in (straight / "runs").rglob("*.run") if path.stem != "seed-000000001"]
    shutil.copytree(straight, folder, ignore=lambda _, names: [name for name in names if name in ignored])
    shutil.rmtree(next((folder / "runs").glob("more-*")))
    return open_store(folder).digest


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2, 3, 100, 4_294_967_295])
def test_the_hash_seed_of_python_changes_no_bit(straight: Path, tmp_path: Path, number: int) -> None:
    assert with_hash_seed(number, tmp_path / "store") == one_run(straight, tmp_path / "one")


@pytest.mark.usefixtures("remembered")
def test_an_interrupted_ensemble_goes_on_where_it_was_and_ends_equal(
    scenarios: list[Scenario], digest: str, tmp_path: Path
) -> None:
    def stop(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensemble(scenarios, SEEDS, workers=1, folder=tmp_path / "store", progress=stop)
    half = open_store(tmp_path / "store")
    assert [half.seeds(name) for name in half.names] == [(1,), (1,)], "scenarios have common seeds whenever it stops"
    times = {path: path.stat().st_mtime_ns for path in half.files.values()}
    ticks: list[tuple[int, int]] = []
    ensemble(scenarios, SEEDS, workers=1, folder=tmp_path / "store", progress=lambda *tick: ticks.append(tick))
    assert ticks == [(1, 2), (2, 2)], "what is there is not run again"
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert open_store(tmp_path / "store").digest == digest


def test_a_run_of_an_ensemble_is_the_run_alone(scenarios: list[Scenario], straight: Path) -> None:
    alone = record(sim.run(scenarios[1], seed=2), layout_of(scenarios[1]))
    assert open_store(straight).vector("more", 2).tobytes() == alone.tobytes()


# --- kills ------------------------------------------------------------------------------------------------------------


def _run_them(scenarios: list[Scenario], folder: Path, said: Path) -> None:
    def tick(done: int, total: int) -> None:
        with said.open("a") as file:
            file.write(f"{total - done}\n")  # what is left, when the store has taken it

    ensemble(scenarios, SEEDS, workers=2, folder=folder, progress=tick, method="fork")


def kill_and_look(scenarios: list[Scenario], folder: Path, said: Path, after: float) -> tuple[int, bool]:
    """Kill an ensemble after some seconds, see that nothing is lost or torn; runs there, and whether it was at work."""
    process = multiprocessing.get_context("fork").Process(target=_run_them, args=(scenarios, folder, said))
    process.start()
    process.join(after)
    process.kill()
    process.join()
    at_work = process.exitcode == -signal.SIGKILL
    if not (folder / "manifest.json").is_file():
        return 0, at_work
    store = open_store(folder)
    assert store.check() == [], "no run is torn"
    lines = said.read_text().splitlines() if said.is_file() else []
    done = len(SEEDS) * len(scenarios) - min((int(line) for line in lines), default=len(SEEDS) * len(scenarios))
    assert len(store.files) >= done, "no finished run is lost"
    return len(store.files), at_work


@pytest.mark.parametrize("kills", [10, pytest.param(50, marks=pytest.mark.slow)])
def test_kills_at_random_moments_of_an_ensemble_lose_no_finished_run_and_tear_none(
    scenarios: list[Scenario], digest: str, tmp_path: Path, kills: int
) -> None:
    folder, said = tmp_path / "store", tmp_path / "said"
    seconds, there, met = np.random.default_rng(int(time.time())), 0, 0
    while met < kills:
        if there == len(SEEDS) * len(scenarios):  # all done: begin anew, so that every kill meets work
            shutil.rmtree(folder)
            said.unlink(missing_ok=True)
        before, (there, at_work) = there, kill_and_look(scenarios, folder, said, seconds.uniform(0.05, 0.9))
        met += at_work
        assert there >= before or before == len(SEEDS) * len(scenarios)
        said.unlink(missing_ok=True)
    ensemble(scenarios, SEEDS, workers=1, folder=folder)
    assert open_store(folder).check() == []
    assert open_store(folder).digest == digest


def test_a_killed_worker_costs_no_run(scenarios: list[Scenario], digest: str, tmp_path: Path) -> None:
    killed: list[int] = []

    def kill(done: int, _: int) -> None:
        if done == 1:
            worker = multiprocessing.active_children()[0]
            killed.append(worker.pid or 0)
            worker.kill()

    found = ensemble(scenarios, SEEDS, workers=2, folder=tmp_path / "store", progress=kill, method="fork")
    assert killed
    assert found.faults == ()
    assert open_store(tmp_path / "store").digest == digest


# --- a cluster --------------------------------------------------------------------------------------------------------


# A process of its own: closing a cluster whose nanny is just replacing a killed worker can fail within dask.
CLUSTER = """
import sys
import distributed

if __name__ == "__main__":
    local = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    print(local.scheduler_address, *(worker.pid for worker in local.workers.values()), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def cluster(tmp_path: Path):
    """A scheduler and two workers of dask on this machine: its address, and the processes of the workers."""
    pytest.importorskip("distributed")
    program = tmp_path / "cluster.py"
    program.write_text(CLUSTER)
    with subprocess.Popen(
        [sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            address, *workers = process.stdout.readline().split()
            yield address, [int(worker) for worker in workers]
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_cluster_with_a_killed_worker_is_complete_and_equal(
    cluster: tuple[str, list[int]], scenarios: list[Scenario], digest: str, tmp_path: Path
) -> None:
    address, workers = cluster

    def kill(done: int, _: int) -> None:
        if done == 1:
            os.kill(workers[0], signal.SIGKILL)

    found = ensemble(scenarios, SEEDS, cluster=address, folder=tmp_path / "store", progress=kill)
    assert found.faults == ()
    assert open_store(tmp_path / "store").digest == digest


@pytest.mark.slow
def test_a_job_that_kills_the_workers_of_a_cluster_is_given_up(cluster: tuple[str, list[int]]) -> None:
    jobs = ["__import__('os').kill(__import__('os').getpid(), 9)", "1 + 1", "1 / 0"]
    found = {outcome.job: outcome for outcome in run_all(eval, jobs, 1, cluster=cluster[0])}
    assert found[jobs[0]].fault == DIED_ON_CLUSTER
    assert found[jobs[1]].result == 2
    assert found[jobs[2]].fault == "ZeroDivisionError: division by zero"


@pytest.mark.slow
def test_an_address_without_a_cluster_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("sim.experiment.executor.SECONDS_FOR_CLUSTER", 1)
    with pytest.raises(ClusterError, match=r"127.0.0.1:9: no cluster with a worker answers there"):
        list(run_all(eval, ["1"], 1, cluster="tcp://127.0.0.1:9"))


def test_a_machine_with_other_code_is_refused(scenarios: list[Scenario], monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(_function, jobs, *_, **__):
        other = Task(jobs[0].scenario, jobs[0].seed, "0" * 64)
        try:
            run_task(other)
        except Exception as error:
            yield Outcome(jobs[0], None, f"{type(error).__name__}: {error}")

    monkeypatch.setattr("sim.experiment.ensemble.run_all", elsewhere)
    with pytest.raises(ClusterError, match="a machine of the cluster has other code"):
        ensemble(scenarios, 1, cluster="tcp://elsewhere:1")


# --- the view ---------------------------------------------------------------------------------------------------------


def test_values_are_labelled_and_those_of_the_runs(scenarios: list[Scenario], straight: Path) -> None:
    runs = sim.Ensemble.load(straight)
    assert runs.scenarios == ("baseline", "more")
    assert runs.seeds == SEEDS
    jobs = runs.values("more", "jobs")
    assert jobs.dims == ("seed", "year", "county", "product")
    expected = made_once(scenarios[1], 2).jobs
    assert np.array_equal(jobs.sel(seed=2).values, expected.values)
    assert runs.plan("more").text == scenarios[1].text
    assert runs.start == "2014-01"


@pytest.mark.usefixtures("remembered")
def test_in_memory_and_on_disk_are_the_same(scenarios: list[Scenario], straight: Path) -> None:
    memory, disk = ensemble(scenarios, SEEDS, workers=1), Ensemble.load(straight)
    assert memory.folder is None
    for scenario in disk.scenarios:
        for name in disk.layout.names:
            assert memory.values(scenario, name).identical(disk.values(scenario, name)), name


@pytest.mark.usefixtures("remembered")
def test_only_seeds_that_every_scenario_has_are_shown(
    scenarios: list[Scenario], straight: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "store"
    shutil.copytree(straight, folder)
    next(folder.glob("runs/more-*/seed-000000002.run")).unlink()
    runs = Ensemble.load(folder)
    assert runs.seeds == (1,)
    assert runs.faults == ("baseline: 1 runs have a seed that not every scenario has",)
    assert Ensemble.load(folder, ["baseline"]).seeds == SEEDS
    shutil.rmtree(next(folder.glob("runs/more-*")))
    runs = Ensemble.load(folder)
    assert (runs.scenarios, runs.seeds) == (("baseline",), SEEDS)
    assert runs.faults == ("more: no run is finished",)
    with pytest.raises(StoreError, match="no scenario 'less'; there are baseline, more"):
        Ensemble.load(folder, ["less"])
    with pytest.raises(KeyError, match="no scenario 'more'"):
        runs.values("more", "jobs")
    assert ensemble(scenarios[:1], [2], workers=1, folder=folder).seeds == (2,), "only those asked for"


@pytest.mark.usefixtures("remembered")
def test_a_damaged_file_is_told_made_anew_and_never_read(
    scenarios: list[Scenario], straight: Path, digest: str, tmp_path: Path
) -> None:
    folder = tmp_path / "store"
    shutil.copytree(straight, folder)
    path = next(folder.glob("runs/more-*/seed-000000002.run"))
    content = bytearray(path.read_bytes())
    content[5000] ^= 16
    path.write_bytes(content)
    runs, noticed = Ensemble.load(folder), []
    for name in runs.layout.names:
        try:
            runs.values("more", name)
        except DamagedError as error:
            noticed.append(str(error))
    assert len(noticed) == 1, "what is read of the other quantities is what was written"
    assert "seed-000000002.run: the file is damaged" in noticed[0]
    found = ensemble(scenarios, SEEDS, workers=1, folder=folder)
    assert len(found.faults) == 1
    assert "set aside as seed-000000002.run.bad" in found.faults[0]
    assert found.seeds == SEEDS
    assert open_store(folder).digest == digest


def test_a_run_that_fails_is_told_and_its_seed_left_out(
    scenarios: list[Scenario], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(scenario: Scenario, seed: int):
        if (scenario.name, seed) == ("more", 2):
            raise ValueError("no such luck")
        return made_once(scenario, seed)

    monkeypatch.setattr("sim.experiment.ensemble.run", fails)
    for folder in (None, tmp_path / "store"):
        found = ensemble(scenarios, [1, 2], workers=1, folder=folder)
        assert found.seeds == (1,)
        assert found.faults[0] == "more, seed 2: ValueError: no such luck"


def test_seeds_that_cannot_be_meant_are_refused() -> None:
    assert checked_seeds([3, 1, 2]) == (1, 2, 3)
    for seeds, message in (
        ([], "no seed"),
        ([1, 2, 1], "seed 1 is given twice"),
        ([-1], "seed -1 is outside 0 to 2147483647"),
        ([HIGHEST_SEED + 1], "is outside"),
        (range(MOST_RUNS + 1), "more than 1000000 seeds"),
    ):
        with pytest.raises(SeedError, match=message):
            checked_seeds(seeds)


@pytest.mark.usefixtures("remembered")
def test_a_full_disk_stops_an_ensemble_and_keeps_what_is_finished(
    scenarios: list[Scenario], digest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[Path] = []
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        writes.append(path)
        if len(writes) == 4:  # the manifest, two runs, and no more
            write(path, content[:100])
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FolderError, match="No space left on device"):
        ensemble(scenarios, SEEDS, workers=1, folder=tmp_path / "store")
    monkeypatch.undo()
    assert len(open_store(tmp_path / "store").files) == 2
    ensemble(scenarios, SEEDS, workers=1, folder=tmp_path / "store")
    assert open_store(tmp_path / "store").digest == digest


def test_memory_is_estimated_from_above_and_grows_with_processes_and_months() -> None:
    base = sim.load("baseline")
    short = base.replace({"run.end": "2014-12"})
    assert memory_needed(base, 4) > memory_needed(base, 2) > memory_needed(short, 2)
    record_size = sim.run(short, 1).monthly.nbytes
    assert memory_needed(base, 1) - memory_needed(short, 1) > 21 * record_size


def test_a_run_leaves_nothing_behind_in_its_process(scenarios: list[Scenario]) -> None:
    task = Task(scenarios[0], 1, origin().digest)
    models = []
    real = NingdeModel.__init__

    def noted(self, *arguments, **more):
        models.append(weakref.ref(self))
        real(self, *arguments, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NingdeModel, "__init__", noted)
        run_task(task)
    gc.collect()
    assert len(models) == 1
    assert models[0]() is None, "the memory of an ensemble is flat in the number of runs"
