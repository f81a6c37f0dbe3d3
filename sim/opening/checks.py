"""What an opening position must fulfil before the first month: a start that cannot be is refused with its reason.

The builders refuse what contradicts itself while they build (totals, table, jobs of a county, taxes). Here the finished
position is looked at as a whole, whoever built it, so that a new builder, a table of the user or a new column of the
state cannot start a run that would only break, or quietly mend itself, in its first month:

- the table clears: uses and inputs of every industry of every region make its output;
- nobody works twice: at work <= labour force, by skill and county of residence;
- land: held by firms = occupied <= developed <= planned, park by park;
- capital: capacity of every firm >= its output;
- incomes: what is ordered at home out of the incomes that an output pays is less than that output;
- every stock, price and share means something (:mod:`sim.meaning`).

What can be, but is hardly meant, is not refused but remarked upon (:func:`remarks`); what contradicts itself without
breaking a run is refused where a scenario file is read (:func:`contradictions`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.accounts import where_is
from sim.inputoutput.leontief import spectral_radius
from sim.inputoutput.tables import Table
from sim.meaning import first_without_meaning
from sim.mechanisms.energy import MILLION, Energy, electricity
from sim.mechanisms.households import Households, paid_out
from sim.mechanisms.production import relative_price
from sim.opening.totals import OpeningError
from sim.parameters import show
from sim.state import YEAR, State
from sim.sums import sum_by

Floats = NDArray[np.float64]

CLEARS = 1e-6
"""Largest relative gap between output and its uses or inputs; a table of the user is rounded."""

ROUNDED = 1e-6
"""Relative room for the rounding of sums: persons, mu, M yuan."""


def check_position(state: State, table: Table) -> None:
    """Look at a finished opening position.

    Args:
        state: firms, links, people, parks, markets before the first month.
        table: the table that the position was built on.

    Raises:
        OpeningError: the first condition that does not hold, with place, amounts and the parameters to look at.
    """
    check_clears(table)
    check_work(state)
    check_land(state)
    check_capital(state)
    nothing = first_without_meaning(state)
    if nothing is not None:
        raise OpeningError(f"the opening position means nothing: {nothing}")
    check_incomes(state, table)


def remarks(state: State) -> list[tuple[str, str]]:
    """Settings that are accepted although the opening makes them a shock that is hardly meant.

    Caps on electricity and carbon below what the plants of the opening use: output is cut in the first such month.

    Args:
        state: the opening position.

    Returns:
        Dotted name of each setting and a sentence with both figures.
    """
    p, firms = state.scenario[Energy], state.firms
    use = float(electricity(firms, 0, p.efficiency)[firms.alive].sum()) * YEAR / MILLION
    found = []
    for name, unit, used in (("cap", "TWh", use), ("carbon_cap", "Mt CO2", use * p.grid_factor)):
        course = state.scenario.lever(f"energy.{name}")
        caps = np.where(course > 0, course, np.inf)
        month = int(caps.argmin())
        if caps[month] < used:
            since = f" from {state.scenario.start + month}" if month > 0 else ""
            sentence = (
                f"{show(float(caps[month]))} {unit} a year{since} is below the {used:.3g} {unit} that the plants of "
                "the opening use: their output is cut to it; 0 means no cap"
            )
            found.append((f"energy.{name}", sentence))
    return found


def contradictions(state: State) -> list[tuple[str, str]]:
    """Settings that no policy can mean together: more land quota over the run than the plans of all parks leave.

    Args:
        state: the opening position.

    Returns:
        Dotted name of each setting and a sentence with what is asked and what there is.
    """
    issued = np.cumsum(state.scenario.lever("land.new_quota")) / YEAR
    left = float((state.parks.planned - state.parks.developed).sum())
    if issued[-1] <= left:
        return []
    month = state.scenario.start + int((issued > left).argmax())
    sentence = (
        f"by {month} more quota is issued than the {left:,.0f} mu that the plans of all parks leave "
        f"({issued[-1]:,.0f} mu to the end of the run); issue less, or end the run before"
    )
    return [("land.new_quota", sentence)]


def _refuse(what: str, place: str, have: float, need: float, unit: str, look: str) -> None:
    """Stop with words of one form."""
    raise OpeningError(f"{what} ({place}): {have:.6g} of {need:.6g} {unit}; see {look}")


def check_clears(table: Table) -> None:
    """Uses and inputs of each industry make its output.

    Raises:
        OpeningError: the worst industry.
    """
    made = table.output
    used = table.intermediate.sum(axis=1) + table.final.sum(axis=1)
    paid = table.intermediate.sum(axis=0) + table.imports.sum(axis=0) + table.total_value_added
    for what, other in (("uses", used), ("inputs and value added", paid)):
        gap = np.abs(other - made) / np.maximum(np.abs(made), 1.0)
        at = int(np.where(np.isnan(gap), np.inf, gap).argmax())
        if not gap[at] <= CLEARS:
            place = ", ".join(map(str, table.producers[at]))
            _refuse(
                f"the opening table does not clear: {what} against output",
                place,
                other[at],
                made[at],
                "M yuan",
                "the groups opening and io",
            )


def check_work(state: State) -> None:
    """No more people at work than there are.

    Raises:
        OpeningError: the worst county and skill.
    """
    people = state.people
    at_work, force = people.workers.sum(axis=2), people.labour_force
    over = at_work - force * (1.0 + ROUNDED)
    if not (over <= 0.0).all():
        skill, county = np.unravel_index(int(over.argmax()), over.shape)
        place = f"{state.world.county_names[county]}, {('low', 'high')[skill]} skill"
        _refuse(
            "more people at work than there are",
            place,
            at_work[skill, county],
            force[skill, county],
            "persons",
            "labour.participation and opening.working_age_share",
        )


def check_land(state: State) -> None:
    """Firms stand on developed land that is theirs.

    Raises:
        OpeningError: the worst park.
    """
    firms, parks = state.firms, state.parks
    placed = firms.alive & (firms.park >= 0)
    held = sum_by(firms.park[placed], firms.land[placed], len(parks.planned))
    look = "land.mu_*, opening.*_output and the parks of sim/data/parks.csv"
    for what, have, need in (
        ("firms hold more land than is booked as occupied", held, parks.occupied),
        ("more land is booked as occupied than firms hold", parks.occupied, held),
        ("more land is used than developed", parks.occupied + parks.idle + parks.released, parks.developed),
        ("more land is developed than planned", parks.developed, parks.planned),
    ):
        over = have - need * (1.0 + ROUNDED)
        at = int(over.argmax())
        if not over[at] <= ROUNDED:
            _refuse(what, where_is(state, at, "park"), have[at], need[at], "mu", look)


def check_capital(state: State) -> None:
    """Capital of every firm carries its output.

    Raises:
        OpeningError: the worst firm.
    """
    firms = state.firms
    short = np.where(firms.alive & ~firms.block, firms.output - firms.capacity * (1.0 + ROUNDED), 0.0)
    at = int(short.argmax())
    if not short[at] <= ROUNDED:
        what = f"capital of {firms.capital[at]:.6g} M yuan does not carry the output of its firm"
        _refuse(
            what, where_is(state, at, "firm"), firms.capacity[at], firms.output[at], "M yuan a month", "projects.KY_*"
        )


def orders_out_of_incomes(state: State) -> Floats:
    """(N, N) what households, and housing that follows them, order at home per unit of output of each county-node.

    Wages and the profits of local owners of an output go to residents, who spend c_y of them: the part of Miyazawa's
    closed system that acts next month (model description, section 9.14).
    """
    firms, people, technology = state.firms, state.people, state.technology
    households, counties = state.scenario[Households], state.world.county_count
    output = sum_by(firms.node, firms.output, state.node_count)
    wages = sum_by(firms.node, firms.wages, state.node_count)
    profits = paid_out(state)
    by_county = sum_by(firms.county, firms.output, counties)
    workplace = np.repeat(np.arange(counties), state.world.product_count)
    total = people.workers.sum(axis=1, keepdims=True)  # by skill and workplace
    share = np.divide(people.workers, total, out=np.zeros_like(people.workers), where=total > 0)
    bill = people.wage_bill / people.wage_bill.sum(axis=0)
    lives = (share * bill[:, None, :]).sum(axis=0)[:, workplace]  # residence of a unit of pay x county-node
    paid = np.divide(wages, output, out=np.zeros(len(output)), where=output > 0)
    kept = households.extra * np.divide(profits, by_county, out=np.zeros(counties), where=by_county > 0)
    income = lives * paid + (np.arange(counties)[:, None] == workplace) * kept[workplace]
    bought = technology.household_shares / relative_price(state)[:, None]
    spent = technology.home_share * bought[:, None, :]  # product x supplier x buyer
    orders = spent.transpose(1, 0, 2).reshape(len(output), counties)
    spends = people.consumption_opening > 0
    housing = np.divide(1.0, people.consumption_opening, out=np.zeros(counties), where=spends)
    orders[np.arange(len(output)), workplace] += technology.base_demand[:, 2] * housing[workplace]
    return np.asarray(orders @ (households.consumption_share * income))


def check_incomes(state: State, table: Table) -> None:
    """Incomes do not feed on themselves: the spectral radius of the table closed by them is below 1.

    From 1 on every order would bring forth more orders than it filled, month after month, until capacity ends it.

    Raises:
        OpeningError: with the radius and the parameters to look at.
    """
    here = slice(state.node_count)  # the rest of China stands behind the counties
    radius = spectral_radius(table.coefficients[here, here] + orders_out_of_incomes(state))
    if not radius < 1.0:
        raise OpeningError(
            f"incomes feed on themselves: a unit of output makes {radius:.4g} units of new orders at home; see "
            "households.consumption_share, households.extra, labour.wage_factor_agri and the inputs of the table"
        )
