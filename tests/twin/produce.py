"""PRODUCE by hand: people are matched, plants make what orders, capacity and staff allow, the table is their sum.

Written from sections 9.5 (outside orders), 9.11, 9.12, 9.14, 9.17, 9.20 and 9.3 (backlog) of docs/model.md.
"""

import math
from types import SimpleNamespace

from tests.twin import shortage as rules
from tests.twin.position import lever, summed
from tests.twin.technology import coefficient, thrift

ROUNDS = 5000


def paid_price(at, product, buyer_product):
    """Price that an industry pays for an input, with the tariff on its imported part and metals inside OTHM."""
    prices = at.settings["prices"]
    tariff = lever(at, "prices.tariff") / (1 + prices["import_wedge"])
    price = at.markets.price[product] * (1 + at.technology.imported[product][buyer_product] * tariff)
    if product == at.world.index["OTHM"]:
        exposure = prices["exposure"].get(at.world.products[buyer_product], {})
        metals = sum(
            share * (at.markets.commodity[("Li", "Ni", "Cu").index(metal)] - 1) for metal, share in exposure.items()
        )
        use = exposure_base(at, buyer_product)
        price *= 1 + (metals / use if exposure else 0.0)
    return price


def exposure_base(at, buyer_product):
    """Use of other industry per unit of output, in which the metals are paid."""
    return coefficient(at, at.world.index["OTHM"], buyer_product)


def materials(at, node):
    """Cost of the inputs of one unit of a county-node, nominal."""
    k = node % at.world.K
    return sum(coefficient(at, i, node) * paid_price(at, i, k) for i in range(at.world.K))


def ramp(at, firm):
    """Share of capacity that a plant of its age can run; the birth month counts as age 1, opening plants are run in."""
    f = at.firms
    if f.opening[firm]:
        return 1.0
    return 1 - math.exp(-(at.month - f.birth[firm] + 1) / at.settings["projects"]["ramp_tau"])


def nameplate(at, firm):
    """Monthly capacity once run in."""
    f = at.firms
    if f.block[firm] or not f.alive[firm]:
        return 0.0
    return f.capital[firm] / f.capital_intensity[firm] * f.productivity[firm] / 12


def capacities(at):
    """Monthly capacity of every row; blocks have none and need none."""
    return [nameplate(at, i) * ramp(at, i) for i in range(at.F)]


def labour_progress(at, firm):
    """D: fall of jobs per output besides the common trend, by product."""
    return at.people.deepening[at.firms.product[firm]]


def expected_output(at, firm, cap):
    """Output for which people are sought: the orders of last month, at most capacity; capacity without a past."""
    f = at.firms
    if not f.alive[firm]:
        return 0.0
    if f.block[firm]:
        return f.orders[firm]
    return min(cap, f.orders[firm]) if f.orders[firm] > 0 else cap


def wanted_people(at, firm, expected):
    """Persons sought by a row, both skills."""
    f = at.firms
    a = 1.0 if f.block[firm] else f.productivity[firm]
    return f.jobs_intensity[firm] * 12 * expected / (a * labour_progress(at, firm))


