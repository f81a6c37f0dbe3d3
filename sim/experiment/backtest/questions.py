"""What the rivals answer to each case, from the figures and announcements that were known at the origin.

Whole of a part, for the constant share: the same figure of the city for a county; above-scale industry for the output
or value added of a group of products. Announcements, for the announced capacity: single plants, and of goals the
outcome where a known figure tells it. An announcement without a date counts as due :data:`USUAL_YEARS` after it was
made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.experiment.announcements import Announcement as Announced
from sim.experiment.announcements import known_announcements
from sim.experiment.backtest.plan import (
    AMOUNTS,
    CHAIN_OUTPUT,
    CONTRIBUTIONS,
    POINTS_POOL,
    BacktestError,
    Case,
    Floats,
    Plan,
)
from sim.experiment.followed import CITY
from sim.experiment.observables import OBSERVABLES
from sim.experiment.observations import Observation
from sim.experiment.periods import Period
from sim.experiment.rivals import DRAWS, RIVALS, Question, Span, ask, past_of
from sim.parameters import Month
from sim.state import YEAR
from sim.statistics.rivals import Announcement, Past

USUAL_YEARS = 3.0
"""Years from an announcement without a date to its amount (assumption)."""

CAPACITIES: Mapping[str, str] = {"cell_capacity": "GWh a year", "vehicles": "vehicles a year"}
"""Unit of announced capacity by the observable that it will be seen in."""

APPLIES: Mapping[str, str] = {"constant share": "total", "announced capacity": "announcements"}
"""What of a question a rival needs to apply at all."""

NOTHING_TO_SAY: Mapping[str, str] = {
    "constant share": "the series is no part of a known total",
    "announced capacity": "nothing that was announced belongs to the series",
}
"""Why a rival does not apply: no fault, it is left out of the case and told."""

SHOWN = 20
"""Faults that are told one by one."""


@dataclass(frozen=True)
class RivalAnswers:
    """What the rivals say to the cases of a plan.

    Attributes:
        draws: (draws, cases) by rival, in the unit of each observable; a column of NaN where it cannot answer.
        left_out: reason by rival and name of the case.
    """

    draws: Mapping[str, Floats]
    left_out: Mapping[tuple[str, str], str]


def ask_rivals(plan: Plan, seed: int = 1, *, skip: bool = False, draws: int = DRAWS) -> RivalAnswers:
    """Ask every rival about every case.

    Args:
        plan: cases and what is known.
        seed: root seed of the luck.
        skip: leave out what a rival that applies cannot answer, instead of stopping.
        draws: draws of each.

    Raises:
        BacktestError: a rival cannot answer a case and nothing was to be skipped; case, file and line are named.
    """
    found = {name: np.full((draws, len(plan.cases)), np.nan) for name in RIVALS}
    reasons: dict[tuple[str, str], str] = {}
    faults = []
    announced = known_announcements(plan.origin)
    for at, case in enumerate(plan.cases):
        apart: dict[str, str] = {}
        try:
            question = question_of(plan, case, announced)
            apart = {name: why for name, why in NOTHING_TO_SAY.items() if not getattr(question, APPLIES[name])}
            asked = [name for name in RIVALS if name not in apart]
            answers = ask(question, seed, rivals=asked, draws=draws, leave_out=True)
            told, drawn = dict(answers.left_out), answers.draws
        except ValueError as error:  # no series at all, or one that has no logs
            told, drawn = {name: str(error) for name in RIVALS if name not in apart}, {}
        for name, values in drawn.items():
            found[name][:, at] = values[:, 0]
        reasons |= {(name, case.name): why for name, why in (told | apart).items()}
        if told:
            why = "; ".join(dict.fromkeys(told.values()))
            faults.append(f"{case.row.file}:{case.row.line}: {case.row}: from {plan.origin}: {why}")
    if faults and not skip:
        more = [f"and {len(faults) - SHOWN} more cases"] if len(faults) > SHOWN else []
        raise BacktestError("\n".join([*faults[:SHOWN], *more, "add earlier figures, or score without them: --skip"]))
    return RivalAnswers(found, reasons)


def question_of(plan: Plan, case: Case, announced: Sequence[Announced] = ()) -> Question:
    """A case as a question to the rivals.

    Args:
        plan: what is known.
        case: what is asked.
        announced: announcements known at the origin.

    Raises:
        ValueError: no known figure belongs to the series.
    """
    scale = OBSERVABLES[case.variable].scale
    return Question(
        f"{case.region} {case.variable}",
        series_of(plan, case.variable, case.region, case),
        (Span.of(case.period).end,),
        scale,
        _total(plan, case) if scale == "log" else None,
        _coming(plan, case, announced),
    )


def series_of(plan: Plan, variable: str, region: str, case: Case) -> Past:
    """The known figures of a variable of a region that can be compared with a case.

    Raises:
        ValueError: there are none.
    """
    rows = [row for row in plan.known if (row.variable, row.region) == (variable, region)]
    if not rows:
        raise ValueError(f"nothing about {variable} of {region} had been published")
    return past_of(rows, case.period, rates=case.pool in (POINTS_POOL, CONTRIBUTIONS))


def _total(plan: Plan, case: Case) -> Past | None:
    """The whole of which a case is a part."""
    if case.region != CITY:
        whole = case.variable, CITY
    elif case.variable.startswith(CHAIN_OUTPUT) and not case.variable.endswith(".INDUSTRY"):
        whole = f"{case.variable.partition('.')[0]}.INDUSTRY", CITY
    else:
        return None
    try:
        return series_of(plan, *whole, case)
    except ValueError:
        return None


def _coming(plan: Plan, case: Case, announced: Sequence[Announced]) -> tuple[Announcement, ...]:
    """Plants announced for the amount that is asked about, and goals whose outcome is known."""
    found = []
    for one in announced:
        amount, seen_in = _amount(case, one)
        if amount is None or not _there(case, one):
            continue
        outcome = _outcome(plan, one, seen_in)
        if one.kind == "plant" or (one.kind == "goal" and outcome is not None):
            found.append(
                Announcement(
                    one.name,
                    _years(one.announced),
                    _years(one.announced) + USUAL_YEARS if one.planned is None else _years(one.planned),
                    amount,
                    None if outcome is None else outcome.value,
                    None if outcome is None else _years(outcome.published),
                )
            )
    return tuple(found)


def _amount(case: Case, one: Announced) -> tuple[float | None, str]:
    """What an announcement adds to the series of a case, and the observable in which that is seen."""
    if case.pool != AMOUNTS:
        return None, ""
    if case.variable in CAPACITIES:
        unit = CAPACITIES[case.variable]
        return (one.capacity if one.capacity_unit == unit else None), case.variable
    kind, _, group = case.variable.partition(".")
    belongs = kind == "output_nominal" and group in (one.cluster, "INDUSTRY")
    return (one.output if belongs else None), f"output_nominal.{one.cluster}"


def _there(case: Case, one: Announced) -> bool:
    """Whether an announcement is for the region of a case."""
    return one.place == case.region if one.kind == "goal" else case.region in (CITY, one.place)


def _outcome(plan: Plan, one: Announced, seen_in: str) -> Observation | None:
    """The known figure that tells what came of a goal for a whole year."""
    if one.kind != "goal" or one.planned is None or one.planned.month != YEAR:
        return None
    wanted = (seen_in, one.place, Period.of_year(one.planned.year))
    return next((row for row in plan.known if row.subject == wanted), None)


def _years(month: Month) -> float:
    """The end of a month in years."""
    return month.year + month.month / YEAR
