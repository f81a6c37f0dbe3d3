"""Many runs: one that fails is told by its job, one whose process dies too, and the others come.

The jobs are texts for Python to work out: a function that every process knows, so that the pool can be tested alone.
"""

from __future__ import annotations

import multiprocessing

import pytest

from sim.experiment.executor import DIED, Outcome, default_workers, run_all

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


def test_there_is_at_least_one_worker() -> None:
    assert default_workers() >= 1
