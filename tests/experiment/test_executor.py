"""Many runs: one that fails is told by its job, one whose process dies too, and the others come.

The jobs are texts for Python to work out: a function that every process knows, so that the pool can be tested alone.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.experiment.executor import DEATHS, DIED, ClusterError, Outcome, Pool, default_workers, run_all

ROOT = str(Path(__file__).parents[2])

FAIL, DIE = "1 / 0", "__import__('os')._exit(1)"
THREADS = "__import__('os').environ['OPENBLAS_NUM_THREADS']"


def by_job(outcomes: list[Outcome[str, object]]) -> dict[str, Outcome[str, object]]:
    return {outcome.job: outcome for outcome in outcomes}


def test_a_job_that_fails_is_told_and_loses_no_other() -> None:
    ticks: list[tuple[int, int]] = []
    found = by_job(list(run_all(eval, ["2 * 2", FAIL, "4 * 4"], 1, lambda done, total: ticks.append((done, total)))))
    assert {job: each.result for job, each in found.items()} == {"2 * 2": 4, FAIL: None, "4 * 4": 16}
    assert found[FAIL].fault == "ZeroDivisionError: division by zero"
    assert found["2 * 2"].fault == ""
    assert ticks == [(1, 3), (2, 3), (3, 3)]


def test_a_process_that_dies_loses_its_own_job_only() -> None:
    jobs = ["2 * 2", FAIL, DIE, "4 * 4", THREADS]
    found = by_job(list(run_all(eval, jobs, 2)))
    assert found.keys() == set(jobs)
    assert found[DIE].fault == DIED
    assert found[FAIL].fault == "ZeroDivisionError: division by zero"
    assert [found[job].result for job in ("2 * 2", "4 * 4", THREADS)] == [4, 16, "1"]


def test_an_interrupt_passes_and_leaves_no_process() -> None:
    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(run_all(eval, [str(number) for number in range(50)], 2, stop))
    assert multiprocessing.active_children() == []


class Ring:
    """Something that holds itself, as a model and its agents do: only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


def leave_a_ring(left: list[weakref.ref[Ring]]) -> None:
    left.append(weakref.ref(Ring()))


def test_what_a_job_leaves_behind_is_freed_before_the_next_begins() -> None:
    left: list[weakref.ref[Ring]] = []
    gc.disable()  # nothing else may free it
    try:
        for _ in run_all(leave_a_ring, [left, left], 1):
            assert left[-1]() is None
        assert gc.get_freeze_count() == 0, "what was there before is collected as ever"
    finally:
        gc.enable()


def test_there_is_at_least_one_worker() -> None:
    assert default_workers() >= 1


def once(marker: str) -> str:
    """A job whose process kills itself at the first call and not at the second."""
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def count(file: str) -> None:
    """A job whose process dies each time, after it noted that it was there."""
    with Path(file).open("a") as lines:
        lines.write("here\n")
    os.kill(os.getpid(), signal.SIGKILL)


def unsendable(_: int) -> object:
    return lambda: None


def test_the_job_of_a_killed_process_is_given_to_another(tmp_path: Path) -> None:
    jobs = [str(tmp_path / name) for name in "ab"]
    outcomes = list(run_all(once, jobs, 2, method="fork"))
    assert sorted((each.job, each.result, each.fault) for each in outcomes) == [(job, "done", "") for job in jobs]


def test_three_deaths_of_one_job_report_it_and_the_others_go_on(tmp_path: Path) -> None:
    file = str(tmp_path / "deaths")
    jobs = [f"__import__('sys').modules[{__name__!r}].count({file!r})", *(f"{number} + 1" for number in range(5))]
    found = by_job(list(run_all(eval, jobs, 2, method="fork")))
    assert found[jobs[0]].fault == DIED
    assert Path(file).read_text() == DEATHS * "here\n"
    assert [found[job].result for job in jobs[1:]] == [1, 2, 3, 4, 5]


def test_a_result_that_cannot_be_sent_is_a_fault_and_kills_nobody() -> None:
    outcomes = list(run_all(unsendable, [1, 2], 2, method="fork"))
    assert [outcome.fault.startswith("the result cannot be pickled: ") for outcome in outcomes] == [True, True]


