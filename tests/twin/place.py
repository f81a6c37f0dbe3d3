"""PLACE by hand: who is served, which projects fail, which leads are signed and where they go.

Written from sections 9.6, 9.7, 9.8, 9.17 (offers) and 9.20 (headroom) of docs/model.md.
"""

import math
from types import SimpleNamespace

from tests.twin.position import lever
from tests.twin.produce import electricity_limit
from tests.twin.propose import (
    NORMAL,
    SIGNED,
    UNPLANNED,
    inclusive,
    largest_plant_county,
    need_of_projects,
    open_projects,
    race,
    room_of,
    saving,
    use_of_electricity,
)
from tests.twin.technology import coefficient

LAND, FAILED, LOST, OWN = 2, 5, 6, 7


def service(at):
    """Share of the load of each project that teams cover, county indices, effective permit reform."""
    s, j, w = at.settings["service"], at.projects, at.world
    paid = at.public.funded[-1]
    rows = open_projects(at)
    rows.sort(key=lambda n: (not w.chain_product[j.product[n]], -j.investment[n], j.born[n], n))
    left = lever(at, "service.teams") * paid * s["team_capacity"]
    covered = [0.0] * len(j.stage)
    for n in rows:
        load = s["large_load"] if j.investment[n] > s["large_project"] else 1.0
        covered[n] = min(1.0, max(0.0, left / load))
        left -= load
    index = list(at.counties.service)
    for c in range(w.C):
        mine = [covered[n] for n in rows if j.county[n] == c]
        if mine:
            index[c] += (sum(mine) / len(mine) - index[c]) / 12
    goal = lever(at, "service.permit_reform") * paid
    reform = goal + max(0.0, at.reform - goal) * 0.5 ** (1 / s["reform_half_life"])
    return covered, index, reform


def failures(at):
    """Survival of projects in SIGNED and LAND after the month, and which of them fail."""
    j, hazard = at.projects, at.settings["location"]["fail_monthly"]
    survival, failed = list(j.survival), []
    for n, stage in enumerate(j.stage):
        if stage not in (SIGNED, LAND) or j.channel[n] == OWN:
            continue
        unfunded = 1 - at.public.funded[j.county[n]] if j.incentive[n] > 0 else 0.0
        survival[n] *= 1 - min(1.0, hazard * math.exp(j.pressure[n]) * (1 + unfunded))
        if survival[n] < j.failure_luck[n]:
            failed.append(n)
    return survival, failed


def access(at, need, capacity):
    """(C, K) need and capacity of each product within reach of a county, bn yuan a year."""
    w, decay = at.world, at.settings["location"]["market_decay"]
    reach = [[math.exp(-decay * w.minutes[c][d]) for d in range(w.C)] for c in range(w.C)]
    return tuple(
        [[sum(reach[c][d] * table[d][k] for d in range(w.C)) for k in range(w.K)] for c in range(w.C)]
        for table in (need, capacity)
    )


def markets_nearby(at):
    """(C, K) annual home need of each product and home capacity to make it, bn yuan."""
    w, f = at.world, at.firms
    output = [0.0] * at.N
    capacity = [[0.0] * w.K for _ in range(w.C)]
    for i in range(at.F):
        output[f.node[i]] += f.output[i]
        if f.alive[i]:
            capacity[f.county[i]][f.product[i]] += 12 * (f.output[i] if f.block[i] else f.capacity[i]) / 1000
    need = [
        [12 * sum(coefficient(at, k, c * w.K + q) * output[c * w.K + q] for q in range(w.K)) / 1000 for k in range(w.K)]
        for c in range(w.C)
    ]
    return need, capacity


