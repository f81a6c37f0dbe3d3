"""A brief that can be sent: one HTML file about one policy beside another, with everything in it.

No network, no scripts: figures are embedded, so is the font of the Chinese names; printing works. Every sentence on
an effect is made from its interval: where that holds 0 the brief says that the runs do not tell an effect from none.
What the numbers cannot know (parameters, the synthetic opening, what the model leaves out) is said where it matters and
not only at the end.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fontTools.subset import Options, Subsetter, load_font, save_font
from matplotlib.figure import Figure

import sim
from sim.experiment.comparison import CITY, Comparison, ComparisonError
from sim.parameters import Row, describe
from sim.parameters.words import plain_text
from sim.report import comparison as tables
from sim.report import style
from sim.report.comparison import Cell, cells_of, comparison_table, records, short_definition
from sim.report.comparison_figures import difference_figure, difference_map, fan_figure, gains_figure, reach_figure
from sim.report.ensemble_values import MEASURES, Measure
from sim.results.storage import write_atomically
from sim.scenario import Scenario
from sim.world import GROUPS, load_world

Cells = Mapping[tuple[str, str], Cell]
"""Differences by variable and region."""

MONTHS = 12
"""Months in a year."""

FEW = 20
"""With fewer pairs the brief warns in its first paragraph (assumption: intervals from few pairs are unsure)."""

TOLD: tuple[str, ...] = ("output", "value_added", "jobs", "local_tax", "public_debt")
"""Measures of the table of gains."""

REACHED: tuple[str, ...] = (
    "above_scale_output",
    "above_scale_output_real",
    "without_chain_double_counting",
    "four_chains",
    "gdp",
)
"""Definitions of the table of dates, the announced one first."""

DPI = 130
"""Dots per inch of embedded figures: sharp on paper at the width of a page."""

INEQUALITY: Mapping[str, str] = {
    "Theil, income a head": "Theil index of income a head between counties",
    "Theil, income a head, between mountain and coast": "of that, between mountains and coast",
    "Gini, income a head": "Gini coefficient of income a head",
    "Krugman specialisation of counties": "Krugman specialisation of counties, by jobs",
}
"""Measures of inequality that are told, with words for readers."""

WEAK = ("recalled", "assumed", "calibrate")
"""Grades of figures without a source to look up."""


@dataclass(frozen=True)
class Subject:
    """What a brief is about.

    Attributes:
        found: the comparison; its first policy is the subject.
        plans: the scenarios of both, by name.
        groups: the groups of parameters, for what rests on assumptions.
        year: of the differences.
    """

    found: Comparison
    plans: Mapping[str, Scenario]
    groups: Sequence[type[Any]]
    year: int

    @property
    def policy(self) -> str:
        """Name of the policy."""
        return self.found.policies[0]

    @property
    def against(self) -> str:
        """Name of what it is compared with."""
        return self.found.against

    @property
    def pairs(self) -> int:
        """Pairs of runs."""
        return len(self.found.runs.seeds)

    def title(self, name: str) -> str:
        """Title of a scenario."""
        return self.plans[name].title


def brief(
    found: Comparison, plans: Mapping[str, Scenario], groups: Sequence[type[Any]], year: int | None = None
) -> str:
    """The brief as one HTML document.

    Args:
        found: comparison of the policy with the other scenario; of several policies the first is told.
        plans: the scenarios of both, by name.
        groups: the groups of parameters of the model.
        year: a full year of the runs for differences; the last one if not given.

    Raises:
        ComparisonError: the runs cover no full year, or not that one.
    """
    subject = Subject(found, plans, groups, found.years[-1] if year is None else year)
    table = comparison_table(found, subject.year)
    cells = cells_of(table[table["scenario"] == subject.policy])
    parts = [
        *_head(subject),
        *_summary(subject, cells),
        *_gains(subject, cells),
        *_moved(subject),
        *_trillion(subject),
        *_cost(subject),
        *_inequality(subject),
        *_assumptions(subject),
        *_origin(subject),
    ]
    return _document(f"{subject.title(subject.policy)}: a brief", "\n".join(parts))


def check_year(plan: Scenario, year: int | None) -> None:
    """Refuse, before anything is run, months without a full year, or a year that is not one of them.

    Raises:
        ComparisonError: with what there is.
    """
    first, last = plan.start.year + (plan.start.month > 1), plan.end.year - (plan.end.month < MONTHS)
    if last < first:
        raise ComparisonError(
            f"{plan.name} runs from {plan.start} to {plan.end}, which is no full calendar year: give a later --end"
        )
    if year is not None and not first <= year <= last:
        raise ComparisonError(f"{year} is no full year of the runs, which have {first} to {last}")


def save_brief(text: str, file: Path) -> Path:
    """Write a brief, whole or not at all.

    Raises:
        FolderError: it could not be written.
    """
    write_atomically(file, lambda path: path.write_text(text, encoding="utf-8"))
    return file


# --- sections ---------------------------------------------------------------------------------------------------------


def _head(subject: Subject) -> Iterator[str]:
    """Title and the question."""
    policy, against = (subject.plans[name] for name in (subject.policy, subject.against))
    yield f'<p class="kicker">Ningde simulator: policy brief</p><h1>{escape(policy.title)}</h1>'
    yield f'<p class="question">{escape(policy.question)}</p>'
    span = f"{style.month_name(str(policy.run.start))} to {style.month_name(str(policy.run.end))}"
    yield (
        f'<p class="facts">Compared with <b>{escape(against.title)}</b>. {subject.pairs} pairs of runs, {span}; both '
        "runs of a pair meet the same luck. Facts known until "
        f"{style.month_name(str(policy.run.known_until))}. A projection given stated demand and policy, "
        "<b>not a forecast</b>; the opening position of the counties is synthetic.</p>"
    )


def _summary(subject: Subject, table: Cells) -> Iterator[str]:
    """The answer in a few sentences."""
    yield "<h2>In short</h2><ul class='short'>"
    for name in ("output", "jobs"):
        yield f"<li>{effect_sentence(table[name, CITY], MEASURES[name], style.PREFECTURE, subject.year)}</li>"
    yield f"<li>{winners_sentence(table)}</li>"
    yield f"<li>{trillion_sentence(subject)}</li>"
    yield f"<li>{cost_sentence(subject)}</li></ul>"
    if subject.pairs < FEW:
        yield (
            f'<p class="warning">Only {subject.pairs} pairs were run. Intervals from so few pairs are wide and '
            f"themselves unsure; at least {FEW} are advised before anyone relies on this page.</p>"
        )


def _gains(subject: Subject, table: Cells) -> Iterator[str]:
    """Who gains, who pays."""
    runs, policy, against = subject.found.runs, subject.policy, subject.against
    yield "<h2>Who gains, who pays</h2>"
    yield (
        "<p>Mean difference of the pairs with its 90 % interval. Grey: the interval holds 0, so these runs do not tell "
        "an effect from none, however large the mean may look. More debt counts as worse.</p>"
    )
    yield _gains_table(table)
    yield _figure(
        gains_figure(runs, policy, against, subject.year),
        f"Differences of output, jobs, local tax and debt by county in {subject.year}, with intervals.",
    )
    yield _figure(
        difference_map(runs, policy, against, subject.year),
        f"Map of the differences of output and jobs by county in {subject.year}.",
    )
    yield "<h2>How the difference comes about</h2>"
    yield (
        "<p>The blue band is the 90 % interval of the mean: how well the average effect is known. It shrinks with "
        "more runs. The dashed lines hold nine tenths of the single pairs: how far one course of events can lie from "
        "another under the same policy. They do not shrink, and it is one single course that "
        f"{style.PREFECTURE} will see.</p>"
    )
    yield _figure(
        difference_figure(runs, policy, against, "output"),
        f"Difference of output by year in {style.PREFECTURE}, core, coast and mountains.",
    )


def _gains_table(table: Cells) -> str:
    """Regions by measures."""
    heads = "".join(
        f"<th>{escape(MEASURES[name].label)}<br><small>{escape(MEASURES[name].unit.split(',')[0])}</small></th>"
        for name in TOLD
    )
    rows = []
    for region in (CITY, *GROUPS, *load_world().county_names):
        name = place_name(region)
        cells = "".join(_cell(table[measure, region], MEASURES[measure]) for measure in TOLD)
        kind = "total" if region == CITY else "group" if region in GROUPS else "county"
        rows.append(f'<tr class="{kind}"><th scope="row">{escape(name)}</th>{cells}</tr>')
    return _scrolling(f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>")


def _cell(cell: Cell, measure: Measure) -> str:
    """Mean and interval of a difference, coloured by what it means."""
    mean, low, high = (signed(float(cell[key]), measure.digits) for key in ("mean", "low", "high"))
    kind = {1: "better", -1: "worse", 0: "unclear"}[measure.better * sign_of(cell)]
    return f'<td class="{kind}">{mean}<br><small>{low} to {high}</small></td>'


def _moved(subject: Subject) -> Iterator[str]:
    """New, or drawn from others."""
    found = {row["region"]: row for row in records(subject.found.additionality("value_added", subject.policy))}
    yield "<h2>New, or moved from next door?</h2>"
    rows, gainers = [], []
    for region in (*GROUPS, *load_world().county_names):
        row = found[region]
        if row["low"] > 0:
            gainers.append(region)
            rows.append(
                f'<tr><th scope="row">{escape(place_name(region))}</th>'
                f"<td>{signed(row['gain'] / 1e3, 1)}<br><small>{signed(row['low'] / 1e3, 1)} to "
                f"{signed(row['high'] / 1e3, 1)}</small></td>"
                f"<td>{signed(row['others'] / 1e3, 1)}<br><small>{signed(row['others_low'] / 1e3, 1)} to "
                f"{signed(row['others_high'] / 1e3, 1)}</small></td><td>{_drawn(row)}</td></tr>"
            )
    if not gainers:
        yield "<p>No county and no group is seen to gain value added over the whole run: there is nothing to ask.</p>"
        return
    yield (
        "<p>Value added over the whole run, bn yuan at 2018 prices. The last column is the part of the gain that all "
        "other counties together lose: 0 % is all new, 100 % is all moved; not told where the interval of the others "
        "holds 0. Only regions that are seen to gain are listed.</p>"
    )
    heads = "<th></th><th>own gain</th><th>all others</th><th>drawn from them</th>"
    yield _scrolling(f"<table class='narrow'><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>")


def _drawn(row: Cell) -> str:
    """The part of a gain that others lose, as far as their loss is seen."""
    if row["others_high"] < 0:
        return f"{100 * float(row['drawn']):.0f} %"
    return "0 %" if row["others_low"] >= 0 else "not told"


def _trillion(subject: Subject) -> Iterator[str]:
    """Probability and date of the trillion."""
    found, last = subject.found, subject.found.years[-1]
    yield "<h2>The trillion: whether, and when</h2>"
    yield (
        "<p>The goal of 1,000 bn yuan is announced as <b>gross output of above-scale industry at current prices over "
        "twelve months</b>. That is the kindest of several definitions: prices rise, and a cathode counts again in "
        "the cell and once more in the car. The table gives the share of runs that reach the level, and the month by "
        "which one tenth, half and nine tenths of all runs have reached it.</p>"
    )
    rows = []
    for definition in (name for name in REACHED if name in found.definitions):
        dates = found.reach(1000.0, definition).dates
        dates = dates[dates["scenario"].isin([subject.against, subject.policy])]
        for at, row in enumerate(records(dates)):
            months = [style.month_name(str(row[key])) if row[key] else f"after {last}" for key in ("p10", "p50", "p90")]
            head = f'<th scope="row" rowspan="2">{escape(short_definition(definition))}</th>' if at == 0 else ""
            cells = "".join(f"<td>{month}</td>" for month in months)
            label = escape(subject.title(str(row["scenario"])))
            rows.append(
                f'<tr class="{"first" if at == 0 else ""}">{head}<td class="word">{label}</td>'
                f"<td>{100 * float(row['reached']):.0f} %</td>{cells}</tr>"
            )
    heads = f"<th></th><th></th><th>by {last}</th><th>first tenth</th><th>half</th><th>nine tenths</th>"
    yield _scrolling(f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>")
    names = (subject.against, subject.policy)
    yield _figure(
        reach_figure(found.runs, 1000.0, REACHED[:4], names),
        "Probability of having reached 1,000 bn yuan by month, for four definitions.",
    )
    yield _figure(
        fan_figure(found.runs, "above_scale_output", scenarios=names),
        "Bands of above-scale output at current prices in both scenarios.",
    )
    yield (
        '<p class="caution"><b>What these probabilities are.</b> They are shares of runs of one model. The runs '
        "differ in "
        "luck: which firms come, where they settle, how the world market swings. They do not differ in what nobody "
        "knows about the model itself: its parameters, the opening position, the trend of world demand. A "
        "probability of 100 % therefore says that luck alone does not prevent the outcome <i>in this model</i>; it "
        "does not say that the outcome is certain.</p>"
    )


def _cost(subject: Subject) -> Iterator[str]:
    """What it costs, by item, and what a yuan of gain costs."""
    rows = subject.found.cost(subject.policy)
    yield "<h2>What it costs</h2>"
    yield (
        "<p>All public budgets over the whole run, less those of the scenario compared with; M yuan at 2018 prices. "
        "Ordinary spending and interest are no policy and are left out. Money of public budgets ends as income of "
        "somebody; the cost is what it could have paid for instead.</p>"
    )
    cells = []
    for row in records(rows):
        kind = "total" if row["item"] == "all items" else "group" if str(row["item"]).startswith("gain") else ""
        interval = f"{signed(row['low'], 0)} to {signed(row['high'], 0)}"
        cells.append(
            f'<tr class="{kind}"><th scope="row">{escape(str(row["item"]))}</th><td>{signed(row["mean"], 0)}</td>'
            f"<td>{interval}</td></tr>"
        )
    heads = "<th></th><th>M yuan</th><th>90 % interval</th>"
    yield _scrolling(f"<table class='narrow'><thead><tr>{heads}</tr></thead><tbody>{''.join(cells)}</tbody></table>")
    gains = {row["item"]: float(row["mean"]) for row in records(rows)}
    for label, effect in subject.found.cost_per_yuan(subject.policy).items():
        gain = gains.get(f"gain in {label}", 0.0)
        yield f"<p>{per_yuan_sentence(label, effect.mean, effect.low, effect.high, gain)}</p>"


def _inequality(subject: Subject) -> Iterator[str]:
    """What becomes of the gap between places."""
    found = subject.found.inequality(subject.year)
    rows_of = {row["measure"]: row for row in records(found[found["scenario"] == subject.policy])}
    yield f"<h2>The gap between places, {subject.year}</h2>"
    rows = []
    for name, label in INEQUALITY.items():
        row = rows_of[name]
        kind = {1: "worse", -1: "better", 0: "unclear"}[sign_of(row)]
        rows.append(
            f'<tr><th scope="row">{escape(label)}</th><td>{row["level"]:.4f}</td>'
            f'<td class="{kind}">{signed(row["mean"], 4)}<br><small>{signed(row["low"], 4)} to '
            f"{signed(row['high'], 4)}</small></td></tr>"
        )
    heads = "<th></th><th>level</th><th>change</th>"
    yield "<p>0 is equality. Blue: the gap closes; red: it widens; grey: not told apart.</p>"
    yield _scrolling(f"<table class='narrow'><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>")


def _assumptions(subject: Subject) -> Iterator[str]:
    """What the result rests on."""
    rows = [row for group in subject.groups for row in describe(group)]
    grades = pd.Series([row.grade for row in rows]).value_counts()
    weak = int(sum(grades.get(grade, 0) for grade in WEAK))
    yield "<h2>What rests on assumptions</h2>"
    yield (
        f"<p>Of the {len(rows)} parameters and levers of the model, {weak} have no source that could be looked up: "
        "they are assumed, recalled or left to calibration. The rest is sourced or derived from sources. The pairs "
        "above hold all of them fixed, so the intervals do not contain this doubt; <code>ningde spread</code> and "
        "the notebook on what drives the result measure it.</p>"
    )
    changed = list(_changes(subject, rows))
    if changed:
        yield "<p>This is what differs between the two scenarios, and what each default rests on:</p>"
        cells = "".join(
            f'<tr><th scope="row"><code>{escape(name)}</code><br><small>{escape(row.unit)}</small></th>'
            f'<td class="word">{escape(before)}</td><td class="word">{escape(after)}</td>'
            f'<td class="word">{escape(row.grade)}: {escape(row.source)}</td></tr>'
            for name, row, before, after in changed
        )
        heads = (
            f"<th></th><th class='word'>{escape(subject.title(subject.against))}</th>"
            f"<th class='word'>{escape(subject.title(subject.policy))}</th>"
            "<th class='word'>evidence of the default</th>"
        )
        yield _scrolling(f"<table><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table>")
    yield (
        "<ul><li><b>The start is synthetic.</b> No table of industry by county in 2013 was found; the opening "
        "position is put together from the national table, censuses and scattered reports. Levels of small counties "
        "are the weakest part; differences between policies suffer less.</li><li><b>World demand is given.</b> It is "
        "an input with a wide range and not a result.</li><li><b>Behaviour stays.</b> Firms and counties decide by "
        "the rules and coefficients of the model, however long a policy lasts.</li><li><b>What the model leaves "
        "out</b> cannot appear here: land tenure in detail, quality of administration, local politics, the "
        "environment beyond the carbon of electricity.</li></ul>"
    )


def _changes(subject: Subject, rows: Sequence[Row]) -> Iterator[tuple[str, Row, str, str]]:
    """Settings that differ: name, declaration, value before and after."""
    one, other = (subject.plans[name].tables for name in (subject.against, subject.policy))
    for row in rows:
        values = [tables.get(row.table, {}).get(row.name) for tables in (one, other)]
        if values[0] != values[1] and (row.table, row.name) != ("run", "seed"):
            before, after = (plain_text(value) for value in values)
            yield f"{row.table}.{row.name}", row, before, after


def _origin(subject: Subject) -> Iterator[str]:
    """Where the numbers come from, and how to make them again."""
    seeds, origin = subject.found.runs.seeds, subject.found.runs.made_by
    names = f"{subject.against} {subject.policy}"
    yield "<h2>Where this comes from</h2>"
    yield (
        f"<p>Ningde simulator {escape(sim.__version__)}, code {escape((origin.code_version or origin.code)[:16])}, "
        f"figures {escape(origin.data[:12])}. Seeds {seeds[0]} to {seeds[-1]} ({len(seeds)} pairs). Scenarios: "
        + "; ".join(
            f"{escape(plan.title)} (<code>{escape(plan.name)}</code>, {escape(plan.hash[:12])})"
            for plan in (subject.plans[name] for name in (subject.against, subject.policy))
        )
        + f".</p><p>To make it again: <code>ningde brief {escape(names)} --seeds {len(seeds)}</code></p>"
    )
    for name in (subject.against, subject.policy):
        text = escape(subject.plans[name].text.strip())
        if text:
            yield f"<details><summary>The scenario {escape(name)} in full</summary><pre>{text}</pre></details>"


# --- sentences --------------------------------------------------------------------------------------------------------


def signed(value: float, digits: int) -> str:
    """A number with its sign, as print has it: "−2.4"."""
    return tables.signed(value, digits).replace("-", "−")


def place_name(region: str) -> str:
    """A region for readers."""
    return {CITY: style.PREFECTURE, "mountain": "mountains"}.get(region, style.county_label(region))


def sign_of(cell: Cell) -> int:
    """1 or -1 where the interval leaves 0 out, else 0."""
    return int(cell["low"] > 0) - int(cell["high"] < 0)


def effect_sentence(cell: Cell, measure: Measure, place: str, year: int) -> str:
    """What a policy does to one place, with what the interval allows to say."""
    unit = measure.unit.split(",")[0].replace(" a year", "")
    amount = f"{signed(float(cell['mean']), measure.digits)} {unit}"
    interval = (
        f"90 % interval {signed(float(cell['low']), measure.digits)} to {signed(float(cell['high']), measure.digits)}"
    )
    label = f"{measure.label} of {place} in {year}"
    if sign_of(cell):
        percent = f", {signed(100 * float(cell['mean']) / abs(float(cell['base'])), 1)} %" if cell["base"] else ""
        return f"<b>{label}: {amount}</b>{percent} ({interval})."
    return f"<b>{label}: no clear effect</b> (mean {amount}, {interval}: the pairs do not tell it from none)."


def winners_sentence(table: Cells) -> str:
    """Counties whose output is seen to rise or fall, and those whose debt grows."""
    rise, fall = ([c for c in load_world().county_names if sign_of(table["output", c]) == s] for s in (1, -1))
    owing = [c for c in load_world().county_names if sign_of(table["public_debt", c]) == 1]
    gains = f"Output rises in {_listed(rise)}" if rise else "Output is seen to rise in no county"
    losses = f"it falls in {_listed(fall)}" if fall else "it is seen to fall in none"
    debt = f" Public debt grows in {_listed(owing)}." if owing else " Public debt is seen to grow in no county."
    return f"<b>Who gains, who pays.</b> {gains}; {losses}.{debt}"


def _listed(names: Sequence[str]) -> str:
    """Names in both scripts: "Fuan 福安, Fuding 福鼎 and Xiapu 霞浦"."""
    labels = [escape(style.county_label(name)) for name in names]
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"


def trillion_sentence(subject: Subject) -> str:
    """Probability and median date of the announced goal under both."""
    reach = subject.found.reach(1000.0, REACHED[0])
    dates = {row["scenario"]: row for row in records(reach.dates)}
    told = []
    for name in (subject.policy, subject.against):
        row = dates[name]
        when = f", half of all by {style.month_name(str(row['p50']))}" if row["p50"] else ""
        told.append(f"in {100 * float(row['reached']):.0f} % of runs{when}")
    last = subject.found.years[-1]
    gain = next(row for row in records(reach.gains) if row["scenario"] == subject.policy and row["year"] == last)
    apart = (
        f"The policy changes the probability by {signed(100 * gain['mean'], 0)} points "
        f"({signed(100 * gain['low'], 0)} to {signed(100 * gain['high'], 0)})."
        if sign_of(gain)
        else "These pairs do not tell the two probabilities apart."
    )
    other = escape(subject.title(subject.against))
    return f"<b>The trillion by {last}</b> as announced: {told[0]}; with {other} {told[1]}. {apart}"


def cost_sentence(subject: Subject) -> str:
    """What it costs in all."""
    total = next(row for row in records(subject.found.cost(subject.policy)) if row["item"] == "all items")
    amount = f"{signed(float(total['mean']) / 1e3, 2)} bn yuan"
    interval = f"{signed(float(total['low']) / 1e3, 2)} to {signed(float(total['high']) / 1e3, 2)}"
    if sign_of(total) == 0:
        return f"<b>Public money</b> over the whole run: no clear change (mean {amount}, {interval})."
    return f"<b>Public money</b> over the whole run: {amount} ({interval})."


def per_yuan_sentence(label: str, mean: float, low: float, high: float, gain: float = 1.0) -> str:
    """What a yuan of gain costs, or a yuan of loss saves, if that can be said."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return f"What a yuan of {escape(label)} costs has no bounds: the gain is not seen to differ from 0 enough."
    if mean < 0:
        return (
            f"Cost and gain of {escape(label)} have opposite signs ({mean:,.2f} yuan a yuan, {low:,.2f} to "
            f"{high:,.2f}): either it gains and saves, or it costs and loses; the table says which."
        )
    amount = f"{mean:,.2f} yuan of public money ({low:,.2f} to {high:,.2f})"
    if gain < 0:
        return f"Each yuan of {escape(label)} that is lost saves {amount}."
    return f"A yuan of {escape(label)} costs {amount}."


