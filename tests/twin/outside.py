"""WORLD by hand: outside markets, metals, learning, prices, rain, and how far signing lags behind the plan.

Written from sections 9.1, 9.2, 9.4 (pressure) and 9.9 (rain) of docs/model.md.
"""

import csv
import functools
import itertools
import math
from pathlib import Path
from types import SimpleNamespace

import sim
from tests.twin.grow import fade
from tests.twin.position import lever
from tests.twin.produce import materials

SERIES = (
    "ev_battery_world",
    "storage_cells_world",
    "consumer_cells_world",
    "ev_sales_china",
    "vehicles_china",
    "stainless_world",
    "refined_copper_china",
)
METALS = (("lithium_carbonate", False), ("nickel", True), ("copper", True))


@functools.cache
def annual(name):
    """Annual values of an outside series from the data file."""
    with (Path(sim.__file__).parent / "data" / "world.csv").open(encoding="utf-8", newline="") as file:
        return {int(row["year"]): float(row["value"]) for row in csv.DictReader(file) if row["series"] == name}


def last_year(at):
    """Last year whose figures are known: a year counts once it has ended."""
    run = at.settings["run"]
    year, month = ("2021-12" if run["world"] == "conditional" else run["known_until"]).split("-")
    return int(year) if int(month) == 12 else int(year) - 1


def known(at, name):
    """Known years of a series."""
    return {year: value for year, value in annual(name).items() if year <= last_year(at)}


def between(series, month):
    """Log of a series joined between mid-years, None after the last of them; month 0 is December 2013."""
    points = sorted(((year - 2013) * 12 - 5, math.log(value)) for year, value in series.items())
    if month <= points[0][0]:
        return points[0][1]
    for (m0, v0), (m1, v1) in itertools.pairwise(points):
        if month <= m1:
            return v0 + (v1 - v0) * (month - m0) / (m1 - m0)
    return None


