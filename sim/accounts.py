"""The books: identities that must hold in every cell, every month, every run (model description, section 10).

Each ``check_*`` function returns the largest relative residual of one identity and raises
:class:`BrokenIdentityError`, which names identity, month, county, product and amount, when it exceeds the tolerance.
I4 is checked each December; I16 belongs to the opening (:mod:`sim.opening.table`) and I17 to the record
(:mod:`sim.statistics`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sim.flows import SECTORS, matrix_of, net_lending, net_received
from sim.inputoutput.rationing import SHORTAGE_TOLERANCE
from sim.mechanisms.enclave import MEASURES, ledgers
from sim.mechanisms.prices import home_pool, input_coefficients, needed_inputs
from sim.mechanisms.production import material_costs, node_basis
from sim.mechanisms.shortage import Shortage
from sim.state import (
    BETWEEN,
    PAID_AT_HOME,
    REVENUE_ITEMS,
    SPENDING_ITEMS,
    FirmAccounts,
    Ledger,
    MonthTable,
    Stage,
    State,
)
from sim.sums import extended, sum_by

Floats = NDArray[np.float64]

TOLERANCE = 1e-9
"""Largest relative residual that is accepted (model description, section 10)."""

INVERSE_TOLERANCE = 1e-8
"""For I4, which passes through a linear solve (model description, section 10)."""

SMALL_CELL = 1e-3
"""Cells below this many M yuan a month are measured against it: a thousand yuan."""


class BrokenIdentityError(RuntimeError):
    """An accounting identity does not hold; the run stops."""


def worst(name: str, state: State, left: Floats, right: Floats, floor: float, tolerance: float, axis: str) -> float:
    """Largest residual of left = right relative to the larger side; raises where it is too large or not a number.

    Args:
        name: identity and its words.
        state: for month and labels.
        left: both sides; (N,) county-nodes, (P,) parks, (F,) firms or a single number.
        right: the other side.
        floor: sides smaller than this are measured against it.
        tolerance: largest accepted residual.
        axis: what the cells are: "node", "park", "firm", "county", "budget", "sector" or "".
    """
    if np.ndim(left) == 0:  # a dozen identities of single numbers: no arrays for them
        one, other = float(left), float(right)
        at, value = 0, abs(one - other) / max(abs(one), abs(other), floor)
    else:
        gap = np.abs(left - right) / np.maximum(np.maximum(np.abs(left), np.abs(right)), floor)
        at = int(gap.argmax())  # the first NaN counts as the largest
        value = float(gap.item(at))
    if not value <= tolerance:
        amount = float(np.asarray(left - right).item(at))
        raise BrokenIdentityError(
            f"{name} does not hold in month {state.month} ({where_is(state, at, axis)}): difference {amount:.6g}, "
            f"relative {value:.3g} above {tolerance:g}"
        )
    return value


def not_negative(name: str, state: State, values: Floats, floor: float, tolerance: float, axis: str) -> None:
    """Raises where a value lies below 0 by more than the tolerance, or is no number; arguments of :func:`worst`."""
    if not values.min(initial=0.0) >= 0.0:
        worst(name, state, np.minimum(values, 0.0), np.zeros(len(values)), floor, tolerance, axis)


def where_is(state: State, cell: int, axis: str) -> str:
    """Words for a cell."""
    world = state.world
    if axis == "node":
        county, product = divmod(cell, world.product_count)
        return f"{world.county_names[county]}, {world.products[product]}"
    if axis == "park":
        return f"{world.county_names[world.park_county[cell]]}, park {world.parks[cell]}"
    if axis == "firm":
        county = world.county_names[state.firms.county[cell]]
        return f"{county}, {world.products[state.firms.product[cell]]}, firm row {cell}"
    if axis == "county":
        return world.county_names[cell]
    if axis == "budget":
        return (*world.county_names, "city level")[cell]
    if axis == "sector":
        return SECTORS[cell]
    return "city"


def the_table(state: State) -> MonthTable:
    """The month's table."""
    if state.table is None:
        raise RuntimeError("no table yet: the month has not produced")
    return state.table


