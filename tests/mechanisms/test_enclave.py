"""Enclaves: contracts that both counties gain by, what they move, and the double ledger that counts nothing twice."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest

import sim
from sim.accounts import BrokenIdentityError, check_budgets, check_land, check_ledgers, check_people
from sim.mechanisms.commuting import first_offered
from sim.mechanisms.enclave import (
    Enclave,
    FirstOffer,
    Negotiation,
    TaxSharing,
    Terms,
    annuity,
    by_share,
    chance_to_fill,
    host_gain,
    ledgers,
    origin_gain,
    promised_a_year,
    stay_chance,
)
from sim.mechanisms.labour import staffing
from sim.mechanisms.linkage import Linkage, partner_matrix
from sim.model import NingdeModel
from sim.resolvers import enclaves, open_ledger
from sim.scenario import ScenarioError
from sim.state import ENDS, REVENUE_ITEMS, SPENDING_ITEMS, Boards, Contracts, Stage
from tests.mechanisms.conftest import ablated

EARLY = {"enclave.start": "2014-01"}
MONTHS = 40


@pytest.fixture(scope="module")
def early(at_once):
    """All policies, enclaves too, from the first month."""
    return at_once.replace(EARLY, name="early")


@pytest.fixture(scope="module")
def lively(early):
    """Forty months with enclaves, to be read only."""
    return ablated(early, months=MONTHS)


@pytest.fixture
def of_ones_own(lively):
    """The state after forty months, to be changed."""
    return copy.deepcopy(lively.state)


def copied(early, months=MONTHS, **options):
    return ablated(early, months=months, **options)


def same(left, right, but=()):
    for name, values in left.recorder.arrays.items():
        if name not in but:
            np.testing.assert_array_equal(values, right.recorder.arrays[name], err_msg=name)


# --- what a contract is worth: 1 bn yuan on 100 mu, 34.6 M yuan of local tax a year, 10 years at 6 % ------------------

TAX, LAND, WORTH, COST = np.array(34.6), np.array(100.0), annuity(0.06, 10.0), 0.3


def terms(tax_share=0.5, *, credit=0.0, enforcement=0.7, capital=0.3, fixed=0.0, quota=0.0):
    return Terms(tax_share, credit, enforcement, capital, fixed, quota, 10.0, 0.0)


def to_host(tax_share, shadow, **more):
    return float(host_gain(TAX, LAND, terms(tax_share), worth=WORTH, dev_cost=COST, shadow=shadow, **more))


def to_origin(tax_share=0.5, *, trust=0.7, credit=0.0, value=0.2, **more):
    chosen = terms(tax_share, credit=credit, quota=more.pop("quota", 0.0))
    fixed = {"worth": WORTH, "dev_cost": COST, "trust": trust, "credit_value": value, "introduction": 5.0}
    return float(origin_gain(TAX, LAND, chosen, **fixed, **more))


@pytest.mark.parametrize(("shadow", "most"), [(0.8, 0.86), (1.08, 0.70)])
def test_a_host_short_of_land_accepts_up_to_a_share_of_the_tax(shadow, most):
    assert to_host(most, shadow) >= 0
    assert to_host(most + 0.01, shadow) < 0


def test_a_host_with_free_land_accepts_any_share():
    assert to_host(1.0, 0.0) > 0
    assert to_host(0.5, 0.0) == pytest.approx(254.659 * 0.65 - 21.0, abs=0.01)


def test_what_the_origin_gains_by_hand():
    assert to_origin() == pytest.approx(75.1, abs=0.05)
    assert to_origin(credit=0.5) == pytest.approx(100.6, abs=0.05)
    assert to_origin(credit=0.5, value=0.0) == to_origin()


def test_land_price_quota_spill_and_grants_count_once():
    assert to_host(0.5, 0.0, price=0.2) - to_host(0.5, 0.0) == pytest.approx(20.0)
    assert to_host(0.5, 0.0, spill=1.0) - to_host(0.5, 0.0) == pytest.approx(7.360, abs=1e-3)
    assert to_host(0.5, 0.0, grant=40.0) - to_host(0.5, 0.0) == pytest.approx(-40.0)
    assert to_origin(quota=0.5, quota_value=0.8) - to_origin() == pytest.approx(-40.0)
    assert to_origin(top_up=12.0) - to_origin() == pytest.approx(-12.0)


def test_a_fixed_yield_is_paid_on_the_capital_of_the_origin_whatever_the_tax():
    assert float(promised_a_year(TAX, LAND, terms(fixed=0.1), COST)) == pytest.approx(0.1 * 0.3 * 0.3 * 100.0)
    assert float(promised_a_year(2 * TAX, LAND, terms(fixed=0.1), COST)) == pytest.approx(0.9)


def test_the_share_of_the_origin_has_an_inner_optimum_because_hosts_refuse(fresh):
    """Twenty hosts with land worth nothing to 2 M yuan a mu decide; what the origin gets rises and then falls."""
    county = fresh().counties[5]
    shadow = np.linspace(0.0, 2.0, 20)

    def revenue(share):
        offer = host_gain(TAX, LAND, terms(share, enforcement=1.0), worth=WORTH, dev_cost=COST, shadow=shadow)
        return WORTH * share * 34.6 * county.accept_enclaves("host", offer).sum()

    taken = np.array([revenue(share) for share in np.linspace(0.0, 1.0, 21)])
    best = int(taken.argmax())
    assert 0 < best < 20
    assert taken[-1] < 0.8 * taken[best]
    assert any("signs no enclaves as host" in said for _, _, said in county.model.log) == (revenue(1.4) == 0)


def test_land_has_a_shadow_price_as_far_as_it_will_be_taken():
    def chance(room, a_year, mean):
        return chance_to_fill(np.array([room]), np.array([a_year]), np.array([mean]), np.array([mean**2]), 10.0)[0]

    assert chance(1000.0, 0.0, 0.0) == 0.0, "nobody comes"
    assert chance(0.0, 0.0, 0.0) == 1.0, "there is no land"
    assert chance(1000.0, 2.0, 50.0) == pytest.approx(0.5), "as many are expected as find room"
    assert chance(1000.0, 4.0, 50.0) > 0.99
    assert chance(1000.0, 1.0, 50.0) < 0.01


def test_a_lead_stays_where_it_is_better_off():
    own, there = np.array([0.0, 1.0, 3.0, 0.0]), np.array([2.0, 1.0, 1.0, 0.0])
    np.testing.assert_allclose(stay_chance(own, there), [0.0, 0.5, 0.75, 0.0])


def test_a_county_is_drawn_by_its_weight():
    weight = np.tile([0.0, 3.0, 0.0, 1.0], (4, 1))
    np.testing.assert_array_equal(by_share(weight, np.array([0.0, 0.74, 0.76, 0.999])), [1, 1, 3, 3])
    assert by_share(np.zeros((1, 4)), np.array([0.5]))[0] == -1


# --- two counties and one plant, by hand ------------------------------------------------------------------------------


def two_counties(chi=0.25, **more):
    """A plant in county 1, brought by county 0: output 100, value added 30, taxes 4 (2 local), 50 jobs, 12 mu."""
    contracts = Contracts()
    terms_ = {"tax_share": 0.5, "credit_share": chi, "term": 10.0, "produced": 7, **more}
    contracts.append(1, project=0, firm=0, origin=0, host=1, **terms_)
    one = np.array([1])
    firms = SimpleNamespace(
        county=one, output=np.array([100.0]), staff=np.array([50.0]), park=one, land=np.array([12.0])
    )
    firms.alive = np.array([True])
    books = SimpleNamespace(taxes=np.array([4.0]), local_tax=np.array([2.0]))
    levers = {"fiscal.city_share_local": 0.25, "enclave.enforcement": 0.7}
    return SimpleNamespace(
        world=SimpleNamespace(county_count=2),
        firms=firms,
        projects=SimpleNamespace(stage=np.array([int(Stage.DONE)])),
        table=SimpleNamespace(firm_value_added=np.array([30.0])),
        firm_accounts=books,
        contracts=contracts,
        trust=np.ones((2, 2)),
        month=30,
        boards=Boards(),
        lever=levers.__getitem__,
        scenario={Enclave: SimpleNamespace(experience=0.5)},
    )


def test_one_plant_counts_whole_in_place_and_shared_as_credited():
    place, credited = ledgers(two_counties())
    np.testing.assert_array_equal(place, [[0, 100], [0, 30], [0, 4], [0, 50], [0, 12]])
    np.testing.assert_array_equal(credited, [[25, 75], [7.5, 22.5], [1, 3], [12.5, 37.5], [3, 9]])


@pytest.mark.parametrize("chi", [0.0, 1.0])
def test_the_whole_plant_may_be_credited_to_either(chi):
    place, credited = ledgers(two_counties(chi))
    np.testing.assert_array_equal(credited, place[:, ::-1] if chi else place)


def test_tax_is_moved_as_promised_and_kept_by_hand():
    """Of 2 the host keeps 1.5; half of it is promised, 0.7 of that paid; then trust is 1 - 0.3 x 0.5 / 12."""
    state = two_counties()
    TaxSharing().step(state, None)
    np.testing.assert_allclose(state.boards.public_revenue["enclaves"], [0.525, -0.525, 0.0], rtol=1e-15)
    enclaves.close_month(state)
    assert state.contracts.promised[0] == 0.75
    assert state.contracts.paid[0] == pytest.approx(0.525, rel=1e-15)
    assert state.trust[0, 1] == pytest.approx(1.0 - 0.3 * 0.5 / 12)
    assert state.trust[1, 0] == 1.0


def test_a_fixed_yield_is_paid_by_the_month():
    state = two_counties(fixed_yield=0.1, capital=9.0)
    TaxSharing().step(state, None)
    assert state.boards.enclave_shares.promised[0] == pytest.approx(0.1 * 9.0 / 12)


@pytest.mark.parametrize(
    ("change", "end"),
    [
        ({}, "runs"),
        ({"alive": False}, "plant closed"),
        ({"month": 125}, "runs"),
        ({"month": 126}, "term over"),
        ({"stage": int(Stage.FAILED)}, "project failed"),
    ],
)
def test_a_contract_ends_with_its_term_its_plant_or_its_project(change, end):
    state = two_counties()
    state.month = change.get("month", 30)
    state.firms.alive[0] = change.get("alive", True)
    state.projects.stage[0] = change.get("stage", int(Stage.DONE))
    enclaves.close_month(state)
    assert ENDS[state.contracts.reason[0]] == end
    assert (state.contracts.ended[0] >= 0) == (end != "runs")
    state.month += 1
    TaxSharing().step(state, None)
    assert (state.boards.enclave_shares.paid.sum() > 0) == (end == "runs"), "nothing is paid after the end"


def test_the_month_in_which_a_contract_ends_is_still_credited():
    state = two_counties()
    state.month = 126
    enclaves.close_month(state)
    assert ledgers(state)[1][0, 0] == 25.0
    state.month = 127
    assert ledgers(state)[1][0, 0] == 0.0


# --- the first offer of posts -----------------------------------------------------------------------------------------


def test_posts_offered_first_by_hand():
    """S = R = 100, k = 4: k / (1 + k) of the posts are taken; nobody comes where no post is kept."""
    supply, kernel = np.full((1, 2), 100.0), np.full((1, 2, 2), 4.0)
    posts = np.array([[[0.0, 100.0], [0.0, 0.0]]])
    np.testing.assert_allclose(first_offered(supply, posts, kernel), [[[0.0, 80.0], [0.0, 0.0]]])


def test_two_hosts_cannot_take_more_people_than_there_are():
    supply, kernel = np.full((1, 2), 100.0), np.full((1, 2, 2), 1e3)
    taken = first_offered(supply, np.full((1, 2, 2), 400.0), kernel)
    assert (taken.sum(axis=2) <= supply).all()
    assert taken.sum() == pytest.approx(200.0, rel=0.01)


@pytest.mark.slow
def test_without_the_first_offer_fewer_of_the_origin_work_in_the_host(of_ones_own):
    state, contracts = of_ones_own, of_ones_own.contracts
    contracts.reserved_jobs[:] = 0.5
    rows = contracts.credited
    assert len(rows), "no plant of an enclave works after forty months"
    wanted = state.boards.wanted
    state.boards.reserved = None
    _, without, _, _ = staffing(state, wanted)
    FirstOffer().step(state, None)
    filled, workers, _, _ = staffing(state, wanted)
    origin, host = contracts.origin[rows], contracts.host[rows]
    assert (workers[:, origin, host].sum(axis=0) > without[:, origin, host].sum(axis=0)).all()
    assert (workers.sum(axis=2) <= state.people.labour_force).all()
    assert (filled <= 1.0).all()


# --- in the month -----------------------------------------------------------------------------------------------------


def test_counties_sign_what_both_gain_by(lively):
    contracts, world = lively.state.contracts, lively.world
    assert len(contracts) > 5
    assert (contracts.expected_host >= 0).all()
    assert (contracts.expected_origin >= 0).all()
    up = world.group[contracts.host] == 2
    np.testing.assert_array_equal(contracts.forward, up)
    assert (up != (world.group[contracts.origin] == 2)).all(), "one partner is in the mountains, the other is not"
    np.testing.assert_array_equal(world.park_county[contracts.park], contracts.host)
    projects = lively.state.projects
    np.testing.assert_array_equal(projects.county[contracts.project], contracts.host)
    np.testing.assert_array_equal(projects.origin[contracts.project], contracts.origin)
    assert sum("an enclave worth" in said for _, _, said in lively.log) == len(contracts)


def test_both_views_are_the_same_city_every_month(lively):
    assert lively.recorder.residual["I13"] <= 1e-12
    a = lively.recorder.arrays
    assert (a["credited_output"] != a["output"].sum(axis=2)).any()
    for measure, place in (("output", a["output"].sum(2)), ("value_added", a["value_added"].sum(2))):
        np.testing.assert_allclose(a[f"credited_{measure}"].sum(axis=1), place.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(a["credited_tax"].sum(axis=1), a["revenue_total"].sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(a["credited_land"].sum(axis=1), a["plant_land"].sum(axis=1), rtol=1e-12)


def test_a_plant_counted_twice_breaks_the_books(of_ones_own):
    state = of_ones_own
    check_ledgers(state)
    state.table.firm_value_added[int(state.contracts.firm.max())] += 1.0
    with pytest.raises(BrokenIdentityError, match="I13 value added in place"):
        check_ledgers(state)


def test_what_the_origin_pays_and_cedes_reaches_the_host(lively):
    contracts, a = lively.state.contracts, lively.recorder.arrays
    settled = contracts.settled
    assert settled.any()
    assert (contracts.capital[settled] <= 0.3 * 0.3 * contracts.land[settled] + 1e-9).all()
    owed = contracts.quota_share[settled] * contracts.land[settled]
    ended = contracts.ended[settled] >= 0
    given = contracts.quota_ceded[settled] + contracts.quota_due[settled]
    np.testing.assert_allclose(given[~ended], owed[~ended])
    assert (contracts.quota_ceded[~settled] == 0).all()
    enclave_money = a["public_revenue"][:, :, REVENUE_ITEMS.index("enclaves")]
    np.testing.assert_allclose(enclave_money.sum(axis=1), 0.0, atol=1e-12)
    assert np.maximum(enclave_money, 0).sum() == pytest.approx(contracts.paid.sum())
    introduced = a["public_spending"][:, :-1, SPENDING_ITEMS.index("promotion")].sum()
    assert introduced == pytest.approx(5.0 * len(contracts))


def settled_by_hand(state, *, released=0.0, earmarked_land=0.0):
    """One contract takes its land this month: (contract, host, land that had to be developed)."""
    contracts, projects = state.contracts, state.projects
    state.ledger = open_ledger(state)
    state.budgets.funded[:] = 1.0
    contracts.quota_due[:] = 0.0
    contracts.settled[:] = True
    row = int(np.flatnonzero(contracts.ended < 0)[0])
    contracts.settled[row], contracts.capital[row], contracts.quota_ceded[row] = False, 0.0, 0.0
    project, host = contracts.project[row], int(contracts.host[row])
    projects.stage[project] = Stage.LAND
    projects.released_land[project] = released * contracts.land[row]
    state.counties.quota[contracts.origin[row]] = 1e3
    state.budgets.earmarked_land[:] = 0.0
    state.budgets.earmarked_land[host] = earmarked_land
    enclaves.settle_land(state)
    return row, host, (1.0 - released) * contracts.land[row]


@pytest.mark.parametrize("released", [0.0, 0.4, 1.0])
def test_released_land_costs_the_origin_neither_development_nor_quota(of_ones_own, released):
    state = of_ones_own
    row, host, land = settled_by_hand(state, released=released)
    contracts = state.contracts
    paid = contracts.capital_share[row] * 0.3 * land
    assert contracts.capital_share[row] == 0.3
    assert contracts.capital[row] == pytest.approx(paid, abs=1e-12)
    assert contracts.quota_ceded[row] == pytest.approx(contracts.quota_share[row] * land, abs=1e-12)
    spending = state.ledger.spending[SPENDING_ITEMS.index("land development")]
    assert spending[host] == pytest.approx(-paid, abs=1e-12)
    assert spending.sum() == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0, 3.0])
def test_what_earmarked_money_paid_for_land_comes_back_as_earmarked_money(of_ones_own, share):
    """The origin pays back; the purse of the host gets up to what it had spent on land, the rest is free."""
    state = of_ones_own
    row = int(np.flatnonzero(state.contracts.ended < 0)[0])
    paid = 0.3 * 0.3 * float(state.contracts.land[row])
    before = state.budgets.earmarked.copy()
    _, host, _ = settled_by_hand(state, earmarked_land=share * paid)
    back = min(share, 1.0) * paid
    gained = state.budgets.earmarked - before
    assert gained[host] == pytest.approx(back)
    assert state.budgets.earmarked_land[host] == pytest.approx(share * paid - back, abs=1e-12)
    assert np.delete(gained, host).tolist() == [0.0] * (len(gained) - 1)
    np.testing.assert_allclose(state.ledger.earmarked_spent, -gained, atol=1e-12)
    assert state.ledger.asked[host] == pytest.approx(back - paid), "what is earmarked pays no lever"


def test_no_contract_brings_back_a_lead_that_the_coast_has_passed_on(early, monkeypatch):
    """Referrals at their highest from counties as if full: helping counties had contracts on offer, none was signed."""
    monkeypatch.setattr("sim.mechanisms.linkage.fullness", lambda state: np.ones(state.world.county_count))
    plan = early.replace(
        {"enclave.direction": "reverse", "linkage.start": "2014-01", "linkage.referral": 0.5}, name="referrals"
    )
    model, offered, elsewhere = NingdeModel(plan, 1), 0, 0
    world = model.world
    helping = partner_matrix(plan[Linkage], world).any(axis=1)
    for _ in range(24):
        model.step()
        boards, projects = model.state.boards, model.state.projects
        rows = np.flatnonzero(boards.referred[0] >= 0) if boards.referred else []
        if not len(rows):
            continue
        where = helping[world.park_county]
        offered += sum((mask[rows] & where).any(axis=1).sum() for mask in boards.invited)
        here = np.flatnonzero((projects.born == model.state.month) & (projects.signed == model.state.month))
        slots = set(boards.leads[0]["slot"][rows].tolist())
        signed = here[[int(slot) in slots for slot in projects.slot[here]]]
        assert not helping[projects.county[signed]].any()
        elsewhere += len(signed)
    assert offered > 0
    assert elsewhere > 0


def test_ceded_quota_is_seen_by_the_books(of_ones_own):
    """A county that hands over all its quota loses exactly what its partner gets."""
    state = of_ones_own
    state.ledger = open_ledger(state)
    before = state.counties.quota.copy()
    running = np.flatnonzero(state.contracts.ended < 0)
    state.contracts.quota_due[running] = 1e6
    enclaves._cede_quota(state)
    moved = state.counties.quota - before
    assert moved.sum() == pytest.approx(0.0, abs=1e-9)
    assert moved.max() > 0
    assert state.counties.quota.min() >= -1e-9
    np.testing.assert_allclose(state.ledger.quota_ceded, moved)


def test_without_negotiation_nobody_signs_and_the_run_is_that_without_direction(early, lively):
    none = copied(early.replace({"enclave.direction": "none"}, name="none"), months=18)
    without = copied(early, without=(Negotiation, FirstOffer, TaxSharing), months=18)
    assert not len(none.state.contracts)
    same(none, without)
    assert lively.state.contracts.signed.min() <= 18, "with it somebody would have signed"


def test_before_its_start_it_changes_nothing(early, lively):
    later = early.replace({"enclave.start": "2015-07"}, name="later")
    none = copied(early.replace({"enclave.direction": "none"}, name="none"), months=18)
    same(copied(later, months=18), none)
    assert lively.state.contracts.signed.min() <= 18, "it would have changed something"


def test_without_sharing_hosts_keep_all_their_tax(early, lively):
    without = copied(early, without=(TaxSharing,))
    at = REVENUE_ITEMS.index("enclaves")
    assert not without.recorder.arrays["public_revenue"][:, :, at].any()
    assert lively.recorder.arrays["public_revenue"][:, :, at].any()
    assert (without.state.trust == 1.0).all()
    assert lively.state.trust.min() < 1.0


@pytest.mark.slow
def test_with_no_value_of_credit_its_share_changes_no_real_number(early):
    free = early.replace({"enclave.credit_value": 0.0}, name="free")
    none, whole = (
        copied(free.replace({"enclave.credit_share_origin": chi}, name="chi"), months=MONTHS) for chi in (0.0, 1.0)
    )
    credited = [name for name in none.recorder.arrays if name.startswith("credited_")]
    assert len(credited) == 5
    same(none, whole, credited)
    assert (none.recorder.arrays["credited_output"] != whole.recorder.arrays["credited_output"]).any()
    place = none.recorder.arrays["output"].sum(axis=2)
    np.testing.assert_allclose(none.recorder.arrays["credited_output"], place, rtol=1e-12)


def test_origins_that_trust_nobody_bring_nothing(early):
    model = NingdeModel(early.replace({"enclave.credit_value": 0.0}, name="doubt"), 1)
    model.state.trust[:] = 0.0
    for _ in range(18):
        model.step()
    assert not len(model.state.contracts)
    assert any("signs no enclaves as origin" in said for _, _, said in model.log)


@pytest.mark.parametrize(("direction", "forward"), [("forward", True), ("reverse", False)])
def test_a_direction_opens_one_way_only(early, direction, forward):
    model = copied(early.replace({"enclave.direction": direction}, name=direction), months=18)
    assert len(model.state.contracts)
    assert (model.state.contracts.forward == forward).all()


def test_identities_hold_after_a_month_with_contracts(lively):
    for check in (check_budgets, check_land, check_people, check_ledgers):
        assert check(lively.state) <= 1e-8


def test_a_yield_on_nothing_is_refused():
    with pytest.raises(ScenarioError, match="fixed yield is promised on a capital share of 0"):
        sim.load("baseline").replace({"enclave.fixed_yield": 0.1, "enclave.capital_share_origin": 0.0}, name="bad")


@pytest.mark.parametrize("name", ["no_enclaves", "forward_enclaves", "reverse_enclaves"])
def test_shipped_scenarios_ask_a_question(name):
    scenario = sim.load(name)
    assert scenario.title
    assert scenario.question.endswith("?")


@pytest.mark.slow
def test_forward_moves_output_to_the_mountains_only_when_core_land_binds():
    """Mean over three seeds of the mountains' output in 2035 with forward enclaves over that without."""

    def effect(land):
        change = []
        for seed in (1, 2, 3):
            outputs = []
            for direction in ("none", "forward"):
                plan = sim.load(land).replace({"enclave.direction": direction}, name=direction)
                model = NingdeModel(plan, seed)
                model.run()
                output = model.recorder.arrays["output"][-12:].sum(axis=(0, 2))
                outputs.append(output[model.world.group == 2].sum() / 1000.0)
            change.append(outputs[1] - outputs[0])
        return float(np.mean(change))

    assert effect("tight_land") > max(effect("wide_land"), 0.0)
