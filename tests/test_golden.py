"""The headline series of shipped scenarios are the stored ones, on every Python, numpy and Mesa that is tested."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "golden"
SPEC = importlib.util.spec_from_file_location("golden_update", HERE / "update.py")
assert SPEC is not None
assert SPEC.loader is not None
update = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(update)

STORED = json.loads((HERE / "headline.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("scenario", update.SCENARIOS)
def test_headline_series_are_the_stored_ones(scenario):
    """Money agrees to a billionth, counts exactly; a change of results needs a changelog line (update.py)."""
    found, stored = update.headline(scenario), STORED[scenario]
    assert found.keys() == stored.keys()
    for name, values in stored.items():
        if name.startswith(("firms", "projects")):
            assert found[name] == values, name
        else:
            assert found[name] == pytest.approx(values, rel=1.5e-9), name
