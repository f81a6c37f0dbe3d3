"""Members: what parameters they have, and that no run is made twice."""

import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest

import sim
from sim.experiment.backtest.plan import plan_of
from sim.experiment.backtest.runs import Asked, Job, kept_in, members_of, run_job
from sim.experiment.backtest.study import wanted_of
from sim.experiment.dates import as_of
from sim.experiment.drawn import value_of
from sim.experiment.kept_runs import collect_runs
from sim.experiment.periods import Period
from sim.experiment.shares import scaled_shares
from sim.experiment.unknown import Unknown
from sim.opening.totals import OpeningError
from sim.parameters import Month
from sim.settings import InputOutput, Opening
from tests.experiment.backtest import made_up
from tests.experiment.backtest.made_up import fact, facts

BASELINE = sim.load("baseline")
KNOWN = as_of(BASELINE, Month("2020-12"))


@dataclass(frozen=True)
class Draws:
    as_of: Month = Month("2020-12")
    name: str = "made up"
    digest: str = "1"
    names: tuple[str, ...] = ("location.market_access",)

    def changes(self, _scenario, seed):
        return (("location.market_access", 0.2 + seed / 100),)


def drawn(scenario, name="leaders.coverage_pull"):
    return value_of(scenario, name)


def test_what_rests_on_later_facts_is_drawn_from_its_range_by_seed():
    given = Unknown.of(KNOWN, "unconditional")
    assert set(given.ranges) == set(KNOWN.ranges)
    first, again, other = given.member(1), given.member(1), given.member(2)
    assert first.hash == again.hash != other.hash
    for scenario in (first, other):
        assert all(low <= drawn(scenario, name) <= high for name, (low, high) in given.ranges.items())
    assert drawn(first) != drawn(BASELINE) != drawn(other)
    narrow = Unknown(KNOWN.scenario, {"leaders.coverage_pull": (0.3, 0.4)})
    values = [drawn(narrow.member(seed)) for seed in range(1, 9)]
    assert all(0.3 <= value <= 0.4 for value in values)
    assert max(values) - min(values) > 0.03


def test_a_member_has_its_row_of_the_posterior_which_is_not_drawn_besides():
    rows = Draws(names=("location.market_access", "leaders.coverage_pull"))
    given = Unknown.of(KNOWN, "unconditional", rows)
    assert "leaders.coverage_pull" not in given.ranges
    assert given.member(7).tables["location"]["market_access"] == pytest.approx(0.27)
    assert drawn(given.member(7)) == drawn(BASELINE)
    assert given.key != Unknown.of(KNOWN, "unconditional").key != Unknown.of(KNOWN, "conditional").key


def test_the_mode_is_the_world_of_the_run_and_the_origin_what_it_knows():
    found = Unknown.of(KNOWN, "conditional").member(1)
    assert (found.run.world, str(found.run.known_until)) == ("conditional", "2020-12")


def test_draws_without_an_opening_are_drawn_again_and_given_up_in_the_end():
    bad = Unknown(KNOWN.scenario, {"opening.per_head_core": (1e-3, 1e-3)})
    with pytest.raises(OpeningError, match="no opening position in 100 draws"):
        bad.member(1)


def test_shares_that_must_sum_to_one_are_scaled_also_those_of_a_table():
    found = scaled_shares(BASELINE[InputOutput], {"split.V_BODY": 0.9, "split.V_PWTR": 0.6, "va_cell": 0.3})
    assert found == pytest.approx({"split.V_BODY": 0.6, "split.V_PWTR": 0.4, "va_cell": 0.3})
    opening = scaled_shares(BASELINE[Opening], {"share_catl_dongqiao": 0.5})
    assert sum(value for name, value in opening.items() if name.startswith("share_")) == pytest.approx(1.0)
    assert len(opening) == 3


def test_a_strict_origin_opens_too():
    strict = Unknown.of(as_of(BASELINE, Month("2019-11"), "print"), "unconditional")
    scenario = strict.member(1)
    assert strict.ranges.keys() > Unknown.of(as_of(BASELINE, Month("2019-11")), "unconditional").ranges.keys()
    assert scenario.tables["io"]["split"]["B_CELL"] != BASELINE.tables["io"]["split"]["B_CELL"]


