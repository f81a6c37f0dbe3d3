"""Defaults and ranges of a user's own prefecture: parameters.csv of the data folder, none for the shipped one.

A declaration in the code holds the figures of Ningde. Where the file of another prefecture names a parameter, its
value, range, dates and source take their place, for scenarios, lists and calibrations alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sim import data
from sim.data.own_region import DataFolderError
from sim.parameters.declarations import Declaration, Number
from sim.parameters.levers import LeverRule
from sim.parameters.words import RefusedError, suggestion

FILE = "parameters.csv"


def own_declarations(table: str, declared: dict[str, Declaration]) -> dict[str, Declaration]:
    """The declarations of a group that the data folder changes, by field.

    Args:
        table: name of the group in scenario files.
        declared: declarations of the code by field.

    Raises:
        DataFolderError: a row names no number of the group, or its figures cannot be declared; with file and line.
    """
    changed: dict[str, Declaration] = {}
    for line, row in enumerate(data.rows(FILE), start=2):
        group, _, name = row["name"].partition(".")
        if group != table:
            continue
        where = f"{data.place(FILE)}:{line}: {row['name']}"
        if name not in declared:
            raise DataFolderError(f"{where}: there is no such parameter{suggestion(name, tuple(declared))}")
        try:
            changed[name] = _changed(declared[name], row)
        except (RefusedError, ValueError) as error:
            raise DataFolderError(f"{where}: {error}") from None
    return changed


def _changed(declaration: Declaration, row: dict[str, str]) -> Declaration:
    """A declaration with the figures of a row.

    Raises:
        ValueError: it declares no number.
        RefusedError: the value is no value of it.
    """
    about: dict[str, Any] = {key: row[key] for key in ("source", "grade", "newest_fact", "published")}
    number = declaration.value if isinstance(declaration, LeverRule) else declaration
    if not isinstance(number, Number):
        raise ValueError("it is no number with a range; set it in a scenario file")
    kind = int if number.whole else float
    figures: dict[str, Any] = {"default": kind(row["value"]), "low": kind(row["low"]), "high": kind(row["high"])}
    number = replace(number, **figures, **about)
    return replace(declaration, value=number, **about) if isinstance(declaration, LeverRule) else number


def check_tables(known: Iterable[str]) -> None:
    """Raise unless every row of the file is about a table of the model.

    Args:
        known: names of the tables.

    Raises:
        DataFolderError: a row names another one; with file and line.
    """
    tables = tuple(known)
    for line, row in enumerate(data.rows(FILE), start=2):
        group = row["name"].partition(".")[0]
        if group not in tables:
            raise DataFolderError(
                f"{data.place(FILE)}:{line}: {row['name']}: there is no table {group}{suggestion(group, tables)}"
            )
