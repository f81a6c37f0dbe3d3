"""The national table in the products of the model, and the technology of home plants (model description, section 6)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim import data
from sim.inputoutput.multiregional import total_coefficients
from sim.inputoutput.splitting import Child, SplitError, SplitTable, split
from sim.inputoutput.tables import Table, aggregate, single_region
from sim.settings import InputOutput

Floats = NDArray[np.float64]


class OpeningError(ValueError):
    """Parameters of the opening or of its table that contradict each other; the message says which and by how much."""


NATION = "CN"
"""Name of the nation as a region."""

UNIT = "M yuan a year, producers' prices of 2018"

UNITS_PER_MILLION = 100.0
"""The published table counts in 10,000 yuan."""

_FINAL = ("rural_hh", "urban_hh", "government", "gfcf", "inventory", "exports")
_TO_USES = np.array([[1, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=float)
"""Rural and urban households are one user; inventories count as investment."""


@lru_cache(maxsize=1)
def national_sectors() -> Table:
    """The table of China 2018 in 36 sectors, M yuan at producers' prices of 2018.

    The printed figures leave up to 30 yuan a line open. Output is taken as the sum of its row, and what then is open in
    a column goes to the operating surplus, so that every published purchase and final use stays as printed.
    """
    lines, sectors = data.rows("national_2018.csv"), data.codes("sectors.csv")

    def block(name: str, columns: tuple[str, ...]) -> Floats:
        cells = [[float(line[column]) for column in columns] for line in lines if line["block"] == name]
        return np.array(cells) / UNITS_PER_MILLION

    rows = tuple(line["row"] for line in lines if line["block"] == "domestic")
    if rows != sectors:
        raise ValueError("national_2018.csv and sectors.csv list different sectors")
    domestic, imports = block("domestic", sectors), block("import", sectors)
    final_domestic, final_imports = block("domestic", _FINAL) @ _TO_USES, block("import", _FINAL) @ _TO_USES
    value_added = block("value_added", sectors)
    output = domestic.sum(axis=1) + final_domestic.sum(axis=1)
    value_added[-1] += output - domestic.sum(axis=0) - imports.sum(axis=0) - value_added.sum(axis=0)
    cells = (domestic, imports, final_domestic, final_imports, value_added, output)
    return single_region(NATION, sectors, *cells, unit=UNIT)


def children(io: InputOutput) -> dict[str, tuple[Child, ...]]:
    """The products that are split from a sector, with what is known of them.

    A sector whose children leave no rest keeps its technology: nobody could take the difference.
    """
    products = {row["code"]: row for row in data.rows("products.csv")}
    sectors = data.rows("sectors.csv")
    names = {name for row in sectors for name in _listed(row["children"])}

    def child(name: str, has_rest: bool) -> Child:
        if not has_rest:
            return Child(name, io.split[name])
        bill = {key.split(".")[1]: value for key, value in io.bom.items() if key.split(".")[0] == name}
        return Child(
            name,
            io.split[name],
            value_added_share(name, io, products[name]["va_parameter"]),
            {part: value for part, value in bill.items() if part in names},
            _listed(products[name]["main_users"]) or None,
        )

    return {
        row["code"]: tuple(child(name, bool(row["product"])) for name in _listed(row["children"]))
        for row in sectors
        if row["children"]
    }


def value_added_share(product: str, io: InputOutput, parameter: str) -> float:
    """Value added per unit of output of a product, from the parameter that products.csv names (``io.va_cell``)."""
    table, _, name = parameter.partition(".")
    if table != io.table or name not in type(io).model_fields:
        raise ValueError(f"products.csv: {product} names {parameter!r}, which is no parameter of the group {io.table}")
    return float(getattr(io, name))


@lru_cache(maxsize=64)
def national_split(io: InputOutput) -> SplitTable:
    """The sectors with their children, M yuan of 2018; see :func:`sim.inputoutput.splitting.split`.

    Raises:
        OpeningError: no split can have these weights, value-added shares and bills of materials.
    """
    try:
        return split(national_sectors(), children(io), anchor_cap=io.anchor_cap, own_use=io.split_own_use)
    except SplitError as fault:
        raise OpeningError(f"national table with the splits and shares of the group io: {fault}") from fault


@lru_cache(maxsize=64)
def national_products(io: InputOutput) -> Table:
    """The national table of 2018 in the products of the model, M yuan at producers' prices."""
    parts = national_split(io)
    products = data.codes("products.csv")
    taker = {row["code"]: row["product"] for row in data.rows("sectors.csv")}
    sectors = national_sectors().products
    takers = [child or taker[sectors[parent]] for child, parent in zip(parts.child, parts.parent, strict=True)]
    return aggregate(parts.table, dict(zip(parts.table.products, takers, strict=True)), order=products)


@lru_cache(maxsize=64)
def home_technology(io: InputOutput, nev_share: float = 1.0) -> Floats:
    """Inputs of home plants per unit of output, domestic and imported together (model description, section 6.3).

    Args:
        io: bills of materials ``io.bom`` and value-added shares.
        nev_share: share of electric vehicles in home vehicles; it scales their input of cells, and the other inputs
            take the difference.

    Returns:
        (n, n) input of product i per unit of product j. Products with a bill have it, scaled so that inputs and value
        added make 1, and the goods in a cell make ``io.leader_goods_share``; the others have the national column.

    Raises:
        OpeningError: value added and goods of a cell leave nothing for its other inputs.
    """
    rows = data.rows("products.csv")
    products = [row["code"] for row in rows]
    goods = np.array([row["kind"] == "agent" for row in rows])
    columns = total_coefficients(national_products(io))
    for j, row in enumerate(rows):
        if not row["va_parameter"]:
            continue
        bill = np.zeros(len(products))
        for key, value in io.bom.items():
            buyer, _, part = key.partition(".")
            if buyer == products[j]:
                bill[products.index(part)] = value
        inputs = 1.0 - value_added_share(products[j], io, row["va_parameter"])
        if products[j] == "V_OEM":
            bill = _with_first(bill, products.index("B_CELL"), nev_share, inputs)
        if products[j] == "B_CELL":
            columns[:, j] = _cell_bill(bill, goods, io.leader_goods_share, inputs)
        else:
            columns[:, j] = bill * (inputs / bill.sum())
    columns.setflags(write=False)
    return columns


def _with_first(bill: Floats, first: int, factor: float, inputs: float) -> Floats:
    """The bill with one entry times a factor and the others scaled so that all sum to ``inputs``."""
    scaled = np.asarray(bill * (inputs / bill.sum()))
    kept = scaled[first] * factor
    scaled *= (inputs - kept) / np.delete(scaled, first).sum()
    scaled[first] = kept
    return scaled


def _cell_bill(bill: Floats, goods: NDArray[np.bool_], goods_share: float, inputs: float) -> Floats:
    """A bill whose goods sum to their share of output and whose services and energy take the rest of the inputs."""
    if goods_share >= inputs:
        shares = f"io.leader_goods_share {goods_share:g} and io.va_cell {1 - inputs:g}"
        raise OpeningError(f"{shares} leave nothing for the other inputs of cells")
    others = (inputs - goods_share) / float(bill[~goods].sum())
    return np.asarray(bill * np.where(goods, goods_share / float(bill[goods].sum()), others))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(";")) if text else ()
