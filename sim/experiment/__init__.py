"""Running scenarios: so far one run at a time."""

from sim.experiment.single import levers, load, run

__all__ = ["levers", "load", "run"]
