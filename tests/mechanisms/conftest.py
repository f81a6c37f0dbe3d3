"""What the tests of the mechanisms share: the opening position, to be read only, and fresh models to be changed."""

from collections.abc import Callable, Mapping

import pytest

import sim
from sim.model import NingdeModel
from sim.resolvers import open_ledger
from sim.scenario import Scenario
from sim.state import Boards, State


@pytest.fixture(scope="session")
def baseline() -> Scenario:
    return sim.load("baseline")


@pytest.fixture(scope="session")
def opening(baseline: Scenario) -> State:
    """The opening position of seed 1; no test may change it."""
    return NingdeModel(baseline, seed=1).state


@pytest.fixture
def fresh(baseline: Scenario) -> Callable[..., NingdeModel]:
    """Builds a model of one's own, with some values of the baseline changed."""

    def build(changes: Mapping[str, object] | None = None, *, seed: int = 1, **options: object) -> NingdeModel:
        scenario = baseline.replace(changes, name="changed") if changes else baseline
        return NingdeModel(scenario, seed, **options)

    return build


@pytest.fixture
def next_month() -> Callable[[State], State]:
    """Opens a month: clean boards and a ledger, without running anything."""

    def start(state: State) -> State:
        state.month += 1
        state.boards, state.ledger = Boards(), open_ledger(state)
        return state

    return start
