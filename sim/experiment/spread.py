"""Where the spread comes from: what part of a result's variance is due to luck, to the world, to figures, to guesses.

Six sources of doubt are drawn, independent of each other:

chance               all random streams but those of the world and the opening
world                demand of the world, commodity prices, rivals of the lead firms
table                the input-output table: technology, own shares, trade, province (:mod:`sim.opening.uncertainty`)
opening              counties' shares in products and the synthetic firms of the opening
sourced parameters   parameters of behaviour that are sourced or derived
assumed parameters   those that are assumed, recalled or to be calibrated

Parameters are drawn from their declared ranges, triangular with the scenario's value as mode; levers are policy and
stay. Shares that must sum to 1 are scaled. The design is that of :mod:`sim.statistics.variance`: with N rows it takes
8 N runs (12 rows, 96 runs, are the default), and the intervals tell what so few runs leave open. A row of which a run
ends early, because values within their ranges allow no opening or no month together, is left out and counted.

The evidence share of a result is what sourced parameters move of it among all that figures move (total effects):
parameters, table and opening. Table and opening count as assumed, since the width of their laws is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.draws import Streams
from sim.experiment.comparison import ComparisonError
from sim.experiment.executor import run_all
from sim.experiment.layout import layout_of, record
from sim.experiment.shares import scaled_shares
from sim.experiment.single import run_model
from sim.mechanisms.demand import Demand
from sim.mechanisms.labour import Labour
from sim.model import GROUPS, NingdeModel
from sim.opening.totals import OpeningError, check_jobs, opening_totals
from sim.opening.uncertainty import SOURCES as TABLE_SOURCES
from sim.opening.uncertainty import draw_table
from sim.parameters import Parameters, Row, describe
from sim.scenario import Scenario
from sim.settings import InputOutput, Opening, Run
from sim.statistics.variance import Spread, spread
from sim.world import GROUPS as COUNTY_GROUPS
from sim.world import load_world

Floats = NDArray[np.float64]

SOURCES: tuple[str, ...] = ("chance", "world", "table", "opening", "sourced parameters", "assumed parameters")
"""Sources of doubt, in the order of tables and figures."""

WORLD_STREAMS = frozenset({"demand.shock", "prices.commodity", "leaders.rivals"})
"""Streams of what happens outside."""

SOURCED = ("sourced", "derived")
"""Grades that count as evidence."""

NOT_BEHAVIOUR = (Run, Opening, InputOutput)
"""Groups that are no behaviour: the months, and what the draws of table and opening move."""

STREAM = "spread.parameters"
"""Named stream of drawn parameters; the number of the draw takes the place of the month."""

TRIALS = 200
"""Draws of labour parameters before a run is given up (numerical)."""

ROWS = 12
"""Rows of the design: 96 runs, some minutes on two processors (assumption: intervals of shares about 0.2 wide)."""

BILLION = 1000.0
"""M yuan in a bn yuan."""

RESAMPLING = 1
"""Seed of the bootstrap (numerical)."""


@dataclass(frozen=True)
class SplitStreams(Streams):
    """Streams of a run whose world has luck of its own.

    Attributes:
        world: seed of :data:`WORLD_STREAMS`; all others have the seed of the run.
    """

    world: int

    def draw(self, purpose: str, month: int) -> np.random.Generator:
        if purpose in WORLD_STREAMS:
            return self._outside.draw(purpose, month)
        return super().draw(purpose, month)

    @cached_property
    def _outside(self) -> Streams:
        """Streams of the world."""
        return Streams(self.world)


@dataclass(frozen=True)
class DoubtJob:
    """One run of the design.

    Attributes:
        scenario: best values.
        draws: number of the draw of each source, in the order of :data:`SOURCES`.
    """

    scenario: Scenario
    draws: tuple[int, ...]


def doubt_run(job: DoubtJob) -> dict[str, float]:
    """Run a job and give its headlines, by name.

    Raises:
        ScenarioError, OpeningError, BrokenIdentityError, NoConvergenceError: the drawn values do not go together.
    """
    draw = dict(zip(SOURCES, job.draws, strict=True))
    best = job.scenario
    plan = drawn_scenario(best, draw["sourced parameters"], draw["assumed parameters"])
    table = draw_table(
        best[Opening],
        best[InputOutput],
        plan[Labour],
        best.run.seed,
        draw["table"],
        nev_share=best[Demand].nev_share_local,
        vary=tuple(TABLE_SOURCES),
        counties=draw["opening"],
    ).table
    model = NingdeModel(plan, draw["opening"], table=table)
    model.streams = SplitStreams(draw["chance"], draw["world"])
    layout = layout_of(plan)
    return headlines(record(run_model(model), layout), plan)


def headlines(vector: Floats, scenario: Scenario) -> dict[str, float]:
    """The results whose spread is told: the last twelve months or the last year of a run.

    Args:
        vector: of the run, see :mod:`sim.experiment.layout`.
        scenario: what was run.
    """
    layout, world = layout_of(scenario), load_world()
    last = dict(zip(layout.coords["series"].tolist(), layout.view(vector, "headline")[-1].tolist(), strict=True))
    made = layout.view(vector, "value_added")[-1].sum(axis=1)
    mountain = world.group == COUNTY_GROUPS.index("mountain")
    return {
        "above-scale output, bn yuan": last["above_scale_output"] / BILLION,
        "above-scale output at 2018 prices, bn yuan": last["above_scale_output_real"] / BILLION,
        "four chains, bn yuan": last["four_chains"] / BILLION,
        "without chain double counting, bn yuan": last["without_chain_double_counting"] / BILLION,
        "GDP at 2018 prices, bn yuan": last["gdp_real"] / BILLION,
        "jobs, thousand": float(layout.view(vector, "jobs")[-1].sum()) / 1000.0,
        "local tax, bn yuan": float(layout.view(vector, "local_tax")[-1].sum()) / BILLION,
        "share of mountain counties in value added": float(made[mountain].sum() / made.sum()),
    }


# --- drawing parameters -----------------------------------------------------------------------------------------------


def drawn_scenario(scenario: Scenario, sourced: int, assumed: int) -> Scenario:
    """The scenario with parameters of behaviour drawn from their ranges.

    The luck of a table of parameters depends on nothing but its name and the number of the draw. Jobs per output and
    participation that leave a county with more jobs than people at the opening contradict what is known of it: that
    table is then drawn again.

    Args:
        scenario: its values are the modes.
        sourced: number of the draw of those of the grades :data:`SOURCED`.
        assumed: number of the draw of all others.

    Raises:
        ScenarioError: the drawn values contradict each other.
        OpeningError: no values of labour that agree with the opening in :data:`TRIALS` trials.
    """
    streams, found = Streams(scenario.run.seed), dict[str, float]()
    for group in behaviour(scenario):
        luck = tuple(streams.draw(f"{STREAM}.{group.table}", number) for number in (sourced, assumed))
        drawn = _drawn_labour(scenario, group, luck) if isinstance(group, Labour) else _drawn_group(group, luck)
        found |= {f"{group.table}.{name}": value for name, value in drawn.items()}
    return scenario.replace(found)


def _drawn_group(group: Parameters, luck: tuple[np.random.Generator, ...]) -> dict[str, float]:
    """Drawn values of a group by name; luck of sourced and of assumed parameters."""
    rows = ranged(group)
    each = [{row.name: _drawn(row, group, generator) for row in rows} for generator in luck]
    return scaled_shares(group, {row.name: each[row.grade not in SOURCED][row.name] for row in rows})


def _drawn_labour(scenario: Scenario, group: Labour, luck: tuple[np.random.Generator, ...]) -> dict[str, float]:
    """The same for labour: values with which the counties of the opening have people for their jobs."""
    totals = opening_totals(scenario[Opening], scenario[InputOutput])
    for _ in range(TRIALS):
        drawn = _drawn_group(group, luck)
        with suppress(OpeningError):
            check_jobs(totals, group.model_copy(update={k: v for k, v in drawn.items() if "." not in k}))
            return drawn
    raise OpeningError(f"{TRIALS} draws of labour parameters left a county with more jobs than people")


def behaviour(scenario: Scenario) -> Iterator[Parameters]:
    """Groups of parameters of behaviour."""
    return (group for group in scenario.parameters if type(group) in GROUPS and type(group) not in NOT_BEHAVIOUR)


def ranged(group: Parameters) -> list[Row]:
    """Parameters of a group that are numbers with a range; no levers, months, schedules or lists."""
    return [
        row
        for row in describe(type(group))
        if row.kind == "parameter"
        and isinstance(row.low, int | float)
        and isinstance(row.high, int | float)
        and isinstance(_value(group, row.name), int | float)
    ]


def _value(group: Parameters, name: str) -> object:
    """The value of a parameter, or of one figure of a table of figures."""
    field, _, key = name.partition(".")
    value = getattr(group, field)
    return value[key] if key and isinstance(value, Mapping) else value


def _drawn(row: Row, group: Parameters, luck: np.random.Generator) -> float:
    """One value, triangular on its range with the present value as mode; whole numbers stay whole."""
    mode = _value(group, row.name)
    low, high = float(row.low or 0.0), float(row.high or 0.0)
    if not isinstance(mode, int | float):
        raise TypeError(f"{group.table}.{row.name} is not a number")
    low, high = min(low, mode), max(high, mode)
    value = float(luck.triangular(low, mode, high)) if low < high else float(mode)
    return round(value) if isinstance(mode, int) else value


# --- the design -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class SpreadStudy:
    """What the spread of each headline consists of.

    Attributes:
        rows: rows of the design that ended.
        runs: runs that were made.
        faults: why rows were left out, a sentence each run that failed.
        results: by headline, (runs of a row, rows): base, other, and each source swapped.
    """

    rows: int
    runs: int
    faults: tuple[str, ...]
    results: Mapping[str, Floats]

    def of(self, headline: str) -> Spread:
        """Parts of the sources in the variance of a headline."""
        base, other, *swapped = self.results[headline]
        return spread(base, other, np.array(swapped), np.random.default_rng(RESAMPLING))

    def evidence_share(self, headline: str) -> float:
        """What sourced parameters move among all that figures move, by total effects; NaN if they move nothing.

        Total effects are sums of squares, so that few runs tell them better than the parts.
        """
        part = dict(zip(SOURCES, self.of(headline).total.tolist(), strict=True))
        figures = sum(part[name] for name in SOURCES[2:])
        return part["sourced parameters"] / figures if figures > 0 else float("nan")

    def table(self) -> pd.DataFrame:
        """A row each headline and source: part of the variance, low, high, alone, total; "rest" is what is left open.

        Columns mean and sd are those of the headline over all independent runs, evidence its evidence share.
        """
        rows = []
        for headline, results in self.results.items():
            found, evidence = self.of(headline), self.evidence_share(headline)
            about = {
                "headline": headline,
                "mean": float(results[:2].mean()),
                "sd": float(np.sqrt(found.variance)),
                "evidence": evidence,
            }
            for at, source in enumerate(SOURCES):
                values = {"part": found.part, "low": found.low, "high": found.high}
                values |= {"alone": found.alone, "total": found.total}
                rows.append({**about, "source": source, **{name: float(each[at]) for name, each in values.items()}})
            rows.append({**about, "source": "rest", "part": found.rest})
        return pd.DataFrame(rows)


def design(scenario: Scenario, rows: int) -> list[DoubtJob]:
    """The runs, row by row: base, other, and each source swapped; draws are numbered from 0."""
    jobs = []
    for row in range(rows):
        a, b = 2 * row, 2 * row + 1
        jobs += [DoubtJob(scenario, (a,) * len(SOURCES)), DoubtJob(scenario, (b,) * len(SOURCES))]
        jobs += [
            DoubtJob(scenario, tuple(b if at == source else a for at in range(len(SOURCES))))
            for source in range(len(SOURCES))
        ]
    return jobs


def where_spread_comes_from(
    scenario: Scenario,
    rows: int = ROWS,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    function: Callable[[DoubtJob], dict[str, float]] = doubt_run,
) -> SpreadStudy:
    """Run the design and find the parts of each source in the spread of the headlines.

    Args:
        scenario: best values; its seed keys the draws.
        rows: rows of the design; it takes 8 runs each.
        workers: processes at once.
        progress: called after each run with runs done and runs in all.
        function: what is run.

    Raises:
        ComparisonError: fewer than two rows were asked for, or came to their end.
    """
    if rows < 2:
        raise ComparisonError(f"{rows} rows are too few to tell a spread: give at least 2")
    jobs = design(scenario, rows)
    found: dict[DoubtKey, dict[str, float]] = {}
    faults = []
    for outcome in run_all(function, jobs, workers, progress):
        if outcome.result is None:
            faults.append(outcome.fault)
        else:
            found[outcome.job.draws] = outcome.result
    width = len(SOURCES) + 2
    whole = [
        part
        for part in (jobs[at : at + width] for at in range(0, len(jobs), width))
        if all(job.draws in found for job in part)
    ]
    if len(whole) < 2:
        why = f"; the first fault: {faults[0]}" if faults else ""
        raise ComparisonError(f"{len(whole)} of {rows} rows came to their end, which is too few{why}")
    names = found[whole[0][0].draws]
    results = {name: _matrix([[found[job.draws][name] for job in part] for part in whole]) for name in names}
    return SpreadStudy(len(whole), len(jobs), tuple(faults), results)


DoubtKey = tuple[int, ...]
"""Numbers of the draws of one run."""


def _matrix(rows: Sequence[Sequence[float]]) -> Floats:
    """(runs of a row, rows) from a list of rows."""
    return np.array(rows, dtype=np.float64).T
