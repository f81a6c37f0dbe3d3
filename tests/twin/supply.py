"""SUPPLY by hand: what each buyer wants from each home supplier, and how far it moves there in a month (9.5)."""

import math
from types import SimpleNamespace

from tests.twin.produce import nameplate
from tests.twin.technology import thrift


def needed(at, relation):
    """Input per unit of output this month."""
    rel = at.relations
    return rel.coefficient[relation] * thrift(at, rel.product[relation], at.firms.product[rel.buyer[relation]])


def market_of(at, product):
    """Volume of the market in which an input is sold."""
    return at.markets.volume[at.markets_of_product[product]]


def supply(at):
    """Weights of the links and, where it is set for the first time, the outside option of the relations."""
    f, rel, links, w = at.firms, at.relations, at.links, at.world
    settings = at.settings["sourcing"]
    cap, relative = f.capacity, f.relative_cost  # of last month
    option = outside_options(at)
    set_now = {r: o for r, o in option.items() if not rel.option_set[r]}
    attraction, sums = [], [0.0] * len(rel.buyer)
    for j, r, weight, taste in zip(links.supplier, links.relation, links.weight, links.taste, strict=True):
        i, k = rel.buyer[r], rel.product[r]
        qualified = f.opening[j] or at.month - f.birth[j] >= settings["qualification"]
        a = 0.0
        if qualified and f.alive[j]:
            km, minutes = w.kilometres[f.county[j]][f.county[i]], w.minutes[f.county[j]][f.county[i]]
            vehicles = w.chains.index("NEV")
            jit = settings["jit_cost"] if w.chain[k] == vehicles and w.chain[f.product[i]] == vehicles else 0.0
            dear = (
                relative[j]
                * (1 + settings["freight"] * km + jit * minutes)
                / (1 + settings["freight"] * at.settings["io"]["km_rest_china"])
            )
            key = settings["key_quality_factor"] if w.key[k] else 1.0
            u = -settings["price_elasticity"] * math.log(dear) + settings["quality"] * key * f.quality[j]
            u += settings["habit"] if weight > 0 else 0.0
            a = taste * cap[j] * math.exp(u)
        attraction.append(a)
        sums[r] += a
    weights = []
    for n, (r, weight) in enumerate(zip(links.relation, links.weight, strict=True)):
        base = set_now.get(r)
        if base is None:
            base = rel.option[r] * market_of(at, rel.product[r]) / rel.option_reference[r]
        total = base + sums[r]
        target = attraction[n] / total if total > 0 else 0.0
        weights.append(weight + settings["adjust"] * (target - weight) if attraction[n] > 0 else 0.0)
    return SimpleNamespace(weight=devoted(at, weights, cap), option=set_now)


def devoted(at, weights, cap):
    """No supplier promises more than a share of its capacity: all its links are cut in proportion."""
    f, rel, links = at.firms, at.relations, at.links
    promised = [0.0] * at.F
    for j, r, weight in zip(links.supplier, links.relation, weights, strict=True):
        promised[j] += needed(at, r) * f.output[rel.buyer[r]] * weight
    most = at.settings["sourcing"]["cap_devoted_max"]
    kept = [min(1.0, most * cap[j] / promised[j]) if promised[j] > 0 else 1.0 for j in range(at.F)]
    return [weight * kept[j] for j, weight in zip(links.supplier, weights, strict=True)]


def outside_options(at):
    """Options set in this month: a half for home capacity equal to the need of all new buyers of the county."""
    f, rel = at.firms, at.relations
    found = {}
    need = {}
    for r, i in enumerate(rel.buyer):
        if not rel.option_set[r] and f.alive[i]:
            cell = (f.node[i], rel.product[r])
            need[cell] = need.get(cell, 0.0) + needed(at, r) * nameplate(at, i)
            found[r] = cell
    settings = at.settings["sourcing"]
    worth = {  # utility of an average supplier at parity of cost, without habit
        k: math.exp(settings["quality"] * (settings["key_quality_factor"] if at.world.key[k] else 1.0) * 0.5)
        for k in range(at.world.K)
    }
    return {r: need[cell] * worth[rel.product[r]] for r, cell in found.items()}
