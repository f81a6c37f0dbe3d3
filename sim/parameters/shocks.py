"""Dated shocks: a list of rows {type, target, start, size, half_life}, as a scenario of "what if" writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.parameters.declarations import MONTH_PATTERN, Declaration, Number, Row, read_month
from sim.parameters.months import Month
from sim.parameters.words import Place, RefusedError, refuse, show, suggestion, unknown

ROWS_LIMIT = 200
"""Most rows of a scenario; nobody follows more (numerical safety, assumption)."""

LONGEST_HALF_LIFE = 600.0
"""Longest half-life, months; more is as good as permanent, which is written as 0 (assumption)."""


@dataclass(frozen=True)
class ShockKind:
    """What a row of one type may say.

    Attributes:
        name: the type.
        about: what the target is, for messages: "a lead firm".
        targets: what may be hit, by the names in the file.
        most: greatest size; None where the type has neither size nor half-life.
        further: further keys and the names that they may hold.
        several: those of the further keys that hold a list of names.
    """

    name: str
    about: str
    targets: Callable[[], tuple[str, ...]]
    most: float | None
    further: Mapping[str, Callable[[], tuple[str, ...]]] = field(default_factory=dict)
    several: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys that a row of this type may have."""
        sized = () if self.most is None else ("size", "half_life")
        return ("type", "target", "start", *sized, *self.further)


@dataclass(frozen=True)
class Shock:
    """One row.

    Attributes:
        kind: its type.
        target: what is hit.
        start: first month with an effect.
        size: share that is lost at the start; None: the default of the type.
        half_life: months in which the effect halves, 0 = permanent; None: the default of the type.
        further: other keys and the names that they hold.
    """

    kind: str
    target: str
    start: Month
    size: float | None = None
    half_life: float | None = None
    further: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def names(self, key: str) -> tuple[str, ...]:
        """The names under a further key, none where it is not given."""
        return dict(self.further).get(key, ())


