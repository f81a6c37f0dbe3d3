"""The bureau's eight indicators of a period, and the rank of Ningde among other prefectures (section 3.4).

The list is the usual one of a Chinese prefecture; what the model has only in part is said in the table.

A table of rivals is a CSV file of the user; none is shipped. Its columns are

=============  ======================================================================================================
prefecture     name; Ningde itself is left out, its figures are those of the run
indicator      a code of :data:`INDICATORS`, such as exports
period         as asked for, "2019-11" or "2019"
value          a number
unit           "%" for growth on the same months of the year before, else the unit of the indicator ("bn yuan", "yuan")
=============  ======================================================================================================

Growth is ranked against growth and levels against levels; rank 1 is the highest.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.data import prefecture
from sim.parameters import suggestion

if TYPE_CHECKING:
    import pandas as pd

    from sim.results.published import Published, Span

COVERED, PARTLY, MISSING = "yes", "in part", "not in this dataset"

INDICATORS: dict[str, str] = {
    "industrial_value_added": "value added of above-scale industry",
    "fixed_asset_investment": "fixed-asset investment",
    "retail_sales": "retail sales of consumer goods",
    "exports": "exports",
    "revenue_total": "total public budget revenue",
    "revenue_local": "local public budget revenue",
    "income_urban": "disposable income a head, urban",
    "income_rural": "disposable income a head, rural",
}
"""Codes and names of the indicators."""

REVENUE: dict[str, str] = {name: INDICATORS[name] for name in ("revenue_total", "revenue_local")}
"""Variables of public money (month, county), M yuan at 2018 prices; every run records them."""

BILLION_YUAN, YUAN, PERCENT = "bn yuan", "yuan", "%"

COLUMNS: tuple[str, ...] = ("prefecture", "indicator", "period", "value", "unit")
"""Columns of a table of rivals."""


@dataclass(frozen=True)
class Rival:
    """A figure of another prefecture."""

    prefecture: str
    indicator: str
    period: str
    value: float
    unit: str


@dataclass(frozen=True)
class Figure:
    """What the model says of an indicator in a period.

    Attributes:
        value: level, in the unit of the indicator at current prices; NaN where the dataset has none.
        before: the same a year before, at the prices that growth is taken at.
        now: the level at those prices.
        basis: "real" or "nominal" growth.
        covered: whether the model has it.
        remark: what is missing, or what stands in for it.
    """

    value: float
    now: float
    before: float
    basis: str
    covered: str
    remark: str

    @property
    def growth(self) -> float:
        """Growth, a share; NaN where it cannot be taken."""
        return self.now / self.before - 1.0 if self.before > 0 else float("nan")


def read_rivals(path: Path | str) -> list[Rival]:
    """Figures of other prefectures from a CSV file.

    Raises:
        ValueError: the file is no such table; the message names the line.
    """
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{path}: the columns are {', '.join(COLUMNS)}")
        found = [_rival(row, f"{path}:{reader.line_num}") for row in reader]
    seen: set[tuple[str, ...]] = set()
    for rival in found:
        key = (rival.prefecture, rival.indicator, rival.period, rival.unit)
        if key in seen:
            raise ValueError(f"{path}: {', '.join(key)} stands there twice")
        seen.add(key)
    return found


def _rival(row: dict[str, str], where: str) -> Rival:
    """A line of a table of rivals."""
    if None in row or None in row.values():
        raise ValueError(f"{where}: the line has not the five columns {', '.join(COLUMNS)}")
    name, code, unit = row["prefecture"].strip(), row["indicator"].strip(), row["unit"].strip()
    if code not in INDICATORS:
        raise ValueError(f"{where}: unknown indicator '{code}'{suggestion(code, tuple(INDICATORS))}")
    if unit not in (PERCENT, _unit(code)):
        raise ValueError(f"{where}: unit of {code}: write {PERCENT} for growth or {_unit(code)}, not '{unit}'")
    if name.casefold() == prefecture.name().casefold():
        raise ValueError(f"{where}: the figures of {prefecture.name()} are those of the run; leave its lines out")
    try:
        value = float(row["value"])
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise ValueError(f"{where}: value '{row['value']}' is no number")
    return Rival(name, code, row["period"].strip(), value, unit)


def _unit(code: str) -> str:
    """Unit of the level of an indicator."""
    return YUAN if code.startswith("income") else BILLION_YUAN


def indicator_table(published: Published, period: str | int, rivals: Sequence[Rival] = ()) -> pd.DataFrame:
    """The eight indicators of a period, one row each.

    Args:
        published: the statistics of a run.
        period: "2019-11" for January to November 2019, or a year.
        rivals: figures of other prefectures; those of other periods are left aside.

    Returns:
        Columns indicator (code), label, value, unit, growth (a share), basis ("real" or "nominal"), covered ("yes", "in
        part", "not in this dataset"), remark; with rivals also rank_growth and rank_value, and growth_of and value_of,
        the prefectures compared with Ningde among them. Ranks are missing where nothing can be compared.
    """
    import pandas as pd

    return pd.DataFrame(indicator_rows(published, period, rivals))


def indicator_rows(
    published: Published, period: str | int, rivals: Sequence[Rival] = ()
) -> list[dict[str, str | float]]:
    """The rows of :func:`indicator_table`."""
    span = published.span(period)
    figures = _figures(published, span)
    rows = []
    for code, label in INDICATORS.items():
        figure = figures[code]
        row: dict[str, str | float] = {
            "indicator": code,
            "label": label,
            "value": figure.value,
            "unit": _unit(code),
            "growth": figure.growth,
            "basis": figure.basis,
            "covered": figure.covered,
            "remark": figure.remark,
        }
        if rivals:
            mine = [rival for rival in rivals if rival.indicator == code and rival.period == span.label]
            row |= _ranks(figure, mine)
        rows.append(row)
    return rows


def _ranks(figure: Figure, rivals: list[Rival]) -> dict[str, float]:
    """Ranks by growth and by level among the rivals given, and how many were compared."""
    growth = [rival.value for rival in rivals if rival.unit == PERCENT]
    level = [rival.value for rival in rivals if rival.unit != PERCENT]
    return {
        "rank_growth": rank(100.0 * figure.growth, growth),
        "rank_value": rank(figure.value, level),
        "growth_of": float(len(growth) + 1),
        "value_of": float(len(level) + 1),
    }


def rank(own: float, others: list[float]) -> float:
    """Place among others, 1 is the highest; equal figures share the better place; NaN without anything to compare."""
    return 1.0 + sum(other > own for other in others) if others and np.isfinite(own) else float("nan")


def _figures(published: Published, span: Span) -> dict[str, Figure]:
    """What the model says of each indicator."""
    added = published.city("value_added_above_scale", span, published.industry)
    nominal = published.city("value_added_above_scale_nominal", span, published.industry)
    spent = published.city("investment", span, published.world.agent, published.level)
    shops = published.city("household_purchases", span, published.goods, published.prices)
    sold = published.city("exports_nominal", span, published.goods)
    figures = {
        "industrial_value_added": Figure(nominal[0], *added, "real", COVERED, "growth by single deflation"),
        "fixed_asset_investment": Figure(
            spent[0], *spent, "nominal", PARTLY, "projects and incumbents of industry; no housing, roads or services"
        ),
        "retail_sales": Figure(
            shops[0], *shops, "nominal", PARTLY,
            "stand-in: what households buy of goods made in the prefecture, at producers' prices",
        ),
        "exports": Figure(
            sold[0], *sold, "nominal", COVERED, "goods; export shares of demand.export_share_* and the opening table"
        ),
    }  # fmt: skip
    for code in REVENUE:
        if published.has(code):
            money = published.city(code, span, None, published.level)
            figures[code] = Figure(money[0], *money, "nominal", COVERED, "")
        else:
            figures[code] = _missing("the dataset was cut: every run records public revenue")
    for code in ("income_urban", "income_rural"):
        figures[code] = _income(published, span)
    return figures


def _income(published: Published, span: Span) -> Figure:
    """Income a head of all residents in yuan, nominal; the model does not tell towns from villages."""
    if not (published.has("income") and published.has("population")):
        return _missing("the dataset was cut: every run records income and residents")
    money = published.city("income", span, None, published.level)
    people = published.record("population").sum(axis=1)
    heads = [np.nan if months is None else people[months].mean() for months in (span.now, span.before)]
    now, before = (amount * 1e9 / count for amount, count in zip(money, heads, strict=True))
    return Figure(now, now, before, "nominal", PARTLY, "one income a head of all residents, no urban-rural split")


def _missing(remark: str) -> Figure:
    """An indicator whose variables somebody left out of the dataset."""
    nothing = float("nan")
    return Figure(nothing, nothing, nothing, "", MISSING, remark)
