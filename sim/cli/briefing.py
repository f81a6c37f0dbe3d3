"""``ningde brief`` and ``ningde export``: a page that can be sent, and an ensemble for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.common import app, distinct, ending, folders, one_of, read_all, refuse
from sim.cli.ensembles import Cluster, Workers, kept_ensemble, refusing, seeds_of

DEFAULT_SEEDS = "20"
"""Seeds of a brief if nobody says otherwise; with fewer pairs the brief itself warns."""

FORMATS = ("csv", "xlsx", "nc", "iamc")
"""What an ensemble can be exported to."""


@app.command()
def brief(
    against: Annotated[str, typer.Argument(help="The scenario to compare with: file, or bare name such as baseline.")],
    policy: Annotated[str, typer.Argument(help="The scenario that the brief is about.")],
    seeds: Annotated[
        str, typer.Option(help="Seeds: 20 for 1 to 20, or spans such as 21-40; equal for both scenarios.")
    ] = DEFAULT_SEEDS,
    workers: Workers = None,
    cluster: Cluster = None,
    end: Annotated[str | None, typer.Option(help="Last month of the runs, such as 2025-12.")] = None,
    year: Annotated[int | None, typer.Option(help="Year of the differences; the last full one if not given.")] = None,
    runs: Annotated[
        Path | None,
        typer.Option(help="Folder in which runs are kept, so that none is made twice; results/ensemble if not given."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for brief.html; results/POLICY_brief if not given.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """One page that can be sent: who gains, who pays, when the trillion comes, what it costs and what it rests on."""
    from sim.experiment.comparison import Comparison
    from sim.model import GROUPS
    from sim.report.brief import brief as brief_of
    from sim.report.brief import check_year, save_brief

    numbers = seeds_of(seeds)
    plans = read_all([against, policy])
    distinct(plans)
    if end is not None:
        plans = [ending(each, end) for each in plans]
    with refusing():
        check_year(plans[1], year)
        folder = folders([f"{plans[1].name}_brief"], out)[0]
        found = kept_ensemble(plans, numbers, workers, cluster, runs, quiet)
        for fault in found.faults:
            typer.echo(fault, err=True)
        comparison = Comparison(found, plans[0].name)
        text = brief_of(comparison, {plan.name: plan for plan in plans}, GROUPS, year)
        file = save_brief(text, folder / "brief.html")
    typer.echo(f"wrote {file}")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Folder of runs made with ningde run --seeds.")],
    form: Annotated[str, typer.Option("--format", help="csv, xlsx, nc or iamc.")] = "csv",
    scenario: Annotated[
        list[str] | None, typer.Option(help="Only this scenario; may be given several times. All if not given.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files; export in the folder of the runs if not given.")
    ] = None,
) -> None:
    """Many runs as tidy CSV, workbook, netCDF or IAMC table; regions add up to the prefecture."""
    from sim.experiment.ensemble import Ensemble
    from sim.report.export import export as write_export

    one_of("--format", [form], FORMATS)
    with refusing():
        found = Ensemble.load(folder, scenario)
        if not found.seeds:
            refuse([f"{folder}: there is no finished run to export; ningde results {folder} tells what is in it"])
        for fault in found.faults:
            typer.echo(fault, err=True)
        place = folders(["export"], folder / "export" if out is None else out)[0]
        for file in write_export(found, found.layout.names, form, place):
            typer.echo(f"wrote {file}")
