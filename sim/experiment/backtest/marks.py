"""The pass marks of the protocol, computed: ordinary, good, extraordinary.

Each is met, not met, or not decidable, which is said where no fact or no rival can tell. A mark of several parts is met
if each decidable part is met and at least one is decidable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.experiment.backtest.plan import AMOUNTS
from sim.experiment.backtest.pooling import ANY, OURS, beside
from sim.statistics.scores import rank_correlation, sign_hits
from sim.world import load_world

MET, NOT_MET, OPEN = "met", "not met", "not decidable"

DRIFT = "random walk with drift"
"""The rival of the ordinary mark."""

NOMINAL = ("output_nominal.", "value_added_nominal.", "gdp_nominal")
"""Amounts at current prices."""

NEAR = 2
"""Horizon of the ordinary mark, years."""

CHAINS_WON, COVER_LOW, COVER_HIGH = 3, 0.70, 0.90
"""The good mark: chains, and what the 80 % interval may hold."""

SIGNS, TAU, PROJECTS, SKILL = 0.8, 0.7, 15.0, 0.2
"""The extraordinary mark: counties with the right sign, their rank, projects off, skill against drift."""

EXTRAORDINARY_FROM = "2019-11"
"""The origin of the extraordinary mark."""


@dataclass(frozen=True)
class Mark:
    """One part of a mark.

    Attributes:
        origin, mode: whose.
        level: "ordinary", "good" or "extraordinary".
        part: what is asked.
        state: :data:`MET`, :data:`NOT_MET` or :data:`OPEN`.
        told: the figures, one sentence.
    """

    origin: str
    mode: str
    level: str
    part: str
    state: str
    told: str


def marks(scores: pd.DataFrame, claims: pd.DataFrame) -> tuple[Mark, ...]:
    """The marks of every origin and mode.

    Args:
        scores: see :mod:`sim.experiment.backtest.scoring`.
        claims: see :func:`sim.experiment.backtest.events.claim_table`.
    """
    found = []
    for (origin, mode), mine in scores[scores["kind"] == "ours"].groupby(["origin", "mode"], sort=False):
        here = scores[(scores["origin"] == origin) & scores["mode"].isin([mode, ANY])]
        where, ours = (str(origin), str(mode)), mine[mine["crps"].notna()]
        found.append(_ordinary(where, ours, here))
        found += [_chains(where, here), _cover(where, ours)]
        if origin == EXTRAORDINARY_FROM:
            own = claims[(claims["origin"] == origin) & (claims["mode"] == mode)] if len(claims) else claims
            found += list(_extraordinary(where, ours, here, own))
    return tuple(found)


def summary(found: Sequence[Mark]) -> pd.DataFrame:
    """A row each origin, mode and level: its state over all parts, and how many of them are decidable."""
    rows = []
    keys = dict.fromkeys((mark.origin, mark.mode, mark.level) for mark in found)
    for origin, mode, level in keys:
        states = [mark.state for mark in found if (mark.origin, mark.mode, mark.level) == (origin, mode, level)]
        decided = [state for state in states if state != OPEN]
        state = OPEN if not decided else MET if all(each == MET for each in decided) else NOT_MET
        told = {"origin": origin, "mode": mode, "level": level, "state": state}
        rows.append(told | {"decidable": len(decided), "parts": len(states)})
    return pd.DataFrame(rows)


def _ordinary(where: tuple[str, str], ours: pd.DataFrame, here: pd.DataFrame) -> Mark:
    """Better than random walk with drift on amounts at current prices, one to two years ahead."""
    part = f"CRPS of amounts at current prices, up to {NEAR} years ahead, below that of the {DRIFT}"
    near = ours[ours["variable"].str.startswith(NOMINAL) & (ours["horizon"] <= NEAR)]
    return _against_drift(where, "ordinary", part, near, here, 0.0)


def _against_drift(
    where: tuple[str, str], level: str, part: str, ours: pd.DataFrame, here: pd.DataFrame, least: float
) -> Mark:
    """Skill against the random walk with drift above a bar."""
    other = here[(here["forecaster"] == DRIFT) & here["crps"].notna()]
    both = ours.merge(other[["case", "crps"]], on="case", suffixes=("", "_rival"))
    if not len(both):
        return Mark(*where, level, part, OPEN, f"the {DRIFT} answered none of the {len(ours)} cases")
    found = beside(both)
    skill = float(str(found["skill"]))
    told = f"skill {skill:+.2f} in {len(both)} of {len(ours)} cases that both answered"
    return Mark(*where, level, part, MET if skill > least else NOT_MET, told)


def _chains(where: tuple[str, str], here: pd.DataFrame) -> Mark:
    """Lower mean CRPS than every rival and null version for three of four chains."""
    part = f"CRPS of output below that of every rival and null version for {CHAINS_WON} of 4 chains"
    won, lost, silent = list[str](), list[str](), list[str]()
    answered = here[here["crps"].notna()]
    for chain in load_world().chains:
        rows = answered[answered["variable"] == f"output_nominal.{chain}"]
        both = pd.concat(
            rows[rows["kind"] == own].merge(
                rows[rows["kind"] == kind][["case", "forecaster", "crps"]], on="case", suffixes=("", "_rival")
            )
            for kind, own in OURS.items()
        )
        if not len(both):
            silent.append(chain)
            continue
        means = both.groupby("forecaster_rival")[["crps", "crps_rival"]].mean()
        (won if (means["crps"] < means["crps_rival"]).all() else lost).append(chain)
    told = f"best: {', '.join(won) or 'none'}; not best: {', '.join(lost) or 'none'}"
    told += f"; nothing to compare: {', '.join(silent)}" if silent else ""
    if len(won) >= CHAINS_WON:
        return Mark(*where, "good", part, MET, told)
    open_yet = len(won) + len(silent) >= CHAINS_WON
    return Mark(*where, "good", part, OPEN if open_yet else NOT_MET, told)


def _cover(where: tuple[str, str], ours: pd.DataFrame) -> Mark:
    """The 80 % intervals hold 70 to 90 % of all cases."""
    part = f"80 % intervals hold {COVER_LOW:.0%} to {COVER_HIGH:.0%} of all cases"
    if not len(ours):
        return Mark(*where, "good", part, OPEN, "no case was answered")
    share = float(ours["inside80"].mean())
    inside = COVER_LOW <= share <= COVER_HIGH
    return Mark(*where, "good", part, MET if inside else NOT_MET, f"{share:.0%} of {len(ours)} cases")


def _extraordinary(
    where: tuple[str, str], ours: pd.DataFrame, here: pd.DataFrame, claims: pd.DataFrame
) -> Iterator[Mark]:
    """The parts of the highest mark; all but the skill ask for the conditional world."""
    if where[1] == "unconditional":
        part = f"skill above {SKILL:.0%} against the {DRIFT} in amounts at two years"
        at_two = ours[(ours["pool"] == AMOUNTS) & (ours["horizon"] == NEAR)]
        yield _against_drift(where, "extraordinary", part, at_two, here, SKILL)
        return
    yield from _counties(where, claims)
    yield _lithium(where, claims)
    yield _projects(where, ours)
    yield _site(where, claims)
    yield _rest(where, ours)


def _claims(claims: pd.DataFrame, start: str) -> pd.DataFrame:
    """Claims whose name begins so."""
    return claims[claims["claim"].str.startswith(start)] if len(claims) else claims


def _counties(where: tuple[str, str], claims: pd.DataFrame) -> Iterator[Mark]:
    """Signs and ranks of the changes of counties' shares."""
    parts = (
        f"changes of counties' shares: right sign in {SIGNS:.0%}",
        f"changes of counties' shares: Kendall's tau above {TAU}",
    )
    shares = _claims(claims, "share of ")
    if len(shares) < 3:
        for part in parts:
            yield Mark(*where, "extraordinary", part, OPEN, f"{len(shares)} changes are published, 3 are needed")
        return
    forecast, observed = shares["forecast"].to_numpy(), shares["observed"].to_numpy()
    hits, tau = sign_hits(forecast, observed), rank_correlation(forecast, observed)
    yield Mark(
        *where, "extraordinary", parts[0], MET if hits.rate >= SIGNS else NOT_MET, f"{hits.rate:.0%} of {hits.cases}"
    )
    yield Mark(*where, "extraordinary", parts[1], MET if tau.value > TAU else NOT_MET, f"tau {tau.value:.2f}")


