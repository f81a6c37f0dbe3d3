"""Migration: people move to where they expect to earn more (model description, section 9.11).

    y_rh  = ln [w_rh (1 - u_rh)] - the same at the opening - ln W + AM_r         expected pay against the nation's
    in from, or out to, the rest of the country:  N_rh e_mig y_rh^+ / 12   and   N_rh e_mig (-y_rh)^+ / 12
    from county s to county r:                    e_mig N_sh (N_rh / N_h) (y_rh - y_sh)^+ / 12
    natural growth of residents:                  n N_rh / 12

Expected pay is the wage times the chance of work (Harris and Todaro 1970): u is the share of a county's own labour
force that finds no work anywhere. Wages alone would not do: they answer slowly (the wage curve, Blanchflower and
Oswald 1992), while people have always come to Ningde's plants because there were jobs. Choice: the position of the
opening is at rest. Pay differed by a tenth between mountains and coast for years without emptying the mountains, so
what differs at the opening is taken as made up for by amenities, costs of moving and habit; what moves people is how
things change from there. The same rule works in both directions, so a county that falls behind the nation loses people
to it.

Residents of all ages move in proportion to those of working age. Reads wages, workers, residents. Writes: arrivals,
departures, moves, births_of_people.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.demand import Demand, fading
from sim.mechanisms.labour import Labour
from sim.settings import Run
from sim.state import YEAR, State

Floats = NDArray[np.float64]


def expected_pay(wage: Floats, labour_force: Floats, at_work: Floats) -> Floats:
    """(2, C) wage times the chance of work, yuan a year.

    Args:
        wage: (2, C) yuan a year by skill and county.
        labour_force: (2, C) persons by residence.
        at_work: (2, C) of them at work, wherever.
    """
    chance = np.divide(at_work, labour_force, out=np.ones_like(at_work), where=labour_force > 0)
    return np.asarray(wage * np.maximum(chance, 1e-6))


def moves_between(residents: Floats, pay: Floats, elasticity: float) -> Floats:
    """(2, C, C) people of working age who move in a month, from county (second axis) to county (third).

    Args:
        residents: (2, C) of working age.
        pay: (2, C) y, log of expected pay against the nation's and the opening's.
        elasticity: e_mig, per year.
    """
    gain = np.maximum(pay[:, None, :] - pay[:, :, None], 0.0)
    share = residents / np.maximum(residents.sum(axis=1, keepdims=True), 1e-300)
    return np.asarray(elasticity / YEAR * residents[:, :, None] * share[:, None, :] * gain)


class Migration:
    """Moves within the city and with the rest of the country, and natural growth."""

    phase: ClassVar[Phase] = Phase.GROW
    writes: ClassVar[tuple[str, ...]] = ("arrivals", "departures", "moves", "births_of_people")

    def __init__(self, labour: Labour, demand: Demand, run: Run, known_month: int) -> None:
        """Keep the parameters.

        Args:
            labour: elasticity, amenity and natural growth.
            demand: half-life of what fades after the known world.
            run: a flat world has no natural growth.
            known_month: last month of knowledge about the world.
        """
        self.labour, self.known_month = labour, known_month
        self.half_life, self.natural = demand.growth_half_life, 0.0 if run.world == "flat" else labour.natural_growth

    def step(self, state: State, streams: Streams) -> None:
        """Compare expected pay with what it was and with the nation's."""
        del streams
        people, boards, speed = state.people, state.boards, self.labour.migration_elasticity / YEAR
        pay = expected_pay(state.counties.wage_by_skill, people.labour_force, people.workers.sum(axis=2))
        better = np.log(pay / (people.pay_opening * people.national_wage)) + people.amenity
        boards.arrivals = speed * people.working_age * np.maximum(better, 0.0)
        boards.departures = speed * people.working_age * np.maximum(-better, 0.0)
        boards.moves = moves_between(people.working_age, better, self.labour.migration_elasticity)
        years = (state.month - self.known_month) / YEAR
        rate = fading(self.natural, 0.0, years, self.half_life)
        boards.births_of_people = people.working_age * rate / YEAR