def check_rows(state: State) -> float:
    """I1: output = deliveries to industries + final deliveries, in every county-node."""
    table = the_table(state)
    used = table.flows.sum(axis=1) + table.final.sum(axis=1)
    return worst("I1 rows X = Z 1 + F", state, table.output, used, SMALL_CELL, TOLERANCE, "node")


def check_columns(state: State) -> float:
    """I2: output = home inputs + outside inputs + value added in every county-node; no outside input is negative."""
    table = the_table(state)
    made = table.flows.sum(axis=0) + table.outside_inputs.sum(axis=0) + table.value_added
    not_negative("I2 outside inputs >= 0", state, table.outside_inputs.min(axis=0), SMALL_CELL, 1e-6, "node")
    return worst("I2 columns X = 1'Z + IMP + V", state, table.output, made, SMALL_CELL, TOLERANCE, "node")


def check_income(state: State) -> float:
    """I3: value added = final deliveries - outside inputs, for the city."""
    table = the_table(state)
    left, right = np.array(table.value_added.sum()), np.array(table.final.sum() - table.outside_inputs.sum())
    return worst("I3 V = F - IMP", state, left, right, SMALL_CELL, TOLERANCE, "")


def check_inverse(state: State) -> float:
    """I4: (I - A)^-1 F = X with A = Z / X; each December only."""
    if state.month % 12:
        return 0.0
    table = the_table(state)
    safe = np.where(table.output > 0, table.output, 1.0)
    coefficients = table.flows / safe[None, :]
    solved = np.linalg.solve(np.eye(len(safe)) - coefficients, table.final.sum(axis=1))
    return worst("I4 (I - A)^-1 F = X", state, solved, table.output, SMALL_CELL, INVERSE_TOLERANCE, "node")


def check_aggregation(state: State) -> float:
    """I5: firms add up to the table; counties to the city; Jiaocheng and Dongqiao to official Jiaocheng."""
    table, firms, world = the_table(state), state.firms, state.world
    cell, size = firms.county * world.product_count + firms.product, len(table.output)
    output, added = sum_by(cell, firms.output, size), sum_by(cell, table.firm_value_added, size)
    gap = worst("I5 firms = table, output", state, output, table.output, SMALL_CELL, TOLERANCE, "node")
    gap = max(
        gap, worst("I5 firms = table, value added", state, added, table.value_added, SMALL_CELL, TOLERANCE, "node")
    )
    counties = table.output.reshape(world.county_count, -1).sum(axis=1)
    official = sum_by(world.official, counties, world.county_count)
    total = np.array([counties.sum(), official.sum()])
    city = np.full(2, firms.output.sum())
    return max(gap, worst("I5 counties = city", state, total, city, SMALL_CELL, TOLERANCE, ""))


def check_firm_accounts(state: State) -> float:
    """I6: value added less premiums = wages + taxes net of grants, bonus and compensation + interest + gross surplus.

    Nobody pays rent. Gross surplus is taken from its uses: investment, projects, land, payments to owners, change
    of cash less change of debt, less what lenders lost. Value added is taken from output and prices.
    """
    books, firms, markets = state.firm_accounts, state.firms, state.markets
    if books is None:
        raise RuntimeError("no accounts of firms yet: the month has not produced")
    materials = material_costs(state)
    made = (firms.output * (markets.price[firms.product] - materials[firms.node]) - firms.premium) / markets.price_level
    saved = (firms.cash - books.cash_before) - (firms.debt - books.debt_before) - books.written_off
    surplus = books.invested + books.projects + books.land + books.distributed + saved
    parts = books.value_added_tax + books.profit_tax + books.land_tax + books.other_tax
    paid = books.wages + parts - books.grants - books.bonus - books.compensation + books.interest + surplus
    scale = np.maximum(books.cash_before + books.debt_before, SMALL_CELL)  # stocks round before flows do
    name = "I6 VA = wages + taxes - grants - bonus - compensation + interest + surplus"
    gap = worst(name, state, made / scale, paid / scale, 1.0, TOLERANCE, "firm")
    for held in (firms.cash, firms.debt):
        not_negative("I6 cash and debt >= 0", state, held, SMALL_CELL, TOLERANCE, "firm")
    return gap


