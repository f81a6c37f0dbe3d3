"""Construction: work, rain and service (model description, section 9.9).

    W_j = W_bar (investment / I_ref)^e_W x work factor
    progress a month = (1 + eta_s s_j)(1 - kappa_rain rain_t (1 - mu_rain s_j)) min(1, builders available / needed)
    done when the sum reaches W_j ;  cost = investment (1 + o_s s_j)

Rain is a Beta draw by calendar month around the city's mean. Builders are construction jobs of the county and of its
neighbours within an hour and a half. The money is spent with the work: construction, equipment, and outside.

Reads projects, service, rain and construction jobs. Writes: rain, work_progress.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.demand import OPENING
from sim.parameters import Parameters, parameter, sum_to_one
from sim.state import YEAR, Stage, State
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Construction(Parameters):
    """Work, rain, service gain and what the money is spent on."""

    table: ClassVar[str] = "construction"

    work: float = parameter(
        21.9,
        symbol="W_bar",
        unit="effective months, project of construction.reference_size",
        low=18,
        high=25,
        grade="derived",
        source="announced limit 26 months x (1-0.35x0.45)",
        newest_fact="2019-11",
        published="2019-12",
    )
    size_elasticity: float = parameter(
        0.08,
        symbol="e_W",
        unit="elasticity of work to size",
        low=0.0,
        high=0.15,
        grade="assumed",
        source="assumption",
    )
    rain_loss: float = parameter(
        0.35,
        symbol="kappa_rain",
        unit="progress lost per rainy-day share",
        low=0.2,
        high=0.5,
        grade="assumed",
        source="assumption",
    )
    rain_mitigation: float = parameter(
        0.5,
        symbol="mu_rain",
        unit="share of rain loss removed at full service",
        low=0,
        high=0.8,
        grade="assumed",
        source="assumption",
    )
    service_gain: float = parameter(
        0.44,
        symbol="eta_s",
        unit="pace gain at full service",
        low=0.2,
        high=0.65,
        grade="derived",
        source="from anchors 26 and 17 months with mu_rain=0.5",
        newest_fact="2019-11",
        published="2019-12",
    )
    rain_mean: float = parameter(
        0.48,
        symbol="rain_bar",
        unit="share of rainy days, city mean (seasonal)",
        low=0.41,
        high=0.55,
        grade="derived",
        source=(
            "days with 0.1 mm or more: Zhouning 200.2 a year, 1991-2020 "
            "(https://click.kcodes.me/wiki/Zhouning) = 0.55; Fuzhou 149.0, 1971-2000, China "
            "Meteorological Administration (https://www.liquisearch.com/fuzhou/climate) = 0.41; mean of "
            "mountain and coast"
        ),
        newest_fact="2020",
    )
    cv: float = parameter(
        0.25,
        symbol="cv_W",
        unit="coefficient of variation of work",
        low=0.15,
        high=0.4,
        grade="assumed",
        source="assumption",
    )
    service_overrun: float = parameter(
        0.06,
        symbol="o_s",
        unit="extra cost share at full service",
        low=0,
        high=0.15,
        grade="assumed",
        source="assumption",
    )
    reference_size: float = parameter(
        10000.0,
        symbol="I_ref",
        unit="M yuan",
        low=5000,
        high=20000,
        grade="assumed",
        source="size of the anchor projects (vehicle base, first Fuding phase)",
        newest_fact="2020-12",
    )
    spend_construction: float = parameter(
        0.6,
        symbol="i_construction",
        unit="share of investment (three sum to 1)",
        low=0,
        high=1,
        grade="assumed",
        source="assumption",
    )
    spend_equipment: float = parameter(
        0.15,
        symbol="i_equipment",
        unit="share of investment (three sum to 1)",
        low=0,
        high=1,
        grade="assumed",
        source="assumption",
    )
    spend_outside: float = parameter(
        0.25,
        symbol="i_outside",
        unit="share of investment (three sum to 1)",
        low=0,
        high=1,
        grade="assumed",
        source="assumption",
    )
    rain_spring: float = parameter(
        0.58,
        symbol="rain_spring",
        unit="share of rainy days, March to June, at a mean of 0.48",
        low=0.48,
        high=0.7,
        grade="assumed",
        source="assumption",
    )
    rain_autumn: float = parameter(
        0.36,
        symbol="rain_autumn",
        unit="share of rainy days, October to December, at a mean of 0.48",
        low=0.25,
        high=0.48,
        grade="assumed",
        source="assumption",
    )
    rain_rest: float = parameter(
        0.47,
        symbol="rain_rest",
        unit="share of rainy days, other months, at a mean of 0.48",
        low=0.4,
        high=0.55,
        grade="assumed",
        source="assumption",
    )
    rain_concentration: float = parameter(
        40.0,
        symbol="n_rain",
        unit="sum of the two parameters of the Beta draw of monthly rain",
        low=15,
        high=150,
        grade="assumed",
        source="assumption: sd of the share about 0.08",
    )
    builder_output: float = parameter(
        0.5,
        symbol="y_bld",
        unit="work of one builder, M yuan a year",
        low=0.3,
        high=0.8,
        grade="assumed",
        source="assumption",
    )
    builder_minutes: float = parameter(
        90.0,
        symbol="t_bld",
        unit="minutes of drive within which builders come from other counties",
        low=45,
        high=150,
        grade="assumed",
        source="assumption",
    )

    def checks(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """The three shares of spending sum to 1."""
        yield from sum_to_one(self, "spend_construction", "spend_equipment", "spend_outside")


RAIN_MEAN = 0.48
"""City mean at which the shares of rainy days by season are declared (construction.rain_spring and the others)."""


def work_of(investment: Floats, factor: Floats, construction: Construction) -> Floats:
    """W: effective months of work of a project of that investment (M yuan), with its luck (mean 1)."""
    size = (investment / construction.reference_size) ** construction.size_elasticity
    return np.asarray(construction.work * size * factor)


def pace(service: Floats, rain: Floats, construction: Construction) -> Floats:
    """Effective months of work done in a calendar month, given service (0-1) and the share of rainy days."""
    c = construction
    return np.asarray(
        (1.0 + c.service_gain * service) * (1.0 - c.rain_loss * rain * (1.0 - c.rain_mitigation * service))
    )


def seasonal_rain(calendar_month: int, construction: Construction) -> float:
    """Mean share of rainy days in a month of the year, scaled to the city's mean."""
    if 3 <= calendar_month <= 6:
        value = construction.rain_spring
    elif calendar_month >= 10:
        value = construction.rain_autumn
    else:
        value = construction.rain_rest
    return min(value * construction.rain_mean / RAIN_MEAN, 0.95)


