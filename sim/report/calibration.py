"""A calibration for readers: what is left of the space of parameters, prior beside posterior, the facts, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from sim.report.files import save_tables, save_texts
from sim.results.tables import harmless

if TYPE_CHECKING:
    from sim.experiment.calibration.calibrate import Calibration
    from sim.experiment.calibration.targets import Target

Floats = NDArray[np.float64]

BAND = (0.05, 0.5, 0.95)
"""Quantiles that are told."""

FAR = 2.0
"""Standard deviations from which a fact is told to be missed."""

WIDTH = 118
"""Width of the tables where nobody says how wide the screen is."""


@dataclass(frozen=True)
class Moved:
    """A parameter before and after.

    Attributes:
        name, unit: of the parameter.
        low, high: ends of its range: the prior is uniform between them, where values allow an opening.
        before: its value in the scenario.
        after: (3,) quantiles of the posterior at :data:`BAND`.
        narrower: see :class:`sim.experiment.calibration.identify.Told`.
        facts: labels of the facts that tell most of it.
    """

    name: str
    unit: str
    low: float
    high: float
    before: float
    after: tuple[float, float, float]
    narrower: float
    facts: tuple[str, ...]


def parameters(found: Calibration) -> list[Moved]:
    """Each free parameter before and after."""
    labels = {target.name: target.label for target in found.targets}
    draws = np.array([[values[name] for name in found.prior.names] for values in found.prior.changes(found.kept)])
    quantiles = np.quantile(draws, BAND, axis=0).T.tolist()
    return [
        Moved(
            free.name,
            free.unit,
            free.low,
            free.high,
            free.present,
            (after[0], after[1], after[2]),
            told.narrower,
            tuple(labels[name] for name in told.facts),
        )
        for free, told, after in zip(found.prior.free, found.told, quantiles, strict=True)
    ]


@dataclass(frozen=True)
class Matched:
    """A fact beside the runs of the prior and beside the posterior, in its own unit.

    Attributes:
        target: the fact.
        before: (3,) quantiles of the runs of the first wave at :data:`BAND`.
        after: (3,) quantiles of the emulated posterior, luck of seeds included.
        misfit: standard deviations between the fact and the mean of the posterior.
        explained: R^2 of its emulator, rows left out.
        luck: part of the variance of the runs that is luck of seeds.
        within_two: share of left-out rows within two standard deviations.
    """

    target: Target
    before: tuple[float, float, float]
    after: tuple[float, float, float]
    misfit: float
    explained: float
    luck: float
    within_two: float


def facts(found: Calibration) -> list[Matched]:
    """Each fact before and after."""
    first = found.runs.outputs[found.runs.wave == 0][:, found.used]
    return [
        Matched(
            target,
            _band(target, first[:, at]),
            _band(target, found.predicted[:, at]),
            float(found.misfit[at]),
            diagnosis.explained,
            diagnosis.luck,
            diagnosis.within_two,
        )
        for at, (target, diagnosis) in enumerate(zip(found.targets, found.diagnoses, strict=True))
    ]


def _band(target: Target, compared: Floats) -> tuple[float, float, float]:
    """Quantiles in the unit of a fact."""
    low, middle, high = np.nanquantile(compared, BAND).tolist()
    return target.told(low), target.told(middle), target.told(high)


def sentences(found: Calibration) -> Iterator[str]:
    """What came out, in a few sentences."""
    made, failed = found.runs.made, len(found.runs.faults)
    yield (
        f"{found.prior.scenario.name}, calibrated on {len(found.targets)} facts published by {found.as_of}: {made} runs"
        f" in {len(found.left)} waves" + (f", {failed} of which failed" if failed else "")
    )
    shares = ", ".join(map(part_left, found.left))
    yield (
        f"{found.emulation.gate.share:.0%} of the space of parameters allows an opening; of that"
        f" {shares} was left after each wave"
    )
    yield f"{len(found.kept)} draws of the posterior; effective sample size {found.draws.effective:.0f}"
    silent = [told.name for told in found.told if told.silent]
    if silent:
        yield f"no fact moves with {', '.join(silent)}: drawn from the prior"
    missed = [fact for fact in facts(found) if abs(fact.misfit) > FAR]
    if missed:
        listed = "; ".join(f"{fact.target.label} ({fact.misfit:+.1f})" for fact in missed)
        yield f"facts further than {FAR:g} standard deviations from the posterior: {listed}"
    if found.unused:
        yield f"facts that too few runs can be measured for: {', '.join(target.label for target in found.unused)}"


def part_left(share: float) -> str:
    """A part of the space in per cent, also a very small one."""
    return f"{share:.2%}" if share >= 1e-4 else "less than 0.01%"


def number(value: float) -> str:
    """A number with four digits."""
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def _span(band: Sequence[float]) -> str:
    """Middle and ends of a band."""
    return f"{number(band[1])} ({number(band[0])} .. {number(band[2])})"


def print_calibration(found: Calibration) -> None:
    """Print sentences and both tables."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, WIDTH)
    for text in sentences(found):
        console.print(text, markup=False)
    told = Table("parameter", "range", "before", "posterior, median (90 %)", "narrower", "told most by", box=None)
    for one in parameters(found):
        span, part = f"{number(one.low)} .. {number(one.high)}", f"{max(one.narrower, 0.0):.0%}"
        told.add_row(one.name, span, number(one.before), _span(one.after), part, "; ".join(one.facts) or "no fact")
    console.print()
    console.print(told)
    compared = Table("fact", "published", "prior, median (90 %)", "posterior, median (90 %)", "misfit", box=None)
    for fact in facts(found):
        target = fact.target
        values = number(target.value), _span(fact.before), _span(fact.after), f"{fact.misfit:+.1f}"
        compared.add_row(f"{target.label}, {target.unit}", *values)
    console.print()
    console.print(compared)


