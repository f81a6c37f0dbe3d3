"""What all scores ask of their arrays, and what they answer where something is missing."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class ScoreError(ValueError):
    """Forecasts and observations that cannot be scored; the message is a sentence for the user."""


@dataclass(frozen=True)
class Score:
    """One figure and how many cases it rests on.

    Attributes:
        value: the score; NaN without a case.
        cases: number of cases with an observation.
    """

    value: float
    cases: int


def mean_score(scores: ArrayLike) -> Score:
    """Mean over the cases that have a score.

    Args:
        scores: (cases,) NaN where the observation is missing.
    """
    values = numbers("scores", scores, 1)
    there = ~np.isnan(values)
    return Score(mean_of(values[there]), int(there.sum()))


def mean_of(values: Floats) -> float:
    """Mean, NaN without a value."""
    return float(values.mean()) if values.size else float("nan")


def numbers(name: str, values: ArrayLike, dimensions: int) -> Floats:
    """As floats.

    Raises:
        ScoreError: not numbers, or another number of dimensions.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ScoreError(f"{name}: {error}") from error
    if array.ndim != dimensions:
        raise ScoreError(f"{name} must have {dimensions} dimension(s), not shape {array.shape}")
    return array


def pairs(forecast: ArrayLike, observed: ArrayLike, name: str = "forecasts") -> tuple[Floats, Floats]:
    """Forecasts and observations of the cases that have an observation.

    Args:
        forecast: (cases,) finite where there is an observation, anything elsewhere.
        observed: (cases,) NaN where missing.
        name: of the forecasts, for the message.

    Returns:
        Two arrays (cases with an observation,).

    Raises:
        ScoreError: other shapes, an infinite observation, a case with an observation and no finite forecast.
    """
    x, y = numbers(name, forecast, 1), numbers("observations", observed, 1)
    there = observations(x, y, name)
    return x[there], y[there]


def ensemble(members: ArrayLike, observed: ArrayLike, least: int = 1) -> tuple[Floats, Floats, Bools]:
    """Members and observations, and which cases have an observation.

    Args:
        members: (members, cases) finite where there is an observation, anything elsewhere.
        observed: (cases,) NaN where missing.
        least: how many members the score needs.

    Returns:
        (members, cases), (cases,), (cases,).

    Raises:
        ScoreError: other shapes, too few members, an infinite observation, a case with an observation and a member
            that is not finite.
    """
    x, y = numbers("members", members, 2), numbers("observations", observed, 1)
    if len(x) < least:
        raise ScoreError(f"this score needs at least {least} member(s) of the ensemble, not {len(x)}")
    return x, y, observations(x, y, "members")


def observations(forecast: Floats, observed: Floats, name: str) -> Bools:
    """Which observations there are, once the forecasts are known to answer them; cases are the last dimension.

    Raises:
        ScoreError: see :func:`pairs`.
    """
    if forecast.shape[-1] != observed.shape[-1]:
        raise ScoreError(f"{name} are for {forecast.shape[-1]} cases, observations for {observed.shape[-1]}")
    refuse("the observation is infinite; write NaN for a missing one", np.isinf(observed))
    there = ~np.isnan(observed)
    silent = ~np.isfinite(forecast).all(axis=tuple(range(forecast.ndim - 1)))
    refuse(
        f"it has an observation but {name} are missing or infinite; answer it, or leave the case out", there & silent
    )
    return there


def refuse(sentence: str, wrong: ArrayLike) -> None:
    """An error that names the first wrong case, counted from 1.

    Raises:
        ScoreError: any case is wrong.
    """
    cases = np.asarray(wrong)
    if cases.any():
        raise ScoreError(f"case {int(np.argmax(cases)) + 1} of {cases.size}: {sentence}")


def scoring_rules() -> ModuleType:
    """The library of proper scores; always asked for its numpy code, so that numba changes no digit.

    Raises:
        ScoreError: it is not installed.
    """
    try:
        return import_module("scoringrules")
    except ImportError as error:
        raise ScoreError('scores of ensembles need scoringrules: pip install -e ".[tune]"') from error
