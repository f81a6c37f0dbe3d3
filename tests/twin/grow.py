"""GROW by hand: wages and residents of next month, investment, luck and neighbours of productivity, who is paid.

Written from sections 9.11, 9.12 (accounts), 9.13 and 9.15 of docs/model.md.
"""

import math
from types import SimpleNamespace

from tests.twin.position import mean

GDP = 5


def months_since_known(at):
    """Months since the end of the known world, 0 inside it."""
    run = at.settings["run"]
    known = "2021-12" if run["world"] == "conditional" else run["known_until"]
    year, month = known.split("-")
    return max(0, at.month - ((int(year) - 2013) * 12 + int(month) - 12))


def fade(at):
    """2^(-years since the known world over its half-life)."""
    return 2 ** (-months_since_known(at) / 12 / at.settings["demand"]["growth_half_life"])


def wages(at):
    """Wages by skill, the national wage and the saving of labour of next month."""
    labour, demand = at.settings["labour"], at.settings["demand"]
    if at.settings["run"]["world"] == "flat":
        national, saving = 0.0, [0.0] * at.world.K
    else:
        inflation = 12 * math.log(at.markets.price_level / at.markets.price_level_before)
        long_run = demand["long_run_growth"]
        national = long_run + (labour["national_wage_growth"] - inflation - long_run) * fade(at)
        saving = []
        for k in range(at.world.K):
            firms = at.world.agent[k]
            settled = long_run - (at.settings["agglomeration"]["productivity_growth"] if firms else 0.0)
            first = labour["deepening"] if firms else labour["deepening_services"]
            if k == at.world.index["AGRI"]:
                first = labour["deepening_farming"]
            saving.append(settled + (first - settled) * fade(at))
    wage = []
    for h in range(2):
        row = []
        for r in range(at.world.C):
            pull = labour["wage_curve"] * (at.people.vacancy[h][r] - labour["vacancy_normal"])
            row.append(at.counties.wage_by_skill[h][r] * math.exp((national + pull) / 12))
        wage.append(row)
    share = at.people.skill_share
    return SimpleNamespace(
        wage_by_skill=wage,
        wage=[(1 - share[r]) * wage[0][r] + share[r] * wage[1][r] for r in range(at.world.C)],
        national_wage=at.people.national_wage * math.exp(national / 12),
        deepening=[d * math.exp(g / 12) for d, g in zip(at.people.deepening, saving, strict=True)],
    )


def migration(at):
    """Residents of working age of next month."""
    p, labour, C = at.people, at.settings["labour"], at.world.C
    speed = labour["migration_elasticity"] / 12
    natural = 0.0 if at.settings["run"]["world"] == "flat" else labour["natural_growth"] * fade(at) / 12
    result = []
    for h in range(2):
        here = p.working_age[h]
        everyone = sum(here)
        y = []
        for r in range(C):
            force = p.participation * here[r]
            at_work = sum(p.workers[h][r])
            pay = at.counties.wage_by_skill[h][r] * at_work / force
            y.append(math.log(pay / p.pay_opening[h][r]) - math.log(p.national_wage) + p.amenity[r])
        new = []
        for r in range(C):
            change = natural * here[r] + speed * here[r] * max(0.0, y[r]) - speed * here[r] * max(0.0, -y[r])
            for s in range(C):
                change += speed * here[s] * here[r] / everyone * max(0.0, y[r] - y[s])
                change -= speed * here[r] * here[s] / everyone * max(0.0, y[s] - y[r])
            new.append(here[r] + change)
        result.append(new)
    return result