def check_capital(state: State) -> float:
    """I7: capital of every firm = before + invested - scrapped; work in progress = booked progress."""
    ledger, firms, projects = state.ledger, state.firms, state.projects
    assert ledger is not None
    before = extended(ledger.capital_before, len(firms))
    # A sum on both sides: what a large plant that closes leaves is the rounding of its capital, which is not small
    # beside the nothing that it should be.
    came, went = before + ledger.invested, firms.capital + ledger.scrapped
    gap = worst("I7 capital K(t+1) + scrapped = K(t) + invested", state, went, came, SMALL_CELL, TOLERANCE, "firm")
    if not len(projects):
        return gap
    done = np.divide(
        projects.work - projects.work_left, projects.work, out=np.zeros(len(projects)), where=projects.work > 0
    )
    return max(
        gap,
        worst("I7 invested = work done", state, projects.invested, projects.investment * done, SMALL_CELL, 1e-8, ""),
    )


def check_land(state: State) -> float:
    """I8: land of a park is held by firms and projects, idle, released or free, and never more than planned."""
    parks, firms, projects, ledger = state.parks, state.firms, state.projects, state.ledger
    assert ledger is not None
    size = len(parks.planned)
    held = np.zeros(size)
    placed = firms.alive & (firms.park >= 0)
    held += sum_by(firms.park[placed], firms.land[placed], size)
    open_ = (projects.stage <= Stage.BUILD) & (projects.land_held > 0)
    held += sum_by(projects.park[open_], projects.land_held[open_], size)
    gap = worst("I8 occupied = firms + projects", state, held, parks.occupied, 1.0, 1e-8, "park")
    not_negative("I8 free land >= 0", state, parks.free, 1.0, 1e-6, "park")
    not_negative("I8 developed <= planned", state, parks.planned - parks.developed, 1.0, 1e-6, "park")
    parts = parks.occupied + parks.free + parks.idle + parks.released
    gap = max(
        gap,
        worst(
            "I8 occupied + free + idle + released = developed", state, parts, parks.developed, 1.0, TOLERANCE, "park"
        ),
    )
    if ledger.quota_issued is not None and ledger.developed_by_quota is not None:
        left = ledger.quota_before + ledger.quota_issued - ledger.developed_by_quota
        if ledger.quota_ceded is not None:
            left = left + ledger.quota_ceded
            ceded = np.abs(ledger.quota_ceded).sum()
            lost = np.array(ledger.quota_ceded.sum() + ceded)
            gap = max(gap, worst("I8 ceded quota adds up to 0", state, lost, np.array(ceded), 1.0, TOLERANCE, ""))
        name = "I8 quota issued = used + left + ceded"
        gap = max(gap, worst(name, state, left, state.counties.quota, 1.0, TOLERANCE, "county"))
        grown = (parks.developed - ledger.developed_before).sum()
        booked = np.array(ledger.developed_by_quota.sum() + ledger.developed_by_event)
        gap = max(gap, worst("I8 new land = quota used + events", state, np.array(grown), booked, 1.0, 1e-6, ""))
    return gap


def check_people(state: State) -> float:
    """I9: residents = before + natural + in - out; who works somewhere lives somewhere; no more at work than people.

    Who is trained changes the skill and stays a resident.
    """
    ledger, people, firms, world = state.ledger, state.people, state.firms, state.world
    assert ledger is not None
    before = ledger.working_age_before
    assert before is not None
    gap = 0.0
    if ledger.natural is not None and ledger.arrived is not None and ledger.departed is not None:
        expected = before + ledger.natural + ledger.arrived - ledger.departed
        if ledger.trained is not None:
            expected = expected + np.array([-ledger.trained, ledger.trained])
        for skill in range(len(before)):
            left, right = people.working_age[skill], expected[skill]
            gap = max(gap, worst("I9 residents = before + natural + in - out", state, left, right, 1.0, 1e-9, "county"))
        city = people.working_age.sum() - before.sum()
        moved = ledger.natural.sum() + ledger.arrived.sum() - ledger.departed.sum()
        gap = max(gap, worst("I9 residents of the city", state, np.array(city), np.array(moved), 1e3, 1e-9, ""))
    at_work = sum_by(firms.county, firms.staff, world.county_count)
    came = people.workers.sum(axis=(0, 1))
    gap = max(gap, worst("I9 staff = residents at work + commuters", state, at_work, came, 1.0, TOLERANCE, "county"))
    not_negative("I9 residents stay >= 0", state, people.working_age.min(axis=0), 1.0, 0.0, "county")
    idle = (people.participation * before - people.workers.sum(axis=2)).min(axis=0)
    not_negative("I9 at work <= labour force", state, idle, 1.0, 1e-6, "county")
    return gap


