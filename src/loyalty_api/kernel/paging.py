"""Keyset paging: a page is what follows a key, never an offset, so that it costs the same at any depth.

The cursor is the last key in base64: opaque to callers, and refused when it was not made here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from loyalty_api.kernel.refusals import FieldError, InvalidRequest

Key = TypeVar("Key")

PAGE_DEFAULT = 50
PAGE_MAX = 200


class Page(msgspec.Struct, frozen=True):
    """One page asked for: how many, and after which key (None: from the start); ``said_as``: what callers call that."""

    limit: int
    after: str | None
    said_as: str = "cursor"


def read_page(limit: str | None, cursor: str | None) -> Page:
    """The page that two query parameters ask for. Refuses (InvalidRequest) other limits and foreign cursors."""
    errors = []
    size = PAGE_DEFAULT
    if limit is not None:
        if limit.isascii() and limit.isdigit() and len(limit) < 10 and 1 <= int(limit) <= PAGE_MAX:
            size = int(limit)
        else:
            errors.append(FieldError("limit", f"must be a whole number from 1 to {PAGE_MAX}"))
    after = None
    if cursor is not None:
        try:
            after = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True).decode("ascii")
        except (binascii.Error, UnicodeError):
            errors.append(FieldError("cursor", "is not a cursor that this service gave out"))
    if errors:
        raise InvalidRequest.of(*errors)
    return Page(limit=size, after=after)


def page_key(page: Page, read: Callable[[str], Key]) -> Key | None:
    """The key behind the page's cursor, read by ``read``, which may raise ValueError."""
    if page.after is None:
        return None
    try:
        return read(page.after)
    except ValueError:
        raise InvalidRequest.of(FieldError(page.said_as, "is not a cursor that this service gave out")) from None


def page_answer(rows: Sequence[Any], page: Page, key: Callable[[Any], object], items: list[Any]) -> dict[str, Any]:
    """``{"items", "next_cursor"}``; ``rows`` is one more than the page when there is a next one."""
    following = None
    if len(rows) > page.limit:
        text = str(key(rows[page.limit - 1]))
        following = base64.b64encode(text.encode("ascii"), altchars=b"-_").decode("ascii")
    return {"items": items[: page.limit], "next_cursor": following}
