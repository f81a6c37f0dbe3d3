"""Every notebook runs from top to bottom on a short span, shows its figures, and is stored without outputs."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))

SHORT, FEW = "2016-12", "5"
"""Last month of the runs inside a notebook when it is tested, and how many tables it draws."""


def identify(path: Path) -> str:
    return path.stem


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS][:2] == ["01_first_run", "02_from_nation_to_county"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=identify)
def test_it_is_stored_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=identify)
def test_it_runs_and_every_figure_is_shown(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NINGDE_NOTEBOOK_END", SHORT)
    monkeypatch.setenv("NINGDE_NOTEBOOK_DRAWS", FEW)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    ).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
            drawn = cell.source.rsplit("\n", 1)[-1].startswith("figure")  # a figure, or figures.path(run)
            assert ("image/png" in kinds) == drawn, cell.source
