"""The command line around calibration: what is refused, and runs that take drawn parameters."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import sim
from sim import cli
from sim.experiment.drawn import Posterior, value_of, with_draw
from sim.experiment.ensemble import Ensemble
from sim.experiment.layout import layout_of, record
from sim.experiment.store import open_store

NAMES = ("demand.legacy_trend", "energy.mwh_smelt")


def ningde(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def posterior() -> Posterior:
    before = {name: value_of(sim.load("baseline"), name) for name in NAMES}
    return Posterior("mine", NAMES, ((-0.1, 200.0), (0.0, 130.0)), {"as_of": "2014-12", "before": before})


def written(posterior: Posterior, folder: Path) -> Path:
    folder.mkdir()
    (folder / "posterior.csv").write_text(posterior.text)
    (folder / "posterior.json").write_text(posterior.manifest_text)
    return folder


@pytest.fixture(scope="module")
def made(posterior: Posterior, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of a year that took drawn parameters."""
    folder = tmp_path_factory.mktemp("made")
    given = written(posterior, folder / "given")
    options = ("--seeds", "1-2", "--end", "2014-12", "--workers", 1, "--quiet", "--posterior", given)
    done = ningde("run", "baseline", *options, "--out", folder / "runs")
    assert done.exit_code == 0, done.stderr
    return folder / "runs"


def test_each_run_is_that_of_the_scenario_with_the_draw_of_its_seed(posterior: Posterior, made: Path) -> None:
    plan = sim.load("baseline").replace({"run.end": "2014-12"})
    drawn = with_draw(plan, posterior.changes(plan, 1))
    assert value_of(drawn, "energy.mwh_smelt") == 130.0
    expected = record(sim.run(drawn, 1), layout_of(plan))
    np.testing.assert_array_equal(open_store(made).vector("baseline", 1), expected)


def test_the_folder_keeps_the_draws_and_verifies_without_the_files_they_came_from(
    posterior: Posterior, made: Path
) -> None:
    assert json.loads((made / "manifest.json").read_text())["origin"]["posterior"] == posterior.digest
    done = ningde("verify", "baseline:2", "--in", made)
    assert done.exit_code == 0
    told = ningde("results", made)
    assert "each run has the draw of the parameters of its seed: 2 draws of the posterior of 2014-12" in told.stdout
    assert "cannot be added" not in told.stdout
    assert Ensemble.load(made).made_by.posterior == posterior.digest


def test_a_folder_is_not_mixed_with_runs_of_other_draws_or_of_none(
    posterior: Posterior, made: Path, tmp_path: Path
) -> None:
    options = ("--seeds", "1-3", "--end", "2014-12", "--workers", 1, "--quiet", "--out", made)
    none = ningde("run", "baseline", *options)
    assert none.exit_code == cli.BAD_INPUT
    assert "draws of the parameters (these runs have some)" in none.stderr
    other = Posterior("other", NAMES, ((-0.1, 200.0),), posterior.manifest)
    done = ningde("run", "baseline", *options, "--posterior", written(other, tmp_path / "other"))
    assert done.exit_code == cli.BAD_INPUT
    assert "made by other draws of the parameters; name another folder" in done.stderr


def test_lost_draws_are_told_when_a_run_is_verified(made: Path) -> None:
    kept = (made / "posterior.csv").read_text()
    (made / "posterior.csv").write_text(kept.replace("130.0", "131.0"))
    try:
        done = ningde("verify", "baseline:2", "--in", made)
    finally:
        (made / "posterior.csv").write_text(kept)
    assert done.exit_code == cli.BAD_INPUT
    assert "posterior.csv: the draws are not those that posterior.json describes" in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--posterior", "mine"), "--posterior is for many runs, each with a draw: give --seeds, such as --seeds 200"),
        (("--seeds", "2", "--posterior", "nowhere"), "--posterior: nowhere: there is no such posterior"),
    ],
)
def test_a_posterior_that_cannot_be_used_is_refused(options, message: str) -> None:
    done = ningde("run", "baseline", *options)
    assert done.exit_code == cli.BAD_INPUT
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--as-of", "soon"), '--as-of: "soon" is not a month'),
        (("--as-of", "2013-12"), "--as-of: 2013-12 is outside 2014-12 to 2021-12"),
        (("--as-of", "2014-12"), "facts are known by 2014-12: a calibration needs at least two"),
        (("--as-of", "2019-11", "--facts", "nowhere.csv"), "nowhere.csv: there is no such file"),
    ],
)
def test_calibrate_refuses_what_it_cannot_use_in_one_line(options, message: str, tmp_path: Path) -> None:
    done = ningde("calibrate", "baseline", *options, "--out", tmp_path / "out")
    assert done.exit_code == cli.BAD_INPUT
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
