"""Which factors move a result: screening, parts of its variance, and distance of its distributions.

=========  ======================================  ===================================================================
method     runs for k factors                      what it tells
=========  ======================================  ===================================================================
Morris     T (k + 1), T trajectories               which of many factors matter at all, and which act in a bent way or
                                                   together with others; some ten trajectories do
Sobol      N (k + 2), N rows, a power of 2         what part of the variance a factor moves, alone and with others, and
                                                   what part is chance; some hundred rows
PAWN       any sample                              what a factor moves of the whole distribution, also where variance
                                                   says little (a result that mostly is 0); some hundred runs
=========  ======================================  ===================================================================

Designs lie in the unit cube; the caller scales them. A run has luck, which is no factor's doing, so each method says
what luck alone would show: Morris by replications, Sobol by chance as one factor more, PAWN by factors without effect.

Morris, Technometrics 33 (1991); Campolongo, Cariboni and Saltelli, Environmental Modelling and Software 22 (2007), on
mu*; Ruano and others, the same 37 (2012), on spreading trajectories. Sobol' indices by the estimators of
:mod:`sim.statistics.variance`. Pianosi and Wagener, Environmental Modelling and Software 67 (2015) and 108 (2018).
Morris and PAWN are those of SALib (Herman and Usher, Journal of Open Source Software 2, 2017; Iwanaga, Usher and
Herman, Socio-Environmental Systems Modelling 4, 2022), which is in the extra ``tune``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.statistics.history_matching import sobol as sobol_points
from sim.statistics.paired import CONFIDENCE
from sim.statistics.variance import RESAMPLES, drawn_again, shares

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LEVELS = 4
"""Values a factor takes in a Morris design, the usual number; a step is 2/3 of the range."""

POOL = 5
"""Trajectories drawn for each that is kept, those farthest apart (numerical; Ruano and others 2012)."""

DUMMIES = 19
"""Shuffled copies of a factor: one without effect is above all 19 of its copies once in 20 times."""

SEEDS = 2**31
"""Number of seeds that chance chooses from (numerical)."""


class SensitivityError(ValueError):
    """Results that do not belong to a design, or a design that cannot be made; the message is one sentence."""


@dataclass(frozen=True, eq=False)
class Screening:
    """Elementary effects of k factors: what a result moves per whole range of a factor, in the result's unit.

    Attributes:
        mu: (k,) mean effect; near 0 beside a large mu* if the effect changes its sign.
        mu_star: (k,) mean size of the effect.
        low: (k,) lower end of the 90 % interval of mu* (trajectories drawn again).
        high: (k,) upper end.
        sigma: (k,) standard deviation of the effects: large beside mu* if a factor acts in a bent way or with others.
        luck: (k,) standard error of one effect that luck makes; NaN without replications.
        from_luck: (k,) mu* that luck alone would usually show (its median).
        limit: (k,) mu* that luck alone exceeds once in 20 times.
        trajectories: that count; one with a run without result is left out.
    """

    mu: Floats
    mu_star: Floats
    low: Floats
    high: Floats
    sigma: Floats
    luck: Floats
    from_luck: Floats
    limit: Floats
    trajectories: int

    @property
    def distinguishable(self) -> Bools:
        """(k,) whether mu* is larger than luck would show; never without replications, for then it is not known."""
        return np.asarray(self.mu_star > self.limit)


@dataclass(frozen=True, eq=False)
class Indices:
    """Parts of the variance of a result, as shares; the factors' first, then the rest and chance add up to 1.

    Attributes:
        variance: of the result, its unit squared.
        first: (k,) what a factor moves alone; with few rows a little below 0.
        first_low, first_high: (k,) its 90 % interval (rows drawn again).
        total: (k,) what it moves alone and together with others, chance among them.
        total_low, total_high: (k,) its interval.
        chance: share that stays if all factors are known: the mean variance between seeds; 0 in a design without it.
        chance_low, chance_high: its interval.
        rest: what factors do together, and the error of few rows.
        rows: that count; one with a run without result is left out.
    """

    variance: float
    first: Floats
    first_low: Floats
    first_high: Floats
    total: Floats
    total_low: Floats
    total_high: Floats
    chance: float
    chance_low: float
    chance_high: float
    rest: float
    rows: int


@dataclass(frozen=True, eq=False)
class Distances:
    """PAWN: how far the distribution of a result moves if a factor is known.

    Attributes:
        median: (k,) median over slices of the factor of the largest gap (Kolmogorov, Smirnov) between the distribution
            in a slice and that of all runs; 0 to 1.
        threshold: (k,) largest of what shuffled copies of the factor, without effect, show.
    """

    median: Floats
    threshold: Floats

    @property
    def distinguishable(self) -> Bools:
        """(k,) whether a factor shows more than one without effect; where not, no effect was found."""
        return np.asarray(self.median > self.threshold)


def _problem(factors: int) -> dict[str, Any]:
    """SALib's words for the unit cube."""
    return {"num_vars": factors, "names": [str(one) for one in range(factors)], "bounds": [[0.0, 1.0]] * factors}


