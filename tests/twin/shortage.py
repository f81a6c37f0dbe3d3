"""Shortage of outside supply by hand: rounds of who can make what, and the stocks of critical inputs (9.12)."""

from types import SimpleNamespace

from tests.twin.technology import coefficient

ENOUGH = 1e-12
"""Change of s at which the twin stops its rounds; the model stops at 1e-8."""


def needs(at, q):
    """By row: need of a critical product per unit of output; 0 for those that can do without."""
    least = at.settings["shortage"]["critical_input"]
    need = []
    for i in range(at.F):
        a = coefficient(at, q, at.firms.node[i])
        need.append(a if at.firms.alive[i] and a >= least else 0.0)
    return need


def target(at, q, output):
    """Stock that buyers want to hold."""
    months = at.settings["io"]["inventory_months"]
    return [months * a * x for a, x in zip(needs(at, q), output, strict=True)]


def stocks(at, x0):
    """Stocks at the beginning of the month by critical product, full at the opening; new firms begin with none."""
    if at.critical is None:
        return {q: target(at, q, x0) for q in named(at)}
    result = {}
    for n, q in enumerate(at.critical.products):
        row = list(at.critical.stock[n]) + [0.0] * (at.F - len(at.critical.stock[n]))
        result[q] = [x if at.firms.alive[i] else 0.0 for i, x in enumerate(row)]
    return result


def named(at):
    """Products whose outside supply the scenario names."""
    return sorted(at.world.index[code] for code in at.settings["shortage"]["outside_supply"])


def outside_use(at, network, q, served, output, basis):
    """By row: what critical buyers use of a product that does not come from home makers."""
    weight = [served[j] if at.firms.product[j] == q else 0.0 for j in range(at.F)]
    home = [m * x for m, x in zip(network.intake(weight, q), basis, strict=True)]
    return [max(0.0, a * x - h) for a, x, h in zip(needs(at, q), output, home, strict=True)]


def usual_supply(at, network, x0, final):
    """Outside use in the last month without a limit; in the first month that of the month without its limit."""
    local = at.settings["run"]["rationing"] == "local_first"
    wanted = network.orders(x0)
    asked = [wanted[j] + (0.0 if local else final[j]) for j in range(at.F)]
    served = [min(1.0, x0[j] / asked[j]) if asked[j] > 0 else 1.0 for j in range(at.F)]
    result = {}
    for n, q in enumerate(named(at)):
        known = None if at.critical is None else at.critical.usual[n]
        if known is None or known != known:
            known = sum(outside_use(at, network, q, served, x0, x0))
        result[q] = known
    return result


def shortage(at, network, limit, final, x0, pools, stock):  # noqa: C901 - the rounds as one list
    """Output, shares of orders that makers of short products deliver, and the orders held up."""
    f, local = at.firms, at.settings["run"]["rationing"] == "local_first"
    wanted0 = network.orders(x0)
    asked = [wanted0[j] + (0.0 if local else final[j]) for j in range(at.F)]
    need = {q: [a * x for a, x in zip(needs(at, q), x0, strict=True)] for q in pools}
    per_unit, s, phi, offers = {}, [1.0] * at.F, [], {}
    for _ in range(1000):
        new = [1.0] * at.F
        phi = [min(1.0, s[j] * x0[j] / asked[j]) if asked[j] > 0 else 1.0 for j in range(at.F)]
        for q, pool in pools.items():
            per_unit[q] = network.intake([phi[j] if f.product[j] == q else 0.0 for j in range(at.F)], q)
            offers[q] = [m * x for m, x in zip(per_unit[q], x0, strict=True)]
            gap = [max(0.0, need[q][i] - offers[q][i] - stock[q][i]) for i in range(at.F)]
            part = min(1.0, pool / sum(gap)) if sum(gap) > 0 else 1.0
            for i in range(at.F):
                if need[q][i] > 0:
                    new[i] = min(new[i], 1 - gap[i] * (1 - part) / need[q][i])
        moved = max(abs(a - b) for a, b in zip(new, s, strict=True))
        s = new
        if moved < ENOUGH:
            break
    most = [min(limit[i], s[i] * x0[i]) for i in range(at.F)]
    critical = {q: needs(at, q) for q in pools}

    def held(z):
        """Output for which each row orders a short product; who can do without orders as usual."""
        basis = {}
        for q in pools:
            row = []
            for i in range(at.F):
                if critical[q][i] <= 0:
                    row.append(z[i])
                elif offers[q][i] > 0:
                    row.append(min(x0[i], z[i] * need[q][i] / offers[q][i]))
                else:
                    row.append(0.0)
            basis[q] = row
        return basis

    def orders(z):
        """What producers order; makers of short products: what they are to deliver."""
        wanted = network.orders(z, held(z))
        return [phi[j] * w if f.product[j] in pools else w for j, w in enumerate(wanted)]

    z = network.solve(most, final, x0, orders)
    return SimpleNamespace(output=z, phi=phi, held=held, short=s, wanted=wanted0, orders=orders)


def stocks_after(at, use, x0, pools, stock):
    """Stocks of critical inputs after the month, by product."""
    after = []
    for q in named(at):
        drawn = [min(s, u) for s, u in zip(stock[q], use[q], strict=True)]
        lack = [max(0.0, t - s + d) for t, s, d in zip(target(at, q, x0), stock[q], drawn, strict=True)]
        left = max(0.0, pools[q] - sum(use[q]) + sum(drawn)) if q in pools else sum(lack)
        part = min(1.0, left / sum(lack)) if sum(lack) > 0 else 0.0
        after.append([s - d + part * m for s, d, m in zip(stock[q], drawn, lack, strict=True)])
    return after
