"""A whole calibration on a world that is a line: what is found, kept, told and refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import sim
from sim.experiment import unknown
from sim.experiment.calibration import gate, waves
from sim.experiment.calibration.calibrate import Calibration, CalibrationError, calibrate
from sim.experiment.calibration.targets import DISCREPANCY, Target, TargetError, digest_of
from sim.experiment.calibration.waves import Plan
from sim.experiment.dates import as_of
from sim.experiment.drawn import read_posterior, value_of
from sim.parameters import Month
from sim.report.calibration import save_calibration, sentences
from sim.scenario import Scenario

NAMES = ("demand.legacy_trend", "promotion.gap_elasticity", "sourcing.adjust")
"""The first moves two facts, the second one, the third none."""

AS_OF = Month("2016-12")

SMALL = Plan(waves=2, per_parameter=10, later=5, repeated=3, again=3, tried=64)

TREND, ELASTICITY = -0.1, 0.8
"""The planted values."""


def target(name: str, value: float, published: str = "2016-03", month: str = "2015-12") -> Target:
    band = 0.99 * value, 1.01 * value
    return Target(name, f"the {name}", "bn yuan", value, *band, "log", Month(month), Month(published))


@dataclass(frozen=True)
class Line:
    """Facts of a world in which two logarithms are linear in the parameters."""

    known: tuple[Target, ...] = (
        target("first", float(np.exp(10 * TREND + ELASTICITY))),
        target("second", float(np.exp(-8 * TREND))),
    )

    @property
    def digest(self) -> str:
        return digest_of(self.known)

    def targets(self, _as_of: Month) -> tuple[Target, ...]:
        return self.known

    def measure(self, scenario: Scenario, seed: int, names: Sequence[str]) -> np.ndarray:
        trend, elasticity = value_of(scenario, NAMES[0]), value_of(scenario, NAMES[1])
        luck = np.random.default_rng(seed).normal(0.0, 0.05, 2)
        whole = dict(zip(("first", "second"), np.exp([10 * trend + elasticity, -8 * trend] + luck), strict=True))
        return np.array([whole.get(name, np.nan) for name in names])


@pytest.fixture(scope="module")
def base() -> Scenario:
    return sim.load("baseline")


@pytest.fixture(scope="module", autouse=True)
def _every_value_opens():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "opens", lambda _job: True)
        patch.setattr(unknown, "opens", lambda _scenario, _seed: "")
        yield


def found_in(base: Scenario, folder: Path | None, facts: Line | None = None, plan: Plan = SMALL) -> Calibration:
    return calibrate(base, AS_OF, facts or Line(), folder=folder, plan=plan, names=NAMES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calibration")


@pytest.fixture(scope="module")
def found(base: Scenario, folder: Path) -> Calibration:
    return found_in(base, folder)


def test_the_planted_values_are_found(found: Calibration) -> None:
    draws = np.array([list(each.values()) for each in found.prior.changes(found.kept)])
    for at, planted in enumerate((TREND, ELASTICITY)):
        low, high = np.quantile(draws[:, at], [0.05, 0.95])
        assert low < planted < high
    assert found.told[0].narrower > 0.5


def test_the_width_of_the_posterior_is_that_of_the_errors(found: Calibration) -> None:
    trend = np.array([each[NAMES[0]] for each in found.prior.changes(found.draws.points)])
    errors = DISCREPANCY**2 + 0.05**2 + (0.02 / np.sqrt(12)) ** 2
    assert trend.std() == pytest.approx(np.sqrt(errors) / 8, rel=0.35)


def test_each_parameter_names_the_facts_that_tell_of_it(found: Calibration) -> None:
    first, second, third = found.told
    assert set(first.facts) == {"first", "second"}
    assert second.facts[0] == "first"
    assert third.silent
    assert abs(third.narrower) < 0.1
    assert f"no fact moves with {NAMES[2]}: drawn from the prior" in list(sentences(found))


def test_the_space_that_is_left_shrinks_and_runs_are_counted(found: Calibration) -> None:
    assert found.runs.made == 30 + 9 + 15
    assert 0.0 < found.left[-1] <= found.left[0] * 1.1 < 1.0
    assert (found.runs.wave == 1).sum() == 15
    assert not found.unused


def test_later_waves_look_only_where_something_is_left(found: Calibration) -> None:
    first, later = (found.runs.points[found.runs.wave == wave] for wave in (0, 1))
    assert found.emulation.far(later).max() < 1.2
    assert found.emulation.far(first).max() > 2.0


def test_a_calibration_that_was_stopped_goes_on_and_ends_the_same(
    base: Scenario, found: Calibration, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (folder / "runs.jsonl").read_text().splitlines()
    runs = [line for line in lines if '"opens"' not in line]
    kept = [line for line in lines if line not in set(runs[20:])]
    (tmp_path / "runs.jsonl").write_text("\n".join(kept) + runs[21][:40])
    calls = []
    ours = waves.run_job
    monkeypatch.setattr(waves, "run_job", lambda job: calls.append(job.seed) or ours(job))
    again = found_in(base, tmp_path)
    assert len(calls) == 54 - 20
    assert len(set(calls)) == len(calls)  # each run has luck of its own
    np.testing.assert_array_equal(again.kept, found.kept)


def test_what_is_written_can_be_read_and_tells_where_it_comes_from(found: Calibration, tmp_path: Path) -> None:
    files = save_calibration(found, tmp_path, "line")
    assert {file.name for file in files} >= {"posterior.csv", "posterior.json", "parameters.csv", "facts.csv"}
    assert all(file.stat().st_size > 0 for file in files)
    read = read_posterior(tmp_path)
    assert read.names == NAMES
    assert len(read.draws) == 200
    assert read.as_of == AS_OF
    assert read.manifest["runs"] == {"made": 54, "failed": 0}
    assert read.manifest["facts_sha256"] == digest_of(found.targets)
    assert [fact["name"] for fact in read.manifest["facts"]] == ["first", "second"]
    assert read.digest == found.posterior("line").digest


@dataclass(frozen=True)
class Watched(Line):
    """The same facts; notes the scenarios that are measured."""

    seen: ClassVar[list[tuple[Scenario, int]]] = []

    def measure(self, scenario: Scenario, seed: int, names: Sequence[str]) -> np.ndarray:
        self.seen.append((scenario, seed))
        return super().measure(scenario, seed, names)


def test_what_could_not_be_known_is_drawn_with_the_luck_of_each_run(base: Scenario, tmp_path: Path) -> None:
    found = found_in(base, None, Watched(), Plan(waves=1, per_parameter=10, repeated=3, again=3, tried=64))
    known = as_of(base, AS_OF)
    late = known.ranges.keys() - set(NAMES)
    assert "fiscal.tax_gdp" in late
    assert "demand.legacy_trend" in known.ranges.keys() - late  # free, though it rests on later facts
    values = {name: {value_of(scenario, name) for scenario, _ in Watched.seen} for name in late}
    assert all(len(each) > 20 for name, each in values.items() if not isinstance(value_of(base, name), int))
    assert set(value_of(Watched.seen[0][0], "service").items()) <= set(known.scenario.tables["service"].items())
    assert {str(scenario.run.known_until) for scenario, _ in Watched.seen} == {str(AS_OF)}
    save_calibration(found, tmp_path, "line")
    assert set(read_posterior(tmp_path).manifest["drawn"]) == late


def test_facts_published_later_are_refused(base: Scenario) -> None:
    late = Line((*Line().known, target("third", 3.0, published="2017-01")))
    with pytest.raises(TargetError, match="the fact third was published in 2017-01, after 2016-12"):
        found_in(base, None, late)


def test_one_fact_is_too_few(base: Scenario) -> None:
    with pytest.raises(TargetError, match="1 facts are known by 2016-12: a calibration needs at least two"):
        found_in(base, None, Line(Line().known[:1]))


def test_a_fact_that_no_run_has_is_told_and_left_out(base: Scenario) -> None:
    one = Plan(waves=1, per_parameter=10, repeated=3, again=3, tried=64)
    found = found_in(base, None, Line((target("third", 3.0), *Line().known)), one)
    assert [each.name for each in found.unused] == ["third"]
    assert [each.name for each in found.targets] == ["first", "second"]


def test_facts_out_of_reach_leave_nothing_and_are_named(base: Scenario) -> None:
    far = Line((target("first", 1e9), target("second", 1e9)))
    with pytest.raises(
        CalibrationError, match=r"no parameter values agree with the facts; .* first \([0-9.]+ standard"
    ):
        found_in(base, None, far, Plan(waves=1, per_parameter=10, repeated=3, again=3, tried=64))


def test_runs_that_all_fail_end_it_with_the_first_reason(base: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_job):
        raise ValueError("the books do not balance")

    monkeypatch.setattr(waves, "run_job", broken)
    with pytest.raises(CalibrationError, match="39 of 39 runs of the first wave failed, the first: seed 10: V"):
        found_in(base, None)


def test_values_that_allow_no_opening_end_it(base: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "opens", lambda _job: False)
    with pytest.raises(CalibrationError, match="0 of 64 points of the prior allow an opening"):
        found_in(base, None)
