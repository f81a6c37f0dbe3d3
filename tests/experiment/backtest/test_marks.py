"""The marks of the protocol, from made-up scores."""

import numpy as np
import pandas as pd
import pytest

from sim.experiment.backtest.marks import MET, NOT_MET, OPEN, marks, summary


def score(
    variable, crps, *, name="ours", kind="ours", mode="conditional", origin="2019-11", horizon=1, inside=1.0, **also
):
    told = {"origin": origin, "mode": mode, "forecaster": name, "kind": kind, "case": f"{variable} {horizon}"}
    told |= {"variable": variable, "group": "g", "pool": "amounts", "horizon": horizon, "year": 2019 + horizon}
    told |= {"crps": crps, "inside80": inside, "period": "2020", "forecast": 1.0, "observed": 1.0, "error": 0.0}
    return told | also


def drift(variable, crps, **also):
    return score(variable, crps, name="random walk with drift", kind="rival", mode="any", **also)


def state(rows, part, claims=()):
    found = marks(pd.DataFrame(rows), pd.DataFrame(list(claims)))
    return next(mark.state for mark in found if part in mark.part)


@pytest.mark.parametrize(("crps", "expected"), [(1.0, MET), (3.0, NOT_MET)])
def test_the_ordinary_mark_asks_for_skill_against_the_drift(crps, expected):
    rows = [score("gdp_nominal", crps), drift("gdp_nominal", 2.0)]
    assert state(rows, "current prices") == expected


def test_it_is_not_decided_by_other_figures_or_far_horizons():
    rows = [score("gdp_nominal", 1.0, horizon=3), drift("gdp_nominal", 2.0, horizon=3)]
    assert state(rows, "current prices") == OPEN
    assert state([score("population", 1.0), drift("population", 2.0)], "current prices") == OPEN


def chains(losing=()):
    rows = []
    for chain in ("BAT", "NEV", "SST", "CU"):
        rows.append(score(f"output_nominal.{chain}", 9.0))
        rows.append(score(f"output_nominal.{chain}", 1.0, name="paired", kind="paired"))
        worse = 0.5 if chain in losing else 2.0
        rows.append(score(f"output_nominal.{chain}", worse, name="no_links", kind="null"))
    return rows


def test_the_good_mark_asks_for_three_of_four_chains():
    assert state(chains(), "3 of 4 chains") == MET
    assert state(chains(["BAT"]), "3 of 4 chains") == MET
    assert state(chains(["BAT", "CU"]), "3 of 4 chains") == NOT_MET
    assert state([row for row in chains() if "BAT" in row["variable"]], "3 of 4 chains") == OPEN


@pytest.mark.parametrize(("inside", "expected"), [(6, NOT_MET), (7, MET), (9, MET), (10, NOT_MET)])
def test_the_good_mark_asks_for_honest_intervals(inside, expected):
    rows = [score(f"v{at}", 1.0, inside=float(at < inside)) for at in range(10)]
    assert state(rows, "80 % intervals") == expected


def claim(name, forecast, observed):
    return {"origin": "2019-11", "mode": "conditional", "claim": name, "forecast": forecast, "observed": observed}


def test_the_parts_of_the_highest_mark():
    rows = [
        score("projects_introduced.BAT", 1.0, horizon=2, error=-16.0),
        score("value_added_growth.REST", 1.0, forecast=-2.0, observed=-6.0),
    ]
    claims = [claim(f"share of {place}", up, up) for place, up in (("a", 1.0), ("b", -1.0), ("c", 2.0))]
    claims += [claim("lithium nominal 2021", 100.0, 110.0), claim("lithium real 2021", 40.0, 92.0)]
    claims += [claim("cell site in Fuding", 0.4, 1.0)]
    assert state(rows, "within 15", claims) == NOT_MET
    assert state(rows, "rest of industry", claims) == MET
    assert state(rows, "right sign in 80%", claims) == MET
    assert state(rows, "Kendall", claims) == MET
    assert state(rows, "lithium", claims) == MET
    assert state(rows, "Fuding", claims) == NOT_MET
    claims[4] = claim("lithium real 2021", 140.0, 92.0)
    assert state(rows, "lithium", claims) == NOT_MET
    assert state(rows, "lithium") == OPEN
    assert state(rows, "Kendall", claims[:2]) == OPEN


def test_its_skill_is_asked_of_the_unconditional_world_at_two_years():
    rows = [score("gdp_nominal", crps, mode="unconditional", horizon=2) for crps in (1.7,)]
    assert state([*rows, drift("gdp_nominal", 2.0, horizon=2)], "skill above 20%") == NOT_MET
    assert state([*rows, drift("gdp_nominal", 2.2, horizon=2)], "skill above 20%") == MET
    assert state(rows, "skill above 20%") == OPEN


def test_other_origins_have_no_highest_mark():
    found = marks(pd.DataFrame([score("gdp_nominal", 1.0, origin="2016-12")]), pd.DataFrame())
    assert {mark.level for mark in found} == {"ordinary", "good"}


def test_a_mark_is_met_if_all_that_can_be_decided_is():
    found = summary(marks(pd.DataFrame(chains()), pd.DataFrame()))
    states = found.set_index("level")["state"].to_dict()
    assert states == {"ordinary": OPEN, "good": NOT_MET, "extraordinary": OPEN}
    assert found["decidable"].tolist() == [0, 2, 0]
    assert not np.isnan(found["parts"]).any()