WANTED = (Asked("gdp_nominal", "Ningde", Period.read("2019")), Asked("population", "Fuan", Period.read("2019-12")))


def jobs(seeds, wanted=WANTED, null=""):
    return [Job(Unknown(BASELINE, {}), seed, null, tuple(wanted)) for seed in seeds]


def test_a_job_reaches_another_process_whole():
    job = Job(Unknown.of(KNOWN, "conditional", Draws()), 3, "no_links", WANTED)
    sent = pickle.loads(pickle.dumps(job))
    assert sent.key == job.key
    assert sent.parameters.member(3).hash == job.parameters.member(3).hash


def collect(seeds, folder, function):
    cache = kept_in(folder)
    return collect_runs({job.key: job for job in jobs(seeds)}, cache, 1, function=function)


class Counting:
    def __init__(self, broken=()):
        self.seeds, self.broken = [], broken

    def __call__(self, job):
        self.seeds.append(job.seed)
        if job.seed in self.broken:
            raise OpeningError("opening: nothing is left")
        return made_up.run(job)


def test_no_run_is_made_twice_and_more_members_make_only_the_new_ones(tmp_path):
    first, second = Counting(), Counting()
    once, _ = collect([1, 2], tmp_path, first)
    kept, _ = collect([1, 2, 3], tmp_path, second)
    assert (first.seeds, second.seeds) == ([1, 2], [3])
    assert {key: kept[key] for key in once} == once


def test_a_line_that_was_cut_off_is_run_again(tmp_path):
    collect([1, 2], tmp_path, Counting())
    file = kept_in(tmp_path).file
    file.write_text(file.read_text()[:-20])
    again = Counting()
    found, _ = collect([1, 2], tmp_path, again)
    assert again.seeds == [2]
    assert len(found) == 2
    last = Counting()
    collect([1, 2], tmp_path, last)
    assert last.seeds == []


@pytest.mark.parametrize("change", ["seed", "null", "wanted", "parameters"])
def test_what_decides_a_run_tells_its_key(change):
    job = jobs([1])[0]
    other = {
        "seed": replace(job, seed=2),
        "null": replace(job, null="no_links"),
        "wanted": replace(job, wanted=WANTED[:1]),
        "parameters": replace(job, parameters=Unknown(BASELINE, {"leaders.coverage_pull": (0.2, 0.3)})),
    }[change]
    assert job.key != other.key


def test_no_value_of_a_later_fact_reaches_a_run():
    rows = [fact("gdp_nominal", 2019, 3.0, "2020-03"), fact("gdp_nominal", 2016, 1.0, "2017-03")]
    lied = [replace(rows[0], value=99.0, low=99.0, high=99.0, source="another"), rows[1]]
    asked = [wanted_of(plan_of(facts(*each), Month("2018-12"))) for each in (rows, lied)]
    assert jobs([1], asked[0])[0] == jobs([1], asked[1])[0]


def test_failing_members_are_counted_and_told():
    results, faults = collect([1, 2, 3], None, Counting(broken=(2,)))
    found = members_of(jobs([1, 2, 3]), results, faults, WANTED)
    assert found.values.shape == (2, 2)
    assert found.seeds == (1, 3)
    assert found.up_to(1).values.shape == (1, 2)
    assert found.faults == {2: "OpeningError: opening: nothing is left"}


def test_a_table_leaves_out_what_it_does_not_have():
    asked = (
        Asked("output_nominal.INDUSTRY", "Ningde", Period.read("2014")),
        Asked("population", "Ningde", Period.read("2014-12")),
        Asked("plants.BAT", "Ningde", Period.read("2014-12")),
    )
    both = jobs([1], asked) + jobs([1], asked, "table_alone")
    model, table = (run_job(job) for job in both)
    assert set(model) == {each.name for each in asked}
    assert all(value > 0 for value in model.values())
    assert set(table) == {asked[0].name}
    assert table[asked[0].name] > 0
    found = members_of(both[1:], {both[1].key: table}, {}, asked)
    assert np.isnan(found.values[0, 1:]).all()
    assert found.missing == {asked[1].name, asked[2].name}
