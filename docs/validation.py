"""Writes the marked part of docs/validation.md: what many runs of the baseline say about each published figure.

``python docs/validation.py`` runs 100 seeds; ``--from FILE`` tells the moments.csv of an earlier ``ningde validate``.
"""
# ruff: noqa: INP001  (a folder of texts with one script is no package)

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

import sim
from sim.experiment.executor import default_workers
from sim.experiment.validation import ensemble, moment_table
from sim.report.progress import months_bar
from sim.report.validation import markdown_tables, read_moments, validation

PAGE = Path(__file__).with_name("validation.md")

START, END = "<!-- facts: made by python docs/validation.py -->", "<!-- end of facts -->"


def main() -> int:
    """Write the marked part."""
    parser = argparse.ArgumentParser(description="Write the figures of docs/validation.md.")
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--workers", type=int, default=default_workers(), help="processes at once")
    parser.add_argument("--from", dest="source", type=Path, help="moments.csv of an earlier call; nothing is run")
    chosen = parser.parse_args()
    table = moments(chosen.seeds, chosen.workers) if chosen.source is None else read_moments(chosen.source)
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), table), encoding="utf-8")
    return 0


def moments(seeds: int, workers: int) -> pd.DataFrame:
    """Moments of the baseline, a row a run."""
    scenario = sim.load("baseline")
    with months_bar(f"baseline, {seeds} seeds", unit="runs") as tick:
        return moment_table(scenario, list(ensemble(scenario, range(1, seeds + 1), workers, tick)))


def page(text: str, table: pd.DataFrame) -> str:
    """The page with its marked part made anew."""
    head, mark, rest = text.partition(START)
    if not mark or END not in rest:
        raise ValueError(f"{PAGE.name} lacks the marks {START} and {END}")
    lines = "\n".join(markdown_tables(validation(table)))
    return f"{head}{START}\n{lines}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    sys.exit(main())
