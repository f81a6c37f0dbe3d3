"""A problem of policy: which levers may move how far, what is wanted, what must not happen, in which futures.

The outcomes of a point are looked at over all futures, which are the same for every point: case by case (a shock that
happens or not) and seed by seed (luck, a draw of uncertain parameters, a draw of a posterior).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from sim.experiment.drawn import Posterior, with_draw
from sim.experiment.shares import with_scaled_shares
from sim.experiment.tuning import levers as lever_values
from sim.experiment.tuning.futures import AS_PROJECTED, Case, Future
from sim.experiment.tuning.goals import Goal, Limit
from sim.experiment.tuning.levers import LeverRange
from sim.scenario import Scenario

Floats = NDArray[np.float64]

DRAW = 2019
"""Seed of the sample of uncertain parameters (numerical): the same for all problems, so that points compare."""

FRESH = 100_001
"""First seed of fresh luck, with which what a search recommends is looked at again."""


@dataclass(frozen=True, eq=False)
class Problem:
    """A problem.

    Attributes:
        name: short, of the file.
        title, question: for readers.
        scenario: what holds where no lever of the problem acts; it ends with the year that is judged.
        year: the year that is judged.
        levers: what may move.
        goals: what is wanted, at least one.
        limits: what must not happen.
        cases: branches of the futures.
        seeds: seeds of each case, from 1.
        vary: least and greatest value of uncertain parameters, by dotted name.
        posterior: draws of parameters; None for none.
        tables: whether each seed has a draw of the opening table (:mod:`sim.opening.uncertainty`).
    """

    name: str
    title: str
    question: str
    scenario: Scenario
    year: int
    levers: tuple[LeverRange, ...]
    goals: tuple[Goal, ...]
    limits: tuple[Limit, ...] = ()
    cases: tuple[Case, ...] = (AS_PROJECTED,)
    seeds: int = 4
    vary: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    posterior: Posterior | None = None
    tables: bool = False

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that decides what a point comes to; names and texts do not count."""
        told: list[Any] = [self.scenario.hash, self.year, self.seeds]
        told.append([[each.path, each.low, each.high, each.counties, str(each.since)] for each in self.levers])
        told.append([[each.name, each.better] for each in self.goals])
        told.append([each.name for each in self.limits])
        told.append([[each.name, dict(each.changes)] for each in self.cases])
        told.append(sorted((name, list(ends)) for name, ends in self.vary.items()))
        told += [None if self.posterior is None else self.posterior.digest, self.tables]
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()

    @property
    def figures(self) -> tuple[Goal, ...]:
        """Goals, then figures that only a limit asks for; each once."""
        asked = [*self.goals, *(limit.what for limit in self.limits if limit.what is not None)]
        found: dict[str, Goal] = {}
        for each in asked:
            found.setdefault(each.name, each)
        return tuple(found.values())

    # --- points -------------------------------------------------------------------------------------------------------

    def settings(self, point: Sequence[float] | Floats) -> dict[str, float]:
        """Values of the levers by name, from a point (d,) of the unit cube; shares of one whole are scaled."""
        return lever_values.settings(self.scenario, self.levers, list(point))

    def plan(self, settings: Mapping[str, float], name: str | None = None) -> Scenario:
        """The scenario with levers set from their month on.

        Args:
            settings: values by name of the lever in the problem.
            name: of the new scenario; that of the scenario if not given.

        Raises:
            ScenarioError: the values are refused together.
        """
        changes = lever_values.with_settings(self.scenario, self.levers, settings)
        return self.scenario.replace(changes, name=name or self.scenario.name)

    def present(self) -> dict[str, float]:
        """What the scenario has for each lever, by name: the current policy."""
        return {lever.name: lever_values.present(self.scenario, lever) for lever in self.levers}

    def point(self, settings: Mapping[str, float]) -> Floats:
        """(d,) place of values in the unit cube; those outside the ranges lie at their ends."""
        return np.array([lever.share(settings[lever.name]) for lever in self.levers])

    # --- futures ------------------------------------------------------------------------------------------------------

    def futures(self, first: int = 1, count: int | None = None) -> tuple[Future, ...]:
        """The futures: each case with each seed.

        Args:
            first: first seed; from :data:`FRESH` on luck and draws are fresh.
            count: seeds; those of the problem if not given.
        """
        seeds = range(first, first + (self.seeds if count is None else count))
        drawn = [self._drawn(seed) for seed in seeds]
        return tuple(
            Future(case, seed, draw, seed if self.tables else 0)
            for case in self.cases
            for seed, draw in zip(seeds, drawn, strict=True)
        )

    def _drawn(self, seed: int) -> tuple[tuple[str, float], ...]:
        """The draw of the uncertain parameters of a seed: a point of a scrambled Sobol sequence."""
        if not self.vary:
            return ()
        names = sorted(self.vary)
        shares = qmc.Sobol(len(names), scramble=True, rng=np.random.default_rng(DRAW)).fast_forward(seed).random(1)[0]
        low, high = (np.array([self.vary[name][at] for name in names]) for at in (0, 1))
        return tuple(zip(names, (low + shares * (high - low)).tolist(), strict=True))

    def in_future(self, plan: Scenario, future: Future) -> Scenario:
        """A scenario in a future.

        Raises:
            ScenarioError: the values contradict each other.
        """
        if self.posterior is not None:
            plan = with_draw(plan, self.posterior.changes(plan, future.seed))
        changes: dict[str, Any] = dict(future.case.changes)
        if future.drawn:
            changes |= with_scaled_shares(plan, dict(future.drawn))
        return plan.replace(changes, name=plan.name) if changes else plan