@dataclass(frozen=True, kw_only=True)
class ShocksRule(Declaration):
    """A list of rows; none by default.

    Attributes:
        kinds: the types that there are.
        first: first month in which a row may start.
    """

    kinds: tuple[ShockKind, ...]
    first: str

    def initial(self) -> tuple[Shock, ...]:
        return ()

    def read(self, raw: object) -> tuple[Shock, ...]:
        if isinstance(raw, tuple) and all(isinstance(each, Shock) for each in raw):
            raw = self.plain(raw)
        if not isinstance(raw, list | tuple):
            raise refuse(
                f'{show(raw)} is not a list of rows such as {{ type = "{self.kinds[0].name}", target = ..., '
                'start = "2022-01" }'
            )
        if len(raw) > ROWS_LIMIT:
            raise refuse(f"a list of {len(raw)} rows is longer than {ROWS_LIMIT}")
        rows: list[Shock] = []
        faults: list[tuple[Place, str]] = []
        for number, item in enumerate(raw):
            try:
                rows.append(self._row(item))
            except RefusedError as refusal:
                faults += [((number, *place), sentence) for place, sentence in refusal.faults]
        if faults:
            raise RefusedError(faults)
        return tuple(rows)

    def _row(self, item: object) -> Shock:
        """One row of the list."""
        if not isinstance(item, dict):
            raise refuse(f"{show(item)} is not a row with type, target and start")
        kind = self._kind(item)
        faults: list[tuple[Place, str]] = []
        for key in item:
            if key not in kind.keys:
                sized = key in ("size", "half_life")
                sentence = f"a {kind.name} has no {key}: it is whole and lasts" if sized else ""
                faults.append(((key,), sentence or unknown(key, kind.keys, len(faults))))
        read: dict[str, Any] = {}
        readers = {
            "target": lambda raw: _name(raw, kind.targets(), kind.about),
            "start": self._start,
            "size": Number(default=0, low=0, high=kind.most, unit="share", grade="assumed", source="row").read,
            "half_life": Number(
                default=0, low=0, high=LONGEST_HALF_LIFE, unit="months, 0 = permanent", grade="assumed", source="row"
            ).read,
        }
        for key, reader in readers.items():
            try:
                if key in item and key in kind.keys:
                    read[key] = reader(item[key])
                elif key in ("target", "start"):
                    raise refuse(f"a {kind.name} needs '{key}'")
            except RefusedError as refusal:
                place = (key,) if key in item else ()
                faults += [((*place, *inner), sentence) for inner, sentence in refusal.faults]
        further = tuple(self._further(kind, item, faults))
        if faults:
            raise RefusedError(faults)
        return Shock(kind.name, read["target"], read["start"], read.get("size"), read.get("half_life"), further)

    def _kind(self, item: dict[str, object]) -> ShockKind:
        """The type of a row."""
        names = tuple(kind.name for kind in self.kinds)
        if "type" not in item:
            raise refuse(f"a row needs 'type', one of {', '.join(names)}")
        name = _name(item["type"], names, "a type of event", ("type",))
        return self.kinds[names.index(name)]

    def _start(self, raw: object) -> Month:
        """The first month of a row."""
        start = read_month(raw)
        if start < Month(self.first):
            raise refuse(f'"{start}" is before {self.first}, the first month of a run')
        return start

    @staticmethod
    def _further(
        kind: ShockKind, item: dict[str, object], faults: list[tuple[Place, str]]
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Names under the further keys of a row."""
        for key, known in kind.further.items():
            if key not in item:
                continue
            raw = item[key]
            names = raw if isinstance(raw, list | tuple) and key in kind.several else [raw]
            found: list[str] = []
            for number, name in enumerate(names):
                place: Place = (key, number) if key in kind.several else (key,)
                try:
                    found.append(_name(name, known(), "a product" if key in kind.several else f"what '{key}' may be"))
                except RefusedError as refusal:
                    faults += [((*place, *inner), sentence) for inner, sentence in refusal.faults]
            if len(set(found)) < len(found):
                faults.append(((key,), "a name stands twice"))
            yield key, tuple(found)

    def plain(self, value: tuple[Shock, ...]) -> list[dict[str, Any]]:
        return [self._plain(shock) for shock in value]

    def _plain(self, shock: Shock) -> dict[str, Any]:
        """One row as it would stand in a file."""
        row: dict[str, Any] = {"type": shock.kind, "target": shock.target, "start": str(shock.start)}
        if shock.size is not None:
            row["size"] = shock.size
        if shock.half_life is not None:
            row["half_life"] = shock.half_life
        kind = next(kind for kind in self.kinds if kind.name == shock.kind)
        for key, names in shock.further:
            row[key] = list(names) if key in kind.several else names[0]
        return row

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "maxItems": ROWS_LIMIT, "items": {"anyOf": [_schema(kind) for kind in self.kinds]}}

    def rows(self, name: str) -> Iterator[Row]:
        yield Row.of(self, name, default="none", options=tuple(kind.name for kind in self.kinds))


def _name(raw: object, known: tuple[str, ...], about: str, place: Place = ()) -> str:
    """A name out of those known.

    Raises:
        RefusedError: it is none of them; with the nearest one, or with all where they are few.
    """
    if isinstance(raw, str) and raw in known:
        return raw
    near = suggestion(raw, known) if isinstance(raw, str) else ""
    few = f"; choose from {', '.join(known)}" if len(known) <= 12 else ""
    raise refuse(f"{show(raw)} is not {about}{near or few}", place)


def _schema(kind: ShockKind) -> dict[str, Any]:
    """JSON schema of a row of one type."""
    properties: dict[str, Any] = {
        "type": {"const": kind.name},
        "target": {"enum": list(kind.targets())},
        "start": {"type": "string", "pattern": MONTH_PATTERN},
    }
    if kind.most is not None:
        properties["size"] = {"type": "number", "minimum": 0, "maximum": kind.most}
        properties["half_life"] = {"type": "number", "minimum": 0, "maximum": LONGEST_HALF_LIFE}
    for key, known in kind.further.items():
        name = {"enum": list(known())}
        properties[key] = {"type": "array", "items": name, "uniqueItems": True} if key in kind.several else name
    return {
        "type": "object",
        "properties": properties,
        "required": ["type", "target", "start"],
        "additionalProperties": False,
    }
