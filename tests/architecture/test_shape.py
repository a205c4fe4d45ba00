"""The shape of the source: one commit place, one clock, one source of ids, small files that say what they are for."""

from __future__ import annotations

import ast
import re

import pytest

from loyalty_api.kernel.refusals import Kind, Refusal
from loyalty_api.rest import router  # noqa: F401  (every refusal is defined once the doors are imported)
from loyalty_api.rest.problems import STATUS
from tests.architecture.source import ROOT, SOURCE, calls_of, imports_of, modules, tree

LINES_MAX = 300
FUNCTION_LINES_MAX = 60
NESTING_MAX = 4
PILES = {"service", "services", "utils", "util", "helpers", "common", "base", "manager", "misc", "core", "lib"}


def places(pattern: str, *, outside: tuple[str, ...]) -> list[str]:
    """``file:line`` of every call whose dotted name matches, outside of some files."""
    return [
        f"{path.relative_to(SOURCE)}:{line} {name}"
        for _, path in modules()
        if str(path.relative_to(SOURCE)) not in outside
        for name, line in calls_of(path)
        if re.search(pattern, name)
    ]


def test_only_the_kernels_database_opens_transactions_and_commits() -> None:
    """Alembic, in kernel/migrate.py, is the stated exception."""
    allowed = ("kernel/database.py", "kernel/migrate.py")
    assert places(r"\.(commit|rollback|transaction|begin|begin_nested|savepoint)$", outside=allowed) == []


def test_local_days_are_told_by_the_products_calendar_and_not_by_the_databases() -> None:
    """Their rules of summer time may be of different years."""
    asking = {module for module, path in modules() if "AT TIME ZONE" in path.read_text().upper()}
    assert asking == set()


def test_no_statement_commits_by_itself() -> None:
    for _, path in modules():
        if path.name not in ("database.py", "migrate.py"):
            found = re.findall(r"[\"'](?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT)\b", path.read_text())
            assert not found, path


def test_only_the_clock_asks_the_machine_for_the_time() -> None:
    asked = r"(\.(now|utcnow|today|fromtimestamp)|^time\.(?!sleep)\w+|^(perf_counter|localtime|gmtime)(_ns)?)$"
    assert places(asked, outside=("kernel/clock.py",)) == []
    for module, path in modules():
        if module != "loyalty_api.kernel.clock":
            assert not {each for each in imports_of(path) if each.startswith("time.")}, module


def test_only_the_kernels_ids_makes_identifiers() -> None:
    assert places(r"(^|\.)uuid[1-8]$", outside=("kernel/ids.py",)) == []


def test_only_settings_reads_the_environment() -> None:
    """A command that starts another process hands it on as a whole, which reads nothing."""
    for module, path in modules():
        if module != "loyalty_api.settings":
            text = ast.unparse(tree(path)).replace("{**os.environ", "")
            assert not re.search(r"os\.(environ|getenv)|from os import.*(environ|getenv)", text), module


def test_no_database_function_makes_a_time_or_an_id() -> None:
    """They would answer by another clock than ours, and differ between the nodes of a distributed database."""
    for module, path in modules():
        found = re.findall(r"(?i)\b(now\(\)|current_timestamp|clock_timestamp|gen_random_uuid|nextval)", _sql(path))
        assert not found, module


def test_no_sql_of_engines_that_stand_alone() -> None:
    """What a distributed PostgreSQL lacks; migrations take turns by an advisory lock, which proves nothing."""
    for module, path in modules():
        if module == "loyalty_api.kernel.migrate":
            continue
        found = re.findall(r"(?i)\b(SKIP LOCKED|MERGE INTO|pg_advisory\w+|LISTEN|NOTIFY|CREATE TRIGGER)\b", _sql(path))
        assert not found, module


def test_no_file_is_a_pile() -> None:
    for module, path in modules():
        assert not PILES & {path.stem, path.parent.name}, module


def test_files_and_functions_are_short() -> None:
    for module, path in modules():
        lines = len(path.read_text().splitlines())
        assert lines <= LINES_MAX, f"{module} has {lines} lines"
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                assert length <= FUNCTION_LINES_MAX, f"{module}.{node.name} has {length} lines"


def test_test_files_are_short_too() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 400, path


def test_every_module_class_and_public_function_says_what_it_is_for() -> None:
    silent = []
    for module, path in modules():
        if not ast.get_docstring(tree(path)):
            silent.append(module)
        silent += [f"{module}.{name}" for name, node in _public(tree(path)) if not ast.get_docstring(node)]
    assert silent == []


def test_every_package_of_the_domain_says_its_rank_and_its_tables() -> None:
    for path in (SOURCE / "domain").glob("*/__init__.py"):
        text = ast.get_docstring(tree(path)) or ""
        assert re.search(r"Rank \d+\.", text), path
        assert re.search(r"Owns ", text), path


def test_no_name_of_another_product_stands_for_ours() -> None:
    """One word per thing: these are the words that product.md does not use."""
    unwanted = r"\b(customers?|credits?|perks?|promotions?|tenants?|prizes?)\b"
    for module, path in modules("domain"):
        names = {node.id for node in ast.walk(tree(path)) if isinstance(node, ast.Name)}
        names |= {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
        names |= {node.arg for node in ast.walk(tree(path)) if isinstance(node, ast.arg)}
        assert not [name for name in names if re.search(unwanted, name.replace("_", " "))], module


def _refusals() -> list[type[Refusal]]:
    found, waiting = [], [Refusal]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            found.append(kind)
            waiting.append(kind)
    return found


def test_every_refusal_has_a_code_of_its_own() -> None:
    """InvalidRequest speaks for wrong fields in general, with the code of its base."""
    codes = [kind.code for kind in _refusals()]
    assert sorted(codes) == sorted(set(codes))
    for code in codes:
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", code)


def test_every_refusal_has_a_status_a_title_and_a_sentence() -> None:
    assert set(STATUS) == set(Kind)
    for kind in _refusals():
        assert 400 <= STATUS[kind.kind] < 600
        assert kind.title, kind
        assert kind.__doc__, kind


@pytest.mark.parametrize("unfinished", [r"\b(TODO|FIXME|XXX)\b", r"\b(breakpoint|set_trace)\("])
def test_nothing_unfinished_is_left(unfinished: str) -> None:
    for module, path in modules():
        assert not re.search(unfinished, path.read_text()), module


def _public(node: ast.AST, prefix: str = "") -> list[tuple[str, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]]:
    found: list = []
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not each.name.startswith("_"):
            if _is_stub(each):
                continue
            found.append((prefix + each.name, each))
            if isinstance(each, ast.ClassDef):
                found += _public(each, f"{each.name}.")
    return found


def _is_stub(node: ast.AST) -> bool:
    """A line of a protocol: its name says it all."""
    body = getattr(node, "body", [])
    return (
        len(body) == 1
        and isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and (body[0].value.value is ...)
    )


def _sql(path: object) -> str:
    """Every text of a file that is written in capitals like SQL."""
    texts = [node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant)]  # type: ignore[arg-type]
    return "\n".join(each for each in texts if isinstance(each, str) and re.search(r"\b(SELECT|INSERT|UPDATE)\b", each))
