"""Figures of many runs show the numbers of the runs, cut nothing off, and bear Chinese names on every machine."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from matplotlib.axis import Tick
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from sim import data
from sim.experiment.ensemble import Ensemble
from sim.report import comparison_figures as figures
from sim.report import style
from sim.report.ensemble_values import by_area, by_county, headline
from sim.statistics.paired import intervals
from sim.world import load_world
from tests.report.fake_ensemble import ensemble

PARTS = (
    "service.teams",
    "a lever with a very long name that has to be wrapped onto more than one line",
    "talent.budget",
)


@pytest.fixture(scope="module")
def runs() -> Ensemble:
    return ensemble({"baseline": {}, "more": {"output": 1.2, "jobs": 1.1, "public_debt": 1.3, "headline": 1.5}})


def waterfall() -> Figure:
    mean, half = np.array([12.0, -5.0, 3.0]), np.array([2.0, 1.0, 4.0])
    return figures.waterfall_figure(
        PARTS, mean, mean - half, mean + half, title="Parts", line="Of what", unit="bn yuan", whole=(10.0, 8.0, 12.0)
    )


DRAWN: dict[str, Callable[[Ensemble], Figure]] = {
    "fan": figures.fan_figure,
    "difference": lambda runs: figures.difference_figure(runs, "more", "baseline"),
    "gains": lambda runs: figures.gains_figure(runs, "more", "baseline"),
    "map": lambda runs: figures.difference_map(runs, "more", "baseline"),
    "reach": figures.reach_figure,
    "waterfall": lambda _: waterfall(),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_cuts_no_text_off_and_lacks_no_character(runs: Ensemble, name: str) -> None:
    figure = DRAWN[name](runs)
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # "Glyph 34121 missing from font"
        canvas.draw()
    width, height = canvas.get_width_height()
    hidden = _out_of_view(figure)
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden:
            box = text.get_window_extent(canvas.get_renderer())
            assert min(box.x0, box.y0, width - box.x1, height - box.y1) >= -1, text.get_text()


def _out_of_view(figure: Figure) -> set[int]:
    """Labels that are not drawn: of hidden axes, and of ticks outside their axis."""
    found = set()
    for axes in figure.axes:
        if not axes.get_visible():
            found |= {id(text) for text in axes.findobj(Text)}
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.findobj(Tick):
                if not low <= tick.get_loc() <= high:
                    found |= {id(tick.label1), id(tick.label2)}
    return found


def test_the_font_has_every_character_of_the_names() -> None:
    names = {row["name_zh"] for row in data.rows("regions.csv")} | set(style.chinese_names().values())
    font = FT2Font(str(style.chinese_font()))
    assert [c for c in sorted(set("".join(names))) if font.get_char_index(ord(c)) == 0] == []
    assert style.county_label("Fuding") == "Fuding 福鼎"
    assert style.county_label("Ningde") == "Ningde"


def test_the_fan_has_the_percentiles_of_the_runs(runs: Ensemble) -> None:
    figure = figures.fan_figure(runs)
    for axes, name in zip(figure.axes, runs.scenarios, strict=True):
        values = headline(runs, name, "above_scale_output").values
        median = axes.lines[figures.SINGLE].get_ydata()
        np.testing.assert_allclose(median, np.median(values, axis=0))
        outer = axes.collections[0].get_paths()[0].vertices[:, 1]
        assert outer.max() == pytest.approx(np.percentile(values, 95, axis=0).max())
        np.testing.assert_array_equal(axes.lines[0].get_ydata(), values[0])


def test_the_difference_has_the_mean_and_interval_of_pairs(runs: Ensemble) -> None:
    figure = figures.difference_figure(runs, "more", "baseline")
    gap = by_area(runs, "more", "output") - by_area(runs, "baseline", "output")
    for axes, area in zip(figure.axes, gap["area"].values, strict=True):
        mean, low, _ = intervals(gap.sel(area=area).values)
        lines = [line.get_ydata() for line in axes.lines]
        assert any(len(line) == len(mean) and np.allclose(line, mean) for line in lines)
        assert axes.collections[0].get_paths()[0].vertices[:, 1].min() == pytest.approx(low.min())


def test_groups_add_up_to_the_city(runs: Ensemble) -> None:
    output = by_area(runs, "more", "output")
    groups = output.sel(area=["core", "coast", "mountain"]).sum("area")
    np.testing.assert_allclose(groups.values, output.sel(area="city").values)
    debt, level = by_area(runs, "more", "public_debt"), runs.values("more", "public_debt_city_level") / 1e3
    counties = by_county(runs, "more", "public_debt").sum("county")
    np.testing.assert_allclose(debt.sel(area="city").values, (counties + level).values)


def test_more_jobs_are_better_and_more_debt_is_worse(runs: Ensemble) -> None:
    figure = figures.gains_figure(runs, "more", "baseline")
    expected = {
        "Gross output": style.BLUE,
        "Jobs": style.BLUE,
        "Local tax": style.GREY,
        "Public debt": style.VERMILLION,
    }
    for axes in figure.axes:
        dots = [line for line in axes.lines if line.get_marker() == "o"]
        assert {line.get_color() for line in dots} == {expected[axes.get_title("left")]}
        assert len(dots) == load_world().county_count
    gap = by_county(runs, "more", "output") - by_county(runs, "baseline", "output")
    mean = gap.isel(year=-1).mean("seed").values
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    np.testing.assert_allclose([float(line.get_xdata()[0]) for line in dots], mean)


def test_the_map_bears_the_differences_and_hatches_what_is_not_told_apart(runs: Ensemble) -> None:
    figure = figures.difference_map(runs, "more", "baseline", measures=("output", "local_tax"))
    gap = (by_county(runs, "more", "output") - by_county(runs, "baseline", "output")).isel(year=-1).mean("seed")
    told, same = figure.axes[0], figure.axes[1 if len(figure.axes) == 2 else 2]
    for county in load_world().county_names:
        chinese = style.chinese_names()[county]
        value = f"{float(gap.sel(county=county)):+,.1f}"
        words = [text.get_text().replace(" zone ", " ").split() for text in told.texts]
        assert [chinese, county, value] in words, county
    assert not any(patch.get_hatch() for patch in told.patches if isinstance(patch, PathPatch))
    assert sum(bool(patch.get_hatch()) for patch in same.patches) == 9
    assert same.collections[0].get_hatch()  # the dot of Dongqiao


def test_parts_of_a_waterfall_follow_one_another_to_the_whole() -> None:
    figure = waterfall()
    bars = [(bar.get_x(), bar.get_width()) for bar in figure.axes[0].patches]
    assert bars == [(0.0, 12.0), (12.0, 3.0), (15.0, -5.0), (0.0, 10.0)]  # largest first, the whole last
    colours = [bar.get_facecolor() for bar in figure.axes[0].patches]
    assert colours == [to_rgba(each) for each in (style.BLUE, style.BLUE, style.VERMILLION, style.INK)]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[-1] == "together"
    assert {"+12", "+3", "-5", "+10"} <= {text.get_text() for text in figure.axes[0].texts}


def test_a_level_once_reached_stays_reached(runs: Ensemble, monkeypatch: pytest.MonkeyPatch) -> None:
    months = np.datetime64("2020-01", "ns") + np.arange(4) * np.timedelta64(31, "D")
    paths = xr.DataArray([[1.0, 3.0, 1.0, 1.0], [1.0, 1.0, 1.0, 3.0]], {"month": months}, ("seed", "month"))
    monkeypatch.setattr(figures, "headline", lambda *_: paths)
    figure = figures.reach_figure(runs, 2.0, ("gdp",), ("baseline",))
    assert figure.axes[0].lines[0].get_ydata().tolist() == [0.0, 50.0, 50.0, 100.0]


def test_probability_curves_are_shares_of_runs(runs: Ensemble) -> None:
    target = float(headline(runs, "more", "above_scale_output").max("month").median())
    figure = figures.reach_figure(runs, target, ("above_scale_output", "gdp_real"), ("more",))
    curve = figure.axes[0].lines[0].get_ydata()
    values = headline(runs, "more", "above_scale_output").values
    np.testing.assert_allclose(curve, 100 * (np.maximum.accumulate(values, axis=1) >= target).mean(axis=0))
    assert curve[-1] == 50.0
    assert [text.get_text() for text in figure.axes[1].texts] == ["in no run"]
