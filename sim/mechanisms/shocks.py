"""Shocks: hypothetical events, "what if" in dated rows of a scenario (model description, section 9.21).

A row {type, target, start, size, half_life} of the table ``events`` hits one quantity from its first month on::

    e(t) = size 2^(-(t - start) / half_life)   from start, 0 before;   half_life 0 = permanent

    leader_cut         O_g <- (1 - e) O_g                                     orders of a lead firm; its share s_g stays
    leader_exit        O_g <- (1 - p) O_g ,  p = (t - start + 1)/12 up to 1   home plants close one by one, oldest first
    diversification    the part e of each plant that a leader wants at home goes to its best rival site
    trade_shock        sales abroad <- (1 - e) sales abroad                   by market
    technology_switch  a_ij <- (1 - size f) a_ij ,  f = logistic curve from start, half done after half_life
    pandemic           persons at work <- (1 - e) persons at work             by county of the workplace
                       outside supply <- (1 - e) usual outside supply         of the products that the row names
    price_collapse     P_q or p_k <- (1 - e) P_q or p_k                       commodity or product of a chain

Rows on the same quantity multiply: what is left is the product of 1 - e. Each acts where the mechanism that owns the
quantity computes it, which reads the effect of the month from here; a row of size 0 leaves nothing behind, so the run
is bit for bit the run without it. All sizes and half-lives are assumptions.

Choices of this project. The model description lets a leader that leaves lose all orders at once while its plants close
over a year; here orders fall as the plants close, for a group that moves serves its customers from elsewhere only as it
moves. From the first month it starts no plant, and those under way fail. A trade shock takes the part of outside sales
that leaves the country (exports x_k X_k of section 9.1), at home and in the order books of leaders. In a pandemic those
who are missing are not paid and their posts are kept, so vacancies and wages do not answer; services and farming, which
otherwise serve slower when people are short, are limited too. An underlying price goes on
as without the shock and the world buys at the lower one; so a price comes back with the half-life, not faster. What a
switch gives up is taken at equal value at the prices of 2018 by another product, or by goods from outside that stay in
the same row of the table; the material that is given up is then no longer ordered at home.

Reads the rows. Writes: leaving, withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sim import data
from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.demand import OPENING
from sim.parameters import Month, Parameters, Shock, ShockKind, counties, county_codes, entries, parameter, shock_list
from sim.parameters.places import county_code
from sim.parameters.schedules import product_codes
from sim.state import COMMODITIES, MARKETS, Stage, State
from sim.world import World

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ALL = "all"
"""Target that stands for all markets or all counties."""

OUTSIDE = "outside"
"""What takes an input that is given up, if not another product: goods from outside."""

ARROW = " > "
"""Between an input and its buyer: "B_CATH > B_CELL"."""

FADED = 7.0
"""Half-lives after which a shock is over, with less than a hundredth left, and another may start (assumption)."""

LATE = 0.01
"""Part of a switch of technology at which the logistic curve is cut off at both ends (numerical)."""

NEGLIGIBLE = 1e-3
"""Part of an outside supply whose lack nobody notices: the month is then none of shortage (numerical, assumption)."""

MOST = 0.95
"""Greatest size where nothing left would stop the model (orders, prices, staff); for all of a leader: leader_exit."""


@lru_cache(maxsize=1)
def leader_codes() -> tuple[str, ...]:
    """Codes of the lead firms in the order of the model (sim/data/leaders.csv)."""
    return tuple(row["code"] for row in data.rows("leaders.csv"))


@lru_cache(maxsize=1)
def chain_codes() -> tuple[str, ...]:
    """Codes of the products of the four chains; prices of the others are general inflation."""
    return tuple(row["code"] for row in data.rows("products.csv") if row["chain"] in ("BAT", "NEV", "SST", "CU"))


@lru_cache(maxsize=1)
def pairs() -> tuple[str, ...]:
    """Input and buyer, "B_CATH > B_CELL", for all pairs of products."""
    return tuple(f"{part}{ARROW}{buyer}" for buyer in product_codes() for part in product_codes() if part != buyer)


KINDS: tuple[ShockKind, ...] = (
    ShockKind("leader_cut", "a lead firm", leader_codes, MOST),
    ShockKind("leader_exit", "a lead firm", leader_codes, None),
    ShockKind("diversification", "a lead firm", leader_codes, 1.0),
    ShockKind("trade_shock", "a market", lambda: (ALL, *MARKETS), MOST),
    ShockKind(
        "technology_switch",
        "an input and its buyer such as 'B_CATH > B_CELL'",
        pairs,
        1.0,
        {"to": lambda: (OUTSIDE, *product_codes())},
    ),
    ShockKind(
        "pandemic",
        "a county",
        lambda: (ALL, *county_codes()),
        MOST,
        {"products": product_codes},
        ("products",),
    ),
    ShockKind("price_collapse", "a commodity or a product of a chain", lambda: (*COMMODITIES, *chain_codes()), MOST),
)
"""The types of rows."""


def _size(default: float, low: float, high: float, symbol: str, unit: str) -> Any:
    """Size of a type where a row gives none."""
    return parameter(default, symbol=symbol, unit=unit, low=low, high=high, grade="assumed", source="assumption")


def _half_life(default: float, low: float, high: float, symbol: str, unit: str = "months") -> Any:
    """Half-life of a type where a row gives none."""
    return parameter(default, symbol=symbol, unit=unit, low=low, high=high, grade="assumed", source="assumption")


class Events(Parameters):
    """Hypothetical events, sizes and half-lives where a row gives none; land and size of some dated plants."""

    table: ClassVar[str] = "events"

    vehicle_base_plant_land: float = parameter(
        3000.0,
        symbol="mu_veh",
        unit="mu, plant",
        low=2000,
        high=4500,
        grade="assumed",
        source="assumption; with the supplier park 6,879 mu",
        newest_fact="2019-09",
        published="2019-09",
    )
    vehicle_base_supplier_land: float = parameter(
        3879.0,
        symbol="mu_sup",
        unit="mu, supplier park in Sanyu",
        low=2379,
        high=4879,
        grade="assumed",
        source="6,879 mu less the plant",
        newest_fact="2019-09",
        published="2019-09",
    )
    plant_size: Mapping[str, float] = entries("events.plant_size")
    shocks: tuple[Shock, ...] = shock_list(
        KINDS,
        first=str(OPENING + 1),
        unit="rows {type, target, start, size, half_life}",
        symbol="e",
        grade="assumed",
        source="assumption: a scenario of the user; none is in the baseline",
    )
    leader_cut_size: float = _size(0.3, 0.1, 0.7, "ev_cut_a", "share of the leader's orders that is lost")
    leader_cut_half_life: float = _half_life(24, 6, 120, "ev_cut_h")
    leader_exit_months: float = _half_life(12, 1, 36, "ev_ex_n", "months over which the home plants of a leader close")
    diversification_size: float = _size(0.3, 0.0, 0.8, "ev_div_a", "share of planned home plants moved to rival sites")
    diversification_half_life: float = _half_life(36, 12, 120, "ev_div_h")
    trade_shock_size: float = _size(0.3, 0.1, 0.8, "ev_tr_a", "share of sales to the rest of the world that is lost")
    trade_shock_half_life: float = _half_life(18, 6, 60, "ev_tr_h")
    technology_switch_size: float = _size(0.2, 0.05, 0.6, "ev_tec_a", "share of the input replaced in the end")
    technology_switch_half_life: float = _half_life(30, 12, 60, "ev_tec_h", "months until half the switch is done")
    pandemic_size: float = _size(0.3, 0.1, 0.6, "ev_pan_a", "share of staff missing at the start")
    pandemic_half_life: float = _half_life(2, 1, 6, "ev_pan_h")
    price_collapse_size: float = _size(0.5, 0.2, 0.8, "ev_pr_a", "fall of the commodity or product price")
    price_collapse_half_life: float = _half_life(12, 3, 36, "ev_pr_h")

    def size_of(self, shock: Shock) -> float:
        """Size of a row; that of its type where it gives none; 1 for what has no size."""
        given = getattr(self, f"{shock.kind}_size", 1.0) if shock.size is None else shock.size
        return float(given)

    def half_life_of(self, shock: Shock) -> float:
        """Half-life of a row, months; that of its type where it gives none; 0 (permanent) for what has none."""
        given = getattr(self, f"{shock.kind}_half_life", 0.0) if shock.half_life is None else shock.half_life
        return float(given)

    def checks(self) -> Iterator[tuple[str, str]]:
        """Rows of the same type and target follow each other: the next starts when the last has faded."""
        last: dict[tuple[str, str], tuple[int, Shock]] = {}
        for number, shock in sorted(enumerate(self.shocks), key=lambda row: (row[1].start, row[0])):
            what = shock.kind, canonical(shock)
            if what in last:
                before, earlier = last[what]
                free = self._free_from(earlier)
                if free is None or shock.start < free:
                    until = "it is permanent" if free is None else f"it fades until {free}"
                    sentence = (
                        f"{shock.kind} of {shock.target} overlaps row {before + 1}, from {earlier.start}: {until}"
                    )
                    yield f"shocks.{number}.start", sentence
                    continue
            last[what] = number, shock
        for number, shock in enumerate(self.shocks):
            if shock.names("to") and shock.names("to")[0] in shock.target.split(ARROW):
                yield f"shocks.{number}.to", "an input cannot be replaced by itself or by what it goes into"

    def _free_from(self, shock: Shock) -> Month | None:
        """Month in which the same may be hit again; None for never."""
        half_life = self.half_life_of(shock)
        if half_life == 0.0 or shock.kind == "technology_switch":
            return None
        return shock.start + int(np.ceil(FADED * half_life))

    def checks_of_run(self, last: Month) -> Iterator[tuple[str, str]]:
        """No row starts after the run has ended."""
        for number, shock in enumerate(self.shocks):
            if shock.start > last:
                yield f"shocks.{number}.start", f'"{shock.start}" is after the last month of the run, {last}'


def canonical(shock: Shock) -> str:
    """The target by its code: a county may be called by code or name."""
    return county_code(shock.target) if shock.kind == "pandemic" and shock.target != ALL else shock.target


def course(size: float, half_life: float, start: int, months: int) -> Floats:
    """(months + 1,) e(t): 0 before the start, then size x 2^(-(t - start)/half-life); row = month since the opening.

    Args:
        size: 0-1.
        half_life: months, 0 = permanent.
        start: first month with an effect, since the opening.
        months: months of the run.
    """
    passed = np.arange(months + 1) - start
    decay = np.ones(months + 1) if half_life == 0.0 else 2.0 ** (-np.maximum(passed, 0) / half_life)
    return np.where(passed >= 0, size * decay, 0.0)


def leaving(start: int, over: float, months: int) -> Floats:
    """(months + 1,) p(t): share of an exit that is done, (t - start + 1) / over from the start on, at most 1."""
    passed = np.arange(months + 1) - start + 1
    return np.clip(passed / over, 0.0, 1.0)


def switched(size: float, half_life: float, start: int, months: int) -> Floats:
    """(months + 1,) share of an input given up: size x f, f a logistic curve, 0 at the start, half after the half-life.

    f = (L - l)/(1 - 2 l) with L = 1/(1 + (1/l - 1)^(1 - (t - start)/half-life)): 1 after two half-lives; at once with
    half-life 0.

    Args:
        size: share given up in the end, 0-1.
        half_life: months until half of it is done.
        start: month of the beginning, since the opening.
        months: months of the run.
    """
    passed = np.arange(months + 1) - start
    if half_life == 0.0:
        return np.where(passed >= 0, size, 0.0)
    phase = np.clip(passed / half_life, 0.0, 2.0)
    curve = 1.0 / (1.0 + (1.0 / LATE - 1.0) ** (1.0 - phase))
    return np.asarray(size * np.clip((curve - LATE) / (1.0 - 2.0 * LATE), 0.0, 1.0))


@dataclass(frozen=True)
class Switch:
    """One switch of technology.

    Attributes:
        part: input that is given up.
        buyer: industry that gives it up.
        to: product that takes its place, -1 = goods from outside.
        path: (months + 1,) share of the input given up.
    """

    part: int
    buyer: int
    to: int
    path: Floats


@dataclass(frozen=True)
class Effects:
    """The rows of a scenario by month, row 0 = opening; None where nothing of the kind happens.

    Attributes:
        leader_cut, leader_exit, diversification: (months + 1, G) share lost, done, moved.
        trade_shock: (months + 1, M) share of sales abroad lost.
        pandemic: (months + 1, C) share of staff missing.
        supply: (months + 1, K) share of the usual outside supply missing.
        commodity: (months + 1, Q), product: (months + 1, K) fall of prices.
        switches: switches of technology.
    """

    leader_cut: Floats | None = None
    leader_exit: Floats | None = None
    diversification: Floats | None = None
    trade_shock: Floats | None = None
    pandemic: Floats | None = None
    supply: Floats | None = None
    commodity: Floats | None = None
    product: Floats | None = None
    switches: tuple[Switch, ...] = ()


def compile_shocks(shocks: Events, world: World, months: int) -> Effects | None:
    """The rows of a scenario by month; None where nothing happens.

    Args:
        shocks: rows, sizes and half-lives.
        world: products.
        months: months from the opening to the end of the run.
    """
    sizes = {
        "leader_cut": len(leader_codes()),
        "leader_exit": len(leader_codes()),
        "diversification": len(leader_codes()),
        "trade_shock": len(MARKETS),
        "pandemic": len(counties()),
        "supply": world.product_count,
        "commodity": len(COMMODITIES),
        "product": world.product_count,
    }
    left = {name: np.ones((months + 1, size)) for name, size in sizes.items()}
    switches = []
    for shock in shocks.shocks:
        size, half_life, start = shocks.size_of(shock), shocks.half_life_of(shock), shock.start - OPENING
        if shock.kind == "technology_switch":
            part, buyer = (world.product(code) for code in shock.target.split(ARROW))
            to = (*shock.names("to"), OUTSIDE)[0]
            taker = -1 if to == OUTSIDE else world.product(to)
            switches.append(Switch(part, buyer, taker, switched(size, half_life, start, months)))
            continue
        exit_ = shock.kind == "leader_exit"
        path = leaving(start, shocks.leader_exit_months, months) if exit_ else course(size, half_life, start, months)
        for name, where in _hit(shock, world):
            left[name][:, where] *= (1.0 - path)[:, None]
    left["supply"][left["supply"] > 1.0 - NEGLIGIBLE] = 1.0
    found: dict[str, Any] = {name: 1.0 - part for name, part in left.items() if (part < 1.0).any()}
    found["switches"] = tuple(switch for switch in switches if switch.path.any())
    for array in (*(found[name] for name in found if name != "switches"), *(each.path for each in switches)):
        array.setflags(write=False)
    return Effects(**found) if len(found) > 1 or found["switches"] else None


def _hit(shock: Shock, world: World) -> Iterator[tuple[str, list[int]]]:
    """The quantities that a row hits, and at which positions."""
    target = canonical(shock)
    if shock.kind in ("leader_cut", "leader_exit", "diversification"):
        yield shock.kind, [leader_codes().index(target)]
    elif shock.kind == "price_collapse":
        raw = target in COMMODITIES
        yield ("commodity", [COMMODITIES.index(target)]) if raw else ("product", [world.product(target)])
    else:
        known = MARKETS if shock.kind == "trade_shock" else counties()
        yield shock.kind, list(range(len(known))) if target == ALL else [known.index(target)]
        yield "supply", [world.product(code) for code in shock.names("products")]


# --- what mechanisms read -------------------------------------------------------------------------------------------


def effect(state: State, name: str, ago: int = 0) -> Floats | None:
    """The effect of a month on a quantity, an array of :class:`Effects`; None where no row of the run concerns it.

    Args:
        state: with its month.
        name: attribute of :class:`Effects`.
        ago: months back.
    """
    effects = getattr(state, "shocks", None)  # small states made for tests have none
    path = None if effects is None else getattr(effects, name)
    return None if path is None else np.asarray(path[state.month - ago])


def switches(state: State) -> tuple[tuple[Switch, float], ...]:
    """Switches of technology and the share of the input that is given up in this month, those under way only."""
    effects = getattr(state, "shocks", None)
    found = () if effects is None else effects.switches
    now = ((switch, float(switch.path[state.month])) for switch in found)
    return tuple((switch, share) for switch, share in now if share > 0.0)


def missing_supply(state: State) -> Bools:
    """(K,) products whose outside supply a pandemic limits in some month of the run."""
    effects = getattr(state, "shocks", None)
    if effects is None or effects.supply is None:
        return np.zeros(state.world.product_count, dtype=np.bool_)
    return np.asarray((effects.supply > 0).any(axis=0))


def share_abroad(home: Floats, outside: Floats, exported: Floats, lost: Floats) -> Floats:
    """(K,) part of outside sales that leaves the country when there is no trade shock.

    Exports without the shock are x (H + S0), never more than outside sales S0; what is seen is S = S0 - e x (H + S0).

    Args:
        home: (K,) H, sales to buyers at home of last month.
        outside: (K,) S, sales outside of last month.
        exported: (K,) x, share of output that leaves the country.
        lost: (K,) e of last month, below 1.
    """
    usual = (outside + lost * exported * home) / (1.0 - lost * exported)
    part = np.divide(exported * (home + usual), usual, out=exported.copy(), where=usual > 0)
    return np.minimum(part, 1.0)


def gone(state: State) -> Bools:
    """(G,) lead firms that are leaving or have left."""
    done = effect(state, "leader_exit")
    return np.zeros(len(state.leaders), dtype=np.bool_) if done is None else done > 0.0


class Withdrawal:
    """Closes the home plants of a lead firm that leaves, and stops those under way."""

    phase: ClassVar[Phase] = Phase.CLOSE
    writes: ClassVar[tuple[str, ...]] = ("leaving", "withdrawn")

    def step(self, state: State, streams: Streams) -> None:
        """Of n plants, the oldest k are closed when k/n of the time has passed."""
        del streams
        done = effect(state, "leader_exit")
        if done is None or not done.any():
            return
        firms, projects = state.firms, state.projects
        closing = np.zeros(len(firms), dtype=np.bool_)
        for group in np.flatnonzero(done > 0.0):
            plants = np.flatnonzero(firms.leader == group)  # closed ones too: rows stay, so the count stays
            order = plants[np.argsort(firms.birth[plants], kind="stable")]
            closing[order[: int(np.floor(done[group] * len(order) + 1e-9))]] = True
        state.boards.leaving = closing & firms.alive
        own = np.append(done > 0.0, False)[projects.leader]  # the last stands for -1: no leader
        state.boards.withdrawn = own & (projects.stage >= Stage.SIGNED) & (projects.stage <= Stage.BUILD)
