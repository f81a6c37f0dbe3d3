"""``ningde sensitivity``, ``search`` and ``robustness``: problems of policy."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.common import BROKEN_BOOKS, INTERRUPTED, app, distinct, folders, one_of, read_all, refuse
from sim.cli.ensembles import Cluster, Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sim.experiment.tuning.front import Front
    from sim.experiment.tuning.problem import Problem
    from sim.experiment.tuning.runs import Runner
    from sim.experiment.tuning.search import Method, Plan, Search, Shown
    from sim.report.progress import Tick

PROBLEMS = Path("problems")
"""Folder of the problems that are shipped, beside the scenarios."""

ProblemWord = Annotated[str, typer.Argument(help="Problem file, or bare name of one in problems/.")]
Out = Annotated[Path | None, typer.Option(help="Folder for runs, tables and figures; results/NAME_... if not given.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]


@app.command()
def sensitivity(
    problem: ProblemWord = "",
    trajectories: Annotated[int, typer.Option(min=2, max=1000, help="Trajectories of the screening.")] = 10,
    rows: Annotated[
        int, typer.Option(min=0, max=65536, help="Rows of the second step, a power of 2; 0 ends after the screening.")
    ] = 64,
    years: Annotated[
        str | None, typer.Option(help="Years such as 2025,2030; that of the problem if not given.")
    ] = None,
    workers: Workers = None,
    cluster: Cluster = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Which levers and uncertain parameters move the goals of a problem, in which counties, and what is chance.

    Which case of the problem comes true is a factor too. First a screening of all of them (Morris), then parts of the
    variance of those that can be told from luck (Sobol), with PAWN beside. The folder keeps every run. Needs the extra
    tune (SALib).
    """
    _installed("sensitivity", "SALib")
    from sim.experiment.tuning import sensitivity as study
    from sim.report.sensitivity import print_sensitivity, save_sensitivity
    from sim.statistics.sensitivity import SensitivityError

    posed = _problem(problem)
    chosen = _years(years, posed)
    folder = folders([f"{posed.name}_sensitivity"], out)[0]
    if not quiet:
        needed = study.runs_needed(posed, trajectories, rows)
        typer.echo(f"{len(study.factors(posed))} factors: at most {needed} runs", err=True)
    place = study.Laboratory(_runner(posed, folder, workers, cluster, chosen), _bar(quiet))
    with _ending(posed.name, folder):
        try:
            found = study.sensitivity(place, trajectories, rows)
        except SensitivityError as error:
            refuse([str(error)])
    _written(partial(save_sensitivity, found, folder))
    print_sensitivity(found)


def _years(words: str | None, problem: Problem) -> tuple[int, ...]:
    """The years that are looked at."""
    if words is None:
        return (problem.year,)
    first, last = problem.scenario.start.year, problem.year
    parts = [word.strip() for word in words.split(",")]
    wrong = [word for word in parts if not word.isdigit() or not first <= int(word) <= last]
    if wrong:
        refuse([f"--years: '{word}' is no year from {first} to {last}" for word in wrong])
    return tuple(sorted({int(word) for word in parts}))


