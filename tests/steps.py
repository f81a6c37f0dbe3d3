"""Output by year of a run without noise, entry, exit and events; run in a copy of the package (see test_traps.py).

In a plain copy a step is a month. In a copy whose year has 24 steps it is half a month: the calendar counts halves, a
rate per year is divided by 24, and here a share closed per month becomes what two half steps close, a span in months is
doubled. So both runs are the same model in continuous time, cut differently.
"""

import dataclasses
import sys

import sim
from sim.mechanisms import candidates, events, firms, leaders, promotion
from sim.model import NingdeModel
from sim.state import YEAR

FINER = YEAR // 12
"""Steps in a month."""

SILENT = (
    candidates.CandidatePool,
    promotion.Funnel,
    events.History,
    leaders.Expansion,
    firms.ProductivityNoise,
    firms.Exit,
)
NOISE = {
    "demand": ("battery", "consumer", "vehicles", "stainless", "copper", "other"),
    "prices": ("lithium_vol", "nickel_vol", "copper_vol"),
}
CLOSED = {"prices": ("adjust",), "sourcing": ("adjust",)}
KEPT = {"leaders": ("backlog_keep",)}
MONTHS = {
    "agglomeration": ("memory", "leader_age_max"),
    "firms": ("working_cash",),
    "fiscal": ("adjustment",),
    "households": ("memory",),
    "projects": ("ramp_tau",),
    "sourcing": ("qualification",),
}


def by_steps(group):
    """Parameters of a group without noise, those by month told by step."""
    new = {}
    for name in NOISE.get(group.table, ()):
        new[name if name.endswith("vol") else f"sigma_{name}"] = 0.0
    for name in CLOSED.get(group.table, ()):
        new[name] = 1.0 - (1.0 - getattr(group, name)) ** (1.0 / FINER)
    for name in KEPT.get(group.table, ()):
        new[name] = getattr(group, name) ** (1.0 / FINER)
    for name in MONTHS.get(group.table, ()):
        new[name] = getattr(group, name) * FINER
    assert set(new) <= set(type(group).model_fields), new
    return group.model_copy(update=new)


def main() -> None:
    plan = sim.load("baseline").replace({"run.end": "2050-12"}, name="steps")
    plan = dataclasses.replace(plan, parameters=tuple(map(by_steps, plan.parameters)))
    model = NingdeModel(plan, 1, without=SILENT)
    for year in range(2014, 2031):
        total = 0.0
        for _ in range(YEAR):
            model.step()
            total += model.output
        assert str(model.calendar) == f"{year}-12"
        sys.stdout.write(f"{year} {total!r}\n")


if __name__ == "__main__":
    main()
