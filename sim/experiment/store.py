"""A folder of runs that survives: what is finished stays finished, what is damaged is known by name.

::

    manifest.json                                scenarios in full, origin, layout
    journal.jsonl                                a line for each finished run
    runs/<name>-<first 12 of the hash>/seed-000000001.run
    lock                                         who writes: pid and host

A run is written under a temporary name, flushed, renamed, and only then noted in the journal. A run counts if its file
opens, every number has its digest, and scenario, seed, layout and origin are those that its place says; the journal
adds the digest of the whole file and the seconds. A run whose process was killed between the two is found again
by its file. Files that do not count are set aside as ``.bad`` when the folder is written to, and told when it is only
read.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from sim import data
from sim.experiment.drawn import COPIES, Posterior, PosteriorFileError, read_posterior
from sim.experiment.layout import Layout, layout_between, layout_of
from sim.experiment.run_file import Head, Key, pack, read_entry, read_head, read_vector
from sim.parameters import Month
from sim.results import DamagedError, FolderError, prepare_folder
from sim.results.provenance import PACKAGE, code_digest, code_version, versions
from sim.results.storage import write_atomically
from sim.scenario import Scenario

Floats = NDArray[np.float64]

FORMAT = 1
"""Version of the folder; raise it when a reader of today could not read the folders of tomorrow."""

MANIFEST, JOURNAL, RUNS, LOCK = "manifest.json", "journal.jsonl", "runs", "lock"

MAKES_RUNS: tuple[str, ...] = ("__init__.py", "single.py", "layout.py", "drawn.py")
"""Files of this room that a number of a run can depend on; the others and the floors above only read numbers."""

LUCK = "streams are keyed by (seed, purpose, month), never by the scenario: equal seeds are common luck"
"""How seeds become chance, as the manifest tells it."""


class StoreError(ValueError):
    """A folder that is no store, or not one for these runs; the message is one sentence with what to do."""


class DamagedManifestError(StoreError):
    """The manifest of a store cannot be read; its runs may be whole."""


# --- what made the numbers --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Origin:
    """What made the numbers. Runs of different origins are not mixed.

    Attributes:
        code: digest of the code that a number can depend on.
        data: digest of the figures.
        versions: of Python, of the libraries that compute, and of this package.
        opening: "synthetic", or the digest of a table of the user.
        posterior: digest of the draws that runs take parameters from, see :mod:`sim.experiment.drawn`; empty if none.
        code_version: commit or version, for a reader; it does not count.
    """

    code: str
    data: str
    versions: Mapping[str, str]
    opening: str = "synthetic"
    posterior: str = ""
    code_version: str = field(default="", compare=False)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what counts."""
        counted = {name: value for name, value in asdict(self).items() if name != "code_version"}
        if not self.posterior:
            del counted["posterior"]  # runs without one are those of before there were any
        return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()


@cache
def origin() -> Origin:
    """The origin of runs that this process makes."""
    others = (path.name for path in (PACKAGE / "experiment").glob("*.py") if path.name not in MAKES_RUNS)
    folders = (path.name for path in (PACKAGE / "experiment").iterdir() if path.is_dir())
    left_out = ("cli", "report", *(f"experiment/{name}" for name in sorted([*others, *folders])))
    return Origin(code_digest(PACKAGE, left_out), data.digest(), versions(), code_version=code_version())


def difference(found: Origin, here: Origin) -> str:
    """In what two origins differ, in words; empty if they do not."""
    parts = []
    if found.code != here.code:
        parts.append(f"code ({found.code_version or found.code[:12]}, here {here.code_version or here.code[:12]})")
    if found.data != here.data:
        parts.append("figures of sim/data")
    names = sorted({*found.versions, *here.versions})
    parts += [
        f"{name} {found.versions.get(name, 'none')}, here {here.versions.get(name, 'none')}"
        for name in names
        if found.versions.get(name) != here.versions.get(name)
    ]
    if found.opening != here.opening:
        parts.append("the opening table")
    if found.posterior != here.posterior:
        parts.append("draws of the parameters" if found.posterior and here.posterior else _one_has(found))
    return "; ".join(parts)


def _one_has(found: Origin) -> str:
    """What differs where only one of two origins has a posterior."""
    return "draws of the parameters (these runs have some)" if found.posterior else "parameters (these runs draw none)"


