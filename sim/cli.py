"""The command ``ningde``. Heavy imports stay inside the commands, so that help and mistakes answer at once.

Exit codes: 0 all is well, 2 the input is at fault (one line for each fault on standard error, no traceback), 3 an
accounting identity stopped the run, or a month could not be computed.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pandas import DataFrame
    from rich.table import Table as RichTable

    from sim.experiment.tables import RegionalAccounts
    from sim.inputoutput.tables import Table
    from sim.parameters import Parameters, Row
    from sim.report.inputoutput import TableAnalysis, View
    from sim.report.validation import Validation
    from sim.scenario import Fault, Scenario

Found = TypeVar("Found")

BAD_INPUT = 2
"""Exit code for input at fault."""

BROKEN_BOOKS = 3
"""Exit code for a run that its books, or a month without a solution, stopped; or an ensemble without a finished run."""

INTERRUPTED = 130
"""Exit code after an interrupt from the keyboard, as shells have it."""

SEEDS = 100
"""Seeds of an ensemble if nothing is said."""

WIDE = 150
"""Columns of a window from which on a list is one table; a narrower one gets a paragraph a parameter."""

LONGEST_COLUMN = {"unit": 34, "range": 24, "paid by": 30}
"""Most characters of a column before it wraps, so that all fit into 200."""

app = typer.Typer(
    help="Projections of industry in the counties of Ningde under policy scenarios.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def groups() -> tuple[type[Parameters], ...]:
    """The groups of parameters of the model."""
    from sim.model import GROUPS

    return GROUPS


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
    own = None if table is None else _own_table(table)
    scenarios = _read_all(scenario, table=own)
    _distinct(scenarios)
    if end is not None:
        scenarios = [_ending(each, end) for each in scenarios]
    folders = _folders([each.name for each in scenarios], out)
    for each, folder in zip(scenarios, folders, strict=True):
        _run_one(each, each.run.seed if seed is None else seed, folder, quiet, own)


def _run_one(scenario: Scenario, seed: int, out: Path, quiet: bool, table: Table | None = None) -> None:
    """One run of one scenario, with dataset, tables and figures in an existing folder, and a summary on the screen."""
    from sim.experiment import run as run_scenario
    from sim.report.figures import save_figures
    from sim.report.progress import months_bar
    from sim.report.summary import print_summary

    with _stopping(scenario.name), months_bar(f"{scenario.name}, seed {seed}", shown=not quiet) as tick:
        done = run_scenario(scenario, seed, tick, table=table)
    files = done.save(out) + save_figures(done, out)
    print_summary(done, files)


@contextmanager
def _stopping(name: str) -> Iterator[None]:
    """A month that cannot be computed, or whose books do not balance, ends the command with one line."""
    from sim.accounts import BrokenIdentityError
    from sim.inputoutput.rationing import NoConvergenceError

    try:
        yield
    except (BrokenIdentityError, NoConvergenceError) as error:
        why = ", its books do not balance" if isinstance(error, BrokenIdentityError) else ""
        typer.echo(f"{name}: the run stopped{why}: {error}", err=True)
        raise typer.Exit(BROKEN_BOOKS) from None


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

    _one_of("--view", view or (), tuple(VIEWS))
    names = [name for name in VIEWS if name in (view or VIEWS)]
    if as_csv and len(names) + (draws > 0) != 1:
        _refuse([f"--csv: choose one view with --view ({', '.join(VIEWS)}), without --draws"])
    if draws and (month is not None or table is not None):
        _refuse(["--draws: only our own opening table is drawn; leave --month and --table out"])
    own = None if table is None else _own_table(table)
    plan = _read_all([scenario], table=own)[0]
    accounts = _accounts(plan, month, seed, own, quiet)
    try:
        analysis = TableAnalysis(accounts, place)
    except ValueError as error:
        _refuse([f"--place: {error}"])
    views = {name: VIEWS[name](analysis) for name in (VIEWS if out is not None else names)}
    if draws:
        views["bands"] = _bands(analysis, plan, draws, seed, quiet)
        names = [*names, "bands"]
    if sort is not None:
        _one_of("--sort", [sort], tuple(dict.fromkeys(str(column) for name in names for column in views[name].frame)))
        views = {name: sorted_view(view, sort) for name, view in views.items()}
    folder = None if out is None else _folders([plan.name], out)[0]  # last: a fault leaves nothing behind
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
    view: Annotated[str, typer.Option(help="official: Dongqiao inside Jiaocheng; model: ten regions.")] = "official",
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

    _one_of("--view", [view], VIEWS)
    try:
        done = Run.load(file)
    except (FileNotFoundError, DamagedError) as error:
        _refuse([str(error)])
    chosen = default_period(done) if period is None else period
    if chosen is None:
        _refuse(["--period: the run has no year with another before it; name a period such as 2014-12"])
    try:
        others = [] if rivals is None else read_rivals(rivals)
        print_statistics(done, chosen, "model" if view == "model" else "official", others)
    except OSError as error:
        _refuse([f"{rivals}: the file cannot be read: {error.strerror}"])
    except ValueError as error:
        _refuse([str(error)])


@app.command()
def explain(
    scenario: Annotated[str, typer.Argument(help="Scenario file, or bare name of one in scenarios/.")] = "baseline",
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**31 - 1, help="Seed of all chance; that of the scenario if not given.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Last month told, such as 2019-11; the end of the scenario if not given.")
    ] = None,
    county: Annotated[str | None, typer.Option(help="Only a county such as Fuding.")] = None,
    leader: Annotated[
        str | None, typer.Option(help="Only the chain and the plants of a lead firm such as CATL or Tsingtuo.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the tables as CSV and the figures.")] = None,
    table: Annotated[
        Path | None, typer.Option(help="Your own opening table in the CSV layout of docs/table.md, instead of ours.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Who came, where and why, the chains of the lead firms with their gaps, and what limited growth."""
    from sim.experiment import explain as explain_run
    from sim.report.explain import county_of, leader_of, print_explanation, save_tables
    from sim.report.explain_figures import save_explain_figures
    from sim.report.progress import months_bar
    from sim.world import load_world

    place = _named("--county", county, lambda word: county_of(word, load_world().county_names))
    firm = _named("--leader", leader, leader_of)
    own = None if table is None else _own_table(table)
    plan = _read_all([scenario], table=own)[0]
    try:
        with _stopping(plan.name), months_bar(f"{plan.name} to {until or plan.run.end}", shown=not quiet) as tick:
            found = explain_run(plan, seed, until, tick, table=own)
    except ValueError as error:
        _refuse([f"--until: {error}"])
    files = []
    if out is not None:
        folder = _folders([plan.name], out)[0]  # last: a fault leaves nothing behind
        files = save_tables(found, folder) + save_explain_figures(found, folder, place, firm)
    print_explanation(found, place, firm, files)


