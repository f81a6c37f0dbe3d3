"""From a scenario file to a scenario, or to all of its faults at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from sim.parameters import (
    Declaration,
    Parameters,
    Place,
    RefusedError,
    declarations,
    place_of,
    show,
    suggestion,
    unknown,
)
from sim.scenario.documents import Document, dotted, parse_document
from sim.scenario.faults import Fault, ScenarioError
from sim.scenario.inheritance import Merged, is_name, merge, read_chain
from sim.scenario.scenario import Scenario
from sim.settings import Run

TEXTS = {"title": 200, "question": 1_000}
"""Texts of the top level and their greatest length in characters (assumption)."""

NOT_A_NAME = "is not a name: 1 to 64 of a-z 0-9 _ -"

Groups = tuple[type[Parameters], ...]
Known = Mapping[str, Mapping[str, Declaration]]


def read(path: str | Path, groups: Groups) -> Scenario:
    """Read a scenario file with everything it extends.

    Args:
        path: the file.
        groups: the groups of parameters there are; several may share a table. `Run` must be among them.

    Raises:
        ScenarioError: with all faults of the file and of the files it extends, in the order of files and lines.
    """
    path = Path(path)
    faults: list[Fault] = []
    chain = read_chain(path, faults)
    if not is_name(path.stem) or path.suffix != ".toml":
        sentence = "a scenario file is named with 1 to 64 of a-z 0-9 _ - and ends in .toml"
        faults.append(Fault(str(path), 0, "", sentence))
    return _build(chain, path.stem, groups, faults)


def parse(text: str, groups: Groups, *, name: str = "scenario") -> Scenario:
    """Read a scenario from a text, such as the `Scenario.text` stored with a result; it cannot extend another one.

    Raises:
        ScenarioError: with all faults of the text.
    """
    document = parse_document(text, name)
    faults = [] if is_name(name) else [Fault("", 0, "", f"{show(name)} {NOT_A_NAME}")]
    if "extends" in document.content:
        faults.append(document.fault(("extends",), "a text that stands in no folder cannot extend a scenario"))
    return _build([document], name, groups, faults)


def changed(
    scenario: Scenario, changes: Mapping[str, object], name: str | None, title: str | None, question: str | None
) -> Scenario:
    """What `Scenario.replace` does."""
    known = known_keys(scenario.groups)
    faults = [] if name is None or is_name(name) else [Fault("", 0, "", f"{show(name)} {NOT_A_NAME}")]
    overlay = Document("", "", _nested(changes, known, faults))
    base = Document("", "", {table: dict(values) for table, values in scenario.tables.items()})
    untouched = {type(group): group for group in scenario.parameters if group.table not in overlay.content}
    parameters = _validate([overlay, base], known, scenario.groups, faults, untouched)
    same = name in (None, scenario.name)
    return Scenario(
        name or scenario.name,
        _clean(title) if title is not None else scenario.title if same else str(name),
        _clean(question) if question is not None else scenario.question if same else "",
        parameters,
        scenario.extends if same else (scenario.name, *scenario.extends),
    )


def _nested(changes: Mapping[str, object], known: Known, faults: list[Fault]) -> dict[str, Any]:
    """Values by dotted name as nested tables."""
    tables: dict[str, Any] = {}
    for path, value in changes.items():
        *above, last = path.split(".")
        if not above or above[0] not in known:
            faults.append(Fault("", 0, path, f"unknown table{suggestion(path.split('.')[0], tuple(known))}"))
            continue
        table: Any = tables
        for part in above:
            table = table.setdefault(part, {}) if isinstance(table, dict) else None
        if not isinstance(table, dict):
            faults.append(Fault("", 0, path, "given twice, as a value and as a table"))
            continue
        table[last] = value
    return tables


def known_keys(groups: Groups) -> Known:
    """Declarations by table and key.

    Raises:
        ValueError: two groups declare the same key of the same table.
    """
    known: dict[str, dict[str, Declaration]] = {}
    for group in groups:
        table = known.setdefault(group.table, {})
        for key, declaration in declarations(group).items():
            if key in table:
                raise ValueError(f"{group.table}.{key} is declared twice")
            table[key] = declaration
    return known


def _build(chain: list[Document], name: str, groups: Groups, faults: list[Fault]) -> Scenario:
    """The scenario of a chain of documents."""
    known = known_keys(groups)
    texts = {key: _text(chain[0], key, faults) for key in TEXTS}
    for document in chain:
        faults += _top_level(document, known)
    parameters = _validate(chain, known, groups, faults)
    extends = tuple(Path(document.file).stem for document in chain[1:])
    return Scenario(name, texts["title"] or name, texts["question"], parameters, extends)


def _text(document: Document, key: str, faults: list[Fault]) -> str:
    """A text of the top level in one line, without control and direction characters."""
    text = document.content.get(key, "")
    if not isinstance(text, str):
        faults.append(document.fault((key,), f"{show(text)} is not a text"))
        return ""
    if len(text) > TEXTS[key]:
        faults.append(document.fault((key,), f"{len(text)} characters are more than {TEXTS[key]}"))
    return _clean(text)


def _clean(text: str) -> str:
    """A text in one line, without control and direction characters."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