@app.command()
def robustness(
    problem: ProblemWord = "",
    policies: Annotated[
        list[str] | None,
        typer.Argument(help="Scenario files to compare with the current policy, such as points of a search."),
    ] = None,
    futures: Annotated[int, typer.Option(min=2, max=100_000, help="Seeds of each case.")] = 64,
    workers: Workers = None,
    cluster: Cluster = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """How policies do over many futures of a problem, and in words under which conditions one fails.

    Regret, worst tenth, share of futures in which all thresholds are reached, and scenario discovery (PRIM). The
    uncertain parameters are those under `vary` in the problem. The folder keeps every run. Needs the extra discovery.
    """
    _installed("robustness", "ema_workbench", extra="discovery")
    from sim.experiment.tuning.evaluation import Evaluator
    from sim.experiment.tuning.robustness import FIRST_SEED, over_futures, same_run
    from sim.report.robustness import print_robustness, save_robustness

    posed = _problem(problem)
    plans = read_all(list(policies or []))
    distinct([posed.scenario, *plans])
    for difference in same_run(posed, plans):
        typer.echo(f"warning: {difference} is no lever and differs from the problem: that is no policy", err=True)
    named = {"now": posed.scenario} | {plan.name: plan for plan in plans}
    folder = folders([f"{posed.name}_robustness"], out)[0]
    evaluate = Evaluator(_runner(posed, folder, workers, cluster), posed.futures(FIRST_SEED, futures))
    with _ending(posed.name, folder), _bar(quiet)(f"{len(named)} policies", futures) as tick:
        found = over_futures(posed, named, evaluate, tick)
    _written(partial(save_robustness, found, folder))
    print_robustness(found)


@app.command()
def search(
    problem: ProblemWord = "",
    points: Annotated[
        int, typer.Option(min=2, max=100_000, help="Points in all, the current policy among them.")
    ] = 120,
    population: Annotated[int, typer.Option(min=2, max=10_000, help="Points asked for and run together.")] = 12,
    method: Annotated[
        str, typer.Option(help="surrogate, tpe, nsga2, nsga3; or random, one-at-a-time, to judge by.")
    ] = "surrogate",
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Luck of the search; that of runs stays.")] = 1,
    fresh: Annotated[
        int | None, typer.Option(min=2, max=1000, help="Fresh seeds of each case for the best points.")
    ] = None,
    workers: Workers = None,
    cluster: Cluster = None,
    out: Out = None,
    outcomes: Annotated[bool, typer.Option("--outcomes", help="List what a problem may name, and end.")] = False,
    quiet: Quiet = False,
) -> None:
    """Search the levers of a problem for points that nothing beats, and look at the best again with fresh luck.

    The folder keeps every run: a command that was stopped goes on when it is given again and ends as it would have.
    Points of the front are written as scenario files that `ningde run` takes. Needs the extra tune.
    """
    if outcomes:
        _list_outcomes()
        return
    _installed("search", "optuna", "moocore", "sklearn")
    posed = _problem(problem)
    plan = _plan(posed, points, population, method, seed)
    folder = folders([f"{posed.name}_search"], out)[0]
    found, front = _searched(plan, _runner(posed, folder, workers, cluster), folder, fresh, quiet)
    from sim.report.tuning import print_search, save_search

    _written(partial(save_search, found, front, folder))
    print_search(found, front)


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


def _installed(command: str, *modules: str, extra: str = "tune") -> None:
    """End the command if its libraries are not there."""
    from importlib.util import find_spec

    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        refuse([f'ningde {command} needs {" and ".join(missing)}: pip install -e ".[{extra}]"'])


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


def _runner(
    problem: Problem, folder: Path, workers: int | None, cluster: str | None, years: tuple[int, ...] = ()
) -> Runner:
    """What makes the runs of a command and keeps them in its folder."""
    from sim.experiment.executor import default_workers
    from sim.experiment.tuning.runs import Runner

    return Runner(problem, folder, workers or default_workers(), cluster, years)


def _searched(plan: Plan, run: Runner, folder: Path, fresh: int | None, quiet: bool) -> tuple[Search, Front]:
    """The search and its front; what stops them ends the command with one line."""
    from sim.experiment.tuning.evaluation import Evaluator
    from sim.experiment.tuning.front import FRESH_SEEDS, look_again
    from sim.experiment.tuning.problem import FRESH
    from sim.experiment.tuning.search import search as search_for

    problem, shown = run.problem, _bar(quiet)
    seeds = fresh or max(FRESH_SEEDS, problem.seeds)
    with _ending(problem.name, folder):
        found = search_for(Evaluator(run, problem.futures()), plan, journal=folder, shown=shown)
        with shown("the best points with fresh luck", seeds) as tick:
            return found, look_again(found, Evaluator(run, problem.futures(FRESH, seeds)), tick)


def _bar(quiet: bool) -> Shown:
    """Shows the progress of a step."""
    from sim.report.progress import months_bar

    def shown(label: str, _runs: int) -> AbstractContextManager[Tick | None]:
        return months_bar(label, shown=not quiet, unit="runs")

    return shown


@contextmanager
def _ending(name: str, folder: Path) -> Iterator[None]:
    """What stops a study ends the command with one line."""
    from sim.experiment.executor import ClusterError
    from sim.experiment.tuning.robustness import RobustnessError
    from sim.experiment.tuning.search import SearchError
    from sim.experiment.tuning.sensitivity import StudyError

    try:
        yield
    except (SearchError, StudyError, RobustnessError) as error:
        typer.echo(f"{name}: {error}", err=True)
        raise typer.Exit(BROKEN_BOOKS) from None
    except ClusterError as error:
        refuse([f"--cluster: {error}"])
    except KeyboardInterrupt:
        typer.echo(f"stopped: the runs so far are kept in {folder}; the same command goes on from there", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _written(save: Callable[[], list[Path]]) -> None:
    """Write files and name them."""
    from sim.results import FolderError

    try:
        files = save()
    except FolderError as error:
        refuse([str(error)])
    for path in files:
        typer.echo(f"wrote {path}", err=True)
