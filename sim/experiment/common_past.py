"""Runs that differ only from some month on share the months before: the past is run once and copied.

Levers of a problem of policy move from one month on, so with one seed all its points have one past. A run that goes on
from a copy of it is bit for bit the run from the beginning: months read levers of the month only, and a copy has its
own arrays and its own luck.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field

from sim.experiment.single import run_model
from sim.inputoutput.tables import Table
from sim.mechanisms.demand import OPENING
from sim.model import Floats, NingdeModel, compile_levers
from sim.parameters import Lever, Month
from sim.results import Run
from sim.scenario import Scenario
from sim.world import load_world

MOST = 16
"""Pasts that a process keeps (assumption): enough for the futures of a search; each takes about 15 MB of memory."""


@dataclass
class Pasts:
    """Models at the end of a past, the last used last.

    Attributes:
        most: pasts that are kept at most.
        kept: by what makes a past.
    """

    most: int = MOST
    kept: OrderedDict[str, NingdeModel] = field(default_factory=OrderedDict)

    def run(
        self,
        scenario: Scenario,
        seed: int,
        since: Month,
        table: Callable[[], Table | None] = lambda: None,
        mark: int = 0,
    ) -> Run:
        """Run a scenario, with the past of an earlier one where it is the same.

        Args:
            scenario: what to run.
            seed: of all chance.
            since: month from which scenarios with this past differ in their levers; earlier differences make another
                past.
            table: makes the opening table in place of the estimated one.
            mark: tells tables apart.

        Raises:
            BrokenIdentityError, NoConvergenceError, OpeningError: as :func:`sim.experiment.single.run`.
        """
        months = min(since, scenario.run.end + 1) - OPENING - 1
        if months <= 0:
            return run_model(NingdeModel(scenario, seed, table=table()))
        levers = compile_levers(scenario, load_world().counties, scenario.run.end - OPENING)
        key = _key(scenario, seed, months, mark, levers)
        if key not in self.kept:
            model = NingdeModel(scenario, seed, table=table())
            for _ in range(months):
                model.step()
            self.kept[key] = model
            while len(self.kept) > self.most:
                self.kept.popitem(last=False)
        self.kept.move_to_end(key)
        model = deepcopy(self.kept[key])
        model.plan = model.state.scenario = scenario
        model.state.levers = levers
        return run_model(model)


def _key(scenario: Scenario, seed: int, months: int, mark: int, levers: dict[str, Floats]) -> str:
    """What makes a past: all that is no lever, and levers up to its end."""
    found = hashlib.sha256(json.dumps([seed, months, mark]).encode())
    for group in scenario.parameters:
        values = scenario.tables[group.table]
        rest = {key: value for key, value in values.items() if not isinstance(getattr(group, key, None), Lever)}
        found.update(json.dumps([group.table, rest], sort_keys=True, default=str).encode())
    for name in sorted(levers):
        found.update(name.encode() + levers[name][: months + 1].tobytes())
    return found.hexdigest()
