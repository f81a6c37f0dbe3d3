"""How twin and model are compared: decisions exactly, values within a tolerance, and where they part company."""

from typing import Any

import numpy as np

RELATIVE = 1e-12
SOLVED = 1e-9
"""Absolute, in the unit of the column: the joint solve stops at `run.tolerance` (1e-12 of the largest output)."""

MATCHED = 1e-10
"""Relative, for workers by residence and workplace: the matching stops when the roots of the vacancies move by less
than 1e-13 of the largest one, which may be many times a small one."""

ROUNDS = 1e-6
"""Relative and absolute, in a month of shortage: the model ends its rounds when s moves by less than 1e-8."""


class Differences:
    """Collects every column in which the two sides differ."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.worst: dict[str, float] = {}

    def same(self, name: str, twin: Any, model: Any) -> None:
        """Decisions: equal, element by element."""
        twin, model = np.asarray(twin), np.asarray(model)
        if twin.shape != model.shape:
            self.found.append(f"{name}: shape {twin.shape} in the twin, {model.shape} in the model")
            return
        apart = np.argwhere(twin != model)
        if len(apart):
            at = tuple(apart[0])
            self.found.append(f"{name}: {len(apart)} of {twin.size} differ, first {at}: {twin[at]} and {model[at]}")

    def close(self, name: str, twin: Any, model: Any, relative: float = RELATIVE, absolute: float = 0.0) -> None:
        """Values: within the relative tolerance of the larger, or the absolute one where the value is tiny."""
        twin, model = np.asarray(twin, dtype=float), np.asarray(model, dtype=float)
        if twin.shape != model.shape:
            self.found.append(f"{name}: shape {twin.shape} in the twin, {model.shape} in the model")
            return
        scale = np.maximum(np.abs(twin), np.abs(model))
        with np.errstate(invalid="ignore"):
            gap = np.where(twin == model, 0.0, np.abs(twin - model))
        gap = np.where(np.isnan(gap), np.where(np.isnan(twin) & np.isnan(model), 0.0, np.inf), gap)
        beyond = gap > relative * scale + absolute
        self.worst[name] = max(
            self.worst.get(name, 0.0), float((gap / np.where(scale > 0, scale, 1.0)).max(initial=0.0))
        )
        if beyond.any():
            excess = np.where(beyond, gap / np.where(scale > 0, scale, 1.0), 0.0)
            at = np.unravel_index(int(np.argmax(excess)), gap.shape)
            self.found.append(
                f"{name}: {int(beyond.sum())} of {twin.size} differ, worst at {tuple(int(i) for i in at)}: "
                f"twin {twin[at]!r}, model {model[at]!r}"
            )
