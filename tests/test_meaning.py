"""Numbers that mean nothing stop the run in their own phase, and the message leads to the fault."""

from collections.abc import Callable

import numpy as np
import pytest

import sim
from sim.accounts import BrokenIdentityError
from sim.meaning import BY_PHASE, QUANTITIES, LostMeaningError, check_meaning, first_without_meaning
from sim.mechanisms import Phase, firms, labour, prices
from sim.model import NingdeModel
from sim.state import State
from tests.runs import aged


@pytest.fixture
def model() -> NingdeModel:
    """A year into the baseline."""
    return aged(12, 3)


def spoil(part: object, change: Callable[[State], None]) -> None:
    """Let a mechanism write something else on its boards as well."""
    honest = part.step  # type: ignore[attr-defined]

    def step(state: State, streams: object) -> None:
        honest(state, streams)
        change(state)

    part.step = step  # type: ignore[attr-defined]


def part_of(model: NingdeModel, kind: type) -> object:
    return next(part for part in model.month_list if isinstance(part, kind))


def scrap_twice(state: State) -> None:
    state.boards.scrapped[7] = 1.5 * state.firms.capital[7] + 1.0


def forget_wage(state: State) -> None:
    state.boards.wage[1, 3] = np.nan


def price_of_nothing(state: State) -> None:
    state.boards.price = state.boards.price.copy()
    state.boards.price[3] = 0.0


def too_many_leave(state: State) -> None:
    state.boards.departures[0, 4] = 1e7


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        (
            firms.Investment,
            scrap_twice,
            ("capital", "after GROW of month 13 (2015-01)", "firm row 7", "firms.Investment"),
        ),
        (labour.Wages, forget_wage, ("wage", "after GROW", "high skill", "no finite", "boards of labour.Wages (wage)")),
        (
            prices.WorldPrices,
            price_of_nothing,
            ("price index", "after WORLD", "B_SEPA", "above 0", "prices.WorldPrices"),
        ),
    ],
)
def test_a_fault_names_month_place_and_mechanism(model, kind, change, words) -> None:
    spoil(part_of(model, kind), change)
    with pytest.raises(LostMeaningError) as caught:
        model.step()
    for part in words:
        assert part in str(caught.value)


def test_more_people_leave_than_live(model) -> None:
    from sim.mechanisms.migration import Migration

    spoil(part_of(model, Migration), too_many_leave)
    with pytest.raises(LostMeaningError, match=r"residents of working age \(.*, low skill\).*migration\.Migration"):
        model.step()


def spoiled(values: np.ndarray, bad: float) -> np.ndarray:
    changed = np.array(values, dtype=np.float64)
    changed.ravel()[changed.size // 2] = bad
    return changed


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_every_quantity_is_looked_at_in_every_phase_that_writes_it(model, bad: float) -> None:
    """A wrong value in the middle of each array, one by one; a float alone; V may be negative."""
    state = model.state
    for quantity in QUANTITIES:
        values = quantity.of(state)
        if values is None or (not isinstance(values, float) and not values.size):
            continue
        if bad < 0 and quantity.low == -np.inf:
            continue
        changed = bad if isinstance(values, float) else spoiled(values, bad)
        look = type(quantity)(quantity.words, lambda _, c=changed: c, quantity.phases, quantity.boards, quantity.low)
        assert look.at_fault(state), quantity.words
        assert not quantity.at_fault(state), quantity.words
        for phase in quantity.phases:
            assert any(quantity in group for group in BY_PHASE[phase].values())


def test_shares_above_one_are_seen(model) -> None:
    model.state.links.weight[5] = 1.2
    with pytest.raises(LostMeaningError, match=r"share of a supplier .*firm row.*cannot be above 1"):
        check_meaning(model.state, Phase.SUPPLY, model.month_list)


def test_what_is_negative_by_nature_passes(model) -> None:
    model.state.firms.surplus[:] = -5.0
    model.state.outside_value[:] = -3.0
    for phase in Phase:
        check_meaning(model.state, phase, model.month_list)


def test_a_run_that_lost_its_meaning_is_told_like_broken_books() -> None:
    """The command line and ensembles catch both alike."""
    assert issubclass(LostMeaningError, BrokenIdentityError)


def test_quantities_name_boards_that_exist(model) -> None:
    from dataclasses import fields

    from sim.state import Boards

    names = {field.name for field in fields(Boards)}
    written = {name for part in model.month_list for name in part.writes}
    for quantity in QUANTITIES:
        assert set(quantity.boards) <= names, quantity.words
        assert not quantity.boards or set(quantity.boards) & written, quantity.words


def test_the_opening_means_something() -> None:
    state = NingdeModel(sim.load("baseline"), seed=3).state
    assert first_without_meaning(state) is None
    state.counties.wage_by_skill[0, 2] = 0.0
    assert "wage" in str(first_without_meaning(state))
