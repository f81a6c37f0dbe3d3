"""The traps of models like this (model description, section 12) as tests: each can spring, and here is what holds it.

==============================  ========================================================================================
Trap                            Held by
==============================  ========================================================================================
outcome hard-wired              test_information (whole file: no file of outcomes named or opened, nothing later than
                                known); test_emergence (leaders removed, gaps blind, chain promotion off)
growth an exogenous rate        test_model::test_growth_without_drivers, ::test_exit_takes_what_the_lost_capacity_sold;
                                test_growth (whole file); here: without demand and promotion nothing grows
agents do not touch the core    test_coupling (whole file)
core a constant multiplier      test_coupling::test_coefficients_move_after_entry; here: null model N2
policy only adds a constant     here: effects of a lever by group of counties and level (slow)
value added against output      here: a merger; the headline prints both
enclave double counting         test_identities (I13); mechanisms/test_enclave::test_with_no_value_of_credit_...
Dongqiao inside Jiaocheng       test_identities (I5); statistics/test_bureau::test_dongqiao_is_counted_once_...;
                                test_results::test_official_jiaocheng_holds_dongqiao; here: people and jobs too
nominal against real            test_identities (I17), mechanisms/test_prices::test_in_the_base_year_every_price_is_one,
                                statistics/test_activity::test_double_deflation_takes_inputs_at_their_own_prices
announced capacity as output    here: what finished plants make of what was announced
money from nowhere              test_identities (I6, I12); resolvers/test_accounts_of_firms (whole file);
                                mechanisms/test_fiscal::test_who_keeps_taxes_moves_budgets_and_makes_no_money
land or labour created          test_identities (I8, I9); mechanisms/test_land::test_land_is_neither_made_nor_lost;
                                mechanisms/test_commuting::test_margins_are_limits_...; resolvers/test_closing
capital from nowhere            test_identities (I7); here: without investment plants cannot follow demand
pipeline skips stages           test_identities (I10); here: least times of all stages
noise read as policy            test_model::test_an_inert_lever_changes_nothing, ::test_policies_meet_the_same_luck;
                                here: no placebo pair differs in any bit
rationing decides               test_shocks; inputoutput/test_rationing::test_no_rule_beats_the_best_case
numerical                       here: half a month a step (slow); firms, links in another order
screen or mask kills a product  here: every product of firms has a park that may take it
normal entry balances exit      opening/test_position::test_normal_entry_balances_exit
links saturate                  mechanisms/test_sourcing::test_more_local_capacity_raises_the_home_share_...; here: odds
rest of industry ignored        statistics/test_bureau::test_the_article_of_2019_from_levels; here: in the model itself
feasibility ignored             test_limits::test_without_land_projects_wait_for_land; mechanisms/test_labour::
                                test_without_people_output_stops_growing_and_wages_rise; test_growth (electricity);
                                here: each alone keeps the region below a trillion (slow)
==============================  ========================================================================================

No test can hold these: one parameter dominates (a statement of sensitivity studies), leader luck (results conditional
on leader paths), fit by survivorship (a rule for who scores).
"""

import numpy as np
import pytest

import sim
from sim.draws import Streams
from sim.mechanisms import candidates, demand, events, firms, migration, promotion
from sim.mechanisms.location import physical_mask
from sim.mechanisms.sourcing import Sourcing, SupplierChoice
from sim.model import NingdeModel
from sim.report.summary import MONEY
from sim.resolvers.production import resolve_supply
from sim.settings import Projects
from sim.state import Stage
from sim.statistics import by_view, growth_of_groups
from tests.copies import copy_project, python, replace_once
from tests.runs import aged

YEARS = 8


@pytest.fixture(scope="module")
def baseline():
    return sim.load("baseline")


