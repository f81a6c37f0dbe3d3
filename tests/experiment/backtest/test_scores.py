"""Scores of cases, pooling by hand, and two forecasters whose scores are known: the perfect one and the equal one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sim.experiment.backtest.events import all_of, claim_table, event_table, joint_table, rank_table
from sim.experiment.backtest.plan import AMOUNTS, plan_of
from sim.experiment.backtest.pooling import (
    AHEAD,
    ALL,
    ANY,
    BEHIND,
    EVEN,
    LOSES,
    WINS,
    beside,
    brier_table,
    directions,
    pooled,
    skills,
    verdict,
    weights,
)
from sim.experiment.backtest.scoring import Forecaster, case_scores, quantile_table, scale_of
from sim.parameters import Month
from tests.experiment.backtest import made_up
from tests.experiment.backtest.made_up import fact, facts, forecaster


def tables(plan, *forecasters):
    return all_of([case_scores(plan, each, ANY if each.kind == "rival" else "conditional") for each in forecasters])


PLAN = made_up.plan()
PERFECT = forecaster(PLAN, width=0.0)
POOR = forecaster(PLAN, "random walk", "rival", width=0.3, off=0.2)
BLIND = forecaster(PLAN, "no_links", "null", width=0.1, off=-0.4)


def test_a_perfect_forecaster_has_the_best_scores_in_every_table():
    found = tables(PLAN, PERFECT, POOR, BLIND)
    best = pooled(found)
    mine = best[best["kind"] == "ours"]
    assert mine[["rmse", "mae", "crps", "wis", "width80"]].to_numpy() == pytest.approx(0.0, abs=1e-9)
    assert mine[["cover50", "cover80", "cover90"]].to_numpy() == pytest.approx(1.0)
    assert mine["hits"].dropna().eq(1.0).all()
    for name in ("rmse", "mae", "crps", "wis"):
        assert (best[best["kind"] != "ours"][name] > 1e-6).all()
    events = brier_table(all_of([event_table(PLAN, each, "conditional") for each in (PERFECT, POOR, BLIND)]))
    assert events[events["kind"] == "ours"]["brier"].eq(0.0).all()
    assert events[events["kind"] != "ours"]["brier"].sum() > 0
    joint = all_of([joint_table(PLAN, each, "conditional") for each in (PERFECT, POOR)])
    assert joint[joint["kind"] == "ours"][["energy", "variogram"]].to_numpy() == pytest.approx(0.0, abs=1e-9)
    assert (joint[joint["kind"] == "rival"]["energy"] > 0.1).all()
    assert (rank_table(PLAN, PERFECT, "conditional")[["tau", "tau_of_changes"]].dropna() == 1.0).all(axis=None)


def test_against_a_forecaster_equal_to_it_ours_has_no_skill():
    same = forecaster(PLAN)
    found = skills(tables(PLAN, same, replace(same, name="random walk", kind="rival")))
    assert len(found)
    assert found["skill"].to_numpy() == pytest.approx(0.0, abs=1e-12)
    assert (found["verdict"] == EVEN).all()


def test_ours_is_compared_with_a_null_on_the_seeds_of_the_null():
    lucky = forecaster(PLAN, "ours, seeds of the nulls", "paired", width=0.01)
    found = skills(tables(PLAN, forecaster(PLAN, off=0.5), lucky, POOR, BLIND))
    whole = found[(found["group"] == ALL) & (found["horizon"] == ALL) & (found["pool"] == AMOUNTS)]
    assert whole[whole["kind"] == "null"]["skill"].item() > 0.9
    assert whole[whole["kind"] == "rival"]["skill"].item() < 0


def test_each_group_weighs_the_same_by_hand():
    group = pd.Series(["a", "a", "a", "b"])
    np.testing.assert_allclose(weights(group), [2 / 3, 2 / 3, 2 / 3, 2.0])
    part = pd.DataFrame(
        {"group": group, "year": 2020, "crps": [3.0, 3.0, 3.0, 1.0], "crps_rival": [4.0, 4.0, 4.0, 4.0]}
    )
    found = beside(part)
    assert (found["ours"], found["rival_score"], found["skill"]) == pytest.approx((2.0, 4.0, 0.5))
    assert found["verdict"] == AHEAD, "one year tells nothing from luck"
    assert np.isnan(found["dm"])


def test_years_are_the_clusters():
    part = pd.DataFrame({"group": "a", "year": [2019, 2020, 2021] * 2, "crps": [1.0, 1.1, 0.9] * 2, "crps_rival": 3.0})
    found = beside(part)
    assert found["years"] == 3
    assert found["verdict"] == WINS
    assert found["p"] < 0.05


def test_two_years_decide_nothing():
    part = pd.DataFrame({"group": "a", "year": [2019, 2020] * 2, "crps": 1.0, "crps_rival": 3.0})
    assert beside(part)["verdict"] == AHEAD


@pytest.mark.parametrize(
    ("numbers", "word"),
    [((0, -1, 1), EVEN), ((-1, -2, -0.5), WINS), ((-1, -2, 0.5), AHEAD), ((1, -0.5, 2), BEHIND), ((1, 0.5, 2), LOSES)],
)
def test_words_of_differences(numbers, word):
    assert verdict(*numbers) == word


def test_pooled_scores_by_hand():
    rows = [fact("gdp_nominal", 2019, np.e, "2020-03"), fact("output_nominal.BAT", 2019, 1.0, "2020-03")]
    rows += [fact("output_nominal.SST", 2019, 1.0, "2020-03"), fact("gdp_nominal", 2017, 1.0, "2018-03")]
    plan = plan_of(facts(*rows), Month("2018-12"))
    ours = Forecaster("ours", "ours", np.exp([[1.1, 0.3, -0.1]]))
    found = pooled(tables(plan, ours))
    whole = found[(found["group"] == ALL) & (found["horizon"] == ALL)].iloc[0]
    assert whole["mae"] == pytest.approx((10 + (30 + 10) / 2) / 2)
    assert whole["rmse"] == pytest.approx(np.sqrt((10**2 + (30**2 + 10**2) / 2) / 2))
    assert whole["crps"] == pytest.approx(whole["mae"]), "one member is its own absolute error"
    assert (whole["hits"], whole["hits_cases"]) == (1.0, 1.0), "only GDP was known before"


def test_the_scale_of_a_series_is_its_mean_change():
    city = next(case for case in PLAN.cases if case.name == "gdp_nominal Ningde 2019")
    assert scale_of(PLAN, city) == pytest.approx(100 * np.log(1.1))
    assert np.isnan(scale_of(PLAN, next(case for case in PLAN.cases if case.variable == "output_nominal.BAT")))


def test_rates_of_growth_have_their_own_direction_and_levels_that_since_the_last_one():
    part = pd.DataFrame(
        {
            "variable": ["gdp_growth", "gdp_nominal", "share.BAT"],
            "last": [5.0, 450.0, np.nan],
            "forecast": [2.0, 440.0, 3.0],
            "observed": [3.0, 460.0, 4.0],
        }
    )
    forecast, observed = directions(part)
    np.testing.assert_allclose(forecast, [2.0, -10.0, np.nan])
    np.testing.assert_allclose(observed, [3.0, 10.0, np.nan])


def test_a_case_counts_as_answered_if_half_of_the_members_have_a_number():
    values = np.tile(PLAN.observed, (4, 1))
    values[:2, 0], values[:3, 1] = np.nan, np.inf
    found = case_scores(PLAN, Forecaster("ours", "ours", values), "conditional")
    assert found["crps"].notna().tolist()[:3] == [True, False, True]
    assert found[["members", "without"]].to_numpy()[:3].tolist() == [[2, 2], [0, 4], [4, 0]]
    assert len(quantile_table(PLAN, Forecaster("ours", "ours", values), "conditional")) == len(PLAN.cases) - 1


def test_a_forecast_of_nothing_costs_much_and_not_everything():
    nothing = Forecaster("ours", "ours", np.zeros((5, len(PLAN.cases))))
    found = case_scores(PLAN, nothing, "conditional")
    assert np.isfinite(found["crps"]).all()
    assert found[found["pool"] == AMOUNTS]["crps"].min() > 100


def test_events_by_hand():
    rows = [fact("gdp_growth", 2019, 0.05, "2020-03"), fact("gdp_nominal", 2019, 16.0, "2020-03")]
    plan = plan_of(facts(*rows, fact("gdp_nominal", 2017, 10.0, "2018-03")), Month("2018-12"))
    values = np.array([[-0.1, 9.0], [0.2, 11.0], [0.3, 12.0], [0.05, 20.0]])
    found = event_table(plan, Forecaster("ours", "ours", values), "conditional")
    assert found[["event", "probability", "happened"]].to_numpy().tolist() == [
        ["growth > 0%", 0.75, 1.0],
        ["growth > 10%", 0.5, 0.0],
        ["above last", 0.75, 1.0],
        ["above 1.5 times last", 0.25, 1.0],
    ]


def test_ranks_need_three_counties():
    found = rank_table(PLAN, forecaster(PLAN), "conditional")
    assert set(found["variable"]) == {"gdp_nominal"}
    assert found["counties"].eq(3).all()
    two = facts(*(row for row in made_up.region() if row.region != "Xiapu"))
    plan = plan_of(two, made_up.ORIGIN)
    assert not len(rank_table(plan, forecaster(plan), "conditional"))


def test_the_change_of_a_countys_share_by_hand():
    rows = [fact("population", "2018-06", 4e6, "2018-08"), fact("population", "2018-06", 1e6, "2018-08", "Fuan")]
    rows += [fact("population", "2020-06", 4e6, "2020-08"), fact("population", "2020-06", 1.2e6, "2020-08", "Fuan")]
    plan = plan_of(facts(*rows), Month("2018-12"))
    ours = Forecaster("ours", "ours", np.array([[4e6, 0.8e6], [5e6, 1e6], [4e6, 0.84e6]]))
    found = claim_table(plan, ours, "conditional", np.array([0.0, 3.0, 5.0, 0.0]))
    assert found["claim"].tolist() == ["share of Fuan, population", "cell site in Fuding"]
    assert found["forecast"].to_numpy() == pytest.approx([-5.0, 0.5])
    assert found["observed"].to_numpy() == pytest.approx([5.0, 1.0])


def test_nominal_and_real_growth_of_lithium_by_hand():
    rows = [fact("output_nominal.BAT", 2020, 75.0, "2021-03"), fact("output_nominal.BAT", 2021, 150.0, "2022-03")]
    plan = plan_of(facts(*rows, fact("value_added_growth.BAT", 2021, 0.9, "2022-03")), Month("2019-12"))
    ours = Forecaster("ours", "ours", np.array([[10.0, 13.0, 0.2], [10.0, 14.0, 0.5], [10.0, 12.0, 0.1]]))
    found = claim_table(plan, ours, "conditional")
    assert found["claim"].tolist() == ["lithium nominal 2021", "lithium real 2021"]
    assert found["forecast"].to_numpy() == pytest.approx([30.0, 20.0])
    assert found["observed"].to_numpy() == pytest.approx([100.0, 90.0])
