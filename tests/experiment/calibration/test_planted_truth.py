"""The real model over five years: truths drawn from the prior are found as often as the posterior says.

Some minutes on two processors. Run as a script it prints the table; a folder as argument keeps the runs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

import sim
from sim.experiment.calibration.observation_facts import ObservationFacts
from sim.experiment.calibration.prior import Prior, prior
from sim.experiment.calibration.targets import planned
from sim.experiment.calibration.waves import Laboratory, Plan, emulate, first_points, kept_in
from sim.experiment.executor import default_workers
from sim.experiment.observations import read_observations
from sim.experiment.unknown import Unknown
from sim.parameters import Month
from sim.statistics.emulator import Emulators, diagnose
from sim.statistics.history_matching import sobol
from sim.statistics.planted_truth import Planted, planted

NAMES = (
    "demand.legacy_trend",
    "promotion.lead_rate_chain",
    "promotion.lead_rate_bump",
    "location.sign_const",
    "energy.mwh_smelt",
)

MEASURED = """region,variable,period,value,low,high,unit,published,source,grade,note
Ningde,gdp_nominal,2018,200,200,200,bn yuan,2019-01,planted,sourced,
Ningde,output_nominal.REST,2018,100,100,100,bn yuan,2019-01,planted,sourced,
Ningde,output_nominal.BAT,2018,50,50,50,bn yuan,2019-01,planted,sourced,
Ningde,value_added_growth.INDUSTRY,2018,0.1,0.1,0.1,share,2019-01,planted,sourced,
Ningde,electricity,2018,12,12,12,TWh,2019-01,planted,sourced,
Ningde,population,2018-12,3,3,3,million persons,2019-01,planted,sourced,
Ningde,projects_introduced.BAT,2018-12,34,34,34,projects,2019-01,planted,sourced,
Ningde,signed_projects.INDUSTRY,2018,200,200,200,projects,2019-01,planted,sourced,
Ningde,signed_investment.INDUSTRY,2018,78,78,78,bn yuan,2019-01,planted,sourced,
Ningde,firms.FOUR,2018-12,100,100,100,firms,2019-01,planted,sourced,
"""
"""What is measured of each run; the values are replaced by those of the planted run."""

TRUTHS = 120

DESIGN = Plan(per_parameter=40, repeated=10, again=4)


@dataclass(frozen=True, eq=False)
class Case:
    """Shared emulators, and the truths with what one run of each gave."""

    prior: Prior
    emulators: Emulators
    truths: np.ndarray
    outputs: np.ndarray
    names: tuple[str, ...]

    def found(self, emulators: Emulators | None = None) -> Planted:
        nothing = np.zeros((self.outputs.shape[1],) * 2)
        return planted(emulators or self.emulators, self.truths, self.outputs, nothing, seed=5)


def case(folder: Path, cache: Path | None = None, workers: int = 1) -> Case:
    """Train the emulators and run the truths, each with a seed of its own."""
    file = folder / "measured.csv"
    file.write_text(MEASURED)
    facts, known = ObservationFacts.of(read_observations([file])), Month("2019-01")
    free, targets = prior(sim.load("baseline"), NAMES), facts.targets(known)
    all_known = Unknown(planned(free.scenario, known, targets), {})
    place = Laboratory(free, all_known, facts, targets, kept_in(cache), workers)
    design = first_points(DESIGN, sobol(len(NAMES), 256, 1))
    training = place.run(design, 0, 1)
    truths = place.run(np.random.default_rng(2).random((TRUTHS, len(NAMES))), 0, 10_001)
    assert not training.faults
    assert not truths.faults
    names = tuple(target.name for target in targets)
    return Case(free, emulate(training, workers), truths.points, truths.outputs, names)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return case(tmp_path_factory.mktemp("planted"), workers=default_workers())


@pytest.mark.slow
def test_intervals_cover_the_planted_truth_no_less_than_they_say(known: Case) -> None:
    found = known.found()
    assert len(found.covered) >= 100
    assert (found.too_few > 0.01).all(), table(known, found)
    assert found.effective.min() > 30


@pytest.mark.slow
def test_ranks_of_the_planted_truths_are_uniform(known: Case) -> None:
    assert (known.found().uniform > 0.001).all(), table(known, known.found())


@pytest.mark.slow
def test_the_posterior_learns_from_the_run(known: Case) -> None:
    """Else the intervals would cover by being as wide as the prior."""
    middles = known.found().ranks
    assert middles.shape == known.truths.shape
    explained = [diagnose(each).explained for each in known.emulators.each]
    assert np.median(explained) > 0.5


@pytest.mark.slow
def test_luck_that_is_told_too_small_is_found_out(known: Case) -> None:
    found = known.found(replace(known.emulators, luck=known.emulators.luck / 9))
    assert (found.too_few < 0.01).any(axis=1).all()


def table(known: Case, found: Planted) -> str:
    """Coverage and ranks as text."""
    lines = [f"{len(found.covered)} truths, effective sample size at least {found.effective.min():.0f}"]
    for at, name in enumerate(known.prior.names):
        shares = ", ".join(
            f"{level:.0%}: {share:.1%} ({share - level:+.1%})"
            for level, share in zip(found.levels, found.shares[:, at], strict=True)
        )
        lines.append(f"{name}: {shares}; ranks uniform p = {found.uniform[at]:.2f}")
    for name, each in zip(known.names, known.emulators.each, strict=True):
        told = diagnose(each)
        lines.append(f"{name}: R2 {told.explained:.2f}, luck {told.luck:.2f}, within two {told.within_two:.0%}")
    return "\n".join(lines)


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        kept = Path(sys.argv[1]) if len(sys.argv) > 1 else None
        done = case(Path(place), kept, default_workers())
        sys.stdout.write(table(done, done.found()) + "\n")
