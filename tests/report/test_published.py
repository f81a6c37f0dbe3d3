"""What the terminal prints of the statistics: the figures of the tables, at 80 columns, nothing cut off."""

import io

import pytest
from rich.console import Console

from sim.report import summary
from sim.report.published import default_period, period_name, section, statistics
from sim.results import Run
from sim.results.indicators import Rival
from tests.report import fake


@pytest.fixture(scope="module")
def run() -> Run:
    return fake.run(fake.scenario(end="2020-12"))


def printed(part: object, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(part)
    return console.file.getvalue()  # type: ignore[attr-defined]


def row(text: str, first: str, at: int = 0) -> list[str]:
    return [line for line in text.splitlines() if line.strip().startswith(first)][at].split()


@pytest.mark.parametrize("width", [80, *(pytest.param(each, marks=pytest.mark.slow) for each in (100, 118))])
def test_nothing_is_cut_off(run: Run, width: int) -> None:
    rivals = [Rival("A", "exports", "2019-11", 3.0, "%")]
    for part in (statistics(run, "2019-11", "model", rivals), section(run), summary(run)):
        text = printed(part, width)
        assert "…" not in text
        assert max(len(line.rstrip()) for line in text.splitlines()) <= width


def test_figures_are_those_of_the_tables(run: Run) -> None:
    text = printed(statistics(run, "2019-11"), 100)
    found = run.published.growth("2019-11").sel(group="BAT")
    single = found.sel(deflation="single")
    cells = row(text, "batteries")
    assert cells[1:4] == [f"{float(found['output_nominal']):.1f}", f"{float(found['value_added_nominal']):.1f}",
                          f"{100 * float(single['growth']):.1f}"]  # fmt: skip
    double = found.sel(deflation="double")
    told = [f"{float(each[name]) * factor:.1f}" for name, factor in (("growth", 100.0), ("pull", 1.0),
            ("contribution", 100.0)) for each in (single, double)]  # fmt: skip
    assert cells[3:9] == told
    shares = [found["share_current"], *(each["base_share"] for each in (single, double))]
    assert row(text, "batteries", 1)[1:4] == [f"{100 * float(share):.1f}" for share in shares]
    county = run.published.counties("2019-11").sel(county="Jiaocheng")
    assert row(text, "Jiaocheng")[1] == f"{float(county['gdp_nominal']):.1f}"
    assert "Dongqiao " not in text.replace("Dongqiao inside Jiaocheng", "")
    assert row(printed(statistics(run, "2019-11", "model"), 100), "Dongqiao")[0] == "Dongqiao"
    assert "no urban-rural split" in " ".join(text.split())
    assert row(text, "Jiaocheng")[7] == f"{float(county['electricity']):.2f}"
    assert row(text, "Jiaocheng", 1)[1] == f"{float(county['exports_nominal']):.1f}"
    legacy = run.published.legacy(2019)
    assert row(text, "2019")[-1] == f"{float(legacy['total']):.1f}"


def test_payments_between_sectors_are_those_of_the_record(run: Run) -> None:
    text = printed(statistics(run, "2019"), 80)
    found = run.published.flows("2019")
    table = text[text.index("Payments between sectors") :]
    paid = found["paid"].sel(receiver="households", payer="firms")
    assert row(table, "households")[2] == f"{float(paid):,.1f}"
    assert row(table, "net lending")[-1] == "0.0"
    assert row(table, "net lending")[2] == f"{float(found['net_lending'].sel(receiver='households')):,.1f}"


def test_the_city_closes_the_county_table(run: Run) -> None:
    text = printed(statistics(run, "2019"), 100)
    table = run.published.counties("2019")
    cells = row(text, "City")
    assert cells[1] == f"{float(table['gdp_nominal'].sum()):.1f}"
    value = run.yearly["value_added"].sum(("county", "product"))
    growth = 100 * (float(value.sel(year=2019) / value.sel(year=2018)) - 1)
    assert cells[2] == f"{growth:.1f}"


def test_sums_say_at_which_prices_they_stand(run: Run) -> None:
    text = " ".join(printed(statistics(run, "2019-11"), 80).split())
    existing, building, signed = run.published.three_300("2019-11")["tiers"].values
    assert f"existing plants {existing:,.0f} bn yuan (output of twelve months at current prices)" in text
    assert (
        f"under construction {building:,.0f}, signed and new {signed:,.0f} bn yuan "
        "(announced output a year at 2018 prices)" in text
    )


def test_coverage_names_the_month_of_each_figure(run: Run) -> None:
    """Potential and realised are monthly: November 2019 is not December 2018. The others exist in December only."""
    monthly = {name: run.monthly[name].copy() for name in ("local_share_potential", "local_share_realised")}
    for name, before, now in (("local_share_potential", 0.11, 0.81), ("local_share_realised", 0.07, 0.19)):
        monthly[name].loc[{"month": "2018-12-01"}], monthly[name].loc[{"month": "2019-11-01"}] = before, now
    yearly = {name: run.monthly[name].copy() for name in ("local_share_goods", "local_content")}
    yearly["local_share_goods"].loc[{"month": "2018-12-01"}] = 0.23
    yearly["local_content"].loc[{"month": "2018-12-01"}] = 0.31
    known = Run(run.monthly.assign(monthly | yearly))
    text = " ".join(printed(statistics(known, "2019-11"), 80).split())
    assert "Cell makers, Nov 2019: 81 % of chain goods could be bought nearby, 19 % are." in text
    assert (
        "Dec 2018 (taken each December): 23 % of all goods with raw metals and energy are bought nearby, 31 % of a "
        "cell is value added at home." in text
    )
    assert "Cell makers, Dec 2019: " in " ".join(printed(statistics(known, "2019"), 80).split())


def test_words_are_whole_in_the_headings(run: Run) -> None:
    text = printed(statistics(run, "2019-11"), 80)
    assert not [
        line for line in text.splitlines() if any(word.endswith("-") and len(word) > 1 for word in line.split())
    ]


def test_the_period_of_the_summary(run: Run) -> None:
    assert default_period(run) == "2019-11"
    assert default_period(fake.run(fake.scenario(end="2018-12"))) == "2018"
    assert default_period(fake.run(fake.scenario(end="2014-12"))) is None
    assert section(fake.run(fake.scenario(end="2014-12"))) is None
    names = [period_name(run.published.span(period)) for period in ("2019-11", "2019-01", "2019", "2019-12")]
    assert names == ["Jan to Nov 2019", "Jan 2019", "2019", "2019"]


def test_the_first_year_is_printed_without_growth(run: Run) -> None:
    text = printed(statistics(run, "2014"), 80)
    assert row(text, "batteries")[3] == "-"
    assert "Legacy industry" not in text
