"""What a run records: every variable with its dimensions, unit and kind, and the dataset made of them.

Flows are amounts of one month, stocks stand at the end of the month, an index is a level that is averaged over a year.
Money is million yuan; "2018 prices" are producers' prices of 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.flows import PAYMENTS, SECTORS
from sim.limits import LIMITS, groups
from sim.parameters import Month
from sim.results import provenance
from sim.scenario import Scenario
from sim.state import COMMODITIES, MARKETS, REVENUE_ITEMS, SPENDING_ITEMS, Stage
from sim.statistics.activity import LONGEST
from sim.statistics.bureau import cluster_names
from sim.statistics.decline import CAUSES
from sim.statistics.structure import TIERS
from sim.world import load_world

Floats = NDArray[np.float64]

MONEY = "M yuan"
REAL = "2018 prices"
CURRENT = "current prices"

CHANNELS: tuple[str, ...] = ("L", "C", "K", "B", "F", "N", "E", "X")
"""Codes of the channels of leads, in the order of :class:`sim.state.Channel`: follow the Leader, along the Chain, watch
the Cluster (K), unplanned (B), spin-off (F), Normal entry, Expansion of an incumbent on another site, the leaders' own
plants (X)."""

LAND_STATES: tuple[str, ...] = ("occupied", "free", "idle", "released", "undeveloped")
"""States of the land of a park; the first four add up to the developed land."""

CELLS = ("month", "county", "product")
COUNTIES = ("month", "county")
BUDGETS = ("month", "budget")

CITY_LEVEL = "city level"
"""Label of the budget of the prefecture itself, beside those of the counties."""


@dataclass(frozen=True)
class Variable:
    """A variable of the dataset.

    Attributes:
        dims: its dimensions, in order.
        label: what it is, for headings and axes.
        unit: unit of a stock or index; of a flow without the "a month".
        kind: flow (summed over a year), stock (that of December) or index (averaged).
        prices: price basis of money, empty for anything else.
        undefined: NaN is allowed where there is nothing to measure.
        weight: variable by whose amounts means of counties are weighted; without it county values add up.
    """

    dims: tuple[str, ...]
    label: str
    unit: str
    kind: Literal["flow", "stock", "index"]
    prices: str = ""
    undefined: bool = False
    weight: str = ""

    def attributes(self, period: str) -> dict[str, str]:
        """Label and unit as attributes of a data array; a flow says how long its period is ("month" or "year")."""
        unit = f"{self.unit} a {period}" if self.kind == "flow" else self.unit
        return {"long_name": self.label, "unit": f"{unit}, {self.prices}" if self.prices else unit, "kind": self.kind}


def _money(label: str, prices: str, dims: tuple[str, ...] = CELLS) -> Variable:
    """A flow of money."""
    return Variable(dims, label, MONEY, "flow", prices)


VARIABLES: Mapping[str, Variable] = {
    "output": _money("gross output", REAL),
    "output_nominal": _money("gross output", CURRENT),
    "value_added": _money("value added", REAL),
    "value_added_nominal": _money("value added", CURRENT),
    "output_above_scale": _money("gross output of above-scale firms", REAL),
    "output_above_scale_nominal": _money("gross output of above-scale firms", CURRENT),
    "value_added_above_scale": _money("value added of above-scale firms, single deflation", REAL),
    "value_added_above_scale_nominal": _money("value added of above-scale firms", CURRENT),
    "intermediate_industry": _money("sales of above-scale industrial home firms to one another", REAL, ("month",)),
    "intermediate_industry_nominal": _money(
        "sales of above-scale industrial home firms to one another", CURRENT, ("month",)
    ),
    "jobs": Variable(CELLS, "jobs by workplace", "persons", "stock"),
    "firms": Variable(CELLS, "operating above-scale firms", "firms", "stock"),
    "electricity": Variable(CELLS, "electricity use", "MWh", "flow"),
    "carbon": Variable(CELLS, "carbon of the electricity used", "t CO2", "flow"),
    "capital": Variable(CELLS, "capital", MONEY, "stock", REAL),
    "population": Variable(("month", "county"), "residents", "persons", "stock"),
    "labour_force": Variable(("month", "county"), "residents who work or want to", "persons", "stock"),
    "at_work": Variable(("month", "county"), "residents at work, wherever", "persons", "stock"),
    "commuters": Variable(("month", "county", "workplace"), "residents at work by workplace", "persons", "stock"),
    "vacancy": Variable(("month", "county"), "share of posts that stay open", "share", "index", weight="jobs"),
    "wage": Variable(
        ("month", "county"), "wages paid per person at work in the county", "yuan a year", "index", REAL, weight="jobs"
    ),
    "talent": Variable(COUNTIES, "talented people", "persons", "stock"),
    "talent_per_job": Variable(
        COUNTIES, "talented people over what there would be without the plan", "ratio", "index", weight="jobs"
    ),
    "minutes": Variable(("month", "residence", "workplace"), "road minutes between counties", "minutes", "index"),
    "income": _money("disposable income of residents", REAL, ("month", "county")),
    "consumption": _money("spending of residents out of their income", REAL, ("month", "county")),
    "price": Variable(("month", "product"), "price of the product", "index, 2018 = 1", "index"),
    "price_level": Variable(("month",), "general price level", "index, 2018 = 1", "index"),
    "world_volume": Variable(("month", "market"), "volume of the market", "market units a year", "index"),
    "commodity_price": Variable(("month", "commodity"), "price of the commodity", "index, 2018 = 1", "index"),
    "local_share_realised": Variable(
        ("month",), "share of the cell makers' goods bought nearby", "share", "index", undefined=True
    ),
    "local_share_potential": Variable(
        ("month",), "share of the cell makers' goods that could be bought nearby", "share", "index", undefined=True
    ),
    "projects": Variable(("month", "stage", "channel"), "projects in the stage", "projects", "stock"),
    "entered": Variable(("month", "stage", "channel"), "projects that entered the stage", "projects", "flow"),
    "introduced": Variable(
        ("month", "chain"),
        "projects introduced so far (land stage or later, not failed, without the leaders' own plants)",
        "projects",
        "stock",
    ),
    "land": Variable(("month", "park", "land_state"), "land of the park", "mu", "stock"),
    "plant_land": Variable(COUNTIES, "land of operating plants in parks", "mu", "stock"),
    "credited_output": _money("gross output as credited by enclave contracts", REAL, COUNTIES),
    "credited_value_added": _money("value added as credited by enclave contracts", REAL, COUNTIES),
    "credited_tax": _money("all taxes as credited by enclave contracts", REAL, COUNTIES),
    "credited_jobs": Variable(COUNTIES, "jobs as credited by enclave contracts", "persons", "stock"),
    "credited_land": Variable(COUNTIES, "land of plants as credited by enclave contracts", "mu", "stock"),
    "revenue_total": _money("all taxes, by county of the payer", REAL, COUNTIES),
    "revenue_local": _money("taxes that stay below the central government, by county of the payer", REAL, COUNTIES),
    "distributed_profits": _money("profits paid out to owners, by county of the plant", REAL, COUNTIES),
    "public_revenue": _money("revenue of the budget", REAL, ("month", "budget", "revenue_item")),
    "public_spending": _money("spending of the budget", REAL, ("month", "budget", "budget_item")),
    "public_balance": Variable(BUDGETS, "money in the budget", MONEY, "stock", REAL),
    "public_debt": Variable(BUDGETS, "debt of the budget", MONEY, "stock", REAL),
    "public_funded": Variable(BUDGETS, "share of discretionary policies that the budget can pay", "share", "index"),
    "flows": _money("payments between sectors, from payer to receiver", REAL, ("month", "receiver", "payer")),
    "payments": _money("payments between sectors, by kind", REAL, ("month", "payment")),
    # what the bureau's other figures are made of (sim/statistics/activity.py)
    "value_added_above_scale_double": _money("value added of above-scale firms, double deflation", REAL),
    "exports": _money("exports abroad", REAL),
    "exports_nominal": _money("exports abroad", CURRENT),
    "investment": _money("fixed investment of firms: work on projects and capital of incumbents", REAL),
    "household_purchases": _money("what home households buy of the producers of the county", REAL),
    "cluster_projects": Variable(
        ("month", "stage", "cluster"),
        "projects in the stage, without leaders' own plants and normal entry",
        "projects",
        "stock",
    ),
    "announced_output": Variable(
        ("month", "stage", "cluster"), "announced annual output of all projects in the stage", MONEY, "stock", REAL
    ),
    "signed_investment": _money("investment of projects signed", REAL, ("month", "channel")),
    "started_after": Variable(
        ("month", "channel", "months_passed"),
        "projects that began to build, by months since signing",
        "projects",
        "flow",
    ),
    "produced_after": Variable(
        ("month", "channel", "months_passed"),
        "projects that came into production, by months since building began",
        "projects",
        "flow",
    ),
    "firms_producing": Variable(
        ("month", "product"), "firms of any size that produce, without plants of leaders", "firms", "stock"
    ),
    "new_firms_producing": Variable(
        ("month", "product"), "of these, firms that came since the opening", "firms", "stock"
    ),
    "firms_by_tier": Variable(("month", "tier", "cluster"), "firms by quality tier", "firms", "stock"),
    "local_share_goods": Variable(
        ("month",),
        "share of the cell makers' purchases of all industrial goods, with metals and energy, bought nearby, December",
        "share",
        "stock",
        undefined=True,
    ),
    "local_content": Variable(
        ("month",), "home value added in one unit of the cell makers' cells, December", "share", "stock", undefined=True
    ),
    "herfindahl": Variable(
        ("month", "product"), "Herfindahl index of plants by jobs, December", "index, 0 to 1", "stock", undefined=True
    ),
    "size_exponent": Variable(
        ("month",),
        "Hill exponent of the tenth of above-scale firms with most output, December",
        "1",
        "stock",
        undefined=True,
    ),
    "legacy_change": _money(
        "change of legacy output on the month before, by cause", REAL, ("month", "cause", "county")
    ),
    "missing": _money("output that was missing, by what limited it", REAL, ("month", "county", "group", "limit")),
    "residual": Variable(
        ("identity",), "largest relative residual of the identity in any month and cell", "1", "index"
    ),
}
"""All variables of the dataset of a run, by name."""


def coordinates(first: Month, months: int, identities: tuple[str, ...]) -> dict[str, Any]:
    """The labels of every dimension: first days of months, pinyin county names, codes for the rest."""
    world = load_world()
    start = np.datetime64(str(first), "M")
    return {
        "month": (start + np.arange(months)).astype("datetime64[ns]"),
        "county": list(world.county_names),
        "residence": list(world.county_names),  # not "county": the view of official statistics adds counties up
        "workplace": list(world.county_names),
        "product": list(world.products),
        "chain": list(world.chains),
        "park": list(world.parks),
        "stage": [stage.name for stage in Stage],
        "channel": list(CHANNELS),
        "land_state": list(LAND_STATES),
        "budget": [*world.county_names, CITY_LEVEL],
        "revenue_item": list(REVENUE_ITEMS),
        "budget_item": list(SPENDING_ITEMS),
        "receiver": list(SECTORS),
        "payer": list(SECTORS),
        "payment": list(PAYMENTS),
        "group": list(groups(world)),
        "limit": list(LIMITS),
        "market": list(MARKETS),
        "commodity": list(COMMODITIES),
        "cluster": list(cluster_names(world)),
        "tier": list(TIERS),
        "cause": list(CAUSES),
        "months_passed": np.arange(LONGEST + 1),
        "identity": list(identities),
    }


def dataset(
    scenario: Scenario,
    arrays: Mapping[str, Floats],
    residual: Mapping[str, float],
    *,
    seed: int | None = None,
    opening: str = "synthetic",
) -> xr.Dataset:
    """The dataset of one run.

    Args:
        scenario: what was run; its months are the months of the arrays.
        arrays: every variable of :data:`VARIABLES` but "residual", with the dimensions given there, in model order.
        residual: largest relative residual of each identity, by name.
        seed: seed of the run; that of the scenario if not given.
        opening: what the opening was built on, see :class:`sim.opening.basis.Basis`.

    Returns:
        Labelled variables with units; the attributes tell scenario, seed and the origin of figures and code.

    Raises:
        ValueError: a variable is missing, unknown, of another shape, or has a value that is not a number; the message
            names it.
    """
    values = {**arrays, "residual": np.array(list(residual.values()), dtype=np.float64)}
    labels = coordinates(scenario.start, scenario.months, tuple(residual))
    if values.keys() != VARIABLES.keys():
        missing, unknown = sorted(VARIABLES.keys() - values.keys()), sorted(values.keys() - VARIABLES.keys())
        raise ValueError(f"variables of a run: missing {missing}, unknown {unknown}")
    for name, variable in VARIABLES.items():
        _check(name, variable, values[name], tuple(len(labels[dim]) for dim in variable.dims))
    return xr.Dataset(
        {
            name: (variable.dims, np.array(values[name], dtype=np.float64), variable.attributes("month"))
            for name, variable in VARIABLES.items()
        },
        coords=labels,
        attrs=_origin(scenario, scenario.run.seed if seed is None else seed, opening),
    )


def _check(name: str, variable: Variable, values: Floats, shape: tuple[int, ...]) -> None:
    """Shape and finiteness of one variable."""
    if values.shape != shape:
        raise ValueError(f"{name}: shape {values.shape}, expected {shape} for {', '.join(variable.dims)}")
    wrong = np.isinf(values) if variable.undefined else ~np.isfinite(values)
    if wrong.any():
        first = tuple(int(position) for position in np.argwhere(wrong)[0])
        raise ValueError(f"{name}: {values[first]} at position {first} of {', '.join(variable.dims)}")


def _origin(scenario: Scenario, seed: int, opening: str) -> dict[str, str | int]:
    """Where a dataset comes from: scenario, seed, figures, code and library versions."""
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "question": scenario.question,
        "text": scenario.text,
        "hash": scenario.hash,
        "seed": seed,
        "known_until": str(scenario.run.known_until),
        "opening": opening,
        **provenance.collect(),
    }
