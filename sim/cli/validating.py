"""``ningde validate``: published facts beside the bands of an ensemble."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.common import BROKEN_BOOKS, INTERRUPTED, app, folders, read_all, refuse

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.report.validation import Validation
    from sim.scenario import Scenario

SEEDS = 100
"""Seeds of an ensemble if nothing is said."""


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
    _only_for_ningde()
    if source is not None and (seeds is not None or workers is not None):
        refuse(["--from: the runs stand in the file; leave --seeds and --workers out"])
    if source is None:
        _validate_anew(read_all([scenario])[0], SEEDS if seeds is None else seeds, workers, out, quiet)
    else:
        _validate_again(source, out)


def _only_for_ningde() -> None:
    """End the command for a prefecture of the user: the moments are those that were published of Ningde."""
    from sim.data import own_region

    own = own_region.folder()
    if own is not None:
        told = "observations.csv serve ningde calibrate and ningde backtest"
        refuse([f"{own}: ningde validate is about what was published of Ningde; facts of your prefecture in {told}"])


def _validate_anew(plan: Scenario, seeds: int, workers: int | None, out: Path | None, quiet: bool) -> None:
    """Run the ensemble, keep its moments and paths, and tell it."""
    from sim.experiment.executor import default_workers
    from sim.experiment.validation import ensemble, jobs, moment_table, path_table
    from sim.report.progress import months_bar
    from sim.report.validation import read_moments, read_paths, validation

    folder = folders([f"{plan.name}_validation"], out)[0]
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
        refuse([f"--from: {file}: the file cannot be read: {error.strerror}"])
    except ValueError as error:
        refuse([f"--from: {file}: {error}"])
    paths = read_paths(file.with_name("paths.csv"))
    if paths is None:
        typer.echo(
            f"{file.with_name('paths.csv')} is not there or is no table of paths: that figure is left out", err=True
        )
    _tell_validation(found, paths, folders([f"{found.scenario}_validation"], file.parent if out is None else out)[0])


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