@pytest.fixture(scope="module")
def grown(baseline):
    """The baseline at the end of 2021, with the tables of its Decembers and that of the first month."""
    model, tables = NingdeModel(baseline, 1), []
    for month in range(12 * YEARS):
        model.step()
        if month == 0 or model.state.month % 12 == 0:
            tables.append(model.state.table)
    return model, tables


def annual(model, name, years):
    """(years, C, K) sums of a recorded variable."""
    values = model.recorder.arrays[name][: 12 * years]
    return values.reshape(years, 12, *values.shape[1:]).sum(axis=1)


# --- growth -----------------------------------------------------------------------------------------------------------


def test_without_demand_and_promotion_nothing_grows(baseline):
    """Outside demand stands still, nobody promotes; entry, exit, noise and leaders go on as ever."""
    still = baseline.replace({"run.world": "flat", "promotion.budget": 0}, name="still")
    model = NingdeModel(still, 1, without=(events.History,))
    for _ in range(60):
        model.step()
    value_added = annual(model, "value_added", 5).sum(axis=(1, 2))
    assert len(model.state.projects) > 300, "entry was not switched off"
    assert np.log(value_added[-1] / value_added[0]) / 4 < 0.005


def test_without_investment_plants_cannot_follow_demand(baseline):
    """Capital is what was invested: all demand grows by 8 % a year, and without investment capacity binds."""
    silent = (candidates.CandidatePool, promotion.Funnel, events.History, firms.ProductivityNoise, firms.Exit)
    flat = baseline.replace({"run.world": "flat"}, name="flat")
    made, capital = {}, {}
    for name, without in (("with", silent), ("without", (*silent, firms.Investment))):
        model = NingdeModel(flat, 1, without=without)
        path = next(part for part in model.month_list if isinstance(part, demand.OutsideDemand)).path
        path.known = path.known[:, :1] + 0.08 / 12 * np.arange(path.known.shape[1])
        mine = ~model.state.firms.block & ~model.state.firms.fringe & (model.state.firms.leader < 0)
        before = model.state.firms.capital[mine].sum()
        for _ in range(60):
            model.step()
        capital[name] = model.state.firms.capital[mine].sum() / before
        made[name] = model.state.firms.output[mine].sum()
    assert capital["without"] == 1.0
    assert capital["with"] > 1.1
    assert made["with"] > 1.1 * made["without"]


# --- the core ---------------------------------------------------------------------------------------------------------


def fixed_coefficients(tables):
    """Output that the coefficients of the first table make of the final demand of each later one (null model N2)."""
    first = tables[0]
    safe = np.where(first.output > 0, first.output, 1.0)
    inverse = np.linalg.inv(np.eye(len(safe)) - first.flows / safe[None, :])
    return [inverse @ table.final.sum(axis=1) for table in tables]


def test_fixed_coefficients_do_not_make_the_model(grown):
    """N2 gets the same final demand. It gives back the first month, and misses more and more as links form."""
    model, tables = grown
    null = fixed_coefficients(tables)
    np.testing.assert_allclose(null[0], tables[0].output, rtol=1e-8, atol=1e-8)
    chain = np.tile(model.world.chain_product, model.world.county_count)

    def miss(year, part):
        made = tables[year].output[part]
        return np.abs(null[year][part] - made).sum() / made.sum()

    everything = np.ones_like(chain)
    assert miss(5, everything) > 0.01, "a table that never changes would do: the core were decorative"
    assert miss(5, chain) > 0.03
    assert miss(8, chain) > 0.08
    assert null[8].sum() < tables[8].output.sum(), "suppliers that came nearby are not in the old coefficients"


def test_the_multiplier_of_the_city_moves(grown):
    """Output per final delivery, month by month a property of firms and links."""
    _, tables = grown
    ratio = np.array([table.output.sum() / table.final.sum() for table in tables])
    assert ratio.max() / ratio.min() > 1.03


