"""PROPOSE by hand: order books of leaders, new plants and where they go, effort, lead rates and thinning.

Written from sections 5, 9.3 and 9.4 of docs/model.md.
"""

import itertools
import math
from types import SimpleNamespace

from tests.twin.outside import between, known
from tests.twin.position import lever
from tests.twin.produce import electricity_limit, nameplate
from tests.twin.technology import coefficient

SIGNED, BUILD = 1, 3
LEADER, CHAIN, CLUSTER, UNPLANNED, SPINOFF, NORMAL, BRANCH = range(7)


def leading(at, i):
    """Whether a row is a home plant of a leader in the product of its order book."""
    g = at.firms.leader[i]
    return g >= 0 and at.firms.product[i] == at.leaders.product[g]


def at_work(at, g):
    """Rows of the home plants of a group that can deliver."""
    f = at.firms
    return [i for i in range(at.F) if leading(at, i) and f.leader[i] == g and f.alive[i] and f.capacity[i] > 0]


def group_cost(at, g):
    """c_g: cost of the home plants of a group over a frontier plant, by capacity; 1 without plants."""
    f, rows = at.firms, at_work(at, g)
    weight = sum(f.capacity[i] for i in rows)
    return sum(f.capacity[i] * f.relative_cost[i] for i in rows) / weight if rows else 1.0


def known_share(at):
    """Log share of the power-cell leader as its shipments tell, None where the model decides."""
    run = at.settings["run"]
    until = dict(at.settings["run"], world="unconditional")
    if run["world"] == "flat":
        return None
    view = SimpleNamespace(settings={"run": until})
    shipped, cars, store = (
        known(view, n) for n in ("leader_shipments_power", "ev_battery_world", "storage_cells_world")
    )
    shares = {y: shipped[y] / (cars[y] + store[y]) for y in shipped if y >= 2014}
    if not shares:
        return None
    first = 7  # July 2014
    if at.month <= first:
        opening = math.log(at.leaders.share_opening[0])
        return opening + (math.log(shares[2014]) - opening) * at.month / first
    return between(shares, at.month)


def order_books(at):
    """Shares, orders of the month, and what home plants and rival sites are asked for."""
    book, p = at.leaders, at.settings["leaders"]
    share, orders = [], []
    for g in range(len(book.product)):
        fill = min(1.0, book.delivered[g] / book.ordered[g]) if book.ordered[g] > 0 else 1.0
        s, c, q = book.share[g], group_cost(at, g), book.quality[g]
        cbar, qbar = s * c + (1 - s), s * q + (1 - s) * p["rival_quality"]
        fitness = math.log(cbar / c) + p["fill_gain"] * (fill - 1) + p["quality_gain"] * (q - qbar)
        rest = math.log(cbar) + p["quality_gain"] * (p["rival_quality"] - qbar)
        own = s * math.exp(p["share_selection"] / 12 * fitness)
        other = (1 - s) * math.exp(p["share_selection"] / 12 * rest)
        new = own / (own + other)
        if g == 0 and known_share(at) is not None:
            new = math.exp(known_share(at))
        share.append(new if book.active[g] else s)
        volume = at.markets.volume[book.market[g]]
        orders.append(share[g] * volume * book.unit_value[g] / 12 if book.active[g] else 0.0)
    site, away = [0.0] * at.F, []
    for g in range(len(book.product)):
        rows, theta, c = at_work(at, g), p["base_allocation"], group_cost(at, g)
        f, rival = at.firms, sum(at.rivals.capacity[g])
        pull = {i: f.capacity[i] * math.exp(-theta * (f.relative_cost[i] / c - 1)) for i in rows}
        far = rival * math.exp(-theta * (1 / c - 1))
        total, asked = sum(pull.values()) + far, orders[g] + book.backlog[g]
        want = {i: asked * pull[i] / total for i in rows} if total > 0 else {}
        want_far = asked * far / total if total > 0 else 0.0
        over = sum(max(0.0, want[i] - f.capacity[i]) for i in want) + max(0.0, want_far - rival)
        room = sum(max(0.0, f.capacity[i] - want[i]) for i in want) + max(0.0, rival - want_far)
        moved = min(over, room)
        for i, wish in want.items():
            gap = wish - f.capacity[i]
            site[i] = wish - (gap * moved / over if gap > 0 else gap * moved / room if gap < 0 else 0.0)
        gap = want_far - rival
        away.append(want_far - (gap * moved / over if gap > 0 else gap * moved / room if gap < 0 else 0.0))
    return SimpleNamespace(share=share, orders=orders, site_orders=site, away_orders=away)


