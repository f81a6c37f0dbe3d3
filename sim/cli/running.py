"""``ningde run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.common import app, distinct, ending, folders, own_table, read_all, refuse, stopping
from sim.cli.ensembles import drawn_from, run_ensemble, seeds_of

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
    seeds: Annotated[
        str | None,
        typer.Option(
            help="Many runs instead of one: 200 for seeds 1 to 200, or spans such as 201-400; kept in one folder."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=1024, help="With --seeds: processes at once; as many as processors if not given."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(help="With --seeds: a dask scheduler such as tcp://host:8786 instead of processes here."),
    ] = None,
    posterior: Annotated[
        str | None,
        typer.Option(
            help="With --seeds: parameters drawn by ningde calibrate, its folder or a shipped one such as 2019-11."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Run scenarios: monthly projection, summary, figures and a dataset in a results folder.

    With --seeds every scenario is run with every seed, and the folder keeps what comparisons need; a command that was
    stopped goes on where it was when it is given again.
    """
    _together(seed, seeds, workers, cluster, table, posterior)
    numbers = None if seeds is None else seeds_of(seeds)
    own = None if table is None else own_table(table)
    drawn = None if posterior is None else drawn_from(posterior)
    scenarios = read_all(scenario, table=own)
    distinct(scenarios)
    if end is not None:
        scenarios = [ending(each, end) for each in scenarios]
    if numbers is not None:
        run_ensemble(scenarios, numbers, workers, cluster, out, quiet, drawn)
        return
    places = folders([each.name for each in scenarios], out)
    for each, folder in zip(scenarios, places, strict=True):
        run_one(each, each.run.seed if seed is None else seed, folder, quiet, own)


def _together(
    seed: int | None,
    seeds: str | None,
    workers: int | None,
    cluster: str | None,
    table: Path | None,
    posterior: str | None,
) -> None:
    """End the command if its options exclude each other."""
    if seeds is None:
        if workers is not None or cluster is not None:
            refuse(["--workers and --cluster are for many runs: give --seeds, such as --seeds 200"])
        if posterior is not None:
            refuse(["--posterior is for many runs, each with a draw: give --seeds, such as --seeds 200"])
        return
    if seed is not None:
        refuse(["--seed is for one run, --seeds for many; give one of them (a single seed as a span: --seeds 7-7)"])
    if table is not None:
        refuse(["--table: runs of many seeds start from the estimated table; leave --table or --seeds out"])
    if cluster is not None and workers is not None:
        refuse(["--workers: the cluster has its own; leave --workers or --cluster out"])


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
