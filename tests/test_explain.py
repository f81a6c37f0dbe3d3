"""Who came, where and why: the explanation tells what the project table and the month say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import sim
from sim.experiment.explanation import DATED, DECIDED, GRAFTS, WAYS, Explanation, _closed
from sim.experiment.witness import REST, TASTE, TERMS, Witness, advantage, utility_terms
from sim.mechanisms.demand import OPENING
from sim.mechanisms.location import Location, base_utility, relative_prices
from sim.mechanisms.sourcing import qualification_of
from sim.state import CHANNEL_LABELS, YEAR, Channel, Stage
from sim.statistics import leader_purchases

BASE = sim.load("baseline")
UNTIL = "2018-10"


@pytest.fixture(scope="module")
def found() -> Explanation:
    return sim.explain(BASE, 1, UNTIL)


@pytest.fixture(scope="module")
def plain() -> sim.NingdeModel:
    """The same months without a witness."""
    model = sim.NingdeModel(BASE, 1)
    while str(model.calendar) != UNTIL:
        model.step()
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
    assert (found.funnel["candidates"].dropna() >= found.funnel["leads"].dropna()[: Channel.OWN]).all()


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
    grafts = np.flatnonzero((projects.stage == Stage.DONE) & (projects.graft >= 0))
    enlarged = projects.graft[grafts[0]]
    firms.alive[enlarged], before = False, firms.alive[enlarged]
    gone = _closed(plain.state)
    firms.alive[enlarged] = before
    assert gone[grafts[0]], "the firm that the graft enlarged has closed"


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
    model = sim.NingdeModel(BASE, 1)
    while str(model.calendar) != "2018-05":
        model.step()
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
    leads, taste = state.boards.leads[0], state.boards.candidates.taste
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
    def early() -> sim.NingdeModel:
        model = sim.NingdeModel(BASE, 1)
        for _ in range(30):
            model.step()
        return model

    full = early()
    full.state.parks.planned = full.state.parks.developed.copy()
    full.state.parks.idle = full.state.parks.idle + full.state.parks.free
    turned_away = lost_in(full, 1)  # later, failed projects give land back
    assert len(turned_away)
    assert (turned_away == 0).all(), "no room"
    strict = early()
    strict.state.levers = {**strict.state.levers, "promotion.screen_tax_per_mu": np.full(strict.months + 1, 1e9)}
    refused = lost_in(strict)
    assert len(refused)
    assert (refused == 1).all(), "refused by the screen"
    assert set(lost_in(early()).tolist()) == {-1, 2}, "signed, or went elsewhere"


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