class Rain:
    """Share of rainy days of the month by county."""

    phase: ClassVar[Phase] = Phase.WORLD
    writes: ClassVar[tuple[str, ...]] = ("rain",)

    def __init__(self, construction: Construction) -> None:
        self.construction = construction

    def step(self, state: State, streams: Streams) -> None:
        """One Beta draw a county."""
        mean, spread = (
            seasonal_rain((OPENING + state.month).month, self.construction),
            self.construction.rain_concentration,
        )
        rng = streams.draw("construction.rain", state.month)
        size = state.world.county_count
        state.boards.rain = rng.beta(mean * spread, (1.0 - mean) * spread, size)


class Building:
    """Work done on projects in BUILD."""

    phase: ClassVar[Phase] = Phase.BUILD
    writes: ClassVar[tuple[str, ...]] = ("work_progress",)

    def __init__(self, construction: Construction) -> None:
        self.construction = construction

    def step(self, state: State, streams: Streams) -> None:
        """Pace by service and rain, slowed where builders are short."""
        del streams
        projects = state.projects
        rows = np.flatnonzero(projects.stage == Stage.BUILD)
        county = projects.county[rows]
        speed = pace(projects.service[rows], state.markets.rain[county], self.construction)
        wanted = np.minimum(speed, projects.work_left[rows])
        progress = np.zeros(len(projects))
        progress[rows] = wanted * self._builders(state, rows, wanted)[county]
        state.boards.work_progress = progress

    def _builders(self, state: State, rows: Ints, wanted: Floats) -> Floats:
        """(C,) share of the wanted work of project rows that the builders of the county and its neighbours can do."""
        world, firms, projects = state.world, state.firms, state.projects
        size = world.county_count
        cost, work = projects.investment[rows], projects.work[rows]
        spend = np.divide(cost * wanted, work, out=np.zeros(len(rows)), where=work > 0)
        needed = sum_by(projects.county[rows], spend, size) * YEAR * self.construction.spend_construction
        block = firms.block & (firms.product == world.product("CONS"))
        jobs = sum_by(firms.county[block], firms.jobs_intensity[block] * firms.output[block] * YEAR, size)
        near = state.minutes <= self.construction.builder_minutes
        available = near @ jobs
        heads = needed / self.construction.builder_output
        return np.minimum(1.0, np.divide(available, heads, out=np.ones(size), where=needed > 0))
