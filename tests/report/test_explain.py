"""What `ningde explain` prints, draws and writes: whole, readable, and true to the explanation."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

import sim
from sim.experiment.explanation import Explanation
from sim.experiment.witness import LUCK
from sim.limits import LIMITS
from sim.report.explain import (
    COUNT_HEADINGS,
    SHORT_LIMITS,
    WIDE_HEADINGS,
    chosen_projects,
    condensed,
    county_funnel,
    county_of,
    file_name,
    leader_codes,
    leader_of,
    print_explanation,
    reasons,
    save_tables,
    tables,
)
from sim.report.explain_figures import (
    LIMIT_COLOURS,
    LIMIT_WORDS,
    chain_map_figure,
    funnel_figure,
    limits_by_county_figure,
    limits_figure,
    save_explain_figures,
)
from sim.report.style import month_name
from sim.world import load_world


@pytest.fixture(scope="module")
def found() -> Explanation:
    return sim.explain(sim.load("baseline"), 1, "2019-11")


PRINTED: dict[tuple[int, int, str | None, str | None], tuple[Explanation, str]] = {}
"""What was printed of each explanation, which stays alive so that its identity does."""


def printed(found: Explanation, width: int, county: str | None = None, leader: str | None = None) -> str:
    key = (id(found), width, county, leader)
    if key not in PRINTED:
        text = io.StringIO()
        print_explanation(found, county, leader, file=text, width=width)
        PRINTED[key] = found, text.getvalue()
    return PRINTED[key][1]


@pytest.mark.parametrize("width", [80, pytest.param(118, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("county", "leader"), [(None, None), ("Fuding", None), (None, "CATL")])
def test_nothing_is_cut_off(found: Explanation, width: int, county: str | None, leader: str | None) -> None:
    text = printed(found, width, county, leader)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    assert "nan" not in text.split()


@pytest.mark.slow
def test_large_counts_fit_into_the_narrow_page(found: Explanation) -> None:
    """A run to 2035 has five figures of candidates and of leads."""
    large = replace(found, funnel=found.funnel * 9, by_chain=found.by_chain * 9, by_county=found.by_county * 9)
    for width in (80, 118):
        text = printed(large, width)
        assert max(len(line) for line in text.splitlines()) <= width
        assert "…" not in text


def test_parts_of_the_report(found: Explanation) -> None:
    text = printed(found, 118)
    for part in (
        "Who came, where and why: Ningde, Jan 2014 to Nov 2019",
        "The funnel: from candidates to plants",
        "What limited growth: missing output, bn yuan a year",
        "The first in each chain",
        "The largest that came",
        "Plants of the leaders, as published",
        "The chain of Contemporary Amperex Technology, Nov 2019",
        "The chain of Southeast Copper, Nov 2019",
        "What was decided",
        "A projection given stated demand and policy, not a forecast.",
    ):
        assert part in text
    row = next(line for line in text.splitlines() if line.startswith("follow the leader")).split()
    counts = found.funnel.loc["follow the leader"]
    names = [name for name in {**COUNT_HEADINGS, **WIDE_HEADINGS} if name != "own"]
    assert [int(cell.replace(",", "")) for cell in row[3:]] == [int(counts[name]) for name in names]
    year = found.missing[found.missing["year"] == 2019]["m_yuan"].sum() / 1000
    line = next(line for line in text.splitlines() if line.startswith("2019 "))
    assert float(line.split()[-1].replace(",", "")) == pytest.approx(year, abs=0.06)
    for name in ("CATL Huxi base of the prospectus, first half", "SAIC Ningde vehicle base phase 1"):
        assert name in text


def test_a_county_is_told_alone(found: Explanation) -> None:
    text = printed(found, 80, "Fuding")
    assert "Projects of Fuding by way in" in text
    assert "What limited growth in Fuding" in text
    assert "Wanwu" not in text
    assert "The chain of" not in text
    mine = county_funnel(found, "Fuding").loc["all"]
    for name in ("signed", "failed", "waiting", "building", "producing", "closed_since"):
        assert mine[name] == found.by_county.loc["Fuding", name], name


def test_a_leader_is_told_alone(found: Explanation) -> None:
    text = printed(found, 118, leader="CATL")
    assert "The chain of Contemporary Amperex Technology" in text
    assert "Tsingtuo" not in text
    assert "Cathode materials" in text
    absent = replace(found, maps={}, absent={"CATL": "Contemporary Amperex Technology"})
    assert "It has no plant in Ningde by Nov 2019." in printed(absent, 118, leader="CATL")


def cells(text: str, heading: str, label: str) -> list[str]:
    """The row of a label in the first table below a heading."""
    below = text.partition(heading)[2]
    return next(line for line in below.splitlines() if line.startswith(label)).removeprefix(label).split()


@pytest.mark.parametrize("width", [80, 118])
def test_words_are_whole_and_firms_have_names(found: Explanation, width: int) -> None:
    text = printed(found, width)
    for line in text.splitlines():
        assert not [word for word in line.split() if word.endswith("-") and len(word) > 1], line
    words = text.replace("CATL Huxi", "").replace("CATL-FAW", "").replace("ATL phase", "").replace("SAIC", "").split()
    assert not {"QINGTUO", "SECOPPER", "CATL", "ATL"} & {word.strip(".,;:()") for word in words}
    lines = text.splitlines()
    label = "Nickel iron, stainless", "steelmaking and slab"
    assert any(one.startswith(label[0]) and two.startswith(label[1]) for one, two in pairwise(lines)), "no label is cut"


def test_losses_are_told_by_cause(found: Explanation) -> None:
    text = printed(found, 118)
    told = cells(text, "Why leads were lost", "follow the leader")
    line = found.causes[found.causes["key"] == "follow the leader"].iloc[0]
    assert int(told[0]) == line[list(found.odds)].sum() == found.funnel.loc["follow the leader", "lost_elsewhere"]
    assert int(told[1]) == line[LUCK]
    assert sum(int(cell) for cell in told[1:]) == int(told[0])
    told = cells(text, "What spoke for (+) and against (-)", "follow the leader")
    mean = found.against[found.against["key"] == "follow the leader"].iloc[0]
    assert told[0] == f"{mean['buyers']:+.2f}"
    assert told[-1] == f"{mean[LUCK]:+.2f}"
    told = cells(text, "Why signed projects failed", "unplanned")
    line = found.failures[found.failures["key"] == "unplanned"].iloc[0]
    assert int(told[0]) == line["failed"]
    assert f"{line['pressure']:.1f}" in told


def test_what_is_folded_away_is_told(found: Explanation) -> None:
    """On a narrow page the lesser limits stand together; every row still sums to what is missing."""
    for width in (80, 118):
        text = printed(found, width)
        for county, part in found.missing[found.missing["year"] == 2019].groupby("county"):
            row = [float(cell.replace(",", "")) for cell in cells(text, "county, 2019", str(county)) if cell != "."]
            assert row[-1] == pytest.approx(part["m_yuan"].sum() / 1000, rel=0.01)
            assert sum(row[:-1]) == pytest.approx(row[-1], rel=0.02)
    assert "others in 2019: " in printed(found, 80)


def test_counties_are_told_in_years_of_plans_and_news(found: Explanation) -> None:
    text = printed(found, 118)
    below = text.partition("Counties in years of plans and news")[2]
    assert cells(below, "limits", "county") == ["2015", "2019"]
    for county in load_world().county_names:
        part = found.missing[(found.missing["county"] == county) & (found.missing["year"] == 2015)]
        told = cells(below, "limits", county)
        assert float(told[0]) == pytest.approx(part["m_yuan"].sum() / 1000, rel=0.01)
    largest = found.missing[(found.missing["county"] == "Jiaocheng") & (found.missing["year"] == 2015)]
    name = largest.groupby("limit")["m_yuan"].sum().idxmax()
    lines = below.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("Jiaocheng"))
    assert lines[at + 1].split()[0] == name


def test_public_money_is_told_where_it_was_short(found: Explanation) -> None:
    short = found.public_money[found.public_money["months_short"] > 0]
    text = printed(found, 118)
    assert len(short)
    for _, line in short.iterrows():
        assert f"{100 * line['funded']:.1f}" in cells(text, "Public money", str(line["budget"]))
    rich = replace(found, public_money=found.public_money.assign(funded=1.0, months_short=0))
    assert "Every budget could pay all of them in every month." in printed(rich, 118)


def test_what_is_made_of_the_goods_of_a_leader(found: Explanation) -> None:
    text = printed(found, 118, leader="QINGTUO")
    steel = found.maps["QINGTUO"].downstream
    for product in ("Stainless hot and cold rolling", "Stainless products"):
        told = cells(text, "downstream, made here", product)
        line = steel[steel["label"] == product].iloc[0]
        assert f"{line['open'] / 1000:,.2f}"[:4] in " ".join(told)
    assert "Not in the gap map" in text
    assert "equipment, twelve months" in printed(found, 118, leader="CATL")
    assert "In Nov 2019 its market orders" in " ".join(text.split())


def test_closed_firms_have_an_end(found: Explanation) -> None:
    row = found.projects[found.projects["closed"] != ""].iloc[0]
    table = replace(found, projects=found.projects.loc[[row.name]].assign(investment_m_yuan=1e6))
    text = " ".join(printed(table, 118).split())
    assert "closed since" not in text.partition("The largest that came")[2]
    assert f"produced from {month_name(row['produced'])} to {month_name(row['closed'])}" in text


def test_files_are_named_after_firms() -> None:
    names = [file_name(code) for code in leader_codes()]
    assert names == ["catl", "atl", "tsingtuo", "saic", "southeast_copper"]


def test_largest_are_the_largest(found: Explanation) -> None:
    chosen = chosen_projects(found, None, None)["The largest that came"]
    every = found.projects
    others = every[(every["signed"] != "") & (every["leader"] == "") & (every["stage"] != "failed")].drop(chosen.index)
    assert chosen["investment_m_yuan"].min() >= others["investment_m_yuan"].max()
    mine = chosen_projects(found, None, "SAIC")
    assert all(((rows["leader"] == "SAIC") | (rows["sponsor"] == "SAIC")).all() for rows in mine.values())


def test_reasons_name_what_weighed_most(found: Explanation) -> None:
    row = found.projects[found.projects["why_taste"].notna()].iloc[0].copy()
    for name in found.terms:
        row[f"why_{name}"] = 0.0
    row["why_minutes"], row["why_buyers"], row["why_rent"], row["why_peers"] = 1.5, 0.25, -0.4, 0.01
    row["open_parks"] = 5
    told = reasons(found, row)
    assert (
        told
        == "against 4 other parks: minutes to the sponsor +1.50, buyers near by +0.25; in spite of price of land -0.40"
    )
    row["open_parks"] = 1
    assert reasons(found, row) == "the only park open to it"


def test_decisions_of_a_kind_are_one_line() -> None:
    log = pd.DataFrame(
        [
            ("2019-12", "Fuan", "lacks quota: 20 mu asked"),
            ("2020-12", "Fuan", "lacks quota: 30 mu asked"),
            ("2020-12", "Fuan", "lacks planned land: 5 mu asked"),
            ("2021-01", "Ningde", "gives most quota to Fuan: 9 of 10 mu"),
        ],
        columns=["month", "agent", "decision"],
    )
    lines = condensed(log)
    assert lines["times"].tolist() == [2, 1, 1]
    assert lines.iloc[0][["first", "last", "decision"]].tolist() == ["2019-12", "2020-12", "lacks quota: 30 mu asked"]


def test_decisions_of_others_are_left_out(found: Explanation) -> None:
    sentences = [("Fuan", "lacks quota: a"), ("Ningde", "gives most quota to Fuan: b"), ("Fuding", "lacks quota: c")]
    sentences.append(("Contemporary Amperex Technology", "plans a plant: d"))
    log = pd.DataFrame([("2021-12", *each) for each in sentences], columns=["month", "agent", "decision"])
    told = replace(found, decisions=log)
    endings = {": a", ": b", ": c", ": d"}

    def heard(county: str | None, leader: str | None) -> set[str]:
        lines = printed(told, 118, county, leader).partition("What was decided")[2].splitlines()
        return {ending for ending in endings for line in lines if line.endswith(ending)}

    assert heard(None, None) == endings
    assert heard("Fuan", None) == {": a", ": b"}
    assert heard(None, "CATL") == {": d"}


@pytest.mark.parametrize("word", ["CATL", "catl", "contemporary", "Contemporary Amperex Technology"])
def test_a_leader_has_several_names(word: str) -> None:
    assert leader_of(word) == "CATL"


def test_names_that_are_wrong_are_told_the_nearest() -> None:
    with pytest.raises(
        ValueError, match=r"no leader is called 'Tsingtou' \(did you mean 'Tsingtuo'\?\); choose from CATL"
    ):
        leader_of("Tsingtou")
    names = load_world().county_names
    assert county_of("fuding", names) == "Fuding"
    with pytest.raises(
        ValueError, match=r"no county is called 'Xiapo' \(did you mean 'Xiapu'\?\); choose one of Jiaocheng"
    ):
        county_of("Xiapo", names)


def test_every_limit_has_its_words_and_colour() -> None:
    for words in (SHORT_LIMITS, LIMIT_WORDS, LIMIT_COLOURS):
        assert tuple(words) == tuple(LIMITS)
    assert len(set(LIMIT_COLOURS.values())) == len(LIMITS)


# --- figures ----------------------------------------------------------------------------------------------------------


def boxes(figure: Figure) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Texts that are shown (ticks beyond the axes are not), with left, bottom, right and top in dots."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    shown, beyond = [], set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            beyond |= {id(tick.label1) for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high}
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and id(text) not in beyond:
            box = text.get_window_extent(renderer)
            shown.append((text.get_text(), (box.x0, box.y0, box.x1, box.y1)))
    return shown


def check(figure: Figure) -> None:
    """No text leaves the canvas or lies on another."""
    width, height = figure.get_size_inches() * figure.dpi
    inside = boxes(figure)
    for at, (text, box) in enumerate(inside):
        assert box[0] >= 0, text
        assert box[2] <= width, text
        assert box[1] >= 0, text
        assert box[3] <= height, text
        for other, beside in inside[:at]:
            apart = box[0] >= beside[2] or box[2] <= beside[0] or box[1] >= beside[3] or box[3] <= beside[1]
            assert apart or text == other, (text, other)


@pytest.mark.parametrize(
    "code", ["CATL", *(pytest.param(code, marks=pytest.mark.slow) for code in ("ATL", "QINGTUO", "SAIC", "SECOPPER"))]
)
def test_chain_maps_are_readable(found: Explanation, code: str) -> None:
    check(chain_map_figure(found, code))


@pytest.mark.parametrize("county", [None, pytest.param("Zherong", marks=pytest.mark.slow)])
def test_other_figures_are_readable(found: Explanation, county: str | None) -> None:
    check(limits_figure(found, county))
    check(funnel_figure(found, county))


def test_the_funnel_draws_who_still_produces(found: Explanation) -> None:
    axes = funnel_figure(found).axes[0]
    told = {text.get_text().strip() for text in axes.texts}
    line = found.funnel.loc["normal entry"]
    still = line["producing"] - line["closed_since"]
    assert line["closed_since"] > 0
    assert f"{line['leads']:,.0f}, of which {still:,.0f} produce" in told


@pytest.mark.slow
def test_every_county_has_its_limits_drawn(found: Explanation) -> None:
    figure = limits_by_county_figure(found)
    check(figure)
    assert [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes] == list(load_world().county_names)
    for axes, county in zip(figure.axes, load_world().county_names, strict=True):
        top = max(bar.get_y() + bar.get_height() for bar in axes.patches)
        mine = found.missing[found.missing["county"] == county].groupby("year")["m_yuan"].sum() / 1000
        assert top == pytest.approx(mine.max(), rel=0.03)


def test_bars_of_a_chain_map_are_the_needs(found: Explanation) -> None:
    axes = chain_map_figure(found, "CATL").axes[0]  # the chain inputs stand above the others
    goods = found.maps["CATL"].inputs.query("chain")
    ends = {round(bar.get_y() + bar.get_height() / 2): bar.get_x() + bar.get_width() for bar in axes.patches}
    for at, need in enumerate(goods["need"][::-1]):
        assert ends[at] == pytest.approx(need / 1000)
    made = chain_map_figure(found, "QINGTUO").axes[-2]  # the last are the lines
    ends = {round(bar.get_y() + bar.get_height() / 2): bar.get_x() + bar.get_width() for bar in made.patches}
    for at, whole in enumerate(found.maps["QINGTUO"].downstream["open"][::-1]):
        assert ends[at] == pytest.approx(whole / 1000)
    with pytest.raises(KeyError):
        chain_map_figure(replace(found, maps={}), "CATL")


def test_bars_of_the_limits_add_up(found: Explanation) -> None:
    axes = limits_figure(found).axes[0]
    top = max(bar.get_y() + bar.get_height() for bar in axes.patches)
    yearly = found.missing.groupby("year")["m_yuan"].sum() / 1000
    assert top == pytest.approx(yearly.max(), rel=0.01)  # limits too small to be seen are left out


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_files_hold_what_was_found(found: Explanation, tmp_path: Path) -> None:
    paths = save_tables(found, tmp_path) + save_explain_figures(found, tmp_path, leader="SAIC")
    assert {path.name for path in paths} == {
        "funnel.csv", "projects.csv", "limits.csv", "decisions.csv", "chains.csv", "downstream.csv",
        "lost_by_cause.csv", "lost_terms.csv", "failures.csv", "public_money.csv",
        "funnel.png", "limits.png", "chain_map_saic.png",
    }  # fmt: skip
    assert all(path.stat().st_size > 200 for path in paths)
    with (tmp_path / "limits.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert sum(float(line["m_yuan"]) for line in lines) == pytest.approx(found.missing["m_yuan"].sum())
    assert {line["scenario"] for line in lines} == {"baseline"}
    assert {"batteries", "other industry"} <= {line["group"] for line in lines}
    written = "".join(path.read_text(encoding="utf-8") for path in paths if path.suffix == ".csv")
    assert "QINGTUO" not in written
    assert "SECOPPER" not in written
    with (tmp_path / "projects.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(found.projects)


def test_tables_leave_the_explanation_as_it_is(found: Explanation) -> None:
    before = list(found.missing)
    first, second = tables(found), tables(found)
    assert list(found.missing) == before
    assert list(first["limits"]) == list(second["limits"])
