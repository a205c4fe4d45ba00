"""Who may import whom: the contracts of import-linter, and what they cannot say."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, imports_of, modules, tree

RANKS = {
    "programs": 0,
    "access": 0,
    "claims": 0,
    "operations": 0,
    "members": 1,
    "points": 1,
    "tiers": 2,
    "earning": 5,
    "rewards": 6,
    "purchases": 7,
    "engagement": 7,
    "openings": 7,
    "adjustments": 7,
    "lifecycle": 9,
    "feed": 10,
    "notices": 10,
    "webhooks": 11,
}


def test_the_contracts_of_import_linter_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_noun_has_a_rank() -> None:
    nouns = {path.parent.name for path in (ROOT / "src/loyalty_api/domain").glob("*/__init__.py")}
    assert nouns == set(RANKS)


@pytest.mark.parametrize("noun", sorted(RANKS))
def test_a_noun_imports_lower_ranks_only(noun: str) -> None:
    for module, path in modules(f"domain.{noun}"):
        for imported in imports_of(path):
            parts = imported.split(".")
            if parts[:2] == ["loyalty_api", "domain"] and len(parts) > 2 and parts[2] != noun:
                assert RANKS[parts[2]] < RANKS[noun], f"{module} imports {imported}"


def test_inside_a_noun_and_between_all_files_there_is_no_cycle() -> None:
    graph = {name: {each for each in imports_of(path) if each != name} for name, path in modules()}
    names = set(graph)
    edges = {name: {_module(each, names) for each in found} - {None, name} for name, found in graph.items()}
    left = dict(edges)
    while left:
        free = [name for name, found in left.items() if not found & left.keys()]
        assert free, f"these import each other: {sorted(left)}"
        for name in free:
            del left[name]


@pytest.mark.parametrize("library", ["litestar", "uvicorn"])
def test_only_the_doors_and_what_starts_them_know_the_web_framework(library: str) -> None:
    for module, path in modules():
        if not module.startswith(("loyalty_api.rest", "loyalty_api.app", "loyalty_api.cli")):
            assert not _uses(path, library), module


@pytest.mark.parametrize("name", ["rules.py", "events.py", "dates.py", "words.py", "phrases.py"])
def test_pure_files_know_no_database(name: str) -> None:
    found = [(module, path) for module, path in modules() if path.name == name]
    assert found
    for module, path in found:
        for library in ("sqlalchemy", "asyncpg", "alembic"):
            assert not _uses(path, library), module
        assert "loyalty_api.kernel.database" not in imports_of(path), module


def test_the_tables_of_the_ledger_are_read_and_written_by_points_alone() -> None:
    for module, path in modules():
        if not module.startswith("loyalty_api.domain.points.") and module != "loyalty_api.tables":
            found = [each for each in imports_of(path) if each.startswith("loyalty_api.domain.points.model")]
            assert not found, module


def test_a_noun_never_imports_another_nouns_tables() -> None:
    for module, path in modules("domain"):
        noun = module.split(".")[2] if module.count(".") > 2 else ""
        for imported in imports_of(path):
            parts = imported.split(".")
            if parts[:2] == ["loyalty_api", "domain"] and len(parts) > 3 and parts[3] == "model":
                assert parts[2] == noun, f"{module} imports {imported}"


def test_what_proves_the_ledger_imports_nothing_that_writes() -> None:
    names = set(dict(modules()))
    graph = {name: {_module(each, names) for each in imports_of(path)} for name, path in modules()}
    reached, waiting = set(), ["loyalty_api.domain.lifecycle.verify"]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [each for each in graph[name] if each is not None]
    assert {"loyalty_api.domain.earning.rules", "loyalty_api.domain.purchases.again"} <= reached
    for name, path in modules():
        if name in reached and name != "loyalty_api.kernel.together":  # it has words for writing, but no table
            texts = [node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant)]
            writes = re.compile(r"\b(INSERT INTO|UPDATE \w+ |DELETE FROM|FOR UPDATE)")
            assert not [text for text in texts if isinstance(text, str) and writes.search(text)], name
            assert name == "loyalty_api.kernel.database" or "change_together" not in path.read_text(), name


def test_no_import_hides_inside_a_function_but_where_start_up_would_pay_for_it() -> None:
    """In the command line and the migrations it keeps the start fast; elsewhere it would hide a cycle."""
    for module, path in modules():
        if module.startswith("loyalty_api.cli") or module == "loyalty_api.kernel.migrate":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = [each for each in ast.walk(node) if isinstance(each, ast.Import | ast.ImportFrom)]
                assert not inner, f"{module}.{node.name}"


def _module(imported: str, names: set[str]) -> str | None:
    """The file behind an imported name: itself, or the module it is an attribute of."""
    if imported in names:
        return imported
    parent = imported.rpartition(".")[0]
    return parent if parent in names and parent.count(".") > 0 else None


def _uses(path: Path, library: str) -> bool:
    return any(each.split(".")[0] == library for each in imports_of(path))
