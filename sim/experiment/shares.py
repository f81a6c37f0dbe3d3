"""Drawn parameters of which some are shares of a whole: they are scaled so that they sum to 1.

A scenario file with shares that do not sum to 1 is refused, never mended. A draw of parameters from their ranges has no
author who could be asked; scaling keeps the proportions that were drawn.
"""

from __future__ import annotations

from collections.abc import Mapping

from sim.parameters import Parameters
from sim.scenario import Scenario


def with_scaled_shares(scenario: Scenario, values: Mapping[str, float]) -> dict[str, float]:
    """Drawn values, with shares that must sum to 1 scaled; a share that moves along is added.

    Args:
        scenario: values of what was not drawn.
        values: by dotted name.
    """
    found = dict(values)
    for group in scenario.parameters:  # several groups may share a table
        prefix, fields = f"{group.table}.", type(group).model_fields
        own = {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}
        own = {name: value for name, value in own.items() if name.partition(".")[0] in fields}
        found |= {prefix + name: value for name, value in scaled_shares(group, own).items()}
    return found


def scaled_shares(group: Parameters, own: Mapping[str, float]) -> dict[str, float]:
    """The same for one group.

    Args:
        group: values of what was not drawn.
        own: values by name in the group, entries of its tables of figures by dotted name.
    """
    found = dict(own)
    if not found:
        return found
    changed: dict[str, object] = {}
    for name, value in own.items():
        field, _, key = name.partition(".")
        changed[field] = {**_entries(changed.get(field, getattr(group, field))), key: value} if key else value
    for names, sentence in group.model_copy(update=changed).checks():
        if not isinstance(names, str) and sentence.endswith("must sum to 1"):
            values = {name: own[name] if name in own else value_in(group, name) for name in names}
            total = sum(values.values())
            found |= {name: value / total for name, value in values.items()}
    return found


def value_in(group: Parameters, name: str) -> float:
    """The value of a number of a group, or of an entry of a table of figures."""
    field, _, key = name.partition(".")
    value = getattr(group, field)
    return float(value[key] if key and isinstance(value, Mapping) else value)


def _entries(table: object) -> Mapping[str, float]:
    """A table of figures."""
    assert isinstance(table, Mapping)
    return table
