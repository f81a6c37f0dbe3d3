"""What a regional table is made by beside the nation: rules of sharing, and who makes and uses what."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.inputoutput.checks import ArgumentError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

OUTSIDE = 2
"""Regions outside home: the rest of the province and the rest of the nation, last on the region axis."""


@dataclass(frozen=True)
class Rules:
    """How output, use and trade are shared over regions; H home regions, n products.

    Attributes:
        province_share: output of the rest of the province per national output, 0 to 1, one for all products or one
            each (n,).
        delta: exponent of the location quotients, 0 to 1.
        traded: (n,) whether the product is traded between regions at all.
        nontraded_share: least own share of the other products, at each level, 0 to 1.
        minutes: (H, H) road minutes between home regions, >= 0.
        decay: gravity decay between home regions, per minute, >= 0.
        km_province, km_nation: distance of home to the outside regions, km, > 0.
        decay_far: elasticity of flows to km, >= 0.
        investing: (n,) whether the value added of the industry draws investment; at least one does.
        population: (H + 2,) residents, persons, >= 0; they share government use.
        own_shift: added to the log odds of every own share, one for all products or one each (n,), any finite number; 0
            leaves the shares as the quotients have them. It carries what quotients cannot know.
    """

    province_share: float | Floats
    delta: float
    traded: Bools
    nontraded_share: float
    minutes: Floats
    decay: float
    km_province: float
    km_nation: float
    decay_far: float
    investing: Bools
    population: Floats
    own_shift: float | Floats = 0.0


@dataclass(frozen=True)
class Position:
    """What the regions make and use before trade between them is known; R regions, n products.

    Attributes:
        output: (R, n).
        value_added: (R, n).
        uses: (R, n, n) domestic product i used by industry j.
        imports: (R, n, n) imported product i used by industry j.
        final: (R, n, 3) domestic final use but exports.
        final_imports: (R, n, 4).
        exports: (R, n) to the rest of the world; they leave from own output.
    """

    output: Floats
    value_added: Floats
    uses: Floats
    imports: Floats
    final: Floats
    final_imports: Floats
    exports: Floats

    @property
    def supply(self) -> Floats:
        """(n, R) output for domestic use."""
        return np.asarray((self.output - self.exports).T)

    @property
    def demand(self) -> Floats:
        """(n, R) domestic use, exports left out."""
        return np.asarray((self.uses.sum(axis=2) + self.final.sum(axis=2)).T)


def checked(rules: Rules, homes: int, products: int) -> Rules:
    """The rules with arrays in place of lists, if each fits the regions and lies in its range.

    Raises:
        ArgumentError: one does not; the message names it.
    """
    for name in ("traded", "investing"):
        mask = np.asarray(getattr(rules, name))
        if mask.dtype != np.bool_ or mask.shape != (products,):
            raise ArgumentError(f"rules: {name} must be {products} times true or false, one a product, not {mask!r}")
    if not np.any(rules.investing):
        raise ArgumentError("rules: investing is false for every industry, so that nothing shares investment use")
    a_product = ((), (products,))
    population = _rule(rules, "population", ((homes + OUTSIDE,),))
    if not population.any():
        raise ArgumentError("rules: population is 0 in all regions, so that nothing shares government use")
    for name, least, most in (
        ("delta", 0.0, 1.0),
        ("nontraded_share", 0.0, 1.0),
        ("decay", 0.0, np.inf),
        ("decay_far", 0.0, np.inf),
        ("km_province", np.finfo(float).tiny, np.inf),
        ("km_nation", np.finfo(float).tiny, np.inf),
    ):
        _rule(rules, name, ((),), least, most)
    return replace(
        rules,
        province_share=_rule(rules, "province_share", a_product, 0.0, 1.0),
        traded=np.asarray(rules.traded),
        minutes=_rule(rules, "minutes", ((homes, homes),)),
        investing=np.asarray(rules.investing),
        population=population,
        own_shift=_rule(rules, "own_shift", a_product, -np.inf),
    )


def _rule(
    rules: Rules, name: str, shapes: tuple[tuple[int, ...], ...], least: float = 0.0, most: float = np.inf
) -> Floats:
    """One of the rules as an array, if it has one of the shapes and lies between the bounds."""
    try:
        values = np.asarray(getattr(rules, name), dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"rules: {name}: these are not all numbers") from None
    if values.shape not in shapes:
        wanted = " or ".join("one number" if not shape else f"shape {shape}" for shape in shapes)
        raise ArgumentError(f"rules: {name} must be {wanted}, not of shape {values.shape}")
    wrong = ~(np.isfinite(values) & (values >= least) & (values <= most))
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = f" at position {', '.join(map(str, place))}" if place else ""
        within = "a number" if least < 0.0 else "above 0" if least > 0.0 else "0 or above"
        if most < np.inf:
            within = f"between {least:g} and {most:g}"
        raise ArgumentError(f"rules: {name}{where} is {values[place]:g}; it must be {within}")
    return values
