"""The tree of a checked CEL expression, read from its serialized form.

The library hands out no tree, but what it serializes is the public form of the CEL specification (checked.proto,
syntax.proto). The tree shows what an expression reads and how much work it can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

GATHERED = "@result"  # how the library calls what a walk has gathered so far

# Numbers of fields in checked.proto and syntax.proto.
_CHECKED, _REFERENCES, _TREE = 2, 2, 4
_KINDS = {3: "constant", 4: "name", 5: "select", 6: "call", 7: "list", 8: "map", 9: "walk"}
_PARTS = {"select": (1,), "call": (1, 3), "list": (1,), "walk": (2, 4, 5, 6, 7)}
_NAMES = {"name": 1, "select": 2, "call": 2, "walk": 1}
_TEXT_OF_CONSTANT = 6

Fields = dict[int, list[Any]]


class Node(msgspec.Struct, frozen=True):
    """One step of an expression, and the parts it works on.

    ``name``: the name that is read, the function that is called, the field that is selected; of a walk over a list
    (``all``, ``exists``, ``exists_one``, ``filter``, ``map``) what each element is called. ``text``: of a constant.
    The first part of a walk is the list, the others are done with each element.
    """

    kind: str  # constant | name | select | call | list | map | walk
    name: str = ""
    text: str | None = None
    parts: tuple[Node, ...] = ()
    overloads: tuple[str, ...] = ()

    def below(self) -> Iterator[Node]:
        """The node and all below it."""
        yield self
        for part in self.parts:
            yield from part.below()


def read_tree(serialized: bytes) -> Node:
    """The tree of an expression that was checked."""
    checked = _fields(_fields(serialized)[_CHECKED][0])
    references = {}
    for entry in checked.get(_REFERENCES, []):
        fields = _fields(entry)
        references[fields[1][0]] = tuple(overload.decode() for overload in _fields(fields[2][0]).get(3, []))
    return _node(checked[_TREE][0], references)


def _node(data: bytes, references: dict[int, tuple[str, ...]]) -> Node:
    fields = _fields(data)
    number, kind = next((number, kind) for number, kind in _KINDS.items() if number in fields)
    inner = _fields(fields[number][0])
    if kind == "map":
        sides = [_fields(entry) for entry in inner.get(2, [])]
        parts = [part for side in sides for number in (3, 4) for part in side.get(number, [])]
    else:
        parts = [part for number in _PARTS.get(kind, ()) for part in inner.get(number, [])]
    return Node(
        kind,
        name=_text(inner, _NAMES[kind]).removeprefix(".") if kind in _NAMES else "",
        text=_text(inner, _TEXT_OF_CONSTANT) if kind == "constant" and _TEXT_OF_CONSTANT in inner else None,
        parts=tuple(_node(part, references) for part in parts),
        overloads=references.get(fields.get(2, [0])[0], ()),
    )


def _text(fields: Fields, number: int) -> str:
    return fields.get(number, [b""])[0].decode()


def _fields(data: bytes) -> Fields:
    """The fields of a protobuf message by number: whole numbers, or bytes."""
    fields: Fields = {}
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        value: int | bytes
        if wire == 0:
            value, at = _varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(wire)
            if size is None:
                size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        fields.setdefault(number, []).append(value)
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """(value, where it ends)"""
    value = shift = 0
    while data[at] & 0x80:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | data[at] << shift, at + 1
