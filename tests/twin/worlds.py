"""Small worlds: positions of the model at random months of random scenarios, seeds and parameters in their ranges."""

import copy
import random
from collections.abc import Iterator
from typing import Any

import sim
from sim import resolvers
from sim.accounts import check_all
from sim.mechanisms import Phase
from sim.model import GROUPS, NingdeModel
from sim.parameters import declarations
from sim.scenario import Scenario, ScenarioError
from sim.state import Boards, State

SCENARIOS = (
    "baseline",
    "bidding_war",
    "capped_energy",
    "fragmented_counties",
    "no_service_teams",
    "tight_land",
    "unplanned_promotion",
    "wide_land",
)
VARIED = (
    "projects",
    "demand",
    "prices",
    "leaders",
    "promotion",
    "location",
    "land",
    "construction",
    "sourcing",
    "labour",
    "households",
    "energy",
    "firms",
    "agglomeration",
    "fiscal",
)
"""Tables whose plain numbers are moved; those of the opening table would mostly be refused by its checks."""


NOT_REPEATED = ("talent.start", "enclave.start", "linkage.start", "land_cage.start")
"""Starts of the policies that the twin does not repeat."""


def ranges() -> list[tuple[str, float, float]]:
    """Plain numbers of the varied tables with their ranges; whole numbers and months are left alone."""
    found = []
    for group in GROUPS:
        if group.table not in VARIED:
            continue
        for name, spec in declarations(group).items():
            low, high = getattr(spec, "low", None), getattr(spec, "high", None)
            whole = getattr(spec, "whole", False) or name in ("rival_sites", "expect_window", "qualification")
            if isinstance(low, int | float) and isinstance(high, int | float) and low < high and not whole:
                found.append((f"{group.table}.{name}", float(low), float(high)))
    return found


def scenario_of(luck: random.Random, short: bool = False) -> Scenario:
    """A shipped scenario with some parameters, the rule of rationing and the world outside changed."""
    scenario = sim.load(luck.choice(SCENARIOS))
    changes: dict[str, Any] = {
        "run.end": "2035-12",
        "run.rationing": luck.choice(("local_first", "proportional")),
        "run.world": luck.choice(("unconditional", "unconditional", "conditional", "flat")),
        "opening.firms_above_scale": luck.choice((700, 750, 800)),
        **dict.fromkeys(NOT_REPEATED, "2035-12"),
    }
    if luck.random() < 0.3:
        changes["prices.tariff"] = luck.uniform(0.0, 0.2)
    if luck.random() < 0.5:
        changes["prices.utilisation_batteries"] = luck.uniform(0.5, 0.95)
    if luck.random() < 0.2:
        changes["energy.cap"] = luck.uniform(2.0, 12.0)
    if short:
        lacking = luck.sample(("B_CATH", "B_ANOD", "B_STRU", "OTHM", "S_MELT", "C_PROC", "V_PWTR"), 2)
        dates = [f"{year}-{month:02d}" for year in range(2014, 2027) for month in (2, 7)]
        changes["shortage.outside_supply"] = {
            code: [{"from": date, "value": luck.choice((1.0, luck.uniform(0.1, 0.9)))} for date in dates]
            for code in lacking
        }
    scenario = scenario.replace(changes, name="twin")
    salt, chosen = luck.random(), []  # each parameter has luck of its own, so that a new one leaves most worlds alone
    for path, low, high in ranges():
        own = random.Random(f"{salt} {path}")
        chosen.append((own.random(), path, own.uniform(low, high)))
    for _, path, value in sorted(chosen)[:12]:
        try:
            scenario = scenario.replace({path: value}, name="twin")
        except ScenarioError:
            continue  # shares that must sum to one and the like
    return scenario


def world(number: int, latest: int = 150, short: bool = False) -> NingdeModel:
    """The model of world ``number``, run to a random month; the month after it is what the twin repeats.

    Args:
        number: seed of everything random about the world.
        latest: months within which it is taken.
        short: whether outside supply of two products falls short in some half-years.
    """
    luck = random.Random(f"twin {number}")
    while True:
        try:
            model = NingdeModel(scenario_of(luck, short), seed=luck.randrange(1, 10_000))
        except (ValueError, RuntimeError, AssertionError):
            continue  # an opening that its own checks refuse
        for _ in range(luck.randrange(0, latest)):
            model.step()
        return model


def without_agents(state: State) -> State:
    """A copy of the state; the deciding agents and what never changes are shared."""
    shared = (state.deciders, state.scenario, state.world, state.technology, state.levers)
    return copy.deepcopy(state, {id(part): part for part in shared})


def phases(model: NingdeModel) -> Iterator[tuple[Phase, State, State]]:
    """One month of the model, phase by phase: the position before and after each."""
    state = model.state
    state.month += 1
    state.boards = Boards()
    state.ledger = resolvers.open_ledger(state)
    for phase in Phase:
        before = without_agents(state)
        for part in model.month_list:
            if part.phase == phase:
                part.step(state, model.streams)
        resolvers.RESOLVERS[phase](state, model.streams)
        yield phase, before, state
    check_all(state)
