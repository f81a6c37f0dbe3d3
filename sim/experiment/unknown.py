"""The parameters of a run as of a month: values that are given, and for what could not be known a draw of its range.

A default that rests on something later than the month is not used. Where nothing else gives the parameter (a free one
in a calibration, a draw of the posterior in a back-test), it is drawn evenly from its declared range; its default is no
centre, since that is what must not be known. Shares that must sum to 1 are scaled. Draws that allow no opening position
together with what is given are drawn again with the next luck, so that what is left is the prior of values that go
together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from sim.draws import Streams
from sim.experiment.dates import AsOf
from sim.experiment.shares import with_scaled_shares
from sim.model import NingdeModel
from sim.opening.totals import OpeningError
from sim.parameters import Month
from sim.scenario import Scenario, ScenarioError

STREAM = "unknown.parameters"
"""Named stream of drawn parameters; the number of the trial takes the place of the month."""

TRIALS = 100
"""Draws before a run is given up (numerical); about one in four fails at the earliest origin."""


class Posterior(Protocol):
    """Draws of parameters that a calibration left; pickled with every run."""

    @property
    def as_of(self) -> Month:
        """Month up to which facts were known."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def digest(self) -> str:
        """SHA-256 of the draws."""

    @property
    def names(self) -> Sequence[str]:
        """Dotted names of its parameters."""

    def changes(self, scenario: Scenario, seed: int) -> Sequence[tuple[str, float]]:
        """What the run with a seed changes in its scenario."""


def opens(scenario: Scenario, seed: int) -> str:
    """Why a scenario allows no opening position, its first line; empty if it does."""
    try:
        NingdeModel(scenario, seed)
    except OpeningError as error:
        return str(error).split("\n")[0]
    return ""


@dataclass(frozen=True)
class Unknown:
    """Where the runs of one origin have their parameters from.

    Attributes:
        scenario: what is run, as of the origin.
        ranges: least and greatest value of each parameter that must be drawn, by dotted name.
        whole: which of these are whole numbers.
        posterior: draws of the origin; None if there is none.
    """

    scenario: Scenario
    ranges: Mapping[str, tuple[float, float]]
    whole: frozenset[str] = frozenset()
    posterior: Posterior | None = None

    @classmethod
    def of(cls, known: AsOf, world: str, posterior: Posterior | None = None) -> Unknown:
        """The parameters as of an origin.

        Args:
            known: what is known at the origin.
            world: ``run.world``, what is known of the world after it.
            posterior: of that origin.
        """
        scenario = known.scenario.replace({"run.world": world}, name=known.scenario.name)
        ranges = known.ranges
        whole = frozenset(each.name for each in known.drawn if isinstance(each.value, int) and each.name in ranges)
        found = cls(scenario, ranges, whole, posterior)
        return found if posterior is None else found.without(posterior.names)

    def without(self, names: Collection[str]) -> Unknown:
        """The same, where something else gives parameters.

        Args:
            names: dotted names of what is given.
        """
        ranges = {name: ends for name, ends in self.ranges.items() if name not in names}
        return replace(self, ranges=ranges, whole=self.whole & ranges.keys())

    @property
    def key(self) -> str:
        """SHA-256 of all that decides what a run has."""
        told: list[object] = [self.scenario.hash, sorted(self.ranges.items()), sorted(self.whole)]
        told.append(None if self.posterior is None else self.posterior.digest)
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def member(self, seed: int, given: Mapping[str, float] | None = None, trials: int = TRIALS) -> Scenario:
        """The scenario of the run with a seed.

        Args:
            seed: of the run.
            given: values by dotted name; those of the posterior if nothing is given.
            trials: draws before it is given up.

        Raises:
            OpeningError: no draw allowed an opening position.
        """
        fixed = dict(given or {})
        if given is None and self.posterior is not None:
            fixed = dict(self.posterior.changes(self.scenario, seed))
        streams, last, tried = Streams(seed), "", trials if self.ranges else 1
        for trial in range(tried):
            luck = streams.draw(STREAM, trial)
            drawn: dict[str, float] = {}
            for name, (low, high) in sorted(self.ranges.items()):
                value = low + (high - low) * float(luck.random())
                drawn[name] = round(value) if name in self.whole else value
            values = with_scaled_shares(self.scenario, {**drawn, **fixed})
            try:
                found = self.scenario.replace(values, name=self.scenario.name)
            except ScenarioError as error:
                last = str(error).split("\n")[0]
                continue
            last = opens(found, seed)
            if not last:
                return found
        raise OpeningError(f"no opening position in {tried} draws of the parameters; the last: {last}")
