"""Formulas of the literature in their plainest form, to compare with; written without the package under test."""

import numpy as np


def simple_location_quotients(region: np.ndarray, nation: np.ndarray) -> np.ndarray:
    """SLQ_i = (x_i^r / x^r) / (x_i^n / x^n)."""
    return (region / region.sum()) / (nation / nation.sum())
