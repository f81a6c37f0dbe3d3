"""The page about levers, on made-up results."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from sim.experiment.levers_runs import AREAS, GOALS, Point
from sim.experiment.levers_study import Study
from sim.parameters.declarations import Row
from sim.report.levers import LeversPage, LeverText, anchor, signs_of, to_markdown
from sim.report.levers_figures import places_of, save_lever_figures

LEVER = "table.budget"


def study() -> Study:
    """Output of the city rises and falls, that of the mountain falls, debt rises."""
    luck = np.array([-0.01, 0.01])
    paths = {"output.city": (-5.0, 0.0, -1.0), "output.mountain": (2.0, 0.0, -2.0), "debt.city": (0.0, 1000.0, 3000.0)}
    results = {
        f"{goal}.{area}": 100.0 + np.outer(paths.get(f"{goal}.{area}", (0.0,) * 3), [1, 1]) + np.outer([1, 0, 2], luck)
        for goal in GOALS
        for area in AREAS
    }  # fmt: skip
    results |= {"cost.promotion": np.outer([0.0, 1000.0, 2000.0], [1, 1]), "gain.value_added": 3 * np.ones((3, 2))}
    results |= {name: np.ones((3, 2)) for name in ("gain.local_tax", "landed.all", "landed.promoted")}
    points = tuple(
        Point(LEVER, value, label, ((LEVER, value),) if value != 2 else ())
        for value, label in ((0, "low"), (2, "middle"), (6, "high"))
    )
    return Study(points, results, {name: values[1] for name, values in results.items()})


def page() -> LeversPage:
    row = Row("table", "budget", "E", "lever", "M yuan", 2, 0, 6, "city", "assumption", "assumed", payer="city level")
    return LeversPage(
        {LEVER: study()}, {LEVER: row}, {LEVER: LeverText("It fills.", "budget 6")}, 2, 2030,
        ("2014-01", "2030-12"), "baseline", {"seed 7": "ValueError: no"},
    )  # fmt: skip


def test_the_page_tells_signs_cost_payer_and_where_it_turns() -> None:
    text = to_markdown(page(), "images/levers")
    line = next(line for line in text.split("\n") if line.startswith(f"| [{LEVER}](#tablebudget)"))
    assert "| 0 → 6 | `+ · · −` |" in line
    assert "| **+2.00 ± 0.00** |" in line
    assert "| city level | output turns" in line
    assert "**What turns it.** It fills." in text
    assert f"![{LEVER}](images/levers/{LEVER}.png)" in text
    assert "A run failed: seed 7: ValueError: no." in text
    row = next(line for line in text.split("\n") if line.startswith("| 6 | output, %"))
    assert row.startswith("| 6 | output, % | **-1.00 ± ")
    assert "| 6 | public debt, bn yuan | **+2.00 ± " in text


def test_signs_stand_in_the_order_of_the_areas() -> None:
    assert signs_of(study(), "output") == "+ · · −"
    assert signs_of(study(), "debt") == "+ · · ·"


def test_what_is_to_be_explained_is_listed() -> None:
    assert "Nothing.\n" in to_markdown(page(), "x")
    still = study()
    flat = Study(still.points, {name: np.ones((3, 2)) for name in still.results}, still.base)
    text = to_markdown(LeversPage({LEVER: flat}, page().rows, {}, 2, 2030, ("a", "b"), "baseline", {}), "x")
    assert f"| [{LEVER}](#tablebudget) | without effect | no goal" in text


def test_an_anchor_is_that_of_markdown_readers() -> None:
    assert anchor("land_cage.threshold_tax") == "land_cagethreshold_tax"


def test_numbers_stand_by_their_size_and_months_evenly() -> None:
    np.testing.assert_allclose(places_of(study()), [0.0, 2 / 3, 2.0])
    months = tuple(Point(LEVER, month, month) for month in ("2014-01", "2016-01", "2035-12"))
    assert places_of(Study(months, {}, {})).tolist() == [0.0, 1.0, 2.0]


def test_figures_are_the_same_for_the_same_results(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        files = save_lever_figures({LEVER: study()}, 2030, tmp_path / name)
        assert [file.name for file in files] == [f"{LEVER}.png"]
        contents.append(files[0].read_bytes())
    assert contents[0] == contents[1]
    assert len(contents[0]) < 60_000


def test_the_script_chooses_levers_by_name_or_table() -> None:
    file = Path(__file__).parents[2] / "docs" / "levers.py"
    spec = importlib.util.spec_from_file_location("levers_page", file)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    levers = dict.fromkeys(("promotion.budget", "promotion.joint", "service.teams"), ())
    assert list(script.named(levers, "")) == list(levers)
    assert list(script.named(levers, "service, promotion.joint")) == ["promotion.joint", "service.teams"]
    rows = dict(script.declared())
    assert rows["service.start"].payer.startswith("city level")