# --- the manifest -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """A scenario as a store keeps it: enough to run it again."""

    name: str
    title: str
    question: str
    hash: str
    text: str

    @classmethod
    def of(cls, scenario: Scenario) -> Plan:
        """That of a scenario."""
        return cls(scenario.name, scenario.title, scenario.question, scenario.hash, scenario.text)

    @property
    def folder(self) -> str:
        """Name of its folder below ``runs``."""
        return f"{self.name}-{self.hash[:12]}"


@dataclass(frozen=True)
class Manifest:
    """What a store holds and what made it.

    Attributes:
        plans: the scenarios.
        start, end: first and last month of all its runs.
        origin: what made the numbers.
        layout: digest of the layout.
    """

    plans: tuple[Plan, ...]
    start: str
    end: str
    origin: Origin
    layout: str

    def text(self) -> str:
        """As a file."""
        told = {
            "format": FORMAT,
            "months": {"first": self.start, "last": self.end},
            "layout_sha256": self.layout,
            "luck": LUCK,
            "origin": asdict(self.origin),
            "scenarios": [asdict(plan) for plan in self.plans],
        }
        return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _manifest(path: Path) -> Manifest:
    """The manifest in a file.

    Raises:
        StoreError: there is none, or it is damaged or of another version.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(
            f"{path.parent}: there is no {MANIFEST}, so this is no folder of an ensemble; ningde run --seeds makes one"
        ) from None
    except OSError as error:
        raise StoreError(f"{path}: the manifest cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise _damaged(path) from None
    try:
        if told["format"] != FORMAT:
            raise StoreError(f"{path}: the folder was made by another version of the simulator; name another folder")
        return Manifest(
            tuple(Plan(**plan) for plan in told["scenarios"]),
            told["months"]["first"],
            told["months"]["last"],
            Origin(**told["origin"]),
            told["layout_sha256"],
        )
    except (KeyError, TypeError):
        raise _damaged(path) from None


def _damaged(path: Path) -> DamagedManifestError:
    return DamagedManifestError(
        f"{path}: the manifest is damaged; run the same command again, the runs in the folder are kept"
    )


# --- the store --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Noted:
    """A line of the journal: digest of the whole file, and how long the run took; None where nobody knows."""

    sha256: str
    seconds: float | None


@dataclass(frozen=True)
class Bad:
    """A file that does not count, and why."""

    file: Path
    why: str


@dataclass
class Store:
    """A folder of runs, read only; :func:`writing` gives one to which runs can be added.

    Attributes:
        folder: where it is.
        manifest: what it holds and what made it.
        layout: of the vectors.
        files: the file of each run that is there, by name of the scenario and seed.
        noted: what the journal says of them.
        bad: files that did not count when the folder was last checked.
    """

    folder: Path
    manifest: Manifest
    layout: Layout
    files: dict[tuple[str, int], Path] = field(default_factory=dict)
    noted: dict[tuple[str, int], Noted] = field(default_factory=dict)
    bad: list[Bad] = field(default_factory=list)
    _heads: dict[tuple[str, int], Head] = field(default_factory=dict, repr=False)

    # --- what is there ------------------------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the scenarios, in order."""
        return tuple(plan.name for plan in self.manifest.plans)

    def plan(self, name: str) -> Plan:
        """A scenario by name.

        Raises:
            StoreError: the store has none of that name.
        """
        for plan in self.manifest.plans:
            if plan.name == name:
                return plan
        raise StoreError(f"{self.folder}: no scenario '{name}'; there are {', '.join(self.names)}")

    def seeds(self, name: str) -> tuple[int, ...]:
        """Seeds of the runs of a scenario that are there, in order."""
        wanted = self.plan(name).name
        return tuple(sorted(seed for scenario, seed in self.files if scenario == wanted))

    def key(self, plan: Plan, seed: int) -> Key:
        """What the head of a run's file must say."""
        return Key(plan.name, plan.hash, seed, self.layout.digest, self.manifest.origin.digest)

    def path(self, plan: Plan, seed: int) -> Path:
        """The place of a run."""
        return self.folder / RUNS / plan.folder / f"seed-{seed:09d}.run"

    # --- reading ------------------------------------------------------------------------------------------------------

    def entry(self, name: str, seeds: Sequence[int], entry: str) -> Floats:
        """One entry of many runs, what is read compared with its digests.

        Args:
            name: of the scenario.
            seeds: of the runs.
            entry: name in the layout.

        Returns:
            (seeds, *shape).

        Raises:
            DamagedError: a file is missing or damaged.
        """
        plan = self.plan(name)
        values = np.empty((len(seeds), *self.layout.entry(entry).shape))
        for row, seed in enumerate(seeds):
            values[row] = read_entry(self.path(plan, seed), self._head(plan, seed), self.layout, entry)
        return values

    def vector(self, name: str, seed: int) -> Floats:
        """All numbers of one run.

        Raises:
            DamagedError: the file is missing or damaged.
        """
        plan = self.plan(name)
        head, values = read_vector(self.path(plan, seed), self.layout)
        self._agree(self.path(plan, seed), head, self.key(plan, seed))
        return values

    def _head(self, plan: Plan, seed: int) -> Head:
        """The head of a run, read once."""
        place = (plan.name, seed)
        if place not in self._heads:
            head = read_head(self.path(plan, seed), self.layout)
            self._agree(self.path(plan, seed), head, self.key(plan, seed))
            self._heads[place] = head
        return self._heads[place]

    @staticmethod
    def _agree(path: Path, head: Head, key: Key) -> None:
        """A head says what the place of the file says."""
        if head.key != key:
            found, expected = asdict(head.key), asdict(key)
            wrong = next(name for name in expected if found[name] != expected[name])
            raise DamagedError(f"{path}: the file is that of another run (its {wrong} is {str(found[wrong])[:20]!r})")

    def check(self) -> list[Bad]:
        """Read every file to its end; those that do not count leave :attr:`files` and are told.

        Returns:
            :attr:`bad`.
        """
        self.bad = []
        for plan in self.manifest.plans:
            for seed in self.seeds(plan.name):
                try:
                    self._check(plan, seed)
                except DamagedError as error:
                    path = self.files.pop((plan.name, seed))
                    self.noted.pop((plan.name, seed), None)
                    self.bad.append(Bad(path, str(error)))
        return self.bad

    def _check(self, plan: Plan, seed: int) -> None:
        """One file: its numbers, its head, and the journal where it speaks of it."""
        path, noted = self.path(plan, seed), self.noted.get((plan.name, seed))
        if noted is None:
            self.vector(plan.name, seed)
            return
        self._head(plan, seed)
        if noted.sha256 != _digest_of(path):
            raise DamagedError(f"{path}: the file is damaged (not the one that the journal describes)")

    def posterior(self) -> Posterior | None:
        """The draws that the runs take parameters from; None if they take none.

        Raises:
            StoreError: the folder has lost them, or they were changed.
        """
        wanted = self.manifest.origin.posterior
        if not wanted:
            return None
        try:
            found = read_posterior(self.folder / COPIES[0])
        except PosteriorFileError as error:
            raise StoreError(str(error)) from None
        if found.digest != wanted:
            raise StoreError(f"{self.folder / COPIES[0]}: these are not the draws that the runs took parameters from")
        return found

    @property
    def digest(self) -> str:
        """SHA-256 of all runs; equal digests are equal runs, bit for bit, whatever the order in which they ended."""
        total = hashlib.sha256()
        for name, seed in sorted(self.files):
            total.update(f"{name} {seed} {_digest_of(self.files[name, seed])}\n".encode())
        return total.hexdigest()

    # --- writing, only inside `writing` -------------------------------------------------------------------------------

    def add(self, plan: Plan, seed: int, vector: Floats, seconds: float) -> None:
        """Keep a run that has ended.

        Raises:
            FolderError: it could not be written; the runs that are there stay.
        """
        path = self.path(plan, seed)
        content = pack(self.key(plan, seed), vector, self.layout)
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        sha256 = write_atomically(path, lambda temporary: temporary.write_bytes(content))
        self.files[plan.name, seed] = path
        self._note(plan, seed, Noted(sha256, seconds))

    def keep_posterior(self, posterior: Posterior) -> None:
        """Keep a copy of the draws, so that the folder tells and repeats its runs without the files they came from."""
        for name, text in zip(COPIES, (posterior.text, posterior.manifest_text), strict=True):
            content = text.encode()
            write_atomically(self.folder / name, partial(_write_bytes, content))

    def _note(self, plan: Plan, seed: int, noted: Noted) -> None:
        """Append a line to the journal and bring it to the disk."""
        row = {"scenario": plan.hash, "seed": seed, "file": self.path(plan, seed).relative_to(self.folder).as_posix()}
        line = json.dumps({**row, **asdict(noted)}) + "\n"
        path = self.folder / JOURNAL
        with _told(path), path.open("ab") as file:
            before = file.tell()
            try:
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                with suppress(OSError):
                    os.truncate(path, before)  # no half line
                raise
        self.noted[plan.name, seed] = noted

    def set_aside(self) -> None:
        """Rename the files that do not count, so that their runs are made anew; what was left half is removed."""
        for bad in self.bad:
            with _told(bad.file):
                bad.file.replace(bad.file.with_name(bad.file.name + ".bad"))
        for left in (self.folder / RUNS).glob("*/.*.part"):
            with _told(left):
                left.unlink()

    def mend_journal(self) -> None:
        """Note runs that are whole but stand in no line: their process was killed between file and line."""
        with _told(self.folder / JOURNAL):
            _end_line(self.folder / JOURNAL)
        for plan in self.manifest.plans:
            for seed in self.seeds(plan.name):
                if (plan.name, seed) not in self.noted:
                    self._note(plan, seed, Noted(_digest_of(self.path(plan, seed)), None))


