"""What a policy is judged by: figures of one run in the year that is judged, by name.

A problem file names outcomes as goals and constraints. Most exist for the city, for each group of counties and for each
county: ``output`` is the city, ``output.mountain`` the five mountain counties, ``output.Gutian`` one county. Money is
M yuan at 2018 prices where nothing else is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim.experiment.levers_runs import GOALS, NOT_LEVERS, goals_of
from sim.results import Run
from sim.state import SPENDING_ITEMS
from sim.statistics.inequality import theil_by_group
from sim.world import GROUPS, load_world

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CITY = "city"
"""Area of an outcome that names none."""

MOUNTAIN = GROUPS.index("mountain")

BILLION = 1000.0
"""M yuan in a bn yuan."""

USED: Mapping[str, tuple[str, int]] = {
    "land": ("land of parks that plants occupy in December, mu", -1),
    "electricity": ("electricity used in the year, TWh", -1),
}
"""Of every area, beside :data:`GOALS`: what runs short; the same words."""

MWH = 1e6
"""MWh in a TWh."""

STANDING = ("runs", "term over")
"""How enclave contracts stand whose plant did not fail or close (:data:`sim.state.ENDS`)."""


@dataclass(frozen=True)
class Outcome:
    """One figure of a run.

    Attributes:
        name: as a problem file writes it.
        unit: its unit.
        label: what it is, for readers.
        better: 1 where more is better, -1 where less is, in the eyes of most; a problem may say otherwise.
        least, most: what it can be at all; None without a bound.
    """

    name: str
    unit: str
    label: str
    better: int
    least: float | None = None
    most: float | None = None


_OF_CITY = (
    Outcome("cost", "M yuan", "public money spent on policies from the first to the last month", -1, 0.0),
    Outcome("net_cost", "M yuan", "public money spent on policies, less what the land of parks was sold for", -1),
    Outcome("mountain_share", "share", "share of the mountain counties in value added", 1, 0.0, 1.0),
    Outcome("gap", "ratio", "value added per resident outside the mountain counties over that within", -1, 0.0),
    Outcome("inequality", "Theil index", "inequality of value added per resident between groups of counties", -1, 0.0),
    Outcome("local_content", "share", "home value added in one unit of the cell makers' cells", 1, 0.0, 1.0),
    Outcome("industrial_output", "bn yuan, current prices", "output of above-scale industry", 1, 0.0),
    Outcome("four_chain_share", "share", "share of the four chains in above-scale value added", 1, 0.0, 1.0),
    Outcome("contracts", "contracts", "enclave contracts signed", 1, 0.0),
    Outcome("contracts_standing", "contracts", "enclave contracts whose plant did not fail or close", 1, 0.0),
    Outcome("enclave_gain_origin", "M yuan", "what origins expect of the enclave contracts that were signed", 1),
    Outcome("enclave_gain_host", "M yuan", "what hosts expect of the enclave contracts that were signed", 1),
    Outcome("enclave_promised", "M yuan", "what hosts had promised origins by the end", 1, 0.0),
    Outcome("enclave_paid", "M yuan", "what hosts had paid origins by the end", 1, 0.0),
    Outcome("enclave_kept", "share", "share of their promises that hosts paid; 1 without a promise", 1, 0.0, 1.0),
)


@lru_cache(maxsize=1)
def areas() -> Mapping[str, Bools]:
    """(C,) which counties belong to each area: the city, its groups, each county."""
    world = load_world()
    found = {CITY: np.ones(len(world.counties), dtype=np.bool_)}
    found |= {name: world.group == at for at, name in enumerate(GROUPS)}
    found |= {name: np.arange(len(world.counties)) == at for at, name in enumerate(world.county_names)}
    return found


@lru_cache(maxsize=1)
def outcomes() -> Mapping[str, Outcome]:
    """Everything that a problem may name, by name."""
    return {each.name: each for each in (*_of_areas(), *_OF_CITY)}


def _of_areas() -> Iterator[Outcome]:
    """Outcomes that every area has."""
    for area in areas():
        for goal, (label, better) in {**GOALS, **USED}.items():
            what, _, unit = label.partition(", ")
            name = goal if area == CITY else f"{goal}.{area}"
            least = None if goal == "services" else 0.0
            yield Outcome(name, unit or "persons", what if area == CITY else f"{what}, {area}", better, least)


def outcomes_of(done: Run, year: int) -> dict[str, float]:
    """Every outcome of a run by name; NaN where it has none.

    Args:
        done: the run; it must hold the whole year.
        year: the year that is judged. Costs are summed from the first month to the last.

    Raises:
        ValueError: the run does not hold the whole year.
    """
    data = done.monthly
    months = data["month"].dt.year.values == year
    if months.sum() != 12:
        raise ValueError(f"the run does not hold the whole year {year}")
    found: dict[str, float] = {}
    for area, inside in areas().items():
        suffix = "" if area == CITY else f".{area}"
        found |= {f"{goal}{suffix}": float(value) for goal, value in goals_of(done, months, inside, area).items()}
    last = int(np.flatnonzero(months)[-1])
    found |= _used(done, months, last)
    return found | _policy(done) | _spread(done, months) | _industry(done, year, last) | _enclaves(done)


def _used(done: Run, months: Bools, last: int) -> dict[str, float]:
    """Land and electricity of every area."""
    world, data = load_world(), done.monthly
    parks = data["land"].sel(land_state="occupied").values[last]
    land = np.bincount(world.park_county, weights=parks, minlength=len(world.counties))
    power = data["electricity"].values[months].sum(axis=(0, 2)) / MWH
    found: dict[str, float] = {}
    for area, inside in areas().items():
        suffix = "" if area == CITY else f".{area}"
        found |= {f"land{suffix}": float(land[inside].sum()), f"electricity{suffix}": float(power[inside].sum())}
    return found


def _policy(done: Run) -> dict[str, float]:
    """What policies cost; the land that budgets develop comes back in part, by more or less discount."""
    spending = done.monthly["public_spending"].sum(["month", "budget"])
    items = [item for item in SPENDING_ITEMS if item not in NOT_LEVERS]
    cost = float(spending.sel(budget_item=items).sum())
    return {"cost": cost, "net_cost": cost - float(done.monthly["public_revenue"].sel(revenue_item="land sales").sum())}


def _spread(done: Run, months: Bools) -> dict[str, float]:
    """How value added is spread over the counties."""
    made = done.monthly["value_added"].values[months].sum(axis=(0, 2))
    residents = done.monthly["population"].values[months].mean(axis=0)
    mountain = load_world().group == MOUNTAIN
    per_head = [made[inside].sum() / residents[inside].sum() for inside in (~mountain, mountain)]
    return {
        "mountain_share": float(made[mountain].sum() / made.sum()),
        "gap": float(per_head[0] / per_head[1]),
        "inequality": float(theil_by_group(made, residents, load_world().group).between),
    }


def _industry(done: Run, year: int, last: int) -> dict[str, float]:
    """Industry as the statistics tell it."""
    figures = done.headline.sel(year=year)
    return {
        "industrial_output": float(figures["output_nominal"]),
        "four_chain_share": float(figures["four_chain_share"]),
        "local_content": float(done.monthly["local_content"].values[last]),
    }


def _enclaves(done: Run) -> dict[str, float]:
    """What became of the enclave contracts by the end of the run."""
    table = done.contracts
    sums = {
        "enclave_gain_origin": "expected_origin_m_yuan",
        "enclave_gain_host": "expected_host_m_yuan",
        "enclave_promised": "promised_m_yuan",
        "enclave_paid": "paid_m_yuan",
    }
    found = {name: float(np.sum(table[column].to_numpy(dtype=np.float64))) for name, column in sums.items()}
    promised = found["enclave_promised"]
    found["enclave_kept"] = found["enclave_paid"] / promised if promised > 0 else 1.0
    standing = float(table["status"].isin(STANDING).sum())
    return found | {"contracts": float(len(table)), "contracts_standing": standing}
