"""Rivals: what a forecast of the model has to beat, told from published figures alone.

A :class:`Question` is a series as it was known at an origin, and the times asked about. Every rival answers with draws,
so that it is scored by the same rules as an ensemble of the model. Which figures make a series:

- amounts of some months (output of a year, of January to November): only figures of as many months as the one asked
  about, since others are no smaller or larger years. Missing years stay missing, a change over d years counts as d;
- positions (residents, firms): all of them, at the end of their month;
- rates of growth on the year before: all of them, whatever months they cover, at the end of these months; of several
  that end together the one of most months.

Rivals that cannot answer (:class:`sim.statistics.rivals.TooFewPointsError`, or no total, or no announcements) stop the
forecast, or are left out with their reason where that is asked for. The luck of a rival depends on the seed, on itself
and on the name of the question, and on nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.parameters import Month
from sim.state import YEAR
from sim.statistics.rivals import (
    OF_ONE_SERIES,
    Announcement,
    Past,
    TooFewPointsError,
    amounts,
    announced_capacity,
    constant_share,
)

Floats = NDArray[np.float64]
Luck = np.random.Generator

DRAWS = 2000
"""Draws of a rival if not said otherwise: quantiles of 5 % then vary by about half a percentile (numerical)."""


class Figure(Protocol):
    """A published figure: its value, and a period that reads ``2019``, ``2019-01/2019-11`` or ``2019-11``."""

    @property
    def value(self) -> float:
        """The figure."""

    @property
    def period(self) -> object:
        """The period; its text is read."""


class UnansweredError(ValueError):
    """A rival lacks what it answers from; the message says what."""


@dataclass(frozen=True)
class Span:
    """The months of a period.

    Attributes:
        end: years to its end: 2020.0 for all of 2019 and for the position of December 2019.
        months: number of months, 0 for a position.
    """

    end: float
    months: int

    @classmethod
    def of(cls, period: object) -> Span:
        """Read the text of a period.

        Args:
            period: ``2019`` (a year), ``2019-01/2019-11`` (months) or ``2019-11`` (a position), or what is written so.

        Raises:
            ValueError: it is none of these.
        """
        text = str(period)
        if re.fullmatch(r"[0-9]{4}", text):
            text = f"{text}-01/{text}-12"
        first, _, last = text.partition("/")
        start, end = Month(first), Month(last or first)
        if end < start:
            raise ValueError(f"the period {text} ends before it begins")
        return cls(end.year + end.month / YEAR, int(end - start) + 1 if last else 0)


def past_of(figures: Iterable[Figure], asked: object, *, rates: bool = False) -> Past:
    """The series behind a question; see the module.

    Args:
        figures: of one region and variable, as known at the origin.
        asked: the period asked about.
        rates: whether they are rates on the year before.

    Raises:
        ValueError: no figure can be compared with the one asked about, or two speak of the same time.
    """
    months, points = Span.of(asked).months, [(Span.of(each.period), float(each.value)) for each in figures]
    most: dict[float, int] = {}
    for span, _ in points:
        most[span.end] = max(span.months, most.get(span.end, 0))
    kept = [(span.end, value) for span, value in points if span.months == (most[span.end] if rates else months)]
    if not kept:
        raise ValueError(f"no figure covers as many months as {asked}: there is nothing to forecast it from")
    times, values = zip(*kept, strict=True)
    return Past.of(times, values)


@dataclass(frozen=True)
class Question:
    """A series as known at an origin, and the times asked about.

    Attributes:
        name: region and variable, for the luck of the rivals: ``"Xiapu gdp_nominal"``.
        past: values as published (no logs).
        ahead: (H,) years, rising, later than the past.
        scale: "log" for amounts above 0, whose logs are forecast; "level" for rates, shares and counts.
        total: of a part, the series of the whole.
        announcements: of a capacity, what was announced for it, in its unit, as known at the origin.
    """

    name: str
    past: Past
    ahead: tuple[float, ...]
    scale: Literal["log", "level"]
    total: Past | None = None
    announcements: tuple[Announcement, ...] = ()


def _of_one_series(name: str) -> Callable[[Question, int, Luck], Floats]:
    """A rival that knows the series alone."""

    def answer(question: Question, draws: int, luck: Luck) -> Floats:
        if question.scale == "log":
            return amounts(OF_ONE_SERIES[name](question.past.logs(), question.ahead, draws, luck))
        return OF_ONE_SERIES[name](question.past, question.ahead, draws, luck)

    return answer


def _share(question: Question, draws: int, luck: Luck) -> Floats:
    """The part keeps its share of the total."""
    if question.total is None:
        raise UnansweredError("constant share needs the total of which the series is a part")
    return constant_share(question.past, question.total, question.ahead, draws, luck)


def _announced(question: Question, draws: int, luck: Luck) -> Floats:
    """What was announced comes as announcements have come so far."""
    if not question.announcements:
        raise UnansweredError("announced capacity needs announcements for the series")
    level = float(question.past.values[-1])
    return announced_capacity(level, question.announcements, question.ahead, draws, luck)


RIVALS: Mapping[str, Callable[[Question, int, Luck], Floats]] = {
    **{name: _of_one_series(name) for name in OF_ONE_SERIES},
    "constant share": _share,
    "announced capacity": _announced,
}
"""Rivals by name; each gives (draws, H) values in the unit of the series."""


@dataclass(frozen=True)
class Answers:
    """What the rivals say.

    Attributes:
        draws: (draws, H) values by rival.
        left_out: reason by rival that could not answer.
    """

    draws: Mapping[str, Floats]
    left_out: Mapping[str, str] = field(default_factory=dict)


def ask(
    question: Question,
    seed: int,
    *,
    rivals: Iterable[str] = tuple(RIVALS),
    draws: int = DRAWS,
    leave_out: bool = False,
) -> Answers:
    """The forecasts of the rivals.

    Args:
        question: series and times.
        seed: root seed of the luck.
        rivals: names of :data:`RIVALS`.
        draws: draws of each.
        leave_out: leave out rivals that cannot answer instead of stopping at the first.

    Raises:
        TooFewPointsError: a rival has too few points; it says how many it needs.
        UnansweredError: a rival lacks the total or the announcements.
        ValueError: the series cannot be forecast on its scale, or times do not rise.
    """
    found, reasons = {}, {}
    for name in rivals:
        luck = Streams(seed).draw(f"rivals.{name}.{question.name}", 0)
        try:
            found[name] = RIVALS[name](question, draws, luck)
        except (TooFewPointsError, UnansweredError) as fault:
            if not leave_out:
                raise
            reasons[name] = str(fault)
    return Answers(found, reasons)
