"""Tables that are as good as the opening table: what nobody measured is drawn from its range, again and again.

No survey of Ningde's trade exists, so the table rests on assumptions. Each draw varies all of them at once:

- parameters of the group ``io``: exponent of the location quotients, least own share of what is not traded, decay of
  trade near and far, output shares of the split products, their own use, bills of materials and value-added shares.
  Each from the triangular law over its declared range with its default as mode;
- own shares of every product beyond what the exponent does: a normal shift of their log odds;
- output of a product by county, and in the rest of Fujian, where only totals are known: lognormal factors. The sites of
  the leaders' plants are known, so their products stay where they are.

A draw is a table in its own right: it adds up to the nation, meets every identity, and can open a run like the table
it varies (:func:`sim.opening.basis.given_basis`). Values that contradict each other, or put more jobs into a county
than it has people for, are drawn again; the number of trials is reported with the draw. A draw is keyed by (seed,
number) alone: the same number gives the same table, however many are asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import data
from sim.draws import Streams
from sim.inputoutput.multiregional import Regionalisation
from sim.inputoutput.tables import Table
from sim.opening.national import OpeningError, value_added_share
from sim.opening.table import build_table, trade_rules
from sim.opening.totals import LabourFigures, build_totals, check_jobs
from sim.parameters import describe
from sim.parameters.figures import Entries
from sim.settings import InputOutput, Opening
from sim.world import load_world

Floats = NDArray[np.float64]

STREAM = "inputoutput.table"
"""Name of the random stream; the number of the draw takes the place of the month."""

COUNTY_STREAM = "inputoutput.counties"
"""Name of the stream of counties where they are drawn apart from the table."""

SOURCES: Mapping[str, tuple[str, ...]] = {
    "own_shares": ("flq_delta", "nontraded_share"),
    "trade": ("gravity_decay", "gravity_decay_far", "km_rest_fujian", "km_rest_china"),
    "technology": (),
    "counties": (),
    "province": (),
}
"""Sources of doubt, with the parameters of the group that belong to them; all others are technology. Own shares have a
shift of their log odds besides; counties and province stand for the outputs there."""

OWN_SHARE_SPREAD = 0.3
"""Standard deviation of the log odds of own shares around the quotients; assumption: 0.5 becomes 0.43 to 0.57."""

COUNTY_SPREAD = 0.25
"""Standard deviation of the log of a county's share in a product; assumption: about a quarter up or down."""

PROVINCE_SPREAD = 0.2
"""Standard deviation of the log of the rest of Fujian's share in a product around its share in GDP; assumption."""

TRIALS = 100
"""Trials of one draw before it is given up."""

FIXED = ("base_scale", "anchor_cap", "leader_goods_share")
"""Parameters of the group that are not drawn: activity of 2013, a numerical cap, and the goods in a cell, which keep
their proportion to all its inputs."""


@dataclass(frozen=True)
class TableDraw:
    """One table of the ensemble.

    Attributes:
        number: number of the draw.
        built: the table of twelve regions and what was decided on the way.
        io: parameters of the draw.
        trials: trials until values agreed with each other, 1 or more.
        refused: reasons of the trials that allowed no table.
    """

    number: int
    built: Regionalisation
    io: InputOutput
    trials: int
    refused: tuple[str, ...]

    @property
    def table(self) -> Table:
        """The table."""
        return self.built.table


def sample_tables(
    opening: Opening,
    io: InputOutput,
    labour: LabourFigures,
    seed: int,
    draws: int,
    *,
    nev_share: float = 1.0,
    first: int = 0,
    vary: Collection[str] = tuple(SOURCES),
) -> Iterator[TableDraw]:
    """Draw tables one by one.

    Args:
        opening: totals of the city.
        io: best values of the table's parameters, modes of their laws.
        labour: jobs per output and labour force, to refuse counties with more jobs than people.
        seed: root seed.
        draws: how many.
        nev_share: share of electric vehicles in home vehicles (demand.nev_share_local).
        first: number of the first draw.
        vary: sources of doubt to draw, see :data:`SOURCES`; the others stay at their best values. The luck of a source
            does not depend on which others are drawn.

    Raises:
        ValueError: an unknown source.
        OpeningError: a draw found no values that agree with each other in :data:`TRIALS` trials.
    """
    for number in range(first, first + draws):
        yield draw_table(opening, io, labour, seed, number, nev_share=nev_share, vary=vary)


