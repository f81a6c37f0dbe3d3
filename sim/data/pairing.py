"""Which pairs of counties the mountain-sea linkage may have: of the shipped table and of a scenario alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping

MOUNTAIN = "mountain"
"""Group of the counties that are helped; those of the core and the coast help."""

Pair = tuple[str, str]


def pair_fault(coast: str, mountain: str, groups: Mapping[str, str], known: Collection[Pair]) -> str:
    """Why a pair contradicts the rule that a coastal or core county helps a mountain county, or nothing.

    Args:
        coast: code of the county that helps.
        mountain: code of the county that is helped.
        groups: group of every county by code.
        known: pairs read before.
    """
    for code in (coast, mountain):
        if code not in groups:
            return f"{code} is no county; known are {', '.join(groups)}"
    rule = "a pair joins a county of the core or the coast to a mountain county"
    if coast == mountain:
        return f"{coast} is paired with itself; {rule}"
    if groups[coast] == MOUNTAIN:
        return f"{coast} is a mountain county and cannot help; {rule}"
    if groups[mountain] != MOUNTAIN:
        return f"{mountain} is no mountain county; {rule}"
    if (coast, mountain) in known:
        return f"the pair {coast}-{mountain} stands there twice"
    return ""
