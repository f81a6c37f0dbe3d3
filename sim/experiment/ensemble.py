"""Many runs of scenarios over many seeds, kept so that nothing finished is lost, and what one asks of them.

::

    runs = sim.ensemble([sim.load("baseline"), sim.load("promotion")], range(1, 101), workers=4, folder="results/two")
    runs.values("baseline", "output")          # (seed, year, county, product)
    sim.Ensemble.load("results/two")           # the same, later

A run is a pure function of (scenario, seed): the same bits whoever computes it, in whatever order. Equal seeds are
common luck, see :data:`sim.experiment.store.LUCK`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.experiment.drawn import Posterior, with_draw
from sim.experiment.executor import ClusterError, Method, Outcome, default_workers, run_all
from sim.experiment.layout import Layout, layout_of, record
from sim.experiment.single import run
from sim.experiment.store import Manifest, Origin, Plan, Store, asked, open_store, origin, writing
from sim.scenario import Scenario

Floats = NDArray[np.float64]

HIGHEST_SEED = 2**31 - 1
"""Seeds go from 0 to here."""

MOST_RUNS = 1_000_000
"""More runs are a mistake of the hand."""

PROCESS = 260e6
"""Memory of one process at a run without its record, bytes (measured: a 22-year run, and the same run of two years)."""

COPIES = 3
"""How often a process holds the record of its run at the end: arrays, dataset, years."""


class SeedError(ValueError):
    """Seeds that cannot be meant; the message is one sentence."""


class OriginError(RuntimeError):
    """A process has other code or figures than the one that asked it."""


@dataclass(frozen=True)
class Task:
    """One run.

    Attributes:
        scenario: what is run.
        seed: with which luck.
        origin: digest that the process must have, see :class:`sim.experiment.store.Origin`.
        changes: parameters drawn for this seed, by dotted name.
    """

    scenario: Scenario
    seed: int
    origin: str
    changes: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Done:
    """What a run leaves behind: its vector (see :mod:`sim.experiment.layout`), and how long it took."""

    vector: Floats
    seconds: float


def run_task(task: Task) -> Done:
    """Run one task. A function of the task alone.

    Raises:
        OriginError: this process has other code, figures or libraries.
        ScenarioError: the drawn parameters do not go together with the scenario.
    """
    here = origin()
    if here.digest != task.origin:
        raise OriginError(
            f"a machine of the cluster has other code, figures or libraries ({here.code_version}): install there"
            " what is installed here"
        )
    start = perf_counter()
    vector = record(run(with_draw(task.scenario, task.changes), task.seed), layout_of(task.scenario))
    return Done(vector, perf_counter() - start)


# --- what one asks of many runs ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ensemble:
    """Many runs, read only.

    Attributes:
        plans: the scenarios, in order, each with title, question and full text.
        seeds: seeds that every scenario has, in order; only their runs are shown.
        layout: names and shapes of what is kept.
        made_by: code, figures and libraries that made the runs.
        start: first month.
        faults: what is missing and why, a sentence each: runs that failed, files that were damaged.
        folder: where the runs are; None if they are only in memory.
    """

    plans: tuple[Plan, ...]
    seeds: tuple[int, ...]
    layout: Layout
    made_by: Origin
    start: str
    faults: tuple[str, ...] = ()
    folder: Path | None = None
    _store: Store | None = field(default=None, repr=False)
    _matrices: Mapping[str, Floats] = field(default_factory=dict, repr=False)

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios, in order."""
        return tuple(plan.name for plan in self.plans)

    def plan(self, scenario: str) -> Plan:
        """Title, question, hash and text of a scenario.

        Raises:
            KeyError: the ensemble has none of that name; the message names those it has.
        """
        for plan in self.plans:
            if plan.name == scenario:
                return plan
        raise KeyError(f"no scenario '{scenario}' in this ensemble; there are {', '.join(self.scenarios)}")

    def values(self, scenario: str, name: str) -> xr.DataArray:
        """One quantity of all runs of a scenario.

        Args:
            scenario: its name.
            name: an entry of the layout, see :mod:`sim.experiment.layout`.

        Returns:
            (seed, *dims of the entry), with labels, unit and long name.

        Raises:
            KeyError: no such scenario.
            LayoutError: no such quantity.
            DamagedError: a file is not what was written; the same command makes its run anew.
        """
        self.plan(scenario)
        if self._store is not None:
            found = self._store.entry(scenario, self.seeds, name)
        else:
            found = self.layout.view(self._matrices[scenario], name)
        return self.layout.label(name, found, {"seed": np.array(self.seeds, dtype=np.int64)})

    def __repr__(self) -> str:
        return f"Ensemble({', '.join(self.scenarios)}; {len(self.seeds)} seeds)"

    @classmethod
    def load(cls, folder: Path | str, scenarios: Sequence[str] | None = None) -> Self:
        """The ensemble in a folder.

        Args:
            folder: as written by ``ningde run --seeds`` or :func:`ensemble`.
            scenarios: names of those wanted; all that have a run if not given.

        Raises:
            StoreError: the folder is no store, has no such scenario, or no seed is common to its scenarios.
        """
        return cls._of(open_store(folder), scenarios)

    @classmethod
    def _of(cls, store: Store, scenarios: Sequence[str] | None = None, faults: Iterable[str] = ()) -> Self:
        """The runs of a store; scenarios without any are left out and told."""
        told = list(faults)
        names = store.names if scenarios is None else tuple(scenarios)
        seeds = {name: set(store.seeds(name)) for name in names}
        empty = [name for name in names if not seeds[name]]
        told += [f"{name}: no run is finished" for name in empty]
        names = tuple(name for name in names if seeds[name])
        common = set.intersection(*(seeds[name] for name in names)) if names else set()
        more = {name: len(seeds[name] - common) for name in names if seeds[name] - common}
        told += [f"{name}: {count} runs have a seed that not every scenario has" for name, count in more.items()]
        return cls(
            tuple(store.plan(name) for name in names),
            tuple(sorted(common)),
            store.layout,
            store.manifest.origin,
            store.manifest.start,
            tuple(told),
            store.folder,
            store,
        )

    @classmethod
    def of(cls, matrices: Mapping[str, Floats], scenarios: Sequence[Scenario], seeds: Sequence[int]) -> Self:
        """An ensemble in memory.

        Args:
            matrices: (seeds, size of the layout) by name of the scenario.
            scenarios: of one first and one last month.
            seeds: of the rows.
        """
        manifest = asked(scenarios, origin())
        return cls._in_memory(manifest, layout_of(scenarios[0]), matrices, tuple(seeds))

    @classmethod
    def _in_memory(
        cls,
        manifest: Manifest,
        layout: Layout,
        matrices: Mapping[str, Floats],
        seeds: tuple[int, ...],
        faults: Iterable[str] = (),
    ) -> Self:
        """An ensemble whose runs are nowhere but here."""
        plans, told = manifest.plans, tuple(faults)
        return cls(plans, seeds, layout, manifest.origin, manifest.start, told, None, None, matrices)


