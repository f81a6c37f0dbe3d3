"""What must hold in a table: each ``check_*`` function tests one property and returns the largest relative residual.

It raises :class:`IdentityError`, which names the property, the cell and the amount, and says where to look. Numbers are
those of the model description, section 10.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.inputoutput import checks
from sim.inputoutput.leontief import Leontief, spectral_radius
from sim.inputoutput.tables import Table, arrays, axis_labels

Floats = NDArray[np.float64]

EXACT = 1e-12
"""Relative residual up to which an identity of a built table holds."""


class IdentityError(ValueError):
    """An accounting identity of a table that does not hold."""


def check_rows(table: Table, tolerance: float = 1e-9) -> float:
    """I1: output of each row = deliveries to industries and final users. Returns the largest relative residual."""
    used = table.intermediate.sum(axis=1) + table.final.sum(axis=1)
    return _check("I1 rows, output = deliveries", table.output, used, table.names, tolerance)


def check_columns(table: Table, tolerance: float = 1e-9) -> float:
    """I2: output of each industry = inputs, domestic and imported, + value added. Returns the largest residual."""
    made = table.intermediate.sum(axis=0) + table.imports.sum(axis=0) + table.value_added.sum(axis=0)
    return _check("I2 columns, output = inputs + value added", table.output, made, table.names, tolerance)


def check_income(table: Table, tolerance: float = 1e-9) -> float:
    """I3: value added = final use - imports, over the whole table. Returns the relative residual."""
    spent = np.array([table.final.sum() - table.imports.sum()])
    earned = np.array([table.value_added.sum()])
    return _check("I3 value added = final use - imports", earned, spent, ("the table",), tolerance)


def check_solution(table: Table, tolerance: float = 1e-8) -> float:
    """I4: (I - A)^-1 f = x with A = Z / x. Returns the largest relative residual."""
    solved = Leontief(table.coefficients, table.producers).solve(table.final_demand)
    return _check("I4 (I - A)^-1 f = x", table.output, solved, table.names, tolerance)


def check_parts(whole: Table, parts: Table, tolerance: float = 1e-9) -> float:
    """I16: the parts add up to the whole in every cell. Returns the largest relative residual.

    Args:
        whole: the table to be matched.
        parts: the sum of its parts, with the same rows and columns.
        tolerance: relative to the cell; a cell below 1e-9 of its product's output is measured against that amount.
    """
    worst = 0.0
    by_product = dict(zip((product for _, product in whole.producers), whole.output, strict=True))
    imported = np.array([by_product.get(name, whole.output.mean()) for name in whole.imported])
    scale = {"imports": imported[:, None], "final_imports": imported[:, None]}
    for name, expected in arrays(whole).items():
        found = arrays(parts)[name]
        if found.shape != expected.shape:
            raise IdentityError(f"I16 parts add up: {name} has shape {found.shape}, expected {expected.shape}")
        rows = whole.output[:, None] if name in ("intermediate", "final") else whole.output
        floor = 1e-9 * scale.get(name, rows)
        residual = np.abs(found - expected) / np.maximum(np.maximum(np.abs(expected), floor), np.finfo(float).tiny)
        worst = max(worst, float(residual.max(initial=0.0)))
        if not (residual <= tolerance).all():
            cell = np.unravel_index(int(residual.argmax()), residual.shape)
            place = ", ".join(checks.name(axis, int(i)) for axis, i in zip(axis_labels(whole)[name], cell, strict=True))
            raise IdentityError(
                f"I16 parts add up: {name} {place} is {found[cell]:.12g}, expected {expected[cell]:.12g}"
            )
    return worst


def check_inputs(table: Table) -> float:
    """Inputs, domestic and imported, cost less than the output: column sums of A below 1. Returns the largest sum.

    In a table in money a larger sum means value added of nothing or less, as a rule a slip in a cell or in a unit.
    """
    inputs = np.vstack([table.coefficients, table.import_coefficients])
    if not inputs.size:
        return 0.0
    sums = inputs.sum(axis=0)
    worst = int(sums.argmax())
    if not sums[worst] < 1.0:
        row = int(inputs[:, worst].argmax())
        rows = (*table.names, *(f"imported {name}" for name in table.imported))
        raise IdentityError(
            f"inputs below output: column {checks.name(table.names, worst)} buys {sums[worst]:.6g} per unit of output,"
            f" most of it ({inputs[row, worst]:.6g}) from {rows[row]}: check that cell, the output and its unit, or"
            " allow it with inputs_below_output=False"
        )
    return float(sums[worst])


def check_productive(table: Table) -> float:
    """The spectral radius of A is below 1, so that every final demand can be met. Returns the radius."""
    Leontief(table.coefficients, table.producers)
    return spectral_radius(table.coefficients)


def check_table(table: Table, tolerance: float = 1e-9, *, inputs_below_output: bool = True) -> dict[str, float]:
    """Every identity of one table: largest relative residuals of I1 to I4, and that it is productive.

    Args:
        table: the table.
        tolerance: largest relative residual.
        inputs_below_output: refuse an industry whose inputs cost as much as its output or more. Some published tables
            have one (a subsidised or a loss-making industry): then say so with False.

    Raises:
        IdentityError, NotProductiveError: the first property that does not hold.
    """
    if inputs_below_output:
        check_inputs(table)
    residuals = {
        "I1": check_rows(table, tolerance),
        "I2": check_columns(table, tolerance),
        "I3": check_income(table, tolerance),
    }
    return residuals | {"I4": check_solution(table, max(10.0 * tolerance, EXACT))}


def _check(identity: str, expected: Floats, found: Floats, names: Sequence[str], tolerance: float) -> float:
    """Largest residual relative to the expected amount; cells of 0 are measured against a billionth of the mean."""
    if not expected.size:
        return 0.0
    floor = max(1e-9 * float(np.abs(expected).mean()), np.finfo(float).tiny)
    residual = np.abs(found - expected) / np.maximum(np.abs(expected), floor)
    if not (residual <= tolerance).all():
        worst = int(residual.argmax())
        raise IdentityError(
            f"{identity}: {names[worst]} has {expected[worst]:.12g} against {found[worst]:.12g}, a difference of"
            f" {found[worst] - expected[worst]:.6g} or {residual[worst]:.2g} of it, above {tolerance:g}"
        )
    return float(residual.max())
