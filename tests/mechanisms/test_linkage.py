"""Linkage: coastal counties pass leads on to their partners and pay for their parks and schools."""

import numpy as np
import pytest

from sim.draws import Streams
from sim.mechanisms.land import Land
from sim.mechanisms.linkage import (
    Linkage,
    Referral,
    Training,
    Transfers,
    fullness,
    partner_matrix,
    passing_county,
    trained,
    transfers,
)
from sim.mechanisms.location import sponsor_county
from sim.resolvers.budgets import resolve_share
from sim.scenario import ScenarioError
from sim.state import REVENUE_ITEMS, SPENDING_ITEMS, Candidates, Channel, Stage
from sim.world import _pairs, load_world

LINKAGE = REVENUE_ITEMS.index("linkage")
TRAINING = SPENDING_ITEMS.index("training")
OFF = (Referral, Training, Transfers)
MOUNTAIN = load_world().group == 2

# --- formulas ---------------------------------------------------------------------------------------------------------


def test_a_county_owes_a_share_of_its_growth_to_its_partners_by_their_residents():
    partners = np.array([[False, True, True], [False, False, False], [False, False, False]])
    owed = transfers(np.array([30.0, 9.0, 9.0]), np.array([10.0, 1.0, 1.0]), 0.1, partners, np.array([5.0, 3e5, 1e5]))
    np.testing.assert_allclose(owed, [[0.0, 1.5, 0.5], [0, 0, 0], [0, 0, 0]])


def test_who_has_not_grown_owes_nothing():
    partners = np.array([[False, True], [False, False]])
    assert not transfers(np.array([9.0, 0.0]), np.array([10.0, 0.0]), 0.1, partners, np.ones(2)).any()


def test_the_county_of_the_sponsor_deals_with_a_lead_else_one_drawn_by_capacity():
    ladder = np.cumsum([[1.0, 1.0, 1.0, 0.0], [3.0, 3.0, 3.0, 0.0]], axis=0)
    found = passing_county(np.array([1, -1, -1, -1]), np.array([0.0, 0.2, 0.3, 0.5]), ladder)
    np.testing.assert_array_equal(found, [1, 0, 1, -1])


def test_training_is_limited_by_money_and_by_the_places_of_the_schools():
    found = trained(np.array([0.3, 30.0, 0.0]), np.array([6e4, 6e4, 6e4]), 0.03, 0.02)
    np.testing.assert_allclose(found, [10.0, 100.0, 0.0])


# --- referral ---------------------------------------------------------------------------------------------------------


def leads_of(state, rows):
    """Leads by hand: (channel, product, investment, sponsor, graft)."""
    channel, product, investment, sponsor, graft = (np.array(column) for column in zip(*rows, strict=True))
    count = len(rows)
    state.boards.candidates = Candidates(*([np.zeros(count)] * 15))
    return {
        "candidate": np.arange(count),
        "channel": channel,
        "product": product,
        "investment": investment.astype(float),
        "land": np.full(count, 20.0),
        "sponsor": sponsor,
        "graft": graft,
    }


@pytest.fixture
def referred(fresh, next_month, monkeypatch):
    """Boards of PLACE when every eligible lead is passed on: no county has land left, but partners have it still."""

    def place(rows, rate=1.0, full=1.0):
        model = fresh()
        state = next_month(model.state)
        monkeypatch.setattr("sim.mechanisms.linkage.fullness", lambda state: np.full(state.world.county_count, full))
        state.levers["linkage.referral"] = np.full(model.months + 1, rate)
        leads = leads_of(state, rows(state))
        state.boards.leads.append(leads)
        part = next(each for each in model.month_list if isinstance(each, Referral))
        part.step(state, Streams(1))
        return state, part

    return place


def test_a_lead_passed_on_finds_the_parks_of_helping_counties_closed_and_gains_by_its_partners_parks(referred):
    def rows(state):
        return [(int(Channel.CHAIN), state.world.product("B_ELEC"), 300.0, 0, -1)]

    state, part = referred(rows)
    world, county = state.world, int(sponsor_county(state)[0])
    assert state.boards.referred[0].tolist() == [county]
    helping = [world.county(code) for code in ("JC", "DQ", "FA", "FD")]
    np.testing.assert_array_equal(state.boards.allowed[0][0], ~np.isin(world.park_county, helping))
    fit = world.fit[world.park_county, world.product("B_ELEC")] > 0
    partners = partner_matrix(state.scenario[Linkage], world)[county][world.park_county] & fit
    assert partners.any()
    np.testing.assert_allclose(state.boards.appeal[0][0], np.where(partners, 0.3 - 10 * 0.05, 0.0))
    assert part.bonus == pytest.approx(-0.2)


