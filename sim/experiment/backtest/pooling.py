"""Scores of many cases as one: means in which each group weighs the same, and ours beside each rival.

Cases are pooled within a scale only (:data:`sim.experiment.backtest.plan.POOLS`). With G groups of n_g cases, n in all,
a case of group g weighs n / (G n_g), so that the mean of the weighted scores is the mean of the groups' means::

    skill = 1 - sum w s_ours / sum w s_rival

over the cases that both answered. Its interval comes from resampling years of the facts (cases of one year share their
surprises), the test from Diebold and Mariano with the correction of Harvey, Leybourne and Newbold, on the mean loss of
each year. With one year there is neither interval nor test; with two to five both say little, and with fewer than
three no comparison counts as won or lost.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from sim.experiment.backtest.plan import Floats
from sim.experiment.backtest.scoring import BEARINGS, INTERVALS, growing
from sim.statistics.scores import ScoreError, brier_parts, diebold_mariano, mean_difference, sign_hits, skill_score

ANY = "any"
"""Mode of forecasters that know no world: the rivals."""

ALL = "all"
"""All horizons, groups, or origins together."""

OURS = {"rival": "ours", "null": "paired"}
"""Kind of ours that is compared with each kind."""

WINS, AHEAD, EVEN, BEHIND, LOSES = VERDICTS = ("wins", "ahead", "even", "behind", "loses")
"""Ours against a rival: better beyond the 90 % interval, better, the same, worse, worse beyond it."""


LEAST_YEARS = 3
"""Years of facts below which nothing counts as more than luck (an interval from two years is no interval)."""


def weights(group: pd.Series) -> Floats:
    """(cases,) weights with which each group counts the same; their mean is 1."""
    names, member, sizes = np.unique(group.to_numpy(dtype=str), return_inverse=True, return_counts=True)
    return np.asarray(len(member) / (len(names) * sizes[member]), dtype=np.float64)


def pooled(scores: pd.DataFrame, *, apart: bool = True) -> pd.DataFrame:
    """A row each forecaster, scale, and horizon or group: mean scores of the cases that it answered.

    Columns: cases, rmse, mae, mase and mase_cases, crps, wis, cover50, cover80, cover90, width80, hits and hits_cases.
    Forecasters that answered other cases do not compare; :func:`skills` compares.

    Args:
        scores: of all forecasters.
        apart: each horizon and group besides all of them together.
    """
    rows = []
    there = scores[scores["crps"].notna()]
    for (origin, mode, name, kind, pool), part in there.groupby([*BEARINGS, "pool"], sort=False):
        bearings = {"origin": origin, "mode": mode, "forecaster": name, "kind": kind, "pool": pool}
        for group, horizon, chosen in _views(part) if apart else [(ALL, ALL, part)]:
            rows.append(bearings | {"group": group, "horizon": horizon} | _means(chosen))
    return pd.DataFrame(rows)


def _views(part: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """All cases, those of each horizon, those of each group."""
    yield ALL, ALL, part
    for horizon, chosen in part.groupby("horizon"):
        yield ALL, str(horizon), chosen
    for group, chosen in part.groupby("group", sort=False):
        yield str(group), ALL, chosen


def _means(part: pd.DataFrame) -> dict[str, float]:
    """Weighted means of one forecaster's scores."""
    w, error = weights(part["group"]), part["error"].to_numpy()
    scale = part["scale"].to_numpy()
    known = np.isfinite(scale)
    found = {
        "cases": float(len(part)),
        "rmse": float(np.sqrt(np.mean(w * error**2))),
        "mae": float(np.mean(w * np.abs(error))),
        "mase": float(np.mean(np.abs(error[known]) / scale[known])) if known.any() else np.nan,
        "mase_cases": float(known.sum()),
    }
    found |= {name: float(np.mean(w * part[name].to_numpy())) for name in ("crps", "wis", "width80")}
    found |= {f"cover{level}": float(np.mean(w * part[f"inside{level}"].to_numpy())) for level in INTERVALS}
    forecast, observed = directions(part)
    hits = sign_hits(forecast, observed)
    return found | {"hits": hits.rate, "hits_cases": float(hits.cases)}


def directions(part: pd.DataFrame) -> tuple[Floats, Floats]:
    """(cases,) forecast and observed changes: rates of growth themselves, of all else the change since last known."""
    itself = np.array([growing(name) for name in part["variable"]], dtype=bool)
    base = np.where(itself, 0.0, part["last"].to_numpy(dtype=np.float64))
    observed = part["observed"].to_numpy(dtype=np.float64) - base
    return part["forecast"].to_numpy(dtype=np.float64) - base, observed


