"""One run of one scenario: from the file to a labelled dataset, and to a folder with figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sim.inputoutput.tables import Table
from sim.model import GROUPS, NingdeModel
from sim.parameters import describe
from sim.results import Run, dataset
from sim.results.contracts import contract_table
from sim.results.tables import harmless
from sim.scenario import Scenario, locate, read

if TYPE_CHECKING:
    import pandas as pd

    from sim.parameters import Month


def load(name: str | Path) -> Scenario:
    """Read and check a scenario.

    Args:
        name: path, or bare name such as ``"baseline"``.

    Raises:
        ScenarioError: with every fault of the file, each with its line.
    """
    return read(locate(str(name)), GROUPS)


def run(
    scenario: Scenario,
    seed: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    table: Table | None = None,
) -> Run:
    """Run a scenario.

    Args:
        scenario: what to run.
        seed: seed of all chance; that of the scenario if not given.
        progress: called after each month with months done and months in all.
        table: opening table in place of the estimated one, see :func:`sim.opening.basis.given_basis`.

    Returns:
        The labelled dataset; decisions stand in its attribute ``decisions``.

    Raises:
        BrokenIdentityError: an account does not balance; nothing is returned.
        NoConvergenceError: a month has no solution, such as a shortage that does not settle; nothing is returned.
        OpeningError: the opening parameters contradict each other, or the given table is not one of the model.
    """
    return run_model(NingdeModel(scenario, seed, table=table), progress)


def run_model(model: NingdeModel, progress: Callable[[int, int], None] | None = None) -> Run:
    """Run a model to its end; see :func:`run`.

    Args:
        model: at its opening.
        progress: called after each month with months done and months in all.
    """
    model.run(progress)
    record = model.recorder
    data = dataset(model.plan, record.arrays, record.residual, seed=model.seed_of_run, opening=model.basis.origin)
    return Run(data, decision_table(model.log), contract_table(model.state))


def levers(table: str | None = None) -> pd.DataFrame:
    """All policy levers: table, name, unit, range, default, scope, start, evidence grade, source and its dates.

    Args:
        table: only this table of the scenario file.
    """
    import pandas as pd

    rows = [row for group in GROUPS for row in describe(group) if row.kind == "lever" and table in (None, row.table)]
    return pd.DataFrame(rows)


def decision_table(log: list[tuple[Month, str, str]]) -> str:
    """Decisions of city, counties and leaders as CSV: month, agent, sentence."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["month", "agent", "decision"])
    writer.writerows((str(month), harmless(agent), harmless(sentence)) for month, agent, sentence in log)
    return text.getvalue()
