"""Service: headquarters teams for key projects, and permits reform (model description, section 9.8).

Teams x n_team project loads are shared out: projects of the four chains first, larger first, then older; a project
above I_big takes l_big loads. s_j is the share of its load that is covered; the county's index s_c is the mean of
its projects with a memory of twelve months. Permit reform shortens permits; when its lever falls it fades with
half-life h_ref.

Reads projects and teams. Writes: project_service, county_service, reform, appeal.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.parameters import Lever, Month, Parameters, lever, month, parameter
from sim.state import YEAR, Projects, Stage, State
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Service(Parameters):
    """Service teams, their capacity, and permits reform."""

    table: ClassVar[str] = "service"

    teams: Lever = lever(
        8,
        symbol="n_teams",
        unit="headquarters teams",
        payer="city level; investors, for the faster work",
        low=0,
        high=20,
        grade="assumed",
        source="four leadership teams named in the article; 8 incl. special headquarters assumed",
        newest_fact="2019-11",
        published="2019-12",
        scope="city",
        neutral=1,
        starts="start",
    )
    permit_reform: Lever = lever(
        0.5,
        symbol="b_reform",
        unit="index",
        payer="city level",
        low=0,
        high=1,
        grade="assumed",
        source="assumption",
        scope="city",
        neutral=0,
        starts="permit_start",
    )
    start: Month = month(
        "2017-01",
        symbol="t_service",
        unit="month",
        low="2014-01",
        high="2035-12",
        grade="assumed",
        source="assumption: active service came with the leader projects",
    )
    large_load: float = parameter(
        3.0,
        symbol="l_big",
        unit="project loads of a large project",
        low=1,
        high=6,
        grade="assumed",
        source="assumption",
    )
    large_project: float = parameter(
        5000.0,
        symbol="I_big",
        unit="investment above which a project is large, M yuan",
        low=2000,
        high=10000,
        grade="assumed",
        source="assumption",
    )
    team_cost: float = parameter(
        12.0,
        symbol="c_team",
        unit="M yuan per team and year",
        low=5,
        high=25,
        grade="assumed",
        source="assumption",
    )
    permit_upkeep: float = parameter(
        60.0,
        symbol="c_reform",
        unit="M yuan per year at index 1",
        low=10,
        high=200,
        grade="assumed",
        source="assumption",
    )
    reform_half_life: float = parameter(
        24.0,
        symbol="h_ref",
        unit="months without upkeep",
        low=12,
        high=48,
        grade="assumed",
        source="assumption",
    )
    team_capacity: float = parameter(
        6.0,
        symbol="n_team",
        unit="projects per headquarters team",
        low=3,
        high=10,
        grade="assumed",
        source="assumption",
    )
    permit_start: Month = month(
        "2018-01",
        symbol="t_ref",
        unit="month",
        low="2014-01",
        high="2035-12",
        grade="assumed",
        source="assumption: three-year business-environment plan named in the article",
        newest_fact="2019-11",
        published="2019-12",
    )


def coverage(load: Floats, order: Ints, capacity: float) -> Floats:
    """Share of each load that is covered when teams work down the order.

    Args:
        load: (J,) project loads.
        order: (J,) row numbers in the order of service.
        capacity: loads that the teams can carry.
    """
    covered = np.zeros(len(load))
    before = np.cumsum(load[order]) - load[order]
    covered[order] = np.clip((capacity - before) / load[order], 0.0, 1.0)
    return covered


def reform_level(level: float, lever_value: float, half_life: float) -> float:
    """Effective permit reform: rises with the lever at once, fades towards it with a half-life in months."""
    return float(lever_value + max(level - lever_value, 0.0) * 0.5 ** (1.0 / half_life))


def open_projects(projects: Projects) -> Ints:
    """Rows of projects between signing and production."""
    return np.flatnonzero((projects.stage >= Stage.SIGNED) & (projects.stage <= Stage.BUILD))


class ServiceTeams:
    """Assigns teams and moves the county indices."""

    phase: ClassVar[Phase] = Phase.PLACE
    writes: ClassVar[tuple[str, ...]] = ("project_service", "county_service", "reform", "appeal")

    def __init__(self, service: Service, weight: float) -> None:
        """Keep the parameters.

        Args:
            service: parameters of this table.
            weight: b_s, utility per unit of service (location.service).
        """
        self.service, self.weight = service, weight

    def step(self, state: State, streams: Streams) -> None:
        """Serve the chains first, larger first, then older."""
        del streams
        s, projects, boards = self.service, state.projects, state.boards
        paid = float(state.funded[-1])  # teams and reform that the city level cannot pay do not work
        rows = open_projects(projects)
        chain = state.world.chain_product[projects.product[rows]]
        investment = projects.investment[rows]
        load = np.where(investment > s.large_project, s.large_load, 1.0)
        order = np.lexsort((projects.born[rows], -investment, ~chain))
        covered = coverage(load, order, state.lever("service.teams") * paid * s.team_capacity)
        boards.project_service = np.zeros(len(projects))
        boards.project_service[rows] = covered
        boards.county_service = self._county_index(state, projects.county[rows], covered)
        boards.reform = reform_level(state.reform, state.lever("service.permit_reform") * paid, s.reform_half_life)
        value = self.weight * state.counties.service[state.world.park_county]
        for leads in boards.leads:
            boards.appeal.append(np.repeat(value[None, :], len(leads["product"]), axis=0))

    @staticmethod
    def _county_index(state: State, county: Ints, covered: Floats) -> Floats:
        """(C,) mean service of the county's projects with a memory of twelve months; unchanged without projects."""
        size = state.world.county_count
        count = np.bincount(county, minlength=size)
        mean = sum_by(county, covered, size) / np.maximum(count, 1)
        index = state.counties.service
        return np.where(count > 0, index + (mean - index) / YEAR, index)
