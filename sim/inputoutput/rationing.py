"""Production with limits: the joint solve, and what is made when inputs from outside are scarce.

    z = min(cap, M z + f)                                                                       (C1)
    local first    phi = min(1, z / M z)         proportional    phi = min(1, z / (M z + f))

M holds home deliveries per unit of the buyer's output, f all other orders. Home demand that is not met is bought
outside, so both rules make the same output as long as the outside delivers. Where its deliveries of a product q are
limited, buyers of q may have to stop. From x0, the solution of (C1) without that limit:

    phi_j     = min(1, s_j x0_j / B_j) ,  B = M x0 (local first) or M x0 + f (proportional) ,  j makes q
    offer_qi  = sum_j phi_j M_ji x0_i ,  need_qi = a_qi x0_i ,  gap_qi = (need_qi - offer_qi - stock_qi)^+
    import_qi = gap_qi min(1, pool_q / sum_i gap_qi)                                            (C2)
    s_i       = min over q of 1 - (gap_qi - import_qi) / need_qi ,  repeated until |ds| < 1e-8
    z_i = min(cap_i, s_i x0_i, D_i(z) + f_i) ,  D_j = sum_i phi_j M_ji min(x0_i, (need_qi / offer_qi) z_i)  for j of q,
                                                D_j = (M z)_j                                              for others

Offers, needs and gaps are those of x0 in every round. Measured against the output of the round itself, home orders
would fall with output, the gap would open again, and output would fall again: a spiral that may end at zero. For the
same reason a short buyer keeps its home orders of x0 as far as it can use them (D) instead of cutting them with its
output: it takes as much at home as it is offered, and the outside serves the rest. Then, exactly,

    sum_j D_ji <= offers <= s_j x0_j   and   sum_i (need_i z_i / x0_i - offer_i - stock_i)^+ <= pool ,

so that no home supplier promises more than it can make and no more is imported than is delivered.

Existence and uniqueness. (C1) and the last line of (C2) contract, because orders rise with a unit of output by at most
the sum of its inputs, below 1: their fixed point is unique and does not depend on where the rounds start, and that of
(C1) rises with caps and demand. The map of s is isotone in s, pools and stocks: there is a greatest fixed point, and
the rounds fall to it from 1 (Tarski 1955); where makers of q need q themselves, lower ones may exist, and the greatest
is taken. Output itself need not rise in every row with s: orders move to the makers that deliver. Rationing in
production networks: Hallegatte (2008); Pichler and Farmer (2022), who also compare rules with the best case of a linear
programme, as :func:`compare_rules` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Rule = Literal["local_first", "proportional"]
"""Who is served when a home supplier is short: home producers first, or all buyers alike."""

ROUNDS = 500
"""Rounds after which (C1) gives up; about 20 are needed (numerical safety)."""

SLOWEST = 0.9
"""Greatest rate of convergence that the joint solve extrapolates; above it a guess would lead too far (numerical)."""

SHORTAGE_TOLERANCE = 1e-8
"""Largest change of s at which the rounds of (C2) stop (section 9.12 of the model description)."""

LEAP, LEAP_EVERY = 0.99, 5
"""Part of the way to where slow rounds of (C2) lead that a leap goes, and rounds between leaps (numerical)."""

ROUNDED = 1e-12
"""Rise of a share that is rounding and no rise (numerical)."""


class NoConvergenceError(RuntimeError):
    """The joint solve did not reach its tolerance."""


class Demand(Protocol):
    """Orders that follow from output."""

    def demand(self, output: Floats) -> Floats:
        """(n,) intermediate demand addressed to each row."""


class Deliveries(Demand, Protocol):
    """Home deliveries per unit of the buyer's output, the matrix M, seen from both sides."""

    def intake(self, supplied: Floats) -> Floats:
        """(n,) what each buyer gets per unit of output where row j delivers the share ``supplied[j]`` of its orders."""


@dataclass(frozen=True)
class Matrix:
    """Deliveries of a small economy as one matrix.

    Attributes:
        home: (n, n) home deliveries per unit of the buyer's output, supplier x buyer.
    """

    home: Floats

    def demand(self, output: Floats) -> Floats:
        """(n,) M z."""
        return np.asarray(self.home @ output)

    def intake(self, supplied: Floats) -> Floats:
        """(n,) column sums of the supplied part of M."""
        return np.asarray(supplied @ self.home)


