"""The comparison of speeds counts and divides rightly; how fast anything is, is not tested."""

import re
import sys
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import sim
from benchmarks import ensembles, input_output, plain_mesa, scaling, searching, timing
from benchmarks.__main__ import arguments_of, baseline_run
from sim.experiment.tuning.evaluation import Evaluator
from sim.experiment.tuning.problem_file import read_problem
from sim.experiment.tuning.runs import Job, Runner
from sim.experiment.tuning.search import Plan, search
from tests.experiment.tuning.problems import dated, formula, written

DENSE_COPIES = 4.0
"""What a multiplier may take of memory, in dense (n, n) arrays of doubles."""


def test_plain_mesa_does_every_firm_month() -> None:
    model = plain_mesa.PlainModel(firms=3)
    before = [firm.capital for firm in model.agents]
    model.step()
    after = [firm.capital for firm in model.agents]
    assert all(new != old for new, old in zip(after, before, strict=True))
    assert plain_mesa.run(firms=3, months=4) == 12.0


def test_a_plain_firm_keeps_its_capital_when_it_sells_what_it_makes() -> None:
    model = plain_mesa.PlainModel(firms=1)
    (firm,) = model.agents
    firm.demand = firm.capital = 12.0 * firm.output
    capital = firm.capital
    firm.step()
    kept = 1.0 - plain_mesa.DEPRECIATION + plain_mesa.MARKUP * plain_mesa.REINVESTED / plain_mesa.CAPITAL_INTENSITY
    assert firm.capital == pytest.approx(capital * kept)


def test_the_ratio_is_our_speed_over_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count()
    monkeypatch.setattr(timing, "perf_counter", partial(next, ticks))
    ours, theirs = timing.Contestant("ours", lambda: 300.0), timing.Contestant("theirs", lambda: 100.0)
    timing.measure([ours, theirs], repetitions=3)
    assert ours.seconds == theirs.seconds == [1, 1, 1]
    heading, first, second = timing.table([ours, theirs])
    assert heading.split()[-1] == "ratio"
    assert (first.split()[0], first.split()[-1]) == ("ours", "1.00")
    assert (second.split()[0], second.split()[-1]) == ("theirs", "3.00")


def test_our_own_firm_months_are_counted_month_by_month(tmp_path: Path) -> None:
    short = tmp_path / "short.toml"
    short.write_text('title = "Short"\n[run]\nend = "2014-12"\n', encoding="utf-8")
    firm_months, months = baseline_run(str(short))
    assert months == 12
    assert 800 <= firm_months / months <= 1200  # the opening has 950 firms above scale (model description, section 8.5)


