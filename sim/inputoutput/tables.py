"""The two tables of the model: one nation, and the nation in regions that add up to it exactly.

Each ``check_*`` function tests one accounting identity and raises :class:`IdentityError`, which names the identity, the
cell and the amount. Rows sell, columns buy; domestic and imported supply are kept apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

USES: tuple[str, ...] = ("household", "government", "investment", "exports")
"""Final uses, in the order of the last axis; investment is fixed capital formation with inventories."""

HOUSEHOLD, GOVERNMENT, INVESTMENT, EXPORTS = range(4)

INCOMES: tuple[str, ...] = ("compensation", "net_taxes", "depreciation", "surplus")
"""Rows of value added."""


class IdentityError(ValueError):
    """An accounting identity of a table that does not hold."""


@dataclass(frozen=True)
class NationalTable:
    """A table of one economy with n products, each made by one industry; money of one unit and one price basis, a year.

    Attributes:
        products: n names.
        domestic: (n, n) domestic product i bought by industry j.
        imports: (n, n) imported product i bought by industry j.
        final_domestic: (n, 4) domestic product i by final use, see :data:`USES`; inventories may make it negative.
        final_imports: (n, 4) imported product i by final use; imports in the column of exports are re-exported.
        value_added: (4, n) see :data:`INCOMES`.
        output: (n,) output of each industry.
    """

    products: tuple[str, ...]
    domestic: Floats
    imports: Floats
    final_domestic: Floats
    final_imports: Floats
    value_added: Floats
    output: Floats

    def __post_init__(self) -> None:
        """Refuse arrays of the wrong shape and protect the others from being written."""
        n = len(self.products)
        shapes = {
            "domestic": (n, n),
            "imports": (n, n),
            "final_domestic": (n, 4),
            "final_imports": (n, 4),
            "value_added": (4, n),
            "output": (n,),
        }
        _guard(self, shapes)

    @property
    def value_added_share(self) -> Floats:
        """(n,) value added per unit of output."""
        return np.asarray(self.value_added.sum(axis=0) / self.output)

    @property
    def domestic_coefficients(self) -> Floats:
        """(n, n) domestic input per unit of output."""
        return self.domestic / self.output

    @property
    def coefficients(self) -> Floats:
        """(n, n) input from domestic and imported supply per unit of output."""
        return (self.domestic + self.imports) / self.output

    def scaled(self, factor: float) -> NationalTable:
        """The same table with every amount times a factor; all identities stay true."""
        return NationalTable(self.products, *(factor * array for array in _arrays(self)))


@dataclass(frozen=True)
class RegionalTable:
    """A table of R regions with n products each; M yuan a year at 2018 producers' prices in this project.

    Row r*n + i is product i of region r, column s*n + j is industry j in region s.

    Attributes:
        regions, products: names.
        intermediate: (R*n, R*n) domestic deliveries between industries.
        final: (R*n, R, 3) deliveries of row r*n + i to households, government and investment of region s.
        exports: (R*n,) deliveries to the rest of the world.
        intermediate_imports: (n, R*n) imported product i bought by industry s*n + j.
        final_imports: (n, R, 4) imported product i by region and use; the last use is re-export.
        value_added: (R*n,).
        output: (R*n,).
    """

    regions: tuple[str, ...]
    products: tuple[str, ...]
    intermediate: Floats
    final: Floats
    exports: Floats
    intermediate_imports: Floats
    final_imports: Floats
    value_added: Floats
    output: Floats

    def __post_init__(self) -> None:
        """Refuse arrays of the wrong shape and protect the others from being written."""
        r, n = len(self.regions), len(self.products)
        shapes = {
            "intermediate": (r * n, r * n),
            "final": (r * n, r, 3),
            "exports": (r * n,),
            "intermediate_imports": (n, r * n),
            "final_imports": (n, r, 4),
            "value_added": (r * n,),
            "output": (r * n,),
        }
        _guard(self, shapes)

    def by_region(self, cells: Floats) -> Floats:
        """(R, n) view of a (R*n,) array, such as output or value added."""
        return cells.reshape(len(self.regions), len(self.products))

    @property
    def domestic_use(self) -> Floats:
        """(n, R) domestic product i used in region s, from all regions, exports left out."""
        n, r = len(self.products), len(self.regions)
        inputs = self.intermediate.reshape(r, n, r, n).sum(axis=(0, 3))
        return np.asarray(inputs + self.final.reshape(r, n, r, 3).sum(axis=(0, 3)))

    @property
    def trade(self) -> Floats:
        """(n, R, R) deliveries of product i from region r to all domestic users of region s."""
        n, r = len(self.products), len(self.regions)
        inputs = self.intermediate.reshape(r, n, r, n).sum(axis=3)
        return np.asarray((inputs + self.final.reshape(r, n, r, 3).sum(axis=3)).transpose(1, 0, 2))


def aggregate(table: NationalTable, groups: Sequence[int], products: Sequence[str]) -> NationalTable:
    """Add industries and their products together.

    Args:
        table: the finer table.
        groups: for each of its products the index of the group that takes it.
        products: names of the groups.
    """
    member = np.zeros((len(products), len(table.products)))
    member[list(groups), range(len(groups))] = 1.0
    return NationalTable(
        tuple(products),
        member @ table.domestic @ member.T,
        member @ table.imports @ member.T,
        member @ table.final_domestic,
        member @ table.final_imports,
        table.value_added @ member.T,
        member @ table.output,
    )


def nation(table: RegionalTable) -> NationalTable:
    """The sum over all regions; value added has only its total, in the row of the surplus."""
    r, n = len(table.regions), len(table.products)
    exports = table.by_region(table.exports).sum(axis=0)
    value_added = np.zeros((len(INCOMES), n))
    value_added[-1] = table.by_region(table.value_added).sum(axis=0)
    return NationalTable(
        table.products,
        table.intermediate.reshape(r, n, r, n).sum(axis=(0, 2)),
        table.intermediate_imports.reshape(n, r, n).sum(axis=1),
        np.column_stack([table.final.reshape(r, n, r, 3).sum(axis=(0, 2)), exports]),
        table.final_imports.sum(axis=1),
        value_added,
        table.by_region(table.output).sum(axis=0),
    )


# --- identities -------------------------------------------------------------------------------------------------------


def check_rows(table: NationalTable | RegionalTable, tolerance: float = 1e-9) -> float:
    """I1: output of each row = deliveries to industries and final users. Returns the largest relative residual."""
    if isinstance(table, NationalTable):
        used = table.domestic.sum(axis=1) + table.final_domestic.sum(axis=1)
    else:
        used = table.intermediate.sum(axis=1) + table.final.sum(axis=(1, 2)) + table.exports
    return _check("I1 rows, output = deliveries", table.output, used, _cell_names(table), tolerance)


def check_columns(table: NationalTable | RegionalTable, tolerance: float = 1e-9) -> float:
    """I2: output of each industry = inputs, domestic and imported, + value added. Returns the largest residual."""
    if isinstance(table, NationalTable):
        made = table.domestic.sum(axis=0) + table.imports.sum(axis=0) + table.value_added.sum(axis=0)
    else:
        made = table.intermediate.sum(axis=0) + table.intermediate_imports.sum(axis=0) + table.value_added
    return _check("I2 columns, output = inputs + value added", table.output, made, _cell_names(table), tolerance)


def check_income(table: NationalTable | RegionalTable, tolerance: float = 1e-9) -> float:
    """I3: value added = final use - imports, over the whole table. Returns the relative residual."""
    if isinstance(table, NationalTable):
        final, imports = table.final_domestic.sum() + table.final_imports.sum(), table.imports.sum()
    else:
        final = table.final.sum() + table.exports.sum() + table.final_imports.sum()
        imports = table.intermediate_imports.sum()
    spent = np.array([final - imports - table.final_imports.sum()])
    earned = np.array([table.value_added.sum()])
    return _check("I3 value added = final use - imports", earned, spent, ("the table",), tolerance)


def check_solution(table: NationalTable | RegionalTable, tolerance: float = 1e-8) -> float:
    """I4: (I - A)^-1 f = x with A = Z / x. Returns the largest relative residual."""
    if isinstance(table, NationalTable):
        flows, final = table.domestic, table.final_domestic.sum(axis=1)
    else:
        flows, final = table.intermediate, table.final.sum(axis=(1, 2)) + table.exports
    coefficients = flows / np.where(table.output > 0, table.output, 1.0)
    solved = np.linalg.solve(np.eye(len(final)) - coefficients, final)
    return _check("I4 (I - A)^-1 f = x", table.output, solved, _cell_names(table), tolerance)


def check_parts(whole: NationalTable, parts: NationalTable, tolerance: float = 1e-9, *, incomes: bool = True) -> float:
    """I16: the parts add up to the whole in every cell. Returns the largest relative residual.

    Args:
        whole: the table to be matched.
        parts: the sum of its parts, in the same products.
        tolerance: relative to the cell; a cell below 1e-9 of its product's output is measured against that amount.
        incomes: compare each row of value added; else only their total.
    """
    worst = 0.0
    for name in ("domestic", "imports", "final_domestic", "final_imports", "value_added", "output"):
        expected, found = getattr(whole, name), getattr(parts, name)
        if name == "value_added" and not incomes:
            expected, found = expected.sum(axis=0), found.sum(axis=0)
        floor = 1e-9 * (whole.output if name in ("value_added", "output") else whole.output[:, None])
        residual = np.abs(found - expected) / np.maximum(np.abs(expected), floor)
        worst = max(worst, float(residual.max()))
        if not residual.max() <= tolerance:
            cell = np.unravel_index(int(np.nanargmax(np.where(np.isnan(residual), np.inf, residual))), residual.shape)
            place = f"{name}{[int(i) for i in cell]}"
            raise IdentityError(f"I16 parts add up: {place} is {found[cell]:.12g}, expected {expected[cell]:.12g}")
    return worst


def check_productive(coefficients: Floats) -> float:
    """The spectral radius of A is below 1. Returns it."""
    radius = float(np.abs(np.linalg.eigvals(coefficients)).max())
    if not radius < 1.0:
        raise IdentityError(f"spectral radius of A is {radius:.6g}, it must be below 1")
    return radius


def _cell_names(table: NationalTable | RegionalTable) -> tuple[str, ...]:
    if isinstance(table, NationalTable):
        return table.products
    return tuple(f"{region} {product}" for region in table.regions for product in table.products)


def _check(identity: str, expected: Floats, found: Floats, names: Sequence[str], tolerance: float) -> float:
    """Largest residual relative to the expected amount; cells of 0 are measured against a billionth of the mean."""
    floor = max(1e-9 * float(np.abs(expected).mean()), np.finfo(float).tiny)
    residual = np.abs(found - expected) / np.maximum(np.abs(expected), floor)
    if not (residual <= tolerance).all():
        worst = int(np.argmax(np.where(np.isnan(residual), np.inf, residual)))
        raise IdentityError(
            f"{identity}: {names[worst]} has {expected[worst]:.12g} against {found[worst]:.12g},"
            f" a relative residual of {residual[worst]:.2g} above {tolerance:g}"
        )
    return float(residual.max())


def _arrays(table: NationalTable | RegionalTable) -> list[Floats]:
    return [value for field in fields(table) if isinstance(value := getattr(table, field.name), np.ndarray)]


def _guard(table: NationalTable | RegionalTable, shapes: dict[str, tuple[int, ...]]) -> None:
    """Check shapes and numbers, and make the arrays read-only."""
    for name, shape in shapes.items():
        array = getattr(table, name)
        if array.shape != shape:
            raise ValueError(f"{type(table).__name__}.{name} has shape {array.shape}, expected {shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"{type(table).__name__}.{name} holds a number that is not finite")
        array.setflags(write=False)