def matching(at, wanted):
    """Residents and posts by skill: workers (2, C, C), share of the wanted people found, share of posts left open."""
    C = at.world.C
    normal = at.settings["labour"]["vacancy_normal"]
    workers, filled, open_share = [], [], []
    for h in range(2):
        kernel = at.people.kernel[h]
        supply = [at.people.participation * n for n in at.people.working_age[h]]
        posts = [wanted[h][r] / (1 - normal) for r in range(C)]
        x = [math.sqrt(s) for s in supply]
        y = [math.sqrt(p) for p in posts]
        for _ in range(ROUNDS):
            before = x + y
            for s in range(C):
                b = sum(kernel[s][r] * y[r] for r in range(C))
                x[s] = 2 * supply[s] / (b + math.sqrt(b * b + 4 * supply[s])) if supply[s] > 0 else 0.0
            for r in range(C):
                b = sum(kernel[s][r] * x[s] for s in range(C))
                y[r] = 2 * posts[r] / (b + math.sqrt(b * b + 4 * posts[r])) if posts[r] > 0 else 0.0
            if all(abs(new - old) <= 1e-16 * new for new, old in zip(x + y, before, strict=True)):
                break
        found = [[kernel[s][r] * x[s] * y[r] for r in range(C)] for s in range(C)]
        at_work = [sum(found[s][r] for s in range(C)) for r in range(C)]
        turned = [min(1.0, wanted[h][r] / at_work[r]) if at_work[r] > 0 else 1.0 for r in range(C)]
        workers.append([[found[s][r] * turned[r] for r in range(C)] for s in range(C)])
        filled.append([min(1.0, at_work[r] / wanted[h][r]) if wanted[h][r] > 0 else 1.0 for r in range(C)])
        open_share.append([1 - at_work[r] / posts[r] if posts[r] > 0 else 0.0 for r in range(C)])
    return workers, filled, open_share


def staffed(at, cap):
    """Who is found, who is paid, and what plants can make with them."""
    f, labour = at.firms, at.settings["labour"]
    C, agri = at.world.C, at.world.index["AGRI"]
    expected = [expected_output(at, i, cap[i]) for i in range(at.F)]
    people = [wanted_people(at, i, expected[i]) for i in range(at.F)]
    by_skill = [
        [people[i] * (1 - f.skill_share[i]) for i in range(at.F)],
        [people[i] * f.skill_share[i] for i in range(at.F)],
    ]
    wanted = [summed(zip(f.county, by_skill[h], strict=True), C) for h in range(2)]
    workers, filled, open_share = matching(at, wanted)
    limit, staff, wages, bill = [], [], [], [[0.0] * C, [0.0] * C]
    for i in range(at.F):
        r = f.county[i]
        low, high = filled[0][r], filled[1][r]
        hired = [by_skill[0][i] * low, by_skill[1][i] * high]
        factor = labour["wage_factor_agri"] if f.product[i] == agri else 1.0
        paid = [hired[h] * at.counties.wage_by_skill[h][r] * factor / 12 / 1e6 for h in range(2)]
        for h in range(2):
            bill[h][r] += paid[h]
        staff.append(sum(hired))
        wages.append(sum(paid))
        share = low ** (1 - f.skill_share[i]) * high ** f.skill_share[i]
        limit.append(math.inf if f.block[i] else min(cap[i], (1 + labour["overtime"]) * expected[i] * share))
    return SimpleNamespace(
        expected=expected,
        wanted=people,
        workers=workers,
        vacancy=open_share,
        limit=limit,
        staff=staff,
        wages=wages,
        wage_bill=bill,
    )


def unit_costs(at):
    """Unit cost of every row and its ratio to a frontier plant with A = 1 and mean wages."""
    f, W = at.firms, at.people.national_wage
    material = [materials(at, n) for n in range(at.N)]
    unit, relative = [], []
    for i in range(at.F):
        k, c, n = f.product[i], f.county[i], f.node[i]
        pi = at.markets.price_level
        if f.block[i]:
            unit.append(pi)
            relative.append(1.0)
            continue
        gap = at.counties.wage[c] / (at.wage_reference * W) - 1
        jobs = at.technology.jobs[k] / at.markets.frontier[k] / at.people.deepening[k]
        wages_per_output = jobs * at.wage_reference * W / 1e6
        base = at.markets.conversion[k] * pi
        cost = material[n] + (base + gap * wages_per_output * pi) / f.productivity[i]
        unit.append(cost)
        relative.append(cost / (material[n] + base))
    return unit, relative


