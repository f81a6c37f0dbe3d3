"""Resolvers: one function a phase turns the boards of the month into ledger flows, and flows into stocks.

Mechanisms propose, resolvers post: a stock changes here and nowhere else, so stocks cannot drift from flows.
"""

from __future__ import annotations

from collections.abc import Callable

from sim.draws import Streams
from sim.flows import payments
from sim.mechanisms import Phase
from sim.resolvers.budgets import resolve_share
from sim.resolvers.building import resolve_build
from sim.resolvers.closing import close_firms, resolve_close, resolve_grow
from sim.resolvers.funnel import resolve_place, resolve_propose, resolve_world
from sim.resolvers.ledger import open_ledger, the_ledger
from sim.resolvers.production import resolve_produce, resolve_supply
from sim.state import State


def resolve_observe(state: State, streams: Streams) -> None:
    """OBSERVE: who paid whom in the month."""
    del streams
    the_ledger(state).payments = payments(state)


RESOLVERS: dict[Phase, Callable[[State, Streams], None]] = {
    Phase.WORLD: resolve_world,
    Phase.PROPOSE: resolve_propose,
    Phase.PLACE: resolve_place,
    Phase.BUILD: resolve_build,
    Phase.SUPPLY: resolve_supply,
    Phase.PRODUCE: resolve_produce,
    Phase.GROW: resolve_grow,
    Phase.CLOSE: resolve_close,
    Phase.SHARE: resolve_share,
    Phase.OBSERVE: resolve_observe,
}

__all__ = ["RESOLVERS", "close_firms", "open_ledger", "resolve_produce"]
