"""What a scenario file may call the home counties."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sim import data
from sim.parameters.words import refuse, suggestion


@lru_cache(maxsize=1)
def county_codes() -> Mapping[str, str]:
    """Codes of the home counties by what a scenario file may call them: code (FA) or pinyin name (Fuan).

    Codes come first, in the order of the model (sim/data/regions.csv).
    """
    regions = data.rows("regions.csv")
    return {row["code"]: row["code"] for row in regions} | {row["name"]: row["code"] for row in regions}


def counties() -> tuple[str, ...]:
    """Codes of the home counties in the order of the model."""
    return tuple(dict.fromkeys(county_codes().values()))


def county_code(key: str) -> str:
    """Code of a county named by code or pinyin name."""
    codes = county_codes()
    if key not in codes:
        raise refuse(f"unknown county{suggestion(key, (*codes, 'default'))}")
    return codes[key]
