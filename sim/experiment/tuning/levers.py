"""Levers of a problem: how far each may move, and the scenario that values of them make.

A lever moves from one month on; before it the scenario holds. Shares that must sum to 1 keep to their whole: those that
move are scaled down if they come to more than 1, those that do not move share what is left in their old proportions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.experiment.levers_runs import shares_with
from sim.parameters import Lever, Month, counties
from sim.scenario import Scenario

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LeverRange:
    """A lever, or its value in some counties, and how far it may move.

    Attributes:
        path: dotted name.
        low, high: ends of its range here, within the declared one.
        unit: its unit.
        whole: whether it takes whole numbers only.
        since: month from which it holds.
        counties: codes of the counties for which the value holds; empty for all, and for a lever of the city.
        dated: whether the lever moves more than once in the problem, so that its name needs its month.
    """

    path: str
    low: float
    high: float
    unit: str
    whole: bool
    since: Month
    counties: tuple[str, ...] = ()
    dated: bool = False

    @property
    def name(self) -> str:
        """As in tables: the path, with counties and month where they tell it from others."""
        where = f"@{'+'.join(self.counties)}" if self.counties else ""
        return f"{self.path}{where}{f' from {self.since}' if self.dated else ''}"

    def value(self, share: float) -> float:
        """The value at a share of the range."""
        found = self.low + share * (self.high - self.low)
        return round(found) if self.whole else found

    def share(self, value: float) -> float:
        """Where a value lies in the range, 0 to 1; values outside lie at its ends."""
        return float(np.clip((value - self.low) / (self.high - self.low), 0.0, 1.0))


def lever_of(scenario: Scenario, path: str) -> Lever | None:
    """The lever of a dotted path; None if there is none."""
    table, _, key = path.partition(".")
    for group in scenario.parameters:
        found = getattr(group, key, None) if group.table == table else None
        if isinstance(found, Lever):
            return found
    return None


def partners(scenario: Scenario, path: str) -> tuple[str, ...]:
    """Dotted names of the levers that must sum to 1 with one, itself among them; empty if it stands alone."""
    table, _, key = path.partition(".")
    for group in scenario.parameters:
        if group.table == table and isinstance(getattr(group, key, None), Lever):
            return tuple(f"{table}.{name}" for name in shares_with(group, key))
    return ()


def present(scenario: Scenario, lever: LeverRange) -> float:
    """The value of the scenario from the month of the lever on, the mean over months and counties."""
    values = scenario.lever(lever.path)[max(lever.since - scenario.start, 0) :]
    if values.ndim == 1:
        return float(values.mean())
    inside = [at for at, county in enumerate(counties()) if not lever.counties or county in lever.counties]
    return float(values[:, inside].mean())


def settings(scenario: Scenario, levers: Sequence[LeverRange], point: Sequence[float]) -> dict[str, float]:
    """Values of levers by name, from a point of the unit cube (d,); shares of one whole are scaled."""
    found = {lever.name: lever.value(float(share)) for lever, share in zip(levers, point, strict=True)}
    for moving, _ in wholes(scenario, levers):
        total, all_move = sum(found[each.name] for each in moving), not _still(scenario, moving)
        if total > 1.0 or all_move:
            parts = {each.name: found[each.name] / total if total > 0 else 1.0 / len(moving) for each in moving}
            found |= parts
    return found


def with_settings(scenario: Scenario, levers: Sequence[LeverRange], values: Mapping[str, float]) -> dict[str, Any]:
    """What a scenario file would say for levers that are set from their month on, by dotted name.

    Args:
        scenario: what holds before, and in counties that are not named.
        levers: of the problem.
        values: by name of the lever in the problem.
    """
    moves = [(lever, values[lever.name]) for lever in levers]
    for moving, still in wholes(scenario, levers):
        left = max(1.0 - sum(values[each.name] for each in moving), 0.0)
        old = {each.path: present(scenario, each) for each in still}
        total = sum(old.values())
        moves += [(each, left * old[each.path] / total if total > 0 else left / len(still)) for each in still]
    changes: dict[str, Any] = {}
    for lever, value in sorted(moves, key=lambda move: move[0].since):
        found = lever_of(scenario, lever.path)
        assert found is not None
        plain = changes.get(lever.path, found.plain())
        changes[lever.path] = _from_month(plain, lever, round(value) if lever.whole else value, scenario.start)
    return changes


def wholes(
    scenario: Scenario, levers: Sequence[LeverRange]
) -> tuple[tuple[tuple[LeverRange, ...], tuple[LeverRange, ...]], ...]:
    """Groups of shares that must sum to 1: those that move, and those that make room; one group a month."""
    found: dict[tuple[tuple[str, ...], Month], tuple[tuple[LeverRange, ...], tuple[LeverRange, ...]]] = {}
    for lever in levers:
        names = partners(scenario, lever.path)
        if names and (names, lever.since) not in found:
            moving = tuple(each for each in levers if each.path in names and each.since == lever.since)
            found[names, lever.since] = moving, _still(scenario, moving)
    return tuple(found.values())


def _still(scenario: Scenario, moving: Sequence[LeverRange]) -> tuple[LeverRange, ...]:
    """The partners of shares that do not move themselves."""
    first = moving[0]
    names = [path for path in partners(scenario, first.path) if path not in {each.path for each in moving}]
    return tuple(LeverRange(path, 0.0, 1.0, first.unit, False, first.since) for path in names)


def _from_month(plain: Any, lever: LeverRange, value: float, start: Month) -> Any:
    """What stands in a scenario file for a lever, with a value from a month on, in some counties or all."""
    if not lever.counties:
        if isinstance(plain, Mapping):
            return {key: _course(course, lever.since, value, start) for key, course in plain.items()}
        return _course(plain, lever.since, value, start)
    table = dict(plain) if isinstance(plain, Mapping) else {"default": plain}
    for code in lever.counties:
        table[code] = _course(table.get(code, table["default"]), lever.since, value, start)
    return table


def _course(course: Any, since: Month, value: float, start: Month) -> Any:
    """A constant or a dated list, with a value from a month on."""
    if since <= start:
        return value
    dated = course if isinstance(course, list) else [{"from": str(start), "value": course}]
    return [*(item for item in dated if Month(item["from"]) < since), {"from": str(since), "value": value}]
