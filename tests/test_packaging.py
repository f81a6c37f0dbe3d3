"""What a newcomer relies on: set-up commands, pin lists, sources of the data, and that nothing is read elsewhere."""

from __future__ import annotations

import ast
import csv
import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import sim
from tests.sources import source

ROOT = Path(__file__).parents[1]
DATA = ROOT / "sim" / "data"
PINS = sorted((ROOT / "requirements").glob("py3*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

LAST_YEAR = 2021
"""Nothing that happened to Ningde later is carried, so that projections can be scored against it."""

DATED = {
    "facts.csv": ("year",),
    "history.csv": ("announced", "work_start", "production"),
    "policies.csv": ("date",),
    "world.csv": ("year",),
}
"""Data files of dated figures and the columns that date them."""


# --- set-up -----------------------------------------------------------------------------------------------------------


def test_readme_has_exactly_two_set_up_commands() -> None:
    make = "python3 -m venv .venv"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [line for line in readme.splitlines() if "pip install" in line]
    assert commands == [
        f"{make} && .venv/bin/pip install -e . && .venv/bin/python run_scenario.py scenarios/baseline.toml",
        '.venv/bin/pip install -e ".[dev]" && .venv/bin/pytest',
    ]


def test_the_checks_run_the_commands_of_the_readme_and_end_with_its_tests() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    taken = dict(re.findall(r"^(\w+)=\$\(readme_command '(.+)' \"\$venv\"\)$", script, re.MULTILINE))
    assert taken == {
        "install_and_run": "python3 -m venv .venv && ",
        "install_and_test": '.venv/bin/pip install -e ".[dev]"',
    }
    assert 'eval "$install_and_run"' in script
    assert script.splitlines()[-1] == 'eval "$install_and_test"'


def test_the_checks_can_be_started() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    subprocess.run(["bash", "-n", str(ROOT / ".ci" / "run")], check=True)


def test_one_version_everywhere() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.+)$", citation, re.MULTILINE) == [sim.__version__]
    assert PROJECT["dynamic"] == ["version"]


def test_the_command_leads_to_a_function() -> None:
    module, _, function = PROJECT["scripts"]["ningde"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_linear_algebra_has_one_thread_from_the_first_import() -> None:
    program = "import os, sim; print(*(os.environ[name] for name in sim._threads.VARIABLES))"
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "4", "OMP_NUM_THREADS": "4"}
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert set(answer.stdout.split()) == {"1"}


def test_threads_are_set_before_any_other_package_is_imported() -> None:
    tree = ast.parse((ROOT / "sim" / "__init__.py").read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    first = next(node for node in imports if not imported_by(node) <= set(sys.stdlib_module_names))
    assert ast.unparse(first) == "from sim import _threads"


def imported_by(node: ast.Import | ast.ImportFrom) -> set[str]:
    """Top names of the packages that one statement imports."""
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or "sim"]
    return {name.split(".")[0] for name in names}


def test_links_of_the_readme_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert "docs/images/path.png" in links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_imported_package_is_a_declared_dependency() -> None:
    modules = {alias for path in (ROOT / "sim").rglob("*.py") for alias in source(path).imports}
    extras = PROJECT["optional-dependencies"]
    needed = [*PROJECT["dependencies"], *extras["tune"], *extras["discovery"]]
    declared = {canonicalize_name(Requirement(text).name) for text in needed}
    modules = {"scikit-learn" if name == "sklearn" else name for name in modules}
    foreign = {canonicalize_name(name) for name in modules - set(sys.stdlib_module_names) - {"sim"}}
    assert {"numpy", "mesa"} <= foreign
    assert foreign - declared == set()


# --- pin lists --------------------------------------------------------------------------------------------------------


def pinned(path: Path) -> dict[str, str]:
    """Name and version of each line of a pin list."""
    return dict(line.split("==") for line in path.read_text(encoding="utf-8").split())


def test_there_is_a_pin_list_for_each_python() -> None:
    assert [path.stem for path in PINS] == ["py311", "py312", "py313"]


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.stem)
def test_a_pin_is_a_name_and_a_version_and_nothing_else(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+!]*", line)] == []
    names = [canonicalize_name(line.split("==")[0]) for line in lines]
    assert len(names) == len(set(names)), "a package is pinned twice"
    assert canonicalize_name(PROJECT["name"]) not in names


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.stem)
def test_pins_hold_every_direct_dependency_within_its_bounds(path: Path) -> None:
    pins = {canonicalize_name(name): version for name, version in pinned(path).items()}
    python = {"python_version": f"{path.stem[2]}.{path.stem[3:]}"}
    for text in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate(python):
            continue
        version = pins.get(canonicalize_name(requirement.name))
        assert version is not None, f"{path.name}: {requirement.name} is missing"
        assert version in requirement.specifier, f"{path.name}: {requirement.name} {version} is not {requirement}"


