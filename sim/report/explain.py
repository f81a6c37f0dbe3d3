"""What ``ningde explain`` prints and writes: funnel, who came and why there, chains of the leaders, limits, decisions.

Readable from 80 columns on; wider terminals get the reasons beside the counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill, wrap
from typing import Any, TextIO

import numpy as np
import pandas as pd
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable
from rich.text import Text

from sim import data
from sim.experiment.explanation import DATED, DECIDED, GRAFTS, ChainMap, Explanation
from sim.experiment.witness import CHOICE, CLOSED, LUCK, ODDS, REST, ROOM, TASTE, TERMS
from sim.limits import LIMITS, OTHER
from sim.parameters import suggestion
from sim.report.style import PREFECTURE, month_name, opening_sentence
from sim.results.tables import harmless
from sim.results.variables import CITY_LEVEL

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
    **TERMS, "zoning": "city plan", "service": "service teams", "talent": "talent", REST: "other terms",
    TASTE: "own taste (luck)",
}  # fmt: skip

COUNT_HEADINGS: Mapping[str, str] = {
    "candidates": "in the\npool",
    "leads": "leads",
    "own": "own\nplants",
    "lost": "lost",
    "signed": "signed",
    "failed": "failed",
    "waiting": "waiting",
    "building": "being\nbuilt",
    "producing": "began to\nproduce",
}
"""Columns of every funnel; the other counts stand in the CSV and, where there is room, beside them."""

WIDE_HEADINGS: Mapping[str, str] = {
    "closed_since": "of these\nclosed",
    "lost_no_room": "lost:\nno room",
    "lost_refused": "lost:\nrefused",
    "lost_elsewhere": "lost:\nelsewhere",
}

SHORT_LIMITS: Mapping[str, str] = {name: name.replace(" ", "\n") for name in LIMITS}
"""Headings of the limits: whole words."""

ODDS_HEADINGS: Mapping[str, str] = {
    LUCK: "own\nluck",
    "buyers": "buyers\nnear by",
    "suppliers": "suppliers\nnear by",
    "peers": "own\ntrade",
    "minutes": "distance\nto leader",
    "rent": "land\nprice",
    "wage": "wages",
    "incentive": "grants",
    "port": "port",
    "service": "service\nteams",
    "zoning": "city\nplan",
    "talent": "talent",
    REST: "other\nterms",
    CHOICE: "few good\nparks",
    ROOM: "no room\nin parks",
    CLOSED: "parks\nclosed",
    ODDS: "even\nodds",
}
"""Headings of what spoke for and against signing, see :mod:`sim.experiment.witness`."""

FAILURE_HEADINGS: Mapping[str, str] = {
    "failed": "failed",
    "in_signed": "waiting\nfor land",
    "in_land": "in\npermits",
    "with_firm": "with its\nfirm",
    "base": "base\nhazard",
    "pressure": "plan\npressure",
    "unpaid": "grants\nunpaid",
}

INITIALS = ("CATL", "ATL", "SAIC")
"""Codes that are also what the public calls the firm."""

LIMITS_IN_THE_NARROW = 6
"""Limits that have a column of their own on a narrow page: the largest; the others stand together."""

MILESTONES = (2015, 2019, 2021, 2025, 2030)
"""Years of the county table beside the last: ends of five-year plans, of the news of 2019 and of the facts of 2021."""


# --- what is asked for ------------------------------------------------------------------------------------------------


def leader_codes() -> dict[str, str]:
    """Names of the leaders by code."""
    return {row["code"]: row["name"] for row in data.rows("leaders.csv")}


def file_name(code: str) -> str:
    """A leader in the name of a file: known initials as they are, else the first words of the name."""
    if code in INITIALS:
        return code.lower()
    words = leader_codes()[code].split(",")[0].lower().removesuffix(" group").split()
    return "_".join(words[:2])


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
        if county is None:
            report.losses(found)
            report.failures(found)
        report.limits(found, county)
        report.money(found, county)
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

    def table(
        self,
        first: str,
        headings: Mapping[str, str],
        rows: Sequence[tuple[str, Sequence[str]]],
        tall: bool = False,
    ) -> None:
        """Labels on the left, figures to their right; what is too wide for the page goes on below with its labels.

        Args:
            first: heading of the labels.
            headings: of the columns.
            rows: label and cells of each row; cells may have several lines; a row without a label is a rule.
            tall: leave a line between rows.
        """
        titles = list(headings.values())
        widths = [_width([title, *(cells[at] for _, cells in rows if cells)]) for at, title in enumerate(titles)]
        room = self.console.width - _width([first, *(label for label, _ in rows)])
        gap = 1 if sum(width + 2 for width in widths) <= room else 0
        blocks: list[list[int]] = [[]]
        for at, width in enumerate(widths):
            if blocks[-1] and sum(widths[each] + 1 + gap for each in blocks[-1]) + width + 1 + gap > room:
                blocks.append([])
            blocks[-1].append(at)
        for number, block in enumerate(blocks):
            table = RichTable(
                box=box.SIMPLE_HEAD, padding=(0, gap, 0, 0), pad_edge=False, show_edge=False, leading=int(tall)
            )
            lines = max(titles[at].count("\n") for at in block)
            table.add_column("\n" * lines + first, no_wrap=True)
            for at in block:
                table.add_column("\n" * (lines - titles[at].count("\n")) + titles[at], justify="right", no_wrap=True)
            for label, cells in rows:
                if not label:
                    table.add_section()
                else:
                    table.add_row(escape(label), *(cells[at] for at in block))
            if number:
                self.console.print()
            self.console.print(table)

    # --- parts

    def heading(self, found: Explanation, county: str | None, leader: str | None) -> None:
        """What was run."""
        about = county or (leader_codes()[leader] if leader else PREFECTURE)
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
            "The pool: candidates drawn before any policy is read; promotion makes leads of some; a lead is signed or "
            "lost. Candidates of grafts are counted with their channel. Plants of leaders come without a lead."
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

    def losses(self, found: Explanation) -> None:
        """Why leads were lost, and what told against Ningde."""
        lost = found.funnel[["lost_no_room", "lost_refused", "lost_elsewhere"]].sum()
        self.section("Why leads were lost")
        self.say(
            f"No park had room or a port: {lost.iloc[0]:,.0f}. County, city plan or power grid refused: "
            f"{lost.iloc[1]:,.0f}. Another place was better: {lost.iloc[2]:,.0f}, by what told most against "
            f"{PREFECTURE}:"
        )
        self.console.print()
        causes = _by_way_and_chain(found.causes)
        causes = causes[causes[list(found.odds)].sum(axis=1) > 0]
        shown = [name for name in _ordered(found.odds) if causes[name].sum() > 0]
        causes = causes.assign(all=causes[list(found.odds)].sum(axis=1))
        headings = {"all": "lost to\nothers"} | {name: _odds_heading(name) for name in shown}
        self.table("way in, chain", headings, _parted(_count_rows(causes, headings), found.causes, causes))
        self.say(
            f"Own luck: all in all {PREFECTURE} was no worse for the lead than other places; between equals "
            f"{_even_odds(found):.0%} sign, by the luck of the lead. Other columns: {PREFECTURE} was worse, this told "
            "most. "
            "Few good parks: little to choose from beside the best. No room: good parks without land. Parks closed: by "
            "county or city plan, or because a spin-off stays in its county.",
            style="dim",
        )
        self.console.print()
        against = _by_way_and_chain(found.against)
        against = against[against.notna().all(axis=1) & (against.index != GRAFTS)]
        shown = [name for name in _ordered(found.odds) if np.abs(against[name]).max() >= 0.005]
        order = [*(name for name in shown if name not in (LUCK, ODDS)), LUCK]
        headings = {name: _odds_heading(name) for name in order}
        if not len(against):
            return
        self.say(
            f"What spoke for (+) and against (-) {PREFECTURE} with these leads, mean utility against other places:"
        )
        self.console.print()
        rows = [(str(label), [_signed(line[name]) for name in headings]) for label, line in against.iterrows()]
        self.table("way in, chain", headings, _parted(rows, found.against, against))
        self.say(
            f"Other places: as {PREFECTURE} was at the opening, for the same product; they match part of the grants, "
            "which is "
            "taken off those here. Terms are means over the parks, by their chance to be chosen. With the odds between "
            f"equals, {_signed(float(against[ODDS].iloc[0]))}, a line sums to less than 0: these leads were lost. "
            "0.25 move the odds of signing by about a quarter.",
            style="dim",
        )

    def failures(self, found: Explanation) -> None:
        """Why signed projects never began to build."""
        frame = _by_way_and_chain(found.failures)
        frame = frame[frame["failed"] > 0]
        if not len(frame):
            return
        self.section("Why signed projects failed before production")
        shown = {name: text for name, text in FAILURE_HEADINGS.items() if name != "with_firm" or frame[name].sum() > 0}
        digits = dict.fromkeys(("base", "pressure", "unpaid"), 1)
        self.table("way in, chain", shown, _parted(_count_rows(frame, shown, digits), found.failures, frame))
        closed = " With its firm: a graft whose firm closed." if "with_firm" in shown else ""
        self.say(
            "Where they stood; then what made them fail: shares of the hazard they lived with, added up. Plan "
            "pressure: signed in haste, for the plan of the year lagged. Grants unpaid: the county could not pay "
            f"what it had promised.{closed}",
            style="dim",
        )

    def limits(self, found: Explanation, county: str | None) -> None:
        """What output was missing each year, and what it waited for."""
        missing = found.missing if county is None else found.missing[found.missing["county"] == county]
        yearly = _pivot(missing, "year")
        self.section(f"What limited growth{'' if county is None else f' in {county}'}: missing output, bn yuan a year")
        shown = [name for name in LIMITS if yearly[name].max() >= 0.05]
        least = [] if self.wide else sorted(shown, key=lambda name: -yearly[name].sum())[LIMITS_IN_THE_NARROW:]
        names = {name: SHORT_LIMITS[name] for name in shown if name not in least}
        names |= {"others": "others"} if least else {}
        self.table("year", {**names, "all": "all"}, _limit_rows(yearly, list(names)))
        last = int(yearly.index[-1])
        if least:
            amounts = (f"{name} {amount_in_bn(1000 * yearly[name].iloc[-1])}" for name in least)
            self.say(f"others in {last}: {', '.join(amounts)}.", style="dim")
        for key in ("group", "county") if county is None else ("group",):
            self.console.print()
            frame = _pivot(missing[missing["year"] == last], key)
            frame = frame.rename(index=dict(GROUP_NAMES)) if key == "group" else frame
            self.table(f"{key}, {last}", {**names, "all": "all"}, _limit_rows(frame, list(names)))
        if county is None:
            self.milestones(missing)
        self.console.print()
        for name in shown:
            self.say(LIMITS[name] + ".", indent=" " * 13, first=f"{name:<12} ", style="dim")
        zero = [name for name in LIMITS if name not in shown]
        if zero:
            self.say(f"Nothing worth telling: {', '.join(zero)}.", style="dim")
        self.say(
            "Missing: capacity nobody used, orders nobody could fill, output announced and not yet there, chain goods "
            "bought outside. Every yuan is counted once. Plants are planned at 85 % use: some idle capacity is normal.",
            style="dim",
        )

    def milestones(self, missing: pd.DataFrame) -> None:
        """Every county in years known from plans and news: what was missing, and its two largest limits."""
        years = sorted(set(missing["year"]))
        chosen = [year for year in years if year in MILESTONES or year == years[-1]]
        self.console.print()
        self.say("Counties in years of plans and news: missing output, bn yuan, and its two largest limits")
        self.console.print()
        rows = []
        for name, part in missing.groupby("county", sort=False):
            yearly = _pivot(part, "year")
            rows.append((str(name), [_largest_limits(yearly.loc[year], shares=self.wide) for year in chosen]))
        self.table("county", {str(year): str(year) for year in chosen}, rows, tall=True)

    def money(self, found: Explanation, county: str | None) -> None:
        """Where public money was short."""
        table = found.public_money
        if county is not None:
            table = table[table["budget"].isin((county, CITY_LEVEL))]
        short = table[table["months_short"] > 0]
        self.section("Public money: what the budgets could pay of the policies they planned")
        if not len(short):
            self.say("Every budget could pay all of them in every month.")
            return
        wide = short.pivot_table(index="budget", columns="year", values="funded", sort=False)
        months = short.pivot_table(index="budget", columns="year", values="months_short", sort=False)
        years = sorted(wide.columns)
        rows = []
        for (budget, paid), (_, cut) in zip(wide.iterrows(), months.iterrows(), strict=True):
            pairs = zip(paid[years], cut[years], strict=True)
            cells = [NOTHING if np.isnan(part) else f"{100 * part:.1f} %\n{_months_of(count)}" for part, count in pairs]
            rows.append((str(budget), cells))
        self.table("budget", {str(year): str(year) for year in years}, rows)
        self.say(
            "Share paid, mean of the year, and months in which something was cut: grants, land development, and at the "
            f"city level promotion, teams and reform. {NOTHING}: all was paid. Budgets and years not shown paid all.",
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
        told = [chain for code, chain in found.maps.items() if leader in (None, code)]
        for chain in told:
            self._chain(found, chain)
        if told:
            self._about_chains(told)
        for code, name in found.absent.items():
            if leader in (None, code):
                self.section(f"The chain of {name}")
                self.say(f"It has no plant in {PREFECTURE} by {month_name(found.until)}.")

    def _chain(self, found: Explanation, chain: ChainMap) -> None:
        """One chain as a table."""
        self.section(f"The chain of {chain.name}, {month_name(found.until)}: bn yuan a year at the rate of the month")
        made = "; ".join(
            f"{label}: makes {output / 1000:,.1f}, could make {capacity / 1000:,.1f}"
            for label, output, capacity in chain.products
        )
        orders = (
            f" In {month_name(found.until)} its market orders {chain.orders / 1000:,.1f}, from here and rival sites."
        )
        self.say(f"{made}." + ("" if np.isnan(chain.orders) else orders))
        headings = {
            "need": "need", "home": "bought\nhere", "could": "could\nbe", "coming": "coming", "gap": "gap",
            "outside": "bought\noutside",
        }  # fmt: skip
        if self.wide:
            headings |= {
                "qualified_capacity": "capacity\nqualified",
                "suppliers": "firms\nhere",
                "projects_coming": "projects\ncoming",
            }
        rows = [_need_row(line, headings) for _, line in chain.inputs.iterrows()]
        self.table("input", headings, rows)
        if len(chain.equipment) and chain.equipment["need"].max() >= LEAST:
            self.console.print()
            kinds = [_need_row(line, headings) for _, line in chain.equipment.iterrows()]
            self.table("equipment, twelve months", headings, kinds)
        if len(chain.downstream):
            self._downstream(chain)

    def _downstream(self, chain: ChainMap) -> None:
        """What could be made here of its goods."""
        self.console.print()
        headings = {
            "open": "open to\nplants here", "bought": "bought\nfrom it", "used": "used\nhere", "coming": "coming",
            "extension": "extension",
        }  # fmt: skip
        if self.wide:
            headings |= {"firms": "firms\nhere", "projects_coming": "projects\ncoming"}
        rows = []
        for _, line in chain.downstream.iterrows():
            mark = "" if line["counted"] else " *"
            label = _lines(f"{line['label']}, of {_lower(line['of_label'])}{mark}", LABEL)
            rows.append((label, [_amount_or_count(line, name) for name in headings]))
        self.table("downstream, made here", headings, rows)

    def _about_chains(self, told: Sequence[ChainMap]) -> None:
        """What the columns of the chains mean."""
        self.console.print()
        self.say(
            "could be: idle capacity of qualified home firms; coming: signed projects; both shared among all home "
            "buyers. gap: nobody here makes it or will. Inputs of no chain have no gap. Equipment for building and "
            "enlarging its plants is ordered in lumps: twelve months are added up.",
            style="dim",
        )
        maps = [chain.downstream for chain in told if len(chain.downstream)]
        if not maps:
            return
        known = all(each["counted"].all() for each in maps)
        marked = "" if known else " * Not in the gap map, which knows the main product of a leader only."
        self.say(
            "Downstream, open: part of its output that may be processed here (promotion.downstream_propensity); used "
            "and coming: what plants here at full capacity, and those under way, can take of that; extension: what is "
            f"left, for which promotion looks along the chain. Bought from it may be more than is open.{marked}",
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
            often = "" if line["times"] == 1 else f" (the last of {line['times']} since {month_name(line['first'])})"
            self.say(f"{line['agent']}, {month_name(line['last'])}{often}: {line['decision']}", indent="    ", first="")
        if len(lines):
            self.say(
                "What a line tells of orders, capacity, money and land is that of its month; a leader plans from the "
                "orders of the month before, which move a good deal.",
                style="dim",
            )


# --- parts of sentences -----------------------------------------------------------------------------------------------


Rows = list[tuple[str, list[str]]]
"""Label and cells of each row of a table."""


def _count_rows(frame: pd.DataFrame, columns: Mapping[str, str], digits: Mapping[str, int] | None = None) -> Rows:
    """Rows of counts."""
    digits = digits or {}
    return [
        (str(label), [_number(line[name], digits.get(name, 0)) for name in columns]) for label, line in frame.iterrows()
    ]


def _limit_rows(frame: pd.DataFrame, shown: Sequence[str]) -> Rows:
    """Rows of missing output in bn yuan with their sum; limits that are not shown stand together as others."""
    rows = []
    for label, line in frame.iterrows():
        amounts = {name: line[name] for name in shown if name != "others"}
        whole = float(line.sum())
        amounts |= {"others": whole - sum(amounts.values())} if "others" in shown else {}
        rows.append((str(label), [amount_in_bn(1000 * value) for value in (*amounts.values(), whole)]))
    return rows


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


LEAST = 5.0
"""M yuan a year that print as 0.01 bn: less is not worth a table."""

LABEL = 32
"""Letters of a label in a line."""

FAILED_IN: Mapping[str, str] = {
    "waiting for land": "while it waited for land",
    "in requisition and permits": "in requisition and permits",
}

COUNTED = ("suppliers", "firms", "projects_coming")
"""Columns of a chain map that count instead of measuring."""


def _width(texts: Sequence[str]) -> int:
    """Letters of the longest line."""
    return max(len(line) for text in texts for line in text.split("\n"))


def _lines(label: str, most: int) -> str:
    """A label in lines of at most so many letters, broken between words."""
    return "\n".join(wrap(label, most, break_long_words=False, break_on_hyphens=False))


def _lower(label: str) -> str:
    """A label inside a sentence."""
    return label[:1].lower() + label[1:]


def _need_row(line: pd.Series, headings: Mapping[str, str]) -> tuple[str, list[str]]:
    """A need and how it is met; goods of no chain have neither gap nor suppliers."""
    plain = {name: _amount_or_count(line, name) for name in headings}
    if not line["chain"]:
        plain |= dict.fromkeys(("could", "coming", "gap", "qualified_capacity", "suppliers", "projects_coming"), "")
    return _lines(line["label"], LABEL), [plain[name] for name in headings]


def _amount_or_count(line: pd.Series, name: str) -> str:
    """A cell of a chain map."""
    return f"{line[name]:,.0f}" if name in COUNTED else amount_in_bn(line[name])


def _largest_limits(line: pd.Series, shares: bool) -> str:
    """Missing output of a county in a year, and its two largest limits with their share where there is room."""
    whole = float(line.sum())
    largest = line[line > 0.0].nlargest(2)
    named = [f"{name} {value / whole:.0%}" if shares else str(name) for name, value in largest.items()]
    return "\n".join([amount_in_bn(1000.0 * whole), *named])


def _months_of(count: float) -> str:
    """A number of months in words."""
    return f"{count:.0f} month{'' if count == 1 else 's'}"


def _signed(value: float) -> str:
    """A difference of utility with its sign; nothing as a point."""
    return "." if abs(value) < 0.005 else f"{value:+.2f}"


def _parted(rows: Rows, source: pd.DataFrame, shown: pd.DataFrame) -> Rows:
    """Rows by way and by chain with a rule between them.

    Args:
        rows: of the frame that is shown.
        source: of which the frame is a part, with its sortings in ``by``.
        shown: by key, as :func:`_by_way_and_chain` gives it.
    """
    ways = set(source.loc[source["by"] == "way", "key"])
    split = sum(label in ways for label in shown.index)
    return [*rows[:split], ("", []), *rows[split:]] if 0 < split < len(rows) else rows


def _by_way_and_chain(frame: pd.DataFrame) -> pd.DataFrame:
    """A table by way and chain with readers' names as labels."""
    return frame.assign(key=frame["key"].replace(dict(GROUP_NAMES))).set_index("key").drop(columns="by")


