"""Numbers that must mean something: a stock below nothing, a price of nothing or no number at all stops the run.

The books (:mod:`sim.accounts`) see when stocks and flows part. They do not see a stock that is wrong together with its
flow: capital that falls below zero because more is scrapped than there is, or a wage that becomes NaN and makes every
later comparison false. So after each phase the stocks that its resolver writes are looked at once more, and only those:
the phase that spoiled a number is then known without repeating the month, and in all phases together the month is
gone through once.

A :class:`Quantity` says what is looked at, in which phases it is written, how small and how large it may be, and from
which boards it is made. With the boards the message can name the mechanisms that proposed it; boards with a number that
is none are named first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.accounts import BrokenIdentityError, where_is
from sim.mechanisms import Mechanism, Phase
from sim.mechanisms.demand import OPENING
from sim.state import COMMODITIES, MARKETS, State

Floats = NDArray[np.float64]

ROUNDING = 1e-6
"""What sums and differences of stocks may leave below zero or above one: mu, persons, M yuan or shares."""

LEAST_POSITIVE = 1e-300
"""A price, a wage or a productivity must be above nothing, so that it can be divided by."""


LONG = 10_000
"""Values above which putting arrays together costs more than looking at each (numerical, speed only)."""

SHARE_BOUNDS = (-ROUNDING, 1.0 + ROUNDING)
"""What a share may be."""


class LostMeaningError(BrokenIdentityError):
    """A stock, a price or a share has a value that nothing in the world can have; the run stops."""


@dataclass(frozen=True)
class Quantity:
    """One number of the state that must keep its meaning.

    Attributes:
        words: what it is, with its unit.
        of: takes its values from the state; None where it does not exist in this run.
        phases: phases whose resolver writes it.
        boards: boards from which it is made.
        low: least value.
        high: greatest value.
        axis: what the cells are, as in :func:`sim.accounts.where_is`.
    """

    words: str
    of: Callable[[State], Floats | float | None]
    phases: tuple[Phase, ...]
    boards: tuple[str, ...] = ()
    low: float = -ROUNDING
    high: float = np.inf
    axis: str = ""

    def at_fault(self, state: State) -> bool:
        """Whether some value is too small, too large or no number."""
        return _spoiled([self.of(state)], self.low, self.high)


def _spoiled(parts: Sequence[Floats | float | None], low: float, high: float) -> bool:
    """Whether some value lies outside its bounds or is no number: one pass for the minimum and one for the rest.

    Args:
        parts: values; None where a quantity does not exist.
        low: least value.
        high: greatest value.
    """
    arrays = [np.asarray(part, dtype=np.float64).reshape(-1) for part in parts if part is not None]
    if sum(map(len, arrays)) > LONG:
        return any(_outside(values, low, high) for values in arrays)
    return _outside(np.concatenate(arrays), low, high) if arrays else False


def _outside(values: Floats, low: float, high: float) -> bool:
    """Whether some of the values (n,) is no number or not from low to high."""
    if not values.size:
        return False
    # NaN makes the minimum NaN; an infinite value, or one whose square is, makes the product infinite
    if not np.minimum.reduce(values) >= low or not np.dot(values, values) < np.inf:
        return True
    return bool(high < np.inf and not np.maximum.reduce(values) <= high)


def _firms(name: str) -> Callable[[State], Floats | None]:
    return lambda state: getattr(state.firms, name)


def _critical(state: State) -> Floats | None:
    return None if state.critical is None else state.critical.stock


def _talent_amenity(state: State) -> Floats | None:
    return None if state.talent is None else state.talent.amenity


WORLD, PROPOSE, PLACE, BUILD, SUPPLY, PRODUCE, GROW, CLOSE, SHARE = tuple(Phase)[:9]

QUANTITIES: tuple[Quantity, ...] = (
    # 1 WORLD
    Quantity(
        "market volume", lambda s: s.markets.volume, (WORLD,), ("volume", "components"), LEAST_POSITIVE, axis="market"
    ),
    Quantity(
        "commodity price", lambda s: s.markets.commodity, (WORLD,), ("commodity",), LEAST_POSITIVE, axis="commodity"
    ),
    Quantity("price index", lambda s: s.markets.price, (WORLD,), ("price",), LEAST_POSITIVE, axis="product"),
    Quantity("general price level", lambda s: s.markets.price_level, (WORLD,), ("price_level",), LEAST_POSITIVE),
    Quantity("conversion cost", lambda s: s.markets.conversion, (WORLD,), ("conversion",), axis="product"),
    Quantity(
        "material use of a cell", lambda s: s.markets.material_factor, (WORLD,), ("material_factor",), LEAST_POSITIVE
    ),
    Quantity("experience", lambda s: s.markets.experience, (WORLD,), ("experience",), LEAST_POSITIVE, axis="product"),
    Quantity("share of rainy days", lambda s: s.markets.rain, (WORLD,), ("rain",), *SHARE_BOUNDS, "county"),
    # 2 PROPOSE
    Quantity(
        "world share of a leader",
        lambda s: s.leaders.share,
        (PROPOSE,),
        ("share",),
        *SHARE_BOUNDS,
        "leader",
    ),
    Quantity("orders of a leader, M yuan a month", lambda s: s.leaders.ordered, (PROPOSE,), ("orders",), axis="leader"),
    Quantity("rival capacity, M yuan a month", lambda s: s.rivals.capacity, (PROPOSE,), ("rival_building",)),
    Quantity("promotion effort, M yuan a year", lambda s: s.effort, (PROPOSE,), ("effort",)),
    Quantity("grant on offer", lambda s: s.counties.incentive, (PROPOSE,), ("incentive",), *SHARE_BOUNDS, "county"),
    # 3 PLACE
    Quantity("service index", lambda s: s.counties.service, (PLACE,), ("county_service",), *SHARE_BOUNDS, "county"),
    Quantity("survival of a project", lambda s: s.projects.survival, (PLACE,), ("survival",), *SHARE_BOUNDS, "project"),
    Quantity("V of other places", lambda s: s.outside_value, (PLACE,), ("outside_value",), -np.inf, axis="product"),
    # 4 BUILD, and what events, investment and exits do to land
    Quantity(
        "occupied land, mu",
        lambda s: s.parks.occupied,
        (PROPOSE, PLACE, BUILD, GROW, CLOSE),
        ("developed", "land_taken"),
        axis="park",
    ),
    Quantity(
        "idle plots that nobody clears, mu",
        lambda s: s.parks.idle_plots,
        (PLACE, BUILD, CLOSE),
        ("exits", "land_reform"),
        axis="park",
    ),
    Quantity("released land, mu", lambda s: s.parks.released, (PLACE, BUILD, CLOSE), ("land_reform",), axis="park"),
    Quantity(
        "free land, mu",
        lambda s: s.parks.free,
        (PROPOSE, PLACE, BUILD, GROW, CLOSE),
        ("developed", "land_taken"),
        axis="park",
    ),
    Quantity("land price, M yuan a mu", lambda s: s.parks.price, (BUILD,), ("land_price",), axis="park"),
    Quantity("land quota, mu", lambda s: s.counties.quota, (BUILD,), ("quota_issued", "developed"), axis="county"),
    Quantity(
        "work left, months", lambda s: s.projects.work_left, (PROPOSE, PLACE, BUILD), ("work_progress",), axis="project"
    ),
    Quantity("quota still to be ceded, mu", lambda s: s.contracts.quota_due, (BUILD,)),
    Quantity("road works left, share of minutes", lambda s: s.roads.left, (BUILD,), ("road_work",), *SHARE_BOUNDS),
    Quantity("minutes between counties", lambda s: s.roads.minutes, (BUILD,), ("minutes",), LEAST_POSITIVE),
    # 5 SUPPLY
    Quantity("share of a supplier", lambda s: s.links.weight, (SUPPLY,), ("weight",), *SHARE_BOUNDS, "link"),
    Quantity("outside option, M yuan a month", lambda s: s.relations.option, (SUPPLY,), ("option",), axis="relation"),
    # 6 PRODUCE
    Quantity("capacity, M yuan a month", _firms("capacity"), (PRODUCE,), ("capacity",), axis="firm"),
    Quantity("unit cost", _firms("unit_cost"), (PRODUCE,), ("unit_cost",), LEAST_POSITIVE, axis="firm"),
    Quantity(
        "output, M yuan a month",
        _firms("output"),
        (PRODUCE,),
        ("capacity", "outside_demand", "electricity_limit"),
        axis="firm",
    ),
    Quantity("orders, M yuan a month", _firms("orders"), (PRODUCE,), ("outside_demand",), axis="firm"),
    Quantity("staff, persons", _firms("staff"), (PRODUCE,), ("wanted", "expected"), axis="firm"),
    Quantity("wages paid, M yuan a month", _firms("wages"), (PRODUCE,), ("wanted", "wage"), axis="firm"),
    Quantity("surplus, M yuan a month", _firms("surplus"), (PRODUCE,), ("outside_demand",), -np.inf, axis="firm"),
    Quantity("persons at work", lambda s: s.people.workers, (PRODUCE,), ("wanted",)),
    Quantity(
        "backlog of a leader, M yuan a month", lambda s: s.leaders.backlog, (PRODUCE,), ("orders",), axis="leader"
    ),
    Quantity("stock of a critical input, M yuan", _critical, (PRODUCE,), ("outside_supply",)),
    # 7 GROW
    Quantity(
        "capital, M yuan", _firms("capital"), (BUILD, GROW), ("investment", "scrapped", "work_progress"), axis="firm"
    ),
    Quantity(
        "productivity",
        _firms("productivity"),
        (GROW,),
        ("productivity_growth", "cluster_growth"),
        LEAST_POSITIVE,
        axis="firm",
    ),
    Quantity("jobs per output", _firms("jobs_intensity"), (GROW,), ("frontier_growth", "deepening"), axis="firm"),
    Quantity("land of a firm, mu", _firms("land"), (GROW, CLOSE), ("land_taken",), axis="firm"),
    Quantity("cash, M yuan", _firms("cash"), (GROW, CLOSE), ("investment", "land_taken"), axis="firm"),
    Quantity("debt, M yuan", _firms("debt"), (GROW, CLOSE), ("investment", "land_taken"), axis="firm"),
    Quantity(
        "wage, yuan a year",
        lambda s: s.counties.wage_by_skill,
        (GROW,),
        ("wage",),
        LEAST_POSITIVE,
        axis="skill, county",
    ),
    Quantity("national wage", lambda s: s.people.national_wage, (GROW,), ("national_wage",), LEAST_POSITIVE),
    Quantity(
        "residents of working age",
        lambda s: s.people.working_age,
        (GROW,),
        ("arrivals", "departures", "moves", "births_of_people"),
        axis="skill, county",
    ),
    Quantity("talent per job", lambda s: s.counties.talent, (GROW,), ("talent",), LEAST_POSITIVE, axis="county"),
    Quantity("amenities of the talent plan", _talent_amenity, (GROW,), ("talent",), axis="county"),
    # 9 SHARE
    Quantity(
        "transfers earmarked and not spent, M yuan",
        lambda s: s.budgets.earmarked,
        (BUILD, GROW, SHARE),
        ("trained", "public_revenue"),
        axis="county",
    ),
    Quantity(
        "earmarked money in land, M yuan", lambda s: s.budgets.earmarked_land, (BUILD,), ("developed",), axis="county"
    ),
    Quantity("balance of a budget, M yuan", lambda s: s.budgets.balance, (SHARE,), ("public_revenue",), axis="budget"),
    Quantity("debt of a budget, M yuan", lambda s: s.budgets.debt, (SHARE,), ("public_spending",), axis="budget"),
    Quantity("ordinary spending, M yuan", lambda s: s.budgets.ordinary, (SHARE,), ("public_spending",), axis="budget"),
    Quantity(
        "funded share of levers", lambda s: s.budgets.funded, (SHARE,), ("public_asked",), *SHARE_BOUNDS, "budget"
    ),
    Quantity("trust of an origin in a host", lambda s: s.trust, (SHARE,), ("enclave_shares",), *SHARE_BOUNDS),
    Quantity("tax promised to origins, M yuan", lambda s: s.contracts.promised, (SHARE,), ("enclave_shares",)),
    Quantity("tax paid to origins, M yuan", lambda s: s.contracts.paid, (SHARE,), ("enclave_shares",)),
    Quantity("income, M yuan a month", lambda s: s.people.income, (SHARE,), ("income",), axis="county"),
    Quantity(
        "usual profits, M yuan a month", lambda s: s.people.usual_profits, (SHARE,), ("usual_profits",), axis="county"
    ),
    Quantity(
        "household spending, M yuan a month", lambda s: s.people.consumption, (SHARE,), ("consumption",), axis="county"
    ),
)
"""What is looked at; a new column of the state that decides something adds its line."""

Bounds = tuple[float, float]


def _by_bounds(phase: Phase) -> dict[Bounds, tuple[Quantity, ...]]:
    """What a phase writes, gathered by bounds, so that many short arrays cost one comparison."""
    written = [quantity for quantity in QUANTITIES if phase in quantity.phases]
    bounds = dict.fromkeys((quantity.low, quantity.high) for quantity in written)
    return {pair: tuple(each for each in written if (each.low, each.high) == pair) for pair in bounds}


BY_PHASE: dict[Phase, dict[Bounds, tuple[Quantity, ...]]] = {phase: _by_bounds(phase) for phase in Phase}
"""What each phase writes, by bounds."""


def check_meaning(state: State, phase: Phase, month: Iterable[Mechanism] = ()) -> None:
    """Look at what a phase has written.

    Args:
        state: after the resolver of the phase.
        phase: the phase.
        month: mechanisms of the month, to be named in the message.

    Raises:
        LostMeaningError: names month, phase, quantity, county, product, value and the mechanisms behind it.
    """
    for (low, high), written in BY_PHASE[phase].items():
        if _spoiled([quantity.of(state) for quantity in written], low, high):
            fault = next((quantity for quantity in written if quantity.at_fault(state)), written[0])
            raise LostMeaningError(_told(state, fault, phase, tuple(month)))


def first_without_meaning(state: State) -> str | None:
    """Words for the first quantity of an opening position that means nothing, None where all do.

    Args:
        state: the position before the first month.
    """
    return next((_value(state, quantity) for quantity in QUANTITIES if quantity.at_fault(state)), None)


def _told(state: State, quantity: Quantity, phase: Phase, month: tuple[Mechanism, ...]) -> str:
    """What went wrong, when, where and through whom."""
    text = f"{_value(state, quantity)}: after {phase.name} of month {state.month} ({OPENING + state.month})"
    behind = [part for part in month if part.phase == phase and set(part.writes) & set(quantity.boards)]
    behind = behind or [part for part in month if part.phase == phase]
    if behind:
        text += f"; it is made from what {', '.join(map(_name, behind))} proposed"
    spoiled = [
        f"{_name(part)} ({', '.join(names)})"
        for part in month
        if part.phase <= phase and (names := _no_numbers(state, part))
    ]
    if spoiled:
        text += f"; no numbers on the boards of {', '.join(spoiled)}"
    return text


def _value(state: State, quantity: Quantity) -> str:
    """The worst value, its place and what is allowed."""
    values = np.atleast_1d(np.asarray(quantity.of(state), dtype=np.float64))
    wrong = ~((values >= quantity.low) & (values <= quantity.high) & np.isfinite(values))
    short = np.where(wrong, np.maximum(quantity.low - values, values - quantity.high), -np.inf)
    at = int(np.where(np.isfinite(values), short, np.inf).argmax())
    value = float(values.ravel()[at])
    if not np.isfinite(value):
        allowed = "which is no finite number"
    elif value < quantity.low:
        allowed = "which must be above 0" if quantity.low == LEAST_POSITIVE else "which cannot be below 0"
    else:
        allowed = f"which cannot be above {round(quantity.high, 3):g}"
    where = _cell(state, at, values.shape, quantity.axis)
    return f"{quantity.words}{where and f' ({where})'} is {value:.6g}, {allowed}"


def _cell(state: State, at: int, shape: tuple[int, ...], axis: str) -> str:
    """Words for a cell; county and product wherever the thing has them."""
    world, firms, links, projects = state.world, state.firms, state.links, state.projects
    if axis == "skill, county":
        skill, county = divmod(at, shape[-1])
        return f"{world.county_names[county]}, {('low', 'high')[skill]} skill"
    if axis == "project":
        placed = int(projects.county[at])
        county_name = world.county_names[placed] if placed >= 0 else "no county"
        return f"{county_name}, {world.products[projects.product[at]]}, project row {at}"
    if axis == "link":
        buyer = int(state.relations.buyer[links.relation[at]])
        return f"from {where_is(state, int(links.supplier[at]), 'firm')} to {where_is(state, buyer, 'firm')}"
    if axis == "relation":
        relations = state.relations
        return f"{where_is(state, int(relations.buyer[at]), 'firm')}, input {world.products[relations.product[at]]}"
    if axis == "leader":
        row = np.flatnonzero(firms.leader == at)
        product = world.products[state.leaders.product[at]]
        return f"leader {at}, {product}" + (f", {world.county_names[firms.county[row[0]]]}" if len(row) else "")
    names = {"product": world.products, "market": MARKETS, "commodity": COMMODITIES}
    if axis in names:
        return str(names[axis][at])
    return where_is(state, at, axis)


def _name(part: Mechanism) -> str:
    """File and class of a mechanism: ``firms.Investment``."""
    return f"{type(part).__module__.rpartition('.')[2]}.{type(part).__name__}"


def _no_numbers(state: State, part: Mechanism) -> list[str]:
    """Boards of a mechanism that hold a NaN (a price or share that is not set yet may be NaN by design: ``option``)."""
    found = []
    for name in part.writes:
        value = getattr(state.boards, name, None)
        if name != "option" and isinstance(value, np.ndarray | float) and np.isnan(value).any():
            found.append(name)
    return found
