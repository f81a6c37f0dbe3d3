"""Values that together make no economy, or one that swings, are refused before the first month, with their reason.

Three kinds. Speeds and memories have a limit beyond which a month overshoots: their ranges end below it, and the limit
is real, for beyond it the books or the meaning of a stock stop the run, or it swings. Shares and totals may contradict
one another though each is in its range: the scenario or the opening says which. What is left, all values that drive one
loop at the ends of their ranges together, must run calmly. `test_stability.py` draws what nobody thought of.
"""

from dataclasses import replace

import numpy as np
import pytest

import sim
from sim.accounts import BrokenIdentityError
from sim.meaning import LostMeaningError
from sim.model import NingdeModel
from sim.opening.totals import OpeningError
from sim.scenario import ScenarioError


@pytest.fixture(scope="module")
def baseline():
    return sim.load("baseline")


# --- one value that would be unstable ---------------------------------------------------------------------------------

LIMITS = {
    "prices.adjust": (2.0, "above"),  # a gap closed twice over comes back with the other sign
    "sourcing.adjust": (2.0, "above"),
    "prices.mean_reversion": (24.0, "above"),  # per year: the same by month
    "firms.expansion_speed": (24.0, "above"),
    "labour.migration_elasticity": (12.0, "above"),  # more leave than live there
    "projects.depreciation": (12.0, "above"),  # more wears out than there is
    "leaders.backlog_keep": (1.01, "above"),  # what grows by itself
    "leaders.rival_persist": (1.0, "above"),
    "location.outside_value_persist": (1.0, "above"),
    "promotion.effort_decay": (1.0, "above"),
    "households.consumption_share": (1.0, "above"),  # a multiplier without end
    "households.extra": (1.01, "above"),
    "households.memory": (0.5, "below"),  # months: a share above 1 closed in one
    "agglomeration.memory": (0.5, "below"),
    "fiscal.adjustment": (0.5, "below"),
    "demand.growth_half_life": (0.0, "below"),  # nothing may be divided by these
    "service.reform_half_life": (0.0, "below"),
    "projects.ramp_tau": (0.0, "below"),
    "construction.cv": (0.0, "below"),
    "location.nest": (0.0, "below"),
    "leaders.utilisation_target": (0.0, "below"),
    "promotion.pool_factor": (0.0, "below"),
    "sourcing.cap_devoted_max": (1.01, "above"),  # more sold than made
    "construction.rain_loss": (1.3, "above"),  # work undone by rain
    "prices.learning_rate_cell": (1.0, "above"),  # goods for nothing
    "agglomeration.density": (1.0, "above"),  # returns that grow without end
    "labour.participation": (1.01, "above"),
}
"""Value from which on the month overshoots, grows by itself or means nothing, and the side of the range it lies on."""


@pytest.mark.parametrize(("name", "limit"), LIMITS.items())
def test_a_value_beyond_its_limit_is_refused_and_the_range_is_told(baseline, name, limit):
    value, side = limit
    with pytest.raises(ScenarioError, match=rf"{name}: {value:g} is {side} [\d.]+ \(.+\)"):
        baseline.replace({name: value}, name="beyond")


def outside(baseline, name, value):
    """A model with a value that no scenario may have."""
    table, field = name.split(".")
    groups = (
        group.model_copy(update={field: value}) if group.table == table else group for group in baseline.parameters
    )
    return NingdeModel(replace(baseline, parameters=tuple(groups)), 1)


@pytest.mark.parametrize(
    ("name", "value", "months"),
    [
        ("prices.adjust", 2.4, 36),
        ("sourcing.adjust", 2.2, 24),
        ("labour.migration_elasticity", 40.0, 12),
        ("projects.depreciation", 13.0, 3),
        ("households.memory", 0.4, 12),
        ("agglomeration.memory", 0.4, 24),
        ("leaders.utilisation_target", 0.0, 3),
    ],
)
def test_the_limit_is_real_and_a_run_beyond_it_is_stopped(baseline, name, value, months):
    """Were the range not there, opening, identity, meaning or arithmetic would stop it: it never goes on in silence."""
    with pytest.raises((OpeningError, BrokenIdentityError, LostMeaningError, ZeroDivisionError, RuntimeWarning)):
        go(outside(baseline, name, value), months)


def go(model, months):
    for _ in range(months):
        model.step()  # books and meaning are checked in every month


def unrest(model, first=0):
    """Largest growth of output in a month, and the correlation of growth in one month with that in the next."""
    output = model.recorder.arrays["output"][first : model.state.month].sum(axis=(1, 2))
    growth = np.diff(np.log(output))
    calm = growth - growth.mean()
    return np.abs(growth).max(), (calm[1:] * calm[:-1]).sum() / (calm * calm).sum()


def test_a_swing_is_seen(baseline):
    """Budgets that spend in one month two and a half times what they have above normal: output swings with them."""
    model = outside(baseline, "fiscal.adjustment", 0.4)
    go(model, 48)
    assert unrest(model)[1] < -0.4