def test_a_merger_leaves_value_added_and_lowers_output(grown):
    """Two firms under one roof: what one sells the other is no sale any more; nothing else changes."""
    model, _ = grown
    state, table = model.state, model.state.table
    links, relations, output = table.links, state.relations, state.firms.output
    buyer = relations.buyer[links.relation]
    cell = state.firms.product[buyer] == model.world.product("B_CELL")
    factor = np.where(cell, state.markets.material_factor, 1.0) * relations.coefficient[links.relation]
    sold = links.weight * factor * output[buyer] * table.served[links.supplier]
    sold[buyer == links.supplier] = 0.0
    at = int(sold.argmax())
    one, two, between = links.supplier[at], buyer[at], sold[at]
    assert between > 10.0
    value_added = table.firm_value_added[[one, two]].sum()
    bought = output[[one, two]] - table.firm_value_added[[one, two]]
    merged_output, merged_inputs = output[[one, two]].sum() - between, bought.sum() - between
    assert merged_output < output[[one, two]].sum() - 10.0
    assert merged_output - merged_inputs == pytest.approx(value_added, rel=1e-12)
    # the measure without chain double counting does not see the merger: output and sales inside industry fall alike
    recorded = model.recorder.arrays
    sales = recorded["intermediate_industry"][state.month - 1]
    assert sales > between
    made = recorded["output_above_scale"][state.month - 1].sum()
    assert (made - between) - (sales - between) == pytest.approx(made - sales, rel=1e-12)


def test_output_is_never_told_without_value_added():
    """Each year told has output at current and constant prices and without chain double counting, and value added."""
    assert {"output_nominal", "output_real", "output_net", "value_added_nominal"} <= set(MONEY)


# --- counted once -----------------------------------------------------------------------------------------------------


def test_dongqiao_is_never_counted_twice(grown):
    """Every recorded amount of the ten regions adds up to the same city in official rows; Dongqiao has no row there."""
    model, _ = grown
    counties, seen = model.world.county_count, 0
    jiaocheng, dongqiao = model.world.county("JC"), model.world.county("DQ")
    for name, values in model.recorder.arrays.items():
        if values.ndim < 2 or values.shape[1] != counties or name in ("vacancy", "wage"):
            continue
        amount = values[: 12 * YEARS].sum(axis=0)
        rows, official = by_view(amount, model.world, "official")
        np.testing.assert_allclose(official.sum(axis=0), amount.sum(axis=0), rtol=1e-12, atol=1e-9, err_msg=name)
        np.testing.assert_allclose(official[0], amount[jiaocheng] + amount[dongqiao], rtol=1e-12, err_msg=name)
        assert model.world.county_names[dongqiao] not in rows
        seen += 1
    assert seen > 15
    np.testing.assert_allclose(model.recorder.arrays["output"][95].sum(), model.state.firms.output.sum(), rtol=1e-12)


def test_the_rest_of_industry_may_shrink(grown):
    """In the known period the four chains contribute more than all growth: the rest falls, as it did in 2019."""
    model, _ = grown
    world = model.world
    by_product = annual(model, "value_added_above_scale", YEARS).sum(axis=1)
    four = world.chain >= 0
    rest = world.legacy | (np.arange(world.product_count) == world.product("ENER"))
    groups = np.column_stack([by_product[:, four].sum(axis=1), by_product[:, rest].sum(axis=1)])
    growth = growth_of_groups(groups[5], groups[4])  # 2019 against 2018
    assert growth.total > 0.02
    assert growth.growth[1] < 0.0
    assert growth.contribution[0] > 1.0
    assert growth.contribution.sum() == pytest.approx(1.0)


# --- projects ---------------------------------------------------------------------------------------------------------


