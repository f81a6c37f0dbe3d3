"""The map shows the numbers of the run on the counties they belong to, and does without the file of outlines."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch

from sim import data
from sim.report import map as maps
from sim.results import Run
from sim.world import load_world
from tests.report import fake


@pytest.fixture(scope="module")
def run() -> Run:
    return fake.run()


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(mpl.text.Text)]


@pytest.mark.parametrize("outlines", [True, False])
def test_every_county_bears_its_output_of_both_years(run: Run, outlines: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    output = run.yearly["output_above_scale"].isel(product=slice(0, 19)).sum("product") / 1000
    if not outlines:
        monkeypatch.setattr(maps, "OUTLINES", "no_such_file.geojson")
    figure = maps.county_map(run)
    for axes, year in zip(figure.axes[:2], (2014, 2035), strict=True):
        texts = [text.get_text() for text in axes.texts]
        for county in load_world().county_names:
            value = f"{float(output.sel(year=year, county=county)):,.1f}"
            assert any(text.replace(" zone ", "\n").split() == [county, value] for text in texts), county
        assert len([patch for patch in axes.patches if isinstance(patch, PathPatch)]) == 9
        assert axes.get_title("left") == f"{year}   (city {float(output.sel(year=year).sum()):,.0f})"
    note = "Map schematic, not for boundary purposes" if outlines else "Tiles in the rough position of the counties"
    assert any(note in text for text in words(figure))


def test_a_county_has_the_colour_of_its_output(run: Run) -> None:
    figure = maps.county_map(run)
    output = run.yearly_output("county")["real"]
    values = output.values
    norm = LogNorm(max(values.min(), values.max() / 1000), values.max() * 1.001)
    counties = [name for name in output["county"].values.tolist() if name != "Dongqiao"]
    for patch, county in zip(figure.axes[1].patches, counties, strict=True):
        expected = mpl.colormaps[maps.COLOURS](norm(float(output.isel(year=-1).sel(county=county))))
        assert patch.get_facecolor() == pytest.approx(expected)


def inside(point: tuple[float, float], rings: list[maps.Points]) -> bool:
    return any(mpl.path.Path(np.array(ring)).contains_point(point) for ring in rings)


@pytest.mark.parametrize("shapes", [maps.outlines, maps.tiles])
def test_labels_lie_in_their_county_and_dongqiao_in_jiaocheng(shapes: object) -> None:
    rings, labels = shapes()  # type: ignore[operator]
    assert set(labels) == set(load_world().county_names)
    assert set(rings) == set(labels) - {"Dongqiao"}
    for county, point in labels.items():
        assert inside(point, rings["Jiaocheng" if county == "Dongqiao" else county]), county


def test_tiles_keep_north_above_south_and_west_before_east() -> None:
    _, labels = maps.tiles()
    assert len({labels[name] for name in labels}) == 10
    assert labels["Shouning"][1] > labels["Zhouning"][1] > labels["Gutian"][1]
    assert labels["Gutian"][0] < labels["Jiaocheng"][0] < labels["Xiapu"][0]


@pytest.mark.parametrize("content", ["{}", "not json", '{"features": []}'])
def test_a_file_that_is_no_map_gives_tiles(run: Run, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = data.text
    monkeypatch.setattr(data, "text", lambda name: content if name == maps.OUTLINES else text(name))
    assert any("Tiles in the rough position" in text for text in words(maps.county_map(run)))
