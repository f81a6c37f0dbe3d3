"""One look for all figures: colours that colour-blind readers can tell apart, names of chains, small print.

Figures are made without pyplot, so that nothing global changes and nothing is left open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from sim import data
from sim.data import prefecture
from sim.results import Run

BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, YELLOW = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#56B4E9",
    "#CC79A7",
    "#F0E442",
)
"""Colours of Okabe and Ito, "Color universal design", 2008, https://jfly.uni-koeln.de/color/."""

INK, GREY, PALE = "#222222", "#8A8A8A", "#C9C9C9"

PREFECTURE = prefecture.name()
"""The prefecture, in titles."""

CHAIN_COLOURS: Mapping[str, str] = {"other": PALE, "SST": GREEN, "CU": VERMILLION, "NEV": ORANGE, "BAT": BLUE}
"""Chains from the bottom of a stack to its top: what was there first lies below."""

CHAIN_NAMES: Mapping[str, str] = {
    "BAT": "Lithium batteries",
    "NEV": "New-energy vehicles",
    "CU": "Copper",
    "SST": "Stainless steel",
    "other": "Other industry",
}

DPI = 150
"""Dots per inch of saved figures."""


def chinese_font() -> Path:
    """The font file of Noto Sans SC (OFL) in the package zhplot, so that maps bear Chinese names on every machine."""
    found = find_spec("zhplot")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "fonts" / "NotoSansSC-Regular.ttf"


fontManager.addfont(chinese_font())
# The file has one weight; where text is bold its characters stand in that one, without a complaint on the screen.
fontManager.ttflist.append(replace(fontManager.ttflist[-1], weight=700))

RULES: dict[str, Any] = {
    "font.family": ["DejaVu Sans", "Noto Sans SC"],  # the second where the first lacks a character
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 9.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "lines.linewidth": 2.0,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "figure.facecolor": "white",
}


@contextmanager
def applied() -> Iterator[None]:
    """Within this context figures are made in the style of the project."""
    with mpl.rc_context(cast(Any, RULES)):  # newer versions of the library list every name of a rule as a type
        yield


def title(figure: Figure, headline: str, line: str) -> None:
    """Heading of a figure, with a second line that says what is measured."""
    height = figure.get_figheight()
    figure.text(0.012, 1 - 0.12 / height, headline, fontsize=13, fontweight="bold", va="top")
    figure.text(0.012, 1 - 0.40 / height, line, fontsize=10, color="#444444", va="top")


def small_print(figure: Figure, run: Run, *remarks: str) -> None:
    """What was run, and what one must know to read the figure, along its lower edge."""
    origin = f"Scenario {run.name}, seed {run.seed}. Facts known until {month_name(run.known_until)}."
    lines = [*remarks, f"{origin} {opening_sentence(run.opening)} A projection, not a forecast."]
    figure.text(0.012, 0.09 / figure.get_figheight(), "\n".join(lines), fontsize=7.5, color="#555555", va="bottom")


def opening_sentence(origin: str) -> str:
    """What an opening rests on, for readers."""
    if origin == "synthetic":
        return "The opening position of the counties is synthetic."
    return f"The opening rests on a table of the user ({origin}); its firms are synthetic."


def month_name(month: str) -> str:
    """A month for readers: "Nov 2019"."""
    names = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    year, number = month.split("-")
    return f"{names[int(number) - 1]} {year}"


@lru_cache(maxsize=1)
def zones() -> Mapping[str, str]:
    """Zones that official statistics count in a county, and that county, by name: Dongqiao in Jiaocheng."""
    rows = {row["code"]: row for row in data.rows("regions.csv")}
    return {row["name"]: rows[row["official"]]["name"] for code, row in rows.items() if row["official"] != code}


def zones_note() -> str:
    """A sentence that tells where the zones are counted, with a space before it; nothing without zones."""
    told = ", ".join(f"{zone} is in {county}" for zone, county in zones().items())
    return f" In official statistics {told}." if told else ""


@lru_cache(maxsize=1)
def chinese_names() -> Mapping[str, str]:
    """Short Chinese name of each county by its pinyin name: "Fuding" is 福鼎."""
    full = {row["name"]: row["name_zh"] for row in data.rows("regions.csv")}
    return {name: text[:2] for name, text in full.items()}


def county_label(name: str) -> str:
    """A county in both scripts, "Fuding 福鼎"; any other name as it is."""
    return f"{name} {chinese_names()[name]}" if name in chinese_names() else name


def year_axis(months: xr.DataArray) -> NDArray[np.float64]:
    """Months as years with a fraction, at the end of the month: December 2018 is 2019.0."""
    values: NDArray[np.float64] = (months.dt.year + months.dt.month / 12).values.astype(np.float64)
    return values


def time_axis(axes: Axes, years: NDArray[np.float64], most: int = 6) -> None:
    """Let the x axis span these months, with whole years as ticks."""
    axes.set_xlim(years[0], years[-1])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=most, integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.yaxis.set_major_formatter("{x:,g}")


def at_end_of(month: str) -> float:
    """A month such as "2019-11" on the axis of :func:`year_axis`."""
    year, number = month.split("-")
    return int(year) + int(number) / 12


def boundary(axes: Axes, run: Run, label: bool = True) -> None:
    """Dashed line where known facts end and projection begins, if it lies inside the axes."""
    left, right = axes.get_xlim()
    known = at_end_of(run.known_until)
    if not left < known < right:
        return
    axes.axvline(known, color=GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=1.5)
    if label:
        place: dict[str, Any] = {
            "transform": axes.get_xaxis_transform(),
            "fontsize": 8,
            "color": "#666666",
            "va": "top",
        }
        gap = (right - left) * 0.008
        axes.text(known - gap, 0.995, "facts known", ha="right", **place)
        axes.text(known + gap, 0.995, "projection", ha="left", **place)
