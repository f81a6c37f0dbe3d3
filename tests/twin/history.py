"""Signing of leaders' own plants by hand: dated plants of the history (9.21), their land (9.10), and planned ones."""

import csv
from pathlib import Path
from types import SimpleNamespace

import sim
from tests.twin.propose import SIGNED

OPENING = 2013 * 12 + 12


def month(text):
    """Months since the opening of a date as YYYY-MM."""
    year, part = text.split("-")
    return int(year) * 12 + int(part) - OPENING


def unit_value(at, row, market):
    """Value of a unit of physical capacity in 2018, None where the file gives money."""
    values = at.settings["prices"]["unit_value"]
    if row["product"] == "S_ROLL":
        return values["stainless_roll"]
    by_market = {0: "power_cell", 1: "consumer_cell", 2: "vehicle", 3: "stainless_melt", 4: "copper"}
    unit = {0: "GWh", 1: "GWh", 2: "thousand vehicles", 3: "Mt", 4: "Mt"}[market]
    return values[by_market[market]] if row["capacity_unit"] == unit else None


def dated(at, leaders):
    """Plants of the history that are announced in the month."""
    until = month(at.settings["run"]["known_until"])
    w, tech, found = at.world, at.technology, []
    with (Path(sim.__file__).parent / "data" / "history.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for n, row in enumerate(rows):
        if row["kind"] != "leader" or month(row["announced"]) > until or max(month(row["announced"]), 1) != at.month:
            continue
        g, k = leaders.index(row["leader"]), w.index[row["product"]]
        money = float(row["investment_m"] or 0)
        value = unit_value(at, row, at.leaders.market[g]) if row["capacity"] else None
        output = float(row["capacity"]) * value if value else float(row["output_m"] or 0) or money / tech.capital[k]
        investment = money or output * tech.capital[k]
        land, ready = float(row["land_mu"] or 0) or output * tech.land[k], 0.0
        if row["services_land_mu"]:
            land = at.settings["events"]["vehicle_base_plant_land"]
            ready = at.settings["events"]["vehicle_base_supplier_land"]
        start, end = row["work_start"], row["production"]
        known = [month(t) if t and month(t) <= until else None for t in (start, end)]
        done = 0.0
        if start and month(start) <= 0 and known[1] is not None:
            done = min(0.99, (1 - month(start)) / max(1, month(end) - month(start)))
        found.append(
            SimpleNamespace(
                product=k,
                leader=g,
                park=w.parks.index(row["park"]),
                event=n,
                investment=investment,
                announced_output=output,
                capital_intensity=investment / output,
                land=land,
                ready=ready,
                share_done=done,
                land_settled=month(row["announced"]) <= 0,
                forced_work=-1 if known[0] is None else max(0, known[0]),
                forced_production=-1 if known[1] is None else max(0, known[1]),
                offer=None,
            )
        )
    return found


def planned(at, own):
    """Plants that leaders decided in the month."""
    result = []
    for g, park, output, offer in own:
        k, tech = at.leaders.product[g], at.technology
        result.append(
            SimpleNamespace(
                product=k,
                leader=g,
                park=park,
                event=-1,
                investment=output * tech.capital[k],
                announced_output=output,
                capital_intensity=tech.capital[k],
                land=output * tech.land[k],
                ready=0.0,
                share_done=0.0,
                land_settled=False,
                forced_work=-1,
                forced_production=-1,
                offer=offer,
            )
        )
    return result


def sign(at, plants, luck, incentive):
    """Columns of the new projects; dated plants bring their land, the city pays for what must be developed."""
    con, parks = at.settings["construction"], at.parks
    paid, columns = [0.0] * at.world.C, []
    for plant in plants:
        county = at.world.park_county[plant.park]
        work = con["work"] * (plant.investment / con["reference_size"]) ** con["size_elasticity"]
        promised = incentive[county] if plant.offer is None else plant.offer
        held = 0.0
        if plant.event >= 0:
            p = plant.park
            free = parks.developed[p] - parks.occupied[p] - parks.idle[p] - parks.released[p]
            new = max(0.0, plant.land - max(0.0, free)) + plant.ready
            parks.developed[p] += new
            parks.planned[p] = max(parks.planned[p], parks.developed[p])
            parks.occupied[p] += plant.land
            parks.serviced[p] += plant.ready
            if not plant.land_settled:
                paid[county] += at.settings["land"]["dev_cost"] * new
            held = plant.land
        columns.append(
            {
                "stage": SIGNED,
                "product": plant.product,
                "leader": plant.leader,
                "sponsor": plant.leader,
                "park": plant.park,
                "county": county,
                "event": plant.event,
                "forced_work": plant.forced_work,
                "forced_production": plant.forced_production,
                "signed": at.month,
                "land_settled": plant.land_settled,
                "investment": plant.investment,
                "announced_output": plant.announced_output,
                "capital_intensity": plant.capital_intensity,
                "land": plant.land,
                "land_held": held,
                "quality": at.leaders.quality[plant.leader],
                "work": work,
                "work_left": work * (1 - plant.share_done),
                "invested": plant.investment * plant.share_done,
                "requisition_luck": 0.75 + 0.5 * luck[plant.leader],
                "incentive": 0.0 if plant.land_settled else promised,
            }
        )
    return columns, paid