def history(at, g):
    """Monthly orders of a group before this month, oldest first, at most five years."""
    ring = at.leaders.annual_orders[g]
    months = min(at.month - 1, len(ring))
    return [ring[(m - 1) % len(ring)] for m in range(at.month - months, at.month)]


def expected_growth(at, past, window):
    """ghat: what an AR(1) on the annual growth of monthly orders forecasts a year ahead."""
    while past and past[0] <= 0:
        past = past[1:]
    if len(past) < 14:
        return 0.0
    growth = [math.log(past[n] / past[n - 12]) for n in range(12, len(past))][-window:]
    middle = sum(growth) / len(growth)
    x = [v - middle for v in growth]
    below = sum(v * v for v in x[:-1])
    rho = min(1.0, max(0.0, sum(a * b for a, b in itertools.pairwise(x)) / below)) if below > 1e-12 else 0.0
    p = at.settings["leaders"]
    return min(p["growth_most"], max(p["growth_least"], math.expm1(middle + rho**12 * x[-1])))


def open_projects(at):
    """Rows of projects that are signed and not yet done."""
    return [n for n, stage in enumerate(at.projects.stage) if SIGNED <= stage <= BUILD]


def room_of(at):
    """(P,) planned land that nobody holds or waits for."""
    parks, j = at.parks, at.projects
    room = [parks.planned[p] - parks.occupied[p] - parks.idle[p] - parks.released[p] for p in range(at.world.P)]
    for n in open_projects(at):
        if j.stage[n] == SIGNED and j.graft[n] < 0 and j.land_held[n] <= 0:
            room[j.park[n]] -= j.land[n]
    return room


def quality_by_product(at):
    """Mean quality of home firms by capacity, a half where there are none."""
    f = at.firms
    top, below = [0.0] * at.world.K, [0.0] * at.world.K
    for i in range(at.F):
        if f.alive[i] and not f.block[i] and f.capacity[i] > 0:
            top[f.product[i]] += f.capacity[i] * f.quality[i]
            below[f.product[i]] += f.capacity[i]
    return [t / b if b > 0 else 0.5 for t, b in zip(top, below, strict=True)]


def outlook(at):
    """Annual output of each leader and its expected growth, and what it makes now."""
    f, j = at.firms, at.projects
    now, growth, made, coming = [], [], [], []
    start = at.settings["leaders"]["starting_share"]
    for g, k in enumerate(at.leaders.product):
        output = 12 * sum(f.output[i] for i in range(at.F) if leading(at, i) and f.leader[i] == g and f.alive[i])
        announced = sum(j.announced_output[n] for n in open_projects(at) if j.leader[n] == g and j.product[n] == k)
        rate = expected_growth(at, history(at, g), int(at.settings["leaders"]["expect_window"]))
        rate = max(rate, math.sqrt(1 + announced / output) - 1 if output > 0 else 0.0)
        made.append(output)
        coming.append(start * announced)
        if output <= 0 and announced > 0:
            now.append(start * announced)
            growth.append(math.sqrt(1 / start) - 1)
        else:
            now.append(output)
            growth.append(rate)
    return now, growth, made, coming


