"""A lead firm withdraws: the static limit against the model's own month, formulas by hand, and the report of a pair."""

import copy
import io

import numpy as np
import pytest

import sim
from sim.experiment import withdrawal
from sim.experiment.withdrawal import Event, NoPlantError, Observed, Withdrawal, paired, recovery, smoothed, static_loss
from sim.inputoutput.extraction import extract, set_apart
from sim.inputoutput.rationing import solve
from sim.mechanisms import Phase
from sim.report.withdrawal import county_figure, loss_figure, print_withdrawal, save_withdrawal
from sim.resolvers import RESOLVERS, open_ledger, production
from sim.state import Boards
from sim.statistics import regional_table
from sim.sums import sum_by
from tests.runs import aged

CATL = 0


# --- the static limit -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def before():
    """Two years into the baseline; to be copied, not changed."""
    return aged(24)


def next_month_up_to_production(model, monkeypatch, without=None):
    """The model's own next month as far as PRODUCE, with nobody at the limit of capacity, and one leader at zero."""
    state = copy.deepcopy(model.state)
    parts = copy.deepcopy(model.month_list)

    def unlimited(state, network, limit, final, start):
        limit = np.full(len(limit), np.inf)
        if without is not None:
            limit[state.firms.leader == without] = 0.0
        usual, _ = solve(network, limit, final, start, 1e-14)
        return production.Solution(usual, usual, np.zeros(0, dtype=int), None, np.zeros(0), np.zeros((0, len(usual))))

    monkeypatch.setattr(production, "joint_solve", unlimited)
    monkeypatch.setattr(production, "post_accounts", lambda _: None)
    state.month += 1
    state.boards, state.ledger, state.price_readings = Boards(), open_ledger(state), None
    for phase in Phase:
        if phase > Phase.PRODUCE:
            break
        with state.standing_still():
            for part in parts:
                if part.phase == phase:
                    part.step(state, model.streams)
        RESOLVERS[phase](state, model.streams)
    state.readings = None
    return state


def test_extraction_of_a_firm_is_the_models_own_month_with_that_firm_at_zero_and_all_else_frozen(before, monkeypatch):
    whole = next_month_up_to_production(before, monkeypatch)
    lacking = next_month_up_to_production(before, monkeypatch, without=CATL)
    made = [sum_by(state.firms.node, state.firms.output, state.node_count) for state in (whole, lacking)]
    own = whole.firms.output[whole.firms.leader == CATL].sum()
    loss = static_loss(whole, CATL)
    assert own > 100.0
    assert lacking.firms.output[lacking.firms.leader == CATL].sum() == 0.0
    assert loss.sum() > 1.03 * own, "its suppliers, and theirs, lose too"
    np.testing.assert_allclose(loss, made[0] - made[1], rtol=0.0, atol=1e-9 * made[0].max())


def test_the_table_firm_by_firm_adds_up_to_the_table_of_the_month(before):
    state = before.state
    flows, output, rows = withdrawal.firm_flows(state)
    size, table = state.node_count, regional_table(state)
    node = state.firms.node[rows]
    by_supplier = np.zeros((size, len(rows)))
    np.add.at(by_supplier, node, flows)
    merged = np.zeros((size, size))
    np.add.at(merged.T, node, by_supplier.T)
    np.testing.assert_allclose(merged, table.intermediate, rtol=1e-9, atol=1e-9 * table.intermediate.max())
    np.testing.assert_allclose(sum_by(node, output, size), table.output, rtol=1e-12)


def test_it_is_nearly_the_extraction_of_a_firm_set_apart_from_the_published_table(before):
    """All its plants stand in one county here, so that it can be set apart as one row; the rest is an average."""
    state = before.state
    flows, output, rows = withdrawal.firm_flows(state)
    mine = state.firms.leader[rows] == CATL
    node, size, table = state.firms.node[rows], state.node_count, regional_table(state)
    (place,) = np.unique(node[mine])
    own = float(flows[np.ix_(mine, mine)].sum())
    buys, sells = (
        sum_by(node[~mine], part, size) for part in (flows[~mine][:, mine].sum(1), flows[mine][:, ~mine].sum(0))
    )
    final = float(output[mine].sum()) - float(sells.sum()) - own
    whole = table.intermediate, table.final.sum(axis=1), table.output
    apart = set_apart(*whole, int(place), buys, sells, final, firm_own_use=own)
    loss = extract(apart.flows, apart.output, apart.firm).loss
    loss = loss[:size] + sum_by(np.array([place]), loss[size:], size)
    exact = static_loss(state, CATL)
    assert loss.sum() == pytest.approx(exact.sum(), rel=1e-3)
    np.testing.assert_allclose(loss, exact, atol=1e-3 * exact.max())


