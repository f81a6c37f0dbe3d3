"""A synthetic run for tests of results and report: plausible in size and shape, true in nothing.

Chains grow along S-curves in the counties where the location weights put them; everything else follows by fixed ratios.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim import data, results
from sim.flows import PAYMENTS, matrix_of
from sim.limits import LIMITS
from sim.results.variables import CHANNELS, LAND_STATES
from sim.scenario import Scenario
from sim.settings import Run as RunSettings
from sim.state import COMMODITIES, MARKETS, REVENUE_ITEMS, SPENDING_ITEMS, Stage
from sim.statistics.activity import LONGEST
from sim.statistics.bureau import cluster_names, cluster_of
from sim.statistics.decline import CAUSES
from sim.statistics.structure import TIERS
from sim.world import World, load_world

Floats = NDArray[np.float64]

FINAL = {"BAT": 300_000.0, "NEV": 90_000.0, "SST": 260_000.0, "CU": 60_000.0, "": 130_000.0}
MIDDLE = {"BAT": 108, "NEV": 96, "SST": 50, "CU": 80, "": 0}


def scenario(start: str = "2014-01", end: str = "2035-12", known_until: str = "2019-11", seed: int = 1) -> Scenario:
    settings = RunSettings.model_validate({"start": start, "end": end, "known_until": known_until, "seed": seed})
    return Scenario("fake", "A run that never was", "Do the figures stand?", (settings,))


def monthly(chosen: Scenario | None = None, seed: int = 1) -> xr.Dataset:
    chosen = scenario() if chosen is None else chosen
    months = chosen.months
    random = np.random.default_rng(seed)
    output = _output(load_world(), np.arange(months), random)
    return results.dataset(chosen, _arrays(output, random), {"I1 rows": 3e-13, "I2 columns": 8e-12, "I17 nominal": 0.0})


def run(chosen: Scenario | None = None, seed: int = 1) -> results.Run:
    return results.Run(monthly(chosen, seed))


def _weights(world: World) -> Floats:
    """(C, K) share of a county in the output of a product."""
    scores = {row["product"]: row for row in data.rows("location_weights.csv")}
    empty = dict.fromkeys(world.counties, "1")
    score = np.array([[float(scores.get(k, empty)[c]) for k in world.products] for c in world.counties])
    return (score + 0.02) / (score + 0.02).sum(axis=0)


def _output(world: World, time: NDArray[np.int64], random: np.random.Generator) -> Floats:
    """(T, C, K) gross output of all firms, M yuan a month, 2018 prices."""
    chain = ["" if index < 0 else world.chains[index] for index in world.chain]
    members = {name: chain.count(name) for name in FINAL}
    path = np.array(
        [FINAL[c] / members[c] / 12 * (0.02 + 1 / (1 + np.exp(-(time - MIDDLE[c]) / 22.0))) for c in chain]
    ).T
    season = 1 + 0.05 * np.sin(time * np.pi / 6) - 0.12 * (time % 12 == 1)
    cells = path[:, None, :] * _weights(world)[None] * season[:, None, None]
    return cells * np.exp(random.normal(0, 0.03, cells.shape))


def _arrays(output: Floats, random: np.random.Generator) -> dict[str, Floats]:
    months, _, products = output.shape
    level = 0.92 * 1.018 ** (np.arange(months) / 12)
    price = level[:, None] * np.exp(random.normal(0, 0.02, (months, products)).cumsum(axis=0) / 4)
    industry = np.arange(products) < 19
    above = output * np.where(industry, 0.93, 0.0)
    nominal = price[:, None, :]
    fill = 0.75 / (1 + np.exp(-(np.arange(months) - 55) / 14.0))
    channels = len(CHANNELS)
    lead = random.poisson(np.array([1.2, 1.5, 2.0, 6.0, 0.4, 2.5, 0.3, 0.1]), (months, channels))
    entered = np.stack([lead * share for share in (1.0, 0.45, 0.41, 0.36, 0.3, 0.08, 0.5)], axis=1)
    people = np.linspace(2.4e5, 3.4e5, months)[:, None] * np.ones(len(load_world().counties))
    land = np.abs(random.normal(2000, 400, (1, len(load_world().parks), len(LAND_STATES))))
    return (
        _activity(output, nominal, random)
        | {
            "output": output,
            "output_nominal": output * nominal,
            "value_added": output * 0.25,
            "value_added_nominal": output * nominal * 0.24,
            "output_above_scale": above,
            "output_above_scale_nominal": above * nominal,
            "value_added_above_scale": above * 0.25,
            "value_added_above_scale_nominal": above * nominal * 0.24,
            "intermediate_industry": above.sum(axis=(1, 2)) * 0.4 * fill,
            "intermediate_industry_nominal": (above * nominal).sum(axis=(1, 2)) * 0.4 * fill,
            "jobs": output * 1.6,
            "population": people,
            "labour_force": people * 0.52,
            "at_work": people * 0.42,
            "commuters": people[:, :, None] * 0.42 * (0.9 * np.eye(len(load_world().counties)) + 0.01),
            "talent": people * 0.003,
            "talent_per_job": np.ones_like(people),
            "minutes": np.broadcast_to(load_world().minutes, (len(people), *load_world().minutes.shape)),
            "wage": 52_000.0 * level[:, None] ** 3 * np.ones_like(people),
            "vacancy": np.full_like(people, 0.04),
            "income": people * 0.0023 * level[:, None] ** 3,
            "consumption": people * 0.0016 * level[:, None] ** 3,
            "electricity": output * 45.0,
            "carbon": output * 20.0,
            "firms": np.floor(above / 12),
            "capital": output * 4,
            "price": price,
            "price_level": level,
            "world_volume": np.exp(0.01 * np.arange(months))[:, None] * np.ones(len(MARKETS)),
            "commodity_price": np.exp(random.normal(0, 0.03, (months, len(COMMODITIES))).cumsum(axis=0)),
            "local_share_realised": 0.08 + 0.8 * fill,
            "local_share_potential": 0.14 + 0.88 * fill,
            "projects": entered.cumsum(axis=0) * 0.3,
            "entered": entered.astype(np.float64),
            "introduced": np.stack([fill * 110, fill * 60, fill * 40, fill * 20], axis=1).round(),
            "land": np.repeat(land, months, axis=0),
            "missing": np.abs(random.normal(20, 4, (months, output.shape[1], 5, len(LIMITS)))),
        }
        | _public(output)
    )


def _public(output: Floats) -> dict[str, Floats]:
    """Taxes and budgets, by county and by budget (the city level last)."""
    taxes = 0.035 * output.sum(axis=2)
    paid = output.sum(axis=(1, 2))[:, None] * np.linspace(0.01, 0.3, len(PAYMENTS))
    budgets = np.concatenate([taxes, taxes.mean(axis=1, keepdims=True)], axis=1)
    place = {"output": output.sum(axis=2), "value_added": 0.24 * output.sum(axis=2), "tax": taxes}
    return {
        **{f"credited_{name}": values[:, ::-1].copy() for name, values in place.items()},
        "credited_jobs": output.sum(axis=2)[:, ::-1] * 0.4,
        "credited_land": output.sum(axis=2)[:, ::-1] * 0.1,
        "plant_land": output.sum(axis=2) * 0.1,
        "revenue_total": taxes,
        "revenue_local": 0.59 * taxes,
        "distributed_profits": 4.0 * taxes,
        "public_revenue": budgets[:, :, None] * np.ones(len(REVENUE_ITEMS)),
        "public_spending": budgets[:, :, None] * np.ones(len(SPENDING_ITEMS)),
        "public_balance": np.zeros_like(budgets),
        "public_debt": 7.0 * budgets,
        "public_funded": np.ones_like(budgets),
        "payments": paid,
        "flows": np.array([matrix_of(dict(zip(PAYMENTS, month, strict=True))) for month in paid.tolist()]),
    }


def _activity(output: Floats, price: Floats, random: np.random.Generator) -> dict[str, Floats]:
    """What the bureau's other figures are made of; legacy output changes by demand alone."""
    world = load_world()
    months, counties, products = output.shape
    clusters, december = len(cluster_names(world)), np.arange(months) % 12 == 11
    waits = random.poisson(0.05, (months, len(CHANNELS), LONGEST + 1)).astype(float)
    stages = np.arange(months)[:, None, None] * np.ones((months, len(Stage), clusters)) / 6.0
    legacy = output[:, :, cluster_of(world) == len(world.chains)].sum(axis=2)
    change = np.zeros((months, len(CAUSES), counties))
    change[:, 0] = np.diff(legacy, axis=0, prepend=legacy[:1])
    once = np.where(december, 1.0, np.nan)
    return {
        "value_added_above_scale_double": output * 0.24,
        "exports": output * 0.1,
        "exports_nominal": output * price * 0.1,
        "investment": output * 0.08,
        "household_purchases": output * 0.05,
        "cluster_projects": stages.round(),
        "announced_output": stages * 900.0,
        "signed_investment": random.gamma(2.0, 500.0, (months, len(CHANNELS))),
        "started_after": waits,
        "produced_after": waits[::-1],
        "firms_producing": output.sum(axis=1).round() / 100.0,
        "new_firms_producing": (output.sum(axis=1) / 200.0).round(),
        "firms_by_tier": np.ones((months, len(TIERS), clusters)) * 7.0,
        "local_share_goods": once * 0.4,
        "local_content": once * 0.35,
        "herfindahl": once[:, None] * np.full(products, 0.1),
        "size_exponent": once * 1.1,
        "legacy_change": change,
    }
