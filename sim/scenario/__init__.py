"""From a scenario file to one frozen, checked, hashed scenario; no mechanism is known here by name.

A file holds ``title``, ``question``, ``extends`` and one table for each group of parameters. Everything wrong with it
is told at once, each fault in one line with file, line, key and the way to mend it.
"""

from sim.scenario.faults import Fault, ScenarioError
from sim.scenario.inheritance import extended, is_name
from sim.scenario.reading import known_keys, locate, located, parse, read
from sim.scenario.scenario import Difference, Scenario, differences
from sim.scenario.schema import schema

__all__ = [
    "Difference",
    "Fault",
    "Scenario",
    "ScenarioError",
    "differences",
    "extended",
    "is_name",
    "known_keys",
    "locate",
    "located",
    "parse",
    "read",
    "schema",
]
