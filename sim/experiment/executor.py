"""Many runs of one function, each in a process of its own where that helps; a run that fails does not lose the others.

Nothing is stored here: the function says what a run leaves behind, the caller keeps it. There are two back ends, a pool
of processes on this machine and a cluster of dask.distributed; both give the same outcomes, in another order.

The processes of the pool are started afresh (spawn), never forked, so that a run in the pool has the same memory as a
run alone; linear algebra has one thread in each (:mod:`sim._threads`, read by a process before numpy). Each has one job
at a time and a pipe of its own: when one dies it is known which job it had, and no other job is touched.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import weakref
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection, wait
from pickle import PicklingError
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar
from uuid import uuid4

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

Job = TypeVar("Job")
Result = TypeVar("Result")

Method = Literal["spawn", "fork", "forkserver"]

SECONDS_BETWEEN_LOOKS = 0.2
"""How often a pool at work looks whether it was interrupted."""

DEATHS = 3
"""So many processes may die of one job before it is given up."""

DIED = f"its process ended without a word {DEATHS} times (killed, or out of memory)"
"""Fault of a job that was given up."""

DIED_ON_CLUSTER = "its processes on the cluster ended without a word, each time (killed, or out of memory)"
"""Fault of a job that a cluster gave up."""

NO_START = (
    "the processes of the pool end before they begin; in a script of your own, runs with more than one worker must"
    ' stand below  if __name__ == "__main__":'
)
"""What is told if no process of the pool comes to its start."""

READY = "ready"
"""What a process sends first, when it has imported what it needs."""

AHEAD = 2
"""Jobs handed to a cluster for each of its threads: one at work, one that waits."""


SECONDS_FOR_CLUSTER = 10
"""So long a cluster is waited for."""


class ClusterError(RuntimeError):
    """A cluster that cannot be used; the message is one sentence with what to do."""


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
    *,
    cluster: str | None = None,
    method: Method = "spawn",
    pool: Pool[Job, Result] | None = None,
) -> Generator[Outcome[Job, Result]]:
    """Run a function for every job and give the outcomes as they come.

    Args:
        function: of a module, so that another process can import it; it must depend on its job alone.
        jobs: its arguments.
        workers: processes at once; with one everything happens in this process. Without effect on a cluster.
        progress: called after each job with jobs done and jobs in all.
        cluster: address of a dask scheduler, such as "tcp://host:8786", instead of processes here.
        method: how processes start; "fork" exists to show that it makes no difference.
        pool: of this function; its processes do the jobs and stay, whatever workers and method say.

    Yields:
        One outcome a job, in the order in which they end; a job that raises an error, or whose process died three
        times, is an outcome with a fault. If the iteration is left or interrupted, jobs that wait are dropped and those
        under way are ended: no process is left, but for those of a pool that had nothing to do.

    Raises:
        ClusterError: the cluster does not answer, or has other code.
        RuntimeError: no process of the pool could be started, or the pool is at work on another list.
    """
    if cluster is not None:
        outcomes = _on_cluster(function, jobs, cluster)
    elif pool is not None:
        outcomes = pool.run(jobs)
    else:
        outcomes = _one_by_one(function, jobs) if workers == 1 else _pooled(function, jobs, workers, method)
    with closing(outcomes):  # now, whoever keeps the error that ends the iteration
        for done, outcome in enumerate(outcomes, start=1):
            if progress is not None:
                progress(done, len(jobs))
            yield outcome


def _one_by_one(function: Callable[[Job], Result], jobs: Sequence[Job]) -> Generator[Outcome[Job, Result]]:
    """The jobs in this process."""
    for job in jobs:
        yield _guarded(function, job)


def _guarded(function: Callable[[Job], Result], job: Job) -> Outcome[Job, Result]:
    """The outcome of one job; an error becomes its fault."""
    with _own_garbage():
        try:
            return Outcome(job, function(job))
        except Exception as error:  # whatever it is, the other runs go on
            return Outcome(job, None, f"{type(error).__name__}: {error}")


@contextmanager
def _own_garbage() -> Iterator[None]:
    """Free what a job leaves behind when it ends.

    A model and its agents hold one another, so that only the collector frees them, and left to itself it comes so
    seldom that dozens of finished models pile up. What was there before the job is put out of its sight for as long:
    then it takes some milliseconds.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.collect()
        gc.unfreeze()


# --- processes of this machine ----------------------------------------------------------------------------------------


@dataclass(eq=False)
class _Worker:
    """A process, our end of its pipe, and the place of its job in the list; None while it has none."""

    process: BaseProcess
    pipe: Connection
    ready: bool = False
    place: int | None = None


