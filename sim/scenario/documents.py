"""One TOML file: read within limits, parsed, with the line of every key.

A scenario file may come from a stranger. Size, length of lines and depth are therefore limited before the text is
parsed, because a parser may take very long, or run out of stack, on a small file.
"""

from __future__ import annotations

import difflib
import re
import stat
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tree_sitter
import tree_sitter_toml

from sim.parameters import Place
from sim.scenario.faults import Fault, ScenarioError

FILE_LIMIT = 256 * 1024
"""Most bytes of a file."""
LINE_LIMIT = 2_000
"""Most characters of a line."""
DEPTH_LIMIT = 8
"""Deepest nesting of brackets, and most parts of a dotted key."""

_TEXTS_AND_COMMENTS = re.compile(
    r'"""(?:[^\\]|\\.)*?"""' + r"|'''.*?'''" + r'|"(?:[^"\\\n]|\\[^\n])*"' + r"|'[^'\n]*'" + r"|#[^\n]*",
    re.DOTALL,
)


@dataclass(frozen=True)
class Document:
    """A parsed TOML text.

    Attributes:
        file: its name in messages; empty for a text without a file.
        text: the text itself.
        content: tables and values as `tomllib` returns them.
    """

    file: str
    text: str
    content: dict[str, Any]

    def line(self, place: Place) -> int:
        """The line of a key, counted from 1; where it is not written, that of the table that would hold it."""
        for length in range(len(place), 0, -1):
            if place[:length] in self._lines:
                return self._lines[place[:length]]
        return 0

    def fault(self, place: Place, sentence: str) -> Fault:
        """A fault at a place of this text."""
        return Fault(self.file, self.line(place), dotted(place), sentence)

    @cached_property
    def _lines(self) -> dict[Place, int]:
        """Line of every key, table and element of a list; made only when something is wrong."""
        parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
        lines: dict[Place, int] = {}
        counts: dict[Place, int] = {}
        for node in parser.parse(self.text.encode()).root_node.children:
            above: Place = ()
            if node.type in ("table", "table_array_element"):
                above = _key(node.named_children[0])
                _note(lines, above, node)
            if node.type == "table_array_element":
                counts[above] = counts.get(above, -1) + 1
                above = (*above, counts[above])
                _note(lines, above, node)
            for pair in [node] if node.type == "pair" else node.named_children:
                _note_pair(lines, above, pair)
        return lines


def dotted(place: Place) -> str:
    """A place as one reads it, ``promotion.budget[2].value``; positions in lists count from 1."""
    parts = (f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".")


def _note(lines: dict[Place, int], place: Place, node: tree_sitter.Node) -> None:
    """Keep the first line of a place and of the tables it implies."""
    for length in range(1, len(place) + 1):
        lines.setdefault(place[:length], node.start_point.row + 1)


def _note_pair(lines: dict[Place, int], above: Place, node: tree_sitter.Node) -> None:
    """Keep the lines of a key and of what its value holds."""
    if node.type != "pair" or len(node.named_children) < 2:
        return
    place = (*above, *_key(node.named_children[0]))
    _note(lines, place, node)
    _note_value(lines, place, node.named_children[1])


def _note_value(lines: dict[Place, int], place: Place, node: tree_sitter.Node) -> None:
    """Keep the lines of the elements of a list and of the keys of an inline table."""
    if node.type == "array":
        elements = [child for child in node.named_children if child.type != "comment"]
        for number, element in enumerate(elements):
            _note(lines, (*place, number), element)
            _note_value(lines, (*place, number), element)
    elif node.type == "inline_table":
        for pair in node.named_children:
            _note_pair(lines, place, pair)


def _key(node: tree_sitter.Node) -> Place:
    """The parts of a bare, quoted or dotted key."""
    if node.type == "dotted_key":
        return tuple(part for child in node.named_children for part in _key(child))
    text = (node.text or b"").decode()
    if node.type != "quoted_key":
        return (text,)
    return (text[1:-1],) if text[0] == "'" else tuple(tomllib.loads(f"{text} = 0"))


