"""What policies change, by paired runs, and the bad end of it; with the other questions, the whole comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from sim.experiment.comparison.amounts import Floats
from sim.experiment.comparison.cost import Costs
from sim.experiment.comparison.places import Places
from sim.experiment.comparison.reach import Dates
from sim.experiment.comparison.runs import ComparisonError, Runs
from sim.statistics.paired import intervals, variance_reduction
from sim.statistics.tails import share, worst_mean


class Comparison(Dates, Places, Costs):
    """Policies beside the scenario they are compared with.

    Args:
        runs: ensemble with at least two scenarios, run on the same seeds.
        against: name of the scenario the others are compared with.

    Raises:
        ComparisonError: there is nothing to pair, or no common luck.
    """

    def difference(
        self,
        name: str,
        policy: str | None = None,
        *,
        region: str | None = None,
        product: str | None = None,
        year: int | None = None,
    ) -> xr.Dataset:
        """What a policy changes, by paired runs.

        Args:
            name: a variable of the ensemble.
            policy: scenario; may be left out if there is only one.
            region: as for :meth:`amounts`.
            product: as for :meth:`amounts`.
            year: as for :meth:`amounts`.

        Returns:
            Over the dimensions that are left: mean, low, high (90 % interval), base (mean of the scenario compared
            with), positive (share of seeds in which it rises), reduction (share of the variance that pairing took
            away, NaN where nothing varies).
        """
        chosen: dict[str, Any] = {"region": region, "product": product, "year": year}
        one = self.amounts(self.policy(policy), name, **chosen)
        base = self.amounts(self.against, name, **chosen)
        gap = one.values - base.values
        mean, low, high = intervals(gap)
        dims, labels = one.dims[1:], {dim: one[dim].values for dim in one.dims[1:]}
        found = {
            "mean": mean,
            "low": low,
            "high": high,
            "base": base.values.mean(axis=0),
            "positive": (gap > 0).mean(axis=0),
            "reduction": variance_reduction(one.values, base.values),
        }
        return xr.Dataset({key: (dims, value) for key, value in found.items()}, labels, dict(one.attrs))

    def table(self, name: str, **chosen: Any) -> pd.DataFrame:
        """Differences of all policies as one table, a row each policy and cell.

        Args:
            name: a variable of the ensemble.
            **chosen: region, product, year as for :meth:`amounts`.
        """
        frames = []
        for policy in self.policies:
            found = self.difference(name, policy, **chosen)
            if found.sizes:
                frame = found.to_dataframe().reset_index()
            else:
                frame = pd.DataFrame({key: [float(value)] for key, value in found.data_vars.items()})
            frame.insert(0, "scenario", policy)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def tails(self, name: str, **chosen: Any) -> pd.DataFrame:
        """The bad end of a result: worst tenth of runs and of differences, and how often the policy is ahead.

        Args:
            name: a variable of the ensemble.
            **chosen: region, product and year that leave one number a run.

        Returns:
            A row each scenario: mean, worst_tenth (mean of the lowest tenth of runs), and for policies worst_difference
            (mean of the lowest tenth of paired differences), ahead (share of seeds in which it is higher), ahead_low
            and ahead_high.
        """
        base = self._single(self.against, name, chosen)
        rows = []
        for scenario in (self.against, *self.policies):
            values = self._single(scenario, name, chosen)
            row: dict[str, Any] = {
                "scenario": scenario,
                "mean": values.mean(),
                "worst_tenth": float(worst_mean(values)),
            }
            if scenario != self.against:
                ahead = (float(end) for end in share(values > base))
                row |= {"worst_difference": float(worst_mean(values - base))}
                row |= dict(zip(("ahead", "ahead_low", "ahead_high"), ahead, strict=True))
            rows.append(row)
        return pd.DataFrame(rows)

    def exceedance(self, name: str, thresholds: Sequence[float] | None = None, **chosen: Any) -> pd.DataFrame:
        """Share of runs at or above thresholds.

        Args:
            name: a variable of the ensemble.
            thresholds: in its unit; eleven between the lowest and the highest run if not given.
            **chosen: region, product and year that leave one number a run.

        Returns:
            Columns scenario, threshold, share, low, high (90 %, Wilson).
        """
        values = {each: self._single(each, name, chosen) for each in (self.against, *self.policies)}
        together = np.concatenate(list(values.values()))
        marks = np.linspace(together.min(), together.max(), 11) if thresholds is None else np.asarray(thresholds)
        frames = []
        for scenario, runs in values.items():
            part, low, high = share(runs[:, None] >= marks[None, :])
            row = {"scenario": scenario, "threshold": marks, "share": part, "low": low, "high": high}
            frames.append(pd.DataFrame(row))
        return pd.concat(frames, ignore_index=True)

    def _single(self, scenario: str, name: str, chosen: Mapping[str, Any]) -> Floats:
        """(seeds,) one number a run."""
        array = self.amounts(scenario, name, **chosen)
        if array.ndim != 1:
            left = ", ".join(str(dim) for dim in array.dims[1:])
            raise ComparisonError(f"{name} has more than one number a run: choose {left} as well")
        return np.asarray(array.values, dtype=np.float64)


def compare(runs: Runs, against: str = "baseline") -> Comparison:
    """Compare the scenarios of an ensemble with one of them; see :class:`Comparison`."""
    return Comparison(runs, against)
