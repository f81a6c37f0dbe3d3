"""What is compared after each phase."""

from types import SimpleNamespace

import numpy as np

from sim.draws import gumbel
from sim.mechanisms import Phase
from tests.twin.build import build, connections, shares_after
from tests.twin.compare import MATCHED, RELATIVE, ROUNDS, SOLVED
from tests.twin.grow import close, grow
from tests.twin.history import dated, planned, sign
from tests.twin.outside import world_phase
from tests.twin.place import place
from tests.twin.position import position
from tests.twin.produce import produce
from tests.twin.propose import propose
from tests.twin.share import share
from tests.twin.supply import supply


def check_world(d, before, after, model):
    demand = model.streams.draw("demand.shock", before.month).standard_normal(7).tolist()
    metals = model.streams.draw("prices.commodity", before.month).standard_normal(3).tolist()
    t, s = world_phase(position(before), demand, metals), after
    for name in (
        "components",
        "volume",
        "commodity",
        "price_level",
        "price",
        "conversion",
        "experience",
        "material_factor",
    ):
        d.close(f"WORLD {name}", getattr(t, name), getattr(s.markets, name), absolute=1e-14)
    d.close("WORLD pressure", t.pressure, s.pressure)
    d.close("WORLD signed this year", t.signed_this_year, s.signed_this_year)


def check_propose(d, before, after, model):
    noise = model.streams.draw("leaders.rivals", before.month).standard_normal(before.rivals.noise.shape).tolist()
    sites = (len(before.leaders), len(before.parks.planned) + before.rivals.noise.shape[1] + 2)
    taste = gumbel(model.streams.draw("leaders.site", before.month).random(sites)).tolist()
    t, s = propose(position(before), noise, taste), after
    pool = next(part for part in model.month_list if type(part).__name__ == "CandidatePool")
    d.close("PROPOSE reference rates", t.reference, pool.rates)
    for name in ("share", "orders", "site_orders", "away_orders"):
        d.close(f"PROPOSE {name}", getattr(t.books, name), getattr(s.boards, name), absolute=1e-11)
    d.close("PROPOSE effort", t.effort, s.effort)
    d.close("PROPOSE incentive", t.incentive, s.counties.incentive)
    for name in ("capacity", "building", "noise"):
        d.close(f"PROPOSE rivals.{name}", getattr(t, f"rival_{name}"), getattr(s.rivals, name), absolute=1e-12)
    leads = s.boards.leads[0] if s.boards.leads else {"candidate": []}
    d.same("PROPOSE leads", [lead.candidate for lead in t.leads], leads["candidate"])
    if [lead.candidate for lead in t.leads] == list(leads["candidate"]):
        for name in ("channel", "product", "sponsor", "graft", "home", "parent"):
            d.same(f"PROPOSE leads.{name}", [getattr(lead, name) for lead in t.leads], leads.get(name, []))
        for name in ("investment", "announced_output", "land", "quality", "productivity"):
            d.close(f"PROPOSE leads.{name}", [getattr(lead, name) for lead in t.leads], leads.get(name, []))
    own = [p for p in s.boards.own_projects if "event" not in p]
    d.same("PROPOSE own plants", [o[:2] for o in t.own], [(p["leader"], p["park"]) for p in own])
    if [o[:2] for o in t.own] == [(p["leader"], p["park"]) for p in own]:
        d.close("PROPOSE own output", [o[2] for o in t.own], [p["announced_output"] for p in own])
        d.close("PROPOSE own grants", [o[3] for o in t.own], [p["incentive"] for p in own])
    at = position(before)
    luck = model.streams.draw("projects.own", before.month).random(len(before.leaders)).tolist()
    plants = planned(at, t.own) + dated(at, model.leader_names)
    columns, paid = sign(at, plants, luck, t.incentive)
    new = slice(len(before.projects), len(s.projects))
    d.same("PROPOSE own projects", len(columns), len(s.projects) - len(before.projects))
    for name in columns[0] if len(columns) == len(s.projects) - len(before.projects) and columns else ():
        d.close(f"PROPOSE projects.{name}", [row[name] for row in columns], getattr(s.projects, name)[new])
    for name in ("planned", "developed", "occupied", "serviced"):
        d.close(f"PROPOSE parks.{name}", getattr(at.parks, name), getattr(s.parks, name), absolute=1e-9)
    d.close("PROPOSE land development", paid, s.ledger.spending[5][:-1], absolute=1e-12)
    signed = before.signed_this_year + sum(plant.investment for plant in plants)
    d.close("PROPOSE signed this year", signed, s.signed_this_year)


