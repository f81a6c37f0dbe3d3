"""What `ningde explain` prints, draws and writes: whole, readable, and true to the explanation."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

import sim
from sim.experiment.explanation import Explanation
from sim.limits import LIMITS
from sim.report.explain import (
    COUNT_HEADINGS,
    SHORT_LIMITS,
    WIDE_HEADINGS,
    chosen_projects,
    condensed,
    county_funnel,
    county_of,
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
    limits_figure,
    save_explain_figures,
)
from sim.world import load_world


@pytest.fixture(scope="module")
def found() -> Explanation:
    return sim.explain(sim.load("baseline"), 1, "2019-11")


def printed(found: Explanation, width: int, county: str | None = None, leader: str | None = None) -> str:
    text = io.StringIO()
    print_explanation(found, county, leader, file=text, width=width)
    return text.getvalue()


@pytest.mark.parametrize("width", [80, 118])
@pytest.mark.parametrize(("county", "leader"), [(None, None), ("Fuding", None), (None, "CATL")])
def test_nothing_is_cut_off(found: Explanation, width: int, county: str | None, leader: str | None) -> None:
    text = printed(found, width, county, leader)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    assert "nan" not in text.split()


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


@pytest.mark.parametrize("code", ["CATL", "ATL", "QINGTUO", "SAIC", "SECOPPER"])
def test_chain_maps_are_readable(found: Explanation, code: str) -> None:
    check(chain_map_figure(found, code))


@pytest.mark.parametrize("county", [None, "Zherong"])
def test_other_figures_are_readable(found: Explanation, county: str | None) -> None:
    check(limits_figure(found, county))
    check(funnel_figure(found, county))


def test_bars_of_a_chain_map_are_the_needs(found: Explanation) -> None:
    axes = chain_map_figure(found, "CATL").axes[0]  # the chain inputs stand above the others
    goods = found.maps["CATL"].inputs.query("chain")
    ends = {round(bar.get_y() + bar.get_height() / 2): bar.get_x() + bar.get_width() for bar in axes.patches}
    for at, need in enumerate(goods["need"][::-1]):
        assert ends[at] == pytest.approx(need / 1000)
    with pytest.raises(KeyError):
        chain_map_figure(replace(found, maps={}), "CATL")


def test_bars_of_the_limits_add_up(found: Explanation) -> None:
    axes = limits_figure(found).axes[0]
    top = max(bar.get_y() + bar.get_height() for bar in axes.patches)
    yearly = found.missing.groupby("year")["m_yuan"].sum() / 1000
    assert top == pytest.approx(yearly.max(), rel=0.01)  # limits too small to be seen are left out


# --- files ------------------------------------------------------------------------------------------------------------


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
    with (tmp_path / "projects.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(found.projects)


def test_tables_leave_the_explanation_as_it_is(found: Explanation) -> None:
    before = list(found.missing)
    first, second = tables(found), tables(found)
    assert list(found.missing) == before
    assert list(first["limits"]) == list(second["limits"])