def investment(at):  # noqa: C901 - one list, as on paper
    """Investment, scrapping, land taken and what follows for capital, plots and the market of reference."""
    f, firms = at.firms, at.settings["firms"]
    wear = at.settings["projects"]["depreciation"] / 12
    target = at.settings["leaders"]["utilisation_target"]
    net, wish_land = [0.0] * at.F, [0.0] * at.F
    free_capital = [0.0] * at.F
    for i in range(at.F):
        if not f.alive[i] or f.block[i] or f.fringe[i] or f.leader[i] >= 0:
            continue
        if mean(f.utilisation12[i]) <= firms["utilisation_trigger"] or mean(f.margin12[i]) <= firms["margin_hurdle"]:
            continue
        x = mean(f.orders12[i])
        wanted = 12 * x * f.capital_intensity[i] / (target * f.productivity[i]) - f.capital[i]
        net[i] = firms["expansion_speed"] * max(0.0, wanted) / 12
        free_capital[i] = max(0.0, firms["plot_room"] * f.plot[i] - f.capital[i])
        beyond = max(0.0, net[i] - free_capital[i])
        if beyond > 0:
            wish_land[i] = beyond * f.land[i] / (firms["plot_room"] * f.plot[i])
    asked = [0.0] * at.world.P
    for i in range(at.F):
        if f.park[i] >= 0:
            asked[f.park[i]] += wish_land[i]
    free = [
        d - o - i - r
        for d, o, i, r in zip(at.parks.developed, at.parks.occupied, at.parks.idle, at.parks.released, strict=True)
    ]
    free = [max(0.0, x) for x in free]
    wished = list(net)
    taken = [0.0] * at.F
    for i in range(at.F):
        if wish_land[i] > 0:
            share = min(1.0, free[f.park[i]] / asked[f.park[i]]) if f.park[i] >= 0 else 0.0
            taken[i] = share * wish_land[i]
            net[i] = min(net[i], free_capital[i]) + share * max(0.0, net[i] - free_capital[i])
    invested, scrapped, capital, reference, land, plot, bill = [], [], [], [], [], [], []
    for i in range(at.F):
        scrap = wear * f.capital[i]
        replace = scrap if f.alive[i] and mean(f.margin12[i]) > 0 else 0.0
        invested.append(net[i] + replace)
        scrapped.append(scrap)
        change = net[i] + replace - scrap
        capital.append(f.capital[i] + change)
        growth = 1 + change / f.capital[i] if f.capital[i] > 0 else 1.0
        reference.append(f.market_reference[i] * growth ** (1 - firms["new_customers"]))
        land.append(f.land[i] + taken[i])
        plot.append(f.plot[i] * (1 + taken[i] / f.land[i]) if f.land[i] > 0 else f.plot[i])
        bill.append(taken[i] * at.parks.price[f.park[i]] if f.park[i] >= 0 else 0.0)
    occupied = list(at.parks.occupied)
    for i in range(at.F):
        if f.park[i] >= 0:
            occupied[f.park[i]] += taken[i]
    return SimpleNamespace(
        investment=invested,
        scrapped=scrapped,
        capital=capital,
        market_reference=reference,
        land=land,
        plot=plot,
        land_bill=bill,
        wished=wished,
        occupied=occupied,
    )


def spending(at, county, product, amount):
    """Investment by county and product: construction and equipment; the rest is bought outside."""
    build = at.settings["construction"]
    goods = [[0.0] * at.world.K for _ in range(at.world.C)]
    index = at.world.index
    for c, k, money in zip(county, product, amount, strict=True):
        goods[c][index["CONS"]] += build["spend_construction"] * money
        machines = index["B_EQPT"] if k == index["B_CELL"] else index["MACH"]
        goods[c][machines] += build["spend_equipment"] * money
    return goods


def laplace(u):
    """Laplace variate of mean 0 and variance 1 from a uniform number."""
    x = u - 0.5
    return -math.copysign(1.0, x) * math.log(max(1 - 2 * abs(x), 2.2250738585072014e-308)) / math.sqrt(2) if x else 0.0