def lead_rates(at, effort):  # noqa: C901 - one list, as on paper
    """(6, K) expected leads of the month, and the pool from which they are thinned."""
    w, p, f, K = at.world, at.settings["promotion"], at.firms, at.world.K
    a = [[coefficient(at, k, q) for q in range(K)] for k in range(K)]
    now, growth, made, _ = outlook(at)
    capacity, pipeline, jobs = [0.0] * K, [0.0] * K, [0.0] * K
    for i in range(at.F):
        if f.alive[i] and not f.block[i]:
            capacity[f.product[i]] += 12 * f.capacity[i]
            jobs[f.product[i]] += f.staff[i]
    for n in open_projects(at):
        pipeline[at.projects.product[n]] += at.projects.announced_output[n]
    quality = quality_by_product(at)
    G = range(len(now))
    lead = at.leaders.product
    planned = [max(0.0, now[g] * (1 + growth[g]) ** 2 - made[g]) for g in G]
    office = p["joint_leverage"] * p["joint_cost"] * lever(at, "promotion.joint") * at.public.funded[-1]
    worked = [max(e, 0.0) + p["own_search"] + (office if n == 0 else 0.0) for n, e in enumerate(effort)]
    factor = [(e / (p["effort_reference"] + p["own_search"])) ** p["effort_elasticity"] for e in worked]
    strengthen, supplement, extend = (
        lever(at, f"promotion.weight_{n}") for n in ("strengthen", "supplement", "extend")
    )
    leader_jobs = sum(f.staff[i] for i in range(at.F) if f.alive[i] and f.leader[i] >= 0)
    rates, pool = [[0.0] * K for _ in range(6)], reference_rates(at)
    for k in range(K):
        if not w.agent[k]:
            continue
        need = sum(a[k][lead[g]] * now[g] * (1 + growth[g]) ** 1.5 for g in G) / 1000
        gap = max(0.0, need - at.settings["sourcing"]["cap_devoted_max"] * (capacity[k] + pipeline[k]) / 1000)
        served = min(sum(a[k][lead[g]] * now[g] for g in G), at.settings["sourcing"]["cap_devoted_max"] * capacity[k])
        upg = served / 1000 * (1 - quality[k])
        ext = 0.0
        for q in set(lead):
            made_of = sum(now[g] for g in G if lead[g] == q)
            if a[q][k] > 0 and w.chain_product[k] and k != q:
                ext += max(0.0, p["downstream_propensity"] * made_of - a[q][k] * (capacity[k] + pipeline[k])) / 1000
        buy = sum(a[k][lead[g]] * planned[g] for g in G)
        for source, targets in p["cross_chain"].items():
            for target, share in targets.items():
                if w.index[target] == k:
                    buy += share * sum(planned[g] for g in G if lead[g] == w.index[source])
        bracket = supplement * gap + strengthen * upg + extend * ext
        rates[LEADER][k] = pool[LEADER][k] * factor[0] * buy / p["demand_reference"]
        rates[CHAIN][k] = pool[CHAIN][k] * factor[1] * (bracket ** p["gap_elasticity"] if bracket > 0 else 0.0)
        rates[CLUSTER][k] = p["lead_rate_cluster"] * factor[2] * (jobs[k] / 10_000) ** p["cluster_elasticity"]
        rates[CLUSTER][k] *= busy_world(at, k)
        rates[UNPLANNED][k] = p["lead_rate_bump"] * factor[3] * at.technology.national_share[k]
        rates[SPINOFF][k] = p["spinoff_rate"] / 12 * leader_jobs / 1000 * related(at)[k]
        growth_legacy = at.markets.volume[6] / at.markets.volume_opening[6]
        rates[NORMAL][k] = pool[NORMAL][k] * growth_legacy
    return rates, [[p["pool_factor"] * x for x in row] for row in pool]


def busy_world(at, k):
    """World utilisation of the chain over its normal; 1 where no lever names it."""
    chains = {"BAT": "batteries", "NEV": "vehicles", "SST": "stainless", "CU": "copper"}
    if at.world.chain[k] < 0:
        return 1.0
    use = lever(at, f"prices.utilisation_{chains[at.world.chains[at.world.chain[k]]]}")
    return use / at.settings["prices"]["utilisation_normal"] if use > 0 else 1.0


def related(at):
    """Share of each product of firms in what the leaders of the opening buy from firms."""
    at_opening = {at.leaders.product[g] for g in range(3)}
    bought = [
        sum(row[q] for q in at_opening) if at.world.agent[k] else 0.0 for k, row in enumerate(at.technology.inputs)
    ]
    return [b / sum(bought) for b in bought]


