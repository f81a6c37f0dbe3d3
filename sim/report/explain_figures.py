"""Figures of ``ningde explain``: chain maps of the lead firms, the funnel, what limited growth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill, wrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from sim.experiment.explanation import ChainMap, Explanation
from sim.limits import LIMITS
from sim.report import style
from sim.report.explain import GROUP_NAMES, LEAST, amount_in_bn, county_funnel, file_name

Floats = NDArray[np.float64]

PRINT_WIDTH = 190
"""Letters in a line of the small print."""

LIMIT_COLOURS: Mapping[str, str] = {
    "demand": style.GREY,
    "sourcing": style.SKY,
    "suppliers": style.BLUE,
    "land": style.GREEN,
    "public money": "#00523B",
    "permits": "#8FD3B6",
    "builders": style.ORANGE,
    "building": "#F3D59B",
    "labour": style.VERMILLION,
    "energy": style.YELLOW,
    "margins": style.PURPLE,
    "pace": "#DDDDDD",
    "leaders": style.INK,
}
"""What belongs together has neighbouring colours: suppliers blue, land green, building orange."""

LIMIT_WORDS: Mapping[str, str] = {
    "demand": "demand: capacity nobody orders",
    "sourcing": "sourcing: bought outside, could be had here",
    "suppliers": "suppliers: nobody here makes it",
    "land": "land: waiting for plots",
    "public money": "public money: plots nobody can pay",
    "permits": "permits and requisition",
    "builders": "builders short",
    "building": "under construction, run-in",
    "labour": "labour",
    "energy": "energy",
    "margins": "margins too low to expand",
    "pace": "pace of firms' expansion",
    "leaders": "leaders' plans",
}

PARTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "home": (f"bought in {style.PREFECTURE}", {"color": style.BLUE}),
    "could": ("could be bought here now", {"color": style.SKY}),
    "coming": ("coming: signed projects", {"color": style.YELLOW}),
    "gap": ("gap: nobody here makes it", {"facecolor": "white", "edgecolor": style.VERMILLION, "hatch": "////"}),
}
"""Parts of a need, with legend and look."""

ELSEWHERE: dict[str, Any] = {"color": style.PALE}

USES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "used": PARTS["home"],
    "coming": PARTS["coming"],
    "extension": PARTS["gap"],
}
"""Parts of what may be processed here, in the look of the parts of a need."""

CLOSED = "#7F97A8"
"""A faded blue."""

STAGES: Mapping[str, tuple[str, str]] = {
    "producing": ("producing", style.BLUE),
    "closed_since": ("produced, closed since", CLOSED),
    "building": ("being built", style.SKY),
    "waiting": ("waiting for land or permits", style.YELLOW),
    "failed": ("failed before building", style.VERMILLION),
    "lost": ("lost before signing", style.PALE),
}

BETWEEN, DEEP = 0.75, 0.95
"""Inches between the parts of a chain map, and above what is made downstream, which has headings of its own."""

ROW = 0.40
"""Height of an input in a chain map, inches."""

COLUMNS: tuple[tuple[float, str], ...] = (
    (0.695, "need,\nbn yuan"),
    (0.755, "bought\nhere"),
    (0.815, "possible\nnow"),
    (0.875, "with\nprojects"),
    (0.928, "firms\nhere"),
    (0.982, "projects\ncoming"),
)
"""Right edges of the figures beside the bars of a chain map, in parts of the figure, with headings."""

DOWNSTREAM: tuple[str, ...] = ("open,\nbn yuan", "used\nhere", "", "with\nprojects", "firms\nhere", "projects\ncoming")
"""Headings of the same columns for what is made of the goods of the leader."""

BARS = (0.385, 0.255)
"""Left edge and width of the bars of a chain map, in parts of the figure."""


def chain_map_figure(found: Explanation, code: str) -> Figure:
    """The chain of one lead firm: what it needs, what Ningde delivers, what is coming, and the gaps.

    Args:
        found: what happened.
        code: code of the leader.

    Raises:
        KeyError: the leader has no plant.
    """
    chain = found.maps[code]
    own, other = (chain.inputs[chain.inputs["chain"] == kind] for kind in (True, False))
    kinds = chain.equipment[chain.equipment["need"] >= LEAST]
    sections: list[tuple[pd.DataFrame, str]] = [
        (own, "Inputs that firms of the chains make"),
        (other, "Other inputs (own scale)"),
        (kinds, "Equipment ordered in twelve months for building and enlarging its plants (own scale)"),
        (chain.downstream, "Downstream: what may be made here of its goods (own scale)"),
    ]
    sections = [(part, remark) for part, remark in sections if len(part)]
    top, foot = 1.30, 1.10 if len(chain.downstream) else 0.90
    gaps = [DEEP if part is chain.downstream else BETWEEN for part, _ in sections[1:]]
    height = top + sum(ROW * len(part) for part, _ in sections) + sum(gaps) + foot
    with style.applied():
        figure = Figure(figsize=(11.4, height))
        upper, middles, below = height - top, [], []
        for (part, remark), gap in zip(sections, [*gaps, 0.0], strict=True):
            tall = ROW * len(part)
            bottom = upper - tall
            axes = figure.add_axes((BARS[0], bottom / height, BARS[1], tall / height))
            rows = [(bottom + ROW * (at + 0.5)) / height for at in range(len(part))]
            if part is chain.downstream:
                _bars(axes, part, USES, part["open"].to_numpy())
                axes.set_yticks(np.arange(len(part))[::-1], [_downstream_label(line) for _, line in part.iterrows()])
                _shares_used(figure, part, bottom / height, ROW / height)
                _headings(figure, DOWNSTREAM, (upper + 0.10) / height)
                below = rows
            else:
                _bars(axes, part, PARTS, part["need"].to_numpy())
                axes.set_yticks(np.arange(len(part))[::-1], [fill(label, 30) for label in part["label"]])
                _numbers(figure, part, bottom / height, ROW / height)
                middles += rows
            axes.tick_params(axis="y", labelsize=8.5)
            figure.text(0.20, (upper + 0.13) / height, remark, fontsize=9, color="#555555", va="bottom")
            upper = bottom - gap
        _headings(figure, [heading for _, heading in COLUMNS], (height - top + 0.10) / height)
        _firm(figure, chain, middles, below)
        handles: list[Any] = [Patch(label=label, **look) for label, look in PARTS.values()]
        handles.append(Patch(label="bought elsewhere", **ELSEWHERE))
        figure.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0.012, (foot - 0.57) / height), ncols=5, fontsize=8.5
        )
        line = f"Its plants in {style.month_name(found.until)}, bn yuan a year at 2018 prices"
        style.title(figure, f"The chain of {chain.name} and its gaps", line)
        remark = (
            "Possible now: bought here or from idle capacity of qualified firms. With projects: signed ones too. "
            "Supply is shared among all home buyers. In the box: output of capacity."
        )
        if len(chain.downstream):
            remark += (
                " Downstream, of what is open to processing here: blue what plants here can use, yellow what signed "
                "projects will, hatched what is left: the extension that promotion looks for"
            )
            remark += "." if chain.downstream["counted"].all() else " (* not in its gap map)."
        _small_print(figure, found, remark)
    return figure


def _headings(figure: Figure, words: Sequence[str], height: float) -> None:
    """Headings of the figures beside the bars."""
    for (right, _), heading in zip(COLUMNS, words, strict=True):
        figure.text(right, height, heading, fontsize=8.5, ha="right", va="bottom")


def _downstream_label(line: pd.Series) -> str:
    """What is made, and of what."""
    mark = "" if line["counted"] else " *"
    return fill(f"{line['label']}, of {line['of_label'][:1].lower()}{line['of_label'][1:]}{mark}", 42)


def _shares_used(figure: Figure, part: pd.DataFrame, bottom: float, row: float) -> None:
    """Figures beside the bars of what is made downstream."""
    for at, (_, line) in enumerate(part.iloc[::-1].iterrows()):
        whole = max(float(line["open"]), 1e-9)
        shares = f"{100 * line['used'] / whole:.0f} %", "", f"{100 * (line['used'] + line['coming']) / whole:.0f} %"
        cells = [amount_in_bn(line["open"]), *shares, f"{line['firms']:.0f}", f"{line['projects_coming']:.0f}"]
        for (right, _), cell in zip(COLUMNS, cells, strict=True):
            figure.text(right, bottom + row * (at + 0.5), cell, fontsize=9, ha="right", va="center")


def _bars(axes: Axes, part: pd.DataFrame, parts: Mapping[str, tuple[str, dict[str, Any]]], whole: Floats) -> None:
    """A bar a row, in parts; what is left of the whole is pale."""
    place = np.arange(len(part))[::-1]
    left = np.zeros(len(part))
    for name, (_, look) in parts.items():
        values = part[name].to_numpy(dtype=float) / 1000.0
        edges = np.where((look.get("hatch") is not None) & (values > 0), 0.6, 0.0)
        axes.barh(place, values, left=left, height=0.62, linewidth=edges, **look)
        left += values
    rest = np.maximum(whole / 1000.0 - left, 0.0)
    axes.barh(place, rest, left=left, height=0.62, **ELSEWHERE)
    axes.set_ylim(-0.5, len(part) - 0.5)
    axes.set_xlim(0.0, 1.02 * max(float(whole.max()), LEAST) / 1000.0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def _numbers(figure: Figure, part: pd.DataFrame, bottom: float, row: float) -> None:
    """Figures beside the bars."""
    for at, (_, line) in enumerate(part.iloc[::-1].iterrows()):
        need = float(line["need"])
        now, later = line["home"] + line["could"], line["home"] + line["could"] + line["coming"]
        cells = [amount_in_bn(need), f"{100 * line['home'] / need:.0f} %"]
        if line["chain"]:
            cells += [f"{100 * now / need:.0f} %", f"{100 * later / need:.0f} %"]
            cells += [f"{line['suppliers']:.0f}", f"{line['projects_coming']:.0f}"]
        for (right, _), cell in zip(COLUMNS, cells, strict=False):
            figure.text(right, bottom + row * (at + 0.5), cell, fontsize=9, ha="right", va="center")


def _firm(figure: Figure, chain: ChainMap, middles: Sequence[float], below: Sequence[float]) -> None:
    """The leader in a box on the left, with lines to its inputs, and broken ones to what is made of its goods."""
    centre = (min(middles) + max(middles)) / 2
    canvas = figure.add_axes((0.0, 0.0, 1.0, 1.0), zorder=-1)
    canvas.set_axis_off()
    canvas.set_xlim(0.0, 1.0)
    canvas.set_ylim(0.0, 1.0)
    name = fill(chain.name, 17)
    rest = "\n".join(
        fill(label.lower(), 23) + f"\n{output / 1000:,.1f} of {capacity / 1000:,.1f} bn"
        for label, output, capacity in chain.products
    )
    inch = 1.0 / figure.get_figheight()
    tall = inch * (0.36 + 0.19 * (name.count("\n") + 1) + 0.155 * (rest.count("\n") + 1))
    box = FancyBboxPatch(
        (0.016, centre - tall / 2), 0.142, tall, boxstyle="round,pad=0.002,rounding_size=0.006",
        facecolor="#EEF4F9", edgecolor=style.BLUE, linewidth=1.2,
    )  # fmt: skip
    canvas.add_patch(box)
    upper = centre + tall / 2 - 0.12 * inch
    lower = upper - inch * (0.19 * (name.count("\n") + 1) + 0.06)
    canvas.text(0.087, upper, name, fontsize=9.5, fontweight="bold", ha="center", va="top")
    canvas.text(0.087, lower, rest, fontsize=8.5, ha="center", va="top", color="#444444")
    for middle in middles:
        canvas.plot([0.16, 0.172, 0.172, 0.184], [centre, centre, middle, middle], color=style.GREY, linewidth=0.8)
    floor = centre - tall / 2
    for row in below:
        canvas.plot([0.087, 0.087, 0.166], [floor, row, row], color=style.BLUE, linewidth=0.9, linestyle=(0, (4, 2)))


def funnel_figure(found: Explanation, county: str | None = None) -> Figure:
    """How many leads and plants came by each way, and what became of them.

    Args:
        found: what happened.
        county: this county only, from signing on.
    """
    frame = found.funnel if county is None else county_funnel(found, county).drop(index="all")
    kinds = [name for name in STAGES if name in frame]
    counts = frame[kinds].fillna(0.0)
    counts["producing"] -= counts["closed_since"]
    with style.applied():
        figure = Figure(figsize=(11.4, 5.4))
        axes = figure.add_axes((0.165, 0.20, 0.80, 0.64))
        place, left = np.arange(len(counts))[::-1], np.zeros(len(counts))
        for name in kinds:
            label, colour = STAGES[name]
            axes.barh(place, counts[name], left=left, height=0.66, color=colour, label=label)
            left += counts[name].to_numpy()
        for at, total, made in zip(place, left, counts["producing"], strict=True):
            axes.text(total, at, f"  {total:,.0f}, of which {made:,.0f} produce", fontsize=8.5, va="center")
        axes.set_yticks(place, list(counts.index))
        axes.set_xlim(0.0, max(float(left.max()), 1.0) * 1.22)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("leads and plants" if county is None else "signed projects")
        axes.legend(loc="upper left", bbox_to_anchor=(-0.17, -0.125), ncols=6, columnspacing=1.4)
        where = style.PREFECTURE if county is None else county
        line = f"{style.month_name(found.start)} to {style.month_name(found.until)}, by the way they came"
        style.title(figure, f"Who came to {where}", line)
        _small_print(figure, found)
    return figure


def limits_figure(found: Explanation, county: str | None = None) -> Figure:
    """Missing output by what limited it: over the years, and in the last year by county or product group.

    Args:
        found: what happened.
        county: this county only.
    """
    missing = found.missing if county is None else found.missing[found.missing["county"] == county]
    last = int(missing["year"].max())
    key = "county" if county is None else "group"
    shown = _limit_table(missing, "year")
    names = [name for name in LIMITS if shown[name].max() > 0.002 * float(shown.sum(axis=1).max())]
    with style.applied():
        figure = Figure(figsize=(11.4, 6.2))
        left, right = figure.add_axes((0.06, 0.255, 0.42, 0.565)), figure.add_axes((0.625, 0.255, 0.35, 0.565))
        _stack(left, shown[names], vertical=True)
        left.set_ylabel("bn yuan a year")
        left.set_title("by year")
        latest = _limit_table(missing[missing["year"] == last], key)
        latest = latest.rename(index={name: text.capitalize() for name, text in GROUP_NAMES.items()})
        _stack(right, latest[names], vertical=False)
        right.set_xlabel("bn yuan a year")
        right.set_title(f"in {last} by {'county' if county is None else 'product group'}")
        handles: list[Any] = [Patch(color=LIMIT_COLOURS[name], label=LIMIT_WORDS[name]) for name in names]
        figure.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0.012, 0.062), ncols=4, fontsize=8.5, columnspacing=1.2
        )
        where = style.PREFECTURE if county is None else county
        line = "Output that was missing at 2018 prices, by what it waited for; every yuan is counted once"
        style.title(figure, f"What limited growth in {where}", line)
        end = style.month_name(found.until)
        partly = "" if found.until.endswith("-12") else f"; {last} up to {end}"
        _small_print(figure, found, f"Mean of the months of each year{partly}.")
    return figure


def limits_by_county_figure(found: Explanation) -> Figure:
    """Missing output of every county over the years, by what limited it; every county on its own scale."""
    missing = found.missing
    whole = _limit_table(missing, "year")
    names = [name for name in LIMITS if whole[name].max() > 0.002 * float(whole.sum(axis=1).max())]
    counties = list(dict.fromkeys(missing["county"]))
    columns, lines = 5, -(-len(counties) // 5)
    with style.applied():
        figure = Figure(figsize=(11.4, 1.9 + 2.25 * lines))
        tall = figure.get_figheight()
        for at, county in enumerate(counties):
            row, column = divmod(at, columns)
            left, bottom = 0.045 + 0.192 * column, (1.45 + 2.25 * (lines - 1 - row)) / tall
            axes = figure.add_axes((left, bottom, 0.155, 1.55 / tall))
            table = _limit_table(missing[missing["county"] == county], "year")[names]
            _stack(axes, table, vertical=True)
            step = -(-len(table) // 3)
            axes.set_xticks(np.arange(len(table))[::step], [str(year) for year in table.index[::step]])
            axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
            axes.tick_params(labelsize=8)
            axes.set_title(county, fontsize=9.5)
        handles: list[Any] = [Patch(color=LIMIT_COLOURS[name], label=LIMIT_WORDS[name]) for name in names]
        figure.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0.012, 0.36 / tall), ncols=4, fontsize=8.5,
            columnspacing=1.2,
        )  # fmt: skip
        line = "Output that was missing, bn yuan a year at 2018 prices, by what it waited for; scales differ"
        style.title(figure, "What limited growth in every county", line)
        partly = "" if found.until.endswith("-12") else f" The last year up to {style.month_name(found.until)}."
        _small_print(figure, found, f"Mean of the months of each year.{partly}")
    return figure


def _limit_table(missing: pd.DataFrame, key: str) -> pd.DataFrame:
    """Missing output in bn yuan by a key and by limit, in the order of the data and of the limits."""
    order = list(dict.fromkeys(missing[key]))
    table = missing.pivot_table(index=key, columns="limit", values="m_yuan", aggfunc="sum") / 1000.0
    return table.reindex(index=order, columns=list(LIMITS))


def _stack(axes: Axes, table: pd.DataFrame, vertical: bool) -> None:
    """Stacked bars of the limits, upright or lying."""
    place = np.arange(len(table)) if vertical else np.arange(len(table))[::-1]
    base = np.zeros(len(table))
    for name in table:
        values, colour = table[name].to_numpy(), LIMIT_COLOURS[str(name)]
        if vertical:
            axes.bar(place, values, bottom=base, width=0.78, color=colour)
        else:
            axes.barh(place, values, left=base, height=0.7, color=colour)
        base = base + values
    labels = [str(label) for label in table.index]
    if vertical:
        step = -(-len(labels) // 8)
        axes.set_xticks(place[::step], labels[::step])
        axes.yaxis.set_major_formatter("{x:,g}")
    else:
        axes.set_yticks(place, labels)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)


def save_explain_figures(
    found: Explanation, folder: Path, county: str | None = None, leader: str | None = None
) -> list[Path]:
    """Write the funnel, the limits and the chain maps as PNG files; their paths.

    Args:
        found: what happened.
        folder: where.
        county: funnel and limits of this county only.
        leader: the chain map of this leader only; none is drawn for a county alone.
    """
    figures = {"funnel": funnel_figure(found, county), "limits": limits_figure(found, county)}
    if county is None and leader is None:
        figures["limits_by_county"] = limits_by_county_figure(found)
    codes = [code for code in found.maps if leader == code or (leader is None and county is None)]
    figures |= {f"chain_map_{file_name(code)}": chain_map_figure(found, code) for code in codes}
    paths = [folder / f"{name}.png" for name in figures]
    for path, figure in zip(paths, figures.values(), strict=True):
        figure.savefig(path, dpi=style.DPI)
    return paths


def _small_print(figure: Figure, found: Explanation, *remarks: str) -> None:
    """What was run, along the lower edge."""
    origin = f"Scenario {found.scenario}, seed {found.seed}. Facts known until {style.month_name(found.known_until)}."
    about = f"{origin} {style.opening_sentence(found.origin)} A projection, not a forecast."
    lines = [line for remark in (*remarks, about) for line in wrap(remark, PRINT_WIDTH)]
    figure.text(0.012, 0.09 / figure.get_figheight(), "\n".join(lines), fontsize=7.5, color="#555555", va="bottom")
