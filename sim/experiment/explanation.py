"""Who came to Ningde, where and why: funnel, projects, chain maps and limits of one run up to a month."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim import data
from sim.experiment.chains import Equipment, downstream, supply_frame
from sim.experiment.witness import HAZARDS, LOST_REASONS, WAITS, Witness
from sim.inputoutput.tables import Table
from sim.limits import LIMITS, OTHER, group_of, groups
from sim.mechanisms.demand import OPENING
from sim.mechanisms.events import plants_of_leaders
from sim.model import NingdeModel
from sim.parameters import Month
from sim.results.variables import CITY_LEVEL
from sim.scenario import Scenario
from sim.state import CHANNEL_LABELS, YEAR, Channel, Projects, Stage, State
from sim.statistics import leader_purchases
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

GRAFTS = "grafts on firms"
DATED, DECIDED = "leaders, dated", "leaders, decided"
WAYS: tuple[str, ...] = (*CHANNEL_LABELS[: Channel.OWN], GRAFTS, DATED, DECIDED)
"""Ways into the city: the channels without grafts, grafts, dated plants of leaders, plants decided in the run."""

SHORT_OF_MONEY = 0.9995
"""Funded share below which a budget is told to be short of money, so that a rounded 100 % never is."""

COUNTS: tuple[str, ...] = (
    "candidates",
    "leads",
    "own",
    "lost",
    *(f"lost_{reason.replace(' ', '_')}" for reason in LOST_REASONS),
    "signed",
    "failed",
    "waiting",
    "building",
    "producing",
    "closed_since",
)
"""Columns of a funnel: leads + own = lost + signed, where own are plants of leaders, which are signed without a lead;
signed = failed + waiting + building + producing, of which some closed.
"""

STAGE_WORDS: dict[Stage, str] = {
    Stage.SIGNED: "waiting for land",
    Stage.LAND: "in requisition and permits",
    Stage.BUILD: "being built",
    Stage.DONE: "producing",
    Stage.FAILED: "failed",
    Stage.LOST: "lost",
}


@dataclass(frozen=True)
class ChainMap:
    """The inputs of one lead firm and where they come from, M yuan a year at 2018 prices.

    Attributes:
        code, name: the leader.
        products: label, output and capacity of each product that its plants make.
        orders: what its market orders of the product of its order book, at home and at rival sites (backlog left out).
        inputs: a row an input, largest need first; home + could + coming + gap = need. ``chain`` marks inputs that home
            firms of the chains make; of the others everything bought outside counts as ``outside`` only.
    """

    code: str
    name: str
    products: tuple[tuple[str, float, float], ...]
    orders: float
    inputs: pd.DataFrame
    equipment: pd.DataFrame
    downstream: pd.DataFrame


@dataclass(frozen=True)
class Explanation:
    """What happened in a run up to a month, and why.

    Attributes:
        scenario, title, seed, known_until, origin: what was run, and what its opening rests on.
        start, until: first recorded and last month.
        funnel: counts by way (rows) and by stage (columns, see :data:`COUNTS`), with investment signed (M yuan).
        by_chain, by_county: the same by product group, and by county (from signing on).
        projects: every lead and plant, one row each, with the terms that decided for its park (``why_...``: utility at
            the park less its mean over the other open parks).
        terms: names of these terms.
        odds: names of what spoke for and against signing (``odds_...`` of the projects, utility against other places;
            their sum is above 0 for leads that sign).
        causes: leads that were lost to other places, by way or chain (rows ``by``, ``key``) and by what told most
            against Ningde.
        against: the mean of the odds of these leads, in the same rows.
        failures: signed projects that failed, by way or chain: in all, by stage, and by what made up their hazard.
        public_money: year, budget, funded: share of the policies planned that the budget could pay, mean of the months.
        maps: the chain map of each leader with plants, by code.
        absent: names of the leaders without plants, by code.
        missing: year, county, group, limit, m_yuan: output that was missing at its annual rate, mean of the months.
        decisions: month, agent, decision.
    """

    scenario: str
    title: str
    seed: int
    known_until: str
    origin: str
    start: str
    until: str
    funnel: pd.DataFrame
    by_chain: pd.DataFrame
    by_county: pd.DataFrame
    projects: pd.DataFrame
    terms: tuple[str, ...]
    odds: tuple[str, ...]
    causes: pd.DataFrame
    against: pd.DataFrame
    failures: pd.DataFrame
    public_money: pd.DataFrame
    maps: dict[str, ChainMap]
    absent: dict[str, str]
    missing: pd.DataFrame
    decisions: pd.DataFrame


def explain(
    scenario: Scenario,
    seed: int | None = None,
    until: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    table: Table | None = None,
) -> Explanation:
    """Run a scenario up to a month and tell who came, where and why, and what limited growth.

    Args:
        scenario: what to run.
        seed: seed of all chance; that of the scenario if not given.
        until: last month, such as ``"2019-11"``; the end of the scenario if not given.
        progress: called after each month with months done and months in all.
        table: opening table in place of the estimated one, see :func:`sim.opening.basis.given_basis`.

    Raises:
        ValueError: the month lies before the start or after the end of the scenario.
        OpeningError: the opening parameters contradict each other.
        BrokenIdentityError: an account of a month does not balance.
    """
    last = scenario.run.end if until is None else Month(until)
    if not scenario.run.start <= last <= scenario.run.end:
        span = f"{scenario.name} is recorded from {scenario.run.start} to {scenario.run.end}"
        raise ValueError(f"{span}: {last} is not in it")
    model = NingdeModel(scenario, seed, table=table)
    witness = Witness(model.state, model.month_list)
    model.month_list = (*model.month_list, witness)
    equipment = Equipment(model.state)
    months = last - OPENING
    for done in range(1, months + 1):
        model.step()
        witness.after(model.state)
        equipment.after(model.state)
        if progress is not None:
            progress(done, months)
    state = model.state
    why, open_parks, lost = witness.record(len(state.projects))
    way = ways(state.projects)
    group = group_of(state.world)
    funnel = _funnel(state, way, lost, WAYS)
    drawn = witness.candidates.sum(axis=1)[: Channel.BRANCH]  # other sites take candidates that others left over
    funnel["candidates"] = [*drawn, *[np.nan] * (len(WAYS) - len(drawn))]
    funnel.loc[[DATED, DECIDED], ["leads", "lost", *_lost_columns()]] = np.nan
    by_chain = _funnel(state, group[state.projects.product], lost, groups(state.world))
    by_chain["candidates"] = sum_by(group, witness.candidates.sum(axis=0), len(by_chain))
    names = state.world.county_names
    by_county = _funnel(state, state.projects.county, lost, names)
    by_county[["candidates", "leads", "lost", *_lost_columns()]] = np.nan
    maps = {code: found for code in model.leader_names if (found := chain_map(state, code, equipment)) is not None}
    keys = {"way": (way, WAYS[: WAYS.index(DATED)]), "chain": (group[state.projects.product], groups(state.world))}
    causes, against = _causes(keys, witness, len(state.projects))
    titles = {row["code"]: row["name"] for row in data.rows("leaders.csv")}
    return Explanation(
        scenario=scenario.name,
        title=scenario.title,
        seed=model.seed_of_run,
        known_until=str(scenario.run.known_until),
        origin=model.basis.origin,
        start=str(scenario.run.start),
        until=str(last),
        funnel=funnel,
        by_chain=by_chain,
        by_county=by_county,
        projects=_projects(state, way, why, open_parks, lost, witness),
        terms=witness.names,
        odds=witness.parts,
        causes=causes,
        against=against,
        failures=_failures(keys, witness, state.projects),
        public_money=_public_money(model, last),
        maps=maps,
        absent={code: titles[code] for code in model.leader_names if code not in maps},
        missing=_missing(model, last),
        decisions=pd.DataFrame(
            [(str(month), agent, sentence) for month, agent, sentence in model.log],
            columns=["month", "agent", "decision"],
        ),
    )


# --- funnel -----------------------------------------------------------------------------------------------------------


def ways(projects: Projects) -> Ints:
    """(J,) position in :data:`WAYS` of every project."""
    own = np.where(projects.event >= 0, WAYS.index(DATED), WAYS.index(DECIDED))
    graft = np.where(projects.graft >= 0, WAYS.index(GRAFTS), projects.channel)
    return np.asarray(np.where(projects.channel == Channel.OWN, own, graft))


def _lost_columns() -> list[str]:
    """Columns of the reasons of loss."""
    return [name for name in COUNTS if name.startswith("lost_")]


def _funnel(state: State, key: Ints, lost: Ints, labels: tuple[str, ...]) -> pd.DataFrame:
    """Counts and signed investment by a key of the projects; rows with a negative key are left out."""
    projects = state.projects
    stage, signed = projects.stage, projects.signed >= 0
    masks = {
        "leads": projects.channel != Channel.OWN,
        "own": projects.channel == Channel.OWN,
        "lost": stage == Stage.LOST,
        **{name: lost == at for at, name in enumerate(_lost_columns())},
        "signed": signed,
        "failed": stage == Stage.FAILED,
        "waiting": (stage == Stage.SIGNED) | (stage == Stage.LAND),
        "building": stage == Stage.BUILD,
        "producing": stage == Stage.DONE,
        "closed_since": (stage == Stage.DONE) & _closed(state),
    }
    size, here = len(labels), key >= 0
    columns: dict[str, Floats] = {"candidates": np.full(size, np.nan)}
    columns |= {name: sum_by(key[mask & here], np.ones(int((mask & here).sum())), size) for name, mask in masks.items()}
    columns["investment_signed_m_yuan"] = sum_by(key[signed & here], projects.investment[signed & here], size)
    return pd.DataFrame(columns, index=pd.Index(labels))


def _closed(state: State) -> Bools:
    """(J,) projects whose firm, made or enlarged, does not operate any more; leaders do not close."""
    firms, projects = state.firms, state.projects
    gone = firms.slot[~firms.alive & (firms.slot >= 0)]
    found = (projects.slot >= 0) & (projects.graft < 0) & np.isin(projects.slot, gone)
    graft = projects.graft >= 0
    found[graft] = ~firms.alive[projects.graft[graft]]
    return np.asarray(found)


# --- projects ---------------------------------------------------------------------------------------------------------


def _months(values: Ints) -> list[str]:
    """Calendar months of months since the opening, empty where negative."""
    return [str(OPENING + int(value)) if value >= 0 else "" for value in values]


def _projects(state: State, way: Ints, why: Floats, open_parks: Ints, lost: Ints, witness: Witness) -> pd.DataFrame:
    """Every project as a row for readers."""
    projects, world = state.projects, state.world
    leaders = (*(row["code"] for row in data.rows("leaders.csv")), "")
    history = plants_of_leaders()
    parks, counties = (*world.park_names, ""), (*world.county_names, "")
    names = groups(world)
    odds, cause = witness.odds(len(projects))
    hazards, stage = witness.failures(len(projects))
    frame = pd.DataFrame(
        {
            "came": _months(projects.born),
            "way": [WAYS[at] for at in way],
            "name": [history[event]["firm"] if event >= 0 else "" for event in projects.event],
            "product": [world.products[k] for k in projects.product],
            "label": [world.product_labels[k] for k in projects.product],
            "group": [names[at] for at in group_of(world)[projects.product]],
            "leader": [leaders[at] for at in projects.leader],
            "sponsor": [leaders[at] for at in projects.sponsor],
            "county": [counties[at] for at in projects.county],
            "park": [parks[at] for at in projects.park],
            "investment_m_yuan": projects.investment,
            "output_m_yuan": projects.announced_output,
            "land_mu": projects.land,
            "stage": [_stage(at, graft) for at, graft in zip(projects.stage, projects.graft, strict=True)],
            "lost_because": [LOST_REASONS[at] if at >= 0 else "" for at in lost],
            "lost_to": [witness.parts[at] if at >= 0 else "" for at in cause],
            "failed_in": [_stage(at, graft) if at > 0 else "" for at, graft in zip(stage, projects.graft, strict=True)],
            "signed": _months(projects.signed),
            "work_began": _months(projects.built),
            "produced": _months(projects.done),
            "closed_since": (projects.stage == Stage.DONE) & _closed(state),
            "closed": _months(_closing_month(state, witness)),
            "open_parks": open_parks,
        }
    )
    first = (projects.signed >= 0) & (projects.channel != Channel.OWN) & world.chain_product[projects.product]
    frame["first_of_chain"] = first & ~frame["group"].where(first).duplicated().to_numpy()
    columns = {f"why_{name}": why[:, at] for at, name in enumerate(witness.names)}
    columns |= {f"odds_{name}": odds[:, at] for at, name in enumerate(witness.parts)}
    columns |= {f"failed_{name}": hazards[:, at] for at, name in enumerate(HAZARDS)}
    return pd.concat([frame, pd.DataFrame(columns)], axis=1)


def _closing_month(state: State, witness: Witness) -> Ints:
    """(J,) month in which the firm that a project made or enlarged closed, -1 where it did not."""
    firms, projects = state.firms, state.projects
    row = projects.graft.copy()
    known = np.flatnonzero(firms.slot >= 0)
    order = known[np.argsort(firms.slot[known], kind="stable")]
    own = np.flatnonzero((projects.graft < 0) & (projects.slot >= 0) & (projects.stage == Stage.DONE))
    at = np.minimum(np.searchsorted(firms.slot[order], projects.slot[own]), len(order) - 1)
    row[own] = np.where(firms.slot[order[at]] == projects.slot[own], order[at], -1)
    found = np.where((row >= 0) & _closed(state), witness.closed[row], -1)
    return np.asarray(np.where(projects.stage == Stage.DONE, found, -1))


Keys = dict[str, tuple[Ints, tuple[str, ...]]]
"""How projects are sorted: by name of the sorting, their position and its labels."""


def _stage(stage: int, graft: int) -> str:
    """A stage in words; a project on the plot of an incumbent waits for permits only."""
    waits = Stage.LAND if stage == Stage.SIGNED and graft >= 0 else Stage(stage)
    return STAGE_WORDS[waits]


def _causes(keys: Keys, witness: Witness, size: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leads lost to other places by cause, and the mean of what spoke for and against them."""
    odds, cause = witness.odds(size)
    lost = cause >= 0
    counts, means = [], []
    for by, (key, labels) in keys.items():
        for at, label in enumerate(labels):
            mine = lost & (key == at)
            weighed = mine & ~np.isnan(odds).any(axis=1)
            named = np.bincount(cause[mine], minlength=len(witness.parts))
            counts.append({"by": by, "key": label, **dict(zip(witness.parts, named.tolist(), strict=True))})
            mean = odds[weighed].mean(axis=0) if weighed.any() else np.full(len(witness.parts), np.nan)
            means.append({"by": by, "key": label, **dict(zip(witness.parts, mean.tolist(), strict=True))})
    return pd.DataFrame(counts), pd.DataFrame(means)