# --- data and sources -------------------------------------------------------------------------------------------------


def data_files() -> list[str]:
    return sorted(path.name for path in DATA.iterdir() if path.suffix in {".csv", ".geojson"})


def test_every_data_file_is_described_in_sources() -> None:
    described = re.findall(r"`([\w.]+\.(?:csv|geojson))`", (DATA / "SOURCES.md").read_text(encoding="utf-8"))
    assert data_files(), "no data files found"
    assert set(data_files()) - set(described) == set(), "a file without a line in SOURCES.md"
    assert set(described) - set(data_files()) == set(), "SOURCES.md describes a file that is not there"


@pytest.mark.parametrize("name", sorted(DATED))
def test_nothing_after_2021(name: str) -> None:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    cells = [(number, row[column]) for number, row in enumerate(rows, 2) for column in DATED[name] if row[column]]
    assert cells, f"{name}: no dates in the columns {DATED[name]}"
    assert [f"{name}:{number}: {text}" for number, text in cells if int(text[:4]) > LAST_YEAR] == []


def leaves_the_project(text: str) -> bool:
    """Whether a text could be a path above the project, in a home folder, or from the root of the machine."""
    return "../" in text or text.startswith(("~/", "file:")) or re.match(r"/\w+/\w", text) is not None


def test_no_module_reads_outside_the_project() -> None:
    modules = sorted((ROOT / "sim").rglob("*.py"))
    assert len(modules) > 1
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in modules
        for line, text in source(path).texts
        if leaves_the_project(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "leaves"),
    [("../data/x.csv", True), ("/etc/hosts", True), ("~/x", True), ("data/x.csv", False), ("M/yuan", False)],
)
def test_what_counts_as_outside(text: str, leaves: bool) -> None:
    assert leaves_the_project(text) is leaves


def steps_up(path: Path) -> int:
    """How many folders a file climbs from its own place at most: the largest n of a ``parents[n]`` in it, plus one."""
    text = path.read_text(encoding="utf-8")
    nodes = ast.walk(ast.parse(text)) if "parents" in text else ()
    climbs = [
        node for node in nodes if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith(".parents")
    ]
    return max((node.slice.value + 1 for node in climbs if isinstance(node.slice, ast.Constant)), default=0)


def test_no_file_climbs_above_the_project() -> None:
    files = sorted([*(ROOT / "sim").rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
    assert steps_up(Path(__file__)) == 2
    assert [path.name for path in files if steps_up(path) > len(path.relative_to(ROOT).parts)] == []


TEXTS = {".py", ".md", ".toml", ".csv", ".txt", ".cff", ".ipynb", ".geojson", ".json", ""}
"""Endings of text files; files without one are NOTICE, LICENSE and scripts."""

MACHINE = re.compile(r"(?<![\w.:/~-])(?:/(?:home|root|work|tmp|Users|opt|mnt|srv|media|var)/|[A-Z]:\\)[\w.-]+")
"""A path in a folder that only one machine has."""


def kept_files() -> list[Path]:
    """Text files of the project, without what tools and runs leave behind."""
    folders = [
        ROOT / name
        for name in (".ci", "benchmarks", "docs", "examples", "notebooks", "requirements", "scenarios", "sim", "tests")
    ]
    files = [path for folder in folders for path in folder.rglob("*")] + [
        path for path in ROOT.iterdir() if path.name != ".git"
    ]
    return sorted(path for path in files if path.is_file() and path.suffix in TEXTS and "__pycache__" not in path.parts)


def test_no_text_names_a_path_of_a_machine() -> None:
    files = kept_files()
    assert {"README.md", "run", "facts.csv", "test_packaging.py"} <= {path.name for path in files}
    found = [
        f"{path.relative_to(ROOT)}: {hit}"
        for path in files
        if path != Path(__file__)
        for hit in MACHINE.findall(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("see /home/me/x.csv", True),
        ('"/tmp/x"', True),
        (r"C:\data", True),
        ("https://example.org/home/x", False),
        ("#!/usr/bin/env bash", False),
        ("sim/opt/x", False),
    ],
)
def test_what_counts_as_a_path_of_a_machine(text: str, hit: bool) -> None:
    assert bool(MACHINE.search(text)) is hit
