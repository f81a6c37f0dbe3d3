"""Comparing policies over many paired runs: what differs, when the trillion comes, who gains from whom, at what cost.

Every scenario of an ensemble is run with the same seeds. Equal seeds are common luck (:mod:`sim.draws`), so differences
are taken seed by seed, and their intervals (:mod:`sim.statistics.paired`) hold what luck is left: not the doubt about
parameters, table and opening, which :mod:`sim.experiment.spread` measures. What was run with other code, other figures
or from another month has not met the same luck and is refused.

Regions are the ten counties, the groups core, coast and mountain, and the city, their sum; products are those of the
model, the chains, and all together. Money is M yuan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from sim.experiment.layout import Layout
from sim.experiment.levers_runs import NOT_LEVERS
from sim.experiment.store import Origin, Plan, difference
from sim.parameters import suggestion
from sim.statistics.inequality import gini, location_gini, theil_by_group
from sim.statistics.paired import Effect, intervals, paired, ratio, variance_reduction
from sim.statistics.passage import Passage, first_passage, standing
from sim.statistics.structure import ellison_glaeser, herfindahl_of_group, krugman_specialisation
from sim.statistics.tails import share, worst_mean
from sim.world import GROUPS, load_world

Floats = NDArray[np.float64]

CITY = "city"
"""All ten counties together."""

ALL = "all"
"""All products together."""

WEIGHTS: Mapping[str, str] = {"wage": "jobs"}
"""Variables that are averaged over counties, and by what; all others add up."""

CITY_LEVEL: Mapping[str, str] = {"public_debt": "public_debt_city_level"}
"""Variables of which the prefecture itself has a part, beside its counties: in the city's total, in no group's."""

TRILLION, CLUSTER_TARGET = 1000.0, 300.0
"""Goals in bn yuan a year: of the city's industry (Mindong Daily, 26 Dec 2019), and asked of a cluster."""

BILLION = 1000.0
"""M yuan in a bn yuan."""

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Quantiles of the date at which a target is reached."""

DRIVERS = ("world_volume", "commodity_price")
"""Series of a run that come from outside and do not depend on policy."""

SIDES = ("above", "below")


class ComparisonError(ValueError):
    """A comparison that cannot be made: one line that says why, and what to do."""


class Runs(Protocol):
    """What a comparison needs of an ensemble; :class:`sim.experiment.ensemble.Ensemble` has it."""

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names in order."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds common to all scenarios."""

    @property
    def layout(self) -> Layout:
        """Names and shapes of what is kept."""

    @property
    def made_by(self) -> Origin:
        """Code, figures and libraries that made the runs."""

    @property
    def faults(self) -> tuple[str, ...]:
        """What is missing and why."""

    def plan(self, scenario: str) -> Plan:
        """Text and hash of a scenario."""

    def values(self, scenario: str, name: str) -> xr.DataArray:
        """(seed, ...) a variable."""


