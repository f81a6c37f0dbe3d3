"""What the regional table says: multipliers, linkages, extraction and local content, for the terminal and as CSV.

Every figure answers for the ten counties as one economy: what they buy elsewhere leaves, what they sell elsewhere is
final demand. Three places can be asked for: the city by product, one county, or every county and product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table as RichTable
from rich.text import Text

from sim import data
from sim.data import prefecture
from sim.experiment.tables import RegionalAccounts
from sim.inputoutput.content import direct_content, value_added_content
from sim.inputoutput.extraction import extract, extract_each
from sim.inputoutput.interregional import regional_multipliers
from sim.inputoutput.leontief import Leontief
from sim.inputoutput.linkage import key_sectors, linkages
from sim.inputoutput.multipliers import Multipliers, households, output_multipliers, total_content, type_two
from sim.inputoutput.shares import share
from sim.inputoutput.tables import Table, aggregate
from sim.parameters import suggestion
from sim.report.style import month_name, opening_sentence
from sim.results.tables import harmless

Floats = NDArray[np.float64]

CITY = prefecture.name()
"""Name of the ten counties together."""

EVERYWHERE = "all"
"""Asks for every county and product."""

ABROAD = "abroad"

SMALL = 1.0
"""Industries with an output below this many M yuan a year are left out of printed tables."""

ESTIMATED = "What one county buys of another is estimated."

WIDTH = 118
"""Columns of printed tables where there is no terminal."""

LABEL_WIDTH, COUNTY_LABEL_WIDTH = 28, 22
"""Columns for the name of a product, in the tables of the city and of a county, which have more figures."""


BANDS = {"output_type_1": "output\ntype I", "value_added_type_1": "value\nadded", "bought_ningde": f"bought\n{CITY}"}
"""Figures whose bands are shown, with their headings."""


@dataclass(frozen=True)
class Heading:
    """How a column of a view is shown.

    Attributes:
        text: heading, lines parted by line breaks; it says the unit.
        digits: digits after the point; None for a text.
    """

    text: str
    digits: int | None = 2


@dataclass(frozen=True)
class View:
    """One table of results.

    Attributes:
        title: what it answers.
        frame: a row an industry: county, product and figures; the names of columns carry their units.
        headings: columns to print, in order.
        notes: what one must know to read it.
    """

    title: str
    frame: pd.DataFrame
    headings: Mapping[str, Heading]
    notes: tuple[str, ...] = field(default=())


class TableAnalysis:
    """The views of one month's table.

    Args:
        accounts: table, jobs and purchases of a month.
        place: None for the city by product, a county, or "all".

    Raises:
        ValueError: there is no such county.
    """

    def __init__(self, accounts: RegionalAccounts, place: str | None = None) -> None:
        self.accounts = accounts
        known = (*accounts.city.regions, EVERYWHERE)
        if place is not None and place not in known:
            near = suggestion(place, known)
            raise ValueError(f"no county is called {place!r}{near}; choose one of {', '.join(known)}")
        self.place = place
        if place is None:
            names = dict.fromkeys(accounts.city.regions, CITY)
            self.table = aggregate(accounts.city, regions=names)
            self.jobs = accounts.jobs.reshape(len(accounts.city.regions), -1).sum(axis=0)
            self.wide = None if accounts.wide is None else aggregate(accounts.wide, regions=names)
        else:
            self.table, self.jobs, self.wide = accounts.city, accounts.jobs, accounts.wide

    # --- the rows

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Positions of the industries of the place that have output."""
        here = self.table.output > 0.0
        if self.place not in (None, EVERYWHERE):
            here &= np.array([region == self.place for region, _ in self.table.producers])
        return np.flatnonzero(here)

    def _frame(self, columns: Mapping[str, Floats | Sequence[str]]) -> pd.DataFrame:
        """The rows of the place; columns are given for all industries."""
        labels = product_labels()
        producers = [self.table.producers[int(row)] for row in self.rows]
        frame = pd.DataFrame(
            {
                "county": [region for region, _ in producers],
                "product": [product for _, product in producers],
                "label": [labels[product] for _, product in producers],
                "output_m_yuan": self.table.output[self.rows],
            }
        )
        for name, values in columns.items():
            frame[name] = np.asarray(values)[self.rows]
        return frame

    # --- the views

    @cached_property
    def system(self) -> Multipliers:
        """Multipliers of type I and II; contents are value added and jobs, per yuan and per M yuan."""
        table = self.table
        consumption = table.final[:, table.to("household")].sum(axis=1)
        people = households(table.value_added[0], consumption, table.output, labels=table.producers)
        jobs = share(self.jobs, table.output)
        return type_two(table.coefficients, people, np.vstack([table.value_added_share, jobs]), table.producers)

    def multipliers(self) -> View:
        """Output, value added, income and jobs that a yuan of final demand calls for in Ningde."""
        found, table = self.system, self.table
        columns: dict[str, Floats | Sequence[str]] = {
            "output_type_1": found.output_simple,
            "output_type_2": found.output_truncated,
            "value_added_type_1": found.content_open[0],
            "value_added_type_2": found.content_closed[0],
            "income_type_1": found.income_simple,
            "jobs_per_m_yuan_direct": share(self.jobs, table.output),
            "jobs_per_m_yuan_type_1": found.content_open[1],
            "jobs_per_m_yuan_type_2": found.content_closed[1],
        }
        headings = {
            "output_type_1": Heading("output\ntype I"),
            "output_type_2": Heading("output\ntype II"),
            "value_added_type_1": Heading("value\nadded\ntype I"),
            "value_added_type_2": Heading("value\nadded\ntype II"),
            "jobs_per_m_yuan_direct": Heading("jobs/\nM yuan\nown", 1),
            "jobs_per_m_yuan_type_1": Heading("jobs/\nM yuan\ntype I", 1),
            "jobs_per_m_yuan_type_2": Heading("jobs/\nM yuan\ntype II", 1),
        }
        if self.place is not None:
            by_county = regional_multipliers(table.coefficients, [region for region, _ in table.producers])
            columns["output_own_county"] = by_county.intraregional
            del headings["value_added_type_2"]  # the line of a county has no room for it; the CSV has it
            headings = {"output_own_county": Heading("output\nin own\ncounty"), **headings}
        if self.wide is not None:
            columns["output_china"] = output_multipliers(self.wide.coefficients)[: len(table.output)]
            headings["output_china"] = Heading("output\nin all\nChina")
        return View(
            f"Multipliers: what one yuan of final demand calls for in {CITY}",
            self._frame(columns),
            headings,
            (
                "Type I follows purchases between industries; type II adds what households spend out of wages.",
                "Type II is an upper bound; its output counts industries only, households left out (truncated).",
            ),
        )

    def linkages(self) -> View:
        """How strongly each industry pulls its suppliers and feeds its buyers inside Ningde."""
        table = self.table
        found = linkages(table.intermediate, table.output, table.producers)
        kinds = key_sectors(found.backward, found.forward, table.producers, table.output)
        columns: dict[str, Floats | Sequence[str]] = {
            "backward_direct": found.direct_backward,
            "backward_total": found.backward,
            "backward_normalised": kinds.backward,
            "forward_direct": found.direct_forward,
            "forward_total": found.forward,
            "forward_normalised": kinds.forward,
            "kind": kinds.kinds,
        }
        headings = {
            "backward_direct": Heading("bought\nnearby,\nof output"),
            "backward_total": Heading("backward\nlinkage"),
            "backward_normalised": Heading("relative\nto the\nmean"),
            "forward_direct": Heading("sold\nnearby,\nof output"),
            "forward_total": Heading("forward\nlinkage"),
            "forward_normalised": Heading("relative\nto the\nmean"),
            "kind": Heading("kind", None),
        }
        return View(
            f"Linkages inside {CITY}: backward to suppliers (Leontief), forward to buyers (Ghosh)",
            self._frame(columns),
            headings,
            (
                "Means are weighted by output. key: both above the mean; backward, forward: that one; weak: none.",
                "The forward linkage is also the upstreamness: average stages to a final user or to the border.",
            ),
        )

    def extraction(self) -> View:
        """What Ningde would lose without an industry, if it were replaced by purchases from elsewhere."""
        table = self.table
        each = extract_each(table.intermediate, table.output, labels=table.producers)
        earned = table.value_added_share
        jobs = share(self.jobs, table.output)
        columns: dict[str, Floats | Sequence[str]] = {
            "loss_m_yuan": each.total,
            "loss_of_others_m_yuan": each.outside,
            "loss_of_others_per_yuan": share(each.outside, table.output),
            "loss_value_added_m_yuan": earned @ each.loss,
            "loss_jobs": jobs @ each.loss,
            "loss_percent_of_city": 100.0 * each.total / table.output.sum(),
        }
        frame = self._frame(columns)
        if self.place not in (None, EVERYWHERE):
            frame = pd.concat([frame, self._whole_county(earned, jobs)], ignore_index=True)
        headings = {
            "loss_m_yuan": Heading("output\nlost,\nM yuan", 0),
            "loss_of_others_m_yuan": Heading("of which\nothers,\nM yuan", 0),
            "loss_of_others_per_yuan": Heading("others\nper own\nyuan"),
            "loss_value_added_m_yuan": Heading("value\nadded,\nM yuan", 0),
            "loss_jobs": Heading("jobs", 0),
            "loss_percent_of_city": Heading("% of\ncity\noutput", 1),
        }
        return View(
            f"Hypothetical extraction: what {CITY} would lose without an industry",
            frame,
            headings,
            (
                "Its output and its final demand vanish; buyers find the goods elsewhere at once.",
                "A measure of dependence, not a forecast.",
            ),
        )

    def _whole_county(self, earned: Floats, jobs: Floats) -> pd.DataFrame:
        """The loss without all industries of the county."""
        table = self.table
        found = extract(table.intermediate, table.output, table.at(self.place), labels=table.producers)
        made = float(table.output[found.selection].sum())
        return pd.DataFrame(
            {
                "county": [self.place],
                "product": ["all"],
                "label": ["the whole county"],
                "output_m_yuan": [made],
                "loss_m_yuan": [found.total],
                "loss_of_others_m_yuan": [found.outside],
                "loss_of_others_per_yuan": [found.outside / made],
                "loss_value_added_m_yuan": [float(earned @ found.loss)],
                "loss_jobs": [float(jobs @ found.loss)],
                "loss_percent_of_city": [100.0 * found.total / float(table.output.sum())],
            }
        )

    def content(self) -> View:
        """Where the inputs of each industry are bought, and where the value of its product is earned."""
        table = self.table if self.wide is None else self.wide
        home = slice(0, len(self.table.output))
        regions = np.array([region for region, _ in table.producers])
        grouped = np.where(np.isin(regions, [*self.table.regions, CITY]), CITY, regions)
        imports = table.import_coefficients
        bought = direct_content(table.coefficients, grouped, imports)
        earned = value_added_content(table.coefficients, grouped, table.value_added_coefficients, imports)
        columns: dict[str, Floats | Sequence[str]] = {}
        headings: dict[str, Heading] = {}
        if self.place is not None:
            own_bought = direct_content(table.coefficients, regions, imports)
            own_earned = value_added_content(table.coefficients, regions, table.value_added_coefficients, imports)
            index, every = own_bought.regions.index[home], np.arange(len(self.table.output))
            columns["bought_own_county"] = own_bought.shares[index, every]
            columns["earned_own_county"] = own_earned.shares[index, every]
            headings["bought_own_county"] = Heading("bought\nown\ncounty")
        outside = ABROAD if self.wide is not None else "elsewhere"
        for kind, found in (("bought", bought), ("earned", earned)):
            if kind == "earned" and self.place is not None:
                headings["earned_own_county"] = Heading("earned\nown\ncounty")
            for name, shares in zip(found.regions.names, found.shares, strict=True):
                columns[f"{kind}_{_snake(str(name))}"] = shares[home]
                headings[f"{kind}_{_snake(str(name))}"] = Heading(_lines(kind, str(name)))
            columns[f"{kind}_{outside}"] = found.imported[home]
            headings[f"{kind}_{outside}"] = Heading(_lines(kind, outside))
        return View(
            "Local content: where inputs are bought, and where the value of a product is earned",
            self._frame(columns),
            headings,
            (
                "bought: share of all inputs of the industry; earned: share of the value of its product, whole chain.",
                "elsewhere: the rest of China and abroad; after the opening the model follows the ten counties only.",
            )[: 2 if self.wide is None else 1],
        )

    def bands(self, draws: Iterable[Table]) -> View:
        """How far the estimate of the table reaches: the same figures from other tables that are as good.

        Args:
            draws: tables of the ten counties, of the same industries, such as those of
                :func:`sim.experiment.tables.table_draws`.

        Returns:
            The figures of this table with the 5 % and 95 % points of the draws.
        """
        figures: dict[str, list[Floats]] = {name: [] for name in BANDS}
        count = 0
        for each in draws:
            count += 1
            table = aggregate(each, regions=dict.fromkeys(each.regions, CITY)) if self.place is None else each
            for name, values in _measures(table).items():
                figures[name].append(values)
        columns: dict[str, Floats | Sequence[str]] = {}
        headings: dict[str, Heading] = {}
        for name, best in _measures(self.table).items():
            low, high = np.percentile(figures[name], [5.0, 95.0], axis=0)
            columns |= {name: best, f"{name}_p05": low, f"{name}_p95": high}
            headings |= {
                name: Heading(BANDS[name]),
                f"{name}_p05": Heading("\n5 %"),
                f"{name}_p95": Heading("\n95 %"),
            }
        return View(
            f"How sure is that? {count} tables drawn over what nobody measured",
            self._frame(columns),
            headings,
            ("Drawn: quotients, own shares, decay of trade, splits and bills of materials, outputs by county.",),
        )

    def views(self, names: Sequence[str]) -> list[View]:
        """The views of these names, see :data:`VIEWS`."""
        return [VIEWS[name](self) for name in names]


