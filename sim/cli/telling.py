"""``ningde explain``, ``ledger`` and ``withdrawal``: what happened in a run, and what a lead firm leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.common import BROKEN_BOOKS, app, folders, named, own_table, read_all, refuse, stopping


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

    place = named("--county", county, lambda word: county_of(word, load_world().county_names))
    firm = named("--leader", leader, leader_of)
    own = None if table is None else own_table(table)
    plan = read_all([scenario], table=own)[0]
    try:
        with stopping(plan.name), months_bar(f"{plan.name} to {until or plan.run.end}", shown=not quiet) as tick:
            found = explain_run(plan, seed, until, tick, table=own)
    except ValueError as error:
        refuse([f"--until: {error}"])
    files = []
    if out is not None:
        folder = folders([plan.name], out)[0]  # last: a fault leaves nothing behind
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
            refuse(["--seed: a saved run has its seed already"])
        try:
            done = Run.load(source)
        except (FileNotFoundError, DamagedError) as error:
            refuse([str(error)])
    else:
        plan = read_all([source])[0]
        with stopping(plan.name), months_bar(plan.name, shown=not quiet) as tick:
            done = run_scenario(plan, seed, tick)
    try:
        print_ledger(done, ledger_years(done, year))
    except NoYearError as error:
        refuse([f"--year: {error}"])


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
    from sim.experiment.executor import default_workers
    from sim.experiment.withdrawal import Event, NoPlantError, paired
    from sim.report.explain import leader_of
    from sim.report.progress import months_bar
    from sim.report.withdrawal import print_withdrawal, save_withdrawal
    from sim.scenario import ScenarioError

    firm = named("--leader", leader, leader_of)
    share = named("--size", size, _share_or_exit)
    if half_life is not None and share is None:
        refuse(["--half-life: a firm that leaves does not come back; give --size a share such as 0.3"])
    own = None if table is None else own_table(table)
    plan = read_all([scenario], table=own)[0]
    event = Event(str(firm), start, share, half_life)
    folder = None
    try:
        _month_of(start)
        plan.replace({"events.shocks": [*plan.tables["events"]["shocks"], event.row()]})
        folder = folders([f"{plan.name}_withdrawal"], out)[0]
        with months_bar(f"{plan.name}, {seeds} pairs", shown=not quiet, unit="runs") as tick:
            found = paired(plan, event, range(1, seeds + 1), workers or default_workers(), tick, table=own)
    except ScenarioError as error:
        refuse([f"{_OPTION_OF.get(fault.key.split('.')[-1], '--start')}: {fault.sentence}" for fault in error.faults])
    except NoPlantError as error:
        refuse([f"--leader: {error}"])
    except ValueError as error:
        refuse([f"--start: {error}"])
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