def test_large_leads_grafts_and_leads_of_other_channels_are_not_passed_on(referred):
    def rows(state):
        product = state.world.product("B_ELEC")
        return [
            (int(Channel.CHAIN), product, 600.0, 0, -1),
            (int(Channel.CHAIN), product, 300.0, 0, 5),
            (int(Channel.UNPLANNED), product, 300.0, 0, -1),
            (int(Channel.NORMAL), product, 300.0, 0, -1),
        ]

    state, _ = referred(rows)
    assert state.boards.referred[0].tolist() == [-1] * 4
    assert state.boards.allowed[0].all()
    assert not state.boards.appeal[0].any()


def test_nobody_is_passed_on_to_partners_where_the_chain_does_not_belong(referred):
    def rows(state):
        fit, world = state.world.fit, state.world
        county = int(sponsor_county(state)[0])
        partners = partner_matrix(state.scenario[Linkage], world)[county]
        misfit = np.flatnonzero((fit[partners] <= 0).all(axis=0))
        assert len(misfit)
        return [(int(Channel.CHAIN), int(misfit[0]), 300.0, 0, -1)]

    state, _ = referred(rows)
    assert state.boards.referred[0].tolist() == [-1]


def test_as_many_are_passed_on_as_the_lever_says(referred):
    def rows(state):
        return [(int(Channel.CHAIN), state.world.product("B_ELEC"), 300.0, 0, -1)] * 2000

    state, _ = referred(rows, 0.15)
    assert (state.boards.referred[0] >= 0).mean() == pytest.approx(0.15, abs=0.03)
    half_full, _ = referred(rows, 0.3, full=0.5)
    assert (half_full.boards.referred[0] >= 0).mean() == pytest.approx(0.15, abs=0.03)
    empty, _ = referred(rows, 1.0, full=0.0)
    assert (empty.boards.referred[0] < 0).all()


def test_a_county_is_as_full_as_the_share_of_its_plan_that_projects_cannot_have(fresh):
    state = fresh().state
    world, parks = state.world, state.parks
    mine = world.park_county == world.county("FA")
    parks.developed[mine], parks.planned[mine] = parks.occupied[mine] + parks.idle[mine], 0.0
    parks.released[mine] = parks.serviced[mine] = 0.0
    parks.planned[mine] = parks.developed[mine]
    assert fullness(state)[world.county("FA")] == pytest.approx(
        1.0 - parks.idle[mine].sum() / parks.planned[mine].sum()
    )
    parks.planned[mine] *= 2.0
    before = 1.0 - parks.idle[mine].sum() / (parks.planned[mine].sum() / 2.0)
    assert fullness(state)[world.county("FA")] == pytest.approx(before / 2.0)


def signed_in_the_mountains(model):
    """Leads along the chain and of clusters that signed in mountain counties."""
    projects = model.state.projects
    ours = np.isin(projects.channel, (Channel.CHAIN, Channel.CLUSTER)) & (projects.signed >= 0) & (projects.graft < 0)
    return ours & MOUNTAIN[np.maximum(projects.county, 0)]


@pytest.mark.slow
def test_referrals_bring_plants_to_the_mountains_and_they_are_less_productive(beside):
    """Three seeds together; of each only few leads sign in the mountains within three years."""
    few, many, ratio = 0, 0, []
    for seed in (1, 2, 3):
        plain, linked = beside(seed=seed), beside({"linkage.referral": 0.5}, seed=seed)
        rows = signed_in_the_mountains(linked)
        few, many = few + signed_in_the_mountains(plain).sum(), many + rows.sum()
        before = {int(s): a for s, a in zip(plain.state.projects.slot, plain.state.projects.productivity, strict=True)}
        ours = zip(linked.state.projects.slot[rows], linked.state.projects.productivity[rows], strict=True)
        ratio += [a / before[int(s)] for s, a in ours if int(s) in before]
    assert many > few
    assert min(ratio) == pytest.approx(0.95)
    assert max(ratio) <= 1.0 + 1e-12