def _measures(table: Table) -> dict[str, Floats]:
    """The figures whose bands are shown: output and value added per yuan of final demand, share of inputs bought."""
    system = Leontief(table.coefficients, table.producers)
    inputs = table.coefficients.sum(axis=0)
    everything = inputs + table.import_coefficients.sum(axis=0)
    return {
        "output_type_1": output_multipliers(system),
        "value_added_type_1": total_content(system, table.value_added_share),
        "bought_ningde": share(inputs, everything),
    }


VIEWS: Mapping[str, Callable[[TableAnalysis], View]] = {
    "multipliers": TableAnalysis.multipliers,
    "linkages": TableAnalysis.linkages,
    "extraction": TableAnalysis.extraction,
    "content": TableAnalysis.content,
}
"""The views by name, in the order in which they are printed."""


def product_labels() -> dict[str, str]:
    """English labels of the products by code."""
    return {row["code"]: row["label"] for row in data.rows("products.csv")}


def _snake(name: str) -> str:
    return name.lower().replace(" ", "_")


def _lines(kind: str, place: str) -> str:
    """Heading of a column of local content."""
    words = place.replace("Rest of ", "rest of\n")
    return f"{kind}\n{words}"


# --- output -----------------------------------------------------------------------------------------------------------


def sorted_view(view: View, column: str | None) -> View:
    """The rows of a view by one of its columns, numbers largest first, texts from A; as it is without the column."""
    if column not in view.frame.columns:
        return view
    numbers = pd.api.types.is_numeric_dtype(view.frame[column])
    return replace(view, frame=view.frame.sort_values(str(column), ascending=not numbers, kind="stable"))


