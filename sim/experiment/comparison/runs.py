"""What a comparison reads: one ensemble, or several folders of runs that met the same luck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import xarray as xr

from sim.experiment.layout import Layout
from sim.experiment.store import Origin, Plan, difference
from sim.parameters import suggestion


class ComparisonError(ValueError):
    """A comparison that cannot be made: one line that says why, and what to do."""


class Runs(Protocol):
    """What a comparison needs of an ensemble; :class:`sim.experiment.ensemble.Ensemble` has it."""

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names in order."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds common to all scenarios."""

    @property
    def layout(self) -> Layout:
        """Names and shapes of what is kept."""

    @property
    def made_by(self) -> Origin:
        """Code, figures and libraries that made the runs."""

    @property
    def faults(self) -> tuple[str, ...]:
        """What is missing and why."""

    def plan(self, scenario: str) -> Plan:
        """Text and hash of a scenario."""

    def values(self, scenario: str, name: str) -> xr.DataArray:
        """(seed, ...) a variable."""


@dataclass(frozen=True, eq=False)
class Joined:
    """Ensembles of several folders as one, on the seeds that all of them have; made by :func:`join`.

    Attributes:
        parts: the ensembles; a scenario is read from the first that has it.
    """

    parts: tuple[Runs, ...]

    @cached_property
    def scenarios(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(dict.fromkeys(name for part in self.parts for name in part.scenarios))

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """Seeds that all have."""
        return tuple(sorted(set.intersection(*(set(part.seeds) for part in self.parts))))

    @property
    def layout(self) -> Layout:
        """That of all."""
        return self.parts[0].layout

    @property
    def made_by(self) -> Origin:
        """That of all."""
        return self.parts[0].made_by

    @cached_property
    def faults(self) -> tuple[str, ...]:
        """Those of all, and the seeds that are left out."""
        left = sorted({seed for part in self.parts for seed in part.seeds} - set(self.seeds))
        told = (f"{len(left)} seeds are not in every folder and are left out",) if left else ()
        return tuple(fault for part in self.parts for fault in part.faults) + told

    def plan(self, scenario: str) -> Plan:
        """Text and hash of a scenario."""
        return self._home(scenario).plan(scenario)

    def values(self, scenario: str, name: str) -> xr.DataArray:
        """(seed, ...) a variable, on the common seeds."""
        return self._home(scenario).values(scenario, name).sel(seed=list(self.seeds))

    def _home(self, scenario: str) -> Runs:
        """The ensemble that has it."""
        return next(part for part in self.parts if scenario in part.scenarios)


def join(ensembles: Mapping[str, Runs]) -> Runs:
    """Ensembles as one, if they met the same luck.

    Args:
        ensembles: by the name that a fault tells, such as their folder.

    Raises:
        ComparisonError: other code, figures or libraries, other months, other values under one name, or no common seed.
    """
    (first, base), *others = ensembles.items()
    for name, other in others:
        months = [f"{each.layout.coords['month'][[0, -1]].astype('datetime64[M]')}" for each in (base, other)]
        if months[0] != months[1]:
            raise ComparisonError(
                f"{first} and {name} do not cover the same months ({months[0]} and {months[1]}): run them with equal"
                " run.start and run.end"
            )
        apart = difference(other.made_by, base.made_by)
        if apart or base.layout.digest != other.layout.digest:
            raise ComparisonError(
                f"{first} and {name} were not run under common luck: they differ in {apart or 'what is recorded'}; run"
                " both again with one version"
            )
        for scenario in set(base.scenarios) & set(other.scenarios):
            if base.plan(scenario).hash != other.plan(scenario).hash:
                raise ComparisonError(
                    f"{first} and {name} hold different scenarios called {scenario}: rename one of them"
                )
    found = Joined(tuple(ensembles.values())) if others else base
    if not found.seeds:
        raise ComparisonError(f"{' and '.join(ensembles)} have no seed in common, so there are no pairs")
    return found


def known(what: str, word: str, words: Sequence[str]) -> str:
    """The word, if it is among those known.

    Raises:
        ComparisonError: it is not; with the nearest one, and all if they are few.
    """
    if word in words:
        return word
    near = suggestion(word, tuple(words))
    few = f"; choose from {', '.join(words)}" if not near else ""
    raise ComparisonError(f"{what}: '{word}'{near}{few}")
