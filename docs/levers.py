"""Writes docs/levers.md and its figures: what each lever does in paired runs, who pays, and where its benefit turns.

``python docs/levers.py --cache FOLDER`` runs the baseline with every lever at low, middle and high values. Results are
kept in the folder: a study that was interrupted goes on where it stopped, and text and figures can be made anew without
a run. ``--levers promotion.budget,service`` looks at some levers or tables and prints the page instead of writing it.
"""
# ruff: noqa: INP001  (a folder of texts with one script is no package)

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sim
from sim.experiment.executor import default_workers
from sim.experiment.kept_runs import Cache, collect_runs
from sim.experiment.levers_runs import Job, Point, jobs_of, lever_points, measure
from sim.experiment.levers_study import Study, studies
from sim.model import GROUPS
from sim.parameters import describe
from sim.parameters.declarations import Row
from sim.report.levers import LeversPage, LeverText, to_markdown
from sim.report.levers_figures import save_lever_figures
from sim.report.progress import months_bar
from sim.scenario import Scenario

FOLDER = Path(__file__).parent
PAGE, TEXTS, FIGURES = FOLDER / "levers.md", FOLDER / "levers_texts.toml", Path("images/levers")


def main() -> int:
    """Run what is missing and write the page."""
    chosen = _arguments()
    texts = read_texts()
    scenario = sim.load("baseline")
    scenario = scenario.replace({"run.end": chosen.end}, name=scenario.name)
    values = {lever: text["values"] for lever, text in texts.items() if "values" in text}
    levers = named(lever_points(scenario, values), chosen.levers)
    if not levers:
        sys.stderr.write(f"--levers: no lever or table is called {chosen.levers}\n")
        return 2
    page = studied(scenario, levers, range(1, chosen.seeds + 1), chosen)
    if chosen.levers:
        sys.stdout.write(to_markdown(page, FIGURES.as_posix()))
        return 0
    (FOLDER / FIGURES).mkdir(parents=True, exist_ok=True)
    kept = save_lever_figures(page.studies, page.year, FOLDER / FIGURES)
    for old in set((FOLDER / FIGURES).glob("*.png")) - set(kept):
        old.unlink()
    PAGE.write_text(to_markdown(page, FIGURES.as_posix()), encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    """What the caller wants."""
    parser = argparse.ArgumentParser(description="Write docs/levers.md.")
    parser.add_argument("--cache", type=Path, required=True, help="folder in which results of runs are kept")
    parser.add_argument("--seeds", type=int, default=8, help="how many, from 1 on; more where the texts say so")
    parser.add_argument("--levers", default="", help="only these levers or tables, comma between; prints the page")
    parser.add_argument("--year", type=int, default=2030, help="year in which goals are measured")
    parser.add_argument("--end", default="", help="last month of the runs; December of that year if not given")
    parser.add_argument("--workers", type=int, default=default_workers(), help="processes at once")
    chosen = parser.parse_args()
    chosen.end = chosen.end or f"{chosen.year}-12"
    return chosen


def read_texts() -> dict[str, dict[str, Any]]:
    """What is written about each lever."""
    return tomllib.loads(TEXTS.read_text(encoding="utf-8"))


def named(levers: dict[str, tuple[Point, ...]], names: str) -> dict[str, tuple[Point, ...]]:
    """The levers that are named, or whose table is; all where nothing is."""
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    return {
        lever: points for lever, points in levers.items() if not wanted or wanted & {lever, lever.partition(".")[0]}
    }


def studied(
    scenario: Scenario, levers: dict[str, tuple[Point, ...]], seeds: Sequence[int], chosen: argparse.Namespace
) -> LeversPage:
    """Run what the cache lacks and put the page together."""
    texts = read_texts()
    seeds_by_lever = {lever: range(1, max(len(seeds), texts.get(lever, {}).get("seeds", 0)) + 1) for lever in levers}
    jobs: dict[str, Job] = {}
    for lever, points in levers.items():
        jobs |= jobs_of(scenario, points, seeds_by_lever[lever], chosen.year)
    with months_bar(f"{len(levers)} levers, {len(seeds)} seeds", unit="runs") as tick:
        results, faults = collect_runs(jobs, Cache(chosen.cache), chosen.workers, tick, function=measure)
    told = {f"seed {jobs[key].seed}, {jobs[key].scenario.hash[:8]}": fault for key, fault in sorted(faults.items())}
    found: dict[str, Study] = {}
    for lever, points in levers.items():
        found |= studies(scenario, {lever: points}, seeds_by_lever[lever], chosen.year, results)
    return LeversPage(
        studies=found,
        rows=dict(declared()),
        texts={
            lever: LeverText(text["turns"], text["shown"], text.get("explained", "")) for lever, text in texts.items()
        },
        seeds=len(seeds),
        year=chosen.year,
        span=(str(scenario.start), str(scenario.end)),
        scenario=scenario.name,
        faults=told,
    )


def declared() -> Iterator[tuple[str, Row]]:
    """Declarations by dotted name; a start is paid for by whoever pays for the levers that begin with it."""
    for group in GROUPS:
        rows = list(describe(group))
        payers: dict[str, dict[str, None]] = {}
        for row in rows:
            if row.starts:
                payers.setdefault(row.starts, {})[row.payer.partition(",")[0]] = None
        for row in rows:
            payer = row.payer or "; ".join(payers.get(row.name, {}))
            yield f"{row.table}.{row.name}", row._replace(payer=payer)


if __name__ == "__main__":
    sys.exit(main())