@dataclass(eq=False)
class Pool(Generic[Job, Result]):
    """Processes that run a function for one list of jobs after the other.

    They start when a list needs them and keep what the function keeps in a process. They end with :meth:`close`, with
    the pool itself, or with this process; and when a list is left before its end, as some then are in the middle of a
    job.

    Attributes:
        function: what they run; of a module, so that another process can import it.
        size: processes at once.
        method: how they start.
    """

    function: Callable[[Job], Result]
    size: int
    method: Method = "spawn"
    _jobs: Sequence[Job] = field(default=(), init=False, repr=False)
    _rest: deque[int] = field(default_factory=deque, init=False, repr=False)  # places of the jobs that nobody has
    _deaths: Counter[int] = field(default_factory=Counter, init=False, repr=False)  # processes that died of each job
    _workers: list[_Worker] = field(default_factory=list, init=False, repr=False)
    _failed_starts: int = field(default=0, init=False, repr=False)
    _at_work: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        weakref.finalize(self, _end_all, self._workers)

    def run(self, jobs: Sequence[Job]) -> Generator[Outcome[Job, Result]]:
        """The outcomes of jobs, in the order in which they end.

        Raises:
            RuntimeError: no process could be started, or another list is under way.
        """
        if self._at_work:
            raise RuntimeError("a pool does one list of jobs after the other, and one is under way")
        self._jobs, self._rest, self._deaths, left = jobs, deque(range(len(jobs))), Counter(), len(jobs)
        self._at_work, self._failed_starts = True, 0
        with _noted_interrupt() as interrupted:
            try:
                self._bury_idle()
                for worker in self._workers:
                    self._hand_out(worker)
                while len(self._workers) < min(self.size, left):
                    self._start()
                while left:
                    by_pipe = {worker.pipe: worker for worker in self._workers}
                    for pipe in wait(list(by_pipe), timeout=SECONDS_BETWEEN_LOOKS):
                        outcome = self._hear(by_pipe[pipe])  # type: ignore[index]
                        if outcome is not None:
                            left -= 1
                            yield outcome
                    if interrupted.is_set():
                        raise KeyboardInterrupt
            finally:
                self._at_work = False
                if left:
                    self.close()

    def _bury_idle(self) -> None:
        """Let go of processes that died while they had nothing to do: no job is to blame."""
        for worker in [each for each in self._workers if not each.process.is_alive()]:
            self._workers.remove(worker)
            _end(worker)

    def close(self) -> None:
        """End all processes at once; nothing that counts is in them."""
        _end_all(self._workers)

    def _start(self) -> None:
        """One more process."""
        context = multiprocessing.get_context(self.method)
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self.function), daemon=True)  # type: ignore[attr-defined]
        process.start()
        theirs.close()  # so that our end notices when the process is gone
        self._workers.append(_Worker(process, ours))

    def _hand_out(self, worker: _Worker) -> None:
        """Give a process that has nothing to do the next job, if there is one."""
        if worker.ready and worker.place is None and self._rest:
            worker.place = self._rest.popleft()
            with suppress(OSError):  # it died just now: its end is noticed like any other
                worker.pipe.send(self._jobs[worker.place])

    def _hear(self, worker: _Worker) -> Outcome[Job, Result] | None:
        """What a process has to say: that it is ready, an outcome, or its end."""
        try:
            said = worker.pipe.recv()
        except Exception:  # the pipe is shut, or what came through it is half a message
            return self._bury(worker)
        if said == READY:
            worker.ready, self._failed_starts = True, 0
            self._hand_out(worker)
            return None
        place, worker.place = worker.place, None
        assert place is not None
        self._hand_out(worker)  # before the outcome is passed on: the process need not wait for whoever keeps it
        result, fault = said
        return Outcome(self._jobs[place], result, fault)

    def _bury(self, worker: _Worker) -> Outcome[Job, Result] | None:
        """A process is gone: another takes its place, and its job, unless too many died of it."""
        self._workers.remove(worker)
        _end(worker)
        place = worker.place
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= DEATHS:
                raise RuntimeError(NO_START)
        given_up = False
        if place is not None:
            self._deaths[place] += 1
            given_up = self._deaths[place] >= DEATHS
            if not given_up:
                self._rest.appendleft(place)
        if self._rest:
            self._start()
        return Outcome(self._jobs[place], None, DIED) if given_up and place is not None else None


def _end_all(workers: list[_Worker]) -> None:
    """End processes at once; an interrupt in the middle leaves none alive that the list has lost."""
    for worker in workers:
        worker.process.kill()
    while workers:
        _end(workers.pop())


