"""`python -m benchmarks search`: the search beside points drawn evenly and one lever after the other, at equal cost.

For each problem and repetition (another luck of the search, the same futures for all) every method gets the same number
of points. What it found is the hypervolume of its allowed points, in one box for all methods and repetitions of a
problem, so 0 is nothing and 1 all. Told are the paired differences with 95 % intervals. Runs are kept in the folder;
methods and repetitions that ask for the same point share it. *Beside the model*: the time of a search that is not spent
in runs, in one process and on all cores (start of processes and waits for the last run of a generation count).
"""

from __future__ import annotations

import sim  # isort: skip  # before numpy: one thread for linear algebra

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np

from sim.experiment.executor import default_workers
from sim.experiment.tuning.evaluation import Evaluator
from sim.experiment.tuning.problem import Problem
from sim.experiment.tuning.problem_file import read_problem
from sim.experiment.tuning.runs import Job, Runner, in_year, run_job
from sim.experiment.tuning.search import Method, Plan, Search, search
from sim.statistics.fronts import hypervolume, reference
from sim.statistics.paired import intervals

PROBLEMS = (
    "mountain_share_at_least_cost",
    "trillion_with_smallest_gap",
    "robust_to_exit_of_a_leader",
    "enclave_terms_both_accept",
)

RIVALS: tuple[Method, ...] = ("random", "one-at-a-time")

POINTS, FUTURES, YEAR, REPETITIONS = 48, 2, 2027, 10
"""Points of each search, futures of each point, the year that is judged (fewer and earlier, for time), repetitions."""


def shortened(name: str, year: int, futures: int) -> Problem:
    """A shipped problem, judged in another year in at most so many futures, but in each of its cases."""
    found = read_problem(Path(__file__).parents[1] / "problems" / f"{name}.toml")
    plan = found.scenario.replace({"run.end": f"{year}-12"}, name=found.scenario.name)
    return replace(found, scenario=plan, year=year, seeds=max(1, futures // len(found.cases)))


def compare(names: Sequence[str], points: int, futures: int, year: int, repetitions: int, folder: Path | None) -> None:
    """Measure and print."""
    print(f"sim {sim.__version__}, {points} points, {futures} futures, year {year}, {repetitions} repetitions")
    for name in names:
        problem = shortened(name, year, futures)
        with tempfile.TemporaryDirectory() as place:
            runs = (Path(place) if folder is None else folder) / name
            evaluate = Evaluator(Runner(problem, runs, default_workers()), problem.futures())
            print(*told(evaluate, points, repetitions), sep="\n", flush=True)
    for workers in dict.fromkeys((1, default_workers())):
        print(beside(shortened(names[0], year, futures), workers), flush=True)


def told(evaluate: Evaluator, points: int, repetitions: int) -> Iterator[str]:
    """Hypervolumes of one problem, and what the search is ahead by."""
    methods: tuple[Method, ...] = ("surrogate", *RIVALS)
    found = {
        method: [search(evaluate, Plan(points, method=method, seed=seed)) for seed in range(1, repetitions + 1)]
        for method in methods
    }
    problem = evaluate.problem
    volume = volumes(problem, found)
    means = ", ".join(f"{method} {values.mean():.3f}" for method, values in volume.items())
    yield f"{problem.name}: hypervolume {means}"
    for rival in RIVALS:
        mean, low, high = intervals(volume["surrogate"] - volume[rival], 0.95)
        verdict = "ahead" if low > 0 else "behind" if high < 0 else "not told apart"
        yield f"  search less {rival}: {mean:+.3f} [{low:+.3f}, {high:+.3f}] {verdict}"


def volumes(problem: Problem, found: dict[Method, list[Search]]) -> dict[Method, np.ndarray]:
    """(repetitions,) hypervolume of each method, all in one box."""
    signs = np.array([float(goal.better) for goal in problem.goals])
    every = np.concatenate([each.values[each.allowed] for searches in found.values() for each in searches])
    box = reference(every, signs)
    return {
        method: np.array([hypervolume(each.values[each.allowed], box) for each in searches])
        for method, searches in found.items()
    }


def timed_job(job: Job) -> dict[str, float]:
    """Run a job and tell its seconds among its results."""
    start = perf_counter()
    found = run_job(job)
    return found | {in_year("seconds", job.years[0]): perf_counter() - start}


def beside(problem: Problem, workers: int, points: int = 24) -> str:
    """The part of the time of processes at a search that is not spent in runs."""
    with tempfile.TemporaryDirectory() as place:
        start = perf_counter()
        run = Runner(problem, Path(place), workers, function=timed_job)
        found = search(Evaluator(run, problem.futures()), Plan(points), journal=Path(place))
        whole = perf_counter() - start
    each_once = {tuple(each.settings.values()): each for each in found.evaluated}  # equal points share their runs
    runs = sum(float(np.nansum(each.outcomes.get("seconds", 0.0))) for each in each_once.values())
    part = 1.0 - runs / (workers * whole)
    at_once = "one process" if workers == 1 else f"{workers} processes"
    return f"beside the model: {part:.1%} of the time of {at_once} in a search of {points} points"