@dataclass(frozen=True, eq=False)
class Joined:
    """Ensembles of several folders as one, on the seeds that all of them have; made by :func:`join`.

    Attributes:
        parts: the ensembles; a scenario is read from the first that has it.
    """

    parts: tuple[Runs, ...]

    @cached_property
    def scenarios(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(dict.fromkeys(name for part in self.parts for name in part.scenarios))

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """Seeds that all have."""
        return tuple(sorted(set.intersection(*(set(part.seeds) for part in self.parts))))

    @property
    def layout(self) -> Layout:
        """That of all."""
        return self.parts[0].layout

    @property
    def made_by(self) -> Origin:
        """That of all."""
        return self.parts[0].made_by

    @cached_property
    def faults(self) -> tuple[str, ...]:
        """Those of all, and the seeds that are left out."""
        left = sorted({seed for part in self.parts for seed in part.seeds} - set(self.seeds))
        told = (f"{len(left)} seeds are not in every folder and are left out",) if left else ()
        return tuple(fault for part in self.parts for fault in part.faults) + told

    def plan(self, scenario: str) -> Plan:
        """Text and hash of a scenario."""
        return self._home(scenario).plan(scenario)

    def values(self, scenario: str, name: str) -> xr.DataArray:
        """(seed, ...) a variable, on the common seeds."""
        return self._home(scenario).values(scenario, name).sel(seed=list(self.seeds))

    def _home(self, scenario: str) -> Runs:
        """The ensemble that has it."""
        return next(part for part in self.parts if scenario in part.scenarios)


def join(ensembles: Mapping[str, Runs]) -> Runs:
    """Ensembles as one, if they met the same luck.

    Args:
        ensembles: by the name that a fault tells, such as their folder.

    Raises:
        ComparisonError: other code, figures or libraries, other months, other values under one name, or no common seed.
    """
    (first, base), *others = ensembles.items()
    for name, other in others:
        months = [f"{each.layout.coords['month'][[0, -1]].astype('datetime64[M]')}" for each in (base, other)]
        if months[0] != months[1]:
            raise ComparisonError(
                f"{first} and {name} do not cover the same months ({months[0]} and {months[1]}): run them with equal"
                " run.start and run.end"
            )
        apart = difference(other.made_by, base.made_by)
        if apart or base.layout.digest != other.layout.digest:
            raise ComparisonError(
                f"{first} and {name} were not run under common luck: they differ in {apart or 'what is recorded'}; run"
                " both again with one version"
            )
        for scenario in set(base.scenarios) & set(other.scenarios):
            if base.plan(scenario).hash != other.plan(scenario).hash:
                raise ComparisonError(
                    f"{first} and {name} hold different scenarios called {scenario}: rename one of them"
                )
    found = Joined(tuple(ensembles.values())) if others else base
    if not found.seeds:
        raise ComparisonError(f"{' and '.join(ensembles)} have no seed in common, so there are no pairs")
    return found


@dataclass(frozen=True)
class Driver:
    """A condition on the world: an outside series above or below its median over the runs.

    Attributes:
        variable: one of :data:`DRIVERS`.
        label: market or commodity.
        side: "above" or "below".
    """

    variable: str
    label: str
    side: str

    @property
    def text(self) -> str:
        """The condition in words."""
        return f"{self.label} {self.side} its median"


@dataclass(frozen=True, eq=False)
class Reach:
    """When a target is reached in each scenario.

    Attributes:
        definition: name of the series.
        target: bn yuan a year.
        given: condition in words, empty if there is none.
        runs: number of runs of each scenario.
        by_year: columns scenario, year, probability (reached by December), low, high, standing (share of runs at or
            above the target in that December).
        dates: columns scenario, reached (share of runs that ever get there), and a column each quantile of the month at
            which it is first reached, empty where that lies beyond the end of the runs.
        gains: columns scenario, year, mean, low, high: probability less that of the scenario it is compared with, by
            paired runs.
    """

    definition: str
    target: float
    given: str
    runs: int
    by_year: pd.DataFrame
    dates: pd.DataFrame
    gains: pd.DataFrame


class Comparison:
    """Policies beside the scenario they are compared with.

    Args:
        runs: ensemble with at least two scenarios, run on the same seeds.
        against: name of the scenario the others are compared with.

    Raises:
        ComparisonError: there is nothing to pair, or no common luck.
    """

    def __init__(self, runs: Runs, against: str = "baseline") -> None:
        self.runs, self.against = runs, against
        known(f"--against {against}: no scenario of the ensemble", against, runs.scenarios)
        self.policies = tuple(name for name in runs.scenarios if name != against)
        if not self.policies:
            raise ComparisonError(f"there is nothing to compare with {against}: the ensemble holds no other scenario")
        if not len(runs.seeds):
            raise ComparisonError(
                "the scenarios have no seed in common, so there are no pairs: run them on equal seeds"
            )
        self._cells: dict[tuple[str, str], xr.DataArray] = {}

    def __repr__(self) -> str:
        return f"Comparison({', '.join(self.policies)} against {self.against}, {len(self.runs.seeds)} seeds)"

    # --- amounts ------------------------------------------------------------------------------------------------------

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Full calendar years of the runs."""
        return tuple(int(year) for year in self.values(self.against, "output")["year"].values)

    def values(self, scenario: str, name: str) -> xr.DataArray:
        """(seed, ...) a variable of a scenario as it was recorded.

        Raises:
            ComparisonError: no such scenario or variable.
        """
        known("no scenario of the ensemble", scenario, self.runs.scenarios)
        known("no variable of an ensemble", name, self.runs.layout.names)
        if (scenario, name) not in self._cells:
            self._cells[scenario, name] = self.runs.values(scenario, name)
        return self._cells[scenario, name]

    def amounts(
        self,
        scenario: str,
        name: str,
        *,
        region: str | None = None,
        product: str | None = None,
        year: int | None = None,
    ) -> xr.DataArray:
        """(seed, ...) a variable by the regions, products and years asked for.

        Args:
            scenario: name.
            name: a variable of the ensemble by year and county, and maybe by product.
            region: a county, a group of counties, or "city", which has the part of the prefecture's own budget too;
                all counties apart if not given.
            product: a product, a chain, or "all"; all products apart if not given.
            year: a year of the runs; all apart if not given.

        Raises:
            ComparisonError: an unknown name, or a dimension that the variable does not have.
        """
        array = self.values(scenario, name)
        weight = WEIGHTS.get(name)
        if region is not None and weight is not None:
            size = self.values(scenario, weight)
            size = size.sum("product") if "product" in size.dims else size
            total = _of_region(size, region)
            array = _of_region(array * size, region) / total.where(total > 0)
        elif region is not None:
            array = _of_region(_has(array, "county", name), region)
            if region == CITY and name in CITY_LEVEL:
                array = (array + self.values(scenario, CITY_LEVEL[name])).assign_attrs(array.attrs)
        if product is not None:
            array = _of_product(_has(array, "product", name), product)
        if year is not None:
            known(
                "no full year of the runs", str(year), [str(each) for each in _has(array, "year", name)["year"].values]
            )
            array = array.sel(year=year)
        return array

    # --- differences --------------------------------------------------------------------------------------------------

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

    def policy(self, name: str | None) -> str:
        """The policy of a name, or the only one."""
        if name is None:
            if len(self.policies) > 1:
                raise ComparisonError(f"name one of the policies: {', '.join(self.policies)}")
            return self.policies[0]
        return known("no policy of the comparison", name, self.policies)

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

    # --- when, and with what probability ------------------------------------------------------------------------------

    @cached_property
    def definitions(self) -> tuple[str, ...]:
        """Names of the monthly series of 12-month sums that can reach a target."""
        return tuple(str(name) for name in self.values(self.against, "headline")["series"].values)

    @cached_property
    def clusters(self) -> tuple[str, ...]:
        """Those of them that are clusters."""
        return tuple(name for name in self.definitions if name in load_world().chains)

    def reach(
        self, target_billion: float | None = None, definition: str = "above_scale_output", given: str | None = None
    ) -> Reach:
        """When each scenario first reaches a target, over 12 months.

        Args:
            target_billion: bn yuan a year; 1,000, or 300 for a cluster, if not given.
            definition: what is counted, one of :attr:`definitions`.
            given: only the seeds in which the world is so, such as "Li above": a market or commodity whose mean
                over the run is above or below its median over the seeds. The world does not depend on policy, so this
                chooses the same seeds in all scenarios and explains nothing by its own consequence.

        Raises:
            ComparisonError: an unknown definition or driver, or a target that is not above 0.
        """
        known("no definition of what is counted", definition, self.definitions)
        default = CLUSTER_TARGET if definition in self.clusters else TRILLION
        target = default if target_billion is None else float(target_billion)
        if not (np.isfinite(target) and target > 0):
            raise ComparisonError(f"a target of {target:g} bn yuan is not above 0")
        driver = None if given is None else self.driver(given)
        chosen = self._seeds_given(driver)
        series = {
            name: self.values(name, "headline").sel(series=definition).values[chosen] / BILLION
            for name in (self.against, *self.policies)
        }
        months = self.values(self.against, "headline")["month"].values.astype("datetime64[M]")
        december = np.flatnonzero(months.astype(int) % 12 == 11)
        passages = {name: first_passage(values, target) for name, values in series.items()}
        years = months[december].astype("datetime64[Y]").astype(int) + 1970
        by_year = [_by_year(name, passages[name], series[name], target, december, years) for name in series]
        base = passages[self.against].reached_by()[:, december].astype(np.float64)
        gains = []
        for name in self.policies:
            mean, low, high = intervals(passages[name].reached_by()[:, december] - base)
            gains.append(pd.DataFrame({"scenario": name, "year": years, "mean": mean, "low": low, "high": high}))
        return Reach(
            definition,
            target,
            "" if driver is None else driver.text,
            int(chosen.sum()),
            pd.concat(by_year, ignore_index=True),
            pd.DataFrame([_dates(name, passage, months) for name, passage in passages.items()]),
            pd.concat(gains, ignore_index=True),
        )

    def reach_all(self, given: str | None = None) -> pd.DataFrame:
        """Dates of the usual target of every definition, a row each definition and scenario; see :class:`Reach`."""
        frames = []
        for definition in self.definitions:
            found = self.reach(definition=definition, given=given)
            frame = found.dates
            frame.insert(0, "target", found.target)
            frame.insert(0, "definition", definition)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    @cached_property
    def drivers(self) -> Mapping[str, str]:
        """Variable of each market and commodity whose course is recorded."""
        found: dict[str, str] = {}
        for variable in DRIVERS:
            if variable in self.runs.layout.names:
                array = self.values(self.against, variable)
                found |= {str(label): variable for label in array[array.dims[-1]].values}
        return found

    def driver(self, text: str) -> Driver:
        """The condition that words such as "Li above" mean.

        Raises:
            ComparisonError: an unknown driver, or no side.
        """
        label, _, side = text.strip().rpartition(" ")
        if side not in SIDES:
            raise ComparisonError(f"'{text}' is no condition: write a driver and above or below, such as 'Li above'")
        known("no driver from outside", label.strip(), tuple(self.drivers))
        return Driver(self.drivers[label.strip()], label.strip(), side)

    def _seeds_given(self, driver: Driver | None) -> NDArray[np.bool_]:
        """(seeds,) where the condition holds; the middle one of an odd number is on neither side."""
        if driver is None:
            return np.ones(len(self.runs.seeds), dtype=bool)
        array = self.values(self.against, driver.variable)
        course = array.sel({array.dims[-1]: driver.label}).mean("year").values
        median = np.median(course)
        chosen = course > median if driver.side == "above" else course < median
        if not chosen.any():
            raise ComparisonError(
                f"no run has {driver.text}: with so few seeds, or a given world, there is no such side"
            )
        return np.asarray(chosen)

    # --- who gains from whom ------------------------------------------------------------------------------------------

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

    def _by_county(self, scenario: str, name: str, year: int | None) -> Floats:
        """(seeds, C) amounts of a year, or of all years together; of stocks those of the last year."""
        array = self.amounts(scenario, name, year=year)
        array = array.sum("product") if "product" in array.dims else array
        if "year" in array.dims:
            array = array.isel(year=-1) if name in STOCKS else array.sum("year")
        return np.asarray(_has(array, "county", name).transpose("seed", "county").values)

    # --- inequality ---------------------------------------------------------------------------------------------------

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

    # --- cost ---------------------------------------------------------------------------------------------------------

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


GAINS: Mapping[str, str] = {"value_added": "value added", "local_tax": "local tax"}
"""What the cost of a policy is set beside, with its words."""

STOCKS = ("jobs", "firms", "population", "public_debt", "land_occupied", "commuters_in")
"""Variables that stand at a moment; over the years they do not add up."""


def compare(runs: Runs, against: str = "baseline") -> Comparison:
    """Compare the scenarios of an ensemble with one of them; see :class:`Comparison`."""
    return Comparison(runs, against)


def known(what: str, word: str, words: Sequence[str]) -> str:
    """The word, if it is among those known.

    Raises:
        ComparisonError: it is not; with the nearest one, and all if they are few.
    """
    if word in words:
        return word
    near = suggestion(word, tuple(words))
    few = f"; choose from {', '.join(words)}" if not near else ""
    raise ComparisonError(f"{what}: '{word}'{near}{few}")


def _has(array: xr.DataArray, dim: str, name: str) -> xr.DataArray:
    """The array, if it has a dimension."""
    if dim not in array.dims:
        raise ComparisonError(f"{name} is not recorded by {dim}: leave {dim.replace('county', 'region')} out")
    return array


def _of_region(array: xr.DataArray, region: str) -> xr.DataArray:
    """Sum over the counties of a region; a county as it is."""
    world = load_world()
    known("no region", region, (CITY, *GROUPS, *world.county_names))
    if region == CITY:
        return array.sum("county", keep_attrs=True)
    if region in GROUPS:
        inside = np.flatnonzero(world.group == GROUPS.index(region))
        return array.isel(county=inside).sum("county", keep_attrs=True)
    return array.sel(county=region)


def _of_product(array: xr.DataArray, product: str) -> xr.DataArray:
    """Sum over the products of a chain, or all; a product as it is."""
    world = load_world()
    known("no product", product, (ALL, *world.chains, *world.products))
    if product == ALL:
        return array.sum("product", keep_attrs=True)
    if product in world.chains:
        inside = np.flatnonzero(world.chain == world.chains.index(product))
        return array.isel(product=inside).sum("product", keep_attrs=True)
    return array.sel(product=product)


def _by_year(
    name: str, passage: Passage, series: Floats, target: float, december: NDArray[np.int64], years: NDArray[np.int64]
) -> pd.DataFrame:
    """Probabilities of one scenario at the end of each year."""
    found, low, high = (each[december] for each in passage.by_month())
    there = standing(series[:, december], target)[0]
    row = {"scenario": name, "year": years, "probability": found, "low": low, "high": high, "standing": there}
    return pd.DataFrame(row)


def _dates(name: str, passage: Passage, months: NDArray[np.datetime64]) -> dict[str, Any]:
    """Share of runs that reach the target, and quantiles of the month."""
    row: dict[str, Any] = {"scenario": name, "reached": float(passage.reached)}
    for quantile in QUANTILES:
        at = passage.quantile(quantile)
        row[f"p{round(100 * quantile)}"] = "" if at is None else str(months[at])
    return row


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


def _row(item: str, values: Floats) -> dict[str, Any]:
    """Mean and interval of one amount by seed."""
    effect = paired(values)
    return {"item": item, "mean": effect.mean, "low": effect.low, "high": effect.high}


def _mean(values: Floats, weights: Floats) -> Floats:
    """(seeds,) weighted mean of the cells that are defined."""
    fine = ~np.isnan(values)
    total = np.where(fine, weights, 0.0).sum(axis=1)
    amount = np.where(fine, values * weights, 0.0).sum(axis=1)
    return np.asarray(np.divide(amount, total, out=np.full(len(total), np.nan), where=total > 0))
