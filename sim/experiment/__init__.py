"""Running scenarios: one run, the table of any of its months, what explains it, sudden shocks, and many runs.

Public names are imported when they are first used: a process that waits for a job of an ensemble needs none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.experiment.ensemble import Ensemble
    from sim.experiment.explanation import explain
    from sim.experiment.shocks import range_of_rules
    from sim.experiment.single import levers, load, run
    from sim.experiment.tables import table

_HOME = {
    "Ensemble": "sim.experiment.ensemble",
    "explain": "sim.experiment.explanation",
    "levers": "sim.experiment.single",
    "load": "sim.experiment.single",
    "range_of_rules": "sim.experiment.shocks",
    "run": "sim.experiment.single",
    "table": "sim.experiment.tables",
}
"""Module of each public name."""

__all__ = ["Ensemble", "explain", "levers", "load", "range_of_rules", "run", "table"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'sim.experiment' has no attribute {name!r}")
