"""Running scenarios: so far one run at a time, and the regional table of any of its months."""

from sim.experiment.single import levers, load, run
from sim.experiment.tables import table

__all__ = ["levers", "load", "run", "table"]
