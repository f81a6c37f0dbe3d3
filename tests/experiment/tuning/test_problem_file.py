"""A problem file gives a problem, or all of its faults with their lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.experiment.tuning.problem_file import ProblemError, read_problem
from sim.parameters import Month
from tests.experiment.tuning.problems import TOY, written


def faults(folder: Path, text: str) -> list[str]:
    """What is said of a text, without the name of the file."""
    with pytest.raises(ProblemError) as refused:
        read_problem(written(folder, text))
    return [str(fault).rpartition("toy.toml:")[2] for fault in refused.value.faults]


def test_a_problem_says_what_moves_what_is_wanted_and_in_which_futures(tmp_path: Path) -> None:
    found = read_problem(written(tmp_path))
    assert [lever.name for lever in found.levers] == ["promotion.budget", "talent.budget", "land.discount@GT+PN"]
    assert [(lever.low, lever.high) for lever in found.levers] == [(0, 400), (0, 800), (0, 0.6)]
    assert {lever.since for lever in found.levers} == {Month("2019-12")}  # the first month that is not known
    assert [(goal.name, goal.better) for goal in found.goals] == [("mountain_share", 1), ("cost", -1)]
    assert [limit.name for limit in found.limits] == ["promotion.budget + talent.budget <= 900"]
    assert [future.name for future in found.futures()] == ["as projected, seed 1", "as projected, seed 2"]
    assert found.scenario.end == Month("2030-12")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('path = "talent.budget"', 'path = "talent.budgt"', "12: levers[2].path: \"talent.budgt\" is no lever"),
        ('path = "talent.budget"', 'path = "enclave.direction"', "takes words, not numbers"),
        ("high = 800", "high = 2000", "13: levers[2].high: 2000 is outside 0 to 1000 (M yuan per year)"),
        ("low = 0", "low = 500", "8: levers[1].low: the range is inverted: 500 is above 400"),
        ("low = 0", "low = 400", "8: levers[1].low: the range is empty: low and high are both 400"),
        ('["Gutian", "Pingnan"]', '["Gutan"]', "17: levers[3].counties[1]: "),
        ("high = 800", 'counties = ["Gutian"]', "13: levers[2].counties: talent.budget holds for the whole city"),
        ("high = 800", 'since = "2040-01"', "13: levers[2].since: 2040-01 is outside the run, 2014-01 to 2030-12"),
        ('path = "talent.budget"', 'path = "promotion.budget"', "promotion.budget from 2019-12 stands twice"),
        ('outcome = "cost"', 'outcome = "costs"', "23: goals[2].outcome: \"costs\" is no outcome (did you"),
        ('outcome = "cost"', 'outcome = "mountain_share"', "the goal mountain_share stands twice"),
        ('outcome = "cost"', 'outcome = "cost"\nover = "share_at_most"', "24: goals[2].over: share_at_most needs"),
        ('outcome = "cost"', 'outcome = "cost"\nthreshold = 3', "24: goals[2].threshold: mean has no use for a thresh"),
        ('outcome = "cost"', 'outcome = "cost"\nbetter = "good"', '"good" is neither "more" nor "less"'),
        ('outcome = "cost"', 'outcome = "cost"\ncase = "it leaves"', '24: goals[2].case: "it leaves" is no case of'),
        ('outcome = "cost"', 'outcome = "cost"\nover = "median"', '24: goals[2].over: "median" is not one of mean'),
        ("most = 900", "", "25: limits[1]: a limit needs least or most"),
        ("most = 900", "least = 9\nmost = 8", "27: limits[1].least: nothing can keep it: 9 is above 8"),
        ("most = 900", "least = 1201", "no point can keep promotion.budget + talent.budget >= 1201: it lies between 0"),
        ('levers = ["promotion.budget", "talent.budget"]\nmost', 'outcome = "local_content"\nleast', "content >= 900"),
        ('["promotion.budget", "talent.budget"]', '["promotion.budget", "talent"]', "\"talent\" is no lever of this"),
        ("seeds = 2", "seeds = 0", "30: futures.seeds: 0 is not a whole number from 1 to 1000"),
        ("seeds = 2", 'vary = { "demand.legacy_trend" = [-0.5, 0] }', "-0.5 to 0 is no range within -0.2 to 0.03"),
        ("seeds = 2", 'vary = { "demand.legacy" = [-0.5, 0] }', "is no parameter with a range (did you mean"),
        ("seeds = 2", 'posterior = "2031-01"', "30: futures.posterior: 2031-01: there is no such posterior"),
        ("seeds = 2", '[[futures.cases]]\nname = "a"\nchanges = { "demand.legacy_trend" = 3 }', "legacy_trend: 3"),
        ("seeds = 2", "[[futures.cases]]\nchanges = {}", "a case needs a name of its own"),
        ("year = 2030", "year = 2050", "4: year: 2050 is not a whole number from 2015 to 2035"),
        ('scenario = "baseline"', 'scenario = "nowhere"', '3: scenario: there is no scenario "nowhere"'),
        ("seeds = 2", "sed = 2", "30: futures.sed: unknown key (did you mean 'seeds'?)"),
    ],
)  # fmt: skip
def test_each_fault_is_one_line_with_its_place(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in TOY
    found = faults(tmp_path, TOY.replace(old, new, 1))
    assert any(said in line for line in found), found


def test_nothing_to_move_and_nothing_wanted_are_faults(tmp_path: Path) -> None:
    assert faults(tmp_path, 'scenario = "baseline"\n')[0].endswith("there is no [[levers]]: name at least one")
    only = 'scenario = "baseline"\n[[levers]]\npath = "promotion.budget"\n'
    assert faults(tmp_path, only)[0].endswith("there is no [[goals]]: name at least one")


def test_several_faults_are_told_at_once_by_line(tmp_path: Path) -> None:
    text = (
        TOY.replace("low = 0", "low = 500")
        .replace('outcome = "cost"', 'outcome = "costs"')
        .replace("year = 2030", "year = 1")
    )
    assert [line.partition(":")[0] for line in faults(tmp_path, text)] == ["4", "8", "23"]


def test_what_is_no_toml_is_said_with_its_line(tmp_path: Path) -> None:
    assert "not valid TOML" in faults(tmp_path, "title = \n")[0]
