"""`python -m benchmarks io`: the input-output core beside pymrio, and the opening table of the regions.

Each job is done by both on the same made-up table (:func:`made_up`), once with plain numpy arrays and once with the
labelled data frames that a user of pymrio holds. pymrio has an inverse but no type II: its user closes the coefficients
with a row and a column of households and inverts once more. Coefficients alone are one unchecked multiplication there;
ours also looks whether every cell is a number and whether an industry without output buys something, which pymrio sets
to 0.

How the memory is counted: the highest total of what our side allocates during the job, its results included and its
inputs left out, in copies of one dense (n, n) array of doubles (tracemalloc, to which numpy reports its arrays).
"""

from __future__ import annotations

import sim  # isort: skip  # before numpy: one thread for linear algebra

import os
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.timing import Contestant, measure
from sim.inputoutput import Households, leontief_inverse, output_multipliers, technical_coefficients, type_two
from sim.mechanisms.labour import Labour
from sim.opening.table import opening_nation, opening_table
from sim.opening.uncertainty import draw_table
from sim.settings import InputOutput, Opening

Floats = NDArray[np.float64]
Results = tuple[Any, ...]
Work = Callable[[], Results]

SIZES = (240, 432, 1344, 3000)
"""Industries: 10, 18, 56 and 125 regions with the 24 products of the model."""

RADIUS = 0.6
"""Spectral radius of the coefficients, about that of a national table."""

ABSENT, UNTRADED = 0.05, 0.4
"""Shares of industries that a region lacks and of pairs of regions that do not trade; both leave zeros."""

WAGES, SPENT = 0.4, 0.6
"""Household income per unit of value added, and what is spent on domestic products per unit of household income."""


@dataclass(frozen=True, eq=False)
class System:
    """A table of many regions, as arrays and as the data frames of a user of pymrio.

    Attributes:
        labels: n pairs (region, product).
        flows: (n, n) purchases of industry j from i, money.
        output: (n,) output, money; 0 for industries that a region lacks.
        income: (n,) household income per unit of output.
        consumption: (n,) product bought by households per unit of household income.
    """

    labels: pd.MultiIndex
    flows: Floats
    output: Floats
    income: Floats
    consumption: Floats

    @cached_property
    def coefficients(self) -> Floats:
        """(n, n) input per unit of output."""
        return technical_coefficients(self.flows, self.output)

    @cached_property
    def flows_frame(self) -> pd.DataFrame:
        """The flows with labels, pymrio's Z."""
        return pd.DataFrame(self.flows, self.labels, self.labels)

    @cached_property
    def output_frame(self) -> pd.DataFrame:
        """Output with labels, pymrio's x."""
        return pd.DataFrame(self.output[:, None], self.labels, ["indout"])

    @cached_property
    def coefficients_frame(self) -> pd.DataFrame:
        """The coefficients with labels, pymrio's A."""
        return pd.DataFrame(self.coefficients, self.labels, self.labels)

    @cached_property
    def income_frame(self) -> pd.DataFrame:
        """Household income per unit of output with labels, pymrio's S."""
        return pd.DataFrame(self.income[None, :], ["income"], self.labels)


def made_up(size: int, seed: int = 1) -> System:
    """A table of regions spread from the nation of the model by gravity, with noise and zeros; the same for a seed.

    Args:
        size: industries, a multiple of the number of products.
        seed: of the regions and the noise.
    """
    luck, nation = np.random.default_rng(seed), opening_nation(InputOutput())
    products, regions = len(nation.products), size // len(nation.products)
    if size != products * regions or not regions:
        raise ValueError(f"{size} industries: make it a multiple of the {products} products")
    weight, place = luck.lognormal(0.0, 1.0, regions), luck.random((regions, 2))
    distance = np.linalg.norm(place[:, None] - place[None, :], axis=2)
    share = weight[:, None] * np.exp(-5.0 * distance) * (luck.random((regions, regions)) >= UNTRADED)
    share += np.diag(share.sum(axis=0) + weight)  # at least half is bought at home
    share /= share.sum(axis=0)
    present = luck.random(size) >= ABSENT
    coefficients = np.einsum("rs,ij->risj", share, nation.coefficients).reshape(size, size)
    coefficients *= luck.lognormal(0.0, 0.5, (size, size)) * np.outer(present, present)
    coefficients *= RADIUS / _radius(coefficients)
    output = np.outer(weight, nation.output).ravel() * luck.lognormal(0.0, 0.5, size) * present
    bought = np.outer(weight, nation.final[:, 0]).ravel() * present
    names = [f"region {i + 1}" for i in range(regions)]
    return System(
        labels=pd.MultiIndex.from_product([names, nation.products], names=["region", "sector"]),
        flows=coefficients * output,
        output=output,
        income=WAGES * np.tile(nation.value_added_share, regions) * present,
        consumption=SPENT * bought / bought.sum(),
    )


