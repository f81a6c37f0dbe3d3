"""Comparing policies over many paired runs: what differs, when the trillion comes, who gains from whom, at what cost.

Every scenario of an ensemble is run with the same seeds. Equal seeds are common luck (:mod:`sim.draws`), so differences
are taken seed by seed, and their intervals (:mod:`sim.statistics.paired`) hold what luck is left: not the doubt about
parameters, table and opening, which :mod:`sim.experiment.spread` measures. What was run with other code, other figures
or from another month has not met the same luck and is refused.

Regions are the ten counties, the groups core, coast and mountain, and the city, their sum; products are those of the
model, the chains, and all together. Money is M yuan.
"""

from sim.experiment.comparison.amounts import ALL, CITY, CITY_LEVEL
from sim.experiment.comparison.differences import Comparison, compare
from sim.experiment.comparison.reach import Driver, Reach
from sim.experiment.comparison.runs import ComparisonError, Joined, Runs, join, known

__all__ = [
    "ALL",
    "CITY",
    "CITY_LEVEL",
    "Comparison",
    "ComparisonError",
    "Driver",
    "Joined",
    "Reach",
    "Runs",
    "compare",
    "join",
    "known",
]
