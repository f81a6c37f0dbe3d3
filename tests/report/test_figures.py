"""Figures show the numbers of the run, with units, and leave nothing behind."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from sim import data
from sim.report import FIGURES, figures, save_figures, style
from sim.results import FolderError, Run
from sim.state import CHANNEL_LABELS
from tests.report import fake


@pytest.fixture(scope="module")
def run() -> Run:
    return fake.run()


def line(axes: Axes, label: str) -> np.ndarray:
    """Values of the line with that label."""
    return next(np.asarray(each.get_ydata()) for each in axes.get_lines() if each.get_label() == label)


def layers(axes: Axes) -> list[PolyCollection]:
    return [each for each in axes.collections if isinstance(each, PolyCollection)]


def thickness(area: PolyCollection, months: int) -> np.ndarray:
    """Height of a layer of a stack at every month: its upper less its lower edge."""
    corners = area.get_paths()[0].vertices
    lower = corners[1 : months + 1, 1]
    upper = corners[months + 2 : 2 * months + 2, 1][::-1]
    return np.abs(upper - lower)


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(mpl.text.Text))


def test_the_path_shows_the_three_measures(run: Run) -> None:
    axes = figures.path(run).axes[0]
    trailing = run.trailing_output()
    labels = {
        "nominal": "at current prices",
        "real": "at 2018 prices",
        "net": "without chain double\ncounting, current prices",
    }
    for name, label in labels.items():
        np.testing.assert_array_equal(line(axes, label), trailing[name].values)
    ends = [text.get_text() for text in axes.texts]
    for name, label in labels.items():
        assert f"{float(trailing[name][-1]):,.0f}  {label}" in ends
    years = np.asarray(axes.get_lines()[0].get_xdata())
    assert (years[0], years[-1]) == (2015.0, 2036.0)  # ends of December 2014 and December 2035


def test_the_goal_and_the_end_of_facts_stand_where_they_belong(run: Run) -> None:
    axes = figures.path(run).axes[0]
    level = [np.asarray(each.get_ydata()) for each in axes.get_lines() if len(np.asarray(each.get_ydata())) == 2]
    assert any((values == 1000.0).all() for values in level)
    dashed = [
        each for each in axes.get_lines() if each.get_linestyle() == "--" and len(np.asarray(each.get_xdata())) == 2
    ]
    assert [float(np.asarray(each.get_xdata())[0]) for each in dashed] == [pytest.approx(2019 + 11 / 12)]
    assert axes.get_ylim()[1] > 1000.0


def test_a_boundary_outside_the_run_is_not_drawn() -> None:
    figure = figures.path(fake.run(fake.scenario(end="2016-12")))
    assert "facts known" not in words(figure).split("\n")
    assert "Ring" not in words(figure)


def test_the_headline_tells_when_the_trillion_is_reached(run: Run) -> None:
    assert "the trillion is not reached" in words(figures.path(run))
    name = "output_above_scale_nominal"
    richer = Run(run.monthly.assign({name: run.monthly[name] * 2.0}))
    month = str(richer.trailing_output()["month"].values[(richer.trailing_output()["nominal"] >= 1000).values.argmax()])
    assert f"a trillion in {style.month_name(month[:7])}" in words(figures.path(richer))


def test_chains_are_stacked_as_in_the_run(run: Run) -> None:
    figure = figures.chains(run)
    for axes, name in zip(figure.axes, ("nominal", "real"), strict=True):
        output = run.trailing_output("chain")[name]
        for area, chain in zip(layers(axes), style.CHAIN_COLOURS, strict=True):
            np.testing.assert_allclose(thickness(area, output.sizes["month"]), output.sel(chain=chain), atol=1e-9)
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()


def test_regions_have_ten_panels_with_their_own_numbers(run: Run) -> None:
    figure = figures.regions(run)
    output = run.trailing_output("county", "chain")["real"]
    assert [axes.get_title("left") for axes in figure.axes] == output["county"].values.tolist()
    for axes, county in zip(figure.axes, output["county"].values.tolist(), strict=True):
        here = output.sel(county=county)
        heights = [thickness(area, here.sizes["month"]) for area in layers(axes)]
        np.testing.assert_allclose(np.sum(heights, axis=0), here.sum("chain"), rtol=1e-9)
        total = here.sum("chain").values
        assert axes.get_title("right") == f"{total[0]:,.1f} → {total[-1]:,.1f}"
        assert axes.get_ylim()[1] > total.max()


def test_the_supplier_figure_shows_shares_projects_and_funnel(run: Run) -> None:
    shares, introduced, funnel = figures.suppliers(run).axes
    potential = run.monthly["local_share_potential"].values
    np.testing.assert_allclose(line(shares, "could be bought nearby"), 100 * potential)
    np.testing.assert_allclose(line(shares, "is bought nearby"), 100 * run.monthly["local_share_realised"].values)
    batteries = run.monthly["introduced"].sel(chain="BAT").values
    np.testing.assert_array_equal(line(introduced, "Lithium batteries"), batteries)
    reached = run.monthly["entered"].sum("month")
    bars = {container.get_label(): [bar.get_width() for bar in container] for container in funnel.containers}
    assert set(bars) == set(CHANNEL_LABELS)
    stages = [stage for stage, _ in figures.FUNNEL]
    for code, label in (("C", "along the chain"), ("X", "leader's own plant")):
        assert bars[label] == pytest.approx(reached.sel(channel=code, stage=stages).values)
    totals = [text.get_text().strip() for text in funnel.texts]
    assert totals == [f"{value:,.0f}" for value in reached.sel(stage=stages).sum("channel").values]


def test_published_figures_are_those_of_the_data_files(run: Run) -> None:
    targets = {row["name"]: float(row["value"]) for row in data.rows("targets.csv")}
    shares, introduced, _ = figures.suppliers(run).axes
    assert line(shares, "could be, as published: 80 %").tolist() == [100 * targets["leader_procurement_local"]]
    assert line(introduced, "as published: 38").tolist() == [targets["chain_projects_2019"]]
    assert line(figures.path(run).axes[0], "_published").tolist() == [targets["output_city_2021"]]


@pytest.mark.parametrize("name", list(FIGURES))
def test_every_figure_says_units_scenario_and_synthetic(run: Run, name: str) -> None:
    figure = FIGURES[name](run)
    text = words(figure)
    assert "Scenario fake, seed 1" in text
    assert "synthetic" in text
    assert run.title in text
    labels = [axes.get_ylabel() + axes.get_xlabel() for axes in figure.axes]
    assert any("bn yuan" in label or "%" in label for label in labels)


@pytest.mark.parametrize("name", list(FIGURES))
@pytest.mark.parametrize("end", ["2015-12", "2035-12"])
def test_nothing_is_cut_off(name: str, end: str) -> None:
    """Everything that is drawn lies inside the figure, for the shortest and the longest run."""
    figure = FIGURES[name](fake.run(fake.scenario(end=end)))
    width, height = figure.get_size_inches()
    drawn = figure.get_tightbbox()
    assert drawn.x0 >= 0
    assert drawn.y0 >= 0
    assert drawn.x1 <= width
    assert drawn.y1 <= height


@pytest.mark.slow
def test_all_figures_are_saved_as_png(run: Run, tmp_path: Path) -> None:
    files = save_figures(run, tmp_path)
    assert [file.name for file in files] == ["path.png", "chains.png", "regions.png", "suppliers.png", "map.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG\r\n") for file in files)
    assert sorted(tmp_path.iterdir()) == sorted(files)


@pytest.mark.parametrize(("start", "end"), [("2019-03", "2020-05"), ("2014-01", "2014-12"), ("2014-02", "2015-12")])
def test_a_run_of_less_than_two_full_years_has_no_figures(tmp_path: Path, start: str, end: str) -> None:
    assert save_figures(fake.run(fake.scenario(start, end)), tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_failure_while_drawing_leaves_no_half_figure(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(_: Figure, path: Path, **__: object) -> None:
        Path(path).write_bytes(b"\x89PNG")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", half)
    with pytest.raises(FolderError, match=r"path.png: the file could not be written \(No space left"):
        save_figures(run, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_run_without_cell_makers_or_output_is_still_drawn(run: Run) -> None:
    nothing = {
        name: run.monthly[name] * (np.nan if "local_share" in name else 0.0)
        for name in ("local_share_potential", "local_share_realised", "output_above_scale", "introduced", "entered")
    }
    poor = Run(run.monthly.assign(nothing))
    for draw in FIGURES.values():
        draw(poor).draw_without_rendering()


def test_drawing_changes_no_global_setting(run: Run) -> None:
    before = dict(mpl.rcParams)
    figures.path(run)
    assert dict(mpl.rcParams) == before


def test_colours_differ_also_in_brightness() -> None:
    """Neighbours in a stack stay apart on grey paper and without colour vision."""
    weights = np.array([0.299, 0.587, 0.114])
    grey = [float(weights @ mpl.colors.to_rgb(colour)) for colour in style.CHAIN_COLOURS.values()]
    assert min(np.abs(np.diff(grey))) > 0.04
