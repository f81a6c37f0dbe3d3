"""The double ledger for the terminal: the life of each enclave contract, and both views of the counties side by side.

In place a plant counts in the county where it stands; as credited, its share chi_o counts in the county that brought
it, as long as the contract runs. Every table fits 80 columns.
"""

from __future__ import annotations

from typing import TextIO

import numpy as np
import pandas as pd
import xarray as xr
from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sim.report.style import month_name, opening_sentence
from sim.results import Run
from sim.results.variables import CITY_LEVEL
from sim.world import load_world

WIDTH = 80
"""Columns where there is no terminal."""

BILLION = 1000.0
"""M yuan in a bn yuan."""

SHORT_STATUS = {"runs": "runs", "project failed": "failed", "plant closed": "closed", "term over": "over"}
"""How a contract stands, in a word."""

PAIRS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("output", "output, bn yuan"), ("value_added", "value added, bn yuan")),
    (("tax", "all taxes, bn yuan"), ("jobs", "jobs")),
    (("land", "land of plants, mu"),),
)
"""What stands beside what."""


class NoYearError(ValueError):
    """The run has no such full year; the message is one sentence for the user."""


def ledger_years(run: Run, year: int | None) -> int:
    """The year to be told: the last full one if none is named.

    Raises:
        NoYearError: the run has no full year, or not that one.
    """
    years = [int(each) for each in run.yearly["year"].values]
    if not years:
        raise NoYearError("the run covers no full calendar year, so there is no yearly ledger")
    if year is not None and year not in years:
        raise NoYearError(f"{year} is not a full year of the run, which has {years[0]} to {years[-1]}")
    return years[-1] if year is None else year


def views(run: Run, measure: str, year: int) -> tuple[xr.DataArray, xr.DataArray]:
    """(county,) a measure in place and as credited: M yuan of the year, or persons or mu in December.

    Args:
        run: the run.
        measure: output, value_added, tax, jobs or land.
        year: a full year of the run.
    """
    names = {"tax": "revenue_total", "land": "plant_land"}
    found = run.yearly.sel(year=year)
    place = found[names.get(measure, measure)]
    return place.sum("product") if "product" in place.dims else place, found[f"credited_{measure}"]


def ledger(run: Run, year: int) -> RenderableType:
    """Contracts and reconciliation, readable at 80 columns.

    Args:
        run: with its contracts.
        year: a full year of the run.
    """
    contracts = run.contracts
    heading = Text(f"{run.title}: double ledger of enclaves, {year} (scenario {run.name}, seed {run.seed})", "bold")
    facts = f"Facts known until {month_name(run.known_until)}. {opening_sentence(run.opening)}"
    parts: list[RenderableType] = [heading, Text(f"{facts} A projection, not a forecast."), Text()]
    parts += [_contracts(contracts), Text(_codes()), Text()] if len(contracts) else []
    parts += [Text(_summary(contracts)), Text()]
    parts += [each for pair in PAIRS for each in (_reconciliation(run, pair, year), Text())]
    parts += [_paid(run, year), Text(), Text(_verdict(run))]
    return Group(*parts)


def print_ledger(run: Run, year: int, file: TextIO | None = None) -> None:
    """Print the ledger on standard output or into a text file; 80 columns where there is no terminal."""
    console = Console(file=file, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(ledger(run, year))


def _table() -> Table:
    """A plain table."""
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0)


def _titled(title: str, table: Table) -> Group:
    """A table under its title, which may be wider than it."""
    return Group(Text(title, "bold"), table)


def _codes() -> str:
    """Which county a code stands for."""
    world = load_world()
    return ", ".join(f"{code} {name}" for code, name in zip(world.counties, world.county_names, strict=True)) + "."


def _contracts(contracts: pd.DataFrame) -> Group:
    """One row a contract in the order of signing."""
    world = load_world()
    code = dict(zip(world.county_names, world.counties, strict=True))
    table = _table()
    for name in ("signed", "from to", "product"):
        table.add_column(f"\n{name}", no_wrap=True)
    headings = ("M yuan\ninvested", "land,\nmu", "pro-\nduces", "tax\ndue", "tax\npaid", "\nended")
    for name in headings:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("\nstatus", no_wrap=True)
    for row in contracts.itertuples(index=False):
        table.add_row(
            str(row.signed),
            f"{code[str(row.origin)]} > {code[str(row.host)]}",
            escape(str(row.product)),
            f"{row.investment_m_yuan:,.0f}",
            f"{row.land_mu:,.0f}",
            str(row.production) or "-",
            f"{row.promised_m_yuan:,.1f}",
            f"{row.paid_m_yuan:,.1f}",
            str(row.end) or "-",
            SHORT_STATUS[str(row.status)],
        )
    return _titled("Contracts: who brought the project, where it stands, tax due and paid in M yuan", table)


