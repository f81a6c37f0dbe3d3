"""What is wanted of a policy and what must not happen: outcomes summed up over the futures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim.experiment.tuning.outcomes import Outcome
from sim.statistics.tails import worst_mean

Floats = NDArray[np.float64]

Over = Literal["mean", "worst_tenth", "share_at_least", "share_at_most"]
OVER: tuple[Over, ...] = ("mean", "worst_tenth", "share_at_least", "share_at_most")
"""How an outcome is summed up over the futures."""

SHARES = ("share_at_least", "share_at_most")
"""Those that need a threshold."""


@dataclass(frozen=True)
class Goal:
    """Something wanted, or only looked at for a limit.

    Attributes:
        outcome: what.
        better: 1 for more, -1 for less.
        over: how it is summed up over the futures.
        threshold: for shares of futures; without meaning for the others.
        tolerance: differences that nobody would argue about, in its unit; None where the problem does not say.
    """

    outcome: Outcome
    better: int
    over: Over = "mean"
    threshold: float = 0.0
    tolerance: float | None = None

    @property
    def name(self) -> str:
        """Short, and one name for one figure."""
        if self.over == "mean":
            return self.outcome.name
        how = "worst tenth" if self.over == "worst_tenth" else f"{self._sign} {self.threshold:g}"
        return f"{self.outcome.name} ({how})"

    @property
    def _sign(self) -> str:
        return ">=" if self.over == "share_at_least" else "<="

    @property
    def label(self) -> str:
        """For readers."""
        if self.over == "mean":
            return self.outcome.label
        if self.over == "worst_tenth":
            return f"{self.outcome.label}, mean of the worst tenth of futures"
        return f"share of futures in which {self.outcome.label} {self._sign} {self.threshold:g} {self.outcome.unit}"

    @property
    def unit(self) -> str:
        """Unit of what it comes to."""
        return "share of futures" if self.over in SHARES else self.outcome.unit

    @property
    def bounds(self) -> tuple[float, float]:
        """What it can be at all."""
        if self.over in SHARES:
            return 0.0, 1.0
        least, most = self.outcome.least, self.outcome.most
        return (-np.inf if least is None else least), (np.inf if most is None else most)

    def by_future(self, values: Floats) -> Floats:
        """What each future contributes: the outcome itself, or 1 where it passes the threshold and 0 where not."""
        if self.over == "share_at_least":
            return np.asarray(values >= self.threshold, dtype=np.float64)
        if self.over == "share_at_most":
            return np.asarray(values <= self.threshold, dtype=np.float64)
        return values

    def contributions(self, values: Floats) -> Floats:
        """(F,) figures of single futures whose mean is the goal, for intervals over futures.

        Those of :meth:`by_future`; for a worst tenth, which is no mean, jackknife pseudo-values n T - (n - 1) T_(-i)
        (Tukey, Annals of Mathematical Statistics 29, 1958).
        """
        if self.over != "worst_tenth" or len(values) < 2:
            return self.by_future(values)
        count, whole = len(values), self.summed_up(values)
        without = np.array([self.summed_up(np.delete(values, at)) for at in range(count)])
        return count * whole - (count - 1) * without

    def summed_up(self, values: Floats) -> float:
        """The goal from the outcome in each future (F,)."""
        if self.over == "worst_tenth":
            return float(self.better * worst_mean(self.better * values))
        return float(self.by_future(values).mean())


@dataclass(frozen=True)
class Limit:
    """Something that must not happen: a bound on a figure, or on a sum of levers.

    Attributes:
        what: the figure; None for levers.
        levers: names of the levers whose sum is bounded.
        least, most: the bounds; None for none.
    """

    what: Goal | None
    levers: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    @property
    def name(self) -> str:
        """As in tables."""
        of = self.what.name if self.what is not None else " + ".join(self.levers)
        least = [] if self.least is None else [f">= {self.least:g}"]
        most = [] if self.most is None else [f"<= {self.most:g}"]
        return f"{of} {' and '.join(least + most)}"

    def excess(self, value: float) -> float:
        """By how much it is broken, in the unit of the figure; 0 where it is kept."""
        below = 0.0 if self.least is None else self.least - value
        above = 0.0 if self.most is None else value - self.most
        return max(below, above, 0.0)

    def possible(self, low: float, high: float) -> bool:
        """Whether a figure between two ends can keep it."""
        return (self.least is None or self.least <= high) and (self.most is None or self.most >= low)
