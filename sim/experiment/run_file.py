"""The file of one run in a store: eight letters, a JSON line, then the numbers as raw little-endian float64.

The line names scenario, seed, layout and origin, and holds the SHA-256 of every entry: whoever reads one entry of a
thousand runs checks what is read and nothing else. It holds no time and no place, so equal runs are equal files, byte
for byte. It ends at a multiple of 8 bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.experiment.layout import Layout
from sim.results import DamagedError

Floats = NDArray[np.float64]

MAGIC = b"NINGDE1\n"
"""First bytes of the file; the digit is the version of the format."""

LONGEST_HEAD = 1 << 16
"""No head is longer; a damaged file is not searched to its end, bytes."""

NUMBER = np.dtype("<f8")


@dataclass(frozen=True)
class Key:
    """What the numbers are of.

    Attributes:
        name: name of the scenario.
        scenario: hash of the scenario.
        seed: seed of the run.
        layout: digest of the layout.
        origin: digest of code, figures, libraries and opening.
    """

    name: str
    scenario: str
    seed: int
    layout: str
    origin: str


@dataclass(frozen=True)
class Head:
    """The head of a file.

    Attributes:
        key: what the numbers are of.
        digests: SHA-256 of each entry, by name.
        length: bytes before the numbers.
    """

    key: Key
    digests: Mapping[str, str]
    length: int


def pack(key: Key, vector: Floats, layout: Layout) -> bytes:
    """The bytes of the file of a run."""
    numbers = np.ascontiguousarray(vector, dtype=NUMBER)
    digests = {entry.name: _digest(numbers[entry.place].tobytes()) for entry in layout.entries}
    line = json.dumps({**asdict(key), "sha256": digests}, sort_keys=True)
    fill = -(len(MAGIC) + len(line.encode()) + 1) % NUMBER.itemsize
    return MAGIC + line.encode() + b" " * fill + b"\n" + numbers.tobytes()


def read_head(path: Path, layout: Layout) -> Head:
    """The head of a file whose length is that of the layout.

    Raises:
        DamagedError: it cannot be read, or is not the file of a run.
    """
    try:
        with path.open("rb") as file:
            magic, line = file.read(len(MAGIC)), file.readline(LONGEST_HEAD)
        size = path.stat().st_size
    except OSError as error:
        raise DamagedError(f"{path}: the file cannot be read ({error.strerror})") from None
    head = _head(path, magic, line)
    if size != head.length + layout.size * NUMBER.itemsize:
        raise DamagedError(f"{path}: the file is cut off or too long ({size} bytes)")
    return head


def _head(path: Path, magic: bytes, line: bytes) -> Head:
    """The head in the first bytes of a file."""
    try:
        if magic != MAGIC or not line.endswith(b"\n"):
            raise ValueError
        told = json.loads(line)
        digests = told.pop("sha256")
        if not isinstance(digests, dict):
            raise ValueError
        return Head(Key(**told), digests, len(magic) + len(line))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise DamagedError(f"{path}: the file is damaged (its first line is not that of a run)") from None


def read_entry(path: Path, head: Head, layout: Layout, name: str) -> Floats:
    """One entry of a run, compared with its digest.

    Returns:
        (shape of the entry) numbers; its own memory.

    Raises:
        DamagedError: the file cannot be read, or the numbers are not those its head describes.
    """
    entry = layout.entry(name)
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(head.length + entry.offset * NUMBER.itemsize)
            content = file.read(entry.size * NUMBER.itemsize)
    except OSError as error:
        raise DamagedError(f"{path}: the file cannot be read ({error.strerror})") from None
    if _digest(content) != head.digests.get(name):
        raise DamagedError(f"{path}: the file is damaged (the numbers of {name} are not those that were written)")
    return np.frombuffer(content, dtype=NUMBER).astype(np.float64).reshape(entry.shape)


def read_vector(path: Path, layout: Layout) -> tuple[Head, Floats]:
    """The whole vector of a run, every entry compared with its digest.

    Raises:
        DamagedError: the file cannot be read, or is not what was written.
    """
    head = read_head(path, layout)
    return head, np.concatenate([read_entry(path, head, layout, name).ravel() for name in layout.names])


def _digest(content: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()
