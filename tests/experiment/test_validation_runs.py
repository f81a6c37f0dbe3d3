"""One run of an ensemble, measured; which runs there are, and what each of them knows."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

import sim
from sim.experiment import validation
from sim.experiment.executor import Outcome
from sim.experiment.moments import MOMENTS
from sim.experiment.validation import (
    KNOWN,
    LATER,
    PATHS,
    Job,
    Observed,
    jobs,
    measurable,
    moment_table,
    observe,
    out_of_sample,
    path_table,
)
from sim.opening.totals import OpeningError
from sim.parameters import Month
from sim.scenario import Scenario
from sim.state import Channel


@pytest.fixture(scope="module")
def baseline() -> Scenario:
    return sim.load("baseline")


@pytest.fixture(scope="module")
def known(baseline: Scenario) -> Observed:
    return observe(next(job for job in jobs(baseline, [1]) if job.part == KNOWN))


def test_known_facts_and_later_ones_are_two_runs(baseline: Scenario) -> None:
    found = {(job.seed, job.part): job for job in jobs(baseline, [1, 2])}
    assert found.keys() == {(seed, part) for seed in (1, 2) for part in (KNOWN, LATER)}
    first, later = found[1, KNOWN], found[1, LATER]
    assert (str(first.scenario.run.end), first.scenario.run.world) == ("2019-11", "unconditional")
    assert (str(later.scenario.run.end), later.scenario.run.world) == ("2021-12", "conditional")
    assert later.scenario.run.known_until == first.scenario.run.known_until == Month("2019-11")
    assert set(first.moments) | set(later.moments) == {m.name for m in MOMENTS.values() if measurable(m)}
    assert not set(first.moments) & set(later.moments)


def test_a_fact_after_the_last_known_month_is_out_of_sample(baseline: Scenario) -> None:
    def late(month: str, name: str) -> bool:
        return out_of_sample(MOMENTS[name], baseline.replace({"run.known_until": month}, name="origin"))

    assert not late("2019-11", "chain_projects_2019")
    assert late("2019-10", "chain_projects_2019")
    assert late("2019-11", "output_lithium_2019")  # the year ends a month later
    assert not late("2021-12", "output_lithium_2021")
    assert not late("2014-12", "firm_tail")  # a statistic without a date


def test_the_same_moments_at_an_earlier_origin(baseline: Scenario) -> None:
    early = jobs(baseline.replace({"run.known_until": "2016-12"}, name="origin"), [1])
    assert [(job.part, str(job.scenario.run.end)) for job in early] == [(KNOWN, "2016-12"), (LATER, "2021-12")]
    assert "chain_projects_2019" in early[1].moments
    assert early[0].undated == "2016-12"


def test_one_run_serves_where_the_world_is_the_same(baseline: Scenario) -> None:
    (job,) = jobs(baseline.replace({"run.world": "flat"}, name="flat"), [7])
    assert (job.part, str(job.scenario.run.end), job.scenario.run.world) == (KNOWN, "2021-12", "flat")
    (whole,) = jobs(baseline.replace({"run.known_until": "2021-12"}, name="late"), [7])
    assert str(whole.scenario.run.end) == "2021-12"


def test_a_job_can_be_sent_to_another_process(baseline: Scenario) -> None:
    job = jobs(baseline, [3])[0]
    back = pickle.loads(pickle.dumps(job))
    assert back.scenario.hash == job.scenario.hash
    assert back.moments == job.moments


@pytest.mark.slow
def test_the_two_worlds_part_in_the_middle_of_2018(baseline: Scenario, known: Observed) -> None:
    """Why there are two runs: from there on the way to the figure of 2019 is projected, or given."""
    given = baseline.replace({"run.world": "conditional", "run.end": "2019-11"}, name="given")
    other = observe(Job(KNOWN, given, 1, (), "2019-11"))
    mine, theirs = known.paths["electricity"], other.paths["electricity"]
    np.testing.assert_array_equal(mine[:54], theirs[:54])
    assert mine[-1] != theirs[-1]


def test_a_run_gives_a_number_for_nearly_every_moment(known: Observed) -> None:
    missing = [name for name, value in known.moments.items() if np.isnan(value)]
    assert len(known.moments) > 50
    assert len(missing) <= 3, missing
    assert known.paths.keys() == PATHS.keys()
    assert {len(path) for path in known.paths.values()} == {71}


def test_figures_of_a_position_are_those_of_the_model(baseline: Scenario, known: Observed) -> None:
    """The moments of the position, worked out anew from a model that stands in the same month."""
    model = sim.NingdeModel(baseline.replace({"run.end": "2019-11"}, name="again"), 1)
    model.run()
    state, world = model.state, model.world
    firms, projects = state.firms, state.projects
    parts = np.isin(firms.product, [world.product("V_BODY"), world.product("V_PWTR")])
    running = firms.alive & ~firms.fringe & (firms.output > 0)
    assert known.moments["saic_suppliers_operating_2019"] == (parts & running).sum()
    signed = (projects.signed >= 49) & (projects.signed <= 60)  # months of 2018 since December 2013
    signed &= projects.channel != Channel.NORMAL
    assert known.moments["signed_count_2018"] == signed.sum()
    assert known.moments["signed_industry_2018"] == pytest.approx(projects.investment[signed].sum() / 1000)
    waited = projects.built - projects.signed
    asked = (projects.signed >= 25) & (projects.signed <= 58)
    asked &= (projects.channel != Channel.OWN) & (projects.channel != Channel.NORMAL)
    assert known.moments["started_in_year_one"] == ((projects.built >= 0) & (waited <= 12))[asked].mean()
    assert known.moments["chain_projects_2019"] == known.paths["introduced"][-1]


def test_a_refused_opening_is_told_with_its_seed(baseline: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(job: Job) -> Observed:
        if job.seed == 2:
            raise OpeningError("opening: the counties hold less than nothing")
        return Observed({"chain_projects_2019": 38.0}, {name: np.zeros(2) for name in PATHS})

    monkeypatch.setattr(validation, "observe", refuse)
    outcomes = list(validation.ensemble(baseline, [1, 2, 3], 1))
    table = moment_table(baseline, outcomes)
    assert table["seed"].tolist() == [1, 1, 2, 2, 3, 3]
    assert (
        table.loc[table["seed"] == 2, "fault"].tolist()
        == ["OpeningError: opening: the counties hold less than nothing"] * 2
    )
    assert table.loc[table["seed"] != 2, "chain_projects_2019"].tolist() == [38.0] * 4
    assert set(path_table(outcomes)["seed"]) == {1, 3}


def test_tables_do_not_depend_on_the_order_in_which_runs_end(baseline: Scenario) -> None:
    made = [
        Outcome(job, Observed({"chain_projects_2019": float(job.seed)}, {name: np.arange(2.0) for name in PATHS}))
        for job in jobs(baseline, [1, 2])
    ]
    pd.testing.assert_frame_equal(moment_table(baseline, made), moment_table(baseline, made[::-1]))
    pd.testing.assert_frame_equal(path_table(made), path_table(made[::-1]))
    assert path_table(made)["month"].tolist() == ["2014-01", "2014-02"] * 4
