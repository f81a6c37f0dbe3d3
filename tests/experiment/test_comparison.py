"""Comparisons on an ensemble in memory whose effects were planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.experiment.comparison import CITY, Comparison, ComparisonError, compare, join
from sim.experiment.layout import layout_between
from sim.parameters import Month
from sim.statistics.structure import ellison_glaeser
from sim.world import GROUPS
from tests.experiment.fake_ensemble import LAYOUT, ORIGIN, SERIES, WORLD, YEARS, FakeEnsemble

FUDING = WORLD.county_names.index("Fuding")
CELL = WORLD.product("B_CELL")


@pytest.fixture
def runs() -> FakeEnsemble:
    return FakeEnsemble()


def planted(runs: FakeEnsemble, name: str = "output") -> tuple[np.ndarray, np.ndarray]:
    """What the policy adds in Fuding's cells in the last year, by seed, and the array with it."""
    added = np.array([3.0, 5.0, 4.0, 4.0, 3.5, 4.5, 4.0, 4.0])
    values = runs.luck(name)
    values[:, -1, FUDING, CELL] += added
    runs.plant("policy", name, values)
    return added, values


# --- differences


def test_a_planted_gain_is_found_where_it_is_and_nowhere_else(runs: FakeEnsemble) -> None:
    added, _ = planted(runs)
    found = compare(runs).difference("output")
    cell = found.sel(year=YEARS[-1], county="Fuding", product="B_CELL")
    assert float(cell["mean"]) == pytest.approx(added.mean())
    assert float(cell["low"]) < added.mean() < float(cell["high"])
    assert float(cell["positive"]) == 1.0
    assert float(np.abs(found["mean"]).sum()) == pytest.approx(added.mean())


@pytest.mark.parametrize(
    ("region", "product", "expected"),
    [
        ("Fuding", "B_CELL", 4.0),
        ("coast", "all", 4.0),
        (CITY, "BAT", 4.0),
        ("mountain", "all", 0.0),
        ("core", "all", 0.0),
        (CITY, "CU", 0.0),
    ],
)
def test_regions_and_products_add_up(runs: FakeEnsemble, region: str, product: str, expected: float) -> None:
    planted(runs)
    found = compare(runs).difference("output", region=region, product=product, year=2016)
    assert float(found["mean"]) == pytest.approx(expected, abs=1e-9)
    groups = [float(compare(runs).difference("output", region=g, product="all", year=2016)["base"]) for g in GROUPS]
    whole = compare(runs).difference("output", region=CITY, product="all", year=2016)
    assert sum(groups) == pytest.approx(float(whole["base"]))


def test_variance_reduction_is_told(runs: FakeEnsemble) -> None:
    planted(runs)
    found = compare(runs).difference("output", region="Fuding", product="all")
    assert float(found["reduction"].sel(year=2014)) == pytest.approx(1.0), "the same luck in both"
    assert float(found["reduction"].sel(year=2016)) < 1.0


def test_wages_of_a_region_are_weighted_by_jobs(runs: FakeEnsemble) -> None:
    found = compare(runs).amounts("baseline", "wage", region="mountain", year=2015).values
    inside = WORLD.group == GROUPS.index("mountain")
    jobs, wage = runs.luck("jobs").sum(axis=3)[:, 1, inside], runs.luck("wage")[:, 1, inside]
    np.testing.assert_allclose(found, (wage * jobs).sum(axis=1) / jobs.sum(axis=1))


def test_the_table_has_a_row_for_each_policy_and_cell() -> None:
    runs = FakeEnsemble(scenarios=("one", "baseline", "two"))
    frame = compare(runs).table("output", region=CITY, product="all")
    assert frame["scenario"].tolist() == ["one"] * 3 + ["two"] * 3
    assert frame["year"].tolist() == [*YEARS, *YEARS]
    assert compare(runs).table("output", region=CITY, product="all", year=2015).shape[0] == 2


