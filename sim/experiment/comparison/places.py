"""Who gains from whom, and how unequal places are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.experiment.comparison.amounts import ALL, CITY, WEIGHTS, Amounts, Floats
from sim.experiment.comparison.runs import ComparisonError
from sim.statistics.inequality import gini, location_gini, theil_by_group
from sim.statistics.paired import paired, ratio
from sim.statistics.structure import ellison_glaeser, herfindahl_of_group, krugman_specialisation
from sim.world import GROUPS, load_world


class Places(Amounts):
    """The questions of who gains from whom, and of inequality."""

    def additionality(
        self, name: str = "value_added", policy: str | None = None, year: int | None = None
    ) -> pd.DataFrame:
        """How much of what each region gains is drawn from the others.

        Args:
            name: a variable that adds up over counties.
            policy: scenario; may be left out if there is only one.
            year: of the amounts; the sum over all years if not given (the last year of a stock).

        Returns:
            A row each county, each group and the city: gain (paired difference), low, high; others, others_low,
            others_high: what all other counties gain; net, net_low, net_high: both together; drawn, drawn_low,
            drawn_high: the part of the gain that others lose with its interval (Fieller), 0 (all new) to 1 (all moved),
            NaN where the gain is not seen to be above 0. The row of the city has
            the sum of the gains of counties that gain on average (gain) and of those that lose (others); of many
            counties some gain and some lose by luck alone, so that both sums are a little too large.

        Raises:
            ComparisonError: the variable is a mean, not an amount.
        """
        if name in WEIGHTS:
            raise ComparisonError(
                f"{name} is a mean and does not add up over counties: choose an amount such as output"
            )
        one, base = (self._by_county(scenario, name, year) for scenario in (self.policy(policy), self.against))
        gap = one - base
        world = load_world()
        regions = {county: np.arange(world.county_count) == at for at, county in enumerate(world.county_names)}
        regions |= {group: world.group == at for at, group in enumerate(GROUPS)}
        rows = [_drawn(region, gap, inside) for region, inside in regions.items()]
        mean = gap.mean(axis=0)
        gained, lost = float(mean[mean > 0].sum()), float(mean[mean < 0].sum())
        rows.append(
            {
                "region": CITY,
                "gain": gained,
                "others": lost,
                "net": gained + lost,
                "drawn": min(-lost / gained, 1.0) if gained > 0 else np.nan,
            }
        )
        return pd.DataFrame(rows)

    def inequality(self, year: int | None = None) -> pd.DataFrame:
        """Inequality between places in a year, and what policies change in it.

        Groups of Theil are the mountain counties and those of the coast, the core among them. Location Gini
        and Krugman are means, weighted by jobs, over chain products and over counties; Ellison-Glaeser is given by
        chain. All three count the jobs of firms, as the bureau's tables do (:mod:`sim.results.published`).

        Args:
            year: of the runs; the last one if not given.

        Returns:
            A row each measure and scenario: level (mean over seeds), and for policies mean, low, high of the paired
            difference.
        """
        when = self.years[-1] if year is None else year
        base = self.inequality_by_seed(self.against, when)
        rows: list[dict[str, Any]] = []
        for scenario in (self.against, *self.policies):
            for measure, values in self.inequality_by_seed(scenario, when).items():
                row: dict[str, Any] = {"measure": measure, "scenario": scenario, "level": float(values.mean())}
                if scenario != self.against:
                    effect = paired(values - base[measure])
                    row |= {"mean": effect.mean, "low": effect.low, "high": effect.high}
                rows.append(row)
        return pd.DataFrame(rows).sort_values("measure", kind="stable", ignore_index=True)

    def inequality_by_seed(self, scenario: str, year: int) -> dict[str, Floats]:
        """(seeds,) each measure of inequality of a scenario in a year, by name."""
        world = load_world()
        people = self.amounts(scenario, "population", year=year).values
        income = np.maximum(self.amounts(scenario, "income", year=year).values, 0.0)
        made = np.maximum(self.amounts(scenario, "value_added", product=ALL, year=year).values, 0.0)
        mountain = (world.group == GROUPS.index("mountain")).astype(np.int64)
        found: dict[str, Floats] = {}
        for name, amount in (("income a head", income), ("value added a head", made)):
            parts = theil_by_group(amount, people, mountain)
            found |= {
                f"Theil, {name}": parts.total,
                f"Theil, {name}, between mountain and coast": parts.between,
                f"Theil, {name}, within mountain and coast": parts.within,
                f"Gini, {name}": gini(amount, people),
            }
        jobs = self.amounts(scenario, "jobs", year=year).transpose("seed", "county", "product").values
        jobs, chain = jobs[:, :, world.agent], world.chain[world.agent]
        of_product, of_county = jobs.sum(axis=1)[:, chain >= 0], jobs.sum(axis=2)
        found["location Gini of chain products"] = _mean(location_gini(jobs)[:, chain >= 0], of_product)
        found["Krugman specialisation of counties"] = _mean(
            np.array([krugman_specialisation(x) for x in jobs]), of_county
        )
        plants = self.amounts(scenario, "herfindahl", year=year).values[:, world.agent]
        for at, code in enumerate(world.chains):
            mine = chain == at
            own = [herfindahl_of_group(h[mine], x[:, mine].sum(axis=0)) for h, x in zip(plants, jobs, strict=True)]
            found[f"Ellison-Glaeser index of {code}"] = np.array(
                [ellison_glaeser(x[:, mine].sum(axis=1), x.sum(axis=1), h) for x, h in zip(jobs, own, strict=True)]
            )
        return found


def _drawn(region: str, gap: Floats, inside: NDArray[np.bool_]) -> dict[str, Any]:
    """Gain of a region, of all others, and the part of the first that is drawn from the second."""
    gain, rest = gap[:, inside].sum(axis=1), gap[:, ~inside].sum(axis=1)
    own, others, net = paired(gain), paired(rest), paired(gain + rest)
    row = {
        "region": region,
        "gain": own.mean,
        "low": own.low,
        "high": own.high,
        "others": others.mean,
        "others_low": others.low,
        "others_high": others.high,
        "net": net.mean,
        "net_low": net.low,
        "net_high": net.high,
    }
    if own.sign > 0:
        part = ratio(-rest, gain)
        ends = np.clip([part.mean, part.low, part.high], 0.0, 1.0).tolist()
        row |= dict(zip(("drawn", "drawn_low", "drawn_high"), ends, strict=True))
    return row


def _mean(values: Floats, weights: Floats) -> Floats:
    """(seeds,) weighted mean of the cells that are defined."""
    fine = ~np.isnan(values)
    total = np.where(fine, weights, 0.0).sum(axis=1)
    amount = np.where(fine, values * weights, 0.0).sum(axis=1)
    return np.asarray(np.divide(amount, total, out=np.full(len(total), np.nan), where=total > 0))