def _lithium(where: tuple[str, str], claims: pd.DataFrame) -> Mark:
    """Nominal and real growth of batteries have their signs, and the larger is the larger."""
    part = "nominal and real growth of lithium: right signs, and the right one is larger"
    nominal, real = (_claims(claims, f"lithium {word} ") for word in ("nominal", "real"))
    years = sorted({claim.split()[-1] for claim in real["claim"]}) if len(real) else []
    right = []
    for year in years:
        (f, o), (g, p) = (
            rows[rows["claim"].str.endswith(year)][["forecast", "observed"]].to_numpy()[0] for rows in (nominal, real)
        )
        right.append(bool(np.sign(f) == np.sign(o) and np.sign(g) == np.sign(p) and (f > g) == (o > p)))
    if not years:
        return Mark(*where, "extraordinary", part, OPEN, "no year has both figures")
    told = f"years with both figures: {', '.join(years)}"
    return Mark(*where, "extraordinary", part, MET if all(right) else NOT_MET, told)


def _projects(where: tuple[str, str], ours: pd.DataFrame) -> Mark:
    """Projects of the battery chain at the end of 2021."""
    part = f"battery projects late in 2021 within {PROJECTS:.0f} of the published count"
    rows = ours[(ours["variable"] == "projects_introduced.BAT") & (ours["year"] == 2021)]
    if not len(rows):
        return Mark(*where, "extraordinary", part, OPEN, "no such case was answered")
    error = float(rows["error"].iloc[-1])
    told = f"median {rows['forecast'].iloc[-1]:.0f}, published {rows['observed'].iloc[-1]:.0f}"
    return Mark(*where, "extraordinary", part, MET if abs(error) <= PROJECTS else NOT_MET, told)


def _site(where: tuple[str, str], claims: pd.DataFrame) -> Mark:
    """Cells in Fuding by the end of 2021, in half of the members or more."""
    part = "Fuding is a site of cells by the end of 2021 in half of the members"
    rows = _claims(claims, "cell site")
    if not len(rows):
        return Mark(*where, "extraordinary", part, OPEN, "not measured")
    share = float(rows["forecast"].iloc[-1])
    return Mark(*where, "extraordinary", part, MET if share >= 0.5 else NOT_MET, f"{share:.0%} of the members")


def _rest(where: tuple[str, str], ours: pd.DataFrame) -> Mark:
    """Growth of the rest of industry in 2020."""
    part = "growth of the rest of industry in 2020 has the right sign"
    rows = ours[(ours["variable"] == "value_added_growth.REST") & (ours["period"] == "2020")]
    if not len(rows):
        return Mark(*where, "extraordinary", part, OPEN, "no such case was answered")
    forecast, observed = float(rows["forecast"].iloc[-1]), float(rows["observed"].iloc[-1])
    told = f"median {forecast:+.1f} %, published {observed:+.1f} %"
    return Mark(*where, "extraordinary", part, MET if forecast * observed > 0 else NOT_MET, told)
