"""What ``ningde explain`` prints and writes: funnel, who came and why there, chains of the leaders, limits, decisions.

Readable from 80 columns on; wider terminals get the reasons beside the counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any, TextIO

import numpy as np
import pandas as pd
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable
from rich.text import Text

from sim import data
from sim.experiment.explanation import DATED, DECIDED, ChainMap, Explanation
from sim.experiment.witness import REST, TASTE, TERMS
from sim.limits import LIMITS, OTHER
from sim.parameters import suggestion
from sim.report.style import month_name, opening_sentence
from sim.results.tables import harmless

NARROW, WIDTH = 80, 118
"""Least columns of the report, and columns where there is no terminal; a wider terminal is not filled."""

NOTHING = "-"

LARGEST = 10
"""Projects of each kind that are told one by one."""

WEIGHTY = 0.05
"""Difference of utility below which a term is not worth telling (about one part in twelve of the odds of a park)."""

GROUP_NAMES: Mapping[str, str] = {
    "BAT": "batteries", "NEV": "vehicles", "SST": "stainless", "CU": "copper", OTHER: "other industry",
}  # fmt: skip

TERM_NAMES: Mapping[str, str] = {
    **TERMS, "zoning": "city plan", "service": "service teams", REST: "other terms", TASTE: "own taste (luck)",
}  # fmt: skip

COUNT_HEADINGS: Mapping[str, str] = {
    "candidates": "candi-\ndates",
    "leads": "\nleads",
    "own": "own\nplants",
    "lost": "\nlost",
    "signed": "\nsigned",
    "failed": "\nfailed",
    "waiting": "wait-\ning",
    "building": "build-\ning",
    "producing": "produ-\ncing",
}
"""Columns of every funnel; the other counts stand in the CSV and, where there is room, beside them."""

WIDE_HEADINGS: Mapping[str, str] = {
    "closed_since": "closed\nsince",
    "lost_no_room": "lost:\nno room",
    "lost_refused": "lost:\nrefused",
    "lost_elsewhere": "lost:\nelsewhere",
}

SHORT_LIMITS: Mapping[str, str] = {
    "demand": "de-\nmand", "sourcing": "sour-\ncing", "suppliers": "sup-\npliers", "land": "\nland",
    "permits": "per-\nmits", "builders": "buil-\nders", "building": "buil-\nding", "labour": "la-\nbour",
    "energy": "ener-\ngy", "money": "\nmoney", "pace": "\npace", "leaders": "lead-\ners",
}  # fmt: skip


# --- what is asked for ------------------------------------------------------------------------------------------------


def leader_codes() -> dict[str, str]:
    """Names of the leaders by code."""
    return {row["code"]: row["name"] for row in data.rows("leaders.csv")}


def leader_of(word: str) -> str:
    """Code of the leader that a word means: its code, its name or the first word of its name, in any case.

    Raises:
        ValueError: there is no such leader; the message names the nearest.
    """
    known = leader_codes()
    names: dict[str, str] = {}
    for code, name in known.items():
        names |= {code.lower(): code, name.lower(): code, name.split()[0].lower(): code}
    if word.lower() in names:
        return names[word.lower()]
    words = tuple(dict.fromkeys([*known, *(name.split()[0] for name in known.values()), *known.values()]))
    choice = ", ".join(f"{code} ({name})" for code, name in known.items())
    raise ValueError(f"no leader is called {word!r}{suggestion(word, words)}; choose from {choice}")


def county_of(word: str, known: Sequence[str]) -> str:
    """The county that a word means, in any case.

    Raises:
        ValueError: there is no such county; the message names the nearest.
    """
    for name in known:
        if name.lower() == word.lower():
            return name
    near = suggestion(word, tuple(known))
    raise ValueError(f"no county is called {word!r}{near}; choose one of {', '.join(known)}")


# --- the printed report -----------------------------------------------------------------------------------------------


def print_explanation(
    found: Explanation,
    county: str | None = None,
    leader: str | None = None,
    files: Sequence[Path] = (),
    file: TextIO | None = None,
    width: int | None = None,
) -> None:
    """Print the report.

    Args:
        found: what happened.
        county: tell of this county only.
        leader: code of the leader whose chain and plants alone are told.
        files: what was written.
        file: where to print; standard output if not given.
        width: columns; those of the terminal between 80 and 118 if not given.
    """
    console = Console(file=file, highlight=False)
    console.width = width or (min(max(console.width, NARROW), WIDTH) if console.is_terminal else WIDTH)
    report = _Report(console)
    report.heading(found, county, leader)
    if leader is None:
        report.funnels(found, county)
        report.limits(found, county)
    report.came(found, county, leader)
    if county is None:
        report.chains(found, leader)
    report.decisions(found, county, leader)
    if files:
        report.say(f"Written to {files[0].parent}: {', '.join(path.name for path in files)}")


class _Report:
    """The parts of the report, printed in turn."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.wide = console.width >= WIDTH

    def say(self, text: str, indent: str = "", first: str | None = None, style: str = "") -> None:
        """A paragraph, wrapped at the width."""
        lead = indent if first is None else first
        wrapped = fill(text, self.console.width, initial_indent=lead, subsequent_indent=indent, break_on_hyphens=False)
        self.console.print(Text(wrapped, style=style), soft_wrap=True)

    def section(self, title: str) -> None:
        """A heading."""
        self.console.print()
        self.say(title, style="bold")

    def table(self, first: str, headings: Mapping[str, str], rows: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Labels on the left, figures to their right."""
        gap = 1 if self.wide else 0
        table = RichTable(box=box.SIMPLE_HEAD, padding=(0, gap, 0, 0), pad_edge=False, show_edge=False)
        table.add_column(f"\n{first}", no_wrap=True)
        for heading in headings.values():
            table.add_column(heading, justify="right", no_wrap=True)
        for label, cells in rows:
            table.add_row(escape(label), *cells)
        self.console.print(table)

    # --- parts

    def heading(self, found: Explanation, county: str | None, leader: str | None) -> None:
        """What was run."""
        about = county or (leader_codes()[leader] if leader else "Ningde")
        self.say(
            f"Who came, where and why: {about}, {month_name(found.start)} to {month_name(found.until)}", style="bold"
        )
        self.say(
            f"scenario {found.scenario}, seed {found.seed}; facts known until {month_name(found.known_until)}; "
            "money at 2018 prices"
        )
        self.say(f"{opening_sentence(found.origin)} A projection given stated demand and policy, not a forecast.")

    def funnels(self, found: Explanation, county: str | None) -> None:
        """The funnel by way in, by chain and by county."""
        headings = {**COUNT_HEADINGS, **(WIDE_HEADINGS if self.wide else {})}
        if county is not None:
            self.section(f"Projects of {county} by way in, from signing on")
            kept = ["signed", "failed", "waiting", "building", "producing", "closed_since"]
            own = {name: text for name, text in {**COUNT_HEADINGS, **WIDE_HEADINGS}.items() if name in kept}
            self.table("way in", own, _count_rows(county_funnel(found, county), own))
            return
        self.section("The funnel: from candidates to plants")
        by_way = {name: text for name, text in headings.items() if name != "own"}
        frame = found.funnel.copy()
        frame.loc["all"] = frame.sum()
        self.table("way in", by_way, _count_rows(frame, by_way))
        self.say(
            "Candidates are drawn before any policy is read; promotion makes leads of some; a lead is signed or lost. "
            "Candidates of grafts are counted with their channel. Plants of leaders come without a lead."
        )
        lost = found.funnel[["lost_no_room", "lost_refused", "lost_elsewhere"]].sum()
        self.say(
            f"Why leads were lost: no park had room or a port {lost.iloc[0]:.0f}, county or city plan refused "
            f"{lost.iloc[1]:.0f}, another place was better {lost.iloc[2]:.0f}."
        )
        self.console.print()
        frame = found.by_chain.rename(index=dict(GROUP_NAMES))
        columns = {name: text for name, text in headings.items() if not name.startswith("lost_")}
        self.table("chain", columns, _count_rows(frame, columns))
        self.console.print()
        columns = {
            name: text for name, text in headings.items() if not name.startswith(("lost", "cand", "lead", "own"))
        }
        frame = found.by_county.assign(bn=found.by_county["investment_signed_m_yuan"] / 1000.0)
        columns |= {"bn": "signed,\nbn yuan"}
        self.table("county, from signing on", columns, _count_rows(frame, columns, {"bn": 1}))

    def limits(self, found: Explanation, county: str | None) -> None:
        """What output was missing each year, and what it waited for."""
        missing = found.missing if county is None else found.missing[found.missing["county"] == county]
        yearly = _pivot(missing, "year")
        self.section(f"What limited growth{'' if county is None else f' in {county}'}: missing output, bn yuan a year")
        shown = [name for name in LIMITS if yearly[name].max() >= 0.05]
        names = {name: SHORT_LIMITS[name] for name in shown}
        self.table("year", {**names, "all": "\nall"}, _limit_rows(yearly, shown))
        last = int(yearly.index[-1])
        for key in ("group", "county") if county is None else ("group",):
            self.console.print()
            frame = _pivot(missing[missing["year"] == last], key)
            frame = frame.rename(index=dict(GROUP_NAMES)) if key == "group" else frame
            self.table(f"{key}, {last}", {**names, "all": "\nall"}, _limit_rows(frame, shown))
        self.console.print()
        for name in shown:
            self.say(LIMITS[name] + ".", indent=" " * 11, first=f"{name:<10} ", style="dim")
        zero = [name for name in LIMITS if name not in shown]
        if zero:
            self.say(f"Nothing worth telling: {', '.join(zero)}.", style="dim")
        self.say(
            "Missing: capacity nobody used, orders nobody could fill, output announced and not yet there, chain goods "
            "bought outside. Every yuan is counted once. Plants are planned at 85 % use: some idle capacity is normal.",
            style="dim",
        )

    def came(self, found: Explanation, county: str | None, leader: str | None) -> None:
        """The projects that count, with the terms that decided."""
        for title, rows in chosen_projects(found, county, leader).items():
            if len(rows):
                self.section(title)
            for _, row in rows.iterrows():
                self._project(found, row)
        if leader is None:
            self.console.print()
            self.say(
                "Figures behind a reason: utility of the park less the mean of the other parks open to the project, by "
                "term. Taste is the luck of the project: the park it likes most wins, so taste mostly counts most.",
                style="dim",
            )

    def _project(self, found: Explanation, row: pd.Series) -> None:
        """A project in two or three lines."""
        what = row["name"] or row["label"]
        made = f" ({row['label']})" if row["name"] else ""
        where = row["park"] if row["county"] in row["park"] else f"{row['park']}, {row['county']}"
        amount = row["investment_m_yuan"] / 1000.0
        self.say(
            f"{what}{made}, {where}: {amount:,.{1 if amount >= 1 else 2}f} bn yuan, {_state(row)}",
            indent=" " * 10,
            first=f"{month_name(row['came'])}  ",
        )
        self.say(f"{_sponsored(row)}; {reasons(found, row)}", indent=" " * 10, style="dim")

    def chains(self, found: Explanation, leader: str | None) -> None:
        """The chain of each leader: needs, and how they are met."""
        for code, chain in found.maps.items():
            if leader in (None, code):
                self._chain(found, chain)
        for code, name in found.absent.items():
            if leader in (None, code):
                self.section(f"The chain of {name}")
                self.say(f"It has no plant in Ningde by {month_name(found.until)}.")

    def _chain(self, found: Explanation, chain: ChainMap) -> None:
        """One chain as a table."""
        self.section(f"The chain of {chain.name}, {month_name(found.until)}: bn yuan a year")
        made = "; ".join(
            f"{label}: makes {output / 1000:,.1f}, could make {capacity / 1000:,.1f}"
            for label, output, capacity in chain.products
        )
        self.say(made + ("." if np.isnan(chain.orders) else f". Its market orders {chain.orders / 1000:,.1f}."))
        headings = {
            "need": "\nneed", "home": "bought\nhere", "could": "could\nbe", "coming": "com-\ning", "gap": "\ngap",
            "outside": "bought\noutside",
        }  # fmt: skip
        if self.wide:
            headings |= {
                "qualified_capacity": "capacity\nqualified",
                "suppliers": "firms\nhere",
                "projects_coming": "projects\ncoming",
            }
        rows = []
        for _, line in chain.inputs.iterrows():
            counted = ("suppliers", "projects_coming")
            plain = {n: f"{line[n]:,.0f}" if n in counted else amount_in_bn(line[n]) for n in headings}
            if not line["chain"]:
                plain |= dict.fromkeys(
                    ("could", "coming", "gap", "qualified_capacity", "suppliers", "projects_coming"), ""
                )
            rows.append((_short(line["label"], 34), [plain[name] for name in headings]))
        self.table("input", headings, rows)
        self.say(
            "could be: idle capacity of qualified home firms; coming: signed projects; both shared among all home "
            "buyers. gap: nobody here makes it or will. Inputs of no chain have no gap.",
            style="dim",
        )

    def decisions(self, found: Explanation, county: str | None, leader: str | None) -> None:
        """The decision log, one line a kind of decision."""
        log = found.decisions
        if county is not None:
            log = log[(log["agent"] == county) | log["decision"].str.contains(county, regex=False)]
        if leader is not None:
            log = log[log["agent"] == leader_codes()[leader]]
        lines = condensed(log)
        self.section("What was decided (the last of each kind)")
        if not len(lines):
            self.say("Nothing was decided that the log tells.")
        for _, line in lines.iterrows():
            often = month_name(line["last"]) if line["times"] == 1 else (
                f"{line['times']} times, {month_name(line['first'])} to {month_name(line['last'])}, last"
            )  # fmt: skip
            self.say(f"{line['agent']} ({often}): {line['decision']}", indent="    ", first="")


# --- parts of sentences -----------------------------------------------------------------------------------------------


def _count_rows(
    frame: pd.DataFrame, columns: Mapping[str, str], digits: Mapping[str, int] | None = None
) -> list[tuple[str, list[str]]]:
    """Rows of counts."""
    digits = digits or {}
    return [
        (str(label), [_number(line[name], digits.get(name, 0)) for name in columns]) for label, line in frame.iterrows()
    ]


def _limit_rows(frame: pd.DataFrame, shown: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Rows of missing output in bn yuan with their sum."""
    return [
        (str(label), [*(amount_in_bn(line[name] * 1000) for name in shown), amount_in_bn(line.sum() * 1000)])
        for label, line in frame.iterrows()
    ]


def _pivot(missing: pd.DataFrame, key: str) -> pd.DataFrame:
    """Missing output in bn yuan by a key and by limit, in the order of the record."""
    order = dict.fromkeys(missing[key])
    table = missing.pivot_table(index=key, columns="limit", values="m_yuan", aggfunc="sum") / 1000.0
    return table.reindex(index=list(order), columns=list(LIMITS))


def _number(value: float, digits: int) -> str:
    """A number; a dash where there is nothing to count."""
    return NOTHING if np.isnan(value) else f"{value:,.{digits}f}"


def amount_in_bn(value: float) -> str:
    """M yuan as bn yuan in three figures; nothing as a point."""
    amount = value / 1000.0
    return "." if abs(amount) < 0.005 else f"{amount:,.2f}" if abs(amount) < 10 else f"{amount:,.1f}"


def _short(label: str, most: int) -> str:
    """A label of at most so many letters, cut at a word."""
    if len(label) <= most:
        return label
    cut = label[: most + 1].rsplit(" ", 1)[0].rstrip(",")
    return cut.removesuffix(" and")


def _state(row: pd.Series) -> str:
    """Where a project stands."""
    if row["stage"] == "producing":
        closed = ", closed since" if row["closed_since"] else ""
        return f"producing since {month_name(row['produced'])}{closed}"
    return str(row["stage"])


def _sponsored(row: pd.Series) -> str:
    """How a project came."""
    owner = row["leader"] or row["sponsor"]
    if row["leader"]:
        return f"plant of {owner}"
    return f"{row['way']}, vouched for by {owner}" if owner else str(row["way"])


def reasons(found: Explanation, row: pd.Series) -> str:
    """Why a project stands where it stands, in words."""
    if row["way"] == DATED:
        return "site as published"
    if row["way"] == DECIDED:
        return _site_sentence(found, row)
    if row["way"].startswith("grafts"):
        return "enlarges a firm on its own plot"
    if row["way"] == "normal entry":
        return "takes a plot where its trade is"
    if row["open_parks"] == 1:
        return "the only park open to it"
    terms = {name: float(row[f"why_{name}"]) for name in found.terms}
    heavy = {name: value for name, value in terms.items() if abs(value) >= WEIGHTY}
    best = sorted((name for name in heavy if heavy[name] > 0), key=lambda name: -heavy[name])[:3]
    worst = sorted((name for name in heavy if heavy[name] < 0), key=lambda name: heavy[name])[:2]
    told = ", ".join(f"{TERM_NAMES.get(name, name)} {heavy[name]:+.2f}" for name in best)
    against = ", ".join(f"{TERM_NAMES.get(name, name)} {heavy[name]:+.2f}" for name in worst)
    others = f"against {int(row['open_parks']) - 1} other parks: "
    return others + (told or "nothing stands out") + (f"; in spite of {against}" if against else "")


def _site_sentence(found: Explanation, row: pd.Series) -> str:
    """What a leader wrote to the log when it chose a site."""
    log = found.decisions
    name = leader_codes()[row["leader"]]
    same = log[(log["month"] == row["came"]) & (log["agent"] == name) & log["decision"].str.startswith("builds at")]
    return str(same["decision"].iloc[0]) if len(same) else "site as the leader chose"


# --- choices ----------------------------------------------------------------------------------------------------------


def county_funnel(found: Explanation, county: str) -> pd.DataFrame:
    """The funnel of one county by way in, from signing on."""
    mine = found.projects[(found.projects["county"] == county) & (found.projects["signed"] != "")]
    stage = mine["stage"]
    waits = stage.isin(["waiting for land", "in requisition and permits"])
    parts = {
        "signed": pd.Series(True, index=mine.index),
        "failed": stage == "failed",
        "waiting": waits,
        "building": stage == "being built",
        "producing": stage == "producing",
        "closed_since": mine["closed_since"],
    }
    counts = pd.DataFrame(parts).astype(float).groupby(mine["way"]).sum()
    frame = counts.reindex(list(found.funnel.index), fill_value=0.0)
    frame.loc["all"] = frame.sum()
    return frame


def chosen_projects(found: Explanation, county: str | None, leader: str | None) -> dict[str, pd.DataFrame]:
    """Projects worth telling one by one, by heading: largest, first of each chain, plants of the leaders."""
    table = found.projects[found.projects["signed"] != ""]
    if county is not None:
        table = table[table["county"] == county]
    if leader is not None:
        table = table[(table["leader"] == leader) | (table["sponsor"] == leader)]
    own = table["leader"] != ""
    stays = table["stage"] != "failed"
    largest = table[~own & stays].nlargest(LARGEST, "investment_m_yuan")
    decided = table[table["way"] == DECIDED]
    several = f" (the {LARGEST} largest of {len(decided)})" if len(decided) > LARGEST else ""
    return {
        "The first in each chain": table[table["first_of_chain"]] if leader is None else table.iloc[:0],
        "The largest that came" if leader is None else "The largest suppliers that came for it": largest,
        "Plants of the leaders, as published": table[table["way"] == DATED],
        f"Plants that leaders decided on in the run{several}": decided.nlargest(
            LARGEST, "investment_m_yuan"
        ).sort_index(),
    }


def condensed(log: pd.DataFrame) -> pd.DataFrame:
    """The decision log with one row an agent and kind of decision (its words before the first figure or name).

    Returns:
        agent, times, first, last (months) and the last decision.
    """
    kind = log["decision"].map(lambda text: " ".join(re.split(r"[:\d(]", text)[0].split()[:2]))
    grouped = log.assign(kind=kind).groupby(["agent", "kind"], sort=False)
    rows = grouped.agg(
        times=("month", "size"), first=("month", "first"), last=("month", "last"), decision=("decision", "last")
    )
    return rows.reset_index().drop(columns="kind").sort_values("agent", kind="stable").reset_index(drop=True)


# --- files ------------------------------------------------------------------------------------------------------------


def tables(found: Explanation) -> dict[str, pd.DataFrame]:
    """Every table by name of its file, with scenario, seed and month in front."""
    funnel = [
        frame.rename_axis("key").reset_index().assign(by=by)
        for by, frame in {"way": found.funnel, "chain": found.by_chain, "county": found.by_county}.items()
    ]
    maps = [chain.inputs.assign(leader=code) for code, chain in found.maps.items()]
    frames: dict[str, Any] = {
        "funnel": _first(pd.concat(funnel, ignore_index=True), "by"),
        "projects": found.projects,
        "limits": found.missing,
        "decisions": found.decisions,
    }
    if maps:
        frames["chains"] = _first(pd.concat(maps, ignore_index=True), "leader")
    frames = {name: frame.copy() for name, frame in frames.items()}
    for frame in frames.values():
        for at, (name, value) in enumerate(
            {"scenario": found.scenario, "seed": found.seed, "until": found.until}.items()
        ):
            frame.insert(at, name, value)
    return frames


def _first(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The frame with a column moved to the front."""
    return frame[[column, *(name for name in frame if name != column)]]


def save_tables(found: Explanation, folder: Path) -> list[Path]:
    """Write every table as CSV; texts are harmless to a spreadsheet. Their paths."""
    paths = []
    for name, frame in tables(found).items():
        texts = frame.select_dtypes(include=["object", "string"]).columns
        safe = frame.assign(**{text: frame[text].map(lambda cell: harmless(str(cell))) for text in texts})
        path = folder / f"{name}.csv"
        path.write_text(safe.to_csv(index=False, lineterminator="\n", float_format="%.8g"), encoding="utf-8")
        paths.append(path)
    return paths