# --- several values that contradict one another -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"construction.spend_construction": 0.9},
            r"construction\.spend_construction: .* is 1\.3; these shares must sum to 1",
        ),
        ({"opening.mix_machinery": 0.35}, r"opening\.mix_machinery: .* is 1\.1; these shares must sum to 1"),
        ({"opening.share_catl_dongqiao": 0.5}, r"opening\.share_catl_dongqiao: .* these shares must sum to 1"),
        (
            {"promotion.mix_leader": 1.0, "promotion.mix_chain": 1.0},  # effort that nobody pays for
            r"promotion\.mix_leader: .* is 2\.35.*; these shares must sum to 1",
        ),
        (
            {"promotion.weight_supplement": [{"from": "2014-01", "value": 0.5}, {"from": "2019-01", "value": 0.9}]},
            r"promotion\.weight_supplement: .* is 1\.4 from 2019-01; these shares must sum to 1",
        ),
        (
            {"opening.stainless_melt_share": 0.8, "opening.stainless_roll_share": 0.4},
            r"opening\.stainless_roll_share: .* is 1\.2\d*, which is above 1",
        ),
        ({"run.start": "2019-12", "run.end": "2015-01"}, r"run\.end: .* is not after run\.start"),
        (
            {"labour.jobs_other": 130, "labour.jobs_agri": 1400, "labour.participation": 0.76},
            r"FD has jobs for 1\.\d+ of its labour force, more than 0\.97: see labour\.participation",
        ),
        (
            {"opening.cells_output": 8, "opening.stainless_output": 35},
            r"the four chains make 2\d\.\d% .* expected 5% to 15%: see opening\.cells_output",
        ),
        (
            {"io.leader_goods_share": 0.7, "io.va_cell": 0.4},
            r"io\.leader_goods_share 0\.7 and io\.va_cell 0\.4 leave nothing",
        ),
        ({"fiscal.local_share": 0.65, "fiscal.tax_gdp": 0.08}, r"fiscal\.local_share 0\.65 cannot be reached"),
    ],
)
def test_values_that_contradict_one_another_are_refused_with_their_names(baseline, changes, words):
    with pytest.raises((ScenarioError, OpeningError), match=words):
        NingdeModel(baseline.replace(changes, name="contradiction"), 1)


# --- several values that drive one loop -------------------------------------------------------------------------------

LOOPS = {
    "prices and what is learned": {
        "prices.adjust": 0.5,
        "prices.learning_rate_cell": 0.28,
        "prices.learning_rate_other": 0.15,
        "prices.margin_utilisation": 2.5,
        "prices.mean_reversion": 0.8,
        "prices.world_weight": 0.6,
    },
    "capacity and orders": {
        "firms.expansion_speed": 0.6,
        "firms.utilisation_trigger": 0.75,
        "firms.margin_hurdle": 0.0,
        "firms.new_customers": 1.0,
        "leaders.utilisation_target": 0.92,
    },
    "wages and people": {
        "labour.wage_curve": 0.2,
        "labour.migration_elasticity": 2.0,
        "labour.overtime": 0.0,
        "labour.vacancy_normal": 0.02,
    },
    "incomes and spending": {
        "households.consumption_share": 0.75,
        "households.extra": 0.6,
        "households.memory": 1.0,
        "fiscal.adjustment": 12.0,
    },
    "shares and deliveries": {
        "leaders.share_selection": 1.5,
        "leaders.fill_gain": 1.5,
        "leaders.quality_gain": 1.0,
        "leaders.backlog_keep": 1.0,
        "leaders.base_allocation": 20.0,
    },
    "suppliers and cost": {
        "sourcing.adjust": 0.2,
        "sourcing.price_elasticity": 15.0,
        "sourcing.habit": 0.5,
        "sourcing.outside_elasticity": 4.0,
        "sourcing.qualification": 3.0,
        "sourcing.cap_devoted_max": 1.0,
    },
    "neighbours": {
        "agglomeration.density": 0.12,
        "agglomeration.upstream": 0.06,
        "agglomeration.leader_spill": 0.12,
        "agglomeration.memory": 1.0,
        "agglomeration.congestion": 0.0,
        "agglomeration.floor": 10.0,
    },
}
"""By loop, the end of each range at which it turns fastest."""


def assert_calm(model, months):
    go(model, months)
    largest, alternation = unrest(model, 12)
    assert largest < 0.1
    assert alternation > -0.3, "swings from month to month"
    output = model.recorder.arrays["output"][:months].sum(axis=(1, 2))
    assert 0.5 < output[-1] / output[0] < 4.0


def test_all_loops_at_their_fastest_together_run_calmly(baseline):
    fastest = {name: value for loop in LOOPS.values() for name, value in loop.items()}
    assert_calm(NingdeModel(baseline.replace(fastest, name="fastest"), 1), 36)


@pytest.mark.slow
@pytest.mark.parametrize("loop", LOOPS)
def test_each_loop_at_its_fastest_runs_calmly(baseline, loop):
    assert_calm(NingdeModel(baseline.replace(LOOPS[loop], name="fast"), 1), 120)
