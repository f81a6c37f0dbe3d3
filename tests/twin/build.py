"""BUILD by hand: new land and its price, land for those who wait, requisition, work, and what finished plants become.

Written from sections 9.9, 9.10, 9.3 (customers of dated plants), 9.5 (new suppliers and buyers) and 9.17 (grants).
"""

import math
from types import SimpleNamespace

from tests.twin.grow import spending
from tests.twin.place import LAND
from tests.twin.position import lever
from tests.twin.produce import materials
from tests.twin.propose import BUILD, SIGNED
from tests.twin.supply import market_of

DONE = 4


def waiting_land(at):
    """(P,) land that signed projects wait for."""
    j, wait = at.projects, [0.0] * at.world.P
    for n, stage in enumerate(j.stage):
        if stage == SIGNED and j.graft[n] < 0 and j.land_held[n] <= 0:
            wait[j.park[n]] += j.land[n]
    return wait


def free_land(at, p):
    return at.parks.developed[p] - at.parks.occupied[p] - at.parks.idle[p] - at.parks.released[p]


def quota(at):
    """(C,) quota of the month: by the queue and by developed land."""
    w, wait = at.world, waiting_land(at)
    issued, weight = lever(at, "land.new_quota") / 12, lever(at, "land.quota_weight_queue")
    queue, area = [0.0] * w.C, [0.0] * w.C
    for p in range(w.P):
        queue[w.park_county[p]] += wait[p]
        area[w.park_county[p]] += at.parks.developed[p]
    by_area = [a / sum(area) for a in area]
    by_queue = [q / sum(queue) for q in queue] if sum(queue) > 0 else by_area
    return [issued * (weight * a + (1 - weight) * b) for a, b in zip(by_queue, by_area, strict=True)]


def develop(at, issued):
    """(P,) new developed land, and what counties would develop if money were no limit."""
    w, wait, parks = at.world, waiting_land(at), at.parks
    new, asked = [0.0] * w.P, []
    for c in range(w.C):
        mine = [p for p in range(w.P - w.C) if w.park_county[p] == c]
        plan = {p: parks.planned[p] - parks.developed[p] for p in mine}
        short = {p: min(max(0.0, wait[p] - free_land(at, p)), plan[p]) for p in mine}
        reserve = max(
            0.0,
            at.settings["land"]["reserve"] * sum(parks.developed[p] for p in mine)
            - sum(free_land(at, p) for p in mine),
        )
        wish = sum(short.values()) + reserve
        granted = max(0.0, min(wish, sum(plan.values()), at.counties.quota[c] + issued[c]))
        asked.append(granted)
        granted *= at.public.funded[c]
        queue = min(granted, sum(short.values()))
        if queue > 0:
            for p in mine:
                new[p] += short[p] * queue / sum(short.values())
        rest = {p: plan[p] - new[p] for p in mine}
        if granted > queue and sum(rest.values()) > 0:
            for p in mine:
                new[p] += rest[p] * min(granted - queue, sum(rest.values())) / sum(rest.values())
    return new, asked


def prices_of_land(at):
    """(P,) price of developed land after the development of the month, M yuan a mu."""
    w, land, parks = at.world, at.settings["land"], at.parks
    discount, result = lever(at, "land.discount"), []
    for p in range(w.P):
        c, area = w.park_county[p], parks.developed[p]
        if area <= 0:
            result.append(0.0)
            continue
        base = (land["price_core"], land["price_coast"], land["price_mountain"])[w.group[c]]
        share = max(free_land(at, p), 0.01 * area) / area
        price = base * share ** -land["scarcity_elasticity"] * (1 - discount[c])
        result.append(max(price, land["price_floor"] * land["dev_cost"]))
    return result


def pace(at, n):
    """Effective months of work that a project could do in the month."""
    c, s = at.settings["construction"], at.projects.service[n]
    rain = at.markets.rain[at.projects.county[n]]
    return (1 + c["service_gain"] * s) * (1 - c["rain_loss"] * rain * (1 - c["rain_mitigation"] * s))