def to_csv(view: View, accounts: RegionalAccounts) -> str:
    """A view as CSV with scenario, month and evidence in front; every text harmless to a spreadsheet."""
    frame = view.frame.copy()
    frame.insert(0, "scenario", accounts.scenario)
    frame.insert(1, "month", accounts.month)
    frame.insert(2, "evidence", accounts.origin)
    texts = frame.select_dtypes(exclude="number").columns
    safe = frame.assign(**{name: frame[name].map(harmless) for name in texts})
    return str(safe.to_csv(index=False, lineterminator="\n", float_format="%.10g"))


def print_views(views: Sequence[View], accounts: RegionalAccounts, place: str | None) -> None:
    """Print views as tables that a person can read.

    Args:
        views: what to print.
        accounts: for the heading.
        place: the place that the views are for.
    """
    console = Console(highlight=False)
    # a narrow terminal wraps lines rather than cutting figures off
    console.width = max(console.width, WIDTH) if console.is_terminal else WIDTH
    where = {None: f"{CITY} by product", EVERYWHERE: "every county and product"}.get(place, str(place))
    console.print(Text(f"Input-output table of {where}, {month_name(accounts.month)}", style="bold"))
    console.print(f"scenario {accounts.scenario}; M yuan a year at 2018 prices", markup=False)
    console.print(f"{opening_sentence(accounts.origin)} {ESTIMATED}", markup=False)
    for view in views:
        console.print(_printed(view, place))


