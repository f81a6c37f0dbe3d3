"""Location quotients: how much of its inputs a region makes itself, judged from its output structure alone.

Flegg and Webber (1997, 2000); Flegg and Tohmo (2013); Miller and Blair (2009), chapter 8. A quotient is a prior only:
it ignores who buys from whom. And the cross-hauling of Kronenberg (2009), which judges trade from use and output.

An industry that the region does not have sells nothing: its quotients as a seller are 0. As a buyer it has no quotient
(SLQ_i / 0). It is 0 here, the column of an industry without inputs; with ``absent_buyer=1`` the national column stays,
as in tables that are to show what the industry would buy.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError, Labels
from sim.inputoutput.shares import share

Floats = NDArray[np.float64]

ROUNDING = 1e-9
"""A part may exceed its whole by this share of it: sums of parts are known to rounding."""


def simple_location_quotients(regional: ArrayLike, parent: ArrayLike, labels: Labels = None) -> Floats:
    """SLQ_i = (x_i^r / x^r) / (x_i^p / x^p).

    Args:
        regional: (..., n) output of each industry in the region, or in several, money, >= 0.
        parent: (n,) output of each industry in the larger region that contains it, same money, >= 0.
        labels: n names for messages.

    Returns:
        (..., n) quotients, >= 0; 0 where the parent makes nothing and in a region that makes nothing at all.

    Raises:
        ArgumentError: a shape does not fit, something is no number, an output is negative or larger than the parent's,
            or the parent makes nothing at all.
    """
    made, whole = _outputs(regional, parent, labels)
    share_in_region = made / np.maximum(made.sum(axis=-1, keepdims=True), np.finfo(float).tiny)
    share_in_parent = whole / whole.sum()
    return share(share_in_region, np.broadcast_to(share_in_parent, made.shape))


def cross_industry_location_quotients(
    slq: ArrayLike, *, absent_buyer: float = 0.0, diagonal: Literal["slq", "one"] = "slq"
) -> Floats:
    """CILQ_ij = SLQ_i / SLQ_j for seller i and buyer j, SLQ_i on the diagonal.

    On the diagonal the formula itself gives 1 whatever the size of the industry. Most authors put SLQ_i there (Smith
    and Morrison 1974; Flegg and Webber 1997), others leave the 1.

    Args:
        slq: (..., n) simple location quotients, >= 0.
        absent_buyer: quotient of a present seller to a buyer that the region does not have; see the module.
        diagonal: "slq" for SLQ_i, "one" for 1 (0 for an absent industry).

    Returns:
        (..., n, n) quotients, >= 0, not capped.

    Raises:
        ArgumentError: a quotient is negative or no number, there is no axis of industries, or the diagonal is unknown.
    """
    if diagonal not in ("slq", "one"):
        raise ArgumentError(f"diagonal must be 'slq' or 'one', not {diagonal!r}")
    quotients = _not_negative(_by_industry(slq, "quotient"), "quotient")
    return _cross(quotients, 1.0, absent_buyer, quotients if diagonal == "slq" else share(quotients, quotients))


def semilogarithmic_location_quotients(slq: ArrayLike, *, absent_buyer: float = 0.0) -> Floats:
    """RLQ_ij = SLQ_i / log2(1 + SLQ_j) for seller i and buyer j, the diagonal included.

    Round (Journal of Regional Science 18, 1978): between the SLQ, which sees the seller only, and the CILQ, in which
    seller and buyer weigh alike.

    Args:
        slq: (..., n) simple location quotients, >= 0.
        absent_buyer: quotient of a present seller to a buyer that the region does not have; see the module.

    Returns:
        (..., n, n) quotients, >= 0, not capped.

    Raises:
        ArgumentError: a quotient is negative or no number, or there is no axis of industries.
    """
    quotients = _not_negative(_by_industry(slq, "quotient"), "quotient")
    buyer = np.log1p(quotients) / np.log(2.0)
    return _cross(quotients, 1.0, absent_buyer, share(quotients, buyer), buyer)


def flegg_location_quotients(
    regional: ArrayLike, parent: ArrayLike, delta: ArrayLike, *, absent_buyer: float = 0.0, labels: Labels = None
) -> Floats:
    """FLQ_ij = lambda CILQ_ij, with lambda SLQ_i on the diagonal, of Flegg and Webber (1997).

    With delta = 0 lambda is 1 and the FLQ is the CILQ. Kowalewski (Regional Studies 49, 2015) has one delta for each
    buying industry, lambda_j = [log2(1 + x^r / x^p)]^delta_j.

    Args:
        regional: (..., n) output of the industries of one or several regions, money, >= 0.
        parent: (n,) output of the industries of the region that contains them, same money.
        delta: exponent of :func:`size_factor`, 0 to 1, one for all or one for each buying industry (n,); most estimates
            lie between 0.1 and 0.3.
        absent_buyer: quotient of a present seller to a buyer that the region does not have; see the module.
        labels: n names for messages.

    Returns:
        (..., n, n) quotients of seller i and buyer j, >= 0, not capped.

    Raises:
        ArgumentError: as for :func:`simple_location_quotients`, or delta lies outside 0 to 1.
    """
    made, whole = _outputs(regional, parent, labels)
    exponent = np.asarray(delta, dtype=np.float64)
    if exponent.shape not in ((), whole.shape):
        raise ArgumentError(
            f"delta must be one number or one for each of {len(whole)} buying industries, not of shape {exponent.shape}"
        )
    factor = size_factor(made.sum(axis=-1), float(whole.sum()), delta)
    factor = factor[..., None, :] if exponent.ndim else factor[..., None, None]
    slq = simple_location_quotients(made, whole, labels)
    return _cross(slq, factor, absent_buyer, slq)


def augmented_flegg_location_quotients(
    regional: ArrayLike, parent: ArrayLike, delta: ArrayLike, *, absent_buyer: float = 0.0, labels: Labels = None
) -> Floats:
    """AFLQ_ij = min(1, FLQ_ij) log2(1 + SLQ_j) for a buyer with SLQ_j > 1, else min(1, FLQ_ij).

    Flegg and Webber (2000): an industry in which the region specialises draws suppliers. The published form lets the
    coefficient of such a buyer exceed the national one, up to log2(1 + SLQ_j) times; later work caps it at 1. The cap
    is the choice of :func:`regional_coefficients`: the FLQ inside is capped at 1 already, so that without the cap only
    specialisation lifts a coefficient above the national one, and with it the order of the two caps does not matter.

    Args:
        regional: (..., n) output of the industries of one or several regions, money, >= 0.
        parent: (n,) output of the industries of the region that contains them, same money.
        delta: exponent of :func:`size_factor`, 0 to 1, one for all or one for each buying industry (n,).
        absent_buyer: quotient of a present seller to a buyer that the region does not have, 0 to 1; see the module.
        labels: n names for messages.

    Returns:
        (..., n, n) quotients of seller i and buyer j, >= 0.

    Raises:
        ArgumentError: as for :func:`flegg_location_quotients`.
    """
    flegg = flegg_location_quotients(regional, parent, delta, absent_buyer=absent_buyer, labels=labels)
    specialisation = np.maximum(1.0, np.log2(1.0 + simple_location_quotients(regional, parent, labels)))
    return np.asarray(np.minimum(1.0, flegg) * specialisation[..., None, :])


def size_factor(regional_total: ArrayLike, parent_total: float, delta: ArrayLike) -> Floats:
    """Lambda = [log2(1 + x^r / x^p)]^delta, the part of the FLQ that grows with the region's size; between 0 and 1.

    Args:
        regional_total: (...) output of the region or regions, money, >= 0.
        parent_total: output of the region that contains them, same money, > 0.
        delta: exponent, 0 to 1, one number or several (n,); 0 makes every factor 1.

    Returns:
        (...) factors, or (..., n) for several exponents.

    Raises:
        ArgumentError: a total is negative or larger than the parent's, or delta lies outside 0 to 1.
    """
    made, whole = checks.numbers(regional_total, "output of the region"), checks.numbers(parent_total, "parent output")
    exponents = np.asarray(delta, dtype=np.float64)
    wrong = ~((exponents >= 0.0) & (exponents <= 1.0))
    if wrong.any():
        first = float(exponents[wrong][0])
        raise ArgumentError(f"delta must lie between 0 and 1, not {first:g}; most estimates lie between 0.1 and 0.3")
    if not (whole > 0.0).all():
        raise ArgumentError(f"the parent makes {whole:g}: a region needs a parent that makes something")
    if (made < 0.0).any() or (made > whole * (1.0 + ROUNDING)).any():
        worst = made.min() if (made < 0.0).any() else made.max()
        raise ArgumentError(f"a region that makes {worst:g} is no part of one that makes {whole:g}")
    base = np.log2(1.0 + np.minimum(made / whole, 1.0))
    return np.asarray(base[..., None] ** exponents if exponents.ndim else base ** float(exponents))


def regional_coefficients(national: ArrayLike, quotients: ArrayLike, *, cap: bool = True) -> Floats:
    """Regional input coefficients a_ij^r = q_ij a_ij, with quotients above 1 taken as 1.

    Args:
        national: (n, n) domestic input per unit of output of the parent; with imported inputs in it the parent's
            imports would count as own supply.
        quotients: (n,) for the seller, as SLQ, or (n, n) for seller and buyer. Several regions at once stand on leading
            axes: (..., n, n), or (..., n, 1) for quotients of the seller alone.
        cap: take at most 1, so that no regional coefficient exceeds the national one; False for the published AFLQ.

    Returns:
        (..., n, n) input from the region per unit of output.

    Raises:
        ArgumentError: a shape does not fit, something is no number, or a quotient is negative.
    """
    coefficients = checks.square(national, "national coefficients")
    shares = _not_negative(quotients, "quotient")
    if shares.ndim == 1:
        shares = shares[:, None]
    size = len(coefficients)
    if shares.ndim == 0 or shares.shape[-2] != size or shares.shape[-1] not in (1, size):
        raise ArgumentError(
            f"quotients of shape {np.shape(quotients)} do not fit {size} industries: give ({size},), ({size}, {size})"
            f" or, for several regions, (..., {size}, {size}) or (..., {size}, 1)"
        )
    return np.asarray((np.minimum(shares, 1.0) if cap else shares) * coefficients)


def own_shares(
    uses: ArrayLike, final: ArrayLike, regional: ArrayLike, parent: ArrayLike, delta: float, labels: Labels = None
) -> Floats:
    """Share R_i of its own use of each product that a region makes itself, relative to what its parent makes itself.

    R_i = sum_j rho_ij use_ij / sum_j use_ij with rho_ij = min(1, FLQ_ij) and, for final uses, min(1, lambda SLQ_i).

    Args:
        uses: (..., n, n) domestic inputs of product i used by industry j in the region, money.
        final: (..., n) domestic final use of each product, money, >= 0.
        regional: (..., n) output of the industries of the region, money, >= 0.
        parent: (n,) output of the industries of the region that contains it.
        delta: exponent, 0 to 1.
        labels: n names for messages.

    Returns:
        (..., n) shares between 0 and 1; 0 for a product nobody uses or the region does not make.

    Raises:
        ArgumentError: as for :func:`flegg_location_quotients`, uses do not fit the outputs, a final use is negative, or
            negative inputs push a share out of 0 to 1.
    """
    made, whole = _outputs(regional, parent, labels)
    inputs, ended = checks.numbers(uses, "uses"), _not_negative(final, "final use", labels)
    if inputs.shape != (*made.shape, len(whole)) or ended.shape != made.shape or np.ndim(delta) != 0:
        raise ArgumentError(
            f"uses of shape {inputs.shape}, final use of {ended.shape} and delta of {np.shape(delta)} do not fit output"
            f" of {made.shape}: give {(*made.shape, len(whole))}, {made.shape} and one number"
        )
    slq = simple_location_quotients(made, whole, labels)
    factor = size_factor(made.sum(axis=-1), float(whole.sum()), delta)
    of_inputs = np.minimum(1.0, _cross(slq, factor[..., None, None], 0.0, slq))
    of_final = np.minimum(1.0, factor[..., None] * slq)
    met = (of_inputs * inputs).sum(axis=-1) + of_final * ended
    shares = share(met, inputs.sum(axis=-1) + ended)
    wrong = (shares < -ROUNDING) | (shares > 1.0 + ROUNDING)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ArgumentError(
            f"own share of product {checks.name(labels, place[-1])} is {shares[place]:g}: its uses are of both signs;"
            " book negative uses as supply"
        )
    return shares


class CrossHauling(NamedTuple):
    """Gross trade of a region with everybody else.

    Attributes:
        exports: (..., n) of each product, money.
        imports: (..., n) of each product, same money; exports less imports are output less use.
        hauled: (..., n) what is both exported and imported, twice the smaller of the two.
    """

    exports: Floats
    imports: Floats
    hauled: Floats


def charm_trade(
    output: ArrayLike,
    use: ArrayLike,
    national_output: ArrayLike,
    national_use: ArrayLike,
    national_exports: ArrayLike,
    national_imports: ArrayLike,
    labels: Labels = None,
) -> CrossHauling:
    """Exports and imports of a region by CHARM, the cross-hauling adjusted regionalisation method of Kronenberg (2009).

    What a nation both exports and imports of a product shows how varied the product is: h = (v - |b|) / (x + u), with
    trade volume v = e + m, balance b = e - m, output x and use u, intermediate and final, of any origin. The region has
    the same h, hence q^r = h (x^r + u^r), v^r = q^r + |b^r| with b^r = x^r - u^r, and e^r, m^r = (v^r +- b^r) / 2.

    With h relative to output and use together a region may be asked to export more than it makes. That is refused here;
    Többen and Kronenberg (2015) revise the method for this and for trade between regions.

    Args:
        output: (..., n) of the region, money, >= 0.
        use: (..., n) intermediate and final use of each product in the region, imports included, same money, >= 0.
        national_output: (n,) money, >= 0.
        national_use: (n,) money, >= 0.
        national_exports: (n,) money, >= 0.
        national_imports: (n,) money, >= 0.
        labels: n names for messages.

    Returns:
        Gross trade of the region.

    Raises:
        ArgumentError: a shape does not fit, something is no number or negative, output and use of the nation differ by
            more than its trade balance, or a region would export more than it makes.
    """
    _refuse_labels(labels, len(_by_industry(national_output, "national output")))
    made, used = _not_negative(output, "output", labels), _not_negative(use, "use", labels)
    nation = [
        _not_negative(checks.lines(values, made.shape[-1] if made.ndim else 0, what, labels), what, labels)
        for what, values in (
            ("national output", national_output),
            ("national use", national_use),
            ("national exports", national_exports),
            ("national imports", national_imports),
        )
    ]
    if made.shape != used.shape:
        raise ArgumentError(f"output of shape {made.shape} and use of {used.shape} must fit")
    whole, taken, sold, bought = nation
    _refuse_open_balance(whole, taken, sold, bought, labels)
    variety = share(2.0 * np.minimum(sold, bought), whole + taken)
    hauled, balance = variety * (made + used), made - used
    exports = 0.5 * hauled + np.maximum(balance, 0.0)
    excess = exports - made * (1.0 + ROUNDING)
    if (excess > 0.0).any():
        place = tuple(int(i) for i in np.argwhere(excess > 0.0)[0])
        raise ArgumentError(
            f"product {checks.name(labels, place[-1])}: the region would export {exports[place]:g} but makes"
            f" {made[place]:g}; the nation trades what the region does not make, or re-exports imports: leave those out"
        )
    return CrossHauling(exports, exports - balance, hauled)


def _refuse_open_balance(output: Floats, use: Floats, exports: Floats, imports: Floats, labels: Labels) -> None:
    """Output and imports must be use and exports."""
    gap = output + imports - use - exports
    open_lines = np.abs(gap) > ROUNDING * (output + imports + use + exports)
    if open_lines.any():
        line = int(np.flatnonzero(open_lines)[0])
        raise ArgumentError(
            f"product {checks.name(labels, line)}: the nation's output and imports exceed its use and exports by"
            f" {gap[line]:g}; count use of any origin, stocks included"
        )


def _cross(
    slq: Floats, factor: Floats | float, absent_buyer: float, own: Floats, weight: Floats | None = None
) -> Floats:
    """(..., n, n) factor x SLQ_i / weight_j, factor x own_i on the diagonal; ``absent_buyer`` where SLQ_j is 0.

    The weight of a buyer is its SLQ, if none is given.
    """
    if not (np.isfinite(absent_buyer) and absent_buyer >= 0.0):
        raise ArgumentError(f"absent_buyer must be a quotient, 0 or above, not {absent_buyer:g}")
    seller, buyer = slq[..., :, None], (slq if weight is None else weight)[..., None, :]
    shape = (*slq.shape, slq.shape[-1])
    quotient = share(np.broadcast_to(seller, shape), np.broadcast_to(buyer, shape))
    diagonal = np.eye(slq.shape[-1], dtype=bool)
    quotient = factor * np.where(diagonal, own[..., :, None], quotient)
    return np.where((buyer == 0.0) & (seller > 0.0), absent_buyer, quotient)


def _outputs(regional: ArrayLike, parent: ArrayLike, labels: Labels) -> tuple[Floats, Floats]:
    """Output of one or several regions and of their parent, if the one can be part of the other."""
    made = _by_industry(regional, "output of the region")
    _refuse_labels(labels, made.shape[-1])
    whole = checks.output(parent, made.shape[-1], labels)
    _not_negative(made, "output of the region", labels)
    if whole.sum() <= 0.0:
        raise ArgumentError("the parent makes nothing: a region needs a parent that makes something")
    excess = made - whole * (1.0 + ROUNDING)
    # a product of which the parent makes next to nothing may be all rounding
    if (excess > np.finfo(float).eps * whole.sum()).any():
        place = np.unravel_index(int(excess.argmax()), excess.shape)
        industry = int(place[-1])
        raise ArgumentError(
            f"the region makes {made[place]:g} of {checks.name(labels, industry)}, its parent only {whole[industry]:g}:"
            " the parent must contain the region, in the same money and year"
        )
    return made, whole


def _by_industry(values: ArrayLike, what: str) -> Floats:
    """The values, if they have an axis of industries."""
    array = checks.numbers(values, what)
    if array.ndim == 0:
        raise ArgumentError(f"{what}: give one number for each industry, not a single {float(array):g}")
    return array


def _refuse_labels(labels: Labels, size: int) -> None:
    if labels is not None and len(labels) != size:
        raise ArgumentError(f"there are {size} industries but {len(labels)} labels")


def _not_negative(values: ArrayLike, what: str, labels: Labels = None) -> Floats:
    """The values, if none is negative."""
    array = checks.numbers(values, what)
    if (array < 0.0).any():
        place = tuple(int(i) for i in np.argwhere(array < 0.0)[0])
        of = f" of {checks.name(labels, place[-1])}" if place else ""
        raise ArgumentError(f"{what}{of} is negative: {array[place]:g}; look for a wrong sign")
    return array
