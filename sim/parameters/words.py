"""How a value, a name and a refusal are put into words."""

from __future__ import annotations

import difflib
import json
import math

SUGGESTIONS = 20
"""Most near names looked up in one table (numerical safety, assumption)."""

Place = tuple[str | int, ...]
"""Where inside a value something stands: keys of tables and positions in lists."""


def printable(text: str) -> str:
    """The text with control, direction and other invisible characters written as escapes."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def show(value: object) -> str:
    """A value as a reader of the file would recognise it: TOML notation, on one line, at most about 60 characters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    text = json.dumps(value[:80], ensure_ascii=False) if isinstance(value, str) else plain_text(value)
    return printable(text if len(text) <= 60 else f"{text[:57]}...")


def plain_text(value: object) -> str:
    """A number without a needless ``.0``; anything else as Python prints it."""
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def suggestion(word: str, known: tuple[str, ...]) -> str:
    """`` (did you mean 'share'?)`` for the known name nearest to a word, or nothing where none is near."""
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word[:80].lower(), by_lower, n=1)
    return f" (did you mean '{by_lower[near[0]]}'?)" if near else ""


def unknown(key: str, known: tuple[str, ...], found: int = 0) -> str:
    """What is said of an unknown key; near names are looked up for the first ones only, because looking takes time.

    Args:
        key: the unknown key.
        known: the names that would be right.
        found: how many unknown keys were met before this one.
    """
    return f"unknown key{suggestion(key, known) if found < SUGGESTIONS else ''}"


class RefusedError(ValueError):
    """A value that cannot be accepted, with every reason that was found.

    Attributes:
        faults: pairs of the place inside the value and a sentence, in the order of the value.
        involved: for each fault the places that it lies between; that of the fault alone if not given.
    """

    def __init__(self, faults: list[tuple[Place, str]], involved: list[tuple[Place, ...]] | None = None) -> None:
        super().__init__("; ".join(sentence for _, sentence in faults))
        self.faults = faults
        self.involved = [(place,) for place, _ in faults] if involved is None else involved


def refuse(sentence: str, place: Place = ()) -> RefusedError:
    """One reason, at one place of the value."""
    return RefusedError([(place, sentence)])
