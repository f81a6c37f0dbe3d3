"""What every test shares.

Hypothesis draws the same examples in every run, so that a routine run never fails by luck.
`HYPOTHESIS_PROFILE=thorough` draws many more, new ones each time.

`ORACLES=required` lets a skipped comparison with another library fail, as `.ci/run` wants it.
"""

import gc
import os
from collections.abc import Generator

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


REQUIRED = os.environ.get("ORACLES") == "required"
"""Whether a comparison with another library must not be skipped."""


def refuse_skipped_oracle(report: pytest.TestReport | pytest.CollectReport) -> None:
    """A skipped comparison counts as a failure; its reason stays readable."""
    if REQUIRED and report.outcome == "skipped":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"ORACLES=required, but this was skipped: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.get_closest_marker("oracle"):
        refuse_skipped_oracle(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if "oracle" in collector.path.name:  # a whole file that needs the library
        refuse_skipped_oracle(report)
    return report


def pytest_collection_finish() -> None:
    """What was imported stays: the collector of garbage need not walk it again and again."""
    gc.collect()
    gc.freeze()
