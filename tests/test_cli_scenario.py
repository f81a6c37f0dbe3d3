"""The command line around scenarios: check, levers, schema, and what `run` refuses before it simulates."""

from __future__ import annotations

import csv
import io
import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sim import cli
from sim.accounts import BrokenIdentityError
from sim.cli import scenarios
from sim.inputoutput.rationing import NoConvergenceError
from sim.model import GROUPS
from sim.parameters import describe
from sim.scenario import Scenario

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the shipped scenarios, in which the command works."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").mkdir()
    for path in (PROJECT / "scenarios").glob("*.toml"):
        (tmp_path / "scenarios" / path.name).write_bytes(path.read_bytes())
    return tmp_path


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Scenario, int, Path]]:
    """What would have been run; nothing is simulated."""
    done: list[tuple[Scenario, int, Path]] = []

    def instead(scenario: Scenario, seed: int, out: Path, _quiet: bool, _table: object) -> None:
        assert out.is_dir(), "the folder is there before anything is simulated"
        done.append((scenario, seed, out))

    monkeypatch.setattr("sim.cli.running.run_one", instead)
    return done


def ningde(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, arguments, catch_exceptions=False)


def scenario(name: str, text: str) -> Path:
    path = Path("scenarios") / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


# --- check


@pytest.mark.usefixtures("folder")
def test_check_says_ok_and_what_differs() -> None:
    result = ningde("check", "scenarios/baseline.toml", "unplanned_promotion")
    assert result.exit_code == 0
    assert result.stdout.split("\n")[0] == "scenarios/baseline.toml: OK: Baseline (0 settings differ from the defaults)"
    assert (
        "scenarios/unplanned_promotion.toml: OK: Unplanned promotion for ever (1 setting differs from baseline)"
        in result.stdout
    )
    assert '    promotion.start: "2016-01" -> "2035-12"\n' in result.stdout
    assert result.stderr == ""


@pytest.mark.usefixtures("folder")
def test_check_tells_every_fault_of_every_file() -> None:
    scenario("one", "[enclave]\ntax_share_origin = 1.4\n[run]\nseed = true\n")
    scenario("two", "[promotion]\nbugdet = 3\n")
    result = ningde("check", "scenarios/one.toml", "baseline", "two", "three")
    assert result.exit_code == 2
    assert result.stderr.split("\n") == [
        "scenarios/one.toml:2: enclave.tax_share_origin: 1.4 is above 0.8 (share of local-retained tax)",
        "scenarios/one.toml:4: run.seed: true is not a whole number (root seed of all random streams)",
        "scenarios/two.toml:2: promotion.bugdet: unknown key (did you mean 'budget'?)",
        "scenarios/three.toml: there is no such file",
        "",
    ]
    assert "scenarios/baseline.toml: OK" in result.stdout


@pytest.mark.usefixtures("folder")
def test_a_cap_below_what_the_opening_uses_is_warned_of(runs: list[tuple[Scenario, int, Path]]) -> None:
    scenario("x", 'extends = "baseline"\n[energy]\ncap = 0.001\n')
    scenario("y", 'extends = "x"\n[energy]\ncarbon_cap = [{ from = "2016-01", value = 0.5 }]\n')
    energy = "scenarios/x.toml:3: warning: energy.cap: 0.001 TWh a year is below the 8.36 TWh that the plants of the"
    carbon = "scenarios/y.toml:3: warning: energy.carbon_cap: 0.5 Mt CO2 a year from 2016-01 is below the 3.76 Mt CO2"
    for result in (ningde("check", "y"), ningde("run", "y", "--out", "new")):
        assert result.exit_code == 0
        lines = result.stderr.split("\n")
        assert [line[: len(start)] for line, start in zip(lines, (energy, carbon), strict=False)] == [energy, carbon]
    assert len(runs) == 1
    assert ningde("check", "capped_energy").stderr == ""


