"""Copies of the package with changed source: for faults planted on purpose, and for another length of the month."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

NEEDED = ("sim", "tests", "scenarios", "pyproject.toml")


def copy_project(folder: Path, parts: Iterable[str] = NEEDED) -> Path:
    """Copy source, tests and scenarios into an empty folder."""
    folder.mkdir(parents=True)
    for name in parts:
        place = ROOT / name
        if place.is_dir():
            shutil.copytree(place, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(place, folder / name)
    return folder


def replace_once(path: Path, old: str, new: str) -> str:
    """Replace a text that must occur exactly once; returns what the file held before."""
    before = path.read_text(encoding="utf-8")
    found = before.count(old)
    assert found == 1, f"{path.name} holds {old!r} {found} times, so the change no longer means what it meant"
    path.write_text(before.replace(old, new), encoding="utf-8")
    return before


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a copy: nothing but the copy is on the path, one thread, no byte code left behind."""
    settings = {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-B", *arguments],
        cwd=folder,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
