"""``ningde run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.common import app, distinct, ending, folders, own_table, read_all, stopping

if TYPE_CHECKING:
    from sim.inputoutput.tables import Table
    from sim.scenario import Scenario


@app.command()
def run(
    scenario: Annotated[list[str], typer.Argument(help="Scenario file, or bare name of one in scenarios/.")],
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**31 - 1, help="Seed of all chance; that of the scenario if not given.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results (a folder each for several); results/NAME if not given.")
    ] = None,
    end: Annotated[
        str | None, typer.Option(help="Last month, such as 2025-12; that of the scenario if not given.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option(help="Your own opening table in the CSV layout of docs/table.md, instead of ours.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Run scenarios: monthly projection, summary, figures and a dataset in a results folder."""
    own = None if table is None else own_table(table)
    scenarios = read_all(scenario, table=own)
    distinct(scenarios)
    if end is not None:
        scenarios = [ending(each, end) for each in scenarios]
    places = folders([each.name for each in scenarios], out)
    for each, folder in zip(scenarios, places, strict=True):
        run_one(each, each.run.seed if seed is None else seed, folder, quiet, own)


def run_one(scenario: Scenario, seed: int, out: Path, quiet: bool, table: Table | None = None) -> None:
    """One run of one scenario, with dataset, tables and figures in an existing folder, and a summary on the screen."""
    from sim.experiment import run as run_scenario
    from sim.report.figures import save_figures
    from sim.report.progress import months_bar
    from sim.report.summary import print_summary

    with stopping(scenario.name), months_bar(f"{scenario.name}, seed {seed}", shown=not quiet) as tick:
        done = run_scenario(scenario, seed, tick, table=table)
    files = done.save(out) + save_figures(done, out)
    print_summary(done, files)