def solve(orders: Demand, limit: Floats, final: Floats, start: Floats, tolerance: float) -> tuple[Floats, int]:
    """Fixed point of z = min(limit, M z + f), equation (C1).

    Rounds z <- min(limit, M z + f). Their error soon shrinks at one rate, that of the slowest circular flow, so every
    other round ends in a guess of where it leads (Aitken 1926): a fifth fewer rounds. A guess is only the start of
    the next round, and after a first one that did not help no other is made: the rounds contract from anywhere.

    Args:
        orders: M.
        limit: (n,) greatest output, infinite where there is no limit.
        final: (n,) demand other than of home producers, >= 0.
        start: (n,) first guess, for example last month's output.
        tolerance: largest change relative to the largest output at which the solve stops.

    Returns:
        Output of each row, in the unit of ``final``, and the rounds used.

    Raises:
        NoConvergenceError: after :data:`ROUNDS` rounds.
    """
    output, last, before, trusted = start, None, np.inf, True
    for count in range(1, ROUNDS + 1):
        new = np.minimum(limit, orders.demand(output) + final)
        step = new - output
        gap = float(np.abs(step).max())
        output = new
        if gap <= tolerance * max(1.0, float(new.max())):
            return output, count
        trusted = trusted and gap < before
        if last is not None and trusted:
            rate = float(step @ last) / float(last @ last)
            if 0.0 < rate < SLOWEST:
                output = np.minimum(limit, new + rate / (1.0 - rate) * step)
            last, before = None, gap
        elif count > 1:
            last = step
    raise NoConvergenceError(f"joint solve: change of {gap:.3g} M yuan a month after {ROUNDS} rounds")


def served(rule: Rule, output: Floats, wanted: Floats, final: Floats) -> Floats:
    """(n,) phi: the share of home producers' orders that each row delivers, 0-1; 1 where nobody orders.

    Args:
        rule: who is served first.
        output: (n,) z.
        wanted: (n,) M z, orders of home producers.
        final: (n,) all other orders, >= 0.
    """
    basis = wanted if rule == "local_first" else wanted + final
    share = np.divide(output, basis, out=np.ones(len(output)), where=basis > 0)
    return np.asarray(np.minimum(1.0, share))


@dataclass(frozen=True)
class Scarce:
    """Products whose supply from outside is limited, and who needs them.

    Attributes:
        maker: (n,) position of the scarce product that a row makes, -1 for others.
        need: (Q, n) input of the scarce product per unit of output, from wherever; at least the home part of M. 0 for
            buyers that can do without: they never stop for it, order it as usual and take a substitute for the rest.
        supply: (Q,) what the outside delivers in the period.
        stock: (Q, n) what buyers hold.
        quota: (Q, n) what the outside delivers to each buyer; None: whoever lacks something shares in the supply.
    """

    maker: Integers
    need: Floats
    supply: Floats
    stock: Floats
    quota: Floats | None = None


@dataclass(frozen=True)
class Shortage:
    """The rounds of (C2): who can make how much, and what is offered to it.

    Attributes:
        usual: (n,) x0.
        share: (n,) s, share of x0 for which the scarce inputs suffice.
        served: (n,) phi, share of the orders of x0 that makers of scarce products offer; 1 for other rows.
        offers: (Q, n) what home makers offer each buyer.
        imports: (Q, n) what the outside allots each buyer.
        rounds: rounds used.
        change: last change of s.
        converged: whether the change came below the tolerance.
    """

    usual: Floats
    share: Floats
    served: Floats
    offers: Floats
    imports: Floats
    rounds: int
    change: float
    converged: bool


def ration(
    deliveries: Deliveries,
    usual: Floats,
    final: Floats,
    scarce: Scarce,
    rule: Rule,
    *,
    tolerance: float = SHORTAGE_TOLERANCE,
    rounds: int = 60,
    patience: int = 0,
) -> Shortage:
    """The shares s of output for which scarce inputs suffice, by the pooled rule (C2).

    Where makers of a scarce product need it themselves, the rounds may fall by a thousandth or less of what is left to
    fall, for thousands of rounds. Beyond ``rounds``, every few rounds therefore begin with a leap, see :func:`_leap`.

    Args:
        deliveries: M.
        usual: (n,) x0, the solution of (C1).
        final: (n,) demand other than of home producers, >= 0.
        scarce: what is scarce.
        rule: rule of home suppliers that are short.
        tolerance: change of s at which the rounds stop.
        rounds: greatest number of plain rounds.
        patience: greatest number of rounds with leaps after them; then ``converged`` is False and s is an upper bound.
    """
    one_round = _Rounds(deliveries, usual, final, scarce, rule)
    share, change, count = np.ones(len(usual)), np.inf, 0
    while count < rounds + patience and change >= tolerance:
        if count >= rounds and (count - rounds) % LEAP_EVERY == 0:
            share = _leap(one_round, share)
        count += 1
        phi, offers, imports, lacking = one_round.allotted(share)
        new = 1.0 - lacking.max(axis=0)
        change = float(np.abs(new - share).max())
        share = new
    phi = np.where(scarce.maker >= 0, phi, 1.0)
    return Shortage(usual, share, phi, offers, imports, count, change, change < tolerance)