# --- transfers --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paying(beside):
    """Three years with high transfers from the first month."""
    return beside({"linkage.transfer": 0.1})


def test_transfers_flow_from_coast_to_mountains_and_add_up_to_zero(paying):
    moved = paying.recorder.arrays["public_revenue"][:36, :, LINKAGE]
    np.testing.assert_allclose(moved.sum(axis=1), 0.0, atol=1e-9)
    assert moved[-1, :-1][MOUNTAIN].min() >= 0.0
    assert moved[-1, :-1][~MOUNTAIN].max() <= 0.0
    assert moved[-1, :-1][MOUNTAIN].sum() > 0.0
    assert moved[-1, -1] == 0.0, "the city level pays nothing"


def test_what_is_received_is_spent_in_the_next_month_while_schools_have_places(paying):
    state, ledger = paying.state, paying.state.ledger
    before, spent = ledger.earmarked_before, ledger.earmarked_spent
    settings = state.scenario[Linkage]
    places = settings.training_cost * settings.training_most / 12 * ledger.working_age_before[0]
    np.testing.assert_allclose(spent, np.minimum(before, places), rtol=1e-6, atol=1e-9)
    assert ((before > 0) & (before < places)).any(), "somewhere all is spent"
    land = SPENDING_ITEMS.index("land development")
    assert (ledger.spending[TRAINING, :-1] <= spent + 1e-9).all()
    assert (spent <= ledger.spending[TRAINING, :-1] + ledger.spending[land, :-1] + 1e-9).all()


def test_training_raises_skills_and_makes_no_people(usual, paying):
    plain, taught = usual.state.people.working_age, paying.state.people.working_age
    share = [each[1] / each.sum(axis=0) for each in (plain, taught)]
    got = paying.recorder.arrays["public_revenue"][:36, :-1, LINKAGE].sum(axis=0) > 1.0
    assert got.sum() >= 3
    assert (share[1] > share[0])[got].all()
    assert taught.sum() == pytest.approx(plain.sum(), rel=2e-3)


def test_trained_people_change_their_skill_and_nothing_else(fresh):
    models = [fresh(), fresh()]
    models[1].state.budgets.earmarked[MOUNTAIN] = 0.9
    models[1].state.budgets.balance[:-1][MOUNTAIN] += 0.9
    for model in models:
        model.step()
    one, other = (model.state.people.working_age for model in models)
    moved = np.where(MOUNTAIN, 0.9 / 0.03, 0.0)
    np.testing.assert_allclose(other - one, [-moved, moved], atol=1e-6)
    assert not models[1].state.budgets.earmarked.any()
    income = models[1].state.people.income - models[0].state.people.income
    np.testing.assert_allclose(income, 0.9 * MOUNTAIN, atol=1e-6)


def test_earmarked_money_does_not_swell_ordinary_spending(fresh, next_month):
    """A full purse that is earmarked plans as an empty one; the same money without earmark plans more."""
    found = []
    for purse, earmarked in ((0.0, 0.0), (60.0, 60.0), (60.0, 0.0)):
        model = fresh()
        state = next_month(model.state)
        public, n = state.budgets, state.world.county_count
        public.debt[:] = 0.0
        public.balance[:] = 0.0
        public.balance[:n][MOUNTAIN] = purse
        public.earmarked[MOUNTAIN] = earmarked
        public.taxes12[:] *= 2.0
        state.boards.public_revenue["taxes"] = public.taxes12[:, 0]
        state.ledger.balance_before, state.ledger.public_debt_before = public.balance.copy(), public.debt.copy()
        resolve_share(state, Streams(1))
        found.append(public.ordinary[:n][MOUNTAIN])
    np.testing.assert_allclose(found[1], found[0])
    assert (found[2] >= found[0]).all()
    assert (found[2] > found[0]).any()


