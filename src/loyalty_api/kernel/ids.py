"""Identifiers made by the application: UUIDv7, whose leading bits grow with time, so that indexes stay dense."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7."""
    return uuid7()


def parse_id(text: str) -> UUID | None:
    """The UUID that ``text`` writes, or None when it writes none."""
    try:
        return UUID(text)
    except ValueError:
        return None