def builders(at, wanted):
    """(C,) share of the wanted work for which there are builders within reach."""
    w, f, j = at.world, at.firms, at.projects
    people, needed = [0.0] * w.C, [0.0] * w.C
    for i in range(at.F):
        if f.product[i] == w.index["CONS"]:
            people[f.county[i]] += f.jobs_intensity[i] * f.output[i] * 12
    for n, work in wanted.items():
        money = j.investment[n] * work / j.work[n] * 12 * at.settings["construction"]["spend_construction"]
        needed[j.county[n]] += money / at.settings["construction"]["builder_output"]
    most = at.settings["construction"]["builder_minutes"]
    near = [sum(people[d] for d in range(w.C) if w.minutes[c][d] <= most) for c in range(w.C)]
    return [min(1.0, near[c] / needed[c]) if needed[c] > 0 else 1.0 for c in range(w.C)]


def build(at):  # noqa: C901 - the phase as one list, in its order
    """The phase: land, work, requisition, projects that move, births."""
    w, j, parks, public = at.world, at.projects, at.parks, at.public
    land, con = at.settings["land"], at.settings["construction"]
    issued = quota(at)
    new, asked_land = develop(at, issued)
    wanted = {n: min(pace(at, n), j.work_left[n]) for n, stage in enumerate(j.stage) if stage == BUILD}
    hands = builders(at, wanted)
    used = [0.0] * w.C
    for p in range(w.P):
        parks.developed[p] += new[p]
        used[w.park_county[p]] += new[p]
    parks.price = prices_of_land(at)
    at.counties.quota = [q + i - u for q, i, u in zip(at.counties.quota, issued, used, strict=True)]
    pay = SimpleNamespace(
        development=[land["dev_cost"] * u for u in used],
        incentives=[0.0] * w.C,
        land=[0.0] * w.C,
        asked=[land["dev_cost"] * a for a in asked_land],
    )
    rows = [n for n, m in enumerate(j.signed) if 0 <= m < at.month]
    bill, done = [], []
    project_spending, project_grants = [0.0] * at.F, [0.0] * at.F
    stage = list(j.stage)
    for n in rows:
        if j.stage[n] != BUILD:
            continue
        work = wanted[n] * hands[j.county[n]]
        if j.forced_production[n] >= 0:
            work = min(j.work_left[n] / max(1, j.forced_production[n] - at.month + 1), j.work_left[n])
        cost = j.investment[n] * work / j.work[n]
        paid = cost * (1 + con["service_overrun"] * j.service[n])
        grant = j.incentive[n] * cost * public.funded[j.county[n]]
        j.work_left[n] -= work
        j.invested[n] += cost
        j.spent[n] += paid
        j.grant[n] += grant
        pay.incentives[j.county[n]] += grant
        pay.asked[j.county[n]] += j.incentive[n] * cost
        bill.append((j.county[n], j.product[n], paid))
        if j.graft[n] >= 0:
            project_spending[j.graft[n]] += paid
            project_grants[j.graft[n]] += grant
        if j.work_left[n] <= 1e-9 * j.work[n]:
            stage[n], j.work_left[n], j.invested[n], j.done[n] = DONE, 0.0, j.investment[n], at.month
            done.append(n)
    for n in rows:
        if j.stage[n] != LAND:
            continue
        quick = j.serviced_land[n] or j.graft[n] >= 0
        service = land["requisition_mean_noservice"]
        service += (land["requisition_mean"] - land["requisition_mean_noservice"]) * j.service[n]
        months = service * j.requisition_luck[n] + land["permit_mean"] * (1 - land["permit_gain"] * at.reform)
        j.land_left[n] -= 1.0 if quick else 1 / max(1.0, months)
        through = at.month >= j.forced_work[n] if j.forced_work[n] >= 0 else j.land_left[n] <= 1e-12
        if through:
            stage[n], j.built[n] = BUILD, at.month
    moved = take_land(at, rows, pay)
    for n in moved:
        stage[n] = LAND
    goods = spending(at, *zip(*bill, strict=True)) if bill else [[0.0] * w.K for _ in range(w.C)]
    if at.incumbent_spending is not None:
        goods = [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(goods, at.incumbent_spending, strict=True)]
    return SimpleNamespace(
        issued=issued,
        stage=stage,
        pay=pay,
        spending=goods,
        births=births(at, done),
        project_spending=project_spending,
        project_grants=project_grants,
        capital=grafted(at, done),
    )


