"""Facts as a calibration sees them: errors, the as-of rule, observations of files."""

from __future__ import annotations

import math
import pickle
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.experiment.calibration import observation_facts
from sim.experiment.calibration.observation_facts import ObservationFacts
from sim.experiment.calibration.targets import (
    COMMON,
    DISCREPANCY,
    Target,
    TargetError,
    checked,
    digest_of,
    discrepancies,
    planned,
)
from sim.experiment.observations import read_observations
from sim.parameters import Month

NOVEMBER = Month("2019-11")

HEADING = "region,variable,period,value,low,high,unit,published,source,grade,note\n"


def target(**changes) -> Target:
    about = {
        "name": "output", "label": "output", "unit": "bn yuan", "value": 100.0, "low": 90.0, "high": 120.0,
        "scale": "log", "month": Month("2018-12"), "published": Month("2019-01"),
    }  # fmt: skip
    return Target(**(about | changes))


def test_a_band_is_a_uniform_error_around_its_middle() -> None:
    level = target(scale="level")
    assert level.observed == 105.0
    assert level.spread == pytest.approx(30.0 / math.sqrt(12))
    amount = target()
    assert amount.observed == pytest.approx(0.5 * math.log(90 * 120))
    assert amount.spread == pytest.approx(math.log(120 / 90) / math.sqrt(12))


def test_a_run_without_output_has_no_logarithm() -> None:
    assert math.isnan(target().compared(0.0))
    assert target().compared(math.e) == 1.0
    assert target(scale="level").compared(0.0) == 0.0


def test_counts_are_compared_by_their_roots_and_told_as_counts() -> None:
    count = target(scale="root", low=36.0, high=36.0)
    assert count.observed == 6.0
    assert count.discrepancy == pytest.approx(DISCREPANCY * 36.0 / (2 * 6.0))  # by the slope of the root
    assert count.told(count.compared(0.0)) == 0.0
    for scale in ("root", "log", "level"):
        assert target(scale=scale).told(target(scale=scale).compared(50.0)) == pytest.approx(50.0)


def test_counts_are_known_among_published_figures() -> None:
    scales = {each.name: each.scale for each in ObservationFacts.of(read_observations()).targets(NOVEMBER)}
    assert scales["projects_introduced.BAT Ningde 2018-12"] == "root"
    assert scales["gdp_nominal Ningde 2016"] == "log"
    assert scales["pull.BAT Ningde 2017"] == "level"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"published": Month("2019-12")}, "the fact late was published in 2019-12, after 2019-11"),
        ({"month": Month("2019-12")}, "the fact late speaks of 2019-12, after 2019-11"),
        ({"low": 0.0}, "the band of the fact late begins at 0, which has no logarithm"),
        ({"name": "output"}, "the fact output stands twice"),
    ],
)
def test_facts_that_break_the_rules_are_refused(changes, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        checked([target(), target(**({"name": "late"} | changes))], NOVEMBER)


def test_discrepancy_is_a_share_of_the_figure_or_of_what_parameters_move() -> None:
    luck = np.random.default_rng(1)
    outputs = luck.normal(0.0, [5.0, 0.001], (4000, 2))
    found = discrepancies([target(scale="level"), target(scale="level", low=2.0, high=2.0)], outputs)
    np.testing.assert_allclose(np.sqrt(np.diag(found)), [DISCREPANCY * 105.0, DISCREPANCY * 2.0])
    wide = discrepancies(
        [target(), target(scale="level", low=0.0, high=0.0)], np.column_stack([outputs[:, 0], outputs[:, 0]])
    )
    np.testing.assert_allclose(np.sqrt(np.diag(wide)), DISCREPANCY * outputs[:, 0].std())
    assert wide[0, 1] == pytest.approx(COMMON * wide[0, 0])


def test_runs_know_what_was_known_and_end_with_the_last_fact() -> None:
    plan = planned(sim.load("baseline"), Month("2018-03"), [target(month=Month("2017-12")), target()])
    assert (str(plan.start), str(plan.end), str(plan.run.known_until)) == ("2014-01", "2018-12", "2018-03")
    given = sim.load("baseline").replace({"run.world": "conditional"})
    assert planned(given, Month("2018-03"), [target()]).run.world == "unconditional"


# --- files of observations --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> ObservationFacts:
    return ObservationFacts.of(read_observations())


@pytest.mark.parametrize("as_of", ["2016-12", "2019-11", "2020-12"])
def test_nothing_published_or_speaking_later_is_used(shipped: ObservationFacts, as_of: str) -> None:
    targets = checked(shipped.targets(Month(as_of)), Month(as_of))
    assert all(each.published <= Month(as_of) and each.month <= Month(as_of) for each in targets)
    derived = {observation_facts.name_of(row) for row in shipped.rows if row.grade not in ("sourced", "recalled")}
    assert not derived & {each.name for each in targets}


def test_later_facts_change_nothing(shipped: ObservationFacts) -> None:
    early = ObservationFacts(tuple(row for row in shipped.rows if row.published <= NOVEMBER))
    assert len(early.rows) < len(shipped.rows)
    assert digest_of(early.targets(NOVEMBER)) == digest_of(shipped.targets(NOVEMBER))
    assert early.digest != shipped.digest


def test_an_open_band_a_month_before_the_run_and_an_assumption_are_no_facts(tmp_path: Path) -> None:
    rows = [
        "Ningde,gdp_nominal,2015,148.8,148,150,bn yuan,2016-03,a book,sourced,",
        "Ningde,gdp_nominal,2016,162.3,162,inf,bn yuan,2017-03,a book,sourced,",
        "Ningde,gdp_nominal,2012,107.5,107,108,bn yuan,2013-03,a book,sourced,",
        "Ningde,gdp_growth,2014,0.1,0.09,0.11,share,2015-03,a book,sourced,",
        "Ningde,population,2015-12,2.9,2.8,3,million persons,2016-03,assumption,assumed,",
    ]
    file = tmp_path / "mine.csv"
    file.write_text(HEADING + "\n".join(rows) + "\n")
    facts = ObservationFacts.of(read_observations([file]))
    assert [each.name for each in facts.targets(NOVEMBER)] == ["gdp_nominal Ningde 2015"]


def test_a_run_is_measured_in_the_order_asked(shipped: ObservationFacts, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(
        observation_facts, "simulate", lambda _plan, _seed, wanted: asked.extend(map(str, wanted)) or np.zeros(2)
    )
    names = [each.name for each in shipped.targets(NOVEMBER)[2:0:-1]]
    shipped.measure(sim.load("baseline"), 1, names)
    assert [text.split(" ")[0] for text in asked] == [name.split(" ")[0] for name in names]


def test_facts_travel_to_other_processes(shipped: ObservationFacts) -> None:
    there = pickle.loads(pickle.dumps(shipped))
    assert there.targets(NOVEMBER) == shipped.targets(NOVEMBER)
