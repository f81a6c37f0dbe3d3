"""Which code, which figures and which libraries made a result."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path

from sim import data

LIBRARIES: tuple[str, ...] = ("numpy", "scipy", "mesa", "xarray")
"""Libraries whose version may touch the numbers."""

COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")

PACKAGE = Path(__file__).resolve().parent.parent


@cache
def collect() -> dict[str, str]:
    """Versions (JSON by name), code version, digest of the code files, digest of the data files."""
    return {
        "versions": json.dumps(versions()),
        "code_version": code_version(),
        "code_digest": code_digest(),
        "data_digest": data.digest(),
    }


def versions() -> dict[str, str]:
    """Versions of Python, the libraries that compute, and this package, by name."""
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "sim": package_version(),
    }


def package_version() -> str:
    """Version of this package."""
    from sim import __version__  # the package imports this module, so its own name comes late

    return __version__


def code_version(checkout: Path = PACKAGE.parent) -> str:
    """The git commit if the package lies in a git checkout, else the version of the package.

    The commit does not tell whether files were changed since; the digest of the code does.
    """
    commit = _commit(checkout / ".git")
    return f"git {commit}" if commit else f"version {package_version()}"


def code_digest(package: Path = PACKAGE, without: tuple[str, ...] = ()) -> str:
    """SHA-256 of all Python files of the package, hexadecimal.

    Args:
        package: folder of the package.
        without: files and folders that are left out, relative to it.
    """
    total = hashlib.sha256()
    left_out = {package / name for name in without}
    for path in sorted(package.rglob("*.py")):
        if left_out & {path, *path.parents}:
            continue
        total.update(path.relative_to(package).as_posix().encode() + b"\0")
        total.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return total.hexdigest()


def _commit(git: Path) -> str | None:
    """The commit a git folder stands at, read from its files; None where there is none."""
    try:
        if git.is_file():  # a second working tree: the file names the folder
            git = git.parent / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        found = _branch(git, head.removeprefix("ref:").strip()) if head.startswith("ref:") else head
    except (OSError, UnicodeDecodeError):
        return None
    return found if COMMIT.fullmatch(found) else None


def _branch(git: Path, name: str) -> str:
    """The commit of a branch: its own file, or its line among the packed ones; empty before the first commit."""
    shared = git / "commondir"
    common = git / shared.read_text(encoding="utf-8").strip() if shared.is_file() else git
    if (common / name).is_file():
        return (common / name).read_text(encoding="utf-8").strip()
    packed = common / "packed-refs"
    lines = packed.read_text(encoding="utf-8").splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), "")
