"""Null versions that take one behaviour out: links (N7), the choice of places (N4), the knowledge of gaps (N5).

All three are the full model but for that: the same opening, the same streams of luck, all identities checked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.experiment.nulls.base import ModelRun, swap
from sim.inputoutput.tables import Table
from sim.mechanisms import Phase
from sim.mechanisms.enclave import parks_for_leads
from sim.mechanisms.gaps import GapMap
from sim.mechanisms.leaders import Expansion
from sim.mechanisms.location import Location, inclusive_value, room_left
from sim.mechanisms.promotion import Funnel
from sim.mechanisms.sourcing import Sourcing
from sim.model import NingdeModel
from sim.scenario import Scenario
from sim.state import State

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# --- N7: agents without links -----------------------------------------------------------------------------------------

NO_CHOICE = 1e-6
"""Price elasticity without a choice of suppliers: 0 but for what a bonus on home purchases is divided by."""

POOLED: dict[str, float] = {
    "price_elasticity": NO_CHOICE,
    "quality": 0.0,
    "habit": 0.0,
    "adjust": 1.0,
    "qualification": 0.0,
    "cap_devoted_max": 1.0,
}
"""Values of the table `sourcing` with which nothing is left of a link but the share of its supplier in the pool."""


def pooled_market(scenario: Scenario) -> Scenario:
    """The scenario in which chain goods are bought from a pool: s_j = v cap_j / (O + sum v cap).

    Cost, quality, distance, habit, qualification and devoted capacity are out; v (the same for all suppliers between
    two counties, so that the trade of the opening table is given back) and the option outside O stay. The shares of
    the month follow capacities at once. The values may lie outside the ranges that a scenario file allows.
    """
    parameters = tuple(
        group.model_copy(update=POOLED) if isinstance(group, Sourcing) else group for group in scenario.parameters
    )
    return replace(scenario, parameters=parameters)


def no_links(scenario: Scenario, seed: int | None, table: Table | None) -> ModelRun:
    """N7: every buyer of a chain good buys from all who make it, by their shares of capacity."""
    return ModelRun(NingdeModel(pooled_market(scenario), seed, table=table), "no_links")


# --- N4: random location ----------------------------------------------------------------------------------------------


def even_utility(value: Floats, open_parks: Bools, county: Ints, nest: float) -> Floats:
    """(J, P) utility with which every county with an open park is as likely as any other, and so are its open parks.

    V'_p = IV + lam_n ln [1 / (C n_c)] , with C counties that have an open park and n_c open parks in that of p. Then
    lam_n ln sum exp(V' / lam_n) = IV: the chance of signing stays what it was.

    Args:
        value: (J,) IV, -inf where no park is open.
        open_parks: (J, P) parks that can take the project.
        county: (P,) county of each park.
        nest: lam_n.

    Returns:
        V', 0 for parks that are not open.
    """
    size = int(county.max()) + 1
    inside = np.zeros((len(open_parks), size))
    for park, where in enumerate(county.tolist()):
        inside[:, where] += open_parks[:, park]
    ways = (inside > 0).sum(axis=1)[:, None] * inside[:, county]
    even = np.where(np.isfinite(value), value, 0.0)[:, None] - nest * np.log(np.maximum(ways, 1.0))
    return np.where(open_parks, even, 0.0)


class RandomPlace:
    """Makes all counties with room equally good for every lead; stands last in PLACE and reads what the others wrote.

    Who comes at all is decided as in the model: the value of the best places, the screen, plan, grid, ports and room
    stay. Grafts stay with their firm and normal entry renews what a county has; neither chooses a place in the model.
    """

    phase: ClassVar[Phase] = Phase.PLACE
    writes: ClassVar[tuple[str, ...]] = ("appeal",)

    def __init__(self, location: Location) -> None:
        self.location = location

    def step(self, state: State, streams: Streams) -> None:
        """Put one even utility in place of the sum of all terms."""
        del streams
        boards, nest = state.boards, self.location.nest
        if not boards.leads:
            return
        utility = np.sum(boards.appeal, axis=0)
        _, allowed = parks_for_leads(state)
        fits = allowed & (room_left(state) >= np.asarray(boards.leads[0]["land"])[:, None])
        value = inclusive_value(utility, fits, nest)
        boards.appeal = [even_utility(value, fits, state.world.park_county, nest)]


class RandomExpansion(Expansion):
    """Leaders that weigh home against rivals as ever, but build in any county with room."""

    def _utilities(self, state: State, group: int, output: float) -> tuple[Floats, Bools, Floats]:
        utility, allowed, offers = super()._utilities(state, group, output)
        parks, nest = len(state.parks.planned), self.location.nest
        here, fits = utility[None, :parks], allowed[None, :parks]
        even = even_utility(inclusive_value(here, fits, nest), fits, state.world.park_county, nest)
        return np.concatenate([even[0], utility[parks:]]), allowed, offers


def random_location(scenario: Scenario, seed: int | None, table: Table | None) -> ModelRun:
    """N4: signed projects and the plants that leaders plan go to counties at random among those with room.

    Dated plants of the known past stay where they were built.
    """
    model = NingdeModel(scenario, seed, table=table)
    swap(model, Expansion, lambda old: RandomExpansion(old.leaders, old.location, old.race))
    model.month_list = (*model.month_list, RandomPlace(scenario[Location]))
    return ModelRun(model, "random_location")


# --- N5: shuffled gaps ------------------------------------------------------------------------------------------------


def one_ring(products: Ints, size: int, draw: np.random.Generator) -> Ints:
    """(size,) whose gap stands in for that of each product: one ring through all given products, others keep theirs.

    Args:
        products: (n,) products that change places.
        size: number of products K.
        draw: luck of the order; with two products or more none keeps its own.
    """
    order, ring = np.arange(size), draw.permutation(products)
    order[ring] = np.roll(ring, 1)
    return order


class ShuffledFunnel(Funnel):
    """Promotion that takes the gap of one product of the chains for that of another."""

    def __init__(self, funnel: Funnel, order: Ints) -> None:
        """Take over a funnel.

        Args:
            funnel: that of the model.
            order: (K,) product whose gap stands in for that of each.
        """
        super().__init__(funnel.promotion, funnel.projects, funnel.sourcing, funnel.rates)
        self.order = order

    def chains(self, state: State) -> GapMap:
        """The map of the month with all its columns in the wrong places."""
        return GapMap(**{name: values[self.order] for name, values in vars(super().chains(state)).items()})


def shuffled_gaps(scenario: Scenario, seed: int | None, table: Table | None) -> ModelRun:
    """N5: needs, gaps, upgrading, extension and procurement are dealt anew among the products of the chains."""
    model = NingdeModel(scenario, seed, table=table)
    chain = np.flatnonzero(model.world.chain_product)
    order = one_ring(chain, model.world.product_count, model.streams.draw("nulls.shuffled_gaps", 0))
    swap(model, Funnel, lambda old: ShuffledFunnel(old, order))
    return ModelRun(model, "shuffled_gaps")
