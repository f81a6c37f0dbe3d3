"""The eight indicators, what the model lacks, and ranks among prefectures that a user supplies."""

from pathlib import Path

import numpy as np
import pytest

from sim.results import Run
from sim.results.indicators import INDICATORS, Rival, rank, read_rivals
from tests.report import fake

HEAD = "prefecture,indicator,period,value,unit\n"


@pytest.fixture(scope="module")
def run() -> Run:
    return fake.run(fake.scenario(end="2020-12"))


def test_eight_indicators_and_what_is_missing(run: Run) -> None:
    table = run.published.indicators("2019-11").set_index("indicator")
    assert list(table.index) == list(INDICATORS)
    assert table["covered"].tolist() == ["yes", "in part", "in part", "yes", "yes", "yes", "in part", "in part"]
    poorer = Run(run.monthly.drop_vars(["revenue_total", "revenue_local", "income"]))
    table = poorer.published.indicators("2019-11").set_index("indicator")
    assert table["covered"].tolist() == ["yes", "in part", "in part", "yes", *["not in this dataset"] * 4]
    lacking = table[table["covered"] == "not in this dataset"]
    assert lacking["value"].isna().all()
    assert (lacking["remark"].str.len() > 10).all()
    assert (table["unit"] == ["bn yuan"] * 6 + ["yuan"] * 2).all()
    assert "rank_growth" not in table


def test_levels_and_growth_by_hand(run: Run) -> None:
    table = run.published.indicators("2019-11").set_index("indicator")
    growth = run.published.growth("2019-11").sel(group="industry")
    assert table.loc["industrial_value_added", "value"] == pytest.approx(float(growth["value_added_nominal"]))
    real = float(growth["growth"].sel(deflation="single"))
    assert table.loc["industrial_value_added", "growth"] == pytest.approx(real)
    monthly = run.monthly
    spent = monthly["investment"].values[:, :, :18].sum(axis=(1, 2)) * monthly["price_level"].values
    assert table.loc["fixed_asset_investment", "value"] == pytest.approx(spent[60:71].sum() / 1000)
    assert table.loc["fixed_asset_investment", "growth"] == pytest.approx(spent[60:71].sum() / spent[48:59].sum() - 1)
    goods = [product not in ("CONS", "TRAN", "BUSS", "CSRV") for product in monthly["product"].values]
    shops = (monthly["household_purchases"] * monthly["price"]).values[:, :, goods].sum(axis=(1, 2))
    assert table.loc["retail_sales", "value"] == pytest.approx(shops[60:71].sum() / 1000)
    assert "stand-in" in table.loc["retail_sales", "remark"]
    sold = monthly["exports_nominal"].values[:, :, goods].sum(axis=(1, 2))
    assert table.loc["exports", "growth"] == pytest.approx(sold[60:71].sum() / sold[48:59].sum() - 1)


def test_income_a_head_where_the_model_has_households(run: Run) -> None:
    monthly = run.monthly
    counties = monthly["output"].sum("product")
    rich = Run(monthly.assign(income=counties * 0 + 600.0, population=counties * 0 + 300_000.0))
    table = rich.published.indicators("2019").set_index("indicator")
    level = monthly["price_level"].values
    for code in ("income_urban", "income_rural"):
        assert table.loc[code, "value"] == pytest.approx(600e6 / 300_000 * level[60:72].sum()), "yuan a head and year"
        assert table.loc[code, "growth"] == pytest.approx(level[60:72].sum() / level[48:60].sum() - 1)
        assert table.loc[code, "covered"] == "in part"
    first = rich.published.indicators("2014").set_index("indicator")
    assert np.isnan(first.loc["income_urban", "growth"])


def test_ranks_among_rivals(run: Run) -> None:
    growth = 100 * run.published.indicators("2019").set_index("indicator").loc["exports", "growth"]
    rivals = [
        Rival("A", "exports", "2019", growth + 1, "%"),
        Rival("B", "exports", "2019", growth - 1, "%"),
        Rival("C", "exports", "2018", growth + 9, "%"),  # another period
        Rival("A", "exports", "2019", 1e9, "bn yuan"),
        Rival("A", "revenue_total", "2019", 5.0, "%"),
    ]
    table = run.published.indicators("2019", rivals).set_index("indicator")
    row = table.loc["exports"]
    assert (row["rank_growth"], row["growth_of"]) == (2, 3)
    assert (row["rank_value"], row["value_of"]) == (2, 2)
    assert table.loc["revenue_total", "rank_growth"] in (1, 2)
    assert np.isnan(table.loc["fixed_asset_investment", "rank_growth"]), "no rival to compare with"


def test_a_rank_by_hand() -> None:
    assert rank(3.0, [5.0, 3.0, 1.0]) == 2
    assert rank(9.0, [5.0]) == 1
    assert np.isnan(rank(float("nan"), [5.0]))
    assert np.isnan(rank(1.0, []))


def test_a_table_of_rivals_is_read(tmp_path: Path) -> None:
    file = tmp_path / "rivals.csv"
    file.write_text(
        "\ufeff" + HEAD + "Alpha,exports,2019-11,12.5,%\nAlpha,income_urban,2019, 30000 ,yuan\n", encoding="utf-8"
    )
    assert read_rivals(file) == [
        Rival("Alpha", "exports", "2019-11", 12.5, "%"),
        Rival("Alpha", "income_urban", "2019", 30000.0, "yuan"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "the columns are prefecture, indicator"),
        (HEAD + "A,export,2019,1,%\n", "rivals.csv:2: unknown indicator 'export' .did you mean 'exports'"),
        (HEAD + "A,exports,2019,many,%\n", "rivals.csv:2: value 'many' is no number"),
        (HEAD + "A,exports,2019,nan,%\n", "value 'nan' is no number"),
        (HEAD + "A,exports,2019,1,yuan\n", "unit of exports: write % for growth or bn yuan"),
        (HEAD + "Ningde,exports,2019,1,%\n", "leave its lines out"),
        (HEAD + "A,exports,2019,1,%\nA,exports,2019,2,%\n", "A, exports, 2019, % stands there twice"),
        (HEAD + "A,exports,2019\n", "rivals.csv:2: the line has not the five columns"),
        (HEAD + "A,exports,2019,1,%,more\n", "rivals.csv:2: the line has not the five columns"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "rivals.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_rivals(file)