def _end(worker: _Worker) -> None:
    """Shut the pipe of a process and see it end."""
    worker.pipe.close()
    worker.process.kill()
    worker.process.join()
    worker.process.close()


def _pooled(
    function: Callable[[Job], Result], jobs: Sequence[Job], workers: int, method: Method
) -> Generator[Outcome[Job, Result]]:
    """The jobs in processes of this machine that end with them."""
    pool = Pool(function, min(workers, len(jobs)), method)
    try:
        with closing(pool.run(jobs)) as outcomes:
            yield from outcomes
    finally:
        pool.close()


@contextmanager
def _noted_interrupt() -> Iterator[threading.Event]:
    """An event that the first interrupt from the keyboard sets; a second one interrupts as usual.

    Raised in the middle of writing a file or talking to a process, an interrupt would leave half of it.
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


def _serve(pipe: Connection, function: Callable[[Any], Any]) -> None:
    """What a process of the pool does: a job comes in, result and fault go out, until the other end is shut."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the process that started the pool
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        pipe.send(READY)
        while True:
            outcome = _guarded(function, pipe.recv())
            try:
                pipe.send((outcome.result, outcome.fault))
            except (TypeError, AttributeError, PicklingError) as error:
                pipe.send((None, f"the result cannot be pickled: {type(error).__name__}: {error}"))


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, even if it was killed in the middle of a run."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


# --- a cluster --------------------------------------------------------------------------------------------------------


def _on_cluster(
    function: Callable[[Job], Result], jobs: Sequence[Job], address: str
) -> Generator[Outcome[Job, Result]]:
    """The jobs on a cluster, a few ahead of its threads. The scheduler hands the job of a lost worker to another.

    When workers go on dying it gives up all jobs that they had, the guilty and the innocent; these run once more at the
    end, one at a time, so that the guilty one is known by name.
    """
    ended: SimpleQueue[Any] = SimpleQueue()
    under_way: dict[str, int] = {}
    rest, suspects, alone = deque(range(len(jobs))), deque[int](), False
    with _client(address) as client, _noted_interrupt() as interrupted:
        left = len(jobs)
        while left:
            if suspects and not rest and not under_way:
                alone = True
                rest.append(suspects.popleft())
            while rest and len(under_way) < AHEAD * max(1, sum(client.nthreads().values())):
                place = rest.popleft()
                future = client.submit(_guarded, function, jobs[place], key=f"ningde-{uuid4()}", pure=False)
                under_way[future.key] = place
                future.add_done_callback(ended.put)
            with suppress(Empty):
                future = ended.get(timeout=SECONDS_BETWEEN_LOOKS)
                place = under_way.pop(future.key)
                outcome: Outcome[Job, Result] = _from_cluster(future, jobs[place])
                if outcome.fault == DIED_ON_CLUSTER and not alone:
                    suspects.append(place)
                    continue
                left -= 1
                yield outcome
            if interrupted.is_set():
                raise KeyboardInterrupt


def _from_cluster(future: Any, job: Job) -> Outcome[Job, Result]:
    """The outcome of a job that ended on the cluster."""
    killed = import_module("distributed").KilledWorker
    if future.status == "lost":
        raise ClusterError("the scheduler of the cluster is gone")
    error = future.exception()
    if error is None:
        found: Outcome[Job, Result] = future.result()
        return Outcome(job, found.result, found.fault)
    return Outcome(job, None, DIED_ON_CLUSTER if isinstance(error, killed) else f"{type(error).__name__}: {error}")


@contextmanager
def _client(address: str) -> Iterator[Any]:
    """A connection to a scheduler with at least one worker; what is under way is dropped when it is left.

    Raises:
        ClusterError: dask.distributed is not installed, or nobody answers at the address, or no worker comes.
    """
    try:
        dask, distributed = import_module("dask"), import_module("distributed")
    except ImportError:
        raise ClusterError(
            'a cluster needs dask.distributed: pip install -e ".[cluster]", here and on its machines'
        ) from None
    dask.config.set({"distributed.comm.timeouts.connect": f"{SECONDS_FOR_CLUSTER} s"})
    try:
        client = distributed.Client(address, timeout=SECONDS_FOR_CLUSTER, set_as_default=False)
        client.wait_for_workers(1, timeout=SECONDS_FOR_CLUSTER)
    except (OSError, ValueError, TimeoutError) as error:
        raise ClusterError(f"{address}: no cluster with a worker answers there ({str(error) or 'no answer'})") from None
    try:
        yield client
    finally:
        client.close()
