"""Events: dated plants of the lead firms (model description, sections 4, 9.3 and 9.21).

A row of the history {announced, park, investment, capacity, land, start of work, production} enters in its announced
month if that month is not later than run.known_until. Stages dated up to known_until happen in their month; later
stages are simulated like those of any project. A row that names a physical capacity gets cap = capacity x unit value of
2018 and its own capital intensity. The size of some plants became known only after their announcement: it is the row's
times events.plant_size, in investment, capacity and land, so that a forecast from between can draw it. An event brings
its own land (out of the park's plan, widened where it is full, outside the yearly quota); the vehicle base also
delivers serviced land for suppliers of its chain, on which the LAND stage lasts one month.

Its parameters stand with those of hypothetical events in :mod:`sim.mechanisms.shocks`, for both are one table of the
scenario file. Reads sim/data/history.csv. Writes: own_projects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sim import data
from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.demand import OPENING
from sim.mechanisms.prices import Prices
from sim.mechanisms.shocks import Events, gone
from sim.parameters import Month
from sim.state import State, Technology
from sim.world import World

UNIT_VALUES: dict[tuple[str, str], str] = {
    ("power_cell", "GWh"): "power_cell",
    ("consumer_cell", "GWh"): "consumer_cell",
    ("vehicles", "thousand vehicles"): "vehicle",
    ("stainless", "Mt"): "stainless_melt",
    ("copper", "Mt"): "copper",
}
"""Key of prices.unit_value by market of the leader and unit of a dated capacity."""


DATED_PLANTS = 33
"""Slots of luck kept for dated plants. A fixed number: were it that of the rows, a row about a later year would shift
the luck of every candidate of a run that may not know it."""


def plants_of_leaders() -> list[dict[str, str]]:
    """The rows of sim/data/history.csv about plants of leaders, in the order of the file.

    Raises:
        ValueError: there are more than have a slot of luck.
    """
    rows = [row for row in data.rows("history.csv") if row["kind"] == "leader"]
    if len(rows) > DATED_PLANTS:
        raise ValueError(
            f"history.csv holds {len(rows)} plants of leaders, but there is luck for {DATED_PLANTS}: "
            "raise DATED_PLANTS in sim/mechanisms/events.py, which changes the luck of every run"
        )
    return rows


@dataclass(frozen=True)
class DatedPlant:
    """One plant of the history, in model units.

    Attributes:
        row: position among the plants of leaders in the history file.
        name: what people call it.
        announced: month (since the opening) in which it becomes known; 1 if it was known before.
        work, production: dated months, -1 where the stage is simulated.
        output: annual output at full capacity, M yuan at 2018 prices.
        done: share of the work that was done before the opening.
    """

    row: int
    name: str
    leader: int
    product: int
    park: int
    announced: int
    work: int
    production: int
    investment: float
    output: float
    land: float
    serviced: float
    done: float
    settled: bool  # announced before the opening, so land and grants were settled by then


def dated_plants(
    world: World,
    leaders: tuple[str, ...],
    markets: tuple[str, ...],
    technology: Technology,
    prices: Prices,
    events: Events,
    known: Month,
) -> tuple[DatedPlant, ...]:
    """Leaders' plants announced up to a month; nothing dated later is read.

    Args:
        world: parks and products.
        leaders: codes of the leaders, in model order.
        markets: market name of each leader.
        technology: intensities for what a row does not tell.
        prices: unit values.
        events: land of the vehicle base, size of plants.
        known: run.known_until.
    """
    plants = []
    for row, item in enumerate(plants_of_leaders()):
        if Month(item["announced"]) > known:
            continue
        group, product = leaders.index(item["leader"]), world.product(item["product"])
        key = (
            "stainless_roll"
            if item["product"] == "S_ROLL"
            else UNIT_VALUES.get((markets[group], item["capacity_unit"]))
        )
        capital = float(technology.capital[product])
        investment = float(item["investment_m"] or 0.0)
        if item["capacity"] and key:
            output = float(item["capacity"]) * prices.unit_value[key]
        else:
            output = float(item["output_m"] or 0.0) or investment / capital
        land = float(item["land_mu"] or 0.0) or output * float(technology.land[product])
        size = events.plant_size.get(item["code"], 1.0)
        investment, output, land = size * investment, size * output, size * land
        serviced = 0.0
        if item["services_land_mu"]:  # the vehicle base: its land is declared in this table's parameters
            land, serviced = events.vehicle_base_plant_land, events.vehicle_base_supplier_land
        plants.append(
            DatedPlant(
                row=row,
                name=item["firm"],
                leader=group,
                product=product,
                park=world.parks.index(item["park"]),
                announced=max(Month(item["announced"]) - OPENING, 1),
                work=_forced(item["work_start"], known),
                production=_forced(item["production"], known),
                investment=investment or output * capital,
                output=output,
                land=land,
                serviced=serviced,
                done=share_done(item["work_start"], item["production"], known),
                settled=Month(item["announced"]) <= OPENING,
            )
        )
    return tuple(plants)


def _forced(text: str, known: Month) -> int:
    """Months since the opening of a dated stage (0 = before it), -1 if not dated or later than the known period."""
    return max(Month(text) - OPENING, 0) if text and Month(text) <= known else -1


def share_done(start: str, production: str, known: Month) -> float:
    """Share of the work that was done before the opening: months passed over months from start to production, 0-1."""
    if not start or not production or Month(start) > OPENING or Month(production) > known:
        return 0.0
    return min((OPENING + 1 - Month(start)) / max(Month(production) - Month(start), 1), 0.99)


class History:
    """Lets the dated plants of leaders enter in their announced month, unless the leader has left (section 9.21)."""

    phase: ClassVar[Phase] = Phase.PROPOSE
    writes: ClassVar[tuple[str, ...]] = ("own_projects",)

    def __init__(self, plants: tuple[DatedPlant, ...]) -> None:
        self.plants = plants

    def step(self, state: State, streams: Streams) -> None:
        """Sign the plants of this month."""
        del streams
        for plant in self.plants:
            if plant.announced == state.month and not gone(state)[plant.leader]:
                state.boards.own_projects.append(
                    {
                        "product": plant.product,
                        "leader": plant.leader,
                        "sponsor": plant.leader,
                        "park": plant.park,
                        "county": int(state.world.park_county[plant.park]),
                        "investment": plant.investment,
                        "capital_intensity": plant.investment / plant.output,
                        "announced_output": plant.output,
                        "land": plant.land,
                        "serviced": plant.serviced,
                        "done": plant.done,
                        "land_settled": plant.settled,
                        "quality": float(state.leaders.quality[plant.leader]),
                        "event": plant.row,
                        "forced_work": plant.work,
                        "forced_production": plant.production,
                    }
                )
