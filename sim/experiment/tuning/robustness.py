"""How policies do over many futures, and under which conditions one fails.

Policies are scenarios: the one of a problem, points of its front, any file. Each meets the same futures: the cases of
the problem, and in each seeds with draws of its uncertain parameters. No future is called likely. Told are, for each
goal, what a policy misses against the best of those compared (regret), how it does in its worst tenth of futures, in
what share of futures it reaches all thresholds (those of the limits, and of goals that have one), and in words the
conditions under which it does not (:mod:`sim.statistics.discovery`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.experiment.kept_runs import Tick
from sim.experiment.tuning.evaluation import Evaluator
from sim.experiment.tuning.futures import Future, of_case
from sim.experiment.tuning.goals import SHARES, Goal
from sim.experiment.tuning.problem import Problem
from sim.scenario import Scenario, ScenarioError
from sim.statistics.robustness import Regrets, Satisficing, regrets, satisficing, worst_tenth

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FIRST_SEED = 200_001
"""First seed of the futures, which neither search nor fresh looks have met."""


class RobustnessError(RuntimeError):
    """Futures that tell nothing; the message is one sentence."""


@dataclass(frozen=True)
class Threshold:
    """What a policy must reach in a future: at least or at most a value of an outcome.

    Attributes:
        outcome: its name.
        value: in the unit of the outcome.
        sign: 1 for at least, -1 for at most.
        case: the only case in which it must be reached; empty for all.
    """

    outcome: str
    value: float
    sign: float
    case: str = ""

    @property
    def name(self) -> str:
        """In words."""
        words = f"{self.outcome} {'at least' if self.sign > 0 else 'at most'} {self.value:g}"
        return f"{words} if {self.case}" if self.case else words

    def missed(self, values: Floats, futures: Sequence[Future]) -> Bools:
        """(..., F) futures in which it must be reached and is not.

        Args:
            values: (..., F) of the outcome.
            futures: the F.
        """
        return np.asarray((values * self.sign < self.value * self.sign) & of_case(self.case, futures))


def thresholds(problem: Problem) -> tuple[Threshold, ...]:
    """Those of goals that are shares of futures, and of limits.

    Where a share is wanted small, or has a greatest value, the other side of its threshold is to be reached.
    """
    found = [_of_share(goal, goal.better) for goal in problem.goals if goal.over in SHARES]
    for limit in problem.limits:
        what = limit.what
        if what is None:
            continue
        if what.over in SHARES:
            found.append(_of_share(what, 1 if limit.least is not None else -1))
            continue
        for value, sign in ((limit.least, 1.0), (limit.most, -1.0)):
            found += [] if value is None else [Threshold(what.outcome.name, value, sign, what.case)]
    return tuple(dict.fromkeys(found))


def _of_share(goal: Goal, wanted: int) -> Threshold:
    """The threshold of a share of futures of which more (1) or less (-1) is wanted."""
    sign = 1.0 if goal.over == "share_at_least" else -1.0
    return Threshold(goal.outcome.name, goal.threshold, sign * wanted, goal.case)


@dataclass(frozen=True, eq=False)
class Robustness:
    """Policies over futures.

    Attributes:
        problem: what is asked.
        policies: names.
        futures: those in which every policy came to its end.
        outcomes: (P, F) by name of the outcome.
        left_out: futures in which a run failed.
        faults: why, a sentence each.
    """

    problem: Problem
    policies: tuple[str, ...]
    futures: tuple[Future, ...]
    outcomes: Mapping[str, Floats]
    left_out: int = 0
    faults: tuple[str, ...] = ()

    def of(self, goal: Goal) -> Floats:
        """(P, F) outcome of a goal in the futures that count for it."""
        return self.outcomes[goal.outcome.name][:, goal.counts(self.futures)]

    def regret(self, goal: Goal) -> Regrets:
        """Regret in the outcome of a goal, in its unit."""
        return regrets(self.of(goal), float(goal.side))

    def worst(self, goal: Goal) -> Floats:
        """(P,) mean of each policy in its worst tenth of futures."""
        return worst_tenth(self.of(goal), float(goal.side))

    @cached_property
    def thresholds(self) -> tuple[Threshold, ...]:
        """What must be reached."""
        return thresholds(self.problem)

    @cached_property
    def reached(self) -> Satisficing | None:
        """Share of futures in which all thresholds are reached; None without one.

        Its interval is that of as many futures as there are seeds: cases of a seed share its luck.
        """
        if not self.thresholds:
            return None
        kept = np.stack([~self.failed(policy) for policy in range(len(self.policies))]).astype(np.float64)
        return satisficing(kept[:, None], np.ones(1), np.ones(1), len(set(self.seeds.tolist())))

    def failed(self, policy: int, threshold: Threshold | None = None) -> Bools:
        """(F,) futures in which a policy misses a threshold, or any."""
        asked = self.thresholds if threshold is None else (threshold,)
        missed = [each.missed(self.outcomes[each.outcome][policy], self.futures) for each in asked]
        return np.any(missed, axis=0) if missed else np.zeros(len(self.futures), dtype=np.bool_)

    @property
    def seeds(self) -> NDArray[np.int64]:
        """(F,) seed of each future."""
        return np.array([each.seed for each in self.futures])

    @cached_property
    def conditions(self) -> pd.DataFrame:
        """A row a future: its case, if there are several, and its draws of uncertain parameters."""
        rows = [dict(each.drawn) for each in self.futures]
        table = pd.DataFrame(rows, index=range(len(rows)))
        if len(self.problem.cases) > 1:
            table.insert(0, "case", [each.case.name for each in self.futures])
        return table


def over_futures(
    problem: Problem, policies: Mapping[str, Scenario], evaluate: Evaluator, progress: Tick | None = None
) -> Robustness:
    """Run policies in the same futures.

    Args:
        problem: what is asked.
        policies: by name; each is run to the year of the problem.
        evaluate: runs them; it has the futures.
        progress: called after each run.

    Raises:
        RobustnessError: fewer than two futures have all their runs, or a policy goes with no future.
    """
    plans = [_to_the_year(name, plan, problem) for name, plan in policies.items()]
    found = evaluate.plans(plans, progress)
    names = list(found[0].outcomes)
    whole = {
        name: np.stack([each.outcomes.get(name, np.full(len(evaluate.futures), np.nan)) for each in found])
        for name in names
    }
    asked = [goal.outcome.name for goal in problem.figures]
    ended = np.all([np.isfinite(whole[name]).all(axis=0) for name in asked if name in whole], axis=0)
    faults = tuple(fault for each in found for fault in each.faults)
    if not names or int(np.sum(ended)) < 2:
        why = f"; the first: {faults[0]}" if faults else ""
        raise RobustnessError(f"fewer than two futures have all their runs{why}")
    futures = tuple(each for each, kept in zip(evaluate.futures, ended, strict=True) if kept)
    outcomes = {name: values[:, ended] for name, values in whole.items()}
    return Robustness(problem, tuple(policies), futures, outcomes, len(evaluate.futures) - len(futures), faults)


def _to_the_year(name: str, plan: Scenario, problem: Problem) -> Scenario:
    """A policy that ends with the year that is judged, and knows what the problem knows."""
    end = problem.scenario.run.end
    try:
        return plan if plan.end == end else plan.replace({"run.end": str(end)}, name=plan.name)
    except ScenarioError as error:
        raise RobustnessError(f"{name}: {str(error).split(chr(10))[0]}") from None


def same_run(problem: Problem, policies: Sequence[Scenario]) -> list[str]:
    """What policies set otherwise than the problem although it is no lever: they differ by more than policy."""
    from sim.parameters import Lever

    found = []
    for plan in policies:
        for group in plan.parameters:
            base = next((each for each in problem.scenario.parameters if type(each) is type(group)), None)
            for key in type(group).model_fields:
                value = getattr(group, key)
                if base is None or isinstance(value, Lever) or (group.table, key) == ("run", "end"):
                    continue
                if value != getattr(base, key):
                    found.append(f"{plan.name}: {group.table}.{key}")
    return found
