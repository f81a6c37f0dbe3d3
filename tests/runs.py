"""Runs that several tests start from, made once in a process: who asks gets a copy and may change it.

A copied model goes on the same to the bit (test_model::test_a_copied_model_goes_on_the_same), and copying one takes a
twentieth of the time of running it for three years.
"""

import copy
from collections import OrderedDict

import sim
from sim.model import NingdeModel
from sim.scenario import Scenario

KEPT = 10
"""Models kept, each some tens of megabytes; the one that was asked for longest ago goes first."""

BASELINE = sim.load("baseline")

_kept: OrderedDict[tuple[Scenario, int, int], NingdeModel] = OrderedDict()


def aged(months: int, seed: int = 1, scenario: Scenario = BASELINE) -> NingdeModel:
    """A model that has run for some months, to be gone on with and changed at will.

    Args:
        months: months run, 0 for the opening.
        seed: root seed.
        scenario: what is run; the shipped baseline if not given.
    """
    key = scenario, seed, months
    if key not in _kept:
        earlier = [at for plan, root, at in _kept if (plan, root) == (scenario, seed) and at < months]
        model = aged(max(earlier), seed, scenario) if earlier else NingdeModel(scenario, seed)
        while model.state.month < months:
            model.step()
        _kept[key] = model
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return copy.deepcopy(_kept[key])
