"""What is wanted of a policy and what must not happen: outcomes summed up over the futures.

A goal counts all futures, or those of one case. Its uncertainty is that of seeds: a seed has the same luck in all
cases, so they are averaged first (:meth:`Goal.by_seed`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim.experiment.tuning.futures import Future, of_case
from sim.experiment.tuning.outcomes import Outcome
from sim.statistics.tails import WORST, worst_mean

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

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
        better: 1 for more, -1 for less; of a share of futures that is the share.
        over: how it is summed up over the futures.
        threshold: for shares of futures; without meaning for the others.
        tolerance: differences that nobody would argue about, in its unit; None where the problem does not say.
        case: name of the only case that counts; empty for all.
    """

    outcome: Outcome
    better: int
    over: Over = "mean"
    threshold: float = 0.0
    tolerance: float | None = None
    case: str = ""

    @property
    def name(self) -> str:
        """Short, and one name for one figure."""
        how = {"mean": "", "worst_tenth": "worst tenth"}.get(self.over, f"{self._sign} {self.threshold:g}")
        words = ", ".join(word for word in (how, self.case) if word)
        return f"{self.outcome.name} ({words})" if words else self.outcome.name

    @property
    def _sign(self) -> str:
        return ">=" if self.over == "share_at_least" else "<="

    @property
    def label(self) -> str:
        """For readers."""
        words = self.outcome.label
        if self.over == "worst_tenth":
            words += ", mean of the worst tenth of futures"
        elif self.over in SHARES:
            words = f"share of futures in which {words} {self._sign} {self.threshold:g} {self.outcome.unit}"
        return f"{words}, if {self.case}" if self.case else words

    @property
    def side(self) -> int:
        """1 where a policy does better with more of the outcome, -1 where with less."""
        return self.better * (-1 if self.over == "share_at_most" else 1)

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

    def counts(self, futures: Sequence[Future]) -> Bools:
        """(F,) which futures count."""
        return of_case(self.case, futures)

    def contributions(self, values: Floats) -> Floats:
        """(F,) figures of single futures whose mean is the goal.

        Those of :meth:`by_future`; for a worst tenth q + min(x - q, 0) / 0.1 with q the first future beyond it, the
        mean of which is that of the worst tenth (Rockafellar and Uryasev, Journal of Banking and Finance 26, 2002); of
        fewer than ten futures the worst one. As few futures make it, these figures lie far apart: intervals are wide.
        """
        if self.over != "worst_tenth":
            return self.by_future(values)
        gains, part = self.better * values, max(WORST, 1.0 / len(values))
        end = np.sort(gains)[min(int(len(gains) * part), len(gains) - 1)]
        return np.asarray(self.better * (end + np.minimum(gains - end, 0.0) / part))

    def by_seed(self, values: Floats, futures: Sequence[Future]) -> Floats:
        """(S,) figures of single seeds whose mean is the goal, for intervals over seeds.

        Args:
            values: (F,) outcome in each future.
            futures: the same cases with each seed.
        """
        counted = self.counts(futures)
        seeds = np.array([each.seed for each in futures])[counted]
        parts = self.contributions(values[counted])
        return np.array([parts[seeds == seed].mean() for seed in dict.fromkeys(seeds.tolist())])

    def summed_up(self, values: Floats) -> float:
        """The goal from the outcome in each future that counts (F,)."""
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

    @property
    def scale(self) -> float:
        """Size of the bounds, by which what is broken of different limits compares; 1 where they are 0."""
        return max(abs(self.least or 0.0), abs(self.most or 0.0)) or 1.0

    def excess(self, value: float) -> float:
        """By how much it is broken, in the unit of the figure; 0 where it is kept."""
        return max(self._beyond(value), 0.0)

    def margin(self, value: float) -> float:
        """By which part of its bound it is broken, so that limits in different units compare; below 0 where it is kept.

        NaN of a figure that is not known.
        """
        return self._beyond(value) / self.scale

    def _beyond(self, value: float) -> float:
        below = -np.inf if self.least is None else self.least - value
        above = -np.inf if self.most is None else value - self.most
        return float(np.maximum(below, above))

    def possible(self, low: float, high: float) -> bool:
        """Whether a figure between two ends can keep it."""
        return (self.least is None or self.least <= high) and (self.most is None or self.most >= low)
