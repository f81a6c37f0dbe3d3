"""What each policy lever does: effects of paired runs with their intervals, where a benefit turns, what looks wrong.

Every run of a lever is set beside the run of the same seed with all levers as the scenario has them: both meet the same
luck, so their difference is what the lever does, with the interval of :mod:`sim.statistics.paired`.

A lever is to be explained where it is a straight line, does the same in all groups of counties, is good for every goal,
or does nothing: a real policy is none of these. The runs are those of :mod:`sim.experiment.levers_runs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.experiment.levers_runs import AREAS, GOALS, Job, Point
from sim.parameters.declarations import Setting
from sim.scenario import Scenario
from sim.statistics.paired import Effect, paired
from sim.world import GROUPS

Floats = NDArray[np.float64]

NOT_COUNTED = ("carbon",)
"""Goals that are shown but do not save a lever from being good for every goal: all growth in this model uses energy."""

PART_OF_EFFECT = 0.5
"""A slope that falls below this part of the slope before it is called diminishing (assumption)."""


# --- effects ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Study:
    """Results of one lever.

    Attributes:
        points: its values.
        results: by name (n values x n seeds); the same seeds in all columns.
        base: by name (seeds,): the scenario as it is.
    """

    points: tuple[Point, ...]
    results: Mapping[str, Floats]
    base: Mapping[str, Floats]

    @property
    def seeds(self) -> int:
        """Runs of each value."""
        return max((len(values) for values in self.base.values()), default=0)

    def effect(self, name: str, at: int) -> Effect:
        """What a value changes in the scenario as it is."""
        return paired(self.results[name][at] - self.base[name], float(self.base[name].mean()))

    def between(self, name: str, first: int, last: int) -> Effect:
        """From one value of the lever to another."""
        return paired(self.results[name][last] - self.results[name][first], float(self.base[name].mean()))

    @property
    def ordered(self) -> bool:
        """Whether there are a low, a middle and a high value of a number."""
        return [point.label for point in self.points] == ["low", "middle", "high"]

    @property
    def ends(self) -> tuple[int, int]:
        """The two values set against each other: the lowest and the highest; of a policy, never and at once."""
        last = len(self.points) - 1
        return (last, 0) if self.points and _is_month(self.points[0].value) else (0, last)

    def across(self, name: str) -> Effect:
        """From one end to the other."""
        return self.between(name, *self.ends)

    def curvature(self, name: str) -> Effect:
        """The middle value less what a straight line from the low to the high value gives there."""
        low, middle, high = (float(point.value) for point in self.points)
        values, weight = self.results[name], (middle - low) / (high - low)
        bend = (values[1] - values[0]) - weight * (values[2] - values[0])  # exactly 0 where nothing moves
        return paired(bend, float(self.base[name].mean()))

    def slopes(self, name: str) -> tuple[Effect, Effect]:
        """Change from low to middle and from middle to high, each for a step of half the range."""
        low, middle, high = (float(point.value) for point in self.points)
        values, half = self.results[name], (high - low) / 2
        first = (values[1] - values[0]) * half / (middle - low)
        return paired(first), paired((values[2] - values[1]) * half / (high - middle))

    @property
    def cost(self) -> Effect:
        """Public money spent on policies from first to last month, from one end to the other, M yuan."""
        return self._summed("cost.", *self.ends)

    def cost_at(self, at: int) -> Effect:
        """Public money spent on policies at a value less that in the scenario as it is, M yuan."""
        total = sum(self.results[name][at] - self.base[name] for name in self.results if name.startswith("cost."))
        return paired(np.asarray(total))

    def _summed(self, prefix: str, first: int, last: int) -> Effect:
        names = [name for name in self.results if name.startswith(prefix)]
        return paired(np.asarray(sum(self.results[name][last] - self.results[name][first] for name in names)))

    def cost_items(self) -> dict[str, Effect]:
        """The items of that cost which move."""
        found = {name.removeprefix("cost."): self.across(name) for name in self.results if name.startswith("cost.")}
        return {item: effect for item, effect in found.items() if effect.sign}

    @property
    def additionality(self) -> float | None:
        """Plants that came in all per promoted plant that came more: 1 none displaced, 0 all; None where unknown."""
        promoted = self.across("landed.promoted")
        return self.across("landed.all").mean / promoted.mean if promoted.sign else None

    def return_on(self, name: str) -> float | None:
        """Gain over the run per yuan of public money; None where the money does not move."""
        return self.across(name).mean / self.cost.mean if self.cost.sign else None


def _is_month(value: Setting) -> bool:
    """Whether a value of a lever is a month."""
    return isinstance(value, str) and len(value) == 7 and value[4] == "-"


def studies(
    scenario: Scenario,
    levers: Mapping[str, tuple[Point, ...]],
    seeds: Sequence[int],
    year: int,
    results: Mapping[str, Mapping[str, float]],
) -> dict[str, Study]:
    """The study of each lever, from the results of its runs; values without all their runs are left out."""
    found: dict[str, Study] = {}
    base = [results[Job(scenario, seed, year).key] for seed in seeds]
    names = list(base[0])
    for lever, points in levers.items():
        kept, rows = [], []
        for point in points:
            plan = scenario.replace(dict(point.changes)) if point.changes else scenario
            keys = [Job(plan, seed, year).key for seed in seeds]
            if all(key in results for key in keys):
                kept.append(point)
                rows.append([results[key] for key in keys])
        found[lever] = Study(
            tuple(kept),
            {name: np.array([[one[name] for one in row] for row in rows]) for name in names},
            {name: np.array([one[name] for one in base]) for name in names},
        )
    return found


# --- where a benefit turns, and what is to be explained ---------------------------------------------------------------

TURNS, DIMINISHES, GROWS, BENDS = "turns", "diminishes", "grows", "bends"
STRAIGHT, FLAT = "straight", "no effect seen"


def shape(study: Study, name: str) -> str:
    """How an effect goes from low over middle to high.

    ``turns``: up and then down, or the reverse, both seen. ``diminishes``: the second part of the range brings less
    than half of what the first brings for the same step, and the bend is seen. ``grows``: more than twice. ``bends``:
    in between. ``straight``: no bend is seen. ``no effect seen``: neither part differs from 0.
    """
    first, second = study.slopes(name)
    if first.sign * second.sign < 0:
        return TURNS
    if not (first.sign or second.sign or study.across(name).sign):
        return FLAT
    bend = study.curvature(name).sign
    if not bend:
        return STRAIGHT
    if abs(second.mean) < PART_OF_EFFECT * abs(first.mean):
        return DIMINISHES
    return GROWS if PART_OF_EFFECT * abs(second.mean) > abs(first.mean) else BENDS


@dataclass(frozen=True)
class Suspicion:
    """Something about a lever that is to be explained: which fault, and the figures that show it."""

    lever: str
    fault: str
    evidence: str


def suspicions(lever: str, study: Study) -> list[Suspicion]:
    """What a lever would have to explain; nothing for a lever that behaves like a policy."""
    if len(study.points) < 2:
        return []
    seen = {f"{goal}.{area}": study.across(f"{goal}.{area}") for goal in GOALS for area in AREAS}
    bends = study.ordered and any(study.curvature(name).sign for name in seen)
    if not bends and not any(effect.sign for effect in seen.values()):
        return [Suspicion(lever, "without effect", "no goal of any area differs between the ends of its range")]
    found = [_straight(study), _equal(study), *_good_for_all(seen)]
    return [Suspicion(lever, *each) for each in found if each is not None]


def _straight(study: Study) -> tuple[str, str] | None:
    """Linear in every goal of the city that it moves."""
    if not study.ordered:
        return None
    shapes = {goal: shape(study, f"{goal}.city") for goal in GOALS}
    moved = [goal for goal, form in shapes.items() if form != FLAT]
    if not moved or any(shapes[goal] != STRAIGHT for goal in moved):
        return None
    bends = ", ".join(f"{goal} bend {_span(study.curvature(f'{goal}.city'))}" for goal in moved)
    return "linear", f"{bends} % of the level, all about 0"


def _equal(study: Study) -> tuple[str, str] | None:
    """The same change in % of output in all groups of counties."""
    effects = {area: study.across(f"output.{area}") for area in GROUPS}
    if not study.across("output.city").sign:
        return None
    values = {area: _percent_by_seed(study, f"output.{area}") for area in GROUPS}
    pairs = [(one, other) for at, one in enumerate(GROUPS) for other in GROUPS[at + 1 :]]
    if any(paired(values[one] - values[other]).sign for one, other in pairs):
        return None
    return "equal in all counties", ", ".join(f"output of {area} {_span(effects[area])} %" for area in GROUPS)


def _percent_by_seed(study: Study, name: str) -> Floats:
    """(seeds,) change from one end to the other in % of the scenario as it is."""
    first, last = study.ends
    values = study.results[name]
    return np.asarray(100.0 * (values[last] - values[first]) / np.abs(study.base[name]))


def _good_for_all(seen: Mapping[str, Effect]) -> Iterator[tuple[str, str] | None]:
    """From one end to the other, or back, no goal of any area is seen to suffer and some are seen to gain."""
    counted = {name: effect for name, effect in seen.items() if name.partition(".")[0] not in NOT_COUNTED}
    signs = {name: effect.sign * GOALS[name.partition(".")[0]][1] for name, effect in counted.items()}
    for direction, word in ((1, "up"), (-1, "down")):
        gains = [name for name, sign in signs.items() if sign * direction > 0]
        losses = [name for name, sign in signs.items() if sign * direction < 0]
        if gains and not losses:
            yield "good for every goal", f"going {word}, {len(gains)} goals of areas gain and none is seen to suffer"


def _span(effect: Effect) -> str:
    """Mean and interval in % of the base."""
    mean, low, high = effect.percent
    return f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]"
