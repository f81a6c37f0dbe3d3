"""Figures of a back-test: forecasts beside facts, skill by rival and horizon, whether stated doubt is earned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.experiment.backtest.plan import AMOUNTS, GROUPS, POINTS_POOL
from sim.experiment.backtest.plan import scored as on_scale
from sim.experiment.backtest.pooling import ALL
from sim.experiment.backtest.study import Study
from sim.report import style
from sim.report.files import save_figures

REACH = {AMOUNTS: 120.0, POINTS_POOL: 45.0}
"""How far from the fact forecasts are drawn, log points and points; what lies beyond is marked at the edge."""

LOWEST_SKILL = -1.5
"""Skills below this are marked at the edge."""

SHORT = {
    "output_nominal": "output",
    "value_added_nominal": "value added",
    "value_added_growth": "growth",
    "output_growth_nominal": "output growth",
    "share_constant": "share at 2018 prices",
    "cell_capacity_with_building": "cell capacity with building",
}
"""Shorter names of variables."""

MODE_COLOURS = {"unconditional": style.BLUE, "conditional": style.ORANGE}


def label_of(row: pd.Series[Any]) -> str:
    """A case in a few words."""
    name, _, group = str(row["variable"]).partition(".")
    words = f"{SHORT.get(name, name.replace('_', ' '))} {group}".strip()
    place = "" if row["region"] == style.PREFECTURE else f"{row['region']} "
    return f"{place}{words}, {row['period']}"


# --- forecasts beside facts -------------------------------------------------------------------------------------------


def fans(study: Study, origin: str) -> Figure:
    """All forecasts of one origin in amounts and in growth and shares: distance of the forecast from the fact."""
    scores = study.tables["scores"]
    scores = scores[(scores["origin"] == origin) & (scores["kind"] == "ours") & scores["crps"].notna()]
    table = study.tables["forecasts"]
    quantiles = table[(table["origin"] == origin) & (table["kind"] == "ours")]
    whole = scores.merge(quantiles[["mode", "case", *QUANTILES]], on=["mode", "case"])
    modes = [mode for mode in MODE_COLOURS if (whole["mode"] == mode).any()]
    columns = [_blocks(whole[whole["pool"] == pool]) for pool in REACH]
    tallest = max((sum(len(cases) + 1.6 for _, cases in blocks) for blocks in columns), default=4.0)
    height = 0.165 * tallest + 1.9
    with style.applied():
        figure = Figure(figsize=(13.2, height))
        bottom, top = 1.15 / height, 1 - 0.75 / height
        for (pool, reach), blocks, left in zip(REACH.items(), columns, (0.2, 0.715), strict=True):
            axes = figure.add_axes((left, bottom, 0.275, top - bottom))
            _fan_axes(axes, reach, "log points" if pool == AMOUNTS else "points", tallest)
            _fan_rows(axes, blocks, whole[whole["pool"] == pool], modes, reach)
        style.title(
            figure,
            f"Forecasts from {style.month_name(origin)} and what was published",
            "Dot at 0: published. Bars: forecast less published; thick 50 %, thin 90 % of the members; line: median. "
            "Left amounts, right growth and shares",
        )
        handles: list[Patch | Line2D] = [
            Patch(color=MODE_COLOURS[mode], alpha=0.7, label=f"{mode} world") for mode in modes
        ]
        handles.append(Line2D([], [], marker="o", linestyle="", markersize=4, color=style.INK, label="published"))
        figure.legend(handles=handles, loc="center", bbox_to_anchor=(0.5, 0.5 / height), ncols=3, handlelength=1.2)
        _note(figure, study)
    return figure


QUANTILES = ("q0.05", "q0.25", "q0.5", "q0.75", "q0.95")
"""Columns of the table of forecasts that are drawn."""


def _blocks(rows: pd.DataFrame) -> list[tuple[str, list[str]]]:
    """Groups with their cases in the order of time."""
    ordered = rows.sort_values(["year", "horizon"], kind="stable")
    blocks = [(name, list(dict.fromkeys(ordered[ordered["group"] == name]["case"]))) for name in GROUPS]
    return [(name, cases) for name, cases in blocks if cases]


def _fan_axes(axes: Axes, reach: float, unit: str, tallest: float) -> None:
    """Empty axes."""
    axes.set_xlim(-reach, reach)
    axes.set_ylim(tallest, -0.8)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.set_xlabel(f"forecast less published, {unit}")
    axes.axvline(0, color=style.GREY, linewidth=0.8, zorder=1)


def _fan_rows(
    axes: Axes, blocks: list[tuple[str, list[str]]], rows: pd.DataFrame, modes: Sequence[str], reach: float
) -> None:
    """Labels, bars and dots."""
    height = 0.0
    side = axes.get_yaxis_transform()
    for name, cases in blocks:
        axes.text(-0.68, height, name, transform=side, fontsize=8.5, fontweight="bold", va="center")
        for case in cases:
            height += 1.0
            same = rows[rows["case"] == case]
            axes.text(-0.03, height, label_of(same.iloc[0]), transform=side, fontsize=7, va="center", ha="right")
            for at, mode in enumerate(modes):
                place = height + (at - (len(modes) - 1) / 2) * 0.4
                for _, row in same[same["mode"] == mode].iterrows():
                    _fan(axes, place, row, MODE_COLOURS[mode], reach)
            axes.plot([0], [height], marker="o", markersize=3, color=style.INK, zorder=4)
        height += 1.6


def _fan(axes: Axes, place: float, row: pd.Series[Any], colour: str, reach: float) -> None:
    """One forecast."""
    values = on_scale(str(row["variable"]), row[list(QUANTILES)].to_numpy(dtype=np.float64)) - row["observed"]
    low, low50, middle, high50, high = np.clip(values, -reach, reach)
    axes.plot([low, high], [place, place], color=colour, linewidth=1.1, solid_capstyle="butt")
    axes.plot([low50, high50], [place, place], color=colour, linewidth=3.2, solid_capstyle="butt", alpha=0.6)
    if abs(values[2]) <= reach:
        axes.plot([middle, middle], [place - 0.2, place + 0.2], color=colour, linewidth=1.5)
    for edge, beyond, marker in ((reach, values[4] > reach, ">"), (-reach, values[0] < -reach, "<")):
        if beyond:
            axes.plot([edge], [place], marker=marker, color=colour, markersize=4, clip_on=False)


# --- skill ------------------------------------------------------------------------------------------------------------


def skill_figure(study: Study) -> Figure | None:
    """Skill against each rival by horizon, amounts and growth and shares; None if nobody answered."""
    against = study.skills
    if not len(against):
        return None
    rows = against[(against["group"] == ALL) & against["pool"].isin(list(REACH)) & (against["origin"] != ALL)]
    rivals = list(dict.fromkeys(rows["rival"]))
    origins = list(dict.fromkeys(rows["origin"]))
    if not rivals:
        return None
    height = 0.42 * len(rivals) * max(len(origins), 1) + 2.0
    with style.applied():
        figure = Figure(figsize=(12.6, height))
        bottom, top = 0.95 / height, 1 - 0.95 / height
        for pool, left in zip(REACH, (0.215, 0.62), strict=True):
            axes = figure.add_axes((left, bottom, 0.36, top - bottom))
            _skill_axes(axes, rows[rows["pool"] == pool], origins, rivals, labels=left < 0.5)
            axes.set_title(pool)
        style.title(
            figure,
            "Skill of the forecasts against each rival",
            "1 - CRPS / CRPS of the rival, right of 0 ours is better; numbers are horizons in years, large dot all of "
            "them with its 90 % interval (none where the facts are of one year)",
        )
        handles = [Patch(color=colour, label=f"{mode} world") for mode, colour in MODE_COLOURS.items()]
        figure.legend(handles=handles, loc="center", bbox_to_anchor=(0.5, 0.5 / height), ncols=2, handlelength=1.2)
        _note(figure, study)
    return figure


def _skill_axes(axes: Axes, rows: pd.DataFrame, origins: Sequence[str], rivals: Sequence[str], labels: bool) -> None:
    """One scale: a line each origin and rival."""
    names = [(origin, rival) for origin in origins for rival in rivals]
    axes.set_xlim(LOWEST_SKILL, 1.0)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=True, axis="x")
    axes.axvline(0, color=style.INK, linewidth=0.9)
    axes.set_yticks(
        range(len(names)), [f"{rival.replace('_', ' ')}, {origin}" for origin, rival in names] if labels else []
    )
    for height in range(len(rivals), len(names), len(rivals)):
        axes.axhline(height - 0.5, color=style.GREY, linewidth=0.7)
    for height, (origin, rival) in enumerate(names):
        for at, (mode, colour) in enumerate(MODE_COLOURS.items()):
            same = rows[(rows["origin"] == origin) & (rows["rival"] == rival) & (rows["mode"] == mode)]
            for _, row in same.iterrows():
                _skill_dot(axes, height + (at - 0.5) * 0.36, row, colour)


def _skill_dot(axes: Axes, place: float, row: pd.Series[Any], colour: str) -> None:
    """All horizons as a dot with its interval, one horizon as its number."""
    if not np.isfinite(row["skill"]):
        return
    value = max(float(row["skill"]), LOWEST_SKILL)
    if row["horizon"] != ALL:
        axes.text(value, place, str(row["horizon"]), color=colour, fontsize=7, ha="center", va="center", clip_on=True)
        return
    if np.isfinite(row["high"]):
        ends = np.clip([row["low"], row["high"]], LOWEST_SKILL, 1.0)
        axes.plot(ends, [place, place], color=colour, linewidth=1.3, alpha=0.6)
    below = row["skill"] < LOWEST_SKILL
    axes.plot([value], [place], marker="<" if below else "o", markersize=6, color=colour, alpha=0.75, clip_on=False)


# --- doubt ------------------------------------------------------------------------------------------------------------


def doubt_figure(study: Study) -> Figure:
    """Histogram of the PIT and coverage of central intervals, by origin."""
    scores = study.tables["scores"]
    mine = scores[(scores["kind"] == "ours") & scores["crps"].notna()]
    origins = list(dict.fromkeys(mine["origin"]))
    with style.applied():
        figure = Figure(figsize=(11.6, 6.4))
        grid = figure.subplots(2, len(origins), squeeze=False)
        figure.subplots_adjust(left=0.07, right=0.985, top=0.83, bottom=0.19, hspace=0.5, wspace=0.22)
        for column, origin in enumerate(origins):
            here = mine[mine["origin"] == origin]
            _pit_axes(grid[0, column], here, origin)
            _cover_axes(grid[1, column], here)
        style.title(
            figure,
            "Whether stated doubt is earned",
            "Above: share of the facts in each tenth of the forecasts, flat if the doubt is right. Below: share of the "
            "facts inside central intervals, on the line if right",
        )
        handles = [Patch(color=colour, alpha=0.6, label=f"{mode} world") for mode, colour in MODE_COLOURS.items()]
        figure.legend(handles=handles, loc="center", bbox_to_anchor=(0.5, 0.085), ncols=2, handlelength=1.2)
        _note(figure, study)
    return figure


def _pit_axes(axes: Axes, rows: pd.DataFrame, origin: str) -> None:
    """Histogram of the PIT."""
    edges = np.linspace(0.0, 1.0, 11)
    for mode, colour in MODE_COLOURS.items():
        values = rows[rows["mode"] == mode]["pit"].to_numpy()
        if len(values):
            share = np.histogram(values, edges)[0] / len(values)
            axes.stairs(share, edges, color=colour, fill=True, alpha=0.3)
            axes.stairs(share, edges, color=colour, linewidth=1.4)
    axes.axhline(0.1, color=style.GREY, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_title(f"From {style.month_name(origin)}, {rows['case'].nunique()} figures")
    axes.set_xlabel("place of the fact among the members")
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")


def _cover_axes(axes: Axes, rows: pd.DataFrame) -> None:
    """Coverage over level."""
    levels = np.array([0.5, 0.8, 0.9])
    axes.plot([0, 1], [0, 1], color=style.GREY, linewidth=1, linestyle=(0, (4, 3)))
    for mode, colour in MODE_COLOURS.items():
        here = rows[rows["mode"] == mode]
        if len(here):
            share = [here[f"inside{level:.0f}"].mean() for level in 100 * levels]
            axes.plot(levels, share, marker="o", color=colour)
    axes.set_xlim(0.4, 1.0)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("level of the interval")
    axes.set_ylabel("share inside")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda share, _: f"{share:.0%}")


def _note(figure: Figure, study: Study) -> None:
    """What was run, along the lower edge."""
    told = study.manifest
    line = (
        f"Scenario {told['scenario']['name']}, {told['members']} members; dates by the rule of the {told['rule']}. "
        f"{told['code_version']}. The opening position of the counties is synthetic."
    )
    figure.text(0.012, 0.09 / figure.get_figheight(), line, fontsize=7.5, color="#555555", va="bottom")


def save_backtest_figures(study: Study, folder: Path) -> list[Path]:
    """Draw all figures into an existing folder.

    Args:
        study: what came of it.
        folder: where fans_ORIGIN.png, skill.png and doubt.png go.

    Raises:
        FolderError: a file could not be written.
    """
    scores = study.tables["scores"]
    answered = scores[(scores["kind"] == "ours") & scores["crps"].notna()]
    origins = dict.fromkeys(answered["origin"])
    figures: dict[str, Figure | None] = {f"fans_{origin}": fans(study, str(origin)) for origin in origins}
    figures |= {"skill": skill_figure(study), "doubt": doubt_figure(study) if len(answered) else None}
    return save_figures({f"{name}.png": figure for name, figure in figures.items() if figure is not None}, folder)
