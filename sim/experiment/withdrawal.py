"""A lead firm withdraws: pairs of runs with and without the event, of the same seed and so with the same luck.

The event is a row of :mod:`sim.mechanisms.shocks`: ``leader_exit`` where the firm leaves, ``leader_cut`` where it loses
a share of its orders. Both runs of a pair are the same to the last bit up to the month before it. What is told are
differences of a pair: what suppliers lose and which of them close, jobs, local taxes and public debt by county, and how
long it takes until half of the loss is made good.

:func:`static_loss` is the limit in which nothing but the month's orders reacts: hypothetical extraction of the firm
from the table of the month (:mod:`sim.inputoutput.extraction`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.accounts import the_table
from sim.data import prefecture
from sim.experiment.executor import run_all
from sim.inputoutput.extraction import extract
from sim.inputoutput.tables import Table
from sim.mechanisms.demand import OPENING
from sim.mechanisms.prices import home_pool, needed_inputs
from sim.mechanisms.shocks import leader_codes
from sim.model import NingdeModel
from sim.parameters import Month
from sim.scenario import Scenario
from sim.state import YEAR, State
from sim.statistics.table import link_sales
from sim.sums import sum_by
from sim.world import load_world

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SMOOTHED = 3
"""Months over which a loss is averaged before its depth is read: one strange month is no trough (assumption)."""

FALL = 36
"""Months in which the deepest loss is looked for: what differs later is no longer the fall itself but how the two
economies have grown apart (assumption)."""

SERIES: Mapping[str, str] = {
    "output": "output, M yuan a month at 2018 prices",
    "others": "output without the firm's own plants, M yuan a month at 2018 prices",
    "suppliers": "output of the suppliers of the month before, M yuan a month at 2018 prices",
    "open": "of these suppliers, those still open, number",
    "jobs": "jobs by workplace, persons",
    "local_tax": "taxes that stay below the central government, M yuan a month at 2018 prices",
    "public_debt": "debt of the budget at the end of the month, M yuan at 2018 prices",
}
"""What is kept of each run by month and county; the city level of the budget stands after the counties."""


class NoPlantError(ValueError):
    """The firm has no plant here in the month before the event, so it has nothing to withdraw."""


@dataclass(frozen=True)
class Event:
    """What happens to which firm.

    Attributes:
        leader: its code.
        start: first month with an effect.
        size: share of its orders lost at the start; None: the firm leaves.
        half_life: months in which a cut halves; None: the default of the model.
    """

    leader: str
    start: str
    size: float | None = None
    half_life: float | None = None

    def row(self) -> dict[str, object]:
        """The row of a scenario file."""
        kind = "leader_exit" if self.size is None else "leader_cut"
        row: dict[str, object] = {"type": kind, "target": self.leader, "start": self.start}
        given = {"size": self.size, "half_life": self.half_life}
        return row | {key: value for key, value in given.items() if value is not None}


@dataclass(frozen=True)
class Job:
    """One run of a pair."""

    scenario: Scenario
    seed: int
    event: Event
    happens: bool
    table: Table | None


@dataclass(frozen=True)
class Observed:
    """What one run leaves behind.

    Attributes:
        series: (T, C + 1) by name, see :data:`SERIES`; first row = the month before the event.
        supplier_county, supplier_product: (n,) of the suppliers.
        to_leader: (n,) what they sell to the firm in the month before, M yuan.
        supplier_output: (T, n) their output, M yuan a month.
        supplier_open: (T, n) whether they operate.
        static: (N,) output lost by hypothetical extraction from the table of the month before, M yuan a month.
        own: output of the firm's plants in that month, M yuan.
    """

    series: dict[str, Floats]
    supplier_county: Ints
    supplier_product: Ints
    to_leader: Floats
    supplier_output: Floats
    supplier_open: NDArray[np.bool_]
    static: Floats
    own: float


@dataclass(frozen=True)
class Withdrawal:
    """Pairs of runs.

    Attributes:
        scenario: name of the scenario without the event.
        title: its title.
        opening: what the opening rests on, as a result file has it.
        known_until: last month whose facts the runs know.
        event: what happens.
        seeds: seeds of the pairs that came to their end.
        faults: why others did not.
        without, with_: the runs, in the order of the seeds.
    """

    scenario: str
    title: str
    opening: str
    known_until: str
    event: Event
    seeds: tuple[int, ...]
    faults: tuple[str, ...]
    without: tuple[Observed, ...]
    with_: tuple[Observed, ...]

    @property
    def months(self) -> tuple[Month, ...]:
        """Months of the series, the first before the event."""
        first = Month(self.event.start) + (-1)
        return tuple(first + at for at in range(len(self.without[0].series["output"])))

    def city(self, name: str) -> tuple[Floats, Floats]:
        """(S, T) a series of the whole city, without and with the event."""
        without, with_ = (
            np.array([run.series[name].sum(axis=1) for run in runs]) for runs in (self.without, self.with_)
        )
        return without, with_

    def loss(self, name: str) -> Floats:
        """(S, T) share of a series of the city that is lost, 0 in the month before the event."""
        without, with_ = self.city(name)
        return 1.0 - np.divide(with_, without, out=np.ones_like(with_), where=without > 0)


def paired(
    scenario: Scenario,
    event: Event,
    seeds: Sequence[int],
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    *,
    table: Table | None = None,
) -> Withdrawal:
    """Run every seed with and without the event.

    Args:
        scenario: the run without it; events of its own happen in both runs.
        event: what happens.
        seeds: one pair each.
        workers: processes at once.
        progress: called after each run with runs done and runs in all.
        table: opening table in place of the estimated one.

    Raises:
        ScenarioError: the event does not fit the scenario.
        ValueError: it starts in the first month of the run, so that there is no month before it.
        NoPlantError: the firm has no plant in the month before, in any pair.
        RuntimeError: no pair came to its end, for another reason.
    """
    if Month(event.start) <= OPENING + 1:
        raise ValueError(f'"{event.start}" has no month of the run before it: the first start is {OPENING + 2}')
    rows = [*scenario.tables["events"]["shocks"], event.row()]
    hit = scenario.replace({"events.shocks": rows}, name=scenario.name)
    jobs = [Job(plan, seed, event, plan is hit, table) for seed in seeds for plan in (scenario, hit)]
    found: dict[tuple[int, bool], Observed] = {}
    faults: dict[str, None] = {}
    for outcome in run_all(observe, jobs, workers, progress):
        if outcome.result is None:
            faults[outcome.fault] = None
        else:
            found[outcome.job.seed, outcome.job.happens] = outcome.result
    whole = tuple(seed for seed in seeds if (seed, True) in found and (seed, False) in found)
    if not whole:
        text = "; ".join(faults)
        prefix = f"{NoPlantError.__name__}: "
        raise NoPlantError(text.removeprefix(prefix)) if text.startswith(prefix) else RuntimeError(text)
    return Withdrawal(
        scenario.name,
        scenario.title,
        "synthetic" if table is None else NingdeModel(scenario, table=table).basis.origin,
        str(scenario.run.known_until),
        event,
        whole,
        tuple(faults),
        tuple(found[seed, False] for seed in whole),
        tuple(found[seed, True] for seed in whole),
    )


def observe(job: Job) -> Observed:
    """Run one job and keep what is told of it. A function of the job alone.

    Raises:
        NoPlantError: the firm has no plant in the month before the event.
    """
    model = NingdeModel(job.scenario, job.seed, table=job.table)
    before = Month(job.event.start) - 1 - OPENING
    for _ in range(before):
        model.step()
    state, group = model.state, leader_codes().index(job.event.leader)
    firms, counties = state.firms, state.world.county_count
    if not (firms.alive & (firms.leader == group) & (firms.output > 0)).any():
        raise NoPlantError(
            f"{job.event.leader} makes nothing in {prefecture.name()} in {OPENING + state.month}, before the event"
        )
    rows, sales = suppliers(state, group)
    static = static_loss(state, group)
    own = float(firms.output[firms.leader == group].sum())
    months = model.months - before + 1
    series = {name: np.zeros((months, counties + 1)) for name in SERIES}
    output, open_ = np.zeros((months, len(rows))), np.zeros((months, len(rows)), dtype=np.bool_)
    county = firms.county[rows].copy()
    for at in range(months):
        if at:
            model.step()
        output[at], open_[at] = firms.output[rows], firms.alive[rows]
        _keep(state, group, {name: part[at] for name, part in series.items()})
        series["suppliers"][at, :counties] = sum_by(county, output[at], counties)
        series["open"][at, :counties] = sum_by(county, open_[at].astype(float), counties)
    return Observed(series, county, firms.product[rows].copy(), sales, output, open_, static, own)


def _keep(state: State, group: int, month: dict[str, Floats]) -> None:
    """Write the series of a month by county; output and jobs are those made in it."""
    firms, size = state.firms, state.world.county_count
    books = state.firm_accounts
    made, own = firms.output, firms.leader == group  # that of firms that closed at the end of the month included
    month["output"][:size] = sum_by(firms.county, made, size)
    month["others"][:size] = sum_by(firms.county, np.where(own, 0.0, made), size)
    month["jobs"][:size] = sum_by(firms.county, firms.staff, size)
    month["public_debt"][:] = state.budgets.debt
    if books is not None:
        month["local_tax"][:size] = sum_by(firms.county, books.local_tax, size)


def suppliers(state: State, group: int) -> tuple[Ints, Floats]:
    """Rows of the firms that deliver to the plants of a leader over links, and what they sell to them, M yuan a month.

    Plants of the leader itself are left out; so is what comes over the pool (energy, services), which has no names.
    """
    links, relations, firms = the_table(state).links, state.relations, state.firms
    mine = firms.alive & (firms.leader == group)
    chosen = np.flatnonzero(mine[relations.buyer[links.relation]] & (links.weight > 0))
    sold = sum_by(links.supplier[chosen], link_sales(state, chosen), len(firms))
    rows = np.flatnonzero((sold > 0) & (firms.leader != group) & firms.alive)
    return rows, sold[rows]


def firm_flows(state: State) -> tuple[Floats, Floats, Ints]:
    """The table of the month firm by firm: every row of the model that makes something is an industry of its own.

    Added up by county and product it is the month's table. Firms of one county and product buy from different
    suppliers, so that what the table tells of one of them is an average; firm by firm it is exact.

    Args:
        state: after a month without a shortage.

    Returns:
        (n, n) flows and (n,) output, M yuan a month; (n,) the firm row of each.

    Raises:
        ValueError: the month is one of shortage, in which orders do not follow output.
    """
    firms, table = state.firms, the_table(state)
    if len(table.scarce):
        raise ValueError(f"month {state.month} is a month of shortage: its orders do not follow output")
    rows = np.flatnonzero(firms.output > 0)
    output, node = firms.output[rows], firms.node[rows]
    supplied = (table.served * table.shares)[rows]
    flows = home_pool(state)[np.ix_(node, node)] * supplied[:, None] * output
    links, relations = table.links, state.relations
    position = np.full(len(firms), -1)
    position[rows] = np.arange(len(rows))
    buyer = relations.buyer[links.relation]
    sold = links.weight * needed_inputs(state)[links.relation] * firms.output[buyer] * table.served[links.supplier]
    chosen = np.flatnonzero(sold > 0)
    np.add.at(flows, (position[links.supplier[chosen]], position[buyer[chosen]]), sold[chosen])
    return flows, output, rows


def static_loss(state: State, group: int) -> Floats:
    """(N,) output lost in the month if a leader's plants made nothing and all else stood still, M yuan a month.

    Hypothetical extraction (``total``) of the plants from the table of the month, firm by firm; their own output is
    part of the loss. It is what the model's own month gives with the plants at zero, as long as nobody else is at the
    limit of capacity.
    """
    flows, output, rows = firm_flows(state)
    mine = np.flatnonzero(state.firms.leader[rows] == group)
    loss = extract(flows, output, mine).loss if len(mine) else np.zeros(len(rows))
    return sum_by(state.firms.node[rows], loss, state.node_count)


# --- what is told -----------------------------------------------------------------------------------------------------


def smoothed(loss: Floats, months: int = SMOOTHED) -> Floats:
    """(T,) mean of a month and those before it, as far as there are any."""
    total = np.cumsum(np.insert(loss, 0, 0.0))
    last = np.arange(1, len(loss) + 1)
    first = np.maximum(last - months, 0)
    return np.asarray((total[last] - total[first]) / (last - first))


@dataclass(frozen=True)
class Recovery:
    """How a loss goes.

    Attributes:
        depth: greatest loss of the first :data:`FALL` months, share.
        deepest: months from the last month before the event to it.
        half: months from the deepest point until half of it is made good; NaN where the run ends before.
        left: loss in the last twelve months, share.
    """

    depth: float
    deepest: int
    half: float
    left: float


def recovery(loss: Floats) -> Recovery:
    """Depth, half-way mark and rest of a loss.

    Half is made good in the first month after the deepest in which no more than half of the greatest loss is left.

    Args:
        loss: (T,) share lost by month, first the month before the event.
    """
    path = smoothed(loss)
    deepest = int(path[: FALL + 1].argmax())
    depth = float(path[deepest])
    after = np.flatnonzero(path[deepest:] <= depth / 2.0)
    half = float(after[0]) if depth > 0 and len(after) else float("nan")
    return Recovery(depth, deepest, half, float(loss[-YEAR:].mean()))


def recoveries(found: Withdrawal, name: str) -> list[Recovery]:
    """The recovery of a series of the city in each pair."""
    return [recovery(loss) for loss in found.loss(name)]


def by_year(found: Withdrawal) -> pd.DataFrame:
    """Losses of the city by seed and calendar year, whole years from the event on.

    Money: bn yuan a year at 2018 prices; public debt, jobs and open suppliers: those of December.
    """
    months = found.months
    rows = []
    for year in dict.fromkeys(month.year for month in months[1:]):
        inside = [at for at, month in enumerate(months) if at and month.year == year]
        if len(inside) < YEAR and months[inside[-1]].month != YEAR:
            continue
        for number, seed in enumerate(found.seeds):
            row: dict[str, float] = {"year": year, "seed": seed}
            for name in SERIES:
                without, with_ = (part[number] for part in found.city(name))
                flow = name in ("output", "others", "suppliers", "local_tax")
                before, after = (float(part[inside].sum() if flow else part[inside[-1]]) for part in (without, with_))
                scale = 1000.0 if flow or name == "public_debt" else 1.0
                row[f"{name}_without"], row[f"{name}_with"] = before / scale, after / scale
            rows.append(row)
    return pd.DataFrame(rows)


def by_county(found: Withdrawal, after: int) -> pd.DataFrame:
    """Losses by seed and county some months after the event has begun.

    Flows are those of the twelve months that end then, bn yuan at 2018 prices; jobs, debt (bn yuan) and open suppliers
    are those of the month. The city level has a budget only.

    Args:
        found: pairs of runs.
        after: months from the last month before the event.
    """
    names = [*load_world().county_names, "city level"]
    end = min(after, len(found.months) - 1)
    last = slice(max(end - YEAR + 1, 1), end + 1)
    rows = []
    for number, seed in enumerate(found.seeds):
        runs = {"without": found.without[number], "with": found.with_[number]}
        for place, county in enumerate(names):
            row: dict[str, object] = {"county": county, "seed": seed}
            for label, run in runs.items():
                for name in SERIES:
                    values = run.series[name][:, place]
                    flow = name in ("output", "others", "suppliers", "local_tax")
                    scale = 1000.0 if flow or name == "public_debt" else 1.0
                    row[f"{name}_{label}"] = float(values[last].sum() if flow else values[end]) / scale
            before = found.without[number]
            mine = before.supplier_county == place
            row["suppliers_before"] = int(mine.sum())
            row["sold_to_firm"] = float(before.to_leader[mine].sum()) * YEAR / 1000.0
            rows.append(row)
    return pd.DataFrame(rows)


def supplier_table(found: Withdrawal, after: int) -> pd.DataFrame:
    """Every supplier of every pair: what it sold to the firm, and what became of it some months later.

    Args:
        found: pairs of runs.
        after: months from the last month before the event.
    """
    world = load_world()
    end = min(after, len(found.months) - 1)
    frames = []
    for seed, without, with_ in zip(found.seeds, found.without, found.with_, strict=True):
        size = len(without.to_leader)
        frames.append(
            pd.DataFrame(
                {
                    "seed": np.full(size, seed),
                    "county": [world.county_names[at] for at in without.supplier_county],
                    "product": [world.products[at] for at in without.supplier_product],
                    "output_before": without.supplier_output[0],
                    "sold_to_firm": without.to_leader,
                    "output_without": without.supplier_output[end],
                    "output_with": with_.supplier_output[end],
                    "open_without": without.supplier_open[end],
                    "open_with": with_.supplier_open[end],
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