def test_a_month_of_shortage_has_no_static_limit(before):
    state = copy.copy(before.state)
    state.table = copy.copy(state.table)
    state.table.scarce = np.array([1])
    with pytest.raises(ValueError, match="shortage"):
        static_loss(state, CATL)


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_means_over_three_months_begin_with_what_there_is():
    assert smoothed(np.array([3.0, 0.0, 3.0, 6.0])).tolist() == [3.0, 1.5, 2.0, 3.0]


def test_half_of_a_loss_is_made_good_in_the_first_month_with_no_more_than_half_of_the_deepest():
    """Means of three: 0, .15, .2, .3, .3, .2333, .1667, .1333; the deepest in month 3, and .1333 <= .15 in month 7."""
    found = recovery(np.array([0.0, 0.3, 0.3, 0.3, 0.3, 0.1, 0.1, 0.2]))
    assert (found.depth, found.deepest, found.half) == (pytest.approx(0.3), 3, 4.0)
    assert found.left == pytest.approx(1.6 / 8)


def test_a_gap_that_opens_years_later_is_not_the_fall():
    loss = np.zeros(120)
    loss[2:20], loss[80:] = 0.2, 0.5
    found = recovery(loss)
    assert (found.depth, found.left) == (pytest.approx(0.2), pytest.approx(0.5))
    assert found.deepest < 20


def test_a_loss_that_stays_is_never_half_made_good():
    assert np.isnan(recovery(np.array([0.0, 0.1, 0.2, 0.2, 0.2])).half)
    nothing = recovery(np.zeros(5))
    assert nothing.depth == 0.0
    assert np.isnan(nothing.half)


def test_no_event_is_no_loss():
    """Losses and shares of nothing are 0, not a division by zero."""
    found = made_up(factor=1.0)
    assert (found.loss("output") == 0.0).all()
    assert (found.loss("suppliers") == 0.0).all()


# --- pairs of runs ----------------------------------------------------------------------------------------------------

SHORT = sim.load("baseline").replace({"run.end": "2016-12"}, name="short")


@pytest.fixture(scope="module")
def leaves():
    """CATL leaves in 2015; a short run."""
    return paired(SHORT, Event("CATL", "2015-01"), [1])


def test_pairs_are_equal_before_the_event_and_a_lead_firm_that_leaves_takes_output_jobs_and_taxes_along(leaves):
    assert leaves.seeds == (1,)
    assert leaves.faults == ()
    assert (str(leaves.months[0]), str(leaves.months[-1])) == ("2014-12", "2016-12")
    for name in withdrawal.SERIES:
        without, with_ = leaves.city(name)
        assert without[0, 0] == with_[0, 0], name
    for name in ("output", "others", "suppliers", "jobs", "local_tax"):
        assert leaves.loss(name)[0, 12] > 0.0, name
    series = leaves.with_[0].series
    own = (series["output"] - series["others"]).sum(axis=1)
    assert (own[:12] > 0).all(), "plants run until the last is closed at the end of the twelfth month"
    assert own[13:] == pytest.approx(np.zeros(12), abs=1e-9)


def test_suppliers_are_followed_by_firm_and_their_counties_add_up(leaves):
    before = leaves.without[0]
    assert len(before.to_leader) > 0
    assert (before.to_leader <= before.supplier_output[0] + 1e-9).all()
    np.testing.assert_array_equal(before.supplier_county, leaves.with_[0].supplier_county)
    for run in (before, leaves.with_[0]):
        np.testing.assert_allclose(run.series["suppliers"].sum(axis=1), run.supplier_output.sum(axis=1))
        assert (run.series["open"].sum(axis=1) == run.supplier_open.sum(axis=1)).all()
        assert (np.diff(run.series["open"].sum(axis=1)) <= 0).all(), "who has closed does not come back"
    table = withdrawal.supplier_table(leaves, 24)
    assert len(table) == len(before.to_leader)
    assert table["open_with"].sum() == leaves.with_[0].series["open"][-1].sum()


