"""What the tests of the mechanisms share: the opening position, to be read only, and fresh models to be changed.

Ablations compare the run as usual with the run in which one thing is missing, of the same seed and so with the same
luck: `usual` is the one (made once, to be read only), `beside` makes the other.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

import sim
from sim.model import NingdeModel
from sim.parameters import Lever
from sim.resolvers import open_ledger
from sim.scenario import Scenario
from sim.state import Boards, State
from tests.runs import aged


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
        if not changes and not options:
            return aged(0, seed)
        return NingdeModel(baseline.replace(changes, name="changed") if changes else baseline, seed, **options)

    return build


@pytest.fixture
def next_month() -> Callable[[State], State]:
    """Opens a month: clean boards and a ledger, without running anything."""

    def start(state: State) -> State:
        state.month += 1
        state.boards, state.ledger = Boards(), open_ledger(state)
        return state

    return start


AT_ONCE = {
    "promotion.start": "2014-01",
    "promotion.plan_start": "2014-01",
    "service.start": "2014-01",
    "service.permit_start": "2014-01",
    "zoning.start": "2014-01",
}
"""All policies from the first month, so that few months are enough to see what each does."""

MONTHS = 36
"""Months of an ablation: time to sign, to wait for land and to build, seldom more than a year and a half of it."""


def ablated(
    scenario: Scenario,
    values: Mapping[str, object] | None = None,
    *,
    without: tuple[type[object], ...] = (),
    months: int = MONTHS,
    seed: int = 1,
) -> NingdeModel:
    """A run with some values changed, also to values that no scenario may have, and some mechanisms left out.

    The opening is built with the changed parameters, but with the usual levers; levers change from the first month on.

    Args:
        scenario: the run as usual.
        values: new values by table and name; a lever gets one value for all months.
        without: mechanisms left out.
        months: months run.
        seed: root seed.
    """
    if not values and not without:
        return aged(months, seed, scenario)
    groups, levers = {values.table: values for values in scenario.parameters}, {}
    for name, value in (values or {}).items():
        table, field = name.split(".")
        if isinstance(getattr(groups[table], field), Lever):
            levers[name] = value
        else:
            groups[table] = groups[table].model_copy(update={field: value})
    plan = replace(scenario, parameters=tuple(groups.values()))
    model = NingdeModel(plan, seed, without=without)
    for name, value in levers.items():
        path = model.state.levers[name].copy()
        path[1:] = value
        model.state.levers[name] = path
    for _ in range(months):
        model.step()
    return model


@pytest.fixture(scope="session")
def at_once(baseline: Scenario) -> Scenario:
    """The baseline with all policies from the first month."""
    return baseline.replace(AT_ONCE, name="at-once")


@pytest.fixture(scope="session")
def usual(at_once: Scenario) -> NingdeModel:
    """Three years of the run as usual; no test may change it."""
    return ablated(at_once)


@pytest.fixture(scope="session")
def beside(at_once: Scenario) -> Callable[..., NingdeModel]:
    """Runs the same with something missing, see :func:`ablated`."""

    def build(values: Mapping[str, object] | None = None, **options: object) -> NingdeModel:
        return ablated(at_once, values, **options)

    return build


@pytest.fixture(scope="session")
def same_run() -> Callable[[NingdeModel, NingdeModel], None]:
    """Fails unless two runs have recorded the same bits in the months that both have run."""

    def compare(one: NingdeModel, other: NingdeModel) -> None:
        months = min(one.state.month, other.state.month)
        left, right = one.recorder.arrays, other.recorder.arrays
        assert left.keys() == right.keys()
        for name in left:
            np.testing.assert_array_equal(left[name][:months], right[name][:months], err_msg=name)

    return compare
