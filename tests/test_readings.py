"""What is read once a phase is what would be read anew: a reading that is kept too long must be seen."""

from contextlib import contextmanager

import numpy as np
import pytest

import sim
from sim.accounts import BrokenIdentityError
from sim.mechanisms import Phase
from sim.mechanisms.gaps import leader_output
from sim.mechanisms.production import leading_rows
from sim.model import NingdeModel
from sim.state import State, read_once
from tests.runs import aged

MONTHS = 38
"""Months before the readings are looked at: all policies of the baseline are at work by then."""


class StaleError(AssertionError):
    """A kept reading differs from a new one."""


class Verifying(dict):
    """Readings that are computed again each time they are given out, those that they are made of too."""

    def __init__(self, state):
        super().__init__()
        self.state, self.hits = state, 0

    def __getitem__(self, function):
        kept = super().__getitem__(function)
        parts = kept if isinstance(kept, tuple) else (kept,)
        kept_of_prices, self.state.price_readings = self.state.price_readings, None
        anew = function(self.state)
        self.state.price_readings = kept_of_prices
        for old, new in zip(parts, anew if isinstance(anew, tuple) else (anew,), strict=True):
            if not np.array_equal(old, new):
                raise StaleError(function.__name__)
        self.hits += 1
        return kept


@pytest.fixture
def verified(monkeypatch):
    """A model whose kept readings are verified, and the number of times that one was given out."""
    counts = []

    @contextmanager
    def standing_still(state):
        state.readings = Verifying(state)
        try:
            yield
        finally:
            counts.append(state.readings.hits)
            state.readings = None

    monkeypatch.setattr(State, "standing_still", standing_still)
    return aged(MONTHS), counts


def test_no_reading_of_half_a_year_is_stale(verified):
    model, counts = verified
    for _ in range(6):
        model.step()
    assert sum(counts) > 6 * 20  # they are used


class Meddler:
    """A mechanism that breaks the rule: it changes the state in its phase, after others have read it."""

    phase, writes = Phase.PROPOSE, ()

    def step(self, state, _):
        leader_output(state)
        state.firms.output = 2.0 * state.firms.output


def test_no_reading_of_prices_is_stale_at_the_end_of_a_phase(monkeypatch):
    """What is kept from WORLD on is what would be read anew after every later phase of half a year."""
    model, seen = aged(MONTHS), set()

    def look(state, phase, _):
        kept, state.price_readings = state.price_readings, None
        for reading, old in (kept or {}).items():
            new = reading(state)
            pairs = zip(old, new, strict=True) if isinstance(old, tuple) else [(old, new)]
            if not all(np.array_equal(*pair) for pair in pairs):
                raise StaleError(f"{reading.__name__} after {phase.name}")
            seen.add(reading.__name__)
        state.price_readings = kept

    monkeypatch.setattr("sim.model.check_meaning", look)
    for _ in range(6):
        model.step()
    assert {"chain_inputs", "input_coefficients", "material_costs", "relative_price"} <= seen
    assert model.state.price_readings is None, "between two months everything is read anew"


class Inflation:
    """A mechanism that breaks the rule: it moves prices after WORLD."""

    phase, writes = Phase.GROW, ()

    def step(self, state, _):
        state.markets.price = 2.0 * state.markets.price


def test_prices_that_move_after_world_stop_the_run():
    """Value added would come from two prices: the books part."""
    model = NingdeModel(sim.load("baseline"), seed=1)
    model.month_list = (Inflation(), *model.month_list)
    with pytest.raises(BrokenIdentityError):
        model.step()


def test_a_mechanism_that_changes_what_others_have_read_is_caught(verified):
    model, _ = verified
    model.month_list = (Meddler(), *model.month_list)
    with pytest.raises(StaleError):
        model.step()


def test_resolvers_read_anew_and_readers_get_the_same_array():
    state = NingdeModel(sim.load("baseline"), seed=1).state
    assert leading_rows(state) is not leading_rows(state)
    with state.standing_still():
        assert leading_rows(state) is leading_rows(state)
        with pytest.raises(ValueError, match="read-only"):
            leading_rows(state)[0] = True
    before = leading_rows(state)
    state.leaders.product = state.leaders.product + 1
    assert (leading_rows(state) != before).any()


def test_an_error_in_a_phase_leaves_nothing_behind():
    state = NingdeModel(sim.load("baseline"), seed=1).state
    with pytest.raises(ZeroDivisionError), state.standing_still():
        read_once(lambda _: 1 / 0)(state)
    assert state.readings is None
