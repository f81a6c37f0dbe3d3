"""``ningde backtest``: forecasts from past months of what was published later, scored beside simple rivals."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.common import BROKEN_BOOKS, INTERRUPTED, app, folders, read_all, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.experiment.backtest.study import Settings, Study
    from sim.experiment.observations import Observations
    from sim.experiment.unknown import Posterior
    from sim.parameters import Month
    from sim.report.progress import Tick
    from sim.scenario import Scenario

NO_POSTERIOR = "none"
"""Word of --posterior for parameters drawn from their ranges alone."""


@app.command()
def backtest(
    scenario: Annotated[str, typer.Argument(help="Scenario file, or bare name of one in scenarios/.")] = "baseline",
    origins: Annotated[
        list[str] | None,
        typer.Option(help="Last months that are known, such as 2016-12,2019-11; those of the protocol if not given."),
    ] = None,
    modes: Annotated[
        list[str] | None,
        typer.Option(
            help="unconditional (world from its own past), conditional (world as it came); both if not given."
        ),
    ] = None,
    members: Annotated[int, typer.Option(min=2, max=100_000, help="Runs of the model from each origin.")] = 200,
    null_members: Annotated[
        int, typer.Option(min=0, max=100_000, help="Runs of each null version; 0 leaves them out.")
    ] = 40,
    facts: Annotated[
        list[Path] | None,
        typer.Option(help="Your own facts in the CSV layout of docs/observations.md instead of ours; may be repeated."),
    ] = None,
    posterior: Annotated[
        list[str] | None,
        typer.Option(
            help="Posterior of an origin, by name, file or folder; it serves the origin up to which it has seen facts. "
            "If none is given, the shipped ones; none draws from ranges alone."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Known is only what could be read by the origin, for defaults too.")
    ] = False,
    skip: Annotated[
        bool, typer.Option("--skip", help="Leave out faulty rows, and rivals where they lack points, and tell it.")
    ] = False,
    protocol: Annotated[
        Path | None,
        typer.Option(help="Protocol whose digest the record states; docs/forecast-protocol.md if it is there."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes at once; as many as processors if not given.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for runs, tables and figures; results/NAME_backtest if not given.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Tell it again from the folder of an earlier call, without any run.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Forecast from past months what was published later, and score it beside simple rivals and null versions.

    With the shipped facts and the usual numbers about 2,600 runs, an hour on two processors. The folder keeps every
    run, so that a command that was stopped goes on where it was when it is given again. Needs the extra `tune`.
    """
    from sim.experiment.backtest.plan import BacktestError
    from sim.experiment.backtest.study import read_study

    if source is not None:
        try:
            found = read_study(source)
        except BacktestError as error:
            refuse([f"--from: {error}"])
        _tell(found, folders([""], source if out is None else out)[0])
        return
    _installed()
    plan = read_all([scenario])[0]
    figures = _facts(facts, skip)
    try:
        settings = _settings(plan, origins, modes, members, null_members, posterior, strict, skip)
    except BacktestError as error:
        refuse([str(error)])
    text = _protocol(protocol)
    folder = folders([f"{plan.name}_backtest"], out)[0]
    _tell(_made(settings, figures, folder, workers, quiet, text), folder)


def _installed() -> None:
    """End the command if scoringrules is not there."""
    from importlib.util import find_spec

    if find_spec("scoringrules") is None:
        refuse(['ningde backtest needs scoringrules: pip install -e ".[tune]"'])


def _facts(files: list[Path] | None, skip: bool) -> Observations:
    """The facts of files; all their faults end the command, or are told where they are skipped."""
    from sim.experiment.announcements import read_announcements
    from sim.experiment.observations import ObservationsError, read_observations

    try:
        found = read_observations(files, skip_faulty=skip)
        read_announcements()  # of a prefecture of the user they are as new as the facts
    except ObservationsError as error:
        refuse([str(fault) for fault in error.faults])
    except ValueError as error:
        refuse([str(error)])
    for fault in found.left_out:
        typer.echo(f"left out: {fault}", err=True)
    return found