def morris_design(factors: int, trajectories: int, seed: int, levels: int = LEVELS) -> Floats:
    """Trajectories through the unit cube, each of which moves every factor once.

    Args:
        factors: k.
        trajectories: T, at least 2; chosen far apart among :data:`POOL` times as many.
        seed: equal seeds give equal designs.
        levels: values that a factor takes, even.

    Returns:
        (T (k + 1), k), trajectory by trajectory.

    Raises:
        SensitivityError: no factor, fewer than two trajectories, or levels that are odd.
    """
    from SALib.sample import morris as sampler

    if factors < 1 or trajectories < 2 or levels < 2 or levels % 2:
        raise SensitivityError(
            f"a Morris design needs a factor, 2 trajectories and an even number of levels, "
            f"not {factors}, {trajectories} and {levels}"
        )
    # SALib spreads trajectories by brute force over pairs of factors; with one factor all pairs of ends are alike
    pool, kept = (trajectories, None) if factors == 1 else (POOL * trajectories, trajectories)
    found = sampler.sample(_problem(factors), pool, num_levels=levels, optimal_trajectories=kept, seed=seed)
    return np.asarray(found, dtype=np.float64)


def morris(
    design: Floats,
    outputs: Floats,
    levels: int = LEVELS,
    seed: int = 0,
    common_seeds: bool = True,
    resamples: int = RESAMPLES,
) -> Screening:
    """Elementary effects, and what of them luck would show alone.

    Luck is measured by what an effect differs between replications. The mu* of luck alone is that of effects around 0
    which vary as much. Seeds that all points share may push all effects to one side, so there effects hang together as
    the differences do (multiplier bootstrap; Wu, Annals of Statistics 14, 1986), with Student's allowance for few
    replications: 5 or more tell much better than 2.

    Args:
        design: (n, k) of :func:`morris_design`.
        outputs: (n,) one result a run, or (n, r) of r replications; NaN where a run gave none.
        levels: those of the design.
        seed: of the intervals.
        common_seeds: whether replication j has the same seed at all points.
        resamples: times that trajectories and luck are drawn again.

    Raises:
        SensitivityError: shapes that do not fit, or fewer than two whole trajectories.
    """
    from SALib.analyze import morris as analyser

    factors, values = design.shape[1], np.asarray(outputs, dtype=np.float64).reshape(len(outputs), -1)
    if len(values) != len(design) or len(design) % (factors + 1):
        raise SensitivityError(f"{len(values)} results do not belong to a Morris design of shape {design.shape}")
    points, results = design.reshape(-1, factors + 1, factors), values.reshape(-1, factors + 1, values.shape[1])
    whole = np.isfinite(results).all(axis=(1, 2))
    points, results = points[whole], results[whole]
    if len(points) < 2:
        raise SensitivityError(f"only {len(points)} trajectories have all their results; a screening needs 2")
    found = analyser.analyze(
        _problem(factors),
        points.reshape(-1, factors),
        results.mean(axis=2).ravel(),
        num_resamples=resamples,
        conf_level=CONFIDENCE,
        num_levels=levels,
        seed=seed,
    )
    star, half = np.asarray(found["mu_star"], dtype=np.float64), np.asarray(found["mu_star_conf"], dtype=np.float64)
    luck, usual, limit = _luck(_effects(points, results), common_seeds, np.random.default_rng(seed), resamples)
    mu, sigma = np.asarray(found["mu"], dtype=np.float64), np.asarray(found["sigma"], dtype=np.float64)
    return Screening(mu, star, np.maximum(star - half, 0.0), star + half, sigma, luck, usual, limit, len(points))


