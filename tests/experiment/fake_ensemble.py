"""An ensemble in memory with planted effects, beside the real one: the interface that comparisons read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from sim.state import COMMODITIES, MARKETS, SPENDING_ITEMS
from sim.world import load_world

WORLD = load_world()
YEARS = np.arange(2014, 2017)
MONTHS = np.datetime64("2014-01", "M") + np.arange(36)
SERIES = ("above_scale_output", "gdp", *WORLD.chains)
BUDGETS = (*WORLD.county_names, "city level")

LABELS: Mapping[str, object] = {
    "year": YEARS,
    "month": MONTHS.astype("datetime64[ns]"),
    "county": list(WORLD.county_names),
    "product": list(WORLD.products),
    "series": list(SERIES),
    "budget": list(BUDGETS),
    "budget_item": list(SPENDING_ITEMS),
    "market": list(MARKETS),
    "commodity": list(COMMODITIES),
}

DIMS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("output", "value_added", "jobs"), ("year", "county", "product")),
    **dict.fromkeys(("population", "income", "wage", "local_tax"), ("year", "county")),
    "public_spending": ("year", "budget", "budget_item"),
    "headline": ("month", "series"),
    "herfindahl": ("year", "product"),
    "world_volume": ("year", "market"),
    "commodity_price": ("year", "commodity"),
}

ORIGIN = {"code_digest": "a" * 64, "data_digest": "b" * 64, "start": "2014-01", "end": "2016-12"}


@dataclass
class FakeEnsemble:
    """Arrays by scenario and name; `planted` fills what a test is about, luck fills the rest alike in all scenarios."""

    scenarios: tuple[str, ...] = ("baseline", "policy")
    seeds: tuple[int, ...] = tuple(range(1, 9))
    planted: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    origins: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.origins = {name: dict(ORIGIN) for name in self.scenarios} | self.origins

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(DIMS)

    def luck(self, name: str) -> np.ndarray:
        """(seed, ...) positive numbers that depend on the seed and the name alone."""
        shape = tuple(len(LABELS[dim]) for dim in DIMS[name])  # type: ignore[arg-type]
        order = tuple(DIMS).index(name)
        return np.array([np.random.default_rng([seed, order]).uniform(1.0, 2.0, shape) for seed in self.seeds])

    def values(self, scenario: str, name: str) -> xr.DataArray:
        values = self.planted.get((scenario, name), self.luck(name))
        dims = DIMS[name]
        coords = {"seed": list(self.seeds), **{dim: LABELS[dim] for dim in dims}}
        return xr.DataArray(values, coords, ("seed", *dims), attrs={"unit": "M yuan"})

    def plant(self, scenario: str, name: str, values: np.ndarray) -> FakeEnsemble:
        self.planted[scenario, name] = values
        return self
