"""Who uses what in which region, and a wrong cell of a regional table is found in every identity."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from sim.inputoutput import identities
from sim.inputoutput.identities import IdentityError
from sim.inputoutput.multiregional import regionalise, total_coefficients, use_weights
from sim.inputoutput.tables import GOVERNMENT, HOUSEHOLD, INVESTMENT, Table
from tests.inputoutput.made_up import HOME_OUTPUT, REGIONS, nation, rules

TABLE = regionalise(nation(), REGIONS, HOME_OUTPUT, total_coefficients(nation()), rules()).table
NORTH_METAL, SOUTH_GOODS = 1, 6


def test_households_follow_value_added_government_residents_investment_industry() -> None:
    value_added = np.array(
        [[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0], [0.0, 0.0, 5.0, 25.0], [10.0, 10.0, 20.0, 10.0]]
    )
    weights = use_weights(value_added, rules())  # care, the last product, does not draw investment
    np.testing.assert_allclose(weights[:, HOUSEHOLD], np.array([10, 10, 30, 50]) / 100)
    np.testing.assert_allclose(weights[:, GOVERNMENT], np.array([2, 3, 30, 965]) / 1000)
    np.testing.assert_allclose(weights[:, INVESTMENT], np.array([6, 9, 5, 40]) / 60)


@pytest.mark.parametrize("use", [HOUSEHOLD, GOVERNMENT])
def test_the_table_shares_traded_goods_by_these_weights(use: int) -> None:
    weights = use_weights(TABLE.by_region(TABLE.total_value_added), rules())[:, use]
    bought = TABLE.final.reshape(4, 4, 4, 4).sum(axis=0)[:3, :, use]  # product, region
    np.testing.assert_allclose(bought / bought.sum(axis=1, keepdims=True), np.tile(weights, (3, 1)), rtol=1e-9)


@pytest.mark.parametrize(
    ("check", "name", "cell", "message"),
    [
        (identities.check_rows, "intermediate", (NORTH_METAL, SOUTH_GOODS), "I1 rows.*north metal"),
        (identities.check_rows, "final", (SOUTH_GOODS, 12), "I1 rows.*south goods"),
        (identities.check_rows, "final", (NORTH_METAL, 3), "I1 rows.*north metal"),
        (identities.check_columns, "intermediate", (NORTH_METAL, SOUTH_GOODS), "I2 columns.*south goods"),
        (identities.check_columns, "imports", (0, SOUTH_GOODS), "I2 columns.*south goods"),
        (identities.check_columns, "value_added", (2, NORTH_METAL), "I2 columns.*north metal"),
        (identities.check_income, "value_added", (2, NORTH_METAL), "I3 value added"),
        (identities.check_income, "final", (SOUTH_GOODS, 12), "I3 value added"),
        (identities.check_solution, "intermediate", (NORTH_METAL, SOUTH_GOODS), "I4 "),
    ],
)
def test_one_wrong_cell_of_a_regional_table_is_found(
    check: Callable[[Table], float], name: str, cell: tuple[int, ...], message: str
) -> None:
    array = getattr(TABLE, name).copy()
    array[cell] += 1e-3
    assert check(TABLE) < 1e-10
    with pytest.raises(IdentityError, match=message):
        check(replace(TABLE, **{name: array}))