# --- running ----------------------------------------------------------------------------------------------------------


def ensemble(
    scenarios: Scenario | Sequence[Scenario],
    seeds: int | Iterable[int],
    *,
    workers: int | None = None,
    cluster: str | None = None,
    folder: Path | str | None = None,
    progress: Callable[[int, int], None] | None = None,
    method: Method = "spawn",
    posterior: Posterior | None = None,
) -> Ensemble:
    """Run every scenario with every seed; what a folder has of it already is not run again.

    Args:
        scenarios: of one first and one last month.
        seeds: numbers from 0 on, each once; a single number n means 1 to n.
        workers: processes at once, as many as processors if not given; with one everything happens in this process.
            In a script, calls with more must stand below ``if __name__ == "__main__":``.
        cluster: address of a dask scheduler, such as "tcp://host:8786", instead of processes here.
        folder: where runs are kept as they end. Without one they are only in memory.
        progress: called after each run with runs done and runs in all, those that the folder had left out.
        method: how processes start.
        posterior: draws that each run takes parameters from, by its seed, see :mod:`sim.experiment.drawn`.

    Returns:
        The runs. One that failed stands in ``faults``, and its seed is left out in all scenarios.

    Raises:
        SeedError: a seed is given twice, or is too small or too large.
        PosteriorFileError: the draws have seen facts that a scenario does not know.
        StoreError, FolderError: the folder does not fit, see :func:`sim.experiment.store.writing`; or the disk is full,
            runs that are finished are kept then.
        ClusterError: the cluster cannot be used.
        KeyboardInterrupt: as usual; runs that are finished are kept in the folder.
    """
    plans = [scenarios] if isinstance(scenarios, Scenario) else list(scenarios)
    numbers = checked_seeds(range(1, seeds + 1) if isinstance(seeds, int) else seeds)
    many = default_workers() if workers is None else workers
    if posterior is not None:
        for plan in plans:
            posterior.check(plan)
    how = _How(many, cluster, progress, method, posterior)
    return _in_memory(plans, numbers, how) if folder is None else _in_folder(plans, numbers, how, folder)


def checked_seeds(seeds: Iterable[int]) -> tuple[int, ...]:
    """Seeds, if they can be meant.

    Raises:
        SeedError: there is none, one is given twice or outside 0 to 2147483647, or there are more than a million.
    """
    numbers: list[int] = []
    for seed in seeds:
        numbers.append(int(seed))
        if len(numbers) > MOST_RUNS:
            raise SeedError(f"more than {MOST_RUNS} seeds; a few hundred tell what chance does")
    if not numbers:
        raise SeedError("no seed; give at least one")
    wrong = [seed for seed in numbers if not 0 <= seed <= HIGHEST_SEED]
    if wrong:
        raise SeedError(f"seed {wrong[0]} is outside 0 to {HIGHEST_SEED}")
    if len(set(numbers)) < len(numbers):
        known: set[int] = set()
        twice = next(seed for seed in numbers if seed in known or known.add(seed))  # type: ignore[func-returns-value]
        raise SeedError(f"seed {twice} is given twice: the same run would count double; each seed once")
    return tuple(sorted(numbers))


