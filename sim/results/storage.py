"""Files of a run: a folder checked before the simulation, files whole or absent, a manifest that vouches for them.

A file is written under a temporary name in the same folder, flushed to the disk, renamed, and the folder is flushed. A
run is loaded only if its bytes have the digest of the manifest: the netCDF library must not meet damaged bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sim.results.variables import VARIABLES

FORMAT = 1
"""Version of the files; raise it when a reader of today could not read the files of tomorrow."""

SETTINGS: tuple[str, ...] = ("scenario", "title", "question", "hash", "seed", "known_until", "opening")
ORIGIN: tuple[str, ...] = ("code_version", "code_digest", "data_digest")

RUN_FILE = re.compile(r"run-(seed\d+)\.nc")


class FolderError(OSError):
    """Results cannot be written there; the message is one sentence for the user."""


class DamagedError(ValueError):
    """A saved run is not what was saved; the message is one sentence for the user."""


# --- folders ----------------------------------------------------------------------------------------------------------


def default_folder(scenario: str) -> Path:
    """Where results of a scenario go if nobody says otherwise."""
    return Path("results") / scenario


def prepare_folder(path: Path | str) -> Path:
    """Make a folder for results and try to write in it, before anything is simulated.

    Args:
        path: the folder; missing folders on the way are made too.

    Returns:
        The folder, which exists and can be written.

    Raises:
        FolderError: a file or a link is in the way, or there is no permission. Nothing is left behind then.
    """
    folder = Path(path)
    made: list[Path] = []
    try:
        _refuse_links(folder)
        for missing in reversed([each for each in (folder, *folder.parents) if not each.is_dir()]):
            missing.mkdir()
            made.append(missing)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except FolderError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        for empty in reversed(made):
            empty.rmdir()
        raise FolderError(f"{folder}: {_reason(folder, error)}") from error


def _refuse_links(folder: Path) -> None:
    """Results go to real folders: the folder is no link, nor is any part of a relative path that the user gave."""
    parts = (folder,) if folder.is_absolute() else (folder, *folder.parents)
    for part in parts:
        if part.is_symlink():
            raise FolderError(
                f"{folder}: {part} is a link, and results are only written to a real folder; name another"
            )


def _reason(folder: Path, error: Exception) -> str:
    """Why a folder cannot take results, in one sentence."""
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        file = next((each for each in (folder, *folder.parents) if each.exists() and not each.is_dir()), folder)
        return f"{file} is a file, so there can be no folder for the results; name another folder or move the file"
    if isinstance(error, PermissionError):
        return "there is no permission to write results there; name another folder"
    if isinstance(error, OSError):
        return f"results cannot be written there ({error.strerror}); name another folder"
    return f"this is not the name of a folder ({error})"


# --- writing ----------------------------------------------------------------------------------------------------------


def write_atomically(path: Path, write: Callable[[Path], object]) -> str:
    """Write a file so that its name never stands for half of it.

    Args:
        path: final name; an older file of that name is replaced.
        write: writes the content to the temporary path it is given.

    Returns:
        SHA-256 of the content, hexadecimal.

    Raises:
        FolderError: writing failed; the temporary file is removed and an older file stays as it was.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.unlink(missing_ok=True)  # left by a run that was killed, or a link put there
        write(temporary)
        with temporary.open("rb+") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        temporary.replace(path)
        _flush_folder(path.parent)
    except (OSError, RuntimeError) as error:  # RuntimeError: how the netCDF library reports a full disk
        reason = getattr(error, "strerror", None) or error
        raise FolderError(f"{path}: the file could not be written ({reason})") from error
    finally:
        temporary.unlink(missing_ok=True)
    return digest


