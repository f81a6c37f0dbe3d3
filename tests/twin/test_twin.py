"""The model and its twin in plain loops agree on small worlds; a twin with one wrong number does not."""

import pytest

import sim
from sim.mechanisms import Phase
from sim.model import NingdeModel
from tests.twin import checks
from tests.twin.compare import Differences
from tests.twin.worlds import NOT_REPEATED, phases, world

QUICK = ((53, 150, False), (15, 150, False), (33, 20, True), (41, 20, True))
"""Worlds whose month comes early (number, latest month, shortages): a conditional and a flat world outside, both rules
of rationing, the month in which dated plants are signed, and one in which two products are short."""


def compared(model):
    """Differences between twin and model in the next month."""
    found = Differences()
    for phase, before, after in phases(model):
        if phase in checks.CHECKS:
            checks.CHECKS[phase](found, before, after, model)
    return found


@pytest.mark.parametrize(
    ("number", "latest", "short"),
    [each if each[0] in (15, 33) else pytest.param(*each, marks=pytest.mark.slow) for each in QUICK],
)
def test_model_and_twin_agree(number, latest, short):
    found = compared(world(number, latest, short))
    assert not found.found, "\n".join(found.found)
    assert len(found.worst) > 100  # columns compared


@pytest.mark.slow
@pytest.mark.parametrize("number", range(100))
def test_model_and_twin_agree_on_many_worlds(number):
    found = compared(world(number))
    assert not found.found, "\n".join(found.found)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(200, 230))
def test_model_and_twin_agree_where_outside_supply_is_short(number):
    found = compared(world(number, short=True))
    assert not found.found, "\n".join(found.found)


def test_a_shortage_and_a_cap_on_electricity_hold_at_once():
    lack = {"OTHM": [{"from": "2014-03", "value": 0.3}]}
    scenario = sim.load("baseline").replace({"energy.cap": 4.0, "shortage.outside_supply": lack}, name="both")
    model = NingdeModel(scenario, seed=1)
    held = []
    for _ in range(8):
        model.step()  # I18 stops the run where more is bought outside than the pool holds
        held.append(model.state.ledger.rationed)
    assert min(held) < 1.0, "the cap binds"


def repeated(name):
    """A shipped scenario without the policies that the twin does not repeat."""
    return sim.load(name).replace(dict.fromkeys(NOT_REPEATED, "2035-12"), name="repeated")


@pytest.mark.slow
def test_model_and_twin_agree_where_incumbents_have_no_room():
    model = NingdeModel(repeated("tight_land"), seed=3)
    while model.state.month < 200:
        model.step()
    for _ in range(3):
        found = compared(model)
        assert not found.found, "\n".join(found.found)
    assert (model.state.projects.parent >= 0).sum() > 50


@pytest.mark.slow
def test_model_and_twin_take_the_same_decisions_for_years():
    model = NingdeModel(repeated("baseline"), seed=11)
    found = Differences()
    while model.state.month < 150:
        for phase, before, after in phases(model):
            if phase in DECIDING:
                checks.CHECKS[phase](found, before, after, model)
    assert not found.found, "\n".join(found.found)


DECIDING = (Phase.PROPOSE, Phase.PLACE, Phase.BUILD, Phase.CLOSE)
"""Phases in which something is decided, built or closed; most of it is rare in any one month."""

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
