"""Tables of figures that are carried as data and may be changed one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sim import data
from sim.parameters.declarations import Declaration, Number, Row
from sim.parameters.words import Place, RefusedError, show, unknown


class Entries(Mapping[str, float]):
    """An immutable, hashable table of figures by dotted key, such as ``"B_CELL.B_CATH"``."""

    __slots__ = ("_hash", "_values")

    def __init__(self, values: Mapping[str, float]) -> None:
        self._values = dict(values)
        self._hash = hash(tuple(self._values.items()))

    def __getitem__(self, key: str) -> float:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entries) and self._values == other._values

    def __repr__(self) -> str:
        return f"Entries({self._values})"

    def __reduce__(self) -> tuple[type[Entries], tuple[dict[str, float]]]:
        """Pickled by content, because text is hashed differently in every process."""
        return Entries, (self._values,)


@dataclass(frozen=True, kw_only=True)
class Figures(Declaration):
    """A table of figures from sim/data/coefficients.csv; a scenario may change single ones.

    Attributes:
        figures: key and declaration of each figure, in the order of the file.
    """

    figures: tuple[tuple[str, Number], ...]

    def initial(self) -> Entries:
        return Entries({key: number.initial() for key, number in self.figures})

    def read(self, raw: object) -> Entries:
        if isinstance(raw, Entries):
            raw = self.plain(raw)
        changed: dict[str, float] = {}
        faults: list[tuple[Place, str]] = []
        self._read_table(raw, (), changed, faults)
        if faults:
            raise RefusedError(faults)
        return Entries(dict(self.initial()) | changed)

    def _read_table(
        self, raw: object, above: Place, changed: dict[str, float], faults: list[tuple[Place, str]]
    ) -> None:
        """Collect the figures and the faults of one table and of the tables inside it."""
        if not isinstance(raw, dict):
            faults.append((above, f"{show(raw)} is not a table of figures"))
            return
        prefix = "".join(f"{part}." for part in above)
        figures = dict(self.figures)
        known = tuple(dict.fromkeys(key[len(prefix) :].split(".")[0] for key in figures if key.startswith(prefix)))
        for key, item in raw.items():
            place = (*above, key)
            if key not in known:
                faults.append((place, unknown(key, known, len(faults))))
            elif prefix + key in figures:
                try:
                    changed[prefix + key] = figures[prefix + key].read(item)
                except RefusedError as refusal:
                    faults += [(place, sentence) for _, sentence in refusal.faults]
            else:
                self._read_table(item, place, changed, faults)

    def plain(self, value: Mapping[str, float]) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for key, figure in value.items():
            *above, last = key.split(".")
            table = tree
            for part in above:
                table = table.setdefault(part, {})
            table[last] = figure
        return tree

    def schema(self) -> dict[str, Any]:
        tree: dict[str, Any] = _table_schema()
        for key, number in self.figures:
            *above, last = key.split(".")
            table = tree
            for part in above:
                table = table["properties"].setdefault(part, _table_schema())
            described = {"description": f"{number.unit}; {number.grade}: {number.source}", "default": number.default}
            table["properties"][last] = described | number.schema()
        return tree

    def rows(self, name: str) -> Iterator[Row]:
        for key, number in self.figures:
            yield from number.rows(f"{name}.{key}")


def _table_schema() -> dict[str, Any]:
    """JSON schema of a table without unknown keys, to be filled."""
    return {"type": "object", "properties": {}, "additionalProperties": False}


@lru_cache(maxsize=1)
def coefficients() -> Mapping[str, tuple[tuple[str, Number], ...]]:
    """The declarations in sim/data/coefficients.csv, by table."""
    tables: dict[str, tuple[tuple[str, Number], ...]] = {}
    for row in data.rows("coefficients.csv"):
        number = Number(
            default=float(row["value"]),
            low=float(row["low"]),
            high=float(row["high"]),
            unit=row["unit"],
            grade=row["grade"],
            source=row["source"],
            symbol=row["symbol"],
            newest_fact=row["newest_fact"],
            published=row["published"],
        )
        tables[row["table"]] = (*tables.get(row["table"], ()), (row["key"], number))
    return tables
