"""The regional table of the opening or of any month of a run, with what an analysis needs beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.inputoutput.tables import Table, aggregate, inside
from sim.mechanisms.demand import OPENING, Demand
from sim.mechanisms.labour import Labour
from sim.model import NingdeModel
from sim.opening.basis import OUTSIDE_NAMES
from sim.opening.national import UNIT
from sim.opening.position import leader_names
from sim.opening.table import OUTSIDE_REGIONS
from sim.opening.uncertainty import sample_tables
from sim.parameters import Month
from sim.scenario import Scenario
from sim.settings import InputOutput, Opening
from sim.state import YEAR
from sim.statistics import OUTSIDE, jobs_by_node, leader_purchases, regional_table
from sim.world import load_world

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RegionalAccounts:
    """The table of one month and what goes with it; money is M yuan a year at 2018 prices, months times twelve.

    Attributes:
        scenario: name of the scenario.
        month: month of the table; December 2013 is the opening.
        origin: what the opening rests on, "synthetic" or the digest of a table that was given.
        city: the ten counties as an economy of their own; everything else is outside.
        wide: ten counties, the rest of Fujian and the rest of China; None after the opening, as the model follows the
            ten counties only.
        jobs: (N,) persons at work in each industry of ``city``.
        chains: purchases of each leader that has a plant, (K, C + 1) by product and by county of the supplier, outside
            last; M yuan a year.
    """

    scenario: str
    month: str
    origin: str
    city: Table
    wide: Table | None
    jobs: Floats
    chains: dict[str, Floats]


def table(
    scenario: Scenario,
    month: str | None = None,
    seed: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    opening: Table | None = None,
) -> Table:
    """The input-output table of Ningde in one month of a run; see :func:`regional_accounts` for the arguments.

    Returns:
        For the opening the table of twelve regions; later that of the ten counties, everything else outside.
    """
    found = regional_accounts(scenario, month, seed, progress, opening=opening)
    return found.city if found.wide is None else found.wide


def regional_accounts(
    scenario: Scenario,
    month: str | None = None,
    seed: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    opening: Table | None = None,
) -> RegionalAccounts:
    """Run a scenario up to a month and give its table, jobs and the purchases of its leaders.

    Args:
        scenario: what to run.
        month: such as ``"2019-11"``; the opening, December 2013, if not given.
        seed: seed of all chance; that of the scenario if not given.
        progress: called after each month with months done and months in all.
        opening: opening table in place of the estimated one, see :func:`sim.opening.basis.given_basis`.

    Raises:
        ValueError: the month lies before the opening or after the end of the scenario.
        OpeningError: the opening parameters contradict each other.
        BrokenIdentityError: an account of a month does not balance.
    """
    wanted = OPENING if month is None else Month(month)
    months = wanted - OPENING
    if not 0 <= months <= scenario.run.end - OPENING:
        span = f"the tables of {scenario.name} reach from {OPENING} to {scenario.run.end}"
        raise ValueError(f"{span}: there is none of {wanted}")
    model = NingdeModel(scenario, seed, table=opening)
    for done in range(1, months + 1):
        model.step()
        if progress is not None:
            progress(done, months)
    state = model.state
    purchases = {code: leader_purchases(state, group) * YEAR for group, code in enumerate(leader_names())}
    wide = None if months else with_names(model.basis.built.table)
    if wide is None:
        city = replace(regional_table(state).scaled(YEAR), unit=UNIT)
    else:
        city = inside(wide, model.world.county_names, OUTSIDE)
    return RegionalAccounts(
        scenario.name,
        str(wanted),
        model.basis.origin,
        city,
        wide,
        jobs_by_node(state),
        {code: bought for code, bought in purchases.items() if bought.any()},
    )


def with_names(built: Table) -> Table:
    """A table of the twelve regions with names in place of codes."""
    world = load_world()
    names = dict(zip(world.counties, world.county_names, strict=True))
    return aggregate(built, regions=names | dict(zip(OUTSIDE_REGIONS, OUTSIDE_NAMES, strict=True)))


def table_draws(
    scenario: Scenario,
    draws: int,
    seed: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Table]:
    """Opening tables of the ten counties that are as good as the scenario's, see :mod:`sim.opening.uncertainty`.

    Args:
        scenario: its parameters are the modes of what is drawn.
        draws: how many.
        seed: seed of the draws; that of the scenario if not given.
        progress: called after each table with tables done and tables in all.
    """
    root = scenario.run.seed if seed is None else seed
    share = scenario[Demand].nev_share_local
    groups = scenario[Opening], scenario[InputOutput], scenario[Labour]
    sample = sample_tables(*groups, root, draws, nev_share=share)
    for done, draw in enumerate(sample, start=1):
        if progress is not None:
            progress(done, draws)
        yield inside(with_names(draw.table), load_world().county_names, OUTSIDE)
