"""One file for each behaviour or policy; the file name is its table in the scenario file and its label in figures.

A mechanism declares its parameters, holds the formulas of its section of the model description as pure functions, and
has one class a duty. The class names its phase and the boards it writes. Inside a phase every mechanism reads the
same state and writes only to its boards; the phase's resolver (:mod:`sim.resolvers`) then turns boards into flows and
stocks, so the order inside a phase does not matter.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, Protocol

from sim.draws import Streams
from sim.state import State


class Phase(IntEnum):
    """The ten phases of a month, in order (model description, section 4)."""

    WORLD = 1
    PROPOSE = 2
    PLACE = 3
    BUILD = 4
    SUPPLY = 5
    PRODUCE = 6
    GROW = 7
    CLOSE = 8
    SHARE = 9
    OBSERVE = 10


class Mechanism(Protocol):
    """What the month asks of a mechanism."""

    phase: ClassVar[Phase]
    writes: ClassVar[tuple[str, ...]]

    def step(self, state: State, streams: Streams) -> None:
        """Read the state, write the boards named in :attr:`writes`, change nothing else."""
