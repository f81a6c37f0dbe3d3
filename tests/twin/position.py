"""The position of the model as plain Python: lists, numbers and names, so that no array operation enters the twin.

Only names of columns are taken from the model. Months are counted as in the model, the opening is month 0.
"""

from dataclasses import fields, is_dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

LEFT_OUT = {"scenario", "deciders"}
YEAR = 12


def plain(value: Any) -> Any:
    """Arrays become lists, dataclasses become names with values; numbers stay the same floats."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if is_dataclass(value) and not isinstance(value, type):
        return SimpleNamespace(
            **{f.name: plain(getattr(value, f.name)) for f in fields(value) if f.name not in LEFT_OUT}
        )
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value


def position(state: Any) -> SimpleNamespace:
    """Everything that the twin may look at: stocks, boards of earlier phases, parameters of the scenario, levers."""
    copy = plain(state)
    copy.settings = {table: dict(values) for table, values in state.scenario.tables.items()}
    world = copy.world
    world.C, world.K, world.P = len(world.counties), len(world.products), len(world.parks)
    world.index = {code: k for k, code in enumerate(world.products)}
    world.chain_product = [chain >= 0 for chain in world.chain]
    copy.F = len(copy.firms.county)
    copy.N = world.C * world.K
    return copy


def lever(at: SimpleNamespace, name: str) -> Any:
    """Value of a lever in the month of the position: a number, or a list by county."""
    return at.levers[name][at.month]


def mean(memory: list[float]) -> float:
    """Mean of a memory of twelve months."""
    return sum(memory) / len(memory)


def summed(pairs: Any, size: int) -> list[float]:
    """Sum of values by group from pairs (group, value)."""
    total = [0.0] * size
    for group, value in pairs:
        total[group] += value
    return total
