"""One thread for linear algebra, so that the same inputs give the same bits.

The libraries behind numpy and scipy add up in another order with two threads than with one, which changes the last
digits of a matrix product. They read these variables once, when they are loaded; therefore :mod:`sim` imports this
module before anything else. A process started from here inherits them. If numpy was imported before :mod:`sim`, its
thread count stays as it was and results may differ in the last digits from those of other runs.
"""

import os

VARIABLES: tuple[str, ...] = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS")
"""The variables that OpenBLAS, MKL, Apple's Accelerate and OpenMP read."""

os.environ.update(dict.fromkeys(VARIABLES, "1"))
