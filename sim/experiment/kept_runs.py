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
from sim.experiment.executor import run_all
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
    """Results of runs in a file, a line a run.

    Lines of other code or other figures are not used: they are another model. A line that an interrupt cut off is left
    out, and ended here, so that the next one begins on its own.

    Args:
        folder: where the file is; it is made.
        without: parts of the package on which no result depends.
    """

    def __init__(self, folder: Path, without: tuple[str, ...] = NOT_RUN) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "runs.jsonl"
        self.model = f"{code_digest(PACKAGE, without=without)[:16]}:{data.digest()[:16]}"
        if self.file.is_file() and self.file.stat().st_size and not self.file.read_bytes().endswith(b"\n"):
            self._append("\n")

    def read(self) -> dict[str, dict[str, float]]:
        """The results of this model by key of the run."""
        found: dict[str, dict[str, float]] = {}
        if not self.file.is_file():
            return found
        for line in self.file.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue
            if row["model"] == self.model:
                found[row["key"]] = row["result"]
        return found

    def add(self, key: str, result: Mapping[str, float]) -> None:
        """Append one result."""
        self._append(json.dumps({"model": self.model, "key": key, "result": dict(result)}, sort_keys=True) + "\n")

    def _append(self, text: str) -> None:
        with self.file.open("a", encoding="utf-8") as file:
            file.write(text)


def collect_runs(
    jobs: Mapping[str, Job],
    cache: Cache | None,
    workers: int,
    progress: Tick | None = None,
    *,
    function: Callable[[Job], dict[str, float]],
) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """The results of all jobs, from the cache or run now.

    Args:
        jobs: by key.
        cache: where results are kept; nothing is kept without one.
        workers: processes at once.
        progress: called after each run with runs done and runs in all, those of the cache left out.
        function: what is run.

    Returns:
        Results by key, and faults of runs that failed by key.
    """
    kept = {} if cache is None else cache.read()
    found = {key: kept[key] for key in jobs if key in kept}
    faults: dict[str, str] = {}
    waiting = [job for key, job in jobs.items() if key not in found]
    for outcome in run_all(function, waiting, workers, progress):
        if outcome.result is None:
            faults[outcome.job.key] = outcome.fault
            continue
        found[outcome.job.key] = outcome.result
        if cache is not None:
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