def _effects(points: Floats, results: Floats) -> Floats:
    """(k, T, r) effects per whole range of (T, k + 1, k) points with (T, k + 1, r) results."""
    steps = np.diff(points, axis=1)
    moved = np.abs(steps).argmax(axis=2)
    per_range = np.diff(results, axis=1) / np.take_along_axis(steps, moved[:, :, None], axis=2)
    found: Floats = np.take_along_axis(per_range, np.argsort(moved, axis=1)[:, :, None], axis=1).transpose(1, 0, 2)
    return found


def _luck(effects: Floats, common: bool, rng: np.random.Generator, resamples: int) -> tuple[Floats, Floats, Floats]:
    """(k,) standard error of an effect by luck, usual mu* of luck alone, and its limit; NaN with one replication."""
    factors, trajectories, replications = effects.shape
    if replications < 2:
        unknown = np.full(factors, np.nan)
        return unknown, unknown, unknown
    freedom = replications - 1
    apart = (effects - effects.mean(axis=2, keepdims=True)) / np.sqrt(replications * freedom)
    luck = np.sqrt((apart**2).sum(axis=2).mean(axis=1))
    known_from = freedom if common else trajectories * freedom
    doubt = np.sqrt(known_from / rng.chisquare(known_from, (resamples, 1)))
    if common:
        weights = doubt * rng.standard_normal((resamples, replications))
        alone = np.stack([np.abs(weights @ own.T).mean(axis=1) for own in apart])
    else:
        weights = doubt * rng.standard_normal((resamples, trajectories))
        alone = luck[:, None] * np.abs(weights).mean(axis=1)
    return luck, np.median(alone, axis=1), np.quantile(alone, 0.95, axis=1)


def sobol_design(factors: int, rows: int, seed: int, chance: bool = True) -> Floats:
    """Two samples A and B, and for each factor A with that factor from B (Saltelli, Computer Physics Comm. 145, 2002).

    Args:
        factors: k, chance not counted.
        rows: N; a power of 2 makes scrambled Sobol points most even.
        seed: equal seeds give equal designs.
        chance: whether the last column decides the seed of a run, see :func:`seeds`; it is one factor more, so that
            what luck does separates from what factors do.

    Returns:
        (N (d + 2), d) in the unit cube, A, then B, then block by block; d = k + 1 with chance, else k.

    Raises:
        SensitivityError: no factor, or rows that are no power of 2.
    """
    if factors < 1 or rows < 2 or rows & (rows - 1):
        raise SensitivityError(f"a Sobol design needs a factor and a power of 2 as rows, not {factors} and {rows}")
    width = factors + chance
    both = sobol_points(2 * width, rows, seed)
    base, other = both[:, :width], both[:, width:]
    blocks = [np.where(np.arange(width) == factor, other, base) for factor in range(width)]
    return np.concatenate([base, other, *blocks])


def seeds(column: Floats) -> Ints:
    """(n,) seeds of runs, 0 to 2^31 - 1, from the column of chance: equal values give equal seeds."""
    return np.asarray(np.floor(column * SEEDS), dtype=np.int64)


