"""``ningde calibrate``: which parameter values agree with what was published up to a month."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.common import BROKEN_BOOKS, INTERRUPTED, app, folders, read_all, refuse

if TYPE_CHECKING:
    from sim.experiment.calibration.calibrate import Calibration
    from sim.experiment.calibration.observation_facts import ObservationFacts
    from sim.parameters import Month
    from sim.report.progress import Tick
    from sim.scenario import Scenario


@app.command()
def calibrate(
    as_of: Annotated[
        str,
        typer.Option(help="Month such as 2019-11: facts published later do not count, and runs know nothing later."),
    ],
    scenario: Annotated[str, typer.Argument(help="Scenario file, or bare name of one in scenarios/.")] = "baseline",
    out: Annotated[
        Path | None, typer.Option(help="Folder for posterior, tables and figures; results/NAME_MONTH if not given.")
    ] = None,
    facts: Annotated[
        list[Path] | None,
        typer.Option(help="Your own facts in the CSV layout of docs/observations.md instead of ours; may be repeated."),
    ] = None,
    waves: Annotated[int, typer.Option(min=1, max=10, help="Waves of runs.")] = 3,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes at once; as many as processors if not given.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Calibrate parameters on published facts: waves of runs, emulators, what is ruled out, and a posterior.

    The folder keeps every run: a command that was stopped goes on where it was when it is given again.

    Use the result with: ningde run SCENARIO --seeds 200 --posterior FOLDER. Needs the extra tune (scikit-learn).
    """
    _installed()
    month = _month(as_of)
    plan = read_all([scenario])[0]
    source = _facts(facts)
    name = f"{plan.name}_{month}"
    folder = folders([name], out)[0]
    found = _calibrated(plan, month, source, folder, waves, workers, quiet)
    _tell(found, folder, name)


def _installed() -> None:
    """End the command if scikit-learn is not there."""
    from importlib.util import find_spec

    if find_spec("sklearn") is None:
        refuse(['ningde calibrate needs scikit-learn: pip install -e ".[tune]"'])


def _month(word: str) -> Month:
    """The as-of month; one that runs cannot know up to ends the command."""
    from sim.parameters import Month, describe
    from sim.settings import Run

    try:
        month = Month(word)
    except ValueError as error:
        refuse([f"--as-of: {error}"])
    low, high = next((row.low, row.high) for row in describe(Run) if row.name == "known_until")
    if not Month(str(low)) <= month <= Month(str(high)):
        refuse([f"--as-of: {month} is outside {low} to {high}"])
    return month


def _facts(files: list[Path] | None) -> ObservationFacts:
    """The facts of files; all their faults end the command."""
    from sim.experiment.calibration.observation_facts import ObservationFacts
    from sim.experiment.observations import ObservationsError, read_observations

    try:
        return ObservationFacts.of(read_observations(files))
    except ObservationsError as error:
        refuse([str(fault) for fault in error.faults])


def _calibrated(
    plan: Scenario,
    month: Month,
    source: ObservationFacts,
    folder: Path,
    waves: int,
    workers: int | None,
    quiet: bool,
) -> Calibration:
    """The calibration; what stops it ends the command with one line."""
    from sim.experiment.calibration.calibrate import CalibrationError, calibrate
    from sim.experiment.calibration.prior import NothingFreeError
    from sim.experiment.calibration.targets import TargetError
    from sim.experiment.calibration.waves import Plan
    from sim.experiment.executor import default_workers
    from sim.report.progress import months_bar
    from sim.statistics.posterior import PosteriorError

    def shown(label: str, _runs: int) -> AbstractContextManager[Tick | None]:
        return months_bar(label, shown=not quiet, unit="runs")

    def tell(sentence: str) -> None:
        if not quiet:
            typer.echo(sentence, err=True)

    try:
        return calibrate(
            plan,
            month,
            source,
            folder=folder,
            workers=workers or default_workers(),
            plan=Plan(waves=waves),
            shown=shown,
            tell=tell,
        )
    except (TargetError, NothingFreeError) as error:
        refuse([str(error)])
    except (CalibrationError, PosteriorError) as error:
        typer.echo(f"{plan.name}: {error}", err=True)
        raise typer.Exit(BROKEN_BOOKS) from None
    except KeyboardInterrupt:
        typer.echo(f"stopped: the runs so far are kept in {folder}; the same command goes on from there", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _tell(found: Calibration, folder: Path, name: str) -> None:
    """Write the files, print the result."""
    from sim.report.calibration import print_calibration, save_calibration
    from sim.results import FolderError

    try:
        files = save_calibration(found, folder, name)
    except FolderError as error:
        refuse([str(error)])
    print_calibration(found)
    for path in files:
        typer.echo(f"wrote {path}", err=True)
    typer.echo(f"use it: ningde run {found.prior.scenario.name} --seeds 200 --posterior {folder}", err=True)