def skills(scores: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Ours beside each rival and null version: a row each origin (and all), mode, scale, rival, horizon or group.

    Columns: cases, years, ours, rival (mean weighted CRPS), skill, low, high (90 %), difference, dm, p, verdict.

    Args:
        scores: of all origins and forecasters.
        seed: of the bootstrap.
    """
    there = scores[scores["crps"].notna()]
    rows: list[dict[str, object]] = []
    for mode in there[there["kind"] == "ours"]["mode"].unique():
        for kind, name in _others(there):
            mine = there[there["kind"] == OURS[kind]]
            other = there[(there["forecaster"] == name) & there["mode"].isin([mode, ANY])]
            both = mine[mine["mode"] == mode].merge(
                other[["origin", "case", "crps"]], on=["origin", "case"], suffixes=("", "_rival")
            )
            for origin, pool, group, horizon, part in _pairs(both):
                bearings = {"origin": origin, "mode": mode, "rival": name, "kind": kind, "pool": pool}
                rows.append(bearings | {"group": group, "horizon": horizon} | beside(part, seed))
    return pd.DataFrame(rows)


def _others(scores: pd.DataFrame) -> list[tuple[str, str]]:
    """Kind and name of all but ours, in their order."""
    others = scores[scores["kind"].isin(list(OURS))][["kind", "forecaster"]].drop_duplicates()
    return [(str(kind), str(name)) for kind, name in others.itertuples(index=False)]


def _pairs(both: pd.DataFrame) -> Iterator[tuple[str, str, str, str, pd.DataFrame]]:
    """Origins, scales and views that have a case of both."""
    origins = [(str(origin), part) for origin, part in both.groupby("origin")]
    if len(origins) > 1:
        origins.append((ALL, both))
    for origin, part in origins:
        for pool, cases in part.groupby("pool", sort=False):
            for group, horizon, chosen in _views(cases):
                yield origin, str(pool), group, horizon, chosen


def beside(part: pd.DataFrame, seed: int = 0) -> dict[str, object]:
    """Ours and one rival in the same cases.

    Args:
        part: columns crps, crps_rival, group, year.
        seed: of the bootstrap.
    """
    w, year = weights(part["group"]), part["year"].to_numpy()
    ours, rival = w * part["crps"].to_numpy(), w * part["crps_rival"].to_numpy()
    skill = skill_score(ours, rival, year, seed=seed)
    difference = mean_difference(ours, rival, year, seed=seed)
    told: dict[str, object] = {"cases": len(part), "years": difference.clusters}
    told |= {"ours": float(ours.mean()), "rival_score": float(rival.mean())}
    told |= {"skill": skill.value, "low": skill.low, "high": skill.high, "difference": difference.value}
    told |= _test(ours, rival, year)
    few = difference.clusters < LEAST_YEARS
    ends = (-np.inf, np.inf) if few else (difference.low, difference.high)
    return told | {"verdict": verdict(difference.value, *ends)}


def _test(ours: Floats, rival: Floats, year: Floats) -> dict[str, float]:
    """Diebold-Mariano over the years of the facts; NaN with fewer than two."""
    place = (year - year.min()).astype(np.int64)
    counts = np.bincount(place)
    of_year = np.where(counts > 0, counts, np.nan)
    try:
        found = diebold_mariano(np.bincount(place, ours) / of_year, np.bincount(place, rival) / of_year)
    except ScoreError:
        return {"dm": np.nan, "p": np.nan}
    return {"dm": found.statistic, "p": found.p_value}


def verdict(difference: float, low: float, high: float) -> str:
    """The word for a difference of scores, ours minus rival, and its interval."""
    if difference == 0:
        return EVEN
    if difference < 0:
        return WINS if high < 0 else AHEAD
    return LOSES if low > 0 else BEHIND


def brier_table(events: pd.DataFrame) -> pd.DataFrame:
    """A row each forecaster and event: Brier score with its parts, cases, and how often it happened."""
    rows = []
    for keys, part in events.groupby([*BEARINGS, "event"], sort=False) if len(events) else ():
        found = brier_parts(part["probability"].to_numpy(), part["happened"].to_numpy(), bins=10)
        told = dict(zip([*BEARINGS, "event"], keys, strict=True))
        told |= {"cases": found.cases, "happened": float(part["happened"].mean()), "brier": found.score}
        rows.append(told | {"reliability": found.reliability, "resolution": found.resolution})
    return pd.DataFrame(rows)