def reference_rates(at):
    """Lead rates at reference effort, a bracket of 1, J = 0, 10,000 jobs and opening demand."""
    p, K = at.settings["promotion"], at.world.K
    agent = [1.0 if x else 0.0 for x in at.world.agent]
    return [
        [p["lead_rate_leader"] * x * smaller(at, k) for k, x in enumerate(agent)],
        [p["lead_rate_chain"] * x * smaller(at, k) for k, x in enumerate(agent)],
        [p["lead_rate_cluster"] * x for x in agent],
        [p["lead_rate_bump"] * at.technology.national_share[k] for k in range(K)],
        [p["spinoff_rate"] / 12 * 10 * x for x in related(at)],
        [p["normal_entry"] / 12 * at.opening_firms[k] if at.world.legacy[k] else 0.0 for k in range(K)],
    ]


def mean_project(at, k):
    """Mean investment of a promoted project of a product."""
    q = at.settings["projects"]
    if at.world.products[k] in ("V_BODY", "V_PWTR"):
        return q["size_vehicle_parts_mean"]
    return q["size_chain_mean"] if at.world.chain_product[k] else q["size_industry_mean"]


def smaller(at, k):
    """How many projects of a chain product do what one of the usual size does."""
    return at.settings["projects"]["size_chain_mean"] / mean_project(at, k) if at.world.chain_product[k] else 1.0


def funnel(at):
    """Effort of the month, the candidates that become leads, and what is known of each lead."""
    p, q, c = at.settings["promotion"], at.settings["projects"], at.boards.candidates
    names = ("mix_leader", "mix_chain", "mix_cluster", "mix_bump")
    money = lever(at, "promotion.budget") * (1 + p["pressure_effort"] * at.pressure) * at.public.funded[-1]
    effort = [
        p["effort_decay"] * at.effort[n] + (1 - p["effort_decay"]) * money * lever(at, f"promotion.{name}")
        for n, name in enumerate(names)
    ]
    rates, pool = lead_rates(at, effort)
    leads = []
    for n in range(len(c.channel)):
        h, k = c.channel[n], c.product[n]
        if not c.keep[n] < rates[h][k] / pool[h][k]:
            continue
        small = h in (UNPLANNED, NORMAL)
        mean = q["size_bump_mean"] if small else mean_project(at, k)
        sd = q["size_chain_sigma"]
        size = mean * math.exp(sd * c.size[n] - sd * sd / 2)
        if h == SPINOFF:
            span = p["spinoff_most"] - p["spinoff_least"]
            size = p["spinoff_least"] + span * 0.5 * math.erfc(-c.size[n] / math.sqrt(2))
        output = size / at.technology.capital[k]
        if h == CHAIN and c.quality[n] < p["strengthen_screen"] * lever(at, "promotion.weight_strengthen"):
            continue
        quality = 0.3 + 0.4 * c.quality[n]
        graft = -1
        if h in (CHAIN, CLUSTER) and c.graft[n] < p["graft_share"]:
            graft = incumbent(at, k, c.place[n])
        home = parent_county(at) if h == SPINOFF and c.place[n] < p["spinoff_home"] else -1
        leads.append(
            SimpleNamespace(
                candidate=n,
                channel=h,
                product=k,
                investment=size,
                announced_output=output,
                land=output * at.technology.land[k],
                quality=quality,
                graft=graft,
                home=home,
                parent=-1,
                sponsor=sponsor(at, k) if h in (LEADER, CHAIN) else -1,
                productivity=math.exp(at.settings["opening"]["productivity_spread"] * c.productivity[n]),
            )
        )
    used = {lead.candidate for lead in leads}
    spare = [n for n in range(len(c.channel)) if n not in used]
    lack = without_room(at)
    f = at.firms
    for i in sorted((i for i in range(at.F) if lack[i] > 0), key=lambda i: (-lack[i], f.slot[i])):
        k = f.product[i]
        free = [n for n in spare if c.product[n] == k]
        if not free:
            continue
        spare.remove(free[0])
        output = lack[i] / at.technology.capital[k]
        leads.append(
            SimpleNamespace(
                candidate=free[0],
                channel=BRANCH,
                product=k,
                investment=lack[i],
                announced_output=output,
                land=output * at.technology.land[k],
                quality=f.quality[i],
                graft=-1,
                home=-1,
                parent=i,
                sponsor=-1,
                productivity=f.productivity[i],
            )
        )
    return effort, leads