def _settings(
    plan: Scenario,
    origins: list[str] | None,
    modes: list[str] | None,
    members: int,
    null_members: int,
    posterior: list[str] | None,
    strict: bool,
    skip: bool,
) -> Settings:
    """What the options ask for.

    Raises:
        BacktestError: an origin, a mode or a posterior cannot be used.
    """
    from sim.experiment.backtest.plan import MODES, chosen_modes, origin_of
    from sim.experiment.backtest.study import Settings
    from sim.experiment.dates import ORIGINS

    words = _words(origins)
    months = tuple(sorted({origin_of(word, plan) for word in words})) if words else ORIGINS
    worlds = chosen_modes(_words(modes)) if modes else MODES
    found = _posteriors(posterior, months)
    return Settings(plan, months, worlds, members, null_members, "print" if strict else "fact", skip, found)


def _words(given: list[str] | None) -> list[str]:
    """Words of an option that may be repeated or hold several with commas."""
    return [word.strip() for part in given or [] for word in part.split(",") if word.strip()]


def _posteriors(given: list[str] | None, origins: tuple[Month, ...]) -> Mapping[Month, Posterior]:
    """Posterior by origin.

    Raises:
        BacktestError: one cannot be read, is of no origin, or two are of one.
    """
    from sim.experiment.backtest.plan import BacktestError
    from sim.experiment.drawn import read_posterior, shipped

    if given == [NO_POSTERIOR]:
        return {}
    words = [str(origin) for origin in origins if str(origin) in shipped()] if given is None else given
    found: dict[Month, Posterior] = {}
    for word in words:
        try:
            one = read_posterior(word)
        except ValueError as error:
            raise BacktestError(f"--posterior: {error}") from None
        if one.as_of not in origins:
            raise BacktestError(f"--posterior: {word} has seen facts up to {one.as_of}, which is none of the origins")
        if one.as_of in found:
            raise BacktestError(f"--posterior: {word} and {found[one.as_of].name} are both of {one.as_of}; give one")
        found[one.as_of] = one
    return found


def _protocol(given: Path | None) -> str:
    """Text of the protocol; empty if there is none."""
    from sim.results.provenance import PACKAGE

    path = PACKAGE.parent / "docs" / "forecast-protocol.md" if given is None else given
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        if given is not None:
            refuse([f"--protocol: {given}: the file cannot be read: {error}"])
        return ""


def _made(
    settings: Settings, facts: Observations, folder: Path, workers: int | None, quiet: bool, protocol: str
) -> Study:
    """The back-test; what stops it ends the command with its lines."""
    from sim.experiment.backtest.plan import BacktestError
    from sim.experiment.backtest.study import NoMemberError, backtest
    from sim.experiment.executor import default_workers
    from sim.report.progress import months_bar

    def shown(label: str) -> AbstractContextManager[Tick | None]:
        return months_bar(label, shown=not quiet, unit="runs")

    try:
        return backtest(
            settings, facts, folder=folder, workers=workers or default_workers(), shown=shown, protocol=protocol
        )
    except NoMemberError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BROKEN_BOOKS) from None
    except BacktestError as error:
        refuse(str(error).split("\n"))
    except KeyboardInterrupt:
        typer.echo(f"stopped: the runs so far are kept in {folder}; the same command goes on with them", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _tell(study: Study, folder: Path) -> None:
    """Write tables, figures and record; print what matters."""
    from sim.report.backtest import print_backtest
    from sim.report.backtest_figures import save_backtest_figures
    from sim.report.backtest_record import to_markdown

    written = study.write(folder)
    figures = save_backtest_figures(study, folder)
    record = folder / "record.md"
    record.write_text(to_markdown(study, [file.name for file in figures]), encoding="utf-8")
    print_backtest(study)
    for path in [*written, *figures, record]:
        typer.echo(f"wrote {path}", err=True)
