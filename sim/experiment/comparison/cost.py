"""What a policy costs all budgets, and what a yuan of gain costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sim.experiment.comparison.amounts import Amounts, Floats
from sim.experiment.levers_runs import NOT_LEVERS
from sim.statistics.paired import Effect, paired, ratio

GAINS: Mapping[str, str] = {"value_added": "value added", "local_tax": "local tax"}
"""What the cost of a policy is set beside, with its words."""


class Costs(Amounts):
    """The question of cost."""

    def cost(self, policy: str | None = None) -> pd.DataFrame:
        """What a policy costs the budgets over the whole run, by item, and what it gains.

        Returns:
            A row each item of policy spending that moves, and "all items": mean, low, high (M yuan, 2018 prices, over
            the run; ordinary spending and interest are no policy); then the gains "value added" and "local tax".
        """
        one = self.policy(policy)
        items = self._cost_by_seed(one)
        rows = [_row(item, values) for item, values in items.items() if values.any()]
        rows.append(_row("all items", np.asarray(sum(items.values()))))
        rows += [_row(f"gain in {label}", self._gain(one, name)) for name, label in GAINS.items()]
        return pd.DataFrame(rows)

    def cost_per_yuan(self, policy: str | None = None) -> dict[str, Effect]:
        """Yuan of public money spent for a yuan gained over the run, by what is gained; the interval is Fieller's.

        A negative cost for a yuan has two meanings (a saving that gains, a spending that loses): see :meth:`cost` for
        the signs. Where the gain is not seen to differ from 0 the interval has no bounds.
        """
        one = self.policy(policy)
        spent = np.asarray(sum(self._cost_by_seed(one).values()))
        return {label: ratio(spent, self._gain(one, name)) for name, label in GAINS.items()}

    def _cost_by_seed(self, policy: str) -> dict[str, Floats]:
        """(seeds,) spending of the policy less that of the scenario compared with, all budgets and years, by item."""
        totals = [self.values(name, "public_spending").sum(["year", "budget"]) for name in (policy, self.against)]
        gap = totals[0] - totals[1].values
        labels = [str(item) for item in gap["budget_item"].values]
        return {item: gap.sel(budget_item=item).values for item in labels if item not in NOT_LEVERS}

    def _gain(self, policy: str, name: str) -> Floats:
        """(seeds,) an amount of the city over the whole run less that of the scenario compared with."""
        one, base = (self._by_county(scenario, name, None).sum(axis=1) for scenario in (policy, self.against))
        return np.asarray(one - base)


def _row(item: str, values: Floats) -> dict[str, Any]:
    """Mean and interval of one amount by seed."""
    effect = paired(values)
    return {"item": item, "mean": effect.mean, "low": effect.low, "high": effect.high}
