"""The headline series of shipped scenarios are the stored ones, on every Python, numpy and Mesa that is tested."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

import sim

HERE = Path(__file__).parent / "golden"
SPEC = importlib.util.spec_from_file_location("golden_update", HERE / "update.py")
assert SPEC is not None
assert SPEC.loader is not None
update = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(update)

STORED = json.loads((HERE / "headline.json").read_text(encoding="utf-8"))


def test_headline_series_are_the_stored_ones(baseline_run):
    compare("baseline", baseline_run)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [name for name in update.SCENARIOS if name != "baseline"])
def test_headline_series_of_other_scenarios_are_the_stored_ones(scenario):
    compare(scenario, sim.run(sim.load(scenario), update.SEED))


def compare(scenario, run):
    """Money agrees to a billionth, counts exactly; a change of results needs a changelog line (update.py)."""
    found, stored = update.headline(run), STORED[scenario]
    assert found.keys() == stored.keys()
    for name, values in stored.items():
        if name.startswith(("firms", "projects")):
            assert found[name] == values, name
        else:
            assert found[name] == pytest.approx(values, rel=1.5e-9), name
