"""What a cell of a user's data file may hold, column by column.

A check takes the text of a cell and gives a sentence where it cannot be used, else nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches

Check = Callable[[str], str]

GROUPS = ("core", "coast", "mountain")
MARKETS = ("power_cell", "consumer_cell", "vehicle", "stainless", "copper")
"""Markets that a lead firm may sell to."""

NAMED = re.compile(r"[a-z_]+\.[a-z_0-9]+")
"""A parameter by its dotted name, such as opening.per_head_core."""


def number(low: float = -math.inf, high: float = math.inf, *, blank: bool = False) -> Check:
    """A number within a range."""

    def check(cell: str) -> str:
        if not cell:
            return "" if blank else "a number is missing"
        try:
            value = float(cell)
        except ValueError:
            return f"{cell!r} is no number"
        if not math.isfinite(value):
            return f"{cell!r} is no finite number"
        return "" if low <= value <= high else f"{cell} is outside {low:g} to {high:g}"

    return check


def figure(low: float, high: float, *, blank: bool = True) -> Check:
    """A number, or the dotted name of a parameter that holds it."""
    plain = number(low, high, blank=blank)
    return lambda cell: "" if NAMED.fullmatch(cell) else plain(cell)


def word(known: Collection[str], *, blank: bool = False, many: bool = False) -> Check:
    """One of the words that are known, or several with semicolons between them."""

    def check(cell: str) -> str:
        if not cell:
            return "" if blank else f"one of {_listed(known)} is missing"
        wrong = [part for part in (cell.split(";") if many else [cell]) if part not in known]
        if not wrong:
            return ""
        near = get_close_matches(wrong[0], known, n=1)
        return f"unknown {wrong[0]!r}" + (f"; do you mean {near[0]}?" if near else f"; known are {_listed(known)}")

    return check


def _listed(known: Collection[str]) -> str:
    """Words in a sentence; long lists are cut."""
    words = list(known)
    return ", ".join(words[:12]) + (f" and {len(words) - 12} more" if len(words) > 12 else "") if words else "none"


def text(cell: str) -> str:
    """Any words."""
    return "" if cell.strip() else "a text is missing"


def code(cell: str) -> str:
    """A short name in capitals, as tables and scenario files use it."""
    return "" if re.fullmatch(r"[A-Z][A-Z0-9_]*", cell) else f"{cell!r} is no code: capitals, digits and _ only"


def plain_name(cell: str) -> str:
    """A name in Latin letters, as figures and files of facts use it."""
    return "" if re.fullmatch(r"[A-Za-z][A-Za-z -]*", cell) else f"{cell!r} is no name in Latin letters"


def month(cell: str) -> str:
    """A month, 2019-11."""
    return "" if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", cell) else f"{cell!r} is no month such as 2019-11"


def date(cell: str) -> str:
    """A year, a month or a day."""
    pattern = r"\d{4}(-(0[1-9]|1[0-2])(-\d\d)?)?"
    return "" if re.fullmatch(pattern, cell) else f"{cell!r} is no date such as 2019, 2019-11 or 2019-11-30"


def maybe(check: Check) -> Check:
    """The same, or nothing."""
    return lambda cell: check(cell) if cell else ""


FLAG = word(("0", "1"))


def columns(codes: Mapping[str, Collection[str]], chains: Collection[str]) -> dict[str, dict[str, Check]]:
    """The checks of the files about a prefecture, by file and column; a column without one may hold anything.

    Args:
        codes: known codes by file: ``regions.csv``, ``parks.csv``, ``products.csv``, ``leaders.csv``,
            ``history.csv``, and under ``agents`` the products of firms, under ``series`` those of ``world.csv``.
        chains: codes of the chains.
    """
    county, park, product = word(codes["regions.csv"]), word(codes["parks.csv"]), word(codes["agents"])
    leader = word(codes["leaders.csv"])
    amount = number(0, blank=True)
    return {
        "prefecture.csv": {
            "key": word((*NAMES, *BANDS)),
            "low": number(blank=True),
            "high": number(blank=True),
        },
        "regions.csv": {
            "code": code,
            "name": plain_name,
            "name_zh": text,
            "group": word(GROUPS),
            "official": county,
            "lat": number(-90, 90),
            "lon": number(-180, 180),
            "area_km2": number(0),
            "population_2010": number(1, blank=True),
            "population_2020": number(1, blank=True),
            "population_2013": figure(1, 1e9),
            "gdp_share_2013": figure(0, 1),
            "per_head_2013": figure(0.01, 100),
            "rural_share": number(0, 1),
        },
        "parks.csv": {
            "code": code,
            "name": text,
            "county": county,
            "planned_mu": number(0),
            "developed_mu": number(0),
            "port": FLAG,
        },
        "minutes.csv": {"from": county, "to": county, "minutes": number(0.1), "road_km": number(0.1, blank=True)},
        "pairs.csv": {"coast": county, "mountain": county},
        "zoning.csv": {"county": county, **{chain: number(0, 1) for chain in chains}},
        "location_weights.csv": {
            "product": word(codes["products.csv"]),
            **{code: number(0) for code in codes["regions.csv"]},
        },
        "leaders.csv": {
            "code": code,
            "name": text,
            "market": word(MARKETS),
            "products": word(codes["agents"], many=True),
            "sites": word(codes["parks.csv"], many=True),
            "enters": word(("opening", *codes["history.csv"])),
            "world_share_parameter": figure(0, 1),
            "shipments_series": word(codes["series"], blank=True),
        },
        "opening_plants.csv": {
            "leader": leader,
            "product": product,
            "park": park,
            "share_parameter": figure(0, 1, blank=False),
        },
        "history.csv": {
            "code": code,
            "kind": word(("leader", "named")),
            "firm": text,
            "product": product,
            "park": maybe(park),
            "announced": maybe(month),
            "work_start": maybe(month),
            "production": maybe(month),
            **dict.fromkeys(("investment_m", "output_m", "capacity", "land_mu", "services_land_mu", "jobs"), amount),
            "newest_fact": maybe(date),
        },
        "policies.csv": {"date": maybe(date)},
        "parameters.csv": {
            "name": lambda cell: "" if NAMED.fullmatch(cell) else f"{cell!r} is no dotted name of a parameter",
            "value": number(),
            "low": number(),
            "high": number(),
            "newest_fact": maybe(date),
            "published": maybe(date),
        },
    }


NAMES = ("name", "name_zh", "province")
"""Keys of prefecture.csv with a text, all needed."""

BANDS = ("chain_share_2013", "above_scale_output_2013")
"""Keys of prefecture.csv with a band that the opening has to give; without a row the opening is not checked for it."""