def check_place(d, before, after, _model):
    at = position(before)
    leads = [SimpleNamespace(**row) for row in rows_of(at.boards.leads[0])] if at.boards.leads else []
    t, s = place(at, leads), after
    n = len(before.projects)
    d.close("PLACE service", t.covered, s.projects.service[:n], absolute=1e-12)
    d.close("PLACE counties.service", t.index, s.counties.service, absolute=1e-14)
    d.close("PLACE reform", t.reform, s.reform)
    d.close("PLACE survival", t.survival, s.projects.survival[:n])
    failed = np.flatnonzero((s.projects.stage[:n] == 5) & (before.projects.stage != 5))
    d.same("PLACE failed", t.failed, failed)
    d.close("PLACE outside value", t.outside_value, s.outside_value, absolute=1e-13)
    if t.offered is not None:
        d.close("PLACE offered", t.offered, s.public.offered)
    d.same("PLACE stage of leads", t.stage, s.projects.stage[n:])
    d.same("PLACE park of leads", t.park, s.projects.park[n:])
    sales = s.ledger.revenue[1][:-1] - before.ledger.revenue[1][:-1]
    d.close("PLACE land paid back", t.land_sales, sales, absolute=1e-12)
    for name in ("occupied", "idle", "serviced"):
        d.close(f"PLACE parks.{name}", getattr(t, name), getattr(s.parks, name), absolute=1e-9)
    normal = before.boards.leads[0]["channel"] == 5 if before.boards.leads else []
    for m in range(len(leads)):
        if t.signed[m] and not normal[m]:
            county = int(s.projects.county[n + m])
            d.close("PLACE promised grant", t.offers[m][county], s.projects.incentive[n + m])


def rows_of(columns):
    """Columns of a table as a list of rows."""
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*(columns[name] for name in names), strict=True)]


def check_build(d, before, after, _model):
    at = position(before)
    t, s = build(at), after
    d.same("BUILD stages", t.stage, s.projects.stage)
    d.close("BUILD quota issued", t.issued, s.ledger.quota_issued)
    d.close("BUILD quota", at.counties.quota, s.counties.quota, absolute=1e-9)
    for name in ("developed", "occupied", "serviced", "price"):
        d.close(f"BUILD parks.{name}", getattr(at.parks, name), getattr(s.parks, name), absolute=1e-9)
    for name in ("work_left", "land_left", "invested", "spent", "grant", "land_paid", "land_held"):
        d.close(f"BUILD projects.{name}", getattr(at.projects, name), getattr(s.projects, name), absolute=1e-11)
    for name in ("built", "done", "serviced_land"):
        d.same(f"BUILD projects.{name}", getattr(at.projects, name), getattr(s.projects, name))
    d.close("BUILD spending", t.spending, s.spending, absolute=1e-11)
    d.close("BUILD incentives", t.pay.incentives, s.ledger.spending[2][:-1], absolute=1e-12)
    paid = s.ledger.revenue[1][:-1] - before.ledger.revenue[1][:-1]
    d.close("BUILD land sales", t.pay.land, paid, absolute=1e-9)
    cost = s.ledger.spending[5][:-1] - before.ledger.spending[5][:-1]
    d.close("BUILD land development", t.pay.development, cost, absolute=1e-12)
    d.close("BUILD asked", t.pay.asked, (s.ledger.asked - before.ledger.asked)[:-1], absolute=1e-12)
    new = slice(len(before.firms), len(s.firms))
    d.same("BUILD births", len(t.births), len(s.firms) - len(before.firms))
    d.close("BUILD grafted capital", t.capital, s.firms.capital[: len(before.firms)])
    d.close(
        "BUILD project spending", t.project_spending, s.ledger.project_spending[: len(before.firms)], absolute=1e-12
    )
    d.close("BUILD project grants", t.project_grants, s.ledger.project_grants[: len(before.firms)], absolute=1e-12)
    if t.births and len(t.births) == len(s.firms) - len(before.firms):
        for name in t.births[0]:
            column = s.firms.margin12[new, 0] if name == "margin" else getattr(s.firms, name)[new]
            d.close(f"BUILD firms.{name}", [firm[name] for firm in t.births], column)
    check_connections(d, at, t.births, s, len(before.relations), len(before.links))
    share_now, active = shares_after(at, [n for n, m in enumerate(t.stage) if m == 4 and before.projects.stage[n] == 3])
    d.close("BUILD leaders.share", share_now, s.leaders.share)
    d.same("BUILD leaders.active", active, s.leaders.active)


