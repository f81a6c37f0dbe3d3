"""What the facts say of each parameter: which of them move with it, and how much narrower it has become.

The signal of a parameter in a fact is what it moves of the emulated output over the prior (total effect, a variance)
over all that may part output and fact besides: luck, observation, discrepancy. A fact tells much of a parameter where
the signal is above 1, and hardly anything below :data:`FAINT`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.experiment.calibration.targets import Target
from sim.statistics.emulator import Emulators, total_effects
from sim.statistics.history_matching import sobol

Floats = NDArray[np.float64]

FAINT = 0.05
"""Signal below which a fact says nothing of a parameter (assumption)."""

SAMPLE = 4096
"""Points of the cube, of which those that open tell the prior (numerical)."""

SWAPPED = 512
"""Most points by which effects are found (numerical)."""


@dataclass(frozen=True)
class Told:
    """What the facts say of one parameter.

    Attributes:
        name: dotted name.
        facts: names of the two facts with the strongest signal, fewer where others say nothing.
        signals: their signals.
        narrower: 1 less the posterior variance over that of the prior; about 0 where nothing was learned.
    """

    name: str
    facts: tuple[str, ...]
    signals: tuple[float, ...]
    narrower: float

    @property
    def silent(self) -> bool:
        """Whether no fact moves with it: its draws are those of the prior."""
        return not self.facts


def identify(
    names: Sequence[str],
    targets: Sequence[Target],
    emulators: Emulators,
    other: Floats,
    draws: Floats,
    possible: Callable[[Floats], NDArray[np.bool_]],
    seed: int,
) -> tuple[Told, ...]:
    """What the facts say of each parameter.

    Args:
        names: of the d parameters.
        targets: the m facts.
        emulators: of the m outputs.
        other: (m,) variance of observation and discrepancy.
        draws: (n, d) of the posterior, unit cube.
        possible: whether points allow an opening; the prior is where they do.
        seed: of the sample.
    """
    both = sobol(2 * len(names), SAMPLE, seed)
    sample, swaps = both[:, : len(names)], both[:, len(names) :]
    inside = possible(sample)
    effects = total_effects(emulators, sample[inside][:SWAPPED], swaps[inside][:SWAPPED], possible)
    signals = effects / (other + emulators.noise)
    narrower = 1.0 - draws.var(axis=0) / sample[inside].var(axis=0)
    return tuple(
        _told(name, targets, row, float(part)) for name, row, part in zip(names, signals, narrower, strict=True)
    )


def _told(name: str, targets: Sequence[Target], signals: Floats, narrower: float) -> Told:
    """The strongest two of the facts that say anything."""
    order = [int(at) for at in np.argsort(-signals, kind="stable")[:2] if signals[at] >= FAINT]
    return Told(name, tuple(targets[at].name for at in order), tuple(float(signals[at]) for at in order), narrower)