class _Rounds:
    """One round of (C2), and how its result changes with the shares that it begins with.

    Args:
        deliveries: M.
        usual: (n,) x0.
        final: (n,) demand other than of home producers, >= 0.
        scarce: what is scarce.
        rule: rule of home suppliers that are short.
    """

    def __init__(self, deliveries: Deliveries, usual: Floats, final: Floats, scarce: Scarce, rule: Rule) -> None:
        self.deliveries, self.usual, self.final, self.scarce, self.rule = deliveries, usual, final, scarce, rule
        self.wanted = deliveries.demand(usual)
        self.need = scarce.need * usual
        self.making = [scarce.maker == product for product in range(len(self.need))]

    def offered(self, served_share: Floats) -> Floats:
        """(Q, n) what makers that serve these shares of the orders of x0 offer each buyer."""
        usual, intake = self.usual, self.deliveries.intake
        return np.stack([intake(np.where(makes, served_share, 0.0)) * usual for makes in self.making])

    def allotted(self, share: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """From s: (n,) phi, (Q, n) offers, imports, and what is lacking as a share of the need."""
        scarce = self.scarce
        phi = served(self.rule, share * self.usual, self.wanted, self.final)
        offers = self.offered(phi)
        gap = np.maximum(self.need - offers - scarce.stock, 0.0)
        if scarce.quota is None:
            total = gap.sum(axis=1)
            part = np.divide(scarce.supply, total, out=np.ones(len(total)), where=total > 0)
            imports = gap * np.minimum(1.0, part)[:, None]
        else:
            imports = np.minimum(gap, scarce.quota)
        lacking = np.divide(gap - imports, self.need, out=np.zeros_like(gap), where=self.need > 0)
        return phi, offers, imports, lacking

    def following(self, share: Floats) -> Floats:
        """(n,) the next s."""
        return np.asarray(1.0 - self.allotted(share)[3].max(axis=0))

    def slope(self, share: Floats) -> Callable[[Floats], Floats]:
        """The derivative of the next s: takes a change of s to the change of the next."""
        scarce, need, rows = self.scarce, self.need, np.arange(len(share))
        basis = self.wanted if self.rule == "local_first" else self.wanted + self.final
        short = (share * self.usual < basis) & (scarce.maker >= 0)
        rate = np.divide(self.usual, basis, out=np.zeros(len(share)), where=short)
        _, offers, _, lacking = self.allotted(share)
        gap = np.maximum(need - offers - scarce.stock, 0.0)
        worst = lacking.argmax(axis=0)
        bound = lacking.max(axis=0) > 0.0
        total = gap.sum(axis=1)
        kept = np.divide(scarce.supply, total, out=np.ones(len(total)), where=total > scarce.supply)
        less = np.divide(kept, total, out=np.zeros(len(total)), where=total > 0)

        def change(moved: Floats) -> Floats:
            closed = np.where(gap > 0.0, self.offered(rate * moved), 0.0)
            if scarce.quota is None:
                closed = closed * (1.0 - kept)[:, None] + gap * (less * closed.sum(axis=1))[:, None]
            risen = np.divide(closed[worst, rows], need[worst, rows], out=np.zeros(len(rows)), where=bound)
            return np.asarray(risen)

        return change


def _leap(rounds: _Rounds, share: Floats) -> Floats:
    """A guess between s and the greatest fixed point of (C2), by Newton's method; s itself where none is found.

    The rounds are isotone. Where they fall at every point of the way from s to the guess, no point of it lies below
    the greatest fixed point: the first to touch it in one share could fall no more in that. Four points of the way are
    looked at. Without a pool the rounds are concave as well, and Newton's steps from above stay above.

    Args:
        rounds: one round and its derivative.
        share: (n,) s.
    """
    from scipy.sparse.linalg import LinearOperator, gmres  # slow to import, and few runs need it

    size, slope = len(share), rounds.slope(share)
    left = LinearOperator((size, size), matvec=lambda moved: moved - slope(moved), dtype=np.float64)
    way, _ = gmres(left, rounds.following(share) - share, rtol=1e-10, atol=0.0, restart=60, maxiter=2)
    way = np.maximum(LEAP * np.minimum(way, 0.0), -share)
    for part in (1.0, 0.5, 0.1):
        points = (share + part * at * way for at in (0.25, 0.5, 0.75, 1.0))
        if all((rounds.following(point) <= point + ROUNDED).all() for point in points):
            return np.asarray(share + part * way)
    return share


@dataclass(frozen=True)
class HeldOrders:
    """Orders in a shortage: buyers of scarce products keep their home orders of x0 as far as they can use them.

    Attributes:
        deliveries: M.
        scarce: what is scarce.
        shortage: the rounds of (C2).
    """

    deliveries: Deliveries
    scarce: Scarce
    shortage: Shortage

    def basis(self, output: Floats) -> Floats:
        """(Q, n) output for which a row orders each scarce product at home: min(x0, z need / offer)."""
        need = self.scarce.need * output * self.shortage.usual
        offers = self.shortage.offers
        usable = np.divide(need, offers, out=np.zeros_like(need), where=offers > 0)
        return np.where(self.scarce.need > 0, np.minimum(usable, self.shortage.usual), output)

    def demand(self, output: Floats) -> Floats:
        """(n,) orders of home producers addressed to each row; makers of scarce products: what they are to deliver."""
        orders = self.deliveries.demand(output)
        for product, basis in enumerate(self.basis(output)):
            makes = self.scarce.maker == product
            orders[makes] = (self.shortage.served * self.deliveries.demand(basis))[makes]
        return orders


def outside_use(deliveries: Deliveries, scarce: Scarce, supplied: Floats, output: Floats, basis: Floats) -> Floats:
    """(Q, n) use of each critical product that does not come from home makers but from stock or outside, >= 0.

    Args:
        deliveries: M.
        scarce: makers and needs of the products.
        supplied: (n,) share of orders that each row delivers.
        output: (n,) z.
        basis: (Q, n) output for which the products are ordered at home; z where nothing is scarce.
    """
    home = np.stack(
        [
            deliveries.intake(np.where(scarce.maker == product, supplied, 0.0)) * basis[product]
            for product in range(len(basis))
        ]
    )
    return np.asarray(np.maximum(scarce.need * output - home, 0.0))


# --- the range of rules -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What a rule makes of a shock.

    Attributes:
        output: (n,) output.
        value: weighted sum of output, by default the sum.
        loss: share of the value before the shock that is lost; negative where the shock adds.
        converged: whether the rounds ended before their limit.
    """

    output: Floats
    value: float
    loss: float
    converged: bool = True


@dataclass(frozen=True)
class Position:
    """A small economy before a shock.

    Attributes:
        home: (n, n) M, home deliveries per unit of the buyer's output; column sums below 1.
        cap: (n,) greatest output, may be infinite.
        final: (n,) orders of all others, >= 0.
        maker: (n,) position of the scarce product that a row makes, -1 for others.
        need: (Q, n) total input of each scarce product per unit of output, 0 where the buyer can do without.
        stock: (Q, n) stocks of scarce products, none if not given.
        weight: (n,) weight of output in the value, for example value added per unit; 1 if not given.
    """

    home: Floats
    cap: Floats
    final: Floats
    maker: Integers
    need: Floats
    stock: Floats | None = None
    weight: Floats | None = None


def compare_rules(
    position: Position,
    *,
    cap: Floats | None = None,
    supply: Floats | None = None,
    tolerance: float = 1e-12,
    rounds: int = 1000,
) -> Mapping[str, Outcome]:
    """A shock under each rule of rationing, and the best that a planner could make of it.

    Args:
        position: the economy before the shock.
        cap: (n,) capacity in the shock; as before if not given.
        supply: (Q,) share of the usual outside supply of each scarce product that is still delivered; 1 if not given.
        tolerance: of the joint solve.
        rounds: greatest number of rounds of (C2).

    Returns:
        Outcomes by name. ``local_first`` and ``proportional`` are the rules of home suppliers, while the outside serves
        its customers in proportion to what they usually buy; ``pooled``: home producers first, and whoever lacks
        something shares in the outside supply; ``best``: the linear programme, an upper bound of the value of each.
    """
    matrix, rows = Matrix(position.home), len(position.final)
    weight = np.ones(rows) if position.weight is None else position.weight
    stock = np.zeros_like(position.need) if position.stock is None else position.stock
    share = np.ones(len(position.need)) if supply is None else supply
    limit = position.cap if cap is None else cap
    before, _ = solve(matrix, position.cap, position.final, np.zeros(rows), tolerance)
    whole = float(weight @ before)
    outcomes: dict[str, Outcome] = {}

    def told(output: Floats, converged: bool = True) -> Outcome:
        value = float(weight @ output)
        return Outcome(output, value, 1.0 - value / whole if whole else 0.0, converged)

    rules: tuple[tuple[str, Rule], ...] = (
        ("local_first", "local_first"),
        ("proportional", "proportional"),
        ("pooled", "local_first"),
    )
    usual, _ = solve(matrix, limit, position.final, before, tolerance)
    unlimited = Scarce(position.maker, position.need, np.full(len(share), np.inf), stock)
    most = np.zeros(len(share))
    for name, rule in rules:
        if not len(share):
            outcomes[name] = told(usual)
            continue
        phi = served(rule, before, matrix.demand(before), position.final)
        bought = outside_use(matrix, unlimited, phi, before, np.broadcast_to(before, position.need.shape))
        quota = share[:, None] * bought
        most = np.maximum(most, quota.sum(axis=1))
        scarce = replace(unlimited, supply=quota.sum(axis=1), quota=None if name == "pooled" else quota)
        shortage = ration(matrix, usual, position.final, scarce, rule, rounds=rounds)
        orders = HeldOrders(matrix, scarce, shortage)
        output, _ = solve(orders, np.minimum(limit, shortage.share * usual), position.final, usual, tolerance)
        outcomes[name] = told(output, shortage.converged)
    best = best_case(position.home, usual, position.final, weight, replace(unlimited, supply=most))
    outcomes["best"] = told(best)
    return outcomes


def best_case(deliveries: Floats, usual: Floats, final: Floats, weight: Floats, scarce: Scarce) -> Floats:
    """(n,) output of greatest value that caps, orders and scarce inputs allow, by linear programming.

    Max weight z over z, final deliveries F of makers of scarce products, imports I and stocks used U of each scarce
    product q and buyer i, all >= 0; what a buyer gets at home is H_qi = a_qi z_i - I_qi - U_qi:

        z <= x0 ,  F <= f ,  U <= stock ,  sum_i I_qi <= supply_q ,  0 <= H_qi <= (M x0)_qi
        z_j <= (M z)_j + f_j                                       rows that make nothing scarce
        z_j >= F_j and sum_j z_j = sum_i H_qi + sum_j F_j          rows that make q

    Buyers may change between home makers of q at will, which no rule allows; so it bounds every rule from above.

    Args:
        deliveries: (n, n) M.
        usual: (n,) x0, output without the scarcity.
        final: (n,) orders of all others.
        weight: (n,) value of a unit of output.
        scarce: makers and needs, deliveries of the outside, stocks.
    """
    from scipy.optimize import linprog  # slow to import, and no run needs it

    rows, products = len(final), len(scarce.supply)
    makes = (scarce.maker[None, :] == np.arange(products)[:, None]).astype(np.float64)
    others = np.flatnonzero(scarce.maker < 0)
    most_final = np.where(scarce.maker >= 0, final, 0.0)
    eye, cells = np.eye(rows), np.eye(products * rows)
    need = np.where(scarce.need > 0, scarce.need, makes @ deliveries)
    used = np.concatenate([np.diag(line) for line in need]) if products else np.zeros((0, rows))
    by_product = np.kron(np.eye(products), np.ones((1, rows)))
    counted = by_product * (scarce.need > 0).ravel()
    no_final, no_cells = np.zeros((products * rows, rows)), np.zeros((rows, products * rows))
    unequal = np.vstack(
        [
            np.hstack([(eye - deliveries)[others], 0.0 * eye[others], no_cells[others], no_cells[others]]),
            np.hstack([-eye, eye, no_cells, no_cells]),
            np.hstack([-used, no_final, cells, cells]),
            np.hstack([used, no_final, -cells, -cells]),
            np.hstack([np.zeros((products, 2 * rows)), counted, 0.0 * counted]),
        ]
    )
    at_home = (makes @ deliveries) * usual
    bounds = [final[others], np.zeros(rows), np.zeros(products * rows), at_home.ravel(), scarce.supply]
    balance = np.hstack([makes - need, -makes, by_product, by_product])
    high = np.concatenate([usual, most_final, np.full(products * rows, np.inf), scarce.stock.ravel()])
    found = linprog(
        np.concatenate([-weight, np.zeros(rows + 2 * products * rows)]),
        A_ub=unequal,
        b_ub=np.concatenate(bounds),
        A_eq=balance,
        b_eq=np.zeros(products),
        bounds=[(0.0, float(limit)) for limit in high],
        method="highs",
    )
    if found.x is None:
        raise NoConvergenceError(f"best case: {found.message}")
    return np.asarray(found.x[:rows])
