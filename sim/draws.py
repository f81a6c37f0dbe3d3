"""Named random streams: every decision has its own luck, whatever else the model draws.

A stream is keyed by (seed, purpose, month) and by nothing else: not by the scenario, the worker, the clock or the
order of calls. Two scenarios run with one seed therefore meet the same luck, and their difference is due to policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SEED_WORDS = 4
"""Words to which numpy pads a seed before it appends a key (``numpy.random.SeedSequence``, pool size)."""


@dataclass(frozen=True)
class Streams:
    """The random streams of one run.

    Attributes:
        seed: root seed of the run, a non-negative integer.
    """

    seed: int

    def draw(self, purpose: str, month: int) -> np.random.Generator:
        """The generator of one purpose in one month.

        Args:
            purpose: name of the decision, for example ``"firms.exit"``.
            month: months since the opening of the model (0 = opening position).

        Returns:
            A fresh numpy generator; asking twice gives the same numbers.
        """
        entropy = self._entropy.copy()
        entropy[-2:] = crc32(purpose.encode()), month
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))

    @cached_property
    def _entropy(self) -> NDArray[np.uint32]:
        """The words that ``SeedSequence(seed, spawn_key=(purpose, month))`` mixes: seed, padding, two of the key.

        Written out, since putting them together from Python numbers takes longer than mixing them.
        """
        words = [self.seed >> shift & 0xFFFFFFFF for shift in range(0, max(self.seed.bit_length(), 1), 32)]
        return np.array([*words, *[0] * (SEED_WORDS - len(words)), 0, 0], dtype=np.uint32)


def laplace(uniform: Floats) -> Floats:
    """Laplace variates with mean 0 and variance 1 from uniforms in [0, 1).

    One uniform gives one variate, so the value of a slot does not depend on how many slots are drawn after it.
    The scale is 1/sqrt(2), the unit-variance Laplace law.
    """
    centred = uniform - 0.5
    tail = np.maximum(1.0 - 2.0 * np.abs(centred), np.finfo(float).tiny)
    scale = 1.0 / np.sqrt(2.0)
    return np.asarray(-scale * np.sign(centred) * np.log(tail))


def gumbel(uniform: Floats) -> Floats:
    """Standard Gumbel variates (the taste shock of a logit choice) from uniforms in [0, 1)."""
    safe = np.clip(uniform, np.finfo(float).tiny, 1.0 - np.finfo(float).epsneg)
    return np.asarray(-np.log(-np.log(safe)))
