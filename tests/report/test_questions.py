"""Tables of comparisons: what is told, and that the CSV holds it all."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from sim.experiment.comparison import Comparison, ComparisonError
from sim.report.questions import VIEWS, Answer, Asked, check, print_answers, to_csv
from tests.experiment.fake_ensemble import SERIES, WORLD, FakeEnsemble

FUDING = WORLD.county_names.index("Fuding")


@pytest.fixture
def found() -> Comparison:
    runs = FakeEnsemble()
    values = runs.luck("output")
    values[:, -1, FUDING, 0] += 5.0 + 0.1 * np.arange(8)
    runs.plant("policy", "output", values)
    headline = runs.luck("headline")
    headline[:, 30:, SERIES.index("above_scale_output")] += 1e6
    runs.plant("policy", "headline", headline)
    return Comparison(runs)


@pytest.mark.parametrize("view", list(VIEWS))
def test_every_question_is_answered_on_the_screen_and_as_csv(found: Comparison, view: str) -> None:
    answer = VIEWS[view](found, Asked())
    text = io.StringIO()
    print_answers({view: answer}, text)
    assert answer.title.split(",")[0] in text.getvalue()
    assert max(len(line) for line in text.getvalue().splitlines()) <= 100
    frame = pd.read_csv(io.StringIO(to_csv(answer)))
    assert len(frame) == len(answer.frame) > 0


def test_the_planted_gain_stands_in_the_table(found: Comparison) -> None:
    frame = VIEWS["difference"](found, Asked()).frame.set_index("region")
    assert frame.loc["Fuding", "mean"] == pytest.approx(5.35)
    assert frame.loc["city", "mean"] == pytest.approx(5.35)
    assert frame.loc["mountain", "mean"] == pytest.approx(0.0, abs=1e-9)
    by_year = VIEWS["difference"](found, Asked(by="year", region="Fuding")).frame
    assert by_year["mean"].tolist() == pytest.approx([0.0, 0.0, 5.35])
    by_product = VIEWS["difference"](found, Asked(by="product", region="Fuding")).frame.set_index("product")
    assert by_product.loc[WORLD.products[0], "mean"] == pytest.approx(5.35)


def test_probability_of_the_target_is_told(found: Comparison) -> None:
    frame = VIEWS["reach"](found, Asked()).frame.set_index(["scenario", "year"])
    assert frame.loc[("policy", 2016), "probability"] == 1.0
    assert frame.loc[("policy", 2016), "gain"] == 1.0
    assert frame.loc[("baseline", 2016), "probability"] == 0.0


def test_numbers_that_are_not_known_are_told_so() -> None:
    text = io.StringIO()
    print_answers({"x": Answer("x", pd.DataFrame({"a": ["r"], "b": [np.nan], "c": [np.inf], "d": [1234567.8]}))}, text)
    assert "no bound" in text.getvalue()
    assert "nan" not in text.getvalue()
    assert "1,234,568" in text.getvalue()


def test_unknown_words_are_refused_before_anything_is_printed(found: Comparison) -> None:
    with pytest.raises(ComparisonError, match="Fuding"):
        check(Asked(region="Fudin"), found)
    with pytest.raises(ComparisonError, match="--by"):
        check(Asked(by="county"), found)