def take_land(at, rows, pay):
    """SIGNED to LAND: grafts and holders of land at once, the others first come, first served; land is paid."""
    j, parks, w = at.projects, at.parks, at.world
    waiting = [n for n in rows if j.stage[n] == SIGNED]
    ready = [n for n in waiting if j.graft[n] >= 0 or j.land_held[n] > 0]
    asking = sorted((n for n in waiting if n not in set(ready)), key=lambda n: (j.park[n], j.signed[n]))
    queue = [0.0] * w.P
    free = [free_land(at, p) for p in range(w.P)]
    serviced = list(parks.serviced)
    for n in asking:
        p = j.park[n]
        queue[p] += j.land[n]  # whoever waits in front keeps its place, also where a later one would fit
        mine = parks.serviced_chain[p] == w.chain[j.product[n]]
        if queue[p] <= free[p] - (0.0 if mine else serviced[p]) + 1e-9:
            parks.occupied[p] += j.land[n]
            j.land_held[n] = j.land[n]
            j.serviced_land[n] = mine and queue[p] <= serviced[p]
            if j.serviced_land[n]:
                parks.serviced[p] -= j.land[n]
            ready.append(n)
    if asking:
        parks.serviced = [min(max(0.0, s), max(0.0, free_land(at, p))) for p, s in enumerate(parks.serviced)]
    for n in ready:
        if j.graft[n] < 0 and not j.land_settled[n]:
            price = j.land_held[n] * parks.price[j.park[n]]
            j.land_paid[n] += price
            pay.land[j.county[n]] += price
    return ready


def grafted(at, done):
    """Capital of firms after finished grafts."""
    capital = list(at.firms.capital)
    for n in done:
        if at.projects.graft[n] >= 0:
            capital[at.projects.graft[n]] += at.projects.investment[n]
    return capital


def normal_margin(at, k):
    """Margin on sales of an average plant at the prices of the month."""
    pi, price, tech = at.markets.price_level, at.markets.price[k], at.technology
    W = at.people.national_wage
    wages = tech.jobs[k] / at.markets.frontier[k] / at.people.deepening[k] * at.wage_reference * W / 1e6 * pi
    wear = tech.capital[k] * at.settings["projects"]["depreciation"] * pi
    return (price - materials(at, k) - wages - tech.tax[k] * price - wear) / price


def births(at, done):
    """Columns of the firms that finished projects become."""
    j, w, firms = at.projects, at.world, []
    for n in done:
        if j.graft[n] >= 0:
            continue
        k, c, own = j.product[n], j.county[n], j.leader[n] >= 0
        margin, market = normal_margin(at, k), at.markets_of_product[k]
        sales = j.investment[n] / j.capital_intensity[n] / 12 * at.markets.price[k] / at.markets.price_level
        sales *= 1 - math.exp(-1 / at.settings["projects"]["ramp_tau"])  # of the first month of the ramp
        ebar = at.leader_outside_shares[k] if own else at.outside_shares[k]
        firms.append(
            {
                "county": c,
                "park": j.park[n],
                "product": k,
                "node": c * w.K + k,
                "leader": j.leader[n],
                "parent": j.parent[n],
                "birth": at.month,
                "alive": True,
                "opening": False,
                "fringe": False,
                "block": False,
                "capital": j.investment[n],
                "capital_intensity": j.capital_intensity[n],
                "productivity": 1.0 if own else j.productivity[n],
                "quality": j.quality[n],
                "jobs_intensity": at.technology.jobs[k] / at.markets.frontier[k],
                "skill_share": at.people.skill_share[c],
                "energy_intensity": at.technology.energy[k],
                "land": j.land_held[n],
                "plot": j.investment[n],
                "outside_share": ebar,
                "market": market,
                "market_reference": at.markets.volume[market],
                "margin": margin,
                "cash": at.settings["firms"]["working_cash"] * sales * (1 - margin),
            }
        )
        j.land_held[n] = 0.0
    return firms


