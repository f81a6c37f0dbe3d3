"""Scores of every forecaster in every case: one table, from which all summaries are made.

A forecaster is an ensemble: members of the model, members of a null version, or draws of a rival. It answers a case if
at least half of its members have a number there; those without one are left out of that case and counted. Comparisons
are made on the cases that both answered, with a null version on the same seeds, so that both met the same parameters
and the same luck. The CRPS is the fair one, since ensembles differ in size; the point forecast is the median of the
ensemble.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.experiment.backtest.plan import Case, Floats, Plan, scored
from sim.experiment.backtest.questions import series_of
from sim.experiment.observables import OBSERVABLES
from sim.statistics.scores import (
    LEVELS,
    crps,
    ensemble_quantiles,
    naive_scale,
    pit,
    weighted_interval_score,
)

INTERVALS = (50, 80, 90)
"""Central intervals whose coverage is told, percent."""

LEAST_PART = 0.5
"""Part of the members that must have a number for a case to count as answered (assumption)."""

BEARINGS = ["origin", "mode", "forecaster", "kind"]
"""Columns that tell whose forecast a row is about."""

ABOUT = ["case", "group", "pool", "horizon", "year", "region", "variable", "period", "unit", "file", "line"]
"""Columns that tell which case."""


@dataclass(frozen=True)
class Forecaster:
    """An ensemble for all cases of a plan.

    Attributes:
        name: "ours", or name of a rival or null version.
        kind: "ours", "paired" (ours with the seeds of the null versions), "rival" or "null".
        values: (members, cases) in the unit of each observable; NaN where a member has nothing.
    """

    name: str
    kind: str
    values: Floats

    def of(self, at: int) -> Floats:
        """(members,) of a case, those that have a number; none if too few have one."""
        column = self.values[:, at]
        there = column[np.isfinite(column)]
        return there if len(there) >= max(1.0, LEAST_PART * len(column)) else there[:0]


def case_scores(plan: Plan, forecaster: Forecaster, mode: str) -> pd.DataFrame:
    """A row each case: facts about it, the point forecast, errors and scores; NaN where it was not answered.

    Columns beside :data:`BEARINGS` and :data:`ABOUT`, on the scale of the pool unless said otherwise: observed_value
    and forecast_value (unit of the observable), observed, forecast, last (newest known figure), members, without
    (members without a number), error, scale (mean change of the series known), crps, wis, pit, inside50, inside80,
    inside90 (1 or 0), width80.
    """
    drawn = [forecaster.of(at) for at in range(len(plan.cases))]
    found = _scores(plan.cases, drawn)
    rows = []
    for at, case in enumerate(plan.cases):
        told = _about(plan, case) | {"origin": str(plan.origin), "mode": mode}
        told |= {"forecaster": forecaster.name, "kind": forecaster.kind}
        told |= {"members": len(drawn[at]), "without": len(forecaster.values) - len(drawn[at])}
        rows.append(told)
    return pd.concat([pd.DataFrame(rows), pd.DataFrame(found)], axis=1)


WIDTH_OF = 80
"""Central interval whose width is told, percent."""

SCORED = ("crps", "wis", "pit", *(f"inside{level}" for level in INTERVALS), f"width{WIDTH_OF}")
"""Columns of scores."""


def _about(plan: Plan, case: Case) -> dict[str, object]:
    """What is known of a case without any forecast."""
    last = plan.last_known(case)
    return {
        "case": case.name,
        "group": case.group,
        "pool": case.pool,
        "horizon": case.horizon,
        "year": case.year,
        "region": case.region,
        "variable": case.variable,
        "period": str(case.period),
        "unit": case.row.unit,
        "file": case.row.file,
        "line": case.row.line,
        "observed_value": case.row.value,
        "observed": case.observed,
        "last": np.nan if last is None else float(scored(case.variable, last.value)),
        "scale": scale_of(plan, case),
    }


def scale_of(plan: Plan, case: Case) -> float:
    """Mean absolute change between neighbouring known figures of the series, on the scale of scores; NaN without one.

    A change over several years counts as it is: series have gaps, and what is known is all there is.
    """
    try:
        past = series_of(plan, case.variable, case.region, case)
    except ValueError:
        return float("nan")
    scale = naive_scale(scored(case.variable, past.values))
    return scale if scale > 0 else float("nan")


def _scores(cases: Sequence[Case], drawn: Sequence[Floats]) -> dict[str, Floats]:
    """(cases,) each score, NaN where a case was not answered; cases with as many members are scored together."""
    found = {name: np.full(len(cases), np.nan) for name in ("forecast_value", "forecast", "error", *SCORED)}
    for size in {len(members) for members in drawn} - {0}:
        places = [at for at, members in enumerate(drawn) if len(members) == size]
        for name, values in _scores_of([cases[at] for at in places], [drawn[at] for at in places]).items():
            found[name][places] = values
    return found


def _scores_of(cases: Sequence[Case], drawn: Sequence[Floats]) -> dict[str, Floats]:
    """(cases,) each score of cases with equally many members."""
    observed = np.array([case.observed for case in cases])
    members = np.column_stack([scored(case.variable, x) for case, x in zip(cases, drawn, strict=True)])
    middle = np.median(members, axis=0)
    found = {
        "forecast_value": np.median(np.column_stack(drawn), axis=0),
        "forecast": middle,
        "error": middle - observed,
        "crps": crps(members, observed, fair=len(members) > 1),
        "wis": weighted_interval_score(ensemble_quantiles(members, LEVELS), LEVELS, observed),
        "pit": pit(members, observed),
    }
    for level in INTERVALS:
        low, high = ensemble_quantiles(members, [0.5 - level / 200, 0.5 + level / 200])
        found[f"inside{level}"] = ((low <= observed) & (observed <= high)).astype(np.float64)
        if level == WIDTH_OF:
            found[f"width{level}"] = high - low
    return found


def quantile_table(plan: Plan, forecaster: Forecaster, mode: str) -> pd.DataFrame:
    """A row each answered case: quantiles at :data:`LEVELS` in the unit of the observable."""
    names = [f"q{level:g}" for level in LEVELS]
    rows = []
    for at, case in enumerate(plan.cases):
        drawn = forecaster.of(at)
        if len(drawn):
            values = ensemble_quantiles(drawn[:, None], LEVELS)[:, 0]
            told: dict[str, object] = {"origin": str(plan.origin), "mode": mode}
            told |= {"forecaster": forecaster.name, "kind": forecaster.kind}
            told |= {"case": case.name, "unit": case.row.unit, "observed_value": case.row.value}
            rows.append(told | dict(zip(names, values.tolist(), strict=True)))
    return pd.DataFrame(rows)


def unanswered(plan: Plan, forecaster: Forecaster, mode: str, reasons: Mapping[tuple[str, str], str]) -> pd.DataFrame:
    """A row each case that a forecaster did not answer, with the reason.

    Args:
        plan: cases.
        forecaster: whose.
        mode: of its runs.
        reasons: by forecaster and case, where known.
    """
    usual = NOT_OF_NULL if forecaster.kind == "null" else "fewer than half of its members have a number"
    rows = []
    for at, case in enumerate(plan.cases):
        if not len(forecaster.of(at)):
            told = {"origin": str(plan.origin), "mode": mode, "forecaster": forecaster.name, "case": case.name}
            rows.append(told | {"why": reasons.get((forecaster.name, case.name), usual)})
    return pd.DataFrame(rows)


NOT_OF_NULL = "the null version does not have the variable, or fewer than half of its members have a number"
"""Why a null version did not answer."""


def growing(variable: str) -> bool:
    """Whether a variable is itself a change on the year before, so that its sign is its direction."""
    return OBSERVABLES[variable].compares and "growth" in variable and "rank" not in variable
