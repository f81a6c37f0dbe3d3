"""Energy: electricity and carbon of the producers, and city caps on them (model description, section 9.20).

    use_i  = e_i x_i (1 - g_e)^(years since opening)                    (MWh a month) ,  carbon_i = EF use_i (t CO2)
    L      = min(cap_E, cap_C / EF)                                      the tighter cap, MWh a month; 0 = no cap
    left   = L - sum_i use_i - sum_j e_k(j) announced_j / 12             j: projects signed and not yet at work
    refused:  energy-heavy leads, and leaders' own plants at home, that need more than is left
    headroom = (left / L)^+                                              in the leaders' utility of a home site (9.3)
    output:   x_i = phi x*_i with phi = min(1, L / sum_i use_i(x*))      x*: what would be made without a cap

Both caps are levers of the city. New projects meet them first: a lead of an energy-heavy product, or a leader's own
plant of any product, that needs more than is left is refused. What is already built is rationed last, pro rata: every
plant makes the same share of what it would make without a cap, so use equals the cap while it binds and home buyers are
short in the same proportion. Energy-heavy products use at least ``energy.heavy`` MWh per M yuan of value added; with
the defaults these are stainless steel melting and rolling, copper and copper processing.

Choices. Rationing acts on output and not on capacity, because plants run below capacity: a factor on capacity binds
only after the slack is gone and misses the cap by the slack. It needs a second solve in the months that bind and none
in others. Orders are not cut: the unmet part stays an order, a leader's backlog grows and its share falls. Products are
called heavy by value added, not by output, as China's targets are (energy per value added); copper has
little electricity in its dear output and much in its value added. Dated plants (9.21) are history and are never
refused. Blocks use energy by the table only (section 3.1), so their use is neither counted nor rationed. One factor EF
holds for all months: what the grid emits later is a matter of the nation, not of the city.

Reads output, intensities, projects, levers. Writes: refused, electricity_limit.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.parameters import Lever, Parameters, lever, parameter
from sim.state import YEAR, Firms, Stage, State

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MILLION = 1e6
"""MWh in a TWh, t in a Mt."""


class Energy(Parameters):
    """Electricity per unit of output and its decline, carbon, and caps of the city (0 means no cap)."""

    table: ClassVar[str] = "energy"

    mwh_smelt: float = parameter(
        150.0,
        symbol="e_smelt",
        unit="MWh per M yuan",
        low=120,
        high=260,
        grade="assumed",
        source=(
            "recalled: nickel pig iron about 4-5 MWh/t; fitted to industrial electricity of 2019, see "
            "docs/calibration.md"
        ),
        newest_fact="2019-11",
        published="2019-12",
    )
    mwh_cell: float = parameter(
        49.0,
        symbol="e_cell",
        unit="MWh per M yuan",
        low=17,
        high=56,
        grade="derived",
        source=(
            "50-65 kWh of electricity per kWh of cells (Davidsson Kurland, Environ. Res. Commun. "
            "2:012001, 2020, https://research.chalmers.se/publication/524468) over 1,165 yuan per kWh "
            "(BloombergNEF 176 USD in 2018); low end 20 kWh where drying is by gas"
        ),
        published="2020",
    )
    mwh_copper: float = parameter(
        25.0,
        symbol="e_cu",
        unit="MWh per M yuan",
        low=15,
        high=45,
        grade="recalled",
        source="recalled",
    )
    mwh_other: float = parameter(
        30.0,
        symbol="e_oth",
        unit="MWh per M yuan",
        low=25,
        high=70,
        grade="assumed",
        source="assumption, fitted to industrial electricity of 2019, see docs/calibration.md",
        newest_fact="2019-11",
        published="2019-12",
    )
    efficiency: float = parameter(
        0.015,
        symbol="g_e",
        unit="per year decline",
        low=0.0,
        high=0.03,
        grade="assumed",
        source="assumption",
    )
    grid_factor: float = parameter(
        0.45,
        symbol="EF",
        unit="t CO2 per MWh",
        low=0.35,
        high=0.6,
        grade="recalled",
        source="recalled: Fujian low-carbon grid",
    )
    heavy: float = parameter(
        350.0,
        symbol="e_heavy",
        unit="MWh per M yuan of value added from which a product is energy-heavy",
        low=150,
        high=1000,
        grade="assumed",
        source="assumption; about twice the mean of the products made by firms",
    )
    cap: Lever = lever(
        0,
        symbol="cap_E",
        unit="TWh per year, city; 0 = no cap",
        payer="firms that use much electricity",
        low=0,
        high=60,
        neutral=0,
        grade="assumed",
        source="assumption",
    )
    carbon_cap: Lever = lever(
        0,
        symbol="cap_C",
        unit="Mt CO2 per year, city; 0 = none",
        payer="firms that use much electricity",
        low=0,
        high=60,
        neutral=0,
        grade="assumed",
        source="assumption",
    )


def electricity(firms: Firms, month: int, efficiency: float) -> Floats:
    """(F,) electricity use of a month, MWh; a firm that closes at the end of the month has used its own.

    Args:
        firms: intensities in MWh per M yuan and output in M yuan a month.
        month: months since the opening.
        efficiency: g_e, yearly decline of use per unit.
    """
    return np.asarray(firms.energy_intensity * firms.output * (1.0 - efficiency) ** (month / YEAR))


def monthly_limit(cap: float, carbon_cap: float, grid_factor: float) -> float:
    """MWh a month that the tighter of two caps leaves; infinite without a cap.

    Args:
        cap: TWh a year, 0 = none.
        carbon_cap: Mt CO2 a year, 0 = none.
        grid_factor: EF, t CO2 per MWh.
    """
    by_energy = cap if cap > 0 else np.inf
    by_carbon = carbon_cap / grid_factor if carbon_cap > 0 else np.inf
    return float(min(by_energy, by_carbon) * MILLION / YEAR)


def limit_of(state: State) -> float:
    """MWh a month that the caps of this month leave to the city; infinite without a cap."""
    grid_factor = state.scenario[Energy].grid_factor
    return monthly_limit(state.lever("energy.cap"), state.lever("energy.carbon_cap"), grid_factor)


def need(output: Floats, intensity: Floats, month: int, efficiency: float) -> Floats:
    """Electricity of plants at full work, MWh a month.

    Args:
        output: announced output, M yuan a year.
        intensity: e_k, MWh per M yuan.
        month: months since the opening.
        efficiency: g_e, yearly decline of use per unit.
    """
    return np.asarray(intensity * output / YEAR * (1.0 - efficiency) ** (month / YEAR))


def left_over(state: State, limit: float) -> float:
    """MWh a month that neither present use nor signed projects need; negative where they need more than the limit."""
    efficiency, projects = state.scenario[Energy].efficiency, state.projects
    coming = (projects.stage >= Stage.SIGNED) & (projects.stage <= Stage.BUILD)
    intensity = state.technology.energy[projects.product[coming]]
    planned = need(projects.announced_output[coming], intensity, state.month, efficiency).sum()
    present = electricity(state.firms, state.month, efficiency)[state.firms.alive].sum()
    return limit - float(present) - float(planned)


def heavy_products(state: State) -> Bools:
    """(K,) products with at least ``energy.heavy`` MWh per M yuan of value added."""
    value_added = np.maximum(state.technology.value_added_share, 1e-9)
    return np.asarray(state.technology.energy >= state.scenario[Energy].heavy * value_added)


def rationed(use: Floats, limit: float) -> float:
    """Share phi = min(1, L / total use) of what they would make that plants may make.

    Args:
        use: (F,) electricity of the output without a cap, MWh a month.
        limit: L, MWh a month.
    """
    total = float(use.sum())
    return 1.0 if total <= limit else limit / total


class EnergyHeadroom:
    """Energy-heavy leads that need more electricity than is left are refused."""

    phase: ClassVar[Phase] = Phase.PLACE
    writes: ClassVar[tuple[str, ...]] = ("refused",)

    def __init__(self, energy: Energy) -> None:
        self.energy = energy

    def step(self, state: State, streams: Streams) -> None:
        """Compare the need of each lead with what present use and signed projects leave."""
        del streams
        limit = limit_of(state)
        if np.isinf(limit):
            return
        left, heavy = left_over(state, limit), heavy_products(state)
        for leads in state.boards.leads:
            product = np.asarray(leads["product"], dtype=np.int64)
            output = np.asarray(leads["announced_output"], dtype=np.float64)
            asked = need(output, state.technology.energy[product], state.month, self.energy.efficiency)
            state.boards.refused.append(heavy[product] & (asked > left))


class EnergyLimit:
    """The limit on the month's electricity; the resolver of PRODUCE rations output to it."""

    phase: ClassVar[Phase] = Phase.PRODUCE
    writes: ClassVar[tuple[str, ...]] = ("electricity_limit",)

    def step(self, state: State, streams: Streams) -> None:
        """Write the tighter cap in MWh a month."""
        del streams
        state.boards.electricity_limit = limit_of(state)