def _top_level(document: Document, known: Known) -> Iterator[Fault]:
    """Unknown tables and keys of the top level, and tables that are none."""
    strange = 0
    for key, value in document.content.items():
        if key in TEXTS or key == "extends":
            continue
        if key in known:
            if not isinstance(value, dict):
                yield document.fault((key,), f"{show(value)} is not a table: write [{key}] on a line of its own")
            continue
        kind = "table" if isinstance(value, dict) else "key"
        names = tuple(known) if kind == "table" else (*TEXTS, "extends", *known)
        near = suggestion(key, names) if strange < 20 else ""
        strange += 1
        yield Fault(document.file, document.line((key,)), "", f"unknown {kind} '{key[:80]}'{near}")


def _validate(
    chain: list[Document],
    known: Known,
    groups: Groups,
    faults: list[Fault],
    read_before: Mapping[type[Parameters], Parameters] = MappingProxyType({}),
) -> tuple[Parameters, ...]:
    """The groups with the values of a chain of documents; those that were read before are taken as they are.

    Raises:
        ScenarioError: with the faults given and all that are found.
    """
    merged = merge(chain, known)
    whole = "extends" not in chain[-1].content
    found = list(_unknown_keys(merged, known))
    parameters = []
    for group in groups:
        if group in read_before:
            parameters.append(read_before[group])
            continue
        values = merged.tables.get(group.table, {})
        try:
            parameters.append(group.model_validate({key: values[key] for key in declarations(group) if key in values}))
        except ValidationError as error:
            found += _refusals(group, error, whole, _nearest_first(chain, merged))
    if whole and not found:
        found = list(_outside_the_run(parameters))
    faults = faults + [_located(merged, place, sentence) for place, sentence in found]
    if faults:
        order = {document.file: number for number, document in enumerate(chain)}
        raise ScenarioError(sorted(faults, key=lambda fault: (order.get(fault.file, len(chain)), fault.line)))
    return tuple(parameters)


def _outside_the_run(parameters: list[Parameters]) -> Iterator[tuple[Place, str]]:
    """Dates that the months of the run do not reach."""
    for run in parameters:
        if isinstance(run, Run):
            for group in parameters:
                for name, sentence in group.checks_of_run(run.end):
                    yield (group.table, *place_of(name)), sentence


def _located(merged: Merged, place: Place, sentence: str) -> Fault:
    """A fault in the document that set the place."""
    document = merged.origin(place)
    return Fault("", 0, dotted(place), sentence) if document is None else document.fault(place, sentence)


def located(path: Path, groups: Groups, key: str, sentence: str) -> Fault:
    """What is said of a setting of a scenario file, with the line that set it, there or in a file it extends.

    Args:
        path: the file; it was read before.
        groups: as for :func:`read`.
        key: dotted name of the setting.
        sentence: what is said.
    """
    return _located(merge(read_chain(path, []), known_keys(groups)), tuple(key.split(".")), sentence)


def _unknown_keys(merged: Merged, known: Known) -> Iterator[tuple[Place, str]]:
    """Keys that no group declares."""
    for table, values in merged.tables.items():
        strange = [key for key in values if key not in known[table]]
        for number, key in enumerate(strange):
            yield (table, key[:80]), unknown(key, tuple(known[table]), number)


def _nearest_first(chain: list[Document], merged: Merged) -> Callable[[Place], int]:
    """How far up the chain a place was set; places that no document sets come last."""
    order = {id(document): number for number, document in enumerate(chain)}
    return lambda place: order[id(merged.origins[place])] if place in merged.origins else len(chain)


def _refusals(
    group: type[Parameters], error: ValidationError, whole: bool, distance: Callable[[Place], int]
) -> Iterator[tuple[Place, str]]:
    """What pydantic found, in our words; faults between fields only where the chain of files is whole.

    A fault between several fields stands at the one that the nearest document sets: that is what the user changed.
    """
    for detail in error.errors(include_url=False, include_input=False):
        refusal = detail.get("ctx", {}).get("error")
        if not isinstance(refusal, RefusedError):  # nothing else is expected; what comes must still be told
            yield (group.table, *detail["loc"]), detail["msg"]
        elif detail["loc"] or whole:
            for (_, sentence), places in zip(refusal.faults, refusal.involved, strict=True):
                yield min(((group.table, *detail["loc"], *place) for place in places), key=distance), sentence


def locate(scenario: str, folder: str | Path = "scenarios") -> Path:
    """The file of a scenario given by path or by bare name.

    A bare name is looked for in the folder below the working directory, then in that of the project.
    """
    if not is_name(scenario):
        return Path(scenario)
    here = Path(folder) / f"{scenario}.toml"
    project = Path(__file__).parents[2] / here
    return project if project.exists() and not here.exists() else here
