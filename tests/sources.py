"""What files of Python say, read once for all tests that look at source: packages they import and texts they hold."""

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Source(NamedTuple):
    """What a file of Python says.

    Attributes:
        imports: top names of all packages it imports, wherever in the file.
        texts: line and value of every text constant, docstrings and explanations apart.
    """

    imports: frozenset[str]
    texts: tuple[tuple[int, str], ...]


@cache
def source(path: Path) -> Source:
    """Read a file; a test must not change one after it was read."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    spoken = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    texts = [
        (node.lineno, node.value)
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken
    ]
    return Source(frozenset(name.split(".")[0] for name in names), tuple(texts))