def offers_and_utilities(at, leads, room):
    """For each lead: V by park (None where no offer is made), and the grant share on offer by county."""
    w, q, f = at.world, at.settings["location"], at.firms
    z = lever(at, "zoning.strictness")
    buyers, sellers = access(at, *markets_nearby(at))
    neighbours = [[0] * w.K for _ in range(w.P)]
    for i in range(at.F):
        if f.alive[i] and f.park[i] >= 0 and not f.fringe[i]:
            neighbours[f.park[i]][f.product[i]] += 1
    screen = lever(at, "promotion.screen_tax_per_mu") * (1 - at.settings["promotion"]["plan_pressure"] * at.pressure)
    picky = []
    for c in range(w.C):
        mine = [p for p in range(w.P) if w.park_county[p] == c]
        planned = sum(at.parks.planned[p] for p in mine)
        picky.append(sum(room[p] for p in mine) / max(planned, 1.0) < at.settings["location"]["scarce_land"])
    result = []
    for lead in leads:
        k = lead.product
        tax = at.technology.tax[k] / at.technology.land[k]
        fits = []
        for p in range(w.P):
            c = w.park_county[p]
            ok = p < w.P - w.C and room[p] >= lead.land and (w.park_port[p] or not w.port[k])
            ok = ok and tax >= screen * (at.settings["location"]["picky"] if picky[c] else 1.0) and lead.home in (-1, c)
            fits.append(ok)
        offer = race(at, len({w.park_county[p] for p in range(w.P) if fits[p]}))
        asked = [offer[c] for c in sorted({w.park_county[p] for p in range(w.P) if fits[p]})]
        base = largest_plant_county(at, lead.sponsor) if lead.sponsor >= 0 else -1
        values = []
        for p in range(w.P):
            c = w.park_county[p]
            sa = sum(coefficient(at, i, k) * sellers[c][i] for i in range(w.K))
            rent = at.parks.price[p] / at.rent_reference if at.parks.price[p] > 0 else 1.0
            wage = at.counties.wage[c] / (at.wage_reference * at.people.national_wage)
            v = q["market_access"] * math.log1p(buyers[c][k]) + q["supplier_access"] * math.log1p(sa)
            v += q["own_agglomeration"] * math.log1p(neighbours[p][k])
            v -= q["leader_time"] * w.minutes[base][c] if base >= 0 else 0.0
            v += (
                -q["land_price"] * math.log(rent)
                - q["wage"] * math.log(wage)
                + q["incentive"] * grant_worth(at, lead) * offer[c]
            )
            v += q["port"] if w.port[k] and w.park_port[p] else 0.0
            v += q["service"] * at.counties.service[c]
            planned = lead.channel != UNPLANNED
            v += q["zone_fit"] * z * w.fit[c][k] if planned else 0.0
            refused = planned and z >= 1 and w.fit[c][k] <= 0
            values.append(v if fits[p] and not refused else None)
        result.append(SimpleNamespace(values=values, offer=offer, asked=asked))
    return result


def energy_refuses(at, lead):
    """Whether a lead of an energy-heavy product needs more electricity than is left."""
    most, k = electricity_limit(at), lead.product
    if most == math.inf:
        return False
    heavy = at.technology.energy[k] >= at.settings["energy"]["heavy"] * at.technology.value_added_share[k]
    need = saving(at) * at.technology.energy[k] * lead.announced_output / 12
    return heavy and need > most - use_of_electricity(at) - need_of_projects(at)


def place_normal(at, lead, luck, parks):
    """Park of a normal entrant: the county by its capacity share, idle plots first, then free land; -1 without."""
    w, f, k = at.world, at.firms, lead.product
    capacity = [0.0] * w.C
    for i in range(at.F):
        if f.alive[i] and f.product[i] == k:
            capacity[f.county[i]] += f.capacity[i]
    total, so_far, county = sum(capacity), 0.0, w.C - 1
    if total <= 0:
        return -1
    for c in range(w.C):
        so_far += capacity[c]
        if so_far >= luck * total:
            county = c
            break
    mine = [p for p in range(w.P) if w.park_county[p] == county]
    best = max(mine, key=lambda p: parks.idle[p])
    if parks.idle[best] >= lead.land:
        parks.idle[best] -= lead.land
        parks.occupied[best] += lead.land
        return best
    free = {
        p: parks.developed[p] - parks.occupied[p] - parks.idle[p] - parks.released[p] - parks.serviced[p] for p in mine
    }
    best = max(mine, key=lambda p: free[p])
    if free[best] >= lead.land:
        parks.occupied[best] += lead.land
        return best
    return -1


