"""Faults planted on purpose: each is caught by the routine tests of its subject.

Every fault is one exact change of the source in a copy of the project: a sign, an index, a month, a unit, a lost or a
doubled term, an array changed in place. The routine test named beside it is run on the copy. A fault counts as caught
when that test, which passes on the copy without it, fails; faults that only stop tests from being read do not count.

When the source changes, a planted fault may no longer apply: then it says so, and the line is to be renewed.
"""

import queue
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.copies import copy_project, python, replace_once

WORKERS = 2


class Bug(NamedTuple):
    """A fault.

    Attributes:
        words: what goes wrong.
        kind: sort of fault.
        file: of the package.
        old: text that occurs exactly once in the file.
        new: what stands there instead.
        tests: routine test that is to notice, or a quick file of them.
    """

    words: str
    kind: str
    file: str
    old: str
    new: str
    tests: str


BUGS = (
    Bug(
        "wages fall where posts stay open",
        "sign",
        "mechanisms/labour.py",
        "self.labour.wage_curve * (people.vacancy - self.labour.vacancy_normal)",
        "self.labour.wage_curve * (self.labour.vacancy_normal - people.vacancy)",
        "mechanisms/test_labour.py::test_wages_follow_vacancies_of_the_county",
    ),
    Bug(
        "pay goes to workplaces instead of homes",
        "swapped index",
        "mechanisms/households.py",
        "total = workers.sum(axis=1, keepdims=True)",
        "total = workers.sum(axis=2, keepdims=True)",
        "mechanisms/test_households.py::test_commuters_take_the_mean_wage_of_their_workplace_home",
    ),
    Bug(
        "movers leave the county they arrive in",
        "swapped index",
        "resolvers/closing.py",
        "boards.departures + boards.moves.sum(axis=2)",
        "boards.departures + boards.moves.sum(axis=1)",
        "resolvers/test_closing.py",
    ),
    Bug(
        "people leave where pay is good",
        "sign",
        "mechanisms/migration.py",
        "np.maximum(-better, 0.0)",
        "np.maximum(better, 0.0)",
        "mechanisms/test_migration.py",
    ),
    Bug(
        "counties keep all taxes and the city level its share",
        "double count",
        "mechanisms/fiscal.py",
        "np.append((1.0 - city_share) * local, ",
        "np.append(local, ",
        "mechanisms/test_fiscal.py::test_the_city_level_keeps_its_share",
    ),
    Bug(
        "January counts as a month that lags behind the plan",
        "off by one",
        "resolvers/funnel.py",
        'state.lever("promotion.plan_target"), calendar - 1)',
        'state.lever("promotion.plan_target"), calendar)',
        "resolvers/test_funnel.py",
    ),
    Bug(
        "outside demand of last month",
        "off by one",
        "mechanisms/demand.py",
        "known = self.path.known[:, month]",
        "known = self.path.known[:, month - 1]",
        "mechanisms/test_demand.py",
    ),
    Bug(
        "a plant is its own neighbour",
        "double count",
        "mechanisms/agglomeration.py",
        "sum_by(cell, jobs, cells)[cell] - jobs",
        "sum_by(cell, jobs, cells)[cell]",
        "mechanisms/test_agglomeration.py::test_neighbours_count_and_oneself_does_not",
    ),
    Bug(
        "efficiency of a year every month",
        "unit",
        "mechanisms/energy.py",
        "firms.energy_intensity * firms.output * (1.0 - efficiency) ** (month / YEAR)",
        "firms.energy_intensity * firms.output * (1.0 - efficiency) ** month",
        "mechanisms/test_energy.py::test_use_falls_by_the_yearly_rate",
    ),
    Bug(
        "experience makes dearer",
        "sign",
        "mechanisms/prices.py",
        "(experience / self.reference) ** -self.exponent",
        "(experience / self.reference) ** self.exponent",
        "mechanisms/test_prices.py::test_more_experience_makes_cells_cheaper_by_the_learning_rate",
    ),
    Bug(
        "the metal is paid twice",
        "double count",
        "mechanisms/prices.py",
        "(exposure @ (commodity - 1.0)) / share",
        "(exposure @ commodity) / share",
        "mechanisms/test_prices.py::test_a_commodity_is_paid_inside_the_input_that_carries_it",
    ),
    Bug(
        "leader and rivals swap their fitness",
        "swapped index",
        "mechanisms/leaders.py",
        "share * np.exp(speed * fitness), (1.0 - share) * np.exp(speed * rest)",
        "share * np.exp(speed * rest), (1.0 - share) * np.exp(speed * fitness)",
        "mechanisms/test_leaders.py::test_the_odds_move_by_relative_fitness",
    ),
    Bug(
        "the backlog is ordered again",
        "double count",
        "resolvers/production.py",
        "np.maximum(rows.backlog + orders - rows.delivered, 0.0)",
        "np.maximum(rows.backlog + rows.ordered - rows.delivered, 0.0)",
        "mechanisms/test_leaders.py::test_the_backlog_is_what_was_ordered_and_not_delivered_less_what_is_given_up",
    ),
    Bug(
        "a supplier qualifies a month late",
        "off by one",
        "mechanisms/sourcing.py",
        "able = firms.alive & ((state.month - firms.birth >= qualification_of(state))",
        "able = firms.alive & ((state.month - firms.birth > qualification_of(state))",
        "mechanisms/test_sourcing.py::test_a_new_supplier_qualifies_before_it_sells",
    ),
    Bug(
        "only some of the outside option counts",
        "lost term",
        "mechanisms/sourcing.py",
        "option = np.where(np.isnan(first), grown, first)",
        "option = np.where(np.isnan(first), relations.option, first)",
        "mechanisms/test_sourcing.py::test_the_outside_option_grows_with_its_market",
    ),
    Bug(
        "far from the sponsor is better",
        "sign",
        "mechanisms/location.py",
        "value - q.leader_time * minutes",
        "value + q.leader_time * minutes",
        "mechanisms/test_location.py::test_distance_to_the_leader_pushes_suppliers_to_the_core",
    ),
    Bug(
        "land of dated plants is reserved twice",
        "double count",
        "mechanisms/location.py",
        "(projects.graft[signed] < 0) & (projects.land_held[signed] <= 0)",
        "(projects.graft[signed] < 0)",
        "mechanisms/test_location.py::test_land_that_signed_projects_wait_for_is_taken",
    ),
    Bug(
        "effort forgets what it should keep",
        "swapped weights",
        "mechanisms/promotion.py",
        "keep * state.effort + (1.0 - keep) * spent",
        "(1.0 - keep) * state.effort + keep * spent",
        "mechanisms/test_promotion.py::test_effort_moves_to_its_new_mix_with_memory",
    ),
    Bug(
        "new land counts as free but not as developed",
        "stale",
        "mechanisms/land.py",
        "parks.on_offer + boards.developed, parks.developed + boards.developed, self.base",
        "parks.on_offer + boards.developed, parks.developed, self.base",
        "mechanisms/test_land.py::test_a_reserve_is_spread_over_the_rest_of_the_plan",
    ),
    Bug(
        "service makes rain worse",
        "sign",
        "mechanisms/construction.py",
        "(1.0 - c.rain_mitigation * service)",
        "(1.0 + c.rain_mitigation * service)",
        "mechanisms/test_construction.py::test_anchors_of_a_project_of_reference_size",
    ),
    Bug(
        "two grafts of a month on one firm count once",
        "lost addition",
        "resolvers/building.py",
        "np.add.at(firms.capital, projects.graft[graft], projects.investment[graft])",
        "firms.capital[projects.graft[graft]] += projects.investment[graft]",
        "resolvers/test_building.py",
    ),
    Bug(
        "final users get what industry used",
        "double count",
        "mechanisms/production.py",
        "np.divide(output - supply.delivered, total",
        "np.divide(output, total",
        "mechanisms/test_production.py::test_home_producers_are_served_first_and_the_books_close",
    ),
    Bug(
        "thrift is applied to the shared coefficients every time",
        "stale cache",
        "mechanisms/prices.py",
        "inputs, size, cell = opening.copy(), ",
        "inputs, size, cell = opening, ",
        "test_identities.py::test_the_inverse_gives_output_back",
    ),
    Bug(
        "growth against the months of January to October",
        "off by one",
        "statistics/bureau.py",
        "monthly[start - YEAR : start - YEAR + months].sum()",
        "monthly[start - YEAR : start - YEAR + months - 1].sum()",
        "test_statistics.py::test_year_to_date_growth_compares_the_same_months",
    ),
    Bug(
        "residents at work are counted where they work",
        "swapped index",
        "statistics/record.py",
        'a["commuters"][at].sum(axis=1)',
        'a["commuters"][at].sum(axis=0)',
        "statistics/test_people.py",
    ),
    Bug(
        "luck of exit by row instead of slot",
        "swapped index",
        "mechanisms/firms.py",
        "luck[np.maximum(firms.slot[rows], 0)] < probability",
        "luck[rows % len(luck)] < probability",
        "mechanisms/test_firms.py::test_who_leaves_is_settled_by_hazard_and_the_luck_of_the_slot",
    ),
    Bug(
        "debt is carried over as money",
        "sign",
        "resolvers/budgets.py",
        "net = public.balance - public.debt + ledger",
        "net = public.balance + public.debt + ledger",
        "mechanisms/test_fiscal.py::test_transfers_follow_residents_and_national_income",
    ),
    Bug(
        "what households buy out of income stays in the base",
        "double count",
        "opening/people.py",
        "state.technology.base_demand[:, 0] -= household_orders(state)",
        "household_orders(state)",
        "mechanisms/test_households.py::test_shares_of_spending_sum_to_one",
    ),
    Bug(
        "land of closed plants is free at once",
        "lost state",
        "resolvers/closing.py",
        "np.add.at(parks.idle, firms.park[placed], firms.land[placed])",
        "np.add.at(parks.idle, firms.park[placed], 0.0 * firms.land[placed])",
        "mechanisms/test_firms.py::test_a_firm_that_leaves_frees_land_and_links",
    ),
    Bug(
        "matching is efficient at home instead of at work",
        "swapped index",
        "opening/people.py",
        "kappa[:, None, :] * distance",
        "kappa[:, :, None] * distance",
        "mechanisms/test_labour.py::test_every_county_opens_with_its_jobs_filled_and_the_normal_share_of_posts_open",
    ),
    Bug(
        "interest of a year every month",
        "unit",
        "mechanisms/fiscal.py",
        "self.fiscal.interest / YEAR * public.debt",
        "self.fiscal.interest * public.debt",
        "mechanisms/test_fiscal.py::test_an_exhausted_budget_stops_its_policies",
    ),
    Bug(
        "depreciation of a year every month",
        "unit",
        "mechanisms/firms.py",
        "self.projects.depreciation / YEAR * firms.capital",
        "self.projects.depreciation * firms.capital",
        "mechanisms/test_firms.py::test_without_margin_capital_wears_out",
    ),
)

