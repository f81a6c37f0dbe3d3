"""``extends``: a scenario file names another one, in its folder or of the project, and only says what differs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.parameters import Declaration, Figures, Place, show
from sim.scenario.documents import Document, read_document
from sim.scenario.faults import Fault, ScenarioError

PROJECT = Path(__file__).parents[2] / "scenarios"
"""Scenarios that come with the project."""

EXTENDS_LIMIT = 5
"""Most scenarios between a file and the last one it rests on (assumption: nobody follows more)."""

NAME = re.compile(r"[a-z0-9_-]{1,64}")
"""What a scenario may be called; the name is used for files and columns."""

RESERVED = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
"""Names that some operating systems keep for devices."""


def is_name(text: object) -> bool:
    """Whether a scenario may be called so."""
    return isinstance(text, str) and NAME.fullmatch(text) is not None and RESERVED.fullmatch(text) is None


def read_chain(path: Path, faults: list[Fault]) -> list[Document]:
    """The file and the files it extends, from the file itself upwards.

    Faults of a file that is extended, or of the way to it, are added to ``faults``; the chain then ends before it.

    Raises:
        ScenarioError: the first file cannot be read or parsed.
    """
    chain = [read_document(path)]
    names = [path.stem]
    while "extends" in chain[-1].content:
        name = chain[-1].content["extends"]
        sentence = _refused_name(name, names, path)
        if sentence:
            faults.append(chain[-1].fault(("extends",), sentence))
            break
        try:
            chain.append(read_document(extended(path, name)))
        except ScenarioError as error:
            if not path.with_name(f"{name}.toml").exists():
                faults += [chain[-1].fault(("extends",), f"{fault.file}: {fault.sentence}") for fault in error.faults]
            else:
                faults += error.faults
            break
        names.append(name)
    return chain


def extended(path: Path, name: str) -> Path:
    """The file of that name in the folder of a scenario; if there is none, the one that comes with the project."""
    here, project = path.with_name(f"{name}.toml"), PROJECT / f"{name}.toml"
    return project if project.is_file() and not here.exists() else here


def _refused_name(name: object, names: list[str], path: Path) -> str:
    """Why a scenario cannot be extended; empty if it can."""
    if not isinstance(name, str) or not is_name(name):
        return f"{show(name)} is not the name of a scenario in this folder (1 to 64 of a-z 0-9 _ -, without .toml)"
    if name == names[-1]:
        return "the scenario extends itself"
    if name in names:
        return f"a circle: {' -> '.join([*names[names.index(name) :], name])}"
    if len(names) > EXTENDS_LIMIT:
        return f"more than {EXTENDS_LIMIT} scenarios deep: {' -> '.join([*names, name])}"
    if not _inside(path.with_name(f"{name}.toml"), path.parent):
        return f'"{name}" is a link out of the folder'
    return ""


def _inside(path: Path, folder: Path) -> bool:
    """Whether a file, links followed, lies in the folder."""
    try:
        return path.resolve().parent == folder.resolve()
    except (OSError, RuntimeError):  # a circle of links
        return False


@dataclass
class Merged:
    """The tables of a chain of files, the nearer file winning, and who said what.

    Attributes:
        tables: values by table and key.
        origins: the document that set a place.
    """

    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    origins: dict[Place, Document] = field(default_factory=dict)

    def origin(self, place: Place) -> Document | None:
        """The document that set a place, or the nearest table or value above it."""
        for length in range(len(place), 0, -1):
            if place[:length] in self.origins:
                return self.origins[place[:length]]
        return None


def merge(chain: list[Document], known: Mapping[str, Mapping[str, Declaration]]) -> Merged:
    """Lay the tables of a chain over each other.

    A value replaces the value above it as a whole, a dated list or a table by county included; only tables of figures
    are merged figure by figure.
    """
    merged = Merged()
    for document in reversed(chain):
        for table, content in document.content.items():
            if table not in known or not isinstance(content, dict):
                continue
            merged.origins[(table,)] = document
            target = merged.tables.setdefault(table, {})
            for key, value in content.items():
                deep = isinstance(known[table].get(key), Figures)
                _lay_over(target, key, value, (table, key), deep, document, merged.origins)
    return merged


def _lay_over(
    target: dict[str, Any],
    key: str,
    value: Any,
    place: Place,
    deep: bool,
    document: Document,
    origins: dict[Place, Document],
) -> None:
    """Set one key, or lay a table of figures over the one that is there."""
    origins[place] = document
    if not (deep and isinstance(value, dict) and isinstance(target.get(key, {}), dict)):
        target[key] = value
        return
    table = target[key] = dict(target.get(key, {}))
    for inner, figure in value.items():
        _lay_over(table, inner, figure, (*place, inner), deep, document, origins)