# --- files ------------------------------------------------------------------------------------------------------------


def parameter_frame(found: Calibration) -> pd.DataFrame:
    """A row a parameter."""
    rows = []
    for one in parameters(found):
        row = {"parameter": one.name, "unit": one.unit, "low": one.low, "high": one.high, "before": one.before}
        row |= {f"q{100 * share:02.0f}": value for share, value in zip(BAND, one.after, strict=True)}
        first, second = (*one.facts, "", "")[:2]
        rows.append(row | {"narrower": one.narrower, "told_most_by": harmless(first), "then_by": harmless(second)})
    return pd.DataFrame(rows)


def fact_frame(found: Calibration) -> pd.DataFrame:
    """A row a fact."""
    rows = []
    for one in facts(found):
        target = one.target
        row: dict[str, str | float] = {
            "fact": harmless(target.name),
            "label": harmless(target.label),
            "unit": target.unit,
        }
        row |= {"month": str(target.month), "published": str(target.published), "value": target.value}
        row |= {f"prior_q{100 * share:02.0f}": value for share, value in zip(BAND, one.before, strict=True)}
        row |= {f"posterior_q{100 * share:02.0f}": value for share, value in zip(BAND, one.after, strict=True)}
        rows.append(
            row | {"misfit": one.misfit, "emulator_r2": one.explained, "luck": one.luck, "within_two": one.within_two}
        )
    return pd.DataFrame(rows)


def save_calibration(found: Calibration, folder: Path, name: str) -> list[Path]:
    """Write posterior, tables and figures into an existing folder.

    Args:
        found: what was found.
        folder: where.
        name: of the posterior.

    Returns:
        The files.

    Raises:
        FolderError: a file could not be written.
    """
    from sim.experiment.drawn import STEM
    from sim.report.calibration_figures import save_calibration_figures

    posterior = found.posterior(name)
    files = save_texts({f"{STEM}.csv": posterior.text, f"{STEM}.json": posterior.manifest_text}, folder)
    files += save_tables({"parameters.csv": parameter_frame(found), "facts.csv": fact_frame(found)}, folder, 6)
    return files + save_calibration_figures(found, folder)