# --- the document -----------------------------------------------------------------------------------------------------


def _figure(figure: Figure, alt: str) -> str:
    """A figure as an image inside the document."""
    with io.BytesIO() as buffer:
        figure.savefig(buffer, dpi=DPI, format="png", metadata={"Software": None})
        data = base64.b64encode(buffer.getvalue()).decode()
    return f'<figure><div class="scroll"><img alt="{escape(alt)}" src="data:image/png;base64,{data}"></div></figure>'


def _scrolling(table: str) -> str:
    """A table that scrolls inside itself on a narrow screen."""
    return f'<div class="scroll">{table}</div>'


def _cut_out(font: Path, text: str) -> bytes:
    """A font with nothing but the Chinese characters of a text: some kilobytes instead of ten megabytes."""
    options = Options(flavor="woff", hinting=False, layout_features=[])
    with load_font(str(font), options) as whole, io.BytesIO() as buffer:
        cutter = Subsetter(options)
        cutter.populate(text="".join(sorted({each for each in text if "\u4e00" <= each <= "\u9fff"})))
        cutter.subset(whole)
        save_font(whole, buffer, options)
        return buffer.getvalue()


def _document(title: str, body: str) -> str:
    """The whole file."""
    font = base64.b64encode(_cut_out(style.chinese_font(), title + body)).decode()
    faces = (
        '@font-face{font-family:"County Names";font-display:block;unicode-range:U+4E00-9FFF;'
        f"src:url(data:font/woff;base64,{font})}}"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        ""
        f"<title>{escape(title)}</title><style>{faces}{CSS}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


CSS = """
:root{--ink:#222;--soft:#5b5b5b;--line:#dcdcdc;--better:#0059a0;--worse:#b23c00}
*{box-sizing:border-box}
body{margin:0;background:#fff;color:var(--ink);
font:16px/1.5 "County Names",system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:61rem;margin:0 auto;padding:2rem 1.25rem 4rem}
p,ul,h1,h2{max-width:44rem}
h1{font-size:1.9rem;line-height:1.2;margin:.2rem 0 .6rem}
h2{font-size:1.25rem;margin:2.4rem 0 .5rem;border-top:2px solid var(--ink);padding-top:.7rem}
.kicker{color:var(--soft);margin:0;font-size:.9rem}
.question{font-size:1.15rem;margin:.4rem 0 1rem}
.facts{color:var(--soft);font-size:.92rem}
.short li{margin:.35rem 0}
.warning,.caution{border-left:4px solid var(--worse);padding:.5rem .9rem;background:#fbf3ee}
.caution{border-color:var(--better);background:#eef4fa}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.86rem;margin:.8rem 0;width:100%}
table.narrow{width:auto;min-width:26rem}
td{white-space:nowrap}td.word{white-space:normal;min-width:9rem}td.word:last-child{min-width:16rem}
th,td{padding:.3rem .6rem;text-align:right;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{border-bottom:1.5px solid var(--ink);vertical-align:bottom;font-weight:600}
th[scope=row]{text-align:left;font-weight:400;min-width:8rem;position:sticky;left:0;background:#fff}
tr.group th[scope=row]{background:#f6f6f6}
td.word,th.word,thead th:first-child{text-align:left}
small{color:var(--soft);white-space:nowrap}
th small{white-space:normal;font-weight:400}
tr.total th,tr.total td{font-weight:700}
tr.group td{background:#f6f6f6}
td.better{color:var(--better)}td.worse{color:var(--worse)}td.unclear{color:#6f6f6f}
td.better small,td.worse small{color:inherit}
figure{margin:1.2rem 0}
img{display:block;width:100%;height:auto;min-width:40rem}
code,pre{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:.85em}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f6f6f6;padding:.8rem}
details{margin:.6rem 0}
@media print{
body{font-size:10pt}main{max-width:none;padding:0}.scroll{overflow:visible}img{min-width:0}
figure,tr,.warning,.caution{break-inside:avoid}h2{break-after:avoid}details{display:none}
@page{margin:16mm}
}
"""
"""Look of the document: one column of readable width, tables and figures that scroll on narrow screens, paper."""