def outside_orders(at, cap, unit):
    """Orders from outside the ten regions by row."""
    f, settings = at.firms, at.settings["sourcing"]
    gdp = 5
    orders = []
    for i in range(at.F):
        k = f.product[i]
        if not f.alive[i]:
            orders.append(0.0)
        elif f.block[i]:
            growth = at.markets.volume[gdp] / at.markets.volume_opening[gdp]
            orders.append(at.technology.base_demand[f.node[i]][3] * growth)
        elif f.leader[i] >= 0 and k == at.leaders.product[f.leader[i]]:
            asked = at.boards.site_orders[i] if i < len(at.boards.site_orders) else 0.0  # a plant born in this month
            orders.append(max(0.0, asked - f.home_sales[i]))
        else:
            pull = f.outside_share[i] * (at.markets.price[k] / unit[i]) ** settings["outside_elasticity"]
            pull *= at.markets.volume[f.market[i]] / f.market_reference[i]
            orders.append(cap[i] * min(1.0, pull))
    return orders


def final_demand(at):
    """(N, 3) demand at home by households, governments and investors, M yuan at 2018 prices."""
    w, base = at.world, at.technology.base_demand
    income = at.markets.volume[5] / at.markets.volume_opening[5]
    people, home = at.people, at.technology.home_share
    relative = [price / at.markets.price_level for price in at.markets.price]
    demand = [[0.0, 0.0, 0.0] for _ in range(at.N)]
    mix, ordinary = at.public.mix, at.public.ordinary
    change = [now - then for now, then in zip(ordinary, at.public.base, strict=True)]
    county_total = sum(at.public.county_base)
    extra = [change[c] + change[-1] * at.public.county_base[c] / county_total for c in range(w.C)]
    for r in range(w.C):
        residents = people.per_working_age * (people.working_age[0][r] + people.working_age[1][r])
        growth = residents / people.residents_opening[r] * income
        spent_more = people.consumption[r] / people.consumption_opening[r]
        for k in range(w.K):
            n = r * w.K + k
            demand[n][0] = base[n][0] * growth
            demand[n][1] = base[n][1] / relative[k]
            demand[n][2] = base[n][2] * spent_more
            for s in range(w.C):
                share = home[k][r][s] / relative[k]  # what a unit of money orders
                demand[n][0] += share * at.technology.household_shares[k][s] * people.consumption[s]
                demand[n][1] += share * extra[s] * mix[s][k]
                demand[n][2] += share * at.spending[s][k]
    return demand


def supply_shares(at, cap):
    """sigma: share of a row in what its county-node supplies to the pool and to final users, by capacity."""
    f = at.firms
    weight = [(1.0 if f.block[i] else cap[i]) if f.alive[i] else 0.0 for i in range(at.F)]
    total = summed(zip(f.node, weight, strict=True), at.N)
    return [weight[i] / total[f.node[i]] if total[f.node[i]] > 0 else 0.0 for i in range(at.F)]


class Network:
    """What an output orders at home: links between chain firms, and the pool by county-node."""

    def __init__(self, at, shares):
        f, links, rel = at.firms, at.links, at.relations
        self.at, self.shares = at, shares
        self.link = []
        for j, r, w in zip(links.supplier, links.relation, links.weight, strict=True):
            i = rel.buyer[r]
            if f.alive[j] and f.alive[i]:
                a = rel.coefficient[r] * thrift(at, rel.product[r], f.product[i])
                self.link.append((j, i, a * w))
        self.pool = [[(m, p) for m, p in enumerate(row) if p != 0.0] for row in at.technology.pool]

    def node_output(self, z):
        return summed(zip(self.at.firms.node, z, strict=True), self.at.N)

    def orders(self, z, held=None):
        """M z; goods of a product in ``held`` are ordered for the output that stands there instead of z."""
        held = held or {}
        f, K, X = self.at.firms, self.at.world.K, self.node_output(z)
        special = {k: self.node_output(basis) for k, basis in held.items()}
        need = []
        for n, row in enumerate(self.pool):
            base = special.get(n % K, X)
            need.append(sum(p * base[m] for m, p in row))
        wanted = [self.shares[j] * need[f.node[j]] for j in range(self.at.F)]
        for j, i, a in self.link:
            wanted[j] += a * held.get(f.product[j], z)[i]
        return wanted

    def intake(self, weight, product):
        """By buyer, per unit of its output: what it orders of a product from home makers, each weighted."""
        f, K = self.at.firms, self.at.world.K
        by_node = [0.0] * self.at.N
        for j in range(self.at.F):
            by_node[f.node[j]] += self.shares[j] * weight[j]
        per_unit = [0.0] * self.at.N
        for n, row in enumerate(self.pool):
            if n % K == product:
                for m, p in row:
                    per_unit[m] += by_node[n] * p
        amount = [per_unit[f.node[i]] for i in range(self.at.F)]
        for j, i, a in self.link:
            if f.product[j] == product:
                amount[i] += weight[j] * a
        return amount

    def solve(self, limit, final, start, hold=None):
        """Z = min(limit, M z + f), iterated until nothing moves; ``hold`` tells the orders held up in a shortage."""
        z = list(start)
        for _ in range(ROUNDS):
            wanted = self.orders(z) if hold is None else hold(z)
            new = [min(limit[j], wanted[j] + final[j]) for j in range(self.at.F)]
            if all(abs(a - b) <= 2e-16 * abs(a) for a, b in zip(new, z, strict=True)):
                return new
            z = new
        return z