def read_document(path: Path) -> Document:
    """Read and parse one file.

    Raises:
        ScenarioError: with one fault: no such file, not readable, too large, not UTF-8, or as `parse_document`.
    """
    file = str(path)
    try:
        data = _read_bytes(path)
    except ValueError as error:
        raise ScenarioError([Fault(file, 0, "", str(error))]) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        sentence = f"byte {data[error.start]:#04x} is not UTF-8: save the file as UTF-8"
        raise ScenarioError([Fault(file, line, "", sentence)]) from None
    return parse_document(text, file)


def _read_bytes(path: Path) -> bytes:
    """The bytes of a regular file within the limit.

    Raises:
        ValueError: the file cannot be read; the text says why.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ValueError("this is a folder, not a scenario file")
        if not stat.S_ISREG(mode):
            raise ValueError("this is not a regular file")
        with path.open("rb") as file:
            data = file.read(FILE_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(f"there is no such file{_near_file(path)}") from None
    except OSError as error:
        raise ValueError(f"the file cannot be read: {error.strerror or error}") from None
    if len(data) > FILE_LIMIT:
        raise ValueError(f"the file is larger than {FILE_LIMIT // 1024} KiB")
    return data


def _near_file(path: Path) -> str:
    """The scenario file in the same folder whose name is near, as a suggestion."""
    try:
        stems = sorted(other.stem for other in path.parent.glob("*.toml"))
    except OSError:
        return ""
    near = difflib.get_close_matches(path.stem[:80], stems[:1000], n=1)
    return f" (did you mean '{near[0]}.toml'?)" if near else ""


def parse_document(text: str, file: str) -> Document:
    """Parse a text within the limits of line length and depth.

    Raises:
        ScenarioError: with one fault: a line too long, nesting too deep, or what is not TOML.
    """
    fault = _limits(text, file)
    if fault is None:
        try:
            return Document(file, text, tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            fault = _syntax(str(error), text, file)
        except RecursionError:
            fault = Fault(file, 0, "", f"not valid TOML: nested deeper than {DEPTH_LIMIT}")
        except ValueError as error:  # a number that Python refuses to read
            fault = Fault(file, 0, "", f"not valid TOML: {error}")
    raise ScenarioError([fault])


def _limits(text: str, file: str) -> Fault | None:
    """The first line that is too long or nested too deep."""
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LINE_LIMIT:
            return Fault(file, number, "", f"a line of {len(line)} characters is longer than {LINE_LIMIT}")
    depth = 0
    for number, line in enumerate(_without_texts(text).split("\n"), start=1):
        parts = max(piece.count(".") + 1 for piece in re.split(r"[=,\[\]{}]", line))
        for bracket in re.findall(r"[\[\]{}]", line):
            depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
            parts = max(parts, depth)
        if parts > DEPTH_LIMIT:
            return Fault(file, number, "", f"nested deeper than {DEPTH_LIMIT}")
    return None


def _without_texts(text: str) -> str:
    """The text with comments and the content of texts taken out, line breaks kept."""
    return _TEXTS_AND_COMMENTS.sub(lambda match: "\n" * match[0].count("\n"), text)


def _syntax(message: str, text: str, file: str) -> Fault:
    """A fault with the line that `tomllib` names in its message."""
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", message, re.DOTALL)
    if match is None:
        return Fault(file, 0, "", f"not valid TOML: {message}")
    words = re.sub(r"\(('[^()]*),?\)", lambda key: ".".join(re.findall(r"'([^']*)'", key[1])), match[1])
    line = int(match[2]) if match[2] else text.rstrip("\n").count("\n") + 1
    where = f"column {match[3]}" if match[3] else "end of the file"
    return Fault(file, line, "", f"not valid TOML: {words[:1].lower()}{words[1:]} ({where})")
