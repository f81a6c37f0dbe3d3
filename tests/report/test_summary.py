"""The summary prints the numbers of the run, fits 100 columns, and is plain text where there is no terminal."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from sim.report import print_summary, summary
from sim.results import Run
from tests.report import fake


@pytest.fixture(scope="module")
def run() -> Run:
    return fake.run()


def printed(run: Run, files: tuple[Path, ...] = ()) -> str:
    out = io.StringIO()
    print_summary(run, files, out)
    return out.getvalue()


@pytest.fixture(scope="module")
def text(run: Run) -> str:
    return printed(run)


def row(text: str, first: str) -> list[str]:
    """The cells of the row that starts with a word."""
    return next(line.split() for line in text.splitlines() if line.split()[: len(first.split())] == first.split())


def test_it_is_plain_and_fits(run: Run) -> None:
    text = printed(run, (Path("results/fake/run-seed0001.nc"),))
    assert "\x1b" not in text
    assert "…" not in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100


def test_it_fits_a_terminal_of_a_hundred_columns(run: Run) -> None:
    console = Console(width=100, force_terminal=True, file=io.StringIO(), color_system="standard")
    console.print(summary(run))
    assert "…" not in console.file.getvalue()  # type: ignore[attr-defined]


def test_the_header_says_what_was_run(text: str) -> None:
    assert text.startswith("A run that never was\n")
    assert "scenario fake, seed 1; Jan 2014 to Dec 2035 (264 months); facts known until Nov 2019" in text
    assert "synthetic" in text


def test_the_years_are_those_of_the_headline(run: Run, text: str) -> None:
    shown = [line.split()[0] for line in text.splitlines() if line[:6].strip().isdigit()]
    assert shown == ["2014", "2018", "2019", "2021", "2025", "2030", "2035"]
    figures = run.headline.sel(year=2019)
    money = [
        f"{float(figures[name]):,.1f}"
        for name in ("output_nominal", "output_real", "output_net", "value_added_nominal")
    ]
    share = f"{100 * float(figures['four_chain_share']):.1f}"
    counts = [f"{float(figures[name]):,.0f}" for name in ("firms", "introduced")]
    local = [f"{100 * float(figures[f'local_share_{name}']):.0f}" for name in ("potential", "realised")]
    assert row(text, "2019") == ["2019", *money, share, *counts, *local]


def test_the_last_year_is_shown_even_if_it_is_not_in_the_list() -> None:
    text = printed(fake.run(fake.scenario(end="2016-12")))
    assert [line.split()[0] for line in text.splitlines() if line[:6].strip().isdigit()] == ["2014", "2016"]


def test_a_county_row_by_hand(run: Run, text: str) -> None:
    output = run.yearly["output_above_scale"].sel(county="Fuding").isel(product=slice(0, 19)).sum("product") / 1000
    first, last = float(output.sel(year=2014)), float(output.sel(year=2035))
    city = float(run.headline["output_real"].sel(year=2035))
    firms = run.firms.sel(county="Fuding").sum("product")
    growth = 100 * ((last / first) ** (1 / 21) - 1)
    cells = [f"{first:.1f}", f"{last:.1f}", f"{growth:.1f}", f"{100 * last / city:.1f}"]
    assert row(text, "Fuding")[:7] == ["Fuding", *cells, *(f"{float(firms.sel(year=y)):,.0f}" for y in (2014, 2035))]


def test_official_jiaocheng_and_the_city_stand_below_the_ten(run: Run, text: str) -> None:
    first = {name: float(row(text, name)[1]) for name in ("Jiaocheng", "Dongqiao")}
    official = row(text, "Jiaocheng, official *")
    assert float(official[3]) == pytest.approx(sum(first.values()), abs=0.11)
    assert text.count(", official *") == 1
    assert row(text, "City")[1] == f"{float(run.headline['output_real'].sel(year=2014)):,.1f}"
    assert row(text, "City")[4] == "100.0"


def test_it_says_whether_and_when_the_trillion_is_passed(run: Run, text: str) -> None:
    last = float(run.trailing_output()["nominal"][-1])
    assert f"at current prices does not reach 1,000 bn yuan: {last:,.0f} bn in Dec 2035." in text
    name = "output_above_scale_nominal"
    monthly = run.monthly.assign({name: run.monthly[name] * 2.0})
    trailing = Run(monthly).trailing_output()
    month = trailing["month"].dt.strftime("%b %Y").values[int((trailing["nominal"] >= 1000).values.argmax())]
    text = printed(Run(monthly))  # twice the output
    assert f"at current prices passes 1,000 bn yuan in {month}." in text
    assert "at 2018 prices does not reach 1,000 bn yuan" in text


def test_the_books_and_the_files_are_named(run: Run) -> None:
    text = printed(run, (Path("results/fake/run-seed0001.nc"), Path("results/fake/path.png")))
    assert "8.0e-12 (I2 columns)" in text
    assert "Written to results/fake: run-seed0001.nc, path.png" in text


def test_what_cannot_be_measured_is_a_dash(run: Run) -> None:
    missing = {name: run.monthly[name] * np.nan for name in ("local_share_potential", "local_share_realised")}
    assert row(printed(Run(run.monthly.assign(missing))), "2019")[-2:] == ["-", "-"]


def test_a_run_without_a_full_year_says_so() -> None:
    text = printed(fake.run(fake.scenario("2019-03", "2019-12")))
    assert "no full calendar year" in text
    assert "shorter than 12 months" in text


def test_a_run_without_output_is_still_printed(run: Run) -> None:
    names = [name for name in run.monthly.data_vars if "above_scale" in str(name)]
    text = printed(Run(run.monthly.assign({name: run.monthly[name] * 0.0 for name in names})))
    assert row(text, "Fuding")[3:5] == ["-", "-"]


def test_square_brackets_in_a_title_are_printed(run: Run) -> None:
    assert printed(Run(run.monthly.assign_attrs(title="What [bold]if"))).startswith("What [bold]if\n")
