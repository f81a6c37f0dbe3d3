"""Scores that need several figures at once, or a threshold: events, chains together, county ranks, and claims.

Events, with the probabilities that ensembles give them; none of the thresholds is a target of anybody:

growth > 0, growth > 10 %     of every rate of growth
above last                    the figure exceeds the newest one known, where there is one
above 1.5 times last          of amounts, likewise

Chains together: output of the chains of the city in one period, at least two of them published, in log points, with the
energy and the variogram score. Ranks: Kendall's tau over the counties that have a figure of one variable and period, at
least three; of levels, and of changes since the newest known figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from sim.experiment.backtest.plan import AMOUNTS, Case, Floats, Plan, scored
from sim.experiment.backtest.scoring import Forecaster, growing
from sim.experiment.followed import CITY
from sim.experiment.periods import Period
from sim.statistics.scores import energy_score, rank_correlation, variogram_score
from sim.world import load_world

LEAST_COUNTIES = 3
"""Counties that a rank needs."""

FAR = 1.5
"""Times the newest known amount (assumption; a round number)."""

Event = tuple[str, Callable[[Floats], Floats]]


def event_table(plan: Plan, forecaster: Forecaster, mode: str) -> pd.DataFrame:
    """A row each event of an answered case: event, probability, happened (1 or 0)."""
    rows = []
    for at, case in enumerate(plan.cases):
        drawn = forecaster.of(at)
        for name, happens in events_of(plan, case) if len(drawn) else ():
            told = _bearings(plan, forecaster, mode) | {"case": case.name, "horizon": case.horizon, "event": name}
            told |= {"probability": float(happens(drawn).mean()), "happened": float(happens(plan.observed[[at]])[0])}
            rows.append(told)
    return pd.DataFrame(rows)


def events_of(plan: Plan, case: Case) -> Iterator[Event]:
    """The events of a case: name, and whether values (in the unit of the observable) make it happen."""
    if growing(case.variable):
        for bar in (0.0, 0.1):
            yield f"growth > {bar:.0%}", lambda values, bar=bar: np.asarray(values > bar, dtype=np.float64)  # type: ignore[misc]
        return
    last = plan.last_known(case)
    if last is None:
        return
    level = last.value
    yield "above last", lambda values: np.asarray(values > level, dtype=np.float64)
    if case.pool == AMOUNTS:
        yield "above 1.5 times last", lambda values: np.asarray(values > FAR * level, dtype=np.float64)


def joint_table(plan: Plan, forecaster: Forecaster, mode: str) -> pd.DataFrame:
    """A row each period with the output of two chains or more: energy and variogram score, in log points."""
    rows = []
    for period, places in _chains(plan).items():
        columns = [forecaster.values[:, at] for at in places]
        members = np.column_stack([scored(plan.cases[at].variable, c) for at, c in zip(places, columns, strict=True)])
        whole = members[np.isfinite(members).all(axis=1)]
        if len(whole) < max(2.0, 0.5 * len(members)):
            continue
        observed = np.array([[plan.cases[at].observed] for at in places])
        told = _bearings(plan, forecaster, mode) | {"period": str(period), "chains": len(places)}
        told |= {"horizon": plan.cases[places[0]].horizon, "year": plan.cases[places[0]].year}
        told["energy"] = float(energy_score(whole[:, :, None], observed, fair=True)[0])
        told["variogram"] = float(variogram_score(whole[:, :, None], observed)[0])
        rows.append(told)
    return pd.DataFrame(rows)


def _chains(plan: Plan) -> dict[Period, list[int]]:
    """Places of the cases that are chains' output of the city, by period; two or more."""
    names = {f"output_nominal.{chain}" for chain in load_world().chains}
    found: dict[Period, list[int]] = {}
    for at, case in enumerate(plan.cases):
        if case.region == CITY and case.variable in names:
            found.setdefault(case.period, []).append(at)
    return {period: places for period, places in found.items() if len(places) > 1}


def rank_table(plan: Plan, forecaster: Forecaster, mode: str) -> pd.DataFrame:
    """A row each variable and period with three counties or more: tau of levels, tau of changes."""
    rows = []
    for (variable, period), places in _counties(plan).items():
        middles = [np.median(drawn) if len(drawn := forecaster.of(at)) else np.nan for at in places]
        if np.isnan(middles).any():
            continue
        lasts = [plan.last_known(plan.cases[at]) for at in places]
        before = [np.nan if last is None else last.value for last in lasts]
        forecast, observed, base = (scored(variable, np.array(x)) for x in (middles, plan.observed[places], before))
        told = _bearings(plan, forecaster, mode) | {"variable": variable, "period": str(period)}
        told |= {"horizon": plan.cases[places[0]].horizon, "counties": len(places)}
        told["tau"] = rank_correlation(forecast, observed).value
        known = ~np.isnan(base)
        enough = int(known.sum()) >= LEAST_COUNTIES
        moved = rank_correlation((forecast - base)[known], (observed - base)[known]).value if enough else np.nan
        rows.append(told | {"tau_of_changes": moved})
    return pd.DataFrame(rows)


