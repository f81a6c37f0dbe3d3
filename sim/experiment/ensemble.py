"""Many runs of one function, each in a process of its own where that helps; a run that fails does not lose the others.

Nothing is stored here: the function says what a run leaves behind, the caller keeps it. Processes are started afresh
(spawn), never forked, so that a run in the pool has the same memory as a run alone; linear algebra has one thread in
each (:mod:`sim._threads`, read by a process before numpy).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

SECONDS_BETWEEN_LOOKS = 0.2
"""How often a pool at work looks whether it was interrupted."""

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
    """The jobs in pools: where a process dies its pool is lost; what was in it runs alone, the rest in a new one."""
    rest = list(reversed(jobs))
    while rest:
        lost: list[Job] = []
        yield from _one_pool(function, rest, lost, min(workers, len(rest)))
        yield from _alone(function, lost)


def _one_pool(
    function: Callable[[Job], Result], rest: list[Job], lost: list[Job], workers: int
) -> Iterator[Outcome[Job, Result]]:
    """Jobs from the end of ``rest`` until none is left or the pool breaks; those in it then join ``lost``.

    No more jobs are handed out than there are processes: those that are could not be called back.
    """
    waiting: dict[Future[Outcome[Job, Result]], Job] = {}
    with _noted_interrupt() as interrupted, _pool(workers) as pool:
        while True:
            try:
                while rest and len(waiting) < workers and not lost:
                    waiting[pool.submit(_guarded, function, rest[-1])] = rest[-1]
                    rest.pop()
            except BrokenProcessPool:
                lost.append(rest.pop())
            if not waiting:
                return
            ended, _ = wait(waiting, timeout=SECONDS_BETWEEN_LOOKS, return_when=FIRST_COMPLETED)
            for future in ended:
                job = waiting.pop(future)
                try:
                    outcome = future.result()
                except BrokenProcessPool:
                    lost.append(job)
                else:
                    yield outcome
            if interrupted.is_set():
                raise KeyboardInterrupt


@contextmanager
def _noted_interrupt() -> Iterator[threading.Event]:
    """An event that the first interrupt from the keyboard sets; a second one interrupts as usual.

    Raised in the middle of the pool's own locks, an interrupt would leave them shut and the pool would wait for ever.
    """
    noted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield noted  # only the main thread is interrupted
        return
    before = signal.getsignal(signal.SIGINT)

    def note(*_: object) -> None:
        noted.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


def _alone(function: Callable[[Job], Result], jobs: Sequence[Job]) -> Iterator[Outcome[Job, Result]]:
    """Jobs whose pool broke, one at a time, so that the one that breaks it again is known by name."""
    rest = list(jobs)
    while rest:
        with _pool(1) as pool:
            while rest:
                job = rest.pop(0)
                try:
                    outcome = pool.submit(_guarded, function, job).result()
                except BrokenProcessPool:
                    yield Outcome(job, None, DIED)
                    break
                yield outcome


def _pool(workers: int) -> ProcessPoolExecutor:
    """A pool of fresh processes."""
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_quiet)


def _quiet() -> None:
    """An interrupt is for the process that started the pool; its workers end with it, without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
