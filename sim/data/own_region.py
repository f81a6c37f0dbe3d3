"""Data files of another prefecture: a folder of the user whose files take the place of the shipped ones by name.

The environment variable :data:`VARIABLE` names the folder (``ningde --data FOLDER`` sets it), so that every process
that a command starts reads the same one. What is about a prefecture must be the user's own or is empty; what is about
the nation, the world and the products is ours unless the folder has it. docs/own-region.md tells what a file holds.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path

VARIABLE = "NINGDE_DATA"
"""Environment variable with the folder; empty or not set: the shipped files."""

NEEDED: tuple[str, ...] = (
    "prefecture.csv",
    "regions.csv",
    "parks.csv",
    "minutes.csv",
    "pairs.csv",
    "zoning.csv",
    "location_weights.csv",
    "leaders.csv",
    "opening_plants.csv",
    "history.csv",
)
"""Files that the folder must have: without one of them there is no prefecture."""

OURS: tuple[str, ...] = (
    "coefficients.csv",
    "national_2018.csv",
    "national_products_2018.csv",
    "products.csv",
    "sectors.csv",
    "world.csv",
)
"""Files about the nation, the world and technology: the shipped ones count where the folder has none. All others are
about a prefecture; one that is neither here nor needed holds no row then, never those of Ningde."""

OUTLINES = "outlines.geojson"
"""Outlines of the counties; without them maps show tiles."""

NO_OUTLINES = '{"type": "FeatureCollection", "features": []}\n'


class DataFolderError(ValueError):
    """A folder of data files that cannot be used; one line each of what is wrong, with file and line."""


@lru_cache(maxsize=1)
def folder() -> Path | None:
    """The folder of the user, looked up once in a process; None for the shipped files.

    Raises:
        DataFolderError: there is no such folder, or what is in it cannot be used; every fault is a line.
    """
    named = os.environ.get(VARIABLE, "")
    if not named:
        return None
    from sim.data.own_region_checks import faults  # the checks read data files, which begins here

    path = Path(named).resolve()
    found = faults(path)
    if found:
        raise DataFolderError("\n".join(found))
    return path


def choose(path: Path) -> None:
    """Let this process and those it starts read a folder; before anything else of the package is used.

    Raises:
        DataFolderError: as for :func:`folder`, or other data files have been read already.
    """
    before = os.environ.get(VARIABLE)
    read = folder.cache_info().currsize > 0
    if read and folder() != path.resolve():
        raise DataFolderError(f"{path}: other data files were read before; start a process anew for another folder")
    os.environ[VARIABLE] = str(path.resolve())
    try:
        folder()
    except DataFolderError:
        os.environ.pop(VARIABLE) if before is None else os.environ.update({VARIABLE: before})
        raise


def content(own: Path, shipped: Traversable, name: str) -> bytes | None:
    """What a data file holds under a folder of the user.

    Args:
        own: the folder.
        shipped: the folder of the shipped files.
        name: of the file.

    Returns:
        The file of the user; without one nothing but the heading if the file is about a prefecture, and None (the
        shipped file counts) if it is not.
    """
    if (own / name).is_file():
        return (own / name).read_bytes().removeprefix(b"\xef\xbb\xbf")  # the mark that spreadsheets write
    if name == OUTLINES:
        return NO_OUTLINES.encode()
    return None if name in OURS else shipped.joinpath(name).read_bytes().splitlines(keepends=True)[0]


def unknown_file(name: str, known: list[str]) -> str:
    """What is said of a file that no data file is called."""
    near = get_close_matches(name, known, n=1)
    meant = f"; do you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
    return f"no data file has this name{meant}"
