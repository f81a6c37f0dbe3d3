"""Every fault of a folder of data files of another prefecture, found before anything is read for a run."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import combinations_with_replacement
from pathlib import Path

from sim.data import GRADES, names
from sim.data.own_region import NEEDED, VARIABLE, content, unknown_file
from sim.data.own_region_cells import GROUPS, NAMES, columns, word
from sim.data.pairing import Pair, pair_fault

Row = Mapping[str, str]
Tables = Mapping[str, Sequence[Row]]

UNIQUE: Mapping[str, tuple[str, ...]] = {
    "prefecture.csv": ("key",),
    "regions.csv": ("code",),
    "parks.csv": ("code",),
    "zoning.csv": ("county",),
    "location_weights.csv": ("product",),
    "leaders.csv": ("code",),
    "opening_plants.csv": ("leader", "product", "park"),
    "history.csv": ("code",),
    "parameters.csv": ("name",),
}
"""What may stand only once in a file."""

SOURCED = ("prefecture.csv", *NEEDED[1:], "parameters.csv", "policies.csv")
"""Files whose rows need a source and a grade."""

MOST_PLANTS = 33
"""Most dated plants of lead firms, as sim/mechanisms/events.py has it (a test holds the two together)."""

RESERVED = ("city", "default", *GROUPS)
"""Words that mean something else where a county may be named."""


def faults(folder: Path) -> list[str]:
    """What is wrong with a folder, one line each, in the order of the files.

    Files are looked at first, then cells, then what must fit together: a later step needs the earlier one.
    """
    if not folder.is_dir():
        return [f"{folder}: there is no such folder; {VARIABLE} and --data name a folder of data files"]
    found = [*_strange(folder), *_missing(folder)]
    tables: dict[str, list[Row]] = {}
    for name in names():
        if name.endswith(".csv"):
            rows, wrong = _table(folder, name)
            tables[name] = rows
            found += wrong
    if found:
        return found
    found = [*_cells(folder, tables), *_twice(folder, tables)]
    return found or [*_fitting(folder, tables)]


# --- files ------------------------------------------------------------------------------------------------------------


def _strange(folder: Path) -> Iterator[str]:
    """Files that look like data files and are none."""
    for path in sorted(folder.iterdir()):
        if path.suffix in (".csv", ".geojson") and path.name not in names():
            yield f"{path}: {unknown_file(path.name, names())}"


def _missing(folder: Path) -> Iterator[str]:
    """Files without which there is no prefecture."""
    for name in NEEDED:
        if not (folder / name).is_file():
            yield f"{folder / name}: the file is missing; a prefecture needs {', '.join(NEEDED)}"


def _table(folder: Path, name: str) -> tuple[list[Row], list[str]]:
    """The rows of a file as a run would read it, and what is wrong with it as a table; no rows if anything is."""
    shipped = files("sim.data")
    own = content(folder, shipped, name)
    path = folder / name
    try:
        text = (shipped.joinpath(name).read_bytes() if own is None else own).decode("utf-8")
    except UnicodeDecodeError:
        return [], [f"{path}: it is not UTF-8 text; save it as CSV UTF-8"]
    lines = list(csv.reader(text.splitlines()))
    if not lines:
        return [], [f"{path}:1: the file is empty; it needs a heading"]
    if own is None or not path.is_file():
        return [dict(zip(lines[0], cells, strict=True)) for cells in lines[1:]], []
    wrong = _heading(path, lines[0], next(csv.reader([_first_line(name)])))
    wrong += [
        f"{path}:{line}: {len(cells)} cells, the heading has {len(lines[0])}; put quotes around a text with commas"
        for line, cells in enumerate(lines[1:], start=2)
        if len(cells) != len(lines[0])
    ]
    return ([] if wrong else [dict(zip(lines[0], cells, strict=True)) for cells in lines[1:]]), wrong


def _first_line(name: str) -> str:
    """Heading of the shipped file."""
    return files("sim.data").joinpath(name).read_text(encoding="utf-8").splitlines()[0]


def _heading(path: Path, heading: list[str], shipped: list[str]) -> list[str]:
    """What is wrong with the columns of a file; those of the counties are looked at later."""
    counties = shipped[1:-2] if path.name == "location_weights.csv" else []
    wanted = [column for column in shipped if column not in counties]
    wrong = [f"{path}:1: the column {column!r} is missing" for column in wanted if column not in heading]
    wrong += [f"{path}:1: the column {column!r} stands twice" for column in {*heading} if heading.count(column) > 1]
    if not counties:
        known = word(wanted)
        wrong += [f"{path}:1: column: {known(column)}" for column in heading if column not in wanted]
    return wrong


# --- cells ------------------------------------------------------------------------------------------------------------


def _cells(folder: Path, tables: Tables) -> Iterator[str]:
    """Cells that cannot be what their column means; only those of the user's files."""
    codes = {name: [row["code"] for row in tables[name]] for name in (*_WITH_CODES, "products.csv")}
    codes["agents"] = [row["code"] for row in tables["products.csv"] if row["kind"] == "agent"]
    codes["series"] = list(dict.fromkeys(row["series"] for row in tables["world.csv"]))
    chains = list(dict.fromkeys(row["chain"] for row in tables["products.csv"] if row["chain"]))
    checks = columns(codes, chains)
    grade = word(GRADES)
    for name in sorted({*checks, *SOURCED}):
        path = folder / name
        if not path.is_file():
            continue
        if name == "location_weights.csv" and tables[name]:
            yield from _county_columns(path, list(tables[name][0]), codes["regions.csv"])
        for line, row in enumerate(tables[name], start=2):
            for column, check in checks.get(name, {}).items():
                wrong = check(row[column]) if column in row else ""
                if wrong:
                    yield f"{path}:{line}: {column}: {wrong}"
            if name in SOURCED and not row["source"].strip():
                yield f"{path}:{line}: source: a figure without a source says assumption"
            if name in SOURCED and grade(row["grade"]):
                yield f"{path}:{line}: grade: {grade(row['grade'])}"