@app.command()
def ledger(
    source: Annotated[
        str, typer.Argument(help="Scenario (file, or bare name), or a saved run such as results/x/run-seed0001.nc.")
    ] = "baseline",
    year: Annotated[int | None, typer.Option(help="Year of both views; the last full one if not given.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**31 - 1, help="Seed of a scenario; its own if not given.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Enclaves: the life of each contract, and the counties in place and as credited, with equal totals."""
    from sim.experiment import run as run_scenario
    from sim.report.ledger import NoYearError, ledger_years, print_ledger
    from sim.report.progress import months_bar
    from sim.results import DamagedError, Run

    if source.endswith(".nc"):
        if seed is not None:
            _refuse(["--seed: a saved run has its seed already"])
        try:
            done = Run.load(source)
        except (FileNotFoundError, DamagedError) as error:
            _refuse([str(error)])
    else:
        plan = _read_all([source])[0]
        with _stopping(plan.name), months_bar(plan.name, shown=not quiet) as tick:
            done = run_scenario(plan, seed, tick)
    try:
        print_ledger(done, ledger_years(done, year))
    except NoYearError as error:
        _refuse([f"--year: {error}"])


@app.command()
def withdrawal(
    scenario: Annotated[str, typer.Argument(help="Scenario file, or bare name of one in scenarios/.")] = "baseline",
    leader: Annotated[str, typer.Option(help="The lead firm, such as CATL or Tsingtuo.")] = "CATL",
    size: Annotated[str, typer.Option(help="exit, or the share of its orders that it loses, such as 0.3.")] = "exit",
    start: Annotated[str, typer.Option(help="First month of the event.")] = "2022-01",
    half_life: Annotated[
        float | None,
        typer.Option(help="Months in which a cut halves, 0 = for good; that of the scenario if not given."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="How many pairs of runs, with seeds from 1 on.")] = 4,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes at once; as many as processors if not given.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for tables and figures; results/NAME_withdrawal if not given.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option(help="Your own opening table in the CSV layout of docs/table.md, instead of ours.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """What if a lead firm leaves or cuts back: suppliers, jobs, taxes, debt by county, and recovery (hypothetical)."""
    from sim.experiment.ensemble import default_workers
    from sim.experiment.withdrawal import Event, NoPlantError, paired
    from sim.report.explain import leader_of
    from sim.report.progress import months_bar
    from sim.report.withdrawal import print_withdrawal, save_withdrawal
    from sim.scenario import ScenarioError

    firm = _named("--leader", leader, leader_of)
    share = _named("--size", size, _share_or_exit)
    if half_life is not None and share is None:
        _refuse(["--half-life: a firm that leaves does not come back; give --size a share such as 0.3"])
    own = None if table is None else _own_table(table)
    plan = _read_all([scenario], table=own)[0]
    event = Event(str(firm), start, share, half_life)
    folder = None
    try:
        _month_of(start)
        plan.replace({"events.shocks": [*plan.tables["events"]["shocks"], event.row()]})
        folder = _folders([f"{plan.name}_withdrawal"], out)[0]
        with months_bar(f"{plan.name}, {seeds} pairs", shown=not quiet, unit="runs") as tick:
            found = paired(plan, event, range(1, seeds + 1), workers or default_workers(), tick, table=own)
    except ScenarioError as error:
        _refuse([f"{_OPTION_OF.get(fault.key.split('.')[-1], '--start')}: {fault.sentence}" for fault in error.faults])
    except NoPlantError as error:
        _refuse([f"--leader: {error}"])
    except ValueError as error:
        _refuse([f"--start: {error}"])
    except RuntimeError as error:
        typer.echo(f"{plan.name}: no pair of runs came to its end: {error}", err=True)
        raise typer.Exit(BROKEN_BOOKS) from None
    print_withdrawal(found, save_withdrawal(found, folder))


_OPTION_OF = {"size": "--size", "half_life": "--half-life", "target": "--leader", "start": "--start"}
"""Option of each key of an event."""


def _share_or_exit(word: str) -> float | None:
    """The share of orders lost; None for exit."""
    if word == "exit":
        return None
    try:
        return float(word)
    except ValueError:
        raise ValueError(f"'{word}' is neither exit nor a share such as 0.3") from None


def _month_of(word: str) -> None:
    """Refuse what is not a month, and a month with none before it."""
    from sim.mechanisms.demand import OPENING
    from sim.parameters import Month

    if Month(word) <= OPENING + 1:
        raise ValueError(f'"{word}" has no month of the run before it: the first start is {OPENING + 2}')


def _named(option: str, word: str | None, find: Callable[[str], Found]) -> Found | None:
    """What a word of an option means; one that means nothing ends the command."""
    try:
        return None if word is None else find(word)
    except ValueError as error:
        _refuse([f"{option}: {error}"])


def _own_table(file: Path) -> Table:
    """The table in a file; one that is no table or does not balance ends the command."""
    from sim.inputoutput.exchange import read_csv

    try:
        return read_csv(file)
    except OSError as error:
        _refuse([f"{file}: the file cannot be read: {error.strerror}"])
    except ValueError as error:
        _refuse([f"{file}: {error}"])


def _accounts(
    plan: Scenario, month: str | None, seed: int | None, table: Table | None, quiet: bool
) -> RegionalAccounts:
    """The table of a month; a month without one ends the command."""
    from sim.experiment.tables import regional_accounts
    from sim.report.progress import months_bar

    try:
        shown = not quiet and month is not None
        with _stopping(plan.name), months_bar(f"{plan.name} to {month}", shown=shown) as tick:
            return regional_accounts(plan, month, seed, tick, opening=table)
    except ValueError as error:
        _refuse([f"--month: {error}"])


def _bands(analysis: TableAnalysis, plan: Scenario, draws: int, seed: int | None, quiet: bool) -> View:
    """The bands of the main figures over drawn tables."""
    from sim.experiment.tables import table_draws
    from sim.opening.totals import OpeningError
    from sim.report.progress import months_bar

    try:
        with months_bar("tables", shown=not quiet, unit="tables") as tick:
            return analysis.bands(table_draws(plan, draws, seed, tick))
    except OpeningError as error:
        _refuse([f"--draws: {error}"])


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


def _one_of(option: str, words: Sequence[str], known: tuple[str, ...]) -> None:
    """End the command if a word is not one of those known."""
    from sim.parameters import suggestion

    wrong = [word for word in words if word not in known]
    if wrong:
        _refuse(
            [f"{option}: unknown '{word}'{suggestion(word, known)}; choose from {', '.join(known)}" for word in wrong]
        )


@app.command()
def validate(
    scenario: Annotated[str, typer.Argument(help="Scenario file, or bare name of one in scenarios/.")] = "baseline",
    seeds: Annotated[
        int | None, typer.Option(min=2, max=100_000, help=f"How many seeds, from 1 on; {SEEDS} if not given.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes at once; as many as processors if not given.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for tables and figures; results/NAME_validation if not given.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Tell it from a moments.csv of an earlier call, without any run.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Published facts up to 2021 beside the bands of many runs: table, report, figures."""
    if source is not None and (seeds is not None or workers is not None):
        _refuse(["--from: the runs stand in the file; leave --seeds and --workers out"])
    if source is None:
        _validate_anew(_read_all([scenario])[0], SEEDS if seeds is None else seeds, workers, out, quiet)
    else:
        _validate_again(source, out)


def _validate_anew(plan: Scenario, seeds: int, workers: int | None, out: Path | None, quiet: bool) -> None:
    """Run the ensemble, keep its moments and paths, and tell it."""
    from sim.experiment.ensemble import default_workers
    from sim.experiment.validation import ensemble, jobs, moment_table, path_table
    from sim.report.progress import months_bar
    from sim.report.validation import read_moments, read_paths, validation

    folder = _folders([f"{plan.name}_validation"], out)[0]
    numbers = range(1, seeds + 1)
    outcomes, stopped = [], False
    try:
        with months_bar(f"{plan.name}, {seeds} seeds", shown=not quiet, unit="runs") as tick:
            for outcome in ensemble(plan, numbers, workers or default_workers(), tick):
                outcomes.append(outcome)  # noqa: PERF402  those done so far are kept if the loop is interrupted
    except KeyboardInterrupt:
        stopped = True
    kept = {"moments.csv": moment_table(plan, outcomes), "paths.csv": path_table(outcomes)}
    for name, frame in kept.items():
        (folder / name).write_text(frame.to_csv(index=False, lineterminator="\n", float_format="%.10g"), "utf-8")
    if stopped:
        done = f"{len(outcomes)} of {len(jobs(plan, numbers))} runs are done"
        typer.echo(f"stopped: {done} and kept in {folder / 'moments.csv'}; ningde validate --from tells them", err=True)
        raise typer.Exit(INTERRUPTED)
    if all(outcome.fault for outcome in outcomes):
        faults = dict.fromkeys(outcome.fault for outcome in outcomes)
        typer.echo("\n".join(f"{plan.name}: no run came to its end: {fault}" for fault in faults), err=True)
        raise typer.Exit(BROKEN_BOOKS)
    for name in kept:
        typer.echo(f"wrote {folder / name}", err=True)
    # told from the files, so that telling them again says the same to the last digit
    _tell_validation(validation(read_moments(folder / "moments.csv")), read_paths(folder / "paths.csv"), folder)


def _validate_again(source: Path, out: Path | None) -> None:
    """Tell an ensemble from its files."""
    from sim.report.validation import read_moments, read_paths, validation

    file = source / "moments.csv" if source.is_dir() else source
    try:
        found = validation(read_moments(file))
    except OSError as error:
        _refuse([f"--from: {file}: the file cannot be read: {error.strerror}"])
    except ValueError as error:
        _refuse([f"--from: {file}: {error}"])
    paths = read_paths(file.with_name("paths.csv"))
    if paths is None:
        typer.echo(
            f"{file.with_name('paths.csv')} is not there or is no table of paths: that figure is left out", err=True
        )
    _tell_validation(found, paths, _folders([f"{found.scenario}_validation"], file.parent if out is None else out)[0])


def _tell_validation(found: Validation, paths: DataFrame | None, folder: Path) -> None:
    """Print the table; write CSV, report and figures."""
    from sim.report.validation import print_validation, to_csv, to_markdown
    from sim.report.validation_figures import save_validation_figures

    figures = save_validation_figures(found, paths, folder)
    texts = {"validation.csv": to_csv(found), "validation.md": to_markdown(found, [file.name for file in figures])}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    print_validation(found)
    for path in [*(folder / name for name in texts), *figures]:
        typer.echo(f"wrote {path}", err=True)


@app.command()
def check(
    file: Annotated[list[str], typer.Argument(help="Scenario files, or bare names of scenarios in scenarios/.")],
) -> None:
    """Check scenario files: every fault with its line, or OK and what the scenario changes."""
    _read_all(file, report=True)


@app.command()
def levers(
    table: Annotated[str | None, typer.Argument(help="Only this table of the scenario file.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All parameters, not only levers.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, with every column.")] = False,
) -> None:
    """List the levers: unit, range, default, start, scope, who pays, evidence grade and source."""
    from sim.parameters import describe, suggestion

    rows = [row for group in groups() for row in describe(group)]
    tables = tuple(dict.fromkeys(row.table for row in rows))
    if table is not None and table not in tables:
        _refuse([f"unknown table '{table}'{suggestion(table, tables)}; the tables are {', '.join(tables)}"])
    starts = {(row.table, row.name): str(row.default) for row in rows}
    shown = [row for row in rows if table in (None, row.table) and (everything or row.kind == "lever")]
    if as_csv:
        _print_csv(shown, starts)
    else:
        _print_table(shown, starts)


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option(help="File to write; standard output if not given.")] = None,
) -> None:
    """JSON schema of scenario files: editors then complete and check them (first line: #:schema ./FILE)."""
    from sim.scenario import schema as make_schema

    text = json.dumps(make_schema(groups()), indent=1, ensure_ascii=False) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    if out.is_dir() or out.is_symlink():
        _refuse([f"{out}: this is a {'link' if out.is_symlink() else 'folder'}; name a file"])
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        _refuse([f"{out}: the file cannot be written: {error.strerror}"])


# --- scenarios --------------------------------------------------------------------------------------------------------


def _read_all(names: list[str], report: bool = False, table: Table | None = None) -> list[Scenario]:
    """The scenarios of files or bare names; all faults of all of them end the command.

    A scenario is also refused if its values, each within its range, allow no opening position together.
    """
    from sim.model import NingdeModel
    from sim.opening.checks import remarks
    from sim.opening.totals import OpeningError
    from sim.scenario import ScenarioError, locate, located, read

    scenarios, refused = [], []
    for name in names:
        path = locate(name)
        try:
            scenario = read(path, groups())
            opening = NingdeModel(scenario, table=table).state
        except ScenarioError as error:
            refused.append(str(error))
            continue
        except OpeningError as error:
            refused.append(f"{path}: {error}")
            continue
        scenarios.append(scenario)
        remarked = [located(path, groups(), key, sentence) for key, sentence in remarks(opening)]
        for warning in remarked:
            typer.echo(_warning(warning), err=True)
        if report:
            _report(path, scenarios[-1])
    if refused:
        _refuse(refused)
    return scenarios


def _distinct(scenarios: list[Scenario]) -> None:
    """End the command if two scenarios would write into one folder."""
    names = [scenario.name for scenario in scenarios]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        _refuse([f"two scenarios are called {name}: their results would stand in one folder" for name in twice])


def _warning(fault: Fault) -> str:
    """A setting that is accepted but has no effect, or one that is hardly meant."""
    where, _, rest = str(fault).partition(f": {fault.key}: ")
    return f"{where}: warning: {fault.key}: {rest}"


def _report(path: Path, scenario: Scenario) -> None:
    """OK, and what the scenario changes in the one it extends, or in the defaults."""
    from sim.scenario import differences, parse, read

    parent = scenario.extends[0] if scenario.extends else "the defaults"
    before = read(path.with_name(f"{parent}.toml"), groups()) if scenario.extends else parse("", groups())
    changes = list(differences(before, scenario))
    settings = "1 setting differs" if len(changes) == 1 else f"{len(changes)} settings differ"
    typer.echo(f"{path}: OK: {scenario.title} ({settings} from {parent})")
    if scenario.question:
        typer.echo(f"    {scenario.question}")
    for change in changes:
        typer.echo(f"    {change.key}: {_short(change.before)} -> {_short(change.after)}")


def _short(text: str) -> str:
    """At most 80 characters of a text."""
    return text if len(text) <= 80 else f"{text[:77]}..."


def _ending(scenario: Scenario, end: str) -> Scenario:
    """The scenario with another last month."""
    from sim.scenario import ScenarioError

    try:
        return scenario.replace({"run.end": end})
    except ScenarioError as error:
        _refuse([f"--end: {fault.sentence}" for fault in error.faults])


def _refuse(lines: list[str]) -> NoReturn:
    """End the command because of its input."""
    from sim.parameters import printable

    for line in lines:
        for part in line.split("\n"):
            typer.echo(printable(part), err=True)
    raise typer.Exit(BAD_INPUT)


# --- output folders ---------------------------------------------------------------------------------------------------


def _folders(names: list[str], out: Path | None) -> list[Path]:
    """One writable folder for each scenario, made before anything is simulated; a fault leaves nothing behind."""
    from sim.results import FolderError, default_folder, prepare_folder

    if out is None:
        folders = [default_folder(name) for name in names]
    else:
        folders = [out / name for name in names] if len(names) > 1 else [out]
    new = {way for folder in folders for way in (folder, *folder.parents) if not os.path.lexists(way)}
    try:
        return [prepare_folder(folder) for folder in folders]
    except FolderError as error:
        for way in sorted(new, reverse=True):  # a folder comes after those that hold it
            with suppress(OSError):  # it was not made
                way.rmdir()
        _refuse([str(error)])


# --- lists ------------------------------------------------------------------------------------------------------------


def _cells(row: Row, starts: dict[tuple[str, str], str]) -> dict[str, str]:
    """What the list says of one parameter, by column."""
    from sim.parameters import plain_text

    low, high = ("" if bound is None else plain_text(bound) for bound in (row.low, row.high))
    return {
        "name": f"{row.table}.{row.name}",
        "symbol": row.symbol,
        "kind": row.kind,
        "unit": row.unit,
        "range": ", ".join(row.options) if row.options else f"{low} to {high}" if low or high else "",
        "default": plain_text(row.default),
        "from": starts[row.table, row.starts] if row.starts else "",
        "neutral": "" if row.neutral is None else plain_text(row.neutral),
        "scope": row.scope,
        "paid by": row.payer,
        "grade": row.grade,
        "source": row.source,
    }


def _print_csv(rows: list[Row], starts: dict[tuple[str, str], str]) -> None:
    """The list as CSV; a text that a spreadsheet would take for a formula is quoted."""
    cells = [_cells(row, starts) for row in rows]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if cells:
        writer.writerow(cells[0])
    writer.writerows([_harmless(text) for text in line.values()] for line in cells)


def _harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula; numbers stay numbers."""
    if text[:1] not in ("=", "+", "-", "@", "\t"):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def _print_table(rows: list[Row], starts: dict[tuple[str, str], str]) -> None:
    """The list as a table that a person can read."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 200
    cells = [_cells(row, starts) for row in rows]
    if console.width >= WIDE:
        console.print(_rich_table(cells))
    else:
        for line in cells:
            console.print(_paragraph(line, console.width), markup=False)


def _rich_table(cells: list[dict[str, str]]) -> RichTable:
    """The columns a reader needs."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    columns = ("name", "unit", "range", "default", "from", "scope", "paid by", "grade", "source")
    shown = [column for column in columns if column != "paid by" or any(line[column] for line in cells)]
    table = Table(box=box.SIMPLE_HEAD)
    for column in shown:
        options: dict[str, Any] = {"no_wrap": True} if column in ("name", "from", "default", "scope", "grade") else {}
        options |= {"ratio": 1} if column == "source" else {"max_width": LONGEST_COLUMN.get(column)}
        table.add_column(column, overflow="fold", **options)
    for line in cells:
        table.add_row(*(escape(line[column]) for column in shown))
    return table


def _paragraph(line: dict[str, str], width: int) -> str:
    """One parameter in a narrow window: name and values on the first line, the rest below."""
    from textwrap import fill

    since = f" from {line['from']}" if line["from"] else ""
    span = f" ({line['range']})" if line["range"] else ""
    head = f"{line['name']} = {line['default']}{since}{span}"
    scope = " by county" if line["scope"] == "county" else ""
    payer = [f"paid by: {line['paid by']}"] if line["paid by"] else []
    evidence = line["source"] if line["source"].startswith("assumption") else f"{line['grade']}: {line['source']}"
    rest = [f"{line['unit']}{scope}", *payer, evidence]
    texts = [fill(head, width, subsequent_indent="    ", break_on_hyphens=False)]
    texts += [fill(text, width, initial_indent="    ", subsequent_indent="      ") for text in rest]
    return "\n".join(texts)


if __name__ == "__main__":
    app()
