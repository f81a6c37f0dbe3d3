"""`python -m benchmarks scaling`: the same economy made of ever more, ever smaller firms.

Output, land, people, prices and money stay what they are; there are n times as many firms above scale at the opening,
each an n-th as large, and n times as many entrants of an n-th of the size. So what grows is the number of rows alone,
and the exponent of time in firms tells whether the month is linear in them. Each size runs in a process of its own, so
that the peak of memory is its own.
"""

from __future__ import annotations

import sim  # isort: skip  # before numpy: one thread for linear algebra

import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from time import perf_counter

from sim.model import NingdeModel
from sim.scenario import Scenario
from sim.settings import Opening, Projects

SIZES = (1_000, 2_000, 10_000, 30_000, 100_000)
"""Firms above scale at the opening."""

MONTHS = 12
"""Months that are timed, after one that is not."""


@dataclass(frozen=True)
class Measured:
    """One size.

    Attributes:
        firms: operating firms, mean of the months timed.
        links: links at the end.
        opening: seconds that the opening took.
        month: seconds a month.
        peak: greatest memory of the process, MB.
    """

    firms: float
    links: int
    opening: float
    month: float
    peak: float

    @property
    def each(self) -> float:
        """Microseconds a firm and month."""
        return 1e6 * self.month / self.firms


def enlarged(scenario: str, firms: int) -> Scenario:
    """A scenario with that many firms above scale at the opening, each so much smaller.

    Args:
        scenario: scenario that is changed.
        firms: firms above scale; their number and sizes lie outside the ranges of the parameters and are not checked.
    """
    plan = sim.load(scenario)
    opening, projects = plan[Opening], plan[Projects]
    factor = firms / opening.firms_above_scale
    smaller = {name: getattr(opening, name) / factor for name in ("min_size", "max_size")}
    changed = {
        Opening: smaller | {"firms_above_scale": float(firms)},
        Projects: {"size_bump_mean": projects.size_bump_mean / factor},
    }
    parameters = tuple(group.model_copy(update=changed.get(type(group), {})) for group in plan.parameters)
    return replace(plan, parameters=parameters)


def run(firms: int, months: int = MONTHS, scenario: str = "baseline") -> Measured:
    """Open the economy of that many firms and time its first months in this process.

    Args:
        firms: firms above scale at the opening.
        months: months timed.
        scenario: scenario that is changed.
    """
    import resource  # not on every system

    start = perf_counter()
    model = NingdeModel(enlarged(scenario, firms), seed=1)
    opened = perf_counter() - start
    model.step()
    counted, start = 0, perf_counter()
    for _ in range(months):
        model.step()
        counted += model.operating_firms
    month = (perf_counter() - start) / months
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0 if sys.platform != "darwin" else 1024.0**2)
    return Measured(counted / months, len(model.state.links), opened, month, peak)


def exponent(small: Measured, large: Measured) -> float:
    """Exponent of the time of a month in the number of firms, between two sizes; 1 = linear."""
    return math.log(large.month / small.month) / math.log(large.firms / small.firms)


def lines(measured: Sequence[Measured]) -> list[str]:
    """The table; the exponent is that from the size before."""
    heading = "    firms       links  opening s  ms a month  us a firm-month  exponent  peak MB"
    exponents = ["", *(f"{exponent(*pair):.2f}" for pair in pairwise(measured))]
    return [heading] + [
        f"{row.firms:9,.0f} {row.links:11,d} {row.opening:10.1f} {1e3 * row.month:11.2f} {row.each:16.2f} {slope:>9}"
        f" {row.peak:8.0f}"
        for row, slope in zip(measured, exponents, strict=True)
    ]


def compare(sizes: Sequence[int], months: int, scenario: str) -> None:
    """Measure every size in a process of its own and print the table."""
    found = []
    for firms in sizes:
        words = [sys.executable, "-m", "benchmarks.scaling", str(firms), str(months), scenario]
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, env=os.environ)
        found.append(Measured(**json.loads(done.stdout.splitlines()[-1])))
    print(*lines(found), sep="\n")


if __name__ == "__main__":
    print(json.dumps(vars(run(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))))