@pytest.mark.parametrize(("error", "line"), [
    (NoConvergenceError("the shortage of OTHM does not settle"), "the shortage of OTHM does not settle"),
    (BrokenIdentityError("I3 does not hold"), "its books do not balance: I3 does not hold"),
])  # fmt: skip
@pytest.mark.usefixtures("folder")
def test_a_run_that_stops_says_why_in_one_line(monkeypatch: pytest.MonkeyPatch, error: RuntimeError, line: str) -> None:
    def stops(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("sim.experiment.run", stops)
    result = ningde("run", "baseline", "--quiet", "--out", "new")
    assert result.exit_code == cli.BROKEN_BOOKS
    separator = "," if isinstance(error, BrokenIdentityError) else ":"
    assert result.stderr == f"baseline: the run stopped{separator} {line}\n"


def test_values_that_allow_no_opening_are_refused(folder: Path, runs: list[tuple[Scenario, int, Path]]) -> None:
    scenario("x", "[io]\nva_cell = 0.4\nleader_goods_share = 0.7\n")
    line = "scenarios/x.toml: io.leader_goods_share 0.7 and io.va_cell 0.4 leave nothing for the other inputs of cells"
    assert ningde("check", "x").stderr == f"{line}\n"
    assert refused(folder, "baseline", "x") == [line]
    assert runs == []


def test_more_quota_than_the_plans_leave_is_refused_with_its_line(
    folder: Path, runs: list[tuple[Scenario, int, Path]]
) -> None:
    scenario("x", '[run]\nend = "2035-12"\n[land]\nnew_quota = 12000\n')
    (line,) = refused(folder, "x")
    assert line.startswith("scenarios/x.toml:4: land.new_quota: by 2031-04 more quota is issued than the 207,100 mu")
    assert runs == []


@pytest.mark.parametrize("what", [b"\xff", b"[run", b"x = 1\n" * 60_000, b"x = " + b"[" * 3000])
@pytest.mark.usefixtures("folder")
def test_check_never_shows_a_traceback(what: bytes) -> None:
    Path("scenarios/x.toml").write_bytes(what)
    result = ningde("check", "x")
    assert result.exit_code == 2
    assert result.stderr.startswith("scenarios/x.toml")
    assert result.stderr.count("\n") == 1


# --- levers


def test_levers_lists_every_lever() -> None:
    result = ningde("levers")
    assert result.exit_code == 0
    listed = {line.split()[0] for line in result.stdout.split("\n") if line[:2] == "  " and line[2:3].strip()}
    rows = [row for group in GROUPS for row in describe(group)]
    assert {f"{row.table}.{row.name}" for row in rows if row.kind == "lever"} <= listed
    assert not {f"{row.table}.{row.name}" for row in rows if row.kind != "lever"} & listed


def test_levers_tell_who_pays_in_a_wide_and_in_a_narrow_window(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row for group in GROUPS for row in describe(group) if row.kind == "lever"]
    assert all(row.payer for row in rows)
    listed = {row["name"]: row["paid by"] for row in csv.DictReader(io.StringIO(ningde("levers", "--csv").stdout))}
    assert listed == {f"{row.table}.{row.name}": row.payer for row in rows}
    head, *lines = ningde("levers", "service").stdout.strip().split("\n")
    assert "paid by" in head
    assert max(len(line.rstrip()) for line in lines) <= 200
    monkeypatch.setattr(scenarios, "WIDE", 201)
    assert "    paid by: city level\n" in ningde("levers", "service").stdout


def test_levers_of_one_table() -> None:
    result = ningde("levers", "service", "--all")
    assert "service.team_capacity" in result.stdout
    assert "promotion" not in result.stdout
    assert "service.team_capacity" not in ningde("levers", "service").stdout
    wrong = ningde("levers", "enclav")
    assert wrong.exit_code == 2
    assert wrong.stderr.startswith("unknown table 'enclav' (did you mean 'enclave'?); the tables are run, ")


def test_levers_as_csv() -> None:
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(ningde("levers", "--all", "--csv").stdout))}
    assert len(rows) == sum(1 for group in GROUPS for _ in describe(group))
    teams = rows["service.teams"]
    assert (teams["range"], teams["default"], teams["from"], teams["neutral"]) == ("0 to 20", "8", "2017-01", "1")
    assert rows["enclave.direction"]["range"] == "none, forward, reverse, both"
    assert rows["demand.legacy_trend"]["default"] == "-0.15", "a number stays a number"


@pytest.mark.parametrize(
    ("text", "written"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("-x", "'-x"), ("+3", "+3"), ("-0.1", "-0.1"), ("a=1", "a=1")],
)
def test_no_text_becomes_a_formula(text: str, written: str) -> None:
    assert scenarios.harmless(text) == written


# --- schema


@pytest.mark.usefixtures("folder")
def test_schema_is_written() -> None:
    printed = ningde("schema")
    assert printed.exit_code == 0
    made = json.loads(printed.stdout)
    assert made["properties"]["enclave"]["properties"]["tax_share_origin"]["anyOf"][0]["maximum"] == 0.8
    assert ningde("schema", "--out", "scenario.schema.json").exit_code == 0
    assert json.loads(Path("scenario.schema.json").read_text(encoding="utf-8")) == made


@pytest.mark.usefixtures("folder")
def test_schema_is_not_written_where_something_stands() -> None:
    Path("link.json").symlink_to("elsewhere.json")
    for out, words in (
        ("scenarios", "this is a folder"),
        ("link.json", "this is a link"),
        ("no/x.json", "No such file"),
    ):
        result = ningde("schema", "--out", out)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"{out}: ")
        assert words in result.stderr
    assert not Path("elsewhere.json").exists()


# --- run


