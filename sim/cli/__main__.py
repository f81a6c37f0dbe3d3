"""``python -m sim.cli`` is the command ``ningde``."""

from sim.cli import app

app()
