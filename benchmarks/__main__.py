"""`python -m benchmarks`: a full baseline run beside plain Mesa agents and beside bamengine.

All three do the same number of firm-months, each from making its agents to the last month, in turn, in one process on
one core. bamengine is another economic simulator on numpy arrays (``pip install -e ".[benchmark]"``).
`python -m benchmarks io` compares the input-output core with pymrio instead (:mod:`benchmarks.input_output`);
`python -m benchmarks scaling` runs economies of more and more firms (:mod:`benchmarks.scaling`); `python -m benchmarks
ensembles` tells what many runs cost beside the model (:mod:`benchmarks.ensembles`); `python -m benchmarks search` sets
the search of levers beside simpler ones at equal cost (:mod:`benchmarks.searching`).
"""

from __future__ import annotations

import sim  # isort: skip  # before numpy: one thread for linear algebra

import argparse
import logging
import platform
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks import ensembles, input_output, plain_mesa, scaling, searching
from benchmarks.timing import Contestant, measure, table, use_one_core

HOUSEHOLDS_PER_FIRM, FIRMS_PER_BANK = 5, 10
"""The proportions of bamengine's own default economy (500 households, 100 firms, 10 banks)."""


def baseline_run(scenario: str) -> tuple[float, int]:
    """One full run with seed 1: its firm-months (above-scale firms in operation, summed over months) and its months."""
    firms = sim.run(sim.load(scenario), seed=1).monthly["firms"]
    return float(firms.sum()), firms.sizes["month"]


def bamengine_run(firms: int, months: int) -> float:
    """The default economy of bamengine at that number of firms; the firm-months it did before a collapse, if any."""
    economy = import_module("bamengine").Simulation.init(
        n_firms=firms,
        n_households=HOUSEHOLDS_PER_FIRM * firms,
        n_banks=max(1, firms // FIRMS_PER_BANK),
        seed=1,
        log_level="ERROR",
    )
    economy.run(n_periods=months, collect=False)
    return float(firms * economy.t)


def contestants(scenario: str, firms: int, months: int) -> list[Contestant]:
    """The tools to compare, ours first; bamengine only where it is installed."""
    rows = [
        Contestant(f"sim {sim.__version__}, {scenario}", lambda: baseline_run(scenario)[0]),
        Contestant(f"plain Mesa {version('mesa')} agents, five-line step", partial(plain_mesa.run, firms, months)),
    ]
    if find_spec("bamengine"):
        rows.append(Contestant(f"bamengine {version('bamengine')}", partial(bamengine_run, firms, months)))
    return rows


def arguments_of(words: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line asks for; ``what`` is None for full runs."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Our speed beside other tools', as ratios."
    )
    parser.add_argument("--scenario", default="baseline", help="scenario of the full run (default: baseline)")
    rounds: dict[str, Any] = {"type": int, "help": "rounds (default: 5)"}
    parser.add_argument("--repetitions", default=5, **rounds)
    instead = parser.add_subparsers(dest="what", title="instead of full runs")
    growing = instead.add_parser("scaling", help="time and memory by the number of firms")
    growing.add_argument("--firms", type=int, nargs="+", default=scaling.SIZES, help="firms above scale at the opening")
    growing.add_argument("--months", type=int, default=scaling.MONTHS, help="months timed (default: 12)")
    tables = instead.add_parser("io", help="the input-output core beside pymrio")
    tables.add_argument("--repetitions", default=argparse.SUPPRESS, **rounds)  # given before "io" it counts, too
    tables.add_argument("--sizes", type=int, nargs="+", default=input_output.SIZES, help="industries, multiples of 24")
    many = instead.add_parser("ensembles", help="many runs beside independent processes, and reading them")
    many.add_argument("--repetitions", default=argparse.SUPPRESS, **rounds)
    many.add_argument("--runs", type=int, default=ensembles.RUNS, help="runs of the throughput (default: 20)")
    many.add_argument("--stored", type=int, default=ensembles.STORED, help="runs that are read (default: 1000)")
    seeking = instead.add_parser("search", help="the search of levers beside simpler ones at equal cost")
    seeking.add_argument("--repetitions", default=searching.REPETITIONS, type=int, help="repetitions (default: 10)")
    seeking.add_argument("--problems", nargs="+", default=searching.PROBLEMS, help="of problems/")
    seeking.add_argument("--points", type=int, default=searching.POINTS, help="points of a search (default: 48)")
    seeking.add_argument("--futures", type=int, default=searching.FUTURES, help="futures of a point (default: 2)")
    seeking.add_argument("--year", type=int, default=searching.YEAR, help="year that is judged (default: 2027)")
    seeking.add_argument("--folder", type=Path, help="where runs are kept, so that it can be stopped and continued")
    return parser.parse_args(words)


def main() -> None:
    """Measure and print the comparison."""
    arguments = arguments_of()
    if arguments.what == "ensembles":  # on all cores
        ensembles.compare(arguments.scenario, arguments.runs, arguments.stored, arguments.repetitions)
        return
    if arguments.what == "search":  # on all cores
        asked = arguments.points, arguments.futures, arguments.year, arguments.repetitions, arguments.folder
        searching.compare(arguments.problems, *asked)
        return
    logging.disable(logging.INFO)  # bamengine switches logs on for all, and Mesa then writes a line a step
    one_core = use_one_core()
    print(
        f"Python {platform.python_version()}, numpy {version('numpy')}, {platform.machine()},"
        f" {'one core' if one_core else 'not tied to one core'}, linear algebra on one thread"
    )
    if arguments.what == "io":
        input_output.compare(arguments.sizes, arguments.repetitions)
        return
    if arguments.what == "scaling":
        scaling.compare(arguments.firms, arguments.months, arguments.scenario)
        return
    full_runs(arguments.scenario, arguments.repetitions)


def full_runs(scenario: str, repetitions: int) -> None:
    """Measure and print full runs beside other simulators."""
    start = perf_counter()
    firm_months, months = baseline_run(scenario)
    firms = round(firm_months / months)
    print(f"first run of the process: {perf_counter() - start:.2f} s; {firms} firms on average, {months} months")
    rows = contestants(scenario, firms, months)
    measure(rows, repetitions)
    print(*table(rows), sep="\n")
    if not find_spec("bamengine"):
        print('bamengine: not installed; pip install -e ".[benchmark]"')
    print("ratio: firm-months per second of the first row over those of the row, by medians")


if __name__ == "__main__":
    main()
