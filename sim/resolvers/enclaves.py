"""Enclave contracts from signing to their end: land, quota, plants, shares of tax (model description, section 9.18)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.mechanisms.enclave import Enclave, Terms
from sim.mechanisms.land import Land
from sim.resolvers.ledger import pay_back_earmarked, spend, the_ledger
from sim.state import ENDS, YEAR, Stage, State
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FAILED, CLOSED, OVER = (ENDS.index(name) for name in ("project failed", "plant closed", "term over"))


def brought_by(state: State, park: Ints, signed: Bools, admitted: Bools) -> tuple[Ints, Floats]:
    """(J,) county that brings each signed lead into an enclave, -1 for the others, and (J,) its top-up of the grant.

    A lead comes by contract where this brings it more, or where it would not be admitted on its own.

    Args:
        state: boards with the contracts on offer.
        park: (J,) park of each lead of the month, -1 without.
        signed: (J,) whether it signs.
        admitted: (J, P) parks that admit it without a contract.
    """
    origin, top_up = np.full(len(park), -1, dtype=np.int64), np.zeros(len(park))
    offers = state.boards.enclaves
    if offers is None:
        return origin, top_up
    at = park[offers.lead]
    chosen = np.flatnonzero(signed[offers.lead] & (at >= 0))
    row, where = offers.lead[chosen], at[chosen]
    by = offers.origin[chosen, where]
    wanted = (by >= 0) & ((offers.bonus[chosen, where] > 0) | ~admitted[row, where])
    origin[row[wanted]], top_up[row[wanted]] = by[wanted], offers.top_up[chosen, where][wanted]
    return origin, top_up


def sign_contracts(state: State, rows: Ints) -> None:
    """Write down the contracts of the month; the origin pays for having won the project.

    Args:
        state: with an open ledger.
        rows: (J,) project rows of the leads of the month, in their order.
    """
    projects, contracts, offers = state.projects, state.contracts, state.boards.enclaves
    if offers is None:
        return
    by = np.flatnonzero(projects.origin[rows[offers.lead]] >= 0)
    new = rows[offers.lead[by]]
    if not len(new):
        return
    terms, park = Terms.of(state), projects.park[new]
    origin, host = projects.origin[new], projects.county[new]
    contracts.append(
        len(new),
        project=new,
        origin=origin,
        host=host,
        park=park,
        product=projects.product[new],
        forward=state.world.group[host] > state.world.group[origin],
        tax_share=terms.tax_share,
        credit_share=terms.credit_share,
        capital_share=terms.capital_share,
        fixed_yield=terms.fixed_yield,
        quota_share=terms.quota_ceded,
        reserved_jobs=terms.reserved_jobs,
        term=terms.years,
        land=projects.land[new],
        investment=projects.investment[new],
        expected_host=offers.host_gain[by, park],
        expected_origin=offers.origin_gain[by, park],
        signed=state.month,
    )
    cost = sum_by(origin, np.full(len(new), state.scenario[Enclave].introduction), state.world.county_count)
    spend(state, "promotion", cost)
    the_ledger(state).asked[:-1] += cost
    if state.deciders is not None:
        names, gains = state.world, zip(offers.host_gain[by, park], offers.origin_gain[by, park], strict=True)
        for row, gain in zip(new.tolist(), gains, strict=True):
            state.deciders.counties[int(projects.origin[row])].sign_enclave(
                names.products[projects.product[row]],
                names.park_names[projects.park[row]],
                names.county_names[projects.county[row]],
                (float(gain[0]), float(gain[1])),
                terms.tax_share,
            )


def settle_land(state: State) -> None:
    """Projects that have taken their land: the origin pays its share of the development, and cedes quota as it has it.

    Both go by the land that had to be developed: released land (section 9.16) took neither money nor quota. The host
    has paid for the development before, so what the origin can pay is taken off its cost. Which money had paid for
    which plot nobody knows; so that earmarked transfers never become free money of the host, they are paid back first:
    all that comes in goes to the purse, until it has back what it spent on land (:func:`pay_back_earmarked`).
    """
    contracts, projects, ledger = state.contracts, state.projects, the_ledger(state)
    if not len(contracts):
        return
    stage = projects.stage[contracts.project]
    due = ~contracts.settled & (contracts.ended < 0) & (stage >= Stage.LAND) & (stage <= Stage.DONE)
    rows, size = np.flatnonzero(due), state.world.county_count
    if len(rows):
        origin, host = contracts.origin[rows], contracts.host[rows]
        land = contracts.land[rows] - projects.released_land[contracts.project[rows]]
        asked = contracts.capital_share[rows] * state.scenario[Land].dev_cost * land
        paid = asked * state.funded[origin]
        received = sum_by(host, paid, size)
        spend(state, "land development", sum_by(origin, paid, size) - received)
        ledger.asked[:-1] += sum_by(origin, asked, size) - (received - pay_back_earmarked(state, received))
        contracts.capital[rows] = paid
        contracts.quota_due[rows] = contracts.quota_share[rows] * land
        contracts.settled[rows] = True
    if contracts.quota_due.any():
        _cede_quota(state)


def _cede_quota(state: State) -> None:
    """Quota passes to the hosts; an origin with less than it owes shares it out in proportion."""
    contracts, counties, size = state.contracts, state.counties, state.world.county_count
    owed = sum_by(contracts.origin, contracts.quota_due, size)
    share = np.divide(np.minimum(owed, np.maximum(counties.quota, 0.0)), owed, out=np.zeros(size), where=owed > 0)
    ceded = contracts.quota_due * share[contracts.origin]
    moved = sum_by(contracts.host, ceded, size) - sum_by(contracts.origin, ceded, size)
    contracts.quota_due = contracts.quota_due - ceded
    contracts.quota_ceded = contracts.quota_ceded + ceded
    counties.quota = counties.quota + moved
    the_ledger(state).quota_ceded = moved


def start_contracts(state: State, projects: Ints, firms: Ints) -> None:
    """Plants of enclaves come into production: their terms begin to run.

    Args:
        state: contracts.
        projects: (n,) finished projects.
        firms: (n,) rows of the firms that they became.
    """
    contracts = state.contracts
    brought = np.flatnonzero(state.projects.origin[projects] >= 0)
    if not len(brought):
        return
    order = np.argsort(contracts.project)
    rows = order[np.searchsorted(contracts.project[order], projects[brought])]
    contracts.firm[rows], contracts.produced[rows] = firms[brought], state.month


def close_month(state: State) -> None:
    """Shares of tax are booked, origins learn whether hosts keep their word, and contracts end."""
    contracts = state.contracts
    if not len(contracts):
        return
    shares = state.boards.enclave_shares
    if shares is not None and len(shares.contract):
        contracts.promised[shares.contract] += shares.promised
        contracts.paid[shares.contract] += shares.paid
        size = state.world.county_count
        pair = contracts.origin[shares.contract] * size + contracts.host[shares.contract]
        promised, paid = (
            sum_by(pair, each, size * size).reshape(size, size) for each in (shares.promised, shares.paid)
        )
        speed = state.scenario[Enclave].experience / YEAR
        kept = np.divide(paid, promised, out=state.trust.copy(), where=promised > 0)
        state.trust = state.trust + speed * (kept - state.trust)
    _end(state)


def _end(state: State) -> None:
    """Contracts end with their term, with the plant, or with a project that fails before."""
    contracts = state.contracts
    runs = contracts.ended < 0
    plant = contracts.firm >= 0
    closed = plant & ~state.firms.alive[contracts.firm]
    over = plant & (state.month - contracts.produced + 1 >= contracts.term * YEAR)
    failed = state.projects.stage[contracts.project] == Stage.FAILED
    reason = np.select([failed, closed, over], [FAILED, CLOSED, OVER], 0)
    now = runs & (reason > 0)
    contracts.ended[now], contracts.reason[now] = state.month, reason[now]
    contracts.quota_due[now] = 0.0
