"""Why legacy industry grows or shrinks: an exact account of the month's change, firm by firm (section 3.4).

A firm that worked last month and works this month makes

    x = min(cap - s, (h + cap q min(1, e g (p / (b + w))^theta_x))^+)                               (section 9.5)

with h orders from home buyers, g its outside market relative to the firm's birth, e its outside share, p the price of
the product, w wages above or below the nation's in its unit cost, b all other unit cost, s capacity that stands still
for want of people or electricity, and q whatever else moves its outside orders (1 unless a mechanism does). Putting
this month's value in the place of last month's, one term after the other, splits the change of x into

==============  =====================================================================================================
outside demand  g and q
home orders     h: purchases of home industry, households, governments and investors
wages           w: county wages against those of the nation
costs           b and p: materials, conversion cost, own productivity, and the price that competitors set
capacity        cap without the next line: capital kept and added, productivity, start of new plants
land            cap: capacity that orders and margin ask for and the plot refuses
staff           s: people and electricity that could not be had
exits, entries  output lost with firms that closed; all changes of firms in their first twelve months
==============  =====================================================================================================

What a term changes depends on the order in which terms are replaced; the mean of one order and its reverse is taken, as
is usual (Dietzenbacher and Los, Economic Systems Research 10, 1998). The parts add up to the change without a rest.

This is bookkeeping, not a counterfactual: a firm that leaves because years of dear labour ate its margin counts as an
exit, and capital that was not replaced at a loss counts as capacity, whatever made the loss.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from sim.mechanisms.firms import Firms as FirmSettings
from sim.mechanisms.production import market_growth, wage_cost
from sim.mechanisms.sourcing import Sourcing
from sim.state import YEAR, State
from sim.sums import sum_by

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

TERMS: tuple[str, ...] = ("outside demand", "home orders", "wages", "costs", "capacity", "land", "staff")
"""What moves the output of a firm that stays."""

CAUSES: tuple[str, ...] = (*TERMS, "exits", "entries")
"""Parts of the change of output, in the order of the record."""


Term = tuple[Floats, ...]
"""Arrays (n,) that are replaced together."""


def polar_split(
    before: tuple[Term, ...],
    after: tuple[Term, ...],
    value: Callable[..., Floats],
    ends: tuple[Floats, Floats] | None = None,
) -> Floats:
    """(T, n) effect of each of T terms on a function of all of them: the mean of one order and its reverse.

    The effects of all terms add up to value(*after) - value(*before), to rounding. A term that is 0 before and after
    has no effect and costs nothing.

    Args:
        before: the terms at first.
        after: the terms at last.
        value: function of all arrays of all terms, (n,).
        ends: its values at first and at last, if they are known already.
    """
    first, last = ends or (value(*chain(*before)), value(*chain(*after)))
    effects = np.zeros((len(before), len(first)))
    forward, backward, below, above = list(before), list(after), first, last
    moved = [term for term in range(len(before)) if any(part.any() for part in (*before[term], *after[term]))]
    for term in moved:
        forward[term], backward[term] = after[term], before[term]
        final = term == moved[-1]
        risen, fallen = (last, first) if final else (value(*chain(*forward)), value(*chain(*backward)))
        effects[term] = 0.5 * ((risen - below) + (above - fallen))
        below, above = risen, fallen
    return effects


def made(
    market: Floats, other: Floats, home: Floats, wages: Floats, price: Floats, cost: Floats, cap: Floats, land: Floats,
    held: Floats, elasticity: float,
) -> Floats:  # fmt: skip
    """(n,) output of firms, M yuan a month.

    Args:
        market: (n,) e g, outside orders over capacity at parity of price and cost.
        other: (n,) q, what else moves outside orders.
        home: (n,) orders of home buyers, M yuan a month; negative where stocks are run down.
        wages: (n,) wage deviation in nominal unit cost.
        price: (n,) price of the product.
        cost: (n,) nominal unit cost without the wage deviation.
        cap: (n,) capacity that there would be without lack of land, M yuan a month.
        land: (n,) capacity lacking for want of land, M yuan a month.
        held: (n,) capacity that stands still for want of people or electricity, M yuan a month.
        elasticity: theta_x.
    """
    room = np.maximum(cap - land, 0.0)
    sold = price / (cost + wages)
    sold **= elasticity  # in place from here on: this runs ten times a month
    sold *= market
    np.minimum(sold, 1.0, out=sold)
    sold *= other
    sold *= room
    sold += home
    np.maximum(sold, 0.0, out=sold)
    return np.minimum(np.maximum(room - held, 0.0), sold, out=sold)


@dataclass(frozen=True)
class Books:
    """What decided the output of some firm rows in one month; (n,) arrays, terms as in :func:`made`."""

    rows: Ints
    output: Floats
    terms: tuple[Term, ...]

    @classmethod
    def of(cls, state: State, rows: Ints, elasticity: float) -> Books:
        """The books of the month, read after its last phase.

        Args:
            state: the state; boards and firms of the month.
            rows: (n,) firms that could work this month.
            elasticity: theta_x.
        """
        firms, markets, boards = state.firms, state.markets, state.boards
        product = firms.product[rows]
        productivity, output = firms.productivity[rows], firms.output[rows]
        if boards.productivity_growth is not None:
            productivity = productivity * np.exp(-boards.productivity_growth[rows])  # GROW has moved it since
        if boards.cluster_growth is not None:
            productivity = productivity * np.exp(-boards.cluster_growth[rows])
        cap = (firms.capacity if boards.capacity is None else boards.capacity)[rows]  # CLOSE clears the firm's own
        able = cap if boards.limit is None else boards.limit[rows]
        wages = (wage_cost(state) if boards.wage_cost is None else boards.wage_cost)[rows]  # GROW moves wages
        price, cost = markets.price[product], firms.unit_cost[rows]
        grown = market_growth(state) if boards.market_growth is None else boards.market_growth  # GROW moves references
        market = firms.outside_share[rows] * grown[rows]
        planned = cap * np.minimum(1.0, market * (price / cost) ** elasticity)
        outside = firms.outside_orders[rows] if state.month else planned  # the opening has no orders on record
        other = np.divide(outside, planned, out=np.ones(len(rows)), where=planned > 0)
        home = np.where(output < able, output, firms.orders[rows]) - outside
        lacking = np.zeros(len(rows))
        if boards.expansion_wished is not None and boards.investment is not None and boards.scrapped is not None:
            granted = np.maximum(boards.investment - boards.scrapped, 0.0)[rows]  # whoever expands also replaces
            refused = np.maximum(boards.expansion_wished[rows] - granted, 0.0)
            speed = state.scenario[FirmSettings].expansion_speed / YEAR
            lacking = refused / speed / firms.capital_intensity[rows] * productivity / YEAR
        held = np.maximum(cap - able, 0.0)
        terms = ((market, other), (home,), (wages,), (price, cost - wages), (cap + lacking,), (lacking,), (held,))
        return cls(rows, output, terms)


@dataclass(frozen=True)
class Change:
    """Parts of the change of output since last month, M yuan a month.

    Attributes:
        effects: (terms, k) of firms that stay.
        stayed: (k,) their rows.
        exits: (e,) of firms that closed, and their rows in ``closed``.
        closed: (e,) rows.
        entries: (y,) of firms in their first year, and their rows in ``young``.
        young: (y,) rows.
    """

    effects: Floats
    stayed: Ints
    exits: Floats
    closed: Ints
    entries: Floats
    young: Ints


def change(before: Books, after: Books, working: Bools, young: Bools, elasticity: float) -> Change:
    """Why the output of a set of firms differs from last month's; the parts add up to the difference exactly.

    Args:
        before: books of last month, m rows.
        after: books of this month: rows of ``before`` that work still, in the same order, then new ones.
        working: (m,) which rows of ``before`` work still.
        young: (n,) rows of ``after`` in their first year; all new ones are.
        elasticity: theta_x.
    """
    kept, left = np.flatnonzero(working), np.flatnonzero(~working)
    size = len(kept)
    last, now = before.output[kept], after.output
    effects = polar_split(
        tuple(tuple(part[kept] for part in term) for term in before.terms),
        tuple(tuple(part[:size] for part in term) for term in after.terms),
        partial(made, elasticity=elasticity),
        (last, now[:size]),
    )
    effects[0] += now[:size] - last - effects.sum(axis=0)  # rounding, and orders that no term describes
    old, new = np.flatnonzero(~young[:size]), np.flatnonzero(young)
    entries = now[new]
    entries[new < size] -= last[new[new < size]]
    return Change(effects[:, old], after.rows[old], -before.output[left], before.rows[left], entries, after.rows[new])


class LegacyChange:
    """Keeps the books of last month and accounts for the change since."""

    def __init__(self, state: State) -> None:
        """Read the opening position."""
        self.followed = state.world.legacy
        self.elasticity = state.scenario[Sourcing].outside_elasticity
        self.books = Books.of(state, self._rows(state, state.firms.alive), self.elasticity)

    def _rows(self, state: State, working: Bools) -> Ints:
        """Rows of legacy products that could work."""
        return np.flatnonzero(self.followed[state.firms.product] & working)

    def step(self, state: State) -> Floats:
        """(causes, C) parts of the change of output since last month, M yuan a month at 2018 prices, by county."""
        firms, ledger, before = state.firms, state.ledger, self.books
        assert ledger is not None
        new = len(firms) - len(ledger.alive_before)
        alive = np.concatenate([ledger.alive_before, np.ones(new, dtype=np.bool_)])  # firms are born before they work
        after = self.books = Books.of(state, self._rows(state, alive), self.elasticity)
        young = ~firms.opening[after.rows] & (state.month - firms.birth[after.rows] < YEAR)
        found = change(before, after, alive[before.rows], young, self.elasticity)
        counties, where = state.world.county_count, firms.county
        stayed = where[found.stayed]
        parts = [sum_by(stayed, effect, counties) for effect in found.effects]
        parts.append(sum_by(where[found.closed], found.exits, counties))
        parts.append(sum_by(where[found.young], found.entries, counties))
        return np.array(parts)