def test_processes_end_when_the_one_that_started_them_is_killed(tmp_path: Path) -> None:
    noted = tmp_path / "pids"
    job = f"(open({str(noted)!r}, 'a').write(str(__import__('os').getpid()) + '\\n'), __import__('time').sleep(60))"
    parent = multiprocessing.get_context("fork").Process(target=_run_two, args=(job,))
    parent.start()
    pids = _wait_for(lambda: noted.read_text().split() if noted.is_file() else [], 2)
    parent.kill()
    parent.join()
    assert _wait_for(lambda: [pid for pid in pids if not _alive(int(pid))], 2) == pids


def _run_two(job: str) -> None:
    list(run_all(eval, [job, job], 2, method="fork"))


def _wait_for(look: Callable[[], list[str]], length: int, seconds: float = 20.0) -> list[str]:
    """What is seen when it is so long, or when time is over."""
    end = time.monotonic() + seconds
    while len(look()) < length and time.monotonic() < end:
        time.sleep(0.02)
    return look()


def _alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_leaving_the_iteration_ends_the_processes() -> None:
    outcomes = run_all(eval, ["1", "__import__('time').sleep(60)", "2"], 2, method="fork")
    next(outcomes)
    outcomes.close()
    assert multiprocessing.active_children() == []


def test_the_processes_of_a_pool_stay_and_end_with_it() -> None:
    pool = Pool(eval, 2, "fork")
    who = "(__import__('time').sleep(0.05), __import__('os').getpid())[1]"
    there = []
    for _ in range(2):
        worked = {each.result for each in pool.run([who] * 6)}
        there.append({process.pid for process in multiprocessing.active_children()})
        assert worked <= there[-1]  # on a busy machine one may do all
    assert there[0] == there[1]
    assert len(there[0]) == 2
    del pool
    assert multiprocessing.active_children() == []


def test_a_process_of_a_pool_that_died_idle_costs_no_job(tmp_path: Path) -> None:
    pool = Pool(eval, 2, "fork")
    [first] = pool.run(["__import__('os').getpid()"])
    os.kill(first.result, signal.SIGKILL)
    while multiprocessing.active_children():
        time.sleep(0.01)
    seen = tmp_path / "seen"  # kills its process so often that one death more would be too many
    twice = f"open({str(seen)!r}, 'a').write('x') and len(open({str(seen)!r}).read()) < {DEATHS} and {DIE} or 7"
    assert {each.job: each.result for each in pool.run([twice, "2", "3"])} == {twice: 7, "2": 2, "3": 3}
    assert list(pool.run([])) == []
    pool.close()


def test_a_pool_whose_list_was_left_does_the_next_one_alone() -> None:
    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    pool = Pool(eval, 2, "fork")
    old = [f"(__import__('time').sleep(0.05), 'old {number}')[1]" for number in range(6)]
    with pytest.raises(KeyboardInterrupt) as kept:  # whoever keeps the error keeps the iteration
        list(run_all(eval, old, 2, stop, pool=pool))
    assert multiprocessing.active_children() == []
    new = [str(number) for number in range(6)]
    assert {each.job: each.result for each in run_all(eval, new, 2, pool=pool)} == {job: int(job) for job in new}
    assert kept.value.args == ()
    pool.close()


def test_a_pool_does_one_list_after_the_other() -> None:
    pool = Pool(eval, 2, "fork")
    first = pool.run(["1", "2"])
    next(first)
    with pytest.raises(RuntimeError, match="one is under way"):
        next(pool.run(["3"]))
    assert [each.result for each in first] in ([1], [2])
    pool.close()
    pool.close()


def test_a_script_without_a_guard_is_told_what_to_do(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from sim.experiment.executor import run_all\nprint(list(run_all(eval, ['1', '2'], 2)))\n")
    ended = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": ROOT}
    )
    assert ended.returncode == 1
    assert ended.stderr.rstrip().endswith('below  if __name__ == "__main__":')


# --- a cluster --------------------------------------------------------------------------------------------------------


def test_without_dask_a_cluster_is_refused_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setitem(sys.modules, "dask", None)
    with pytest.raises(ClusterError, match=r'pip install -e "\.\[cluster\]"'):
        list(run_all(eval, ["1"], 2, cluster="tcp://127.0.0.1:9"))
