"""Verdicts by hand, the table in two widths, files, and figures that hold what the runs gave."""

from __future__ import annotations

import csv
import importlib.util
import io
import math
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from sim import data
from sim.experiment.moments import GROUPS, MOMENTS
from sim.experiment.validation import KNOWN, LATER, PATHS, measurable
from sim.report import validation as report
from sim.report.validation import (
    ABOVE,
    BELOW,
    FAILS,
    HOLDS,
    INSIDE,
    NO_FACT,
    NOT_HERE,
    NOT_MEASURED,
    OPEN,
    VERDICTS,
    WIDE,
    Band,
    Fact,
    Validation,
    facts,
    figure_text,
    print_validation,
    relative_width,
    to_csv,
    to_markdown,
    validation,
    verdict,
)
from sim.report.validation_figures import MARKS, REACH, drawable, facts_page, path_figure, save_validation_figures


def fact(value: float, low: float | None = None, high: float | None = None) -> Fact:
    return Fact(value, value if low is None else low, value if high is None else high, "unit", "source", "sourced")


SPREAD = np.linspace(0.0, 100.0, 101)
"""Quantiles are their own number: 5 to 95 is the 90 % band."""


# --- verdicts ---------------------------------------------------------------------------------------------------------


def test_the_band_by_hand() -> None:
    band = Band.of(np.append(SPREAD, np.nan))
    assert (band.runs, band.asked) == (101, 102)
    assert (band.low90, band.low50, band.median, band.high50, band.high90) == pytest.approx((5, 25, 50, 75, 95))


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (fact(95.0), INSIDE),
        (fact(95.1), BELOW),
        (fact(96.0, 94.0, 97.0), INSIDE),  # its own range reaches into the band
        (fact(4.0, 3.0, 5.5), WIDE),  # its own range reaches into the band from below
        (fact(4.9), ABOVE),
        (fact(-1.0, -2.0, 4.9), ABOVE),
        (fact(90.0), INSIDE),  # width 90 of 90
        (fact(89.9), WIDE),
        (fact(50.0), WIDE),
        (fact(50.0, 0.0, 90.0), INSIDE),  # a range as wide as the band is its size
        (fact(0.0), ABOVE),
        (None, NO_FACT),
    ],
)
def test_verdicts_on_a_figure(published: Fact | None, expected: str) -> None:
    assert verdict(SPREAD, published) == expected


@pytest.mark.parametrize(
    ("bound", "expected"), [(10.0, HOLDS), (11.0, OPEN), (90.0, OPEN), (91.0, FAILS), (-5.0, HOLDS), (500.0, FAILS)]
)
def test_verdicts_on_a_sign(bound: float, expected: str) -> None:
    assert verdict(np.arange(1.0, 101.0), fact(bound, bound + 0.5, math.inf)) == expected


def test_a_figure_of_one_side_has_no_width() -> None:
    assert math.isnan(relative_width(Band.of(SPREAD), fact(1.0, 1.0, math.inf)))
    assert relative_width(Band.of(SPREAD), fact(-45.0)) == pytest.approx(2.0)


def test_a_moment_that_most_runs_do_not_give_has_no_verdict() -> None:
    values = np.array([1.0, 1.0, np.nan, np.nan, np.nan])
    assert verdict(values, fact(1.0)) == NOT_MEASURED
    assert verdict(values[:4], fact(1.0)) == INSIDE
    assert verdict(np.zeros(0), fact(1.0)) == NOT_MEASURED


NOT_COMPARED: dict[str, str] = {
    "saic_build_months": "history dates the vehicle base in the model, so that it cannot be missed",
    "copper_build_months": "history dates the smelter in the model, so that it cannot be missed",
    "fast_build_fuding1": "one plant; it stands in the range of the best tenth of large projects",
    "trillion": "a goal, no outcome",
    "three_300bn": "a goal, no outcome",
    "signed_plan": "a goal, no outcome",
    "lithium_goal_2020": "a goal; its failure shows in the lithium output of 2020",
    "share_four_2012": "before the opening",
}
"""Published figures that are set beside nothing, and why."""


# --- facts ------------------------------------------------------------------------------------------------------------


def test_every_published_target_is_compared_or_said_not_to_be() -> None:
    names = {row["name"] for row in data.rows("targets.csv")}
    assert len(names) == len(data.rows("targets.csv"))
    assert names == (set(MOMENTS) & names) | set(NOT_COMPARED)
    assert not set(MOMENTS) & set(NOT_COMPARED)
    assert set(MOMENTS) - names == {"local_share_realised_2019"}