def check_connections(d, at, born, after, relations, links):
    rows, pairs, tastes = connections(at, born)
    rel, new = after.relations, after.links
    d.same(
        "BUILD relations",
        [(r.buyer, r.product, r.option_set) for r in rows] or np.zeros((0, 3)),
        np.column_stack([rel.buyer[relations:], rel.product[relations:], rel.option_set[relations:]]),
    )
    d.same("BUILD links", pairs or np.zeros((0, 2)), np.column_stack([new.supplier[links:], new.relation[links:]]))
    if len(rows) == len(rel) - relations and len(pairs) == len(new) - links:
        d.close("BUILD relations.coefficient", [r.coefficient for r in rows], rel.coefficient[relations:])
        d.close("BUILD relations.option", [r.option for r in rows], rel.option[relations:])
        d.close("BUILD links.taste", tastes, new.taste[links:])


def check_share(d, before, after, _model):
    t, s = share(position(before)), after
    slot = (before.month - 1) % 12
    d.close("SHARE income", t.income, s.people.income)
    d.close("SHARE usual profits", t.usual, s.people.usual_profits, absolute=1e-9)
    d.close("SHARE consumption", t.consumption, s.people.consumption)
    for name in ("balance", "debt", "ordinary", "funded"):
        d.close(f"SHARE {name}", getattr(t.budgets, name), getattr(s.public, name), absolute=1e-9)
    d.close("SHARE taxes", t.budgets.taxes, s.public.taxes12[:, slot])
    d.close("SHARE asked", t.budgets.asked, s.public.asked12[:, slot], absolute=1e-12)
    d.close("SHARE spent", t.budgets.spent, s.public.spent12[:, slot], absolute=1e-12)


def check_supply(d, before, after, _model):
    at = position(before)
    t = supply(at)
    d.close("SUPPLY links.weight", t.weight, after.links.weight, absolute=1e-15)
    new = [
        r for r in range(len(before.relations)) if after.relations.option_set[r] and not before.relations.option_set[r]
    ]
    d.same("SUPPLY relations set", sorted(t.option), new)
    if sorted(t.option) == new:
        d.close("SUPPLY relations.option", [t.option[r] for r in new], after.relations.option[new])


def check_produce(d, before, after, _model):
    at = position(before)
    if after.boards.outside_supply is not None:
        at.boards.outside_supply = after.boards.outside_supply.tolist()  # a dated figure of the scenario
    t, s = produce(at), after
    f = s.firms
    relative, solved = (ROUNDS, ROUNDS) if len(s.table.scarce) else (RELATIVE, SOLVED)
    slot = (s.month - 1) % 12
    plain = ("capacity", "unit_cost", "relative_cost", "outside_orders")
    for name in plain:
        d.close(f"PRODUCE firms.{name}", getattr(t, name), getattr(f, name))
    behind = ("orders", "output", "home_sales", "staff", "wages", "premium", "surplus")
    for name in behind:
        d.close(f"PRODUCE firms.{name}", getattr(t, name), getattr(f, name), relative=relative, absolute=solved)
    d.close("PRODUCE utilisation12", t.utilisation, f.utilisation12[:, slot], relative=relative, absolute=solved)
    d.close("PRODUCE margin12", t.margin, f.margin12[:, slot], relative=relative, absolute=solved)
    d.close("PRODUCE orders12", t.orders, f.orders12[:, slot], relative=relative, absolute=solved)
    d.close("PRODUCE limit", t.limit, s.boards.limit, relative=relative, absolute=solved)
    d.close("PRODUCE workers", t.workers, s.people.workers, relative=MATCHED, absolute=solved)
    d.close("PRODUCE vacancy", t.vacancy, s.people.vacancy, relative=relative, absolute=solved)
    d.close("PRODUCE wage_bill", t.wage_bill, s.people.wage_bill, relative=relative, absolute=solved)
    for name in ("flows", "final", "outside_inputs", "value_added", "output"):
        d.close(
            f"PRODUCE table.{name}", getattr(t.table, name), getattr(s.table, name), relative=relative, absolute=solved
        )
    d.close("PRODUCE served", t.served, s.table.served, relative=relative, absolute=solved)
    d.close("PRODUCE shares", t.shares, s.table.shares)
    for name, values in vars(t.books).items():
        d.close(f"PRODUCE books.{name}", values, getattr(s.firm_accounts, name), relative=relative, absolute=solved)
    d.close("PRODUCE backlog", t.backlog, s.leaders.backlog, relative=relative, absolute=solved)
    d.close("PRODUCE delivered", t.delivered, s.leaders.delivered, relative=relative, absolute=solved)
    d.close("PRODUCE rationed", t.rationed, s.ledger.rationed, relative=relative, absolute=solved)
    if t.stock is not None:
        d.close("PRODUCE stocks", t.stock, s.critical.stock, relative=relative, absolute=solved)
        d.close("PRODUCE usual supply", t.usual, s.critical.usual, relative=relative, absolute=solved)


