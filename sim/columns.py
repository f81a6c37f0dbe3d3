"""Tables of columns: append-only rows whose number is their identity for life."""

from __future__ import annotations

from dataclasses import Field, dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

SPARE = 0.25
"""Spare rows over those in use when a column gets a new store: appending n rows one by one costs a multiple of n."""


def column(default: float | int | bool, width: int = 0) -> Any:
    """A column of a table: the default fixes the type; width > 0 makes it two-dimensional (rows, width)."""
    return field(metadata={"default": default, "width": width}, default=None)


@dataclass
class Table:
    """Append-only rows of typed columns.

    A column is the beginning of a larger store of its own, so that new rows are written behind the old ones and do not
    copy them. A column that has been replaced as a whole (``table.x = table.x + 1``) is copied into its store by the
    next append. Copies of a table share columns with it but no stores: what one appends the other never sees.
    """

    def __post_init__(self) -> None:
        self._defaults = {spec.name: spec.metadata["default"] for spec in self.specs}
        self._first = next(iter(self._defaults))
        self._stores: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {}  # by column: its store, and it as last appended
        for spec in self.specs:
            if getattr(self, spec.name) is None:
                setattr(self, spec.name, self._empty(spec.metadata, 0))

    def __copy__(self) -> Self:
        """Another table of the same columns; as the copy module would make it, in fewer steps."""
        other = object.__new__(type(self))
        other.__dict__ |= self.__getstate__()
        return other

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_stores": {}}

    @property
    def specs(self) -> tuple[Field[Any], ...]:
        """The columns with their defaults."""
        return tuple(self.__dataclass_fields__.values())

    @staticmethod
    def _empty(metadata: Any, rows: int) -> NDArray[Any]:
        default, width = metadata["default"], metadata["width"]
        kind = bool if isinstance(default, bool) else np.int64 if isinstance(default, int) else np.float64
        return np.full((rows, width) if width else rows, default, dtype=kind)

    def __len__(self) -> int:
        return len(getattr(self, self._first))

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Drop the other rows (only for tables to whose row numbers nobody refers).

        Args:
            rows: which rows stay.
        """
        for name in self._defaults:
            setattr(self, name, getattr(self, name)[rows])

    def append(self, rows: int, **columns: Any) -> Ints:
        """Append rows; columns that are not named get their default.

        Args:
            rows: how many rows.
            columns: scalars or arrays of that length (2-D for wide columns).

        Returns:
            The row numbers of the new rows.
        """
        first = len(self)
        if not rows:
            return np.arange(0, dtype=np.int64)
        unknown = columns.keys() - self._defaults.keys()
        if unknown:
            raise TypeError(f"{type(self).__name__} has no column {sorted(unknown)}")
        end = first + rows
        for name, default in self._defaults.items():
            store, given = self._store(name, end), columns.get(name, default)
            if store.ndim == 2 and np.ndim(given) == 1:
                given = np.asarray(given)[:, None]
            store[first:end] = given
            column = store[:end]
            self._stores[name] = store, column
            setattr(self, name, column)
        return np.arange(first, first + rows, dtype=np.int64)

    def _store(self, name: str, rows: int) -> NDArray[Any]:
        """The store of a column with room for so many rows; it begins with the rows of the column."""
        column, known = getattr(self, name), self._stores.get(name)
        if known is None or len(known[0]) < rows:
            store = np.empty((int((1.0 + SPARE) * rows) + 1, *column.shape[1:]), dtype=column.dtype)
        else:
            store, stored = known
            if column is stored:
                return store
        store[: len(column)] = column
        return store
