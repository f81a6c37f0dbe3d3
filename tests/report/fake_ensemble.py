"""An ensemble in memory for tests of tables, figures, export and brief: made-up runs in the layout of the real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim.experiment.ensemble import Ensemble
from sim.experiment.layout import layout_of, record
from sim.scenario import Scenario
from tests.report import fake

Floats = NDArray[np.float64]


def scenario(name: str, end: str = "2016-12") -> Scenario:
    """The fake scenario under another name."""
    plan = fake.scenario(end=end)
    return Scenario(name, f"The {name} that never was", f"What would {name} do?", plan.parameters)


def ensemble(
    scenarios: Mapping[str, Mapping[str, float]], seeds: Sequence[int] = (1, 2, 3, 4), end: str = "2016-12"
) -> Ensemble:
    """Fake runs; a scenario multiplies quantities of the fake run by a factor, with the luck of its seed.

    Args:
        scenarios: factor of each quantity, by scenario.
        seeds: of all of them.
        end: last month.
    """
    layout = layout_of(fake.scenario(end=end))
    base = np.array([_vector(seed, end) for seed in seeds])
    matrices = {}
    for name, factors in scenarios.items():
        matrices[name] = base.copy()
        for quantity, factor in factors.items():
            matrices[name][:, layout.entry(quantity).place] *= factor
    return Ensemble.of(matrices, [scenario(name, end) for name in scenarios], tuple(seeds))


@lru_cache
def _vector(seed: int, end: str) -> Floats:
    """One fake run; wages differ between counties, so that a mean shows how it was weighted."""
    plan = fake.scenario(end=end)
    layout = layout_of(plan)
    vector = record(fake.run(plan, seed), layout)
    wage = layout.view(vector, "wage")
    wage *= 1.0 + 0.05 * np.arange(wage.shape[-1])
    return vector