def check_pipeline(state: State) -> float:
    """I10: candidates = leads + thinned; leads = signed + lost; every stage changes by what entered and left."""
    ledger, projects = state.ledger, state.projects
    assert ledger is not None
    now = np.bincount(projects.stage, minlength=len(Stage))
    fresh = np.zeros(len(Stage), dtype=np.int64)
    fresh[Stage.SIGNED], fresh[Stage.LOST] = ledger.signed + ledger.own, ledger.lost
    expected = ledger.stages_before + fresh + ledger.moves.sum(axis=0) - ledger.moves.sum(axis=1)
    counts = [(now, expected), (np.array([ledger.candidates]), np.array([ledger.leads + ledger.thinned]))]
    counts.append((np.array([ledger.leads]), np.array([ledger.signed + ledger.lost])))
    for left, right in counts:
        if not np.array_equal(left, right):
            raise BrokenIdentityError(
                f"I10 pipeline does not hold in month {state.month} (city): {left} is not {right}"
            )
    early = projects.stage < Stage.DONE
    if (projects.done[early] >= 0).any():
        raise BrokenIdentityError(f"I10 output before DONE in month {state.month} (city)")
    return 0.0


def check_population(state: State) -> float:
    """I11: firms = before + births - exits; who was closed in an earlier month produces nothing."""
    ledger, firms = state.ledger, state.firms
    assert ledger is not None
    now, expected = int(firms.alive.sum()), int(ledger.alive_before.sum()) + ledger.births - ledger.exits
    if now != expected:
        raise BrokenIdentityError(f"I11 firms do not add up in month {state.month} (city): {now} is not {expected}")
    closed = ~ledger.alive_before
    output = firms.output[: len(closed)] * closed
    if not output.any():
        return 0.0
    return worst("I11 closed firms make nothing", state, output, 0.0 * output, SMALL_CELL, TOLERANCE, "firm")


def check_budgets(state: State) -> float:
    """I12: change of balance - change of debt = revenue - spending; every payment has a payer and a payee.

    Taxes are what firms paid, land money is what investors and firms paid, incentives are what projects got, and what
    budgets pay one another adds up to 0.
    """
    public, ledger, books = state.budgets, state.ledger, state.firm_accounts
    assert ledger is not None
    assert books is not None
    firms, projects, counties = state.firms, state.projects, state.world.county_count
    before = ledger.balance_before - ledger.public_debt_before
    after = before + ledger.revenue.sum(axis=0) - ledger.spending.sum(axis=0)
    gap = worst(
        "I12 change of balance - debt = revenue - spending",
        state,
        public.balance - public.debt,
        after,
        1.0,
        TOLERANCE,
        "budget",
    )
    revenue = dict(zip(REVENUE_ITEMS, ledger.revenue, strict=True))
    spending = dict(zip(SPENDING_ITEMS, ledger.spending, strict=True))
    taxed = np.array(books.local_tax.sum())
    gap = max(
        gap, worst("I12 local taxes have payers", state, np.array(revenue["taxes"].sum()), taxed, 1.0, TOLERANCE, "")
    )
    for item in BETWEEN:
        between = revenue[item]
        lost, moved = np.array(between.sum() + np.abs(between).sum()), np.array(np.abs(between).sum())
        name = f"I12 payments between budgets add up to 0, {item}"
        gap = max(gap, worst(name, state, lost, moved, 1.0, TOLERANCE, ""))
    placed = np.maximum(projects.county, 0)
    land = sum_by(firms.county, firms.land_paid, counties) + sum_by(placed, projects.land_paid, counties)
    gap = max(gap, worst("I12 land sales have payers", state, public.land_received, land, 1.0, TOLERANCE, "county"))
    grants = sum_by(placed, projects.grant - projects.top_up_paid, counties)
    grants += sum_by(np.maximum(projects.origin, 0), projects.top_up_paid, counties)
    gap = max(gap, worst("I12 incentives have payees", state, public.grants_paid, grants, 1.0, TOLERANCE, "county"))
    bonus = np.array(spending["local purchases"].sum())
    received = np.array(books.bonus.sum())
    gap = max(gap, worst("I12 payees of local purchases", state, bonus, received, 1.0, TOLERANCE, ""))
    gap = max(gap, _check_payees_and_linkage(state, ledger, books, revenue, spending))
    booked = np.array([spending["incentives"].sum(), books.grants.sum()])
    return max(
        gap,
        worst(
            "I12 grants of firms <= incentives",
            state,
            np.minimum(booked[0] - booked[1], 0.0),
            np.zeros(()),
            1.0,
            TOLERANCE,
            "",
        ),
    )