def _write_bytes(content: bytes, path: Path) -> None:
    """Write bytes."""
    path.write_bytes(content)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """A fault of the system becomes one sentence with the name of the file."""
    try:
        yield
    except OSError as error:
        raise FolderError(f"{path}: the file could not be written ({error.strerror or error})") from error


def _digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _end_line(path: Path) -> None:
    """A line that was cut off becomes a line of its own, which nobody can read, so that the next is whole."""
    if path.is_file() and path.stat().st_size and not path.read_bytes().endswith(b"\n"):
        with path.open("ab") as file:
            file.write(b"\n")


# --- opening ----------------------------------------------------------------------------------------------------------


def open_store(folder: Path | str) -> Store:
    """A store to read from. Files are compared with their digests when they are read, or by :meth:`Store.check`.

    Raises:
        StoreError: the folder is no store, or its manifest is damaged.
    """
    folder = Path(folder)
    manifest = _manifest(folder / MANIFEST)
    try:
        layout = layout_between(Month(manifest.start), Month(manifest.end))
    except ValueError:
        raise _damaged(folder / MANIFEST) from None
    if layout.digest != manifest.layout:
        raise StoreError(
            f"{folder}: the runs hold other quantities than this version of the simulator knows"
            f" ({difference(manifest.origin, origin())}); run the scenarios again in another folder"
        )
    return _filled(Store(folder, manifest, layout))


