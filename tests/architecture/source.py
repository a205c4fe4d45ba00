"""The source as syntax trees, for tests of its shape."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "loyalty_api"


def modules(below: str = "") -> Iterator[tuple[str, Path]]:
    """(name, file) of every module of the product, below a package if one is given."""
    for path in sorted((SOURCE / below.replace(".", "/")).rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(), str(path))


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Every name that a file imports, dotted: ``from a.b import c`` is ``a.b.c`` (and ``a.b``)."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module is not None
            found.add(node.module)
            found |= {f"{node.module}.{each.name}" for each in node.names}
    return frozenset(found)


def calls_of(path: Path) -> Iterator[tuple[str, int]]:
    """(dotted name, line) of every call in a file: ``datetime.now``."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno
