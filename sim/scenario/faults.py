"""What is wrong with a scenario, said in one line for each fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sim.parameters import printable

SHOWN = 200
"""Most faults printed of one scenario; the rest is counted (assumption: nobody reads more)."""


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        file: the file as the user named it; empty for a scenario that was not read from a file.
        line: its line, counted from 1; 0 where the fault belongs to no line.
        key: dotted name of the setting; may be empty.
        sentence: what is wrong, and how to mend it.
    """

    file: str
    line: int
    key: str
    sentence: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return printable(": ".join(part for part in (where, self.key, self.sentence) if part))


class ScenarioError(ValueError):
    """A scenario that cannot be accepted.

    Attributes:
        faults: all of them, those of the file itself before those of the files it extends, by line.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        lines = [str(fault) for fault in self.faults[:SHOWN]]
        if len(self.faults) > SHOWN:
            lines.append(f"... and {len(self.faults) - SHOWN} more")
        return "\n".join(lines)