def _check_payees_and_linkage(
    state: State, ledger: Ledger, books: FirmAccounts, revenue: dict[str, Floats], spending: dict[str, Floats]
) -> float:
    """I12: what policies pay at home has payees; earmarked = before + received - spent, never below 0."""
    paid = np.array(sum(spending[item].sum() for item in PAID_AT_HOME))
    works = 0.0 if state.public_works is None else float(state.public_works.sum())
    got = np.array(works + books.compensation.sum() + ledger.to_owners.sum() + ledger.to_households.sum())
    gap = worst(f"I12 payees of {', '.join(PAID_AT_HOME)}", state, paid, got, 1.0, TOLERANCE, "")
    held = ledger.earmarked_before + np.maximum(revenue["linkage"][:-1], 0.0)
    left, now = held - ledger.earmarked_spent, state.budgets.earmarked
    not_negative("I12 earmarked transfers >= 0", state, now, 1.0, TOLERANCE, "county")
    return max(gap, worst("I12 earmarked = before + received - spent", state, now, left, 1.0, TOLERANCE, "county"))


def check_ledgers(state: State) -> float:
    """I13: output, value added, tax, jobs and land of plants in place = as credited = of the city.

    Those of the city come from the table of the month, the accounts, the matching of people and the books of parks.
    """
    table, books, people, parks = the_table(state), state.firm_accounts, state.people, state.parks
    assert books is not None
    held = parks.occupied.sum() - state.projects.land_held.sum()
    city = [table.output.sum(), table.value_added.sum(), books.taxes.sum(), people.workers.sum(), held]
    gap = 0.0
    for view, sums in zip(("in place", "as credited"), ledgers(state).sum(axis=2), strict=True):
        gaps = [abs(found - total) / max(abs(total), 1.0) for found, total in zip(sums.tolist(), city, strict=True)]
        at = int(np.argmax(gaps))  # the first that is no number counts as the largest
        name = f"I13 {MEASURES[at].replace('_', ' ')} {view} = city"
        gap = max(gap, worst(name, state, sums[at], city[at], 1.0, TOLERANCE, ""))
    return gap


def check_purchases(state: State) -> float:
    """I14: leaders' purchases = home suppliers' sales + outside purchases, by product.

    Sales of home suppliers are added up link by link and pool cell by pool cell, apart from the table, for the
    county-nodes with leaders' plants; what is bought outside stands in the table.
    """
    table, firms, relations = the_table(state), state.firms, state.relations
    links = table.links
    products, size = state.world.product_count, state.node_count
    led = np.zeros(size, dtype=bool)
    led[firms.node[firms.alive & (firms.leader >= 0)]] = True
    nodes = np.flatnonzero(led)
    asked = np.flatnonzero(led[firms.node[relations.buyer]][links.relation] & (links.weight > 0))
    relation, supplier = links.relation[asked], links.supplier[asked]
    buyer = relations.buyer[relation]
    ordered = table.basis_of(firms.output, relations.product[relation], buyer)
    sold = links.weight[asked] * needed_inputs(state)[relation] * ordered * table.served[supplier]
    cell = firms.product[supplier] * size + firms.node[buyer]
    home = sum_by(cell, sold, products * size).reshape(products, size)
    output = sum_by(firms.node, firms.output, size)
    supplied = sum_by(firms.node, table.served * table.shares, size)
    pooled = (supplied[:, None] * home_pool(state)[:, nodes]).reshape(-1, products, len(nodes)).sum(axis=0)
    bought = input_coefficients(state)[:, nodes] * output[nodes]
    ordered_for = node_basis(table, firms.node, firms.output, products)[:, nodes]
    other = home[:, nodes] + pooled * ordered_for + table.outside_inputs[:, nodes]
    return worst("I14 purchases = home + outside", state, bought, other, SMALL_CELL, TOLERANCE, "")