def electricity_limit(at):
    """MWh a month that industry may use; infinite without a cap."""
    cap, carbon = lever(at, "energy.cap") * 1e6 / 12, lever(at, "energy.carbon_cap") * 1e6 / 12
    least = math.inf
    if cap > 0:
        least = cap
    if carbon > 0:
        least = min(least, carbon / at.settings["energy"]["grid_factor"])
    return least


def rationed(at, limit, z):
    """Limits after the cap on electricity, and phi."""
    years = at.month / 12
    drop = (1 - at.settings["energy"]["efficiency"]) ** years
    use = sum(e * x * drop for e, x in zip(at.firms.energy_intensity, z, strict=True))
    most = electricity_limit(at)
    if use <= most:
        return limit, 1.0
    phi = most / use
    return [math.inf if at.firms.block[i] else phi * z[i] for i in range(at.F)], phi


def served_and_final(at, network, z, demand, outside, final, short):
    """Phi by row, sales to home producers, and what final users get (F, 4)."""
    wanted = short.orders(z) if short else network.orders(z)
    made_short = set(short.held(z)) if short else set()
    makes = [at.firms.product[j] in made_short for j in range(at.F)]
    local = at.settings["run"]["rationing"] == "local_first"
    phi, sold, users = [], [], []
    for j in range(at.F):
        asked = wanted[j] if local else wanted[j] + final[j]
        share = min(1.0, z[j] / asked) if asked > 0 else 1.0
        if makes[j]:  # makers of short products deliver what they promised
            kept = z[j] / wanted[j] if wanted[j] > z[j] else 1.0
            phi.append(short.phi[j] * kept)
            sold.append(kept * wanted[j])
        else:
            phi.append(share)
            sold.append(share * wanted[j])
        rest = max(0.0, z[j] - sold[j])
        node = at.firms.node[j]
        orders = [network.shares[j] * d for d in demand[node]] + [outside[j]]
        total = sum(orders)
        users.append([rest * o / total if total > 0 else 0.0 for o in orders])
    return phi, sold, users, wanted


def home_sales(at, z, wanted, sold, demand, shares, users):
    """What the order books count as sold at home: under "local first" home final users come before the outside."""
    if at.settings["run"]["rationing"] == "local_first":
        home = [shares[j] * sum(demand[at.firms.node[j]]) for j in range(at.F)]
        return [min(z[j], max(0.0, wanted[j] + home[j])) for j in range(at.F)]
    return [min(z[j], max(0.0, sold[j] + sum(users[j][:3]))) for j in range(at.F)]


