"""What the statistics bureau would publish, and the record of a run (model description, section 3.4).

Nothing here feeds back into decisions. One file is one subject:

=============  ======================================================================================================
``bureau``     arithmetic of growth, pull and contribution; groups of industry; the one switch of county tables
``record``     the month written into preallocated arrays
``activity``   what else is counted: exports, investment, projects, tiers, December's figures
``coverage``   local coverage of the cell makers in three senses
``exports``    exports of products and counties
``decline``    why legacy industry grows or shrinks, an exact account
``structure``  concentration, specialisation, sizes, tiers
``table``      the input-output table of a month with labels
``inequality`` Theil and Gini between places, location Gini of products
=============  ======================================================================================================

Of many runs, arrays in and arrays out:

=============  ======================================================================================================
``paired``     differences of paired runs, their intervals, what the pairing took away
``tails``      shares of runs with intervals, exceedance, the worst tenth
``passage``    when a target is first reached, with an open end
``shapley``    parts of several changes in their common effect
``variance``   parts of several sources of doubt in the variance of a result
``scores``     how good forecasts were: points, ensembles, probabilities, tests between rivals
=============  ======================================================================================================

Of many policies and futures, for `ningde tune`:

===============  ====================================================================================================
``sensitivity``  which factors move a result: Morris, Sobol with chance as a factor, PAWN
``discovery``    under which conditions a policy fails: boxes and trees, in words
``fronts``       several goals: what is better beyond luck, how good a front is, what to recommend
``robustness``   regret, thresholds reached and the worst tenth over futures
===============  ====================================================================================================

Without any run: ``rivals``, forecasts from the past of a series alone.

Tables for a reader are made of the record in :mod:`sim.results.published`.
"""

from sim.statistics.bureau import (
    ENERGY,
    GroupGrowth,
    View,
    by_view,
    cluster_names,
    cluster_of,
    contribution,
    growth_from_contribution,
    growth_of_groups,
    pull,
    rest_growth,
    share_at_constant_weights,
    year_to_date_growth,
)
from sim.statistics.coverage import local_share_realised
from sim.statistics.record import SIZE_THRESHOLD, Recorder, above_scale, introduced
from sim.statistics.table import (
    CITY,
    OUTSIDE,
    PUBLISHED_INCOMES,
    jobs_by_node,
    leader_purchases,
    regional_table,
    wages_paid,
)

__all__ = [
    "CITY",
    "ENERGY",
    "OUTSIDE",
    "PUBLISHED_INCOMES",
    "SIZE_THRESHOLD",
    "GroupGrowth",
    "Recorder",
    "View",
    "above_scale",
    "by_view",
    "cluster_names",
    "cluster_of",
    "contribution",
    "growth_from_contribution",
    "growth_of_groups",
    "introduced",
    "jobs_by_node",
    "leader_purchases",
    "local_share_realised",
    "pull",
    "regional_table",
    "rest_growth",
    "share_at_constant_weights",
    "wages_paid",
    "year_to_date_growth",
]
