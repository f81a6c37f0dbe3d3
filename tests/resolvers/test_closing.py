"""GROW and CLOSE post what the boards say, person by person."""

import numpy as np

from sim.draws import Streams
from sim.resolvers.closing import resolve_grow


def people_board(state):
    """Nobody moves, nobody is born."""
    counties = state.world.county_count
    boards = state.boards
    boards.moves = np.zeros((2, counties, counties))
    boards.arrivals, boards.departures, boards.births_of_people = (np.zeros((2, counties)) for _ in range(3))
    return boards


def test_movers_leave_where_they_lived_and_arrive_where_they_go(fresh, next_month):
    """Seven low-skilled people from county 1 to county 4, five high-skilled ones back, and strangers beside them."""
    state = next_month(fresh().state)
    before = state.people.working_age.copy()
    boards = people_board(state)
    boards.moves[0, 1, 4], boards.moves[1, 4, 1] = 7.0, 5.0
    boards.arrivals[0, 2], boards.departures[1, 3], boards.births_of_people[0, 6] = 11.0, 13.0, 17.0
    resolve_grow(state, Streams(1))
    change = state.people.working_age - before
    expected = np.zeros_like(change)
    expected[0, [1, 4, 2, 6]] = -7.0, 7.0, 11.0, 17.0
    expected[1, [4, 1, 3]] = -5.0, 5.0, -13.0
    np.testing.assert_allclose(change, expected, atol=1e-9)
    np.testing.assert_array_equal(
        state.ledger.departed, np.array([[0, 7, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 13, 5, 0, 0, 0, 0, 0]])
    )
