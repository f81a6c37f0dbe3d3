"""A run that is followed: what is measured when, groups of products, rows of official statistics."""

from __future__ import annotations

import numpy as np

import sim
from sim.experiment.followed import FollowedRun, follow, industry_without, official_rows, product_group
from sim.experiment.observables import groups_of
from sim.model import NingdeModel
from sim.world import load_world

WORLD = load_world()


def test_a_position_is_measured_in_its_month_and_the_first_month_once() -> None:
    scenario = sim.load("baseline").replace({"run.start": "2014-01", "run.end": "2014-12"}, name="short")
    after_first: list[int] = []

    def month(seen: FollowedRun) -> float:
        return float(seen.model.state.month)

    record, found = follow(
        NingdeModel(scenario, 1),
        {"2014-03": {"third": month, ("any", "key"): month}, "2014-12": {"last": month}, "2015-01": {"never": month}},
        lambda seen: after_first.append(seen.model.state.month),
    )
    assert found == {"third": 3.0, ("any", "key"): 3.0, "last": 12.0}
    assert after_first == [1]
    assert (str(record.first), str(record.last)) == ("2014-01", "2014-12")


def test_industry_without_a_chain_and_that_chain_are_industry() -> None:
    industry = product_group(WORLD, "industry")
    for chain in WORLD.chains:
        rest, own = product_group(WORLD, industry_without(chain)), product_group(WORLD, chain)
        assert not (rest & own).any()
        assert ((rest | own) == industry).all()


def test_every_code_of_a_group_stands_for_products() -> None:
    codes = groups_of(WORLD)
    assert {"INDUSTRY", "FOUR", "REST", "BAT", "WITHOUT_CU", "B_CELL", "FOOD"} <= codes.keys()
    assert all(product_group(WORLD, group).any() for group in codes.values())
    assert (
        product_group(WORLD, codes["REST"]) == ~product_group(WORLD, "four") & product_group(WORLD, "industry")
    ).all()


def test_official_rows_cover_the_city_once() -> None:
    rows = [official_rows(WORLD, name) for name in WORLD.county_names if name != "Dongqiao"]
    assert sorted(np.concatenate(rows).tolist()) == list(range(WORLD.county_count))
    assert official_rows(WORLD, "Dongqiao").tolist() == [WORLD.county_names.index("Dongqiao")]