def logistic(u):
    return 1 / (1 + math.exp(-u))


def resolve(at, leads, views, refused):
    """Leads one by one in their drawn order: signed or lost, and the park."""
    q, c = at.settings["location"], at.boards.candidates
    room = room_of(at)  # after the failures of the month
    park, signed = [-1] * len(leads), [False] * len(leads)
    for n in sorted(range(len(leads)), key=lambda n: c.order[leads[n].candidate]):
        lead = leads[n]
        if refused[n]:
            continue
        luck = c.sign[lead.candidate]
        if lead.channel == NORMAL:
            park[n] = place_normal(at, lead, c.place[lead.candidate], at.parks)
            signed[n] = park[n] >= 0
        elif lead.graft >= 0:
            park[n] = at.firms.park[lead.graft]
            signed[n] = luck < logistic(q["sign_const"])
        else:
            taste = [-math.log(-math.log(luck)) for luck in c.taste_luck[lead.candidate]]
            fit = [p for p, v in enumerate(views[n].values) if v is not None and room[p] >= lead.land]
            if not fit:
                continue
            worth = inclusive([views[n].values[p] for p in fit], q["nest"])
            if luck < logistic(q["sign_const"] + worth - outside(at, lead)):
                signed[n] = True
                park[n] = max(fit, key=lambda p: views[n].values[p] / q["nest"] + taste[p])
                room[park[n]] -= lead.land
    return park, signed


def grant_worth(at, lead):
    """What a grant is worth to a lead: more to the less productive, 1 on average."""
    power, spread = at.settings["location"]["grant_selection"], at.settings["opening"]["productivity_spread"]
    return lead.productivity**-power / math.exp((power * spread) ** 2 / 2)


def outside(at, lead):
    """Value of other places to a lead: their answer is a grant too."""
    mean = at.outside_value_mean[lead.product]
    return mean + grant_worth(at, lead) * (at.outside_value[lead.product] - mean)


def outside_value(at):
    """V_out of the month: it comes back to Vbar and answers last month's offers."""
    q = at.settings["location"]
    rho, mean = q["outside_value_persist"], at.outside_value_mean
    beyond = max(0.0, at.public.offered - at.settings["leaders"]["rival_incentive"])
    answer = q["rival_response"] * q["incentive"] * beyond
    return [m + rho * (v - m) + (1 - rho) * answer for v, m in zip(at.outside_value, mean, strict=True)]


def place(at, leads):
    """The phase; leads as PROPOSE found them.

    Offers, refusals and the energy that is left are those of the beginning of the phase; then failed projects give
    back their land, and the leads are taken one by one.
    """
    j, parks = at.projects, at.parks
    covered, index, reform = service(at)
    survival, failed = failures(at)
    views = offers_and_utilities(at, leads, room_of(at))
    refused = [energy_refuses(at, lead) for lead in leads]
    at.outside_value = outside_value(at)
    sold = [0.0] * at.world.C
    for n in failed:
        if j.land_held[n] > 0:
            if j.serviced_land[n] and j.channel[n] != NORMAL:
                parks.serviced[j.park[n]] += j.land_held[n]
            parks.occupied[j.park[n]] -= j.land_held[n]
            j.land_held[n] = 0.0
        sold[j.county[n]] -= j.land_paid[n]
        j.stage[n] = FAILED
    park, signed = resolve(at, leads, views, refused)
    asked = [x for view in views for x in view.asked]
    return SimpleNamespace(
        covered=covered,
        index=index,
        reform=reform,
        survival=survival,
        failed=failed,
        outside_value=at.outside_value,
        park=park,
        signed=signed,
        offers=[view.offer for view in views],
        refused=refused,
        land_sales=sold,
        offered=sum(asked) / len(asked) if asked else None,
        stage=[SIGNED if s else LOST for s in signed],
        occupied=parks.occupied,
        idle=parks.idle,
        serviced=parks.serviced,
    )
