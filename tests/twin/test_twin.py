"""The model and its twin in plain loops agree on small worlds; a twin with one wrong number does not."""

import pytest

from sim.mechanisms import Phase
from tests.twin import checks
from tests.twin.compare import Differences
from tests.twin.worlds import phases, world

QUICK = (1, 6, 7)
"""Worlds whose month comes early, with both rules of rationing and all three worlds outside."""


def compared(model):
    """Differences between twin and model in the next month."""
    found = Differences()
    for phase, before, after in phases(model):
        if phase in checks.CHECKS:
            checks.CHECKS[phase](found, before, after, model)
    return found


@pytest.mark.parametrize("number", QUICK)
def test_model_and_twin_agree(number):
    found = compared(world(number))
    assert not found.found, "\n".join(found.found)
    assert len(found.worst) > 80  # columns compared


@pytest.mark.slow
@pytest.mark.parametrize("number", range(100))
def test_model_and_twin_agree_on_many_worlds(number):
    found = compared(world(number))
    assert not found.found, "\n".join(found.found)


WRONG = {
    Phase.WORLD: ("prices", "adjust", 1.001),
    Phase.PROPOSE: ("leaders", "base_allocation", 1.001),
    Phase.PLACE: ("location", "fail_monthly", 1.001),
    Phase.BUILD: ("land", "scarcity_elasticity", 1.001),
    Phase.SUPPLY: ("sourcing", "habit", 1.001),
    Phase.PRODUCE: ("sourcing", "outside_elasticity", 1.001),
    Phase.GROW: ("agglomeration", "upstream", 1.001),
    Phase.CLOSE: ("firms", "exit_base", 40.0),
    Phase.SHARE: ("fiscal", "adjustment", 1.001),
}
"""One parameter of the twin that is made wrong, by phase."""


def test_one_wrong_number_is_found_in_every_phase(monkeypatch):
    right, model = checks.position, world(1)
    blind = []
    for phase, before, after in phases(model):
        if phase not in checks.CHECKS:
            continue
        table, name, factor = WRONG[phase]

        def wrong(state, table=table, name=name, factor=factor):
            at = right(state)
            at.settings[table][name] *= factor
            return at

        monkeypatch.setattr(checks, "position", wrong)
        found = Differences()
        checks.CHECKS[phase](found, before, after, model)
        if not found.found:
            blind.append(phase.name)
    assert not blind
