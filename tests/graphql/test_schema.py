"""The committed schema is the one that phones are offered; it only grows; and every field is in the access table."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    find_breaking_changes,
)
from loyalty_api.domain.access.fields import MEMBERS_OWN
from loyalty_api.graphql.schema import SCHEMA, write_schema
from tests.architecture.source import ROOT

COMMITTED = (ROOT / "openapi" / "schema.graphql").read_bytes()


def fields() -> Iterator[tuple[str, object]]:
    """(Type.field, field) of everything that can be asked."""
    for name, kind in SCHEMA.type_map.items():
        if name.startswith("__") or not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            continue
        for field, made in kind.fields.items():
            yield f"{name}.{field}", made


def test_the_committed_schema_is_the_one_that_phones_are_offered() -> None:
    assert write_schema() == COMMITTED, "run `make schemas` and read the difference"


def test_nothing_that_phones_rely_on_was_taken_away() -> None:
    breaking = find_breaking_changes(build_schema(COMMITTED.decode()), SCHEMA)
    assert [each.description for each in breaking] == []


def test_every_field_is_in_the_access_table_and_the_table_names_no_other() -> None:
    assert {name for name, _ in fields()} == MEMBERS_OWN


def test_nothing_takes_an_id_of_a_member() -> None:
    for name, field in fields():
        for argument in field.args:  # type: ignore[attr-defined]
            assert "member" not in argument.lower(), name


def test_everything_says_what_it_is() -> None:
    for name, kind in SCHEMA.type_map.items():
        if name.startswith("__") or name in ("String", "Int", "Boolean", "ID", "Float"):
            continue
        assert kind.description, name
        if isinstance(kind, GraphQLEnumType):
            assert all(value.description for value in kind.values.values()), name
        if isinstance(kind, GraphQLInputObjectType):
            assert all(field.description for field in kind.fields.values()), name
    for name, field in fields():
        assert field.description, name  # type: ignore[attr-defined]
        assert all(each.description for each in field.args.values()), name  # type: ignore[attr-defined]
