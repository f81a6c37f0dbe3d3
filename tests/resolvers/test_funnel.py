"""WORLD and PLACE: what the calendar says of the plan of the year."""

import pytest

from sim.draws import Streams
from sim.resolvers.funnel import resolve_world


@pytest.mark.parametrize(
    ("month", "signed", "pressure"),
    [
        (60, 0.0, 1.0),  # December 2018: eleven months have passed and nothing is signed
        (61, 0.0, 0.0),  # January: nothing can lag behind yet
        (62, 0.0, 1.0),  # February: one month has passed without a project
        (62, 100000.0 / 24, 0.5),  # half of the twelfth that one month asks for
        (67, 50000.0, 0.0),  # July: half of the year, half of the plan
    ],
)
def test_the_plan_counts_the_months_that_have_passed(fresh, next_month, month, signed, pressure):
    state = fresh().state
    state.month = month - 1
    next_month(state)
    state.signed_this_year = signed
    resolve_world(state, Streams(1))
    assert state.lever("promotion.plan_target") == 100000
    assert state.pressure == pytest.approx(pressure)


def test_a_new_year_forgets_what_was_signed(fresh, next_month):
    state = fresh().state
    state.signed_this_year = 500.0
    state.month = 12
    next_month(state)
    resolve_world(state, Streams(1))
    assert state.signed_this_year == 0.0
