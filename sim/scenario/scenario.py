"""A scenario: every value of a run, frozen, checked and hashed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from sim.parameters import Floats, Lever, Month, Parameters, counties
from sim.scenario.canonical import digest, inline, plain_tables, toml
from sim.settings import Run

P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True)
class Scenario:
    """Every value of a run, by group of parameters.

    Attributes:
        name: short name, fit for files and columns (``[a-z0-9_-]{1,64}``).
        title: what a reader is shown.
        question: what the scenario asks.
        parameters: the groups, one object each; among them `Run`.
        extends: names of the scenarios it was derived from, nearest first.
    """

    name: str
    title: str
    question: str
    parameters: tuple[Parameters, ...]
    extends: tuple[str, ...] = field(default=(), compare=False)
    _levers: dict[str, Floats] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __getitem__(self, group: type[P]) -> P:
        """The values of a group, for example ``scenario[Run].seed``.

        Raises:
            KeyError: the scenario was read without this group.
        """
        for values in self.parameters:
            if type(values) is group:
                return values
        raise KeyError(f"{group.__name__} is not among the groups of scenario {self.name}")

    @property
    def groups(self) -> tuple[type[Parameters], ...]:
        """The classes of the groups."""
        return tuple(type(values) for values in self.parameters)

    @property
    def run(self) -> Run:
        """The months that are run, what is known, the seed."""
        return self[Run]

    @property
    def start(self) -> Month:
        """First month of the run."""
        return self.run.start

    @property
    def end(self) -> Month:
        """Last month of the run."""
        return self.run.end

    @property
    def months(self) -> int:
        """Number of months of the run."""
        return self.run.end - self.run.start + 1

    def lever(self, path: str) -> Floats:
        """A lever over the months of the run, in its unit; choices as positions in the list of options.

        Args:
            path: table and name, ``"promotion.budget"``.

        Returns:
            Read-only array (months,) for a lever of the city, (months, counties) for a lever of the counties, counties
            in the order of the model. It is made once.

        Raises:
            KeyError: no such lever.
        """
        if path not in self._levers:
            values = self._find(path).values(self.start, self.months, counties())
            values.flags.writeable = False
            self._levers[path] = values
        return self._levers[path]

    def _find(self, path: str) -> Lever:
        """The lever of a dotted path."""
        table, _, name = path.partition(".")
        for group in self.parameters:
            value = getattr(group, name, None) if group.table == table else None
            if isinstance(value, Lever):
                return value
        raise KeyError(f"{path} is not a lever of scenario {self.name}")

    @cached_property
    def tables(self) -> Mapping[str, Mapping[str, Any]]:
        """Every value in plain TOML types, by table and key."""
        return plain_tables(self.parameters)

    @cached_property
    def text(self) -> str:
        """The whole scenario as TOML, nothing left to `extends` or to defaults; reading it gives an equal scenario."""
        return toml(self.tables, {"title": self.title, "question": self.question})

    @cached_property
    def hash(self) -> str:
        """SHA-256 over every value; name, title and question do not count."""
        return digest(self.tables)

    def replace(
        self,
        changes: Mapping[str, object],
        *,
        name: str | None = None,
        title: str | None = None,
        question: str | None = None,
    ) -> Scenario:
        """A new scenario with some values changed, checked like a file.

        Args:
            changes: values by dotted name, as they would stand in a file: ``{"promotion.budget": 300}``.
            name: its name; that of this scenario if nothing is given.
            title: its title; if nothing is given, its name where a new one is given.
            question: what it asks; likewise.

        Raises:
            ScenarioError: with every fault of the changes.
        """
        from sim.scenario.reading import changed  # reading makes scenarios, so it comes after this module

        return changed(self, changes, name, title, question)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled without what can be computed again."""
        return Scenario, (self.name, self.title, self.question, self.parameters, self.extends)


class Difference(NamedTuple):
    """One value that differs between two scenarios, as TOML on one line."""

    key: str
    before: str
    after: str


def differences(before: Scenario, after: Scenario) -> Iterator[Difference]:
    """The values of two scenarios with the same groups that differ, in the order of the groups."""
    for table, values in after.tables.items():
        for key, value in values.items():
            yield from _different(f"{table}.{key}", before.tables[table][key], value)


def _different(key: str, before: Any, after: Any) -> Iterator[Difference]:
    """One difference, or one for each figure of a table of figures."""
    if before == after:
        return
    both = isinstance(before, Mapping) and isinstance(after, Mapping)
    if both and before.keys() == after.keys():
        for inner in after:
            yield from _different(f"{key}.{inner}", before[inner], after[inner])
    else:
        yield Difference(key, inline(before), inline(after))
