"""From the columns of a file to the fields of a body: ``card_no=identifier:card``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

PROFILE = ("given_name", "family_name", "email", "phone", "birth_date", "language")
LEFT_OUT = "-"


class BadMapping(Exception):
    """A mapping that cannot be read, with the way out."""


def read_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """``column=field`` pairs as a mapping. Raises BadMapping."""
    mapping = {}
    for pair in pairs:
        column, equals, field = pair.rpartition("=")
        if not equals or not column or not field:
            raise BadMapping(f"--map {pair!r} must be column=field, such as card_no=identifier:card")
        mapping[column.strip()] = field.strip()
    return mapping


def member_body(values: dict[str, Any], mapping: dict[str, str]) -> dict[str, Any]:
    """A row as an enrolment: ``identifier:KIND``, ``attribute:NAME``, the fields of a profile, and fields as they are
    called in the body."""
    body: dict[str, Any] = {}
    for field, value in _mapped(values, mapping):
        head, _, rest = field.partition(":")
        if head == "identifier" and rest:
            body.setdefault("identifiers", []).append({"kind": rest, "value": _text(value)})
        elif head == "attribute" and rest:
            body.setdefault("attributes", {})[rest] = value
        elif field in PROFILE:
            body.setdefault("profile", {})[field] = value
        else:
            body[field] = value
    return body


def fact_body(values: dict[str, Any], mapping: dict[str, str]) -> dict[str, Any]:
    """A row as a purchase or an opening balance: ``identifier:KIND`` or ``member_id`` names the member, the rest are
    fields as they are called in the body."""
    body: dict[str, Any] = {}
    for field, value in _mapped(values, mapping):
        head, _, rest = field.partition(":")
        if head == "identifier":
            body["member"] = {"identifier": f"{rest}:{_text(value)}" if rest else _text(value)}
        elif field == "member_id":
            body["member"] = {"id": value}
        else:
            body[field] = value
    return body


def _mapped(values: dict[str, Any], mapping: dict[str, str]) -> list[tuple[str, Any]]:
    named = [(mapping.get(column, column), value) for column, value in values.items()]
    return [(field, value) for field, value in named if field != LEFT_OUT]


def _text(value: Any) -> Any:
    """A card that a file holds as a number is text all the same."""
    return str(value) if isinstance(value, int) else value
