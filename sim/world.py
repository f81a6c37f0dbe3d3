"""What never changes during a run: counties, parks, products, distances, zoning matrix and pairs.

Everything is read from the data files (:mod:`sim.data`); no county or product is named in the code of the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from sim import data
from sim.data.pairing import Pair, pair_fault

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

GROUPS: tuple[str, ...] = ("core", "coast", "mountain")
"""County groups, in the order of the codes in :attr:`World.group`."""

TOWN_PLOTS = "town plots"
"""Name of the extra park of each county that holds firms outside the named parks (model description, section 8.4)."""

FREIGHT_DETOUR = 1.4
"""Road kilometres per great-circle kilometre where no road length is given; assumption (coastal detour of the road
table).
"""


@dataclass(frozen=True)
class World:
    """Fixed sets and their attributes; arrays are read-only.

    Shapes: C counties (10), K products (24), A agent products (the first 18), P parks (named parks first, then one
    "town plots" row a county), H chains (4).

    Attributes:
        counties: county codes in model order.
        county_names: pinyin names without apostrophe.
        group: (C,) index into :data:`GROUPS`.
        official: (C,) index of the county to which official statistics add this region (Dongqiao -> Jiaocheng).
        population_2010, population_2020: (C,) census residents, persons (0 where the census does not tell).
        minutes: (C, C) road minutes between counties, own minutes on the diagonal.
        kilometres: (C, C) road kilometres, half the own minutes' distance on the diagonal.
        products: product codes; an industry has the name of its product.
        chain: (K,) index into :attr:`chains`, -1 outside the four chains.
        agent, legacy, port, key, skill, traded: (K,) flags of the product table.
        parks: park codes; :attr:`park_county` (P,) their county; :attr:`park_port` (P,) whether they have a port.
        park_planned, park_developed: (P,) mu at opening (town plots 0: filled by the opening).
        fit: (C, K) zoning fit F of the product's chain in the county, 1 for products outside the chains.
        pairs: (coast, mountain) county indices of the mountain-sea pairs.
    """

    counties: tuple[str, ...]
    county_names: tuple[str, ...]
    group: Ints
    official: Ints
    population_2010: Floats
    population_2020: Floats
    minutes: Floats
    kilometres: Floats
    products: tuple[str, ...]
    product_labels: tuple[str, ...]
    chains: tuple[str, ...]
    chain: Ints
    agent: Bools
    legacy: Bools
    port: Bools
    key: Bools
    skill: Bools
    traded: Bools
    parks: tuple[str, ...]
    park_names: tuple[str, ...]
    park_county: Ints
    park_port: Bools
    park_planned: Floats
    park_developed: Floats
    fit: Floats
    pairs: tuple[tuple[int, int], ...]

    @property
    def county_count(self) -> int:
        """Number of home regions C."""
        return len(self.counties)

    @property
    def product_count(self) -> int:
        """Number of products K."""
        return len(self.products)

    @property
    def agent_count(self) -> int:
        """Number of products made by firm agents; they come first in :attr:`products`."""
        return int(self.agent.sum())

    @property
    def chain_product(self) -> Bools:
        """(K,) whether the product belongs to one of the four chains."""
        return self.chain >= 0

    def product(self, code: str) -> int:
        """Index of a product code."""
        return self.products.index(code)

    def county(self, code: str) -> int:
        """Index of a county code."""
        return self.counties.index(code)

    def town_plots(self, county: NDArray[np.int64] | int) -> Ints:
        """Index of the "town plots" row of a county."""
        return np.asarray(county, dtype=np.int64) + len(self.parks) - self.county_count


def great_circle_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance in km of two (latitude, longitude) points in degrees (haversine formula)."""
    lat_a, lon_a, lat_b, lon_b = (radians(value) for value in (*a, *b))
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * 6371.0 * asin(sqrt(half))


def _flags(table: list[dict[str, str]], column: str) -> Bools:
    return np.array([row[column] == "1" for row in table])