def _printed(view: View, place: str | None) -> RenderableType:
    """One view for the terminal."""
    frame = view.frame
    shown = frame[frame["output_m_yuan"] >= SMALL]
    style: dict[str, Any] = {"title_justify": "left", "title_style": "bold", "padding": (0, 1, 0, 0)}
    table = RichTable(box=box.SIMPLE_HEAD, title=view.title, **style)
    if place == EVERYWHERE:
        table.add_column("\n\ncounty", no_wrap=True)
        table.add_column("\n\nproduct", no_wrap=True)
    else:
        width = LABEL_WIDTH if place is None else COUNTY_LABEL_WIDTH
        table.add_column("\n\nproduct", no_wrap=True, width=width, overflow="ellipsis")
    table.add_column("\noutput,\nM yuan", justify="right", no_wrap=True)
    for heading in view.headings.values():
        table.add_column(_bottom(heading.text), justify="right" if heading.digits is not None else "left", no_wrap=True)
    for _, row in shown.iterrows():
        first = [row["county"], row["product"]] if place == EVERYWHERE else [row["label"]]
        cells = [_cell(row[name], heading.digits) for name, heading in view.headings.items()]
        table.add_row(*(escape(text) for text in (*first, f"{row['output_m_yuan']:,.0f}", *cells)))
    left_out = len(frame) - len(shown)
    notes = [*view.notes, *([f"{left_out} industries below {SMALL:g} M yuan are not shown."] if left_out else [])]
    return Group(Text(), table, Text("\n".join(notes), style="dim"))


def _bottom(text: str) -> str:
    """A heading of three lines that stands on the lowest."""
    return "\n" * (2 - text.count("\n")) + text


def _cell(value: object, digits: int | None) -> str:
    """A cell; a dash where there is nothing to measure."""
    if digits is None:
        return str(value)
    number = float(value)  # type: ignore[arg-type]
    return "-" if np.isnan(number) else f"{number:,.{digits}f}"
