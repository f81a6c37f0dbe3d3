"""The posteriors that are shipped know nothing later than their month, and runs take them."""

from __future__ import annotations

import pytest

import sim
from sim.experiment.calibration.observation_facts import ObservationFacts
from sim.experiment.calibration.prior import prior
from sim.experiment.calibration.targets import digest_of
from sim.experiment.dates import ORIGINS, as_of
from sim.experiment.drawn import Posterior, PosteriorFileError, read_posterior, shipped, with_draw
from sim.experiment.observations import read_observations
from sim.parameters import Month


@pytest.fixture(params=[str(origin) for origin in ORIGINS])
def found(request: pytest.FixtureRequest) -> Posterior:
    return read_posterior(request.param)


def test_there_is_one_for_each_origin_of_the_back_test() -> None:
    assert shipped() == tuple(str(origin) for origin in ORIGINS)


def test_its_facts_are_those_that_were_published_by_its_month(found: Posterior) -> None:
    assert found.name == str(found.as_of)
    facts = found.manifest["facts"]
    assert all(Month(fact[date]) <= found.as_of for fact in facts for date in ("month", "published"))
    targets = ObservationFacts.of(read_observations()).targets(found.as_of)
    assert [fact["name"] for fact in facts] == [target.name for target in targets]
    assert found.manifest["facts_sha256"] == digest_of(targets)


def test_defaults_that_rest_on_later_facts_were_drawn_or_free(found: Posterior) -> None:
    late = set(as_of(sim.load("baseline"), found.as_of).ranges)
    assert set(found.manifest["drawn"]) == late - set(found.names)


def test_its_parameters_are_the_free_ones_at_todays_defaults(found: Posterior) -> None:
    free = prior(sim.load("baseline"))
    assert found.names == free.names
    assert found.manifest["before"] == {each.name: each.present for each in free.free}
    assert len(found.draws) == 200


def test_a_run_takes_its_draw_if_it_may_know_so_much(found: Posterior) -> None:
    baseline = sim.load("baseline")
    later = baseline.replace({"run.known_until": "2020-12"}, name="later")
    found.check(later)
    plan = with_draw(later, found.changes(later, 7))
    assert plan.tables["opening"]["cells_output"] == found.draws[7][found.names.index("opening.cells_output")]
    if found.as_of > baseline.run.known_until:
        with pytest.raises(
            PosteriorFileError, match="has seen facts up to 2020-12, baseline knows them only up to 2019-11"
        ):
            found.check(baseline)
