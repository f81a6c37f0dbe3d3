"""The command ``ningde``. Heavy imports stay inside the commands, so that help and mistakes answer at once.

Exit codes: 0 all is well, 2 the input is at fault (one line for each fault on standard error, no traceback), 3 an
accounting identity stopped the run, or a month could not be computed; 130 after an interrupt from the keyboard.
"""

from __future__ import annotations

from importlib import import_module

from sim.cli.common import BAD_INPUT, BROKEN_BOOKS, INTERRUPTED, app

for _commands in (
    "running",
    "ensembles",
    "comparing",
    "briefing",
    "tables",
    "telling",
    "validating",
    "calibrating",
    "backtesting",
    "tuning",
    "scenarios",
):  # the order in which help lists them
    import_module(f"sim.cli.{_commands}")

__all__ = ["BAD_INPUT", "BROKEN_BOOKS", "INTERRUPTED", "app"]
