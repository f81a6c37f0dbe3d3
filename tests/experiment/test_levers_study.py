"""Effects of levers on small made-up data: pairs, intervals, forms, and what must be explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import sim
from sim.experiment.kept_runs import Cache, collect_runs
from sim.experiment.levers_runs import (
    AREAS,
    GOALS,
    Job,
    Point,
    along_simplex,
    jobs_of,
    lever_points,
    measures,
    shares_with,
    three_values,
)
from sim.experiment.levers_study import (
    DIMINISHES,
    FLAT,
    GROWS,
    STRAIGHT,
    TURNS,
    Study,
    shape,
    studies,
    suspicions,
)
from sim.mechanisms.promotion import Promotion
from sim.model import GROUPS as TABLES
from sim.parameters import Lever, Month, Parameters, lever, month
from sim.scenario import parse
from sim.statistics.paired import Effect, paired

NOISE = np.array([-1.0, 0.5, 1.0, -0.5])


# --- what is varied


class Policy(Parameters):
    """An example."""

    table: ClassVar[str] = "policy"

    budget: Lever = lever(2, unit="1", low=0, high=10, payer="city", grade="assumed", source="assumption")
    cap: Lever = lever(0, unit="1", low=0, high=10, payer="city", grade="assumed", source="assumption")
    way: Lever = lever(
        "both", unit="1", options=("none", "one", "both"), neutral="none", starts="start", payer="city",
        grade="assumed", source="assumption",
    )  # fmt: skip
    start: Month = month("2017-01", unit="month", low="2014-01", high="2035-12", grade="assumed", source="assumption")
    other: Month = month("2018-01", unit="month", low="2014-01", high="2035-12", grade="assumed", source="assumption")


def test_values_come_from_the_declarations() -> None:
    points = lever_points(parse("", (*TABLES, Policy)), {"policy.cap": [0, 5]})
    own = {lever: [(point.value, bool(point.changes)) for point in found] for lever, found in points.items()}
    assert own["policy.budget"] == [(0, True), (2, False), (10, True)]
    assert own["policy.cap"] == [(0, False), (5, True)]
    assert own["policy.way"] == [("none", True), ("one", True), ("both", False)]
    assert own["policy.start"] == [("2014-01", True), ("2017-01", False), ("2035-12", True)]
    assert "policy.other" not in own, "a month that no lever starts with is no policy"
    assert not any(lever.startswith("waiting.") for lever in own)
    assert len(own["promotion.mix_leader"]) == 3


def test_three_values() -> None:
    assert three_values(0, 2, 10) == (0, 2, 10)
    assert three_values(0, 0, 10) == (0, 5, 10)
    assert three_values(0, 10, 10) == (0, 5, 10)


def test_shares_move_along_their_simplex() -> None:
    shares = {"a": 0.2, "b": 0.3, "c": 0.5}
    assert along_simplex(shares, "a", 1.0) == {"a": 1.0, "b": 0.0, "c": 0.0}
    moved = along_simplex(shares, "a", 0.6)
    assert moved == pytest.approx({"a": 0.6, "b": 0.15, "c": 0.25})
    assert along_simplex({"a": 1.0, "b": 0.0, "c": 0.0}, "a", 0.5) == {"a": 0.5, "b": 0.25, "c": 0.25}
    assert shares_with(Promotion(), "mix_chain") == ("mix_leader", "mix_chain", "mix_cluster", "mix_bump")
    assert set(shares_with(Promotion(), "weight_extend")) == {
        "weight_supplement", "weight_strengthen", "weight_extend"
    }  # fmt: skip
    assert shares_with(Promotion(), "budget") == ()


def test_every_value_of_every_lever_is_a_scenario() -> None:
    baseline = sim.load("baseline")
    for points in lever_points(baseline).values():
        for point in points:
            baseline.replace(dict(point.changes))


# --- runs and their cache


def fake(job: Job) -> dict[str, float]:
    if job.seed == 13:
        raise ValueError("unlucky")
    return {"x": float(job.seed)}


def test_the_scenario_as_it_is_is_run_once_for_all_levers() -> None:
    baseline = sim.load("baseline")
    points = lever_points(baseline)
    jobs = jobs_of(baseline, [*points["promotion.budget"], *points["service.teams"]], (1, 2), 2030)
    assert len(jobs) == 2 * (1 + 2 + 2)
    assert [job.scenario is baseline for job in jobs.values()][:3] == [True, True, False]


def test_an_interrupted_study_goes_on_where_it_stopped(tmp_path: Path) -> None:
    baseline = sim.load("baseline")
    jobs = jobs_of(baseline, (), (1, 2, 13), 2030)
    found, faults = collect_runs(dict(list(jobs.items())[:1]), Cache(tmp_path), 1, function=fake)
    assert [result["x"] for result in found.values()] == [1.0]
    file = tmp_path / "runs.jsonl"
    file.write_text(file.read_text(encoding="utf-8") + '{"model": "cut o', encoding="utf-8")
    run_now: list[int] = []

    def counted(job: Job) -> dict[str, float]:
        run_now.append(job.seed)
        return fake(job)

    found, faults = collect_runs(jobs, Cache(tmp_path), 1, function=counted)
    assert run_now == [2, 13]
    assert [found[key]["x"] for key in jobs if key in found] == [1.0, 2.0]
    assert list(faults.values()) == ["ValueError: unlucky"]
    assert sorted(result["x"] for result in Cache(tmp_path).results.values()) == [1.0, 2.0]


def test_results_of_other_code_are_not_used(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.add("key", {"x": 1.0})
    line = json.loads(cache.file.read_text(encoding="utf-8"))
    cache.file.write_text(json.dumps(line | {"model": "another"}), encoding="utf-8")
    assert Cache(tmp_path).results == {}


def test_a_run_is_measured_by_area() -> None:
    run = sim.run(sim.load("baseline").replace({"run.end": "2014-12"}, name="short"), 1)
    found = measures(run, 2014)
    for goal in ("output", "value_added", "jobs", "local_tax"):
        assert sum(found[f"{goal}.{area}"] for area in AREAS[1:]) == pytest.approx(found[f"{goal}.city"])
    assert found["output.city"] == pytest.approx(float(run.monthly["output"].sum()))
    assert found["cost.promotion"] == pytest.approx(200.0)
    assert min(found[f"wage.{area}"] for area in AREAS[1:]) < found["wage.city"]
    assert 5_000 < found["income.city"] < 60_000
    assert {f"{goal}.{area}" for goal in GOALS for area in AREAS} <= found.keys()
    with pytest.raises(ValueError, match="whole year 2015"):
        measures(run, 2015)


# --- effects


def test_the_interval_of_paired_differences_is_that_of_student() -> None:
    effect = paired(np.array([1.0, 2.0, 3.0, 4.0]), base=50.0)
    half = 2.3533634 * 1.2909944 / 2  # t at 0.95 with 3 degrees of freedom, standard deviation
    assert (effect.mean, effect.low, effect.high) == pytest.approx((2.5, 2.5 - half, 2.5 + half))
    assert effect.sign == 1
    assert effect.percent[0] == pytest.approx(5.0)
    assert paired(np.array([3.0])).sign == 0, "one seed proves nothing"
    assert paired(np.zeros(3), 1.0) == Effect(0.0, 0.0, 0.0, 1.0)


def made(values: dict[str, Any], points: tuple[float, ...] = (0.0, 5.0, 10.0), noise: float = 0.01) -> Study:
    """A study whose goals of areas take the given values at the points, 100 plus; all others stand at 100."""
    labels = ("low", "middle", "high")
    names = [f"{goal}.{area}" for goal in GOALS for area in AREAS]
    luck = noise * NOISE
    results = {
        name: np.stack([
            100.0 + np.asarray(value) + luck * (1 + at) for at, value in enumerate(values.get(name, (0.0, 0.0, 0.0)))
        ])
        for name in names
    }  # fmt: skip
    results |= {"cost.promotion": np.outer(points, np.ones(4)), "landed.all": np.outer(points, np.ones(4) / 2)}
    results |= {"landed.promoted": np.outer(points, np.ones(4)), "gain.value_added": np.outer(points, 3 * np.ones(4))}
    base = {name: value[1] for name, value in results.items()}
    found = tuple(Point("a.b", value, label) for value, label in zip(points, labels, strict=True))
    return Study(found, results, base)


@pytest.mark.parametrize(
    ("values", "form"),
    [
        ((-2.0, 0.0, -2.0), TURNS),
        ((-4.0, 0.0, 1.0), DIMINISHES),
        ((-1.0, 0.0, 4.0), GROWS),
        ((-4.0, 0.0, 4.0), STRAIGHT),
        ((0.0, 0.0, 0.0), FLAT),
    ],
)
def test_forms(values: tuple[float, ...], form: str) -> None:
    assert shape(made({"output.city": values}), "output.city") == form


def test_a_form_knows_that_steps_differ() -> None:
    """The same gain a unit, in steps of 2 and 8, is a straight line."""
    study = made({"output.city": (-2.0, 0.0, 8.0)}, (0.0, 2.0, 10.0))
    assert shape(study, "output.city") == STRAIGHT
    assert study.curvature("output.city").mean == pytest.approx(0.0)


def test_money_and_plants() -> None:
    study = made({})
    assert study.cost.mean == 10.0
    assert study.cost_at(2).mean == 5.0
    assert study.additionality == pytest.approx(0.5)
    assert study.return_on("gain.value_added") == pytest.approx(3.0)


def test_a_policy_that_starts_at_once_is_set_against_one_that_never_does() -> None:
    study = made({"output.city": (3.0, 1.0, 0.0)})
    dates = tuple(
        Point("a.start", value, str(value)) for value in ("2014-01", "2017-01", "2035-12")
    )  # fmt: skip
    assert Study(dates, study.results, study.base).across("output.city").mean == pytest.approx(3.0, abs=0.1)


def faults(study: Study) -> set[str]:
    return {each.fault for each in suspicions("a.b", study)}


def test_a_lever_that_does_nothing_is_to_be_explained() -> None:
    assert faults(made({})) == {"without effect"}


def test_a_lever_that_is_a_straight_line_equal_everywhere_and_good_for_all_is_to_be_explained() -> None:
    line = (-4.0, 0.0, 4.0)
    everywhere = {f"{goal}.{area}": line for goal in GOALS for area in AREAS if goal != "debt"}
    assert faults(made(everywhere)) == {"linear", "equal in all counties", "good for every goal"}


def test_a_lever_with_a_price_a_place_and_a_bend_needs_no_explanation() -> None:
    values = {
        "output.city": (-4.0, 0.0, 1.0),
        "output.core": (-6.0, 0.0, 2.0),
        "output.mountain": (-1.0, 0.0, -1.0),
        "debt.city": (-2.0, 0.0, 2.0),  # more debt is worse
    }
    assert faults(made(values)) == set()


def test_bad_for_all_is_good_for_all_the_other_way_round() -> None:
    values = {"output.city": (4.0, 0.0, -1.0), "output.core": (5.0, 0.0, -3.0)}
    found = [each for each in suspicions("a.b", made(values)) if each.fault == "good for every goal"]
    assert len(found) == 1
    assert "going down" in found[0].evidence


def test_studies_leave_out_what_did_not_run() -> None:
    baseline = sim.load("baseline")
    points = {"promotion.budget": lever_points(baseline)["promotion.budget"]}
    jobs = jobs_of(baseline, points["promotion.budget"], (1, 2), 2030)
    results = {key: {"output.city": float(at)} for at, key in enumerate(jobs)}
    gone = next(key for key, job in jobs.items() if job.scenario.tables["promotion"]["budget"] == 600)
    del results[gone]
    study = studies(baseline, points, (1, 2), 2030, results)["promotion.budget"]
    assert [point.value for point in study.points] == [0, 200]
    assert study.results["output.city"].tolist() == [[2.0, 3.0], [0.0, 1.0]]
    assert study.base["output.city"].tolist() == [0.0, 1.0]