def median(values):
    """Middle of a list."""
    row = sorted(values)
    n = len(row)
    return row[n // 2] if n % 2 else (row[n // 2 - 1] + row[n // 2]) / 2


def exposed(at, i):
    """Rows that meet the luck of firms: neither blocks nor fringe."""
    f = at.firms
    return f.alive[i] and not f.block[i] and not f.fringe[i]


def noise(at, luck):
    """D ln A by chance."""
    f, firms = at.firms, at.settings["firms"]
    rows = [i for i in range(at.F) if exposed(at, i)]
    middle = median([f.capacity[i] for i in rows])
    change = [0.0] * at.F
    for i in rows:
        size = max(f.capacity[i] / max(middle, 1e-9), 1e-3)
        spread = firms["shock"] * min(2.0, size ** -firms["shock_size"])
        change[i] = spread / math.sqrt(12) * laplace(luck[f.slot[i]]) - spread**2 / 24
    return change


def place(at, i):
    """Park of a row; fringe rows count to the town plots of their county."""
    f = at.firms
    return f.park[i] if f.park[i] >= 0 else at.world.P - at.world.C + f.county[i]


def linked_shares(at):
    """omega: share of a product in inputs and sales of another, among products made by firms."""
    K, tech, agent = at.world.K, at.technology, at.world.agent
    use = [[tech.inputs[i][j] if agent[i] and agent[j] and i != j else 0.0 for j in range(K)] for i in range(K)]
    omega = [[0.0] * K for _ in range(K)]
    for k in range(K):
        bought = sum(use[i][k] for i in range(K))
        sold = sum(use[k][j] * tech.national_share[j] for j in range(K))
        for q in range(K):
            up = use[q][k] / bought if bought > 0 else 0.0
            down = use[k][q] * tech.national_share[q] / sold if sold > 0 else 0.0
            omega[k][q] = (up + down) / 2
    return omega


def neighbours(at):  # noqa: C901 - one list, as on paper
    """D ln A from the place, jobs that neighbours are used to, crowding of parks."""
    f, s = at.firms, at.settings["agglomeration"]
    C, K, P = at.world.C, at.world.K, at.world.P
    made = [at.world.agent[f.product[i]] for i in range(at.F)]
    staff = [0.0 if f.block[i] else f.staff[i] for i in range(at.F)]
    settled = [f.settled_jobs[i] + (staff[i] - f.settled_jobs[i]) / s["memory"] for i in range(at.F)]
    omega = linked_shares(at)
    crowd = []
    density = [0.0] * P
    for i in range(at.F):
        if f.park[i] >= 0 and f.alive[i]:
            density[f.park[i]] += settled[i]
    for p in range(P):
        dens = density[p] / at.parks.occupied[p] if at.parks.occupied[p] > 0 else 0.0
        crowd.append(min(max(dens / s["density_threshold"] - 1, 0.0), 2.0) ** 2)
    logs = []
    for jobs in (f.settled_jobs, settled):
        cell, node = {}, {}
        for i in range(at.F):
            at_place, at_node = (place(at, i), f.product[i]), f.node[i]
            cell[at_place] = cell.get(at_place, 0.0) + jobs[i]
            node[at_node] = node.get(at_node, 0.0) + jobs[i]
        linked = [[sum(omega[k][q] * node.get(c * K + q, 0.0) for q in range(K)) for k in range(K)] for c in range(C)]
        row = []
        for i in range(at.F):
            own = max(0.0, cell[place(at, i), f.product[i]] - jobs[i])
            row.append((math.log(s["floor"] + own), math.log(s["floor"] + linked[f.county[i]][f.product[i]])))
        logs.append(row)
    growth, first = [], first_plants(at)
    for i in range(at.F):
        if not f.alive[i] or not made[i]:
            growth.append(0.0)
            continue
        change = s["density"] * (logs[1][i][0] - logs[0][i][0]) + s["upstream"] * (logs[1][i][1] - logs[0][i][1])
        if near_a_leader(at, i, first):
            change += s["leader_spill"] / s["leader_age_max"]
        if f.park[i] >= 0:
            change -= s["congestion"] * (crowd[f.park[i]] - at.parks.crowding[f.park[i]])
        growth.append(change)
    return SimpleNamespace(growth=growth, settled_jobs=settled, crowding=crowd)


def first_plants(at):
    """Month of the first plant of a leader in a county, by (leader, county)."""
    f, first = at.firms, {}
    for i in range(at.F):
        if f.leader[i] >= 0:
            key = (f.leader[i], f.county[i])
            first[key] = min(first.get(key, f.birth[i]), f.birth[i])
    return first


def near_a_leader(at, i, first):
    """Whether a young first plant of a leader stands in the county, beside a tied firm that was there before it."""
    f, linked = at.firms, at.technology.linked
    for (g, county), month in first.items():
        k, q = f.product[i], at.leaders.product[g]
        tied = k == q or linked[k][q] or linked[q][k]
        young = at.month - month < at.settings["agglomeration"]["leader_age_max"]
        if county == f.county[i] and tied and f.birth[i] < month and young:
            return True
    return False


def settle(at, invested, land_bill):
    """Cash, debt and profits paid out after the month."""
    f, b = at.firms, at.firm_accounts
    months = at.settings["firms"]["working_cash"]
    cash, debt, paid = [], [], []
    for i in range(at.F):
        taxes = b.value_added_tax[i] + b.profit_tax[i] + b.land_tax[i] + b.other_tax[i]
        gross = b.value_added[i] + b.grants[i] - b.wages[i] - taxes - b.interest[i]
        earned = gross - invested[i] - b.projects[i] - land_bill[i]
        if f.block[i]:
            cash.append(f.cash[i])
            debt.append(f.debt[i])
            paid.append(earned)
            continue
        have = f.cash[i] + earned
        cost = b.sales[i] - b.value_added[i] + b.wages[i] + taxes
        above = max(0.0, have - months * max(0.0, cost))
        owed = f.debt[i] + max(0.0, -have)
        repaid = min(above, owed)
        cash.append(max(0.0, have) - above)
        debt.append(owed - repaid)
        paid.append(above - repaid)
    return cash, debt, paid


def grow(at, luck):
    """The phase: every column that GROW writes."""
    f, trend = at.firms, at.settings["agglomeration"]["productivity_growth"] / 12
    if at.settings["run"]["world"] == "flat":
        trend = 0.0
    inv = investment(at)
    chance, around = noise(at, luck), neighbours(at)
    made = at.world.agent
    cash, debt, paid = settle(at, inv.investment, inv.land_bill)
    return SimpleNamespace(
        inv=inv,
        around=around,
        wages=wages(at),
        working_age=migration(at),
        productivity=[f.productivity[i] * math.exp(chance[i] + around.growth[i]) for i in range(at.F)],
        frontier=[x * math.exp(trend if made[k] else 0.0) for k, x in enumerate(at.markets.frontier)],
        jobs_intensity=[
            x * math.exp(-trend if made[k] else 0.0) for x, k in zip(f.jobs_intensity, f.product, strict=True)
        ],
        cash=cash,
        debt=debt,
        distributed=paid,
        incumbent_spending=spending(at, f.county, f.product, inv.investment),
    )


def exits(at, luck):
    """CLOSE: which firms close in the month."""
    f, firms = at.firms, at.settings["firms"]
    rows = [i for i in range(at.F) if exposed(at, i) and f.leader[i] < 0]
    middle = median([f.output[i] for i in rows])
    leave = [False] * at.F
    for i in rows:
        size = max(f.output[i] / max(middle, 1e-9), 1e-6)
        h = firms["exit_base"] * math.exp(-firms["exit_profit"] * mean(f.margin12[i])) * size ** -firms["exit_size"]
        if at.month - f.birth[i] < 60:
            h *= 1 + firms["young_exit"]
        p = min(0.5, 1 - (1 - min(h, 1.0)) ** (1 / 12))
        leave[i] = luck[f.slot[i]] < p
    return leave


def close(at, luck):
    """The phase: what closing does to the rows, the parks and the links."""
    f = at.firms
    leave = exits(at, luck)
    idle, occupied = list(at.parks.idle), list(at.parks.occupied)
    alive = [f.alive[i] and not leave[i] for i in range(at.F)]
    paid, lost = list(at.firm_accounts.distributed), list(at.firm_accounts.written_off)
    cash, debt = list(f.cash), list(f.debt)
    for i in range(at.F):
        if leave[i]:
            if f.park[i] >= 0:
                idle[f.park[i]] += f.land[i]
                occupied[f.park[i]] -= f.land[i]
            paid[i] += max(0.0, f.cash[i] - f.debt[i])
            lost[i] += max(0.0, f.debt[i] - f.cash[i])
            cash[i] = debt[i] = 0.0
    links = [
        (j, r)
        for j, r in zip(at.links.supplier, at.links.relation, strict=True)
        if alive[j] and alive[at.relations.buyer[r]]
    ]
    failed = [n for n, g in enumerate(at.projects.graft) if g >= 0 and leave[g] and 1 <= at.projects.stage[n] <= 3]
    return SimpleNamespace(
        exits=leave,
        idle=idle,
        occupied=occupied,
        alive=alive,
        distributed=paid,
        written_off=lost,
        cash=cash,
        debt=debt,
        links=links,
        failed=failed,
        capital=[0.0 if leave[i] else k for i, k in enumerate(f.capital)],
    )