def _filled(store: Store) -> Store:
    """The store with its files and its journal."""
    for plan in store.manifest.plans:
        for path in (store.folder / RUNS / plan.folder).glob("seed-*.run"):
            number = path.stem.removeprefix("seed-")
            if number.isdecimal() and path == store.path(plan, int(number)):
                store.files[plan.name, int(number)] = path
    told = _journal(store.folder / JOURNAL)
    places = {place: path.relative_to(store.folder).as_posix() for place, path in store.files.items()}
    store.noted = {place: told[file] for place, file in places.items() if file in told}
    return store


def _journal(path: Path) -> dict[str, Noted]:
    """What the journal says, by file; lines that cannot be read say nothing, of two on one run the later counts."""
    found: dict[str, Noted] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return found
    for line in lines:
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            row: dict[str, Any] = json.loads(line)
            found[row["file"]] = Noted(row["sha256"], row["seconds"])
    return found


@contextmanager
def writing(folder: Path | str, scenarios: Sequence[Scenario], made_by: Origin | None = None) -> Iterator[Store]:
    """A store to which runs of these scenarios are added; it is made if it is not there.

    Every file is read to its end first; what does not count is set aside and stands in :attr:`Store.bad`.

    Args:
        folder: where.
        scenarios: of one first and one last month. Scenarios that the folder has beside them stay.
        made_by: origin of the runs; that of here and now if not given.

    Raises:
        FolderError: the folder cannot be written, or another process writes to it.
        StoreError: the folder holds runs of other code, figures, libraries or months, or another scenario of that name.
    """
    folder = prepare_folder(folder)
    with _locked(folder):
        manifest, mended = _joined(folder, scenarios, origin() if made_by is None else made_by)
        store = _filled(Store(folder, manifest, layout_of(scenarios[0])))
        if mended:
            content = manifest.text().encode()
            write_atomically(folder / MANIFEST, lambda path: path.write_bytes(content))
        store.check()
        store.set_aside()
        store.mend_journal()
        yield store


