"""Tables of columns: append-only rows whose number is their identity for life."""

from __future__ import annotations

from dataclasses import Field, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def column(default: float | int | bool, width: int = 0) -> Any:
    """A column of a table: the default fixes the type; width > 0 makes it two-dimensional (rows, width)."""
    return field(metadata={"default": default, "width": width}, default=None)


@dataclass
class Table:
    """Append-only rows of typed columns."""

    def __post_init__(self) -> None:
        for spec in self.specs:
            if getattr(self, spec.name) is None:
                setattr(self, spec.name, self._empty(spec.metadata, 0))

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
        return len(getattr(self, next(iter(self.__dataclass_fields__))))

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Drop the other rows (only for tables to whose row numbers nobody refers).

        Args:
            rows: which rows stay.
        """
        for spec in self.specs:
            setattr(self, spec.name, getattr(self, spec.name)[rows])

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
        unknown = columns.keys() - {spec.name for spec in self.specs}
        if unknown:
            raise TypeError(f"{type(self).__name__} has no column {sorted(unknown)}")
        for spec in self.specs:
            old = getattr(self, spec.name)
            new = np.empty((rows, *old.shape[1:]), dtype=old.dtype)
            given = np.asarray(columns.get(spec.name, spec.metadata["default"]))
            new[...] = given[:, None] if new.ndim == 2 and given.ndim == 1 else given
            setattr(self, spec.name, np.concatenate([old, new]))
        return np.arange(first, first + rows, dtype=np.int64)
