"""Make the derived data files from the carried figures and the default parameters.

``python -m sim.data.derive`` writes them, ``python -m sim.data.derive --check`` compares and tells which differ.
"""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from sim import data
from sim.data import own_region
from sim.inputoutput.tables import INCOMES, USES
from sim.mechanisms.labour import Labour
from sim.opening.national import national_products
from sim.opening.totals import labour_force, opening_jobs, opening_totals
from sim.settings import InputOutput, Opening
from sim.world import load_world

TOLERANCE = 1e-9
"""Two machines may differ in the last digits of a sum: relative difference of two numbers that count as equal."""

SYNTHETIC = "synthetic opening: default parameters, see SOURCES.md"
NBS = "National Bureau of Statistics of China, input-output table 2018; split at default parameters, see SOURCES.md"


def national_products_2018() -> str:
    """The national table in the products of the model, laid out like national_2018.csv, M yuan of 2018."""
    table = national_products(InputOutput())
    labels = {row["code"]: row["label"] for row in data.rows("products.csv")}
    lines: list[list[object]] = []
    for block, inputs, final in (
        ("domestic", table.intermediate, table.final),
        ("import", table.imports, table.final_imports),
    ):
        for i, product in enumerate(table.products):
            cells = [*inputs[i], *final[i]]
            lines.append([block, product, labels[product], *cells, math.fsum(cells), NBS, "derived"])
    blank = [""] * len(USES)
    for income, cells in zip(INCOMES, table.value_added, strict=True):
        lines.append(["value_added", income, income, *cells, *blank, math.fsum(cells), NBS, "derived"])
    lines.append(["output", "output", "output", *table.output, *blank, math.fsum(table.output), NBS, "derived"])
    return _csv(["block", "row", "label", *table.products, *USES, "total", "source", "grade"], lines)


def counties_2013() -> str:
    """People, GDP, industry and jobs of each county at opening."""
    totals, labour, world = opening_totals(Opening(), InputOutput()), Labour(), load_world()
    columns = {
        "population": totals.population,
        "working_age": totals.working_age,
        "labour_force": labour_force(totals, labour),
        "jobs": opening_jobs(totals, labour).sum(axis=1),
        "gdp_m": totals.gdp,
        "gdp_share": totals.gdp / totals.gdp.sum(),
        "output_above_scale_m": totals.above_scale.sum(axis=1),
        "output_fringe_m": totals.fringe.sum(axis=1),
    }
    cells = np.column_stack(list(columns.values()))
    lines = [[code, *cells[i], SYNTHETIC, "assumed"] for i, code in enumerate(world.counties)]
    return _csv(["county", *columns, "source", "grade"], lines)


def opening_output() -> str:
    """Output and value added of each county and product at opening, M yuan a year at 2018 prices."""
    totals, world = opening_totals(Opening(), InputOutput()), load_world()
    columns = {
        "output_m": totals.output,
        "above_scale_m": totals.above_scale,
        "fringe_m": totals.fringe,
        "value_added_m": totals.value_added,
    }
    lines = [
        [county, product, *(values[i, j] for values in columns.values()), SYNTHETIC, "assumed"]
        for i, county in enumerate(world.counties)
        for j, product in enumerate(world.products)
    ]
    return _csv(["county", "product", *columns, "source", "grade"], lines)


FILES: dict[str, Callable[[], str]] = {
    "national_products_2018.csv": national_products_2018,
    "counties_2013.csv": counties_2013,
    "opening_output.csv": opening_output,
}
"""Derived files and what makes them."""


def differs(made: str, shipped: str) -> str | None:
    """The first place where two CSV texts differ by more than rounding, as a sentence; None where they agree."""
    new, old = list(csv.reader(made.splitlines())), list(csv.reader(shipped.splitlines()))
    if len(new) != len(old):
        return f"{len(old)} lines instead of {len(new)}"
    for number, (made_line, shipped_line) in enumerate(zip(new, old, strict=True), start=1):
        if len(made_line) != len(shipped_line):
            return f"line {number} has {len(shipped_line)} cells instead of {len(made_line)}"
        for column, (one, other) in enumerate(zip(made_line, shipped_line, strict=True)):
            if one != other and not _close(one, other):
                return f"line {number}, column {new[0][column]}: {other} instead of {one}"
    return None


def main(arguments: Sequence[str]) -> int:
    """Write or compare the derived files; the exit code is 1 when a comparison fails."""
    here, faults = Path(__file__).parent, 0
    if own_region.folder() is not None:
        sys.stdout.write(f"{own_region.VARIABLE} names other data files; derived files are made of ours\n")
        return 1
    for name, make in FILES.items():
        text = make()
        if "--check" in arguments:
            path = here / name
            fault = differs(text, path.read_text(encoding="utf-8")) if path.exists() else "the file is missing"
            faults += fault is not None
            sys.stdout.write(f"{name}: {fault or 'as derived'}\n")
        else:
            (here / name).write_text(text, encoding="utf-8", newline="\n")
            sys.stdout.write(f"{name}: written\n")
    return int(faults > 0)


def _csv(heading: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    """CSV text; numbers with 12 digits, so that sums can be checked in the file itself."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(heading)
    for line in lines:
        writer.writerow([f"{cell:.12g}" if isinstance(cell, float) else cell for cell in line])
    return buffer.getvalue()


def _close(one: str, other: str) -> bool:
    """Whether two cells are the same number up to rounding; below a yuan everything is the same."""
    try:
        return math.isclose(float(one), float(other), rel_tol=TOLERANCE, abs_tol=1e-6)
    except ValueError:
        return False


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
