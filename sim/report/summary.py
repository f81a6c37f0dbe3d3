"""What the terminal prints of a run: header, chosen years, counties, the trillion, the books, the files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np
import xarray as xr
from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sim.data import prefecture
from sim.report.published import section
from sim.report.style import month_name, opening_sentence, zones
from sim.results import TRILLION, Run, first_month_above
from sim.results.run import By

YEARS: tuple[int, ...] = (2014, 2018, 2019, 2021, 2025, 2030, 2035)
"""Years of the table: opening, price base, article, last year of facts, then every five; also the last of the run."""

YEAR_HEADINGS: tuple[str, ...] = (
    "output,\ncurrent\nprices",
    "output,\n2018\nprices",
    "single\ncount\n*",
    "value\nadded,\ncurrent",
    "4 chains,\n% of\nthat",
    "above-\nscale\nfirms",
    "chain\nprojects\nso far",
    "could be\nnearby,\n% **",
    "is\nnearby,\n% **",
)

MONEY: tuple[str, ...] = ("output_nominal", "output_real", "output_net", "value_added_nominal")

SHORT_NAMES = {"BAT": "batteries", "NEV": "vehicles", "SST": "stainless", "CU": "copper", "other": "other"}

WIDTH = 100
"""Columns of the summary where there is no terminal."""

NOTHING = "-"
"""Printed where there is nothing to measure."""


def summary(run: Run, files: Sequence[Path] = ()) -> RenderableType:
    """A run for the terminal; readable at 100 columns, plain when it is not a terminal.

    Args:
        run: the run.
        files: what was written, to say where it is.
    """
    parts: list[RenderableType] = [_header(run)]
    if run.yearly.sizes["year"]:
        parts += [_years(run), Text(), _counties(run), Text()]
    else:
        parts.append(Text("The run covers no full calendar year, so there are no yearly figures.\n"))
    published = section(run)
    if published is not None:
        parts += [published, Text()]
    parts.append(Text("\n".join([*_trillion(run), _books(run)])))
    if files:
        parts.append(Text("\n" + "\n".join(_places(files))))
    return Group(*parts)


def print_summary(run: Run, files: Sequence[Path] = (), file: TextIO | None = None) -> None:
    """Print the summary on standard output or into a text file; 100 columns where there is no terminal."""
    console = Console(file=file, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(summary(run, files))


def _header(run: Run) -> Text:
    """Scenario, seed, months, what is known, what is synthetic."""
    months = run.monthly.sizes["month"]
    span = f"{month_name(run.start)} to {month_name(run.end)} ({months} months)"
    text = Text(f"{run.title}", style="bold")
    text.append(
        f"\nscenario {run.name}, seed {run.seed}; {span}; facts known until {month_name(run.known_until)}"
        f"\n{opening_sentence(run.opening)}"
        "\nA projection given stated demand and policy, not a forecast.\n",
        style="not bold",
    )
    return text


def _years(run: Run) -> Table:
    """City figures of chosen years."""
    headline = run.headline
    available = headline["year"].values.tolist()
    chosen = [year for year in available if year in YEARS or year == available[-1]]
    table = _table("Above-scale industry of the city, bn yuan a year")
    table.add_column("\n\nyear", no_wrap=True)
    for heading in YEAR_HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for year in chosen:
        table.add_row(str(year), *_year_cells(headline.sel(year=year)))
    table.caption = (
        "* output at current prices less sales of industrial home firms to each other"
        "\n** share of the two cell makers' goods purchases that could be, and that is, bought in "
        f"{prefecture.name()}"
    )
    return table


def _year_cells(figures: xr.Dataset) -> list[str]:
    """Cells of one year."""
    money = [_number(figures[name], 1) for name in MONEY]
    counts = [_number(figures[name], 0) for name in ("firms", "introduced")]
    shares = [_number(100 * figures[name], 0) for name in ("local_share_potential", "local_share_realised")]
    return [*money, _number(100 * figures["four_chain_share"], 1), *counts, *shares]


def _counties(run: Run) -> Table:
    """Output of each county in the first and the last year, growth, firms; official Jiaocheng and the city below."""
    years = run.yearly["year"].values[[0, -1]].tolist()
    table = _table(f"Counties, {years[0]} and {years[1]}: above-scale industrial output, bn yuan a year at 2018 prices")
    table.add_column("\ncounty", no_wrap=True)
    headings = [f"output\n{years[0]}", f"output\n{years[1]}", "growth,\n% a year", "share,\n%"]
    for heading in (*headings, f"firms\n{years[0]}", f"firms\n{years[1]}"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("largest\ngroup", no_wrap=True)
    for name, cells in _county_rows(run):
        table.add_row(name, *cells)
    table.add_section()
    for name, cells in _county_rows(run.official):
        if name in zones().values():
            table.add_row(f"{name}, official *", *cells)
    city = _ends(run, "chain")
    cells = _cells(city, run.firms.sum(("county", "product")), float(city[-1].sum()))
    table.add_row("City", *cells, style="bold")
    if zones():
        table.caption = f"* as in official statistics, with the zone of {', '.join(zones())}"
    return table


def _county_rows(run: Run) -> Iterator[tuple[str, list[str]]]:
    """Name and cells of each county."""
    output = _ends(run, "county", "chain")
    city = float(output.isel(year=-1).sum())
    firms = run.firms.sum("product")
    for county in output["county"].values.tolist():
        yield county, _cells(output.sel(county=county), firms.sel(county=county), city)


def _ends(run: Run, *by: By) -> xr.DataArray:
    """Real output of the first and the last full year, dimensions year and those asked for."""
    return run.yearly_output(*by)["real"].isel(year=[0, -1])


def _cells(output: xr.DataArray, firms: xr.DataArray, city: float) -> list[str]:
    """Cells of a row.

    Args:
        output: (2, chain) of the first and the last year, bn yuan.
        firms: (year,) firms.
        city: output of the city in the last year, bn yuan.
    """
    (first, last), span = output.sum("chain").values.tolist(), float(output["year"][-1] - output["year"][0])
    growth = 100 * ((last / first) ** (1 / span) - 1) if span and first > 0 else np.nan
    share = 100 * last / city if city > 0 else np.nan
    counts = [_number(firms[end], 0) for end in (0, -1)]
    return [_number(first, 1), _number(last, 1), _number(growth, 1), _number(share, 1), *counts, _largest(output[-1])]


def _largest(output: xr.DataArray) -> str:
    """The group of industry with the largest output, and its share."""
    total, position = float(output.sum()), int(output.values.argmax())
    name = SHORT_NAMES[str(output["chain"].values[position])]
    return f"{name} {100 * float(output[position]) / total:.0f} %" if total > 0 else NOTHING


def _trillion(run: Run) -> list[str]:
    """Whether and when trailing output passes the trillion, nominal and at 2018 prices."""
    trailing = run.trailing_output()
    if not trailing.sizes["month"]:
        return ["The run is shorter than 12 months: there is no trailing output."]
    words = {"nominal": "at current prices", "real": "at 2018 prices", "net": "without chain double counting"}
    return [_sentence(trailing[name], text) for name, text in words.items()]


def _sentence(series: xr.DataArray, words: str) -> str:
    """When a series passes the trillion, or how far it comes."""
    goal = f"{TRILLION:,.0f} bn yuan"
    month = first_month_above(series)
    if month:
        return f"Trailing output {words} passes {goal} in {month_name(month)}."
    last = str(series["month"].values[-1].astype("datetime64[M]"))
    return f"Trailing output {words} does not reach {goal}: {float(series[-1]):,.0f} bn in {month_name(last)}."


def _books(run: Run) -> str:
    """The largest residual of the identities."""
    name, residual = run.largest_residual
    return f"Books: the largest relative residual of any identity in any month and cell is {residual:.1e} ({name})."


def _places(files: Sequence[Path]) -> list[str]:
    """Where the files are, a line for each folder."""
    folders: dict[Path, list[str]] = {}
    for file in files:
        folders.setdefault(file.parent, []).append(file.name)
    return [f"Written to {folder}: {', '.join(names)}" for folder, names in folders.items()]


def _table(title: str) -> Table:
    """An empty table in the style of the summary."""
    return Table(
        title=escape(title), box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left", title_style="bold",
        caption_style="dim", padding=0, pad_edge=False, show_edge=False,
    )  # fmt: skip


def _number(value: float | xr.DataArray, digits: int) -> str:
    """A number with thousands separators; a dash where there is nothing to measure."""
    number = float(value)
    return f"{number:,.{digits}f}" if np.isfinite(number) else NOTHING
