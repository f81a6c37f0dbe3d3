"""Timing of contestants in turn, and the table that compares them."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter


@dataclass
class Contestant:
    """One tool in the comparison.

    Attributes:
        label: what is run, with the tool's version.
        work: does the whole job once, from making its agents to the last month; returns the firm-months it did.
        firm_months: what the last call of :attr:`work` returned.
        seconds: wall time of each repetition.
    """

    label: str
    work: Callable[[], float]
    firm_months: float = 0.0
    seconds: list[float] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """Firm-months per second, by the median repetition."""
        return self.firm_months / median(self.seconds)


def use_one_core() -> bool:
    """Keep this process on one core where the system allows it; whether it did."""
    if not hasattr(os, "sched_setaffinity"):
        return False
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    return True


def measure(contestants: Sequence[Contestant], repetitions: int, calls: int = 1) -> None:
    """Time every contestant once a round, so that a slow minute of the machine meets all of them.

    Args:
        contestants: their :attr:`~Contestant.seconds` are filled.
        repetitions: rounds, at least 1.
        calls: calls in a row that are timed together, for work that is short; seconds are those of one call.
    """
    for _ in range(repetitions):
        for contestant in contestants:
            gc.collect()
            start = perf_counter()
            for _ in range(calls):
                contestant.firm_months = contestant.work()
            contestant.seconds.append((perf_counter() - start) / calls)


def table(contestants: Sequence[Contestant]) -> list[str]:
    """Lines of the comparison; the first contestant is the one that the others are compared with.

    The ratio is firm-months per second of the first over those of the row: 10 means that the first is ten times as
    fast, 0.1 that it takes ten times as long.
    """
    width = max(len(contestant.label) for contestant in contestants)
    heading = f"{'':{width}}  best s  median s  firm-months  firm-months/s  ratio"
    return [heading] + [
        f"{row.label:{width}}  {min(row.seconds):6.2f}  {median(row.seconds):8.2f}"
        f"  {row.firm_months:11,.0f}  {row.speed:13,.0f}  {contestants[0].speed / row.speed:5.2f}"
        for row in contestants
    ]