def _radius(coefficients: Floats, rounds: int = 60) -> float:
    """Spectral radius of coefficients >= 0 by powers."""
    direction, radius = np.ones(len(coefficients)), 1.0
    for _ in range(rounds):
        direction = coefficients @ direction
        radius = float(direction.max())
        direction /= radius
    return radius


# --- the jobs: ours, pymrio's with arrays, pymrio's with data frames


@dataclass(frozen=True)
class Job:
    """One calculation by both sides; each call does all of it and returns the same results.

    Attributes:
        label: what is calculated, from what.
        ours: by this package.
        theirs: by pymrio.
    """

    label: str
    ours: Work
    theirs: Work


def jobs(system: System) -> Iterator[Job]:
    """What is compared, with arrays and with data frames; ours takes the arrays out of the frames."""
    arrays = (system.flows, system.output, system.coefficients, system.income)
    frames = (system.flows_frame, system.output_frame, system.coefficients_frame, system.income_frame)
    households = Households(system.income, system.consumption)
    for kind, given in (("arrays", arrays), ("frames", frames)):
        for label, ours, theirs in _pairs(households, *given):
            yield Job(f"{label}, {kind}", ours, theirs)


def _pairs(
    households: Households, flows: Any, output: Any, coefficients: Any, income: Any
) -> Iterator[tuple[str, Work, Work]]:
    """Label, ours and theirs of each job, from arrays or frames."""
    pymrio = import_module("pymrio")

    def our_coefficients() -> Floats:
        return technical_coefficients(_array(flows), _array(output).ravel())

    def their_coefficients() -> Any:
        return pymrio.calc_A(flows, output)

    def theirs(given: Any) -> Results:
        return _their_one_and_two(pymrio, income, households, given)

    yield "coefficients", lambda: (our_coefficients(),), lambda: (their_coefficients(),)
    yield (
        "type I from coefficients",
        lambda: (output_multipliers(_array(coefficients)),),
        lambda: (pymrio.calc_L(coefficients).sum(axis=0),),
    )
    yield (
        "type I and II from coefficients",
        lambda: type_one_and_two(households, _array(coefficients)),
        lambda: theirs(coefficients),
    )
    yield (
        "type I and II from flows",
        lambda: type_one_and_two(households, our_coefficients()),
        lambda: theirs(their_coefficients()),
    )
    yield (
        "inverse from coefficients",
        lambda: (leontief_inverse(_array(coefficients)),),
        lambda: (pymrio.calc_L(coefficients),),
    )


def _array(given: Any) -> Floats:
    """The array itself or that of a data frame."""
    return given if isinstance(given, np.ndarray) else given.to_numpy()


def type_one_and_two(households: Households, coefficients: Any) -> Results:
    """Simple and truncated output multipliers, simple and total income multipliers."""
    found = type_two(coefficients, households)
    return found.output_simple, found.output_truncated, found.income_simple, found.income_total


def _their_one_and_two(pymrio: Any, income: Any, households: Households, coefficients: Any) -> Results:
    """The same results by two inverses; only the first uses what pymrio has, the closed matrix is made by hand."""
    inverse = pymrio.calc_L(coefficients)
    closed = pymrio.calc_L(_closed(coefficients, households))
    size = len(coefficients)
    cells = _array(closed)
    return inverse.sum(axis=0), cells[:size, :size].sum(axis=0), pymrio.calc_M(income, inverse), cells[size, :size]


def _closed(coefficients: Any, households: Households) -> Any:
    """Coefficients with households as the last industry, in the type of the coefficients."""
    size = len(coefficients)
    cells = np.zeros((size + 1, size + 1))
    cells[:size, :size] = coefficients
    cells[:size, size], cells[size, :size] = households.consumption, households.income
    if isinstance(coefficients, np.ndarray):
        return cells
    labels = coefficients.index.append(pd.MultiIndex.from_tuples([("all", "households")]))
    return pd.DataFrame(cells, labels, labels, copy=False)


# --- what is measured


@dataclass(frozen=True)
class Measured:
    """One line of the comparison.

    Attributes:
        label: the job.
        ours: median seconds of this package.
        theirs: median seconds of pymrio.
        difference: largest difference of a result, relative to the largest number of that result.
        copies: highest memory of ours in dense copies, see the head of this module.
    """

    label: str
    ours: float
    theirs: float
    difference: float
    copies: float


