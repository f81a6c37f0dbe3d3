"""The ledger of the month."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.state import Ledger, Stage, State

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def open_ledger(state: State) -> Ledger:
    """A new ledger at the start of a month."""
    return Ledger(
        capital_before=state.firms.capital.copy(),
        alive_before=state.firms.alive.copy(),
        stages_before=np.bincount(state.projects.stage, minlength=len(Stage)),
        developed_before=state.parks.developed.copy(),
        quota_before=state.counties.quota.copy(),
        invested=np.zeros(len(state.firms)),
        scrapped=np.zeros(len(state.firms)),
        working_age_before=state.people.working_age.copy(),
    )


def the_ledger(state: State) -> Ledger:
    """The open ledger of the month."""
    if state.ledger is None:
        raise RuntimeError("no ledger is open: a month begins with open_ledger")
    return state.ledger
