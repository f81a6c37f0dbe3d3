"""A back-test told: tables on the screen, and the record as Markdown, with a sentence for every comparison that is lost.

Everything is made from the tables of the folder (:class:`sim.experiment.backtest.study.Study`), so that telling it again
says the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TextIO

import numpy as np
import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.experiment.backtest.marks import Mark, marks, summary
from sim.experiment.backtest.plan import POOL_UNITS, POOLS
from sim.experiment.backtest.pooling import ALL, BEHIND, LOSES, VERDICTS, WINS, brier_table, pooled, skills
from sim.experiment.backtest.study import Study

WIDTH = 110
"""Columns where there is no terminal."""

HEADING = "# Forecast record\n"

KINDS = {"ours": 0, "rival": 1, "null": 2}
"""Order of forecasters."""


# --- the screen -------------------------------------------------------------------------------------------------------


def print_backtest(study: Study, file: TextIO | None = None) -> None:
    """Marks, ours beside every rival over all horizons, coverage, and what is lost.

    Args:
        study: what came of it.
        file: where to; the terminal if not given.
    """
    console = Console(file=file, width=None if file is None else WIDTH, highlight=False)
    scores = study.tables["scores"]
    against, found = skills(scores), marks(scores, study.tables["claims"])
    _show(console, "Marks of the protocol", marks_table(found))
    whole = against[(against["group"] == ALL) & (against["horizon"] == ALL)] if len(against) else against
    _show(console, "Ours beside each rival: skill in CRPS, 90 % interval, cases of both", _skill_lines(whole))
    _show(console, "Mean scores of the cases that each answered; they do not compare across rows", _mean_lines(scores))
    for sentence in losses(against):
        console.print(Text(sentence))
    if not len(against):
        console.print(Text("No rival answered a case: nothing to compare with."))
    for sentence in failures(study):
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
            "origin": row["origin"], "world": row["mode"], "scale": row["pool"], "rival": row["rival"],
            "skill": skill_words(row), "cases": f"{row['cases']} of {row['years']} years", "p": number(row["p"], 2),
            "verdict": row["verdict"],
        }
        for _, row in rows.iterrows()
    ]  # fmt: skip
    return pd.DataFrame(lines)


def _mean_lines(scores: pd.DataFrame, origin: str | None = None) -> pd.DataFrame:
    """Pooled scores as words, all horizons and groups together."""
    rows = pooled(scores if origin is None else scores[scores["origin"] == origin])
    rows = rows[(rows["group"] == ALL) & (rows["horizon"] == ALL)] if len(rows) else rows
    lines = []
    for _, row in _in_order(rows).iterrows():
        line = {} if origin is not None else {"origin": row["origin"]}
        line |= {"scale": row["pool"], "forecaster": row["forecaster"], "world": row["mode"]}
        line |= {"cases": f"{row['cases']:.0f}", "RMSE": number(row["rmse"]), "MAE": number(row["mae"])}
        line |= {"MASE": number(row["mase"], 2), "CRPS": number(row["crps"]), "WIS": number(row["wis"])}
        line |= {f"in {level} %": percent(row[f"cover{level}"]) for level in (50, 80, 90)}
        lines.append(line | {"signs": f"{percent(row['hits'])} of {row['hits_cases']:.0f}" if row["hits_cases"] else ""})
    return pd.DataFrame(lines)


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """By origin, scale, and ours before rivals before null versions."""
    if not len(rows):
        return rows
    place = rows["pool"].map(list(POOLS).index), rows["kind"].map(KINDS)
    ordered = rows.assign(_pool=place[0], _kind=place[1])
    return ordered.sort_values(["origin", "_pool", "_kind"], kind="stable")


def number(value: float, digits: int = 1) -> str:
    """A number as words; empty for none."""
    return "" if not np.isfinite(value) else f"{value:,.{digits}f}"


def percent(value: float) -> str:
    """A share in percent; empty for none."""
    return "" if not np.isfinite(value) else f"{value:.0%}"


def skill_words(row: pd.Series[Any]) -> str:
    """Skill with its interval, if it has one."""
    if not np.isfinite(row["skill"]):
        return "none: the rival made no error"
    ends = row["low"], row["high"]
    words = f"{row['skill']:+.2f}"
    if np.isneginf(ends[0]) and np.isposinf(ends[1]):
        return words
    told = ["below -9" if end < -9 else f"{end:+.2f}" for end in ends]
    return f"{words} ({told[0]} to {told[1]})"


# --- sentences by rule ------------------------------------------------------------------------------------------------


def losses(against: pd.DataFrame) -> list[str]:
    """A sentence for each origin, mode, scale and rival that ours does not beat, worst verdicts first; then one for all.

    Args:
        against: see :func:`sim.experiment.backtest.pooling.skills`.
    """
    if not len(against):
        return []
    single = against[(against["group"] == ALL) & (against["origin"] != ALL)]
    whole = single[single["horizon"] == ALL]
    found = [_lost(row, single) for word in (LOSES, BEHIND) for _, row in whole[whole["verdict"] == word].iterrows()]
    counts = whole["verdict"].value_counts()
    told = ", ".join(f"{counts[word]} {word}" for word in VERDICTS if counts.get(word, 0))
    return [*found, f"Of {len(whole)} comparisons (origin, world, scale, rival; all horizons): {told}."]


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
    return (
        f"From {row['origin']}, {row['mode']} world, {row['pool']}: the model {how} {row['rival']} "
        f"(CRPS {number(row['ours'], 2)} against {number(row['rival_score'], 2)} {POOL_UNITS[str(row['pool'])]}{skill}, "
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
    return ", of one year, too few to tell it from luck" if row["years"] == 1 else ", not more than luck can do"


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


# --- the record -------------------------------------------------------------------------------------------------------


def to_markdown(study: Study, figures: Sequence[str] = (), heading: str = HEADING) -> str:
    """The record of a back-test.

    Args:
        study: what came of it.
        figures: names of figures to show.
        heading: first line.
    """
    scores = study.tables["scores"]
    against, found = skills(scores), marks(scores, study.tables["claims"])
    parts = [heading, *_opening(study), "## Marks", "", *markdown(_marks_summary(found)), *markdown(marks_table(found))]
    parts += ["## Where it loses", "", *(f"- {sentence}" for sentence in losses(against)), ""]
    won = against[(against["verdict"] == WINS) & (against["group"] == ALL)] if len(against) else against
    if len(won):
        parts += ["## Where it wins beyond luck", "", *(f"- {sentence}" for sentence in _won(won)), ""]
    origins = [str(origin["origin"]) for origin in study.manifest["origins"]]
    for origin in [*origins, *([ALL] if len(origins) > 1 else [])]:
        parts += _of_origin(study, origin, against, scores)
    parts += [*_calibration(scores), *_several(study), *_silence(study)]
    parts += [line for name in figures for line in (f"![{name.partition('.')[0].replace('_', ' ')}]({name})", "")]
    return "\n".join(parts).rstrip() + "\n"


def markdown(lines: pd.DataFrame) -> list[str]:
    """A table of words as Markdown, with an empty line after it."""
    if not len(lines):
        return ["Nothing.", ""]
    rows = [[str(cell).replace("|", "/") for cell in row] for row in lines.itertuples(index=False)]
    head = [f"| {' | '.join(str(column) for column in lines.columns)} |", "|" + " --- |" * len(lines.columns)]
    return [*head, *(f"| {' | '.join(row)} |" for row in rows), ""]


def _opening(study: Study) -> Iterator[str]:
    """What was scored."""
    told = study.manifest
    protocol = told["protocol_sha256"]
    rule = (
        f"the protocol with the digest {protocol[:16]} (SHA-256; docs/forecast-protocol.md)"
        if protocol
        else "no protocol: none lay beside the code"
    )
    yield (
        f"Made by `ningde backtest`, {told['code_version']}, code {told['code_sha256'][:16]}, data "
        f"{told['data_sha256'][:16]}, facts {told['facts_sha256'][:16]} ({', '.join(told['facts_files'])}). Scored under "
        f"{rule}. Scenario {told['scenario']['name']}, {told['members']} members, {told['null_members']} of each null "
        f"version; dates by the rule of the {told['rule']}."
    )
    yield ""
    yield (
        "Lower CRPS is better; skill is 1 - ours / rival, above 0 where ours is better; in brackets its 90 % interval, "
        "missing where the facts are of one year. Comparisons are on the cases that both answered."
    )
    yield ""
    if told["facts_left_out"]:
        yield f"{len(told['facts_left_out'])} rows of facts were at fault and left out."
        yield ""


def _marks_summary(found: Sequence[Mark]) -> pd.DataFrame:
    """States of whole marks as words."""
    table = summary(found)
    if not len(table):
        return table
    decidable = table["decidable"].astype(str) + " of " + table["parts"].astype(str)
    return table.assign(decidable=decidable)[["origin", "mode", "level", "state", "decidable"]].rename(
        columns={"mode": "world", "level": "mark", "decidable": "parts decidable"}
    )


def _won(won: pd.DataFrame) -> Iterator[str]:
    """Sentences about what is won, all horizons."""
    for _, row in won[won["horizon"] == ALL].iterrows():
        where = "all origins" if row["origin"] == ALL else f"{row['origin']}"
        yield f"From {where}, {row['mode']} world, {row['pool']}: beats {row['rival']}, skill {skill_words(row)}."


def _of_origin(study: Study, origin: str, against: pd.DataFrame, scores: pd.DataFrame) -> Iterator[str]:
    """Ours beside every rival by horizon, by group, and mean scores."""
    yield "## All origins together" if origin == ALL else f"## From {origin}"
    yield ""
    if origin != ALL:
        yield from _known(next(each for each in study.manifest["origins"] if each["origin"] == origin))
    here = against[against["origin"] == origin] if len(against) else against
    if len(here):
        yield "Skill by horizon in years:"
        yield ""
        yield from markdown(_wide(here[here["group"] == ALL], "horizon"))
        yield "Skill by group, all horizons:"
        yield ""
        yield from markdown(_wide(here[here["group"] != ALL], "group"))
    if origin != ALL:
        yield "Mean scores of the cases that each answered:"
        yield ""
        yield from markdown(_mean_lines(scores, origin))


def _known(told: dict[str, Any]) -> Iterator[str]:
    """What an origin knew."""
    posterior = told["posterior"]
    where = "no posterior" if posterior is None else f"the posterior {posterior['name']} ({posterior['sha256'][:16]})"
    yield (
        f"{told['cases']} figures asked, {told['known']} known, {len(told['neither'])} neither (of earlier times, printed "
        f"later). Parameters from {where}; {len(told['drawn'])} that rest on later facts drawn from their ranges. "
        f"{len(told['omitted'])} policies or dated values off."
    )
    yield ""


def _wide(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """A row each world, scale and rival, a column each horizon or group."""
    columns = sorted(rows[by].unique(), key=lambda word: (word == ALL, word))
    lines = []
    for (mode, pool, rival), part in rows.groupby(["mode", "pool", "rival"], sort=False):
        line = {"world": mode, "scale": pool, "rival": rival}
        cells = {str(row[by]): f"{skill_words(row)} [{row['cases']}] {row['verdict']}" for _, row in part.iterrows()}
        lines.append(line | {column: cells.get(column, "") for column in columns})
    return pd.DataFrame(lines)


def _calibration(scores: pd.DataFrame) -> Iterator[str]:
    """Shares of the PIT by fifths, ours."""
    mine = scores[(scores["kind"] == "ours") & scores["crps"].notna()]
    lines = []
    for (origin, mode), part in mine.groupby(["origin", "mode"], sort=False):
        shares = np.histogram(part["pit"], bins=5, range=(0.0, 1.0))[0] / len(part)
        cells = {f"{fifth / 5:.1f} to {(fifth + 1) / 5:.1f}": percent(share) for fifth, share in enumerate(shares)}
        lines.append({"origin": origin, "world": mode, "cases": len(part)} | cells)
    yield "## Whether stated doubt is earned"
    yield ""
    yield "Share of the facts in each fifth of the forecasts (PIT); 20 % each if the doubt is right:"
    yield ""
    yield from markdown(pd.DataFrame(lines))


def _several(study: Study) -> Iterator[str]:
    """Chains together, ranks, events."""
    titles = {
        "joint": ("Chains' output together, log points", ["period", "chains"], ["energy", "variogram"]),
        "ranks": ("Ranks of counties, Kendall's tau", ["variable", "period", "counties"], ["tau", "tau_of_changes"]),
    }
    for name, (title, about, values) in titles.items():
        table = study.tables[name]
        yield f"## {title}"
        yield ""
        shown = table[["origin", "mode", "forecaster", *about, *values]] if len(table) else table
        words = shown.assign(**{value: shown[value].map(lambda x: number(x, 2)) for value in values}) if len(table) else table
        yield from markdown(words)
    yield "## Probabilities of events: Brier score"
    yield ""
    events = brier_table(study.tables["events"])
    for column in ("happened", "brier", "reliability", "resolution") if len(events) else ():
        events[column] = events[column].map(lambda x: number(x, 3))
    yield from markdown(events.drop(columns="kind") if len(events) else events)


def _silence(study: Study) -> Iterator[str]:
    """Who could not answer how many cases, and why most often."""
    yield "## Who could not answer"
    yield ""
    gone, scores = study.tables["unanswered"], study.tables["scores"]
    asked = scores[scores["kind"] == "ours"].groupby("origin")["case"].nunique()
    lines = []
    for (origin, name), part in gone.groupby(["origin", "forecaster"], sort=False) if len(gone) else ():
        why = part["why"].mode().iloc[0]
        count = part["case"].nunique()
        lines.append(
            {"origin": origin, "forecaster": name, "not answered": f"{count} of {asked[origin]}", "most often": why}
        )
    yield from markdown(pd.DataFrame(lines))
    for sentence in failures(study):
        yield f"- {sentence}"
    yield ""