def test_no_stage_takes_less_than_its_time(grown):
    """A stage lasts a month at least: signed, then land, then work; none is announced, built and run at once."""
    projects = grown[0].state.projects
    done = projects.stage == Stage.DONE
    assert done.sum() > 300
    assert (projects.signed[done] >= projects.born[done]).all()
    assert (projects.built[done] - projects.signed[done] >= 2).all(), "SIGNED and LAND take a month each"
    free = done & (projects.forced_production < 0)
    assert (projects.done[free] - projects.built[free] >= 3).all()
    assert (projects.done[~done] < 0).all()
    begun = projects.work_left < projects.work * (1 - 1e-9)
    dated = projects.event >= 0  # some were being built when the model begins
    assert not (begun & ~dated & (projects.built < 0)).any()


def test_what_was_announced_is_not_what_is_made(grown):
    """Both are kept apart: plants run in, sell what they can, and stand idle in part."""
    model, _ = grown
    state, projects = model.state, model.state.projects
    new = np.flatnonzero((projects.stage == Stage.DONE) & (projects.graft < 0) & (projects.done <= state.month - 24))
    born = {int(slot): row for row, slot in enumerate(state.firms.slot) if not state.firms.opening[row]}
    rows = np.array([born.get(int(slot), -1) for slot in projects.slot[new]])
    found = rows >= 0
    rows, announced = rows[found], projects.announced_output[new[found]]
    assert len(rows) > 100
    ratio = 12.0 * state.firms.output[rows] / announced
    assert 0.1 < ratio.mean() < 0.95
    assert ratio.std() > 0.15
    assert (state.firms.capital[rows] == 0.0).any(), "some have closed"


def test_every_product_has_a_park_that_may_take_it(baseline):
    """At the screen and the plan of the baseline, for a mean project, once all levers have started."""
    model = aged(60)
    state, world = model.state, model.world
    products = np.flatnonzero(world.agent)
    technology, projects = state.technology, baseline[Projects]
    size = np.where(world.chain_product, projects.size_chain_mean, projects.size_bump_mean)[products]
    land = size / technology.capital[products] * technology.land[products]
    allowed = physical_mask(state, products, land)
    screen = state.lever("promotion.screen_tax_per_mu")
    assert screen > 0
    tax = technology.tax[products] / technology.land[products]
    admitted = np.column_stack([county.admit(tax, screen, 0.5) for county in model.counties])
    _, refused = model.city.zone(np.zeros((world.county_count, world.product_count)), state.lever("zoning.strictness"))
    open_ = allowed & admitted[:, world.park_county] & ~refused[:, products].T[:, world.park_county]
    closed = [world.products[product] for product in products[~open_.any(axis=1)]]
    assert not closed


# --- links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [pytest.param(30, marks=pytest.mark.slow), 100])
def test_more_cathode_capacity_raises_the_odds_and_never_fills_the_share(baseline, times):
    """The home share s of cathodes obeys s/(1 - s) ~ capacity, whatever the opening share; links do not saturate at 1.

    With the 0.038 of the model description, 30 and 100 times give 0.54 and 0.79; the opening has another share today.
    """
    assert [round(n * 0.038 / 0.962 / (1 + n * 0.038 / 0.962), 2) for n in (30, 100)] == [0.54, 0.80]
    model = NingdeModel(baseline, 1)
    state, choice = model.state, SupplierChoice(baseline[Sourcing])
    firms_, relations, links = state.firms, state.relations, state.links
    cathode = model.world.product("B_CATH")
    mine = (relations.product == cathode)[links.relation]

    def shares():
        return np.bincount(links.relation[mine], state.links.weight[mine], minlength=len(relations))

    before = shares()
    firms_.capacity = np.where(firms_.product == cathode, times * firms_.capacity, firms_.capacity)
    for _ in range(150):
        state.month += 1
        choice.step(state, Streams(1))
        resolve_supply(state, Streams(1))
    after = shares()
    some = before > 1e-6
    assert some.any()
    odds = times * before[some] / (1.0 - before[some])
    np.testing.assert_allclose(after[some], odds / (1.0 + odds), rtol=1e-3)
    assert after.max() < 1.0


