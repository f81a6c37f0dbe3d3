"""Running a stored run again: whether it comes out bit for bit, and where it first does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.experiment.drawn import with_draw
from sim.experiment.layout import Layout, record
from sim.experiment.single import run
from sim.experiment.store import Store, difference, origin
from sim.inputoutput.tables import Table
from sim.model import GROUPS
from sim.results import VARIABLES, Run
from sim.results.provenance import collect
from sim.scenario import Scenario, parse
from sim.world import load_world

Floats = NDArray[np.float64]

REGIONS: tuple[str, ...] = ("county", "budget", "residence", "park")
"""Dimensions that say where; the first that a quantity has counts."""

CITY = "the city"
"""Where a quantity without any of them is."""


class UnknownRunError(ValueError):
    """A run that cannot be made again from what is stored; the message is one sentence with what to do."""


@dataclass(frozen=True)
class Departure:
    """The first number that differs.

    Attributes:
        when: month or year.
        where: region.
        column: the quantity, with what else tells its place, such as the product.
        stored, now: the two numbers.
    """

    when: str
    where: str
    column: str
    stored: float
    now: float

    def __str__(self) -> str:
        return f"{self.when}, {self.where}, {self.column}: stored {self.stored!r}, now {self.now!r}"


@dataclass(frozen=True)
class Verdict:
    """What came of running again.

    Attributes:
        what: scenario and seed.
        numbers: how many numbers were compared.
        departure: the first that differs; None if all are the same, bit for bit.
        made_by: in what code, figures and libraries differ from those that made the run; empty if in nothing.
    """

    what: str
    numbers: int
    departure: Departure | None
    made_by: str


def verify_saved(saved: Run, table: Table | None = None) -> Verdict:
    """Run a saved run again and compare every number of its dataset.

    Args:
        saved: as loaded.
        table: the opening table that it was run with, if any.

    Raises:
        UnknownRunError: the opening table is missing or another one, it is of another prefecture, or the scenario
            cannot be read any more.
    """
    counties = saved.monthly["county"].values.tolist()
    if counties != list(load_world().county_names):
        raise UnknownRunError(
            f"{saved.name}: it is a run of another prefecture ({', '.join(counties)}); name its data files (--data)"
        )
    scenario = _scenario(str(saved.monthly.attrs["text"]), saved.name)
    again = run(scenario, saved.seed, table=table)
    if again.opening != saved.opening:
        asked = "the estimated opening table" if saved.opening == "synthetic" else "another opening table"
        raise UnknownRunError(f"{saved.name}: it was run with {asked}; give that one (--table)")
    attrs, here = saved.monthly.attrs, collect()
    names = {"code_digest": "code", "data_digest": "figures of sim/data"}
    parts = [text for name, text in names.items() if attrs[name] != here[name]]
    stored, now = json.loads(attrs["versions"]), json.loads(here["versions"])
    parts += [f"{name} {stored.get(name)}, here {now[name]}" for name in now if stored.get(name) != now[name]]
    numbers = sum(array.size for array in saved.monthly.data_vars.values())
    found = first_departure(saved.monthly, again.monthly)
    return Verdict(f"{saved.name}, seed {saved.seed}", numbers, found, "; ".join(parts))


def verify_stored(store: Store, name: str, seed: int) -> Verdict:
    """Run a run of a store again and compare every number that the store keeps of it.

    Raises:
        StoreError: no such scenario, or the draws that the run took parameters from are lost.
        UnknownRunError: no such seed, or the scenario cannot be read any more.
        DamagedError: the file of the run is not what was written.
    """
    plan = store.plan(name)
    if seed not in store.seeds(name):
        raise UnknownRunError(f"{store.folder}: it has no run of {name} with seed {seed}")
    kept, posterior = store.vector(name, seed), store.posterior()
    scenario = _scenario(plan.text, name)
    if posterior is not None:
        scenario = with_draw(scenario, posterior.changes(scenario, seed))
    again = record(run(scenario, seed), store.layout)
    made_by = difference(store.manifest.origin, replace(origin(), posterior=store.manifest.origin.posterior))
    return Verdict(f"{name}, seed {seed}", kept.size, first_departure_of_vectors(kept, again, store.layout), made_by)


def _scenario(text: str, name: str) -> Scenario:
    """The scenario in the text that was stored with a run.

    Raises:
        UnknownRunError: this version of the simulator does not take it.
    """
    from sim.scenario import ScenarioError

    try:
        return parse(text, GROUPS, name=name)
    except ScenarioError as error:
        first = str(error).splitlines()[0]
        raise UnknownRunError(
            f"{name}: this version of the simulator does not take its scenario any more ({first})"
        ) from None


# --- the first difference ---------------------------------------------------------------------------------------------


def bits(values: Floats) -> NDArray[np.int64]:
    """Numbers as their bits, so that NaN equals itself and -0 is not 0."""
    return np.ascontiguousarray(values, dtype=np.float64).view(np.int64)


def first_departure(stored: xr.Dataset, now: xr.Dataset) -> Departure | None:
    """The first month of two datasets that differs, and in it the first variable, region and column.

    Args:
        stored: dataset of a scenario, as made by :func:`sim.results.dataset`.
        now: another one of the same scenario.
    """
    found: list[tuple[int, int, Departure]] = []
    for order, name in enumerate(VARIABLES):
        before, after = stored[name], now[name]
        if before.shape != after.shape:
            shapes = f"{name} (shape {before.shape}, now {after.shape})"
            return Departure("all months", CITY, shapes, float("nan"), float("nan"))
        apart = np.argwhere(np.atleast_1d(bits(before.values) != bits(after.values)))
        if len(apart):
            place = tuple(int(index) for index in apart[0])  # months come first, so this is the earliest
            month = place[0] if before.dims[0] == "month" else stored.sizes["month"]
            found.append((month, order, _departure(before, after, place)))
    return min(found, key=lambda each: each[:2])[2] if found else None


def _departure(before: xr.DataArray, after: xr.DataArray, place: tuple[int, ...]) -> Departure:
    """A place of a variable in words."""
    labels = {str(dim): _word(before[dim].values[at]) for dim, at in zip(before.dims, place, strict=True)}
    return _told(str(before.name), labels, float(before.values[place]), float(after.values[place]))


def _told(name: str, labels: dict[str, str], stored: float, now: float) -> Departure:
    """A place given by its labels."""
    when = labels.pop("month", None) or labels.pop("year", "the whole run")
    region = next((dim for dim in REGIONS if dim in labels), None)
    where = CITY if region is None else labels.pop(region)
    rest = ", ".join(labels.values())
    return Departure(when, where, f"{name} ({rest})" if rest else name, stored, now)


def _word(label: object) -> str:
    """A label as a reader writes it: months as "2019-11"."""
    return str(label.astype("datetime64[M]")) if isinstance(label, np.datetime64) else str(label)


def first_departure_of_vectors(stored: Floats, now: Floats, layout: Layout) -> Departure | None:
    """The first month or year of two vectors that differs; a year counts as its December.

    Args:
        stored: (size of the layout,).
        now: likewise.
        layout: of both.
    """
    found = list(_apart(bits(stored) != bits(now), layout))
    if not found:
        return None
    position = min(found)[1]
    entry, labels = layout.where(position)
    return _told(entry.name, labels, float(stored[position]), float(now[position]))


def _apart(different: NDArray[np.bool_], layout: Layout) -> Iterator[tuple[str, int]]:
    """For each entry the first place that differs: its month, and its position."""
    for entry in layout.entries:
        places = np.flatnonzero(different[entry.place])
        if len(places):
            position = entry.offset + int(places[0])
            labels = layout.where(position)[1]
            yield labels.get("month") or (f"{labels['year']}-12" if "year" in labels else "9999"), position
