"""The record of a back-test as Markdown: marks, losses first, ours beside every rival, and who could not answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.experiment.backtest.marks import Mark, summary
from sim.experiment.backtest.plan import MODES, POOLS
from sim.experiment.backtest.pooling import ALL, VERDICTS, WINS, brier_table
from sim.experiment.backtest.study import Study
from sim.report.backtest import failures, losses, marks_table, mean_lines, number, percent, plain, skill_words

HEADING = "# Forecast record\n"


def to_markdown(study: Study, figures: Sequence[str] = (), heading: str = HEADING) -> str:
    """The record of a back-test.

    Args:
        study: what came of it.
        figures: names of figures to show.
        heading: first line.
    """
    scores = study.tables["scores"]
    against, found = study.skills, study.marks
    parts = [heading, *_opening(study), "## Marks", "", *markdown(_marks_summary(found)), *markdown(marks_table(found))]
    parts += ["## Wins and losses", "", *markdown(_counts(against))]
    parts += ["## Where it loses", "", *(f"- {sentence}" for sentence in losses(against)), ""]
    won = against[(against["verdict"] == WINS) & (against["group"] == ALL)] if len(against) else against
    if len(won):
        parts += ["## Where it wins beyond luck", "", *(f"- {sentence}" for sentence in _won(won)), ""]
    origins = [str(origin["origin"]) for origin in study.manifest["origins"]]
    for origin in [*origins, *([ALL] if len(origins) > 1 else [])]:
        parts += _of_origin(study, origin, against, scores)
    parts += [*_calibration(scores), *_several(study), *_silence(study)]
    parts += [line for name in figures for line in (f"![{Path(name).stem.replace('_', ' ')}]({name})", "")]
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
    digests = {name: told[f"{name}_sha256"][:16] for name in ("code", "data", "facts")}
    yield (
        f"Made by `ningde backtest`, {told['code_version']}, code {digests['code']}, data {digests['data']}, facts "
        f"{digests['facts']} ({', '.join(told['facts_files'])}). Scored under {rule}. Scenario "
        f"{told['scenario']['name']}, {told['members']} members, {told['null_members']} of each null version; dates by "
        f"the rule of the {told['rule']}."
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


def _counts(against: pd.DataFrame) -> pd.DataFrame:
    """How many comparisons of all horizons had which verdict, by origin, world and kind of rival."""
    if not len(against):
        return against
    whole = against[(against["group"] == ALL) & (against["horizon"] == ALL)]
    lines = []
    for (origin, mode, kind), part in whole.groupby(["origin", "mode", "kind"], sort=False):
        counts = part["verdict"].value_counts()
        told = {"origin": origin, "world": mode, "against": "null versions" if kind == "null" else "rivals"}
        lines.append(told | {word: int(counts.get(word, 0)) for word in VERDICTS})
    return pd.DataFrame(lines)


def _won(won: pd.DataFrame) -> Iterator[str]:
    """Sentences about what is won, all horizons."""
    for _, row in won[won["horizon"] == ALL].iterrows():
        where = "all origins" if row["origin"] == ALL else f"{row['origin']}"
        told = f"beats {plain(row['rival'])}, skill {skill_words(row)}"
        yield f"From {where}, {row['mode']} world, {row['pool']}: {told}."


def _of_origin(study: Study, origin: str, against: pd.DataFrame, scores: pd.DataFrame) -> Iterator[str]:
    """Ours beside every rival by horizon, by group, and mean scores."""
    yield "## All origins together" if origin == ALL else f"## From {origin}"
    yield ""
    if origin != ALL:
        yield from _known(next(each for each in study.manifest["origins"] if each["origin"] == origin))
    here = against[against["origin"] == origin] if len(against) else against
    if len(here):
        yield "Skill by horizon in years, [cases of both]; p of the Diebold-Mariano test over years:"
        yield ""
        yield from markdown(_wide(here[here["group"] == ALL], "horizon"))
        yield "Skill by group, all horizons:"
        yield ""
        yield from markdown(_wide(here[here["group"] != ALL], "group"))
    if origin != ALL:
        yield "Mean scores of the cases that each answered:"
        yield ""
        yield from markdown(mean_lines(scores, origin))


def _known(told: dict[str, Any]) -> Iterator[str]:
    """What an origin knew."""
    posterior = told["posterior"]
    where = "no posterior" if posterior is None else f"the posterior {posterior['name']} ({posterior['sha256'][:16]})"
    yield (
        f"{told['cases']} figures asked, {told['known']} known, {len(told['neither'])} neither (of earlier times, "
        f"printed later). Parameters from {where}; {len(told['drawn'])} that rest on later facts drawn from their "
        f"ranges. {len(told['omitted'])} policies or dated values off."
    )
    yield ""


def _wide(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """A row each world, scale and rival, a column each horizon or group."""
    columns = sorted(rows[by].unique(), key=lambda word: (word == ALL, word))
    columns = columns[:1] if len(columns) == 2 and ALL in columns else columns  # one horizon is all of them
    place = rows["mode"].map(list(MODES).index), rows["pool"].map(list(POOLS).index)
    ordered = rows.assign(_mode=place[0], _pool=place[1]).sort_values(["_mode", "_pool"], kind="stable")
    lines = []
    for (mode, pool, rival), part in ordered.groupby(["mode", "pool", "rival"], sort=False):
        line = {"world": mode, "scale": pool, "rival": plain(str(rival))}
        cells = {str(row[by]): f"{skill_words(row)} [{row['cases']}] {row['verdict']}" for _, row in part.iterrows()}
        line |= {column: cells.get(column, "") for column in columns}
        whole = part[part[by] == ALL]
        lines.append(line | ({"p": number(float(whole["p"].iloc[0]), 2)} if len(whole) else {}))
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
        table = table[table["kind"] != "paired"] if len(table) else table
        if len(table):
            table = table[["origin", "mode", "forecaster", *about, *values]]
            words = {value: table[value].map(lambda x: number(x, 2)) for value in values}
            table = table.assign(**words, forecaster=table["forecaster"].map(plain))
        yield from markdown(table)
    yield "## Probabilities of events: Brier score of ours"
    yield ""
    events = study.tables["events"]
    events = brier_table(events[events["kind"] == "ours"]) if len(events) else events
    for column in ("happened", "brier", "reliability", "resolution") if len(events) else ():
        events[column] = events[column].map(lambda x: number(x, 3))
    yield from markdown(events.drop(columns=["kind", "forecaster"]) if len(events) else events)


def _silence(study: Study) -> Iterator[str]:
    """Who could not answer how many cases, and why most often."""
    yield "## Who could not answer"
    yield ""
    gone, scores = study.tables["unanswered"], study.tables["scores"]
    asked = scores[scores["kind"] == "ours"].groupby("origin")["case"].nunique().to_dict()
    lines = []
    for (origin, name), part in gone.groupby(["origin", "forecaster"], sort=False) if len(gone) else ():
        why = part["why"].mode().iloc[0]
        count = part["case"].nunique()
        lines.append(
            {
                "origin": origin,
                "forecaster": plain(str(name)),
                "not answered": f"{count} of {asked[str(origin)]}",
                "most often": why,
            }
        )
    yield from markdown(pd.DataFrame(lines))
    for sentence in failures(study):
        yield f"- {sentence}"
    yield ""
