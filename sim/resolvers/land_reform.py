"""CLOSE: land taken back is paid, cleared and released; its owners upgrade, move or close (section 9.16)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.mechanisms.construction import Construction, work_of
from sim.mechanisms.firms import Firms as FirmSettings
from sim.mechanisms.firms import reference_after
from sim.mechanisms.land_cage import LandCage, by_budget, land_for_move, upgraded_productivity
from sim.resolvers.ledger import firm_accounts, pay_households, spend, the_ledger
from sim.state import Channel, LandReformPlan, Stage, State
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def release_cleared(state: State) -> None:
    """Land whose time of clearing is over is on offer."""
    parks = state.parks
    slot = state.month % parks.clearing.shape[1]
    cleared = parks.clearing[:, slot].copy()
    if cleared.any():
        parks.clearing[:, slot] = 0.0
        parks.idle = np.maximum(parks.idle - cleared, 0.0)
        parks.released = parks.released + cleared


def pay_for_land(state: State, plan: LandReformPlan, rows: Ints) -> None:
    """Firms and owners are paid for land, workers for their jobs; counties and the city level pay.

    Args:
        state: before the firms close.
        plan: what is bought.
        rows: plants whose plot is bought.
    """
    firms, world, cage, ledger = state.firms, state.world, state.scenario[LandCage], the_ledger(state)
    price, size = state.lever("land_cage.compensation"), world.county_count
    compensation = price * firms.land[rows]
    firms.cash[rows] += compensation
    firm_accounts(state).compensation[rows] += compensation
    owners = sum_by(world.park_county, price * plan.idle, size)
    ledger.to_owners += owners
    severance = sum_by(firms.county[rows], cage.severance * firms.staff[rows], size)
    pay_households(state, by_residence(state.people.workers.sum(axis=0), severance))
    cost = by_budget(sum_by(firms.county[rows], compensation, size) + owners + severance, cage.city_share)
    spend(state, "land reform", cost)
    ledger.asked += cost + plan.asked


def by_residence(workers: Floats, amount: Floats) -> Floats:
    """(C,) what people of each county get of what is paid to workers by workplace.

    Args:
        workers: (C, C) persons by residence and workplace.
        amount: (C,) M yuan by workplace; stays there where nobody works.
    """
    total = workers.sum(axis=0)
    home = np.divide(workers, total, out=np.eye(len(amount)), where=total > 0)
    return np.asarray(home @ amount)


def sign_upgrades(state: State, added: Floats) -> None:
    """Owners who keep their plot build on it, and pay as the work goes on.

    Args:
        state: firms and projects.
        added: (F,) capital, M yuan.
    """
    firms = state.firms
    rows = np.flatnonzero(added > 0)
    _sign(state, rows, firms.park[rows], added[rows], graft=rows)


def finish_upgrades(state: State, projects: Ints) -> None:
    """New capital at the frontier is about to join the old: productivity rises, customers stay the same.

    Args:
        state: before the capital of the firms is raised.
        projects: finished projects on plots of their firms.
    """
    table, firms = state.projects, state.firms
    done = projects[table.parent[projects] == table.graft[projects]]
    if not len(done):
        return
    rows, added = table.graft[done], table.investment[done]
    share = np.divide(added, firms.capital[rows], out=np.zeros(len(rows)), where=firms.capital[rows] > 0)
    firms.market_reference[rows] = reference_after(
        firms.market_reference[rows], firms.capital[rows], added, state.scenario[FirmSettings].new_customers
    )
    firms.productivity[rows] = upgraded_productivity(firms.productivity[rows], share)


def clear(state: State, mu: Floats) -> None:
    """Start to clear (P,) mu of idle land; it is released when its month comes again."""
    parks = state.parks
    parks.clearing[:, state.month % parks.clearing.shape[1]] += mu


def sign_moves(state: State, rows: Ints, park: Ints) -> None:
    """Owners sign for their new site before the old one closes; machines come along, buildings are paid anew.

    Args:
        state: with the firms still at work.
        rows: firm rows.
        park: (n,) where they move.
    """
    capital = state.firms.capital[rows]
    investment = state.scenario[Construction].spend_construction * capital
    _sign(state, rows, park, investment, moved=capital - investment, land=land_for_move(state, rows))


def _sign(state: State, rows: Ints, park: Ints, investment: Floats, **columns: NDArray[Any]) -> None:
    """Projects of incumbents that land reform sets going; they are signed at once and nobody drops them."""
    if not len(rows):
        return
    firms, ledger = state.firms, the_ledger(state)
    order = np.argsort(firms.slot[rows], kind="stable")  # not by row: where a firm stands in the table means nothing
    rows, park, investment = rows[order], park[order], investment[order]
    columns = {name: column[order] for name, column in columns.items()}
    work = work_of(investment, np.ones(len(rows)), state.scenario[Construction])
    intensity = firms.capital_intensity[rows]
    state.projects.append(
        len(rows),
        stage=Stage.SIGNED,
        channel=Channel.BRANCH,
        product=firms.product[rows],
        county=state.world.park_county[park],
        park=park,
        parent=rows,
        slot=firms.slot[rows],
        investment=investment,
        capital_intensity=intensity,
        announced_output=(investment + columns.get("moved", 0.0)) / intensity,
        quality=firms.quality[rows],
        productivity=firms.productivity[rows],
        work=work,
        work_left=work,
        born=state.month,
        signed=state.month,
        **columns,
    )
    ledger.own += len(rows)
    ledger.entered[Stage.SIGNED, Channel.BRANCH] += len(rows)