def draw_table(
    opening: Opening,
    io: InputOutput,
    labour: LabourFigures,
    seed: int,
    number: int,
    *,
    nev_share: float = 1.0,
    vary: Collection[str] = tuple(SOURCES),
    counties: int | None = None,
) -> TableDraw:
    """One draw; arguments and errors as for :func:`sample_tables`.

    Args:
        opening: as there, likewise io, labour, seed, nev_share and vary.
        io: see above.
        labour: see above.
        seed: see above.
        number: number of the draw.
        nev_share: see above.
        vary: see above.
        counties: number of the draw that moves the shares of counties, with luck of its own; if not given they move
            with the rest of the draw.
    """
    unknown = [source for source in vary if source not in SOURCES]
    if unknown:
        raise ValueError(f"no source of doubt is called {unknown[0]!r}; choose from {', '.join(SOURCES)}")
    luck = Streams(seed).draw(STREAM, number)
    apart = None if counties is None else Streams(seed).draw(COUNTY_STREAM, counties)
    refused: list[str] = []
    while len(refused) < TRIALS:
        drawn = draw_parameters(io, luck, vary)
        shifts = _Shifts.draw(luck)
        shifts = (shifts if apart is None else replace(shifts, county=_county_factors(apart))).only(vary)
        try:
            built = _build(opening, drawn, labour, shifts, nev_share)
        except OpeningError as fault:
            refused.append(str(fault))
            continue
        return TableDraw(number, built, drawn, len(refused) + 1, tuple(refused))
    raise OpeningError(f"table draw {number}: {TRIALS} trials allowed no table, the last because of: {refused[-1]}")


@dataclass(frozen=True)
class _Shifts:
    """What no parameter holds: county factors (C, K), province factors (K,), shifts of log odds of own shares (K,)."""

    county: Floats
    province: Floats
    own: Floats

    @classmethod
    def draw(cls, luck: np.random.Generator) -> _Shifts:
        world = load_world()
        county = _county_factors(luck)
        province = np.exp(PROVINCE_SPREAD * luck.standard_normal(world.product_count))
        return cls(county, province, OWN_SHARE_SPREAD * luck.standard_normal(world.product_count))

    def only(self, vary: Collection[str]) -> _Shifts:
        """The shifts of some sources, none of the others."""
        return _Shifts(
            self.county if "counties" in vary else np.ones_like(self.county),
            self.province if "province" in vary else np.ones_like(self.province),
            self.own if "own_shares" in vary else np.zeros_like(self.own),
        )


def _county_factors(luck: np.random.Generator) -> Floats:
    """(C, K) factors of counties' shares; products of the plants that are known stay where they are."""
    world = load_world()
    county = np.exp(COUNTY_SPREAD * luck.standard_normal((world.county_count, world.product_count)))
    county[:, [world.product(row["product"]) for row in data.rows("opening_plants.csv")]] = 1.0
    return np.asarray(county)


def _build(
    opening: Opening, io: InputOutput, labour: LabourFigures, shifts: _Shifts, nev_share: float
) -> Regionalisation:
    """The table with these parameters and shifts."""
    totals = build_totals(opening, io, shifts.county)
    check_jobs(totals, labour)
    rules = trade_rules(opening, io, totals)
    rules = replace(rules, province_share=rules.province_share * shifts.province, own_shift=shifts.own)
    return build_table(io, totals, rules, nev_share)


def draw_parameters(io: InputOutput, luck: np.random.Generator, vary: Collection[str] = tuple(SOURCES)) -> InputOutput:
    """Parameters of the group drawn from their ranges, triangular with their present value as mode.

    Those whose source is not to vary keep their value; their luck is drawn all the same. Parts that share a sector in
    full (vehicle parts) are scaled to 1 together.
    """
    values: dict[str, Any] = {}
    for row in describe(InputOutput):
        name, _, key = row.name.partition(".")
        if name in FIXED or row.low is None or row.high is None:
            continue
        mode = float(getattr(io, name)[key] if key else getattr(io, name))
        low, high = min(float(str(row.low)), mode), max(float(str(row.high)), mode)
        value = float(luck.triangular(low, mode, high)) if low < high else mode
        value = value if _source(name) in vary else mode
        if key:
            values.setdefault(name, {})[key] = value
        else:
            values[name] = value
    values["split"] = Entries(_whole(io.split, values["split"]))
    values["bom"], values["ores"] = Entries(values["bom"]), Entries(values["ores"])
    values["leader_goods_share"] = io.leader_goods_share * (1.0 - values["va_cell"]) / (1.0 - io.va_cell)
    drawn = io.model_copy(update=values)
    return drawn.model_copy(update={"bom": Entries(_complete_bills(drawn))})


def _source(name: str) -> str:
    """The source of doubt that a parameter belongs to."""
    return next((source for source, names in SOURCES.items() if name in names), "technology")


def _complete_bills(io: InputOutput) -> dict[str, float]:
    """Bills of materials scaled so that inputs and value added of each product make its output, as in home plants."""
    inputs = {
        row["code"]: 1.0 - value_added_share(row["code"], io, row["va_parameter"])
        for row in data.rows("products.csv")
        if row["va_parameter"]
    }
    total = dict.fromkeys(inputs, 0.0)
    for key, value in io.bom.items():
        total[key.partition(".")[0]] += value
    return {
        key: value * inputs[buyer] / total[buyer] for key, value in io.bom.items() for buyer in [key.partition(".")[0]]
    }


def _whole(before: Mapping[str, float], after: dict[str, float]) -> dict[str, float]:
    """Output shares of the vehicle parts, which leave no rest, scaled so that they sum to 1 again."""
    parts = ("V_BODY", "V_PWTR")
    total = sum(after[part] for part in parts) / sum(before[part] for part in parts)
    return after | {part: after[part] / total for part in parts}