def test_published_figures_agree_with_the_file_of_facts() -> None:
    """The same figure stands in two files; hundred million yuan there, billions here."""
    stored = {(row["place"], row["variable"], row["year"]): float(row["value"]) for row in data.rows("facts.csv")}
    pairs = {
        "gdp_2019": (("Ningde", "gdp_nominal", "2019"), 0.1),
        "gdp_growth_2021": (("Ningde", "gdp_real_growth", "2021"), 0.01),
        "gdp_fuan_2021": (("Fuan", "gdp_nominal", "2021"), 0.1),
        "pull_lithium_2019m11": (("BAT", "pull_on_above_scale_va_growth_JanNov", "2019"), 1.0),
        "pull_stainless_2019m11": (("SST", "pull_on_above_scale_va_growth_JanNov", "2019"), 1.0),
        "growth_lithium_2017": (("BAT", "va_growth", "2017"), 0.01),
        "contribution_lithium_2021": (("BAT", "contribution_to_above_scale_va_growth", "2021"), 0.01),
        "chain_projects_2018": (("BAT", "chain_projects_cumulative", "2018"), 1.0),
        "population_2017": (("Ningde", "population_resident_yearend", "2017"), 1e-6),
        "population_2018": (("Ningde", "population_resident_yearend", "2018"), 1e-6),
        "population_2020": (("Ningde", "population_census", "2020"), 1e-6),
        "population_zhouning_2020": (("Zhouning", "population_census", "2020"), 1e-3),
        "total_revenue_fuan_2021": (("Fuan", "fiscal_revenue_total", "2021"), 0.1),
        "total_revenue_xiapu_2019": (("Xiapu", "fiscal_revenue_total", "2019"), 0.1),
        "industrial_power_fuan_2021": (("Fuan", "industrial_electricity", "2021"), 0.1),
        "firms_lithium_2021": (("BAT", "above_scale_firms", "2021"), 1.0),
    }
    published = facts()
    for name, (key, scale) in pairs.items():
        assert published[name].low <= stored[key] * scale <= published[name].high, name


def test_derived_figures_are_the_arithmetic_they_name() -> None:
    published = facts()
    for name, value in {
        "contribution_lithium_2019m11": 11.3 / 14.72,
        "contribution_stainless_2019m11": 4.5 / 14.72,
        "contribution_nev_copper_2019m11": 3.4 / 14.72,
        "share_four_2019_constant": 0.4824 * 1.398 / 1.1472,
        "rest_growth_2020": (0.073 - 0.095) / (1 - 0.633),
        "growth_without_lithium_2021": (0.325 - 0.3045) / (1 - 0.331),
        "price_gap_lithium_2021": 158.0 / 75.0 - 1 - 0.921,
    }.items():
        assert published[name].value == pytest.approx(value, abs=0.0011), name


def test_the_page_says_how_many_figures_stand_beside_a_band() -> None:
    page = " ".join((Path(__file__).parents[2] / "docs" / "validation.md").read_text(encoding="utf-8").split())
    said = re.search(r"sets (\d+) figures beside a 90 % band.*?about (\d+) would lie outside", page)
    assert said is not None
    published = facts()
    banded = [
        moment.name
        for moment in MOMENTS.values()
        if measurable(moment) and moment.name in published and not published[moment.name].one_sided
    ]
    assert (int(said[1]), int(said[2])) == (len(banded), round(0.1 * len(banded)))


# --- the report -------------------------------------------------------------------------------------------------------


def table(runs: int = 21, fault: str = "", origin: str = "2019-11") -> pd.DataFrame:
    """Moments of an ensemble that never was: every figure near what was published, a tenth of it apart."""
    random, published, rows = np.random.default_rng(1), facts(), []
    for seed in range(1, runs + 1):
        for part in (KNOWN, LATER):
            late = part == LATER
            head = ("made up", "abc", origin, seed, part, "conditional" if late else "unconditional")
            values = {
                name: published[name].value * random.normal(1.0, 0.1) if name in published else 0.3
                for name, moment in MOMENTS.items()
                if measurable(moment) and (moment.month > origin) == late
            }
            lost = fault if seed == 3 and late else ""
            rows.append(dict(zip(report.HEAD, (*head, lost), strict=True)) | ({} if lost else values))
    return pd.DataFrame(rows, columns=[*report.HEAD, *MOMENTS])


def paths(runs: int = 21) -> pd.DataFrame:
    frames = []
    for seed in range(1, runs + 1):
        for part, count in ((KNOWN, 71), (LATER, 96)):
            months = [f"{2014 + number // 12}-{number % 12 + 1:02d}" for number in range(count)]
            series = {name: np.where(np.arange(count) < 11, np.nan, seed + np.arange(count) / 10) for name in PATHS}
            frames.append(pd.DataFrame({"seed": seed, "part": part, "month": months, **series}))
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def found() -> Validation:
    return validation(table())


def test_each_moment_stands_in_the_report_once_and_none_is_skipped(found: Validation) -> None:
    assert [line.moment.name for line in found.lines] == list(MOMENTS)
    for line in found.lines:
        assert line.verdict in VERDICTS
        assert (line.verdict == NOT_HERE) == (not measurable(line.moment))


