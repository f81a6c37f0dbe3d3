"""What the tests of the null versions share: a short baseline, and the full model a few months on."""

import pytest

import sim
from sim.model import NingdeModel
from sim.scenario import Scenario

MONTHS = 8
"""Months of the routine tests; longer runs are marked slow."""


@pytest.fixture(scope="session")
def short() -> Scenario:
    """The baseline to the end of 2015."""
    return sim.load("baseline").replace({"run.end": "2015-12"}, name="short")


@pytest.fixture(scope="session")
def full(short) -> NingdeModel:
    """The full model at the end of August 2014; no test may change it."""
    model = NingdeModel(short, 1)
    for _ in range(MONTHS):
        model.step()
    return model


@pytest.fixture(scope="session")
def opening(short) -> NingdeModel:
    """The full model at its opening; no test may change it."""
    return NingdeModel(short, 1)
