"""Which parameters are free, and the way between the unit cube and values."""

import numpy as np
import pytest

import sim
from sim.experiment.calibration.prior import ADDED, NothingFreeError, prior
from sim.model import GROUPS
from sim.parameters import describe
from sim.scenario import Scenario


@pytest.fixture(scope="module")
def base() -> Scenario:
    return sim.load("baseline")


def test_between_twelve_and_twenty_parameters_are_free_and_no_lever_is(base: Scenario) -> None:
    rows = {f"{group.table}.{row.name}": row for group in GROUPS for row in describe(group)}
    names = prior(base).names
    assert 12 <= len(names) <= 20
    assert {rows[name].kind for name in names} == {"parameter"}
    assert set(ADDED) <= set(names)
    assert all(rows[name].grade == "calibrate" for name in names if name not in ADDED)


def test_ends_of_the_cube_are_ends_of_the_ranges_and_the_way_back_is_the_inverse(base: Scenario) -> None:
    free = prior(base)
    for share, end in ((0.0, "low"), (1.0, "high")):
        values = free.values(np.full(len(free.free), share))
        assert values == pytest.approx({each.name: getattr(each, end) for each in free.free})
    point = np.random.default_rng(1).random(len(free.free))
    np.testing.assert_allclose(free.point(free.values(point)), point)


def test_a_parameter_that_the_scenario_sets_stays(base: Scenario) -> None:
    set_here = base.replace({"promotion.lead_rate_chain": 0.3})
    assert "promotion.lead_rate_chain" in prior(base).names
    assert "promotion.lead_rate_chain" not in prior(set_here).names


def test_whole_numbers_stay_whole(base: Scenario) -> None:
    values = prior(base, ["land_cage.lag"]).values(np.array([0.37]))
    assert values == {"land_cage.lag": 17}
    assert isinstance(values["land_cage.lag"], int)


def test_shares_are_scaled_to_one(base: Scenario) -> None:
    values = prior(base, ["construction.spend_equipment"]).values(np.array([1.0]))
    assert sorted(values) == [f"construction.spend_{item}" for item in ("construction", "equipment", "outside")]
    assert sum(values.values()) == pytest.approx(1.0)
    base.replace(values)


def test_a_name_that_cannot_be_calibrated_is_refused(base: Scenario) -> None:
    with pytest.raises(NothingFreeError, match=r"promotion\.budget is no parameter with a range"):
        prior(base, ["promotion.budget"])


def test_a_scenario_that_sets_everything_has_nothing_free(base: Scenario) -> None:
    everything = base.replace({each.name: 0.4 * each.low + 0.6 * each.high for each in prior(base).free})
    with pytest.raises(NothingFreeError, match="nothing is free"):
        prior(everything)
