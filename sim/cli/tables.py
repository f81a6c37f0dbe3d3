"""``ningde io`` and ``ningde published``: the table of a month, and statistics as a bureau publishes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.common import app, folders, one_of, own_table, read_all, refuse, stopping

if TYPE_CHECKING:
    from sim.experiment.tables import RegionalAccounts
    from sim.inputoutput.tables import Table
    from sim.report.inputoutput import TableAnalysis, View
    from sim.scenario import Scenario


@app.command()
def io(
    scenario: Annotated[str, typer.Argument(help="Scenario file, or bare name of one in scenarios/.")] = "baseline",
    month: Annotated[
        str | None, typer.Option(help="Month of the table, such as 2019-11; the opening, 2013-12, if not given.")
    ] = None,
    place: Annotated[
        str | None, typer.Option(help="A county such as Fuding, or all; the city by product if not given.")
    ] = None,
    view: Annotated[
        list[str] | None, typer.Option(help="multipliers, linkages, extraction or content; all of them if not given.")
    ] = None,
    sort: Annotated[str | None, typer.Option(help="Column to sort by, as in the CSV; numbers: largest first.")] = None,
    draws: Annotated[
        int, typer.Option(min=0, max=100_000, help="Add the 5 % and 95 % points over so many tables (opening only).")
    ] = 0,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**31 - 1, help="Seed of all chance; that of the scenario if not given.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV on standard output; one view.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for the table, all views as CSV, and figures.")] = None,
    table: Annotated[
        Path | None, typer.Option(help="Your own opening table in the CSV layout of docs/table.md, instead of ours.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Input-output analysis of the opening or any month: multipliers, linkages, extraction, local content."""
    from sim.report.inputoutput import VIEWS, TableAnalysis, print_views, sorted_view, to_csv

    one_of("--view", view or (), tuple(VIEWS))
    names = [name for name in VIEWS if name in (view or VIEWS)]
    if as_csv and len(names) + (draws > 0) != 1:
        refuse([f"--csv: choose one view with --view ({', '.join(VIEWS)}), without --draws"])
    if draws and (month is not None or table is not None):
        refuse(["--draws: only our own opening table is drawn; leave --month and --table out"])
    own = None if table is None else own_table(table)
    plan = read_all([scenario], table=own)[0]
    accounts = _accounts(plan, month, seed, own, quiet)
    try:
        analysis = TableAnalysis(accounts, place)
    except ValueError as error:
        refuse([f"--place: {error}"])
    views = {name: VIEWS[name](analysis) for name in (VIEWS if out is not None else names)}
    if draws:
        views["bands"] = _bands(analysis, plan, draws, seed, quiet)
        names = [*names, "bands"]
    if sort is not None:
        one_of("--sort", [sort], tuple(dict.fromkeys(str(column) for name in names for column in views[name].frame)))
        views = {name: sorted_view(view, sort) for name, view in views.items()}
    folder = None if out is None else folders([plan.name], out)[0]  # last: a fault leaves nothing behind
    if as_csv:
        typer.echo(to_csv(views[names[0]], accounts), nl=False)
    else:
        print_views([views[name] for name in names], accounts, place)
    if folder is not None:
        _write_io(accounts, views, folder)


@app.command()
def published(
    file: Annotated[Path, typer.Argument(help="A saved run, such as results/baseline/run-seed0001.nc.")],
    period: Annotated[
        str | None, typer.Option(help="Year so far, such as 2019-11, or a year; the end of known facts if not given.")
    ] = None,
    view: Annotated[
        str,
        typer.Option(help="official: zones inside their county (Dongqiao inside Jiaocheng); model: a row each region."),
    ] = "official",
    rivals: Annotated[
        Path | None,
        typer.Option(help="CSV of other prefectures: prefecture, indicator, period, value, unit; adds ranks."),
    ] = None,
) -> None:
    """Statistics as the bureau would publish them: growth, pull, counties, the eight indicators, projects."""
    from sim.report.published import default_period, print_statistics
    from sim.results import DamagedError, Run
    from sim.results.indicators import read_rivals
    from sim.results.tables import VIEWS

    one_of("--view", [view], VIEWS)
    try:
        done = Run.load(file)
    except (FileNotFoundError, DamagedError) as error:
        refuse([str(error)])
    chosen = default_period(done) if period is None else period
    if chosen is None:
        refuse(["--period: the run has no year with another before it; name a period such as 2014-12"])
    try:
        others = [] if rivals is None else read_rivals(rivals)
        print_statistics(done, chosen, "model" if view == "model" else "official", others)
    except OSError as error:
        refuse([f"{rivals}: the file cannot be read: {error.strerror}"])
    except ValueError as error:
        refuse([str(error)])


def _accounts(
    plan: Scenario, month: str | None, seed: int | None, table: Table | None, quiet: bool
) -> RegionalAccounts:
    """The table of a month; a month without one ends the command."""
    from sim.experiment.tables import regional_accounts
    from sim.report.progress import months_bar

    try:
        shown = not quiet and month is not None
        with stopping(plan.name), months_bar(f"{plan.name} to {month}", shown=shown) as tick:
            return regional_accounts(plan, month, seed, tick, opening=table)
    except ValueError as error:
        refuse([f"--month: {error}"])


def _bands(analysis: TableAnalysis, plan: Scenario, draws: int, seed: int | None, quiet: bool) -> View:
    """The bands of the main figures over drawn tables."""
    from sim.experiment.tables import table_draws
    from sim.opening.totals import OpeningError
    from sim.report.progress import months_bar

    try:
        with months_bar("tables", shown=not quiet, unit="tables") as tick:
            return analysis.bands(table_draws(plan, draws, seed, tick))
    except OpeningError as error:
        refuse([f"--draws: {error}"])


def _write_io(accounts: RegionalAccounts, views: dict[str, View], folder: Path) -> None:
    """The table, the views and the figures as files."""
    from sim.inputoutput import exchange
    from sim.report.inputoutput import to_csv
    from sim.report.table_figures import save_table_figures

    texts = {"table": exchange.to_csv(accounts.wide or accounts.city)}
    texts |= {name: to_csv(view, accounts) for name, view in views.items()}
    paths = [folder / f"{name}.csv" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    for path in paths + save_table_figures(accounts, folder):
        typer.echo(f"wrote {path}", err=True)
