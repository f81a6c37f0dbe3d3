"""`python -m benchmarks ensembles`: what an ensemble costs beside the model itself.

Three measurements. *Throughput*: an ensemble with two workers, store and journal included, beside two independent
processes that run the same number of scenarios one after the other and keep nothing; both start from nothing, in turn.
*Outside the model*: in one process, the time that recording, packing and storing take, as a share of the run.
*Reading*: a folder of synthetic runs of the full length is opened, and bands of the city and of every county are taken.
"""

from __future__ import annotations

import sim  # isort: skip  # before numpy: one thread for linear algebra

import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from sim.experiment.ensemble import Ensemble
from sim.experiment.layout import layout_of, record
from sim.experiment.store import Plan, writing
from sim.scenario import Scenario

RUNS, STORED = 20, 1_000
"""Runs of the throughput, and synthetic runs that are read."""

QUANTILES = (0.1, 0.5, 0.9)

ALONE = """
import sys, sim
scenario = sim.load(sys.argv[1])
for seed in range(int(sys.argv[2]), int(sys.argv[3])):
    sim.run(scenario, seed)
"""
"""What each of the two independent processes does."""

TOGETHER = """
import sys, sim
if __name__ == "__main__":
    sim.ensemble(sim.load(sys.argv[1]), int(sys.argv[2]), workers=2, folder=sys.argv[3])
"""
"""The ensemble."""


def compare(scenario: str, runs: int, stored: int, repetitions: int) -> None:
    """Measure and print all three."""
    with tempfile.TemporaryDirectory() as place:
        print(*throughput(scenario, runs, repetitions, Path(place)), sep="\n")
        print(outside(sim.load(scenario), Path(place) / "outside"))
        print(reading(sim.load(scenario), stored, Path(place) / "read"))


def throughput(scenario: str, runs: int, repetitions: int, place: Path) -> list[str]:
    """Runs a second of the ensemble and of two independent processes, in turn."""
    half = runs // 2
    script = place / "together.py"
    script.write_text(TOGETHER, encoding="utf-8")
    apart, together = [], []
    for turn in range(repetitions):
        start = perf_counter()
        spans = ((1, half + 1), (half + 1, 2 * half + 1))
        started = [
            subprocess.Popen([sys.executable, "-c", ALONE, scenario, str(first), str(last)]) for first, last in spans
        ]
        if any(process.wait() for process in started):
            raise SystemExit("an independent process failed")
        apart.append(perf_counter() - start)
        start = perf_counter()
        words = [sys.executable, str(script), scenario, str(2 * half), str(place / f"together{turn}")]
        subprocess.run(words, check=True)
        together.append(perf_counter() - start)
    ratio = median(one / other for one, other in zip(apart, together, strict=True))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return [
        f"two independent processes: {2 * half} runs in {median(apart):.1f} s",
        f"an ensemble with two workers, stored: {median(together):.1f} s; throughput {ratio:.1%} of theirs",
        f"greatest memory of any of the processes: {peak:,.0f} MB",
    ]


def outside(scenario: Scenario, folder: Path, runs: int = 3) -> str:
    """Time of recording and storing as a share of the run."""
    layout = layout_of(scenario)
    inside, beside = [], []
    with writing(folder, [scenario]) as store:
        for seed in range(runs):
            start = perf_counter()
            done = sim.run(scenario, seed)
            middle = perf_counter()
            store.add(Plan.of(scenario), seed, record(done, layout), 0.0)
            inside.append(middle - start)
            beside.append(perf_counter() - middle)
    share = sum(beside) / sum(inside)
    return f"outside the model: {1e3 * median(beside):.1f} ms a run of {median(inside):.2f} s, {share:.1%}"


def reading(scenario: Scenario, runs: int, folder: Path) -> str:
    """Time to open a folder of synthetic runs and to take bands over the seeds."""
    size, draws = layout_of(scenario).size, np.random.default_rng(1)
    with writing(folder, [scenario]) as store:
        for seed in range(runs):
            store.add(Plan.of(scenario), seed, draws.standard_normal(size), 0.0)
    times = []
    for _ in range(3):
        start = perf_counter()
        found = Ensemble.load(folder)
        city = np.quantile(found.values(scenario.name, "headline").values, QUANTILES, axis=0)
        counties = np.quantile(found.values(scenario.name, "income").values, QUANTILES, axis=0)
        times.append(perf_counter() - start)
        assert len(city) == len(counties) == len(QUANTILES)
    return (
        f"opening {runs:,} runs of {8 * size / 1e3:,.0f} kB and bands of all series and counties: {median(times):.2f} s"
    )
