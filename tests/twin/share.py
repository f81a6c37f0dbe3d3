"""SHARE by hand: incomes and spending of households, and the budgets (9.14, 9.17)."""

from types import SimpleNamespace

from tests.twin.position import lever

REVENUE = ("taxes", "land sales", "transfers from above", "enclaves", "linkage")
SPENDING = (
    "ordinary spending",
    "promotion",
    "incentives",
    "service teams",
    "permit reform",
    "land development",
    "talent",
    "land reform",
    "infrastructure",
    "local purchases",
    "training",
    "interest",
)


def households(at):
    """Income by residence, profits that owners count on, and what is spent next month."""
    C, p, h = at.world.C, at.people, at.settings["households"]
    income = [0.0] * C
    for skill in range(2):
        for r in range(C):
            here = sum(p.workers[skill][s][r] for s in range(C))
            for s in range(C):
                income[s] += p.workers[skill][s][r] / here * p.wage_bill[skill][r] if here > 0 else 0.0
    paid = [0.0] * C
    for i in range(at.F):
        if at.firms.leader[i] < 0:
            paid[at.firms.county[i]] += at.firm_accounts.distributed[i]
    profits = [h["extra"] * max(0.0, d) for d in paid]
    usual = [u + (d - u) / h["memory"] for u, d in zip(p.usual_profits, profits, strict=True)]
    spent = [h["consumption_share"] * (y + u) for y, u in zip(income, usual, strict=True)]
    return [y + d for y, d in zip(income, profits, strict=True)], usual, spent


def budgets(at):
    """Balances, debts, ordinary spending and the funded share of the levers after the month."""
    C, b, f, service = at.world.C, at.public, at.settings["fiscal"], at.settings["service"]
    p, slot = at.people, (at.month - 1) % 12
    income = at.markets.volume[5] / at.markets.volume_opening[5]
    grown = [p.per_working_age * (p.working_age[0][c] + p.working_age[1][c]) / p.residents_opening[c] for c in range(C)]
    grown.append(sum(g * x for g, x in zip(grown, b.county_base, strict=True)) / sum(b.county_base))
    local = [0.0] * C
    for i in range(at.F):
        local[at.firms.county[i]] += at.firm_accounts.local_tax[i]
    kept = lever(at, "fiscal.city_share_local")
    taxes = [(1 - kept) * x for x in local] + [kept * sum(local)]
    city = {
        "promotion": (
            lever(at, "promotion.budget") * (1 + at.settings["promotion"]["pressure_effort"] * at.pressure)
            + at.settings["promotion"]["joint_cost"] * lever(at, "promotion.joint")
        )
        / 12,
        "service teams": service["team_cost"] * lever(at, "service.teams") / 12,
        "permit reform": service["permit_upkeep"] * lever(at, "service.permit_reform") / 12,
    }
    out = SimpleNamespace(balance=[], debt=[], ordinary=[], funded=[], taxes=taxes, spent=[], asked=[])
    for n in range(C + 1):
        interest = f["interest"] / 12 * b.debt[n]
        transfers = b.transfers[n] * grown[n] * income
        land = at.ledger.revenue[REVENUE.index("land sales")][n]
        between = sum(at.ledger.revenue[REVENUE.index(item)][n] for item in ("enclaves", "linkage"))
        paid = sum(at.ledger.spending[SPENDING.index(item)][n] for item in ("incentives", "land development"))
        asked = at.ledger.asked[n]
        if n == C:
            paid += sum(city.values()) * b.funded[n]
            asked += sum(city.values())
        net = b.balance[n] - b.debt[n] + taxes[n] + land + transfers + between - b.ordinary[n] - paid - interest
        year = [sum(memory) - memory[slot] for memory in (b.taxes12[n], b.land12[n], b.asked12[n])]
        year_taxes, year_land, year_asked = year[0] + taxes[n], year[1] + land, year[2] + asked
        floor = b.base[n] * grown[n]
        available = year_taxes / 12 + transfers - interest
        out.ordinary.append(max(floor, available + (net + f["debt_opening"] * year_taxes) / f["adjustment"]))
        room = year_taxes / 12 + year_land / 12 + transfers - floor - interest
        room += (max(0.0, f["debt_cap"] * year_taxes - max(0.0, -net)) + max(0.0, net)) / 12
        share = room / (year_asked / 12) if year_asked > 0 else 1.0
        out.funded.append(min(1.0, max(0.0, share)))
        out.balance.append(max(0.0, net))
        out.debt.append(max(0.0, -net))
        out.spent.append(paid)
        out.asked.append(asked)
    return out


def share(at):
    """The phase."""
    income, usual, consumption = households(at)
    return SimpleNamespace(income=income, usual=usual, consumption=consumption, budgets=budgets(at))
