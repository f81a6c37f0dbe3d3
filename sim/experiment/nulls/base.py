"""What the null versions share: their interface, their names in results, and how a mechanism takes another's place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from sim.experiment.single import run_model
from sim.inputoutput.tables import Table
from sim.mechanisms import Mechanism
from sim.model import NingdeModel
from sim.results import Run
from sim.scenario import Scenario

M = TypeVar("M")

Progress = Callable[[int, int], None]
"""Called after each month with months done and months in all."""


class NullRun(Protocol):
    """A null version of one scenario and seed, at its opening."""

    def run(self, progress: Progress | None = None) -> Run:
        """Run to the end of the scenario; the attribute ``null`` of the dataset names the null version."""


@dataclass(frozen=True)
class Null:
    """One null version of the model.

    Attributes:
        name: short name, ``"no_links"``.
        code: its number in the model description, section 14.
        change: what it changes and what it leaves.
        claim: what it would refute if it forecast as well as the full model.
        whole: whether its runs have all variables of a run; of a table see :mod:`sim.experiment.nulls.tables`.
        make: builds it from a scenario whose name tells the null version, a seed, and a table of the user.
    """

    name: str
    code: str
    change: str
    claim: str
    whole: bool
    make: Callable[[Scenario, int | None, Table | None], NullRun]

    def build(self, scenario: Scenario, seed: int | None = None, *, table: Table | None = None) -> NullRun:
        """The null version of a scenario, at its opening.

        Args:
            scenario: what is run; policies, months and what is known stay as they are.
            seed: seed of all chance, the luck that the full model meets with it; that of the scenario if not given.
            table: opening table in place of the estimated one, see :func:`sim.opening.basis.given_basis`.

        Raises:
            OpeningError: the opening parameters contradict each other, or the given table is not one of the model.
        """
        title = f"{scenario.title} (null model {self.name})"
        return self.make(replace(scenario, name=f"{scenario.name}-{self.name}", title=title), seed, table)


class ModelRun:
    """A changed model that runs as the full one does.

    Args:
        model: at its opening, already changed.
        null: name of the null version.
    """

    def __init__(self, model: NingdeModel, null: str) -> None:
        self.model, self.null = model, null

    def run(self, progress: Progress | None = None) -> Run:
        """Run to the end of the scenario."""
        done = run_model(self.model, progress)
        done.monthly.attrs["null"] = self.null
        return done


def swap(model: NingdeModel, kind: type[M], make: Callable[[M], Mechanism]) -> None:
    """Put another mechanism into the place of the one of a class in the list of the month.

    Args:
        model: before its first month.
        kind: the class.
        make: the new mechanism, made of the old one.

    Raises:
        LookupError: the month has no mechanism of that class, or several; nothing is changed.
    """
    month: tuple[Any, ...] = model.month_list
    if sum(type(part) is kind for part in month) != 1:
        raise LookupError(f"the month has not exactly one {kind.__name__}")
    model.month_list = tuple(make(part) if type(part) is kind else part for part in month)