def _distances(counties: list[dict[str, str]]) -> tuple[Floats, Floats]:
    """Minutes and kilometres between counties; both directions of a pair are the same road."""
    code = {row["code"]: index for index, row in enumerate(counties)}
    size = len(counties)
    minutes, kilometres = np.zeros((size, size)), np.zeros((size, size))
    points = [(float(row["lat"]), float(row["lon"])) for row in counties]
    for row in data.rows("minutes.csv"):
        i, j = code[row["from"]], code[row["to"]]
        crow = great_circle_km(points[i], points[j]) * FREIGHT_DETOUR
        minutes[i, j] = minutes[j, i] = float(row["minutes"])
        kilometres[i, j] = kilometres[j, i] = float(row["road_km"]) if row["road_km"] else crow
    own_speed = 40.0  # km/h inside a county: assumption of the gravity step (model description, io.gravity_decay)
    np.fill_diagonal(kilometres, np.diag(minutes) * own_speed / 60.0)
    if (minutes <= 0).any():
        missing = np.argwhere(minutes <= 0)[0]
        raise ValueError(
            f"minutes.csv: no minutes between {counties[missing[0]]['code']} and {counties[missing[1]]['code']}"
        )
    return minutes, kilometres


def _pairs(table: list[dict[str, str]], counties: list[dict[str, str]]) -> tuple[tuple[int, int], ...]:
    """Pairs of the mountain-sea linkage as indices of counties.

    Raises:
        ValueError: a pair contradicts the rule; with file and line.
    """
    groups = {row["code"]: row["group"] for row in counties}
    known: list[Pair] = []
    for line, row in enumerate(table, start=2):
        pair = row["coast"], row["mountain"]
        fault = pair_fault(*pair, groups, known)
        if fault:
            raise ValueError(f"pairs.csv:{line}: {fault}")
        known.append(pair)
    code = list(groups)
    return tuple((code.index(coast), code.index(mountain)) for coast, mountain in known)


def _freeze(*arrays: NDArray[np.generic]) -> None:
    for array in arrays:
        array.setflags(write=False)


@lru_cache(maxsize=1)
def load_world() -> World:
    """The world of the shipped data files."""
    counties, products = data.rows("regions.csv"), data.rows("products.csv")
    parks = data.rows("parks.csv")
    code = {row["code"]: index for index, row in enumerate(counties)}
    chains = tuple(dict.fromkeys(row["chain"] for row in products if row["chain"]))
    chain = np.array([chains.index(row["chain"]) if row["chain"] else -1 for row in products], dtype=np.int64)
    agent = np.array([row["kind"] == "agent" for row in products])
    if not (np.diff(agent.astype(int)) <= 0).all():
        raise ValueError("products.csv: products with firm agents must come first")
    fit = np.ones((len(counties), len(products)))
    for row in data.rows("zoning.csv"):
        for index, name in enumerate(chains):
            fit[code[row["county"]], chain == index] = float(row[name])
    minutes, kilometres = _distances(counties)
    town = [f"{row['code']}_TOWN" for row in counties]
    zeros = [0.0] * len(counties)
    world = World(
        counties=tuple(row["code"] for row in counties),
        county_names=tuple(row["name"] for row in counties),
        group=np.array([GROUPS.index(row["group"]) for row in counties], dtype=np.int64),
        official=np.array([code[row["official"]] for row in counties], dtype=np.int64),
        population_2010=np.array([float(row["population_2010"] or 0) for row in counties]),
        population_2020=np.array([float(row["population_2020"] or 0) for row in counties]),
        minutes=minutes,
        kilometres=kilometres,
        products=tuple(row["code"] for row in products),
        product_labels=tuple(row["label"] for row in products),
        chains=chains,
        chain=chain,
        agent=agent,
        legacy=_flags(products, "legacy"),
        port=_flags(products, "port"),
        key=_flags(products, "key"),
        skill=_flags(products, "skill"),
        traded=_flags(products, "traded"),
        parks=(*(row["code"] for row in parks), *town),
        park_names=(*(row["name"] for row in parks), *(f"{row['name']} {TOWN_PLOTS}" for row in counties)),
        park_county=np.array([code[row["county"]] for row in parks] + list(range(len(counties))), dtype=np.int64),
        park_port=np.array([row["port"] == "1" for row in parks] + [False] * len(counties)),
        park_planned=np.array([float(row["planned_mu"]) for row in parks] + zeros),
        park_developed=np.array([float(row["developed_mu"]) for row in parks] + zeros),
        fit=fit,
        pairs=_pairs(data.rows("pairs.csv"), counties),
    )
    _freeze(*(value for value in vars(world).values() if isinstance(value, np.ndarray)))
    return world
