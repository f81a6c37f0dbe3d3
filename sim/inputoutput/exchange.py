"""Tables from and to other forms: xarray, CSV, and the system object of pymrio.

The CSV layout is a matrix that a spreadsheet can show. Three heading lines say what each column is, the first three
columns what each row is::

    ,,kind,producer,producer,producer,user,user
    ,,region,North,North,South,North,South
    block,region,name,ore,metal,ore,household,household
    domestic,North,ore,5,40,1,2,0
    domestic,North,metal,...
    domestic,South,ore,...
    import,,ore,1,20,0,0.2,0.1
    value_added,,compensation,...
    output,,output,51,118,20,,

Lines ``domestic`` stand in the order of the columns ``producer``. Left out, imports are none, output is the sum of each
domestic line, and value added is what the inputs leave of output, in one row.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.inputoutput.identities import check_table
from sim.inputoutput.tables import Label, Table, arrays

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]

Row = tuple[int, Label, Floats]
"""Line number, label and numbers of a line."""

NUMBER = re.compile(r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?")
"""How a number is written: no separators, no other digits, nothing that is not finite."""

FORMULA = ("=", "+", "-", "@", "'")
"""Names that begin like this get a quote before them, for spreadsheets."""

BLOCKS = ("domestic", "import", "value_added", "output")
HEADINGS = 3
"""Heading lines and heading columns of the CSV layout."""

LEFT_OPEN = "value added"
"""Name of the only row of value added where a table gives none: what inputs leave of output."""

IMPORTED = "imported: "
"""Beginning of the names of import rows among the factor inputs of pymrio."""

NO_UNIT = "money"
"""Unit in pymrio, which wants one, of a table that has none."""

DIMENSIONS = {
    "intermediate": ("seller", "buyer"),
    "imports": ("imported", "buyer"),
    "final": ("seller", "user"),
    "final_imports": ("imported", "user"),
    "value_added": ("income", "buyer"),
    "output": ("seller",),
}
"""Variables of a dataset with their dimensions."""

LONG_NAMES = {
    "intermediate": "domestic deliveries",
    "imports": "imported inputs",
    "final": "domestic final use",
    "final_imports": "imported final use",
    "value_added": "value added",
    "output": "output",
}

ROUNDED = 1e-6
"""Largest relative residual of rows and columns of a table from outside; printed tables are rounded."""


class ExchangeError(ValueError):
    """A file or object that is no table; the message gives line, column and what is expected there."""


# --- CSV --------------------------------------------------------------------------------------------------------------


def to_csv(table: Table) -> str:
    """The table in the CSV layout of this module; numbers are written so that they read back to the bit.

    A name that a spreadsheet would take for a formula gets a quote before it, which is taken off when it is read.
    """
    n = len(table.producers)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = (*table.producers, *table.users)
    writer.writerow(["", "", "kind", *["producer"] * n, *["user"] * len(table.users)])
    writer.writerow(["", _safe(table.unit), "region", *(_safe(region) for region, _ in columns)])
    writer.writerow(["block", "region", "name", *(_safe(name) for _, name in columns)])
    for (region, product), inputs, final in zip(table.producers, table.intermediate, table.final, strict=True):
        writer.writerow(["domestic", _safe(region), _safe(product), *_texts(inputs), *_texts(final)])
    for product, inputs, final in zip(table.imported, table.imports, table.final_imports, strict=True):
        writer.writerow(["import", "", _safe(product), *_texts(inputs), *_texts(final)])
    blank = [""] * len(table.users)
    for income, cells in zip(table.incomes, table.value_added, strict=True):
        writer.writerow(["value_added", "", _safe(income), *_texts(cells), *blank])
    writer.writerow(["output", "", "output", *_texts(table.output), *blank])
    return text.getvalue()


def read_csv(file: str | Path, *, tolerance: float = ROUNDED, inputs_below_output: bool = True) -> Table:
    """Read a table from a file in the CSV layout of this module and check its identities.

    Args:
        file: path of the file, UTF-8.
        tolerance: largest relative residual of a row or column; printed tables are rounded.
        inputs_below_output: refuse an industry whose inputs cost as much as its output, see
            :func:`sim.inputoutput.identities.check_table`.

    Raises:
        ExchangeError: the file is no such table; the message gives line and column.
        IdentityError: rows, columns or the whole do not balance; inputs exceed output.
        ArgumentError: an output is negative, or an industry uses inputs without output.
        NotProductiveError: the system is not productive.
    """
    try:
        text = Path(file).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ExchangeError("the file is not in UTF-8: save it as CSV UTF-8 in the spreadsheet") from None
    table = from_csv(text)
    check_table(table, tolerance, inputs_below_output=inputs_below_output)
    return table


def from_csv(text: str) -> Table:
    """The table in a text of the CSV layout of this module, identities not checked.

    Raises:
        ExchangeError: the text is no such table; the message gives line and column.
        ArgumentError: an output is negative.
    """
    lines = _lines(text)
    if len(lines) <= HEADINGS:
        raise ExchangeError(f"a table needs {HEADINGS} heading lines and its rows, this text has {len(lines)} lines")
    producers, users = _columns(lines)
    n = len(producers)
    rows = _blocks(lines, n, len(users))
    _refuse_other_rows(rows["domestic"], producers)
    domestic = np.array([cells for _, _, cells in rows["domestic"]])
    bought = np.array([cells for _, _, cells in rows["import"]]).reshape(-1, n + len(users))
    return _completed(
        producers,
        users,
        _names(rows["import"]),
        _names(rows["value_added"]),
        (domestic[:, :n], bought[:, :n], domestic[:, n:], bought[:, n:]),
        np.array([cells for _, _, cells in rows["value_added"]]).reshape(-1, n),
        _single(rows["output"]),
        _unsafe(lines[1][1]),
    )


def _lines(text: str) -> list[list[str]]:
    """Cells by line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[list[str]] = []
    try:
        lines.extend(reader)
    except csv.Error as error:
        raise ExchangeError(
            f"line {reader.line_num}: this is no CSV ({error}); look for a quote without its pair"
        ) from None
    return lines