def check_flows(state: State) -> float:
    """I15: every sector lends what it receives less what it pays; all sectors together lend nothing.

    Net lending comes from the stocks and books of a sector, payments from those of the other side (:mod:`sim.flows`).
    Residuals are measured against all payments of the month.
    """
    ledger = state.ledger
    assert ledger is not None
    assert ledger.payments is not None
    matrix = matrix_of(ledger.payments)
    gross, received = float(np.abs(matrix).sum()), net_received(matrix)
    by_books = net_lending(state)
    lent = received.copy()
    known = ~np.isnan(by_books)
    lent[: len(by_books)][known] = by_books[known]
    gap = worst("I15 net lending = received - paid", state, lent, received, gross, TOLERANCE, "sector")
    total = np.array(lent.sum())
    name = "I15 households + firms + budgets + investment + above + outside = 0"
    return max(gap, worst(name, state, total, np.zeros(()), gross, TOLERANCE, ""))


def check_stocks(state: State) -> float:
    """I18: stocks of critical inputs change by what is bought, used and written off; no more comes than is delivered.

    The rounds of a shortage end within a tolerance of the shares that home makers make of their usual output; so
    purchases may exceed what is delivered by ten times as much of the usual supply, from home and outside.
    """
    critical, ledger = state.critical, state.ledger
    assert ledger is not None
    flows = ledger.critical
    if critical is None or flows is None:
        return 0.0
    expected = flows.before - flows.written_off - flows.drawn + flows.filled
    gap = 0.0
    for product in range(len(critical.products)):
        stock = critical.stock[product]
        gap = max(gap, worst("I18 stocks", state, stock, expected[product], SMALL_CELL, TOLERANCE, "firm"))
        not_negative("I18 stocks >= 0", state, stock, SMALL_CELL, 1e-6, "firm")
    bought = (flows.use - flows.drawn + flows.filled).sum(axis=1)
    over = np.where(np.isinf(flows.supply), 0.0, np.maximum(bought - flows.supply, 0.0))
    for product, code in enumerate(state.world.products[each] for each in critical.products):
        name, size = f"I18 bought <= delivered, {code}", max(1.0, float(flows.usual[product]))
        worst(name, state, over[product], np.zeros(()), size, 10.0 * SHORTAGE_TOLERANCE, "")
    held_up = input_coefficients(state)[critical.products] >= state.scenario[Shortage].critical_input
    in_table = (the_table(state).outside_inputs[critical.products] * held_up).sum(axis=1)
    name = "I18 use = outside inputs of the table"
    return max(gap, worst(name, state, flows.use.sum(axis=1), in_table, SMALL_CELL, 1e-6, ""))


CHECKS: dict[str, Callable[[State], float]] = {
    "I1": check_rows,
    "I2": check_columns,
    "I3": check_income,
    "I4": check_inverse,
    "I5": check_aggregation,
    "I6": check_firm_accounts,
    "I7": check_capital,
    "I8": check_land,
    "I9": check_people,
    "I10": check_pipeline,
    "I11": check_population,
    "I12": check_budgets,
    "I13": check_ledgers,
    "I14": check_purchases,
    "I15": check_flows,
    "I18": check_stocks,
}
"""The identities of this version; the others of section 10 come with their mechanisms."""


def check_all(state: State) -> dict[str, float]:
    """Check every identity of the month; returns the largest relative residual of each."""
    return {name: check(state) for name, check in CHECKS.items()}
