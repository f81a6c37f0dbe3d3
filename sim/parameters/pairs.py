"""Pairs of counties: a list of [helping county, mountain county]; the shipped pairs where the scenario says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sim import data
from sim.data.pairing import Pair, pair_fault
from sim.parameters.declarations import Declaration, Row
from sim.parameters.places import counties, county_code
from sim.parameters.words import Place, RefusedError, refuse, show

Pairs = tuple[Pair, ...]
"""Codes of the helping county and of its mountain partner."""


@dataclass(frozen=True, kw_only=True)
class PairsRule(Declaration):
    """Pairs of counties, without contradictions."""

    def initial(self) -> Pairs:
        return tuple((row["coast"], row["mountain"]) for row in data.rows("pairs.csv"))

    def read(self, raw: object) -> Pairs:
        if not isinstance(raw, list | tuple):
            raise refuse(f'{show(raw)} is not a list of pairs such as [["DQ", "GT"], ["FD", "ZR"]]')
        groups = {row["code"]: row["group"] for row in data.rows("regions.csv")}
        pairs: list[Pair] = []
        faults: list[tuple[Place, str]] = []
        for at, item in enumerate(raw):
            if not isinstance(item, list | tuple) or len(item) != 2 or not all(isinstance(each, str) for each in item):
                faults.append(((at,), f'{show(item)} is not a pair of counties such as ["DQ", "GT"]'))
                continue
            try:
                coast, mountain = (county_code(each) for each in item)
            except RefusedError as refusal:
                faults += [((at,), sentence) for _, sentence in refusal.faults]
                continue
            fault = pair_fault(coast, mountain, groups, pairs)
            if fault:
                faults.append(((at,), fault))
            pairs.append((coast, mountain))
        if faults:
            raise RefusedError(faults)
        return tuple(pairs)

    def plain(self, value: Pairs) -> list[list[str]]:
        return [list(pair) for pair in value]

    def schema(self) -> dict[str, Any]:
        county = {"type": "string", "enum": list(counties())}
        pair = {"type": "array", "items": county, "minItems": 2, "maxItems": 2}
        return {"type": "array", "items": pair}

    def rows(self, name: str) -> Iterator[Row]:
        yield Row.of(self, name, default=", ".join("-".join(pair) for pair in self.initial()))