def _blocks(lines: Sequence[Sequence[str]], producers: int, users: int) -> dict[str, list[Row]]:
    """Rows by block: line number, label and numbers of each."""
    width = HEADINGS + producers + users
    rows: dict[str, list[Row]] = {block: [] for block in BLOCKS}
    for number, line in enumerate(lines[HEADINGS:], start=HEADINGS + 1):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) != width:
            raise ExchangeError(f"line {number} has {len(line)} cells, the heading has {width}")
        if line[0] not in rows:
            raise ExchangeError(f"line {number}: {line[0]!r} is none of the blocks {', '.join(BLOCKS)}")
        cells = _numbers(line[HEADINGS:], number)
        if line[0] in ("value_added", "output"):
            if cells[producers:].any():
                column = HEADINGS + producers + int(np.flatnonzero(cells[producers:])[0]) + 1
                place = f"line {number}, column {column}"
                raise ExchangeError(
                    f"{place}: {line[column - 1]!r} in a column of final users; {line[0]} is that of industries, so add"
                    " taxes on final use to the purchases or leave them out"
                )
            cells = cells[:producers]
        rows[line[0]].append((number, (_unsafe(line[1]), _unsafe(line[2])), cells))
    return rows


def _names(rows: Sequence[Row]) -> tuple[str, ...]:
    """Names of import rows or rows of value added; one with a region keeps it as a part of its name."""
    names: dict[str, int] = {}
    for number, (region, name), _ in rows:
        full = f"{region} {name}".strip()
        if full in names:
            raise ExchangeError(f"line {number}: {full!r} stands in line {names[full]} already; add the two together")
        names[full] = number
    return tuple(names)


