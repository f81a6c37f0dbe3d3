"""Runs whose results are kept in a file: a study that was interrupted goes on where it stopped, and none is made twice.

For studies that keep a few figures of a run (levers, calibration, back-test); whole ensembles have
:mod:`sim.experiment.store`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from sim import data
from sim.experiment.executor import Pool, run_all
from sim.results.provenance import PACKAGE, code_digest

NOT_RUN = ("report", "cli", "experiment/levers_study.py")
"""Parts of the package that only tell what was run; they may change while the results of runs stay."""

Tick = Callable[[int, int], None]


class Keyed(Protocol):
    """A job that knows what makes its result."""

    @property
    def key(self) -> str:
        """Equal for equal results."""


Job = TypeVar("Job", bound=Keyed)


class Cache:
    """Results of runs, in memory and in a file, a line a run.

    Lines of other code or other figures are not used: they are another model. A line that an interrupt cut off is left
    out, and ended here, so that the next one begins on its own.

    Args:
        folder: where the file is; it is made. Without one results stay in memory.
        without: parts of the package on which no result depends.
    """

    def __init__(self, folder: Path | None, without: tuple[str, ...] = NOT_RUN) -> None:
        self.file = None if folder is None else folder / "runs.jsonl"
        self.model = f"{code_digest(PACKAGE, without=without)[:16]}:{data.digest()[:16]}"
        self.results: dict[str, dict[str, float]] = {}
        if folder is not None and self.file is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._read(self.file)

    def _read(self, file: Path) -> None:
        """Take the results of this model from the file."""
        if not file.is_file():
            return
        text = file.read_text(encoding="utf-8")
        if text and not text.endswith("\n"):
            self._append("\n")
        for line in text.splitlines():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue
            if row["model"] == self.model:
                self.results[row["key"]] = row["result"]

    def add(self, key: str, result: Mapping[str, float]) -> None:
        """Keep one result."""
        self.results[key] = dict(result)
        self._append(json.dumps({"model": self.model, "key": key, "result": dict(result)}, sort_keys=True) + "\n")

    def _append(self, text: str) -> None:
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as file:
                file.write(text)


def collect_runs(
    jobs: Mapping[str, Job],
    cache: Cache,
    workers: int,
    progress: Tick | None = None,
    *,
    function: Callable[[Job], dict[str, float]],
    cluster: str | None = None,
    pool: Pool[Job, dict[str, float]] | None = None,
) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """The results of all jobs, from the cache or run now.

    Args:
        jobs: by key.
        cache: where results are kept.
        workers: processes at once.
        progress: called after each run with runs done and runs in all, those of the cache left out.
        function: what is run.
        cluster: address of a dask scheduler instead of processes here.
        pool: processes that are there already and stay.

    Returns:
        Results by key, and faults of runs that failed by key.

    Raises:
        ClusterError: the cluster cannot be used.
    """
    found = {key: cache.results[key] for key in jobs if key in cache.results}
    faults: dict[str, str] = {}
    waiting = [job for key, job in jobs.items() if key not in found]
    for outcome in run_all(function, waiting, workers, progress, cluster=cluster, pool=pool):
        if outcome.result is None:
            faults[outcome.job.key] = outcome.fault
            continue
        found[outcome.job.key] = outcome.result
        cache.add(outcome.job.key, outcome.result)
    return found, faults


def counting_kept(progress: Tick | None, jobs: int) -> Tick | None:
    """Progress that counts the runs of the cache as done.

    Args:
        progress: called with runs done and runs in all.
        jobs: runs in all.
    """
    if progress is None:
        return None
    tell = progress
    return lambda done, waiting: tell(jobs - waiting + done, jobs)
