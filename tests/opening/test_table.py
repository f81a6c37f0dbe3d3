"""The opening table of twelve regions (model description, section 7)."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from sim.inputoutput import identities, tables
from sim.inputoutput.multipliers import output_multipliers
from sim.inputoutput.multiregional import Regionalisation
from sim.opening.national import OpeningError, home_technology, national_products
from sim.opening.table import check_table, opening_nation, opening_table
from sim.opening.totals import opening_totals
from sim.parameters import Entries
from sim.settings import InputOutput, Opening
from sim.world import load_world

WORLD, OPENING, IO = load_world(), Opening(), InputOutput()
BUILT = opening_table(OPENING, IO)
TABLE = BUILT.table
HOME = slice(0, 10)


def own_share(built: Regionalisation, regions: slice) -> float:
    """Share of domestic use of some regions that they meet together, all products."""
    trade, use = built.table.trade, built.table.domestic_use
    return float(trade[:, regions, regions].sum() / use[:, regions].sum())


def test_twelve_regions_add_up_to_the_nation_in_every_cell() -> None:
    nation = national_products(IO).scaled(IO.base_scale)
    assert identities.check_parts(nation, tables.nation(TABLE, "CN")) < 1e-12
    assert IO.base_scale == 0.713


@pytest.mark.parametrize(
    ("check", "bound"),
    [
        (identities.check_rows, 1e-12),
        (identities.check_columns, 1e-12),
        (identities.check_income, 1e-12),
        (identities.check_solution, 1e-12),
    ],
)
def test_identities(check: Callable[[tables.Table], float], bound: float) -> None:
    assert check(TABLE) < bound


def test_a_wrong_cell_would_be_found() -> None:
    array = TABLE.final.copy()
    array[24 + 5, 4] += 1e-3 * TABLE.output[24 + 5]  # battery structure parts of Dongqiao
    wrong = replace(TABLE, final=array)
    with pytest.raises(identities.IdentityError, match=r"I1 rows.*DQ B_STRU"):
        check_table(replace(BUILT, table=wrong), opening_nation(IO))


def test_spectral_radius() -> None:
    assert identities.check_productive(TABLE) == pytest.approx(0.570, abs=0.002)


def test_no_purchase_is_negative() -> None:
    imported = TABLE.final_imports_by_region[:, :, : tables.INVESTMENT]
    for array in (TABLE.intermediate, TABLE.imports, imported, TABLE.total_value_added):
        assert array.min() >= 0
    negative = np.argwhere(TABLE.final_by_region < 0)
    assert set(negative[:, 2]) == {tables.INVESTMENT}
    products = {WORLD.products[row % 24] for row in negative[:, 0]}
    assert products <= {"C_PROC", "C_CATH", "B_CATH", "B_ELEC", "B_ANOD"}


def test_home_is_the_opening() -> None:
    totals = opening_totals(OPENING, IO)
    np.testing.assert_array_equal(TABLE.by_region(TABLE.output)[HOME], totals.output)
    np.testing.assert_allclose(TABLE.by_region(TABLE.total_value_added)[HOME], totals.value_added, rtol=1e-9, atol=1e-9)


def test_home_plants_use_home_technology() -> None:
    n = len(WORLD.products)
    inputs = TABLE.intermediate.reshape(12, n, 12, n).sum(axis=0)[:, HOME] + TABLE.imports.reshape(n, 12, n)[:, HOME]
    expected = home_technology(IO)[:, None, :] * opening_totals(OPENING, IO).output[None]
    np.testing.assert_allclose(inputs, expected, rtol=1e-9, atol=1e-9)
    assert (BUILT.home_weight == 1).all()


def test_own_shares_of_province_and_city() -> None:
    """At the exponent of the reference computation; ores from outside take 0.01 off its 0.49."""
    built = opening_table(OPENING, InputOutput(flq_delta=0.15))
    assert own_share(built, slice(0, 11)) == pytest.approx(0.69, abs=0.035)
    assert own_share(built, HOME) == pytest.approx(0.49, abs=0.015)


def test_own_share_grows_with_the_size_of_the_region() -> None:
    own = np.einsum("irr->r", TABLE.trade) / TABLE.domestic_use.sum(axis=0)
    size = TABLE.by_region(TABLE.output).sum(axis=1)
    assert spearmanr(own, size).statistic > 0.6
    assert spearmanr(own[HOME], size[HOME]).statistic > 0.6


def test_local_share_of_household_services() -> None:
    services = WORLD.product("CSRV")
    bought = TABLE.final.reshape(12, 24, 12, 4)[:, services, HOME, tables.HOUSEHOLD]
    assert bought[HOME].sum() / bought.sum() == pytest.approx(0.81, abs=0.005)


def test_products_that_are_not_traded_are_used_where_they_are_made() -> None:
    supply = TABLE.by_region(TABLE.output - TABLE.exports)
    for code in ("CONS", "CSRV"):
        product = WORLD.product(code)
        np.testing.assert_allclose(TABLE.domestic_use[product], supply[:, product], rtol=1e-9)
        assert BUILT.own_share_province[product] >= IO.nontraded_share - 1e-9
        assert BUILT.own_share_city[product] >= IO.nontraded_share**2 - 1e-9


def test_no_ores_come_from_home() -> None:
    """Smelters buy less at home than others buy of other industry, and nobody else's books change."""
    with_mines = opening_table(OPENING, IO.model_copy(update={"ores": Entries({})})).table
    carrier, size = WORLD.product("OTHM"), len(WORLD.products)
    rows = np.arange(carrier, 10 * size, size)
    for code, part in IO.ores.items():
        column = np.arange(WORLD.product(code), 10 * size, size)
        before, after = (each.intermediate[np.ix_(rows, column)].sum() for each in (with_mines, TABLE))
        assert after == pytest.approx((1.0 - part) * before)
    np.testing.assert_allclose(TABLE.output, with_mines.output, rtol=1e-12)
    np.testing.assert_allclose(TABLE.intermediate.sum(axis=0), with_mines.intermediate.sum(axis=0), rtol=1e-12)
    sold = [each.intermediate.sum(axis=1) + each.final.sum(axis=1) for each in (TABLE, with_mines)]
    np.testing.assert_allclose(sold[0], sold[1], rtol=1e-12)


