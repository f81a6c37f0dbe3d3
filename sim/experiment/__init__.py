"""Running scenarios: so far one run at a time, the regional table of any of its months, and what explains a run."""

from sim.experiment.explanation import explain
from sim.experiment.single import levers, load, run
from sim.experiment.tables import table

__all__ = ["explain", "levers", "load", "run", "table"]
