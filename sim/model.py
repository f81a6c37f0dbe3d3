"""The model: the month as one visible list, on a Mesa model whose agents decide and whose firms are rows.

:data:`month_of` is the only place that says what happens when. Everything else looks things up: parameters in the
mechanisms, the order of phases here, flows in the resolvers, identities in the accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import mesa
import numpy as np
from numpy.typing import NDArray

from sim import resolvers
from sim.accounts import check_all
from sim.agents import City, County, Firm, Leader
from sim.draws import Streams
from sim.inputoutput.tables import Table
from sim.meaning import check_meaning
from sim.mechanisms import (
    Mechanism,
    Phase,
    agglomeration,
    candidates,
    construction,
    demand,
    enclave,
    energy,
    events,
    firms,
    fiscal,
    households,
    infrastructure,
    labour,
    land,
    land_cage,
    leaders,
    linkage,
    location,
    migration,
    prices,
    promotion,
    service,
    shocks,
    shortage,
    sourcing,
    talent,
    zoning,
)
from sim.mechanisms.production import Production
from sim.opening.basis import estimated_basis, given_basis
from sim.opening.position import (
    known_world,
    leader_names,
    leader_rows,
    opening_state,
    price_mechanism,
)
from sim.parameters import Lever, Month, Parameters, check_tables
from sim.scenario import Scenario
from sim.settings import InputOutput, Opening, Projects, Run
from sim.state import Boards, Deciders, State
from sim.statistics import Recorder
from sim.world import load_world

Floats = NDArray[np.float64]

GROUPS: tuple[type[Parameters], ...] = (
    Run,
    Opening,
    InputOutput,
    Projects,
    demand.Demand,
    prices.Prices,
    shocks.Events,
    leaders.Leaders,
    promotion.Promotion,
    zoning.Zoning,
    service.Service,
    location.Location,
    land.Land,
    construction.Construction,
    sourcing.Sourcing,
    shortage.Shortage,
    labour.Labour,
    households.Households,
    energy.Energy,
    firms.Firms,
    agglomeration.Agglomeration,
    fiscal.Fiscal,
    talent.Talent,
    enclave.Enclave,
    linkage.Linkage,
    land_cage.LandCage,
    infrastructure.Infrastructure,
)
"""Every table of a scenario file. A new mechanism adds its parameters here and its line to the month below."""

check_tables(group.table for group in GROUPS)


def month_of(state: State) -> tuple[Mechanism, ...]:
    """The month: what acts in which phase, in the order of the phases.

    Args:
        state: the opening position; mechanisms keep what they need of its scenario.

    Returns:
        The mechanisms. Inside a phase their order does not matter.
    """
    scenario, world = state.scenario, state.world
    known = scenario.run.known_until
    known_month = known_world(scenario) - demand.OPENING
    place, crowd = scenario[location.Location], scenario[agglomeration.Agglomeration]
    names, dated = leader_names(), tuple(row["market"].replace("vehicle", "vehicles") for row in leader_rows())
    history = events.dated_plants(
        world, names, dated, state.technology, scenario[prices.Prices], scenario[shocks.Events], known
    )
    series = [row["shipments_series"] for row in leader_rows()]
    power = max(range(len(series)), key=lambda at: bool(series[at]))  # the first where nobody's shipments are known
    pressed = scenario[promotion.Promotion].plan_pressure
    race = fiscal.Race(scenario[fiscal.Fiscal].offer, scenario[zoning.Zoning].incentive_war, pressed)
    shipments = leaders.KnownShare.of(scenario.run, float(state.leaders.share_opening[power]), series[power])
    roads = infrastructure.RoadWorks(scenario[infrastructure.Infrastructure], world)
    path = demand.DemandPath.of(scenario.run, known_world(scenario), scenario[demand.Demand].legacy_trend)
    assert state.opening_firms is not None
    rates = candidates.reference_rates(
        scenario[promotion.Promotion],
        state.technology.national_share,
        candidates.related_nodes(state),
        np.where(world.legacy, state.opening_firms, 0),
        candidates.share_of_size(state, scenario[Projects].size_chain_mean),
        world.agent_count,
    )
    partners = linkage.partner_matrix(scenario[linkage.Linkage], world)
    return (
        # 1 WORLD
        demand.OutsideDemand(path, scenario[demand.Demand], known_month),
        price_mechanism(scenario, state.technology, world),
        construction.Rain(scenario[construction.Construction]),
        candidates.CandidatePool(
            scenario[promotion.Promotion],
            rates,
            scenario[construction.Construction].cv,
            scenario[land.Land].requisition_cv,
        ),
        # 2 PROPOSE
        leaders.OrderBooks(scenario[leaders.Leaders], shipments, power),
        leaders.Expansion(scenario[leaders.Leaders], place, race),
        fiscal.Incentives(race),
        events.History(history),
        firms.Branching(scenario[firms.Firms], scenario[Projects], scenario[leaders.Leaders].utilisation_target),
        promotion.Funnel(scenario[promotion.Promotion], scenario[Projects], scenario[sourcing.Sourcing], rates),
        # 3 PLACE
        zoning.CityPlan(place.zone_fit),
        service.ServiceTeams(scenario[service.Service], place.service),
        location.ParkChoice(place, pressed, scenario[leaders.Leaders].rival_incentive, race),
        location.Failure(place),
        linkage.Referral(scenario[linkage.Linkage], place, world),
        energy.EnergyHeadroom(scenario[energy.Energy]),
        talent.TalentAppeal(scenario[leaders.Leaders].talent_pull),
        enclave.Negotiation(scenario[enclave.Enclave], place, place.service, state.technology),
        # 4 BUILD
        land.Development(scenario[land.Land], world),
        land.Requisition(scenario[land.Land]),
        construction.Building(scenario[construction.Construction]),
        talent.TalentMoney(scenario[talent.Talent]),
        roads,
        # 5 SUPPLY
        sourcing.SupplierChoice(scenario[sourcing.Sourcing]),
        # 6 PRODUCE
        labour.Staffing(),
        enclave.FirstOffer(),
        energy.EnergyLimit(),
        shortage.OutsideSupply.of(scenario[shortage.Shortage], scenario.run.end - demand.OPENING),
        Production(scenario[sourcing.Sourcing]),
        # 7 GROW
        labour.Wages(
            scenario[labour.Labour], scenario[demand.Demand], scenario.run, known_month, crowd.productivity_growth
        ),
        migration.Migration(scenario[labour.Labour], scenario[demand.Demand], scenario.run, known_month),
        talent.TalentMoves(scenario[talent.Talent]),
        firms.Investment(scenario[firms.Firms], scenario[Projects], scenario[leaders.Leaders].utilisation_target),
        firms.ProductivityNoise(scenario[firms.Firms]),
        linkage.Training(scenario[linkage.Linkage]),
        agglomeration.Clusters(crowd, state.technology, world, flat=scenario.run.world == "flat"),
        # 8 CLOSE
        firms.Exit(scenario[firms.Firms]),
        land_cage.LandReform(scenario[land_cage.LandCage], scenario[firms.Firms], place, partners),
        shocks.Withdrawal(),
        # 9 SHARE
        households.Consumption(scenario[households.Households]),
        linkage.Transfers(scenario[linkage.Linkage], state.budgets.taxes12.mean(axis=1), world),
        fiscal.Budgets(
            scenario[fiscal.Fiscal],
            scenario[service.Service].team_cost,
            scenario[service.Service].permit_upkeep,
            partial(promotion.promotion_cost, scenario[promotion.Promotion]),
        ),
        talent.TalentCosts(),
        infrastructure.RoadCosts(roads),
        enclave.TaxSharing(),
        # 10 OBSERVE: accounts and statistics observe below
    )


def compile_levers(scenario: Scenario, counties: tuple[str, ...], months: int) -> dict[str, Floats]:
    """Every lever by month of the run; row 0 is the opening and repeats the first month.

    Args:
        scenario: levers as written.
        counties: county codes in model order.
        months: months of the run.

    Returns:
        Read-only arrays, (months + 1,) or (months + 1, C) for levers of the counties.
    """
    compiled: dict[str, Floats] = {}
    for group in GROUPS:
        settings = scenario[group]
        for name in type(settings).model_fields:
            value = getattr(settings, name)
            if isinstance(value, Lever):
                path = np.asarray(value.values(demand.OPENING + 1, months, counties))
                path = np.concatenate([path[:1], path])
                path.setflags(write=False)
                compiled[f"{group.table}.{name}"] = path
    return compiled


class NingdeModel(mesa.Model):
    """The regional economy of Ningde from January 2014.

    Attributes:
        plan: the scenario that is run (Mesa keeps the name ``scenario`` for itself).
        state: the position of the economy.
        log: decisions as (month, agent, sentence).
        recorder: the record of the run.
        basis: totals and table of the opening.
    """

    def __init__(
        self,
        plan: Scenario,
        seed: int | None = None,
        *,
        table: Table | None = None,
        without: tuple[type[Any], ...] = (),
    ) -> None:
        """Build the opening position.

        Args:
            plan: scenario.
            seed: root seed; that of the scenario if not given.
            table: opening table in place of the estimated one, see :func:`sim.opening.basis.given_basis`.
            without: mechanism classes left out of the month (for experiments and tests).
        """
        self.seed_of_run = plan.run.seed if seed is None else seed
        super().__init__(rng=np.random.default_rng(self.seed_of_run))
        self.plan, self.world = plan, load_world()
        self.streams = Streams(self.seed_of_run)
        self.months = plan.run.end - demand.OPENING
        self.log: list[tuple[Month, str, str]] = []
        self.leader_names = leader_names()
        self.nest = plan[location.Location].nest
        levers = compile_levers(plan, self.world.counties, self.months)
        self.basis = estimated_basis(plan) if table is None else given_basis(plan, table)
        self.state = opening_state(plan, self.world, self.seed_of_run, levers, self.basis)
        self.state.shocks = shocks.compile_shocks(plan[shocks.Events], self.world, self.months)
        self._views: dict[int, Firm] = {}
        self.city = City(self)
        self.counties = [County(self, index) for index in range(self.world.county_count)]
        self.leaders = [Leader(self, index, row["name"]) for index, row in enumerate(leader_rows())]
        self.state.deciders = Deciders(self.city, self.counties, self.leaders)
        self.month_list = tuple(part for part in month_of(self.state) if not isinstance(part, without))
        self._sorted: tuple[Mechanism, ...] | None = None
        self.recorder = Recorder(self.state, plan.run.end - plan.run.start + 1, plan.run.start - demand.OPENING)
        self.recorder.residual["I16"] = self.basis.residual
        self.datacollector = mesa.DataCollector(
            model_reporters={"output": "output", "firms": "operating_firms", "projects": "project_count"},
            agenttype_reporters={County: {"output": "output", "firms": "firms"}},
        )

    @property
    def calendar(self) -> Month:
        """Calendar month of the state."""
        return demand.OPENING + self.state.month

    @property
    def output(self) -> float:
        """Output of the city in the month, M yuan at 2018 prices."""
        return float(self.state.firms.output.sum())

    @property
    def operating_firms(self) -> int:
        """Operating firm rows, fringe rows included."""
        return int((self.state.firms.alive & ~self.state.firms.block).sum())

    @property
    def project_count(self) -> int:
        """Everything that ever became a lead or a leader's own plant."""
        return len(self.state.projects)

    def step(self) -> None:
        """One month: ten phases, each with its mechanisms and its resolver; then the books are checked and recorded."""
        state = self.state
        state.month += 1
        state.boards = Boards()
        state.ledger = resolvers.open_ledger(state)
        try:
            for phase, parts in self._phases():
                with state.standing_still():
                    for part in parts:
                        part.step(state, self.streams)
                resolvers.RESOLVERS[phase](state, self.streams)
                check_meaning(state, phase, self.month_list)
                if phase is Phase.WORLD:
                    state.price_readings = {}  # prices stand until the next month
            with state.standing_still():
                self.recorder.record(state, check_all(state))
        finally:
            state.price_readings = None

    def _phases(self) -> tuple[tuple[Phase, tuple[Mechanism, ...]], ...]:
        """The mechanisms of each phase; sorted anew when somebody has put another list of the month in place."""
        if self._sorted is not self.month_list:
            self._sorted = self.month_list
            self._by_phase = tuple(
                (phase, tuple(part for part in self.month_list if part.phase == phase)) for phase in Phase
            )
        return self._by_phase

    def run(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Run to the end of the scenario.

        Args:
            progress: called after each month with months done and months in all.
        """
        while self.state.month < self.months:
            self.step()
            if progress is not None:
                progress(self.state.month, self.months)

    def park_county_name(self, park: int) -> str:
        """County of a park, in pinyin."""
        return self.world.county_names[int(self.world.park_county[park])]

    # --- agents: firms are made when somebody looks -------------------------------------------------------------------

    def _firm_views(self) -> Iterator[Firm]:
        """Views on the operating firms (blocks left out), made where missing, dropped where closed."""
        table = self.state.firms
        operating = np.flatnonzero(table.alive & ~table.block)
        self._views = {int(row): self._views.get(int(row)) or Firm(self, int(row)) for row in operating}
        return iter(self._views.values())

    @property
    def agents(self) -> Any:
        """City, counties, leaders and the operating firms."""
        return mesa.agent.AgentSet([*super().agents, *self._firm_views()], random=self.random)

    @property
    def agents_by_type(self) -> dict[type[Any], Any]:
        """Agents by class, with the operating firms."""
        found = dict(super().agents_by_type)
        found[Firm] = mesa.agent.AgentSet(list(self._firm_views()), random=self.random)
        return found