def _failures(keys: Keys, witness: Witness, projects: Projects) -> pd.DataFrame:
    """Failed projects by way and chain: in all; by stage; and by the parts of their hazard.

    Grafts whose firm closed fail with it (``with_firm``); the stages and it, as the parts and it, sum to all.
    """
    hazards, stage = witness.failures(len(projects))
    failed, rows = projects.stage == Stage.FAILED, []
    for by, (key, labels) in keys.items():
        for at, label in enumerate(labels):
            mine = failed & (key == at)
            weighed = mine & (stage > 0)
            stages = {f"in_{each.name.lower()}": int((stage[weighed] == each).sum()) for each in WAITS}
            parts = dict(zip(HAZARDS, hazards[weighed].sum(axis=0).tolist(), strict=True))
            counts = {"failed": int(mine.sum()), **stages, **parts, "with_firm": int((mine & (stage == 0)).sum())}
            rows.append({"by": by, "key": label, **counts})
    return pd.DataFrame(rows)


def _public_money(model: NingdeModel, last: Month) -> pd.DataFrame:
    """Share of the planned policies that each budget could pay, mean of the months recorded of each year."""
    start = model.plan.run.start
    monthly = model.recorder.arrays["public_funded"][: last - start + 1]
    year = np.array([(start + at).year for at in range(len(monthly))])
    years = sorted(set(year.tolist()))
    names = (*model.world.county_names, CITY_LEVEL)
    index = pd.MultiIndex.from_product([years, names], names=["year", "budget"])
    values = {
        "funded": np.array([monthly[year == each].mean(axis=0) for each in years]),
        "months_short": np.array([(monthly[year == each] < SHORT_OF_MONEY).sum(axis=0) for each in years]),
    }
    return pd.DataFrame({name: each.ravel() for name, each in values.items()}, index=index).reset_index()


