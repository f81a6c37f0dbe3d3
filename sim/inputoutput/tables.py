"""The labelled table: one economy or many regions, domestic flows and imports apart.

Rows sell, columns buy. A nation is a table of one region. What must hold in it is tested by
:mod:`sim.inputoutput.identities`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.leontief import technical_coefficients

Floats = NDArray[np.float64]

Label = tuple[str, str]
"""Region and product of a producer, or region and use of a final user."""

USES: tuple[str, ...] = ("household", "government", "investment", "exports")
"""Final uses of the tables of this project; investment is fixed capital formation with inventories. In the imports the
last column is what is imported and exported again."""

HOUSEHOLD, GOVERNMENT, INVESTMENT, EXPORTS = range(4)

INCOMES: tuple[str, ...] = ("compensation", "net_taxes", "depreciation", "surplus")
"""Rows of value added of the tables of this project."""


@dataclass(frozen=True, eq=False)
class Table:
    """An input-output table of one or several regions; money of one unit and one price basis, of one year or month.

    Attributes:
        producers: N pairs (region, product), one an industry; the industries of a region stand together.
        users: F pairs (region, use), one a final user; exports belong to the region that they leave from.
        imported: M names of import rows, as a rule the products.
        incomes: V names of the rows of value added.
        intermediate: (N, N) domestic deliveries between industries.
        imports: (M, N) imported product bought by each industry.
        final: (N, F) domestic deliveries to final users; stocks that are run down are negative.
        final_imports: (M, F) imported product by final user.
        value_added: (V, N).
        output: (N,) output of each industry, >= 0.
        unit: unit of all amounts, for headings.
    """

    producers: tuple[Label, ...]
    users: tuple[Label, ...]
    imported: tuple[str, ...]
    incomes: tuple[str, ...]
    intermediate: Floats
    imports: Floats
    final: Floats
    final_imports: Floats
    value_added: Floats
    output: Floats
    unit: str = ""

    def __post_init__(self) -> None:
        """Refuse wrong labels, shapes and numbers, and protect the arrays from being written."""
        n, f, m, v = len(self.producers), len(self.users), len(self.imported), len(self.incomes)
        for what, labels in (("producers", self.producers), ("users", self.users)):
            _refuse_labels(what, labels)
        for what, rows in (("imported", self.imported), ("incomes", self.incomes)):
            if not all(str(row) == row and row.isprintable() for row in rows):
                raise ArgumentError(f"Table.{what}: {rows!r} are not all texts that can be printed")
            if len(set(rows)) < len(rows):
                raise ArgumentError(
                    f"Table.{what}: {_repeated(rows)!r} appears twice; every row needs a name of its own"
                )
        shapes: dict[str, tuple[int, ...]] = {
            "intermediate": (n, n),
            "imports": (m, n),
            "final": (n, f),
            "final_imports": (m, f),
            "value_added": (v, n),
            "output": (n,),
        }
        axes = axis_labels(self)
        for name, shape in shapes.items():
            array = checks.numbers(getattr(self, name), f"Table.{name}", *axes[name])
            if array.shape != shape:
                raise ArgumentError(f"Table.{name} has shape {array.shape}, the labels ask for {shape}")
            own = array.copy()  # the caller's array stays writable, and writing to it changes no table
            own.setflags(write=False)
            object.__setattr__(self, name, own)
        checks.output(self.output, n, self.producers)

    # --- labels

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """Regions in the order of their first industry."""
        return tuple(dict.fromkeys(region for region, _ in self.producers))

    @cached_property
    def products(self) -> tuple[str, ...]:
        """Products in the order of their first industry."""
        return tuple(dict.fromkeys(product for _, product in self.producers))

    @cached_property
    def uses(self) -> tuple[str, ...]:
        """Final uses in the order of their first user."""
        return tuple(dict.fromkeys(use for _, use in self.users))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """(N,) names of the industries: the product alone in a table of one region, else "region product"."""
        if len(self.regions) == 1:
            return tuple(product for _, product in self.producers)
        return tuple(f"{region} {product}" for region, product in self.producers)

    def at(self, region: str | None = None, product: str | None = None) -> NDArray[np.int64]:
        """Positions of the industries of a region, of a product, or of both.

        Raises:
            ArgumentError: there are none.
        """
        found = [i for i, (r, p) in enumerate(self.producers) if region in (None, r) and product in (None, p)]
        if not found:
            raise ArgumentError(f"no industry of region {region!r} and product {product!r} in the table")
        return np.array(found, dtype=np.int64)

    def to(self, use: str) -> NDArray[np.int64]:
        """Positions of the final users of one use.

        Raises:
            ArgumentError: there are none.
        """
        found = [i for i, (_, each) in enumerate(self.users) if each == use]
        if not found:
            raise ArgumentError(f"no final user with use {use!r}; the table has {', '.join(self.uses)}")
        return np.array(found, dtype=np.int64)

    @cached_property
    def is_regular(self) -> bool:
        """Whether every region lists the same products in the same order."""
        return self.producers == tuple((r, p) for r in self.regions for p in self.products)

    @cached_property
    def has_regional_users(self) -> bool:
        """Whether final users are those of the regions, each with the same uses in the same order."""
        return self.users == tuple((r, u) for r in self.regions for u in self.uses)

    # --- amounts

    @property
    def coefficients(self) -> Floats:
        """(N, N) domestic input per unit of output, A = Z / x; 0 for an industry without output."""
        return technical_coefficients(self.intermediate, self.output, self.producers)

    @property
    def import_coefficients(self) -> Floats:
        """(M, N) imported input per unit of output."""
        return technical_coefficients(self.imports, self.output, self.producers)

    @property
    def value_added_coefficients(self) -> Floats:
        """(V, N) value added per unit of output, row by row."""
        return technical_coefficients(self.value_added, self.output, self.producers)

    @property
    def value_added_share(self) -> Floats:
        """(N,) value added per unit of output; 0 for an industry without output."""
        return np.asarray(self.value_added_coefficients.sum(axis=0))

    @property
    def total_value_added(self) -> Floats:
        """(N,) value added of all rows."""
        return np.asarray(self.value_added.sum(axis=0))

    @property
    def final_demand(self) -> Floats:
        """(N,) domestic deliveries to all final users."""
        return np.asarray(self.final.sum(axis=1))

    @property
    def exports(self) -> Floats:
        """(N,) deliveries to the use "exports"; 0 in a table without it."""
        return np.asarray(
            self.final[:, self.to("exports")].sum(axis=1) if "exports" in self.uses else 0.0 * self.output
        )

    def by_region(self, cells: Floats) -> Floats:
        """(R, n) view of a (N,) array of a regular table, such as output or value added."""
        self._need(self.is_regular, "products")
        return cells.reshape(len(self.regions), len(self.products))

    @property
    def final_by_region(self) -> Floats:
        """(N, R, U) view of the final deliveries of a table with regional users."""
        self._need(self.has_regional_users, "final uses")
        return self.final.reshape(len(self.producers), len(self.regions), len(self.uses))

    @property
    def final_imports_by_region(self) -> Floats:
        """(M, R, U) view of the imported final use of a table with regional users."""
        self._need(self.has_regional_users, "final uses")
        return self.final_imports.reshape(len(self.imported), len(self.regions), len(self.uses))

    @property
    def trade(self) -> Floats:
        """(n, R, R) deliveries of product i from region r to all users of region s; exports left out."""
        self._need(self.is_regular, "products")
        r, n = len(self.regions), len(self.products)
        home = [use for use, name in enumerate(self.uses) if name != "exports"]
        final = self.final_by_region[:, :, home].sum(axis=2).reshape(r, n, r)
        inputs = self.intermediate.reshape(r, n, r, n).sum(axis=3)
        return np.asarray((inputs + final).transpose(1, 0, 2))

    @property
    def domestic_use(self) -> Floats:
        """(n, R) domestic product i used in region s, from all regions; exports left out."""
        return np.asarray(self.trade.sum(axis=1))

    def scaled(self, factor: float) -> Table:
        """The same table with every amount times a factor; all identities stay true."""
        cells: dict[str, Any] = {name: factor * array for name, array in arrays(self).items()}
        return replace(self, **cells)

    @staticmethod
    def _need(given: bool, what: str) -> None:
        if not given:
            raise ArgumentError(f"this needs a table whose regions all list the same {what} in the same order")


def single_region(
    region: str,
    products: Sequence[str],
    intermediate: Floats,
    imports: Floats,
    final: Floats,
    final_imports: Floats,
    value_added: Floats,
    output: Floats,
    *,
    uses: Sequence[str] = USES,
    incomes: Sequence[str] = INCOMES,
    unit: str = "",
) -> Table:
    """A table of one economy; arrays as in :class:`Table`, imports by the same products."""
    producers = tuple((region, product) for product in products)
    users = tuple((region, use) for use in uses)
    cells = (intermediate, imports, final, final_imports, value_added, output)
    return Table(producers, users, tuple(products), tuple(incomes), *cells, unit)


def arrays(table: Table) -> dict[str, Floats]:
    """The arrays of a table by name."""
    return {field.name: getattr(table, field.name) for field in fields(table) if field.type == "Floats"}


def axis_labels(table: Table) -> dict[str, tuple[Sequence[object], ...]]:
    """Labels of the axes of each array of a table."""
    return {
        "intermediate": (table.producers, table.producers),
        "imports": (table.imported, table.producers),
        "final": (table.producers, table.users),
        "final_imports": (table.imported, table.users),
        "value_added": (table.incomes, table.producers),
        "output": (table.producers,),
    }


def aggregate(
    table: Table,
    products: Mapping[str, str] | None = None,
    regions: Mapping[str, str] | None = None,
    *,
    order: Sequence[str] = (),
) -> Table:
    """Add industries and regions together.

    Args:
        table: the finer table.
        products: new name of each product; those left out keep theirs. Import rows of these names are added, too.
        regions: new name of each region; those left out keep theirs.
        order: new products that stand first, in this order.

    Returns:
        The coarser table; a group stands where its first member stood, after those in ``order``.

    Raises:
        ArgumentError: a mapping names what the table does not have.
    """
    products, regions = products or {}, regions or {}
    rows = (*table.products, *table.imported)
    _refuse_unknown("product", products, rows)
    _refuse_unknown("region", regions, (*table.regions, *(region for region, _ in table.users)))
    _refuse_unknown("new product", order, [products.get(name, name) for name in rows])
    new_regions = list(dict.fromkeys(regions.get(name, name) for name in table.regions))
    new_products = list(dict.fromkeys([*order, *(products.get(name, name) for name in table.products)]))
    cells = [(regions.get(r, r), products.get(p, p)) for r, p in table.producers]
    users = [(regions.get(r, r), use) for r, use in table.users]
    imported = [products.get(name, name) for name in table.imported]
    producers = tuple(sorted(set(cells), key=lambda cell: (new_regions.index(cell[0]), new_products.index(cell[1]))))
    user_regions = [*new_regions, *dict.fromkeys(region for region, _ in users)]
    buyers = tuple(sorted(set(users), key=lambda user: (user_regions.index(user[0]), table.uses.index(user[1]))))
    bought = tuple(dict.fromkeys([*(name for name in new_products if name in imported), *imported]))
    return _regrouped(table, (producers, cells), (buyers, users), (bought, imported))


def placed(table: Table, producers: Sequence[Label], users: Sequence[Label], imported: Sequence[str]) -> Table:
    """The table in another order of rows and columns; industries, users and imports that it lacks are 0.

    Args:
        table: the table.
        producers: industries of the result, among them all of the table.
        users: final users of the result, likewise.
        imported: import rows of the result, likewise.

    Raises:
        ArgumentError: the table has an industry, user or import row that is not among the labels.
    """
    wanted = (("industry", table.producers, producers), ("final user", table.users, users))
    for what, have, labels in (*wanted, ("import row", table.imported, imported)):
        extra = [label for label in have if label not in set(labels)]
        if extra:
            raise ArgumentError(f"the table has the {what} {extra[0]!r}, for which there is no place")
    return _regrouped(table, (producers, table.producers), (users, table.users), (imported, table.imported))


def _refuse_unknown(what: str, names: Iterable[str], known: Sequence[str]) -> None:
    """Refuse names that are not known; one text in place of a list of names is a slip, too."""
    if isinstance(names, str):
        raise ArgumentError(f"{names!r} is one text: give a list of names")
    unknown = [name for name in names if name not in set(known)]
    if unknown:
        raise ArgumentError(f"the table has no {what} {unknown[0]!r}; it has {', '.join(dict.fromkeys(known))}")


def _regrouped(
    table: Table,
    producers: tuple[Sequence[Label], Sequence[Label]],
    users: tuple[Sequence[Label], Sequence[Label]],
    imported: tuple[Sequence[str], Sequence[str]],
) -> Table:
    """Cells added up by new labels: for each axis those of the result, and what each present label becomes."""
    by_cell, by_user, by_import = (_member(*labels) for labels in (producers, users, imported))
    return Table(
        tuple(producers[0]),
        tuple(users[0]),
        tuple(imported[0]),
        table.incomes,
        by_cell @ table.intermediate @ by_cell.T,
        by_import @ table.imports @ by_cell.T,
        by_cell @ table.final @ by_user.T,
        by_import @ table.final_imports @ by_user.T,
        table.value_added @ by_cell.T,
        by_cell @ table.output,
        table.unit,
    )


def nation(table: Table, name: str = "nation") -> Table:
    """The sum over all regions, users outside them included."""
    return aggregate(table, regions=dict.fromkeys(table.regions, name))


def _member(groups: Sequence[object], labels: Sequence[object]) -> Floats:
    """(g, n) matrix with 1 where the label belongs to the group."""
    place = {group: i for i, group in enumerate(groups)}
    member = np.zeros((len(groups), len(labels)))
    member[[place[label] for label in labels], range(len(labels))] = 1.0
    return member


def inside(table: Table, regions: Sequence[str], outside: str = "outside") -> Table:
    """Some regions as an economy of their own: what they buy elsewhere is imported, what they sell there is exported.

    Args:
        table: the table of all regions.
        regions: names of those that stay.
        outside: name of the user that takes all sales to the others; its use is "exports".

    Returns:
        The table of these regions. Import rows are the products of ``table`` and hold purchases from the other regions
        and from abroad together; exports and their re-exported imports stand in one column.

    Raises:
        ArgumentError: a region is not in the table.
    """
    _refuse_unknown("region", regions, table.regions)
    if not regions:
        raise ArgumentError("name at least one region that stays")
    stays = np.array([region in regions for region, _ in table.producers])
    resident = np.array([region in regions and use != "exports" for region, use in table.users])
    shipped = np.array([region in regions and use == "exports" for region, use in table.users])
    rows = tuple(dict.fromkeys([*table.products, *table.imported]))
    bought = _member(rows, [product for _, product in table.producers])[:, ~stays]
    abroad = _member(rows, table.imported)
    final = table.final[stays]
    sold = table.intermediate[np.ix_(stays, ~stays)].sum(axis=1) + final[:, ~resident].sum(axis=1)
    imports = bought @ table.intermediate[~stays][:, stays] + abroad @ table.imports[:, stays]
    final_imports = bought @ table.final[~stays] + abroad @ table.final_imports
    return Table(
        tuple(label for label, keep in zip(table.producers, stays, strict=True) if keep),
        (*(label for label, keep in zip(table.users, resident, strict=True) if keep), (outside, "exports")),
        rows,
        table.incomes,
        table.intermediate[np.ix_(stays, stays)],
        imports,
        np.column_stack([final[:, resident], sold]),
        np.column_stack([final_imports[:, resident], final_imports[:, shipped].sum(axis=1)]),
        table.value_added[:, stays],
        table.output[stays],
        table.unit,
    )


def _refuse_labels(what: str, labels: Sequence[object]) -> None:
    """Refuse labels that are no pairs, repeated, or whose regions do not stand together."""
    for label in labels:
        if not (isinstance(label, tuple) and len(label) == 2 and all(isinstance(part, str) for part in label)):
            raise ArgumentError(f"Table.{what}: {label!r} is not a pair of texts such as ('Fuding', 'B_CELL')")
        if not all(part.isprintable() for part in label):
            raise ArgumentError(f"Table.{what}: {label!r} holds a line break or another sign that cannot be printed")
    if len(set(labels)) < len(labels):
        raise ArgumentError(f"Table.{what}: {_repeated(labels)!r} appears twice; add the two together or rename one")
    regions = [label[0] for label in labels if isinstance(label, tuple)]
    runs = [region for before, region in zip([None, *regions], regions, strict=False) if region != before]
    if len(set(runs)) < len(runs):
        raise ArgumentError(
            f"Table.{what}: entries of region {_repeated(runs)!r} do not stand together; sort by region"
        )


def _repeated(labels: Sequence[object]) -> object:
    return next(label for label in labels if list(labels).count(label) > 1)
