"""Writes docs/forecast-record.md and its figures from the folder of a back-test; nothing is run.

``python docs/forecast_record.py FOLDER`` after ``ningde backtest --skip --out FOLDER``. What is told, and the rules by
which sentences are made, stands in docs/forecast-protocol.md and sim/report/backtest.py.
"""
# ruff: noqa: INP001  (a folder of texts with one script is no package)

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sim.experiment.backtest.plan import BacktestError
from sim.experiment.backtest.study import read_study
from sim.report.backtest_figures import save_backtest_figures
from sim.report.backtest_record import HEADING, to_markdown

PAGE = Path(__file__).with_name("forecast-record.md")
IMAGES = Path(__file__).with_name("images") / "forecast"

HEAD = f"""{HEADING}
Made by `python docs/forecast_record.py` from the tables of `ningde backtest`; do not edit by hand. Rules, rivals and
marks stand in the [protocol](forecast-protocol.md), which was written before; [causes](forecast-causes.md) says what it
teaches.
"""


def main() -> int:
    """Write page and figures."""
    parser = argparse.ArgumentParser(description="Write docs/forecast-record.md from the folder of a back-test.")
    parser.add_argument("folder", type=Path, help="folder of ningde backtest")
    try:
        study = read_study(parser.parse_args().folder)
    except BacktestError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    IMAGES.mkdir(parents=True, exist_ok=True)
    figures = save_backtest_figures(study, IMAGES)
    PAGE.write_text(to_markdown(study, [f"images/forecast/{file.name}" for file in figures], HEAD), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
