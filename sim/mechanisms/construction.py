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

    def checks(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """The three shares of spending sum to 1."""
        yield from sum_to_one(self, "spend_construction", "spend_equipment", "spend_outside")


RAIN_BY_SEASON = {"spring": 0.58, "autumn": 0.36, "else": 0.47}
"""Mean share of rainy days: March to June, October to December, other months; assumption of the model description."""

RAIN_MEAN = 0.48
"""City mean to which the seasonal pattern belongs (construction.rain_mean default)."""

RAIN_CONCENTRATION = 40.0
"""Sum of the two parameters of the Beta draw of monthly rain; assumption (sd about 0.08)."""

BUILDER_OUTPUT = 0.5
"""Work of one builder, M yuan a year; model description, section 9.9."""

NEIGHBOUR_MINUTES = 90.0
"""Builders come from counties within this drive; assumption."""


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


def seasonal_rain(calendar_month: int, mean: float) -> float:
    """Mean share of rainy days in a month of the year, scaled to the city's mean."""
    if 3 <= calendar_month <= 6:
        value = RAIN_BY_SEASON["spring"]
    elif calendar_month >= 10:
        value = RAIN_BY_SEASON["autumn"]
    else:
        value = RAIN_BY_SEASON["else"]
    return min(value * mean / RAIN_MEAN, 0.95)


class Rain:
    """Share of rainy days of the month by county."""

    phase: ClassVar[Phase] = Phase.WORLD
    writes: ClassVar[tuple[str, ...]] = ("rain",)

    def __init__(self, construction: Construction) -> None:
        self.construction = construction

    def step(self, state: State, streams: Streams) -> None:
        """One Beta draw a county."""
        mean = seasonal_rain((OPENING + state.month).month, self.construction.rain_mean)
        rng = streams.draw("construction.rain", state.month)
        size = state.world.county_count
        state.boards.rain = rng.beta(mean * RAIN_CONCENTRATION, (1.0 - mean) * RAIN_CONCENTRATION, size)


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
        near = world.minutes <= NEIGHBOUR_MINUTES
        available = near @ jobs
        return np.minimum(1.0, np.divide(available, needed / BUILDER_OUTPUT, out=np.ones(size), where=needed > 0))