# --- noise and numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "placebo",
    [
        {"talent.budget": 900},
        pytest.param({"linkage.referral": 0.5}, marks=pytest.mark.slow),
        pytest.param({"land_cage.threshold_tax": 0.1}, marks=pytest.mark.slow),
    ],
)
def test_no_placebo_pair_differs(baseline, placebo):
    """By construction: the same luck with and without. So not one pair in any number is read as an effect."""
    plain, placed = aged(24, 2), NingdeModel(baseline.replace(placebo, name="placebo"), 2)
    for _ in range(24):
        placed.step()
    for name, values in plain.recorder.arrays.items():
        np.testing.assert_array_equal(values, placed.recorder.arrays[name], err_msg=name)


def shuffle(model, seed):
    """Put firms and links of an opening into another order; who is linked to whom stays."""
    state, luck = model.state, np.random.default_rng(seed)
    rows, links = luck.permutation(len(state.firms)), luck.permutation(len(state.links))
    place = np.empty(len(rows), dtype=np.int64)
    place[rows] = np.arange(len(rows))
    for spec in state.firms.specs:
        setattr(state.firms, spec.name, getattr(state.firms, spec.name)[rows])
    for spec in state.links.specs:
        setattr(state.links, spec.name, getattr(state.links, spec.name)[links])
    state.links.supplier = place[state.links.supplier]
    state.relations.buyer = place[state.relations.buyer]
    for name, values in vars(state.firm_accounts).items():
        setattr(state.firm_accounts, name, values[rows])


def test_the_order_of_firms_does_not_matter(baseline):
    """Counts are equal and values within 1e-9 after three years, with projects added to firms drawn by luck."""
    one, two = NingdeModel(baseline, 1), NingdeModel(baseline, 1)
    shuffle(two, 5)
    assert (one.state.firms.county != two.state.firms.county).any()
    for _ in range(36):
        one.step()
        two.step()
    left, right = one.state, two.state
    assert (left.projects.graft >= 0).sum() > 10
    for name in ("firms", "projects", "entered", "introduced"):
        np.testing.assert_array_equal(one.recorder.arrays[name], two.recorder.arrays[name], err_msg=name)
    for name in ("stage", "county", "park", "product", "done"):
        np.testing.assert_array_equal(getattr(left.projects, name), getattr(right.projects, name), err_msg=name)
    for name in ("output", "value_added", "capital", "jobs", "price", "wage", "population", "public_debt", "land"):
        there = one.recorder.arrays[name]
        scale = np.abs(there).max()
        np.testing.assert_allclose(two.recorder.arrays[name], there, rtol=1e-9, atol=1e-9 * scale, err_msg=name)


HALVES = (
    ("sim/state.py", "YEAR = 12\n", "YEAR = 24\n"),
    (
        "sim/parameters/months.py",
        "int(match[1]) * 12 + int(match[2]) - 1",
        "int(match[1]) * 24 + 2 * int(match[2]) - 1",
    ),
    ("sim/parameters/months.py", "int(self) // 12", "int(self) // 24"),
    ("sim/parameters/months.py", "int(self) % 12 + 1", "int(self) % 24 // 2 + 1"),
    ("sim/mechanisms/demand.py", "* YEAR + 7 - OPENING.month", "* YEAR + 2 * (7 - OPENING.month)"),
    ("sim/mechanisms/leaders.py", "* YEAR + 7 - OPENING.month", "* YEAR + 2 * (7 - OPENING.month)"),
    ("sim/mechanisms/sourcing.py", "firms.productivity[rows] / 12.0", "firms.productivity[rows] / 24.0"),
)
"""What makes a year of 24 steps: its length, a calendar of halves (a month is its second half, its end), and the places
that count months of the year by hand."""


