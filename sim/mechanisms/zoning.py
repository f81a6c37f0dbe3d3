"""Zoning: the city plan of which chain belongs where (model description, section 9.7).

The zoning matrix F (county x chain, in 0, 0.5, 1) is a data table. Strictness z adds b_z z F to the utility of a park
and at z = 1 refuses F = 0. Unplanned leads ignore it. It damps the race of incentives (:mod:`sim.mechanisms.fiscal`).

Reads the matrix. Writes: appeal, allowed.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.parameters import Lever, Month, Parameters, lever, month, parameter
from sim.state import Channel, State


class Zoning(Parameters):
    """Strictness of the city plan."""

    table: ClassVar[str] = "zoning"

    strictness: Lever = lever(
        0.5,
        symbol="z",
        unit="0 free, 1 binding",
        payer="no budget: firms give up their best place",
        low=0,
        high=1,
        grade="assumed",
        source="assumption; 0 before zoning.start in the shipped baseline",
        scope="city",
        neutral=0,
        starts="start",
    )
    incentive_war: float = parameter(
        0.15,
        symbol="xi_d",
        unit="incentive inflation per extra competing county",
        low=0.0,
        high=0.4,
        grade="assumed",
        source="assumption",
    )
    start: Month = month(
        "2016-01",
        symbol="t_zon",
        unit="month",
        low="2014-01",
        high="2035-12",
        grade="assumed",
        source="assumption",
    )


class CityPlan:
    """Adds the zoning terms to the choice of parks."""

    phase: ClassVar[Phase] = Phase.PLACE
    writes: ClassVar[tuple[str, ...]] = ("appeal", "allowed")

    def __init__(self, weight: float) -> None:
        """Keep the weight.

        Args:
            weight: b_z, utility per unit of fit (location.zone_fit).
        """
        self.weight = weight

    def step(self, state: State, streams: Streams) -> None:
        """The city weighs fit and refuses misfits under a binding plan."""
        del streams
        assert state.deciders is not None
        fit, refused = state.deciders.city.zone(state.world.fit, state.lever("zoning.strictness"))
        county = state.world.park_county
        for leads in state.boards.leads:
            planned = (leads["channel"] != Channel.UNPLANNED)[:, None]
            product = np.asarray(leads["product"], dtype=np.int64)
            state.boards.appeal.append(np.where(planned, self.weight * fit[:, product].T[:, county], 0.0))
            state.boards.allowed.append(~(planned & refused[:, product].T[:, county]))
