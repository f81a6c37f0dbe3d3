"""Speeds that would make the month swing are refused, and no values inside the ranges make it explode.

A share of a gap closed per month above 1 overshoots, above 2 it explodes; a rate per year above 12 does the same. The
ranges keep all of them below, so what is left to fear are combinations. Of 240 random
and extreme draws made when this file was written 69 opened (the others were refused, each with its reason: too many
chains, too many jobs, taxes or inputs that leave nothing); none broke in 8 to 22 years, none swung from month to month.
"""

import numpy as np
import pytest

import sim
from sim.model import GROUPS, NingdeModel
from sim.opening.totals import OpeningError
from sim.parameters import describe
from sim.scenario import ScenarioError

SPEEDS = {
    "prices.adjust": 1.0,
    "sourcing.adjust": 1.0,
    "prices.mean_reversion": 12.0,
    "firms.expansion_speed": 12.0,
    "leaders.share_selection": 12.0,
    "labour.wage_curve": 12.0,
    "labour.migration_elasticity": 12.0,
}
"""Share of a gap closed per month, or per year, from which on a month overshoots."""


@pytest.fixture(scope="module")
def baseline():
    return sim.load("baseline")


@pytest.mark.parametrize(("name", "limit"), SPEEDS.items())
def test_a_speed_that_overshoots_is_refused_before_the_first_month(baseline, name, limit):
    with pytest.raises(ScenarioError, match=rf"{name}: {limit:g}\S* is above"):
        baseline.replace({name: limit}, name="fast")


SUMS = ("mix_", "weight_", "spend_", "split", "share_catl", "share_atl", "_share")
"""Names of shares that must sum to 1 with others; they keep their values."""


def drawn(baseline, number):
    """A scenario with every parameter and lever anywhere in its range, shares of sums apart; None where refused.

    The opening table and what jobs and taxes are measured by stay: most of their draws contradict each other and are
    refused, which is another test. Caps on electricity stay off: one below the use of the opening is a shock by design.
    World utilisation is at least a half, for less leaves no markup with other values inside their ranges.
    """
    luck = np.random.default_rng([8, number])
    changes = {}
    for group in GROUPS:
        for row in describe(group):
            name = f"{row.table}.{row.name}"
            value = luck.random()
            still = group.table in ("run", "opening", "io") or name.startswith(
                ("labour.jobs", "labour.part", "fiscal.tax")
            )
            number_like = all(isinstance(each, int | float) for each in (row.low, row.high, row.default))
            if still or name.startswith("energy.c") or not number_like or any(part in name for part in SUMS):
                continue
            low = 0.5 if name.startswith("prices.utilisation_") and row.kind == "lever" else row.low
            changes[name] = low + value * (row.high - low)
            if isinstance(row.default, int) and row.kind != "lever":
                changes[name] = round(changes[name])
    return baseline.replace(changes, name=f"draw-{number}")


@pytest.mark.slow
def test_no_draw_inside_the_ranges_explodes_or_swings(baseline):
    ran, refused = 0, []
    for number in range(30):
        try:
            model = NingdeModel(drawn(baseline, number), 1)
        except OpeningError as fault:
            refused.append(str(fault))
            continue
        for _ in range(96):
            model.step()  # books and meaning are checked in every month
        output = model.recorder.arrays["output"][:96].sum(axis=(1, 2))
        growth = np.diff(np.log(output))
        assert 0.5 < output[-1] / output[0] < 5.0, number
        assert np.abs(growth).max() < 0.15, number
        calm = growth[24:] - growth[24:].mean()
        assert (calm[1:] * calm[:-1]).sum() / (calm * calm).sum() > -0.5, f"draw {number} swings from month to month"
        ran += 1
    assert ran >= 15
    assert all("see " in reason or "cannot be" in reason for reason in refused)