def test_later_facts_are_read_from_the_later_runs(found: Validation) -> None:
    lines = {line.moment.name: line for line in found.lines}
    assert not lines["chain_projects_2019"].late
    assert lines["chain_projects_2019"].world == "unconditional"
    assert lines["output_lithium_2019"].late
    assert lines["output_lithium_2019"].world == "conditional"
    assert lines["output_lithium_2019"].band.runs == 21
    assert not lines["firm_tail"].late


def test_one_run_that_serves_both_is_read_for_both() -> None:
    whole = table()
    merged = whole[whole["part"] == KNOWN].drop(columns=list(MOMENTS)).reset_index(drop=True)
    later = whole[whole["part"] == LATER].reset_index(drop=True)
    first = whole[whole["part"] == KNOWN].reset_index(drop=True)
    merged = merged.join(first[list(MOMENTS)].combine_first(later[list(MOMENTS)]))
    lines = {line.moment.name: line for line in validation(merged).lines}
    assert lines["output_lithium_2021"].band.runs == 21
    assert lines["output_lithium_2021"].late


def test_a_lost_run_is_told_and_counts_for_nothing() -> None:
    found = validation(table(fault="OpeningError: refused"))
    assert found.faults == ((LATER, 3, "OpeningError: refused"),)
    lines = {line.moment.name: line for line in found.lines}
    assert (lines["output_lithium_2021"].band.runs, lines["output_lithium_2021"].band.asked) == (20, 20)
    assert lines["chain_projects_2019"].band.runs == 21
    assert "Seed 3 (later) is missing: OpeningError: refused" in report.headline(found)


@pytest.mark.parametrize(("runs", "told"), [(2, True), (29, True), (30, False)])
def test_few_runs_are_told_with_caution(runs: int, told: bool, capsys: pytest.CaptureFixture[str]) -> None:
    found = validation(table(runs))
    line = f"Caution: a 90 % band of {runs} runs is hardly known; take 30 or more seeds before you trust a verdict."
    assert (line in report.headline(found)) == told
    assert (f"- {line}" in to_markdown(found).splitlines()) == told
    print_validation(found)
    assert (line in " ".join(capsys.readouterr().out.split())) == told
    assert any("Caution" in text for text in report.headline(found)) == told


def test_runs_that_were_lost_do_not_count_as_runs() -> None:
    """Seed 3 is lost in the later part only; the band there is of one run less."""
    found = validation(table(30, fault="OpeningError: refused"))
    assert (found.seeds, found.runs) == (30, 29)
    assert any("a 90 % band of 29 runs is hardly known" in text for text in report.headline(found))


@pytest.mark.parametrize(("width", "columns"), [(80, report.SHORT_COLUMNS), (118, report.COLUMNS)])
def test_the_printed_table_fits(
    found: Validation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    columns: dict[str, int],
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    print_validation(found)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert all(name in " ".join(lines) for name in columns)
    for group in GROUPS:
        assert group in lines
    for moment in MOMENTS.values():
        assert any(line.startswith(moment.label) for line in lines), moment.label
    assert sum(NOT_HERE in line for line in lines[5:]) == sum(not measurable(moment) for moment in MOMENTS.values())


def test_labels_fit_and_differ_within_their_group() -> None:
    for group in GROUPS:
        labels = [moment.label for moment in MOMENTS.values() if moment.group == group]
        assert len(set(labels)) == len(labels)
    for moment in MOMENTS.values():
        late = " °" if moment.month > "2019-11" else ""
        assert len(moment.label + late) <= report.COLUMNS[report.LABEL], moment.label


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (0.4824, "share_four_base_2018", "48.2 %"),
        (2.5, "share_four_base_2018", "250 %"),
        (226_000.0, "vehicles_2021", "226k"),
        (1.05, "firm_tail", "1.05"),
        (38.0, "chain_projects_2019", "38"),
        (12.508, "industrial_power_2019m11", "12.5"),
        (float("nan"), "firm_tail", "-"),
    ],
)
def test_figures_in_words(value: float, name: str, text: str) -> None:
    assert figure_text(value, MOMENTS[name]) == text


def test_the_csv_has_everything(found: Validation) -> None:
    rows = {row["moment"]: row for row in csv.DictReader(io.StringIO(to_csv(found)))}
    assert list(rows) == list(MOMENTS)
    row = rows["chain_projects_2019"]
    assert (float(row["published"]), row["grade"], row["month"]) == (38.0, "sourced", "2019-11")
    assert float(row["p05"]) < float(row["p25"]) < float(row["median"]) < float(row["p75"]) < float(row["p95"])
    assert "promotion.lead_rate_chain" in row["parameters"].split()
    assert rows["output_lithium_2021"]["out_of_sample"] == "True"
    assert rows["zone_effect_gdp"]["verdict"] == NOT_HERE