@dataclass(frozen=True)
class _How:
    """Where and how tasks are run."""

    workers: int
    cluster: str | None
    progress: Callable[[int, int], None] | None
    method: Method
    posterior: Posterior | None = None

    @property
    def made_by(self) -> Origin:
        """Origin of the runs."""
        return replace(origin(), posterior="" if self.posterior is None else self.posterior.digest)

    def task(self, scenario: Scenario, seed: int) -> Task:
        """One run."""
        changes = () if self.posterior is None else self.posterior.changes(scenario, seed)
        return Task(scenario, seed, origin().digest, changes)

    def outcomes(self, tasks: Sequence[Task]) -> Generator[Outcome[Task, Done]]:
        """The outcomes of tasks; progress is told when whoever asked has kept the run.

        Raises:
            ClusterError: a machine has other code.
        """
        outcomes = run_all(run_task, tasks, self.workers, cluster=self.cluster, method=self.method)
        with closing(outcomes):
            for done, outcome in enumerate(outcomes, start=1):
                if outcome.fault.startswith(OriginError.__name__):
                    raise ClusterError(outcome.fault.partition(": ")[2])
                yield outcome
                if self.progress is not None:
                    self.progress(done, len(tasks))


def _in_folder(plans: Sequence[Scenario], seeds: tuple[int, ...], how: _How, folder: Path | str) -> Ensemble:
    """Run what the folder does not have."""
    with writing(folder, plans, how.made_by) as store:
        if how.posterior is not None:
            store.keep_posterior(how.posterior)
        faults = [f"{bad.why}; the file is set aside as {bad.file.name}.bad" for bad in store.bad]
        there = {plan.name: set(store.seeds(plan.name)) for plan in plans}
        # seed by seed, so that scenarios have common seeds whenever it stops
        tasks = [how.task(plan, seed) for seed in seeds for plan in plans if seed not in there[plan.name]]
        for outcome in how.outcomes(tasks):
            scenario, seed = outcome.job.scenario, outcome.job.seed
            if outcome.result is None:
                faults.append(_failed(outcome))
            else:
                store.add(store.plan(scenario.name), seed, outcome.result.vector, outcome.result.seconds)
    found = Ensemble._of(store, [plan.name for plan in plans], faults)
    return _only(found, set(seeds))


def _only(found: Ensemble, seeds: set[int]) -> Ensemble:
    """The ensemble with the seeds that were asked for; the folder may have more."""
    return replace(found, seeds=tuple(seed for seed in found.seeds if seed in seeds))


def _in_memory(plans: Sequence[Scenario], seeds: tuple[int, ...], how: _How) -> Ensemble:
    """Run all of it and keep nothing on disk."""
    manifest, layout = asked(plans, how.made_by), layout_of(plans[0])
    tasks = [how.task(plan, seed) for seed in seeds for plan in plans]
    found: dict[tuple[str, int], Floats] = {}
    faults = []
    for outcome in how.outcomes(tasks):
        if outcome.result is None:
            faults.append(_failed(outcome))
        else:
            found[outcome.job.scenario.name, outcome.job.seed] = outcome.result.vector
    whole = tuple(seed for seed in seeds if all((plan.name, seed) in found for plan in plans))
    matrices = {
        plan.name: np.array([found[plan.name, seed] for seed in whole]).reshape(len(whole), layout.size)
        for plan in plans
    }
    return Ensemble._in_memory(manifest, layout, matrices, whole, faults)


def _failed(outcome: Outcome[Task, Done]) -> str:
    """A run that failed, as a sentence."""
    return f"{outcome.job.scenario.name}, seed {outcome.job.seed}: {outcome.fault}"


# --- memory -----------------------------------------------------------------------------------------------------------


def memory_needed(scenario: Scenario, workers: int) -> float:
    """Memory that so many processes with runs of a scenario need, bytes: an estimate from above."""
    from sim.results.variables import VARIABLES, coordinates

    lengths = {dim: len(labels) for dim, labels in coordinates(scenario.start, scenario.months, ()).items()}
    numbers = sum(np.prod([lengths[dim] for dim in variable.dims]) for variable in VARIABLES.values())
    return (workers + 1) * PROCESS + workers * COPIES * float(numbers) * np.dtype(np.float64).itemsize


def memory_of_machine() -> float | None:
    """Memory that this machine has, bytes; None where the system does not tell."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (ValueError, OSError, AttributeError):
        return None