def table_of(at, network, z, phi, users, basis):
    """The month's table: flows, final use, outside inputs, value added, all by county-node."""
    f, N, K = at.firms, at.N, at.world.K
    X = network.node_output(z)
    held = {k: network.node_output(row) for k, row in basis.items()}
    flows = [[0.0] * N for _ in range(N)]
    served = [0.0] * N  # share of pool orders that the suppliers of a node deliver
    for j in range(at.F):
        served[f.node[j]] += network.shares[j] * phi[j]
    for n, row in enumerate(network.pool):
        for m, p in row:
            flows[n][m] += served[n] * p * held.get(n % K, X)[m]
    for j, i, a in network.link:
        flows[f.node[j]][f.node[i]] += phi[j] * a * basis.get(f.product[j], z)[i]
    outside = [[0.0] * N for _ in range(K)]
    value = []
    for m in range(N):
        home = [0.0] * K
        for n in range(N):
            home[n % K] += flows[n][m]
        total = 0.0
        for k in range(K):
            a = coefficient(at, k, m)
            outside[k][m] = a * X[m] - home[k]
            total += a
        value.append((1 - total) * X[m])
    final = [[0.0] * 4 for _ in range(N)]
    for j in range(at.F):
        for u in range(4):
            final[f.node[j]][u] += users[j][u]
    return SimpleNamespace(flows=flows, final=final, outside_inputs=outside, value_added=value, output=X)


def premiums(at, network, z, phi, basis):
    """Nominal premium by buyer for home orders that stayed unfilled."""
    f, rate, N, K = at.firms, at.settings["io"]["premium_import"], at.N, at.world.K
    open_share = [0.0] * N
    for j in range(at.F):
        open_share[f.node[j]] += network.shares[j] * (1 - phi[j])
    per_unit = [0.0] * N
    for n, row in enumerate(network.pool):
        for m, p in row if n % K not in basis else ():
            per_unit[m] += at.markets.price[n % K] * open_share[n] * p
    premium = [rate * per_unit[f.node[i]] * z[i] for i in range(at.F)]
    for j, i, a in network.link:
        if f.product[j] not in basis:
            premium[i] += rate * at.markets.price[f.product[j]] * (1 - phi[j]) * a * z[i]
    missing = [0.0] * at.F
    for q, row in basis.items():
        makers = [1.0 if f.product[j] == q else 0.0 for j in range(at.F)]
        ordered, got = network.intake(makers, q), network.intake([m * x for m, x in zip(makers, phi, strict=True)], q)
        for i in range(at.F):
            missing[i] += max(0.0, ordered[i] * z[i] - got[i] * row[i]) * at.markets.price[q]
    return [x + rate * y for x, y in zip(premium, missing, strict=True)]


def accounts(at, z, wages, premium):
    """Accounts of every row for the month, real."""
    f = at.firms
    fiscal, rates, pi = at.settings["fiscal"], at.public.rates, at.markets.price_level
    material = [materials(at, n) for n in range(at.N)]
    books = SimpleNamespace(
        **{
            name: []
            for name in (
                "sales",
                "value_added",
                "wages",
                "value_added_tax",
                "profit_tax",
                "land_tax",
                "other_tax",
                "local_tax",
                "interest",
                "depreciation",
            )
        }
    )
    surplus, margin = [], []
    for i in range(at.F):
        k = f.product[i]
        sales = at.markets.price[k] * z[i] / pi
        value = ((at.markets.price[k] - material[f.node[i]]) * z[i] - premium[i]) / pi
        vat = fiscal["vat_rate"] * max(0.0, value)
        land = fiscal["land_tax"] * f.land[i] / 12 if f.alive[i] else 0.0
        other = rates.other[k] * sales
        wear = at.settings["projects"]["depreciation"] * f.capital[i] / 12 if f.alive[i] else 0.0
        interest = at.settings["firms"]["interest"] * f.debt[i] / 12
        overhead = rates.overhead[k] * at.markets.conversion[k] / at.technology.conversion[k] * z[i]
        profit = value - wages[i] - wear - overhead - interest - vat - land - other
        tax = 0.0 if f.block[i] else fiscal["profit_tax"] * max(0.0, profit)
        local = rates.local_value_added * vat + rates.local_profit * tax + land + rates.local_other * other
        for name, amount in zip(
            vars(books), (sales, value, wages[i], vat, tax, land, other, local, interest, wear), strict=True
        ):
            getattr(books, name).append(amount)
        surplus.append(value - vat - tax - land - other - wages[i] - wear)
        margin.append(min(1.0, max(-1.0, surplus[i] / sales)) if sales > 1e-9 else -1.0)
    return books, surplus, margin