def _counties(plan: Plan) -> dict[tuple[str, Period], list[int]]:
    """Places of the cases of counties by variable and period, three or more."""
    found: dict[tuple[str, Period], list[int]] = {}
    for at, case in enumerate(plan.cases):
        if case.region != CITY:
            found.setdefault((case.variable, case.period), []).append(at)
    return {subject: places for subject, places in found.items() if len(places) >= LEAST_COUNTIES}


# --- claims of the marks ----------------------------------------------------------------------------------------------


def claim_table(plan: Plan, forecaster: Forecaster, mode: str, sites: Floats | None = None) -> pd.DataFrame:
    """What the highest mark of the protocol asks and no single case tells: claim, forecast, observed.

    ``share of COUNTY``: change of the county's share in the city since it was last known, percentage points, where
    county and city are published for both times. ``lithium nominal YEAR``, ``lithium real YEAR``: growth of output at
    current prices and of value added, percent. ``cell site in Fuding``: share of the members with one by the end of
    2021, observed 1.

    Args:
        plan: cases and what is known.
        forecaster: whose claims.
        mode: of its runs.
        sites: (members,) capacity of cell plants in Fuding, built or being built; NaN where not measured.
    """
    found = [*_share_changes(plan, forecaster), *_lithium(plan, forecaster)]
    if sites is not None and np.isfinite(sites).any():
        found.append(("cell site in Fuding", float((sites[np.isfinite(sites)] > 0).mean()), 1.0))
    bearings = _bearings(plan, forecaster, mode)
    return pd.DataFrame([bearings | {"claim": name, "forecast": f, "observed": o} for name, f, o in found])


def _share_changes(plan: Plan, forecaster: Forecaster) -> Iterator[tuple[str, float, float]]:
    """Changes of counties' shares."""
    place = {(case.variable, case.region, case.period): at for at, case in enumerate(plan.cases)}
    for at, case in enumerate(plan.cases):
        city = place.get((case.variable, CITY, case.period))
        if case.region == CITY or case.pool != AMOUNTS or city is None:
            continue
        own, whole = plan.last_known(case), plan.last_known(plan.cases[city])
        if own is None:
            continue
        rows = [row for row in plan.known if row.subject == (case.variable, CITY, own.period)]
        if whole is None or not rows:
            continue
        before = own.value / rows[0].value
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = forecaster.values[:, at] / forecaster.values[:, city]
        if np.isfinite(shares).any():
            middle = float(np.median(shares[np.isfinite(shares)]))
            observed = plan.observed[at] / plan.observed[city]
            yield f"share of {case.region}, {case.variable}", 100 * (middle - before), 100 * (observed - before)


def _lithium(plan: Plan, forecaster: Forecaster) -> Iterator[tuple[str, float, float]]:
    """Nominal and real growth of the battery chain in the years that both are published for."""
    place = {case.name: at for at, case in enumerate(plan.cases)}
    for year in sorted({case.year for case in plan.cases}):
        names = [f"output_nominal.BAT {CITY} {when}" for when in (year, year - 1)]
        real, levels = f"value_added_growth.BAT {CITY} {year}", [place.get(name) for name in names]
        if real not in place or levels[0] is None:
            continue
        known = [row for row in plan.known if row.subject == ("output_nominal.BAT", CITY, Period.of_year(year - 1))]
        if levels[1] is None and not known:
            continue
        before = forecaster.values[:, levels[1]] if levels[1] is not None else np.array([known[0].value])
        seen_before = plan.observed[levels[1]] if levels[1] is not None else known[0].value
        nominal = forecaster.values[:, levels[0]] / before - 1.0
        if np.isfinite(nominal).any():
            growth = float(np.median(nominal[np.isfinite(nominal)]))
            yield f"lithium nominal {year}", 100 * growth, 100 * (plan.observed[levels[0]] / seen_before - 1.0)
            drawn = forecaster.of(place[real])
            if len(drawn):
                yield f"lithium real {year}", 100 * float(np.median(drawn)), 100 * plan.observed[place[real]]


def _bearings(plan: Plan, forecaster: Forecaster, mode: str) -> dict[str, object]:
    """Whose forecast a row is about."""
    return {
        "origin": str(plan.origin),
        "mode": mode,
        "forecaster": forecaster.name,
        "kind": forecaster.kind,
    }


def all_of(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables one below the other; empty ones are left out."""
    kept = [table for table in tables if len(table)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame()