def test_worst_tenth_and_share_ahead(runs: FakeEnsemble) -> None:
    added, _ = planted(runs)
    frame = compare(runs).tails("output", region="Fuding", product="B_CELL", year=2016).set_index("scenario")
    assert frame.loc["policy", "worst_difference"] == pytest.approx(added.min())
    assert frame.loc["policy", "ahead"] == 1.0
    assert 0.6 < frame.loc["policy", "ahead_low"] < 1.0
    assert frame.loc["baseline", "worst_tenth"] == pytest.approx(runs.luck("output")[:, -1, FUDING, CELL].min())
    seen = compare(runs).exceedance("output", [2.5], region="Fuding", product="B_CELL", year=2016)
    assert seen["share"].tolist() == [0.0, 1.0]
    with pytest.raises(ComparisonError, match="choose product as well"):
        compare(runs).tails("output", region="Fuding", year=2016)


# --- when


def rising(runs: FakeEnsemble, at: list[int], series: str = "above_scale_output") -> np.ndarray:
    """(seeds, months, series) that jump above the goal in the months given; -1 never."""
    values = np.zeros((len(runs.seeds), 36, len(SERIES)))
    values[:, :11] = np.nan
    for seed, month in enumerate(at):
        if month >= 0:
            values[seed, month:, SERIES.index(series)] = 1.2e6
    return values


def test_probability_and_date_of_the_trillion(runs: FakeEnsemble) -> None:
    runs.plant("baseline", "headline", rising(runs, [20, 30, 30, -1, -1, -1, -1, -1]))
    runs.plant("policy", "headline", rising(runs, [15, 20, 30, 30, 30, -1, -1, -1]))
    found = compare(runs).reach()
    frame = found.by_year.set_index(["scenario", "year"])["probability"]
    assert [frame["baseline", year] for year in YEARS] == pytest.approx([0, 1 / 8, 3 / 8])
    assert [frame["policy", year] for year in YEARS] == pytest.approx([0, 2 / 8, 5 / 8])
    dates = found.dates.set_index("scenario")
    assert dates.loc["policy", "p50"] == "2016-07"
    assert dates.loc["policy", "p25"] == "2015-09"
    assert not dates.loc["baseline", "p50"], "less than half of the runs get there: the median date is open"
    gain = found.gains.set_index("year")
    assert gain.loc[2016, "mean"] == pytest.approx(2 / 8)
    assert gain.loc[2016, "low"] < 2 / 8 < gain.loc[2016, "high"]


def test_clusters_have_a_goal_of_their_own(runs: FakeEnsemble) -> None:
    values = rising(runs, [20] * 8, "BAT") / 4  # 300 bn
    runs.plant("baseline", "headline", values).plant("policy", "headline", values)
    comparison = compare(runs)
    assert comparison.reach(definition="BAT").target == 300.0
    assert comparison.reach(definition="BAT").by_year["probability"].max() == 1.0
    assert comparison.reach(definition="gdp").target == 1000.0
    frame = comparison.reach_all()
    assert frame["definition"].nunique() == len(SERIES)
    assert frame.loc[frame["definition"] == "BAT", "p50"].tolist() == ["2015-09", "2015-09"]


def test_conditional_on_the_world(runs: FakeEnsemble) -> None:
    prices = np.ones((8, 3, len(LAYOUT.coords["commodity"])))
    prices[:, :, 0] = np.arange(8)[:, None]
    label = LAYOUT.coords["commodity"][0]
    for name in runs.scenarios:
        runs.plant(name, "commodity_price", prices)
        runs.plant(name, "headline", rising(runs, [-1] * 4 + [20] * 4))
    found = compare(runs).reach(given=f"{label} above")
    assert found.runs == 4
    assert found.by_year["probability"].max() == 1.0
    assert compare(runs).reach(given=f"{label} below").by_year["probability"].max() == 0.0
    other = LAYOUT.coords["commodity"][1]
    with pytest.raises(ComparisonError, match="no run has"):
        compare(runs).reach(given=f"{other} above")
    with pytest.raises(ComparisonError, match="above or below"):
        compare(runs).reach(given=str(label))
    with pytest.raises(ComparisonError, match="no driver from outside"):
        compare(runs).reach(given="above_scale_output above")


