"""Writes docs/scenarios.md, the list of the shipped scenarios, from their files.

``python docs/scenarios.py`` rewrites the page; a test tells when it is old.
"""
# ruff: noqa: INP001  (a folder of texts with one script is no package)

from __future__ import annotations

from pathlib import Path

import sim
from sim.scenario import Scenario, differences

PAGE = Path(__file__).with_name("scenarios.md")
FOLDER = PAGE.parents[1] / "scenarios"

INTRODUCTION = """# Scenarios

Made by `python docs/scenarios.py` from the files in `scenarios/`; do not edit by hand. Each file holds only what
differs from the one it extends. **baseline** is history as known: the policies as of 2019, each from its date on,
simply continue. `ningde run NAME` runs one, `ningde check NAME` tells what it changes; what each lever does alone
stands in [levers.md](levers.md).

| scenario | question | what it changes |
|---|---|---|"""

LONGEST = 12
"""Changes that are listed; of more, only the tables."""


def page() -> str:
    """The whole page, the baseline first."""
    names = sorted((path.stem for path in FOLDER.glob("*.toml")), key=lambda name: (name != "baseline", name))
    baseline = sim.load(str(FOLDER / "baseline.toml"))
    lines = [line(baseline, sim.load(str(FOLDER / f"{name}.toml"))) for name in names]
    return "\n".join([INTRODUCTION, *lines]) + "\n"


def line(baseline: Scenario, scenario: Scenario) -> str:
    """One scenario."""
    changes = list(differences(baseline, scenario))
    if len(changes) > LONGEST:
        tables = dict.fromkeys(change.key.partition(".")[0] for change in changes)
        told = f"{len(changes)} settings of {', '.join(tables)}"
    else:
        told = ", ".join(f"`{change.key}` {short(change.after)}" for change in changes) or "nothing: the reference"
    question = " ".join(scenario.question.split())
    return f"| [{scenario.name}](../scenarios/{scenario.name}.toml): {scenario.title} | {question} | {told} |"


def short(value: str) -> str:
    """A value; a dated list is told as such."""
    return "dated" if value.startswith("[") else value.removesuffix(".0").replace("|", "/")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