@pytest.mark.slow
def test_half_a_month_a_step_changes_output_by_less_than_a_percent(tmp_path):
    """A true half-month in a copy of the package, without noise, entry and exit, to 2030; see tests/steps.py."""
    made = {}
    for name in ("month", "half"):
        folder = copy_project(tmp_path / name, ("sim", "scenarios", "tests"))
        for file, old, new in HALVES if name == "half" else ():
            replace_once(folder / file, old, new)
        done = python(folder, "tests/steps.py")
        assert done.returncode == 0, done.stderr
        made[name] = np.array([float(line.split()[1]) for line in done.stdout.splitlines()])
    assert len(made["half"]) == 17
    assert made["month"][-1] > 1.2 * made["month"][0], "it would be no test if nothing moved"
    change = made["half"] / made["month"] - 1.0
    assert np.abs(change).max() < 0.01
    assert (change != 0.0).all(), "the copy has other steps"


# --- policy and limits ------------------------------------------------------------------------------------------------


def by_group(scenario, seeds=(1, 2, 3), months=192):
    """(3,) value added of core, coast and mountain in the last year, mean over seeds."""
    total = np.zeros(3)
    for seed in seeds:
        model = NingdeModel(scenario, seed)
        for _ in range(months):
            model.step()
        last = model.recorder.arrays["value_added"][months - 12 : months].sum(axis=(0, 2))
        total += np.bincount(model.world.group, last, minlength=3)
    return total / len(seeds)


@pytest.mark.slow
def test_policy_adds_no_mere_constant(baseline):
    """Effects of two levers on core, coast and mountain, below and above the baseline: neither equal nor linear.

    Per unit and relative to the group, so that a plain multiplication of everything would show as equal.
    """
    middle = by_group(baseline)
    for name, low, default, high in (("promotion.budget", 50, 200, 600), ("land.new_quota", 2000, 6000, 12000)):
        below = (1.0 - by_group(baseline.replace({name: low}, name="low")) / middle) / (default - low)
        above = (by_group(baseline.replace({name: high}, name="high")) / middle - 1.0) / (high - default)
        if name != "land.new_quota":  # takes 24 seeds: tests/test_research_signs.py
            assert np.ptp(below) > 0.2 * np.abs(below).max(), f"{name}: the same effect everywhere"
        assert np.abs(below - above).max() > 0.2 * np.abs(below).max(), f"{name}: a straight line"


TRILLION = 1e6
"""M yuan a year."""


def path_of(baseline, limit=None):
    """Above-scale output by year at current prices, M yuan; one limit holds from 2022 on."""
    power = {"energy.cap": [{"from": "2022-01", "value": 25}]}
    model = NingdeModel(baseline.replace(power, name="power") if limit == "electricity" else baseline, 1)
    for _ in range(96):
        model.step()
    state = model.state
    if limit == "land":
        state.levers = {**state.levers, "land.new_quota": np.zeros_like(state.levers["land.new_quota"])}
        state.counties.quota[:] = 0.0
        state.parks.idle += np.maximum(state.parks.free, 0.0)
    if limit == "labour":
        model.month_list = tuple(part for part in model.month_list if not isinstance(part, migration.Migration))
        state.people.working_age *= 0.7
    model.run()
    return annual(model, "output_above_scale_nominal", 22).sum(axis=(1, 2))


@pytest.mark.slow
def test_land_labour_and_electricity_can_each_stop_the_trillion(baseline):
    """From 2022 on no new land; a third of the people gone, nobody comes; electricity capped near its use."""
    free = path_of(baseline)
    reached = int((free >= TRILLION).argmax())
    assert free.max() > TRILLION
    for limit in ("land", "labour", "electricity"):
        bent = path_of(baseline, limit)
        np.testing.assert_array_equal(bent[:8], free[:8], err_msg=limit)
        assert (bent[10:] < free[10:]).all(), limit
        assert bent[reached] < TRILLION, limit
        assert bent[-1] < 0.9 * free[-1], limit
