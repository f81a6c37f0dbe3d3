"""A prefecture of the user's own: the commands know nothing of Ningde then, in every process they start."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pandas as pd
import pytest
from typer.testing import CliRunner

from sim import cli, data
from sim.data import derive, own_region
from sim.data.own_region import DataFolderError
from sim.experiment import drawn, observations
from sim.mechanisms.service import Service
from sim.model import GROUPS
from sim.parameters import LeverRule, RefusedError, check_tables, declarations
from sim.parameters.own_values import own_declarations

PROJECT = Path(__file__).parents[1]
SHILI = PROJECT / "examples" / "shili"
SCENARIO = SHILI / "shili.toml"
COUNTIES = ["Harbour", "Plain", "Hills", "Ridge"]


def started(*arguments: str, data: Path | None = None, folder: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    """Python with arguments, in a process of its own: data files are read once in a process."""
    environment = {key: value for key, value in os.environ.items() if key != "NINGDE_DATA"}
    environment["PYTHONPATH"] = str(PROJECT)
    if data is not None:
        environment["NINGDE_DATA"] = str(data)
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, env=environment, cwd=folder
    )


def ningde(*arguments: str | Path, folder: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    """The command."""
    return started("-m", "sim.cli", *map(str, arguments), folder=folder)


LOOK = """
import json
import sim
from sim.data import prefecture
from sim.experiment.observables import regions
from sim.experiment.single import run_model
from sim.experiment.observations import read_observations
from sim.experiment.drawn import shipped
from sim.model import GROUPS
from sim.opening.counties import county_population
from sim.parameters import describe
from sim.scenario import read
from sim.settings import Opening
scenario = read(__import__("pathlib").Path("examples/shili/shili.toml"), GROUPS)
model = sim.NingdeModel(scenario.replace({"run.end": "2014-12"}, name="short"))
run = run_model(model)
print(json.dumps({
    "regions": regions(),
    "observed": sorted({row.region for row in read_observations()}),
    "posteriors": shipped(),
    "gdp": [next((row.default, row.low, row.high) for row in describe(Opening) if row.name == "gdp_2013")],
    "people": dict(zip(model.world.counties, county_population(scenario[Opening]).tolist())),
    "gdp_shares": (model.basis.totals.gdp / model.basis.totals.gdp.sum()).tolist(),
    "leaders": model.leader_names,
    "output": run.output.sum(("product", "year")).to_series().to_dict(),
    "digest": run.monthly.attrs.get("data_digest", ""),
}))
"""


@pytest.fixture(scope="module")
def seen() -> dict:
    """What a process sees that was started with the folder in its environment."""
    done = started("-c", LOOK, data=SHILI)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_places_facts_and_leaders_are_those_of_the_folder(seen: dict) -> None:
    assert seen["regions"] == ["Shili", *COUNTIES]
    assert seen["observed"] == sorted(seen["regions"])
    assert seen["leaders"] == ["STEEL", "CELLS"]
    assert seen["posteriors"] == []


def test_every_county_makes_something(seen: dict) -> None:
    assert list(seen["output"]) == COUNTIES
    assert min(seen["output"].values()) > 0


def test_defaults_and_ranges_are_those_of_the_folder(seen: dict) -> None:
    assert seen["gdp"] == [[50.0, 45.0, 56.0]]


def test_figures_of_a_county_stand_as_numbers(seen: dict) -> None:
    """Hills has a figure of 2013, Ridge a share of GDP; the others follow censuses, group and level per head."""
    assert seen["people"] == pytest.approx({"HA": 401e3, "PL": 426e3, "HI": 210e3, "RI": 157e3})
    weights = {"HA": 1.25 * 401, "PL": 1.1 * 426, "HI": 0.8 * 210}
    expected = [0.925 * weight / sum(weights.values()) for weight in weights.values()]
    assert seen["gdp_shares"] == pytest.approx([*expected, 0.075], rel=1e-9)


def test_the_digest_of_results_tells_the_folder(seen: dict) -> None:
    assert len(seen["digest"]) == 64
    assert seen["digest"] != data.digest()


def test_faults_of_the_folder_end_a_command_with_a_line_each(tmp_path: Path) -> None:
    spoilt = copytree(SHILI, tmp_path / "spoilt")
    (spoilt / "pairs.csv").unlink()
    (spoilt / "park.csv").write_text("", encoding="utf-8")
    done = ningde("--data", spoilt, "check", SCENARIO)
    assert done.returncode == 2
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [
        str(spoilt / "park.csv"),
        str(spoilt / "pairs.csv"),
    ]


def test_shipped_posteriors_are_offered_for_ningde_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / drawn.FOLDER).mkdir()
    (tmp_path / drawn.FOLDER / "2019-11.csv").touch()
    monkeypatch.setattr(drawn, "files", lambda _: tmp_path)
    assert drawn.shipped() == ("2019-11",)
    monkeypatch.setattr(own_region, "folder", lambda: SHILI)
    assert drawn.shipped() == ()


def test_what_is_only_about_ningde_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """Moments of validation, and files that are derived from the shipped figures."""
    monkeypatch.setattr(own_region, "folder", lambda: SHILI)
    asked = CliRunner().invoke(cli.app, ["validate"])
    assert asked.exit_code == 2
    assert f"{SHILI}: ningde validate is about what was published of Ningde" in asked.output
    assert derive.main([]) == 1
    assert "derived files are made of ours" in capsys.readouterr().out


def test_facts_are_those_of_the_folder_or_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert observations.default_files() == [observations.SHIPPED]
    monkeypatch.setattr(own_region, "folder", lambda: SHILI)
    assert observations.default_files() == [SHILI / "observations.csv"]
    monkeypatch.setattr(own_region, "folder", lambda: tmp_path)
    assert observations.default_files() == []


def read_all_groups() -> None:
    """As a process does that imports the model."""
    for group in GROUPS:
        own_declarations(group.table, dict(declarations(group)))
    check_tables(group.table for group in GROUPS)


@pytest.mark.parametrize(
    ("name", "figures", "told"),
    [
        ("opening.gdp_2031", "50,45,56", "opening.gdp_2031: there is no such parameter (did you mean 'gdp_2013'?)"),
        ("openin.gdp_2013", "50,45,56", "openin.gdp_2013: there is no table openin (did you mean 'opening'?)"),
        ("run.world", "50,45,56", "run.world: it is no number with a range; set it in a scenario file"),
        ("run.seed", "1.5,1,2", "run.seed: invalid literal for int"),
        ("opening.gdp_2013", "50,45,56", "opening.gdp_2013: facts of Ningde end in 2021-12"),
    ],
)
def test_a_row_about_no_parameter_is_refused(
    name: str, figures: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    value, low, high = figures.split(",")
    row = {"name": name, "value": value, "low": low, "high": high, "source": "assumption", "grade": "assumed"}
    row |= {"newest_fact": "2022" if "facts" in told else "", "published": ""}
    monkeypatch.setattr(data, "rows", lambda _: [row])
    with pytest.raises(DataFolderError, match=f"^parameters.csv:2: {re.escape(told)}"):
        read_all_groups()


def test_a_lever_keeps_its_neutral_value_and_start_under_another_range(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"name": "service.teams", "value": "3", "low": "1", "high": "5", "source": "mine", "grade": "assumed"}
    monkeypatch.setattr(data, "rows", lambda _: [row | {"newest_fact": "", "published": ""}])
    before = declarations(Service)["teams"]
    after = own_declarations("service", dict(declarations(Service)))["teams"]
    assert isinstance(before, LeverRule)
    assert isinstance(after, LeverRule)
    assert (after.neutral, after.starts, after.payer) == (before.neutral, before.starts, before.payer)
    assert (after.initial().others, after.source, after.value.source) == (3.0, "mine", "mine")
    with pytest.raises(RefusedError, match="6 is above 5"):
        after.read(6)


FIT = """
import sys
from pathlib import Path
from sim.experiment.calibration.calibrate import calibrate
from sim.experiment.calibration.observation_facts import ObservationFacts
from sim.experiment.calibration.waves import Plan
from sim.experiment.observations import read_observations
from sim.model import GROUPS
from sim.parameters import Month
from sim.report.calibration import save_calibration
from sim.scenario import read
plan = Plan(waves=1, per_parameter=12, repeated=3, again=3, tried=64)
facts = ObservationFacts.of(read_observations())
scenario = read(Path("examples/shili/shili.toml"), GROUPS)
names = ("opening.gdp_2013", "opening.stainless_output")
found = calibrate(scenario, Month("2016-12"), facts, plan=plan, names=names)
save_calibration(found, Path(sys.argv[1]), "shili")
"""


@pytest.mark.slow
def test_a_calibration_and_a_backtest_with_workers_are_about_the_prefecture_of_the_folder(tmp_path: Path) -> None:
    """Of the made-up facts the size of the economy is known: 52.5 bn yuan, within a prior of 45 to 56."""
    fitted, scored = tmp_path / "fitted", tmp_path / "scored"
    fitted.mkdir()
    done = started("-c", FIT, str(fitted), data=SHILI)
    assert done.returncode == 0, done.stderr
    draws = pd.read_csv(fitted / "posterior.csv")["opening.gdp_2013"]
    assert draws.quantile(0.025) < 52.5 < draws.quantile(0.975)
    assert abs(draws.mean() - 52.5) < abs(0.5 * (45.0 + 56.0) - 52.5)
    assert draws.std() < (56.0 - 45.0) / 12.0**0.5
    done = ningde(
        "--data", SHILI, "backtest", SCENARIO, "--origins", "2016-12", "--modes", "conditional", "--members", "4",
        "--null-members", "0", "--posterior", fitted, "--workers", "2", "--out", scored, "--quiet", "--skip",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    cases = pd.read_csv(scored / "scores.csv")
    assert {"Shili", *COUNTIES} == {name.split()[1] for name in cases["case"]}


@pytest.mark.slow
def test_workers_of_an_ensemble_run_the_prefecture_of_the_folder(tmp_path: Path) -> None:
    """Each process that is started reads the same folder: its runs are bit for bit those of this process."""
    runs, short = tmp_path / "runs", ("--end", "2014-12", "--quiet", "--out")
    done = ningde("--data", SHILI, "run", SCENARIO, "--seeds", "2", "--workers", "2", *short, runs)
    assert done.returncode == 0, done.stderr
    again = ningde("--data", SHILI, "verify", "shili:2", "--in", runs)
    assert "bit-identical" in again.stdout, again.stderr


@pytest.mark.slow
def test_a_run_of_one_prefecture_is_not_verified_with_the_figures_of_another(tmp_path: Path) -> None:
    done = ningde("--data", SHILI, "run", SCENARIO, "--end", "2014-12", "--quiet", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    other = ningde("verify", tmp_path)
    assert other.returncode == 2
    assert "it is a run of another prefecture (Harbour, Plain, Hills, Ridge)" in other.stderr
