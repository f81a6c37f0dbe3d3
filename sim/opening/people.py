"""People of the opening: who lives where, who works where, and what households buy (model description, section 8.2).

Everybody who works at the opening is matched such that each county opens with its jobs filled and the normal share of
posts open; what differs between counties from then on is the model's doing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.mechanisms.commuting import MatchingError, efficiency, match
from sim.mechanisms.households import Households, household_income, local_profits
from sim.mechanisms.labour import Labour, by_skill, hired_and_paid, skill_wages, staff, wanted_by_county
from sim.mechanisms.migration import expected_pay
from sim.mechanisms.production import household_orders
from sim.mechanisms.talent import opening_plan
from sim.opening.national import OpeningError
from sim.opening.totals import OpeningTotals
from sim.scenario import Scenario
from sim.settings import Opening
from sim.state import People, State
from sim.world import GROUPS, World

Floats = NDArray[np.float64]


def skill_shares(world: World, opening: Opening) -> Floats:
    """(C,) high-skilled share of workers at the opening."""
    core = world.group == GROUPS.index("core")
    return np.where(core, opening.high_skill_share_core, opening.high_skill_share_other)


def opening_people(totals: OpeningTotals, scenario: Scenario, world: World) -> People:
    """Residents by county and skill; who works where is found once there are firms (:func:`put_to_work`)."""
    labour, count = scenario[Labour], world.county_count
    share = skill_shares(world, scenario[Opening])
    square = np.zeros((2, count, count))
    return People(
        working_age=by_skill(totals.working_age, share),
        per_working_age=1.0 / scenario[Opening].working_age_share,
        participation=labour.participation,
        skill_share=share,
        kernel=square.copy(),
        open_root=np.zeros((2, count)),
        workers=square.copy(),
        vacancy=np.full((2, count), labour.vacancy_normal),
        wage_bill=np.zeros((2, count)),
        pay_opening=np.zeros((2, count)),
        amenity=np.full(count, labour.amenity),
        residents_opening=totals.population.copy(),
        consumption_opening=np.ones(count),
        income=np.ones(count),
        usual_profits=np.zeros(count),
        consumption=np.zeros(count),
        deepening=np.ones(world.product_count),
    )


def put_to_work(state: State) -> None:
    """Staff the opening firms: efficiency of matching, commuters, wages paid, and the pay at rest.

    Raises:
        OpeningError: there are more jobs than people.
    """
    people, firms, labour = state.people, state.firms, state.scenario[Labour]
    firms.skill_share = people.skill_share[firms.county]
    wanted = staff(firms, firms.output)
    jobs = wanted_by_county(state, wanted)
    open_posts = jobs * labour.vacancy_normal / (1.0 - labour.vacancy_normal)
    distance = np.exp(-labour.commute_decay * state.world.minutes)
    try:
        kappa = efficiency(people.labour_force, jobs, open_posts, distance)
    except MatchingError as fault:
        raise OpeningError(f"the opening has no work force for its jobs: {fault}") from fault
    people.kernel = kappa[:, None, :] * distance
    people.workers, people.open_root = match(people.labour_force, jobs + open_posts, people.kernel, np.sqrt(open_posts))
    state.counties.wage_by_skill = skill_wages(state.counties.wage, people.skill_share, labour.skill_premium)
    firms.staff, firms.wages, people.wage_bill = hired_and_paid(state, wanted, np.ones_like(jobs))
    people.pay_opening = expected_pay(state.counties.wage_by_skill, people.labour_force, people.workers.sum(axis=2))
    state.talent = opening_plan(state)


def settle_households(state: State) -> None:
    """Take what households buy out of the incomes of the opening from their base demand, so nothing counts twice."""
    people, households = state.people, state.scenario[Households]
    people.income = household_income(state, households)
    people.usual_profits = local_profits(state, households)
    people.consumption = households.consumption_share * people.income
    people.consumption_opening = people.consumption.copy()
    state.technology.base_demand[:, 0] -= household_orders(state)
