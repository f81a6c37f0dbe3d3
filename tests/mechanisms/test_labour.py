"""Staffing: persons at work follow output, divided by productivity."""

import numpy as np
import pytest

from sim.mechanisms.labour import Labour, staff
from sim.state import Firms
from sim.world import GROUPS


def test_staff_is_intensity_times_annual_output_over_productivity():
    firms = Firms()
    firms.append(3, jobs_intensity=[0.9, 0.9, 0.9], productivity=[1.0, 1.25, 1.0], alive=[True, True, False])
    assert staff(firms, np.array([10.0, 10.0, 10.0])) == pytest.approx([108.0, 86.4, 0.0])


def test_opening_jobs_are_of_the_order_of_the_census(opening):
    jobs = staff(opening.firms, opening.firms.output).sum()
    assert 1.0e6 < jobs < 1.4e6


def test_wages_of_the_opening_fall_from_the_core_to_the_mountains(opening):
    level = opening.scenario[Labour].wage_level
    expected = {"core": 1.0, "coast": 0.95, "mountain": 0.88}
    for county, group in enumerate(opening.world.group):
        assert opening.counties.wage[county] == pytest.approx(level * expected[GROUPS[group]])