def test_short_work_is_timed_several_calls_a_go(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks, calls = count(), count()
    monkeypatch.setattr(timing, "perf_counter", partial(next, ticks))
    contestant = timing.Contestant("ours", lambda: float(next(calls)))
    timing.measure([contestant], repetitions=2, calls=4)
    assert contestant.seconds == [0.25, 0.25]
    assert next(calls) == 8


# --- the input-output core beside pymrio


def test_the_command_line_asks_for_full_runs_or_for_tables() -> None:
    runs = arguments_of(["--scenario", "late", "--repetitions", "2"])
    assert (runs.what, runs.scenario, runs.repetitions) == (None, "late", 2)
    tables = arguments_of(["io", "--sizes", "24", "48", "--repetitions", "3"])
    assert (tables.what, tables.sizes, tables.repetitions) == ("io", [24, 48], 3)
    assert arguments_of(["--repetitions", "3", "io"]).repetitions == 3
    assert arguments_of(["io"]).repetitions == 5
    assert 432 in arguments_of(["io"]).sizes


def test_the_made_up_table_is_like_a_table_of_regions() -> None:
    system, again = input_output.made_up(120), input_output.made_up(120)
    assert np.array_equal(system.flows, again.flows)
    assert not np.array_equal(system.flows, input_output.made_up(120, seed=2).flows)
    cells = system.coefficients
    assert np.abs(np.linalg.eigvals(cells)).max() == pytest.approx(input_output.RADIUS, rel=1e-3)
    absent = system.output == 0.0
    assert absent.any()
    assert not system.flows[:, absent].any()
    assert not system.flows[absent].any()
    assert 0.2 < (cells == 0.0).mean() < 0.7
    home = np.kron(np.eye(5, dtype=bool), np.ones((24, 24), dtype=bool))
    assert cells[home].sum() > 0.4 * cells.sum()
    with pytest.raises(ValueError, match="a multiple of the 24 products"):
        input_output.made_up(100)


@pytest.mark.oracle
def test_both_sides_of_every_job_give_the_same_numbers() -> None:
    pytest.importorskip("pymrio")
    jobs = list(input_output.jobs(input_output.made_up(120)))
    assert len({job.label for job in jobs}) == len(jobs) == 10
    for job in jobs:
        assert input_output.largest_difference(job.ours(), job.theirs()) < 1e-13, job.label


def test_a_difference_is_seen_in_every_result() -> None:
    one, two = np.array([1.0, 4.0]), np.array([[1.0, 5.0]])
    assert input_output.largest_difference((one, one), (one, one)) == 0.0
    assert input_output.largest_difference((one, one), (one, two)) == 0.2
    assert input_output.largest_difference((one, one), (two, one)) == 0.2
    with pytest.raises(ValueError, match="cannot be compared"):
        input_output.largest_difference((one,), (np.ones(3),))


def test_memory_is_counted_in_dense_copies() -> None:
    def work() -> input_output.Results:
        two = np.ones((2, 200, 200))
        return (two.sum(axis=0),)

    assert input_output.copies(work, 200) == pytest.approx(3.0, abs=0.1)


@pytest.mark.oracle
def test_no_job_takes_more_than_four_dense_copies() -> None:
    pytest.importorskip("pymrio")
    size = 408
    for job in input_output.jobs(input_output.made_up(size)):
        assert 0.9 < input_output.copies(job.ours, size) < DENSE_COPIES, job.label


@pytest.mark.parametrize("cell", [-1e-3, -0.9])
def test_negative_cells_take_no_more_than_four_dense_copies(cell: float) -> None:
    size = 408
    system = input_output.made_up(size)
    coefficients = system.coefficients.copy()
    coefficients[0, 1], coefficients[1, 0] = cell, 0.9  # -0.9: the eigenvalues must decide
    households = input_output.Households(system.income, system.consumption)
    work = partial(input_output.type_one_and_two, households, coefficients)
    assert 0.9 < input_output.copies(work, size) < DENSE_COPIES


def test_caches_of_a_package_are_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("apackage", "apackage.part", "apackagelike"):
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        module.cached = lru_cache(lambda number: number)  # type: ignore[attr-defined]
        module.cached(1)
    input_output.forget("apackage")
    left = {name: sys.modules[name].cached.cache_info().currsize for name in sys.modules if name.startswith("apack")}
    assert left == {"apackage": 0, "apackage.part": 0, "apackagelike": 1}


@pytest.mark.slow
def test_the_comparison_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pymrio")
    monkeypatch.setattr(input_output, "forget", lambda: None)  # other tests need the caches
    input_output.compare([24], repetitions=1)
    printed = capsys.readouterr().out
    assert "n = 24, pymrio" in printed
    assert "type I and II from flows, frames" in printed
    assert "twelve regions with 288 industries" in printed
    (row,) = input_output.lines([input_output.Measured("job", 0.001, 0.025, 1e-15, 1.5)])[1:]
    assert row.split() == ["job", "1.00", "25.00", "25.0", "1e-15", "1.50"]


def test_more_firms_are_smaller_and_the_economy_stays_as_large() -> None:
    one, two = (scaling.enlarged("baseline", firms) for firms in (950, 1900))
    small, large = (scaling.NingdeModel(plan, seed=1).state for plan in (one, two))
    assert len(large.firms) - len(small.firms) == pytest.approx(950, rel=0.05)
    assert large.firms.output.sum() == pytest.approx(small.firms.output.sum(), rel=1e-9)
    assert large.parks.occupied.sum() == pytest.approx(small.parks.occupied.sum(), rel=0.02)


def test_the_exponent_is_one_where_time_goes_with_firms_and_two_where_it_goes_with_their_square() -> None:
    rows = [scaling.Measured(1000.0, 5, 0.1, 0.002, 90.0), scaling.Measured(4000.0, 9, 0.1, 0.008, 95.0)]
    assert scaling.exponent(*rows) == pytest.approx(1.0)
    assert rows[0].each == pytest.approx(2.0)
    rows.append(scaling.Measured(8000.0, 9, 0.1, 0.032, 99.0))
    assert scaling.exponent(*rows[1:]) == pytest.approx(2.0)
    assert [line.split()[-2] for line in scaling.lines(rows)[2:]] == ["1.00", "2.00"]


def test_reading_many_runs_tells_how_many_and_how_long(tmp_path: Path) -> None:
    scenario = sim.load("baseline").replace({"run.end": "2014-12"})
    told = ensembles.reading(scenario, 5, tmp_path / "store")
    assert told.startswith("opening 5 runs of 15 kB and bands of all series and counties: 0.")
    assert arguments_of(["ensembles", "--runs", "4"]).runs == 4


def test_a_search_that_finds_more_is_ahead_by_its_interval(tmp_path: Path) -> None:
    problem = read_problem(written(tmp_path))
    evaluate = Evaluator(Runner(problem, function=dated(formula)), problem.futures())
    lines = list(searching.told(evaluate, points=30, repetitions=3))
    assert lines[0].startswith("toy: hypervolume surrogate 0.")
    assert re.fullmatch(r"  search less one-at-a-time: \+0\.\d{3} \[\+0\.\d{3}, \+0\.\d{3}\] ahead", lines[2])
    found = [search(evaluate, Plan(12, method="random"))]
    same = searching.volumes(problem, {"surrogate": found, "random": found})
    assert same["surrogate"] == same["random"]


def test_shipped_problems_are_shortened_to_a_number_of_futures() -> None:
    both = [searching.shortened(name, 2027, 2) for name in ("robust_to_exit_of_a_leader", "enclave_terms_both_accept")]
    assert [(each.seeds, len(each.futures()), each.scenario.end.year) for each in both] == [(1, 2, 2027), (2, 2, 2027)]
    assert len(searching.shortened("robust_to_exit_of_a_leader", 2027, 1).futures()) == 2  # a case is never left out


def test_time_beside_the_model_is_what_is_not_spent_in_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails_once_a_point(job: Job) -> dict[str, float]:
        if job.seed == 2:
            raise ValueError("the books do not balance")
        return dated(formula)(job)

    clock = count()  # every look at it is a second later: two looks a run, one if it fails, two for the whole
    monkeypatch.setattr(searching, "perf_counter", lambda: float(next(clock)))
    monkeypatch.setattr(searching, "run_job", fails_once_a_point)
    told = searching.beside(read_problem(written(tmp_path)), 1, 12)
    part = 1.0 - 12 / (12 * 3 + 1)
    assert told == f"beside the model: {part:.1%} of the time of one process in a search of 12 points"