# --- chains of leaders ------------------------------------------------------------------------------------------------


def chain_map(state: State, code: str, equipment: Equipment) -> ChainMap | None:
    """Needs of a leader, how they are met, and what is made of its goods, at the annual rate of the month.

    Args:
        state: of the month.
        code: code of the leader.
        equipment: what was ordered in the last twelve months.

    Returns:
        The map; None without plants.
    """
    group, about = next((at, row) for at, row in enumerate(data.rows("leaders.csv")) if row["code"] == code)
    firms, world = state.firms, state.world
    mine = np.flatnonzero(firms.alive & (firms.leader == group))
    if not len(mine):
        return None
    bought = leader_purchases(state, group) * YEAR
    home, outside = bought[:, :-1].sum(axis=1), np.maximum(bought[:, -1], 0.0)
    chain_goods = np.asarray(state.technology.linked[:, firms.product[mine]].any(axis=1))
    frame = supply_frame(state, home, outside, outside_purchases(state), chain_goods)
    frame = frame[frame["need"] > 0].sort_values(["chain", "need"], ascending=False, kind="stable")
    made = tuple(
        (
            world.product_labels[k],
            float(firms.output[mine[firms.product[mine] == k]].sum()) * YEAR,
            float(firms.capacity[mine[firms.product[mine] == k]].sum()) * YEAR,
        )
        for k in dict.fromkeys(firms.product[mine].tolist())
    )
    orders = float(state.boards.orders[group]) * YEAR if state.boards.orders is not None else float("nan")
    inputs = frame.reset_index(drop=True)
    return ChainMap(code, about["name"], made, orders, inputs, equipment.of(state, group), downstream(state, group))


def outside_purchases(state: State) -> Floats:
    """(K,) chain goods that the chain industries of all counties buy outside, M yuan a year."""
    table, size = state.table, state.world.product_count
    assert table is not None
    cube = table.outside_inputs.reshape(size, -1, size).sum(axis=1)
    return np.asarray((cube * state.technology.linked).sum(axis=1) * YEAR)


# --- limits -----------------------------------------------------------------------------------------------------------


def _missing(model: NingdeModel, last: Month) -> pd.DataFrame:
    """Missing output by year, county, group and limit: the annual rate, mean over the months recorded of the year."""
    start = model.plan.run.start
    monthly = model.recorder.arrays["missing"][: last - start + 1]
    year = np.array([(start + at).year for at in range(len(monthly))])
    world = model.world
    labels = (list(world.county_names), list(groups(world)), list(LIMITS))
    years = sorted(set(year.tolist()))
    values = np.array([monthly[year == each].mean(axis=0) * YEAR for each in years])
    index = pd.MultiIndex.from_product([years, *labels], names=["year", "county", "group", "limit"])
    return pd.DataFrame({"m_yuan": values.ravel()}, index=index).reset_index()


__all__ = ["OTHER", "ChainMap", "Explanation", "chain_map", "explain", "ways"]
