"""Running scenarios: so far one run at a time, the regional table of any of its months, and sudden shocks to one."""

from sim.experiment.shocks import range_of_rules
from sim.experiment.single import levers, load, run
from sim.experiment.tables import table

__all__ = ["levers", "load", "range_of_rules", "run", "table"]
