"""The search for points that nothing beats: the same futures for all points.

A generation is asked for whole (:mod:`~sim.experiment.tuning.asking`) and its points are run at once. What a folder
keeps is the runs, not the state of the search: a search that is given again asks the same questions in the same order,
finds the answers that it has, and goes on from there. So one that was interrupted ends as one that was not, wherever it
stopped. (Optuna's own journal keeps the trials but not the luck of its samplers, and a search continued from it ends
elsewhere.)

Rivals of equal cost, to judge the search by: points drawn evenly, and one lever after the other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim import data
from sim.experiment.kept_runs import Tick
from sim.experiment.tuning.asking import ASKED, Asked, asker
from sim.experiment.tuning.evaluation import Evaluated, Evaluator
from sim.experiment.tuning.problem import Problem
from sim.experiment.tuning.runs import NOT_MEASURED
from sim.results.provenance import PACKAGE, code_digest
from sim.results.storage import write_atomically

Floats = NDArray[np.float64]

Method = Literal[Asked, "random", "one-at-a-time"]
METHODS: tuple[Method, ...] = (*ASKED, "random", "one-at-a-time")

JOURNAL = "search.json"
"""What a folder of a search belongs to: its problem, its way, the model."""

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
    method: Method = "surrogate"
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
    if how.method == "random" or how.method == "one-at-a-time":
        points = _even(problem, how) if how.method == "random" else one_at_a_time(problem, how)
        with show("points", len(points)) as tick:
            found = evaluate([problem.settings(point) for point in points], tick)
        return Search(problem, how, points, tuple(found))
    if journal is not None:
        _claim(journal, problem, how)
    ask = asker(problem, how.method, how.population, how.seed)
    points, evaluated = np.empty((0, len(problem.levers))), list[Evaluated]()
    while len(points) < how.points:
        count = min(how.population, how.points - len(points))
        asked = ask.ask(count)
        with show(f"points {len(points) + 1} to {len(points) + len(asked)} of {how.points}", len(asked)) as tick:
            found = evaluate([problem.settings(point) for point in asked], tick)
        ask.tell(found)
        points, evaluated = np.vstack([points, asked]), evaluated + found
    return Search(problem, how, points, tuple(evaluated))


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