# --- who gains from whom, inequality, cost


def test_a_gain_drawn_from_others_is_told() -> None:
    runs = FakeEnsemble()
    values = runs.luck("value_added")
    noise = np.array([-1.0, 1.0, -0.5, 0.5, 0.2, -0.2, 0.1, -0.1])
    values[:, -1, FUDING, CELL] += 100.0 + noise
    values[:, -1, 0, CELL] -= 60.0 + noise
    runs.plant("policy", "value_added", values)
    frame = compare(runs).additionality(year=2016).set_index("region")
    assert frame.loc["Fuding", "gain"] == pytest.approx(100.0)
    assert frame.loc["Fuding", "others"] == pytest.approx(-60.0)
    assert frame.loc["Fuding", "drawn"] == pytest.approx(0.6)
    assert frame.loc["coast", "drawn"] == pytest.approx(0.6)
    assert frame.loc["coast", "drawn_low"] < 0.6 < frame.loc["coast", "drawn_high"]
    assert frame.loc[CITY, ["gain", "others", "net"]].tolist() == pytest.approx([100.0, -60.0, 40.0])
    assert np.isnan(frame.loc["mountain", "drawn"]), "what does not gain draws nothing"
    with pytest.raises(ComparisonError, match="does not add up"):
        compare(runs).additionality("wage")


def test_inequality_falls_when_the_mountains_gain(runs: FakeEnsemble) -> None:
    even = np.broadcast_to(runs.luck("population")[:, :, :1], runs.luck("population").shape).copy()
    income = even * np.where(WORLD.group == GROUPS.index("mountain"), 1.0, 2.0)
    for name in runs.scenarios:
        runs.plant(name, "population", even)
    runs.plant("baseline", "income", income).plant("policy", "income", even * 1.0)
    frame = compare(runs).inequality().set_index(["measure", "scenario"])
    base = frame.loc[("Theil, income a head, between mountain and coast", "baseline")]
    # five of ten counties each: shares of income 1/3 and 2/3 of people 1/2 each
    assert base["level"] == pytest.approx(np.log(2 / 3) / 3 + 2 * np.log(4 / 3) / 3)
    assert frame.loc[("Theil, income a head, within mountain and coast", "baseline"), "level"] == pytest.approx(0.0)
    assert frame.loc[("Gini, income a head", "baseline"), "level"] == pytest.approx(1 / 6)
    assert frame.loc[("Gini, income a head", "policy"), "mean"] == pytest.approx(-1 / 6)
    assert frame.loc[("Gini, income a head", "policy"), "high"] < 0


def test_ellison_glaeser_is_that_of_the_chain(runs: FakeEnsemble) -> None:
    plants = np.full((8, 3, len(WORLD.products)), 0.1)
    for name in runs.scenarios:
        runs.plant(name, "herfindahl", plants)
    found = compare(runs).inequality_by_seed("baseline", 2016)["Ellison-Glaeser index of BAT"]
    jobs = runs.luck("jobs")[0, -1]
    mine = WORLD.agent & (WORLD.chain == WORLD.chains.index("BAT"))
    own = 0.1 * ((jobs[:, mine].sum(axis=0) / jobs[:, mine].sum()) ** 2).sum()
    expected = ellison_glaeser(jobs[:, mine].sum(axis=1), jobs[:, WORLD.agent].sum(axis=1), own)
    assert found[0] == pytest.approx(expected)


