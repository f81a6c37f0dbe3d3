"""A run as the statistics bureau would publish it: growth, counties, indicators, projects, coverage (section 3.4).

Everything is made of the record of the run. A period is a year so far: "2019-11" is January to November 2019 and is
compared with the same months of 2018; "2019" is the whole year. Money comes in bn yuan, growth and shares as parts of
1, pull in points; every variable carries label and unit. What the model does not have is said and not filled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.flows import net_received
from sim.results.indicators import REVENUE, Rival, indicator_table
from sim.state import YEAR, Channel, Stage
from sim.statistics.activity import PROMOTED, SIGNED_BY_PLAN
from sim.statistics.bureau import View, by_view, cluster_names, cluster_of, growth_of_groups
from sim.statistics.structure import ellison_glaeser, herfindahl_of_group, krugman_specialisation
from sim.world import load_world

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

Floats = NDArray[np.float64]

BILLION = 1000.0
"""M yuan in a bn yuan."""

TERAWATT_HOUR = 1e6
"""MWh in a TWh."""

FOUR, INDUSTRY = "four chains", "industry"
"""Groups of industry beside its parts: the four chains together, and the whole."""

DEFLATIONS: dict[str, str] = {
    "single": "value_added_above_scale",
    "double": "value_added_above_scale_double",
}
"""Value added of above-scale firms at 2018 prices: nominal value added over the price of the product, as the bureau
does it, and output less inputs, each at its own prices of 2018."""

GOAL_OF_THREE = 300.0
"""bn yuan, the "three 300 billion" (Mindong Daily, 26 Dec 2019); both readings are of this project."""

WITHIN = 12
"""Months within which a project counts as started in a year."""

SERVICES: tuple[str, ...] = ("CONS", "TRAN", "BUSS", "CSRV")
"""Products that customs statistics do not count as exports of goods, and shops do not sell as goods."""

VEHICLE_PARTS: tuple[str, ...] = ("V_BODY", "V_PWTR")
"""Products of the suppliers of the vehicle base."""


@dataclass(frozen=True)
class Span:
    """Months of a period and of the same period a year before, as slices of the record.

    Attributes:
        label: "2019-11" or "2019".
        now: January to the last month.
        before: the same months a year before; None where the record does not cover them.
    """

    label: str
    now: slice
    before: slice | None

    @property
    def last(self) -> int:
        """Row of the last month."""
        return int(self.now.stop) - 1

    @property
    def months(self) -> int:
        """Months of the period."""
        return int(self.now.stop - self.now.start)


Found = Mapping[str, tuple[tuple[str, ...], Floats | float, str, str]]
"""Dimensions, values, label and unit of each variable."""


@dataclass(frozen=True)
class Figures:
    """Labelled figures, to be read as a dataset or row by row.

    Attributes:
        labels: labels of each dimension.
        found: dimensions, values, label and unit of each variable.
        attributes: period, scenario and origin.
    """

    labels: dict[str, list[str] | list[float]]
    found: dict[str, tuple[tuple[str, ...], Floats | float, str, str]]
    attributes: dict[str, object]

    def dataset(self) -> xr.Dataset:
        """As a labelled dataset."""
        variables = {
            name: (dims, values, {"long_name": label, "unit": unit})
            for name, (dims, values, label, unit) in self.found.items()
        }
        return xr.Dataset(variables, coords=self.labels, attrs=self.attributes)

    def rows(self) -> list[dict[str, str | float]]:
        """A row for each combination of labels, money with its unit in the name; fewer dimensions are repeated."""
        shape = tuple(map(len, self.labels.values()))
        columns = {}
        for name, (dims, values, _, unit) in self.found.items():
            own = [len(labels) if dim in dims else 1 for dim, labels in self.labels.items()]
            key = f"{name}_bn_yuan" if "bn yuan" in unit else name
            columns[key] = np.broadcast_to(np.reshape(values, own), shape)
        return [
            {dim: labels[at] for (dim, labels), at in zip(self.labels.items(), position, strict=True)}
            | {name: float(values[position]) for name, values in columns.items()}
            for position in np.ndindex(shape)
        ]

    def items(self) -> list[tuple[str, str, float, str]]:
        """One figure a row: variable, labels, value, unit."""
        listed = []
        for name, (dims, values, _, unit) in self.found.items():
            array = np.asarray(values)
            for position in np.ndindex(array.shape):
                of = ", ".join(str(self.labels[dim][at]) for dim, at in zip(dims, position, strict=True))
                listed.append((name, of, float(array[position]), unit))
        return listed


class Published:
    """What the bureau would publish of one run.

    Args:
        monthly: dataset of the run, see :func:`sim.results.dataset`.
    """

    def __init__(self, monthly: xr.Dataset) -> None:
        self.monthly, self.world = monthly, load_world()
        self.cluster, self.clusters = cluster_of(self.world), cluster_names(self.world)
        self.industry = self.cluster >= 0
        self._arrays: dict[str, Floats] = {}

    # --- periods ------------------------------------------------------------------------------------------------------

    @cached_property
    def years(self) -> list[int]:
        """Calendar years that the record covers whole."""
        stamps = self.monthly["month"].dt
        years, counts = np.unique(stamps.year.values, return_counts=True)
        return [int(year) for year, count in zip(years, counts, strict=True) if count == YEAR]

    def span(self, period: str | int) -> Span:
        """The months of a period.

        Args:
            period: "2019-11" for January to November 2019, "2019" or 2019 for the year.

        Raises:
            ValueError: the period is none, or the record does not cover it.
        """
        text = str(period)
        try:
            last = np.datetime64(text if len(text) > 4 else f"{text}-12", "M")
        except ValueError:
            raise ValueError(
                f"period {period!r}: write a year such as 2019, or its last month such as 2019-11"
            ) from None
        first_recorded = self.monthly["month"].values[0].astype("datetime64[M]")
        january = last.astype("datetime64[Y]").astype("datetime64[M]")
        start, stop = int((january - first_recorded).astype(int)), int((last - first_recorded).astype(int)) + 1
        if start < 0 or stop > self.monthly.sizes["month"]:
            raise ValueError(f"period {period}: the record does not cover January {text[:4]} to {last}")
        return Span(text, slice(start, stop), slice(start - YEAR, stop - YEAR) if start >= YEAR else None)

    def record(self, name: str) -> Floats:
        """A recorded variable, time first."""
        if name not in self._arrays:
            self._arrays[name] = np.asarray(self.monthly[name].values)
        return self._arrays[name]

    def has(self, name: str) -> bool:
        """Whether the model records a variable."""
        return name in self.monthly.data_vars

    def amount(self, name: str, months: slice | None) -> Floats:
        """Sum of a recorded flow over months; NaN everywhere where the months are not covered."""
        values = self.record(name)
        if months is None:
            return np.full(values.shape[1:], np.nan)
        return np.asarray(values[months].sum(axis=0))

    def by_cluster(self, cells: Floats) -> Floats:
        """(clusters,) sums of (C, K) amounts over counties and the products of each part of industry."""
        by_product = cells.sum(axis=0)
        return np.array([by_product[self.cluster == index].sum() for index in range(len(self.clusters))])

    # --- industry -----------------------------------------------------------------------------------------------------

    def growth(self, period: str | int) -> xr.Dataset:
        """Above-scale industry by part, the four chains together and the whole: output, value added, growth, pull.

        Growth is real, of the year so far; pull and contribution are taken at the shares of the base period, so that
        the pulls of the parts add up to the growth of the whole and the contributions to 1.

        Returns:
            Dimensions group (the parts, "four chains", "industry") and deflation ("single", "double").
        """
        return self.growth_figures(period).dataset()

    def growth_figures(self, period: str | int) -> Figures:
        """Figures of :meth:`growth`."""
        span = self.span(period)
        nominal = self._groups(self.amount("output_above_scale_nominal", span.now))
        real, before = (self._groups(self.amount("output_above_scale", months)) for months in (span.now, span.before))
        added = self._groups(self.amount("value_added_above_scale_nominal", span.now))
        now = np.column_stack([self._groups(self.amount(name, span.now)) for name in DEFLATIONS.values()])
        base = np.column_stack([self._groups(self.amount(name, span.before)) for name in DEFLATIONS.values()])
        parts = [growth_of_groups(now[:-2, at], base[:-2, at]) for at in range(len(DEFLATIONS))]
        pull, contribution, base_share, share = (
            self._with_sums(np.column_stack([getattr(part, name) for part in parts]))
            for name in ("pull", "contribution", "base_share", "share")
        )
        by_both = ("group", "deflation")
        return self._figures(
            span,
            {"group": [*self.clusters, FOUR, INDUSTRY], "deflation": list(DEFLATIONS)},
            {
                "output_nominal": (("group",), nominal / BILLION, "output", "bn yuan, current prices"),
                "output_real": (("group",), real / BILLION, "output", "bn yuan, 2018 prices"),
                "output_growth": (("group",), _over(real, before) - 1.0, "growth of output at 2018 prices", "share"),
                "value_added_nominal": (("group",), added / BILLION, "value added", "bn yuan, current prices"),
                "value_added_real": (by_both, now / BILLION, "value added", "bn yuan, 2018 prices"),
                "growth": (by_both, _over(now, base) - 1.0, "real growth of value added", "share"),
                "base_share": (by_both, base_share, "share of value added in the base period", "share"),
                "pull": (by_both, pull, "pull at base-period shares", "points"),
                "contribution": (by_both, contribution, "contribution to growth", "share"),
                "share_current": (("group",), _over(added, added[-1]), "share at current prices", "share"),
                "share_constant": (by_both, share, "share at constant weights", "share"),
            },
        )

    def _groups(self, cells: Floats) -> Floats:
        """(clusters + 2,) amounts of the parts of industry, of the four chains, and of industry."""
        return self._with_sums(self.by_cluster(cells))

    def _with_sums(self, parts: Floats) -> Floats:
        """(clusters + 2, ...) figures that may be added up: of the parts, of the four chains, of industry."""
        four, whole = parts[: len(self.world.chains)].sum(axis=0), parts.sum(axis=0)
        return np.concatenate([parts, four[None], whole[None]])

    # --- counties -----------------------------------------------------------------------------------------------------

    def counties(self, period: str | int, view: View = "official") -> xr.Dataset:
        """County table, output in place: a plant counts where it stands.

        Args:
            period: "2019-11" or "2019".
            view: "official" has nine rows, with Dongqiao inside Jiaocheng; "model" the ten regions.

        Returns:
            Dimension county; growth is on the same months of the year before.
        """
        return self.counties_figures(period, view).dataset()

    def counties_figures(self, period: str | int, view: View = "official") -> Figures:
        """Figures of :meth:`counties`."""
        span = self.span(period)
        gdp = self._rows("value_added", span, view)
        output = self._rows("output_above_scale", span, view, self.industry)
        added = self._rows("value_added_above_scale", span, view, self.industry)
        nominal = {
            name: self._rows(f"{name}_nominal", span, view, chosen)[0]
            for name, chosen in (("value_added", None), ("output_above_scale", self.industry), ("exports", self.goods))
        }
        gdp_nominal = nominal["value_added"]
        added_nominal = self._rows("value_added_above_scale_nominal", span, view, self.industry)[0]
        firms = by_view(self.record("firms")[span.last].sum(axis=1), self.world, view)[1]
        jobs = by_view(self.record("jobs")[span.last].sum(axis=1), self.world, view)[1]
        current, constant = "bn yuan, current prices", "bn yuan, 2018 prices"
        found = {
            "gdp_nominal": (gdp_nominal, "GDP", current),
            "gdp_real": (gdp[0], "GDP", constant),
            "gdp_growth": (_over(*gdp) - 1.0, "real growth of GDP, double deflation", "share"),
            "gdp_share": (_over(gdp_nominal, gdp_nominal.sum()), "share of the city's GDP", "share"),
            "output_nominal": (nominal["output_above_scale"], "above-scale industrial output", current),
            "output_real": (output[0], "above-scale industrial output", constant),
            "output_growth": (_over(*output) - 1.0, "growth of output at 2018 prices", "share"),
            "value_added_growth": (
                _over(*added) - 1.0, "real growth of above-scale value added, single deflation", "share"
            ),
            "exports_nominal": (nominal["exports"], "exports of goods", current),
            "investment_nominal": (
                self._rows("investment", span, view, self.world.agent, self.level)[0], "investment of firms", current
            ),
            "firms": (firms, "above-scale firms in the last month", "firms"),
            "jobs": (jobs, "jobs in the last month", "persons"),
        }  # fmt: skip
        power = [by_view(self._power_of(months), self.world, view)[1] for months in (span.now, span.before)]
        found |= {
            "value_added_nominal": (added_nominal, "above-scale industrial value added", current),
            "value_added_real": (added[0], "above-scale industrial value added, single deflation", constant),
            "electricity": (power[0], "electricity used by industry", "TWh"),
            "electricity_growth": (_over(*power) - 1.0, "growth of electricity used by industry", "share"),
        }
        for name, label in REVENUE.items():
            if self.has(name):
                found[f"{name}_nominal"] = (self._rows(name, span, view, None, self.level)[0], label, current)
        names, _ = by_view(np.zeros(self.world.county_count), self.world, view)
        return self._figures(
            span, {"county": list(names)}, {name: (("county",), *parts) for name, parts in found.items()}
        )

    def _power_of(self, months: slice | None) -> Floats:
        """(C,) electricity used by industry, TWh; NaN where the months are not covered."""
        return np.asarray(self.amount("electricity", months)[:, self.industry].sum(axis=1) / TERAWATT_HOUR)

    @property
    def goods(self) -> NDArray[np.bool_]:
        """(K,) products that are goods."""
        return np.array([product not in SERVICES for product in self.world.products])

    @property
    def level(self) -> Floats:
        """(T, 1) general price level, 2018 = 1."""
        return np.asarray(self.record("price_level")[:, None])

    @property
    def prices(self) -> Floats:
        """(T, K) price of each product, 2018 = 1."""
        return np.asarray(self.record("price"))

    def city(
        self, name: str, span: Span, products: NDArray[np.bool_] | None = None, factor: Floats | None = None
    ) -> tuple[float, float]:
        """A recorded flow of the city in a period and a year before (NaN where not covered), bn yuan.

        Args:
            name: variable by county, and by product or not.
            span: the period.
            products: (K,) products that count; all if not given.
            factor: (T, 1) or (T, K) what real money is multiplied by.
        """
        now, before = self._rows(name, span, "model", products, factor)
        return float(now.sum()), float(before.sum())

    def _monthly(self, name: str, products: NDArray[np.bool_] | None, factor: Floats | None) -> Floats:
        """(T, C) a recorded flow by county, of chosen products, times a factor by month (and product)."""
        values = self.record(name)
        if values.ndim == 2:
            return np.asarray(values if factor is None else values * factor)
        values = values if factor is None else values * factor[:, None, :]
        return np.asarray((values if products is None else values[:, :, products]).sum(axis=2))

    def _rows(
        self, name: str, span: Span, view: View, products: NDArray[np.bool_] | None = None, factor: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """Rows of a county table, bn yuan: in the period and a year before (NaN where it is not covered)."""
        values = self._monthly(name, products, factor)
        now = values[span.now].sum(axis=0) / BILLION
        before = np.full(len(now), np.nan) if span.before is None else values[span.before].sum(axis=0) / BILLION
        return by_view(now, self.world, view)[1], by_view(before, self.world, view)[1]

    def exports(self, period: str | int, view: View = "official") -> xr.Dataset:
        """Exports abroad by county and product in a period, at current prices and at those of 2018."""
        return self.exports_figures(period, view).dataset()

    def exports_figures(self, period: str | int, view: View = "official") -> Figures:
        """Figures of :meth:`exports`."""
        span = self.span(period)
        found = {}
        for name, prices in (("exports_nominal", "current prices"), ("exports", "2018 prices")):
            names, values = by_view(self.amount(name, span.now), self.world, view)
            label = "nominal" if name == "exports_nominal" else "real"
            found[label] = (("county", "product"), values / BILLION, "exports", f"bn yuan, {prices}")
        return self._figures(span, {"county": list(names), "product": list(self.world.products)}, found)

    # --- projects -----------------------------------------------------------------------------------------------------

    @cached_property
    def project_counts(self) -> dict[str, Floats]:
        """(T, chains) projects of each chain by month, without leaders' own plants, see :attr:`projects`."""
        chains = len(self.world.chains)
        by_stage = self.record("cluster_projects")[:, :, :chains]
        new = self.record("new_firms_producing")
        return {
            "signed": by_stage[:, Stage.SIGNED : Stage.DONE + 1].sum(axis=1),
            "introduced": by_stage[:, Stage.LAND : Stage.DONE + 1].sum(axis=1),
            "building": by_stage[:, Stage.BUILD],
            "finished": by_stage[:, Stage.DONE],
            "producing": np.column_stack([new[:, self.world.chain == at].sum(axis=1) for at in range(chains)]),
        }

    @cached_property
    def suppliers(self) -> dict[str, Floats]:
        """(T,) vehicle suppliers that produce: those that came, and all with those of the opening."""
        parts = [self.world.product(code) for code in VEHICLE_PARTS]
        return {
            "came": self.record("new_firms_producing")[:, parts].sum(axis=1),
            "all": self.record("firms_producing")[:, parts].sum(axis=1),
        }

    @cached_property
    def projects(self) -> xr.Dataset:
        """Projects of each chain month by month, without leaders' own plants.

        Variables by month and chain: signed (so far, not failed), introduced (land stage or later), building (now),
        finished (so far), producing (firms at work that came since the opening; grafts have none of their own); by
        month: vehicle_suppliers, makers of vehicle parts that came since the opening and produce, and
        vehicle_suppliers_all with those of the opening.
        """
        words = {
            "signed": "projects signed so far and not failed",
            "introduced": "projects in land stage or later",
            "building": "projects under construction",
            "finished": "projects finished so far",
            "producing": "firms that came since the opening and produce",
        }
        variables: dict[str, tuple[tuple[str, ...], Floats, dict[str, str]]] = {
            name: (("month", "chain"), values, {"long_name": words[name], "unit": _counted(name)})
            for name, values in self.project_counts.items()
        }
        for name, of in (("vehicle_suppliers", "came"), ("vehicle_suppliers_all", "all")):
            label = {"long_name": f"vehicle suppliers producing, {of}", "unit": "firms"}
            variables[name] = (("month",), self.suppliers[of], label)
        labels = {"month": self.monthly["month"].values, "chain": list(self.world.chains)}
        return xr.Dataset(variables, coords=labels, attrs=self.monthly.attrs)

    def pipeline(self, period: str | int) -> xr.Dataset:
        """From talks to production in a period, for projects that were brought in: no own plants, no normal entry.

        Variables: talks (leads of the period, those that signed included), signed, sign_share = signed / talks;
        signed_by_plan and signed_investment (with leaders' own plants, as the plan counts, without normal entry),
        projects and bn yuan at 2018 prices; started_share, share of the projects signed in the period that began to
        build within twelve months (NaN while that cannot be known yet); months_to_production, (quantile,) months from
        the start of building to production of the projects that came into production, and their number; the same for
        leaders' plants.
        """
        return self.pipeline_figures(period).dataset()

    def pipeline_figures(self, period: str | int) -> Figures:
        """Figures of :meth:`pipeline`."""
        span = self.span(period)
        brought, plan = list(PROMOTED), list(SIGNED_BY_PLAN)
        entered = self.record("entered")[span.now].sum(axis=0)
        talks, signed = entered[Stage.LEAD, brought].sum(), entered[Stage.SIGNED, brought].sum()
        investment = self.record("signed_investment")[span.now][:, plan].sum()
        waited = self.record("produced_after")[span.now].sum(axis=0)
        quantiles = [0.0, 0.25, 0.5, 0.75, 1.0]
        others, own = waited[brought].sum(axis=0), waited[Channel.OWN]
        months = "months"
        return self._figures(
            span,
            {"quantile": quantiles},
            {
                "talks": ((), talks, "leads in talks", "projects"),
                "signed": ((), signed, "projects signed", "projects"),
                "sign_share": ((), signed / talks if talks else np.nan, "signed share of talks and signed", "share"),
                "signed_by_plan": (
                    (), entered[Stage.SIGNED, plan].sum(), "projects signed, with leaders' plants", "projects"
                ),
                "signed_investment": ((), investment / BILLION, "investment signed", "bn yuan, 2018 prices"),
                "started_share": ((), self._started(span, brought), "started within a year of signing", "share"),
                "finished": ((), others.sum(), "projects that came into production", "projects"),
                "months_to_production": (
                    ("quantile",), _quantiles(others, quantiles), "start of building to production", months
                ),
                "finished_own": ((), own.sum(), "plants of leaders that came into production", "plants"),
                "months_to_production_own": (
                    ("quantile",), _quantiles(own, quantiles), "start of building to production, leaders", months
                ),
            },
        )  # fmt: skip

    def _started(self, span: Span, channels: Sequence[Channel]) -> float:
        """Share of the projects signed in a period that began to build within a year."""
        if span.last + WITHIN >= self.monthly.sizes["month"]:
            return float("nan")
        after = self.record("started_after")[:, channels].sum(axis=1)
        signed = self.record("entered")[span.now][:, Stage.SIGNED, channels].sum()
        at = np.arange(span.now.start, span.now.stop)
        started = sum(after[at + months, months].sum() for months in range(WITHIN + 1))
        return float(started / signed) if signed else float("nan")

    def three_300(self, month: str) -> xr.Dataset:
        """The rolling "three 300 billion" in both readings, at the end of a month.

        First reading, rolling: output of existing plants over the trailing twelve months at current prices, announced
        yearly output of plants under construction, and that of projects signed or on their land, at 2018 prices. Second
        reading: number of chains whose trailing output is above 300 bn yuan.
        """
        return self.three_300_figures(month).dataset()

    def three_300_figures(self, month: str) -> Figures:
        """Figures of :meth:`three_300`."""
        span = self.span(month)
        if span.last < YEAR - 1:
            raise ValueError(f"{month}: there is no trailing output before the twelfth month of the record")
        trailing = self._groups(self.amount("output_above_scale_nominal", slice(span.last - YEAR + 1, span.last + 1)))
        announced = self.record("announced_output")[span.last].sum(axis=1)
        tiers = np.array([trailing[-1], announced[Stage.BUILD], announced[Stage.SIGNED] + announced[Stage.LAND]])
        chains = trailing[: len(self.world.chains)] / BILLION
        tier_names = [
            "existing plants, current prices",
            "under construction, 2018 prices",
            "signed and new, 2018 prices",
        ]
        return self._figures(
            span,
            {"tier": tier_names, "chain": list(self.world.chains)},
            {
                "tiers": (
                    ("tier",),
                    tiers / BILLION,
                    "output of existing plants, announced output of the others",
                    "bn yuan",
                ),
                "chains": (("chain",), chains, "trailing output", "bn yuan, current prices"),
                "above": ((), float((chains >= GOAL_OF_THREE).sum()), "chains above 300 bn yuan", "chains"),
            },
        )

    # --- the eight indicators -----------------------------------------------------------------------------------------

    def indicators(self, period: str | int, rivals: Sequence[Rival] = ()) -> pd.DataFrame:
        """The bureau's eight indicators, see :func:`sim.results.indicators.indicator_table`."""
        return indicator_table(self, period, rivals)

    # --- structure ----------------------------------------------------------------------------------------------------

    def coverage(self, period: str | int) -> dict[str, float]:
        """Local coverage of the cell makers at the end of a period.

        "potential" and "realised" (chain goods) are those of the last month of the period; "realised_all_goods", with
        raw metals and energy, and "value_added" are recorded each December only and are those of the last one, see
        :meth:`december` (NaN where none is on record).
        """
        last, december = self.span(period).last, self.december(period)
        names = {"potential": "local_share_potential", "realised": "local_share_realised"}
        yearly = {"realised_all_goods": "local_share_goods", "value_added": "local_content"}
        found = {key: float(self.record(name)[last]) for key, name in names.items()}
        return found | {
            key: float("nan") if december is None else float(self.record(name)[december])
            for key, name in yearly.items()
        }

    def december(self, period: str | int) -> int | None:
        """Row of the last December by the end of a period; None where the record holds none."""
        span = self.span(period)
        row = span.last if span.months == YEAR else span.now.start - 1
        return row if row >= 0 else None

    def power(self, period: str | int) -> dict[str, float]:
        """Electricity of industry in TWh: the year so far, its growth, and the trailing twelve months."""
        span = self.span(period)
        monthly = self.record("electricity")[:, :, self.industry].sum(axis=(1, 2)) / TERAWATT_HOUR
        now = float(monthly[span.now].sum())
        before = np.nan if span.before is None else float(monthly[span.before].sum())
        trailing = monthly[max(span.last - YEAR + 1, 0) : span.last + 1].sum() if span.last >= YEAR - 1 else np.nan
        return {"so_far": now, "growth": now / before - 1.0, "trailing": float(trailing)}

    def structure(self, year: int) -> xr.Dataset:
        """Sizes and places of firms in December.

        Variables: ellison_glaeser by part of industry (energy has no plants), krugman by county of the model
        (industrial jobs), firms by tier and part, size_exponent of the tail of above-scale firms.
        """
        return self.structure_figures(year).dataset()

    def structure_figures(self, year: int) -> Figures:
        """Figures of :meth:`structure`."""
        span = self.span(year)
        jobs = np.where(self.world.agent, self.record("jobs")[span.last], 0.0)
        plants = self.record("herfindahl")[span.last]
        everywhere, indices = jobs.sum(axis=1), []
        for index in range(len(self.clusters)):
            mine = (self.cluster == index) & self.world.agent
            own = herfindahl_of_group(plants[mine], jobs[:, mine].sum(axis=0))
            indices.append(ellison_glaeser(jobs[:, mine].sum(axis=1), everywhere, own))
        return self._figures(
            span,
            {
                "cluster": list(self.clusters),
                "county": list(self.world.county_names),
                "tier": self.monthly["tier"].values.tolist(),
            },
            {
                "ellison_glaeser": (("cluster",), np.array(indices), "Ellison-Glaeser index by jobs", "index"),
                "krugman": (
                    ("county",), krugman_specialisation(jobs[:, self.world.agent]), "Krugman specialisation", "0 to 2"
                ),
                "firms": (("tier", "cluster"), self.record("firms_by_tier")[span.last], "firms", "firms"),
                "size_exponent": (
                    (), float(self.record("size_exponent")[span.last]), "Hill exponent of firm sizes", "1"
                ),
            },
        )  # fmt: skip

    def legacy(self, year: int) -> xr.Dataset:
        """Why legacy output of a year differs from that of the year before: parts that add up to the difference.

        The output of a month less that of the same month a year before is the sum of twelve changes on the month
        before; summed over the year, each change counts by the months that it lies back.

        Returns:
            By cause, bn yuan a year at 2018 prices; and total, the difference of output itself.

        Raises:
            ValueError: the record does not cover the year before.
        """
        return self.legacy_figures(year).dataset()

    def legacy_figures(self, year: int) -> Figures:
        """Figures of :meth:`legacy`."""
        span = self.span(year)
        if span.before is None:
            raise ValueError(f"{year}: the record does not cover the year before")
        monthly = self.record("legacy_change").sum(axis=2)
        ends = np.arange(span.now.start, span.now.stop)
        parts = np.array([monthly[end - YEAR + 1 : end + 1].sum(axis=0) for end in ends]).sum(axis=0)
        output = self.record("output")[:, :, self.world.legacy].sum(axis=(1, 2))
        total = output[span.now].sum() - output[span.before].sum()
        unit = "bn yuan, 2018 prices"
        return self._figures(
            span,
            {"cause": self.monthly["cause"].values.tolist()},
            {
                "change": (("cause",), parts / BILLION, "change of legacy output on the year before", unit),
                "total": ((), float(total) / BILLION, "change of legacy output on the year before", unit),
                "base": ((), float(output[span.before].sum()) / BILLION, "legacy output of the year before", unit),
            },
        )

    # --- money between sectors ----------------------------------------------------------------------------------------

    def flows(self, period: str | int) -> xr.Dataset:
        """Who paid whom: the flow of funds of a period (section 10, I15).

        Returns:
            Dimensions receiver and payer (the sectors of :mod:`sim.flows`) and payment (every kind of payment).
        """
        return self.flows_figures(period).dataset()

    def flows_figures(self, period: str | int) -> Figures:
        """Figures of :meth:`flows`."""
        span = self.span(period)
        matrix, kinds = (self.amount(name, span.now) / BILLION for name in ("flows", "payments"))
        unit = "bn yuan, 2018 prices"
        return self._figures(
            span,
            {name: self.monthly[name].values.tolist() for name in ("receiver", "payer", "payment")},
            {
                "paid": (("receiver", "payer"), matrix, "payments between sectors", unit),
                "net_lending": (("receiver",), net_received(matrix), "received less paid", unit),
                "by_kind": (("payment",), kinds, "payments by kind", unit),
            },
        )

    # --- everything else in one list ----------------------------------------------------------------------------------

    def others(self, year: int) -> list[tuple[int, str, str, float, str]]:
        """Projects, coverage, the three 300 billion, power, structure and legacy of a year, one figure a row.

        Returns:
            (year, statistic, of, value, unit); "of" is empty for the city.
        """
        span = self.span(year)
        tables = [("pipeline", self.pipeline_figures(year)), ("structure", self.structure_figures(year))]
        if span.last >= YEAR - 1:
            tables.append(("three 300 bn", self.three_300_figures(str(year))))
        if span.before is not None:
            tables.append(("legacy", self.legacy_figures(year)))
        rows = [
            (year, f"projects {name}", chain, float(values[span.last, at]), _counted(name))
            for name, values in self.project_counts.items()
            for at, chain in enumerate(self.world.chains)
        ]
        rows += [
            (year, "vehicle suppliers", of, float(counts[span.last]), "firms") for of, counts in self.suppliers.items()
        ]
        rows += [
            (year, f"{prefix} {name}", of, value, unit)
            for prefix, figures in tables
            for name, of, value, unit in figures.items()
        ]
        rows += [(year, f"coverage {name}", "", value, "share") for name, value in self.coverage(year).items()]
        units = {"so_far": "TWh", "growth": "share", "trailing": "TWh"}
        rows += [(year, f"power {name}", "", value, units[name]) for name, value in self.power(year).items()]
        return rows

    def _figures(self, span: Span, labels: Mapping[str, list[str] | list[float]], found: Found) -> Figures:
        """Labelled figures of one period."""
        return Figures(dict(labels), dict(found), {"period": span.label, **self.monthly.attrs})


def _over(above: Floats, below: Floats | float) -> Floats:
    """A ratio, NaN where there is nothing below."""
    above, below = np.broadcast_arrays(np.asarray(above, dtype=float), np.asarray(below, dtype=float))
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0))


def _counted(name: str) -> str:
    """What is counted: firms that produce, else projects."""
    return "firms" if name == "producing" else "projects"


def _quantiles(counts: Floats, at: list[float]) -> Floats:
    """Quantiles of months from the number of projects that took 0, 1, 2 ... months; NaN without projects."""
    total = counts.sum()
    if total == 0:
        return np.full(len(at), np.nan)
    rank = np.maximum(np.ceil(np.array(at) * total), 1.0)
    return np.asarray(np.searchsorted(np.cumsum(counts), rank), dtype=np.float64)
