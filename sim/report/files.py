"""Tables and figures of a study into a folder, each file whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sim.results.storage import write_atomically

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def save_texts(texts: Mapping[str, str], folder: Path) -> list[Path]:
    """Write texts by name of their file into an existing folder.

    Raises:
        FolderError: a file could not be written.
    """
    for name, text in texts.items():
        write_atomically(folder / name, partial(_write, text))
    return [folder / name for name in texts]


def save_tables(tables: Mapping[str, pd.DataFrame], folder: Path, digits: int = 8) -> list[Path]:
    """Write tables as CSV by name of their file, figures with so many digits; errors as :func:`save_texts`."""
    form = f"%.{digits}g"
    texts = {name: table.to_csv(index=False, lineterminator="\n", float_format=form) for name, table in tables.items()}
    return save_texts(texts, folder)


def save_figures(figures: Mapping[str, Figure], folder: Path, dpi: int | None = None) -> list[Path]:
    """Write figures as PNG by name of their file, the same for the same figures; errors as :func:`save_texts`."""
    from sim.report.style import DPI  # tables need no matplotlib

    for name, figure in figures.items():
        write_atomically(
            folder / name, partial(figure.savefig, dpi=dpi or DPI, format="png", metadata={"Software": None})
        )
    return [folder / name for name in figures]


def _write(text: str, path: Path) -> None:
    """Write a text."""
    path.write_text(text, encoding="utf-8")