def _flush_folder(folder: Path) -> None:
    """Bring the entries of a folder to the disk, where the system knows how (Windows does not)."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def save(monthly: xr.Dataset, tables: Mapping[str, str], folder: Path) -> list[Path]:
    """Write a run, its tables and, last of all, the manifest.

    Args:
        monthly: the dataset.
        tables: CSV text by name; the name of the file is ``<name>-seed0001.csv``.
        folder: an existing folder.

    Returns:
        The files, the manifest last.
    """
    seed = f"seed{int(monthly.attrs['seed']):04d}"
    run = folder / f"run-{seed}.nc"
    digests = {run: write_atomically(run, lambda path: _write_netcdf(monthly, path))}
    for name, text in tables.items():
        path = folder / f"{name}-{seed}.csv"
        digests[path] = _write_text(path, text)
    manifest = folder / f"manifest-{seed}.json"
    content = _manifest(monthly, {path.name: digest for path, digest in digests.items()})
    _write_text(manifest, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return [*digests, manifest]


def _write_netcdf(monthly: xr.Dataset, path: Path) -> None:
    """NetCDF-4 with light compression; no fill value, so that every bit comes back."""
    encoding = {name: {"zlib": True, "complevel": 1, "_FillValue": None} for name in monthly.data_vars}
    monthly.to_netcdf(path, engine="netcdf4", format="NETCDF4", encoding=encoding)


def _write_text(path: Path, text: str) -> str:
    """Write a text file with the same bytes on every system."""
    content = text.encode("utf-8")
    return write_atomically(path, lambda temporary: temporary.write_bytes(content))


def _manifest(monthly: xr.Dataset, files: Mapping[str, str]) -> dict[str, Any]:
    """Everything one needs to repeat the run, and to know its files again."""
    residual = dict(zip(monthly["identity"].values.tolist(), monthly["residual"].values.tolist(), strict=True))
    months = monthly["month"].values.astype("datetime64[M]")
    return {
        "format": FORMAT,
        **{name: monthly.attrs[name] for name in SETTINGS},
        "months": {"first": str(months[0]), "last": str(months[-1]), "count": len(months)},
        "versions": json.loads(monthly.attrs["versions"]),
        **{name: monthly.attrs[name] for name in ORIGIN},
        "largest_residual": residual,
        "arrays_sha256": digest(monthly),
        "files_sha256": dict(files),
        "text": monthly.attrs["text"],
    }


def digest(monthly: xr.Dataset) -> str:
    """SHA-256 of all arrays and labels of a dataset, hexadecimal; equal digests are equal bits.

    Attributes do not count: the same numbers from another version of a library have the same digest.
    """
    total = hashlib.sha256()
    for name in sorted(str(each) for each in monthly.variables):
        variable = monthly[name]
        total.update(f"{name} {variable.dims} {variable.shape}\0".encode())
        total.update(_bytes(variable.values))
    return total.hexdigest()


def _bytes(values: np.ndarray) -> bytes:
    """Bytes of an array that do not depend on the machine or on how text is held in memory."""
    if values.dtype.kind in "OU":
        return "\0".join(str(value) for value in values.ravel()).encode()
    if values.dtype.kind == "M":
        values = values.astype("datetime64[ns]").astype(np.int64)
    return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).tobytes()


# --- reading ----------------------------------------------------------------------------------------------------------


def load(path: Path) -> xr.Dataset:
    """The dataset of a saved run, after its file was compared with the manifest beside it.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedError: the manifest is missing or unreadable, or file, numbers or variables do not agree with it.
    """
    name = RUN_FILE.fullmatch(path.name)
    if name is None:
        raise DamagedError(f"{path}: a saved run has a name such as run-seed0001.nc")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    manifest = _read_manifest(path.with_name(f"manifest-{name[1]}.json"))
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if manifest["files_sha256"].get(path.name) != found:
        raise DamagedError(f"{path}: the file is damaged (not the one its manifest describes); run the scenario again")
    try:
        monthly = xr.load_dataset(path, engine="netcdf4")
    except (OSError, RuntimeError, ValueError) as error:
        raise DamagedError(f"{path}: the file is no dataset of a run ({error})") from error
    if digest(monthly) != manifest["arrays_sha256"] or list(monthly.data_vars) != list(VARIABLES):
        raise DamagedError(f"{path}: the numbers are not those its manifest describes; run the scenario again")
    return monthly


def load_table(path: Path, name: str) -> str:
    """A table that was saved beside a run, after it was compared with the manifest; empty if there was none.

    Args:
        path: the run, such as ``run-seed0001.nc``.
        name: of the table, such as ``contracts``.

    Raises:
        DamagedError: the table is missing though the manifest names it, or is not what was saved.
    """
    seed = path.stem.removeprefix("run-")
    table = path.with_name(f"{name}-{seed}.csv")
    expected = _read_manifest(path.with_name(f"manifest-{seed}.json"))["files_sha256"].get(table.name)
    if expected is None:
        return ""
    try:
        content = table.read_bytes()
    except OSError:
        raise DamagedError(
            f"{table}: the table that its manifest names cannot be read; run the scenario again"
        ) from None
    if hashlib.sha256(content).hexdigest() != expected:
        raise DamagedError(f"{table}: the table is not the one its manifest describes; run the scenario again")
    return content.decode("utf-8")


def _read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a run, with the entries a reader needs."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DamagedError(f"{path}: the manifest is missing, so the run beside it cannot be trusted") from None
    except (ValueError, RecursionError):
        raise DamagedError(f"{path}: the manifest is damaged; run the scenario again") from None
    if not (isinstance(manifest, dict) and isinstance(manifest.get("files_sha256"), dict)):
        raise DamagedError(f"{path}: this is not the manifest of a run")
    if manifest.get("format") != FORMAT or "arrays_sha256" not in manifest:
        raise DamagedError(f"{path}: the run was saved by another version of the simulator; run the scenario again")
    return manifest
