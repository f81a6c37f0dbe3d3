"""What is counted beside the cells of the record, firm by firm and project by project."""

import numpy as np
import pytest

import sim
from sim.state import Channel, Stage
from sim.statistics import above_scale, cluster_of
from sim.statistics.activity import LONGEST, months_passed, promoted


class Followed:
    """A model with what its projects looked like each month."""

    def __init__(self, months=40):
        self.model = sim.NingdeModel(sim.load("baseline"), 4)
        self.incumbent, self.spent = [], [self.model.state.projects.spent.copy()]
        self.exits = []
        for _ in range(months):
            self.model.step()
            self.incumbent.append(self.model.state.boards.investment.sum())
            self.spent.append(self.model.state.projects.spent.copy())
        self.arrays = {name: values[:months] for name, values in self.model.recorder.arrays.items()}


@pytest.fixture(scope="module")
def followed():
    return Followed()


def test_waiting_times_are_counted_by_channel_and_month():
    found = months_passed(np.array([0, 0, 2, 6]), np.array([3, 3, 0, LONGEST + 40]))
    assert (found[0, 3], found[2, 0], found[6, LONGEST]) == (2, 1, 1)
    assert found.sum() == 4


def test_investment_is_work_on_projects_and_capital_of_incumbents(followed):
    recorded = followed.arrays["investment"].sum(axis=(1, 2))
    for month in range(len(recorded)):
        before, after = followed.spent[month], followed.spent[month + 1]
        work = after[: len(before)].sum() - before.sum()
        assert recorded[month] == pytest.approx(followed.incumbent[month] + work, rel=1e-12)
    assert recorded.sum() > 1.2 * sum(followed.incumbent), "projects count"
    assert (followed.arrays["investment"][:, :, ~followed.model.world.agent] == 0).all()


def test_waits_are_those_of_the_projects(followed):
    projects = followed.model.state.projects
    for name, end, start in (
        ("started_after", projects.built, projects.signed),
        ("produced_after", projects.done, projects.built),
    ):
        expected = np.zeros((len(Channel), LONGEST + 1))
        for row in np.flatnonzero((end > 0) & (projects.forced_work != 0)):
            expected[projects.channel[row], min(end[row] - start[row], LONGEST)] += 1
        np.testing.assert_array_equal(followed.arrays[name].sum(axis=0), expected, err_msg=name)
        assert expected.sum() > 20


def test_projects_by_part_of_industry(followed):
    model, last = followed.model, -1
    projects, cluster = model.state.projects, cluster_of(model.world)
    found = followed.arrays["cluster_projects"][last]
    for stage in Stage:
        for part in range(6):
            here = (projects.stage == stage) & (cluster[projects.product] == part)
            assert found[stage, part] == (here & promoted(projects)).sum()
            announced = projects.announced_output[here].sum()
            assert followed.arrays["announced_output"][last, stage, part] == pytest.approx(announced)
    np.testing.assert_array_equal(
        found[Stage.LAND : Stage.DONE + 1, :4].sum(axis=0), followed.arrays["introduced"][last]
    )


def test_signed_money_is_that_of_the_projects_signed(followed):
    projects = followed.model.state.projects
    for channel in Channel:
        mine = (projects.channel == channel) & (projects.signed > 0)
        total = followed.arrays["signed_investment"][:, channel].sum()
        assert total == pytest.approx(projects.investment[mine].sum())


def test_firms_that_produce(followed):
    firms = followed.model.state.firms
    listed = firms.alive & ~firms.block & ~firms.fringe & (firms.output > 0) & (firms.leader < 0)
    for product in range(24):
        assert followed.arrays["firms_producing"][-1, product] == (listed & (firms.product == product)).sum()
        new = listed & ~firms.opening & (firms.product == product)
        assert followed.arrays["new_firms_producing"][-1, product] == new.sum()
    assert 0 < followed.arrays["new_firms_producing"][-1].sum() < followed.arrays["firms_producing"][-1].sum()
    tiers = followed.arrays["firms_by_tier"][-1]
    everybody = firms.alive & ~firms.block & ~firms.fringe
    assert tiers.sum() == everybody.sum()
    assert tiers[2].sum() == (everybody & (firms.quality >= 0.7)).sum() > 0


def test_double_deflation_takes_inputs_at_their_own_prices(followed):
    """Real value added is output less inputs, both at 2018 prices, so metal prices do not move it."""
    arrays, state = followed.arrays, followed.model.state
    counted = above_scale(state)
    inputs = 1.0 - state.table.firm_value_added[counted].sum() / state.firms.output[counted].sum()
    found = arrays["value_added_above_scale_double"][-1].sum()
    assert found == pytest.approx(arrays["output_above_scale"][-1].sum() * (1.0 - inputs), rel=1e-9)
    cells = np.divide(
        arrays["value_added"], arrays["output"], out=np.zeros_like(arrays["output"]), where=arrays["output"] > 0
    )
    np.testing.assert_allclose(
        arrays["value_added_above_scale_double"], cells * arrays["output_above_scale"], rtol=1e-9, atol=1e-9
    )
    assert not np.allclose(arrays["value_added_above_scale_double"], arrays["value_added_above_scale"], rtol=0.01)


def test_exports_stay_within_outside_sales_and_move_with_prices(followed):
    state, arrays = followed.model.state, followed.arrays
    outside = state.table.final[:, 3].reshape(10, 24)
    assert (arrays["exports"][-1] <= outside + 1e-12).all()
    np.testing.assert_allclose(arrays["exports_nominal"][-1], arrays["exports"][-1] * state.markets.price)
    cells = state.world.product("B_CELL")
    assert 0 < arrays["exports"][-1, :, cells].sum() <= 0.18 * arrays["output"][-1, :, cells].sum() * (1 + 1e-12)


def test_decembers_have_sizes_and_other_months_none(followed):
    arrays, december = followed.arrays, np.arange(40) % 12 == 11
    for name in ("size_exponent", "local_share_goods", "local_content"):
        np.testing.assert_array_equal(np.isfinite(arrays[name]), december, err_msg=name)
    assert (np.isfinite(arrays["herfindahl"]).any(axis=1) == december).all()
    assert 0.8 < arrays["size_exponent"][35] < 1.6
    plants = arrays["herfindahl"][35][:18]
    assert (plants[np.isfinite(plants)] >= 0).all(), "0 where there are only firms below the threshold"
    assert np.isfinite(plants).sum() >= 15
    assert plants[-3:].max() < 0.1 < plants[0] < 1.0, "many legacy firms, few cell makers"


def test_a_late_start_records_what_a_whole_record_holds():
    late = sim.NingdeModel(sim.load("baseline").replace({"run.start": "2014-06", "run.end": "2014-12"}, name="late"), 4)
    whole = sim.NingdeModel(sim.load("baseline"), 4)
    for _ in range(8):
        late.step()
        whole.step()
    for name, values in late.recorder.activity.arrays.items():
        np.testing.assert_array_equal(values[:3], whole.recorder.arrays[name][5:8], err_msg=name)
