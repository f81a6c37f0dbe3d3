"""Running scenarios: one run at a time, the table of any of its months, what explains it, and sudden shocks."""

from sim.experiment.explanation import explain
from sim.experiment.shocks import range_of_rules
from sim.experiment.single import levers, load, run
from sim.experiment.tables import table

__all__ = ["explain", "levers", "load", "range_of_rules", "run", "table"]