def _ordered(names: Sequence[str]) -> list[str]:
    """Parts of the odds in the order of their headings; terms of later mechanisms stand last."""
    return [*(name for name in ODDS_HEADINGS if name in names), *(name for name in names if name not in ODDS_HEADINGS)]


def _odds_heading(name: str) -> str:
    """Heading of a part of the odds."""
    return ODDS_HEADINGS.get(name, name)


def _even_odds(found: Explanation) -> float:
    """Chance to sign of a lead for which all places are equal."""
    odds = found.projects[f"odds_{ODDS}"].dropna()
    return float("nan") if not len(odds) else float(1.0 / (1.0 + np.exp(-odds.iloc[0])))


def _state(row: pd.Series) -> str:
    """Where a project stands."""
    if row["stage"] == "producing":
        began = month_name(row["produced"])
        return f"produced from {began} to {month_name(row['closed'])}" if row["closed"] else f"producing since {began}"
    if row["stage"] == "failed":
        return f"failed {FAILED_IN.get(row['failed_in'], 'with its firm')}"
    return str(row["stage"])


def _sponsored(row: pd.Series) -> str:
    """How a project came."""
    owner = leader_codes().get(row["leader"] or row["sponsor"], "")
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
    names = leader_codes()
    maps = [
        frame.assign(leader=names[code], part=part)
        for code, chain in found.maps.items()
        for part, frame in (("inputs", chain.inputs), ("equipment, twelve months", chain.equipment))
    ]
    made = [chain.downstream.assign(leader=names[code]) for code, chain in found.maps.items() if len(chain.downstream)]
    frames: dict[str, Any] = {
        "funnel": _named(_first(pd.concat(funnel, ignore_index=True), "by"), "key"),
        "projects": _named(found.projects, "group"),
        "limits": _named(found.missing, "group"),
        "lost_by_cause": _named(found.causes, "key"),
        "lost_terms": _named(found.against, "key"),
        "failures": _named(found.failures, "key"),
        "public_money": found.public_money,
        "decisions": found.decisions,
    }
    if maps:
        frames["chains"] = _first(pd.concat(maps, ignore_index=True), "leader")
    if made:
        frames["downstream"] = _first(pd.concat(made, ignore_index=True), "leader")
    for column in ("leader", "sponsor"):
        frames["projects"] = frames["projects"].assign(**{column: found.projects[column].map({**names, "": ""})})
    frames = {name: frame.copy() for name, frame in frames.items()}
    for frame in frames.values():
        for at, (name, value) in enumerate(
            {"scenario": found.scenario, "seed": found.seed, "until": found.until}.items()
        ):
            frame.insert(at, name, value)
    return frames


def _named(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The frame with product groups by their names."""
    return frame.assign(**{column: frame[column].replace(dict(GROUP_NAMES))})


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