def test_tables_by_year_and_county_tell_the_same_loss(leaves):
    years = withdrawal.by_year(leaves).set_index("year")
    counties = withdrawal.by_county(leaves, 24)
    assert years.index.tolist() == [2015, 2016]
    for name in ("output", "jobs", "local_tax", "public_debt", "suppliers"):
        for label in ("without", "with"):
            assert counties[f"{name}_{label}"].sum() == pytest.approx(years.loc[2016, f"{name}_{label}"]), name
    assert counties["suppliers_before"].sum() == len(leaves.without[0].to_leader)


def test_a_firm_without_a_plant_has_nothing_to_withdraw():
    with pytest.raises(NoPlantError, match="SAIC makes nothing in Ningde in 2014-05"):
        paired(SHORT, Event("SAIC", "2014-06"), [1])


def test_an_event_needs_a_month_before_it():
    with pytest.raises(ValueError, match="no month of the run before it"):
        paired(SHORT, Event("CATL", "2014-01"), [1])


# --- the report -------------------------------------------------------------------------------------------------------


def made_up(factor, seeds=3, months=60):
    """Pairs with round numbers: everything is `factor` of what it is without the event, from the first month on."""
    counties = 10

    def run(seed, scale):
        path = np.linspace(100.0, 200.0, months)[:, None] * (1.0 + np.arange(counties + 1)) * (1.0 + 0.1 * seed)
        series = {name: path * np.where(np.arange(months) > 0, scale, 1.0)[:, None] for name in withdrawal.SERIES}
        series["suppliers"] = np.zeros((months, counties + 1))
        output = np.ones((months, 2))
        return Observed(series, np.array([0, 1]), np.array([1, 2]), np.ones(2), output, output > 0, np.ones(240), 100.0)

    pairs = [[run(seed, scale) for seed in range(seeds)] for scale in (1.0, factor)]
    event = Event("CATL", "2022-01", 0.3)
    return Withdrawal("made_up", "Made up", "synthetic", "2019-11", event, tuple(range(seeds)), (), *map(tuple, pairs))


def printed(found):
    text = io.StringIO()
    print_withdrawal(found, file=text, width=80)
    return text.getvalue()


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_report_fits_eighty_columns_and_cuts_no_word(seeds):
    text = printed(made_up(0.7, seeds))
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert "CATL loses 30 % of its orders in Jan 2022" in text
    assert "Purely hypothetical" in text
    assert "not in this run" in text if seeds == 1 else "in no run" in text


def test_the_report_of_an_exit_tells_every_county_and_the_static_limit(leaves):
    text = printed(leaves)
    assert "CATL leaves from Jan 2015" in text
    for county in (*sim.world.load_world().county_names, "city level", "City"):
        assert county in text
    own = 12 * leaves.without[0].own / 1000
    assert f"its plants make {own:,.1f} bn yuan a year" in " ".join(text.split())
    assert "…" not in text


def test_files_and_figures_are_written(leaves, tmp_path):
    files = save_withdrawal(leaves, tmp_path)
    assert [file.name for file in files] == ["city.csv", "counties.csv", "suppliers.csv", "loss.png", "counties.png"]
    assert all(file.stat().st_size > 100 for file in files)


def test_figures_show_the_mean_and_the_span_of_the_seeds():
    found = made_up(0.7)
    figure = loss_figure(found)
    output, jobs = figure.axes
    assert [len(axes.lines) - 1 for axes in (output, jobs)] == [3, 2]
    assert output.lines[0].get_ydata()[-1] == pytest.approx(30.0)
    bars = county_figure(found).axes[0].patches
    end = 1000 * (1 + 0.1) * np.linspace(100, 200, 60)[36] * 0.3 / 1e6
    assert bars[-1].get_width() == pytest.approx(10 * end, rel=1e-9), "the county with most on top"
