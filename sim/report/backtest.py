"""A back-test told on the screen: marks, ours beside every rival, and a sentence for every comparison that is lost.

Everything is made from the tables of the folder (:class:`sim.experiment.backtest.study.Study`), so that telling it
again says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TextIO

import numpy as np
import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.experiment.backtest.marks import Mark
from sim.experiment.backtest.plan import POOL_UNITS, POOLS
from sim.experiment.backtest.pooling import ALL, BEHIND, LEAST_YEARS, LOSES, VERDICTS, pooled
from sim.experiment.backtest.study import Study

WIDTH = 110
"""Columns where there is no terminal."""

KINDS = {"ours": 0, "paired": 1, "rival": 2, "null": 3}
"""Order of forecasters."""


# --- the screen -------------------------------------------------------------------------------------------------------


def print_backtest(study: Study, file: TextIO | None = None) -> None:
    """Marks, ours beside every rival over all horizons, mean scores of ours, and what is lost beyond luck.

    Args:
        study: what came of it.
        file: where to; the terminal if not given.
    """
    console = Console(file=file, highlight=False)
    if not console.is_terminal:
        console = Console(file=file, width=WIDTH, highlight=False)
    scores = study.tables["scores"]
    against = study.skills
    for mark in study.marks:
        console.print(Text(f"{mark.origin}, {mark.mode} world, {mark.level}: {mark.state}. {mark.part}: {mark.told}"))
    whole = against[(against["group"] == ALL) & (against["horizon"] == ALL)] if len(against) else against
    for (origin, mode), part in whole.groupby(["origin", "mode"], sort=False) if len(whole) else ():
        where = "all origins" if origin == ALL else origin
        _show(console, f"Skill against each rival, {where}, {mode} world (CRPS, 90 % interval)", _skill_lines(part))
    ours = mean_lines(scores[scores["kind"] == "ours"])
    _show(console, "Mean scores of ours", ours.drop(columns=["forecaster", "RMSE", "MASE", "WIS"], errors="ignore"))
    sentences = losses(against, (LOSES,)) if len(against) else ["No rival answered a case: nothing to compare with."]
    for sentence in [*sentences, *failures(study)]:
        console.print(Text(sentence))


def _show(console: Console, title: str, lines: pd.DataFrame) -> None:
    """A table with its title."""
    if not len(lines):
        return
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for column in lines.columns:
        table.add_column(str(column), overflow="fold")
    for row in lines.itertuples(index=False):
        table.add_row(*(Text(str(cell)) for cell in row))
    console.print(table)


# --- tables of words --------------------------------------------------------------------------------------------------


def marks_table(found: Sequence[Mark]) -> pd.DataFrame:
    """The marks as words: origin, mode, level, state, what is asked, the figures."""
    lines = [
        {
            "origin": mark.origin, "world": mark.mode, "mark": mark.level, "state": mark.state,
            "asked": mark.part, "figures": mark.told,
        }
        for mark in found
    ]  # fmt: skip
    return pd.DataFrame(lines)


def _skill_lines(rows: pd.DataFrame) -> pd.DataFrame:
    """Skills as words."""
    lines = [
        {
            "scale": row["pool"], "rival": plain(row["rival"]), "skill": skill_words(row),
            "cases": f"{row['cases']} in {row['years']} years", "p": number(row["p"], 2), "verdict": row["verdict"],
        }
        for _, row in rows.iterrows()
    ]  # fmt: skip
    return pd.DataFrame(lines)


def mean_lines(scores: pd.DataFrame, origin: str | None = None) -> pd.DataFrame:
    """Pooled scores as words, all horizons and groups together."""
    rows = pooled(scores if origin is None else scores[scores["origin"] == origin], apart=False)
    lines = []
    for _, row in _in_order(rows).iterrows():
        line = {} if origin is not None else {"origin": row["origin"]}
        line |= {"scale": row["pool"], "forecaster": plain(row["forecaster"]), "world": row["mode"]}
        line |= {"cases": f"{row['cases']:.0f}", "RMSE": number(row["rmse"]), "MAE": number(row["mae"])}
        line |= {"MASE": number(row["mase"], 2), "CRPS": number(row["crps"]), "WIS": number(row["wis"])}
        line |= {f"in {level} %": percent(row[f"cover{level}"]) for level in (50, 80, 90)}
        lines.append(
            line | {"signs": f"{percent(row['hits'])} of {row['hits_cases']:.0f}" if row["hits_cases"] else ""}
        )
    return pd.DataFrame(lines)


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """By origin, scale, and ours before rivals before null versions."""
    if not len(rows):
        return rows
    place = rows["pool"].map(list(POOLS).index), rows["kind"].map(KINDS)
    ordered = rows.assign(_pool=place[0], _kind=place[1])
    return ordered.sort_values(["origin", "_pool", "_kind"], kind="stable")


def plain(name: str) -> str:
    """Name of a forecaster as words."""
    return str(name).replace("_", " ")


def number(value: float, digits: int = 1) -> str:
    """A number as words; empty for none."""
    return "" if not np.isfinite(value) else f"{value:,.{digits}f}"


def percent(value: float) -> str:
    """A share in percent; empty for none."""
    return "" if not np.isfinite(value) else f"{value:.0%}"


def skill_words(row: pd.Series[Any]) -> str:
    """Skill with its interval, if it has one."""
    if not np.isfinite(row["skill"]):
        return "none: the rival's score is not above 0"
    ends = row["low"], row["high"]
    words = f"{row['skill']:+.2f}"
    if np.isneginf(ends[0]) and np.isposinf(ends[1]):
        return words
    told = ["below -9" if end < -9 else f"{end:+.2f}" for end in ends]
    return f"{words} ({told[0]} to {told[1]})"


# --- sentences by rule ------------------------------------------------------------------------------------------------


def losses(against: pd.DataFrame, told_of: Sequence[str] = (LOSES, BEHIND)) -> list[str]:
    """A sentence for each origin, mode, scale and rival that ours does not beat, worst first; then one for all.

    Args:
        against: see :func:`sim.experiment.backtest.pooling.skills`.
        told_of: verdicts that get a sentence.
    """
    if not len(against):
        return []
    single = against[(against["group"] == ALL) & (against["origin"] != ALL)]
    whole = single[single["horizon"] == ALL]
    found = [_lost(row, single) for word in told_of for _, row in whole[whole["verdict"] == word].iterrows()]
    counts = whole["verdict"].value_counts()
    told = ", ".join(f"{counts[word]} {word}" for word in VERDICTS if counts.get(word, 0))
    many = "1 comparison" if len(whole) == 1 else f"{len(whole)} comparisons"
    return [*found, f"Of {many} (origin, world, scale, rival; all horizons): {told}."]


def _lost(row: pd.Series[Any], single: pd.DataFrame) -> str:
    """One sentence about one loss."""
    same = single[
        (single["origin"] == row["origin"])
        & (single["mode"] == row["mode"])
        & (single["pool"] == row["pool"])
        & (single["rival"] == row["rival"])
        & (single["horizon"] != ALL)
    ]
    worse = [str(horizon) for horizon in same[same["difference"] > 0]["horizon"]]
    where = f"; worse at {_years(worse)}" if 0 < len(worse) < len(same) else ""
    how = "loses to" if row["verdict"] == LOSES else "is behind"
    doubt = "" if row["verdict"] == LOSES else _doubt(row)
    skill = "" if not np.isfinite(row["skill"]) else f", skill {skill_words(row)}"
    unit = POOL_UNITS[str(row["pool"])]
    return (
        f"From {row['origin']}, {row['mode']} world, {row['pool']}: the model {how} {plain(row['rival'])} "
        f"(CRPS {number(row['ours'], 2)} against {number(row['rival_score'], 2)} {unit}{skill}, "
        f"{_cases(int(row['cases']))}{where}){doubt}."
    )


def _years(horizons: Sequence[str]) -> str:
    """Horizons as words."""
    if len(horizons) == 1:
        return f"horizon {horizons[0]}"
    return f"horizons {', '.join(horizons[:-1])} and {horizons[-1]}"


def _cases(count: int) -> str:
    """A number of cases as words."""
    return "1 case" if count == 1 else f"{count} cases"


def _doubt(row: pd.Series[Any]) -> str:
    """Why a comparison decides nothing."""
    if row["years"] < LEAST_YEARS:
        return f", of {'one year' if row['years'] == 1 else 'two years'}, too few to tell it from luck"
    return ", not more than luck can do"


def failures(study: Study) -> list[str]:
    """A sentence for each origin, mode and forecaster of which members failed."""
    found = []
    for origin in study.manifest["origins"]:
        for mode, each in origin["modes"].items():
            for name, told in each.items():
                gone = sum(len(fault["seeds"]) for fault in told["failed"])
                if gone:
                    why = told["failed"][0]["why"]
                    whole = told["members"] + gone
                    found.append(
                        f"From {origin['origin']}, {mode} world, {name}: {gone} of {whole} members failed, first: {why}"
                    )
    return found