@pytest.mark.usefixtures("folder")
def test_run_reads_the_scenarios_and_makes_their_folders(runs: list[tuple[Scenario, int, Path]]) -> None:
    assert ningde("run", "baseline").exit_code == 0
    assert (
        ningde("run", "scenarios/wide_land.toml", "--seed", "7", "--out", "here/there", "--end", "2020-12").exit_code
        == 0
    )
    assert ningde("run", "wide_land", "tight_land", "--out", "both").exit_code == 0
    assert [(each.name, seed, str(out)) for each, seed, out in runs] == [
        ("baseline", 1, "results/baseline"),
        ("wide_land", 7, "here/there"),
        ("wide_land", 1, "both/wide_land"),
        ("tight_land", 1, "both/tight_land"),
    ]
    assert [each.months for each, _, _ in runs] == [264, 84, 264, 264]
    assert ningde("run", "baseline").exit_code == 0, "a folder that is there may be used again"


def refused(folder: Path, *arguments: str) -> list[str]:
    """The lines of a refusal that leaves nothing behind."""
    before = sorted(folder.rglob("*"))
    result = ningde("run", *arguments)
    assert result.exit_code == 2
    assert sorted(folder.rglob("*")) == before, "nothing is left behind"
    assert "Traceback" not in result.output
    return result.stderr.rstrip("\n").split("\n")


def test_run_refuses_bad_scenarios(folder: Path, runs: list[tuple[Scenario, int, Path]]) -> None:
    scenario("x", "[run]\nseed = -1\n")
    assert refused(folder, "baseline", "x", "basline") == [
        "scenarios/x.toml:2: run.seed: -1 is below 0 (root seed of all random streams)",
        "scenarios/basline.toml: there is no such file (did you mean 'baseline.toml'?)",
    ]
    assert refused(folder, "baseline", "--end", "2035-13") == [
        '--end: "2035-13" is not a month such as "2017-01"',
    ]
    assert refused(folder, "baseline", "--end", "2051-01") == ['--end: "2051-01" is after 2050-12 (month)']
    assert refused(folder, "baseline", "scenarios/baseline.toml") == [
        "two scenarios are called baseline: their results would stand in one folder"
    ]
    assert refused(folder, "baseline", "--seed", "-1")
    assert refused(folder)
    assert runs == []


def test_run_refuses_a_folder_it_cannot_write(folder: Path, runs: list[tuple[Scenario, int, Path]]) -> None:
    Path("file").write_text("")
    Path("link").symlink_to("scenarios")
    Path("dangling").symlink_to("nowhere")
    Path("both").mkdir()
    Path("both/wide_land").write_text("")
    for out, words in {
        "file": "file is a file, so there can be no folder for the results",
        "link/a": "link is a link, and results are only written to a real folder",
        "new/" + "x" * 300: "results cannot be written there (File name too long)",
        "file/a/b": "file is a file, so there can be no folder for the results",
        "link": "link is a link, and results are only written to a real folder",
        "dangling": "dangling is a link, and results are only written to a real folder",
        "/proc/ningde": "results cannot be written there",
    }.items():
        (line,) = refused(folder, "baseline", "--out", out)
        assert line.startswith(f"{out}: {words}")
    Path("\x1b[2J").write_text("")
    (line,) = refused(folder, "baseline", "--out", "\x1b[2J")
    assert line.startswith("\\u001b[2J: "), "nothing that a terminal obeys is printed"
    (line,) = refused(folder, "tight_land", "wide_land", "--out", "both")
    assert line.startswith("both/wide_land: both/wide_land is a file")
    assert runs == []


def test_run_refuses_a_folder_without_permission(
    folder: Path, runs: list[tuple[Scenario, int, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", no)
    (line,) = refused(folder, "baseline", "--out", "a/b/c")
    assert line == "a/b/c: there is no permission to write results there; name another folder"
    assert runs == []


@pytest.mark.usefixtures("folder")
def test_run_passes_quiet_on(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bool] = []
    monkeypatch.setattr("sim.cli.running.run_one", lambda _scenario, _seed, _out, quiet, _table: heard.append(quiet))
    ningde("run", "baseline")
    ningde("run", "baseline", "--quiet")
    assert heard == [False, True]


def test_help_and_mistakes_need_no_heavy_library() -> None:
    heavy = ("mesa", "scipy", "pandas", "xarray", "matplotlib", "pydantic", "tree_sitter", "rich.table")
    code = f"import sys, sim.cli; print(*(name for name in {heavy} if name in sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert result.stdout.split() == []


def test_the_script_does_nothing_when_a_worker_imports_it() -> None:
    assert "app" not in runpy.run_path(str(PROJECT / "run_scenario.py"), run_name="__mp_main__")


@pytest.mark.usefixtures("folder")
def test_the_script_is_the_same_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["run_scenario.py", "scenarios/nowhere.toml"])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(PROJECT / "run_scenario.py"), run_name="__main__")
    said = capsys.readouterr()
    assert (left.value.code, said.out) == (2, "")
    assert said.err == "scenarios/nowhere.toml: there is no such file\n"
