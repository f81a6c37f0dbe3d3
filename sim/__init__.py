"""A simulator of the regional economy of Ningde: firms as agents, an input-output table as their exact aggregate.

::

    import sim

    base = sim.load("baseline")
    run = sim.run(base, seed=1)
    run.output.sel(county="Fuding")

Public names are those of ``__all__``; they are imported when they are first used, so that ``import sim`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sim import _threads  # noqa: F401  first of all: it must come before the first import of numpy

if TYPE_CHECKING:
    from sim import inputoutput
    from sim.agents import City, County, Firm, Leader
    from sim.experiment import Ensemble, explain, levers, load, run, table
    from sim.experiment.comparison import compare
    from sim.experiment.ensemble import ensemble
    from sim.model import NingdeModel
    from sim.results import Run
    from sim.scenario import Scenario, ScenarioError

__version__ = "0.1.0"

_HOME = {
    "City": "sim.agents",
    "County": "sim.agents",
    "Ensemble": "sim.experiment",
    "Firm": "sim.agents",
    "Leader": "sim.agents",
    "NingdeModel": "sim.model",
    "Run": "sim.results",
    "Scenario": "sim.scenario",
    "ScenarioError": "sim.scenario",
    "compare": "sim.experiment.comparison",
    "ensemble": "sim.experiment.ensemble",  # a module of that name is in the room itself
    "explain": "sim.experiment",
    "levers": "sim.experiment",
    "load": "sim.experiment",
    "run": "sim.experiment",
    "table": "sim.experiment",
}
"""Module of each public name."""

__all__ = [
    "City",
    "County",
    "Ensemble",
    "Firm",
    "Leader",
    "NingdeModel",
    "Run",
    "Scenario",
    "ScenarioError",
    "compare",
    "ensemble",
    "explain",
    "inputoutput",
    "levers",
    "load",
    "run",
    "table",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name == "inputoutput":
        return import_module("sim.inputoutput")
    raise AttributeError(f"module 'sim' has no attribute {name!r}")