HARMLESS = Bug(
    "a remark is written differently",
    "no fault",
    "mechanisms/households.py",
    "Wages come home with the commuters, profits go to their owners,",
    "Wages come home with the commuters; profits go to their owners,",
    "mechanisms/test_households.py::test_commuters_take_the_mean_wage_of_their_workplace_home",
)


def passes(folder: Path, *tests: str) -> bool:
    """Whether routine tests pass in a copy; they must have been collected and run."""
    options = ("-n", "0", "-q", "-x", "--no-header", "--tb=line", "-p", "no:cacheprovider")
    done = python(folder, "-m", "pytest", *options, *(f"tests/{name}" for name in tests))
    ran = done.returncode == 0 or (done.returncode == 1 and "ImportError" not in done.stdout)
    assert ran, f"{tests} did not run: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.returncode == 0


def test_faults_are_many_and_of_every_sort() -> None:
    assert len(BUGS) >= 20
    assert len({bug.words for bug in BUGS}) == len(BUGS)
    assert {"sign", "off by one", "swapped index", "stale cache", "double count", "unit"} <= {bug.kind for bug in BUGS}
    assert len({bug.file for bug in BUGS}) >= 15


@pytest.mark.parametrize("bug", [*BUGS, HARMLESS], ids=lambda bug: bug.words)
def test_faults_still_apply(bug: Bug) -> None:
    source = (Path(__file__).parents[1] / "sim" / bug.file).read_text(encoding="utf-8")
    assert source.count(bug.old) == 1, f"{bug.file}: {bug.old!r} is no longer there once; plant this fault anew"
    assert bug.old != bug.new


@pytest.mark.slow
def test_every_planted_fault_is_caught(tmp_path: Path) -> None:
    """About a minute: two copies of the project, one fault at a time in each."""
    copies: queue.Queue[Path] = queue.Queue()
    for number in range(WORKERS):
        copies.put(copy_project(tmp_path / str(number)))
    tests = sorted({bug.tests for bug in BUGS})

    def sound(part: int) -> bool:
        folder = copies.get()
        try:
            return passes(folder, *tests[part::WORKERS])
        finally:
            copies.put(folder)

    def caught(bug: Bug) -> bool:
        folder = copies.get()
        place = folder / "sim" / bug.file
        before = replace_once(place, bug.old, bug.new)
        try:
            return not passes(folder, bug.tests)
        finally:
            place.write_text(before, encoding="utf-8")
            copies.put(folder)

    with ThreadPoolExecutor(WORKERS) as pool:
        assert all(pool.map(sound, range(WORKERS))), "without a fault the tests pass"
        noticed = dict(zip((*BUGS, HARMLESS), pool.map(caught, (*BUGS, HARMLESS)), strict=True))
    assert not noticed.pop(HARMLESS), "a remark is no fault"
    assert not [bug.words for bug, found in noticed.items() if not found]
