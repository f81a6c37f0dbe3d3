"""A small made-up nation for tests: four products, of which the last is not traded."""

import numpy as np

from sim.inputoutput.regional_rules import Rules
from sim.inputoutput.tables import Table, single_region

PRODUCTS = ("ore", "metal", "goods", "care")


def nation() -> Table:
    """A balanced table; households, government, investment and exports use domestic and imported goods."""
    domestic = np.array([[5.0, 40.0, 2.0, 1.0], [4.0, 30.0, 60.0, 3.0], [6.0, 10.0, 20.0, 30.0], [2.0, 5.0, 9.0, 12.0]])
    imports = np.array([[1.0, 20.0, 1.0, 0.0], [1.0, 5.0, 9.0, 1.0], [1.0, 2.0, 6.0, 4.0], [0.0, 0.5, 0.5, 0.5]])
    final = np.array([[1.0, 0.5, -0.5, 6.0], [2.0, 1.0, 8.0, 12.0], [90.0, 10.0, 45.0, 50.0], [110.0, 60.0, 10.0, 2.0]])
    final_imports = np.array([[0.2, 0.1, 0.1, 0.0], [0.5, 0.2, 2.0, 0.3], [9.0, 1.0, 5.0, 1.0], [1.0, 0.2, 0.1, 0.0]])
    output = domestic.sum(axis=1) + final.sum(axis=1)
    earned = output - domestic.sum(axis=0) - imports.sum(axis=0)
    value_added = np.outer([0.5, 0.1, 0.15, 0.25], earned)
    return single_region("here", PRODUCTS, domestic, imports, final, final_imports, value_added, output)


REGIONS = ("north", "south", "province", "nation")

HOME_OUTPUT = np.array([[0.2, 0.5, 1.0, 1.1], [0.0, 1.5, 1.0, 1.6]])


def rules() -> Rules:
    """Rules for two home regions."""
    return Rules(
        province_share=0.04,
        delta=0.15,
        traded=np.array([True, True, True, False]),
        nontraded_share=0.9,
        minutes=np.array([[20.0, 60.0], [60.0, 20.0]]),
        decay=0.01,
        km_province=150.0,
        km_nation=1000.0,
        decay_far=1.0,
        investing=np.array([True, True, True, False]),
        population=np.array([2.0, 3.0, 30.0, 965.0]),
    )