def test_the_markdown_holds_the_table_the_rules_and_the_sources(found: Validation) -> None:
    text = to_markdown(found, ["facts.png"])
    assert "![facts](facts.png)" in text
    for name in VERDICTS:
        assert f"**{name}**" in text
    assert "Mindong Daily, 26 Dec 2019" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len({line.count("|") for line in rows if "verdict" in line or " inside |" in line}) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="part"), "lacks the column 'part'"),
        (lambda frame: frame.iloc[:0], "has no rows"),
        (lambda frame: frame.assign(hash=[str(number) for number in range(len(frame))]), "different scenarios"),
    ],
)
def test_a_table_of_something_else_is_refused(change, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        validation(change(table(2)))


def test_a_table_read_back_gives_the_same_report(tmp_path: Path, found: Validation) -> None:
    file = tmp_path / "moments.csv"
    table().to_csv(file, index=False)
    again = validation(report.read_moments(file))
    assert [line.verdict for line in again.lines] == [line.verdict for line in found.lines]
    assert report.read_paths(tmp_path / "paths.csv") is None
    paths(2).to_csv(tmp_path / "paths.csv", index=False)
    assert report.read_paths(tmp_path / "paths.csv") is not None


# --- figures ----------------------------------------------------------------------------------------------------------


def test_the_page_of_facts_draws_each_band_where_it_is(found: Validation) -> None:
    figure = facts_page(found)
    shown = drawable(found)
    assert len(shown) > 60
    dots = [line for axes in figure.axes for line in axes.get_lines() if line.get_marker() == "o"]
    assert len(dots) == len(shown)
    labels = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert {report.label_text(line) for line in shown} <= set(labels)
    wanted = next(line for line in shown if line.moment.name == "chain_projects_2019")
    ends = [(wanted.band.low90 - 38) / 38, (wanted.band.high90 - 38) / 38]
    assert all(abs(end) < REACH for end in ends)
    bars = [np.asarray(line.get_xdata(), dtype=float) for axes in figure.axes for line in axes.get_lines()]
    assert any(bar.size == 2 and np.allclose(bar, ends) for bar in bars)


def test_nothing_on_the_page_of_facts_is_cut(found: Validation) -> None:
    figure = facts_page(found)
    figure.canvas.draw()
    box = figure.bbox
    for axes in figure.axes:
        for text in (*axes.texts, *axes.get_xticklabels()):
            extent = text.get_window_extent()
            assert extent.x0 >= box.x0
            assert extent.x1 <= box.x1, text.get_text()


def test_the_paths_carry_bands_and_published_marks(found: Validation) -> None:
    figure = path_figure(found, paths())
    published = facts()
    for axes, name in zip(figure.axes, MARKS, strict=True):
        factor = 100.0 if name == "share_four" else 1.0
        marks = [line.get_ydata()[0] for line in axes.get_lines() if line.get_marker() == "o"]
        assert marks == pytest.approx(
            [published[fact].value * scale * factor for fact, (_, scale) in MARKS[name].items()]
        )
        middle = next(line for line in axes.get_lines() if len(np.asarray(line.get_xdata())) > 20)
        assert np.asarray(middle.get_ydata())[0] == pytest.approx((11 + 1.1) * factor)  # seed 11 of 21


@pytest.mark.slow
def test_figures_are_saved_and_leave_nothing_behind(tmp_path: Path, found: Validation) -> None:
    before = dict(mpl.rcParams)
    files = save_validation_figures(found, None, tmp_path)
    assert [file.name for file in files] == ["facts.png"]
    assert files[0].read_bytes()[:4] == b"\x89PNG"
    assert dict(mpl.rcParams) == before


def test_no_published_source_speaks_of_a_year_after_2021() -> None:
    """A publication of 2022 may be cited for what it says of 2021; the moment itself ends in 2021."""
    for name, moment in MOMENTS.items():
        for year in re.findall(r"20\d\d", f"{name} {moment.label} {moment.month}"):
            assert int(year) <= 2021, name


def test_the_page_of_the_documentation_takes_the_table_between_its_marks() -> None:
    file = Path(__file__).parents[2] / "docs" / "validation.py"
    spec = importlib.util.spec_from_file_location("validation_page", file)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    old = file.with_suffix(".md").read_text(encoding="utf-8")
    new = script.page(old, table(3))
    assert new.partition(script.START)[0] == old.partition(script.START)[0]
    assert new.partition(script.END)[2] == old.partition(script.END)[2]
    assert "| battery projects Nov 2019 | 38 |" in new
    assert script.page(new, table(3)) == new
    for name in VERDICTS:
        assert re.search(rf"\b{name}\b", old), f"docs/validation.md does not explain {name!r}"
