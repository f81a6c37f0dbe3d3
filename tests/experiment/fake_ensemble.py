"""An ensemble in memory with planted effects, on the layout of the real one: the interface that comparisons read."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from sim.experiment.layout import Layout, layout_between
from sim.experiment.store import Origin, Plan
from sim.parameters import Month
from sim.world import load_world

WORLD = load_world()
LAYOUT = layout_between(Month("2014-01"), Month("2016-12"))
YEARS = LAYOUT.coords["year"]
SERIES = tuple(LAYOUT.coords["series"].tolist())
ORIGIN = Origin("a" * 64, "b" * 64, {"numpy": "2"})


@dataclass
class FakeEnsemble:
    """Arrays by scenario and name; what is planted is what a test is about, luck fills the rest alike in all."""

    scenarios: tuple[str, ...] = ("baseline", "policy")
    seeds: tuple[int, ...] = tuple(range(1, 9))
    layout: Layout = LAYOUT
    made_by: Origin = ORIGIN
    faults: tuple[str, ...] = ()
    planted: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)

    def plan(self, scenario: str) -> Plan:
        return Plan(scenario, scenario, "", self.hashes.get(scenario, scenario), "")

    def luck(self, name: str) -> np.ndarray:
        """(seed, ...) positive numbers that depend on the seed and the name alone."""
        entry = self.layout.entry(name)
        draws = [np.random.default_rng([seed, entry.offset]).uniform(1.0, 2.0, entry.shape) for seed in self.seeds]
        return np.array(draws).reshape(len(self.seeds), *entry.shape)

    def values(self, scenario: str, name: str) -> xr.DataArray:
        values = self.planted[scenario, name] if (scenario, name) in self.planted else self.luck(name)
        return self.layout.label(name, values, {"seed": np.array(self.seeds, dtype=np.int64)})

    def plant(self, scenario: str, name: str, values: np.ndarray) -> FakeEnsemble:
        self.planted[scenario, name] = values
        return self
