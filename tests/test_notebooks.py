"""Every notebook runs from top to bottom on a short span, shows its figures, and is stored without outputs."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))

SMALL = {
    "NINGDE_NOTEBOOK_END": "2016-12",
    "NINGDE_NOTEBOOK_DRAWS": "5",
    "NINGDE_NOTEBOOK_SEEDS": "2",
    "NINGDE_NOTEBOOK_ROWS": "2",
    "NINGDE_NOTEBOOK_POINTS": "12",
    "NINGDE_NOTEBOOK_WORKERS": "1",
}
"""How small a notebook is made when it is tested: last month, tables, seeds, rows of a design, points, processes."""

LONGER = {"03_enclaves_and_the_double_ledger": "2020-12"}
"""Last month of notebooks whose subject begins later: contracts are signed from 2017 on."""

NAMES = [
    "01_first_run",
    "02_compare_policies",
    "03_enclaves_and_the_double_ledger",
    "04_what_drives_the_result",
    "05_write_your_own_mechanism",
    "06_from_nation_to_county",
    "07_tune_a_policy_package",
]


def identify(path: Path) -> str:
    return path.stem


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == NAMES


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
    small = SMALL | ({"NINGDE_NOTEBOOK_END": LONGER[path.stem]} if path.stem in LONGER else {})
    for name, value in small.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    ).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
            drawn = cell.source.rsplit("\n", 1)[-1].startswith("figure")  # a figure, or figures.path(run)
            assert ("image/png" in kinds) == drawn, cell.source
