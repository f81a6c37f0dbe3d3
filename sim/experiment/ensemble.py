"""Many runs of one function, each in a process of its own where that helps; a run that fails does not lose the others.

Nothing is stored here: the function says what a run leaves behind, the caller keeps it. Processes are started afresh
(spawn), never forked, so that a run in the pool has the same memory as a run alone; linear algebra has one thread in
each (:mod:`sim._threads`, read by a process before numpy).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Generic, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

DIED = "its process ended without a word (killed, or out of memory)"
"""Fault of a run whose process was lost."""


@dataclass(frozen=True)
class Outcome(Generic[Job, Result]):
    """What came of one job.

    Attributes:
        job: the job.
        result: what the function returned; None if it failed.
        fault: why it failed, one sentence with the kind of error; empty if it did not.
    """

    job: Job
    result: Result | None
    fault: str = ""


def default_workers() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(
    function: Callable[[Job], Result],
    jobs: Sequence[Job],
    workers: int,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Outcome[Job, Result]]:
    """Run a function for every job and give the outcomes as they come.

    Args:
        function: of a module, so that another process can import it; it must depend on its job alone.
        jobs: its arguments.
        workers: processes at once; with one everything happens in this process.
        progress: called after each job with jobs done and jobs in all.

    Yields:
        One outcome a job, in the order in which they end; a job that raises an error is an outcome with a fault. If
        the iteration is left or interrupted, jobs that wait are dropped and those under way are waited for.
    """
    outcomes = _one_by_one(function, jobs) if workers == 1 else _pooled(function, jobs, workers)
    for done, outcome in enumerate(outcomes, start=1):
        if progress is not None:
            progress(done, len(jobs))
        yield outcome


def _one_by_one(function: Callable[[Job], Result], jobs: Sequence[Job]) -> Iterator[Outcome[Job, Result]]:
    """The jobs in this process."""
    for job in jobs:
        yield _guarded(function, job)


def _guarded(function: Callable[[Job], Result], job: Job) -> Outcome[Job, Result]:
    """The outcome of one job; an error becomes its fault."""
    try:
        return Outcome(job, function(job))
    except Exception as error:  # whatever it is, the other runs go on
        return Outcome(job, None, f"{type(error).__name__}: {error}")


def _pooled(function: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Iterator[Outcome[Job, Result]]:
    """The jobs in a pool; where a process dies the pool is lost, and what was not done runs again one process each."""
    lost: list[Job] = []
    with _pool(min(workers, len(jobs) or 1)) as pool:
        waiting = {pool.submit(_guarded, function, job): job for job in jobs}
        try:
            while waiting:
                ended, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield from _taken(future, waiting.pop(future), lost)
        except BaseException:  # an interrupt from the keyboard, or the caller has seen enough
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    for job in lost:
        again: list[Job] = []
        with _pool(1) as alone:
            yield from _taken(alone.submit(_guarded, function, job), job, again)
        if again:
            yield Outcome(job, None, DIED)


def _taken(future: Future[Outcome[Job, Result]], job: Job, lost: list[Job]) -> Iterator[Outcome[Job, Result]]:
    """The outcome of a future; a job whose pool broke joins the lost ones."""
    try:
        yield future.result()
    except BrokenProcessPool:
        lost.append(job)


def _pool(workers: int) -> ProcessPoolExecutor:
    """A pool of fresh processes."""
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_quiet)


def _quiet() -> None:
    """An interrupt is for the process that started the pool; its workers end with it, without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
