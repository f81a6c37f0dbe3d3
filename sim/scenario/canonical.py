"""A scenario written out in full, always in the same way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sim.parameters import Parameters

Tables = Mapping[str, Mapping[str, Any]]


def plain_tables(groups: Iterable[Parameters]) -> dict[str, dict[str, Any]]:
    """Every value of every group in plain TOML types, by table and key; groups of one table are put together."""
    tables: dict[str, dict[str, Any]] = {}
    for group in groups:
        tables.setdefault(group.table, {}).update(group.model_dump())
    return tables


def digest(tables: Tables) -> str:
    """SHA-256 of all values; the order of tables and keys does not matter."""
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()


def toml(tables: Tables, texts: Mapping[str, str]) -> str:
    """The tables as TOML, below the texts of the top level."""
    blocks = ["\n".join(f"{key} = {inline(text)}" for key, text in texts.items())]
    blocks += [block for name, table in tables.items() for block in _blocks(name, table)]
    return "\n\n".join(blocks) + "\n"


def _blocks(name: str, table: Mapping[str, Any]) -> list[str]:
    """One table and the tables inside it."""
    values = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    blocks = ["\n".join([f"[{name}]", *(f"{key} = {_value(value)}" for key, value in values.items())])]
    return (blocks if values else []) + [block for key in inner for block in _blocks(f"{name}.{key}", inner[key])]


def _value(value: Any) -> str:
    """A value; a long list has one element a line."""
    if isinstance(value, list) and len(value) > 2:
        return "\n".join(["[", *(f"    {inline(element)}," for element in value), "]"])
    return inline(value)


def inline(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {inline(element)}" for key, element in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(inline(element) for element in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # names, months and printable texts: what TOML writes alike
    return repr(value)
