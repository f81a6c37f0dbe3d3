"""What parameters a member of a back-test has: a draw of the posterior of the origin, and what no fact can speak for.

A default that rests on something later than the origin is not used. If the posterior of the origin does not hold the
parameter, it is drawn evenly from its declared range (its default is no centre, since that is what must not be known).
Shares that must sum to 1 are scaled. Draws that allow no opening position together are drawn again with the next luck,
up to :data:`TRIALS` times, so that what is left is the prior of values that go together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sim.draws import Streams
from sim.experiment.backtest.plan import Mode
from sim.experiment.dates import AsOf
from sim.experiment.shares import with_scaled_shares
from sim.model import NingdeModel
from sim.opening.totals import OpeningError
from sim.parameters import Month
from sim.scenario import Scenario, ScenarioError

STREAM = "backtest.parameters"
"""Named stream of drawn parameters; the number of the trial takes the place of the month."""

TRIALS = 100
"""Draws before a member is given up (numerical); about one in four fails at the earliest origin."""


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


@dataclass(frozen=True)
class Parameters:
    """Where the members of one origin and mode have their parameters from.

    Attributes:
        scenario: as of the origin, in the world of the mode.
        ranges: least and greatest value of each parameter that must be drawn, by dotted name.
        whole: which of these are whole numbers.
        posterior: draws of the origin; None if there is none.
    """

    scenario: Scenario
    ranges: Mapping[str, tuple[float, float]]
    whole: frozenset[str] = frozenset()
    posterior: Posterior | None = None

    @classmethod
    def of(cls, known: AsOf, mode: Mode, posterior: Posterior | None = None) -> Parameters:
        """The parameters as of an origin.

        Args:
            known: the scenario as of the origin.
            mode: what is known of the world after it.
            posterior: of that origin.
        """
        plan = known.scenario.replace({"run.world": mode}, name=known.scenario.name)
        held = set() if posterior is None else set(posterior.names)
        ranges = {name: ends for name, ends in known.ranges.items() if name not in held}
        whole = frozenset(each.name for each in known.drawn if isinstance(each.value, int) and each.name in ranges)
        return cls(plan, ranges, whole, posterior)

    @property
    def key(self) -> str:
        """SHA-256 of all that decides what a member has."""
        told: list[object] = [self.scenario.hash, sorted(self.ranges.items()), sorted(self.whole)]
        told.append(None if self.posterior is None else self.posterior.digest)
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def member(self, seed: int) -> Scenario:
        """The scenario of the member with a seed.

        Raises:
            OpeningError: no draw of :data:`TRIALS` allowed an opening position.
        """
        fixed = {} if self.posterior is None else dict(self.posterior.changes(self.scenario, seed))
        streams, last = Streams(seed), ""
        for trial in range(TRIALS if self.ranges else 1):
            luck = streams.draw(STREAM, trial)
            drawn: dict[str, float] = {}
            for name, (low, high) in sorted(self.ranges.items()):
                value = low + (high - low) * float(luck.random())
                drawn[name] = round(value) if name in self.whole else value
            try:
                found = self.scenario.replace(
                    with_scaled_shares(self.scenario, {**drawn, **fixed}), name=self.scenario.name
                )
                NingdeModel(found, seed)
            except (ScenarioError, OpeningError) as error:
                last = str(error).split("\n")[0]
                continue
            return found
        raise OpeningError(f"no opening position in {TRIALS} draws of the parameters; the last: {last}")
