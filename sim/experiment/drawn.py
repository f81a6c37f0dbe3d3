"""Draws of the parameters, as a calibration leaves them, and how a run takes one.

Two files: NAME.csv has a draw a line, a column a parameter by dotted name; NAME.json tells where they come from. A run
takes the draw ``seed modulo draws``, so that two policies with one seed have the same parameters: common luck. A
parameter that the scenario sets itself, to something else than the scenario that was calibrated, stays as it is set;
levers are policy and never drawn.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from sim.data import own_region
from sim.parameters import Month, suggestion
from sim.scenario import Scenario

FORMAT = 1
"""Version of the files."""

FOLDER = "posteriors"
"""Where shipped posteriors are, below the data of the package."""

COPIES = ("posterior.csv", "posterior.json")
"""Names of both files in a folder of runs that used them."""

STEM = "posterior"
"""Name of the files in a folder of `ningde calibrate`, and of the copies in a folder of runs."""

MOST_DRAWS, MOST_BYTES = 100_000, 100_000_000
"""More is no posterior of ours (numerical)."""


class PosteriorFileError(ValueError):
    """A posterior that cannot be read or used; the message is one sentence with file and what to do."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of parameters.

    Attributes:
        name: of the files.
        names: dotted names of the parameters, in the order of the columns.
        draws: one tuple a draw, in that order.
        manifest: where they come from: as_of, scenario, facts, runs, and the values before calibration.
    """

    name: str
    names: tuple[str, ...]
    draws: tuple[tuple[float, ...], ...]
    manifest: Mapping[str, Any] = field(repr=False)

    @property
    def as_of(self) -> Month:
        """Month up to which facts were known."""
        return Month(self.manifest["as_of"])

    @property
    def digest(self) -> str:
        """SHA-256 of draws and of what decides where they are put."""
        told = json.dumps([self.text, self.manifest["as_of"], self.manifest["before"]], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def text(self) -> str:
        """The draws as CSV; numbers in full, so that reading gives them back."""
        lines = [",".join(self.names)] + [",".join(repr(float(value)) for value in draw) for draw in self.draws]
        return "\n".join(lines) + "\n"

    @property
    def manifest_text(self) -> str:
        """The manifest as JSON, with the digest of the draws."""
        told = {"format": FORMAT, **self.manifest, "draws_sha256": hashlib.sha256(self.text.encode()).hexdigest()}
        return json.dumps(told, indent=1, ensure_ascii=False) + "\n"

    def changes(self, scenario: Scenario, seed: int) -> tuple[tuple[str, float], ...]:
        """What a run with a seed changes in its scenario, by dotted name.

        Args:
            scenario: what is run.
            seed: of the run.
        """
        draw = self.draws[seed % len(self.draws)]
        before = self.manifest["before"]
        return tuple(
            (name, int(value) if isinstance(before[name], int) else value)
            for name, value in zip(self.names, draw, strict=True)
            if value_of(scenario, name) == before[name]
        )

    def check(self, scenario: Scenario) -> None:
        """Raise unless the draws may be used with a scenario.

        Raises:
            PosteriorFileError: the draws have seen facts that the scenario does not know yet.
        """
        known = scenario.run.known_until
        if self.as_of > known:
            raise PosteriorFileError(
                f"the posterior {self.name} has seen facts up to {self.as_of}, {scenario.name} knows them only up to"
                f" {known}: take an earlier posterior, or a later run.known_until"
            )


def value_of(scenario: Scenario, name: str) -> Any:
    """The value of a dotted name in a scenario; None if it has none."""
    found: Any = scenario.tables
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def with_draw(scenario: Scenario, changes: tuple[tuple[str, float], ...]) -> Scenario:
    """A scenario with drawn parameters, under its own name.

    Raises:
        ScenarioError: the parameters contradict the others.
    """
    return scenario.replace(dict(changes), name=scenario.name) if changes else scenario


# --- reading ----------------------------------------------------------------------------------------------------------


def shipped() -> tuple[str, ...]:
    """Names of the posteriors that come with the package, in order; another prefecture of the user has none."""
    if own_region.folder() is not None:
        return ()
    folder = files("sim.data").joinpath(FOLDER)
    if not folder.is_dir():
        return ()
    return tuple(sorted(entry.name.removesuffix(".csv") for entry in folder.iterdir() if entry.name.endswith(".csv")))


def read_posterior(word: str | Path) -> Posterior:
    """A posterior by name, file or folder.

    Args:
        word: name of a shipped one, such as "2019-11"; or a CSV file with its JSON file beside it; or a folder of
            ``ningde calibrate``.

    Raises:
        PosteriorFileError: there is none, or it is not what was written; file and line are named.
    """
    if str(word) in shipped():
        path = Path(str(files("sim.data").joinpath(FOLDER, f"{word}.csv")))
    else:
        path = Path(word)
        if path.is_dir():
            path = path / f"{STEM}.csv"
        if not path.exists():
            there = f"; shipped are {', '.join(shipped()) or 'none'}; ningde calibrate makes one"
            raise PosteriorFileError(f"{word}: there is no such posterior{suggestion(str(word), shipped())}{there}")
    manifest_path = path.with_suffix(".json")
    manifest = _manifest(manifest_path)
    names, draws = _draws(path, _text(path))
    name = path.stem if path.stem != STEM else str(manifest.get("name", STEM))
    found = Posterior(name, names, draws, {key: told for key, told in manifest.items() if key not in _ADDED})
    if manifest["draws_sha256"] != hashlib.sha256(found.text.encode()).hexdigest():
        raise PosteriorFileError(f"{path}: the draws are not those that {manifest_path.name} describes")
    for name in names:
        _same_kind(manifest_path, name, manifest["before"])
    return found


_ADDED = ("format", "draws_sha256")
"""Entries that :attr:`Posterior.manifest_text` adds."""


def _text(path: Path) -> str:
    """The text of a file within limits."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PosteriorFileError(f"{path}: the file is larger than {MOST_BYTES // 1_000_000} MB")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise PosteriorFileError(f"{path}: the file cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise PosteriorFileError(f"{path}: the file is not UTF-8") from None


def _manifest(path: Path) -> dict[str, Any]:
    """The manifest, if it has what is needed."""
    try:
        told = json.loads(_text(path))
        if not isinstance(told, dict):
            raise ValueError
    except (ValueError, RecursionError) as error:
        if isinstance(error, PosteriorFileError):
            raise
        raise PosteriorFileError(f"{path}: the manifest is damaged (no JSON object)") from None
    kinds: dict[str, type] = {"format": int, "as_of": str, "before": dict, "draws_sha256": str}
    for name, kind in kinds.items():
        if not isinstance(told.get(name), kind):
            raise PosteriorFileError(f"{path}: the manifest has no {name}: make the posterior again")
    if told["format"] != FORMAT:
        raise PosteriorFileError(f"{path}: it was made by another version of the simulator: make the posterior again")
    try:
        Month(told["as_of"])
    except ValueError as error:
        raise PosteriorFileError(f"{path}: as_of: {error}") from None
    return told


def _same_kind(path: Path, name: str, before: Mapping[str, Any]) -> None:
    """The manifest tells the value that a parameter had before."""
    value = before.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PosteriorFileError(f"{path}: before: there is no number for {name}: make the posterior again")


def _draws(path: Path, text: str) -> tuple[tuple[str, ...], tuple[tuple[float, ...], ...]]:
    """Names and draws of a CSV text, every number within its declared range."""
    lines = list(csv.reader(text.splitlines()))
    if len(lines) < 2:
        raise PosteriorFileError(f"{path}: it holds no draw")
    if len(lines) - 1 > MOST_DRAWS:
        raise PosteriorFileError(f"{path}: more than {MOST_DRAWS} draws")
    names = tuple(lines[0])
    bounds = [_bounds(path, name, names) for name in names]
    draws = []
    for number, cells in enumerate(lines[1:], start=2):
        if len(cells) != len(names):
            raise PosteriorFileError(f"{path}:{number}: {len(cells)} numbers, not {len(names)}")
        draws.append(
            tuple(
                _number(f"{path}:{number}: {name}", cell, limits)
                for name, cell, limits in zip(names, cells, bounds, strict=True)
            )
        )
    return names, tuple(draws)


def _bounds(path: Path, name: str, names: tuple[str, ...]) -> tuple[float, float]:
    """The declared range of a column."""
    declared = _ranges()
    if name not in declared:
        raise PosteriorFileError(f"{path}:1: unknown parameter '{name[:80]}'{suggestion(name, tuple(declared))}")
    if names.count(name) > 1:
        raise PosteriorFileError(f"{path}:1: {name} stands twice")
    return declared[name]


def _ranges() -> dict[str, tuple[float, float]]:
    """Declared ranges of all parameters that are numbers, by dotted name; levers are none."""
    from sim.model import GROUPS
    from sim.parameters import describe

    return {
        f"{group.table}.{row.name}": (float(row.low), float(row.high))
        for group in GROUPS
        for row in describe(group)
        if row.kind == "parameter" and isinstance(row.low, int | float) and isinstance(row.high, int | float)
    }


def _number(where: str, cell: str, limits: tuple[float, float]) -> float:
    """A number within its range."""
    try:
        value = float(cell)
    except ValueError:
        raise PosteriorFileError(f"{where}: '{cell[:40]}' is no number") from None
    if not math.isfinite(value) or not limits[0] <= value <= limits[1]:
        raise PosteriorFileError(f"{where}: {cell} is outside {limits[0]:g} to {limits[1]:g}")
    return value
