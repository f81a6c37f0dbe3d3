"""The runs of a study of levers: which values each lever takes, and what is kept of a run.

What is varied is read from the declarations, so a new lever is studied without a line here:

- a number takes the ends of its range and its default between them (the middle of the range if the default is an end);
- shares that must sum to 1 move along their simplex: one goes to its value, the others keep their proportions;
- a month of start takes the ends of its range: at once, and practically never;
- a choice takes each of its words.

Levers without a mechanism are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.experiment.single import run
from sim.parameters import Lever, Parameters, declarations
from sim.parameters.declarations import Choice, Date, Number, Setting
from sim.parameters.levers import LeverRule
from sim.parameters.words import plain_text
from sim.results import Run
from sim.scenario import Scenario, ScenarioError
from sim.state import SPENDING_ITEMS, Channel, Stage
from sim.world import GROUPS, load_world

Floats = NDArray[np.float64]

AREAS: tuple[str, ...] = ("city", *GROUPS)
"""The city and its groups of counties."""

GOALS: Mapping[str, tuple[str, int]] = {
    "output": ("gross output of the year, M yuan, 2018 prices", 1),
    "value_added": ("value added of the year, M yuan, 2018 prices", 1),
    "jobs": ("jobs by workplace in December", 1),
    "local_tax": ("local tax revenue of the year, M yuan, 2018 prices", 1),
    "wage": ("wage per person at work, yuan a year, 2018 prices", 1),
    "income": ("disposable income per resident, yuan a year, 2018 prices", 1),
    "services": ("ordinary public spending of the year, M yuan, 2018 prices; the city with its own budget", 1),
    "debt": ("public debt in December, M yuan, 2018 prices; the city with its own budget", -1),
    "carbon": ("carbon of the electricity used in the year, t CO2", -1),
}
"""What is measured in each area: what it is, and whether more of it is better (1) or worse (-1)."""

NOT_LEVERS = ("ordinary spending", "interest")
"""Items of the budgets that no policy asks for."""

PROMOTED = (Channel.LEADER, Channel.CHAIN, Channel.CLUSTER, Channel.UNPLANNED)
"""Channels that promotion pays for."""

# --- what is varied ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    """One value of a lever.

    Attributes:
        lever: dotted name.
        value: the value.
        label: "low", "middle", "high"; the month; the word.
        changes: what it changes in the scenario; nothing where the scenario has this value.
    """

    lever: str
    value: Setting
    label: str
    changes: tuple[tuple[str, Setting], ...] = ()

    @property
    def text(self) -> str:
        """The value as a reader would write it."""
        return plain_text(self.value)


def lever_points(
    scenario: Scenario, chosen: Mapping[str, Sequence[Setting]] | None = None
) -> dict[str, tuple[Point, ...]]:
    """The values of every lever and every start of a policy, by dotted name.

    Args:
        scenario: what is varied.
        chosen: values in their order for levers whose range is no scale, such as caps where 0 means none.
    """
    chosen = chosen or {}
    found: dict[str, tuple[Point, ...]] = {}
    for values in scenario.parameters:
        rules = declarations(type(values))
        starts = {rule.starts for rule in rules.values() if isinstance(rule, LeverRule) and rule.starts}
        for name, rule in rules.items():
            path = f"{values.table}.{name}"
            if isinstance(rule, LeverRule) and path in chosen:
                present = _last(getattr(values, name))
                found[path] = tuple(Point(path, v, plain_text(v), _change(path, v, present)) for v in chosen[path])
            elif isinstance(rule, LeverRule):
                found[path] = _values_of(scenario, values, name, rule)
            elif isinstance(rule, Date) and name in starts:
                found[path] = _dates_of(values, name, rule)
    return found


def shares_with(values: Parameters, name: str) -> tuple[str, ...]:
    """The levers of the group that must sum to 1 with this one, itself among them; nothing if it stands alone.

    The checks of the group are asked: they name the shares when one of them is moved alone.
    """
    lever = getattr(values, name)
    for value in (0.0, 1.0):
        moved = values.model_copy(update={name: replace(lever, others=value, counties=())})
        for names, sentence in moved.checks():
            if name in names and not isinstance(names, str) and sentence.endswith("must sum to 1"):
                return tuple(names)
    return ()


def along_simplex(shares: Mapping[str, float], name: str, value: float) -> dict[str, float]:
    """Shares that sum to 1 after one of them took a value: the others keep their proportions.

    Args:
        shares: the shares before.
        name: which one moves.
        value: where to, 0-1. If the others were all 0 they become equal.
    """
    others = {other: share for other, share in shares.items() if other != name}
    total = sum(others.values())
    parts = {other: share / total if total > 0 else 1.0 / len(others) for other, share in others.items()}
    return {name: value} | {other: (1.0 - value) * part for other, part in parts.items()}


def three_values(low: float, default: float, high: float) -> tuple[float, float, float]:
    """Low, middle and high: the ends of the range, between them the default, or the middle if it is an end."""
    return low, default if low < default < high else (low + high) / 2, high


def _values_of(scenario: Scenario, values: Parameters, name: str, rule: LeverRule) -> tuple[Point, ...]:
    """The points of a lever; each must be a scenario that is accepted."""
    path = f"{values.table}.{name}"
    if isinstance(rule.value, Choice):
        present = _last(getattr(values, name))
        return tuple(Point(path, word, word, _change(path, word, present)) for word in rule.value.options)
    return tuple(_numbers(scenario, values, name, rule.value))


def _numbers(scenario: Scenario, values: Parameters, name: str, number: Number) -> Iterator[Point]:
    """Low, middle and high of a number, without what the checks of the group refuse."""
    path, low_high = f"{values.table}.{name}", number.bounds()
    present = float(_last(getattr(values, name)))
    partners = shares_with(values, name)
    shares = {partner: float(_last(getattr(values, partner))) for partner in partners}
    for label, value in zip(("low", "middle", "high"), three_values(low_high[0], present, low_high[1]), strict=True):
        if partners and value != present:
            moved = along_simplex(shares, name, value)
            changes: tuple[tuple[str, Setting], ...] = tuple((f"{values.table}.{key}", v) for key, v in moved.items())
        else:
            changes = _change(path, value, present)
        try:
            scenario.replace(dict(changes))
        except ScenarioError:
            continue  # within its range, but refused together with the rest: not a policy that can be chosen
        yield Point(path, value, label, changes)


def _dates_of(values: Parameters, name: str, rule: Date) -> tuple[Point, ...]:
    """At once, as it is, practically never."""
    path, present = f"{values.table}.{name}", str(getattr(values, name))
    months = dict.fromkeys((rule.low, present, rule.high))
    return tuple(Point(path, month, month, _change(path, month, present)) for month in months)


def _change(path: str, value: Setting, present: Setting) -> tuple[tuple[str, Setting], ...]:
    """The change of one value; none if it stands there already."""
    return () if value == present else ((path, value),)


def _last(lever: Lever) -> Setting:
    """The value that a lever has in the end, in the counties not named."""
    course = lever.others
    return course[-1][1] if isinstance(course, tuple) else course


# --- one run ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """One run of a study: the scenario as it is run, its seed, and the year that is measured."""

    scenario: Scenario
    seed: int
    year: int

    @property
    def key(self) -> str:
        """What makes the run: values, seed and year."""
        return f"{self.scenario.hash}:{self.seed}:{self.year}"


def measure(job: Job) -> dict[str, float]:
    """Run a job and keep what the study needs, by name: ``goal.area``, ``cost.item``, and sums over the run.

    Raises:
        BrokenIdentityError: an account does not balance.
    """
    return measures(run(job.scenario, job.seed), job.year)


def measures(done: Run, year: int) -> dict[str, float]:
    """What a run leaves behind for a study, by name.

    Args:
        done: the run; it must hold the whole year.
        year: when goals are measured. Costs and gains are summed from the first month to the last.
    """
    data = done.monthly
    months = data["month"].dt.year.values == year
    if months.sum() != 12:
        raise ValueError(f"the run does not hold the whole year {year}")
    found = {
        f"{goal}.{area}": float(value)
        for area, inside in _areas().items()
        for goal, value in goals_of(done, months, inside, area).items()
    }
    spending = data["public_spending"].sum(["month", "budget"])
    found |= {
        f"cost.{item}": float(spending.sel(budget_item=item)) for item in SPENDING_ITEMS if item not in NOT_LEVERS
    }
    found["gain.value_added"] = float(data["value_added"].sum())
    found["gain.local_tax"] = float(data["revenue_local"].sum())
    found["gain.land_sales"] = float(data["public_revenue"].sel(revenue_item="land sales").sum())
    landed = data["entered"].isel(stage=int(Stage.DONE)).sum("month").values
    found["landed.all"] = float(landed.sum())
    found["landed.promoted"] = float(landed[list(PROMOTED)].sum())
    return found


def _areas() -> dict[str, NDArray[np.bool_]]:
    """(C,) which counties belong to an area."""
    group = load_world().group
    return {"city": np.ones(len(group), dtype=bool)} | {name: group == at for at, name in enumerate(GROUPS)}


def goals_of(done: Run, months: NDArray[np.bool_], inside: NDArray[np.bool_], area: str) -> dict[str, float]:
    """The goals of one area in a year.

    Args:
        done: the run.
        months: (months,) those of the year.
        inside: (C,) counties of the area.
        area: its name; "city" has the budget of the prefecture itself too.
    """
    data, last = done.monthly, int(np.flatnonzero(months)[-1])

    def of_year(name: str) -> Floats:
        return np.asarray(data[name].values[months][:, inside], dtype=np.float64)

    jobs = of_year("jobs").sum(axis=2)
    residents = of_year("population")
    debt = data["public_debt"].values[last]
    services = data["public_spending"].sel(budget_item="ordinary spending").values[months].sum(axis=0)
    return {
        "output": of_year("output").sum(),
        "value_added": of_year("value_added").sum(),
        "jobs": data["jobs"].values[last][inside].sum(),
        "local_tax": of_year("revenue_local").sum(),
        "wage": (of_year("wage") * jobs).sum() / jobs.sum(),
        "income": of_year("income").sum() * 1e6 / residents.mean(axis=0).sum(),
        "services": services.sum() if area == "city" else services[:-1][inside].sum(),
        "carbon": of_year("carbon").sum(),
        "debt": debt.sum() if area == "city" else debt[:-1][inside].sum(),
    }


# --- many runs --------------------------------------------------------------------------------------------------------


def jobs_of(scenario: Scenario, points: Sequence[Point], seeds: Sequence[int], year: int) -> dict[str, Job]:
    """The runs that the points need, each once, by key; the scenario as it is comes first."""
    plans = {(): scenario} | {point.changes: scenario.replace(dict(point.changes)) for point in points if point.changes}
    jobs = (Job(plan, seed, year) for plan in plans.values() for seed in seeds)
    return {job.key: job for job in jobs}
