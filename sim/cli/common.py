"""What the commands share: the application, reading scenarios, folders for results, refusing with one line."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sim.inputoutput.tables import Table
    from sim.parameters import Parameters
    from sim.scenario import Fault, Scenario

Found = TypeVar("Found")


BAD_INPUT = 2
"""Exit code for input at fault."""


BROKEN_BOOKS = 3
"""Exit code for a run that its books, or a month without a solution, stopped; or an ensemble without a finished run."""


INTERRUPTED = 130
"""Exit code after an interrupt from the keyboard, as shells have it."""


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def data_files(
    folder: Annotated[
        Path | None,
        typer.Option(
            "--data", help="Folder with data files of another prefecture instead of ours; see docs/own-region.md."
        ),
    ] = None,
) -> None:
    """Projections of industry in the counties of Ningde, or of a prefecture of your own, under policy scenarios."""
    from sim.data import own_region

    if folder is None and not os.environ.get(own_region.VARIABLE):
        return
    try:
        if folder is None:
            own_region.folder()
        else:
            own_region.choose(folder)
        groups()  # the parameters of the prefecture are read when those of the model are declared
    except own_region.DataFolderError as error:
        refuse([str(error)])


def groups() -> tuple[type[Parameters], ...]:
    """The groups of parameters of the model."""
    from sim.model import GROUPS

    return GROUPS


@contextmanager
def stopping(name: str) -> Iterator[None]:
    """A month that cannot be computed, or whose books do not balance, ends the command with one line."""
    from sim.accounts import BrokenIdentityError
    from sim.inputoutput.rationing import NoConvergenceError

    try:
        yield
    except (BrokenIdentityError, NoConvergenceError) as error:
        why = ", its books do not balance" if isinstance(error, BrokenIdentityError) else ""
        typer.echo(f"{name}: the run stopped{why}: {error}", err=True)
        raise typer.Exit(BROKEN_BOOKS) from None


def read_all(
    names: list[str], report: Callable[[Path, Scenario], None] | None = None, table: Table | None = None
) -> list[Scenario]:
    """The scenarios of files or bare names; all faults of all of them end the command.

    A scenario is also refused if its values, each within its range, allow no opening position together.
    """
    from sim.model import NingdeModel
    from sim.opening.checks import contradictions, remarks
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
        against = [located(path, groups(), key, sentence) for key, sentence in contradictions(opening)]
        if against:
            refused.extend(str(fault) for fault in against)
            continue
        scenarios.append(scenario)
        remarked = [located(path, groups(), key, sentence) for key, sentence in remarks(opening)]
        for warning in remarked:
            typer.echo(_warning(warning), err=True)
        if report is not None:
            report(path, scenario)
    if refused:
        refuse(refused)
    return scenarios


def distinct(scenarios: list[Scenario]) -> None:
    """End the command if two scenarios would write into one folder."""
    names = [scenario.name for scenario in scenarios]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        refuse([f"two scenarios are called {name}: their results would stand in one folder" for name in twice])


def _warning(fault: Fault) -> str:
    """A setting that is accepted but has no effect, or one that is hardly meant."""
    where, _, rest = str(fault).partition(f": {fault.key}: ")
    return f"{where}: warning: {fault.key}: {rest}"


def ending(scenario: Scenario, end: str) -> Scenario:
    """The scenario with another last month."""
    from sim.scenario import ScenarioError

    try:
        return scenario.replace({"run.end": end})
    except ScenarioError as error:
        refuse([f"--end: {fault.sentence}" for fault in error.faults])


def refuse(lines: list[str]) -> NoReturn:
    """End the command because of its input."""
    from sim.parameters import printable

    for line in lines:
        for part in line.split("\n"):
            typer.echo(printable(part), err=True)
    raise typer.Exit(BAD_INPUT)


def folders(names: list[str], out: Path | None) -> list[Path]:
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
        refuse([str(error)])


def named(option: str, word: str | None, find: Callable[[str], Found]) -> Found | None:
    """What a word of an option means; one that means nothing ends the command."""
    try:
        return None if word is None else find(word)
    except ValueError as error:
        refuse([f"{option}: {error}"])


def one_of(option: str, words: Sequence[str], known: tuple[str, ...]) -> None:
    """End the command if a word is not one of those known."""
    from sim.parameters import suggestion

    wrong = [word for word in words if word not in known]
    if wrong:
        refuse(
            [f"{option}: unknown '{word}'{suggestion(word, known)}; choose from {', '.join(known)}" for word in wrong]
        )


def own_table(file: Path) -> Table:
    """The table in a file; one that is no table or does not balance ends the command."""
    from sim.inputoutput.exchange import read_csv

    try:
        return read_csv(file)
    except OSError as error:
        refuse([f"{file}: the file cannot be read: {error.strerror}"])
    except ValueError as error:
        refuse([f"{file}: {error}"])
