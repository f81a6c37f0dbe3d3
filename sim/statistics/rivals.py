"""Forecasts of one series from its own past alone: what any model must beat.

Each gives draws from a predictive distribution at some later times. Times are years and may be irregular, years may be
missing: what happens over d years is taken for what d years of the process do. A series may be levels or logs of
amounts (the caller takes logs and turns draws back) or rates of growth, which are levels here: a random walk of a
growth rate says that the last rate persists, an AR(1) that rates return to their mean.

    random walk            y(t+h) = y(t) + s W(h) ;                  s^2 = sum e_i^2 / d_i / m
    random walk with drift y(t+h) = y(t) + g h + s W(h) ;            g = [y(t_n) - y(t_1)] / (t_n - t_1)
    AR(1)                  y(t+h) = f^h y(t) + c (1-f^h)/(1-f) + s sqrt[(1-f^2h)/(1-f^2)] e
    constant share         share(t+h) = share(t) exp(s W(h)), times the total by drift of its logs
    announced capacity     y(t) + sum of announced amounts planned by t+h x realisation ratio

with e_i the m changes between points that lie d_i years apart. With few points the spread is itself uncertain. So each
draw takes its own s^2 = (residual sum of squares) / chi^2 with as many degrees of freedom as residuals are free, and
its own drift and coefficients: Student t at every horizon, exactly, for the first two (with drift: scale
s sqrt[h + h^2/(t_n - t_1)], m - 1 degrees of freedom). With one or two degrees of freedom tails are so heavy that a
mean of draws says nothing: take medians and quantiles. The CRPS of such a forecast is finite.

AR(1): flat prior over c, ln s and f in (-1, 1), given the first point; for yearly points that is the t of least
squares, cut where the process would explode. Least squares puts f too low by about (1 + 3 f) / n (Kendall, Note on bias
in the estimation of autocorrelation, Biometrika 41, 1954); this is not corrected, draws of f are spread more widely.

Realisation ratios: the Bayesian bootstrap (Rubin, The Bayesian bootstrap, Annals of Statistics 9, 1981) of outcomes
that are known; every open announcement draws its own ratio, so that it comes to nothing as often as others did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

Floats = NDArray[np.float64]
Luck = np.random.Generator

NEEDED: Mapping[str, int] = {
    "random walk": 2,
    "random walk with drift": 3,
    "AR(1)": 4,
    "constant share": 2,
    "announced capacity": 3,
}
"""Points that each forecast needs: one free residual; of announced capacity, announcements whose outcome is known. The
constant share needs them of the share and, for the drift of the total, three of the total."""

MOST_MEMORY = 0.995
"""Largest |f| that is considered a year: beyond it c says nothing about the level (numerical)."""

CELLS = 400
"""Cells of the grid over f (numerical)."""

MOST_LOG = 700.0
"""Largest log of an amount, and with the other sign the least, so that amounts stay numbers (numerical)."""


class TooFewPointsError(ValueError):
    """A series is too short for a forecast.

    Attributes:
        forecast: which one.
        needed, found: points it needs, and points there are.
    """

    def __init__(self, forecast: str, needed: int, found: int, what: str = "points of the series") -> None:
        super().__init__(f"{forecast} needs at least {needed} {what}, there are {found}")
        self.forecast, self.needed, self.found, self.what = forecast, needed, found, what

    def __reduce__(self) -> tuple[type[TooFewPointsError], tuple[str, int, int, str]]:
        """Pickled with what it was made of, so that it comes back from workers."""
        return type(self), (self.forecast, self.needed, self.found, self.what)


@dataclass(frozen=True)
class Past:
    """What is known of a series.

    Attributes:
        times: (n,) years, rising, gaps allowed.
        values: (n,) levels, logs or rates.

    Raises:
        ValueError: no points, numbers that are none, or times that do not rise.
    """

    times: Floats
    values: Floats

    def __post_init__(self) -> None:
        if self.times.shape != self.values.shape or self.times.ndim != 1 or not len(self.times):
            raise ValueError("a past has one value for each time, and at least one")
        if not (np.isfinite(self.times).all() and np.isfinite(self.values).all()):
            raise ValueError("a past holds numbers only: leave out points that are missing")
        if not (np.diff(self.times) > 0).all():
            raise ValueError(
                "the times of a past must rise: there are two values of one time, or they are not in order"
            )

    @classmethod
    def of(cls, times: ArrayLike, values: ArrayLike) -> Past:
        """Points in any order; those without a value (NaN) are left out.

        Args:
            times: (n,) years.
            values: (n,) values, NaN where missing.

        Raises:
            ValueError: nothing is left, or there are two values of one time.
        """
        when, what = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
        known = np.flatnonzero(~np.isnan(what))
        order = known[np.argsort(when[known], kind="stable")]
        return cls(when[order], what[order])

    @property
    def last(self) -> float:
        """Time of the newest point."""
        return float(self.times[-1])

    def logs(self) -> Past:
        """The logs.

        Raises:
            ValueError: a value is not above 0; names its time.
        """
        if (self.values <= 0).any():
            at = float(self.times[self.values <= 0][0])
            raise ValueError(f"the value of {at:g} is not above 0 and has no log: forecast the series as a level")
        return Past(self.times, np.log(self.values))

    def steps(self, ahead: ArrayLike) -> Floats:
        """(H,) years from the newest point to the first time ahead, from there to the second, and so on.

        Raises:
            ValueError: times ahead do not rise, or the first is not later than the newest point.
        """
        steps = np.diff(np.concatenate([[self.last], np.asarray(ahead, dtype=np.float64)]))
        if not (steps > 0).all():
            raise ValueError("times ahead must rise and be later than the newest point of the past")
        return steps


def amounts(logs: Floats) -> Floats:
    """Amounts of logs; the far tails of a forecast from few points end at the largest number."""
    return np.asarray(np.exp(np.clip(logs, -MOST_LOG, MOST_LOG)))


def _enough(forecast: str, past: Past) -> None:
    """Raises TooFewPointsError."""
    if len(past.times) < NEEDED[forecast]:
        raise TooFewPointsError(forecast, NEEDED[forecast], len(past.times))


def _spread(squares: float, free: int, draws: int, luck: Luck) -> Floats:
    """(draws,) s: a residual sum of squares over chi^2 with the free residuals as degrees of freedom."""
    return np.sqrt(squares / luck.chisquare(free, draws))


def _wander(spread: Floats, steps: Floats, luck: Luck) -> Floats:
    """(draws, H) s W at the end of each step."""
    noise = luck.standard_normal((len(spread), len(steps)))
    return np.cumsum(spread[:, None] * np.sqrt(steps) * noise, axis=1)


def random_walk(past: Past, ahead: ArrayLike, draws: int, luck: Luck) -> Floats:
    """(draws, H) a random walk without drift; see the module.

    Args:
        past: two points or more.
        ahead: (H,) years, rising, later than the past.
        draws: number of draws.
        luck: random numbers.

    Raises:
        TooFewPointsError: fewer than two points.
    """
    _enough("random walk", past)
    gaps, changes = np.diff(past.times), np.diff(past.values)
    spread = _spread(float((changes**2 / gaps).sum()), len(gaps), draws, luck)
    return np.asarray(past.values[-1] + _wander(spread, past.steps(ahead), luck))


def drift_of(past: Past) -> float:
    """g, change a year from the first to the last point; with any gaps the best estimate of the drift."""
    return float((past.values[-1] - past.values[0]) / (past.times[-1] - past.times[0]))


def random_walk_with_drift(past: Past, ahead: ArrayLike, draws: int, luck: Luck) -> Floats:
    """(draws, H) a random walk with drift; arguments as of :func:`random_walk`.

    Raises:
        TooFewPointsError: fewer than three points.
    """
    _enough("random walk with drift", past)
    gaps, changes, drift = np.diff(past.times), np.diff(past.values), drift_of(past)
    squares = float(((changes - drift * gaps) ** 2 / gaps).sum())
    spread, steps = _spread(squares, len(gaps) - 1, draws, luck), past.steps(ahead)
    drifts = drift + spread / np.sqrt(gaps.sum()) * luck.standard_normal(draws)
    return np.asarray(past.values[-1] + drifts[:, None] * np.cumsum(steps) + _wander(spread, steps, luck))


@dataclass(frozen=True)
class Autoregression:
    """Least squares of an AR(1) given its memory, for one memory or many (G,).

    Attributes:
        memory: f, a year.
        constant: c, a year.
        squares: residual sum of squares, over the variance that s = 1 gives each residual.
        log_scale: sum of the logs of these variances.
        information: of c, in units of 1 / s^2.
    """

    memory: Floats
    constant: Floats
    squares: Floats
    log_scale: Floats
    information: Floats

    @property
    def log_squares(self) -> Floats:
        """(G,) logs of the squares, a number also where a fit is perfect."""
        return np.log(np.maximum(self.squares, np.finfo(float).tiny))

    @classmethod
    def of(cls, past: Past, memory: ArrayLike) -> Autoregression:
        """Fit c for given memories, given the first point."""
        f = np.atleast_1d(np.asarray(memory, dtype=np.float64))
        keeps, adds, varies = _over(f, np.diff(past.times))
        rest = past.values[1:] - keeps * past.values[:-1]
        information = (adds**2 / varies).sum(axis=1)
        constant = (adds * rest / varies).sum(axis=1) / information
        squares = ((rest - adds * constant[:, None]) ** 2 / varies).sum(axis=1)
        return cls(f, constant, squares, np.log(varies).sum(axis=1), information)


def _over(memory: Floats, years: Floats) -> tuple[Floats, Floats, Floats]:
    """(G, n) each: what is kept of a value over some years, what c = 1 adds, and the variance that s = 1 adds."""
    f = memory[:, None]
    keeps = f ** np.asarray(years, dtype=np.float64)[None, :]
    return keeps, (1.0 - keeps) / (1.0 - f), (1.0 - keeps**2) / (1.0 - f**2)


def _least_memory(past: Past, steps: Floats) -> float:
    """Least f: negative ones mean something over whole years only."""
    years = np.concatenate([np.diff(past.times), steps])
    return -MOST_MEMORY if np.allclose(years, np.round(years), atol=1e-9) else 0.0


def fit_autoregression(past: Past) -> Autoregression:
    """The most likely AR(1) given the first point; for yearly points that is least squares.

    Raises:
        TooFewPointsError: fewer than four points.
    """
    _enough("AR(1)", past)
    count = len(past.values) - 1

    def lack(memory: ArrayLike) -> Floats:
        fit = Autoregression.of(past, memory)
        return np.asarray(fit.log_scale + count * fit.log_squares)

    edges = np.linspace(_least_memory(past, np.zeros(0)), MOST_MEMORY, CELLS + 1)
    best = int(lack(edges).argmin())
    bounds = float(edges[max(best - 1, 0)]), float(edges[min(best + 1, CELLS)])
    found = minimize_scalar(lambda f: float(lack(f)[0]), bounds=bounds, method="bounded", options={"xatol": 1e-10})
    return Autoregression.of(past, float(found.x))


def autoregression(past: Past, ahead: ArrayLike, draws: int, luck: Luck) -> Floats:
    """(draws, H) an AR(1) with uncertain coefficients; arguments as of :func:`random_walk`.

    Years ahead that are no whole numbers, or gaps of the past that are none, leave only f of 0 and more.

    Raises:
        TooFewPointsError: fewer than four points.
    """
    _enough("AR(1)", past)
    steps = past.steps(ahead)
    if np.ptp(past.values) == 0.0:
        return np.full((draws, len(steps)), past.values[-1])
    edges = np.linspace(_least_memory(past, steps), MOST_MEMORY, CELLS + 1)
    grid, free = Autoregression.of(past, 0.5 * (edges[1:] + edges[:-1])), len(past.values) - 2
    odds = -0.5 * (grid.log_scale + np.log(grid.information)) - 0.5 * free * grid.log_squares
    chance = np.exp(odds - odds.max())
    cell = luck.choice(CELLS, draws, p=chance / chance.sum())
    fit = Autoregression.of(past, edges[cell] + luck.random(draws) * np.diff(edges)[cell])
    spread = np.sqrt(fit.squares / luck.chisquare(free, draws))
    constant = fit.constant + spread / np.sqrt(fit.information) * luck.standard_normal(draws)
    keeps, adds, varies = _over(fit.memory, steps)
    noise = luck.standard_normal((draws, len(steps)))
    found, value = np.empty((draws, len(steps))), np.full(draws, past.values[-1])
    for at in range(len(steps)):
        value = keeps[:, at] * value + adds[:, at] * constant + spread * np.sqrt(varies[:, at]) * noise[:, at]
        found[:, at] = value
    return found


def constant_share(own: Past, total: Past, ahead: ArrayLike, draws: int, luck: Luck) -> Floats:
    """(draws, H) a part of a total whose share stays what it was when both were last known; levels, above 0.

    Args:
        own: levels of the part; two points or more at times of the total.
        total: levels of the total, three points or more.
        ahead: (H,) years, rising, later than both.
        draws: number of draws.
        luck: random numbers.

    Raises:
        TooFewPointsError: too few points in common, or of the total.
        ValueError: a level is not above 0.
    """
    times, mine, whole = np.intersect1d(own.times, total.times, return_indices=True)
    if len(times) < NEEDED["constant share"]:
        raise TooFewPointsError("constant share", NEEDED["constant share"], len(times), "points of part and total")
    share = Past(times, own.logs().values[mine] - total.logs().values[whole])
    of_total = random_walk_with_drift(total.logs(), ahead, draws, luck)
    return amounts(of_total + random_walk(share, ahead, draws, luck))


@dataclass(frozen=True)
class Announcement:
    """A project that was announced with an amount and a date.

    Attributes:
        name: of the project.
        announced: year of the announcement, 2019.25 for the end of March.
        planned: year by which the amount was to be there.
        amount: what was announced, above 0, in the unit of the series.
        outcome: what came of it, 0 if nothing did; None while that is not known.
        known: year in which the outcome became known.
    """

    name: str
    announced: float
    planned: float
    amount: float
    outcome: float | None = None
    known: float | None = None

    def __post_init__(self) -> None:
        if not self.amount > 0 or (self.outcome is not None and not self.outcome >= 0):
            raise ValueError(f"announcement {self.name}: the amount must be above 0 and the outcome not below 0")
        if (self.outcome is None) != (self.known is None):
            raise ValueError(f"announcement {self.name}: an outcome and the year in which it became known go together")


def known_by(announcements: Iterable[Announcement], year: float) -> tuple[Announcement, ...]:
    """Announcements as they were known at a time: later ones are left out, later outcomes forgotten.

    Args:
        announcements: all of them.
        year: the time.
    """
    made = [each for each in announcements if each.announced <= year]
    return tuple(
        replace(each, outcome=None, known=None) if each.known is not None and each.known > year else each
        for each in made
    )


def announced_capacity(
    level: float, announcements: Sequence[Announcement], ahead: ArrayLike, draws: int, luck: Luck
) -> Floats:
    """(draws, H) what stands plus what was announced, by planned date, times a realisation ratio.

    The ratio is outcome over amount of announcements whose outcome is known; these stand in the level already. What was
    planned earlier and is not known to have come counts at every time ahead: it is due.

    Args:
        level: the series when it was last known.
        announcements: as known at the origin, see :func:`known_by`.
        ahead: (H,) years, rising.
        draws: number of draws.
        luck: random numbers.

    Raises:
        TooFewPointsError: fewer than three outcomes are known.
    """
    ratios = np.array([each.outcome / each.amount for each in announcements if each.outcome is not None])
    needed = NEEDED["announced capacity"]
    if len(ratios) < needed:
        raise TooFewPointsError("announced capacity", needed, len(ratios), "announcements with a known outcome")
    coming = [each for each in announcements if each.outcome is None]
    amount, planned = np.array([each.amount for each in coming]), np.array([each.planned for each in coming])
    ladder = np.cumsum(luck.dirichlet(np.ones(len(ratios)), draws), axis=1)
    rung = (ladder[:, None, :-1] < luck.random((draws, len(coming)))[:, :, None]).sum(axis=2)
    by_then = planned[:, None] <= np.asarray(ahead, dtype=np.float64)[None, :]
    return np.asarray(level + (ratios[rung] * amount) @ by_then)


Forecast = Callable[[Past, ArrayLike, int, Luck], Floats]
"""A forecast from one series alone."""

OF_ONE_SERIES: Mapping[str, Forecast] = {
    "random walk": random_walk,
    "random walk with drift": random_walk_with_drift,
    "AR(1)": autoregression,
}
"""Forecasts from the past of one series, by name."""
