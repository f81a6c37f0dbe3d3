"""``ningde check``, ``levers`` and ``schema``: scenario files and what can be set in them."""

from __future__ import annotations

import csv
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.common import app, groups, read_all, refuse

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from sim.parameters import Row
    from sim.scenario import Scenario

WIDE = 150
"""Columns of a window from which on a list is one table; a narrower one gets a paragraph a parameter."""


LONGEST_COLUMN = {"unit": 34, "range": 24, "paid by": 30}
"""Most characters of a column before it wraps, so that all fit into 200."""


@app.command()
def check(
    file: Annotated[list[str], typer.Argument(help="Scenario files, or bare names of scenarios in scenarios/.")],
) -> None:
    """Check scenario files: every fault with its line, or OK and what the scenario changes."""
    read_all(file, report=_report)


def _report(path: Path, scenario: Scenario) -> None:
    """OK, and what the scenario changes in the one it extends, or in the defaults."""
    from sim.scenario import ScenarioError, differences, extended, parse, read

    parent, before = "the defaults", parse("", groups())
    with suppress(ScenarioError):  # the ranges of a prefecture of the user may not hold what it extends
        if scenario.extends:
            parent, before = scenario.extends[0], read(extended(path, scenario.extends[0]), groups())
    changes = list(differences(before, scenario))
    settings = "1 setting differs" if len(changes) == 1 else f"{len(changes)} settings differ"
    typer.echo(f"{path}: OK: {scenario.title} ({settings} from {parent})")
    if scenario.question:
        typer.echo(f"    {scenario.question}")
    for change in changes:
        typer.echo(f"    {change.key}: {_short(change.before)} -> {_short(change.after)}")


def _short(text: str) -> str:
    """At most 80 characters of a text."""
    return text if len(text) <= 80 else f"{text[:77]}..."


@app.command()
def levers(
    table: Annotated[str | None, typer.Argument(help="Only this table of the scenario file.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All parameters, not only levers.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, with every column.")] = False,
) -> None:
    """List the levers: unit, range, default, start, scope, who pays, evidence grade and source."""
    from sim.parameters import describe, suggestion

    rows = [row for group in groups() for row in describe(group)]
    tables = tuple(dict.fromkeys(row.table for row in rows))
    if table is not None and table not in tables:
        refuse([f"unknown table '{table}'{suggestion(table, tables)}; the tables are {', '.join(tables)}"])
    starts = {(row.table, row.name): str(row.default) for row in rows}
    shown = [row for row in rows if table in (None, row.table) and (everything or row.kind == "lever")]
    if as_csv:
        _print_csv(shown, starts)
    else:
        _print_table(shown, starts)


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option(help="File to write; standard output if not given.")] = None,
) -> None:
    """JSON schema of scenario files: editors then complete and check them (first line: #:schema ./FILE)."""
    from sim.scenario import schema as make_schema

    text = json.dumps(make_schema(groups()), indent=1, ensure_ascii=False) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    if out.is_dir() or out.is_symlink():
        refuse([f"{out}: this is a {'link' if out.is_symlink() else 'folder'}; name a file"])
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        refuse([f"{out}: the file cannot be written: {error.strerror}"])


def _cells(row: Row, starts: dict[tuple[str, str], str]) -> dict[str, str]:
    """What the list says of one parameter, by column."""
    from sim.parameters import plain_text

    low, high = ("" if bound is None else plain_text(bound) for bound in (row.low, row.high))
    return {
        "name": f"{row.table}.{row.name}",
        "symbol": row.symbol,
        "kind": row.kind,
        "unit": row.unit,
        "range": ", ".join(row.options) if row.options else f"{low} to {high}" if low or high else "",
        "default": plain_text(row.default),
        "from": starts[row.table, row.starts] if row.starts else "",
        "neutral": "" if row.neutral is None else plain_text(row.neutral),
        "scope": row.scope,
        "paid by": row.payer,
        "grade": row.grade,
        "source": row.source,
    }


def _print_csv(rows: list[Row], starts: dict[tuple[str, str], str]) -> None:
    """The list as CSV; a text that a spreadsheet would take for a formula is quoted."""
    cells = [_cells(row, starts) for row in rows]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if cells:
        writer.writerow(cells[0])
    writer.writerows([harmless(text) for text in line.values()] for line in cells)


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula; numbers stay numbers."""
    if text[:1] not in ("=", "+", "-", "@", "\t"):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def _print_table(rows: list[Row], starts: dict[tuple[str, str], str]) -> None:
    """The list as a table that a person can read."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 200
    cells = [_cells(row, starts) for row in rows]
    if console.width >= WIDE:
        console.print(_rich_table(cells))
    else:
        for line in cells:
            console.print(_paragraph(line, console.width), markup=False)


def _rich_table(cells: list[dict[str, str]]) -> RichTable:
    """The columns a reader needs."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    columns = ("name", "unit", "range", "default", "from", "scope", "paid by", "grade", "source")
    shown = [column for column in columns if column != "paid by" or any(line[column] for line in cells)]
    table = Table(box=box.SIMPLE_HEAD)
    for column in shown:
        options: dict[str, Any] = {"no_wrap": True} if column in ("name", "from", "default", "scope", "grade") else {}
        options |= {"ratio": 1} if column == "source" else {"max_width": LONGEST_COLUMN.get(column)}
        table.add_column(column, overflow="fold", **options)
    for line in cells:
        table.add_row(*(escape(line[column]) for column in shown))
    return table


def _paragraph(line: dict[str, str], width: int) -> str:
    """One parameter in a narrow window: name and values on the first line, the rest below."""
    from textwrap import fill

    since = f" from {line['from']}" if line["from"] else ""
    span = f" ({line['range']})" if line["range"] else ""
    head = f"{line['name']} = {line['default']}{since}{span}"
    scope = " by county" if line["scope"] == "county" else ""
    payer = [f"paid by: {line['paid by']}"] if line["paid by"] else []
    evidence = line["source"] if line["source"].startswith("assumption") else f"{line['grade']}: {line['source']}"
    rest = [f"{line['unit']}{scope}", *payer, evidence]
    texts = [fill(head, width, subsequent_indent="    ", break_on_hyphens=False)]
    texts += [fill(text, width, initial_indent="    ", subsequent_indent="      ") for text in rest]
    return "\n".join(texts)
