"""Units in which figures are published, each family with the factors to its first unit, the one the model tells."""

from __future__ import annotations

from collections.abc import Mapping

MONEY: Mapping[str, float] = {
    f"{size}{word}": factor
    for word in ("yuan", "CNY")
    for size, factor in (("bn ", 1.0), ("100M ", 0.1), ("M ", 1e-3), ("10,000 ", 1e-5), ("", 1e-9))
}
SHARE: Mapping[str, float] = {"share": 1.0, "%": 0.01}
RATIO: Mapping[str, float] = {"ratio": 1.0, "%": 0.01}
POINTS: Mapping[str, float] = {"points": 1.0, "percentage points": 1.0}
PERSONS: Mapping[str, float] = {
    "persons": 1.0, "thousand persons": 1e3, "10,000 persons": 1e4, "million persons": 1e6,
}  # fmt: skip
POWER: Mapping[str, float] = {"TWh": 1.0, "GWh": 1e-3, "MWh": 1e-6, "100M kWh": 0.1, "10,000 kWh": 1e-5}
CAPACITY: Mapping[str, float] = {"GWh a year": 1.0, "GWh": 1.0, "MWh a year": 1e-3}
PROJECTS: Mapping[str, float] = {"projects": 1.0}
FIRMS: Mapping[str, float] = {"firms": 1.0}
VEHICLES: Mapping[str, float] = {"vehicles": 1.0, "units": 1.0, "thousand vehicles": 1e3, "10,000 vehicles": 1e4}
MONTHS: Mapping[str, float] = {"months": 1.0}
RANK: Mapping[str, float] = {"rank": 1.0}
