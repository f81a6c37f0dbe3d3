"""Writes docs/parameters.md, the tables of everything a scenario file can set, from the declarations in the code.

``python docs/parameters.py`` rewrites the page; a test tells when it is old.
"""
# ruff: noqa: INP001  (a folder of texts with one script is no package)

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sim.model import GROUPS
from sim.parameters import Parameters, describe, plain_text
from sim.parameters.declarations import Row, Setting

PAGE = Path(__file__).with_name("parameters.md")

INTRODUCTION = """# Parameters

Made by `python docs/parameters.py` from the declarations in `sim/`; do not edit by hand. One section a table of the
scenario file. Symbols are those of [model.md](model.md). A **lever** (bold name) may be dated, and where marked "by
county" set for each county; before its start it stands at its neutral value; "paid by" names the budget that pays for
it, or who bears it where no budget does. What levers do: [levers.md](levers.md). Grades: `sourced` printed in a named
publication, `derived` arithmetic on sourced figures, `recalled` not checked against a document, `assumed` chosen by
the modellers, `calibrate` a wide prior, never to be quoted as a fact.
"""

HEAD = """| name | symbol | unit | default | range | start, neutral, scope, payer | grade | source |
|---|---|---|---|---|---|---|---|"""


def cell(text: str) -> str:
    """Text that cannot break a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def value(setting: Setting | None) -> str:
    """A value as a scenario file would hold it; nothing for none."""
    return "" if setting is None else plain_text(setting)


def span(row: Row) -> str:
    """Range or options of a row."""
    if row.options:
        return ", ".join(row.options)
    low, high = value(row.low), value(row.high)
    return f"{low} to {high}" if low and high else ""


def start(row: Row) -> str:
    """When a lever begins and what holds before; whether counties may differ; who pays."""
    parts = [f"from `{row.starts}`"] if row.starts else []
    if row.neutral is not None:
        parts.append(f"neutral {value(row.neutral)}")
    if row.scope == "county":
        parts.append("by county")
    if row.payer:
        parts.append(f"paid by {row.payer}")
    return ", ".join(parts)


def line(row: Row) -> str:
    """One line of a table."""
    name = f"**{row.name}**" if row.kind == "lever" else row.name
    symbol = f"`{row.symbol}`" if row.symbol else ""
    columns = (name, symbol, row.unit, value(row.default), span(row), start(row), row.grade, row.source)
    return f"| {' | '.join(cell(text) for text in columns)} |"


def section(group: type[Parameters]) -> str:
    """Heading, purpose and table of one group."""
    purpose = (group.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
    rows = "\n".join(line(row) for row in describe(group))
    return f"## {group.table}\n\n{purpose}\n\n{HEAD}\n{rows}\n"


def sections() -> Iterator[str]:
    """The introduction and every group, in the order of the code."""
    yield INTRODUCTION
    for group in GROUPS:
        yield section(group)


def page() -> str:
    """The whole page."""
    return "\n".join(sections())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