_WITH_CODES = ("regions.csv", "parks.csv", "leaders.csv", "history.csv")


def _county_columns(path: Path, heading: list[str], counties: Sequence[str]) -> Iterator[str]:
    """A column for each county and no other."""
    known = word(counties)
    for column in heading:
        if column not in ("product", "source", "grade") and column not in counties:
            yield f"{path}:1: column: {known(column)}"
    for county in counties:
        if county not in heading:
            yield f"{path}:1: the column of the county {county!r} is missing"


def _twice(folder: Path, tables: Tables) -> Iterator[str]:
    """Rows that stand twice."""
    for name, keys in UNIQUE.items():
        seen: set[tuple[str, ...]] = set()
        for line, row in enumerate(tables[name], start=2):
            key = tuple(row[column] for column in keys)
            if key in seen:
                yield f"{folder / name}:{line}: {', '.join(key)} stands there twice"
            seen.add(key)


# --- what must fit together -------------------------------------------------------------------------------------------


def _fitting(folder: Path, tables: Tables) -> Iterator[str]:
    """Everything that two rows or two files must agree on."""
    yield from _prefecture(folder / "prefecture.csv", tables)
    yield from _regions(folder / "regions.csv", tables)
    yield from _places(folder, tables)
    yield from _minutes(folder / "minutes.csv", tables)
    yield from _pairs(folder / "pairs.csv", tables)
    yield from _leaders(folder, tables)
    yield from _plants(folder, tables)
    for line, row in enumerate(tables["parameters.csv"], start=2):
        if not float(row["low"]) <= float(row["value"]) <= float(row["high"]):
            yield f"{folder / 'parameters.csv'}:{line}: {row['name']}: value lies outside low to high"


def _prefecture(path: Path, tables: Tables) -> Iterator[str]:
    """It has a name, and bands have two ends."""
    rows = {row["key"]: row for row in tables["prefecture.csv"]}
    for key in NAMES:
        if key not in rows or not rows[key]["text"].strip():
            yield f"{path}: the row {key!r} with a text is missing"
    for line, row in enumerate(tables["prefecture.csv"], start=2):
        if row["key"] not in NAMES and not (row["low"] and row["high"]):
            yield f"{path}:{line}: {row['key']}: low and high are needed; leave the row out if nothing is known"


def _regions(path: Path, tables: Tables) -> Iterator[str]:
    """Counties and zones: names, residents, the county that counts a zone, one county at least of every group."""
    rows = {row["code"]: row for row in tables["regions.csv"]}
    prefecture = next((row["text"] for row in tables["prefecture.csv"] if row["key"] == "name"), "")
    seen: set[str] = set()
    for line, row in enumerate(rows.values(), start=2):
        if row["name"] in seen or row["name"].lower() in RESERVED or row["name"] == prefecture:
            yield f"{path}:{line}: name: {row['name']!r} is taken, or means something else"
        seen.add(row["name"])
        census = bool(row["population_2010"] and row["population_2020"])
        if row["official"] == row["code"]:
            if not census and not row["population_2013"]:
                yield f"{path}:{line}: population_2010 and population_2020, or population_2013, are needed"
        elif rows[row["official"]]["official"] != row["official"]:
            yield f"{path}:{line}: official: {row['official']} is no county of its own but part of another"
        elif not (row["population_2013"] and row["gdp_share_2013"]):
            yield f"{path}:{line}: a zone inside a county needs population_2013, and gdp_share_2013 of its county"
    for group in GROUPS:
        if group not in [row["group"] for row in rows.values()]:
            yield f"{path}: no county of the group {group!r}; each of {', '.join(GROUPS)} needs one"


