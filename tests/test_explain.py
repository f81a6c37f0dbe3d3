"""Who came, where and why: the explanation tells what the project table and the month say."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import sim
from sim.experiment.chains import Equipment, downstream
from sim.experiment.explanation import DATED, DECIDED, GRAFTS, WAYS, Explanation, _closed
from sim.experiment.witness import (
    CHOICE,
    CLOSED,
    HAZARDS,
    LUCK,
    ODDS,
    REST,
    ROOM,
    TASTE,
    TERMS,
    Witness,
    advantage,
    cause_of,
    hazard_shares,
    park_shares,
    spread,
    utility_terms,
)
from sim.mechanisms.construction import Construction
from sim.mechanisms.demand import OPENING
from sim.mechanisms.gaps import extension, gap_map, leader_output
from sim.mechanisms.location import Location, base_utility, inclusive_value, relative_prices
from sim.mechanisms.production import relative_price
from sim.mechanisms.promotion import Promotion
from sim.mechanisms.sourcing import Sourcing, qualification_of
from sim.state import CHANNEL_LABELS, YEAR, Channel, Stage
from sim.statistics import leader_purchases
from tests.runs import aged

BASE = sim.load("baseline")
UNTIL = "2018-10"


@pytest.fixture(scope="module")
def found() -> Explanation:
    return sim.explain(BASE, 1, UNTIL)


@pytest.fixture(scope="module")
def plain() -> sim.NingdeModel:
    """The same months without a witness."""
    model = aged(58)
    assert str(model.calendar) == UNTIL
    return model


def test_nobody_is_moved_by_being_watched(found: Explanation, plain: sim.NingdeModel) -> None:
    assert len(found.projects) == len(plain.state.projects)
    assert (found.projects["investment_m_yuan"].to_numpy() == plain.state.projects.investment).all()
    missing = plain.recorder.arrays["missing"][48:58].mean(axis=0) * YEAR
    told = found.missing[found.missing["year"] == 2018]["m_yuan"].to_numpy().reshape(missing.shape)
    assert (told == missing).all()


def test_funnel_is_that_of_the_project_table(found: Explanation, plain: sim.NingdeModel) -> None:
    projects = plain.state.projects
    for channel, label in enumerate(CHANNEL_LABELS[: Channel.OWN]):
        mine = (projects.channel == channel) & (projects.graft < 0)
        row = found.funnel.loc[label]
        assert row["leads"] == mine.sum()
        assert row["signed"] == (mine & (projects.signed >= 0)).sum()
        for name, stages in {
            "lost": (Stage.LOST,), "failed": (Stage.FAILED,), "waiting": (Stage.SIGNED, Stage.LAND),
            "building": (Stage.BUILD,), "producing": (Stage.DONE,),
        }.items():  # fmt: skip
            assert row[name] == (mine & np.isin(projects.stage, stages)).sum(), (label, name)
    assert found.funnel.loc[GRAFTS, "leads"] == (projects.graft >= 0).sum() > 0
    assert found.funnel.loc[DATED, "signed"] == (projects.event >= 0).sum() > 0
    own = (projects.channel == Channel.OWN).sum()
    assert found.funnel.loc[[DATED, DECIDED], "signed"].sum() == own


def test_funnels_add_up(found: Explanation) -> None:
    for frame in (found.funnel, found.by_chain):
        counts = frame.fillna(0.0)
        assert (counts["leads"] + counts["own"] == counts["lost"] + counts["signed"]).all()
        assert (counts["lost"] == counts.filter(like="lost_").sum(axis=1)).all()
    stages = ["failed", "waiting", "building", "producing"]
    for frame in (found.funnel, found.by_chain, found.by_county):
        assert (frame["signed"] == frame[stages].sum(axis=1)).all()
        assert (frame["closed_since"] <= frame["producing"]).all()
    whole = found.funnel.sum()
    for frame, names in ((found.by_chain, ["candidates", "leads", "lost"]), (found.by_county, [])):
        for name in ["own", "signed", "failed", "producing", "closed_since", "investment_signed_m_yuan", *names]:
            assert frame[name].sum() == pytest.approx(whole[name]), name
    assert list(found.funnel.index) == list(WAYS)
    drawn = found.funnel.dropna(subset="candidates")
    assert (drawn["candidates"] >= drawn["leads"]).all()


def test_candidates_are_counted_month_by_month(found: Explanation) -> None:
    model = sim.NingdeModel(BASE, 1)
    counted = 0
    while str(model.calendar) != "2014-06":
        model.step()
        counted += model.state.ledger.candidates
    early = sim.explain(BASE, 1, "2014-06")
    assert early.funnel["candidates"].sum() == counted > 0
    assert found.funnel["candidates"].sum() > counted


def test_closed_firms_are_seen(found: Explanation, plain: sim.NingdeModel) -> None:
    firms, projects = plain.state.firms, plain.state.projects
    alive = dict(zip(firms.slot.tolist(), firms.alive.tolist(), strict=True))
    done = (projects.stage == Stage.DONE) & (projects.graft < 0) & (projects.channel != Channel.OWN)
    closed = sum(not alive[slot] for slot in projects.slot[done].tolist())
    assert closed > 0
    assert found.funnel["closed_since"].drop(GRAFTS).sum() == closed
    graft = int(np.flatnonzero((projects.stage == Stage.DONE) & ~_closed(plain.state))[0])
    enlarged = int(np.flatnonzero(firms.alive)[0])
    projects.graft[graft], firms.alive[enlarged] = enlarged, False
    gone = _closed(plain.state)
    projects.graft[graft], firms.alive[enlarged] = -1, True
    assert gone[graft], "the firm that the graft enlarged has closed"


def test_terms_are_the_utility_of_the_park(plain: sim.NingdeModel) -> None:
    state, q = plain.state, BASE[Location]
    product, sponsor = np.array([0, 1, 7, 10, 17]), np.array([-1, 0, 3, 2, -1])
    rent, wage = relative_prices(state)
    terms = utility_terms(state, q, product, sponsor)
    assert tuple(terms) == tuple(TERMS)
    np.testing.assert_allclose(
        np.sum(list(terms.values()), axis=0), base_utility(state, q, product, sponsor, rent, wage), atol=1e-12
    )
    assert (terms["minutes"][0] == 0).all()
    assert (terms["minutes"][1] < 0).all()
    assert (terms["port"][3] > 0).any()


def test_advantage_by_hand() -> None:
    value = np.array([[1.0, 3.0, 5.0, 100.0]] * 4)
    open_parks = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [0, 1, 0, 0], [1, 1, 1, 1]], dtype=bool)
    found = advantage({"a": value}, open_parks, np.array([2, 0, 1, -1]))["a"]
    assert found[:2].tolist() == [5.0 - 2.0, 1.0 - 3.0]
    assert np.isnan(found[2:]).all(), "no other park was open; no park was chosen"


def test_terms_at_signing_are_those_of_the_month() -> None:
    """Recomputed from the boards of one month; what zoning and service add is told by their names."""
    model = aged(52)
    witness = Witness(model.state, model.month_list)
    model.month_list = (*model.month_list, witness)
    model.step()
    witness.after(model.state)
    state, projects = model.state, model.state.projects
    why, open_parks, lost = witness.record(len(projects))
    assert {"zoning", "service", REST, TASTE} <= set(witness.names)
    told = np.flatnonzero(~np.isnan(why).any(axis=1))
    assert len(told)
    utility = np.sum(state.boards.appeal, axis=0)
    allowed = np.logical_and.reduce(state.boards.allowed)
    leads, taste = state.boards.leads[0], state.boards.candidates.taste(slice(None))
    first = len(projects) - len(leads["product"])
    for row in told:
        at = row - first
        score = utility[at] + BASE[Location].nest * taste[leads["candidate"][at]]
        chosen = projects.park[row]
        others = allowed[at].copy()
        others[chosen] = False
        assert open_parks[row] == allowed[at].sum()
        assert why[row].sum() == pytest.approx(score[chosen] - score[others].mean())
        assert score[chosen] >= score[others].max() - 1e-9
    assert np.abs(why[told, witness.names.index(REST)]).max() < 1e-12
    assert ((lost[first:] >= 0) == (projects.stage[first:] == Stage.LOST)).all()


def lost_in(model: sim.NingdeModel, months: int = 3) -> NDArray[np.int64]:
    witness = Witness(model.state, model.month_list)
    model.month_list = (*model.month_list, witness)
    first = len(model.state.projects)
    for _ in range(months):
        model.step()
        witness.after(model.state)
    projects = model.state.projects
    reason = witness.record(len(projects))[2]
    planned = (projects.channel != Channel.NORMAL) & (projects.channel != Channel.OWN) & (projects.graft < 0)
    return reason[first:][planned[first:]]


def test_why_leads_are_lost() -> None:
    full = aged(30)
    full.state.parks.planned = full.state.parks.developed.copy()
    full.state.parks.idle = full.state.parks.idle + full.state.parks.free
    turned_away = lost_in(full, 1)  # later, failed projects give land back
    assert len(turned_away)
    assert (turned_away == 0).all(), "no room"
    strict = aged(30)
    strict.state.levers = {**strict.state.levers, "promotion.screen_tax_per_mu": np.full(strict.months + 1, 1e9)}
    refused = lost_in(strict)
    assert len(refused)
    assert (refused == 1).all(), "refused by the screen"
    assert set(lost_in(aged(30)).tolist()) == {-1, 2}, "signed, or went elsewhere"


# --- what spoke for and against signing -------------------------------------------------------------------------------


def test_inclusive_value_is_mean_utility_and_spread() -> None:
    """IV = s V + lam H(s): the identity that the account of a lead rests on."""
    random = np.random.default_rng(2)
    utility, parks = random.normal(0, 2, (6, 9)), random.random((6, 9)) < 0.6
    parks[0] = False
    shares = park_shares(utility, parks, 0.6)
    assert not shares[0].any()
    assert not shares[~parks].any()
    mean = (shares * utility).sum(axis=1) + spread(shares, 0.6)
    np.testing.assert_allclose(mean[1:], inclusive_value(utility, parks, 0.6)[1:])
    assert spread(np.array([[0.25] * 4]), 0.6)[0] == pytest.approx(0.6 * np.log(4))


def test_the_account_of_a_lead_decides_about_it(found: Explanation) -> None:
    """Above 0: signed; below: lost to other places. Parks that fill up in the month are the only exception."""
    table, names = found.projects, [f"odds_{name}" for name in found.odds]
    weighed = table[table[names].notna().all(axis=1)]
    assert len(weighed) > 300
    wins = weighed[names].sum(axis=1) > 0
    signed = weighed["signed"] != ""
    assert (wins[signed]).all()
    lost = weighed["lost_because"] == "elsewhere"
    assert (signed | lost).all()
    assert (wins[lost] & (weighed.loc[lost, "lost_to"] != ROOM)).sum() == 0
    assert wins[lost].mean() < 0.02
    assert set(table.loc[table["way"] == "normal entry", f"odds_{LUCK}"].isna()) == {True}


def test_terms_of_other_places_are_those_of_the_opening() -> None:
    """In the first month nothing of the place has changed: a lead of no chain finds Ningde as good as other places."""
    model = sim.NingdeModel(BASE, 1)
    terms = Witness(model.state, model.month_list)._opening
    np.testing.assert_allclose(terms[REST], 0.0, atol=1e-12)
    np.testing.assert_allclose(np.sum(list(terms.values()), axis=0), model.state.outside_value_mean)
    early = sim.explain(BASE, 1, "2014-01").projects
    alike = early[(early["way"] == "unplanned") & (early["group"] == "other")]
    assert len(alike)
    for name in ("buyers", "suppliers", "peers", "minutes", "rent", "wage", REST, CHOICE):
        assert alike[f"odds_{name}"].abs().max() < 1e-9, name
    assert alike[f"odds_{ODDS}"].unique().tolist() == [BASE[Location].sign_const]


def test_a_lost_lead_is_filed_under_what_told_most() -> None:
    names = ("rent", "wage", CHOICE, CLOSED, ODDS, LUCK)
    odds = np.array(
        [
            [-0.3, 0.1, 0.0, 0.0, -0.5, -1.0],  # dear land
            [-0.3, 0.4, 0.0, 0.0, -0.5, -1.0],  # dear land, but good in all: luck
            [0.2, 0.1, 0.0, -0.9, -0.5, -0.1],  # better parks are closed
            [0.0, 0.0, 0.0, 0.0, -0.5, 0.4],  # a graft: nothing but odds and luck
        ]
    )
    assert [names[at] for at in cause_of(odds, names)] == ["rent", LUCK, CLOSED, LUCK]


def test_causes_add_up_to_the_leads_that_went_elsewhere(found: Explanation) -> None:
    parts = list(found.odds)
    ways = found.causes[found.causes["by"] == "way"].set_index("key")[parts].sum(axis=1)
    elsewhere = found.funnel["lost_elsewhere"].dropna()
    assert (ways == elsewhere[ways.index]).all()
    chains = found.causes[found.causes["by"] == "chain"].set_index("key")[parts].sum(axis=1)
    assert (chains == found.by_chain["lost_elsewhere"]).all()
    assert found.causes[parts].sum().drop(LUCK).sum() > 0
    grafts = found.causes.set_index("key").loc[GRAFTS, parts]
    assert grafts[LUCK] == grafts.sum() > 0, "a graft weighs no place"
    weighed = found.projects[found.projects["lost_to"] != ""]
    first = found.against.iloc[0]
    mine = weighed[weighed["way"] == first["key"]]
    assert first["minutes"] == pytest.approx(mine["odds_minutes"].mean())


def test_dear_land_is_told_as_dear_land() -> None:
    """The same month once more with land at ten times its price: nothing else may tell more against Ningde."""
    grown = sim.NingdeModel(BASE, 1)
    watching = Witness(grown.state, grown.month_list)  # from the opening on, with which it compares
    for _ in range(30):
        grown.step()

    def month(factor: float) -> pd.DataFrame:
        model, witness = copy.deepcopy((grown, watching))
        model.state.parks.price = model.state.parks.price * factor
        model.month_list = (*model.month_list, witness)
        first = len(model.state.projects)
        model.step()
        witness.after(model.state)
        odds, cause = witness.odds(len(model.state.projects))
        rows = np.flatnonzero(~np.isnan(odds).any(axis=1) & (model.state.projects.graft < 0))
        assert (rows >= first).all()
        return pd.DataFrame(odds[rows], columns=witness.parts).assign(
            to=[witness.parts[at] if at >= 0 else "" for at in cause[rows]]
        )

    before, dear = month(1.0), month(10.0)
    assert len(before) == len(dear) > 3
    change = dear["rent"] - before["rent"]
    np.testing.assert_allclose(change, -BASE[Location].land_price * np.log(10.0), atol=0.1)
    assert set(dear.loc[dear["to"] != "", "to"]) == {"rent"}


def test_leads_without_electricity_are_refused() -> None:
    model = aged(30)

    class NoPower:
        phase = Witness.phase
        writes = ("refused",)

        def step(self, state: sim.state.State, streams: object) -> None:
            del streams
            state.boards.refused.append(np.ones(len(state.boards.leads[0]["product"]), dtype=bool))

    model.month_list = (*model.month_list, NoPower())
    reasons = lost_in(model, 1)
    assert len(reasons)
    assert (reasons == 1).all()


# --- why signed projects fail -----------------------------------------------------------------------------------------


def test_the_hazard_is_shared_by_hand() -> None:
    found = hazard_shares(np.array([0.0, 1.0, 0.0, np.log(2.0)]), np.array([0.0, 0.0, 1.0, 1.0]))
    np.testing.assert_allclose(found[0], [1, 0, 0])
    np.testing.assert_allclose(found[1], [np.exp(-1), 1 - np.exp(-1), 0])
    np.testing.assert_allclose(found[2], [0.5, 0, 0.5])
    np.testing.assert_allclose(found[3], [0.25, 0.375, 0.375])
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_hazards_that_the_witness_adds_are_those_of_the_model() -> None:
    model = sim.NingdeModel(BASE, 1)
    witness = Witness(model.state, model.month_list)
    model.month_list = (*model.month_list, witness)
    for _ in range(10):
        model.step()
        before = witness.hazard.sum(axis=(1, 2))
        survival = model.state.projects.survival.copy()
        model.step()
        projects, added = model.state.projects, witness.hazard.sum(axis=(1, 2))
        added = added[: len(before)] - before
        np.testing.assert_allclose(
            projects.survival[: len(before)], survival[: len(before)] * (1.0 - added), atol=1e-12
        )
    shares, stage = witness.failures(len(model.state.projects))
    failed = model.state.projects.stage == Stage.FAILED
    assert ((stage > 0) <= failed).all()
    np.testing.assert_allclose(shares[stage > 0].sum(axis=1), 1.0)


def test_failures_are_told_whole(found: Explanation) -> None:
    for by, frame in (("way", found.funnel), ("chain", found.by_chain)):
        table = found.failures[found.failures["by"] == by].set_index("key")
        assert (table["failed"] == frame.loc[table.index, "failed"]).all()
        assert (table["in_signed"] + table["in_land"] + table["with_firm"] == table["failed"]).all()
        np.testing.assert_allclose(table[[*HAZARDS, "with_firm"]].sum(axis=1), table["failed"])
    ways = found.failures.set_index("key")
    assert ways.loc["normal entry", "pressure"] == 0.0, "nobody signs it for a plan"
    assert ways.loc["unplanned", "pressure"] > 0.0


def test_the_month_of_closing_is_told(found: Explanation) -> None:
    table = found.projects
    assert ((table["closed"] != "") == table["closed_since"]).all()
    closed = table[table["closed"] != ""]
    assert (closed["closed"] >= closed["produced"]).all()
    assert (closed["closed"] > closed["produced"]).mean() > 0.5
    assert closed["closed"].max() <= UNTIL


# --- public money -----------------------------------------------------------------------------------------------------


def test_budgets_short_of_money_are_told(found: Explanation, plain: sim.NingdeModel) -> None:
    recorded = plain.recorder.arrays["public_funded"][36:48]
    mine = found.public_money[found.public_money["year"] == 2017]
    np.testing.assert_allclose(mine["funded"], recorded.mean(axis=0))
    assert (mine["months_short"].to_numpy() == (recorded < 1.0).sum(axis=0)).all()
    assert found.public_money["months_short"].sum() > 0


# --- chains -----------------------------------------------------------------------------------------------------------


def test_equipment_is_what_leaders_spend_on_it() -> None:
    model = sim.NingdeModel(BASE, 1)
    state = model.state
    seen = Equipment(state)
    share = BASE[Construction].spend_equipment
    catl = model.leader_names.index("CATL")
    kind, spent, expanded = model.world.product("B_EQPT"), [], 0.0
    while str(model.calendar) != "2016-05":
        before = state.projects.spent.copy()
        model.step()
        seen.after(state)
        work = state.projects.spent.copy()
        work[: len(before)] -= before
        mine = (state.projects.leader == catl) & (state.projects.product == model.world.product("B_CELL"))
        spent.append(share * (work[mine].sum() + expanded) / relative_price(state)[kind])
        plants = state.firms.leader == catl
        expanded = state.boards.investment[plants].sum()  # bought in the month after
        month = seen.ordered[state.month % YEAR]
        assert (month[-1] >= month[:-1].sum(axis=0) - 1e-9).all(), "everybody is at least all leaders"
    told = seen.of(state, catl)
    assert set(told["product"]) == {"B_EQPT"}
    last = seen.ordered[:, catl, kind].sum()
    assert told["need"].sum() == pytest.approx(last)
    assert last == pytest.approx(sum(spent[-YEAR:]))
    assert last > 0
    np.testing.assert_allclose(told[["home", "could", "coming", "gap"]].sum(axis=1), told["need"])


def test_downstream_is_the_extension_of_the_gap_map(plain: sim.NingdeModel) -> None:
    state, p = plain.state, BASE[Promotion]
    known = gap_map(state, p.downstream_propensity, p.cross_chain, BASE[Sourcing].cap_devoted_max)
    told = pd.concat([downstream(state, group) for group in range(len(state.leaders))])
    counted = told[told["counted"]].groupby("product")["extension"].sum() / 1000.0
    for product, value in counted.items():
        assert known.extend[plain.world.product(str(product))] == pytest.approx(value), product
    assert (told["used"] + told["coming"] + told["extension"] <= told["open"] + 1e-6).all()
    full = told[told["used"] + told["coming"] < told["open"] - 1e-6]
    np.testing.assert_allclose(full["used"] + full["coming"] + full["extension"], full["open"])
    steel = told[told["product"] == "S_PROD"]
    assert steel["of"].tolist() == ["S_ROLL"]
    assert not steel["counted"].any(), "the gap map knows the melt of the leader only"
    assert steel["open"].iloc[0] > 0
    assert (told["bought"] >= 0).all()
    assert told["bought"].sum() > 0
    every = extension(state, state.leaders.product, leader_output(state), p.downstream_propensity)
    assert every.shape == (len(state.leaders), plain.world.product_count)


def test_chain_map_of_a_leader(found: Explanation, plain: sim.NingdeModel) -> None:
    state = plain.state
    assert set(found.maps) | set(found.absent) == set(plain.leader_names)
    assert found.absent == {"SAIC": "SAIC passenger vehicles, Ningde base"}
    for code, chain in found.maps.items():
        inputs = chain.inputs
        bought = leader_purchases(state, plain.leader_names.index(code)) * YEAR
        assert inputs["need"].sum() == pytest.approx(bought.sum())
        assert inputs["home"].sum() == pytest.approx(bought[:, :-1].sum())
        np.testing.assert_allclose(inputs["home"] + inputs["outside"], inputs["need"])
        goods = inputs[inputs["chain"]]
        parts = goods[["home", "could", "coming", "gap"]]
        assert (parts >= -1e-9).all(axis=None)
        np.testing.assert_allclose(parts.sum(axis=1), goods["need"])
        rest = inputs[~inputs["chain"]]
        assert not rest[["could", "coming", "gap"]].to_numpy().any()
        assert goods["need"].is_monotonic_decreasing
    catl = plain.leader_names.index("CATL")
    made = state.firms.output[state.firms.leader == catl].sum() * YEAR
    assert found.maps["CATL"].products[0][1] == pytest.approx(made)


def test_no_supplier_is_counted_twice(found: Explanation, plain: sim.NingdeModel) -> None:
    firms = plain.state.firms
    old = firms.opening | (plain.state.month - firms.birth >= qualification_of(plain.state))
    both = pd.concat([found.maps["CATL"].inputs, found.maps["ATL"].inputs]).query("chain")
    for product, lines in both.groupby("product"):
        mine = firms.alive & (firms.product == plain.world.product(str(product))) & old & ~firms.block
        idle = np.maximum(firms.capacity - firms.output, 0.0)[mine].sum() * YEAR
        assert lines["could"].sum() <= idle + 1e-6
        assert lines["coming"].sum() <= lines["coming_all"].iloc[0] + 1e-6
    assert both["could"].sum() > 0
    assert both["coming"].sum() > 0


def test_projects_are_told_in_words(found: Explanation, plain: sim.NingdeModel) -> None:
    table = found.projects
    assert table.loc[table["way"] == DATED, "name"].str.contains("CATL Huxi").any()
    signed = table[table["signed"] != ""]
    assert (signed["county"] != "").all()
    assert sorted(table.loc[table["first_of_chain"], "group"]) == ["BAT", "CU", "NEV", "SST"]
    first = table[table["first_of_chain"] & (table["group"] == "BAT")].iloc[0]
    others = table[(table["group"] == "BAT") & (table["signed"] != "") & (table["leader"] == "")]
    assert first["signed"] == others["signed"].min()
    placed = signed[(signed["way"] != GRAFTS) & (signed["way"] != "normal entry") & (signed["leader"] == "")]
    assert placed["why_taste"].notna().all()
    assert signed.drop(placed.index)["why_taste"].isna().all()
    assert table["came"].iloc[-1] == str(OPENING + int(plain.state.projects.born[-1]))


@pytest.mark.parametrize("until", ["2013-12", "2036-01"])
def test_a_month_outside_the_run_is_refused(until: str) -> None:
    with pytest.raises(ValueError, match=f"baseline is recorded from 2014-01 to 2035-12: {until} is not in it"):
        sim.explain(BASE, 1, until)