def test_a_larger_delta_lowers_own_supply() -> None:
    shares = []
    for delta in (0.10, 0.15, 0.25):
        built = opening_table(OPENING, InputOutput(flq_delta=delta))
        shares.append((own_share(built, HOME), own_share(built, slice(0, 11))))
    assert shares[0] > shares[1] > shares[2]
    assert shares[0][1] > shares[1][1] > shares[2][1]
    assert [round(city, 2) for city, _ in shares] == [0.57, 0.49, 0.38]


def test_official_jiaocheng_is_its_two_parts() -> None:
    pair = [WORLD.county("JC"), WORLD.county("DQ")]
    official = WORLD.official[pair]
    assert official.tolist() == [pair[0], pair[0]]
    gdp = opening_totals(OPENING, IO).gdp
    by_official = np.bincount(WORLD.official, gdp, minlength=10)
    assert by_official[pair[0]] == pytest.approx(gdp[pair].sum())
    assert by_official[pair[1]] == 0


def test_only_a_product_of_one_county_releases_its_own_flows() -> None:
    assert BUILT.released == ("S_MELT",)


def test_home_multipliers_are_smaller_than_national_ones() -> None:
    city = TABLE.intermediate.reshape(12, 24, 12, 24)[HOME][:, :, HOME].reshape(240, 240)
    output = TABLE.output[:240]
    inside = output_multipliers(city / np.where(output > 0, output, 1.0)).reshape(10, 24)
    national = output_multipliers(national_products(IO).coefficients)
    made = opening_totals(OPENING, IO).output > 0
    assert (inside[made] < np.broadcast_to(national, inside.shape)[made]).mean() > 0.99


def test_other_parameters_give_another_table_and_equal_ones_the_same() -> None:
    assert opening_table(Opening(), InputOutput()) is opening_table(Opening(), InputOutput())
    other = opening_table(OPENING, InputOutput(gravity_decay=0.03))
    trade = other.table.trade[:, HOME, HOME].sum(axis=0)
    minutes = WORLD.minutes
    far = minutes > 120
    assert trade[far].sum() < BUILT.table.trade[:, HOME, HOME].sum(axis=0)[far].sum()


def test_more_home_output_than_the_nation_makes_is_refused() -> None:
    opening = OPENING.model_copy(update={"cells_output": 200.0})
    with pytest.raises(OpeningError):
        opening_table(opening, IO)
    with pytest.raises(OpeningError, match=r"table of regions .* home and RF make"):
        opening_table(OPENING.model_copy(update={"rest_fujian_share_gdp": 0.999}), IO)