def _places(folder: Path, tables: Tables) -> Iterator[str]:
    """Every county has a park and its row of zoning; no park is developed beyond its plan."""
    for name in ("parks.csv", "zoning.csv"):
        there = {row["county"] for row in tables[name]}
        for row in tables["regions.csv"]:
            if row["code"] not in there:
                yield f"{folder / name}: no row of the county {row['code']}"
    for line, row in enumerate(tables["parks.csv"], start=2):
        if float(row["developed_mu"]) > float(row["planned_mu"]):
            yield f"{folder / 'parks.csv'}:{line}: {row['code']}: more is developed than planned"


def _minutes(path: Path, tables: Tables) -> Iterator[str]:
    """Every pair of counties once, and every county with itself."""
    seen: set[frozenset[str]] = set()
    for line, row in enumerate(tables["minutes.csv"], start=2):
        pair = frozenset((row["from"], row["to"]))
        if pair in seen:
            yield f"{path}:{line}: the way between {row['from']} and {row['to']} stands there twice"
        seen.add(pair)
    for one, other in combinations_with_replacement([row["code"] for row in tables["regions.csv"]], 2):
        if frozenset((one, other)) not in seen:
            yield f"{path}: no row between {one} and {other}"


def _pairs(path: Path, tables: Tables) -> Iterator[str]:
    """Pairs follow the rule of the linkage."""
    groups, known = {row["code"]: row["group"] for row in tables["regions.csv"]}, list[Pair]()
    for line, row in enumerate(tables["pairs.csv"], start=2):
        wrong = pair_fault(row["coast"], row["mountain"], groups, known)
        if wrong:
            yield f"{path}:{line}: {wrong}"
        known.append((row["coast"], row["mountain"]))


def _leaders(folder: Path, tables: Tables) -> Iterator[str]:
    """Lead firms enter when they say, and one at least is there at the opening."""
    leaders = {row["code"]: row for row in tables["leaders.csv"]}
    path, first = folder / "leaders.csv", {row["code"]: row for row in tables["history.csv"]}
    at_opening = {row["leader"] for row in tables["opening_plants.csv"]}
    if not any(row["enters"] == "opening" for row in leaders.values()):
        yield f"{path}: no leader enters at the opening; the model needs one at least"
    if sum(bool(row["shipments_series"]) for row in leaders.values()) > 1:
        yield f"{path}: shipments_series: one leader at most follows known shipments"
    for line, (code, row) in enumerate(leaders.items(), start=2):
        if row["enters"] == "opening" and code not in at_opening:
            yield f"{path}:{line}: {code} enters at the opening but has no row in opening_plants.csv"
        if row["enters"] != "opening" and first[row["enters"]]["leader"] != code:
            yield f"{path}:{line}: enters: {row['enters']} in history.csv is no plant of {code}"
        if row["shipments_series"] and row["market"] != "power_cell":
            yield f"{path}:{line}: shipments_series: only a leader of power cells can follow known shipments"


def _plants(folder: Path, tables: Tables) -> Iterator[str]:
    """Plants of lead firms: whose, of what, and what a dated one needs."""
    leaders = {row["code"]: row for row in tables["leaders.csv"]}
    path = folder / "opening_plants.csv"
    for line, row in enumerate(tables["opening_plants.csv"], start=2):
        owner = leaders[row["leader"]]
        if owner["enters"] != "opening":
            yield f"{path}:{line}: {row['leader']} enters later, see leaders.csv"
        if row["product"] not in owner["products"].split(";"):
            yield f"{path}:{line}: {row['product']} is no product of {row['leader']}, see leaders.csv"
    path = folder / "history.csv"
    count = sum(row["kind"] == "leader" for row in tables["history.csv"])
    if count > MOST_PLANTS:
        yield f"{path}: {count} plants of lead firms; a run has luck for {MOST_PLANTS}"
    for line, row in enumerate(tables["history.csv"], start=2):
        if row["kind"] == "leader" and row["leader"] not in leaders:
            yield f"{path}:{line}: leader: unknown {row['leader']!r}, see leaders.csv"
        for column in ("announced", "park", "newest_fact"):
            if row["kind"] == "leader" and not row[column]:
                yield f"{path}:{line}: {column}: a plant of a lead firm needs it"