def without_room(at):
    """Capital that an incumbent lacks and that neither its plot, nor its park, nor its other sites take."""
    f, j, firms = at.firms, at.projects, at.settings["firms"]
    target, parks = at.settings["leaders"]["utilisation_target"], at.parks
    lack = []
    for i in range(at.F):
        able = f.alive[i] and not f.block[i] and not f.fringe[i] and f.leader[i] < 0 and f.park[i] >= 0
        busy = sum(f.utilisation12[i]) / 12 > firms["utilisation_trigger"]
        if not (able and busy and sum(f.margin12[i]) / 12 > firms["margin_hurdle"]):
            lack.append(0.0)
            continue
        orders = sum(f.orders12[i])
        short = max(0.0, orders * f.capital_intensity[i] / (target * f.productivity[i]) - f.capital[i])
        short -= max(0.0, firms["plot_room"] * f.plot[i] - f.capital[i])
        p = f.park[i]
        free = max(0.0, parks.developed[p] - parks.occupied[p] - parks.idle[p] - parks.released[p])
        short -= free * firms["plot_room"] * f.plot[i] / f.land[i] if f.land[i] > 0 else math.inf
        short -= sum(f.capital[b] for b in range(at.F) if f.alive[b] and f.parent[b] == i)
        short -= sum(j.investment[n] for n in range(len(j.stage)) if j.parent[n] == i and SIGNED <= j.stage[n] <= BUILD)
        lack.append(short if short >= at.settings["projects"]["size_bump_mean"] else 0.0)
    return lack


def incumbent(at, k, luck):
    """The firm that a graft enlarges, drawn by capacity."""
    f = at.firms
    rows = [i for i in range(at.F) if f.alive[i] and not f.fringe[i] and f.leader[i] < 0 and f.product[i] == k]
    rows.sort(key=lambda i: f.slot[i])
    total, so_far = sum(f.capacity[i] for i in rows), 0.0
    for i in rows:
        so_far += f.capacity[i]
        if so_far >= luck * total:
            return i
    return rows[-1] if rows else -1


def sponsor(at, k):
    """The leader that needs most of a product, none where nobody does."""
    _, _, made, coming = outlook(at)
    need = [coefficient(at, k, q) * (made[g] if made[g] > 0 else coming[g]) for g, q in enumerate(at.leaders.product)]
    return need.index(max(need)) if max(need) > 0 else -1


def largest_plant_county(at, g):
    """County of the home plant of a leader with most capital, else of its first plant under way, else none."""
    f, rows = at.firms, [i for i in range(at.F) if at.firms.alive[i] and at.firms.leader[i] == g]
    if rows:
        return f.county[max(rows, key=lambda i: f.capital[i])]
    coming = [n for n, stage in enumerate(at.projects.stage) if at.projects.leader[n] == g and stage <= BUILD]
    return at.projects.county[coming[0]] if coming else -1


def parent_county(at):
    """County of the largest plant of the leader with most staff, from which spin-offs come."""
    f = at.firms
    staff = [
        sum(f.staff[i] for i in range(at.F) if f.alive[i] and f.leader[i] == g) for g in range(len(at.leaders.product))
    ]
    return largest_plant_county(at, staff.index(max(staff)))


def plans(at):
    """Annual output of the next plant of each leader, 0 without one."""
    f, book, p, sizes = at.firms, at.leaders, at.settings["leaders"], []
    for g, k in enumerate(book.product):
        past = history(at, g)
        growth = expected_growth(at, past, int(p["expect_window"]))
        wanted = (1 + growth) ** p["plan_years"] * 12 * (past[-1] if past else 0.0) / p["utilisation_target"]
        mine = [i for i in range(at.F) if leading(at, i) and f.leader[i] == g and f.alive[i]]
        have = 12 * (sum(nameplate(at, i) for i in mine) + sum(at.rivals.capacity[g]))
        j = at.projects
        way = sum(j.announced_output[n] for n in open_projects(at) if j.leader[n] == g and j.product[n] == k)
        way += 12 * sum(at.rivals.building[g])
        gap = wanted - have - way
        least = min(book.lump_low[g], p["small_plant"] * have) if have > 0 else book.lump_low[g]
        sizes.append(min(gap, book.lump_high[g]) if book.active[g] and least > 0 and gap >= least else 0.0)
    return sizes