def _columns(lines: Sequence[Sequence[str]]) -> tuple[tuple[Label, ...], tuple[Label, ...]]:
    """Producers and users named by the heading lines."""
    kinds, regions, names = (line[HEADINGS:] for line in lines[:HEADINGS])
    for number, (word, place) in enumerate((("kind", 2), ("region", 2), ("name", 2)), start=1):
        heading = lines[number - 1]
        if len(heading) <= place or heading[place] != word:
            raise ExchangeError(f"line {number} must have the word {word!r} in its third cell")
    if not len(kinds) == len(regions) == len(names):
        raise ExchangeError(f"the heading lines have {len(kinds)}, {len(regions)} and {len(names)} columns")
    other = [i for i, kind in enumerate(kinds) if kind not in ("producer", "user")]
    if other:
        raise ExchangeError(f"line 1, column {other[0] + HEADINGS + 1}: {kinds[other[0]]!r} is not producer or user")
    if "producer" not in kinds or "producer" in kinds[kinds.index("user") if "user" in kinds else len(kinds) :]:
        raise ExchangeError("line 1: columns of producers come first, then those of users")
    labels = tuple((_unsafe(region), _unsafe(name)) for region, name in zip(regions, names, strict=True))
    first: dict[tuple[str, Label], int] = {}
    for column, key in enumerate(zip(kinds, labels, strict=True), start=HEADINGS + 1):
        if first.setdefault(key, column) != column:
            raise ExchangeError(f"column {column} is called {' '.join(key[1])!r} like column {first[key]}")
    return labels[: kinds.count("producer")], labels[kinds.count("producer") :]


def _numbers(cells: Sequence[str], line: int) -> Floats:
    """Numbers of one line; an empty cell is 0, as printed tables leave it out."""
    values = np.zeros(len(cells))
    for column, cell in enumerate(cells):
        text = cell.strip()
        if text:
            if not NUMBER.fullmatch(text) or math.isinf(float(text)):
                place = f"line {line}, column {column + HEADINGS + 1}"
                raise ExchangeError(f"{place}: {cell!r} is not a number; write it like 1234.5, an empty cell is 0")
            values[column] = float(text)
    return values


def _refuse_other_rows(rows: Sequence[Row], producers: Sequence[Label]) -> None:
    """The domestic lines are those of the producers, in the same order."""
    for (number, label, _), expected in zip(rows, producers, strict=False):
        if label != expected:
            raise ExchangeError(
                f"line {number} is {' '.join(label)!r}, but the column at this place is {' '.join(expected)!r}: lines"
                " and columns name the industries in the same order"
            )
    if len(rows) != len(producers):
        raise ExchangeError(
            f"{len(rows)} domestic lines for {len(producers)} columns of producers: the table is not square"
        )


def _single(rows: Sequence[Row]) -> Floats | None:
    """The line of outputs, if there is one."""
    if len(rows) > 1:
        raise ExchangeError(f"line {rows[1][0]}: a second line of outputs")
    return rows[0][2] if rows else None


def _completed(
    producers: tuple[Label, ...],
    users: tuple[Label, ...],
    imported: tuple[str, ...],
    incomes: tuple[str, ...],
    cells: tuple[Floats, Floats, Floats, Floats],
    value_added: Floats,
    output: Floats | None,
    unit: str,
) -> Table:
    """The table, with output and value added calculated where they are not given."""
    intermediate, imports, final, final_imports = cells
    if output is None:
        output = intermediate.sum(axis=1) + final.sum(axis=1)
    if not incomes:
        incomes = (LEFT_OPEN,)
        value_added = (output - intermediate.sum(axis=0) - imports.sum(axis=0))[None]
    return Table(
        producers, users, imported, incomes, intermediate, imports, final, final_imports, value_added, output, unit
    )


def _safe(name: str) -> str:
    return f"'{name}" if name.startswith(FORMULA) else name