def _summary(contracts: pd.DataFrame) -> str:
    """How many contracts, which way, how they stand, and what the origins put in and got."""
    if not len(contracts):
        return "No enclave contract was signed, so both views are the same."
    ways = contracts["direction"].value_counts()
    stands = contracts["status"].value_counts()
    told = ", ".join(f"{stands[name]} {words}" for name, words in _STANDS.items() if name in stands)
    due, paid = float(contracts["promised_m_yuan"].sum()), float(contracts["paid_m_yuan"].sum())
    return (
        f"{len(contracts)} contracts: {ways.get('forward', 0)} forward (to the mountains), {ways.get('reverse', 0)} "
        f"reverse; {told}. Origins paid {contracts['capital_origin_m_yuan'].sum():,.0f} M yuan for land and ceded "
        f"{contracts['quota_ceded_mu'].sum():,.0f} mu of quota; hosts owed them "
        f"{due:,.0f} M yuan of tax and paid {paid:,.0f} of it. Money at 2018 prices."
    )


_STANDS = {
    "runs": "run",
    "project failed": "failed before production",
    "plant closed": "ended with the plant",
    "term over": "ended with their term",
}


def _reconciliation(run: Run, pair: tuple[tuple[str, str], ...], year: int) -> Group:
    """In place, as credited and the difference by county; the city below."""
    world, money = load_world(), {"output", "value_added", "tax"}
    table = _table()
    table.add_column("county", no_wrap=True)
    columns: list[list[str]] = []
    for measure, _ in pair:
        for name in ("in place", "credited", "moved"):
            table.add_column(name, justify="right", no_wrap=True, min_width=9)
        place, credited = (each.values / (BILLION if measure in money else 1.0) for each in views(run, measure, year))
        digits = 2 if measure in money else 0
        for values in (place, credited, credited - place):
            sign = "+" if values is not place and values is not credited else ""
            cells = [f"{value:{sign},.{digits}f}" for value in [*_clean(values, digits)]]
            columns.append([*cells, f"{_clean(np.array([values.sum()]), digits)[0]:{sign},.{digits}f}"])
    for at, name in enumerate(world.county_names):
        table.add_row(name, *(column[at] for column in columns))
    table.add_section()
    table.add_row("City", *(column[-1] for column in columns), style="bold")
    return _titled(f"{year}: " + " and ".join(label for _, label in pair), table)


def _clean(values: np.ndarray, digits: int) -> np.ndarray:
    """Values without the minus of a zero that rounding leaves."""
    rounded = np.round(values, digits)
    return np.asarray(np.where(rounded == 0, 0.0, values))


def _paid(run: Run, year: int) -> Group:
    """What counties paid one another under contracts in the year: money really moved, whatever is credited."""
    moved = run.yearly["public_revenue"].sel(year=year, revenue_item="enclaves")
    table = _table()
    names = [str(name) for name in moved["budget"].values if name != CITY_LEVEL]
    for name in names[:5]:
        table.add_column(name, justify="right", no_wrap=True, min_width=10)
    cells = [f"{value:+,.1f}" for value in _clean(moved.sel(budget=names).values, 1)]
    table.add_row(*cells[:5])
    table.add_section()
    table.add_row(*(Text(name, "bold") for name in names[5:]))
    table.add_row(*cells[5:])
    return _titled(f"{year}: tax that counties paid one another (-) or got (+), M yuan at 2018 prices", table)


def _verdict(run: Run) -> str:
    """Whether both views add up to the same city in every month."""
    residual = float(run.monthly["residual"].sel(identity="I13"))
    return (
        "Both views add up to the same city in every month, and each plant counts once in each of them "
        f"(identity I13: largest relative difference {residual:.1g}). What is moved is agreed, not produced: no "
        "plant, job or yuan of tax is there twice."
    )