def rivals(at, luck):
    """Capacity at rival sites after a month, and the noise of their appeal (building of the month apart)."""
    p, r = at.settings["leaders"], at.rivals
    keep = p["rival_persist"]
    capacity = [
        [c + b / p["rival_build"] for c, b in zip(x, y, strict=True)]
        for x, y in zip(r.capacity, r.building, strict=True)
    ]
    building = [[b - b / p["rival_build"] for b in y] for y in r.building]
    noise = [
        [keep * n + p["rival_noise"] * math.sqrt(1 - keep**2) * e for n, e in zip(x, y, strict=True)]
        for x, y in zip(r.noise, luck, strict=True)
    ]
    return capacity, building, noise


def race(at, takers):
    """(C,) grant share that counties offer for a project that so many of them would take (9.17)."""
    fiscal, zoning = at.settings["fiscal"], at.settings["zoning"]
    z, cap = lever(at, "zoning.strictness"), lever(at, "fiscal.incentive_cap")
    m = at.pressure
    offers = []
    for c in range(at.world.C):
        war = fiscal["offer"] * cap[c] * (1 + zoning["incentive_war"] * (1 - z) * max(takers - 1, 0))
        most = cap[c] * (1 + at.settings["promotion"]["plan_pressure"] * m)
        offers.append(min(war, most) * at.public.funded[c])
    return offers


def site_utilities(at, g, size):
    """V of home parks (None where the plant does not fit) and rival sites of a leader, and the offers of counties."""
    p, q, w, f = at.settings["leaders"], at.settings["location"], at.world, at.firms
    k, theta = at.leaders.product[g], at.settings["location"]
    most = electricity_limit(at)
    headroom, supplied = p["rival_headroom"], True
    if most < math.inf:
        left = most - use_of_electricity(at) - need_of_projects(at)
        headroom = max(0.0, left / most)
        supplied = at.technology.energy[k] * saving(at) * size / 12 <= left
    room, fits = room_of(at), []
    for park in range(w.P):
        banned = w.fit[w.park_county[park]][k] <= 0 and lever(at, "zoning.strictness") >= 1
        harbour = w.park_port[park] or not w.port[k]
        named = park < w.P - w.C
        fits.append(named and not banned and harbour and supplied and room[park] >= size * at.technology.land[k])
    offers = race(at, len({w.park_county[x] for x in range(w.P) if fits[x]}))
    home = [0.0] * w.P
    for i in range(at.F):
        if leading(at, i) and f.leader[i] == g and f.alive[i] and f.park[i] >= 0:
            home[f.park[i]] += f.capacity[i]
    total = sum(home) + sum(at.rivals.capacity[g])
    base = largest_plant_county(at, g)
    cover = coverage(at, k)
    here = []
    for park in range(w.P):
        c = w.park_county[park]
        price = at.parks.price[park] if at.parks.price[park] > 0 else p["rival_land_price"]
        wage = at.counties.wage[c] / (at.wage_reference * at.people.national_wage)
        v = p["coverage_pull"] * cover[c] - q["land_price"] * math.log(price) - q["wage"] * math.log(wage)
        v += q["service"] * at.counties.service[c] + theta["incentive"] * offers[c] + p["energy_pull"] * headroom
        v += p["talent_pull"] * math.log(at.counties.talent[c])
        v -= q["leader_time"] * (w.minutes[base][c] - w.minutes[base][base]) if base >= 0 else 0.0
        v -= p["diversification"] * home[park] / total if total > 0 else 0.0
        here.append(v if fits[park] else None)
    there = []
    for s, capacity in enumerate(at.rivals.capacity[g]):
        v = p["coverage_pull"] * p["rival_coverage"] - q["land_price"] * math.log(p["rival_land_price"])
        v += -q["wage"] * math.log(p["rival_wage"]) + q["service"] * p["rival_service"]
        v += q["incentive"] * p["rival_incentive"] + p["energy_pull"] * p["rival_headroom"]
        v += at.outside_value[k] - at.outside_value_mean[k]
        v += p["talent_pull"] * math.log(p["rival_talent"]) + at.rivals.noise[g][s]
        v -= p["diversification"] * capacity / total if total > 0 else 0.0
        there.append(v)
    return here, there, offers


