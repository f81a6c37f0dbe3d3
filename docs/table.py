"""Writes the tables of docs/table.md between their marks: how far the estimate of the opening table reaches.

``python docs/table.py`` draws the tables anew (about a minute) and rewrites the marked parts; with ``--check`` it only
compares, and ends with code 1 if the page is old.
"""
# ruff: noqa: INP001  (a folder of texts with one script is no package)

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

import sim
from sim.experiment.tables import OUTSIDE, with_names
from sim.inputoutput.leontief import Leontief
from sim.inputoutput.shares import share
from sim.inputoutput.tables import Table, aggregate, inside
from sim.mechanisms.demand import Demand
from sim.mechanisms.labour import Labour
from sim.opening.basis import estimated_basis
from sim.opening.uncertainty import SOURCES, sample_tables
from sim.report.inputoutput import CITY, product_labels
from sim.scenario import Scenario
from sim.settings import InputOutput, Opening
from sim.world import load_world

PAGE = Path(__file__).with_name("table.md")

DRAWS, DRAWS_BY_SOURCE, SEED = 300, 100, 1

START, END = "<!-- {}: made by python docs/table.py -->", "<!-- end of {} -->"

FIGURES = {
    "multiplier": "output per yuan of final demand",
    "near": "share of inputs bought in Ningde",
    "earned": "share of the value earned in Ningde",
}
"""Figures by product, with their headings."""

MEASURES = (
    "output per yuan of final demand, all products",
    "share of inputs bought in Ningde, all industries",
    "share of the inputs of cells bought in Ningde",
    "output per yuan of final demand for rolled stainless",
)
"""What the sources of doubt are compared by."""


def main() -> int:
    """Write the marked parts, or compare them."""
    parser = argparse.ArgumentParser(description="Write the tables of docs/table.md.")
    parser.add_argument("--check", action="store_true", help="compare only; exit code 1 if the page is not current")
    old = PAGE.read_text(encoding="utf-8")
    new = page(old)
    if not parser.parse_args().check:
        PAGE.write_text(new, encoding="utf-8")
        return 0
    if new == old:
        return 0
    sys.stderr.write("docs/table.md is not what the code draws: run python docs/table.py\n")
    return 1


def page(text: str) -> str:
    """The page with its marked parts made anew."""
    scenario = sim.load("baseline")
    best = city(estimated_basis(scenario).built.table)
    for name, lines in (("bands", bands(scenario, best)), ("sources", sources(scenario, best))):
        start, end = START.format(name), END.format(name)
        head, _, rest = text.partition(start)
        text = f"{head}{start}\n" + "\n".join(lines) + f"\n{end}" + rest.partition(end)[2]
    return text


def city(table: Table) -> Table:
    """The ten counties as one economy."""
    home = inside(with_names(table), load_world().county_names, OUTSIDE)
    return aggregate(home, regions=dict.fromkeys(home.regions, CITY))


def draws(scenario: Scenario, count: int, vary: tuple[str, ...]) -> Iterator[Table]:
    """Drawn tables of the city."""
    groups = scenario[Opening], scenario[InputOutput], scenario[Labour]
    share = scenario[Demand].nev_share_local
    for draw in sample_tables(*groups, SEED, count, nev_share=share, vary=vary):
        yield city(draw.table)


def figures(table: Table) -> Mapping[str, np.ndarray]:
    """Output multiplier, share of inputs bought nearby and share of the value earned nearby, by product."""
    system = Leontief(table.coefficients)
    near = table.coefficients.sum(axis=0)
    everything = near + table.import_coefficients.sum(axis=0)
    return {
        "multiplier": system.solve_left(np.ones(system.size)),
        "near": share(near, everything),
        "earned": system.solve_left(table.value_added_share),
    }


def bands(scenario: Scenario, best: Table) -> list[str]:
    """A row a product: best figure and 5 % to 95 % points of three figures."""
    found = [figures(table) for table in draws(scenario, DRAWS, tuple(SOURCES))]
    middle, labels = figures(best), product_labels()
    heads = ("product", *FIGURES.values())
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---|"]
    for row, product in enumerate(best.products):
        if best.output[row] <= 0:
            continue
        cells = []
        for name in FIGURES:
            low, high = np.percentile([each[name][row] for each in found], [5, 95])
            cells.append(f"{middle[name][row]:.2f} ({low:.2f} to {high:.2f})")
        lines.append(f"| {labels[product]} | {' | '.join(cells)} |")
    return lines


def measures(table: Table) -> list[float]:
    """The figures of :data:`MEASURES`."""
    found, output = figures(table), table.output
    cells, rolled = table.at(product="B_CELL")[0], table.at(product="S_ROLL")[0]
    return [
        float(np.average(found["multiplier"], weights=output)),
        float(np.average(found["near"], weights=output)),
        float(found["near"][cells]),
        float(found["multiplier"][rolled]),
    ]


def sources(scenario: Scenario, best: Table) -> list[str]:
    """A row a figure: its best value, its standard deviation, and that with only one source of doubt drawn."""
    columns = {"all": np.array([measures(table) for table in draws(scenario, DRAWS_BY_SOURCE, tuple(SOURCES))])}
    for source in SOURCES:
        columns[source] = np.array([measures(table) for table in draws(scenario, DRAWS_BY_SOURCE, (source,))])
    heads = [name.replace("_", " ") for name in columns]
    lines = [f"| figure | best | {' | '.join(heads)} |", f"|---|---|{'---|' * len(heads)}"]
    for row, (name, value) in enumerate(zip(MEASURES, measures(best), strict=True)):
        spreads = " | ".join(f"{each[:, row].std(ddof=1):.3f}" for each in columns.values())
        lines.append(f"| {name} | {value:.3f} | {spreads} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