def _unsafe(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def _texts(cells: Floats) -> list[str]:
    """The shortest texts that read back to the same numbers."""
    return [repr(float(cell)) for cell in cells]


# --- xarray -----------------------------------------------------------------------------------------------------------


def to_xarray(table: Table) -> xr.Dataset:
    """The table as a labelled dataset that can be stored as netCDF.

    Dimensions are ``seller`` and ``buyer`` (the N industries), ``user``, ``imported`` and ``income``; the coordinates
    ``seller_region``, ``seller_product`` and so on carry the two parts of each label.
    """
    import xarray as xr

    coordinates: dict[str, Any] = {"imported": list(table.imported), "income": list(table.incomes)}
    for dim, labels in (("seller", table.producers), ("buyer", table.producers), ("user", table.users)):
        second = "use" if dim == "user" else "product"
        coordinates[f"{dim}_region"] = (dim, [region for region, _ in labels])
        coordinates[f"{dim}_{second}"] = (dim, [name for _, name in labels])
    cells = arrays(table)
    return xr.Dataset(
        {
            name: (dims, cells[name], {"long_name": LONG_NAMES[name], "unit": table.unit})
            for name, dims in DIMENSIONS.items()
        },
        coords=coordinates,
        attrs={"unit": table.unit},
    )


def from_xarray(dataset: xr.Dataset) -> Table:
    """The table in a dataset made by :func:`to_xarray`.

    Raises:
        ExchangeError: a variable or coordinate is missing; the message names it.
    """

    def labels(dim: str, second: str) -> tuple[Label, ...]:
        pairs = zip(_found(dataset, f"{dim}_region"), _found(dataset, f"{dim}_{second}"), strict=True)
        return tuple((str(region), str(name)) for region, name in pairs)

    sellers, buyers = labels("seller", "product"), labels("buyer", "product")
    if sellers != buyers:
        raise ExchangeError("sellers and buyers are not the same industries in the same order")
    cells = {name: _laid_out(dataset, name, dims) for name, dims in DIMENSIONS.items()}
    return Table(
        sellers,
        labels("user", "use"),
        imported=tuple(str(name) for name in _found(dataset, "imported")),
        incomes=tuple(str(name) for name in _found(dataset, "income")),
        unit=str(dataset.attrs.get("unit", "")),
        **cells,
    )


def _laid_out(dataset: xr.Dataset, name: str, dims: tuple[str, ...]) -> Floats:
    """A variable with its dimensions in the order of the table."""
    _found(dataset, name)
    if set(dataset[name].dims) != set(dims):
        raise ExchangeError(f"the variable {name!r} has the dimensions {dataset[name].dims}, a table has {dims}")
    return np.asarray(dataset[name].transpose(*dims).values, dtype=np.float64)


def _found(dataset: xr.Dataset, name: str) -> Any:
    """Values of a variable or coordinate."""
    if name not in dataset.variables:
        raise ExchangeError(f"the dataset has no variable {name!r}; a table has those that to_xarray writes")
    return dataset[name].values


# --- pymrio -----------------------------------------------------------------------------------------------------------


def to_pymrio(table: Table) -> Any:
    """The table as ``pymrio.IOSystem``: Z, Y, and value added and imports as the extension "factor_inputs".

    Raises:
        ModuleNotFoundError: pymrio is not installed.
        ExchangeError: a row of value added is called like an import row.
    """
    import pandas as pd

    pymrio = import_module("pymrio")
    if any(name.startswith(IMPORTED) for name in table.incomes):
        raise ExchangeError(f"a row of value added must not be called {IMPORTED!r}...: so are import rows in pymrio")
    industries = pd.MultiIndex.from_tuples(table.producers, names=["region", "sector"])
    users = pd.MultiIndex.from_tuples(table.users, names=["region", "category"])
    factors = pd.Index([*table.incomes, *(IMPORTED + name for name in table.imported)], name="inputtype")
    unit = table.unit or NO_UNIT
    inputs = np.vstack([table.value_added, table.imports])
    final = np.vstack([np.zeros((len(table.incomes), len(users))), table.final_imports])
    extension = pymrio.Extension(
        name="factor_inputs",
        F=pd.DataFrame(inputs, index=factors, columns=industries),
        F_Y=pd.DataFrame(final, index=factors, columns=users),
        unit=pd.DataFrame({"unit": unit}, index=factors),
    )
    system = pymrio.IOSystem(
        Z=pd.DataFrame(table.intermediate, index=industries, columns=industries),
        Y=pd.DataFrame(table.final, index=industries, columns=users),
        x=pd.DataFrame({"indout": table.output}, index=industries),
        unit=pd.DataFrame({"unit": unit}, index=industries),
    )
    system.factor_inputs = extension
    return system


def from_pymrio(system: Any, *, extension: str | None = None, unit: str = "") -> Table:
    """The table in a ``pymrio.IOSystem`` (or anything with its data frames Z and Y, and x where it is known).

    Args:
        system: the system.
        extension: name of the extension whose rows, all in the money of Z, make value added; rows that are called
            "imported: ..." are imports, as :func:`to_pymrio` writes them. Without it, what the inputs leave of output
            is one row of value added: systems differ in what their extensions hold.
        unit: unit of all amounts; that of the system, if all its industries have one and the same, where it is empty.

    Raises:
        ExchangeError: the system has no Z or Y, or the labels of its frames differ.
    """
    flows, final = getattr(system, "Z", None), getattr(system, "Y", None)
    if flows is None or final is None:
        raise ExchangeError("the system has no Z or no Y: calculate them first (calc_all)")
    if not flows.index.equals(flows.columns) or not final.index.equals(flows.index):
        raise ExchangeError("rows and columns of Z and rows of Y must be the same industries in the same order")
    if any(axis.nlevels != 2 for axis in (flows.index, final.columns)):
        raise ExchangeError("industries and final users need two labels each: region and sector, region and category")
    names, factors, final_factors = _factors(system, extension, flows.index, final.columns)
    imported = np.array([name.startswith(IMPORTED) for name in names], dtype=bool)
    output = getattr(system, "x", None)
    if output is not None:
        _refuse_other_labels("x", output.index, flows.index)
    return _completed(
        tuple((str(region), str(sector)) for region, sector in flows.index),
        tuple((str(region), str(use)) for region, use in final.columns),
        tuple(name.removeprefix(IMPORTED) for name in names if name.startswith(IMPORTED)),
        tuple(name for name in names if not name.startswith(IMPORTED)),
        (
            flows.to_numpy(dtype=np.float64),
            factors[imported],
            final.to_numpy(dtype=np.float64),
            final_factors[imported],
        ),
        factors[~imported],
        None if output is None else output.to_numpy(dtype=np.float64)[:, 0],
        unit or _unit(system),
    )


def _unit(system: Any) -> str:
    """The unit of the industries, if they have one and the same."""
    frame = getattr(system, "unit", None)
    found = set() if frame is None else set(frame.iloc[:, 0].astype(str))
    unit = found.pop() if len(found) == 1 else ""
    return "" if unit == NO_UNIT else unit


def _refuse_other_labels(what: str, labels: Any, expected: Any) -> None:
    """Refuse an axis of a frame that is not labelled like Z or Y: its numbers would land in other cells."""
    if not labels.equals(expected):
        raise ExchangeError(f"the labels of {what} are not those of Z and Y in the same order: reindex it first")


def _factors(system: Any, extension: str | None, industries: Any, users: Any) -> tuple[list[str], Floats, Floats]:
    """Names of the rows of an extension, with their cells by industry and by final user."""
    if extension is None:
        return [], np.zeros((0, len(industries))), np.zeros((0, len(users)))
    found = getattr(system, extension, None)
    if found is None:
        raise ExchangeError(f"the system has no extension {extension!r}")
    _refuse_other_labels(f"{extension}.F", found.F.columns, industries)
    cells = found.F.to_numpy(dtype=np.float64)
    final = getattr(found, "F_Y", None)
    if final is None:
        by_user = np.zeros((len(cells), len(users)))
    else:
        _refuse_other_labels(f"{extension}.F_Y", final.columns, users)
        _refuse_other_labels(f"rows of {extension}.F_Y", final.index, found.F.index)
        by_user = final.to_numpy(dtype=np.float64)
    return [str(name) for name in found.F.index], cells, by_user
