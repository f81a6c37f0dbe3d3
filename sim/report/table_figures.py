"""Figures of the regional table: who delivers to whom, and the chain of one lead firm."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from numpy.typing import NDArray

from sim import data
from sim.experiment.tables import RegionalAccounts
from sim.inputoutput.multipliers import output_multipliers
from sim.inputoutput.tables import Table
from sim.report import style
from sim.report.inputoutput import ESTIMATED, SMALL, product_labels

Floats = NDArray[np.float64]

SHOWN = 1e-6
"""Cells below this share of the largest are left white."""

PRINT_WIDTH = 200
"""Letters in a line of the small print."""

FLOWS = 10
"""Products drawn one by one in the chain of a firm; the others stand together."""

OUTSIDE = f"outside {style.PREFECTURE}"

X_PLACE, X_PRODUCT, X_FIRM, BAR = 0.14, 0.52, 0.955, 0.012
"""Left edges of the three stacks of bars in the chain of a firm, and their width, in parts of the figure."""


def heat_map(accounts: RegionalAccounts) -> Figure:
    """Deliveries between all industries of all counties, regions in blocks, on a logarithmic scale."""
    table = accounts.city
    names = _short(table)
    with style.applied():
        figure = Figure(figsize=(11.4, 11.2))
        axes = figure.add_axes((0.105, 0.075, 0.80, 0.80))
        largest = float(table.intermediate.max())
        norm = LogNorm(largest * SHOWN, largest)
        cells = np.where(table.intermediate >= largest * SHOWN, table.intermediate, np.nan)
        axes.imshow(cells, norm=norm, cmap="YlGnBu", interpolation="nearest", aspect="equal")
        _blocks(axes, table)
        axes.set_title("buying industries", fontsize=10, loc="center", pad=26)
        axes.set_ylabel("selling industries", labelpad=24)
        bar = figure.colorbar(ScalarMappable(norm, "YlGnBu"), cax=figure.add_axes((0.925, 0.2, 0.014, 0.5)))
        bar.set_label(f"{table.unit} (log scale)")
        place = f"{len(table.regions)} counties with {len(table.products)} products each"
        line = f"Deliveries between industries of {place}; in each block the products stand in the order below"
        style.title(figure, f"The table of {style.PREFECTURE}, {style.month_name(accounts.month)}", line)
        _small_print(figure, accounts, "Products in a block: " + ", ".join(names) + ".")
    return figure


def multiplier_map(accounts: RegionalAccounts) -> Figure:
    """Output in Ningde per yuan of final demand, product by product and county by county, with its numbers."""
    table = accounts.city
    values = table.by_region(output_multipliers(table.coefficients)).T
    made = table.by_region(table.output).T >= SMALL
    labels = product_labels()
    with style.applied():
        figure = Figure(figsize=(11.4, 8.6))
        axes = figure.add_axes((0.245, 0.065, 0.735, 0.79))
        shown = np.where(made, values, np.nan)
        high = float(np.nanmax(shown))
        axes.imshow(shown, cmap="YlGnBu", vmin=1.0, vmax=high, aspect="auto")
        for product, county in np.argwhere(made):
            value = float(values[product, county])
            ink = "white" if value > 1.0 + 0.6 * (high - 1.0) else style.INK
            axes.text(county, product, f"{value:.2f}", fontsize=8, ha="center", va="center", color=ink)
        axes.set_xticks(range(len(table.regions)), table.regions, fontsize=8.5)
        axes.set_yticks(range(len(table.products)), [labels[product] for product in table.products], fontsize=8.5)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.grid(False)
        line = "Output in all counties per yuan of final demand (type I), by product and county"
        style.title(figure, f"Multipliers in {style.PREFECTURE}, {style.month_name(accounts.month)}", line)
        _small_print(figure, accounts, f"White: output below {SMALL:g} M yuan a year.")
    return figure


def _blocks(axes: Axes, table: Table) -> None:
    """Lines between the regions and their names along both sides."""
    size = len(table.products)
    edges = np.arange(0, len(table.producers) + 1, size) - 0.5
    for edge in edges[1:-1]:
        axes.axhline(edge, color=style.GREY, linewidth=0.6)
        axes.axvline(edge, color=style.GREY, linewidth=0.6)
    centres = edges[:-1] + size / 2
    axes.set_xticks(centres, table.regions, fontsize=8.5)
    axes.set_yticks(centres, table.regions, fontsize=8.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(False)


def _short(table: Table) -> list[str]:
    """Labels of the products with their number in a block."""
    labels = product_labels()
    return [f"{number} {labels[product]}" for number, product in enumerate(table.products, start=1)]


def save_table_figures(accounts: RegionalAccounts, folder: Path) -> list[Path]:
    """Write the heat map, the map of multipliers and the chain of every leader as PNG files; their paths."""
    figures = {"table": heat_map(accounts), "multipliers": multiplier_map(accounts)}
    figures |= {f"chain_{code.lower()}": chain_figure(accounts, code) for code in accounts.chains}
    paths = [folder / f"{name}.png" for name in figures]
    for path, figure in zip(paths, figures.values(), strict=True):
        figure.savefig(path, dpi=style.DPI)
    return paths


# --- one firm ---------------------------------------------------------------------------------------------------------


def chain_figure(accounts: RegionalAccounts, leader: str) -> Figure:
    """Purchases of one lead firm: which counties and who else deliver which product.

    Args:
        accounts: one month.
        leader: code of the leader, such as "CATL".

    Raises:
        KeyError: the leader has no plant in the month.
    """
    if leader not in accounts.chains:
        raise KeyError(f"{leader} has no plant in {accounts.month}; {', '.join(accounts.chains)} have")
    bought = accounts.chains[leader]
    places = (*accounts.city.regions, OUTSIDE)
    rows, labels = _largest(bought, accounts.city.products)
    order = [place for place in range(len(places)) if rows[:, place].sum() > 0.002 * rows.sum()]
    name = next(row["name"] for row in data.rows("leaders.csv") if row["code"] == leader)
    with style.applied():
        figure = Figure(figsize=(11.4, 6.6))
        axes = figure.add_axes((0.012, 0.075, 0.976, 0.79))
        axes.set_axis_off()
        axes.set_xlim(0.0, 1.0)
        axes.set_ylim(0.0, 1.0)
        _draw_flows(axes, rows[:, order], [places[place] for place in order], labels, name)
        home = 1.0 - rows[:, -1].sum() / rows.sum()
        amount = f"Purchases of {rows.sum() / 1000:,.1f} bn yuan a year at 2018 prices"
        line = f"{amount}; {100 * home:.0f} % come from {style.PREFECTURE}"
        style.title(figure, f"The chain of {name}, {style.month_name(accounts.month)}", line)
        _small_print(figure, accounts, "Width of a band: amount. Services and energy come from the counties' pools.")
    return figure


def _largest(bought: Floats, products: Sequence[str]) -> tuple[Floats, list[str]]:
    """The products bought most, largest first, and the others together."""
    labels = product_labels()
    order = [int(k) for k in np.argsort(-bought.sum(axis=1), kind="stable") if bought[int(k)].sum() > 0]
    kept, others = order[:FLOWS], order[FLOWS:]
    rows, names = bought[kept], [labels[products[k]] for k in kept]
    if others:
        return np.vstack([rows, bought[others].sum(axis=0)]), [*names, f"{len(others)} other products"]
    return rows, names


def _draw_flows(axes: Axes, rows: Floats, places: Sequence[str], products: Sequence[str], firm: str) -> None:
    """Bands from places (left) to products (middle) to the firm (right)."""
    gap = 0.028
    scale = (1.0 - gap * (max(rows.shape) - 1)) / float(rows.sum())
    heights, sums = rows * scale, rows.sum(axis=1)
    left, middle = _stack(heights.sum(axis=0), gap), _stack(heights.sum(axis=1), gap)
    _from_places(axes, heights, left, middle, [place == OUTSIDE for place in places])
    for place, top, height, amount in zip(places, left, heights.sum(axis=0), rows.sum(axis=0), strict=True):
        text = f"{place}  {amount / 1000:,.2f} bn"
        axes.text(X_PLACE - 0.008, top - height / 2, text, fontsize=8.5, va="center", ha="right")
    outside = rows[:, list(places).index(OUTSIDE)] if OUTSIDE in places else 0.0 * sums
    firm_top = 0.5 + heights.sum() / 2
    axes.fill_between([X_FIRM, X_FIRM + BAR], firm_top - heights.sum(), firm_top, color=style.INK, linewidth=0)
    for top, height, label, amount, away in zip(middle, heights.sum(axis=1), products, sums, outside, strict=True):
        axes.fill_between([X_PRODUCT, X_PRODUCT + BAR], top - height, top, color=style.GREY, linewidth=0)
        _band(axes, X_PRODUCT + BAR, top, X_FIRM, firm_top, height, "#E3E3E3")
        text = f"{label}  {amount / 1000:,.2f} bn, {100 * (1 - away / amount):.0f} % from {style.PREFECTURE}"
        axes.text(X_PRODUCT + BAR + 0.008, top - height / 2, text, fontsize=8.5, va="center", ha="left")
        firm_top -= height
    name: dict[str, Any] = {"fontsize": 10, "fontweight": "bold", "rotation": 270, "va": "center", "ha": "left"}
    axes.text(X_FIRM + BAR + 0.008, 0.5, firm, **name)


def _from_places(axes: Axes, heights: Floats, left: Floats, middle: Floats, outside: Sequence[bool]) -> None:
    """Bars of the places and their bands to the products; a place outside Ningde is pale."""
    left, middle = left.copy(), middle.copy()
    for place, away in enumerate(outside):
        colour = style.PALE if away else _colour(place)
        height = heights[:, place].sum()
        axes.fill_between([X_PLACE, X_PLACE + BAR], left[place] - height, left[place], color=colour, linewidth=0)
        for product in np.flatnonzero(heights[:, place] > 0):
            width = heights[product, place]
            _band(axes, X_PLACE + BAR, left[place], X_PRODUCT, middle[product], width, colour)
            left[place] -= width
            middle[product] -= width


def _stack(heights: Floats, gap: float) -> Floats:
    """Upper edges of blocks that stand one below the other, centred on the axes."""
    full = heights.sum() + gap * (len(heights) - 1)
    return np.asarray(0.5 + full / 2 - np.concatenate([[0.0], np.cumsum(heights + gap)[:-1]]))


def _band(axes: Axes, x0: float, top0: float, x1: float, top1: float, width: float, colour: str) -> None:
    """A band of one width between two upper edges."""
    middle = (x0 + x1) / 2
    points = [
        (x0, top0), (middle, top0), (middle, top1), (x1, top1),
        (x1, top1 - width), (middle, top1 - width), (middle, top0 - width), (x0, top0 - width), (x0, top0),
    ]  # fmt: skip
    codes = [Outline.MOVETO, *[Outline.CURVE4] * 3, Outline.LINETO, *[Outline.CURVE4] * 3, Outline.CLOSEPOLY]
    axes.add_patch(PathPatch(Outline(points, codes), facecolor=colour, edgecolor="none", alpha=0.55))


def _colour(number: int) -> str:
    """A colour of the project's palette, in turn."""
    palette = (style.BLUE, style.ORANGE, style.GREEN, style.VERMILLION, style.SKY, style.PURPLE, style.YELLOW)
    return palette[number % len(palette)]


def _small_print(figure: Figure, accounts: RegionalAccounts, *remarks: str) -> None:
    """What was run and what is estimated, along the lower edge."""
    origin = f"Scenario {accounts.scenario}. {style.opening_sentence(accounts.origin)} {ESTIMATED}"
    height = figure.get_figheight()
    lines = [line for remark in (*remarks, origin) for line in wrap(remark, PRINT_WIDTH)]
    figure.text(0.012, 0.09 / height, "\n".join(lines), fontsize=7.5, color="#555555", va="bottom")