def check_grow(d, before, after, model):
    luck = model.streams.draw("firms.shock", before.month).random(max(before.slots, 1)).tolist()
    t, s = grow(position(before), luck), after
    f = s.firms
    for name in ("investment", "scrapped"):
        d.close(f"GROW {name}", getattr(t.inv, name), getattr(s.boards, name), absolute=1e-12)
    d.close("GROW wished", t.inv.wished, s.boards.expansion_wished, absolute=1e-12)
    for name in ("capital", "market_reference", "land", "plot"):
        d.close(f"GROW firms.{name}", getattr(t.inv, name), getattr(f, name))
    d.close("GROW parks.occupied", t.inv.occupied, s.parks.occupied)
    d.close("GROW cluster growth", t.around.growth, s.boards.cluster_growth, absolute=1e-14)
    d.close("GROW firms.settled_jobs", t.around.settled_jobs, f.settled_jobs, absolute=1e-12)
    d.close("GROW parks.crowding", t.around.crowding, s.parks.crowding, absolute=1e-14)
    for name in ("productivity", "jobs_intensity"):
        d.close(f"GROW firms.{name}", getattr(t, name), getattr(f, name))
    for name in ("cash", "debt"):
        d.close(f"GROW firms.{name}", getattr(t, name), getattr(f, name), absolute=1e-12)
    d.close("GROW distributed", t.distributed, s.firm_accounts.distributed, absolute=1e-11)
    d.close("GROW frontier", t.frontier, s.markets.frontier)
    d.close("GROW wage_by_skill", t.wages.wage_by_skill, s.counties.wage_by_skill)
    d.close("GROW wage", t.wages.wage, s.counties.wage)
    d.close("GROW national_wage", t.wages.national_wage, s.people.national_wage)
    d.close("GROW deepening", t.wages.deepening, s.people.deepening)
    d.close("GROW working_age", t.working_age, s.people.working_age)
    d.close("GROW incumbent spending", t.incumbent_spending, s.incumbent_spending, absolute=1e-12)


def check_close(d, before, after, model):
    luck = model.streams.draw("firms.exit", before.month).random(max(before.slots, 1)).tolist()
    t, s = close(position(before), luck), after
    exits = s.boards.exits
    d.same("CLOSE exits", t.exits, exits)
    d.same("CLOSE alive", t.alive, s.firms.alive)
    for name in ("cash", "debt", "capital"):
        d.close(f"CLOSE firms.{name}", getattr(t, name), getattr(s.firms, name))
    d.close("CLOSE parks.idle", t.idle, s.parks.idle, absolute=1e-9)
    d.close("CLOSE parks.occupied", t.occupied, s.parks.occupied, absolute=1e-9)
    d.close("CLOSE distributed", t.distributed, s.firm_accounts.distributed)
    d.close("CLOSE written_off", t.written_off, s.firm_accounts.written_off)
    d.same("CLOSE links", t.links, list(zip(s.links.supplier.tolist(), s.links.relation.tolist(), strict=True)))
    d.same("CLOSE failed grafts", [after.projects.stage[n] for n in t.failed], [5] * len(t.failed))


CHECKS = {
    Phase.WORLD: check_world,
    Phase.PROPOSE: check_propose,
    Phase.PLACE: check_place,
    Phase.BUILD: check_build,
    Phase.SUPPLY: check_supply,
    Phase.PRODUCE: check_produce,
    Phase.GROW: check_grow,
    Phase.CLOSE: check_close,
    Phase.SHARE: check_share,
}
