"""Futures that every point of a problem meets: a case, a seed, draws of what nobody knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Case:
    """A branch of the futures: what it is called, and what it changes in the scenario by dotted name."""

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)


AS_PROJECTED = Case("as projected")
"""The only case of a problem that names none."""


@dataclass(frozen=True)
class Future:
    """One future.

    Attributes:
        case: its branch.
        seed: of all chance.
        drawn: values of the uncertain parameters, by dotted name.
        table: number of the draw of the opening table; 0 for the estimated one.
    """

    case: Case
    seed: int
    drawn: tuple[tuple[str, float], ...] = ()
    table: int = 0

    @property
    def name(self) -> str:
        """Case and seed."""
        return f"{self.case.name}, seed {self.seed}"


def of_case(case: str, futures: Sequence[Future]) -> NDArray[np.bool_]:
    """(F,) which futures are of a case; all if it has no name."""
    return np.array([not case or each.case.name == case for each in futures])
