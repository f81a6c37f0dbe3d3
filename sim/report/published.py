"""Statistics as published, for the terminal: growth by part of industry, indicators, counties, projects, legacy.

Every table fits 80 columns; figures come from :class:`sim.results.published.Published`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

import numpy as np
import xarray as xr
from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sim.report.style import month_name, zones
from sim.results import Run
from sim.results.indicators import MISSING, Rival
from sim.results.published import DEFLATIONS, FOUR, GOAL_OF_THREE, INDUSTRY, Published, Span
from sim.statistics.bureau import ENERGY_CLUSTER, LEGACY, View
from sim.statistics.structure import TIERS

NAMES = {
    "BAT": "batteries",
    "NEV": "vehicles",
    "SST": "stainless",
    "CU": "copper",
    LEGACY: "legacy",
    ENERGY_CLUSTER: "energy",
    FOUR: "four chains",
    INDUSTRY: "industry",
}
"""Short names of the parts of industry."""

SHORT_SECTORS: tuple[str, ...] = ("households", "firms", "budgets", "investment", "govts above", "outside", "all")
"""Headings of the sectors of :mod:`sim.flows` where they pay, and of their sum."""

NOTHING = "-"
"""Printed where there is nothing to measure."""

WIDTH = 100
"""Columns where there is no terminal."""


def default_period(run: Run) -> str | None:
    """The period of the summary: the year so far at the end of known facts, else the last year; None without any.

    The year before must be on record too, so that there is growth.
    """
    published = run.published
    years = [year for year in published.years if year - 1 in published.years]
    for period in (run.known_until, str(years[-1]) if years else None):
        try:
            if period is not None and published.span(period).before is not None:
                return period
        except ValueError:
            continue
    return None


def section(run: Run) -> RenderableType | None:
    """The part of the summary: growth, the eight indicators, and a few sentences; None for a run of one year."""
    period = default_period(run)
    if period is None:
        return None
    published = run.published
    lines = Text("\n".join(sentences(published, period)))
    return Group(growth_table(published, period), Text(), indicator_rows(published, period), Text(), lines)


def statistics(run: Run, period: str, view: View = "official", rivals: Sequence[Rival] = ()) -> RenderableType:
    """Everything that the bureau would print for a period.

    Raises:
        ValueError: the record does not cover the period.
    """
    published = run.published
    published.span(period)
    parts: list[RenderableType] = [
        Text(f"{run.title}: statistics as published, {period_name(published.span(period))}", style="bold"),
        Text(),
        growth_table(published, period),
        Text(),
        share_table(published, period),
        Text(),
        county_table(published, period, view),
        Text(),
        county_money_table(published, period, view),
        Text(),
        indicator_rows(published, period, rivals),
        Text(),
        project_table(published, period),
        Text(),
    ]
    table = legacy_table(published, published.span(period))
    if table is not None:
        parts += [table, Text()]
    if published.has("flows"):
        parts += [flows_table(published, period), Text()]
    return Group(*parts, Text("\n".join(sentences(published, period))))


def print_statistics(
    run: Run, period: str, view: View = "official", rivals: Sequence[Rival] = (), file: TextIO | None = None
) -> None:
    """Print the statistics of a period; 100 columns where there is no terminal."""
    console = Console(file=file, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(statistics(run, period, view, rivals))


def period_name(span: Span) -> str:
    """A period in words: "2019", "January 2019", "January to November 2019"."""
    if span.months == 12:
        return span.label[:4]
    first, last = month_name(f"{span.label[:4]}-01"), month_name(span.label)
    return last if span.months == 1 else f"{first[:-5]} to {last}"


# --- tables -----------------------------------------------------------------------------------------------------------


def growth_table(published: Published, period: str) -> Table:
    """Above-scale industry by part: level; growth, pull and contribution at single and at double deflation."""
    found = published.growth(period)
    table = _table(f"Above-scale industry, {period_name(published.span(period))}, bn yuan", gap=0)
    table.add_column("\n\npart", no_wrap=True)
    headings = (
        "output\n\n",
        "value\nadded\n",
        "growth\nsingle\n%",
        "growth\ndouble\n%",
        "pull\nsingle\npoints",
        "pull\ndouble\npoints",
        "contr.\nsingle\n%",
        "contr.\ndouble\n%",
        "share\nnow\n%",
    )
    _numbers(table, headings)
    for group in found["group"].values.tolist():
        row = found.sel(group=group)
        cells = [_number(row["output_nominal"], 1), _number(row["value_added_nominal"], 1)]
        for name, factor in (("growth", 100.0), ("pull", 1.0), ("contribution", 100.0)):
            cells += [_number(factor * row[name].sel(deflation=each), 1) for each in DEFLATIONS]
        cells.append(_number(100.0 * row["share_current"], 1))
        if group == FOUR:
            table.add_section()
        table.add_row(NAMES[group], *cells, style="bold" if group == INDUSTRY else "")
    table.caption = (
        "levels and share now at current prices; growth, pull and contribution of real value added: single = over the "
        "price of the product, as the bureau does it; double = output less inputs, each at its price of 2018"
    )
    return table


def share_table(published: Published, period: str) -> Table:
    """Shares of the parts in the value added of above-scale industry."""
    found = published.growth(period)
    table = _table(f"Shares in above-scale value added, {period_name(published.span(period))}, %")
    table.add_column("\n\npart", no_wrap=True)
    bases = ("base\nperiod\n", "const.\nweights\n")
    _numbers(table, ("now,\ncurrent\nprices", *(f"{base}{each}" for base in bases for each in DEFLATIONS)))
    for group in found["group"].values.tolist():
        row = found.sel(group=group)
        pairs = (row[name].sel(deflation=each) for name in ("base_share", "share_constant") for each in DEFLATIONS)
        if group == FOUR:
            table.add_section()
        cells = [_number(100.0 * share, 1) for share in (row["share_current"], *pairs)]
        table.add_row(NAMES[group], *cells, style="bold" if group == INDUSTRY else "")
    table.caption = "base period: the same months a year before; constant weights: base share times real growth"
    return table


PRODUCTION: dict[str, tuple[str, float, int]] = {
    "gdp_nominal": ("\nGDP", 1.0, 1),
    "gdp_growth": ("growth,\n%", 100.0, 1),
    "output_nominal": ("industry\noutput", 1.0, 1),
    "output_growth": ("growth,\n%", 100.0, 1),
    "value_added_nominal": ("value\nadded", 1.0, 1),
    "value_added_growth": ("growth,\n%", 100.0, 1),
    "electricity": ("power,\nTWh", 1.0, 2),
    "electricity_growth": ("growth,\n%", 100.0, 1),
}
"""Columns of what counties make: heading, factor, digits."""

MONEY_AND_FIRMS: dict[str, tuple[str, float, int]] = {
    "exports_nominal": ("\nexports", 1.0, 1),
    "investment_nominal": ("\ninvestment", 1.0, 1),
    "revenue_total_nominal": ("revenue,\ntotal", 1.0, 2),
    "revenue_local_nominal": ("revenue,\nlocal", 1.0, 2),
    "firms": ("\nfirms", 1.0, 0),
    "jobs": ("\njobs", 1.0, 0),
}
"""Columns of exports, money, firms and jobs of the counties."""


def county_table(published: Published, period: str, view: View = "official") -> Table:
    """What counties make, in one of the two views, and the city."""
    table = _counties(published, period, view, PRODUCTION, gap=0)
    table.caption = (
        "levels at current prices; growth of GDP real at double deflation, of output at 2018 prices, of above-scale "
        "value added real at single deflation; output and power use of industry where the plant stands"
    )
    return table


def county_money_table(published: Published, period: str, view: View = "official") -> Table:
    """Exports, investment, revenue, firms and jobs of the counties, and the city."""
    table = _counties(published, period, view, MONEY_AND_FIRMS, gap=1)
    table.caption = "at current prices; firms above scale, and persons at work in all producers, in the last month"
    return table


def _counties(
    published: Published, period: str, view: View, columns: dict[str, tuple[str, float, int]], gap: int
) -> Table:
    """Columns of the county table, with the city below."""
    found = published.counties(period, view)
    inside = ", ".join(f"{zone} inside {county}" for zone, county in zones().items()) or "as official statistics"
    rows = inside if view == "official" else f"{len(found['county'])} regions of the model"
    table = _table(f"Counties ({rows}), {period_name(published.span(period))}, bn yuan", gap)
    table.add_column("\ncounty", no_wrap=True)
    shown = {name: column for name, column in columns.items() if name in found}
    _numbers(table, [heading for heading, _, _ in shown.values()])
    for at, county in enumerate(found["county"].values.tolist()):
        table.add_row(
            county, *(_number(factor * found[name][at], digits) for name, (_, factor, digits) in shown.items())
        )
    table.add_section()
    city = _city(published, period)
    cells = {name: city[name] if name in city else found[name].sum() for name in shown}
    table.add_row(
        "City", *(_number(factor * cells[name], digits) for name, (_, factor, digits) in shown.items()), style="bold"
    )
    return table


def flows_table(published: Published, period: str) -> Table:
    """Who paid whom, sectors that receive by sectors that pay, and what each sector lends."""
    found = published.flows(period)
    paid = found["paid"].values
    table = _table(f"Payments between sectors, {period_name(published.span(period))}, bn yuan", gap=0)
    table.add_column("\nreceived by", no_wrap=True)
    _numbers(table, [f"\n{name}" if " " not in name else name.replace(" ", "\n") for name in SHORT_SECTORS])
    for sector, row in zip(found["receiver"].values.tolist(), paid, strict=True):
        table.add_row(sector, *(_number(amount, 1) if amount else NOTHING for amount in (*row, row.sum())))
    table.add_section()
    table.add_row("paid", *(_number(amount, 1) for amount in (*paid.sum(axis=0), paid.sum())))
    lent = found["net_lending"].values
    table.add_row("net lending", *(_number(amount, 1) for amount in (*lent, lent.sum())), style="bold")
    table.caption = "in money of 2018; what a column pays stands below one another, all net lending adds up to 0"
    return table


def _city(published: Published, period: str) -> dict[str, float]:
    """Growth of the city, which is no sum of counties."""
    span = published.span(period)
    growth = {}
    for name, variable, chosen in (
        ("gdp_growth", "value_added", None),
        ("output_growth", "output_above_scale", published.industry),
        ("value_added_growth", "value_added_above_scale", published.industry),
        ("electricity_growth", "electricity", published.industry),
    ):
        now, before = published.city(variable, span, chosen)
        growth[name] = now / before - 1.0 if before > 0 else float("nan")
    return growth


def indicator_rows(published: Published, period: str, rivals: Sequence[Rival] = ()) -> Table:
    """The eight indicators; what the model lacks says so."""
    found = published.indicators(period, rivals)
    table = _table(f"The bureau's eight indicators, {period_name(published.span(period))}")
    table.add_column("\nindicator", max_width=34)
    _numbers(table, ("bn yuan,\ncurrent", "growth,\n%"))
    if rivals:
        table.add_column("rank:\ngrowth", justify="right", no_wrap=True)
        table.add_column("\nlevel", justify="right", no_wrap=True)
    table.add_column("\nin the model")
    for row in found.to_dict("records"):
        remark = str(row["remark"])
        covered = str(row["covered"]) if row["covered"] == "yes" or not remark else f"{row['covered']}: {remark}"
        if row["covered"] == MISSING:
            covered = f"no: {remark}"
        digits = 0 if row["unit"] == "yuan" else 1
        cells = [_number(float(row["value"]), digits), _number(100 * float(row["growth"]), 1)]
        if rivals:
            cells += [_rank(float(row[f"rank_{name}"]), float(row[f"{name}_of"])) for name in ("growth", "value")]
        table.add_row(str(row["label"]), *cells, covered)
    table.caption = "growth of value added real, of all others nominal; income in yuan"
    return table


def _rank(place: float, of: float) -> str:
    """A rank such as 2/9."""
    return f"{place:.0f}/{of:.0f}" if np.isfinite(place) else NOTHING


def project_table(published: Published, period: str) -> Table:
    """Projects of the four chains at the end of a period."""
    span = published.span(period)
    now, month = published.projects.isel(month=span.last), _month(published, span.last)
    table = _table(f"Projects of the four chains, end of {month}, without leaders' own plants")
    table.add_column("\nchain", no_wrap=True)
    names = ("signed", "introduced", "building", "finished", "producing")
    _numbers(table, ("signed\nso far", "introduced\n*", "\nbuilding", "\nfinished", "producing\n**"))
    for chain in now["chain"].values.tolist():
        table.add_row(NAMES[chain], *(_number(now[name].sel(chain=chain), 0) for name in names))
    table.add_section()
    table.add_row("four chains", *(_number(now[name].sum("chain"), 0) for name in names), style="bold")
    table.caption = "* land stage or later, not failed\n** firms that came since the opening, grafts left out"
    return table


def legacy_table(published: Published, span: Span) -> Table | None:
    """Why legacy output changed, year by year; None where no two years are on record."""
    last = int(span.label[:4])
    known = [year for year in published.years if year - 1 in published.years and year <= last]
    if not known:
        return None
    table = _table("Legacy industry: why output differs from the year before, bn yuan of 2018", gap=0)
    table.add_column("\nyear", no_wrap=True)
    headings = ("\nbefore", "outside\ndemand", "home\norders", "\nwages", "\ncosts", "\ncapacity", "\nland", "\nexits")
    _numbers(table, (*headings, "\nentries", "\nchange"))
    for year in known[-6:]:
        found = published.legacy(year)
        cells = [_number(value, 1) for value in found["change"].values]
        table.add_row(str(year), _number(found["base"], 1), *cells, _number(found["total"], 1))
    return table


# --- sentences --------------------------------------------------------------------------------------------------------


def sentences(published: Published, period: str) -> list[str]:
    """Projects, waiting times, coverage, the three 300 billion, power and sizes, a line each."""
    span = published.span(period)
    december = _last_year(published, span)
    lines = [
        *_projects(published, span),
        *_pipeline(published, span),
        _three(published, period),
        _power(published, period),
        _coverage(published, span),
    ]
    return lines if december is None else [*lines, *_structure(published, december)]


def _last_year(published: Published, span: Span) -> int | None:
    """The last whole year of the record by the end of a period."""
    year = int(span.label[:4]) if span.months == 12 else int(span.label[:4]) - 1
    return year if year in published.years else None


def _projects(published: Published, span: Span) -> list[str]:
    """Projects introduced and suppliers at work."""
    now, month = published.projects.isel(month=span.last), _month(published, span.last)
    counts = {name: int(now[name].sum("chain")) for name in ("introduced", "building", "producing")}
    by_chain = ", ".join(
        f"{NAMES[chain]} {int(now['introduced'].sel(chain=chain))}" for chain in now["chain"].values.tolist()
    )
    chains = (
        f"Chain projects by {month}: {counts['introduced']} introduced ({by_chain}); {counts['building']} building, "
        f"{counts['producing']} new firms producing."
    )
    came, everybody = int(now["vehicle_suppliers"]), int(now["vehicle_suppliers_all"])
    return [chains, f"Vehicle suppliers producing: {came} that came, {everybody} with those of the opening."]


def _pipeline(published: Published, span: Span) -> list[str]:
    """Talks, signatures, starts and waiting times of the period."""
    found = published.pipeline(span.label)
    started = float(found["started_share"])
    text = (
        f"{int(found['talks'])} projects in talks in {period_name(span)}, {_percent(found['sign_share'])} of them "
        f"signed ({int(found['signed_by_plan'])} projects and {_number(found['signed_investment'], 1)} bn yuan with "
        "leaders' plants)"
    )
    text += f"; {_percent(started)} of these began to build within a year." if np.isfinite(started) else "."
    lines = [text]
    for name, words in (("finished", "projects"), ("finished_own", "plants of leaders")):
        if float(found[name]):
            least, _, middle, _, most = found[name.replace("finished", "months_to_production")].values
            lines.append(
                f"From start of building to production: {middle:.0f} months (median of {int(found[name])} {words}; "
                f"{least:.0f} to {most:.0f})."
            )
    return lines


def _three(published: Published, period: str) -> str:
    """The three 300 billion in both readings."""
    found = published.three_300(period)
    existing, building, signed = found["tiers"].values
    return (
        f"Three 300 billion, rolling: existing plants {existing:,.0f} bn yuan (output of twelve months at current "
        f"prices); under construction {building:,.0f}, signed and new {signed:,.0f} bn yuan (announced output a year "
        f"at 2018 prices). Second reading: {int(found['above'])} chains above {GOAL_OF_THREE:.0f} bn yuan (output of "
        "twelve months at current prices)."
    )


def _power(published: Published, period: str) -> str:
    """Electricity of industry."""
    found = published.power(period)
    return (
        f"Power use of industry: {_number(found['so_far'], 1)} TWh in {period_name(published.span(period))} "
        f"(growth {_percent(found['growth'])}), {_number(found['trailing'], 1)} TWh in the last twelve months."
    )


def _coverage(published: Published, span: Span) -> str:
    """Coverage of the cell makers in three senses, each with the month it is of."""
    found, december = published.coverage(span.label), published.december(span.label)
    text = (
        f"Cell makers, {_month(published, span.last)}: {_percent(found['potential'])} of chain goods could be bought "
        f"nearby, {_percent(found['realised'])} are."
    )
    if december is None:
        return text
    return (
        f"{text} {_month(published, december)} (taken each December): {_percent(found['realised_all_goods'])} of all "
        f"goods with raw metals and energy are bought nearby, {_percent(found['value_added'])} of a cell is value "
        "added at home."
    )


def _month(published: Published, row: int) -> str:
    """Month of a row of the record, "Nov 2019"."""
    return month_name(str(published.monthly["month"].values[row].astype("datetime64[M]")))


def _structure(published: Published, year: int) -> list[str]:
    """Tiers, concentration and sizes."""
    found = published.structure(year)
    tiers = found["firms"].sum("cluster")
    counts = ", ".join(f"{_number(tiers.sel(tier=tier), 0)} {tier}" for tier in TIERS)
    index = found["ellison_glaeser"]
    indices = ", ".join(
        f"{NAMES[part]} {_number(index.sel(cluster=part), 2)}"
        for part in index["cluster"].values.tolist()
        if np.isfinite(float(index.sel(cluster=part)))
    )
    krugman = found["krugman"]
    most = str(krugman["county"].values[int(np.nanargmax(krugman.values))]) if np.isfinite(krugman).any() else NOTHING
    place = f"most specialised county {most} ({_number(krugman.max(), 2)} of 2, Krugman)"
    return [
        f"Firms by quality, December {year}: {counts}. Exponent of firm sizes {_number(found['size_exponent'], 2)}.",
        f"Concentration beyond chance (Ellison-Glaeser), December {year}: {indices}; {place}.",
    ]


# --- cells ------------------------------------------------------------------------------------------------------------


def _table(title: str, gap: int = 1) -> Table:
    """An empty table in the style of the summary.

    Args:
        title: above the table.
        gap: spaces between columns beyond one.
    """
    return Table(
        title=escape(title), box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left", title_style="bold",
        caption_style="dim", padding=(0, gap, 0, 0), pad_edge=False, show_edge=False,
    )  # fmt: skip


def _numbers(table: Table, headings: Sequence[str]) -> None:
    """Columns of numbers."""
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)


def _number(value: float | xr.DataArray, digits: int) -> str:
    """A number with thousands separators; a dash where there is nothing to measure."""
    number = round(float(value), digits) + 0.0 if np.isfinite(value) else float("nan")  # no "-0.0"
    return f"{number:,.{digits}f}" if np.isfinite(number) else NOTHING


def _percent(share: float | xr.DataArray) -> str:
    """A share in per cent."""
    text = _number(100 * float(share), 0)
    return text if text == NOTHING else f"{text} %"