def _joined(folder: Path, scenarios: Sequence[Scenario], here: Origin) -> tuple[Manifest, bool]:
    """The manifest with these scenarios, and whether it must be written."""
    wanted = asked(scenarios, here)
    path = folder / MANIFEST
    if not path.exists():
        _no_foreign_files(folder)
        return wanted, True
    try:
        found = _manifest(path)
    except DamagedManifestError:
        with _told(path):
            path.replace(path.with_name(f"{MANIFEST}.bad"))
        return wanted, True  # the heads of the files say what they are of
    _same(folder, found, wanted)
    known = {plan.name for plan in found.plans}
    for plan in wanted.plans:
        twin = next((each for each in found.plans if each.name == plan.name), plan)
        if twin.hash != plan.hash:
            raise StoreError(
                f"{folder}: it holds runs of another scenario {plan.name} (other values); name another folder or"
                " rename it"
            )
    new = tuple(plan for plan in wanted.plans if plan.name not in known)
    return Manifest((*found.plans, *new), found.start, found.end, found.origin, found.layout), bool(new)


def asked(scenarios: Sequence[Scenario], here: Origin) -> Manifest:
    """The manifest of scenarios that are run together."""
    first = scenarios[0]
    for other in scenarios[1:]:
        if (other.start, other.end) != (first.start, first.end):
            raise StoreError(
                f"{other.name} runs from {other.start} to {other.end}, {first.name} from {first.start} to {first.end}:"
                " runs of an ensemble cover the same months; give --end, or change run.start and run.end"
            )
    plans = tuple(Plan.of(scenario) for scenario in scenarios)
    names = [plan.name for plan in plans]
    for name in names:
        if names.count(name) > 1:
            raise StoreError(f"two scenarios are called {name}; rename one")
    return Manifest(plans, str(first.start), str(first.end), here, layout_of(first).digest)


def _same(folder: Path, found: Manifest, asked: Manifest) -> None:
    """Runs of one origin and of the same months only."""
    if (found.start, found.end) != (asked.start, asked.end):
        raise StoreError(
            f"{folder}: its runs go from {found.start} to {found.end}, not from {asked.start} to {asked.end};"
            " name another folder"
        )
    if found.origin != asked.origin or found.layout != asked.layout:
        what = difference(found.origin, asked.origin)
        raise StoreError(f"{folder}: its runs were made by other {what}; name another folder")


def _no_foreign_files(folder: Path) -> None:
    """A folder without a manifest holds nothing else than what a store has, so that nothing of others is mixed in."""
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in {LOCK, RUNS, JOURNAL, *COPIES})
    foreign = [name for name in foreign if not name.startswith(".")]
    if foreign:
        raise StoreError(f"{folder}: it holds other files ({', '.join(foreign[:3])}); name a new folder")


# --- one writer -------------------------------------------------------------------------------------------------------


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The folder for this process alone. The system opens the lock when the process ends, however it ends."""
    path = folder / LOCK
    with _told(path):
        file = path.open("a+", encoding="utf-8")
    with file, _not_inherited(file):
        if not _lock(file):
            file.seek(0)
            who = file.read(200).strip() or "another process"
            raise FolderError(f"{folder}: {who} writes there now; wait for its end, or name another folder")
        with _told(path):
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
            file.flush()
        yield


_OPEN_LOCKS: set[IO[str]] = set()
"""Locks that this process holds."""


@contextmanager
def _not_inherited(file: IO[str]) -> Iterator[None]:
    """A process forked from this one lets the lock go: it would hold it on when this one is killed."""
    _OPEN_LOCKS.add(file)
    try:
        yield
    finally:
        _OPEN_LOCKS.discard(file)


def _let_go() -> None:
    """Close what a forked process has of the locks of the one before it; that one keeps them."""
    for file in _OPEN_LOCKS:
        file.close()
    _OPEN_LOCKS.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def _lock(file: IO[str]) -> bool:
    """Whether the file could be locked for this process."""
    try:
        import fcntl
    except ImportError:  # Windows
        return _lock_windows(file)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_windows(file: IO[str]) -> bool:
    """The same with the means of Windows."""
    from importlib import import_module

    msvcrt = import_module("msvcrt")
    file.seek(1 << 20)  # a byte that nobody reads: the text before it stays readable for others
    try:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True
