"""Figures of the project: one CSV file a subject, every row with its source and evidence grade (see SOURCES.md).

A folder of the user may take the place of the files about a prefecture (:mod:`sim.data.own_region`).
The readers give plain rows of text; whoever uses a column turns it into a number, so that a wrong figure is found where
its meaning is known. Nothing here interprets a figure.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from sim.data import own_region

GRADES = ("sourced", "derived", "recalled", "assumed", "calibrate")
"""Evidence grades of a row, best first; ``calibrate`` marks a wide prior that may be fitted."""


_FOLDER = files(__name__)
"""The data files inside the installed package."""


def _file(name: str) -> Traversable:
    """The shipped data file of that name."""
    return _FOLDER.joinpath(name)


def _content(name: str) -> bytes:
    """What a data file holds: that of the user where there is one."""
    own = own_region.folder()
    found = None if own is None else own_region.content(own, _FOLDER, name)
    return _file(name).read_bytes() if found is None else found


def names() -> list[str]:
    """Names of all data files (CSV and GeoJSON), sorted."""
    return sorted(entry.name for entry in _FOLDER.iterdir() if entry.name.endswith((".csv", ".geojson")))


def text(name: str) -> str:
    """Content of a data file.

    Raises:
        FileNotFoundError: no data file has that name; the message lists those there are.
    """
    try:
        return _content(name).decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        raise FileNotFoundError(f"no data file {name!r}; there are {', '.join(names())}") from None


def rows(name: str) -> list[dict[str, str]]:
    """Rows of a CSV data file as dictionaries of text by column name, in the order of the file.

    Raises:
        FileNotFoundError: no data file has that name.
        ValueError: a row has more or fewer cells than the heading; the message names file and line.
    """
    return [dict(row) for row in _parsed(name, text(name))]


@lru_cache
def _parsed(name: str, content: str) -> tuple[dict[str, str], ...]:
    """Rows of a CSV text; kept, since a model reads some files dozens of times."""
    lines = csv.reader(content.splitlines())
    heading = next(lines)
    table: list[dict[str, str]] = []
    for number, cells in enumerate(lines, start=2):
        if len(cells) != len(heading):
            raise ValueError(f"{name}:{number}: {len(cells)} cells, the heading has {len(heading)}")
        table.append(dict(zip(heading, cells, strict=True)))
    return tuple(table)


def place(name: str) -> str:
    """What a data file is called in messages: its name, or the path of the user's own."""
    own = own_region.folder()
    return name if own is None or not (own / name).is_file() else str(own / name)


def codes(name: str, column: str = "code") -> tuple[str, ...]:
    """One column of a CSV data file, by default its codes, in the order of the file."""
    return tuple(row[column] for row in rows(name))


def _digested() -> Iterator[bytes]:
    """What the digest covers: name and content of each data file, with line ends as in the repository."""
    for name in names():
        yield name.encode() + b"\0" + _content(name).replace(b"\r\n", b"\n") + b"\0"


@lru_cache(maxsize=1)
def digest() -> str:
    """SHA-256 of all data files, hexadecimal; two runs with the same digest used the same figures."""
    total = hashlib.sha256()
    for part in _digested():
        total.update(part)
    return total.hexdigest()
