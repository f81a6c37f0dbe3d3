"""The search for points that nothing beats: Optuna over the levers, the same futures for all points.

Three ways. ``tpe`` (the usual one) models where good points lie: multivariate Parzen estimators, Falkner, Klein and
Hutter, International Conference on Machine Learning (2018); for several goals Ozaki, Tanigaki, Watanabe and Onishi,
GECCO (2020). With the few hundred points that runs of seconds allow it finds more than evolution does (of a toy of
three levers 60 points of it are worth more than 120 of the others). ``nsga2`` and ``nsga3`` evolve generations, for
searches of thousands of points: Deb, Pratap, Agarwal and Meyarivan, IEEE Transactions on Evolutionary Computation 6
(2002); Deb and Jain, the same 18 (2014), for three goals and more. Limits: of two points that break some the one that
breaks less comes first (constrained domination, as there); what is broken counts as a part of the bound.

A generation is asked for whole and its points are run at once. What a folder keeps is the runs, not the state of the
search: a search that is given again asks the same questions in the same order, finds the answers that it has, and goes
on from there. So one that was interrupted ends as one that was not, wherever it stopped. (Optuna's own journal keeps
the trials but not the luck of its samplers, and a search continued from it ends elsewhere.)

The first trial is the current policy, then come points that cover the space (a scrambled Sobol sequence) until the
first generation is full.

Rivals of equal cost, to judge the search by: points drawn evenly, and one lever after the other.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from sim import data
from sim.experiment.kept_runs import Tick
from sim.experiment.tuning.evaluation import Evaluated, Evaluator
from sim.experiment.tuning.problem import Problem
from sim.experiment.tuning.runs import NOT_MEASURED
from sim.results.provenance import PACKAGE, code_digest
from sim.results.storage import write_atomically

if TYPE_CHECKING:
    import optuna

Floats = NDArray[np.float64]

Method = Literal["tpe", "nsga2", "nsga3", "random", "one-at-a-time"]
METHODS: tuple[Method, ...] = ("tpe", "nsga2", "nsga3", "random", "one-at-a-time")

JOURNAL = "search.json"
"""What a folder of a search belongs to: its problem, its way, the model."""

BROKEN = 1e12
"""Excess of a point of which a run failed: it loses against every other (numerical)."""

FEWEST_A_LEVER = 10
"""Points a lever below which a search can hardly tell them apart (assumption, as for screening designs)."""

Shown = Callable[[str, int], AbstractContextManager[Tick | None]]
"""Shows the progress of a generation: its label and its points, to a callback for runs done."""


class SearchError(RuntimeError):
    """A search that cannot be made or continued; the message is one sentence with what to do."""


@dataclass(frozen=True)
class Plan:
    """How a search goes.

    Attributes:
        points: points in all, the current policy among them.
        population: points that are asked for, and run, together.
        method: how.
        seed: luck of the search.
    """

    points: int = 200
    population: int = 12
    method: Method = "tpe"
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Search:
    """What a search found.

    Attributes:
        problem: what was asked.
        plan: how.
        points: (n, d) in the unit cube, in the order in which they were asked for; the first is the current policy.
        evaluated: what each came to.
    """

    problem: Problem
    plan: Plan
    points: Floats
    evaluated: tuple[Evaluated, ...]

    @property
    def values(self) -> Floats:
        """(n, goals) what each point came to; NaN where a run failed."""
        return np.array([[each.figure(goal) for goal in self.problem.goals] for each in self.evaluated])

    @property
    def excesses(self) -> Floats:
        """(n, limits) by how much each limit is broken; 0 where it is kept."""
        rows = [each.excesses(self.problem) for each in self.evaluated]
        return np.array(rows, dtype=np.float64).reshape(len(self.evaluated), len(self.problem.limits))

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """(n,) points that keep all limits and of which every run came to its end."""
        kept, ended = (self.excesses <= 0).all(axis=1), np.isfinite(self.values).all(axis=1)
        return np.asarray(kept & ended)


def search(
    evaluate: Evaluator, plan: Plan | None = None, *, journal: Path | None = None, shown: Shown | None = None
) -> Search:
    """Search for points that nothing beats.

    Args:
        evaluate: runs points of the problem, in the same futures; what its folder keeps is not run again, so that an
            interrupted search goes on.
        plan: how.
        journal: folder that is to hold this search and no other; searches may share one without it.
        shown: shows the progress of a generation.

    Raises:
        SearchError: the journal is of another problem, of another way of searching or of other code.
    """
    problem, how = evaluate.problem, plan or Plan()
    show = shown or (lambda _label, _points: nullcontext())
    if how.method in ("random", "one-at-a-time"):
        points = _even(problem, how) if how.method == "random" else one_at_a_time(problem, how)
        with show("points", len(points)) as tick:
            found = evaluate([problem.settings(point) for point in points], tick)
        return Search(problem, how, points, tuple(found))
    return _asked(problem, how, journal, evaluate, show)


def _even(problem: Problem, plan: Plan) -> Floats:
    """(n, d) the current policy, then points drawn evenly."""
    luck = np.random.default_rng([plan.seed, 1])
    drawn = luck.random((plan.points - 1, len(problem.levers)))
    return np.vstack([problem.point(problem.present()), drawn])


def one_at_a_time(problem: Problem, plan: Plan) -> Floats:
    """(n, d) the current policy, then one lever after the other over its range, the others as they are."""
    here, levers = problem.point(problem.present()), len(problem.levers)
    steps = max(1, -(-(plan.points - 1) // levers))
    rows = [here]
    for step in range(steps):
        for lever in range(levers):
            point = here.copy()
            point[lever] = step / max(steps - 1, 1)
            rows.append(point)
    return np.array(rows[: plan.points])


# --- by Optuna --------------------------------------------------------------------------------------------------------


def _asked(problem: Problem, plan: Plan, journal: Path | None, evaluate: Evaluator, show: Shown) -> Search:
    """The search by Optuna."""
    if journal is not None:
        _claim(journal, problem, plan)
    points, evaluated = list[Floats](), list[Evaluated]()
    with _quiet():
        study = _study(problem, plan)
        first = _first(problem, plan)
        while len(points) < plan.points:
            count = min(plan.population, plan.points - len(points))
            trials = [_ask(study, problem, first) for _ in range(count)]
            batch = [np.array([trial.params[lever.name] for lever in problem.levers]) for trial in trials]
            label = f"points {len(points) + 1} to {len(points) + count} of {plan.points}"
            with show(label, count) as tick:
                found = evaluate([problem.settings(point) for point in batch], tick)
            for trial, each in zip(trials, found, strict=True):
                _tell(study, trial, each, problem)
            points, evaluated = points + batch, evaluated + found
    return Search(problem, plan, np.array(points), tuple(evaluated))


def _claim(folder: Path, problem: Problem, plan: Plan) -> None:
    """Write what the folder belongs to, or see that it is this search.

    Raises:
        SearchError: it belongs to another one, or to other code.
    """
    model = f"{code_digest(PACKAGE, without=NOT_MEASURED)[:16]}:{data.digest()[:16]}"
    way = f"{plan.method}, {plan.population} at once, seed {plan.seed}"
    marks, path = {"problem": problem.digest, "model": model, "way": way}, folder / JOURNAL
    words = {"problem": "another problem", "model": "another version of the model", "way": "another way of searching"}
    if path.is_file():
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            raise SearchError(f"{path} is damaged: remove it and give the command again; no run is lost") from None
        for name, mark in marks.items():
            if kept.get(name) != mark:
                raise SearchError(f"{folder} holds {words[name]}: give another --out, or remove {path.name} there")
    else:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda file: file.write_text(json.dumps(marks, indent=1) + "\n", encoding="utf-8"))


def _first(problem: Problem, plan: Plan) -> Floats:
    """(population, d) the first generation: the current policy, then points that cover the space."""
    sample = qmc.Sobol(len(problem.levers), scramble=True, rng=np.random.default_rng([plan.seed, 0]))
    count = 1 << (plan.population - 1).bit_length()
    return np.vstack([problem.point(problem.present()), sample.random(count)])[: plan.population]


def _study(problem: Problem, plan: Plan) -> optuna.Study:
    """A new study."""
    import optuna

    up, down = optuna.study.StudyDirection.MAXIMIZE, optuna.study.StudyDirection.MINIMIZE
    directions = [up if goal.better > 0 else down for goal in problem.goals]
    return optuna.create_study(directions=directions, sampler=_sampler(plan))


def _sampler(plan: Plan) -> optuna.samplers.BaseSampler:
    """Where the points come from."""
    from optuna.samplers import NSGAIIISampler, NSGAIISampler, TPESampler
    from optuna.samplers.nsgaii import BLXAlphaCrossover

    if plan.method == "tpe":
        return TPESampler(multivariate=True, constant_liar=True, n_startup_trials=plan.population, seed=plan.seed)
    kind = NSGAIIISampler if plan.method == "nsga3" else NSGAIISampler
    return kind(population_size=plan.population, crossover=BLXAlphaCrossover(), seed=plan.seed)


def _ask(study: optuna.Study, problem: Problem, first: Floats) -> optuna.Trial:
    """One more trial."""
    number = len(study.get_trials(deepcopy=False))
    if number < len(first):
        study.enqueue_trial(
            {lever.name: float(share) for lever, share in zip(problem.levers, first[number], strict=True)}
        )
    trial = study.ask()
    for lever in problem.levers:
        trial.suggest_float(lever.name, 0.0, 1.0)
    return trial


def _tell(study: optuna.Study, trial: optuna.Trial, found: Evaluated, problem: Problem) -> None:
    """Say what a trial came to; a point of which a run failed is told as one that breaks everything."""
    values = [-BROKEN * goal.better if found.failed else found.figure(goal) for goal in problem.goals]
    for number, part in enumerate((*found.parts_broken(problem), float(found.failed))):
        trial.set_constraint(f"limit {number}", min(part, BROKEN))
    study.tell(trial, values)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Optuna's remarks on every trial and on what it calls experimental."""
    import warnings

    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)
