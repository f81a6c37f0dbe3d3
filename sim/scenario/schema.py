"""The JSON schema of scenario files, for editors."""

from __future__ import annotations

from typing import Any

from sim.parameters import Parameters
from sim.scenario.inheritance import NAME
from sim.scenario.reading import TEXTS


def schema(groups: tuple[type[Parameters], ...]) -> dict[str, Any]:
    """JSON schema (draft 7) of a scenario file; ranges, units, sources and defaults come from the declarations."""
    properties: dict[str, Any] = {key: {"type": "string", "maxLength": length} for key, length in TEXTS.items()}
    properties["extends"] = {
        "type": "string",
        "pattern": f"^{NAME.pattern}$",
        "description": "scenario that is changed",
    }
    for group in groups:
        table = properties.setdefault(group.table, _empty_table())
        made = group.model_json_schema()
        table["properties"] |= made["properties"]
        table["description"] = " ".join(filter(None, [table["description"], made["description"]]))
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Scenario",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _empty_table() -> dict[str, Any]:
    """JSON schema of a table to be filled."""
    return {"type": "object", "description": "", "properties": {}, "additionalProperties": False}