def index(rates, month):
    """Log of an index that grows by annual rates from the opening, None after the last known December."""
    total = 0.0
    for m in range(1, month + 1):
        rate = rates.get(2014 + (m - 1) // 12)
        if rate is None:
            return None
        total += math.log1p(rate) / 12
    return total


def known_components(at, month):
    """Latent series of a month as far as known, in logs."""
    if at.settings["run"]["world"] == "flat":
        month = 0
    values = [between(known(at, name), month) for name in SERIES]
    gdp = index(known(at, "china_real_gdp_growth"), month)
    legacy = None if gdp is None else gdp + month * at.settings["demand"]["legacy_trend"] / 12
    return [*values, gdp, legacy]


def volumes(at, logs):
    """Markets from the latent series."""
    level = [math.exp(x) for x in logs]
    year, share = min(2018, last_year(at)), at.settings["demand"]["nev_share_local"]
    vehicles = (
        share * level[3] / annual("ev_sales_china")[year] + (1 - share) * level[4] / annual("vehicles_china")[year]
    )
    return [level[0] + level[1], level[2], vehicles, level[5], level[6], level[7], level[8]]


def markets(at, luck):
    """Latent series of the month: known, or a trend that fades, with one common shock and one a market."""
    d = at.settings["demand"]
    rate = [
        d["battery_growth"],
        d["battery_growth"],
        d["consumer_growth"],
        d["nev_growth"],
        d["long_run_growth"],
        d["stainless_growth"],
        d["copper_growth"],
        d["gdp_growth"],
        d["gdp_growth"],
    ]
    sigma = [
        d["sigma_battery"],
        d["sigma_battery"],
        d["sigma_consumer"],
        d["sigma_vehicles"],
        d["sigma_vehicles"],
        d["sigma_stainless"],
        d["sigma_copper"],
        d["sigma_other"],
        d["sigma_other"],
    ]
    shock = [0, 0, 1, 2, 2, 3, 4, 5, 5]
    found, f = known_components(at, at.month), fade(at)
    logs = []
    for x in range(9):
        if found[x] is not None:
            logs.append(found[x])
            continue
        mu = d["long_run_growth"] + (rate[x] - d["long_run_growth"]) * f
        if x == 8:
            mu += d["legacy_trend"] * f
        eps = math.sqrt(d["correlation"]) * luck[0] + math.sqrt(1 - d["correlation"]) * luck[1 + shock[x]]
        logs.append(at.markets.components[x] + mu / 12 + sigma[x] / math.sqrt(12) * eps)
    return logs, volumes(at, logs)


def metals(at, luck):
    """Prices of lithium, nickel and copper relative to 2018."""
    p, month = at.settings["prices"], at.month
    flat = at.settings["run"]["world"] == "flat"
    result = []
    for q, (name, dollars) in enumerate(METALS):
        rate = known(at, "cny_per_usd")
        series = {y: v * (rate[y] if dollars else 1.0) for y, v in known(at, name).items()}
        base = series[min(2018, last_year(at))]
        series = {y: v / base for y, v in series.items()}
        found = between(series, 0 if flat else month)
        if found is None:
            last = [series[y] for y in sorted(series)[-5:]]
            old = math.log(at.markets.commodity[q])
            vol = (p["lithium_vol"], p["nickel_vol"], p["copper_vol"])[q]
            found = old + p["mean_reversion"] * (math.log(sum(last) / 5) - old) / 12 + vol / math.sqrt(12) * luck[q]
        result.append(math.exp(found))
    return result


def price_level(at):
    """PI: known inflation, mid-2018 = 1; afterwards long-run inflation."""
    rates = known(at, "inflation_china")
    months = 0
    while index(rates, months + 1) is not None:
        months += 1
    base = index(rates, min(55, months))  # July 2018
    found = index(rates, 0 if at.settings["run"]["world"] == "flat" else at.month)
    if found is None:
        return at.markets.price_level * (1 + at.settings["prices"]["inflation_long_run"]) ** (1 / 12)
    return math.exp(found - base)


def volume_of(at, volume, k):
    """Volume for which a product is made; the battery chain is made for all cells."""
    if at.world.chain[k] == at.world.chains.index("BAT"):
        return volume[0] + volume[1]
    return volume[at.markets_of_product[k]]


def years_before(at, k):
    """T_k: cumulative output at the opening, in years of its volume."""
    p = at.settings["prices"]
    return p["past_years_batteries"] if at.world.chain[k] == at.world.chains.index("BAT") else p["past_years"]


def reference_experience(at):
    """E_ref: world experience of mid-2018, or of the last known month before it."""
    K = at.world.K
    if at.settings["run"]["world"] == "flat":
        return [1.0] * K
    months = []
    for m in range(56):
        logs = known_components(at, m)
        if any(x is None for x in logs):
            break
        months.append(volumes(at, logs))
    total = [1.0] * K
    for volume in months[1:]:
        for k in range(K):
            total[k] += volume_of(at, volume, k) / volume_of(at, months[0], k) / years_before(at, k) / 12
    return total


def experience(at):
    """E_k: world and home output so far over that of the opening."""
    w = at.settings["prices"]["world_weight"]
    if at.settings["run"]["world"] == "flat":
        return list(at.markets.experience)
    home = [0.0] * at.world.K
    for i in range(at.F):
        if at.firms.alive[i]:
            home[at.firms.product[i]] += at.firms.output[i]
    total = []
    for k in range(at.world.K):
        volume = volume_of(at, at.markets.volume, k) / volume_of(at, at.markets.volume_opening, k)
        world = volume / years_before(at, k) / 12
        own = home[k] / at.markets.national_experience[k] if at.markets.national_experience[k] > 0 else 0.0
        total.append(at.markets.experience[k] + w * world + (1 - w) * own)
    return total


def exponents(at):
    """b_k: fall of the part that learns; in batteries such that the price of a cell fell by LR in the last doubling."""
    p, tech, K = at.settings["prices"], at.technology, at.world.K
    mature = -math.log2(1 - p["learning_rate_other"])
    battery = [k for k in range(K) if at.world.chain[k] == at.world.chains.index("BAT")]
    learns = {k: max(0.0, tech.conversion[k] - tech.steady_cost[k]) for k in battery}
    cell = at.world.index["B_CELL"]
    content = dict(learns)  # what learns in one unit, inputs of inputs included
    for _ in range(500):
        content = {
            k: learns[k] + sum(tech.inputs[i][k] * (1 + tech.markup[i]) * content[i] for i in battery) for k in battery
        }
    cost = sum(tech.inputs[i][cell] for i in range(K)) + tech.conversion[cell]
    steep = math.log2(1 + (1 / (1 - p["learning_rate_cell"]) - 1) * cost / content[cell])
    return [steep if k in battery else mature for k in range(K)]


def world_phase(at, luck_demand, luck_metals):
    """The phase: every column that WORLD writes, but slots and rain."""
    p, m, K = at.settings["prices"], at.markets, at.world.K
    logs, volume = markets(at, luck_demand)
    commodity, level = metals(at, luck_metals), price_level(at)
    learned, reference, b = experience(at), reference_experience(at), exponents(at)
    conversion = []
    for k in range(K):
        h = min(at.technology.steady_cost[k], at.technology.conversion[k])
        conversion.append(h + (at.technology.conversion[k] - h) * (learned[k] / reference[k]) ** -b[k])
    price = [level] * K
    m.commodity = commodity  # inputs are paid at the metals of the month, products at last month's prices
    for k in range(K):
        if at.world.chain_product[k]:
            cost = materials(at, k) + conversion[k] * level
            name = ("batteries", "vehicles", "stainless", "copper")[at.world.chain[k]]
            use = lever(at, f"prices.utilisation_{name}")
            busy = 1 + p["margin_utilisation"] * (use - p["utilisation_normal"]) if use > 0 else 1.0
            goal = (1 + at.technology.markup[k] * busy) * cost
            price[k] = m.price[k] * (goal / m.price[k]) ** p["adjust"]
    flat = at.settings["run"]["world"] == "flat"
    month = (at.month - 1) % 12 + 1
    signed = 0.0 if month == 1 else at.signed_this_year
    target = lever(at, "promotion.plan_target") * (month - 1) / 12
    return SimpleNamespace(
        components=logs,
        volume=volume,
        commodity=commodity,
        price_level=level,
        price=price,
        conversion=conversion,
        experience=learned,
        material_factor=m.material_factor * (1.0 if flat else 1 - p["material_thrift"] / 12),
        signed_this_year=signed,
        pressure=max(0.0, 1 - signed / target) if target > 0 else 0.0,
    )
