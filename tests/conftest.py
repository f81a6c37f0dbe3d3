"""What every test shares.

Hypothesis draws the same examples in every run, so that a routine run never fails by luck.
`HYPOTHESIS_PROFILE=thorough` draws many more, new ones each time.
"""

import os

import pytest

import sim  # before numpy: one thread for linear algebra

from hypothesis import HealthCheck, settings  # isort: skip

settings.register_profile("routine", derandomize=True, max_examples=50, deadline=None, database=None)
settings.register_profile(
    "thorough", derandomize=False, max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "routine"))


@pytest.fixture(scope="session")
def baseline_run():
    """A full run of the shipped baseline."""
    return sim.run(sim.load("baseline"), seed=1)
