"""Problems for the tests, and a world that is a formula in place of runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sim.experiment.tuning.runs import Job, in_year

TOY = """title = "A toy"
question = "How much is promotion worth?"
scenario = "baseline"
year = 2030

[[levers]]
path = "promotion.budget"
low = 0
high = 400

[[levers]]
path = "talent.budget"
high = 800

[[levers]]
path = "land.discount"
counties = ["Gutian", "Pingnan"]

[[goals]]
outcome = "mountain_share"

[[goals]]
outcome = "cost"

[[limits]]
levers = ["promotion.budget", "talent.budget"]
most = 900

[futures]
seeds = 2
"""


def written(folder: Path, text: str = TOY, name: str = "toy") -> Path:
    """A problem file in a folder."""
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def last(value: Any, county: str = "GT") -> float:
    """What a lever has in the end."""
    if isinstance(value, dict):
        value = value.get(county, value["default"])
    return float(value[-1]["value"] if isinstance(value, list) else value)


def dated(world: Callable[[Job], Mapping[str, float]]) -> Callable[[Job], dict[str, float]]:
    """A world that is the same in every year, in place of runs."""

    def results(job: Job) -> dict[str, float]:
        found = world(job)
        return {in_year(name, year): value for year in job.years for name, value in found.items()}

    return results


def formula(job: Job) -> dict[str, float]:
    """Two goals in which more of one is less of the other; the discount on land is best at 0.3 for both."""
    tables = job.scenario.tables
    promotion, talent = last(tables["promotion"]["budget"]) / 400, last(tables["talent"]["budget"]) / 800
    waste = (last(tables["land"]["discount"]) / 0.6 - 0.5) ** 2
    luck = 0.01 * np.random.default_rng(job.seed).normal()
    return {
        "mountain_share": 1.0 - (promotion - 1.0) ** 2 - waste + luck,
        "cost": promotion**2 + talent + waste,
        "debt": talent,
    }