def compared(job: Job, size: int, repetitions: int) -> Measured:
    """Both sides of a job in turn, after a first call of each that is not timed; short calls are timed several a go."""
    difference = largest_difference(job.ours(), job.theirs())
    sides = [Contestant(name, partial(_done, work)) for name, work in (("ours", job.ours), ("pymrio", job.theirs))]
    measure(sides, repetitions, calls=max(1, min(10, 4000 // size)))
    ours, theirs = (median(side.seconds) for side in sides)
    return Measured(job.label, ours, theirs, difference, copies(job.ours, size))


def _done(work: Work) -> float:
    """Do the work; one job done."""
    work()
    return 1.0


def largest_difference(ours: Results, theirs: Results) -> float:
    """Largest difference between two lists of results, relative to the largest number of each result."""
    worst = 0.0
    for mine, other in zip(ours, theirs, strict=True):
        a, b = np.asarray(mine, dtype=float), np.asarray(other, dtype=float)
        if a.size != b.size:
            raise ValueError(f"results of shapes {a.shape} and {b.shape} cannot be compared")
        worst = max(worst, float(np.abs(a - b.reshape(a.shape)).max() / np.abs(b).max()))
    return worst


def copies(work: Work, size: int) -> float:
    """Highest memory of a job in dense (n, n) arrays of doubles: results counted, inputs not."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / (8.0 * size**2)
    finally:
        tracemalloc.stop()


def forget(package: str = "sim") -> None:
    """Empty every cache of the package, so that what follows starts from the files of figures."""
    for name, module in list(sys.modules.items()):
        if name == package or name.startswith(f"{package}."):
            for thing in vars(module).values():
                if callable(getattr(thing, "cache_clear", None)):
                    thing.cache_clear()


def _opening() -> float:
    forget()
    return float(len(opening_table(Opening(), InputOutput()).table.output))


def _draw() -> float:
    return float(draw_table(Opening(), InputOutput(), Labour(), 1, 1).trials)


# --- what is printed


def kernels() -> str:
    """The kernels that the linear algebra of numpy and scipy chose, as far as threadpoolctl can tell."""
    forced = [f"{name}={os.environ[name]}" for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") if name in os.environ]
    known = ["kernel not known (pip install threadpoolctl tells)"]
    if find_spec("threadpoolctl"):
        found = import_module("threadpoolctl").threadpool_info()
        known = [
            f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')} x {pool['num_threads']}"
            for pool in found
            if pool["user_api"] == "blas"
        ]
    return ", ".join([*known, *forced])


def lines(measured: Sequence[Measured]) -> list[str]:
    """The comparison as a table; the ratio is their time over ours, so that 10 means ten times as fast as pymrio."""
    width = max(len(row.label) for row in measured)
    heading = f"{'':{width}}   sim ms  pymrio ms  ratio  difference  copies"
    return [heading] + [
        f"{row.label:{width}} {1e3 * row.ours:8.2f} {1e3 * row.theirs:10.2f} {row.theirs / row.ours:6.1f}"
        f" {row.difference:11.0e} {row.copies:7.2f}"
        for row in measured
    ]


def compare(sizes: Sequence[int], repetitions: int) -> None:
    """Measure and print: each size beside pymrio, then the table of the regions from national figures."""
    print(f"sim {sim.__version__} beside pymrio, pandas {version('pandas')}; {kernels()}")
    if not find_spec("pymrio"):
        print('pymrio: not installed; pip install -e ".[benchmark]"')
        sizes = ()
    for size in sizes:
        system = made_up(size)
        cells = system.coefficients
        print(
            f"\nn = {size}, pymrio {version('pymrio')}: {(cells == 0.0).mean():.0%} of cells are zero,"
            f" spectral radius {_radius(cells):.2f}"
        )
        rounds = max(1, min(repetitions, repetitions * 2000 // size))
        print(*lines([compared(job, size, rounds) for job in jobs(system)]), sep="\n")
    print("\nratio: median time of pymrio over ours; difference: largest, over the largest number of that result;")
    print("copies: highest memory of ours, results included, inputs not, in dense n x n arrays of doubles")
    regions = [Contestant("opening table", _opening), Contestant("one more draw of it", _draw)]
    measure(regions, repetitions)
    print(f"\ntwelve regions with {regions[0].firm_months:.0f} industries from national figures, caches empty:")
    for row in regions:
        print(f"{row.label}: {median(row.seconds):.3f} s, best {min(row.seconds):.3f} s")
