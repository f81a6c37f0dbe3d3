"""``ningde search``: the best that can be had for a problem of policy."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.common import BROKEN_BOOKS, INTERRUPTED, app, folders, one_of, refuse
from sim.cli.ensembles import Cluster, Workers

if TYPE_CHECKING:
    from sim.experiment.tuning.front import Front
    from sim.experiment.tuning.problem import Problem
    from sim.experiment.tuning.search import Method, Plan, Search
    from sim.report.progress import Tick

PROBLEMS = Path("problems")
"""Folder of the problems that are shipped, beside the scenarios."""


@app.command()
def search(
    problem: Annotated[str, typer.Argument(help="Problem file, or bare name of one in problems/.")] = "",
    points: Annotated[
        int, typer.Option(min=2, max=100_000, help="Points in all, the current policy among them.")
    ] = 120,
    population: Annotated[int, typer.Option(min=2, max=10_000, help="Points asked for and run together.")] = 12,
    method: Annotated[
        str, typer.Option(help="tpe, nsga2, nsga3; or random, one-at-a-time, to judge the others by.")
    ] = "tpe",
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Luck of the search; that of runs stays.")] = 1,
    fresh: Annotated[
        int | None, typer.Option(min=2, max=1000, help="Fresh seeds of each case for the best points.")
    ] = None,
    workers: Workers = None,
    cluster: Cluster = None,
    out: Annotated[Path | None, typer.Option(help="Folder for runs, tables, scenarios, figures.")] = None,
    outcomes: Annotated[bool, typer.Option("--outcomes", help="List what a problem may name, and end.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Search the levers of a problem for points that nothing beats, and look at the best again with fresh luck.

    The folder keeps every run: a command that was stopped goes on when it is given again and ends as it would have.
    Points of the front are written as scenario files that `ningde run` takes. Needs the extra tune (optuna, moocore).
    """
    if outcomes:
        _list_outcomes()
        return
    _installed()
    posed = _problem(problem)
    plan = _plan(posed, points, population, method, seed)
    folder = folders([f"{posed.name}_search"], out)[0]
    found, front = _searched(posed, plan, folder, fresh, workers, cluster, quiet)
    _tell(found, front, folder)


def _list_outcomes() -> None:
    """Print every outcome."""
    from sim.experiment.tuning.outcomes import areas
    from sim.experiment.tuning.outcomes import outcomes as known

    for name, each in known().items():
        if "." not in name:
            typer.echo(
                f"{name:20} {each.label} ({each.unit}); usually {'more' if each.better > 0 else 'less'} is better"
            )
    places = ", ".join(area for area in areas() if area != "city")
    typer.echo(f"output, value_added, jobs and the others before cost also with a place, output.mountain: {places}")


def _installed() -> None:
    """End the command if the libraries are not there."""
    from importlib.util import find_spec

    missing = [name for name in ("optuna", "moocore") if find_spec(name) is None]
    if missing:
        refuse([f'ningde search needs {" and ".join(missing)}: pip install "ningde-simulator[tune]"'])


def _problem(word: str) -> Problem:
    """The problem; all faults end the command."""
    from sim.experiment.tuning.problem_file import ProblemError, read_problem
    from sim.scenario import ScenarioError

    if not word:
        refuse([f"which problem? Give a file, or one of {', '.join(_shipped()) or 'those of problems/'}"])
    path = Path(word)
    if path.suffix != ".toml" and not path.exists():
        path = PROBLEMS / f"{word}.toml"
    try:
        return read_problem(path)
    except (ProblemError, ScenarioError) as error:
        refuse(str(error).split("\n"))


def _shipped() -> list[str]:
    """Names of the problems beside the scenarios."""
    return sorted(path.stem for path in PROBLEMS.glob("*.toml"))


def _plan(problem: Problem, points: int, population: int, method: str, seed: int) -> Plan:
    """How to search; too few points for the levers are told."""
    from sim.experiment.tuning.search import FEWEST_A_LEVER, METHODS, Plan

    one_of("--method", [method], METHODS)
    chosen: Method = next(each for each in METHODS if each == method)
    needed = FEWEST_A_LEVER * len(problem.levers)
    if points < needed:
        typer.echo(
            f"warning: {points} points can hardly tell {len(problem.levers)} levers apart: give --points {needed} or"
            " more, or screen the levers first",
            err=True,
        )
    return Plan(points, population, chosen, seed)


def _searched(
    problem: Problem,
    plan: Plan,
    folder: Path,
    fresh: int | None,
    workers: int | None,
    cluster: str | None,
    quiet: bool,
) -> tuple[Search, Front]:
    """The search and its front; what stops them ends the command with one line."""
    from sim.experiment.executor import ClusterError, default_workers
    from sim.experiment.tuning.evaluation import Evaluator
    from sim.experiment.tuning.front import FRESH_SEEDS, look_again
    from sim.experiment.tuning.problem import FRESH
    from sim.experiment.tuning.search import SearchError
    from sim.experiment.tuning.search import search as search_for
    from sim.report.progress import months_bar

    def shown(label: str, _points: int) -> AbstractContextManager[Tick | None]:
        return months_bar(label, shown=not quiet, unit="runs")

    many = workers or default_workers()
    seeds = fresh or max(FRESH_SEEDS, problem.seeds)
    try:
        found = search_for(problem, plan, folder=folder, workers=many, cluster=cluster, shown=shown)
        again = Evaluator(problem, problem.futures(FRESH, seeds), folder, many, cluster)
        with shown("the best points with fresh luck", seeds) as tick:
            return found, look_again(found, again, tick)
    except SearchError as error:
        typer.echo(f"{problem.name}: {error}", err=True)
        raise typer.Exit(BROKEN_BOOKS) from None
    except ClusterError as error:
        refuse([f"--cluster: {error}"])
    except KeyboardInterrupt:
        typer.echo(f"stopped: the runs so far are kept in {folder}; the same command goes on from there", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _tell(found: Search, front: Front, folder: Path) -> None:
    """Write the files, print the result."""
    from sim.report.tuning import print_search, save_search
    from sim.results import FolderError

    try:
        files = save_search(found, front, folder)
    except FolderError as error:
        refuse([str(error)])
    print_search(found, front)
    for path in files:
        typer.echo(f"wrote {path}", err=True)
