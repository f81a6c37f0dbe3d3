"""Energy: electricity use of the producers (part of section 9.20 of the model description).

    use_i = e_i x_i (1 - g_e)^(years since opening)      (MWh a month)

Caps on electricity and carbon are a mechanism of their own that does not exist yet; use is counted and limits nothing.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.parameters import Parameters, parameter
from sim.state import YEAR, Firms

Floats = NDArray[np.float64]


class Energy(Parameters):
    """Electricity per unit of output and its decline."""

    table: ClassVar[str] = "energy"

    mwh_smelt: float = parameter(
        180.0,
        symbol="e_smelt",
        unit="MWh per M yuan",
        low=120,
        high=260,
        grade="assumed",
        source="assumption; recalled: nickel pig iron about 4-5 MWh/t",
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
        40.0,
        symbol="e_oth",
        unit="MWh per M yuan",
        low=25,
        high=70,
        grade="assumed",
        source="assumption",
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


def electricity(firms: Firms, month: int, efficiency: float) -> Floats:
    """(F,) electricity use of a month, MWh.

    Args:
        firms: intensities in MWh per M yuan and output in M yuan a month.
        month: months since the opening.
        efficiency: g_e, yearly decline of use per unit.
    """
    return np.asarray(firms.energy_intensity * firms.output * (1.0 - efficiency) ** (month / YEAR) * firms.alive)