def saving(at):
    """Electricity per output relative to the opening."""
    return (1 - at.settings["energy"]["efficiency"]) ** (at.month / 12)


def use_of_electricity(at):
    """MWh a month of the operating plants at last month's output."""
    f = at.firms
    return saving(at) * sum(f.energy_intensity[i] * f.output[i] for i in range(at.F) if f.alive[i])


def need_of_projects(at):
    """MWh a month of signed projects once they produce."""
    j = at.projects
    return saving(at) * sum(at.technology.energy[j.product[n]] * j.announced_output[n] / 12 for n in open_projects(at))


def coverage(at, k):
    """(C,) C_pot: purchase weight x share of the need that qualified home capacity within reach could cover.

    Goods are what firms make, without legacy industry; the need is that of all home plants of the product at their
    present output; capacity of another county counts by exp(-b_m minutes).
    """
    w, f, K = at.world, at.firms, at.world.K
    goods = [i for i in range(K) if w.agent[i] and not w.legacy[i]]
    total = sum(coefficient(at, i, k) for i in goods)
    output = sum(f.output[i] for i in range(at.F) if f.alive[i] and f.product[i] == k)
    able = [[0.0] * K for _ in range(w.C)]
    for i in range(at.F):
        old = f.opening[i] or at.month - f.birth[i] >= at.settings["sourcing"]["qualification"]
        if f.alive[i] and not f.block[i] and old:
            able[f.county[i]][f.product[i]] += f.capacity[i]
    decay, cover = at.settings["location"]["market_decay"], []
    for c in range(w.C):
        v = 0.0
        for i in goods:
            reach = sum(math.exp(-decay * w.minutes[c][d]) * able[d][i] for d in range(w.C))
            need = coefficient(at, i, k) * output
            v += coefficient(at, i, k) / total * min(1.0, reach / need if need > 0 else 1.0)
        cover.append(v)
    return cover


def inclusive(values, nest):
    """Lam ln sum exp(V/lam) over what is open."""
    top = max(values)
    return top + nest * math.log(sum(math.exp((v - top) / nest) for v in values))


def choose_site(at, here, there, taste):
    """Index of a home park, or P + the rival site: nests first, then the best in it."""
    nest, P = at.settings["location"]["nest"], at.world.P
    fit = [v for v in here if v is not None]
    stay = bool(fit) and inclusive(fit, nest) + taste[-2] >= inclusive(there, nest) + taste[-1]
    if stay:
        return max((x for x in range(P) if here[x] is not None), key=lambda x: here[x] / nest + taste[x])
    return P + max(range(len(there)), key=lambda s: there[s] / nest + taste[P + s])


def own_plants(at, sizes, taste, building):
    """Where the plants of leaders go: (leader, park, output, offer) at home; rival sites begin to build."""
    own = []
    for g, size in enumerate(sizes):
        if size <= 0:
            continue
        here, there, offers = site_utilities(at, g, size)
        site = choose_site(at, here, there, taste[g])
        if site >= at.world.P:
            building[g][site - at.world.P] += size / 12
        else:
            own.append((g, site, size, offers[at.world.park_county[site]]))
    return own


def propose(at, luck_rivals, luck_sites):
    """The phase; dated plants are left to the history."""
    effort, leads = funnel(at)
    capacity, building, noise = rivals(at, luck_rivals)
    sizes = plans(at)
    own = own_plants(at, sizes, luck_sites, building)
    return SimpleNamespace(
        books=order_books(at),
        effort=effort,
        leads=leads,
        own=own,
        rival_capacity=capacity,
        rival_building=building,
        rival_noise=noise,
        reference=reference_rates(at),
        incentive=race(at, 1),
    )
