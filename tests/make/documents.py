"""Random GraphQL documents for a schema: valid ones, and ones that are nearly so."""

from __future__ import annotations

import random
from typing import Any, NamedTuple
from uuid import UUID

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_required_argument,
)

DEPTH = 7  # of what is generated; a document may be spoiled to be deeper
STRANGE = [None, True, 0, -1, 2**31, 2**53, 10**40, 1.5, "", "x", "\u0000", "é" * 300, [], [[]], {}, {"a": {"b": []}}]


class Asked(NamedTuple):
    """A request; ``valid``: by the schema, though it may ask for too much."""

    body: dict[str, Any]
    kind: str
    valid: bool


class RandomDocuments:
    """Of one seed. ``known``: by the name of an argument or input field, values that mean something."""

    def __init__(self, schema: GraphQLSchema, seed: int, known: dict[str, list[Any]]) -> None:
        self._schema = schema
        self._random = random.Random(seed)
        self._known = known

    def draw(self, kind: str) -> Asked:
        """A request of a kind: query, mutation or subscription."""
        self._declared: dict[str, str] = {}
        self._given: dict[str, Any] = {}
        self._fragments: list[str] = []
        self._names = 0
        root = getattr(self._schema, f"{kind}_type")
        text = self._selection(root, DEPTH, fields=1 if kind == "subscription" else None)
        variables = ", ".join(f"${name}: {kind}" for name, kind in self._declared.items())
        named = self._random.choice(["", "A"]) or ("A" if variables else "")
        head = "" if kind == "query" and not named else f"{kind} {named}{f'({variables})' if variables else ''} "
        text = "\n".join([f"{head}{text}", *self._fragments])
        body: dict[str, Any] = {"query": text, "variables": self._given}
        if self._random.random() < 0.5:
            return Asked(body, kind, valid=True)
        return Asked(self._spoil(body), kind, valid=False)

    def _selection(self, kind: Any, depth: int, fields: int | None = None) -> str:
        names = list(kind.fields) if not isinstance(kind, GraphQLUnionType) else []
        leaves = [name for name in names if not is_composite_type(get_named_type(kind.fields[name].type))]
        names = leaves if depth <= 1 else names
        chosen = self._random.sample(names, min(len(names), fields or self._random.randint(1, 5)))
        live = kind is self._schema.subscription_type
        parts = [self._field(kind.fields[name], name, depth, "" if live else self._directive()) for name in chosen]
        if fields is None:
            parts += self._narrowed(kind, depth)
            if not parts or self._random.random() < 0.2:
                parts.append("__typename")
        return f"{{ {' '.join(parts)} }}"

    def _narrowed(self, kind: Any, depth: int) -> list[str]:
        """Inline and named fragments of a selection."""
        kinds = list(self._schema.get_possible_types(kind)) if is_abstract_type(kind) else [kind]
        if isinstance(kinds[0], GraphQLObjectType) and kind is self._schema.mutation_type:
            return []
        parts = []
        for each in self._random.sample(kinds, min(len(kinds), self._random.randint(0, 2))):
            if depth < 2:
                break
            inner = self._selection(each, depth - 1)
            if self._random.random() < 0.5:
                parts.append(f"... on {each.name}{self._directive()} {inner}")
            else:
                name = self._name("F")
                self._fragments.append(f"fragment {name} on {each.name} {inner}")
                parts.append(f"...{name}{self._directive()}")
        return parts

    def _field(self, field: Any, name: str, depth: int, directive: str) -> str:
        given = [
            f"{each}: {self._argument(each, argument)}"
            for each, argument in field.args.items()
            if is_required_argument(argument) or self._random.random() < 0.5
        ]
        kind = get_named_type(field.type)
        inner = self._selection(kind, depth - 1) if is_composite_type(kind) else ""
        # Two selections of one field must agree, so whatever could differ has a name of its own.
        alias = f"{self._name('a')}: " if given or inner or self._random.random() < 0.05 else ""
        written = f"({', '.join(given)})" if given else ""
        return f"{alias}{name}{written}{directive} {inner}"

    def _directive(self) -> str:
        if self._random.random() > 0.1:
            return ""
        flag = self._random.random() < 0.5
        written = self._variable("Boolean!", flag) if self._random.random() < 0.5 else str(flag).lower()
        return f" @{self._random.choice(['include', 'skip'])}(if: {written})"

    def _argument(self, name: str, argument: Any) -> str:
        value = self._value(name, argument.type)
        if self._random.random() < 0.4:
            return self._variable(str(argument.type), value)
        return _literal(value, argument.type)

    def _value(self, name: str, kind: Any) -> Any:
        if isinstance(kind, GraphQLNonNull):
            return self._value(name, kind.of_type)
        if name in self._known:
            return self._random.choice(self._known[name])
        if isinstance(kind, GraphQLList):
            return [self._value(name, kind.of_type) for _ in range(self._random.randint(0, 3))]
        if isinstance(kind, GraphQLInputObjectType):
            return {
                each: self._value(each, field.type)
                for each, field in kind.fields.items()
                if isinstance(field.type, GraphQLNonNull) or self._random.random() < 0.5
            }
        if isinstance(kind, GraphQLEnumType):
            return self._random.choice(list(kind.values))
        return {
            "UUID": lambda: str(UUID(int=self._random.getrandbits(128), version=4)),
            "Boolean": lambda: self._random.random() < 0.5,
            "Int": lambda: self._random.randint(1, 100),
            "Points": lambda: self._random.randint(0, 10_000),
        }.get(kind.name, lambda: self._random.choice(["a", "Zoë", "de", "x" * 50]))()

    def _variable(self, kind: str, value: Any) -> str:
        name = self._name("v")
        self._declared[name] = kind
        self._given[name] = value
        return f"${name}"

    def _name(self, stem: str) -> str:
        self._names += 1
        return f"{stem}{self._names}"

    def _spoil(self, body: dict[str, Any]) -> dict[str, Any]:
        """The request with one or two things wrong, or strange."""
        for _ in range(self._random.randint(1, 2)):
            body = self._random.choice([self._strange_variable, self._cut, self._mangle, self._wrap, self._other])(body)
        return body

    def _strange_variable(self, body: dict[str, Any]) -> dict[str, Any]:
        given = dict(body.get("variables") or {})
        name = self._random.choice([*given, "unknown"])
        if self._random.random() < 0.2:
            given.pop(name, None)
        else:
            given[name] = self._random.choice(STRANGE)
        return body | {"variables": given}

    def _cut(self, body: dict[str, Any]) -> dict[str, Any]:
        text = body["query"]
        start = self._random.randrange(len(text) + 1)
        return body | {"query": text[:start] + text[start + self._random.randint(1, 8) :]}

    def _mangle(self, body: dict[str, Any]) -> dict[str, Any]:
        """Words put in the place of others."""
        words = body["query"].split(" ")
        strange = [
            "{",
            "}",
            "(",
            ")",
            "$v1",
            "...F1",
            "...",
            "@skip",
            "first: 0",
            "null",
            '"',
            "\u0000",
            "viewer",
            "a: b",
        ]
        strange += [
            "fragment F1 on Viewer { ...F1 }",
            "... on Purchase { id }",
            "__schema { types { name } }",
            "é",
            "#",
        ]
        words[self._random.randrange(len(words))] = self._random.choice(strange)
        return body | {"query": " ".join(words)}

    def _wrap(self, body: dict[str, Any]) -> dict[str, Any]:
        """Deeper, or wider, than anybody may ask."""
        times = self._random.choice([2, 20, 60, 200])
        if self._random.random() < 0.5:
            return body | {"query": "{ __schema { types { " + "ofType { " * times + "name" + " }" * times + " } } }"}
        many = " ".join(f"a{number}: viewer {{ number }}" for number in range(times))
        return body | {"query": f"{body['query']} query More {{ {many} }}", "operationName": "More"}

    def _other(self, body: dict[str, Any]) -> dict[str, Any]:
        changes: list[dict[str, Any]] = [
            {"operationName": "Nobody"},
            {"query": body["query"] + " " + body["query"]},
            {"extensions": {"persistedQuery": {"sha256Hash": "0" * 64}}},
            {"variables": None},
            {"query": body["query"].replace("{", "{" + self._random.choice(["{", "...", "b: c ", "viewer "]), 1)},
        ]
        return body | self._random.choice(changes)


def _literal(value: Any, kind: Any) -> str:
    """A value as a document writes it."""
    if isinstance(kind, GraphQLNonNull):
        return _literal(value, kind.of_type)
    if value is None:
        return "null"
    if isinstance(kind, GraphQLList):
        return "[" + ", ".join(_literal(each, kind.of_type) for each in value) + "]"
    if isinstance(kind, GraphQLInputObjectType):
        written = (f"{name}: {_literal(each, kind.fields[name].type)}" for name, each in value.items())
        return "{" + ", ".join(written) + "}"
    if isinstance(kind, GraphQLEnumType):
        return value
    return _quoted(value) if isinstance(value, str) else str(value).lower()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
