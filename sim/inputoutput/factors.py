"""LU factors of a dense matrix, in single precision where that is enough for solutions in double precision.

Factors in single precision take half the time and half the memory. A solution from them has about six digits; what it
leaves open, taken in double precision, is solved for again and added, until no entry moves in its last digits. The
result is as good as that of factors in double precision, which take over wherever a few rounds do not get there.
Langou and others, Exploiting the performance of 32 bit floating point arithmetic (SC 2006), LAPACK's dsgesv; Higham,
Accuracy and Stability of Numerical Algorithms (2002), chapter 12. There the size of the remainder ends the rounds;
here every entry must have settled, so that small entries beside large ones are as good as they.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.linalg import lapack

Floats = NDArray[np.float64]

SETTLED = 1e-11
"""Largest last correction of an entry, relative to it; what it leaves open is smaller by three digits (numerical)."""

ROUNDS = 3
"""Corrections after which a solution must have settled, or double precision takes over (numerical)."""

ROWS, COLUMNS = 100, 4
"""Fewest rows and most right-hand sides of a call for single precision: more cost more in corrections than factors in
double precision do. Only the call decides, so that the same question always gets the same answer, to the bit."""


class SingularError(ArithmeticError):
    """A matrix without inverse."""


class Factors:
    """LU factors with row exchanges of a matrix, for as many right-hand sides as are wanted.

    Args:
        matrix: (n, n) finite numbers. It is kept, and must not be written any more.

    Attributes:
        size: n.

    Raises:
        SingularError: the matrix has no inverse.
    """

    def __init__(self, matrix: Floats) -> None:
        self.size = len(matrix)
        # LAPACK stores by columns: an array stored by rows is the transposed matrix to it, and taken so needs no copy.
        self._by_rows = bool(matrix.flags.c_contiguous)
        self._matrix = matrix.T if self._by_rows else matrix
        self._single: tuple[NDArray[np.float32], NDArray[np.int32]] | None = None
        self._double: tuple[Floats, NDArray[np.int32]] | None = None
        if self.size >= ROWS:
            with np.errstate(over="ignore"):  # what is too large for single precision does not settle
                factors, exchanges, info = lapack.sgetrf(self._matrix.astype(np.float32), overwrite_a=True)
            self._single = (factors, exchanges) if info == 0 else None
        if self._single is None:
            self._in_double()

    def solve(self, right: Floats, transposed: bool = False) -> Floats:
        """Solution X of M X = B, or of M' X = B.

        Args:
            right: (n,) or (n, m) right-hand sides B.
            transposed: solve with the transposed matrix.

        Returns:
            X, same shape.

        Raises:
            SingularError: the matrix has no inverse.
        """
        other = transposed != self._by_rows
        if self._single is not None and right.size <= COLUMNS * self.size:
            matrix = self._matrix.T if other else self._matrix
            columns = [_refined(matrix, self._single, column, other) for column in np.atleast_2d(right.T)]
            found = [column for column in columns if column is not None]
            if len(found) == len(columns):
                return np.array(found).T.reshape(right.shape)
        return np.asarray(linalg.lu_solve(self._in_double(), right, trans=1 if other else 0, check_finite=False))

    def estimate(self, right: Floats) -> Floats:
        """Solution x of M x = b for one right-hand side, from the factors as they are: as a rule six digits."""
        if self._single is None:
            return self.solve(right)
        found = lapack.sgetrs(*self._single, right.astype(np.float32), trans=self._by_rows)[0]
        return np.asarray(found, dtype=np.float64)

    def inverse(self) -> Floats:
        """The (n, n) inverse, in two thirds of the operations that solving for the unit matrix takes.

        Raises:
            SingularError: the matrix has no inverse.
        """
        factors, exchanges = self._in_double()
        if not self.size:
            return np.zeros((0, 0))
        inverse = lapack.dgetri(factors, exchanges, lwork=64 * self.size)[0]
        return np.asarray(inverse.T if self._by_rows else inverse)

    def _in_double(self) -> tuple[Floats, NDArray[np.int32]]:
        """Factors in double precision."""
        if self._double is None:
            # without factors in single precision nobody corrects by the matrix, and its place can be taken
            factors, exchanges, info = lapack.dgetrf(self._matrix, overwrite_a=self._single is None)
            if info > 0:
                raise SingularError
            self._double = factors, exchanges
        return self._double


def _refined(
    matrix: Floats, single: tuple[NDArray[np.float32], NDArray[np.int32]], right: Floats, transposed: bool
) -> Floats | None:
    """(n,) solution by factors in single precision and corrections; None if it does not settle."""
    found, remainder = np.zeros(len(right)), right
    with np.errstate(over="ignore", invalid="ignore"):  # what is no number does not settle
        for _ in range(1 + ROUNDS):
            scale = float(np.abs(remainder).max()) or 1.0  # keeps the remainder within the range of single precision
            step = lapack.sgetrs(*single, (remainder / scale).astype(np.float32), trans=transposed)[0] * scale
            found += step
            if (np.abs(step) <= SETTLED * np.abs(found)).all() and not remainder[found == 0.0].any():
                return found
            remainder = right - matrix @ found
    return None