def shares_after(at, done):
    """World shares and which leaders are active after dated plants came on stream."""
    book, share, active = at.leaders, list(at.leaders.share), list(at.leaders.active)
    for n in done:
        g = at.projects.leader[n]
        if at.projects.event[n] < 0 or g < 0 or at.projects.product[n] != book.product[g]:
            continue
        annual = at.projects.investment[n] / at.projects.capital_intensity[n]
        volume = at.markets.volume[book.market[g]] * book.unit_value[g]
        won = at.settings["leaders"]["utilisation_target"] * annual / volume
        share[g] = min(1.0, (share[g] if active[g] else 0.0) + won)
        active[g] = True
    return share, active


def connections(at, born):
    """Relations of new buyers and links with new firms (9.5), with the outside options and tastes of their peers.

    Args:
        at: position before the births.
        born: the new firms, in the order of their rows.
    """
    f, rel, links, w, K = at.firms, at.relations, at.links, at.world, at.world.K
    county = list(f.county) + [firm["county"] for firm in born]
    product = list(f.product) + [firm["product"] for firm in born]
    alive = list(f.alive) + [True] * len(born)
    first, old = at.F, len(rel.buyer)
    relations = []
    for i in range(first, first + len(born)):
        q = product[i]
        for k in range(K):
            a = at.technology.inputs[k][county[i] * K + q]
            if w.chain_product[q] and w.chain_product[k] and a > 0:
                relations.append(SimpleNamespace(buyer=i, product=k, coefficient=a, option=0.0, option_set=False))
    for row in relations:
        peers = [
            r
            for r in range(old)
            if rel.option_set[r]
            and rel.product[r] == row.product
            and f.node[rel.buyer[r]] == (county[row.buyer] * K + product[row.buyer])
        ]
        need = [rel.coefficient[r] * f.capacity[rel.buyer[r]] for r in peers]
        if sum(need) > 0:
            now = [rel.option[r] * market_of(at, rel.product[r]) / rel.option_reference[r] for r in peers]
            row.option = sum(n * o for n, o in zip(need, now, strict=True)) / sum(need)
            row.option_set = True
    buyers = list(rel.buyer) + [row.buyer for row in relations]
    goods = list(rel.product) + [row.product for row in relations]
    chain_born = [i for i in range(first, first + len(born)) if w.chain_product[product[i]]]
    pairs = [(j, r) for j in chain_born for r in range(old) if goods[r] == product[j] and alive[buyers[r]]]
    pairs += [(j, r) for j in range(len(alive)) for r in range(old, len(buyers)) if alive[j] and goods[r] == product[j]]
    top, below = {}, {}
    for j, r, weight, taste in zip(links.supplier, links.relation, links.weight, links.taste, strict=True):
        if weight > 0:
            i = rel.buyer[r]
            key = (f.county[j], f.county[i], f.product[j], f.product[i])
            top[key] = top.get(key, 0.0) + f.capacity[j] * taste
            below[key] = below.get(key, 0.0) + f.capacity[j]
    tastes = []
    for j, r in pairs:
        key = (county[j], county[buyers[r]], product[j], product[buyers[r]])
        tastes.append(top[key] / below[key] if below.get(key, 0.0) > 0 else 1.0)
    return relations, pairs, tastes