def backlogs(at, z):
    """Backlog of leaders after what home plants and rival sites delivered."""
    f, leaders = at.firms, at.leaders
    backlog, delivered = [], []
    for g in range(len(leaders.product)):
        home = sum(z[i] for i in range(at.F) if f.alive[i] and f.leader[i] == g and f.product[i] == leaders.product[g])
        done = home + min(at.boards.away_orders[g], sum(at.rivals.capacity[g]))
        delivered.append(done)
        keep = at.settings["leaders"]["backlog_keep"]
        backlog.append(keep * max(0.0, leaders.backlog[g] + at.boards.orders[g] - done))
    return backlog, delivered


def produce(at):
    """The phase: every column that PRODUCE writes."""
    f = at.firms
    cap = capacities(at)
    unit, relative = unit_costs(at)
    people = staffed(at, cap)
    outside = outside_orders(at, cap, unit)
    demand = final_demand(at)
    shares = supply_shares(at, cap)
    network = Network(at, shares)
    final = [max(0.0, shares[j] * sum(demand[f.node[j]]) + outside[j]) for j in range(at.F)]
    z = x0 = network.solve(people.limit, final, f.output)
    short, pools, usual, stock = None, {}, {}, None
    if at.boards.outside_supply is not None:
        usual = rules.usual_supply(at, network, x0, final)
        pools = {q: at.boards.outside_supply[q] * u for q, u in usual.items() if at.boards.outside_supply[q] < 1}
        stock = rules.stocks(at, x0)
        if pools:
            short = rules.shortage(at, network, people.limit, final, x0, pools, stock)
            z = short.output
    limit, phi_energy = rationed(at, people.limit, z)
    if phi_energy < 1:  # the month again, within the limits of the cap
        z = x0 = network.solve(limit, final, [phi_energy * x for x in z])
        if pools:
            short = rules.shortage(at, network, limit, final, x0, pools, stock)
            z = short.output
    phi, sold, users, wanted = served_and_final(at, network, z, demand, outside, final, short)
    basis = short.held(z) if short else {}
    table = table_of(at, network, z, phi, users, basis)
    premium = premiums(at, network, z, phi, basis)
    if at.boards.outside_supply is not None:
        use = {q: rules.outside_use(at, network, q, phi, z, basis.get(q, z)) for q in usual}
        stock = rules.stocks_after(at, use, x0, pools, stock)
        usual = [usual[q] if q in pools else sum(use[q]) for q in usual]
    sales = home_sales(at, z, wanted, sold, demand, shares, users)
    if short:  # orders count what buyers wanted, filled or not
        wanted = [short.wanted[j] if f.product[j] in pools else w for j, w in enumerate(wanted)]
    books, surplus, margin = accounts(at, z, people.wages, premium)
    backlog, delivered = backlogs(at, z)
    orders = [wanted[j] + final[j] for j in range(at.F)]
    return SimpleNamespace(
        capacity=cap,
        unit_cost=unit,
        relative_cost=relative,
        outside_orders=outside,
        orders=orders,
        output=z,
        home_sales=sales,
        staff=people.staff,
        wages=people.wages,
        premium=premium,
        surplus=surplus,
        utilisation=[z[i] / cap[i] if cap[i] > 0 else 0.0 for i in range(at.F)],
        margin=margin,
        workers=people.workers,
        vacancy=people.vacancy,
        wage_bill=people.wage_bill,
        table=table,
        served=phi,
        shares=shares,
        books=books,
        backlog=backlog,
        delivered=delivered,
        rationed=phi_energy,
        limit=limit,
        stock=stock,
        usual=usual,
    )
