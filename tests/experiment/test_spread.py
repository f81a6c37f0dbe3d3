"""Where the spread comes from: the draws of each source, and planted shares."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.draws import Streams
from sim.experiment.comparison import ComparisonError
from sim.experiment.spread import (
    SOURCED,
    SOURCES,
    WORLD_STREAMS,
    DoubtJob,
    SplitStreams,
    behaviour,
    design,
    doubt_run,
    drawn_scenario,
    ranged,
    where_spread_comes_from,
)
from sim.mechanisms.construction import Construction
from sim.mechanisms.demand import Demand
from sim.mechanisms.labour import Labour
from sim.opening.uncertainty import draw_table
from sim.scenario import Scenario, differences
from sim.settings import InputOutput, Opening


@pytest.fixture(scope="module")
def base() -> Scenario:
    return sim.load("baseline").replace({"run.end": "2014-12"})


# --- the draws


def test_the_world_has_luck_of_its_own() -> None:
    split = SplitStreams(3, 8)
    assert split.draw("firms.exit", 5).random() == Streams(3).draw("firms.exit", 5).random()
    for name in WORLD_STREAMS:
        assert split.draw(name, 5).random() == Streams(8).draw(name, 5).random()


def test_streams_of_the_world_are_streams_of_the_model(base: Scenario) -> None:
    asked: set[str] = set()

    class Listening(SplitStreams):
        def draw(self, purpose: str, month: int) -> np.random.Generator:
            asked.add(purpose)
            return super().draw(purpose, month)

    model = sim.NingdeModel(base, 1)
    model.streams = Listening(1, 1)
    for _ in range(2):
        model.step()
    assert asked >= WORLD_STREAMS


def test_parameters_are_drawn_within_their_ranges_and_levers_stay(base: Scenario) -> None:
    drawn = drawn_scenario(base, 4, 4)
    moved = {change.key for change in differences(base, drawn)}
    known = {f"{group.table}.{row.name}": row for group in behaviour(base) for row in ranged(group)}
    assert len(moved) > 250
    assert moved <= set(known)
    assert len(known) > 300
    assert drawn[Construction].spend_construction + drawn[Construction].spend_equipment + drawn[
        Construction
    ].spend_outside == pytest.approx(1.0, abs=1e-9)


def test_sourced_and_assumed_parameters_are_drawn_apart(base: Scenario) -> None:
    one, other = drawn_scenario(base, 4, 4), drawn_scenario(base, 5, 4)
    grade = {f"{group.table}.{row.name}": row.grade for group in behaviour(base) for row in ranged(group)}
    moved = {change.key for change in differences(one, other) if not change.key.startswith("labour.")}
    assert moved, "labour is drawn again as a whole where it contradicts the opening; all else is not"
    assert {grade[key] for key in moved} <= set(SOURCED)
    assert drawn_scenario(base, 4, 4).hash == one.hash


def test_counties_are_drawn_apart_from_the_table(base: Scenario) -> None:
    def drawn(number: int, counties: int | None) -> np.ndarray:
        groups = base[Opening], base[InputOutput], base[Labour]
        share = base[Demand].nev_share_local
        return draw_table(*groups, 1, number, nev_share=share, counties=counties).table.output

    one, other, table = drawn(0, 7), drawn(0, 8), drawn(1, 7)
    products = len(sim.NingdeModel(base).world.products)
    home = 10 * products
    city = [each[:home].reshape(10, products).sum(axis=0) for each in (one, other, table)]
    np.testing.assert_allclose(city[0], city[1], rtol=1e-6)  # counties share the same city
    assert not np.allclose(one[:home], other[:home], rtol=1e-3)
    assert not np.allclose(city[0], city[2], rtol=1e-3)


@pytest.mark.slow
def test_a_run_is_a_function_of_its_draws(base: Scenario) -> None:
    later = base.replace({"run.known_until": "2014-12", "run.end": "2015-01"})  # what is known of the world is no luck
    first = doubt_run(DoubtJob(later, (2,) * 6))
    assert first == doubt_run(DoubtJob(later, (2,) * 6))
    for source in range(len(SOURCES)):
        draws = tuple(3 if at == source else 2 for at in range(6))
        assert doubt_run(DoubtJob(later, draws)) != first, SOURCES[source]


# --- the design


def test_the_design_swaps_one_source_at_a_time(base: Scenario) -> None:
    jobs = design(base, 3)
    assert len(jobs) == 24
    row = [job.draws for job in jobs[8:16]]
    assert row[0] == (2,) * 6
    assert row[1] == (3,) * 6
    assert [draws.index(3) for draws in row[2:]] == list(range(6))
    assert all(sum(number == 3 for number in draws) == 1 for draws in row[2:])


def planted(job: DoubtJob) -> dict[str, float]:
    """A sum of the sources with weights 0 for chance up to 5."""
    luck = [np.random.default_rng([source, number]).normal() for source, number in enumerate(job.draws)]
    if job.draws[0] == 40:
        raise RuntimeError("no solution")
    return {"result": float(np.dot([0, 1, 2, 0, 3, 5], luck)), "flat": 1.0}


def test_planted_shares_are_found_and_failed_rows_left_out(base: Scenario) -> None:
    study = where_spread_comes_from(base, 150, function=planted)
    assert (study.rows, study.runs) == (149, 1200)
    assert len(study.faults) == 6, "all runs of row 20 whose chance has number 40"
    found = study.of("result")
    expected = np.array([0, 1, 4, 0, 9, 25]) / 39
    assert found.part == pytest.approx(expected, abs=0.15)
    assert found.total[0] == 0.0
    assert study.evidence_share("result") == pytest.approx(9 / 38, abs=0.12)
    frame = study.table()
    assert frame[frame["headline"] == "result"]["source"].tolist() == [*SOURCES, "rest"]
    assert frame[frame["headline"] == "result"]["part"].sum() == pytest.approx(1.0)
    assert np.isnan(study.evidence_share("flat")) or study.evidence_share("flat") >= 0


def test_too_few_rows_are_refused_in_one_line(base: Scenario) -> None:
    with pytest.raises(ComparisonError, match="at least 2"):
        where_spread_comes_from(base, 1, function=planted)

    def failing(job: DoubtJob) -> dict[str, float]:
        raise RuntimeError(f"no solution for {job.draws}")

    with pytest.raises(ComparisonError, match=r"0 of 2 rows .* no solution"):
        where_spread_comes_from(base, 2, function=failing)
