"""Drawn parameters: files, whose fault it is, and which run takes which draw."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import sim
from sim.experiment.drawn import Posterior, PosteriorFileError, read_posterior, value_of, with_draw
from sim.scenario import Scenario

NAMES = ("demand.legacy_trend", "promotion.lead_rate_chain")
DRAWS = ((-0.1, 0.2), (-0.05, 0.3), (1 / -7, 0.25))


@pytest.fixture(scope="module")
def base() -> Scenario:
    return sim.load("baseline")


@pytest.fixture(scope="module")
def posterior(base: Scenario) -> Posterior:
    return Posterior("mine", NAMES, DRAWS, {"as_of": "2018-03", "before": {n: value_of(base, n) for n in NAMES}})


@pytest.fixture
def file(posterior: Posterior, tmp_path: Path) -> Path:
    (tmp_path / "mine.csv").write_text(posterior.text)
    (tmp_path / "mine.json").write_text(posterior.manifest_text)
    return tmp_path / "mine.csv"


def test_reading_gives_back_every_bit(posterior: Posterior, file: Path) -> None:
    read = read_posterior(file)
    assert (read.name, read.names, read.draws) == ("mine", NAMES, DRAWS)
    assert read.digest == posterior.digest


def test_a_folder_of_a_calibration_is_read_too(posterior: Posterior, tmp_path: Path) -> None:
    (tmp_path / "posterior.csv").write_text(posterior.text)
    (tmp_path / "posterior.json").write_text(posterior.manifest_text)
    assert read_posterior(tmp_path).draws == DRAWS


def test_seeds_go_around_the_draws_and_two_policies_share_them(posterior: Posterior, base: Scenario) -> None:
    policy = base.replace({"promotion.budget": 300}, name="more")
    for seed, row in ((0, 0), (1, 1), (5, 2), (3, 0)):
        assert dict(posterior.changes(base, seed)) == dict(zip(NAMES, DRAWS[row], strict=True))
        assert posterior.changes(policy, seed) == posterior.changes(base, seed)
    assert value_of(with_draw(policy, posterior.changes(policy, 1)), NAMES[0]) == -0.05
    assert with_draw(policy, posterior.changes(policy, 1)).name == "more"


def test_what_a_scenario_sets_itself_stays(posterior: Posterior, base: Scenario) -> None:
    mine = base.replace({"promotion.lead_rate_chain": 0.45}, name="mine")
    assert [name for name, _ in posterior.changes(mine, 1)] == ["demand.legacy_trend"]


def test_draws_that_have_seen_more_than_the_scenario_knows_are_refused(posterior: Posterior, base: Scenario) -> None:
    posterior.check(base)
    early = base.replace({"run.known_until": "2018-02"})
    with pytest.raises(
        PosteriorFileError, match="has seen facts up to 2018-03, baseline knows them only up to 2018-02"
    ):
        posterior.check(early)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("-0.05,0.3", "-0.05,0.31", "mine.csv: the draws are not those that mine.json describes"),
        ("-0.05,0.3", "-0.05", "mine.csv:3: 1 numbers, not 2"),
        ("-0.05,0.3", "-0.05,x", "mine.csv:3: promotion.lead_rate_chain: 'x' is no number"),
        ("-0.05,0.3", "-0.05,nan", "mine.csv:3: promotion.lead_rate_chain: nan is outside 0.16 to 0.5"),
        ("-0.05,0.3", "-0.05,9", "mine.csv:3: promotion.lead_rate_chain: 9 is outside 0.16 to 0.5"),
        ("demand.legacy_trend", "demand.legacy_trent", "mine.csv:1: unknown parameter 'demand.legacy_trent' (did you"),
        ("demand.legacy_trend", "promotion.lead_rate_chain", "mine.csv:1: promotion.lead_rate_chain stands twice"),
        ("demand.legacy_trend", "promotion.budget", "mine.csv:1: unknown parameter 'promotion.budget'"),
    ],
)
def test_a_file_that_was_changed_is_refused_with_its_line(file: Path, before: str, after: str, message: str) -> None:
    file.write_text(file.read_text().replace(before, after))
    with pytest.raises(PosteriorFileError) as error:
        read_posterior(file)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_whole_numbers_come_back_whole(base: Scenario, tmp_path: Path) -> None:
    whole = Posterior("whole", ("land_cage.lag",), ((17,),), {"as_of": "2018-03", "before": {"land_cage.lag": 15}})
    (tmp_path / "whole.csv").write_text(whole.text)
    (tmp_path / "whole.json").write_text(whole.manifest_text)
    changes = read_posterior(tmp_path / "whole.csv").changes(base, 0)
    assert changes == (("land_cage.lag", 17),)
    assert isinstance(changes[0][1], int)
    with_draw(base, changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: told.pop("as_of"), "the manifest has no as_of"),
        (lambda told: told.update(format=99), "made by another version"),
        (lambda told: told.update(as_of="soon"), "as_of: "),
        (lambda told: told["before"].pop(NAMES[1]), "before: there is no number for promotion.lead_rate_chain"),
    ],
)
def test_a_manifest_that_was_changed_is_refused(file: Path, change, message: str) -> None:
    manifest = file.with_suffix(".json")
    told = json.loads(manifest.read_text())
    change(told)
    manifest.write_text(json.dumps(told))
    with pytest.raises(PosteriorFileError, match=message):
        read_posterior(file)


def test_files_that_are_missing_empty_or_no_text_are_refused(file: Path) -> None:
    with pytest.raises(PosteriorFileError, match="there is no such posterior"):
        read_posterior("2031-01")
    file.write_text(",".join(NAMES) + "\n")
    with pytest.raises(PosteriorFileError, match="it holds no draw"):
        read_posterior(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(PosteriorFileError, match="not UTF-8"):
        read_posterior(file)
    file.with_suffix(".json").write_text("[1")
    with pytest.raises(PosteriorFileError, match="the manifest is damaged"):
        read_posterior(file)
    file.with_suffix(".json").unlink()
    with pytest.raises(PosteriorFileError, match=r"mine\.json: the file cannot be read"):
        read_posterior(file)