def sobol(outputs: Floats, factors: int, seed: int = 0, chance: bool = True, resamples: int = RESAMPLES) -> Indices:
    """Sobol' indices of a design of :func:`sobol_design`.

    Args:
        outputs: (N (d + 2),) results in the order of the design; NaN where a run gave none.
        factors: k, as in the design.
        seed: of the intervals.
        chance: as in the design.
        resamples: times that rows are drawn again for the intervals.

    Returns:
        Shares are NaN where the result does not vary.

    Raises:
        SensitivityError: results that are not those of such a design, or fewer than two whole rows.
    """
    width, values = factors + chance, np.asarray(outputs, dtype=np.float64)
    if values.ndim != 1 or len(values) % (width + 2):
        raise SensitivityError(f"results of shape {values.shape} do not belong to a Sobol design of {width} factors")
    blocks = values.reshape(width + 2, -1)
    blocks = blocks[:, np.isfinite(blocks).all(axis=0)]
    rows = blocks.shape[1]
    if rows < 2:
        raise SensitivityError(f"only {rows} rows have all their results; indices need 2")
    base, other, swapped = blocks[0], blocks[1], blocks[2:]
    variance, alone, total = shares(base, other, swapped, np.ones((1, rows)))
    _, some, more = shares(base, other, swapped, drawn_again(rows, resamples, np.random.default_rng(seed)))
    ends = [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2]
    if variance[0] > 0:
        (some_low, some_high), (more_low, more_high) = np.nanquantile(some, ends, axis=1), np.nanquantile(more, ends, 1)
    else:
        some_low = some_high = more_low = more_high = np.full(width, np.nan)
    left = float(total[-1, 0]) if chance else 0.0
    return Indices(
        float(variance[0]),
        alone[:factors, 0],
        some_low[:factors],
        some_high[:factors],
        total[:factors, 0],
        more_low[:factors],
        more_high[:factors],
        left,
        float(more_low[-1]) if chance else 0.0,
        float(more_high[-1]) if chance else 0.0,
        float(1.0 - left - alone[:factors, 0].sum()),
        rows,
    )


def pawn(inputs: Floats, outputs: Floats, slices: int = 10, seed: int = 0, dummies: int = DUMMIES) -> Distances:
    """How far each factor moves the distribution of a result, beside shuffled copies of it that cannot move it.

    Args:
        inputs: (n, k) any sample.
        outputs: (n,) results; a run with NaN is left out.
        slices: parts of equal size into which the runs are cut along a factor.
        seed: of the shuffling.
        dummies: shuffled copies of each factor; with m of them one without effect passes for one with an effect once
            in m + 1 times.

    Raises:
        SensitivityError: shapes that do not fit, fewer than ten runs a slice, or a number of slices that SALib's
            arithmetic misses.
    """
    from SALib.analyze import pawn as analyser

    found = np.isfinite(outputs)
    x, y = np.asarray(inputs, dtype=np.float64)[found], np.asarray(outputs, dtype=np.float64)[found]
    if len(inputs) != len(outputs) or len(y) < 10 * slices:
        raise SensitivityError(f"{len(y)} runs are too few for {slices} slices: 10 a slice are needed")
    # SALib steps from 0 to 1 by 1/slices; rounding carries some numbers of slices, 6 and 9 among them, beyond 1
    if slices < 2 or np.arange(0, 1 + 1 / slices, 1 / slices)[-1] > 1:
        raise SensitivityError(f"SALib cannot cut a sample into {slices} slices; take 10")
    rng, factors = np.random.default_rng(seed), x.shape[1]
    shuffled = rng.permuted(np.repeat(x, dummies, axis=1), axis=0)
    both = np.concatenate([x, shuffled], axis=1)
    median = np.asarray(analyser.analyze(_problem(both.shape[1]), both, y, S=slices)["median"], dtype=np.float64)
    return Distances(median[:factors], median[factors:].reshape(factors, dummies).max(axis=1))