def test_cost_by_item_and_for_a_yuan_gained(runs: FakeEnsemble) -> None:
    items = LAYOUT.coords["budget_item"].tolist()
    spending = runs.luck("public_spending")
    spending[:, 0, 2, items.index("talent")] += 30.0
    spending[:, 0, -1, items.index("interest")] += 99.0
    runs.plant("policy", "public_spending", spending)
    made = runs.luck("value_added")
    made[:, 1, 0, 0] += np.array([59.0, 61.0] * 4)
    runs.plant("policy", "value_added", made)
    frame = compare(runs).cost().set_index("item")
    assert frame.loc["talent", "mean"] == pytest.approx(30.0)
    assert frame.loc["all items", "mean"] == pytest.approx(30.0), "interest is no policy"
    assert frame.loc["gain in value added", "mean"] == pytest.approx(60.0)
    assert "talent" in frame.index
    assert "interest" not in frame.index
    per = compare(runs).cost_per_yuan()["value added"]
    assert per.mean == pytest.approx(0.5)
    assert per.low < 0.5 < per.high < 0.52


# --- what is refused


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"made_by": replace(ORIGIN, code="c" * 64)}, "differ in code"),
        ({"made_by": replace(ORIGIN, data="c" * 64)}, "figures of sim/data"),
        ({"layout": layout_between(Month("2014-01"), Month("2017-12"))}, "same months"),
        ({"layout": layout_between(Month("2015-01"), Month("2016-12"))}, "same months"),
        ({"hashes": {"baseline": "other"}}, "different scenarios called baseline"),
        ({"seeds": (100, 101)}, "no seed in common"),
    ],
)
def test_folders_without_common_luck_are_refused_in_one_line(other: dict[str, object], words: str) -> None:
    with pytest.raises(ComparisonError, match=words) as caught:
        join({"one": FakeEnsemble(), "two": FakeEnsemble(**other)})  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_folders_are_joined_on_their_common_seeds() -> None:
    two = FakeEnsemble(scenarios=("baseline", "second"), seeds=(3, 2, 40))
    two.plant("second", "output", two.luck("output") + 1.0)
    found = join({"one": FakeEnsemble(), "two": two})
    assert found.scenarios == ("baseline", "policy", "second")
    assert found.seeds == (2, 3)
    assert "left out" in found.faults[0]
    gap = compare(found).difference("output", "second", region="Fuding", product="B_CELL", year=2016)
    assert float(gap["mean"]) == pytest.approx(1.0), "pairs by seed, not by place in the folder"


def test_unknown_names_are_refused_with_the_nearest(runs: FakeEnsemble) -> None:
    found = compare(runs)
    for call, near in [
        (lambda: found.difference("outptu"), "output"),
        (lambda: found.difference("output", region="Fudin"), "Fuding"),
        (lambda: found.difference("output", product="B_CEL"), "B_CELL"),
        (lambda: found.reach(definition="gpd"), "gdp"),
        (lambda: found.difference("output", "polcy"), "policy"),
    ]:
        with pytest.raises(ComparisonError, match=f"did you mean '?{near}"):
            call()
    with pytest.raises(ComparisonError, match="2031"):
        found.difference("output", year=2031)
    with pytest.raises(ComparisonError, match="not recorded by product"):
        found.difference("income", product="all")
    with pytest.raises(ComparisonError, match="not above 0"):
        found.reach(-5)


def test_nothing_to_pair_is_refused() -> None:
    with pytest.raises(ComparisonError, match="no other scenario"):
        compare(FakeEnsemble(scenarios=("baseline",)))
    with pytest.raises(ComparisonError, match="no scenario of the ensemble"):
        compare(FakeEnsemble(), against="basline")
    with pytest.raises(ComparisonError, match="no seed in common"):
        Comparison(FakeEnsemble(seeds=()))
    with pytest.raises(ComparisonError, match="name one of"):
        compare(FakeEnsemble(scenarios=("baseline", "a", "b"))).difference("output")
