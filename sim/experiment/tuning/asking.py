"""Which points a search looks at next: by a model of what is known, or by Optuna.

``surrogate``: a Gaussian process of each goal and each figure with a limit, and points that one draw of them finds best
(:mod:`sim.statistics.surrogates`). Made for the hundred or so points that runs of seconds allow: the cost of a package
has kinks near the policy of today, and good packages change few levers, which points spread evenly hardly meet.

By Optuna: ``tpe``, multivariate Parzen estimators (Falkner, Klein and Hutter, International Conference on Machine
Learning, 2018; for several goals Ozaki, Tanigaki, Watanabe and Onishi, GECCO, 2020); ``nsga2`` and ``nsga3``, which
evolve generations, for searches of thousands of points (Deb, Pratap, Agarwal and Meyarivan, IEEE Transactions on
Evolutionary Computation 6, 2002; Deb and Jain, the same 18, 2014, for three goals and more). Of two points that break
limits the one that breaks less comes first, as a part of the bounds (constrained domination, as there).

All begin with the current policy and points that cover the space (a scrambled Sobol sequence).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from sim.experiment.tuning.evaluation import Evaluated
from sim.experiment.tuning.problem import Problem
from sim.statistics.emulator import FEWEST_ROWS

if TYPE_CHECKING:
    import optuna

Floats = NDArray[np.float64]

Asked = Literal["surrogate", "tpe", "nsga2", "nsga3"]
ASKED: tuple[Asked, ...] = ("surrogate", "tpe", "nsga2", "nsga3")

BROKEN = 1e12
"""Excess of a point of which a run failed: for Optuna it loses against every other (numerical)."""


class Asker(Protocol):
    """Asks for points and learns what they came to."""

    def ask(self, count: int) -> Floats:
        """(count, d) points of the unit cube."""

    def tell(self, evaluated: Sequence[Evaluated]) -> None:
        """What the points last asked for came to."""


def asker(problem: Problem, method: Asked, population: int, seed: int) -> Asker:
    """What asks.

    Args:
        problem: whose levers and goals.
        method: how.
        population: points that are asked for together.
        seed: of its luck.
    """
    if method == "surrogate":
        return BySurrogate(problem, population, seed)
    return ByOptuna(problem, method, population, seed)


def first_points(problem: Problem, count: int, seed: int) -> Floats:
    """(count, d) the current policy, then points that cover the space."""
    sample = qmc.Sobol(len(problem.levers), scramble=True, rng=np.random.default_rng([seed, 0]))
    return np.vstack([problem.point(problem.present()), sample.random(1 << (count - 1).bit_length())])[:count]


class BySurrogate:
    """By models of goals and bounds.

    A point without a figure for a goal or limit, as when a run of it failed, counts as the worst of all in everything,
    so that the search leaves its neighbourhood.
    """

    def __init__(self, problem: Problem, population: int, seed: int) -> None:
        self.problem = problem
        self.start = first_points(problem, max(population, FEWEST_ROWS), seed)
        self.luck = np.random.default_rng([seed, 2])
        self.points = np.empty((0, len(problem.levers)))
        self.evaluated: list[Evaluated] = []

    def ask(self, count: int) -> Floats:
        """(count, d) points of the unit cube."""
        asked = self._next(count)
        self.points = np.vstack([self.points, asked])
        return asked

    def _next(self, count: int) -> Floats:
        from sim.statistics.surrogates import next_points

        asked, problem = len(self.points), self.problem
        if asked < len(self.start):
            return self.start[asked : asked + count]
        signs = np.array([float(goal.better) for goal in problem.goals])
        values = np.array([[each.figure(goal) for goal in problem.goals] for each in self.evaluated])
        margins = np.array([each.margins(problem) for each in self.evaluated]).reshape(asked, len(problem.limits))
        margins = margins[:, [limit.what is not None for limit in problem.limits]]
        ended = np.isfinite(np.hstack([values, margins])).all(axis=1)
        if not ended.any():
            return self.luck.random((count, self.points.shape[1]))
        values[~ended] = (values[ended] * signs).min(axis=0) * signs
        margins[~ended] = margins[ended].max(axis=0)
        return next_points(self.points, values, signs, margins, count, self.luck, self._of_levers)

    def tell(self, evaluated: Sequence[Evaluated]) -> None:
        """What the points last asked for came to."""
        self.evaluated += evaluated

    def _of_levers(self, points: Floats) -> Floats:
        """(c, K) margins of the limits on sums of levers, known without a run."""
        limits = [limit for limit in self.problem.limits if limit.what is None]
        if not limits:
            return np.zeros((len(points), 0))
        settings = [self.problem.settings(point) for point in points]
        return np.array(
            [[limit.margin(sum(each[name] for name in limit.levers)) for limit in limits] for each in settings]
        )


class ByOptuna:
    """By a sampler of Optuna."""

    def __init__(self, problem: Problem, method: Asked, population: int, seed: int) -> None:
        import optuna

        self.problem = problem
        up, down = optuna.study.StudyDirection.MAXIMIZE, optuna.study.StudyDirection.MINIMIZE
        directions = [up if goal.better > 0 else down for goal in problem.goals]
        with _quiet():
            self.study = optuna.create_study(directions=directions, sampler=_sampler(method, population, seed))
        for point in first_points(problem, population, seed):
            self.study.enqueue_trial(
                {lever.name: float(share) for lever, share in zip(problem.levers, point, strict=True)}
            )
        self.trials: list[optuna.Trial] = []

    def ask(self, count: int) -> Floats:
        """(count, d) points of the unit cube."""
        with _quiet():
            self.trials = [self.study.ask() for _ in range(count)]
            return np.array(
                [[trial.suggest_float(lever.name, 0.0, 1.0) for lever in self.problem.levers] for trial in self.trials]
            )

    def tell(self, evaluated: Sequence[Evaluated]) -> None:
        """What the points last asked for came to; one of which a run failed is told as one that breaks everything."""
        with _quiet():
            for trial, found in zip(self.trials, evaluated, strict=True):
                values = [-BROKEN * goal.better if found.failed else found.figure(goal) for goal in self.problem.goals]
                broken = [min(max(part, 0.0), BROKEN) for part in found.margins(self.problem)]
                for number, part in enumerate((*np.nan_to_num(broken, nan=BROKEN), float(found.failed))):
                    trial.set_constraint(f"limit {number}", part)
                self.study.tell(trial, values)


def _sampler(method: Asked, population: int, seed: int) -> optuna.samplers.BaseSampler:
    """Where the points come from."""
    from optuna.samplers import NSGAIIISampler, NSGAIISampler, TPESampler
    from optuna.samplers.nsgaii import BLXAlphaCrossover

    if method == "tpe":
        return TPESampler(multivariate=True, constant_liar=True, n_startup_trials=population, seed=seed)
    kind = NSGAIIISampler if method == "nsga3" else NSGAIISampler
    return kind(population_size=population, crossover=BLXAlphaCrossover(), seed=seed)


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
