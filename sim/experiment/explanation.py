"""Who came to Ningde, where and why: funnel, projects, chain maps and limits of one run up to a month."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim import data
from sim.experiment.witness import LOST_REASONS, Witness
from sim.inputoutput.tables import Table
from sim.limits import LIMITS, OTHER, group_of, groups
from sim.mechanisms.demand import OPENING
from sim.mechanisms.gaps import pipeline_by_product
from sim.mechanisms.sourcing import qualification_of
from sim.model import NingdeModel
from sim.parameters import Month
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
    months = last - OPENING
    for done in range(1, months + 1):
        model.step()
        witness.after(model.state)
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
    maps = {code: found for code in model.leader_names if (found := chain_map(state, code)) is not None}
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
        projects=_projects(state, way, why, witness.names, open_parks, lost),
        terms=witness.names,
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


def _projects(
    state: State, way: Ints, why: Floats, terms: tuple[str, ...], open_parks: Ints, lost: Ints
) -> pd.DataFrame:
    """Every project as a row for readers."""
    projects, world = state.projects, state.world
    leaders = (*(row["code"] for row in data.rows("leaders.csv")), "")
    history = data.rows("history.csv")
    parks, counties = (*world.park_names, ""), (*world.county_names, "")
    names = groups(world)
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
            "stage": [STAGE_WORDS[Stage(at)] for at in projects.stage],
            "lost_because": [LOST_REASONS[at] if at >= 0 else "" for at in lost],
            "signed": _months(projects.signed),
            "work_began": _months(projects.built),
            "produced": _months(projects.done),
            "closed_since": (projects.stage == Stage.DONE) & _closed(state),
            "open_parks": open_parks,
        }
    )
    first = (projects.signed >= 0) & (projects.channel != Channel.OWN) & world.chain_product[projects.product]
    frame["first_of_chain"] = first & ~frame["group"].where(first).duplicated().to_numpy()
    for at, name in enumerate(terms):
        frame[f"why_{name}"] = why[:, at]
    return frame


# --- chains of leaders ------------------------------------------------------------------------------------------------


def chain_map(state: State, code: str) -> ChainMap | None:
    """Needs of a leader and how they are met, at the annual rate of the month; None without plants.

    What home plants could deliver now (capacity of qualified firms that stands idle) and what signed projects will
    deliver is shared among all home buyers in proportion to what they buy outside, so that the maps of two leaders
    never count a supplier twice.
    """
    group, about = next((at, row) for at, row in enumerate(data.rows("leaders.csv")) if row["code"] == code)
    firms, world, size = state.firms, state.world, state.world.product_count
    mine = np.flatnonzero(firms.alive & (firms.leader == group))
    if not len(mine):
        return None
    bought = leader_purchases(state, group) * YEAR
    home, outside = bought[:, :-1].sum(axis=1), np.maximum(bought[:, -1], 0.0)
    live = firms.alive & ~firms.block
    qualified = live & (firms.opening | (state.month - firms.birth >= qualification_of(state)))
    capacity = sum_by(firms.product[live], firms.capacity[live], size) * YEAR
    able = sum_by(firms.product[qualified], firms.capacity[qualified], size) * YEAR
    free = np.maximum(firms.capacity - firms.output, 0.0)
    idle = sum_by(firms.product[qualified], free[qualified], size) * YEAR
    chain_goods = state.technology.linked[:, firms.product[mine]].any(axis=1)
    everyone = np.maximum(outside_purchases(state), outside)
    coming = pipeline_by_product(state)
    part = np.divide(outside, everyone, out=np.zeros(size), where=everyone > 0)
    could = np.where(chain_goods, np.minimum(outside, idle * part), 0.0)
    later = np.where(chain_goods, np.minimum(outside - could, coming * part), 0.0)
    stage = state.projects.stage
    pipeline = (stage >= Stage.SIGNED) & (stage <= Stage.BUILD)
    frame = pd.DataFrame(
        {
            "product": world.products,
            "label": world.product_labels,
            "chain": chain_goods,
            "need": home + outside,
            "home": home,
            "outside": outside,
            "could": could,
            "coming": later,
            "gap": np.where(chain_goods, outside - could - later, 0.0),
            "home_capacity": capacity,
            "qualified_capacity": able,
            "idle_qualified": idle,
            "suppliers": sum_by(firms.product[live & ~firms.fringe], np.ones(int((live & ~firms.fringe).sum())), size),
            "coming_all": coming,
            "projects_coming": sum_by(state.projects.product[pipeline], np.ones(int(pipeline.sum())), size),
        }
    )
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
    return ChainMap(code, about["name"], made, orders, frame.reset_index(drop=True))


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