def test_earmarked_money_develops_the_land_that_a_county_cannot_pay(fresh):
    found = {}
    for money in (0.0, 60.0):
        model = fresh()
        state = model.state
        for _ in range(3):
            model.step()
        county = int(np.flatnonzero(MOUNTAIN)[0])
        park = int(np.flatnonzero(state.world.park_county == county)[0])
        state.parks.developed[park] = state.parks.occupied[park] + state.parks.idle[park]
        state.parks.serviced[park] = 0.0
        state.counties.quota[county] = 500.0
        state.budgets.funded[county] = 0.0
        state.budgets.earmarked[county] = money
        state.budgets.balance[county] += money
        before, here = state.parks.developed.copy(), state.world.park_county == county
        model.step()
        developed = float((state.parks.developed - before)[here].sum())
        found[money] = developed, state.ledger.earmarked_spent[county], state.ledger.spending[:, county]
        in_land = state.budgets.earmarked_land[county]
    land, training = SPENDING_ITEMS.index("land development"), TRAINING
    assert found[0.0][0] <= 1e-9
    developed, spent, spending = found[60.0]
    assert developed > 0
    cost = load_cost()
    assert spending[land] == pytest.approx(cost * developed)
    assert spending[land] + spending[training] == pytest.approx(spent)
    assert in_land == pytest.approx(spending[land]), "so much of it must come back earmarked where others pay for land"
    assert 0.5 * 60.0 < spent <= 60.0, "the rest waits for places in the schools"


def load_cost():
    """c_dev of the baseline."""
    return Land().dev_cost


# --- off, before the start, pairs -------------------------------------------------------------------------------------


def test_without_referral_and_transfer_the_run_is_the_run_without_the_mechanism(beside, usual, same_run):
    same_run(usual, beside(without=OFF))
    same_run(usual, beside({"linkage.referral": 0.0, "linkage.transfer": 0.0}))


def test_before_its_start_linkage_does_nothing_and_afterwards_it_does(fresh, same_run):
    rates = {"linkage.referral": 0.5, "linkage.transfer": 0.1}
    late, never = fresh({**rates, "linkage.start": "2014-10"}), fresh({**rates, "linkage.start": "2035-12"})
    for _ in range(9):
        late.step()
        never.step()
    same_run(late, never)
    for _ in range(3):
        late.step()
        never.step()
    assert (late.recorder.arrays["public_revenue"][:12] != never.recorder.arrays["public_revenue"][:12]).any()


def test_transfers_and_referrals_work_one_without_the_other(paying, beside):
    by_lead = beside({"linkage.referral": 0.5}, months=12)
    assert not by_lead.recorder.arrays["public_revenue"][:12, :, LINKAGE].any()
    assert not np.any(paying.state.boards.referred[0] >= 0 if paying.state.boards.referred else False)


def test_the_city_says_when_the_rates_change(fresh):
    model = fresh({"linkage.start": "2014-02"})
    for _ in range(3):
        model.step()
    told = [(str(month), text) for month, who, text in model.log if who == "Ningde" and "mountain partners" in text]
    assert [month for month, _ in told] == ["2014-02"]
    assert "15%" in told[0][1]
    assert "3%" in told[0][1]


COUNTIES = [
    {"code": "JC", "group": "core"},
    {"code": "FA", "group": "coast"},
    {"code": "ZN", "group": "mountain"},
    {"code": "PN", "group": "mountain"},
]


@pytest.mark.parametrize(
    ("coast", "mountain", "why"),
    [
        ("JC", "FA", "FA is no mountain county"),
        ("FA", "FA", "FA is paired with itself"),
        ("ZN", "PN", "ZN is a mountain county and cannot help"),
        ("JC", "XX", "XX is no county"),
        ("JC", "ZN", "the pair JC-ZN stands there twice"),
    ],
)
def test_a_table_with_a_contradictory_pair_is_refused_with_file_line_and_rule(coast, mountain, why):
    table = [{"coast": "JC", "mountain": "ZN"}, {"coast": coast, "mountain": mountain}]
    with pytest.raises(ValueError, match=rf"pairs\.csv:3: {why}"):
        _pairs(table, COUNTIES)


def test_a_scenario_may_name_its_own_pairs_and_contradictory_ones_are_refused(baseline):
    changed = baseline.replace({"linkage.pairs": [["Dongqiao", "GT"]]}, name="one_pair")
    matrix = partner_matrix(changed[Linkage], load_world())
    assert np.argwhere(matrix).tolist() == [[load_world().county("DQ"), load_world().county("GT")]]
    with pytest.raises(ScenarioError, match="JC is paired with itself"):
        baseline.replace({"linkage.pairs": [["JC", "JC"]]}, name="itself")


def test_stages_of_referred_leads_are_the_usual_ones(beside):
    projects = beside({"linkage.referral": 0.5}, months=12).state.projects
    assert set(np.unique(projects.stage)) <= {int(stage) for stage in Stage}
