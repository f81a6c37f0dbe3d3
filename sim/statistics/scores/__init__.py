"""How good forecasts were: scores of points, of ensembles, of many variables together, and tests between rivals.

Arrays in, arrays out; nothing here knows a region, a run or a file.

================  ===================================================================================================
``point``         RMSE, MAE, errors of logs and of growth, MASE, sign hits, Kendall's tau
``distribution``  CRPS, pinball score, weighted interval score of each case
``calibration``   coverage of intervals, PIT, Brier score and its parts, reliability
``joint``         energy and variogram score of several variables together
``comparing``     Diebold-Mariano test in small samples
``resampling``    block bootstrap over clusters: difference of mean scores, skill score
================  ===================================================================================================

All agree on four things. An ensemble is (members, cases), its observations (cases,). NaN is a missing observation: the
case is left out and the count of what is left is returned, or the score of the case is NaN (``mean_score`` counts);
a forecast that is missing where there is an observation is an error, since leaving it out would reward who is silent.
Lower is better, except where the name says otherwise. Which point of an ensemble to take: its mean for squared errors,
its median for absolute ones (Gneiting, Journal of the American Statistical Association 106, 2011).

Libraries judged: scoringrules (kept, only numpy and scipy) serves CRPS, pinball and variogram; its weighted interval
score is wrong without numba (0.10: median instead of its error), its energy score needs members^2 x variables numbers
at once, so both are ours; properscoring sleeps since 2015. statsmodels (no rectangular kernel) and arch bring 70 MB for
one statistic and ten lines of resampling; dieboldmariano (6 kB) is the second opinion in the tests.
"""

from sim.statistics.scores.calibration import (
    BrierParts,
    Coverage,
    ReliabilityRow,
    brier_parts,
    brier_score,
    coverage,
    pit,
    pit_histogram,
    reliability_table,
)
from sim.statistics.scores.checks import Score, ScoreError, mean_score
from sim.statistics.scores.comparing import DieboldMariano, diebold_mariano
from sim.statistics.scores.distribution import (
    LEVELS,
    crps,
    ensemble_quantiles,
    quantile_score,
    weighted_interval_score,
)
from sim.statistics.scores.joint import energy_score, variogram_score
from sim.statistics.scores.point import (
    SignHits,
    growth,
    log_points,
    mean_absolute_error,
    mean_absolute_growth_error,
    mean_absolute_log_error,
    mean_absolute_scaled_error,
    naive_scale,
    rank_correlation,
    root_mean_squared_error,
    sign_hits,
)
from sim.statistics.scores.resampling import Interval, mean_difference, skill_score

__all__ = [
    "LEVELS",
    "BrierParts",
    "Coverage",
    "DieboldMariano",
    "Interval",
    "ReliabilityRow",
    "Score",
    "ScoreError",
    "SignHits",
    "brier_parts",
    "brier_score",
    "coverage",
    "crps",
    "diebold_mariano",
    "energy_score",
    "ensemble_quantiles",
    "growth",
    "log_points",
    "mean_absolute_error",
    "mean_absolute_growth_error",
    "mean_absolute_log_error",
    "mean_absolute_scaled_error",
    "mean_difference",
    "mean_score",
    "naive_scale",
    "pit",
    "pit_histogram",
    "quantile_score",
    "rank_correlation",
    "reliability_table",
    "root_mean_squared_error",
    "sign_hits",
    "skill_score",
    "variogram_score",
    "weighted_interval_score",
]
